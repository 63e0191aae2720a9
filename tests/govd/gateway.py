"""Leases in place of real keys: what goes through the gateway, what waits there, and what dies there."""
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

from daemon import DEADLINE, Console, Daemon, check, wait_for
from upstream import Stream, UnixConnection, Upstream

KEY = "sk-real-0123456789-abcdefghijklmnop"
NEXT = "sk-next-9876543210-zyxwvutsrqponm"
THIRD = "sk-third-5432109876-mnopqrstuvwxyz"


def ask(daemon, path, **body):
    c = UnixConnection(daemon.socket)
    c.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    r = c.getresponse()
    answer = r.status, json.loads(r.read())
    c.close()
    return answer


def issue(daemon, upstream="work", agent="claude:s1", **more):
    status, lease = ask(daemon, "/lease/issue", upstream=upstream, agent=agent, **more)
    check(status == 200, f"issue: {status} {lease}")
    daemon.gateway = urllib.parse.urlsplit(lease["url"]).port
    daemon.gateway_socket = lease["socket"]
    return lease


def leases(daemon):
    return {one["id"]: one for one in ask(daemon, "/lease/list")[1]["leases"]}


def call(daemon, lease, method="POST", path="/v1/messages", body=b'{"model":"m"}', headers=None, read=True):
    token = lease["token"] if isinstance(lease, dict) else lease
    c = http.client.HTTPConnection("127.0.0.1", daemon.gateway, timeout=DEADLINE)
    c.request(method, f"/u/{'work' if not isinstance(lease, dict) else lease['upstream']}{path}", body,
              {"x-api-key": token, **(headers or {})})
    r = c.getresponse()
    if not read:
        return c, r
    got = r.status, r.read(), r
    c.close()
    return got


def raw(daemon, text):
    """What comes back for these bytes, until the end or until nothing more comes."""
    with socket.create_connection(("127.0.0.1", daemon.gateway), DEADLINE) as s:
        s.sendall(text if isinstance(text, bytes) else text.encode())
        got = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in got:
                piece = s.recv(65536)
                if not piece:
                    break
                got += piece
        return got


def command(daemon, verb, **fields):
    console = Console(daemon)
    result = console.command(verb, **fields)
    console.close()
    return result


