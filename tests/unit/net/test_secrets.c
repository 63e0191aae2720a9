#include "client_fixture.h"

#include <inttypes.h>
#include <libwebsockets.h>
#include <sys/wait.h>

/* A credential is not left lying about in this process once the handshake is over: its memory is
 * searched. Under a sanitizer freed memory is kept and the address space cannot be walked, so it is
 * skipped there; and a later libwebsockets than the reference keeps a copy that is out of reach. */
#define KEEPS_A_COPY (LWS_LIBRARY_VERSION_NUMBER >= 4002000)

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

enum { SECRET_BYTES = 40, KEY = 0x5a };

/* Never in the clear outside `out`, so that the search does not find itself. */
static void make_secret(char *out)
{
    for (int i = 0; i < SECRET_BYTES; i++) {
        out[i] = (char)('a' + (i * 7 + 3) % 26);
    }
}

static bool is_secret_at(const char *p, const uint8_t *hidden)
{
    for (int i = 0; i < SECRET_BYTES; i++) {
        if (((uint8_t)p[i] ^ KEY) != hidden[i]) {
            return false;
        }
    }
    return true;
}

static int count_in(const char *from, const char *to, const uint8_t *hidden)
{
    int found = 0;
    for (const char *p = from; p + SECRET_BYTES <= to; p++) {
        found += is_secret_at(p, hidden) ? 1 : 0;
    }
    return found;
}

/* In all memory that this process may write: heap, stacks, data. */
static int search(const uint8_t *hidden)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    int found = 0;
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        uintptr_t from = 0;
        uintptr_t to = 0;
        char rights[8] = "";
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, rights) == 3 &&
            strncmp(rights, "rw", 2) == 0 && strstr(line, "[v") == NULL) {
            found += count_in((const char *)from, (const char *)to, hidden);
        }
    }
    (void)fclose(maps);
    return found;
}

static void a_credential_is_gone_after_the_handshake(void **state)
{
    (void)state;
    if (WATCHED || KEEPS_A_COPY) {
        skip();
    }
    struct world *w = world_new();
    struct link l;
    char url[64];
    char secret[SECRET_BYTES];
    uint8_t hidden[SECRET_BYTES];
    struct ws_client_options o = link_options(url);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", w->port);
    make_secret(secret);
    for (int i = 0; i < SECRET_BYTES; i++) {
        hidden[i] = (uint8_t)secret[i] ^ KEY;
    }
    o.bearer = (struct span){secret, SECRET_BYTES};
    assert_true(search(hidden) > 0); /* the search works */
    link_start(&l, w, &o);
    explicit_bzero(secret, sizeof(secret));
    assert_true(search(hidden) > 0); /* ours, until it is sent */
    WAIT(w, l.opened == 1);          /* both ends are in this process */
    assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    assert_int_equal(search(hidden), 0);
    link_end(&l);
    world_free(w);
}

/* ---- requests in pieces, to a server in a process of its own */

static void serve_one(int listen_fd)
{
    static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    char text[4096] = "";
    size_t n = 0;
    int fd = accept(listen_fd, NULL, NULL);
    while (fd >= 0 && memmem(text, n, "hello", 5) == NULL && n < sizeof(text)) {
        ssize_t got = read(fd, text + n, sizeof(text) - n);
        if (got <= 0) {
            _exit(1);
        }
        n += (size_t)got;
    }
    (void)!write(fd, ANSWER, sizeof(ANSWER) - 1);
    (void)!read(fd, text, sizeof(text)); /* the connection is kept */
    _exit(0);
}

static pid_t serve_apart(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    *port = ntohs(at.sin_port);
    pid_t pid = fork();
    if (pid == 0) {
        serve_one(fd);
    }
    close(fd);
    return pid;
}

struct told {
    int heads, pieces, ended;
};

static void told_head(void *ctx, net_id id, int status, const struct http_field *f, size_t count)
{
    struct told *t = ctx;
    (void)id, (void)f, (void)count;
    t->heads += status == 200;
}

static void told_piece(void *ctx, net_id id, struct span bytes)
{
    struct told *t = ctx;
    (void)id, (void)bytes;
    t->pieces++;
}

static void told_room(void *ctx, net_id id)
{
    (void)ctx, (void)id;
}

static void told_end(void *ctx, net_id id, const char *why)
{
    struct told *t = ctx;
    (void)id;
    assert_null(why);
    t->ended++;
}

static void a_key_is_gone_after_the_answer(void **state)
{
    (void)state;
    static const struct http_stream_events EVENTS = {told_head, told_piece, told_room, told_end};
    if (WATCHED) {
        skip();
    }
    int port = 0;
    pid_t server = serve_apart(&port);
    struct world *w = world_new();
    struct told t = {0};
    struct why why = {0};
    char origin[64];
    char secret[SECRET_BYTES];
    uint8_t hidden[SECRET_BYTES];
    net_id id = 0;
    (void)snprintf(origin, sizeof(origin), "http://127.0.0.1:%d", port);
    make_secret(secret);
    for (int i = 0; i < SECRET_BYTES; i++) {
        hidden[i] = (uint8_t)secret[i] ^ KEY;
    }
    struct http_field field = {
        SPAN("x-api-key"), {secret, SECRET_BYTES}
    };
    struct http_stream_request r = {.origin = origin,
                                    .target = "/",
                                    .method = "POST",
                                    .fields = &field,
                                    .field_count = 1,
                                    .length = 5};
    assert_int_equal(net_http_open(w->net, &r, &EVENTS, &t, &id, &why), ST_OK);
    explicit_bzero(secret, sizeof(secret));
    assert_true(search(hidden) > 0); /* libcurl's, until it is sent */
    assert_int_equal(net_http_send(w->net, id, SPAN("hello")), ST_OK);
    net_http_sent(w->net, id);
    WAIT(w, t.ended == 1);
    assert_int_equal(t.heads, 1);
    assert_int_equal(search(hidden), 0);
    world_free(w);
    assert_int_equal(waitpid(server, NULL, 0), server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_gone_after_the_answer),
        cmocka_unit_test(a_credential_is_gone_after_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
