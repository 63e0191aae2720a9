#include "../budget_priv.h"
#include "../tasks_priv.h"
#include "telemetry_priv.h"

#define SLACK 20000 /* tokens: an exporter may be ahead of what is counted here */

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

static void put_usage(struct event *ev, const struct usage *u)
{
    for (size_t i = 0; i < USAGE_COUNT; i++) {
        if (u->n[i] > 0 || i == USAGE_IN || i == USAGE_OUT) {
            event_set_number(ev, FIELDS[i], u->n[i]);
        }
    }
}

/* An agent that the gateway counts, or the one whose helper it is. */
static struct session *metered_one(const struct session *s)
{
    struct govd *g = s->govd;
    for (struct session *one = session_at(g, s->ref); one; one = session_at(g, one->parent)) {
        if (budget_is_metered(g, span_str(one->id))) {
            return one;
        }
    }
    return NULL;
}

static int64_t sum(int64_t a, int64_t b)
{
    return b > EVENT_INT_MAX - a ? EVENT_INT_MAX : a + b;
}

/* Of what came through the gateway nothing is told by it alone: so it has another key. */
static void look_for_more(struct govd *g, const struct session *s)
{
    const struct agent *a = fleet_agent_by_id(g->fleet, BACKEND_SELF, span_str(s->id));
    struct purse *p = purse_of(g, span_str(s->id));
    if (!a || p->elsewhere_told || p->runs || a->traits->untold) {
        return;
    }
    int64_t counted = sum(a->tokens_in, a->tokens_out);
    if (sum(a->traits->beside_in, a->traits->beside_out) > counted + counted / 5 + SLACK) {
        p->elsewhere_told = true;
        publish_signal(g, s, SEVERITY_HIGH,
                       "its own telemetry tells of more tokens than came through the gateway: it "
                       "may hold another key");
    }
}

/* What its own telemetry says of what is counted already. */
static void tell_beside(struct govd *g, struct session *s, const struct spend *sp)
{
    char room[MODEL_BYTES];
    struct event ev;
    struct price_quote q;
    publish_about(g, &ev, EVENT_SPEND_RECORDED, s);
    put_usage(&ev, &sp->usage);
    if (cost_of(g, s, sp, &q)) {
        event_set_number(&ev, F_COST_MICROUSD, q.microusd);
        event_set_text(&ev, F_COST_CURRENCY, SPAN("USD"));
        event_set_number(&ev, F_COST_ESTIMATED, true);
    }
    event_set_number(&ev, F_SPEND_SOURCE, SPEND_SOURCE_BESIDE);
    event_put_text(&ev, F_MODEL, told_text(g, sp->model, room, sizeof(room)));
    (void)publish(g, &ev);
    look_for_more(g, s);
}

void spend_record(struct govd *g, struct session *s, const struct spend *sp)
{
    char room[MODEL_BYTES];
    struct event ev;
    if (!sp->has_cost && !has_tokens(&sp->usage)) {
        return;
    }
    struct session *metered = metered_one(s);
    if (metered) {
        tell_beside(g, metered, sp);
        return;
    }
    publish_about(g, &ev, EVENT_SPEND_RECORDED, s);
    put_usage(&ev, &sp->usage);
    set_cost(g, s, sp, &ev);
    if (sp->began_us > 0) {
        task_put_at(g, &ev, s, sp->began_us);
    }
    event_set_number(&ev, F_SPEND_SOURCE, SPEND_SOURCE_TELEMETRY);
    event_put_text(&ev, F_MODEL, told_text(g, sp->model, room, sizeof(room)));
    (void)budget_spend(g, span_str(s->id), &ev);
    session_model(g, s, told_text(g, sp->model, room, sizeof(room)), SPAN_NONE);
}

/* ---- through the gateway */

/* As everywhere: input holds what caches gave and took, output the reasoning. */
static struct usage usage_of_price(const struct price_usage *u)
{
    const int64_t *n = u->tokens;
    int64_t written = sum(n[PRICE_CACHE_WRITE], n[PRICE_CACHE_WRITE_1H]);
    return (struct usage){
        .n = {[USAGE_IN] = sum(sum(n[PRICE_INPUT], n[PRICE_CACHE_READ]), written),
              [USAGE_OUT] = sum(n[PRICE_OUTPUT], n[PRICE_REASONING]),
              [USAGE_CACHE_READ] = n[PRICE_CACHE_READ],
              [USAGE_CACHE_WRITE] = written,
              [USAGE_REASONING] = n[PRICE_REASONING]}
    };
}

