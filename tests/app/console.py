"""The console in a terminal: one daemon for all that begin at once, and no work when nothing happens."""
import contextlib
import glob
import os
import pty
import select
import signal
import time

from daemon import check, run, wait_for


class Terminal:
    def __init__(self, daemon, arguments, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LINES="24", COLUMNS="80", **env)
            os.execv(daemon.binary, [daemon.binary, *arguments])
        self.seen = b""

    def read(self, seconds=0.0):
        """What comes within the time; gives how many bytes."""
        end = time.monotonic() + seconds
        got = 0
        while select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            self.seen += piece
            got += len(piece)
        return got

    def shows(self, text):
        wait_for(f"{text!r} on the screen", lambda: self.read(0.05) >= 0 and text in self.seen)

    def cpu_ticks(self):
        with open(f"/proc/{self.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def end(self):
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGTERM)

        def over():
            self.read()
            done, status = os.waitpid(self.pid, os.WNOHANG)
            return done == self.pid and [os.waitstatus_to_exitcode(status)]

        code = wait_for("the console ends", over)[0]
        os.close(self.fd)
        return code


def servers(folder):
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        pid = int(path.split("/")[2])
        with contextlib.suppress(OSError):
            with open(path, "rb") as e, open(f"/proc/{pid}/cmdline", "rb") as c:
                words = c.read().split(b"\0")
                if folder.encode() in e.read() and len(words) > 1 and words[1] == b"serve":
                    found.append(pid)
    return found


def two_begin_at_once(daemon):
    """Both would start the daemon: one does, and both are connected to it."""
    for round_number in range(4):
        home = os.path.join(daemon.dir, f"home{round_number}")
        os.makedirs(os.path.join(home, "config", "checkrein"))
        with open(os.path.join(home, "config", "checkrein", "checkrein.ini"), "w") as f:
            f.write("[serve]\nhook_port = 0\n")
        env = {"XDG_RUNTIME_DIR": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": os.path.join(home, "config"), "HOME": home}
        consoles = []
        try:
            for i in range(3):
                with open(os.path.join(home, f"c{i}.ini"), "w") as f:
                    f.write(f"[serve]\nhook_port = 0\n[console]\njournal = {home}/console{i}\n")
                consoles.append(Terminal(daemon, ["console", "--config", f"{home}/c{i}.ini"], env))
            for c in consoles:
                c.shows(b"LIVE")
            check(len(servers(home)) == 1, f"{len(servers(home))} daemons")
            for c in consoles:
                check(c.end() == 0, "exit code")
            check(len(servers(home)) == 1, "the daemon left with a console")
        finally:
            for pid in servers(home):
                os.kill(pid, signal.SIGTERM)
        wait_for("the daemon ends", lambda home=home: not servers(home))


def idle_costs_nothing(daemon):
    ini = os.path.join(daemon.dir, "idle.ini")
    with open(ini, "w") as f:
        f.write(f"[backend d]\nkind = checkrein\nurl = unix:{daemon.socket}\n[console]\njournal = {daemon.dir}/console\n")
    c = Terminal(daemon, ["console", "--config", ini], {"XDG_STATE_HOME": daemon.dir})
    c.shows(b"LIVE")
    wait_for("silence", lambda: c.read(1.0) == 0)
    before = c.cpu_ticks()
    said = c.read(4.0)
    used = c.cpu_ticks() - before
    check(said == 0, f"{said} bytes in four idle seconds: {c.seen[-200:]!r}")
    check(used <= 4, f"{used * 10} ms of work in four idle seconds")
    daemon.hook("UserPromptSubmit", "awake", prompt="x")
    c.shows(b"awake")
    check(c.end() == 0, "exit code")


def without_a_daemon_it_says_so(daemon):
    ini = os.path.join(daemon.dir, "down.ini")
    with open(ini, "w") as f:
        f.write(f"[backend d]\nkind = checkrein\nurl = unix:{daemon.socket}\n[console]\njournal = {daemon.dir}/console\n")
    c = Terminal(daemon, ["console", "--config", ini], {"XDG_STATE_HOME": daemon.dir})
    c.shows(b"LIVE")
    daemon.kill()
    c.shows(b"STALE")
    c.seen = b""
    daemon.start()
    c.shows(b"LIVE")
    check(c.end() == 0, "exit code")


if __name__ == "__main__":
    run([two_begin_at_once, idle_costs_nothing, without_a_daemon_it_says_so])
