/* loop.h - the one wait: descriptors, timers, signals, and work posted for the end of the turn.
 *
 * libwebsockets owns the wait (it cannot be pumped: lws_service(ctx, 0) sleeps). Our own
 * descriptors sit in one epoll set that lws polls as a single adopted descriptor. Timers are ours
 * (a heap), monotonic. Signals come through a signalfd; the mask is blocked here and must be reset
 * in children.
 *
 * A turn: lws waits and serves its own sockets; then descriptors that are ready, then signals among
 * them, then timers that are due, then posts, then the tick. No callback runs inside the library.
 *
 * Callbacks run on the loop's thread, may add and remove anything (also themselves), and must not
 * block, call loop_turn() (ST_CONFLICT) or loop_free(). Removal is honoured at once: also what was
 * ready or due in the same turn is not called any more. One thread; loop_wake() alone may be called
 * from another or from a signal handler. SIGPIPE is ignored from loop_new() on (lws does that), and
 * a child inherits it.
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
/* Gives the signal mask back; signals of ours that are still pending are thrown away. */
void loop_free(struct loop *l);

/* The descriptor stays the caller's; remove it before closing it. ST_EXISTS: watched already;
 * ST_UNSUPPORTED: a regular file, which is always ready.
 *
 * LOOP_HANGUP as a wish asks for the peer's half close as well. A full hang-up or an error is
 * reported as LOOP_HANGUP whenever anything is wanted, again each turn until it is removed or
 * nothing is wanted. Want 0: not watched at all. */
enum status loop_fd_add(struct loop *l, int fd, unsigned want, loop_fd_fn *fn, void *ctx,
                        loop_id *id) MUST_USE;
void loop_fd_want(struct loop *l, loop_id id, unsigned want);
/* Once after delay_ms (>= 0), never early, then the id is gone. Equal deadlines fire in the order
 * of arming; one that is armed by a timer's callback waits for the next turn. */
loop_id loop_timer(struct loop *l, int64_t delay_ms, loop_timer_fn *fn, void *ctx);
/* Blocks it and calls `fn` instead; a second call replaces the first. As signals do, several of a
 * kind may come as one. */
enum status loop_signal(struct loop *l, int signo, loop_signal_fn *fn, void *ctx) MUST_USE;
/* At the end of this turn (or of the next, when called outside one), in order. What a post or the
 * tick posts runs at the end of the next turn, which then does not wait. It cannot be taken back.
 */
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

/* The watchdog. From here to loop_free() what happens between the end of one wait and the start of
 * the next, and the wait itself, is watched: `fn` is called when one turn has worked for
 * limit_ms of processor time (LOOP_SPINS), or has slept for that long outside of the wait
 * (LOOP_BLOCKED). It is called in a handler of SIGALRM, on any stack: it may do only what a signal
 * handler may, and need not return. Time in which the process was stopped does not count. One loop
 * of a process; ST_EXISTS for a second. SIGALRM is the loop's from then on. */
enum loop_stuck { LOOP_SPINS, LOOP_BLOCKED };
typedef void loop_stuck_fn(enum loop_stuck how);
enum status loop_watch(struct loop *l, int64_t limit_ms, loop_stuck_fn *fn,
                       struct why *why) MUST_USE;

/* The mask that was in force before loop_new(): for posix_spawnattr_setsigmask. */
const void *loop_saved_sigmask(const struct loop *l);

#endif
