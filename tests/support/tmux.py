"""The real program on a real terminal: a tmux of one's own with one pane, and every byte that was written to it.

Standard library only. Everything waits for a state with a deadline; nothing sleeps for luck.

    with Screen([binary, "demo"], 80, 24) as s:
        s.wait("the fleet", lambda rows: "docs-bot" in "\n".join(rows))
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")
"""
import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from daemon import DEADLINE, Failed, check, wait_for

# The shell around the program: it waits for a word, so that nothing is written before somebody listens, and notes
# how the terminal was before and after.
AROUND = """\
stty -g >{dir}/before
read -r word
{command}
echo $? >{dir}/code.new
stty -g >{dir}/after
mv {dir}/code.new {dir}/code
read -r word
"""


class Screen:
    def __init__(self, command, cols, rows, env=None, term="tmux-256color"):
        self.dir = tempfile.mkdtemp(prefix="cr-term-")
        self.raw_path = os.path.join(self.dir, "raw")
        open(self.raw_path, "wb").close()
        self.pid = self.folder = None
        script = os.path.join(self.dir, "around.sh")
        with open(script, "w") as f:
            f.write(AROUND.format(dir=self.dir, command=shlex.join(command)))
        settings = {"LC_ALL": "C.UTF-8", "XDG_STATE_HOME": self.dir, "XDG_CONFIG_HOME": self.dir, "XDG_CACHE_HOME": self.dir,
                    **(env or {})}
        assignments = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
        self.tmux("start-server", ";", "set-option", "-g", "status", "off", ";", "set-option", "-g", "default-terminal",
                  term, ";", "set-option", "-g", "remain-on-exit", "on", ";", "new-session", "-d", "-x", str(cols), "-y",
                  str(rows), *assignments, "sh", script)
        self.shell = int(self.ask("#{pane_pid}"))
        self.tmux("pipe-pane", "-O", f"cat >{self.raw_path}")
        wait_for("the shell", lambda: os.path.exists(os.path.join(self.dir, "before")))
        wait_for("the listener", lambda: self.ask("#{pane_pipe}") == "1")
        self.keys("Enter")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            with contextlib.suppress(Exception):
                print("the screen was:\n" + "\n".join(f"|{row}" for row in self.rows()), flush=True)
        self.close()

    def close(self):
        with contextlib.suppress(Exception):
            for pid in self.family():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            wait_for("the program's end", lambda: not self.family(), 10)
        with contextlib.suppress(Exception):
            self.tmux("kill-server")
        shutil.rmtree(self.dir, ignore_errors=True)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)  # a demo that was killed leaves it

    # ---- tmux

    def tmux(self, *words):
        clean = {k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE", "NO_COLOR", "COLORTERM")}
        done = subprocess.run(["tmux", "-S", os.path.join(self.dir, "tmux"), "-f", "/dev/null", *words], env=clean,
                              capture_output=True, timeout=DEADLINE)
        check(done.returncode == 0, f"tmux {words[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode("utf-8", errors="replace")

    def ask(self, fmt):
        return self.tmux("display-message", "-p", fmt).strip()

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def paste(self, text):
        """As from the clipboard: in brackets when the program asked for them."""
        self.tmux("set-buffer", text)
        self.tmux("paste-buffer", "-p")

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def rows(self):
        return self.tmux("capture-pane", "-p").split("\n")[: int(self.ask("#{pane_height}"))]

    def styled(self):
        """The rows with colours and attributes as SGR sequences, and blanks at the ends."""
        return self.tmux("capture-pane", "-p", "-e", "-N").split("\n")[: int(self.ask("#{pane_height}"))]

    def raw(self):
        with open(self.raw_path, "rb") as f:
            return f.read()

    # ---- waiting

    def wait(self, what, probe, deadline=DEADLINE):
        """The rows for which probe(rows) is true."""
        def look():
            rows = self.rows()
            return rows if probe(rows) else None
        return wait_for(what, look, deadline)

    def wait_text(self, text, deadline=DEADLINE):
        return self.wait(repr(text), lambda rows: any(text in row for row in rows), deadline)

    def press(self, key, text, every=0.7, deadline=DEADLINE):
        """A key again and again, as people do, until its effect is there: dialogs take none before they are read, and
        arm only while nobody presses any."""
        until = time.monotonic() + deadline
        while True:
            self.keys(key)
            try:
                return self.wait_text(text, every)
            except Failed:
                check(time.monotonic() < until, f"{key} does not lead to {text!r}")

    def wait_quiet(self, seconds, deadline=DEADLINE):
        """Until nothing was written for so long."""
        state = {"size": -1, "since": time.monotonic()}

        def look():
            size = os.path.getsize(self.raw_path)
            if size != state["size"]:
                state.update(size=size, since=time.monotonic())
            return time.monotonic() - state["since"] >= seconds
        wait_for(f"{seconds} s of silence", look, deadline)
        return state["size"]

    # ---- the program

    def program(self):
        """Its process id, once it runs."""
        self.pid = wait_for("the program", lambda: next((p for p in children(self.shell) if name_of(p) == "checkrein"), None))
        return self.pid

    def family(self):
        """The program and all that it started, as far as its folder is in their arguments."""
        mine = {p for p in [self.pid, *children(self.shell)] if p and name_of(p) == "checkrein"}
        for pid in mine:
            self.folder = self.folder or demo_folder(pid)
        return mine | {p for p in processes() if self.folder and self.folder in words_of(p)}

    def learn_folder(self):
        """The demo's temporary folder."""
        pid = self.program()
        self.folder = wait_for("the demo's folder", lambda: demo_folder(pid))
        return self.folder

    def wait_end(self, deadline=DEADLINE):
        """The program's exit code."""
        code = os.path.join(self.dir, "code")
        wait_for("the program's end", lambda: os.path.exists(code), deadline)
        with open(code) as f:
            return int(f.read())

    def check_put_back(self):
        """The terminal is as it was found."""
        with open(os.path.join(self.dir, "before")) as before, open(os.path.join(self.dir, "after")) as after:
            check(before.read() == after.read(), "the terminal's modes are not put back")
        wait_for("the main screen", lambda: self.ask("#{alternate_on}") == "0")
        check(self.ask("#{cursor_flag}") == "1", "the cursor is hidden")
        raw = self.raw()
        for on, off in ((b"\033[?2004h", b"\033[?2004l"), (b"\033[?1004h", b"\033[?1004l"), (b"\033[8l", b"\033[8h")):
            check(raw.rfind(off) > raw.rfind(on), f"{on} was not taken back")


# ---- processes

def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def stat_of(pid):
    with open(f"/proc/{pid}/stat", "rb") as f:
        name, rest = f.read().decode(errors="replace").split("(", 1)[1].rsplit(") ", 1)
    return name, rest.split()


def name_of(pid):
    with contextlib.suppress(OSError, IndexError):
        name, rest = stat_of(pid)
        return name if rest[0] != "Z" else None
    return None


def children(parent):
    found = []
    for pid in processes():
        with contextlib.suppress(OSError, IndexError):
            if int(stat_of(pid)[1][1]) == parent:
                found.append(pid)
    return found


def words_of(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().decode(errors="replace")
    return ""


def demo_folder(pid):
    for child in children(pid):
        match = re.search(r"/tmp/checkrein-demo-\w+", words_of(child))
        if match:
            return match.group(0)
    return None


def run(tests):
    """main of every test file: argv[1] is the program, what follows names tests."""
    binary = os.path.abspath(sys.argv[1])
    check(os.access(binary, os.X_OK), f"{binary} is no program")
    wanted = sys.argv[2:]
    failed = []
    chosen = [test for test in tests if not wanted or test.__name__ in wanted]
    for test in chosen:
        started = time.monotonic()
        word = "ok"
        try:
            test(binary)
        except Exception as error:  # noqa: BLE001 - reported below
            word = f"FAILED: {type(error).__name__}: {error}"
            failed.append(test.__name__)
        print(f"{test.__name__}: {word} ({time.monotonic() - started:.2f} s)", flush=True)
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)
