/* lease.c - a client that `run` starts gets a lease in place of the real key, where the daemon has
 * an [upstream NAME] of a dialect that it speaks. How it is told is lease_clients.c.
 */
#include "run_priv.h"

#include "lease_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/wire.h"

#define ANSWER_BYTES  65536
#define ANSWER_TOKENS 64
#define WORD_BYTES    4096
#define LASTS_MS      (INT64_C(7) * 24 * 3600 * 1000) /* it ends with the run; at the latest then */

static enum status give(struct run_plan *p, const struct lease_client *c,
                        const struct lease_given *g, struct why *why)
{
    for (const char *const *name = c->taken; *name; name++) {
        plan_env_remove(p, *name);
    }
    plan_env_append(p, "NO_PROXY", "127.0.0.1"); /* a proxy is not meant for this */
    plan_env_append(p, "no_proxy", "127.0.0.1");
    p->lease = c;
    return c->give(p, c, g, why);
}

/* ---- asking the daemon */

static void write_wish(const struct run_plan *p, const struct lease_client *c, struct buf *b)
{
    const struct {
        const char *key, *value;
    } TEXTS[] = {
        {"dialect",  c->dialect },
        {"upstream", p->upstream},
        {"scopes",   p->scopes  }
    };
    buf_printf(b, "{\"agent\":\"run:%s\",\"lasts_ms\":%lld", p->id, (long long)LASTS_MS);
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        if (TEXTS[i].value) {
            buf_printf(b, ",\"%s\":", TEXTS[i].key);
            (void)tape_quote(b, span_str(TEXTS[i].value));
        }
    }
    buf_addch(b, '}');
}

static int ask(const struct run_plan *p, const struct lease_client *c, struct buf *answer,
               struct why *why)
{
    static const char *const HEADERS[] = {"Content-Type: application/json", NULL};
    struct buf body;
    buf_init(&body, WORD_BYTES);
    write_wish(p, c, &body);
    buf_clear(answer);
    int status = ask_http(&(struct question){.url = "http://localhost/lease/issue",
                                             .unix_path = p->socket_path,
                                             .method = "POST",
                                             .headers = HEADERS,
                                             .body = buf_span(&body)},
                          answer, why);
    buf_release(&body);
    return status;
}

/* Of the first dialect of this client that the daemon has an upstream for; an upstream that was
 * named is asked for once. */
static int ask_each(const struct run_plan *p, struct buf *answer, struct why *why)
{
    const struct lease_client *c = lease_client_next(p, NULL);
    int status = ask(p, c, answer, why);
    while (status == 404 && !p->upstream && (c = lease_client_next(p, c))) {
        status = ask(p, c, answer, why);
    }
    return status;
}

static const struct lease_client *speaker_of(const struct run_plan *p, struct span dialect)
{
    const struct lease_client *c = lease_client_next(p, NULL);
    while (c && !span_is(dialect, c->dialect)) {
        c = lease_client_next(p, c);
    }
    return c;
}

static enum status take_lease(struct run_plan *p, const struct lease_given *g, struct span dialect,
                              struct why *why)
{
    const struct lease_client *c = speaker_of(p, dialect);
    if (!c) {
        return why_fail(why, ST_DENIED,
                        "not started, because %s does not speak the dialect %.*s of the upstream "
                        "%.*s",
                        p->program, SPAN_ARG(dialect), SPAN_ARG(g->upstream));
    }
    if (c->fit && c->fit(p, c, why) != ST_OK) {
        why_prefix(why, "not started, because it would go past its lease");
        return ST_DENIED;
    }
    return give(p, c, g, why);
}

static struct span text_of(const struct tape *j, const char *key, struct buf *scratch)
{
    return tape_string(j, tape_get(j, TAPE_ROOT, key), scratch);
}

/* Without an upstream of its dialect it has its own key, as it always had, unless one was asked
 * for.
 */
static enum status take(struct run_plan *p, int status, struct span text, struct why *why)
{
    struct tape_token tokens[ANSWER_TOKENS];
    struct tape j;
    struct buf scratch;
    buf_init(&scratch, ANSWER_BYTES);
    (void)buf_reserve(&scratch, ANSWER_BYTES); /* it must not move while spans point into it */
    enum status st = tape_parse(&j, text, TAPE_STRICT, tokens, ANSWER_TOKENS);
    struct span error = st == ST_OK ? text_of(&j, "error", &scratch) : SPAN_NONE;
    if (status == 200 && st == ST_OK) {
        struct lease_given g = {text_of(&j, "token", &scratch), text_of(&j, "url", &scratch),
                                text_of(&j, "base", &scratch), text_of(&j, "upstream", &scratch)};
        st = take_lease(p, &g, text_of(&j, "dialect", &scratch), why);
    } else if (status == 404 && !p->upstream && !p->scopes) {
        st = ST_OK;
    } else {
        st = why_fail(why, ST_DENIED, "not started, because it gets no lease: %.*s",
                      SPAN_ARG(error.n ? error : SPAN("the daemon does not say why")));
    }
    buf_wipe(&scratch);
    return st;
}

enum status run_lease(struct run_plan *p, struct why *why)
{
    bool none = p->upstream && strcmp(p->upstream, "none") == 0;
    if (none || !lease_client_next(p, NULL)) {
        return none || !p->upstream
                   ? ST_OK
                   : why_fail(why, ST_DENIED,
                              "%s: how it is told an address and a key is not known", p->program);
    }
    struct buf answer;
    buf_init(&answer, ANSWER_BYTES);
    int status = ask_each(p, &answer, why);
    enum status st = status == 0 ? ST_CLOSED : take(p, status, buf_span(&answer), why);
    buf_wipe(&answer);
    return st;
}
