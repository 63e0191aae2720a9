/* forward.h - what is in the record, kept elsewhere too: the heads of its seals in a file on
 * another disk, and what operators do and alarms at a syslog collector.
 *
 * It follows the record with a cursor of its own, behind the commit: what was not durable is never
 * told. Nothing here delays who writes the record. A file that hangs (another machine's disk) hangs
 * a thread that has nothing else to do; what waits meanwhile is in the record and is read again
 * from there.
 *
 * Thread: the loop's.
 */
#ifndef CHECKREIN_FORWARD_H
#define CHECKREIN_FORWARD_H

#include "checkrein/conf.h"
#include "checkrein/journal.h"
#include "checkrein/loop.h"
#include "checkrein/status.h"

struct forward;

struct forward_options {
    const char *record;           /* its folder */
    const struct conf_keep *keep; /* what is kept where; outlives the call only */
};
/* Trouble, or that it is over: one line for a person. */
typedef void forward_told_fn(void *ctx, bool trouble, const char *words);

/* Before the record is opened to write: does it end before a head that the file knows, or has that
 * record another hash now? ST_CONFLICT says so. A file that is not there knows nothing. */
enum status forward_check(const struct forward_options *o, struct why *why) MUST_USE;
/* When it is open. Goes on behind the last head of this record that the file has, and begins with
 * the newest seal when it has none. */
enum status forward_open(struct forward **out, struct loop *l, const struct journal *j,
                         const struct forward_options *o, forward_told_fn *told, void *ctx,
                         struct why *why) MUST_USE;
/* At the end of a turn: takes up what was committed, some of it a turn. */
void forward_turn(struct forward *f);
/* The record has failed, so this stands in none: it is told to the collector all the same. */
void forward_alarm(struct forward *f, const char *words);
/* The record from which on it has not been told everywhere; what is before may be dropped. */
uint64_t forward_needs(const struct forward *f);
/* The record is closed: gives what is left two seconds. NULL is fine. */
void forward_close(struct forward *f);

/* ---- how long the record is kept: whole segments go, the oldest first, and a tombstone stays */
struct forward_retention { /* zeroed, then filled; all of it outlives this */
    const struct conf_keep *keep;
    struct journal *journal;
    const struct forward *forward;
    uint64_t needed; /* record from which on nothing may go, beside what forward needs; 0: none */
    bool is_off;     /* a drop has failed: nothing more is tried until it is cleared */
};
/* How long a segment is written, as the configuration has it; 0: by its size only. */
int64_t forward_segment_us(const struct conf_keep *keep);
/* Is something to go by now? `why` is filled when that could not be found out. */
bool forward_droppable(const struct forward_retention *r, int64_t now_us, struct journal_drop *drop,
                       struct why *why);
/* ST_OK: `why` tells what went. ST_END: nothing is to go; ST_IO: `why` says, and is_off is set. */
enum status forward_drop(struct forward_retention *r, int64_t now_us, struct why *why) MUST_USE;

#endif
