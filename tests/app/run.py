"""`checkrein run`: an agent in a tree of its own, seen and held by the daemon; its reins are confirmed by /proc."""
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from daemon import DEADLINE, Console, Held, check, run, ulid, verdict, wait_for

# A process that counts in a file, ten times in a tenth of a second; how it hangs together with its parent:
#   child      an ordinary one                  double    its parent has ended: nobody's
#   session    nobody's, in a session of its own
#   deaf       an ordinary one that ignores SIGTERM
#   headless   its first thread has ended, another one counts: /proc shows a zombie
#   traced     its first thread is stopped by a tracer, another one counts
COUNTER = r"""
import ctypes, os, platform, signal, sys, threading, time
path, how = sys.argv[1:3]
if how in ("double", "session"):
    if os.fork():
        os._exit(0)
    if how == "session":
        os.setsid()
    if os.fork():
        os._exit(0)
if how == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
def count():
    n = 0
    while True:
        n += 1
        with open(path + ".new", "w") as f:
            f.write(f"{os.getpid()} {n}")
        os.rename(path + ".new", path)
        time.sleep(0.01)
libc = ctypes.CDLL(None)
pid = os.fork() if how == "traced" else 0
if pid:
    while not os.path.exists(path):
        time.sleep(0.01)
    libc.ptrace(16, pid, None, None)  # PTRACE_ATTACH
    os.waitpid(pid, 0)
    os.waitpid(pid, 0)  # it ends with it
    os._exit(0)
if how in ("headless", "traced"):
    threading.Thread(target=count).start()
    if how == "headless":
        libc.syscall(60 if platform.machine() == "x86_64" else 93, 0)  # exit, of this thread
    signal.pause()
count()
"""
# An agent with one such process of each kind named.
AGENT = r"""
import subprocess, sys, time
folder, *kinds = sys.argv[2:]
for kind in kinds:
    subprocess.Popen([sys.executable, "-c", sys.argv[1], f"{folder}/{kind}", kind], stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
while True:
    time.sleep(0.05)
"""
KINDS = ("child", "double", "session", "deaf")


