"""Threat 10: a record that tells of a call that ran undecided is found out, also when its chain was made anew.

Two checkers that share no line (checkrein verify, tests/support/decisions.py) are held against each other over records
in which something was taken out, doubled, moved or changed.
"""
import copy
import glob
import hashlib
import json
import os
import random
import shutil
import subprocess

import decisions
from daemon import Console, Held, check, run, verdict, with_daemon

RULES = "[rule ls]\ntool = Bash\ncommand = ls *\nverdict = allow\nreason = x\n[rule rm]\ntool = Bash\ncommand = rm *\nverdict = deny\nreason = x\n"
RANDOM_ROUNDS = 120


def a_day(daemon):
    """Something of everything."""
    console = Console(daemon)
    for i in range(4):
        h = Held(daemon, command=f"ls {i}", call=f"rule{i}")
        check(verdict(h.answer()) == "allow", "")
        daemon.hook("PostToolUse", tool_name="Bash", tool_use_id=h.id, tool_input={}, tool_response={})
        check(verdict(Held(daemon, command=f"rm {i}", call=f"no{i}").answer()) == "deny", "")
        h = Held(daemon, "s2", command=f"touch {i}", call=f"asked{i}")
        console.approve(console.request_for(h.id), wait="accepted")
        h.answer()
        h = Held(daemon, "s2", command=f"touch {i}", call=f"denied{i}")
        console.command("deny", approval=console.request_for(h.id)["approval.id"])
        h.answer()
    h = Held(daemon, "s2", command="push ghp_" + "A1b2" * 9, call="hidden")
    asked = console.request_for(h.id)
    console.approve(asked, shown_digest=asked["action.shown_digest"], wait="accepted")
    h.answer()
    gone = Held(daemon, "s3", call="gone")
    console.request_for(gone.id)
    gone.hang_up()
    console.event("approval.resolved", approval__decision="withdrawn")
    helper = Held(daemon, "s2", tool="Read", extra={"agent_id": "h", "agent_type": "helper"}, call="helps", file_path="/x")
    check(verdict(helper.answer()) == "allow", "")
    console.command("pause", agent="claude:s2", wait="accepted")
    waits = Held(daemon, "s2", tool="Read", file_path="/x", call="paused")
    console.command("resume", agent="claude:s2")
    check(verdict(waits.answer()) == "allow", "")
    lost = Held(daemon, "s3", call="lost")
    console.request_for(lost.id)
    daemon.kill()
    daemon.start()
    console = Console(daemon)
    console.command("stop_all", wait="accepted")
    check(verdict(Held(daemon, "s9", command="ls 9", call="stopped").answer()) == "deny", "")
    console.command("reset_stop")
    check(verdict(Held(daemon, "s8", command="ls 8", call="later").answer()) == "allow", "")
    console.close()
    check(daemon.terminate() == 0, "exit code")


def write(folder, records, key):
    """With a chain that holds. Without seals: who changes a record has no key, or has the key and could seal it anew."""
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder, 0o700)
    shutil.copy(key, folder)
    prev, n = "0" * 64, 0
    with open(os.path.join(folder, "000001.jsonl"), "wb") as f:
        for r in records:
            if r["k"] == "seal":
                continue
            n += 1
            rest = {k: v for k, v in r.items() if k not in ("prev", "n")}
            line = json.dumps({"prev": prev, "n": n, **rest}, separators=(",", ":"), ensure_ascii=False).encode()
            f.write(line + b"\n")
            prev = hashlib.sha256(line).hexdigest()


def verdicts(daemon, folder):
    with open(os.path.join(folder, "000001.jsonl"), "rb") as f:
        started, faults = decisions.check([json.loads(line) for line in f])
    done = subprocess.run([daemon.binary, "verify", folder], capture_output=True, text=True, timeout=60)
    check(done.returncode in (0, 5) and "intact" in done.stdout and "NOT INTACT" not in done.stdout, done.stdout + done.stderr)
    check(("NOT AS DECIDED" in done.stdout) == (done.returncode == 5), done.stdout)
    return done, faults


