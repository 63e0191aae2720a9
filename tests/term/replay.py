"""A record on the screen: from within the live console, and afterwards from a copy of it."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from tmux import Screen, check, run, wait_for


def record_of(screen):
    """The console's own record of the demo that runs there."""
    pid = screen.program()
    found = set()
    for path in glob.glob(f"/proc/{pid}/fd/*"):
        target = os.readlink(path) if os.path.islink(path) else ""
        if re.search(r"/console/\d{6}\.jsonl$", target):
            found.add(os.path.dirname(target))
    return found.pop() if found else None


def place(rows):
    """What the second line says: playing, the moment, the record's number, how many there are."""
    m = re.match(r" (\S) \w{3} (\S+ \S+) UTC +\S+ +([\d,]+) of ([\d,]+)", rows[1]) if len(rows) > 1 else None
    return m and (m[1], m[2], int(m[3].replace(",", "")), int(m[4].replace(",", "")))


def hit(rows):
    """Which of how many hits the second line says that it stands at."""
    m = re.search(r" hit ([\d,]+) of ([\d,]+)", rows[1]) if len(rows) > 1 else None
    return m and (int(m[1].replace(",", "")), int(m[2].replace(",", "")))


def no_index_is_lived_with(binary, record):
    """The cache cannot be written: it is read through, and said."""
    with Screen([binary, "replay", record], 120, 40, env={"XDG_CACHE_HOME": "/proc/none"}) as s:
        s.wait("the start", lambda r: place(r) and place(r)[2] == 1)
        s.keys("/")
        s.type("cache/old")
        s.keys("Enter")
        wait_at(s, "the words", lambda _, __, n, of: n > 1)
        s.wait_text("it is read through: no index")
        s.wait("no number of hits", lambda r: "/cache/old" in r[1] and "hit" not in r[1])
        first = place(s.rows())[2]
        s.keys("n")
        wait_at(s, "the next", lambda _, __, n, of: n > first)
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")


def wait_at(screen, what, probe):
    return screen.wait(what, lambda rows: place(rows) and probe(*place(rows)))


def record_a_demo(binary, into, cols, rows):
    """Some seconds of a demo with a denial by key; looks back in the middle of it."""
    with Screen([binary, "demo"], cols, rows) as s:
        s.wait_text("rm -rf cache/old")
        s.press("Space", "▸")
        s.keys("d")
        s.wait_text("deny ")
        s.keys("Enter")
        s.wait_text("deny disk-cleaner: ")
        s.wait("the denial is confirmed", lambda r: any("confirmed" in row for row in r))
        s.type(":at -1s")
        s.keys("Enter")
        s.wait_text("REPLAY")
        s.wait_text("live goes on")
        s.keys("p")
        s.wait_text("replay: no effect")
        s.keys("Space")
        s.wait("it plays to the end", lambda r: place(r) and place(r)[0] == "‖" and place(r)[2] >= place(r)[3] - 1)
        s.keys("Escape")
        s.wait_text("LIVE")
        s.type(":at -2s")
        s.keys("Enter")
        s.wait_text("REPLAY")
        s.keys("!")  # the way to the fleet stop is never longer than one key
        s.wait("live, and the stop is asked for", lambda r: "LIVE" in r[0] and any("S stops every agent" in row for row in r))
        s.keys("Escape")
        s.wait_text("fleet stop was not given")
        shutil.copytree(record_of(s), into)
        s.keys("Q")
        check(s.wait_end() == 0, "the demo ends")


