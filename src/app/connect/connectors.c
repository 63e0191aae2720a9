/* connectors.c - the runtimes that `connect` knows, a row each.
 */
#include "connect_priv.h"

#include <string.h>

static const char *claude_form(const struct claude_gate *g)
{
    if (claude_gate_is_http(g)) {
        return "HTTP hooks, which block when the daemon does not answer";
    }
    if (g->token.n) {
        return "command hooks, because this version would let calls run when an HTTP hook fails";
    }
    return g->lock
               ? "command hooks, so that no token stands in this file. No other hooks run, and variables that change "
                 "what hooks run are cleared for the client and all that it starts, LD_LIBRARY_PATH too"
               : "command hooks, so that no token stands in this file";
}

static const char *gemini_form(const struct claude_gate *g)
{
    return span_is(g->version, GEMINI_SEEN)
               ? "command hooks, which block when the daemon does not answer"
               : "command hooks; they were tried with " GEMINI_SEEN " and with no other version";
}

static const char *codex_form(const struct claude_gate *g)
{
    return span_is(g->version, CODEX_SEEN)
               ? "command hooks, which block when the daemon does not answer"
               : "command hooks; they were tried with " CODEX_SEEN " and with no other version";
}

/* clang-format off */
static const struct connector CONNECTORS[] = {
    {
        .name = "claude",
        .kind = &settings_claude,
        .called = "Claude Code",
        .add = claude_settings_add,
        .remove = claude_settings_remove,
        .form = claude_form,
        .telemetry_is_anothers = claude_telemetry_is_anothers,
        .twice = "each call is asked twice, and refused",
        .taken_up = "running sessions take it up within seconds, those behind the gate when no call runs",
        .limits = "What is not held all the same: checkrein doctor says it for this scope.",
    },
    {
        .name = "gemini",
        .kind = &settings_gemini,
        .called = "Gemini CLI",
        .add = gemini_settings_add,
        .remove = gemini_settings_remove,
        .form = gemini_form,
        .telemetry_is_anothers = gemini_telemetry_is_anothers,
        .explain = gemini_explain,
        .beside = "policies/checkrein.toml",
        .beside_text = GEMINI_RULES,
        .twice = "each call is asked twice, and waits for both",
        .taken_up = "sessions take it up at their next start",
        .limits = "Not held: gemini --acp, folders that are not trusted, and projects whose settings switch hooks off. On "
                  "its own screen it asks there too, after the gate, unless it was started with --approval-mode yolo. "
                  "checkrein doctor gemini says more.",
    },
    {
        .name = "codex",
        .kind = &settings_codex,
        .called = "Codex",
        .add = codex_settings_add,
        .remove = codex_settings_remove,
        .form = codex_form,
        .explain = codex_explain,
        .twice = "each call is asked twice, and the second time refused",
        .taken_up = "sessions that begin after you have trusted them take it up",
        .limits = "Not held: what is typed into a command that runs already, and any client with hooks switched off. What Codex "
                  "itself would ask is asked there too, after the gate. checkrein doctor codex says more.",
    },
};
/* clang-format on */

const struct connector *connector_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(CONNECTORS); i++) {
        if (strcmp(name, CONNECTORS[i].name) == 0) {
            return &CONNECTORS[i];
        }
    }
    return NULL;
}
