"""Stop and fleet stop: real processes, confirmed from the process table, latched."""
import os
import signal
import subprocess
import sys

from daemon import Console, Held, check, run, verdict, wait_for

# An agent's process: tells the socket who it is, starts a child, and waits. `stubborn` ignores SIGTERM.
AGENT = r"""
import http.client, json, os, signal, socket, subprocess, sys
path, session, how = sys.argv[1:4]
if how == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "300"])
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
c = Unix("localhost")
c.request("POST", "/hook/claude", json.dumps({"hook_event_name": "SessionStart", "session_id": session, "cwd": "/"}),
          {"X-Checkrein-Pid": str(os.getppid() if how == "liar" else os.getpid())})
c.getresponse().read()
print(child.pid, flush=True)
child.wait()
signal.pause()
"""


class Agent:
    def __init__(self, daemon, session, how="plain"):
        self.process = subprocess.Popen([sys.executable, "-c", AGENT, daemon.socket, session, how], stdout=subprocess.PIPE, text=True)
        self.child = int(self.process.stdout.readline() or 0)  # 0: it was ended before it could say

    def gone(self):
        return self.process.poll() is not None and not alive(self.child)

    def end(self):
        for pid in filter(None, (self.child, self.process.pid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def state_of(daemon, session):
    return next(a for a in daemon.status()["agents"] if a["gen_ai.agent.id"] == "claude:" + session)


def stop_ends_the_processes(daemon):
    console = Console(daemon)
    for how in ("plain", "stubborn"):
        agent = Agent(daemon, how, how)
        try:
            check(state_of(daemon, how)["process.pid"] == agent.process.pid, "the pid was not learnt")
            done = console.command("stop", agent="claude:" + how)
            check(done["state"] == "confirmed", f"{how}: {done}")
            wait_for("the processes are gone", agent.gone, 5)
            check(state_of(daemon, how)["agent.state"] == "stopped", "state")
        finally:
            agent.end()


def another_process_is_not_ended(daemon):
    """The parent is claimed: it is an ancestor, so it is believed; a stranger is not."""
    stranger = subprocess.Popen(["sleep", "300"])
    code = AGENT.replace("str(os.getppid() if how == \"liar\" else os.getpid())", repr(str(stranger.pid)))
    liar = subprocess.Popen([sys.executable, "-c", code, daemon.socket, "liar", "plain"], stdout=subprocess.PIPE, text=True)
    child = int(liar.stdout.readline())
    try:
        check("process.pid" not in state_of(daemon, "liar"), "a claimed pid of another process was believed")
        Console(daemon).command("stop", agent="claude:liar", wait="accepted")
        check(stranger.poll() is None, "a stranger's process was ended")
    finally:
        for pid in (child, liar.pid, stranger.pid):
            os.kill(pid, signal.SIGKILL)
        liar.wait()
        stranger.wait()


def an_end_is_seen(daemon):
    console = Console(daemon)
    agent = Agent(daemon, "mortal")
    h = Held(daemon, "mortal")
    console.request_for(h.id)
    agent.end()
    console.event("agent.state", 5, agent__state="stopped")
    check(not daemon.status()["approvals"], "the request of a dead process still waits")
    check(verdict(h.answer(5)) == "deny", "who asked in its name waits for ever")


def fleet_stop(daemon):
    console = Console(daemon)
    agents = [Agent(daemon, f"a{i}", "stubborn" if i % 3 == 0 else "plain") for i in range(12)]
    daemon.hook("UserPromptSubmit", "no-process", prompt="x")
    waiting = Held(daemon, "waits")
    console.request_for(waiting.id)
    try:
        started = console.command("stop_all", wait="accepted")
        check(started["state"] == "accepted", str(started))
        check(verdict(waiting.answer()) == "deny", "a pending call")
        for a in agents:
            wait_for("all gone", a.gone, 10)
        count = lambda: daemon.status()["backends"][0]  # noqa: E731
        wait_for("counted", lambda: count()["fleet.stop.confirmed"] == 13)
        check(count()["fleet.stop.requested"] == 14 and count()["fleet.stop.unreachable"] == 1, str(count()))
        answer = daemon.hook("UserPromptSubmit", "no-process", prompt="more")
        check(answer.get("decision") == "block", f"a prompt under the latch: {answer}")
        console.until("confirmed", lambda f: f["kind"] == "result" and f["command"] == started["command"] and f["state"] == "confirmed")
        check(verdict(Held(daemon, "fresh", tool="Read", file_path="/x").answer()) == "deny", "a fresh agent under the latch")
        check(console.command("resume", agent="claude:a1")["state"] == "refused", "resume under the latch")
        check(console.command("reset_stop")["state"] == "confirmed", "reset")
        check(verdict(Held(daemon, "a1", tool="Read", file_path="/x").answer()) == "deny", "the reset resumed a stopped agent")
        check(verdict(Held(daemon, "later", tool="Read", file_path="/x").answer()) == "allow", "after the reset")
    finally:
        for a in agents:
            a.end()


def stop_and_reset_at_once(daemon):
    """Both in one turn of the daemon: what is shown and recorded of the latch is what holds."""
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="x")
    daemon.process.send_signal(signal.SIGSTOP)
    console.command("stop_all", wait=False)
    reset = console.command("reset_stop", wait=False)
    daemon.process.send_signal(signal.SIGCONT)
    console.until("reset", lambda f: f["kind"] == "result" and f["command"] == reset and f["state"] == "confirmed")
    check(verdict(Held(daemon, "later", tool="Read", file_path="/x").answer()) == "allow", "after the reset")
    check(not daemon.status()["backends"][0]["fleet.stop.latched"], "a stop is shown, and calls run")
    check(not daemon.events("fleet.stop")[-1]["data"]["fleet.stop.latched"], "the reset is not in the record")


def the_latch_holds_for_who_comes_later(daemon):
    console = Console(daemon)
    agents = [Agent(daemon, "old")]
    count = lambda: {k.rsplit(".", 1)[1]: v for k, v in daemon.status()["backends"][0].items() if "stop" in k}  # noqa: E731
    try:
        check(console.command("stop_all")["state"] == "confirmed", "stop")
        agents.append(Agent(daemon, "late", "stubborn"))
        wait_for("the end of an agent that was started under the latch", agents[1].gone, 10)
        wait_for("it is counted", lambda: (count()["requested"], count()["confirmed"]) == (2, 2))
        daemon.hook("UserPromptSubmit", "no-process", prompt="x")
        check(state_of(daemon, "no-process")["agent.state"] == "stopped", "one without a process, whose prompt was refused")
        check((count()["requested"], count()["confirmed"]) == (3, 3), f"{count()}")
        daemon.kill()
        daemon.start()
        agents.append(Agent(daemon, "after-restart", "stubborn"))
        wait_for("the end of an agent that was started after a restart", agents[2].gone, 10)
    finally:
        for a in agents:
            a.end()


def a_call_from_before_a_restart_goes_on(daemon):
    """No process is known: a stop is not confirmed by a refused call while one that was let run has not ended."""
    console = Console(daemon)
    runs = Held(daemon, call="toolu_A", command="sleep 1000")
    console.approve(console.request_for("toolu_A"), wait="accepted")
    check(verdict(runs.answer()) == "allow", "approved")
    daemon.kill()
    daemon.start()
    console = Console(daemon)
    waits = Held(daemon, call="toolu_B", command="x")
    console.request_for("toolu_B")
    done = console.command("stop", agent="claude:s1", wait="accepted")
    check(verdict(waits.answer()) == "deny", "what waited is refused")
    check(state_of(daemon, "s1")["agent.state"] == "stopping", f"{state_of(daemon, 's1')}")
    daemon.hook("PostToolUse", tool_name="Bash", tool_use_id="toolu_A", tool_input={"command": "sleep 1000"}, tool_response={})
    console.until("confirmed", lambda f: f["kind"] == "result" and f["command"] == done["command"] and f["state"] == "confirmed")
    check(state_of(daemon, "s1")["agent.state"] == "stopped", f"{state_of(daemon, 's1')}")


def from_the_shell(daemon):
    agent = Agent(daemon, "one")
    try:
        done = daemon.run("stop-all")
        check(done.returncode == 0, f"{done}")
        check(agent.gone(), "stop-all said done, and a process lives")
        check(daemon.run("reset-stop").returncode == 0, "")
        check(daemon.run("reset-stop").returncode == 3, "nothing to reset")
    finally:
        agent.end()


def session_end_is_not_the_end(daemon):
    """A client that says goodbye while its process lives is not counted as stopped."""
    console = Console(daemon)
    agent = Agent(daemon, "fake", "stubborn")
    try:
        daemon.hook("SessionEnd", "fake", reason="other")
        console.command("stop_all", wait="accepted")
        wait_for("gone", agent.gone, 10)
        wait_for("counted", lambda: daemon.status()["backends"][0]["fleet.stop.confirmed"] == 1)
    finally:
        agent.end()


if __name__ == "__main__":
    run([stop_ends_the_processes, another_process_is_not_ended, an_end_is_seen, fleet_stop, from_the_shell,
         session_end_is_not_the_end, stop_and_reset_at_once, the_latch_holds_for_who_comes_later,
         a_call_from_before_a_restart_goes_on])
