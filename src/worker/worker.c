#include "checkrein/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "checkrein/alloc.h"

struct queue {
    struct worker_job *first, **end;
    size_t count;
};

/* Of both threads; the last owner frees it. */
struct shared {
    const struct worker_kind *kind;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct queue todo, done;
    int event_fd, owners;
    bool busy, stopped;
};

struct worker {
    struct shared *shared;
    struct loop *loop;
    loop_id watch;
    void *ctx;
};

static void push(struct queue *q, struct worker_job *job)
{
    job->next = NULL;
    *q->end = job;
    q->end = &job->next;
    q->count++;
}

static struct worker_job *pop(struct queue *q)
{
    struct worker_job *job = q->first;
    if (job != NULL) {
        q->first = job->next;
        q->count--;
        if (q->first == NULL) {
            q->end = &q->first;
        }
    }
    return job;
}

static void empty(const struct shared *s, struct queue *q)
{
    struct worker_job *job = NULL;
    while ((job = pop(q)) != NULL) {
        s->kind->drop(job);
    }
}

/* Called with the lock held, which it gives up. */
static void let_go(struct shared *s)
{
    int left = --s->owners;
    (void)pthread_mutex_unlock(&s->lock);
    if (left > 0) {
        return;
    }
    empty(s, &s->todo);
    empty(s, &s->done);
    if (s->event_fd >= 0) {
        (void)close(s->event_fd);
    }
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- the thread */

static void tell(struct shared *s)
{
    uint64_t one = 1;
    (void)pthread_cond_broadcast(&s->changed);
    (void)!write(s->event_fd, &one, sizeof(one));
}

static void *work(void *ctx)
{
    struct shared *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    while (!s->stopped) {
        struct worker_job *job = pop(&s->todo);
        if (job == NULL) {
            (void)pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        s->busy = true;
        (void)pthread_mutex_unlock(&s->lock);
        s->kind->run(job);
        (void)pthread_mutex_lock(&s->lock);
        s->busy = false;
        push(&s->done, job);
        tell(s);
    }
    let_go(s);
    return NULL;
}

/* It takes no signals: they belong to the loop. */
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

/* ---- the loop's side */

/* `done` may free the worker, so what both threads share is held meanwhile. */
static void give_back(struct worker *w)
{
    struct shared *s = w->shared;
    void *ctx = w->ctx;
    struct worker_job *job = NULL;
    (void)pthread_mutex_lock(&s->lock);
    s->owners++;
    while (!s->stopped && (job = pop(&s->done)) != NULL) {
        (void)pthread_mutex_unlock(&s->lock);
        s->kind->done(ctx, job);
        (void)pthread_mutex_lock(&s->lock);
    }
    let_go(s);
}

static void on_done(void *ctx, int fd, unsigned ready)
{
    uint64_t count = 0;
    (void)ready;
    (void)!read(fd, &count, sizeof(count));
    give_back(ctx);
}

static struct shared *shared_new(const struct worker_kind *kind)
{
    struct shared *s = xcalloc(1, sizeof(*s));
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    s->kind = kind;
    s->todo.end = &s->todo.first;
    s->done.end = &s->done.first;
    s->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->owners = 1;
    return s;
}

enum status worker_new(struct worker **out, struct loop *l, const struct worker_kind *kind,
                       void *ctx)
{
    struct worker *w = xcalloc(1, sizeof(*w));
    *w = (struct worker){.shared = shared_new(kind), .loop = l, .ctx = ctx};
    enum status st = w->shared->event_fd < 0
                         ? ST_IO
                         : loop_fd_add(l, w->shared->event_fd, LOOP_READ, on_done, w, &w->watch);
    if (st == ST_OK) {
        w->shared->owners = 2;
        st = start(w->shared) == 0 ? ST_OK : ST_IO;
    }
    if (st != ST_OK) {
        w->shared->owners = 1;
        worker_free(w);
        w = NULL;
    }
    *out = w;
    return st;
}

void worker_put(struct worker *w, struct worker_job *job)
{
    (void)pthread_mutex_lock(&w->shared->lock);
    push(&w->shared->todo, job);
    (void)pthread_cond_broadcast(&w->shared->changed);
    (void)pthread_mutex_unlock(&w->shared->lock);
}

size_t worker_waiting(const struct worker *w)
{
    (void)pthread_mutex_lock(&w->shared->lock);
    size_t count = w->shared->todo.count;
    (void)pthread_mutex_unlock(&w->shared->lock);
    return count;
}

void worker_finish(struct worker *w, int64_t wait_ms)
{
    struct shared *s = w->shared;
    struct timespec until;
    int err = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    (void)pthread_mutex_lock(&s->lock);
    while ((s->busy || s->todo.count > 0) && err == 0) {
        err = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    }
    (void)pthread_mutex_unlock(&s->lock);
    give_back(w);
}

void worker_free(struct worker *w)
{
    if (w == NULL) {
        return;
    }
    loop_remove(w->loop, w->watch);
    (void)pthread_mutex_lock(&w->shared->lock);
    w->shared->stopped = true;
    (void)pthread_cond_broadcast(&w->shared->changed);
    let_go(w->shared);
    free(w);
}
