"""What a hijacked agent sends is seen for what it is, and no byte of it acts on the terminal."""
import os
import re

from tmux import Screen, check, run

# All that the program has business sending beside text.
OWN = re.compile(rb"\033\[\??[\d;]*[A-HJKLMPSTXbdfhlmrt@]|\033\[\?2026\$p|\033[()][B0]|\033[78M>\\]|[\r\n\b\017]")


def unfit():
    """The characters that must never be shown, from the list that the unit tests hold."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "safe_check.h")
    with open(path) as f:
        table = f.read().split("unfit[] = {")[1].split("};")[0]
    ranges = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"\{(0x[0-9A-F]+),\s*(0x[0-9A-F]+)\s*\}", table)]
    check(len(ranges) > 25 and any(a <= 0x202E <= b for a, b in ranges), "the list was not understood")
    return ranges


def check_bytes(raw):
    rest = OWN.sub(b"", raw)
    at = rest.find(b"\033")
    check(at < 0, f"a sequence of somebody else's: {rest[at:at + 20]!r}")
    text = rest.decode("utf-8")
    ranges = unfit()
    wrong = sorted({f"U+{ord(c):04X}" for c in text if not 0x20 <= ord(c) < 0x7F and any(a <= ord(c) <= b for a, b in ranges)})
    check(not wrong, f"characters that must not be shown: {wrong}")
    check("download-tidy" in text, "there was something to see")


def tricks_are_marks(binary, cols, rows):
    with Screen([binary, "demo"], cols, rows) as s:
        s.wait("the request", lambda shown: any("download-tidy" in row and "Bash" in row for row in shown))
        band = next(row for row in s.rows() if "download-tidy" in row)
        check(r"echo tidy\r\e[2K\e]52" in band, f"the band shows {band!r}")
        s.keys("2", "/")
        s.type("download")
        s.keys("Enter")
        s.wait("one row", lambda shown: any("hidden by the filter" in row for row in shown))
        s.press("a", "Esc back ┘")
        s.keys("G")
        shown = "\n".join(s.wait("its end", lambda shown: any("hidden-tail-ran" in row for row in shown)))
        for mark in (r"\r\e[2K", r"\e]52;c;", r"\a", r"\u{202e}gnihton\u{202c}", r"\e[32mapproved by the operator\e[0m"):
            check(mark in shown, f"{mark} is not on the screen")
        check("replaced" in shown, "how much was replaced")
        s.press("Escape", "─ approvals ─")
        s.press("3", "─ log ─")
        s.keys("Q")
        check(s.wait_end() == 0, "exit code")
        check_bytes(s.raw())


def tricks_are_marks_at_80x24(binary):
    tricks_are_marks(binary, 80, 24)


def tricks_are_marks_at_120x40(binary):
    tricks_are_marks(binary, 120, 40)


def marks_are_told_apart_without_colours(binary):
    """Reversed, as no text of an agent's can be."""
    with Screen([binary, "demo", "--color=never"], 120, 40) as s:
        s.wait("the request", lambda shown: any("download-tidy" in row and "Bash" in row for row in shown))
        row = next(row for row in s.styled() if "download-tidy" in row)
        check(re.search(r"tidy\033\[7m\\r\\e", row), f"the marks are not reversed: {row!r}")


def a_paste_does_nothing(binary):
    with Screen([binary, "demo"], 80, 24) as s:
        s.wait_text("docs-bot")
        for text in ("!SQ", "2\n", "\033[201~!SQ"):
            s.paste(text)
        rows = s.press("3", "─ log ─")
        check("LIVE" in rows[0] and "STOPPED" not in rows[0], "the fleet was stopped")


if __name__ == "__main__":
    run([tricks_are_marks_at_80x24, tricks_are_marks_at_120x40, marks_are_told_apart_without_colours,
         a_paste_does_nothing])
