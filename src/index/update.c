/* update.c - reads what is new, a slice at a time: each is a transaction that begins with a look at
 * what the record is now and what the file says it was, so it does not matter who wrote the last
 * one.
 */
#include "store_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

#define SLICE_RECORDS 40000
#define SLICE_BYTES   ((uint64_t)48 << 20)
#define GONE_MANY     4096 /* fewer are no reason to make the file anew */

struct update {
    struct index *ix;
    struct journal_segment *now; /* what is there */
    size_t now_count;
    struct store_segment *was; /* what was read */
    size_t was_count;
    struct journal_cursor *cursor;
    struct index_reader *reader;
    struct store_segment at; /* that is being read */
    bool in_segment;
    uint64_t next_doc;
    struct journal_segment goal; /* the last one, as it was in the beginning */
    bool has_goal;
    sqlite3_stmt *row, *words, *called;
};

/* ---- is a segment what it was? */

static bool same_file(const struct journal_segment *a, const struct journal_segment *b)
{
    return a->bytes == b->bytes && a->inode == b->inode && a->changed_ns == b->changed_ns;
}

static bool has_hash(struct journal_cursor *c, const struct journal_place *p,
                     const uint8_t hash[SHA256_BYTES])
{
    struct journal_record rec;
    uint8_t found[SHA256_BYTES];
    if (journal_cursor_return(c, p) != ST_OK || journal_cursor_next(c, &rec, NULL) != ST_OK) {
        return false;
    }
    sha256(rec.line, found);
    return memcmp(found, hash, sizeof(found)) == 0;
}

/* One that may have grown: its first record and the last one that was read are where they were. */
static bool has_only_grown(struct update *u, const struct store_segment *s,
                           const struct journal_segment *now)
{
    struct journal_place first = {.segment = s->is.number, .line = 1};
    struct journal_place last = {s->is.number, s->last_at, s->last_line};
    return now->inode == s->is.inode && now->bytes >= s->at && s->docs > 0 &&
           has_hash(u->cursor, &first, s->first) && has_hash(u->cursor, &last, s->last);
}

static bool is_what_it_was(struct update *u, const struct store_segment *s,
                           const struct journal_segment *now)
{
    return same_file(&s->is, now) || (!s->whole && has_only_grown(u, s, now));
}

/* ---- what is not there any more */

static enum status forget(struct update *u, uint32_t from, uint32_t to, struct why *why)
{
    static const char *const sql[] = {
        "UPDATE about SET gone = gone +"
        " (SELECT coalesce(sum(docs), 0) FROM segment WHERE number BETWEEN ?1 AND ?2)",
        "DELETE FROM row WHERE doc >= (SELECT min(doc) FROM segment WHERE number BETWEEN ?1 AND ?2)"
        " AND doc < (SELECT max(doc + docs) FROM segment WHERE number BETWEEN ?1 AND ?2)",
        "DELETE FROM called WHERE segment BETWEEN ?1 AND ?2",
        "DELETE FROM segment WHERE number BETWEEN ?1 AND ?2",
    };
    const int64_t bounds[] = {from, to};
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(sql); i++) {
        st = store_ask(u->ix, sql[i], bounds, ARRAY_LEN(bounds), NULL, why);
    }
    return st;
}

/* Those before the first that is there are dropped; from the first that is not what it was on, all
 * is read anew, so that what was read stays in the order of the record. */
static enum status compare(struct update *u, struct why *why)
{
    size_t kept = 0;
    enum status st = ST_OK;
    if (u->was_count > 0 && u->was[0].is.number < u->now[0].number) {
        st = forget(u, 0, u->now[0].number - 1, why);
        size_t gone = 0;
        while (gone < u->was_count && u->was[gone].is.number < u->now[0].number) {
            gone++;
        }
        u->was_count -= gone;
        memmove(u->was, u->was + gone, u->was_count * sizeof(*u->was));
    }
    while (kept < u->was_count && kept < u->now_count &&
           u->was[kept].is.number == u->now[kept].number &&
           is_what_it_was(u, &u->was[kept], &u->now[kept])) {
        kept++;
    }
    if (st == ST_OK && kept < u->was_count) {
        uint32_t was = u->was[kept].is.number;
        uint32_t now = kept < u->now_count ? u->now[kept].number : was;
        st = forget(u, was < now ? was : now, UINT32_MAX, why);
        u->was_count = kept;
    }
    return st;
}

