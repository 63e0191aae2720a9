/* hub.h - the operator's side: back-ends with their drivers, the fold, and the operator's own
 * record.
 *
 * What a driver says is appended to the record, then folded; hub_commit() makes the record durable
 * within milliseconds. A command is durable before it is sent: hub_send() commits at once. Used by
 * the console and by the headless subcommands (which keep no record of their own).
 *
 * The record holds the frames of back-ends as received (`raw`), what this console did (`command`),
 * and its own events: connection states that no frame brings about, and each command with the
 * back-end that it was for; where frames speak another protocol, also what was made of them.
 * hub_replay() makes the same picture of these again.
 */
#ifndef APP_HUB_H
#define APP_HUB_H

#include "app_priv.h"
#include "checkrein/driver.h"
#include "checkrein/forward.h"
#include "checkrein/journal.h"
#include "checkrein/model.h"
#include "checkrein/price.h"
#include "checkrein/ulid.h"

#define HUB_COMMIT_MS 20

struct hub;

struct hub_backend {
    struct hub *hub;
    struct conf_backend conf;
    struct driver *driver;
    enum link_state link;
    char instance[40]; /* of its record, and the number that it can be resumed from at the earliest
                        */
    int64_t oldest;
    int64_t frame_us; /* when the frame came that is being folded: its time in the record */
    uint64_t link_n, picture_n; /* records from which on this connection stands in the record, and
                                   what it told of its whole state last; 0: none yet */
    bool was_live;
    char stop_due[ULID_BYTES]; /* a fleet stop that it has not answered, or does not keep: given
                                  again when it is back */
    int64_t stop_agents;       /* that it had then */
    char head_due[1024];       /* of its record, to be signed; empty: none */
    struct journal_countersign sign; /* the last one that it was given */
    bool sign_due;                   /* once it is durable here */
    int64_t complained_us;           /* monotonic: of a head that is none */
};

struct hub_events {               /* any may be NULL */
    void (*changed)(void *ctx);   /* something was folded */
    void (*came_back)(void *ctx); /* a back-end is live again */
    void (*operator_id)(void *ctx, struct span id);
    void (*seen)(void *ctx, const struct event *ev); /* each event, after it was folded */
    void (*result)(void *ctx, struct span command, enum command_state st, struct span reason,
                   struct span by);
};

struct hub {
    struct loop *loop;
    struct net *net;
    struct fleet *fleet;
    struct journal *journal; /* NULL: none is kept */
    struct veil *veil;       /* the journal's, or one of its own */
    struct veil *own_veil;   /* NULL: there is a journal */
    uint32_t hidden;         /* secrets in the frame that is being taken */
    struct buf frame; /* that frame without them: the veil goes on to other texts meanwhile */
    struct price_table *prices;
    struct hub_backend *backends;
    uint32_t count;
    struct hub_events events;
    void *ctx;
    struct conf_keep keep;
    struct forward *forward; /* NULL: there is no record */
    uint64_t session_n;      /* of the first record of this console */
    struct forward_retention retention;
    struct witness *witness; /* NULL: no record, so nothing is signed */
    char *stops_path;        /* hub_stops.c; NULL: nothing is kept */
    loop_id seal_timer, commit_timer;
    bool record_failed;
    bool keep_due; /* what was signed for, in its file */
};

/* The operator's own record; what is kept of it where. */
struct hub_record {
    const char *dir;
    struct conf_keep
        keep; /* zeroed: nothing elsewhere, and all for ever. Its texts outlive the hub */
};
/* `record` NULL: none is kept. ST_CONFLICT also when a head of it is known elsewhere that it has
 * not. */
enum status hub_open(struct hub *h, const struct conf_backend *backends, uint32_t count,
                     const struct hub_record *record, const struct hub_events *ev, void *ctx,
                     struct why *why) MUST_USE;
/* Before they are connected: takes up the fleet stops that the console of this record before us was
 * not answered, and keeps ours in a file beside the record, so that the next one does. Without a
 * record nothing is kept. Not for a console that sends nothing. */
void hub_take_up_stops(struct hub *h, const char *journal_dir);
/* The list of prices, where a back-end tells tokens only; a path that does not exist leaves
 * everything unpriced. Before hub_connect(). */
enum status hub_load_prices(struct hub *h, const char *path, struct why *why) MUST_USE;
/* Starts to connect all of them. */
enum status hub_connect(struct hub *h, struct why *why) MUST_USE;
/* Gives the command an id and a time, records it durably, then sends it to its back-end; an empty
 * one means all, each with an id of its own. `id` gets the (first) ULID also when it fails. What
 * lets something run is never sent when it could not be recorded. A fleet stop that a back-end has
 * not answered is sent again when that is back. */
enum status hub_send(struct hub *h, struct command *c, char id[ULID_BYTES],
                     struct why *why) MUST_USE;
/* One more connection to this back-end, with its token, whose news go to `sink`. The caller closes
 * it, before the hub. */
struct driver_resume {
    uint64_t after;       /* 0: from a snapshot, when `instance` is empty */
    const char *instance; /* of the record that it belongs to */
};
enum status hub_open_driver(const struct hub_backend *b, const struct driver_resume *from,
                            struct driver_sink sink, struct driver **out, struct why *why) MUST_USE;
/* *told: the event as the record tells it, to be folded. */
struct own_event;
enum status hub_record_own(struct hub *h, const struct own_event *o,
                           const struct event **told) MUST_USE;
void hub_reconnect(struct hub *h);
/* At the end of a turn. What was appended is durable HUB_COMMIT_MS later at the latest: one write
 * and one fdatasync for all that came in this time. Nobody waits for it: what must be durable at
 * once is (see hub_send()). */
void hub_commit(struct hub *h);
bool hub_all_settled(const struct hub *h); /* every back-end is live or has failed once */
void hub_close(struct hub *h);

/* Folds a console's record again, as the last console that wrote it folded it live: from its start
 * on. *out is the caller's to free. */
enum status hub_replay(struct fleet **out, const char *journal_dir, struct why *why) MUST_USE;

#endif
