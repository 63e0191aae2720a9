#include <string.h>

#include "model_priv.h"

#define TEXT_BYTES_FULL 64
#define UTF8_TAIL_MAX   3

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0u) == 0x80u;
}

struct span string_cut(struct span s, size_t cap_bytes)
{
    if (s.n <= cap_bytes) {
        return s;
    }
    size_t n = cap_bytes;
    for (int back = 0; back < UTF8_TAIL_MAX && n > 0 && is_tail(s.p[n]); back++) {
        n--;
    }
    return span_sub(s, 0, is_tail(s.p[n]) ? cap_bytes : n);
}

static struct span capped(const struct fleet *f, struct span s)
{
    if (s.n <= TEXT_BYTES_FULL) {
        return s;
    }
    return string_cut(s,
                      pool_bytes(f->pool) > POOL_BYTES_FULL ? TEXT_BYTES_FULL : FLEET_TEXT_BYTES);
}

sid string_hold(struct fleet *f, struct span s)
{
    return pool_hold(f->pool, capped(f, s));
}

void string_set(struct fleet *f, sid *slot, struct span s)
{
    pool_set(f->pool, slot, capped(f, s));
}

void string_drop(struct fleet *f, sid *slot)
{
    pool_drop(f->pool, *slot);
    *slot = 0;
}

void id_set(struct fleet *f, sid *slot, struct span id)
{
    pool_set(f->pool, slot, string_cut(id, FLEET_ID_BYTES));
}

sid id_find(const struct fleet *f, struct span id)
{
    return pool_find(f->pool, string_cut(id, FLEET_ID_BYTES));
}

void string_drop_all(struct fleet *f, void *item, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        string_drop(f, (sid *)(void *)((char *)item + offsets[i]));
    }
}

int64_t add_saturating(int64_t a, int64_t b)
{
    int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) {
        return sum;
    }
    return a < 0 ? INT64_MIN : INT64_MAX;
}

int64_t later_us(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

uint32_t event_choice(const struct event *ev, enum event_field field, uint32_t count)
{
    int64_t n = event_number(ev, field);
    return n > 0 && n < count ? (uint32_t)n : 0;
}

const char *fleet_str(const struct fleet *f, sid id)
{
    return pool_str(f->pool, id);
}

struct span fleet_span(const struct fleet *f, sid id)
{
    return pool_span(f->pool, id);
}
