#include "doctor_priv.h"

#include "checkrein/alloc.h"

/* ---- Claude Code */

static void tell_claude(struct doctor *d)
{
    found(d, "client", LEVEL_OK, NULL, "Claude Code %s: %s", d->version,
          claude_http_fails_closed(span_str(d->version)) ? "its HTTP hooks can fail closed"
                                                         : "only command hooks fail closed");
}

/* Of a project: the file that is committed. */
static char *committed_settings(void)
{
    char *local = connect_scope("claude", "project")->path();
    char *slash = strrchr(local, '/');
    *slash = '\0';
    char *path = path_join(local, "settings.json");
    free(local);
    return path;
}

static const char *const NO_LIMITS[] = {NULL};

/* ---- Gemini CLI */

static void tell_gemini(struct doctor *d)
{
    bool seen = strcmp(d->version, GEMINI_SEEN) == 0;
    found(d, "client", seen ? LEVEL_OK : LEVEL_WARN,
          "try it before you rely on it: docs/drivers/gemini.md says what to look at",
          "Gemini CLI %s: its hooks were tried with " GEMINI_SEEN "%s", d->version,
          seen ? "" : ", and with no other version");
}

/* Beside the machine's settings: what these and all others win against. */
static char *system_defaults(void)
{
    const char *named = env_or("GEMINI_CLI_SYSTEM_DEFAULTS_PATH", NULL);
    if (named) {
        return xstrdup(named);
    }
    char *path = connect_scope("gemini", "managed")->path();
    char *slash = strrchr(path, '/');
    *(slash ? slash : path) = '\0';
    char *defaults = path_join(slash ? path : ".", "system-defaults.json");
    free(path);
    return defaults;
}

static const char *const GEMINI_LIMITS[] = {
    "calls of a client that an editor runs (gemini --acp): that editor alone is asked",
    "calls in a folder that is not trusted: no hook runs there. Without a screen the client does "
    "not start; on it, it asks",
    "calls after the client's own folder was moved or removed: no hook can be started there",
    NULL,
};

/* ---- Codex */

static void tell_codex(struct doctor *d)
{
    bool seen = strcmp(d->version, CODEX_SEEN) == 0;
    found(d, "client", seen ? LEVEL_OK : LEVEL_WARN,
          "try it before you rely on it: docs/drivers/codex.md says what to look at",
          "Codex %s: its hooks were tried with " CODEX_SEEN "%s", d->version,
          seen ? "" : ", and with no other version");
}

static const char *const CODEX_LIMITS[] = {
    "what is typed into a command that runs already: no hook is asked",
    "what another client of an app-server runs by its own methods, without a model",
    NULL,
};

/* ---- */

static const struct doctor_runtime RUNTIMES[] = {
    {
     .kind = &settings_claude,
     .called = "Claude Code",
     .shell = "/bin/sh",
     .tell_client = tell_claude,
     .http_fails_closed = claude_http_fails_closed,
     .other_file = committed_settings,
     .machine_each = claude_machine_each,
     .off = 1u << FAULT_DISABLED | 1u << FAULT_UNREADABLE,
     .overruled = 1u << FAULT_DISABLED | 1u << FAULT_UNREADABLE,
     .gate = "PreToolUse",
     .refusal = {"hookSpecificOutput/hookEventName", "hookSpecificOutput/permissionDecision",
                    "hookSpecificOutput/permissionDecisionReason"},
     .stronger =
            "fewer of these remain with managed settings: checkrein connect claude --scope managed", .limits = NO_LIMITS,
     },
    {
     .kind = &settings_gemini,
     .called = "Gemini CLI",
     .shell = "bash",
     .tell_client = tell_gemini,
     .other_file = system_defaults,
     .check_besides = check_gemini_besides,
     .off = 1u << FAULT_DISABLED | 1u << FAULT_NAMED | 1u << FAULT_UNREADABLE,
     .overruled = 1u << FAULT_DISABLED,
     .machine_is_roots = true,
     .gate = "BeforeTool",
     .refusal = {NULL, "decision", "reason"},
     .limits = GEMINI_LIMITS,
     },
    {
     .kind = &settings_codex,
     .called = "Codex",
     .shell = "/bin/sh",
     .tell_client = tell_codex,
     .check_besides = check_codex_besides,
     .off = 1u << FAULT_UNREADABLE,
     .gate = "PreToolUse",
     .refusal = {"hookSpecificOutput/hookEventName", "hookSpecificOutput/permissionDecision",
                    "hookSpecificOutput/permissionDecisionReason"},
     .limits = CODEX_LIMITS,
     },
};

const struct doctor_runtime *doctor_runtime(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(RUNTIMES); i++) {
        if (strcmp(name, RUNTIMES[i].kind->runtime) == 0) {
            return &RUNTIMES[i];
        }
    }
    return NULL;
}
