"""checkrein.v1 as the schema and docs/protocol.md say: every frame validated, resume without a hole, lies refused."""
import json
import os
import subprocess

import jsonschema

from daemon import Console, Held, check, run, ulid, wait_for

with open(os.environ["SCHEMA"]) as f:
    SCHEMA = json.load(f)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def valid(frame):
    errors = [e.message for e in VALIDATOR.iter_errors(frame)]
    check(not errors, f"{errors[:3]} in {json.dumps(frame)[:400]}")


def schema_is_current(daemon):
    done = subprocess.run([daemon.binary, "schema"], capture_output=True, text=True)
    check(json.loads(done.stdout) == SCHEMA, "docs/protocol.schema.json is not what `checkrein schema` prints")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def schema_bites(daemon):
    good = {"kind": "synced", "seq": 3}
    valid(good)
    for bad in ({"kind": "synced"}, {"kind": "synced", "seq": "3"}, {"kind": "event", "event": {"id": 1}},
                {"kind": "result", "command": "x", "state": 7}):
        try:
            valid(bad)
        except AssertionError:
            continue
        check(False, f"the schema lets {bad} through")


def every_frame_is_valid(daemon):
    console = Console(daemon, validate=valid)
    daemon.hook("SessionStart", model="m")
    daemon.hook("UserPromptSubmit", prompt="do \u202eit")
    for decide in ("approve", "deny"):
        h = Held(daemon)
        r = console.request_for(h.id)
        if decide == "approve":
            console.approve(r, wait="accepted")
            h.answer()
            daemon.hook("PostToolUse", tool_name="Bash", tool_use_id=h.id, tool_input={},
                        tool_response={"stdout": "x\u0000y"}, duration_ms=3)
        else:
            console.command("deny", approval=r["approval.id"], reason="no")
            h.answer()
    daemon.hook("PreToolUse", tool_name="Read", tool_use_id="r1", tool_input={"file_path": "/x"})
    daemon.hook("PostToolUseFailure", tool_name="Read", tool_use_id="r1", tool_input={}, error="gone")
    daemon.hook("SubagentStart", agent_id="a1", agent_type="helper")
    daemon.hook("StopFailure", last_assistant_message="429")
    daemon.hook("Notification", notification_type="permission_prompt")
    daemon.hook("ConfigChange", source="user_settings")
    daemon.hook("SessionEnd", reason="other")
    record = {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in
                             [("event.name", "api_request"), ("session.id", "s1"), ("cost_usd_micros", "1200"),
                              ("input_tokens", "10"), ("output_tokens", "4"), ("model", "m")]]}
    daemon.post("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    console.event("spend.recorded")
    console.command("stop_all", wait="accepted")
    console.command("reset_stop")
    console.event("operator.presence")
    console.send({"kind": "nonsense"})
    console.until("an error", lambda f: f["kind"] == "error")
    seen = {e["type"] for e in console.events}
    for name in ("agent.started", "agent.state", "action.started", "action.finished", "approval.requested",
                 "approval.resolved", "policy.decided", "spend.recorded", "failure.reported", "signal.raised",
                 "fleet.stop", "operator.command", "operator.result", "operator.presence"):
        check("dev.checkrein." + name in seen, f"{name} was never seen")


def resume_without_a_hole(daemon):
    a = Console(daemon)
    for i in range(10):
        daemon.hook("UserPromptSubmit", f"s{i}", prompt="x")
    last = a.event("agent.started", gen_ai__agent__id="claude:s9")["seq"]
    instance = a.greeting["server"]["instance"]
    a.close()
    for i in range(10, 30):
        daemon.hook("UserPromptSubmit", f"s{i}", prompt="x")
    b = Console(daemon, resume_after=last, instance=instance)
    check(b.greeting["resumed"] is True, str(b.greeting))
    missed = [e["seq"] for e in b.events]
    check(missed == list(range(last + 1, b.synced["seq"] + 1)), f"after {last}: {missed} to {b.synced}")
    check(not any(e.get("snapshot") for e in b.events), "a snapshot in a resume")
    daemon.hook("UserPromptSubmit", "later", prompt="x")
    check(b.event("agent.started", gen_ai__agent__id="claude:later")["seq"] > b.synced["seq"], "")
    seqs = [e["seq"] for e in b.events]
    check(seqs == list(range(seqs[0], seqs[0] + len(seqs))), f"a hole in {seqs}")


def cannot_resume(daemon):
    daemon.hook("UserPromptSubmit", "s1", prompt="x")
    first = Console(daemon)
    instance = first.greeting["server"]["instance"]
    for after, name in ((1, "01K0000000000000000000000X"), (999999, instance)):
        c = Console(daemon, resume_after=after, instance=name)
        check(c.greeting["resumed"] is False, f"{after} {name}: {c.greeting}")
        check(c.events and all(e.get("snapshot") for e in c.events), "no snapshot")
        check(any(e["data"].get("gen_ai.agent.id") == "claude:s1" for e in c.events), "the agent is missing")


def snapshot_has_what_waits(daemon):
    h = Held(daemon)
    wait_for("request", lambda: daemon.status()["approvals"])
    c = Console(daemon, validate=valid)
    r = next(e for e in c.events if e["type"] == "dev.checkrein.approval.requested")["data"]
    c.approve(r, wait="accepted")
    check("allow" in json.dumps(h.answer()), "a request from a snapshot could not be approved")


def hello_comes_first(daemon):
    for frame in ({"kind": "command", "id": ulid(), "verb": "stop_all"}, {"kind": "subscribe"}):
        c = Console(daemon, hello=False)
        c.send(frame)
        c.until("closed", lambda f: f["kind"] == "closed")
    check(not daemon.events("operator.command"), "a command before hello was taken")


def versions_and_roles(daemon):
    for hello in ({"protocol": {"min": 2, "max": 9}, "role": "operator"}, {"protocol": {"min": 1, "max": 1}, "role": "agent"},
                  {"protocol": {"min": 1, "max": 1}, "role": "admin"}):
        c = Console(daemon, hello=False)
        c.send({"kind": "hello", "client": {"name": "t", "version": "1"}, **hello})
        c.until("error", lambda f: f["kind"] == "error")
        c.until("closed", lambda f: f["kind"] == "closed")


def rights_are_not_claimed(daemon):
    c = Console(daemon, hello=False)
    c.send({"kind": "hello", "protocol": {"min": 1, "max": 1}, "role": "operator", "client": {"name": "t", "version": "1"},
            "operator": {"id": "root@everywhere", "scopes": ["admin"]}, "scopes": ["admin"]})
    greeting = c.until("hello", lambda f: f["kind"] == "hello")
    check(greeting["operator"]["id"] == f"uid:{os.geteuid()}", str(greeting))
    check("admin" not in greeting["operator"]["scopes"], str(greeting))


def broken_frames(daemon):
    bad = [b"", b"{", b"[]", b"null", b'{"kind":1}', b'{"kind":"command","kind":"hello"}', b"[" * 100, b"\xff\xfe",
           b'{"kind":"command","id":"../../x","verb":"approve"}', b'{"kind":"command","id":"%s","verb":"fly"}' % ulid().encode(),
           b'{"kind":"command","id":"%s","verb":"approve","approval":7}' % ulid().encode()]
    for payload in bad:
        c = Console(daemon)
        c.send_raw(1, payload)
        frame = c.until(repr(payload), lambda f: f["kind"] in ("error", "closed", "result"))
        check(frame["kind"] != "result" or frame["state"] == "refused", f"{payload!r}: {frame}")
        c.close()
    check(daemon.process.poll() is None, "the daemon died of a frame")
    Console(daemon)


def wire_rules(daemon):
    cases = [
        ("unmasked", lambda c: c.send_raw(1, b"{}", mask=False), {1002}),
        ("binary", lambda c: c.send_raw(2, b"{}"), {1003, 1002, 1008}),
        ("too large", lambda c: c.send_raw(1, b" " * 100000), {1009}),
        ("bad UTF-8", lambda c: c.send_raw(1, b'{"kind":"\xff"}'), {1007}),
        ("unknown opcode", lambda c: c.send_raw(5, b""), {1002}),
        ("reserved bit", lambda c: c.socket.sendall(b"\xc1\x80\x00\x00\x00\x00"), {1002}),
        ("endless fragments", lambda c: [c.send_raw(1 if i == 0 else 0, b" ", final=False) for i in range(2000)], {1008, 1009}),
        ("large ping", lambda c: c.send_raw(9, b"x" * 126), {1002}),
    ]
    for what, act, codes in cases:
        c = Console(daemon)
        try:
            act(c)
        except OSError:
            pass
        try:
            frame = c.until(what, lambda f: f["kind"] == "closed")
            check(frame["code"] in codes, f"{what}: closed with {frame}")
        except OSError:
            pass
    Console(daemon).close()


def results_come_after_their_events(daemon):
    """Who did not send a command learns of it before it learns what became of it."""
    mine, other = Console(daemon), Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="x")
    for verb in ("pause", "resume"):
        mine.command(verb, agent="claude:s1", wait="accepted")
    other.until("resumed", lambda f: f["kind"] == "result" and f["state"] == "confirmed")
    known = set()
    for frame in other.frames:
        data = frame.get("event", {}).get("data", {})
        if frame["kind"] == "event" and frame["event"]["type"].endswith("operator.command"):
            known.add(data["command.id"])
        check(frame["kind"] != "result" or frame["command"] in known, f"before its command: {frame}")


