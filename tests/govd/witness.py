"""Consoles sign for the heads of the daemon's record: what is in both records, what a liar can do, and that nobody waits."""
import glob
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time

from daemon import Console, Held, check, run, verdict, wait_for, with_daemon
from terminal import Terminal


class Signer:
    """Of Ed25519 keys and signatures by the openssl program, which shares no line with ours."""

    def __init__(self, folder):
        self.folder = folder
        self.key = os.path.join(folder, "signer.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.key], check=True, timeout=60)
        der = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True, capture_output=True, timeout=60).stdout
        self.public = der[-32:].hex()

    def sign(self, text):
        path = os.path.join(self.folder, "text")
        with open(path, "wb") as f:
            f.write(text)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", path], check=True, capture_output=True,
                              timeout=60).stdout.hex()

    def answer(self, instance, head, **other):
        seal = json.loads(head["seal"])
        frame = {"kind": "countersign", "n": seal["n"], "head": hashlib.sha256(head["seal"].encode()).hexdigest(), "time": "2026-11-20T14:22:07.123Z",
                 "key": self.public}
        frame["sig"] = self.sign(text_of(instance, frame))
        return {**frame, **other}


def text_of(instance, c):
    return f"checkrein countersignature 1\n{instance}\n{c['n']}\n{c['head']}\n{c['time']}\n".encode()


def holds(folder, instance, c):
    for name, data in ("k", bytes.fromhex("302a300506032b6570032100" + c["key"])), ("m", text_of(instance, c)), ("s", bytes.fromhex(c["sig"])):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", folder + "/k", "-in", folder + "/m",
                           "-sigfile", folder + "/s"], stdout=subprocess.DEVNULL, timeout=60).returncode == 0


def countersigns(daemon):
    return [r["countersign"] for r in daemon.records() if r["k"] == "countersign"]


def instance_of(daemon):
    return daemon.records()[0]["open"]["instance"]


def act(daemon, console, count=1, session="s1"):
    for _ in range(count):
        h = Held(daemon, session)
        console.approve(console.request_for(h.id), wait="accepted")
        check(verdict(h.answer()) == "allow", "")


def next_head(console):
    return console.until("a head", lambda f: f["kind"] == "head")


def refused(console):
    return console.until("an error", lambda f: f["kind"] == "error" and f["code"] == "countersign")["text"]


def real_console(daemon, name="console"):
    return Terminal([daemon.binary, "console", "--config", daemon.console_config(name)], {"XDG_STATE_HOME": daemon.dir})


def verify(daemon, *words):
    return subprocess.run([daemon.binary, "verify", *words], capture_output=True, text=True, timeout=60)


def segment(folder):
    return sorted(glob.glob(os.path.join(folder, "*.jsonl")))[-1]


def each_head_is_signed_for(daemon):
    console = Console(daemon)
    with real_console(daemon) as t:
        t.wait_text("LIVE")
        for _ in range(5):
            before = len(countersigns(daemon))
            act(daemon, console)
            wait_for("a countersignature", lambda: len(countersigns(daemon)) > before)
    kept = os.path.join(daemon.dir, "console")
    with open(kept + "/key.pub") as f:
        key = f.read().strip()
    lines = {}
    with open(segment(daemon.record), "rb") as f:
        for line in f:
            lines[json.loads(line)["n"]] = hashlib.sha256(line[:-1]).hexdigest()
    found = countersigns(daemon)
    for c in found:
        check(c["key"] == key and c["by"] == f"uid:{os.getuid()}" and lines[c["n"]] == c["head"], f"{c}")
        check(holds(daemon.dir, instance_of(daemon), c), f"openssl does not take {c}")
    check([c["n"] for c in found] == sorted({c["n"] for c in found}), "not each once, in order")
    done = verify(daemon, daemon.record)
    check(done.returncode == 0 and f"{len(found)} signatures of others" in done.stdout and f"{len(found)} by a key that is not known" in done.stdout,
          done.stdout + done.stderr)
    with open(daemon.dir + "/keys", "w") as f:
        f.write(f"# those we know\n{key} the desk\n")
    done = verify(daemon, "--keys", f.name, daemon.record)
    check(done.returncode == 0 and f"{len(found)} by the desk" in done.stdout, done.stdout + done.stderr)
    done = verify(daemon, "--against", kept, daemon.record)
    check(done.returncode == 0 and "known heads agree" in done.stdout, done.stdout + done.stderr)
    done = verify(daemon, kept)
    check(done.returncode == 0 and "intact" in done.stdout, done.stdout + done.stderr)
    console.close()


