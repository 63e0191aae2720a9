/* An event stream (WHATWG HTML, section 9.2.6) whose data goes to the scan as it comes: an event
 * may be of any length. wire's framer keeps whole events, so it is not used here. */
#include <string.h>

#include "usage_priv.h"

enum events_line {
    LINE_NAME,  /* in the name of a field */
    LINE_BLANK, /* after its colon: one blank is not data */
    LINE_DATA,
    LINE_OTHER /* of a field that is not data */
};

#define DATA      "data"
#define DONE_MARK "[DONE]" /* what OpenAI ends a stream with */

static void begin_line(struct usage_events *e)
{
    e->line = LINE_NAME;
    e->name_bytes = 0;
}

static void give_data(struct usage_reader *r, struct span bytes)
{
    struct usage_events *e = &r->events;
    size_t room = sizeof(e->head) - e->head_bytes;
    size_t n = bytes.n < room ? bytes.n : room;
    memcpy(e->head + e->head_bytes, bytes.p, n);
    e->head_bytes = (uint8_t)(e->head_bytes + n);
    usage_scan_feed(&r->scan, bytes, r);
}

static void begin_data(struct usage_reader *r)
{
    if (r->events.has_data) {
        give_data(r, SPAN("\n"));
    }
    r->events.has_data = true;
}

static bool is_data(const struct usage_events *e)
{
    return e->name_bytes == sizeof(e->name) && memcmp(e->name, DATA, sizeof(e->name)) == 0;
}

/* One byte of a field's name, or its colon. */
static void take_name(struct usage_reader *r, char c)
{
    struct usage_events *e = &r->events;
    if (c == ':' && is_data(e)) {
        e->line = LINE_BLANK;
        begin_data(r);
    } else if (c == ':' || e->name_bytes == sizeof(e->name)) {
        e->line = LINE_OTHER;
    } else {
        e->name[e->name_bytes++] = c;
    }
}

static void take_line(struct usage_reader *r, struct span part)
{
    size_t at = 0;
    while (at < part.n && r->events.line == LINE_NAME) {
        take_name(r, part.p[at++]);
    }
    if (at < part.n && r->events.line == LINE_BLANK) {
        at += part.p[at] == ' ';
        r->events.line = LINE_DATA;
    }
    if (at < part.n && r->events.line == LINE_DATA) {
        give_data(r, span_sub(part, at, SIZE_MAX));
    }
}

static bool is_done_mark(const struct usage_events *e)
{
    return e->head_bytes == sizeof(e->head) && memcmp(e->head, DONE_MARK, sizeof(e->head)) == 0;
}

/* An empty line. */
static void end_event(struct usage_reader *r)
{
    struct usage_events *e = &r->events;
    if (e->has_data && !usage_scan_whole(&r->scan) && !is_done_mark(e)) {
        r->marks |= 1u << USAGE_UNREADABLE;
    }
    e->has_data = false;
    e->head_bytes = 0;
    usage_scan_init(&r->scan, r->scan.form);
    usage_message_begin(&r->message);
}

void usage_events_end(struct usage_reader *r)
{
    if (usage_scan_broken(&r->scan) && !is_done_mark(&r->events)) {
        r->marks |= 1u << USAGE_UNREADABLE;
    }
}

static void end_line(struct usage_reader *r)
{
    struct usage_events *e = &r->events;
    if (e->line == LINE_NAME && e->name_bytes == 0) {
        end_event(r);
    } else if (e->line == LINE_NAME && is_data(e)) {
        begin_data(r);
    }
    begin_line(e);
}

/* The first CR or LF from p on. Each is looked for once in any byte: *lf is kept between calls. */
static const char *line_end(const char *p, const char *end, const char **lf)
{
    if (*lf == NULL || *lf < p) {
        *lf = memchr(p, '\n', (size_t)(end - p));
        *lf = *lf != NULL ? *lf : end;
    }
    const char *cr = memchr(p, '\r', (size_t)(*lf - p));
    return cr != NULL ? cr : *lf;
}

void usage_events_feed(struct usage_reader *r, struct span bytes)
{
    const char *p = bytes.p;
    const char *end = p + bytes.n;
    const char *lf = NULL;
    while (p < end) {
        bool skip = r->events.skip_lf && *p == '\n';
        r->events.skip_lf = false;
        p += skip;
        if (p == end) {
            break;
        }
        const char *stop = line_end(p, end, &lf);
        take_line(r, (struct span){p, (size_t)(stop - p)});
        if (stop < end) {
            end_line(r);
            r->events.skip_lf = *stop == '\r';
            stop++;
        }
        p = stop;
    }
}
