"""A record for other programs: each format is read by what reads it, and what was exported whole is the same record again."""
import copy
import csv
import io
import json
import os
import re
import shutil
import stat
import subprocess
import time

from daemon import Held, check, run, wait_for
from ocsf import Schema
from terminal import Terminal
from vt import Vt

HOSTILE = "=1+1|a=b\\ \x7f\x1b[31m\u009b\u202e\U0001F600 $(touch x)\nsecond = line"
PREFIX = "dev.checkrein."


def export(daemon, record, *words, code=0):
    done = subprocess.run([daemon.binary, "export", *words, "--config", daemon.client_file, record], capture_output=True, timeout=120)
    check(done.returncode == code, f"export {words}: {done.returncode} {done.stderr}")
    return done.stdout.decode()


def lines(daemon, record, form, *words):
    text = export(daemon, record, "--format", form, *words)
    check(all(32 <= ord(c) < 127 or c == "\n" for c in text), f"{form}: not printable ASCII")
    return [json.loads(line) for line in text.splitlines()]


def console_of(daemon):
    return os.path.join(daemon.dir, "console")


def lived(daemon):
    """A daemon's record and a console's: requests, a denial, a failure, an alarm, a stop, a daemon that went and came back."""
    with Terminal([daemon.binary, "console", "--config", daemon.console_config()], {"XDG_STATE_HOME": daemon.dir}) as c:
        c.shows(b"LIVE")
        held = Held(daemon, "one", command=HOSTILE)
        wait_for("request", lambda: daemon.status()["approvals"])
        daemon.hook("UserPromptSubmit", "two", prompt="x")
        daemon.hook("PreToolUse", "two", tool_name="Read", tool_use_id="r", tool_input={"file_path": "/x"})
        daemon.hook("PostToolUseFailure", "two", tool_name="Read", tool_use_id="r", tool_input={}, error=HOSTILE)
        done = daemon.run("deny", daemon.status()["approvals"][0]["approval.id"], "--reason", "no = not | now")
        check(done.returncode == 0, f"{done}")
        held.answer()
        daemon.kill()
        c.wait_text("STALE")
        daemon.start()
        c.press("R", "LIVE")
        held = Held(daemon, "three", command="true")
        c.wait_text("three")
        c.type("!")
        c.wait_text("S")
        c.type("S")
        wait_for("the stop", lambda: any(e["type"] == PREFIX + "fleet.stop" for e in daemon.events()))
        held.answer()
        check(c.stop() == 0, "exit code")
    check(daemon.run("reset-stop").returncode == 0, "the latch")
    return [daemon.record, console_of(daemon)]


def imported(daemon, *words):
    return subprocess.run([daemon.binary, "import", *words], capture_output=True, text=True, timeout=120)


def digest_of(done):
    found = re.search(r"fleet digest ([0-9a-f]{16})", done.stderr)
    check(done.returncode == 0 and found, f"{done}")
    return found.group(1)


def picture(daemon, record, at):
    done = daemon.run("replay", "--print", "120x40", "--at", at, record)
    check(done.returncode == 0, f"{done}")
    return done.stdout.splitlines()[3:]


def what_is_imported_is_the_same(daemon):
    for number, record in enumerate(lived(daemon)):
        told = os.path.join(daemon.dir, f"told{number}.jsonl")
        again = os.path.join(daemon.dir, f"again{number}")
        digest = digest_of(daemon.run("export", "--format", "jsonl", "--output", told, record))
        check(digest_of(imported(daemon, told, "--record", again)) == digest, "another picture")
        check(digest_of(daemon.run("export", "--format", "jsonl", "--output", told, "--force", again)) == digest, "and again")
        rows = [json.loads(line) for line in open(told)]
        kinds = {row["k"] for row in rows}
        check({"open", "event"} <= kinds and (number == 0 or {"snapshot", "command"} <= kinds), f"{kinds}")
        done = subprocess.run([daemon.binary, "verify", again], capture_output=True, text=True, timeout=120)
        check(done.returncode == 0 and ": intact" in done.stdout, f"{done}")
        at = max(row["t"] for row in rows)
        check(picture(daemon, again, at) == picture(daemon, record, at), "another screen")
        types = {row["event"]["type"].removeprefix(PREFIX) for row in rows if row["k"] == "event"}
        wanted = {"approval.requested", "operator.command", "fleet.stop", "backend.link", "agent.started"}
        check(wanted <= types, f"{wanted - types} are missing")


