"""The console's own daemon dies: the screen says so, and R starts it again."""
import contextlib
import os
import shutil
import signal
import socket
import struct
import tempfile

from terminal import Terminal
from tmux import check, run, wait_for


class Own:
    """A console without back-ends in its configuration, in a folder that goes away with it and its daemon."""

    def __init__(self, binary):
        self.dir = tempfile.mkdtemp(prefix="cr-own-")
        self.socket = os.path.join(self.dir, "run", "cr.sock")
        self.config = os.path.join(self.dir, "checkrein.ini")
        os.mkdir(os.path.join(self.dir, "run"), 0o700)
        with open(self.config, "w") as f:
            f.write(f"[serve]\nsocket = {self.socket}\nhook_port = 0\n")
        self.command = [binary, "console", "--config", self.config]
        self.env = {"XDG_STATE_HOME": self.dir, "XDG_CONFIG_HOME": self.dir}

    def __enter__(self):
        return self

    def daemon(self):
        """Who listens, as the kernel says; 0: nobody."""
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(self.socket)
            except OSError:
                return 0
            return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def kill_daemon(self):
        pid = self.daemon()
        check(pid > 0, "there is no daemon")
        os.kill(pid, signal.SIGKILL)
        wait_for("it is gone", lambda: self.daemon() == 0)
        return pid

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.kill_daemon()
        shutil.rmtree(self.dir, ignore_errors=True)


def is_live(rows):
    return " LIVE " in rows[0] + " "


def is_started_again(binary):
    with Own(binary) as own, Terminal(own.command, own.env) as t:
        t.wait("it is live", is_live)
        before = own.kill_daemon()
        t.wait("the screen says so", lambda rows: not is_live(rows))
        check(own.daemon() == 0, "it came back by itself")
        t.type("R")
        t.wait_text("the daemon was started again")
        t.wait("it is live again", is_live)
        check(own.daemon() not in (0, before), "there is no other daemon")
        os.kill(t.pid, signal.SIGTERM)
        check(t.end() == 0, "exit code")
        check(own.daemon() > 0, "it ended with the console")


def says_when_it_cannot(binary):
    with Own(binary) as own, Terminal(own.command, own.env) as t:
        t.wait("it is live", is_live)
        own.kill_daemon()
        t.wait("the screen says so", lambda rows: not is_live(rows))
        with open(own.config, "a") as f:
            f.write("no_such_option = 1\n")
        t.type("R")
        t.wait_text("the daemon ended at once")
        with open(own.config, "w") as f:
            f.write(f"[serve]\nsocket = {own.socket}\nhook_port = 0\n")
        t.type("R")
        t.wait("it is live again", is_live)


def one_that_runs_is_joined(binary):
    with Own(binary) as own, Terminal(own.command, own.env) as t:
        t.wait("it is live", is_live)
        before = own.daemon()
        t.type("R!")
        t.wait_text("S stops every agent")
        check(own.daemon() == before, "another one was started")
        t.wait("it is live", is_live)


if __name__ == "__main__":
    run([is_started_again, says_when_it_cannot, one_that_runs_is_joined])
