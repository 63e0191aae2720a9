/* meter_late.c - answers that are made in the background, or were cut, and fetched by their id: the
 * first fetch that tells what they used makes their bound good. So each counts once. What is not
 * remembered any more keeps its bound, and counts as nothing when it is fetched.
 */
#include "meter_priv.h"

#define LATE_MAX 256 /* the oldest gives its place away */

struct late {
    char *upstream; /* NULL: none */
    char id[USAGE_ID_BYTES];
    struct late_answer answer;
};

static void release(struct late *l)
{
    free(l->upstream);
    payers_release(&l->answer.who);
    *l = (struct late){0};
}

void late_release(struct gateway *w)
{
    for (size_t i = 0; w->late && i < LATE_MAX; i++) {
        release(&w->late[i]);
    }
    free(w->late);
    w->late = NULL;
}

/* The place of the oldest, for this one. */
static struct late *make(struct gateway *w, struct span upstream, struct span id)
{
    if (!w->late) {
        w->late = xcalloc(LATE_MAX, sizeof(*w->late));
    }
    struct late *l = &w->late[w->late_at++ % LATE_MAX];
    release(l);
    l->upstream = xstrndup(upstream.p, upstream.n);
    (void)span_copy(id, l->id, sizeof(l->id));
    return l;
}

static struct late *find(const struct gateway *w, struct span upstream, struct span id)
{
    for (size_t i = 0; w->late && i < LATE_MAX; i++) {
        struct late *l = &w->late[i];
        if (l->upstream && span_is(upstream, l->upstream) && span_is(id, l->id)) {
            return l;
        }
    }
    return NULL;
}

void late_put(struct meter *m, const char *id, const struct amount *bound)
{
    if (id[0] == '\0') {
        return;
    }
    struct late *l = make(m->govd->gateway, span_str(m->up->conf->name), span_str(id));
    payers_copy(&m->who, &l->answer.who);
    l->answer.bound = *bound;
    (void)span_copy(span_str(m->task), l->answer.task, sizeof(l->answer.task));
}

bool late_take(struct meter *m, const char *id, struct late_answer *out)
{
    struct late *l = find(m->govd->gateway, span_str(m->up->conf->name), span_str(id));
    if (!l) {
        return false;
    }
    *out = l->answer;
    l->answer.who = (struct payers){0};
    release(l);
    return true;
}

static void put_again(struct govd *g, const struct event *ev, struct late *l)
{
    struct span agent = event_text(ev, F_AGENT_ID);
    payers_of(g, lease_by_id(g->leases, event_text(ev, F_CREDENTIAL_ID)), &l->answer.who);
    if (l->answer.who.count == 0) {
        l->answer.who.agent[l->answer.who.count++] = xstrndup(agent.p, agent.n);
    }
    l->answer.bound =
        (struct amount){event_number(ev, F_SPEND_BOUND), event_number(ev, F_SPEND_BOUND_TOKENS)};
    (void)span_copy(event_text(ev, F_TASK_ID), l->answer.task, sizeof(l->answer.task));
}

void late_restore(struct govd *g, const struct event *ev)
{
    struct span id = event_text(ev, F_SPEND_ANSWER);
    struct span upstream = event_text(ev, F_CREDENTIAL_ISSUER);
    if (ev->type != EVENT_SPEND_RECORDED || ev->snapshot || id.n == 0) {
        return;
    }
    struct late *known = find(g->gateway, upstream, id);
    if (known) {
        release(known);
    }
    if (event_number(ev, F_SPEND_UNTOLD) > 0) {
        put_again(g, ev, make(g->gateway, upstream, id));
    }
}