def steps_through(binary, record, cols, rows):
    with Screen([binary, "replay", record], cols, rows) as s:
        s.wait("the start", lambda r: place(r) and place(r)[2] == 1 and "intact" in r[1])
        total = place(s.rows())[3]
        s.keys("]")
        first = place(wait_at(s, "a decision", lambda _, __, n, of: n > 1))[2]
        s.keys(",")
        wait_at(s, "the change before", lambda _, __, n, of: n < first)
        s.keys(".")
        wait_at(s, "and on again", lambda _, __, n, of: n == first)
        s.keys("[")
        s.wait_text("no decision comes before this")
        s.keys("5")
        wait_at(s, "the middle", lambda _, __, n, of: n != first)
        s.keys("0")
        wait_at(s, "the beginning", lambda _, __, n, of: n == 1)
        s.keys("/")
        s.type("RM -rf cache/ol*")
        s.keys("Enter")
        wait_at(s, "the words", lambda _, __, n, of: n > 1)
        s.wait_text("cache/old")
        s.wait("how often they come", lambda r: hit(r) and hit(r)[0] == 1 and hit(r)[1] > 2 and "/RM" in r[1])
        total_hits = hit(s.rows())[1]
        s.keys("N")
        s.wait_text("does not come before this")
        for number in range(2, total_hits + 1):
            s.keys("n")
            s.wait(f"the hit {number}", lambda r: hit(r) == (number, total_hits))
        s.keys("n")
        s.wait_text("does not come after this")
        s.keys("N")
        s.wait("back again", lambda r: hit(r) == (total_hits - 1, total_hits))
        s.keys("0")
        s.wait("between the hits", lambda r: f"{total_hits} hits" in r[1])
        s.keys("+", "+", "+", "+", "+", "+")
        s.wait_text("256x")
        s.keys("Space")
        wait_at(s, "the end", lambda state, __, n, of: state == "‖" and n >= total - 1)
        for key in "pXa":  # nothing acts
            s.keys(key)
            s.wait_text("replay: no effect")
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")


def picture(binary, record, *words):
    done = subprocess.run([binary, "replay", record, "--print", "120x40", *words], capture_output=True, timeout=60)
    check(done.returncode == 0 and not done.stderr, f"{words}: {done}")
    return done.stdout.decode()


def pictures_are_the_same_each_time(binary, record):
    whole = picture(binary, record, "--event", "rm -rf cache/old")
    moment = place(whole.split("\n"))[1]
    for words in (["--event", "rm -rf cache/old"], ["--at", moment], ["--at", moment, "--ascii"], []):
        first = picture(binary, record, *words)
        check("REPLAY" in first and "intact" in first, first)
        check(picture(binary, record, *words) == first, f"{words}: another picture of the same instant")
    check(moment in picture(binary, record, "--at", moment), "not the moment that was asked for")
    done = subprocess.run([binary, "replay", record, "--print", "80x24", "--event", "nobody said this"], capture_output=True, timeout=60)
    check(done.returncode == 1 and not done.stdout and b"no record has" in done.stderr, f"{done}")


def damage_is_told(binary, record):
    path = os.path.join(record, "000001.jsonl")
    os.chmod(path, 0o600)
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    lines[20] = lines[20].replace(b'"t":"2', b'"t":"3', 1)
    with open(path, "wb") as f:
        f.write(b"\n".join(lines))
    with Screen([binary, "replay", record], 80, 24) as s:
        s.wait_text("BROKEN at record 21")
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")


def live_and_after(binary):
    folder = tempfile.mkdtemp(prefix="cr-replay-")
    try:
        record = os.path.join(folder, "record")
        record_a_demo(binary, record, 120, 40)
        steps_through(binary, record, 80, 24)
        steps_through(binary, record, 120, 40)
        pictures_are_the_same_each_time(binary, record)
        no_index_is_lived_with(binary, record)
        damage_is_told(binary, record)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fleet_stop_from_a_line_in_the_past(binary):
    with Screen([binary, "demo"], 100, 30) as s:
        s.wait_text("rm -rf cache/old")
        s.type(":at -1s")
        s.keys("Enter")
        s.wait_text("live goes on")
        s.type("/x!yS")  # not one right behind the other: words to look for
        s.wait_text("x!yS")
        s.type("!S")
        s.wait("live, and stopped", lambda r: "STOPPED" in r[0] and "REPLAY" not in r[0])
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")


def what_cannot_be_shown_is_told(binary):
    for words, code, text in ((["/nonexistent"], 1, "/nonexistent"), (["a", "b"], 2, "usage"),
                              ([os.path.dirname(binary), "--print", "80x24"], 1, "no record"),
                              ([__file__, "--print", "9x"], 2, "no size")):
        done = subprocess.run([binary, "replay", *words], capture_output=True, timeout=60)
        check(done.returncode == code and text in done.stderr.decode(), f"{words}: {done}")


if __name__ == "__main__":
    run([live_and_after, fleet_stop_from_a_line_in_the_past, what_cannot_be_shown_is_told])