/* ---- reading */

static const struct journal_segment *find_now(const struct update *u, uint32_t number)
{
    for (size_t i = u->now_count; i > 0; i--) {
        if (u->now[i - 1].number == number) {
            return &u->now[i - 1];
        }
    }
    return NULL;
}

static enum status put_segment(struct update *u, struct why *why)
{
    return u->in_segment ? store_put_segment(u->ix, &u->at, why) : ST_OK;
}

static void begin_segment(struct update *u, uint32_t number)
{
    const struct journal_segment *now = find_now(u, number);
    u->at = (struct store_segment){.is = {.number = number}, .doc = u->next_doc};
    if (now) {
        u->at.is = *now;
    }
    u->in_segment = true;
}

/* Also those that the cursor went through without a record. */
static enum status enter_segment(struct update *u, uint32_t number, struct why *why)
{
    enum status st = ST_OK;
    uint32_t before = u->in_segment ? u->at.is.number : 0;
    if (u->in_segment && number == before) {
        return ST_OK;
    }
    for (size_t i = 0; st == ST_OK && i < u->now_count; i++) {
        uint32_t between = u->now[i].number;
        if (between < number && (!u->in_segment || between > before)) {
            st = put_segment(u, why);
            begin_segment(u, between);
        }
    }
    st = st == ST_OK ? put_segment(u, why) : st;
    begin_segment(u, number);
    return st;
}

static void bind_text(sqlite3_stmt *s, int at, struct span text)
{
    (void)sqlite3_bind_blob(s, at, text.n ? text.p : "", (int)text.n, SQLITE_STATIC);
}

static enum status do_once(struct update *u, sqlite3_stmt *s, struct why *why)
{
    enum status st = store_step(u->ix, s, why);
    (void)sqlite3_reset(s);
    return st == ST_END ? ST_OK : st;
}

static enum status add_row(struct update *u, const struct journal_record *rec,
                           const struct index_entry *e, uint64_t at, struct why *why)
{
    const int64_t numbers[] = {
        (int64_t)u->next_doc,   u->at.is.number, (int64_t)at,
        (int64_t)rec->n,        rec->time_us,    store_number(span_str(e->kind)),
        store_number(e->agent), e->what};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        (void)sqlite3_bind_int64(u->row, (int)i + 1, numbers[i]);
    }
    return do_once(u, u->row, why);
}

static enum status add_words(struct update *u, const struct index_entry *e, struct why *why)
{
    (void)sqlite3_bind_int64(u->words, 1, (int64_t)u->next_doc);
    (void)sqlite3_bind_text(u->words, 2, e->words.p, (int)e->words.n, SQLITE_STATIC);
    return do_once(u, u->words, why);
}

static enum status add_name(struct update *u, const struct index_entry *e, struct why *why)
{
    bind_text(u->called, 1, e->name);
    bind_text(u->called, 2, e->agent);
    (void)sqlite3_bind_int64(u->called, 3, u->at.is.number);
    return do_once(u, u->called, why);
}

static enum status take(struct update *u, const struct journal_record *rec,
                        const struct journal_place *after, struct why *why)
{
    struct index_entry e;
    uint64_t at = after->at - rec->line.n - 1;
    enum status st = ST_OK;
    if (index_read(u->reader, rec, u->at.is.number, &e)) {
        st = add_row(u, rec, &e, at, why);
        st = st == ST_OK && e.words.n > 1 ? add_words(u, &e, why) : st;
        st = st == ST_OK && e.name.n > 0 && e.agent.n > 0 ? add_name(u, &e, why) : st;
    }
    if (u->at.docs == 0) {
        sha256(rec->line, u->at.first);
    }
    u->at.last_at = at;
    u->at.last_line = after->line - 1;
    u->at.docs++;
    u->next_doc++;
    return st;
}

static enum status hash_last(struct update *u, struct why *why)
{
    struct journal_record rec;
    struct journal_place last = {u->at.is.number, u->at.last_at, u->at.last_line};
    if (!u->in_segment || u->at.docs == 0) {
        return ST_OK;
    }
    if (journal_cursor_return(u->cursor, &last) != ST_OK ||
        journal_cursor_next(u->cursor, &rec, NULL) != ST_OK) {
        return why_fail(why, ST_AGAIN, "the record was changed while it was read");
    }
    sha256(rec.line, u->at.last);
    return ST_OK;
}

