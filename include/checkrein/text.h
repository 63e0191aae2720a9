/* text.h - hostile bytes to visible, width-known text. The only door from outside to the screen.
 *
 * Sanitised text is a type: `struct safe` is made by the functions here and by nothing else, and
 * canvas takes nothing else. A safe string is valid UTF-8 of printable assigned characters of known
 * width; it has no control (C0, C1, DEL), bidi, zero-width, tag, variation-selector, private-use,
 * or line-separator character, no blank but U+0020, no lone combining mark and never more than two
 * marks on a base. Whatever was not fit to show stands in it as a visible mark: "\u{202e}" (a
 * character, U+00A0 and the other wide or narrow blanks included), "\x{ff}" (a byte that was not
 * UTF-8), "\r", "\b", "\e"; four or more of the same in a row as "\r×412", and a run of different
 * surplus combining marks as "\u{301..}×9998", so that a flood costs no room. Each cell of a mark
 * is told apart by text_cell.replacement, so that an agent that writes a backslash cannot fake one.
 *
 * Memory: a `struct text_arena` is a fixed block that is reset once a frame; when it is full, texts
 * come out cut with a visible mark (a replacement cell "…") and `arena.full` is set. Nothing here
 * allocates. A safe string lives until its arena is reset; what text_clip(), text_skip() and
 * text_row() give lives as long as what they were given.
 *
 * Widths come from a generated table (Unicode 15.0), never from the C library: East Asian wide and
 * fullwidth 2, marks (Mn, Me, and the vowels and finals of decomposed Hangul) 0, all else that is
 * shown 1. Zero-width-joiner sequences and flag pairs are not joined: each part is shown by itself.
 *
 *     struct safe name = text_sanitise(&arena, agent->name, TEXT_ONE_LINE);
 *     canvas_field(c, x, y, 20, ROLE_TEXT, name);
 */
#ifndef CHECKREIN_TEXT_H
#define CHECKREIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

#define TEXT_MARKS_MAX 2 /* combining marks kept on a base */
/* Inside `struct safe` only: stands before every character of a replacement, so that a slice may
 * start and end at any cell. Nothing but text_next() and text_plain() need know it. */
#define TEXT_MARK_ESC 0x1Au

/* Opaque by convention: read the members, never fill them. */
struct safe {
    const char *p;     /* UTF-8, with TEXT_MARK_ESC before every character of a replacement */
    uint32_t n;        /* bytes */
    uint32_t cols;     /* cells when drawn: the sum of what text_next() gives */
    uint32_t replaced; /* characters or bytes that were not fit to show; a slice has its whole's
                          number */
    /* Has characters outside ASCII that look like ASCII ones or run right to left, or unusual marks
     * on ASCII letters, or mixes scripts in a word (Latin with Han, Kana, Hangul is no mixture). A
     * slice has its whole's answer. */
    bool foreign;
};

struct text_arena {
    char *p;
    size_t cap;
    size_t used;
    bool full;
    bool ascii; /* set by the caller, kept by reset: whatever is not ASCII is replaced too
                   ("\u{e9}") */
};

enum text_lines {
    TEXT_ONE_LINE, /* LF and TAB are replaced like other controls ("\n", "\t") */
    TEXT_MANY /* LF stays (text_row() splits there; drawn without it, it is one replacement cell
               * "↵"), TAB becomes blanks to the next multiple of 8 */
};

void text_arena_init(struct text_arena *a, void *block, size_t bytes);
void text_arena_reset(struct text_arena *a);

/* The door. Always succeeds; what does not fit the arena is cut and marked. */
struct safe text_sanitise(struct text_arena *a, struct span hostile, enum text_lines lines);
/* Our own words: printable ASCII, LF, and the box, symbol and punctuation characters of width 1
 * that the frame uses; no letters outside ASCII. Checked by assert. */
struct safe text_own(const char *literal);
/* printf for our own words and numbers. %s takes own literals only; foreign text joins with
 * text_join(). The result goes through the door all the same, and is cut at TEXT_FMT_BYTES. */
#define TEXT_FMT_BYTES 1024
struct safe text_fmt(struct text_arena *a, const char *fmt, ...) PRINTF(2, 3);
/* One after the other. */
struct safe text_join(struct text_arena *a, const struct safe *parts, size_t count);

/* The first `cols` cells at most; a wide character is never halved. */
struct safe text_clip(struct safe s, uint32_t cols);
/* As text_clip, but ends in "…" (ASCII mode: ">") when something was cut. */
struct safe text_ellipsis(struct text_arena *a, struct safe s, uint32_t cols, const char *mark);
/* Without the first `cols` cells (a wide character that straddles is dropped). */
struct safe text_skip(struct safe s, uint32_t cols);
/* Breaks a TEXT_MANY text into rows of at most `cols` cells (below 2 counts as 2, so that a wide
 * character has room): takes the next row off *rest. A row ends at LF, which belongs to no row, or
 * at the width (after a blank when one is in the last third). Nothing else is left out. False when
 * *rest is used up. */
bool text_row(struct safe *rest, uint32_t cols, struct safe *row);
uint32_t text_rows(struct safe s, uint32_t cols); /* how many text_row() gives */

/* Walks cells, for canvas: base and marks as code points, width 1 or 2, whether it is a part of a
 * replacement, and whether it is one of those that make a text `foreign`. *at starts at 0. */
struct text_cell {
    uint32_t cp[1 + TEXT_MARKS_MAX]; /* unused are 0 */
    uint8_t width;
    bool replacement;
    bool foreign;
};
bool text_next(struct safe s, uint32_t *at, struct text_cell *cell);

/* Plain bytes of a safe text (no mark characters, LF as "\n"), for --json, logs and titles: writes
 * at most out_bytes - 1 bytes and a NUL, cut at a cell; returns the length. */
size_t text_plain(struct safe s, char *out, size_t out_bytes);

/* One hostile span to plain printable text in a fixed array (for log lines and messages outside
 * curses). */
size_t text_plain_of(struct span hostile, char *out, size_t out_bytes);

/* 0 (mark or unshown), 1 or 2, by the table alone. */
int text_width(uint32_t cp);
/* Decodes one character: its bytes (1 to 4), or 0 when p[0] does not start valid UTF-8. */
size_t text_utf8(const char *p, size_t n, uint32_t *cp);
/* Encodes one character, which is valid; its bytes (1 to 4), not terminated. */
#define TEXT_UTF8_BYTES 4
size_t text_utf8_put(uint32_t cp, char out[TEXT_UTF8_BYTES]);

#endif
