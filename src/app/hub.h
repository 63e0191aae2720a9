/* hub.h - the operator's side: back-ends with their drivers, the fold, and the operator's own record.
 *
 * What a driver says is appended to the record, then folded; hub_commit() makes the record durable once a
 * turn. A command is durable before it is sent: hub_send() commits at once. Used by the console and by the
 * headless subcommands (which keep no record of their own).
 */
#ifndef APP_HUB_H
#define APP_HUB_H

#include "app_priv.h"
#include "checkrein/driver.h"
#include "checkrein/journal.h"
#include "checkrein/model.h"
#include "checkrein/ulid.h"

struct hub;

struct hub_backend {
    struct hub *hub;
    struct conf_backend conf;
    struct driver *driver;
    enum link_state link;
    uint32_t verbs, scopes;
    bool was_live;
};

struct hub_events { /* any may be NULL */
    void (*changed)(void *ctx);                          /* something was folded */
    void (*came_back)(void *ctx);                        /* a back-end is live again */
    void (*operator_id)(void *ctx, struct span id);
    void (*seen)(void *ctx, const struct event *ev);     /* each event, after it was folded */
    void (*result)(void *ctx, struct span command, enum command_state st, struct span reason,
                   struct span by);
};

struct hub {
    struct loop *loop;
    struct net *net;
    struct fleet *fleet;
    struct journal *journal; /* NULL: none is kept */
    struct hub_backend *backends;
    uint32_t count;
    struct hub_events events;
    void *ctx;
    bool record_failed;
};

enum status hub_open(struct hub *h, const struct conf_backend *backends, uint32_t count,
                     const char *journal_dir, const struct hub_events *ev, void *ctx,
                     struct why *why) MUST_USE;
/* Starts to connect all of them. */
enum status hub_connect(struct hub *h, struct why *why) MUST_USE;
/* Gives the command an id and a time, records it durably, then sends it to its back-end; an empty one means all,
 * each with an id of its own. `id` gets the (first) ULID also when it fails. What lets something run is never sent
 * when it could not be recorded. */
enum status hub_send(struct hub *h, struct command *c, char id[ULID_BYTES], struct why *why) MUST_USE;
void hub_reconnect(struct hub *h);
void hub_commit(struct hub *h);
bool hub_all_settled(const struct hub *h); /* every back-end is live or has failed once */
void hub_close(struct hub *h);

/* Folds a console's record again, as it was folded live. */
enum status hub_replay(struct fleet *f, const char *journal_dir, struct why *why) MUST_USE;

#endif
