/* snapshot.c - the state of a back-end as events, thing by thing, while the fold goes on.
 *
 * What there was when the cut was made is listed by ref. Each thing is told as it was then: at its
 * turn, or right before an event changes it.
 */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

struct teller {
    const struct fleet *f;
    const struct backend *b;
    uint64_t seq;
    fleet_tell_fn *emit;
    void *ctx;
    struct event ev; /* the one being made */
};

static void begin(struct teller *t, enum event_type type, int64_t time_us)
{
    event_init(&t->ev, type, time_us);
    t->ev.backend = fleet_span(t->f, t->b->name);
    t->ev.seq = t->seq;
    t->ev.snapshot = true;
}

static void begin_for(struct teller *t, enum event_type type, int64_t time_us,
                      const struct agent *a)
{
    begin(t, type, time_us);
    event_set_text(&t->ev, F_AGENT_ID, fleet_span(t->f, a->id));
}

static void text(struct teller *t, enum event_field field, sid id)
{
    event_put_text(&t->ev, field, fleet_span(t->f, id));
}

/* Zero says the same as absent. */
static void number(struct teller *t, enum event_field field, int64_t n)
{
    if (n != 0) {
        event_set_number(&t->ev, field, n);
    }
}

static void list(struct teller *t, enum event_field field, uint32_t id)
{
    uint32_t count = 0;
    const struct event_row *rows = list_rows(t->f, id, &count);
    if (count > 0) {
        event_set_list(&t->ev, field, rows, count);
    }
}

static void tell(struct teller *t)
{
    t->emit(t->ctx, &t->ev);
}

static void tell_registration(struct teller *t, const struct agent *a)
{
    begin_for(t, EVENT_AGENT_STARTED, a->started_us, a);
    for (uint32_t i = 0; i < agent_text_count; i++) {
        text(t, agent_texts[i].field, agent_text_sid(a, &agent_texts[i]));
    }
    for (uint32_t i = 0; i < AGENT_LISTS; i++) {
        list(t, agent_lists[i], a->traits->lists[i]);
    }
    number(t, F_PID, a->pid);
    number(t, F_HEARTBEAT_MS, a->traits->heartbeat_ms);
    number(t, F_AGENT_DEMO, a->demo);
    tell(t);
}

static void tell_state(struct teller *t, const struct agent *a)
{
    begin_for(t, EVENT_AGENT_STATE, a->state_since_us, a);
    event_set_number(&t->ev, F_STATE, a->state);
    text(t, F_REASON, a->state_reason);
    tell(t);
}

static void tell_action(struct teller *t, const struct agent_item *it, enum event_type type)
{
    begin_for(t, type, it->a.now_since_us, &it->a);
    text(t, F_TOOL, it->a.now_tool);
    text(t, F_SUMMARY, it->a.now);
    text(t, F_ACTION_ID, it->now_action);
    if (type == EVENT_ACTION_FINISHED) {
        event_set_number(&t->ev, F_OUTCOME, OUTCOME_UNKNOWN);
    }
    tell(t);
}

static void tell_now(struct teller *t, const struct agent_item *it)
{
    if (it->a.now_since_us == 0 && !it->a.now_running) {
        return;
    }
    tell_action(t, it, EVENT_ACTION_STARTED);
    if (!it->a.now_running) {
        tell_action(t, it, EVENT_ACTION_FINISHED);
    }
}

static void begin_spend(struct teller *t, const struct agent *a)
{
    begin_for(t, EVENT_SPEND_RECORDED, a->last_event_us, a);
    number(t, F_TOKENS_IN, a->tokens_in);
    number(t, F_TOKENS_OUT, a->tokens_out);
    number(t, F_TOKENS_CACHED, a->tokens_cached);
    number(t, F_TOKENS_REASONING, a->tokens_reasoning);
}

static void tell_beside(struct teller *t, const struct agent *a)
{
    if (a->traits->beside_in == 0 && a->traits->beside_out == 0 &&
        a->traits->beside_microusd == 0) {
        return;
    }
    begin_for(t, EVENT_SPEND_RECORDED, a->last_event_us, a);
    event_set_number(&t->ev, F_SPEND_SOURCE, SPEND_SOURCE_BESIDE);
    number(t, F_TOKENS_IN, a->traits->beside_in);
    number(t, F_TOKENS_OUT, a->traits->beside_out);
    number(t, F_COST_MICROUSD, a->traits->beside_microusd);
    tell(t);
}

