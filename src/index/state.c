/* state.c - how far the index is, segment by segment. */
#include "store_priv.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "checkrein/alloc.h"

enum status index_state(struct index *ix, struct index_state *out, struct why *why)
{
    sqlite3_stmt *s = NULL;
    struct stat st = {0};
    *out = (struct index_state){0};
    enum status got =
        store_prepare(ix,
                      "SELECT instance, gone, (SELECT coalesce(sum(docs), 0) FROM segment),"
                      " (SELECT count(*) FROM row) FROM about",
                      &s, why);
    got = got == ST_OK ? store_step(ix, s, why) : got;
    if (got == ST_OK) {
        const char *instance = (const char *)sqlite3_column_text(s, 0);
        (void)span_copy(span_str(instance), out->instance, sizeof(out->instance));
        out->gone = (uint64_t)sqlite3_column_int64(s, 1);
        out->records = (uint64_t)sqlite3_column_int64(s, 2);
        out->found = (uint64_t)sqlite3_column_int64(s, 3);
    }
    (void)sqlite3_finalize(s);
    out->bytes = stat(ix->file, &st) == 0 ? (uint64_t)st.st_size : 0;
    return got;
}

static bool is_current(const struct store_segment *s, const struct journal_segment *now)
{
    return s->is.bytes == now->bytes && s->is.inode == now->inode &&
           s->is.changed_ns == now->changed_ns && s->at == now->bytes;
}

static struct index_segment describe(const struct journal_segment *now,
                                     const struct store_segment *read, size_t count)
{
    struct index_segment out = {.number = now->number, .bytes = now->bytes};
    for (size_t i = 0; i < count; i++) {
        if (read[i].is.number == now->number) {
            out.records = read[i].docs;
            out.bad = read[i].bad;
            out.at = read[i].at;
            out.current = is_current(&read[i], now);
        }
    }
    return out;
}

enum status index_segments(struct index *ix, struct index_segment **out, size_t *count,
                           struct why *why)
{
    struct journal_segment *now = NULL;
    struct store_segment *read = NULL;
    size_t read_count = 0;
    *out = NULL;
    *count = 0;
    enum status st = journal_segments(ix->path, &now, count, why);
    st = st == ST_OK ? store_segments(ix, &read, &read_count, why) : st;
    if (st == ST_OK) {
        *out = xreallocarray(NULL, *count, sizeof(**out));
    }
    *count = st == ST_OK ? *count : 0;
    for (size_t i = 0; i < *count; i++) {
        (*out)[i] = describe(&now[i], read, read_count);
    }
    free(now);
    free(read);
    return st;
}
