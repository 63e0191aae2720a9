"""Threat 22 again: every state of the disk that a power cut could leave, at every call of a real daemon.

Its calls and what it sent are logged in one order. At each, the images that a cut could leave are made (tests/support/powercut.py) and
opened: the record starts, verifies, and has all that anybody was told. That this test sees a missing sync is tested as well.
"""
import hashlib
import json
import os
import random
import shutil
import subprocess

from daemon import Console, Held, check, run, verdict, with_daemon
from powercut import frames_in, moments, read_log

DAY = 86400
SOME = int(os.environ.get("CHECKREIN_CUTS", "6"))  # images of each moment and kind
AT_ONCE = 200


class Lived:
    """A day with decisions, the next day with another segment, a crash in a write, and segments that are dropped."""

    def __init__(self, daemon, some):
        self.daemon, self.calls, self.some = daemon, {}, some
        self.log = os.path.join(daemon.dir, "disklog")
        daemon.kill()
        shutil.rmtree(daemon.record)
        above = os.path.join(daemon.dir, "state", "deep")
        daemon.record = os.path.join(above, "record")
        daemon.env.update(LD_PRELOAD=os.environ["SHIM"] + ":" + os.environ["DISKLOG"], CR_DISKLOG=self.log, CR_DISKLOG_UNDER=above)
        daemon.start()

    def decide(self, rounds):
        console = Console(self.daemon)
        for _ in range(rounds):
            number = len(self.calls)
            h = Held(self.daemon, f"s{number % 3}", command=f"touch {number}-" + "x" * (number * 97 % 1500))
            self.calls[str(number)] = h.id
            request = console.request_for(h.id)
            if number % 2:
                console.command("deny", wait="accepted", approval=request["approval.id"], reason=f"because-{number}.")
            else:
                console.approve(request, wait="accepted")
            check(verdict(h.answer()) == ("deny" if number % 2 else "allow"), f"{number}")
        console.close()

    def dies_in_a_write(self):
        self.daemon.env["CR_DIE"] = "40"
        self.daemon.kill()
        self.daemon.start()
        try:
            for _ in range(40):
                self.daemon.hook("UserPromptSubmit", prompt="x" * 3000)
        except OSError:
            pass
        check(self.daemon.process.wait(20) == -9, "it did not die")
        del self.daemon.env["CR_DIE"]
        self.with_a_hole()
        self.daemon.start()

    def with_a_hole(self):
        """As if a cut had left a hole, and whole lines behind it."""
        path = os.path.join(self.daemon.record, "000001.jsonl")
        bytes_left = bytes(1024) + b'{"prev":"' + b"0" * 400 + b'"}\n' + (b"x" * 300 + b"\n") * 8
        with open(path, "ab") as f:
            at = f.tell()
            f.write(bytes_left)
        with open(self.log, "a") as f:
            for call, number, data in (("write", at, bytes_left.hex()), ("sync", 0, "-")):
                f.write(f"{call}\t{os.stat(path).st_ino}\t{path}\t{number}\t{data}\n")

    def days(self):
        for day in range(1, 4):
            self.daemon.shim.say("clock", day * DAY + 60)
            self.daemon.hook("UserPromptSubmit", prompt="good morning")
            self.decide(self.some)


def live(daemon, some):
    lived = Lived(daemon, some)
    lived.decide(some)
    lived.dies_in_a_write()
    lived.days()
    check(daemon.terminate() == 0, "exit code")
    daemon.start()
    lived.decide(some)
    daemon.kill()
    return lived


def told(lived, data):
    """What stands in a record when this was sent: pairs of words in one line."""
    for frame in frames_in(data):
        answer = frame.get("hookSpecificOutput", {})
        if answer.get("permissionDecision") == "allow":
            number = answer["updatedInput"]["command"].split()[1].split("-")[0]
            yield "action.started", lived.calls[number]
        elif answer.get("permissionDecision") == "deny":
            yield "approval.resolved", answer["permissionDecisionReason"].split("because-")[1].split(".")[0]
        elif frame.get("kind") == "event" and not frame["event"].get("snapshot"):
            yield "event", frame["event"]["id"]
        elif frame.get("kind") == "result" and frame["state"] in ("accepted", "confirmed"):
            yield "operator.command", frame["command"]


class Kept:
    """What the lines of a record say, so that they can be asked for what was told."""

    def __init__(self):
        self.number_of, self.dropped, self.torn, self.first = {}, 0, [], ""

    def take(self, lines):
        for line in lines:
            record = json.loads(line)
            for word in self.words(record):
                self.number_of[word] = record["n"]
            self.torn += [record["torn"]] if record["k"] == "torn" else []
            self.dropped = max(self.dropped, record.get("tombstone", {}).get("records", [0, 0])[1])

    @staticmethod
    def words(record):
        if record["k"] == "event":
            event = record["event"]
            data, kind = event["data"], event["type"].removeprefix("dev.checkrein.")
            yield from (("event", event["id"]), (kind, data.get("gen_ai.tool.call.id")), (kind, data.get("command.id")))
            if kind == "approval.resolved":
                yield kind, data.get("reason", "").split("because-")[-1].split(".")[0]

    def folder(self, folder):
        names = sorted(n for n in os.listdir(folder) if n.endswith(".jsonl"))
        self.first = names[0].split(".")[0]
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                self.take(f)
        return self


def opened(folders):
    done = subprocess.run([os.environ["OPENED"], *folders], capture_output=True, text=True, timeout=600)
    check(done.returncode == 0, f"{done}")
    return [line.split(" ", 3) for line in done.stdout.splitlines()]


def file_of(path, digest):
    """Its bytes; None when they are not those."""
    if not os.path.exists(path):
        return None
    with open(path, "rb") as f:
        data = f.read()
    return data if hashlib.sha256(data).hexdigest() == digest else None


