"""What a record tells, from a shell: sessions, diff, why; and what was on the screen when it was decided. Every figure is held against what was done."""
import json
import os
import shutil
import subprocess

from daemon import Console, Held, check, run, wait_for, with_daemon
from tmux import Screen

POLICY = "[rule reads]\ntool = Read\nverdict = allow\nreason = only reads\n[rule web]\ntool = WebFetch\nverdict = deny\nreason = no web\n"


def ask(daemon, *words, code=0):
    """What the subcommand says of a record; it needs no daemon."""
    done = subprocess.run([daemon.binary, *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env={**os.environ, "XDG_STATE_HOME": daemon.dir, "XDG_CONFIG_HOME": daemon.dir})
    check(done.returncode == code, f"{words}: {done}")
    check("\x1b" not in done.stdout + done.stderr, f"{words}: {done.stdout!r}")
    return done.stdout if code != 2 else done.stderr


def said(daemon, *words, code=0):
    return [json.loads(line) for line in ask(daemon, *words, "--json", code=code).splitlines()]


class Player:
    """One agent that works, and an operator who answers."""

    def __init__(self, daemon, name):
        self.daemon, self.name, self.calls = daemon, name, 0
        self.console = Console(daemon)
        daemon.hook("UserPromptSubmit", name, prompt="tidy up")

    def call(self):
        self.calls += 1
        return f"{self.name}-{self.calls}"

    def end(self, call, tool, failed=False):
        kind = "PostToolUseFailure" if failed else "PostToolUse"
        self.daemon.hook(kind, self.name, tool_name=tool, tool_use_id=call, tool_input={}, **({"error": "gone"} if failed else {}))

    def reads(self, path="/x", failed=False):
        call = self.call()
        self.daemon.hook("PreToolUse", self.name, tool_name="Read", tool_use_id=call, tool_input={"file_path": path})
        self.end(call, "Read", failed)

    def is_refused(self):
        self.daemon.hook("PreToolUse", self.name, tool_name="WebFetch", tool_use_id=self.call(), tool_input={"url": "http://x/"})

    def runs(self, command):
        held = Held(self.daemon, self.name, call=self.call(), command=command)
        self.console.approve(self.console.request_for(held.id), wait="accepted")
        held.answer()
        self.end(held.id, "Bash")

    def is_denied(self, command, reason="no"):
        held = Held(self.daemon, self.name, call=self.call(), command=command)
        request = self.console.request_for(held.id)
        self.console.command("deny", wait="accepted", approval=request["approval.id"], reason=reason)
        held.answer()
        return request["approval.id"], held.id


def work(daemon, name, last="touch y"):
    p = Player(daemon, name)
    p.reads()
    p.reads("/gone", failed=True)
    p.runs("make -j2 && cd /srv/" + name)
    p.is_refused()
    p.is_denied("rm -rf x")
    p.runs(last)
    p.console.close()


def by_agent(lines):
    return {o["gen_ai.agent.id"]: o for o in lines if "gen_ai.agent.id" in o}


@with_daemon(policy=POLICY)
def each_agent_is_a_line(daemon):
    work(daemon, "one")
    Player(daemon, "two").is_denied("x\x1b[31m\u202e")
    daemon.terminate()
    lines = said(daemon, "sessions", daemon.record)
    runs = by_agent(lines)
    check(set(runs) == {"claude:one", "claude:two"}, f"{runs}")
    one = runs["claude:one"]
    check(one["actions"] == 4 and one["failures"] == 2 and one["requests"] == 3, f"{one}")
    # as everywhere: the call that failed, and what its runtime reported of it
    check(one["approved"] == {"operator": 2, "rule": 2, "elsewhere": 0}, f"{one}")
    check(one["denied"] == {"operator": 1, "rule": 1, "elsewhere": 0} and one["unanswered"] == 0, f"{one}")
    check(one["agent.runtime"] == "claude" and one["task.title"] == "tidy up" and not one["tokens.told"], f"{one}")
    check(runs["claude:two"]["actions"] == 0 and runs["claude:two"]["denied"]["operator"] == 1, f"{runs}")
    last = lines[-1]
    check(last["verdict"] == "intact" and last["holds"] and last["started"] == 4 and not last["faults"], f"{last}")
    check(last["records"] == len(daemon.records()) and last["passed_over"] == 0, f"{last}")
    text = ask(daemon, "sessions", daemon.record)
    check("each of 4 calls let run was decided once" in text and "2+2" in text and "1+1" in text, text)
    check(last["head"] in daemon.verify().stdout, "another head than verify tells")


@with_daemon(policy=POLICY)
def what_new_rules_decide_is_counted_once(daemon):
    """A request that waits is closed by the rule that allows its call: one decision, of that rule."""
    p = Player(daemon, "one")
    held = Held(daemon, "one", call="c1", command="touch x")
    p.console.request_for("c1")
    daemon.write_policy(POLICY + "[rule now]\ntool = Bash\nverdict = allow\nreason = it may now\n")
    daemon.reload()
    held.answer()
    daemon.terminate()
    one = by_agent(said(daemon, "sessions", daemon.record))["claude:one"]
    check(one["approved"] == {"operator": 0, "rule": 1, "elsewhere": 0} and one["requests"] == 1, f"{one}")
    why = said(daemon, "why", "c1", daemon.record)[0]
    check(why["decided"]["policy.rule"] == "now" and why["asked"]["approval.id"] == why["approval.id"], f"{why}")


@with_daemon(policy=POLICY)
def a_start_of_the_daemon_is_no_new_agent(daemon):
    work(daemon, "one")
    daemon.kill()
    daemon.start()
    Player(daemon, "one").reads()
    daemon.terminate()
    runs = by_agent(said(daemon, "sessions", daemon.record))
    check(list(runs) == ["claude:one"] and runs["claude:one"]["actions"] == 5, f"{runs}")
    check(runs["claude:one"]["approved"]["rule"] == 3, f"{runs}")


@with_daemon(policy=POLICY)
def what_is_wrong_is_told(daemon):
    work(daemon, "one")
    daemon.terminate()
    copy = os.path.join(daemon.dir, "copy")
    shutil.copytree(daemon.record, copy)
    path = os.path.join(copy, "000001.jsonl")
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    at = next(i for i, line in enumerate(lines) if b"approval.resolved" in line and b"approved" in line)
    os.chmod(path, 0o600)
    with open(path, "wb") as f:
        f.write(b"\n".join(lines).replace(b"rm -rf x", b"rm -rf y"))
    broken = said(daemon, "sessions", copy, code=5)[-1]
    check(broken["verdict"] == "NOT INTACT" and not broken["holds"] and 0 < broken["first_bad"] < at + 40, f"{broken}")
    check("NOT INTACT" in ask(daemon, "sessions", copy, code=5), "not told")
    with open(path, "wb") as f:
        f.write(b"\n".join(lines[:6] + [b"no record"] + lines[6:]))
    hurt = said(daemon, "sessions", copy, code=5)[-1]
    check(hurt["passed_over"] == 1, f"{hurt}")
    check("claude:one" in by_agent(said(daemon, "sessions", copy, code=5)), "the rest is not read")
    ask(daemon, "sessions", "/nonexistent", code=1)
    named = os.path.join(daemon.dir, "\x1b[2Jcopy")  # by an agent, in a folder that somebody looks through
    shutil.copytree(daemon.record, named)
    for words in (["sessions"], ["verify"]):
        check("copy: intact" in ask(daemon, *words, named), f"{words}")
    ask(daemon, "diff", named, named)
    with open("/dev/full", "w") as full:
        done = subprocess.run([daemon.binary, "sessions", daemon.record], stdout=full, stderr=subprocess.DEVNULL, timeout=60)
    check(done.returncode == 1, "nobody could read it, and it said done")


@with_daemon(policy=POLICY)
def two_runs_are_compared(daemon):
    work(daemon, "one")
    work(daemon, "two")
    work(daemon, "three", last="touch z")
    p = Player(daemon, "four")
    p.reads()
    p.reads("/gone", failed=True)
    p.is_denied("make -j2 && cd /srv/four", "not now")
    p.is_refused()
    p.is_denied("rm -rf x")
    p.runs("touch y")
    daemon.terminate()
    r = daemon.record
    same = ask(daemon, "diff", f"{r}:claude:one", f"{r}:two")
    check("@@" not in same and "\n-" not in same.split("+++")[1] and "\n length " in same, same)
    check(ask(daemon, "diff", r, r, "--agent", "one"), "a run is not like itself")
    other = ask(daemon, "diff", f"{r}:one", f"{r}:three", code=1)
    check("\n-Bash: touch y  [approved by uid:" in other and "\n+Bash: touch z  [approved by uid:" in other, other)
    check("\n@@ -3,4 +3,4 @@\n" in other and " Bash: rm -rf x  [denied by uid:" in other, other)
    fate = ask(daemon, "diff", f"{r}:one", f"{r}:four", code=1)
    check("\n-Bash: make -j2 && cd /srv/one  [approved by uid:" in fate, fate)
    check("\n+Bash: make -j2 && cd /srv/four  [denied by uid:" in fate and "it did not run" not in fate.split("four  [")[0], fate)
    check("\n-calls      4\n+calls      3\n" in fate and "\n-approved   2+2\n+approved   1+2\n" in fate, fate)
    whole = said(daemon, "diff", f"{r}:one", f"{r}:three", code=1)[0]
    check(not whole["same"] and [s["same"] for s in whole["actions"]] == [True] * 5 + [False, False], f"{whole}")
    check(whole["actions"][0]["a"]["decider"] == "rule" and whole["actions"][0]["a"]["approval.decided_by"] == "reads", f"{whole}")
    for words, text in (((r, r), "4 agents"), ((f"{r}:nobody", f"{r}:one"), "nobody"), (("/nonexistent", r), "/nonexistent"), ((r,), "usage")):
        check(text in ask(daemon, "diff", *words, code=2), f"{words}")


@with_daemon(policy=POLICY)
def who_decided_is_a_difference(daemon):
    """The same call with the same end, by an operator and by a rule."""
    five = Player(daemon, "five")
    five.runs("touch q")
    loaded = len(daemon.events("policy.loaded"))
    daemon.write_policy(POLICY + "[rule now]\ntool = Bash\nverdict = allow\nreason = it may now\n")
    daemon.reload()
    wait_for("the rules", lambda: len(daemon.events("policy.loaded")) > loaded)
    p = Player(daemon, "six")
    call = p.call()
    answer = daemon.hook("PreToolUse", "six", tool_name="Bash", tool_use_id=call, tool_input={"command": "touch q"})
    check(answer["hookSpecificOutput"]["permissionDecision"] == "allow", f"{answer}")
    p.end(call, "Bash")
    daemon.terminate()
    text = ask(daemon, "diff", "--actions", f"{daemon.record}:five", f"{daemon.record}:six", code=1)
    check("\n-Bash: touch q  [approved by uid:" in text and "\n+Bash: touch q  [approved by rule now; succeeded]" in text, text)


@with_daemon(policy=POLICY)
def why_it_happened(daemon):
    p = Player(daemon, "one")
    p.reads()
    p.runs("touch y")
    request, denied = p.is_denied("rm -rf x", "not today\x1b[31m")
    daemon.hook("PreToolUse", "two", tool_name="Read", tool_use_id="one-1", tool_input={"file_path": "/other"})
    held = Held(daemon, "one", call="one-2", command="ls")  # the id again
    p.console.event("approval.requested", action__summary="ls")
    daemon.terminate()
    r = daemon.record
    read = said(daemon, "why", "one-1", r)[0]
    check(read["decided"]["policy.verdict"] == "allow" and read["decided"]["policy.rule"] == "reads", f"{read}")
    check(read["decided"]["action.digest"] == read["started"]["action.digest"] and "asked" not in read, f"{read}")
    check(read["finished"]["action.outcome"] == "succeeded" and read["elsewhere"] > 0, f"{read}")
    check(read["agent"]["task.title"] == "tidy up" and read["agent"]["gen_ai.agent.name"] == "one", f"{read}")
    two = said(daemon, "why", "one-1", r, "--agent", "claude:two")[0]
    check(two["action.summary"] == "/other" and two["gen_ai.agent.id"] == "claude:two", f"{two}")
    by_call, by_request = said(daemon, "why", denied, r)[0], said(daemon, "why", request, r)[0]
    check(by_call == by_request and by_call["judged"]["policy.rule"].startswith("default"), f"{by_call} {by_request}")
    check(by_call["decided"]["approval.decision"] == "denied" and by_call["decided"]["approval.decided_by"] == f"uid:{os.geteuid()}", f"{by_call}")
    check(by_call["asked"]["approval.id"] == request and "started" not in by_call, f"{by_call}")
    check(by_call["ordered"]["command.verb"] == "deny" and by_call["answered"]["command.state"] == "confirmed", f"{by_call}")
    check(not any(k.startswith("display.") for k in by_call["ordered"]), "a daemon knows no screen")
    text = ask(daemon, "why", denied, r)
    for part in ("Bash: rm -rf x", "it did not run, denied", "denied by uid:", "not today\\e[31m", "asked", request, "tidy up"):
        check(part in text, f"{part}: {text}")
    again = said(daemon, "why", "one-2", r)[0]
    check(again["uses"] == 2 and again["action.summary"] == "ls" and "started" not in again, f"{again}")
    check("was used 2 times" in ask(daemon, "why", "one-2", r), "not told")
    ask(daemon, "why", "nobody", r, code=3)
    ask(daemon, "why", "x", "/nonexistent", code=1)
    ask(daemon, "why", code=2)
    held.hang_up()


@with_daemon(policy=POLICY)
def what_was_on_the_screen(daemon):
    """The operator opens a request, reads it, denies it; the console's record has what was displayed, and a replay shows it."""
    config = daemon.console_config()
    p = Player(daemon, "one")  # what was before the console is state, and no news
    p.reads()
    p.runs("touch x")
    with Screen([daemon.binary, "console", "--config", config], 80, 24) as s:
        s.wait_text("LIVE")
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")
    held = Held(daemon, "one", call="c1", command="rm -rf " + " ".join(f"part-{i}" for i in range(400)))
    with Screen([daemon.binary, "console", "--config", config], 100, 30) as s:
        s.wait_text("part-0")
        s.press("Space", "▸")
        s.keys("a")
        s.wait_text("high risk")
        s.wait("its first page", lambda r: any("lines 1-" in row for row in r))
        s.keys("d")
        s.wait_text("deny")
        s.type("too much")
        s.keys("Enter")
        held.answer()
        s.wait_text("NOT to its end")
        s.press("Escape", "agents ─")
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")
    record = os.path.join(daemon.dir, "console")
    why = said(daemon, "why", "c1", record)[0]
    order = why["ordered"]
    check((order["display.cols"], order["display.rows"], order["display.to_end"], order["display.risk"]) == (100, 30, False, "high"), f"{order}")
    check(order["display.digest"] == why["asked"]["action.digest"] and order["display.ms"] >= 0, f"{order}")
    check("on a screen of 100x30, NOT to its end, as risk high" in ask(daemon, "why", "c1", record), "not told")
    sent = [e["data"] for e in daemon.events("operator.command")]
    check(sent and not any(k.startswith("display.") for e in sent for k in e), f"it went to the daemon: {sent}")
    one = by_agent(said(daemon, "sessions", record))["claude:one"]
    check(one["denied"]["operator"] == 1 and one["actions"] == 0 and one["backend"] == "d", f"{one}")
    for size in ((80, 24), (120, 40)):
        with Screen([daemon.binary, "replay", record, "--event", "approval.resolved"], *size) as s:
            s.wait_text("REPLAY")
            s.wait_text("intact")
            s.type(":log")
            s.keys("Enter")
            s.wait_text("denied")
            s.keys("g")
            s.press("h", "asked by")
            s.wait_text("NOT to its end")
            s.keys("Enter")
            s.wait_text("decided ─ high risk")
            s.wait_text("on a screen of 100x30")
            s.press("Escape", "log ─")
            s.keys("Q")
            check(s.wait_end() == 0, "exit code")


if __name__ == "__main__":
    run([why_it_happened, what_was_on_the_screen, each_agent_is_a_line, what_new_rules_decide_is_counted_once, a_start_of_the_daemon_is_no_new_agent, what_is_wrong_is_told, two_runs_are_compared, who_decided_is_a_difference])
