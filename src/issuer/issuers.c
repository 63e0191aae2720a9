#include "issuer_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

static const struct issuer_kind *const KINDS[] = {&ISSUER_OAUTH};

const struct issuer_kind *issuer_kind_find(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (span_is(name, KINDS[i]->name)) {
            return KINDS[i];
        }
    }
    return NULL;
}

void issuer_kind_names(struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        (void)buf_printf(out, "%s%s", i > 0 ? ", " : "", KINDS[i]->name);
    }
}

/* ---- what is shown */

/* "refresh token and access token" */
static void name_tokens(const struct credential *it, char out[CLAIM_BYTES])
{
    out[0] = '\0';
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        size_t n = strlen(out);
        if (it->token[t].source.kind != SOURCE_NONE) {
            (void)snprintf(out + n, CLAIM_BYTES - n, "%s%s", n > 0 ? " and " : "",
                           it->issuer->kind->token[t]);
        }
    }
}

/* When all of it has ended: of two tokens the later one, and nothing when that is not known of one.
 */
static int64_t end_of(const struct climb *c)
{
    int64_t latest_s = 0;
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        const struct seen *s = &c->seen[t];
        enum sight introspected = s->by[MEANS_INTROSPECTION].before;
        bool active = introspected == SIGHT_ACTIVE || s->by[MEANS_TEST_CALL].before == SIGHT_ACTIVE;
        if (!s->known || (!active && introspected == SIGHT_INACTIVE)) {
            continue;
        }
        if (s->expires_s <= 0) {
            return 0;
        }
        latest_s = s->expires_s > latest_s ? s->expires_s : latest_s;
    }
    return latest_s;
}

/* Whose it is, in the server's words. */
static void show_claims(struct credential *it, const struct introspection *told, int64_t end_s)
{
    char tokens[CLAIM_BYTES];
    name_tokens(it, tokens);
    (void)snprintf(it->shown_kind, sizeof(it->shown_kind), "%s %s%s%s%s%s", it->issuer->kind->name,
                   tokens, told->client[0] != '\0' ? " of client " : "", told->client,
                   told->subject[0] != '\0' ? " for " : "", told->subject);
    (void)snprintf(it->shown_scopes, sizeof(it->shown_scopes), "%s",
                   told->scopes[0] != '\0' ? told->scopes
                   : it->scopes != NULL    ? it->scopes
                                           : "");
    it->shown_expires[0] = '\0';
    if (end_s > 0 && end_s <= SECONDS_MAX) {
        char text[TIME_TEXT_BYTES];
        time_format(end_s * 1000000, text);
        (void)snprintf(it->shown_expires, sizeof(it->shown_expires), "%s", text);
    }
}

static void show_revocable(struct credential *it, const char *state, const char *how)
{
    (void)snprintf(it->shown_revocable, sizeof(it->shown_revocable), "%s%.190s", state, how);
}

/* How the revocation could be proven, of the token that is worst off. */
static void show_way(struct climb *c)
{
    struct credential *it = c->credential;
    const struct means_row *means = it->issuer->kind->means;
    const char *way = NULL;
    const char *none = NULL;
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        const struct seen *s = &c->seen[t];
        if (c->text[t] == NULL) {
            none = s->known ? s->note : none;
            continue;
        }
        if (s->by[MEANS_INTROSPECTION].before == SIGHT_ACTIVE) {
            way = means[MEANS_INTROSPECTION].name;
        } else if (s->by[MEANS_TEST_CALL].before == SIGHT_ACTIVE) {
            way = means[MEANS_TEST_CALL].name;
        } else {
            none = s->by[MEANS_INTROSPECTION].before == SIGHT_INACTIVE
                       ? means[MEANS_INTROSPECTION].unseen
                       : s->by[MEANS_INTROSPECTION].why;
        }
    }
    if (none != NULL) {
        show_revocable(it, "revocable, cannot be proven: ", none);
    } else {
        show_revocable(it, "revocable, proven by ", way != NULL ? way : "nothing");
    }
}

/* Until it is seen otherwise, or the token is another one. That one is not active any more which
 * was shown to be dead is no news of what this client may see. */
