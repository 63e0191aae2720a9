#include "history.h"

#include "checkrein/clock.h"
#include "checkrein/file.h"
#include "checkrein/num.h"

#define READ_MS 10000

struct past {
    history_fn *fn;
    void *ctx;
    bool over, failed;
};

static int64_t ignore_raw(void *ctx, struct span bytes)
{
    (void)ctx;
    (void)bytes;
    return 0;
}

static void on_event(void *ctx, const struct event *ev)
{
    const struct past *p = ctx;
    if (!p->failed) {
        p->fn(p->ctx, ev);
    }
}

static void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    (void)why;
    (void)retry_ms;
    struct past *p = ctx;
    p->failed = p->failed || st == LINK_DOWN || st == LINK_REFUSED || st == LINK_STALE;
    p->over = p->failed || st == LINK_LIVE;
}

/* A state instead of a history: it does not reach back as far as it said. */
static void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    (void)seq;
    (void)complete;
    struct past *p = ctx;
    p->failed = p->over = true;
}

static void ignore_offer(void *ctx, const struct driver_offer *offer)
{
    (void)ctx;
    (void)offer;
}

static void ignore_result(void *ctx, struct span command, enum command_state st, struct span reason,
                          struct span by)
{
    (void)ctx;
    (void)command;
    (void)st;
    (void)reason;
    (void)by;
}

static enum status read_one(struct headless *h, const struct hub_backend *b, struct past *p,
                            struct why *why)
{
    const struct backend *known = fleet_backend_named(h->hub.fleet, span_str(b->conf.name));
    uint64_t oldest = (uint64_t)b->oldest;
    uint64_t seq = known ? known->seq : 0;
    if (seq > HISTORY_EVENTS_MAX && oldest < seq - HISTORY_EVENTS_MAX) {
        oldest = seq - HISTORY_EVENTS_MAX;
    }
    struct driver_sink sink = {.ctx = p,
                               .raw = ignore_raw,
                               .event = on_event,
                               .link = on_link,
                               .snapshot = on_snapshot,
                               .offers = ignore_offer,
                               .result = ignore_result};
    struct driver *d = NULL;
    enum status st =
        hub_open_driver(b, &(struct driver_resume){oldest, b->instance}, sink, &d, why);
    int64_t until = clock_mono_us() + READ_MS * 1000LL;
    while (st == ST_OK && !p->over) {
        int64_t left = (until - clock_mono_us()) / 1000;
        st = left > 0 ? loop_turn(h->hub.loop, left)
                      : why_fail(why, ST_TIMEOUT, "%s does not send what was", b->conf.name);
    }
    driver_close(d);
    if (st == ST_OK && p->failed) {
        st = why_fail(why, ST_CLOSED, "%s does not tell what was", b->conf.name);
    }
    return st;
}

enum status history_read(struct headless *h, history_fn *fn, void *ctx, struct why *why)
{
    enum status st = ST_OK;
    for (uint32_t i = 0; st == ST_OK && i < h->hub.count; i++) {
        struct past p = {.fn = fn, .ctx = ctx};
        if (h->hub.backends[i].link == LINK_LIVE) {
            st = read_one(h, &h->hub.backends[i], &p, why);
        }
    }
    return st;
}
