"""Who may come in: bearer token, own Host, no Origin on the port; only this user on the socket."""
import base64
import os
import socket
import stat

from daemon import Console, check, run


def refused_on_the_port(daemon):
    ok = daemon.headers()
    cases = [
        (401, {"Content-Type": "application/json"}),
        (401, {**ok, "Authorization": "Bearer " + "0" * 64}),
        (401, {**ok, "Authorization": "Bearer " + daemon.token[:-1]}),
        (401, {**ok, "Authorization": "Bearer " + daemon.token + "x"}),
        (401, {**ok, "Authorization": "Basic " + daemon.token}),
        (401, {**ok, "Authorization": daemon.token}),
        (403, {**ok, "Origin": "https://evil.example"}),
        (403, {**ok, "Origin": "null"}),
        (403, {**ok, "Origin": f"http://127.0.0.1:{daemon.port}"}),
        (421, {**ok, "Host": "evil.example"}),
        (421, {**ok, "Host": f"evil.example:{daemon.port}"}),
        (421, {**ok, "Host": "127.0.0.1"}),
        (421, {**ok, "Host": f"127.0.0.1:{daemon.port}.evil.example"}),
    ]
    for want, headers in cases:
        status, _ = daemon.post("/hook/claude", {"hook_event_name": "Stop", "session_id": "x"}, headers)
        check(status == want, f"{headers}: HTTP {status}, not {want}")
    check(not daemon.status()["agents"], "a refused request made an agent")


def by_password(daemon):
    """A client that can be given an address and no header: http://checkrein:TOKEN@..."""
    def post(user):
        word = "Basic " + base64.b64encode(user.encode()).decode()
        return daemon.post("/v1/logs", {}, {**daemon.headers(), "Authorization": word})[0]

    check(post("checkrein:" + daemon.token) == 200, "the token as a password")
    for user in ("checkrein:", "checkrein:" + daemon.token[:-1], "other:" + daemon.token, ":" + daemon.token):
        check(post(user) == 401, f"{user}")


def paths_and_methods(daemon):
    for want, method, path in [(404, "POST", "/"), (404, "POST", "/hook/other"), (405, "GET", "/hook/claude"),
                               (404, "POST", "/hook/claude/"), (405, "PUT", "/hook/claude")]:
        c = daemon.connection()
        c.request(method, path, "{}", daemon.headers())
        status = c.getresponse().status
        c.close()
        check(status == want, f"{method} {path}: HTTP {status}, not {want}")


def no_console_on_the_port(daemon):
    s = socket.create_connection(("127.0.0.1", daemon.port))
    s.sendall((f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer {daemon.token}\r\n"
               "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: checkrein.v1\r\n\r\n").encode())
    answer = s.recv(4096)
    check(b" 101 " not in answer, "a console came in by the hook port with the hook token")
    s.close()


def modes(daemon):
    def mode(path):
        return stat.S_IMODE(os.stat(path).st_mode)
    check(mode(daemon.socket) == 0o600, f"socket {mode(daemon.socket):o}")
    check(mode(os.path.dirname(daemon.socket)) == 0o700, "socket's folder")
    check(mode(daemon.token_file) == 0o600, f"token {mode(daemon.token_file):o}")
    check(mode(daemon.record) == 0o700, f"record {mode(daemon.record):o}")
    for name in os.listdir(daemon.record):
        public = name.endswith(".pub")
        check(public or mode(os.path.join(daemon.record, name)) & 0o077 == 0, f"record/{name} can be read by others")


def another_user_on_the_socket(daemon):
    if os.geteuid() != 0:
        print("  (not root: another user cannot be tried)")
        return
    os.chmod(daemon.dir, 0o755)
    os.chmod(os.path.dirname(daemon.socket), 0o755)
    os.chmod(daemon.socket, 0o666)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setuid(65534)
            Console(daemon, hello=False)
        except Exception as e:  # noqa: BLE001
            code = 0 if getattr(e, "status", 0) == 403 else 2
        os._exit(code)
    check(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, "another user was let in")


def token_is_nowhere(daemon):
    daemon.hook("UserPromptSubmit", prompt="hello")
    needle = daemon.token.encode()
    for root, _, names in os.walk(daemon.dir):
        for name in names:
            path = os.path.join(root, name)
            if path != daemon.token_file and stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as f:
                    check(needle not in f.read(), f"the token is in {path}")
    for what in ("cmdline", "environ"):
        with open(f"/proc/{daemon.process.pid}/{what}", "rb") as f:
            check(needle not in f.read(), f"the token is in {what}")


def second_daemon(daemon):
    done = daemon.run("serve", "--socket", daemon.socket, "--token-file", daemon.token_file, "--journal",
                      daemon.record + "2", "--hook-port", "0")
    check(done.returncode == 1 and "checkrein:" in done.stderr, f"{done.returncode} {done.stderr}")
    Console(daemon).close()
    done = daemon.run("serve", "--socket", daemon.socket + "2", "--token-file", daemon.token_file, "--journal",
                      daemon.record, "--hook-port", "0")
    check(done.returncode == 1 and str(daemon.process.pid) in done.stderr,
          f"who holds the record was not said: {done.stderr}")


if __name__ == "__main__":
    run([refused_on_the_port, by_password, paths_and_methods, no_console_on_the_port, modes, another_user_on_the_socket,
         token_is_nowhere, second_daemon])
