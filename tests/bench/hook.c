/* bench_hook PORT TOKEN_FILE CALLS FOLDER: what the gate adds to a call that policy allows: POST
 * /hook/claude, one after the other on one connection, from the first byte of the question to the
 * last of the answer. The daemon makes its record durable before it answers, so a bare append +
 * fdatasync in FOLDER is measured after each call.
 */
#include <inttypes.h>
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
#include "checkrein/buf.h"
#include "checkrein/num.h"

#define CALLS_MAX    100000
#define ANSWER_BYTES 65536

struct client {
    int fd, port;
    struct span token;
    struct buf request;
    char answer[ANSWER_BYTES];
};

static int connect_to(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bench_must(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 20},
                     sizeof(struct timeval));
    return fd;
}

/* The bytes of a whole answer are here: its head, and as much as that announced. */
static bool is_whole(const char *answer, size_t have)
{
    const char *end = strstr(answer, "\r\n\r\n");
    const char *length = strcasestr(answer, "content-length:");
    int64_t body = 0;
    if (end == NULL || length == NULL || length > end) {
        return false;
    }
    struct span rest = span_str(length + strlen("content-length:"));
    struct span digits = span_trim(span_sub(rest, 0, span_find(rest, '\r')));
    bench_must(num_parse(digits, 0, ANSWER_BYTES, &body) == ST_OK, "understand the answer");
    return have >= (size_t)(end - answer) + 4 + (size_t)body;
}

static double ask(struct client *c, struct span body, const char *wanted)
{
    buf_clear(&c->request);
    (void)buf_printf(
        &c->request,
        "POST /hook/claude HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %.*s\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%.*s",
        c->port, SPAN_ARG(c->token), body.n, SPAN_ARG(body));
    double began = bench_wall_s();
    bench_must(send(c->fd, c->request.data, c->request.len, MSG_NOSIGNAL) ==
                   (ssize_t)c->request.len,
               "ask");
    size_t have = 0;
    c->answer[0] = '\0';
    while (!is_whole(c->answer, have)) {
        ssize_t n = recv(c->fd, c->answer + have, sizeof(c->answer) - 1 - have, 0);
        bench_must(n > 0, "hear the answer");
        have += (size_t)n;
        c->answer[have] = '\0';
    }
    double took = bench_wall_s() - began;
    if (strstr(c->answer, wanted) == NULL) {
        (void)fprintf(stderr, "%s\n", c->answer);
        bench_must(false, "get the answer that was expected");
    }
    return took;
}

static double call(struct client *c, size_t i)
{
    char body[1024];
    (void)snprintf(
        body, sizeof(body),
        "{\"hook_event_name\":\"PreToolUse\",\"session_id\":\"bench\",\"cwd\":\"/srv/checkouts/"
        "payments\","
        "\"permission_mode\":\"default\",\"tool_name\":\"Bash\",\"tool_use_id\":\"toolu_%zu\","
        "\"tool_input\":{\"command\":\"make -j2 check-session-%zu\","
        "\"description\":\"Run the unit tests\"}}",
        i, i);
    double took = ask(c, span_str(body), "\"allow\"");
    (void)snprintf(body, sizeof(body),
                   "{\"hook_event_name\":\"PostToolUse\",\"session_id\":\"bench\",\"cwd\":\"/srv/"
                   "checkouts/payments\","
                   "\"tool_name\":\"Bash\",\"tool_use_id\":\"toolu_%zu\",\"tool_input\":{},"
                   "\"tool_response\":{\"stdout\":\"ok\"}}",
                   i);
    (void)ask(c, span_str(body), "200");
    return took;
}

int main(int argc, char **argv)
{
    struct client *c = xcalloc(1, sizeof(*c));
    c->port = (int)bench_number(argc, argv, 1, 1, 65535);
    c->fd = connect_to(c->port);
    struct span token = bench_file(bench_word(argc, argv, 2));
    c->token = span_trim(token);
    size_t calls = (size_t)bench_number(argc, argv, 3, 1, CALLS_MAX);
    const char *folder = bench_word(argc, argv, 4);
    double *took = xcalloc(calls, sizeof(*took));
    double *bare = xcalloc(calls, sizeof(*bare));
    buf_init(&c->request, ANSWER_BYTES);
    (void)call(c, CALLS_MAX);
    for (size_t i = 0; i < calls; i++) {
        took[i] = call(c, i);
        bare[i] = bench_fdatasync_s(folder);
    }
    (void)printf(
        "{\"calls\":%zu,\"p50_us\":%.0f,\"p99_us\":%.0f,\"fdatasync_p50_us\":%.0f,\"fdatasync_p99_"
        "us\":%.0f}\n",
        calls, bench_percentile(took, calls, 0.5) * 1e6, bench_percentile(took, calls, 0.99) * 1e6,
        bench_percentile(bare, calls, 0.5) * 1e6, bench_percentile(bare, calls, 0.99) * 1e6);
    buf_release(&c->request);
    free((char *)token.p);
    free(took);
    free(bare);
    free(c);
    return 0;
}
