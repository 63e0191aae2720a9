/* budget_limits.c - limits that operators set, over those of the configuration. Each is an event,
 * of which a start makes them again; those of the configuration are what it says today.
 */
#include "budget_priv.h"
#include "tasks_priv.h"

#include "checkrein/lease.h"

#define ALL    "*"
#define DAY_US (INT64_C(86400) * 1000000)

/* For all: which limit a command means, by its scope. */
static const struct {
    const char *scope;
    enum budget_kind kind;
} SHARED[] = {
    {"day",   BUDGET_DAY  },
    {"fleet", BUDGET_FLEET},
};

static enum budget_kind shared_named(struct span scope)
{
    for (size_t i = 0; i < ARRAY_LEN(SHARED); i++) {
        if (span_is(scope, SHARED[i].scope)) {
            return SHARED[i].kind;
        }
    }
    return BUDGET_COUNT;
}

/* ---- telling */

/* Only what an operator has set is in it. */
static void tell_agent(struct govd *g, const struct purse *p)
{
    struct event ev;
    publish_begin(g, &ev, EVENT_BUDGET_CHANGED);
    event_set_text(&ev, F_AGENT_ID, span_str(p->agent));
    ev.subject = span_str(p->agent);
    if (p->limit_microusd > 0) {
        event_set_number(&ev, F_BUDGET_LIMIT, p->limit_microusd);
        event_set_number(&ev, F_BUDGET_USED, p->used.microusd);
    }
    if (p->limit_tokens > 0) {
        event_set_number(&ev, F_BUDGET_TOKENS, p->limit_tokens);
        event_set_number(&ev, F_BUDGET_TOKENS_USED, p->used.tokens);
    }
    event_set_text(&ev, F_OPERATOR, span_str(p->by));
    (void)publish(g, &ev);
}

/* `by`: who set the one that `scope` names; both empty: the configuration alone. */
static void tell_shared(struct govd *g, struct span scope, struct span by)
{
    struct event ev;
    struct budget_state s;
    budget_read_shared(g, &s);
    publish_begin(g, &ev, EVENT_SPEND_DAY);
    event_set_number(&ev, F_COST_MICROUSD, s.used[BUDGET_DAY] - s.bound[BUDGET_DAY]);
    event_set_number(&ev, F_SPEND_BOUND, s.bound[BUDGET_DAY]);
    event_set_number(&ev, F_SPEND_TOTAL, s.used[BUDGET_FLEET] - s.bound[BUDGET_FLEET]);
    event_set_number(&ev, F_BUDGET_USED, s.used[BUDGET_FLEET]);
    if (s.limit[BUDGET_DAY] > 0) {
        event_set_number(&ev, F_BUDGET_LIMIT, s.limit[BUDGET_DAY]);
    }
    if (s.limit[BUDGET_FLEET] > 0) {
        event_set_number(&ev, F_SPEND_TOTAL_LIMIT, s.limit[BUDGET_FLEET]);
    }
    event_put_text(&ev, F_SCOPE, scope);
    event_put_text(&ev, F_OPERATOR, by);
    (void)publish(g, &ev);
}

void spend_tell_limit(struct govd *g)
{
    struct budget_state s;
    const struct backend *self = fleet_backend_named(g->fleet, BACKEND_SELF);
    budget_read_shared(g, &s);
    if ((self ? self->day_limit_microusd : 0) != s.limit[BUDGET_DAY] ||
        (self ? self->total_limit_microusd : 0) != s.limit[BUDGET_FLEET]) {
        tell_shared(g, SPAN_NONE, SPAN_NONE);
    }
}

/* A day's is for that day: told of another one it would be taken for that one's. */
static bool in_force(const struct budgets *b, enum budget_kind k)
{
    return k != BUDGET_DAY || b->day == govd_wall_us() / DAY_US;
}

