"""Several hands on one daemon: who they are, what they may, who was first, and who else is there."""
import json
import os
import stat
import subprocess
import sys
import threading

from daemon import Console, Held, NotLetIn, check, run, ulid, verdict, wait_for, with_daemon

ME = f"uid:{os.geteuid()}"
ALL = ["read", "decide", "control", "revoke", "stop"]


def refused_with(status, *arguments, **options):
    try:
        Console(*arguments, hello=False, **options).close()
    except NotLetIn as e:
        check(e.status == status, f"{options}: HTTP {e.status}, not {status}")
        return
    check(False, f"{options}: let in, not {status}")


@with_daemon(consoles=True)
def the_door_for_tokens(daemon):
    token = daemon.manage_tokens("add", "ops", "--scopes", "read,decide")
    check(len(token) == 68 and token.startswith("crc_"), token)
    port = daemon.console_port
    wait_for("the token to be known", lambda: not fails(daemon, port=port, token=token))
    refused_with(401, daemon, port=port)
    refused_with(401, daemon, port=port, token=token[:-1])
    refused_with(401, daemon, port=port, token=daemon.token)
    refused_with(401, daemon, port=port, headers={"Authorization": "Basic " + token})
    for origin in ("null", "https://evil.example", f"http://127.0.0.1:{port}"):
        refused_with(403, daemon, port=port, token=token, headers={"Origin": origin})
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{daemon.port}"):
        refused_with(421, daemon, port=port, token=token, headers={"Host": host})
    refused_with(401, daemon, token=token[:-1])  # on the socket too: who shows one shows a good one
    status, _ = daemon.post("/hook/claude", {}, daemon.headers(Authorization="Bearer " + token))
    check(status == 401, f"a console's token opens the hooks' door: HTTP {status}")
    with open(os.path.join(daemon.dir, "checkrein", "console.tokens")) as f:
        check(token not in f.read() and token[4:] not in open(f.name).read(), "the token itself is kept")
    check(stat.S_IMODE(os.stat(f.name).st_mode) == 0o600, "others can read the digests")
    with open(f"/proc/{daemon.process.pid}/cmdline", "rb") as f:
        check(token.encode() not in f.read(), "argv")
    check(token not in daemon.log_text(), "the log has the token")


def fails(daemon, **options):
    try:
        Console(daemon, hello=False, **options).close()
    except NotLetIn:
        return True
    return False


@with_daemon(consoles=True)
def rights_are_the_tokens(daemon):
    """Whatever hello claims; refused by name; and the same on the Unix socket."""
    token = daemon.manage_tokens("add", "watcher", "--scopes", "read")
    wait_for("the token", lambda: not fails(daemon, port=daemon.console_port, token=token))
    held = Held(daemon)
    for options in ({"port": daemon.console_port, "token": token}, {"token": token}):
        c = Console(daemon, hello=False, **options)
        c.hello(operator={"id": "uid:0", "scopes": [*ALL, "admin"]}, scopes=ALL)
        check(c.greeting["operator"]["id"] == "token:watcher" and c.greeting["operator"]["scopes"] == ["read"], f"{c.greeting}")
        request = c.request_for(held.id)
        for verb, scope, fields in (("approve", "decide", {"approval": request["approval.id"], "digest": request["action.digest"]}),
                                    ("deny", "decide", {"approval": request["approval.id"]}),
                                    ("pause", "control", {"agent": "claude:s1"}), ("stop", "stop", {"agent": "claude:s1"}),
                                    ("stop_all", "stop", {}), ("reset_stop", "stop", {})):
            answer = c.command(verb, operator="root", **fields)
            check(answer["state"] == "refused", f"{verb} by a token that may only read: {answer}")
            check(verb in answer["reason"] and f"`{scope}`" in answer["reason"] and "token:watcher" in answer["reason"], f"{answer}")
        c.close()
    check(not held.answered(0.2), "a read-only token let a call run")
    check(not daemon.status()["backends"][0]["fleet.stop.latched"], "a read-only token stopped the fleet")
    held.hang_up()
    agent = Console(daemon, hello=False, port=daemon.console_port, token=token)
    agent.send({"kind": "hello", "protocol": {"min": 1, "max": 1}, "role": "agent"})
    check(agent.until("an error", lambda f: f["kind"] == "error")["code"] == "scope", "another role")


