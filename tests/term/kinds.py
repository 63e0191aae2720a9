"""Every type of terminal that people sit at: what is drawn is right, and only what the type knows is sent.

The bytes go to a small terminal of our own (tests/support/vt.py), and each sequence among them is held against what
infocmp says of the type.
"""
import random
import re
import subprocess

from daemon import Held, check, run, wait_for
from terminal import Terminal

TYPES = ("xterm-256color", "tmux-256color", "screen", "linux", "vt100")
HARDWARE = ("vt100",)         # has only ASCII
PLAIN = ("linux", "vt100")    # nothing is asked of it that terminfo does not name
MODERN = re.compile(rb"\033\[\?(2026|2004|1004)(h|l|\$p)|\033\[8[hl]|\033\\")  # asked of all that stand in a window


def capabilities(term):
    done = subprocess.run(["infocmp", "-1", "-x", term], capture_output=True, text=True, timeout=20)
    check(done.returncode == 0, f"no terminfo for {term}: {done.stderr}")
    return dict(re.findall(r"^\t(\w+)=(.*),$", done.stdout, re.M))


def pattern_of(text):
    """A capability's string as a pattern of the bytes that it can become."""
    text = re.sub(r"\$<[^>]*>", "", text)  # padding
    out = ""
    at = 0
    while at < len(text):
        c = text[at]
        if c == "\\":
            octal = re.match(r"\\([0-7]{3})", text[at:])
            if octal:
                out += re.escape(chr(int(octal.group(1), 8) & 0x7F))
                at += 4
                continue
            out += re.escape({"E": "\033", "n": "\n", "r": "\r", "b": "\b", "t": "\t", "s": " ", "0": "\0"}.get(text[at + 1], text[at + 1]))
            at += 2
        elif c == "^":
            out += re.escape(chr(ord(text[at + 1]) & 31))
            at += 2
        elif c == "%":
            piece = re.match(r"%(p[1-9]|[Pg][a-zA-Z]|'.'|\{\d+\}|:?[-+# ]*[\d.]*[dscxX]|[i+\-*/m&|^=<>AO!~?lte;%])", text[at:])
            check(piece, f"not understood: {text[at:at + 12]!r} of {text!r}")
            if piece.group(1) in ("?", "t", "e", ";") or piece.group(1)[-1] not in "dsc%":
                pass
            elif piece.group(1) == "%":
                out += "%"
            else:
                out += r"\d*"
            at += piece.end()
        else:
            out += re.escape(c)
            at += 1
    return out


def branching(text):
    """Those with %? are made of pieces that may or may not come: sgr, setaf, setab."""
    return "%?" in text


def known(term):
    caps = capabilities(term)
    plain = [pattern_of(v) for k, v in caps.items() if not branching(v) and not re.fullmatch(r"k.*|u\d|rv|xr", k)]
    sgr = r"\033\[[\d;]*m" if caps.get("bold", "").startswith("\\E[") else ""
    charset = r"\033\([B0]|\033\)0|[\016\017]"
    patterns = [p for p in plain if "\033" in p or len(p) <= 3] + [sgr, charset, r"[\r\n\b]"]
    return re.compile("|".join(sorted((p for p in patterns if p), key=len, reverse=True)).encode("latin-1"))


def console(daemon, term, cols=120, rows=40, env=None, options="", more=()):
    return Terminal([daemon.binary, "console", "--config", daemon.console_config(options=options), *more],
                    {"XDG_STATE_HOME": daemon.dir, **(env or {})}, cols, rows, term)


def check_bytes(term, raw, ascii_only):
    """Takes away what the type knows; what is left is text."""
    if term not in PLAIN:
        raw = MODERN.sub(b"", raw)
    rest = known(term).sub(b"", raw)
    at = re.search(rb"[\x00-\x1f\x7f]", rest)
    check(not at, f"{term} does not know {rest[max(0, at.start() - 10):at.start() + 20]!r}" if at else "")
    text = rest.decode("utf-8")
    if ascii_only:
        wrong = [c for c in text if ord(c) >= 0x80]
        check(not wrong, f"{term}: {wrong[:5]} where there is only ASCII")


