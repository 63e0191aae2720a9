"""What an agent can say to look like another, to be judged by what is not shown, or to leave no trace."""
import os
import signal

from daemon import Console, Held, check, run, verdict, wait_for, with_daemon

SAFE = """
[rule safe]
tool = Write
path = /srv/safe/*
verdict = allow
reason = its own folder
"""


def contiguous(events):
    seqs = [e["seq"] for e in events if not e.get("snapshot")]
    return seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def one_id_twice(daemon):
    """The second call of an id that is open is refused; the first is the one that is shown and decided."""
    console = Console(daemon)
    first = Held(daemon, call="toolu_same", command="touch harmless")
    request = console.request_for("toolu_same")
    second = Held(daemon, call="toolu_same", command="rm -rf /srv")
    check(verdict(second.answer()) == "deny", "a second call of an open id was taken")
    check(not first.answered(), "the first was answered with the second")
    console.approve(request, wait="accepted")
    answer = first.answer()
    check(answer["hookSpecificOutput"]["updatedInput"] == {"command": "touch harmless"}, str(answer))
    running = Held(daemon, call="toolu_same", command="touch again")
    check(verdict(running.answer()) == "deny", "an id that runs was taken again")
    daemon.hook("PostToolUse", tool_name="Bash", tool_use_id="toolu_same", tool_input={"command": "touch harmless"},
                tool_response={})
    check(not daemon.events("signal.raised"), "the report of the first was taken for a call without a decision")
    later = Held(daemon, call="toolu_same", command="touch later")
    console.until("asked", lambda f: f["kind"] == "event" and "touch later" in f["event"]["data"].get("action", ""))
    later.hang_up()


def another_input_ran(daemon):
    """A hook of somebody else rewrote the call after it was approved: its end says so, once, for success and failure."""
    console = Console(daemon)
    for event, session in (("PostToolUse", "s1"), ("PostToolUseFailure", "s2")):
        held = Held(daemon, session, call="toolu_x", command="touch approved")
        request = console.event("approval.requested", gen_ai__agent__id="claude:" + session)["data"]
        console.approve(request, wait="accepted")
        held.answer()
        daemon.hook(event, session, tool_name="Bash", tool_use_id="toolu_x", tool_input={"command": "touch rewritten"})
        raised = [e["data"] for e in daemon.events("signal.raised") if e["data"]["gen_ai.agent.id"] == "claude:" + session]
        check([(r["signal.severity"], r["signal.title"]) for r in raised] ==
              [("emergency", "a call ran with another input than the one that was let through")], raised)


def one_id_in_two_sessions(daemon):
    console = Console(daemon)
    mine, other = (Held(daemon, s, call="toolu_same", command="touch " + s) for s in ("s1", "s2"))
    requests = {s: console.event("approval.requested", gen_ai__agent__id="claude:" + s)["data"] for s in ("s1", "s2")}
    check(requests["s1"]["approval.id"] != requests["s2"]["approval.id"], "one request for two calls")
    crossed = console.command("approve", approval=requests["s1"]["approval.id"], scope="once",
                              digest=requests["s2"]["action.digest"])
    check(crossed["state"] == "refused", f"the digest of another call: {crossed}")
    console.approve(requests["s1"], wait="accepted")
    check(mine.answer()["hookSpecificOutput"]["updatedInput"] == {"command": "touch s1"}, "")
    check(not other.answered(0.2), "the approval of one call let another run")


def nobody_is_anothers_helper(daemon):
    """`claude:a/b` is the helper b of a: a session may not call itself so."""
    Held(daemon, "a", tool="Read", extra={"agent_id": "b", "agent_type": "helper"}, file_path="/x").answer()
    check(verdict(Held(daemon, "a/b", tool="Read", file_path="/x").answer()) == "deny", "taken for the helper")
    check(verdict(Held(daemon, "a", tool="Read", extra={"agent_id": "b/c"}, file_path="/x").answer()) == "deny", "b/c")


@with_daemon(policy=SAFE)
def judged_where_it_was_asked(daemon):
    """A relative path is judged against the folder that is shown, wherever the agent says it is later."""
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="x")
    waits = Held(daemon, tool="Write", extra={"cwd": "/srv/other"}, file_path="notes", content="x")
    request = console.request_for(waits.id)
    check("/srv/other" in request["action"], request["action"])
    status, _ = daemon.post("/hook/claude", {"hook_event_name": "UserPromptSubmit", "session_id": "s1", "cwd": "/srv/safe"})
    check(status == 200, "")
    daemon.reload()
    console.event("policy.loaded")
    check(not waits.answered(0.3), "a call was allowed by a folder that it was not shown with")
    check(verdict(Held(daemon, tool="Write", extra={"cwd": "/srv/safe"}, file_path="notes", content="x").answer()) == "allow",
          "the rule itself")


