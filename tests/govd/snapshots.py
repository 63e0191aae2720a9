"""A snapshot is told in pieces, as far as the console reads: of one moment, at little cost, while all else goes on."""
import json

from daemon import Console, Held, check, run, verdict, wait_for

MB = 1024 * 1024
REQUESTS = 40


def rss(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(next(row for row in f if row.startswith("VmRSS")).split()[1]) * 1024


def much_waits(daemon):
    """36 MB of requests; gives the calls in the order of the queue."""
    console = Console(daemon)
    held = []
    for i in range(REQUESTS):
        held.append(Held(daemon, f"s{i % 5}", command="echo " + "z" * (900 * 1024)))
        console.request_for(held[-1].id)
    console.close()
    return held


def greets_and_does_not_read(daemon):
    c = Console(daemon, hello=False)
    c.send({"kind": "hello", "protocol": {"min": 1, "max": 1}, "role": "operator", "client": {"name": "t", "version": "1"}})
    c.greeting = c.until("hello", lambda f: f["kind"] == "hello")
    return c


def of_one_moment(daemon):
    """What is decided, comes and goes meanwhile is news after `synced`."""
    held = much_waits(daemon)
    slow = greets_and_does_not_read(daemon)
    other = Console(daemon)
    last = other.request_for(held[-1].id)
    check(other.command("deny", approval=last["approval.id"])["state"] == "confirmed", "")
    check(verdict(held[-1].answer()) == "deny", "")
    held[-2].hang_up()
    withdrawn = other.request_for(held[-2].id)["approval.id"]
    other.event("approval.resolved", approval__id=withdrawn)
    daemon.hook("SessionStart", "newcomer")
    daemon.hook("SessionEnd", "s3")
    slow.synced = slow.until("synced", lambda f: f["kind"] == "synced")
    state = [e for e in slow.events if e.get("snapshot")]
    check(len(state) == len(slow.events), "news within the state")
    check({e["seq"] for e in state} == {slow.synced["seq"]}, "its state is of several moments")
    asked = [e["data"]["gen_ai.tool.call.id"] for e in state if e["type"].endswith("approval.requested")]
    check(sorted(asked) == sorted(h.id for h in held), f"{len(asked)} of {REQUESTS} requests, {len(set(asked))} of them once")
    agents = [e["data"]["gen_ai.agent.id"] for e in state if e["type"].endswith("agent.started")]
    check(sorted(agents) == [f"claude:s{i}" for i in range(5)], f"agents: {agents}")
    ended = [e for e in state if e["type"].endswith("agent.state") and e["data"]["agent.state"] == "stopped"]
    check(not ended, f"what ended later is told as if it had been: {ended}")
    slow.event("approval.resolved", approval__id=last["approval.id"], approval__decision="denied")
    slow.event("approval.resolved", approval__id=withdrawn, approval__decision="withdrawn")
    slow.event("agent.started", gen_ai__agent__id="claude:newcomer")
    slow.event("agent.state", gen_ai__agent__id="claude:s3", agent__state="stopped")
    seqs = [e["seq"] for e in slow.events if not e.get("snapshot")]
    check(seqs == list(range(slow.synced["seq"] + 1, slow.synced["seq"] + 1 + len(seqs))), f"a hole: {seqs}")


def costs_little_while_it_is_not_read(daemon):
    held = much_waits(daemon)
    before = rss(daemon.process.pid)
    silent = [greets_and_does_not_read(daemon) for _ in range(8)]
    check(verdict(Held(daemon, "quick", tool="Read", file_path="/x").answer()) == "allow", "a hook waits for them")
    grown = rss(daemon.process.pid) - before
    print(f"  {grown // MB} MB more for 8 consoles that do not read {len(held) * 900 // 1024} MB")
    check(grown < 120 * MB, f"{grown // MB} MB for 8 consoles that do not read")
    for c in silent:
        c.close()
    wait_for("they are gone", lambda: len(daemon.status()["approvals"]) == REQUESTS)


def many_at_once(daemon):
    held = much_waits(daemon)
    consoles = [greets_and_does_not_read(daemon) for _ in range(6)]
    for c in consoles:
        c.until("synced", lambda f: f["kind"] == "synced")
        asked = [e for e in c.events if e["type"].endswith("approval.requested")]
        check(len(asked) == len(held), f"{len(asked)} of {REQUESTS}")


def a_command_within_the_snapshot(daemon):
    """A stop does not wait until all is told, and what came of it is told."""
    much_waits(daemon)
    c = greets_and_does_not_read(daemon)
    command = c.command("stop_all", wait=False)
    wait_for("it is stopped", lambda: json.dumps(daemon.events("fleet.stop")).count('"fleet.stop.latched": true'))
    c.until("synced", lambda f: f["kind"] == "synced")
    c.event("fleet.stop", fleet__stop__latched=True)
    told = [f for f in c.frames if f["kind"] == "result" and f["command"] == command]
    check(told and told[0]["state"] == "accepted", str(told))


if __name__ == "__main__":
    run([of_one_moment, costs_little_while_it_is_not_read, many_at_once, a_command_within_the_snapshot])
