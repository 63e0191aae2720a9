"""What a terminal would show: just enough of one for what curses sends to the types that the tests use.

An unknown sequence is a failure, so this is also the list of what the program may send.
"""
import re
import unicodedata

TOKEN = re.compile(rb"\x1b\[(?P<mark>[?>]?)(?P<numbers>[\d;]*)(?P<inter>[ $!]?)(?P<final>[@-~])"
                   rb"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
                   rb"|\x1b(?P<charset>[()][AB0U])|\x1b(?P<escape>[78=>McDEHZ\\])"
                   rb"|(?P<control>[\x00-\x1a\x1c-\x1f])|(?P<text>[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
                   rb"|[\xf0-\xf4][\x80-\xbf]{3})")
LINES = dict(zip("lqkxjmntuvwa~`fg", "┌─┐│┘└┼┴├┤┬▒·◆°±"))
LINES.update(t="├", u="┤", v="┴", w="┬", n="┼")


class Unknown(AssertionError):
    pass


class Vt:
    def __init__(self, cols, rows):
        self.rest = b""
        self.graphic = False
        self.used = set()  # kinds of sequence that came
        self.cells = []
        self.resize(cols, rows)

    def resize(self, cols, rows):
        """Keeps the upper left part, as terminals do that do not wrap anew."""
        self.cols, self.rows = cols, rows
        self.cells = [[" "] * cols for _ in range(rows)] if not self.cells else [
            (self.cells[y] if y < len(self.cells) else [])[:cols] + [" "] * (cols - len(self.cells[y] if y < len(self.cells) else []))
            for y in range(rows)]
        self.top, self.bottom = 0, rows - 1
        self.x = min(getattr(self, "x", 0), cols - 1)
        self.y = min(getattr(self, "y", 0), rows - 1)
        self.wrap = False
        self.saved = (0, 0)

    def text(self):
        return ["".join(row).replace("\0", "") for row in self.cells]

    def feed(self, data):
        data = self.rest + data
        at = 0
        while at < len(data):
            match = TOKEN.match(data, at)
            if not match:
                if len(data) - at > 40:
                    raise Unknown(f"no terminal knows {data[at:at + 24]!r}")
                break
            at = match.end()
            self.take(match)
        self.rest = data[at:]

    def take(self, m):
        if m["text"]:
            self.put(m["text"].decode())
        elif m["final"]:
            self.csi(m["mark"], [int(n or 0) for n in m["numbers"].split(b";")], m["inter"], m["final"])
        elif m["control"]:
            self.control(m["control"])
        elif m["charset"]:
            self.used.add(m["charset"])
            self.graphic = m["charset"] == b"(0"
        elif m["escape"]:
            self.escape(m["escape"])
        else:
            self.used.add(b"OSC")

    def blank(self, x0, x1, y):
        for x in range(max(0, x0), min(self.cols, x1)):
            self.cells[y][x] = " "

    def put(self, c):
        c = LINES.get(c, c) if self.graphic else c
        width = 2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1
        if width == 0:
            return
        if self.wrap:
            self.x = 0
            self.line_feed()
        self.wrap = False
        self.last = c
        self.cells[self.y][self.x] = c
        if width == 2 and self.x + 1 < self.cols:
            self.cells[self.y][self.x + 1] = "\0"
        self.x += width
        if self.x >= self.cols:
            self.x, self.wrap = self.cols - 1, True

    def scroll(self, top, n):
        for _ in range(abs(n)):
            if n > 0:
                del self.cells[top]
                self.cells.insert(self.bottom, [" "] * self.cols)
            else:
                del self.cells[self.bottom]
                self.cells.insert(top, [" "] * self.cols)

    def line_feed(self):
        if self.y == self.bottom:
            self.scroll(self.top, 1)
        else:
            self.y = min(self.y + 1, self.rows - 1)

    def control(self, c):
        if c == b"\r":
            self.x = 0
        elif c == b"\n":
            self.line_feed()
        elif c == b"\b":
            self.x = max(0, self.x - 1)
        elif c == b"\t":
            self.x = min(self.cols - 1, self.x // 8 * 8 + 8)
        elif c in b"\x0e\x0f":
            self.graphic = c == b"\x0e"
        elif c not in b"\x07\x00":
            raise Unknown(f"control {c!r}")
        self.wrap = False

    def escape(self, c):
        self.used.add(b"ESC " + c)
        if c == b"7":
            self.saved = (self.x, self.y)
        elif c == b"8":
            self.x, self.y = min(self.saved[0], self.cols - 1), min(self.saved[1], self.rows - 1)
        elif c == b"M":
            if self.y == self.top:
                self.scroll(self.top, -1)
            else:
                self.y = max(0, self.y - 1)
        elif c == b"D":
            self.line_feed()
        elif c == b"E":
            self.x = 0
            self.line_feed()
        self.wrap = False

    def csi(self, mark, n, inter, final):
        self.used.add(mark + inter + final + (b"%d" % n[0] if mark else b""))
        if mark or inter or final in b"mhlnctq":
            return
        first = max(1, n[0])
        row = self.cells[self.y]
        if final in b"Hf":
            self.y = min(first, self.rows) - 1
            self.x = min(max(1, n[1] if len(n) > 1 else 1), self.cols) - 1
        elif final in b"G`":
            self.x = min(first, self.cols) - 1
        elif final == b"d":
            self.y = min(first, self.rows) - 1
        elif final in b"AB":
            self.y = min(max(self.y + (first if final == b"B" else -first), 0), self.rows - 1)
        elif final in b"CD":
            self.x = min(max(self.x + (first if final == b"C" else -first), 0), self.cols - 1)
        elif final == b"J":
            for y in range(self.rows):
                if n[0] == 2 or (n[0] == 0 and y > self.y) or (n[0] == 1 and y < self.y):
                    self.blank(0, self.cols, y)
            if n[0] < 2:
                self.blank(*((self.x, self.cols) if n[0] == 0 else (0, self.x + 1)), self.y)
        elif final == b"K":
            self.blank(*((self.x, self.cols), (0, self.x + 1), (0, self.cols))[n[0]], self.y)
        elif final == b"X":
            self.blank(self.x, self.x + first, self.y)
        elif final == b"@":
            self.cells[self.y] = (row[:self.x] + [" "] * first + row[self.x:])[:self.cols]
        elif final == b"P":
            self.cells[self.y] = (row[:self.x] + row[self.x + first:] + [" "] * first)[:self.cols]
        elif final in b"LM":
            self.scroll(self.y, first if final == b"M" else -first)
        elif final in b"ST":
            self.scroll(self.top, first if final == b"S" else -first)
        elif final == b"b":
            for _ in range(first):
                self.put(self.last)
            return
        elif final == b"r":
            self.top, self.bottom = first - 1, (n[1] if len(n) > 1 and n[1] else self.rows) - 1
            self.x = self.y = 0
        else:
            raise Unknown(f"CSI {mark}{n}{final}")
        self.wrap = False
