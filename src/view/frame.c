/* Putting words together for one frame. */
#include <stdarg.h>
#include <stdio.h>

#include "frame_priv.h"

#define CELL_BYTES_MAX 4  /* what is looked at of a foreign text: so many bytes a cell ... */
#define CELL_BYTES_ADD 64 /* ... and these */

size_t frame_mark(const struct frame *fr)
{
    return fr->arena->used;
}

void frame_back(struct frame *fr, size_t mark)
{
    fr->arena->used = mark;
}

static struct span cut(struct span s, int cols)
{
    size_t most = (size_t)(cols > 0 ? cols : 0) * CELL_BYTES_MAX + CELL_BYTES_ADD;
    if (s.n <= most) {
        return s;
    }
    while (most > 0 && ((unsigned char)s.p[most] & 0xC0) == 0x80) {
        most--;
    }
    return span_sub(s, 0, most);
}

struct safe frame_say(struct frame *fr, struct span s, int cols)
{
    struct span head = cut(s, cols);
    struct safe safe = text_sanitise(fr->arena, head, TEXT_ONE_LINE);
    if (head.n == s.n) {
        return safe;
    }
    const struct safe parts[] = {safe, text_own("…")};
    return text_join(fr->arena, parts, ARRAY_LEN(parts));
}

struct safe frame_say_sid(struct frame *fr, sid id, int cols)
{
    return frame_say(fr, fleet_span(fr->f, id), cols);
}

struct words words_of(struct frame *fr)
{
    return (struct words){.fr = fr};
}

void words_safe(struct words *w, struct safe s)
{
    if (w->count < WORDS_MAX) {
        w->part[w->count++] = s;
    } else {
        w->part[WORDS_MAX - 1] = text_own("…");
    }
}

void words_own(struct words *w, const char *own)
{
    words_safe(w, text_own(own));
}

void words_fmt(struct words *w, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    words_safe(w, text_fmt(w->fr->arena, "%s", text));
}

void words_foreign(struct words *w, struct span s, int cols)
{
    words_safe(w, frame_say(w->fr, s, cols));
}

void words_sid(struct words *w, sid id, int cols)
{
    words_safe(w, frame_say_sid(w->fr, id, cols));
}

struct safe words_end(struct words *w)
{
    return text_join(w->fr->arena, w->part, w->count);
}

void frame_change_wall(struct frame *fr, int64_t at_us)
{
    if (at_us > fr->now.wall_us && at_us < fr->change_wall_us) {
        fr->change_wall_us = at_us;
    }
}

void frame_change_mono(struct frame *fr, int64_t at_us)
{
    if (at_us > fr->now.mono_us && at_us < fr->change_mono_us) {
        fr->change_mono_us = at_us;
    }
}
