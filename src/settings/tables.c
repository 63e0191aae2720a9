#include "checkrein/settings.h"

#include <stdio.h>

#include "checkrein/num.h"

#define GATE_TIMEOUT_S   86400
#define REPORT_TIMEOUT_S 10

const struct hook_terms *hook_terms(enum hook_role role)
{
    static const struct hook_terms TERMS[] = {
        [ROLE_GATE] = {GATE_TIMEOUT_S,   "block",    "exit 2"},
        [ROLE_GUARD] = {REPORT_TIMEOUT_S, "block",    "exit 2"},
        [ROLE_REPORT] = {REPORT_TIMEOUT_S, "continue", "exit 0"},
        [ROLE_COMMAND] = {REPORT_TIMEOUT_S, NULL,       "exit 0"},
    };
    return &TERMS[role];
}

/* SessionStart takes no HTTP hooks; its command also tells the process, over the Unix socket. */
const struct hook_row claude_hooks[CLAUDE_HOOKS] = {
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

const struct telemetry_row claude_telemetry[CLAUDE_TELEMETRY] = {
    {"CLAUDE_CODE_ENABLE_TELEMETRY", "1"        },
    {"OTEL_LOGS_EXPORTER",           "otlp"     },
    {"OTEL_EXPORTER_OTLP_PROTOCOL",  "http/json"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT",  NULL       },
    {"OTEL_EXPORTER_OTLP_HEADERS",   NULL       },
};

const char *const claude_cleared[CLAUDE_CLEARED] = {
    "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "BASH_ENV", "CLAUDE_CODE_SHELL_PREFIX",
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
