#include "fixture.h"

#include <sys/file.h>

static void a_request_comes_whole_and_its_answer_goes_back(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p,
              "POST /hook/pre?x=1&y=%20 HTTP/1.1\r\nHost: localhost\r\nX-Extra:  some words \r\n"
              "Content-Length: 5\r\n\r\nhe");
    assert_int_equal(loop_turn(w->loop, 0), ST_OK);
    assert_int_equal(w->admits, 1); /* before the body is there */
    assert_int_equal(w->requests_count, 0);
    peer_says(&p, "llo");
    WAIT(w, w->requests_count == 1);
    const struct request *r = &w->requests[0];
    assert_string_equal(r->method, "POST");
    assert_string_equal(r->path, "/hook/pre");
    assert_string_equal(r->query, "x=1&y=%20");
    assert_string_equal(r->extra, "some words");
    assert_string_equal(r->body, "hello");
    assert_true(r->uid == (uid_t)-1);
    assert_int_equal(net_http_reply(w->net, r->id, 200, "application/json", SPAN("{\"ok\":1}")),
                     ST_OK);
    assert_int_equal(net_http_reply(w->net, r->id, 200, NULL, SPAN("again")), ST_CLOSED);
    WAIT(w, peer_has(&p, "{\"ok\":1}"));
    assert_true(peer_has(&p, "HTTP/1.1 200 OK\r\n"));
    assert_true(peer_has(&p, "Content-Type: application/json\r\n"));
    assert_true(peer_has(&p, "Content-Length: 8\r\n"));
    assert_false(peer_has(&p, "again"));
    assert_true(net_idle(w->net));
    peer_hang_up(&p);
    world_free(w);
}

static void connections_are_kept_and_pipelines_answered_in_order(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p, "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\noneGET /2 HTTP/1.1\r\n"
                  "Host: h\r\n\r\nPOST /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nthree");
    WAIT(w, w->requests_count == 1);
    assert_int_equal(loop_turn(w->loop, 30), ST_OK);
    assert_int_equal(w->requests_count, 1); /* the second waits for the first answer */
    assert_int_equal(net_http_reply(w->net, w->requests[0].id, 200, NULL, SPAN("A")), ST_OK);
    WAIT(w, w->requests_count == 2);
    assert_int_equal(net_http_reply(w->net, w->requests[1].id, 404, NULL, SPAN("B")), ST_OK);
    WAIT(w, w->requests_count == 3);
    assert_string_equal(w->requests[2].body, "three");
    assert_int_equal(net_http_reply(w->net, w->requests[2].id, 200, NULL, SPAN("C")), ST_OK);
    WAIT(w, peer_has(&p, "\r\n\r\nC"));
    assert_true(peer_has(&p, "\r\n\r\nAHTTP/1.1 404 Not Found"));
    assert_true(peer_has(&p, "\r\n\r\nBHTTP/1.1 200 OK"));
    w->answer_at_once = true;
    peer_says(&p,
              "POST /4 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast");
    WAIT(w, p.closed);
    assert_true(peer_has(&p, "Connection: close\r\n\r\nlast"));
    assert_false(p.reset);
    peer_hang_up(&p);
    world_free(w);
}

/* What was read ahead is looked at before more is read: a whole pipeline fits in no buffer. */
static void a_long_pipeline_loses_nothing(void **state)
{
    (void)state;
    enum { N = 150, BODY = 4000 };
    struct world *w = world_new();
    struct peer p;
    struct buf many;
    buf_init(&many, 1024 * 1024);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(
            buf_printf(&many, "POST /%zu HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%0*zu", i,
                       BODY, BODY, i),
            ST_OK);
    }
    peer_tcp(&p, w);
    size_t sent = 0;
    for (size_t i = 0; i < N; i++) {
        char path[16];
        while (w->requests_count <= i) {
            ssize_t n = send(p.fd, many.data + sent, many.len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent += n > 0 ? (size_t)n : 0;
            WAIT(w, w->requests_count > i || sent < many.len);
        }
        (void)snprintf(path, sizeof(path), "/%zu", i);
        assert_string_equal(w->requests[i].path, path);
        assert_int_equal(net_http_reply(w->net, w->requests[i].id, 200, NULL, SPAN("A")), ST_OK);
    }
    assert_int_equal(w->requests_count, N);
    buf_release(&many);
    peer_hang_up(&p);
    world_free(w);
}

