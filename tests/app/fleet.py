"""Fleet stop over five hundred real processes: asked for once, every one seen to end, and latched."""
import contextlib
import json
import os
import re
import signal
import subprocess

from daemon import check, run, wait_for
from demo import Headless, processes
from tmux import Screen

AGENTS = 500
STUBBORN = 20


def agents_of(folder):
    """Pids of the agents' processes: they alone have the subcommand `demo-agent`."""
    found = []
    for pid in processes(folder):
        with contextlib.suppress(OSError, IndexError):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().split(b"\0")[1] == b"demo-agent":
                    found.append(pid)
    return found


def make_stubborn(pids):
    """A process that does not run does not end by SIGTERM: only SIGKILL ends it, after the grace."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def states(state):
    return {a["agent.state"] for a in state["agents"]}


def from_the_shell(daemon):
    demo = Headless(daemon, AGENTS)
    try:
        state = demo.wait_for_agents(daemon, AGENTS)
        wait_for("calls that wait", lambda: (demo.status(daemon) or {}).get("approvals"), 60)
        agents = agents_of(demo.folder)
        check(len(agents) >= AGENTS, "the agents are processes")
        make_stubborn(agents[:STUBBORN])
        ini = os.path.join(daemon.dir, "demo.ini")
        done = subprocess.run([daemon.binary, "stop-all", "--config", ini, "--wait", "60s"], capture_output=True, text=True,
                              timeout=90)
        check(done.returncode == 0 and "every agent is confirmed stopped" in done.stdout, f"{done.returncode} {done.stdout} {done.stderr}")
        check(not agents_of(demo.folder), "it was confirmed while processes of agents were alive")
        state = demo.status(daemon)
        check(states(state) == {"stopped"}, f"{states(state)}")
        check(not state["approvals"], "a call still waits")
        stop = state["backends"][0]
        check(stop["fleet.stop.latched"] is True, f"{stop}")
        check(stop["fleet.stop.requested"] == stop["fleet.stop.confirmed"] >= AGENTS, f"{stop}")
        check(stop["fleet.stop.unreachable"] == 0, f"{stop}")
    finally:
        demo.process.send_signal(signal.SIGTERM)
        demo.process.wait(60)


def from_the_keyboard(daemon):
    with Screen([daemon.binary, "demo", "--agents", str(AGENTS)], 120, 40) as s:
        s.wait("the agents", lambda shown: int((re.search(r"(\d+) agents", shown[0]) or [0, 0])[1]) >= AGENTS, 120)
        s.learn_folder()
        agents = agents_of(s.folder)
        check(len(agents) >= AGENTS, "the agents are processes")
        make_stubborn(agents[:STUBBORN])
        s.keys("!", "S")

        def all_confirmed(shown):
            found = re.search(r"requested (\d+) +confirmed (\d+) +unreachable (\d+)", "\n".join(shown))
            return found and int(found[1]) >= AGENTS and found[1] == found[2] and found[3] == "0"
        s.wait("that all are confirmed", all_confirmed, 60)
        check(not agents_of(s.folder), "it was shown as confirmed while processes of agents were alive")
        check("STOPPED" in s.rows()[0], "latched")
        s.keys("Q")
        check(s.wait_end(60) == 0, "exit code")


if __name__ == "__main__":
    run([from_the_shell, from_the_keyboard])
