"""Threat 9: the terminal goes while a decision is being made. No half decision, no spinning, gone within a second."""
import os
import signal
import time

from daemon import Held, check, run, verdict, wait_for
from terminal import Terminal


def armed(t, command):
    """The dialog of a request, read to its end and armed: the next key decides."""
    t.wait_text(command)
    t.press("2", "─ approvals ─")
    t.silent(0.7)
    t.press("a", "Esc back ┘")
    t.type("G")
    t.read(1.3)


def console(daemon, ignore=()):
    return Terminal([daemon.binary, "console", "--config", daemon.console_config()], {"XDG_STATE_HOME": daemon.dir}, ignore=ignore)


def lost(daemon, act, ignore=()):
    h = Held(daemon, command="touch dropped")
    wait_for("the request", lambda: daemon.status()["approvals"])
    with console(daemon, ignore) as t:
        armed(t, "touch dropped")
        started = time.monotonic()
        act(t)
        code = t.end(5, reading=False)
        took = time.monotonic() - started
        check(took < 1, f"it took {took:.2f} s to end")
        check(code in (0, 1), f"exit code {code}")  # told by SIGHUP, or by the terminal itself
    sent = daemon.events("operator.command")
    check(not sent and not h.answered(0.2), f"a half decision: {sent}")
    check(len(daemon.status()["approvals"]) == 1, "the request went with the console")
    done = daemon.run("verify", os.path.join(daemon.dir, "console"))
    records = os.path.join(daemon.dir, "console", "000001.jsonl")
    with open(records) as f:
        kinds = [line.split('"k":"')[1].split('"')[0] for line in f]
    check(kinds[-2:] == ["close", "seal"], f"its own record was not closed: {kinds[-3:]}")
    check("command" not in kinds, "its own record tells of a command")
    check(done.returncode in (0, 2), f"{done}")
    h.hang_up()


def closed(daemon):
    lost(daemon, lambda t: t.hang_up())


def closed_under_nohup(daemon):
    """The parent ignores SIGHUP, so no signal comes: the dead terminal itself must be noticed."""
    lost(daemon, lambda t: t.hang_up(), (signal.SIGHUP,))


def closed_in_the_middle_of_a_key(daemon):
    """Half an escape sequence is not the key that decides."""
    def act(t):
        t.type(b"\x1b[")
        t.hang_up()
    lost(daemon, act)


def closed_while_the_word_is_typed(daemon):
    h = Held(daemon, command="rm -rf /srv/data")
    wait_for("the request", lambda: daemon.status()["approvals"])
    with console(daemon) as t:
        armed(t, "rm -rf")
        t.type("a")
        t.wait_text("type")
        t.type("/srv/dat")
        t.read(0.3)
        t.hang_up()
        check(t.end(5, reading=False) in (0, 1), "exit code")
    check(not daemon.events("operator.command") and not h.answered(0.2), "a half decision")
    h.hang_up()


def no_spinning_on_a_dead_terminal(daemon):
    """Whatever it does in its last second, it does not burn it."""
    with console(daemon, (signal.SIGHUP,)) as t:
        t.wait_text("LIVE")
        with open(f"/proc/{t.pid}/stat") as f:
            before = f.read()
        t.hang_up()
        _, status, usage = os.wait4(t.pid, 0)
        t.code = os.waitstatus_to_exitcode(status)
        words = before.rsplit(")", 1)[1].split()
        used = usage.ru_utime + usage.ru_stime - (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        check(t.code in (0, 1), f"exit code {t.code}")
        check(used < 0.25, f"{used:.2f} s of processor time at the end")


def the_daemon_goes_on(daemon):
    h = Held(daemon, command="touch kept")
    request = wait_for("the request", lambda: daemon.status()["approvals"])[0]
    with console(daemon) as t:
        armed(t, "touch kept")
        t.hang_up()
        t.end(5, reading=False)
    done = daemon.run("approve", request["approval.id"], "--digest", request["action.digest"])
    check(done.returncode == 0 and verdict(h.answer()) == "allow", f"{done}")


if __name__ == "__main__":
    run([closed, closed_under_nohup, closed_in_the_middle_of_a_key, closed_while_the_word_is_typed,
         no_spinning_on_a_dead_terminal, the_daemon_goes_on])
