/* loop_priv.h - the parts of the loop and what they share.
 *
 * An id is generation << 32 | kind bit | slot + 1. The generation of a slot grows each time it is
 * given out, so a stale id, also one that epoll still reports in the same turn, names nothing.
 */
#ifndef CHECKREIN_LOOP_PRIV_H
#define CHECKREIN_LOOP_PRIV_H

#include <signal.h>
#include <stddef.h>

#include "checkrein/loop.h"

enum {
    LOOP_SIGNALS = 65,    /* signal numbers 1 to 64 */
    LOOP_FDS_MAX = 65536, /* sanity bound; the kernel's own is lower */
    LOOP_TIMERS_MAX = 1 << 20,
};

#define LOOP_KIND_TIMER UINT64_C(0x80000000)
#define LOOP_SLOT_MASK  UINT64_C(0x7fffffff)

/* Epoll tags of our own three descriptors: their generation is 0, no id has that. */
enum loop_own { OWN_TIMER = 1, OWN_SIGNAL = 2, OWN_WAKE = 3 };

struct fd_slot {
    uint32_t generation;
    int fd;          /* -1: free */
    uint32_t events; /* what epoll is asked for; 0: not in the epoll set */
    loop_fd_fn *fn;
    void *ctx;
    uint32_t next_free; /* slot + 1 */
};

struct timer_slot {
    uint32_t generation;
    uint32_t heap_at; /* place in the heap + 1; 0: free */
    int64_t due_us;
    uint64_t order; /* of arming: equal deadlines fire in it */
    loop_timer_fn *fn;
    void *ctx;
    uint32_t next_free;
};

struct fd_set_of {
    struct fd_slot *slots;
    size_t cap;
    size_t count;
    uint32_t free_head;
};

struct timer_heap {
    struct timer_slot *slots;
    size_t cap;
    size_t count;
    uint32_t free_head;
    uint32_t *heap; /* slot numbers; as long as `slots` */
    size_t heap_cap;
    size_t heap_len;
    uint64_t order;
};

struct post {
    loop_post_fn *fn;
    void *ctx;
};

struct posts {
    struct post *items;
    size_t cap;
    size_t len;
};

struct signal_handler {
    loop_signal_fn *fn;
    void *ctx;
};

struct loop {
    int epoll_fd;
    int timer_fd;
    int signal_fd; /* -1 until the first loop_signal() */
    int wake_fd;
    int64_t now_us;
    int64_t armed_us; /* what timer_fd is set to; 0: off */
    bool in_turn;
    bool stopped;
    bool watched;
    struct fd_set_of fds;
    struct timer_heap timers;
    struct posts posts;
    struct posts running; /* being run; swapped with `posts` so that both keep their memory */
    struct post on_turn;
    sigset_t saved_mask;
    sigset_t our_signals;
    struct signal_handler signals[LOOP_SIGNALS];
    struct lws_context *lws;
};

/* loop_fd.c */
enum status fds_watch_own(struct loop *l, int fd, enum loop_own tag) MUST_USE;
void fds_dispatch(struct loop *l);
void fds_remove(struct loop *l, loop_id id);
void fds_release(struct loop *l);

/* loop_timer.c */
int64_t timers_next_us(const struct loop *l); /* INT64_MAX when there is none */
void timers_dispatch(struct loop *l);
void timers_remove(struct loop *l, loop_id id);
void timers_release(struct loop *l);

/* loop_signal.c */
void signals_init(struct loop *l);
void signals_dispatch(struct loop *l);
void signals_release(struct loop *l);

/* loop_watch.c: a turn begins; a wait that may last begins; it has ended. */
void watch_turn(struct loop *l);
void watch_waits(struct loop *l);
void watch_runs(struct loop *l);
void watch_release(struct loop *l);

/* loop_lws.c: the context polls a duplicate of our epoll descriptor */
enum status wait_new(struct loop *l, struct why *why) MUST_USE;
void wait_free(struct loop *l);
enum status wait_some(struct loop *l, bool may_block) MUST_USE;

#endif
