"""Threat 33: the daemon is killed at any moment, under load. What it said holds, and it starts again over what is left.

Hooks ask for calls all the time, a console and the command line decide. The daemon is killed from outside after a random
time, or by itself at a random write, sync or send; the clock goes on, so that it is killed while it begins segments and drops old ones, too.
CHECKREIN_KILLS (200) says how often, CHECKREIN_SEED which moments.
"""
import glob
import hashlib
import json
import os
import random
import secrets
import subprocess
import threading
import time

from daemon import DEADLINE, Console, Failed, Held, check, run, verdict, wait_for, with_daemon

KILLS = int(os.environ.get("CHECKREIN_KILLS", "200"))
SEED = int(os.environ.get("CHECKREIN_SEED", "0")) or secrets.randbits(32)
HOOKS = 3
DAY = 86400
RULES = ("[rule ls]\ntool = Bash\ncommand = ls *\nverdict = allow\nreason = x\n"
         "[rule rm]\ntool = Bash\ncommand = rm *\nverdict = deny\nreason = x\n")
PREFIX = "dev.checkrein."


class Book:
    """What the record says, read on after each death: lines that were there stay as they are."""

    def __init__(self, folder):
        self.folder, self.at, self.last = folder, {}, 0
        self.events, self.calls, self.approvals, self.asked = set(), {}, {}, {}
        self.torn = []

    def read_on(self):
        """Gives the bytes behind the last whole line."""
        rest = b""
        for path in sorted(glob.glob(os.path.join(self.folder, "*.jsonl"))):
            with open(path, "rb") as f:
                f.seek(self.at.get(path, 0))
                data = f.read()
            whole = data.rfind(b"\n") + 1
            self.at[path] = self.at.get(path, 0) + whole
            rest += data[whole:]
            for line in data[:whole].splitlines():
                self.take(json.loads(line))
        return rest

    def take(self, record):
        check(record["n"] == self.last + 1, f"record {record['n']} after {self.last}")
        self.last = record["n"]
        if record["k"] == "torn":
            self.torn.append(record["torn"]["sha256"])
        if record["k"] == "event" and "from" not in record:
            self.event(record["event"])

    def event(self, event):
        data, kind = event["data"], event["type"].removeprefix(PREFIX)
        self.events.add(event["id"])
        if kind in ("policy.decided", "action.started", "action.finished"):
            word = data["policy.verdict"] if kind == "policy.decided" else kind
            self.calls.setdefault(data.get("gen_ai.tool.call.id"), []).append(word)
        elif kind == "approval.requested":
            self.asked[data["approval.id"]] = data["gen_ai.tool.call.id"]
        elif kind == "approval.resolved":
            check(data["approval.id"] not in self.approvals, f"{data['approval.id']} was decided twice")
            self.approvals[data["approval.id"]] = data["approval.decision"]
            self.calls.setdefault(self.asked[data["approval.id"]], []).append(data["approval.decision"])


class Hooks(threading.Thread):
    """A runtime that asks and asks, until nobody is there any more."""

    def __init__(self, daemon, number, dice):
        super().__init__()
        self.daemon_, self.number, self.dice, self.answers, self.fault = daemon, number, dice, {}, None

    def ask(self):
        word = self.dice.choice(("touch", "touch", "touch", "ls", "rm"))
        h = Held(self.daemon_, f"s{self.number}", command=f"{word} " + "x" * self.dice.randrange(900))
        try:
            self.answers[h.id] = verdict(h.answer())
        finally:
            h.hang_up()
        if self.answers[h.id] == "allow" and self.dice.random() < 0.7:
            self.daemon_.hook("PostToolUse", f"s{self.number}", tool_name="Bash", tool_use_id=h.id, tool_input={}, tool_response={})

    def run(self):
        try:
            while True:
                self.ask()
                if self.dice.random() < 0.3:
                    self.daemon_.hook("UserPromptSubmit", f"s{self.number}", prompt="x" * self.dice.choice((10, 900, 9000)))
        except (OSError, EOFError, ValueError) as e:
            self.last = e  # nobody is there any more: http.client's words for it are of these kinds
        except Exception as e:  # noqa: BLE001 - raised by the test
            self.fault = None if type(e).__module__ == "http.client" else e


