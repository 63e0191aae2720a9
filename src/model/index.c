#include <stdlib.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

#define FIRST_SLOTS 16

void index_release(struct index *x)
{
    free(x->slots);
    *x = (struct index){0};
}

void index_copy(struct index *to, const struct index *from)
{
    *to = *from;
    to->slots = from->cap == 0 ? NULL : xmalloc(from->cap * sizeof(*to->slots));
    for (size_t i = 0; i < from->cap; i++) {
        to->slots[i] = from->slots[i];
    }
}

uint64_t index_key(uint32_t backend, sid id)
{
    return (uint64_t)backend << 32 | id;
}

uint64_t index_spread(uint64_t key)
{
    key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9u;
    key = (key ^ key >> 27) * 0x94d049bb133111ebu;
    return key ^ key >> 31;
}

/* The key's slot, or the empty one where it would go. There always is an empty one. */
static struct index_slot *slot_of(const struct index *x, uint64_t key)
{
    size_t mask = x->cap - 1;
    size_t i = index_spread(key) & mask;
    while (x->slots[i].item != NULL && x->slots[i].key != key) {
        i = (i + 1) & mask;
    }
    return &x->slots[i];
}

void *index_get(const struct index *x, uint64_t key)
{
    return x->used == 0 ? NULL : slot_of(x, key)->item;
}

static void enlarge(struct index *x)
{
    struct index old = *x;
    x->cap = old.cap == 0 ? FIRST_SLOTS : old.cap * 2;
    x->slots = xcalloc(x->cap, sizeof(*x->slots));
    for (size_t i = 0; i < old.cap; i++) {
        if (old.slots[i].item != NULL) {
            *slot_of(x, old.slots[i].key) = old.slots[i];
        }
    }
    free(old.slots);
}

void index_put(struct index *x, uint64_t key, void *item)
{
    if (x->used + 1 > x->cap / 8 * 7) {
        enlarge(x);
    }
    struct index_slot *slot = slot_of(x, key);
    x->used += slot->item == NULL;
    *slot = (struct index_slot){key, item};
}

/* Moves later slots of the run back, so that no search ends at the hole too early. */
static void close_hole(struct index *x, size_t hole)
{
    size_t mask = x->cap - 1;
    for (size_t i = (hole + 1) & mask; x->slots[i].item != NULL; i = (i + 1) & mask) {
        size_t home = index_spread(x->slots[i].key) & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            x->slots[hole] = x->slots[i];
            hole = i;
        }
    }
    x->slots[hole] = (struct index_slot){0};
}

void index_del(struct index *x, uint64_t key)
{
    if (x->used == 0) {
        return;
    }
    struct index_slot *slot = slot_of(x, key);
    if (slot->item != NULL) {
        x->used--;
        close_hole(x, (size_t)(slot - x->slots));
    }
}
