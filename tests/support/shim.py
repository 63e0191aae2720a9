"""A daemon (or console) over a disk, a clock and a loop that fail when a test says so: tests/threat/shim.c."""
import os


class Shim:
    def __init__(self, folder):
        self.path = os.path.join(folder, "shim")

    def env(self):
        return {"LD_PRELOAD": os.environ["SHIM"], "CR_SHIM": self.path}

    def say(self, word, number=0):
        """From the program's next call on."""
        self.say_all((word, number))

    def say_all(self, *words):
        with open(self.path + ".new", "w") as f:
            f.write("\n".join(f"{word} {number}" for word, number in words))
        os.rename(self.path + ".new", self.path)

    def well(self):
        if os.path.exists(self.path):
            os.remove(self.path)
