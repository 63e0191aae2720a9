/* credential_reach.c - what hangs on a credential: who holds it, what comes of it, what is known of
 * its end.
 */
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

/* Of parents, of credentials and of agents: no circle is followed for ever. */
#define LINE_MAX 64

static const struct credential *parent_of(const struct fleet *f, const struct credential *c)
{
    return c->parent == 0 ? NULL : fleet_credential_by_id(f, c->backend, fleet_span(f, c->parent));
}

/* Its own list or its issue. */
static bool names(const struct fleet *f, uint32_t agent, const struct credential *c)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_agent_list(f, agent, F_CREDENTIALS, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (id_find(f, rows[i].cell[0]) == c->id) {
            return true;
        }
    }
    return false;
}

bool fleet_credential_held_by(const struct fleet *f, const struct credential *c, uint32_t agent)
{
    const struct agent *a = fleet_agent(f, agent);
    return a != NULL && a->backend == c->backend && (c->agent == agent || names(f, agent, c));
}

/* Its own, or one of an agent that descends from it. */
static bool is_of_tree(const struct fleet *f, const struct credential *c, uint32_t root)
{
    const struct agent *a = fleet_agent(f, c->agent);
    for (int steps = 0; a != NULL && steps < LINE_MAX; steps++) {
        if (a->ref == root) {
            return true;
        }
        a = fleet_agent(f, a->parent);
    }
    return fleet_credential_held_by(f, c, root);
}

uint32_t fleet_credentials_of_tree(const struct fleet *f, uint32_t agent, uint32_t *refs,
                                   uint32_t cap)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fleet_credential_count(f); i++) {
        const struct credential *c = fleet_credential_at(f, i);
        if (is_of_tree(f, c, agent) && count++ < cap) {
            refs[count - 1] = c->ref;
        }
    }
    return count;
}

/* ---- what is in force */
enum credential_state fleet_credential_in_force(const struct fleet *f, const struct credential *c)
{
    enum credential_state strictest = c->state;
    const struct credential *at = parent_of(f, c);
    for (int steps = 0; at != NULL && steps < LINE_MAX; steps++) {
        if (at->state > strictest && at->state > CREDENTIAL_ACTIVE) {
            strictest = at->state;
        }
        at = parent_of(f, at);
    }
    return strictest;
}

/* "no", or "no: the server offers none". */
static bool says_no(struct span s)
{
    return span_is(s, "no") || span_is(s, "false") || span_starts(s, "no:") ||
           span_starts(s, "no ") || span_starts(s, "no,");
}

static const char *why_not_revocable(const struct fleet *f, const struct credential *c)
{
    struct span said = fleet_span(f, c->revocable);
    if (fleet_credential_in_force(f, c) == CREDENTIAL_REVOKED) {
        return "it is revoked already";
    }
    if (says_no(said)) {
        return "its back-end says that it cannot be revoked from there";
    }
    if (said.n == 0 && !c->told && fleet_agent(f, c->agent) != NULL) {
        const char *why = NULL;
        (void)fleet_verb_offered(f, c->agent, VERB_REVOKE, &why);
        return why;
    }
    return backend_why_not(fleet_backend(f, c->backend), VERB_REVOKE);
}

bool fleet_credential_revocable(const struct fleet *f, const struct credential *c,
                                struct span *why_not)
{
    const char *why = why_not_revocable(f, c);
    struct span said = fleet_span(f, c->revocable);
    bool in_its_words = why != NULL && says_no(said) && said.n > sizeof("false");
    if (why_not != NULL) {
        *why_not = in_its_words ? said : span_str(why);
    }
    return why == NULL;
}

static bool is_lease(const struct fleet *f, const struct credential *c)
{
    return c->told && span_is(fleet_span(f, c->kind), "lease");
}

static const char *why_not_set(const struct fleet *f, const struct credential *c,
                               enum credential_state wanted)
{
    bool bound = c->state == CREDENTIAL_HELD || c->state == CREDENTIAL_CHOKED;
    if (!is_lease(f, c)) {
        return "only a lease can be held: this one can be revoked, or its agent paused";
    }
    if (fleet_credential_in_force(f, c) == CREDENTIAL_REVOKED) {
        return "it is revoked, and stays so";
    }
    if (bound && c->state == wanted) {
        return wanted == CREDENTIAL_HELD ? "it is held already" : "it is choked already";
    }
    if (wanted == CREDENTIAL_ACTIVE && !bound) {
        return fleet_credential_in_force(f, c) > CREDENTIAL_ACTIVE
                   ? "it is held by its parent: release that one"
                   : "it is not held";
    }
    return backend_why_not(fleet_backend(f, c->backend),
                           wanted == CREDENTIAL_ACTIVE ? VERB_RESUME : VERB_PAUSE);
}

