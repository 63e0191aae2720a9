"""Credentials that were issued elsewhere, and what changes meanwhile: tokens, what may be seen of them, who asks."""
import json
import os
import secrets

from daemon import Console, check, run, wait_for, with_daemon
from issued import CONFIG, FILE, FOLDER, NAMES, begun, nowhere, put, revoke, row, rows, written
from issuer import Issuer


def second(agents="claude:s1", **tokens):
    """One more credential in the file; gives its token."""
    token = "second-" + secrets.token_hex(16)
    with open(FILE, "a") as f:
        f.write(f"[credential second]\nissuer = lab\nagents = {agents}\naccess_token_file = {put('second', token)}\n")
    return token


def of(daemon, name, *words):
    """The row of this credential, when it says so."""
    found = [r for r in rows(daemon) if r["id"] == name]
    return found[0] if found and all(w in found[0]["revocable"] for w in words) else None


def says(daemon, name, *words):
    try:
        return wait_for(f"{name} says {words}", lambda: of(daemon, name, *words), 10)
    except AssertionError as e:
        raise AssertionError(f"{e}: {rows(daemon)}") from None


@with_daemon(config=CONFIG)
def what_was_seen_last_counts(daemon):
    """Active long ago, not active before the revocation, not active after it: that it was revoked proves nothing."""
    issuer = Issuer()
    token = written(issuer)
    other = second()
    issuer.tokens = {token: {"active": True}, other: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    says(daemon, "second", "proven by introspection")
    issuer.tokens[token] = {"active": False}  # or this client is shown it no more
    check(revoke(console, credential="second")["state"] == "confirmed", "the other one")
    says(daemon, NAMES[-1], "cannot be proven", "not active, or this client may not see it")
    told = revoke(console, credential=NAMES[-1])
    check(told["state"] == "unverifiable" and "not active before too" in told["reason"], str(told))
    check([e["data"]["credential.id"] for e in daemon.events("credential.revoked")] == ["second"], "said to be revoked")
    told = revoke(console, credential="second")
    check(told["state"] == "confirmed", f"what was shown to be dead is so a second time: {told}")
    issuer.close()


@with_daemon(config=CONFIG)
def another_token_comes_in_meanwhile(daemon):
    """Its holder gets another one while the first is being revoked: that one too, and then it is dead."""
    issuer = Issuer()
    token = written(issuer)
    later = "later-" + secrets.token_hex(16)
    issuer.tokens = {token: {"active": True}, later: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")

    def rotate(handler):
        put("access", later)
        issuer.tokens[token] = {"active": False}
        del issuer.fault["/revoke"]
        handler.say(200, b"")

    issuer.fault["/revoke"] = rotate
    told = revoke(console)
    check(told["state"] == "confirmed" and not issuer.tokens[later]["active"], f"{told}, the later one: {issuer.tokens[later]}")
    check([f["token"] for _, _, f, _ in issuer.asked("/revoke")] == [token, later], str(issuer.asked("/revoke")))
    issuer.close()


@with_daemon(config=CONFIG)
def the_one_that_stays_was_seen_too(daemon):
    """First looked at in the revocation; then the access token is another one, and the refresh token is the same."""
    issuer = Issuer()
    refresh = "refresh-" + secrets.token_hex(16)
    token = written(issuer, refresh=refresh)
    later = "later-" + secrets.token_hex(16)
    issuer.tokens = {token: {"active": True}, refresh: {"active": True}, later: {"active": True}}
    issuer.fault["/introspect"] = lambda h: h.say(503, {})
    console, _ = begun(daemon, "cannot be proven", "HTTP 503")
    del issuer.fault["/introspect"]

    def rotate(handler):
        put("access", later)
        issuer.tokens |= {token: {"active": False}, refresh: {"active": False}}
        del issuer.fault["/revoke"]
        handler.say(200, b"")

    issuer.fault["/revoke"] = rotate
    told = revoke(console)
    check(told["state"] == "confirmed" and not issuer.tokens[later]["active"], str(told))
    issuer.close()


@with_daemon(config=CONFIG)
def what_comes_of_the_first_is_not_forgotten(daemon):
    """The first lives on, the second is dead: not revoked."""
    issuer = Issuer()
    token = written(issuer)
    later = "later-" + secrets.token_hex(16)
    issuer.tokens = {token: {"active": True}, later: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")

    def rotate(handler):
        put("access", later)
        del issuer.fault["/revoke"]
        handler.say(400, {"error": "unsupported_token_type"})

    issuer.fault["/revoke"] = rotate
    told = revoke(console)
    check(told["state"] == "failed" and "unsupported_token_type" in told["reason"] and "still active" in told["reason"], str(told))
    check("Then another token stood there" in told["reason"] and not issuer.tokens[later]["active"], str(told))
    check(not daemon.events("credential.revoked"), "said to be revoked")
    issuer.close()


@with_daemon(config=CONFIG)
def one_that_is_always_replaced_is_not_revoked(daemon):
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")

    def rotate(handler):
        fresh = "fresh-" + secrets.token_hex(16)
        issuer.tokens |= {handler.form["token"]: {"active": False}, fresh: {"active": True}}
        put("access", fresh)
        handler.say(200, b"")

    issuer.fault["/revoke"] = rotate
    told = revoke(console)
    check(told["state"] == "failed" and "another one stands there by now" in told["reason"], str(told))
    check(len(issuer.asked("/revoke")) == 3 and not daemon.events("credential.revoked"), str(issuer.asked("/revoke")))
    issuer.close()


@with_daemon(config=CONFIG)
def one_that_is_gone_afterwards_stays_dead(daemon):
    """A holder that cleans up."""
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")

    def remove(handler):
        os.unlink(os.path.join(FOLDER, "access"))
        issuer.tokens[token] = {"active": False}
        handler.say(200, b"")

    issuer.fault["/revoke"] = remove
    told = revoke(console)
    check(told["state"] == "confirmed", str(told))
    issuer.close()


@with_daemon(config=CONFIG)
def a_revocation_that_does_not_last_is_said(daemon):
    """Shown to be dead, and active again at its issuer."""
    issuer = Issuer()
    token = written(issuer)
    other = second()
    issuer.tokens = {token: {"active": True}, other: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    check(revoke(console, credential=NAMES[-1])["state"] == "confirmed", "the first time")
    wait_for("it is left as it was told", lambda: len([f for _, _, f, _ in issuer.asked("/introspect") if f["token"] == other]) >= 2)
    check(of(daemon, NAMES[-1], "REVOKED"), str(rows(daemon)))
    issuer.tokens[token] = {"active": True}
    check(revoke(console, credential="second")["state"] == "confirmed", "the other one, after which all are looked at")
    signal = console.until("an alarm", lambda f: f["kind"] == "event" and "in force again" in f["event"]["data"].get("signal.title", ""))
    check(NAMES[-1] in signal["event"]["data"]["signal.title"], str(signal))
    says(daemon, NAMES[-1], "revocable, proven by introspection")
    check(states(daemon, NAMES[-1])[-1][:2] == ("changed", "active"), str(states(daemon, NAMES[-1])))
    kinds = [e["data"].get("credential.kind", "") for e in daemon.events("credential.changed")]
    check(kinds and all(kind.startswith("oauth ") for kind in kinds), str(kinds))
    issuer.close()


def states(daemon, name):
    """What became of it, as the record tells it."""
    told = [e for e in daemon.events() if e["type"].startswith("dev.checkrein.credential.") or e["type"].startswith("credential.")]
    return [(e["type"].split(".")[-1], e["data"].get("credential.state"), e["data"].get("reason")) for e in told if e["data"].get("credential.id") == name]


@with_daemon(config=CONFIG)
def another_token_is_not_the_dead_one(daemon):
    """Revoked, then issued anew: it is in force, and can be revoked; also when the daemon was started again."""
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    console, _ = begun(daemon, "proven by introspection")
    check(revoke(console)["state"] == "confirmed", "the first one")
    for how in (daemon.reload, lambda: (daemon.terminate(), daemon.start())):
        fresh = "fresh-" + secrets.token_hex(16)
        issuer.tokens[fresh] = {"active": True}
        put("access", fresh)
        how()
        says(daemon, NAMES[-1], "proven by introspection")
        last = wait_for("that it is in force", lambda: [s for s in states(daemon, NAMES[-1])[-1:] if s[0] == "changed"])
        check(last[0][1] == "active" and "another token stands" in last[0][2], str(last))
        told = revoke(Console(daemon))
        check(told["state"] == "confirmed", str(told))
        check(states(daemon, NAMES[-1])[-1][0] == "revoked", str(states(daemon, NAMES[-1])))
    issuer.close()


@with_daemon(config=CONFIG)
def it_ends_when_the_last_of_it_ends(daemon):
    """An access token of an hour beside a refresh token of a year, or of no known end."""
    issuer = Issuer()
    hour, year = 1893456000, 1924992000
    refresh, token = "refresh-" + secrets.token_hex(16), written(issuer)
    for access, refreshed, ends in (({"active": True, "exp": hour}, {"active": True, "exp": year}, "2031-01-01T00:00:00.000Z"),
                                    ({"active": True, "exp": hour}, {"active": True}, ""),
                                    ({"active": True, "exp": hour}, {"active": False}, "2030-01-01T00:00:00.000Z"),
                                    ({"active": True, "exp": 10 ** 15}, {"active": False}, "")):
        token = written(issuer, refresh=refresh)
        issuer.tokens = {token: access, refresh: refreshed}
        console, shown = begun(daemon, "revocable")
        check(shown.get("expires", "") == ends, f"{access} {refreshed}: {shown}")
        console.close()
    issuer.close()


@with_daemon(config=CONFIG)
def a_jwt_may_live_on_where_it_is_used(daemon):
    """Dead at its issuer says nothing of who does not ask there."""
    issuer = Issuer()
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0." + secrets.token_hex(16)
    written(issuer, token=jwt)
    issuer.tokens = {jwt: {"active": True, "exp": 4102444800}}
    console, _ = begun(daemon, "proven by introspection")
    told = revoke(console)
    check(told["state"] == "confirmed" and "may take it until 2100-01-01" in told["by"], str(told))
    console.close()
    written(issuer, token=jwt, credential=f"test_url = {issuer.url}/resource")
    issuer.tokens = {jwt: {"active": True, "exp": 4102444800}}
    console, _ = begun(daemon, "proven by introspection")
    told = revoke(console)
    check(told["state"] == "confirmed" and "JWT" not in told["by"], f"where it is used it was seen to be refused: {told}")
    issuer.close()


@with_daemon(config=CONFIG)
def half_a_secret_is_one_too(daemon):
    """A server that says the token where it is cut: no piece of it is told."""
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True, "sub": "s" * 225 + token, "scope": "o" * 225 + token, "client_id": "c" * 225 + token}}
    console, _ = begun(daemon, "proven by introspection")
    issuer.metadata = {"issuer": "https://" + "i" * 62 + token}
    daemon.reload()
    row(daemon, "of another issuer")
    issuer.metadata = {"revocation_endpoint": "http://" + "h" * 84 + "." + token + ".example/"}
    daemon.reload()
    row(daemon, "revocation_endpoint is not asked")
    nowhere(daemon, token[:15], token[-15:])
    check(token[:15] not in json.dumps(console.frames), "a console was told")
    issuer.close()


@with_daemon(config=CONFIG)
def metadata_at_the_second_place(daemon):
    """The first has a page for people, or somebody else's; and both may be busy when a revocation has no time."""
    issuer = Issuer()
    token = written(issuer)
    issuer.tokens = {token: {"active": True}}
    right, wrong = "/.well-known/openid-configuration", issuer.metadata_path
    issuer.metadata_path = right
    for fault in (lambda h: h.say(200, b"<html>", kind="text/html"), lambda h: h.say(200, {"issuer": "https://other.example"}), lambda h: h.say(500, {})):
        issuer.fault = {wrong: fault}
        NAMES.pop()
        written(issuer, token=token)
        console, _ = begun(daemon, "proven by introspection")
        console.close()
    busy = lambda h: h.say(503, {})
    issuer.fault = {wrong: busy, right: busy}
    written(issuer, token=token)
    console, _ = begun(daemon, "NOT revocable", "HTTP 503")

    def once(handler):
        issuer.fault = {}
        handler.say(503, {}, Retry_After="1")

    issuer.metadata_path = wrong
    issuer.fault = {wrong: once}
    told = revoke(console)
    check(told["state"] == "confirmed", str(told))
    issuer.close()


def many(issuer, count):
    """So many credentials of one agent; gives their tokens."""
    tokens = [written(issuer)] + ["many-" + secrets.token_hex(16) for _ in range(count - 1)]
    with open(FILE, "a") as f:
        for n, token in enumerate(tokens[1:]):
            f.write(f"[credential many-{n}]\nissuer = lab\nagents = claude:s1\naccess_token_file = {put(f'many-{n}', token)}\n")
    issuer.tokens = {token: {"active": True} for token in tokens}
    return tokens


@with_daemon(config=CONFIG)
def what_has_no_room_is_counted(daemon):
    """Forty credentials of one agent: those that are not listed are said to be there, and are revoked with the others."""
    issuer = Issuer()
    many(issuer, 40)
    daemon.reload()
    daemon.hook("SessionStart", "s1", source="startup")
    last = wait_for("the last row", lambda: rows(daemon)[-1:] if len(rows(daemon)) == 33 else None)[0]
    check("8 more" in last["kind"] and not last.get("id"), str(last))
    told = revoke(Console(daemon))
    check(told["state"] == "confirmed", str(told))
    check(not any(t["active"] for t in issuer.tokens.values()), "one is left")
    issuer.close()


@with_daemon(config=CONFIG)
def of_many_what_went_wrong_is_told_first(daemon):
    """Forty are revoked and one is not: the command says which, however long the others' words are."""
    issuer = Issuer()
    tokens = many(issuer, 40)
    daemon.reload()
    daemon.hook("SessionStart", "s1", source="startup")
    wait_for("the last row", lambda: len(rows(daemon)) == 33 and "proven by" in rows(daemon)[0]["revocable"])

    def all_but_one(handler):
        if handler.form["token"] != tokens[35]:
            issuer.tokens[handler.form["token"]] = {"active": False}
        handler.say(200, b"")

    issuer.fault["/revoke"] = all_but_one
    told = revoke(Console(daemon))
    check(told["state"] == "failed" and told["reason"].startswith("many-34: "), str(told))
    check("still active" in told["reason"] and len(told["reason"]) <= 4096, str(told))
    check(len(daemon.events("credential.revoked")) == 39, str(len(daemon.events("credential.revoked"))))
    issuer.close()


if __name__ == "__main__":
    run([what_was_seen_last_counts, another_token_comes_in_meanwhile, the_one_that_stays_was_seen_too, what_comes_of_the_first_is_not_forgotten,
         one_that_is_always_replaced_is_not_revoked, one_that_is_gone_afterwards_stays_dead,
         a_revocation_that_does_not_last_is_said, another_token_is_not_the_dead_one,
         half_a_secret_is_one_too, what_has_no_room_is_counted, of_many_what_went_wrong_is_told_first, metadata_at_the_second_place, it_ends_when_the_last_of_it_ends, a_jwt_may_live_on_where_it_is_used])
