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
    with Screen([binary, "demo"], cols, rows) as s:
        stop_the_fleet(s)
        size = s.wait_quiet(3, 120)
        pid = s.program()
        ticks = cpu_ticks(pid)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            check(os.path.getsize(s.raw_path) == size, f"{os.path.getsize(s.raw_path) - size} bytes were written")
            time.sleep(0.05)
        used = (cpu_ticks(pid) - ticks) / os.sysconf("SC_CLK_TCK")
        check(used <= 0.1, f"{used} s of processor time in 3 s")


def at_80x24(binary):
    idles(binary, 80, 24)


def at_120x40(binary):
    idles(binary, 120, 40)


if __name__ == "__main__":
    run([at_80x24, at_120x40])