bool fleet_credential_offered(const struct fleet *f, const struct credential *c,
                              enum credential_state wanted, const char **why_not)
{
    *why_not = why_not_set(f, c, wanted);
    return *why_not == NULL;
}

const struct credential *fleet_agent_bound(const struct fleet *f, uint32_t agent)
{
    for (uint32_t i = 0; i < f->credentials.count; i++) {
        const struct credential *c = fleet_credential_at(f, i);
        if (c->agent == agent && is_lease(f, c)) {
            enum credential_state s = fleet_credential_in_force(f, c);
            if (s == CREDENTIAL_HELD || s == CREDENTIAL_CHOKED) {
                return c;
            }
        }
    }
    return NULL;
}

/* ---- what was asked of it */
#define ISSUER_WORD "upstream:"

static bool is_meant(const struct fleet *f, const struct credential *c,
                     const struct command_track *t)
{
    struct span named = fleet_span(f, t->credential);
    const struct backend *b = fleet_backend(f, c->backend);
    if (t->verb != VERB_REVOKE || b == NULL || t->backend != b->name || t->sent_us < c->issued_us) {
        return false;
    }
    if (named.n == 0 || span_is(named, "*")) {
        return t->agent == 0 || fleet_credential_held_by(f, c, t->agent);
    }
    return t->credential == c->id ||
           (span_starts(named, ISSUER_WORD) &&
            span_eq(span_sub(named, sizeof(ISSUER_WORD) - 1, named.n), fleet_span(f, c->issuer)));
}

static bool is_meant_with_parents(const struct fleet *f, const struct credential *c,
                                  const struct command_track *t)
{
    for (int steps = 0; c != NULL && steps < LINE_MAX; steps++) {
        if (is_meant(f, c, t)) {
            return true;
        }
        c = parent_of(f, c);
    }
    return false;
}

void credentials_ordered(struct fleet *f, const struct command_track *t)
{
    for (uint32_t i = 0; i < f->credentials.count; i++) {
        struct credential_item *it = f->credentials.items[i];
        if (is_meant_with_parents(f, &it->c, t)) {
            it->c.order = t->ref;
        }
    }
}

static const struct command_track *open_order(const struct fleet *f, const struct credential *c)
{
    for (uint32_t i = 0; i < fleet_command_count(f); i++) {
        const struct command_track *t = fleet_command_at(f, i);
        bool open = t->state == COMMAND_SENT || t->state == COMMAND_ACCEPTED;
        if (open && is_meant_with_parents(f, c, t)) {
            return t;
        }
    }
    return NULL;
}

void credentials_refused(struct fleet *f, const struct command_track *t)
{
    for (uint32_t i = 0; i < f->credentials.count; i++) {
        struct credential_item *it = f->credentials.items[i];
        const struct command_track *other = it->c.order == t->ref ? open_order(f, &it->c) : NULL;
        it->c.order = other != NULL ? other->ref : it->c.order;
    }
}

const struct command_track *fleet_credential_revocation(const struct fleet *f,
                                                        const struct credential *c)
{
    return c->order == 0 ? NULL : roster_find(&f->commands, c->order);
}

/* ---- what goes with them */
struct reach {
    const struct fleet *f;
    bool *dies; /* by position of the credential */
    bool *picked;
    const uint32_t *refs; /* of those */
    uint32_t count;
    bool *holds; /* by position of the agent */
};

static bool marks(const bool *set, uint32_t at)
{
    return at != UINT32_MAX && set[at];
}

static bool comes_of_picked(const struct reach *r, const struct credential *c)
{
    for (int steps = 0; c != NULL && steps < LINE_MAX; steps++) {
        if (marks(r->picked, roster_position(&r->f->credentials, c->ref))) {
            return true;
        }
        c = parent_of(r->f, c);
    }
    return false;
}

static bool has_sibling(const struct reach *r, const struct credential *c)
{
    for (uint32_t i = 0; c->parent != 0 && i < r->count; i++) {
        const struct credential *other = fleet_credential(r->f, r->refs[i]);
        if (other != NULL && other->backend == c->backend && other->parent == c->parent) {
            return true;
        }
    }
    return false;
}

