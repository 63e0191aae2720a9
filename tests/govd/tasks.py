"""Tasks: from a prompt to the end of its turn, what was spent in it, and what one that is completed costs."""
import json
import threading
import time

from daemon import Console, Held, check, wait_for
from gateway import call, command, issue, leases, main
from meter import SONNET, begin, nothing_comes, shows, signals, spends, used, with_meter
from otlp import logs, record, send


def told(daemon, kind, agent="claude:s1"):
    return [e for e in daemon.events(kind) if e["data"]["gen_ai.agent.id"] == agent]


def prompt(daemon, words="tidy up", session="s1", **more):
    daemon.hook("UserPromptSubmit", session, prompt=words, **more)
    return told(daemon, "task.started", f"claude:{session}")[-1]["data"]["task.id"]


def outcomes(daemon, agent="claude:s1"):
    return [e["data"]["task.outcome"] for e in told(daemon, "task.finished", agent)]


def tasks(daemon):
    """By title; what is in no task, and of older ones, by `tasks`."""
    lines = [json.loads(line) for line in daemon.run("spend", "--by", "task", "--json").stdout.splitlines()]
    return {t["task.title"]: t for t in lines if "task.title" in t}, {t["tasks"]: t for t in lines if "tasks" in t}


def spend_of(daemon, agent="claude:s1"):
    for line in daemon.run("spend", "--json").stdout.splitlines():
        one = json.loads(line)
        if one["gen_ai.agent.id"] == agent:
            return one
    return None


def request(session="s1", at=None, ms=1, **more):
    return record("api_request", session, time_ns=int((at or time.time()) * 1e9), duration_ms=ms, model=SONNET,
                  input_tokens=100, output_tokens=0, cost_usd_micros=1000, **more)


# ---- from the beginning to the end

def a_prompt_is_a_task(folder):
    with with_meter(folder) as (d, _):
        task = prompt(d, "tidy up\nthe kitchen")
        one = told(d, "task.started")[0]["data"]
        check(one["task.title"] == "tidy up\nthe kitchen" and len(task) == 26, one)
        agent = next(a for a in d.status()["agents"] if a["gen_ai.agent.id"] == "claude:s1")
        check(agent["task"]["task.id"] == task and agent["task"]["task.open"] and not agent["task"]["tokens.told"], agent)
        d.hook("Stop")
        end = told(d, "task.finished")[0]["data"]
        check(end["task.id"] == task and end["task.outcome"] == "succeeded" and end["action.duration_ms"] >= 0, end)
        check(spend_of(d)["tasks.succeeded"] == 1 and "tasks.completed_cost_microusd" not in spend_of(d), "it told nothing")
        d.hook("Stop")
        d.hook("SessionEnd")
        check(outcomes(d) == ["succeeded"], "an end without a beginning")


def how_they_end(folder):
    with with_meter(folder) as (d, _):
        for hooks, outcome in [(["Stop"], "succeeded"), (["StopFailure"], "failed"), (["SessionEnd"], "cancelled"),
                               (["UserPromptSubmit", "Stop"], "unknown")]:
            before = len(outcomes(d))
            prompt(d)
            for hook in hooks:
                d.hook(hook, prompt="another")
            check(outcomes(d)[before] == outcome, f"{hooks}: {outcomes(d)}")
        prompt(d)
        command(d, "stop", wait="accepted", agent="claude:s1")
        d.hook("Stop")
        check(outcomes(d)[-1] == "cancelled", f"an operator stopped it: {outcomes(d)}")
        got = spend_of(d)
        check((got["tasks.succeeded"], got["tasks.failed"], got["tasks.cancelled"], got["tasks.unknown"]) == (2, 1, 2, 1), got)
        d.hook("UserPromptSubmit", prompt="go on")
        check(len(told(d, "task.started")) == 6, "a prompt that was refused is no task")


def an_interrupted_turn_is_cancelled(folder):
    with with_meter(folder) as (d, _):
        prompt(d)
        held = Held(d, command="make")
        wait_for("the request", lambda: d.status()["approvals"])
        console = Console(d)
        console.command("interrupt", wait=False, agent="claude:s1")
        held.answer()  # refused, and its turn ends
        d.hook("Stop")
        check(outcomes(d) == ["cancelled"], outcomes(d))
        prompt(d)
        d.hook("Stop")
        check(outcomes(d)[1] == "succeeded", "the next one is its own")
        console.close()


def helpers_have_none(folder):
    with with_meter(folder) as (d, _):
        task = prompt(d)
        d.hook("SubagentStart", agent_id="h1", agent_type="explore")
        d.hook("UserPromptSubmit", agent_id="h1", prompt="look around")
        check(not told(d, "task.started", "claude:s1/h1"), "a helper works for its parent's task")
        send(d, logs(request(agent_id="h1"), service__name="claude-code"))
        send(d, logs(request(), service__name="claude-code"))
        d.hook("SubagentStop", agent_id="h1")
        check(not outcomes(d), "its parent goes on")
        d.hook("Stop")
        rows, rest = tasks(d)
        check(rows["tidy up"]["cost.microusd"] == 2000 and rows["tidy up"]["task.id"] == task, rows)
        check(rest["none"]["cost.microusd"] == 0, rest)