static void answers_given_inside_the_call_do_not_nest(void **state)
{
    (void)state;
    enum { N = 300 };
    struct world *w = world_new();
    struct peer p;
    struct buf many;
    w->answer_at_once = true;
    buf_init(&many, 1024 * 1024);
    for (int i = 0; i < N; i++) {
        assert_int_equal(buf_printf(&many, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i), ST_OK);
    }
    peer_tcp(&p, w);
    assert_true(peer_send(&p, buf_span(&many)));
    WAIT(w, w->requests_count == N);
    assert_string_equal(w->requests[N - 1].path, "/299");
    buf_release(&many);
    peer_hang_up(&p);
    world_free(w);
}

static void chunked_bodies_are_put_together(void **state)
{
    (void)state;
    static const char body[] = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5\r\nhello\r\n1;name=\"v\"\r\n,\r\nA\r\n 123456789\r\n0\r\n"
                               "X-Trailer: ignored\r\n\r\n";
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    for (size_t i = 0; i < sizeof(body) - 1;
         i++) { /* byte by byte: every state is left in between */
        assert_true(peer_send(&p, (struct span){body + i, 1}));
    }
    WAIT(w, w->requests_count == 1);
    assert_string_equal(w->requests[0].body, "hello, 123456789");
    assert_int_equal(net_http_reply(w->net, w->requests[0].id, 200, NULL, SPAN("ok")), ST_OK);
    peer_says(&p, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    WAIT(w, w->requests_count == 2);
    peer_hang_up(&p);
    world_free(w);
}

/* What must not be let in, and the status that says so. */
static const struct {
    int status;
    const char *bytes;
} refused[] = {
#define REFUSE(status, bytes)                                                                      \
    {                                                                                              \
        status, bytes                                                                              \
    }
    REFUSE(400, "GET / HTTP/1.1\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\nHost: a\n\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\r\n: v\r\nHost: a\r\n\r\n"),
    REFUSE(400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REFUSE(400, "GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    REFUSE(400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    REFUSE(400, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    REFUSE(400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    REFUSE(400, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    REFUSE(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    REFUSE(400, "GET / JUNK\r\nHost: a\r\n\r\n"),
    REFUSE(400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    REFUSE(400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REFUSE(400, "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\nHost: a\r\n\r\n"),
    REFUSE(400, "\x16\x03\x01\x02\r\n\r\n"),
    REFUSE(400,
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
                "chunked\r\n\r\n0\r\n\r\n"),
    REFUSE(501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
    REFUSE(501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"),
    REFUSE(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REFUSE(417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\nx"),
    REFUSE(400, "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"),
    REFUSE(400, "GET / HTTP/1.1\r\nHost: a\r\nOrigin: a\r\nOrigin: b\r\n\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n123456789\r\n"),
    REFUSE(413, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n"),
    REFUSE(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello"),
#undef REFUSE
};

/* Not every body fault shows before a byte more is read: send one and see. */
static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct peer p;
        char want[32];
        peer_tcp(&p, w);
        peer_says(&p, refused[i].bytes);
        (void)peer_send(&p, SPAN("x"));
        (void)snprintf(want, sizeof(want), "HTTP/1.1 %d ", refused[i].status);
        WAIT(w, p.closed);
        if (!peer_has(&p, want)) {
            fail_msg("case %zu wanted %s, got %.60s", i, want, p.got.data);
        }
        assert_true(peer_has(&p, "\r\n\r\n{\"error\":\""));
        peer_hang_up(&p);
    }
    assert_int_equal(w->requests_count, 0);
    world_free(w);
}

static void the_application_says_who_comes_in(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        const char *status;
    } cases[] = {
        {"",                                                                "401"},
        {"Authorization: Bearer wrong\r\n",                                 "401"},
        {"Authorization: Bearer s3cret\r\nOrigin: http://evil.example\r\n", "403"},
        {"Authorization: Bearer s3cret\r\nOrigin: null\r\n",                "403"},
        {"Authorization: Bearer s3cret\r\nOrigin: http://localhost\r\n",    "200"},
        {"Authorization: Bearer s3cret\r\n",                                "200"},
    };
    struct world *w = world_new();
    w->check_token = w->check_origin = w->answer_at_once = true;
    struct peer p;
    peer_tcp(&p, w);
    for (size_t i = 0; i < ARRAY_LEN(cases);
         i++) { /* on one connection: a refusal does not end it */
        char want[32];
        buf_clear(&p.got);
        peer_says(&p, "GET /x HTTP/1.1\r\nHost: localhost\r\n");
        peer_says(&p, cases[i].fields);
        peer_says(&p, "\r\n");
        (void)snprintf(want, sizeof(want), "HTTP/1.1 %s ", cases[i].status);
        WAIT(w, peer_has(&p, want));
    }
    peer_hang_up(&p);
    peer_tcp(&p, w); /* with a body under way it does, and the body is not asked for */
    peer_says(&p, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n"
                  "Expect: 100-continue\r\n\r\n");
    WAIT(w, p.closed);
    assert_true(peer_has(&p, "HTTP/1.1 401 Unauthorized"));
    assert_false(peer_has(&p, "100 Continue"));
    assert_int_equal(w->requests_count, 2);
    peer_hang_up(&p);
    world_free(w);
}

static void every_status_of_admit_is_answered(void **state)
{
    (void)state;
    static const int statuses[] = {401, 403, 404, 405, 421, 503};
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct peer p;
        char want[32];
        w->admit_status = statuses[i];
        (void)snprintf(want, sizeof(want), "HTTP/1.1 %d ", statuses[i]);
        peer_tcp(&p, w);
        peer_says(&p, upgrade_request);
        peer_says(&p, "\r\n");
        WAIT(w, peer_has(&p, want));
        peer_hang_up(&p);
    }
    assert_int_equal(w->admitted_upgrades, ARRAY_LEN(statuses));
    assert_int_equal(w->ws_opened, 0);
    world_free(w);
}

static void large_bodies_are_asked_for_and_too_large_ones_are_not(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    char *body = xcalloc(1, 64 * 1024 + 1);
    memset(body, 'b', 64 * 1024);
    peer_tcp(&p, w);
    peer_says(&p, "POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n"
                  "Expect: 100-continue\r\n\r\n");
    WAIT(w, peer_has(&p, "HTTP/1.1 100 Continue\r\n\r\n"));
    assert_int_equal(w->requests_count, 0);
    assert_true(peer_send(&p, (struct span){body, 64 * 1024}));
    WAIT(w, w->requests_count == 1);
    assert_int_equal(w->requests[0].body_bytes, 64 * 1024);
    peer_hang_up(&p);
    WAIT(w, w->gone == 1);

    peer_tcp(&p, w);
    peer_says(&p, "POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
    (void)peer_send(&p, (struct span){body, 64 * 1024}); /* it goes on sending all the same */
    (void)peer_send(&p, SPAN("b"));
    WAIT(w, p.closed);
    assert_true(peer_has(&p, "HTTP/1.1 413 "));
    assert_false(p.reset); /* and can read the answer */
    peer_hang_up(&p);

    peer_tcp(&p, w);
    peer_says(&p, "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n");
    (void)peer_send(&p, (struct span){body, 64 * 1024});
    (void)peer_send(&p, SPAN("\r\n1\r\nx\r\n0\r\n\r\n"));
    WAIT(w, p.closed);
    assert_true(peer_has(&p, "HTTP/1.1 413 "));
    peer_hang_up(&p);
    assert_int_equal(w->requests_count, 1);
    free(body);
    world_free(w);
}

static void heads_have_limits(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    struct buf b;
    buf_init(&b, 64 * 1024);
    (void)buf_addstr(&b, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    while (b.len < 8192) {
        (void)buf_addch(&b, 'x');
    }
    peer_tcp(&p, w);
    (void)peer_send(&p, buf_span(&b));
    WAIT(w, p.closed);
    assert_true(peer_has(&p, "HTTP/1.1 431 "));
    peer_hang_up(&p);

    buf_clear(&b);
    (void)buf_addstr(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 64; i++) {
        (void)buf_printf(&b, "x%d: y\r\n", i);
    }
    (void)buf_addstr(&b, "\r\n");
    peer_tcp(&p, w);
    (void)peer_send(&p, buf_span(&b));
    WAIT(w, p.closed);
    assert_true(peer_has(&p, "HTTP/1.1 431 "));
    peer_hang_up(&p);
    buf_release(&b);
    world_free(w);
}

struct drip {
    struct peer *peer;
    int sent;
};

static void drip_one(void *ctx)
{
    struct drip *d = ctx;
    if (d->peer->fd >= 0 && !d->peer->closed && send(d->peer->fd, "a", 1, MSG_NOSIGNAL) == 1) {
        d->sent++;
        (void)loop_timer(d->peer->w->loop, 20, drip_one, d);
    }
}

static void slow_heads_and_bodies_and_silence_end_in_time(void **state)
{
    (void)state;
    static const char *const starts[] = {
        "GET / HTTP/1.1\r\nX: ",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
    };
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        struct peer p;
        struct drip d = {.peer = &p};
        peer_tcp(&p, w);
        int64_t start = clock_mono_us();
        peer_says(&p, starts[i]);
        drip_one(&d);
        WAIT(w, p.closed);
        int64_t took = clock_mono_us() - start;
        assert_true(peer_has(&p, "HTTP/1.1 408 "));
        assert_true(took >= 350 * 1000 && took < 5000 * 1000);
        assert_true(d.sent > 3);
        int fd = p.fd; /* the next drip finds it closed */
        p.fd = -1;
        loop_remove(w->loop, p.watch);
        WAIT(w, d.sent > 0);
        close(fd);
        assert_int_equal(loop_turn(w->loop, 40), ST_OK);
        buf_release(&p.got);
        int64_t end = clock_mono_us() + 60 * 1000;
        while (clock_mono_us() < end) {
            assert_int_equal(loop_turn(w->loop, 10), ST_OK);
        }
    }
    struct peer silent;
    peer_tcp(&silent, w);
    WAIT(w, silent.closed);
    assert_int_equal(silent.got.len, 0);
    peer_hang_up(&silent);
    assert_int_equal(w->requests_count, 0);
    world_free(w);
}

static void a_thousand_are_held_and_each_gets_its_own_answer(void **state)
{
    (void)state;
    enum { N = 1500, LEAVE = 100 };
    struct world *w = world_new_unix(); /* net_new() raised the descriptor limit for both ends */
    struct peer *peers = xcalloc(N, sizeof(*peers));
    char text[128];
    for (int i = 0; i < N; i++) {
        peer_unix(&peers[i], w);
        (void)snprintf(text, sizeof(text),
                       "POST /hook/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nb%05d", i, i);
        peer_says(&peers[i], text);
    }
    WAIT(w, w->requests_count == N);
    for (int i = 0; i < LEAVE; i++) { /* some give up; nobody else may notice */
        close(peers[i * 10].fd);
        loop_remove(w->loop, peers[i * 10].watch);
        peers[i * 10].fd = -1;
    }
    WAIT(w, w->gone == LEAVE);
    for (size_t i = N; i-- > 0;) { /* last come, first served */
        struct request *r = &w->requests[i];
        (void)snprintf(text, sizeof(text), "answer to %s", r->body);
        enum status st = net_http_reply(w->net, r->id, 200, NULL, span_str(text));
        assert_int_equal(st, r->gone ? ST_CLOSED : ST_OK);
    }
    for (int i = 0; i < N; i++) {
        if (peers[i].fd < 0) {
            peers[i].fd = -1;
            buf_release(&peers[i].got);
            continue;
        }
        (void)snprintf(text, sizeof(text), "\r\n\r\nanswer to b%05d", i);
        WAIT(w, peer_has(&peers[i], text));
        peer_hang_up(&peers[i]);
    }
    free(peers);
    world_free(w);
}

static void a_client_that_leaves_is_told_at_once(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer stays;
    struct peer leaves;
    peer_tcp(&stays, w);
    peer_tcp(&leaves, w);
    peer_says(&stays, "POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    WAIT(w, w->requests_count == 1);
    peer_says(&leaves,
              "POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\n");
    WAIT(w, w->requests_count == 2);
    int64_t start = clock_mono_us();
    peer_hang_up(&leaves);
    WAIT(w, w->gone == 1);
    assert_true(clock_mono_us() - start < 5000 * 1000);
    assert_true(w->requests[1].gone);
    assert_false(w->requests[0].gone);
    assert_int_equal(net_http_reply(w->net, w->requests[0].id, 200, NULL, SPAN("fine")), ST_OK);
    WAIT(w, peer_has(&stays, "fine"));
    peer_hang_up(&stays);
    world_free(w);
}

/* The end is in the kernel but the loop has not looked: the answer must not be taken as given. */
static void an_answer_to_one_who_just_left_is_not_given(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p, "POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    WAIT(w, w->requests_count == 1);
    peer_hang_up(&p);
    assert_int_equal(net_http_reply(w->net, w->requests[0].id, 200, NULL, SPAN("late")), ST_CLOSED);
    assert_int_equal(loop_turn(w->loop, 20), ST_OK);
    assert_int_equal(w->gone, 0); /* said once, by the status */
    world_free(w);
}

static void a_held_request_outlives_every_deadline(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p, "POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    WAIT(w, w->requests_count == 1);
    int64_t until = clock_mono_us() + 1200 * 1000; /* three times header_ms */
    WAIT(w, clock_mono_us() > until);
    assert_int_equal(w->gone, 0);
    assert_int_equal(net_http_reply(w->net, w->requests[0].id, 200, NULL, SPAN("late")), ST_OK);
    WAIT(w, peer_has(&p, "late"));
    peer_hang_up(&p);
    world_free(w);
}

static void more_than_the_limit_are_turned_away_and_room_comes_back(void **state)
{
    (void)state;
    struct world *w = world_bare();
    struct server_options o = world_options();
    struct peer p[4];
    o.max_connections = 2;
    o.header_ms = 5000;
    world_listen(w, &o);
    w->answer_at_once = true;
    for (int i = 0; i < 3; i++) {
        peer_tcp(&p[i], w);
        assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    }
    WAIT(w, p[2].closed);
    peer_says(&p[0], "GET /0 HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(w, peer_has(&p[0], " 200 "));
    peer_hang_up(&p[0]);
    peer_hang_up(&p[2]);
    assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    peer_tcp(&p[3], w);
    peer_says(&p[3], "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(w, peer_has(&p[3], " 200 "));
    peer_hang_up(&p[1]);
    peer_hang_up(&p[3]);
    world_free(w);
}

static void large_answers_reach_slow_readers(void **state)
{
    (void)state;
    enum { BYTES = 8 * 1024 * 1024 };
    struct world *w = world_new();
    struct peer p;
    char *body = xcalloc(1, BYTES);
    for (int i = 0; i < BYTES; i++) {
        body[i] = (char)('a' + i % 23);
    }
    peer_tcp(&p, w);
    peer_says(&p, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(w, w->requests_count == 1);
    peer_deaf(&p);
    assert_int_equal(
        net_http_reply(w->net, w->requests[0].id, 200, NULL, (struct span){body, BYTES}), ST_OK);
    assert_false(net_idle(w->net));
    assert_int_equal(loop_turn(w->loop, 20), ST_OK);
    loop_fd_want(w->loop, p.watch, LOOP_READ);
    WAIT(w, p.got.len > BYTES);
    assert_memory_equal(p.got.data + p.got.len - BYTES, body, BYTES);
    assert_true(net_idle(w->net));
    peer_says(&p, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(w, w->requests_count == 2);
    peer_hang_up(&p);
    free(body);
    world_free(w);
}

static void old_clients_and_head_requests_are_served(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    w->answer_at_once = true;
    peer_tcp(&p, w);
    peer_says(&p, "HEAD /h HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
    WAIT(w, peer_has(&p, "Content-Length: 4\r\n"));
    assert_false(peer_has(&p, "\r\n\r\nbody"));
    peer_says(&p, "\r\nGET /1 HTTP/1.0\r\n\r\n");
    WAIT(w, p.closed);
    assert_true(peer_has(&p, "Connection: close"));
    peer_hang_up(&p);
    world_free(w);
}

/* With 4.1.6 of the library as the server this read freed memory. */
static void upgrades_to_something_else_are_plain_requests(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    w->answer_at_once = true;
    peer_tcp(&p, w);
    peer_says(&p, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(w, w->requests_count == 1);
    peer_says(&p, "GET /2 HTTP/1.1\r\nHost: a\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n");
    peer_says(&p,
              "GET /3 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
              "Connection: Upgrade, HTTP2-Settings\r\n\r\n");
    WAIT(w, w->requests_count == 3);
    assert_int_equal(w->admitted_upgrades, 0);
    assert_false(peer_has(&p, " 101 "));
    peer_hang_up(&p);
    world_free(w);
}

static void a_unix_socket_is_private_and_tells_who_comes(void **state)
{
    (void)state;
    struct world *w = world_new_unix();
    struct stat st;
    struct peer p;
    assert_int_equal(lstat(w->path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    char folder[128];
    (void)snprintf(folder, sizeof(folder), "%s/run", w->folder);
    assert_int_equal(lstat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    peer_unix(&p, w);
    peer_says(&p, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WAIT(w, w->requests_count == 1);
    assert_int_equal(w->requests[0].uid, geteuid());
    peer_hang_up(&p);
    world_free(w);
}

static void a_live_server_keeps_its_socket(void **state)
{
    (void)state;
    struct world *w = world_new_unix();
    struct server_options o = world_options();
    struct why why = {0};
    net_id second = 0;
    o.unix_path = w->path;
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &second, NULL, &why), ST_EXISTS);
    assert_int_equal(second, 0);
    assert_non_null(strstr(why.text, w->path));
    int fd = unix_connect(w->path); /* it still listens */
    assert_true(fd >= 0);
    close(fd);
    net_unlisten(w->net, w->listener);
    assert_int_not_equal(access(w->path, F_OK), 0);
    net_unlisten(w->net, w->listener); /* a dead id */
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &second, NULL, &why), ST_OK);
    world_free(w);
}

static int bind_raw(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void what_lies_at_the_path_is_looked_at_before_it_goes(void **state)
{
    (void)state;
    struct world *w = world_bare();
    struct server_options o = world_options();
    struct why why = {0};
    o.unix_path = w->path;
    char folder[128];
    (void)snprintf(folder, sizeof(folder), "%s/run", w->folder);
    assert_int_equal(mkdir(folder, 0700), 0);

    int foreign = bind_raw(w->path); /* a live server that knows nothing of our lock */
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why), ST_EXISTS);
    close(foreign); /* now it is stale */
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why), ST_OK);
    net_unlisten(w->net, w->listener);

    int file =
        open(w->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600); /* not a socket: somebody's data */
    assert_true(file >= 0);
    close(file);
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why), ST_EXISTS);
    assert_int_equal(access(w->path, F_OK), 0);
    assert_int_equal(unlink(w->path), 0);

    char lock_path[160]; /* a lock held without a socket: somebody is between the two steps */
    (void)snprintf(lock_path, sizeof(lock_path), "%s.lock", w->path);
    int lock = open(lock_path, O_RDWR | O_CLOEXEC);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why), ST_EXISTS);
    close(lock);

    assert_int_equal(chmod(folder, 0777), 0); /* others could swap the socket */
    assert_int_not_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why), ST_OK);
    assert_int_equal(chmod(folder, 0700), 0);
    o.unix_path = "relative.sock";
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why),
                     ST_INVALID);
    world_free(w);
}

static void only_our_own_socket_file_is_taken_away(void **state)
{
    (void)state;
    struct world *w = world_new_unix();
    assert_int_equal(unlink(w->path), 0);
    int other = bind_raw(w->path);
    net_unlisten(w->net, w->listener);
    assert_int_equal(access(w->path, F_OK), 0);
    close(other);
    assert_int_equal(unlink(w->path), 0);
    world_free(w);
}

static void limits_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct world *w = world_bare();
    struct why why = {0};
    struct server_options o = world_options();
    o.max_connections = 0;
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why),
                     ST_INVALID);
    o = world_options();
    o.message_bytes = 0;
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why),
                     ST_INVALID);
    o = world_options();
    o.port = 65536;
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why),
                     ST_INVALID);
    o.port = -1;
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &w->listener, NULL, &why),
                     ST_INVALID);
    o.port = 0;
    world_listen(w, &o);
    o.port = w->port;
    net_id second = 0;
    assert_int_equal(net_listen(w->net, &o, &world_events, w, &second, NULL, &why), ST_EXISTS);
    world_free(w);
}

