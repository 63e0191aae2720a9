#include <string.h>

#include "model_priv.h"

#define MINUTE_US (INT64_C(60) * 1000000)

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

/* What was not told may be told later: then the bound is taken back. */
static int64_t add_bound(int64_t before, int64_t n)
{
    return later_us(add_saturating(before, n), 0);
}

static int64_t day_of(int64_t time_us)
{
    return time_us < 0 ? 0 : time_us / DAY_US;
}

/* Comes first from now on. One that is not kept begins at nothing, in the place of the one that was
 * told of the longest ago. */
static struct spend_day *day_at(struct backend *b, int64_t day)
{
    size_t at = 0;
    while (at < SPEND_DAYS - 1 && b->days[at].day != day) {
        at++;
    }
    struct spend_day d = b->days[at].day == day ? b->days[at] : (struct spend_day){.day = day};
    memmove(b->days + 1, b->days, at * sizeof(d));
    b->days[0] = d;
    return b->days;
}

static void add_to_day(struct fold *x, int64_t added, int64_t bound)
{
    struct backend *b = &x->b->b;
    if (x->ev->snapshot) {
        return;
    }
    struct spend_day *d = day_at(b, day_of(x->ev->time_us));
    d->microusd = add_saturating(d->microusd, added);
    d->bound_microusd = add_bound(d->bound_microusd, bound);
    b->total_microusd = add_saturating(b->total_microusd, added);
    b->total_bound_microusd = add_bound(b->total_bound_microusd, bound);
}

/* ---- by the minute */
static int64_t minute_of(int64_t time_us)
{
    return time_us < 0 ? 0 : time_us / MINUTE_US;
}

/* What comes later than an hour late is of no minute that is shown. */
static void add_to_minute(struct fold *x, int64_t added)
{
    struct fleet *f = x->f;
    int64_t minute = minute_of(x->ev->time_us);
    if (x->ev->snapshot || added <= 0 || minute <= f->burn_minute - FLEET_BURN_MINUTES) {
        return;
    }
    int64_t fresh = minute - f->burn_minute;
    for (int64_t i = 0; i < fresh && i < FLEET_BURN_MINUTES; i++) {
        f->burn[(minute - i) % FLEET_BURN_MINUTES] = 0;
    }
    f->burn_minute = later_us(minute, f->burn_minute);
    int64_t *at = &f->burn[minute % FLEET_BURN_MINUTES];
    *at = add_saturating(*at, added);
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
    add_to_day(x, added, event_number(x->ev, F_SPEND_BOUND));
    add_to_minute(x, added);
    a->cost_estimated |= event_number(x->ev, F_COST_ESTIMATED) != 0;
    x->f->cost_estimated |= a->cost_estimated;
    if (is_unpriced(x->ev) && !a->unpriced) {
        a->unpriced = true;
        x->f->unpriced++;
    }
}

static int64_t told_or(const struct event *ev, enum event_field f, int64_t before)
{
    return event_has(ev, f) ? later_us(event_number(ev, f), 0) : before;
}

static void read_budget(const struct event *ev, struct agent_traits *t)
{
    t->budget_limit = told_or(ev, F_BUDGET_LIMIT, t->budget_limit);
    t->budget_tokens = told_or(ev, F_BUDGET_TOKENS, t->budget_tokens);
    t->budget_tokens_used = told_or(ev, F_BUDGET_TOKENS_USED, t->budget_tokens_used);
}

static int64_t plus_bound(const struct event *ev, enum event_field f, int64_t before)
{
    if (!event_has(ev, f)) {
        return before;
    }
    return add_bound(ev->snapshot ? 0 : before, event_number(ev, f));
}

static void read_meter(const struct event *ev, struct agent_traits *t)
{
    if (event_number(ev, F_SPEND_SOURCE) == SPEND_SOURCE_GATEWAY) {
        t->metered = 1;
    }
    if (event_has(ev, F_SPEND_UNTOLD)) {
        t->untold = plus(ev, t->untold, tokens_of(ev, F_SPEND_UNTOLD));
    }
    t->bound_microusd = plus_bound(ev, F_SPEND_BOUND, t->bound_microusd);
    t->bound_tokens = plus_bound(ev, F_SPEND_BOUND_TOKENS, t->bound_tokens);
}

/* It is said of what is counted already. */
static void read_beside(const struct event *ev, struct agent_traits *t)
{
    t->beside_in = plus(ev, t->beside_in, tokens_of(ev, F_TOKENS_IN));
    t->beside_out = plus(ev, t->beside_out, tokens_of(ev, F_TOKENS_OUT));
    t->beside_microusd = plus(ev, t->beside_microusd, event_number(ev, F_COST_MICROUSD));
}

