"""Where the real key is in the daemon's memory: where it is held, and nowhere else once a request is over.

The memory is read as root may; for others tests/unit/net/test_secrets.c holds the same of the HTTP client alone.
"""
import contextlib
import os
import shutil
import subprocess
import sys

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


def has_sanitizers(binary):
    return b"__asan" in subprocess.run(["nm", binary], capture_output=True).stdout


def is_watched(d):
    """Under a sanitizer freed memory is kept as it is, and who may not read another's memory sees nothing."""
    if has_sanitizers(d.binary):
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


def nobody_of_its_user_may_read_its_memory(folder):
    """Root may read anything: so that it runs as another, whose files in /proc are root's when it may not be traced."""
    binary = os.path.join(folder, "program")
    shutil.copy(sys.argv[1], binary)
    if has_sanitizers(binary):
        print("not so with sanitizers")
        return
    user = os.geteuid() or 65534
    as_user = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
    with open(os.path.join(folder, "checkrein.ini"), "w") as f:
        f.write("[serve]\n")
    for path in (folder, binary, f.name):
        os.chown(path, user, -1)
    os.chmod(folder, 0o700)
    ready, theirs = os.pipe()
    where = {name: os.path.join(folder, name) for name in ("socket", "token-file", "journal")}
    p = subprocess.Popen([binary, "serve", "--config", f.name, "--ready-fd", str(theirs), "--hook-port", "0",
                          *[word for name, path in where.items() for word in ("--" + name, path)]],
                         pass_fds=[theirs], env={**os.environ, "HOME": folder, "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder},
                         stdin=subprocess.DEVNULL, cwd=folder, **as_user)
    os.close(theirs)
    try:
        with os.fdopen(ready, "rb") as told:
            check(told.readline(), "it did not start")
        with open(f"/proc/{p.pid}/task/{p.pid}/children") as children:
            pids = [p.pid, *(int(one) for one in children.read().split())]
        for pid in pids:
            with open(f"/proc/{pid}/status") as status:
                uid = next(line.split()[1] for line in status if line.startswith("Uid:"))
            check(int(uid) == user, f"{pid} runs as {uid}: it proves nothing")
            for name in ("mem", "environ"):
                check(os.stat(f"/proc/{pid}/{name}").st_uid == 0 or user == 0, f"{name} of {pid} is its user's: it may be read, and gives a core")
    finally:
        p.terminate()
        p.wait()


if __name__ == "__main__":
    main([nobody_of_its_user_may_read_its_memory, only_where_it_is_held, of_a_key_that_was_changed_nothing_is_left])
