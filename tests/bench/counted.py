"""A program on a terminal of its own, and every byte that it writes there."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

ROWS, COLS = 52, 160
ENVIRONMENT = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
               "HOME": os.environ.get("HOME", "/")}


class Terminal:
    """`pass_fds`: descriptors of ours that the program gets as 3, 4, ..."""

    def __init__(self, command, pass_fds=(), rows=ROWS, cols=COLS):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.bytes = 0
        self.began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            self._become(command, slave, pass_fds)
        os.close(slave)

    @staticmethod
    def _become(command, slave, pass_fds):
        try:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            safe = [fcntl.fcntl(fd, fcntl.F_DUPFD, 32) for fd in pass_fds]
            os.dup2(slave, 0)
            os.dup2(slave, 1)
            for at, fd in enumerate(safe):
                os.dup2(fd, 3 + at)
            os.closerange(3 + len(safe), 256)
            os.execve(command[0], command, ENVIRONMENT)
        finally:
            os._exit(127)

    def read(self, wait):
        """What comes within `wait` seconds; None when the program has ended."""
        if not select.select([self.master], [], [], max(0, wait))[0]:
            return b""
        try:
            piece = os.read(self.master, 1 << 16)
        except OSError:
            return None
        self.bytes += len(piece)
        return piece

    def drain(self, seconds):
        """Reads for so long, or until the program ends."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.read(left) is None:
                return

    def until_quiet(self, seconds):
        while self.read(seconds):
            pass

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat") as f:
            words = f.read().rsplit(") ", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, sig=signal.SIGTERM):
        if sig:
            os.kill(self.pid, sig)
        while self.read(10):
            pass
        os.close(self.master)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
