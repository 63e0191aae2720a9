/* agent_store.c - where agents lie, and which one has an id. There may be FLEET_AGENTS_MAX of them:
 * they lie in chunks without a header each, and a slot of the index is 32 bits, the agent's number
 * and some bits of its key, so that of other agents in its way hardly one is looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

#define CHUNK       16u /* agents */
#define FIRST_SLOTS 16
#define NUMBER_BITS 17
#define NUMBER_MASK ((1u << NUMBER_BITS) - 1)

_Static_assert(FLEET_AGENTS_MAX < NUMBER_MASK, "every agent has a number, from 1");

void agent_store_release(struct agent_store *s)
{
    for (uint32_t i = 0; i < s->count; i += CHUNK) {
        free(s->chunks[i / CHUNK]);
    }
    free(s->chunks);
    free(s->slots);
    *s = (struct agent_store){0};
}

void agent_store_copy(struct agent_store *to, const struct agent_store *from)
{
    *to = (struct agent_store){.count = from->count,
                               .free_number = from->free_number,
                               .cap = from->cap,
                               .used = from->used};
    size_t chunks = (from->count + CHUNK - 1u) / CHUNK;
    if (chunks > 0) {
        GROW(to->chunks, to->chunks_cap, chunks);
    }
    for (size_t i = 0; i < chunks; i++) {
        to->chunks[i] = xmalloc(CHUNK * sizeof(struct agent_item));
        uint32_t begun = from->count - (uint32_t)i * CHUNK;
        memcpy(to->chunks[i], from->chunks[i],
               (begun < CHUNK ? begun : CHUNK) * sizeof(struct agent_item));
    }
    if (from->cap > 0) {
        to->slots = xmalloc(from->cap * sizeof(*to->slots));
        memcpy(to->slots, from->slots, from->cap * sizeof(*to->slots));
    }
}

static struct agent_item *item_at(const struct agent_store *s, uint32_t number)
{
    return &s->chunks[(number - 1) / CHUNK][(number - 1) % CHUNK];
}

/* ---- the index: open addressing, never full */
static uint64_t key_of(const struct agent_item *it)
{
    return index_spread(index_key(it->a.backend, it->a.id));
}

static uint32_t tag_of(uint64_t key)
{
    return (uint32_t)(key >> 32) & ~NUMBER_MASK;
}

/* The agent's slot, or the empty one where it would go. */
static size_t slot_of(const struct agent_store *s, uint32_t backend, sid id)
{
    uint64_t key = index_spread(index_key(backend, id));
    size_t at = key & (s->cap - 1);
    while (s->slots[at] != 0) {
        if ((s->slots[at] & ~NUMBER_MASK) == tag_of(key)) {
            const struct agent_item *it = item_at(s, s->slots[at] & NUMBER_MASK);
            if (it->a.id == id && it->a.backend == backend) {
                break;
            }
        }
        at = (at + 1) & (s->cap - 1);
    }
    return at;
}

static void put(struct agent_store *s, uint32_t number)
{
    const struct agent_item *it = item_at(s, number);
    s->slots[slot_of(s, it->a.backend, it->a.id)] = number | tag_of(key_of(it));
}

static void enlarge(struct agent_store *s)
{
    uint32_t *old = s->slots;
    size_t old_cap = s->cap;
    s->cap = old_cap == 0 ? FIRST_SLOTS : old_cap * 2;
    s->slots = xcalloc(s->cap, sizeof(*s->slots));
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i] != 0) {
            put(s, old[i] & NUMBER_MASK);
        }
    }
    free(old);
}

/* Moves later slots of the run back, so that no search ends at the hole too early. */
static void close_hole(struct agent_store *s, size_t hole)
{
    size_t mask = s->cap - 1;
    for (size_t at = (hole + 1) & mask; s->slots[at] != 0; at = (at + 1) & mask) {
        size_t home = key_of(item_at(s, s->slots[at] & NUMBER_MASK)) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            s->slots[hole] = s->slots[at];
            hole = at;
        }
    }
    s->slots[hole] = 0;
}

struct agent_item *agent_store_find(const struct agent_store *s, uint32_t backend, sid id)
{
    uint32_t slot = s->used == 0 ? 0 : s->slots[slot_of(s, backend, id)];
    return slot == 0 ? NULL : item_at(s, slot & NUMBER_MASK);
}

/* ---- coming and going */
static uint32_t number_new(struct agent_store *s)
{
    if (s->free_number != 0) {
        uint32_t number = s->free_number;
        s->free_number = item_at(s, number)->a.ref;
        return number;
    }
    if (s->count % CHUNK == 0) {
        GROW(s->chunks, s->chunks_cap, s->count / CHUNK + 1u);
        s->chunks[s->count / CHUNK] = xmalloc(CHUNK * sizeof(struct agent_item));
    }
    return ++s->count;
}

struct agent_item *agent_store_add(struct agent_store *s, uint32_t backend, sid id)
{
    if (s->used + 1 > s->cap / 8 * 7) {
        enlarge(s);
    }
    uint32_t number = number_new(s);
    struct agent_item *it = item_at(s, number);
    *it = (struct agent_item){
        .a = {.backend = backend, .id = id}
    };
    put(s, number);
    s->used++;
    return it;
}

void agent_store_remove(struct agent_store *s, struct agent_item *it)
{
    size_t at = slot_of(s, it->a.backend, it->a.id);
    uint32_t number = s->slots[at] & NUMBER_MASK;
    close_hole(s, at);
    s->used--;
    *it = (struct agent_item){.a.ref = s->free_number};
    s->free_number = number;
}