static void what_is_open_outlives_its_listener(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p, "POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    WAIT(w, w->requests_count == 1);
    net_unlisten(w->net, w->listener);
    assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    assert_int_equal(net_http_reply(w->net, w->requests[0].id, 200, NULL, SPAN("done")), ST_OK);
    WAIT(w, peer_has(&p, "done"));
    peer_hang_up(&p);
    assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    world_free(w);
}

static void ids_that_never_were_name_nothing(void **state)
{
    (void)state;
    struct world *w = world_new();
    static const net_id ids[] = {0, 1, 99, UINT64_MAX, UINT64_C(1) << 32};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        assert_int_equal(net_http_reply(w->net, ids[i], 200, NULL, SPAN_NONE), ST_CLOSED);
        assert_int_equal(net_ws_send(w->net, ids[i], SPAN("x")), ST_CLOSED);
        assert_int_equal(net_ws_queued(w->net, ids[i]), 0);
        net_ws_close(w->net, ids[i], 1000, "x");
        if (ids[i] != w->listener) {
            net_unlisten(w->net, ids[i]);
        }
    }
    assert_int_equal(net_http_reply(w->net, w->listener, 200, NULL, SPAN_NONE), ST_CLOSED);
    world_free(w);
}

static void it_can_be_freed_with_everything_open(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p[4];
    static const char *const starts[] = {
        "",
        "GET / HTTP/1.1\r\nHo",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    };
    for (size_t i = 0; i < ARRAY_LEN(p); i++) {
        peer_tcp(&p[i], w);
        peer_says(&p[i], starts[i]);
    }
    WAIT(w, w->requests_count == 1);
    for (size_t i = 0; i < ARRAY_LEN(p); i++) {
        peer_hang_up(&p[i]);
    }
    world_free(w); /* also: nobody is called */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_whole_and_its_answer_goes_back),
        cmocka_unit_test(connections_are_kept_and_pipelines_answered_in_order),
        cmocka_unit_test(a_long_pipeline_loses_nothing),
        cmocka_unit_test(answers_given_inside_the_call_do_not_nest),
        cmocka_unit_test(chunked_bodies_are_put_together),
        cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(the_application_says_who_comes_in),
        cmocka_unit_test(every_status_of_admit_is_answered),
        cmocka_unit_test(large_bodies_are_asked_for_and_too_large_ones_are_not),
        cmocka_unit_test(heads_have_limits),
        cmocka_unit_test(slow_heads_and_bodies_and_silence_end_in_time),
        cmocka_unit_test(a_thousand_are_held_and_each_gets_its_own_answer),
        cmocka_unit_test(a_client_that_leaves_is_told_at_once),
        cmocka_unit_test(an_answer_to_one_who_just_left_is_not_given),
        cmocka_unit_test(a_held_request_outlives_every_deadline),
        cmocka_unit_test(more_than_the_limit_are_turned_away_and_room_comes_back),
        cmocka_unit_test(large_answers_reach_slow_readers),
        cmocka_unit_test(old_clients_and_head_requests_are_served),
        cmocka_unit_test(upgrades_to_something_else_are_plain_requests),
        cmocka_unit_test(a_unix_socket_is_private_and_tells_who_comes),
        cmocka_unit_test(a_live_server_keeps_its_socket),
        cmocka_unit_test(what_lies_at_the_path_is_looked_at_before_it_goes),
        cmocka_unit_test(only_our_own_socket_file_is_taken_away),
        cmocka_unit_test(limits_that_make_no_sense_are_refused),
        cmocka_unit_test(what_is_open_outlives_its_listener),
        cmocka_unit_test(ids_that_never_were_name_nothing),
        cmocka_unit_test(it_can_be_freed_with_everything_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