def a_title_shows_no_secret(folder):
    with with_meter(folder) as (d, _):
        secret = "ghp_" + "a1B2c3D4e5F6" * 3
        for words in (f"use {secret}", "x" * 190 + " " + secret, "y" * 400):
            prompt(d, words)
        titles = [e["data"]["task.title"] for e in told(d, "task.started")]
        check(all("ghp_" not in t and len(t.encode()) <= 200 for t in titles), titles)
        check("ghp_a1B2" not in json.dumps(d.records()), "it stands in the record")


# ---- what was spent

def what_comes_late_is_of_its_time(folder):
    with with_meter(folder) as (d, _):
        prompt(d, "first")
        time.sleep(0.02)
        middle = time.time()
        time.sleep(0.02)
        d.hook("Stop")
        between = time.time() + 0.01
        time.sleep(0.02)
        prompt(d, "second")
        for at, ms in [(between, int((between - middle) * 1000)),  # begun in the time of the first, and over after it
                       (time.time() + 0.001, 0), (between, 0), (middle - 3600, 0)]:
            send(d, logs(request(at=at, ms=ms), service__name="claude-code"))
        rows, rest = tasks(d)
        check(rest["none"]["cost.microusd"] == 2000, f"{rows} {rest}")
        check(rows["second"]["cost.microusd"] == 1000, f"{rows} {rest}")
        check(rows["first"]["cost.microusd"] == 1000, f"{rows} {rest}")
        check(spend_of(d)["tasks.cost_microusd"] == 1000, spend_of(d))


