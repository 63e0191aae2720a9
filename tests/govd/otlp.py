"""Telemetry over the real door: what counts, once, for whom; and what is answered to the rest."""
import contextlib
import gzip
import http.client
import json
import os
import re
import socket
import subprocess
import time

from daemon import Console, Daemon, Failed, Held, check, run, verdict, wait_for, with_daemon

PRICES = """
[price flash]
model = gemini-2.5-flash*
from = 2020-01-01
input = 0.30
output = 2.50
cache_read = 0.03
source = a test
"""


# ---- how exporters write

def value(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": v}
    return {"doubleValue": v} if isinstance(v, float) else {"stringValue": v}


def attributes(**pairs):
    return [{"key": k.replace("__", "."), "value": value(v)} for k, v in pairs.items()]


def resource(**pairs):
    return {"attributes": attributes(**pairs)}


def record(name, session="s1", time_ns=None, **pairs):
    out = {"attributes": attributes(event__name=name, session__id=session, **pairs)}
    if time_ns is not None:
        out["timeUnixNano"] = str(time_ns)
    return out


def logs(*records, **of):
    return {"resourceLogs": [{"resource": resource(**of), "scopeLogs": [{"logRecords": list(records)}]}]}


def spans(*all_of_them, **of):
    return {"resourceSpans": [{"resource": resource(**of), "scopeSpans": [{"spans": list(all_of_them)}]}]}


def metric(name, temporality, *points, kind="sum", **of):
    data = {"aggregationTemporality": temporality, "isMonotonic": True, "dataPoints": list(points)}
    return {"resourceMetrics": [{"resource": resource(**of), "scopeMetrics": [
        {"metrics": [{"name": name, kind: data}]}]}]}


def point(start, at, n, kind="input", member="asInt", **pairs):
    return {"attributes": attributes(type=kind, **pairs), "startTimeUnixNano": str(start), "timeUnixNano": str(at),
            member: n}


NOW = time.time_ns


# ---- what came of it

def send(daemon, body, path="/v1/logs", status=200):
    got, answer = daemon.post(path, body)
    check(got == status, f"{path}: HTTP {got} {answer!r}")
    return json.loads(answer)


def rejected(answer):
    partial = answer.get("partialSuccess", {})
    return sum(int(v) for k, v in partial.items() if k.startswith("rejected"))


def agent(daemon, name="claude:s1"):
    found = [a for a in daemon.status()["agents"] if a["gen_ai.agent.id"] == name]
    return found[0] if found else None


def known(daemon, *sessions):
    for s in sessions or ("s1",):
        daemon.hook("UserPromptSubmit", s, prompt="go")


def signals(daemon, words):
    return [e for e in daemon.events("signal.raised") if words in e["data"]["signal.title"]]


def spends(daemon):
    return [e["data"] for e in daemon.events("spend.recorded")]


def answer_of_model(**more):
    return {"model": "claude-opus-5-5", "input_tokens": 1000, "output_tokens": 50, "cache_read_tokens": 3000,
            "cache_creation_tokens": 200, **more}


# ---- Claude Code

def tokens_and_cost(daemon):
    known(daemon)
    send(daemon, logs(record("api_request", **answer_of_model(cost_usd=0.0066)), service__name="claude-code"))
    a = agent(daemon)
    check(a["cost.microusd"] == 6600, a)
    check(a["gen_ai.usage.input_tokens"] == 4200, "what caches gave and took is input too")
    check(a["cost.estimated"] and not a["cost.unpriced"], a)
    one = spends(daemon)[0]
    check(one["gen_ai.usage.cache_read.input_tokens"] == 3000, one)
    check(one["gen_ai.usage.cache_creation.input_tokens"] == 200, one)


def numbers_in_any_shape(daemon):
    known(daemon)
    for cost in ({"cost_usd_micros": "100"}, {"cost_usd_micros": 100}, {"cost_usd": "0.0001"}, {"cost_usd": 0.0001},
                 {"cost_usd": "1e-4"}):
        send(daemon, logs(record("api_request", input_tokens="10", output_tokens=1.0, **cost)))
    a = agent(daemon)
    check(a["cost.microusd"] == 500, a)
    check((a["gen_ai.usage.input_tokens"], a["gen_ai.usage.output_tokens"]) == (50, 5), a)
    for nonsense in ("-1", "1e99", "many", 9007199254740993, -0.5, ""):
        send(daemon, logs(record("api_request", input_tokens=nonsense, cost_usd_micros=nonsense)))
    a = agent(daemon)
    check((a["cost.microusd"], a["gen_ai.usage.input_tokens"]) == (500, 50), f"nonsense was counted: {a}")


def its_metrics_tell_it_again(daemon):
    known(daemon)
    send(daemon, logs(record("api_request", **answer_of_model(cost_usd_micros=6600)), service__name="claude-code"))
    t = NOW()
    for of in ({"service__name": "claude-code"}, {}):
        send(daemon, metric("claude_code.token.usage", 1, point(t, t + 1, 1000, session__id="s1"), **of), "/v1/metrics")
        send(daemon, metric("x.token.usage", 1, point(t, t + 2, 1000, session__id="s1"), **of), "/v1/metrics")
    call = {"traceId": "a" * 32, "spanId": "b" * 16, "attributes": attributes(
        gen_ai__operation__name="chat", session__id="s1", gen_ai__usage__input_tokens=1000)}
    send(daemon, spans(call), "/v1/traces")
    check(len(spends(daemon)) == 1, f"counted more than once: {spends(daemon)}")


def subagents_apart(daemon):
    known(daemon)
    daemon.hook("SubagentStart", agent_id="h1", agent_type="helper")
    send(daemon, logs(record("api_request", agent_id="h1", cost_usd_micros=7),
                      record("api_request", agent_id="unheard", cost_usd_micros=5)))
    check(agent(daemon, "claude:s1/h1")["cost.microusd"] == 7, "")
    check(agent(daemon)["cost.microusd"] == 5, "a helper that is not known is its parent's")


def a_batch_that_is_sent_again(daemon):
    known(daemon)
    t = NOW()
    batch = logs(record("api_request", time_ns=t, event__sequence=6, cost_usd_micros=10),
                 record("api_request", time_ns=t, event__sequence=7, cost_usd_micros=10))
    for _ in range(3):
        check(rejected(send(daemon, batch)) == 0, "a retry is no fault of the exporter")
    check(agent(daemon)["cost.microusd"] == 20, agent(daemon))
    send(daemon, logs(record("api_request", time_ns=t + 1, event__sequence=6, cost_usd_micros=10)))
    check(agent(daemon)["cost.microusd"] == 30, "a resumed session begins its numbers again")
    for _ in range(2):
        send(daemon, logs(record("api_request", cost_usd_micros=1)))
    check(agent(daemon)["cost.microusd"] == 32, "what nothing tells apart is two")


def strangers(daemon):
    known(daemon)
    for i in range(12):
        got = send(daemon, logs(record("api_request", session=f"x{i}", cost_usd_micros=5)))
        check(rejected(got) == 1 and "supervised" in got["partialSuccess"]["errorMessage"], got)
    send(daemon, logs(record("api_request", session="../s1", cost_usd_micros=5)))
    check(rejected(send(daemon, logs(record("plugin_loaded", session="x")))) == 0, "what is not used is not rejected")
    check(len(daemon.status()["agents"]) == 1, "telemetry made an agent")
    told = signals(daemon, "not supervised here")
    check(len(told) == 2 and all(s["data"]["signal.severity"] == "low" for s in told), f"{len(told)}")


def by_the_name_it_was_started_with(daemon):
    known(daemon, "s1", "s2")
    send(daemon, logs(record("api_request", session="", cost_usd_micros=3), checkrein__agent="claude:s2"))
    check(agent(daemon, "claude:s2")["cost.microusd"] == 3, "")
    send(daemon, logs(record("api_request", session="s1", cost_usd_micros=3), checkrein__agent="claude:s2"))
    check(agent(daemon)["cost.microusd"] == 3, "its own session is the nearer name")
    check(rejected(send(daemon, logs(record("api_request", session="", cost_usd_micros=3), checkrein__agent="x"))) == 1, "")


# ---- Gemini CLI

def gemini(daemon):
    status, answer = daemon.post("/hook/gemini", {"hook_event_name": "BeforeAgent", "session_id": "g1", "cwd": "/srv/g1",
                                                  "transcript_path": "", "timestamp": "2026-11-20T10:00:00.000Z",
                                                  "prompt": "go"})
    check(status == 200, answer)


def gemini_answer(**more):
    return record("gemini_cli.api_response", session="g1", model="gemini-2.5-flash", input_token_count=1000,
                  output_token_count=50, cached_content_token_count=300, thoughts_token_count=7, tool_token_count=0,
                  total_token_count=1057, status_code=200, **more)


@with_daemon(prices=PRICES)
def gemini_tells_tokens_only(daemon):
    gemini(daemon)
    send(daemon, logs(gemini_answer(time_ns=NOW()), service__name="gemini-cli"))
    a = agent(daemon, "gemini:g1")
    check((a["gen_ai.usage.input_tokens"], a["gen_ai.usage.output_tokens"]) == (1000, 57), a)
    check(a["cost.microusd"] == 362 and a["cost.estimated"], a)  # 700 * 0.3 + 300 * 0.03 + 57 * 2.5 = 361.5
    t = NOW()
    for name in ("gemini_cli.token.usage", "gen_ai.client.token.usage"):
        send(daemon, metric(name, 2, point(t, t + 1, 1000, session__id="g1", gen_ai__token__type="input"),
                            service__name="gemini-cli"), "/v1/metrics")
    check(len(spends(daemon)) == 1, "its metrics tell it again")


def gemini_without_prices(daemon):
    gemini(daemon)
    send(daemon, logs(gemini_answer(), service__name="gemini-cli"))
    a = agent(daemon, "gemini:g1")
    check(a["cost.unpriced"] and a["cost.microusd"] == 0, a)


def gemini_gives_up(daemon):
    gemini(daemon)
    for status, retrying in ((503, True), (429, True), (403, False)):
        send(daemon, logs(record("gemini_cli.api_error", session="g1", error="no", status_code=status)))
        check(daemon.events("failure.reported")[-1]["data"]["failure.retrying"] == retrying, f"HTTP {status}")
        check(agent(daemon, "gemini:g1")["retrying"] == (0 if status == 403 else 1 + (status == 429)), f"HTTP {status}")


# ---- any other agent: OpenTelemetry's own words, and the name that it was started with

@contextlib.contextmanager
def started(daemon):
    """An agent of a runtime that nothing is known of; gives its id."""
    env = {**os.environ, "XDG_STATE_HOME": daemon.dir, "XDG_CONFIG_HOME": daemon.dir,
           "XDG_RUNTIME_DIR": daemon.dir + "/run", "DBUS_SESSION_BUS_ADDRESS": ""}
    process = subprocess.Popen([daemon.binary, "run", "--config", daemon.config_file, "--socket", daemon.socket, "--token-file",
                                daemon.token_file, "--name", "own", "--", "sh", "-c", "echo $OTEL_RESOURCE_ATTRIBUTES; exec cat"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    try:
        told = dict(pair.split("=") for pair in process.stdout.readline().decode().strip().split(","))
        wait_for("the agent", lambda: agent(daemon, told["checkrein.agent"]))
        yield told["checkrein.agent"]
    finally:
        process.communicate()


def model_call(i, operation="chat", status=1, **more):
    return {"traceId": "a" * 32, "spanId": f"{i:016x}", "endTimeUnixNano": str(NOW()), "status": {"code": status},
            "attributes": attributes(gen_ai__operation__name=operation, gen_ai__request__model="gemini-2.5-flash-001",
                                     **more)}


@with_daemon(prices=PRICES)
def spans_of_any_agent(daemon):
    with started(daemon) as name:
        of = {"service__name": "own-agent", "checkrein__agent": name}
        usage = {"gen_ai__usage__input_tokens": "1000", "gen_ai__usage__output_tokens": 50,
                 "gen_ai__usage__cache_read__input_tokens": 300}
        batch = spans(model_call(1, **usage), model_call(2, "invoke_agent", **usage), model_call(3, "execute_tool"), **of)
        for _ in range(2):
            check(send(daemon, batch, "/v1/traces") == {}, "")
        a = agent(daemon, name)
        check((a["gen_ai.usage.input_tokens"], a["gen_ai.usage.output_tokens"]) == (1000, 50), a)
        check(a["cost.microusd"] == 344 and a["gen_ai.request.model"] == "gemini-2.5-flash-001", a)
        send(daemon, spans(model_call(4, gen_ai__usage__prompt_tokens=5, gen_ai__usage__completion_tokens=1), **of), "/v1/traces")
        check(agent(daemon, name)["gen_ai.usage.input_tokens"] == 1005, "older names")
        send(daemon, spans(model_call(5, status=2), **of), "/v1/traces")
        check(agent(daemon, name)["retrying"] == 1, agent(daemon, name))
        send(daemon, spans(model_call(6, **usage), **of), "/v1/traces")
        check(agent(daemon, name)["retrying"] == 0, "it answered")
        t = NOW()
        send(daemon, metric("own.token.usage", 1, point(t, t + 1, 9), **of), "/v1/metrics")
        check(agent(daemon, name)["gen_ai.usage.input_tokens"] == 2005, "the other shape tells it again")


def without_a_gate_nothing_went_past_it(daemon):
    with started(daemon) as name:
        of = {"checkrein__agent": name}
        send(daemon, logs(decision("toolu_1"), result("toolu_1"), record("api_request", session="x", cost_usd_micros=5), **of))
        check(not emergencies(daemon), emergencies(daemon))
        check(agent(daemon, name)["cost.microusd"] == 5, "")


def metrics_of_any_agent(daemon):
    with started(daemon) as name:
        of = {"service__name": "own-agent", "checkrein__agent": name}
        t = NOW()
        second = 10**9

        def tell(temporality, *points, metric_name="own.token.usage", **more):
            return send(daemon, metric(metric_name, temporality, *points, **of, **more), "/v1/metrics")

        def tokens():
            a = agent(daemon, name)
            return a["gen_ai.usage.input_tokens"], a["gen_ai.usage.output_tokens"]

        for _ in range(2):  # delta; and the batch sent again
            tell(1, point(t, t + second, "100"), point(t, t + second, 7, "output"), point(t, t + second, 50, "thought"))
        check(tokens() == (100, 7), tokens())
        tell(1, point(t + second, t + 2 * second, 100.0, member="asDouble"))
        check(tokens() == (200, 7), tokens())
        usage = "gen_ai.client.token.usage"
        for at, value in ((1, 1000), (2, 1500), (2, 1500), (3, 1500)):  # cumulative histogram
            p = point(t, t + at * second, value, member="sum", gen_ai__token__type="input")
            tell(2, p, metric_name=usage, kind="histogram")
        check(tokens() == (1700, 7), tokens())
        p = point(t + 4 * second, t + 5 * second, 30, member="sum", gen_ai__token__type="input")
        tell(2, p, metric_name=usage, kind="histogram")
        check(tokens() == (1730, 7), f"it began anew: {tokens()}")
        old = point(t - 3600 * second, t + second, 10**6, model="another")
        tell(2, old)
        check(tokens() == (1730, 7), "what was counted before the daemon was there")
        a = agent(daemon, name)
        check(a["cost.unpriced"] and a["cost.microusd"] == 0, a)
        for bad in (point(t, t + 9 * second, -1), point(t, t + 9 * second, "1.5"), point(t, 0, 5)):
            check(rejected(tell(1, bad)) == 1, bad)
        check(tokens() == (1730, 7), tokens())


# ---- attempts and failures

def attempts_are_no_failures(daemon):
    known(daemon)
    console = Console(daemon)
    send(daemon, logs(record("api_error", error="529 overloaded", status_code=529, attempt=1),
                      record("api_error", error="529 overloaded", status_code="529", attempt="2")))
    for attempt in (1, 2):
        e = console.event("failure.reported", failure__attempt=attempt)["data"]
        check(e["failure.retrying"] and e["failure.class"] == "model", e)
    check(agent(daemon)["agent.state"] == "running", "an attempt is no failure")
    late = Console(daemon)
    check(late.event("failure.reported", failure__attempt=2), "a console that comes later does not know of it")
    send(daemon, logs(record("api_request", cost_usd_micros=1)))
    later = Console(daemon)
    later.event("spend.recorded")
    check(not [e for e in later.events if e["type"].endswith("failure.reported")], "it answered, and retries for ever")


def giving_up_is_a_failure(daemon):
    known(daemon)
    send(daemon, logs(record("api_error", error="400 bad request", status_code=400, attempt=1)))
    daemon.hook("StopFailure", error="invalid_request", last_assistant_message="API Error: 400")
    failures = [e["data"]["failure.retrying"] for e in daemon.events("failure.reported")]
    check(failures == [True, False], failures)
    check(agent(daemon)["agent.state"] == "failed", agent(daemon))


# ---- decisions and results of tools

def ran(daemon, call="toolu_1", **extra):
    held = Held(daemon, tool="Read", call=call, extra=extra, file_path="/x")
    check(verdict(held.answer()) == "allow", "")
    return call


def decision(call, by="config", word="accept", **more):
    return record("tool_decision", time_ns=NOW(), tool_use_id=call, tool_name="Read", source=by, decision=word, **more)


def result(call, success="true", **more):
    return record("tool_result", time_ns=NOW(), tool_use_id=call, tool_name="Read", success=success, duration_ms="46",
                  **more)


def emergencies(daemon):
    return [e["data"]["signal.title"] for e in daemon.events("signal.raised")
            if e["data"]["signal.severity"] == "emergency"]


def what_the_gate_let_through_is_no_alarm(daemon):
    known(daemon)
    daemon.hook("SubagentStart", agent_id="h1", agent_type="helper")
    ran(daemon, "toolu_1")
    ran(daemon, "toolu_2", agent_id="h1", agent_type="helper")
    send(daemon, logs(decision("toolu_1"), decision("toolu_1", "hook"), decision("toolu_2"), decision("toolu_3", "hook"),
                      decision("toolu_4", "config", "reject"), result("toolu_5", "false")))
    check(not emergencies(daemon), emergencies(daemon))


def past_the_gate(daemon):
    known(daemon)
    send(daemon, logs(decision("toolu_9"), result("toolu_9")))
    daemon.hook("PostToolUse", tool_name="Read", tool_use_id="toolu_9", tool_input={}, tool_response={})
    check(len(emergencies(daemon)) == 1, f"once for one call: {emergencies(daemon)}")
    send(daemon, logs(result("toolu_8")))
    check(len(emergencies(daemon)) == 2, emergencies(daemon))
    send(daemon, logs(decision("toolu_7", "user_temporary")))
    check(len(emergencies(daemon)) == 2 and len(signals(daemon, "accepted a call")) == 2, "someone at its own screen")


def before_the_daemon_heard_of_it(daemon):
    known(daemon)
    early = decision("toolu_1")
    early["timeUnixNano"] = str(NOW() - 3600 * 10**9)
    send(daemon, logs(early))
    check(not emergencies(daemon), "of a time that this daemon did not see")


def after_a_restart(daemon):
    known(daemon)
    ran(daemon, "toolu_1")
    daemon.terminate()
    daemon.start()
    known(daemon)
    send(daemon, logs(decision("toolu_1"), result("toolu_1")))
    check(not emergencies(daemon), "the record tells that it was let through")


def the_end_comes_from_telemetry(daemon):
    known(daemon)
    daemon.hook("SubagentStart", agent_id="h1", agent_type="helper")
    ran(daemon, "toolu_1", agent_id="h1", agent_type="helper")
    send(daemon, logs(result("toolu_1", "false", error_type="ShellError")))
    ends = [e["data"] for e in daemon.events("action.finished")]
    check(len(ends) == 1 and ends[0]["action.outcome"] == "failed" and ends[0]["action.duration_ms"] == 46, ends)
    check(ends[0]["gen_ai.agent.id"] == "claude:s1/h1", "whose call it was")
    daemon.hook("PostToolUse", tool_name="Read", tool_use_id="toolu_1", tool_input={"file_path": "/x"}, tool_response={},
                agent_id="h1", agent_type="helper")
    check(len(daemon.events("action.finished")) == 1 and not emergencies(daemon), "ended twice")


def the_hook_was_first(daemon):
    known(daemon)
    ran(daemon)
    daemon.hook("PostToolUse", tool_name="Read", tool_use_id="toolu_1", tool_input={"file_path": "/x"}, tool_response={})
    send(daemon, logs(decision("toolu_1"), result("toolu_1")))
    check(len(daemon.events("action.finished")) == 1 and not emergencies(daemon), "ended twice")


# ---- prices

def unpriced_is_not_zero(daemon):
    known(daemon)
    send(daemon, logs(record("api_request", input_tokens=1000, output_tokens=50, model="nobody-knows")))
    a = agent(daemon)
    check(a["cost.unpriced"] and a["cost.microusd"] == 0, a)
    check("cost.microusd" not in spends(daemon)[0], "a cost was made up")


@with_daemon(prices=PRICES)
def priced_by_the_list(daemon):
    known(daemon)
    send(daemon, logs(record("api_request", model="gemini-2.5-flash", input_tokens=700, output_tokens=50,
                             cache_read_tokens=300)))
    a = agent(daemon)
    check(a["cost.microusd"] == 344 and a["cost.estimated"], a)  # 210 + 9 + 125
    check(spends(daemon)[0]["reason"] == "a test", "where the price is from")


@with_daemon(prices=PRICES)
def prices_are_read_again(daemon):
    known(daemon)
    ask = logs(record("api_request", model="gemini-2.5-flash", input_tokens=1000000, output_tokens=0))
    daemon.write_prices(PRICES.replace("0.30", "0.40"))
    daemon.reload()

    def costs():
        before = (agent(daemon) or {}).get("cost.microusd", 0)
        send(daemon, ask)
        return agent(daemon)["cost.microusd"] - before

    wait_for("the new price", lambda: costs() == 400000)
    for bad in ("[price x]\nmodel = m\nfrom = 2026-01-01\ninput = 1\n", "[price x]\nmodel = m\nfrom = soon\nsource = s\n",
                "[nonsense]\na = b\n", "[price x]\nmodel = m\nfrom = 2026-01-01\nsource = s\ninput = -1\n"):
        before = len(signals(daemon, daemon.prices_file))
        daemon.write_prices(bad)
        daemon.reload()
        told = wait_for("why it was refused", lambda: signals(daemon, daemon.prices_file)[before:])
        check(":" in told[0]["data"]["signal.title"].replace(daemon.prices_file, ""), told)
        check(costs() == 400000, f"{bad!r} took the old prices away")


def bad_prices_at_start(daemon):
    try:
        Daemon(daemon.binary, prices="[price x]\nmodel = m\nfrom = 2026-01-01\nsource = s\ninput = cheap\n")
        check(False, "started with bad prices")
    except Failed as e:
        check("prices.ini:" in str(e) and "input" in str(e), str(e))


def the_shipped_file_is_understood(daemon):
    with open(os.path.join(os.path.dirname(__file__), "../../docs/prices.ini")) as f:
        text = f.read()
    keys = re.findall(r"^; (\[price [a-z ]+\]|[a-z_]+ = (?!PATTERN|YYYY|TEXT).*)$", text, re.M)
    check(len(keys) > 12, keys)
    for content, known_prices in ((text, False), ("\n".join(keys) + "\n", True)):
        d = Daemon(daemon.binary, prices=content)
        try:
            known(d)
            send(d, logs(record("api_request", model="gemini-2.5-flash", input_tokens=1000, output_tokens=1)))
            check(agent(d)["cost.unpriced"] != known_prices, content)
        finally:
            d.close()
    sections = text.split("\n\n[price ")[1:]
    check(len(sections) > 30 and all(re.search(r"^source = .*20\d\d-\d\d-\d\d", s, re.M) for s in sections), "a price without its source")
    d = Daemon(daemon.binary, prices=text)
    try:
        known(d)
        for i, (model, microusd) in enumerate((("claude-opus-4-8", 5000), ("claude-opus-5-20260724", 5000), ("claude-opus-5-5", 4000),
                                               ("gpt-5.3-codex", 1750), ("claude-opus-5-9", None), ("gpt-5.3", None))):
            send(d, logs(record("api_request", model=model, input_tokens=1000, output_tokens=0, request_id=f"r{i}")))
            told = wait_for("the spend", lambda i=i: (e := d.events("spend.recorded")) and len(e) > i and e[i]["data"])
            check(told.get("cost.microusd") == microusd, f"{model}: {told}")
    finally:
        d.close()


# ---- bodies

def chunked(daemon, body, size=70000):
    c = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
    try:
        pieces = (body[i:i + size] for i in range(0, len(body), size))
        c.request("POST", "/v1/logs", pieces, daemon.headers(), encode_chunked=True)
        r = c.getresponse()
        return r.status, r.read()
    finally:
        c.close()


def status_of(daemon, *pieces):
    """Of a request that may be answered before all of it was sent."""
    with socket.create_connection(("127.0.0.1", daemon.port), 60) as s:
        head = (f"POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer {daemon.token}\r\n"
                "Content-Type: application/json\r\n")
        s.sendall(head.encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                s.sendall(piece)
        return int(s.makefile("rb").readline().split()[1])


def large_and_in_chunks(daemon):
    known(daemon)
    filler = record("api_request_body", prompt="x" * 60000)
    batch = logs(*[record("api_request", time_ns=NOW() + i, cost_usd_micros=1) for i in range(500)],
                 *[filler] * 24, record("api_request", time_ns=NOW() - 1, cost_usd_micros=1))
    body = json.dumps(batch).encode()
    check(len(body) > 1500000, len(body))
    status, answer = chunked(daemon, body)
    check((status, json.loads(answer)) == (200, {}), (status, answer))
    check(agent(daemon)["cost.microusd"] == 501, agent(daemon))
    many = json.dumps(logs(*[record("other", a=i, b=i, c=i) for i in range(9000)])).encode()
    check(1 << 20 < len(many) < 4 << 20, len(many))
    check(daemon.post("/v1/logs", many)[0] == 200, "many small records")
    over = (4 << 20) + 1
    check(status_of(daemon, f"Content-Length: {over}\r\n\r\n".encode()) == 413, "over the cap, as it says itself")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    check(status_of(daemon, b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 65) == 413, "over the cap, in chunks")


def what_cannot_be_read(daemon):
    known(daemon)
    deep = b'{"resourceLogs":' + b"[" * 1000 + b"]" * 1000 + b"}"
    for body in (b"", b"{", b"[]", b"null", b"\x1f\x8b\x08", deep, b'{"a":1,"a":2}', b'{"a":"' + b"\x00" + b'"}'):
        check(daemon.post("/v1/logs", body)[0] == 400, f"{body[:40]!r}")
    for odd in ({"resourceLogs": {}}, {"resourceLogs": [1, None, {"scopeLogs": "x"}]}, {}, {"resourceSpans": []},
                logs(1, None, [], {"attributes": [1, {"key": 5}, {"key": "event.name"}]})):
        check(send(daemon, odd) == {}, odd)
    check(send(daemon, metric("x.token.usage", 9, point(1, 2, 3, session__id="s1")), "/v1/metrics")
          .get("partialSuccess"), "neither delta nor cumulative")


def other_encodings(daemon):
    body = json.dumps(logs()).encode()
    for kind in ("application/x-protobuf", "text/plain", ""):
        headers = {**daemon.headers(), "Content-Type": kind}
        status, answer = daemon.post("/v1/logs", body, headers)
        check(status == 415 and b"http/json" in answer, (kind, status, answer))
    for _ in range(2):
        status, answer = daemon.post("/v1/logs", gzip.compress(body),
                                     {**daemon.headers(), "Content-Encoding": "gzip"})
        check(status == 415 and b"COMPRESSION" in answer, (status, answer))
    check(len(signals(daemon, "not JSON, which")) == 1 and len(signals(daemon, "compressed")) == 1, "told once")
    status, _ = daemon.post("/v1/logs", body, {**daemon.headers(), "Content-Type": "application/json; charset=utf-8"})
    check(status == 200, status)
    check(daemon.post("/v1/logs", body, {"Content-Type": "application/json"})[0] == 401, "without the token")
    check(daemon.post("/v1/nonsense", body)[0] == 404, "")


@with_daemon(config="daily_budget = 0.05\n",
             policy="[rule all]\ntool = Bash\ncommand = *\nverdict = allow\nreason = x\n")
def a_day_has_a_limit(daemon):
    known(daemon, "s1", "s2")
    check(verdict(Held(daemon, "s2", command="ls").answer()) == "allow", "below the limit")
    send(daemon, logs(record("api_request", cost_usd_micros=50000)))
    h = Held(daemon, "s2", command="ls")
    check(not h.answered(0.3), "an allow over the day's limit did not become a question")
    send(daemon, logs(record("api_request", cost_usd_micros=50000)))
    check(len(signals(daemon, "today")) == 1, "said once a day")
    day = [f for f in Console(daemon).events if f["type"].endswith("spend.day")]
    check(day and day[-1]["data"]["cost.microusd"] == 100000, day)
    check(day[-1]["data"]["budget.limit_microusd"] == 50000, day)


@with_daemon(config="rate = 10\n")
def telemetry_takes_no_room_from_hooks(daemon):
    known(daemon)
    got = send(daemon, logs(*[record("api_request", cost_usd_micros=1) for _ in range(300)]))
    check(100 <= 300 - rejected(got) < 150, f"ten seconds of it at once: {got}")
    check("rate" in got["partialSuccess"]["errorMessage"], got)
    check(len(signals(daemon, "not complete")) == 1, "what was left out is said")
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "a hook was refused for it")


if __name__ == "__main__":
    run([tokens_and_cost, numbers_in_any_shape, its_metrics_tell_it_again, subagents_apart, a_batch_that_is_sent_again,
         strangers, by_the_name_it_was_started_with, gemini_tells_tokens_only,
         gemini_without_prices, gemini_gives_up, spans_of_any_agent, without_a_gate_nothing_went_past_it,
         metrics_of_any_agent, attempts_are_no_failures, giving_up_is_a_failure,
         what_the_gate_let_through_is_no_alarm, past_the_gate, before_the_daemon_heard_of_it, after_a_restart,
         the_end_comes_from_telemetry, the_hook_was_first, unpriced_is_not_zero, priced_by_the_list,
         prices_are_read_again, bad_prices_at_start, the_shipped_file_is_understood, large_and_in_chunks, what_cannot_be_read, other_encodings,
         a_day_has_a_limit, telemetry_takes_no_room_from_hooks])
