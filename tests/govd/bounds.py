"""Budgets against who would get around them: calls that do not tell, that are cut, that run at once, that have no price."""
import http.client
import json
import os
import signal
import threading

from daemon import DEADLINE, check, wait_for
from gateway import call, command, issue, leases, main
from meter import (FIELDS, ONE_USD, PRICES, SONNET, Script, agent_of, begin, nothing_comes, said, shows, signals, spends, spent,
                   state_of, used, waits, with_meter)
from upstream import Stream

GPT = "gpt-5.1-codex"
IN, OUT = 10, 100  # micro-USD a token, in PRICES
BOUND, BOUND_TOKENS = "spend.bound_microusd", "spend.bound_tokens"


def bodied(**fields):
    return json.dumps(fields).encode()


def response(**fields):
    return json.dumps({"id": "resp_1", "object": "response", "model": GPT, **fields}).encode()


USAGE = {"input_tokens": 40, "output_tokens": 3}
CREATED = b"data: " + response(status="in_progress").join([b'{"type":"response.created","response":', b"}"]) + b"\n\n"


def leave(daemon, lease, path, body):
    """Asks, sees the first bytes of the answer, and goes away."""
    c, r = call(daemon, lease, path=path, body=body, read=False)
    r.read(20)
    r.close(), c.close()


def counted(daemon, count, stream=None):
    def look():
        if stream:
            stream.pieces.put(b": \n\n")
        return len(spends(daemon)) >= count and spends(daemon)
    return wait_for(f"{count} events of spend", look)


# ---- cut

