/* lease_clients.c - how each client is told an address and a key, and what of the environment would
 * lead it past them. Where a client speaks several dialects, its first row that the daemon has an
 * upstream for counts.
 *
 * The token goes by the environment, never by the command line, which every user of the machine can
 * read.
 */
#include "lease_priv.h"

#include <stdio.h>

#include "../connect/connect_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/wire.h"

#define WORD_BYTES  4096
#define CONTENT_MAX 60000 /* of OPENCODE_CONFIG_CONTENT */
#define TOKEN_NAME  "CHECKREIN_LEASE"

/* What stood there may have been a real key: it goes from where /proc tells of us, too. */
static void put(struct run_plan *p, const char *name, struct span value)
{
    char *text = xstrndup(value.p, value.n);
    plan_env_remove(p, name);
    plan_env(p, name, text);
    wipe(text, strlen(text));
    free(text);
}

/* The address with the API's version behind it. Of an upstream whose url ends in that it is there
 * already. */
static void add_versioned(struct buf *b, const struct lease_given *g, const char *version)
{
    buf_add(b, g->url);
    buf_addstr(b, span_ends(g->base, version) ? "" : version);
}

static enum status give_claude(struct run_plan *p, const struct lease_client *c,
                               const struct lease_given *g, struct why *why)
{
    (void)c;
    (void)why;
    put(p, "ANTHROPIC_BASE_URL", g->url);
    put(p, "ANTHROPIC_AUTH_TOKEN", g->token);
    return ST_OK;
}

static const char *keep(struct run_plan *p, struct buf *word)
{
    GROW(p->own, p->own_cap, p->own_count + 1);
    p->own[p->own_count] = buf_detach(word, NULL);
    buf_release(word);
    return p->own[p->own_count++];
}

static enum status give_codex(struct run_plan *p, const struct lease_client *c,
                              const struct lease_given *g, struct why *why)
{
    struct buf provider;
    buf_init(&provider, WORD_BYTES);
    buf_addstr(&provider, "model_providers.checkrein={name=\"checkrein\",base_url=\"");
    add_versioned(&provider, g, c->version);
    buf_addstr(&provider, "\",env_key=\"" TOKEN_NAME "\",wire_api=\"responses\","
                          "supports_websockets=false}");
    const char *const words[] = {"-c", "model_provider=\"checkrein\"", "-c", keep(p, &provider)};
    put(p, TOKEN_NAME, g->token);
    plan_insert(p, words, ARRAY_LEN(words));
    (void)why;
    return ST_OK;
}

/* What is not set at all, a `.env` file sets: they are there, and off. */
static const char *const GEMINI_OFF[] = {"GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA", NULL};

static enum status give_gemini(struct run_plan *p, const struct lease_client *c,
                               const struct lease_given *g, struct why *why)
{
    (void)c;
    put(p, "GOOGLE_GEMINI_BASE_URL", g->url);
    put(p, "GEMINI_API_KEY", g->token);
    put(p, "GEMINI_DEFAULT_AUTH_TYPE", SPAN("gemini-api-key"));
    (void)why;
    for (const char *const *name = GEMINI_OFF; *name; name++) {
        put(p, *name, SPAN("false"));
    }
    return ST_OK;
}

/* One provider of the client's at the gateway; whatever else is set of it stays. */
static enum status set_provider(struct buf *json, struct span name, const struct lease_client *c,
                                const struct lease_given *g, struct why *why)
{
    char path[256];
    struct buf url;
    buf_init(&url, WORD_BYTES);
    add_versioned(&url, g, c->version);
    (void)snprintf(path, sizeof(path), "provider/%.*s/options/baseURL", SPAN_ARG(name));
    enum status st = json_set(json, path, buf_span(&url), why);
    (void)snprintf(path, sizeof(path), "provider/%.*s/options/apiKey", SPAN_ARG(name));
    if (st == ST_OK) {
        st = json_set(json, path, SPAN("{env:" TOKEN_NAME "}"), why);
    }
    buf_release(&url);
    return st;
}

/* The client's own service of this dialect, and a provider of the person's that is called as the
 * upstream is; no other provider of theirs is loaded. */
static enum status set_providers(struct buf *json, const struct lease_client *c,
                                 const struct lease_given *g, struct why *why)
{
    struct buf list;
    buf_init(&list, WORD_BYTES);
    buf_printf(&list, "[\"%s\",\"%.*s\"]", c->service, SPAN_ARG(g->upstream));
    enum status st = json_set_raw(json, "enabled_providers", buf_span(&list), why);
    if (st == ST_OK) {
        st = json_set_raw(json, "disabled_providers", SPAN("[]"), why);
    }
    if (st == ST_OK) {
        st = set_provider(json, span_str(c->service), c, g, why);
    }
    if (st == ST_OK) {
        st = set_provider(json, g->upstream, c, g, why);
    }
    buf_release(&list);
    return st;
}

/* By the variable that stands over the settings of the user and of the project; what it held
 * stays. */
