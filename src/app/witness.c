#include "witness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/file.h"
#include "checkrein/log.h"
#include "checkrein/num.h"

#define HISTORIES_MAX 1024
#define EACH_MAX      64 /* of one back-end: it takes no room of others */
#define FILE_BYTES    ((size_t)512 << 10)
#define FILE_MODE     0600
#define BACKEND_BYTES 64

struct history { /* of one record, as one back-end told it */
    char backend[BACKEND_BYTES];
    struct journal_seal last; /* instance, key, number and head */
    bool is_broken;
    bool is_told; /* by this process */
};

struct witness {
    const struct journal *journal;
    char *path;
    struct history *history;
    size_t count, cap;
    uint64_t read_n; /* up to this record of ours it is in the file */
    bool is_changed;
};

/* ---- what is known */

static struct history *find(struct witness *w, const char *backend, const char *instance)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->history[i].backend, backend) == 0 &&
            strcmp(w->history[i].last.instance, instance) == 0) {
            return &w->history[i];
        }
    }
    return NULL;
}

static size_t count_of(const struct witness *w, const char *backend)
{
    size_t count = 0;
    for (size_t i = 0; i < w->count; i++) {
        count += strcmp(w->history[i].backend, backend) == 0;
    }
    return count;
}

static struct history *find_or_add(struct witness *w, const char *backend, const char *instance)
{
    struct history *h = find(w, backend, instance);
    if (h != NULL || w->count == HISTORIES_MAX || count_of(w, backend) >= EACH_MAX) {
        return h;
    }
    GROW(w->history, w->cap, w->count + 1);
    h = &w->history[w->count++];
    *h = (struct history){0};
    (void)span_copy(span_str(backend), h->backend, sizeof(h->backend));
    (void)span_copy(span_str(instance), h->last.instance, sizeof(h->last.instance));
    return h;
}

/* The same record, told by another back-end. */
static const struct history *contradicting(const struct witness *w, const struct journal_seal *s)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct journal_seal *known = &w->history[i].last;
        bool same_record = strcmp(known->instance, s->instance) == 0 && known->n > 0;
        bool other_key = memcmp(known->key, s->key, sizeof(s->key)) != 0;
        bool other_head = known->n == s->n && strcmp(known->head, s->head) != 0;
        if (same_record && (other_key || other_head)) {
            return &w->history[i];
        }
    }
    return NULL;
}

static enum witness_verdict refuse(struct history *h)
{
    bool is_news = !h->is_told;
    h->is_broken = true;
    h->is_told = true;
    return is_news ? WITNESS_REFUSED : WITNESS_IGNORED;
}

static enum witness_verdict judge(const struct witness *w, struct history *h,
                                  const struct journal_seal *s, struct why *why)
{
    const struct history *other = contradicting(w, s);
    if (other != NULL && memcmp(other->last.key, s->key, sizeof(s->key)) != 0) {
        (void)why_fail(why, ST_CONFLICT,
                       "its record is sealed with another key than before: it is another one");
        return refuse(h);
    }
    if (other != NULL) {
        (void)why_fail(why, ST_CONFLICT,
                       "the record was rewritten: record %" PRIu64
                       " has another head than the one that was signed for",
                       s->n);
        return refuse(h);
    }
    if (s->n < h->last.n) {
        (void)why_fail(why, ST_CONFLICT,
                       "the record was cut or rewritten: it tells the head of record %" PRIu64
                       ", and that of record %" PRIu64 " was signed for before",
                       s->n, h->last.n);
        return refuse(h);
    }
    if (h->is_broken) {
        (void)why_fail(why, ST_CONFLICT,
                       "the record was rewritten, or another one told in its place, as was said "
                       "before: nothing of it is signed any more");
        return refuse(h);
    }
    return s->n == h->last.n ? WITNESS_KNOWN : WITNESS_NEW;
}

enum witness_verdict witness_judge(struct witness *w, const char *backend,
                                   const struct journal_seal *seal, struct why *why)
{
    struct history *h = find_or_add(w, backend, seal->instance);
    if (h == NULL) {
        return WITNESS_TOO_MANY;
    }
    bool was_broken = h->is_broken;
    enum witness_verdict v = judge(w, h, seal, why);
    if (v == WITNESS_NEW) {
        h->last = *seal;
    }
    w->is_changed = w->is_changed || v == WITNESS_NEW || was_broken != h->is_broken;
    return v;
}

/* ---- the file: "<our instance> <record>", then a line each */

