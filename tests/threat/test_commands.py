"""Threat 8: commands that are replayed, forged, late or for somebody else do nothing, and the record says that they came."""
from daemon import Console, Daemon, Held, check, run, ulid, verdict


def refused(daemon, answer, words, waits):
    check(answer["state"] in ("refused", "superseded"), str(answer))
    check(any(w in answer.get("reason", "") for w in words), f"{answer} says none of {words}")
    check(not waits.answered(), f"it took effect: {answer}")
    told = [e["data"] for e in daemon.events("operator.result") if e["data"]["command.id"] == answer["command"]]
    check(told and told[-1]["command.state"] == answer["state"], f"not in the record: {answer}")
    check(any(e["data"]["command.id"] == answer["command"] for e in daemon.events("operator.command")), "who asked is not")


def replayed(daemon):
    """The same frame again, from this connection and from another: the first answer, and no second effect."""
    first, other = Console(daemon), Console(daemon)
    h = Held(daemon, command="touch one")
    request = first.request_for(h.id)
    frame = {"kind": "command", "id": ulid(), "verb": "approve", "approval": request["approval.id"],
             "digest": request["action.digest"], "scope": "once"}
    first.send(frame)
    check(verdict(h.answer()) == "allow", "")
    daemon.hook("PostToolUse", tool_name="Bash", tool_use_id=h.id, tool_input={}, tool_response={})
    for console in (first, other):
        console.until("confirmed", lambda f: f["kind"] == "result" and f["state"] == "confirmed")
    again = Held(daemon, command="touch one", call=h.id)  # the very same call, asked for anew
    seen = {request["approval.id"]}
    second = first.until("asked again", lambda f: f["kind"] == "event" and f["event"]["type"].endswith("approval.requested")
                         and f["event"]["data"]["approval.id"] not in seen)["event"]["data"]
    check(second["action.digest"] == request["action.digest"], "the same action has the same digest")
    for console in (first, other):
        console.frames.clear()
        console.send(frame)
        answer = console.until("the first answer", lambda f: f["kind"] == "result" and f["command"] == frame["id"])
        check(answer["state"] == "confirmed", str(answer))
        check(not again.answered(0.1), "a replayed approval let another call run")
    late = first.command("approve", approval=request["approval.id"], digest=request["action.digest"], scope="once")
    refused(daemon, late, ["approved before"], again)
    again.hang_up()


def forged(daemon):
    console = Console(daemon)
    h = Held(daemon, command="touch one")
    request = console.request_for(h.id)
    other = Held(daemon, "s2", command="touch two")
    theirs = console.request_for(other.id)
    mine = {"approval": request["approval.id"], "digest": request["action.digest"], "scope": "once"}
    cases = [({"digest": theirs["action.digest"]}, ["digest"]), ({"digest": "sha256:" + "0" * 64}, ["digest"]),
             ({"approval": ulid()}, ["no such request"]), ({"approval": theirs["approval.id"]}, ["digest"]),
             ({"scope": "always"}, ["once"]), ({"scope": "session"}, ["once"]),
             ({"policy_version": "0" * 16}, ["rules have changed"])]
    for change, words in cases:
        refused(daemon, console.command("approve", **{**mine, **change}), words, h)
        check(not other.answered(), "another call ran")
    refused(daemon, console.command("grant_everything", approval=request["approval.id"]), ["not offer"], h)
    for waits in (h, other):
        waits.hang_up()


def late(daemon):
    console = Console(daemon)
    gone, denied = Held(daemon, "gone"), Held(daemon, "denied")
    requests = [console.request_for(h.id) for h in (gone, denied)]
    gone.hang_up()
    console.event("approval.resolved", approval__id=requests[0]["approval.id"])
    console.command("deny", approval=requests[1]["approval.id"])
    check(verdict(denied.answer()) == "deny", "")
    waits = Held(daemon, "waits")
    console.request_for(waits.id)
    refused(daemon, console.approve(requests[0]), ["withdrawn before"], waits)
    refused(daemon, console.approve(requests[1]), ["denied before"], waits)
    console.command("stop_all", wait="accepted")
    check(verdict(waits.answer()) == "deny", "the stop")
    after = Held(daemon, "after")
    check(verdict(after.answer()) == "deny", "under the latch")


def of_another_daemon(daemon):
    """Ids and digests of one are nothing to the other, also for the same call in the same words."""
    second = Daemon(daemon.binary)
    try:
        here, there = Console(daemon), Console(second)
        mine, theirs = Held(daemon, command="touch x", call="t1"), Held(second, command="touch x", call="t1")
        request, other = here.request_for("t1"), there.request_for("t1")
        check(request["action.digest"] == other["action.digest"] and request["approval.id"] != other["approval.id"], "")
        refused(daemon, here.approve(other), ["no such request"], mine)
        check(not theirs.answered(), "it was decided over there")
        same = ulid()
        here.command("deny", id=same, approval=request["approval.id"])
        check(verdict(mine.answer()) == "deny" and not theirs.answered(0.2), "a decision here is none there")
        theirs.hang_up()
    finally:
        second.close()


if __name__ == "__main__":
    run([replayed, forged, late, of_another_daemon])
