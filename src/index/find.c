/* find.c - hits of the index, each read again, and then what the index does not cover. */
#include "store_priv.h"

#include <stdlib.h>

#include "checkrein/alloc.h"
#include "query_priv.h"
#include "wanted_priv.h"

#define BATCH      4096 /* places that are asked for at once: no lock is held while they are told */
#define NEAR_BYTES (256000) /* to go on reading is then less than to begin there */
#define SQL_BYTES  ((size_t)1 << 20)

struct spot { /* a record, as the index has it */
    int64_t doc;
    uint32_t segment;
    uint64_t at, n;
};

struct search {
    struct index *ix;
    const char *path;
    struct wanted wanted;
    struct index_reader *reader;
    struct journal_cursor *cursor;
    index_hit_fn *fn;
    void *ctx;
    struct index_found *found;
    bool enough;
    struct journal_place covered; /* the index is of what is before it */
    struct journal_place end;     /* of the record when this began: a writer may be faster */
    struct journal_place told;    /* behind the last hit of the index */
    struct spot *spots;           /* of the newest: a ring */
    size_t spot_count, spot_cap, spot_first;
    uint64_t bad_covered; /* lines that are no records, in what the index is of */
};

static bool is_before(uint32_t segment, uint64_t at, const struct journal_place *p)
{
    return segment < p->segment || (segment == p->segment && at < p->at);
}

static void tell(struct search *s, const struct journal_record *rec, const struct index_entry *e,
                 uint32_t segment)
{
    struct index_hit hit = {.rec = rec, .entry = e, .segment = segment};
    s->found->hits++;
    s->enough = !s->fn(s->ctx, &hit);
}

/* ---- reading through */

static bool look_at(struct search *s, const struct journal_record *rec, uint32_t segment,
                    struct index_entry *e)
{
    return rec->time_us >= s->wanted.given->from_us && rec->time_us <= s->wanted.given->to_us &&
           index_may_take(s->reader, rec, s->wanted.given->query) &&
           index_read(s->reader, rec, segment, e) && wanted_takes(&s->wanted, rec, e);
}

typedef void record_fn(struct search *s, const struct journal_record *rec,
                       const struct journal_place *after);

static enum status each_record(struct search *s, const struct journal_place *from, record_fn *fn,
                               struct why *why)
{
    struct journal_record rec;
    enum status st = journal_cursor_return(s->cursor, from);
    if (st != ST_OK) {
        return why_fail(why, st, "the record cannot be read");
    }
    while (!s->enough) {
        struct why bad = {0};
        st = journal_cursor_next(s->cursor, &rec, &bad);
        struct journal_place after = journal_cursor_place(s->cursor);
        if (is_before(s->end.segment, s->end.at, &after)) {
            return ST_OK;
        }
        if (st == ST_OK) {
            fn(s, &rec, &after);
        } else if (st != ST_INVALID) {
            return st == ST_END ? ST_OK : why_fail(why, st, "%s", bad.text);
        } else {
            s->found->bad++;
        }
    }
    return ST_OK;
}

static void tell_if_wanted(struct search *s, const struct journal_record *rec,
                           const struct journal_place *after)
{
    struct index_entry e;
    if (look_at(s, rec, after->segment, &e)) {
        tell(s, rec, &e, after->segment);
    }
}

static void learn(struct search *s, const struct journal_record *rec,
                  const struct journal_place *after)
{
    struct index_entry e;
    bool may_name = rec->kind == JOURNAL_EVENT || rec->kind == JOURNAL_RAW;
    if (may_name && index_read(s->reader, rec, after->segment, &e)) {
        wanted_learn(&s->wanted, &e);
    }
}

/* ---- the newest: places only, read again when it is known which they are */

static void keep(struct search *s, const struct spot *spot)
{
    size_t most = (size_t)s->wanted.given->newest;
    if (s->spot_count < most) {
        GROW(s->spots, s->spot_cap, s->spot_count + 1);
        s->spots[s->spot_count++] = *spot;
        return;
    }
    s->spots[s->spot_first] = *spot;
    s->spot_first = (s->spot_first + 1) % most;
}

static void keep_if_wanted(struct search *s, const struct journal_record *rec,
                           const struct journal_place *after)
{
    struct index_entry e;
    if (look_at(s, rec, after->segment, &e)) {
        keep(s, &(struct spot){
                    .segment = after->segment, .at = after->at - rec->line.n - 1, .n = rec->n});
    }
}

