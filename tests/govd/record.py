"""The record proves what happened: every call that ran has exactly one earlier decision, with the same digest."""
import glob
import json
import os
import re
import subprocess
import threading

import decisions
from daemon import Console, Held, check, run, verdict, wait_for, with_daemon

ALLOW_LS = "[rule ls]\ntool = Bash\ncommand = ls *\nverdict = allow\nreason = x\n"


@with_daemon(policy=ALLOW_LS)
def every_run_was_decided(daemon):
    console = Console(daemon)
    for i in range(20):
        h = Held(daemon, command=f"ls {i}" if i % 3 == 0 else f"touch {i}")
        if i % 3 == 0:
            check(verdict(h.answer()) == "allow", "")
        elif i % 3 == 1:
            console.approve(console.request_for(h.id), wait="accepted")
            h.answer()
        else:
            console.command("deny", approval=console.request_for(h.id)["approval.id"])
            h.answer()
    started, faults = decisions.check(daemon.records())
    check(started == 14 and not faults, f"{started} started, {faults}")
    told = daemon.verify().stdout
    check("14 calls were let run" in told and "7 by a rule, 7 by an operator" in told, told)


def verify_names_what_changed(daemon):
    console = Console(daemon)
    for _ in range(3):
        h = Held(daemon)
        console.approve(console.request_for(h.id), wait="accepted")
        h.answer()
    console.close()
    check(daemon.terminate() == 0, "exit code")
    good = daemon.verify()
    check(good.returncode == 0 and "intact" in good.stdout, good.stdout + good.stderr)
    path = sorted(glob.glob(os.path.join(daemon.record, "*.jsonl")))[0]
    with open(path, "rb") as f:
        lines = f.read().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if b"approval.resolved" in line)
    cases = {
        "changed": lines[:at] + [lines[at].replace(b"approved", b"deniedXX")] + lines[at + 1:],
        "removed": lines[:at] + lines[at + 1:],
        "swapped": lines[:at] + [lines[at + 1], lines[at]] + lines[at + 2:],
        "inserted": lines[:at] + [lines[at - 1]] + lines[at:],
    }
    for what, changed in cases.items():
        with open(path, "wb") as f:
            f.writelines(changed)
        bad = daemon.verify()
        check(bad.returncode == 5, f"{what}: exit {bad.returncode} {bad.stdout}")
        number = json.loads(lines[at])["n"]
        near = [str(number + d) for d in (-1, 0, 1, 2)]
        check(any(f"record {n}," in bad.stdout for n in near), f"{what} at {number}: {bad.stdout}")
    with open(path, "wb") as f:
        f.writelines(lines)
    check(daemon.verify().returncode == 0, "the original is not intact any more")


