"""A storm of sizes ends in the right frame."""
import random

from tmux import Screen, check, run


def whole(rows, cols):
    """A frame of this width, from the status bar to the keys."""
    rules = [row for row in rows if row.startswith("─ ")]
    return (" LIVE " in rows[0] and "enter open" in rows[-1] and len(rules) >= 1
            and all(len(row) == cols for row in rules) and all(len(row) <= cols for row in rows))


def stop_the_fleet(s):
    s.wait_text("docs-bot")
    s.keys("!", "S")
    s.wait("the fleet's stop", lambda rows: "STOPPED" in rows[0] or "STOP" in " ".join(rows[:8]))
    s.wait_quiet(2)


def storm(binary, seed):
    dice = random.Random(seed)
    with Screen([binary, "demo"], 80, 24) as s:
        stop_the_fleet(s)
        for _ in range(60):
            s.resize(dice.randint(1, 220), dice.randint(1, 70))
        for cols, rows in ((133, 41), (60, 15), (200, 60), (80, 24)):
            s.resize(cols, rows)
            s.wait(f"a whole frame of {cols} x {rows}", lambda shown: len(shown) == rows and whole(shown, cols))
        s.wait_quiet(1)
        settled = s.rows()
        size = len(s.raw())
        s.keys("C-l")
        s.wait("everything anew", lambda rows: len(s.raw()) > size + 500)
        s.wait_quiet(1)
        check(s.rows() == settled, "drawing everything anew changes the picture")


def storm_of_sizes(binary):
    storm(binary, 1)


def another_storm(binary):
    storm(binary, 2)


if __name__ == "__main__":
    run([storm_of_sizes, another_storm])
