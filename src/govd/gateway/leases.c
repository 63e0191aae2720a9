/* leases.c - what becomes of a lease is an event first: the record has its digest and never the
 * token, and a start takes all of it up again from there.
 */
#include "gateway_priv.h"

#include "checkrein/clock.h"

#define TOLD_EVERY_US INT64_C(60000000) /* how often the use of one lease is told */
#define DEAD_KEPT_US  (INT64_C(24) * 3600 * 1000000)
#define UNBEGUN_US    INT64_C(60000000) /* a run that asked for a lease has so long to register */
#define EVERYTHING    "everything"
#define KIND          "lease"

struct span lease_holder(const struct govd *g, const struct lease *l)
{
    const struct session *s = session_find(g, span_str(l->agent));
    return span_str(s ? s->id : l->agent);
}

/* About its agent when there is one: to speak of one would make it known, before it is. */
static void set_agent(const struct govd *g, struct event *ev, const struct lease *l)
{
    const struct session *s = session_find(g, span_str(l->agent));
    event_set_text(ev, F_CREDENTIAL_HOLDER, span_str(l->agent));
    if (s) {
        event_set_text(ev, F_AGENT_ID, span_str(s->id));
        ev->subject = span_str(s->id);
    }
}

static void begin(struct govd *g, struct event *ev, enum event_type type, const struct lease *l)
{
    publish_begin(g, ev, type);
    event_set_text(ev, F_CREDENTIAL_ID, span_str(l->id));
    set_agent(g, ev, l);
    event_set_text(ev, F_CREDENTIAL_ISSUER, span_str(l->upstream));
    event_set_text(ev, F_CREDENTIAL_KIND, SPAN(KIND));
}

static void announce_holder(struct govd *g, const struct lease *l)
{
    struct session *s = session_find(g, span_str(l->agent));
    if (s) {
        session_announce(g, s, EVENT_AGENT_UPDATED);
    }
}

void lease_publish_state(struct govd *g, struct lease *l)
{
    struct event ev;
    bool dead = l->state == LEASE_REVOKED;
    l->untold = false;
    begin(g, &ev, dead ? EVENT_CREDENTIAL_REVOKED : EVENT_CREDENTIAL_CHANGED, l);
    event_set_text(&ev, F_CREDENTIAL_STATE, span_str(lease_state_name(l->state)));
    event_put_text(&ev, F_REASON, span_str(l->reason));
    event_put_text(&ev, F_OPERATOR, span_str(l->by));
    event_set_number(&ev, F_CREDENTIAL_USES, (int64_t)l->uses);
    (void)publish(g, &ev);
}

/* ---- issuing */

struct lease *lease_root(const struct govd *g, struct lease *l)
{
    for (int depth = 0; l && l->parent[0] && depth <= LEASE_DEPTH; depth++) {
        struct lease *parent = lease_by_id(g->leases, span_str(l->parent));
        if (!parent) {
            break;
        }
        l = parent;
    }
    return l;
}

static bool publish_issued(struct govd *g, const struct lease *l, struct span by)
{
    char digest[DIGEST_TEXT_BYTES] = "sha256:";
    struct event ev;
    hex_encode(l->digest, SHA256_BYTES, digest + strlen(digest));
    begin(g, &ev, EVENT_CREDENTIAL_ISSUED, l);
    event_set_text(&ev, F_CREDENTIAL_DIGEST, span_str(digest));
    event_put_text(&ev, F_CREDENTIAL_PARENT, span_str(l->parent));
    event_put_text(&ev, F_CREDENTIAL_SCOPES, span_str(l->scopes));
    event_set_text(&ev, F_CREDENTIAL_STATE, span_str(lease_state_name(l->state)));
    event_put_text(&ev, F_OPERATOR, by);
    event_put_text(&ev, F_REASON, span_str(l->reason));
    if (l->expires_us > 0) {
        event_set_number(&ev, F_CREDENTIAL_EXPIRES, l->expires_us);
    }
    return publish(g, &ev);
}

struct lease *lease_issue(struct govd *g, const struct lease_terms *t, struct span by,
                          char token[LEASE_TOKEN_BYTES], struct why *why)
{
    uint8_t random[LEASE_RANDOM_BYTES];
    uint8_t digest[SHA256_BYTES];
    char id[ULID_BYTES];
    if (lease_check_terms(g->leases, t, why) != ST_OK) {
        return NULL;
    }
    ulid_make(id);
    random_bytes(random, sizeof(random));
    lease_token(random, token);
    sha256(span_str(token), digest);
    wipe(random, sizeof(random));
    struct lease *l = lease_add(g->leases, t, span_str(id), digest);
    if (!l || !publish_issued(g, l, by)) {
        if (l) {
            (void)lease_set(l, LEASE_REVOKED, SPAN("it could not be recorded"), SPAN("checkrein"),
                            govd_wall_us());
        }
        wipe(token, LEASE_TOKEN_BYTES);
        (void)why_fail(why, ST_IO, "it cannot be recorded");
        return NULL;
    }
    announce_holder(g, l);
    return l;
}

