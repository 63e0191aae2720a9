/* pool.c - an id is the number of the string's cell. The index is open addressing over ids alone:
 * the strings themselves are looked at, which costs a little time and saves most of the memory that
 * a table of hashes takes.
 */
#include "checkrein/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cells_priv.h"
#include "checkrein/alloc.h"
#include "entropy_priv.h"

#define FIRST_SLOTS 16

/* A count that has come this far stays: the string is kept for ever, never freed too early. */
#define HELD_FOR_EVER UINT32_MAX

struct string {
    uint32_t holds; /* 0 in a free cell */
    uint32_t bytes;
    char text[];
};

struct pool {
    struct cells cells;
    uint32_t *slots; /* ids; 0: empty. There always is an empty one. */
    size_t cap;
    size_t used;
    uint64_t seed;
};

struct pool *pool_new(void)
{
    struct pool *p = xcalloc(1, sizeof(*p));
    cells_init(&p->cells);
    p->seed = entropy_u64();
    p->cap = FIRST_SLOTS;
    p->slots = xcalloc(p->cap, sizeof(*p->slots));
    return p;
}

void pool_free(struct pool *p)
{
    if (p == NULL) {
        return;
    }
    cells_release(&p->cells);
    free(p->slots);
    free(p);
}

struct pool *pool_copy(const struct pool *p)
{
    struct pool *copy = xmalloc(sizeof(*copy));
    *copy = *p;
    cells_copy(&copy->cells, &p->cells);
    copy->slots = xmalloc(p->cap * sizeof(*p->slots));
    memcpy(copy->slots, p->slots, p->cap * sizeof(*p->slots));
    return copy;
}

/* An id that nobody holds is a fault of the caller: better to end than to show another string. */
static struct string *string_of(const struct pool *p, uint32_t id)
{
    struct string *s = cells_at(&p->cells, id);
    assert(s != NULL && s->holds != 0);
    return s;
}

static struct span text_of(const struct string *s)
{
    return (struct span){s->text, s->bytes};
}

/* ---- the index. Its size is no power of two, so that it may grow by half. */

uint64_t pool_hash(const struct pool *p, struct span s)
{
    return span_hash(s, p->seed);
}

/* Where the search for a text begins. */
static size_t home_of(const struct pool *p, struct span text)
{
    return (size_t)(((pool_hash(p, text) >> 32) * p->cap) >> 32);
}

static size_t after(const struct pool *p, size_t slot)
{
    return slot + 1 < p->cap ? slot + 1 : 0;
}

/* The slot of the text, or the empty one where it would go. */
static size_t slot_of(const struct pool *p, struct span text)
{
    size_t at = home_of(p, text);
    while (p->slots[at] != 0 && !span_eq(text_of(string_of(p, p->slots[at])), text)) {
        at = after(p, at);
    }
    return at;
}

static void resize(struct pool *p, size_t cap)
{
    uint32_t *old = p->slots;
    size_t old_cap = p->cap;
    p->cap = cap > FIRST_SLOTS ? cap : FIRST_SLOTS;
    p->slots = xcalloc(p->cap, sizeof(*p->slots));
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i] != 0) {
            p->slots[slot_of(p, text_of(string_of(p, old[i])))] = old[i];
        }
    }
    free(old);
}

/* How far behind `from` a slot lies, around the end. */
static size_t distance(const struct pool *p, size_t from, size_t to)
{
    return to >= from ? to - from : to + p->cap - from;
}

/* Moves later slots of the run back, so that no search ends at the hole too early. */
static void close_hole(struct pool *p, size_t hole)
{
    for (size_t at = after(p, hole); p->slots[at] != 0; at = after(p, at)) {
        size_t home = home_of(p, text_of(string_of(p, p->slots[at])));
        if (distance(p, home, at) >= distance(p, hole, at)) {
            p->slots[hole] = p->slots[at];
            hole = at;
        }
    }
    p->slots[hole] = 0;
}

/* ---- strings */

static uint32_t add(struct pool *p, struct span text)
{
    assert(text.n < UINT32_MAX - sizeof(struct string) - 1);
    uint32_t id = cells_take(&p->cells, sizeof(struct string) + text.n + 1);
    struct string *s = cells_at(&p->cells, id);
    *s = (struct string){.bytes = (uint32_t)text.n};
    memcpy(s->text, text.p, text.n);
    s->text[text.n] = '\0';
    return id;
}

static void count_hold(struct string *s)
{
    if (s->holds < HELD_FOR_EVER) {
        s->holds++;
    }
}

uint32_t pool_hold(struct pool *p, struct span s)
{
    if (s.n == 0) {
        return 0;
    }
    if (p->used + 1 > p->cap / 4 * 3) {
        resize(p, p->cap + p->cap / 2);
    }
    size_t at = slot_of(p, s);
    if (p->slots[at] == 0) {
        p->slots[at] = add(p, s);
        p->used++;
    }
    count_hold(cells_at(&p->cells, p->slots[at]));
    return p->slots[at];
}

void pool_keep(struct pool *p, uint32_t id)
{
    if (id != 0) {
        count_hold(string_of(p, id));
    }
}

void pool_drop(struct pool *p, uint32_t id)
{
    if (id == 0) {
        return;
    }
    struct string *s = string_of(p, id);
    if (s->holds == HELD_FOR_EVER || s->holds > 1) {
        s->holds -= s->holds != HELD_FOR_EVER;
        return;
    }
    close_hole(p, slot_of(p, text_of(s)));
    cells_give(&p->cells, id);
    p->used--;
    if (p->cap > FIRST_SLOTS && p->used < p->cap / 8) {
        resize(p, p->cap / 4);
    }
}

const char *pool_str(const struct pool *p, uint32_t id)
{
    return id == 0 ? "" : string_of(p, id)->text;
}

struct span pool_span(const struct pool *p, uint32_t id)
{
    return id == 0 ? SPAN("") : text_of(string_of(p, id));
}

uint32_t pool_find(const struct pool *p, struct span s)
{
    return s.n == 0 ? 0 : p->slots[slot_of(p, s)];
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
    return cells_bytes(&p->cells) + p->cap * sizeof(*p->slots) + sizeof(*p);
}
