/* climb.c - one look at a credential, or its revocation, step by step.
 */
#include "issuer_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

static void wipe_text(char **text)
{
    if (*text != NULL) {
        wipe(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
}

static void release(struct climb *c)
{
    source_cancel(c->reading);
    net_http_cancel(c->all->net, c->request);
    loop_remove(c->all->loop, c->timer);
    loop_remove(c->all->loop, c->deadline);
    climb_ask_wipe(c);
    wipe_text(&c->secret);
    buf_release(&c->past);
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        wipe_text(&c->text[t]);
    }
    free(c);
}

void climb_cancel(struct climb *c)
{
    if (c != NULL) {
        c->credential->climb = NULL;
        release(c);
    }
}

static void finish(struct climb *c)
{
    c->credential->climb = NULL;
    issuers_told(c);
    release(c);
}

void climb_next(struct climb *c)
{
    step_fn *step = *c->step;
    if (step == NULL) {
        finish(c);
        return;
    }
    c->step++;
    step(c);
}

/* What was not seen or asked has this as its reason. */
void climb_end(struct climb *c, const char *why)
{
    (void)snprintf(c->trouble, sizeof(c->trouble), "%s", why);
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        struct seen *s = &c->seen[t];
        if (!s->accepted && s->note[0] == '\0') {
            (void)snprintf(s->note, sizeof(s->note), "%s: %.170s",
                           s->asked ? "no answer to the revocation" : "not asked", why);
        }
        if (s->accepted && s->by[MEANS_INTROSPECTION].after == SIGHT_NONE) {
            (void)snprintf(s->by[MEANS_INTROSPECTION].why, NOTE_BYTES, "not seen: %.180s", why);
        }
    }
    finish(c);
}

bool climb_token(struct climb *c)
{
    while (c->at < TOKEN_TYPES && c->text[c->at] == NULL) {
        c->at++;
    }
    return c->at < TOKEN_TYPES;
}

/* ---- secrets */

static void tell_secret(struct climb *c, struct span secret)
{
    c->all->events->secret(c->all->ctx, secret);
}

static void on_client_secret(void *ctx, struct span secret, const char *why)
{
    struct climb *c = ctx;
    char text[NOTE_BYTES];
    c->reading = NULL;
    if (secret.n == 0) {
        (void)snprintf(text, sizeof(text), "the client's secret: %.160s", why);
        climb_end(c, text);
        return;
    }
    tell_secret(c, secret);
    c->secret = xstrndup(secret.p, secret.n);
    climb_next(c);
}

static void read_client_secret(struct climb *c)
{
    const struct issuer *it = c->credential->issuer;
    if (it->secret.kind == SOURCE_NONE) {
        climb_next(c);
        return;
    }
    c->reading = source_begin(c->all->loop, &it->secret, on_client_secret, c);
}

static void read_token(struct climb *c);

/* Three parts, or five when it is encrypted, the first of which is base64 of "{...". */
static bool is_jwt(const char *text)
{
    unsigned dots = 0;
    for (const char *at = text; *at != '\0'; at++) {
        dots += *at == '.';
    }
    return span_starts(span_str(text), "eyJ") && (dots == 2 || dots == 4);
}

/* Of the same text as it was seen active in before. */
static void recall(struct climb *c, enum token_type t)
{
    uint8_t digest[SHA256_BYTES];
    struct token *token = &c->credential->token[t];
    sha256(span_str(c->text[t]), digest);
    if (memcmp(digest, token->digest, sizeof(digest)) != 0) {
        memcpy(token->digest, digest, sizeof(digest));
        token->other = token->other || token->dead;
        token->seen_active = token->tested_active = token->dead = false;
        token->expires_s = 0;
        tell_secret(c, span_str(c->text[t]));
    }
    c->seen[t].self_contained = is_jwt(c->text[t]);
    c->seen[t].expires_s = token->expires_s;
    bool news = token->dead && c->purpose == PURPOSE_LOOK; /* only if it is seen active now */
    c->seen[t].by[MEANS_INTROSPECTION].before =
        token->seen_active && !news ? SIGHT_ACTIVE : SIGHT_NONE;
    c->seen[t].by[MEANS_TEST_CALL].before =
        token->tested_active && !news ? SIGHT_ACTIVE : SIGHT_NONE;
}

static void on_token(void *ctx, struct span secret, const char *why)
{
    struct climb *c = ctx;
    struct seen *s = &c->seen[c->at];
    c->reading = NULL;
    if (secret.n >= TOKEN_BYTES_MIN) {
        c->text[c->at] = xstrndup(secret.p, secret.n);
        recall(c, c->at);
    } else {
        (void)snprintf(s->note, sizeof(s->note), "the token cannot be read: %.150s",
                       secret.n > 0 ? "it is too short to be one" : why);
    }
    c->at++;
    read_token(c);
}