/* Tokens without a cost come first: that some had none is seen from such an event only. */
static void tell_spend(struct teller *t, const struct agent *a)
{
    begin_spend(t, a);
    if (a->unpriced) {
        tell(t);
        begin_spend(t, a);
    }
    event_set_number(&t->ev, F_COST_MICROUSD, a->cost_microusd);
    number(t, F_COST_ESTIMATED, a->cost_estimated);
    number(t, F_BUDGET_LIMIT, a->traits->budget_limit);
    number(t, F_BUDGET_USED, a->budget_used);
    number(t, F_BUDGET_TOKENS, a->traits->budget_tokens);
    number(t, F_BUDGET_TOKENS_USED, a->traits->budget_tokens_used);
    number(t, F_SPEND_UNTOLD, a->traits->untold);
    number(t, F_SPEND_BOUND, a->traits->bound_microusd);
    number(t, F_SPEND_BOUND_TOKENS, a->traits->bound_tokens);
    number(t, F_SPEND_SOURCE, a->traits->metered ? SPEND_SOURCE_GATEWAY : SPEND_SOURCE_UNKNOWN);
    tell(t);
    tell_beside(t, a);
}

static void tell_failure(struct teller *t, const struct agent *a)
{
    const struct log_entry *e = fleet_log_entry(t->f, a->last_failure);
    begin_for(t, EVENT_FAILURE_REPORTED, a->last_event_us, a);
    event_set_number(&t->ev, F_FAILURE_CLASS,
                     e != NULL && e->type == EVENT_FAILURE_REPORTED ? e->detail : FAILURE_UNKNOWN);
    tell(t);
}

static void tell_retrying(struct teller *t, const struct agent *a)
{
    begin_for(t, EVENT_FAILURE_REPORTED, a->last_event_us, a);
    event_set_number(&t->ev, F_FAILURE_CLASS, FAILURE_MODEL);
    event_set_number(&t->ev, F_RETRYING, true);
    event_set_number(&t->ev, F_ATTEMPT, a->retrying);
    tell(t);
}

/* ---- tasks: those that ended, the one that is worked on, and the sums of all that ended. What has
 * no price comes first, as of spend. */
static void begin_task(struct teller *t, const struct agent *a, const struct task *task)
{
    begin_for(t, task->open ? EVENT_TASK_STARTED : EVENT_TASK_FINISHED,
              task->open ? task->began_us : task->ended_us, a);
    text(t, F_TASK_ID, task->id);
    text(t, F_TASK_TITLE, task->title);
    if (!task->open) {
        event_set_number(&t->ev, F_TASK_OUTCOME, task->outcome);
        number(t, F_DURATION_MS, later_us(task->ended_us / 1000 - task->began_us / 1000, 0));
    }
    number(t, F_TOKENS_IN, task->tokens_in);
    number(t, F_TOKENS_OUT, task->tokens_out);
    number(t, F_SPEND_BOUND, task->bound_microusd);
    number(t, F_SPEND_BOUND_TOKENS, task->bound_tokens);
    number(t, F_BUDGET_LIMIT, task->limit_microusd);
    number(t, F_BUDGET_TOKENS, task->limit_tokens);
}

static void tell_task(struct teller *t, const struct agent *a, const struct task *task)
{
    begin_task(t, a, task);
    if (task->unpriced) {
        tell(t);
        begin_task(t, a, task);
    }
    event_set_number(&t->ev, F_COST_MICROUSD, task->cost_microusd);
    number(t, F_COST_ESTIMATED, task->cost_estimated);
    number(t, F_SPEND_UNTOLD, task->untold);
    tell(t);
}

static void begin_sums(struct teller *t, const struct agent *a, unsigned outcome, int64_t count)
{
    begin_for(t, EVENT_TASK_FINISHED, a->last_event_us, a);
    event_set_number(&t->ev, F_TASK_OUTCOME, outcome);
    event_set_number(&t->ev, F_TASK_COUNT, count);
}

