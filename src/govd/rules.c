#include "govd_priv.h"

static enum status add_rule(void *ctx, const struct ini *ini, const struct ini_section *s,
                            struct span name, struct why *why)
{
    struct policy_pair pairs[INI_LIST_KEYS];
    for (uint32_t i = 0; i < s->key_count; i++) {
        pairs[i] = (struct policy_pair){s->keys[i].name, s->keys[i].value};
    }
    struct why inner = {0};
    if (policy_add(ctx, name, s->line, pairs, s->key_count, &inner) != ST_OK) {
        return ini_fail(ini, s, NULL, why, "%s", inner.text);
    }
    return ST_OK;
}

static void tell(struct govd *g, const char *reason)
{
    struct event ev;
    publish_begin(g, &ev, EVENT_POLICY_LOADED);
    event_set_text(&ev, F_POLICY_VERSION, span_str(policy_version(g->policy)));
    event_set_text(&ev, F_REASON, span_str(reason));
    (void)publish(g, &ev);
}

enum status rules_load(struct govd *g, struct why *why)
{
    struct policy *fresh = policy_new();
    enum status st = ini_read_list(g->policy_path, "rule", add_rule, fresh, why);
    if (st != ST_OK) {
        policy_free(fresh);
        return st;
    }
    policy_free(g->policy);
    g->policy = fresh;
    char text[64];
    (void)snprintf(text, sizeof(text), "%u rules", policy_count(fresh));
    tell(g, text);
    return ST_OK;
}

void rules_reload(struct govd *g)
{
    struct why why = {0};
    if (rules_load(g, &why) != ST_OK) {
        tell(g, why.text);
        publish_signal(g, NULL, SEVERITY_HIGH, why.text);
        return;
    }
    gate_rejudge(g, 0);
}
