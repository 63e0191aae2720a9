/* lease.c - a client that `run` starts gets a lease in place of the real key, where the daemon has
 * an [upstream NAME] of its dialect. How each client is told an address and a key is its row; the
 * real keys that it would else have found are taken out of the environment.
 *
 * The token goes by the environment, never by the command line, which every user of the machine can
 * read.
 */
#include "run_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/wire.h"

#define ANSWER_BYTES  65536
#define ANSWER_TOKENS 64
#define WORD_BYTES    4096
#define LASTS_MS      (INT64_C(7) * 24 * 3600 * 1000) /* it ends with the run; at the latest then */
#define VERSION_PATH  "/v1"
#define TOKEN_NAME    "CHECKREIN_LEASE"

struct given { /* spans borrowed from the answer */
    struct span token, url, base;
};

/* ---- one client each */

static void put(struct run_plan *p, const char *name, struct span value)
{
    char *text = xstrndup(value.p, value.n);
    plan_env(p, name, text);
    wipe(text, strlen(text));
    free(text);
}

/* Of an upstream whose url ends in /v1 that is there already. */
static const char *version_of(const struct given *g)
{
    return span_ends(g->base, VERSION_PATH) ? "" : VERSION_PATH;
}

static void give_claude(struct run_plan *p, const struct given *g)
{
    put(p, "ANTHROPIC_BASE_URL", g->url);
    put(p, "ANTHROPIC_AUTH_TOKEN", g->token);
}

static const char *keep(struct run_plan *p, struct buf *word)
{
    GROW(p->own, p->own_cap, p->own_count + 1);
    p->own[p->own_count] = buf_detach(word, NULL);
    buf_release(word);
    return p->own[p->own_count++];
}

static void give_codex(struct run_plan *p, const struct given *g)
{
    struct buf provider;
    buf_init(&provider, WORD_BYTES);
    buf_printf(&provider,
               "model_providers.checkrein={name=\"checkrein\",base_url=\"%.*s%s\","
               "env_key=\"" TOKEN_NAME "\",wire_api=\"responses\",supports_websockets=false}",
               SPAN_ARG(g->url), version_of(g));
    const char *const words[] = {"-c", "model_provider=\"checkrein\"", "-c", keep(p, &provider)};
    put(p, TOKEN_NAME, g->token);
    plan_insert(p, words, ARRAY_LEN(words));
}

static void give_gemini(struct run_plan *p, const struct given *g)
{
    put(p, "GOOGLE_GEMINI_BASE_URL", g->url);
    put(p, "GEMINI_API_KEY", g->token);
    put(p, "GEMINI_DEFAULT_AUTH_TYPE", SPAN("gemini-api-key"));
}

static void give_opencode(struct run_plan *p, const struct given *g)
{
    struct buf config;
    buf_init(&config, WORD_BYTES);
    buf_printf(&config,
               "{\"provider\":{\"anthropic\":{\"options\":{\"baseURL\":\"%.*s%s\","
               "\"apiKey\":\"{env:" TOKEN_NAME "}\"}}}}",
               SPAN_ARG(g->url), version_of(g));
    put(p, TOKEN_NAME, g->token);
    plan_env(p, "OPENCODE_CONFIG_CONTENT", config.data);
    buf_release(&config);
}

static const struct client {
    const char *program, *dialect;
    void (*give)(struct run_plan *p, const struct given *g);
    /* Taken out: real keys, and what would lead past the address. */
    const char *taken[8];
} CLIENTS[] = {
    {"claude",
     "anthropic",             give_claude,
     {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN",
      "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"}                 },
    {"codex",    "openai",    give_codex,    {"OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"}},
    {"gemini",
     "gemini",                give_gemini,
     {"GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA",
      "GOOGLE_APPLICATION_CREDENTIALS"}                                                               },
    {"opencode", "anthropic", give_opencode, {"ANTHROPIC_API_KEY"}                                    },
};

static const struct client *client_of(const struct run_plan *p)
{
    const char *name = p->runtime->name ? p->runtime->name : p->program;
    for (size_t i = 0; i < ARRAY_LEN(CLIENTS); i++) {
        if (strcmp(CLIENTS[i].program, name) == 0) {
            return &CLIENTS[i];
        }
    }
    return NULL;
}

static void give(struct run_plan *p, const struct client *c, const struct given *g)
{
    for (size_t i = 0; i < ARRAY_LEN(c->taken) && c->taken[i]; i++) {
        plan_env_remove(p, c->taken[i]);
    }
    c->give(p, g);
    plan_env_append(p, "NO_PROXY", "127.0.0.1"); /* a proxy is not meant for this */
    plan_env_append(p, "no_proxy", "127.0.0.1");
}

/* ---- asking the daemon */

static void write_wish(const struct run_plan *p, const struct client *c, struct buf *b)
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

static int ask(const struct run_plan *p, const struct client *c, struct buf *answer,
               struct why *why)
{
    static const char *const HEADERS[] = {"Content-Type: application/json", NULL};
    struct buf body;
    buf_init(&body, WORD_BYTES);
    write_wish(p, c, &body);
    int status = ask_http(&(struct question){.url = "http://localhost/lease/issue",
                                             .unix_path = p->socket_path,
                                             .method = "POST",
                                             .headers = HEADERS,
                                             .body = buf_span(&body)},
                          answer, why);
    buf_release(&body);
    return status;
}

/* Without an upstream of its dialect it has its own key, as it always had, unless one was asked
 * for.
 */
static enum status take(struct run_plan *p, const struct client *c, int status, struct span text,
                        struct why *why)
{
    struct tape_token tokens[ANSWER_TOKENS];
    struct tape j;
    struct buf scratch;
    buf_init(&scratch, ANSWER_BYTES);
    (void)buf_reserve(&scratch, ANSWER_BYTES); /* it must not move while spans point into it */
    enum status st = tape_parse(&j, text, TAPE_STRICT, tokens, ANSWER_TOKENS);
    struct span error =
        st == ST_OK ? tape_string(&j, tape_get(&j, TAPE_ROOT, "error"), &scratch) : SPAN_NONE;
    if (status == 200 && st == ST_OK) {
        struct given g = {tape_string(&j, tape_get(&j, TAPE_ROOT, "token"), &scratch),
                          tape_string(&j, tape_get(&j, TAPE_ROOT, "url"), &scratch),
                          tape_string(&j, tape_get(&j, TAPE_ROOT, "base"), &scratch)};
        give(p, c, &g);
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
    const struct client *c = client_of(p);
    bool none = p->upstream && strcmp(p->upstream, "none") == 0;
    if (none || !c) {
        return none || !p->upstream
                   ? ST_OK
                   : why_fail(why, ST_DENIED,
                              "%s: how it is told an address and a key is not known", p->program);
    }
    struct buf answer;
    buf_init(&answer, ANSWER_BYTES);
    int status = ask(p, c, &answer, why);
    enum status st = status == 0 ? ST_CLOSED : take(p, c, status, buf_span(&answer), why);
    buf_wipe(&answer);
    return st;
}
