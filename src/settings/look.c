/* look.c - one settings file of Claude Code, judged. What is not exactly as `connect` writes it is
 * a fault: a field that we do not know may narrow a hook, or send its question elsewhere.
 */
#include "checkrein/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"

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

/* Variables that decide whom a hook asks, beside claude_cleared. Seen: the client sends its HTTP hooks through these
 * proxies, token and all. */
static const char *const DETOURS[] = {
    "HTTP_PROXY", "http_proxy",   "HTTPS_PROXY", "https_proxy",     "ALL_PROXY",         "all_proxy",          "NO_PROXY",
    "no_proxy",   "NODE_OPTIONS", "BUN_OPTIONS", "XDG_RUNTIME_DIR", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_SIMPLE", "CLAUDE_PID",
};

/* Variables beside claude_telemetry that lead its logs away. */
static const char *const LEAKS[] = {
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
    "OTEL_SDK_DISABLED",
};

struct look {
    struct settings_look *out;
    const struct settings_daemon *daemon;
    struct tape j;
    struct buf text;             /* unescaped strings */
    uint32_t ours[CLAUDE_HOOKS]; /* hooks with our mark */
};

void settings_fault_add(struct settings_look *look, enum settings_fault f, const char *about)
{
    if (!(look->faults & 1u << f)) {
        look->about[f] = about;
    }
    look->faults |= 1u << f;
}

static void fault(struct look *l, enum settings_fault f, const char *about)
{
    settings_fault_add(l->out, f, about);
}

static struct span text_at(struct look *l, uint32_t at)
{
    return tape_string(&l->j, at, &l->text);
}

static struct span text_of(struct look *l, uint32_t object, const char *key)
{
    return text_at(l, tape_get(&l->j, object, key));
}

/* ---- one hook */

static bool check_timeout(struct look *l, uint32_t hook, const struct hook_row *row)
{
    int64_t s = 0;
    if (tape_int(&l->j, tape_get(&l->j, hook, "timeout"), &s) == ST_OK &&
        s >= hook_terms(row->role)->timeout_s) {
        return true;
    }
    fault(l, FAULT_SHORT, row->event);
    return false;
}

static bool check_url(struct look *l, uint32_t hook, const struct hook_row *row)
{
    char want[64];
    struct span url = text_of(l, hook, "url");
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
    fault(l, FAULT_PORT, row->event);
    return false;
}

static bool check_headers(struct look *l, uint32_t hook, const struct hook_row *row)
{
    static const char SCHEME[] = "Bearer ";
    uint32_t headers = tape_get(&l->j, hook, "headers");
    struct span bearer = text_of(l, headers, "Authorization");
    struct span given = span_sub(bearer, sizeof(SCHEME) - 1, bearer.n);
    bool token = span_starts(bearer, SCHEME) && given.n > 0 &&
                 (!l->daemon->token.n || span_eq(given, l->daemon->token));
    l->out->token_inside |= bearer.n > 0;
    if (!token) {
        fault(l, FAULT_TOKEN, row->event);
    }
    if (tape_count(&l->j, headers) != 2 ||
        !span_is(text_of(l, headers, "X-Checkrein-Agent"), "$CHECKREIN_AGENT")) {
        fault(l, FAULT_SHAPE, row->event);
        return false;
    }
    return token;
}

static bool check_fields(struct look *l, uint32_t hook, uint32_t count, const struct hook_row *row)
{
    if (tape_count(&l->j, hook) == count) {
        return true;
    }
    fault(l, FAULT_NARROW, row->event); /* "if", "once", "async" and what later versions bring */
    return false;
}

static bool check_on_failure(struct look *l, uint32_t hook, const struct hook_row *row)
{
    const char *want = hook_terms(row->role)->on_failure;
    if (want && span_is(text_of(l, hook, "onFailure"), want)) {
        return true;
    }
    fault(l, row->role == ROLE_REPORT || !want ? FAULT_SHAPE : FAULT_FAILS_OPEN, row->event);
    return false;
}

