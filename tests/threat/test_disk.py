"""Threats 21 and 23: a disk that fills up in the middle of a write, and one whose fdatasync fails."""
import socket

from daemon import Console, Held, check, run, verdict, wait_for, with_daemon


def nothing_is_let_through(daemon, word):
    console = Console(daemon)
    waits, other = Held(daemon, command="touch one"), Held(daemon, "other", command="touch two")
    request, second = console.request_for(waits.id), console.request_for(other.id)
    daemon.shim.say(word)
    console.command("approve", wait=False, id="the-one", approval=request["approval.id"], digest=request["action.digest"])
    check(verdict(waits.answer()) == "deny", "let through without a record")
    end = console.until("an end", lambda f: f["kind"] == "result" and f["command"] == "the-one" and f["state"] != "accepted")
    check(end["state"] == "failed" and "record" in end["reason"], str(end))
    check(console.event("signal.raised", signal__severity="emergency"), "no alarm")
    console.until("the end of what the record backs", lambda f: f["kind"] == "closed")

    daemon.shim.well()  # it is well again; but what was lost is not known
    console = Console(daemon)
    check(verdict(Held(daemon, "third", tool="Read", file_path="/x").answer()) == "deny", "trusted again after an error")
    check(console.approve(second)["state"] == "refused", "an approval without a record")
    check(console.command("pause", agent="claude:third", wait="accepted")["state"] == "accepted", "pause must work")
    denied = console.command("deny", approval=second["approval.id"])
    check(denied["state"] == "confirmed" and verdict(other.answer()) == "deny", f"deny must work: {denied}")
    check(console.command("stop_all", wait="accepted")["state"] == "accepted", "stop must work")
    check(daemon.verify().returncode == 0, daemon.verify().stdout)
    kept = [e["data"]["approval.decision"] for e in daemon.events("approval.resolved")]
    check("approved" not in kept, f"what was refused is in the record as approved: {kept}")

    daemon.kill()
    daemon.start()  # a person has looked
    check(verdict(Held(daemon, "after", tool="Read", file_path="/x").answer()) == "allow", "it does not work again")


@with_daemon(shim=True)
def a_disk_that_is_full(daemon):
    nothing_is_let_through(daemon, "disk-full")


@with_daemon(shim=True)
def a_sync_that_fails(daemon):
    nothing_is_let_through(daemon, "sync-error")


COLLECTOR = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
COLLECTOR.bind(("127.0.0.1", 0))


@with_daemon(shim=True, config=f"syslog = udp://127.0.0.1:{COLLECTOR.getsockname()[1]}\n")
def the_collector_is_told(daemon):
    COLLECTOR.settimeout(10)
    daemon.shim.say("sync-error")
    daemon.hook("UserPromptSubmit", prompt="x")
    message = b""
    while b" record.failed - " not in message:
        message = COLLECTOR.recv(65536)
    check(message.startswith(b"<105>1 ") and b"nothing is allowed any more" in message, str(message))
    daemon.shim.well()


@with_daemon(shim=True)
def short_writes_are_only_slow(daemon):
    daemon.shim.say("short-writes")
    console = Console(daemon)
    h = Held(daemon, command="echo " + "x" * 5000)
    console.approve(console.request_for(h.id), wait="accepted")
    check(verdict(h.answer()) == "allow", "")
    check(not daemon.events("signal.raised"), "an alarm")


@with_daemon(shim=True)
def it_does_not_start_on_such_a_disk(daemon):
    check(daemon.terminate() == 0, "exit code")
    for word in ("disk-full", "sync-error"):
        daemon.shim.say(word)
        try:
            daemon.start()
        except AssertionError as e:
            check("did not start" in str(e), str(e))
            check(daemon.process.wait(20) == 1, "exit code")
        else:
            check(False, f"{word}: it started")
    daemon.shim.well()
    daemon.start()
    wait_for("it works", lambda: verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow")


if __name__ == "__main__":
    run([a_disk_that_is_full, a_sync_that_fails, the_collector_is_told, short_writes_are_only_slow, it_does_not_start_on_such_a_disk])
