/* span.h - a borrowed run of bytes: pointer and length, no terminator, never owned.
 *
 * A span lives as long as what it points into; the function that hands one out says how long that
 * is. {NULL, 0} is the empty span and is valid everywhere.
 */
#ifndef CHECKREIN_SPAN_H
#define CHECKREIN_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const char *p;
    size_t n;
};

#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1})
/* The same in a static table's initialiser. */
#define SPAN_INIT(literal)                                                                         \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define SPAN_NONE ((struct span){NULL, 0})
/* For printf's "%.*s"; cut at INT_MAX by the caller's caps. */
#define SPAN_ARG(s) (int)(s).n, (s).p ? (s).p : ""

struct span span_str(const char *s);                        /* NULL gives the empty span */
struct span span_sub(struct span s, size_t from, size_t n); /* clamped to s */
struct span span_trim(struct span s);                       /* without ASCII blanks at both ends */
bool span_eq(struct span a, struct span b);
bool span_is(struct span a, const char *s);
bool span_starts(struct span a, const char *prefix);
bool span_ends(struct span a, const char *suffix);
/* Order by unsigned bytes, then by length: <0, 0, >0. */
int span_cmp(struct span a, struct span b);
/* Index of the first `c`, or s.n. */
size_t span_find(struct span s, char c);
/* Takes the piece before the next `sep` off the front of *rest; false when *rest was {NULL, 0}. */
bool span_next(struct span *rest, char sep, struct span *piece);
/* Eight bytes a step by folded 64x64 -> 128 bit products. Whoever knows the seed can make keys
 * collide, so keys from outside need a secret one (map.h draws it). Differs between machines: never
 * stored. */
uint64_t span_hash(struct span s, uint64_t seed);
/* Copies into a fixed array, always terminated; false when it was cut. */
bool span_copy(struct span s, char *out, size_t out_bytes);

#endif
