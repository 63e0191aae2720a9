"""Leases on the screen of a console: seen, used, revoked by picking, and proved dead; the same from a shell."""
import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

from daemon import DEADLINE, Daemon, check, wait_for
from terminal import Terminal
from upstream import UnixConnection, Upstream

BINARY = os.path.abspath(sys.argv[1])
KEY = "sk-real-0123456789-abcdefghijklmnop"


def issue(daemon, agent, **more):
    c = UnixConnection(daemon.socket)
    c.request("POST", "/lease/issue", json.dumps({"upstream": "desk", "agent": agent, **more}), {"Content-Type": "application/json"})
    r = c.getresponse()
    lease = json.loads(r.read())
    check(r.status == 200, f"issue: {r.status} {lease}")
    c.close()
    daemon.gateway = urllib.parse.urlsplit(lease["url"]).port
    return lease


def call(daemon, lease):
    c = http.client.HTTPConnection("127.0.0.1", daemon.gateway, timeout=DEADLINE)
    c.request("POST", "/u/desk/v1/messages", b'{"model":"m"}', {"x-api-key": lease["token"]})
    status = c.getresponse().status
    c.close()
    return status


@contextlib.contextmanager
def with_gateway():
    with tempfile.TemporaryDirectory(prefix="cr-credentials-") as folder:
        up = Upstream(None)
        key_file = os.path.join(folder, "key")
        with open(os.open(key_file, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write(KEY + "\n")
        d = Daemon(BINARY, config=f"gateway_port = 0\n[upstream desk]\nurl = {up.url}\ndialect = anthropic\nsecret_file = {key_file}\n")
        try:
            yield d
        finally:
            d.close()
            up.close()


def console(daemon, name, cols=120, rows=40):
    return Terminal([daemon.binary, "console", "--config", daemon.console_config(name)], {"XDG_STATE_HOME": daemon.dir}, cols, rows)


def listed(daemon):
    done = daemon.run("credentials", "--json")
    check(done.returncode == 0 and not done.stderr, f"{done}")
    check(all(32 <= ord(c) < 127 or c == "\n" for c in done.stdout), "not printable ASCII")
    return {c["credential.id"]: c for c in map(json.loads, done.stdout.splitlines())}


def has(rows, *words):
    return any(all(w in row for w in words) for row in rows)


def revoked_on_the_screen(size=(120, 40)):
    with with_gateway() as d:
        d.hook("UserPromptSubmit", "s1", prompt="x")
        d.hook("UserPromptSubmit", "s2", prompt="x")
        one = issue(d, "claude:s1", scopes="methods=POST")
        child = issue(d, "claude:s2", parent=one["id"])
        other = issue(d, "claude:s2")
        check(call(d, one) == 200 and call(d, child) == 200 and call(d, other) == 200, "they work")
        told = listed(d)
        check(set(told) == {one["id"], child["id"], other["id"]}, f"{told}")
        mine = told[one["id"]]
        check(mine["credential.state"] == "active" and mine["credential.kind"] == "lease" and mine["credential.uses"] == 1, f"{mine}")
        check(mine["gen_ai.agent.id"] == "claude:s1" and mine["credential.revocable"] and mine["credential.used_at"], f"{mine}")
        plain = d.run("credentials")
        check(plain.returncode == 0 and one["id"] in plain.stdout and "can be revoked" in plain.stdout, plain.stdout)
        with console(d, "c1", *size) as c:
            c.wait_text("LIVE")
            c.type("7")
            c.wait_text("3 in force of 3")
            c.type("/" + one["id"] + "\r")
            c.wait("only that one", lambda rows: has(rows, "active", one["id"][-7:]) and not has(rows, other["id"][-7:]))
            c.type("g")
            c.press("H", "held")
            wait_for("held", lambda: listed(d)[one["id"]]["credential.state"] == "held")
            check(listed(d)[child["id"]]["credential.in_force"] == "held", "its child is held with it")
            c.press("u", "lets it go on")
            c.press("u", "> active")
            c.press("C", "choked")
            c.wait_text(": confirmed: 1 lease is choked; 0 requests wait")
            check(call(d, one) == 429 and call(d, child) == 429 and call(d, other) == 200, "choked with its child")
            c.press("u", "lets it go on")
            c.press("u", "> active")
            c.press("v", "revoke 1 credential?")
            rows = c.wait_text("again revokes it")
            check(has(rows, "1 other that comes of it") and has(rows, "2 agents"), f"{rows}")
            check(call(d, one) == 200, "nothing was sent")
            c.press("v", "confirmed", every=1.5)
            rows = c.wait("its end", lambda rows: has(rows, "revoked", "lease") and has(rows, "refused with 403"))
            check(call(d, one) == 403 and call(d, child) == 403 and call(d, other) == 200, "it is dead, the other is not")
            c.type("\x1b")
            c.wait_text("1 in force of 3")
            c.wait("the proof stays", lambda rows: has(rows, "revoked", "confirmed"))
        told = listed(d)
        check(told[child["id"]]["credential.in_force"] == "revoked" and told[other["id"]]["credential.state"] == "active", f"{told}")
        d.kill()
        d.start()
        again = listed(d)
        check(again[one["id"]]["credential.state"] == "revoked" and again[other["id"]]["credential.state"] == "active", f"{again}")
        with console(d, "c2", *size) as c:
            c.wait_text("LIVE")
            c.type("7")
            c.wait_text("1 in force of 3")


def several_of_an_agent():
    with with_gateway() as d:
        d.hook("UserPromptSubmit", "s1", prompt="x")
        leases = [issue(d, "claude:s1") for _ in range(3)]
        with console(d, "c1", 80, 24) as c:
            c.wait_text("LIVE")
            c.wait_text("s1")
            c.press("v", "revoke: what")
            c.type(" ")
            c.wait_text("[x]")
            c.type("j")
            c.type(" ")
            c.wait("two", lambda rows: sum("[x]" in row for row in rows) == 2)
            c.type("\r")
            c.wait_text("revoke 2 credentials?")
            c.wait_text("again revokes them")
            c.type("v")
            c.wait("two ends", lambda rows: sum("confirmed:" in row for row in rows) == 2)
        check(sorted(call(d, lease) for lease in leases) == [200, 403, 403], "two are dead, one is not")
        wait_for("two orders", lambda: len(d.events("operator.command")) == 2)


def a_shell_holds_chokes_and_lets_go():
    with with_gateway() as d:
        d.hook("UserPromptSubmit", "s1", prompt="x")
        d.hook("UserPromptSubmit", "s2", prompt="x")
        one, other = issue(d, "claude:s1"), issue(d, "claude:s2")
        check(call(d, other) == 200, "it works")

        def say(*words, code=0):
            done = d.run(*words)
            check(done.returncode == code, f"{words}: {done}")
            return done.stdout + done.stderr

        def state(lease):
            return listed(d)[lease["id"]]["credential.state"]
        check("1 lease is held; 0 requests wait" in say("pause", "claude:s1", "--credential", one["id"]), "held")
        check(state(one) == "held" and state(other) == "active", "one is held")
        say("pause", "claude:s1", "--credential", one["id"], "--scope", "choke")
        check(state(one) == "choked" and call(d, one) == 429, "choked")
        say("pause", "claude:s1", "--credential", other["id"], code=3)  # it is another's
        check(state(other) == "active", "another's was held")
        say("resume", "claude:s1", "--credential", one["id"])
        check(state(one) == "active" and call(d, one) == 200, "it goes on")
        check(not [e for e in d.events("agent.state") if e["data"]["agent.state"] == "paused"], "the agent itself was paused")


def what_is_read_only_may_not():
    with with_gateway() as d:
        d.hook("UserPromptSubmit", "s1", prompt="x")
        lease = issue(d, "claude:s1")
        with Terminal([d.binary, "console", "--readonly", "--config", d.console_config("c1")], {"XDG_STATE_HOME": d.dir}) as c:
            c.wait_text("READONLY")
            c.type("7")
            c.wait_text("1 in force of 1")
            c.type("v")
            c.wait_text("read-only: no effect")
        check(call(d, lease) == 200, "it lives")


def main():
    failed = 0
    for test in (revoked_on_the_screen, several_of_an_agent, a_shell_holds_chokes_and_lets_go, what_is_read_only_may_not):
        if len(sys.argv) > 2 and test.__name__ not in sys.argv[2:]:
            continue
        try:
            test()
            print(f"{test.__name__}: ok", flush=True)
        except (Exception, subprocess.TimeoutExpired) as error:  # noqa: BLE001 - reported here
            print(f"{test.__name__}: FAILED: {type(error).__name__}: {error}", flush=True)
            failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
