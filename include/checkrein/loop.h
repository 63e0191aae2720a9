/* loop.h - the one wait: file descriptors, timers, signals, and work posted for the end of the
 * turn.
 *
 * libwebsockets owns the wait (it cannot be pumped: lws_service(ctx, 0) sleeps). Our own
 * descriptors sit in one epoll set that lws polls as a single adopted descriptor. Timers are ours
 * (a heap), monotonic. Signals come through a signalfd; the mask is blocked here and must be reset
 * in children.
 *
 * Callbacks run on the loop's thread, may add and remove anything (also themselves), and must not
 * block. Nothing is destroyed inside a callback: removal is honoured at once (no further call) and
 * memory goes at the end of the turn. One thread; loop_wake() alone may be called from another or
 * from a signal handler.
 */
#ifndef CHECKREIN_LOOP_H
#define CHECKREIN_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/status.h"

struct loop;
struct lws_context;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };

typedef uint64_t loop_id; /* 0 is never given out; ids are not used again */

typedef void loop_fd_fn(void *ctx, int fd, unsigned ready);
typedef void loop_timer_fn(void *ctx);
typedef void loop_signal_fn(void *ctx, int signo);
typedef void loop_post_fn(void *ctx);

enum status loop_new(struct loop **out, struct why *why) MUST_USE;
void loop_free(struct loop *l);

/* The descriptor stays the caller's; remove it before closing it. */
enum status loop_fd_add(struct loop *l, int fd, unsigned want, loop_fd_fn *fn, void *ctx,
                        loop_id *id) MUST_USE;
void loop_fd_want(struct loop *l, loop_id id, unsigned want);
/* Once after delay_ms (>= 0), then the id is gone. */
loop_id loop_timer(struct loop *l, int64_t delay_ms, loop_timer_fn *fn, void *ctx);
enum status loop_signal(struct loop *l, int signo, loop_signal_fn *fn, void *ctx) MUST_USE;
/* At the end of this turn (or of the next, when called outside one), in order. */
void loop_post(struct loop *l, loop_post_fn *fn, void *ctx);
void loop_remove(struct loop *l, loop_id id); /* fd or timer; unknown ids are ignored */

/* Called at the end of each turn, after posts: the application's tick. At most one. */
void loop_on_turn(struct loop *l, loop_post_fn *fn, void *ctx);

/* One turn: waits until something is ready (at most max_wait_ms, -1 for ever), runs callbacks,
 * posts, the tick. */
enum status loop_turn(struct loop *l, int64_t max_wait_ms) MUST_USE;
/* Turns until loop_stop(). */
enum status loop_run(struct loop *l) MUST_USE;
void loop_stop(struct loop *l);
void loop_wake(struct loop *l);            /* from anywhere */
int64_t loop_now_us(const struct loop *l); /* monotonic, read once a turn */

/* For net only: the context that vhosts and clients are made in, and `loop` from its user pointer.
 */
struct lws_context *loop_lws(struct loop *l);
struct loop *loop_of_lws(struct lws_context *c);

/* The mask that was in force before loop_new(): for posix_spawnattr_setsigmask. */
const void *loop_saved_sigmask(const struct loop *l);

#endif