def what_cannot_be_recorded_does_not_run(daemon):
    console = Console(daemon)
    huge = b'{"hook_event_name":"PreToolUse","session_id":"s1","cwd":"/srv","tool_use_id":"t%d","tool_name":"%s","tool_input":{}}'
    for i, tool in enumerate((b"\xff" * 1500000, b"R" * 3000000, b"\\u0001" * 500000)):
        _, body = daemon.post("/hook/claude", huge % (i, tool))
        check(b'"deny"' in body, f"{tool[:10]!r} was answered {body[:200]!r}")
    for call in ("", "x" * 201, "a b", "\u0001"):
        _, body = daemon.post("/hook/claude", {"hook_event_name": "PreToolUse", "session_id": "s1", "cwd": "/srv",
                                               "tool_name": "Read", "tool_use_id": call, "tool_input": {"file_path": "/x"}})
        check(b'"deny"' in body, f"a call of id {call!r} was answered {body!r}")
    read = Held(daemon, tool="Read", file_path="/x")
    check(verdict(read.answer()) == "allow", "")
    daemon.hook("PostToolUse", tool_name="Read", tool_use_id=read.id, tool_input={}, tool_response={}, duration_ms=2**62)
    ended = console.event("action.finished", gen_ai__tool__call__id=read.id)
    check("action.duration_ms" not in ended["data"], str(ended))
    record = {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in
                             [("event.name", "api_request"), ("session.id", "s1"), ("cost_usd_micros", str(2**63 - 1)),
                              ("input_tokens", str(2**62)), ("output_tokens", "5")]]}
    daemon.post("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    spent = console.event("spend.recorded")
    check(spent["data"].get("gen_ai.usage.output_tokens") == 5 and "cost.microusd" not in spent["data"], str(spent))
    check(contiguous(console.events), "a hole in the numbers")
    again = Console(daemon, resume_after=console.events[0]["seq"], instance=console.greeting["server"]["instance"])
    check(again.greeting["resumed"] and contiguous(again.events), "a hole in what is resumed")


def gone_at_the_same_time(daemon):
    """The approval and the end of the caller in one turn: the call is not left running, and the command has an end."""
    console = Console(daemon)
    for i in range(12):
        h = Held(daemon, f"s{i}")
        request = console.request_for(h.id)
        daemon.process.send_signal(signal.SIGSTOP)
        steps = [h.hang_up, lambda: console.command("approve", wait=False, approval=request["approval.id"],
                                                    digest=request["action.digest"], id=f"one-{i}")]
        for step in steps if i % 2 else reversed(steps):
            step()
        daemon.process.send_signal(signal.SIGCONT)
        end = console.until("an end", lambda f: f["kind"] == "result" and f["command"] == f"one-{i}"
                            and f["state"] not in ("accepted", "sent"))
        check(end["state"] in ("superseded", "failed"), f"{end}")
        console.event("action.finished", gen_ai__tool__call__id=h.id)
    agents = daemon.status()["agents"]
    check(all(a["agent.state"] == "running" and not a["approvals.pending"] for a in agents), str(agents[0]))
    for i in range(12):
        sent = console.command("pause", agent=f"claude:s{i}", wait="accepted")
        waits = Held(daemon, f"s{i}", tool="Read", file_path="/x")
        console.until("a pause that nothing running delays", lambda f: f["kind"] == "result"
                      and f["command"] == sent["command"] and f["state"] == "confirmed")
        waits.hang_up()


def compaction_is_no_new_session(daemon):
    daemon.hook("UserPromptSubmit", prompt="x")
    daemon.hook("SessionStart", source="compact")
    check(daemon.status()["agents"][0]["agent.state"] == "running", "a compaction made the agent idle")


def token_that_breaks_out(daemon):
    """A token goes into headers and settings as it is: one with quotes is refused at the start."""
    path = os.path.join(daemon.dir, "other.token")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, b'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","x":"')
    os.close(fd)
    done = daemon.run("serve", "--socket", daemon.socket + "3", "--token-file", path, "--journal", daemon.record + "3",
                      "--hook-port", "0")
    check(done.returncode == 1 and "token" in done.stderr, f"{done}")


if __name__ == "__main__":
    run([one_id_twice, another_input_ran, one_id_in_two_sessions, nobody_is_anothers_helper, judged_where_it_was_asked,
         what_cannot_be_recorded_does_not_run, gone_at_the_same_time, compaction_is_no_new_session, token_that_breaks_out])
