#include "summary_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"
#include "folder_priv.h"
#include "reader_priv.h"

void summary_release(struct summary *s)
{
    buf_release(&s->seal);
}

static enum status changed(const struct summary *s, const char *what, struct why *why)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(s->segment, name);
    return why_fail(why, ST_CONFLICT,
                    "the record was changed: %s:%" PRIu64 " %s; move the folder away and keep it",
                    name, s->lines + 1, what);
}

static enum status take_first(struct summary *s, const struct record *r, struct why *why)
{
    struct open_body open;
    if (!record_read_open(r, &open) || open.segment != s->segment) {
        return changed(s, "is not the open record of this segment", why);
    }
    (void)span_copy(r->prev, s->first_prev, sizeof(s->first_prev));
    (void)span_copy(span_str(open.instance), s->instance, sizeof(s->instance));
    memcpy(s->key, open.key, sizeof(s->key));
    s->first_n = r->n;
    s->first_us = r->time_us;
    return ST_OK;
}

static enum status take_seal(struct summary *s, const struct record *r, struct why *why)
{
    struct seal_body seal;
    buf_clear(&s->seal);
    if (!record_read_seal(r, &seal) || buf_add(&s->seal, r->line) != ST_OK) {
        return changed(s, "has not the form of a seal", why);
    }
    s->next = seal.next;
    return ST_OK;
}

static enum status take(struct summary *s, const struct record *r, struct why *why)
{
    enum status st = ST_OK;
    if (s->lines == 0) {
        st = take_first(s, r, why);
    } else if (!span_is(r->prev, s->head) || r->n != s->last_n + 1) {
        st = changed(s, "does not chain over the line before it", why);
    } else if (s->next != 0) {
        st = changed(s, "follows the seal that ends the segment", why);
    }
    if (st == ST_OK && r->kind == JOURNAL_SEAL) {
        st = take_seal(s, r, why);
    }
    if (st == ST_OK && r->kind == JOURNAL_TORN) {
        uint32_t number = record_torn_number(r);
        s->torn_told = number > s->torn_told ? number : s->torn_told;
    }
    s->last_n = r->n;
    s->last_us = r->time_us;
    return st;
}

/* Whole lines up to the end or to the first one that is not a record (ST_INVALID). */
static enum status take_all(struct summary *s, struct reader *reader, struct why *why)
{
    struct sha256_state hash;
    struct span line;
    struct record r;
    uint8_t head[SHA256_BYTES];
    enum status st;
    sha256_init(&hash);
    while ((st = reader_next(reader, &line)) == ST_OK) {
        st = record_parse(line, &r) ? take(s, &r, why) : ST_INVALID;
        if (st != ST_OK) {
            break;
        }
        sha256_add(&hash, line);
        sha256_final(&hash, head);
        hex_encode(head, sizeof(head), s->head);
        s->lines++;
        s->last_at = reader->start;
        s->good_bytes = reader_offset(reader);
    }
    sha256_release(&hash);
    return st;
}

static enum status judge_end(struct summary *s, const struct reader *reader, enum status st,
                             struct why *why)
{
    struct stat file = {0};
    switch (st) {
    case ST_END:
        s->torn_bytes = reader->rest;
        return ST_OK;
    case ST_INVALID:
    case ST_LIMIT:
        if (fstat(reader->fd, &file) != 0 || !reader_is_torn(reader->fd, s->good_bytes)) {
            return changed(s, "is not a record", why);
        }
        s->torn_bytes = (uint64_t)file.st_size - s->good_bytes;
        return ST_OK;
    case ST_IO:
        return why_fail(why, ST_IO, "cannot read the record: %s", err_text(errno));
    case ST_OK:
    case ST_AGAIN:
    case ST_DENIED:
    case ST_NOTFOUND:
    case ST_EXISTS:
    case ST_CONFLICT:
    case ST_TIMEOUT:
    case ST_CLOSED:
    case ST_UNSUPPORTED:
        break;
    }
    return st;
}

/* Whether the last line is what was written is proved by nothing yet, not even that it is one line:
 * two that were joined look like one from both ends. */
static enum status check_last(struct summary *s, int fd, uint64_t start, struct why *why)
{
    struct tape j;
    struct record r;
    size_t n = (size_t)(s->good_bytes - start) - 1;
    struct tape_token *tokens = xreallocarray(NULL, RECORD_TOKENS, sizeof(*tokens));
    char *text = xmalloc(n);
    enum status st = ST_OK;
    s->lines--; /* for the words: the line is this one, not the next */
    if (pread(fd, text, n, (off_t)start) != (ssize_t)n) {
        st = why_fail(why, ST_IO, "cannot read the record's last line: %s", err_text(errno));
    } else if (tape_parse(&j, (struct span){text, n}, TAPE_STRICT, tokens, RECORD_TOKENS) ==
                   ST_INVALID ||
               !record_parse((struct span){text, n}, &r) || !record_has_body(&r)) {
        st = changed(s, "is not a record", why);
    }
    s->lines++;
    free(text);
    free(tokens);
    return st;
}

enum status summary_read(struct summary *s, int dir, uint32_t segment, struct why *why)
{
    struct reader reader;
    *s = (struct summary){.segment = segment};
    buf_init(&s->seal, SEAL_LINE_BYTES);
    int fd = folder_open_segment(dir, segment);
    if (fd < 0) {
        return why_fail(why, ST_IO, "cannot open segment %" PRIu32 ": %s", segment,
                        err_text(errno));
    }
    reader_init(&reader, fd);
    enum status st = judge_end(s, &reader, take_all(s, &reader, why), why);
    if (st == ST_OK && s->lines > 0) {
        st = check_last(s, fd, s->last_at, why);
    }
    reader_release(&reader);
    return st;
}
