/* revoke.c - an operator's verbs on leases. A revocation is in force at once: what runs under it is
 * cut, what waits is refused. Then a test call goes through the gateway's own socket, as an agent's
 * would, and what it is answered is what the command's result says. The daemon has no token to
 * show, so that its call names the lease by a word that was drawn for this one call.
 */
#include "gateway_priv.h"

#include "checkrein/log.h"

#define PROBE_MS   5000
#define PROBES_MAX 64 /* at a time */
#define UPSTREAM   "upstream:"
#define ALL        "*"

struct probe {
    struct proof *proof;
    char word[PROBE_BYTES];
    char lease[ULID_BYTES];
    net_id id;
};

struct proof { /* of one command */
    struct govd *govd;
    struct proof *next;
    char command[COMMAND_ID_BYTES];
    struct probe probe[PROBES_MAX];
    char (*asked)[ULID_BYTES]; /* the leases to test, */
    size_t count, cap, begun;  /* and with how many it was begun */
    size_t waiting;
    size_t refused, let, unknown;
    size_t leases, cut;
    uint64_t mark; /* when this is told, all that it revoked is */
};

struct order { /* that is in force, and whose result waits for the telling */
    struct order *next;
    char command[COMMAND_ID_BYTES];
    uint64_t mark;
    char text[REASON_BYTES];
};

struct lease *probe_lease(const struct govd *g, struct span word)
{
    for (const struct proof *p = g->gateway->proofs; p; p = p->next) {
        for (size_t i = 0; i < PROBES_MAX; i++) {
            if (p->probe[i].id && equal_secret(word, span_str(p->probe[i].word))) {
                return lease_by_id(g->leases, span_str(p->probe[i].lease));
            }
        }
    }
    return NULL;
}

static void proof_free(struct proof *p)
{
    struct proof **link = &p->govd->gateway->proofs;
    while (*link != p) {
        link = &(*link)->next;
    }
    *link = p->next;
    for (size_t i = 0; i < PROBES_MAX; i++) {
        net_http_cancel(p->govd->net, p->probe[i].id);
    }
    free(p->asked);
    free(p);
}

static void order_free(struct govd *g, struct order *o)
{
    struct order **link = &g->gateway->orders;
    while (*link != o) {
        link = &(*link)->next;
    }
    *link = o->next;
    free(o);
}

void proofs_release(struct govd *g)
{
    while (g->gateway->orders) {
        order_free(g, g->gateway->orders);
    }
    while (g->gateway->proofs) {
        proof_free(g->gateway->proofs);
    }
}

static void conclude(struct proof *p)
{
    char text[REASON_BYTES];
    enum command_state st = p->let       ? COMMAND_FAILED
                            : p->unknown ? COMMAND_UNVERIFIABLE
                                         : COMMAND_CONFIRMED;
    if (st == COMMAND_CONFIRMED) {
        (void)snprintf(text, sizeof(text),
                       "%zu revoked, %zu running answer%s cut; %zu test call%s through the gateway "
                       "%s refused with 403",
                       p->leases, p->cut, p->cut == 1 ? "" : "s", p->refused,
                       p->refused == 1 ? "" : "s", p->refused == 1 ? "was" : "were");
    } else {
        (void)snprintf(text, sizeof(text),
                       "%zu revoked; of %zu test calls %zu were let through and %zu had no answer; "
                       "%zu leases were not tested",
                       p->leases, p->begun, p->let, p->unknown, p->count - p->begun);
    }
    bool good = st == COMMAND_CONFIRMED;
    revocation_told(p->govd, span_str(p->command), st, good ? SPAN_NONE : span_str(text),
                    good ? span_str(text) : SPAN_NONE);
    proof_free(p);
}

/* When each test call has its answer, and each lease stands in the record. */
static void conclude_when_told(struct proof *p)
{
    if (p->waiting == 0 && telling_is_past(p->govd, p->mark)) {
        conclude(p);
    }
}

