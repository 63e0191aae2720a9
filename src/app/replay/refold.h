/* refold.h - the picture that a record makes again, record by record.
 *
 * A console's record holds frames and its own events. Frames that are events in our own words go
 * through a driver that is attached to nothing; of other back-ends, what their drivers made of the
 * frames stands beside them, so that a later version shows what was shown. A daemon's record holds
 * its own events. Each start of a writer began with an empty picture, so it does here.
 *
 * Thread: the loop's.
 */
#ifndef APP_REPLAY_REFOLD_H
#define APP_REPLAY_REFOLD_H

#include "checkrein/journal.h"
#include "checkrein/model.h"

struct refold;

struct refold *refold_new(void);
void refold_free(struct refold *r); /* NULL is fine */
/* Who is told each change of the picture, in its order and once it is folded: events with their
 * back-end, and state transfers. What a driver makes of a frame is among them; a start, with which
 * the picture is empty again, is not: see journal_record_is_start(). */
struct refold_observer { /* any may be NULL */
    void *ctx;
    void (*event)(void *ctx, const struct event *ev);
    /* Only when the picture is another: what was folded before is left out. */
    void (*changed)(void *ctx, const struct fleet *f, const struct event *ev);
    void (*transfer)(void *ctx, struct span backend, const struct journal_transfer *t);
};
void refold_observe(struct refold *r, const struct refold_observer *o); /* copied */
/* ST_INVALID, with the record's number: it is passed over. */
enum status refold_take(struct refold *r, const struct journal_record *rec,
                        struct why *why) MUST_USE;
const struct fleet *refold_fleet(const struct refold *r); /* until the next call */
/* The fleet, the caller's to free; this one is then empty. */
struct fleet *refold_give(struct refold *r);

/* What can be gone on from, in the middle of a record. */
struct picture;
struct picture *refold_picture(const struct refold *r);
size_t picture_bytes(const struct picture *p);
void refold_return(struct refold *r, const struct picture *kept);
void picture_free(struct picture *p); /* NULL is fine */

#endif
