#include "writer_priv.h"

#include <string.h>

#include "checkrein/num.h"
#include "checkrein/wire.h"

#define INT_DIGITS 20

struct writer writer_begin(struct buf *out)
{
    struct writer w = {.out = out, .start = out->len, .first = true};
    buf_addch(out, '{');
    return w;
}

enum status writer_end(struct writer *w)
{
    write_close(w, '}');
    if (buf_status(w->out) != ST_OK) {
        buf_truncate(w->out, w->start);
        return ST_LIMIT;
    }
    return ST_OK;
}

void write_comma(struct writer *w)
{
    if (!w->first) {
        buf_addch(w->out, ',');
    }
    w->first = false;
}

void write_key(struct writer *w, struct span quoted_with_colon)
{
    size_t comma = !w->first;
    char *room = buf_reserve(w->out, comma + quoted_with_colon.n);
    w->first = false;
    if (room != NULL) {
        *room = ',';
        memcpy(room + comma, quoted_with_colon.p, quoted_with_colon.n);
        buf_commit(w->out, comma + quoted_with_colon.n);
    }
}

void write_name(struct writer *w, const char *name)
{
    write_comma(w);
    write_plain_value(w, name);
    buf_addch(w->out, ':');
}

void write_open(struct writer *w, char bracket)
{
    buf_addch(w->out, bracket);
    w->first = true;
}

void write_close(struct writer *w, char bracket)
{
    buf_addch(w->out, bracket);
    w->first = false;
}

void write_int_value(struct writer *w, int64_t n)
{
    char digits[INT_DIGITS];
    size_t at = sizeof(digits);
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (n < 0) {
        digits[--at] = '-';
    }
    buf_append(w->out, digits + at, sizeof(digits) - at);
}

void write_bool_value(struct writer *w, bool b)
{
    buf_add(w->out, b ? SPAN("true") : SPAN("false"));
}

void write_time_value(struct writer *w, int64_t wall_us)
{
    char text[TIME_TEXT_BYTES];
    time_format(wall_us, text);
    write_plain_value(w, text);
}

void write_plain_value(struct writer *w, const char *s)
{
    buf_addch(w->out, '"');
    buf_addstr(w->out, s);
    buf_addch(w->out, '"');
}

void write_text(struct writer *w, const char *name, struct span s)
{
    write_name(w, name);
    tape_quote(w->out, s);
}

void write_text_if(struct writer *w, const char *name, struct span s)
{
    if (s.n > 0) {
        write_text(w, name, s);
    }
}

void write_plain(struct writer *w, const char *name, const char *s)
{
    write_name(w, name);
    write_plain_value(w, s);
}

void write_int(struct writer *w, const char *name, int64_t n)
{
    write_name(w, name);
    write_int_value(w, n);
}

void write_bool(struct writer *w, const char *name, bool b)
{
    write_name(w, name);
    write_bool_value(w, b);
}

void write_time(struct writer *w, const char *name, int64_t wall_us)
{
    write_name(w, name);
    write_time_value(w, wall_us);
}
