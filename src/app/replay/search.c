#include "search.h"

#include <stdlib.h>
#include <string.h>

void search_init(struct search *s, const char *path)
{
    *s = (struct search){.reader = index_reader_new(path)};
}

void search_release(struct search *s)
{
    search_forget_hits(s);
    query_free(s->query);
    index_reader_free(s->reader);
    *s = (struct search){0};
}

/* Takes the query. */
static enum status take(struct search *s, struct span text, struct query *q, struct why *why)
{
    if (text.n >= sizeof(s->text)) {
        query_free(q);
        return why_fail(why, ST_LIMIT, "that is too long to look for");
    }
    (void)span_copy(text, s->text, sizeof(s->text));
    search_forget_hits(s);
    query_free(s->query);
    s->query = q;
    return ST_OK;
}

enum status search_words(struct search *s, struct span text, struct why *why)
{
    struct query *q = NULL;
    enum status st = query_parse(&q, text, why);
    if (st == ST_OK && query_takes_all(q)) {
        query_free(q);
        return why_fail(why, ST_INVALID, "there is no word in what is looked for");
    }
    return st == ST_OK ? take(s, text, q, why) : st;
}

enum status search_text(struct search *s, struct span text, struct why *why)
{
    return take(s, text, NULL, why);
}

bool search_has(struct search *s, const struct journal_record *rec, uint32_t segment)
{
    struct index_entry e;
    if (!s->query) {
        return memmem(rec->line.p, rec->line.n, s->text, strlen(s->text)) != NULL;
    }
    return index_may_take(s->reader, rec, s->query) && index_read(s->reader, rec, segment, &e) &&
           query_takes(s->query, e.words);
}

void search_take_hits(struct search *s, uint64_t *hits, size_t count, uint64_t covered)
{
    search_forget_hits(s);
    s->known = true;
    s->hits = hits;
    s->hit_count = count;
    s->covered = covered;
}

void search_forget_hits(struct search *s)
{
    free(s->hits);
    s->hits = NULL;
    s->hit_count = 0;
    s->covered = 0;
    s->known = false;
}

size_t search_hits_until(const struct search *s, uint64_t position)
{
    size_t low = 0;
    size_t high = s->hit_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->hits[middle] <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
