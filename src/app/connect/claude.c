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

/* The path in single quotes for the shell that runs it. */
static void shell_quote(struct buf *out, const char *word)
{
    buf_addch(out, '\'');
    for (; *word; word++) {
        if (*word == '\'') {
            buf_addstr(out, "'\\''");
        } else {
            buf_addch(out, *word);
        }
    }
    buf_addch(out, '\'');
}

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

/* ---- arrays of groups: others' stay as they are, ours go */

static bool is_ours(const struct tape *j, uint32_t hook)
{
    return span_is(tape_raw(j, tape_get(j, hook, "statusMessage")), "\"" OUR_MARK "\"");
}

/* Of a group's hooks: how many are ours. */
static uint32_t count_ours(const struct tape *j, uint32_t hooks)
{
    uint32_t count = 0;
    for (uint32_t at = tape_first(j, hooks); at != TAPE_ABSENT; at = tape_next(j, hooks, at)) {
        count += is_ours(j, at);
    }
    return count;
}

/* A group that somebody has put ours and other hooks into, without ours. */
static void write_mixed(struct buf *out, const struct tape *j, uint32_t group, uint32_t hooks)
{
    struct span whole = tape_raw(j, group);
    struct span list = tape_raw(j, hooks);
    size_t from = (size_t)(list.p - whole.p);
    bool first = true;
    buf_add(out, span_sub(whole, 0, from));
    buf_addch(out, '[');
    for (uint32_t at = tape_first(j, hooks); at != TAPE_ABSENT; at = tape_next(j, hooks, at)) {
        if (!is_ours(j, at)) {
            buf_addstr(out, first ? "" : ", ");
            buf_add(out, tape_raw(j, at));
            first = false;
        }
    }
    buf_addch(out, ']');
    buf_add(out, span_sub(whole, from + list.n, whole.n));
}

struct edit {
    struct span text;  /* the settings so far */
    struct buf buf[2]; /* takes turns holding them */
    int at;
    struct tape_token *tokens;
    struct why *why;
};

static enum status set(struct edit *e, const char *path, struct span value)
{
    struct buf *next = &e->buf[e->at];
    enum status st = splice_member(e->text, path, value, next, e->why);
    e->text = buf_span(next);
    e->at = !e->at;
    return st;
}

/* What stands at hooks/EVENT beside ours. */
struct others {
    struct buf groups;
    uint32_t count; /* of groups */
    uint32_t ours;  /* hooks of ours that were left out */
};

static void take_group(struct others *o, const struct tape *j, uint32_t group)
{
    uint32_t hooks = tape_get(j, group, "hooks");
    uint32_t ours = count_ours(j, hooks);
    o->ours += ours;
    if (ours && ours == tape_count(j, hooks)) {
        return;
    }
    buf_addstr(&o->groups, o->count ? ",\n      " : "");
    if (ours) {
        write_mixed(&o->groups, j, group, hooks);
    } else {
        buf_add(&o->groups, tape_raw(j, group));
    }
    o->count++;
}

static enum status read_others(struct edit *e, const char *event, struct others *o)
{
    struct tape j;
    enum status st = splice_read(e->text, &j, e->tokens, e->why);
    if (st != ST_OK) {
        return st;
    }
    uint32_t all = tape_get(&j, TAPE_ROOT, "hooks");
    uint32_t array = tape_get(&j, all, event);
    if (all != TAPE_ABSENT && tape_type(&j, all) != TAPE_OBJECT) {
        return why_fail(e->why, ST_INVALID, "\"hooks\" is not an object");
    }
    if (array != TAPE_ABSENT && tape_type(&j, array) != TAPE_ARRAY) {
        return why_fail(e->why, ST_INVALID, "\"hooks\" has a \"%s\" that is not a list", event);
    }
    for (uint32_t at = tape_first(&j, array); at != TAPE_ABSENT; at = tape_next(&j, array, at)) {
        take_group(o, &j, at);
    }
    return ST_OK;
}

static enum status write_event(struct edit *e, const char *event, const struct others *o,
                               const struct buf *ours)
{
    struct buf value;
    char path[64];
    (void)snprintf(path, sizeof(path), "hooks/%s", event);
    buf_init(&value, SETTINGS_BYTES);
    buf_addstr(&value, "[\n      ");
    buf_add(&value, buf_span(&o->groups));
    if (ours) {
        buf_addstr(&value, o->count ? ",\n      " : "");
        buf_add(&value, buf_span(ours));
    }
    buf_addstr(&value, "\n    ]");
    enum status st = buf_status(&value) == ST_OK
                         ? set(e, path, ours || o->count ? buf_span(&value) : SPAN_NONE)
                         : why_fail(e->why, ST_LIMIT, "the settings are too large");
    buf_release(&value);
    return st;
}

/* `ours` NULL: only takes ours out, and touches nothing where there is none. */
static enum status set_event(struct edit *e, const char *event, const struct buf *ours)
{
    struct others o = {.count = 0};
    buf_init(&o.groups, SETTINGS_BYTES);
    enum status st = read_others(e, event, &o);
    if (st == ST_OK && (ours || o.ours)) {
        st = write_event(e, event, &o, ours);
    }
    buf_release(&o.groups);
    return st;
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
        st = set(e, path, buf_span(&quoted));
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
        st = set(e, path, SPAN_NONE);
    }
    return st;
}

/* ---- the whole */

static void edit_init(struct edit *e, struct span old, struct why *why)
{
    *e = (struct edit){.why = why};
    buf_init(&e->buf[0], SETTINGS_BYTES);
    buf_init(&e->buf[1], SETTINGS_BYTES);
    e->tokens = xcalloc(SETTINGS_TOKENS, sizeof(*e->tokens));
    e->text = span_trim(old).n ? old : SPAN("{}\n");
}

static enum status edit_end(struct edit *e, enum status st, struct buf *out)
{
    struct tape j;
    if (st == ST_OK) {
        st = splice_read(e->text, &j, e->tokens, e->why); /* what is written can be read */
    }
    if (st == ST_OK) {
        buf_add(out, e->text);
        st = buf_status(out);
    }
    buf_release(&e->buf[0]);
    buf_release(&e->buf[1]);
    free(e->tokens);
    return st;
}

enum status claude_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                                struct why *why)
{
    struct edit e;
    edit_init(&e, old, why);
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(HOOKS); i++) {
        struct buf ours;
        buf_init(&ours, 65536);
        write_group(&ours, g, HOOKS[i].role);
        st = set_event(&e, HOOKS[i].event, &ours);
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
    edit_init(&e, old, why);
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(HOOKS); i++) {
        st = set_event(&e, HOOKS[i].event, NULL);
    }
    if (st == ST_OK) {
        st = remove_telemetry(&e);
    }
    return edit_end(&e, st, out);
}
