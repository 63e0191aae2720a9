#include "govd_priv.h"

/* Two generations, so that it forgets the oldest without keeping their order. */
bool recent_put(struct recent *r, struct span key, uint32_t value)
{
    if (recent_get(r, key, NULL)) {
        return false;
    }
    if (r->gen[0].used >= RECENT_MAX) {
        map_release(&r->gen[1]);
        r->gen[1] = r->gen[0];
        r->gen[0] = (struct map){0};
    }
    (void)map_put(&r->gen[0], key, value);
    return true;
}

bool recent_get(const struct recent *r, struct span key, uint32_t *value)
{
    return map_get(&r->gen[0], key, value) || map_get(&r->gen[1], key, value);
}

bool recent_take(struct recent *r, struct span key)
{
    return map_del(&r->gen[0], key) || map_del(&r->gen[1], key);
}

void recent_release(struct recent *r)
{
    map_release(&r->gen[0]);
    map_release(&r->gen[1]);
}
