"""Threat 15: small messages that would become large. Nothing is inflated, and what is read has a cap before it is parsed."""
import gzip
import json
import socket
import zlib

from daemon import Console, Held, check, run, verdict

MB = 1024 * 1024


def peak(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return int(next(row for row in f if row.startswith("VmHWM")).split()[1]) * 1024


def grows_by(daemon, what, act, most):
    before = peak(daemon)
    act()
    check(daemon.process.poll() is None, f"{what}: the daemon died")
    check(peak(daemon) - before < most, f"{what}: {(peak(daemon) - before) // MB} MB more")
    check(verdict(Held(daemon, "after", tool="Read", file_path="/x").answer()) == "allow", f"after {what}")


def hook_bodies(daemon):
    headers = daemon.headers()
    shapes = {
        "brackets": b"[" * (3 * MB),
        "objects": b'{"a":' * (600 * 1024),
        "keys": b"{" + b",".join(b'"k%d":1' % i for i in range(200000)) + b"}",
        "numbers": b"[" + b"1," * (1500 * 1024) + b"1]",
        "escapes": b'{"a":"' + b"\\u0001" * (400 * 1024) + b'"}',
        "an exponent": b'{"a":1e' + b"9" * MB + b"}",
    }
    for what, body in shapes.items():
        grows_by(daemon, what, lambda body=body: daemon.post("/hook/claude", body, headers), 96 * MB)


def compressed_bodies_are_not_inflated(daemon):
    bomb = gzip.compress(b"0" * (64 * MB))
    for coding in ("gzip", "deflate", "br"):
        def act(coding=coding):
            status, body = daemon.post("/hook/claude", bomb, daemon.headers(**{"Content-Encoding": coding}))
            check(status >= 400 or b"deny" in body, f"{coding}: {status} {body[:80]!r}")
        grows_by(daemon, coding, act, 8 * MB)


def no_extension_is_agreed_to(daemon):
    s = socket.socket(socket.AF_UNIX)
    s.connect(daemon.socket)
    s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
              b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
              b"Sec-WebSocket-Protocol: checkrein.v1\r\n\r\n")
    head = s.recv(4096)
    check(b" 101 " in head and b"extensions" not in head.lower(), head.decode())
    s.close()


def a_frame_that_says_it_is_compressed(daemon):
    """What 1 MB of these does to others: 1.1 GB. Here the bit is a fault of the protocol."""
    bomb = zlib.compress(b"0" * (64 * MB))

    def act():
        c = Console(daemon)
        c.socket.sendall(bytes([0xC1, 0x80 | 127]) + len(bomb).to_bytes(8, "big") + b"\0\0\0\0" + bomb[:4096])
        frame = c.until("the end", lambda f: f["kind"] == "closed")
        check(frame["code"] in (1002, 0), str(frame))
    grows_by(daemon, "a compressed frame", act, 8 * MB)


def frames_of_brackets(daemon):
    def act():
        for text in (b"[" * 60000, b'{"kind":' * 7000, json.dumps({"kind": ["x"] * 20000}).encode()):
            c = Console(daemon)
            c.send_raw(1, text)
            c.until("an end", lambda f: f["kind"] in ("error", "closed", "result"))
            c.close()
    grows_by(daemon, "frames of brackets", act, 16 * MB)


if __name__ == "__main__":
    run([hook_bodies, compressed_bodies_are_not_inflated, no_extension_is_agreed_to, a_frame_that_says_it_is_compressed,
         frames_of_brackets])
