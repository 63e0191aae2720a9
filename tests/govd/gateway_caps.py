"""What is kept of requests has a cap that all share: one lease cannot take it all, and what ends gives its part back."""
import socket
import threading
import time

from daemon import DEADLINE, check, wait_for
from gateway import call, command, issue, leases, main, with_gateway
from gateway_keys import has_sanitizers

BODY = 16 << 20
HEAD = b'{"model":"m","text":"'


def begin(d, lease, size, said=BODY):
    """So much of a body is sent, and the rest is not."""
    s = socket.create_connection(("127.0.0.1", d.gateway), DEADLINE)
    s.sendall(f"POST /u/work/v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{d.gateway}\r\nx-api-key: {lease['token']}\r\n"
              f"Content-Length: {said}\r\n\r\n".encode() + HEAD)
    text = b"x" * 65536
    sent = len(HEAD)
    try:
        while sent < size:
            sent += s.send(text[:size - sent])
    except OSError:
        pass  # it was refused
    return s


def answer(s, wait=DEADLINE):
    s.settimeout(wait)
    got = b""
    try:
        while piece := s.recv(65536):
            got += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return got


def rss_mib(d):
    with open(f"/proc/{d.process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) >> 10


def one_lease_cannot_take_all_of_it(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d, scopes="models=*")
        child = issue(d, agent="child", parent=lease["id"])
        other = issue(d, agent="other", scopes="models=*")
        before = rss_mib(d)
        held, refused = [], []
        for i in range(24):
            s = begin(d, child if i % 2 else lease, BODY - 100)
            (refused if answer(s, 0.2) else held).append(s)
        check(6 <= len(held) <= 8, f"{len(held)} of 24 are kept")
        check(rss_mib(d) - before < 300, f"{rss_mib(d) - before} MiB are in use")
        last = begin(d, lease, BODY - 100)
        told = answer(last)
        check(b" 429 " in told and b"Retry-After: 5" in told.title() and b"under this lease" in told, f"{told[:300]}")
        status, text, _ = call(d, other, body=HEAD + b"x" * (8 << 20) + b'"}')
        check(status == 200 and len(up.asked[-1].body) > 8 << 20, f"another lease is starved: {status} {text}")
        check(call(d, lease, body=b'{"model":"m"}')[0] == 200, "a small one of the same lease")
        for s in held[:-1]:
            s.close()
        more = begin(d, lease, BODY - 100)
        wait_for("that it is given back", lambda: call(d, lease, body=HEAD + b"x" * (8 << 20) + b'"}')[0] == 200)
        check(not answer(more, 0.2), "refused, when there was room")
        command(d, "revoke", credential=lease["id"])
        check(b" 403 " in answer(more) and b" 403 " in answer(held[-1]), "it was not refused")
        third = issue(d, agent="third", scopes="models=*")
        kept = [begin(d, third, BODY - 100) for _ in range(6)]
        check(not any(answer(s, 0.1) for s in kept), "what was cut did not give its part back")
        for s in kept:
            s.close()


def what_the_upstream_does_not_take_counts_too(folder):
    with with_gateway(folder=folder) as (d, up):
        over = threading.Event()
        up.serve = lambda s: over.wait()  # it takes the connection, and reads nothing
        lease = issue(d, scopes="models=*")
        text = HEAD + b"x" * (BODY - len(HEAD) - 2) + b'"}'
        held, refused = [], []
        for _ in range(12):
            s = begin(d, lease, BODY - 2)
            try:
                s.sendall(b'"}')
            except OSError:
                pass
            (refused if answer(s, 0.2) else held).append(s)
        check(len(text) == BODY and 6 <= len(held) <= 8, f"{len(held)} of 12 are kept")
        for s in held:
            s.close()
        wait_for("that it is given back", lambda: not answer(begin(d, lease, BODY - 100), 0.2))
        over.set()


def what_is_held_counts_too(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d, scopes="models=*")
        command(d, "pause", credential=lease["id"])
        held = []
        for _ in range(12):
            s = begin(d, lease, BODY - 2)
            try:
                s.sendall(b'"}')
            except OSError:
                pass
            if not answer(s, 0.2):
                held.append(s)
        check(6 <= len(held) <= 8 and leases(d)[lease["id"]]["waiting"] == len(held), f"{len(held)} {leases(d)}")
        command(d, "resume", credential=lease["id"])
        for s in held:
            s.settimeout(DEADLINE)
            check(b" 200 " in s.recv(4096), "what was held did not go on")
        check(len(up.asked[-1].body) == BODY, "a body is not whole")


def too_long_a_body_is_refused_at_its_head(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d, scopes="models=*")
        s = begin(d, lease, 100, said=BODY + 1)
        check(b" 413 " in answer(s), "it was read")


def no_body_is_longer_than_it_may_be(folder):
    most = 64 << 20
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d)
        s = begin(d, lease, 100, said=most + 1)
        check(b" 413 " in answer(s) and not up.asked, "its length was not looked at")
        s = socket.create_connection(("127.0.0.1", d.gateway), DEADLINE)
        s.sendall(f"POST /u/work/v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{d.gateway}\r\nx-api-key: {lease['token']}\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"%x\r\n" % (1 << 20) + b"x" * (1 << 20) + b"\r\n"
        sent = 0
        try:
            for _ in range(80):
                s.sendall(piece)
                sent += 1
            s.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        check(b" 200 " not in answer(s, 5) and sent < 80, f"{sent} MiB in chunks went through")
        wait_for("that the upstream's request is broken", lambda: up.gone.qsize() > 0)
        check(call(d, lease)[0] == 200, "the next")


def answers_that_nobody_reads_have_a_cap(folder):
    """Each of many clients that do not read has less kept for it than one alone has."""
    piece = b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n"

    def endless(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        while asked.field("x-endless"):
            out.write(piece)
        out.write(piece * 64 + b"0\r\n\r\n")

    with with_gateway(endless, folder=folder) as (d, up):
        lease = issue(d)
        clients = []
        before = rss_mib(d)
        for _ in range(200):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", d.gateway))
            s.sendall(f"GET /u/work/x HTTP/1.1\r\nHost: 127.0.0.1:{d.gateway}\r\nx-api-key: {lease['token']}\r\nX-Endless: 1\r\n\r\n".encode())
            clients.append(s)
        wait_for("all answers", lambda: len(up.asked) == len(clients), 100)
        seen = [0] * 5
        wait_for("that nothing moves", lambda: (seen.append(rss_mib(d)), time.sleep(0.2), seen[-5] == seen[-1])[2])
        check(seen[-1] - before < (170 if has_sanitizers(d.binary) else 115), f"{seen[-1] - before} MiB are in use for {len(clients)} that do not read")
        status, text, _ = call(d, lease, "GET")
        check(status == 200 and len(text) == 64 * 65536, "one that reads is held up")
        for s in clients:
            s.close()
        wait_for("that they are gone", lambda: up.gone.qsize() >= len(clients))


if __name__ == "__main__":
    main([one_lease_cannot_take_all_of_it, what_the_upstream_does_not_take_counts_too, what_is_held_counts_too,
          too_long_a_body_is_refused_at_its_head, no_body_is_longer_than_it_may_be, answers_that_nobody_reads_have_a_cap])