def stat_of(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()


def alive(pid):
    try:
        return stat_of(pid)[0] not in "ZX"
    except OSError:
        return False


def state_of(pid):
    try:
        return stat_of(pid)[0]
    except OSError:
        return "gone"


def children(parent):
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and int(stat_of(int(name))[1]) == parent:
                found.append(int(name))
    return found


# Under the sanitizer, what looks for leaks at a process's end is a process below it. A stop ends that with all others,
# and the guardian would wait for it until it is killed. `once` leaves it on.
NO_LEAK_CHECK = {"ASAN_OPTIONS": "detect_leaks=0"}


class Run:
    """One `checkrein run` of an agent with counters."""

    def __init__(self, daemon, *kinds, options=(), program=None, name="worker", env=None, **more):
        self.daemon = daemon
        self.dir = tempfile.mkdtemp(prefix="count-", dir=daemon.dir)
        self.kinds = kinds
        program = program or [sys.executable, "-c", AGENT, COUNTER, self.dir, *kinds]
        self.process = subprocess.Popen(command(daemon, "--name", name, *options, "--", *program), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=environment(daemon, {**NO_LEAK_CHECK, **(env or {})}),
                                        **more)
        for kind in kinds:
            wait_for(f"the counter {kind}", lambda k=kind: os.path.exists(f"{self.dir}/{k}"))
        self.program = wait_for("the program", lambda: children(self.process.pid))

    def read(self, kind):
        with open(f"{self.dir}/{kind}") as f:
            pid, n = f.read().split()
        return int(pid), int(n)

    def pids(self):
        return {kind: self.read(kind)[0] for kind in self.kinds}

    def moves(self, kind):
        before = self.read(kind)[1]
        wait_for(f"{kind} counts on", lambda: self.read(kind)[1] > before)

    def stands(self):
        """Nothing is counted while something else that counts as fast gets far."""
        before = {kind: self.read(kind)[1] for kind in self.kinds}
        clock = subprocess.Popen([sys.executable, "-c", COUNTER, f"{self.dir}/clock", "child"])
        try:
            wait_for("the clock", lambda: os.path.exists(f"{self.dir}/clock") and self.read("clock")[1] >= 20)
        finally:
            clock.kill()
            clock.wait()
        return before == {kind: self.read(kind)[1] for kind in self.kinds}

    def agent(self):
        found = wait_for("the agent", lambda: [a for a in self.daemon.status()["agents"] if a["gen_ai.agent.name"] == "worker"])
        check(len(found) == 1, f"one agent, and {len(found)} rows: {found}")
        return found[0]

    def end(self):
        for pid in [*self.program, *(self.read(kind)[0] for kind in self.kinds), self.process.pid]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()


@contextlib.contextmanager
def running(daemon, *kinds, **options):
    one = Run(daemon, *kinds, **options)
    try:
        yield one, wait_for("the row", lambda: one.agent())["gen_ai.agent.id"]
    finally:
        one.end()


def environment(daemon, more=None):
    return {**os.environ, "XDG_STATE_HOME": daemon.dir, "XDG_CONFIG_HOME": daemon.dir, "XDG_RUNTIME_DIR": daemon.dir + "/run",
            "CLAUDE_CONFIG_DIR": daemon.dir + "/claude", "DBUS_SESSION_BUS_ADDRESS": "", **(more or {})}


def command(daemon, *words):
    return [daemon.binary, "run", "--config", daemon.config_file, "--socket", daemon.socket, "--token-file", daemon.token_file, *words]


def once(daemon, *words, env=None, **options):
    return subprocess.run(command(daemon, *words), capture_output=True, text=True, timeout=60, env=environment(daemon, env),
                          **options)


# ---- a program like any other

def passes_through(daemon):
    done = once(daemon, "--", "sh", "-c", "cat; echo out; echo err >&2; exit 7", input="in\n")
    check((done.returncode, done.stdout, done.stderr) == (7, "in\nout\n", "err\n"), f"{done}")
    check(once(daemon, "--", "sh", "-c", "kill -TERM $$").returncode == 143, "the signal's exit code")
    check(once(daemon, "--", "sh", "-c", "kill -KILL $$").returncode == 137, "the signal's exit code")
    done = once(daemon, "--", "/no/such/program")
    check(done.returncode == 127 and "no such file" in done.stderr, f"{done}")
    done = once(daemon, "--", "/")
    check(done.returncode == 126 and "permission denied" in done.stderr, f"{done}")
    done = once(daemon, "--", "sh", "-c", "trap '' PIPE; kill -PIPE $$; exit 3")
    check(done.returncode == 3, f"{done}")
    done = once(daemon, "--", "sh", "-c", "kill -PIPE $$; exit 3")
    check(done.returncode == 141, f"a signal that we ignore was ignored by the program too: {done}")
    for words in ((), ("--",), ("sh",), ("--nonsense", "--", "true"), ("--name",), ("--runtime", "x", "--", "true")):
        done = once(daemon, *words)
        check(done.returncode in (1, 2) and done.stderr, f"{words}: {done}")
    wait_for("all are over", lambda: all(a["agent.state"] == "stopped" for a in daemon.status()["agents"]))
    check("it ended: exit code 7" in json.dumps(daemon.events("agent.state")), "the exit code is not told")


def signals_are_passed_on(daemon):
    loop = 'trap "exit 6" TERM INT HUP QUIT USR1 USR2; echo up; while :; do sleep 0.05; done'
    for signo in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        one = Run(daemon, program=["sh", "-c", loop])
        try:
            one.process.stdout.readline()
            one.process.send_signal(signo)
            check(one.process.wait(DEADLINE) == 6, f"{signo!r}: {one.process.returncode}")
        finally:
            one.end()


def what_is_seen(daemon):
    with running(daemon, "child", options=["--on-behalf-of", "a.ng", "--task", "count on"]) as (one, _):
        a = one.agent()
        want = {"agent.on_behalf_of": "a.ng", "task.title": "count on", "permissions.mode": "calls are not held", "agent.state": "running", "process.pid": one.process.pid,
                "agent.runtime": os.path.basename(sys.executable)}
        check({k: a.get(k) for k in want} == want, f"{a}")
        started = daemon.events("agent.started")[-1]["data"]
        check(started["agent.owner"] == f"uid:{os.geteuid()}", f"{started}")
        reins = [r["rein"] for r in started["reins"]]
        check(reins == ["freeze", "interrupt", "stop", "kill"], f"{reins}")
        check("as claimed" in json.dumps(started["delegation"]), "a claim is not told as one")
        done = daemon.run("pause", "worker")
        check(done.returncode == 0 and state_of(one.pids()["child"]) == "T", f"pause without a gate freezes: {done}")


# ---- reins

def freeze_and_resume(daemon):
    with running(daemon, *KINDS) as (one, agent):
        console = Console(daemon)
        done = console.command("freeze", agent=agent)
        check(done["state"] == "confirmed" and "5 of 5" in done["by"], f"{done}")
        check({state_of(p) for p in one.pids().values()} == {"T"}, f"{ {k: state_of(p) for k, p in one.pids().items()} }")
        check(one.stands(), "frozen, and it counts")
        a = one.agent()
        check(a["agent.state"] == "paused" and a["agent.gate"] == "freeze", f"{a}")
        check(console.command("freeze", agent=agent)["state"] == "refused", "twice")
        check(console.command("pause", agent=agent)["state"] == "refused", "paused while it is frozen")
        check(alive(one.process.pid) and state_of(one.process.pid) != "T", "the guardian was frozen too")
        os.kill(one.pids()["double"], signal.SIGCONT)
        console.event("signal.raised", signal__severity="high")
        wait_for("it is stopped again", lambda: state_of(one.pids()["double"]) == "T")
        done = console.command("resume", agent=agent)
        check(done["state"] == "confirmed" and "go on" in done["by"], f"{done}")
        for kind in KINDS:
            one.moves(kind)
        check(daemon.run("freeze", "worker").returncode == 0 and one.stands(), "by the verb")
        check(daemon.run("resume", "worker").returncode == 0, "")
        one.moves("session")


def what_was_stopped_before(daemon):
    with running(daemon, "child", "double") as (one, agent):
        console = Console(daemon)
        pids = one.pids()
        os.kill(pids["double"], signal.SIGSTOP)
        wait_for("its user has stopped it", lambda: state_of(pids["double"]) == "T")
        check(console.command("freeze", agent=agent)["state"] == "confirmed", "")
        done = console.command("resume", agent=agent)
        check(done["state"] == "confirmed" and "1 of 3 processes were stopped before" in done["by"], f"{done}")
        check(state_of(pids["double"]) == "T", "it was let go on")
        one.moves("child")


def stop_ends_all(daemon):
    with running(daemon, *KINDS) as (one, agent):
        pids = one.pids()
        done = Console(daemon).command("stop", agent=agent)
        check(done["state"] == "confirmed", f"{done}")
        check(not any(alive(p) for p in pids.values()), f"confirmed, and these live: {[k for k, p in pids.items() if alive(p)]}")
        check(one.process.wait(DEADLINE) == 143, f"the guardian: {one.process.returncode} {one.process.stderr.read()}")
        check(one.agent()["agent.state"] == "stopped", "")


def stop_of_a_frozen_one(daemon):
    """It gets no turn to run in: it is killed where it stands."""
    with running(daemon, "child", "double") as (one, agent):
        console = Console(daemon)
        check(console.command("freeze", agent=agent)["state"] == "confirmed", "")
        pids, before = one.pids(), {kind: one.read(kind)[1] for kind in one.kinds}
        check(console.command("stop", agent=agent)["state"] == "confirmed", "")
        check(not any(alive(p) for p in pids.values()), "")
        check(before == {kind: one.read(kind)[1] for kind in one.kinds}, "it ran once more")


def reins_hold(daemon, kind, first):
    """The first thread does not speak for its process."""
    with running(daemon, kind) as (one, agent):
        console = Console(daemon)
        wait_for("its first thread", lambda: state_of(one.pids()[kind]) == first)
        done = console.command("freeze", agent=agent)
        check(done["state"] == "confirmed" and one.stands(), f"frozen, and it counts: {done}")
        check(console.command("resume", agent=agent)["state"] == "confirmed", "")
        one.moves(kind)
        check(console.command("stop", agent=agent)["state"] == "confirmed" and one.stands(), "ended, and it counts")
        check(one.process.wait(DEADLINE) == 143, "the guardian")


def without_its_first_thread(daemon):
    reins_hold(daemon, "headless", "Z")
    with tempfile.TemporaryDirectory(dir=daemon.dir) as d:
        done = once(daemon, "--", sys.executable, "-c", LEAVES.replace('"session"', '"headless"'), COUNTER, f"{d}/left")
        check(done.returncode == 5 and "1 processes that it left behind" in done.stderr, f"{done}")


def with_its_first_thread_traced(daemon):
    reins_hold(daemon, "traced", "t")


def patient(daemon):
    """A grace that no test waits for."""
    with open(daemon.config_file, "w") as f:
        f.write("[serve]\nstop_grace_ms = 60000\n")
    daemon.kill()
    daemon.start()


def kill_is_at_once(daemon):
    patient(daemon)
    with running(daemon, *KINDS) as (one, agent):
        pids = one.pids()
        console = Console(daemon)
        began = time.monotonic()
        done = console.command("kill", agent=agent)
        took = time.monotonic() - began
        check(done["state"] == "confirmed" and not any(alive(p) for p in pids.values()), f"{done}")
        check(one.process.wait(DEADLINE) == 137, f"the guardian: {one.process.returncode} {one.process.stderr.read()}")
        check(took < 2, f"SIGTERM and its grace came first: {took:.2f} s")
        check(console.command("kill", agent=agent)["state"] == "refused", "killed twice")


def kill_in_the_grace(daemon):
    patient(daemon)
    with running(daemon, "deaf") as (one, agent):
        console = Console(daemon)
        check(console.command("stop", agent=agent, wait="accepted")["state"] == "accepted", "")
        pid = one.pids()["deaf"]
        check(console.command("kill", agent=agent)["state"] == "confirmed" and not alive(pid), "")


def interrupts(daemon):
    console = Console(daemon)
    with running(daemon, "child") as (one, agent):
        done = console.command("interrupt", agent=agent)
        check(done["state"] == "confirmed" and "ended" in done["by"], f"{done}")
    one.process.wait(DEADLINE)
    deaf = [sys.executable, "-c", "import signal,time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(1, flush=True)\n"
            "while 1: time.sleep(1)"]
    one = Run(daemon, program=deaf, name="deaf")
    try:
        one.process.stdout.readline()
        done = console.command("interrupt", agent=find(daemon, "deaf"))
        check(done["state"] == "unverifiable" and "SIGINT" in done["reason"], f"{done}")
    finally:
        one.end()


def find(daemon, name):
    return wait_for(name, lambda: [a["gen_ai.agent.id"] for a in daemon.status()["agents"] if a["gen_ai.agent.name"] == name])[-1]


def fleet_stop(daemon):
    with running(daemon, *KINDS) as (one, _):
        pids = one.pids()
        check(Console(daemon).command("stop_all")["state"] == "confirmed", "")
        check(not any(alive(p) for p in pids.values()), "")
        done = once(daemon, "--", "touch", f"{daemon.dir}/ran")
        check(done.returncode == 3 and "reset-stop" in done.stderr, f"{done}")
        check(not os.path.exists(f"{daemon.dir}/ran"), "it was started while the fleet stop is latched")


# ---- what is left behind

def what_it_leaves_is_ended(daemon):
    with tempfile.TemporaryDirectory(dir=daemon.dir) as d:
        done = once(daemon, "--", sys.executable, "-c", LEAVES, COUNTER, f"{d}/left")
        check(done.returncode == 5 and "left behind" in done.stderr, f"{done}")
        with open(f"{d}/left") as f:
            check(not alive(int(f.read().split()[0])), "it lives on")
        p = subprocess.Popen(command(daemon, "--keep", "--name", "keeper", "--", sys.executable, "-c", LEAVES, COUNTER, f"{d}/kept"),
                             stderr=subprocess.PIPE, text=True, env=environment(daemon))
        check("waiting for" in p.stderr.readline(), "it is not said that it waits")
        with open(f"{d}/kept") as f:
            pid = int(f.read().split()[0])
        check(alive(pid), "it was ended")
        check(Console(daemon).command("kill", agent=find(daemon, "keeper"))["state"] == "confirmed", "")
        check(not alive(pid) and p.wait(DEADLINE) == 5, "what was kept is still a part of the agent")
        p.stderr.close()


LEAVES = r"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2], "session"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
sys.exit(5)
"""


def guardian_killed(daemon):
    with running(daemon, *KINDS) as (one, agent):
        console = Console(daemon)
        wait_for("the tree is written down", lambda: time.monotonic() > 0)
        pids = one.pids()
        seen = time.monotonic() + 1.5
        wait_for("a look of the daemon", lambda: time.monotonic() > seen)
        one.process.kill()
        told = console.event("signal.raised", signal__severity="emergency")["data"]["signal.title"]
        check("guardian died" in told and "5 processes" in told, told)
        check(all(alive(p) for p in pids.values()), "the agent's processes ended by themselves")
        done = console.command("freeze", agent=agent)
        check(done["state"] == "confirmed" and one.stands(), f"frozen without a guardian: {done}")
        check(console.command("resume", agent=agent)["state"] == "confirmed", "")
        daemon.kill()
        daemon.start()
        console = Console(daemon)
        check(console.command("freeze", agent=agent)["state"] == "confirmed", "")
        check(state_of(one.program[0]) == "T", "after the daemon's restart the program was taken for its own guardian")
        check(console.command("resume", agent=agent)["state"] == "confirmed", "")
        for kind in ("double", "session"):  # out of the program's group and session: the next daemon does not know of them
            os.kill(pids.pop(kind), signal.SIGKILL)
        done = console.command("stop", agent=agent)
        check(not alive(one.program[0]), "the program lives")
        check(done["state"] == "confirmed" and not any(alive(p) for p in pids.values()), f"{done}")


def daemon_restarted(daemon):
    with running(daemon, *KINDS) as (one, agent):
        check(Console(daemon).command("freeze", agent=agent)["state"] == "confirmed", "")
        daemon.kill()
        daemon.start()
        console = Console(daemon)
        wait_for("still frozen", lambda: one.agent()["agent.state"] == "paused")
        check(one.stands(), "the daemon's start let it go on")
        check(console.command("resume", agent=agent)["state"] == "confirmed", "")
        for kind in KINDS:
            one.moves(kind)
        daemon.terminate()
        daemon.start()
        console = Console(daemon)
        wait_for("the guardian is back", lambda: len([r for r in daemon.records() if r.get("from") == "run"]) >= 3)
        check(one.agent()["gen_ai.agent.id"] == agent, "another row")
        pids = one.pids()
        check(console.command("kill", agent=agent)["state"] == "confirmed" and not any(alive(p) for p in pids.values()), "")


def ended_while_the_daemon_was_away(daemon):
    with running(daemon, "child") as (one, _):
        daemon.kill()
        one.process.send_signal(signal.SIGTERM)
        check(one.process.wait(DEADLINE) == 143, "the guardian waits for a daemon that is not there")
        daemon.start()
        check(one.agent()["agent.state"] == "stopped", "")


def no_daemon(daemon):
    daemon.kill()
    marker = f"{daemon.dir}/ran"
    done = once(daemon, "--", "touch", marker)
    check(done.returncode == 1 and "not started" in done.stderr and not os.path.exists(marker), f"{done}")
    home = tempfile.mkdtemp(prefix="cr-none-")
    env = {**environment(daemon), "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "XDG_RUNTIME_DIR": home, "HOME": home}
    ini = os.path.join(home, "c.ini")
    with open(ini, "w") as f:
        f.write("[serve]\nhook_port = 0\n")
    try:
        done = subprocess.run([daemon.binary, "run", "--config", ini, "--", "sh", "-c", f"touch {marker}; exit 4"], env=env,
                              capture_output=True, text=True, timeout=60)
        check(done.returncode == 4 and os.path.exists(marker), f"with a daemon that it started: {done}")
        pid = wait_for("the daemon lives on", lambda: owner_of(f"{home}/checkrein/checkrein.sock"))
        os.kill(pid, signal.SIGTERM)
        wait_for("it ends", lambda: not alive(pid))
        os.unlink(marker)
        os.rename(ini, ini + "x")
        with open(ini, "w") as f:
            f.write("[serve]\nhook_port = 0\npolicy = /\n")
        done = subprocess.run([daemon.binary, "run", "--config", ini, "--", "touch", marker], env=env, capture_output=True,
                              text=True, timeout=60)
        check(done.returncode == 1 and "no daemon" in done.stderr and not os.path.exists(marker), f"{done}")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    daemon.start()


def owner_of(path):
    import socket
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    return None


# ---- the terminal

class Terminal:
    """A shell-less terminal of our own with the program in it."""

    def __init__(self, words, env, cols=91, rows=33):
        self.master, slave = pty.openpty()
        self.size(cols, rows)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=env, preexec_fn=self.own)
        self.seen = b""

    def own(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def size(self, cols, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, cols, 0, 0))

    def wait(self, text, deadline=DEADLINE):
        def look():
            while select.select([self.master], [], [], 0)[0]:
                try:
                    self.seen += os.read(self.master, 65536)
                except OSError:
                    break
            return text in self.seen
        try:
            wait_for(repr(text), look, deadline)
        except Exception:
            print(f"seen: {self.seen[-2000:]!r}")
            raise
        self.seen = self.seen[self.seen.index(text) + len(text):]

    def type(self, data):
        os.write(self.master, data)

    def put_back(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


INSIDE = r"""
import fcntl, os, signal, struct, sys, termios, tty
def size(*_):
    r, c = struct.unpack("4H", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))[:2]
    print(f"size {c}x{r}", flush=True)
