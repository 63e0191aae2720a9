/* task_events.c - how tasks begin and end, and which of them what was spent belongs to. */
#include "model_priv.h"

static int64_t count_of(const struct event *ev, enum event_field field)
{
    return later_us(event_number(ev, field), 0);
}

/* ---- sums */
static int64_t exchanged(int64_t sum, int64_t before, int64_t now)
{
    int64_t rest = 0;
    return __builtin_sub_overflow(sum, before, &rest) ? sum : add_saturating(rest, now);
}

/* Those of the fleet go along, and stay when the agent is forgotten. */
static void put_sums(struct fleet *f, struct agent_tasks *at, unsigned outcome,
                     const struct task_sums *now)
{
    struct task_sums *own = &at->ended[outcome];
    struct task_sums *all = &f->ended[outcome];
    all->count = exchanged(all->count, own->count, now->count);
    all->silent = exchanged(all->silent, own->silent, now->silent);
    all->tokens_in = exchanged(all->tokens_in, own->tokens_in, now->tokens_in);
    all->tokens_out = exchanged(all->tokens_out, own->tokens_out, now->tokens_out);
    all->cost_microusd = exchanged(all->cost_microusd, own->cost_microusd, now->cost_microusd);
    all->untold = exchanged(all->untold, own->untold, now->untold);
    all->cost_estimated |= now->cost_estimated;
    all->unpriced |= now->unpriced;
    *own = *now;
}

static void add_sums(struct fleet *f, struct agent_tasks *at, unsigned outcome,
                     const struct task_sums *more)
{
    struct task_sums now = at->ended[outcome];
    task_sums_add(&now, more);
    put_sums(f, at, outcome, &now);
}

static struct task_sums sums_of(const struct task *t)
{
    return (struct task_sums){.count = 1,
                              .silent = !task_told(t),
                              .tokens_in = t->tokens_in,
                              .tokens_out = t->tokens_out,
                              .cost_microusd = t->cost_microusd,
                              .untold = t->untold,
                              .cost_estimated = t->cost_estimated,
                              .unpriced = t->unpriced};
}

/* ---- the end of one */
static void note_end(struct fold *x, const struct task *t)
{
    struct note n = note_of(EVENT_TASK_FINISHED);
    n.detail = (uint8_t)t->outcome;
    n.subject = fleet_span(x->f, t->title);
    n.text = event_text(x->ev, F_REASON);
    n.duration_ms = later_us(t->ended_us - t->began_us, 0) / 1000;
    if (task_told(t)) {
        n.tokens = add_saturating(t->tokens_in, t->tokens_out);
        n.microusd = t->cost_microusd;
    }
    log_note(x, roster_find(&x->f->agents, t->agent), &n);
}

static void keep(struct fleet *f, struct agent_tasks *at, enum outcome outcome, int64_t time_us)
{
    struct task_item *it = at->open;
    at->open = NULL;
    it->t.outcome = outcome;
    it->t.ended_us = time_us;
    task_keep(f, at, it);
}

static void close_open(struct fleet *f, struct agent_tasks *at, enum outcome outcome,
                       int64_t time_us)
{
    const struct task_sums one = sums_of(&at->open->t);
    keep(f, at, outcome, time_us);
    add_sums(f, at, outcome, &one);
}

void tasks_agent_over(struct fleet *f, const struct agent_item *it, int64_t time_us)
{
    struct agent_tasks *at = tasks_find(f, it->a.ref);
    if (at != NULL && at->open != NULL) {
        close_open(f, at, OUTCOME_UNKNOWN, time_us);
    }
}

/* Once the snapshot has told the sums, the end of it is in them. */
void tasks_lost(struct fold *x)
{
    uint32_t epoch = x->b->epoch;
    for (uint32_t i = 0; i < x->f->agents.count; i++) {
        const struct agent_item *it = x->f->agents.items[i];
        struct agent_tasks *at = tasks_find(x->f, it->a.ref);
        bool told = it->a.backend == x->b->b.ref && it->epoch == epoch;
        if (told && at != NULL && at->open != NULL && at->open->epoch != epoch) {
            if (at->epoch == epoch) {
                keep(x->f, at, OUTCOME_UNKNOWN, x->ev->time_us);
            } else {
                close_open(x->f, at, OUTCOME_UNKNOWN, x->ev->time_us);
            }
        }
    }
}

/* ---- what a snapshot tells */
static bool has_tokens(const struct event *ev)
{
    return count_of(ev, F_TOKENS_IN) > 0 || count_of(ev, F_TOKENS_OUT) > 0;
}

