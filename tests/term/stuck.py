"""A terminal that has stopped reading: the console goes on with its work, and with the screen when it can."""
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

from tmux import check, run, wait_for


class Terminal:
    """A pty that is read only when somebody asks for it."""

    def __init__(self, command):
        self.dir = tempfile.mkdtemp(prefix="cr-term-")
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": self.dir, "XDG_CONFIG_HOME": self.dir}
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True)
        os.close(slave)
        self.raw = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        os.close(self.master)
        shutil.rmtree(self.dir, ignore_errors=True)

    def read(self):
        """Everything that there is now."""
        while select.select([self.master], [], [], 0)[0]:
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return self.raw
            if not piece:
                return self.raw
            self.raw += piece
        return self.raw

    def type(self, keys):
        os.write(self.master, keys)


def fill(terminal):
    """Has everything drawn anew, again and again, without reading, until the kernel has no room left."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        terminal.type(b"\x0c")
        time.sleep(0.02)


def goes_on_when_the_terminal_does(binary):
    with Terminal([binary, "demo"]) as t:
        wait_for("the fleet", lambda: b"docs-bot" in t.read())
        fill(t)
        check(t.process.poll() is None, "it gave up")
        before = len(t.raw)
        wait_for("what was queued", lambda: len(t.read()) > before + 20000)
        t.type(b"3")
        before = len(t.raw)
        wait_for("the next picture", lambda: b"log" in t.read()[before:])
        t.type(b"Q")
        wait_for("the end", lambda: t.read() is not None and t.process.poll() is not None)
        check(t.process.returncode == 0, "exit code")
        check(t.raw.rfind(b"\033[?1049l") > t.raw.rfind(b"\033[?1049h"), "the main screen is not back")


def can_be_ended_meanwhile(binary):
    with Terminal([binary, "demo"]) as t:
        wait_for("the fleet", lambda: b"docs-bot" in t.read())
        fill(t)
        os.kill(t.process.pid, signal.SIGTERM)
        wait_for("the end", lambda: t.process.poll() is not None, 5)


if __name__ == "__main__":
    run([goes_on_when_the_terminal_does, can_be_ended_meanwhile])
