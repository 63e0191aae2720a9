/* claude.c - the hooks that Claude Code's settings must hold (docs/drivers/claude.md).
 *
 * From 2.1.295 an HTTP hook with `onFailure: "block"` fails closed. An older client silently ignores that and
 * would let calls run while the daemon is away; it gets the command form, which blocks by its exit code and is
 * wrapped so that even a missing executable blocks. The gate's own timeout is a day: the runtime lets nothing
 * run when it passes, and a call that nobody decides waits.
 */
#include "connect_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/num.h"

#define GATE_TIMEOUT_S   86400
#define REPORT_TIMEOUT_S 10
#define HELPER_DEADLINE  "23h"
#define OUR_HEADER       ",x-checkrein=1" /* in the telemetry's headers: marks them as ours */

enum role_of_hook { HOOK_GATE, HOOK_GUARD, HOOK_REPORT, HOOK_COMMAND };

/* What a failure means. A report that fails must not block: exit code 2 of a Stop hook keeps the model talking. */
static const struct {
    int timeout_s;
    const char *on_failure; /* of the HTTP form */
    const char *otherwise;  /* of the command form */
} ROLES[] = {
    [HOOK_GATE] = {GATE_TIMEOUT_S,   "block",    "exit 2"},
    [HOOK_GUARD] = {REPORT_TIMEOUT_S, "block",    "exit 2"},
    [HOOK_REPORT] = {REPORT_TIMEOUT_S, "continue", "exit 0"},
    [HOOK_COMMAND] = {REPORT_TIMEOUT_S, NULL,       "exit 0"},
};

/* SessionStart takes no HTTP hooks; its command also tells the process, over the Unix socket. */
static const struct {
    const char *event;
    enum role_of_hook role;
} HOOKS[] = {
    {"PreToolUse",         HOOK_GATE   },
    {"SessionStart",       HOOK_COMMAND},
    {"UserPromptSubmit",   HOOK_REPORT },
    {"PostToolUse",        HOOK_REPORT },
    {"PostToolUseFailure", HOOK_REPORT },
    {"SubagentStart",      HOOK_REPORT },
    {"SubagentStop",       HOOK_REPORT },
    {"Notification",       HOOK_REPORT },
    {"ConfigChange",       HOOK_GUARD  },
    {"Stop",               HOOK_REPORT },
    {"StopFailure",        HOOK_REPORT },
    {"SessionEnd",         HOOK_REPORT },
};