signal.signal(signal.SIGWINCH, size)
print("tty", [os.isatty(i) for i in range(3)], os.getsid(0) == os.getpid(), os.tcgetpgrp(0) == os.getpgrp(), flush=True)
size()
for line in sys.stdin:
    line = line.strip()
    if line == "raw":
        tty.setraw(0)
        print("raw!", flush=True)
        print(repr(os.read(0, 3)) + "\r", flush=True)
        tty.setcbreak(0)
        break
    print(f"<{line}>", flush=True)
sys.exit(9)
"""


def a_terminal_of_its_own(daemon):
    t = Terminal(command(daemon, "--", sys.executable, "-c", INSIDE), environment(daemon))
    try:
        t.wait(b"tty [True, True, True] True True")
        t.wait(b"size 91x33")
        check(not termios.tcgetattr(t.slave)[3] & termios.ICANON, "the outer terminal is not raw")
        t.size(70, 20)
        t.wait(b"size 70x20")
        t.type("grüß dich\r".encode())
        t.wait("<grüß dich>".encode())
        t.type(b"raw\r")
        t.wait(b"raw!")
        t.type(b"\x03\x1a\x11")
        t.wait(rb"'\x03\x1a\x11'")
        check(t.process.wait(DEADLINE) == 9, "exit code")
        check(t.put_back(), "the terminal's modes are not put back")
    finally:
        t.close()


def much_output(daemon):
    t = Terminal(command(daemon, "--", sys.executable, "-c", "import sys; sys.stdout.write('x' * 3000000); print('END')"),
                 environment(daemon))
    try:
        t.wait(b"xEND\r\n")
        check(t.process.wait(DEADLINE) == 0, "exit code")
    finally:
        t.close()


def ctrl_c_and_ends(daemon):
    for keys, code in ((b"\x03", 130), (b"\x1c", 131)):
        t = Terminal(command(daemon, "--", "sh", "-c", "ulimit -c 0; echo go; exec sleep 100"), environment(daemon))
        try:
            t.wait(b"go")
            t.type(keys)
            check(t.process.wait(DEADLINE) == code, f"{keys}: exit code {t.process.returncode}")
            check(t.put_back(), f"{keys}: the terminal is not put back")
        finally:
            t.close()
    t = Terminal(command(daemon, "--", "sh", "-c", "echo go; exec sleep 100"), environment(daemon))
    try:
        t.wait(b"go")
        check(daemon.run("kill", find(daemon, os.path.basename(os.getcwd()))).returncode == 0, "killed")
        check(t.process.wait(DEADLINE) == 137 and t.put_back(), "killed: the terminal is not put back")
    finally:
        t.close()


def ctrl_z(daemon):
    """With a shell that has job control around it: the shell has the terminal, and `fg` goes on."""
    script = " ".join(f"'{w}'" for w in command(daemon, "--name", "sleeper", "--", "sh", "-c", 'echo "go"; exec cat'))
    env = {**environment(daemon), "PS1": "PROMPT> ", "ENV": "", "HISTFILE": "/dev/null"}
    t = Terminal(["bash", "--norc", "--noprofile", "-i"], env)
    try:
        t.wait(b"PROMPT> ")
        t.type(script.encode() + b"\r")
        t.wait(b"go\r\n")
        t.type(b"one\r")
        t.wait(b"one\r\none\r\n")
        t.type(b"\x1a")
        t.wait(b"Stopped")
        t.wait(b"PROMPT> ")
        t.type(b"echo 4$((1+1))\r")
        t.wait(b"42\r\n")
        t.type(b"fg\r")
        t.wait(b"cat")
        t.type(b"two\r")
        t.wait(b"two\r\ntwo\r\n")
        t.type(b"\x04")
        t.wait(b"PROMPT> ")
        t.type(b"exit\r")
        check(t.process.wait(DEADLINE) == 0, "")
    finally:
        t.close()


@contextlib.contextmanager
def in_a_shell(daemon, end):
    """`cat` behind a line that ends so, in a shell with job control."""
    script = " ".join(f"'{w}'" for w in command(daemon, "--name", "sleeper", "--", "sh", "-c", 'echo "go"; exec cat'))
    env = {**environment(daemon), "PS1": "PROMPT> ", "ENV": "", "HISTFILE": "/dev/null"}
    t = Terminal(["bash", "--norc", "--noprofile", "-i"], env)
    try:
        t.wait(b"PROMPT> ")
        t.type(script.encode() + end)
        yield t
    finally:
        t.close()


def foreground(t, word, first=b"cat"):
    t.type(b"fg\r")
    t.wait(first)
    wait_for("it is raw", lambda: not termios.tcgetattr(t.slave)[1] & termios.OPOST)
    t.type(word + b"\r")
    t.wait(word + b"\r\n" + word + b"\r\n")


def stopped_from_outside(daemon):
    """The terminal is this shell's while it is stopped, and the agent's again afterwards."""
    with in_a_shell(daemon, b"\r") as t:
        t.wait(b"go\r\n")
        guardian = children(t.process.pid)[0]
        program = children(guardian)[0]
        for signo, state in ((signal.SIGTSTP, "T"), (signal.SIGSTOP, "S")):
            os.kill(guardian, signo)
            t.wait(b"Stopped")
            t.wait(b"PROMPT> ")
            check(state_of(program) == state, f"{signo!r}: the program is {state_of(program)}")
            foreground(t, b"again%d" % signo)


def started_in_the_background(daemon):
    with in_a_shell(daemon, b" &\r") as t:
        t.wait(b"PROMPT> ")
        guardian = children(t.process.pid)[0]
        wait_for("it stops, as who reads from a terminal there", lambda: state_of(guardian) == "T")
        check(not daemon.events("agent.started"), "it was started")
        t.type(b"\r")
        t.wait(b"Stopped")
        foreground(t, b"two", first=b"go\r\n")


def frozen_is_no_suspension(daemon):
    """The operator's freeze does not give the terminal back: a user's `fg` would let the agent go on."""
    t = Terminal(command(daemon, "--name", "icy", "--", "sh", "-c", "echo go; exec cat"), environment(daemon))
    try:
        t.wait(b"go")
        console = Console(daemon)
        agent = find(daemon, "icy")
        check(console.command("freeze", agent=agent)["state"] == "confirmed", "")
        check(state_of(t.process.pid) != "T" and not t.put_back(), "the guardian has suspended itself")
        t.type(b"typed meanwhile\r")
        check(console.command("resume", agent=agent)["state"] == "confirmed", "")
        t.wait(b"typed meanwhile\r\ntyped meanwhile\r\n")
        t.type(b"\x04")
        check(t.process.wait(DEADLINE) == 0, "")
    finally:
        t.close()


# ---- a runtime with hooks

# What Claude Code does with its settings, as far as it matters here.
FAKE = r"""#!/usr/bin/env python3
import http.client, json, os, re, subprocess, sys, time
VERSION = os.environ.get("FAKE_VERSION", "2.1.328")
if sys.argv[1:] == ["--version"]:
    print(VERSION + " (Claude Code)")
    sys.exit()
