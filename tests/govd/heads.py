"""The heads of a record, kept on another disk: a record that was cut is told, also when the daemon starts over it."""
import glob
import json
import os
import shutil
import subprocess
import tempfile

from daemon import Console, Held, check, run, wait_for, with_daemon

ELSEWHERE = tempfile.mkdtemp(prefix="cr-heads-")


def kept(name):
    """Where, and the option that says so."""
    path = os.path.join(ELSEWHERE, name)
    return path, f"journal_heads = {path}\n"


EACH, EACH_OPTION = kept("each")
CUT, CUT_OPTION = kept("cut")
TROUBLE, TROUBLE_OPTION = kept("trouble")


def lines_of(path):
    with open(path, "rb") as f:
        return f.read().splitlines(keepends=True)


def segment(daemon):
    return sorted(glob.glob(os.path.join(daemon.record, "*.jsonl")))[-1]


def seals(daemon):
    return [line for line in lines_of(segment(daemon)) if b'"k":"seal"' in line]


def decide(daemon, console, count):
    for _ in range(count):
        h = Held(daemon)
        console.approve(console.request_for(h.id), wait="accepted")
        h.answer()


def verify(daemon, *words):
    return subprocess.run([daemon.binary, "verify", *words, daemon.record], capture_output=True, text=True, timeout=60)


@with_daemon(config=EACH_OPTION)
def each_seal_is_kept(daemon):
    console = Console(daemon)
    decide(daemon, console, 3)
    wait_for("the heads", lambda: os.path.exists(EACH) and lines_of(EACH) == seals(daemon))
    console.close()
    check(daemon.terminate() == 0, "exit code")
    check(lines_of(EACH) == seals(daemon), "the last seal is not kept")
    daemon.start()
    wait_for("the heads of the next start", lambda: lines_of(EACH) == seals(daemon))
    done = verify(daemon, "--heads", EACH)
    check(done.returncode == 0 and "known heads agree" in done.stdout, done.stdout + done.stderr)


@with_daemon(config=CUT_OPTION)
def a_cut_is_told(daemon):
    console = Console(daemon)
    decide(daemon, console, 3)
    console.close()
    check(daemon.terminate() == 0, "exit code")
    whole = lines_of(segment(daemon))
    at = [i for i, line in enumerate(whole) if b'"k":"seal"' in line][-3]
    with open(segment(daemon), "wb") as f:
        f.writelines(whole[:at + 1])
    alone = verify(daemon)
    check(alone.returncode == 0 and "intact" in alone.stdout, alone.stdout)
    told = verify(daemon, "--heads", CUT)
    check(told.returncode == 5 and f"CUT: it ends with record {at + 1}" in told.stdout, told.stdout + told.stderr)
    done = subprocess.run([daemon.binary, "serve", "--config", daemon.config_file, "--socket", daemon.socket, "--token-file",
                           daemon.token_file, "--journal", daemon.record, "--hook-port", "0"], capture_output=True, text=True, timeout=60)
    check(done.returncode == 1 and "its end was cut off" in done.stderr, f"started over a record that was cut: {done}")
    check(lines_of(segment(daemon)) == whole[:at + 1], "a refused start wrote into the record")
    with open(segment(daemon), "wb") as f:
        f.writelines(whole)
    daemon.start()


@with_daemon(config=TROUBLE_OPTION)
def trouble_is_told_and_nothing_is_lost(daemon):
    console = Console(daemon)
    wait_for("heads", lambda: os.path.exists(TROUBLE) and lines_of(TROUBLE) == seals(daemon))
    kept = len(seals(daemon))
    os.unlink(TROUBLE)
    os.mkdir(TROUBLE)
    decide(daemon, console, 2)
    told = console.event("signal.raised", signal__severity="high")["data"]["signal.title"]
    check("heads are not kept" in told, told)
    decide(daemon, console, 2)  # nobody waits for the heads
    waiting = seals(daemon)[kept:]
    check(len(waiting) >= 4, f"{len(waiting)} seals")
    os.rmdir(TROUBLE)
    wait_for("what waited", lambda: os.path.isfile(TROUBLE) and set(waiting) <= set(lines_of(TROUBLE)))
    console.event("signal.raised", signal__severity="low")


FORGED, FORGED_OPTION = kept("forged")


@with_daemon(config=FORGED_OPTION)
def a_forged_head_silences_nobody(daemon):
    wait_for("heads", lambda: os.path.exists(FORGED) and lines_of(FORGED) == seals(daemon))
    check(daemon.terminate() == 0, "exit code")
    last = lines_of(FORGED)[-1]
    number = json.loads(last)["n"]
    with open(FORGED, "ab") as f:  # the file may be shared
        f.write(last.replace(b'"n":%d,' % number, b'"n":%d,' % (number + 1000)))
    daemon.start()
    wait_for("the heads of this start", lambda: set(seals(daemon)) <= set(lines_of(FORGED)))


if __name__ == "__main__":
    try:
        run([each_seal_is_kept, a_cut_is_told, trouble_is_told_and_nothing_is_lost, a_forged_head_silences_nobody])
    finally:
        shutil.rmtree(ELSEWHERE, ignore_errors=True)
