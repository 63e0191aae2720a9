/* history.h - what a back-end still has of what happened: its newest events, from before we came.
 *
 * A second connection resumes from as far back as the back-end offers in its hello; any back-end
 * that speaks checkrein.v1 can be asked. What is older stands in its record only.
 */
#ifndef APP_HISTORY_H
#define APP_HISTORY_H

#include "headless.h"

#define HISTORY_EVENTS_MAX 8192 /* of one back-end */

/* Borrowed for the call, oldest first, one back-end after the other. */
typedef void history_fn(void *ctx, const struct event *ev);

/* The back-ends that are live. ST_TIMEOUT, ST_CLOSED: one of them did not send it all. */
enum status history_read(struct headless *h, history_fn *fn, void *ctx, struct why *why) MUST_USE;

#endif
