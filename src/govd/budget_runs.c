/* budget_runs.c - what calls that run may use at most, and calls of which that is not known.
 *
 * A call is let go on while what is used, and what all that run may use, is below the limit: so it
 * is passed by one call at most, however many are made at once. What has no bound is let go on a
 * few times, or not at all, until an operator has looked.
 */
#include "budget_priv.h"

#include "checkrein/lease.h"

#define UNPRICED_MAX 3 /* calls of models without a price */
#define LET_AGAIN    8 /* calls whose cost is not told, each time that an operator sets a limit */

/* ---- who pays */

static bool has(const struct payers *who, struct span agent)
{
    for (size_t i = 0; i < who->count; i++) {
        if (span_is(agent, who->agent[i])) {
            return true;
        }
    }
    return false;
}

void payers_of(const struct govd *g, const struct lease *l, struct payers *out)
{
    *out = (struct payers){0};
    for (; l && out->count < PAYERS_MAX; l = lease_by_id(g->leases, span_str(l->parent))) {
        struct span agent = lease_holder(g, l);
        if (!has(out, agent)) {
            out->agent[out->count++] = xstrndup(agent.p, agent.n);
        }
    }
}

void payers_copy(const struct payers *in, struct payers *out)
{
    *out = (struct payers){.count = in->count};
    for (size_t i = 0; i < in->count; i++) {
        out->agent[i] = xstrdup(in->agent[i]);
    }
}

void payers_release(struct payers *who)
{
    for (size_t i = 0; i < who->count; i++) {
        free(who->agent[i]);
    }
    *who = (struct payers){0};
}

/* ---- what runs */

static void change(struct purse *p, const struct call_bound *b, int64_t sign)
{
    p->running.microusd = budget_plus(p->running.microusd, sign * b->most.microusd);
    p->running.tokens = budget_plus(p->running.tokens, sign * b->most.tokens);
    p->runs = (uint32_t)(p->runs + sign);
    p->unpriced_runs = (uint32_t)(p->unpriced_runs + (b->unpriced ? sign : 0));
}

void budget_runs(struct govd *g, const struct payers *who, const struct call_bound *b)
{
    for (size_t i = 0; i < who->count; i++) {
        struct purse *p = purse_of(g, span_str(who->agent[i]));
        change(p, b, 1);
        p->uncounted += b->uncounted && p->uncounted < UINT32_MAX;
    }
    g->budgets->running.microusd = budget_plus(g->budgets->running.microusd, b->most.microusd);
}

void budget_ran(struct govd *g, const struct payers *who, const struct call_bound *b)
{
    for (size_t i = 0; i < who->count; i++) {
        change(purse_of(g, span_str(who->agent[i])), b, -1);
    }
    g->budgets->running.microusd = budget_plus(g->budgets->running.microusd, -b->most.microusd);
    if (g->budgets->waiting > 0) {
        gateway_changed(g);
    }
}

void budget_look_again(struct purse *p)
{
    p->unpriced = 0;
    p->uncounted = 0;
    p->uncounted_let = LET_AGAIN;
}

void budgets_priced_anew(struct govd *g)
{
    for (size_t i = 0; i < g->budgets->count; i++) {
        g->budgets->purse[i]->unpriced = 0;
    }
    gateway_changed(g);
}

static bool runs_over(const struct budget_state *s, char why[REASON_BYTES])
{
    for (unsigned k = 0; k < BUDGET_COUNT; k++) {
        if (s->limit[k] > 0 && s->running[k] > 0 &&
            budget_plus(s->used[k], s->running[k]) >= s->limit[k]) {
            budget_say(why, SAY_RUNNING, (enum budget_kind)k, s->limit[k]);
            return true;
        }
    }
    return false;
}

bool budget_runs_hold(const struct purse *p, const struct budget_state *s,
                      const struct budget_call *c, char why[REASON_BYTES])
{
    if (c->what == FOR_NOTHING) {
        return false;
    }
    bool priced = p->unpriced + p->unpriced_runs < UNPRICED_MAX || !budget_needs_price(s);
    if (!priced && p->unpriced < UNPRICED_MAX) {
        (void)snprintf(why, REASON_BYTES,
                       "until some end: calls of models without a price run, which its budget in "
                       "USD does not hold");
        return true;
    }
    if (!priced) {
        (void)snprintf(
            why, REASON_BYTES,
            "its models have no price, so no budget in USD holds them: set agent_tokens, "
            "a price, or its budget anew");
        return true;
    }
    if (c->what == FOR_UNCOUNTED && budget_is_limited(s) && p->uncounted >= p->uncounted_let) {
        (void)snprintf(why, REASON_BYTES,
                       "its cost cannot be told: %s (setting its budget anew lets %d go on)",
                       c->name, LET_AGAIN);
        return true;
    }
    return runs_over(s, why);
}
