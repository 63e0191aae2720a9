/* issuer.h - credentials that were issued elsewhere: looked up, revoked, and shown to be dead, at
 * the server that issued them (docs/issuers.md).
 *
 * What there is stands in a file of [issuer NAME] and [credential NAME] sections. Issuers are of a
 * kind, which is one row: what it offers of each rung of the ladder, and how a rung is confirmed.
 * OAuth 2.0 is there: metadata (RFC 8414, OpenID Connect Discovery), revocation (RFC 7009) and
 * introspection (RFC 7662).
 *
 *     disable the identity -> revoke the tokens -> stop the agent -> verify
 *
 * An answer of an issuer is never taken for more than it says. That a revocation was accepted
 * proves nothing (RFC 7009, section 2.2), and that a token is not active proves something only of
 * one that the same client was shown active before (RFC 7662, section 2.2).
 *
 * Secrets are read when they are needed, told to `secret` before they are used, and wiped after.
 * Everything else that comes out of here has been said by a server: it is sanitised where it is
 * shown.
 *
 * Thread: the loop's. No callback comes from inside a call of ours.
 */
#ifndef CHECKREIN_ISSUER_H
#define CHECKREIN_ISSUER_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/loop.h"
#include "checkrein/net.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

#define ISSUER_CREDENTIALS_MAX 256

struct issuers;

/* What became of a revocation. */
enum revoked { REVOKED_CONFIRMED, REVOKED_FAILED, REVOKED_UNVERIFIABLE };
struct revoked_told {
    uint32_t credential; /* index */
    enum revoked state;
    const char *words; /* what was asked and seen; one line, borrowed */
    const char *probe; /* of REVOKED_CONFIRMED: what proves it; borrowed */
};

struct issuers_events {
    /* These bytes are a secret from now on: called before they are used for the first time. */
    void (*secret)(void *ctx, struct span bytes);
    /* The text without secrets, until its next call: what a server says is cut after this, since a
     * half of a secret is not found any more. */
    struct span (*told)(void *ctx, struct span text);
    /* What is known of a credential has changed. */
    void (*changed)(void *ctx, uint32_t credential);
    /* The set is not to be freed inside of it. */
    void (*revoked)(void *ctx, const struct revoked_told *told);
};

/* A missing file is an empty set. ST_INVALID names the file, the line and the key. Nothing is asked
 * of anybody before issuers_look(). */
enum status issuers_load(struct issuers **out, struct loop *l, struct net *n, const char *path,
                         const struct issuers_events *ev, void *ctx, struct why *why) MUST_USE;
/* The file alone: how many credentials stand in it. */
enum status issuers_check(const char *path, uint32_t *credentials, struct why *why) MUST_USE;
void issuers_free(struct issuers *all); /* what is under way is not told of any more */

/* A credential as it is shown, in spans that live until `changed` comes for it. */
struct credential_row {
    struct span id, kind, issuer, scopes, expires, revocable;
    bool in_force; /* seen active by now, or another one than the one that was shown to be dead */
};
uint32_t issuers_count(const struct issuers *all);
struct credential_row issuers_row(const struct issuers *all, uint32_t credential);
/* Whether this agent holds it, by the patterns of its section: on the id, or on the name. */
bool issuers_holds(const struct issuers *all, uint32_t credential, struct span agent_id,
                   struct span agent_name);

/* Asks the issuers what they say of each; `changed` follows for what is news. Looks again by itself
 * now and then. */
void issuers_look(struct issuers *all);
/* Begins in the next turn, so that what was recorded in this one is durable first; `revoked`
 * follows, always. False: it is being revoked already. */
bool issuers_revoke(struct issuers *all, uint32_t credential) MUST_USE;
uint32_t issuers_revoking(const struct issuers *all); /* how many are under way */

#endif
