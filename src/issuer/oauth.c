/* oauth.c - authorisation servers of OAuth 2.0: metadata, revocation, introspection. */
#include "issuer_priv.h"

#include <stdio.h>
#include <string.h>

#include "checkrein/num.h"

static const char *const HINTS[TOKEN_TYPES] = {
    [TOKEN_REFRESH] = "refresh_token", [TOKEN_ACCESS] = "access_token"};

#define ANY_PLACE (1u << PLACE_ORDINARY | 1u << PLACE_LOOPBACK | 1u << PLACE_SPECIAL)

/* ---- metadata */

static void ask_metadata(struct climb *c);

/* What is wrong with it: it is cut, and so it is looked for in what has no secrets. */
static void metadata_words(struct climb *c, struct span body, char out[NOTE_BYTES])
{
    struct metadata none;
    struct why why = {.text = "it has a secret in it"};
    if (oauth_metadata_read(&none, climb_told(c, body), c->credential->issuer->url, &why) ==
        ST_OK) {
        oauth_metadata_release(&none);
    }
    (void)snprintf(out, NOTE_BYTES, "%.180s", why.text);
}

/* At the one place there may be what is none: a page for people, or the metadata of another issuer
 * of the same host. What was wrong with it is told when there is nothing at the other place. */
static void no_metadata(struct climb *c, const struct http_client_answer *a)
{
    char words[NOTE_BYTES];
    bool found = a->http_status == 200;
    if (found) {
        metadata_words(c, a->body, words);
    } else {
        issuer_answer_words(c, a, words);
    }
    if (found || c->trouble[0] == '\0') {
        (void)snprintf(c->trouble, sizeof(c->trouble), "metadata of the issuer: %.160s", words);
    }
    if (a->http_status != 0 && c->discovery + 1 < DISCOVERY_COUNT) {
        c->discovery++;
        ask_metadata(c);
    } else {
        memcpy(words, c->trouble, sizeof(words));
        climb_end(c, words);
    }
}

static void on_metadata(struct climb *c, const struct http_client_answer *a)
{
    struct issuer *it = c->credential->issuer;
    struct metadata fresh = {0};
    if (a->http_status != 200 || oauth_metadata_read(&fresh, a->body, it->url, NULL) != ST_OK) {
        no_metadata(c, a);
        return;
    }
    oauth_metadata_release(&it->ends);
    it->ends = fresh;
    it->places = 1u << PLACE_ORDINARY | 1u << a->place;
    c->trouble[0] = '\0';
    climb_next(c);
}

static void ask_metadata(struct climb *c)
{
    struct buf url;
    buf_init(&url, 2048);
    oauth_metadata_url(&url, c->discovery, c->credential->issuer->url);
    c->ask.url = url.data;
    c->ask.method = "GET";
    c->ask.accept = "application/json";
    c->ask.answer_bytes = METADATA_BYTES;
    c->ask.places = ANY_PLACE; /* the operator has named it */
    c->ask.attempts = c->purpose == PURPOSE_REVOKE ? ATTEMPTS_MAX : 1;
    c->ask.timeout_ms = c->credential->issuer->timeout_ms;
    c->ask.fn = on_metadata;
    climb_ask(c);
    buf_release(&url);
}

/* What a revocation needs and is known already is not asked for again: it has no time. */
static void discover(struct climb *c)
{
    if (c->purpose == PURPOSE_REVOKE && c->credential->issuer->ends.revocation != NULL) {
        climb_next(c);
        return;
    }
    c->discovery = DISCOVERY_OAUTH;
    c->trouble[0] = '\0';
    ask_metadata(c);
}

/* ---- looking: introspection, then the test call, of each token */

static void look_on(struct climb *c);

/* That it was active once is not taken back by an answer that tells nothing, and not by one to a
 * revocation that has begun. */
static bool is_kept(const struct climb *c, enum sight before, enum sight sight)
{
    return before == SIGHT_ACTIVE && (sight == SIGHT_NONE || c->purpose == PURPOSE_REVOKE);
}

