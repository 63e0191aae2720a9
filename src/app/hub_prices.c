#include "hub_prices.h"

static int64_t rest(int64_t whole, int64_t part)
{
    return whole > part ? whole - part : 0;
}

static struct price_usage usage_of(const struct event *ev)
{
    int64_t cached = event_number(ev, F_TOKENS_CACHED);
    int64_t written = event_number(ev, F_TOKENS_CACHE_WRITE);
    int64_t reasoning = event_number(ev, F_TOKENS_REASONING);
    return (struct price_usage){
        .tokens = {
                   [PRICE_INPUT] = rest(rest(event_number(ev, F_TOKENS_IN), cached), written),
                   [PRICE_OUTPUT] = rest(event_number(ev, F_TOKENS_OUT), reasoning),
                   [PRICE_CACHE_READ] = cached,
                   [PRICE_CACHE_WRITE] = written,
                   [PRICE_REASONING] = reasoning,
                   }
    };
}

const struct event *event_priced(const struct price_table *prices, const struct driver_ops *ops,
                                 const struct event *ev, struct event *room)
{
    struct price_quote q;
    if (!prices || !ops || !ops->tells_tokens_only || ev->type != EVENT_SPEND_RECORDED ||
        event_has(ev, F_COST_MICROUSD)) {
        return ev;
    }
    struct price_usage u = usage_of(ev);
    if (price_cost(prices, event_text(ev, F_MODEL), ev->time_us, &u, &q) != ST_OK ||
        q.microusd > EVENT_INT_MAX) {
        return ev;
    }
    *room = *ev;
    event_set_number(room, F_COST_MICROUSD, q.microusd);
    event_set_text(room, F_COST_CURRENCY, SPAN("USD"));
    event_set_number(room, F_COST_ESTIMATED, true);
    event_put_text(room, F_REASON, q.source);
    return room;
}
