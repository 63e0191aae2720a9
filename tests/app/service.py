"""What a service manager is told, and the unit that it is given."""
import os
import shutil
import signal
import socket
import subprocess

from daemon import check, free_port, run, wait_for


class Manager:
    """The other end of $NOTIFY_SOCKET, and a daemon under it."""

    def __init__(self, daemon, abstract=False, watchdog_ms=0, whose=None):
        daemon.kill()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = os.path.join(daemon.dir, "notify")
        self.socket.bind("\0" + path if abstract else path)
        self.socket.settimeout(20)
        env = {**os.environ, "XDG_STATE_HOME": daemon.dir, "XDG_CONFIG_HOME": daemon.dir,
               "NOTIFY_SOCKET": ("@" if abstract else "") + path}
        if watchdog_ms:
            env["WATCHDOG_USEC"] = str(watchdog_ms * 1000)
        if whose:
            env["WATCHDOG_PID"] = str(whose)
        self.process = subprocess.Popen([daemon.binary, "serve", "--config", daemon.config_file, "--token-file", daemon.token_file,
                                         "--journal", daemon.record, "--hook-port", str(free_port())], env=env,
                                        stdin=subprocess.DEVNULL, stdout=daemon.log, stderr=daemon.log)

    def said(self, timeout=20.0):
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(4096).decode()
        except (TimeoutError, socket.timeout):
            return None

    def until(self, word):
        return wait_for(word, lambda: self.said() == word)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.ends()

    def ends(self):
        check(self.process.wait(20) == 0, "exit code")
        self.socket.close()


def life(daemon):
    for abstract in (False, True):
        m = Manager(daemon, abstract)
        check(m.said() == "READY=1", "it is not said to be ready first")
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(daemon.socket)  # ready means that it is
        m.process.send_signal(signal.SIGHUP)
        check([m.said(), m.said()] == ["RELOADING=1", "READY=1"], "reload")
        check(m.said(0.5) is None, "a beat that nobody asked for")
        m.process.send_signal(signal.SIGTERM)
        check(m.said() == "STOPPING=1", "stopping")
        m.ends()
        if not abstract:
            os.unlink(os.path.join(daemon.dir, "notify"))


def watchdog(daemon):
    m = Manager(daemon, watchdog_ms=400)
    check({m.said(), m.said()} == {"READY=1", "WATCHDOG=1"}, "the first words")
    for _ in range(5):
        check(m.said(0.4) == "WATCHDOG=1", "a beat is missing")
    m.process.send_signal(signal.SIGSTOP)
    while m.said(0.05):
        pass
    check(m.said(0.6) is None, "a daemon that hangs has a beat")
    m.process.send_signal(signal.SIGCONT)
    m.until("WATCHDOG=1")
    with open(f"/proc/{m.process.pid}/environ", "rb") as f:
        check(b"WATCHDOG_USEC" in f.read(), "the test's own variable")  # of the start: a child would not get it
    m.end()


def not_ours(daemon):
    """WATCHDOG_PID of another process: the beat is not expected of this one."""
    m = Manager(daemon, watchdog_ms=200, whose=1)
    check(m.said() == "READY=1", "ready")
    check(m.said(0.5) is None, "a beat for another process")
    m.end()


def installed_elsewhere(daemon):
    """An installation below any folder is whole: the unit starts the program that came with it, which finds its themes."""
    prefix = os.path.join(daemon.dir, "usr")
    subprocess.run(["cmake", "--install", os.environ["BUILD"], "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    program = os.path.join(prefix, "bin", "checkrein")
    with open(os.path.join(prefix, "lib/systemd/user/checkrein.service")) as f:
        text = f.read()
    for line in ("Type=notify", "Restart=on-failure", "NoNewPrivileges=yes", "WantedBy=default.target",
                 f"ExecStart={program} serve"):
        check(line in text.splitlines(), f"{line} is not in the unit")
    with open(os.path.join(prefix, "share/checkrein/themes/odd.ini"), "w") as f:
        f.write("[no such part\n")
    away = os.path.join(daemon.dir, "away.ini")  # a back-end is named: no daemon is started for this
    with open(away, "w") as f:
        f.write(f"[backend away]\nkind = checkrein\nurl = unix:{daemon.dir}/away.sock\n")
    done = subprocess.run([program, "console", "--config", away, "--theme", "odd"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env={**os.environ, "XDG_CONFIG_HOME": daemon.dir, "XDG_STATE_HOME": daemon.dir, "TERM": "xterm"})
    check("share/checkrein/themes/odd.ini" in done.stderr, f"{done}")
    if not shutil.which("systemd-analyze"):
        print("  systemd-analyze is not installed: the unit was not verified")
        return
    copy = os.path.join(daemon.dir, "checkrein.service")
    with open(copy, "w") as f:
        f.write("".join("" if line.startswith("Documentation=") else line + "\n" for line in text.splitlines()))
    done = subprocess.run(["systemd-analyze", "--user", "verify", copy], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "XDG_RUNTIME_DIR": daemon.dir})
    check("checkrein.service" not in done.stderr + done.stdout, f"{done}")


if __name__ == "__main__":
    run([life, watchdog, not_ours, installed_elsewhere])