static void set_sight(struct climb *c, enum means m, enum sight sight, const char *why)
{
    struct seen *s = &c->seen[c->at];
    if (c->proving) {
        s->by[m].after = sight;
    } else if (!is_kept(c, s->by[m].before, sight)) {
        s->by[m].before = sight;
    }
    (void)snprintf(s->by[m].why, sizeof(s->by[m].why), "%s", sight == SIGHT_NONE ? why : "");
}

/* Servers forget a token in a moment or two. */
static void on_look_again(void *ctx)
{
    struct climb *c = ctx;
    c->timer = 0;
    c->means = MEANS_INTROSPECTION;
    look_on(c);
}

static bool looks_again(struct climb *c, enum sight sight)
{
    static const int64_t waits_ms[] = {250, 750, 2000};
    if (!c->proving || sight != SIGHT_ACTIVE || c->looks >= ARRAY_LEN(waits_ms)) {
        return false;
    }
    c->timer = loop_timer(c->all->loop, waits_ms[c->looks++], on_look_again, c);
    return true;
}

/* To the next way to look at this token, or to the next token. */
static void looked(struct climb *c)
{
    c->means++;
    if (c->means == MEANS_COUNT) {
        c->means = MEANS_INTROSPECTION;
        c->looks = 0;
        c->at++;
    }
}

/* How long a look may take, and how often it is asked again: a revocation does not wait for what
 * may prove it later. */
static void set_patience(struct climb *c)
{
    int64_t timeout_ms = c->credential->issuer->timeout_ms;
    bool hurries = !c->proving && c->purpose == PURPOSE_REVOKE && timeout_ms > LOOK_BEFORE_MS;
    c->ask.attempts = c->proving ? ATTEMPTS_MAX : 1;
    c->ask.timeout_ms = hurries ? LOOK_BEFORE_MS : timeout_ms;
}

static void on_test_call(struct climb *c, const struct http_client_answer *a)
{
    char words[NOTE_BYTES];
    char text[NOTE_BYTES];
    bool refused = a->http_status == 401 || a->http_status == 403;
    bool passed = a->http_status >= 200 && a->http_status < 300;
    enum sight sight = refused ? SIGHT_INACTIVE : passed ? SIGHT_ACTIVE : SIGHT_NONE;
    issuer_answer_words(c, a, words);
    (void)snprintf(text, sizeof(text), "the test call tells nothing: %.160s", words);
    set_sight(c, MEANS_TEST_CALL, sight, text);
    if (!looks_again(c, sight)) {
        looked(c);
        look_on(c);
    }
}

/* False: there is none for this token. */
static bool test_call(struct climb *c)
{
    if (c->credential->test_url == NULL || c->at != TOKEN_ACCESS) {
        return false;
    }
    c->ask.url = c->credential->test_url;
    c->ask.method = "GET";
    c->ask.bearer = span_str(c->text[c->at]);
    c->ask.answer_bytes = METADATA_BYTES;
    c->ask.places = ANY_PLACE; /* the operator has named it */
    c->ask.fn = on_test_call;
    set_patience(c);
    climb_ask(c);
    return true;
}

/* The words of it without secrets; what it says of the token itself as it stands. */
static enum status read_told(struct climb *c, struct introspection *told, struct span body,
                             struct why *why)
{
    struct introspection plain;
    enum status st = oauth_introspection_read(&plain, body, why);
    if (oauth_introspection_read(told, climb_told(c, body), NULL) != ST_OK) {
        *told = (struct introspection){0};
    }
    told->active = plain.active;
    told->expires_s = plain.expires_s;
    return st;
}

static enum sight sight_of(struct climb *c, const struct http_client_answer *a,
                           struct introspection *told, char text[NOTE_BYTES])
{
    struct why why = {0};
    char words[NOTE_BYTES];
    issuer_answer_words(c, a, words);
    if (a->http_status == 401 || a->http_status == 403) {
        (void)snprintf(text, NOTE_BYTES, "this client may not introspect (%.100s)", words);
    } else if (a->http_status != 200) {
        (void)snprintf(text, NOTE_BYTES, "introspection: %.160s", words);
    } else if (read_told(c, told, a->body, &why) != ST_OK) {
        (void)snprintf(text, NOTE_BYTES, "introspection: %.160s", why.text);
    } else {
        return told->active ? SIGHT_ACTIVE : SIGHT_INACTIVE;
    }
    return SIGHT_NONE;
}