static bool is_active(bool before, enum sight last, bool dead)
{
    return last == SIGHT_ACTIVE || (before && (last == SIGHT_NONE || dead));
}

void issuers_remember(struct climb *c)
{
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        struct token *token = &c->credential->token[t];
        const struct seen *s = &c->seen[t];
        enum sight introspected = s->by[MEANS_INTROSPECTION].before;
        enum sight tested = s->by[MEANS_TEST_CALL].before;
        if (c->text[t] == NULL) {
            continue;
        }
        token->expires_s = s->expires_s;
        token->seen_active = is_active(token->seen_active, introspected, token->dead);
        token->tested_active = is_active(token->tested_active, tested, token->dead);
        if (introspected == SIGHT_ACTIVE || tested == SIGHT_ACTIVE) {
            token->dead = token->dead && c->purpose == PURPOSE_REVOKE;
        }
    }
}

static bool is_dead(const struct credential *it)
{
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        if (it->token[t].source.kind != SOURCE_NONE && !it->token[t].dead) {
            return false;
        }
    }
    return true;
}

static void show_look(struct climb *c)
{
    struct credential *it = c->credential;
    if (is_dead(it)) {
        return; /* that it was revoked, and how that was proven, is worth more */
    }
    show_claims(it, &c->told, end_of(c));
    if (c->trouble[0] != '\0') {
        show_revocable(it, "NOT revocable from here: ", c->trouble);
    } else if (it->issuer->kind->cannot(it->issuer) != NULL) {
        show_revocable(it, "NOT revocable from here: ", it->issuer->kind->cannot(it->issuer));
    } else {
        show_way(c);
    }
}

/* ---- the end of a climb */

static void tell_revoked(struct climb *c)
{
    struct issuers *all = c->all;
    struct buf words;
    struct buf probe;
    buf_init(&words, WORDS_BYTES);
    buf_init(&probe, WORDS_BYTES);
    enum revoked state = verdict_worse(c->worst, verdict_of(c->seen));
    (void)buf_add(&words, buf_span(&c->past));
    verdict_words(&words, c->credential->issuer->kind, c->seen);
    verdict_probe(&probe, c->credential->issuer->kind, c->seen);
    static const char *const shown[] = {
        [REVOKED_CONFIRMED] = "REVOKED: ",
        [REVOKED_FAILED] = "revocation FAILED: ",
        [REVOKED_UNVERIFIABLE] = "revocation asked for, not proven: ",
    };
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        struct token *token = &c->credential->token[t];
        token->dead = state == REVOKED_CONFIRMED && c->text[t] != NULL;
        token->other = token->other && !token->dead;
    }
    show_revocable(c->credential, shown[state],
                   state == REVOKED_CONFIRMED ? probe.data : words.data);
    all->events->changed(all->ctx, c->index);
    struct revoked_told told = {c->index, state, words.data, probe.data};
    all->events->revoked(all->ctx, &told);
    buf_release(&words);
    buf_release(&probe);
}

static void tell_looked(struct climb *c)
{
    struct credential before = *c->credential;
    show_look(c);
    const struct credential *now = c->credential;
    if (strcmp(before.shown_kind, now->shown_kind) != 0 ||
        strcmp(before.shown_scopes, now->shown_scopes) != 0 ||
        strcmp(before.shown_expires, now->shown_expires) != 0 ||
        strcmp(before.shown_revocable, now->shown_revocable) != 0) {
        c->all->events->changed(c->all->ctx, c->index);
    }
}

/* ---- looking, so many at a time */

static void look_some(struct issuers *all)
{
    unsigned under_way = 0;
    for (uint32_t i = 0; i < all->credential_count; i++) {
        const struct climb *c = all->credential[i].climb;
        under_way += c != NULL && c->purpose == PURPOSE_LOOK;
    }
    for (uint32_t i = 0; i < all->credential_count && under_way < LOOKS_MAX; i++) {
        struct credential *it = &all->credential[i];
        if (it->look_due && it->climb == NULL) {
            it->look_due = false;
            it->climb = climb_begin(all, i, PURPOSE_LOOK);
            under_way++;
        }
    }
}

