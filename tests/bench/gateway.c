/* bench_gateway UPSTREAM_PORT GATEWAY_PORT UPSTREAM_NAME TOKEN_FILE CALLS EVENTS: what the lease
 * gateway adds. This program is the upstream and the client too, so that one clock sees both ends:
 * an event of a stream from where it is written to where it is read, and a request from its first
 * byte to the first event of its answer; straight, and through the gateway, in turns.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench.h"
#include "checkrein/alloc.h"

#define MOST       1000000
#define TEXT_BYTES 65536

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n";
static const char EVENT[] =
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
    "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"some words\"}}\n\n";

static void set_up(int fd)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 20},
                     sizeof(struct timeval));
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_at(int port)
{
    struct sockaddr_in at = loopback(port);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    bench_must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 8) == 0,
               "be the upstream");
    set_up(fd);
    return fd;
}

static int connect_to(int port)
{
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bench_must(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "connect");
    set_up(fd);
    return fd;
}

static void say(int fd, const char *text, size_t n)
{
    bench_must(send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n, "send");
}

/* Until these bytes have come. */
static void hear(int fd, const char *wanted)
{
    static char text[TEXT_BYTES];
    size_t have = 0;
    for (;;) {
        ssize_t n = recv(fd, text + have, sizeof(text) - have, 0);
        bench_must(n > 0, "hear");
        have += (size_t)n;
        if (memmem(text, have, wanted, strlen(wanted)) != NULL) {
            return;
        }
    }
}

struct way {         /* straight, or through the gateway */
    int front, back; /* the client's end, the upstream's end */
    char request[2048];
    double *first, *event;
    size_t firsts, events;
};

static void write_event(int fd)
{
    char chunk[512];
    int n = snprintf(chunk, sizeof(chunk), "%zx\r\n%s\r\n", sizeof(EVENT) - 1, EVENT);
    say(fd, chunk, (size_t)n);
}

/* One request with its stream. The upstream's connection is kept, also behind the gateway. */
static void call(struct way *w, int listener, size_t events)
{
    double began = bench_wall_s();
    say(w->front, w->request, strlen(w->request));
    if (w->back < 0) {
        w->back = accept(listener, NULL, NULL);
        bench_must(w->back >= 0, "take a connection");
        set_up(w->back);
    }
    hear(w->back, "\r\n\r\nhello");
    say(w->back, HEAD, sizeof(HEAD) - 1);
    write_event(w->back);
    hear(w->front, "some words");
    w->first[w->firsts++] = bench_wall_s() - began;
    for (size_t i = 0; i < events; i++) {
        began = bench_wall_s();
        write_event(w->back);
        hear(w->front, "some words");
        w->event[w->events++] = bench_wall_s() - began;
    }
    say(w->back, "0\r\n\r\n", 5);
    hear(w->front, "0\r\n\r\n");
}

static void way_open(struct way *w, int port, const char *path, const char *token, size_t calls,
                     size_t events)
{
    w->front = connect_to(port);
    w->back = -1;
    w->first = xcalloc(calls + 1, sizeof(double));
    w->event = xcalloc(calls * events + events, sizeof(double));
    (void)snprintf(
        w->request, sizeof(w->request),
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nx-api-key: %s\r\nContent-Length: 5\r\n\r\n"
        "hello",
        path, port, token);
}

static void print(const char *name, struct way *w)
{
    (void)printf("\"%s\":{\"first_p50_us\":%.1f,\"first_p99_us\":%.1f,\"event_p50_us\":%.1f,"
                 "\"event_p99_us\":%.1f}",
                 name, bench_percentile(w->first, w->firsts, 0.5) * 1e6,
                 bench_percentile(w->first, w->firsts, 0.99) * 1e6,
                 bench_percentile(w->event, w->events, 0.5) * 1e6,
                 bench_percentile(w->event, w->events, 0.99) * 1e6);
    free(w->first);
    free(w->event);
}

int main(int argc, char **argv)
{
    int upstream = (int)bench_number(argc, argv, 1, 1, 65535);
    int gateway = (int)bench_number(argc, argv, 2, 1, 65535);
    char path[128];
    (void)snprintf(path, sizeof(path), "/u/%.60s/v1/messages", bench_word(argc, argv, 3));
    struct span file = bench_file(bench_word(argc, argv, 4));
    struct span token = span_trim(file);
    size_t calls = (size_t)bench_number(argc, argv, 5, 1, MOST);
    size_t events = (size_t)bench_number(argc, argv, 6, 1, (int64_t)(MOST / calls));
    char text[128];
    (void)span_copy(token, text, sizeof(text));
    int listener = listen_at(upstream);
    struct way straight;
    struct way through;
    straight = through = (struct way){0};
    way_open(&straight, upstream, "/v1/messages", text, calls, events);
    way_open(&through, gateway, path, text, calls, events);
    call(&straight, listener, 0); /* connections and memory are warm afterwards */
    call(&through, listener, 0);
    straight.firsts = through.firsts = 0;
    for (size_t i = 0; i < calls; i++) {
        call(&straight, listener, events);
        call(&through, listener, events);
    }
    (void)printf("{");
    print("straight", &straight);
    (void)printf(",");
    print("through", &through);
    (void)printf("}\n");
    free((char *)file.p);
    return 0;
}
