"""What is approved is what was shown, once, by one hand; pause, resume, interrupt."""
import hashlib
import json
import threading

from daemon import Console, Held, check, run, ulid, verdict, wait_for


def digest_binds(daemon):
    console = Console(daemon)
    h = Held(daemon, command="rm -r build")
    r = console.request_for(h.id)
    text = r["action"].encode()
    check(r["action.digest"] == "sha256:" + hashlib.sha256(text).hexdigest(), "the digest is not of the text")
    check(json.loads(text)["input"] == {"command": "rm -r build"}, r["action"])
    for wrong in ("sha256:" + "0" * 64, r["action.digest"].upper(), r["action.digest"][:-1], ""):
        answer = console.command("approve", approval=r["approval.id"], digest=wrong, scope="once")
        check(answer["state"] == "refused", f"{wrong!r}: {answer}")
    check(not h.answered(0.2), "a wrong digest let the call run")
    check(console.approve(r, policy_version="0123456789abcdef")["state"] == "refused", "other rules")
    check(console.approve(r, wait="accepted")["state"] == "accepted", "the right digest")
    answer = h.answer()
    check(answer["hookSpecificOutput"]["updatedInput"] == {"command": "rm -r build"}, str(answer))


def exact_bytes(daemon):
    """The input goes back as it came: spacing, escapes, order, big numbers."""
    console = Console(daemon)
    raw = '{ "command":"echo \\u00e9 \\ud83d\\ude00" ,"n": 12345678901234567890, "b":1.10,"a":[ ] }'
    body = ('{"hook_event_name":"PreToolUse","session_id":"s1","cwd":"/srv","tool_name":"Bash",'
            '"tool_use_id":"t1","tool_input":' + raw + "}").encode()
    got = {}

    def call():
        got["answer"] = daemon.post("/hook/claude", body)[1].decode()

    t = threading.Thread(target=call)
    t.start()
    console.approve(console.request_for("t1"), wait="accepted")
    t.join(20)
    check('"updatedInput":' + raw in got["answer"], got["answer"])


def a_denial_may_end_the_turn(daemon):
    console = Console(daemon)
    h = Held(daemon)
    r = console.request_for(h.id)
    check([row["scope"] for row in r["approval.denials"]] == ["once", "turn"], str(r))
    answer = console.command("deny", approval=r["approval.id"], scope="forever")
    check(answer["state"] == "refused" and not h.answered(0.2), f"a denial of what is not offered: {answer}")
    console.command("deny", approval=r["approval.id"], scope="turn", reason="enough")
    said = h.answer()
    check(verdict(said) == "deny" and said["continue"] is False, f"its turn goes on: {said}")
    once = Held(daemon)
    console.command("deny", approval=console.request_for(once.id)["approval.id"], reason="no")
    check("continue" not in once.answer(), "a plain denial ended the turn")


def no_question_no_answers(daemon):
    """A call asks nothing: whoever sends answers with an approval means something else."""
    console = Console(daemon)
    h = Held(daemon)
    r = console.request_for(h.id)
    answer = console.command("approve", approval=r["approval.id"], digest=r["action.digest"], answers="[]")
    check(answer["state"] == "refused" and "question" in answer["reason"], str(answer))
    check(not h.answered(0.2), "it ran")
    console.approve(r, wait="accepted")
    check(verdict(h.answer()) == "allow", "and could not be approved any more")


def once_only(daemon):
    a, b = Console(daemon), Console(daemon)
    for _ in range(30):
        h = Held(daemon)
        r = a.request_for(h.id)
        b.request_for(h.id)
        ids = [ulid(), ulid()]
        a.approve(r, id=ids[0], wait=False)
        b.command("deny", id=ids[1], wait=False, approval=r["approval.id"])
        yes = a.until("a", lambda f: f["kind"] == "result" and f["command"] == ids[0])
        no = b.until("b", lambda f: f["kind"] == "result" and f["command"] == ids[1])
        states = {yes["state"], no["state"]}
        check(states == {"accepted", "superseded"}, f"both or neither won: {yes} {no}")
        won = "allow" if yes["state"] == "accepted" else "deny"
        check(verdict(h.answer()) == won, "the answer is not the winner's")
        resolved = [e for e in daemon.events("approval.resolved") if e["data"]["approval.id"] == r["approval.id"]]
        check(len(resolved) == 1, f"{len(resolved)} decisions of one request")


def command_at_most_once(daemon):
    console = Console(daemon)
    h = Held(daemon)
    r = console.request_for(h.id)
    same = ulid()
    first = console.command("deny", id=same, approval=r["approval.id"])
    h2 = Held(daemon)
    r2 = console.request_for(h2.id)
    again = console.command("deny", id=same, approval=r2["approval.id"])
    check(first["state"] == again["state"] == "confirmed", f"{first} {again}")
    check(not h2.answered(0.2), "a repeated command took effect on another request")
    h2.hang_up()


