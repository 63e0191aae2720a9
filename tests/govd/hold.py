"""Calls that wait: as many as come, as long as it takes, and none that nobody waits for any more."""
import json

from daemon import Console, Held, check, in_threads, run, verdict, wait_for, with_daemon


@with_daemon(config="rate = 100000\n")
def thousand_at_once(daemon):
    console = Console(daemon)
    held = [None] * 1000
    sessions = [f"s{i % 8}" for i in range(1000)]
    for s in set(sessions):
        daemon.hook("UserPromptSubmit", s, prompt="go")

    def begin(i):
        for k in range(i, 1000, 8):
            held[k] = Held(daemon, sessions[k], command=f"touch file-{k}")

    in_threads(8, begin)
    wait_for("1000 requests", lambda: len(daemon.status()["approvals"]) == 1000, 60)
    check(not any(h.answered() for h in held), "a call was answered before it was decided")
    for k, h in enumerate(held):
        request = console.request_for(h.id)
        if k % 2:
            console.approve(request, wait=False)
        else:
            console.command("deny", wait=False, approval=request["approval.id"], reason=f"no {k}")
    for k, h in enumerate(held):
        answer = h.answer()
        specific = answer["hookSpecificOutput"]
        if k % 2:
            check(verdict(answer) == "allow", f"{k}: {answer}")
            check(specific["updatedInput"] == {"command": f"touch file-{k}"}, f"{k}: another call's input: {answer}")
        else:
            check(verdict(answer) == "deny" and specific["permissionDecisionReason"] == f"no {k}", f"{k}: {answer}")
    check(daemon.process.poll() is None, "the daemon died")


def never_by_itself(daemon):
    h = Held(daemon)
    check(not h.answered(7.0), "a held call was answered by itself (the server's own time-out is 5 s)")
    h.hang_up()


def withdrawn_at_once(daemon):
    console = Console(daemon)
    h = Held(daemon)
    other = Held(daemon, "s2")
    request = console.request_for(h.id)
    console.request_for(other.id)
    h.hang_up()
    resolved = console.event("approval.resolved", 2, approval__id=request["approval.id"])
    check(resolved["data"]["approval.decision"] == "withdrawn", str(resolved))
    late = console.approve(request)
    check(late["state"] == "superseded" and "withdrawn" in late["reason"], str(late))
    check(not other.answered(), "another call was answered")
    check(len(daemon.status()["approvals"]) == 1, "the wrong request is left")


def shutdown_denies(daemon):
    held = [Held(daemon, f"s{i}") for i in range(20)]
    wait_for("requests", lambda: len(daemon.status()["approvals"]) == 20)
    check(daemon.terminate() == 0, "exit code")
    for h in held:
        check(verdict(h.answer()) == "deny", "a call was let through by the shutdown")


def keeps_the_connection(daemon):
    c = daemon.connection()
    for i in range(50):
        c.request("POST", "/hook/claude", json.dumps({"hook_event_name": "PostToolBatch", "session_id": "k",
                                                      "cwd": "/"}), daemon.headers())
        r = c.getresponse()
        check(r.status == 200 and r.read() == b"{}", f"request {i} on one connection")
    c.close()


def caps(daemon):
    held = [Held(daemon, "one", command=f"touch {i}") for i in range(256)]
    wait_for("256 requests", lambda: len(daemon.status()["approvals"]) == 256, 30)
    over = Held(daemon, "one")
    check(verdict(over.answer()) == "deny", "the 257th call of one agent was held")
    for h in held:
        h.hang_up()
    wait_for("none is left", lambda: not daemon.status()["approvals"])


if __name__ == "__main__":
    run([thousand_at_once, never_by_itself, withdrawn_at_once, shutdown_denies, keeps_the_connection, caps])
