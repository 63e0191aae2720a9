"""What is found in records from a shell: by the index, without it, whatever is wrong with it, and whatever is asked."""
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess

from daemon import Console, Held, check, run, wait_for, with_daemon

POLICY = "[rule reads]\ntool = Read\nverdict = allow\nreason = only reads\n[rule web]\ntool = WebFetch\nverdict = deny\nreason = no web today\n"
TOKEN = "ghp_" + "A1b2C3d4E5f6A7b8C9d0E1f2A3b4C5d6E7f8"


def env_of(daemon, **more):
    return {**os.environ, "XDG_STATE_HOME": os.path.join(daemon.dir, "home"), "XDG_CONFIG_HOME": daemon.dir,
            "XDG_CACHE_HOME": os.path.join(daemon.dir, "cache"), **more}


def look(daemon, *words, code=0, **more):
    """Standard output and error of one look; it needs no daemon."""
    done = subprocess.run([daemon.binary, *words], capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                          env=env_of(daemon, **more.pop("env", {})), **more)
    out, err = done.stdout.decode(), done.stderr.decode()
    check(done.returncode == code, f"{words}: {done}")
    check("\x1b" not in out + err and "\u202e" not in out + err, f"{words}: {out!r}")
    return out, err


def found(daemon, *words, code=0):
    """The hits as objects; by reading through they are the same."""
    out, err = look(daemon, "find", "--json", *words, code=code)
    plain, _ = look(daemon, "find", "--json", "--scan", *words, code=code)
    check(not err, f"{words}: {err}")
    check(out == plain, f"{words}: by the index\n{out}read through\n{plain}")
    return [json.loads(line) for line in out.splitlines()]


def ends(daemon, agent, call, tool, error=None):
    kind = "PostToolUseFailure" if error else "PostToolUse"
    daemon.hook(kind, agent, tool_name=tool, tool_use_id=call, tool_input={}, **({"error": error} if error else {}))


def work(daemon, agent, calls=3):
    """An agent that reads, runs something, is denied something, and fails at something."""
    console = Console(daemon)
    daemon.hook("UserPromptSubmit", agent, prompt=f"tidy up for {agent}")
    for i in range(calls):
        daemon.hook("PreToolUse", agent, tool_name="Read", tool_use_id=f"{agent}-r{i}", tool_input={"file_path": f"/srv/{agent}/file{i}.txt"})
        ends(daemon, agent, f"{agent}-r{i}", "Read", error="no such file: ENOENT" if i == 0 else None)
    daemon.hook("PreToolUse", agent, tool_name="WebFetch", tool_use_id=f"{agent}-w", tool_input={"url": "http://example.com/x"})
    held = Held(daemon, agent, call=f"{agent}-run", command="make -j2 check && echo Done\nsecond line")
    console.approve(console.request_for(held.id), wait="accepted")
    held.answer()
    ends(daemon, agent, held.id, "Bash")
    held = Held(daemon, agent, call=f"{agent}-rm", command="rm -rf /precious \x1b[31m\u202e")
    request = console.request_for(held.id)
    console.command("deny", wait="accepted", approval=request["approval.id"], reason="not the precious ones")
    held.answer()
    console.close()
    return request["approval.id"]


@with_daemon(policy=POLICY)
def each_word_leads_to_its_records(daemon):
    request = work(daemon, "one")
    work(daemon, "two")
    hits = found(daemon, daemon.record, "precious")
    check({h["agent"] for h in hits if "agent" in h} == {"claude:one", "claude:two"}, f"{hits}")
    check({"approval.requested", "approval.resolved", "operator.command", "raw"} <= {h["type"] for h in hits}, f"{[h['type'] for h in hits]}")
    check([h["n"] for h in hits] == sorted(h["n"] for h in hits), "not in the order of the record")
    lines = {r["n"]: r for r in daemon.records()}
    for h in hits:
        check("precious" in json.dumps(lines[h["n"]]), f"{h}: {lines[h['n']]}")
        whole = lines[h["n"]].get("event") or lines[h["n"]].get("command") or {}
        check(h.get("id") == whole.get("id") and (h["type"] == "raw") == (not whole), f"{h}")
    check(found(daemon, daemon.record, "PRECIOUS", "--agent", "claude:one") == [h for h in hits if h.get("agent") == "claude:one"], "agent")
    check(found(daemon, daemon.record, "second line") and found(daemon, daemon.record, '"done second"'), "a line of a command")
    check(found(daemon, daemon.record, "/srv/one/file1.txt"), "a path")
    check(found(daemon, daemon.record, "fil*"), "a beginning")
    check(not found(daemon, daemon.record, "fil", code=1), "half a word")
    check(not found(daemon, daemon.record, '"second done"', code=1), "the other way round")
    check({h["type"] for h in found(daemon, daemon.record, request)} >= {"approval.requested", "approval.resolved"}, "an id")
    failed = found(daemon, daemon.record, "enoent", "--failures")
    check(failed and all(h["failure"] for h in failed), f"{failed}")
    decided = found(daemon, daemon.record, "", "--decisions")
    check(decided and all(h["decision"] for h in decided), f"{decided}")
    check(not any(lines[h["n"]]["event"]["data"].get("policy.verdict") == "ask" for h in decided), "a question is no decision")
    check({h["type"] for h in found(daemon, daemon.record, "", "--type", "approval")} == {"approval.requested", "approval.resolved"}, "type")
    newest = found(daemon, daemon.record, "precious", "--limit", "2")
    check(newest == hits[-2:], f"{newest}")
    when = hits[3]["t"]
    check(found(daemon, daemon.record, "precious", "--from", when) == [h for h in hits if h["t"] >= when], "from")
    check(found(daemon, daemon.record, "precious", "--to", when) == [h for h in hits if h["t"] <= when], "to")
    out, _ = look(daemon, "find", daemon.record, "precious")
    check(len(out.splitlines()) == len(hits) and "denied: not the precious ones" in out, out)


