"""SIGKILL at any time: nobody's pending call runs, and what was decided, paused or stopped still is."""
from daemon import Console, Held, check, run, verdict, wait_for


def pending_is_withdrawn(daemon):
    h = Held(daemon)
    r = wait_for("request", lambda: daemon.status()["approvals"])[0]
    daemon.kill()
    try:
        answer = h.answer()
        check(False, f"the killed daemon answered {answer}")
    except (OSError, Exception) as e:  # noqa: BLE001
        check("answered" not in str(e), str(e))
    daemon.start()
    check(not daemon.status()["approvals"], "a request of the dead daemon still waits")
    console = Console(daemon)
    late = console.approve(r)
    check(late["state"] == "superseded" and "withdrawn" in late["reason"], str(late))
    resolved = daemon.events("approval.resolved")
    check(len(resolved) == 1 and resolved[0]["data"]["approval.decision"] == "withdrawn", str(resolved))
    again = Held(daemon)
    console.request_for(again.id)
    check(not again.answered(0.2), "after the restart the gate is open")


def gates_outlive(daemon):
    console = Console(daemon)
    for s in ("a", "b"):
        daemon.hook("UserPromptSubmit", s, prompt="x")
    console.command("pause", agent="claude:a", wait="accepted")
    console.command("stop", agent="claude:b", wait="accepted")
    daemon.kill()
    daemon.start()
    paused = Held(daemon, "a", tool="Read", file_path="/x")
    refused = Held(daemon, "b", tool="Read", file_path="/x")
    check(verdict(refused.answer()) == "deny", "a stopped agent goes on after a restart")
    check(not paused.answered(0.3), "a paused agent goes on after a restart")


def stop_latch_outlives(daemon):
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="x")
    console.command("stop_all", wait="accepted")
    daemon.kill()
    daemon.start()
    check(daemon.status()["backends"][0]["fleet.stop.latched"] is True, "the latch is gone")
    check(verdict(Held(daemon, "new", tool="Read", file_path="/x").answer()) == "deny", "a new agent runs under the latch")
    console = Console(daemon)
    check(console.command("reset_stop")["state"] == "confirmed", "reset")
    check(verdict(Held(daemon, "new2", tool="Read", file_path="/x").answer()) == "allow", "after the reset")
    check(verdict(Held(daemon, "s1", tool="Read", file_path="/x").answer()) == "deny", "a reset let a stopped agent go on")


def numbers_go_on(daemon):
    daemon.hook("UserPromptSubmit", prompt="x")
    console = Console(daemon)
    last = console.synced["seq"]
    instance = console.greeting["server"]["instance"]
    daemon.kill()
    daemon.start()
    again = Console(daemon, resume_after=last, instance=instance)
    check(again.greeting["server"]["instance"] == instance, "another instance after a restart")
    check(again.greeting["resumed"] is True, str(again.greeting))
    seqs = [e["seq"] for e in again.events]
    check(seqs == list(range(last + 1, again.synced["seq"] + 1)), f"{last} {seqs} {again.synced}")


def killed_while_busy(daemon):
    """What a console was told is in the record, whenever the daemon dies."""
    console = Console(daemon)
    for round_number in range(8):
        told = {}
        for i in range(6):
            h = Held(daemon, f"r{round_number}-{i}")
            r = console.request_for(h.id)
            if i % 2:
                console.approve(r, wait="accepted")
                told[r["approval.id"]] = "approved"
            else:
                console.command("deny", approval=r["approval.id"], wait="accepted")
                told[r["approval.id"]] = "denied"
        daemon.kill()
        daemon.start()
        kept = {e["data"]["approval.id"]: e["data"]["approval.decision"] for e in daemon.events("approval.resolved")}
        for approval, decision in told.items():
            check(kept.get(approval) == decision, f"round {round_number}: {approval} was {decision}, kept {kept.get(approval)}")
        done = daemon.verify()
        check(done.returncode == 0, done.stdout + done.stderr)
        console = Console(daemon)


def what_ran_meanwhile_is_no_alarm(daemon):
    """A call that was let through before the restart may report its end after it; once."""
    read = Held(daemon, tool="Read", file_path="/x")
    check(verdict(read.answer()) == "allow", "")
    daemon.kill()
    daemon.start()
    for _ in range(2):
        daemon.hook("PostToolUse", tool_name="Read", tool_use_id=read.id, tool_input={}, tool_response={})
        alarms = [e for e in daemon.events("signal.raised") if e["data"]["signal.severity"] == "emergency"]
    check(len(alarms) == 1, f"{len(alarms)} alarms: the first report is of a call that was decided, the second of none")


def commands_have_an_end(daemon):
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="x")
    waits = console.command("pause", agent="claude:s1", wait="accepted")["command"]
    daemon.kill()
    daemon.start()
    console = Console(daemon)
    again = console.command("pause", agent="claude:s1", id=waits)
    check(again["state"] == "unverifiable" and "started again" in again["reason"], str(again))


def old_commands_are_not_taken_again(daemon):
    """At most once, also when so many came after it that what became of it is forgotten, and over a restart."""
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="x")
    first = console.command("pause", agent="claude:s1", wait="accepted")["command"]
    console.command("resume", agent="claude:s1")
    for _ in range(1100):
        console.command("deny", wait=False, approval="nothing")
    for restart in (False, True):
        if restart:
            daemon.kill()
            daemon.start()
            console = Console(daemon)
        again = console.command("pause", agent="claude:s1", id=first)
        check(again["state"] in ("refused", "superseded"), str(again))
        check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "an old pause was carried out again")


def nothing_waits_after_it(daemon):
    """What waited is withdrawn: its agent is not shown waiting, whatever it last said of itself."""
    console = Console(daemon)
    alive, ended = Held(daemon, "alive"), Held(daemon, "ended")
    for h in (alive, ended):
        console.request_for(h.id)
    daemon.hook("SessionEnd", "ended", reason="other")
    daemon.kill()
    daemon.start()
    states = {a["gen_ai.agent.id"]: a["agent.state"] for a in daemon.status()["agents"]}
    check(states["claude:alive"] == "unknown" and states["claude:ended"] == "stopped", str(states))
    check(not daemon.status()["approvals"], "a request waits")


if __name__ == "__main__":
    run([pending_is_withdrawn, gates_outlive, stop_latch_outlives, numbers_go_on, killed_while_busy,
         what_ran_meanwhile_is_no_alarm, commands_have_an_end, old_commands_are_not_taken_again, nothing_waits_after_it])