/* Who tells no figures of it does not sum them: what was counted here stays. */
static void take_task(const struct fold *x, struct task_item *it)
{
    const struct event *ev = x->ev;
    struct task *t = &it->t;
    if (!event_has(ev, F_COST_MICROUSD) && !has_tokens(ev)) {
        it->epoch = x->b->epoch;
        return;
    }
    t->unpriced = (it->epoch == x->b->epoch && t->unpriced) ||
                  (has_tokens(ev) && !event_has(ev, F_COST_MICROUSD));
    it->epoch = x->b->epoch;
    t->tokens_in = count_of(ev, F_TOKENS_IN);
    t->tokens_out = count_of(ev, F_TOKENS_OUT);
    t->cost_microusd = count_of(ev, F_COST_MICROUSD);
    t->untold = count_of(ev, F_SPEND_UNTOLD);
    t->bound_microusd = count_of(ev, F_SPEND_BOUND);
    t->bound_tokens = count_of(ev, F_SPEND_BOUND_TOKENS);
    t->cost_estimated = event_number(ev, F_COST_ESTIMATED) != 0;
}

static void take_sums(struct fold *x, struct agent_tasks *at, unsigned outcome)
{
    const struct event *ev = x->ev;
    static const struct task_sums none = {0};
    for (unsigned o = 0; at->epoch != x->b->epoch && o < OUTCOME_COUNT; o++) {
        put_sums(x->f, at, o, &none);
    }
    at->epoch = x->b->epoch;
    struct task_sums now = at->ended[outcome];
    if (!event_has(ev, F_COST_MICROUSD) && !has_tokens(ev)) {
        now.silent = count_of(ev, F_TASK_COUNT);
    } else {
        now.count = count_of(ev, F_TASK_COUNT);
        now.tokens_in = count_of(ev, F_TOKENS_IN);
        now.tokens_out = count_of(ev, F_TOKENS_OUT);
        now.cost_microusd = count_of(ev, F_COST_MICROUSD);
        now.untold = count_of(ev, F_SPEND_UNTOLD);
        now.cost_estimated = event_number(ev, F_COST_ESTIMATED) != 0;
        now.unpriced |= !event_has(ev, F_COST_MICROUSD);
    }
    put_sums(x->f, at, outcome, &now);
}

static void take_ended(struct fold *x, struct agent_tasks *at, enum outcome outcome)
{
    struct task_item *it = task_known(x->f, at, event_text(x->ev, F_TASK_ID));
    if (it == NULL) {
        it = task_item_new(x->f, at, x->ev);
        it->t.began_us = x->ev->time_us - count_of(x->ev, F_DURATION_MS) * 1000;
        task_keep(x->f, at, it);
    } else if (it == at->open) {
        at->open = NULL;
        task_keep(x->f, at, it);
    }
    it->t.outcome = outcome;
    it->t.ended_us = x->ev->time_us;
    take_task(x, it);
}

/* ---- events */
/* What has no id is another one each time, but in a snapshot: there an agent has one at most. */
static bool is_of_open(const struct fold *x, const struct agent_tasks *at)
{
    struct span id = event_text(x->ev, F_TASK_ID);
    return at->open != NULL && at->open->t.id == id_find(x->f, id) && (id.n > 0 || x->ev->snapshot);
}

static void take_limit(const struct event *ev, struct task *t)
{
    if (event_has(ev, F_BUDGET_LIMIT)) {
        t->limit_microusd = count_of(ev, F_BUDGET_LIMIT);
    }
    if (event_has(ev, F_BUDGET_TOKENS)) {
        t->limit_tokens = count_of(ev, F_BUDGET_TOKENS);
    }
}

bool tasks_take_limit(const struct fold *x, const struct agent_item *it)
{
    struct span id = event_text(x->ev, F_TASK_ID);
    struct agent_tasks *at = tasks_find(x->f, it->a.ref);
    if (id.n > 0 && at != NULL && is_of_open(x, at)) {
        take_limit(x->ev, &at->open->t);
    }
    return id.n > 0;
}

static void begin(struct fold *x, struct agent_item *it, struct agent_tasks *at)
{
    if (at->open != NULL) {
        close_open(x->f, at, OUTCOME_UNKNOWN, x->ev->time_us);
    }
    at->open = task_item_new(x->f, at, x->ev);
    at->open->epoch = x->b->epoch;
    struct note n = note_of(EVENT_TASK_STARTED);
    n.subject = event_text(x->ev, F_TASK_TITLE);
    log_note(x, it, &n);
}

/* Told again of the one that is worked on, it may have got a title. */
void fold_task_started(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it == NULL) {
        return;
    }
    struct agent_tasks *at = tasks_make(x->f, it->a.ref);
    if (!is_of_open(x, at)) {
        const struct task_item *known = task_known(x->f, at, event_text(x->ev, F_TASK_ID));
        if (known != NULL) {
            return; /* it is over: an id is not used again */
        }
        begin(x, it, at);
    } else if (event_has(x->ev, F_TASK_TITLE)) {
        string_set(x->f, &at->open->t.title, event_text(x->ev, F_TASK_TITLE));
    }
    take_limit(x->ev, &at->open->t);
    if (x->ev->snapshot) {
        take_task(x, at->open);
    }
}