@with_daemon(policy=POLICY)
def a_record_that_grows_is_followed(daemon):
    work(daemon, "one")
    was = len(found(daemon, daemon.record, "tidy"))
    for i in range(5):
        daemon.hook("UserPromptSubmit", f"new{i}", prompt=f"tidy up again {i}")
        wait_for("the news", lambda: len(found(daemon, daemon.record, "tidy")) > was)
        was = len(found(daemon, daemon.record, "tidy"))
    daemon.kill()
    daemon.start()
    daemon.hook("UserPromptSubmit", "late", prompt="tidy up late")
    check(len(found(daemon, daemon.record, "tidy")) > was, "after a crash")


@with_daemon(policy=POLICY)
def nothing_of_the_record_is_touched(daemon):
    work(daemon, "one")
    daemon.terminate()

    def state():
        return sorted((name, os.stat(os.path.join(daemon.record, name)).st_mtime_ns, os.stat(os.path.join(daemon.record, name)).st_ctime_ns)
                      for name in os.listdir(daemon.record))

    before = state()
    found(daemon, daemon.record, "precious")
    look(daemon, "index", daemon.record)
    check(state() == before, "the record's folder is another")
    folder = os.path.join(daemon.dir, "cache", "checkrein", "index")
    files = os.listdir(folder)
    check(len(files) == 1 and os.stat(os.path.join(folder, files[0])).st_mode & 0o777 == 0o600, f"{files}")
    check(os.stat(folder).st_mode & 0o777 == 0o700, "the folder is open to others")


@with_daemon(policy=POLICY)
def no_secret_gets_into_the_index(daemon):
    held = Held(daemon, "one", call="c1", command=f"curl -H 'Authorization: Bearer {TOKEN}' http://x/")
    console = Console(daemon)
    console.request_for("c1")
    check(found(daemon, daemon.record, "github-token"), "the mark is not found")
    check(not found(daemon, daemon.record, TOKEN, code=1), "the token is found")
    folder = os.path.join(daemon.dir, "cache", "checkrein", "index")
    with open(os.path.join(folder, os.listdir(folder)[0]), "rb") as f:
        content = f.read().lower()
    for part in (TOKEN, TOKEN[4:20], TOKEN[-16:]):
        check(part.lower().encode() not in content, "a part of the token is in the index")
    console.close()
    held.hang_up()