def cut_at(daemon, back):
    """The record ends with an earlier seal; gives the lines that it had."""
    with open(segment(daemon.record), "rb") as f:
        whole = f.readlines()
    at = [i for i, line in enumerate(whole) if b'"k":"seal"' in line][-back]
    with open(segment(daemon.record), "wb") as f:
        f.writelines(whole[:at + 1])
    return whole


def a_cut_and_a_rewritten_record_are_found(daemon):
    daemon.tampered = True
    console = Console(daemon)
    kept = os.path.join(daemon.dir, "console")
    with real_console(daemon) as t:
        t.wait_text("LIVE")
        for _ in range(3):
            before = len(countersigns(daemon))
            act(daemon, console, 2)
            wait_for("a countersignature", lambda: len(countersigns(daemon)) > before)
    console.close()
    check(daemon.terminate() == 0, "exit code")
    cut_at(daemon, 6)
    alone = verify(daemon, daemon.record)
    check(alone.returncode == 0, f"the cut shows by itself, so the test shows nothing: {alone.stdout}")
    done = verify(daemon, "--against", kept, daemon.record)
    check(done.returncode == 5 and "CUT" in done.stdout, done.stdout + done.stderr)
    daemon.start()  # with the record's own key it goes on from the cut
    before = len(countersigns(daemon))
    with real_console(daemon) as t:
        t.wait_text("LIVE")
        wait_for("its alarm", lambda: b"was cut or rewritten" in open(segment(kept), "rb").read())
        t.wait_text("cut or rewritten")
        console = Console(daemon)
        act(daemon, console, 6)
        console.close()
    check(len(countersigns(daemon)) == before, "it signed for a record that was cut")
    done = verify(daemon, "--against", kept, daemon.record)
    check(done.returncode == 5 and "REWRITTEN" in done.stdout, done.stdout + done.stderr)


def a_changed_record_of_a_console_is_not_taken(daemon):
    daemon.tampered = True
    console = Console(daemon)
    kept = os.path.join(daemon.dir, "console")
    with real_console(daemon) as t:
        t.wait_text("LIVE")
        act(daemon, console)
        wait_for("countersignatures", lambda: countersigns(daemon))
    with open(segment(kept), "rb") as f:
        text = f.read()
    with open(segment(kept), "wb") as f:
        f.write(text.replace(b'"k":"head"', b'"k":"hEad"', 1))
    done = verify(daemon, "--against", kept, daemon.record)
    check(done.returncode == 5 and "not compared" in done.stderr, done.stdout + done.stderr)


def a_liar_writes_nothing_into_the_record(daemon):
    signer = Signer(tempfile.mkdtemp(dir=daemon.dir))
    console, actor = Console(daemon), Console(daemon)
    instance = instance_of(daemon)
    head = next_head(console)
    good = signer.answer(instance, head)
    for wrong in ({"n": good["n"] + 1}, {"n": 0}, {"head": "0" * 64}, {"head": "x"}):
        console.send({**good, **wrong})
        check("not the head" in refused(console), f"{wrong}")
    console.send({**good, "sig": "0" * 128})
    check("does not hold" in refused(console), "garbage")
    console.send(good)  # one answer a head: the first one was it
    check("not the head" in refused(console), "a second answer")
    for broken in ({"sig": "zz"}, {"key": ""}, {"key": good["sig"]}, {"sig": good["key"]}, {"time": "2026-11-20T14:22:08.123Z"}):
        act(daemon, actor)
        fresh = Console(daemon)
        fresh.send({**signer.answer(instance, next_head(fresh)), **broken})
        check("does not hold" in refused(fresh), f"{broken}")
        fresh.close()
    for sent in ({"kind": "countersign"}, {**good, "n": "1"}, {**good, "time": "yesterday"}, {**good, "sig": 7}):
        console.send(sent)
        check(console.until("an error", lambda f: f["kind"] == "error")["code"] == "frame", f"{sent}")
    fresh = Console(daemon)
    fresh.send(signer.answer("01K0000000000000000000000A", next_head(fresh)))
    check("does not hold" in refused(fresh), "of another record")
    act(daemon, actor, 2)
    check(not countersigns(daemon), f"recorded: {countersigns(daemon)}")
    fresh = Console(daemon)
    fresh.send(signer.answer(instance, next_head(fresh)))
    wait_for("a good one", lambda: len(countersigns(daemon)) == 1)
    fresh.send(good)  # an old one, once more
    refused(fresh)
    check(len(countersigns(daemon)) == 1, "an old one was taken")