def works_on(daemon, term, env, ascii_only):
    """The fleet, a dialog, a decision, the log, help, a larger and a smaller window, and the way out."""
    h = Held(daemon, "docs", command="touch x\x1b[2J\rhidden")
    wait_for("the request", lambda: daemon.status()["approvals"])
    with console(daemon, term, env=env) as t:
        t.wait("the request", lambda rows: any("docs" in row and "Bash" in row for row in rows))
        check(t.rows()[0].lstrip().startswith("checkrein  LIVE"), t.rows()[0])
        t.press("2", "approvals")
        t.silent(0.7)
        t.press("a", "Esc back")
        t.type("G")
        t.press("a", "approved by", every=1.3)
        line = "-" if ascii_only or term in HARDWARE else "─"
        t.press("\x1b", f"{line} approvals {line}")
        t.press("?", f"{line} keys {line}")
        t.press("\x1b", f"{line} approvals {line}")
        t.press("3", f"{line} log {line}")
        for cols, rows in ((80, 24), (132, 43)):
            t.resize(cols, rows)
            t.read(0.3)
            t.settle()
            t.type("\x0c")
            t.wait("a whole frame", lambda shown, rows=rows: "LIVE" in shown[0] and "keys" in shown[rows - 1])
        t.type("Q")
        check(t.end() == 0, f"{term}: exit code")
        t.read()
        check_bytes(term, t.seen, ascii_only or term in HARDWARE)
    h.answer()
    daemon.hook("PostToolUse", "docs", tool_name="Bash", tool_use_id=h.id, tool_input={}, tool_response={})


def each_type(daemon):
    for term in TYPES:
        works_on(daemon, term, {}, False)


def each_type_in_a_plain_locale(daemon):
    for term in ("xterm-256color", "screen", "vt100"):
        works_on(daemon, term, {"LC_ALL": "C"}, True)


def each_type_without_colours(daemon):
    for term in TYPES:
        with console(daemon, term, env={"NO_COLOR": "1"}) as t:
            t.wait_text("LIVE")
            t.type("Q")
            check(t.end() == 0, "exit code")
            colors = re.search(rb"\033\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9\d|10\d)(?:;[\d;]*)?m", t.seen)
            check(not colors, f"{term}: {colors.group(0) if colors else ''}")
            check_bytes(term, t.seen, term in HARDWARE)


def refused_at_once(daemon):
    """Where there is no screen: exit code 1, no sequence, and what to use instead."""
    for term in ("dumb", "", None, "no-such-terminal", "unknown"):
        with console(daemon, term) as t:
            check(t.end(5) == 1, f"{term!r}: exit code {t.code}")
            t.read()
            check(b"\033" not in t.seen, f"{term!r}: a sequence was sent")
            said = t.seen.decode()
            check("checkrein status" in said and "TERM" in said, f"{term!r}: {said!r}")
    check(daemon.process.poll() is None, "the daemon")


def storm(daemon, term, seed):
    """A hundred sizes within two seconds: the last frame is right, and the selection is kept."""
    dice = random.Random(seed)
    for i in range(6):
        daemon.hook("UserPromptSubmit", f"agent{i}", prompt="x")
    with console(daemon, term) as t:
        t.wait("the fleet", lambda rows: sum("agent" in row for row in rows) >= 6)
        t.type("jjj")
        t.silent(0.5)
        t.type("\r")
        name = next(row for row in t.wait("an agent", lambda rows: any("now]" in row for row in rows)) if "now]" in row).split()[1]
        t.type("\x1b")
        t.silent(0.3)
        for _ in range(100):
            t.resize(dice.randint(1, 300), dice.randint(1, 100))
            t.read(0.015)
        t.resize(110, 33)
        t.read(0.6)
        t.settle()
        t.type("\x0c")  # our own little terminal was not resized in between: everything anew
        t.wait("a whole frame", lambda rows: "LIVE" in rows[0] and "keys" in rows[32] and sum("agent" in row for row in rows) >= 6)
        t.silent(0.5)
        settled = t.rows()
        t.type("\x0c")
        t.silent(0.5)
        check(t.rows() == settled, "drawing everything anew changes the picture")
        t.type("\r")
        t.wait("the same agent", lambda rows: any("now]" in row and name in row for row in rows))
        t.type("\x1b")
        t.silent(0.3)
        t.type("Q")
        check(t.end() == 0, "exit code")
        check("Sanitizer" not in t.seen.decode(errors="replace"), "")


def storms(daemon):
    for seed, term in enumerate(("xterm-256color", "vt100", "screen")):
        storm(daemon, term, seed)


if __name__ == "__main__":
    run([each_type, each_type_in_a_plain_locale, each_type_without_colours, refused_at_once, storms])
