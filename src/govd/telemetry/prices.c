#include "telemetry_priv.h"

static enum status add_price(void *ctx, const struct ini *ini, const struct ini_section *s,
                             struct span name, struct why *why)
{
    (void)name;
    struct price_pair pairs[INI_LIST_KEYS];
    for (uint32_t i = 0; i < s->key_count; i++) {
        pairs[i] = (struct price_pair){s->keys[i].name, s->keys[i].value};
    }
    struct why inner = {0};
    uint32_t bad = 0;
    if (price_add(ctx, pairs, s->key_count, &bad, &inner) != ST_OK) {
        return ini_fail(ini, s, bad < s->key_count ? &s->keys[bad] : NULL, why, "%s", inner.text);
    }
    return ST_OK;
}

enum status govd_read_prices(struct price_table *t, const char *path, struct why *why)
{
    return ini_read_list(path, "price", add_price, t, why);
}

enum status prices_load(struct govd *g, struct why *why)
{
    struct price_table *fresh = price_table_new();
    enum status st = govd_read_prices(fresh, g->prices_path, why);
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
        return;
    }
    budgets_priced_anew(g);
    if (price_count(g->telemetry->prices) != before) {
        char text[64];
        (void)snprintf(text, sizeof(text), "%u prices are known now",
                       price_count(g->telemetry->prices));
        publish_signal(g, NULL, SEVERITY_LOW, text);
    }
}
