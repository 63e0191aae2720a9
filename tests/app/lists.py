"""What the screens show, from a shell: the same names as in the protocol, nothing that a terminal would obey."""
import hashlib
import json
import os
import subprocess

from daemon import Console, Held, check, run, wait_for

HOSTILE = "a\x7fb\x1b[31m\u009b\u202e\U0001F600 $(touch x)"


def lines(daemon, *words):
    done = daemon.run(*words, "--json")
    check(done.returncode == 0 and not done.stderr, f"{words}: {done}")
    check(all(32 <= ord(c) < 127 or c == "\n" for c in done.stdout), f"{words}: not printable ASCII: {done.stdout!r}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def what_is(daemon):
    held = Held(daemon, "one", command=HOSTILE)
    wait_for("request", lambda: daemon.status()["approvals"])
    daemon.hook("UserPromptSubmit", "two", prompt="x")
    agents = {a["gen_ai.agent.id"]: a for a in lines(daemon, "agents")}
    check(set(agents) == {"claude:one", "claude:two"} and agents["claude:one"]["agent.state"] == "waiting_approval", f"{agents}")
    check(list(agents.values()) == daemon.status()["agents"], "agents is not what status tells of agents")
    waiting = lines(daemon, "approvals")
    check(waiting == daemon.status()["approvals"] and len(waiting) == 1, f"{waiting}")
    shown = lines(daemon, "show", waiting[0]["approval.id"])
    check(shown == waiting, f"{shown}")
    action = shown[0]["action"]
    check("sha256:" + hashlib.sha256(action.encode()).hexdigest() == shown[0]["action.digest"], "the digest is not of the exact text")
    check(json.loads(action)["input"]["command"] == HOSTILE, "the exact text")
    spend = lines(daemon, "spend")
    check([s["gen_ai.agent.id"] for s in spend] == ["claude:one", "claude:two"] and spend[0]["cost.microusd"] == 0, f"{spend}")
    for words in (["agents"], ["approvals"], ["show", waiting[0]["approval.id"]], ["spend"], ["log"], ["timeline", "claude:one"],
                  ["alarms"], ["who"], ["status"]):
        done = daemon.run(*words)
        check(done.returncode == 0, f"{words}: {done}")
        bad = [c for c in done.stdout if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]
        check(not bad, f"{words} printed {bad!r}")
    shown = daemon.run("show", waiting[0]["approval.id"]).stdout
    check(waiting[0]["action.digest"] in shown and "\\u{202e}" in shown or "202e" in shown, shown)
    check("touch x" in shown, "the text has an end")
    check(daemon.run("show", "01K0000000000000000000000X").returncode == 3, "an unknown request")
    check(daemon.run("show").returncode == 2 and daemon.run("agents", "x").returncode == 2, "usage")
    held.hang_up()


def what_was(daemon):
    for name in ("a", "b"):
        daemon.hook("UserPromptSubmit", name, prompt="x")
        daemon.hook("PreToolUse", name, tool_name="Read", tool_use_id="r" + name, tool_input={"file_path": "/x"})
        daemon.hook("PostToolUseFailure", name, tool_name="Read", tool_use_id="r" + name, tool_input={}, error="gone")
    daemon.hook("StopFailure", "a", last_assistant_message="429")
    record = daemon.events()
    told = lines(daemon, "log", "--last", "8192")
    check([e["seq"] for e in told] == [e["seq"] for e in record], "the log is not what the record has")
    check([e["data"] for e in told] == [e["data"] for e in record], "the log says something else than the record")
    check([e["seq"] for e in lines(daemon, "log", "--last", "3")] == [e["seq"] for e in record[-3:]], "the newest three")
    mine = lines(daemon, "timeline", "claude:b")
    check(mine and {e["data"]["gen_ai.agent.id"] for e in mine} == {"claude:b"}, f"{mine}")
    check(len(mine) == len([e for e in record if e["data"].get("gen_ai.agent.id") == "claude:b"]), "all of one agent")
    alarms = lines(daemon, "alarms")
    check(alarms and {e["type"] for e in alarms} <= {"dev.checkrein.failure.reported", "dev.checkrein.signal.raised"}, f"{alarms}")
    check(daemon.run("timeline", "nobody").returncode == 3, "an unknown agent")
    check(daemon.run("log", "--last", "0").returncode == 2, "usage")
    daemon.kill()
    daemon.start()
    again = lines(daemon, "log", "--last", "8192")
    check([e["seq"] for e in again[: len(record)]] == [e["seq"] for e in record], "a start loses what was")
    daemon.kill()
    check(daemon.run("log").returncode == 1, "no daemon")


def who_is_there(daemon):
    check(lines(daemon, "who") == [], "nobody is there")
    c = Console(daemon)
    c.event("operator.presence")
    here = lines(daemon, "who")
    check(len(here) == 1 and here[0]["operator.connection"] == c.greeting["operator"]["connection"], f"{here}")
    check(here[0]["operator.id"] == f"uid:{os.geteuid()}" and "decide" in here[0]["operator.scopes"], f"{here}")
    check(f"pid {os.getpid()}" in here[0]["operator.path"], f"{here}")
    c.close()
    wait_for("its end", lambda: lines(daemon, "who") == [])


def nobody_reads(daemon):
    """What could not be printed was not done."""
    for words in (["agents"], ["log"], ["status"]):
        ini = os.path.join(daemon.dir, "client.ini")
        daemon.run("status")
        daemon.hook("UserPromptSubmit", prompt="x")
        with open("/dev/full", "w") as full:
            code = subprocess.run([daemon.binary, *words, "--config", ini], stdout=full, stderr=subprocess.DEVNULL, timeout=60).returncode
        check(code == 1, f"{words} into a full disk: {code}")


if __name__ == "__main__":
    run([what_is, what_was, who_is_there, nobody_reads])