def a_flood_holds_up_nobody(daemon):
    signer = Signer(tempfile.mkdtemp(dir=daemon.dir))
    console, actor = Console(daemon), Console(daemon)
    good = signer.answer(instance_of(daemon), next_head(console))
    began = time.monotonic()
    for _ in range(2000):
        console.send({**good, "sig": "1" * 128})
    act(daemon, actor, 3)
    check(time.monotonic() - began < 10, "calls waited")
    check(not countersigns(daemon), "recorded")


def who_does_not_answer_is_told_once(daemon):
    console, actor = Console(daemon), Console(daemon)
    next_head(console)
    act(daemon, actor, 5)
    seen = [f for f in console.frames if f["kind"] == "head"]
    end = console.command("deny", approval="01K0000000000000000000000C")  # behind all that was sent
    check(end["state"] != "accepted" and len(seen) == 1 == len([f for f in console.frames if f["kind"] == "head"]), f"{len(seen)} heads")


def an_idle_record_does_not_grow(daemon):
    with real_console(daemon) as t:
        t.wait_text("LIVE")
        actor = Console(daemon)
        act(daemon, actor)
        actor.close()
        wait_for("a countersignature", lambda: countersigns(daemon))
        last = [0]

        def settled():
            before, last[0] = last[0], len(daemon.records())
            time.sleep(1.5)  # longer than a countersignature waits to be written
            return before == last[0] == len(daemon.records())

        wait_for("the end of it", settled)


def who_comes_again_signs_once(daemon):
    actor = Console(daemon)
    act(daemon, actor)
    actor.close()
    instance = instance_of(daemon)

    one = Signer(tempfile.mkdtemp(dir=daemon.dir))
    head = next_head(Console(daemon))
    for _ in range(10):
        console = Console(daemon)
        check(next_head(console) == head, "there was news")
        console.send(one.answer(instance, head))
        wait_for("a countersignature", lambda: countersigns(daemon))
        console.close()
    for _ in range(70):  # with a key of its own each time
        console = Console(daemon)
        console.send(Signer(tempfile.mkdtemp(dir=daemon.dir)).answer(instance, next_head(console)))
        console.close()
    late = len(countersigns(daemon))
    wait_for("all that comes", lambda: len(countersigns(daemon)) >= 64)
    time.sleep(1.5)  # longer than a countersignature waits to be written
    keys = [c["key"] for c in countersigns(daemon)]
    check(keys.count(one.public) == 1 and len(keys) == 64, f"{keys.count(one.public)} of one, {len(keys)} in all, {late} before")
    actor = Console(daemon)
    act(daemon, actor)
    console = Console(daemon)
    console.send(one.answer(instance, next_head(console)))
    wait_for("one of the next head", lambda: len(countersigns(daemon)) == 65)


if __name__ == "__main__":
    run([each_head_is_signed_for, a_cut_and_a_rewritten_record_are_found, a_changed_record_of_a_console_is_not_taken, a_liar_writes_nothing_into_the_record,
         a_flood_holds_up_nobody, who_does_not_answer_is_told_once, an_idle_record_does_not_grow, who_comes_again_signs_once])
