#!/usr/bin/env python3
"""Makes the pictures of screenshots/ from the running demo.

    PYTHONPATH=tests/support tests/term/screenshots.py build/checkrein screenshots [SCENE...]
"""
import os
import re
import sys

import svg
from tmux import Screen

SIZES = ((80, 24), (120, 40))


def pending(count):
    """At least so many requests wait, the hostile one among them."""
    def probe(rows):
        band = [row for row in rows if " waiting, oldest" in row]
        waiting = int(band[0].split(" waiting")[0].split()[-1]) if band else 0
        return waiting >= count and any("download-tidy" in row for row in rows)
    return probe


def fleet(s):
    s.keys("Space")


def approval(s):
    """High risk, read to the end, asking for its word."""
    s.keys("2", "/")
    s.type("disk-cleaner")
    s.keys("Enter")
    s.wait_quiet(0.7)  # a row that has just appeared takes no orders
    s.press("a", "Esc back ┘")
    s.keys("G")
    s.press("a", "type", every=1.5)


def hostile(s):
    s.keys("2", "/")
    s.type("download")
    s.keys("Enter")
    s.wait_quiet(0.7)
    s.press("a", "Esc back ┘")
    s.keys("G")


def agent(s):
    s.keys("/")
    s.type("supplier")
    s.keys("Enter")
    s.press("Enter", "[now]")


def queue(s):
    s.press("2", "─ approvals ─")


def spend(s):
    """One that waits for its budget, and the budgets of all."""
    s.press("5", "─ spend ─")
    s.wait("who waits", lambda rows: any("raises a budget" in row for row in rows), 60)


def credentials(s):
    s.press("7", "─ credentials ─")
    s.wait("what comes of another", lambda rows: any("changelog-r" in row for row in rows), 60)
    s.keys("g")


def only_row(s, words):
    """The one row of the view of credentials that has these words, selected by hand."""
    s.press("7", "─ credentials ─")
    s.keys("/")
    s.type(words)
    s.keys("Enter")
    s.wait_quiet(0.7)
    s.keys("g")
    s.wait_quiet(0.7)


def held(s):
    """A lease is held, and a call came under it since."""
    only_row(s, "test-runner")
    s.press("H", "= held", every=3)
    s.keys("Escape")
    s.wait("a call that waits", lambda rows: any("and was held" in row for row in rows), 90)
    s.wait("nothing else said", lambda rows: not any("confirmed" in row for row in rows), 30)


def revoke(s):
    """What goes with one from which a helper's comes."""
    only_row(s, "demo-*")
    s.wait("a helper's lease", lambda rows: any("11 in force" in row or "12 in force" in row for row in rows), 60)
    s.keys("/")
    s.keys("C-u")
    s.type("release-notes")
    s.keys("Enter")
    s.wait_quiet(0.7)
    s.keys("g")
    s.wait_quiet(0.7)
    s.press("v", "─ revoke 1 credential? ─")
    s.keys("G")
    s.wait("armed", lambda rows: any("again revokes it" in row for row in rows))


def show_help(s):
    s.press("?", "─ keys ─")


def stop(s):
    def all_counted(rows):
        words = next((row for row in rows if "requested" in row), "").split()
        return "requested" in words and words[words.index("requested") + 1] == words[words.index("confirmed") + 1]
    s.keys("!", "S")
    s.wait("the whole count", all_counted)


def replay(s):
    """Looked back at from live, some seconds after a denial."""
    s.keys("2", "/")
    s.type("disk-cleaner")
    s.keys("Enter")
    s.wait_quiet(0.7)
    s.keys("d")
    s.wait_text("deny ")
    s.keys("Enter")
    s.wait("the denial is confirmed", lambda rows: any("confirmed" in row for row in rows))
    s.wait("some time after it", lambda rows: any("alarm" in row for row in rows) and pending(5)(rows), 60)
    s.type(":at -3s")
    s.keys("Enter")
    s.wait_text("live goes on")
    s.type(":view fleet")
    s.keys("Enter")
    s.wait_text("─ agents ─")


SCENES = {"fleet": fleet, "queue": queue, "approval": approval, "hostile": hostile, "agent": agent, "spend": spend, "credentials": credentials,
          "held": held, "revoke": revoke, "help": show_help, "stop": stop,
          "replay": replay}


def neutral(rows):
    """The demo's folder has another name each time: pictures that show nothing new stay as they are."""
    return [re.sub(r"(checkrein-demo-)(\w{1,6})", lambda m: m[1] + "0" * len(m[2]), row) for row in rows]


def shoot(binary, folder, name, columns, rows):
    with Screen([binary, "demo"], columns, rows) as s:
        s.wait("requests", pending(4), 60)
        SCENES[name](s)
        s.wait_quiet(0.6)
        path = os.path.join(folder, f"{name}-{columns}x{rows}.svg")
        with open(path, "w", encoding="utf-8") as f:
            f.write(svg.picture(neutral(s.styled()), columns, f"checkrein: {name}, {columns} by {rows}"))
        print(path, flush=True)


def main():
    binary, folder, *names = sys.argv[1:]
    for name in names or SCENES:
        for columns, rows in SIZES:
            shoot(os.path.abspath(binary), folder, name, columns, rows)


if __name__ == "__main__":
    main()
