"""Leaving: by key, by signal, by crash, by losing the terminal. The terminal is put back, and nothing is left."""
import contextlib
import os
import signal
import time

from tmux import Screen, check, name_of, run, wait_for


@contextlib.contextmanager
def started(binary):
    with Screen([binary, "demo"], 80, 24) as s:
        s.wait_text("docs-bot")
        s.learn_folder()
        yield s


def check_nothing_left(s):
    wait_for("the end of all processes", lambda: not s.family())
    check(not os.path.exists(s.folder), f"{s.folder} is left")


def by_key(binary):
    with started(binary) as s:
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")
        s.check_put_back()
        check_nothing_left(s)


def escape_and_control_c_do_not_leave(binary):
    with started(binary) as s:
        s.keys("Escape", "C-c", "C-z", "C-d", "Escape", "C-\\")
        s.keys("2")
        s.wait_text("approvals")
        check(s.ask("#{alternate_on}") == "1", "still there")
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")


def by_signal(binary, signo):
    with started(binary) as s:
        os.kill(s.program(), signo)
        check(s.wait_end() == 0, "exit code")
        s.check_put_back()
        check_nothing_left(s)


def by_sigterm(binary):
    by_signal(binary, signal.SIGTERM)


def by_sigint(binary):
    by_signal(binary, signal.SIGINT)


def by_sighup(binary):
    by_signal(binary, signal.SIGHUP)


def by_crash(binary):
    for signo in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT):
        with started(binary) as s:
            os.kill(s.program(), signo)
            check(s.wait_end() == 128 + signo, f"exit code of {signo!r}")
            s.check_put_back()
            wait_for("the end of what it started", lambda: not s.family())


def by_losing_the_terminal(binary):
    """The console over somebody else's daemon: gone within a second, and it did not spin."""
    with Screen([binary, "demo", "--headless"], 200, 24) as daemon:
        said = "".join(daemon.wait_text('"folder"'))
        url = said.split('"url":"')[1].split('"')[0]
        with Screen([binary, "console", "--config", config_for(daemon.dir, url)], 80, 24) as s:
            s.wait_text("docs-bot")
            pid = s.program()
            s.tmux("kill-server")
            before = time.monotonic()
            wait_for("the console's end", lambda: name_of(pid) is None, 5)
            check(time.monotonic() - before < 1, f"{time.monotonic() - before:.2f} s")


def config_for(folder, url):
    path = os.path.join(folder, "console.ini")
    with open(path, "w") as f:
        f.write(f"[console]\njournal = {folder}/journal\n[backend demo]\nkind = checkrein\nurl = {url}\n")
    return path


def demo_by_losing_the_terminal(binary):
    with started(binary) as s:
        s.tmux("kill-server")
        check_nothing_left(s)


if __name__ == "__main__":
    run([by_key, escape_and_control_c_do_not_leave, by_sigterm, by_sigint, by_sighup, by_crash, by_losing_the_terminal,
         demo_by_losing_the_terminal])