static bool check_http(struct look *l, uint32_t hook, const struct hook_row *row)
{
    l->out->http |= row->role == ROLE_GATE;
    uint32_t names = tape_get(&l->j, hook, "allowedEnvVars");
    bool named = tape_count(&l->j, names) == 1 &&
                 span_is(text_at(l, tape_first(&l->j, names)), "CHECKREIN_AGENT");
    bool fine = check_url(l, hook, row);
    fine &= check_headers(l, hook, row);
    fine &= check_on_failure(l, hook, row);
    fine &= check_timeout(l, hook, row);
    fine &= check_fields(l, hook, 7, row);
    if (!named) {
        fault(l, FAULT_SHAPE, row->event);
    }
    return fine && named;
}

static bool same_socket(const struct settings_daemon *d, const char *named)
{
    const char *asked = named[0] ? named : d->own_socket;
    return asked && strcmp(asked, d->socket_path) == 0;
}

/* All command hooks of a file run one executable: another in one of them is not of our writing. */
static bool check_self(struct look *l, const char *self, const char *socket)
{
    struct settings_look *out = l->out;
    if (!out->self[0]) {
        (void)snprintf(out->self, sizeof(out->self), "%s", self);
        (void)snprintf(out->socket, sizeof(out->socket), "%s", socket);
    }
    return strcmp(out->self, self) == 0 && strcmp(out->socket, socket) == 0;
}

static bool check_command(struct look *l, uint32_t hook, const struct hook_row *row)
{
    char self[LOOK_PATH_BYTES];
    char socket[LOOK_PATH_BYTES];
    struct span line = text_of(l, hook, "command");
    const char *otherwise = hook_terms(row->role)->otherwise;
    l->out->command |= row->role == ROLE_GATE;
    bool fine = check_timeout(l, hook, row);
    fine &= check_fields(l, hook, 4, row);
    if (!hook_command_read(line, "claude", otherwise, self, socket) ||
        !check_self(l, self, socket)) {
        bool open =
            (row->role == ROLE_GATE || row->role == ROLE_GUARD) && !span_ends(line, "|| exit 2");
        fault(l, open ? FAULT_FAILS_OPEN : FAULT_SHAPE, row->event);
        return false;
    }
    if (!same_socket(l->daemon, socket)) {
        fault(l, FAULT_SOCKET, row->event);
        return false;
    }
    return fine;
}

static bool check_hook(struct look *l, uint32_t hook, const struct hook_row *row)
{
    struct span type = text_of(l, hook, "type");
    if (row->role == ROLE_GATE) {
        l->out->gate = tape_raw(&l->j, hook);
    }
    if (span_is(type, "http") && row->role != ROLE_COMMAND) {
        return check_http(l, hook, row);
    }
    if (span_is(type, "command")) {
        return check_command(l, hook, row);
    }
    fault(l, FAULT_SHAPE, row->event);
    return false;
}

/* ---- all hooks of one event */

/* A group that does not apply to everything hides its hooks from what it leaves out. */
static bool is_wide(struct look *l, uint32_t group)
{
    uint32_t matcher = tape_get(&l->j, group, "matcher");
    struct span pattern = text_at(l, matcher);
    bool all = matcher == TAPE_ABSENT ||
               (tape_type(&l->j, matcher) == TAPE_STRING && (!pattern.n || span_is(pattern, "*")));
    return all && tape_count(&l->j, group) == 1u + (matcher != TAPE_ABSENT);
}

static bool look_at_group(struct look *l, uint32_t group, size_t index)
{
    const struct hook_row *row = &claude_hooks[index];
    uint32_t hooks = tape_get(&l->j, group, "hooks");
    bool whole = true;
    for (uint32_t at = tape_first(&l->j, hooks); at != TAPE_ABSENT;
         at = tape_next(&l->j, hooks, at)) {
        buf_clear(&l->text);
        if (!span_is(text_of(l, at, "statusMessage"), OUR_MARK)) {
            continue;
        }
        l->ours[index]++;
        whole &= check_hook(l, at, row);
        if (!is_wide(l, group)) {
            fault(l, FAULT_NARROW, row->event);
            whole = false;
        }
    }
    return whole;
}

static void look_at_event(struct look *l, uint32_t all, size_t index)
{
    uint32_t groups = tape_get(&l->j, all, claude_hooks[index].event);
    bool whole = true;
    for (uint32_t at = tape_first(&l->j, groups); at != TAPE_ABSENT;
         at = tape_next(&l->j, groups, at)) {
        whole &= look_at_group(l, at, index);
    }
    l->out->marked += l->ours[index];
    if (l->ours[index] > 1) {
        fault(l, FAULT_TWICE, claude_hooks[index].event);
    }
    if (l->ours[index] == 1 && whole) {
        l->out->whole |= 1u << index;
    }
}

