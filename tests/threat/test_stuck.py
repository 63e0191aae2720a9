"""Threat 16: a loop that is stuck leaves neither a dead screen nor a gate that nobody keeps."""
import os
import signal
import time

from daemon import Console, Held, check, run, verdict, wait_for, with_daemon
from shim import Shim
from terminal import Terminal

LIMIT_MS = 500
WATCHED = f"watchdog_ms = {LIMIT_MS}\n"


def console_over(daemon, shim, options=WATCHED):
    return Terminal([daemon.binary, "console", "--config", daemon.console_config(options=options)],
                    {"XDG_STATE_HOME": daemon.dir, **shim.env()})


def started_again(daemon, how, words):
    """The same process, a new console: it says what happened, shows the fleet, and takes orders."""
    shim = Shim(daemon.dir)
    waits = Held(daemon, command="touch kept-waiting")
    wait_for("the request", lambda: daemon.status()["approvals"])
    with console_over(daemon, shim) as t:
        t.shows(b"kept-waiting")
        started = time.monotonic()
        shim.say(how, 1)
        daemon.hook("UserPromptSubmit", "wakes-it", prompt="x")
        at = t.shows(words)
        check(time.monotonic() - started < 10, "it took too long")
        check(t.seen.rfind(b"\033[?1049l", 0, at) > t.seen.rfind(b"\033[?1049h", 0, at), "told on the screen that is left")
        t.shows(b"has been started again", at)
        t.wait_text("kept-waiting")
        t.type("Q")
        check(t.end() == 0, "exit code")
        t.check_put_back()
    check(not waits.answered(), "something was decided meanwhile")
    waits.hang_up()


def a_console_that_spins(daemon):
    started_again(daemon, "spin", b"worked without an end")


def a_console_that_is_blocked(daemon):
    started_again(daemon, "block", b"waited where it should not")


def keys_typed_meanwhile_are_nobodys(daemon):
    """What was typed at a dead screen decides nothing on the next one."""
    shim = Shim(daemon.dir)
    waits = Held(daemon, tool="Bash", command="touch x")
    wait_for("the request", lambda: daemon.status()["approvals"])
    with console_over(daemon, shim) as t:
        t.shows(b"touch x")
        shim.say("block", 1)
        t.type("2")
        wait_for("it is stuck", lambda: open(shim.path).read() == "block 0")
        t.type("d\r!S")
        at = t.shows(b"waited where it should not")
        t.shows(b"has been started again", at)
        t.wait_text("touch x")
        t.silent(0.5)
        t.type("Q")
        check(t.end() == 0, "exit code")
    check(not waits.answered(), "keys of before decided")
    check(daemon.status()["backends"][0].get("fleet.stop.latched") is not True, "keys of before stopped the fleet")
    check(not daemon.events("operator.command"), "a command was sent")
    waits.hang_up()


def not_for_ever(daemon):
    """Three times in a minute, then it ends, with the terminal put back and without a core."""
    shim = Shim(daemon.dir)
    with console_over(daemon, shim) as t:
        t.shows(b"LIVE")
        shim.say("spin", 100)
        daemon.hook("UserPromptSubmit", "wakes-it", prompt="x")
        t.shows(b"again and again: it ends")
        check(t.end() == -signal.SIGABRT, f"it ended with {t.code}")
        check(t.seen.count(b"it is started again") == 3, f"{t.seen.count(b'it is started again')} times")
        t.check_put_back()
    check(daemon.process.poll() is None, "the daemon went with it")


def stopped_is_not_stuck(daemon):
    """Ctrl-Z from outside, a debugger, a laptop's sleep."""
    shim = Shim(daemon.dir)
    with console_over(daemon, shim) as t:
        t.shows(b"LIVE")
        for _ in range(3):
            daemon.hook("UserPromptSubmit", "busy", prompt="x")
            os.kill(t.pid, signal.SIGSTOP)
            time.sleep(3 * LIMIT_MS / 1000)
            os.kill(t.pid, signal.SIGCONT)
        daemon.hook("UserPromptSubmit", "afterwards", prompt="x")
        t.shows(b"afterwards")
        check(b"started again" not in t.seen, "it was taken for stuck")
        t.type("Q")
        check(t.end() == 0, "exit code")


def end_of(daemon):
    code = daemon.process.wait(20)
    check(code == -signal.SIGABRT, f"the daemon ended with {code}")
    with open(os.path.join(daemon.dir, "log"), errors="replace") as f:
        return f.read()


@with_daemon(config=WATCHED, shim=True)
def a_daemon_ends_and_nothing_runs(daemon):
    """Its hooks' connections close, which blocks their calls; what was decided is in the record."""
    for how, words in (("spin", "worked without an end"), ("block", "waited where it should not")):
        console = Console(daemon)
        waits = Held(daemon)
        console.request_for(waits.id)
        daemon.shim.say(how, 1)
        Held(daemon, "wakes-it").hang_up()
        check(words in end_of(daemon), "what happened is not in its log")
        try:
            check(False, f"the stuck daemon answered {verdict(waits.answer())}")
        except AssertionError:
            raise
        except Exception:  # noqa: BLE001 - the connection is closed without an answer
            pass
        check(not [name for name in os.listdir(".") if name.startswith("core")], "a core is left")
        daemon.start()
        check(not daemon.status()["approvals"], "a request of the dead daemon still waits")


@with_daemon(config=WATCHED, shim=True)
def a_stopped_daemon_is_not_stuck(daemon):
    for _ in range(3):
        Held(daemon, "busy", tool="Read", file_path="/x").answer()
        daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(3 * LIMIT_MS / 1000)
        daemon.process.send_signal(signal.SIGCONT)
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "it does not go on")


@with_daemon(config="watchdog_ms = 0\n", shim=True)
def it_can_be_turned_off(daemon):
    daemon.shim.say("block", 1)
    Held(daemon, "wakes-it").hang_up()
    wait_for("it is stuck", lambda: open(daemon.shim.path).read() == "block 0")
    time.sleep(1)
    check(daemon.process.poll() is None, "it was ended")
    daemon.kill()


if __name__ == "__main__":
    run([a_console_that_spins, a_console_that_is_blocked, keys_typed_meanwhile_are_nobodys, not_for_ever,
         stopped_is_not_stuck, a_daemon_ends_and_nothing_runs, a_stopped_daemon_is_not_stuck, it_can_be_turned_off])
