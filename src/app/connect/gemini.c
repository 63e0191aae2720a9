/* gemini.c - the hooks, rules and telemetry that Gemini CLI must have (docs/drivers/gemini.md).
 *
 * It has command hooks only, and lets a call run when one fails in any way but an exit code above 1 with words: so
 * the line ends with words and exit 2 of its own, whatever became of the helper. Ended by a signal it says nothing, and
 * a stop ends all that is below the agent: so the gate's line, and the helper that it starts, outlive what asks them
 * to end, until they are answered. Time-outs are milliseconds, fail
 * open, and end at once above 2^31: the helper's deadline is an hour below.
 *
 * Without the screen it offers no tool that would need a question there, unless a rule of its own allows it. The
 * rule is for runs without a screen only: there the client starts in no folder where its hooks would be off. On
 * its screen, and under ACP, it would let everything run where hooks are off, without a question from anybody.
 */
#include "connect_priv.h"

#include "checkrein/alloc.h"

#define SWITCH            "hooksConfig/enabled"
#define MARK_KEY          "name"
#define GATE_TIMEOUT_MS   86400000
#define REPORT_TIMEOUT_MS 10000
#define OUR_USER          "checkrein" /* in the telemetry's address: marks it as ours */

enum role_of_hook { HOOK_GATE, HOOK_REPORT };
static const struct {
    int timeout_ms;
    const char *first, *otherwise;
} ROLES[] = {
    [HOOK_GATE] = {GATE_TIMEOUT_MS, "trap '' HUP INT TERM; ",
                   "{ echo 'checkrein: there is no verdict, so the call is blocked' >&2; exit 2; }"},
    [HOOK_REPORT] = {REPORT_TIMEOUT_MS, "", "exit 0"},
};

static const struct {
    const char *event;
    enum role_of_hook role;
} HOOKS[] = {
    {"BeforeTool",   HOOK_GATE  },
    {"AfterTool",    HOOK_REPORT},
    {"BeforeAgent",  HOOK_REPORT},
    {"AfterAgent",   HOOK_REPORT},
    {"SessionStart", HOOK_REPORT},
    {"SessionEnd",   HOOK_REPORT},
    {"Notification", HOOK_REPORT},
};

static const struct {
    const char *path, *value; /* JSON; NULL: made from the gate */
} TELEMETRY[] = {
    {"telemetry/enabled",      "true"     },
    {"telemetry/target",       "\"local\""},
    {"telemetry/otlpEndpoint", NULL       },
    {"telemetry/otlpProtocol", "\"http\"" },
    {"telemetry/logPrompts",   "false"    },
};

const char GEMINI_RULES[] =
    "# Written by `checkrein connect gemini`, which also takes it away with --remove.\n"
    "# Without a screen the client would not offer a tool that it has to ask for. Every call goes to checkrein's\n"
    "# BeforeTool hook first; this lets what passed there run. Any other rule of yours comes before this one.\n"
    "[[rule]]\n"
    "toolName = \"*\"\n"
    "decision = \"allow\"\n"
    "priority = 0\n"
    "modes = [\"default\", \"autoEdit\", \"yolo\"]\n"
    "interactive = false\n"
    "allowRedirection = true\n";

/* The client replaces $NAME and ${NAME} by its own environment; $((...)) it leaves to the shell. */
static void write_command(struct buf *line, const struct claude_gate *g, enum role_of_hook role)
{
    buf_addstr(line, ROLES[role].first);
    shell_quote(line, g->self);
    buf_addstr(line, " hook gemini --deadline " HELPER_DEADLINE " --pid $((PPID))");
    if (g->socket_path) {
        buf_addstr(line, " --socket ");
        shell_quote(line, g->socket_path);
    } else {
        buf_addstr(line, " --own-socket");
    }
    if (g->version.n) {
        buf_addstr(line, " --runtime-version ");
        buf_add(line, g->version);
    }
    buf_printf(line, " || %s", ROLES[role].otherwise);
}

static void write_group(struct buf *out, const struct claude_gate *g, enum role_of_hook role)
{
    struct buf line;
    buf_init(&line, 16384);
    write_command(&line, g, role);
    buf_addstr(out, "{\"matcher\": \"*\", \"hooks\": [{\"type\": \"command\", \"" MARK_KEY "\": \"" OUR_MARK
                    "\", \"command\": ");
    tape_quote(out, buf_span(&line));
    buf_printf(out, ", \"timeout\": %d}]}", ROLES[role].timeout_ms);
    buf_release(&line);
}

/* ---- telemetry: never over a value that somebody else has set */

enum telemetry { TELEMETRY_NONE, TELEMETRY_OURS, TELEMETRY_OTHERS };

