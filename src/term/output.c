#include "term_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkrein/clock.h"

/* A frame of 1000 x 1000 cells in which every cell has another colour. */
#define QUEUE_BYTES ((size_t)64 << 20)

static enum status give_curses_a_file(struct output *o)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    o->curses = fd < 0 ? NULL : fdopen(fd, "w");
    if (o->curses != NULL) {
        return ST_OK;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return ST_IO;
}

enum status output_open(struct output *o, struct why *why)
{
    *o = (struct output){.captured = memfd_create("checkrein-frame", MFD_CLOEXEC)};
    buf_init(&o->queue, QUEUE_BYTES);
    if (o->captured < 0 || give_curses_a_file(o) != ST_OK) {
        int err = errno;
        output_close(o);
        return why_fail(why, ST_IO, "no descriptor for the terminal: %s", err_text(err));
    }
    return ST_OK;
}

void output_capture(struct output *o)
{
    (void)dup3(o->captured, fileno(o->curses), O_CLOEXEC);
}

void output_close(struct output *o)
{
    if (o->curses != NULL) {
        (void)fclose(o->curses);
    }
    if (o->captured > 0) {
        (void)close(o->captured);
    }
    buf_release(&o->queue);
    *o = (struct output){0};
}

enum status output_add(struct output *o, struct span bytes)
{
    return buf_add(&o->queue, bytes);
}

enum status output_take(struct output *o)
{
    off_t n = lseek(o->captured, 0, SEEK_CUR);
    if (n <= 0) {
        return ST_OK;
    }
    char *room = buf_reserve(&o->queue, (size_t)n);
    if (room != NULL && pread(o->captured, room, (size_t)n, 0) == n) {
        buf_commit(&o->queue, (size_t)n);
    } else {
        room = NULL;
    }
    (void)lseek(o->captured, 0, SEEK_SET);
    return room != NULL ? ST_OK : ST_LIMIT;
}

bool output_is_waiting(const struct output *o)
{
    return o->sent < o->queue.len;
}

/* The description is shared with whoever started us, so that it is made non-blocking for this call
 * only. */
ssize_t output_write_now(int fd, const char *p, size_t n)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -1;
    }
    ssize_t done = write(fd, p, n);
    int err = errno;
    (void)fcntl(fd, F_SETFL, flags);
    errno = err;
    return done;
}

/* After a write that found no room. */
static enum status wait_for_room(struct output *o, int64_t until_us)
{
    int64_t left_ms = o->stalled ? 0 : (until_us - clock_mono_us()) / 1000;
    struct pollfd pf = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (left_ms <= 0) {
        o->stalled = true;
        return ST_AGAIN;
    }
    int ready = poll(&pf, 1, (int)left_ms);
    return ready < 0 && errno != EINTR ? ST_IO : ST_OK;
}

static enum status send_some(struct output *o, int64_t until_us)
{
    ssize_t n = output_write_now(STDOUT_FILENO, o->queue.data + o->sent, o->queue.len - o->sent);
    if (n >= 0) {
        o->sent += (size_t)n;
        o->stalled = false;
        return ST_OK;
    }
    if (errno == EAGAIN) {
        return wait_for_room(o, until_us);
    }
    return errno == EINTR ? ST_OK : ST_IO;
}

enum status output_send(struct output *o)
{
    enum status st = ST_OK;
    int64_t until_us = clock_mono_us() + OUTPUT_PATIENCE_MS * INT64_C(1000);
    while (st == ST_OK && output_is_waiting(o)) {
        st = send_some(o, until_us);
    }
    if (st == ST_OK) {
        buf_clear(&o->queue);
        o->sent = 0;
    }
    return st;
}
