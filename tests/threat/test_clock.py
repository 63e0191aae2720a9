"""Threat 24: the clock is set by a day, there and back. Waits are monotonic, order is by number, and it is told."""
import os
import subprocess
import sys
import time

from daemon import Console, Held, check, run, verdict, wait_for, with_daemon
from shim import Shim
from terminal import Terminal

DAY = 86400

# An agent's process that ignores SIGTERM, and has told the daemon who it is.
STUBBORN = """
import http.client, json, os, signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
c = Unix("localhost")
c.request("POST", "/hook/claude", json.dumps({"hook_event_name": "SessionStart", "session_id": "stubborn", "cwd": "/"}),
          {"X-Checkrein-Pid": str(os.getpid())})
c.getresponse().read()
print("ready", flush=True)
while True:
    signal.pause()
"""


@with_daemon(shim=True)
def of_the_daemon(daemon):
    console = Console(daemon)
    waits = Held(daemon, command="touch kept")
    request = console.request_for(waits.id)
    for seconds in (DAY, -DAY, 0):
        told = len(daemon.events("signal.raised"))
        daemon.shim.say("clock", seconds)
        h = Held(daemon, f"s{seconds}", command="ls")
        asked = console.request_for(h.id)
        check(not waits.answered(0.05), "a held call was answered by a clock")
        done = console.approve(asked, wait="accepted")
        check(done["state"] == "accepted" and verdict(h.answer()) == "allow", f"{seconds}: {done}")
        wait_for("it is told", lambda told=told: len(daemon.events("signal.raised")) > told)
        words = daemon.events("signal.raised")[-1]["data"]["signal.title"]
        check("the clock of this machine was set by" in words, words)
    check(len(daemon.events("signal.raised")) == 3, "told again and again")
    console.approve(request, wait="accepted")
    check(verdict(waits.answer()) == "allow", "")
    seqs = [e["seq"] for e in daemon.events()]
    check(seqs == sorted(set(seqs)), "order")
    times = [r["t"] for r in daemon.records()]
    check(times != sorted(times), "the clock was not set back: the test shows nothing")
    done = daemon.verify()
    check(done.returncode == 0 and "set back" in done.stdout, done.stdout)
    again = Console(daemon, resume_after=seqs[0], instance=console.greeting["server"]["instance"])
    check(again.greeting["resumed"] is True, "resumed by number, not by time")


@with_daemon(shim=True)
def stopping_is_not_held_up(daemon):
    """Between SIGTERM and SIGKILL the clock goes back a day: the end comes all the same."""
    agent = subprocess.Popen([sys.executable, "-c", STUBBORN, daemon.socket], stdout=subprocess.PIPE, text=True)
    try:
        agent.stdout.readline()
        Console(daemon).command("stop", agent="claude:stubborn", wait="accepted")
        daemon.shim.say("clock", -DAY)
        wait_for("its end", lambda: agent.poll() is not None, 5)
    finally:
        agent.kill()
        agent.wait()


def of_a_console(daemon):
    """A jump arms nothing, and keeps nothing from being armed."""
    shim = Shim(daemon.dir)
    h = Held(daemon, "first", command="touch first")
    wait_for("the request", lambda: daemon.status()["approvals"])
    command = [daemon.binary, "console", "--config", daemon.console_config(options="arm_low_ms = 3000\narm_high_ms = 3000\n")]
    with Terminal(command, {"XDG_STATE_HOME": daemon.dir, **shim.env()}) as t:
        t.wait_text("touch first")
        t.press("2", "─ approvals ─")
        t.silent(0.7)
        t.press("a", "Esc back ┘")
        opened = time.monotonic()
        t.type("G")
        t.read(0.2)
        shim.say("clock", DAY)
        t.read(0.3)
        t.type("a")
        t.read(0.5)
        check(time.monotonic() - opened < 3, "the machine is too slow for this test to mean anything")
        check(not h.answered(), "a jump of the clock armed it")
        check(not daemon.events("operator.command"), "a command was sent")
        shim.say("clock", -DAY)
        until = time.monotonic() + 20
        while not h.answered() and time.monotonic() < until:  # each key arms anew
            t.read(3.3)
            t.type("a")
            t.read(0.3)
        check(verdict(h.answer()) == "allow", "it is never armed")
        t.press("\x1b", "─ approvals ─")
        t.type("Q")
        check(t.end() == 0, "exit code")
    os.remove(shim.path)


if __name__ == "__main__":
    run([of_the_daemon, stopping_is_not_held_up, of_a_console])
