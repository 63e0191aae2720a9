"""A Codex server that is frozen, and then is another: whoever takes its place was told to stand still by nobody.

The made-up server runs as a process of its own, whose program is called codex: the interpreter's file, copied.
"""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

from codex import Server, config
from daemon import check, wait_for
from tmux import Screen, run


class Named(Server):
    """Says which process it is."""

    def _take(self, m):
        if m.get("method") == "server/diagnostics":
            self.send({"id": m["id"], "result": {"process": {"id": os.getpid()}}})
        else:
            super()._take(m)


def serve(path):
    with Named(path) as server:
        server.thread("t1", turn="u1")
        print("up", flush=True)
        sys.stdin.read()


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="latin1") as f:
        return f.read().rpartition(") ")[2][0]


class Place:
    """A folder with the program, the socket, and whoever serves there."""

    def __init__(self, folder):
        self.folder, self.path, self.program = folder, f"{folder}/s", f"{folder}/codex-made-up"
        shutil.copy(os.path.realpath("/proc/self/exe"), self.program)

    @contextlib.contextmanager
    def server(self):
        env = {**os.environ, "PYTHONHOME": sys.base_prefix}
        with subprocess.Popen([self.program, __file__, "--serve", self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as p:
            try:
                check(p.stdout.readline() == b"up\n", "it does not serve")
                yield p
            finally:
                p.kill()


def another_server_in_its_place_goes_on(binary):
    with tempfile.TemporaryDirectory(prefix="cr-freeze-") as folder:
        place = Place(folder)
        os.environ.update(XDG_STATE_HOME=folder, XDG_CONFIG_HOME=folder, XDG_RUNTIME_DIR=folder)
        with place.server() as first, Screen([binary, "console", "--config", config(folder, {"cx": place})], 120, 30) as s:
            s.wait_text("LIVE")
            s.wait_text("t1")
            s.keys("g")
            s.press("Z", "freeze t1:")
            s.wait_text("= paused")
            wait_for("it stands still", lambda: state(first.pid) == "T")
            first.kill()
            first.wait()
            with place.server() as second:
                s.wait_text("> running")
                until = time.monotonic() + 3  # a freezer that goes on looks once a second
                while time.monotonic() < until:
                    check(state(second.pid) != "T", "it was stopped, and nobody asked for that")
                    time.sleep(0.05)
                check(not any("paused" in row for row in s.rows()), "\n".join(s.rows()))
                s.keys("Q")
                check(s.wait_end() == 0, "exit code")


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2])
    else:
        run([another_server_in_its_place_goes_on])