at = sys.argv.index("--settings")
settings = json.load(open(sys.argv[at + 1]))
session = os.environ.get("FAKE_SESSION", "s1")
def hook(event, **fields):
    body = json.dumps({"hook_event_name": event, "session_id": session, "cwd": os.getcwd(), **fields})
    h = settings["hooks"][event][-1]["hooks"][0]
    if h["type"] == "command":
        done = subprocess.run(h["command"], shell=True, input=body, capture_output=True, text=True,
                              env={**os.environ, "CLAUDE_PID": str(os.getpid())})
        return json.loads(done.stdout) if done.returncode == 0 else done.returncode
    port = int(re.search(r":(\d+)/", h["url"]).group(1))
    c = http.client.HTTPConnection("127.0.0.1", port)
    headers = {k: re.sub(r"\$(\w+)", lambda m: os.environ.get(m.group(1), ""), v) for k, v in h["headers"].items()}
    c.request("POST", "/hook/claude", body, headers)
    return json.loads(c.getresponse().read())
print(json.dumps(sys.argv[1:]), flush=True)
print(json.dumps({k: os.environ.get(k) for k in ("CHECKREIN_AGENT", "OTEL_RESOURCE_ATTRIBUTES")}), flush=True)
hook("SessionStart", source="startup", model="claude-x")
hook("UserPromptSubmit", prompt="the prompt")
answer = hook("PreToolUse", tool_name="Bash", tool_use_id="toolu_1", tool_input={"command": "touch it"}, permission_mode="default")
print(json.dumps(answer), flush=True)
if os.environ.get("FAKE_CLEAR"):
    hook("SessionEnd", reason="clear")
    session = "s2"
    hook("SessionStart", source="clear")
    hook("PreToolUse", tool_name="Bash", tool_use_id="toolu_2", tool_input={"command": "touch that"}, permission_mode="default")