def nothing_bad_is_imported(daemon):
    record = daemon.record
    daemon.hook("UserPromptSubmit", "a", prompt="x")
    good = export(daemon, record, "--format", "jsonl")
    path = os.path.join(daemon.dir, "in.jsonl")
    folder = os.path.join(daemon.dir, "imported")
    first = good.splitlines()[0]
    for bad in ("", "{", "[]", '{"k":"event"}', '{"k":"raw","t":"2026-01-01T00:00:00.000Z","raw":"x"}',
                first.replace('"t":"2', '"t":"x'), '{"n":1,"t":"2026-01-01T00:00:00.000Z","k":"event","event":{}}',
                '{"n":1,"t":"2026-01-01T00:00:00.000Z","k":"event","from":"' + "x" * 65 + '","event":{}}',
                '{"n":1,"t":"2026-01-01T00:00:00.000Z","k":"snapshot","from":"x","snapshot":{"seq":-1,"complete":true}}',
                '{"n":1,"t":"2026-01-01T00:00:00.000Z","k":"snapshot","from":"x","snapshot":{"seq":1}}',
                '{"n":1,"t":"2026-01-01T00:00:00.000Z","k":"snapshot","from":"x","snapshot":{"seq":9007199254740992,"complete":true}}',
                "x" * (25 << 20)):
        with open(path, "w") as f:
            f.write(good + bad if bad else "")
        done = imported(daemon, path, "--record", folder)
        check(done.returncode == 1 and not os.path.exists(folder), f"{bad[:200]!r}: {done}")
        check(not bad or f"line {len(good.splitlines()) + 1}" in done.stderr, f"{bad[:200]!r}: {done}")
    with open(path, "w") as f:
        f.write(good.rstrip("\n"))
    check(imported(daemon, path, "--record", folder).returncode == 0, "the end of the last line")
    check("not empty" in imported(daemon, path, "--record", folder).stderr, "into a record")
    os.mkfifo(path + ".pipe")
    check("no regular file" in imported(daemon, path + ".pipe", "--record", folder + "2").stderr, "a pipe cannot be read twice")
    check(imported(daemon, path).returncode == 2 and imported(daemon, "--record", folder).returncode == 2, "usage")


# ---- CloudEvents 1.0: what the specification says of attributes, and of the JSON format

URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def is_cloud_event(e):
    for name in ("specversion", "id", "source", "type"):
        check(isinstance(e.get(name), str) and e[name], f"{name}: {e}")
    check(e["specversion"] == "1.0", f"{e}")
    check(URI_REFERENCE.fullmatch(e["source"]), f"no URI reference: {e['source']!r}")
    for name, value in e.items():
        check(re.fullmatch(r"[a-z0-9]{1,20}", name), f"no name of an attribute: {name}")
        if name == "data":
            continue
        check(isinstance(value, (str, bool)) or (isinstance(value, int) and -2**31 <= value < 2**31), f"{name}: {value!r}")
        bad = [c for c in str(value) if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000]
        check(not bad, f"{name}: {value!r}")
    for name in ("time", "recordtime"):
        check(TIMESTAMP.fullmatch(e[name]), f"{name}: {e[name]!r}")
    check("subject" not in e or e["subject"], "an empty subject")
    check(e["datacontenttype"] == "application/json" and isinstance(e["data"], dict), f"{e}")


def cloudevents(daemon):
    for record in lived(daemon):
        told = lines(daemon, record, "cloudevents")
        for e in told:
            is_cloud_event(e)
        events = [row for row in lines(daemon, record, "jsonl") if row["k"] == "event"]
        check([(e["id"], e["data"], e["record"], e.get("sequence")) for e in told] ==
              [(r["event"]["id"], r["event"]["data"], str(r["n"]), r["event"].get("seq") and str(r["event"]["seq"])) for r in events],
              "another history")
        check(not any("seq" in e for e in told) and any("sequence" in e for e in told), "numbers of 64 bits are no Integer there")
        actions = [e["data"]["action"] for e in told if e["type"].endswith("approval.requested")]
        check(any(json.loads(a)["input"].get("command") == HOSTILE for a in actions), "the exact text")


# ---- OCSF: by the rules of its public schema, tests/support/ocsf.py

OCSF = Schema("1.9.0-dev")


def is_ocsf(e):
    check(e["metadata"].get("version") == "1.9.0-dev", f"{e}")
    OCSF.check_event(e)
    check(abs(e["time"] / 1000 - time.time()) < 3600, f"{e['time']}")


