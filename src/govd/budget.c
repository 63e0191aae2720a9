/* budget.c - what agents may spend, and what they have.
 *
 * A purse is one agent's: all that was counted of it, and of those whose leases come of its own. It
 * is made of the fold when it is needed, and each event of spend tells what is used, so that a
 * start finds it again. Limits are the configuration's until an operator sets another one; those
 * are events of their own.
 */
#include "budget_priv.h"
#include "tasks_priv.h"

#include "checkrein/lease.h"

#define AGENT_BYTES 1024
#define DAY_US      (INT64_C(86400) * 1000000)

/* ---- purses */

struct purse *purse_find(const struct govd *g, struct span agent)
{
    uint32_t at = 0;
    return map_get(&g->budgets->by_agent, agent, &at) ? g->budgets->purse[at] : NULL;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t budget_plus(int64_t a, int64_t b)
{
    return b > EVENT_INT_MAX - a ? EVENT_INT_MAX : most(a + b, 0);
}

void purse_from_fold(const struct govd *g, struct purse *p)
{
    const struct agent *a = fleet_agent_by_id(g->fleet, BACKEND_SELF, span_str(p->agent));
    if (a) {
        const struct agent_traits *t = a->traits;
        int64_t tokens = budget_plus(a->tokens_in, a->tokens_out);
        struct amount own = {budget_plus(a->cost_microusd, t->bound_microusd),
                             budget_plus(tokens, t->bound_tokens)};
        p->bound = (struct amount){t->bound_microusd, t->bound_tokens};
        p->used.microusd = most(own.microusd, a->budget_used);
        p->used.tokens = most(own.tokens, t->budget_tokens_used);
        p->is_shared =
            p->is_shared || a->budget_used > own.microusd || t->budget_tokens_used > own.tokens;
        p->metered = a->traits->metered != 0;
    }
}

struct purse *purse_of(struct govd *g, struct span agent)
{
    struct budgets *b = g->budgets;
    struct purse *p = purse_find(g, agent);
    if (!p) {
        p = xcalloc(1, sizeof(*p));
        p->agent = xstrndup(agent.p, agent.n);
        purse_from_fold(g, p);
        GROW(b->purse, b->cap, b->count + 1);
        map_put(&b->by_agent, span_str(p->agent), (uint32_t)b->count);
        b->purse[b->count++] = p;
    }
    return p;
}

static void purse_free(struct purse *p)
{
    free(p->waits_for);
    free(p->repeat);
    free(p->by);
    free(p->agent);
    free(p);
}

static void purse_drop(struct budgets *b, size_t at)
{
    struct purse *p = b->purse[at];
    map_del(&b->by_agent, span_str(p->agent));
    b->purse[at] = b->purse[--b->count];
    if (at < b->count) {
        map_put(&b->by_agent, span_str(b->purse[at]->agent), (uint32_t)at);
    }
    purse_free(p);
}

/* Of one that nothing is counted of yet, what the fold has. */
static struct purse look_into(const struct govd *g, struct span agent, char id[AGENT_BYTES])
{
    const struct purse *p = purse_find(g, agent);
    if (p) {
        return *p;
    }
    struct purse made = {.agent = id};
    (void)span_copy(agent, id, AGENT_BYTES);
    purse_from_fold(g, &made);
    return made;
}

void budgets_init(struct govd *g)
{
    g->budgets = xcalloc(1, sizeof(*g->budgets));
    map_init(&g->budgets->by_agent);
}

void budgets_release(struct govd *g)
{
    if (g->budgets) {
        for (size_t i = 0; i < g->budgets->count; i++) {
            purse_free(g->budgets->purse[i]);
        }
        for (size_t k = 0; k < BUDGET_COUNT; k++) {
            free(g->budgets->by[k]);
        }
        map_release(&g->budgets->by_agent);
        free(g->budgets->purse);
        free(g->budgets);
    }
}

/* ---- used, and allowed */

static int64_t of(int64_t operators, int64_t configured)
{
    return operators > 0 ? operators : configured;
}

void budget_read_shared(const struct govd *g, struct budget_state *out)
{
    const struct budgets *b = g->budgets;
    const struct backend *self = fleet_backend_named(g->fleet, BACKEND_SELF);
    int64_t now = govd_wall_us();
    bool is_today = b->day == now / DAY_US;
    struct spend_day day = self ? fleet_day(self, now) : (struct spend_day){0};
    *out = (struct budget_state){0};
    out->bound[BUDGET_DAY] = day.bound_microusd;
    out->bound[BUDGET_FLEET] = self ? self->total_bound_microusd : 0;
    out->used[BUDGET_DAY] = budget_plus(day.microusd, out->bound[BUDGET_DAY]);
    out->used[BUDGET_FLEET] =
        budget_plus(self ? self->total_microusd : 0, out->bound[BUDGET_FLEET]);
    out->running[BUDGET_DAY] = out->running[BUDGET_FLEET] = b->running.microusd;
    out->limit[BUDGET_DAY] = of(is_today ? b->limit[BUDGET_DAY] : 0, g->conf->serve.daily_budget);
    out->limit[BUDGET_FLEET] = of(b->limit[BUDGET_FLEET], g->conf->serve.fleet_budget);
}

/* What its agent, or who started that, works on now; without a task there is no limit of one. */
static void read_task(const struct govd *g, const struct purse *p, struct budget_state *out)
{
    const struct task *t = task_of(g, span_str(p->agent));
    if (!t) {
        return;
    }
    bool is_its = span_is(fleet_span(g->fleet, t->id), p->task);
    struct amount charged = is_its ? p->charged : (struct amount){0};
    int64_t tokens = budget_plus(budget_plus(t->tokens_in, t->tokens_out), charged.tokens);
    out->used[BUDGET_TASK] =
        budget_plus(budget_plus(t->cost_microusd, charged.microusd), t->bound_microusd);
    out->used[BUDGET_TASK_TOKENS] = budget_plus(tokens, t->bound_tokens);
    out->bound[BUDGET_TASK] = t->bound_microusd;
    out->bound[BUDGET_TASK_TOKENS] = t->bound_tokens;
    out->running[BUDGET_TASK] = p->running.microusd;
    out->running[BUDGET_TASK_TOKENS] = p->running.tokens;
    out->limit[BUDGET_TASK] = of(t->limit_microusd, g->conf->serve.task_budget);
    out->limit[BUDGET_TASK_TOKENS] = of(t->limit_tokens, g->conf->serve.task_tokens);
}

void budget_read(const struct govd *g, const struct purse *p, struct budget_state *out)
{
    budget_read_shared(g, out);
    if (p->agent) {
        read_task(g, p, out);
    }
    out->used[BUDGET_AGENT] = p->used.microusd;
    out->used[BUDGET_TOKENS] = p->used.tokens;
    out->bound[BUDGET_AGENT] = p->bound.microusd;
    out->bound[BUDGET_TOKENS] = p->bound.tokens;
    out->running[BUDGET_AGENT] = p->running.microusd;
    out->running[BUDGET_TOKENS] = p->running.tokens;
    out->limit[BUDGET_AGENT] = of(p->limit_microusd, g->conf->serve.agent_budget);
    out->limit[BUDGET_TOKENS] = of(p->limit_tokens, g->conf->serve.agent_tokens);
}

/* ---- holding */

static bool is_over(const struct budget_state *s, unsigned k)
{
    return s->limit[k] > 0 && s->used[k] >= s->limit[k];
}

bool budget_is_limited(const struct budget_state *s)
{
    bool limited = false;
    for (unsigned k = 0; k < BUDGET_COUNT; k++) {
        limited = limited || s->limit[k] > 0;
    }
    return limited;
}

/* Tokens of a task hold that task alone. */
bool budget_needs_price(const struct budget_state *s)
{
    bool in_tokens = s->limit[BUDGET_TOKENS] > 0;
    bool task_in_tokens = in_tokens || s->limit[BUDGET_TASK_TOKENS] > 0;
    bool all = s->limit[BUDGET_AGENT] > 0 || s->limit[BUDGET_DAY] > 0 || s->limit[BUDGET_FLEET] > 0;
    return (all && !in_tokens) || (s->limit[BUDGET_TASK] > 0 && !task_in_tokens);
}

bool budget_is_metered(const struct govd *g, struct span agent)
{
    char id[AGENT_BYTES];
    return look_into(g, agent, id).metered;
}

bool budget_limits(const struct govd *g, struct span agent)
{
    char id[AGENT_BYTES];
    struct budget_state s;
    const struct purse p = look_into(g, agent, id);
    budget_read(g, &p, &s);
    return budget_is_limited(&s);
}

bool budget_holds(const struct govd *g, struct span agent, const struct budget_call *c,
                  char why[REASON_BYTES])
{
    char id[AGENT_BYTES];
    struct budget_state s;
    const struct purse p = look_into(g, agent, id);
    budget_read(g, &p, &s);
    for (unsigned k = 0; k < BUDGET_COUNT; k++) {
        if (is_over(&s, k)) {
            budget_say(why, SAY_OVER, (enum budget_kind)k, s.limit[k]);
            return true;
        }
    }
    return budget_runs_hold(&p, &s, c, why);
}

bool spend_over_limit(const struct govd *g, const struct session *s)
{
    char why[REASON_BYTES];
    struct budget_call nothing = {FOR_NOTHING, ""};
    return budget_holds(g, span_str(s->id), &nothing, why);
}

/* ---- calls that wait */

/* Of an agent that has no hooks nothing else is known. */
static void tell_state(struct govd *g, struct span agent, enum agent_state state, const char *why)
{
    struct event ev;
    publish_begin(g, &ev, EVENT_AGENT_STATE);
    event_set_text(&ev, F_AGENT_ID, agent);
    ev.subject = agent;
    event_set_number(&ev, F_STATE, state);
    event_put_text(&ev, F_REASON, span_str(why));
    (void)publish(g, &ev);
}

static void tell_waiting(struct govd *g, const struct purse *p)
{
    static const char NONE[] = "no call of it waits for a budget any more";
    struct session *s = session_find(g, span_str(p->agent));
    const char *why = p->waits_for ? p->waits_for : NONE;
    if (s) {
        session_waits_for(s, p->waits_for);
        session_settle(g, s, why);
    } else {
        tell_state(g, span_str(p->agent), p->waits_for ? AGENT_PAUSED : AGENT_UNKNOWN, why);
    }
}

void budget_waits(struct govd *g, struct span agent)
{
    purse_of(g, agent)->waiting++;
    g->budgets->waiting++;
}

void budget_waits_for(struct govd *g, struct span agent, const char *why)
{
    char text[REASON_BYTES];
    struct purse *p = purse_of(g, agent);
    (void)snprintf(text, sizeof(text), "held: %s", why);
    if (!p->waits_for || strcmp(p->waits_for, text) != 0) {
        session_set(&p->waits_for, span_str(text));
        tell_waiting(g, p);
    }
}

void budget_waits_no_more(struct govd *g, struct span agent)
{
    struct purse *p = purse_of(g, agent);
    g->budgets->waiting--;
    if (--p->waiting == 0) {
        free(p->waits_for);
        p->waits_for = NULL;
        tell_waiting(g, p);
    }
}

/* ---- now and then */

static void keep_holders(struct govd *g)
{
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        const struct lease *l = lease_at(g->leases, i);
        struct purse *p = purse_find(g, lease_holder(g, l));
        if (p) {
            p->kept = true;
        }
    }
}

/* Purses of agents that are gone are made of the fold again, should they come back; a new day has
 * money of its own. */
void budgets_look(struct govd *g)
{
    struct budgets *b = g->budgets;
    int64_t day = govd_wall_us() / DAY_US;
    keep_holders(g);
    for (size_t i = b->count; i-- > 0;) {
        struct purse *p = b->purse[i];
        bool used = p->kept || p->by || p->waiting || p->runs;
        p->kept = false;
        if (!used && !session_find(g, span_str(p->agent))) {
            purse_drop(b, i);
        }
    }
    if (day != b->looked_day) {
        b->looked_day = day;
        gateway_changed(g);
    }
}
