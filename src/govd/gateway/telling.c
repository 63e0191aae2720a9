/* telling.c - what became of leases is in force at once, for however many; that it is told,
 * recorded, and seen in their agents' permissions may take some turns, none of which lasts.
 */
#include "gateway_priv.h"

#include "checkrein/clock.h"

#define SLICE_US  4000 /* of one turn, */
#define SLICE     128  /* and no more than so many: consoles have to read them */
#define LOOK_EACH 8    /* so many are told between two looks at the clock */

struct telling {
    char (*lease)[ULID_BYTES]; /* to be told, from `first` on */
    size_t first, end, cap;
    session_ref *holder; /* whose permissions are to be told anew */
    size_t holder_first, holder_end, holder_cap;
    uint64_t told; /* leases, ever */
    loop_id more;
};

void telling_init(struct govd *g)
{
    g->gateway->telling = xcalloc(1, sizeof(*g->gateway->telling));
}

void telling_release(struct govd *g)
{
    struct telling *t = g->gateway->telling;
    loop_remove(g->loop, t->more);
    free(t->lease);
    free(t->holder);
    free(t);
}

void telling_add(struct govd *g, struct lease *l)
{
    struct telling *t = g->gateway->telling;
    if (l->untold) {
        return; /* it stands in the list: what it is then is told */
    }
    l->untold = true;
    GROW(t->lease, t->cap, t->end + 1);
    memcpy(t->lease[t->end++], l->id, ULID_BYTES);
}

static void add_holder(struct govd *g, const struct lease *l)
{
    struct telling *t = g->gateway->telling;
    struct session *s = session_find(g, span_str(l->agent));
    if (s && !s->held_is_news) {
        s->held_is_news = true;
        GROW(t->holder, t->holder_cap, t->holder_end + 1);
        t->holder[t->holder_end++] = s->ref;
    }
}

static bool tell_lease(struct govd *g)
{
    struct telling *t = g->gateway->telling;
    if (t->first == t->end) {
        t->first = t->end = 0;
        return false;
    }
    struct lease *l = lease_by_id(g->leases, span_str(t->lease[t->first++]));
    t->told++;
    if (l && l->untold) {
        lease_publish_state(g, l);
        add_holder(g, l);
    }
    return true;
}

/* One that has let go of its place to another is told of by that. */
static bool tell_holder(struct govd *g)
{
    struct telling *t = g->gateway->telling;
    if (t->holder_first == t->holder_end) {
        t->holder_first = t->holder_end = 0;
        return false;
    }
    struct session *s = session_at(g, t->holder[t->holder_first++]);
    if (s && s->held_is_news) {
        s->held_is_news = false;
        session_announce(g, s, EVENT_AGENT_UPDATED);
    }
    return true;
}

static bool tell_one(struct govd *g)
{
    return tell_lease(g) || tell_holder(g);
}

uint64_t telling_mark(const struct govd *g)
{
    const struct telling *t = g->gateway->telling;
    return t->told + (t->end - t->first);
}

bool telling_is_past(const struct govd *g, uint64_t mark)
{
    const struct telling *t = g->gateway->telling;
    return t->told >= mark && t->holder_first == t->holder_end;
}

static void on_more(void *ctx)
{
    struct govd *g = ctx; /* the turn that this began goes on with it at its end */
    g->gateway->telling->more = 0;
}

void telling_turn(struct govd *g)
{
    struct telling *t = g->gateway->telling;
    int64_t until = clock_mono_us() + SLICE_US;
    bool is_more = true;
    for (int n = 0; is_more && n < SLICE && clock_mono_us() < until; n += LOOK_EACH) {
        for (int i = 0; i < LOOK_EACH && is_more; i++) {
            is_more = tell_one(g);
        }
    }
    if (is_more && !t->more) {
        t->more = loop_timer(g->loop, 0, on_more, g);
    }
    orders_turn(g);
}

void telling_all(struct govd *g)
{
    while (tell_one(g)) {
    }
    orders_turn(g);
}
