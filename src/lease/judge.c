#include "lease_priv.h"

#include <stdio.h>

#define MINUTE_US    INT64_C(60000000)
#define CHOKED_RETRY 30 /* seconds: what a client is told to wait before it asks again */

static struct lease_verdict refuse(int http_status, const char *why)
{
    struct lease_verdict v = {.ruling = LEASE_REFUSE, .http_status = http_status};
    (void)snprintf(v.why, sizeof(v.why), "%s", why);
    return v;
}

/* That it is revoked, choked or held: its own words, or those of the parent that is. */
static void say_state(const struct leases *all, const struct lease *l, enum lease_state state,
                      struct lease_verdict *v)
{
    const struct lease *from = l;
    while (from->state != state && from->parent[0] != '\0') {
        const struct lease *parent = lease_by_id(all, span_str(from->parent));
        if (parent == NULL) {
            (void)snprintf(v->why, sizeof(v->why), "the lease that this one comes of is gone");
            return;
        }
        from = parent;
    }
    (void)snprintf(v->why, sizeof(v->why), "the %slease was %s%s%.60s%s%.120s",
                   from == l ? "" : "parent of this ", lease_state_name(state),
                   from->by[0] != '\0' ? " by " : "", from->by, from->reason[0] != '\0' ? ": " : "",
                   from->reason);
}

static struct lease_verdict by_state(const struct leases *all, const struct lease *l,
                                     int64_t now_us)
{
    enum lease_state state = lease_in_force(all, l);
    struct lease_verdict v = {.ruling = LEASE_LET};
    if (state == LEASE_REVOKED) {
        v = refuse(403, "");
        say_state(all, l, state, &v);
    } else if (lease_has_expired(l, now_us)) {
        v = refuse(401, "the lease has expired");
    } else if (state == LEASE_CHOKED) {
        v = refuse(429, "");
        v.retry_s = CHOKED_RETRY;
        say_state(all, l, state, &v);
    } else if (state == LEASE_HELD) {
        v.ruling = LEASE_HOLD;
        say_state(all, l, state, &v);
    }
    return v;
}

/* What of it is out of these scopes; NULL: nothing. */
static const char *outside(struct span scopes, const struct lease_request *r)
{
    struct span models = scopes_value(scopes, "models");
    if (!scopes_fit(scopes_value(scopes, "methods"), r->method)) {
        return "the lease is not for this method";
    }
    if (!scopes_fit(scopes_value(scopes, "paths"), r->path)) {
        return "the lease is not for this path";
    }
    if (models.n > 0 && r->model.n > 0 && !scopes_fit(models, r->model)) {
        return "the lease is not for this model";
    }
    return NULL;
}

/* Up to a minute's worth may come at once. False: not yet. */
static bool pay(struct lease *l, int64_t per_minute, int64_t now_us, int64_t *retry_s)
{
    int64_t cost = MINUTE_US / per_minute;
    int64_t from = l->paid_us > now_us - MINUTE_US ? l->paid_us : now_us - MINUTE_US;
    if (from > now_us) {
        from = now_us - MINUTE_US; /* the clock was set back */
    }
    if (from + cost > now_us) {
        *retry_s = (from + cost - now_us + 999999) / 1000000;
        return false;
    }
    l->paid_us = from + cost;
    return true;
}

struct lease_verdict lease_judge(const struct leases *all, struct lease *l,
                                 const struct lease_request *r)
{
    struct lease_verdict v = by_state(all, l, r->now_us);
    const char *not = NULL;
    const struct lease *at = l;
    for (int depth = 0; at != NULL && not == NULL && depth <= LEASE_DEPTH; depth++) {
        not = outside(span_str(at->scopes), r);
        at = lease_by_id(all, span_str(at->parent));
    }
    if (v.ruling != LEASE_REFUSE && not != NULL) {
        return refuse(403, not );
    }
    if (v.ruling != LEASE_LET) {
        return v;
    }
    int64_t rate = scopes_rate(span_str(l->scopes));
    int64_t retry_s = 0;
    if (rate > 0 && !pay(l, rate, r->now_us, &retry_s)) {
        v = refuse(429, "more requests a minute than the lease is for");
        v.retry_s = retry_s;
        return v;
    }
    l->uses++;
    l->used_us = r->now_us;
    return v;
}

bool lease_needs_model(const struct leases *all, const struct lease *l)
{
    for (int depth = 0; l != NULL && depth <= LEASE_DEPTH; depth++) {
        if (scopes_value(span_str(l->scopes), "models").n > 0) {
            return true;
        }
        l = lease_by_id(all, span_str(l->parent));
    }
    return false;
}
