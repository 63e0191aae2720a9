/* rooms.c - POST /lease/issue and /lease/list, over the daemon's Unix socket: who asks, the kernel
 * says. An agent gets a lease only out of one that it has; anybody else of this user may be given
 * one.
 */
#include "gateway_priv.h"

#include "checkrein/log.h"

#define ASK_TOKENS   64
#define ANSWER_BYTES ((size_t)8 << 20)

struct ask {
    struct govd *g;
    net_id http;
    const struct http_head *head;
    struct tape json;
    struct tape_token tokens[ASK_TOKENS];
};

static void answer(const struct ask *a, int status, struct span body)
{
    if (net_http_reply(a->g->net, a->http, status, "application/json", body) != ST_OK) {
        log_write(LOG_DEBUG, "who asked about leases went away before the answer");
    }
}

static void refuse(const struct ask *a, int status, const char *why)
{
    struct buf b;
    buf_init(&b, 1024);
    buf_addstr(&b, "{\"error\":");
    (void)tape_quote(&b, span_str(why));
    buf_addch(&b, '}');
    answer(a, status, buf_span(&b));
    buf_release(&b);
}

static bool open_ask(struct ask *a, struct span body)
{
    buf_clear(&a->g->text);
    if (!a->head->is_unix) {
        refuse(a, 403, "over the Unix socket only: who asks must be known");
        return false;
    }
    if (tape_parse(&a->json, body, TAPE_STRICT, a->tokens, ASK_TOKENS) != ST_OK) {
        refuse(a, 400, a->json.error ? a->json.error : "not JSON");
        return false;
    }
    return true;
}

static struct span text_of(struct ask *a, const char *key)
{
    return tape_string(&a->json, tape_get(&a->json, TAPE_ROOT, key), &a->g->text);
}

/* ---- issuing */

/* Leases spend for their agent. Of one that asks, they may not be another's that is known: a run's
 * lease is asked for before the run is told of. */
static bool is_anothers(const struct ask *a, struct span agent)
{
    struct govd *g = a->g;
    int32_t pid = (int32_t)a->head->peer_pid;
    const struct session *named = session_find(g, agent);
    if (guarded_descent(g, pid) == DESCENT_OTHER) {
        return false;
    }
    bool taken = named != NULL;
    for (size_t i = 0; !taken && run_is_id(agent) && i < leases_count(g->leases); i++) {
        taken = span_is(agent, lease_at(g->leases, i)->agent);
    }
    return taken && (!named || named != guarded_of(g, pid));
}

/* Of the agent that asks for itself or for another: the lease that the new one comes of. False: it
 * is an agent, and has none. */
static bool take_parent(const struct ask *a, struct lease_terms *t)
{
    struct govd *g = a->g;
    int32_t pid = (int32_t)a->head->peer_pid;
    if (guarded_descent(g, pid) == DESCENT_OTHER) {
        return true;
    }
    const struct session *s = guarded_of(g, pid);
    t->parent = SPAN_NONE;
    for (size_t i = 0; s && i < leases_count(g->leases); i++) {
        const struct lease *l = lease_at(g->leases, i);
        if (strcmp(l->agent, s->id) == 0 && span_is(t->upstream, l->upstream) &&
            lease_in_force(g->leases, l) != LEASE_REVOKED && !lease_has_expired(l, t->issued_us)) {
            t->parent = span_str(l->id);
            if (l->expires_us > 0 && (t->expires_us == 0 || t->expires_us > l->expires_us)) {
                t->expires_us = l->expires_us;
            }
            return true;
        }
    }
    return false;
}

/* A name that is no agent's belongs to whom it was given to first, as long as a lease lives under
 * it: they would share a purse, and what is ordered of one would reach the other. */
static bool belongs_elsewhere(const struct govd *g, const struct lease_terms *t)
{
    const struct lease *above = lease_root(g, lease_by_id(g->leases, t->parent));
    struct span owner = above ? span_str(above->agent) : t->agent;
    if (session_find(g, t->agent)) {
        return false;
    }
    for (struct lease *l = lease_of_agent(g->leases, t->agent); l; l = l->younger) {
        const struct lease *root = lease_root(g, l);
        if (!span_is(owner, root->agent) && lease_in_force(g->leases, l) != LEASE_REVOKED &&
            !lease_has_expired(l, t->issued_us)) {
            return true;
        }
    }
    return false;
}

static const struct upstream *upstream_wanted(struct ask *a)
{
    struct span name = text_of(a, "upstream");
    return name.n > 0 ? upstream_named(a->g, name)
                      : upstream_of_dialect(a->g, text_of(a, "dialect"));
}

static void welcome(const struct ask *a, const struct lease *l, const char *token,
                    const struct upstream *up)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b, "{\"id\":\"%s\",\"token\":\"%s\",\"upstream\":", l->id, token);
    (void)tape_quote(&b, span_str(l->upstream));
    buf_printf(&b, ",\"dialect\":\"%s\",\"field\":", up->dialect->name);
    (void)tape_quote(&b, span_str(up->field));
    buf_addstr(&b, ",\"base\":");
    (void)tape_quote(&b, span_str(up->base));
    buf_printf(&b, ",\"url\":\"http://127.0.0.1:%d" GATEWAY_PREFIX "%s\",\"socket\":",
               a->g->gateway->port, up->conf->name);
    (void)tape_quote(&b, span_str(a->g->gateway->socket_path));
    buf_addch(&b, '}');
    outbox_answer(a->g, a->http, buf_span(&b)); /* when the record has it */
    buf_wipe(&b);
}

