#include "checkrein/event.h"

#include <assert.h>

#define BITS 64u

static bool is_kind(enum event_field f, enum event_kind kind)
{
    const struct event_field_info *info = event_field_info(f);
    return info != NULL && info->kind == kind;
}

static bool is_number(enum event_field f)
{
    return is_kind(f, EVENT_INT) || is_kind(f, EVENT_BOOL) || is_kind(f, EVENT_TIME) ||
           is_kind(f, EVENT_ENUM);
}

static void mark_present(struct event *ev, enum event_field f)
{
    ev->present[f / BITS] |= UINT64_C(1) << f % BITS;
}

void event_init(struct event *ev, enum event_type type, int64_t time_us)
{
    ev->type = type;
    ev->time_us = time_us;
    ev->seq = 0;
    ev->id = ev->source = ev->subject = ev->backend = ev->raw_type = SPAN_NONE;
    ev->snapshot = ev->repaired = false;
    for (uint32_t word = 0; word < ARRAY_LEN(ev->present); word++) {
        ev->present[word] = 0;
    }
}

bool event_has(const struct event *ev, enum event_field f)
{
    return (unsigned)f < EVENT_FIELD_COUNT && (ev->present[f / BITS] >> f % BITS & 1u) != 0;
}

void event_set_text(struct event *ev, enum event_field f, struct span s)
{
    assert(is_kind(f, EVENT_STR));
    ev->value[f].text = s;
    mark_present(ev, f);
}

void event_put_text(struct event *ev, enum event_field f, struct span s)
{
    if (s.n > 0) {
        event_set_text(ev, f, s);
    }
}

void event_set_number(struct event *ev, enum event_field f, int64_t n)
{
    assert(is_number(f));
    ev->value[f].number = is_kind(f, EVENT_BOOL) ? n != 0 : n;
    mark_present(ev, f);
}

void event_unset(struct event *ev, enum event_field f)
{
    if ((unsigned)f < EVENT_FIELD_COUNT) {
        ev->present[f / BITS] &= ~(UINT64_C(1) << f % BITS);
    }
}

void event_set_list(struct event *ev, enum event_field f, const struct event_row *rows,
                    uint32_t count)
{
    assert(is_kind(f, EVENT_LIST));
    ev->value[f].list.rows = rows;
    ev->value[f].list.count = count;
    mark_present(ev, f);
}

struct span event_text(const struct event *ev, enum event_field f)
{
    assert(is_kind(f, EVENT_STR));
    return event_has(ev, f) ? ev->value[f].text : SPAN_NONE;
}

int64_t event_number(const struct event *ev, enum event_field f)
{
    assert(is_number(f));
    return event_has(ev, f) ? ev->value[f].number : 0;
}

const struct event_row *event_list(const struct event *ev, enum event_field f, uint32_t *count)
{
    assert(is_kind(f, EVENT_LIST));
    *count = event_has(ev, f) ? ev->value[f].list.count : 0;
    return *count > 0 ? ev->value[f].list.rows : NULL;
}

/* An empty name or id names nothing. */
static bool is_given(const struct event *ev, enum event_field f)
{
    return event_has(ev, f) && (!is_kind(f, EVENT_STR) || ev->value[f].text.n > 0);
}

/* A negative count would take away from sums that an operator relies on. */
static bool is_bounded(enum event_field f, int64_t n)
{
    int64_t least = event_field_info(f)->set[0] != '\0' ? -EVENT_INT_MAX : 0;
    return n >= least && n <= EVENT_INT_MAX;
}

static enum status check_numbers(const struct event *ev, struct why *why)
{
    for (uint32_t word = 0; word < ARRAY_LEN(ev->present); word++) {
        for (uint64_t bits = ev->present[word]; bits != 0; bits &= bits - 1) {
            uint32_t f = word * BITS + (uint32_t)__builtin_ctzll(bits);
            enum event_field field = (enum event_field)f;
            if (is_kind(field, EVENT_INT) && !is_bounded(field, ev->value[f].number)) {
                return why_fail(why, ST_INVALID, "%s is out of bounds",
                                event_field_info(field)->name);
            }
        }
    }
    return ST_OK;
}

enum status event_check(const struct event *ev, struct why *why)
{
    for (const enum event_field *f = event_required(ev->type); *f != EVENT_FIELD_COUNT; f++) {
        if (!is_given(ev, *f)) {
            return why_fail(why, ST_INVALID, "%s without %s", event_type_name(ev->type),
                            event_field_info(*f)->name);
        }
    }
    if (event_text(ev, F_ACTION).n > ACTION_BYTES_MAX) {
        return why_fail(why, ST_LIMIT, "%s is longer than %zu bytes",
                        event_field_info(F_ACTION)->name, ACTION_BYTES_MAX);
    }
    return check_numbers(ev, why);
}
