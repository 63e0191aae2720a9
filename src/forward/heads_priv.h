/* heads_priv.h - the lines of seals, appended to a file elsewhere as they are committed. */
#ifndef CHECKREIN_FORWARD_HEADS_PRIV_H
#define CHECKREIN_FORWARD_HEADS_PRIV_H

#include "checkrein/forward.h"

struct heads;

enum status heads_open(struct heads **out, struct loop *l, const struct journal *j,
                       const struct forward_options *o, forward_told_fn *told, void *ctx,
                       struct why *why) MUST_USE;
/* Reads the record up to this number, exclusive. True: there is more to read at once. */
bool heads_take(struct heads *h, uint64_t until);
/* The record from which on heads may not be in the file yet. */
uint64_t heads_needs(const struct heads *h);
void heads_close(struct heads *h); /* NULL is fine */

#endif
