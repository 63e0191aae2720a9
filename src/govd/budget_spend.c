/* budget_spend.c - what is spent goes into a purse, and the marks that it passes are told of. */
#include "budget_priv.h"
#include "tasks_priv.h"

void budget_signal(struct govd *g, struct span agent, enum severity sev, const char *title)
{
    struct event ev;
    publish_begin(g, &ev, EVENT_SIGNAL_RAISED);
    if (agent.n) {
        event_set_text(&ev, F_AGENT_ID, agent);
        ev.subject = agent;
    }
    event_set_text(&ev, F_SIGNAL_SOURCE, SPAN("checkrein"));
    event_set_number(&ev, F_SEVERITY, sev);
    event_set_text(&ev, F_TITLE, span_str(title));
    (void)publish(g, &ev);
}

static int64_t warn_at(int64_t limit)
{
    return limit - limit / 5;
}

/* Each mark is told of when it is passed, by the spend that passes it; a start tells nothing again.
 */
static void tell_passed(struct govd *g, const struct purse *p, const struct budget_state *before)
{
    struct budget_state now;
    char text[REASON_BYTES];
    budget_read(g, p, &now);
    for (unsigned k = 0; k < BUDGET_COUNT; k++) {
        int64_t limit = now.limit[k];
        bool full = limit > 0 && before->used[k] < limit && now.used[k] >= limit;
        bool nearly =
            limit > 0 && before->used[k] < warn_at(limit) && now.used[k] >= warn_at(limit);
        if (full || nearly) {
            budget_say(text, full ? SAY_USED_UP : SAY_NEARLY, (enum budget_kind)k, limit);
            budget_signal(g, budget_is_shared((enum budget_kind)k) ? SPAN_NONE : span_str(p->agent),
                          SEVERITY_HIGH, text);
        }
    }
}

/* Also of an agent without a limit, once it or others pay from this purse: a start has it from
 * there. */
static void put_budget(const struct govd *g, const struct purse *p, struct event *ev)
{
    struct budget_state s;
    budget_read(g, p, &s);
    if (s.limit[BUDGET_AGENT] > 0) {
        event_set_number(ev, F_BUDGET_LIMIT, s.limit[BUDGET_AGENT]);
    }
    if (s.limit[BUDGET_TOKENS] > 0) {
        event_set_number(ev, F_BUDGET_TOKENS, s.limit[BUDGET_TOKENS]);
    }
    if (s.limit[BUDGET_AGENT] > 0 || p->is_shared) {
        event_set_number(ev, F_BUDGET_USED, p->used.microusd);
    }
    if (s.limit[BUDGET_TOKENS] > 0 || p->is_shared) {
        event_set_number(ev, F_BUDGET_TOKENS_USED, p->used.tokens);
    }
}

static void add(struct amount *to, const struct amount *n)
{
    to->microusd = budget_plus(to->microusd, n->microusd);
    to->tokens = budget_plus(to->tokens, n->tokens);
}

static void pay(struct purse *p, const struct spent *s)
{
    add(&p->used, &s->told);
    add(&p->used, &s->bound);
    add(&p->bound, &s->bound);
}

/* As it stands in the event. */
static struct spent spent_of(const struct event *ev)
{
    struct spent s = {
        .told = {event_number(ev, F_COST_MICROUSD),
                 budget_plus(event_number(ev,       F_TOKENS_IN),   event_number(ev, F_TOKENS_OUT))},
        .bound = {event_number(ev, F_SPEND_BOUND),                 event_number(ev, F_SPEND_BOUND_TOKENS)}
    };
    s.unpriced = (s.told.tokens > 0 && !event_has(ev, F_COST_MICROUSD)) ||
                 (s.bound.tokens > 0 && !event_has(ev, F_SPEND_BOUND));
    return s;
}

static void count_unpriced(struct govd *g, struct purse *p, const struct budget_state *before)
{
    p->unpriced += p->unpriced < UINT32_MAX;
    if (!p->unpriced_told && budget_needs_price(before)) {
        p->unpriced_told = true;
        budget_signal(g, span_str(p->agent), SEVERITY_HIGH,
                      "it uses tokens without a price, which no budget in USD holds: some more "
                      "such calls, and its next one waits; set agent_tokens, or a price");
    }
}

struct spent budget_spend(struct govd *g, struct span agent, struct event *ev)
{
    struct budget_state before;
    struct purse *p = purse_of(g, agent);
    struct spent s = spent_of(ev);
    budget_read(g, p, &before);
    pay(p, &s);
    put_budget(g, p, ev);
    (void)publish(g, ev);
    tell_passed(g, p, &before);
    if (s.unpriced) {
        count_unpriced(g, p, &before);
    }
    return s;
}

/* It is in no sum of the task, which is of agents that descend from its own. */
static void charge_task(const struct govd *g, struct purse *p, const struct spent *s)
{
    char now[ULID_BYTES];
    task_now(g, span_str(p->agent), now);
    if (strcmp(now, p->task) != 0) {
        (void)span_copy(span_str(now), p->task, sizeof(p->task));
        p->charged = (struct amount){0};
    }
    add(&p->charged, &s->told);
    add(&p->charged, &s->bound);
}

void budget_charge(struct govd *g, struct span agent, const struct spent *s)
{
    struct event ev;
    struct budget_state before;
    struct purse *p = purse_of(g, agent);
    budget_read(g, p, &before);
    p->is_shared = true;
    charge_task(g, p, s);
    p->unpriced += s->unpriced && p->unpriced < UINT32_MAX;
    pay(p, s);
    publish_begin(g, &ev, EVENT_BUDGET_CHANGED);
    event_set_text(&ev, F_AGENT_ID, agent);
    ev.subject = agent;
    put_budget(g, p, &ev);
    (void)publish(g, &ev);
    tell_passed(g, p, &before);
}
