/* fixture.h - one loop with a server under test and raw sockets that play its clients, or its
 * servers.
 *
 * WAIT turns the loop until a condition holds and fails the test at its deadline: nothing sleeps.
 */
#ifndef CHECKREIN_TESTS_NET_FIXTURE_H
#define CHECKREIN_TESTS_NET_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/clock.h"
#include "checkrein/log.h"
#include "checkrein/loop.h"
#include "checkrein/net.h"

/* SPAN() is no constant initialiser to a strict gcc. */
#define BYTES_OF(literal)                                                                          \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define NO_BYTES                                                                                   \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

#define DEADLINE_MS 10000
#define WAIT(w, condition)                                                                         \
    do {                                                                                           \
        int64_t wait_end = clock_mono_us() + DEADLINE_MS * 1000;                                   \
        while (!(condition)) {                                                                     \
            if (clock_mono_us() > wait_end) {                                                      \
                fail_msg("%s:%d: never came: %s", __FILE__, __LINE__, #condition);                 \
            }                                                                                      \
            assert_int_equal(loop_turn((w)->loop, 20), ST_OK);                                     \
        }                                                                                          \
    } while (0)

enum { REQUESTS_MAX = 2100 };

struct request {
    net_id id;
    char method[16], path[128], query[128], extra[128];
    uid_t uid;
    bool gone;
    size_t body_bytes;
    char body[64]; /* its start */
};

struct world {
    struct loop *loop;
    struct net *net;
    net_id listener;
    int port;
    char folder[64], path[96];

    int admit_status; /* what admit() answers */
    int admits, admitted_upgrades;
    bool check_token, check_origin;
    bool answer_at_once;
    size_t requests_count;
    struct request requests[REQUESTS_MAX];
    int gone;

    net_id ws;
    int ws_opened, ws_messages, ws_closed, ws_code;
    uid_t ws_uid;
    char ws_why[200];
    bool echo;
    enum status echo_status;
    struct buf ws_last;
};

static inline struct request *request_of(struct world *w, net_id id)
{
    for (size_t i = w->requests_count; i-- > 0;) {
        if (w->requests[i].id == id) {
            return &w->requests[i];
        }
    }
    return NULL;
}

static inline int on_admit(void *ctx, const struct http_head *head, bool upgrade)
{
    struct world *w = ctx;
    w->admits++;
    w->admitted_upgrades += upgrade ? 1 : 0;
    if (w->check_origin && head->has_origin && !span_is(head->origin, "http://localhost")) {
        return 403;
    }
    if (w->check_token && !span_is(head->authorization, "Bearer s3cret")) {
        return 401;
    }
    return w->admit_status;
}

static inline void on_request(void *ctx, net_id id, const struct http_head *head, struct span body)
{
    struct world *w = ctx;
    assert_true(w->requests_count < REQUESTS_MAX);
    struct request *r = &w->requests[w->requests_count++];
    *r = (struct request){.id = id, .uid = head->peer_uid, .body_bytes = body.n};
    (void)span_copy(head->method, r->method, sizeof(r->method));
    (void)span_copy(head->path, r->path, sizeof(r->path));
    (void)span_copy(head->query, r->query, sizeof(r->query));
    (void)span_copy(head->header(head, "x-extra"), r->extra, sizeof(r->extra));
    (void)span_copy(body, r->body, sizeof(r->body));
    if (w->answer_at_once) {
        assert_int_equal(net_http_reply(w->net, id, 200, "text/plain", body), ST_OK);
    }
}

static inline void on_request_gone(void *ctx, net_id id)
{
    struct world *w = ctx;
    struct request *r = request_of(w, id);
    assert_non_null(r);
    assert_false(r->gone);
    r->gone = true;
    w->gone++;
    assert_int_equal(net_http_reply(w->net, id, 200, NULL, SPAN_NONE), ST_CLOSED);
}

static inline void on_ws_opened(void *ctx, net_id id, const struct http_head *head)
{
    struct world *w = ctx;
    w->ws = id;
    w->ws_opened++;
    w->ws_uid = head->peer_uid;
}

static inline void on_ws_message(void *ctx, net_id id, struct span text)
{
    struct world *w = ctx;
    w->ws_messages++;
    buf_clear(&w->ws_last);
    assert_int_equal(buf_add(&w->ws_last, text), ST_OK);
    if (w->echo) {
        w->echo_status = net_ws_send(w->net, id, text);
    }
}

static inline void on_ws_closed(void *ctx, net_id id, int code, const char *why)
{
    struct world *w = ctx;
    w->ws_closed++;
    w->ws_code = code;
    (void)snprintf(w->ws_why, sizeof(w->ws_why), "%s", why);
    assert_int_equal(net_ws_send(w->net, id, SPAN("late")), ST_CLOSED);
}

static const struct server_events world_events = {
    .admit = on_admit,
    .request = on_request,
    .request_gone = on_request_gone,
    .ws_opened = on_ws_opened,
    .ws_message = on_ws_message,
    .ws_closed = on_ws_closed,
};

static inline struct server_options world_options(void)
{
    return (struct server_options){
        .protocol = "checkrein.v1",
        .body_bytes = 64 * 1024,
        .message_bytes = 512 * 1024,
        .queue_bytes = 1024 * 1024,
        .max_connections = 2000,
        .header_ms = 400,
    };
}

static inline void quiet(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    (void)level;
    (void)line;
}

static inline struct world *world_bare(void)
{
    struct world *w = xcalloc(1, sizeof(*w));
    struct why why = {0};
    log_set_sink(quiet, NULL);
    assert_int_equal(loop_new(&w->loop, &why), ST_OK);
    assert_int_equal(net_new(&w->net, w->loop, &why), ST_OK);
    buf_init(&w->ws_last, 4 * 1024 * 1024);
    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/checkrein-net-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)snprintf(w->path, sizeof(w->path), "%s/run/s.sock", w->folder);
    return w;
}

