/* lease.h - leases: what an agent holds in place of a real key, and whether a request under one may
 * go on.
 *
 * A lease is a random token that is shown once; here is its SHA-256 only. It is bound to an agent
 * and an upstream, and may be narrowed by scopes: words "what=value,value" with a blank between:
 *
 *     methods=GET,POST    paths=/v1/messages*,/v1/models    models=claude-*    rate=60
 *
 * where `*` stands for any bytes, `rate` is requests a minute, and what is not said is not
 * narrowed. A lease with a parent goes no further than that: held, choked or revoked with it, in
 * its scopes too.
 *
 * Pure: time and random bytes are given. Pointers to leases live until leases_forget().
 */
#ifndef CHECKREIN_LEASE_H
#define CHECKREIN_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/crypto.h"
#include "checkrein/span.h"
#include "checkrein/status.h"
#include "checkrein/ulid.h"

#define LEASE_TOKEN_MARK   "crl_"
#define LEASE_RANDOM_BYTES 32
#define LEASE_TOKEN_BYTES  (sizeof(LEASE_TOKEN_MARK) + 2 * (size_t)LEASE_RANDOM_BYTES)
#define LEASE_SCOPES_BYTES 1024
#define LEASE_DEPTH        8     /* of parents */
#define LEASE_CHILDREN     64    /* of one parent, living */
#define LEASES_MAX         65536 /* over all states */

/* From lax to strict. */
#define LEASE_STATES(X)                                                                            \
    X(LEASE_ACTIVE, "active")                                                                      \
    X(LEASE_HELD, "held")                                                                          \
    X(LEASE_CHOKED, "choked")                                                                      \
    X(LEASE_REVOKED, "revoked")
enum lease_state {
#define X(constant, name) constant,
    LEASE_STATES(X)
#undef X
        LEASE_STATE_COUNT
};
const char *lease_state_name(enum lease_state s);
enum lease_state lease_state_find(struct span name); /* LEASE_REVOKED when unknown */

struct lease_terms { /* what it is issued for; spans borrowed */
    struct span agent, parent, upstream, scopes;
    int64_t issued_us, expires_us; /* wall */
};

struct lease { /* to be read; changed by the functions below */
    char id[ULID_BYTES];
    uint8_t digest[SHA256_BYTES]; /* of the token */
    char parent[ULID_BYTES];      /* empty: none */
    char *agent, *upstream, *scopes;
    int64_t issued_us, expires_us;
    enum lease_state state;
    int64_t changed_us;
    char *reason, *by;    /* of that state; "" when active from the start */
    int64_t used_us;      /* last; 0: never */
    uint64_t uses;        /* requests that were let go on */
    int64_t told_us;      /* the owner's own: when its use was last told, */
    int64_t told_wait_us; /* and that one had to wait, */
    uint64_t told;        /* and how many uses that was */
    size_t waiting;       /* the owner's own: requests that waited when it last counted */
    size_t body_bytes;    /* the owner's own: of bodies that are kept under it */
    bool untold;          /* the owner's own: its state is not in the record yet */
    int64_t paid_us;      /* rate: time up to which requests are paid for */
    struct lease *younger, *youngest; /* of the same agent; the latter in its oldest one only */
};

struct leases;
struct leases *leases_new(void);
void leases_free(struct leases *all); /* NULL is fine */

/* Wipe `out` when it was shown. */
void lease_token(const uint8_t random[LEASE_RANDOM_BYTES], char out[LEASE_TOKEN_BYTES]);

/* ST_INVALID: an upstream or scopes that are none; ST_NOTFOUND: no such parent, or of another
 * upstream; ST_DENIED: the parent is revoked or ends before; ST_LIMIT: too many, in all or of that
 * parent, or parents too deep.
 */
enum status lease_check_terms(const struct leases *all, const struct lease_terms *t,
                              struct why *why) MUST_USE;
/* Its id and its digest are the caller's. Of an id that is known the terms are replaced. NULL:
 * there are too many. Nothing is checked: the record has what was once issued. */
struct lease *lease_add(struct leases *all, const struct lease_terms *t, struct span id,
                        const uint8_t digest[SHA256_BYTES]);

size_t leases_count(const struct leases *all);
struct lease *lease_at(const struct leases *all, size_t i);
struct lease *lease_by_id(const struct leases *all, struct span id); /* NULL: none */
/* Those of one agent, oldest first: `younger` is the next. NULL: none. */
struct lease *lease_of_agent(const struct leases *all, struct span agent);
/* All are compared, each in constant time. NULL: none. */
struct lease *lease_by_token(const struct leases *all, struct span token);
bool lease_has_expired(const struct lease *l, int64_t now_us);
/* The strictest of its own and its parents'. */
enum lease_state lease_in_force(const struct leases *all, const struct lease *l);

/* False: nothing changes, because what is revoked stays revoked. */
bool lease_set(struct lease *l, enum lease_state state, struct span reason, struct span by,
               int64_t now_us);
/* Forgets what was revoked or has expired before then. */
void leases_forget(struct leases *all, int64_t before_us);

struct lease_request { /* spans borrowed */
    struct span method, path;
    struct span model; /* empty: not known, which `models` lets pass for GET and HEAD */
    int64_t now_us;    /* wall */
};
enum lease_ruling { LEASE_LET, LEASE_HOLD, LEASE_REFUSE };
struct lease_verdict {
    enum lease_ruling ruling;
    int http_status; /* of a refusal: 401, 403, 429 */
    int64_t retry_s; /* of a 429 */
    char why[256];   /* of a hold or a refusal */
};
/* A request that is let is counted and paid for. */
struct lease_verdict lease_judge(const struct leases *all, struct lease *l,
                                 const struct lease_request *r);
/* Whether these scopes narrow it: "models" and its like. */
bool lease_scopes_narrow(struct span scopes, const char *what);
/* Whether a request under it must say its model, so that the body has to be read first. */
bool lease_needs_model(const struct leases *all, const struct lease *l);

#endif
