"""Subagents: what holds for an agent holds for those that it started."""
from daemon import Console, Held, check, run, verdict, wait_for

HELPER = {"agent_id": "h1", "agent_type": "helper"}


def parent_and_helper(daemon):
    """An agent whose helper has a call that waits for the operator."""
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="go")
    helper = Held(daemon, extra=HELPER)
    return console, helper, console.request_for(helper.id)


def state_of(daemon, agent):
    return next(a["agent.state"] for a in daemon.status()["agents"] if a["gen_ai.agent.id"] == agent)


def stop_reaches_helpers(daemon):
    console, helper, _ = parent_and_helper(daemon)
    done = console.command("stop", agent="claude:s1")
    check(done["state"] == "confirmed", f"a call of its helper was refused: {done}")
    check(verdict(helper.answer()) == "deny", "the waiting call of the helper")
    check(verdict(Held(daemon, tool="Read", extra=HELPER, file_path="/x").answer()) == "deny",
          "the helper of a stopped agent goes on")
    other = {"agent_id": "h2", "agent_type": "helper"}
    check(verdict(Held(daemon, tool="Read", extra=other, file_path="/x").answer()) == "deny",
          "a new helper of a stopped agent goes on")
    check(verdict(Held(daemon, "s2", tool="Read", file_path="/x").answer()) == "allow", "another agent")


def pause_reaches_helpers(daemon):
    console, helper, request = parent_and_helper(daemon)
    sent = console.command("pause", agent="claude:s1", wait="accepted")
    refused = console.approve(request)
    check(refused["state"] == "refused" and "paused" in refused["reason"], f"approved under a pause: {refused}")
    read = Held(daemon, tool="Read", extra=HELPER, file_path="/x")
    console.until("pause confirmed", lambda f: f["kind"] == "result" and f["command"] == sent["command"]
                  and f["state"] == "confirmed")
    check(not read.answered(0.3), "the helper of a paused agent goes on")
    own = console.command("resume", agent="claude:s1/h1")
    check(own["state"] == "refused" and "parent" in own["reason"], f"{own}")
    check(console.command("resume", agent="claude:s1")["state"] == "confirmed", "resume")
    check(verdict(read.answer()) == "allow", "the helper's read did not go on")
    check(not helper.answered(0.1), "resume let an asked call run")
    console.approve(request, wait="accepted")
    check(verdict(helper.answer()) == "allow", "")


def a_helper_alone(daemon):
    """The other way round nothing is handed on: a paused or stopped helper leaves its parent alone."""
    console, helper, _ = parent_and_helper(daemon)
    console.command("stop", agent="claude:s1/h1", wait="accepted")
    check(verdict(helper.answer()) == "deny", "")
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "its parent was stopped too")


def told_after_the_end(daemon):
    """What an agent told just before its end may be read after it: it lets nothing live again that a fleet stop waits for."""
    console = Console(daemon)
    daemon.hook("SessionStart", source="startup")
    daemon.hook("UserPromptSubmit", prompt="go")
    daemon.hook("SessionEnd", reason="other")
    daemon.hook("SubagentStart", agent_id="h1", agent_type="helper")
    daemon.hook("Notification", notification_type="permission_prompt", message="?")
    check(state_of(daemon, "claude:s1") == "stopped" and state_of(daemon, "claude:s1/h1") == "stopped", f"{daemon.status()['agents']}")
    done = console.command("stop_all")
    check(done["state"] == "confirmed", f"{done}")


def interrupt_reaches_helpers(daemon):
    console, helper, _ = parent_and_helper(daemon)
    daemon.hook("SubagentStart", agent_id="h2", agent_type="helper")
    console.command("interrupt", agent="claude:s1", wait="accepted")
    answer = helper.answer()
    check(verdict(answer) == "deny" and answer["continue"] is False, str(answer))
    second = Held(daemon, tool="Read", extra={"agent_id": "h2", "agent_type": "helper"}, file_path="/x").answer()
    check(verdict(second) == "deny", "the next call of another helper")
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "deny", "its own next call")
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "more than one call was interrupted")