void orders_turn(struct govd *g)
{
    struct order *next = NULL;
    struct proof *next_proof = NULL;
    for (struct order *o = g->gateway->orders; o; o = next) {
        next = o->next;
        if (telling_is_past(g, o->mark)) {
            command_result(g, span_str(o->command), COMMAND_CONFIRMED, NULL, o->text);
            order_free(g, o);
        }
    }
    for (struct proof *p = g->gateway->proofs; p; p = next_proof) {
        next_proof = p->next;
        conclude_when_told(p);
    }
}

static void go_on(struct proof *p, struct probe *probe);

static void on_probed(void *ctx, net_id id, const struct http_client_answer *a)
{
    static const char DEAD[] = "was revoked";
    struct probe *probe = ctx;
    struct proof *p = probe->proof;
    (void)id;
    probe->id = 0;
    p->waiting--;
    bool refused = a->http_status == 403 && a->body.n > 0 &&
                   memmem(a->body.p, a->body.n, DEAD, sizeof(DEAD) - 1) != NULL;
    p->refused += refused;
    p->let += !refused && a->http_status == 200;
    p->unknown += !refused && a->http_status != 200;
    go_on(p, probe);
    conclude_when_told(p);
}

static void send_probe(struct proof *p, struct probe *probe, const struct lease *l)
{
    struct govd *g = p->govd;
    uint8_t random[(PROBE_BYTES - 1) / 2];
    char url[128];
    char line[64];
    struct why why = {0};
    random_bytes(random, sizeof(random));
    probe->proof = p;
    hex_encode(random, sizeof(random), probe->word);
    (void)span_copy(span_str(l->id), probe->lease, sizeof(probe->lease));
    (void)snprintf(url, sizeof(url), "http://localhost" GATEWAY_PREFIX "%s/", l->upstream);
    (void)snprintf(line, sizeof(line), GATEWAY_PROBE ": %s", probe->word);
    const char *const headers[] = {line, NULL};
    struct http_client_request r = {.url = url,
                                    .unix_path = g->gateway->socket_path,
                                    .method = "GET",
                                    .headers = headers,
                                    .answer_bytes = 4096,
                                    .timeout_ms = PROBE_MS};
    if (!g->gateway->socket_door ||
        net_http_request(g->net, &r, on_probed, probe, &probe->id, &why) != ST_OK) {
        p->unknown++;
        return;
    }
    p->waiting++;
}

/* The next that is to be tested. After one that was not refused the rest would prove nothing. */
static void go_on(struct proof *p, struct probe *probe)
{
    if (p->begun < p->count && p->let + p->unknown == 0) {
        const struct lease *l = lease_by_id(p->govd->leases, span_str(p->asked[p->begun++]));
        if (l) {
            send_probe(p, probe, l);
        } else {
            p->unknown++;
        }
    }
}

static void will_ask(struct proof *p, const struct lease *l)
{
    GROW(p->asked, p->cap, p->count + 1);
    (void)span_copy(span_str(l->id), p->asked[p->count++], ULID_BYTES);
}

/* ---- which */

static bool is_of_agent(const struct govd *g, const struct lease *l, struct span agent)
{
    struct session *asked = session_find(g, agent);
    const struct session *s = session_find(g, span_str(l->agent));
    return span_is(agent, l->agent) ||
           (asked && s && (s == asked || session_at(g, s->parent) == asked));
}

static bool is_named(const struct lease *l, struct span credential)
{
    bool by_upstream = span_starts(credential, UPSTREAM);
    struct span upstream = span_sub(credential, sizeof(UPSTREAM) - 1, credential.n);
    return span_is(credential, l->id) || span_is(credential, ALL) ||
           (by_upstream && span_is(upstream, l->upstream));
}

/* An agent, a credential, or that credential of that agent. */
static bool is_meant(const struct govd *g, const struct lease *l, const struct command *c)
{
    return (c->agent.n == 0 || is_of_agent(g, l, c->agent)) &&
           (c->credential.n == 0 || is_named(l, c->credential)) &&
           !lease_has_expired(l, govd_wall_us());
}

/* What comes of one that is meant goes with it: it is dead with its parent, and told so. */
static bool goes_too(const struct govd *g, const struct lease *l, const struct command *c)
{
    for (const struct lease *at = l; at; at = lease_by_id(g->leases, span_str(at->parent))) {
        if (is_meant(g, at, c)) {
            return true;
        }
    }
    return false;
}

