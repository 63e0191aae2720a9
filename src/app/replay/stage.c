#include "stage.h"

#include <stdlib.h>

#include "checkrein/alloc.h"
#include "moment.h"

static const struct {
    const char *name;
    int64_t quarters; /* of the time as it was */
} speeds[] = {
    {"1/4x", 1   },
    {"1/2x", 2   },
    {"1x",   4   },
    {"2x",   8   },
    {"4x",   16  },
    {"8x",   32  },
    {"16x",  64  },
    {"64x",  256 },
    {"256x", 1024},
};
#define SPEED_AS_IT_WAS 2

void stage_init(struct stage *s, struct player *p, const char *path)
{
    *s = (struct stage){.player = p, .speed = SPEED_AS_IT_WAS, .reading = true};
    search_init(&s->search, path);
}

void stage_release(struct stage *s)
{
    player_close(s->player);
    search_release(&s->search);
    free(s->strip.parts);
    free(s->strip.cells);
    *s = (struct stage){0};
}

static const struct marks *marks_of(const struct stage *s)
{
    return player_marks(s->player);
}

bool stage_read(struct stage *s, struct why *why)
{
    enum status st = player_read(s->player, STAGE_READ, why);
    s->reading = st == ST_OK;
    return s->reading;
}

/* ---- where it stands */

enum status stage_go(struct stage *s, uint64_t position, struct why *why)
{
    enum status st = player_seek(s->player, position, why);
    s->at_us = player_time_us(s->player);
    return st;
}

enum status stage_go_time(struct stage *s, int64_t at_us, struct why *why)
{
    uint64_t position = marks_at_time(marks_of(s), at_us);
    enum status st = player_seek(s->player, position, why);
    int64_t first = marks_time_us(marks_of(s), 0);
    int64_t last = marks_time_us(marks_of(s), UINT64_MAX);
    s->at_us = at_us < first ? first : at_us > last ? last : at_us;
    return st;
}

static struct marks_span session_of(const struct stage *s)
{
    return marks_session(marks_of(s), player_position(s->player));
}

/* ---- time */

static int64_t next_us(const struct stage *s)
{
    uint64_t at = player_position(s->player);
    uint64_t next = marks_next(marks_of(s), at, MARK_CHANGE);
    return next == at ? INT64_MAX : marks_time_us(marks_of(s), next);
}

static int64_t times_speed(const struct stage *s, int64_t us)
{
    return us / 4 * speeds[s->speed].quarters;
}

int64_t stage_due_us(const struct stage *s, int64_t mono_us)
{
    int64_t next = next_us(s);
    if (!s->playing || next == INT64_MAX) {
        return INT64_MAX;
    }
    int64_t left = (next - s->at_us) / speeds[s->speed].quarters * 4;
    int64_t due = s->mono_us + (left > STAGE_GAP_US ? STAGE_GAP_US : left);
    return due > mono_us ? due : mono_us;
}

bool stage_tick(struct stage *s, int64_t mono_us, struct why *why)
{
    int64_t passed = mono_us - s->mono_us;
    int64_t next = next_us(s);
    s->mono_us = mono_us;
    if (!s->playing) {
        return false;
    }
    if (next == INT64_MAX) {
        s->playing = s->reading;
        return !s->playing;
    }
    s->at_us += times_speed(s, passed);
    if (next - s->at_us > times_speed(s, STAGE_GAP_US)) { /* nothing for long */
        s->at_us = next - times_speed(s, STAGE_GAP_US / 4);
    }
    uint64_t position = marks_at_time(marks_of(s), s->at_us);
    if (position > player_position(s->player) && player_seek(s->player, position, why) != ST_OK) {
        s->playing = false;
    }
    return true;
}

/* ---- keys */

typedef enum status order_fn(struct stage *s, const struct intent *in, struct why *why);

static enum status nothing(const char *what, struct why *why)
{
    return why_fail(why, ST_NOTFOUND, "%s", what);
}

static enum status do_play(struct stage *s, const struct intent *in, struct why *why)
{
    (void)in;
    if (!s->playing && next_us(s) == INT64_MAX && !s->reading) {
        return nothing("this is the end of the record", why);
    }
    s->playing = !s->playing;
    return ST_OK;
}

struct stop_at {
    enum action action;
    unsigned what;
    const char *none;
};

static enum status do_next(struct stage *s, const struct stop_at *t, struct why *why)
{
    uint64_t at = player_position(s->player);
    uint64_t to = marks_next(marks_of(s), at, t->what);
    return to == at ? nothing(t->none, why) : stage_go(s, to, why);
}

static enum status do_previous(struct stage *s, const struct stop_at *t, struct why *why)
{
    uint64_t at = player_position(s->player);
    uint64_t to = marks_previous(marks_of(s), at, t->what);
    return to == at ? nothing(t->none, why) : stage_go(s, to, why);
}

