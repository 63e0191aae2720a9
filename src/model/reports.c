#include "model_priv.h"

/* ---- spend */
static int64_t tokens_of(const struct event *ev, enum event_field field)
{
    int64_t n = event_number(ev, field);
    return n < 0 ? 0 : n;
}

static const struct {
    enum event_field field;
    size_t offset;
} token_counts[] = {
    {F_TOKENS_IN,        offsetof(struct agent, tokens_in)       },
    {F_TOKENS_OUT,       offsetof(struct agent, tokens_out)      },
    {F_TOKENS_CACHED,    offsetof(struct agent, tokens_cached)   },
    {F_TOKENS_REASONING, offsetof(struct agent, tokens_reasoning)},
};

/* An event of a snapshot carries sums, any other one what was added. */
static int64_t plus(const struct event *ev, int64_t before, int64_t n)
{
    return ev->snapshot ? n : add_saturating(before, n);
}

static void set_tokens(const struct event *ev, struct agent *a)
{
    for (size_t i = 0; i < ARRAY_LEN(token_counts); i++) {
        int64_t *sum = (int64_t *)(void *)((char *)a + token_counts[i].offset);
        *sum = plus(ev, *sum, tokens_of(ev, token_counts[i].field));
    }
}

static int64_t in_and_out(const struct event *ev)
{
    return add_saturating(tokens_of(ev, F_TOKENS_IN), tokens_of(ev, F_TOKENS_OUT));
}

static bool is_unpriced(const struct event *ev)
{
    return !event_has(ev, F_COST_MICROUSD) && in_and_out(ev) > 0;
}

/* What the fleet spent stays when the agent is forgotten. */
static void set_cost(struct fold *x, struct agent *a)
{
    int64_t before = a->cost_microusd;
    a->cost_microusd = plus(x->ev, before, event_number(x->ev, F_COST_MICROUSD));
    int64_t added = 0;
    if (!__builtin_sub_overflow(a->cost_microusd, before, &added)) {
        x->f->cost_microusd = add_saturating(x->f->cost_microusd, added);
    }
    a->cost_estimated |= event_number(x->ev, F_COST_ESTIMATED) != 0;
    a->unpriced |= is_unpriced(x->ev);
    x->f->unpriced |= a->unpriced;
}

static void set_budget(const struct event *ev, struct agent *a)
{
    if (event_has(ev, F_BUDGET_LIMIT)) {
        a->budget_limit = later_us(event_number(ev, F_BUDGET_LIMIT), 0);
    }
    if (event_has(ev, F_BUDGET_USED)) {
        a->budget_used = event_number(ev, F_BUDGET_USED);
    }
}

void fold_spend_recorded(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it == NULL) {
        return;
    }
    set_tokens(x->ev, &it->a);
    set_cost(x, &it->a);
    set_budget(x->ev, &it->a);
    struct note n = note_of(EVENT_SPEND_RECORDED);
    n.subject = event_text(x->ev, F_MODEL);
    n.tokens = in_and_out(x->ev);
    n.microusd = event_has(x->ev, F_COST_MICROUSD) ? event_number(x->ev, F_COST_MICROUSD) : -1;
    log_note(x, it, &n);
}

/* ---- failures */
void fold_failure_reported(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    struct span message = event_text(x->ev, F_ERROR);
    struct note n = note_of(EVENT_FAILURE_REPORTED);
    n.detail = (uint8_t)event_choice(x->ev, F_FAILURE_CLASS, FAILURE_COUNT);
    n.retrying = event_number(x->ev, F_RETRYING) != 0;
    n.subject = event_text(x->ev, F_ERROR_TYPE);
    n.text = message.n > 0 ? message : event_text(x->ev, F_REASON);
    uint32_t entry = log_note(x, it, &n);
    if (it == NULL || n.retrying) {
        return;
    }
    agent_set_failing(x->f, it, true);
    if (!x->ev->snapshot) {
        it->a.failures += it->a.failures < UINT32_MAX;
        it->a.last_failure = entry;
    }
}

/* ---- what is only logged */
/* From outside of the agent: no sign that it lives. */
static void note_about(struct fold *x, const struct note *n)
{
    log_note(x, agent_of(x), n);
}

void fold_credential(struct fold *x)
{
    struct span probe = event_text(x->ev, F_PROBE);
    struct note n = note_of(x->ev->type);
    n.subject = event_text(x->ev, F_CREDENTIAL_ID);
    n.text = probe.n > 0 ? probe : event_text(x->ev, F_REASON);
    n.who = event_text(x->ev, F_OPERATOR);
    note_about(x, &n);
}

void fold_signal_raised(struct fold *x)
{
    struct note n = note_of(EVENT_SIGNAL_RAISED);
    n.detail = (uint8_t)event_choice(x->ev, F_SEVERITY, SEVERITY_COUNT);
    n.subject = event_text(x->ev, F_SIGNAL_SOURCE);
    n.text = event_text(x->ev, F_TITLE);
    note_about(x, &n);
}

void fold_policy_decided(struct fold *x)
{
    struct span summary = event_text(x->ev, F_SUMMARY);
    struct note n = note_of(EVENT_POLICY_DECIDED);
    n.detail = (uint8_t)event_choice(x->ev, F_VERDICT, VERDICT_COUNT);
    n.subject = event_text(x->ev, F_TOOL);
    n.text = summary.n > 0 ? summary : event_text(x->ev, F_REASON);
    n.who = event_text(x->ev, F_RULE);
    log_note(x, agent_alive(x), &n);
}

void fold_policy_loaded(struct fold *x)
{
    struct note n = note_of(EVENT_POLICY_LOADED);
    n.subject = event_text(x->ev, F_POLICY_VERSION);
    n.text = event_text(x->ev, F_REASON);
    n.who = event_text(x->ev, F_OPERATOR);
    log_note(x, NULL, &n);
}

void fold_operator_presence(struct fold *x)
{
    struct note n = note_of(EVENT_OPERATOR_PRESENCE);
    n.detail = event_number(x->ev, F_PRESENT) != 0;
    n.subject = event_text(x->ev, F_OPERATOR_LABEL);
    n.text = event_text(x->ev, F_OPERATOR_PATH);
    n.who = event_text(x->ev, F_OPERATOR);
    log_note(x, NULL, &n);
}

void fold_unknown(struct fold *x)
{
    x->f->unknown++;
    x->b->b.unknown++;
    struct note n = note_of(EVENT_UNKNOWN);
    n.subject = x->ev->raw_type;
    log_note(x, NULL, &n);
}
