"""A made-up `codex app-server` on a Unix socket, as its second client meets it, and the line to it: it can be slow, it can
stop in the middle of a frame, and it can lie. Every message of the client is kept.

    with Server(path) as server:
        server.thread("t1", turn="u1")
        server.ask("t1", 0, "touch a")
"""
import base64
import contextlib
import hashlib
import json
import os
import socket
import struct
import threading
import time

from daemon import check, wait_for

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
PIECE = 1024


class Line:
    """What passes from the server to its client: bytes a second (0: as fast as it goes), and a gate that can be shut."""

    def __init__(self, rate=0, delay=0.0):
        self.rate, self.delay = rate, delay
        self.open = threading.Event()
        self.open.set()

    def pass_on(self, sock, data):
        time.sleep(self.delay)
        for at in range(0, len(data), PIECE if self.rate else len(data)):
            self.open.wait()
            piece = data[at:at + PIECE] if self.rate else data
            sock.sendall(piece)
            if self.rate:
                time.sleep(len(piece) / self.rate)


class Server:
    def __init__(self, path, line=None):
        self.path, self.line = path, line or Line()
        self.threads = {}
        self.asked = []  # (method, params) of each request of the client
        self.answers = []  # (id, result) to each request of ours
        self.pending = {}
        self.connections = 0
        self.sock = None
        self.lock = threading.RLock()
        self.listener = None

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o600)
        self.listener.listen(4)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def cut(self):
        self.line.open.set()
        if self.sock:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    # ---- the line

    def _serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError, ValueError, struct.error):  # it is gone
                self._talk(sock)
            sock.close()

    def _talk(self, sock):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = sock.recv(4096)
            if not piece:
                return
            head += piece
        key = [row.split(b": ")[1] for row in head.split(b"\r\n") if row.lower().startswith(b"sec-websocket-key")][0]
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        self.sock = sock
        self.connections += 1
        stream = sock.makefile("rb")
        while True:
            first, n = stream.read(2)
            n &= 0x7f
            n = struct.unpack(">H", stream.read(2))[0] if n == 126 else struct.unpack(">Q", stream.read(8))[0] if n == 127 else n
            mask, data = stream.read(4), stream.read(n)
            data = bytes(b ^ mask[i & 3] for i, b in enumerate(data))
            if first & 15 == PING:
                self.raw(PONG, data)
            elif first & 15 == CLOSE:
                self.raw(CLOSE, data)
                return
            elif first & 15 == TEXT:
                self._take(json.loads(data))

    def raw(self, opcode, data):
        n = len(data)
        head = struct.pack(">BB", 0x80 | opcode, n) if n < 126 else struct.pack(">BBH", 0x80 | opcode, 126, n) if n < 65536 \
            else struct.pack(">BBQ", 0x80 | opcode, 127, n)
        with self.lock:
            self.line.pass_on(self.sock, head + data)

    def send(self, message):
        self.raw(TEXT, (message if isinstance(message, str) else json.dumps(message)).encode())

    def send_all(self, messages):
        """Many in as few writes as it takes."""
        with self.lock:
            frames = bytearray()
            for message in messages:
                data = message.encode() if isinstance(message, str) else json.dumps(message).encode()
                n = len(data)
                frames += struct.pack(">BB", 0x81, n) if n < 126 else struct.pack(">BBH", 0x81, 126, n)
                frames += data
            self.line.pass_on(self.sock, bytes(frames))

    def note(self, method, **params):
        self.send({"method": method, "params": params})

    # ---- what it is asked

    def _take(self, m):
        if "method" not in m:
            self.answers.append((m["id"], m.get("result")))
            self._answered(m["id"], m.get("result"))
            return
        self.asked.append((m["method"], m.get("params")))
        if "id" not in m:
            return
        known = {"initialize": self._initialize, "account/read": lambda _: {"account": None},
                 "thread/loaded/list": lambda _: {"data": list(self.threads), "nextCursor": None},
                 "thread/read": lambda p: {"thread": self._thread(p["threadId"])}, "thread/resume": self._resume,
                 "thread/backgroundTerminals/list": lambda _: {"data": []},
                 "thread/backgroundTerminals/clean": lambda _: {}, "turn/interrupt": self._interrupt}
        if m["method"] not in known or (m.get("params") or {}).get("threadId", next(iter(self.threads), None)) not in [None, *self.threads]:
            self.send({"id": m["id"], "error": {"code": -32600, "message": f"thread not found: {m['method']}"}})
            return
        self.send({"id": m["id"], "result": known[m["method"]](m.get("params"))})
        if m["method"] == "thread/resume":
            for ask in list(self.pending.values()):
                if ask["params"]["threadId"] == m["params"]["threadId"]:
                    self.send(ask)

    @staticmethod
    def _initialize(_):
        return {"userAgent": "made-up/0.169.0 (Linux)", "codexHome": "/nowhere", "platformOs": "linux"}

    def thread(self, thread, /, turn=None, items=(), **more):
        self.threads[thread] = {"turn": turn, "items": list(items), **more}

    def _status(self, name):
        waits = any(ask["params"]["threadId"] == name for ask in self.pending.values())
        flags = ["waitingOnApproval"] if waits else []
        return {"type": "active", "activeFlags": flags} if self.threads[name]["turn"] else {"type": "idle"}

    def _thread(self, name):
        told = {k: v for k, v in self.threads[name].items() if k not in ("turn", "items")}
        return {"id": name, "sessionId": name, "cwd": f"/srv/{name[:12]}", "cliVersion": "0.169.0", "originator": "made-up", "turns": [],
                "preview": "a task", "status": self._status(name), **told}

    def _resume(self, params):
        thread = self.threads[params["threadId"]]
        turns = [{"id": thread["turn"], "status": "inProgress", "items": thread["items"]}] if thread["turn"] else []
        return {"thread": self._thread(params["threadId"]), "approvalPolicy": "on-request", "approvalsReviewer": "user",
                "sandbox": {"type": "readOnly"}, "initialTurnsPage": {"data": turns}}

    def _interrupt(self, params):
        name = params["threadId"]
        turn, self.threads[name]["turn"] = self.threads[name]["turn"], None
        self.note("turn/completed", threadId=name, turn={"id": turn, "status": "interrupted", "items": []})
        return {}

    # ---- what it asks

    def item(self, name, item, command, status="inProgress", **more):
        return {"type": "commandExecution", "id": item, "command": command, "status": status, "cwd": "/srv",
                "commandActions": [{"type": "unknown", "command": command}], **more}

    def ask(self, name, number, command, reason="a step", send=True):
        thread = self.threads[name]
        item = self.item(name, f"i{number}", command)
        thread["items"].append(item)
        params = {"threadId": name, "turnId": thread["turn"], "itemId": f"i{number}", "command": command, "cwd": "/srv",
                  "reason": reason, "kind": "command"}
        self.pending[number] = {"method": "item/commandExecution/requestApproval", "id": number, "params": params}
        if send:
            self.note("item/started", threadId=name, turnId=thread["turn"], item=item)
            self.note("thread/status/changed", threadId=name, status=self._status(name))
            self.send(self.pending[number])

    def _answered(self, number, result):
        ask = self.pending.pop(number, None)
        if not ask or not isinstance(result, dict):
            return
        name, item = ask["params"]["threadId"], ask["params"]["itemId"]
        ran = result.get("decision") in ("accept", "acceptForSession")
        self.threads[name]["items"] = [one for one in self.threads[name]["items"] if one["id"] != item]
        self.note("serverRequest/resolved", threadId=name, requestId=number)
        self.note("thread/status/changed", threadId=name, status=self._status(name))
        end = {"exitCode": 0, "status": "completed"} if ran else {"status": "declined"}
        self.note("item/completed", threadId=name, item=self.item(name, item, ask["params"]["command"]) | end)

    def attached(self, count=1):
        def all_of_them():
            return len([m for m, _ in list(self.asked) if m == "thread/resume"]) >= count
        wait_for("the console attaches", all_of_them)

    def answered(self, count):
        wait_for(f"{count} answers", lambda: len(self.answers) >= count)
        check(len(self.answers) == count, f"{self.answers}")


def config(folder, servers, options=""):
    """A console's configuration, with a record of its own."""
    path = os.path.join(folder, "checkrein.ini")
    with open(path, "w") as f:
        f.write(f"[console]\njournal = {folder}/record\n{options}\n")
        for name, server in servers.items():
            f.write(f"[backend {name}]\nkind = codex\nurl = unix:{server.path}\n")
    return path