static const struct stop_at FORWARD[] = {
    {ACT_STEP,          MARK_CHANGE,  "this is the end of the record"},
    {ACT_NEXT_DECISION, MARK_DECIDED, "no decision comes after this" },
    {ACT_NEXT_FAULT,    MARK_FAILED,  "no failure comes after this"  },
    {ACT_NEXT_SESSION,  MARK_START,   "this is the last session"     },
};
static const struct stop_at BACK[] = {
    {ACT_STEP_BACK,     MARK_CHANGE,  "this is the beginning of the record"},
    {ACT_PREV_DECISION, MARK_DECIDED, "no decision comes before this"      },
    {ACT_PREV_FAULT,    MARK_FAILED,  "no failure comes before this"       },
    {ACT_PREV_SESSION,  MARK_START,   "this is the first session"          },
};

static enum status do_speed(struct stage *s, const struct intent *in, struct why *why)
{
    bool faster = in->action == ACT_FASTER;
    if (faster ? s->speed + 1 == ARRAY_LEN(speeds) : s->speed == 0) {
        return why_fail(why, ST_LIMIT, "%s is the %s", speeds[s->speed].name,
                        faster ? "fastest" : "slowest");
    }
    s->speed = faster ? s->speed + 1 : s->speed - 1;
    return ST_OK;
}

static enum status do_jump(struct stage *s, const struct intent *in, struct why *why)
{
    struct marks_span session = session_of(s);
    int64_t from = marks_time_us(marks_of(s), session.first + 1);
    int64_t to = marks_time_us(marks_of(s), session.last);
    if (in->tenths == 0) {
        return stage_go(s, session.first + 1, why);
    }
    return stage_go_time(s, from + (to - from) / 10 * in->tenths, why);
}

static enum status do_at(struct stage *s, const struct intent *in, struct why *why)
{
    int64_t at = 0;
    enum status st = moment_parse(in->text, s->at_us, &at, why);
    return st == ST_OK ? stage_go_time(s, at, why) : st;
}

static enum status not_there(const struct stage *s, struct why *why)
{
    if (s->hunt.from == 0 && !s->hunt.back) {
        return why_fail(why, ST_NOTFOUND, "no record has \"%s\"", s->search.text);
    }
    return why_fail(why, ST_NOTFOUND, "\"%s\" does not come %s this%s", s->search.text,
                    s->hunt.back ? "before" : "after",
                    s->reading ? ", in what was read so far" : "");
}

static uint64_t come(const struct player_hunt *h)
{
    return h->back ? h->from - h->at : h->at - h->from;
}

static bool is_looked_for(void *ctx, const struct journal_record *rec, uint32_t segment)
{
    struct stage *s = ctx;
    return search_has(&s->search, rec, segment);
}

/* The next one that the index has and that was read; 0: none. */
static uint64_t next_hit(const struct stage *s)
{
    const struct search *x = &s->search;
    size_t until = search_hits_until(x, s->hunt.at);
    if (s->hunt.back) {
        return until > 0 ? x->hits[until - 1] : 0;
    }
    return until < x->hit_count && x->hits[until] <= marks_of(s)->count ? x->hits[until] : 0;
}

/* An index that says what is not so is asked no more: it is read through. */
static enum status jump(struct stage *s, const struct player_wanted *w, uint64_t *at,
                        struct why *why)
{
    uint64_t to = next_hit(s);
    if (to == 0 && s->hunt.back) {
        return ST_NOTFOUND;
    }
    if (to == 0) {
        s->hunt.at = s->search.covered;
        return ST_AGAIN;
    }
    enum status st = player_look_at(s->player, to, w, why);
    if (st == ST_NOTFOUND) {
        search_forget_hits(&s->search);
        return ST_AGAIN;
    }
    *at = to;
    return st;
}

static enum status hunt_on(struct stage *s, uint64_t *at, struct why *why)
{
    const struct player_wanted w = {is_looked_for, s};
    const struct player_hunt *h = &s->hunt;
    bool is_covered = h->back ? h->at <= s->search.covered : h->at < s->search.covered;
    return s->search.known && is_covered ? jump(s, &w, at, why)
                                         : player_hunt_on(s->player, &s->hunt, &w, at, why);
}

enum status stage_hunt(struct stage *s, struct why *why)
{
    uint64_t at = 0;
    uint64_t until = come(&s->hunt) + STAGE_HUNT;
    struct why none = {0};
    enum status st;
    do {
        st = hunt_on(s, &at, &none);
    } while (st == ST_AGAIN && come(&s->hunt) < until);
    s->hunting = st == ST_AGAIN;
    return s->hunting          ? ST_OK
           : st == ST_NOTFOUND ? not_there(s, why)
           : st == ST_OK       ? stage_go(s, at, why)
                               : why_fail(why, st, "%s", none.text);
}