/* All that are meant are revoked together, and told of as one. */
static uint32_t count(const struct govd *g, const struct command *c)
{
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        if (is_meant(g, lease_at(g->leases, i), c)) {
            return 1;
        }
    }
    return 0;
}

/* ---- the verbs */

/* What this command changed is tested; when all was dead already, that it is so. */
static void revoke_all(struct proof *p, const struct command *c, struct span by)
{
    struct govd *g = p->govd;
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        struct lease *l = lease_at(g->leases, i);
        if (goes_too(g, l, c) && lease_change(g, l, LEASE_REVOKED, c->reason, by)) {
            p->leases++;
            will_ask(p, l);
        }
    }
    for (size_t i = 0; i < leases_count(g->leases) && p->leases == 0; i++) {
        const struct lease *l = lease_at(g->leases, i);
        if (goes_too(g, l, c)) {
            will_ask(p, l);
        }
    }
}

static void revoke(struct govd *g, const struct command *c, struct span by)
{
    struct proof *p = xcalloc(1, sizeof(*p));
    p->govd = g;
    (void)span_copy(c->id, p->command, sizeof(p->command));
    p->next = g->gateway->proofs;
    g->gateway->proofs = p;
    revoke_all(p, c, by);
    p->mark = telling_mark(g);
    p->cut = passages_judge(g);
    for (size_t i = 0; i < PROBES_MAX; i++) {
        go_on(p, &p->probe[i]);
    }
    conclude_when_told(p);
}

static void confirm_when_told(struct govd *g, const struct command *c, const char *text)
{
    struct order *o = xcalloc(1, sizeof(*o));
    (void)span_copy(c->id, o->command, sizeof(o->command));
    (void)span_copy(span_str(text), o->text, sizeof(o->text));
    o->mark = telling_mark(g);
    struct order **last = &g->gateway->orders; /* told in the order that they came in */
    while (*last) {
        last = &(*last)->next;
    }
    *last = o;
}

static void set_all(struct govd *g, const struct command *c, struct span by, enum lease_state state)
{
    char text[REASON_BYTES];
    size_t changed = 0;
    size_t waits = 0;
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        struct lease *l = lease_at(g->leases, i);
        changed += is_meant(g, l, c) && lease_change(g, l, state, c->reason, by);
    }
    (void)passages_judge(g);
    passages_count_held(g);
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        const struct lease *l = lease_at(g->leases, i);
        waits += is_meant(g, l, c) ? l->waiting : 0;
    }
    (void)snprintf(text, sizeof(text), "%zu lease%s %s; %zu request%s wait%s", changed,
                   changed == 1 ? " is" : "s are", lease_state_name(state), waits,
                   waits == 1 ? "" : "s", waits == 1 ? "s" : "");
    if (changed) {
        confirm_when_told(g, c, text);
    } else {
        command_result(g, c->id, COMMAND_REFUSED,
                       "it is revoked: what is revoked stays so, another is issued instead", NULL);
    }
}

void leases_finish(struct govd *g, const struct command *c, struct span by)
{
    bool revokes = c->verb == VERB_REVOKE;
    enum lease_state state = revokes ? LEASE_REVOKED : LEASE_HELD;
    for (size_t i = 0; i < leases_count(g->leases); i++) {
        struct lease *l = lease_at(g->leases, i);
        if (l->state < state && (revokes ? goes_too(g, l, c) : is_meant(g, l, c))) {
            (void)lease_change(g, l, state, c->reason, by);
        }
    }
}

static void pause_leases(struct govd *g, const struct command *c, struct span by)
{
    bool choke = span_is(c->scope, "choke");
    set_all(g, c, by, choke ? LEASE_CHOKED : LEASE_HELD);
}

static void resume_leases(struct govd *g, const struct command *c, struct span by)
{
    set_all(g, c, by, LEASE_ACTIVE);
}

const struct credential_owner OWNER_LEASES = {
    .count = count,
    .revoke = revoke,
    .pause = pause_leases,
    .resume = resume_leases,
    .fill = lease_rows_add,
};