static void put_sums(struct teller *t, const struct task_sums *s)
{
    number(t, F_TOKENS_IN, s->tokens_in);
    number(t, F_TOKENS_OUT, s->tokens_out);
}

/* Those of which nobody said anything come alone, without a figure. */
static void tell_sums(struct teller *t, const struct agent *a, unsigned outcome,
                      const struct task_sums *s)
{
    begin_sums(t, a, outcome, s->count);
    if (s->silent > 0) {
        event_set_number(&t->ev, F_TASK_COUNT, s->silent);
        tell(t);
        begin_sums(t, a, outcome, s->count);
    }
    put_sums(t, s);
    if (s->unpriced) {
        tell(t);
    }
    event_set_number(&t->ev, F_COST_MICROUSD, s->cost_microusd);
    number(t, F_COST_ESTIMATED, s->cost_estimated);
    number(t, F_SPEND_UNTOLD, s->untold);
    tell(t);
}

static void tell_tasks(struct teller *t, const struct agent *a)
{
    const struct agent_tasks *at = tasks_find(t->f, a->ref);
    if (at == NULL) {
        return;
    }
    for (const struct task_item *it = at->oldest; it != NULL; it = it->own_newer) {
        tell_task(t, a, &it->t);
    }
    if (at->open != NULL) {
        tell_task(t, a, &at->open->t);
    }
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        if (at->ended[o].count > 0 || at->ended[o].tokens_in > 0 || at->ended[o].tokens_out > 0 ||
            at->ended[o].cost_microusd > 0) {
            tell_sums(t, a, o, &at->ended[o]);
        }
    }
}

static void tell_agent(struct teller *t, const struct agent_item *it)
{
    if (it->a.registered) {
        tell_registration(t, &it->a);
    }
    tell_state(t, &it->a); /* before the action: the end of an agent ends what it does */
    tell_now(t, it);
    tell_spend(t, &it->a);
    tell_tasks(t, &it->a);
    if (it->a.failing) {
        tell_failure(t, &it->a);
    }
    if (it->a.retrying > 0) {
        tell_retrying(t, &it->a);
    }
}

static void tell_approval(struct teller *t, const struct approval_item *it)
{
    const struct approval *a = &it->a;
    begin_for(t, EVENT_APPROVAL_REQUESTED, a->requested_us, fleet_agent(t->f, a->agent));
    text(t, F_APPROVAL_ID, a->id);
    text(t, F_ACTION_ID, a->action_id);
    text(t, F_TOOL, a->tool);
    text(t, F_SUMMARY, a->summary);
    text(t, F_RULE, a->rule);
    text(t, F_REASON, a->reason);
    text(t, F_AGENT_WORDS, a->agent_words);
    text(t, F_ONLY_IN, a->only_in);
    text(t, F_POLICY_VERSION, a->policy_version);
    text(t, F_DIGEST, a->digest);
    text(t, F_SHOWN_DIGEST, a->shown_digest);
    number(t, F_ACTION_SECRETS, a->secrets);
    event_set_text(&t->ev, F_ACTION, a->action);
    number(t, F_RISK, a->risk);
    number(t, F_REVERSIBLE, a->reversible);
    number(t, F_ON_SILENCE, a->on_silence);
    number(t, F_QUORUM, a->quorum);
    number(t, F_EXPIRES_AT, a->expires_us);
    for (size_t i = 0; i < APPROVAL_LISTS; i++) {
        list(t, approval_lists[i], it->lists[i]);
    }
    tell(t);
}

/* ---- credentials: as it was issued, what became of it, and when it was used */
static void begin_credential(struct teller *t, enum event_type type, int64_t time_us,
                             const struct credential *c, uint32_t agent)
{
    const struct agent *a = fleet_agent(t->f, agent);
    begin(t, type, time_us);
    text(t, F_CREDENTIAL_ID, c->id);
    text(t, F_AGENT_ID, a == NULL ? 0 : a->id);
}

