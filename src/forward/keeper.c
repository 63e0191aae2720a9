#include "keeper_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/file.h"

#define BATCH_BYTES 1048576
#define FILE_MODE   0640
#define RETRY_S     1

/* Of both threads; `owners` of 2 falls to 0. */
struct shared {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct buf batch; /* the thread's while it is busy */
    char *path;
    int event_fd, owners, error;
    bool busy, stopped;
};

struct keeper {
    struct shared *shared;
    struct loop *loop;
    loop_id watch;
    loop_post_fn *woken;
    void *ctx;
};

/* Called with the lock held, which it gives up. */
static void let_go(struct shared *s)
{
    int left = --s->owners;
    (void)pthread_mutex_unlock(&s->lock);
    if (left > 0) {
        return;
    }
    if (s->event_fd >= 0) {
        (void)close(s->event_fd);
    }
    buf_release(&s->batch);
    free(s->path);
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* 0, or errno. After a try that failed the file may end in the middle of a line. */
static int append(const struct shared *s, bool again)
{
    int fd =
        open(s->path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, FILE_MODE);
    struct stat st;
    int err = 0;
    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        err = EINVAL;
    } else if ((again && st.st_size > 0 && file_write_all(fd, "\n", 1) != ST_OK) ||
               file_write_all(fd, s->batch.data, s->batch.len) != ST_OK || fdatasync(fd) != 0) {
        err = errno;
    }
    (void)close(fd);
    return err;
}

static void wake(const struct shared *s)
{
    uint64_t one = 1;
    (void)!write(s->event_fd, &one, sizeof(one));
}

/* With the lock held, also when it returns. */
static void wait_to_retry(struct shared *s)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_S;
    int err = 0;
    while (!s->stopped && err != ETIMEDOUT) {
        err = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    }
}

static void *work(void *ctx)
{
    struct shared *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    while (!s->stopped || (s->busy && s->error == 0)) {
        if (!s->busy) {
            (void)pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        bool again = s->error != 0;
        (void)pthread_mutex_unlock(&s->lock);
        int err = append(s, again);
        (void)pthread_mutex_lock(&s->lock);
        s->error = err;
        s->busy = err != 0;
        (void)pthread_cond_broadcast(&s->changed);
        wake(s);
        if (err != 0) {
            wait_to_retry(s);
        }
    }
    let_go(s);
    return NULL;
}

static void on_done(void *ctx, int fd, unsigned ready)
{
    struct keeper *k = ctx;
    uint64_t count = 0;
    (void)ready;
    (void)!read(fd, &count, sizeof(count));
    k->woken(k->ctx);
}

/* The thread takes no signals: they belong to the loop. */
static int start(struct shared *s)
{
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&thread, NULL, work, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == 0) {
        (void)pthread_detach(thread);
    }
    return err;
}

static struct shared *shared_new(const char *path)
{
    struct shared *s = xcalloc(1, sizeof(*s));
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    s->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->path = xstrdup(path);
    s->owners = 1;
    buf_init(&s->batch, BATCH_BYTES);
    return s;
}

enum status keeper_new(struct keeper **out, struct loop *l, const char *path, loop_post_fn *woken,
                       void *ctx, struct why *why)
{
    struct keeper *k = xcalloc(1, sizeof(*k));
    *k = (struct keeper){.shared = shared_new(path), .loop = l, .woken = woken, .ctx = ctx};
    enum status st = loop_fd_add(l, k->shared->event_fd, LOOP_READ, on_done, k, &k->watch);
    if (st == ST_OK) {
        k->shared->owners = 2;
        st = start(k->shared) == 0 ? ST_OK : ST_IO;
    }
    if (st != ST_OK) {
        k->shared->owners = 1;
        keeper_free(k);
        k = NULL;
        (void)why_fail(why, st, "cannot start the thread that keeps %s", path);
    }
    *out = k;
    return st;
}

void keeper_wait(struct keeper *k, int64_t wait_ms)
{
    struct shared *s = k->shared;
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    (void)pthread_mutex_lock(&s->lock);
    int err = 0;
    while (s->busy && s->error == 0 && err == 0) {
        err = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void keeper_free(struct keeper *k)
{
    if (k == NULL) {
        return;
    }
    loop_remove(k->loop, k->watch);
    (void)pthread_mutex_lock(&k->shared->lock);
    k->shared->stopped = true;
    (void)pthread_cond_broadcast(&k->shared->changed);
    let_go(k->shared);
    free(k);
}

bool keeper_is_busy(const struct keeper *k)
{
    (void)pthread_mutex_lock(&k->shared->lock);
    bool busy = k->shared->busy;
    (void)pthread_mutex_unlock(&k->shared->lock);
    return busy;
}

void keeper_put(struct keeper *k, struct span lines)
{
    (void)pthread_mutex_lock(&k->shared->lock);
    buf_clear(&k->shared->batch);
    (void)buf_add(&k->shared->batch, lines);
    k->shared->busy = true;
    k->shared->error = 0;
    (void)pthread_cond_broadcast(&k->shared->changed);
    (void)pthread_mutex_unlock(&k->shared->lock);
}

int keeper_error(const struct keeper *k)
{
    (void)pthread_mutex_lock(&k->shared->lock);
    int err = k->shared->error;
    (void)pthread_mutex_unlock(&k->shared->lock);
    return err;
}