def of(kind, **data):
    def fits(r):
        if r["k"] != "event" or r["event"]["type"] != "dev.checkrein." + kind:
            return False
        return all(r["event"]["data"].get(k) == v for k, v in data.items())
    return fits


def where(records, fits):
    at = [i for i, r in enumerate(records) if fits(r)]
    check(at, "there is no such record")
    return at[0]


CALL, DECISION = "gen_ai.tool.call.id", "approval.decision"


def tamperings(records):
    """Name, and a function that changes a copy of the records so that something ran undecided."""
    def change(fits, **data):
        def act(r):
            r[where(r, fits)]["event"]["data"].update({k.replace("__", "."): v for k, v in data.items()})
        return act

    def remove(fits):
        return lambda r: r.pop(where(r, fits))

    def double(fits, before=0):
        def act(r):
            at = where(r, fits)
            r.insert(at + 1 - before, copy.deepcopy(r[at]))
        return act

    def move(fits, behind):
        def act(r):
            one = r.pop(where(r, fits))
            r.insert(where(r, behind) + 1, one)
        return act

    start = {w: of("action.started", **{CALL: w}) for w in ("rule1", "asked1", "later", "paused")}
    started_anew = [i for i, r in enumerate(records) if r["k"] == "open"][1]

    def into(call, at):
        def act(r):
            one = copy.deepcopy(r[where(r, of("action.started", **{CALL: "rule1"}))])
            one["event"]["data"].update({CALL: call, "gen_ai.agent.id": "claude:" + at})
            denied = where(r, of("action.finished", **{CALL: call}))
            r.insert(denied, one)
        return act

    other = "sha256:" + "5" * 64
    yield "a rule's decision is gone", remove(of("policy.decided", **{CALL: "rule1"}))
    yield "a rule's decision is of another call", change(of("policy.decided", **{CALL: "rule1"}), gen_ai__tool__call__id="x")
    yield "a rule's decision is of another agent", change(of("policy.decided", **{CALL: "rule1"}), gen_ai__agent__id="claude:x")
    yield "a rule's decision is a denial", change(of("policy.decided", **{CALL: "rule1"}), policy__verdict="deny")
    yield "a rule's decision is a question", change(of("policy.decided", **{CALL: "rule1"}), policy__verdict="ask")
    yield "a rule's decision is of another digest", change(of("policy.decided", **{CALL: "rule1"}), action__digest=other)
    yield "a rule's decision is told twice", double(of("policy.decided", **{CALL: "rule1"}))
    yield "a rule's decision comes afterwards", move(of("policy.decided", **{CALL: "rule1"}), start["rule1"])
    yield "an approval is gone", remove(of("approval.resolved", **{CALL: "asked1"}))
    yield "an approval was a denial", change(of("approval.resolved", **{CALL: "asked1"}), approval__decision="denied")
    yield "an approval was withdrawn", change(of("approval.resolved", **{CALL: "asked1"}), approval__decision="withdrawn")
    yield "an approval is of another digest", change(of("approval.resolved", **{CALL: "asked1"}), action__digest=other)
    yield "an approval is of another call", change(of("approval.resolved", **{CALL: "asked1"}), gen_ai__tool__call__id="x")
    yield "an approval is told twice", double(of("approval.resolved", **{CALL: "asked1"}))
    yield "an approval comes afterwards", move(of("approval.resolved", **{CALL: "asked1"}), start["asked1"])
    yield "an approval is said to be a rule's", change(of("approval.resolved", **{CALL: "asked1"}), approval__decided_by="policy")
    yield "a request is gone", remove(of("approval.requested", **{CALL: "asked1"}))
    yield "a request showed something else", change(of("approval.requested", **{CALL: "asked1"}), action='{"tool":"Read"}')
    hidden = of("approval.requested", **{CALL: "hidden"})
    yield "a request hides more than it has marks", change(hidden, action__secrets=2)
    yield "a request hides nothing, and has a shown digest", change(hidden, action__secrets=0)
    yield "a request's shown digest is of another text", change(hidden, action__shown_digest=other)
    yield "a request with a mark showed something else", change(hidden, action="[secret github-token 40 #00000000]")
    yield "a request's shown digest is gone", lambda r: r[where(r, hidden)]["event"]["data"].pop("action.shown_digest")
    yield "an approval is of another shown text", change(of("approval.resolved", **{CALL: "hidden"}), action__shown_digest=other)
    yield "a start is told twice", double(start["rule1"])
    yield "a start has another digest", change(start["asked1"], action__digest=other)
    yield "a denied call ran", into("denied1", "s2")
    yield "a call that a rule denied ran", into("no1", "s1")
    yield "a withdrawn call ran", into("gone", "s3")
    yield "a call under the latch ran", into("stopped", "s9")
    yield "the latch was not taken back", remove(of("fleet.stop", **{"fleet.stop.latched": False}))
    yield "a paused agent's call ran", remove(of("agent.updated", **{"gen_ai.agent.id": "claude:s2", "agent.gate": "open"}))
    yield "a decision of before the restart was used after it", lambda r: r.insert(
        started_anew + 1, r.pop(where(r, start["asked1"])))