def broken(e, change):
    """True when the rules see it."""
    e = copy.deepcopy(e)
    change(e)
    try:
        is_ocsf(e)
    except AssertionError:
        return True
    return False


def the_rules_bite(asked, alarm):
    """What is wrong in each way is refused."""
    for what, change in {
        "unknown attribute": lambda e: e.update(colour="red"), "unknown in an object": lambda e: e["actor"].update(colour="red"),
        "profile not named": lambda e: e["metadata"]["profiles"].remove("security_control"), "no such profile":
        lambda e: e["metadata"]["profiles"].append("colours"), "missing": lambda e: e.pop("time"), "missing in an object":
        lambda e: e["metadata"].pop("version"), "of the class": lambda e: e.pop("api"), "number for text": lambda e: e["api"].update(operation=1),
        "text for number": lambda e: e.update(time="now"), "no such value": lambda e: e.update(severity_id=7), "caption of another":
        lambda e: e.update(severity="Fatal"), "empty": lambda e: e.update(message=""), "type": lambda e: e.update(type_uid=600300),
        "category": lambda e: e.update(category_uid=2), "class": lambda e: e.update(class_uid=6004), "constraint": lambda e: e.update(actor={}),
        "object for list": lambda e: e["metadata"].update(profiles="ai_operation"), "33 bits": lambda e: e.update(count=2**31)}.items():
        check(broken(asked, change), f"not seen: {what}")
    check(broken(alarm, lambda e: e["finding_info"].pop("uid")) and broken(alarm, lambda e: e.update(evidences=[{}])), "not seen in a finding")


def ocsf(daemon):
    seen = {}
    for record in lived(daemon):
        told = lines(daemon, record, "ocsf")
        for e in told:
            is_ocsf(e)
            seen.setdefault(e["metadata"]["event_code"], []).append(e)
        news = [r["event"] for r in lines(daemon, record, "jsonl") if r["k"] == "event" and not r["event"].get("snapshot")]
        check([(e["metadata"]["uid"], e["unmapped"]) for e in told] == [(r["id"], r["data"]) for r in news], "another history")
    the_rules_bite(seen["approval.requested"][0], seen["signal.raised"][0])
    asked, told, resolved = seen["approval.requested"][0], seen["operator.command"], seen["approval.resolved"]
    check(asked["ai_agent"]["uid"] == "claude:one" and asked["ai_agent"]["type"] == "claude", f"{asked}")
    check(asked["api"]["operation"] == "Bash" and asked["disposition_id"] == 14, f"{asked}")
    check({"deny", "stop_all"} <= {e["api"]["operation"] for e in told}, f"{told}")
    check(all("user" in e["actor"] for e in told if e["metadata"]["log_name"] == "daemon"), "nobody commanded")
    check(any(e["action_id"] == 2 and e["disposition_id"] == 25 and e["ai_agent"]["uid"] == "claude:one" for e in resolved), f"{resolved}")
    check(seen["signal.raised"][0]["class_uid"] == 2004 and seen["failure.reported"][0]["status_id"] == 2, "alarms and failures")


# ---- CEF: a header of seven parts before the first bar that ends it, then key=value

def cef_of(line):
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    check(len(parts) == 8 and parts[0] == "CEF:0" and parts[1:4] == ["checkrein", "checkrein", parts[3]], f"{line!r}")
    check(0 <= int(parts[6]) <= 10, f"{line!r}")
    found = list(re.finditer(r"(?:^| )([A-Za-z0-9]+)=", re.sub(r"\\.", "xx", parts[7])))
    ends = [m.start() for m in found[1:]] + [len(parts[7])]
    pairs = {m.group(1): re.sub(r"\\(.)", lambda e: "\n" if e[1] == "n" else e[1], parts[7][m.end():end]) for m, end in zip(found, ends)}
    check(len(pairs) == len(found) and found[0].start() == 0, f"a key twice, or words before a key: {line!r}")
    return parts, pairs


