"""Two consoles and a shell on one daemon: each sees the others, and who was first; one may only look."""
import contextlib
import os

from daemon import Daemon, Held, verdict
from tmux import Screen, check, run, wait_for

ME = f"uid:{os.geteuid()}"


@contextlib.contextmanager
def two(binary, first=(), second=(), token=None):
    """A daemon and two consoles on it, of 80 and 120 columns; the second comes in by the token, when there is one."""
    daemon = Daemon(binary, consoles=True)
    try:
        ini = os.path.join(daemon.dir, "one.ini")
        with open(ini, "w") as f:
            f.write(f"[backend local]\nkind = checkrein\nurl = unix:{daemon.socket}\n")
        other = ini
        if token:
            secret = os.path.join(daemon.dir, "secret")
            with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(daemon.manage_tokens("add", "desk", "--scopes", token))
            other = os.path.join(daemon.dir, "two.ini")
            with open(other, "w") as f:
                f.write(f"[backend far]\nkind = checkrein\nurl = ws://127.0.0.1:{daemon.console_port}/\ntoken_file = {secret}\n")
        with Screen([binary, "console", "--config", ini, *first], 80, 24) as a:
            with Screen([binary, "console", "--config", other, *second], 120, 40) as b:
                a.wait_text("+1 watching")
                b.wait_text("+1 watching")
                yield daemon, a, b
    finally:
        daemon.close()


def the_first_wins_and_all_are_told(binary):
    with two(binary) as (daemon, a, b):
        held = Held(daemon, command="touch x")
        for s in (a, b):
            s.wait_text("touch x")
            s.keys("2")
            s.press("Enter", "sha256")
        request = daemon.status()["approvals"][0]
        done = daemon.run("approve", request["approval.id"], "--digest", request["action.digest"])
        check(done.returncode == 0 and verdict(held.answer()) == "allow", f"{done}")
        for s in (a, b):
            s.wait_text(f"approved by {ME}")
            s.keys("d")
            s.keys("Escape")
        check(daemon.status()["approvals"] == [], "one decision")
        resolved = daemon.events("approval.resolved")
        check(len(resolved) == 1 and len(daemon.events("operator.command")) == 1, f"{resolved}")


def who_is_there(binary):
    with two(binary, token="read,decide") as (daemon, a, b):
        a.keys("W")
        a.wait_text("1 other watches: token:desk (read decide)")
        b.keys("W")
        b.wait_text(f"1 other watches: {ME}")
        b.keys("Q")
        check(b.wait_end() == 0, "exit code")
        wait_for("who is left", lambda: f"1 other watches: {ME}" in "\n".join(b.rows()))
        a.wait("nobody else", lambda rows: "watching" not in rows[0])


def who_may_only_read(binary):
    with two(binary, token="read") as (daemon, a, b):
        held = Held(daemon, command="touch x")
        b.wait_text("READONLY")
        b.wait_text("touch x")
        check("READONLY" not in a.rows()[0], "the other one may act")
        for key in ("p", "X", "!", "d"):
            b.keys(key)
            b.wait_text("this connection may only read")
            b.keys("S")
        b.keys("2")
        b.press("Enter", "sha256")
        b.keys("a")
        b.wait_text("read")
        check(not held.answered(0.3) and not daemon.events("operator.command"), "a command left a console that may only read")
        check(not daemon.status()["backends"][0]["fleet.stop.latched"], "stopped")
        a.keys("2")
        a.press("d", " deny s1 (touch x): ")
        a.keys("Enter")
        check(verdict(held.answer()) == "deny", "the other console decides")
        b.wait_text(f"denied by {ME}")


def readonly_by_option(binary):
    with two(binary, second=("--readonly",)) as (daemon, a, b):
        held = Held(daemon, command="touch x")
        b.wait_text("READONLY")
        b.wait_text("touch x")
        b.keys("d")
        b.wait_text("read-only: no effect")
        check(not daemon.events("operator.command"), "a command left a read-only console")
        held.hang_up()


def a_revoked_token_ends_the_view(binary):
    with two(binary, token="read,decide") as (daemon, a, b):
        daemon.manage_tokens("revoke", "desk")
        b.wait_text("STALE")
        b.wait_text("401")
        a.wait("nobody else", lambda rows: "watching" not in rows[0])


if __name__ == "__main__":
    run([the_first_wins_and_all_are_told, who_is_there, who_may_only_read, readonly_by_option, a_revoked_token_ends_the_view])
