#include <stdio.h>

#include "model_priv.h"

/* Which attributes an event speaks of: those that it has, or all of them. */
enum reach { REACH_GIVEN, REACH_ALL };

static void note_change(struct fold *x, struct agent_item *it, enum event_field field,
                        struct span now)
{
    struct note n = note_of(x->ev->type);
    n.subject = span_str(event_field_info(field)->name);
    n.text = now;
    log_note(x, it, &n);
}

static void set_text(struct fold *x, struct agent_item *it, struct agent_traits *draft,
                     const struct agent_text *t)
{
    sid *slot = t->shared ? trait_slot(draft, t) : own_slot(&it->a, t);
    sid before = *slot;
    if (t->field == F_AGENT_PARENT) {
        agent_set_parent(x->f, it, event_text(x->ev, t->field));
    } else {
        string_set(x->f, slot, event_text(x->ev, t->field));
    }
    if (t->watched && *slot != before && x->ev->type == EVENT_AGENT_UPDATED) {
        note_change(x, it, t->field, fleet_span(x->f, *slot));
    }
}

static void set_list(struct fold *x, struct agent_item *it, struct agent_traits *draft,
                     uint32_t which)
{
    uint32_t count = 0;
    const struct event_row *rows = event_list(x->ev, agent_lists[which], &count);
    uint32_t before = draft->lists[which];
    list_keep(x->f, before);
    bool changed = list_set(x->f, &draft->lists[which], rows, count);
    if (changed && which == AGENT_LIST_CREDENTIALS) {
        credentials_renamed(x, it, before, draft->lists[which]);
    }
    list_drop(x->f, &before);
    if (!changed || x->ev->type != EVENT_AGENT_UPDATED) {
        return;
    }
    char text[32];
    (void)snprintf(text, sizeof(text), "%u entries", (unsigned)count);
    note_change(x, it, agent_lists[which], span_str(text));
}

static int32_t pid_of(int64_t n)
{
    return n > 0 && n <= INT32_MAX ? (int32_t)n : 0;
}

static void set_demo(struct fleet *f, struct agent_item *it, bool demo)
{
    f->demo -= it->a.demo;
    it->a.demo = demo;
    f->demo += it->a.demo;
}

static void set_numbers(struct fold *x, struct agent_item *it, enum reach reach)
{
    const struct event *ev = x->ev;
    if (reach == REACH_ALL || event_has(ev, F_PID)) {
        it->a.pid = pid_of(event_number(ev, F_PID));
    }
    if (reach == REACH_ALL || event_has(ev, F_AGENT_DEMO)) {
        set_demo(x->f, it, event_number(ev, F_AGENT_DEMO) != 0);
    }
}

static void set_attributes(struct fold *x, struct agent_item *it, enum reach reach)
{
    struct agent_traits draft = traits_draft(x->f, it->a.traits);
    for (uint32_t i = 0; i < agent_text_count; i++) {
        if (reach == REACH_ALL || event_has(x->ev, agent_texts[i].field)) {
            set_text(x, it, &draft, &agent_texts[i]);
        }
    }
    for (uint32_t i = 0; i < AGENT_LISTS; i++) {
        if (reach == REACH_ALL || event_has(x->ev, agent_lists[i])) {
            set_list(x, it, &draft, i);
        }
    }
    if (reach == REACH_ALL || event_has(x->ev, F_HEARTBEAT_MS)) {
        draft.heartbeat_ms = later_us(event_number(x->ev, F_HEARTBEAT_MS), 0);
    }
    agent_set_traits(x->f, it, &draft);
    set_numbers(x, it, reach);
    it->a.registered = true;
}

static void set_state(struct fold *x, struct agent_item *it, enum agent_state state)
{
    agent_set_state(x->f, it, state, x->ev->time_us);
    if (x->ev->snapshot) {
        it->a.state_since_us = x->ev->time_us;
    }
    string_set(x->f, &it->a.state_reason, event_text(x->ev, F_REASON));
    agent_may_go(x->f, it);
}

static enum agent_state state_of(const struct event *ev)
{
    return (enum agent_state)event_choice(ev, F_STATE, AGENT_STATE_COUNT);
}

/* An agent that starts again begins anew; what it spent stays. */
static void begin_run(struct fold *x, struct agent_item *it)
{
    it->a.started_us = x->ev->time_us;
    it->a.now_running = false;
    agent_set_failing(x->f, it, false);
    set_state(x, it, AGENT_STARTING);
}

static bool is_over(const struct agent *a)
{
    return a->state == AGENT_UNKNOWN || a->state == AGENT_STOPPED || a->state == AGENT_FAILED;
}

void fold_agent_started(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it == NULL) {
        return;
    }
    if (x->ev->snapshot) {
        it->a.started_us = x->ev->time_us;
    } else if (is_over(&it->a)) {
        begin_run(x, it);
    }
    set_attributes(x, it, REACH_ALL);
    if (event_has(x->ev, F_STATE)) {
        set_state(x, it, state_of(x->ev));
    }
    struct note n = note_of(x->ev->type);
    n.subject = event_text(x->ev, F_AGENT_RUNTIME);
    n.text = event_text(x->ev, F_TASK_TITLE);
    n.who = event_text(x->ev, F_AGENT_OWNER);
    log_note(x, it, &n);
}

static void change_state(struct fold *x, struct agent_item *it)
{
    enum agent_state before = it->a.state;
    sid reason = it->a.state_reason;
    set_state(x, it, state_of(x->ev));
    if (it->a.state != AGENT_FAILED && it->a.state != before) {
        agent_set_failing(x->f, it, false);
    }
    if (it->a.state != before || it->a.state_reason != reason) {
        struct note n = note_of(EVENT_AGENT_STATE);
        n.detail = (uint8_t)it->a.state;
        n.text = event_text(x->ev, F_REASON);
        log_note(x, it, &n);
    }
}

void fold_agent_updated(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it == NULL) {
        return;
    }
    set_attributes(x, it, REACH_GIVEN);
    if (event_has(x->ev, F_STATE)) {
        change_state(x, it);
    }
}

/* That nothing is known of its state comes from its back-end alone: no sign that it lives. */
static bool is_hearsay(const struct event *ev)
{
    return ev->snapshot && state_of(ev) == AGENT_UNKNOWN;
}

void fold_agent_state(struct fold *x)
{
    struct agent_item *it = is_hearsay(x->ev) ? agent_of(x) : agent_alive(x);
    if (it != NULL) {
        change_state(x, it);
    }
}