def cef(daemon):
    for record in lived(daemon):
        text = export(daemon, record, "--format", "cef")
        bad = [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]
        check(not bad, f"{bad}")
        told = [cef_of(line) for line in text.splitlines()]
        known = {"rt", "externalId", "deviceExternalId", "deviceFacility", "flexNumber1", "flexNumber1Label", "act", "outcome", "cs1", "cs2",
                 "cs3", "cs4", "cs5", "cs6", "cn1", "cn2", "cn3", "suser", "duser", "dproc", "dpid", "dvchost", "reason", "msg"}
        for parts, pairs in told:
            check({k.removesuffix("Label") if k[0] == "c" else k for k in pairs} <= known, f"{pairs}")
        news = [r["event"] for r in lines(daemon, record, "jsonl") if r["k"] == "event" and not r["event"].get("snapshot")]
        check([pairs["externalId"] for _, pairs in told] == [e["id"] for e in news], "another history")
        check([parts[4] for parts, _ in told] == [e["type"].removeprefix(PREFIX) for e in news], "other types")
        hostile = [p["msg"] for parts, p in told if parts[4] == "failure.reported"]
        check(hostile and "=1+1|a=b\\ " in hostile[0] and "\nsecond = line" in hostile[0], f"{hostile}")


# ---- CSV

def csv_is_read(daemon):
    for record in lived(daemon):
        text = export(daemon, record, "--format", "csv")
        check(text.endswith("\r\n"), "line ends")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        events = [r for r in lines(daemon, record, "jsonl") if r["k"] == "event"]
        check(len(rows) == len(events) + 1 and {len(r) for r in rows} == {len(rows[0])}, "rows")
        check(len(set(rows[0])) == len(rows[0]), "a column twice")
        for row, told in zip(rows[1:], events):
            cells = dict(zip(rows[0], row))
            check(cells["id"] == told["event"]["id"] and cells["record"] == str(told["n"]) and cells["backend"] == told["from"], f"{cells}")
            check({n for n, c in cells.items() if c and n in told["event"]["data"]} ==
                  {n for n, v in told["event"]["data"].items() if v not in ("", [])}, f"{cells} {told}")
            bad = [c for c in row if c[:1] in "=+-@\t\r\n" and c and not re.fullmatch(r"-\d+", c)]
            check(not bad, f"a formula: {bad}")
        errors = [dict(zip(rows[0], r))["error.message"] for r in rows]
        check(any(e.startswith("'=1+1|a=b\\ ") and "\nsecond = line" in e for e in errors), f"{errors}")


# ---- asciicast v2

def screen_of(cast, cols, rows):
    screen = Vt(cols, rows)
    for _, kind, data in cast:
        check(kind == "o", kind)
        screen.feed(data.encode())
    return screen.text()


def asciicast(daemon):
    for record in lived(daemon):
        path = os.path.join(daemon.dir, "cast")
        export(daemon, record, "--format", "asciicast", "--size", "100x30", "--idle", "1", "--output", path, "--force")
        head, *cast = [json.loads(line) for line in open(path)]
        check(head["version"] == 2 and (head["width"], head["height"]) == (100, 30), f"{head}")
        check(abs(head["timestamp"] - time.time()) < 3600, f"{head}")
        times = [frame[0] for frame in cast]
        check(times[0] == 0 and all(0 < b - a <= 2 for a, b in zip(times, times[1:])), f"{times}")
        check(len(cast) > 3 and sum(len(f[2]) for f in cast[1:]) / len(cast) < len(cast[0][2]), "all of each picture is sent")
        screen = screen_of(cast, 100, 30)
        done = daemon.run("replay", "--print", "100x30", "--at", "2100-01-01", record)
        check([r.rstrip() for r in screen[4:]] == (done.stdout.split("\n")[4:] + [""] * 30)[:26], f"{screen}\n{done.stdout}")
        if not shutil.which("asciinema"):
            print("  asciinema is not installed: it was not played")
            continue
        with Terminal([shutil.which("asciinema"), "cat", path], {"HOME": daemon.dir}, cols=100, rows=30) as t:
            check(t.end() == 0, "asciinema cat")
            t.wait("the picture", lambda rows, screen=screen: rows[4:29] == screen[4:29])
    for words in (["--agent", "x"], ["--size", "0x1"], ["--size", "x"], ["--idle", "0"]):
        check(daemon.run("export", "--format", "asciicast", *words, daemon.record).returncode in (1, 2), f"{words}")


# ---- what is common

