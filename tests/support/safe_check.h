/* safe_check.h - what must hold of every sanitised text, told apart by a list of its own.
 *
 * The list below does not come from the table under test: it names what the threats are. Used by
 * the unit tests and by the fuzz target; NULL when all is well, or what is wrong.
 */
#ifndef CHECKREIN_TEST_SAFE_CHECK_H
#define CHECKREIN_TEST_SAFE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "checkrein/text.h"

/* Controls, formatting, blanks other than the blank, and what is drawn as nothing. */
static inline bool is_unfit(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } unfit[] = {
        {0x0,     0x1F    }, /* C0 */
        {0x7F,    0xA0    }, /* DEL, C1, no-break space */
        {0xAD,    0xAD    }, /* soft hyphen */
        {0x34F,   0x34F   }, /* grapheme joiner */
        {0x600,   0x605   },
        {0x61C,   0x61C   }, /* Arabic letter mark */
        {0x6DD,   0x6DD   },
        {0x70F,   0x70F   },
        {0x115F,  0x1160  }, /* Hangul fillers */
        {0x1680,  0x1680  },
        {0x17B4,  0x17B5  },
        {0x180B,  0x180F  }, /* Mongolian selectors */
        {0x2000,  0x200F  }, /* spaces, zero-width, LRM, RLM */
        {0x2028,  0x202F  }, /* separators, bidi embeddings */
        {0x205F,  0x206F  }, /* word joiner, invisible operators, bidi isolates */
        {0x2800,  0x2800  }, /* braille blank */
        {0x3000,  0x3000  },
        {0x3164,  0x3164  },
        {0xD800,  0xF8FF  }, /* surrogates, private use */
        {0xFDD0,  0xFDEF  },
        {0xFE00,  0xFE0F  }, /* variation selectors */
        {0xFEFF,  0xFEFF  },
        {0xFFA0,  0xFFA0  },
        {0xFFF0,  0xFFFC  },
        {0xFFFE,  0xFFFF  },
        {0x110BD, 0x110BD },
        {0x13430, 0x1343F },
        {0x1BCA0, 0x1BCA3 },
        {0x1D159, 0x1D159 },
        {0x1D173, 0x1D17A },
        {0xE0000, 0x10FFFF}, /* tags, selectors, private use */
    };
    if (cp >= 0x20 && cp < 0x7F) {
        return false;
    }
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        if (cp >= unfit[i].first && cp <= unfit[i].last) {
            return true;
        }
    }
    return false;
}

struct safe_walk {
    enum text_lines lines;
    bool base;    /* something a mark may sit on is before */
    int marks;    /* on it */
    bool in_mark; /* TEXT_MARK_ESC is before */
    uint32_t cols;
    uint32_t mark_cells;
};

static inline const char *safe_check_mark_char(struct safe_walk *w, uint32_t cp)
{
    w->in_mark = false;
    w->base = false;
    w->cols++;
    w->mark_cells++;
    bool fits = (cp > 0x20 && cp < 0x7F) || cp == 0xD7 || cp == 0x2026;
    return fits ? NULL : "a replacement has what is not part of one";
}

static inline const char *safe_check_combining(struct safe_walk *w)
{
    if (!w->base) {
        return "a combining mark without a base";
    }
    return ++w->marks > TEXT_MARKS_MAX ? "too many combining marks" : NULL;
}

static inline const char *safe_check_char(struct safe_walk *w, uint32_t cp)
{
    if (w->in_mark) {
        return safe_check_mark_char(w, cp);
    }
    if (cp == TEXT_MARK_ESC) {
        w->in_mark = true;
        return NULL;
    }
    if (cp == '\n' && w->lines == TEXT_MANY) {
        w->base = false;
        w->cols++;
        return NULL;
    }
    if (is_unfit(cp)) {
        return "a character that is not fit to show";
    }
    if (text_width(cp) == 0) {
        return safe_check_combining(w);
    }
    w->cols += (uint32_t)text_width(cp);
    w->base = cp != ' ';
    w->marks = 0;
    return NULL;
}

