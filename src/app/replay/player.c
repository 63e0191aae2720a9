#include "player.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/journal.h"
#include "refold.h"

struct stop { /* to go on from: what was there at a position, and the record that follows */
    uint64_t position;
    struct journal_place place;
    struct picture *picture;
    size_t bytes;
};

struct head { /* goes through the record */
    struct journal_cursor *cursor;
    struct refold *refold;
    uint64_t position;
};

struct player {
    struct head reader, shown;
    struct journal_cursor *hunter; /* searches */
    struct marks marks;
    struct stop stops[PLAYER_PICTURES];
    uint32_t stop_count;
    uint64_t stride;
    size_t bytes;
    uint64_t bad;
    char first_bad[256];
};

static enum status head_open(struct head *h, const char *path, struct why *why)
{
    h->refold = refold_new();
    return journal_cursor_open(&h->cursor, path, why);
}

static void head_close(struct head *h)
{
    journal_cursor_close(h->cursor);
    refold_free(h->refold);
}

enum status player_open(struct player **out, const char *path, struct why *why)
{
    struct player *p = xcalloc(1, sizeof(*p));
    p->stride = PLAYER_STRIDE;
    enum status st = head_open(&p->reader, path, why);
    if (st == ST_OK) {
        st = head_open(&p->shown, path, why);
    }
    if (st == ST_OK) {
        st = journal_cursor_open(&p->hunter, path, why);
    }
    if (st != ST_OK) {
        player_close(p);
        p = NULL;
    }
    *out = p;
    return st;
}

void player_close(struct player *p)
{
    if (!p) {
        return;
    }
    for (uint32_t i = 0; i < p->stop_count; i++) {
        picture_free(p->stops[i].picture);
    }
    head_close(&p->reader);
    head_close(&p->shown);
    journal_cursor_close(p->hunter);
    marks_release(&p->marks);
    free(p);
}

/* ---- one record on. What cannot be folded counts as a record all the same, in both heads. */

static enum status step(struct head *h, struct journal_record *rec, enum status *folded,
                        struct why *why)
{
    enum status st;
    *folded = ST_OK;
    while ((st = journal_cursor_next(h->cursor, rec, why)) == ST_INVALID) {
        *folded = ST_INVALID;
    }
    if (st != ST_OK) {
        return st;
    }
    h->position++;
    enum status taken = refold_take(h->refold, rec, why);
    *folded = taken == ST_OK ? *folded : taken;
    return ST_OK;
}

/* ---- pictures to go on from */

/* Of two in a row the second; the first of all stays. */
static void thin_out(struct player *p)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->stop_count; i++) {
        if (i % 2 == 0) {
            p->stops[kept++] = p->stops[i];
        } else {
            p->bytes -= p->stops[i].bytes;
            picture_free(p->stops[i].picture);
        }
    }
    p->stop_count = kept;
    p->stride *= 2;
}

/* Before the record that was given last is folded. */
static void keep_picture(struct player *p)
{
    if (p->stop_count == PLAYER_PICTURES || (p->bytes > PLAYER_BYTES && p->stop_count > 2)) {
        thin_out(p);
    }
    uint64_t newest = p->stop_count > 0 ? p->stops[p->stop_count - 1].position : 0;
    if (p->stop_count > 0 && p->reader.position - newest < p->stride) {
        return;
    }
    struct stop s = {.position = p->reader.position,
                     .place = journal_cursor_place(p->reader.cursor)};
    s.picture = refold_picture(p->reader.refold);
    s.bytes = picture_bytes(s.picture);
    p->bytes += s.bytes;
    p->stops[p->stop_count++] = s;
}

