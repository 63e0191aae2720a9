/* pool.h - counted strings: equal strings are stored once and named by a 32-bit id.
 *
 * Id 0 is the empty string and is never counted. pool_hold() and pool_drop() keep the count; the
 * last drop frees the string and its id may be given out again. A string costs its bytes, nine for
 * itself, rounded up to four together, and about seven in the index. Memory is bounded by what was
 * alive at once. An id that nobody holds is a fault of the caller and ends the program.
 */
#ifndef CHECKREIN_POOL_H
#define CHECKREIN_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "checkrein/span.h"

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *p);
struct pool *pool_copy(const struct pool *p); /* the same strings, ids and counts */
/* The id of these bytes, held once more; the caller drops it. */
uint32_t pool_hold(struct pool *p, struct span s);
void pool_keep(struct pool *p, uint32_t id); /* held once more */
void pool_drop(struct pool *p, uint32_t id);
/* Terminated; valid until the id is dropped for the last time. */
const char *pool_str(const struct pool *p, uint32_t id);
struct span pool_span(const struct pool *p, uint32_t id);
/* The id when the string is known, else 0; holds nothing. */
uint32_t pool_find(const struct pool *p, struct span s);
/* *slot = id of s; drops what was there. */
void pool_set(struct pool *p, uint32_t *slot, struct span s);
/* Of any bytes, with the pool's secret seed: for tables beside it. */
uint64_t pool_hash(const struct pool *p, struct span s);
/* What the pool occupies: the strings with their NULs, and its tables. */
size_t pool_bytes(const struct pool *p);

#endif
