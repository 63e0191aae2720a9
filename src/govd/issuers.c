/* issuers.c - credentials that were issued elsewhere, in the daemon: who holds them, and commands
 * that revoke them (docs/issuers.md).
 */
#include "govd_priv.h"

#include "checkrein/log.h"

#define WORDS_BYTES 2304 /* a credential's name and all that is said of it */

/* Who wants it revoked. */
struct outside {
    char command[COMMAND_ID_BYTES]; /* empty: nobody */
    char by[64];
    char agent[NAME_BYTES * 2]; /* empty: no one agent */
};

static void on_secret(void *ctx, struct span bytes)
{
    struct govd *g = ctx;
    veil_know(journal_veil(g->journal), "issued-token", bytes);
}

static struct span on_told(void *ctx, struct span text)
{
    struct govd *g = ctx;
    return veil(journal_veil(g->journal), text).text;
}

static bool holds(const struct govd *g, uint32_t credential, const struct session *s)
{
    return !s->parent && issuers_holds(g->issuers, credential, span_str(s->id), span_str(s->name));
}

static void fill(const struct govd *g, const struct session *s, struct credential_rows *out)
{
    uint32_t count = g->issuers ? issuers_count(g->issuers) : 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!holds(g, i, s)) {
            continue;
        }
        if (out->count == CREDENTIAL_ROWS) {
            out->left_out++;
        } else {
            struct credential_row r = issuers_row(g->issuers, i);
            out->row[out->count++] = (struct event_row){
                {r.id, r.kind, r.issuer, r.scopes, r.expires, r.revocable}
            };
        }
    }
}

/* Of one that was revoked, by this daemon or the one before: said aloud, since somebody has counted
 * on it. */
static void tell_in_force(struct govd *g, const struct credential_row *r)
{
    static const char WHY[] = "another token stands where it is kept, or its issuer says that the "
                              "one that was revoked is active";
    const struct backend *b = fleet_backend_named(g->fleet, BACKEND_SELF);
    const struct credential *known = b ? fleet_credential_by_id(g->fleet, b->ref, r->id) : NULL;
    char title[REASON_BYTES];
    struct event ev;
    if (!r->in_force || !known || known->state != CREDENTIAL_REVOKED) {
        return;
    }
    publish_begin(g, &ev, EVENT_CREDENTIAL_CHANGED);
    event_set_text(&ev, F_CREDENTIAL_ID, r->id);
    event_put_text(&ev, F_CREDENTIAL_KIND, r->kind);
    event_set_text(&ev, F_CREDENTIAL_ISSUER, r->issuer);
    event_set_text(&ev, F_CREDENTIAL_STATE, span_str(credential_state_name(CREDENTIAL_ACTIVE)));
    event_set_text(&ev, F_REASON, span_str(WHY));
    (void)publish(g, &ev);
    (void)snprintf(title, sizeof(title), "credential %.*s is in force again: %s", SPAN_ARG(r->id),
                   WHY);
    publish_signal(g, NULL, SEVERITY_HIGH, title);
}

static void on_changed(void *ctx, uint32_t credential)
{
    struct govd *g = ctx;
    struct credential_row r = issuers_row(g->issuers, credential);
    tell_in_force(g, &r);
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *s = g->sessions[i];
        if (s->id && holds(g, credential, s)) {
            session_announce(g, s, EVENT_AGENT_UPDATED);
        }
    }
}

/* ---- revoking */

/* An agent that is forgotten here may hold it still. */
static bool is_meant(const struct govd *g, uint32_t credential, const struct command *c,
                     const struct session *s)
{
    struct credential_row r = issuers_row(g->issuers, credential);
    return (!c->credential.n || span_eq(c->credential, r.id)) &&
           (!c->agent.n || (s ? holds(g, credential, s)
                              : issuers_holds(g->issuers, credential, c->agent, SPAN_NONE)));
}

static uint32_t count_meant(const struct govd *g, const struct command *c)
{
    const struct session *s = session_find(g, c->agent);
    uint32_t count = 0;
    for (uint32_t i = 0; g->issuers && i < issuers_count(g->issuers); i++) {
        count += is_meant(g, i, c, s);
    }
    return count;
}

static void revoke_one(struct govd *g, uint32_t credential, const struct command *c, struct span by)
{
    struct outside *o = &g->outside[credential];
    if (!issuers_revoke(g->issuers, credential)) {
        revocation_told(g, c->id, COMMAND_REFUSED, SPAN("it is being revoked already"), SPAN_NONE);
        return;
    }
    (void)span_copy(c->id, o->command, sizeof(o->command));
    (void)span_copy(by, o->by, sizeof(o->by));
    (void)span_copy(c->agent, o->agent, sizeof(o->agent));
}

