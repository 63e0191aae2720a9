"""A kept connection to the upstream that closes when it is used again, and clients that go away."""
import json
import threading

from daemon import check
from gateway import KEY, call, issue, main, with_gateway


class Closing:
    """Answers the first request of each connection, and closes at the second when it has read it, with no word."""

    def __init__(self, first_too=False):
        self.seen = threading.local()
        self.first_too = first_too

    def __call__(self, asked, out):
        count = getattr(self.seen, "count", 0)
        self.seen.count = count + 1
        if count or self.first_too:
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


def a_long_body_is_not_kept(folder):
    with with_gateway(Closing(), folder=folder) as (d, up):
        lease = issue(d)
        check(call(d, lease)[0] == 200, "the first")
        check(call(d, lease, body=b"x" * (3 << 20))[0] == 502 and len(up.asked) == 2, "what was not kept was sent again")
        check(call(d, lease)[0] == 200, "the next")


if __name__ == "__main__":
    main([a_kept_connection_that_closes_is_not_seen, nothing_is_asked_twice_over_a_connection_of_its_own, a_long_body_is_not_kept])