static void tell_issue(struct teller *t, const struct credential *c)
{
    begin_credential(t, EVENT_CREDENTIAL_ISSUED, c->issued_us, c, c->agent);
    text(t, F_CREDENTIAL_DIGEST, c->digest);
    text(t, F_CREDENTIAL_PARENT, c->parent);
    text(t, F_CREDENTIAL_KIND, c->kind);
    text(t, F_CREDENTIAL_HOLDER, c->holder);
    text(t, F_CREDENTIAL_ISSUER, c->issuer);
    text(t, F_CREDENTIAL_SCOPES, c->scopes);
    event_set_text(&t->ev, F_CREDENTIAL_STATE, span_str(credential_state_name(c->state)));
    text(t, F_REASON, c->reason);
    text(t, F_OPERATOR, c->by);
    number(t, F_CREDENTIAL_EXPIRES, c->expires_us);
    number(t, F_CREDENTIAL_USES, c->uses);
    tell(t);
}

static void tell_change(struct teller *t, const struct credential *c)
{
    if (c->changed_us == 0) {
        return;
    }
    begin_credential(
        t, c->state == CREDENTIAL_REVOKED ? EVENT_CREDENTIAL_REVOKED : EVENT_CREDENTIAL_CHANGED,
        c->changed_us, c, c->agent);
    event_set_text(&t->ev, F_CREDENTIAL_STATE, span_str(credential_state_name(c->state)));
    text(t, F_REASON, c->reason);
    text(t, F_OPERATOR, c->by);
    text(t, F_PROBE, c->probe);
    tell(t);
}

static void tell_use(struct teller *t, const struct credential *c)
{
    if (c->used_us != 0) {
        begin_credential(t, EVENT_CREDENTIAL_USED, c->used_us, c, c->used_by);
        event_set_number(&t->ev, F_VERDICT, VERDICT_ALLOW);
        text(t, F_SUMMARY, c->last_use);
        tell(t);
    }
    if (c->refused_us != 0) {
        begin_credential(t, EVENT_CREDENTIAL_USED, c->refused_us, c, 0);
        event_set_number(&t->ev, F_VERDICT, VERDICT_DENY);
        text(t, F_REASON, c->refusal);
        tell(t);
    }
    if (c->wait_us != 0) {
        begin_credential(t, EVENT_CREDENTIAL_USED, c->wait_us, c, 0);
        event_set_number(&t->ev, F_VERDICT, VERDICT_ASK);
        text(t, F_REASON, c->wait);
        tell(t);
    }
}

static void tell_credential(struct teller *t, const struct credential *c)
{
    tell_issue(t, c);
    tell_change(t, c);
    tell_use(t, c);
}

static void tell_day(struct teller *t, const struct spend_day *d)
{
    begin(t, EVENT_SPEND_DAY, d->day * DAY_US);
    event_set_number(&t->ev, F_COST_MICROUSD, d->microusd);
    number(t, F_SPEND_BOUND, d->bound_microusd);
    number(t, F_BUDGET_LIMIT, t->b->day_limit_microusd);
    number(t, F_SPEND_TOTAL, t->b->total_microusd);
    number(t, F_SPEND_TOTAL_LIMIT, t->b->total_limit_microusd);
    number(t, F_BUDGET_USED, add_saturating(t->b->total_microusd, t->b->total_bound_microusd));
    tell(t);
}

/* The newest is told of last, as it was. */
static void tell_days(struct teller *t)
{
    for (size_t i = SPEND_DAYS; i-- > 0;) {
        const struct spend_day *d = &t->b->days[i];
        if (i == 0 || d->day != 0 || d->microusd != 0 || d->bound_microusd != 0) {
            tell_day(t, d);
        }
    }
}

static void tell_stop(struct teller *t)
{
    const struct backend *b = t->b;
    begin(t, EVENT_FLEET_STOP, b->stop_since_us);
    event_set_number(&t->ev, F_STOP_LATCHED, b->stop_latched);
    number(t, F_STOP_REQUESTED, b->stop_requested);
    number(t, F_STOP_CONFIRMED, b->stop_confirmed);
    number(t, F_STOP_UNREACHABLE, b->stop_unreachable);
    tell(t);
}