static enum telemetry telemetry_of(const struct tape *j)
{
    uint32_t all = tape_get(j, TAPE_ROOT, "telemetry");
    if (all == TAPE_ABSENT) {
        return TELEMETRY_NONE;
    }
    struct span address = tape_raw(j, tape_get(j, all, "otlpEndpoint"));
    return span_starts(address, "\"http://" OUR_USER ":") ? TELEMETRY_OURS : TELEMETRY_OTHERS;
}

bool gemini_telemetry_is_anothers(struct span settings)
{
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    struct tape j;
    bool anothers = splice_read(settings, &j, tokens, NULL) == ST_OK && telemetry_of(&j) == TELEMETRY_OTHERS;
    free(tokens);
    return anothers;
}

/* As the password in an address. */
static void write_token(struct buf *out, struct span token)
{
    for (size_t i = 0; i < token.n; i++) {
        if (strchr("+/=", token.p[i])) {
            buf_printf(out, "%%%02X", (unsigned char)token.p[i]);
        } else {
            buf_addch(out, token.p[i]);
        }
    }
}

static enum status set_telemetry(struct edit *e, const struct claude_gate *g)
{
    struct buf address;
    buf_init(&address, 1024);
    buf_addstr(&address, "\"http://" OUR_USER ":");
    write_token(&address, g->token);
    buf_printf(&address, "@127.0.0.1:%d\"", g->port);
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(TELEMETRY); i++) {
        st = edit_set(e, TELEMETRY[i].path, TELEMETRY[i].value ? span_str(TELEMETRY[i].value) : buf_span(&address));
    }
    buf_wipe(&address);
    return st;
}

static enum status remove_telemetry(struct edit *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(TELEMETRY); i++) {
        st = edit_set(e, TELEMETRY[i].path, SPAN_NONE);
    }
    return st;
}

/* In the machine's settings it holds against a user's that say no. */
static enum status remove_switch(struct edit *e, struct span old)
{
    struct tape j;
    enum status st = splice_read(e->text, &j, e->tokens, e->why);
    bool ours = st == ST_OK && !span_eq(span_trim(old), span_trim(e->text));
    bool on = ours && tape_type(&j, tape_path(&j, TAPE_ROOT, SWITCH)) == TAPE_TRUE;
    return on ? edit_set(e, SWITCH, SPAN_NONE) : st;
}

/* ---- the whole */

/* Settings that would leave our hooks out are not written into as if all were well. */
static enum status hooks_would_run(const struct edit *e, const struct tape *j)
{
    uint32_t config = tape_get(j, TAPE_ROOT, "hooksConfig");
    uint32_t disabled = tape_get(j, config, "disabled");
    if (tape_type(j, tape_get(j, config, "enabled")) == TAPE_FALSE) {
        return why_fail(e->why, ST_INVALID, "\"hooksConfig\" switches all hooks off: take that out first");
    }
    for (uint32_t at = tape_first(j, disabled); at != TAPE_ABSENT; at = tape_next(j, disabled, at)) {
        if (span_is(tape_raw(j, at), "\"" OUR_MARK "\"")) {
            return why_fail(e->why, ST_INVALID, "\"hooksConfig\" switches \"" OUR_MARK "\" off: take that out first");
        }
    }
    return ST_OK;
}

enum status gemini_settings_add(struct span old, const struct claude_gate *g, struct buf *out, struct why *why)
{
    struct edit e;
    struct tape j;
    edit_init(&e, old, MARK_KEY, why);
    enum status st = splice_read(e.text, &j, e.tokens, why);
    enum telemetry telemetry = st == ST_OK ? telemetry_of(&j) : TELEMETRY_OTHERS;
    if (st == ST_OK) {
        st = hooks_would_run(&e, &j);
    }
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(HOOKS); i++) {
        struct buf ours;
        buf_init(&ours, 65536);
        write_group(&ours, g, HOOKS[i].role);
        st = edit_hook(&e, HOOKS[i].event, &ours);
        buf_release(&ours);
    }
    if (st == ST_OK && telemetry != TELEMETRY_OTHERS && g->token.n) {
        st = set_telemetry(&e, g);
    } else if (st == ST_OK && telemetry == TELEMETRY_OURS) {
        st = remove_telemetry(&e);
    }
    if (st == ST_OK && g->lock) {
        st = edit_set(&e, SWITCH, SPAN("true"));
    }
    return edit_end(&e, st, out);
}

enum status gemini_settings_remove(struct span old, struct buf *out, struct why *why)
{
    struct edit e;
    struct tape j;
    edit_init(&e, old, MARK_KEY, why);
    enum status st = splice_read(e.text, &j, e.tokens, why);
    bool ours = st == ST_OK && telemetry_of(&j) == TELEMETRY_OURS;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(HOOKS); i++) {
        st = edit_hook(&e, HOOKS[i].event, NULL);
    }
    if (st == ST_OK && ours) {
        st = remove_telemetry(&e);
    }
    if (st == ST_OK) {
        st = remove_switch(&e, old);
    }
    return edit_end(&e, st, out);
}
