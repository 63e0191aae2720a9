/* prng.h - numbers that look random and are the same in every run: a failure comes again. */
#ifndef CHECKREIN_TEST_PRNG_H
#define CHECKREIN_TEST_PRNG_H

#include <stdint.h>

struct prng {
    uint64_t state; /* any value */
};

/* A counter through a mixer (the steps are odd constants and shifts near a third of the word). */
static inline uint64_t prng_next(struct prng *r)
{
    r->state += 0x9E3779B97F4A7C15u;
    uint64_t x = r->state;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* In [0, n); n > 0. */
static inline uint64_t prng_below(struct prng *r, uint64_t n)
{
    return prng_next(r) % n;
}

#endif
