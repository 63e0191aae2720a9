"""`checkrein demo`: real processes, and nothing runs any more however it ends."""
import contextlib
import glob
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time

from daemon import Failed, check, run, wait_for


def processes(folder):
    """Pids of what has this folder in its command line."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            with open(path, "rb") as f:
                if folder.encode() in f.read():
                    found.append(int(path.split("/")[2]))
    return found


class Headless:
    def __init__(self, daemon, agents):
        self.process = subprocess.Popen([daemon.binary, "demo", "--headless", "--agents", str(agents)], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, env={**os.environ, "XDG_STATE_HOME": daemon.dir})
        line = self.process.stdout.readline()
        check(line, "the demo did not start")
        self.where = json.loads(line)
        self.folder = self.where["folder"]

    def status(self, daemon):
        ini = os.path.join(daemon.dir, "demo.ini")
        with open(ini, "w") as f:
            f.write(f"[backend demo]\nkind = checkrein\nurl = {self.where['url']}\n")
        done = subprocess.run([daemon.binary, "status", "--json", "--config", ini], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def wait_for_agents(self, daemon, count):
        def ready():
            state = self.status(daemon)
            return state and len([a for a in state["agents"] if "agent.parent" not in a]) >= count and state
        return wait_for(f"{count} agents", ready, 60)


def ends_with_sigterm(daemon):
    demo = Headless(daemon, 10)
    state = demo.wait_for_agents(daemon, 10)
    check(all(a["agent.demo"] for a in state["agents"]), "an agent is not labelled as a demo")
    check(len(processes(demo.folder)) >= 11, "ten agents and a daemon are real processes")
    demo.process.send_signal(signal.SIGTERM)
    check(demo.process.wait(30) == 0, "exit code")
    check(not processes(demo.folder), f"left: {processes(demo.folder)}")
    check(not os.path.exists(demo.folder), "its folder is left")


def ends_with_sigkill(daemon):
    demo = Headless(daemon, 10)
    demo.wait_for_agents(daemon, 10)
    demo.process.kill()
    demo.process.wait()
    wait_for("nothing runs", lambda: not processes(demo.folder), 20)
    shutil.rmtree(demo.folder)


def outlives_nothing_when_its_daemon_is_killed(daemon):
    demo = Headless(daemon, 4)
    demo.wait_for_agents(daemon, 4)
    server = [p for p in processes(demo.folder) if open(f"/proc/{p}/cmdline", "rb").read().split(b"\0")[1] == b"serve"]
    check(len(server) == 1, f"{server}")
    os.kill(server[0], signal.SIGKILL)
    demo.process.send_signal(signal.SIGTERM)
    check(demo.process.wait(30) == 0, "exit code")
    check(not processes(demo.folder), f"left: {processes(demo.folder)}")


def in_a_terminal(daemon, how):
    before = set(glob.glob("/tmp/checkrein-demo-*"))
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", XDG_STATE_HOME=daemon.dir)
        os.execv(daemon.binary, [daemon.binary, "demo", "--agents", "4"])
    seen = b""
    end = time.monotonic() + 40
    while b"docs-bot" not in seen:
        check(time.monotonic() < end, f"no agent on the screen: {seen[-500:]!r}")
        if select.select([fd], [], [], 1)[0]:
            seen += os.read(fd, 65536)
    folder = (set(glob.glob("/tmp/checkrein-demo-*")) - before).pop()
    check(len(processes(folder)) >= 5, "four agents and a daemon")
    try:
        how(pid, fd)

        def over():
            # its last words are read away, or it waits for the terminal
            with contextlib.suppress(OSError, ValueError):
                if select.select([fd], [], [], 0)[0]:
                    os.read(fd, 65536)
            done, status = os.waitpid(pid, os.WNOHANG)
            return done == pid and [os.waitstatus_to_exitcode(status)]

        code = wait_for("the console ends", over, 20)[0]
        wait_for("nothing runs", lambda: not processes(folder), 20)
    except Failed:
        for p in [pid, *processes(folder)]:
            with contextlib.suppress(OSError):
                os.kill(p, signal.SIGKILL)
        raise
    finally:
        with contextlib.suppress(OSError):
            os.close(fd)
    return code, folder


def console_killed(daemon):
    code, folder = in_a_terminal(daemon, lambda pid, fd: os.kill(pid, signal.SIGKILL))
    check(code == -signal.SIGKILL, f"exit code {code}")
    shutil.rmtree(folder)


def console_told_to_end(daemon):
    code, folder = in_a_terminal(daemon, lambda pid, fd: os.kill(pid, signal.SIGTERM))
    check(code == 0 and not os.path.exists(folder), f"exit code {code}, or its folder is left")


def terminal_closed(daemon):
    code, folder = in_a_terminal(daemon, lambda pid, fd: os.close(fd))
    check(code in (0, 1) and not os.path.exists(folder), f"exit code {code}, or its folder is left")


def quit_by_key(daemon):
    code, folder = in_a_terminal(daemon, lambda pid, fd: os.write(fd, b"Q"))
    check(code == 0 and not os.path.exists(folder), f"exit code {code}, or its folder is left")


def bad_numbers(daemon):
    for n in ("0", "501", "-1", "x", ""):
        done = subprocess.run([daemon.binary, "demo", "--headless", "--agents", n], capture_output=True, timeout=20)
        check(done.returncode == 2, f"--agents {n!r}: {done}")


if __name__ == "__main__":
    run([ends_with_sigterm, ends_with_sigkill, outlives_nothing_when_its_daemon_is_killed, console_killed, console_told_to_end,
         terminal_closed, quit_by_key, bad_numbers])