static void on_introspection(struct climb *c, const struct http_client_answer *a)
{
    struct introspection told = {0};
    char text[NOTE_BYTES] = "";
    enum sight sight = sight_of(c, a, &told, text);
    set_sight(c, MEANS_INTROSPECTION, sight, text);
    if (told.active && !c->proving) {
        c->told = told;
        c->seen[c->at].expires_s = told.expires_s;
    }
    if (!looks_again(c, sight)) {
        looked(c);
        look_on(c);
    }
}

/* What is asked of a token, at either endpoint. */
static void ask_of_token(struct climb *c, const char *url, asked_fn *fn)
{
    struct buf form;
    buf_init(&form, SOURCE_BYTES_MAX * 8);
    oauth_form_add(&form, "token", span_str(c->text[c->at]));
    oauth_form_add(&form, "token_type_hint", span_str(HINTS[c->at]));
    climb_ask_form(c, &form);
    c->ask.url = url;
    c->ask.fn = fn;
}

static bool introspect(struct climb *c)
{
    const struct issuer *it = c->credential->issuer;
    if (it->ends.introspection == NULL) {
        set_sight(c, MEANS_INTROSPECTION, SIGHT_NONE, "the issuer offers no introspection");
        return false;
    }
    ask_of_token(c, it->ends.introspection, on_introspection);
    set_patience(c);
    climb_ask(c);
    return true;
}

/* As far as something is asked; its answer goes on. */
static void look_on(struct climb *c)
{
    static bool (*const ways[MEANS_COUNT])(struct climb * c) = {
        [MEANS_INTROSPECTION] = introspect, [MEANS_TEST_CALL] = test_call};
    while (climb_token(c)) {
        if (ways[c->means](c)) {
            return;
        }
        looked(c);
    }
    climb_next(c);
}

static void look(struct climb *c)
{
    c->at = 0;
    c->means = MEANS_INTROSPECTION;
    c->looks = 0;
    look_on(c);
}

/* ---- revocation */

static void revoke_on(struct climb *c);

static void on_revocation(struct climb *c, const struct http_client_answer *a)
{
    struct seen *s = &c->seen[c->at];
    char words[NOTE_BYTES];
    s->accepted = a->http_status == 200;
    issuer_answer_words(c, a, words);
    (void)snprintf(s->note, sizeof(s->note), "revocation failed: %.160s", words);
    c->at++;
    revoke_on(c);
}

static void revoke_on(struct climb *c)
{
    const struct issuer *it = c->credential->issuer;
    if (!climb_token(c)) {
        climb_next(c);
        return;
    }
    c->seen[c->at].asked = true;
    ask_of_token(c, it->ends.revocation, on_revocation);
    c->ask.attempts = ATTEMPTS_MAX;
    c->ask.timeout_ms = it->timeout_ms;
    climb_ask(c);
}

static void revoke(struct climb *c)
{
    if (c->credential->issuer->ends.revocation == NULL) {
        climb_end(c, "the issuer offers no revocation (RFC 7009)");
        return;
    }
    c->at = 0;
    revoke_on(c);
}

static void verify(struct climb *c)
{
    c->proving = true;
    look(c);
}

/* ---- what a proof does not reach */

static bool is_refused_where_used(const struct seen *s)
{
    return s->by[MEANS_TEST_CALL].before == SIGHT_ACTIVE &&
           s->by[MEANS_TEST_CALL].after == SIGHT_INACTIVE;
}

