#include "model_priv.h"

/* A new parent is refused when its own line is longer than this: a circle must be found in bounded
 * time. */
#define LINEAGE_MAX 64

_Static_assert(sizeof(struct agent_item) <= 216, "there may be FLEET_AGENTS_MAX of them");

struct agent_item *agent_find(const struct fleet *f, uint32_t backend, struct span id)
{
    sid text = id_find(f, id);
    return text == 0 ? NULL : agent_store_find(&f->agent_store, backend, text);
}

static struct agent_item *item_of(const struct fleet *f, uint32_t ref)
{
    return roster_find(&f->agents, ref);
}

/* ---- the finished and those that are not reported any more, by since when */
static void finished_leave(struct fleet *f, struct agent_item *it)
{
    if (!it->finished) {
        return;
    }
    *(it->older == 0 ? &f->finished_first : &item_of(f, it->older)->newer) = it->newer;
    *(it->newer == 0 ? &f->finished_last : &item_of(f, it->newer)->older) = it->older;
    it->older = it->newer = 0;
    it->finished = false;
}

static void finished_join(struct fleet *f, struct agent_item *it)
{
    it->older = f->finished_last;
    *(it->older == 0 ? &f->finished_first : &item_of(f, it->older)->newer) = it->a.ref;
    f->finished_last = it->a.ref;
    it->finished = true;
}

/* ---- state */
static bool in_trouble(const struct agent *a)
{
    return a->failing || a->state == AGENT_FAILED;
}

void agent_set_failing(struct fleet *f, struct agent_item *it, bool failing)
{
    f->failed -= in_trouble(&it->a);
    it->a.failing = failing;
    f->failed += in_trouble(&it->a);
}

void agent_set_state(struct fleet *f, struct agent_item *it, enum agent_state state,
                     int64_t time_us)
{
    if (state == it->a.state) {
        return;
    }
    f->by_state[it->a.state]--;
    f->failed -= in_trouble(&it->a);
    finished_leave(f, it);
    it->a.state = state;
    it->a.state_since_us = time_us;
    it->a.retrying = 0; /* while a model is tried again its agent stays what it is */
    if (state == AGENT_STOPPED) {
        it->a.now_running = false;
        tasks_agent_over(f, it, time_us);
        finished_join(f, it);
    }
    f->by_state[state]++;
    f->failed += in_trouble(&it->a);
}

void agent_set_lost(struct fleet *f, struct agent_item *it, int64_t time_us)
{
    agent_set_state(f, it, AGENT_UNKNOWN, time_us);
    agent_set_failing(f, it, false);
    it->a.state_since_us = time_us;
    it->a.now_running = false;
    it->a.retrying = 0;
    it->lost = true;
    if (!it->finished) {
        finished_join(f, it);
    }
}

static bool is_held(const struct fleet *f, const struct agent *a)
{
    return a->pending > 0 ||
           (a->traits->gate != 0 && !span_is(fleet_span(f, a->traits->gate), "open"));
}

void agent_may_go(struct fleet *f, struct agent_item *it)
{
    if (it->a.state == AGENT_UNKNOWN && !it->finished && !is_held(f, &it->a)) {
        finished_join(f, it);
    }
}

/* ---- parents: the index has the first of those that wait for an id */
static void wait_leave(struct fleet *f, struct agent_item *it)
{
    if (!it->waiting) {
        return;
    }
    uint64_t key = index_key(it->a.backend, it->a.parent_id);
    struct agent_item *next = item_of(f, it->wait_next);
    if (next != NULL) {
        next->wait_prev = it->wait_prev;
    }
    if (it->wait_prev != 0) {
        item_of(f, it->wait_prev)->wait_next = it->wait_next;
    } else if (next != NULL) {
        index_put(&f->waiting_children, key, next);
    } else {
        index_del(&f->waiting_children, key);
    }
    it->wait_next = it->wait_prev = 0;
    it->waiting = false;
}

static void wait_join(struct fleet *f, struct agent_item *it)
{
    uint64_t key = index_key(it->a.backend, it->a.parent_id);
    struct agent_item *next = index_get(&f->waiting_children, key);
    if (next != NULL) {
        it->wait_next = next->a.ref;
        next->wait_prev = it->a.ref;
    }
    index_put(&f->waiting_children, key, it);
    it->waiting = true;
}

/* Whether `it` stands in the line above `from`; a line too long to tell counts as one. */
static bool is_above(const struct fleet *f, const struct agent_item *it,
                     const struct agent_item *from)
{
    for (int steps = 0; steps < LINEAGE_MAX; steps++) {
        if (from == NULL || from == it) {
            return from == it;
        }
        from = item_of(f, from->a.parent);
    }
    return true;
}

void agent_set_parent(struct fleet *f, struct agent_item *it, struct span id)
{
    wait_leave(f, it);
    id_set(f, &it->a.parent_id, id);
    it->a.parent = 0;
    if (it->a.parent_id == 0) {
        return;
    }
    const struct agent_item *parent =
        agent_store_find(&f->agent_store, it->a.backend, it->a.parent_id);
    if (parent == NULL) {
        wait_join(f, it);
    } else if (!is_above(f, it, parent)) {
        it->a.parent = parent->a.ref;
    }
}

