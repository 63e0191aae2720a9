"""Threat 30: what is dropped of a record is said, and what is in force stays in force: the clock goes on by days."""
import glob
import json
import os
import shutil
import socket
import subprocess
import tempfile

from daemon import Console, Held, check, free_port, run, verdict, wait_for, with_daemon
from shim import Shim
from terminal import Terminal

DAY = 86400
KEEP = "journal_keep_days = 2\n"


def segments(daemon):
    return sorted(os.path.basename(p) for p in glob.glob(os.path.join(daemon.record, "*.jsonl")))


def days_pass(daemon, until):
    """Something happens each day, so each has a segment of its own."""
    for day in range(1, until + 1):
        daemon.shim.say("clock", day * DAY + 60)
        daemon.hook("UserPromptSubmit", session="other", prompt=f"day {day}")
        daemon.hook("UserPromptSubmit", session="other", prompt=f"day {day} again")


def start_again(daemon):
    check(daemon.terminate() == 0, "exit code")
    daemon.start()


def signals(daemon):
    """None while segments go from under the reader."""
    try:
        return [e["data"]["signal.title"] for e in daemon.events("signal.raised")]
    except FileNotFoundError:
        return []


def taken(path):
    with open(path) as f:
        return int(f.read().split()[1])


def dropped(daemon):
    wait_for("the drop", lambda: any("were dropped" in title for title in signals(daemon)))
    check(first(daemon) > 1, "it begins with record 1")


def first(daemon):
    return daemon.records()[0]["n"]


@with_daemon(shim=True, config=KEEP)
def what_is_in_force_stays(daemon):
    console = Console(daemon)
    h = Held(daemon, "kept")
    console.approve(console.request_for(h.id), wait="accepted")
    h.answer()
    check(console.command("pause", agent="claude:kept", wait="accepted")["state"] == "accepted", "pause")
    days_pass(daemon, 6)
    check(len(segments(daemon)) > 5 and first(daemon) == 1, str(segments(daemon)))
    start_again(daemon)
    dropped(daemon)
    told = daemon.verify()
    check(told.returncode == 0 and "dropped by the daemon" in told.stdout and "older than 2 days" in told.stdout, told.stdout)
    check("pause" not in "".join(str(e) for e in daemon.events("operator.command")), "the pause itself is still there")
    before = first(daemon)
    start_again(daemon)  # from what is left only
    check(first(daemon) == before, "dropped again")
    console = Console(daemon)
    held = Held(daemon, "kept", tool="Read", file_path="/x")
    console.event("agent.state", agent__state="paused")
    check(not held.answered(0.3), "the pause was forgotten")
    done = console.command("resume", agent="claude:kept", wait="accepted")
    check(done["state"] == "accepted", str(done))
    check(verdict(held.answer()) in ("allow", "deny"), "")


@with_daemon(shim=True, config=KEEP)
def a_fleet_stop_stays(daemon):
    Console(daemon).command("stop_all", wait="accepted", reason="it stays")
    days_pass(daemon, 6)
    daemon.reload()
    dropped(daemon)
    check("dropped by" in daemon.verify().stdout, daemon.verify().stdout)
    start_again(daemon)
    check(daemon.verify().returncode == 0, daemon.verify().stdout)
    check(verdict(Held(daemon, "fresh", command="ls").answer()) == "deny", "the fleet stop was forgotten")


PORT = free_port()


@with_daemon(shim=True, config=KEEP + f"syslog = tcp://127.0.0.1:{PORT}\n")
def what_the_collector_has_not_had_stays(daemon):
    days_pass(daemon, 6)
    for _ in range(5):
        daemon.reload()
        daemon.hook("UserPromptSubmit", session="other", prompt="x")
    check(first(daemon) == 1 and not any("were dropped" in s for s in signals(daemon)), "dropped before it was told")
    with socket.create_server(("127.0.0.1", PORT)) as listener:
        listener.settimeout(40)
        peer, _ = listener.accept()
        forwarded = os.path.join(daemon.record, "forwarded")
        wait_for("what is due is taken", lambda: taken(forwarded) > 20)
        daemon.reload()
        dropped(daemon)
        peer.close()