/* Refused where it is used is more than not active where it was issued. */
static void add_where_it_is_used(struct buf *out, const struct seen *s)
{
    char until[TIME_TEXT_BYTES] = "it expires";
    if (!s->known || !s->self_contained || is_refused_where_used(s)) {
        return;
    }
    if (s->expires_s > 0 && s->expires_s <= SECONDS_MAX) {
        time_format(s->expires_s * 1000000, until);
    }
    (void)buf_printf(out,
                     ". The access token is a JWT: who checks it without asking its issuer may "
                     "take it until %s",
                     until);
}

static void limits(struct buf *out, const struct seen seen[TOKEN_TYPES])
{
    if (!seen[TOKEN_REFRESH].known) {
        (void)buf_addstr(out, ". No refresh token is known here: whoever has one may get another");
    }
    if (!seen[TOKEN_ACCESS].known) {
        (void)buf_addstr(out, ". No access token is known here: one that was given out may work "
                              "until it expires");
    }
    add_where_it_is_used(out, &seen[TOKEN_ACCESS]);
}

static const char *cannot(const struct issuer *it)
{
    return it->ends.revocation == NULL ? "the issuer offers no revocation" : NULL;
}

/* ---- its keys */

static enum status take_auth(const struct section *s, void *to, int how, struct span value,
                             struct why *why)
{
    static const char *const names[] = {
        [AUTH_BASIC] = "basic", [AUTH_POST] = "post", [AUTH_NONE] = "none"};
    (void)s;
    (void)how;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (span_is(value, names[i])) {
            *(enum client_auth *)to = (enum client_auth)i;
            return ST_OK;
        }
    }
    return why_fail(why, ST_UNSUPPORTED,
                    "basic, post or none: others, private_key_jwt too, are not supported");
}

/* clang-format off */
static const struct key_row KEYS[] = {
    {"client_id",   offsetof(struct issuer, client_id), issuer_take_text, 0},
    {"client_auth", offsetof(struct issuer, auth),      take_auth,        0},
    SOURCE_KEYS("client_secret", offsetof(struct issuer, secret)),
};
/* clang-format on */

static const char *lacks(const struct issuer *it)
{
    bool has = it->secret.kind != SOURCE_NONE;
    if (it->client_id == NULL) {
        return "a line \"client_id = ...\"";
    }
    if (has == (it->auth != AUTH_NONE)) {
        return NULL;
    }
    return has ? "no client_secret: client_auth is none"
               : "a line \"client_secret_file = ...\", _command or _credential";
}

/* clang-format off */
const struct issuer_kind ISSUER_OAUTH = {
    .name = "oauth",
    .discover = discover,
    .look = look,
    .rung = {
        [RUNG_DISABLE] = {NULL, "OAuth has no request for it"},
        [RUNG_REVOKE] = {revoke, "RFC 7009: by nothing; its answer is the same for any token"},
        [RUNG_STOP] = {NULL, "the agent runs on; to stop it is a command of its own"},
        [RUNG_VERIFY] = {verify, "RFC 7662 says not active of what it said active of before, or a "
                                 "call with it is refused that was let through before"},
    },
    .means = {
        [MEANS_INTROSPECTION] = {
            .name = "introspection",
            .unseen = "not active, or this client may not see it",
            .proof = "introspection says not active, active before",
            .alive = "introspection says it is still active",
            .same = "introspection said not active before too: it was dead already, or "
                    "this client may not see it",
            .blind = "introspection says not active, but this client was not seen to see "
                     "it active",
        },
        [MEANS_TEST_CALL] = {
            .name = "a test call",
            .unseen = "the test call is refused",
            .proof = "the test call is refused, let through before",
            .alive = "the test call is still let through",
            .same = "the test call was refused before too",
            .blind = "the test call is refused, but was not seen let through before",
        },
    },
    .token = {[TOKEN_REFRESH] = "refresh token", [TOKEN_ACCESS] = "access token"},
    .accepted = ", which proves nothing (RFC 7009, 2.2)",
    .limits = limits,
    .cannot = cannot,
    .keys = KEYS,
    .key_count = ARRAY_LEN(KEYS),
    .lacks = lacks,
};
/* clang-format on */
