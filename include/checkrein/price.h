/* price.h - what tokens cost: a table of dated list prices, for runtimes that tell tokens only.
 * Pure.
 *
 * A price names a model by a pattern ('*' stands for any bytes), a first day (UTC) and USD per
 * million tokens. For a model at a time counts, of all that match and have begun by then: the one
 * with the most bytes that are not '*', a plain name before a pattern of the same length, then the
 * newest. What is not in the table is not known: there is no cost of zero for it.
 *
 * Money is exact: tokens times price is summed over all kinds without rounding, then rounded once,
 * half up, to one micro-USD.
 *
 *     struct price_usage u = {.tokens = {[PRICE_INPUT] = 1000, [PRICE_OUTPUT] = 50}};
 *     struct price_quote q;
 *     if (price_cost(table, SPAN("gemini-2.5-flash"), then_us, &u, &q) == ST_OK) // q.microusd
 */
#ifndef CHECKREIN_PRICE_H
#define CHECKREIN_PRICE_H

#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

#define PRICES_MAX          1024
#define PRICE_PATTERN_BYTES 128
#define PRICE_SOURCE_BYTES  256
#define PRICE_MAX_USD       1000000 /* per million tokens */

/* X(kind, key). `input` counts what was neither read from a cache nor written to one, `output` what
 * was not reasoning. Without a price of its own, reasoning costs what output costs. A service that
 * keeps a cache for an hour takes more for it: `cache_write_1h`, which no other price stands for.
 */
#define PRICE_KINDS(X)                                                                             \
    X(PRICE_INPUT, "input")                                                                        \
    X(PRICE_OUTPUT, "output")                                                                      \
    X(PRICE_CACHE_READ, "cache_read")                                                              \
    X(PRICE_CACHE_WRITE, "cache_write")                                                            \
    X(PRICE_CACHE_WRITE_1H, "cache_write_1h")                                                      \
    X(PRICE_REASONING, "reasoning")
enum price_kind {
#define X(kind, key) kind,
    PRICE_KINDS(X)
#undef X
        PRICE_KIND_COUNT
};

/* Tokens of one request, each counted under one kind only; never negative. */
struct price_usage {
    int64_t tokens[PRICE_KIND_COUNT];
};

struct price_quote {
    int64_t microusd;
    struct span source; /* of the price: where it was read; borrowed from the table */
};

struct price_pair {
    struct span key, value;
};

struct price_table;
struct price_table *price_table_new(void);
void price_table_free(struct price_table *t);
uint32_t price_count(const struct price_table *t);
/* Keys: `model` and `from` (YYYY-MM-DD) and `source`, which are needed, and at least one of
 * PRICE_KINDS. ST_INVALID or ST_LIMIT: `why` says which key; *bad (may be NULL) is its index in
 * pairs, or `count`. Nothing is added then. */
enum status price_add(struct price_table *t, const struct price_pair *pairs, uint32_t count,
                      uint32_t *bad, struct why *why) MUST_USE;
/* ST_NOTFOUND: the table has no price for this model then, or none for a kind of which there are
 * tokens. ST_LIMIT: more than an int64 holds. */
enum status price_cost(const struct price_table *t, struct span model, int64_t wall_us,
                       const struct price_usage *u, struct price_quote *out) MUST_USE;

#endif