/* ---- one place of the index */

/* The record that stands there; false when there is another, or none. */
static bool fetch(struct search *s, const struct spot *spot, struct journal_record *rec)
{
    struct journal_place p = journal_cursor_place(s->cursor);
    bool is_near = p.segment == spot->segment && spot->at >= p.at && spot->at - p.at < NEAR_BYTES;
    if (!is_near) {
        p = (struct journal_place){.segment = spot->segment, .at = spot->at, .line = 1};
        if (journal_cursor_return(s->cursor, &p) != ST_OK) {
            return false;
        }
    }
    for (;;) {
        enum status st = journal_cursor_next(s->cursor, rec, NULL);
        p = journal_cursor_place(s->cursor);
        if ((st != ST_OK && st != ST_INVALID) || p.segment != spot->segment) {
            return false;
        }
        if (st == ST_OK && p.at - rec->line.n - 1 >= spot->at) {
            return p.at - rec->line.n - 1 == spot->at && rec->n == spot->n;
        }
        if (p.at > spot->at) {
            return false;
        }
    }
}

static bool is_true(struct search *s, const struct spot *spot, struct journal_record *rec,
                    struct index_entry *e)
{
    bool yes = fetch(s, spot, rec) && index_read(s->reader, rec, spot->segment, e) &&
               wanted_takes(&s->wanted, rec, e);
    s->found->dropped += !yes;
    return yes;
}

static bool tell_spot(struct search *s, const struct spot *spot)
{
    struct journal_record rec;
    struct index_entry e;
    if (is_true(s, spot, &rec, &e)) {
        tell(s, &rec, &e, spot->segment);
        s->told = (struct journal_place){spot->segment, spot->at + rec.line.n + 1, 1};
        return true;
    }
    return false;
}

/* ---- what the index has */

struct direction {
    const char *than, *order;
    int64_t from;
};
static const struct direction UP = {">", "", 0};
static const struct direction DOWN = {"<", " DESC", INT64_MAX};

static enum status prepare(struct search *s, const struct direction *d, sqlite3_stmt **out,
                           struct why *why)
{
    struct buf sql;
    bool all = query_takes_all(s->wanted.given->query);
    buf_init(&sql, SQL_BYTES);
    buf_printf(&sql,
               "SELECT row.doc, row.segment, row.at, row.n FROM %s WHERE %s%s %s ?1"
               " AND row.time_us BETWEEN ?2 AND ?3 AND (?4 = 0 OR row.what & ?4 <> 0)",
               all ? "row" : "words CROSS JOIN row ON row.doc = words.rowid",
               all ? "" : "words MATCH ?6 AND ", all ? "row.doc" : "words.rowid", d->than);
    wanted_condition(&s->wanted, &sql);
    buf_printf(&sql, " ORDER BY %s%s LIMIT ?5", all ? "row.doc" : "words.rowid", d->order);
    enum status st = buf_status(&sql) == ST_OK
                         ? store_prepare(s->ix, sql.data, out, why)
                         : why_fail(why, ST_LIMIT, "too many agents have that name");
    buf_release(&sql);
    return st;
}

static void bind(struct search *s, sqlite3_stmt *q, int64_t from, struct buf *expression)
{
    const struct index_wanted *g = s->wanted.given;
    const int64_t numbers[] = {from, g->from_us, g->to_us, g->what, BATCH};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        (void)sqlite3_bind_int64(q, (int)i + 1, numbers[i]);
    }
    if (!query_takes_all(g->query)) {
        query_expression(g->query, expression);
        (void)sqlite3_bind_text(q, 6, expression->data, (int)expression->len, SQLITE_STATIC);
    }
}

/* The next ones behind *from, which moves on. */
static enum status take_batch(struct search *s, sqlite3_stmt *q, int64_t *from, struct spot *spots,
                              size_t *count, struct why *why)
{
    enum status st;
    *count = 0;
    (void)sqlite3_bind_int64(q, 1, *from);
    while ((st = store_step(s->ix, q, why)) == ST_OK && *count < BATCH) {
        struct spot *to = &spots[(*count)++];
        *to = (struct spot){sqlite3_column_int64(q, 0), (uint32_t)sqlite3_column_int64(q, 1),
                            (uint64_t)sqlite3_column_int64(q, 2),
                            (uint64_t)sqlite3_column_int64(q, 3)};
        *from = to->doc;
    }
    (void)sqlite3_reset(q);
    return st == ST_END ? ST_OK : st;
}

