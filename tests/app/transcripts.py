"""What the real runtimes sent, as it is kept in the tree (tests/fuzz/seeds): each transcript through a daemon or a driver makes a picture that
its record makes again, twice. A program that is a console without a screen compares (tests/real/replayed.c)."""
import contextlib
import glob
import http.client
import os
import re
import subprocess
import threading

import codex
from daemon import DEADLINE, check, run, wait_for

SEEDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fuzz", "seeds")
ROOMS = ("/hook/claude", "/hook/gemini", "/v1/logs", "/v1/metrics", "/v1/traces")  # by the first byte of a line, as in fuzz_govd.c


class Watcher:
    def __init__(self, daemon, kind, url, record):
        self.record = record
        self.process = subprocess.Popen([os.environ["REPLAYED"], kind, url, "-", record], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, "XDG_STATE_HOME": daemon.dir})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()

    def does(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def same(self, what):
        said = self.does("check")
        check(said.startswith("same "), f"{what}: {said}")
        return said

    def has(self, text):
        with open(os.path.join(self.record, "000001.jsonl")) as f:
            return text in f.read()


def digest(daemon, record):
    """Of all that the record tells, and of what is made of that anew."""
    told, copy = record + ".jsonl", record + "-again"
    of = [daemon.run("export", "--format", "jsonl", "--output", told, record), daemon.run("export", "--format", "jsonl", "--output", told,
                                                                                         "--force", record)]
    done = subprocess.run([daemon.binary, "import", told, "--record", copy], capture_output=True, text=True, timeout=DEADLINE * 6)
    check(done.returncode == 0, f"{done}")
    of.append(daemon.run("export", "--format", "jsonl", "--output", told, "--force", copy))
    digests = {re.search(r"fleet digest ([0-9a-f]{16})", one.stderr).group(1) for one in of}
    check(len(digests) == 1, f"{record}: {digests}")
    return digests.pop()


def held(daemon, room, body):
    with contextlib.suppress(OSError, http.client.HTTPException):  # it hangs until the daemon goes
        daemon.post(room, body)


def send(daemon, room, body):
    """A call may be held: nobody waits for it."""
    if room.startswith("/hook/") and re.search(rb'"(PreToolUse|BeforeTool|PermissionRequest)"', body):
        thread = threading.Thread(target=held, args=(daemon, room, body), daemon=True)
        thread.start()
        thread.join(0.05)
        return
    daemon.post(room, body)


def through_the_daemon(daemon):
    for path in sorted(glob.glob(os.path.join(SEEDS, "govd", "*"))):
        name = os.path.basename(path)
        with Watcher(daemon, "checkrein", "unix:" + daemon.socket, os.path.join(daemon.dir, "of-" + name)) as watcher:
            watcher.does("until live")
            with open(path, "rb") as f:
                lines = [line for line in f.read().split(b"\n") if line]
            for line in lines:
                send(daemon, ROOMS[line[0] % len(ROOMS)], line[1:])
            daemon.hook("UserPromptSubmit", "end-of-" + name, prompt="x")
            wait_for("all of it is seen", lambda: watcher.does("check").startswith("same") and
                     watcher.has(f"claude:end-of-{name}"))
            watcher.same(name)
        digest(daemon, watcher.record)
    digest(daemon, daemon.record)
    check(len(daemon.events()) > 100, f"{len(daemon.events())} events of all transcripts")


MARK = "transcript/isOver"


class Player(codex.Server):
    """A server that says what was said once, a part to each connection."""

    def __init__(self, path, parts):
        super().__init__(path)
        self.parts = parts

    def _take(self, m):
        if m.get("method") == "initialize" and self.parts:
            self.send_all(self.parts.pop(0))
            if self.parts:
                self.cut()


def of_codex(daemon):
    for path in sorted(glob.glob(os.path.join(SEEDS, "codex", "*"))):
        name = os.path.basename(path)
        with open(path) as f:
            parts = [[]]
            for line in f.read().split("\n"):
                if line == "!":
                    parts.append([])
                elif line and not line.startswith("!"):
                    parts[-1].append(line)
        parts[-1].append('{"method":"%s","params":{}}' % MARK)
        with Player(os.path.join(daemon.dir, name + ".sock"), parts) as server:
            with Watcher(daemon, "codex", "unix:" + server.path, os.path.join(daemon.dir, "codex-" + name)) as watcher:
                wait_for(f"{name} is heard", lambda: watcher.does("check").startswith("same") and watcher.has(MARK))
                watcher.same(name)
        digest(daemon, watcher.record)


if __name__ == "__main__":
    run([through_the_daemon, of_codex])
