"""An upstream that tells back what it was sent: the real key goes no further, in no part and in no form."""
import base64
import gzip
import http.client
import time
import zlib

from daemon import check, wait_for
from gateway import KEY, call, issue, main, nowhere, with_gateway
from upstream import Stream, chunk

MASK = "*" * len(KEY)


class Echo:
    """Answers as a test says, with what it was asked at hand."""

    def __init__(self):
        self.answer = None

    def __call__(self, asked, out):
        self.answer(asked, out)


def whole(status, body, fields=b""):
    return b"HTTP/1.1 %d X\r\nContent-Type: text/plain\r\n%sContent-Length: %d\r\n\r\n%s" % (status, fields, len(body), body)


def alarms(d, words="told the real key back"):
    return [e["data"] for e in d.events("signal.raised") if words in e["data"]["signal.title"]]


def in_heads_and_bodies_it_is_masked(folder):
    echo = Echo()
    with with_gateway(echo, folder=folder, third="header = Authorization: Bearer %\n") as (d, up):
        for name in ("work", "third"):
            lease = issue(d, name)
            what = "x-api-key" if name == "work" else "authorization"
            for status in (200, 401, 500):
                echo.answer = lambda asked, out: out.write(whole(
                    status, b"You sent: " + asked.field(what).encode() + b", again: " + asked.field(what).encode(),
                    b"X-Sent: " + asked.field(what).encode() + b"\r\nX-Kept: sk-real\r\n"))
                got, text, r = call(d, lease, path="/debug")
                check(got == status and text.decode().count(MASK) == 2 and KEY not in text.decode(), f"{got} {text}")
                check(r.getheader("X-Sent").endswith(MASK) and r.getheader("X-Kept") == "sk-real", f"{r.getheaders()}")
        wait_for("the alarm", lambda: len(alarms(d)) == 2)
        check(alarms(d)[0]["gen_ai.agent.id"] == "claude:s1" and "upstream work" in alarms(d)[0]["signal.title"], f"{alarms(d)}")
        nowhere(d, KEY)


def however_it_is_cut(folder):
    echo = Echo()
    text = b"one " + KEY.encode() + b" two " + KEY[:-1].encode() + b"! " + base64.b64encode(b"u:" + KEY.encode()) + b" end " + KEY[:9].encode()

    def pieces(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(0, len(text), echo.step):
            out.write(chunk(text[i:i + echo.step]))
            if echo.step > 5:
                time.sleep(0.01)  # so that each comes by itself
        out.write(b"0\r\n\r\n")

    echo.answer = pieces
    with with_gateway(echo, folder=folder) as (d, up):
        lease = issue(d)
        for echo.step in (1, 2, 7, 20, 39, 40, 1000):
            status, got, _ = call(d, lease)
            want = text.replace(KEY.encode(), MASK.encode())
            check(status == 200 and len(got) == len(text) and got.startswith(want[:want.index(b"!")]) and got.endswith(KEY[:9].encode()), f"{echo.step}: {got}")
            check(base64.b64encode(b"u:" + KEY.encode())[4:-4] not in got, f"in base64: {got}")


def nothing_else_waits(folder):
    stream = Stream(first=b"data: 1\n\n")
    with with_gateway(stream, folder=folder) as (d, up):
        lease = issue(d)
        c, r = call(d, lease, read=False)
        check(r.read1(100) == b"data: 1\n\n", "the first")
        for piece, got in ((b"data: 2\n\n", b"data: 2\n\n"), (b"an sk-", b"an "), (b"real", None), (b"ly", b"sk-really")):
            stream.pieces.put(piece)
            if got:
                text = b""
                while len(text) < len(got):
                    text += r.read1(100)
                check(text == got, f"{piece}: {text}")
        stream.pieces.put(b"sk-real-0123")
        stream.pieces.put(None)
        check(r.read() == b"sk-real-0123", "its end is lost")
        c.close()


def zipped_it_is_cut(folder):
    """In what comes zipped nothing can be masked; what cannot be read does not go on at all."""
    echo = Echo()
    plain = b"x" * 500 + b" you sent " + KEY[:20].encode()
    squeeze = zlib.compressobj(wbits=31)
    first = squeeze.compress(plain) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    second = {True: b"", False: b""}
    for leaks in second:
        end = squeeze.copy()
        second[leaks] = end.compress(KEY[20:].encode() + b"!" if leaks else b"-nothing") + end.flush()

    def answer(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % echo.coding)
        for piece in echo.pieces if asked.method != "HEAD" else []:
            out.write(chunk(piece))
            time.sleep(0.05)
        if asked.method != "HEAD":
            out.write(b"0\r\n\r\n")

    echo.answer = answer
    with with_gateway(echo, folder=folder, third="header = Authorization: Bearer %\n") as (d, up):
        for name in ("work", "third"):
            lease = issue(d, name)
            echo.coding, echo.pieces = b"gzip", [first, second[False]]
            status, text, _ = call(d, lease)
            check(status == 200 and gzip.decompress(text) == plain + b"-nothing", f"{status} {text}")
            echo.pieces = [first, second[True]]
            try:
                call(d, lease)
                check(False, "it was not cut")
            except http.client.IncompleteRead as e:
                check(KEY[:12].encode() not in zlib.decompressobj(wbits=31).decompress(e.partial), "a part of it went by")
            check(len(wait_for("the alarm", lambda: alarms(d))) <= 2, f"{alarms(d)}")
            for echo.coding in (b"br", b"gzip, gzip", b"zstd"):
                status, text, _ = call(d, lease)
                check(status == 502 and b"cannot be read" in text, f"{echo.coding}: {status} {text}")
            check(call(d, lease, "HEAD")[0] == 200, "an answer without a body")
            echo.coding, echo.pieces = b"gzip", [first, b"\xff" * 20]
            try:
                got = call(d, lease)
                check(False, f"what breaks was not cut: {got}")
            except http.client.HTTPException:
                pass


def a_key_that_was_changed_meanwhile_is_masked_too(folder):
    stream = Stream(first=b"data: 1\n\n")
    with with_gateway(stream, folder=folder) as (d, up):
        lease = issue(d)
        c, r = call(d, lease, read=False)
        with open(d.key_file, "w") as f:
            f.write("sk-next-9876543210-zyxwvutsrqponm")
        d.reload()
        wait_for("the next key", lambda: alarms(d, "another key"))
        stream.pieces.put(KEY.encode())
        stream.pieces.put(None)
        check(r.read() == b"data: 1\n\n" + MASK.encode(), "the key that it was sent with")
        c.close()


if __name__ == "__main__":
    main([in_heads_and_bodies_it_is_masked, however_it_is_cut, nothing_else_waits, zipped_it_is_cut,
          a_key_that_was_changed_meanwhile_is_masked_too])
