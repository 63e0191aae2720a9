/* client_fixture.h - an outgoing connection under test, and a raw server that can misbehave. */
#ifndef CHECKREIN_TESTS_NET_CLIENT_FIXTURE_H
#define CHECKREIN_TESTS_NET_CLIENT_FIXTURE_H

#include "fixture.h"

#include "ws_frame_priv.h"

struct link {
    struct world *w;
    net_id id;
    int opened, messages, closed, code, http_status;
    char why[256];
    struct buf last;
};

static inline void on_opened(void *ctx, net_id id)
{
    struct link *l = ctx;
    assert_true(id == l->id);
    assert_int_equal(l->closed, 0);
    l->opened++;
}

static inline void on_message(void *ctx, net_id id, struct span text)
{
    struct link *l = ctx;
    assert_true(id == l->id);
    assert_int_equal(l->opened, 1);
    assert_int_equal(l->closed, 0);
    l->messages++;
    buf_clear(&l->last);
    assert_int_equal(buf_add(&l->last, text), ST_OK);
}

static inline void on_closed(void *ctx, net_id id, int code, int http_status, const char *why)
{
    struct link *l = ctx;
    assert_true(id == l->id);
    l->closed++;
    l->code = code;
    l->http_status = http_status;
    (void)snprintf(l->why, sizeof(l->why), "%s", why);
    assert_int_equal(net_ws_send(l->w->net, id, SPAN("late")), ST_CLOSED);
}

static const struct ws_events link_events = {on_opened, on_message, on_closed};

static inline struct ws_client_options link_options(const char *url)
{
    return (struct ws_client_options){.url = url,
                                      .protocol = "checkrein.v1",
                                      .message_bytes = 512 * 1024,
                                      .queue_bytes = 1024 * 1024};
}

static inline void link_start(struct link *l, struct world *w, const struct ws_client_options *o)
{
    struct why why = {0};
    *l = (struct link){.w = w};
    buf_init(&l->last, 1024 * 1024);
    if (net_ws_connect(w->net, o, &link_events, l, &l->id, &why) != ST_OK) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(l->opened + l->closed, 0); /* nothing from inside the call */
}

static inline void link_end(struct link *l)
{
    buf_release(&l->last);
}

/* ---- a raw server: takes one connection */

struct fake {
    struct world *w;
    int listen_fd;
    loop_id watch;
    int port;
    int taken;
    struct peer peer;
};

static inline void on_fake_ready(void *ctx, int fd, unsigned ready)
{
    struct fake *f = ctx;
    (void)ready;
    int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(got >= 0);
    if (f->taken++ > 0) {
        close(got);
        return;
    }
    peer_take(&f->peer, f->w, got);
}

static inline void fake_start(struct fake *f, struct world *w)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    *f = (struct fake){.w = w};
    f->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(f->listen_fd, 4), 0);
    assert_int_equal(getsockname(f->listen_fd, (struct sockaddr *)&at, &n), 0);
    f->port = ntohs(at.sin_port);
    assert_int_equal(loop_fd_add(w->loop, f->listen_fd, LOOP_READ, on_fake_ready, f, &f->watch),
                     ST_OK);
}

static inline void fake_stop(struct fake *f)
{
    loop_remove(f->w->loop, f->watch);
    close(f->listen_fd);
    if (f->taken > 0) {
        peer_hang_up(&f->peer);
    }
}

/* Waits for the client's request and gives the accept value for its key. */
static inline void fake_request(struct fake *f, char accept[WS_ACCEPT_BYTES])
{
    WAIT(f->w, f->taken > 0 && peer_has(&f->peer, "\r\n\r\n"));
    const char *key = strstr(f->peer.got.data, "Sec-WebSocket-Key: ");
    assert_non_null(key);
    ws_accept((struct span){key + strlen("Sec-WebSocket-Key: "), 24}, accept);
}

static inline void fake_agree(struct fake *f, const char *accept, const char *protocol,
                              const char *extra)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s%s\r\n",
                   accept, protocol, extra);
    buf_clear(&f->peer.got);
    peer_says(&f->peer, text);
}

static inline void fake_answer(struct fake *f, const char *protocol, const char *extra)
{
    char accept[WS_ACCEPT_BYTES];
    fake_request(f, accept);
    fake_agree(f, accept, protocol, extra);
}

/* A fake that agreed to a connection, and the open connection. */
static inline void fake_open(struct fake *f, struct link *l, struct world *w,
                             struct ws_client_options o)
{
    char url[64];
    fake_start(f, w);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/feed", f->port);
    o.url = url;
    link_start(l, w, &o);
    fake_answer(f, "Sec-WebSocket-Protocol: checkrein.v1\r\n", "");
    WAIT(w, l->opened == 1);
}

/* Frames as a server sends them: no mask. */
static inline void fake_frame(struct fake *f, unsigned first, struct span payload)
{
    struct buf b;
    buf_init(&b, payload.n + 64);
    put_frame(&b, first, payload, false, payload.n);
    (void)peer_send(&f->peer, buf_span(&b));
    buf_release(&b);
}

#endif
