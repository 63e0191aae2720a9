#include "outlet_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/resolver.h"

#define QUEUE_BYTES 65536 /* that may wait in our kernel: what is lost with it is told again */
#define RETRY_MS                                                                                   \
    50 /* a datagram socket whose reader is slow does not always say when it has room */
#define CONNECT_MS 10000
#define ACCEPT_MS                                                                                  \
    2000 /* in which a peer that refuses us says so, when it has nothing else to say */

enum phase {
    PHASE_AWAY,
    PHASE_LOOKING_UP,
    PHASE_CONNECTING,
    PHASE_SHAKING, /* of hands */
    PHASE_JUDGED,  /* TLS 1.3: the peer may still refuse us, and what was sent would be lost */
    PHASE_OPEN,
};

struct outlet {
    struct loop *loop;
    struct outlet_address address;
    struct tls_identity *identity;
    struct resolver *resolver; /* NULL: nothing was looked up yet */
    struct tls *tls;           /* NULL: in clear */
    outlet_fn *fn;
    void *ctx;
    int fd, type;
    bool by_name; /* its address is looked up each time */
    enum phase phase;
    loop_id watch, timer, deadline;
    uint64_t look_up; /* the one whose answer is waited for */
    size_t turn;      /* of a name's addresses */
    size_t tried;     /* of these, in this attempt */
    bool more;        /* one of them was not tried in it */
    int64_t sent;     /* bytes, or datagrams */
    bool write_waits; /* for the peer to say something */
    char why[256];
};

/* ---- the end of a connection: told at the next turn, wherever it comes up */

static void shut(struct outlet *k)
{
    loop_remove(k->loop, k->watch);
    loop_remove(k->loop, k->timer);
    loop_remove(k->loop, k->deadline);
    k->watch = k->timer = k->deadline = 0;
    tls_free(k->tls);
    k->tls = NULL;
    if (k->fd >= 0) {
        (void)close(k->fd);
    }
    k->fd = -1;
    k->phase = PHASE_AWAY;
    k->look_up++;
    k->sent = 0;
    k->write_waits = false;
}

static void tell_gone(void *ctx)
{
    struct outlet *k = ctx;
    k->timer = 0;
    k->fn(k->ctx, OUTLET_NEWS_GONE, k->why);
}

static void lose(struct outlet *k, const char *why)
{
    (void)snprintf(k->why, sizeof(k->why), "%s", why);
    shut(k);
    k->timer = loop_timer(k->loop, 0, tell_gone, k);
}

static void look_up(struct outlet *k);
static void on_deadline(void *ctx);

/* Where nobody is at one of its addresses, the next one is tried before anything is told: that
 * there is nobody would hide why the other one did not take us. */
static void find_nobody(struct outlet *k, const char *why)
{
    if (!k->more) {
        lose(k, why);
        return;
    }
    shut(k);
    k->tried++;
    k->deadline = loop_timer(k->loop, CONNECT_MS, on_deadline, k);
    look_up(k);
}

static void tell_writable(void *ctx)
{
    struct outlet *k = ctx;
    k->timer = 0;
    k->fn(k->ctx, OUTLET_NEWS_WRITABLE, NULL);
}

static void on_deadline(void *ctx)
{
    static const char *const WORDS[] = {[PHASE_LOOKING_UP] = "its name is not looked up in time",
                                        [PHASE_CONNECTING] = "it does not answer",
                                        [PHASE_SHAKING] = "it does not answer TLS"};
    struct outlet *k = ctx;
    k->deadline = 0;
    if (k->phase == PHASE_CONNECTING) {
        find_nobody(k, WORDS[k->phase]);
    } else {
        lose(k, WORDS[k->phase]);
    }
}

/* ---- open */

static void open_up(struct outlet *k)
{
    loop_remove(k->loop, k->deadline);
    k->deadline = 0;
    k->phase = PHASE_OPEN;
    k->fn(k->ctx, OUTLET_NEWS_OPEN, NULL);
}

static void on_not_refused(void *ctx)
{
    struct outlet *k = ctx;
    k->deadline = 0;
    open_up(k);
}

static void on_datagrams(void *ctx)
{
    struct outlet *k = ctx;
    k->timer = 0;
    open_up(k);
}

/* A collector says nothing: what can be read is its end. */
static bool has_ended(struct outlet *k)
{
    char noise[512];
    ssize_t got = recv(k->fd, noise, sizeof(noise), MSG_DONTWAIT);
    return (got == 0 && k->type == SOCK_STREAM) || (got < 0 && errno != EAGAIN && errno != EINTR);
}

