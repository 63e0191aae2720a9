/* Stand-ins for the characters that our own frames use. */
#include "canvas_priv.h"

/* U+2500..U+257F, in order. */
static const char box[] = "--||--||--||++++" /* 2500 */
                          "++++++++++++++++" /* 2510 */
                          "++++++++++++++++" /* 2520 */
                          "++++++++++++++++" /* 2530 */
                          "++++++++++++--||" /* 2540 */
                          "=|++++++++++++++" /* 2550 */
                          "+++++++++++++++++/\\X"
                          "-|-|-|-|-|-|";

/* U+2580..U+259F: bars grow from '_' to '#', shades from '.' to '%'. */
static const char block[] = "\"_.:-=+##|||||||"
                            "|.:%\"|##########";

_Static_assert(sizeof(box) == 0x80 + 1 && sizeof(block) == 0x20 + 1, "one stand-in a character");

static const struct stand_in {
    uint32_t first, last;
    unsigned char c;
} stand_ins[] = {
    {0x00A6, 0x00A6, '|' },
    {0x00AB, 0x00AB, '<' },
    {0x00B0, 0x00B0, 'o' },
    {0x00B1, 0x00B1, '~' },
    {0x00B7, 0x00B7, '.' },
    {0x00BB, 0x00BB, '>' },
    {0x00D7, 0x00D7, 'x' },
    {0x00F7, 0x00F7, '/' },
    {0x2010, 0x2015, '-' },
    {0x2018, 0x201B, '\''},
    {0x201C, 0x201F, '"' },
    {0x2020, 0x2021, '+' },
    {0x2022, 0x2022, '*' },
    {0x2026, 0x2026, '>' },
    {0x2039, 0x2039, '<' },
    {0x203A, 0x203A, '>' },
    {0x2190, 0x2190, '<' },
    {0x2191, 0x2191, '^' },
    {0x2192, 0x2192, '>' },
    {0x2193, 0x2193, 'v' },
    {0x2194, 0x2194, '-' },
    {0x2195, 0x2195, '|' },
    {0x21B5, 0x21B5, '|' },
    {0x21BA, 0x21BB, 'o' },
    {0x21D0, 0x21D0, '<' },
    {0x21D2, 0x21D2, '>' },
    {0x2212, 0x2212, '-' },
    {0x2248, 0x2248, '~' },
    {0x2260, 0x2260, '!' },
    {0x2264, 0x2264, '<' },
    {0x2265, 0x2265, '>' },
    {0x25A0, 0x25A0, '#' },
    {0x25A1, 0x25A1, 'o' },
    {0x25AA, 0x25AB, '*' },
    {0x25AE, 0x25AF, '|' },
    {0x25B2, 0x25B5, '^' },
    {0x25B6, 0x25BB, '>' },
    {0x25BC, 0x25BF, 'v' },
    {0x25C0, 0x25C5, '<' },
    {0x25C6, 0x25C8, '*' },
    {0x25C9, 0x25C9, '*' },
    {0x25CA, 0x25CC, 'o' },
    {0x25CE, 0x25CE, 'o' },
    {0x25CF, 0x25CF, '*' },
    {0x25D0, 0x25D7, 'o' },
    {0x25E6, 0x25E6, 'o' },
    {0x2605, 0x2606, '*' },
    {0x26A0, 0x26A0, '!' },
    {0x2713, 0x2714, 'v' },
    {0x2715, 0x2718, 'x' },
    {0x276E, 0x276E, '<' },
    {0x276F, 0x276F, '>' },
};

unsigned char canvas_ascii(uint32_t cp)
{
    if (cp < 0x80) {
        return (unsigned char)cp;
    }
    if (cp >= 0x2500 && cp <= 0x257F) {
        return (unsigned char)box[cp - 0x2500];
    }
    if (cp >= 0x2580 && cp <= 0x259F) {
        return (unsigned char)block[cp - 0x2580];
    }
    for (size_t i = 0; i < ARRAY_LEN(stand_ins); i++) {
        if (cp >= stand_ins[i].first && cp <= stand_ins[i].last) {
            return stand_ins[i].c;
        }
    }
    return 0;
}
