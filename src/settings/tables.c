#include "settings_priv.h"

#include <stdio.h>

#include "checkrein/num.h"

#define DAY_S    86400
#define REPORT_S 10
/* A stop ends all that is below the agent, and a terminal that closes all that is on it. A shell
 * that ends by a signal has no exit code, and its call would run: so it waits on, and the program
 * that it starts does too. */
#define WAIT_ON "trap '' HUP INT TERM; "

/* ---- Claude Code */

/* SessionStart takes no HTTP hooks; its command also tells the process, over the Unix socket. */
static const struct hook_row CLAUDE_HOOKS[] = {
    {"PreToolUse",         ROLE_GATE   },
    {"SessionStart",       ROLE_COMMAND},
    {"UserPromptSubmit",   ROLE_REPORT },
    {"PostToolUse",        ROLE_REPORT },
    {"PostToolUseFailure", ROLE_REPORT },
    {"SubagentStart",      ROLE_REPORT },
    {"SubagentStop",       ROLE_REPORT },
    {"Notification",       ROLE_REPORT },
    {"ConfigChange",       ROLE_GUARD  },
    {"Stop",               ROLE_REPORT },
    {"StopFailure",        ROLE_REPORT },
    {"SessionEnd",         ROLE_REPORT },
};

static const char *const NOTHING_CLEARED[] = {NULL};

const struct settings_kind settings_claude = {
    .runtime = "claude",
    .mark_key = "statusMessage",
    .options = "",
    .cleared = NOTHING_CLEARED,
    .timeout_max = INT32_MAX / 1000,
    .terms =
        {
                [ROLE_GATE] = {DAY_S, "{\"matcher\": \"\", ", "block", WAIT_ON, "exit 2"},
                [ROLE_GUARD] = {REPORT_S, "{", "block", "", "exit 2"},
                [ROLE_REPORT] = {REPORT_S, "{", "continue", "", "exit 0"},
                [ROLE_COMMAND] = {REPORT_S, "{", NULL, "", "exit 0"},
                },
    .hooks = CLAUDE_HOOKS,
    .hook_count = ARRAY_LEN(CLAUDE_HOOKS),
    .rules = &look_rules_claude,
};

const struct telemetry_row claude_telemetry[CLAUDE_TELEMETRY] = {
    {"CLAUDE_CODE_ENABLE_TELEMETRY", "1"        },
    {"OTEL_LOGS_EXPORTER",           "otlp"     },
    {"OTEL_EXPORTER_OTLP_PROTOCOL",  "http/json"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT",  NULL       },
    {"OTEL_EXPORTER_OTLP_HEADERS",   NULL       },
};

const char *const claude_cleared[CLAUDE_CLEARED] = {
    "LD_PRELOAD", "LD_AUDIT",  "LD_LIBRARY_PATH",
    "BASH_ENV",   "SHELLOPTS", "CLAUDE_CODE_SHELL_PREFIX",
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

/* ---- Gemini CLI: one process a hook, so none for each model call */

static const struct hook_row GEMINI_HOOKS[] = {
    {"BeforeTool",   ROLE_GATE  },
    {"AfterTool",    ROLE_REPORT},
    {"BeforeAgent",  ROLE_REPORT},
    {"AfterAgent",   ROLE_REPORT},
    {"SessionStart", ROLE_REPORT},
    {"SessionEnd",   ROLE_REPORT},
    {"Notification", ROLE_REPORT},
};

/* A project's .env can set them for the client. Seen: with SHELLOPTS=noexec no line of a hook is
 * run. */
static const char *const GEMINI_CLEARED[] = {
    "BASH_ENV", "SHELLOPTS", "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", NULL,
};

#define EVERY "{\"matcher\": \"*\", "

/* It lets a call run unless its hook ends with words and a code above 1. It replaces $NAME and
 * ${NAME} by its own environment; $((...)) it leaves to the shell. */
const struct settings_kind settings_gemini = {
    .runtime = "gemini",
    .mark_key = "name",
    .options = " --pid $((PPID))",
    .cleared = GEMINI_CLEARED,
    .timeout_max = INT32_MAX,
    .terms =
        {
                [ROLE_GATE] =
                {1000 * DAY_S, EVERY, NULL, WAIT_ON,
                 "{ echo 'checkrein: there is no verdict, so the call is blocked' >&2; exit 2; }"},
                [ROLE_REPORT] = {1000 * REPORT_S, EVERY, NULL, "", "exit 0"},
                },
    .hooks = GEMINI_HOOKS,
    .hook_count = ARRAY_LEN(GEMINI_HOOKS),
    .rules = &look_rules_gemini,
};

/* ---- Codex: one process a hook, so none for each model call */

static const struct hook_row CODEX_HOOKS[] = {
    {"PreToolUse",        ROLE_GATE   },
    {"PermissionRequest", ROLE_REPORT },
    {"PostToolUse",       ROLE_REPORT },
    {"UserPromptSubmit",  ROLE_REPORT },
    {"SessionStart",      ROLE_REPORT },
    {"Stop",              ROLE_REPORT },
    {"SubagentStart",     ROLE_REPORT },
    {"SubagentStop",      ROLE_REPORT },
    {"SessionEnd",        ROLE_COMMAND},
    {"Interrupt",         ROLE_COMMAND},
};

#define CLAMP_S 3 /* its longest for these, and it warns of more */

/* It lets a call run unless its hook ends with words and code 2: any other end of it, and its own
 * time-out, let it run. */
const struct settings_kind settings_codex = {
    .runtime = "codex",
    .mark_key = "statusMessage",
    .options = " --pid $PPID",
    .cleared = NOTHING_CLEARED,
    .timeout_max = INT32_MAX / 1000,
    .terms =
        {
                [ROLE_GATE] =
                {DAY_S, EVERY, NULL, WAIT_ON,
                 "{ echo 'checkrein: there is no verdict, so the call is blocked' >&2; exit 2; }"},
                [ROLE_REPORT] = {REPORT_S, "{", NULL, "", "exit 0"},
                [ROLE_COMMAND] = {CLAMP_S, "{", NULL, "", "exit 0"},
                },
    .hooks = CODEX_HOOKS,
    .hook_count = ARRAY_LEN(CODEX_HOOKS),
    .rules = &look_rules_codex,
};

/* ---- faults */

static const struct {
    const char *name, *words;
} FAULTS[FAULT_COUNT] = {
#define X(constant, name, words) [constant] = {(name), (words)},
    SETTINGS_FAULTS(X)
#undef X
};

const char *fault_name(enum settings_fault f)
{
    return FAULTS[f].name;
}

void fault_words(enum settings_fault f, const char *about, char *out, size_t bytes)
{
    struct span words = span_str(FAULTS[f].words);
    size_t at = 0;
    while (at + 1 < words.n && !(words.p[at] == '%' && words.p[at + 1] == 's')) {
        at++;
    }
    struct span head = span_sub(words, 0, at);
    struct span tail = span_sub(words, at + 2, words.n);
    (void)snprintf(out, bytes, "%.*s%s%.*s", SPAN_ARG(head), about ? about : "", SPAN_ARG(tail));
}