class Operator(threading.Thread):
    """Decides what comes up, by its own frames or with the program."""

    def __init__(self, daemon, dice, by_program):
        super().__init__()
        self.daemon_, self.dice, self.by_program = daemon, dice, by_program
        self.sent, self.said, self.events, self.fault = {}, {}, set(), None

    def decide(self, console, request):
        word = self.dice.choice(("approve", "deny"))
        approval = request["approval.id"]
        if self.by_program:
            done = self.daemon_.run(word, approval, "--json", *(["--digest", request["action.digest"]] if word == "approve" else []))
            if done.returncode == 0:
                self.said[approval] = word
        elif word == "approve":
            self.sent[console.command(word, wait=False, approval=approval, digest=request["action.digest"], scope="once")] = (approval, word)
        else:
            self.sent[console.command(word, wait=False, approval=approval, reason="no")] = (approval, word)

    def take(self, console, frame):
        if frame["kind"] == "event":
            event = frame["event"]
            self.events |= set() if event.get("snapshot") else {event["id"]}
            if event["type"] == PREFIX + "approval.requested":
                self.decide(console, event["data"])
        elif frame["kind"] == "result" and frame["state"] in ("accepted", "confirmed") and frame["command"] in self.sent:
            approval, word = self.sent[frame["command"]]
            self.said[approval] = word

    def run(self):
        try:
            console = Console(self.daemon_)
            for event in list(console.events):
                self.take(console, {"kind": "event", "event": event})
            while (frame := console.read())["kind"] != "closed":
                self.take(console, frame)
        except OSError:
            pass
        except Failed as e:
            self.fault = None if "cut" in str(e) or "closed" in str(e) or "no frame" in str(e) else e
        except Exception as e:  # noqa: BLE001 - raised by the test
            self.fault = e


def let_it_die(daemon, dice, number, points=160):
    """A life under load, and its end: who asked and who decided. Every other dies at one of its points."""
    inside = number % 2 == 0 or points < 160
    daemon.env.pop("CR_DIE", None)
    if inside:
        daemon.env["CR_DIE"] = str(dice.randint(1, points))
    try:
        daemon.start()
    except Failed:
        check(inside and daemon.process.wait(DEADLINE) == -9, "it did not start")
        return [], None
    hooks = [Hooks(daemon, i, random.Random(dice.random())) for i in range(HOOKS)]
    operator = Operator(daemon, random.Random(dice.random()), by_program=number % 10 == 1)
    for t in (*hooks, operator):
        t.start()
    if inside:
        check(daemon.process.wait(DEADLINE * 3) == -9, "it did not come to its death")
    else:
        time.sleep(dice.random() * 0.15)  # the moment is the point
        daemon.kill()
    for t in (*hooks, operator):
        t.join(DEADLINE)
        check(not t.is_alive() and not t.fault, f"{t}: {t.fault}")
    return hooks, operator


def holds(book, hooks, operator):
    """What somebody was told is in the record, and nothing there says otherwise."""
    for call, answer in ((c, a) for h in hooks for c, a in h.answers.items()):
        said = book.calls.get(call, [])
        decided = [w for w in said if w in ("allow", "approved")]
        if answer == "allow":
            check("action.started" in said and decided and said.index(decided[0]) < said.index("action.started"),
                  f"{call} was told to run, and the record has {said}")
        else:
            check("action.started" not in said and any(w in ("deny", "denied") for w in said),
                  f"{call} was told that it may not, and the record has {said}")
    if operator:
        for approval, word in operator.said.items():
            wanted = {"approve": "approved", "deny": "denied"}[word]
            check(book.approvals.get(approval) == wanted, f"{approval}: {word} was accepted, kept {book.approvals.get(approval)}")
        lost = operator.events - book.events
        check(not lost, f"told and not recorded: {lost}")