static const struct {
    const char *name, *value; /* NULL: made from the gate */
} ENVIRONMENT[] = {
    {"CLAUDE_CODE_ENABLE_TELEMETRY", "1"},
    {"OTEL_LOGS_EXPORTER",           "otlp"},
    {"OTEL_EXPORTER_OTLP_PROTOCOL",  "http/json"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT",  NULL},
    {"OTEL_EXPORTER_OTLP_HEADERS",   NULL},
};

bool claude_http_fails_closed(struct span version)
{
    static const int64_t SINCE[] = {2, 1, 295};
    for (size_t i = 0; i < ARRAY_LEN(SINCE); i++) {
        struct span part;
        int64_t n = 0;
        if (!span_next(&version, '.', &part) || num_parse(part, 0, 1000000, &n) != ST_OK) {
            return false;
        }
        if (n != SINCE[i]) {
            return n > SINCE[i];
        }
    }
    return true;
}

/* ---- one hook */

static void write_command_hook(struct buf *out, const struct claude_gate *g, enum role_of_hook role)
{
    struct buf line;
    buf_init(&line, 16384);
    shell_quote(&line, g->self);
    buf_addstr(&line, " hook claude --deadline " HELPER_DEADLINE " --socket ");
    shell_quote(&line, g->socket_path);
    if (g->version.n) {
        buf_addstr(&line, " --runtime-version ");
        buf_add(&line, g->version);
    }
    buf_printf(&line, " || %s", ROLES[role].otherwise);
    buf_addstr(out, "{\"type\": \"command\", \"command\": ");
    tape_quote(out, buf_span(&line));
    buf_printf(out, ", \"timeout\": %d, \"statusMessage\": \"" OUR_MARK "\"}", ROLES[role].timeout_s);
    buf_release(&line);
}

static void write_http_hook(struct buf *out, const struct claude_gate *g, enum role_of_hook role)
{
    buf_printf(out,
               "{\"type\": \"http\", \"url\": \"http://127.0.0.1:%d/hook/claude\", \"timeout\": %d, "
               "\"onFailure\": \"%s\", ",
               g->port, ROLES[role].timeout_s, ROLES[role].on_failure);
    struct buf bearer;
    buf_init(&bearer, 1024);
    buf_addstr(&bearer, "Bearer ");
    buf_add(&bearer, g->token);
    buf_addstr(out, "\"headers\": {\"Authorization\": ");
    tape_quote(out, buf_span(&bearer));
    buf_addstr(out, ", \"X-Checkrein-Agent\": \"$CHECKREIN_AGENT\"}, \"allowedEnvVars\": "
                    "[\"CHECKREIN_AGENT\"], \"statusMessage\": \"" OUR_MARK "\"}");
    buf_wipe(&bearer);
}

static void write_group(struct buf *out, const struct claude_gate *g, enum role_of_hook role)
{
    bool http = role != HOOK_COMMAND && claude_http_fails_closed(g->version);
    buf_addstr(out, role == HOOK_GATE ? "{\"matcher\": \"\", \"hooks\": [" : "{\"hooks\": [");
    if (http) {
        write_http_hook(out, g, role);
    } else {
        write_command_hook(out, g, role);
    }
    buf_addstr(out, "]}");
}

/* ---- telemetry: never over a value that somebody else has set */

static void environment_value(struct buf *out, const struct claude_gate *g, size_t i)
{
    if (ENVIRONMENT[i].value) {
        buf_addstr(out, ENVIRONMENT[i].value);
    } else if (strcmp(ENVIRONMENT[i].name, "OTEL_EXPORTER_OTLP_ENDPOINT") == 0) {
        buf_printf(out, "http://127.0.0.1:%d", g->port);
    } else {
        buf_addstr(out, "Authorization=Bearer ");
        buf_add(out, g->token);
        buf_addstr(out, OUR_HEADER);
    }
}

enum telemetry { TELEMETRY_NONE, TELEMETRY_OURS, TELEMETRY_OTHERS };

/* Ours is told by a mark in the headers that are sent; whoever has set any of it otherwise keeps all of it. */
static enum telemetry telemetry_of(const struct tape *j)
{
    uint32_t env = tape_get(j, TAPE_ROOT, "env");
    enum telemetry found = TELEMETRY_NONE;
    for (size_t i = 0; i < ARRAY_LEN(ENVIRONMENT); i++) {
        struct span value = tape_raw(j, tape_get(j, env, ENVIRONMENT[i].name));
        if (span_ends(value, OUR_HEADER "\"")) {
            return TELEMETRY_OURS;
        }
        found = value.n ? TELEMETRY_OTHERS : found;
    }
    return found;
}

bool claude_telemetry_is_anothers(struct span settings)
{
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    struct tape j;
    bool anothers = splice_read(settings, &j, tokens, NULL) == ST_OK && telemetry_of(&j) == TELEMETRY_OTHERS;
    free(tokens);
    return anothers;
}

static enum status set_telemetry(struct edit *e, const struct claude_gate *g)
{
    struct tape j;
    enum status st = splice_read(e->text, &j, e->tokens, e->why);
    if (st != ST_OK || telemetry_of(&j) == TELEMETRY_OTHERS) {
        return st;
    }
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(ENVIRONMENT); i++) {
        struct buf value;
        struct buf quoted;
        char path[64];
        (void)snprintf(path, sizeof(path), "env/%s", ENVIRONMENT[i].name);
        buf_init(&value, 1024);
        buf_init(&quoted, 4096);
        environment_value(&value, g, i);
        tape_quote(&quoted, buf_span(&value));
        st = edit_set(e, path, buf_span(&quoted));
        buf_release(&value);
        buf_release(&quoted);
    }
    return st;
}

static enum status remove_telemetry(struct edit *e)
{
    struct tape j;
    enum status st = splice_read(e->text, &j, e->tokens, e->why);
    bool ours = st == ST_OK && telemetry_of(&j) == TELEMETRY_OURS;
    for (size_t i = 0; ours && st == ST_OK && i < ARRAY_LEN(ENVIRONMENT); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "env/%s", ENVIRONMENT[i].name);
        st = edit_set(e, path, SPAN_NONE);
    }
    return st;
}

/* ---- the whole */

enum status claude_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                                struct why *why)
{
    struct edit e;
    edit_init(&e, old, "statusMessage", why);
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(HOOKS); i++) {
        struct buf ours;
        buf_init(&ours, 65536);
        write_group(&ours, g, HOOKS[i].role);
        st = edit_hook(&e, HOOKS[i].event, &ours);
        buf_release(&ours);
    }
    if (st == ST_OK) {
        st = set_telemetry(&e, g);
    }
    return edit_end(&e, st, out);
}

enum status claude_settings_remove(struct span old, struct buf *out, struct why *why)
{
    struct edit e;
    edit_init(&e, old, "statusMessage", why);
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(HOOKS); i++) {
        st = edit_hook(&e, HOOKS[i].event, NULL);
    }
    if (st == ST_OK) {
        st = remove_telemetry(&e);
    }
    return edit_end(&e, st, out);
}
