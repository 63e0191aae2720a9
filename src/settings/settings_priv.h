/* settings_priv.h - one look at one settings file.
 *
 *   tables.c        the runtimes' hooks, and words for faults
 *   look.c          what all of them have: command hooks, told from others by our mark
 *   look_claude.c, look_gemini.c, look_codex.c   what only one has: HTTP hooks, switches,
 * variables, telemetry command.c       the line of a command hook, written and read
 */
#ifndef SETTINGS_PRIV_H
#define SETTINGS_PRIV_H

#include "checkrein/settings.h"

#include "checkrein/wire.h"

#define HOOKS_MAX 16

struct look {
    struct settings_look *out;
    const struct settings_kind *kind;
    const struct settings_daemon *daemon;
    struct tape j;
    struct buf text;          /* unescaped strings */
    uint32_t ours[HOOKS_MAX]; /* hooks with our mark */
};

struct look_rules {
    /* A hook in the HTTP form, of a role that takes one. NULL: the runtime knows none. */
    bool (*http)(struct look *l, uint32_t hook, const struct hook_row *row);
    void (*rest)(struct look *l); /* what stands beside the hooks */
};
extern const struct look_rules look_rules_claude, look_rules_gemini, look_rules_codex;

/* ---- look.c */
void look_fault(struct look *l, enum settings_fault f, const char *about);
struct span look_text_at(struct look *l, uint32_t at);
struct span look_text(struct look *l, uint32_t object, const char *key);
bool look_timeout(struct look *l, uint32_t hook, const struct hook_row *row);
bool look_fields(struct look *l, uint32_t hook, uint32_t count, const struct hook_row *row);

#endif
