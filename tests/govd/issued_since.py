"""Credentials that were issued elsewhere, and what changes meanwhile: tokens, what may be seen of them, who asks."""
import secrets
import threading

from daemon import Console, check, run, wait_for, with_daemon
from issued import CONFIG, FILE, NAMES, begun, put, revoke, row, rows, written
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


if __name__ == "__main__":
    run([what_was_seen_last_counts])