def nothing_to_interrupt(daemon):
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="go")
    daemon.hook("Stop")
    refused = console.command("interrupt", agent="claude:s1")
    check(refused["state"] == "refused", f"{refused}")
    daemon.hook("UserPromptSubmit", prompt="more")
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "a turn that came later was interrupted")


def pause_is_confirmed_when_the_last_call_ends(daemon):
    console = Console(daemon)
    running = Held(daemon, tool="Read", file_path="/x")
    check(verdict(running.answer()) == "allow", "")
    sent = console.command("pause", agent="claude:s1", wait="accepted")
    waits = Held(daemon, tool="Read", file_path="/y")
    wait_for("pausing", lambda: state_of(daemon, "claude:s1") == "pausing")
    daemon.hook("PostToolUse", tool_name="Read", tool_use_id=running.id, tool_input={}, tool_response={})
    console.until("pause confirmed", lambda f: f["kind"] == "result" and f["command"] == sent["command"]
                  and f["state"] == "confirmed")
    check(state_of(daemon, "claude:s1") == "paused", "state")
    waits.hang_up()


def stopped_stays_stopped(daemon):
    """The end of the turn that a stop brings about is not a sign of life."""
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="go")
    console.command("stop", agent="claude:s1", wait="accepted")
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "deny", "")
    daemon.hook("Stop")
    check(state_of(daemon, "claude:s1") == "stopped", "the end of its turn made a stopped agent idle")


def let_run(daemon, console, call, **extra):
    held = Held(daemon, call=call, extra=extra, command="sleep 1000")
    console.approve(console.request_for(call), wait="accepted")
    check(verdict(held.answer()) == "allow", call)


def ended(daemon, call, **extra):
    daemon.hook("PostToolUse", tool_name="Bash", tool_use_id=call, tool_input={}, tool_response={}, **extra)


def no_stop_while_a_call_runs(daemon):
    """Without a process to look at, a refused call is no proof while another that was let run goes on."""
    for verb, target in (("stop", {"agent": "claude:s1"}), ("stop_all", {})):
        console = Console(daemon)
        let_run(daemon, console, verb)
        waits = Held(daemon, command="echo")
        console.request_for(waits.id)
        sent = console.command(verb, wait="accepted", **target)
        check(verdict(waits.answer()) == "deny", "the waiting call")
        check(state_of(daemon, "claude:s1") == "stopping", f"{verb}: {state_of(daemon, 'claude:s1')} while a call runs")
        ended(daemon, verb)
        done = console.until("confirmed", lambda f: f["kind"] == "result" and f["command"] == sent["command"]
                             and f["state"] == "confirmed")
        check(state_of(daemon, "claude:s1") == "stopped", f"{verb}: {done}")
        if verb == "stop":
            check(console.command("resume", agent="claude:s1")["state"] == "confirmed", "resume")
        console.close()


def no_stop_while_a_helper_runs(daemon):
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", prompt="go")
    let_run(daemon, console, "toolu_1", **HELPER)
    waits = Held(daemon, extra={"agent_id": "h2"})
    console.request_for(waits.id)
    sent = console.command("stop", agent="claude:s1", wait="accepted")
    check(verdict(waits.answer()) == "deny", "the other helper")
    check(state_of(daemon, "claude:s1") == "stopping", "stopped while its helper runs")
    daemon.hook("SubagentStop", **HELPER)
    console.until("confirmed", lambda f: f["kind"] == "result" and f["command"] == sent["command"]
                  and f["state"] == "confirmed")
    check(state_of(daemon, "claude:s1") == "stopped", "")


if __name__ == "__main__":
    run([stop_reaches_helpers, told_after_the_end, pause_reaches_helpers, a_helper_alone, interrupt_reaches_helpers, nothing_to_interrupt,
         pause_is_confirmed_when_the_last_call_ends, stopped_stays_stopped, no_stop_while_a_call_runs,
         no_stop_while_a_helper_runs])
