"""A kept connection to the upstream that closes when it is used again, and clients that go away."""
import contextlib
import json
import socket
import threading
import time

from daemon import check, wait_for
from gateway import KEY, call, command, issue, leases, main, with_gateway


class Closing:
    """Answers the first request of each connection, and closes at the second when it has read it, with no word."""

    def __init__(self, first_too=False, works_s=0):
        self.seen = threading.local()
        self.first_too = first_too
        self.works_s = works_s

    def __call__(self, asked, out):
        count = getattr(self.seen, "count", 0)
        self.seen.count = count + 1
        if count or self.first_too:
            time.sleep(self.works_s)
            raise OSError
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


def a_kept_connection_that_closes_is_not_seen(folder):
    with with_gateway(Closing(), folder=folder) as (d, up):
        lease = issue(d)
        for i, (method, body) in enumerate([("GET", None), ("POST", b"x"), ("POST", b"y" * 300000), ("DELETE", None),
                                            ("POST", json.dumps({"model": "m", "text": "z" * 900000}).encode()), ("PUT", b"")] * 2):
            before = len(up.asked)
            status, text, _ = call(d, lease, method, body=body)
            check(status == 200, f"{i} {method} {len(body or b'')}: {status} {text}")
            check(len(up.asked) - before == (2 if i else 1), f"{i}: it was asked {len(up.asked) - before} times")
            for one in up.asked[before:]:
                check(one.body == (body or b"") and one.method == method, f"{i}: another body: {len(one.body)} of {len(body or b'')}")
                check(one.field("x-api-key") == KEY, "without the key")


def nothing_is_asked_twice_over_a_connection_of_its_own(folder):
    with with_gateway(Closing(first_too=True), folder=folder) as (d, up):
        lease = issue(d)
        for body in (b"x", b""):
            before = len(up.asked)
            check(call(d, lease, body=body)[0] == 502 and len(up.asked) == before + 1, f"{len(up.asked) - before} times")


def what_may_have_been_done_is_not_done_twice(folder):
    with with_gateway(Closing(works_s=1.5), folder=folder) as (d, up):
        lease = issue(d)
        for method, body, twice in (("POST", b'{"model":"m"}', False), ("POST", b"", False), ("PATCH", b"x", False), ("GET", None, True),
                                    ("PUT", b"x", True)):
            check(call(d, lease, "GET")[0] == 200, "the first")
            before = len(up.asked)
            status, text, _ = call(d, lease, method, body=body)
            times = len(up.asked) - before
            check(times == (2 if twice else 1) and status == (200 if twice else 502), f"{method} {body}: {status} {text}, {times} times")
            check(twice or b"not asked for twice" in text, f"{text}")
            up.asked.clear()


def a_long_body_is_not_kept(folder):
    with with_gateway(Closing(), folder=folder) as (d, up):
        lease = issue(d)
        check(call(d, lease)[0] == 200, "the first")
        check(call(d, lease, body=b"x" * (3 << 20))[0] == 502 and len(up.asked) == 2, "what was not kept was sent again")
        check(call(d, lease)[0] == 200, "the next")


def who_goes_away_with_a_body_under_way_is_seen(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d)
        command(d, "pause", credential=lease["id"])
        clients = []
        for _ in range(2):
            s = socket.create_connection(("127.0.0.1", d.gateway), 20)
            s.sendall(f"POST /u/work/v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{d.gateway}\r\nx-api-key: {lease['token']}\r\n"
                      "Content-Length: 60000000\r\n\r\n".encode())
            s.setblocking(False)
            sent = 0
            with contextlib.suppress(BlockingIOError):
                while sent < 60000000:
                    sent += s.send(b"x" * 65536)
            check(sent < 60000000, "all of it went into the kernel: it proves nothing")
            clients.append((s, sent))
        wait_for("that they wait", lambda: leases(d)[lease["id"]]["waiting"] == 2)
        clients[0][0].close()
        wait_for("that one is gone", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        s, sent = clients[1]
        command(d, "resume", credential=lease["id"])
        s.setblocking(True)
        s.settimeout(20)
        s.sendall(b"x" * (60000000 - sent))
        check(b" 200 " in s.recv(4096) and len(up.asked[-1].body) == 60000000, "who is still there was cut off")
        s.close()


if __name__ == "__main__":
    main([a_kept_connection_that_closes_is_not_seen, nothing_is_asked_twice_over_a_connection_of_its_own,
          what_may_have_been_done_is_not_done_twice, a_long_body_is_not_kept, who_goes_away_with_a_body_under_way_is_seen])
