#include "checkrein/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "map_priv.h"

/* A count that has come this far stays: the string is kept for ever, never freed too early. */
#define HELD_FOR_EVER UINT32_MAX

/* `str` is the index's copy of the key. A free entry has str NULL and `holds` names the next free
 * one. */
struct entry {
    const char *str;
    uint32_t bytes;
    uint32_t holds;
};

struct pool {
    struct map index;
    struct entry *entries; /* by id; entry 0 is the empty string */
    size_t cap;
    uint32_t count;      /* entries ever in use, with entry 0 */
    uint32_t free_first; /* 0: none */
    size_t string_bytes;
};

struct pool *pool_new(void)
{
    struct pool *p = xcalloc(1, sizeof(*p));
    map_init(&p->index);
    GROW(p->entries, p->cap, 1);
    p->entries[0] = (struct entry){.str = "", .holds = HELD_FOR_EVER};
    p->count = 1;
    return p;
}

void pool_free(struct pool *p)
{
    if (p == NULL) {
        return;
    }
    map_release(&p->index);
    free(p->entries);
    free(p);
}

/* An id that nobody holds is a fault of the caller: better to end than to show another string. */
static struct entry *entry_of(const struct pool *p, uint32_t id)
{
    assert(id < p->count && p->entries[id].str != NULL);
    return &p->entries[id];
}

static uint32_t take_id(struct pool *p)
{
    uint32_t id = p->free_first;
    if (id != 0) {
        p->free_first = p->entries[id].holds;
        return id;
    }
    assert(p->count < UINT32_MAX);
    GROW(p->entries, p->cap, (size_t)p->count + 1);
    return p->count++;
}

uint32_t pool_hold(struct pool *p, struct span s)
{
    if (s.n == 0) {
        return 0;
    }
    struct map_slot *slot = map_need_slot(&p->index, s);
    if (slot->value == 0) {
        slot->value = take_id(p);
        p->entries[slot->value] = (struct entry){.str = slot->key, .bytes = slot->key_bytes};
        p->string_bytes += s.n + 1;
    }
    struct entry *entry = &p->entries[slot->value];
    if (entry->holds < HELD_FOR_EVER) {
        entry->holds++;
    }
    return slot->value;
}

void pool_drop(struct pool *p, uint32_t id)
{
    struct entry *entry = entry_of(p, id);
    if (entry->holds == HELD_FOR_EVER || --entry->holds > 0) {
        return;
    }
    p->string_bytes -= (size_t)entry->bytes + 1;
    (void)map_del(&p->index, (struct span){entry->str, entry->bytes});
    *entry = (struct entry){.holds = p->free_first};
    p->free_first = id;
}

const char *pool_str(const struct pool *p, uint32_t id)
{
    return entry_of(p, id)->str;
}

struct span pool_span(const struct pool *p, uint32_t id)
{
    const struct entry *entry = entry_of(p, id);
    return (struct span){entry->str, entry->bytes};
}

uint32_t pool_find(const struct pool *p, struct span s)
{
    uint32_t id = 0;
    (void)map_get(&p->index, s, &id);
    return id;
}

/* Holds first: the new string may lie in the old one's memory. */
void pool_set(struct pool *p, uint32_t *slot, struct span s)
{
    uint32_t id = pool_hold(p, s);
    pool_drop(p, *slot);
    *slot = id;
}

size_t pool_bytes(const struct pool *p)
{
    return p->string_bytes + p->cap * sizeof(*p->entries) + p->index.cap * sizeof(*p->index.slots) +
           sizeof(*p);
}