@contextlib.contextmanager
def with_gateway(answer=None, config="", key=KEY, policy="", **more):
    up = Upstream(answer, cert=more.pop("cert", None))
    folder = more.pop("folder")
    key_file = os.path.join(folder, "key")
    with open(os.open(key_file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as f:
        f.write(key + "\n")
    base = more.pop("base", "")
    serve, third = more.pop("serve", ""), more.pop("third", "")
    d = Daemon(BINARY, config=f"gateway_port = 0\n{serve}[upstream work]\nurl = {up.url}{base}\ndialect = anthropic\n"
               f"secret_file = {key_file}\n{config}" +
               (f"[upstream third]\nurl = {up.url}\ndialect = http\nsecret_file = {key_file}\n{third}" if third else ""),
               policy=policy, **more)
    d.key_file = key_file
    try:
        yield d, up
    finally:
        d.close()
        up.close()


def nowhere(daemon, *secrets):
    """Neither in the record nor in the log, also not in part."""
    for folder, _, files in os.walk(daemon.dir):
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                text = f.read()
            for secret in secrets:
                check(secret.encode() not in text, f"{name} holds {secret[:8]}...")
                check(secret[4:24].encode() not in text, f"{name} holds a part of {secret[:8]}...")
    with open(f"/proc/{daemon.process.pid}/cmdline", "rb") as f:
        text = f.read()
    check(not any(s.encode() in text for s in secrets), "a secret stands in the daemon's command line")


# ---- what goes through

def the_real_key_is_put_in_and_the_lease_taken_out(folder):
    with with_gateway(folder=folder, base="/api/v2") as (d, up):
        lease = issue(d)
        token = lease["token"]
        ways = [({"x-api-key": token}, ""), ({"Authorization": "Bearer " + token}, ""),
                ({"x-goog-api-key": token}, ""), ({}, "?key=" + token),
                ({"x-api-key": token, "Authorization": "Bearer " + token}, "?a=1&key=" + token + "&b=%2F")]
        for headers, query in ways:
            c = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
            c.request("POST", "/u/work/v1/messages" + query, b"hello",
                      {**headers, "X-Custom": "kept", "Connection": "keep-alive, X-Hop", "X-Hop": "1", "TE": "trailers",
                       "Accept-Encoding": "gzip, br", "Proxy-Authorization": "Basic x", "X-Forwarded-For": "1.2.3.4",
                       "Content-Type": "text/plain"})
            r = c.getresponse()
            check(r.status == 200 and r.read() == b"{}", f"{headers}: {r.status}")
            c.close()
            got = up.asked[-1]
            check(got.field("x-api-key") == KEY, f"the key is not there: {got.fields}")
            check(got.body == b"hello" and got.method == "POST", "the body")
            check(got.field("x-custom") == "kept" and got.field("content-type") == "text/plain", "fields were lost")
            check(got.field("accept-encoding") == "identity", "no plain bytes were asked for")
            check(got.field("host") == up.url.split("//")[1], "the Host is not the upstream's")
            told = [k for k, _ in got.fields]
            for gone in ("authorization", "x-goog-api-key", "x-hop", "te", "proxy-authorization", "x-forwarded-for", "expect",
                         "connection"):
                check(gone not in told, f"{gone} went along")
            check(token not in got.target and token not in str(got.fields), "the lease went along")
            check(got.target == "/api/v2/v1/messages" + ("?a=1&b=%2F" if "b=" in query else ""), f"target {got.target}")
        used = d.events("credential.used")
        check(len(used) == 1 and used[0]["data"]["credential.id"] == lease["id"], "its first use is told, once")
        check(leases(d)[lease["id"]]["uses"] == len(ways), "uses are counted")
        issued = d.events("credential.issued")[0]["data"]
        check(issued["credential.digest"].startswith("sha256:") and issued["credential.issuer"] == "work", f"{issued}")
        nowhere(d, token, KEY)


def keys_and_methods_of_others_do_not_go_along(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d)
        for query, want in [("?key=" + KEY, ""), ("?a=1&key=other&b=2", "?a=1&b=2"), ("?k%65y=other&a=1", "?a=1"),
                            ("?%6B%45%79=other", ""), ("?key", ""), ("?key=" + lease["token"] + "&key=other", ""),
                            ("?keys=1&ke=2&k%65=3&monkey=4&key%=5&a=key=6", "?keys=1&ke=2&k%65=3&monkey=4&key%=5&a=key=6")]:
            status, _, _ = call(d, lease, path="/v1/messages" + query)
            check(status == 200 and up.asked[-1].target == "/v1/messages" + want, f"{query}: {status} {up.asked[-1].target}")
        names = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]
        call(d, lease, headers={**{name: "DELETE" for name in names}, "X-HTTP-Methods": "kept"})
        told = dict(up.asked[-1].fields)
        check(not any(name.lower() in told for name in names), f"another method went along: {told}")
        check(told.get("x-http-methods") == "kept", f"{told}")


def bodies_and_answers_pass_as_they_come(folder):
    stream = Stream()
    with with_gateway(stream, folder=folder) as (d, up):
        lease = issue(d)
        c, r = call(d, lease, read=False)
        check(r.getheader("Content-Type") == "text/event-stream", "the head came before any piece")
        for i in range(5):
            stream.pieces.put(b"data: %d\n\n" % i)
            line = r.fp.readline() + r.fp.readline()
            check(b"data: %d" % i in line or b"%x" % 9 in line, f"piece {i}: {line}")
            r.fp.readline(), r.fp.readline()
        stream.pieces.put(None)
        check(r.fp.readline().strip() == b"0", "the end")
        c.close()
        c, r = call(d, lease, read=False)  # the client goes away: so does the request upstream
        r.close(), c.close()

        def ended():
            stream.pieces.put(b"data: x\n\n")
            return stream.broken.is_set()
        wait_for("the upstream's end", ended)


def what_leads_elsewhere_is_refused(folder):
    with with_gateway(folder=folder, base="/base") as (d, up):
        lease = issue(d)
        t = lease["token"]
        host = f"127.0.0.1:{d.gateway}"

        def head(line, *more):
            return line + f" HTTP/1.1\r\nHost: {host}\r\nx-api-key: {t}\r\n" + "".join(m + "\r\n" for m in more) + "\r\n"

        cases = [
            (400, head("GET /u/work/../secret")), (400, head("GET /u/work/a/%2e%2e/b")), (400, head("GET /u/work/a/%2E./b")),
            (400, head("GET /u/work/..%2fsecret")), (400, head("GET /u/work/a%5c..%5cb")), (400, head("GET /u/work/%252e%252e/x")),
            (400, head("GET /u/work/a/..;/b")), (400, head("GET /u/work/a%00b")), (400, head("GET /u/work/a%zz")),
            (400, head("GET /u/work/a/./b")), (404, head("GET /other")), (404, head("GET /u/")), (503, head("GET /u/none/x")),
            (400, head("GET http://evil.example/u/work/x")), (400, head("GET evil.example:80")), (400, head("OPTIONS *")),
            (400, head("GET /u/work/x", "x-api-key: " + "crl_" + "0" * 64)),
            (400, head("GET /u/work/x", "Authorization: Bearer crl_" + "0" * 64)),
            (400, head("POST /u/work/x", "Content-Length: 5", "Transfer-Encoding: chunked")),
            (400, head("POST /u/work/x", "Content-Length: 5", "Content-Length: 6")),
            (501, head("POST /u/work/x", "Transfer-Encoding: gzip, chunked")),
            (400, head("GET /u/work/x", "X-A: b\r\n c")), (400, head("GET /u/work/x", "X-A : b")),
            (501, head("GET /u/work/x", "Connection: Upgrade", "Upgrade: websocket")),
            (403, head("GET /u/work/x", "Origin: http://evil.example")),
            (405, head("TRACE /u/work/x")), (405, head("TRACK /u/work/x")), (405, head("CONNECT /u/work/x")),
            (405, head("Trace /u/work/x")),
            (421, f"GET /u/work/x HTTP/1.1\r\nHost: evil.example:{d.gateway}\r\nx-api-key: {t}\r\n\r\n"),
            (401, f"GET /u/work/x HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            (401, f"GET /u/work/x HTTP/1.1\r\nHost: {host}\r\nx-api-key: crl_{'0' * 64}\r\n\r\n"),
            (401, f"GET /u/work/x HTTP/1.1\r\nHost: {host}\r\nx-api-key: {KEY}\r\n\r\n"),
            (401, f"GET /u/work/x HTTP/1.1\r\nHost: {host}\r\nx-checkrein-probe: {'0' * 32}\r\n\r\n"),
        ]
        for want, text in cases:
            got = raw(d, text)
            check(got.startswith(b"HTTP/1.1 %d " % want), f"{text[:70]!r}: {got[:60]!r}, not {want}")
        check(not up.asked, f"something went through: {up.asked and up.asked[0].target}")
        got = raw(d, head("POST /u/work/x", "Transfer-Encoding: chunked") + "3;a=b\r\nabc\r\n0\r\nX-Key: evil\r\n\r\n")
        check(b" 200 " in got and up.asked[-1].body == b"abc", "chunks with an extension and a trailer are read")
        check(up.asked[-1].field("x-key") is None, "a trailer became a field")


def answers_that_lead_elsewhere_do_not(folder):
    def redirect(asked, out):
        out.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nAlt-Svc: h2=\"evil:443\"\r\n"
                  b"Connection: X-Secret, close\r\nX-Secret: 1\r\n\r\n")
        raise OSError
    with with_gateway(redirect, folder=folder) as (d, up):
        status, _, r = call(d, issue(d))
        check(status == 302 and len(up.asked) == 1, "a redirect was followed")
        check(r.getheader("Alt-Svc") is None and r.getheader("X-Secret") is None, "fields of the hop came back")
        up.close()


def an_upstream_that_fails_is_told(folder):
    cases = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: a\r\n b\r\n\r\n0123456789", b"SSH-2.0\r\n\r\n", b"",
             b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
             b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
             b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"Content-Length: 2\r\n\r\n{}"]
    for text in cases:
        def answer(asked, out, text=text):
            out.write(text)
            raise OSError
        with with_gateway(answer, folder=folder) as (d, up):
            status, body, _ = call(d, issue(d))
            check(status == 502 and json.loads(body)["type"] == "error", f"{text[:20]}: {status} {body}")

    def short(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        raise OSError
    with with_gateway(short, folder=folder) as (d, up):
        lease = issue(d)
        try:
            call(d, lease)
            check(False, "an answer that was cut looked whole")
        except http.client.IncompleteRead as e:
            check(e.partial == b"abc", f"{e.partial}")
        up.close()
        check(call(d, lease)[0] == 502, "nobody answers, and that is not said")
        nowhere(d, KEY)


def all_fields_of_an_answer_come(folder):
    def answer(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(95)) +
                  b"Content-Encoding: identity\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}")
    with with_gateway(answer, folder=folder) as (d, up):
        status, body, r = call(d, issue(d))
        check(status == 200 and len(r.getheaders()) == 99 and r.getheader("Content-Type") == "a/b", f"{status} {len(r.getheaders())} {body}")


