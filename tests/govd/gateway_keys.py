"""Where the real key is in the daemon's memory: where it is held, and nowhere else once a request is over.

The memory is read as root may; for others tests/unit/net/test_secrets.c holds the same of the HTTP client alone.
"""
import contextlib
import os
import subprocess

from daemon import check, wait_for
from gateway import KEY, call, command, issue, main, with_gateway
from upstream import Stream

HELD = 2  # by the upstream's row, and by the search for secrets


def copies(d, secret):
    """How often it stands in the memory that the daemon may write."""
    found = 0
    pid = d.process.pid
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            spans, rights, *_ = line.split()
            if rights.startswith("rw") and "[v" not in line:
                start, end = (int(x, 16) for x in spans.split("-"))
                with contextlib.suppress(OSError):
                    memory.seek(start)
                    found += memory.read(end - start).count(secret.encode())
    return found


def is_watched(d):
    """Under a sanitizer freed memory is kept as it is, and who may not read another's memory sees nothing."""
    if b"__asan" in subprocess.run(["nm", d.binary], capture_output=True).stdout:
        return True
    try:
        copies(d, KEY)
    except PermissionError:
        return True
    return False


def only_where_it_is_held(folder):
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "cert.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    for tls in (None, (cert, key)):
        stream = Stream(first=b"data: 1\n\n")
        with with_gateway(stream, folder=folder, cert=tls, config=f"ca_file = {cert}\n") as (d, up):
            if is_watched(d):
                print("the memory cannot be read here")
                return
            lease = issue(d)
            wait_for("its key", lambda: copies(d, KEY) >= HELD)
            check(copies(d, KEY) == HELD, f"before any request: {copies(d, KEY)}")
            c, r = call(d, lease, read=False)
            check(copies(d, KEY) > HELD, "the search does not find what is in libcurl: it proves nothing")
            stream.pieces.put(None)
            check(r.read() == b"data: 1\n\n", "the answer")
            for _ in range(20):
                stream.pieces.put(None)
                check(call(d, lease, body=b"x" * 100000)[0] == 200, "a request")
            wait_for("that it is wiped", lambda: copies(d, KEY) == HELD, 5)
            c2, r2 = call(d, lease, read=False)
            command(d, "revoke", credential=lease["id"])
            wait_for("that it is wiped after a cut", lambda: copies(d, KEY) == HELD, 5)
            check(copies(d, lease["token"]) == 0, f"the lease's token: {copies(d, lease['token'])}")
            for one in (c, c2):
                one.close()


def of_a_key_that_was_changed_nothing_is_left(folder):
    with with_gateway(folder=folder) as (d, up):
        if is_watched(d):
            print("the memory cannot be read here")
            return
        lease = issue(d)
        call(d, lease)
        with open(d.key_file, "w") as f:
            f.write("sk-next-9876543210-zyxwvutsrqponm")
        d.reload()
        wait_for("the next key", lambda: call(d, lease) and up.asked[-1].field("x-api-key").startswith("sk-next"))
        check(copies(d, KEY) == 1, f"the search for secrets still knows it, and nobody else: {copies(d, KEY)}")


if __name__ == "__main__":
    main([only_where_it_is_held, of_a_key_that_was_changed_nothing_is_left])