/* Nearly always nothing of it changes: then no draft is made. */
static void set_traits(const struct fold *x, struct agent_item *it,
                       void (*read)(const struct event *ev, struct agent_traits *t))
{
    struct agent_traits now = *it->a.traits;
    read(x->ev, &now);
    if (memcmp(&now, it->a.traits, sizeof(now)) != 0) {
        struct agent_traits draft = traits_draft(x->f, it->a.traits);
        read(x->ev, &draft);
        agent_set_traits(x->f, it, &draft);
    }
}

static void set_budget(const struct fold *x, struct agent_item *it)
{
    set_traits(x, it, read_budget);
    if (event_has(x->ev, F_BUDGET_USED)) {
        it->a.budget_used = event_number(x->ev, F_BUDGET_USED);
    }
}

void fold_spend_recorded(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it == NULL) {
        return;
    }
    if (event_number(x->ev, F_SPEND_SOURCE) == SPEND_SOURCE_BESIDE) {
        set_traits(x, it, read_beside);
        return;
    }
    it->a.retrying = 0; /* the model answered; a snapshot says after this that it still does not */
    set_traits(x, it, read_meter);
    set_tokens(x->ev, &it->a);
    set_cost(x, &it->a);
    tasks_spend(x, it);
    set_budget(x, it);
    struct note n = note_of(EVENT_SPEND_RECORDED);
    n.subject = event_text(x->ev, F_MODEL);
    n.tokens = in_and_out(x->ev);
    n.microusd = event_has(x->ev, F_COST_MICROUSD) ? event_number(x->ev, F_COST_MICROUSD) : -1;
    log_note(x, it, &n);
}

/* The sum is the source's own, of the day that the event is of; without a limit there is none. */
void fold_spend_day(struct fold *x)
{
    struct backend *b = &x->b->b;
    struct spend_day *d = day_at(b, day_of(x->ev->time_us));
    d->microusd = event_number(x->ev, F_COST_MICROUSD);
    d->bound_microusd = later_us(event_number(x->ev, F_SPEND_BOUND), 0);
    b->day_limit_microusd = later_us(event_number(x->ev, F_BUDGET_LIMIT), 0);
    b->total_limit_microusd = later_us(event_number(x->ev, F_SPEND_TOTAL_LIMIT), 0);
    if (event_has(x->ev, F_SPEND_TOTAL)) {
        b->total_microusd = event_number(x->ev, F_SPEND_TOTAL);
    }
    if (event_has(x->ev, F_BUDGET_USED)) {
        b->total_bound_microusd =
            later_us(event_number(x->ev, F_BUDGET_USED) - b->total_microusd, 0);
    }
}

void fold_budget_changed(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it != NULL && !tasks_take_limit(x, it)) {
        set_budget(x, it);
    }
}

/* ---- queries */
struct spend_day fleet_day(const struct backend *b, int64_t now_us)
{
    int64_t day = day_of(now_us);
    for (size_t i = 0; i < SPEND_DAYS; i++) {
        if (b->days[i].day == day) {
            return b->days[i];
        }
    }
    return (struct spend_day){.day = day};
}

int64_t fleet_spent_today(const struct backend *b, int64_t now_us)
{
    return fleet_day(b, now_us).microusd;
}

int64_t fleet_spent_today_all(const struct fleet *f, int64_t now_us, int64_t *limit_microusd)
{
    int64_t spent = 0;
    *limit_microusd = 0;
    for (uint32_t i = 0; i < fleet_backend_count(f); i++) {
        const struct backend *b = fleet_backend_at(f, i);
        spent = add_saturating(spent, fleet_spent_today(b, now_us));
        *limit_microusd = add_saturating(*limit_microusd, b->day_limit_microusd);
    }
    return spent;
}

int64_t fleet_burn(const struct fleet *f, int64_t now_us, int64_t microusd[FLEET_BURN_MINUTES])
{
    int64_t now = minute_of(now_us);
    int64_t sum = 0;
    for (int64_t i = 0; i < FLEET_BURN_MINUTES; i++) {
        int64_t minute = now - FLEET_BURN_MINUTES + 1 + i;
        bool known =
            minute >= 0 && minute <= f->burn_minute && minute > f->burn_minute - FLEET_BURN_MINUTES;
        microusd[i] = known ? f->burn[minute % FLEET_BURN_MINUTES] : 0;
        sum = add_saturating(sum, microusd[i]);
    }
    return sum;
}
