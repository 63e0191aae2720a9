/* diagnose.c - which record is the bad one?
 *
 * A wrong `prev` says that this line or the one before it was changed. Who is right is told by the
 * line after: it holds the hash that this line had. Removed, inserted and moved lines are told
 * apart by their numbers.
 */
#include "verify_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checkrein/buf.h"
#include "checkrein/num.h"

/* What is kept of the bad line while the walk goes on. */
struct suspect {
    uint64_t n;
    int64_t time_us;
    struct place place;
    char prev[SHA256_HEX_BYTES];
    char hash[SHA256_HEX_BYTES];
    char mended_hash[SHA256_HEX_BYTES]; /* had its prev been right */
    bool holds;                         /* is a seal whose signature holds */
    bool mended_holds;
};

static void broken(struct verify *v, uint64_t n, int64_t time_us, struct place at)
{
    v->report->verdict = VERIFY_BROKEN;
    v->report->first_bad_n = n;
    v->report->first_bad_us = time_us;
    walk_place_text(&v->walk, at, v->report->file);
}

static void say(struct verify *v, const char *fmt, ...) PRINTF(2, 3);
static void say(struct verify *v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(v->report->what, sizeof(v->report->what), fmt, ap);
    va_end(ap);
}

static void hash_text(struct verify *v, struct span line, char out[SHA256_HEX_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    sha256_add(&v->hash, line);
    sha256_final(&v->hash, hash);
    hex_encode(hash, sizeof(hash), out);
}

static bool seal_holds(const struct verify *v, struct span line)
{
    struct record r;
    struct seal_body seal;
    return record_parse(line, &r) && record_read_seal(&r, &seal) &&
           memcmp(seal.key, v->report->key, sizeof(seal.key)) == 0 &&
           signature_valid(seal.key, seal.signed_text, seal.sig);
}

static struct suspect suspect_of(struct verify *v, const struct record *r)
{
    struct suspect s = {.n = r->n, .time_us = r->time_us, .place = v->walk.place};
    struct buf mended;
    buf_init(&mended, r->line.n);
    (void)buf_add(&mended, span_sub(r->line, 0, RECORD_PREV_AT));
    (void)buf_add(&mended, (struct span){v->last.head, RECORD_PREV_BYTES});
    (void)buf_add(&mended, span_sub(r->line, RECORD_PREV_AT + RECORD_PREV_BYTES, SIZE_MAX));
    (void)span_copy(r->prev, s.prev, sizeof(s.prev));
    hash_text(v, r->line, s.hash);
    hash_text(v, buf_span(&mended), s.mended_hash);
    s.holds = seal_holds(v, r->line);
    s.mended_holds = seal_holds(v, buf_span(&mended));
    buf_release(&mended);
    return s;
}

/* The next record, if the next line is one. */
static bool look_ahead(struct verify *v, struct record *r)
{
    struct span line;
    return walk_next(&v->walk, &line) == ST_OK && record_parse(line, r);
}

static bool is_expected(const struct verify *v, const struct record *r)
{
    return r->n == v->last.n + 1 && span_is(r->prev, v->last.head);
}

static void blame_suspect(struct verify *v, const struct suspect *s)
{
    broken(v, v->last.n + 1, s->time_us, s->place);
    say(v, "changed");
}

/* It was counted as good: take that back. */
static void blame_last(struct verify *v, const char *what)
{
    broken(v, v->last.n, v->last.time_us, v->last.place);
    say(v, "%s", what);
    v->report->records--;
    v->report->seals -= v->last.is_seal;
    (void)span_copy(span_str(v->last.prev), v->report->head, sizeof(v->report->head));
}

/* The number is right, the prev is not. */
static void judge_prev(struct verify *v, const struct suspect *s)
{
    struct record after = {0};
    bool has_after = look_ahead(v, &after);
    if (has_after && is_expected(v, &after)) {
        broken(v, s->n, s->time_us, s->place);
        say(v, "inserted: record %" PRIu64 " stands here twice", s->n);
        return;
    }
    bool is_prev_only = (has_after && span_is(after.prev, s->mended_hash)) || s->mended_holds;
    bool is_whole = (has_after && span_is(after.prev, s->hash)) || s->holds;
    if (v->last.n == 0 || (v->last.is_seal && !is_whole) || is_prev_only) {
        blame_suspect(v, s);
    } else {
        blame_last(v, is_whole ? "changed" : "changed: this record or the one after it");
    }
}

/* The number is too high: is the record that should be here further on? */
static void judge_gap(struct verify *v, const struct suspect *s)
{
    struct record later;
    uint64_t wanted = v->last.n + 1;
    enum status st;
    do {
        struct span line;
        st = walk_next(&v->walk, &line);
        if (st == ST_OK && record_parse(line, &later) && is_expected(v, &later)) {
            broken(v, wanted, later.time_us, v->walk.place);
            say(v, "reordered: %" PRIu64 " stands after %" PRIu64, wanted, s->n);
            return;
        }
    } while (st != ST_END && st != ST_IO);
    broken(v, wanted, 0, s->place);
    if (v->last.n == 0) {
        say(v, "removed: the record begins with %" PRIu64, s->n);
    } else {
        say(v, "removed: %" PRIu64 " follows %" PRIu64, s->n, v->last.n);
    }
}

void diagnose_chain(struct verify *v, const struct record *r)
{
    struct suspect s = suspect_of(v, r);
    uint64_t wanted = v->last.n + 1;
    if (s.n == wanted) {
        judge_prev(v, &s);
    } else if (strcmp(s.prev, v->last.head) == 0) {
        broken(v, wanted, s.time_us, s.place);
        say(v, "changed: its number says %" PRIu64, s.n);
    } else if (s.n > wanted) {
        judge_gap(v, &s);
    } else {
        broken(v, s.n, s.time_us, s.place);
        say(v, "inserted: %" PRIu64 " follows %" PRIu64, s.n, v->last.n);
    }
}

void diagnose_garbage(struct verify *v, int64_t time_us, const char *what)
{
    struct record after;
    struct place place = v->walk.place;
    bool is_extra = look_ahead(v, &after) && is_expected(v, &after);
    broken(v, v->last.n + 1, time_us, place);
    say(v, "%s: %s", is_extra ? "inserted" : "changed", what);
}

bool verify_is_chained(struct verify *v, const struct record *r)
{
    char hash[SHA256_HEX_BYTES];
    struct record after;
    hash_text(v, r->line, hash);
    return look_ahead(v, &after) && span_is(after.prev, hash);
}

/* When the next line knows the seal as it stands here, the chain was made anew around it. */
void diagnose_seal(struct verify *v, const struct record *r)
{
    uint64_t n = r->n;
    int64_t time_us = r->time_us;
    struct place place = v->walk.place;
    bool is_chained = verify_is_chained(v, r);
    broken(v, n, time_us, place);
    if (is_chained) {
        say(v, "rewritten after record %" PRIu64 ": the lines chain, but this seal does not hold",
            v->report->last_seal_n);
    } else {
        say(v, "changed: the seal does not hold");
    }
}

void diagnose_content(struct verify *v, const struct record *r, const char *what)
{
    broken(v, r->n, r->time_us, v->walk.place);
    say(v, "%s", what);
}

void diagnose_begin(struct verify *v)
{
    broken(v, 1, 0, v->late.place);
    v->report->records = v->report->seals = v->report->last_seal_n =
        0; /* nothing before it is good */
    say(v, "removed: the record begins with %" PRIu64 ", and no sealed tombstone says why",
        v->late.n);
}

void diagnose_missing(struct verify *v, const char *what)
{
    broken(v, v->last.n + 1, 0, v->walk.place);
    say(v, "%s", what);
}
