/* lease_priv.h - a row for each client that can be given a lease, and each dialect that it speaks.
 */
#ifndef LEASE_PRIV_H
#define LEASE_PRIV_H

#include "run_priv.h"

struct lease_given { /* spans borrowed from the daemon's answer */
    struct span token, url, base, upstream;
};

struct lease_client {
    const char *program, *dialect;
    const char *service; /* what the client calls whose it is */
    const char *version; /* what it wants behind the address */
    void (*give)(struct run_plan *p, const struct lease_client *c, const struct lease_given *g);
    /* Taken out, NULL-ended: real keys, and what would lead past the address. */
    const char *const *taken;
};

/* The next row of this plan's program behind `after`, the first for NULL; NULL: there is no more.
 */
const struct lease_client *lease_client_next(const struct run_plan *p,
                                             const struct lease_client *after);

#endif
