"""What calls through the gateway use: counted to the token, held at a budget, and never counted twice."""
import contextlib
import gzip
import http.client
import json
import os
import time
import zlib

from daemon import DEADLINE, Console, Daemon, check, wait_for
from gateway import BINARY, call, command, issue, leases, main
from upstream import Stream, Upstream, chunk

SEEDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fuzz", "seeds", "usage")
KEY = "sk-real-0123456789-abcdefghijklmnop"
SONNET, CODEX, GPT4O, PRO = "claude-sonnet-4-5-20250929", "gpt-5.1-codex-2025-11-13", "gpt-4o-2024-08-06", "gemini-2.5-pro"
PRICES = f"""[price sonnet]
model = {SONNET}
from = 2025-01-01
input = 10
output = 100
cache_read = 1
cache_write = 20
cache_write_1h = 40
reasoning = 100
source = a test
[price gpt]
model = gpt-*
from = 2025-01-01
input = 10
output = 100
cache_read = 1
cache_write = 1
source = a test
"""
ONE_USD = 1_000_000


class Script:
    """Answers with a transcript: its first line is the dialect and the type of the content."""

    def __init__(self, name):
        self.name = name

    def read(self):
        with open(os.path.join(SEEDS, self.name), "rb") as f:
            head, _, body = f.read().partition(b"\n")
        return head.partition(b" ")[2], body

    def __call__(self, asked, out, status=200):
        kind, body = self.read()
        out.write(b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % (status, kind or b"text/plain"))
        for at in range(0, len(body), 700):
            out.write(chunk(body[at:at + 700]))
        out.write(b"0\r\n\r\n")


def said(text, kind=b"application/json"):
    def answer(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(text), text))
    return answer


def used(tokens_in=100, tokens_out=0, model=SONNET):
    return said(json.dumps({"type": "message", "model": model, "stop_reason": "end_turn",
                            "usage": {"input_tokens": tokens_in, "output_tokens": tokens_out}}).encode())


