/* record.c - the part that all lines have: hash of the line before, number, time, kind. */
#include "record_priv.h"

#include <stdio.h>
#include <string.h>

#include "checkrein/num.h"
#include "scan_priv.h"

#define NUMBER_BYTES    20 /* of INT64_MAX, with room */
#define TIME_CHARS      24
#define KIND_NAME_BYTES 32
#define SEGMENT_DIGITS  6

static const char *const kind_names[] = {
#define X(constant, name) [constant] = (name),
    JOURNAL_KINDS(X)
#undef X
};

const char *record_kind_name(enum journal_kind kind)
{
    return (size_t)kind < ARRAY_LEN(kind_names) ? kind_names[kind] : "unknown";
}

static enum journal_kind kind_find(struct span name)
{
    size_t kind = 0;
    while (kind < ARRAY_LEN(kind_names) && !span_is(name, kind_names[kind])) {
        kind++;
    }
    return (enum journal_kind)kind;
}

static struct span decimal(uint64_t n, char digits[NUMBER_BYTES])
{
    size_t at = NUMBER_BYTES;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    return (struct span){digits + at, NUMBER_BYTES - at};
}

/* By hand rather than with buf_printf(): this runs once for every event there is. */
enum status record_begin(struct buf *line, const char *prev, uint64_t n, int64_t now_us,
                         enum journal_kind kind)
{
    char digits[NUMBER_BYTES];
    char time[TIME_TEXT_BYTES];
    time_format(now_us, time);
    const struct span parts[] = {
        SPAN("{\"prev\":\""), {prev, RECORD_PREV_BYTES},
         SPAN("\",\"n\":"),
        decimal(n, digits),   SPAN(",\"t\":\""),          {time, TIME_CHARS       },
        SPAN("\",\"k\":\""),  span_str(kind_names[kind]), SPAN("\","),
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        (void)buf_add(line, parts[i]);
    }
    return buf_status(line);
}

static bool is_kind_name(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
            return false;
        }
    }
    return true;
}

/* Exactly the form that time_format() gives; time_parse() takes others too. */
static int64_t scan_time(struct scan *s)
{
    struct span t = scan_bytes(s, TIME_CHARS);
    int64_t us = 0;
    if (s->bad || t.p[TIME_CHARS - 1] != 'Z' || t.p[10] != 'T' || t.p[19] != '.' ||
        time_parse(t, &us) != ST_OK) {
        s->bad = true;
    }
    return us;
}

/* Only what is of others can have had a secret in it. */
static void scan_secrets(struct scan *s, struct record *r)
{
    bool of_others = r->kind == JOURNAL_EVENT || r->kind == JOURNAL_RAW ||
                     r->kind == JOURNAL_COMMAND || r->kind == JOURNAL_NOTE;
    if (!s->bad && of_others && span_starts(s->rest, "\"secrets\":")) {
        scan_literal(s, "\"secrets\":");
        uint64_t count = scan_number(s);
        scan_literal(s, ",");
        s->bad = s->bad || count == 0 || count > UINT32_MAX;
        r->secrets = (uint32_t)count;
    }
}

bool record_parse(struct span line, struct record *r)
{
    struct scan s = {.rest = line};
    *r = (struct record){.line = line};
    scan_literal(&s, "{\"prev\":\"");
    r->prev = scan_hex_text(&s, RECORD_PREV_BYTES);
    scan_literal(&s, "\",\"n\":");
    r->n = scan_number(&s);
    scan_literal(&s, ",\"t\":\"");
    r->time_us = scan_time(&s);
    scan_literal(&s, "\",\"k\":\"");
    r->kind_name = scan_word(&s, KIND_NAME_BYTES);
    scan_literal(&s, "\",");
    r->kind = kind_find(r->kind_name);
    scan_secrets(&s, r);
    r->members = span_sub(s.rest, 0, s.rest.n > 0 ? s.rest.n - 1 : 0);
    return !s.bad && r->n > 0 && is_kind_name(r->kind_name) && span_ends(s.rest, "}") &&
           memchr(line.p, '\0', line.n) == NULL;
}

static struct span scan_key(struct scan *s)
{
    scan_literal(s, "\"");
    struct span key = scan_word(s, KIND_NAME_BYTES);
    scan_literal(s, "\":");
    return key;
}

static bool may_have_from(enum journal_kind kind)
{
    return kind == JOURNAL_RAW || kind == JOURNAL_EVENT || kind == JOURNAL_SNAPSHOT;
}

bool record_split(const struct record *r, struct span *from, struct span *key, struct span *body)
{
    struct scan s = {.rest = r->members};
    *from = SPAN_NONE;
    *key = scan_key(&s);
    if (may_have_from(r->kind) && span_is(*key, "from")) {
        *from = scan_string(&s);
        scan_literal(&s, ",");
        *key = scan_key(&s);
    }
    *body = s.rest;
    return !s.bad && body->n > 0;
}

bool record_has_body(const struct record *r)
{
    struct span from;
    struct span key;
    struct span body;
    if (!record_split(r, &from, &key, &body)) {
        return false;
    }
    if (r->kind == JOURNAL_NOTE) {
        return span_is(key, "text");
    }
    if (r->kind == JOURNAL_RAW) {
        return from.n > 0 && (span_is(key, "raw") || span_is(key, "raw_b64"));
    }
    return span_eq(key, r->kind_name) && (r->kind != JOURNAL_SNAPSHOT || from.n > 0);
}

void segment_name(uint32_t segment, char out[SEGMENT_NAME_BYTES])
{
    (void)snprintf(out, SEGMENT_NAME_BYTES, "%0*u.jsonl", SEGMENT_DIGITS,
                   segment % (SEGMENT_LAST + 1));
}

uint32_t segment_number(struct span name)
{
    uint32_t number = 0;
    if (name.n != SEGMENT_DIGITS + strlen(".jsonl") || !span_ends(name, ".jsonl")) {
        return 0;
    }
    for (size_t i = 0; i < SEGMENT_DIGITS; i++) {
        if (name.p[i] < '0' || name.p[i] > '9') {
            return 0;
        }
        number = number * 10 + (uint32_t)(name.p[i] - '0');
    }
    return number;
}