class Cuts:
    """Images of moments, opened many at a time."""

    def __init__(self, lived, calls):
        self.written = Kept()
        for call, _, path, _, data in calls:
            if call == "write" and path.endswith(".jsonl") and data.endswith(b"\n"):
                self.written.take(line for line in data.splitlines() if b'"k":"' in line)
        in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else lived.daemon.dir
        self.lived, self.root = lived, os.path.join(in_memory, os.path.basename(lived.daemon.dir) + "-cuts")
        self.waiting, self.seen, self.count, self.faults = [], set(), 0, []

    def add(self, image, needed, words):
        key = hash((tuple(sorted(image.items())) if image else None, len(needed)))
        if key in self.seen:
            return
        self.seen.add(key)
        self.count += 1
        if image is None:
            if needed:
                self.faults.append(f"{words}: the folder is gone, with {len(needed)} things that were told")
            return
        folder = os.path.join(self.root, str(self.count))
        os.makedirs(folder, 0o700)
        for name, data in image.items():
            with open(os.open(os.path.join(folder, name), os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
                f.write(data)
        self.waiting.append((folder, words, needed))
        if len(self.waiting) >= AT_ONCE:
            self.open()

    def open(self):
        for (folder, words, needed), (before, torn, after, why) in zip(self.waiting, opened([w[0] for w in self.waiting])):
            if before == "broken" or after != "intact":
                self.faults.append(f"{words}: {before} before the start, {after} after it {why}")
            else:
                self.hold(folder, words, needed, int(torn))
        self.waiting = []
        shutil.rmtree(self.root, ignore_errors=True)

    def hold(self, folder, words, needed, torn):
        kept = Kept().folder(folder)
        lost = [w for w in needed if w not in kept.number_of and self.written.number_of[w] > kept.dropped]
        if lost:
            self.faults.append(f"{words}: told and lost: {sorted(lost)[:3]}")
        if torn and torn not in (sum(t["bytes"] for t in kept.torn[i:]) for i in range(len(kept.torn))):
            self.faults.append(f"{words}: {torn} bytes were cut off and it is not said")
        texts = {t["file"]: file_of(os.path.join(folder, t["file"]), t["sha256"]) for t in kept.torn}
        if None in texts.values():
            self.faults.append(f"{words}: what was cut off is not there any more: {texts}")
        for name in (n for n in os.listdir(folder) if ".torn-" in n and n not in texts and n.split(".")[0] >= kept.first):
            with open(os.path.join(folder, name), "rb") as f:
                begin = f.read()
            if not any(text and text.startswith(begin) for text in texts.values()):
                self.faults.append(f"{words}: {name} is there, and nothing tells of it")


def cut_everywhere(lived, calls, some, dice, enough=False):
    """The images and their faults; at the first of these it is enough, or not."""
    cuts, needed, taken = Cuts(lived, calls), set(), 0
    for words, disk, sent in moments(calls, lived.daemon.record):
        for data in sent[taken:]:
            needed |= set(told(lived, data))
        taken = len(sent)
        for image in disk.images(dice, some):
            cuts.add(image, frozenset(needed), f"after {words}")
        if enough and cuts.faults:
            break
    cuts.open()
    return cuts


def folders_are_kept(calls):
    """Each that was made has a name that is durable before the record begins."""
    begun = next(i for i, c in enumerate(calls) if c[0] == "create" and c[2].endswith(".jsonl"))
    made = [(i, c[2]) for i, c in enumerate(calls[:begun]) if c[0] == "mkdir"]
    check(len(made) == 2, f"{made}")
    for at, path in made:
        check(any(c[0] == "sync" and c[2] == os.path.dirname(path) for c in calls[at:begun]), f"the name of {path} may be lost")


def made_by_one_that_was_killed(calls, record):
    """The first sync of the folder's own name is missing: the start that made it did not get so far."""
    at = next(i for i, c in enumerate(calls) if c[0] == "sync" and c[2] == os.path.dirname(record))
    return calls[:at] + calls[at + 1:]


@with_daemon(shim=True, config="journal_keep_days = 2\n")
def whatever_a_cut_leaves(daemon):
    seed = int(os.environ.get("CHECKREIN_SEED", "22"))
    lived = live(daemon, 4)
    calls = read_log(lived.log)
    folders_are_kept(calls)
    calls = made_by_one_that_was_killed(calls, daemon.record)
    cuts = cut_everywhere(lived, calls, SOME, random.Random(seed))
    print(f"  {len(calls)} calls, {cuts.count} images (seed {seed})")
    check(not cuts.faults, f"{len(cuts.faults)} of {cuts.count} images: " + "\n".join(cuts.faults[:10]))


SYNCS = {"the folder's name": lambda path, record: path == os.path.dirname(record), "names in the folder": lambda path, record: path == record,
         "segments": lambda path, _: path.endswith(".jsonl"), "the key": lambda path, _: "/key." in path,
         "torn ends": lambda path, _: ".torn-" in path}


@with_daemon(shim=True)
def a_sync_that_is_missing_is_seen(daemon):
    """As if the daemon had left out the syncs of one kind: some image shows it."""
    lived = live(daemon, 2)
    calls = read_log(lived.log)
    for what, is_one in SYNCS.items():
        left = [c for c in calls if c[0] != "sync" or not is_one(c[2], daemon.record)]
        check(len(left) < len(calls), f"{what}: there are none")
        check(cut_everywhere(lived, left, SOME, random.Random(1), enough=True).faults, f"{what}: nothing shows that they are missing")


if __name__ == "__main__":
    run([whatever_a_cut_leaves, a_sync_that_is_missing_is_seen])
