#include "peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "checkrein/alloc.h"
#include "checkrein/codec.h"

#define WIRE_BYTES  ((size_t)4 << 30)
#define CLIENT_SAYS 65536

int peer_listen(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 4) == 0 &&
                   getsockname(fd, (struct sockaddr *)&a, &n) == 0,
               "listen");
    *port = ntohs(a.sin_port);
    return fd;
}

bool peer_send(struct peer *p, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(p->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        bytes = span_sub(bytes, (size_t)n, SIZE_MAX);
    }
    return true;
}

static bool receive(struct peer *p, int flags)
{
    ssize_t n = recv(p->fd, p->bytes, sizeof(p->bytes), flags);
    p->unread = (struct span){p->bytes, n > 0 ? (size_t)n : 0};
    return n > 0;
}

struct span peer_heard(struct peer *p)
{
    struct ws_item item;
    do {
        if (p->unread.n == 0 && !receive(p, MSG_DONTWAIT)) {
            return SPAN_NONE;
        }
        p->unread = span_sub(p->unread, ws_reader_feed(&p->reader, p->unread, &item), SIZE_MAX);
    } while (item.kind != WS_ITEM_TEXT);
    return item.bytes;
}

static bool upgrade(struct peer *p, const char *subprotocol)
{
    static const char KEY[] = "sec-websocket-key:";
    char head[CLIENT_SAYS] = "";
    size_t have = 0;
    while (strstr(head, "\r\n\r\n") == NULL) {
        ssize_t n = recv(p->fd, head + have, sizeof(head) - 1 - have, 0);
        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
        head[have] = '\0';
    }
    char accept[WS_ACCEPT_BYTES];
    const char *key = strcasestr(head, KEY);
    if (key == NULL) {
        return false;
    }
    struct span rest = span_str(key + sizeof(KEY) - 1);
    key = span_trim(span_sub(rest, 0, span_find(rest, '\r'))).p;
    ws_accept((struct span){key, 24}, accept);
    struct buf answer;
    buf_init(&answer, CLIENT_SAYS);
    (void)buf_printf(
        &answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n",
        accept);
    if (subprotocol != NULL) {
        (void)buf_printf(&answer, "Sec-WebSocket-Protocol: %s\r\n", subprotocol);
    }
    (void)buf_addstr(&answer, "\r\n");
    bool sent = peer_send(p, buf_span(&answer));
    buf_release(&answer);
    return sent;
}

static bool hear_hello(struct peer *p)
{
    struct pollfd fd = {p->fd, POLLIN, 0};
    while (peer_heard(p).n == 0) {
        if (poll(&fd, 1, 5000) <= 0) {
            return false;
        }
    }
    return true;
}

static bool say_hello(struct peer *p)
{
    struct msg_hello h = {.protocol = PROTOCOL_VERSION,
                          .name = SPAN("bench"),
                          .version = SPAN("1"),
                          .instance = SPAN("01KB3ZQ6Y1T9WJ4M8V2C5R7XHN"),
                          .operator_id = SPAN("uid:0"),
                          .scopes = (1u << SCOPE_COUNT) - 1,
                          .verbs = (1u << VERB_COUNT) - 2,
                          .heartbeat_ms = 20000};
    struct buf text;
    struct buf frame;
    buf_init(&text, CLIENT_SAYS);
    buf_init(&frame, CLIENT_SAYS);
    bench_must(codec_write_server_hello(&text, &h) == ST_OK &&
                   ws_write_frame(&frame, WS_TEXT, buf_span(&text)) == ST_OK,
               "write hello");
    bool sent = peer_send(p, buf_span(&frame));
    buf_release(&text);
    buf_release(&frame);
    return sent;
}

bool peer_meet(struct peer *p, int listener, const char *subprotocol)
{
    int one = 1;
    *p = (struct peer){.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};
    bench_must(p->fd >= 0, "accept");
    (void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    ws_reader_init(&p->reader, CLIENT_SAYS, 16);
    if (upgrade(p, subprotocol)) {
        return true;
    }
    peer_close(p);
    return false;
}

bool peer_accept(struct peer *p, int listener)
{
    if (!peer_meet(p, listener, PROTOCOL_NAME)) {
        return false;
    }
    if (hear_hello(p) && say_hello(p)) {
        return true;
    }
    peer_close(p);
    return false;
}

void peer_close(struct peer *p)
{
    (void)close(p->fd);
    ws_reader_release(&p->reader);
}

void frames_load(struct frames *f, const char *path)
{
    struct span text = bench_file(path);
    struct span rest = text;
    struct span line;
    *f = (struct frames){0};
    buf_init(&f->wire, WIRE_BYTES);
    while (span_next(&rest, '\n', &line)) {
        if (line.n == 0) {
            continue;
        }
        bench_must(ws_write_frame(&f->wire, WS_TEXT, line) == ST_OK, "keep so many frames");
        GROW(f->ends, f->cap, f->count + 1);
        f->ends[f->count++] = f->wire.len;
        if (span_starts(line, "{\"kind\":\"synced\"")) {
            f->state = f->count;
        }
    }
    free((char *)text.p);
}

void frames_release(struct frames *f)
{
    buf_release(&f->wire);
    free(f->ends);
}

struct span frames_between(const struct frames *f, size_t from, size_t to)
{
    size_t start = from > 0 ? f->ends[from - 1] : 0;
    size_t end = to > 0 ? f->ends[to - 1] : 0;
    return (struct span){f->wire.data + start, end - start};
}
