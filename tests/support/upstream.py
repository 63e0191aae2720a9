"""A service behind the gateway that does what a test says, and remembers what it was asked."""
import contextlib
import http.client
import queue
import socket
import ssl
import threading

from daemon import DEADLINE


class Asked:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ")
        self.fields = [(k.lower(), v.strip()) for k, v in (line.split(":", 1) for line in lines[1:] if line)]
        self.body = body

    def field(self, name):
        found = [v for k, v in self.fields if k == name]
        return found[0] if found else None


def read_chunked(f):
    body = b""
    while True:
        size = int(f.readline(), 16)
        body += f.read(size)
        f.readline()
        if size == 0:
            return body


class Upstream:
    """One thread a connection. `answer(asked, out)` writes the answer; by default 200 and {}."""

    def __init__(self, answer=None, cert=None):
        self.answer = answer or self.plain
        self.asked = []
        self.gone = queue.Queue()  # connections that the other side closed
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.context = None
        if cert:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*cert)
        scheme = "https" if cert else "http"
        self.url = f"{scheme}://localhost:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    @staticmethod
    def plain(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    def accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            if self.context:
                s = self.context.wrap_socket(s, server_side=True)
            with s, s.makefile("rb") as f, s.makefile("wb", buffering=0) as out:
                while True:
                    head = b""
                    while not head.endswith(b"\r\n\r\n"):
                        line = f.readline()
                        if not line:
                            return
                        head += line
                    asked = Asked(head[:-4], b"")
                    self.asked.append(asked)
                    if asked.field("content-length"):
                        asked.body = f.read(int(asked.field("content-length")))
                    elif asked.field("transfer-encoding"):
                        asked.body = read_chunked(f)
                    self.answer(asked, out)
        except (OSError, ssl.SSLError, ValueError):  # gone, also in the middle of a chunk
            pass
        finally:
            self.gone.put(1)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # whoever waits in accept() too
        self.socket.close()


def chunk(text):
    return b"%x\r\n%s\r\n" % (len(text), text)


class Stream:
    """Answers with a head, a first piece, and then with what the test gives it, piece by piece; None ends it."""

    def __init__(self, kind=b"text/event-stream", first=b""):
        self.first = first
        self.pieces = queue.Queue()
        self.broken = threading.Event()  # the other side has gone
        self.kind = kind

    def __call__(self, asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: " + self.kind + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
        if self.first:
            out.write(chunk(self.first))
        while True:
            piece = self.pieces.get()
            try:
                out.write(chunk(piece) if piece is not None else b"0\r\n\r\n")
            except OSError:
                self.broken.set()
                raise
            if piece is None:
                return


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(self.path)