void lease_room_issue(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    struct ask a = {.g = g, .http = http, .head = head};
    struct why why = {0};
    char by[32];
    int64_t lasts_ms = 0;
    if (!open_ask(&a, body)) {
        return;
    }
    const struct upstream *up = upstream_wanted(&a);
    if (!up) {
        refuse(&a, 404, "no such upstream stands in checkrein.ini");
        return;
    }
    if (journal_failed(g->journal)) {
        refuse(&a, 503, "the record has failed: no lease is issued");
        return;
    }
    uint32_t lasts = tape_get(&a.json, TAPE_ROOT, "lasts_ms");
    struct lease_terms t = {.agent = text_of(&a, "agent"),
                            .parent = text_of(&a, "parent"),
                            .upstream = span_str(up->conf->name),
                            .scopes = text_of(&a, "scopes"),
                            .issued_us = govd_wall_us()};
    if (lasts != TAPE_ABSENT && (tape_int(&a.json, lasts, &lasts_ms) != ST_OK || lasts_ms < 0 ||
                                 lasts_ms > INT64_C(3660) * 86400 * 1000)) {
        refuse(&a, 400, "\"lasts_ms\": up to ten years");
        return;
    }
    t.expires_us = lasts_ms > 0 ? t.issued_us + lasts_ms * 1000 : 0;
    if (!take_parent(&a, &t)) {
        refuse(&a, 403, "an agent gets a lease only out of one that it has for that upstream");
        return;
    }
    if (lease_scopes_narrow(t.scopes, "models") && meter_speaks(up) == USAGE_HTTP) {
        refuse(&a, 400,
               "where requests to an upstream of the dialect http say their model is not known: "
               "\"models\" cannot be kept there; narrow \"paths\" and \"methods\"");
        return;
    }
    if (is_anothers(&a, t.agent)) {
        refuse(&a, 403, "an agent gets no lease in the name of another agent");
        return;
    }
    if (belongs_elsewhere(g, &t)) {
        refuse(&a, 403, "a lease of another lives under that name: choose a name of its own");
        return;
    }
    char token[LEASE_TOKEN_BYTES];
    (void)snprintf(by, sizeof(by), "uid:%u", (unsigned)head->peer_uid);
    const struct lease *l = lease_issue(g, &t, span_str(by), token, &why);
    if (l) {
        welcome(&a, l, token, up);
    } else {
        refuse(&a, 400, why.text);
    }
    wipe(token, sizeof(token));
}

/* ---- listing */

static void put_time(struct buf *b, const char *key, int64_t us)
{
    char text[TIME_TEXT_BYTES];
    if (us > 0) {
        time_format(us, text);
        buf_printf(b, ",\"%s\":\"%s\"", key, text);
    }
}

static void put_lease(struct buf *b, const struct govd *g, const struct lease *l)
{
    const struct {
        const char *key, *value;
    } TEXTS[] = {
        {"agent",    l->agent   },
        {"upstream", l->upstream},
        {"scopes",   l->scopes  },
        {"parent",   l->parent  },
        {"reason",   l->reason  },
        {"by",       l->by      },
    };
    bool expired = lease_has_expired(l, govd_wall_us());
    const struct session *s = session_find(g, span_str(l->agent));
    buf_printf(b, "{\"id\":\"%s\",\"state\":\"%s\",\"uses\":%llu,\"waiting\":%zu", l->id,
               expired ? "expired" : lease_state_name(lease_in_force(g->leases, l)),
               (unsigned long long)l->uses, l->waiting);
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        if (TEXTS[i].value[0]) {
            buf_printf(b, ",\"%s\":", TEXTS[i].key);
            (void)tape_quote(b, span_str(TEXTS[i].value));
        }
    }
    if (s && s->name) {
        buf_addstr(b, ",\"name\":");
        (void)tape_quote(b, span_str(s->name));
    }
    put_time(b, "issued", l->issued_us);
    put_time(b, "expires", l->expires_us);
    put_time(b, "used", l->used_us);
    buf_addch(b, '}');
}

void lease_room_list(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    struct ask a = {.g = g, .http = http, .head = head};
    struct buf b;
    if (!open_ask(&a, body)) {
        return;
    }
    passages_count_held(g);
    buf_init(&b, ANSWER_BYTES);
    buf_addstr(&b, "{\"leases\":[");
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        buf_addstr(&b, i ? "," : "");
        put_lease(&b, g, lease_at(g->leases, i));
    }
    buf_addstr(&b, "]}");
    if (buf_status(&b) == ST_OK) {
        answer(&a, 200, buf_span(&b));
    } else {
        refuse(&a, 503, "there are too many to list");
    }
    buf_release(&b);
}
