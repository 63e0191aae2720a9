/* Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html,
 * section 9.2.6. */
#include <string.h>

#include "framer_priv.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define FIELD_BYTES     8 /* the longest known field name, colon and blank: "event: ", rounded up */
#define RETRY_MAX_MS    86400000 /* a day */

/* ST_AGAIN while it cannot be told whether the stream starts with a byte order mark. */
static enum status skip_mark(struct framer *f)
{
    struct span rest = framer_rest(f);
    size_t n = rest.n < strlen(BYTE_ORDER_MARK) ? rest.n : strlen(BYTE_ORDER_MARK);
    if (n == 0) {
        return ST_AGAIN;
    }
    bool mark = memcmp(rest.p, BYTE_ORDER_MARK, n) == 0;
    if (mark && n < strlen(BYTE_ORDER_MARK)) {
        return ST_AGAIN;
    }
    f->used += mark ? n : 0;
    f->scanned = f->used;
    f->started = true;
    return ST_OK;
}

static void skip_line_feed(struct framer *f)
{
    struct span rest = framer_rest(f);
    if (!f->skip_lf || rest.n == 0) {
        return;
    }
    f->skip_lf = false;
    if (rest.p[0] == '\n') {
        f->used++;
        f->scanned = f->used;
    }
}

/* In one pass: looking for CR and LF apart would let a peer make it quadratic. */
static size_t line_end(struct span all, size_t from)
{
    while (from < all.n && all.p[from] != '\r' && all.p[from] != '\n') {
        from++;
    }
    return from;
}

/* The next line without its end. */
static enum status take_line(struct framer *f, struct span *line)
{
    skip_line_feed(f);
    struct span all = buf_span(&f->pending);
    size_t end = line_end(all, f->scanned);
    f->scanned = end;
    if (end - f->used > f->message_limit + FIELD_BYTES) {
        return ST_LIMIT;
    }
    if (end == all.n) {
        return ST_AGAIN;
    }
    *line = span_sub(all, f->used, end - f->used);
    f->skip_lf = all.p[end] == '\r';
    f->used = f->scanned = end + 1;
    return ST_OK;
}

static enum status replace(struct buf *b, struct span value)
{
    buf_clear(b);
    return buf_add(b, value);
}

static enum status take_data(struct framer *f, struct span value)
{
    if (f->has_data && buf_addch(&f->text, '\n') != ST_OK) {
        return ST_LIMIT;
    }
    f->has_data = true;
    return buf_add(&f->text, value);
}

static enum status take_event(struct framer *f, struct span value)
{
    return replace(&f->event, value);
}

static enum status take_id(struct framer *f, struct span value)
{
    bool has_nul = span_find(value, '\0') < value.n;
    return has_nul ? ST_OK : replace(&f->next_id, value);
}

static enum status take_retry(struct framer *f, struct span value)
{
    int64_t ms = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9') {
            return ST_OK;
        }
        ms = ms * 10 + (value.p[i] - '0');
        ms = ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
    }
    f->retry_ms = value.n > 0 ? ms : f->retry_ms;
    return ST_OK;
}

static enum status take_field(struct framer *f, struct span line)
{
    static const struct {
        const char *name;
        enum status (*take)(struct framer *f, struct span value);
    } fields[] = {
        {"data",  take_data },
        {"event", take_event},
        {"id",    take_id   },
        {"retry", take_retry},
    };
    size_t colon = span_find(line, ':');
    struct span name = span_sub(line, 0, colon);
    struct span value = span_sub(line, colon + 1, SIZE_MAX);
    if (span_starts(value, " ")) {
        value = span_sub(value, 1, SIZE_MAX);
    }
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (span_is(name, fields[i].name)) {
            return fields[i].take(f, value);
        }
    }
    return ST_OK; /* a comment, or a field that the standard does not know */
}

static void begin_event(struct framer *f)
{
    buf_clear(&f->text);
    buf_clear(&f->event);
    f->has_data = false;
    f->delivered = false;
}

/* An empty line: the id counts from here on. True when there is an event to hand out. */
static bool end_event(struct framer *f)
{
    (void)replace(&f->id, buf_span(&f->next_id)); /* of the same limit: it fits */
    if (!f->has_data) {
        begin_event(f);
    }
    return f->has_data;
}

enum status sse_next(struct framer *f, struct span *message)
{
    if (f->delivered) {
        begin_event(f);
    }
    enum status st = f->started ? ST_OK : skip_mark(f);
    struct span line;
    while (st == ST_OK && (st = take_line(f, &line)) == ST_OK) {
        if (line.n > 0) {
            st = take_field(f, line);
        } else if (end_event(f)) {
            f->delivered = true;
            *message = buf_span(&f->text);
            return ST_OK;
        }
    }
    return st;
}
