/* tls.h - the client's side of TLS 1.2 and later over a socket of the caller's that never blocks.
 *
 * The peer's certificate is always checked: up to an authority that is trusted, and for the name
 * (or address) that was asked for, which must be a subject alternative name of it (RFC 6125, no
 * common name, no partial wildcard). There is no switch that leaves this out, and no renegotiation.
 *
 * Files are read when the identity is made, and again by tls_identity_refresh() when one of them
 * has changed.
 *
 * Thread: the loop's.
 */
#ifndef CHECKREIN_TLS_H
#define CHECKREIN_TLS_H

#include <stdbool.h>
#include <sys/types.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

/* Whom we trust and who we are. Texts are copied. */
struct tls_identity;
struct tls_files {
    const char *authorities; /* PEM; NULL or "": those of the system */
    const char *certificate; /* PEM, with its chain; NULL or "": we show none */
    const char *key;         /* PEM, of mode 0600 and without a password; with `certificate` only */
};
/* The names of these three in a configuration: what is said of a file begins with its name. */
struct tls_names {
    const char *authorities, *certificate, *key;
};
/* ST_INVALID, ST_NOTFOUND, ST_DENIED, ST_IO: `why` names the option and the file. */
enum status tls_identity_new(struct tls_identity **out, const struct tls_files *files,
                             const struct tls_names *names, struct why *why) MUST_USE;
void tls_identity_free(struct tls_identity *i); /* NULL is fine */
/* Before a connection. What was read last stays when it fails. */
enum status tls_identity_refresh(struct tls_identity *i, struct why *why) MUST_USE;

enum tls_state {
    TLS_READY,  /* done, and there may be more at once */
    TLS_READS,  /* goes on when the socket can be read */
    TLS_WRITES, /* goes on when the socket can be written */
    TLS_ENDED,  /* the peer ended it; by reading only */
    TLS_FAILED, /* tls_fault() says why */
};
struct tls;
/* The socket stays the caller's, who closes it after tls_free(). `host`: a name, or an address in
 * numbers. ST_INVALID: it is neither. */
enum status tls_new(struct tls **out, const struct tls_identity *i, int fd, const char *host,
                    struct why *why) MUST_USE;
/* Says goodbye if the socket takes it. NULL is fine. */
void tls_free(struct tls *t);
/* TLS_READY: the peer has shown who it is. */
enum tls_state tls_shake_hands(struct tls *t) MUST_USE;
/* In TLS 1.3 that is so before the peer has looked at us: true once it has (it gave a ticket), or
 * when the version has it in order. */
bool tls_is_accepted(const struct tls *t);
/* *sent: how many of these bytes are in the socket. TLS_READS and TLS_WRITES: none; the next call
 * has to begin with the same bytes, and with as many at least. */
enum tls_state tls_send(struct tls *t, struct span bytes, size_t *sent) MUST_USE;
/* Takes one record of what the peer sends, if it has come, and throws it away. */
enum tls_state tls_drain(struct tls *t) MUST_USE;
const char *tls_fault(const struct tls *t); /* lives as long as t */

#endif
