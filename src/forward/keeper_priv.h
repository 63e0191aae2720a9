/* keeper_priv.h - appends to a file on a thread, so that a disk which hangs holds up nobody else.
 *
 * One batch at a time: it is the keeper's until it is on the disk, and is tried again each second
 * until then. The file is opened for each batch: it may be moved away, and its disk may come back.
 */
#ifndef CHECKREIN_FORWARD_KEEPER_PRIV_H
#define CHECKREIN_FORWARD_KEEPER_PRIV_H

#include <stdbool.h>

#include "checkrein/loop.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

struct keeper;

/* `woken` is called on the loop when a batch is on the disk, and when it could not be put there. */
enum status keeper_new(struct keeper **out, struct loop *l, const char *path, loop_post_fn *woken,
                       void *ctx, struct why *why) MUST_USE;
/* At the end, when no loop turns any more: until it is not busy or in trouble, so long at most.
 * Nobody is woken from then on. */
void keeper_finish(struct keeper *k, int64_t wait_ms);
/* A write that hangs is left to the thread. NULL is fine. */
void keeper_free(struct keeper *k);
bool keeper_is_busy(const struct keeper *k);
/* Whole lines; not while it is busy. */
void keeper_put(struct keeper *k, struct span lines);
/* The errno of the last try; 0: it went well. */
int keeper_error(const struct keeper *k);

#endif
