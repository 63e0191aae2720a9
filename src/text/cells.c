/* Walks a safe text cell by cell. */
#include <assert.h>
#include <string.h>

#include "text_priv.h"

#define LINE_FEED_SHOWN 0x21B5u

/* A character of a safe text; the bytes are valid by construction, and harmless where they are not.
 */
static size_t decode(struct safe s, uint32_t at, uint32_t *cp)
{
    size_t length = text_utf8(s.p + at, s.n - at, cp);
    if (length == 0) {
        *cp = 0xFFFD;
    }
    return length == 0 ? 1 : length;
}

static void take_marks(struct safe s, uint32_t *at, struct text_cell *cell)
{
    for (size_t i = 1; i <= TEXT_MARKS_MAX && *at < s.n; i++) {
        uint32_t cp;
        if ((unsigned char)s.p[*at] < 0x80) {
            return;
        }
        size_t length = decode(s, *at, &cp);
        if ((text_prop(cp) & PROP_MARK) == 0) {
            return;
        }
        cell->cp[i] = cp;
        cell->foreign = cell->foreign || text_is_odd_mark(cell->cp[0], cp);
        *at += (uint32_t)length;
    }
}

static void take_base(struct safe s, uint32_t *at, struct text_cell *cell)
{
    uint32_t cp;
    *at += (uint32_t)decode(s, *at, &cp);
    cell->cp[0] = cp;
    cell->width = 1;
    if (cp < 0x80) {
        return;
    }
    uint32_t prop = text_prop(cp);
    cell->width = (prop & PROP_WIDTH) == 2 ? 2 : 1;
    cell->foreign = (prop & PROP_FOREIGN) != 0;
}

/* Printable ASCII that no mark follows: most cells there are, and a byte each. */
static bool is_byte_cell(struct safe s, uint32_t at)
{
    return text_is_printable_ascii(s.p[at]) && (at + 1 == s.n || (unsigned char)s.p[at + 1] < 0x80);
}

bool text_next(struct safe s, uint32_t *at, struct text_cell *cell)
{
    if (*at >= s.n) {
        return false;
    }
    if (is_byte_cell(s, *at)) {
        *cell = (struct text_cell){.cp = {(unsigned char)s.p[(*at)++]}, .width = 1};
        return true;
    }
    *cell = (struct text_cell){.width = 1};
    if (s.p[*at] == '\n') {
        (*at)++;
        cell->cp[0] = LINE_FEED_SHOWN;
        cell->replacement = true;
        return true;
    }
    if ((unsigned char)s.p[*at] == TEXT_MARK_ESC && *at + 1 < s.n) {
        (*at)++;
        cell->replacement = true;
    }
    take_base(s, at, cell);
    if (!cell->replacement) {
        take_marks(s, at, cell);
    }
    return true;
}

/* Where the first `cols` cells end; *walked gets how many cells those are (one less before a wide
 * one). */
static uint32_t offset_of(struct safe s, uint32_t cols, uint32_t *walked)
{
    if (text_is_simple(s)) {
        *walked = cols < s.n ? cols : s.n;
        return *walked;
    }
    uint32_t at = 0;
    uint32_t end = 0;
    struct text_cell cell;
    *walked = 0;
    while (text_next(s, &at, &cell) && cell.width <= cols - *walked) {
        *walked += cell.width;
        end = at;
    }
    return end;
}

struct safe text_clip(struct safe s, uint32_t cols)
{
    if (s.cols <= cols) {
        return s;
    }
    uint32_t walked;
    s.n = offset_of(s, cols, &walked);
    s.cols = walked;
    return s;
}

struct safe text_skip(struct safe s, uint32_t cols)
{
    uint32_t walked;
    struct text_cell cell;
    if (s.n == 0) {
        return s;
    }
    uint32_t at = offset_of(s, cols, &walked);
    if (walked < cols && text_next(s, &at, &cell)) {
        walked += cell.width;
    }
    s.p += at;
    s.n -= at;
    s.cols -= walked;
    return s;
}

static bool is_own(uint32_t cp)
{
    if (cp < 0x80) {
        return cp == '\n' || text_is_printable_ascii((char)cp);
    }
    uint32_t prop = text_prop(cp);
    return (prop & PROP_WIDTH) == 1 && (prop & (PROP_MARK | PROP_WORD)) == 0;
}

struct safe text_own(const char *literal)
{
    size_t n = strlen(literal);
    struct safe safe = {.p = literal};
    assert(n < UINT32_MAX);
    while (safe.n < n) {
        uint32_t cp = 0;
        size_t length = text_utf8(literal + safe.n, n - safe.n, &cp);
        assert(length > 0 && is_own(cp));
        safe.n += (uint32_t)length;
        safe.cols++;
    }
    return safe;
}
