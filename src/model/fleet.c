#include <stdlib.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

typedef void fold_fn(struct fold *x);

static fold_fn *const folds[EVENT_TYPE_COUNT] = {
    [EVENT_AGENT_STARTED] = fold_agent_started,
    [EVENT_AGENT_UPDATED] = fold_agent_updated,
    [EVENT_AGENT_STATE] = fold_agent_state,
    [EVENT_ACTION_STARTED] = fold_action_started,
    [EVENT_ACTION_OUTPUT] = fold_action_output,
    [EVENT_ACTION_FINISHED] = fold_action_finished,
    [EVENT_APPROVAL_REQUESTED] = fold_approval_requested,
    [EVENT_APPROVAL_RESOLVED] = fold_approval_resolved,
    [EVENT_TASK_STARTED] = fold_task_started,
    [EVENT_TASK_FINISHED] = fold_task_finished,
    [EVENT_SPEND_RECORDED] = fold_spend_recorded,
    [EVENT_SPEND_DAY] = fold_spend_day,
    [EVENT_BUDGET_CHANGED] = fold_budget_changed,
    [EVENT_FAILURE_REPORTED] = fold_failure_reported,
    [EVENT_CREDENTIAL_ISSUED] = fold_credential,
    [EVENT_CREDENTIAL_USED] = fold_credential,
    [EVENT_CREDENTIAL_REVOKED] = fold_credential,
    [EVENT_CREDENTIAL_CHANGED] = fold_credential,
    [EVENT_SIGNAL_RAISED] = fold_signal_raised,
    [EVENT_POLICY_DECIDED] = fold_policy_decided,
    [EVENT_POLICY_LOADED] = fold_policy_loaded,
    [EVENT_FLEET_STOP] = fold_fleet_stop,
    [EVENT_OPERATOR_COMMAND] = fold_operator_command,
    [EVENT_OPERATOR_RESULT] = fold_operator_result,
    [EVENT_OPERATOR_PRESENCE] = fold_operator_presence,
    [EVENT_BACKEND_LINK] = fold_backend_link,
    [EVENT_UNKNOWN] = fold_unknown,
};

struct fleet *fleet_new(void)
{
    struct fleet *f = xcalloc(1, sizeof(*f));
    f->pool = pool_new();
    lists_init(&f->lists);
    map_init(&f->backend_by_name);
    return f;
}

/* Strings go with the pool at once: nothing is dropped one by one here. */
void fleet_free(struct fleet *f)
{
    if (f == NULL) {
        return;
    }
    tasks_release(f);
    agents_release(f);
    approvals_release(f);
    commands_release(f);
    credentials_release(f);
    log_release(f);
    lists_release(&f->lists);
    backends_release(f);
    pool_free(f->pool);
    free(f);
}

static bool was_folded(const struct backend *b, const struct event *ev)
{
    return !ev->snapshot && ev->seq != 0 && ev->seq <= b->seq;
}

void fleet_apply(struct fleet *f, const struct event *ev)
{
    struct fold x = {.f = f, .b = backend_of(f, ev->backend), .ev = ev};
    struct backend *b = &x.b->b;
    if (was_folded(b, ev)) {
        return;
    }
    if (!ev->snapshot && ev->seq != 0) {
        b->seq = ev->seq;
    }
    f->generation++;
    f->events++;
    b->last_event_us = later_us(b->last_event_us, ev->time_us);
    f->newest_event_us = later_us(f->newest_event_us, ev->time_us);
    folds[(unsigned)ev->type < EVENT_TYPE_COUNT ? ev->type : EVENT_UNKNOWN](&x);
}

uint64_t fleet_generation(const struct fleet *f)
{
    return f->generation;
}

static int64_t oldest_pending(const struct fleet *f)
{
    int64_t oldest = 0;
    uint32_t count = fleet_pending_count(f);
    for (uint32_t i = 0; i < count; i++) {
        int64_t at = fleet_pending_at(f, i)->requested_us;
        oldest = i == 0 || at < oldest ? at : oldest;
    }
    return oldest;
}

static void add_backend(struct fleet_totals *t, const struct backend *b)
{
    t->backends++;
    t->backends_live += b->link == LINK_LIVE || b->link == LINK_FROZEN;
    t->stop_requested = add_saturating(t->stop_requested, b->stop_requested);
    t->stop_confirmed = add_saturating(t->stop_confirmed, b->stop_confirmed);
    t->stop_unreachable = add_saturating(t->stop_unreachable, b->stop_unreachable);
    if (b->stop_latched && (!t->stop_latched || b->stop_since_us < t->stop_since_us)) {
        t->stop_since_us = b->stop_since_us;
    }
    t->stop_latched |= b->stop_latched;
}

static uint32_t agents_not_over(const struct fleet *f, uint32_t backend)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->agents.count; i++) {
        const struct agent_item *it = f->agents.items[i];
        count += it->a.backend == backend && it->a.state != AGENT_STOPPED;
    }
    return count;
}

static void add_unanswered_stop(struct fleet_totals *t, const struct fleet *f,
                                const struct backend *b)
{
    if (b->stop_asked && !b->stop_latched) {
        int64_t agents = later_us(agents_not_over(f, b->ref), b->stop_asked_agents);
        t->stop_unanswered = true;
        if (t->stop_since_us == 0 || b->stop_asked_us < t->stop_since_us) {
            t->stop_since_us = b->stop_asked_us;
        }
        t->stop_requested = add_saturating(t->stop_requested, agents);
        t->stop_unreachable = add_saturating(t->stop_unreachable, agents);
    }
}

void fleet_totals(const struct fleet *f, struct fleet_totals *out)
{
    *out = (struct fleet_totals){
        .agents = f->agents.count,
        .pending = fleet_pending_count(f),
        .oldest_pending_us = oldest_pending(f),
        .cost_microusd = f->cost_microusd,
        .cost_estimated = f->cost_estimated,
        .unpriced = f->unpriced,
        .newest_event_us = f->newest_event_us,
        .failed = f->failed,
        .events = f->events,
        .unknown = f->unknown,
        .evicted = f->evicted,
        .refused = f->refused + f->credentials_refused,
        .demo = f->demo > 0,
    };
    for (int i = 0; i < AGENT_STATE_COUNT; i++) {
        out->by_state[i] = f->by_state[i];
    }
    for (uint32_t i = 0; i < fleet_backend_count(f); i++) {
        const struct backend *b = fleet_backend_at(f, i);
        add_backend(out, b);
        add_unanswered_stop(out, f, b);
    }
}
