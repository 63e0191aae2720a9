#include "outlet_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

#define QUEUE_BYTES 65536 /* that may wait in our kernel: what is lost with it is told again */
#define RETRY_MS                                                                                   \
    50 /* a datagram socket whose reader is slow does not always say when it has room */

struct outlet {
    struct loop *loop;
    struct outlet_address address;
    outlet_fn *fn;
    void *ctx;
    int fd, type, err;
    loop_id watch, timer;
    bool open, posted;
};

/* ---- addresses */

static enum status parse_unix(struct span path, struct outlet_address *a, struct why *why)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&a->to;
    un->sun_family = AF_UNIX;
    a->bytes = sizeof(*un);
    a->type = SOCK_DGRAM;
    return path.n > 0 && path.p[0] == '/' && span_copy(path, un->sun_path, sizeof(un->sun_path))
               ? ST_OK
               : why_fail(why, ST_INVALID, "syslog: unix: and an absolute path");
}

static bool parse_host(struct span host, uint16_t port, struct outlet_address *a)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a->to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->to;
    if (span_starts(host, "[") && span_ends(host, "]") &&
        span_copy(span_sub(host, 1, host.n - 2), text, sizeof(text)) &&
        inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        a->bytes = sizeof(*v6);
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    }
    if (!span_copy(host, text, sizeof(text)) || inet_pton(AF_INET, text, &v4->sin_addr) != 1) {
        return false;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    a->bytes = sizeof(*v4);
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

enum status outlet_parse(const char *text, struct outlet_address *a, struct why *why)
{
    struct span s = span_str(text);
    *a = (struct outlet_address){0};
    if (span_starts(s, "unix:")) {
        return parse_unix(span_sub(s, 5, SIZE_MAX), a, why);
    }
    bool is_tcp = span_starts(s, "tcp://");
    struct span rest = span_sub(s, 6, SIZE_MAX);
    const char *colon = rest.n > 0 ? memrchr(rest.p, ':', rest.n) : NULL;
    size_t at = colon != NULL ? (size_t)(colon - rest.p) : rest.n;
    int64_t port = 0;
    a->type = is_tcp ? SOCK_STREAM : SOCK_DGRAM;
    if ((!is_tcp && !span_starts(s, "udp://")) || colon == NULL ||
        num_parse(span_sub(rest, at + 1, SIZE_MAX), 1, 65535, &port) != ST_OK ||
        !parse_host(span_sub(rest, 0, at), (uint16_t)port, a)) {
        return why_fail(why, ST_INVALID,
                        "syslog: unix:/path, or udp:// or tcp:// to a loopback address and its "
                        "port: in clear nothing leaves this machine, a relay on it does that");
    }
    return ST_OK;
}

/* ---- the socket */

struct outlet *outlet_new(struct loop *l, const struct outlet_address *a, outlet_fn *fn, void *ctx)
{
    struct outlet *k = xcalloc(1, sizeof(*k));
    *k = (struct outlet){.loop = l, .address = *a, .fn = fn, .ctx = ctx, .fd = -1, .type = a->type};
    return k;
}

static void shut(struct outlet *k)
{
    loop_remove(k->loop, k->watch);
    loop_remove(k->loop, k->timer);
    k->watch = k->timer = 0;
    if (k->fd >= 0) {
        (void)close(k->fd);
    }
    k->fd = -1;
    k->open = false;
}

void outlet_free(struct outlet *k)
{
    if (k != NULL) {
        shut(k);
        free(k);
    }
}

static void tell_gone(void *ctx)
{
    struct outlet *k = ctx;
    k->timer = 0;
    k->fn(k->ctx, OUTLET_NEWS_GONE, k->err);
}

/* From wherever we are: told at the next turn. */
static void lose(struct outlet *k, int err)
{
    shut(k);
    k->err = err;
    k->timer = loop_timer(k->loop, 0, tell_gone, k);
}

static void tell_open(void *ctx)
{
    struct outlet *k = ctx;
    k->timer = 0;
    k->fn(k->ctx, OUTLET_NEWS_OPEN, 0);
}

static void tell_writable(void *ctx)
{
    struct outlet *k = ctx;
    k->timer = 0;
    k->fn(k->ctx, OUTLET_NEWS_WRITABLE, 0);
}

/* A collector says nothing: what can be read is its end. */
static bool has_ended(struct outlet *k)
{
    char noise[512];
    ssize_t got = recv(k->fd, noise, sizeof(noise), MSG_DONTWAIT);
    return (got == 0 && k->type == SOCK_STREAM) || (got < 0 && errno != EAGAIN && errno != EINTR);
}

static void on_ready(void *ctx, int fd, unsigned ready)
{
    struct outlet *k = ctx;
    int err = 0;
    socklen_t n = sizeof(err);
    if (!k->open) {
        (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n);
        if (err != 0 || (ready & LOOP_WRITE) == 0) {
            lose(k, err != 0 ? err : ECONNREFUSED);
            return;
        }
        k->open = true;
        loop_fd_want(k->loop, k->watch, LOOP_READ);
        k->fn(k->ctx, OUTLET_NEWS_OPEN, 0);
        return;
    }
    if ((ready & (LOOP_READ | LOOP_HANGUP)) != 0 && has_ended(k)) {
        (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n);
        lose(k, err != 0 ? err : EPIPE);
        return;
    }
    if ((ready & LOOP_WRITE) != 0) {
        loop_fd_want(k->loop, k->watch, LOOP_READ);
        k->fn(k->ctx, OUTLET_NEWS_WRITABLE, 0);
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
        shut(k);
        return err;
    }
    return 0;
}

void outlet_connect(struct outlet *k)
{
    shut(k);
    int err = try_type(k, k->address.type);
    if (err == EPROTOTYPE) { /* /dev/log may be of either kind */
        err = try_type(k, SOCK_STREAM);
    }
    if (err == 0) {
        k->open = k->type == SOCK_DGRAM;
        err = loop_fd_add(k->loop, k->fd, k->open ? LOOP_READ : LOOP_WRITE, on_ready, k,
                          &k->watch) == ST_OK
                  ? 0
                  : EIO;
    }
    if (err != 0) {
        lose(k, err);
    } else if (k->open) {
        k->timer = loop_timer(k->loop, 0, tell_open, k);
    }
}

bool outlet_is_open(const struct outlet *k)
{
    return k->open;
}

bool outlet_is_stream(const struct outlet *k)
{
    return k->type == SOCK_STREAM;
}

ssize_t outlet_send(struct outlet *k, struct span bytes)
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
        lose(k, errno);
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

size_t outlet_unacknowledged(const struct outlet *k)
{
    int left = 0;
    bool counts = k->open && k->type == SOCK_STREAM;
    return counts && ioctl(k->fd, SIOCOUTQ, &left) == 0 && left > 0 ? (size_t)left : 0;
}