/* One line on. ST_END: all that is there was read. */
static enum status read_one(struct update *u, struct why *why)
{
    struct journal_record rec;
    enum status found = journal_cursor_next(u->cursor, &rec, NULL);
    struct journal_place after = journal_cursor_place(u->cursor);
    if (found != ST_OK && found != ST_INVALID) {
        return found == ST_END ? ST_END : why_fail(why, ST_IO, "the record cannot be read");
    }
    enum status st = enter_segment(u, after.segment, why);
    if (st == ST_OK && found == ST_OK) {
        st = take(u, &rec, &after, why);
    }
    u->at.bad += found == ST_INVALID;
    u->at.at = after.at;
    u->at.line = after.line;
    return st;
}

static enum status read_slice(struct update *u, struct why *why)
{
    uint64_t bytes = 0;
    enum status st = ST_OK;
    for (int i = 0; st == ST_OK && i < SLICE_RECORDS && bytes < SLICE_BYTES; i++) {
        uint64_t before = u->at.at;
        st = read_one(u, why);
        bytes += u->at.at > before ? u->at.at - before : 0;
    }
    return st;
}

/* ---- a slice */

static enum status prepare(struct update *u, struct why *why)
{
    enum status st = store_prepare(u->ix, "INSERT INTO row VALUES(?,?,?,?,?,?,?,?)", &u->row, why);
    if (st == ST_OK) {
        /* numbers in the order of the table: doc, segment, at, n, time, kind, agent, what */
        st = store_prepare(u->ix, "INSERT INTO words(rowid, text) VALUES(?,?)", &u->words, why);
    }
    if (st == ST_OK) {
        st =
            store_prepare(u->ix, "INSERT OR IGNORE INTO called(name, agent, segment) VALUES(?,?,?)",
                          &u->called, why);
    }
    return st;
}

static void finish(struct update *u)
{
    (void)sqlite3_finalize(u->row);
    (void)sqlite3_finalize(u->words);
    (void)sqlite3_finalize(u->called);
    u->row = u->words = u->called = NULL;
    free(u->now);
    free(u->was);
    u->now = NULL;
    u->was = NULL;
}

static enum status look(struct update *u, struct why *why)
{
    int64_t next = 0;
    enum status st = journal_segments(u->ix->path, &u->now, &u->now_count, why);
    st = st == ST_OK ? store_segments(u->ix, &u->was, &u->was_count, why) : st;
    st = st == ST_OK ? compare(u, why) : st;
    st = st == ST_OK ? store_ask(u->ix, "SELECT next_doc FROM about", NULL, 0, &next, why) : st;
    u->next_doc = (uint64_t)next;
    return st;
}

static enum status go_on(struct update *u, struct why *why)
{
    u->in_segment = u->was_count > 0;
    u->at = (struct store_segment){0};
    struct journal_place p = {.segment = u->now[0].number, .line = 1};
    if (u->in_segment) {
        u->at = u->was[u->was_count - 1];
        u->at.is = u->now[u->was_count - 1];
        p = (struct journal_place){u->at.is.number, u->at.at, u->at.line};
    }
    return journal_cursor_return(u->cursor, &p) == ST_OK
               ? ST_OK
               : why_fail(why, ST_IO, "the record cannot be read");
}

/* What each segment is like is written once it was read: it may have grown since the look before.
 */
static enum status note_files(struct update *u, uint32_t from, struct why *why)
{
    struct journal_segment *now = NULL;
    size_t count = 0;
    struct store_segment *read = NULL;
    size_t read_count = 0;
    enum status st = journal_segments(u->ix->path, &now, &count, why);
    st = st == ST_OK ? store_segments(u->ix, &read, &read_count, why) : st;
    for (size_t i = 0; st == ST_OK && i < read_count; i++) {
        struct store_segment *s = &read[i];
        if (s->is.number < from) {
            continue;
        }
        for (size_t k = 0; k < count; k++) {
            if (now[k].number == s->is.number) {
                s->is = now[k];
            }
        }
        s->whole = i + 1 < read_count;
        st = store_put_segment(u->ix, s, why);
    }
    free(now);
    free(read);
    return st;
}