static enum status give_opencode(struct run_plan *p, const struct lease_client *c,
                                 const struct lease_given *g, struct why *why)
{
    static const char NAME[] = "OPENCODE_CONFIG_CONTENT";
    const char *theirs = plan_env_get(p, NAME);
    struct buf json;
    buf_init(&json, SETTINGS_BYTES);
    buf_addstr(&json, *theirs ? theirs : "{}");
    enum status st = set_providers(&json, c, g, why);
    if (st == ST_OK && json.len > CONTENT_MAX) {
        st = why_fail(why, ST_LIMIT, "larger than %d bytes", CONTENT_MAX);
    }
    if (st == ST_OK) {
        put(p, TOKEN_NAME, g->token);
        put(p, NAME, buf_span(&json));
    } else {
        why_prefix(why, "not started, because it cannot be given a lease: %s", NAME);
        st = ST_DENIED;
    }
    buf_wipe(&json);
    return st;
}

/* Offline: it asks GitHub nothing, and needs no login there. */
static enum status give_copilot(struct run_plan *p, const struct lease_client *c,
                                const struct lease_given *g, struct why *why)
{
    struct buf url;
    buf_init(&url, WORD_BYTES);
    add_versioned(&url, g, c->version);
    put(p, "COPILOT_PROVIDER_BASE_URL", buf_span(&url));
    put(p, "COPILOT_PROVIDER_TYPE", span_str(c->service));
    put(p, "COPILOT_PROVIDER_API_KEY", g->token);
    put(p, "COPILOT_PROVIDER_TRANSPORT", SPAN("http"));
    put(p, "COPILOT_OFFLINE", SPAN("true"));
    buf_release(&url);
    (void)why;
    return ST_OK;
}

static const char *const CLAUDE_TAKEN[] = {"ANTHROPIC_API_KEY",
                                           "ANTHROPIC_AUTH_TOKEN",
                                           "CLAUDE_CODE_OAUTH_TOKEN",
                                           "CLAUDE_CODE_USE_BEDROCK",
                                           "CLAUDE_CODE_USE_VERTEX",
                                           "CLAUDE_CODE_USE_FOUNDRY",
                                           "CLAUDE_CODE_USE_MANTLE",
                                           "CLAUDE_CODE_USE_GATEWAY",
                                           "CLAUDE_CODE_USE_ANTHROPIC_AWS",
                                           "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
                                           "ANTHROPIC_UNIX_SOCKET",
                                           NULL};
static const char *const CODEX_TAKEN[] = {"OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN",
                                          NULL};
static const char *const GEMINI_TAKEN[] = {"GEMINI_API_KEY",
                                           "GOOGLE_API_KEY",
                                           "GOOGLE_GENAI_USE_VERTEXAI",
                                           "GOOGLE_GENAI_USE_GCA",
                                           "GOOGLE_APPLICATION_CREDENTIALS",
                                           NULL};
/* It takes a key of any service that it finds; but one is loaded only. */
static const char *const OPENCODE_TAKEN[] = {
    "ANTHROPIC_API_KEY",  "OPENAI_API_KEY",        "GOOGLE_GENERATIVE_AI_API_KEY",
    "GEMINI_API_KEY",     "GOOGLE_API_KEY",        "OPENCODE_API_KEY",
    "OPENROUTER_API_KEY", "OPENCODE_AUTH_CONTENT", NULL};
static const char *const COPILOT_TAKEN[] = {
    "COPILOT_GITHUB_TOKEN",          "GH_TOKEN",          "GITHUB_TOKEN",
    "COPILOT_PROVIDER_BEARER_TOKEN", "ANTHROPIC_API_KEY", "COPILOT_PROVIDER_API_KEY_COMMAND",
    "COPILOT_PROVIDER_HEADERS",      "OPENAI_API_KEY",    NULL};

#define CLAUDE   give_claude, lease_fit_claude, lease_settle_claude, CLAUDE_TAKEN
#define CODEX    give_codex, lease_fit_codex, NULL, CODEX_TAKEN
#define GEMINI   give_gemini, lease_fit_gemini, lease_settle_gemini, GEMINI_TAKEN
#define OPENCODE give_opencode, lease_fit_opencode, NULL, OPENCODE_TAKEN
#define COPILOT  give_copilot, NULL, NULL, COPILOT_TAKEN

static const struct lease_client CLIENTS[] = {
    {"claude",   "anthropic", "anthropic", "",        CLAUDE  },
    {"codex",    "openai",    "openai",    "/v1",     CODEX   },
    {"gemini",   "gemini",    "gemini",    "",        GEMINI  },
    {"opencode", "anthropic", "anthropic", "/v1",     OPENCODE},
    {"opencode", "openai",    "openai",    "/v1",     OPENCODE},
    {"opencode", "gemini",    "google",    "/v1beta", OPENCODE},
    {"copilot",  "openai",    "openai",    "/v1",     COPILOT },
    {"copilot",  "anthropic", "anthropic", "",        COPILOT },
};

const struct lease_client *lease_client_next(const struct run_plan *p,
                                             const struct lease_client *after)
{
    const char *name = p->runtime->name ? p->runtime->name : p->program;
    for (const struct lease_client *c = after ? after + 1 : CLIENTS;
         c < CLIENTS + ARRAY_LEN(CLIENTS); c++) {
        if (strcmp(c->program, name) == 0) {
            return c;
        }
    }
    return NULL;
}