static void revoke(struct govd *g, const struct command *c, struct span by)
{
    const struct session *s = session_find(g, c->agent);
    for (uint32_t i = 0; g->issuers && i < issuers_count(g->issuers); i++) {
        if (is_meant(g, i, c, s)) {
            revoke_one(g, i, c, by);
        }
    }
}

static void publish_revoked(struct govd *g, const struct outside *o, uint32_t credential,
                            const char *probe)
{
    struct event ev;
    publish_begin(g, &ev, EVENT_CREDENTIAL_REVOKED);
    struct credential_row r = issuers_row(g->issuers, credential);
    event_set_text(&ev, F_CREDENTIAL_ID, r.id);
    event_put_text(&ev, F_CREDENTIAL_KIND, r.kind);
    event_put_text(&ev, F_CREDENTIAL_ISSUER, r.issuer);
    event_set_text(&ev, F_PROBE, span_str(probe));
    event_put_text(&ev, F_AGENT_ID, span_str(o->agent));
    event_put_text(&ev, F_COMMAND_ID, span_str(o->command));
    event_put_text(&ev, F_OPERATOR, span_str(o->by));
    ev.subject = span_str(o->agent);
    (void)publish(g, &ev);
}

/* What is not known to be dead is not said to be revoked: it is an alarm. */
static void on_revoked(void *ctx, const struct revoked_told *told)
{
    static const enum command_state STATES[] = {
        [REVOKED_CONFIRMED] = COMMAND_CONFIRMED,
        [REVOKED_FAILED] = COMMAND_FAILED,
        [REVOKED_UNVERIFIABLE] = COMMAND_UNVERIFIABLE,
    };
    struct govd *g = ctx;
    struct outside o = g->outside[told->credential];
    struct span id = issuers_row(g->issuers, told->credential).id;
    struct buf text;
    char room[WORDS_BYTES];
    g->outside[told->credential].command[0] = '\0';
    buf_init(&text, WORDS_BYTES);
    bool well = told->state == REVOKED_CONFIRMED;
    (void)buf_printf(&text, "%.*s: %s", SPAN_ARG(id), well ? told->probe : told->words);
    struct span words = told_text(g, buf_span(&text), room, sizeof(room));
    if (well) {
        publish_revoked(g, &o, told->credential, told->probe);
    } else {
        char title[REASON_BYTES];
        (void)snprintf(title, sizeof(title), "credential %s: %.*s",
                       told->state == REVOKED_FAILED ? "not revoked" : "not shown to be revoked",
                       SPAN_ARG(span_sub(words, 0, REASON_BYTES - 64)));
        publish_signal(g, session_find(g, span_str(o.agent)), SEVERITY_HIGH, title);
    }
    revocation_told(g, span_str(o.command), STATES[told->state], words, words);
    buf_release(&text);
}

const struct credential_owner OWNER_ISSUERS = {
    .count = count_meant, .revoke = revoke, .fill = fill};

/* ---- the file */

static const struct issuers_events EVENTS = {on_secret, on_told, on_changed, on_revoked};

/* Who is said to hold something, or held something by an older file. */
static void tell_all(struct govd *g)
{
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *s = g->sessions[i];
        const struct agent *known =
            s->id ? fleet_agent_by_id(g->fleet, BACKEND_SELF, span_str(s->id)) : NULL;
        struct credential_rows held;
        uint32_t had = 0;
        if (!known) {
            continue;
        }
        (void)fleet_agent_list(g->fleet, known->ref, F_CREDENTIALS, &had);
        credential_rows_fill(g, s, &held);
        if (had || held.count) {
            session_announce(g, s, EVENT_AGENT_UPDATED);
        }
    }
}

enum status issuers_open(struct govd *g, struct why *why)
{
    struct issuers *fresh = NULL;
    enum status st = issuers_load(&fresh, g->loop, g->net, g->issuers_path, &EVENTS, g, why);
    if (st != ST_OK) {
        return st;
    }
    issuers_free(g->issuers);
    free(g->outside);
    g->issuers = fresh;
    g->outside = xcalloc(issuers_count(fresh) + (size_t)1, sizeof(*g->outside));
    tell_all(g);
    issuers_look(fresh);
    return ST_OK;
}

static void read_again(struct govd *g)
{
    struct why why = {0};
    if (issuers_open(g, &why) != ST_OK) {
        log_write(LOG_ERROR, "%s", why.text);
        publish_signal(g, NULL, SEVERITY_HIGH, why.text);
    }
}

void issuers_reload(struct govd *g)
{
    g->issuers_due = true;
}

/* A revocation is carried to its end by the file that it was begun with. */
void issuers_turn(struct govd *g)
{
    if (g->issuers_due && issuers_revoking(g->issuers) == 0) {
        g->issuers_due = false;
        read_again(g);
    }
}

void issuers_close(struct govd *g)
{
    issuers_free(g->issuers);
    g->issuers = NULL;
    free(g->outside);
    g->outside = NULL;
}