class Life:
    """What one start and what came after it must make of what the one before left."""

    def __init__(self, daemon, book):
        self.daemon, self.book, self.early = daemon, book, 0
        self.cut = set()  # digests of what was torn, and is not told of yet
        self.torn = 0

    def check_record(self):
        done = self.daemon.verify()
        check(done.returncode == 0 and "intact" in done.stdout, done.stdout + done.stderr)

    def check_told(self, torn, is_over):
        """What was cut off is said, once; a start that was killed itself may leave that to the next one."""
        for digest in self.book.torn[torn:]:
            check(digest in self.cut, f"told of {digest}, which was not torn, or twice")
            self.cut.remove(digest)
        check(not (is_over and self.cut), f"not told of {self.cut}")

    def ends(self, dice, number):
        """Its hooks."""
        torn, waited = len(self.book.torn), [a for a in self.book.asked if a not in self.book.approvals]
        hooks, operator = let_it_die(self.daemon, dice, number, 8 if self.cut and dice.random() < 0.8 else 160)  # the mending is cut short, too
        rest = self.book.read_on()
        self.check_told(torn, operator is not None)
        if rest:
            self.cut.add(hashlib.sha256(rest).hexdigest())
            self.torn += 1
        self.check_record()
        holds(self.book, hooks, operator)
        if operator:
            late = [a for a in waited if a not in self.book.approvals]
            check(not late, f"{late} of the one before still wait")
        else:
            self.early += 1
        return hooks


@with_daemon(shim=True, policy=RULES, config="journal_keep_days = 1\n")
def killed_at_any_moment(daemon):
    print(f"  {KILLS} kills, CHECKREIN_SEED={SEED}", flush=True)
    dice = random.Random(SEED)
    book = Book(daemon.record)
    life = Life(daemon, book)
    answers = 0
    daemon.kill()
    book.read_on()
    for number in range(KILLS):
        daemon.shim.say("clock", number // 8 * DAY)
        try:
            hooks = life.ends(dice, number)
        except AssertionError as e:
            raise Failed(f"kill {number} of CHECKREIN_SEED={SEED}: {e}") from e
        answers += sum(len(h.answers) for h in hooks)
    print(f"  {answers} answers, {len(book.approvals)} requests, {len(book.events)} events in {len(book.at)} segments, {life.torn} torn ends, "
          f"{life.early} deaths before the start was over")
    check(KILLS < 100 or (answers > 2 * KILLS and life.torn and life.early and len(book.at) > 5 and not os.path.exists(sorted(book.at)[0])),
          "the load was none")
    daemon.env.pop("CR_DIE", None)
    daemon.start()
    check(verdict(Held(daemon, command="ls x").answer()) == "allow", "it does not go on")


def each_event_once(daemon):
    """`checkrein watch` is one process through ten deaths: it tells of each event, in order, and of none twice."""
    path = os.path.join(daemon.dir, "watch")
    with subprocess.Popen([daemon.binary, "watch", "--json", "--config", daemon.client_file], stdin=subprocess.DEVNULL,
                          stdout=open(path, "wb"), stderr=subprocess.DEVNULL) as watch:
        def told():
            with open(path, "rb") as f:
                events = [json.loads(line) for line in f if line.endswith(b"\n")]
            return [e["id"] for e in events if e["source"] != "checkrein://console" and not e.get("snapshot")]

        dice = random.Random(SEED)
        wait_for("watch is there", lambda: daemon.hook("UserPromptSubmit", "first", prompt="x") is not None and told())
        for number in range(10):
            daemon.kill()
            let_it_die(daemon, dice, 2 * number + 1)
            daemon.start()
        daemon.hook("UserPromptSubmit", "last", prompt="x")
        last = daemon.events()[-1]["id"]
        wait_for("watch is back", lambda: last in told(), DEADLINE * 2)
        watch.terminate()
    seen, written = told(), [e["id"] for e in daemon.events()]
    check(seen == written[written.index(seen[0]):], f"it told of {len(seen)}, and the record has {len(written)}")


if __name__ == "__main__":
    run([killed_at_any_moment, each_event_once])
