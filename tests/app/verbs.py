"""The verbs from a shell: what the exit code promises is so, with one back-end or several."""
import contextlib
import json
import os
import socket
import subprocess

from daemon import Console, Daemon, Held, check, run, wait_for


@contextlib.contextmanager
def two(daemon, second_url=None):
    """A configuration with this daemon and another; gives the verb's runner and the other daemon."""
    other = None if second_url else Daemon(daemon.binary)
    ini = os.path.join(daemon.dir, "two.ini")
    with open(ini, "w") as f:
        f.write(f"[backend one]\nkind = checkrein\nurl = unix:{daemon.socket}\n"
                f"[backend two]\nkind = checkrein\nurl = {second_url or 'unix:' + other.socket}\n")

    def verb(*arguments):
        return subprocess.run([daemon.binary, *arguments, "--config", ini], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
    try:
        yield verb, other
    finally:
        if other:
            other.close()


def latched(daemon):
    return daemon.status()["backends"][0]["fleet.stop.latched"]


def stop_of_all_is_of_all(daemon):
    with two(daemon) as (verb, other):
        done = verb("stop-all")
        check(done.returncode == 0 and done.stdout.count("confirmed:") == 2, f"{done}")
        check(latched(daemon) and latched(other), "one was not stopped")
        Console(other).command("reset_stop")
        done = verb("reset-stop")
        check(done.returncode == 3, f"one of two refused: {done}")
        check("confirmed" in done.stdout and "refused" in done.stdout, done.stdout)
        other.hook("UserPromptSubmit", prompt="no process is known of it")
        done = verb("stop-all", "--wait", "1s", "--json")
        states = {json.loads(line)["backend"]: json.loads(line)["command.state"] for line in done.stdout.splitlines()}
        check(states == {"one": "confirmed", "two": "accepted"} and done.returncode == 4, f"{done}")


def one_of_two_is_away(daemon):
    with two(daemon, f"unix:{daemon.dir}/run/away.sock") as (verb, _):
        done = verb("stop-all")
        check(done.returncode == 1 and "not sent" in done.stdout, f"success, and one back-end was never told: {done}")
        check(latched(daemon), "the one that is there was not stopped")


def exit_codes(daemon):
    for name in ("a", "b"):
        daemon.hook("UserPromptSubmit", name, prompt="x", **{"cwd": "/srv/same"})
    cases = [(3, ["pause", "same"]), (3, ["pause", "nobody"]), (2, ["pause"]), (2, ["resume", "a", "b"]), (3, ["pause", "a", "b"]), (0, ["pause", "claude:a"]),
             (3, ["deny", "01K0000000000000000000000X"]), (2, ["approve", "x"]), (2, ["approve", "x", "--digest", "sha256:0"]),
             (4, ["stop", "claude:b", "--wait", "300ms"]), (2, ["stop", "claude:b", "--wait", "soon"]), (0, ["resume", "claude:a"]),
             (3, ["resume", "claude:a"]), (2, ["fly", "claude:a"]), (2, ["stop-all", "claude:a"])]
    for want, arguments in cases:
        done = daemon.run(*arguments)
        check(done.returncode == want, f"{arguments}: exit code {done.returncode}, not {want}: {done}")
    daemon.kill()
    for arguments in (["status"], ["stop-all"], ["pause", "claude:a"]):
        done = daemon.run(*arguments)
        check(done.returncode == 1 and "checkrein:" in done.stderr, f"{arguments} without a daemon: {done}")


def several_at_once(daemon):
    """One command to each; the worst of what became of them is the exit code. What lets something run is never several."""
    held = [Held(daemon, name) for name in ("a", "b", "c")]
    wait_for("requests", lambda: len(daemon.status()["approvals"]) == 3)
    ids = [p["approval.id"] for p in daemon.status()["approvals"]]
    done = daemon.run("pause", "claude:a", "nobody", "claude:b", "--json")
    said = {line.get("gen_ai.agent.id"): line for line in map(json.loads, done.stdout.splitlines())}
    check(done.returncode == 3, f"{done}")
    check(said["claude:a"]["command.state"] in ("accepted", "confirmed") and said["claude:a"]["command.verb"] == "pause", f"{said}")
    check(said["nobody"]["command.state"] == "refused" and "nobody" in said["nobody"]["reason"], f"{said}")
    check("claude:b" in said, f"what stands behind a name that nobody has was left out: {said}")
    done = daemon.run("deny", *ids, "--reason", "none of these", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    check(done.returncode == 0 and [(w["approval.id"], w["command.state"]) for w in lines] == [(i, "confirmed") for i in ids], f"{done}")
    check(all(h.answer()["hookSpecificOutput"]["permissionDecisionReason"] == "none of these" for h in held), "the words")
    check(daemon.run("approve", *ids, "--digest", "sha256:" + "0" * 64).returncode == 2, "several approvals in one call")


def too_late_is_told_who_won(daemon):
    held = Held(daemon)
    waiting = wait_for("request", lambda: daemon.status()["approvals"])[0]
    check(daemon.run("approve", waiting["approval.id"], "--digest", waiting["action.digest"]).returncode == 0, "approve")
    held.answer()
    done = daemon.run("deny", waiting["approval.id"])
    check(done.returncode == 3 and f"superseded: approved before, by uid:{os.geteuid()}" in done.stdout, f"{done}")
    said = json.loads(daemon.run("deny", waiting["approval.id"], "--json").stdout)
    check(said["command.state"] == "superseded" and f"uid:{os.geteuid()}" in said["reason"], f"{said}")


def verbs_that_are_not_offered(daemon):
    """What the back-end does not offer is refused by its name, not left out."""
    daemon.hook("UserPromptSubmit", "a", prompt="x")
    held = json.loads(daemon.run("revoke", "claude:a", "--json").stdout)
    check(held["command.state"] == "refused" and "holds no credential" in held["reason"], f"{held}")
    for words in (["message", "claude:a", "hello"], ["tighten", "claude:a"]):
        done = daemon.run(*words, "--json")
        said = json.loads(done.stdout)
        check(done.returncode == 3 and said["command.state"] == "refused" and "does not offer" in said["reason"], f"{done}")
    for words in (["budget", "claude:a", "much"], ["budget", "claude:a", "0"], ["message", "claude:a"]):
        check(daemon.run(*words).returncode == 2, f"{words}")


def watch_ends_with_its_reader(daemon):
    for how in ([], ["--json"]):
        ini = os.path.join(daemon.dir, "watch.ini")
        with open(ini, "w") as f:
            f.write(f"[backend w]\nkind = checkrein\nurl = unix:{daemon.socket}\n")
        p = subprocess.Popen([daemon.binary, "watch", *how, "--config", ini], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        check(p.stdout.readline(), "nothing was said")
        p.stdout.close()

        def ended(p=p):
            daemon.hook("UserPromptSubmit", prompt="x")
            daemon.hook("Stop")
            return p.poll() is not None
        wait_for(f"watch {how} ends", ended)


def output_is_plain(daemon):
    h = Held(daemon, command="a\x7fb\x1b[31m\u009b\u202e\U0001F600")
    wait_for("request", lambda: daemon.status()["approvals"])
    for words in (["status"], ["status", "--json"]):
        out = daemon.run(*words).stdout
        bad = [c for c in out if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]
        check(not bad, f"{words} printed {bad!r}")
    action = json.loads(daemon.run("status", "--json").stdout)["approvals"][0]["action"]
    check(json.loads(action)["input"]["command"] == "a\x7fb\x1b[31m\u009b\u202e\U0001F600", f"it says something else: {action}")
    h.hang_up()


def another_ones_socket(daemon):
    """Without a configuration the socket of this user is used, and not one that others could have put there."""
    if os.geteuid() != 0:
        return
    folder = os.path.join(daemon.dir, "checkrein")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o777)
    s = socket.socket(socket.AF_UNIX)
    s.bind(os.path.join(folder, "checkrein.sock"))
    s.listen(1)
    env = {**os.environ, "XDG_RUNTIME_DIR": daemon.dir, "XDG_CONFIG_HOME": daemon.dir, "XDG_STATE_HOME": daemon.dir}
    os.rename(daemon.config_file, daemon.config_file + ".away")
    done = subprocess.run([daemon.binary, "status"], capture_output=True, text=True, timeout=60, env=env)
    check(done.returncode == 1 and "others can write" in done.stderr, f"{done}")
    s.close()


if __name__ == "__main__":
    run([stop_of_all_is_of_all, one_of_two_is_away, exit_codes, several_at_once, too_late_is_told_who_won, verbs_that_are_not_offered, watch_ends_with_its_reader, output_is_plain,
         another_ones_socket])