static void tell_watcher(struct teller *t, const struct watcher *w)
{
    struct event_row rows[SCOPE_COUNT];
    uint32_t count = 0;
    begin(t, EVENT_OPERATOR_PRESENCE, w->since_us);
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        if ((w->scopes & SCOPE_BIT(s)) != 0) {
            rows[count++] = (struct event_row){{span_str(scope_name((enum scope)s))}};
        }
    }
    text(t, F_OPERATOR, w->id);
    text(t, F_CONNECTION, w->connection);
    text(t, F_OPERATOR_PATH, w->path);
    event_set_number(&t->ev, F_PRESENT, true);
    event_set_list(&t->ev, F_OPERATOR_SCOPES, rows, count);
    tell(t);
}

/* ---- what is still to be told */

struct untold {
    uint32_t *refs;
    bool *told;
    uint32_t count, next;
};

struct fleet_cut {
    const struct fleet *f;
    const struct backend *b;
    uint64_t seq;
    bool begun;
    struct untold agents, approvals, credentials;
};

static void untold_init(struct untold *u, uint32_t most)
{
    u->refs = xcalloc(most + 1u, sizeof(*u->refs));
    u->told = xcalloc(most + 1u, sizeof(*u->told));
}

static void untold_release(struct untold *u)
{
    free(u->refs);
    free(u->told);
}

/* The ref that is next, and takes it off the list; 0: none is left. */
static uint32_t untold_take_next(struct untold *u)
{
    while (u->next < u->count) {
        uint32_t i = u->next++;
        if (!u->told[i]) {
            return u->refs[i];
        }
    }
    return 0;
}

/* True when it was to be told, and is not any more. */
static bool untold_take(struct untold *u, uint32_t at, uint32_t ref)
{
    bool was = at >= u->next && at < u->count && u->refs[at] == ref && !u->told[at];
    if (was) {
        u->told[at] = true;
    }
    return was;
}