static void lose_by_error(struct outlet *k)
{
    int err = 0;
    socklen_t n = sizeof(err);
    (void)getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &err, &n);
    lose(k, err_text(err != 0 ? err : EPIPE));
}

static void on_open_ready(struct outlet *k, unsigned ready)
{
    bool write_waits = k->write_waits;
    if ((ready & (LOOP_READ | LOOP_HANGUP)) != 0 && k->tls != NULL) {
        enum tls_state s = tls_drain(k->tls); /* once: others have their turn before the rest */
        if (s == TLS_ENDED || s == TLS_FAILED) {
            lose(k, s == TLS_ENDED ? "it ended the connection" : tls_fault(k->tls));
            return;
        }
        k->write_waits = false;
    } else if ((ready & (LOOP_READ | LOOP_HANGUP)) != 0 && has_ended(k)) {
        lose_by_error(k);
        return;
    }
    if (k->phase == PHASE_JUDGED) {
        if (tls_is_accepted(k->tls)) {
            open_up(k);
        }
    } else if ((ready & LOOP_WRITE) != 0 || write_waits) {
        loop_fd_want(k->loop, k->watch, LOOP_READ);
        k->fn(k->ctx, OUTLET_NEWS_WRITABLE, NULL);
    }
}

/* ---- on the way there */

static void shake_hands(struct outlet *k)
{
    enum tls_state s = tls_shake_hands(k->tls);
    if (s == TLS_READS || s == TLS_WRITES) {
        loop_fd_want(k->loop, k->watch, s == TLS_READS ? LOOP_READ : LOOP_WRITE);
        return;
    }
    if (s != TLS_READY) {
        lose(k, s == TLS_FAILED ? tls_fault(k->tls) : "it ended the connection");
        return;
    }
    loop_fd_want(k->loop, k->watch, LOOP_READ);
    if (tls_is_accepted(k->tls)) {
        open_up(k);
        return;
    }
    loop_remove(k->loop, k->deadline);
    k->phase = PHASE_JUDGED;
    k->deadline = loop_timer(k->loop, ACCEPT_MS, on_not_refused, k);
}

static void on_connected(struct outlet *k, unsigned ready)
{
    struct why why = {0};
    int err = 0;
    socklen_t n = sizeof(err);
    (void)getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &err, &n);
    if (err != 0 || (ready & LOOP_WRITE) == 0) {
        find_nobody(k, err_text(err != 0 ? err : ECONNREFUSED));
        return;
    }
    if (!k->address.is_secure) {
        loop_fd_want(k->loop, k->watch, LOOP_READ);
        open_up(k);
        return;
    }
    if (tls_identity_refresh(k->identity, &why) != ST_OK ||
        tls_new(&k->tls, k->identity, k->fd, k->address.host, &why) != ST_OK) {
        lose(k, why.text);
        return;
    }
    k->phase = PHASE_SHAKING;
    shake_hands(k);
}

static void on_ready(void *ctx, int fd, unsigned ready)
{
    struct outlet *k = ctx;
    (void)fd;
    if (k->phase == PHASE_CONNECTING) {
        on_connected(k, ready);
    } else if (k->phase == PHASE_SHAKING) {
        shake_hands(k);
    } else {
        on_open_ready(k, ready);
    }
}

static int try_type(struct outlet *k, int type)
{
    const struct sockaddr *to = (const struct sockaddr *)&k->address.to;
    k->type = type;
    k->fd = socket(to->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int queue = QUEUE_BYTES;
    if (k->fd >= 0) {
        (void)setsockopt(k->fd, SOL_SOCKET, SO_SNDBUF, &queue, sizeof(queue));
    }
    if (k->fd < 0 || (connect(k->fd, to, k->address.bytes) != 0 && errno != EINPROGRESS)) {
        int err = errno;
        if (k->fd >= 0) {
            (void)close(k->fd);
        }
        k->fd = -1;
        return err;
    }
    return 0;
}

static void connect_there(struct outlet *k)
{
    int err = try_type(k, k->address.type);
    if (err == EPROTOTYPE) { /* /dev/log may be of either kind */
        err = try_type(k, SOCK_STREAM);
    }
    bool is_datagram = k->type == SOCK_DGRAM;
    k->phase = PHASE_CONNECTING;
    if (err == 0 && loop_fd_add(k->loop, k->fd, is_datagram ? LOOP_READ : LOOP_WRITE, on_ready, k,
                                &k->watch) != ST_OK) {
        err = EIO;
    }
    if (err != 0) {
        find_nobody(k, err_text(err));
    } else if (is_datagram) {
        k->timer = loop_timer(k->loop, 0, on_datagrams, k);
    }
}

/* ---- names */

static void on_found(void *ctx, uint64_t ticket, const struct addresses *found)
{
    struct outlet *k = ctx;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&k->address.to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&k->address.to;
    if (ticket != k->look_up || k->phase != PHASE_LOOKING_UP) {
        return;
    }
    if (found->count == 0) {
        lose(k, found->why);
        return;
    }
    const char *text = found->text[k->turn++ % found->count];
    k->more = k->tried + 1 < found->count;
    k->address.to = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(k->address.port);
        k->address.bytes = sizeof(*v4);
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(k->address.port);
        k->address.bytes = sizeof(*v6);
    } else {
        lose(k, "its address is of no kind that is known");
        return;
    }
    connect_there(k);
}

