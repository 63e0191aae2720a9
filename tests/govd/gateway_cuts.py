"""What is cut at the gateway is cut for good: nothing more of an answer reaches who held the lease."""
import contextlib
import json
import socket
import threading
import time

from daemon import DEADLINE, check, wait_for
from gateway import call, command, issue, main, with_gateway
from upstream import Stream

OWN_BYTES = 4096  # of the client's own receive buffer, as it asks for: the kernel doubles it
MOST_OWN = 32 * 1024  # what may lie in there: it is the client's already


class Flood:
    """An answer of which much is under way: `size` bytes of content, and the rest never comes when it is endless."""

    def __init__(self, size, endless):
        self.size, self.endless = size, endless
        self.written = 0
        self.over = threading.Event()

    def __call__(self, asked, out):
        text = json.dumps({"type": "message", "model": "m", "usage": {"input_tokens": 1, "output_tokens": 2},
                           "content": "x" * self.size}).encode()
        said = len(text) * (100 if self.endless else 1)
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % said)
        for at in range(0, len(text), 4096):
            out.write(text[at:at + 4096])
            self.written = at
        self.over.wait()
        if self.endless:
            raise OSError


class Slow:
    """A client that asks, and does not read until it is told to."""

    def __init__(self, d, lease, unix=False):
        self.socket = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, OWN_BYTES)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(d.gateway_socket if unix else ("127.0.0.1", d.gateway))
        self.socket.sendall(f"POST /u/work/v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{d.gateway}\r\nx-api-key: {lease['token']}\r\n"
                            "Content-Length: 13\r\n\r\n".encode() + b'{"model":"m"}')

    def rest(self):
        """What still comes, and whether it ended by a reset."""
        got = 0
        try:
            while piece := self.socket.recv(65536):
                got += len(piece)
        except ConnectionResetError:
            return got, True
        finally:
            self.socket.close()
        return got, False


@contextlib.contextmanager
def flooded(folder, size, endless, unix=False):
    """A lease, and a client of it that does not read what is under way to it."""
    flood = Flood(size, endless)
    with with_gateway(flood, folder=folder) as (d, up):
        d.hook("SessionStart", session="s1", source="startup")
        lease = issue(d)
        slow = Slow(d, lease, unix)
        try:
            if endless:
                seen = [0, 0]

                def stands_still():
                    seen[0] = seen[0] + 1 if flood.written == seen[1] and flood.written > 300000 else 0
                    seen[1] = flood.written
                    return seen[0] > 20
                wait_for("that it stands still", stands_still)
            else:
                flood.over.set()
                wait_for("that the gateway has all of it", lambda: d.events("spend.recorded"))
            yield d, lease, slow
        finally:
            flood.over.set()


ORDERS = [lambda d, lease: command(d, "revoke", credential=lease["id"]), lambda d, lease: command(d, "revoke", credential="*"),
          lambda d, lease: command(d, "stop", agent="claude:s1", wait="accepted"),
          lambda d, lease: command(d, "stop_all", wait="accepted")]


def a_slow_reader_gets_nothing_more(folder):
    for i, order in enumerate(ORDERS):
        with flooded(folder, 8 << 20, True) as (d, lease, slow):
            order(d, lease)
            got, reset = slow.rest()
            check(got < MOST_OWN and reset, f"order {i}: {got} bytes came after it, reset: {reset}")


def what_was_whole_already_is_cut_too(folder):
    for i, order in enumerate(ORDERS):
        with flooded(folder, 200000, False) as (d, lease, slow):
            order(d, lease)
            got, reset = slow.rest()
            check(got < MOST_OWN and reset, f"order {i}: {got} bytes came after it, reset: {reset}")


def over_the_socket_only_what_the_kernel_has(folder):
    for size, endless in [(8 << 20, True), (200000, False)]:
        with flooded(folder, size, endless, unix=True) as (d, lease, slow):
            command(d, "revoke", credential=lease["id"])
            got, _ = slow.rest()
            check(got < 80000, f"{got} bytes came after it")


def who_reads_on_gets_all_of_it(folder):
    for unix in (False, True):
        with flooded(folder, 200000, False, unix) as (d, lease, slow):
            body = 0
            while body < 200000:
                body += len(slow.socket.recv(65536))
            slow.socket.sendall(f"GET /u/work/v1/models HTTP/1.1\r\nHost: 127.0.0.1:{d.gateway}\r\n"
                                f"x-api-key: {lease['token']}\r\n\r\n".encode())
            got = b""
            while b" 200 OK" not in got:
                piece = slow.socket.recv(65536)
                check(piece, "the connection was not kept")
                got += piece
            slow.socket.close()


def the_next_act_of_a_reader_fails_at_once(folder):
    stream = Stream(first=b"data: 1\n\n")
    with with_gateway(stream, folder=folder) as (d, up):
        lease = issue(d)
        c, r = call(d, lease, read=False)
        r.fp.readline(), r.fp.readline(), r.fp.readline(), r.fp.readline()
        told = {}

        def read_on():
            try:
                told["got"] = c.sock.recv(65536) if c.sock else r.fp.read1(65536)
            except OSError as e:
                told["error"] = e
            told["at"] = time.monotonic()
        reader = threading.Thread(target=read_on)
        reader.start()
        done = command(d, "revoke", credential=lease["id"])
        confirmed = time.monotonic()
        check(done["state"] == "confirmed", f"{done}")
        reader.join(DEADLINE)
        check(not told.get("got") and told["at"] < confirmed + 0.1, f"{told}, confirmed at {confirmed}")
        started = time.monotonic()
        check(call(d, lease)[0] == 403 and time.monotonic() - started < 0.1, "the next request")
        stream.pieces.put(None)


if __name__ == "__main__":
    main([a_slow_reader_gets_nothing_more, what_was_whole_already_is_cut_too, over_the_socket_only_what_the_kernel_has,
          who_reads_on_gets_all_of_it, the_next_act_of_a_reader_fails_at_once])
