"""Rules from a file: read at start and on SIGHUP, refused whole when bad, each verdict in the record."""
from daemon import Console, Daemon, Failed, Held, check, run, verdict, wait_for, with_daemon

RULES = """
[rule look]
tool = Bash
command = git status | git diff *
verdict = allow
reason = looking

[rule no-push]
tool = Bash
command = git push*
verdict = deny
reason = pushes are made by people
"""


@with_daemon(policy=RULES)
def first_match_decides(daemon):
    check(verdict(Held(daemon, command="git status").answer()) == "allow", "allow")
    answer = Held(daemon, command="git push origin main").answer()
    check(verdict(answer) == "deny" and "pushes are made by people" in str(answer), str(answer))
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "reads are allowed")
    for asked in ("git statusx", "git status; rm -rf /", "git status && git push", "git status\nrm x", "make"):
        h = Held(daemon, command=asked)
        if "git push" in asked:
            check(verdict(h.answer()) == "deny", f"{asked!r} was not denied")
            continue
        check(not h.answered(0.15), f"{asked!r} ran, or was denied, without a person")
        h.hang_up()
    h = Held(daemon, tool="SomethingNew", x="1")
    check(not h.answered(0.15), "an unknown tool was not asked for")
    verdicts = [e["data"] for e in daemon.events("policy.decided")]
    check({"look", "no-push"} <= {v["policy.rule"] for v in verdicts}, "a verdict without its rule")
    check(all(v["policy.version"] for v in verdicts), "a verdict without the rules' version")


@with_daemon(policy=RULES)
def reload(daemon):
    console = Console(daemon)
    waits = Held(daemon, command="make all")
    r = console.request_for(waits.id)
    daemon.write_policy(RULES + "\n[rule make]\ntool = Bash\ncommand = make *\nverdict = allow\nreason = builds\n")
    daemon.reload()
    check(verdict(waits.answer()) == "allow", "what waited was not judged again")
    resolved = console.event("approval.resolved", approval__id=r["approval.id"])["data"]
    check(resolved["approval.decided_by"] == "policy", str(resolved))
    check(verdict(Held(daemon, command="make test").answer()) == "allow", "the new rule")


@with_daemon(policy=RULES)
def changed_rules_need_a_new_look(daemon):
    console = Console(daemon)
    h = Held(daemon, command="make all")
    old = console.request_for(h.id)
    daemon.write_policy(RULES + "\n[rule other]\ntool = Other\nverdict = deny\nreason = x\n")
    daemon.reload()
    wait_for("new version", lambda: [e for e in daemon.events("approval.requested")
                                     if e["data"]["policy.version"] != old["policy.version"]])
    refused = console.approve(old, policy_version=old["policy.version"])
    check(refused["state"] == "refused" and "rules" in refused["reason"], str(refused))
    check(not h.answered(0.1), "approved under rules that are no more")


@with_daemon(policy=RULES)
def bad_file_changes_nothing(daemon):
    console = Console(daemon)
    bad = ["[rule x]\nverdict = perhaps\n", "[rule x]\ntool = Bash\n", "[nonsense]\na = b\n", "[rule x]\ncolour = red\nverdict = allow\n",
           "[rule x]\ncommand = a ; b\nverdict = allow\n", "verdict = allow\n", "[rule x]\ncommand = re:(\nverdict = allow\n", "\x00"]
    for text in bad:
        daemon.write_policy(RULES + text)
        daemon.reload()
        told = console.until("policy.loaded", lambda f: f["kind"] == "event" and f["event"]["type"] == "dev.checkrein.policy.loaded")
        reason = told["event"]["data"]["reason"]
        check(daemon.policy_file in reason and ":" in reason.replace(daemon.policy_file, ""), f"{text!r}: {reason}")
        check(verdict(Held(daemon, command="git push x").answer()) == "deny", f"{text!r}: the old rules are gone")


def bad_file_at_start(daemon):
    try:
        Daemon(daemon.binary, policy="[rule x]\nverdict = perhaps\n")
        check(False, "started with a bad policy")
    except Failed as e:
        check("policy.ini" in str(e) and "verdict" in str(e), str(e))


@with_daemon(config="agent_budget = 0.01\n", policy="[rule all]\ntool = Bash\ncommand = *\nverdict = allow\nreason = x\n")
def over_budget_asks(daemon):
    check(verdict(Held(daemon, command="ls").answer()) == "allow", "below the budget")
    record = {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in
                             [("event.name", "api_request"), ("session.id", "s1"), ("cost_usd", "0.02")]]}
    daemon.post("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    h = Held(daemon, command="ls")
    check(not h.answered(0.3), "an allow over the budget did not become a question")


if __name__ == "__main__":
    run([first_match_decides, reload, changed_rules_need_a_new_look, bad_file_changes_nothing, bad_file_at_start,
         over_budget_asks])
