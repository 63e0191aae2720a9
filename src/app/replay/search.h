/* search.h - what is looked for in a replay: words, or a text as it stands in a line; and where an
 * index says that they are.
 *
 * What an index says is looked at before it is shown. What it does not say of is read through.
 */
#ifndef APP_REPLAY_SEARCH_H
#define APP_REPLAY_SEARCH_H

#include "checkrein/index.h"

#define SEARCH_BYTES 128

struct search {
    char text[SEARCH_BYTES];
    struct query *query; /* NULL: the text as it stands */
    struct index_reader *reader;
    bool known; /* of the records up to `covered`, these positions have it */
    uint64_t *hits;
    size_t hit_count;
    uint64_t covered;
};

/* Of the record with this path. */
void search_init(struct search *s, const char *path);
void search_release(struct search *s);
/* ST_LIMIT, ST_INVALID: what was looked for before stays. */
enum status search_words(struct search *s, struct span text, struct why *why) MUST_USE;
enum status search_text(struct search *s, struct span text, struct why *why) MUST_USE;

bool search_has(struct search *s, const struct journal_record *rec, uint32_t segment);
/* Takes the positions, in order. */
void search_take_hits(struct search *s, uint64_t *hits, size_t count, uint64_t covered);
void search_forget_hits(struct search *s);
/* How many are at this position or before it. */
size_t search_hits_until(const struct search *s, uint64_t position);

#endif