/* `s` is whole, not a slice: a slice has the replacement count of its whole. */
static inline const char *safe_check(struct safe s, enum text_lines lines)
{
    struct safe_walk w = {.lines = lines};
    for (size_t at = 0; at < s.n;) {
        uint32_t cp = 0;
        size_t length = text_utf8(s.p + at, s.n - at, &cp);
        const char *wrong = length == 0 ? "not UTF-8" : safe_check_char(&w, cp);
        if (wrong != NULL) {
            return wrong;
        }
        at += length;
    }
    if (w.in_mark) {
        return "ends inside a replacement";
    }
    if (w.cols != s.cols) {
        return "cols is not the sum of widths";
    }
    return (w.mark_cells > 0) == (s.replaced > 0) ? NULL : "replaced does not say what is there";
}

/* The walk that canvas does gives exactly `cols` cells and uses every byte. */
static inline const char *safe_check_walk(struct safe s)
{
    struct text_cell cell;
    uint32_t at = 0;
    uint32_t cols = 0;
    while (text_next(s, &at, &cell)) {
        if (cell.width != 1 && cell.width != 2) {
            return "a cell of no width";
        }
        if (cell.cp[0] < 0x20 || is_unfit(cell.cp[0])) {
            return "a cell that is not fit to show";
        }
        cols += cell.width;
    }
    if (at != s.n) {
        return "the walk left bytes over";
    }
    return cols == s.cols ? NULL : "the walk gives other cols";
}

/* Rows are one after the other in memory with nothing but LF between them, and none is too wide. */
static inline const char *safe_check_rows(struct safe s, uint32_t cols)
{
    struct safe rest = s;
    struct safe row;
    const char *next = s.p;
    uint32_t count = 0;
    uint32_t widest = cols < 2 ? 2 : cols;
    for (; text_row(&rest, cols, &row); count++) {
        if (row.p != next) {
            return "a row starts elsewhere";
        }
        if (row.cols > widest || safe_check_walk(row) != NULL) {
            return "a row is too wide or has wrong cols";
        }
        next += row.n;
        bool fed = next < s.p + s.n && *next == '\n';
        if (!fed && row.n == 0) {
            return "an empty row that is not a line";
        }
        next += fed;
    }
    if (next != s.p + s.n || rest.n != 0 || rest.cols != 0) {
        return "rows leave something out";
    }
    return count == text_rows(s, cols) ? NULL : "text_rows counts otherwise";
}

/* The head and the tail are the whole, but for a wide character on the cut. */
static inline const char *safe_check_cut(struct safe s, uint32_t cols)
{
    struct safe head = text_clip(s, cols);
    struct safe tail = text_skip(s, cols);
    if (head.cols > cols || safe_check_walk(head) != NULL || safe_check_walk(tail) != NULL) {
        return "a slice has wrong cols";
    }
    uint32_t between = s.cols - head.cols - tail.cols;
    if (s.n == 0) {
        return head.n == 0 && tail.n == 0 ? NULL : "slices of nothing";
    }
    if (head.p != s.p || tail.p + tail.n != s.p + s.n) {
        return "slices are not the ends";
    }
    if (between == 0) {
        return head.p + head.n == tail.p ? NULL : "slices overlap or leave a gap";
    }
    return between == 2 && head.cols + 1 == cols ? NULL : "more than a wide character is gone";
}

static inline const char *safe_check_plain(const char *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        uint32_t cp = 0;
        size_t length = text_utf8(p + at, n - at, &cp);
        if (length == 0 || is_unfit(cp)) {
            return "plain text is not plain";
        }
        at += length;
    }
    return strlen(p) == n ? NULL : "plain text is not terminated where it says";
}

#endif
