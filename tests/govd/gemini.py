"""Gemini CLI's hooks: no ids of calls, subagents under their parent's session, answers of another shape."""
import json
import threading
import time

from daemon import Console, check, run, wait_for, with_daemon

DENY_OR_ALLOW = ("deny", "allow")
ALL = """
[rule all]
tool = *
verdict = allow
"""
NEVER = "a call ended that this gate never let through"
OTHER = "a call ran with another input than the one that was let through"


def body(event, session="g1", **fields):
    return {"hook_event_name": event, "session_id": session, "cwd": "/srv/" + session, "transcript_path": "",
            "timestamp": "2026-11-20T10:00:00.000Z", **fields}


def tell(daemon, event, session="g1", **fields):
    status, got = daemon.post("/hook/gemini", body(event, session, **fields))
    check(status == 200, f"{event}: HTTP {status} {got!r}")
    return json.loads(got)


def ran(daemon, tool, tool_input, text="Output: (empty)", session="g1", **response):
    return tell(daemon, "AfterTool", session, tool_name=tool, tool_input=tool_input,
                tool_response={"llmContent": text, "returnDisplay": "", **response})


class Call:
    """One BeforeTool that waits for its answer."""

    def __init__(self, daemon, command="touch x", session="g1", tool="run_shell_command", **more):
        self.tool, self.input = tool, {"command": command, "description": "d", **more}
        self.got = None
        self.thread = threading.Thread(target=self._ask, args=(daemon, session), daemon=True)
        self.thread.start()

    def _ask(self, daemon, session):
        self.got = tell(daemon, "BeforeTool", session, tool_name=self.tool, tool_input=self.input)

    def answered(self, wait=0.0):
        self.thread.join(wait)
        return self.got is not None

    def answer(self):
        self.thread.join(20)
        check(self.got is not None, f"no answer for {self.input}")
        check(self.got["decision"] in DENY_OR_ALLOW, f"no verdict: {self.got}")
        return self.got

    def ended(self, daemon, **more):
        return ran(daemon, self.tool, self.input, **more)


def asked(console, command):
    frame = console.until(command, lambda f: f["kind"] == "event" and f["event"]["type"].endswith("approval.requested")
                          and json.loads(f["event"]["data"]["action"])["input"]["command"] == command)
    return frame["event"]["data"]


def signals(daemon):
    return [e["data"]["signal.title"] for e in daemon.events("signal.raised")]


def finished(daemon):
    return [e["data"] for e in daemon.events("action.finished")]


def held_and_decided(daemon):
    console = Console(daemon)
    call = Call(daemon, "touch yes")
    request = asked(console, "touch yes")
    check(request["gen_ai.agent.id"] == "gemini:g1", str(request))
    check(json.loads(request["action"]) == {"tool": "run_shell_command", "input": call.input, "cwd": "/srv/g1"}, "")
    check(not call.answered(0.2), "answered before it was decided")
    done = console.approve(request, wait="accepted")
    answer = call.answer()
    check(answer["decision"] == "allow" and "hookSpecificOutput" not in answer, str(answer))
    call.ended(daemon)
    console.until("confirmed", lambda f: f["kind"] == "result" and f["command"] == done["command"]
                  and f["state"] == "confirmed")
    refused = Call(daemon, "touch no")
    console.command("deny", approval=asked(console, "touch no")["approval.id"], reason="not this one")
    answer = refused.answer()
    check(answer["decision"] == "deny" and answer["reason"] == "not this one" and "continue" not in answer, str(answer))
    [one, other] = finished(daemon)
    check((one["action.outcome"], other["action.outcome"]) == ("succeeded", "denied"), "")
    check(one["action.digest"] == request["action.digest"], "the digest of what ran")
    check(not signals(daemon), f"an alarm: {signals(daemon)}")
    [agent] = daemon.status()["agents"]
    check((agent["agent.runtime"], agent["gen_ai.agent.name"]) == ("gemini-cli", "g1"), str(agent))


@with_daemon(policy=ALL)
def the_same_call_several_times(daemon):
    """Each report ends one call, the oldest first; a report too many is an alarm."""
    calls = [Call(daemon, "echo same") for _ in range(3)]
    check(all(c.answer()["decision"] == "allow" for c in calls), "")
    ids = [e["data"]["gen_ai.tool.call.id"] for e in daemon.events("action.started")]
    check(len(set(ids)) == 3, f"{ids}")
    for call in calls:
        call.ended(daemon)
    check([e["gen_ai.tool.call.id"] for e in finished(daemon)] == sorted(ids), "not the oldest first")
    check(not signals(daemon), f"{signals(daemon)}")
    calls[0].ended(daemon)
    check(signals(daemon) == [NEVER], f"{signals(daemon)}")