if os.environ.get("FAKE_WAIT"):
    while True:
        time.sleep(0.05)
hook("SessionEnd", reason="exit")
"""


@contextlib.contextmanager
def fake_claude(daemon, *words, env=None, options=("--name", "coder", "--task", "given")):
    folder = os.path.join(daemon.dir, "bin")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "claude"), "w") as f:
        f.write(FAKE)
    os.chmod(os.path.join(folder, "claude"), 0o755)
    env = environment(daemon, {"PATH": folder + ":" + os.environ["PATH"], **(env or {})})
    p = subprocess.Popen(command(daemon, *options, "--", "claude", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         stdin=subprocess.DEVNULL, text=True, env=env, cwd=daemon.dir)
    try:
        yield p
    finally:
        p.terminate()
        p.communicate(timeout=DEADLINE)


def request(daemon):
    return wait_for("a request", lambda: daemon.status()["approvals"])[0]


def approve(daemon, r):
    done = daemon.run("approve", r["approval.id"], "--digest", r["action.digest"])
    check(done.returncode == 0, f"{done}")


def one_agent_one_row(daemon):
    for version in ("2.1.328", "2.1.197"):
        with fake_claude(daemon, "-p", "hi", env={"FAKE_VERSION": version, "FAKE_SESSION": version, "OTEL_RESOURCE_ATTRIBUTES": "a=b",
                                                  "FAKE_WAIT": "1"}) as p:
            words = json.loads(p.stdout.readline())
            check(words[0] == "--settings" and words[2:] == ["-p", "hi"], f"{words}")
            check(os.stat(words[1]).st_mode & 0o777 == 0o600 and os.stat(os.path.dirname(words[1])).st_mode & 0o777 == 0o700, "modes")
            kind = json.load(open(words[1]))["hooks"]["PreToolUse"][0]["hooks"][0]["type"]
            check(kind == ("http" if version == "2.1.328" else "command"), f"{version} got {kind} hooks")
            env = json.loads(p.stdout.readline())
            check(env["CHECKREIN_AGENT"] == "coder" and re.fullmatch(r"a=b,checkrein\.agent=run:\w{26}", env["OTEL_RESOURCE_ATTRIBUTES"]),
                  f"{env}")
            r = request(daemon)
            rows = [a for a in daemon.status()["agents"] if a["agent.state"] != "stopped"]
            check(len(rows) == 1 and rows[0]["gen_ai.agent.id"] == r["gen_ai.agent.id"], f"{rows}")
            want = {"gen_ai.agent.name": "coder", "agent.runtime": "claude", "agent.state": "waiting_approval", "task.title": "given",
                    "permissions.mode": "default", "gen_ai.conversation.id": version}
            check({k: rows[0].get(k) for k in want} == want, f"{rows[0]}")
            agent = rows[0]["gen_ai.agent.id"]
            console = Console(daemon)
            check(console.command("freeze", agent=agent)["state"] == "confirmed", "")
            done = daemon.run("approve", r["approval.id"], "--digest", r["action.digest"])
            check(done.returncode == 3 and "frozen" in done.stdout, f"a frozen agent's call was let through: {done}")
            check(console.command("resume", agent=agent)["state"] == "confirmed", "")
            approve(daemon, request(daemon))
            check(verdict(json.loads(p.stdout.readline())) == "allow", "")
            check(console.command("kill", agent=agent)["state"] == "confirmed" and p.wait(DEADLINE) == 137, "")
            wait_for("the private folder goes", lambda: not os.path.exists(os.path.dirname(words[1])))
    check(not os.path.exists(f"{daemon.dir}/claude"), "settings of the user were touched")


def clear_is_the_same_agent(daemon):
    with fake_claude(daemon, env={"FAKE_CLEAR": "1", "FAKE_WAIT": "1"}):
        approve(daemon, request(daemon))
        second = wait_for("the second request", lambda: [r for r in daemon.status()["approvals"] if "touch that" in r["action"]])[0]
        rows = daemon.status()["agents"]
        check(len(rows) == 1 and rows[0]["gen_ai.conversation.id"] == "s2", f"{rows}")
        daemon.kill()
        daemon.start()
        rows = daemon.status()["agents"]
        check(len(rows) == 1 and rows[0]["gen_ai.agent.id"] == second["gen_ai.agent.id"], f"{rows}")
        h = Held(daemon, "s2", command="touch third")
        check(wait_for("the third", lambda: daemon.status()["approvals"])[0]["gen_ai.agent.id"] == second["gen_ai.agent.id"],
              "the session is another agent after the daemon's restart")
        h.hang_up()


def a_stopped_session_stays_stopped(daemon):
    """Taken up again in a run, its calls are refused all the same."""
    daemon.hook("UserPromptSubmit", "old", prompt="x")
    Console(daemon).command("stop", agent="claude:old", wait="accepted")
    with fake_claude(daemon, env={"FAKE_SESSION": "old"}) as p:
        p.stdout.readline()
        p.stdout.readline()
        check(verdict(json.loads(p.stdout.readline())) == "deny", "a stopped session was let through again")
    with fake_claude(daemon, env={"FAKE_SESSION": "new"}):
        agent = request(daemon)["gen_ai.agent.id"]
        check(Console(daemon).command("stop", agent=agent)["state"] == "confirmed", "")
    for _ in range(2):
        h = Held(daemon, "new", tool="Read", file_path="/x")
        check(verdict(h.answer()) == "deny", "the session of a stopped run was let through outside of it")
        daemon.kill()
        daemon.start()


def a_session_that_runs_is_not_taken_over(daemon):
    with fake_claude(daemon, env={"FAKE_SESSION": "s1", "FAKE_WAIT": "1"}):
        first = request(daemon)["gen_ai.agent.id"]
        with fake_claude(daemon, env={"FAKE_SESSION": "s1", "FAKE_WAIT": "1"}, options=("--name", "thief")):
            wait_for("its row", lambda: [a for a in daemon.status()["agents"] if a["gen_ai.agent.name"] == "thief"])
            h = Held(daemon, "s1", command="touch more")
            rows = wait_for("the requests", lambda: [r for r in daemon.status()["approvals"] if "touch more" in r["action"]])
            check(rows[0]["gen_ai.agent.id"] == first, "another run has taken the session over")
            h.hang_up()


def what_would_switch_the_hooks_off(daemon):
    project = os.path.join(daemon.dir, ".claude")
    os.mkdir(project)
    marker = "would be"
    cases = [("settings.json", '{"disableAllHooks": true}', (), 3, "disableAllHooks"),
             ("settings.local.json", '{"disableAllHooks":true}', (), 3, "disableAllHooks"),
             ("settings.json", '{"disableAllHooks": false}', (), 0, ""), ("settings.json", " \n", (), 0, ""),
             ("settings.json", '{"disableAllHooks": false, "disableAllHooks": true}', (), 3, "is not known"),
             ("settings.local.json", '\ufeff{"disableAllHooks": true}', (), 3, "is not known"),
             ("settings.json", '{"disableAllHooks": true, "a": "' + "x" * (1 << 20) + '"}', (), 3, "is not known"), (None, "", ("--bare",), 3, "--bare"),
             (None, "", ("--safe-mode",), 3, "--safe-mode"), (None, "", ("--settings", '{"disableAllHooks":true}'), 3, "disableAllHooks"),
             (None, "", ("--settings=/no/such/file",), 1, "/no/such/file")]
    for name, text, words, code, said in cases:
        if name:
            with open(os.path.join(project, name), "w") as f:
                f.write(text)
        with fake_claude(daemon, *words) as p:
            if code == 0:
                approve(daemon, request(daemon))
            out, err = p.communicate(timeout=60)
            check(p.returncode == code and said in err, f"{name} {text} {words}: {p.returncode} {err}")
            check(bool(out) == (code == 0), f"it was started: {out} {marker}")
        if name:
            os.unlink(os.path.join(project, name))
    with fake_claude(daemon, "--settings", '{"model": "mine", "env": {"A": "b"}}', "-p", "x", env={"FAKE_WAIT": "1"}) as p:
        words = json.loads(p.stdout.readline())
        mine = json.load(open(words[1]))
        check(words[2:] == ["-p", "x"] and mine["model"] == "mine" and mine["env"]["A"] == "b" and "PreToolUse" in mine["hooks"], f"{words}")


# ---- trust

LIAR = r"""
import http.client, json, os, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
for line in sys.stdin:
    path, body = json.loads(line)
    c = Unix("localhost")
    c.request("POST", path, body if isinstance(body, str) else json.dumps(body))
    r = c.getresponse()
    print(json.dumps([r.status, r.read().decode()]), flush=True)
