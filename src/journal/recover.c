#include "recover_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/num.h"
#include "drop_priv.h"
#include "folder_priv.h"
#include "summary_priv.h"

static enum status missing(uint32_t segment, struct why *why)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    return why_fail(why, ST_CONFLICT,
                    "the record was changed: %s is missing; move the folder away and keep it",
                    name);
}

static enum status unlinked(uint32_t segment, struct why *why)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    return why_fail(
        why, ST_CONFLICT,
        "the record was changed: %s does not go on where the segment before it ends; move the "
        "folder away and keep it",
        name);
}

/* The last seal vouches for the key and the instance that the segment names. */
static enum status check_seal(const struct summary *s, struct why *why)
{
    struct record r;
    struct seal_body seal;
    if (s->seal.len == 0) {
        return ST_OK;
    }
    if (!record_parse(buf_span(&s->seal), &r) || !record_read_seal(&r, &seal) ||
        memcmp(seal.key, s->key, sizeof(seal.key)) != 0 ||
        strcmp(seal.instance, s->instance) != 0 ||
        !signature_valid(seal.key, seal.signed_text, seal.sig)) {
        return why_fail(why, ST_CONFLICT,
                        "the record was changed: the seal in record %" PRIu64
                        " does not hold; move the folder away and keep it",
                        r.n);
    }
    return ST_OK;
}

/* The first line of this segment must chain over the last one of the segment before. */
static enum status check_link(int dir, const struct summary *s, uint32_t first, struct why *why)
{
    struct buf line;
    struct record r;
    struct seal_body seal;
    uint8_t hash[SHA256_BYTES];
    char head[SHA256_HEX_BYTES] = RECORD_NO_PREV;
    if (s->segment == 1) {
        return s->first_n == 1 && strcmp(s->first_prev, head) == 0 ? ST_OK : unlinked(1, why);
    }
    if (s->segment == first) { /* a tombstone was held against it */
        return ST_OK;
    }
    buf_init(&line, SEAL_LINE_BYTES);
    bool good = folder_last_line(dir, s->segment - 1, &line) == ST_OK &&
                record_parse(buf_span(&line), &r) && record_read_seal(&r, &seal) &&
                seal.next == s->segment && r.n + 1 == s->first_n;
    sha256(buf_span(&line), hash);
    hex_encode(hash, sizeof(hash), head);
    buf_release(&line);
    return good && strcmp(head, s->first_prev) == 0 ? ST_OK : unlinked(s->segment, why);
}

static void take_end(struct recovered *r, const struct summary *s)
{
    r->last_n = s->last_n;
    r->last_us = s->last_us;
    (void)span_copy(span_str(s->head), r->head, sizeof(r->head));
    (void)span_copy(span_str(s->instance), r->instance, sizeof(r->instance));
    memcpy(r->key, s->key, sizeof(r->key));
}

/* The newest segment has whole records, or is the only one. */
static enum status use_last(int dir, const struct summary *s, struct recovered *r, struct why *why)
{
    r->segment = s->segment;
    r->good_bytes = s->good_bytes;
    r->torn_bytes = s->torn_bytes;
    r->torn_told = s->torn_told;
    r->begun_us = s->first_us;
    if (s->lines == 0) {
        return ST_OK;
    }
    take_end(r, s);
    enum status st = check_link(dir, s, r->first, why);
    if (st == ST_OK) {
        st = check_seal(s, why);
    }
    return st == ST_OK && s->next != 0 ? missing(s->next, why) : st;
}

/* The newest segment has no whole record: the writer was about to begin it. */
static enum status use_one_before(int dir, const struct summary *last, struct recovered *r,
                                  struct why *why)
{
    struct summary s;
    enum status st = summary_read(&s, dir, last->segment - 1, why);
    if (st == ST_OK && s.next == last->segment && s.torn_bytes == 0) {
        s.next = 0;
        st = use_last(dir, &s, r, why);
        r->segment = last->segment;
        r->good_bytes = 0;
        r->begun_us = 0;
        r->torn_bytes = last->torn_bytes;
        r->torn_told = 0;
    } else if (st == ST_OK && last->torn_bytes == 0 && s.next == 0 && s.lines > 0) {
        st = use_last(dir, &s, r, why);
        r->stale = last->segment;
    } else if (st == ST_OK) {
        st = unlinked(last->segment, why);
    }
    summary_release(&s);
    return st;
}

/* A record that begins with this segment: is it the first one behind what the tombstone names? */
static bool begins_behind(int dir, uint32_t segment, const struct journal_drop *drop)
{
    struct record r;
    char line[SEAL_LINE_BYTES];
    int fd = folder_open_segment(dir, segment);
    ssize_t got = fd >= 0 ? pread(fd, line, sizeof(line), 0) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    struct span first = {line, got > 0 ? (size_t)got : 0};
    return record_parse(span_sub(first, 0, span_find(first, '\n')), &r) && r.n == drop->last + 1 &&
           span_is(r.prev, drop->head);
}

/* What is missing before the first segment must have been dropped; what was dropped and is still
 * there is to be removed. */
static enum status check_begin(int dir, const struct folder *f, struct recovered *r,
                               struct why *why)
{
    struct journal_drop drop;
    bool found = drop_find(dir, f, &drop) && drop.last_segment < f->last;
    r->first = f->first;
    if (found && f->first >= drop.first_segment && f->first <= drop.last_segment) {
        r->dropped_until = drop.last_segment;
        return ST_OK;
    }
    if (f->first == 1 ||
        (found && f->first == drop.last_segment + 1 && begins_behind(dir, f->first, &drop))) {
        return ST_OK;
    }
    return missing(f->first - 1, why);
}

enum status recover_read(int dir, struct recovered *r, struct why *why)
{
    struct folder f;
    struct summary s = {0};
    *r = (struct recovered){.segment = 1, .head = RECORD_NO_PREV};
    if (folder_scan(dir, 0, &f) != ST_OK) {
        return why_fail(why, ST_IO, "cannot list the record's folder: %s", err_text(errno));
    }
    if (f.count == 0) {
        return ST_OK;
    }
    for (uint32_t k = f.first; k <= f.last && f.count <= f.last - f.first; k++) {
        struct folder above;
        if (folder_scan(dir, k - 1, &above) == ST_OK && above.first != k) {
            return missing(k, why);
        }
    }
    r->is_there = true;
    enum status st = check_begin(dir, &f, r, why);
    st = st == ST_OK ? summary_read(&s, dir, f.last, why) : st;
    if (st == ST_OK) {
        st = s.lines == 0 && f.last > f.first ? use_one_before(dir, &s, r, why)
                                              : use_last(dir, &s, r, why);
    }
    summary_release(&s);
    return st;
}