static inline void world_listen(struct world *w, const struct server_options *o)
{
    struct why why = {0};
    enum status st = net_listen(w->net, o, &world_events, w, &w->listener, &w->port, &why);
    if (st != ST_OK) {
        fail_msg("%s", why.text);
    }
}

static inline struct world *world_new(void)
{
    struct world *w = world_bare();
    struct server_options o = world_options();
    world_listen(w, &o);
    assert_true(w->port > 0);
    return w;
}

static inline struct world *world_new_unix(void)
{
    struct world *w = world_bare();
    struct server_options o = world_options();
    o.unix_path = w->path;
    world_listen(w, &o);
    return w;
}

static inline void world_free(struct world *w)
{
    char path[128];
    net_free(w->net);
    loop_free(w->loop);
    buf_release(&w->ws_last);
    assert_int_not_equal(access(w->path, F_OK), 0); /* the server took its socket away */
    (void)snprintf(path, sizeof(path), "%s.lock", w->path);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/run", w->folder);
    (void)rmdir(path);
    assert_int_equal(rmdir(w->folder), 0);
    free(w);
}

/* ---- a raw socket */

struct peer {
    struct world *w;
    int fd;
    loop_id watch;
    bool closed;
    bool reset;
    bool deaf; /* reads nothing */
    struct buf got;
};

static inline void on_peer(void *ctx, int fd, unsigned ready)
{
    struct peer *p = ctx;
    char bytes[65536];
    (void)ready;
    ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n > 0) {
        assert_int_equal(buf_append(&p->got, bytes, (size_t)n), ST_OK);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        p->closed = true;
        p->reset = n < 0;
        loop_remove(p->w->loop, p->watch);
    }
}

static inline void peer_take(struct peer *p, struct world *w, int fd)
{
    *p = (struct peer){.w = w, .fd = fd};
    buf_init(&p->got, 64 * 1024 * 1024);
    assert_int_equal(loop_fd_add(w->loop, fd, LOOP_READ, on_peer, p, &p->watch), ST_OK);
}

static inline void peer_tcp(struct peer *p, struct world *w)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)w->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    peer_take(p, w, fd);
}