@with_daemon(policy=POLICY)
def whatever_is_asked_is_no_error_of_sql(daemon):
    work(daemon, "one")
    daemon.terminate()
    texts = ['"', '*', '""', "'", "a'b", 'NOT', 'make AND', 'OR', 'NEAR(make check)', 'NEAR(', 'text:make', '-make', '^make', '(make', 'make)',
             '{make}', 'make + check', "'; DROP TABLE row; --", '\\', '%', '_', '\x01', '\u65e5\u672c', '\u202emake', 'make\u200b', '"a" "b', '***',
             'a*b*c*', '"make -j2"*', 'rowid:1', 'words MATCH 1', '\U0001f600', '.', '"."', 'a' * 4000, ' '.join('b' * 30), ',', '[', '\n', '\t\t']
    seed = int(os.environ.get("CHECKREIN_SEED", "5"))
    print(f"  CHECKREIN_SEED={seed}")
    r = random.Random(seed)
    parts = texts + ["make", "check", "rm -rf", "precious", " ", '"', "*", "AND", "(", ")", "\\u0041", "\u00e9"]
    texts += ["".join(r.choice(parts)[:40] + r.choice(["", " "]) for _ in range(r.randrange(1, 6))) for _ in range(60)]
    for text in texts:
        answers = []
        for scan in ([], ["--scan"]):
            done = subprocess.run([daemon.binary, "find", *scan, daemon.record, "--", text], capture_output=True, timeout=60, env=env_of(daemon))
            check(done.returncode in (0, 1, 2), f"{text!r}: {done}")
            said = done.stderr.decode()
            check(not said or "no word" in said or "too long" in said or "more than" in said, f"{text!r}: {said}")
            check((done.returncode == 2) == bool(said), f"{text!r}: {done}")
            answers.append((done.returncode, done.stdout))
        check(answers[0] == answers[1], f"{text!r}: {answers}")
    raw = subprocess.run([daemon.binary.encode(), b"find", daemon.record.encode(), b"\xff\xfe make"], capture_output=True, timeout=60, env=env_of(daemon))
    check(raw.returncode == 0, f"{raw}")


@with_daemon(policy=POLICY)
def faults_are_told_by_the_exit_code(daemon):
    daemon.terminate()
    look(daemon, "find", daemon.record, "nosuchword", code=1)
    for words in (["find"], ["find", "/nowhere", "x"], ["find", daemon.record, "--type", "aproval", "x"], ["find", "--limit", "0", "x"],
                  ["find", "--from", "noon", "x"], ["find", "--from", "-1m", "--to", "-5m", "x"], ["find", daemon.record, "--"],
                  ["find", daemon.record, "---"], ["find", daemon.dir + "/policy.ini", "x", "--nope"], ["find", "x"]):
        _, err = look(daemon, *words, code=2)
        check(err, f"{words}: nothing was said")


@with_daemon(policy=POLICY)
def all_records_of_the_state_folder_are_looked_through(daemon):
    work(daemon, "one")
    daemon.terminate()
    home = os.path.join(daemon.dir, "home", "checkrein")
    os.makedirs(home, 0o700)
    for name in ("console", "daemon"):
        shutil.copytree(daemon.record, os.path.join(home, name))
    os.makedirs(os.path.join(home, "other"))
    both = found(daemon, "precious")
    check({h["record"] for h in both} == {os.path.join(home, "console"), os.path.join(home, "daemon")}, f"{both}")
    one = found(daemon, os.path.join(home, "daemon", "000001.jsonl"), "precious")
    check(len(one) * 2 == len(both), "one segment")
    check(found(daemon, home, "precious") == both, "a folder of records")
    out, _ = look(daemon, "find", "precious")
    check(all(line.startswith(home) for line in out.splitlines()), out)
    out, _ = look(daemon, "index")
    check(out.count("up to date") == 4 and "other" not in out, out)


@with_daemon(policy=POLICY)
def one_that_cannot_be_read_is_told(daemon):
    """That nothing is found there does not mean that nothing is there."""
    work(daemon, "one")
    daemon.terminate()
    home = os.path.join(daemon.dir, "home", "checkrein")
    os.makedirs(home, 0o700)
    shutil.copytree(daemon.record, os.path.join(home, "console"))
    right, _ = look(daemon, "find", "precious")
    os.symlink("daemon", os.path.join(home, "daemon"))  # a way that leads nowhere, for root too
    out, err = look(daemon, "find", "precious", code=2)
    check(len(out.splitlines()) == len(right.splitlines()) and "home/checkrein/daemon: " in err, f"{out}{err}")
    look(daemon, "find", "nosuchword", code=2)
    _, err = look(daemon, "index", code=1)
    check("home/checkrein/daemon: " in err, err)


def files_of(daemon):
    folder = os.path.join(daemon.dir, "cache", "checkrein", "index")
    return [os.path.join(folder, name) for name in os.listdir(folder)]


