#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

void roster_release(struct roster *r)
{
    free(r->refs);
    free(r->items);
    *r = (struct roster){0};
}

void roster_copy(struct roster *to, const struct roster *from)
{
    *to = (struct roster){.count = from->count, .last_ref = from->last_ref};
    if (from->count > 0) {
        GROW(to->refs, to->refs_cap, from->count);
        GROW(to->items, to->items_cap, from->count);
        memcpy(to->refs, from->refs, from->count * sizeof(*to->refs));
        memcpy(to->items, from->items, from->count * sizeof(*to->items));
    }
}

uint32_t roster_add(struct roster *r, void *item)
{
    GROW(r->refs, r->refs_cap, (size_t)r->count + 1);
    GROW(r->items, r->items_cap, (size_t)r->count + 1);
    r->refs[r->count] = ++r->last_ref;
    r->items[r->count] = item;
    r->count++;
    return r->last_ref;
}

/* Position of the first ref that is not below `ref`. */
static uint32_t lower_bound(const struct roster *r, uint32_t ref)
{
    uint32_t low = 0;
    uint32_t high = r->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (r->refs[middle] < ref) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t roster_position(const struct roster *r, uint32_t ref)
{
    uint32_t at = lower_bound(r, ref);
    return at < r->count && r->refs[at] == ref ? at : UINT32_MAX;
}

void roster_remove(struct roster *r, uint32_t ref)
{
    uint32_t at = lower_bound(r, ref);
    if (at == r->count || r->refs[at] != ref) {
        return;
    }
    size_t tail = r->count - at - 1u;
    memmove(r->refs + at, r->refs + at + 1, tail * sizeof(*r->refs));
    memmove(r->items + at, r->items + at + 1, tail * sizeof(*r->items));
    r->count--;
}

void *roster_find(const struct roster *r, uint32_t ref)
{
    uint32_t at = lower_bound(r, ref);
    return at < r->count && r->refs[at] == ref ? r->items[at] : NULL;
}
