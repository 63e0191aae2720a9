/* outlet_priv.h - the way to a collector on this machine: a socket that never blocks.
 *
 * udp://127.0.0.1:514, tcp://127.0.0.1:601, tcp://[::1]:601, unix:/dev/log. In clear to this
 * machine only; what goes further is for a relay here, which has the certificates.
 */
#ifndef CHECKREIN_FORWARD_OUTLET_PRIV_H
#define CHECKREIN_FORWARD_OUTLET_PRIV_H

#include <sys/socket.h>

#include "checkrein/buf.h"
#include "checkrein/loop.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

struct outlet_address {
    struct sockaddr_storage to;
    socklen_t bytes;
    int type; /* SOCK_DGRAM or SOCK_STREAM; of a Unix socket the one tried first */
};
enum status outlet_parse(const char *text, struct outlet_address *a, struct why *why) MUST_USE;

struct outlet;

enum outlet_news { OUTLET_NEWS_OPEN, OUTLET_NEWS_WRITABLE, OUTLET_NEWS_GONE };
typedef void outlet_fn(void *ctx, enum outlet_news news, int err);

struct outlet *outlet_new(struct loop *l, const struct outlet_address *a, outlet_fn *fn, void *ctx);
void outlet_free(struct outlet *k); /* NULL is fine */
/* Begins to connect. News come later, none from inside. */
void outlet_connect(struct outlet *k);
bool outlet_is_open(const struct outlet *k);
bool outlet_is_stream(const struct outlet *k);
/* How many bytes went; -1: none now, OUTLET_NEWS_WRITABLE comes; -2: it is gone, and news of that
 * come. A datagram goes as a whole. */
ssize_t outlet_send(struct outlet *k, struct span bytes);
/* Bytes that the peer's kernel has not acknowledged. */
size_t outlet_unacknowledged(const struct outlet *k);

#endif
