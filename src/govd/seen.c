#include "govd_priv.h"

#define SEEN_MAX 32768

/* Two generations, so that it forgets the oldest without keeping their order. */
bool seen_take(struct govd *g, struct span command)
{
    if (map_get(&g->seen[0], command, NULL) || map_get(&g->seen[1], command, NULL)) {
        return false;
    }
    if (g->seen[0].used >= SEEN_MAX) {
        map_release(&g->seen[1]);
        g->seen[1] = g->seen[0];
        g->seen[0] = (struct map){0};
    }
    (void)map_put(&g->seen[0], command, 0);
    return true;
}
