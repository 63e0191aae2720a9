"""Nothing changes, nothing is written."""
import os
import time

from resize import stop_the_fleet
from tmux import Screen, check, run


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        words = f.read().rsplit(") ", 1)[1].split()
    return int(words[11]) + int(words[12])


def idles(binary, cols, rows):
    """Three seconds without a byte; and what grows old by itself costs next to nothing: ages go in steps of ten."""
    with Screen([binary, "demo"], cols, rows) as s:
        stop_the_fleet(s)
        size = s.wait_quiet(3, 60)
        pid = s.program()
        ticks = cpu_ticks(pid)
        time.sleep(11)
        written = os.path.getsize(s.raw_path) - size
        used = (cpu_ticks(pid) - ticks) / os.sysconf("SC_CLK_TCK")
        print(f"{cols}x{rows}: {written} bytes and {used} s of processor time in 11 s")
        check(written <= 500, f"{written} bytes were written in 11 s")
        check(used <= 0.3, f"{used} s of processor time in 11 s")


def at_80x24(binary):
    idles(binary, 80, 24)


def at_120x40(binary):
    idles(binary, 120, 40)


if __name__ == "__main__":
    run([at_80x24, at_120x40])
