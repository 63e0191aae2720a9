#include "govd_priv.h"

#define RULE_KEYS_MAX 16

static enum status add_rule(struct policy *p, const struct ini *ini, const struct ini_section *s,
                            struct why *why)
{
    struct span name = s->name;
    if (!span_starts(name, "rule ") || s->key_count > RULE_KEYS_MAX) {
        return ini_fail(ini, s, NULL, why, "a section is [rule NAME], of at most %d keys",
                        RULE_KEYS_MAX);
    }
    struct policy_pair pairs[RULE_KEYS_MAX];
    for (uint32_t i = 0; i < s->key_count; i++) {
        pairs[i] = (struct policy_pair){s->keys[i].name, s->keys[i].value};
    }
    struct why inner = {0};
    name = span_trim(span_sub(name, 5, name.n));
    if (policy_add(p, name, s->line, pairs, s->key_count, &inner) != ST_OK) {
        return ini_fail(ini, s, NULL, why, "%s", inner.text);
    }
    return ST_OK;
}

static enum status read_rules(struct policy *p, const char *path, struct why *why)
{
    struct ini ini = {0};
    enum status st = ini_load(&ini, path, why);
    if (st == ST_NOTFOUND) {
        return ST_OK;
    }
    for (uint32_t i = 0; st == ST_OK && i < ini.section_count; i++) {
        const struct ini_section *s = &ini.sections[i];
        if (s->name.n || s->key_count) {
            st = add_rule(p, &ini, s, why);
        }
    }
    ini_release(&ini);
    return st;
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
    enum status st = read_rules(fresh, g->policy_path, why);
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