@contextlib.contextmanager
def with_meter(folder, answer=None, serve="", prices=PRICES, **more):
    up = Upstream(answer)
    key_file = os.path.join(folder, "key")
    with open(os.open(key_file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as f:
        f.write(KEY + "\n")
    parts = "".join(f"[upstream {name}]\nurl = {up.url}\ndialect = {dialect}\nsecret_file = {key_file}\n" for name, dialect in
                    [("work", "anthropic"), ("oai", "openai"), ("goo", "gemini"), ("any", "http")])
    d = Daemon(BINARY, config=f"gateway_port = 0\n{serve}{parts}", prices=prices, **more)
    try:
        yield d, up
    finally:
        d.close()
        up.close()


def spends(daemon, source="gateway"):
    return [e["data"] for e in daemon.events("spend.recorded") if e["data"].get("spend.source") == source]


def signals(daemon, words):
    return [e["data"] for e in daemon.events("signal.raised") if words in e["data"]["signal.title"]]


def spent(daemon, count, source="gateway"):
    return wait_for(f"{count} events of spend", lambda: (s := spends(daemon, source)) and len(s) >= count and s)


def agent_of(daemon, name="claude:s1"):
    for line in daemon.run("spend", "--json").stdout.splitlines():
        one = json.loads(line)
        if one.get("gen_ai.agent.id") == name:
            return one
    return None


def state_of(daemon, name="claude:s1"):
    found = [e["data"] for e in daemon.events("agent.state") if e["data"]["gen_ai.agent.id"] == name]
    return (found[-1]["agent.state"], found[-1].get("reason", "")) if found else None


def shows(daemon, state):
    wait_for(f"the state {state}", lambda: state_of(daemon) == state)


def begin(daemon, lease, body=b'{"model":"m","messages":[]}'):
    """A call whose answer is not waited for."""
    c = http.client.HTTPConnection("127.0.0.1", daemon.gateway, timeout=DEADLINE)
    c.request("POST", f"/u/{lease['upstream']}/v1/messages", body, {"x-api-key": lease["token"]})
    return c


def nothing_comes(connection, seconds=0.3):
    connection.sock.settimeout(seconds)
    try:
        check(not connection.sock.recv(1), "the client saw something")
    except TimeoutError:
        pass
    connection.sock.settimeout(DEADLINE)


# ---- counted

PATHS = {"work": "/v1/messages", "chat": "/v1/chat/completions", "oai": "/v1/responses",
         "goo": "/v1beta/models/gemini-2.5-pro:generateContent"}
# transcript, upstream, path; input, output, read from a cache, written to one, reasoning: as the event tells them
TOLD = [
    ("anthropic-stream", "work", "work", 4200, 50, 3000, 200, 0, SONNET),
    ("anthropic-stream-thinking", "work", "work", 4200, 250, 3000, 200, 200, SONNET),
    ("anthropic-plain", "work", "work", 4200, 50, 3000, 200, 0, SONNET),
    ("anthropic-plain-tools", "work", "work", 2095, 503, 0, 0, 100, SONNET),
    ("responses-stream", "oai", "oai", 1000, 50, 300, 0, 7, CODEX),
    ("responses-plain", "oai", "oai", 1000, 50, 300, 0, 7, CODEX),
    ("chat-stream", "oai", "chat", 1000, 50, 300, 0, 7, GPT4O),
    ("chat-plain", "oai", "chat", 1000, 50, 300, 0, 7, GPT4O),
    ("gemini-stream", "goo", "goo", 1000, 57, 300, 0, 7, PRO),
    ("gemini-list", "goo", "goo", 1000, 57, 300, 0, 7, PRO),
    ("gemini-plain", "goo", "goo", 1000, 57, 300, 0, 7, PRO),
]
FIELDS = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens",
          "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.reasoning_tokens")
COST = {SONNET: (10, 100, 1, 20), CODEX: (10, 100, 1, 1), GPT4O: (10, 100, 1, 1)}


def each_dialect_is_counted_to_the_token(folder):
    script = [None]
    with with_meter(folder, lambda asked, out: script[0](asked, out)) as (d, up):
        d.hook("SessionStart", source="startup")
        held = {name: issue(d, name) for name in ("work", "oai", "goo")}
        for i, (name, upstream, path, *tokens, model) in enumerate(TOLD):
            script[0] = Script(name)
            status, body, _ = call(d, held[upstream], path=PATHS[path])
            check(status == 200 and body == script[0].read()[1], f"{name}: the answer was changed")
            got = spent(d, i + 1)[i]
            check([got.get(f, 0) for f in FIELDS] == tokens, f"{name}: {got}")
            check(got["gen_ai.request.model"] == model and got["credential.issuer"] == upstream, f"{name}: {got}")
            check(got["credential.id"] == held[upstream]["id"] and "spend.untold" not in got, f"{name}: {got}")
            if model in COST:
                whole, out, read, write = tokens[0], tokens[1], tokens[2], tokens[3]
                a, b, c, e = COST[model]
                hour = 50 if write else 0  # of the transcripts
                want = (whole - read - write) * a + out * b + read * c + (write + hour * (model == SONNET)) * e
                check(got["cost.microusd"] == want, f"{name}: {got['cost.microusd']}, not {want}")
            else:
                check("cost.microusd" not in got, f"{name} has a price that nobody gave: {got}")
        sums = {s["provider"]: s for s in map(json.loads, d.run("spend", "--by", "provider", "--json").stdout.splitlines())}
        check(list(sums) == ["gcp.gemini"] and sums["gcp.gemini"]["gen_ai.usage.output_tokens"] == sum(t[4] for t in TOLD), f"{sums}")
        check(d.run("spend", "--by", "nonsense").returncode == 2 and "agents" in d.run("spend", "--by", "operator").stdout, "by what")
        total = agent_of(d)
        check(total["gen_ai.usage.input_tokens"] == sum(t[3] for t in TOLD), f"{total}")
        check(total["cost.unpriced"] is True and total["gen_ai.usage.output_tokens"] == sum(t[4] for t in TOLD), f"{total}")


def what_is_no_answer_is_not_counted(folder):
    with with_meter(folder, used()) as (d, up):
        lease, other = issue(d), issue(d, "any")
        call(d, lease, path="/v1/messages/count_tokens")
        call(d, lease, "GET", "/v1/messages", None)
        call(d, other)
        call(d, lease, path="/v1/messages")
        spent(d, 1)
        check(len(spends(d)) == 1, f"{spends(d)}")
        check(not signals(d, "not counted"), "an alarm for what costs nothing")
        for _ in range(2):
            call(d, lease, path="/v1/messages/batches?key=sk-ant-api03-" + "a" * 40)
        wait_for("the alarm", lambda: signals(d, "/v1/messages/batches"))
        call(d, lease, method="PATCH", path="/v1/messages")
        check(len(spent(d, 2)) == 2 and len(signals(d, "not counted")) == 1, f"{signals(d, 'not counted')}")
        check("a" * 20 not in str(d.events()), "a secret stands in the alarm")


def nobody_leaves_out_what_is_counted(folder):
    """Google's services tell of an answer only what a mask names, and take another request out of a query."""
    masks = ["fields=candidates", "%24fields=candidates", "$fie%6cds=x", "FIELDS=x", "$httpMethod=POST", "$req=%7B%7D", "$httpHeaders=a", "$ct=b"]
    with with_meter(folder, Script("gemini-plain")) as (d, up):
        lease, plain = issue(d, "goo"), issue(d, "any")
        for mask in masks:
            call(d, lease, path=f"{PATHS['goo']}?{mask}&alt=json", headers={"X-Goog-FieldMask": "candidates"})
            check(up.asked[-1].target.endswith(":generateContent?alt=json"), f"{mask} went along: {up.asked[-1].target}")
            check("x-goog-fieldmask" not in dict(up.asked[-1].fields), f"{up.asked[-1].fields}")
        call(d, lease, path=f"{PATHS['goo']}?fields2=a&$field=b&ct=c")
        check(up.asked[-1].target.endswith("?fields2=a&$field=b&ct=c"), f"{up.asked[-1].target}")
        call(d, plain, path="/a?fields=b", headers={"X-Goog-FieldMask": "b"})  # what is not counted may be masked
        check(up.asked[-1].target == "/a?fields=b" and "x-goog-fieldmask" in dict(up.asked[-1].fields), f"{up.asked[-1]}")


def zipped_answers_are_counted_too(folder):
    text = json.dumps({"type": "message", "model": SONNET, "stop_reason": "end_turn", "content": "x" * 100000,
                       "usage": {"input_tokens": 700, "output_tokens": 3}}).encode()
    events = (b'event: message_start\ndata: {"type":"message_start","message":{"model":"%s","usage":{"input_tokens":700,'
              b'"output_tokens":1}}}\n\n' % SONNET.encode() + b"event: ping\ndata: {}\n\n" * 500 +
              b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}\n\n'
              b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    raw_deflate = zlib.compressobj(wbits=-15)
    bomb = zlib.compress(b"x" * (200 << 20))
    cases = [("gzip", gzip.compress(text), True), ("GZip", gzip.compress(text[:50]) + gzip.compress(text[50:]), True),
             ("deflate", zlib.compress(text), True), ("identity", text, True),
             ("br", b"\x8b\x00", False), ("gzip", text, False), ("gzip, gzip", gzip.compress(gzip.compress(text)), False),
             ("deflate", raw_deflate.compress(text) + raw_deflate.flush(), False), ("gzip", bomb, False),
             ("gzip", gzip.compress(text)[:60], False)]
    now = {}

    def answer(asked, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Encoding: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
                  % (now["kind"], now["coding"].encode()))
        for at in range(0, len(now["body"]), now["step"]):
            out.write(chunk(now["body"][at:at + now["step"]]))
        out.write(b"0\r\n\r\n")
    with with_meter(folder, answer) as (d, up):
        lease = issue(d)
        count = 0
        for kind, plain in [(b"application/json", text), (b"text/event-stream", events)]:
            for coding, body, told in cases + ([("gzip", gzip.compress(events), True)] if kind != b"application/json" else []):
                if kind != b"application/json" and told:
                    body = gzip.compress(events) if coding != "identity" else events
                    coding = "gzip" if coding != "identity" else coding
                for step in (65536, 7) if len(body) < 10000 else (65536,):
                    now.update(kind=kind, coding=coding, body=body, step=step)
                    try:
                        status, got, r = call(d, lease, body=b'{"model":"m"}')
                    except http.client.HTTPException:
                        status, got = 0, b""
                    readable = told or len(body) == 60  # of it nothing is wrong but that it ends
                    check(status == (200 if readable else 502 if coding in ("br", "gzip, gzip") else 0), f"{coding} {step}: {status} {got[:100]}")
                    check(not readable or (got == body and r.getheader("Content-Encoding") == coding), f"{coding}: not as it came")
                    count += 1
                    one = spent(d, count)[-1]
                    if told:
                        check(one.get(FIELDS[0]) == 700 and one.get(FIELDS[1]) == 3 and "spend.untold" not in one, f"{coding} {step}: {one}")
                    else:
                        check(one["spend.untold"] == 1 and not any(f in one for f in FIELDS), f"{coding} {step} {body[:20]}: {one}")
        check(len(signals(d, "in a coding that was not asked for")) == 1, f"{d.events('signal.raised')}")


def what_was_not_told_is_said_so(folder):
    script = [None]
    with with_meter(folder, lambda asked, out: script[0](asked, out), "agent_budget = 100\n") as (d, up):
        work, oai = issue(d), issue(d, "oai")
        cases = [("chat-stream-untold", oai, "chat", 0), ("responses-plain-queued", oai, "oai", 0), ("odd-gzip", work, "work", 0)]
        for i, (name, lease, path, _) in enumerate(cases):
            script[0] = Script(name)
            call(d, lease, path=PATHS[path])
            got = spent(d, i + 1)[i]
            check(got["spend.untold"] == 1 and not any(f in got for f in FIELDS), f"{name}: {got}")
            check("cost.microusd" not in got, f"{name}: nothing became zero: {got}")
        check(agent_of(d)["spend.untold"] == 3, f"{agent_of(d)}")
        script[0] = Script("anthropic-plain-error")
        call(d, work)
        script[0] = lambda asked, out: Script("anthropic-plain")(asked, out, 400)
        call(d, work)
        script[0] = used()
        call(d, work)
        check(len(spent(d, 4)) == 4, "an error counted as an answer")


def a_cut_stream_counts_what_it_told(folder):
    with open(os.path.join(SEEDS, "anthropic-stream-cut"), "rb") as f:
        first = f.read().partition(b"\n")[2]
    stream = Stream(first=first)
    with with_meter(folder, stream) as (d, up):
        lease = issue(d)
        c, r = call(d, lease, read=False)
        check(b"message_start" in r.read(200), "the first piece")
        check(not spends(d), "it is not over")
        done = command(d, "revoke", credential=lease["id"])
        check(done["state"] == "confirmed", f"{done}")
        got = spent(d, 1)[0]
        check([got.get(f, 0) for f in FIELDS[:4]] == [4200, 1, 3000, 200] and got["spend.untold"] == 1, f"{got}")
        c.close()
        lease = issue(d)
        c, r = call(d, lease, read=False)
        r.read(100)
        r.close(), c.close()  # the client goes away

        def counted():
            stream.pieces.put(b": \n\n")
            return len(spends(d)) > 1
        wait_for("what the client left", counted)
        stream.pieces.put(None)
        stream.pieces.put(None)


def lies_are_an_alarm_and_not_added(folder):
    for text in (b'{"type":"message","model":"m","usage":{"input_tokens":-5,"output_tokens":3}}',
                 b'{"type":"message","model":"m","usage":{"input_tokens":99999999999999999999,"output_tokens":3}}',
                 b'{"type":"message","model":"m","usage":{"input_tokens":5,"output_tokens":3,"output_tokens":4}}',
                 b'{"type":"message","model":"m","usage":{"input_tokens":1.5,"output_tokens":3}}'):
        with with_meter(folder, said(text)) as (d, up):
            check(call(d, issue(d))[1] == text, "the answer was changed")
            got = spent(d, 1)[0]
            check(got["spend.untold"] == 1 and not any(f in got for f in FIELDS), f"{text}: {got}")
            told = wait_for("the alarm", lambda: signals(d, "cannot be, and is not counted"))
            check(len(told) == 1 and "work" in told[0]["signal.title"], f"{text}: {told}")
            check(told[0]["gen_ai.agent.id"] == "claude:s1" and told[0]["signal.severity"] == "high", f"{told}")


# ---- beside

def api_request(tokens, microusd, session="s1", agent=None):
    values = [("event.name", "api_request"), ("session.id", session), ("model", SONNET), ("input_tokens", str(tokens)),
              ("output_tokens", "0"), ("cost_usd_micros", str(microusd))] + ([("agent_id", agent)] if agent else [])
    record = {"timeUnixNano": str(time.time_ns()),
              "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in values]}
    return {"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]},
                              "scopeLogs": [{"logRecords": [record]}]}]}


