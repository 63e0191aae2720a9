/* hub_replay.c - the picture that the last console of a record had, made again of it. What is
 * before its start is passed over. */
#include "hub.h"

#include "replay/refold.h"

static enum status find_start(struct journal_cursor *c, struct journal_place *start,
                              struct why *why)
{
    struct journal_record rec;
    struct journal_place here = journal_cursor_place(c);
    enum status st;
    while ((st = journal_cursor_next(c, &rec, why)) == ST_OK) {
        if (journal_record_is_start(&rec) || (start->line == 0 && rec.kind == JOURNAL_OPEN)) {
            *start = here;
        }
        here = journal_cursor_place(c);
    }
    return st == ST_END ? ST_OK : st;
}

static enum status fold_from(struct refold *r, struct journal_cursor *c,
                             const struct journal_place *start, struct why *why)
{
    struct journal_record rec;
    enum status st = journal_cursor_return(c, start);
    while (st == ST_OK && (st = journal_cursor_next(c, &rec, why)) == ST_OK) {
        st = refold_take(r, &rec, why);
    }
    return st == ST_END ? ST_OK : st;
}

enum status hub_replay(struct fleet **out, const char *journal_dir, struct why *why)
{
    struct journal_cursor *c = NULL;
    struct journal_place start = {0};
    struct refold *r = refold_new();
    enum status st = journal_cursor_open(&c, journal_dir, why);
    if (st == ST_OK) {
        st = find_start(c, &start, why);
    }
    if (st == ST_OK && start.line == 0) {
        st = why_fail(why, ST_NOTFOUND, "%s: nobody began to write here", journal_dir);
    }
    if (st == ST_OK) {
        st = fold_from(r, c, &start, why);
    }
    if (st == ST_OK) {
        *out = refold_give(r);
    }
    journal_cursor_close(c);
    refold_free(r);
    return st;
}
