#include "connect_priv.h"

#include "checkrein/alloc.h"

static bool is_ours(const struct edit *e, const struct tape *j, uint32_t hook)
{
    return span_is(tape_raw(j, tape_get(j, hook, e->mark_key)), "\"" OUR_MARK "\"");
}

/* Of a group's hooks: how many are ours. */
static uint32_t count_ours(const struct edit *e, const struct tape *j, uint32_t hooks)
{
    uint32_t count = 0;
    for (uint32_t at = tape_first(j, hooks); at != TAPE_ABSENT; at = tape_next(j, hooks, at)) {
        count += is_ours(e, j, at);
    }
    return count;
}

/* A group that somebody has put ours and other hooks into, without ours. */
static void write_mixed(const struct edit *e, struct buf *out, const struct tape *j, uint32_t group,
                        uint32_t hooks)
{
    struct span whole = tape_raw(j, group);
    struct span list = tape_raw(j, hooks);
    size_t from = (size_t)(list.p - whole.p);
    bool first = true;
    buf_add(out, span_sub(whole, 0, from));
    buf_addch(out, '[');
    for (uint32_t at = tape_first(j, hooks); at != TAPE_ABSENT; at = tape_next(j, hooks, at)) {
        if (!is_ours(e, j, at)) {
            buf_addstr(out, first ? "" : ", ");
            buf_add(out, tape_raw(j, at));
            first = false;
        }
    }
    buf_addch(out, ']');
    buf_add(out, span_sub(whole, from + list.n, whole.n));
}

enum status edit_set(struct edit *e, const char *path, struct span value)
{
    struct buf *next = &e->buf[e->at];
    enum status st = splice_member(e->text, path, value, next, e->why);
    e->text = buf_span(next);
    e->at = !e->at;
    return st;
}

/* What stands at hooks/EVENT beside ours, with the bytes between as they are: ours goes behind the
 * last one, and what is left when it is taken out again is what was there before. */
struct others {
    struct buf groups; /* from the bracket on, to the end of the last one */
    struct buf tail;   /* from there to the bracket */
    uint32_t count;    /* of groups */
    uint32_t ours;     /* hooks of ours that were left out */
    size_t seen;       /* in the array: the end of the last group, of whoever */
};

static void take_group(const struct edit *e, struct others *o, const struct tape *j, uint32_t array,
                       uint32_t group)
{
    uint32_t hooks = tape_get(j, group, "hooks");
    uint32_t ours = count_ours(e, j, hooks);
    struct span all = tape_raw(j, array);
    struct span whole = tape_raw(j, group);
    size_t from = (size_t)(whole.p - all.p);
    struct span between = span_sub(all, o->seen, from - o->seen);
    bool first = o->seen == 0;
    o->ours += ours;
    o->seen = from + whole.n;
    if (ours && ours == tape_count(j, hooks)) {
        if (first) { /* the next one stands where this did */
            buf_add(&o->groups, between);
        }
        return;
    }
    if (o->count || first) {
        buf_add(&o->groups, between);
    }
    if (ours) {
        write_mixed(e, &o->groups, j, group, hooks);
    } else {
        buf_add(&o->groups, whole);
    }
    o->count++;
}

static enum status read_others(struct edit *e, const char *event, struct others *o)
{
    struct tape j;
    enum status st = splice_read(e->text, &j, e->tokens, e->why);
    if (st != ST_OK) {
        return st;
    }
    uint32_t all = tape_get(&j, TAPE_ROOT, "hooks");
    uint32_t array = tape_get(&j, all, event);
    if (all != TAPE_ABSENT && tape_type(&j, all) != TAPE_OBJECT) {
        return why_fail(e->why, ST_INVALID, "\"hooks\" is not an object");
    }
    if (array != TAPE_ABSENT && tape_type(&j, array) != TAPE_ARRAY) {
        return why_fail(e->why, ST_INVALID, "\"hooks\" has a \"%s\" that is not a list", event);
    }
    for (uint32_t at = tape_first(&j, array); at != TAPE_ABSENT; at = tape_next(&j, array, at)) {
        take_group(e, o, &j, array, at);
    }
    if (array != TAPE_ABSENT) {
        struct span raw = tape_raw(&j, array);
        buf_add(&o->tail, span_sub(raw, o->seen, raw.n));
    }
    return ST_OK;
}

static enum status write_event(struct edit *e, const char *event, const struct others *o,
                               const struct buf *ours)
{
    struct buf value;
    char path[64];
    (void)snprintf(path, sizeof(path), "hooks/%s", event);
    buf_init(&value, SETTINGS_BYTES);
    if (o->count) {
        buf_add(&value, buf_span(&o->groups));
        buf_addstr(&value, ours ? ",\n      " : "");
        buf_add(&value, ours ? buf_span(ours) : SPAN_NONE);
        buf_add(&value, buf_span(&o->tail));
    } else if (ours) {
        buf_addstr(&value, "[\n      ");
        buf_add(&value, buf_span(ours));
        buf_addstr(&value, "\n    ]");
    }
    enum status st = buf_status(&value) == ST_OK
                         ? edit_set(e, path, ours || o->count ? buf_span(&value) : SPAN_NONE)
                         : why_fail(e->why, ST_LIMIT, "the settings are too large");
    buf_release(&value);
    return st;
}

enum status edit_hook(struct edit *e, const char *event, const struct buf *ours)
{
    struct others o = {.count = 0};
    buf_init(&o.groups, SETTINGS_BYTES);
    buf_init(&o.tail, SETTINGS_BYTES);
    enum status st = read_others(e, event, &o);
    if (st == ST_OK && (ours || o.ours)) {
        st = write_event(e, event, &o, ours);
    }
    buf_release(&o.groups);
    buf_release(&o.tail);
    return st;
}

void edit_init(struct edit *e, struct span old, const char *mark_key, struct why *why)
{
    *e = (struct edit){.mark_key = mark_key, .why = why};
    buf_init(&e->buf[0], SETTINGS_BYTES);
    buf_init(&e->buf[1], SETTINGS_BYTES);
    e->tokens = xcalloc(SETTINGS_TOKENS, sizeof(*e->tokens));
    e->text = span_trim(old).n ? old : SPAN("{}\n");
}

enum status edit_end(struct edit *e, enum status st, struct buf *out)
{
    struct tape j;
    if (st == ST_OK) {
        st = splice_read(e->text, &j, e->tokens, e->why); /* what is written can be read */
    }
    if (st == ST_OK) {
        buf_add(out, e->text);
        st = buf_status(out);
    }
    buf_release(&e->buf[0]);
    buf_release(&e->buf[1]);
    free(e->tokens);
    return st;
}
