#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "loop_priv.h"

enum { BATCH = 256 };

static uint32_t to_epoll(unsigned want)
{
    uint32_t events = 0;
    if ((want & LOOP_READ) != 0) {
        events |= EPOLLIN;
    }
    if ((want & LOOP_WRITE) != 0) {
        events |= EPOLLOUT;
    }
    if ((want & LOOP_HANGUP) != 0) {
        events |= EPOLLRDHUP;
    }
    return events;
}

static unsigned from_epoll(uint32_t events)
{
    unsigned ready = 0;
    if ((events & EPOLLIN) != 0) {
        ready |= LOOP_READ;
    }
    if ((events & EPOLLOUT) != 0) {
        ready |= LOOP_WRITE;
    }
    if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) {
        ready |= LOOP_HANGUP;
    }
    return ready;
}

static loop_id id_of(const struct loop *l, uint32_t slot)
{
    return ((uint64_t)l->fds.slots[slot].generation << 32) | (slot + 1);
}

static struct fd_slot *find(struct loop *l, loop_id id)
{
    uint64_t slot = (id & LOOP_SLOT_MASK) - 1;
    if ((id & LOOP_KIND_TIMER) != 0 || slot >= l->fds.count) {
        return NULL;
    }
    struct fd_slot *s = &l->fds.slots[slot];
    return s->fd >= 0 && s->generation == (uint32_t)(id >> 32) ? s : NULL;
}

static uint32_t take_slot(struct loop *l)
{
    struct fd_set_of *set = &l->fds;
    if (set->free_head != 0) {
        uint32_t slot = set->free_head - 1;
        set->free_head = set->slots[slot].next_free;
        return slot;
    }
    GROW(set->slots, set->cap, set->count + 1);
    set->slots[set->count] = (struct fd_slot){.fd = -1};
    return (uint32_t)set->count++;
}

static void give_back(struct loop *l, struct fd_slot *s)
{
    s->fd = -1;
    s->fn = NULL;
    s->next_free = l->fds.free_head;
    l->fds.free_head = (uint32_t)(s - l->fds.slots) + 1;
}

/* A descriptor that nothing is wanted of leaves the set: epoll would report a hang-up for ever. */
static int apply(struct loop *l, struct fd_slot *s, loop_id id, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.u64 = id};
    int op = EPOLL_CTL_MOD;
    if (events == 0) {
        op = EPOLL_CTL_DEL;
    } else if (s->events == 0) {
        op = EPOLL_CTL_ADD;
    }
    if (events == s->events) {
        return 0;
    }
    if (epoll_ctl(l->epoll_fd, op, s->fd, &ev) != 0) {
        return errno;
    }
    s->events = events;
    return 0;
}

static enum status status_of(int err)
{
    switch (err) {
    case 0:
        return ST_OK;
    case EEXIST:
        return ST_EXISTS;
    case EPERM: /* a regular file or folder: always ready, nothing to wait for */
        return ST_UNSUPPORTED;
    case EBADF:
        return ST_INVALID;
    default:
        return ST_IO;
    }
}

enum status loop_fd_add(struct loop *l, int fd, unsigned want, loop_fd_fn *fn, void *ctx,
                        loop_id *id)
{
    *id = 0;
    if (fd < 0) {
        return ST_INVALID;
    }
    if (l->fds.free_head == 0 && l->fds.count >= LOOP_FDS_MAX) {
        return ST_LIMIT;
    }
    uint32_t slot = take_slot(l);
    struct fd_slot *s = &l->fds.slots[slot];
    s->generation++;
    s->fd = fd;
    s->events = 0;
    s->fn = fn;
    s->ctx = ctx;
    int err = apply(l, s, id_of(l, slot), to_epoll(want));
    if (err != 0) {
        give_back(l, s);
        return status_of(err);
    }
    *id = id_of(l, slot);
    return ST_OK;
}

void loop_fd_want(struct loop *l, loop_id id, unsigned want)
{
    struct fd_slot *s = find(l, id);
    if (s != NULL) {
        (void)apply(l, s, id, to_epoll(want));
    }
}

void fds_remove(struct loop *l, loop_id id)
{
    struct fd_slot *s = find(l, id);
    if (s != NULL) {
        (void)apply(l, s, id, 0);
        give_back(l, s);
    }
}

enum status fds_watch_own(struct loop *l, int fd, enum loop_own tag)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = (uint64_t)tag};
    return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? ST_OK : ST_IO;
}

/* Both count in eight bytes that a read takes away; what they count does not matter here. */
static void drain(int fd)
{
    uint64_t count = 0;
    ssize_t n = read(fd, &count, sizeof(count));
    (void)n;
}

static void dispatch_own(struct loop *l, uint64_t tag)
{
    switch (tag) {
    case OWN_TIMER:
        drain(l->timer_fd);
        l->armed_us = 0;
        break;
    case OWN_WAKE:
        drain(l->wake_fd);
        break;
    case OWN_SIGNAL:
        signals_dispatch(l);
        break;
    default:
        break;
    }
}

void fds_dispatch(struct loop *l)
{
    struct epoll_event batch[BATCH];
    int n = epoll_wait(l->epoll_fd, batch, BATCH, 0);
    for (int i = 0; i < n; i++) {
        uint64_t id = batch[i].data.u64;
        if ((id >> 32) == 0) {
            dispatch_own(l, id);
            continue;
        }
        struct fd_slot *s = find(l, id);
        if (s != NULL &&
            s->events != 0) { /* as it is wanted now, not as it was when the batch was read */
            unsigned ready = from_epoll(batch[i].events & (s->events | EPOLLHUP | EPOLLERR));
            if (ready != 0) {
                s->fn(s->ctx, s->fd, ready);
            }
        }
    }
}

void fds_release(struct loop *l)
{
    free(l->fds.slots);
}