def its_own_telemetry_stands_beside(folder):
    with with_meter(folder, used(100)) as (d, up):
        d.hook("SessionStart", source="startup")
        d.hook("SessionStart", session="s2", source="startup")
        d.post("/v1/logs", api_request(70, 700))
        call(d, issue(d))
        spent(d, 1)
        d.post("/v1/logs", api_request(100, 1000))
        d.post("/v1/logs", api_request(5, 50, session="s2"))
        got = agent_of(d)
        check(got["gen_ai.usage.input_tokens"] == 170 and got["cost.microusd"] == 1700, f"it was added: {got}")
        check(got["beside.tokens_in"] == 100 and got["beside.cost_microusd"] == 1000, f"it is not beside: {got}")
        check(agent_of(d, "claude:s2")["gen_ai.usage.input_tokens"] == 5, "an agent without a lease is counted as before")
        day = [f for f in Console(d).events if f["type"].endswith("spend.day")]
        check(day[-1]["data"]["cost.microusd"] == 1750, f"{day}")
        d.terminate()
        d.start()
        d.post("/v1/logs", api_request(100, 1000))
        got = agent_of(d)
        check(got["gen_ai.usage.input_tokens"] == 170 and got["beside.tokens_in"] == 200, f"after a restart: {got}")
        check(not signals(d, "another key"), "an alarm for what came through the gateway")
        d.post("/v1/logs", api_request(50000, 500000))
        d.post("/v1/logs", api_request(50000, 500000))
        check(len(signals(d, "another key")) == 1, "tokens that came another way, and nobody says so")
        check(agent_of(d)["gen_ai.usage.input_tokens"] == 170, "they were added")


