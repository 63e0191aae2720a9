#include <stdlib.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

static struct backend_item *backend_new(struct fleet *f, struct span name)
{
    struct backend_item *it = xcalloc(1, sizeof(*it));
    it->b.ref = roster_add(&f->backends, it);
    it->b.name = string_hold(f, name);
    (void)map_put(&f->backend_by_name, name, it->b.ref);
    return it;
}

struct backend_item *backend_of(struct fleet *f, struct span name)
{
    uint32_t ref = 0;
    bool known = map_get(&f->backend_by_name, name, &ref);
    return known ? backend_item(f, ref) : backend_new(f, name);
}

/* None ever leaves: refs are 1 and up in a row. */
struct backend_item *backend_item(const struct fleet *f, uint32_t ref)
{
    return ref > 0 && ref <= f->backends.count ? f->backends.items[ref - 1] : NULL;
}

void backends_release(struct fleet *f)
{
    for (uint32_t i = 0; i < f->backends.count; i++) {
        free(f->backends.items[i]);
    }
    roster_release(&f->backends);
    map_release(&f->backend_by_name);
}

static uint32_t verbs_of(const struct event *ev)
{
    uint32_t count = 0;
    uint32_t verbs = 0;
    const struct event_row *rows = event_list(ev, F_CAPABILITIES, &count);
    for (uint32_t i = 0; i < count; i++) {
        enum verb v = verb_find(rows[i].cell[0]);
        verbs |= v == VERB_UNKNOWN ? 0 : 1u << v;
    }
    return verbs;
}

static int64_t retry_at(const struct event *ev)
{
    int64_t wait_ms = event_number(ev, F_RETRY_MS);
    if (wait_ms <= 0 || wait_ms > INT64_MAX / 1000) {
        return 0;
    }
    return add_saturating(ev->time_us, wait_ms * 1000);
}

void fold_backend_link(struct fold *x)
{
    struct backend *b = &x->b->b;
    enum link_state link = (enum link_state)event_choice(x->ev, F_LINK, LINK_COUNT);
    bool changed = link != b->link;
    if (changed) {
        b->link = link;
        b->link_since_us = x->ev->time_us;
    }
    b->retry_at_us = retry_at(x->ev);
    string_set(x->f, &b->why, event_text(x->ev, F_REASON));
    if (event_has(x->ev, F_BACKEND_KIND)) {
        string_set(x->f, &b->kind, event_text(x->ev, F_BACKEND_KIND));
    }
    if (event_has(x->ev, F_CAPABILITIES)) {
        b->verbs = verbs_of(x->ev);
    }
    fold_offered_rights(x);
    if (changed) {
        struct note n = note_of(x->ev->type);
        n.detail = (uint8_t)link;
        n.subject = fleet_span(x->f, b->name);
        n.text = event_text(x->ev, F_REASON);
        log_note(x, NULL, &n);
    }
}

static int64_t count_of(const struct event *ev, enum event_field field)
{
    int64_t n = event_number(ev, field);
    return n < 0 ? 0 : n;
}

void backend_stop_answered(struct backend *b)
{
    b->stop_asked = false;
    b->stop_asked_us = b->stop_asked_agents = 0;
}

void fold_fleet_stop(struct fold *x)
{
    struct backend *b = &x->b->b;
    bool latched = event_number(x->ev, F_STOP_LATCHED) != 0;
    if (latched != b->stop_latched) {
        b->stop_since_us = latched ? x->ev->time_us : 0;
    }
    b->stop_latched = latched;
    backend_stop_answered(b);
    b->stop_requested = count_of(x->ev, F_STOP_REQUESTED);
    b->stop_confirmed = count_of(x->ev, F_STOP_CONFIRMED);
    b->stop_unreachable = count_of(x->ev, F_STOP_UNREACHABLE);
    struct note n = note_of(x->ev->type);
    n.detail = latched;
    n.subject = fleet_span(x->f, b->name);
    n.text = event_text(x->ev, F_REASON);
    n.who = event_text(x->ev, F_OPERATOR);
    log_note(x, NULL, &n);
}

uint32_t fleet_backend_count(const struct fleet *f)
{
    return f->backends.count;
}

const struct backend *fleet_backend(const struct fleet *f, uint32_t ref)
{
    const struct backend_item *it = backend_item(f, ref);
    return it == NULL ? NULL : &it->b;
}

const struct backend *fleet_backend_at(const struct fleet *f, uint32_t index)
{
    return index < f->backends.count ? fleet_backend(f, index + 1) : NULL;
}

const struct backend *fleet_backend_named(const struct fleet *f, struct span name)
{
    uint32_t ref = 0;
    return map_get(&f->backend_by_name, name, &ref) ? fleet_backend(f, ref) : NULL;
}
