/* Who else is connected to a back-end, as it says itself: operator.presence, and its snapshot. */
#include <string.h>

#include "model_priv.h"

/* A platform that does not tell its connections apart is taken by the operators' names. */
static struct span key_of(const struct event *ev)
{
    struct span connection = event_text(ev, F_CONNECTION);
    return connection.n > 0 ? connection : event_text(ev, F_OPERATOR);
}

static uint32_t find(const struct fleet *f, uint32_t backend, struct span key)
{
    sid connection = id_find(f, key);
    uint32_t i = 0;
    while (i < f->watcher_count && !(connection != 0 && f->watchers[i].w.connection == connection &&
                                     f->watchers[i].w.backend == backend)) {
        i++;
    }
    return i;
}

static void drop(struct fleet *f, uint32_t i)
{
    struct watcher *w = &f->watchers[i].w;
    string_drop(f, &w->id);
    string_drop(f, &w->connection);
    string_drop(f, &w->path);
    f->watcher_count--;
    memmove(&f->watchers[i], &f->watchers[i + 1], (f->watcher_count - i) * sizeof(f->watchers[0]));
}

static uint32_t scopes_of(const struct event *ev)
{
    uint32_t count = 0;
    uint32_t scopes = 0;
    const struct event_row *rows = event_list(ev, F_OPERATOR_SCOPES, &count);
    for (uint32_t i = 0; i < count; i++) {
        scopes |= scope_find(rows[i].cell[0]);
    }
    return scopes;
}

/* One too many is not shown; that there are so many is. */
static void put(struct fold *x)
{
    struct fleet *f = x->f;
    uint32_t i = find(f, x->b->b.ref, key_of(x->ev));
    if (i == FLEET_WATCHERS_MAX || key_of(x->ev).n == 0) {
        return;
    }
    struct watcher_item *it = &f->watchers[i];
    if (i == f->watcher_count) {
        *it = (struct watcher_item){
            .w = {.backend = x->b->b.ref, .since_us = x->ev->time_us}
        };
        id_set(f, &it->w.connection, key_of(x->ev));
        f->watcher_count++;
    }
    it->epoch = x->b->epoch;
    it->w.scopes = scopes_of(x->ev);
    id_set(f, &it->w.id, event_text(x->ev, F_OPERATOR));
    string_set(f, &it->w.path, event_text(x->ev, F_OPERATOR_PATH));
}

void fold_operator_presence(struct fold *x)
{
    struct note n = note_of(EVENT_OPERATOR_PRESENCE);
    bool here = event_number(x->ev, F_PRESENT) != 0;
    n.detail = here;
    n.subject = event_text(x->ev, F_OPERATOR_LABEL);
    n.text = event_text(x->ev, F_OPERATOR_PATH);
    n.who = event_text(x->ev, F_OPERATOR);
    log_note(x, NULL, &n);
    if (here) {
        put(x);
        return;
    }
    uint32_t i = find(x->f, x->b->b.ref, key_of(x->ev));
    if (i < x->f->watcher_count) {
        drop(x->f, i);
    }
}

void watchers_drop_lost(struct fleet *f, const struct backend_item *b)
{
    for (uint32_t i = f->watcher_count; i > 0; i--) {
        const struct watcher_item *it = &f->watchers[i - 1];
        if (it->w.backend == b->b.ref && it->epoch != b->epoch) {
            drop(f, i - 1);
        }
    }
}

void fold_offered_rights(struct fold *x)
{
    struct backend *b = &x->b->b;
    if (event_has(x->ev, F_OPERATOR_SCOPES)) {
        b->scopes = scopes_of(x->ev);
        b->scopes_told = true;
    }
    if (event_has(x->ev, F_OPERATOR)) {
        string_set(x->f, &b->operator_id, event_text(x->ev, F_OPERATOR));
        id_set(x->f, &b->connection, event_text(x->ev, F_CONNECTION));
    }
}

uint32_t fleet_watcher_count(const struct fleet *f)
{
    return f->watcher_count;
}

const struct watcher *fleet_watcher_at(const struct fleet *f, uint32_t index)
{
    return index < f->watcher_count ? &f->watchers[index].w : NULL;
}

bool fleet_watcher_is_us(const struct fleet *f, const struct watcher *w)
{
    const struct backend *b = fleet_backend(f, w->backend);
    return b != NULL && b->connection != 0 && b->connection == w->connection;
}

bool fleet_readonly(const struct fleet *f)
{
    uint32_t told = 0;
    for (uint32_t i = 0; i < fleet_backend_count(f); i++) {
        const struct backend *b = fleet_backend_at(f, i);
        told += b->scopes_told;
        if (!b->scopes_told || (b->scopes & ~SCOPE_BIT(SCOPE_READ)) != 0) {
            return false;
        }
    }
    return told > 0;
}
