/* connectors.c - the runtimes that `connect` knows, a row each.
 */
#include "connect_priv.h"

#include "../app_priv.h"

#include "checkrein/alloc.h"

static char *in_folder(char *folder, const char *name)
{
    char *path = path_join(folder, name);
    free(folder);
    return path;
}

static char *claude_settings_path(void)
{
    const char *dir = env_or("CLAUDE_CONFIG_DIR", NULL);
    return in_folder(dir ? xstrdup(dir) : path_join(env_or("HOME", "/"), ".claude"), "settings.json");
}

static char *gemini_settings_path(void)
{
    const char *home = env_or("GEMINI_CLI_HOME", env_or("HOME", "/"));
    return in_folder(path_join(home, ".gemini"), "settings.json");
}

static const char *claude_form(struct span version)
{
    return claude_http_fails_closed(version)
               ? "HTTP hooks, which block when the daemon does not answer"
               : "command hooks, because this version would let calls run when an HTTP hook fails";
}

static const char *gemini_form(struct span version)
{
    return span_is(version, GEMINI_SEEN) ? "command hooks, which block when the daemon does not answer"
                                         : "command hooks; they were tried with " GEMINI_SEEN " and with no other version";
}

static const struct connector CONNECTORS[] = {
    {
        .name = "claude",
        .called = "Claude Code",
        .settings_path = claude_settings_path,
        .add = claude_settings_add,
        .remove = claude_settings_remove,
        .form = claude_form,
        .telemetry_is_anothers = claude_telemetry_is_anothers,
        .taken_up = "running sessions take it up within seconds, those behind the gate already at their next start",
        .limits = "Not held: sessions started with --bare, --safe-mode or --setting-sources project, and projects whose "
                  "settings have disableAllHooks.",
    },
    {
        .name = "gemini",
        .called = "Gemini CLI",
        .settings_path = gemini_settings_path,
        .add = gemini_settings_add,
        .remove = gemini_settings_remove,
        .form = gemini_form,
        .telemetry_is_anothers = gemini_telemetry_is_anothers,
        .beside = "policies/checkrein.toml",
        .beside_text = GEMINI_RULES,
        .taken_up = "sessions take it up at their next start",
        .limits = "Not held: gemini --acp, folders that are not trusted, and projects whose settings switch hooks off. On "
                  "its own screen it asks there too, after the gate, unless it was started with --approval-mode yolo.",
    },
};

const struct connector *connector_at(size_t i)
{
    return i < ARRAY_LEN(CONNECTORS) ? &CONNECTORS[i] : NULL;
}

const struct connector *connector_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(CONNECTORS); i++) {
        if (strcmp(name, CONNECTORS[i].name) == 0) {
            return &CONNECTORS[i];
        }
    }
    return NULL;
}
