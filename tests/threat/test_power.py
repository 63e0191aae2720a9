"""Threat 22: the power goes in the middle of a write. What was acknowledged is there; what is there was written.

The disk's state at a cut is the file as its last fdatasync left it (a preloaded library keeps that image), and behind it
any part of what was written since. Recovery is held to both.
"""
import json
import os
import random
import shutil

from daemon import Console, Held, check, run, verdict, with_daemon

CUTS = 40


def lines_of(path):
    with open(path, "rb") as f:
        return [line for line in f.read().split(b"\n")[:-1]]


def decided_in(path):
    found = {}
    for line in lines_of(path):
        r = json.loads(line)
        if r["k"] == "event" and r["event"]["type"].endswith("approval.resolved"):
            found[r["event"]["data"]["approval.id"]] = r["event"]["data"]["approval.decision"]
    return found


@with_daemon(shim=True)
def what_was_acknowledged_is_on_the_disk(daemon):
    """At every moment: whoever was told something finds it in the image that a cut would leave now."""
    image = daemon.shim.path + ".image"
    os.mkdir(image)
    daemon.shim.say("image")
    console = Console(daemon)
    told = {}
    dice = random.Random(22)
    kept = os.path.join(image, "000001.jsonl")
    for number in range(60):
        h = Held(daemon, f"s{number % 4}", command=f"touch {number}")
        request = console.request_for(h.id)
        text = open(kept, "rb").read()
        check(request["approval.id"].encode() in text, f"{number}: asked on the screen, and not on the disk")
        if dice.random() < 0.5:
            console.approve(request, wait="accepted")
            told[request["approval.id"]] = "approved"
        else:
            console.command("deny", wait="accepted", approval=request["approval.id"])
            told[request["approval.id"]] = "denied"
        there = decided_in(kept)
        check(there.get(request["approval.id"]) == told[request["approval.id"]], f"{number}: said accepted, and not on the disk")
        check(verdict(h.answer()) == {"approved": "allow", "denied": "deny"}[told[request["approval.id"]]], "")
        started = [r for r in map(json.loads, lines_of(kept)) if r["k"] == "event"
                   and r["event"]["type"].endswith("action.started") and r["event"]["data"]["gen_ai.tool.call.id"] == h.id]
        check(len(started) == (told[request["approval.id"]] == "approved"), f"{number}: told to run, and not on the disk")
    daemon.kill()
    shutil.copy(kept, os.path.join(daemon.record, "000001.jsonl"))
    daemon.start()
    again = decided_in(os.path.join(daemon.record, "000001.jsonl"))
    check(all(again.get(a) == d for a, d in told.items()), "the daemon on that disk has forgotten something")


def any_cut_is_recovered(daemon):
    """The record cut at any byte, some with a block of zeros that was never written: a prefix, and it goes on."""
    console = Console(daemon)
    for number in range(12):
        h = Held(daemon, command=f"touch {number}")
        console.approve(console.request_for(h.id), wait="accepted")
        h.answer()
    daemon.kill()
    path = os.path.join(daemon.record, "000001.jsonl")
    with open(path, "rb") as f:
        whole = f.read()
    first = whole.index(b"\n") + 1
    start_ends = whole.index(b"\n", whole.index(b'"k":"seal"')) + 1
    dice = random.Random(23)
    for number in range(CUTS):
        cut = dice.randrange(start_ends, len(whole))
        left = whole[:cut] + (b"\0" * dice.choice((512, 4096)) if number % 3 == 0 else b"")
        for name in os.listdir(daemon.record):
            if "torn" in name:
                os.remove(os.path.join(daemon.record, name))
        with open(path, "wb") as f:
            f.write(left)
        daemon.start()
        good = whole[:whole.rfind(b"\n", first, cut) + 1]
        with open(path, "rb") as f:
            now = f.read()
        check(now.startswith(good), f"cut at {cut}: what was whole is not there any more")
        torn = [n for n in os.listdir(daemon.record) if "torn" in n]
        rest = left[len(good):]
        check(bool(torn) == bool(rest), f"cut at {cut}: {torn} for {len(rest)} bytes")
        if torn:
            with open(os.path.join(daemon.record, torn[0]), "rb") as f:
                check(f.read() == rest, "the torn bytes are not kept as they were")
        done = daemon.verify()
        check(done.returncode == 0, f"cut at {cut}: {done.stdout}{done.stderr}")
        if number % 8 == 0:
            check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "it does not go on")
        daemon.kill()
    daemon.start()


if __name__ == "__main__":
    run([what_was_acknowledged_is_on_the_disk, any_cut_is_recovered])
