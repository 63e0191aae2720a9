/* decisions_read.c - the events of a record, from its first to its last, held against the rule of
 * decisions.c. */
#include "checkrein/codec.h"
#include "decisions_priv.h"

/* An event that cannot be read decides nothing, so what it may have decided shows as undecided.
 * What a driver told of another gate is not of this one. */
static void take(struct decisions *d, struct codec *c, const struct journal_record *r)
{
    struct event ev;
    struct why why = {0};
    if (journal_record_is_start(r)) {
        decisions_restart(d);
    } else if (r->kind == JOURNAL_EVENT && r->from.n == 0 &&
               codec_read_event(c, r->body, &ev, NULL, &why) == ST_OK) {
        decisions_apply(d, r->n, r->time_us, &ev);
    }
}

/* A line that is no record ends it: of an intact one that is its torn end, which a start cuts off.
 */
static enum status read_all(struct journal_cursor *cursor, struct decisions *d, struct why *why)
{
    struct codec *c = codec_new();
    struct journal_record r;
    enum status st = journal_cursor_next(cursor, &r, why);
    if (st == ST_OK && r.n > 1) {
        decisions_begin_late(d);
    }
    while (st == ST_OK) {
        take(d, c, &r);
        st = journal_cursor_next(cursor, &r, why);
    }
    codec_free(c);
    return st == ST_END || st == ST_INVALID ? ST_OK : st;
}

static enum status read_once(const char *path, struct journal_decisions *out, bool *again,
                             struct why *why)
{
    struct journal_cursor *cursor;
    *out = (struct journal_decisions){0};
    enum status st = journal_cursor_open(&cursor, path, why);
    if (st != ST_OK) {
        return st;
    }
    struct decisions *d = decisions_new();
    st = read_all(cursor, d, why);
    *out = *decisions_told(d);
    decisions_free(d);
    *again = journal_cursor_was_overtaken(cursor);
    journal_cursor_close(cursor);
    return st;
}

enum status journal_decisions(const char *path, struct journal_decisions *out, struct why *why)
{
    bool again = true;
    enum status st = ST_OK;
    while (again) { /* the beginning was dropped while it was read */
        again = false;
        st = read_once(path, out, &again, why);
    }
    return st;
}