"""


def lies(daemon):
    with running(daemon, "child") as (one, agent):
        liar = subprocess.Popen([sys.executable, "-c", LIAR, daemon.socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def post(path, body):
            liar.stdin.write(json.dumps([path, body]) + "\n")
            liar.stdin.flush()
            return json.loads(liar.stdout.readline())
        try:
            run_id = agent.split(":")[1]
            check(post("/run/started", {"run": run_id, "name": "mine now"})[0] == 403, "a run was taken over")
            check(post("/run/ended", {"run": run_id, "exit": 0})[0] == 404, "a run was ended by another")
            check(post("/run/line", {"run": run_id})[0] == 404, "")
            for body in ("", "{", "[]", "{}", '{"run": 1}', '{"run": "../x"}', '{"run": "' + "a" * 26 + '"}'):
                check(post("/run/started", body)[0] == 400, f"{body}")
            status, _ = daemon.post("/run/started", {"run": ulid(), "name": "over TCP"})
            check(status == 403, f"over the port: {status}")
            mine = ulid()
            check(post("/run/started", {"run": mine, "name": "x\x1b[31m\u202e", "pid": one.pids()["child"], "cwd": "/" * 9000,
                                        "task": "t" * 9000, "on_behalf_of": "w" * 900})[0] == 200, "")
            check(post("/run/started", {"run": mine, "name": "again"})[0] == 200, "the same guardian again")
            console = Console(daemon)
            check(console.command("kill", agent=f"run:{mine}")["state"] == "confirmed", "")
            check(alive(one.pids()["child"]), "a process that it named was killed")
            check(liar.wait(DEADLINE) == -9, "a guardian that does not end outlives its run")
        finally:
            liar.kill()
            liar.communicate()


def a_console_shields_nothing(daemon):
    """Whoever is an agent does not get out of reach by opening a console's connection."""
    program = [sys.executable, "-c", SHIELD, os.path.dirname(os.path.abspath(sys.modules["daemon"].__file__)), daemon.socket]
    one = Run(daemon, program=program, name="shield")
    try:
        pid = int(one.process.stdout.readline())
        done = json.loads(one.process.stdout.readline())
        check(done["state"] == "refused" and "needs the right" in done["reason"], f"an agent was its own operator: {done}")
        check(Console(daemon).command("stop", agent=find(daemon, "shield"))["state"] == "confirmed", "")
        check(not alive(pid), "it lives")
    finally:
        one.end()


