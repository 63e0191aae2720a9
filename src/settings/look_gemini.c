#include "settings_priv.h"

#include <string.h>

/* The client puts its environment in the place of $NAME before it compares: what that gives is not
 * known here. */
static bool may_name_ours(struct look *l, uint32_t at)
{
    struct span name = look_text_at(l, at);
    return tape_type(&l->j, at) != TAPE_STRING || span_is(name, OUR_MARK) ||
           span_find(name, '$') < name.n;
}

static void look_at_switches(struct look *l)
{
    uint32_t config = tape_get(&l->j, TAPE_ROOT, "hooksConfig");
    uint32_t enabled = tape_get(&l->j, config, "enabled");
    uint32_t disabled = tape_get(&l->j, config, "disabled");
    l->out->keeps_on = tape_type(&l->j, enabled) == TAPE_TRUE;
    if ((config != TAPE_ABSENT && tape_type(&l->j, config) != TAPE_OBJECT) ||
        (enabled != TAPE_ABSENT && !l->out->keeps_on)) {
        look_fault(l, FAULT_DISABLED, "hooksConfig.enabled");
    }
    bool named = disabled != TAPE_ABSENT && tape_type(&l->j, disabled) != TAPE_ARRAY;
    for (uint32_t at = tape_first(&l->j, disabled); at != TAPE_ABSENT;
         at = tape_next(&l->j, disabled, at)) {
        named |= may_name_ours(l, at);
    }
    if (named) {
        look_fault(l, FAULT_NAMED, "hooksConfig.disabled");
    }
}

static void look_at_telemetry(struct look *l)
{
    uint32_t all = tape_get(&l->j, TAPE_ROOT, "telemetry");
    struct span address = look_text(l, all, "otlpEndpoint");
    bool ours = span_starts(address, GEMINI_ADDRESS);
    l->out->token_inside |= ours;
    l->out->telemetry = ours && tape_type(&l->j, tape_get(&l->j, all, "enabled")) == TAPE_TRUE;
    if (all != TAPE_ABSENT && !l->out->telemetry) {
        look_fault(l, FAULT_TELEMETRY, "telemetry");
    }
}

static void look_at_rest(struct look *l)
{
    uint32_t trust = tape_path(&l->j, TAPE_ROOT, "security/folderTrust/enabled");
    l->out->trusts_all = tape_type(&l->j, trust) == TAPE_FALSE;
    look_at_switches(l);
    look_at_telemetry(l);
}

const struct look_rules look_rules_gemini = {.rest = look_at_rest};
