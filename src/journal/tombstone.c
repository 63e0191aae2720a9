/* tombstone.c - the record that stands for segments that were dropped. */
#include <inttypes.h>
#include <string.h>

#include "checkrein/num.h"
#include "record_priv.h"
#include "scan_priv.h"

#define TIME_CHARS 24

static const char *const reasons[] = {
#define X(constant, name) [constant] = (name),
    DROP_REASONS(X)
#undef X
};

enum status record_tombstone_body(struct buf *line, const struct tombstone_body *b)
{
    const struct journal_drop *d = &b->drop;
    char from[SEGMENT_NAME_BYTES];
    char to[SEGMENT_NAME_BYTES];
    char first[TIME_TEXT_BYTES];
    char last[TIME_TEXT_BYTES];
    segment_name(d->first_segment, from);
    segment_name(d->last_segment, to);
    time_format(d->first_us, first);
    time_format(d->last_us, last);
    return buf_printf(
        line,
        "\"tombstone\":{\"segments\":[\"%s\",\"%s\"],\"records\":[%" PRIu64 ",%" PRIu64
        "],\"times\":[\"%s\",\"%s\"],\"head\":\"%s\",\"by\":\"%.*s\",\"reason\":\"%s\","
        "\"limit\":%" PRIu64 "}",
        from, to, d->first, d->last, first, last, d->head, SPAN_ARG(b->by), reasons[d->reason],
        d->limit);
}

static uint32_t scan_segment(struct scan *s)
{
    uint32_t segment = segment_number(scan_word(s, RECORD_WORD_BYTES));
    s->bad = s->bad || segment == 0;
    return segment;
}

static int64_t scan_time(struct scan *s)
{
    int64_t us = 0;
    if (time_parse(scan_bytes(s, TIME_CHARS), &us) != ST_OK) {
        s->bad = true;
    }
    return us;
}

static enum drop_reason scan_reason(struct scan *s)
{
    struct span word = scan_word(s, RECORD_WORD_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (span_is(word, reasons[i])) {
            return (enum drop_reason)i;
        }
    }
    s->bad = true;
    return DROP_AGE;
}

bool record_read_tombstone(const struct record *r, struct tombstone_body *b)
{
    struct scan s = {.rest = r->members};
    struct journal_drop *d = &b->drop;
    *b = (struct tombstone_body){0};
    scan_literal(&s, "\"tombstone\":{\"segments\":[\"");
    d->first_segment = scan_segment(&s);
    scan_literal(&s, "\",\"");
    d->last_segment = scan_segment(&s);
    scan_literal(&s, "\"],\"records\":[");
    d->first = scan_number(&s);
    scan_literal(&s, ",");
    d->last = scan_number(&s);
    scan_literal(&s, "],\"times\":[\"");
    d->first_us = scan_time(&s);
    scan_literal(&s, "\",\"");
    d->last_us = scan_time(&s);
    scan_literal(&s, "\"],\"head\":\"");
    (void)span_copy(scan_hex_text(&s, RECORD_PREV_BYTES), d->head, sizeof(d->head));
    scan_literal(&s, "\",\"by\":\"");
    b->by = scan_word(&s, RECORD_WORD_BYTES);
    scan_literal(&s, "\",\"reason\":\"");
    d->reason = scan_reason(&s);
    scan_literal(&s, "\",\"limit\":");
    d->limit = scan_number(&s);
    scan_literal(&s, "}");
    return scan_done(&s) && r->kind == JOURNAL_TOMBSTONE && d->first > 0 && d->first <= d->last &&
           d->last < r->n && d->first_segment <= d->last_segment;
}