@with_daemon(policy=POLICY)
def a_cache_that_cannot_be_used_is_lived_with(daemon):
    work(daemon, "one")
    daemon.terminate()
    right, _ = look(daemon, "find", daemon.record, "precious")
    verified = daemon.verify().stdout
    for what in (b"", b"nonsense" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000):
        with open(files_of(daemon)[0], "wb") as f:
            f.write(what)
        out, err = look(daemon, "find", daemon.record, "precious")
        check(out == right and not err, f"{what[:10]}: {out}{err}")
    out, err = look(daemon, "find", daemon.record, "precious", env={"XDG_CACHE_HOME": "/proc/none"})
    check(out == right and "is read through" in err, f"{out}{err}")
    out, err = look(daemon, "find", daemon.record, "precious", env={"XDG_CACHE_HOME": "relative", "HOME": daemon.dir}, cwd=daemon.dir)
    check(out == right and not err and not os.path.exists(os.path.join(daemon.dir, "relative")), "made where it was started")
    check(os.listdir(os.path.join(daemon.dir, ".cache", "checkrein", "index")), "not where it belongs")
    look(daemon, "index", "--drop", daemon.record)
    check(not files_of(daemon), "it is still there")
    out, err = look(daemon, "find", daemon.record, "precious", restore_signals=False,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)))
    check(out == right and "is read through" in err, f"{out}{err}")
    with open(files_of(daemon)[0], "r+b") as f:
        f.write(b"nonsense")
    check(daemon.verify().stdout == verified, "verify went by the index")
    check(look(daemon, "find", daemon.record, "precious") == (right, ""), "not made anew")


@with_daemon(policy=POLICY)
def an_index_is_shown_made_and_dropped(daemon):
    work(daemon, "one")
    check("no index" in look(daemon, "index", daemon.record)[0], "there is one")
    check(json.loads(look(daemon, "index", "--json", daemon.record)[0])["made"] is False, "made")
    out, _ = look(daemon, "index", "--rebuild", daemon.record)
    check("up to date" in out, out)
    state = json.loads(look(daemon, "index", "--json", daemon.record)[0])
    records = daemon.records()
    check(state["records"] == len(records) and state["current"] and state["segments"][0]["records"] == len(records), f"{state}")
    check(state["instance"] == records[0]["open"]["instance"] and state["gone"] == 0, f"{state}")
    daemon.hook("UserPromptSubmit", "late", prompt="more")
    behind = wait_for("news in the record", lambda: (lambda s: s if not s["current"] else None)(
        json.loads(look(daemon, "index", "--json", daemon.record)[0])))
    check(behind["segments"][0]["read"] < behind["segments"][0]["bytes"], f"{behind}")
    check("to be read" in look(daemon, "index", daemon.record)[0], "not told")
    look(daemon, "index", "--drop", daemon.record)
    look(daemon, "index", "--drop", daemon.record)
    check(not files_of(daemon), "still there")
    look(daemon, "index", "--rebuild", "--drop", daemon.record, code=2)
    look(daemon, "index", "/nowhere", code=1)


@with_daemon(policy=POLICY)
def a_damaged_index_is_shown_as_none(daemon):
    work(daemon, "one")
    look(daemon, "index", "--rebuild", daemon.record)
    with contextlib.closing(sqlite3.connect(files_of(daemon)[0])) as db:
        db.execute("ALTER TABLE segment RENAME COLUMN at TO was")
    check("no index" in look(daemon, "index", daemon.record)[0], "there is one")
    check(json.loads(look(daemon, "index", "--json", daemon.record)[0])["made"] is False, "made")
    check(found(daemon, daemon.record, "precious"), "not made anew")
    check("up to date" in look(daemon, "index", daemon.record)[0], "not made anew")


@with_daemon(policy=POLICY)
def searches_at_once_and_killed_ones_do_no_harm(daemon):
    for i in range(4):
        work(daemon, f"a{i}", calls=20)
    daemon.terminate()
    right, _ = look(daemon, "find", "--scan", daemon.record, "file*")
    for i in range(12):
        look(daemon, "index", "--drop", daemon.record)
        all_of_them = [subprocess.Popen([daemon.binary, "find", daemon.record, "file*"], stdout=subprocess.PIPE, env=env_of(daemon)) for _ in range(3)]
        all_of_them[0].send_signal(signal.SIGKILL)
        for p in all_of_them[1:]:
            out, _ = p.communicate(timeout=60)
            check(out.decode() == right and p.returncode == 0, f"round {i}: {p.returncode}")
        all_of_them[0].communicate()
    check(look(daemon, "find", daemon.record, "file*")[0] == right, "afterwards")


if __name__ == "__main__":
    run([each_word_leads_to_its_records, a_record_that_grows_is_followed, nothing_of_the_record_is_touched, no_secret_gets_into_the_index, whatever_is_asked_is_no_error_of_sql, faults_are_told_by_the_exit_code, all_records_of_the_state_folder_are_looked_through, one_that_cannot_be_read_is_told, a_cache_that_cannot_be_used_is_lived_with, an_index_is_shown_made_and_dropped, a_damaged_index_is_shown_as_none, searches_at_once_and_killed_ones_do_no_harm])