def parts_of_it(daemon):
    record, console = lived(daemon)
    whole = lines(daemon, record, "jsonl")
    middle = whole[len(whole) // 2]["t"]
    early, late = lines(daemon, record, "jsonl", "--to", middle), lines(daemon, record, "jsonl", "--from", middle)
    check([r for r in whole if r["t"] <= middle] == early and [r for r in whole if r["t"] >= middle] == late, "times")
    check(lines(daemon, record, "jsonl", "--from", "2100-01-01") == [], "nothing was then")
    for where in (record, console):
        one = [r["event"] for r in lines(daemon, where, "jsonl", "--agent", "one") if r["k"] == "event"]
        by_id = [r["event"] for r in lines(daemon, where, "jsonl", "--agent", "claude:one") if r["k"] == "event"]
        check(one == by_id, f"name and id: {[e for e in by_id if e not in one]}")
        types = {e["type"].removeprefix(PREFIX) for e in one}
        check({"approval.requested", "approval.resolved", "agent.state"} <= types, f"{types}")
        check(all(e["data"].get("gen_ai.agent.id", "claude:one") == "claude:one" for e in one), "of another agent")
    by_name = {e["type"] for e in [r["event"] for r in lines(daemon, record, "jsonl", "--agent", "one") if r["k"] == "event"]}
    check(PREFIX + "operator.command" in by_name and PREFIX + "operator.result" in by_name, "the denial names only the request")
    export(daemon, record, "--format", "csv", "--agent", "nobody", code=3)
    for words in ([], ["--format", "xml"], ["--format", "csv", "--from", "x"], ["--format", "csv", "--size", "1x1"],
                  ["--format", "csv", "--force"], ["--format", "csv", "--from", "14:00", "--to", "13:00"]):
        check(daemon.run("export", *words, record).returncode == 2, f"{words}")


def files_of_it(daemon):
    check("jsonl|cloudevents|ocsf|cef|csv|asciicast " in daemon.run("export", "--help").stdout, "the help is cut")
    daemon.hook("UserPromptSubmit", "a", prompt="x")
    path = os.path.join(daemon.dir, "out")
    words = ["export", "--format", "csv", "--output", path]
    check(daemon.run(*words, daemon.dir + "/none").returncode == 1 and not os.path.exists(path), "no record")
    os.umask(0)
    check(daemon.run(*words, daemon.record).returncode == 0, "a new file")
    check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "who may read it")
    text = open(path).read()
    done = daemon.run(*words, daemon.record)
    check(done.returncode == 1 and "--force" in done.stderr and open(path).read() == text, f"{done}")
    daemon.hook("UserPromptSubmit", "b", prompt="x")
    check(daemon.run(*words, "--force", daemon.record).returncode == 0 and len(open(path).read()) > len(text), "replaced")
    os.symlink("/dev/null", path + ".link")
    check(daemon.run("export", "--format", "csv", "--output", path + ".link", daemon.record).returncode == 1, "through a link")
    check(daemon.run("export", "--format", "csv", "--output", daemon.dir, "--force", daemon.record).returncode == 1, "over a folder")
    os.mkfifo(path + ".pipe")
    done = daemon.run("export", "--format", "csv", "--output", path + ".pipe", "--force", daemon.record)
    check(done.returncode == 1 and stat.S_ISFIFO(os.stat(path + ".pipe").st_mode), "over what is no file")
    os.unlink(path + ".pipe")
    left = [n for n in os.listdir(daemon.dir) if n.startswith("out.") and n != "out.link"]
    check(not left, f"{left} were left")
    with open("/dev/full", "w") as full:
        for form in ("csv", "asciicast"):
            code = subprocess.run([daemon.binary, "export", "--format", form, daemon.record], stdout=full, stderr=subprocess.DEVNULL,
                                  timeout=60).returncode
            check(code == 1, f"into a full disk: {code}")


def what_is_damaged_is_said(daemon):
    daemon.hook("UserPromptSubmit", "a", prompt="x")
    whole = lines(daemon, daemon.record, "cloudevents")
    copy = os.path.join(daemon.dir, "damaged.jsonl")
    with open(os.path.join(daemon.record, "000001.jsonl")) as f:
        text = f.read()
    with open(copy, "w") as f:
        f.write(text.replace('"specversion":"1.0"', '"specversion":"9.9"', 1) + "garbage\n")
    for form, count in (("jsonl", 2), ("cloudevents", 2), ("asciicast", 1)):
        done = daemon.run("export", "--format", form, copy)
        check(done.returncode == 1 and f"{count} left out" in done.stderr and "digest" not in done.stderr, f"{form}: {done.stderr}")
    done = daemon.run("export", "--format", "cloudevents", copy)
    check(len(done.stdout.splitlines()) == len(whole) - 1, "the rest is there")


if __name__ == "__main__":
    run([what_is_imported_is_the_same, nothing_bad_is_imported, cloudevents, ocsf, cef, csv_is_read, asciicast, parts_of_it, files_of_it,
         what_is_damaged_is_said])