/* An end without a beginning is no task. */
void fold_task_finished(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it == NULL) {
        return;
    }
    struct span id = event_text(x->ev, F_TASK_ID);
    enum outcome outcome = (enum outcome)event_choice(x->ev, F_TASK_OUTCOME, OUTCOME_COUNT);
    if (x->ev->snapshot) {
        struct agent_tasks *at = tasks_make(x->f, it->a.ref);
        if (id.n > 0) {
            take_ended(x, at, outcome);
        } else {
            take_sums(x, at, outcome);
        }
        return;
    }
    struct agent_tasks *at = tasks_find(x->f, it->a.ref);
    if (at != NULL && at->open != NULL && (id.n == 0 || is_of_open(x, at))) {
        close_open(x->f, at, outcome, x->ev->time_us);
        note_end(x, &at->newest->t);
    }
}

/* ---- spend */
static struct task_sums spent_of(const struct event *ev)
{
    bool priced = event_has(ev, F_COST_MICROUSD);
    return (struct task_sums){.tokens_in = count_of(ev, F_TOKENS_IN),
                              .tokens_out = count_of(ev, F_TOKENS_OUT),
                              .cost_microusd = count_of(ev, F_COST_MICROUSD),
                              .untold = count_of(ev, F_SPEND_UNTOLD),
                              .cost_estimated = event_number(ev, F_COST_ESTIMATED) != 0,
                              .unpriced = !priced && has_tokens(ev)};
}

/* Below zero: what was taken for one that told later is made good. */
static void add_bound(const struct event *ev, struct task *t)
{
    int64_t microusd = add_saturating(t->bound_microusd, event_number(ev, F_SPEND_BOUND));
    int64_t tokens = add_saturating(t->bound_tokens, event_number(ev, F_SPEND_BOUND_TOKENS));
    t->bound_microusd = later_us(microusd, 0);
    t->bound_tokens = later_us(tokens, 0);
}

static void add_to_task(struct task *t, const struct task_sums *s)
{
    t->tokens_in = add_saturating(t->tokens_in, s->tokens_in);
    t->tokens_out = add_saturating(t->tokens_out, s->tokens_out);
    t->cost_microusd = add_saturating(t->cost_microusd, s->cost_microusd);
    t->untold = add_saturating(t->untold, s->untold);
    t->cost_estimated |= s->cost_estimated;
    t->unpriced |= s->unpriced;
}

/* Told late of one that is over, it is in the sums too. */
static void pay(const struct fold *x, struct agent_tasks *at, struct task_item *it,
                struct task_sums s)
{
    struct fleet *f = x->f;
    add_bound(x->ev, &it->t);
    bool was_silent = !task_told(&it->t);
    add_to_task(&it->t, &s);
    if (!it->t.open) {
        s.silent = was_silent && task_told(&it->t) ? -1 : 0;
        add_sums(f, at, it->t.outcome, &s);
    }
}

/* The agent's own task, or the nearest one of those that it comes of. */
static void pay_open(struct fold *x, const struct agent_item *it, const struct task_sums *s)
{
    for (; it != NULL; it = roster_find(&x->f->agents, it->a.parent)) {
        struct agent_tasks *at = tasks_find(x->f, it->a.ref);
        if (at != NULL && at->open != NULL) {
            pay(x, at, at->open, *s);
            return;
        }
    }
}

/* One that fell off counts among those of which it is not known any more how they ended. */
static void pay_named(struct fold *x, const struct agent_item *it, struct span id,
                      const struct task_sums *s)
{
    struct agent_tasks *nearest = NULL;
    for (; it != NULL; it = roster_find(&x->f->agents, it->a.parent)) {
        struct agent_tasks *at = tasks_find(x->f, it->a.ref);
        struct task_item *known = task_known(x->f, at, id);
        if (known != NULL) {
            pay(x, at, known, *s);
            return;
        }
        nearest = nearest == NULL ? at : nearest;
    }
    if (nearest != NULL) {
        add_sums(x->f, nearest, OUTCOME_UNKNOWN, s);
    }
}

/* An id that is given and empty: of no task. */
void tasks_spend(struct fold *x, const struct agent_item *it)
{
    struct span id = event_text(x->ev, F_TASK_ID);
    const struct task_sums s = spent_of(x->ev);
    if (x->ev->snapshot) {
        return;
    }
    if (id.n > 0) {
        pay_named(x, it, id, &s);
    } else if (!event_has(x->ev, F_TASK_ID)) {
        pay_open(x, it, &s);
    }
}
