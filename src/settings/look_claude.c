#include "settings_priv.h"

#include <stdio.h>

#include "checkrein/num.h"

/* Keys of the file that work against hooks wherever these stand. */
static const struct {
    const char *key;
    enum settings_fault fault;
    bool if_true; /* only then; else whenever it is there */
} SWITCHES[] = {
    {"disableAllHooks",       FAULT_DISABLED,     true },
    {"allowManagedHooksOnly", FAULT_MANAGED_ONLY, true },
    {"allowedHttpHookUrls",   FAULT_URLS,         false},
};

/* Variables that decide whom a hook asks, beside claude_cleared. Seen: the client sends its HTTP
 * hooks through these proxies, token and all. */
static const char *const DETOURS[] = {
    "HTTP_PROXY",      "http_proxy",        "HTTPS_PROXY",        "https_proxy",  "ALL_PROXY",
    "all_proxy",       "NO_PROXY",          "no_proxy",           "NODE_OPTIONS", "BUN_OPTIONS",
    "XDG_RUNTIME_DIR", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_SIMPLE", "CLAUDE_PID",
};

/* Variables beside claude_telemetry that lead its logs away. */
static const char *const LEAKS[] = {
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
    "OTEL_SDK_DISABLED",
};

/* ---- the HTTP form */

static bool check_url(struct look *l, uint32_t hook, const struct hook_row *row)
{
    char want[64];
    struct span url = look_text(l, hook, "url");
    struct span port = span_sub(url, sizeof("http://127.0.0.1:") - 1, url.n);
    int64_t n = 0;
    (void)snprintf(want, sizeof(want), "http://127.0.0.1:%d/hook/claude", l->daemon->port);
    if (row->role == ROLE_GATE && span_starts(url, "http://127.0.0.1:") &&
        num_parse(span_sub(port, 0, span_find(port, '/')), 1, 65535, &n) == ST_OK) {
        l->out->port = (int)n;
    }
    if (span_is(url, want)) {
        return true;
    }
    look_fault(l, FAULT_PORT, row->event);
    return false;
}

static bool check_headers(struct look *l, uint32_t hook, const struct hook_row *row)
{
    static const char SCHEME[] = "Bearer ";
    uint32_t headers = tape_get(&l->j, hook, "headers");
    struct span bearer = look_text(l, headers, "Authorization");
    struct span given = span_sub(bearer, sizeof(SCHEME) - 1, bearer.n);
    bool token = span_starts(bearer, SCHEME) && given.n > 0 &&
                 (!l->daemon->token.n || span_eq(given, l->daemon->token));
    l->out->token_inside |= bearer.n > 0;
    if (!token) {
        look_fault(l, FAULT_TOKEN, row->event);
    }
    if (tape_count(&l->j, headers) != 2 ||
        !span_is(look_text(l, headers, "X-Checkrein-Agent"), "$CHECKREIN_AGENT")) {
        look_fault(l, FAULT_SHAPE, row->event);
        return false;
    }
    return token;
}

static bool check_on_failure(struct look *l, uint32_t hook, const struct hook_row *row)
{
    const char *want = l->kind->terms[row->role].on_failure;
    if (want && span_is(look_text(l, hook, "onFailure"), want)) {
        return true;
    }
    look_fault(l, row->role == ROLE_REPORT || !want ? FAULT_SHAPE : FAULT_FAILS_OPEN, row->event);
    return false;
}

static bool check_http(struct look *l, uint32_t hook, const struct hook_row *row)
{
    l->out->http |= row->role == ROLE_GATE;
    uint32_t names = tape_get(&l->j, hook, "allowedEnvVars");
    bool named = tape_count(&l->j, names) == 1 &&
                 span_is(look_text_at(l, tape_first(&l->j, names)), "CHECKREIN_AGENT");
    bool fine = check_url(l, hook, row);
    fine &= check_headers(l, hook, row);
    fine &= check_on_failure(l, hook, row);
    fine &= look_timeout(l, hook, row);
    fine &= look_fields(l, hook, 7, row);
    if (!named) {
        look_fault(l, FAULT_SHAPE, row->event);
    }
    return fine && named;
}

/* ---- the rest of the file */

static void look_at_switches(struct look *l)
{
    for (size_t i = 0; i < ARRAY_LEN(SWITCHES); i++) {
        uint32_t at = tape_get(&l->j, TAPE_ROOT, SWITCHES[i].key);
        if (at == TAPE_ABSENT) {
            continue;
        }
        enum tape_type type = tape_type(&l->j, at);
        if (!SWITCHES[i].if_true || (type != TAPE_FALSE && type != TAPE_NULL)) {
            look_fault(l, SWITCHES[i].fault, SWITCHES[i].key);
        }
    }
}

static bool telemetry_is_ours(struct look *l, uint32_t env)
{
    char endpoint[64];
    (void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", l->daemon->port);
    struct span headers = look_text(l, env, "OTEL_EXPORTER_OTLP_HEADERS");
    struct span bearer = span_sub(headers, sizeof("Authorization=Bearer ") - 1, headers.n);
    bool sent = span_ends(headers, OUR_HEADER) &&
                span_is(look_text(l, env, "OTEL_EXPORTER_OTLP_ENDPOINT"), endpoint);
    l->out->token_inside |= span_ends(headers, OUR_HEADER);
    if (sent && l->daemon->token.n) {
        sent = span_eq(span_sub(bearer, 0, span_find(bearer, ',')), l->daemon->token);
    }
    for (size_t i = 0; i < CLAUDE_TELEMETRY; i++) {
        const struct telemetry_row *row = &claude_telemetry[i];
        sent = sent && (!row->value || span_is(look_text(l, env, row->name), row->value));
    }
    return sent;
}

static void look_at_environment(struct look *l)
{
    uint32_t env = tape_get(&l->j, TAPE_ROOT, "env");
    for (size_t i = 0; i < ARRAY_LEN(DETOURS); i++) {
        if (tape_get(&l->j, env, DETOURS[i]) != TAPE_ABSENT) {
            look_fault(l, FAULT_ENVIRONMENT, DETOURS[i]);
        }
    }
    for (size_t i = 0; i < CLAUDE_CLEARED; i++) {
        uint32_t at = tape_get(&l->j, env, claude_cleared[i]);
        if (at != TAPE_ABSENT && (tape_type(&l->j, at) != TAPE_STRING || look_text_at(l, at).n)) {
            look_fault(l, FAULT_ENVIRONMENT, claude_cleared[i]);
        }
    }
    l->out->telemetry = telemetry_is_ours(l, env);
    for (size_t i = 0; !l->out->telemetry && i < CLAUDE_TELEMETRY; i++) {
        if (tape_get(&l->j, env, claude_telemetry[i].name) != TAPE_ABSENT) {
            look_fault(l, FAULT_TELEMETRY, claude_telemetry[i].name);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(LEAKS); i++) {
        if (tape_get(&l->j, env, LEAKS[i]) != TAPE_ABSENT) {
            look_fault(l, FAULT_TELEMETRY, LEAKS[i]);
        }
    }
}

static void look_at_rest(struct look *l)
{
    l->out->keeps_on = true;
    look_at_switches(l);
    look_at_environment(l);
}

const struct look_rules look_rules_claude = {.http = check_http, .rest = look_at_rest};