def who_cuts_every_other_call_pays_for_it(folder):
    body = bodied(model=GPT, stream=True, max_output_tokens=1000, input="x" * 500)
    most = len(body) + 1000
    streams = []

    def answer(asked, out):
        if b"cut me" in asked.body:
            streams.append(Stream(first=CREATED))
            streams[-1](asked, out)
        else:
            said(response(status="completed", usage=USAGE))(asked, out)
    with with_meter(folder, answer, "agent_budget = 1\n") as (d, up):
        lease = issue(d, "oai")
        cut = body.replace(b"xxxxxx", b"cut me", 1)
        told = 40 * IN + 3 * OUT
        for i in range(3):
            call(d, lease, path="/v1/responses", body=body)
            got = spent(d, 2 * i + 1)[-1]
            check(BOUND not in got and BOUND_TOKENS not in got and got["gen_ai.usage.input_tokens"] == 40, f"told, and bound: {got}")
            leave(d, lease, "/v1/responses", cut)
            got = counted(d, 2 * i + 2, streams[-1])[-1]
            check(got["spend.untold"] == 1 and not any(f in got for f in (*FIELDS, "cost.microusd")), f"guessed as told: {got}")
            check(got[BOUND_TOKENS] == most and got[BOUND] == len(body) * IN + 1000 * OUT, f"not {most} tokens: {got}")
        one = agent_of(d)
        bound = 3 * (len(body) * IN + 1000 * OUT)
        check(one["cost.microusd"] == 3 * told and one[BOUND] == bound and one["budget.used_microusd"] == bound + 3 * told, f"{one}")
        d.kill()
        d.start()
        issue(d, "oai", agent="claude:s9")
        check(command(d, "budget", agent="claude:s1", limit_microusd=bound + 3 * told)["state"] == "confirmed", "")
        c = begin_at(d, lease, "/v1/responses", body)
        wait_for("a call that waits after a restart", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        c.close()
        done = command(d, "budget", agent="claude:s1", limit_microusd=ONE_USD)
        check("of that estimated" in done["by"], f"{done}")
        for s in streams:
            s.pieces.put(None)


def begin_at(daemon, lease, path, body):
    c = http.client.HTTPConnection("127.0.0.1", daemon.gateway, timeout=DEADLINE)
    c.request("POST", f"/u/{lease['upstream']}{path}", body, {"x-api-key": lease["token"]})
    return c


def a_stream_that_was_cut_is_bound_by_its_time(folder):
    stream = Stream(first=CREATED)
    body = bodied(model=GPT, stream=True, input="x")
    with with_meter(folder, stream) as (d, up):
        leave(d, issue(d, "oai"), "/v1/responses", body)
        got = counted(d, 1, stream)[0]
        check(len(body) + 500 * 6 <= got[BOUND_TOKENS] <= len(body) + 500 * (DEADLINE + 6), f"{got}")
        stream.pieces.put(None)


def what_was_told_of_a_cut_stream_is_not_bound_again(folder):
    stream = Stream(first=Script("anthropic-stream-cut").read()[1])
    body = bodied(model=SONNET, stream=True, max_tokens=100, messages=[])
    with with_meter(folder, stream) as (d, up):
        leave(d, issue(d), "/v1/messages", body)
        got = counted(d, 1, stream)[0]
        check([got.get(f, 0) for f in FIELDS[:4]] == [4200, 1, 3000, 200], f"{got}")
        check(got[BOUND_TOKENS] == 99 and got[BOUND] == 99 * OUT, f"{got}")
        stream.pieces.put(None)


def who_leaves_before_the_answer_pays_for_it(folder):
    hold = threading.Event()

    def answer(asked, out):
        hold.wait(DEADLINE)
        used(5)(asked, out)
    body = bodied(model=SONNET, max_tokens=700, messages=[])
    with with_meter(folder, answer, "agent_budget = 5\n") as (d, up):
        lease = issue(d)
        c = begin(d, lease, body)
        wait_for("the request", lambda: up.asked and up.asked[-1].body == body)
        c.close()
        got = spent(d, 1)[0]
        check(got[BOUND_TOKENS] == len(body) + 700 and got[BOUND] == len(body) * 40 + 700 * OUT, f"{got}")
        hold.set()
        up.close()
        before = len(spends(d))
        check(call(d, lease, body=body)[0] == 502, "an upstream that is away")
        check(len(spends(d)) == before, "what was never reached is counted")


SEARCHES = bodied(model=GPT, stream=True, max_output_tokens=100000, tools=[{"type": "web_search"}], input="x")
ASKS = bodied(model=SONNET, stream=True, max_tokens=128000, messages=[], tools=[{"type": "web_search_20250305", "name": "web_search"}])
STARTED = (b'data: {"type":"message_start","message":{"model":"' + SONNET.encode() +
           b'","usage":{"input_tokens":9,"output_tokens":1}}}\n\n')


def item(kind):
    return b'data: {"type":"response.output_item.added","item":{"type":"' + kind + b'"}}\n\n'


def block(kind):
    return b'data: {"type":"content_block_start","content_block":{"type":"' + kind + b'"}}\n\n'


def an_escape_key_costs_no_more_than_it_may(folder):
    """A person cuts a stream early: before its answer, and where a search was on offer that was not made."""
    context, found, some = 1_000_000, 32000, 500 * 30
    rows = [("/v1/responses", SEARCHES, CREATED + item(b"reasoning") + item(b"function_call"), len(SEARCHES) + found),
            ("/v1/responses", SEARCHES, CREATED + item(b"web_search_call"), context),
            ("/v1/responses", SEARCHES, CREATED + item(b"of_tomorrow"), context),
            ("/v1/messages", ASKS, STARTED + block(b"thinking") + block(b"tool_use"), 0),
            ("/v1/messages", ASKS, STARTED + block(b"server_tool_use"), context - 9)]
    for path, body, first, most in rows:
        stream = Stream(first=first)
        with with_meter(folder, stream, "agent_budget = 50\n") as (d, up):
            c, r = call(d, issue(d, "oai" if "responses" in path else "work"), path=path, body=body, read=False)
            r.read(len(first))
            r.close(), c.close()
            got = counted(d, 1, stream)[0].get(BOUND_TOKENS, 0)
            check(most <= got <= most + some, f"{first}: {got}")
    hold = threading.Event()
    with with_meter(folder, lambda asked, out: hold.wait(DEADLINE), "agent_budget = 50\n") as (d, up):
        c = begin(d, issue(d), bodied(model=SONNET, stream=True, max_tokens=128000, messages=[]))
        wait_for("the request", lambda: up.asked and up.asked[-1].body)
        c.close()
        got = spent(d, 1)[0]
        check(got[BOUND_TOKENS] < some, f"left before its answer: {got}")
        hold.set()


def an_upstream_that_leaves_without_an_answer_may_have_used_it(folder):
    """A balancer that closes after a minute of silence: the service has worked all the same."""
    def answer(asked, out):
        raise OSError
    body = bodied(model=SONNET, max_tokens=700, messages=[])
    with with_meter(folder, answer, "agent_budget = 5\n") as (d, up):
        check(call(d, issue(d), body=body)[0] == 502, "it answered")
        got = spent(d, 1)[0]
        check(got[BOUND_TOKENS] == len(body) + 700 and got[BOUND] == len(body) * 40 + 700 * OUT, f"{got}")


def who_tells_nothing_pays_its_bound(folder):
    body = bodied(model=GPT, messages=[], max_tokens=50)
    with with_meter(folder, Script("chat-stream-untold"), "agent_tokens = 1000\nloop_calls = 0\n") as (d, up):
        lease = issue(d, "oai")
        call(d, lease, path="/v1/chat/completions", body=body)
        got = spent(d, 1)[0]
        check(got[BOUND_TOKENS] == len(body) + 50, f"{got}")
        for i in range(30):
            if leases(d)[lease["id"]]["waiting"] or agent_of(d)["budget.used_tokens"] >= 1000:
                break
            call(d, lease, path="/v1/chat/completions", body=body)
        check(i < 20, "it is not held")
        c = begin_at(d, lease, "/v1/chat/completions", body)
        wait_for("a call that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        c.close()


def lies_pay_their_bound(folder):
    long = "x" * 200000
    for usage, text in (({"input_tokens": 5, "output_tokens": 1}, long), ({"input_tokens": 5, "output_tokens": 10**18}, "x"),
                        ({"input_tokens": -1, "output_tokens": 1}, "x")):
        answer = json.dumps({"type": "message", "model": SONNET, "stop_reason": "end_turn", "usage": usage,
                             "content": [{"type": "text", "text": text}]}).encode()
        body = bodied(model=SONNET, max_tokens=300, messages=[])
        with with_meter(folder, said(answer), "agent_budget = 5\n") as (d, up):
            call(d, issue(d), body=body)
            got = spent(d, 1)[0]
            check(got["spend.untold"] == 1 and "gen_ai.usage.input_tokens" not in got, f"{usage}: {got}")
            check(got[BOUND_TOKENS] == len(body) + 300, f"{usage}: {got}")
            wait_for("the alarm", lambda d=d: signals(d, "cannot be, and is not counted"))


# ---- fetched later

def a_background_answer_counts_once_when_it_is_fetched(folder):
    script = [None]
    with with_meter(folder, lambda asked, out: script[0](asked, out), "agent_budget = 5\n") as (d, up):
        lease, other = issue(d, "oai"), issue(d, "oai", agent="claude:s2")
        body = bodied(model=GPT, background=True, max_output_tokens=900, input="x")
        script[0] = said(response(status="queued"))
        call(d, lease, path="/v1/responses", body=body)
        got = spent(d, 1)[0]
        check(got[BOUND_TOKENS] == len(body) + 900 and got["spend.untold"] == 1, f"{got}")
        call(d, lease, "GET", "/v1/responses/resp_1", None)
        script[0] = said(response(status="completed", usage=USAGE).replace(b"resp_1", b"resp_2"))
        call(d, other, "GET", "/v1/responses/resp_2", None)
        call(d, lease, "GET", "/v1/responses/resp_1", None)  # another answer than was asked for
        check(len(spends(d)) == 1, "what tells nothing was counted")
        done = b'data: {"type":"response.completed","response":' + response(status="completed", usage=USAGE) + b"}\n\n"
        script[0] = said(done, b"text/event-stream")
        call(d, other, "GET", "/v1/responses/resp_1?stream=true&starting_after=3", None)
        got = spent(d, 2)[1]
        check(got["gen_ai.agent.id"] == "claude:s1", f"who fetched it pays: {got}")
        check(got["gen_ai.usage.input_tokens"] == 40 and got["cost.microusd"] == 40 * IN + 3 * OUT, f"{got}")
        one = agent_of(d)
        check(one[BOUND] == 0 and one[BOUND_TOKENS] == 0 and one["budget.used_microusd"] == 40 * IN + 3 * OUT, f"{one}")
        call(d, lease, "GET", "/v1/responses/resp_1", None)
        call(d, lease, "GET", "/v1/responses/resp_1?stream=true", None)
        script[0] = used()
        call(d, issue(d))
        spent(d, 3)
        check(len(spends(d)) == 3, "it was counted again")


def a_restart_remembers_what_may_be_fetched(folder):
    script = [None]
    with with_meter(folder, lambda asked, out: script[0](asked, out), "agent_budget = 5\n") as (d, up):
        lease = issue(d, "oai")
        child = issue(d, "oai", agent="helper", parent=lease["id"])
        script[0] = said(response(status="queued"))
        call(d, child, path="/v1/responses", body=bodied(model=GPT, background=True, max_output_tokens=900, input="x"))
        spent(d, 1)
        for count in (2, 2):
            d.kill()
            d.start()
            issue(d, agent="claude:s9")  # tells the port
            script[0] = said(response(status="completed", usage=USAGE))
            call(d, lease, "GET", "/v1/responses/resp_1", None)
            script[0] = said(response(status="completed", usage=USAGE).replace(b"resp_1", b"resp_2"))
            call(d, lease, "GET", "/v1/responses/resp_2", None)
            got = spent(d, count)
            check(len(got) == count and got[1]["gen_ai.agent.id"] == "helper", f"{got}")
        for name in ("helper", "claude:s1"):
            one = agent_of(d, name)
            check(one["budget.used_microusd"] == 40 * IN + 3 * OUT and one[BOUND] == 0, f"{name}: {one}")


# ---- what is not told at all

def calls_whose_cost_is_not_told_wait_for_a_person(folder):
    for serve in ("agent_budget = 5\n", "agent_tokens = 5000\n", "daily_budget = 5\n", "fleet_budget = 5\n"):
        with with_meter(folder, used(), serve) as (d, up):
            lease = issue(d)
            c = begin_at(d, lease, "/v1/messages/batches", b"{}")
            wait_for("a call that waits", lambda d=d, lease=lease: leases(d)[lease["id"]]["waiting"] == 1)
            wait_for("why", lambda d=d: state_of(d) and "its cost cannot be told: batches" in state_of(d)[1])
            nothing_comes(c)
            check(not up.asked, f"{serve}: it went through")
            check(call(d, lease)[0] == 200, "other calls wait with it")
            scope = "day" if "daily" in serve else "fleet" if "fleet" in serve else None
            more = {"agent": "*", "scope": scope} if scope else {"agent": "claude:s1"}
            command(d, "budget", **more, limit_microusd=9 * ONE_USD)
            check(c.getresponse().status == 200, "it did not go on")
            c.close()
            if scope:
                continue
            for _ in range(7):
                check(call(d, lease, path="/v1/messages/batches")[0] == 200, "let go on")
            c = begin_at(d, lease, "/v1/messages/batches", b"{}")
            wait_for("a call that waits", lambda d=d, lease=lease: leases(d)[lease["id"]]["waiting"] == 1)
            c.close()
    with with_meter(folder, used()) as (d, up):
        check(call(d, issue(d), path="/v1/messages/batches")[0] == 200, "without a budget nothing waits")
        wait_for("the alarm", lambda: signals(d, "no budget holds"))


def models_without_a_price_are_held_by_every_budget_in_usd(folder):
    for serve in ("agent_budget = 5\n", "daily_budget = 5\n", "fleet_budget = 5\n"):
        with with_meter(folder, used(100, 5, "odd-1"), serve) as (d, up):
            lease, child = issue(d), None
            child = issue(d, agent="helper", parent=lease["id"])
            for one in (lease, child, lease):
                check(call(d, one)[0] == 200, f"{serve}: too early")
            spent(d, 3)
            wait_for("the alarm", lambda d=d: signals(d, "without a price"))
            waits(d, lease)
            wait_for("why", lambda d=d: any("set agent_tokens" in e["data"].get("reason", "") for e in d.events("agent.state")))
            d.kill()
            d.start()
            lease2 = issue(d, agent="claude:s9")
            waits(d, lease)
            check(call(d, lease2)[0] == 200, "another agent waits with it")
            with open(os.path.join(d.dir, "prices.ini"), "a") as f:
                f.write("[price odd]\nmodel = odd-*\nfrom = 2025-01-01\ninput = 1\noutput = 1\nsource = a test\n")
            d.process.send_signal(signal.SIGHUP)
            wait_for("the price", lambda d=d: signals(d, "prices are known now"))
            check(call(d, lease)[0] == 200, "a price lets it go on")
            d.kill()
            d.start()
            issue(d, agent="claude:s9")  # tells the port
            check(call(d, lease)[0] == 200, "what had no price then has one now, and is held after a restart")
    with with_meter(folder, used(100, 5, "odd-1"), "agent_budget = 5\nagent_tokens = 1000000\n") as (d, up):
        lease = issue(d)
        for _ in range(6):
            check(call(d, lease)[0] == 200, "a budget in tokens holds it")


# ---- at once

def what_runs_is_held_against_the_budget(folder):
    hold = threading.Event()

    def answer(asked, out):
        hold.wait(DEADLINE)
        used(1000, 10)(asked, out)
    body = bodied(model=SONNET, max_tokens=1000, messages=[])
    most = len(body) * 40 + 1000 * OUT  # as it were all written to a cache for an hour
    for serve in (f"agent_budget = {2.5 * most / 1e6:.6f}\n", f"agent_tokens = {int(2.5 * (len(body) + 1000))}\n",
                  f"daily_budget = {2.5 * most / 1e6:.6f}\n"):
        hold.clear()
        with with_meter(folder, answer, serve) as (d, up):
            lease = issue(d)
            child = issue(d, agent="helper", parent=lease["id"])
            calls = [begin(d, child if i % 2 else lease, body) for i in range(24)]
            wait_for("those that wait", lambda d=d, lease=lease: leases(d)[lease["id"]]["waiting"] == 21)
            wait_for("those that run", lambda up=up: len(up.asked) >= 3)
            nothing_comes(calls[0])
            check(len(up.asked) == 3, f"{serve}: {len(up.asked)} run at once")
            wait_for("why", lambda d=d: any("running calls may use is more" in e["data"].get("reason", "")
                                            for e in d.events("agent.state")))
            hold.set()
            for c in calls[:3]:
                check(c.getresponse().status == 200, "one that ran")
            for c in calls:
                c.close()
            used_up = spent(d, 3)
            check(len(used_up) < 12, f"{serve}: {len(used_up)} went on")


def who_waited_longest_goes_on_first(folder):
    turns = threading.Semaphore(0)

    def answer(asked, out):
        turns.acquire(timeout=DEADLINE)
        used(1, 0)(asked, out)
    with with_meter(folder, answer, "agent_budget = 1\n") as (d, up):
        lease = issue(d)
        bodies = [bodied(model=SONNET, max_tokens=100000, messages=[], metadata={"user_id": str(i)}) for i in range(6)]
        calls = []
        for i, body in enumerate(bodies):
            calls.append(begin(d, lease, body))
            wait_for("those before", lambda i=i: leases(d)[lease["id"]]["waiting"] + len(up.asked) == i + 1)
        check(len(up.asked) == 1, f"{len(up.asked)} run at once")
        for c in calls:
            turns.release()
            check(c.getresponse().status == 200, "it waits for ever")
            c.close()
        check([a.body for a in up.asked] == bodies, "who came later went on first")


def the_last_of_a_budget_can_be_used(folder):
    body = bodied(model=SONNET, max_tokens=100000, messages=[])
    with with_meter(folder, used(1000, 0), "agent_budget = 0.05\n") as (d, up):
        lease = issue(d)
        for _ in range(5):
            check(call(d, lease, body=body)[0] == 200, "one alone waits for nobody")
        spent(d, 5)
        waits(d, lease)


def a_large_body_goes_on_with_a_budget(folder):
    body = bodied(model=SONNET, max_tokens=10, messages=[{"role": "user", "content": "x" * (6 << 20)}])
    with with_meter(folder, used(7), "agent_budget = 0.00007\n") as (d, up):
        lease = issue(d)
        check(call(d, lease, body=body)[0] == 200 and up.asked[-1].body == body, "it was changed")
        check(spent(d, 1)[0]["gen_ai.usage.input_tokens"] == 7, "what it told")
        c = begin(d, lease, b'{"model":"m"}')
        wait_for("a call that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        command(d, "budget", agent="claude:s1", limit_microusd=ONE_USD)
        check(c.getresponse().status == 200, "it did not go on")
        c.close()


if __name__ == "__main__":
    main([who_cuts_every_other_call_pays_for_it, a_stream_that_was_cut_is_bound_by_its_time,
          what_was_told_of_a_cut_stream_is_not_bound_again, who_leaves_before_the_answer_pays_for_it,
          an_upstream_that_leaves_without_an_answer_may_have_used_it, who_tells_nothing_pays_its_bound, an_escape_key_costs_no_more_than_it_may,
          lies_pay_their_bound, a_background_answer_counts_once_when_it_is_fetched, a_restart_remembers_what_may_be_fetched,
          calls_whose_cost_is_not_told_wait_for_a_person,
          models_without_a_price_are_held_by_every_budget_in_usd, what_runs_is_held_against_the_budget, who_waited_longest_goes_on_first, the_last_of_a_budget_can_be_used,
          a_large_body_goes_on_with_a_budget])
