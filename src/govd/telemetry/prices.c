#include "telemetry_priv.h"

#define PRICE_KEYS_MAX 16

static enum status add_section(struct price_table *t, const struct ini *ini,
                               const struct ini_section *s, struct why *why)
{
    if (!span_starts(s->name, "price ") || s->key_count > PRICE_KEYS_MAX) {
        return ini_fail(ini, s, NULL, why, "a section is [price NAME], of at most %d keys",
                        PRICE_KEYS_MAX);
    }
    struct price_pair pairs[PRICE_KEYS_MAX];
    for (uint32_t i = 0; i < s->key_count; i++) {
        pairs[i] = (struct price_pair){s->keys[i].name, s->keys[i].value};
    }
    struct why inner = {0};
    uint32_t bad = 0;
    if (price_add(t, pairs, s->key_count, &bad, &inner) != ST_OK) {
        return ini_fail(ini, s, bad < s->key_count ? &s->keys[bad] : NULL, why, "%s", inner.text);
    }
    return ST_OK;
}

static enum status read_file(struct price_table *t, const char *path, struct why *why)
{
    struct ini ini = {0};
    enum status st = ini_load(&ini, path, why);
    if (st == ST_NOTFOUND) {
        return ST_OK;
    }
    for (uint32_t i = 0; st == ST_OK && i < ini.section_count; i++) {
        const struct ini_section *s = &ini.sections[i];
        if (s->name.n || s->key_count) {
            st = add_section(t, &ini, s, why);
        }
    }
    ini_release(&ini);
    return st;
}

enum status prices_load(struct govd *g, struct why *why)
{
    struct price_table *fresh = price_table_new();
    enum status st = read_file(fresh, g->prices_path, why);
    if (st != ST_OK) {
        price_table_free(fresh);
        return st;
    }
    price_table_free(g->telemetry->prices);
    g->telemetry->prices = fresh;
    return ST_OK;
}

void prices_reload(struct govd *g)
{
    struct why why = {0};
    uint32_t before = price_count(g->telemetry->prices);
    if (prices_load(g, &why) != ST_OK) {
        publish_signal(g, NULL, SEVERITY_HIGH, why.text);
    } else if (price_count(g->telemetry->prices) != before) {
        char text[64];
        (void)snprintf(text, sizeof(text), "%u prices are known now",
                       price_count(g->telemetry->prices));
        publish_signal(g, NULL, SEVERITY_LOW, text);
    }
}