@with_daemon(policy=ALLOW_LS, shim=True, config="journal_keep_days = 90\n")
def verified_while_it_is_written(daemon):
    """Under load, and over ends of segments: intact at every look, and never less than before."""
    over = threading.Event()

    def write(number):
        while not over.is_set():
            check(verdict(Held(daemon, f"s{number}", command="ls " + "x" * 900).answer()) == "allow", "")

    writers = [threading.Thread(target=write, args=(i,)) for i in range(3)]
    for w in writers:
        w.start()
    try:
        seen = 0
        for look in range(30):
            daemon.shim.say("clock", look // 6 * 86400)
            done = daemon.verify()
            told = re.search(r": intact(?:, but its last line is not whole)?, (\d+) records", done.stdout)
            check(done.returncode == 0 and told and int(told.group(1)) >= seen, f"{look}: {done.stdout}{done.stderr}")
            seen = int(told.group(1))
    finally:
        over.set()
        for w in writers:
            w.join()
    check(seen > 500 and len(glob.glob(os.path.join(daemon.record, "*.jsonl"))) > 3, f"{seen} records: it was not written to")


def sealed_with_every_decision(daemon):
    console = Console(daemon)
    h = Held(daemon)
    console.approve(console.request_for(h.id), wait="accepted")
    h.answer()
    kinds = [(r["k"], r.get("event", {}).get("type", "")) for r in daemon.records()]
    at = next(i for i, k in enumerate(kinds) if k[1].endswith("approval.resolved"))
    check(kinds[at + 1][0] == "seal", f"after the decision came {kinds[at + 1]}")


def torn_tail(daemon):
    daemon.hook("UserPromptSubmit", prompt="x")
    daemon.kill()
    path = sorted(glob.glob(os.path.join(daemon.record, "*.jsonl")))[-1]
    with open(path, "rb") as f:
        whole = f.read()
    with open(path, "wb") as f:
        f.write(whole[:-20])
    daemon.start()
    signal = daemon.events("signal.raised")
    check(signal and "torn" in signal[0]["data"]["signal.title"], str(signal))
    check(daemon.verify().returncode == 0, daemon.verify().stdout)
    check(any(r["k"] == "torn" for r in daemon.records()), "no torn record")


def tampered_record_is_refused(daemon):
    for i in range(5):
        daemon.hook("UserPromptSubmit", prompt=f"prompt number {i}")
    check(daemon.terminate() == 0, "")
    path = sorted(glob.glob(os.path.join(daemon.record, "*.jsonl")))[-1]
    with open(path, "rb") as f:
        lines = f.read().splitlines(keepends=True)
    with open(path, "wb") as f:
        f.writelines(lines[:-1] + [lines[-1].replace(b'"prev":"', b'"prev":"0', 1)])
    done = daemon.run("serve", "--socket", daemon.socket, "--token-file", daemon.token_file, "--journal", daemon.record,
                      "--hook-port", "0")
    check(done.returncode == 1, f"started over a record that was changed: {done}")
    daemon.tampered = True


SMALL = 64 * 1024


def small_disk(daemon):
    """The daemon again, with a record that may not grow over 64 KiB."""
    daemon.kill()
    script = f"ulimit -f 64; exec {daemon.binary} serve --config {daemon.config_file} --socket {daemon.socket} " \
             f"--token-file {daemon.token_file} --policy {daemon.policy_file} --journal {daemon.record}-small --hook-port {daemon.port}"
    daemon.process = subprocess.Popen(["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=daemon.log, stderr=daemon.log)
    wait_for("the small daemon", lambda: daemon.run("status").returncode == 0)
    daemon.record += "-small"


def limits_of_the_disk(daemon):
    """A record that cannot be written lets nothing through, and deny, pause and stop still work."""
    small_disk(daemon)
    console = Console(daemon)
    waiting = Held(daemon)
    request = console.request_for(waiting.id)
    for i in range(400):
        daemon.hook("UserPromptSubmit", prompt=f"{i} " + "x" * 400)
    console.event("signal.raised", signal__severity="emergency")
    console.until("the end of what the record backs", lambda f: f["kind"] == "closed")
    console = Console(daemon)
    refused = console.approve(request)
    check(refused["state"] == "refused" and "record" in refused["reason"], str(refused))
    check(verdict(Held(daemon, "other", tool="Read", file_path="/x").answer()) == "deny", "an unrecorded call was let through")
    denied = console.command("deny", approval=request["approval.id"])
    check(denied["state"] == "confirmed", f"deny must work without a record: {denied}")
    check(verdict(waiting.answer()) == "deny", "")
    check(console.command("pause", agent="claude:s1", wait="accepted")["state"] == "accepted", "pause")
    check(daemon.verify().returncode == 0, "what was recorded is not intact: " + daemon.verify().stdout)


def full_at_the_approval(daemon):
    """The commit of the approval itself fails: the call is refused, and nothing says that it ran."""
    small_disk(daemon)
    console = Console(daemon)
    waiting = Held(daemon)
    request = console.request_for(waiting.id)
    left = lambda: SMALL - os.path.getsize(os.path.join(daemon.record, "000001.jsonl"))  # noqa: E731
    while left() > 2600:
        daemon.hook("UserPromptSubmit", prompt="x" * 300)
    check(left() > 600, f"{left()} bytes left")
    console.command("approve", wait=False, id="the-one", approval=request["approval.id"], digest=request["action.digest"])
    check(verdict(waiting.answer()) == "deny", "let through without a record")
    end = console.until("an end", lambda f: f["kind"] == "result" and f["command"] == "the-one" and f["state"] != "accepted")
    check(end["state"] == "failed" and "record" in end["reason"], str(end))
    ended = console.event("action.finished", gen_ai__tool__call__id=waiting.id)["data"]
    check(ended["action.outcome"] == "cancelled", str(ended))
    check(daemon.verify().returncode == 0, daemon.verify().stdout)


def unrecorded_numbers_are_not_resumed(daemon):
    """Numbers that were told and not recorded come again for other events: a console must not take those for known."""
    small_disk(daemon)
    before = Console(daemon)
    instance = before.greeting["server"]["instance"]
    for i in range(200):
        daemon.hook("UserPromptSubmit", f"s{i % 3}", prompt="x" * 400)
    before.until("the end", lambda f: f["kind"] == "closed")
    told = before.events[-1]["seq"]
    during = Console(daemon, resume_after=told, instance=instance)
    check(during.greeting["resumed"] is False and during.greeting["server"]["instance"] != instance,
          f"unrecorded events under the record's name: {during.greeting}")
    other = during.greeting["server"]["instance"]
    late = during.synced["seq"]
    again = Console(daemon, resume_after=late, instance=other)
    check(again.greeting["resumed"] is True, "the same unrecorded history could not be resumed")
    daemon.kill()
    daemon.start()
    after = Console(daemon, resume_after=late, instance=other)
    check(after.greeting["resumed"] is False and after.greeting["server"]["instance"] == instance, str(after.greeting))


if __name__ == "__main__":
    run([every_run_was_decided, verified_while_it_is_written, verify_names_what_changed, sealed_with_every_decision, torn_tail,
         tampered_record_is_refused, limits_of_the_disk, full_at_the_approval, unrecorded_numbers_are_not_resumed])
