"""A daemon of one's own for a test, and the two ways to talk to it: hooks over HTTP, and checkrein.v1.

Standard library only. Everything waits for a state with a deadline; nothing sleeps for luck.
"""
import base64
import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import decisions
from shim import Shim

DEADLINE = float(os.environ.get("CHECKREIN_TEST_DEADLINE", "20"))


class Failed(AssertionError):
    pass


def check(condition, message):
    if not condition:
        raise Failed(message)


def wait_for(what, probe, deadline=DEADLINE):
    """The first true value of probe(), within the deadline."""
    until = time.monotonic() + deadline
    pause = 0.002
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > until:
            raise Failed(f"not within {deadline} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def free_port():
    """One that nobody has now; whoever takes it in between makes the test fail, not pass."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Daemon:
    """`checkrein serve` in a folder that goes away with it."""

    def __init__(self, binary, policy="", config="", port=0, prices="", consoles=False, shim=False):
        self.binary = binary
        self.dir = tempfile.mkdtemp(prefix="cr-test-")
        self.socket = os.path.join(self.dir, "run", "cr.sock")
        self.token_file = os.path.join(self.dir, "state", "hook.token")
        self.policy_file = os.path.join(self.dir, "policy.ini")
        self.prices_file = os.path.join(self.dir, "prices.ini")
        self.record = os.path.join(self.dir, "record")
        self.config_file = os.path.join(self.dir, "checkrein.ini")
        os.mkdir(os.path.join(self.dir, "run"), 0o700)
        os.mkdir(os.path.join(self.dir, "state"), 0o700)
        self.shim = Shim(self.dir)
        self.env = self.shim.env() if shim else {}
        self.write_policy(policy)
        self.write_prices(prices)
        with open(self.config_file, "w") as f:
            f.write(f"[serve]\nsocket = {self.socket}\nstop_grace_ms = 500\n" + config)
        self.client_file = os.path.join(self.dir, "client.ini")
        with open(self.client_file, "w") as f:
            f.write(f"[backend test]\nkind = checkrein\nurl = unix:{self.socket}\n")
        self.port = port
        self.console_port = free_port() if consoles else 0
        self.process = None
        self.tampered = False  # a test changed the record on purpose
        self.start()

    def write_policy(self, text):
        with open(self.policy_file, "w") as f:
            f.write(text)

    def write_prices(self, text):
        with open(self.prices_file, "w") as f:
            f.write(text)

    def start(self):
        ready, theirs = os.pipe()
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.process = subprocess.Popen(
            [self.binary, "serve", "--config", self.config_file, "--socket", self.socket, "--token-file",
             self.token_file, "--policy", self.policy_file, "--prices", self.prices_file, "--journal", self.record, "--hook-port",
             str(self.port), "--ready-fd", str(theirs), "--console-port", str(self.console_port)],
            pass_fds=[theirs], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={**os.environ, "XDG_STATE_HOME": self.dir, "XDG_CONFIG_HOME": self.dir, **self.env})
        os.close(theirs)
        with os.fdopen(ready, "rb") as f:
            line = f.readline()
        check(line, "the daemon did not start: " + self.log_text())
        self.port = int(line)
        with open(self.token_file) as f:
            self.token = f.read().strip()

    def log_text(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()[-4000:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self, deadline=DEADLINE):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(deadline)

    def console_config(self, name="console", options=""):
        """A console of its own over this daemon."""
        path = os.path.join(self.dir, name + ".ini")
        with open(path, "w") as f:
            f.write(f"[backend d]\nkind = checkrein\nurl = unix:{self.socket}\n[console]\njournal = {self.dir}/{name}\n{options}")
        return path

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def close(self):
        code = None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                code = self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failed("the daemon did not end on SIGTERM")
        text = self.log_text()
        try:
            self.check_record()
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
        check("Sanitizer" not in text and "runtime error" not in text, text)
        return code

    # ---- the command line

    def run(self, *arguments, deadline=DEADLINE):
        return subprocess.run([self.binary, *arguments, "--config", self.client_file], capture_output=True, text=True,
                              timeout=deadline, stdin=subprocess.DEVNULL)

    def manage_tokens(self, *words):
        """`checkrein token ...` on this daemon's own files; gives what it printed."""
        done = subprocess.run([self.binary, "token", *words, "--config", self.config_file], capture_output=True, text=True,
                              timeout=DEADLINE, stdin=subprocess.DEVNULL,
                              env={**os.environ, "XDG_STATE_HOME": self.dir, "XDG_CONFIG_HOME": self.dir})
        check(done.returncode == 0, f"token {words}: {done}")
        return done.stdout.strip()

    def status(self):
        done = self.run("status", "--json")
        check(done.returncode == 0, done.stderr)
        return json.loads(done.stdout)

    def verify(self):
        done = subprocess.run([self.binary, "verify", self.record], capture_output=True, text=True,
                              timeout=DEADLINE * 6)
        return done

    def records(self):
        out = []
        for name in sorted(os.listdir(self.record)):
            if name.endswith(".jsonl"):
                with open(os.path.join(self.record, name), "rb") as f:
                    out += [json.loads(line) for line in f if line.endswith(b"\n")]
        return out

    def check_record(self):
        """Whatever a test did: nothing ran that was not decided. Two checkers that share no line agree."""
        if self.tampered or not os.path.isdir(self.record):
            return
        done = self.verify()
        check(done.returncode == 0, f"the record that is left does not hold: {done.stdout}{done.stderr}")
        started, faults = decisions.check(self.records())
        check(not faults, f"the record that is left tells of {faults[:3]}")
        told = re.search(r"(\d+) calls were let run", done.stdout)
        check(int(told.group(1) if told else 0) == started, f"{started} calls were let run, not: {done.stdout}")

    def events(self, kind=None):
        found = [r["event"] for r in self.records() if r["k"] == "event"]
        return [e for e in found if kind is None or e["type"] == "dev.checkrein." + kind]

    # ---- hooks

    def connection(self, timeout=DEADLINE * 6):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def headers(self, **extra):
        return {"Authorization": "Bearer " + self.token, "Content-Type": "application/json", **extra}

    def post(self, path, body, headers=None, timeout=DEADLINE * 6):
        c = self.connection(timeout)
        try:
            c.request("POST", path, body if isinstance(body, bytes) else json.dumps(body),
                      self.headers() if headers is None else headers)
            r = c.getresponse()
            return r.status, r.read()
        finally:
            c.close()

    def hook(self, event, session="s1", **fields):
        status, body = self.post("/hook/claude", {"hook_event_name": event, "session_id": session,
                                                  "cwd": "/srv/" + session, **fields})
        check(status == 200, f"{event}: HTTP {status} {body!r}")
        return json.loads(body)


def verdict(answer):
    return answer["hookSpecificOutput"]["permissionDecision"]


class Held:
    """One PreToolUse that waits for its answer on a connection of its own."""

    def __init__(self, daemon, session="s1", tool="Bash", call=None, extra=None, **tool_input):
        self.id = call or "toolu_" + secrets.token_hex(8)
        body = json.dumps({"hook_event_name": "PreToolUse", "session_id": session, "cwd": "/srv/" + session,
                           "permission_mode": "default", "tool_name": tool, "tool_use_id": self.id,
                           "tool_input": tool_input or {"command": "touch x"}, **(extra or {})}).encode()
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), DEADLINE * 6)
        head = (f"POST /hook/claude HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer "
                f"{daemon.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        self.socket.sendall(head.encode() + body)

    def answered(self, wait=0.0):
        """True when an answer is there within `wait` seconds."""
        self.socket.settimeout(wait or 0.001)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except (TimeoutError, socket.timeout, BlockingIOError):
            return False
        finally:
            self.socket.settimeout(DEADLINE * 6)

    def answer(self, deadline=DEADLINE):
        self.socket.settimeout(deadline)
        r = http.client.HTTPResponse(self.socket)
        r.begin()
        return json.loads(r.read())

    def hang_up(self):
        self.socket.close()


class NotLetIn(Failed):
    def __init__(self, status):
        super().__init__(f"the upgrade was answered with HTTP {status}")
        self.status = status


class Console:
    """A client of checkrein.v1, frame by frame: over the Unix socket, or over a loopback port when one is given."""

    def __init__(self, daemon, hello=True, resume_after=None, instance=None, validate=None, port=None, token=None, headers=None):
        self.validate = validate
        if port:
            self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(DEADLINE)
            self.socket.connect(daemon.socket)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        fields = {"Host": f"127.0.0.1:{port}" if port else "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
                  "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "checkrein.v1"}
        if token:
            fields["Authorization"] = "Bearer " + token
        fields.update(headers or {})
        self.socket.sendall(("GET / HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            piece = self.socket.recv(65536)
            check(piece, "the upgrade was cut")
            self.buffer += piece
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101"):
            self.socket.close()
            raise NotLetIn(int(head.split()[1]))
        self.frames = []
        self.events = []
        if hello:
            self.hello(resume_after, instance)

    def send_raw(self, opcode, payload, final=True, mask=True):
        head = bytes([(0x80 if final else 0) | opcode])
        n = len(payload)
        flag = 0x80 if mask else 0
        if n < 126:
            head += bytes([flag | n])
        elif n < 65536:
            head += bytes([flag | 126]) + struct.pack(">H", n)
        else:
            head += bytes([flag | 127]) + struct.pack(">Q", n)
        if mask:
            m = secrets.token_bytes(4)
            payload = bytes(b ^ m[i % 4] for i, b in enumerate(payload)) if n < 4096 else _masked(payload, m)
            head += m
        self.socket.sendall(head + payload)

    def send(self, frame):
        self.send_raw(1, json.dumps(frame).encode())

    def _need(self, n):
        while len(self.buffer) < n:
            piece = self.socket.recv(262144)
            if not piece:
                raise EOFError
            self.buffer += piece

    def read(self, deadline=DEADLINE):
        """The next frame, as JSON; a close frame is {"kind": "closed", "code": ...}."""
        self.socket.settimeout(deadline)
        while True:
            try:
                self._need(2)
                n = self.buffer[1] & 127
                at = 2
                if n == 126:
                    self._need(4)
                    n, at = struct.unpack(">H", self.buffer[2:4])[0], 4
                elif n == 127:
                    self._need(10)
                    n, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
                self._need(at + n)
            except EOFError:
                return {"kind": "closed", "code": 0}
            opcode = self.buffer[0] & 15
            payload = self.buffer[at:at + n]
            self.buffer = self.buffer[at + n:]
            if opcode == 9:
                self.send_raw(10, payload)
            elif opcode == 8:
                return {"kind": "closed", "code": struct.unpack(">H", payload[:2])[0] if n >= 2 else 0,
                        "reason": payload[2:].decode()}
            elif opcode == 1:
                frame = json.loads(payload)
                if self.validate:
                    self.validate(frame)
                self.frames.append(frame)
                if frame["kind"] == "event":
                    self.events.append(frame["event"])
                return frame

    def hello(self, resume_after=None, instance=None, **claims):
        frame = {"kind": "hello", "protocol": {"min": 1, "max": 1}, "role": "operator",
                 "client": {"name": "test", "version": "1"}, **claims}
        if resume_after is not None:
            frame.update(resume_after=resume_after, resume_instance=instance)
        self.send(frame)
        self.greeting = self.until("hello", lambda f: f["kind"] == "hello")
        self.synced = self.until("synced", lambda f: f["kind"] == "synced")

    def until(self, what, wanted, deadline=DEADLINE):
        """Reads frames until one is wanted."""
        end = time.monotonic() + deadline
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(f"no frame within {deadline} s: {what}")
            try:
                frame = self.read(left)
            except (TimeoutError, socket.timeout):
                raise Failed(f"no frame within {deadline} s: {what}") from None
            if wanted(frame):
                return frame
            check(frame["kind"] != "closed", f"closed while waiting for {what}: {frame}")

    def event(self, kind, deadline=DEADLINE, **attributes):
        """The next event of a type whose data has these attributes; seen ones count too."""
        names = {k.replace("__", "."): v for k, v in attributes.items()}

        def matches(e):
            return (e["type"] == "dev.checkrein." + kind and
                    all(e["data"].get(k) == v for k, v in names.items()))

        for e in self.events:
            if matches(e):
                return e
        frame = self.until(f"{kind} {names}", lambda f: f["kind"] == "event" and matches(f["event"]), deadline)
        return frame["event"]

    def request_for(self, call):
        return self.event("approval.requested", gen_ai__tool__call__id=call)["data"]

    def command(self, verb, wait=True, **fields):
        frame = {"kind": "command", "id": fields.pop("id", None) or ulid(), "verb": verb, **fields}
        self.send(frame)
        if not wait:
            return frame["id"]
        final = ("confirmed", "refused", "superseded", "unverifiable", "failed", "expired")
        states = (*final, "accepted") if wait == "accepted" else final
        return self.until(f"result of {verb}", lambda f: f["kind"] == "result" and f["command"] == frame["id"]
                          and f["state"] in states)

    def approve(self, request, **fields):
        return self.command("approve", approval=request["approval.id"], digest=request["action.digest"],
                            scope="once", **fields)

    def close(self):
        with contextlib.suppress(OSError):
            self.send_raw(8, struct.pack(">H", 1000))
        self.socket.close()


def _masked(payload, mask):
    n = len(payload)
    whole = mask * (n // 4 + 1)
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole[:n], "big")).to_bytes(n, "big")


def ulid():
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(digits[number >> (5 * i) & 31] for i in range(25, -1, -1))


def run(tests):
    """Runs the functions on a daemon each: main of every test file. argv[1] is the program."""
    binary = os.path.abspath(sys.argv[1])
    wanted = sys.argv[2:]
    failed = []
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        started = time.monotonic()
        daemon = Daemon(binary, **getattr(test, "daemon", {}))
        try:
            test(daemon)
            daemon.close()
            word = "ok"
        except (Exception, subprocess.TimeoutExpired) as error:  # noqa: BLE001 - reported below
            word = f"FAILED: {type(error).__name__}: {error}\n{daemon.log_text() if os.path.isdir(daemon.dir) else ''}"
            failed.append(test.__name__)
            with contextlib.suppress(Exception):
                daemon.kill()
            shutil.rmtree(daemon.dir, ignore_errors=True)
        print(f"{test.__name__}: {word} ({time.monotonic() - started:.2f} s)", flush=True)
    print(f"{len(tests) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def with_daemon(**options):
    """Options of the daemon that a test runs on."""
    def mark(test):
        test.daemon = options
        return test
    return mark


def in_threads(count, work):
    errors = []

    def one(i):
        try:
            work(i)
        except Exception as e:  # noqa: BLE001 - raised in the caller
            errors.append(e)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]
