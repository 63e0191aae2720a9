#include "govd_priv.h"

bool seen_take(struct govd *g, struct span command)
{
    return recent_put(&g->seen, command, 0);
}
