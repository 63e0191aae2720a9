"""A screen as tmux captures it (text with SGR sequences) as an SVG picture. Standard library only.

Lines and boxes are drawn as lines, so that they meet whatever font is there; each run of text is stretched to its
columns, so that columns stay columns.
"""
import re
import unicodedata
from xml.sax.saxutils import escape

CELL_W, CELL_H, FONT, PAD = 8.43, 18, 14, 14
FOREGROUND, BACKGROUND = "#d4d4d4", "#16181d"
ANSI = ("#1d1f21", "#d75f5f", "#87af5f", "#d7af5f", "#5f87af", "#af87af", "#5fafaf", "#bcbcbc",
        "#767676", "#ff8787", "#afd787", "#ffd787", "#87afd7", "#d7afd7", "#87d7d7", "#ffffff")
LEVELS = (0, 95, 135, 175, 215, 255)

# Which ways a line goes from the middle of the cell, and how many lines it is: left, right, up, down.
LINES = {
    "─": ("lr", 1), "│": ("ud", 1), "┌": ("rd", 1), "┐": ("ld", 1), "└": ("ru", 1), "┘": ("lu", 1), "├": ("rud", 1),
    "┤": ("lud", 1), "┬": ("lrd", 1), "┴": ("lru", 1), "┼": ("lrud", 1), "═": ("lr", 2), "║": ("ud", 2),
    "╔": ("rd", 2), "╗": ("ld", 2), "╚": ("ru", 2), "╝": ("lu", 2), "╠": ("rud", 2), "╣": ("lud", 2),
}


def palette(index):
    if index < 16:
        return ANSI[index]
    if index >= 232:
        return "#" + f"{8 + 10 * (index - 232):02x}" * 3
    index -= 16
    return "#" + "".join(f"{LEVELS[index // d % 6]:02x}" for d in (36, 6, 1))


class Pen:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = False

    def key(self):
        fg, bg = self.fg or FOREGROUND, self.bg or BACKGROUND
        if self.reverse:
            fg, bg = bg, fg
        return fg, bg, self.bold, self.dim, self.italic, self.underline

    def take(self, numbers):
        on = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}
        off = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",)}
        while numbers:
            n = numbers.pop(0)
            if n == 0:
                self.reset()
            elif n in on:
                setattr(self, on[n], True)
            elif n in off:
                for name in off[n]:
                    setattr(self, name, False)
            elif n in (38, 48):
                setattr(self, "fg" if n == 38 else "bg", self.extended(numbers))
            elif 30 <= n <= 39:
                self.fg = palette(n - 30) if n < 38 else None
            elif 40 <= n <= 49:
                self.bg = palette(n - 40) if n < 48 else None
            elif 90 <= n <= 97:
                self.fg = palette(n - 82)
            elif 100 <= n <= 107:
                self.bg = palette(n - 92)

    @staticmethod
    def extended(numbers):
        kind = numbers.pop(0)
        if kind == 5:
            return palette(numbers.pop(0))
        red, green, blue = numbers.pop(0), numbers.pop(0), numbers.pop(0)
        return f"#{red:02x}{green:02x}{blue:02x}"


def width(char):
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cells(row, pen):
    """(column, characters, columns, look) of each cell; the pen goes on into the next row."""
    column = 0
    out = []
    for piece in re.split(r"(\033\[[\d;:]*m|\033\[[\d;?]*[A-Za-z]|\033[()].|[\016\017])", row):
        if piece.startswith("\033[") and piece.endswith("m"):
            pen.take([int(n or 0) for n in re.split("[;:]", piece[2:-1])])
        elif not piece.startswith(("\033", "\016", "\017")):
            for char in piece:
                if width(char) == 0 and out:
                    out[-1][1] += char
                    continue
                out.append([column, char, width(char), pen.key()])
                column += width(char)
    return out


def line(char, x, y, color):
    ways, count = LINES[char]
    middle_x, middle_y = x + CELL_W / 2, y + CELL_H / 2
    offsets = (0,) if count == 1 else (-1.5, 1.5)
    ends = {"l": (x, None), "r": (x + CELL_W, None), "u": (None, y), "d": (None, y + CELL_H)}
    path = []
    for way in ways:
        end_x, end_y = ends[way]
        for o in offsets:
            # A double line's corner reaches to the other pair's lines.
            reach = -o if len(ways) == 2 and ("r" in ways) != ("d" in ways) and "l" + "r" != ways and "u" + "d" != ways else o
            if end_x is not None:
                start = middle_x + (reach if "u" in ways or "d" in ways else 0)
                path.append(f"M{start:.1f} {middle_y + o:.1f}H{end_x:.1f}")
            else:
                start = middle_y + (reach if "l" in ways or "r" in ways else 0)
                path.append(f"M{middle_x + o:.1f} {start:.1f}V{end_y:.1f}")
    return f'<path d="{"".join(path)}" stroke="{color}" stroke-linecap="square" fill="none"/>'


def runs(row):
    """Neighbours that look alike, put together; lines and blanks by themselves."""
    out = []
    for column, chars, columns, look in row:
        kind = "line" if chars in LINES else "text"
        before = out[-1] if out else None
        if before and before["look"] == look and before["kind"] == kind == "text" and before["end"] == column:
            before["text"] += chars
            before["end"] += columns
        else:
            out.append({"at": column, "end": column + columns, "text": chars, "look": look, "kind": kind})
    return out


def backgrounds(row, y):
    """One rectangle for neighbours of one colour: two would show a seam."""
    found = []
    for column, _, columns, look in row:
        if found and found[-1][2] == look[1] and found[-1][1] == column:
            found[-1][1] += columns
        else:
            found.append([column, column + columns, look[1]])
    return [f'<rect x="{PAD + at * CELL_W:.1f}" y="{y}" width="{(end - at) * CELL_W:.1f}" height="{CELL_H}" fill="{color}"/>'
            for at, end, color in found if color != BACKGROUND]


def draw_run(run, y):
    fg, _, bold, dim, italic, underline = run["look"]
    x = PAD + run["at"] * CELL_W
    if run["kind"] == "line":
        return [line(run["text"], x, y, fg)]
    text = run["text"].rstrip(" ") if not underline else run["text"]
    lead = len(text) - len(text.lstrip(" "))
    text = text.strip(" ") if not underline else text
    if not text:
        return []
    shown = sum(width(c) for c in text)
    style = "".join([' font-weight="bold"' if bold else "", ' font-style="italic"' if italic else "",
                     ' text-decoration="underline"' if underline else "", ' opacity="0.65"' if dim else ""])
    return [f'<text x="{x + lead * CELL_W:.1f}" y="{y + 13.5}" fill="{fg}" textLength="{shown * CELL_W:.1f}"{style}>'
            f"{escape(text)}</text>"]


def picture(rows, columns, title):
    pen = Pen()
    wide = columns * CELL_W + 2 * PAD
    high = len(rows) * CELL_H + 2 * PAD
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high}" viewBox="0 0 {wide:.1f} {high}">',
           f"<title>{escape(title)}</title>",
           f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
           f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT}" xml:space="preserve">']
    for i, row in enumerate(rows):
        y = PAD + i * CELL_H
        drawn = cells(row, pen)
        out += backgrounds(drawn, y)
        for run in runs(drawn):
            out += draw_run(run, y)
    return "\n".join([*out, "</g>", "</svg>", ""])
