/* outlet_priv.h - the way to a collector: a socket that never blocks.
 *
 * tls://HOST:6514 anywhere (RFC 5425). In clear to this machine only: udp://127.0.0.1:514,
 * tcp://127.0.0.1:601, tcp://[::1]:601, unix:/dev/log.
 */
#ifndef CHECKREIN_FORWARD_OUTLET_PRIV_H
#define CHECKREIN_FORWARD_OUTLET_PRIV_H

#include <sys/socket.h>

#include "checkrein/buf.h"
#include "checkrein/loop.h"
#include "checkrein/span.h"
#include "checkrein/status.h"
#include "checkrein/tls.h"

#define OUTLET_HOST_BYTES 256

struct outlet_address {
    struct sockaddr_storage to; /* of a host that is a name: none, it is looked up each time */
    socklen_t bytes;
    int type; /* SOCK_DGRAM or SOCK_STREAM; of a Unix socket the one tried first */
    bool is_secure;
    char host[OUTLET_HOST_BYTES]; /* that the certificate must be for */
    uint16_t port;
};
enum status outlet_parse(const char *text, struct outlet_address *a, struct why *why) MUST_USE;

struct outlet;

enum outlet_news { OUTLET_NEWS_OPEN, OUTLET_NEWS_WRITABLE, OUTLET_NEWS_GONE };
/* `why` it is gone, in words; else NULL. */
typedef void outlet_fn(void *ctx, enum outlet_news news, const char *why);

/* `identity` is borrowed; NULL for an address that is not secure. */
struct outlet *outlet_new(struct loop *l, const struct outlet_address *a,
                          struct tls_identity *identity, outlet_fn *fn, void *ctx);
void outlet_free(struct outlet *k); /* NULL is fine */
/* Begins to connect, for ten seconds at most. News come later, none from inside. */
void outlet_connect(struct outlet *k);
bool outlet_is_open(const struct outlet *k);
bool outlet_is_stream(const struct outlet *k);
/* How many bytes went; -1: none now, OUTLET_NEWS_WRITABLE comes; -2: it is gone, and news of that
 * come. A datagram goes as a whole. After -1 the next call begins with the same bytes. */
ssize_t outlet_send(struct outlet *k, struct span bytes);
/* Bytes that the peer's kernel has not acknowledged. */
size_t outlet_unacknowledged(const struct outlet *k);
/* Grows with what the peer's kernel (of a Unix stream: the peer) has taken, in units of its own. */
int64_t outlet_taken(const struct outlet *k);

#endif