static enum status hunt_from(struct stage *s, uint64_t position, bool back, struct why *why)
{
    if (!s->search.text[0]) {
        return nothing("search with / first", why);
    }
    player_hunt_begin(&s->hunt, position, back);
    s->hunting = true;
    return stage_hunt(s, why);
}

static enum status find_on(struct stage *s, const struct intent *in, struct why *why)
{
    return hunt_from(s, player_position(s->player), in->action == ACT_FIND_PREV, why);
}

static enum status do_find(struct stage *s, const struct intent *in, struct why *why)
{
    enum status st = search_words(&s->search, in->text, why);
    return st == ST_OK ? find_on(s, in, why) : st;
}

enum status stage_find(struct stage *s, struct span text, struct why *why)
{
    enum status st = search_text(&s->search, text, why);
    return st == ST_OK ? hunt_from(s, 0, false, why) : st;
}

static const struct {
    enum action action;
    order_fn *run;
} ORDERS[] = {
    {ACT_PLAY,      do_play },
    {ACT_FASTER,    do_speed},
    {ACT_SLOWER,    do_speed},
    {ACT_JUMP,      do_jump },
    {ACT_AT,        do_at   },
    {ACT_FIND,      do_find },
    {ACT_FIND_NEXT, find_on },
    {ACT_FIND_PREV, find_on },
};

static enum status run(struct stage *s, const struct intent *in, struct why *why)
{
    for (size_t i = 0; i < ARRAY_LEN(ORDERS); i++) {
        if (ORDERS[i].action == in->action) {
            return ORDERS[i].run(s, in, why);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(FORWARD); i++) {
        if (FORWARD[i].action == in->action) {
            return do_next(s, &FORWARD[i], why);
        }
        if (BACK[i].action == in->action) {
            return do_previous(s, &BACK[i], why);
        }
    }
    return nothing("that is no order to a replay", why);
}

enum status stage_do(struct stage *s, const struct intent *in, int64_t mono_us, struct why *why)
{
    bool goes_on = in->action == ACT_PLAY || in->action == ACT_FASTER || in->action == ACT_SLOWER;
    (void)stage_tick(s, mono_us, why);
    s->hunting = false;
    s->playing = s->playing && goes_on;
    return run(s, in, why);
}

enum status stage_set_speed(struct stage *s, struct span text, struct why *why)
{
    for (unsigned i = 0; i < ARRAY_LEN(speeds); i++) {
        struct span name = span_str(speeds[i].name);
        if (span_eq(text, name) || span_eq(text, span_sub(name, 0, name.n - 1))) {
            s->speed = i;
            return ST_OK;
        }
    }
    return why_fail(why, ST_INVALID, "speed: 1/4, 1/2, 1, 2, 4, 8, 16, 64 or 256");
}

/* ---- what is shown of it */

static void make_strip(struct strip *t, const struct marks *m)
{
    GROW(t->parts, t->cap, t->count);
    GROW(t->cells, t->cell_cap, t->count);
    marks_cells(m, &t->of, t->parts, t->count);
    for (size_t i = 0; i < t->count; i++) {
        unsigned what = t->parts[i].what;
        t->cells[i] = (struct playback_cell){.changes = t->parts[i].changes,
                                             .asked = (what & MARK_ASKED) != 0,
                                             .decided = (what & MARK_DECIDED) != 0,
                                             .failed = (what & MARK_FAILED) != 0};
    }
}

static void tell_search(struct stage *s)
{
    const struct search *x = &s->search;
    uint64_t here = player_position(s->player);
    size_t until = search_hits_until(x, here);
    if (!x->query || !x->text[0]) {
        return;
    }
    s->shown.search = x->text;
    s->shown.hits_known = x->known;
    s->shown.hits_grow = x->covered < marks_of(s)->count;
    s->shown.hits = x->hit_count;
    s->shown.hit = until > 0 && x->hits[until - 1] == here ? until : 0;
}

struct playback *stage_playback(struct stage *s, int cols)
{
    const struct marks *m = marks_of(s);
    struct marks_span session = session_of(s);
    struct strip *t = &s->strip;
    size_t count = (size_t)playback_columns(cols);
    if (count != t->count || session.first != t->of.first || session.last != t->of.last) {
        t->of = session;
        t->count = count;
        if (count > 0) {
            make_strip(t, m);
        }
    }
    s->shown = (struct playback){
        .from_us = marks_time_us(m, session.first + 1),
        .to_us = marks_time_us(m, session.last),
        .at_us = s->at_us,
        .record = player_position(s->player),
        .records = m->count,
        .session = session.number,
        .sessions = session.of,
        .playing = s->playing,
        .reading = s->reading,
        .speed = speeds[s->speed].name,
        .cells = t->cells,
        .cell_count = (uint32_t)count,
    };
    tell_search(s);
    return &s->shown;
}
