#include "checkrein/map.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "entropy_priv.h"

#define FIRST_SLOTS 16

/* A deleted slot that lookups must walk across. Only its address counts. */
static char tombstone[1];

static uint64_t process_seed;
static pthread_once_t process_seed_once = PTHREAD_ONCE_INIT;

static void draw_process_seed(void)
{
    process_seed = entropy_u64();
}

/* Each map gets another seed: copying one map into another in slot order would otherwise fill the
 * second one's runs end to end, which is quadratic with linear probing. */
static uint64_t fresh_seed(void)
{
    static _Atomic uint64_t serial;
    (void)pthread_once(&process_seed_once, draw_process_seed);
    uint64_t n = atomic_fetch_add(&serial, 1);
    return span_hash((struct span){(const char *)&n, sizeof(n)}, process_seed) | 1;
}

static bool is_live(const struct map_slot *slot)
{
    return slot->key != NULL && slot->key != tombstone;
}

void map_init(struct map *m)
{
    *m = (struct map){.seed = fresh_seed()};
}

void map_release(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        if (is_live(&m->slots[i])) {
            free(m->slots[i].key);
        }
    }
    free(m->slots);
    *m = (struct map){0};
}

static bool slot_has(const struct map_slot *slot, struct span key, uint64_t hash)
{
    return is_live(slot) && slot->hash == hash &&
           span_eq((struct span){slot->key, slot->key_bytes}, key);
}

static struct map_slot *find_hashed(const struct map *m, struct span key, uint64_t hash)
{
    if (m->used == 0) {
        return NULL;
    }
    size_t mask = m->cap - 1;
    for (size_t i = hash & mask; m->slots[i].key != NULL; i = (i + 1) & mask) {
        if (slot_has(&m->slots[i], key, hash)) {
            return &m->slots[i];
        }
    }
    return NULL;
}

static struct map_slot *find_slot(const struct map *m, struct span key)
{
    return find_hashed(m, key, span_hash(key, m->seed));
}

/* First slot on the hash's way that is not live: a tombstone may be used again. */
static struct map_slot *vacant(const struct map *m, uint64_t hash)
{
    size_t mask = m->cap - 1;
    size_t i = hash & mask;
    while (is_live(&m->slots[i])) {
        i = (i + 1) & mask;
    }
    return &m->slots[i];
}

/* Moves the live slots to a table at most half full with `keys` in it; tombstones vanish. */
static void rebuild(struct map *m, size_t keys)
{
    struct map old = *m;
    m->cap = FIRST_SLOTS;
    while (m->cap / 2 < keys) {
        m->cap *= 2;
    }
    m->slots = xcalloc(m->cap, sizeof(*m->slots));
    m->filled = m->used;
    for (size_t i = 0; i < old.cap; i++) {
        if (is_live(&old.slots[i])) {
            *vacant(m, old.slots[i].hash) = old.slots[i];
        }
    }
    free(old.slots);
}

/* Always leaves an empty slot, which is what ends every probe. */
static void make_room(struct map *m)
{
    if (m->cap == 0 && m->seed == 0) {
        m->seed = fresh_seed();
    }
    if (m->filled + 1 > m->cap / 4 * 3) {
        rebuild(m, m->used + 1);
    }
}

static char *copy_key(struct span key)
{
    char *copy = xmalloc(key.n + 1);
    if (key.n > 0) {
        memcpy(copy, key.p, key.n);
    }
    copy[key.n] = '\0';
    return copy;
}

static struct map_slot *insert(struct map *m, struct span key, uint64_t hash)
{
    struct map_slot *slot = vacant(m, hash);
    m->filled += slot->key == NULL;
    m->used++;
    *slot = (struct map_slot){.key = copy_key(key), .key_bytes = (uint32_t)key.n, .hash = hash};
    return slot;
}

static struct map_slot *need_slot(struct map *m, struct span key)
{
    assert(key.n < UINT32_MAX);
    make_room(m);
    uint64_t hash = span_hash(key, m->seed);
    struct map_slot *slot = find_hashed(m, key, hash);
    return slot != NULL ? slot : insert(m, key, hash);
}

bool map_get(const struct map *m, struct span key, uint32_t *value)
{
    const struct map_slot *slot = find_slot(m, key);
    if (slot == NULL) {
        return false;
    }
    if (value != NULL) {
        *value = slot->value;
    }
    return true;
}

bool map_put(struct map *m, struct span key, uint32_t value)
{
    size_t before = m->used;
    need_slot(m, key)->value = value;
    return m->used > before;
}

/* A run that ends behind the slot needs no tombstone, nor do the tombstones before it. */
static void vacate(struct map *m, size_t i)
{
    size_t mask = m->cap - 1;
    m->slots[i].key = tombstone;
    if (m->slots[(i + 1) & mask].key != NULL) {
        return;
    }
    while (m->slots[i].key == tombstone) {
        m->slots[i].key = NULL;
        m->filled--;
        i = (i - 1) & mask;
    }
}

bool map_del(struct map *m, struct span key)
{
    struct map_slot *slot = find_slot(m, key);
    if (slot == NULL) {
        return false;
    }
    free(slot->key);
    vacate(m, (size_t)(slot - m->slots));
    m->used--;
    if (m->cap > FIRST_SLOTS && m->used < m->cap / 8) {
        rebuild(m, m->used);
    }
    return true;
}

bool map_next(const struct map *m, size_t *at, struct span *key, uint32_t *value)
{
    while (*at < m->cap) {
        const struct map_slot *slot = &m->slots[(*at)++];
        if (is_live(slot)) {
            *key = (struct span){slot->key, slot->key_bytes};
            *value = slot->value;
            return true;
        }
    }
    return false;
}