SHIELD = r"""
import json, os, sys, time, types
sys.path.insert(0, sys.argv[1])
from daemon import Console
c = Console(types.SimpleNamespace(socket=sys.argv[2]))
print(os.getpid(), flush=True)
print(json.dumps(c.command("stop_all")), flush=True)
while True:
    time.sleep(0.05)
"""


# How an agent might get at a console's rights: the connection of a child that has ended, with more ancestors than anybody
# would read, or when the guardian is out of the way.
SNEAKS = {
    "a child that has ended": r"""
class Ended(socket.socket):
    def connect(self, where):
        pid = os.fork()
        if not pid:
            super().connect(where)
            os._exit(0)
        os.waitpid(pid, 0)
socket.socket = Ended
""",
    "many ancestors": r"""
for _ in range(70):
    if os.fork():
        os.wait()
        os._exit(0)
""",
    "no guardian": r"""
guardian = os.getppid()
time.sleep(1.5)
os.kill(guardian, 9)
while "+orphaned" not in json.dumps(Console(D).events):
    time.sleep(0.02)
""",
    "a child without a guardian": r"""
guardian = os.getppid()
time.sleep(1.5)
os.kill(guardian, 9)
while "+orphaned" not in json.dumps(Console(D).events):
    time.sleep(0.02)
if os.fork():
    os.wait()
    os._exit(0)
os.setsid()
""",
}
SNEAK = r"""
import json, os, socket, sys, time, types
sys.path.insert(0, sys.argv[1])
import daemon
from daemon import Console
D = types.SimpleNamespace(socket=sys.argv[2])
%s
c = Console(D)
with open(sys.argv[3] + ".new", "w") as f:
    json.dump([c.greeting["operator"]["scopes"], c.command("pause", agent=sys.argv[4])], f)
os.rename(sys.argv[3] + ".new", sys.argv[3])
time.sleep(1000)
"""


def an_agent_is_not_its_own_operator(daemon):
    support = os.path.dirname(os.path.abspath(sys.modules["daemon"].__file__))
    daemon.hook("UserPromptSubmit", "other", prompt="x")
    for n, (what, code) in enumerate(SNEAKS.items()):
        out = f"{daemon.dir}/sneak{n}"
        one = Run(daemon, program=[sys.executable, "-c", SNEAK % code, support, daemon.socket, out, "claude:other"], name=f"sneak{n}")
        try:
            scopes, done = json.loads(wait_for(what, lambda: os.path.exists(out) and open(out).read()))
            check(scopes == ["read"] and done["state"] == "refused" and "needs the right" in done["reason"],
                  f"{what}: {scopes} {done}")
            check(Console(daemon).greeting["operator"]["scopes"] == ["read", "decide", "control", "revoke", "stop"], "who is none")
            check(Console(daemon).command("kill", agent=find(daemon, f"sneak{n}"))["state"] == "confirmed", what)
        finally:
            one.end()


# ---- a cgroup of its own, where one can be made here

def cgroup_mount():
    with open("/proc/mounts") as f:
        for line in f:
            device, place, kind = line.split()[:3]
            if kind == "cgroup2":
                return place
    return None


