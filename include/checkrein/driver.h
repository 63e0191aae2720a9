/* driver.h - back-ends: one folder per kind under src/driver/, one row in the registry.
 *
 * A driver turns what a back-end says into events and carries commands to it. It owns its
 * connections and its reconnecting (back-off with jitter, shown through `link`), resumes without a
 * hole, and never invents: an event says what the back-end said. The private state is allocated by
 * driver.c, zeroed, and freed after close(). feed() is pure apart from the sink and is the fuzz
 * target.
 *
 * Thread: the loop's. Sink functions are called from loop callbacks or from inside send(); they
 * only enqueue.
 */
#ifndef CHECKREIN_DRIVER_H
#define CHECKREIN_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/event.h"
#include "checkrein/net.h"
#include "checkrein/status.h"

/* What the back-end said of itself and of us when it let us in; borrowed. */
struct msg_countersign; /* codec.h */
struct driver_offer {
    uint32_t verbs, scopes;  /* 1u << enum verb; SCOPE_BIT()s */
    struct span operator_id; /* who it takes the operator for */
    struct span connection;  /* its name of this connection; may be empty */
    struct span instance;    /* of its record */
    int64_t seq, oldest;     /* its newest event, and what can be resumed from at the earliest */
};

/* A frame as it may be shown. Replacing keeps it JSON of the same structure. */
struct driver_frame {
    struct span text; /* lives until the next frame */
    uint32_t secrets; /* that are hidden in it */
    bool
        hidden_here; /* by this call, and not before it was recorded: the driver has the original */
};

struct driver_sink {
    void *ctx;
    int64_t (*raw)(void *ctx, struct span bytes); /* as shown, for the record: when it came, wall */
    void (*event)(void *ctx, const struct event *ev); /* copied before it returns */
    /* Connection state; `why` is one line; retry_ms > 0 while waiting to try again. */
    void (*link)(void *ctx, enum link_state st, const char *why, int64_t retry_ms);
    /* A full state transfer begins / is complete up to seq: see fleet_snapshot_begin(). */
    void (*snapshot)(void *ctx, uint64_t seq, bool complete);
    void (*offers)(void *ctx, const struct driver_offer *offer);
    /* Life of a command that this driver was given: accepted, confirmed, refused, ... */
    void (*result)(void *ctx, struct span command, enum command_state st, struct span reason,
                   struct span by);
    /* A head of its record, in the words of its record; NULL: nobody wants to know. */
    void (*head)(void *ctx, struct span seal);
    /* Hides the secrets of a frame before anything else is done with it, so that neither the record
     * nor an event has them. Its own ctx; NULL: the frame as it is. */
    struct driver_frame (*shown)(void *ctx, struct span bytes);
    void *shown_ctx;
};

struct driver_conf {
    const char *name;            /* of the back-end, as the operator calls it */
    const char *url;             /* NULL: attached to nothing, driver_feed() only (replay, tests) */
    struct span bearer;          /* copied */
    uint64_t resume_after;       /* seq that the record has; 0: start with a snapshot */
    const char *resume_instance; /* that this seq belongs to, or NULL */
    int64_t silence_ms; /* of a back-end that is connected and not yet live; 0: as long as the
                           driver thinks fit */
};

struct driver_ops {
    const char *kind; /* "kind =" in the configuration */
    const char *help;
    size_t state_bytes;
    bool tells_tokens_only; /* no cost: who has a list of prices may estimate it */
    bool keeps_no_stop; /* its back-end knows no fleet stop: it is given again at each connection,
                           until the reset */
    enum status (*open)(void *st, const struct driver_conf *c, struct net *n, struct loop *l,
                        struct driver_sink sink, struct why *why) MUST_USE;
    enum status (*feed)(void *st, struct span frame) MUST_USE;
    enum status (*send)(void *st, const struct command *c,
                        struct why *why) MUST_USE; /* queues, never blocks */
    /* What was signed for a head that it told; NULL: it tells none. ST_CLOSED: it is away. */
    enum status (*countersign)(void *st, const struct msg_countersign *s) MUST_USE;
    /* Now, instead of waiting out the back-off. Attached to nothing: what is fed next is a new
     * connection. */
    void (*reconnect)(void *st);
    void (*close)(void *st); /* idempotent; no sink call once it has returned */
    /* Frames that are events in our own words (docs/protocol.md) are kept as they came, and the
     * picture is made of them again. For that it can be told what it knows, attached to nothing, in
     * so many bytes without a pointer, and go on from there. 0: what the driver makes of its frames
     * is kept beside them, and no driver is needed to see it again. */
    size_t memory_bytes;
    void (*remember)(const void *st, void *memory);
    void (*go_on_from)(void *st, const void *memory);
};

struct driver;

/* NULL-ended table of what is compiled in. */
const struct driver_ops *const *driver_table(void);
const struct driver_ops *driver_kind(const char *kind); /* NULL when unknown */

enum status driver_open(struct driver **out, const struct driver_ops *ops,
                        const struct driver_conf *c, struct net *n, struct loop *l,
                        struct driver_sink sink, struct why *why) MUST_USE;
enum status driver_send(struct driver *d, const struct command *c, struct why *why) MUST_USE;
enum status driver_countersign(struct driver *d, const struct msg_countersign *s) MUST_USE;
/* One message as received: what the connection does with it, also with no connection. ST_INVALID
 * and ST_CONFLICT end the connection, ST_CLOSED: it has ended. */
enum status driver_feed(struct driver *d, struct span frame) MUST_USE;
void driver_reconnect(struct driver *d);
/* Of a kind that has memory_bytes. */
void driver_remember(const struct driver *d, void *memory);
void driver_go_on_from(struct driver *d, const void *memory);
void driver_close(struct driver *d); /* NULL is fine */

#endif
