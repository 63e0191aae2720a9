/* lease_clients.c - how each client is told an address and a key, and what of the environment would
 * lead it past them. Where a client speaks several dialects, its first row that the daemon has an
 * upstream for counts.
 *
 * The token goes by the environment, never by the command line, which every user of the machine can
 * read.
 */
#include "lease_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/wire.h"

#define WORD_BYTES 4096
#define TOKEN_NAME "CHECKREIN_LEASE"

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

static void give_claude(struct run_plan *p, const struct lease_client *c,
                        const struct lease_given *g)
{
    (void)c;
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

static void give_codex(struct run_plan *p, const struct lease_client *c,
                       const struct lease_given *g)
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
}

static void give_gemini(struct run_plan *p, const struct lease_client *c,
                        const struct lease_given *g)
{
    (void)c;
    put(p, "GOOGLE_GEMINI_BASE_URL", g->url);
    put(p, "GEMINI_API_KEY", g->token);
    put(p, "GEMINI_DEFAULT_AUTH_TYPE", SPAN("gemini-api-key"));
}

/* The client's own service of this dialect, and a provider of the person's that is called as the
 * upstream is; no other provider of theirs is loaded. This stands over the settings of the user
 * and of the project. */
static void give_opencode(struct run_plan *p, const struct lease_client *c,
                          const struct lease_given *g)
{
    const struct span names[] = {span_str(c->service), g->upstream};
    size_t count = span_eq(names[0], names[1]) ? 1 : ARRAY_LEN(names);
    struct buf b;
    buf_init(&b, WORD_BYTES);
    buf_addstr(&b, "{\"disabled_providers\":[],\"enabled_providers\":[");
    for (size_t i = 0; i < count; i++) {
        buf_addstr(&b, i ? "," : "");
        (void)tape_quote(&b, names[i]);
    }
    buf_addstr(&b, "],\"provider\":{");
    for (size_t i = 0; i < count; i++) {
        buf_addstr(&b, i ? "," : "");
        (void)tape_quote(&b, names[i]);
        buf_addstr(&b, ":{\"options\":{\"baseURL\":\"");
        add_versioned(&b, g, c->version);
        buf_addstr(&b, "\",\"apiKey\":\"{env:" TOKEN_NAME "}\"}}");
    }
    buf_addstr(&b, "}}");
    put(p, TOKEN_NAME, g->token);
    put(p, "OPENCODE_CONFIG_CONTENT", buf_span(&b));
    buf_release(&b);
}

/* Offline: it asks GitHub nothing, and needs no login there. */
static void give_copilot(struct run_plan *p, const struct lease_client *c,
                         const struct lease_given *g)
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
}

static const char *const CLAUDE_TAKEN[] = {"ANTHROPIC_API_KEY",
                                           "ANTHROPIC_AUTH_TOKEN",
                                           "CLAUDE_CODE_OAUTH_TOKEN",
                                           "CLAUDE_CODE_USE_BEDROCK",
                                           "CLAUDE_CODE_USE_VERTEX",
                                           "CLAUDE_CODE_USE_FOUNDRY",
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

static const struct lease_client CLIENTS[] = {
    {"claude",   "anthropic", "anthropic", "",        give_claude,   CLAUDE_TAKEN  },
    {"codex",    "openai",    "openai",    "/v1",     give_codex,    CODEX_TAKEN   },
    {"gemini",   "gemini",    "gemini",    "",        give_gemini,   GEMINI_TAKEN  },
    {"opencode", "anthropic", "anthropic", "/v1",     give_opencode, OPENCODE_TAKEN},
    {"opencode", "openai",    "openai",    "/v1",     give_opencode, OPENCODE_TAKEN},
    {"opencode", "gemini",    "google",    "/v1beta", give_opencode, OPENCODE_TAKEN},
    {"copilot",  "openai",    "openai",    "/v1",     give_copilot,  COPILOT_TAKEN },
    {"copilot",  "anthropic", "anthropic", "",        give_copilot,  COPILOT_TAKEN },
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