/* What it says of the record now, which may be more than when it was looked at first: that is read
 * through afterwards. False: enough. */
typedef bool spot_fn(struct search *s, const struct spot *spot);

static enum status each_spot(struct search *s, const struct direction *d, spot_fn *fn,
                             struct why *why)
{
    sqlite3_stmt *q = NULL;
    struct buf expression;
    struct spot *spots = xreallocarray(NULL, BATCH, sizeof(*spots));
    size_t count = BATCH;
    int64_t from = d->from;
    buf_init(&expression, SQL_BYTES);
    enum status st = prepare(s, d, &q, why);
    if (st == ST_OK) {
        bind(s, q, from, &expression);
    }
    bool goes_on = true;
    while (st == ST_OK && goes_on && count == BATCH) {
        st = take_batch(s, q, &from, spots, &count, why);
        for (size_t i = 0; st == ST_OK && goes_on && i < count; i++) {
            goes_on = !is_before(spots[i].segment, spots[i].at, &s->covered) || fn(s, &spots[i]);
        }
    }
    (void)sqlite3_finalize(q);
    buf_release(&expression);
    free(spots);
    return st;
}

static bool on_spot_up(struct search *s, const struct spot *spot)
{
    if (!is_before(spot->segment, spot->at, &s->told)) { /* read anew meanwhile: told already */
        (void)tell_spot(s, spot);
    }
    return !s->enough;
}

static bool on_spot_down(struct search *s, const struct spot *spot)
{
    struct journal_record rec;
    struct index_entry e;
    if (is_true(s, spot, &rec, &e)) {
        GROW(s->spots, s->spot_cap, s->spot_count + 1);
        s->spots[s->spot_count++] = *spot;
    }
    return s->spot_count < s->wanted.given->newest;
}

static enum status names_of_index(struct search *s, struct why *why)
{
    sqlite3_stmt *q = NULL;
    struct span name = span_str(s->wanted.given->agent);
    enum status st =
        store_prepare(s->ix, "SELECT DISTINCT agent FROM called WHERE name = ?", &q, why);
    if (st == ST_OK) {
        (void)sqlite3_bind_blob(q, 1, name.p, (int)name.n, SQLITE_STATIC);
    }
    while (st == ST_OK && (st = store_step(s->ix, q, why)) == ST_OK) {
        const void *p = sqlite3_column_blob(q, 0);
        wanted_add_agent(&s->wanted, (struct span){p, (size_t)sqlite3_column_bytes(q, 0)});
    }
    (void)sqlite3_finalize(q);
    return st == ST_END ? ST_OK : st;
}

static enum status covered_by_index(struct search *s, struct why *why)
{
    struct store_segment *segments = NULL;
    size_t count = 0;
    enum status st = store_segments(s->ix, &segments, &count, why);
    if (st == ST_OK && count > 0) {
        const struct store_segment *last = &segments[count - 1];
        s->covered = (struct journal_place){last->is.number, last->at, last->line};
    }
    for (size_t i = 0; i < count; i++) {
        s->bad_covered += segments[i].bad;
    }
    free(segments);
    return st;
}

/* ---- the whole */

static enum status learn_names(struct search *s, struct why *why)
{
    enum status st = s->ix ? names_of_index(s, why) : ST_OK;
    return st == ST_OK ? each_record(s, &s->covered, learn, why) : st;
}

static enum status tell_all(struct search *s, struct why *why)
{
    struct journal_place rest = s->covered;
    if (s->ix && each_spot(s, &UP, on_spot_up, NULL) != ST_OK) {
        rest = s->told; /* it is damaged, or held: on by hand from here */
    }
    s->found->bad = s->bad_covered;
    return each_record(s, &rest, tell_if_wanted, why);
}

/* Behind the ring of what is behind the index stands what the index had, the newest first. */
static void tell_kept(struct search *s, size_t behind)
{
    for (size_t i = s->spot_count; !s->enough && i > behind; i--) {
        (void)tell_spot(s, &s->spots[i - 1]);
    }
    for (size_t i = 0; !s->enough && i < behind; i++) {
        (void)tell_spot(s, &s->spots[(s->spot_first + i) % behind]);
    }
}