static void adopt_children(struct fleet *f, struct agent_item *parent)
{
    uint64_t key = index_key(parent->a.backend, parent->a.id);
    struct agent_item *child = index_get(&f->waiting_children, key);
    index_del(&f->waiting_children, key);
    while (child != NULL) {
        struct agent_item *next = item_of(f, child->wait_next);
        child->wait_next = child->wait_prev = 0;
        child->waiting = false;
        if (!is_above(f, child, parent)) {
            child->a.parent = parent->a.ref;
        }
        child = next;
    }
}

/* ---- coming and going */
static void agent_uncount(struct fleet *f, const struct agent_item *it)
{
    f->by_state[it->a.state]--;
    f->failed -= in_trouble(&it->a);
    f->demo -= it->a.demo;
    backend_item(f, it->a.backend)->b.agents--;
}

static void agent_evict(struct fold *x, struct agent_item *it)
{
    struct fleet *f = x->f;
    if (it->a.pending > 0) {
        approvals_withdraw_of(x, it, "its agent is gone");
    }
    finished_leave(f, it);
    wait_leave(f, it);
    agent_uncount(f, it);
    tasks_forget(f, it->a.ref);
    roster_remove(&f->agents, it->a.ref);
    sid id = it->a.id;
    credentials_renamed(x, it, it->a.traits->lists[AGENT_LIST_CREDENTIALS], 0);
    agent_drop_texts(f, it);
    agent_store_remove(&f->agent_store, it);
    string_drop(f, &id);
    f->evicted++;
}

/* Said once until there is room again. */
static void say_full(struct fold *x)
{
    x->f->refused++;
    if (x->b->full_said) {
        return;
    }
    x->b->full_said = true;
    struct note n = note_of(EVENT_AGENT_STARTED);
    n.subject = event_text(x->ev, F_AGENT_ID);
    n.text = SPAN("no room for more agents: this one and others are not shown");
    log_always(x, NULL, &n);
}

static bool make_room(struct fold *x)
{
    struct fleet *f = x->f;
    if (f->agents.count < FLEET_AGENTS_MAX) {
        return true;
    }
    if (f->finished_first == 0) {
        say_full(x);
        return false;
    }
    agent_evict(x, item_of(f, f->finished_first));
    x->b->full_said = false;
    return true;
}

static struct agent_item *agent_new(struct fold *x, struct span id)
{
    if (!make_room(x)) {
        return NULL;
    }
    struct fleet *f = x->f;
    sid own_id = 0;
    id_set(f, &own_id, id);
    struct agent_item *it = agent_store_add(&f->agent_store, x->b->b.ref, own_id);
    it->a.ref = roster_add(&f->agents, it);
    it->a.traits = traits_hold(f, &(struct agent_traits){0});
    it->a.state_since_us = x->ev->time_us;
    it->epoch = x->b->epoch;
    f->by_state[AGENT_UNKNOWN]++;
    x->b->b.agents++;
    adopt_children(f, it);
    return it;
}

struct agent_item *agent_of(struct fold *x)
{
    struct span id = event_text(x->ev, F_AGENT_ID);
    if (id.n == 0) {
        return NULL;
    }
    struct agent_item *it = agent_find(x->f, x->b->b.ref, id);
    if (it != NULL && x->ev->snapshot) {
        it->epoch = x->b->epoch;
    }
    return it != NULL ? it : agent_new(x, id);
}

struct agent_item *agent_alive(struct fold *x)
{
    struct agent_item *it = agent_of(x);
    if (it != NULL) {
        if (it->a.last_event_us == 0 &&
            !x->ev->snapshot) { /* named before, and now heard of for the first time */
            it->a.state_since_us = x->ev->time_us;
        }
        it->a.last_event_us = later_us(it->a.last_event_us, x->ev->time_us);
        it->epoch = x->b->epoch;
        if (it->a.state != AGENT_STOPPED) {
            finished_leave(x->f, it);
        }
        if (it->lost) {
            it->lost = false;
            string_drop(x->f, &it->a.state_reason);
        }
    }
    return it;
}

void agents_release(struct fleet *f)
{
    roster_release(&f->agents);
    agent_store_release(&f->agent_store);
    traits_release(&f->traits);
    index_release(&f->waiting_children);
}

/* ---- queries */
uint32_t fleet_agent_count(const struct fleet *f)
{
    return f->agents.count;
}

const struct agent *fleet_agent_at(const struct fleet *f, uint32_t index)
{
    const struct agent_item *it = index < f->agents.count ? f->agents.items[index] : NULL;
    return it == NULL ? NULL : &it->a;
}

const struct agent *fleet_agent(const struct fleet *f, uint32_t ref)
{
    const struct agent_item *it = roster_find(&f->agents, ref);
    return it == NULL ? NULL : &it->a;
}

const struct agent *fleet_agent_by_id(const struct fleet *f, struct span backend, struct span id)
{
    const struct backend *b = fleet_backend_named(f, backend);
    const struct agent_item *it = b == NULL ? NULL : agent_find(f, b->ref, id);
    return it == NULL ? NULL : &it->a;
}
