"""Ending an agent: everything below it, confirmed when nothing is left, also over the daemon's own end."""
import contextlib
import os
import signal
import subprocess
import sys

from daemon import Console, check, run, wait_for

# An agent that claims its own process, its parent's, or another later, or is itself deaf to SIGTERM; its child is
#   stubborn  ignores SIGTERM          heir     starts another when it is told to end
#   orphan    in the group of a leader that lives, of a parent that is gone
AGENT = r"""
import http.client, json, os, signal, socket, subprocess, sys
path, session, child, claims = sys.argv[1:5]
CHILDREN = {
    "plain": "import signal; signal.pause()",
    "stubborn": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)\nwhile 1: signal.pause()",
    "heir": '''
import os, signal, subprocess, sys
def end(*_):
    p = subprocess.Popen(["sleep", "300"], stdout=subprocess.DEVNULL)
    open(sys.argv[1], "w").write(str(p.pid))
signal.signal(signal.SIGTERM, end); print(1, flush=True)
while 1: signal.pause()''',
    "orphan": '''
import os, signal, subprocess, sys
os.setsid()
if os.fork() == 0:
    if os.fork() == 0:
        open(sys.argv[1] + ".new", "w").write(str(os.getpid()))
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while 1: signal.pause()
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]): pass
print(1, flush=True)
while 1: signal.pause()''',
}
note = os.path.join(os.path.dirname(path), session + ".pid")
p = subprocess.Popen([sys.executable, "-c", CHILDREN[child], note], stdout=subprocess.PIPE)
if child != "plain":
    p.stdout.readline()
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
def say(pid):
    c = Unix("localhost")
    c.request("POST", "/hook/claude", json.dumps({"hook_event_name": "SessionStart", "session_id": session, "cwd": "/"}),
              {"X-Checkrein-Pid": str(pid)})
    c.getresponse().read()
if claims == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
say(os.getppid() if claims == "parent" else os.getpid())
if claims == "other":
    q = subprocess.Popen([sys.executable, "-c", "exec(open(0).read())"], stdin=subprocess.PIPE)
    say(q.pid)
print(p.pid, flush=True)
while 1: signal.pause()
"""


class Agent:
    def __init__(self, daemon, session, child="plain", claims="self"):
        self.process = subprocess.Popen([sys.executable, "-c", AGENT, daemon.socket, session, child, claims],
                                        stdout=subprocess.PIPE, text=True)
        self.child = int(self.process.stdout.readline())
        self.note = os.path.join(os.path.dirname(daemon.socket), session + ".pid")

    def noted(self):
        with open(self.note) as f:
            return int(f.read())

    def end(self):
        with contextlib.suppress(OSError, ValueError):
            os.kill(self.noted(), signal.SIGKILL)
        for pid in (self.child, self.process.pid):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def confirmed_when_all_are_gone(daemon):
    console = Console(daemon)
    agent = Agent(daemon, "a", "stubborn")
    try:
        done = console.command("stop", agent="claude:a")
        check(done["state"] == "confirmed", str(done))
        check(not alive(agent.child) and not alive(agent.process.pid), "confirmed, and a child lives")
    finally:
        agent.end()


def what_they_start_meanwhile(daemon):
    console = Console(daemon)
    agent = Agent(daemon, "a", "heir")
    try:
        done = console.command("stop", agent="claude:a")
        check(done["state"] == "confirmed", str(done))
        check(not alive(agent.child) and not alive(agent.noted()), "confirmed, and what was started meanwhile lives")
    finally:
        agent.end()


def children_of_nobody(daemon):
    console = Console(daemon)
    agent = Agent(daemon, "a", "orphan")
    try:
        check(alive(agent.noted()), "the test's own orphan")
        check(console.command("stop", agent="claude:a")["state"] == "confirmed", "")
        check(not alive(agent.noted()), "a child whose parent was gone lives on")
    finally:
        agent.end()


def end_of_the_daemon_is_no_grace(daemon):
    console = Console(daemon)
    agent = Agent(daemon, "a", "stubborn")
    try:
        console.command("stop", agent="claude:a", wait="accepted")
        check(daemon.terminate() == 0, "exit code")
        wait_for("gone", lambda: not alive(agent.child), 2)
    finally:
        agent.end()


def goes_on_after_a_start(daemon):
    console = Console(daemon)
    one, all_of_them = (Agent(daemon, s, "stubborn", claims="deaf") for s in ("a", "b"))
    try:
        console.command("stop", agent="claude:a", wait="accepted")
        daemon.kill()
        daemon.start()
        wait_for("the stopped agent is gone", lambda: not alive(one.child) and not alive(one.process.pid), 5)
        check(alive(all_of_them.child), "another agent was ended")
        console = Console(daemon)
        console.command("stop_all", wait="accepted")
        daemon.kill()
        daemon.start()
        wait_for("the fleet is gone", lambda: not alive(all_of_them.child) and not alive(all_of_them.process.pid), 5)
        wait_for("all are counted", lambda: (lambda b: b["fleet.stop.confirmed"] == b["fleet.stop.requested"] == 2)(
            daemon.status()["backends"][0]))
    finally:
        one.end()
        all_of_them.end()


def nobody_elses_process(daemon):
    """What the daemon itself descends from is not an agent's, whoever claims it (the test itself, here)."""
    console = Console(daemon)
    agent = Agent(daemon, "liar", claims="parent")
    try:
        told = daemon.status()["agents"][0]
        check("process.pid" not in told, f"a process that the daemon runs under was believed: {told}")
        console.command("stop", agent="claude:liar", wait="accepted")
        check(console.command("stop_all", wait="accepted")["state"] == "accepted", "")
    finally:
        agent.end()


def the_first_claim_stays(daemon):
    console = Console(daemon)
    agent = Agent(daemon, "a", claims="other")
    try:
        told = daemon.status()["agents"][0]
        check(told["process.pid"] == agent.process.pid, f"a process of its own choosing was put in front: {told}")
        check(console.command("stop", agent="claude:a")["state"] == "confirmed", "")
        check(not alive(agent.process.pid), "confirmed, and the agent lives")
    finally:
        agent.end()


def one_stop_after_another(daemon):
    """Every command has an end, also when a later one or a reset came first."""
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", "unreachable", prompt="x")
    first = console.command("stop_all", wait="accepted")
    second = console.command("stop_all", wait="accepted")
    ends = {}

    def ended(frame):
        if frame["kind"] == "result" and frame["state"] != "accepted":
            ends[frame["command"]] = frame["state"]
        return len(ends) == 3

    reset = console.command("reset_stop", wait=False)
    for f in console.frames:
        ended(f)
    console.until("three ends", ended)
    check(ends == {first["command"]: "superseded", second["command"]: "superseded", reset: "confirmed"}, str(ends))


def many_at_once(daemon):
    console = Console(daemon)
    agents = [Agent(daemon, f"m{i}") for i in range(40)]
    try:
        done = console.command("stop_all")
        check(done["state"] == "confirmed", str(done))
        left = [a for a in agents if alive(a.process.pid) or alive(a.child)]
        check(not left, f"{len(left)} of 40 live")
        counts = [e for e in daemon.events("fleet.stop")]
        check(len(counts) < 60, f"{len(counts)} counts were told for 40 agents")
    finally:
        for a in agents:
            a.end()


if __name__ == "__main__":
    run([confirmed_when_all_are_gone, what_they_start_meanwhile, children_of_nobody, end_of_the_daemon_is_no_grace,
         goes_on_after_a_start, nobody_elses_process, the_first_claim_stays, one_stop_after_another, many_at_once])