static void put_tokens(struct govd *g, const struct metered *m, struct event *ev)
{
    struct price_quote q;
    struct usage u = usage_of_price(m->tokens);
    put_usage(ev, &u);
    if (has_tokens(&u) &&
        price_cost(g->telemetry->prices, m->model, govd_wall_us(), m->tokens, &q) == ST_OK &&
        q.microusd <= EVENT_INT_MAX) {
        event_set_number(ev, F_COST_MICROUSD, q.microusd);
        event_set_text(ev, F_COST_CURRENCY, SPAN("USD"));
        event_set_number(ev, F_COST_ESTIMATED, true);
        event_put_text(ev, F_REASON, q.source);
    }
}

/* Of kinds that are not told apart the dearest: input may have gone to a cache, output may be
 * reasoning. */
bool spend_bound(const struct govd *g, struct span model, int64_t in, int64_t out,
                 int64_t *microusd)
{
    static const enum price_kind KINDS[] = {PRICE_INPUT, PRICE_CACHE_WRITE, PRICE_CACHE_WRITE_1H};
    static const enum price_kind MADE[] = {PRICE_OUTPUT, PRICE_REASONING};
    bool found = false;
    *microusd = 0;
    for (size_t i = 0; i < ARRAY_LEN(KINDS) * ARRAY_LEN(MADE); i++) {
        struct price_usage u = {0};
        struct price_quote q;
        u.tokens[KINDS[i / ARRAY_LEN(MADE)]] = in;
        u.tokens[MADE[i % ARRAY_LEN(MADE)]] = out;
        if (price_cost(g->telemetry->prices, model, govd_wall_us(), &u, &q) == ST_OK) {
            found = true;
            *microusd = q.microusd > *microusd ? q.microusd : *microusd;
        }
    }
    *microusd = *microusd > EVENT_INT_MAX ? EVENT_INT_MAX : *microusd;
    return found;
}

static void put_bound(struct govd *g, const struct metered *m, struct event *ev)
{
    int64_t microusd = 0;
    int64_t tokens = sum(m->bound_in, m->bound_out) - m->late.tokens;
    bool priced = spend_bound(g, m->model, m->bound_in, m->bound_out, &microusd);
    if (tokens != 0) {
        event_set_number(ev, F_SPEND_BOUND_TOKENS, tokens);
    }
    if (microusd != m->late.microusd || (priced && tokens != 0)) {
        event_set_number(ev, F_SPEND_BOUND, microusd - m->late.microusd);
    }
}

struct spent spend_metered(struct govd *g, const struct metered *m)
{
    char room[MODEL_BYTES];
    struct event ev;
    struct session *s = session_find(g, m->agent);
    publish_begin(g, &ev, EVENT_SPEND_RECORDED);
    event_set_text(&ev, F_AGENT_ID, m->agent);
    ev.subject = m->agent;
    event_set_text(&ev, F_CREDENTIAL_ID, m->credential);
    event_set_text(&ev, F_CREDENTIAL_ISSUER, m->upstream);
    event_set_text(&ev, F_PROVIDER, m->provider);
    event_set_number(&ev, F_SPEND_SOURCE, SPEND_SOURCE_GATEWAY);
    task_put(g, &ev, m->agent, m->task);
    if (m->tokens) {
        put_tokens(g, m, &ev);
    }
    if (m->untold) {
        event_set_number(&ev, F_SPEND_UNTOLD, 1);
    }
    put_bound(g, m, &ev);
    event_put_text(&ev, F_SPEND_ANSWER, span_str(m->answer));
    event_put_text(&ev, F_MODEL, told_text(g, m->model, room, sizeof(room)));
    struct spent spent = budget_spend(g, m->agent, &ev);
    if (s) {
        s->cost_microusd = sum(s->cost_microusd, spent.told.microusd);
        session_model(g, s, told_text(g, m->model, room, sizeof(room)), m->provider);
    }
    return spent;
}
