#include "checkrein/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/base64.h"
#include "checkrein/wire.h"
#include "record_priv.h"
#include "scan_priv.h"
#include "walk_priv.h"

#define FIRST_LINE_BYTES 1024 /* no open record is longer */

struct journal_cursor {
    struct walk walk;
    struct journal_record held; /* found by a seek, not yet given out */
    bool is_held;
    uint64_t skip_below; /* records before this number are passed over */
};

enum status journal_cursor_open(struct journal_cursor **out, const char *path, struct why *why)
{
    struct journal_cursor *c = xcalloc(1, sizeof(*c));
    enum status st = walk_open(&c->walk, path, why);
    if (st != ST_OK) {
        free(c);
        c = NULL;
    }
    *out = c;
    return st;
}

bool journal_cursor_was_overtaken(const struct journal_cursor *c)
{
    return walk_was_overtaken(&c->walk);
}

void journal_cursor_close(struct journal_cursor *c)
{
    if (c != NULL) {
        walk_release(&c->walk);
        free(c);
    }
}

static enum status refuse(const struct journal_cursor *c, const char *what, struct why *why)
{
    char place[PLACE_BYTES];
    walk_place_text(&c->walk, c->walk.place, place);
    return why_fail(why, ST_INVALID, "%s %s", place, what);
}

static enum status read_line(const struct journal_cursor *c, struct span line,
                             struct journal_record *out, struct why *why)
{
    struct record r;
    if (!record_parse(line, &r)) {
        return refuse(c, "is not a record", why);
    }
    *out = (struct journal_record){
        .n = r.n, .time_us = r.time_us, .kind = r.kind, .secrets = r.secrets, .line = r.line};
    return record_has_body(&r) && record_split(&r, &out->from, &out->key, &out->body)
               ? ST_OK
               : refuse(c, "is a record without the body of its kind", why);
}

enum status journal_cursor_next(struct journal_cursor *c, struct journal_record *r, struct why *why)
{
    enum status st = ST_OK;
    if (c->is_held) {
        c->is_held = false;
        *r = c->held;
        return ST_OK;
    }
    do {
        struct span line;
        st = walk_next(&c->walk, &line);
        if (st == ST_OK) {
            st = read_line(c, line, r, why);
        } else if (st == ST_LIMIT) {
            st = refuse(c, "is too long for a record", why);
        } else if (st == ST_INVALID) {
            st = refuse(c, "is where the segment is cut off, and another follows", why);
        } else if (st == ST_NOTFOUND) {
            st = refuse(c, "is followed by a gap: the next segment is missing", why);
        } else if (st == ST_IO) {
            (void)why_fail(why, st, "cannot read the record: %s", err_text(errno));
        }
    } while (st == ST_OK && r->n < c->skip_below);
    return st;
}

/* Number of a segment's first record; UINT64_MAX when it has none that can be read. */
static uint64_t first_number(int dir, uint32_t segment)
{
    char text[FIRST_LINE_BYTES];
    struct record r;
    int fd = folder_open_segment(dir, segment);
    ssize_t got = fd >= 0 ? pread(fd, text, sizeof(text), 0) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    struct span line = {text, got > 0 ? (size_t)got : 0};
    line = span_sub(line, 0, span_find(line, '\n'));
    return record_parse(line, &r) ? r.n : UINT64_MAX;
}

/* The last segment that begins at or before n; a segment that cannot be read makes it an earlier
 * one. */
