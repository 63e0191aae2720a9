"""Threat 7: hundreds of approvals, each answered by three hands at once; the daemon is killed in between."""
import random
import threading

from daemon import Console, Held, check, in_threads, run, ulid, verdict, wait_for, with_daemon

ROUNDS = 200
KILLED_AT = (60, 130)


def race(daemon, consoles, number, dice):
    """One request, three answers that set off together; gives what the waiting call was told."""
    h = Held(daemon, f"s{number % 5}", command=f"touch {number}")
    request = consoles[0].request_for(h.id)
    for c in consoles[1:]:
        c.request_for(h.id)
    verbs = dice.sample(["approve", "deny", dice.choice(["approve", "deny"])], 3)
    ids = [ulid() for _ in verbs]
    together = threading.Barrier(len(consoles))

    def answer(i):
        fields = {"digest": request["action.digest"], "scope": "once"} if verbs[i] == "approve" else {}
        together.wait()
        consoles[i].command(verbs[i], id=ids[i], wait=False, approval=request["approval.id"], **fields)

    in_threads(len(consoles), answer)
    states = []
    for c, command in zip(consoles, ids):
        states.append(c.until("an answer", lambda f, id=command: f["kind"] == "result" and f["command"] == id)["state"])
    told = verdict(h.answer())
    won = [verbs[i] for i, state in enumerate(states) if state == "accepted"]
    check(len(won) == 1 and states.count("superseded") == 2, f"{number}: {list(zip(verbs, states))}")
    check(told == {"approve": "allow", "deny": "deny"}[won[0]], f"{number}: {won[0]} won, and the call was told {told}")
    return request["approval.id"], won[0]


def killed_in_the_middle(daemon, consoles):
    """All three answer, and the daemon dies: the call hears one decision, which is in the record, or none."""
    h = Held(daemon, "killed")
    request = consoles[0].request_for(h.id)
    for i, verb in enumerate(("approve", "deny", "approve")):
        fields = {"digest": request["action.digest"], "scope": "once"} if verb == "approve" else {}
        consoles[i].command(verb, wait=False, approval=request["approval.id"], **fields)
    daemon.kill()
    try:
        told = verdict(h.answer())
    except Exception:  # noqa: BLE001 - the connection is cut without an answer
        told = None
    daemon.start()
    kept = [e["data"]["approval.decision"] for e in daemon.events("approval.resolved")
            if e["data"]["approval.id"] == request["approval.id"]]
    check(len(kept) == 1, f"decided {kept}")
    check(told is None or kept[0] == {"allow": "approved", "deny": "denied"}[told], f"told {told}, recorded {kept}")


@with_daemon(config="rate = 100000\n")
def two_hundred(daemon):
    dice = random.Random(7)
    consoles = [Console(daemon) for _ in range(3)]
    won = {}
    for number in range(ROUNDS):
        approval, verb = race(daemon, consoles, number, dice)
        won[approval] = verb
        if number in KILLED_AT:
            killed_in_the_middle(daemon, consoles)
            consoles = [Console(daemon) for _ in range(3)]
    decided = {}
    for e in daemon.events("approval.resolved"):
        decided.setdefault(e["data"]["approval.id"], []).append(e["data"]["approval.decision"])
    twice = {a: d for a, d in decided.items() if len(d) != 1}
    check(not twice, f"decided twice: {twice}")
    for approval, verb in won.items():
        check(decided[approval] == [{"approve": "approved", "deny": "denied"}[verb]], f"{approval}: {verb} {decided[approval]}")
    print(f"  {len(won)} races, {sum(v == 'approve' for v in won.values())} approved")


def from_the_shell(daemon):
    """The same between processes: exit code 0 for one, 3 for the other."""
    for number in range(10):
        h = Held(daemon, command=f"touch {number}")
        request = wait_for("the request", lambda: daemon.status()["approvals"])[0]
        codes = [None, None]

        def answer(i, request=request, codes=codes):
            words = (["approve", request["approval.id"], "--digest", request["action.digest"]],
                     ["deny", request["approval.id"]])[i]
            codes[i] = daemon.run(*words).returncode

        in_threads(2, answer)
        told = verdict(h.answer())
        check(codes == ([0, 3] if told == "allow" else [3, 0]), f"{told}: {codes}")
        if told == "allow":
            daemon.hook("PostToolUse", tool_name="Bash", tool_use_id=h.id, tool_input={}, tool_response={})


if __name__ == "__main__":
    run([two_hundred, from_the_shell])