static void write_history(struct buf *b, const struct history *h)
{
    char key[HEX_BYTES(32)];
    hex_encode(h->last.key, sizeof(h->last.key), key);
    (void)buf_printf(b, "%s %s %s %" PRIu64 " %s %s\n", h->backend, h->last.instance, key,
                     h->last.n, h->last.n > 0 ? h->last.head : "-",
                     h->is_broken ? "broken" : "good");
}

void witness_keep(struct witness *w)
{
    struct buf b;
    struct why why = {0};
    if (!w->is_changed || journal_dirty(w->journal)) {
        return;
    }
    uint64_t n = journal_next(w->journal) - 1;
    buf_init(&b, FILE_BYTES);
    (void)buf_printf(&b, "%s %" PRIu64 "\n", journal_instance(w->journal), n);
    for (size_t i = 0; i < w->count; i++) {
        write_history(&b, &w->history[i]);
    }
    if (file_replace(w->path, buf_span(&b), FILE_MODE, &why) == ST_OK) {
        w->is_changed = false;
        w->read_n = n;
    } else {
        log_write(LOG_WARN, "%s", why.text);
    }
    buf_release(&b);
}

static bool take_line(struct witness *w, struct span line)
{
    struct span word[6];
    char backend[BACKEND_BYTES];
    char instance[32];
    int64_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(word); i++) {
        if (!span_next(&line, ' ', &word[i])) {
            return false;
        }
    }
    if (!span_copy(word[0], backend, sizeof(backend)) ||
        !span_copy(word[1], instance, sizeof(instance)) ||
        num_parse(word[3], 0, INT64_MAX, &n) != ST_OK) {
        return false;
    }
    struct history *h = find_or_add(w, backend, instance);
    if (h == NULL) {
        return false;
    }
    h->last.n = (uint64_t)n;
    h->is_broken = span_is(word[5], "broken");
    return hex_decode(word[2], h->last.key, sizeof(h->last.key)) == ST_OK &&
           (n == 0 || span_copy(word[4], h->last.head, sizeof(h->last.head)));
}

static bool take_first(struct witness *w, struct span line)
{
    struct span instance;
    int64_t n = 0;
    bool good =
        span_next(&line, ' ', &instance) && span_is(instance, journal_instance(w->journal)) &&
        num_parse(line, 0, INT64_MAX, &n) == ST_OK && (uint64_t)n < journal_next(w->journal);
    w->read_n = good ? (uint64_t)n : 0;
    return good;
}

/* A file that cannot be read is none: the record has it all. */
static void read_file(struct witness *w)
{
    struct buf b;
    struct span line;
    buf_init(&b, FILE_BYTES);
    if (file_read_secret(w->path, &b, NULL) == ST_OK) {
        struct span rest = buf_span(&b);
        bool good = span_next(&rest, '\n', &line) && take_first(w, line);
        while (good && span_next(&rest, '\n', &line) && line.n > 0) {
            good = take_line(w, line);
        }
        if (!good) {
            w->count = 0;
            w->read_n = 0;
        }
    }
    buf_release(&b);
}

/* ---- the record, behind that */

static void take_record(struct witness *w, const struct journal_record *r)
{
    char backend[BACKEND_BYTES];
    struct journal_seal seal;
    if (!journal_record_head(r, &seal, backend, sizeof(backend))) {
        return;
    }
    struct history *h = find_or_add(w, backend, seal.instance);
    if (h != NULL && seal.n > h->last.n) {
        h->last = seal;
        w->is_changed = true;
    }
}

static enum status read_record(struct witness *w, const char *dir, struct why *why)
{
    struct journal_cursor *c = NULL;
    struct journal_record r;
    enum status st = journal_cursor_open(&c, dir, why);
    if (st == ST_OK) {
        st = journal_cursor_seek(c, w->read_n + 1);
    }
    while (st == ST_OK || st == ST_INVALID) {
        st = journal_cursor_next(c, &r, why);
        if (st == ST_OK) {
            take_record(w, &r);
        }
    }
    journal_cursor_close(c);
    return st == ST_END ? ST_OK : why_fail(why, st, "cannot read the record in %s", dir);
}

enum status witness_open(struct witness **out, const struct journal *j, const char *dir,
                         struct why *why)
{
    struct witness *w = xcalloc(1, sizeof(*w));
    struct buf path;
    w->journal = j;
    buf_init(&path, 4096);
    (void)buf_printf(&path, "%s/witnessed", dir);
    w->path = buf_detach(&path, NULL);
    buf_release(&path);
    read_file(w);
    enum status st = read_record(w, dir, why);
    if (st != ST_OK) {
        witness_free(w);
        w = NULL;
    }
    *out = w;
    return st;
}

void witness_free(struct witness *w)
{
    if (w != NULL) {
        free(w->path);
        free(w->history);
        free(w);
    }
}