@with_daemon(consoles=True)
def revoked_and_expired(daemon):
    options = {"port": daemon.console_port}
    kept = daemon.manage_tokens("add", "kept")
    gone = daemon.manage_tokens("add", "gone", "--scopes", "read,stop")
    brief = daemon.manage_tokens("add", "brief", "--expires", "2s")
    wait_for("the tokens", lambda: not fails(daemon, token=brief, **options))
    a, b, c = (Console(daemon, token=t, **options) for t in (kept, gone, brief))
    daemon.manage_tokens("revoke", "gone")
    end = b.until("cut off", lambda f: f["kind"] == "closed")
    check(end["code"] == 1008 and "revoked" in end["reason"], f"{end}")
    refused_with(401, daemon, token=gone, **options)
    wait_for("the end of the brief one", lambda: fails(daemon, token=brief, **options))
    daemon.reload()
    check(c.until("cut off", lambda f: f["kind"] == "closed")["code"] == 1008, "an expired token's connection stays")
    daemon.hook("UserPromptSubmit", prompt="x")
    a.event("agent.started")
    said = [json.loads(line) for line in daemon.manage_tokens("list", "--json").splitlines()]
    check([(t["name"], t["expired"]) for t in said] == [("kept", False), ("brief", True)], f"{said}")
    path = os.path.join(daemon.dir, "checkrein", "console.tokens")
    with open(path, "a") as f:
        f.write("\n[token bad]\nsha256 = 12\nscopes = read\n")
    daemon.reload()
    told = a.event("signal.raised")
    check("tokens stay" in told["data"]["signal.title"] and "token bad" in told["data"]["signal.title"], f"{told}")
    Console(daemon, token=kept, **options).close()
    os.chmod(path, 0o644)
    done = subprocess.run([daemon.binary, "token", "list", "--config", daemon.config_file], capture_output=True, text=True,
                          env={**os.environ, "XDG_STATE_HOME": daemon.dir}, timeout=60)
    check(done.returncode == 1, f"a file that others can read was taken: {done}")


@with_daemon(consoles=True)
def tokens_do_not_take_every_seat(daemon):
    token = daemon.manage_tokens("add", "many")
    wait_for("the token", lambda: not fails(daemon, port=daemon.console_port, token=token))
    seated = []
    while len(seated) < 60:
        c = Console(daemon, hello=False, port=daemon.console_port, token=token)
        c.send({"kind": "hello", "protocol": {"min": 1, "max": 1}, "role": "operator"})
        if c.until("an answer", lambda f: f["kind"] in ("synced", "closed"))["kind"] == "closed":
            break
        seated.append(c)
    check(len(seated) == 48, f"{len(seated)} seats")
    Console(daemon).close()
    seated.pop().close()
    wait_for("a free seat", lambda: Console(daemon, hello=False, port=daemon.console_port, token=token))


def what_the_rules_decide_is_theirs(daemon):
    """A resume lets the rules judge again: what they decide then is not the operator's decision."""
    daemon.hook("UserPromptSubmit", prompt="x")
    console = Console(daemon)
    held = Held(daemon)
    console.request_for(held.id)
    check(console.command("pause", agent="claude:s1")["state"] == "confirmed", "pause")
    daemon.write_policy("[rule all]\ntool = Bash\nverdict = allow\n")
    daemon.reload()
    check(console.command("resume", agent="claude:s1")["state"] == "confirmed", "resume")
    check(verdict(held.answer()) == "allow", "the rules allow it now")
    last = daemon.events("approval.resolved")[-1]["data"]
    check(last["approval.decided_by"] == "policy" and "operator.id" not in last, f"{last}")