@with_daemon(policy=ALL)
def what_ran_was_changed(daemon):
    """Another hook may change a call after ours has let it run."""
    call = Call(daemon, "echo shown")
    call.answer()
    ran(daemon, "run_shell_command", {"command": "echo other", "description": "d"})
    check(signals(daemon) == [OTHER], f"{signals(daemon)}")
    [end] = finished(daemon)
    [start] = [e["data"] for e in daemon.events("action.started")]
    check(end["gen_ai.tool.call.id"] == start["gen_ai.tool.call.id"], "the call is still open")
    check(end["action.digest"] != start["action.digest"], "the digest is that of what was shown")
    Call(daemon, "echo shown").answer()
    ran(daemon, "write_file", {"file_path": "/x", "content": ""})
    check(signals(daemon) == [OTHER, NEVER], f"a call of another tool: {signals(daemon)}")


@with_daemon(policy=ALL)
def over_a_restart(daemon):
    """What was let through before is known after, as often as it was."""
    for _ in range(2):
        Call(daemon, "echo long").answer()
    daemon.kill()
    daemon.start()
    call = {"command": "echo long", "description": "d"}
    for _ in range(2):
        ran(daemon, "run_shell_command", call)
    check(not signals(daemon), f"{signals(daemon)}")
    ran(daemon, "run_shell_command", call)
    check(signals(daemon) == [NEVER], f"{signals(daemon)}")


@with_daemon(policy=ALL)
def outcomes(daemon):
    """A command that fails is a success to the runtime: its text says it."""
    texts = {
        "Output: (empty)\nExit Code: 3\nProcess Group PGID: 9": "failed",
        "Output: hi\nProcess Group PGID: 9": "succeeded",
        "Output: Exit Code: 3\nProcess Group PGID: 9": "succeeded",
        "Output: x\nExit Code: 0": "succeeded",
        "Output: x\nExit Code: \u00e9": "succeeded",
    }
    for text in texts:
        call = Call(daemon)
        call.answer()
        call.ended(daemon, text=text)
    file = Call(daemon, tool="read_file", file_path="/x")
    file.answer()
    file.ended(daemon, text="a file\nExit Code: 3")
    broken = Call(daemon)
    broken.answer()
    broken.ended(daemon, error={"type": "x", "message": "it broke"})
    got = [(e["action.outcome"], e.get("error.message")) for e in finished(daemon)]
    check([o for o, _ in got] == [*texts.values(), "succeeded", "failed"], f"{got}")
    check(got[0][1] == "exit code 3" and got[-1][1] == "it broke", f"{got}")


def given_up_at_its_own_screen(daemon):
    """Its hook waits on when the person there gives the call up: the next prompt says so."""
    console = Console(daemon)
    for event, session in (("BeforeAgent", "g1"), ("AfterAgent", "g2"), ("SessionEnd", "g3")):
        call = Call(daemon, "touch " + session, session)
        request = asked(console, "touch " + session)
        tell(daemon, event, session, prompt="something else")
        check(call.answer()["decision"] == "deny", "")
        resolved = console.event("approval.resolved", approval__id=request["approval.id"])["data"]
        check(resolved["approval.decision"] == "withdrawn", f"{resolved}")
        check(console.approve(request)["state"] == "superseded", "it was approved afterwards")


def stopped(daemon):
    console = Console(daemon)
    tell(daemon, "BeforeAgent", prompt="go")
    call = Call(daemon)
    asked(console, "touch x")
    console.command("stop", agent="gemini:g1")
    answer = call.answer()
    check(answer["decision"] == "deny" and answer["continue"] is False and answer["stopReason"], f"{answer}")
    check(tell(daemon, "BeforeAgent", prompt="again")["decision"] == "deny", "its prompt was taken")
    check(Call(daemon, tool="read_file", file_path="/x").answer()["decision"] == "deny", "a reading call")
    check(tell(daemon, "AfterTool", tool_name="read_file", tool_input={}, tool_response={}) == {}, "a report")


def paused(daemon):
    console = Console(daemon)
    tell(daemon, "BeforeAgent", prompt="go")
    sent = console.command("pause", agent="gemini:g1", wait="accepted")
    call = Call(daemon, tool="list_directory", dir_path=".")
    console.until("pause confirmed", lambda f: f["kind"] == "result" and f["command"] == sent["command"]
                  and f["state"] == "confirmed")
    check(not call.answered(0.2), "it went on")
    console.command("resume", agent="gemini:g1")
    check(call.answer()["decision"] == "allow", "a reading call")