ELSEWHERE = tempfile.mkdtemp(prefix="cr-heads-")
HEADS = os.path.join(ELSEWHERE, "away", "heads")  # of a disk that is not mounted


@with_daemon(shim=True, config=KEEP + f"journal_heads = {HEADS}\n")
def heads_that_are_not_kept_elsewhere_stay(daemon):
    wait_for("trouble", lambda: any("heads are not kept" in s for s in signals(daemon)))
    days_pass(daemon, 6)
    for _ in range(5):
        daemon.reload()
        daemon.hook("UserPromptSubmit", session="other", prompt="x")
    check(first(daemon) == 1 and not any("were dropped" in s for s in signals(daemon)), "dropped before it was kept")
    seals = {r["n"] for r in daemon.records() if r["k"] == "seal"}
    os.mkdir(os.path.dirname(HEADS))
    wait_for("what waited is kept", lambda: seals - kept(HEADS) <= {min(seals)})
    daemon.reload()
    dropped(daemon)


def kept(path):
    if not os.path.exists(path):
        return set()
    with open(path, "rb") as f:
        return {json.loads(line)["n"] for line in f.read().splitlines() if line.startswith(b"{") and line.endswith(b"}")}


@with_daemon(shim=True, config=KEEP)
def what_is_missing_without_a_tombstone_is_told(daemon):
    days_pass(daemon, 6)
    start_again(daemon)
    dropped(daemon)
    check(daemon.terminate() == 0, "exit code")
    gone = os.path.join(daemon.record, segments(daemon)[0])
    os.rename(gone, daemon.dir + "/kept")
    bad = daemon.verify()
    check(bad.returncode == 5 and "no sealed tombstone says why" in bad.stdout, bad.stdout)
    os.rename(daemon.dir + "/kept", gone)
    daemon.start()


def of_a_consoles_own_record(daemon):
    """What its present picture is made of stays, whatever the days; a start of its own frees what was before."""
    shim = Shim(daemon.dir)
    kept = os.path.join(daemon.dir, "console")
    command = [daemon.binary, "console", "--config", daemon.console_config(options="journal_keep_days = 2\n")]

    def console():
        return Terminal(command, {"XDG_STATE_HOME": daemon.dir, **shim.env()})

    def parts():
        return sorted(os.path.basename(p) for p in glob.glob(os.path.join(kept, "*.jsonl")))

    with console() as t:
        t.wait_text("LIVE")
        daemon.hook("UserPromptSubmit", session="kept", prompt="x")
        for day in range(1, 6):
            before = len(parts())
            shim.say("clock", day * DAY + 60)
            daemon.hook("UserPromptSubmit", session=f"day{day}", prompt="x")
            wait_for("a segment for the day", lambda before=before: len(parts()) > before)
        check(parts()[0] == "000001.jsonl", f"its picture is gone: {parts()}")
        check(t.stop() == 0, "exit code")
    with console() as t:
        t.wait_text("LIVE")
        wait_for("the drop", lambda: parts()[0] != "000001.jsonl")
        t.wait_text("kept")  # the picture is whole
        check(t.stop() == 0, "exit code")
    done = subprocess.run([daemon.binary, "verify", kept], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0 and "dropped by the console" in done.stdout and "older than 2 days" in done.stdout, done.stdout + done.stderr)


if __name__ == "__main__":
    try:
        run([what_is_in_force_stays, a_fleet_stop_stays, what_the_collector_has_not_had_stays, heads_that_are_not_kept_elsewhere_stay,
             what_is_missing_without_a_tombstone_is_told, of_a_consoles_own_record])
    finally:
        shutil.rmtree(ELSEWHERE, ignore_errors=True)
