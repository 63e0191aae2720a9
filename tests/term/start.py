"""Starting: on any size, in any locale, with and without colours, and where there is no screen at all."""
import re
import subprocess

from tmux import Screen, check, run, wait_for

COLORS = re.compile(rb"\033\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9\d|10\d)(?:;[\d;]*)?m")


def fleet(rows):
    return any("docs-bot" in row for row in rows) and any("needs you" in row for row in rows)


def starts_at(binary, cols, rows):
    with Screen([binary, "demo"], cols, rows) as s:
        shown = s.wait("the fleet", fleet)
        check(len(shown) == rows, "rows")
        words = shown[0].split()  # a narrow bar leaves its first word to what changes
        check("LIVE" in words[:2] and words[0] in ("checkrein", "LIVE"), f"the status bar is {shown[0]!r}")
        check("? keys" in shown[-1], f"the last row is {shown[-1]!r}")
        rule = next(row for row in shown if row.startswith("─ agents "))
        check(len(rule) == cols, f"the rule is {len(rule)} wide")
        check(s.ask("#{alternate_on} #{cursor_flag}") == "1 0", "screen and cursor")


def starts_at_80x24(binary):
    starts_at(binary, 80, 24)


def starts_at_120x40(binary):
    starts_at(binary, 120, 40)


def says_when_it_is_too_small(binary):
    with Screen([binary, "demo"], 59, 14) as s:
        rows = s.wait("the words", lambda rows: rows[0].startswith("too small: 59x14"))
        check(not any(row.strip() for row in rows[1:]), "one line only")
        s.resize(80, 24)
        s.wait("the fleet", fleet)
        s.resize(20, 3)
        s.wait_text("too small: 20x3")
        s.resize(1, 1)
        s.wait("one cell", lambda rows: rows == ["t"])
        s.resize(80, 24)
        s.wait("the fleet", fleet)


def is_refused_without_a_screen(binary):
    with Screen(["env", "TERM=dumb", binary, "demo"], 200, 24) as s:
        check(s.wait_end() == 1, "exit code 1")
        shown = "".join(s.wait_text("TERM=dumb"))
        check("checkrein status" in shown, "what to use instead")
        check(b"\033" not in s.raw(), "a sequence was sent to a terminal that knows none")
    with Screen(["env", "TERM=no-such-terminal", binary, "demo"], 200, 24) as s:
        check(s.wait_end() == 1, "exit code 1")
        s.wait_text("does not know such a terminal")
        check(b"\033" not in s.raw(), "a sequence was sent to an unknown terminal")
    done = subprocess.run([binary, "demo"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    check(done.returncode == 1, "exit code 1 without a terminal")
    check(b"not a terminal" in done.stderr and b"checkrein status" in done.stderr, f"words: {done.stderr!r}")
    check(done.stdout == b"", "nothing on standard output")


def colours_unless_told_otherwise(binary):
    ways = [([], {}, True), ([], {"NO_COLOR": "1"}, False), ([], {"NO_COLOR": ""}, True),
            (["--color=never"], {}, False), (["--color=always"], {"NO_COLOR": "1"}, True)]
    for options, env, colored in ways:
        with Screen([binary, "demo", *options], 80, 24, env=env) as s:
            s.wait_text("failed")
            if colored:
                wait_for(f"colours with {options} {env}", lambda: COLORS.search(s.raw()))
            else:
                check(not COLORS.search(s.raw()), f"colours with {options} {env}")


def only_ascii(binary, options, env):
    with Screen([binary, "demo", *options], 120, 40, env=env) as s:
        shown = s.wait("the fleet", fleet)
        wrong = [byte for byte in s.raw() if byte >= 0x80]
        check(not wrong, f"bytes {bytes(wrong[:8])!r}")
        check(any(row.startswith("- agents ----") for row in shown), f"the rules are {shown[1:6]!r}")


def ascii_when_asked_for(binary):
    only_ascii(binary, ["--ascii"], {})


def ascii_in_a_locale_that_is(binary):
    only_ascii(binary, [], {"LC_ALL": "C"})


if __name__ == "__main__":
    run([starts_at_80x24, starts_at_120x40, says_when_it_is_too_small, is_refused_without_a_screen,
         colours_unless_told_otherwise, ascii_when_asked_for, ascii_in_a_locale_that_is])
