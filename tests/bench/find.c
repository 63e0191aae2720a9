/* bench_find FOLDER CACHE RECORDS AGENTS SEARCHES: a record of that many events of that many agents
 * is written there and indexed; then so many ids that stand in it are looked for, each as
 * `checkrein find` does: the index is opened, the record is looked at for news, the hit is read.
 * Some are looked for without the index too, by the same function, and the hits are compared.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "checkrein/index.h"
#include "checkrein/journal.h"
#include "prng.h"
#include "record.h"

#define READ_THROUGH 3 /* searches without the index: they take seconds */
#define ID_BYTES     64

struct hits {
    uint64_t count, last_n;
};

static bool on_hit(void *ctx, const struct index_hit *hit)
{
    struct hits *h = ctx;
    h->count++;
    h->last_n = hit->rec->n;
    return true;
}

static struct hits find(struct index *ix, const char *folder, const char *id)
{
    struct query *q = NULL;
    struct hits h = {0};
    struct index_found found;
    struct why why = {0};
    bench_must(query_parse(&q, span_str(id), &why) == ST_OK, "read what is looked for");
    struct index_wanted w = {.query = q, .from_us = INT64_MIN, .to_us = INT64_MAX};
    bench_must(index_find(ix, folder, &w, on_hit, &h, &found, &why) == ST_OK, "look for it");
    bench_must(found.dropped == 0 && h.count > 0, "find what is there");
    query_free(q);
    return h;
}

static struct index *open_index(const char *cache, const char *folder)
{
    struct index *ix = NULL;
    struct why why = {0};
    bench_must(index_open(&ix, cache, folder, &why) == ST_OK, "open the index");
    bench_must(index_update(ix, &why) == ST_OK, "read what is new");
    return ix;
}

static void id_of(struct journal_cursor *c, uint64_t n, char out[ID_BYTES])
{
    struct journal_record rec;
    static const char key[] = "\"id\":\"";
    bench_must(journal_cursor_seek(c, n) == ST_OK && journal_cursor_next(c, &rec, NULL) == ST_OK,
               "seek a record");
    const char *at = memmem(rec.body.p, rec.body.n, key, sizeof(key) - 1);
    bench_must(at != NULL, "find an event");
    at += sizeof(key) - 1;
    struct span rest = {at, rec.body.n - (size_t)(at - rec.body.p)};
    bench_must(span_copy(span_sub(rest, 0, span_find(rest, '"')), out, ID_BYTES), "take its id");
}

int main(int argc, char **argv)
{
    const char *folder = bench_word(argc, argv, 1);
    const char *cache = bench_word(argc, argv, 2);
    uint32_t records = (uint32_t)bench_number(argc, argv, 3, 1, 100000000);
    uint32_t agents = (uint32_t)bench_number(argc, argv, 4, 1, 1000000);
    uint32_t searches = (uint32_t)bench_number(argc, argv, 5, READ_THROUGH, 100000);
    struct journal_cursor *c = NULL;
    struct index_state state;
    struct why why = {0};
    bench_write_record(folder, records, agents);
    double start = bench_wall_s();
    struct index *ix = open_index(cache, folder);
    double made = bench_wall_s() - start;
    bench_must(index_state(ix, &state, &why) == ST_OK, "ask the index");
    index_close(ix);
    double *took = calloc(searches, sizeof(*took));
    double *read = calloc(READ_THROUGH, sizeof(*read));
    bench_must(took && read, "have memory");
    bench_must(journal_cursor_open(&c, folder, &why) == ST_OK, "open the record");
    struct prng random = {.state = 4};
    for (uint32_t i = 0; i < searches; i++) {
        char id[ID_BYTES];
        /* behind who the agents are, and before the end's own records */
        id_of(c, 2 + agents + prng_below(&random, records - agents - 2), id);
        start = bench_wall_s();
        ix = open_index(cache, folder);
        struct hits by_index = find(ix, folder, id);
        index_close(ix);
        took[i] = bench_wall_s() - start;
        if (i < READ_THROUGH) {
            start = bench_wall_s();
            struct hits by_reading = find(NULL, folder, id);
            read[i] = bench_wall_s() - start;
            bench_must(by_index.count == by_reading.count && by_index.last_n == by_reading.last_n,
                       "find the same by reading");
        }
    }
    double p50 = bench_percentile(took, searches, 0.5);
    (void)printf("{\"records\":%" PRIu64 ",\"make_seconds\":%.6f,\"bytes\":%" PRIu64, state.records,
                 made, state.bytes);
    (void)printf(",\"p50_ms\":%.3f,\"max_ms\":%.3f", p50 * 1000,
                 bench_percentile(took, searches, 1) * 1000);
    double through = bench_percentile(read, READ_THROUGH, 0.5);
    (void)printf(",\"read_seconds\":%.6f,\"ratio\":%.3f}\n", through, through / p50);
    journal_cursor_close(c);
    free(took);
    free(read);
    return 0;
}
