"""Syslog collectors for a test: one that takes octet-counted messages in clear or over TLS, as fast as it is told to, and what it was told."""
import json
import os
import re
import socket
import ssl
import subprocess
import threading

from daemon import Held, check, verdict

MESSAGE = re.compile(rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([!-~]{1,255}) checkrein (\d+) ([a-z.]+) - (.*)", re.S)
TOLD = ("operator.command", "operator.result", "approval.resolved", "fleet.stop")


def parts(message):
    match = MESSAGE.fullmatch(message)
    check(match, f"not RFC 5424: {message!r}")
    return match


def numbers(messages, kinds=TOLD):
    """Of the records that were told."""
    return [json.loads(parts(m)[6])["metadata"]["sequence"] for m in messages if parts(m)[5].decode() in kinds]


class Collector:
    """Takes octet-counted messages over TCP, when it is there and as fast as it is told to."""

    def __init__(self, port, tls=None):
        self.port = port
        self.tls = tls  # an SSLContext; None: in clear
        self.messages = []
        self.listener = None
        self.peers = []
        self.reads = threading.Event()
        self.reads.set()
        self.connections = 0
        self.after_each = None  # called with the peer behind a message, which is its last

    def begin(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=8)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def accept(self, listener):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        try:
            if self.tls:
                peer = self.tls.wrap_socket(peer, server_side=True)
            self.peers.append(peer)
            self.read(peer)
        except OSError:
            peer.close()

    def read(self, peer):
        left = b""
        while True:
            self.reads.wait()
            piece = peer.recv(65536)
            if not piece:
                return
            left += piece
            while True:
                match = re.match(rb"([1-9]\d{0,4}) ", left)
                if not match or len(left) < match.end() + int(match[1]):
                    break
                end = match.end() + int(match[1])
                self.messages.append(left[match.end():end])
                left = left[end:]
                if self.after_each:
                    self.after_each(peer)
                    return

    def cut(self):
        """As a collector that dies: what was not read is gone."""
        peers, self.peers = self.peers, []
        for peer in peers:
            try:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                peer.close()
            except OSError:
                pass

    def end(self):
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.cut()

    def numbers(self, kinds=TOLD):
        return numbers(self.messages, kinds)


class Certificates:
    """Two authorities, and what the first one issues."""

    def __init__(self, folder):
        self.folder = folder
        for ca in ("ca", "stranger"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                         f"/CN={ca}", "-keyout", self.path(ca + ".key"), "-out", self.path(ca + ".pem"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *words):
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"openssl {words}: {done.stderr}")

    def issue(self, name, names, subject="localhost", days=2):
        with open(self.path(name + ".ext"), "w") as f:
            f.write(f"subjectAltName={names}\n" if names else "basicConstraints=CA:FALSE\n")
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}", "-keyout",
                     self.path(name + ".key"), "-out", self.path(name + ".csr"))
        self.openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"), "-CAcreateserial",
                     "-days", str(days), "-extfile", self.path(name + ".ext"), "-out", self.path(name + ".pem"))
        os.chmod(self.path(name + ".key"), 0o600)

    def server(self, name, wants_client=False, newest=ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(name + ".pem"), self.path(name + ".key"))
        context.maximum_version = newest
        if newest < ssl.TLSVersion.TLSv1_2:
            context.minimum_version = newest
            context.set_ciphers("ALL:@SECLEVEL=0")
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path("ca.pem"))
        return context


def due(daemon, kinds=TOLD):
    return [r["n"] for r in daemon.records() if r["k"] == "event" and "from" not in r and
            r["event"]["type"].removeprefix("dev.checkrein.") in kinds]


def act(daemon, console, count, session="s1"):
    for _ in range(count):
        h = Held(daemon, session)
        console.approve(console.request_for(h.id), wait="accepted")
        check(verdict(h.answer()) == "allow", "")
