"""What running calls may use is held against budgets until they end, and no longer, however they end."""
import contextlib
import http.client
import json
import os
import random
import threading
import time

from daemon import DEADLINE, Console, check, wait_for
from gateway import call, command, issue, leases, main
from meter import ONE_USD, SONNET, agent_of, begin, said, spends, used, with_meter

SEED = int(os.environ.get("CHECKREIN_SEED", "7"))
ROUNDS = int(os.environ.get("CHECKREIN_RESERVE_ROUNDS", "60"))
AGENTS = ["claude:s1", "claude:s2", "helper", "grandchild"]


def stream_of(out, count):
    out.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    start = {"type": "message_start", "message": {"model": SONNET, "usage": {"input_tokens": 3, "output_tokens": 1}}}
    for event in [start] + [{"type": "ping"}] * count:
        text = b"data: " + json.dumps(event).encode() + b"\n\n"
        out.write(b"%x\r\n%s\r\n" % (len(text), text))
        time.sleep(0.005)


class Service:
    """Ends each call in one of the ways that services have."""

    def __init__(self, dice):
        self.dice = dice
        self.quiet = threading.Event()  # from now on it answers as it should

    def __call__(self, asked, out):
        how = "whole" if self.quiet.is_set() else self.dice.choice(
            ["whole", "whole", "refused", "storm", "half", "closed", "slow", "stream", "liar", "untold"])
        if how == "slow":
            self.quiet.wait(self.dice.random() * 0.4)
        if how in ("whole", "slow"):
            used(self.dice.randrange(9), self.dice.randrange(9))(asked, out)
        elif how in ("refused", "storm"):
            status = b"429 X" if how == "refused" else b"529 X"
            out.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
        elif how == "half":
            out.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
            raise OSError
        elif how == "closed":
            raise OSError
        elif how == "stream":
            stream_of(out, 20)
            out.write(b"0\r\n\r\n")
        elif how == "liar":
            said(b'{"type":"message","model":"m","usage":{"input_tokens":-4}}')(asked, out)
        else:
            said(b"{}")(asked, out)


def finish(c, dice):
    """Reads an answer, or leaves in the middle of it."""
    with contextlib.suppress(http.client.HTTPException, OSError):
        c.sock.settimeout(dice.choice([0.01, 0.05, 0.15]))
        r = c.getresponse()
        r.read(dice.choice([1, 20, None]))
    c.close()


def one_order(d, dice, lent):
    agent, lease = dice.choice(list(lent.items()))
    what = dice.randrange(9)
    console = Console(d)
    if what < 3:
        console.command("budget", wait="accepted", agent=agent, limit_microusd=dice.choice([50000, 99 * ONE_USD, 99 * ONE_USD]))
    elif what < 5:
        console.command("budget", wait="accepted", agent="*", scope=dice.choice(["day", "fleet"]), limit_microusd=dice.choice([500000, 900 * ONE_USD, 900 * ONE_USD]))
    elif what < 7:
        console.command(dice.choice(["pause", "resume", "resume", "resume"]), wait="accepted", credential=lease["id"])
    elif what == 7 and agent == "grandchild":
        console.command("revoke", wait="accepted", credential=lease["id"])
        lent[agent] = issue(d, agent=agent, parent=lent["helper"]["id"])
    else:
        d.hook(dice.choice(["UserPromptSubmit", "Stop"]), prompt="go")
    console.close()


def some_bodies(dice):
    most = dice.choice([1, 50, 4000])
    whole = json.dumps({"model": SONNET, "stream": True, "max_tokens": most, "messages": []}).encode()
    return whole if dice.random() < 0.95 else dice.choice([b"{", b"x" * 50000])  # of these no budget knows a price


def nothing_is_left(d, lent):
    """All may spend one unit more: then each has one call alone, which waits only for what still runs."""
    for scope in ("day", "fleet"):
        command(d, "budget", agent="*", scope=scope, limit_microusd=900 * ONE_USD)
    for agent, lease in lent.items():
        command(d, "resume", credential=lease["id"])
        command(d, "budget", agent=agent, limit_microusd=900 * ONE_USD)
    for agent, lease in lent.items():
        wait_for("those that waited", lambda: all(one["waiting"] == 0 for one in leases(d).values()))
        one = agent_of(d, agent)
        most = (one["budget.used_microusd"] if one else 0) + 1
        command(d, "budget", agent=agent, limit_microusd=most)
        body = json.dumps({"model": SONNET, "max_tokens": 4000, "messages": []}).encode()
        c = begin(d, lease, body)
        try:
            check(c.getresponse().status == 200, f"{agent}: refused")
        except TimeoutError:
            told = [e["data"] for e in d.events("agent.state") if e["data"]["gen_ai.agent.id"] == agent]
            check(False, f"seed {SEED}: {agent} waits though nothing runs: {told[-1:]}")
        finally:
            c.close()
        command(d, "budget", agent=agent, limit_microusd=900 * ONE_USD)


def all_of_it_comes_back(folder):
    dice = random.Random(SEED)
    service = Service(dice)
    with with_meter(folder, service, "agent_budget = 50\ntask_budget = 20\nfleet_budget = 900\n") as (d, up):
        d.hook("SessionStart", source="startup")
        lent = {"claude:s1": issue(d), "claude:s2": issue(d, agent="claude:s2")}
        lent["helper"] = issue(d, agent="helper", parent=lent["claude:s1"]["id"])
        lent["grandchild"] = issue(d, agent="grandchild", parent=lent["helper"]["id"])
        for _ in range(ROUNDS):
            calls = [begin(d, dice.choice(list(lent.values())), some_bodies(dice)) for _ in range(dice.randrange(6))]
            one_order(d, dice, lent)
            for c in calls:
                finish(c, dice)
        service.quiet.set()
        nothing_is_left(d, lent)
        check(len(spends(d)) > ROUNDS / 4, f"hardly any call was counted: {len(spends(d))} of {len(up.asked)}")
        by_agent = sum(one.get("spend.bound_microusd", 0) for one in (agent_of(d, a) for a in lent) if one)
        day = [e["data"] for e in d.events("spend.day")][-1]
        check(day.get("spend.bound_microusd", 0) <= by_agent, f"{day} {by_agent}")


if __name__ == "__main__":
    main([all_of_it_comes_back])
