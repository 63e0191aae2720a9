/* peer.h - the other end of a WebSocket for benches: a back-end that sends frames made beforehand.
 *
 * Blocking system calls on plain sockets: what is measured is the client. The frames themselves are
 * made and read with the project's own code.
 */
#ifndef CHECKREIN_BENCH_PEER_H
#define CHECKREIN_BENCH_PEER_H

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "ws_frame_priv.h"

struct peer {
    int fd;
    struct ws_reader reader;
    char bytes[4096]; /* received and not yet read */
    struct span unread;
};

/* Loopback; the system chooses the port. */
int peer_listen(int *port);
/* Waits for a client and upgrades it, to this subprotocol; NULL: to none. False: it was no client,
 * and is gone. */
bool peer_meet(struct peer *p, int listener, const char *subprotocol);
/* The same as checkrein.v1, whose hello is heard and answered. */
bool peer_accept(struct peer *p, int listener);
/* False: it went away. */
bool peer_send(struct peer *p, struct span bytes);
/* Text that came without waiting; SPAN_NONE when none is whole. Live until the next call. */
struct span peer_heard(struct peer *p);
void peer_close(struct peer *p);

/* Frames of a file that bench_events wrote, as they go over the wire. */
struct frames {
    struct buf wire;
    size_t *ends; /* of each frame in `wire` */
    size_t count, cap;
    size_t state; /* how many come before the news: agents and `synced` */
};
void frames_load(struct frames *f, const char *path);
void frames_release(struct frames *f);
struct span frames_between(const struct frames *f, size_t from, size_t to); /* indices */

#endif
