/* map.h - string to 32-bit value, keys copied and owned; open addressing, seeded hash.
 *
 * Keys are any bytes below 4 GiB. Iterating in insertion order is not promised. Values are usually
 * ids or indexes into an array.
 */
#ifndef CHECKREIN_MAP_H
#define CHECKREIN_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/span.h"

struct map_slot {
    char *key; /* terminated; NULL when empty, a mark of map.c's own when deleted */
    uint32_t key_bytes;
    uint32_t value;
    uint64_t hash;
};

struct map {
    struct map_slot *slots;
    size_t cap;    /* zero or a power of two */
    size_t used;   /* live keys */
    size_t filled; /* live keys and deleted slots */
    uint64_t seed;
};

/* Empty, with a secret seed. Zeroed memory works too: its seed is then drawn at the first put. */
void map_init(struct map *m);
void map_release(struct map *m);
/* `value` may be NULL. */
bool map_get(const struct map *m, struct span key, uint32_t *value);
/* Inserts or replaces; true when the key is new. */
bool map_put(struct map *m, struct span key, uint32_t value);
bool map_del(struct map *m, struct span key);
/* Walks all pairs: start with *at = 0; false at the end. Not while the map changes. */
bool map_next(const struct map *m, size_t *at, struct span *key, uint32_t *value);

#endif
