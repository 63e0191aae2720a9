#include <string.h>

#include "model_priv.h"

/* Two rounds of multiply and fold a word. Not span_hash(): this one must be the same on every
 * machine, for digests in records and tests. */
static void mix(uint64_t *h, uint64_t word)
{
    *h = (*h ^ word) * 0x9e3779b97f4a7c15u;
    *h = (*h ^ *h >> 32) * 0xd6e8feb86659fd93u;
    *h ^= *h >> 29;
}

static uint64_t little_endian(const char *p, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)(unsigned char)p[i] << 8 * i;
    }
    return word;
}

static void mix_bytes(uint64_t *h, struct span s)
{
    mix(h, s.n);
    for (size_t at = 0; at < s.n; at += 8) {
        mix(h, little_endian(s.p + at, s.n - at < 8 ? s.n - at : 8));
    }
}

static void digest_begin(void *ctx, const char *what, uint64_t number)
{
    mix_bytes(ctx, span_str(what));
    mix(ctx, number);
}

static void digest_text(void *ctx, const char *name, struct span s)
{
    mix_bytes(ctx, span_str(name));
    mix_bytes(ctx, s);
}

static void digest_number(void *ctx, const char *name, int64_t n, const char *set)
{
    (void)set;
    mix_bytes(ctx, span_str(name));
    mix(ctx, (uint64_t)n);
}

static void digest_end(void *ctx)
{
    (void)ctx;
}

uint64_t fleet_digest(const struct fleet *f)
{
    uint64_t h = 0;
    fleet_walk(f, &(struct visitor){&h, digest_begin, digest_text, digest_number, digest_end});
    return h;
}
