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

/* What may be asked without saying for which model. */
static bool is_look(struct span method)
{
    return span_is(method, "GET") || span_is(method, "HEAD");
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
    if (models.n > 0 && r->model.n == 0 && !is_look(r->method)) {
        return "the lease is for some models, and which this asks for cannot be told";
    }
    if (models.n > 0 && r->model.n > 0 && !scopes_fit(models, r->model)) {
        return "the lease is not for this model";
    }
    return NULL;
}

/* The same of it and all that it comes of. */
static const char *outside_of_all(const struct leases *all, const struct lease *l,
                                  const struct lease_request *r)
{
    const char *not = outside(span_str(l->scopes), r);
    for (int depth = 0; !not &&depth <= LEASE_DEPTH; depth++) {
        l = lease_by_id(all, span_str(l->parent));
        if (l == NULL) {
            break;
        }
        not = outside(span_str(l->scopes), r);
    }
    return not ;
}

/* ---- the rate: up to a minute's worth may come at once */

/* Up to when requests are paid for, with this one; 0: it has no rate. */
static int64_t paid_with(const struct lease *l, int64_t now_us)
{
    int64_t rate = scopes_rate(span_str(l->scopes));
    int64_t from = now_us - MINUTE_US;
    if (l->paid_us > from && l->paid_us <= now_us) { /* later: the clock was set back */
        from = l->paid_us;
    }
    return rate > 0 ? from + MINUTE_US / rate : 0;
}

/* Each that it comes of is asked before any pays. How long until all can: 0, it is paid. */
static int64_t pay(const struct leases *all, struct lease *l, int64_t now_us)
{
    struct lease *chain[LEASE_DEPTH + 1];
    size_t n = 0;
    int64_t wait_us = 0;
    for (struct lease *at = l; at != NULL && n < ARRAY_LEN(chain);
         at = lease_by_id(all, span_str(at->parent))) {
        int64_t until = paid_with(at, now_us);
        wait_us = until - now_us > wait_us ? until - now_us : wait_us;
        chain[n++] = at;
    }
    for (size_t i = 0; i < n && wait_us == 0; i++) {
        chain[i]->paid_us = paid_with(chain[i], now_us);
    }
    return wait_us;
}

struct lease_verdict lease_judge(const struct leases *all, struct lease *l,
                                 const struct lease_request *r)
{
    struct lease_verdict v = by_state(all, l, r->now_us);
    const char *not = outside_of_all(all, l, r);
    if (v.ruling != LEASE_REFUSE && not != NULL) {
        return refuse(403, not );
    }
    if (v.ruling != LEASE_LET) {
        return v;
    }
    int64_t wait_us = pay(all, l, r->now_us);
    if (wait_us > 0) {
        v = refuse(429, "more requests a minute than the lease is for");
        v.retry_s = (wait_us + 999999) / 1000000;
        return v;
    }
    l->uses++;
    l->used_us = r->now_us;
    return v;
}

bool lease_scopes_narrow(struct span scopes, const char *what)
{
    return scopes_value(scopes, what).n > 0;
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
