"""Many who want to be known: silent consoles, consoles that come and go, invented agents. Those who matter keep their place."""
import json
import re

from daemon import Console, Failed, Held, check, run, verdict, wait_for, with_daemon
from limits import post_many, read_call

SEATS, AT_ONCE = 64, 20


def greets(daemon):
    try:
        return Console(daemon)
    except Failed:
        return None


def who_says_nothing_keeps_no_seat(daemon):
    silent = [Console(daemon, hello=False) for _ in range(SEATS)]
    check(greets(daemon) is None, "there is a seat more than this test takes")
    console = wait_for("a seat", lambda: greets(daemon))
    check(console.command("stop_all", wait="accepted")["state"] == "accepted", "stop")
    end = silent[0].until("closed", lambda f: f["kind"] == "closed")
    check(end["code"] == 1008 and "hello" in end["reason"], str(end))
    check(daemon.status(), "")


def presence(daemon, here):
    return [e for e in daemon.events("operator.presence") if e["data"]["operator.present"] is here]


def counted(daemon):
    titles = [e["data"]["signal.title"] for e in daemon.events("signal.raised")]
    return sum(int(re.match(r"\d+", t).group()) for t in titles if "not told of one by one" in t)


def who_comes_and_goes_is_told_as_a_number(daemon):
    """Each is told, or counted; who stays is told; a command is told whoever sends it."""
    crowd = [Console(daemon) for _ in range(50)]
    wait_for("the first are told", lambda: len(presence(daemon, True)) >= AT_ONCE)
    crowd[-1].command("stop_all", wait="accepted")
    crowd[-1].command("reset_stop")
    stays = crowd[0].greeting["operator"]["connection"]
    for c in crowd[1:]:
        c.close()
    wait_for("the rest is counted", lambda: counted(daemon), 60)
    told = len(presence(daemon, True))
    check(AT_ONCE <= told <= AT_ONCE + 6, f"{told} of 50 were told one by one")
    check(told < told + counted(daemon) <= 50, f"{told} were told and {counted(daemon)} counted, of 50")
    late = Console(daemon)
    wait_for("who stays is told", lambda: [e for e in presence(daemon, True) if
                                           e["data"]["operator.connection"] == late.greeting["operator"]["connection"]])
    here = {e["data"]["operator.connection"] for e in presence(daemon, True)} - {
        e["data"]["operator.connection"] for e in presence(daemon, False)}
    check(here == {stays, late.greeting["operator"]["connection"]}, f"there are {here}")
    check(len(daemon.events("operator.command")) == 2, "a command was not told")


@with_daemon(config="max_agents = 64\n")
def invented_agents_push_nobody_out(daemon):
    console = Console(daemon)
    held = Held(daemon, "waits")
    request = console.request_for(held.id)
    daemon.hook("UserPromptSubmit", "paused", prompt="p")
    console.command("pause", agent="claude:paused", wait="accepted")
    daemon.hook("UserPromptSubmit", "ended", prompt="p")
    daemon.hook("SessionEnd", "ended")
    answers = []
    for i in range(300):
        answers += post_many(daemon, [read_call(f"invented{i}", 1)])
        if i % 30 == 0:
            daemon.hook("UserPromptSubmit", "works", prompt="p")
    check([verdict(a) for a in answers] == ["allow"] * 300, f"{answers[-1]}")
    check(not held.answered(), "what waits was answered")
    told = [e for e in daemon.events("agent.state") if "forgotten" in e["data"].get("reason", "")]
    names = {e["data"]["gen_ai.agent.id"] for e in told}
    check(len(told) >= 230 and all(n.startswith("claude:invented") for n in names), f"{len(told)} forgotten, of {sorted(names)[-3:]}")
    check({e["data"]["agent.state"] for e in told} == {"unknown"}, "")
    now = Held(daemon, "paused", tool="Read", file_path="/x")
    wait_for("the pause holds", lambda: [a for a in daemon.status()["agents"] if a["gen_ai.agent.id"] == "claude:paused"
                                         and a["agent.state"] == "paused"])
    now.hang_up()
    console.approve(request, wait="accepted")
    check(verdict(held.answer()) == "allow", "what waited could not be approved")
    again = post_many(daemon, [read_call("invented0", 2)])[0]
    check(verdict(again) == "allow", "who was forgotten does not come back")


@with_daemon(config="max_agents = 16\n")
def no_room_is_said(daemon):
    console = Console(daemon)
    held = [Held(daemon, f"s{i}") for i in range(16)]
    for h in held:
        console.request_for(h.id)
    answer = post_many(daemon, [read_call("one-more", 1)])[0]
    check(verdict(answer) == "deny" and "no room for another agent" in json.dumps(answer), str(answer))
    console.event("signal.raised")
    check("no room for another agent" in json.dumps(console.events[-1]), str(console.events[-1]))
    check(not any(h.answered() for h in held), "somebody was pushed out")
    held[3].hang_up()
    console.event("approval.resolved")
    check(verdict(post_many(daemon, [read_call("one-more", 1)])[0]) == "allow", "there is room now")
    for h in held:
        h.hang_up()


if __name__ == "__main__":
    run([who_says_nothing_keeps_no_seat, who_comes_and_goes_is_told_as_a_number, invented_agents_push_nobody_out,
         no_room_is_said])