static void mark_credentials(struct reach *r, struct credential_reach *out)
{
    for (uint32_t i = 0; i < r->f->credentials.count; i++) {
        const struct credential *c = fleet_credential_at(r->f, i);
        r->dies[i] = comes_of_picked(r, c);
        out->credentials += r->picked[i];
        out->derived += r->dies[i] && !r->picked[i] && c->state != CREDENTIAL_REVOKED;
        out->siblings += !r->dies[i] && c->state != CREDENTIAL_REVOKED && has_sibling(r, c);
        if (r->dies[i] && c->state != CREDENTIAL_REVOKED &&
            out->losses++ < CREDENTIAL_REACH_LOSSES) {
            out->loss[out->losses - 1] = c->ref;
        }
    }
}

/* What is left to those that lose one. */
static void count_kept(const struct reach *r, struct credential_reach *out)
{
    const struct roster *agents = &r->f->agents;
    for (uint32_t i = 0; i < r->f->credentials.count; i++) {
        const struct credential *c = fleet_credential_at(r->f, i);
        uint32_t at = r->dies[i] ? UINT32_MAX : roster_position(agents, c->agent);
        out->kept +=
            marks(r->holds, at) && fleet_credential_in_force(r->f, c) != CREDENTIAL_REVOKED;
    }
}

static bool names_one_that_dies(const struct reach *r, const struct agent *a)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_agent_list(r->f, a->ref, F_CREDENTIALS, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct credential *c = fleet_credential_by_id(r->f, a->backend, rows[i].cell[0]);
        if (c != NULL && marks(r->dies, roster_position(&r->f->credentials, c->ref))) {
            return true;
        }
    }
    return false;
}

static void mark_holders(struct reach *r)
{
    const struct roster *agents = &r->f->agents;
    for (uint32_t i = 0; i < r->f->credentials.count; i++) {
        const struct credential *c = fleet_credential_at(r->f, i);
        uint32_t at = r->dies[i] ? roster_position(agents, c->agent) : UINT32_MAX;
        if (at != UINT32_MAX) {
            r->holds[at] = true;
        }
    }
    for (uint32_t i = 0; i < agents->count; i++) {
        r->holds[i] |= names_one_that_dies(r, fleet_agent_at(r->f, i));
    }
}

static bool descends_from_holder(const struct reach *r, const struct agent *a)
{
    const struct agent *at = fleet_agent(r->f, a->parent);
    for (int steps = 0; at != NULL && steps < LINE_MAX; steps++) {
        if (marks(r->holds, roster_position(&r->f->agents, at->ref))) {
            return true;
        }
        at = fleet_agent(r->f, at->parent);
    }
    return false;
}

static void add_agent(struct credential_reach *out, uint32_t ref)
{
    if (out->agents++ < CREDENTIAL_REACH_AGENTS) {
        out->agent[out->agents - 1] = ref;
    }
}

/* Those that hold one first. */
static void list_agents(const struct reach *r, struct credential_reach *out)
{
    for (uint32_t i = 0; i < r->f->agents.count; i++) {
        if (r->holds[i]) {
            out->holders++;
            add_agent(out, r->f->agents.refs[i]);
        }
    }
    for (uint32_t i = 0; out->holders > 0 && i < r->f->agents.count; i++) {
        const struct agent *a = fleet_agent_at(r->f, i);
        if (!r->holds[i] && descends_from_holder(r, a)) {
            add_agent(out, a->ref);
        }
    }
}

void fleet_credentials_reach(const struct fleet *f, const uint32_t *refs, uint32_t count,
                             struct credential_reach *out)
{
    struct reach r = {.f = f,
                      .refs = refs,
                      .count = count,
                      .dies = xcalloc(f->credentials.count + 1u, sizeof(bool)),
                      .picked = xcalloc(f->credentials.count + 1u, sizeof(bool)),
                      .holds = xcalloc(f->agents.count + 1u, sizeof(bool))};
    *out = (struct credential_reach){0};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = roster_position(&f->credentials, refs[i]);
        if (at != UINT32_MAX) {
            r.picked[at] = true;
        }
    }
    mark_credentials(&r, out);
    mark_holders(&r);
    count_kept(&r, out);
    list_agents(&r, out);
    free(r.dies);
    free(r.picked);
    free(r.holds);
}