SYSTEMD_RUN = r"""#!/bin/sh
# What systemd-run --user --scope does, with the folder in the place of the unit.
while [ $# -gt 0 ]; do
    case $1 in
    --unit=*) unit=${1#--unit=} ;;
    --) shift; break ;;
    esac
    shift
done
if [ -n "$unit" ]; then
    mkdir MOUNT/$unit || exit 1
    echo $$ >MOUNT/$unit/cgroup.procs || exit 1
fi
exec "$@"
"""


def can_make_cgroups():
    probe = f"{cgroup_mount()}/checkrein-test-{os.getpid()}"
    with contextlib.suppress(OSError):
        os.mkdir(probe)
        able = os.path.exists(probe + "/cgroup.kill")
        os.rmdir(probe)
        return able
    print("(no cgroup can be made here: not tested)")
    return False


def write_cgroup(folder, file, text):
    with open(f"{folder}/{file}", "w") as f:
        f.write(text)


def remove_cgroup(folder):
    def removed():
        with contextlib.suppress(OSError):
            os.rmdir(folder)
        return not os.path.exists(folder)
    with contextlib.suppress(OSError):
        write_cgroup(folder, "cgroup.kill", "1")
    wait_for("the cgroup goes", removed)


def is_frozen(unit):
    with open(f"{unit}/cgroup.events") as f:
        return "frozen 1" in f.read()


@contextlib.contextmanager
def in_a_cgroup(daemon):
    """A run with a cgroup that the daemon has seen: it, the agent's id and the folder."""
    folder = os.path.join(daemon.dir, "bin")
    os.makedirs(folder)
    with open(f"{folder}/systemd-run", "w") as f:
        f.write(SYSTEMD_RUN.replace("MOUNT", cgroup_mount()))
    os.chmod(f"{folder}/systemd-run", 0o755)
    env = {"PATH": folder + ":" + os.environ["PATH"], "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    with running(daemon, *KINDS, env=env) as (one, agent):
        unit = f"{cgroup_mount()}/checkrein-{agent.split(':')[1]}.scope"
        try:
            wait_for("its cgroup", lambda: os.path.isdir(unit))
            seen = time.monotonic() + 1.5
            wait_for("a look of the daemon", lambda: time.monotonic() > seen)
            yield one, agent, unit
        finally:
            one.end()
            remove_cgroup(unit)


def frozen_by_its_cgroup(console, one, agent, unit):
    done = console.command("freeze", agent=agent)
    check(done["state"] == "confirmed" and "by their cgroup" in done["by"], f"{done}")
    check(is_frozen(unit), "the cgroup is not frozen")
    check(one.stands() and state_of(one.pids()["child"]) != "T", "frozen, and it counts")


def a_cgroup_of_its_own(daemon):
    if not can_make_cgroups():
        return
    with in_a_cgroup(daemon) as (one, agent, unit):
        console = Console(daemon)
        frozen_by_its_cgroup(console, one, agent, unit)
        check(console.command("resume", agent=agent)["state"] == "confirmed", "")
        one.moves("session")
        one.process.kill()
        console.event("signal.raised", signal__severity="emergency")
        late = subprocess.Popen([sys.executable, "-c", COUNTER, f"{one.dir}/late", "session"],
                                preexec_fn=lambda: write_cgroup(unit, "cgroup.procs", str(os.getpid())))
        late.wait()
        pid = wait_for("a later one", lambda: os.path.exists(f"{one.dir}/late") and one.read("late")[0])
        pids = one.pids()
        check(console.command("kill", agent=agent)["state"] == "confirmed", "")
        check(not any(alive(p) for p in pids.values()) and not alive(pid), "what the cgroup holds lives")


def a_cgroup_that_somebody_thaws(daemon):
    if not can_make_cgroups():
        return
    with in_a_cgroup(daemon) as (one, agent, unit):
        console = Console(daemon)
        frozen_by_its_cgroup(console, one, agent, unit)
        write_cgroup(unit, "cgroup.freeze", "0")
        wait_for("it moves", lambda: not is_frozen(unit))
        console.event("signal.raised", signal__severity="high")
        wait_for("it is frozen again", lambda: is_frozen(unit))
        check(one.stands(), "stopped again, and it counts")


def a_cgroup_of_the_same_name(daemon):
    if not can_make_cgroups():
        return
    with in_a_cgroup(daemon) as (one, agent, unit):
        other = f"{cgroup_mount()}/checkrein-test-{os.getpid()}"
        twin = f"{other}/{os.path.basename(unit)}"
        os.makedirs(twin)
        try:
            write_cgroup(twin, "cgroup.procs", str(one.pids()["child"]))
            done = Console(daemon).command("freeze", agent=agent)
            check(done["state"] == "confirmed" and one.stands(), f"frozen, and it counts elsewhere: {done}")
        finally:
            remove_cgroup(twin)
            remove_cgroup(other)


def a_frozen_cgroup_and_another_daemon(daemon):
    """Also when no guardian tells the next daemon of it."""
    if not can_make_cgroups():
        return
    with in_a_cgroup(daemon) as (one, agent, unit):
        console = Console(daemon)
        one.process.kill()
        console.event("signal.raised", signal__severity="emergency")
        frozen_by_its_cgroup(console, one, agent, unit)
        daemon.kill()
        daemon.start()
        console = Console(daemon)
        check(one.stands(), "the daemon's start let it go on")
        done = console.command("resume", agent=agent)
        check(done["state"] == "confirmed" and not is_frozen(unit), f"it is left frozen: {done}")
        for kind in KINDS:
            one.moves(kind)


if __name__ == "__main__":
    run([passes_through, signals_are_passed_on, what_is_seen, freeze_and_resume, what_was_stopped_before, stop_ends_all, stop_of_a_frozen_one, without_its_first_thread,
         with_its_first_thread_traced, kill_is_at_once, kill_in_the_grace,
         interrupts, fleet_stop, what_it_leaves_is_ended, guardian_killed, daemon_restarted, ended_while_the_daemon_was_away,
         no_daemon, a_terminal_of_its_own, much_output, ctrl_c_and_ends, ctrl_z, stopped_from_outside, started_in_the_background,
         frozen_is_no_suspension, one_agent_one_row,
         clear_is_the_same_agent, a_stopped_session_stays_stopped, a_session_that_runs_is_not_taken_over,
         what_would_switch_the_hooks_off, lies, a_console_shields_nothing,
         an_agent_is_not_its_own_operator, a_cgroup_of_its_own, a_cgroup_that_somebody_thaws, a_cgroup_of_the_same_name,
         a_frozen_cgroup_and_another_daemon])