static enum status note_instance(struct update *u, struct why *why)
{
    struct journal_record rec;
    struct journal_place start = {.segment = u->now[0].number, .line = 1};
    char instance[sizeof(((struct index_state *)0)->instance)] = "";
    sqlite3_stmt *s = NULL;
    if (journal_cursor_return(u->cursor, &start) == ST_OK &&
        journal_cursor_next(u->cursor, &rec, NULL) == ST_OK) {
        (void)journal_record_instance(&rec, instance, sizeof(instance));
    }
    enum status st = store_prepare(u->ix, "UPDATE about SET instance = ?, next_doc = ?", &s, why);
    if (st == ST_OK) {
        (void)sqlite3_bind_text(s, 1, instance, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(s, 2, (int64_t)u->next_doc);
        st = store_step(u->ix, s, why);
    }
    (void)sqlite3_finalize(s);
    return st == ST_END ? ST_OK : st;
}

/* Who writes may be faster: there is an end to it all the same. */
static bool is_at_goal(struct update *u)
{
    if (!u->has_goal) {
        u->goal = u->now[u->now_count - 1];
        u->has_goal = true;
    }
    return u->at.is.number > u->goal.number ||
           (u->at.is.number == u->goal.number && u->at.at >= u->goal.bytes);
}

static bool is_done(const struct update *u)
{
    for (size_t i = 0; i < u->was_count; i++) {
        if (!same_file(&u->was[i].is, &u->now[i])) {
            return false;
        }
    }
    return u->was_count == u->now_count &&
           u->was[u->was_count - 1].at == u->now[u->now_count - 1].bytes;
}

/* ST_OK: there may be more; ST_END. */
static enum status slice(struct update *u, struct why *why)
{
    enum status st = look(u, why);
    if (st == ST_OK && is_done(u)) {
        return ST_END;
    }
    st = st == ST_OK ? prepare(u, why) : st;
    st = st == ST_OK ? go_on(u, why) : st;
    uint32_t from = st == ST_OK ? u->at.is.number : 0;
    st = st == ST_OK ? read_slice(u, why) : st;
    if (st != ST_OK && st != ST_END) {
        return st;
    }
    enum status more = is_at_goal(u) ? ST_END : st;
    st = hash_last(u, why);
    st = st == ST_OK ? put_segment(u, why) : st;
    st = st == ST_OK ? note_files(u, from, why) : st;
    st = st == ST_OK ? note_instance(u, why) : st;
    return st == ST_OK ? more : st;
}

static enum status transaction(struct update *u, struct why *why)
{
    enum status st = store_same(u->ix, why);
    st = st == ST_OK ? store_run(u->ix, "BEGIN IMMEDIATE", why) : st;
    if (st != ST_OK) {
        return st;
    }
    st = slice(u, why);
    finish(u);
    if (st == ST_OK || st == ST_END) {
        enum status committed = store_run(u->ix, "COMMIT", why);
        st = committed == ST_OK ? st : committed;
    }
    if (st != ST_OK && st != ST_END) {
        (void)sqlite3_exec(u->ix->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return st;
}

/* More leads nowhere than somewhere. */
static bool is_worn(struct index *ix)
{
    int64_t gone = 0;
    int64_t here = 0;
    return store_ask(ix, "SELECT gone FROM about", NULL, 0, &gone, NULL) == ST_OK &&
           store_ask(ix, "SELECT coalesce(sum(docs), 0) FROM segment", NULL, 0, &here, NULL) ==
               ST_OK &&
           gone > GONE_MANY && gone > here;
}

static enum status locked_transaction(struct update *u, bool *renewed, struct why *why)
{
    enum status st = store_lock(u->ix, why);
    if (st != ST_OK) {
        return st;
    }
    st = transaction(u, why);
    bool worn = st == ST_END && is_worn(u->ix);
    if ((st == ST_CONFLICT || worn) && !*renewed) {
        *renewed = true;
        st = store_renew(u->ix, why);
    }
    store_unlock(u->ix);
    return st == ST_CONFLICT ? ST_IO : st;
}

enum status index_update(struct index *ix, struct why *why)
{
    struct update u = {.ix = ix};
    bool renewed = false;
    enum status st = journal_cursor_open(&u.cursor, ix->path, why);
    u.reader = index_reader_new(ix->path);
    while (st == ST_OK && (st = locked_transaction(&u, &renewed, why)) == ST_OK) {
        store_let_others();
    }
    index_reader_free(u.reader);
    journal_cursor_close(u.cursor);
    return st == ST_END ? ST_OK : st;
}
