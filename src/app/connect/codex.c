/* codex.c - the hooks that Codex must have (docs/drivers/codex.md), in its hooks.json. They run
 * once its user has trusted them, which is said and not done here.
 */
#include "connect_priv.h"

enum status codex_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                               struct why *why)
{
    struct edit e;
    edit_init(&e, old, settings_codex.mark_key, why);
    return edit_end(&e, hooks_set(&e, &settings_codex, g, codex_hook_write), out);
}

void codex_hook_write(struct buf *out, const struct claude_gate *g, enum hook_role role)
{
    hooks_write_command(out, &settings_codex, g, role);
}

enum status codex_settings_remove(struct span old, struct buf *out, struct why *why)
{
    struct edit e;
    edit_init(&e, old, settings_codex.mark_key, why);
    return edit_end(&e, hooks_remove(&e, &settings_codex), out);
}

void codex_explain(const struct settings_scope *scope, const char *settings)
{
    (void)scope;
    (void)settings;
    (void)printf(
        "they run only once you have trusted them: start codex, type /hooks, look at each and "
        "trust it. `checkrein doctor codex` says whether that is so\n");
}