def a_client_of_http_1_0_sees_a_cut_too(folder):
    """Its answer may end with the connection: then a cut must not look like an end."""
    def answer(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" + now["end"])
        time.sleep(0.2)
        raise OSError
    now = {"end": b""}
    with with_gateway(answer, folder=folder) as (d, up):
        lease = issue(d)
        for now["end"], cut in ((b"", True), (b"0\r\n\r\n", False)):
            with socket.create_connection(("127.0.0.1", d.gateway), DEADLINE) as s:
                s.sendall(f"GET /u/work/x HTTP/1.0\r\nHost: 127.0.0.1:{d.gateway}\r\nx-api-key: {lease['token']}\r\n\r\n".encode())
                got, broken = b"", False
                try:
                    while piece := s.recv(65536):
                        got += piece
                except ConnectionResetError:
                    broken = True
                check(broken == cut and got.endswith(b"hello"), f"{broken} {got}")


def certificates_are_checked(folder):
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "cert.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    with with_gateway(folder=folder, cert=(cert, key)) as (d, up):
        status, body, _ = call(d, issue(d))
        check(status == 502 and not up.asked, f"a certificate that nobody vouches for was taken: {status} {body}")
    with with_gateway(folder=folder, cert=(cert, key), config=f"ca_file = {cert}\n") as (d, up):
        status, body, _ = call(d, issue(d))
        check(status == 200 and up.asked[0].field("x-api-key") == KEY, f"{status} {body}")


# ---- reins

def held_requests_wait_and_go_on(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d)
        done = command(d, "pause", credential=lease["id"], reason="look first")
        check(done["state"] == "confirmed" and "held" in done["by"], f"{done}")
        c = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
        c.request("POST", "/u/work/v1/messages", b"x" * 100000, {"x-api-key": lease["token"]})
        wait_for("a request that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        check(leases(d)[lease["id"]]["state"] == "held" and not up.asked, "it went through")
        waits = [e["data"] for e in d.events("credential.used")]
        check([w["policy.verdict"] for w in waits] == ["ask"] and "held" in waits[0]["reason"], f"that it waits is not told: {waits}")
        kinds = {e["data"].get("credential.kind") for e in d.events() if e["type"].startswith("dev.checkrein.credential.")}
        check(kinds == {"lease"}, f"{kinds}")
        c.sock.settimeout(0.3)
        try:
            check(not c.sock.recv(1), "the client saw something")
        except TimeoutError:
            pass
        c.sock.settimeout(DEADLINE)
        done = command(d, "resume", credential=lease["id"])
        check(done["state"] == "confirmed", f"{done}")
        check(c.getresponse().status == 200 and up.asked[0].body == b"x" * 100000, "it did not go on")
        c.close()

        command(d, "pause", credential=lease["id"], scope="choke")
        status, body, r = call(d, lease)
        check(status == 429 and int(r.getheader("Retry-After")) > 0, f"{status}")
        check(json.loads(body)["error"]["type"] == "rate_limit_error" and len(up.asked) == 1, f"{body}")
        command(d, "resume", credential=lease["id"])
        check(call(d, lease)[0] == 200, "choked for good")


def many_leases_and_many_that_wait_hold_nothing_up(folder):
    with with_gateway(folder=folder) as (d, up):
        issue(d)
        c = UnixConnection(d.socket)
        for i in range(2000):
            c.request("POST", "/lease/issue", json.dumps({"upstream": "work", "agent": f"many-{i}"}))
            r = c.getresponse()
            lease = json.loads(r.read())
            check(r.status == 200, f"{lease}")
        c.close()
        command(d, "pause", credential=lease["id"])
        waiting = []
        for _ in range(200):
            one = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
            one.request("POST", "/u/work/v1/messages", b"{}", {"x-api-key": lease["token"]})
            waiting.append(one)
        wait_for("requests that wait", lambda: leases(d)[lease["id"]]["waiting"] == len(waiting))
        started = time.monotonic()
        told = leases(d)
        took = time.monotonic() - started
        check(sum(one["waiting"] for one in told.values()) == len(waiting) and len(told) == 2001, "each counts where it waits")
        check(took < 0.4, f"the list took {took:.2f} s")
        done = command(d, "pause", credential=lease["id"])
        check("200 requests wait" in done["by"], f"{done}")
        for one in waiting:
            one.close()


def revoked_is_dead_at_once_and_for_good(folder):
    stream = Stream(first=b"data: 1\n\n")
    with with_gateway(stream, folder=folder) as (d, up):
        lease, other = issue(d), issue(d, agent="claude:s2")
        child = issue(d, agent="claude:s3", parent=lease["id"])
        c, r = call(d, lease, read=False)
        c2, r2 = call(d, child, read=False)
        r.fp.readline(), r2.fp.readline()
        held = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
        command(d, "pause", credential=child["id"])
        held.request("POST", "/u/work/v1/messages", b"{}", {"x-api-key": child["token"]})
        wait_for("a request that waits", lambda: leases(d)[child["id"]]["waiting"] == 1)

        started = time.monotonic()
        done = command(d, "revoke", credential=lease["id"], reason="leaked")
        took = time.monotonic() - started
        check(done["state"] == "confirmed" and "2 revoked, 2 running answers cut" in done["by"], f"{done}")
        check("2 test calls" in done["by"] and took < 5, f"{done} {took}")
        for one in (r, r2):
            try:
                rest = one.read()
                check(False, f"the answer went on, or looked whole: {rest}")
            except (http.client.IncompleteRead, ConnectionResetError):
                pass
        check(held.getresponse().status == 403, "what waited was not refused")

        def ended():
            stream.pieces.put(b"data: x\n\n")
            return up.gone.qsize() >= 2
        wait_for("the upstream's ends", ended)
        while not stream.pieces.empty():
            stream.pieces.get()
        asked = len(up.asked)
        for one in (lease, child):
            started = time.monotonic()
            status, body, _ = call(d, one)
            check(status == 403 and b"revoked" in body and time.monotonic() - started < 0.1, f"{status} {body}")
            check(json.loads(body)["error"]["type"] == "permission_error", f"{body}")
        check(len(up.asked) == asked, "something more went through")
        stream.pieces.put(None)
        check(call(d, other)[0] == 200, "another's lease died too")
        check(command(d, "resume", credential=lease["id"])["state"] == "refused", "it came back")

        d.kill()
        d.start()
        issue(d, agent="claude:s9")
        check(call(d, lease)[0] == 403 and call(d, child)[0] == 403, "a start brought it back")
        stream.pieces.put(None)
        check(call(d, other)[0] == 200, "a start lost a lease that was good")
        done = command(d, "revoke", credential="upstream:work")
        check(done["state"] == "confirmed" and done["by"].startswith("2 revoked"), f"{done}")
        check(call(d, other)[0] == 403, "not all of the upstream")
        check(command(d, "revoke", credential="01JZ0000000000000000000000")["state"] == "refused", "an id of nobody")
        nowhere(d, lease["token"], child["token"], KEY)


def each_that_is_revoked_is_tested(folder):
    with with_gateway(folder=folder) as (d, up):
        for i in range(70):
            issue(d, agent=f"dead-{i}")
        done = command(d, "revoke", credential="*")
        check(done["state"] == "confirmed" and "70 revoked" in done["by"] and "70 test calls" in done["by"], f"{done}")
        last = issue(d)
        done = command(d, "revoke", credential="*")
        check(done["state"] == "confirmed" and "; 1 test call " in done["by"], f"what was dead was tested in its place: {done}")
        check(call(d, last)[0] == 403, "it lives")
        done = command(d, "revoke", credential=last["id"])  # a second time
        check(done["state"] == "confirmed" and "0 revoked" in done["by"] and "; 1 test call " in done["by"], f"{done}")
        for i in range(200):
            issue(d, agent=f"more-{i}")
        os.unlink(d.gateway_socket)  # no test call gets through, but over connections that are open
        done = command(d, "revoke", credential="*")
        told = re.search(r"200 revoked; of (\d+) test calls 0 were .* and (\d+) had no .*; (\d+) leases were not", done["reason"])
        check(done["state"] == "unverifiable" and told, f"{done}")
        begun, unknown, rest = (int(n) for n in told.groups())
        check(begun + rest == 200 and unknown > 0 and rest > 0, f"{done}")


def an_agents_reins_reach_its_leases(folder):
    with with_gateway(folder=folder, policy="") as (d, up):
        d.hook("SessionStart", session="s1", source="startup")
        lease = issue(d, agent="claude:s1")
        agent = [a for a in d.status()["agents"] if a["gen_ai.agent.id"] == "claude:s1"]
        check(agent, "no agent")
        rows = [e["data"]["permissions.credentials"] for e in d.events("agent.updated")
                if e["data"].get("permissions.credentials")][-1]
        check(rows[0]["id"] == lease["id"] and rows[0]["kind"] == "lease" and rows[0]["issuer"] == "work" and
              rows[0]["scopes"] == "everything" and rows[0]["revocable"] == "yes", f"{rows}")
        command(d, "pause", wait="accepted", agent="claude:s1")
        c = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
        c.request("POST", "/u/work/v1/messages", b"{}", {"x-api-key": lease["token"]})
        wait_for("a request that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        command(d, "resume", agent="claude:s1", wait="accepted")
        check(c.getresponse().status == 200, "it did not go on with its agent")
        done = command(d, "revoke", agent="claude:s1")
        check(done["state"] == "confirmed" and call(d, lease)[0] == 403, f"{done}")
        rows = [e["data"].get("permissions.credentials") for e in d.events("agent.updated")][-1]
        check(rows == [], f"what is revoked is still told as held: {rows}")
        lease = issue(d, agent="claude:s1")
        check(call(d, lease)[0] == 200, "another one is another")
        command(d, "stop", agent="claude:s1", wait="accepted")
        check(call(d, lease)[0] == 403, "a stopped agent still talks to its model")
        other = issue(d, agent="nobody-known")
        check(call(d, other)[0] == 200, "a lease of an agent that has no hooks")
        command(d, "stop_all", wait="accepted")
        check(call(d, other)[0] == 403, "the fleet stop does not reach leases")
        command(d, "reset_stop")
        check(call(d, other)[0] == 200, "the fleet stop holds after it was taken back")


def an_agents_reins_reach_what_comes_of_its_leases(folder):
    stream = Stream(first=b"data: 1\n\n")
    with with_gateway(stream, folder=folder) as (d, up):
        d.hook("SessionStart", session="s1", source="startup")
        lease = issue(d, agent="claude:s1")
        child = issue(d, agent="nobody-known", parent=lease["id"])
        grand = issue(d, agent="claude:s1-again", parent=child["id"])
        other = issue(d, agent="other")
        command(d, "pause", wait="accepted", agent="claude:s1")
        waiting = []
        for one in (child, grand):
            c = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
            c.request("POST", "/u/work/v1/messages", b"{}", {"x-api-key": one["token"]})
            waiting.append(c)
            wait_for("a request that waits", lambda one=one: up.asked or leases(d)[one["id"]]["waiting"] > 0)
        check(not up.asked, "a child of a paused agent's lease went on")
        command(d, "resume", agent="claude:s1", wait="accepted")
        running = [c.getresponse() for c in waiting]
        check([r.status for r in running] == [200, 200], "they did not go on with the agent")
        command(d, "stop", agent="claude:s1", wait="accepted")
        for r in running:
            try:
                r.read()
                check(False, "the answer looked whole")
            except (http.client.IncompleteRead, ConnectionResetError):
                pass
        for one in (child, grand):
            status, body, _ = call(d, one)
            check(status == 403 and b"comes of was stopped" in body, f"{status} {body}")
        c, r = call(d, other, read=False)
        check(r.status == 200, "another's lease is not its")
        c.close()


def scopes_hold(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d, scopes="methods=POST paths=/v1/messages* models=claude-*")
        check(call(d, lease, body=b'{"model":"claude-x","a":1}')[0] == 200, "what is in its scopes")
        check(up.asked[0].body == b'{"model":"claude-x","a":1}', "the body that was read first was changed")
        for want, method, path, body in [(403, "GET", "/v1/messages", None), (403, "POST", "/v1/files", b"{}"),
                                         (403, "POST", "/v1/messages", b'{"model":"gpt-9"}'),
                                         (403, "POST", "/v1/messages", b'{"model":"claude-x","model":"gpt-9"}'),
                                         (403, "POST", "/v1/messages", b'{"model":"claude-x","mod\\u0065l":"gpt-9"}'),
                                         (403, "POST", "/v1/messages", b"model=claude-x")]:
            got = call(d, lease, method, path, body)[0]
            check(got == want, f"{method} {path} {body}: {got}")
        check(len(up.asked) == 1, "something out of its scopes went through")
        some = issue(d, scopes="models=claude-*")
        batch = b'{"model":"claude-x","requests":[{"params":{"model":"other"}}]}'
        for path, body in [("/v1/messages", b"{}"), ("/v1/messages", b""), ("/v1/responses", b'{"prompt":{"id":"p"}}'),
                           ("/v1/messages/batches", batch), ("/v1/messages/b%61tches", batch), ("/v1/batches", batch)]:
            status, told, _ = call(d, some, "POST", path, body)
            check(status == 403 and b"cannot be told" in told, f"{path} {body}: {status} {told}")
        check(call(d, some, "DELETE", "/v1/files/x", None)[0] == 403, "a method that changes things, without a model")
        check(len(up.asked) == 1, "one whose model is not known went through")
        check(call(d, some, "GET", "/v1/models", None)[0] == 200, "a look")
        check(call(d, some, "POST", "/v1/m%65ssages", b'{"model":"claude-x"}')[0] == 200, "the path in another spelling")
        check(call(d, some, "POST", "/v1/messages/count_tokens", b'{"model":"claude-x"}')[0] == 200, "a count")
        slow = issue(d, scopes="rate=2")
        check([call(d, slow)[0] for _ in range(3)] == [200, 200, 429], "the rate is not kept")
        short = issue(d, lasts_ms=300)
        check(call(d, short)[0] == 200, "not good at first")
        wait_for("its end", lambda: call(d, short)[0] == 401)
        status, _ = ask(d, "/lease/issue", upstream="work", agent="a", scopes="nonsense")
        check(status == 400, "scopes that are none")
        status, _ = ask(d, "/lease/issue", upstream="none", agent="a")
        check(status == 404, "an upstream that is none")


def scopes_hold_for_gemini(folder):
    more = f"[upstream g]\nurl = http://127.0.0.1:1\ndialect = gemini\nsecret_file = {folder}/key\n"
    with with_gateway(folder=folder, config=more) as (d, up):
        with open(d.config_file) as f:
            text = f.read()
        with open(d.config_file, "w") as f:
            f.write(text.replace("http://127.0.0.1:1\n", up.url + "\n"))
        d.terminate()
        d.start()
        lease = issue(d, upstream="g", scopes="models=flash*")
        verb = ":generateContent"
        for path, body in [("/v1/models/pro" + verb, b"{}"), ("/v1/m%6fdels/pro" + verb, b"{}"),
                           ("/v1/models/flash" + verb, b'{"model":"models/pro"}'), ("/v1/models/flash" + verb, b"[]"),
                           ("/v1/models/flash/models/pro" + verb, b"{}"), ("/v1/tunedModels/flash" + verb, b"{}"),
                           ("/v1/models/flash:batchGenerateContent", b"{}"), ("/v1/batches", b'{"model":"flash"}'),
                           ("/v1/openai/chat/completions", b'{"model":"pro"}')]:
            status, told, _ = call(d, lease, "POST", path, body)
            check(status == 403, f"{path} {body}: {status} {told}")
        check(not up.asked, "something out of its scopes went through")
        for path, body in [("/v1/models/flash" + verb, b"{}"), ("/v1/models/fl%61sh:streamGenerateContent?alt=sse", b"{}"),
                           ("/v1/models/flash-2" + verb, b'{"model":"models/flash-2"}'),
                           ("/v1/openai/chat/completions", b'{"model":"flash"}')]:
            status, told, _ = call(d, lease, "POST", path, body)
            check(status == 200 and up.asked[-1].body == body, f"{path} {body}: {status} {told}")


def models_are_not_promised_where_none_is_known(folder):
    with with_gateway(folder=folder, third=" ") as (d, up):
        status, told = ask(d, "/lease/issue", upstream="third", agent="a", scopes="methods=POST models=m")
        check(status == 400 and "models" in told["error"] and "paths" in told["error"], f"{status} {told}")
        lease = issue(d, scopes="models=m")
        check(call(d, lease)[0] == 200, "before")
        with open(d.config_file) as f:
            text = f.read()
        with open(d.config_file, "w") as f:
            f.write(text.replace("dialect = anthropic", "dialect = http"))
        d.terminate()
        d.start()
        issue(d, agent="where")
        status, told, _ = call(d, lease)
        check(status == 403 and b"cannot be told" in told, f"one that was issued before is believed: {status} {told}")


def a_name_is_of_whom_it_was_given_to(folder):
    with with_gateway(folder=folder) as (d, up):
        hand, agents = issue(d, agent="by-hand"), issue(d, agent="claude:s1")

        def refused(**more):
            status, told = ask(d, "/lease/issue", upstream="work", **more)
            check(status == 403 and "name of its own" in told["error"], f"{more}: {status} {told}")
        issue(d, agent="by-hand"), issue(d, agent="by-hand", parent=hand["id"])
        refused(agent="by-hand", parent=agents["id"])
        helper = issue(d, agent="helper", parent=agents["id"])
        issue(d, agent="helper", parent=helper["id"]), issue(d, agent="claude:s1", parent=agents["id"])
        refused(agent="helper"), refused(agent="helper", parent=hand["id"])
        d.terminate()
        d.start()
        issue(d, agent="where")
        refused(agent="helper"), refused(agent="by-hand", parent=agents["id"])
        command(d, "revoke", credential=agents["id"])
        issue(d, agent="helper")
        d.hook("SessionStart", session="s1", source="startup")
        issue(d, agent="claude:s1", parent=hand["id"])  # one that is known is who it is


# ---- keys

def a_key_changes_without_its_agents(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d)
        check(call(d, lease)[0] == 200, "before")

        def told(words):
            return [e for e in d.events("signal.raised") if words in e["data"]["signal.title"]]

        def write(key):
            with open(d.key_file, "w") as f:
                f.write(key)

        def in_use(key):
            return call(d, lease)[0] == 200 and up.asked[-1].field("x-api-key") == key
        command(d, "pause", credential=lease["id"])
        c = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
        c.request("POST", "/u/work/v1/messages", b"waited", {"x-api-key": lease["token"]})
        wait_for("a request that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        write(NEXT)  # and no signal
        wait_for("that it is told", lambda: told("another key is in use"))
        command(d, "resume", credential=lease["id"])
        check(c.getresponse().status == 200 and up.asked[-1].field("x-api-key") == NEXT, "what waited went with the old key")
        c.close()
        check(in_use(NEXT), "the next key")
        check(told("another key is in use")[0]["data"]["signal.severity"] == "low", "it is no alarm")
        with open(os.path.join(d.dir, "log")) as f:
            check("another key is in use from here on" in f.read(), "the log does not say so")
        os.chmod(d.key_file, 0o644)
        wait_for("that it is said", lambda: told("work: "))
        wait_for("the alarm", lambda: any(e["data"]["signal.severity"] == "high" for e in told("the key that was read before stays")))
        check(in_use(NEXT), "a file that others can read took the key away")
        os.unlink(d.key_file)
        wait_for("the second alarm", lambda: len(told("the key that was read before stays")) == 2)
        check(in_use(NEXT), "a file that is gone took the key away")
        other = d.key_file + ".new"
        with open(os.open(other, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write(THIRD)
        os.rename(other, d.key_file)
        wait_for("the third key", lambda: in_use(THIRD))
        check(len(told("another key is in use")) == 2, f"{told('work')}")
        os.utime(d.key_file)
        write(KEY)
        d.reload()  # at once
        wait_for("the first key again", lambda: in_use(KEY))
        check(len(told("another key is in use")) == 3, "told once each")
        nowhere(d, KEY, NEXT, THIRD)


def a_key_comes_of_a_command(folder):
    script = os.path.join(folder, "tell")
    with open(os.open(script, os.O_CREAT | os.O_WRONLY, 0o700), "w") as f:
        f.write("#!/bin/sh\necho cmd-key-0123456789\n")
    config = ("header = \"Authorization: Token %\"\n[upstream other]\nurl = http://127.0.0.1:1\ndialect = openai\n"
              f"secret_command = {script} --now\n[upstream bad]\nurl = http://127.0.0.1:1\ndialect = gemini\n"
              "secret_command = /bin/false\n")
    with with_gateway(folder=folder, config=config, third="header = X-Work-Key: k=%\n") as (d, up):
        lease = issue(d)
        check(call(d, lease)[0] == 200 and up.asked[0].field("authorization") == "Token " + KEY, f"{up.asked[0].fields}")
        lines = [v for k, v in up.asked[0].fields if k == "authorization"]
        call(d, lease, headers={"authorization": "Token of-the-client"})
        check([v for k, v in up.asked[1].fields if k == "authorization"] == lines, f"{up.asked[1].fields}")
        third = issue(d, "third")
        call(d, third, headers={"X-Work-Key": "of-the-client"})
        check([v for k, v in up.asked[2].fields if k == "x-work-key"] == ["k=" + KEY], f"{up.asked[2].fields}")
        other = issue(d, "other")
        wait_for("the command's key", lambda: call(d, other)[0] == 502)  # it is there, and nobody answers
        status, body, _ = call(d, issue(d, "bad"), path="/v1beta/models/m:generateContent")
        check(status == 503 and json.loads(body)["error"]["status"] == "UNAVAILABLE", f"{status} {body}")
        nowhere(d, "cmd-key-0123456789")


# ---- who asks, and from where

def a_shell_does_the_same(folder):
    stream = Stream(first=b"data: 1\n\n")
    with with_gateway(stream, folder=folder) as (d, up):
        def lease(*words, code=0):
            done = subprocess.run([BINARY, "lease", *words, "--config", d.config_file], capture_output=True, text=True,
                                  timeout=DEADLINE, stdin=subprocess.DEVNULL, env={**os.environ, "XDG_STATE_HOME": d.dir})
            check(done.returncode == code, f"lease {words}: {done}")
            return done.stdout

        issue(d)  # where the gateway is
        one = json.loads(lease("issue", "--upstream", "work", "--agent", "by-hand", "--expires", "1h", "--scopes", "rate=100",
                               "--json"))
        token = lease("issue", "--upstream", "work", "--agent", "by-hand", "--parent", one["id"], "--expires", "30m").strip()
        check(token.startswith("crl_") and len(token) == 68, f"{token}")
        told = [json.loads(line) for line in lease("list", "--json").splitlines()]
        mine = [x for x in told if x["agent"] == "by-hand"]
        check(len(mine) == 2 and mine[0]["scopes"] == "rate=100" and mine[1]["parent"] == one["id"], f"{mine}")
        check(one["id"] in lease("list") and "by-hand" in lease("list"), "the list for people")
        c, r = call(d, token, read=False)
        check("confirmed: 2 leases are held" not in lease("hold", one["id"]), "a parent's hold is its own")
        check("confirmed" in lease("choke", one["id"]), "choke")
        check(call(d, token)[0] == 429, "a child of a choked lease")
        check("confirmed" in lease("resume", one["id"]), "resume")
        check("confirmed: 2 revoked, 1 running answer cut" in lease("revoke", one["id"], "--reason", "test"), "revoke")
        check("refused" in lease("revoke", "01JZ0000000000000000000000", code=3), "an id of nobody")
        lease("issue", "--upstream", "none", "--agent", "x", code=3)
        lease("issue", "--upstream", "work", "--agent", "x", "--scopes", "what=1", code=3)
        lease("issue", "--agent", "x", code=1), lease("issue", "more", code=2), lease("nonsense", code=2)
        check("revoked" in lease("list"), "what is dead is listed for a day")
        check("3 revoked" not in lease("revoke", "*"), "what was dead is not revoked again")
        lease("issue", "--like", one["id"], "--agent", "another", code=3)  # whose it was has to be named
        lease("issue", "--like", one["id"], code=1)
        lease("issue", "--like", "01JZ0000000000000000000000", "--agent", "by-hand", code=3)
        check(all(x["state"] == "revoked" for x in map(json.loads, lease("list", "--json").splitlines())), "something came back")
        again = json.loads(lease("issue", "--like", one["id"], "--agent", "by-hand", "--json"))
        mine = leases(d)[again["id"]]
        check(mine["state"] == "active" and mine["scopes"] == "rate=100" and mine["agent"] == "by-hand", f"{mine}")
        check(leases(d)[one["id"]]["state"] == "revoked" and again["token"] != one["token"], "the dead one is alive")
        nowhere(d, token, one["token"], KEY)


def a_runs_lease_is_for_that_run_alone(folder):
    with with_gateway(folder=folder) as (d, up):
        lease = issue(d, agent="run:01JZ0000000000000000000000")
        c = UnixConnection(d.gateway_socket)
        c.request("POST", "/u/work/v1/messages", b"{}", {"x-api-key": lease["token"]})
        r = c.getresponse()
        check(r.status == 403 and b"another agent" in r.read() and not up.asked, f"{r.status}")
        c.close()
        other = issue(d, agent="by-hand")
        c = UnixConnection(d.gateway_socket)
        c.request("POST", "/u/work/v1/messages", b"{}", {"x-api-key": other["token"]})
        check(c.getresponse().status == 200, "the socket itself")
        c.close()


def an_agent_gets_no_more_than_it_has(folder):
    with with_gateway(folder=folder) as (d, up):
        def run(program, *options, code=0):
            env = {**os.environ, "XDG_STATE_HOME": d.dir, "XDG_RUNTIME_DIR": folder, "ANTHROPIC_API_KEY": KEY}
            done = subprocess.run([BINARY, "run", "--config", d.config_file, "--socket", d.socket, "--token-file", d.token_file,
                                   "--no-scope", *options, "--", program, "x"], capture_output=True, text=True, timeout=DEADLINE,
                                  stdin=subprocess.DEVNULL, env=env)
            check(done.returncode == code, f"{program} {options}: {done}")
            return done.stdout + done.stderr

        def script(name, text):
            path = os.path.join(folder, name)
            with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o700), "w") as f:
                f.write("#!/bin/sh\n" + text)
            return path

        more = f"{BINARY} lease issue --upstream work --agent other --expires 9h --config {d.config_file} --json\n"
        issue(d)
        told = run(script("any", more), code=3)  # it has none
        check("only out of one that it has" in told, told)
        told = run(script("opencode", "env; tr '\\0' '\\n' </proc/$PPID/environ\n" + more))
        check(KEY not in told and "CHECKREIN_LEASE=crl_" in told and "/u/work/v1" in told, told)
        child = json.loads(told.strip().splitlines()[-1])
        own = [x for x in leases(d).values() if x["agent"].startswith("run:")]
        mine = leases(d)[child["id"]]
        check(len(own) == 1 and mine["parent"] == own[0]["id"], f"{own} {mine}")
        wait_for("both are over", lambda: leases(d)[child["id"]]["state"] == leases(d)[own[0]["id"]]["state"] == "revoked")
        check(call(d, child)[0] == 403, "a lease outlives the run that it comes of")
        d.hook("SessionStart", session="s1", source="startup")
        begins = "run:01ARZ3NDEKTSV4RRFFQ69G5FAV"  # it has its lease, and is not told of yet
        issue(d, agent=begins)
        for other in ("claude:s1", own[0]["agent"], begins):
            told = run(script("opencode", more.replace("agent other", "agent " + other)), code=3)
            check("in the name of another agent" in told, told)
        issue(d, agent="by-hand")
        told = run(script("opencode", more.replace("agent other", "agent by-hand")), code=3)
        check("a lease of another lives under that name" in told, told)
        check(sorted(x["agent"] for x in leases(d).values() if x.get("parent")) == ["other"], f"{leases(d)}")
        own_name = f"--agent $({BINARY} lease list --config {d.config_file} --json | grep -o 'run:[0-9A-Z]*' | grep -v {begins} | tail -1)"
        told = run(script("opencode", more.replace("--agent other", own_name)))
        check(json.loads(told.strip().splitlines()[-1])["token"].startswith("crl_"), f"none in its own name: {told}")
        told = run(script("opencode", f"{BINARY} run --config {d.config_file} --socket {d.socket} --token-file {d.token_file} "
                                      f"--no-scope -- {script('claude', 'env')}\n"))
        check("ANTHROPIC_AUTH_TOKEN=crl_" in told, f"a run in a run gets no lease: {told}")
        told = run(script("opencode", "env\n"), "--upstream", "none")
        check("CHECKREIN_LEASE" not in told and KEY in told, "a lease that was not wanted")
        check("gets no lease" in run(script("opencode", "env\n"), "--upstream", "nothing", code=3), "an upstream that is none")
        check("not known" in run(script("any", "env\n"), "--upstream", "work", code=3), "a client of which nothing is known")
        nowhere(d, KEY)


def without_a_record_nothing_goes_through(folder):
    with with_gateway(folder=folder, shim=True) as (d, up):
        lease, held = issue(d), issue(d, agent="held")
        slow = issue(d, agent="slow", scopes="models=*")
        check(call(d, lease)[0] == 200, "before")
        command(d, "pause", credential=held["id"])
        waiting = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
        waiting.request("POST", "/u/work/v1/messages", b"{}", {"x-api-key": held["token"]})
        wait_for("a request that waits", lambda: leases(d)[held["id"]]["waiting"] == 1)
        begun = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
        begun.putrequest("POST", "/u/work/v1/messages")
        begun.putheader("x-api-key", slow["token"])
        begun.putheader("Content-Length", "13")
        begun.endheaders(b'{"model"')  # it is read for its model: the rest comes when the record has failed
        d.shim.say("disk-full")
        d.hook("SessionStart", session="s1", source="startup")

        def closed():
            status, body, _ = call(d, lease)
            return status == 503 and b"record" in body
        wait_for("that it is closed", closed)
        asked = len(up.asked)
        check(call(d, lease)[0] == 503 and len(up.asked) == asked, "it went through")
        begun.send(b':"m"}')
        r = begun.getresponse()
        check(r.status == 503 and b"record" in r.read(), f"what had begun before went on: {r.status}")
        begun.close()
        command(d, "resume", credential=held["id"])
        r = waiting.getresponse()
        check(r.status == 503 and b"record" in r.read(), f"what waited went on: {r.status}")
        waiting.close()
        check(len(up.asked) == asked, "it went through")
        check(ask(d, "/lease/issue", upstream="work", agent="x")[0] == 503, "a lease was issued without a record")
        d.tampered = True


def a_lease_outlives_the_records_beginning(folder):
    with with_gateway(folder=folder, shim=True, serve="journal_keep_days = 2\n") as (d, up):
        kept, gone = issue(d), issue(d, agent="gone")
        command(d, "pause", credential=kept["id"], reason="over the holidays")
        command(d, "revoke", credential=gone["id"])
        for day in range(1, 7):
            d.shim.say("clock", day * 86400 + 60)
            d.hook("UserPromptSubmit", session="other", prompt=f"day {day}")
            d.hook("UserPromptSubmit", session="other", prompt=f"day {day} again")
        d.terminate()
        d.start()

        def dropped():
            try:
                return d.records()[0]["n"] > 1
            except FileNotFoundError:
                return False
        wait_for("the drop", dropped)
        d.terminate()
        d.start()  # from what is left only
        issue(d, agent="new")
        one = leases(d)[kept["id"]]
        check(one["state"] == "held" and one["agent"] == "claude:s1" and one["reason"] == "over the holidays", f"{one}")
        command(d, "resume", credential=kept["id"])
        check(call(d, kept)[0] == 200, "what was good is not")
        check(call(d, gone)[0] in (401, 403), "what was revoked came back")


def a_lease_keeps_its_holder_when_the_telling_again_is_cut(folder):
    with with_gateway(folder=folder, shim=True, serve="journal_keep_days = 2\n") as (d, up):
        kept = issue(d)
        for day in range(1, 7):
            d.shim.say("clock", day * 86400 + 60)
            d.hook("UserPromptSubmit", session="other", prompt=f"day {day}")
            d.hook("UserPromptSubmit", session="other", prompt=f"day {day} again")
        d.terminate()
        before = os.path.join(folder, "before")
        shutil.copytree(d.record, before)
        d.start()
        first = min(os.listdir(before))
        wait_for("the drop", lambda: not os.path.exists(os.path.join(d.record, first)))
        d.terminate()
        cut = 0  # the record as it is when the daemon ends right after the lease was told
        for name in sorted(os.listdir(d.record)):
            with open(os.path.join(d.record, name), "rb") as f:
                lines = f.readlines()
            for i, line in enumerate(lines):
                if b"credential.issued" in line and kept["id"].encode() in line:
                    check(b'"credential.holder":"claude:s1"' in line, f"told again without whose it is: {line}")
                    with open(os.path.join(before, name), "wb") as f:
                        f.writelines(lines[:i + 1])
                    cut += 1
        check(cut > 0, f"it was not told again: {os.listdir(d.record)}")
        shutil.rmtree(d.record)
        shutil.copytree(before, d.record)
        d.start()
        one = leases(d)[kept["id"]]
        check(one.get("agent") == "claude:s1", f"{one}")


def what_is_under_way_ends_with_the_daemon(folder):
    stream = Stream(first=b"data: 1\n\n")
    with with_gateway(stream, folder=folder) as (d, up):
        lease, held = issue(d), issue(d, agent="held")
        command(d, "pause", credential=held["id"])
        c, r = call(d, lease, read=False)
        w = http.client.HTTPConnection("127.0.0.1", d.gateway, timeout=DEADLINE)
        w.request("POST", "/u/work/v1/messages", b"{}", {"x-api-key": held["token"]})
        wait_for("a request that waits", lambda: leases(d)[held["id"]]["waiting"] == 1)
        check(d.terminate(10) == 0, "the daemon did not end by itself")
        for one in (r.read, w.getresponse):
            try:
                one()
                check(False, "something looked whole")
            except (http.client.HTTPException, OSError):
                pass


BINARY = os.path.abspath(sys.argv[1])


def in_folder(test):
    """Each test makes the daemons that it needs, in a folder that goes away with it."""
    with tempfile.TemporaryDirectory(prefix="cr-gateway-") as folder:
        test(folder)


def main(tests):
    failed = 0
    for test in tests:
        if len(sys.argv) > 2 and test.__name__ not in sys.argv[2:]:
            continue
        try:
            in_folder(test)
            word = "ok"
        except Exception:  # noqa: BLE001 - reported here
            word = "FAILED: " + traceback.format_exc()
            failed += 1
        print(f"{test.__name__}: {word}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main([the_real_key_is_put_in_and_the_lease_taken_out, keys_and_methods_of_others_do_not_go_along,
          bodies_and_answers_pass_as_they_come, what_leads_elsewhere_is_refused,
          answers_that_lead_elsewhere_do_not, an_upstream_that_fails_is_told, all_fields_of_an_answer_come,
          a_client_of_http_1_0_sees_a_cut_too, certificates_are_checked,
          held_requests_wait_and_go_on, many_leases_and_many_that_wait_hold_nothing_up, revoked_is_dead_at_once_and_for_good, an_agents_reins_reach_its_leases,
          an_agents_reins_reach_what_comes_of_its_leases, scopes_hold, each_that_is_revoked_is_tested, scopes_hold_for_gemini, models_are_not_promised_where_none_is_known,
          a_name_is_of_whom_it_was_given_to,
          a_key_changes_without_its_agents, a_key_comes_of_a_command, a_shell_does_the_same, a_runs_lease_is_for_that_run_alone,
          an_agent_gets_no_more_than_it_has,
          without_a_record_nothing_goes_through, a_lease_outlives_the_records_beginning,
          a_lease_keeps_its_holder_when_the_telling_again_is_cut, what_is_under_way_ends_with_the_daemon])
