#include "checkrein/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "loop_priv.h"

static enum status open_own(struct loop *l)
{
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->epoll_fd < 0 || l->timer_fd < 0 || l->wake_fd < 0) {
        return ST_IO;
    }
    enum status st = fds_watch_own(l, l->timer_fd, OWN_TIMER);
    return st == ST_OK ? fds_watch_own(l, l->wake_fd, OWN_WAKE) : st;
}

enum status loop_new(struct loop **out, struct why *why)
{
    struct loop *l = xcalloc(1, sizeof(*l));
    l->epoll_fd = l->timer_fd = l->wake_fd = l->signal_fd = -1;
    signals_init(l);
    l->now_us = clock_mono_us();
    enum status st = open_own(l);
    if (st != ST_OK) {
        (void)why_fail(why, st, "cannot make the event descriptors: %s", err_text(errno));
    } else {
        st = wait_new(l, why);
    }
    if (st != ST_OK) {
        loop_free(l);
        return st;
    }
    *out = l;
    return ST_OK;
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void loop_free(struct loop *l)
{
    if (l == NULL) {
        return;
    }
    watch_release(l);
    wait_free(l);
    signals_release(l);
    fds_release(l);
    timers_release(l);
    free(l->posts.items);
    free(l->running.items);
    close_if_open(l->wake_fd);
    close_if_open(l->timer_fd);
    close_if_open(l->epoll_fd);
    free(l);
}

void loop_remove(struct loop *l, loop_id id)
{
    if ((id & LOOP_KIND_TIMER) != 0) {
        timers_remove(l, id);
    } else {
        fds_remove(l, id);
    }
}

void loop_post(struct loop *l, loop_post_fn *fn, void *ctx)
{
    struct posts *p = &l->posts;
    GROW(p->items, p->cap, p->len + 1);
    p->items[p->len++] = (struct post){fn, ctx};
}

void loop_on_turn(struct loop *l, loop_post_fn *fn, void *ctx)
{
    l->on_turn = (struct post){fn, ctx};
}

/* What these post runs at the end of the next turn, which then does not wait. */
static void run_posts(struct loop *l)
{
    struct posts now = l->posts;
    l->posts = l->running;
    l->posts.len = 0;
    l->running = now;
    for (size_t i = 0; i < now.len; i++) {
        now.items[i].fn(now.items[i].ctx);
    }
}

static int64_t wait_until(const struct loop *l, int64_t max_wait_ms)
{
    if (max_wait_ms == 0 || l->posts.len > 0) {
        return 0;
    }
    int64_t until = timers_next_us(l);
    if (max_wait_ms > 0 && max_wait_ms < INT64_MAX / 2000) {
        int64_t latest = clock_mono_us() + max_wait_ms * 1000;
        until = latest < until ? latest : until;
    }
    return until;
}

static enum status arm(struct loop *l, int64_t until_us)
{
    int64_t wanted = until_us == INT64_MAX ? 0 : until_us;
    if (wanted == l->armed_us) {
        return ST_OK;
    }
    struct itimerspec at = {
        .it_value = {.tv_sec = wanted / 1000000, .tv_nsec = (wanted % 1000000) * 1000}
    };
    if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) != 0) {
        return ST_IO;
    }
    l->armed_us = wanted;
    return ST_OK;
}

static enum status wait_for_something(struct loop *l, int64_t max_wait_ms)
{
    int64_t until = wait_until(l, max_wait_ms);
    if (until <= clock_mono_us()) {
        return wait_some(l, false);
    }
    enum status st = arm(l, until);
    if (st == ST_OK) {
        watch_waits(l);
        st = wait_some(l, true);
        watch_runs(l);
    }
    return st;
}

enum status loop_turn(struct loop *l, int64_t max_wait_ms)
{
    if (l->in_turn) {
        return ST_CONFLICT;
    }
    l->in_turn = true;
    watch_turn(l);
    enum status st = wait_for_something(l, max_wait_ms);
    l->now_us = clock_mono_us();
    fds_dispatch(l);
    timers_dispatch(l);
    run_posts(l);
    if (l->on_turn.fn != NULL) {
        l->on_turn.fn(l->on_turn.ctx);
    }
    l->in_turn = false;
    return st;
}

enum status loop_run(struct loop *l)
{
    l->stopped = false;
    while (!l->stopped) {
        enum status st = loop_turn(l, -1);
        if (st != ST_OK) {
            return st;
        }
    }
    return ST_OK;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
}

void loop_wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t n = write(l->wake_fd, &one, sizeof(one)); /* full means that it is awake already */
    (void)n;
}

int64_t loop_now_us(const struct loop *l)
{
    return l->now_us;
}