@with_daemon(consoles=True)
def identity_in_every_record(daemon):
    token = daemon.manage_tokens("add", "night", "--scopes", "read,decide,control")
    wait_for("the token", lambda: not fails(daemon, port=daemon.console_port, token=token))
    held = [Held(daemon), Held(daemon)]
    by_socket = Console(daemon)
    by_port = Console(daemon, port=daemon.console_port, token=token)
    for c, h in ((by_socket, held[0]), (by_port, held[1])):
        r = c.request_for(h.id)
        check(c.command("deny", approval=r["approval.id"], operator="somebody else")["state"] == "confirmed", "deny")
    by_socket.event("operator.presence", operator__id="token:night")
    want = {ME: "unix socket, user ", "token:night": "loopback port"}
    for kind in ("operator.command", "approval.resolved", "operator.presence"):
        found = {e["data"]["operator.id"]: e["data"]["operator.path"] for e in daemon.events(kind)}
        check(set(found) == set(want), f"{kind}: {found}")
        for who, path in want.items():
            check(found[who].startswith(path), f"{kind}: {found}")
    check(f"pid {os.getpid()}" in daemon.events("operator.command")[0]["data"]["operator.path"], "whose process it was")
    for e in daemon.events("approval.resolved"):
        check(e["data"]["approval.decided_by"] == e["data"]["operator.id"], f"{e}")
    labels = {e["data"]["operator.label"] for e in daemon.events("operator.command")}
    check(labels == {"somebody else"}, "the label is beside the identity, not in its place")


def what_the_peer_says_is_marked(daemon):
    """SSH_CONNECTION is the peer's own environment: it may claim anything, and is told as a claim; nonsense is not told."""
    def path_of(value):
        daemon.hook("UserPromptSubmit", prompt="x")
        before = len(daemon.events("operator.command"))
        done = subprocess.run([daemon.binary, "pause", "claude:s1", "--config", os.path.join(daemon.dir, "client.ini")],
                              env={**os.environ, "SSH_CONNECTION": value}, capture_output=True, timeout=60)
        check(done.returncode in (0, 3), f"{done}")
        return daemon.events("operator.command")[before]["data"]["operator.path"]

    daemon.status()
    check("ssh from 10.0.0.5 (claimed)" in path_of("10.0.0.5 50000 10.0.0.1 22"), "the claim")
    check("ssh from fe80::1 (claimed)" in path_of("fe80::1 50000 fe80::2 22"), "the claim")
    for nonsense in ("10.0.0.5(verified) 1 2 3", "\x1b[2J 1 2 3", "a" * 400 + " 1", ""):
        path = path_of(nonsense)
        check("claimed" not in path, f"{nonsense!r}: {path}")


# Is what a setuid program is that another user started under this name, and has a child that connects.
CALLS_ITSELF_SSHD = r"""
import ctypes, os, subprocess, sys
child = os.fork()
if child:
    if os.geteuid() == 0:
        os.setresuid(65534, 0, 0)
    ctypes.CDLL(None).prctl(15, b"sshd", 0, 0, 0)  # PR_SET_NAME
    os.write(int(sys.argv[2]), b"x")
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os.read(int(sys.argv[1]), 1)
os._exit(subprocess.run(sys.argv[3:]).returncode)
"""


def who_calls_itself_sshd(daemon):
    daemon.hook("UserPromptSubmit", prompt="x")
    here, there = os.pipe()
    words = [sys.executable, "-c", CALLS_ITSELF_SSHD, str(here), str(there), daemon.binary, "pause", "claude:s1", "--config",
             os.path.join(daemon.dir, "client.ini")]
    done = subprocess.run(words, pass_fds=[here, there], capture_output=True, timeout=60)
    os.close(here)
    os.close(there)
    check(done.returncode == 0, f"{done}")
    path = daemon.events("operator.command")[0]["data"]["operator.path"]
    check("sshd" not in path, f"its own word is told as the kernel's: {path}")


def a_look_leaves_no_presence(daemon):
    """A read from a shell is over before anybody would be told of it; who stays is told, and told to have left."""
    for _ in range(3):
        daemon.status()
    stays = Console(daemon)
    mine = stays.greeting["operator"]["connection"]
    told = stays.event("operator.presence")
    check(told["data"]["operator.connection"] == mine and told["data"]["operator.present"] is True, f"{told}")
    check([r["scope"] for r in told["data"]["operator.scopes"]] == ALL, f"{told}")
    check(len(daemon.events("operator.presence")) == 1, "a look at the state stands in the record as somebody's presence")
    other = Console(daemon)
    known = other.event("operator.presence")
    check(known["snapshot"] is True and known["data"]["operator.connection"] == mine, "who comes is not told who is there")
    stays.close()
    gone = other.event("operator.presence", operator__present=False)
    check(gone["data"]["operator.connection"] == mine, f"{gone}")


