#include <stdlib.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "loop_priv.h"

static struct timer_slot *at(struct loop *l, size_t place)
{
    return &l->timers.slots[l->timers.heap[place]];
}

static bool earlier(const struct timer_slot *a, const struct timer_slot *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void swap(struct loop *l, size_t a, size_t b)
{
    uint32_t *heap = l->timers.heap;
    uint32_t slot = heap[a];
    heap[a] = heap[b];
    heap[b] = slot;
    at(l, a)->heap_at = (uint32_t)a + 1;
    at(l, b)->heap_at = (uint32_t)b + 1;
}

static void sift_up(struct loop *l, size_t place)
{
    while (place > 0 && earlier(at(l, place), at(l, (place - 1) / 2))) {
        swap(l, place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
}

static void sift_down(struct loop *l, size_t place)
{
    for (;;) {
        size_t least = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2; child++) {
            if (child < l->timers.heap_len && earlier(at(l, child), at(l, least))) {
                least = child;
            }
        }
        if (least == place) {
            return;
        }
        swap(l, place, least);
        place = least;
    }
}

static void take_from_heap(struct loop *l, size_t place)
{
    struct timer_heap *t = &l->timers;
    uint32_t slot = t->heap[place];
    size_t last = t->heap_len - 1;
    if (place != last) {
        swap(l, place, last);
    }
    t->heap_len = last;
    if (place < last) {
        sift_up(l, place);
        sift_down(l, place);
    }
    t->slots[slot].heap_at = 0;
    t->slots[slot].next_free = t->free_head;
    t->free_head = slot + 1;
}

static uint32_t take_slot(struct loop *l)
{
    struct timer_heap *t = &l->timers;
    if (t->free_head != 0) {
        uint32_t slot = t->free_head - 1;
        t->free_head = t->slots[slot].next_free;
        return slot;
    }
    GROW(t->slots, t->cap, t->count + 1);
    t->slots[t->count] = (struct timer_slot){0};
    return (uint32_t)t->count++;
}

/* Never early: the delay counts from now, not from the start of the turn. */
static int64_t due_after(int64_t delay_ms)
{
    int64_t now = clock_mono_us();
    int64_t delay_us = 0;
    int64_t due = 0;
    if (delay_ms < 0) {
        delay_ms = 0;
    }
    if (__builtin_mul_overflow(delay_ms, 1000, &delay_us) ||
        __builtin_add_overflow(now, delay_us, &due)) {
        return INT64_MAX - 1;
    }
    return due;
}

loop_id loop_timer(struct loop *l, int64_t delay_ms, loop_timer_fn *fn, void *ctx)
{
    struct timer_heap *t = &l->timers;
    uint32_t slot = take_slot(l);
    struct timer_slot *s = &t->slots[slot];
    s->generation++;
    s->due_us = due_after(delay_ms);
    s->order = t->order++;
    s->fn = fn;
    s->ctx = ctx;
    GROW(t->heap, t->heap_cap, t->heap_len + 1);
    t->heap[t->heap_len] = slot;
    s->heap_at = (uint32_t)t->heap_len + 1;
    t->heap_len++;
    sift_up(l, t->heap_len - 1);
    return ((uint64_t)s->generation << 32) | LOOP_KIND_TIMER | (slot + 1);
}

void timers_remove(struct loop *l, loop_id id)
{
    uint64_t slot = (id & LOOP_SLOT_MASK) - 1;
    if (slot >= l->timers.count) {
        return;
    }
    struct timer_slot *s = &l->timers.slots[slot];
    if (s->heap_at != 0 && s->generation == (uint32_t)(id >> 32)) {
        take_from_heap(l, s->heap_at - 1);
    }
}

int64_t timers_next_us(const struct loop *l)
{
    const struct timer_heap *t = &l->timers;
    return t->heap_len == 0 ? INT64_MAX : t->slots[t->heap[0]].due_us;
}

/* Timers armed by these callbacks wait for the next turn, whatever their delay: a zero-delay timer
 * that arms itself again cannot starve the rest. */
void timers_dispatch(struct loop *l)
{
    uint64_t before = l->timers.order;
    while (l->timers.heap_len > 0) {
        struct timer_slot *s = at(l, 0);
        if (s->due_us > l->now_us || s->order >= before) {
            return;
        }
        loop_timer_fn *fn = s->fn;
        void *ctx = s->ctx;
        take_from_heap(l, 0);
        fn(ctx);
    }
}

void timers_release(struct loop *l)
{
    free(l->timers.slots);
    free(l->timers.heap);
}
