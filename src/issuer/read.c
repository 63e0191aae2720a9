/* read.c - what an authorisation server says, read as what a stranger says. */
#include "issuer_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/wire.h"

#define TOKENS_MAX 16384

struct reading {
    struct tape json;
    struct tape_token *tokens;
    struct buf scratch;
};

static enum status begin(struct reading *r, struct span text, struct why *why)
{
    r->tokens = xcalloc(TOKENS_MAX, sizeof(*r->tokens));
    buf_init(&r->scratch, text.n + 1);
    (void)buf_reserve(&r->scratch, text.n); /* it must not move while spans point into it */
    if (tape_parse(&r->json, text, TAPE_STRICT, r->tokens, TOKENS_MAX) != ST_OK ||
        tape_type(&r->json, TAPE_ROOT) != TAPE_OBJECT) {
        return why_fail(why, ST_INVALID, "the answer is no JSON object");
    }
    return ST_OK;
}

static void end(struct reading *r)
{
    buf_wipe(&r->scratch);
    free(r->tokens);
}

static struct span text_of(struct reading *r, const char *key)
{
    uint32_t at = tape_get(&r->json, TAPE_ROOT, key);
    return tape_type(&r->json, at) == TAPE_STRING ? tape_string(&r->json, at, &r->scratch)
                                                  : SPAN_NONE;
}

/* ---- metadata */

void oauth_metadata_release(struct metadata *m)
{
    free(m->issuer);
    free(m->revocation);
    free(m->introspection);
    *m = (struct metadata){0};
}

static enum status take_endpoint(struct reading *r, const char *key, char **out, struct why *why)
{
    struct span url = text_of(r, key);
    struct why inner = {0};
    if (url.n == 0) {
        return ST_OK;
    }
    if (memchr(url.p, '\0', url.n) != NULL) {
        return why_fail(why, ST_INVALID, "%s is no URL", key);
    }
    *out = xstrndup(url.p, url.n);
    enum status st = net_http_check(*out, &inner);
    return st == ST_OK ? st : why_fail(why, ST_INVALID, "%s is not asked: %s", key, inner.text);
}

static enum status take_metadata(struct metadata *m, struct reading *r, const char *issuer,
                                 struct why *why)
{
    struct span name = text_of(r, "issuer");
    if (!span_is(name, issuer)) {
        return why_fail(why, ST_INVALID, "the metadata is of another issuer: \"%.*s\"",
                        SPAN_ARG(span_sub(name, 0, 100)));
    }
    m->issuer = xstrndup(name.p, name.n);
    enum status st = take_endpoint(r, "revocation_endpoint", &m->revocation, why);
    return st == ST_OK ? take_endpoint(r, "introspection_endpoint", &m->introspection, why) : st;
}

enum status oauth_metadata_read(struct metadata *m, struct span json, const char *issuer,
                                struct why *why)
{
    struct reading r;
    *m = (struct metadata){0};
    enum status st = begin(&r, json, why);
    if (st == ST_OK) {
        st = take_metadata(m, &r, issuer, why);
    }
    if (st != ST_OK) {
        oauth_metadata_release(m);
    }
    end(&r);
    return st;
}

/* ---- introspection */

enum status oauth_introspection_read(struct introspection *i, struct span json, struct why *why)
{
    struct reading r;
    *i = (struct introspection){0};
    enum status st = begin(&r, json, why);
    uint32_t active = st == ST_OK ? tape_get(&r.json, TAPE_ROOT, "active") : TAPE_ABSENT;
    enum tape_type type = tape_type(&r.json, active);
    if (st == ST_OK && type != TAPE_TRUE && type != TAPE_FALSE) {
        st = why_fail(why, ST_INVALID, "the answer does not say whether the token is active");
    }
    if (st == ST_OK) {
        i->active = type == TAPE_TRUE;
        (void)span_copy(text_of(&r, "scope"), i->scopes, sizeof(i->scopes));
        (void)span_copy(text_of(&r, "sub"), i->subject, sizeof(i->subject));
        (void)span_copy(text_of(&r, "client_id"), i->client, sizeof(i->client));
        uint32_t exp = tape_get(&r.json, TAPE_ROOT, "exp");
        if (tape_type(&r.json, exp) != TAPE_NUMBER ||
            tape_int(&r.json, exp, &i->expires_s) != ST_OK) {
            i->expires_s = 0;
        }
    }
    end(&r);
    return st;
}

/* ---- errors */

static bool is_word(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] < 'a' || s.p[i] > 'z') && s.p[i] != '_') {
            return false;
        }
    }
    return true;
}

void oauth_error_read(struct span json, char out[64])
{
    struct reading r;
    struct span word = begin(&r, json, NULL) == ST_OK ? text_of(&r, "error") : SPAN_NONE;
    (void)span_copy(word.n < 64 && is_word(word) ? word : SPAN_NONE, out, 64);
    end(&r);
}
