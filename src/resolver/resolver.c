#include "checkrein/resolver.h"

#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "checkrein/alloc.h"
#include "checkrein/span.h"

struct question {
    struct worker_job job;
    char name[NAME_BYTES];
    uint64_t ticket;
    struct addresses found;
};

struct resolver {
    struct worker *worker;
    resolved_fn *fn;
    void *ctx;
};

static void look_up(struct worker_job *job)
{
    struct question *q = (struct question *)job;
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

static void drop(struct worker_job *job)
{
    free(job);
}

static void on_done(void *ctx, struct worker_job *job)
{
    struct resolver *r = ctx;
    struct question *q = (struct question *)job;
    r->fn(r->ctx, q->ticket, &q->found);
    free(q);
}

static const struct worker_kind KIND = {.run = look_up, .drop = drop, .done = on_done};

struct resolver *resolver_new(struct loop *l, resolved_fn *fn, void *ctx)
{
    struct resolver *r = xcalloc(1, sizeof(*r));
    *r = (struct resolver){.fn = fn, .ctx = ctx};
    if (worker_new(&r->worker, l, &KIND, r) != ST_OK) {
        free(r);
        return NULL;
    }
    return r;
}

void resolver_free(struct resolver *r)
{
    if (r != NULL) {
        worker_free(r->worker);
        free(r);
    }
}

enum status resolver_ask(struct resolver *r, const char *name, uint64_t ticket)
{
    struct question *q = xcalloc(1, sizeof(*q));
    q->ticket = ticket;
    if (!span_copy(span_str(name), q->name, sizeof(q->name))) {
        free(q);
        return ST_INVALID;
    }
    if (worker_waiting(r->worker) >= RESOLVER_WAITING_MAX) {
        free(q);
        return ST_LIMIT;
    }
    worker_put(r->worker, &q->job);
    return ST_OK;
}
