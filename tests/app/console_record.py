"""A console's own record: its heads kept elsewhere, its operator's acts at a collector, and what becomes of trouble with either."""
import glob
import json
import os
import subprocess

from collector import Collector, parts
from daemon import Held, check, free_port, run, verdict, wait_for
from terminal import Terminal


def console(daemon, options="", name="console"):
    return Terminal([daemon.binary, "console", "--config", daemon.console_config(name, options)], {"XDG_STATE_HOME": daemon.dir})


def lines_of(path):
    with open(path, "rb") as f:
        return f.read().splitlines(keepends=True)


def segment(daemon, name="console"):
    return sorted(glob.glob(os.path.join(daemon.dir, name, "*.jsonl")))[-1]


def seals(daemon):
    return [line for line in lines_of(segment(daemon)) if b'"k":"seal"' in line]


def verify(daemon, *words):
    return subprocess.run([daemon.binary, "verify", *words, os.path.join(daemon.dir, "console")], capture_output=True, text=True, timeout=60)


def deny_one(daemon, terminal, session="s1"):
    """A decision by keys."""
    h = Held(daemon, session, command="touch " + session)
    terminal.wait_text("touch " + session)
    terminal.press("2", "─ approvals ─")
    terminal.press("d", f"deny {session}")
    terminal.type("\r")
    check(verdict(h.answer()) == "deny", "it was not denied")


def its_heads_are_kept_elsewhere(daemon):
    kept = os.path.join(daemon.dir, "kept")
    options = f"journal_heads = {kept}\n"
    with console(daemon, options) as t:
        t.wait_text("LIVE")
        deny_one(daemon, t)
        wait_for("the heads", lambda: os.path.exists(kept) and lines_of(kept) == seals(daemon))
        check(t.stop() == 0, "exit code")
    check(lines_of(kept) == seals(daemon) and len(seals(daemon)) >= 3, "the last seal is not kept")
    done = verify(daemon, "--heads", kept)
    check(done.returncode == 0 and "known heads agree" in done.stdout, done.stdout + done.stderr)
    whole = lines_of(segment(daemon))
    at = [i for i, line in enumerate(whole) if b'"k":"seal"' in line][-3]
    with open(segment(daemon), "wb") as f:
        f.writelines(whole[:at + 1])
    done = verify(daemon, "--heads", kept)
    check(done.returncode == 5 and "CUT" in done.stdout, done.stdout + done.stderr)
    t = console(daemon, options)
    check(t.end() == 1, "it started over a record that was cut")
    check(b"its end was cut off" in t.seen, f"why is not said: {t.seen[-300:]!r}")
    check(lines_of(segment(daemon)) == whole[:at + 1], "a refused start wrote into the record")


def its_operators_acts_are_told(daemon):
    port = free_port()
    collector = Collector(port).begin()
    with console(daemon, f"syslog = tcp://127.0.0.1:{port}\n") as t:
        t.wait_text("LIVE")
        deny_one(daemon, t)

        def told():
            return [json.loads(parts(m)[6]) for m in collector.messages if parts(m)[5] == b"operator.command"]

        wait_for("the act", told)
        check(t.stop() == 0, "exit code")
    check(len(told()) == 1, f"{len(told())} times")
    body = told()[0]
    check(body["unmapped"]["command.verb"] == "deny" and body["unmapped"]["backend"] == "d", f"{body}")
    with open(segment(daemon), "rb") as f:
        command = next(json.loads(line) for line in f if b"operator.command" in line and b'"from"' not in line)
    check(command["n"] == body["metadata"]["sequence"], f"another record: {command}")
    collector.end()


def a_collector_that_is_away_is_an_alarm_of_the_console(daemon):
    port = free_port()
    with console(daemon, f"syslog = tcp://127.0.0.1:{port}\n") as t:
        t.wait_text("LIVE")
        deny_one(daemon, t)
        t.press("6", "own record: the syslog collector")
        collector = Collector(port).begin()
        wait_for("the act", lambda: [m for m in collector.messages if parts(m)[5] == b"operator.command"], 40)
        check(t.stop() == 0, "exit code")
        collector.end()


if __name__ == "__main__":
    run([its_heads_are_kept_elsewhere, its_operators_acts_are_told, a_collector_that_is_away_is_an_alarm_of_the_console])
