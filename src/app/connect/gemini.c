/* gemini.c - the hooks, rules and telemetry that Gemini CLI must have (docs/drivers/gemini.md).
 *
 * Without the screen it offers no tool that would need a question there, unless a rule of its own
 * allows it. The rule is for runs without a screen only: there the client starts in no folder where
 * its hooks would be off. On its screen, and under ACP, it would let everything run where hooks are
 * off, without a question from anybody.
 */
#include "connect_priv.h"

#include "checkrein/alloc.h"

#define SWITCH "hooksConfig/enabled"

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

static void write_hook(struct buf *out, const struct claude_gate *g, enum hook_role role)
{
    hooks_write_command(out, &settings_gemini, g, role);
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
    return span_starts(address, "\"" GEMINI_ADDRESS) ? TELEMETRY_OURS : TELEMETRY_OTHERS;
}

bool gemini_telemetry_is_anothers(struct span settings)
{
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    struct tape j;
    bool anothers =
        splice_read(settings, &j, tokens, NULL) == ST_OK && telemetry_of(&j) == TELEMETRY_OTHERS;
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
    buf_addstr(&address, "\"" GEMINI_ADDRESS);
    write_token(&address, g->token);
    buf_printf(&address, "@127.0.0.1:%d\"", g->port);
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(TELEMETRY); i++) {
        st = edit_set(e, TELEMETRY[i].path,
                      TELEMETRY[i].value ? span_str(TELEMETRY[i].value) : buf_span(&address));
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
static enum status hooks_would_run(const struct edit *e)
{
    const struct settings_daemon any = {.socket_path = ""};
    struct settings_look look;
    settings_look_at(&settings_gemini, e->text, &any, &look);
    for (enum settings_fault f = FAULT_DISABLED; f <= FAULT_NAMED; f++) {
        char words[160];
        if (look.faults & 1u << f) {
            fault_words(f, look.about[f], words, sizeof(words));
            return why_fail(e->why, ST_INVALID, "%s: take that out first", words);
        }
    }
    return ST_OK;
}

enum status gemini_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                                struct why *why)
{
    struct edit e;
    struct tape j;
    edit_init(&e, old, settings_gemini.mark_key, why);
    enum status st = splice_read(e.text, &j, e.tokens, why);
    enum telemetry telemetry = st == ST_OK ? telemetry_of(&j) : TELEMETRY_OTHERS;
    if (st == ST_OK) {
        st = hooks_would_run(&e);
    }
    if (st == ST_OK) {
        st = hooks_set(&e, &settings_gemini, g, write_hook);
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
    edit_init(&e, old, settings_gemini.mark_key, why);
    enum status st = splice_read(e.text, &j, e.tokens, why);
    bool ours = st == ST_OK && telemetry_of(&j) == TELEMETRY_OURS;
    if (st == ST_OK) {
        st = hooks_remove(&e, &settings_gemini);
    }
    if (st == ST_OK && ours) {
        st = remove_telemetry(&e);
    }
    if (st == ST_OK) {
        st = remove_switch(&e, old);
    }
    return edit_end(&e, st, out);
}

/* ---- what it rests on besides */

static void explain_folder(void)
{
    enum folder_trust trust = gemini_trust_set();
    trust = trust == TRUST_NOT_SAID ? gemini_trust_of(".") : trust;
    if (trust != TRUST_YES) {
        (void)printf(
            "warning: this folder is not trusted by the client: no hook of it runs here until it is. Start it here once and say "
            "so, if you do\n");
    }
}

void gemini_explain(const struct settings_scope *scope, const char *settings)
{
    if (scope->who == SCOPE_PRIVATE) {
        return;
    }
    if (scope->who == SCOPE_SHARED) {
        explain_folder();
    } else if (!only_root_would_write(settings)) {
        (void)printf(
            "warning: somebody else than root can write %s or a folder above it: the client skips it\n",
            settings);
    }
    (void)printf(
        "no rule goes with it: without a screen the client offers no shell, unless --approval-mode yolo or a user's own rule does; "
        "checkrein connect gemini writes one\n");
}
