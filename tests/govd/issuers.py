"""Credentials that were issued elsewhere: revoked where they were issued, and only what was seen dead is said to be dead."""
import json
import os
import secrets
import socket
import time

from collector import Certificates
from daemon import Console, Daemon, Failed, check, run, wait_for, with_daemon
from issued import CLIENT_SECRET, CONFIG, FILE, FOLDER, NAMES, begun, nowhere, put, revoke, row, rows, written
from issuer import Issuer, basic


@with_daemon(config=CONFIG)
def revoked_and_proven(daemon):
    issuer = Issuer()
    refresh = "refresh-" + secrets.token_hex(16)
    token = written(issuer, refresh=refresh)
    about = {"active": True, "scope": "repo read", "sub": "alice", "client_id": "agent-a", "exp": 4102444800}
    issuer.tokens = {token: about | {"exp": 1893456000}, refresh: about}
    console, shown = begun(daemon, "proven by introspection")
    check(shown["issuer"] == issuer.url and shown["scopes"] == "repo read", str(shown))
    check(shown["expires"] == "2100-01-01T00:00:00.000Z" and "client agent-a for alice" in shown["kind"], str(shown))
    check(basic(issuer.asked("/introspect")[0][3]) == ("operator:1", CLIENT_SECRET), "the client's words")
    done = revoke(console)
    check(done["state"] == "confirmed", str(done))
    check("introspection says not active, active before" in done["by"], str(done))
    asked = [(p, f["token"], f["token_type_hint"]) for m, p, f, a in issuer.asked("/revoke")]
    check(asked == [("/revoke", refresh, "refresh_token"), ("/revoke", token, "access_token")], str(asked))
    told = console.event("credential.revoked")["data"]
    check(told["credential.id"] == NAMES[-1] and "not active" in told["credential.probe"], str(told))
    check(told["operator.id"] and told["gen_ai.agent.id"] == "claude:s1", str(told))
    check(told["credential.kind"] == shown["kind"] and told["credential.issuer"] == issuer.url, str(told))
    check("REVOKED" in row(daemon, "REVOKED")["revocable"], "")
    reins = [e["data"]["reins"] for e in daemon.events() if "reins" in e["data"] and e["data"].get("gen_ai.agent.id") == "claude:s1"]
    check("revoke" in [r["rein"] for r in reins[-1]], str(reins[-1]))
    nowhere(daemon, token, refresh, CLIENT_SECRET)
    check(any(e["data"]["command.verb"] == "revoke" for e in daemon.events("operator.command")), "the command is not in the record")
    issuer.close()


@with_daemon(config=CONFIG)
def by_its_name_only(daemon):
    issuer = Issuer()
    token = written(issuer, auth="post")
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    for fields, words in (({"credential": "other"}, "no such credential"), ({"agent": "claude:s2"}, "no credential")):
        refused = revoke(console, **fields)
        check(refused["state"] == "refused" and words in refused["reason"], str(refused))
    check(not issuer.asked("/revoke"), "something was revoked that was not meant")
    done = console.command("revoke", credential=NAMES[-1])
    check(done["state"] == "confirmed", str(done))
    form = issuer.asked("/revoke")[0]
    check(form[2]["client_id"] == "operator:1" and form[2]["client_secret"] == CLIENT_SECRET and form[3] is None, str(form))
    issuer.close()


@with_daemon(config=CONFIG)
def recorded_before_it_is_sent(daemon):
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    recorded = []

    def look(handler):
        recorded.append([e["data"]["credential.id"] for e in daemon.events("operator.command")])
        handler.say(200, b"")

    issuer.fault["/revoke"] = look
    console.command("revoke", credential=NAMES[-1])
    check(recorded == [[NAMES[-1]]], str(recorded))
    issuer.close()


