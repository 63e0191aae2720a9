/* resolver.h - names to addresses on a thread of its own, because getaddrinfo() blocks.
 *
 * The answer comes on the loop's thread. A resolver that is freed leaves a look-up that hangs to
 * the thread, which throws it away when it returns.
 */
#ifndef CHECKREIN_RESOLVER_H
#define CHECKREIN_RESOLVER_H

#include "checkrein/worker.h"

enum { RESOLVER_ADDRESSES = 4, ADDRESS_BYTES = 48, RESOLVER_WAITING_MAX = 64, NAME_BYTES = 256 };

struct addresses {
    char text[RESOLVER_ADDRESSES][ADDRESS_BYTES]; /* numbers, as getnameinfo() writes them */
    size_t count;                                 /* 0: `why` says */
    const char *why;                              /* static */
};

struct resolver;

typedef void resolved_fn(void *ctx, uint64_t ticket, const struct addresses *found);

struct resolver *resolver_new(struct loop *l, resolved_fn *fn,
                              void *ctx); /* NULL: no thread to be had */
void resolver_free(struct resolver *r);
/* ST_LIMIT when too many wait. The ticket comes back with the answer. */
enum status resolver_ask(struct resolver *r, const char *name, uint64_t ticket) MUST_USE;

#endif
