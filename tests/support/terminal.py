"""The program on a bare pty: every byte that it writes is kept, and nobody answers for the terminal."""
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from daemon import DEADLINE, Failed, check, wait_for
from vt import Vt


class Terminal:
    def __init__(self, command, env=None, cols=120, rows=40, term="xterm-256color", ignore=()):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for signo in ignore:
                signal.signal(signo, signal.SIG_IGN)
            for name in ("NO_COLOR", "COLORTERM", "LINES", "COLUMNS", "TMUX"):
                os.environ.pop(name, None)
            os.environ.update({"LC_ALL": "C.UTF-8", **({"TERM": term} if term is not None else {}), **(env or {})})
            if term is None:
                os.environ.pop("TERM", None)
            while struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))[0] == 0:
                time.sleep(0.001)
            os.execv(command[0], command)
        self.seen = b""
        self.screen = Vt(cols, rows)
        self.resize(cols, rows)
        self.code = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print("the screen was:\n" + "\n".join(f"|{row}" for row in self.screen.text()), flush=True)
        with contextlib.suppress(OSError):
            if self.code is None:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):
            os.close(self.fd)

    def resize(self, cols, rows):
        """The screen is given its size when the program has read that it changed: see settle()."""
        self.size = (cols, rows)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def settle(self):
        """The screen has the terminal's size now."""
        self.read()
        self.screen.resize(*self.size)

    def rows(self):
        self.read()
        return self.screen.text()

    def wait(self, what, probe, deadline=DEADLINE):
        """The rows for which probe(rows) is true."""
        def look():
            self.read(0.02)
            rows = self.screen.text()
            return rows if probe(rows) else None
        return wait_for(what, look, deadline)

    def wait_text(self, text, deadline=DEADLINE):
        return self.wait(repr(text), lambda rows: any(text in row for row in rows), deadline)

    def press(self, key, text, every=0.7, deadline=DEADLINE):
        """A key again and again, as people do, until its effect is there."""
        until = time.monotonic() + deadline
        while True:
            self.type(key)
            try:
                return self.wait_text(text, every)
            except Failed:
                check(time.monotonic() < until, f"{key!r} does not lead to {text!r}")

    def read(self, seconds=0.0):
        """What comes within the time; gives how many bytes."""
        end = time.monotonic() + seconds
        got = 0
        while select.select([self.fd], [], [], max(0.0, end - time.monotonic()))[0]:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            self.seen += piece
            self.screen.feed(piece)
            got += len(piece)
        return got

    def shows(self, text, since=0, deadline=DEADLINE):
        """Waits until these bytes come, behind the first `since`; gives where they end."""
        def probe():
            self.read(0.02)
            return self.seen.find(text, since) + 1
        return wait_for(f"{text!r} on the terminal", probe, deadline) - 1 + len(text)

    def silent(self, seconds, deadline=DEADLINE):
        wait_for(f"{seconds} s of silence", lambda: self.read(seconds) == 0, deadline)

    def type(self, keys):
        os.write(self.fd, keys if isinstance(keys, bytes) else keys.encode())

    def hang_up(self):
        os.close(self.fd)

    def cpu_s(self):
        with open(f"/proc/{self.pid}/stat") as f:
            words = f.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, deadline=DEADLINE, reading=True):
        """Waits for its end; gives the exit code, or minus the signal."""
        def over():
            if reading:
                self.read()
            done, status = os.waitpid(self.pid, os.WNOHANG)
            return done == self.pid and [os.waitstatus_to_exitcode(status)]
        self.code = wait_for("the program's end", over, deadline)[0]
        return self.code

    def stop(self):
        """Asks it to end; gives the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.end()

    def check_put_back(self):
        for on, off in ((b"\033[?1049h", b"\033[?1049l"), (b"\033[?2004h", b"\033[?2004l")):
            check(self.seen.rfind(off) > self.seen.rfind(on), f"{on} was not taken back")
