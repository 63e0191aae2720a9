"""`connect codex`: finds the control socket and names it in checkrein.ini, or says what to start; changes nothing else."""
import os
import socket
import stat
import subprocess
import sys
import tempfile

from daemon import Failed, check

BINARY = sys.argv[1]


class Home:
    def __init__(self, folder):
        self.dir = folder
        self.ini = os.path.join(folder, "config", "checkrein", "checkrein.ini")
        self.socket = os.path.join(folder, "codex", "app-server-control", "app-server-control.sock")
        os.makedirs(os.path.dirname(self.socket), mode=0o700)
        self.env = {**os.environ, "HOME": folder, "CODEX_HOME": os.path.join(folder, "codex"),
                    "XDG_CONFIG_HOME": os.path.join(folder, "config"), "XDG_RUNTIME_DIR": folder}

    def listen(self):
        s = socket.socket(socket.AF_UNIX)
        s.bind(self.socket)
        os.chmod(self.socket, 0o600)
        s.listen(4)
        return s

    def connect(self, *more):
        return subprocess.run([BINARY, "connect", "codex", *more], env=self.env, capture_output=True, text=True, timeout=60)

    def text(self):
        with open(self.ini) as f:
            return f.read()

    def write(self, text):
        os.makedirs(os.path.dirname(self.ini), exist_ok=True)
        with open(self.ini, "w") as f:
            f.write(text)

    def good(self):
        done = subprocess.run([BINARY, "config"], env=self.env, capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"{done}")
        return done.stdout


def without_a_server(home):
    done = home.connect()
    check(done.returncode == 1 and "start `codex` once" in done.stderr and home.socket in done.stderr, f"{done}")
    s = home.listen()
    s.close()  # the file stays, and nobody listens
    done = home.connect()
    check(done.returncode == 1 and "nobody listens" in done.stderr, f"{done}")
    check(not os.path.exists(home.ini), "something was written")


def of_somebody_else(home):
    with home.listen():
        os.chmod(os.path.dirname(home.socket), 0o777)
        done = home.connect()
        check(done.returncode == 1 and "others can write" in done.stderr, f"{done}")
        check(not os.path.exists(home.ini), "something was written")


def named_once(home):
    with home.listen():
        done = home.connect("--dry-run")
        check(done.returncode == 0 and f"url = unix:{home.socket}" in done.stdout and not os.path.exists(home.ini), f"{done}")
        done = home.connect()
        check(done.returncode == 0 and "written" in done.stdout, f"{done}")
        check(stat.S_IMODE(os.stat(home.ini).st_mode) == 0o600, "mode")
        check("[backend codex]\nkind = codex" in home.text() and "[backend local]\nkind = checkrein\n\n" in home.text(), home.text())
        check(home.socket in home.good(), "it is not in force")
        before = home.text()
        done = home.connect()
        check(done.returncode == 0 and "nothing to change" in done.stdout and home.text() == before, f"{done}")


def beside_what_stands_there(home):
    theirs = "; mine\n[console]\ntheme = light\n\n[backend far]\nkind = checkrein\nurl = wss://far.example/\n\n[keys]\nquit = ctrl-x"
    home.write(theirs)
    with home.listen():
        check(home.connect().returncode == 0, "")
        check(home.text().startswith(theirs + "\n") and "[backend local]" not in home.text(), home.text())
        home.good()
    done = home.connect("--remove")  # also when the server is gone
    check(done.returncode == 0 and home.text() == theirs + "\n", f"{done} {home.text()!r}")
    done = home.connect("--remove")
    check(done.returncode == 0 and "nothing to change" in done.stdout, f"{done}")


def beside_the_own_daemon(home):
    """The daemon of this user stays in sight, and is named without an address: the console starts it as before."""
    with home.listen():
        check(home.connect().returncode == 0, "")
    done = subprocess.run([BINARY, "status", "--json"], env=home.env, capture_output=True, text=True, timeout=60)
    where = os.path.join(home.dir, "checkrein", "checkrein.sock")
    check(done.returncode == 1 and where in done.stderr, f"{done}")


def in_a_bad_file(home):
    home.write("[console]\nno such key = 1\n")
    with home.listen():
        done = home.connect()
        check(done.returncode == 1 and "checkrein.ini:2" in done.stderr and "backend" not in home.text(), f"{done}")


if __name__ == "__main__":
    failed = 0
    for test in (without_a_server, of_somebody_else, named_once, beside_what_stands_there, beside_the_own_daemon, in_a_bad_file):
        with tempfile.TemporaryDirectory(prefix="cr-attach-") as folder:
            try:
                test(Home(folder))
                print(f"{test.__name__}: ok")
            except Failed as e:
                print(f"{test.__name__}: FAILED: {e}")
                failed += 1
    sys.exit(failed != 0)