static inline int unix_connect(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static inline void peer_unix(struct peer *p, struct world *w)
{
    int fd = unix_connect(w->path);
    assert_true(fd >= 0);
    peer_take(p, w, fd);
}

static inline void peer_deaf(struct peer *p)
{
    p->deaf = true;
    loop_fd_want(p->w->loop, p->watch, 0);
}

static inline void peer_hang_up(struct peer *p)
{
    loop_remove(p->w->loop, p->watch);
    if (p->fd >= 0) {
        close(p->fd);
    }
    p->fd = -1;
    buf_release(&p->got);
}

/* All of it, turning the loop while the socket is full; false when the other side is gone. */
static inline bool peer_send(struct peer *p, struct span s)
{
    int64_t end = clock_mono_us() + DEADLINE_MS * 1000;
    while (s.n > 0) {
        ssize_t n = send(p->fd, s.p, s.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            s = span_sub(s, (size_t)n, s.n);
        } else if (errno != EAGAIN) {
            return false;
        }
        assert_true(clock_mono_us() < end);
        assert_int_equal(loop_turn(p->w->loop, n > 0 ? 0 : 10), ST_OK);
    }
    return true;
}

static inline void peer_says(struct peer *p, const char *text)
{
    assert_true(peer_send(p, span_str(text)));
}

static inline bool peer_has(const struct peer *p, const char *text)
{
    return p->got.len > 0 && memmem(p->got.data, p->got.len, text, strlen(text)) != NULL;
}

/* ---- frames as a client sends them */

static inline void put_frame(struct buf *b, unsigned first, struct span payload, bool masked,
                             uint64_t claimed)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    uint8_t head[14] = {(uint8_t)first};
    size_t n = 2;
    if (claimed < 126) {
        head[1] = (uint8_t)claimed;
    } else if (claimed < 65536) {
        head[1] = 126;
        n = 4;
    } else {
        head[1] = 127;
        n = 10;
    }
    for (size_t i = 2; i < n; i++) {
        head[i] = (uint8_t)(claimed >> (8 * (n - 1 - i)));
    }
    head[1] |= masked ? 0x80 : 0;
    assert_int_equal(buf_append(b, head, n), ST_OK);
    if (masked) {
        assert_int_equal(buf_append(b, mask, 4), ST_OK);
    }
    for (size_t i = 0; i < payload.n; i++) {
        uint8_t c = (uint8_t)payload.p[i];
        assert_int_equal(buf_addch(b, (char)(masked ? c ^ mask[i & 3] : c)), ST_OK);
    }
}

static inline bool peer_frame(struct peer *p, unsigned first, struct span payload)
{
    struct buf b;
    buf_init(&b, payload.n + 64);
    put_frame(&b, first, payload, true, payload.n);
    bool sent = peer_send(p, buf_span(&b));
    buf_release(&b);
    return sent;
}

static const char upgrade_request[] =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: other, checkrein.v1\r\n";

static inline void peer_upgrade(struct peer *p)
{
    peer_says(p, upgrade_request);
    peer_says(p, "\r\n");
    WAIT(p->w, peer_has(p, "\r\n\r\n"));
    assert_true(peer_has(p, "HTTP/1.1 101 "));
    assert_true(peer_has(p, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    buf_clear(&p->got);
}

/* The code of the close frame at the end of what came, 0 when there is none. */
static inline int peer_close_code(const struct peer *p)
{
    const uint8_t *s = (const uint8_t *)p->got.data;
    size_t at = 0;
    while (at + 2 <= p->got.len) {
        size_t n = s[at + 1] & 0x7f;
        size_t head = 2;
        if (n == 126 && at + 4 <= p->got.len) {
            n = (size_t)s[at + 2] << 8 | s[at + 3];
            head = 4;
        } else if (n == 127 && at + 10 <= p->got.len) {
            n = 0;
            for (size_t i = 2; i < 10; i++) {
                n = n << 8 | s[at + i];
            }
            head = 10;
        }
        if ((s[at] & 0x0f) == 8 && n >= 2 && at + head + 2 <= p->got.len) {
            return s[at + head] << 8 | s[at + head + 1];
        }
        at += head + n;
    }
    return 0;
}

#endif