# ---- budgets

def at_its_budget_the_next_call_waits(folder):
    with with_meter(folder, used(1000), "agent_budget = 0.02\n") as (d, up):
        d.hook("SessionStart", source="startup")
        d.hook("UserPromptSubmit", prompt="go")
        lease = issue(d)
        call(d, lease)
        spent(d, 1)
        check(not signals(d, "budget"), "too early")
        call(d, lease)
        wait_for("the alarm", lambda: len(signals(d, "its budget of $0.02 is used up")) == 1)
        c = begin(d, lease)
        wait_for("a call that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        shows(d, ("paused", "held: over its budget of $0.02"))
        nothing_comes(c)
        check(len(up.asked) == 2, "it went through")
        for bad in ({"agent": "nobody", "limit_microusd": ONE_USD}, {"agent": "claude:s1"}, {"agent": "*", "limit_microusd": 1}):
            check(command(d, "budget", **bad)["state"] == "refused", f"{bad}")
        low = command(d, "budget", agent="claude:s1", limit_microusd=15000)
        check(low["state"] == "confirmed" and "; 0 waited" in low["by"] and "waits" in low["by"], f"{low}")
        nothing_comes(c)
        done = command(d, "budget", agent="claude:s1", limit_microusd=100000)
        check(done["state"] == "confirmed" and "$0.02 of $0.10 used; 1 waited" in done["by"], f"{done}")
        check(c.getresponse().status == 200, "it did not go on")
        c.close()
        spent(d, 3)
        wait_for("that it runs", lambda: state_of(d)[0] == "running")
        check(agent_of(d)["budget.limit_microusd"] == 100000 and agent_of(d)["budget.used_microusd"] == 30000, f"{agent_of(d)}")
        for _ in range(5):
            call(d, lease)
        spent(d, 8)
        wait_for("the alarm", lambda: signals(d, "80 % of its budget of $0.10"))
        call(d, lease)
        spent(d, 9)
        check(len(signals(d, "80 % of its budget of $0.10")) == 1, f"{signals(d, '80')}")


def what_is_used_is_said_in_cents(folder):
    with with_meter(folder, used(643599)) as (d, up):
        lease = issue(d)
        call(d, lease)
        spent(d, 1)
        for limit, words in ((50000000, "$6.43 of $50.00 used"), (6436000, "$6.43 of $6.436 used")):
            done = command(d, "budget", agent="claude:s1", limit_microusd=limit)
            check(done["by"].startswith(words), f"{done}")


def why_one_waits_is_always_said(folder):
    """What holds it changes, its operator pauses and resumes it, a prompt comes: the state says what it waits for now."""
    fleet = ("paused", "held: the budget of all agents, $0.02, is used up")
    with with_meter(folder, used(1000), "agent_budget = 0.01\nfleet_budget = 0.02\n") as (d, up):
        d.hook("SessionStart", source="startup")
        d.hook("UserPromptSubmit", prompt="go")
        lease = issue(d)
        child = issue(d, agent="someone-else", parent=lease["id"])
        call(d, lease), call(d, issue(d, agent="claude:s3"))
        spent(d, 2)
        c, helper = begin(d, lease), begin(d, child)
        shows(d, ("paused", "held: over its budget of $0.01"))
        wait_for("the helper's", lambda: state_of(d, "someone-else"))
        command(d, "budget", agent="someone-else", limit_microusd=5 * ONE_USD)
        check(state_of(d, "someone-else") == ("paused", "held: the budget of all agents, $0.02, is used up"), f"{state_of(d, 'someone-else')}")
        command(d, "budget", agent="*", scope="fleet", limit_microusd=9 * ONE_USD)
        wait_for("whose budget", lambda: state_of(d, "someone-else") == (
            "paused", "held: its lease comes of claude:s1, which is held: over its budget of $0.01"))
        command(d, "budget", agent="*", scope="fleet", limit_microusd=20000)
        command(d, "budget", agent="claude:s1", limit_microusd=ONE_USD)
        shows(d, fleet)
        Console(d).command("pause", wait="accepted", agent="claude:s1")
        wait_for("the pause", lambda: "paused by the operator" in state_of(d)[1])
        Console(d).command("resume", wait="accepted", agent="claude:s1")
        shows(d, fleet)
        d.hook("UserPromptSubmit", prompt="and on")
        shows(d, fleet)
        late = begin(d, lease)
        wait_for("two that wait", lambda: leases(d)[lease["id"]]["waiting"] == 3)
        c.close()
        wait_for("one of them", lambda: leases(d)[lease["id"]]["waiting"] == 2)
        check(state_of(d) == fleet, f"{state_of(d)}")
        command(d, "budget", agent="*", scope="fleet", limit_microusd=ONE_USD)
        check(late.getresponse().status == 200 and helper.getresponse().status == 200, "they did not go on")
        wait_for("that it runs", lambda: state_of(d)[0] == "running")
        late.close(), helper.close()


def who_waits_can_be_refused(folder):
    with with_meter(folder, used(1000), "agent_budget = 0.01\n") as (d, up):
        d.hook("SessionStart", source="startup")
        lease = issue(d)
        call(d, lease)
        spent(d, 1)
        c = begin(d, lease)
        wait_for("a call that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        command(d, "pause", credential=lease["id"], scope="choke")
        check(c.getresponse().status == 429, "choked")
        c.close()
        command(d, "resume", credential=lease["id"])
        c = begin(d, lease)
        wait_for("a call that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        Console(d).command("stop", wait="accepted", agent="claude:s1")
        check(c.getresponse().status == 403, "stopped")
        c.close()
        check(len(up.asked) == 1, "something went through")
        wait_for("that it is not shown as held", lambda: "held" not in state_of(d)[1])


def what_was_spent_counts_after_a_restart(folder):
    with with_meter(folder, used(1000), "agent_budget = 0.02\n") as (d, up):
        lease = issue(d)
        call(d, lease)
        call(d, lease)
        spent(d, 2)
        command(d, "budget", agent="claude:s1", limit_microusd=30000)
        d.kill()
        d.start()
        d.gateway = None
        lease2 = issue(d, "oai", agent="claude:s9")  # tells the port
        check(call(d, lease)[0] == 200, "the raised budget was forgotten")
        spent(d, 3)
        c = begin(d, lease)
        wait_for("a call that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        shows(d, ("paused", "held: over its budget of $0.03"))
        check(call(d, lease2, path="/v1/responses")[0] == 200, "another agent waits with it")
        c.close()
        wait_for("that nobody waits", lambda: leases(d)[lease["id"]]["waiting"] == 0)
        wait_for("that it is not shown as held", lambda: state_of(d)[1] == "no call of it waits for a budget any more")


def tokens_are_held_without_a_price(folder):
    with with_meter(folder, used(600, 500, "unpriced-1"), "agent_budget = 5\nagent_tokens = 1000\n", prices="") as (d, up):
        lease = issue(d)
        call(d, lease)
        spent(d, 1)
        c = begin(d, lease)
        wait_for("a call that waits", lambda: leases(d)[lease["id"]]["waiting"] == 1)
        shows(d, ("paused", "held: over its budget of 1000 tokens"))
        done = command(d, "budget", agent="claude:s1", limit_microusd=ONE_USD * 9)
        check(done["state"] == "confirmed" and "waits" in done["by"], f"USD cannot raise what is in tokens: {done}")
        check(command(d, "budget", agent="claude:s1", limit_tokens=5000)["state"] == "confirmed", "")
        check(c.getresponse().status == 200, "it did not go on")
        c.close()
    with with_meter(folder, used(600, 500, "unpriced-1"), "agent_budget = 5\n", prices="") as (d, up):
        lease = issue(d)
        call(d, lease)
        call(d, lease)
        spent(d, 2)
        wait_for("that the budget holds nothing is said", lambda: signals(d, "without a price"))
        call(d, lease)
        spent(d, 3)
        check(len(signals(d, "without a price")) == 1, "said again and again")


def the_day_and_the_fleet_have_budgets(folder):
    for option, scope, words in (("daily_budget", "day", "the day's budget of all agents, $0.02, is used up"),
                                 ("fleet_budget", "fleet", "the budget of all agents, $0.02, is used up")):
        with with_meter(folder, used(1000), f"{option} = 0.02\n") as (d, up):
            one, two = issue(d, agent="claude:s1"), issue(d, agent="claude:s2")
            call(d, one)
            call(d, two)
            spent(d, 2)
            wait_for("the alarm", lambda: len(signals(d, "the agents have spent")) == 1)
            d.kill()
            d.start()
            issue(d, agent="claude:s3")
            c = begin(d, one)
            wait_for("a call that waits", lambda: leases(d)[one["id"]]["waiting"] == 1)
            shows(d, ("paused", "held: " + words))
            done = command(d, "budget", agent="*", scope=scope, limit_microusd=50000)
            check(done["state"] == "confirmed" and "; 1 waited" in done["by"], f"{done}")
            check(c.getresponse().status == 200, "it did not go on")
            c.close()
            d.kill()
            d.start()
            issue(d, agent="claude:s4")
            check(call(d, two)[0] == 200, "the raised budget was forgotten")


def waits(daemon, lease):
    c = begin(daemon, lease)
    wait_for("a call that waits", lambda: leases(daemon)[lease["id"]]["waiting"] == 1)
    c.close()
    wait_for("that nobody waits", lambda: leases(daemon)[lease["id"]]["waiting"] == 0)


def a_day_keeps_its_sum_however_the_clock_jumps(folder):
    with with_meter(folder, used(1000), "daily_budget = 0.02\n", shim=True) as (d, up):
        lease = issue(d)
        for _ in range(2):
            call(d, lease)
        spent(d, 2)
        waits(d, lease)
        d.shim.say("clock", 86400)
        check(call(d, lease)[0] == 200, "a new day has no money of its own")
        spent(d, 3)
        d.shim.say("clock", 0)
        waits(d, lease)
        d.shim.say("clock", 86400)
        check(call(d, lease)[0] == 200, "the day that has money left")
        spent(d, 4)
        d.kill()
        d.start()
        issue(d, agent="claude:s9")  # tells the port
        waits(d, lease)
        d.shim.say("clock", 0)
        waits(d, lease)


def a_limit_of_a_day_is_told_again_on_that_day_only(folder):
    config = "journal_keep_days = 2\ndaily_budget = 0.01\n"
    with with_meter(folder, used(1000), config, shim=True) as (d, up):
        lease = issue(d)
        check(command(d, "budget", agent="*", scope="day", limit_microusd=ONE_USD)["state"] == "confirmed", "")
        for day in range(1, 6):
            d.shim.say("clock", day * 86400 + 60)
            d.hook("UserPromptSubmit", session="other", prompt=f"day {day}")
            d.hook("UserPromptSubmit", session="other", prompt=f"day {day} again")
        for _ in range(2):
            check(d.terminate() == 0, "exit code")
            d.start()
            wait_for("the drop", lambda: d.records()[0]["n"] > 1)
        told = [e["data"] for e in d.events("spend.day") if e["data"].get("approval.scope")]
        check(not told, f"a limit of another day is told as an operator's: {told}")
        lease = issue(d, agent="claude:s4")
        call(d, lease)
        spent(d, 1)
        c = begin(d, lease)
        wait_for("why", lambda: (state_of(d, "claude:s4") or ("", ""))[1] == "held: the day's budget of all agents, $0.01, is used up")
        c.close()


def helpers_pay_from_the_same_purse(folder):
    with with_meter(folder, used(1000), "agent_budget = 0.02\n") as (d, up):
        lease = issue(d)
        child = issue(d, agent="someone-else", parent=lease["id"])
        call(d, child)
        call(d, lease)
        spent(d, 2)
        for one in (lease, child):
            c = begin(d, one)
            wait_for("a call that waits", lambda one=one: leases(d)[one["id"]]["waiting"] >= 1)
            c.close()
            wait_for("that nobody waits", lambda one=one: leases(d)[one["id"]]["waiting"] == 0)
        d.kill()
        d.start()
        issue(d, agent="claude:s4")
        c = begin(d, lease)
        wait_for("a call that waits after a restart", lambda: leases(d)[lease["id"]]["waiting"] >= 1)
        c.close()


def what_others_used_counts_over_two_starts(folder):
    """Without a budget at the time: one that is set later knows of it."""
    with with_meter(folder, used(1000)) as (d, up):
        lease = issue(d)
        child = issue(d, agent="someone-else", parent=lease["id"])
        call(d, child), call(d, child)
        spent(d, 2)
        for own in (3, 4):
            d.kill()
            d.start()
            issue(d, agent="claude:s9")  # tells the port
            call(d, lease)
            spent(d, own)
        d.kill()
        d.start()
        done = command(d, "budget", agent="claude:s1", limit_microusd=35000)
        check(done["by"].startswith("$0.04 of $0.035 used"), f"{done}")


def what_is_dropped_of_the_record_takes_no_budget_away(folder):
    dropped(folder, "0.01", [{"agent": "*", "scope": "fleet", "limit_microusd": 70000}])
    dropped(folder, "0.07", [])


def dropped(folder, fleet_budget, raised):
    config = f"journal_keep_days = 2\nagent_budget = 0.02\nfleet_budget = {fleet_budget}\n"
    with with_meter(folder, used(1000), config, shim=True) as (d, up):
        lease = issue(d)
        child = issue(d, agent="someone-else", parent=lease["id"])
        for limit in (*raised, {"agent": "claude:s1", "limit_microusd": 40000}):
            done = command(d, "budget", **limit)
            check(done["state"] == "confirmed", f"{limit}: {done}")
        d.hook("SessionStart", source="startup")
        for one in (lease, child, lease):
            call(d, one)
        spent(d, 3)
        for day in range(1, 6):
            d.shim.say("clock", day * 86400 + 60)
            d.hook("UserPromptSubmit", session="other", prompt=f"day {day}")
            d.hook("UserPromptSubmit", session="other", prompt=f"day {day} again")
        for _ in range(2):
            check(d.terminate() == 0, "exit code")
            d.start()
            wait_for("the drop", lambda: d.records()[0]["n"] > 1)
        issue(d, agent="claude:s4")
        d.post("/v1/logs", api_request(100, 1000))
        check(agent_of(d)["beside.tokens_in"] == 100, "that the gateway counts it was dropped")
        check(call(d, lease)[0] == 200, "the raised budget was dropped")
        wait_for("its spend", lambda: agent_of(d)["budget.used_microusd"] == 40000)
        c = begin(d, lease)
        shows(d, ("paused", "held: over its budget of $0.04"))
        check(command(d, "budget", agent="claude:s1", limit_microusd=ONE_USD)["state"] == "confirmed", "")
        check(c.getresponse().status == 200, "it did not go on")
        c.close()
        wait_for("its spend", lambda: agent_of(d)["budget.used_microusd"] == 50000)
        for _ in range(2):
            call(d, lease)
        wait_for("its spend", lambda: agent_of(d)["budget.used_microusd"] == 70000)
        c = begin(d, lease)
        shows(d, ("paused", "held: the budget of all agents, $0.07, is used up"))
        c.close()


# ---- loops

def ask_body(step):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "do it"},
                                                  {"role": "assistant", "content": [{"type": "tool_use", "id": f"t{time.time_ns()}",
                                                                                     "name": "Bash", "input": {"command": step}}]},
                                                  {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t",
                                                                                "content": "no"}]}]}).encode()


