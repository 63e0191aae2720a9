#include "telemetry_priv.h"

#define DAY_US (INT64_C(86400) * 1000000)

static const enum event_field FIELDS[USAGE_COUNT] = {
    [USAGE_IN] = F_TOKENS_IN,
    [USAGE_OUT] = F_TOKENS_OUT,
    [USAGE_CACHE_READ] = F_TOKENS_CACHED,
    [USAGE_CACHE_WRITE] = F_TOKENS_CACHE_WRITE,
    [USAGE_REASONING] = F_TOKENS_REASONING,
};

static bool has_tokens(const struct usage *u)
{
    return u->n[USAGE_IN] > 0 || u->n[USAGE_OUT] > 0;
}

/* A price of the future is no price of today: a clock that runs ahead does not choose. */
static int64_t priced_at(const struct spend *sp)
{
    int64_t now = govd_wall_us();
    return sp->wall_us > 0 && sp->wall_us < now ? sp->wall_us : now;
}

/* What the runtime says, else what the list says, else nothing: the request is unpriced then. */
static bool cost_of(const struct govd *g, const struct session *s, const struct spend *sp,
                    struct price_quote *out)
{
    if (sp->has_cost) {
        *out = (struct price_quote){.microusd = sp->cost_microusd};
        return true;
    }
    struct price_usage u = usage_to_price(&sp->usage);
    struct span model = sp->model.n ? sp->model : span_str(s->model);
    return has_tokens(&sp->usage) &&
           price_cost(g->telemetry->prices, model, priced_at(sp), &u, out) == ST_OK;
}

static void set_cost(struct govd *g, struct session *s, const struct spend *sp, struct event *ev)
{
    struct price_quote q;
    if (cost_of(g, s, sp, &q) && q.microusd <= EVENT_INT_MAX - s->cost_microusd) {
        event_set_number(ev, F_COST_MICROUSD, q.microusd);
        event_set_text(ev, F_COST_CURRENCY, SPAN("USD"));
        event_set_number(ev, F_COST_ESTIMATED, true);
        event_put_text(ev, F_REASON, q.source);
        s->cost_microusd += q.microusd;
    }
}

static int64_t spent_today(const struct govd *g)
{
    const struct backend *self = fleet_backend_named(g->fleet, BACKEND_SELF);
    return self ? fleet_spent_today(self, govd_wall_us()) : 0;
}

static bool day_is_used_up(const struct govd *g)
{
    return g->conf->serve.daily_budget > 0 && spent_today(g) >= g->conf->serve.daily_budget;
}

bool spend_over_limit(const struct govd *g, const struct session *s)
{
    int64_t limit = g->conf->serve.agent_budget;
    return (limit > 0 && s->cost_microusd >= limit) || day_is_used_up(g);
}

static void tell_used_up(struct govd *g)
{
    int64_t day = govd_wall_us() / DAY_US;
    if (day_is_used_up(g) && g->telemetry->day_told != day) {
        g->telemetry->day_told = day;
        publish_signal(
            g, NULL, SEVERITY_HIGH,
            "the agents have spent what they may spend today: calls that rules allow ask now");
    }
}

void spend_record(struct govd *g, struct session *s, const struct spend *sp)
{
    if (!sp->has_cost && !has_tokens(&sp->usage)) {
        return;
    }
    char room[MODEL_BYTES];
    struct event ev;
    publish_about(g, &ev, EVENT_SPEND_RECORDED, s);
    for (size_t i = 0; i < USAGE_COUNT; i++) {
        if (sp->usage.n[i] > 0 || i == USAGE_IN || i == USAGE_OUT) {
            event_set_number(&ev, FIELDS[i], sp->usage.n[i]);
        }
    }
    set_cost(g, s, sp, &ev);
    event_put_text(&ev, F_MODEL, told_text(g, sp->model, room, sizeof(room)));
    if (g->conf->serve.agent_budget > 0) {
        event_set_number(&ev, F_BUDGET_LIMIT, g->conf->serve.agent_budget);
        event_set_number(&ev, F_BUDGET_USED, s->cost_microusd);
    }
    (void)publish(g, &ev);
    session_model(g, s, told_text(g, sp->model, room, sizeof(room)));
    tell_used_up(g);
}

void spend_tell_limit(struct govd *g)
{
    const struct backend *self = fleet_backend_named(g->fleet, BACKEND_SELF);
    int64_t limit = g->conf->serve.daily_budget;
    if ((self ? self->day_limit_microusd : 0) == limit) {
        return;
    }
    struct event ev;
    publish_begin(g, &ev, EVENT_SPEND_DAY);
    event_set_number(&ev, F_COST_MICROUSD, spent_today(g));
    if (limit > 0) {
        event_set_number(&ev, F_BUDGET_LIMIT, limit);
    }
    (void)publish(g, &ev);
}
