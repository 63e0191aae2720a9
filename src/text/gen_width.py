#!/usr/bin/env python3
"""Writes width_table.h from the Unicode Character Database (Debian: package unicode-data).

    src/text/gen_width.py /usr/share/unicode > src/text/width_table.h

One row is a range of characters that may be shown, with what sanitising needs to know of them; whatever
is in no row is not fit to show. The bits are those of text_priv.h.
"""

import sys
from pathlib import Path

MARK, WORD, FOREIGN, JAMO, SCRIPT_SHIFT = 4, 8, 16, 32, 8
LATIN, CJK, FIRST_OTHER = 1, 2, 3
CJK_SCRIPTS = {"Han", "Hiragana", "Katakana", "Bopomofo", "Hangul"}
NO_SCRIPT = {"Common", "Inherited"}

# Assigned and printable by category, but drawn as nothing, as a blank, or as whatever stands in for an object.
INVISIBLE = {0x2800, 0xFFFC, 0x13441, 0x13442, 0x16FE4, 0x1D159}

# Compatibility forms that nobody takes for the plain character.
DISTINCT_FORMS = {"<super>", "<sub>", "<circle>", "<square>", "<vertical>", "<fraction>"}

# Scripts of which most letters look like Latin ones: all their letters count.
LOOKALIKE_SCRIPTS = {
    "Cherokee", "Coptic", "Lisu", "Deseret", "Old_Italic", "Gothic", "Lycian", "Carian", "Lydian",
    "Elbasan", "Caucasian_Albanian", "Osage", "Warang_Citi", "Vithkuqi", "Medefaidrin",
}

# Single characters that look like an ASCII letter, digit or sign and do not decompose to it.
LOOKALIKES = {
    "Latin": "ıȷɑɡɩɪɢɴʀʏʙʜʟᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱƄƅƽƦſƒǀǃȜȢẝỿꞘꞙꞫꝪꝫꝮꬲꬽꭇꭈꭎꭒꭚ",
    "Greek": "ͿΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγηικνορστυχωϒϜϨϱϲϳϸϹϺ",
    "Cyrillic": "АВЕЗКМНОРСТУХЬЅІЈавегзкмнопрстухбьѕіјѡѴѵһҺӀӏҮүӠԀԁԌԍԚԛԜԝꙄꙅꙆꙇᲂ",
    "Armenian": "ԼՍՎՏՒՕազգէհյոռսցւքօց",
    "Georgian": "ყოჿ",
    "Indic digits and rings": "०০੦੪૦୦௦౦೦൦๐໐၀០ഠဝ",
    "Canadian": "ᐯᐱᑌᑎᑕᑭᑯᒍᒪᒿᕁᕼᕽᖇᖯᖴᗅᗞᗪᗰᗷ",
    "Runic": "ᚱᚷᛁᛕᛖ",
    "Tifinagh": "ⴸⴹⵏⵑⵔⵕⵝ",
    "Ethiopic": "ሀዐ",
    "signs": "⁄∕⧸∶꞉ː։⁎∗‐‑−˗⁃∣❘⏐∼‚∖⧵⧹‹›꞊ʹʺʼˈˊˋ",
}


def fields(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            yield [field.strip() for field in line.split(";")]


def span(text):
    first, _, last = text.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def property_map(path, default=None):
    found = {}
    for row in fields(path):
        for cp in span(row[0]):
            found[cp] = row[1]
    return found


def characters(path):
    """cp -> (category, bidi class, decomposition), with the First/Last pairs spelt out."""
    table, first = {}, None
    for row in fields(path):
        cp = int(row[0], 16)
        if row[1].endswith(", First>"):
            first = cp
            continue
        for each in range(first if first is not None else cp, cp + 1):
            table[each] = (row[2], row[4], row[5])
        first = None
    return table


def ignorable(path):
    return {cp for row in fields(path) if row[1] == "Default_Ignorable_Code_Point" for cp in span(row[0])}


def decomposes_to_ascii(cp, decomposition):
    parts = decomposition.split()
    if cp < 0x80 or not parts or parts[0] in DISTINCT_FORMS:
        return False
    codes = [part for part in parts if not part.startswith("<")]
    return len(codes) == 1 and 0x21 <= int(codes[0], 16) <= 0x7E


class Database:
    def __init__(self, root):
        self.chars = characters(root / "UnicodeData.txt")
        self.wide = property_map(root / "EastAsianWidth.txt")
        self.script = property_map(root / "Scripts.txt")
        self.syllable = property_map(root / "HangulSyllableType.txt")
        self.ignorable = ignorable(root / "DerivedCoreProperties.txt")
        self.version = (root / "EastAsianWidth.txt").read_text().splitlines()[0].split("-")[1][:-4]
        names = sorted(set(self.script.values()) - CJK_SCRIPTS - NO_SCRIPT - {"Latin"})
        self.script_id = {name: FIRST_OTHER + i for i, name in enumerate(names)}
        self.script_id.update({name: CJK for name in CJK_SCRIPTS}, Latin=LATIN)
        self.lookalikes = {ord(ch) for letters in LOOKALIKES.values() for ch in letters}

    def shown(self, cp, category):
        if cp == 0x20:
            return True
        return category[0] in "LMNPS" and cp not in self.ignorable and cp not in INVISIBLE

    def foreign(self, cp, category, bidi, decomposition):
        if cp < 0x80:
            return False
        return (
            cp in self.lookalikes
            or bidi in ("R", "AL", "AN")
            or decomposes_to_ascii(cp, decomposition)
            or (category[0] == "L" and self.script.get(cp) in LOOKALIKE_SCRIPTS)
        )

    def bits(self, cp):
        category, bidi, decomposition = self.chars.get(cp, ("Cn", "", ""))
        if not self.shown(cp, category):
            return 0
        jamo = self.syllable.get(cp) in ("V", "T")
        mark = jamo or category in ("Mn", "Me")
        out = MARK if mark else 2 if self.wide.get(cp) in ("W", "F") else 1
        out |= JAMO if jamo else 0
        out |= WORD if category[0] in "LMN" else 0
        out |= FOREIGN if self.foreign(cp, category, bidi, decomposition) else 0
        return out | self.script_id.get(self.script.get(cp), 0) << SCRIPT_SHIFT


def ranges(database):
    first, bits = 0, 0
    for cp in range(0x110001):
        now = database.bits(cp) if cp < 0x110000 else 0
        if now != bits:
            if bits:
                yield first, cp - 1, bits
            first, bits = cp, now


def main():
    database = Database(Path(sys.argv[1]))
    print(f"/* Generated by gen_width.py from Unicode {database.version}; do not edit. */")
    print("/* clang-format off */")
    print("static const struct prop_range prop_ranges[] = {")
    row = ""
    for first, last, bits in ranges(database):
        item = f"{{0x{first:X}, 0x{last:X}, 0x{bits:X}}},"
        if len(row) + len(item) > 98:
            print(row)
            row = ""
        row += ("    " if not row else " ") + item
    print(row)
    print("};")


if __name__ == "__main__":
    main()