@with_daemon(config=CONFIG)
def a_server_that_says_the_secrets(daemon):
    """Whoever says it: what was read as a secret is in no record, no log and on no console."""
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True, "sub": token, "scope": CLIENT_SECRET, "client_id": "x" + token}}
    console, _ = begun(daemon, "proven by introspection")
    issuer.metadata = {"issuer": token}
    issuer.fault["/introspect"] = lambda h: h.say(200, {"active": False, "error": token})
    revoke(console)
    daemon.reload()
    row(daemon, "of another issuer")
    told = revoke(console)
    check(told["state"] == "failed" and token not in json.dumps(console.frames), str(told))
    nowhere(daemon, token, CLIENT_SECRET)
    issuer.close()


@with_daemon(config=CONFIG)
def of_an_agent_that_is_not_here(daemon):
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    check(revoke(console, agent="nobody")["state"] == "confirmed", "its tokens live on")
    issuer.close()


@with_daemon(config=CONFIG)
def all_of_an_agent(daemon):
    """One command on two credentials: over when both are told of, and no better than the worse."""
    issuer = Issuer()
    token, second = written(issuer), "second-" + secrets.token_hex(16)
    with open(FILE, "a") as f:
        f.write(f"[credential second]\nissuer = lab\nagents = claude:s1\naccess_token_file = {put('second', second)}\n")
    issuer.tokens = {token: {"active": True}, second: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    wait_for("both", lambda: len(rows(daemon)) == 2 and "proven by" in rows(daemon)[1]["revocable"])
    issuer.fault["/introspect"] = lambda h: h.say(200, {"active": True})
    told = revoke(console)
    check(told["state"] == "failed" and NAMES[-1] in told["reason"] and "second" in told["reason"], str(told))
    del issuer.fault["/introspect"]
    issuer.tokens = {token: {"active": True}, second: {"active": True}}

    def only_the_first(handler):
        form = issuer.seen[-1][2]
        issuer.tokens[token] = {"active": False}
        handler.say(200 if form["token"] == token else 400, {})

    issuer.fault["/revoke"] = only_the_first
    before = len(daemon.events("credential.revoked"))
    told = revoke(console)
    check(told["state"] == "failed" and "HTTP 400" in told["reason"], str(told))
    dead = [e["data"]["credential.id"] for e in daemon.events("credential.revoked")][before:]
    check(dead == [NAMES[-1]], f"said to be dead: {dead}")
    del issuer.fault["/revoke"]
    told = revoke(console)
    check(told["state"] == "confirmed" and NAMES[-1] in told["by"] and "second" in told["by"], str(told))
    issuer.close()


@with_daemon(config=CONFIG)
def a_yes_that_does_nothing(daemon):
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    issuer.revokes = False
    console, _ = begun(daemon, "proven by introspection")
    failed = revoke(console)
    check(failed["state"] == "failed" and "still active" in failed["reason"], str(failed))
    check(not daemon.events("credential.revoked"), "said to be revoked")
    console.event("signal.raised", signal__severity="high")
    issuer.revokes = True
    check(revoke(console)["state"] == "confirmed", "a second time")
    issuer.close()


@with_daemon(config=CONFIG)
def who_is_shown_nothing_proves_nothing(daemon):
    """A client that may not see a token is told that it is not active (RFC 7662, 2.2)."""
    issuer = Issuer()
    written(issuer)
    console, _ = begun(daemon, "cannot be proven", "may not see it")
    told = revoke(console)
    check(told["state"] == "unverifiable" and "may not see it" in told["reason"] and "RFC 7009" in told["reason"], str(told))
    check(not daemon.events("credential.revoked"), "said to be revoked")
    issuer.fault["/introspect"] = lambda h: h.say(401, {"error": "invalid_client"})
    told = revoke(console)
    check(told["state"] == "unverifiable" and "may not introspect (HTTP 401 invalid_client)" in told["reason"], str(told))
    issuer.close()


@with_daemon(config=CONFIG)
def a_test_call_proves(daemon):
    issuer = Issuer()
    issuer.metadata = {"introspection_endpoint": ""}
    token = written(issuer, credential=f"test_url = {issuer.url}/resource")
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by a test call")
    check(issuer.asked("/resource")[0][3] == "Bearer " + token, "the test call")
    done = revoke(console)
    check(done["state"] == "confirmed" and "test call is refused" in done["by"], str(done))
    issuer.close()


@with_daemon(config=CONFIG)
def still_let_through_is_not_revoked(daemon):
    """Introspection says dead, and the resource lets it through all the same."""
    issuer = Issuer()
    token = written(issuer, credential=f"test_url = {issuer.url}/resource")
    issuer.tokens = {token: {"active": True}}
    issuer.fault["/resource"] = lambda h: h.say(200, {})
    console, _ = begun(daemon, "proven by introspection")
    failed = revoke(console)
    check(failed["state"] == "failed" and "still let through" in failed["reason"], str(failed))
    issuer.close()


@with_daemon(config=CONFIG)
def busy_is_asked_again(daemon):
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    began = []

    def busy(handler):
        began.append(time.monotonic())
        if len(began) == 2:
            del issuer.fault["/revoke"]
            issuer.revokes = True
        handler.say(503, {}, Retry_After="2")

    issuer.fault["/revoke"] = busy
    done = revoke(console)
    check(done["state"] == "confirmed", str(done))
    check(len(issuer.asked("/revoke")) == 3 and began[1] - began[0] >= 2, f"{began}")
    issuer.tokens = {token: {"active": True}}
    issuer.fault["/revoke"] = lambda h: h.say(503, {}, Retry_After="99999")
    began = time.monotonic()
    issuer.fault["/revoke"] = lambda h: h.say(503, {})
    failed = revoke(console)
    check(failed["state"] == "failed" and "still active" in failed["reason"] and "HTTP 503" in failed["reason"], str(failed))
    issuer.close()


def cannot(daemon, issuer, words, **options):
    """What the credential says of itself, and what a revocation comes to: nothing is asked of who must not be asked."""
    written(issuer, **options)
    console, _ = begun(daemon, "NOT revocable", words)
    failed = revoke(console)
    check(failed["state"] == "failed" and words in failed["reason"], str(failed))
    console.close()


@with_daemon(config=CONFIG)
def metadata_that_lies(daemon):
    issuer = Issuer()
    other = Issuer()
    at = issuer.metadata_path
    for words, metadata in (
            ("of another issuer", {"issuer": issuer.url + "/"}),
            ("of another issuer", {"issuer": "https://evil.example"}),
            ("of another issuer", {"issuer": None}),
            ("revocation_endpoint is not asked", {"revocation_endpoint": "http://evil.example/revoke"}),
            ("revocation_endpoint is not asked", {"revocation_endpoint": "ftp://127.0.0.1/"}),
            ("revocation_endpoint is not asked", {"revocation_endpoint": "file:///etc/passwd"}),
            ("revocation_endpoint is not asked", {"revocation_endpoint": "https://a@b.example/"}),
            ("revocation_endpoint is no", {"revocation_endpoint": "https://b.example/\r\nX: y"}),
            ("introspection_endpoint is not asked", {"introspection_endpoint": "http://10.0.0.1/"}),
            ("offers no revocation", {"revocation_endpoint": None})):
        issuer.metadata = metadata
        cannot(daemon, issuer, words)
    issuer.metadata = {}
    for words, fault in (
            ("no JSON object", lambda h: h.say(200, b"<html>")),
            ("no JSON object", lambda h: h.say(200, b"[]")),
            ("no JSON object", lambda h: h.say(200, b'{"issuer":"' + issuer.url.encode() + b'","issuer":"x"}')),
            ("longer than allowed", lambda h: h.say(200, b'{"a":"' + b"x" * 1000000 + b'"}')),
            ("a redirect, which is not followed", lambda h: h.say(302, b"", Location=other.url + at)),
            ("HTTP 500", lambda h: h.say(500, b"")),
            ("no answer", lambda h: issuer.release.wait(20)),
            ("no answer", lambda h: h.connection.shutdown(socket.SHUT_RDWR))):
        issuer.fault = {at: fault, "/.well-known/openid-configuration": fault}
        cannot(daemon, issuer, words)
    check(not issuer.asked("/revoke") and not other.seen, "a token was sent")
    issuer.close()
    other.close()


@with_daemon(config=CONFIG)
def addresses_that_must_not_be_asked(daemon):
    """The issuer is on this machine; its endpoints are where clouds hand out credentials."""
    issuer = Issuer()
    issuer.metadata = {"revocation_endpoint": "https://169.254.169.254/latest", "introspection_endpoint": None}
    token = written(issuer)
    console, _ = begun(daemon, "revocable, cannot be proven", "no introspection")
    failed = revoke(console)
    check(failed["state"] == "failed" and "a cloud's metadata: not asked" in failed["reason"], str(failed))
    issuer.metadata = {"revocation_endpoint": "https://[fd00:ec2::254]/x", "introspection_endpoint": None}
    daemon.reload()
    wait_for("read again", lambda: len(issuer.asked(issuer.metadata_path)) >= 2)
    row(daemon, "revocable, cannot be proven")
    failed = revoke(console)
    check(failed["state"] == "failed" and "a cloud's metadata: not asked" in failed["reason"], str(failed))
    check(token not in json.dumps(issuer.seen), "it was told to somebody")
    issuer.close()


@with_daemon(config=CONFIG)
def answers_that_are_none(daemon):
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    for fault, words in (
            (lambda h: h.say(200, b"garbage"), "no JSON object"),
            (lambda h: h.say(200, {"active": "false"}), "does not say whether"),
            (lambda h: h.say(200, {}), "does not say whether"),
            (lambda h: h.say(200, b'{"active":false,"x":"' + b"y" * 200000 + b'"}'), "longer than allowed"),
            (lambda h: h.say(307, b"", Location="http://127.0.0.1:1/"), "a redirect"),
            (lambda h: h.say(400, {"error": "x" * 70}), "HTTP 400"),
            (lambda h: h.say(400, {"error": token}), "HTTP 400")):
        issuer.fault["/introspect"] = fault
        told = revoke(console)
        check(told["state"] == "unverifiable" and words in told["reason"], str(told))
    for fault, words in (
            (lambda h: h.say(400, {"error": "unsupported_token_type"}), "HTTP 400 unsupported_token_type"),
            (lambda h: h.say(302, b"", Location="/introspect"), "a redirect, which is not followed"),
            (lambda h: h.say(204, b""), "HTTP 204")):
        issuer.fault["/revoke"] = fault
        told = revoke(console)
        check(told["state"] == "failed" and words in told["reason"], str(told))
    nowhere(daemon, token)
    issuer.close()


def drips(handler, piece, count, wait):
    """A body in chunks, which may go on for longer than anybody listens."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.close_connection = True
    for _ in range(count):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.flush()
        if wait(0.05):
            return
    handler.wfile.write(b"0\r\n\r\n")


@with_daemon(config=CONFIG)
def the_environment_opens_nothing(daemon):
    """Neither are the keys of TLS written to where a variable says, nor is a proxy asked."""
    keys = os.path.join(FOLDER, "tls.keys")
    daemon.terminate()
    daemon.env = {"SSLKEYLOGFILE": keys, "https_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
    daemon.start()
    issuer = Issuer(tls=CERTS.server("good"))
    token = written(issuer, more=f"ca_file = {CERTS.path('ca.pem')}")
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    check(revoke(console)["state"] == "confirmed", "over TLS")
    check(not os.path.exists(keys), "whoever sees the connection can read the tokens")
    issuer.close()


def peak(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return int(next(line for line in f if line.startswith("VmHWM")).split()[1])


@with_daemon(config=CONFIG)
def bodies_that_do_not_end(daemon):
    """A hundred megabytes in chunks, and a byte now and then for a minute: each for as long as one request may take."""
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    before = peak(daemon)
    for fault, words in ((lambda h: drips(h, b" " * 1000000, 100, lambda s: False), "longer than allowed"),
                         (lambda h: drips(h, b" ", 1200, issuer.release.wait), "no answer")):
        issuer.fault["/introspect"] = fault
        began = time.monotonic()
        told = revoke(console)
        check(told["state"] == "unverifiable" and words in told["reason"], str(told))
        check(time.monotonic() - began < 15, "waited for it")
        check(peak(daemon) - before < 50000, f"{before} KiB at the peak before, {peak(daemon)} after")
    issuer.close()


@with_daemon(config=CONFIG)
def who_hangs_is_not_waited_for(daemon):
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    issuer.fault = {"/revoke": lambda h: issuer.release.wait(30), "/introspect": lambda h: issuer.release.wait(30)}
    console.send({"kind": "command", "id": "revoke-one", "verb": "revoke", "credential": NAMES[-1]})
    wait_for("the request", lambda: issuer.asked("/revoke"))
    again = revoke(console)
    check(again["state"] == "refused" and "already" in again["reason"], str(again))
    written(issuer, token=token)  # a file that comes in between changes nothing of it
    daemon.reload()
    check(daemon.hook("SessionStart", "s3", source="startup") is not None, "the daemon waits")
    first = console.until("result", lambda f: f["kind"] == "result" and f["command"] == "revoke-one" and f["state"] != "accepted")
    check(first["state"] == "failed" and "no answer" in first["reason"], str(first))
    issuer.close()


CERTS = Certificates(FOLDER)
CERTS.issue("good", "DNS:localhost,IP:127.0.0.1")
CERTS.issue("other", "DNS:other.example,IP:127.0.0.2", subject="other.example")
CERTS.issue("expired", "DNS:localhost,IP:127.0.0.1", days=-1)


@with_daemon(config=CONFIG)
def over_tls(daemon):
    issuer = Issuer(tls=CERTS.server("good"))
    token = written(issuer, more=f"ca_file = {CERTS.path('ca.pem')}")
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    check(revoke(console)["state"] == "confirmed", "over TLS")
    console.close()
    seen = len(issuer.seen)
    for more in ("", f"ca_file = {CERTS.path('stranger.pem')}", "ca_file = /nonexistent.pem"):
        cannot(daemon, issuer, "no answer", more=more)
    check(len(issuer.seen) == seen, "somebody else was told")
    issuer.close()
    for name in ("other", "expired"):
        liar = Issuer(tls=CERTS.server(name))
        cannot(daemon, liar, "no answer", more=f"ca_file = {CERTS.path('ca.pem')}")
        check(not liar.seen, f"one whose certificate is {name} was told")
        liar.close()


@with_daemon(config=CONFIG)
def a_certificate_that_changes_in_between(daemon):
    """The endpoint's is another one by the time of the revocation: nothing goes there, and nothing is said to be revoked."""
    issuer = Issuer(tls=CERTS.server("good"))
    stranger = Issuer(tls=CERTS.server("other"))
    issuer.metadata = {"revocation_endpoint": stranger.url + "/revoke"}
    token = written(issuer, more=f"ca_file = {CERTS.path('ca.pem')}")
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    failed = revoke(console)
    check(failed["state"] == "failed" and "no answer" in failed["reason"] and "still active" in failed["reason"], str(failed))
    check(not stranger.seen, "the token was told to a stranger")
    issuer.close()
    stranger.close()


@with_daemon(config=CONFIG)
def tokens_that_are_none(daemon):
    issuer = Issuer()
    for token, words in (("with\r\nX-Header: 1234567890", "not one line"), ("short-one", "too short"), ("", "not"), ("tab\tin-the-token-1234", "not one line")):
        cannot(daemon, issuer, words, token=token or " ")
    check(not issuer.asked("/revoke"), "it was sent")
    issuer.close()


@with_daemon(config=CONFIG)
def after_a_restart(daemon):
    """What was asked for and not answered is not taken for done; what is dead stays so because the issuer says so."""
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    issuer.fault["/revoke"] = lambda h: issuer.release.wait(30)
    console.send({"kind": "command", "id": "cut-off", "verb": "revoke", "agent": "claude:s1"})
    wait_for("the request", lambda: issuer.asked("/revoke"))
    daemon.kill()
    daemon.start()
    result = [e["data"] for e in daemon.events("operator.result") if e["data"]["command.id"] == "cut-off"]
    check(result[-1]["command.state"] == "unverifiable", str(result))
    issuer.fault = {}
    row(daemon, "proven by introspection")
    check(revoke(Console(daemon))["state"] == "confirmed", "revoked after the restart")
    issuer.close()


@with_daemon(config=CONFIG)
def a_bad_file_changes_nothing(daemon):
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    with open(FILE) as f:
        good = f.read()
    head = "[issuer a]\nkind = oauth\nissuer = https://a.example\nclient_id = x\n"
    for text, words in (
            ("[issuer a]\nkind = saml\n", ":2: [issuer a] kind: there is no such kind"),
            (head, "needs a line \"client_secret_file"),
            (head + "client_secret = 12345678\n", "client_secret: there is no such key"),
            (head + "client_auth = private_key_jwt\n", ":5: [issuer a] client_auth: basic, post or none"),
            (head + "client_secret_file = relative\n", "a path from / is needed"),
            (head + "client_secret_file = /a\nclient_secret_command = b\n", "said twice"),
            (head + "client_secret_credential = ../x\n", "is no path"),
            (head.replace("https://a", "http://a"), "without TLS only to this machine"),
            (head + "client_auth = none\n[credential b]\nissuer = c\n", "there is no [issuer c]"),
            (head + "client_auth = none\n[credential b]\nissuer = a\nagents = *\n", "where a token is"),
            (head + "client_auth = none\n[credential b]\nissuer = a\nagents = *\naccess_token = x\n", "access_token: there is no such key"),
            ("[other]\na = b\n", "there is no such section"),
            (head + "client_auth = none\n" + "".join(f"[credential c{n}]\nissuer = a\nagents = *\naccess_token_file = /x\n" for n in range(300)), "more than 256 credentials"),
            (head + "client_auth = none\n" + "[credential c]\nagents = *\n" * 15000, "is longer than"),
            (head + "client_auth = none\n" + "[credential b]\nissuer = a\nagents = *\naccess_token_file = /x\n" * 2, "stands already in line 6"),
            (head + "client_auth = none\n[credential b\x1b[2J]\nissuer = a\n", "issuers.ini:6"),
            (head + "client_auth = none\n[credential " + "b" * 2000 + "]\nissuer = a\n", "issuers.ini:6"),
            (head + "client_auth = none\n[credential ../b\u202e]\nissuer = a\n", "issuers.ini:6")):
        put("issuers.ini", text)
        daemon.reload()
        told = console.until(words, lambda f: f["kind"] == "event" and FILE in f["event"]["data"].get("signal.title", ""))
        title = told["event"]["data"]["signal.title"]
        check(words in title, f"{text!r}: {title}")
    check(len(rows(daemon)) == 1, "the old set is gone")
    put("issuers.ini", good.split("[credential")[0])
    daemon.reload()
    wait_for("no credential any more", lambda: rows(daemon) == [])
    issuer.close()


def bad_file_at_start(daemon):
    put("issuers.ini", "[issuer x]\nkind = x\n")
    try:
        Daemon(daemon.binary, config=CONFIG)
        check(False, "started with a bad file")
    except Failed as e:
        check("issuers.ini:2: [issuer x] kind" in str(e), str(e))


if __name__ == "__main__":
    run([revoked_and_proven, all_of_an_agent, by_its_name_only, recorded_before_it_is_sent, a_server_that_says_the_secrets, of_an_agent_that_is_not_here, a_yes_that_does_nothing, who_is_shown_nothing_proves_nothing, a_test_call_proves, still_let_through_is_not_revoked, busy_is_asked_again, metadata_that_lies, addresses_that_must_not_be_asked, answers_that_are_none, who_hangs_is_not_waited_for, over_tls, a_certificate_that_changes_in_between, the_environment_opens_nothing, bodies_that_do_not_end, tokens_that_are_none, after_a_restart, a_bad_file_changes_nothing, bad_file_at_start])