static uint32_t find_segment(int dir, const struct folder *f, uint64_t n)
{
    uint32_t low = f->first;
    uint32_t high = f->last;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (first_number(dir, middle) <= n) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

enum status journal_cursor_seek(struct journal_cursor *c, uint64_t n)
{
    struct folder f = {0};
    if (c->walk.dir >= 0 && (folder_scan(c->walk.dir, 0, &f) != ST_OK || f.count == 0)) {
        return ST_IO;
    }
    if (walk_to(&c->walk, c->walk.dir >= 0 ? find_segment(c->walk.dir, &f, n) : 0) != ST_OK) {
        return ST_IO;
    }
    enum status st;
    c->is_held = false;
    c->skip_below = n;
    do {
        st = journal_cursor_next(c, &c->held, NULL);
    } while (st == ST_INVALID);
    c->is_held = st == ST_OK;
    return st;
}

struct journal_place journal_cursor_place(const struct journal_cursor *c)
{
    const struct reader *r = &c->walk.reader;
    return c->is_held ? (struct journal_place){c->walk.segment, r->start, r->line}
                      : (struct journal_place){c->walk.segment, reader_offset(r), r->line + 1};
}

enum status journal_cursor_return(struct journal_cursor *c, const struct journal_place *p)
{
    if (p->segment != c->walk.segment && walk_to(&c->walk, p->segment) != ST_OK) {
        return ST_IO;
    }
    reader_to(&c->walk.reader, p->at, p->line);
    c->is_held = false;
    c->skip_below = 0;
    return ST_OK;
}

static bool open_of(const struct journal_record *r, struct open_body *out)
{
    struct record line;
    return r->kind == JOURNAL_OPEN && record_parse(r->line, &line) && record_read_open(&line, out);
}

bool journal_record_is_start(const struct journal_record *r)
{
    struct open_body open;
    return open_of(r, &open) && open.cause != OPEN_ROTATE;
}

struct span journal_record_writer(const struct journal_record *r)
{
    struct open_body open;
    return open_of(r, &open) ? open.writer : SPAN_NONE;
}

bool journal_record_instance(const struct journal_record *r, char *out, size_t cap)
{
    struct open_body open;
    return open_of(r, &open) && span_copy(span_str(open.instance), out, cap);
}

bool journal_record_from(const struct journal_record *r, char *out, size_t cap)
{
    struct tape_token token[1];
    struct tape j;
    struct buf text;
    if (tape_parse(&j, r->from, TAPE_STRICT, token, ARRAY_LEN(token)) != ST_OK) {
        return false;
    }
    buf_init(&text, r->from.n);
    bool fits = span_copy(tape_string(&j, TAPE_ROOT, &text), out, cap);
    buf_release(&text);
    return fits && out[0] != '\0';
}

enum status journal_record_transfer(const struct journal_record *r, struct journal_transfer *out)
{
    struct scan s = {.rest = r->body};
    scan_literal(&s, "{\"seq\":");
    out->seq = scan_number(&s);
    out->complete = scan_has(&s, ",\"complete\":true}");
    scan_literal(&s, out->complete ? ",\"complete\":true}" : ",\"complete\":false}");
    return scan_done(&s) && r->kind == JOURNAL_SNAPSHOT ? ST_OK : ST_INVALID;
}

static enum status read_text(struct span body, struct buf *out)
{
    struct tape_token token[1];
    struct tape j;
    struct buf scratch;
    if (tape_parse(&j, body, TAPE_STRICT, token, ARRAY_LEN(token)) != ST_OK ||
        tape_type(&j, TAPE_ROOT) != TAPE_STRING) {
        return ST_INVALID;
    }
    buf_init(&scratch, body.n);
    enum status st = buf_add(out, tape_string(&j, TAPE_ROOT, &scratch));
    buf_release(&scratch);
    return st;
}

enum status journal_record_raw(const struct journal_record *r, struct buf *out)
{
    if (r->kind == JOURNAL_RAW && span_is(r->key, "raw")) {
        return read_text(r->body, out);
    }
    if (r->kind == JOURNAL_RAW && span_is(r->key, "raw_b64") && r->body.n >= 2 &&
        span_starts(r->body, "\"") && span_ends(r->body, "\"")) {
        return base64_decode(out, span_sub(r->body, 1, r->body.n - 2));
    }
    return ST_INVALID;
}