void budgets_tell_again(struct govd *g)
{
    const struct budgets *b = g->budgets;
    for (size_t i = 0; i < b->count; i++) {
        if (b->purse[i]->by) {
            tell_agent(g, b->purse[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(SHARED); i++) {
        if (b->by[SHARED[i].kind] && in_force(b, SHARED[i].kind)) {
            tell_shared(g, span_str(SHARED[i].scope), span_str(b->by[SHARED[i].kind]));
        }
    }
}

/* ---- of one task: "task" is what its agent works on, "task:ID" that one only */

static bool is_of_task(struct span scope)
{
    return span_is(scope, TASK_SCOPE) || span_starts(scope, TASK_SCOPE ":");
}

static const char *task_cannot(const struct govd *g, const struct command *c, struct span agent)
{
    const struct task *t = task_of(g, agent);
    struct span id = span_sub(c->scope, sizeof(TASK_SCOPE), c->scope.n);
    if (!t) {
        return "it works on no task";
    }
    return id.n == 0 || span_eq(id, fleet_span(g->fleet, t->id))
               ? NULL
               : "that task is over: it works on another one now";
}

static void set_task(struct govd *g, struct purse *p, const struct command *c, struct span by)
{
    char id[FLEET_ID_BYTES + 1];
    char owner[FLEET_ID_BYTES + 1];
    struct event ev;
    const struct task *t = task_of(g, span_str(p->agent));
    if (!t) {
        return; /* budget_cannot() said so */
    }
    (void)span_copy(fleet_span(g->fleet, t->id), id, sizeof(id));
    (void)span_copy(fleet_span(g->fleet, fleet_agent(g->fleet, t->agent)->id), owner,
                    sizeof(owner));
    budget_look_again(p);
    publish_begin(g, &ev, EVENT_BUDGET_CHANGED);
    event_set_text(&ev, F_AGENT_ID, span_str(owner));
    ev.subject = span_str(owner);
    event_set_text(&ev, F_TASK_ID, span_str(id));
    event_set_text(&ev, F_SCOPE, SPAN(TASK_SCOPE));
    if (c->limit_microusd > 0) {
        event_set_number(&ev, F_BUDGET_LIMIT, c->limit_microusd);
    }
    if (c->limit_tokens > 0) {
        event_set_number(&ev, F_BUDGET_TOKENS, c->limit_tokens);
    }
    event_set_text(&ev, F_OPERATOR, by);
    (void)publish(g, &ev);
}

/* ---- the operator's verb */

static void set_shared(struct govd *g, const struct command *c, struct span by)
{
    enum budget_kind k = shared_named(c->scope);
    if (k >= BUDGET_COUNT) {
        return; /* budget_cannot() said so */
    }
    g->budgets->limit[k] = c->limit_microusd;
    g->budgets->day = k == BUDGET_DAY ? govd_wall_us() / DAY_US : g->budgets->day;
    session_set(&g->budgets->by[k], by);
    for (size_t i = 0; i < g->budgets->count; i++) {
        budget_look_again(g->budgets->purse[i]);
    }
    tell_shared(g, c->scope, by);
}

static void set_agent(struct govd *g, struct purse *p, const struct command *c, struct span by)
{
    p->limit_microusd = c->limit_microusd > 0 ? c->limit_microusd : p->limit_microusd;
    p->limit_tokens = c->limit_tokens > 0 ? c->limit_tokens : p->limit_tokens;
    budget_look_again(p);
    session_set(&p->by, by);
    tell_agent(g, p);
}

static bool is_known(const struct govd *g, struct span agent)
{
    bool known = session_find(g, agent) || purse_find(g, agent);
    for (size_t i = 0; !known && i < leases_count(g->leases); i++) {
        known = span_eq(agent, lease_holder(g, lease_at(g->leases, i)));
    }
    return known;
}

const char *budget_cannot(const struct govd *g, const struct command *c)
{
    if (!span_is(c->agent, ALL)) {
        const struct session *s = session_find(g, c->agent);
        struct span agent = s ? span_str(s->id) : c->agent;
        return !is_known(g, c->agent) ? "no such agent"
               : is_of_task(c->scope) ? task_cannot(g, c, agent)
                                      : NULL;
    }
    if (shared_named(c->scope) == BUDGET_COUNT) {
        return "of all agents there is a budget of the `day` and one of the `fleet`: the scope says "
               "which";
    }
    return c->limit_microusd > 0 ? NULL : "the budgets of all agents are in USD";
}

static enum budget_kind kind_meant(const struct command *c)
{
    bool usd = c->limit_microusd > 0;
    if (span_is(c->agent, ALL)) {
        return shared_named(c->scope);
    }
    return is_of_task(c->scope) ? (usd ? BUDGET_TASK : BUDGET_TASK_TOKENS)
                                : (usd ? BUDGET_AGENT : BUDGET_TOKENS);
}

void budget_command(struct govd *g, const struct command *c, struct span by,
                    char done[REASON_BYTES])
{
    struct budget_state s;
    char used[REASON_BYTES];
    char why[REASON_BYTES];
    size_t waited = g->budgets->waiting;
    struct budget_call call = {FOR_CALL, ""};
    const struct session *session = session_find(g, c->agent);
    struct span agent = session ? span_str(session->id) : c->agent;
    bool is_shared = span_is(c->agent, ALL);
    struct purse none = {0};
    struct purse *p = is_shared ? &none : purse_of(g, agent);
    if (is_shared) {
        set_shared(g, c, by);
    } else if (is_of_task(c->scope)) {
        set_task(g, p, c, by);
    } else {
        set_agent(g, p, c, by);
    }
    gateway_judge(g);
    budget_read(g, p, &s);
    budget_words(&s, kind_meant(c), used);
    size_t went = waited > g->budgets->waiting ? waited - g->budgets->waiting : 0;
    bool waits = !is_shared && budget_holds(g, agent, &call, why);
    (void)snprintf(done, REASON_BYTES, "%.100s; %zu waited and went on%s%.200s", used, went,
                   waits ? "; its next one waits: " : "", waits ? why : "");
}

/* ---- the record */

/* What has no price is counted over a start, or a start would let it begin again. What has got one
 * since is held by it. */
static void restore_unpriced(struct govd *g, const struct event *ev)
{
    int64_t unused = 0;
    bool used = event_number(ev, F_TOKENS_IN) > 0 || event_number(ev, F_TOKENS_OUT) > 0;
    bool told = !used || event_has(ev, F_COST_MICROUSD);
    bool bound = event_number(ev, F_SPEND_BOUND_TOKENS) <= 0 || event_has(ev, F_SPEND_BOUND);
    if (event_number(ev, F_SPEND_SOURCE) != SPEND_SOURCE_GATEWAY || (told && bound) ||
        spend_bound(g, event_text(ev, F_MODEL), 1, 1, &unused)) {
        return;
    }
    struct payers who;
    payers_of(g, lease_by_id(g->leases, event_text(ev, F_CREDENTIAL_ID)), &who);
    for (size_t i = 0; i < who.count; i++) {
        purse_of(g, span_str(who.agent[i]))->unpriced++;
    }
    payers_release(&who);
}

static void restore_shared(struct budgets *b, const struct event *ev)
{
    for (size_t i = 0; i < b->count; i++) {
        b->purse[i]->unpriced = 0;
    }
    enum budget_kind k = shared_named(event_text(ev, F_SCOPE));
    if (k == BUDGET_DAY) {
        b->day = ev->time_us / DAY_US;
        b->limit[k] = event_number(ev, F_BUDGET_LIMIT);
    } else if (k == BUDGET_FLEET) {
        b->limit[k] = event_number(ev, F_SPEND_TOTAL_LIMIT);
    }
    if (k < BUDGET_COUNT) {
        session_set(&b->by[k], event_text(ev, F_OPERATOR));
    }
}

static void restore_agent(struct govd *g, const struct event *ev)
{
    struct purse *p = purse_of(g, event_text(ev, F_AGENT_ID));
    if (event_has(ev, F_BUDGET_LIMIT)) {
        p->limit_microusd = event_number(ev, F_BUDGET_LIMIT);
    }
    if (event_has(ev, F_BUDGET_TOKENS)) {
        p->limit_tokens = event_number(ev, F_BUDGET_TOKENS);
    }
    session_set(&p->by, event_text(ev, F_OPERATOR));
    p->unpriced = 0;
}

void budgets_restore(struct govd *g, const struct event *ev)
{
    if (ev->type == EVENT_SPEND_RECORDED && !ev->snapshot) {
        restore_unpriced(g, ev);
    }
    if (!event_has(ev, F_OPERATOR) || event_has(ev, F_TASK_ID)) {
        return; /* the configuration's, or a task's, which the fold has */
    }
    if (ev->type == EVENT_BUDGET_CHANGED) {
        restore_agent(g, ev);
    } else if (ev->type == EVENT_SPEND_DAY) {
        restore_shared(g->budgets, ev);
    }
}

void budgets_restored(struct govd *g)
{
    for (size_t i = 0; i < g->budgets->count; i++) {
        purse_from_fold(g, g->budgets->purse[i]);
    }
}