bool lease_change(struct govd *g, struct lease *l, enum lease_state state, struct span reason,
                  struct span by)
{
    if (!lease_set(l, state, reason, by, govd_wall_us())) {
        return false;
    }
    telling_add(g, l);
    gateway_changed(g);
    return true;
}

/* ---- use */

static void tell_use(struct govd *g, const struct lease *l, enum verdict verdict,
                     struct span method, struct span path, const char *why)
{
    char summary[300];
    struct event ev;
    (void)snprintf(summary, sizeof(summary), "%.*s %.200s", SPAN_ARG(span_sub(method, 0, 20)),
                   path.n ? path.p : "");
    char room[300];
    begin(g, &ev, EVENT_CREDENTIAL_USED, l);
    event_set_number(&ev, F_VERDICT, verdict);
    event_set_text(&ev, F_SUMMARY, told_text(g, span_str(summary), room, sizeof(room)));
    event_put_text(&ev, F_REASON, span_str(why));
    event_set_number(&ev, F_CREDENTIAL_USES, (int64_t)l->uses);
    (void)publish(g, &ev);
}

void lease_told(struct govd *g, struct lease *l, struct span method, struct span path,
                const char *why)
{
    int64_t now = clock_mono_us();
    if (why && may_tell(&g->gateway->told_us)) {
        tell_use(g, l, VERDICT_DENY, method, path, why);
    } else if (!why && (!l->told_us || now - l->told_us > TOLD_EVERY_US)) {
        l->told_us = now;
        tell_use(g, l, VERDICT_ALLOW, method, path, NULL);
    }
}

void lease_told_wait(struct govd *g, struct lease *l, struct span method, struct span path,
                     const char *why)
{
    if (may_tell(&l->told_wait_us)) {
        tell_use(g, l, VERDICT_ASK, method, path, why);
    }
}

/* ---- ruling */

static enum gate_mode own_gate(const struct govd *g, const struct lease *l)
{
    const struct session *s = session_find(g, span_str(l->agent));
    return s ? session_gate_in_force(s) : GATE_OPEN;
}

/* The strictest of its agent's and of those whose leases it comes of: an agent that is paused or
 * stopped does not go on under a lease that it had made out to another name. */
static enum gate_mode gate_of(const struct govd *g, const struct lease *l)
{
    enum gate_mode strictest = GATE_OPEN;
    for (int depth = 0; l && depth <= LEASE_DEPTH; depth++) {
        enum gate_mode own = own_gate(g, l);
        strictest = own > strictest ? own : strictest;
        l = lease_by_id(g->leases, span_str(l->parent));
    }
    return strictest;
}

const char *lease_is_dead(const struct govd *g, const struct lease *l)
{
    if (lease_in_force(g->leases, l) == LEASE_REVOKED) {
        return l->state == LEASE_REVOKED ? "the lease was revoked"
                                         : "the parent of this lease was revoked";
    }
    if (g->stop_latched) {
        return "the operator has stopped all agents";
    }
    if (gate_of(g, l) != GATE_REFUSE) {
        return NULL;
    }
    return own_gate(g, l) == GATE_REFUSE
               ? "the agent was stopped by the operator"
               : "the agent that this lease comes of was stopped by the operator";
}

struct lease_verdict lease_ruling_now(struct govd *g, struct lease *l,
                                      const struct lease_request *r, const struct meter *m)
{
    struct lease_verdict v = {.ruling = LEASE_LET};
    const char *dead = lease_is_dead(g, l);
    enum gate_mode gate = gate_of(g, l);
    if (dead && lease_in_force(g->leases, l) != LEASE_REVOKED) {
        v = (struct lease_verdict){.ruling = LEASE_REFUSE, .http_status = 403};
        (void)snprintf(v.why, sizeof(v.why), "%s", dead);
    } else if (gate == GATE_HOLD || gate == GATE_FREEZE) {
        v.ruling = LEASE_HOLD;
        (void)snprintf(v.why, sizeof(v.why), "the agent is paused");
    }
    if (v.ruling == LEASE_LET && lease_in_force(g->leases, l) < LEASE_CHOKED) {
        v.ruling = meter_holds(m, g, l, v.why) ? LEASE_HOLD : LEASE_LET;
    }
    return v.ruling == LEASE_LET ? lease_judge(g->leases, l, r) : v;
}