def nobody_is_there_after_a_start(daemon):
    c = Console(daemon)
    c.event("operator.presence")
    daemon.kill()
    daemon.start()
    again = Console(daemon)
    here = {}
    for e in daemon.events("operator.presence"):
        here[e["data"]["operator.connection"]] = e["data"]["operator.present"]
    check(here.get(c.greeting["operator"]["connection"]) is False, f"still said to be here: {here}")
    check(not [e for e in again.events if e["type"] == "dev.checkrein.operator.presence"], "somebody of before is in the snapshot")


def first_decision_wins(daemon):
    """Two consoles and verbs from a shell race over 200 requests: one winner each, everybody else is told who won."""
    rounds = 200
    consoles = [Console(daemon), Console(daemon)]
    onlooker = Console(daemon)
    ini = os.path.join(daemon.dir, "client.ini")
    daemon.status()
    won = {}
    for i in range(rounds):
        h = Held(daemon, f"s{i % 8}")
        requests = [c.request_for(h.id) for c in consoles]
        ids = [ulid(), ulid()]
        shell = None
        if i % 4 == 0:  # a process takes as long as dozens of races over sockets
            shell = subprocess.Popen([daemon.binary, "deny", requests[0]["approval.id"], "--json", "--config", ini],
                                     stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
            if i % 8 == 0:
                wait_for("the shell's command", lambda: h.answered(0.001) or shell.poll() is not None)
        barrier = threading.Barrier(2)

        def decide(n, barrier=barrier, requests=requests, ids=ids):
            barrier.wait()
            if n == 0:
                consoles[0].approve(requests[0], id=ids[0], wait=False)
            else:
                consoles[1].command("deny", id=ids[1], wait=False, approval=requests[1]["approval.id"])

        threads = [threading.Thread(target=decide, args=(n,)) for n in (0, 1)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        said = [c.until("result", lambda f, k=ids[n]: f["kind"] == "result" and f["command"] == k)
                for n, c in enumerate(consoles)]
        states = [s["state"] for s in said]
        if shell:
            out, _ = shell.communicate(timeout=60)
            line = json.loads(out.splitlines()[-1])
            states.append("accepted" if line["command.state"] == "confirmed" else line["command.state"])
            said.append({"state": line["command.state"], "reason": line.get("reason", "")})
            check(shell.returncode == (0 if line["command.state"] == "confirmed" else 3), f"{line} {shell.returncode}")
        check(states.count("accepted") == 1 and states.count("superseded") == len(states) - 1, f"round {i}: {said}")
        winner = states.index("accepted")
        won[winner] = won.get(winner, 0) + 1
        word = "approved" if winner == 0 else "denied"
        for n, s in enumerate(said):
            check(n == winner or f"{word} before, by {ME}" in s["reason"], f"round {i}: {s}")
        check(verdict(h.answer()) == ("allow" if winner == 0 else "deny"), f"round {i}: the answer is not the winner's")
        h.hang_up()
        daemon.hook("PostToolUse", f"s{i % 8}", tool_name="Bash", tool_use_id=h.id, tool_input={}, tool_response={})
    check(won.get(2), "the shell never won: it was no race")
    resolved = {}
    for e in daemon.events("approval.resolved"):
        resolved.setdefault(e["data"]["approval.id"], []).append(e["data"]["approval.decision"])
    check(len(resolved) == rounds and all(len(d) == 1 for d in resolved.values()), "not exactly one decision each in the record")
    seen = onlooker.until("the last", lambda f: len([e for e in onlooker.events if e["type"].endswith("approval.resolved")]) == rounds)
    check(seen["kind"] == "event", "a third client was not told of all")
    print(f"  won: approving console {won.get(0, 0)}, denying console {won.get(1, 0)}, shell {won.get(2, 0)}")


if __name__ == "__main__":
    run([the_door_for_tokens, rights_are_the_tokens, revoked_and_expired, tokens_do_not_take_every_seat, what_the_rules_decide_is_theirs, identity_in_every_record, what_the_peer_says_is_marked,
         who_calls_itself_sshd,
         a_look_leaves_no_presence, nobody_is_there_after_a_start, first_decision_wins])