/* First what is behind the index, and of the index as many as are still wanted. */
static enum status tell_newest(struct search *s, const struct journal_place *start, struct why *why)
{
    s->found->bad = s->bad_covered;
    enum status st = each_record(s, &s->covered, keep_if_wanted, why);
    size_t behind = s->spot_count;
    if (st == ST_OK && s->ix && behind < s->wanted.given->newest) {
        if (each_spot(s, &DOWN, on_spot_down, NULL) != ST_OK) {
            s->spot_count = s->spot_first = 0;
            s->found->bad = 0;
            st = each_record(s, start, keep_if_wanted, why);
            behind = s->spot_count;
        }
    }
    if (st == ST_OK) {
        tell_kept(s, behind);
    }
    return st;
}

static enum status look_at_record(struct search *s, struct journal_place *start, struct why *why)
{
    struct journal_segment *segments = NULL;
    size_t count = 0;
    enum status st = journal_segments(s->path, &segments, &count, why);
    *start = (struct journal_place){.line = 1};
    if (st == ST_OK) {
        start->segment = segments[0].number;
        s->end = (struct journal_place){segments[count - 1].number, segments[count - 1].bytes, 1};
    }
    s->covered = s->told = *start;
    free(segments);
    return st;
}

enum status index_find(struct index *ix, const char *path, const struct index_wanted *w,
                       index_hit_fn *fn, void *ctx, struct index_found *found, struct why *why)
{
    struct search s = {.ix = ix, .path = path, .fn = fn, .ctx = ctx, .found = found};
    struct journal_place start;
    *found = (struct index_found){0};
    wanted_init(&s.wanted, w);
    s.reader = index_reader_new(path);
    enum status st = look_at_record(&s, &start, why);
    st = st == ST_OK ? journal_cursor_open(&s.cursor, path, why) : st;
    if (st == ST_OK && s.ix && covered_by_index(&s, NULL) != ST_OK) {
        s.ix = NULL;
        s.covered = start;
    }
    st = st == ST_OK && w->agent ? learn_names(&s, why) : st;
    if (st == ST_OK) {
        st = w->newest > 0 ? tell_newest(&s, &start, why) : tell_all(&s, why);
    }
    index_reader_free(s.reader);
    journal_cursor_close(s.cursor);
    wanted_release(&s.wanted);
    free(s.spots);
    return st;
}

/* ---- places only */

/* Numbers of the index to positions of the record, in their order: those that lead nowhere give 0.
 */
struct places {
    const struct store_segment *segments;
    size_t count, at;
    uint64_t before; /* records of the segments before the one at `at` */
};

static uint64_t position_of(struct places *p, uint64_t doc)
{
    while (p->at < p->count && doc >= p->segments[p->at].doc + p->segments[p->at].docs) {
        p->before += p->segments[p->at++].docs;
    }
    bool is_in = p->at < p->count && doc >= p->segments[p->at].doc;
    return is_in ? p->before + (doc - p->segments[p->at].doc) + 1 : 0;
}

static enum status take_positions(struct index *ix, sqlite3_stmt *q, struct places *p,
                                  uint64_t **out, size_t *count, struct why *why)
{
    size_t cap = 0;
    enum status st;
    while ((st = store_step(ix, q, why)) == ST_OK) {
        uint64_t position = position_of(p, (uint64_t)sqlite3_column_int64(q, 0));
        if (position > 0) {
            GROW(*out, cap, *count + 1);
            (*out)[(*count)++] = position;
        }
    }
    return st == ST_END ? ST_OK : st;
}

enum status index_positions(struct index *ix, const struct query *q, uint64_t **out, size_t *count,
                            uint64_t *covered, struct why *why)
{
    struct store_segment *segments = NULL;
    struct places p = {0};
    sqlite3_stmt *s = NULL;
    struct buf expression;
    *out = NULL;
    *count = 0;
    *covered = 0;
    buf_init(&expression, SQL_BYTES);
    query_expression(q, &expression);
    enum status st = store_segments(ix, &segments, &p.count, why);
    p.segments = segments;
    for (size_t i = 0; i < p.count; i++) {
        *covered += segments[i].docs;
    }
    if (st == ST_OK && !query_takes_all(q)) {
        st = store_prepare(ix, "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid", &s,
                           why);
    }
    if (st == ST_OK && s) {
        (void)sqlite3_bind_text(s, 1, expression.data, (int)expression.len, SQLITE_STATIC);
        st = take_positions(ix, s, &p, out, count, why);
    }
    (void)sqlite3_finalize(s);
    buf_release(&expression);
    free(segments);
    return st;
}
