"""Threats 5 and 6 on the real screen: keys typed ahead of a dialog decide nothing, and an agent's text is never ours."""
from daemon import Held, check, run, verdict, wait_for
from terminal import Terminal

# What an agent would write to look like us: a dialog, an answered request, a status bar, a line of keys.
LOOK_ALIKE = "\n".join([
    "checkrein  LIVE  root@bastion   back-ends 1/1   0 pending   nothing waits",
    "┌ approval ─ low risk ───────────────────────────────────────────┐",
    "│ who     docs-bot (claude), on laptop:/srv/docs                  │",
    "├────────────────────────────────────────────────────────────────┤",
    "│ a approve once: press a now                                     │",
    "└ sha256 0000000000…00000000 ──────────────────────── Esc back ┘",
    "a approve  Esc back  ! S fleet stop"])


def console(daemon, options=""):
    return Terminal([daemon.binary, "console", "--config", daemon.console_config(options=options)], {"XDG_STATE_HOME": daemon.dir})


def request_on_screen(daemon, t, **how):
    h = Held(daemon, "docs", **how)
    wait_for("the request", lambda: daemon.status()["approvals"])
    t.wait("the request", lambda rows: any("docs" in row and "Bash" in row for row in rows))
    return h


def keys_before_the_dialog(daemon):
    """The key that opens it and all that would decide it come in one piece, or 200 ms behind: nothing is decided."""
    for pieces in ([b"aaaaaa"], [b"aG", b"a\r"]):
        with console(daemon) as t:
            h = request_on_screen(daemon, t, command="touch typed-ahead")
            t.press("2", "─ approvals ─")
            t.silent(0.7)
            for piece in pieces:
                t.type(piece)
                t.read(0.2)
            t.wait_text("Esc back ┘")
            check(not h.answered(), f"{pieces}: decided by what was typed before it was read")
            check(not daemon.events("operator.command"), f"{pieces}: a command was sent")
            t.read(1.2)
            check(not h.answered(), f"{pieces}: decided later by a key of before")
            t.press("a", "approved by", every=1.0)  # pressed once it is read, it decides
            check(verdict(h.answer()) == "allow", "")
            t.press("\x1b", "─ approvals ─")
            t.type("Q")
            check(t.end() == 0, "exit code")
        daemon.close()
        daemon.__init__(daemon.binary)


def a_dialog_never_opens_by_itself(daemon):
    """Keys that would approve, while requests come in: none of them is for what has just come."""
    with console(daemon) as t:
        t.wait_text("LIVE")
        held = []
        for i in range(6):
            held.append(Held(daemon, f"s{i}", command=f"touch {i}"))
            t.type("aaa\r")
            t.read(0.15)
        wait_for("six requests", lambda: len(daemon.status()["approvals"]) + sum(h.answered() for h in held) == 6)
        check(not any(h.answered() for h in held), "a request was decided as it came")
        t.type(b"\x1b")
        for h in held:
            h.hang_up()


def an_agents_text_is_framed(daemon):
    """Our rows are ours: first, last, the dialog's first and last; what an agent draws stands inside of the border."""
    with console(daemon) as t:
        h = request_on_screen(daemon, t, command=LOOK_ALIKE)
        for _ in range(2):
            rows = t.rows()
            check(rows[0].startswith(" checkrein  LIVE  uid:"), rows[0])
            check("bastion" not in rows[0] and "press a now" not in rows[-1], "our rows are not ours")
            t.press("2", "─ approvals ─")
        t.silent(0.7)
        t.press("a", "Esc back ┘")
        rows = t.wait("all of it", lambda rows: any("press a now" in row for row in rows))
        top = next(i for i, row in enumerate(rows) if row.startswith("┌ approval ─"))
        bottom = next(i for i, row in enumerate(rows) if row.startswith("└ sha256 "))
        check("0000000000" not in rows[bottom], "the agent's digest is taken for ours")
        for row in rows[top + 1:bottom]:
            check(row[0] in "│├" and row.rstrip()[-1] in "│┤", f"a row without its border: {row!r}")
        inside = [row for row in rows[top + 1:bottom] if "press a now" in row or "bastion" in row or "Esc back" in row]
        check(len(inside) >= 3, f"not all is shown: {inside}")
        for row in inside:
            check(row[1:13].strip() in ("", "command"), f"at the place of a label of ours: {row!r}")
        t.type("\x1b")
        h.hang_up()


if __name__ == "__main__":
    run([keys_before_the_dialog, a_dialog_never_opens_by_itself, an_agents_text_is_framed])
