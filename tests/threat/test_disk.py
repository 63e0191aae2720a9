"""Threats 21 and 23: a disk that fills up in the middle of a write, one whose fdatasync fails, one that became read-only."""
import json
import socket

from daemon import Console, Held, check, run, verdict, wait_for, with_daemon
from ocsf import Schema
from terminal import Terminal

UNRECORDED = "NOT RECORDED: the daemon's record has failed"
DAY = 86400


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
    paused = console.command("pause", agent="claude:third", wait="accepted")
    check(paused["state"] == "accepted" and paused["reason"] == UNRECORDED, f"pause must work, and say it: {paused}")
    denied = console.command("deny", approval=second["approval.id"])
    check(denied["state"] == "confirmed" and denied["reason"] == UNRECORDED, f"deny must work, and say it: {denied}")
    check(verdict(other.answer()) == "deny", "deny must work")
    stopped = console.command("stop_all", wait="accepted")
    check(stopped["state"] == "accepted" and stopped["reason"] == UNRECORDED, f"stop must work, and say it: {stopped}")
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


@with_daemon(shim=True)
def a_disk_that_became_read_only(daemon):
    nothing_is_let_through(daemon, "read-only")


@with_daemon(shim=True, config="journal_keep_days = 90\n")
def no_next_segment(daemon):
    """A day ends, and the next segment cannot be made, or its name not be kept. What the old one has ran; no more does."""
    for days, word in enumerate(("no-names", "names-error")):
        daemon.shim.say_all(("clock", (days + 1) * DAY - 1), (word, 0))
        said = {}
        while "deny" not in said.values():
            h = Held(daemon, tool="Read", file_path="/x")
            said[h.id] = verdict(h.answer())
        started = [e["data"]["gen_ai.tool.call.id"] for e in daemon.events("action.started")]
        wrong = [call for call, answer in said.items() if (call in started) != (answer == "allow")]
        check(len(said) > 1 and not wrong, f"{word}: of {len(said)} the record tells another thing than was answered: {wrong}")
        check("nothing is allowed any more" in daemon.run("alarms").stdout, "it is not said")
        check(Console(daemon).command("pause", agent="claude:s1", wait="accepted")["reason"] == UNRECORDED, "pause")
        daemon.kill()
        daemon.shim.say("clock", (days + 1) * DAY)
        daemon.start()
        check(daemon.verify().returncode == 0, daemon.verify().stdout)
        check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "it does not work again")


@with_daemon(shim=True)
def the_first_that_is_not_recorded_says_so(daemon):
    """Its own commit is the one that fails: it was done, and it is said in the same answer."""
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="x")
    waits = Held(daemon, command="touch one")
    request = console.request_for(waits.id)
    daemon.shim.say("disk-full")
    denied = console.command("deny", wait="accepted", approval=request["approval.id"])
    check(denied["state"] == "accepted" and denied["reason"] == UNRECORDED, f"{denied}")
    check(verdict(waits.answer()) == "deny", "deny must work")
    daemon.shim.well()
    check(denied["command"] not in json.dumps(daemon.events()), "it is in the record")


@with_daemon(shim=True)
def said_on_the_screen_and_in_the_shell(daemon):
    """Whoever denies, pauses or stops reads that nothing of it is recorded."""
    held = [Held(daemon, f"s{i}", command=f"touch {i}") for i in range(4)]
    wait_for("requests", lambda: len(daemon.status()["approvals"]) == 4)
    with Terminal([daemon.binary, "console", "--config", daemon.console_config()], {"XDG_STATE_HOME": daemon.dir}) as c:
        c.wait_text("touch 3")
        daemon.shim.say("disk-full")
        daemon.hook("UserPromptSubmit", "s9", prompt="x")
        c.wait_text("alarm")
        c.press("2", "approvals")
        c.press("d", "deny s0")  # as soon as it is connected again
        c.type("\r")
        c.wait_text(f"confirmed: {UNRECORDED}")
        wait_for("one is denied", lambda: any(h.answered(0.01) for h in held))
        c.press("j", "▸? low")
        c.type("\r")
        c.wait_text("this once")
        c.type("d")
        c.wait_text("Enter do it")
        c.type("\r")
        c.wait_text(f"{UNRECORDED}; denied by")
        c.type("\x1b")
        wait_for("two are denied", lambda: sum(h.answered(0.01) for h in held) == 2)
        left = [a["approval.id"] for a in daemon.status()["approvals"]]
        check(len(left) == 2, f"{left}")
        for words, outcome in ((["deny", left[0]], "confirmed"), (["deny", left[1], "--json"], "confirmed"), (["pause", "s9", "--wait", "1s"], ""),
                               (["stop", "s9", "--json", "--wait", "1s"], ""), (["stop-all", "--wait", "1s"], "")):
            done = daemon.run(*words)
            check(UNRECORDED in done.stdout and outcome in done.stdout, f"{words}: {done}")
        done = daemon.run("alarms")
        check("nothing is allowed any more" in done.stdout, f"{done}")
        check([verdict(h.answer()) for h in held] == ["deny"] * 4, "deny must work")
        c.wait_text("FLEET STOP")


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
    Schema("1.3.0").check_event(json.loads(message[message.index(b"{"):]))
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
    run([a_disk_that_is_full, a_sync_that_fails, a_disk_that_became_read_only, no_next_segment,
         the_first_that_is_not_recorded_says_so, said_on_the_screen_and_in_the_shell, the_collector_is_told, short_writes_are_only_slow, it_does_not_start_on_such_a_disk])