static void look_at_hooks(struct look *l)
{
    uint32_t all = tape_get(&l->j, TAPE_ROOT, "hooks");
    for (size_t i = 0; i < CLAUDE_HOOKS; i++) {
        look_at_event(l, all, i);
    }
    for (size_t i = 0; l->out->marked && i < CLAUDE_HOOKS;
         i++) { /* a file that never had them lacks nothing */
        if (!l->ours[i]) {
            fault(l, FAULT_MISSING, claude_hooks[i].event);
        }
    }
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
            fault(l, SWITCHES[i].fault, SWITCHES[i].key);
        }
    }
}

static bool telemetry_is_ours(struct look *l, uint32_t env)
{
    char endpoint[64];
    (void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", l->daemon->port);
    struct span headers = text_of(l, env, "OTEL_EXPORTER_OTLP_HEADERS");
    struct span bearer = span_sub(headers, sizeof("Authorization=Bearer ") - 1, headers.n);
    bool sent = span_ends(headers, OUR_HEADER) &&
                span_is(text_of(l, env, "OTEL_EXPORTER_OTLP_ENDPOINT"), endpoint);
    l->out->token_inside |= span_ends(headers, OUR_HEADER);
    if (sent && l->daemon->token.n) {
        sent = span_eq(span_sub(bearer, 0, span_find(bearer, ',')), l->daemon->token);
    }
    for (size_t i = 0; i < CLAUDE_TELEMETRY; i++) {
        const struct telemetry_row *row = &claude_telemetry[i];
        sent = sent && (!row->value || span_is(text_of(l, env, row->name), row->value));
    }
    return sent;
}

static void look_at_environment(struct look *l)
{
    uint32_t env = tape_get(&l->j, TAPE_ROOT, "env");
    for (size_t i = 0; i < ARRAY_LEN(DETOURS); i++) {
        if (tape_get(&l->j, env, DETOURS[i]) != TAPE_ABSENT) {
            fault(l, FAULT_ENVIRONMENT, DETOURS[i]);
        }
    }
    for (size_t i = 0; i < CLAUDE_CLEARED; i++) {
        uint32_t at = tape_get(&l->j, env, claude_cleared[i]);
        if (at != TAPE_ABSENT && (tape_type(&l->j, at) != TAPE_STRING || text_at(l, at).n)) {
            fault(l, FAULT_ENVIRONMENT, claude_cleared[i]);
        }
    }
    l->out->telemetry = telemetry_is_ours(l, env);
    for (size_t i = 0; !l->out->telemetry && i < CLAUDE_TELEMETRY; i++) {
        if (tape_get(&l->j, env, claude_telemetry[i].name) != TAPE_ABSENT) {
            fault(l, FAULT_TELEMETRY, claude_telemetry[i].name);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(LEAKS); i++) {
        if (tape_get(&l->j, env, LEAKS[i]) != TAPE_ABSENT) {
            fault(l, FAULT_TELEMETRY, LEAKS[i]);
        }
    }
}

bool settings_whole(const struct settings_look *look)
{
    return look->whole == (1u << CLAUDE_HOOKS) - 1;
}

void settings_look_claude(struct span text, const struct settings_daemon *d,
                          struct settings_look *out)
{
    struct look l = {.out = out, .daemon = d};
    *out = (struct settings_look){0};
    if (!span_trim(text).n) {
        return;
    }
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    buf_init(&l.text, SETTINGS_BYTES);
    (void)buf_reserve(&l.text, SETTINGS_BYTES); /* so that what is in it never moves */
    if (tape_parse(&l.j, text, TAPE_STRICT, tokens, SETTINGS_TOKENS) != ST_OK ||
        tape_type(&l.j, TAPE_ROOT) != TAPE_OBJECT) {
        fault(&l, FAULT_UNREADABLE, "");
    } else {
        look_at_hooks(&l);
        look_at_switches(&l);
        look_at_environment(&l);
    }
    if (buf_status(&l.text) != ST_OK) {
        fault(&l, FAULT_UNREADABLE, "");
    }
    buf_wipe(&l.text); /* a token was among it */
    free(tokens);
}
