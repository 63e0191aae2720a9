/* worker.h - one thread beside the loop, for calls that block and cannot be had in another way.
 *
 * It takes jobs one after the other, in the order in which they were put; each comes back on the
 * loop when it was done. A job is a struct of the caller's that begins with a struct worker_job: it
 * is the worker's from worker_put() until `done`.
 *
 * A worker that is freed leaves the job that it is at to the thread, which drops it when the call
 * returns; nobody waits for that. The thread takes no signals.
 *
 * Thread: the loop's, but for what `run` and `drop` say.
 */
#ifndef CHECKREIN_WORKER_H
#define CHECKREIN_WORKER_H

#include <stddef.h>

#include "checkrein/loop.h"
#include "checkrein/status.h"

struct worker;
struct worker_job {
    struct worker_job *next;
};

struct worker_kind {
    void (*run)(struct worker_job *job);  /* on the thread: touches nothing but the job */
    void (*drop)(struct worker_job *job); /* frees one that nobody takes back: on either thread */
    void (*done)(void *ctx, struct worker_job *job); /* it is the caller's again; may free all */
};

/* `kind` is static. ST_IO: there is no thread to be had. */
enum status worker_new(struct worker **out, struct loop *l, const struct worker_kind *kind,
                       void *ctx) MUST_USE;
void worker_put(struct worker *w, struct worker_job *job);
/* That were put and are not begun. */
size_t worker_waiting(const struct worker *w);
/* For an end at which no loop turns any more: until all that was put is done, so long at most;
 * `done` is called from inside. */
void worker_finish(struct worker *w, int64_t wait_ms);
void worker_free(struct worker *w); /* NULL is fine; `done` is not called any more */

#endif
