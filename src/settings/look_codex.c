#include "settings_priv.h"

/* Its hooks have a file of their own: nothing else stands in it. What switches them off, and
 * whether they are trusted, stands in config.toml, and the client itself says what it makes of
 * that. */
static void look_at_rest(struct look *l)
{
    l->out->telemetry = false;
}

const struct look_rules look_rules_codex = {.rest = look_at_rest};