static void look_up(struct outlet *k)
{
    k->phase = PHASE_LOOKING_UP;
    if (k->resolver == NULL) {
        k->resolver = resolver_new(k->loop, on_found, k);
    }
    if (k->resolver == NULL || resolver_ask(k->resolver, k->address.host, k->look_up) != ST_OK) {
        lose(k, "its name cannot be looked up");
    }
}

void outlet_connect(struct outlet *k)
{
    shut(k);
    k->tried = 0;
    k->more = false;
    k->deadline = loop_timer(k->loop, CONNECT_MS, on_deadline, k);
    if (k->by_name) {
        look_up(k);
    } else {
        connect_there(k);
    }
}

/* ---- the face */

struct outlet *outlet_new(struct loop *l, const struct outlet_address *a,
                          struct tls_identity *identity, outlet_fn *fn, void *ctx)
{
    struct outlet *k = xcalloc(1, sizeof(*k));
    *k = (struct outlet){.loop = l,
                         .address = *a,
                         .identity = identity,
                         .fn = fn,
                         .ctx = ctx,
                         .fd = -1,
                         .type = a->type,
                         .by_name = a->bytes == 0};
    return k;
}

void outlet_free(struct outlet *k)
{
    if (k != NULL) {
        shut(k);
        resolver_free(k->resolver);
        free(k);
    }
}

bool outlet_is_open(const struct outlet *k)
{
    return k->phase == PHASE_OPEN;
}

bool outlet_is_stream(const struct outlet *k)
{
    return k->type == SOCK_STREAM;
}

static ssize_t send_over_tls(struct outlet *k, struct span bytes)
{
    size_t sent = 0;
    enum tls_state s = tls_send(k->tls, bytes, &sent);
    if (s == TLS_READY) {
        return (ssize_t)sent;
    }
    if (s == TLS_WRITES || s == TLS_READS) {
        k->write_waits = s == TLS_READS;
        loop_fd_want(k->loop, k->watch, s == TLS_READS ? LOOP_READ : LOOP_READ | LOOP_WRITE);
        return -1;
    }
    lose(k, s == TLS_FAILED ? tls_fault(k->tls) : "it ended the connection");
    return -2;
}

static ssize_t send_in_clear(struct outlet *k, struct span bytes)
{
    ssize_t n;
    do {
        n = send(k->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return n;
    }
    if (errno == EMSGSIZE && k->type == SOCK_DGRAM) {
        return (ssize_t)bytes.n; /* it never fits: the record has it */
    }
    if (errno != EAGAIN && errno != ENOBUFS) {
        lose(k, err_text(errno));
        return -2;
    }
    if (k->type == SOCK_DGRAM) {
        loop_remove(k->loop, k->timer);
        k->timer = loop_timer(k->loop, RETRY_MS, tell_writable, k);
    } else {
        loop_fd_want(k->loop, k->watch, LOOP_READ | LOOP_WRITE);
    }
    return -1;
}

ssize_t outlet_send(struct outlet *k, struct span bytes)
{
    ssize_t n = k->tls != NULL ? send_over_tls(k, bytes) : send_in_clear(k, bytes);
    k->sent += n > 0 ? n : 0;
    return n;
}

size_t outlet_unacknowledged(const struct outlet *k)
{
    int left = 0;
    bool counts = k->phase == PHASE_OPEN && k->type == SOCK_STREAM;
    return counts && ioctl(k->fd, SIOCOUTQ, &left) == 0 && left > 0 ? (size_t)left : 0;
}

int64_t outlet_taken(const struct outlet *k)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);
    bool is_tcp =
        k->phase == PHASE_OPEN && k->type == SOCK_STREAM && k->address.to.ss_family != AF_UNIX;
    if (is_tcp && getsockopt(k->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0) {
        return (int64_t)info.tcpi_bytes_acked;
    }
    return k->sent - (int64_t)outlet_unacknowledged(k);
}
