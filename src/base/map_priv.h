/* map_priv.h - a map's slots for pool.c, which names a string by the map's own copy of it. */
#ifndef CHECKREIN_BASE_MAP_PRIV_H
#define CHECKREIN_BASE_MAP_PRIV_H

#include "checkrein/map.h"

/* The slot of the key or NULL. A slot moves with the next put; its `key` stays until it is deleted.
 */
struct map_slot *map_find_slot(const struct map *m, struct span key);
/* The slot of the key, made with value 0 if it was missing. */
struct map_slot *map_need_slot(struct map *m, struct span key);

#endif
