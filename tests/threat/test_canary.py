"""Threat 13: tokens are where they belong and nowhere else. Two canaries: the hooks' token, and one for a back-end."""
import glob
import os
import socket
import stat
import subprocess
import threading

from daemon import Console, Held, check, run, wait_for
from terminal import Terminal


def processes_of(daemon):
    """Everything that was started here: it has the folder in its words, or its environment."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(path + "/cmdline", "rb") as c, open(path + "/environ", "rb") as e:
                words, env = c.read(), e.read()
        except OSError:
            continue
        if daemon.dir.encode() in words + env and b"checkrein" in words:
            found.append((int(path.split("/")[2]), words, env))
    return found


def check_processes(daemon, needles, least):
    found = processes_of(daemon)
    check(len(found) >= least, f"only {len(found)} processes were looked at")
    for pid, words, env in found:
        for needle in needles:
            check(needle not in words, f"a token is in the words of {pid}: {words!r}")
            check(needle not in env, f"a token is in the environment of {pid}")


def check_files(daemon, needles, homes):
    looked = 0
    for root, _, names in os.walk(daemon.dir):
        for name in names:
            path = os.path.join(root, name)
            if path in homes or not stat.S_ISREG(os.lstat(path).st_mode):
                continue
            looked += 1
            with open(path, "rb") as f:
                text = f.read()
            for needle in needles:
                check(needle not in text, f"a token is in {path}")
    check(looked > 5, f"only {looked} files were looked at")
    for path in homes:
        check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, f"{path} can be read by others")


class Listener:
    """Where a back-end should be: keeps what it is sent, and refuses."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.got = b""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
                peer.settimeout(5)
                while b"\r\n\r\n" not in self.got:
                    piece = peer.recv(4096)
                    if not piece:
                        break
                    self.got += piece
                peer.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
                peer.close()
            except OSError:
                return


def nowhere_else(daemon):
    needles = [daemon.token.encode(), b"canary-of-a-back-end-0123456789abcdef"]
    canary = os.path.join(daemon.dir, "backend.token")
    fd = os.open(canary, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, needles[1])
    os.close(fd)
    elsewhere = Listener()
    config = daemon.console_config()
    with open(config, "a") as f:
        f.write(f"[backend far]\nkind = checkrein\nurl = ws://127.0.0.1:{elsewhere.port}/path\ntoken_file = {canary}\n")
    console = Console(daemon)
    waits = Held(daemon, command="cat token")
    console.request_for(waits.id)
    with Terminal([daemon.binary, "console", "--config", config], {"XDG_STATE_HOME": daemon.dir}) as t:
        t.wait_text("cat token")
        wait_for("the back-end's token arrives where it belongs", lambda: needles[1] in elsewhere.got)
        check(b"Bearer " + needles[1] in elsewhere.got, "as a bearer token")
        check(needles[1] not in elsewhere.got.split(b"\r\n")[0], "the token is in the URL")
        hook = subprocess.Popen([daemon.binary, "hook", "claude"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env={**os.environ, "XDG_RUNTIME_DIR": daemon.dir, "XDG_STATE_HOME": daemon.dir})
        check_processes(daemon, needles, 2)
        hook.stdin.close()
        hook.wait(20)
        for view in "23456":
            t.type(view)
            t.read(0.3)
        for needle in needles:
            check(needle not in t.seen, "a token is on the screen")
        t.type("Q")
        check(t.end() == 0, "exit code")
    for words in (["status", "--json"], ["config"], ["verify", daemon.record], ["connect", "claude", "--dry-run"]):
        done = daemon.run(*words)
        for needle in needles:
            check(needle.decode() not in done.stdout + done.stderr, f"a token is printed by {words}")
    waits.hang_up()
    console.close()
    check_files(daemon, needles, {daemon.token_file, canary})


def no_core(daemon):
    """The daemon's memory holds the token: it leaves no core, whatever the shell allows."""
    with open(f"/proc/{daemon.process.pid}/limits") as f:
        line = next(row for row in f if row.startswith("Max core file size"))
    check(line.split()[4:6] == ["0", "0"], line)


def only_the_right_door_gets_it(daemon):
    """A wrong token is not answered with the right one, in no error and no log."""
    status, body = daemon.post("/hook/claude", {}, {"Authorization": "Bearer wrong", "Content-Type": "application/json"})
    check(status == 401 and daemon.token.encode() not in body, f"{status} {body!r}")
    daemon.post("/hook/claude", b"{" + daemon.token.encode())
    with open(os.path.join(daemon.dir, "log"), errors="replace") as f:
        check("Bearer" not in f.read(), "a header is in the log")


if __name__ == "__main__":
    run([nowhere_else, no_core, only_the_right_door_gets_it])