def a_call_is_of_the_task_that_it_began_in(folder):
    with with_meter(folder, used(100, 10)) as (d, up):
        lease = issue(d)
        prompt(d, "first")
        check(call(d, lease)[0] == 200, "a call")
        d.hook("Stop")
        check(call(d, lease)[0] == 200, "between tasks")
        prompt(d, "second")
        check(call(d, lease)[0] == 200 and call(d, lease)[0] == 200, "two calls")
        wait_for("four events", lambda: len(spends(d)) == 4)
        rows, rest = tasks(d)
        each = 100 * 10 + 10 * 100
        check(rows["first"]["cost.microusd"] == each and rows["first"]["gen_ai.usage.input_tokens"] == 100, rows)
        check(rows["second"]["cost.microusd"] == 2 * each and rows["second"]["task.open"], rows)
        check(rest["none"]["cost.microusd"] == each, rest)
        ids = [s.get("task.id") for s in spends(d)]
        check(ids[0] == rows["first"]["task.id"] and not ids[1] and ids[2] == ids[3] == rows["second"]["task.id"], ids)
        d.hook("Stop")
        got = spend_of(d)
        check(got["tasks.completed_cost_microusd"] == 3 * each // 2, got)
        text = d.run("spend", "--by", "task").stdout
        check("2 tasks completed: 0.003000 USD for each completed, estimated" in text and "(in no task)" in text, text)
        by = [json.loads(x) for x in d.run("spend", "--by", "provider", "--json").stdout.splitlines()]
        check(by[0]["tasks.succeeded"] == 2 and by[0]["tasks.completed_cost_microusd"] == 3 * each // 2, by)


def a_stream_that_outlives_its_task_is_of_it(folder):
    go = threading.Event()
    plain = used(100, 10)

    def answer(asked, out):
        go.wait(20)
        plain(asked, out)
    with with_meter(folder, answer) as (d, up):
        lease = issue(d)
        prompt(d, "first")
        c = begin(d, lease)
        wait_for("the call upstream", lambda: up.asked)
        d.hook("SessionEnd")
        prompt(d, "second")
        go.set()
        check(c.getresponse().status == 200, "its answer")
        wait_for("its figures", lambda: spends(d))
        rows, _ = tasks(d)
        check(rows["first"]["cost.microusd"] == 2000 and not rows["second"]["tokens.told"], rows)
        check(rows["first"]["task.outcome"] == "cancelled", rows)


# ---- the record

def a_start_has_them_again(folder):
    with with_meter(folder, used(100, 10)) as (d, _):
        lease = issue(d)
        for words in ("one", "two"):
            prompt(d, words)
            call(d, lease)
            d.hook("Stop")
        task = prompt(d, "three")
        call(d, lease)
        wait_for("three events", lambda: len(spends(d)) == 3)
        before = tasks(d)
        d.kill()
        d.start()
        check(tasks(d) == before, f"{before} {tasks(d)}")
        issue(d)  # the gateway has another port
        call(d, lease)
        d.hook("Stop")
        check(told(d, "task.finished")[-1]["data"]["task.id"] == task, "the one that was open")
        check(spend_of(d)["tasks.succeeded"] == 3 and spend_of(d)["tasks.completed_cost_microusd"] == 4 * 2000 // 3, spend_of(d))


# ---- a budget of each task

def limit_of(d):
    return next(a for a in d.status()["agents"] if a["gen_ai.agent.id"] == "claude:s1")["task"]["budget.limit_microusd"]


def waits(d, lease):
    c = begin(d, lease, BODY)
    wait_for("a call that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
    nothing_comes(c)
    return c


BODY = json.dumps({"model": SONNET, "max_tokens": 10, "messages": []}).encode()


def a_task_is_held_at_its_budget(folder):
    with with_meter(folder, used(100, 10), "task_budget = 0.004\n") as (d, _):
        lease = issue(d)
        check(call(d, lease, body=BODY)[0] == 200, "without a task there is no budget of one")
        prompt(d, "first")
        check(limit_of(d) == 4000, "it is told")
        call(d, lease, body=BODY)
        call(d, lease, body=BODY)
        wait_for("its alarm", lambda: signals(d, "its task's budget of $0.004 is used up"))
        c = waits(d, lease)
        shows(d, ("paused", "held: its task is over its budget of $0.004"))
        told_by = d.run("budget", "claude:s1@task", "0.01")
        check("$0.004 of $0.01 used; 1 waited and went on" in told_by.stdout, told_by)
        check(c.getresponse().status == 200, "it was let go on")
        check(limit_of(d) == 10000, "the new limit is told")
        wait_for("its figures", lambda: len(spends(d)) == 4)
        call(d, lease, body=BODY)
        wait_for("80 %", lambda: signals(d, "80 % of its task's budget of $0.01 is used"))
        d.kill()
        d.start()
        issue(d, "oai", agent="claude:s9")
        check(limit_of(d) == 10000, "a restart keeps it")
        call(d, lease, body=BODY)
        wait_for("its figures", lambda: len(spends(d)) == 6)
        c = waits(d, lease)
        task = told(d, "task.started")[-1]["data"]["task.id"]
        prompt(d, "second")
        check(c.getresponse().status == 200 and limit_of(d) == 4000, "a new task begins at nothing, with the limit of all")
        result = command(d, "budget", agent="claude:s1", scope="task:" + task, limit_microusd=10 ** 9)
        check(result["state"] == "refused" and "is over" in result["reason"], result)
        d.hook("Stop")
        result = command(d, "budget", agent="claude:s1", scope="task", limit_microusd=10 ** 9)
        check(result["state"] == "refused" and "no task" in result["reason"], result)
        agent = spend_of(d)
        check("budget.limit_microusd" not in agent or agent["budget.limit_microusd"] == 0, "it is not the agent's")


def helpers_and_tools_are_held_by_it_too(folder):
    rules = "[rule all]\nverdict = allow\ntool = *\n"
    with with_meter(folder, used(100, 10), "task_budget = 0.004\n", policy=rules) as (d, _):
        lease = issue(d)
        prompt(d, "first")
        d.hook("SubagentStart", agent_id="h1", agent_type="explore")
        send(d, logs(request(agent_id="h1"), request(agent_id="h1", x=1), request(x=2), service__name="claude-code"))
        held = Held(d, command="make")
        check(held.answered(5), "3000 of 4000: a rule lets it run")
        send(d, logs(request(agent_id="h1", x=3), service__name="claude-code"))
        for extra in ({}, {"agent_id": "h1", "agent_type": "explore"}):
            asks = Held(d, command="make", extra=extra)
            wait_for("it is asked for", lambda: len(d.status()["approvals"]) == 1)
            check(d.status()["approvals"][0]["reason"] == "over its budget", d.status()["approvals"])
            asks.hang_up()
            wait_for("it is gone", lambda: not d.status()["approvals"])
        c = waits(d, lease)
        d.run("budget", "claude:s1@task", "1")
        check(c.getresponse().status == 200, "raised")


def tokens_of_a_task(folder):
    with with_meter(folder, used(100, 10, "odd"), "task_tokens = 200\n", prices="") as (d, _):
        lease = issue(d)
        prompt(d, "first")
        call(d, lease, body=BODY)
        call(d, lease, body=BODY)
        wait_for("two", lambda: len(spends(d)) == 2)
        c = waits(d, lease)
        shows(d, ("paused", "held: its task is over its budget of 200 tokens"))
        d.run("budget", "claude:s1@task", "1000 tokens")
        check(c.getresponse().status == 200, "raised")


TESTS = [a_prompt_is_a_task, how_they_end, an_interrupted_turn_is_cancelled, helpers_have_none, a_title_shows_no_secret,
         what_comes_late_is_of_its_time, a_call_is_of_the_task_that_it_began_in, a_stream_that_outlives_its_task_is_of_it,
         a_start_has_them_again, a_task_is_held_at_its_budget, helpers_and_tools_are_held_by_it_too, tokens_of_a_task]
if __name__ == "__main__":
    main(TESTS)