static void read_token(struct climb *c)
{
    struct credential *it = c->credential;
    while (c->at < TOKEN_TYPES && it->token[c->at].source.kind == SOURCE_NONE) {
        c->at++;
    }
    if (c->at < TOKEN_TYPES) {
        c->seen[c->at].known = true;
        c->reading = source_begin(c->all->loop, &it->token[c->at].source, on_token, c);
        return;
    }
    c->at = 0;
    if (climb_token(c)) {
        climb_next(c);
    } else {
        const struct seen *s = &c->seen[it->token[TOKEN_ACCESS].source.kind != SOURCE_NONE];
        char text[NOTE_BYTES];
        (void)snprintf(text, sizeof(text), "%s", s->note);
        climb_end(c, text);
    }
}

static void read_tokens(struct climb *c)
{
    c->at = 0;
    read_token(c);
}

/* ---- what the kind of issuer does */

static void discover(struct climb *c)
{
    c->credential->issuer->kind->discover(c);
}

static void look(struct climb *c)
{
    c->credential->issuer->kind->look(c);
}

/* That each was seen active before is what proves it dead later. It is known of most. */
static void look_before(struct climb *c)
{
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        const struct seen *s = &c->seen[t];
        if (c->text[t] != NULL && s->by[MEANS_INTROSPECTION].before != SIGHT_ACTIVE &&
            s->by[MEANS_TEST_CALL].before != SIGHT_ACTIVE) {
            look(c);
            return;
        }
    }
    climb_next(c);
}

static void climb_rung(struct climb *c, enum rung r)
{
    const struct rung_row *row = &c->credential->issuer->kind->rung[r];
    if (row->climb != NULL) {
        row->climb(c);
    } else {
        climb_next(c);
    }
}

static void disable(struct climb *c)
{
    climb_rung(c, RUNG_DISABLE);
}

static void revoke(struct climb *c)
{
    climb_rung(c, RUNG_REVOKE);
}

static void stop(struct climb *c)
{
    climb_rung(c, RUNG_STOP);
}

static void verify(struct climb *c)
{
    climb_rung(c, RUNG_VERIFY);
}

/* ---- whoever holds a token may have got another one meanwhile */

/* What ended well is not told of apart: the proof is that of the last ones. */
static void end_round(struct climb *c)
{
    issuers_remember(c);
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        c->seen[t].replaced = false;
        wipe_text(&c->text[t]);
    }
    enum revoked state = verdict_of(c->seen);
    if (state != REVOKED_CONFIRMED) {
        verdict_tokens(&c->past, c->credential->issuer->kind, c->seen);
        (void)buf_addstr(&c->past, ". Then another token stood there");
    }
    c->worst = verdict_worse(c->worst, state);
    c->rounds++;
    memset(c->seen, 0, sizeof(c->seen));
    c->proving = false;
    c->step = c->again;
    climb_next(c);
}

static void end_reading(struct climb *c)
{
    bool replaced = false;
    for (unsigned t = 0; t < TOKEN_TYPES; t++) {
        replaced |= c->seen[t].replaced;
    }
    if (replaced && c->rounds + 1 < ROUNDS_MAX) {
        end_round(c);
    } else {
        climb_next(c);
    }
}

static void read_next_again(struct climb *c);

/* One that cannot be read any more is no other one. */
static void on_token_again(void *ctx, struct span secret, const char *why)
{
    struct climb *c = ctx;
    (void)why;
    c->reading = NULL;
    c->seen[c->at].replaced = secret.n >= TOKEN_BYTES_MIN && !span_is(secret, c->text[c->at]);
    c->at++;
    read_next_again(c);
}

static void read_next_again(struct climb *c)
{
    if (climb_token(c)) {
        const struct source *from = &c->credential->token[c->at].source;
        c->reading = source_begin(c->all->loop, from, on_token_again, c);
    } else {
        end_reading(c);
    }
}

static void read_again(struct climb *c)
{
    c->at = 0;
    read_next_again(c);
}

static step_fn *const LOOK[] = {read_client_secret, read_tokens, discover, look, NULL};
static step_fn *const REVOKE[] = {
    read_client_secret, read_tokens, discover, look_before, disable, revoke, stop, verify,
    read_again,         NULL};
static void on_deadline(void *ctx)
{
    struct climb *c = ctx;
    c->deadline = 0;
    climb_end(c, "it took too long");
}

static void on_begin(void *ctx)
{
    struct climb *c = ctx;
    c->timer = 0;
    climb_next(c);
}

struct climb *climb_begin(struct issuers *all, uint32_t credential, enum purpose purpose)
{
    struct climb *c = xcalloc(1, sizeof(*c));
    c->all = all;
    c->index = credential;
    c->credential = &all->credential[credential];
    c->purpose = purpose;
    c->step = purpose == PURPOSE_LOOK ? LOOK : REVOKE;
    c->again = c->step + 1; /* the client's secret stays */
    c->worst = REVOKED_CONFIRMED;
    buf_init(&c->past, PAST_BYTES);
    c->timer = loop_timer(all->loop, 0, on_begin, c);
    c->deadline = loop_timer(all->loop, CLIMB_MS, on_deadline, c);
    return c;
}
