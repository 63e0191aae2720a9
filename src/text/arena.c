/* What makes a `struct safe` in an arena. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text_priv.h"

/* Ends what did not fit; room for it is kept back, and where there is none this one is pointed at.
 */
static const char cut[] = {(char)TEXT_MARK_ESC, '\xE2', '\x80', '\xA6'};
#define CUT_COLS 1

void text_arena_init(struct text_arena *a, void *block, size_t bytes)
{
    *a = (struct text_arena){.p = block, .cap = bytes};
}

void text_arena_reset(struct text_arena *a)
{
    a->used = 0;
    a->full = false;
}

static struct safe cut_alone(struct text_arena *a)
{
    a->full = true;
    return (struct safe){.p = cut, .n = sizeof(cut), .cols = CUT_COLS, .replaced = 1};
}

/* The arena's free part, without the room for cut; false when there is not even that. */
static bool sink_open(const struct text_arena *a, struct text_sink *out)
{
    size_t room = a->cap - a->used;
    if (room < sizeof(cut)) {
        return false;
    }
    if (room > UINT32_MAX) {
        room = UINT32_MAX;
    }
    *out = (struct text_sink){.p = a->p + a->used, .cap = room - sizeof(cut)};
    return true;
}

static void sink_close(struct text_arena *a, struct text_sink *out, struct safe *safe)
{
    if (out->full) {
        memcpy(out->p + out->n, cut, sizeof(cut));
        out->n += sizeof(cut);
        out->cols += CUT_COLS;
        safe->replaced += safe->replaced < UINT32_MAX;
        a->full = true;
    }
    safe->p = out->p;
    safe->n = (uint32_t)out->n;
    safe->cols = out->cols;
    a->used += out->n;
}

struct safe text_sanitise(struct text_arena *a, struct span hostile, enum text_lines lines)
{
    struct text_sink out;
    if (hostile.n == 0) {
        return (struct safe){.p = ""};
    }
    if (!sink_open(a, &out)) {
        return cut_alone(a);
    }
    struct safe safe;
    text_scan(hostile, (struct text_scan_options){.lines = lines, .ascii = a->ascii}, &out, &safe);
    sink_close(a, &out, &safe);
    return safe;
}

/* Our own words keep their symbols on an ASCII terminal: canvas has a stand-in for each. */
static struct safe sanitise_own(struct text_arena *a, struct span words)
{
    bool ascii = a->ascii;
    a->ascii = false;
    struct safe safe = text_sanitise(a, words, TEXT_MANY);
    a->ascii = ascii;
    return safe;
}

struct safe text_fmt(struct text_arena *a, const char *fmt, ...)
{
    char words[TEXT_FMT_BYTES];
    va_list ap;
    va_start(ap, fmt);
    int length = vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    if (length < 0) {
        return cut_alone(a);
    }
    bool whole = (size_t)length < sizeof(words);
    struct safe safe =
        sanitise_own(a, (struct span){words, whole ? (size_t)length : sizeof(words) - 1});
    if (whole) {
        return safe;
    }
    const struct safe parts[] = {safe, cut_alone(a)};
    return text_join(a, parts, ARRAY_LEN(parts));
}

/* The part up to the last cell that fits. */
static void join_some(struct text_sink *out, struct safe part)
{
    uint32_t at = 0;
    struct text_cell cell;
    for (uint32_t from = 0; text_next(part, &at, &cell) && !out->full; from = at) {
        text_sink_put(out, part.p + from, at - from, cell.width);
    }
}

struct safe text_join(struct text_arena *a, const struct safe *parts, size_t count)
{
    struct text_sink out;
    struct safe all = {.p = ""};
    if (!sink_open(a, &out)) {
        return cut_alone(a);
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n <= out.cap - out.n) {
            text_sink_put(&out, parts[i].p, parts[i].n, parts[i].cols);
        } else {
            join_some(&out, parts[i]);
        }
        uint32_t room = UINT32_MAX - all.replaced;
        all.replaced += parts[i].replaced < room ? parts[i].replaced : room;
        all.foreign = all.foreign || parts[i].foreign;
    }
    sink_close(a, &out, &all);
    return all;
}

struct safe text_ellipsis(struct text_arena *a, struct safe s, uint32_t cols, const char *mark)
{
    if (s.cols <= cols) {
        return s;
    }
    struct safe end = text_own(mark);
    if (end.cols >= cols) {
        return text_clip(end, cols);
    }
    const struct safe parts[] = {text_clip(s, cols - end.cols), end};
    return text_join(a, parts, ARRAY_LEN(parts));
}