/* ---- the record */

static void restore_issued(struct govd *g, const struct event *ev)
{
    uint8_t digest[SHA256_BYTES];
    struct span text = event_text(ev, F_CREDENTIAL_DIGEST);
    struct lease_terms t = {.agent = event_text(ev, F_CREDENTIAL_HOLDER),
                            .parent = event_text(ev, F_CREDENTIAL_PARENT),
                            .upstream = event_text(ev, F_CREDENTIAL_ISSUER),
                            .scopes = event_text(ev, F_CREDENTIAL_SCOPES),
                            .issued_us = ev->time_us,
                            .expires_us = event_number(ev, F_CREDENTIAL_EXPIRES)};
    if (!span_starts(text, "sha256:") ||
        hex_decode(span_sub(text, 7, text.n), digest, sizeof(digest)) != ST_OK) {
        return; /* another's credential */
    }
    struct lease *l = lease_by_id(g->leases, event_text(ev, F_CREDENTIAL_ID));
    if (l && t.agent.n == 0) { /* told again out of the fleet's picture, which has no holder */
        t.agent = span_str(l->agent);
    }
    l = lease_add(g->leases, &t, event_text(ev, F_CREDENTIAL_ID), digest);
    if (l) {
        (void)lease_set(l, lease_state_find(event_text(ev, F_CREDENTIAL_STATE)),
                        event_text(ev, F_REASON), event_text(ev, F_OPERATOR), ev->time_us);
    }
}

void leases_restore(struct govd *g, const struct event *ev)
{
    struct lease *l = lease_by_id(g->leases, event_text(ev, F_CREDENTIAL_ID));
    if (ev->type == EVENT_CREDENTIAL_ISSUED) {
        restore_issued(g, ev);
    } else if (l && ev->type == EVENT_CREDENTIAL_REVOKED) {
        (void)lease_set(l, LEASE_REVOKED, event_text(ev, F_REASON), event_text(ev, F_OPERATOR),
                        ev->time_us);
    } else if (l && ev->type == EVENT_CREDENTIAL_CHANGED) {
        (void)lease_set(l, lease_state_find(event_text(ev, F_CREDENTIAL_STATE)),
                        event_text(ev, F_REASON), event_text(ev, F_OPERATOR), ev->time_us);
    }
}

static bool is_live(const struct govd *g, const struct lease *l, int64_t now_us)
{
    return lease_in_force(g->leases, l) != LEASE_REVOKED && !lease_has_expired(l, now_us);
}

/* The record's beginning goes, and with it where they were issued. */
void leases_tell_again(struct govd *g)
{
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        const struct lease *l = lease_at(g->leases, i);
        if (is_live(g, l, govd_wall_us())) {
            (void)publish_issued(g, l, span_str(l->by));
        }
    }
}

void leases_end(struct govd *g, struct span agent, const char *reason)
{
    for (struct lease *l = lease_of_agent(g->leases, agent); l; l = l->younger) {
        if (is_live(g, l, govd_wall_us())) {
            (void)lease_change(g, l, LEASE_REVOKED, span_str(reason), SPAN("checkrein"));
        }
    }
}

/* A run that never began, or is over, holds nothing; what is long dead is forgotten. */
void leases_look(struct govd *g)
{
    int64_t now = govd_wall_us();
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        struct lease *l = lease_at(g->leases, i);
        const struct session *s = session_find(g, span_str(l->agent));
        if (run_is_id(span_str(l->agent)) && is_live(g, l, now) && !(s && s->pid > 0) &&
            now - l->issued_us > UNBEGUN_US) {
            (void)lease_change(g, l, LEASE_REVOKED, SPAN("its run is over, or never began"),
                               SPAN("checkrein"));
        }
    }
    leases_forget(g->leases, now - DEAD_KEPT_US);
}

/* ---- what an agent's permissions tell */

void lease_rows_add(const struct govd *g, const struct session *s, struct credential_rows *out)
{
    int64_t now = govd_wall_us();
    const struct lease *l = lease_of_agent(g->leases, span_str(s->id));
    for (; l && out->count < CREDENTIAL_ROWS; l = l->younger) {
        if (!is_live(g, l, now)) {
            continue;
        }
        char *expires = out->expires[out->count];
        (void)snprintf(expires, TIME_TEXT_BYTES, "never");
        if (l->expires_us > 0) {
            time_format(l->expires_us, expires);
        }
        out->row[out->count++] = (struct event_row){
            {span_str(l->id), SPAN(KIND), span_str(l->upstream),
             span_str(l->scopes[0] ? l->scopes : EVERYTHING), span_str(expires), SPAN("yes")}
        };
    }
}
