"""The console in a terminal: one daemon for all that begin at once, and no work when nothing happens."""
import contextlib
import glob
import os
import signal

from daemon import check, run, wait_for
from terminal import Terminal


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
                consoles.append(Terminal([daemon.binary, "console", "--config", f"{home}/c{i}.ini"], env))
            for c in consoles:
                c.shows(b"LIVE")
            check(len(servers(home)) == 1, f"{len(servers(home))} daemons")
            for c in consoles:
                check(c.stop() == 0, "exit code")
            check(len(servers(home)) == 1, "the daemon left with a console")
        finally:
            for pid in servers(home):
                os.kill(pid, signal.SIGTERM)
        wait_for("the daemon ends", lambda home=home: not servers(home))


def console(daemon):
    return Terminal([daemon.binary, "console", "--config", daemon.console_config()], {"XDG_STATE_HOME": daemon.dir})


def idle_costs_nothing(daemon):
    with console(daemon) as c:
        c.shows(b"LIVE")
        c.silent(1.0)
        before = c.cpu_s()
        said = c.read(4.0)
        used = c.cpu_s() - before
        check(said == 0, f"{said} bytes in four idle seconds: {c.seen[-200:]!r}")
        check(used <= 0.04, f"{used} s of work in four idle seconds")
        daemon.hook("UserPromptSubmit", "awake", prompt="x")
        c.shows(b"awake")
        check(c.stop() == 0, "exit code")


def without_a_daemon_it_says_so(daemon):
    with console(daemon) as c:
        c.shows(b"LIVE")
        daemon.kill()
        c.shows(b"STALE")
        seen = len(c.seen)
        daemon.start()
        c.shows(b"LIVE", since=seen)
        check(c.stop() == 0, "exit code")


if __name__ == "__main__":
    run([two_begin_at_once, idle_costs_nothing, without_a_daemon_it_says_so])
