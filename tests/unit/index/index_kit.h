/* index_kit.h - what the tests of the index share: a record of events, and what is found in it. */
#ifndef CHECKREIN_TEST_INDEX_KIT_H
#define CHECKREIN_TEST_INDEX_KIT_H

#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/index.h"
#include "tmpdir.h"

#define KIT_START_US INT64_C(1795184527123000)
#define KIT_HITS     100000

struct kit {
    char *root, *record, *cache;
    struct journal *j;
    int64_t now_us;
    uint64_t events;
    uint64_t segment_bytes;
    const char *writer;
};

static inline void kit_write(struct kit *k)
{
    struct why why = {0};
    struct journal_options o = {.dir = k->record,
                                .writer = k->writer,
                                .now_us = k->now_us,
                                .segment_bytes = k->segment_bytes};
    assert_status(journal_open(&k->j, &o, NULL, &why), ST_OK);
}

static inline struct kit *kit_new(uint64_t segment_bytes)
{
    struct kit *k = calloc(1, sizeof(*k));
    assert_non_null(k);
    k->root = tmpdir_new();
    k->record = tmpdir_join(k->root, "record");
    k->cache = tmpdir_join(k->root, "cache/index");
    k->now_us = KIT_START_US;
    k->segment_bytes = segment_bytes;
    k->writer = "daemon";
    kit_write(k);
    return k;
}

static inline void kit_close(struct kit *k)
{
    journal_close(k->j, k->now_us);
    k->j = NULL;
}

static inline void kit_free(struct kit *k)
{
    kit_close(k);
    free(k->record);
    free(k->cache);
    tmpdir_free(k->root);
    free(k);
}

static inline void kit_commit(struct kit *k)
{
    struct why why = {0};
    assert_status(journal_commit(k->j, &why), ST_OK);
}

static inline struct event kit_event(struct kit *k, enum event_type type)
{
    static char id[32];
    struct event ev;
    event_init(&ev, type, k->now_us);
    (void)snprintf(id, sizeof(id), "id%llu", (unsigned long long)k->events++);
    ev.id = span_str(id);
    ev.source = SPAN("checkrein://test");
    return ev;
}

static inline void kit_put(struct kit *k, const struct event *ev)
{
    k->now_us += 1000000;
    assert_status(journal_event(k->j, k->now_us, ev, NULL), ST_OK);
    if (k->events % 10 == 0) { /* a segment ends with a commit only */
        kit_commit(k);
    }
}

/* A call of this agent, with this summary. */
static inline void kit_call(struct kit *k, const char *agent, const char *summary)
{
    struct event ev = kit_event(k, EVENT_ACTION_STARTED);
    event_set_text(&ev, F_AGENT_ID, span_str(agent));
    event_set_text(&ev, F_ACTION_ID, SPAN("c1"));
    event_put_text(&ev, F_SUMMARY, span_str(summary));
    kit_put(k, &ev);
}

static inline void kit_calls(struct kit *k, int count, const char *summary)
{
    for (int i = 0; i < count; i++) {
        char text[200];
        (void)snprintf(text, sizeof(text), "%s number%d", summary, i);
        kit_call(k, "claude:a", text);
    }
    kit_commit(k);
}

static inline struct index *kit_index(struct kit *k)
{
    struct index *ix = NULL;
    struct why why = {0};
    enum status st = index_open(&ix, k->cache, k->record, &why);
    if (st != ST_OK) {
        print_error("index_open: %s\n", why.text);
    }
    assert_status(st, ST_OK);
    return ix;
}

static inline void kit_update(struct index *ix)
{
    struct why why = {0};
    enum status st = index_update(ix, &why);
    if (st != ST_OK) {
        print_error("index_update: %s\n", why.text);
    }
    assert_status(st, ST_OK);
}

/* Numbers of the records that were found, in the order in which they came. */
struct kit_hits {
    uint64_t n[KIT_HITS];
    size_t count;
    struct index_found found;
};

static inline bool kit_on_hit(void *ctx, const struct index_hit *hit)
{
    struct kit_hits *h = ctx;
    assert_true(h->count < KIT_HITS);
    h->n[h->count++] = hit->rec->n;
    return true;
}

static inline struct index_wanted kit_all(const struct query *q)
{
    return (struct index_wanted){.query = q, .from_us = INT64_MIN, .to_us = INT64_MAX};
}

static inline struct kit_hits *kit_search(struct kit *k, struct index *ix,
                                          const struct index_wanted *w)
{
    struct kit_hits *h = calloc(1, sizeof(*h));
    struct why why = {0};
    enum status st = index_find(ix, k->record, w, kit_on_hit, h, &h->found, &why);
    if (st != ST_OK) {
        print_error("index_find: %s\n", why.text);
    }
    assert_status(st, ST_OK);
    assert_int_equal(h->found.hits, h->count);
    return h;
}

static inline struct query *kit_query(const char *text)
{
    struct query *q = NULL;
    struct why why = {0};
    assert_status(query_parse(&q, span_str(text), &why), ST_OK);
    return q;
}

static inline void kit_same(const struct kit_hits *a, const struct kit_hits *b, const char *what)
{
    if (a->count != b->count || memcmp(a->n, b->n, a->count * sizeof(a->n[0])) != 0) {
        print_error("%s: %zu hits, and %zu\n", what, a->count, b->count);
        for (size_t i = 0; i < a->count || i < b->count; i++) {
            if (i >= a->count || i >= b->count || a->n[i] != b->n[i]) {
                print_error("first at %zu: %llu, and %llu\n", i,
                            (unsigned long long)(i < a->count ? a->n[i] : 0),
                            (unsigned long long)(i < b->count ? b->n[i] : 0));
                break;
            }
        }
        fail();
    }
}

/* How many records have this; the index says what reading says, and none of its places is wrong
 * unless `wrong` of them are to be. */
static inline size_t kit_count_with(struct kit *k, struct index *ix, const char *text,
                                    uint64_t wrong)
{
    struct query *q = kit_query(text);
    struct index_wanted w = kit_all(q);
    struct kit_hits *by_index = kit_search(k, ix, &w);
    struct kit_hits *by_reading = kit_search(k, NULL, &w);
    size_t count = by_index->count;
    kit_same(by_index, by_reading, text);
    assert_int_equal(by_index->found.dropped, wrong);
    assert_int_equal(by_reading->found.dropped, 0);
    free(by_index);
    free(by_reading);
    query_free(q);
    return count;
}

static inline size_t kit_count(struct kit *k, struct index *ix, const char *text)
{
    return kit_count_with(k, ix, text, 0);
}

static inline struct index_state kit_state(struct index *ix)
{
    struct index_state st;
    struct why why = {0};
    assert_status(index_state(ix, &st, &why), ST_OK);
    return st;
}

#endif
