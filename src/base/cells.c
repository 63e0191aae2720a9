#include "cells_priv.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

#define UNIT_BITS                                                                                  \
    10 /* of a cell's number: where it begins in its page; the others are the page                 \
        */
#define UNIT_MASK  ((1u << UNIT_BITS) - 1)
#define PAGE_UNITS ((1u << UNIT_BITS) - 2) /* less two: with what malloc() adds it is 4 KiB */
#define PAGE_BYTES ((size_t)PAGE_UNITS * CELL_UNIT)
#define LEAST      2 /* units of the smallest cell */
#define NO_UNIT    PAGE_UNITS
#define LARGE      0 /* size in units of a page that is one large thing */

struct cell_page {
    char *memory;        /* NULL: the entry is unused, and `next` is the next such */
    uint32_t next, prev; /* pages of this size that have room; 0 at the ends */
    uint16_t units;      /* size of its cells */
    uint16_t used;       /* cells */
    uint16_t returned;   /* first cell that was given back, NO_UNIT: none */
    uint16_t fresh;      /* from here on nothing was ever given out */
    size_t bytes;        /* of `memory` */
};

struct free_cell {
    uint32_t zero;
    uint32_t next;
};

_Static_assert(sizeof(struct free_cell) == (size_t)LEAST * CELL_UNIT, "the smallest cell holds it");

void cells_init(struct cells *c)
{
    *c = (struct cells){.page_count = 1};
    GROW(c->pages, c->pages_cap, 1);
    c->pages[0] = (struct cell_page){0};
}

void cells_release(struct cells *c)
{
    for (uint32_t i = 1; i < c->page_count; i++) {
        free(c->pages[i].memory);
    }
    free(c->pages);
    *c = (struct cells){0};
}

void cells_copy(struct cells *to, const struct cells *from)
{
    *to = *from;
    to->pages = NULL;
    to->pages_cap = 0;
    GROW(to->pages, to->pages_cap, from->page_count);
    for (uint32_t i = 0; i < from->page_count; i++) {
        to->pages[i] = from->pages[i];
        if (from->pages[i].memory != NULL) {
            to->pages[i].memory = xmalloc(from->pages[i].bytes);
            memcpy(to->pages[i].memory, from->pages[i].memory, from->pages[i].bytes);
        }
    }
}

static bool has_room(const struct cell_page *p)
{
    return p->returned != NO_UNIT || p->fresh + p->units <= PAGE_UNITS;
}

/* ---- the pages of a size that have room */

static void room_join(struct cells *c, uint32_t at)
{
    struct cell_page *p = &c->pages[at];
    uint32_t *first = &c->with_room[p->units];
    p->prev = 0;
    p->next = *first;
    if (*first != 0) {
        c->pages[*first].prev = at;
    }
    *first = at;
}

static void room_leave(struct cells *c, uint32_t at)
{
    const struct cell_page *p = &c->pages[at];
    if (p->prev != 0) {
        c->pages[p->prev].next = p->next;
    } else {
        c->with_room[p->units] = p->next;
    }
    if (p->next != 0) {
        c->pages[p->next].prev = p->prev;
    }
}

/* ---- pages */

static uint32_t page_new(struct cells *c, uint16_t units, size_t bytes)
{
    uint32_t at = c->page_free;
    if (at != 0) {
        c->page_free = c->pages[at].next;
    } else {
        assert(c->page_count < UINT32_MAX >> UNIT_BITS);
        GROW(c->pages, c->pages_cap, (size_t)c->page_count + 1);
        at = c->page_count++;
    }
    c->pages[at] = (struct cell_page){
        .memory = xmalloc(bytes), .units = units, .returned = NO_UNIT, .bytes = bytes};
    c->bytes += bytes;
    return at;
}

static void page_free(struct cells *c, uint32_t at)
{
    struct cell_page *p = &c->pages[at];
    c->bytes -= p->bytes;
    free(p->memory);
    *p = (struct cell_page){.next = c->page_free};
    c->page_free = at;
}

/* ---- cells */

static struct free_cell *free_cell(const struct cell_page *p, uint16_t unit)
{
    return (struct free_cell *)(void *)(p->memory + (size_t)unit * CELL_UNIT);
}

static uint16_t pop(struct cell_page *p)
{
    uint16_t unit = p->returned;
    if (unit != NO_UNIT) {
        p->returned = (uint16_t)free_cell(p, unit)->next;
    } else {
        unit = p->fresh;
        p->fresh = (uint16_t)(p->fresh + p->units);
    }
    p->used++;
    return unit;
}

uint32_t cells_take(struct cells *c, size_t bytes)
{
    if (bytes > CELL_BYTES_MAX) {
        return page_new(c, LARGE, bytes) << UNIT_BITS;
    }
    uint16_t units = (uint16_t)((bytes + CELL_UNIT - 1) / CELL_UNIT);
    units = units > LEAST ? units : LEAST;
    uint32_t at = c->with_room[units];
    if (at == 0) {
        at = page_new(c, units, PAGE_BYTES);
        room_join(c, at);
    }
    uint16_t unit = pop(&c->pages[at]);
    if (!has_room(&c->pages[at])) {
        room_leave(c, at);
    }
    return at << UNIT_BITS | unit;
}

void cells_give(struct cells *c, uint32_t number)
{
    uint32_t at = number >> UNIT_BITS;
    struct cell_page *p = &c->pages[at];
    assert(at < c->page_count && p->memory != NULL);
    if (p->units == LARGE) {
        page_free(c, at);
        return;
    }
    if (!has_room(p)) {
        room_join(c, at);
    }
    uint16_t unit = number & UNIT_MASK;
    *free_cell(p, unit) = (struct free_cell){.next = p->returned};
    p->returned = unit;
    p->used--;
    bool others_have_room = p->next != 0 || p->prev != 0;
    if (p->used == 0 && others_have_room) {
        room_leave(c, at);
        page_free(c, at);
    }
}

static bool begins_a_cell(const struct cell_page *p, uint32_t unit)
{
    if (p->memory == NULL || p->units == LARGE) {
        return p->memory != NULL && unit == 0;
    }
    return unit < p->fresh && unit % p->units == 0;
}

void *cells_at(const struct cells *c, uint32_t number)
{
    uint32_t at = number >> UNIT_BITS;
    uint32_t unit = number & UNIT_MASK;
    if (at >= c->page_count || !begins_a_cell(&c->pages[at], unit)) {
        return NULL;
    }
    return c->pages[at].memory + (size_t)unit * CELL_UNIT;
}

size_t cells_bytes(const struct cells *c)
{
    return c->bytes + c->pages_cap * sizeof(*c->pages);
}
