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
    enum status (*give)(struct run_plan *p, const struct lease_client *c,
                        const struct lease_given *g, struct why *why);
    /* What would lead past the address all the same, and cannot be put right: said before anything
     * is started. NULL: nothing is known. */
    enum status (*fit)(const struct run_plan *p, const struct lease_client *c, struct why *why);
    /* Settings of the client that would count for more than the environment. NULL: none do. */
    enum status (*settle)(const struct run_plan *p, struct buf *settings, struct why *why);
    /* Taken out, NULL-ended: real keys, and what would lead past the address. */
    const char *const *taken;
};

/* The next row of this plan's program behind `after`, the first for NULL; NULL: there is no more.
 */
const struct lease_client *lease_client_next(const struct run_plan *p,
                                             const struct lease_client *after);

/* ---- lease_settle.c */
enum status lease_settle_claude(const struct run_plan *p, struct buf *settings,
                                struct why *why) MUST_USE;
enum status lease_settle_gemini(const struct run_plan *p, struct buf *settings,
                                struct why *why) MUST_USE;
/* As splice_member(), in place; the value is a text. */
enum status json_set(struct buf *json, const char *path, struct span value,
                     struct why *why) MUST_USE;
enum status json_set_raw(struct buf *json, const char *path, struct span value,
                         struct why *why) MUST_USE;

/* ---- lease_past.c */
enum status lease_fit_claude(const struct run_plan *p, const struct lease_client *c,
                             struct why *why) MUST_USE;
enum status lease_fit_codex(const struct run_plan *p, const struct lease_client *c,
                            struct why *why) MUST_USE;
enum status lease_fit_gemini(const struct run_plan *p, const struct lease_client *c,
                             struct why *why) MUST_USE;
enum status lease_fit_opencode(const struct run_plan *p, const struct lease_client *c,
                               struct why *why) MUST_USE;

#endif