def the_same_call_again_and_again_is_an_alarm(folder):
    with with_meter(folder, used(1), "loop_calls = 4\n") as (d, up):
        lease = issue(d)
        for i in range(12):
            call(d, lease, body=ask_body(f"step {i // 3}"))
        spent(d, 12)
        check(not signals(d, "again and again"), "three of each are no loop")
        for _ in range(9):
            call(d, lease, body=ask_body("make"))
        spent(d, 21)
        told = signals(d, "again and again")
        check(len(told) == 1 and "4 times in a row" in told[0]["signal.title"], f"{told}")
        check(told[0]["gen_ai.agent.id"] == "claude:s1", f"{told}")
        call(d, lease, body=ask_body("another"))
        for _ in range(4):
            call(d, lease, body=ask_body("make"))
        spent(d, 26)
        check(len(signals(d, "again and again")) == 2, "a second loop")


if __name__ == "__main__":
    main([nobody_leaves_out_what_is_counted, zipped_answers_are_counted_too, each_dialect_is_counted_to_the_token, what_is_no_answer_is_not_counted, what_was_not_told_is_said_so,
          a_cut_stream_counts_what_it_told, lies_are_an_alarm_and_not_added, its_own_telemetry_stands_beside,
          at_its_budget_the_next_call_waits, why_one_waits_is_always_said, what_is_used_is_said_in_cents, who_waits_can_be_refused, what_was_spent_counts_after_a_restart,
          a_day_keeps_its_sum_however_the_clock_jumps, a_limit_of_a_day_is_told_again_on_that_day_only,
          tokens_are_held_without_a_price, the_day_and_the_fleet_have_budgets, helpers_pay_from_the_same_purse, what_others_used_counts_over_two_starts,
          what_is_dropped_of_the_record_takes_no_budget_away,
          the_same_call_again_and_again_is_an_alarm])