static void on_look_due(void *ctx)
{
    struct issuers *all = ctx;
    all->look_timer = 0;
    issuers_look(all);
}

static void look_in(struct issuers *all, int64_t ms)
{
    loop_remove(all->loop, all->look_timer);
    all->look_timer = loop_timer(all->loop, ms, on_look_due, all);
}

/* What is being revoked is left as it was told. */
void issuers_look(struct issuers *all)
{
    for (uint32_t i = 0; i < all->credential_count; i++) {
        struct credential *it = &all->credential[i];
        it->look_due = !it->rests;
        it->rests = false;
    }
    look_some(all);
    look_in(all, LOOK_AGAIN_MS);
}

void issuers_told(struct climb *c)
{
    issuers_remember(c);
    if (c->purpose == PURPOSE_REVOKE) {
        tell_revoked(c);
        c->credential->look_due = false;
        c->credential->rests = true;
        look_in(c->all, LOOK_SOON_MS);
    } else {
        tell_looked(c);
    }
    look_some(c->all);
}

/* ---- the set */

enum status issuers_load(struct issuers **out, struct loop *l, struct net *n, const char *path,
                         const struct issuers_events *ev, void *ctx, struct why *why)
{
    struct issuers *all = xcalloc(1, sizeof(*all));
    all->loop = l;
    all->net = n;
    all->events = ev;
    all->ctx = ctx;
    enum status st = issuer_settings_read(all, path, why);
    if (st != ST_OK) {
        issuers_free(all);
        return st;
    }
    for (uint32_t i = 0; i < all->credential_count; i++) {
        show_claims(&all->credential[i], &(struct introspection){0}, 0);
        show_revocable(&all->credential[i], "being looked at", "");
    }
    *out = all;
    return ST_OK;
}

enum status issuers_check(const char *path, uint32_t *credentials, struct why *why)
{
    struct issuers all = {0};
    enum status st = issuer_settings_read(&all, path, why);
    *credentials = all.credential_count;
    issuer_settings_release(&all);
    return st;
}

void issuers_free(struct issuers *all)
{
    if (all == NULL) {
        return;
    }
    loop_remove(all->loop, all->look_timer);
    for (uint32_t i = 0; i < all->credential_count; i++) {
        climb_cancel(all->credential[i].climb);
    }
    issuer_settings_release(all);
    free(all);
}

uint32_t issuers_count(const struct issuers *all)
{
    return all->credential_count;
}

static bool is_in_force(const struct credential *it)
{
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        const struct token *token = &it->token[t];
        if (token->other || (!token->dead && (token->seen_active || token->tested_active))) {
            return true;
        }
    }
    return false;
}

struct credential_row issuers_row(const struct issuers *all, uint32_t credential)
{
    const struct credential *it = &all->credential[credential];
    return (struct credential_row){
        .id = span_str(it->name),
        .kind = span_str(it->shown_kind),
        .issuer = span_str(it->issuer->url),
        .scopes = span_str(it->shown_scopes),
        .expires = span_str(it->shown_expires),
        .revocable = span_str(it->shown_revocable),
        .in_force = is_in_force(it),
    };
}

bool issuers_holds(const struct issuers *all, uint32_t credential, struct span agent_id,
                   struct span agent_name)
{
    struct span patterns = span_str(all->credential[credential].agents);
    return issuer_match(patterns, agent_id) || issuer_match(patterns, agent_name);
}

bool issuers_revoke(struct issuers *all, uint32_t credential)
{
    struct credential *it = &all->credential[credential];
    if (it->climb != NULL && it->climb->purpose == PURPOSE_REVOKE) {
        return false;
    }
    climb_cancel(it->climb);
    it->climb = climb_begin(all, credential, PURPOSE_REVOKE);
    return true;
}

uint32_t issuers_revoking(const struct issuers *all)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->credential_count; i++) {
        const struct climb *c = all->credential[i].climb;
        count += c != NULL && c->purpose == PURPOSE_REVOKE;
    }
    return count;
}