def unreadable(daemon):
    """At the gate what cannot be understood is refused in words that this runtime honours."""
    half = b'{"hook_event_name":"BeforeTool","session_id":"g1","cwd":"/","tool_name":"t","tool_input":{"a":"\\ud800"}}'
    for text in (b"{", b"[]", b'{"hook_event_name":"BeforeTool"}', half,
                 b'{"hook_event_name":"BeforeTool","session_id":"g1","cwd":"/","tool_name":"t"}',
                 b'{"hook_event_name":"BeforeTool","session_id":"a/b","cwd":"/","tool_name":"t","tool_input":{}}'):
        status, got = daemon.post("/hook/gemini", text)
        check(status == 200 and json.loads(got)["decision"] == "deny", f"{text}: {status} {got}")


@with_daemon(policy="""
[rule here]
tool = run_shell_command
cwd = /srv/g1
verdict = allow
""")
def a_command_in_another_folder(daemon):
    """Its shell takes a folder of its own: the rules go by that one."""
    console = Console(daemon)
    for folder in ("../other", "/srv/other", "sub", "./../g1/x", "x" * 9000):
        call = Call(daemon, "touch " + folder[:9], dir_path=folder)
        request = asked(console, "touch " + folder[:9])
        check(json.loads(request["action"])["input"]["dir_path"] == folder, "what is shown")
        console.command("deny", approval=request["approval.id"], reason="no")
        check(call.answer()["decision"] == "deny", "")
    for folder in (".", "/srv/g1", "../g1/"):
        check(Call(daemon, dir_path=folder).answer()["decision"] == "allow", f"{folder}")
    check(Call(daemon).answer()["decision"] == "allow", "its own folder")


def told_of(daemon, *records, session="g1"):
    """One body of its telemetry: each record is a call, (success, milliseconds since it began)."""
    def attribute(key, value):
        kind = {bool: "boolValue", int: "intValue"}.get(type(value), "stringValue")
        return {"key": key, "value": {kind: value}}

    told = [{"timeUnixNano": str(time.time_ns()), "attributes": [
        attribute("session.id", session), attribute("event.name", "gemini_cli.tool_call"),
        attribute("success", success), attribute("duration_ms", ms), attribute("function_name", "write_file")]}
            for success, ms in records]
    status, got = daemon.post("/v1/logs", {"resourceLogs": [{
        "resource": {"attributes": [attribute("service.name", "gemini-cli")]}, "scopeLogs": [{"logRecords": told}]}]})
    check(status == 200, f"HTTP {status} {got!r}")


def emergencies(daemon):
    return [e["data"]["signal.title"] for e in daemon.events("signal.raised")
            if e["data"]["signal.severity"] == "emergency"]


@with_daemon(policy=ALL)
def more_calls_than_were_let_through(daemon):
    """Where no hook can be started any more, telemetry goes on."""
    for _ in range(2):
        Call(daemon).answer()
    told_of(daemon, (True, 0), (False, 0), (True, 0), (False, 0))
    check(not emergencies(daemon), "as many as were let through")
    told_of(daemon, (True, 3600000))
    check(not emergencies(daemon), "one that began before the daemon heard of the agent")
    told_of(daemon, (True, 0))
    check(emergencies(daemon) == ["the runtime tells of a call that this gate never let through"], "")


@with_daemon(policy=ALL)
def calls_of_an_agent_without_hooks(daemon):
    Call(daemon, session="known").answer()
    told_of(daemon, (False, 0), session="other")
    check(not emergencies(daemon), "a call that did not run")
    told_of(daemon, (True, 0), session="other")
    check(emergencies(daemon) == ["a call ran in an agent whose hooks have told nothing: they are off, and it is not held"],
          f"{emergencies(daemon)}")
    tell(daemon, "SessionEnd", "known")
    daemon.terminate()
    daemon.start()
    before = len(emergencies(daemon))
    told_of(daemon, (True, 0), session="known")
    check(len(emergencies(daemon)) == before, "the last words of an agent that is over")


@with_daemon(policy=ALL)
def two_runtimes_with_one_session_id(daemon):
    Call(daemon, session="same").answer()
    daemon.hook("SessionStart", "same")
    wait_for("two agents", lambda: len(daemon.status()["agents"]) == 2)
    names = sorted(a["gen_ai.agent.id"] for a in daemon.status()["agents"])
    check(names == ["claude:same", "gemini:same"], f"{names}")


run([held_and_decided, the_same_call_several_times, what_ran_was_changed, over_a_restart, outcomes,
     given_up_at_its_own_screen, stopped, paused, unreadable, a_command_in_another_folder,
     more_calls_than_were_let_through, calls_of_an_agent_without_hooks, two_runtimes_with_one_session_id])