def shell_verbs(daemon):
    h = Held(daemon)
    r = wait_for("request", lambda: daemon.status()["approvals"])[0]
    bad = daemon.run("approve", r["approval.id"], "--digest", "sha256:" + "1" * 64)
    check(bad.returncode == 3 and "digest" in bad.stdout, f"{bad}")
    none = daemon.run("approve", r["approval.id"])
    check(none.returncode == 2, f"{none}")
    good = daemon.run("approve", r["approval.id"], "--digest", r["action.digest"])
    check(good.returncode == 0, f"{good}")
    check(verdict(h.answer()) == "allow", "")
    h = Held(daemon)
    r = wait_for("request", lambda: daemon.status()["approvals"])[0]
    good = daemon.run("deny", r["approval.id"], "--reason", "not on a Friday")
    check(good.returncode == 0, f"{good}")
    check(h.answer()["hookSpecificOutput"]["permissionDecisionReason"] == "not on a Friday", "")
    gone = daemon.run("deny", r["approval.id"])
    check(gone.returncode == 3, f"{gone}")


def pause_and_resume(daemon):
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="go")
    agent = "claude:s1"
    console.event("agent.started")
    sent = console.command("pause", agent=agent, wait="accepted")
    check(sent["state"] == "accepted", f"a pause is not confirmed before a call is seen waiting: {sent}")
    h = Held(daemon, tool="Read", file_path="/srv/x")
    seen = console.until("pause confirmed", lambda f: f["kind"] == "result" and f["state"] == "confirmed")
    check("waiting" in seen["by"], str(seen))
    check(not h.answered(0.3), "a read that the rules allow ran while the agent was paused")
    state = next(a for a in daemon.status()["agents"] if a["gen_ai.agent.id"] == agent)
    check(state["agent.state"] == "paused", str(state))
    check(console.command("resume", agent=agent)["state"] == "confirmed", "resume")
    check(verdict(h.answer()) == "allow", "the read did not go on")
    check(console.command("resume", agent=agent)["state"] == "refused", "resume twice")
    check(console.command("pause", agent="claude:nobody")["state"] == "refused", "an unknown agent")


def paused_cannot_be_approved(daemon):
    console = Console(daemon)
    h = Held(daemon)
    r = console.request_for(h.id)
    check(console.command("pause", agent="claude:s1")["state"] == "confirmed", "a call waits already")
    check(console.approve(r)["state"] == "refused", "approved while paused")
    check(not h.answered(0.2), "ran while paused")
    console.command("resume", agent="claude:s1")
    check(not h.answered(0.2), "resume let an asked call run")
    r = daemon.status()["approvals"][0]
    console.approve(r, wait="accepted")
    check(verdict(h.answer()) == "allow", "")


def interrupt(daemon):
    console = Console(daemon)
    h = Held(daemon)
    console.request_for(h.id)
    sent = console.command("interrupt", agent="claude:s1", wait="accepted")
    check(sent["state"] == "accepted", str(sent))
    answer = h.answer()
    check(verdict(answer) == "deny" and answer["continue"] is False, str(answer))
    daemon.hook("Stop")
    console.until("turn ended", lambda f: f["kind"] == "result" and f["state"] == "confirmed")


def ran_without_decision_is_an_alarm(daemon):
    console = Console(daemon)
    daemon.hook("PostToolUse", tool_name="Bash", tool_use_id="never-asked", tool_input={}, tool_response={})
    signal = console.event("signal.raised")
    check(signal["data"]["signal.severity"] == "emergency", str(signal))


def outcome_confirms(daemon):
    console = Console(daemon)
    h = Held(daemon)
    r = console.request_for(h.id)
    first = console.approve(r, wait="accepted")
    h.answer()
    daemon.hook("PostToolUseFailure", tool_name="Bash", tool_use_id=h.id, tool_input={}, error="Exit code 3\noops")
    seen = console.until("confirmed", lambda f: f["kind"] == "result" and f["command"] == first["command"])
    check(seen["state"] == "confirmed" and "failed" in seen["by"], str(seen))
    h = Held(daemon)
    first = console.approve(console.request_for(h.id), wait="accepted")
    h.answer()
    daemon.hook("Stop")
    seen = console.until("unverifiable", lambda f: f["kind"] == "result" and f["command"] == first["command"])
    check(seen["state"] == "unverifiable", f"called done without a report: {seen}")


if __name__ == "__main__":
    run([digest_binds, exact_bytes, a_denial_may_end_the_turn, no_question_no_answers, once_only, command_at_most_once, shell_verbs, pause_and_resume,
         paused_cannot_be_approved, interrupt, ran_without_decision_is_an_alarm, outcome_confirms])