def long_command_ids(daemon):
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="x")
    waits = Held(daemon)
    request = console.request_for(waits.id)
    longest = "x" * 64
    check(console.command("deny", id=longest, approval=request["approval.id"])["state"] == "confirmed", "64 bytes")
    check(console.command("pause", id=longest + "y", agent="claude:s1")["state"] == "refused", "65 bytes")
    check(console.command("stop_all", id="z" * 64, wait="accepted")["command"] == "z" * 64, "")
    check(console.command("reset_stop", id="r" * 64)["command"] == "r" * 64, "")
    console.close()


def presence_ends(daemon):
    watcher = Console(daemon)
    def bye(c):
        c.send({"kind": "bye"})
        c.until("closed", lambda f: f["kind"] == "closed")
        c.close()

    for leave in (bye, lambda c: c.socket.close()):
        c = Console(daemon)
        its = c.greeting["operator"]["connection"]  # not the watcher's own, which may be told as late
        watcher.event("operator.presence", operator__present=True, operator__connection=its)
        leave(c)
        watcher.event("operator.presence", operator__present=False, operator__connection=its)


if __name__ == "__main__":
    run([schema_is_current, schema_bites, every_frame_is_valid, resume_without_a_hole, cannot_resume,
         snapshot_has_what_waits, hello_comes_first, versions_and_roles, rights_are_not_claimed, broken_frames,
         wire_rules, results_come_after_their_events, long_command_ids, presence_ends])
