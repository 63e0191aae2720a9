/* wslink_priv.h - one WebSocket connection to a back-end that is kept up: back-off with jitter, a
 * deadline for peers that fall silent, and one line that says why it ended. What every kind of
 * driver needs and none should write twice; what the frames mean is the driver's.
 *
 * Attached to nothing (no url: replay, tests) it never connects, and all sending says ST_CLOSED.
 */
#ifndef WSLINK_PRIV_H
#define WSLINK_PRIV_H

#include "backoff_priv.h"
#include "checkrein/driver.h"

struct wslink_events {
    void (*opened)(void *ctx);
    /* What is not ST_OK or ST_CLOSED ends the connection; the driver has said why in `fault`. */
    enum status (*message)(void *ctx, struct span text);
    /* `code` of the close, ours or the peer's; 0: none. True: what ended it is not asked for again,
     * so that it is tried again at once. */
    bool (*closed)(void *ctx, int code);
};

struct wslink {
    struct loop *loop; /* NULL: attached to nothing */
    struct net *net;
    struct driver_sink sink;
    const struct wslink_events *events;
    void *ctx;
    struct ws_client_options options; /* url and bearer are owned */
    char *name, *url, *bearer;
    net_id ws;
    loop_id retry, deadline;
    struct backoff backoff;
    struct why fault;    /* why we, or the peer, end the connection */
    const char *silence; /* the fault of a deadline that passes: a constant */
    int64_t patience_ms;
    int64_t steady_from_us; /* monotonic; 0: not live */
    unsigned at_once;       /* tries without back-off, one after the other */
};

/* Starts to connect. `o` has the protocol and the limits; url and bearer come from `conf`. */
enum status wslink_open(struct wslink *w, const struct driver_conf *conf, struct net *n,
                        struct loop *l, struct driver_sink sink, const struct ws_client_options *o,
                        const struct wslink_events *events, void *ctx, struct why *why) MUST_USE;
enum status wslink_send(struct wslink *w, struct span text) MUST_USE;
/* Now, instead of waiting out the back-off. */
void wslink_reconnect(struct wslink *w);
/* Ends the connection; `closed` comes later. */
void wslink_break(struct wslink *w, int code);
/* Ends it with this fault unless called again within `ms`; 0: nothing is expected. A message that
 * is on its way is waited for. */
void wslink_expect(struct wslink *w, int64_t ms, const char *silence);
/* It works: once it has for a while, the back-off begins anew. */
void wslink_steady(struct wslink *w);
void wslink_close(struct wslink *w);

#endif