static const struct stop *stop_before(const struct player *p, uint64_t position)
{
    uint32_t low = 0;
    uint32_t high = p->stop_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (p->stops[middle].position <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? &p->stops[low - 1] : NULL;
}

/* ---- reading */

static unsigned what_of_entry(const struct log_entry *e)
{
    switch ((int)e->type) {
    case EVENT_APPROVAL_REQUESTED:
        return MARK_ASKED;
    case EVENT_APPROVAL_RESOLVED:
    case EVENT_OPERATOR_COMMAND:
    case EVENT_FLEET_STOP:
        return MARK_DECIDED;
    case EVENT_FAILURE_REPORTED:
        return e->retrying ? 0 : MARK_FAILED;
    default:
        return 0;
    }
}

static unsigned what_is_new(const struct fleet *f, uint32_t log_before)
{
    unsigned what = 0;
    for (uint32_t n = fleet_log_newest(f); n > log_before; n--) {
        const struct log_entry *e = fleet_log_entry(f, n);
        if (!e) {
            break;
        }
        what |= what_of_entry(e);
    }
    return what;
}

static enum status read_one(struct player *p, struct why *why)
{
    const struct fleet *f = refold_fleet(p->reader.refold);
    uint64_t generation = fleet_generation(f);
    uint32_t log = fleet_log_newest(f);
    struct journal_record rec;
    struct why bad = {0};
    enum status folded;
    keep_picture(p);
    enum status st = step(&p->reader, &rec, &folded, &bad);
    if (st != ST_OK) {
        return st == ST_END ? st : why_fail(why, st, "%s", bad.text);
    }
    if (folded != ST_OK) {
        if (p->bad++ == 0) {
            (void)span_copy(span_str(bad.text), p->first_bad, sizeof(p->first_bad));
        }
    }
    bool start = journal_record_is_start(&rec);
    f = refold_fleet(p->reader.refold);
    unsigned what = what_is_new(f, start ? 0 : log);
    what |= start ? MARK_START | MARK_CHANGE : 0;
    what |= fleet_generation(f) != generation ? MARK_CHANGE : 0;
    marks_add(&p->marks, rec.time_us, what);
    return ST_OK;
}

enum status player_read(struct player *p, uint32_t records, struct why *why)
{
    enum status st = ST_OK;
    for (uint32_t i = 0; st == ST_OK && i < records; i++) {
        st = read_one(p, why);
    }
    return st;
}

const struct marks *player_marks(const struct player *p)
{
    return &p->marks;
}

uint64_t player_bad(const struct player *p)
{
    return p->bad;
}

const char *player_first_bad(const struct player *p)
{
    return p->first_bad;
}

/* ---- looking */

static enum status go_from(struct head *h, const struct stop *s)
{
    enum status st = journal_cursor_return(h->cursor, &s->place);
    if (st == ST_OK) { /* else it stays where it is, as a whole */
        h->position = s->position;
        refold_return(h->refold, s->picture);
    }
    return st;
}

enum status player_seek(struct player *p, uint64_t position, struct why *why)
{
    struct head *h = &p->shown;
    position = position < p->marks.count ? position : p->marks.count;
    const struct stop *s = stop_before(p, position);
    enum status st = ST_OK;
    if (s && (position < h->position || s->position > h->position)) {
        st = go_from(h, s);
    }
    while (st == ST_OK && h->position < position) {
        struct journal_record rec;
        struct why bad = {0};
        enum status folded;
        st = step(h, &rec, &folded, &bad);
        if (st != ST_OK) {
            return why_fail(why, ST_IO, "the record became shorter: %s", bad.text);
        }
    }
    return st == ST_OK ? st : why_fail(why, st, "the record cannot be read again");
}

uint64_t player_position(const struct player *p)
{
    return p->shown.position;
}

int64_t player_time_us(const struct player *p)
{
    return marks_time_us(&p->marks, p->shown.position);
}

const struct fleet *player_fleet(const struct player *p)
{
    return refold_fleet(p->shown.refold);
}

/* ---- searching */

/* A stretch of the record: from a picture on, and the positions in (after, until] of it. */
struct piece {
    const struct stop *stop;
    uint64_t after, until;
    uint64_t first, last; /* whose records are looked for; 0: none */
};

static enum status look_through(struct player *p, struct piece *piece,
                                const struct player_wanted *w)
{
    struct journal_record rec;
    enum status st = journal_cursor_return(p->hunter, &piece->stop->place);
    for (uint64_t at = piece->stop->position; st == ST_OK && at < piece->until;) {
        st = journal_cursor_next(p->hunter, &rec, NULL);
        if (st == ST_INVALID) {
            st = ST_OK;
            continue;
        }
        at += st == ST_OK;
        if (st == ST_OK && at > piece->after &&
            w->has(w->ctx, &rec, journal_cursor_place(p->hunter).segment)) {
            piece->last = at;
            piece->first = piece->first ? piece->first : at;
        }
    }
    return st == ST_END ? ST_OK : st;
}

static uint64_t end_of(const struct player *p, const struct stop *s)
{
    return s + 1 < p->stops + p->stop_count ? s[1].position : p->marks.count;
}

void player_hunt_begin(struct player_hunt *h, uint64_t from, bool back)
{
    *h = (struct player_hunt){.from = from, .at = back && from > 0 ? from - 1 : from, .back = back};
}

/* Pictures are thinned out while it is read on: a piece begins at whichever is there now. */
enum status player_hunt_on(struct player *p, struct player_hunt *h, const struct player_wanted *w,
                           uint64_t *position, struct why *why)
{
    bool over = h->back ? h->at == 0 : h->at >= p->marks.count;
    struct piece piece = {.stop = over ? NULL : stop_before(p, h->back ? h->at - 1 : h->at)};
    if (!piece.stop) {
        return why_fail(why, ST_NOTFOUND, "not found");
    }
    piece.after = h->back ? piece.stop->position : h->at;
    piece.until = h->back ? h->at : end_of(p, piece.stop);
    if (look_through(p, &piece, w) != ST_OK) {
        return why_fail(why, ST_IO, "the record cannot be read again");
    }
    if (piece.first) {
        *position = h->back ? piece.last : piece.first;
        return ST_OK;
    }
    h->at = h->back ? piece.after : piece.until;
    return ST_AGAIN;
}

enum status player_look_at(struct player *p, uint64_t position, const struct player_wanted *w,
                           struct why *why)
{
    bool is_there = position > 0 && position <= p->marks.count;
    struct piece piece = {.stop = is_there ? stop_before(p, position - 1) : NULL,
                          .after = position - 1,
                          .until = position};
    if (piece.stop && look_through(p, &piece, w) != ST_OK) {
        return why_fail(why, ST_IO, "the record cannot be read again");
    }
    return piece.first ? ST_OK : ST_NOTFOUND;
}
