#!/usr/bin/env python3
"""Makes the pictures of screenshots/ from the running demo.

    PYTHONPATH=tests/support tests/term/screenshots.py build/checkrein screenshots [SCENE...]
"""
import os
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
    s.press("5", "─ spend ─")


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


SCENES = {"fleet": fleet, "queue": queue, "approval": approval, "hostile": hostile, "agent": agent, "spend": spend, "help": show_help, "stop": stop,
          "replay": replay}


def shoot(binary, folder, name, columns, rows):
    with Screen([binary, "demo"], columns, rows) as s:
        s.wait("requests", pending(4), 60)
        SCENES[name](s)
        s.wait_quiet(0.6)
        path = os.path.join(folder, f"{name}-{columns}x{rows}.svg")
        with open(path, "w", encoding="utf-8") as f:
            f.write(svg.picture(s.styled(), columns, f"checkrein: {name}, {columns} by {rows}"))
        print(path, flush=True)


def main():
    binary, folder, *names = sys.argv[1:]
    for name in names or SCENES:
        for columns, rows in SIZES:
            shoot(os.path.abspath(binary), folder, name, columns, rows)


if __name__ == "__main__":
    main()
