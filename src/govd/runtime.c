#include "hooks_priv.h"

static const struct runtime *const RUNTIMES[] = {
    &RUNTIME_CLAUDE,
    &RUNTIME_GEMINI,
    &RUNTIME_CODEX,
};

const struct runtime *runtime_by_path(struct span path)
{
    for (size_t i = 0; i < ARRAY_LEN(RUNTIMES); i++) {
        if (span_is(path, RUNTIMES[i]->path)) {
            return RUNTIMES[i];
        }
    }
    return NULL;
}

const struct runtime *runtime_of_agent(struct span id)
{
    for (size_t i = 0; i < ARRAY_LEN(RUNTIMES); i++) {
        if (span_starts(id, RUNTIMES[i]->id_prefix)) {
            return RUNTIMES[i];
        }
    }
    return RUNTIMES[0];
}

const struct runtime *runtime_named(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(RUNTIMES); i++) {
        if (span_is(name, RUNTIMES[i]->name)) {
            return RUNTIMES[i];
        }
    }
    return NULL;
}

const struct tool_row *tool_find(const struct runtime *r, struct span name)
{
    static const struct tool_row OTHER = {.name = ""};
    for (const struct tool_row *t = r->tools; t->name; t++) {
        if (span_is(name, t->name)) {
            return t;
        }
    }
    return &OTHER;
}