/* Agents and credentials are listed by ref. */
static uint32_t place_by_ref(const struct untold *u, uint32_t ref)
{
    uint32_t low = 0;
    uint32_t high = u->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (u->refs[middle] < ref) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Approvals are listed as they stand in the queue. */
static uint32_t place_of_approval(const struct untold *u, uint32_t ref)
{
    uint32_t at = u->next;
    while (at < u->count && u->refs[at] != ref) {
        at++;
    }
    return at;
}

static void list_agents(struct fleet_cut *c)
{
    const struct roster *all = &c->f->agents;
    untold_init(&c->agents, all->count);
    for (uint32_t i = 0; i < all->count; i++) {
        const struct agent_item *it = all->items[i];
        if (it->a.backend == c->b->ref) {
            c->agents.refs[c->agents.count++] = it->a.ref;
        }
    }
}

static void list_approvals(struct fleet_cut *c)
{
    untold_init(&c->approvals, fleet_pending_count(c->f));
    for (int bay = 0; bay < BAY_COUNT; bay++) {
        for (uint32_t i = 0; i < c->f->bays[bay].count; i++) {
            const struct approval_item *it = c->f->bays[bay].slots[i].it;
            if (it->backend == c->b->ref) {
                c->approvals.refs[c->approvals.count++] = it->a.ref;
            }
        }
    }
}

/* What only the agents' lists name comes with those. */
static void list_credentials(struct fleet_cut *c)
{
    const struct roster *all = &c->f->credentials;
    untold_init(&c->credentials, all->count);
    for (uint32_t i = 0; i < all->count; i++) {
        const struct credential_item *it = all->items[i];
        if (it->c.backend == c->b->ref && it->c.told) {
            c->credentials.refs[c->credentials.count++] = it->c.ref;
        }
    }
}

struct fleet_cut *fleet_cut_new(const struct fleet *f, struct span backend)
{
    struct fleet_cut *c = xcalloc(1, sizeof(*c));
    c->f = f;
    c->b = fleet_backend_named(f, backend);
    if (c->b != NULL) {
        c->seq = c->b->seq;
        list_agents(c);
        list_approvals(c);
        list_credentials(c);
    }
    return c;
}

void fleet_cut_free(struct fleet_cut *c)
{
    if (c != NULL) {
        untold_release(&c->agents);
        untold_release(&c->approvals);
        untold_release(&c->credentials);
        free(c);
    }
}

static struct teller teller_of(const struct fleet_cut *c, fleet_tell_fn *emit, void *ctx)
{
    return (struct teller){.f = c->f, .b = c->b, .seq = c->seq, .emit = emit, .ctx = ctx};
}

/* Few, and told in one go: so nothing of them changes in between. */
static void tell_backend(struct teller *t)
{
    tell_days(t);
    tell_stop(t);
    for (uint32_t i = 0; i < t->f->watcher_count; i++) {
        if (t->f->watchers[i].w.backend == t->b->ref) {
            tell_watcher(t, &t->f->watchers[i].w);
        }
    }
}

/* Gone without an event of its own when it was forgotten for lack of room. */
static void tell_agent_ref(struct teller *t, uint32_t ref)
{
    const struct agent_item *it = roster_find(&t->f->agents, ref);
    if (it != NULL) {
        tell_agent(t, it);
    }
}

static void tell_approval_ref(struct teller *t, uint32_t ref)
{
    const struct approval_item *it = roster_find(&t->f->approvals, ref);
    if (it != NULL && it->a.pending) {
        tell_approval(t, it);
    }
}

static void tell_credential_ref(struct teller *t, uint32_t ref)
{
    const struct credential *c = fleet_credential(t->f, ref);
    if (c != NULL) {
        tell_credential(t, c);
    }
}

static bool begin_cut(struct fleet_cut *c, struct teller *t)
{
    bool begins = !c->begun;
    c->begun = true;
    if (begins) {
        tell_backend(t);
    }
    return begins;
}

bool fleet_cut_next(struct fleet_cut *c, fleet_tell_fn *emit, void *ctx)
{
    struct teller t = teller_of(c, emit, ctx);
    uint32_t ref = 0;
    if (c->b == NULL) {
        return false;
    }
    if (begin_cut(c, &t)) {
        return true;
    }
    if ((ref = untold_take_next(&c->agents)) != 0) {
        tell_agent_ref(&t, ref);
    } else if ((ref = untold_take_next(&c->approvals)) != 0) {
        tell_approval_ref(&t, ref);
    } else if ((ref = untold_take_next(&c->credentials)) != 0) {
        tell_credential_ref(&t, ref);
    }
    return ref != 0;
}

/* What a helper spends is in the task of an agent that it comes of. */
static void tell_agent_before(struct fleet_cut *c, struct teller *t, const struct event *ev)
{
    const struct agent_item *it = agent_find(c->f, c->b->ref, event_text(ev, F_AGENT_ID));
    while (it != NULL) {
        if (untold_take(&c->agents, place_by_ref(&c->agents, it->a.ref), it->a.ref)) {
            tell_agent_ref(t, it->a.ref);
        }
        it = ev->type == EVENT_SPEND_RECORDED ? roster_find(&c->f->agents, it->a.parent) : NULL;
    }
}

void fleet_cut_before(struct fleet_cut *c, const struct event *ev, fleet_tell_fn *emit, void *ctx)
{
    struct teller t = teller_of(c, emit, ctx);
    if (c->b == NULL || !span_eq(ev->backend, fleet_span(c->f, c->b->name))) {
        return;
    }
    (void)begin_cut(c, &t);
    const struct approval_item *asked =
        approval_find(c->f, c->b->ref, event_text(ev, F_APPROVAL_ID));
    tell_agent_before(c, &t, ev);
    if (asked != NULL &&
        untold_take(&c->approvals, place_of_approval(&c->approvals, asked->a.ref), asked->a.ref)) {
        tell_approval_ref(&t, asked->a.ref);
    }
    const struct credential_item *held =
        credential_find(c->f, c->b->ref, event_text(ev, F_CREDENTIAL_ID));
    if (held != NULL &&
        untold_take(&c->credentials, place_by_ref(&c->credentials, held->c.ref), held->c.ref)) {
        tell_credential_ref(&t, held->c.ref);
    }
}

void fleet_snapshot(const struct fleet *f, struct span backend, fleet_tell_fn *emit, void *ctx)
{
    struct fleet_cut *c = fleet_cut_new(f, backend);
    while (fleet_cut_next(c, emit, ctx)) {
    }
    fleet_cut_free(c);
}