@with_daemon(policy=RULES)
def each_is_named(daemon):
    a_day(daemon)
    records, key = daemon.records(), os.path.join(daemon.record, "key.pub")
    folder = os.path.join(daemon.dir, "forged")
    write(folder, records, key)
    done, faults = verdicts(daemon, folder)
    check(done.returncode == 0 and not faults, f"the record itself: {done.stdout} {faults}")
    count = 0
    for name, act in tamperings(records):
        forged = copy.deepcopy(records)
        act(forged)
        write(folder, forged, key)
        done, faults = verdicts(daemon, folder)
        check(done.returncode == 5, f"{name}: not seen by verify: {done.stdout}")
        check(faults, f"{name}: not seen by decisions.py")
        check("record " in done.stdout and "T" in done.stdout.split("NOT AS DECIDED")[1], done.stdout)
        count += 1
    print(f"  {count} ways to tamper")


@with_daemon(policy=RULES)
def both_agree_on_anything(daemon):
    a_day(daemon)
    records, key = daemon.records(), os.path.join(daemon.record, "key.pub")
    folder = os.path.join(daemon.dir, "forged")
    dice = random.Random(10)
    deciding = [i for i, r in enumerate(records) if r["k"] == "event" and i > 1 and r["event"]["type"].split(".")[2] in
                ("action", "approval", "policy", "fleet") or r["k"] == "open" and i]
    found = 0
    for number in range(RANDOM_ROUNDS):
        forged = copy.deepcopy(records)
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            at, to = dice.choice(deciding), dice.choice(deciding)
            at, to = min(at, len(forged) - 1), min(to, len(forged) - 1)
            act = dice.choice(("remove", "double", "move", "swap"))
            if act == "remove":
                forged.pop(at)
            elif act == "double":
                forged.insert(to, copy.deepcopy(forged[at]))
            elif act == "move":
                forged.insert(to, forged.pop(at))
            else:
                forged[at], forged[to] = forged[to], forged[at]
        write(folder, forged, key)
        done, faults = verdicts(daemon, folder)
        check((done.returncode == 5) == bool(faults), f"round {number}: verify says {done.stdout}, decisions.py {faults[:2]}")
        found += bool(faults)
    check(0 < found < RANDOM_ROUNDS, f"{found} of {RANDOM_ROUNDS} were faults: the test shows nothing")
    print(f"  {found} of {RANDOM_ROUNDS} changes let something run undecided")


def a_broken_chain_is_not_asked_further(daemon):
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "")
    check(daemon.terminate() == 0, "exit code")
    path = sorted(glob.glob(os.path.join(daemon.record, "*.jsonl")))[0]
    with open(path, "rb") as f:
        text = f.read()
    with open(path, "wb") as f:
        f.write(text.replace(b'"allow"', b'"ALLOW"', 1))
    done = daemon.verify()
    check(done.returncode == 5 and "NOT INTACT" in done.stdout and "DECIDED" not in done.stdout, done.stdout)
    daemon.tampered = True


if __name__ == "__main__":
    run([each_is_named, both_agree_on_anything, a_broken_chain_is_not_asked_further])
