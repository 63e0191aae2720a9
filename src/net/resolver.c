#include "resolver_priv.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/span.h"

struct question {
    char name[NAME_BYTES];
    uint64_t ticket;
    struct addresses found;
    struct question *next;
};

struct queue {
    struct question *first, **end;
    size_t count;
};

/* Shared by both threads; `owners` of 2 falls to 0. */
struct shared {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    struct queue todo, done;
    int event_fd;
    int owners;
    bool stopped;
};

struct resolver {
    struct shared *shared;
    struct loop *loop;
    loop_id watch;
    resolved_fn *fn;
    void *ctx;
};

static void push(struct queue *q, struct question *item)
{
    item->next = NULL;
    *q->end = item;
    q->end = &item->next;
    q->count++;
}

static struct question *pop(struct queue *q)
{
    struct question *item = q->first;
    if (item != NULL) {
        q->first = item->next;
        q->count--;
        if (q->first == NULL) {
            q->end = &q->first;
        }
    }
    return item;
}

static void empty(struct queue *q)
{
    struct question *item = NULL;
    while ((item = pop(q)) != NULL) {
        free(item);
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
    empty(&s->todo);
    empty(&s->done);
    close(s->event_fd);
    (void)pthread_cond_destroy(&s->asked);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

static void look_up(struct question *q)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    int err = getaddrinfo(q->name, NULL, &hints, &list);
    q->found.why = err == 0 ? "no address" : gai_strerror(err);
    for (struct addrinfo *a = list; a != NULL && q->found.count < RESOLVER_ADDRESSES;
         a = a->ai_next) {
        char *text = q->found.text[q->found.count];
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text, ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) ==
            0) {
            q->found.count++;
        }
    }
    if (list != NULL) {
        freeaddrinfo(list);
    }
}

static void tell(const struct shared *s)
{
    uint64_t one = 1;
    ssize_t n = write(s->event_fd, &one, sizeof(one));
    (void)n;
}

static void *work(void *ctx)
{
    struct shared *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    while (!s->stopped) {
        struct question *q = pop(&s->todo);
        if (q == NULL) {
            (void)pthread_cond_wait(&s->asked, &s->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&s->lock);
        look_up(q);
        (void)pthread_mutex_lock(&s->lock);
        push(&s->done, q);
        tell(s);
    }
    let_go(s);
    return NULL;
}

static void on_done(void *ctx, int fd, unsigned ready)
{
    struct resolver *r = ctx;
    uint64_t count = 0;
    ssize_t n = read(fd, &count, sizeof(count));
    (void)n;
    (void)ready;
    for (;;) {
        (void)pthread_mutex_lock(&r->shared->lock);
        struct question *q = pop(&r->shared->done);
        (void)pthread_mutex_unlock(&r->shared->lock);
        if (q == NULL) {
            return;
        }
        r->fn(r->ctx, q->ticket, &q->found);
        free(q);
    }
}

/* The thread takes no signals: they belong to the loop. */
static int start(struct shared *s)
{
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&thread, NULL, work, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == 0) {
        (void)pthread_detach(thread);
    }
    return err;
}

static struct shared *shared_new(void)
{
    struct shared *s = xcalloc(1, sizeof(*s));
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->asked, NULL);
    s->todo.end = &s->todo.first;
    s->done.end = &s->done.first;
    s->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->owners = 1;
    return s;
}

struct resolver *resolver_new(struct loop *l, resolved_fn *fn, void *ctx)
{
    struct resolver *r = xcalloc(1, sizeof(*r));
    r->shared = shared_new();
    r->loop = l;
    r->fn = fn;
    r->ctx = ctx;
    bool good = r->shared->event_fd >= 0 &&
                loop_fd_add(l, r->shared->event_fd, LOOP_READ, on_done, r, &r->watch) == ST_OK;
    if (good) {
        r->shared->owners = 2;
        good = start(r->shared) == 0;
    }
    if (!good) {
        r->shared->owners = 1;
        resolver_free(r);
        return NULL;
    }
    return r;
}

void resolver_free(struct resolver *r)
{
    if (r == NULL) {
        return;
    }
    loop_remove(r->loop, r->watch);
    (void)pthread_mutex_lock(&r->shared->lock);
    r->shared->stopped = true;
    (void)pthread_cond_signal(&r->shared->asked);
    let_go(r->shared);
    free(r);
}

enum status resolver_ask(struct resolver *r, const char *name, uint64_t ticket)
{
    struct question *q = xcalloc(1, sizeof(*q));
    q->ticket = ticket;
    if (!span_copy(span_str(name), q->name, sizeof(q->name))) {
        free(q);
        return ST_INVALID;
    }
    (void)pthread_mutex_lock(&r->shared->lock);
    bool room = r->shared->todo.count < RESOLVER_WAITING_MAX;
    if (room) {
        push(&r->shared->todo, q);
        (void)pthread_cond_signal(&r->shared->asked);
    }
    (void)pthread_mutex_unlock(&r->shared->lock);
    if (!room) {
        free(q);
    }
    return room ? ST_OK : ST_LIMIT;
}
