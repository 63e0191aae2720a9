/* Requests in pieces: a relay made of both sides, between raw sockets that can misbehave. */
#include "client_fixture.h"

#include <errno.h>

#include "checkrein/clock.h"

enum { PIECES_MAX = 64 * 1024 * 1024, MARK = 256 * 1024, SLOW_BYTES = 400 * 1024 };

/* One request that is passed on to the fake. */
struct relay {
    struct world w;
    net_id front, back, door;
    int begun, whole, gone, left, rooms, ended, heads;
    char why[256];
    bool hold_first, relays, told_whole;
    size_t pieces, body_bytes;
    struct buf body;
    int status;
    size_t answer_pieces, answer_bytes;
    int64_t answer_length;
    bool finished;
    char origin[64], target[256];
    int64_t length;
};

static struct relay *R;

static void back_head(void *ctx, net_id id, int status, const struct http_field *f, size_t count)
{
    struct relay *r = ctx;
    struct http_field pass[64];
    size_t n = 0;
    assert_true(id == r->back);
    r->heads++;
    r->status = status;
    int64_t length = -1;
    for (size_t i = 0; i < count; i++) {
        if (span_is(f[i].name, "content-length")) {
            length = strtoll(f[i].value.p, NULL, 10);
        } else if (!span_is(f[i].name, "transfer-encoding") && !span_is(f[i].name, "connection")) {
            pass[n++] = f[i];
        }
    }
    r->answer_length = length;
    assert_int_equal(net_http_answer(r->w.net, r->front,
                                     &(struct http_answer){.http_status = status,
                                                           .fields = pass,
                                                           .field_count = n,
                                                           .length = length}),
                     ST_OK);
}

static void back_piece(void *ctx, net_id id, struct span bytes)
{
    struct relay *r = ctx;
    assert_true(id == r->back);
    r->answer_pieces++;
    r->answer_bytes += bytes.n;
    if (net_http_write(r->w.net, r->front, bytes) != ST_OK) {
        net_http_cancel(r->w.net, r->back);
        r->ended++;
        return;
    }
    if (net_http_queued(r->w.net, r->front) > MARK) {
        net_http_pause(r->w.net, r->back);
    }
}

static void back_room(void *ctx, net_id id)
{
    struct relay *r = ctx;
    (void)id;
    net_http_more(r->w.net, r->front);
}

static void back_ended(void *ctx, net_id id, const char *why)
{
    struct relay *r = ctx;
    assert_true(id == r->back);
    r->ended++;
    (void)snprintf(r->why, sizeof(r->why), "%s", why != NULL ? why : "");
    if (why == NULL) {
        r->finished = net_http_finish(r->w.net, r->front) != ST_CLOSED;
    } else {
        net_http_abort(r->w.net, r->front);
    }
}

static const struct http_stream_events back_events = {back_head, back_piece, back_room, back_ended};

static void open_back(struct relay *r, const struct http_head *head)
{
    struct why why = {0};
    struct http_field f[] = {
        {SPAN("x-secret"), SPAN("real")},
        {SPAN("x-empty"),  SPAN_NONE   }
    };
    char method[16];
    (void)span_copy(head->method, method, sizeof(method));
    struct http_stream_request q = {.origin = r->origin,
                                    .target = r->target,
                                    .method = method,
                                    .fields = f,
                                    .field_count = 2,
                                    .length = head->length};
    if (net_http_open(r->w.net, &q, &back_events, r, &r->back, &why) != ST_OK) {
        fail_msg("%s", why.text);
    }
}

static void begun(void *ctx, net_id id, const struct http_head *head)
{
    struct relay *r = R;
    (void)ctx;
    r->begun++;
    r->front = id;
    r->length = head->length;
    r->told_whole = false;
    if (r->hold_first) {
        net_http_hold(r->w.net, id);
    }
    if (r->relays) {
        open_back(r, head);
    }
}

static void piece(void *ctx, net_id id, struct span bytes)
{
    struct relay *r = R;
    (void)ctx;
    assert_true(id == r->front);
    r->pieces++;
    r->body_bytes += bytes.n;
    if (!r->relays) {
        assert_int_equal(buf_add(&r->body, bytes), ST_OK);
        return;
    }
    assert_int_equal(net_http_send(r->w.net, r->back, bytes), ST_OK);
    if (net_http_stream_queued(r->w.net, r->back) > MARK) {
        net_http_hold(r->w.net, id);
    }
}

static void whole(void *ctx, net_id id)
{
    struct relay *r = R;
    (void)ctx;
    assert_true(id == r->front);
    r->whole++;
    r->told_whole = true;
    if (r->relays) {
        net_http_sent(r->w.net, r->back);
    }
}

static void gone(void *ctx, net_id id)
{
    struct relay *r = R;
    (void)ctx;
    assert_true(id == r->front);
    r->gone++;
    assert_int_equal(net_http_write(r->w.net, id, SPAN("x")), ST_CLOSED);
    net_http_cancel(r->w.net, r->back);
}

static void room(void *ctx, net_id id)
{
    struct relay *r = R;
    (void)ctx;
    (void)id;
    r->rooms++;
    net_http_go_on(r->w.net, r->back);
}

static void gone_out(void *ctx, net_id id)
{
    struct relay *r = R;
    (void)ctx;
    assert_true(id == r->front);
    r->left++;
}

static const struct server_events events = {.admit = on_admit,
                                            .begun = begun,
                                            .piece = piece,
                                            .whole = whole,
                                            .room = room,
                                            .gone_out = gone_out,
                                            .request_gone = gone};

static struct relay *relay_new(bool relays, int64_t stall_ms)
{
    struct relay *r = xcalloc(1, sizeof(*r));
    struct world *w = world_bare();
    struct why why = {0};
    struct server_options o = {.body_bytes = 4 * 1024 * 1024,
                               .max_connections = 100,
                               .header_ms = 400,
                               .stall_ms = stall_ms};
    r->w = *w;
    free(w);
    r->relays = relays;
    R = r;
    buf_init(&r->body, PIECES_MAX);
    if (net_listen(r->w.net, &o, &events, &r->w, &r->door, &r->w.port, &why) != ST_OK) {
        fail_msg("%s", why.text);
    }
    return r;
}

static void relay_free(struct relay *r)
{
    net_free(r->w.net);
    loop_free(r->w.loop);
    buf_release(&r->w.ws_last);
    buf_release(&r->body);
    assert_int_equal(rmdir(r->w.folder), 0);
    free(r);
}

static void relay_to(struct relay *r, struct fake *f, const char *target)
{
    fake_start(f, &r->w);
    (void)snprintf(r->origin, sizeof(r->origin), "http://127.0.0.1:%d", f->port);
    (void)snprintf(r->target, sizeof(r->target), "%s", target);
}

/* ---- the server's side alone */

static void a_body_comes_in_pieces_and_the_answer_goes_in_pieces(void **state)
{
    (void)state;
    struct relay *r = relay_new(false, 0);
    struct world *w = &r->w;
    struct peer p;
    struct http_field f[] = {
        {SPAN("X-One"), SPAN("1")}
    };
    peer_tcp(&p, w);
    peer_says(&p, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
    WAIT(w, r->body_bytes == 5);
    assert_int_equal(r->begun, 1);
    assert_int_equal(r->whole, 0); /* the first half is here already */
    peer_says(&p, "there");
    WAIT(w, r->whole == 1);
    assert_int_equal(
        net_http_answer(
            w->net, r->front,
            &(struct http_answer){.http_status = 200, .fields = f, .field_count = 1, .length = -1}),
        ST_OK);
    WAIT(w, peer_has(&p, "\r\n\r\n")); /* the head goes by itself */
    assert_true(
        peer_has(&p, "X-One: 1\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n"));
    assert_int_equal(net_http_write(w->net, r->front, SPAN("abc")), ST_OK);
    WAIT(w, peer_has(&p, "3\r\nabc\r\n"));
    assert_int_equal(net_http_write(w->net, r->front, SPAN_NONE), ST_OK); /* no last chunk */
    assert_int_equal(net_http_reply(w->net, r->front, 200, NULL, SPAN_NONE), ST_CONFLICT);
    assert_int_equal(net_http_write(w->net, r->front, SPAN("defghijklmnop")), ST_OK);
    assert_int_equal(net_http_finish(w->net, r->front), ST_OK);
    assert_int_equal(net_http_write(w->net, r->front, SPAN("x")), ST_CLOSED);
    WAIT(w, peer_has(&p, "d\r\ndefghijklmnop\r\n0\r\n\r\n"));
    buf_clear(&p.got); /* and the next over the same connection, with a length */
    peer_says(&p, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    WAIT(w, r->body_bytes == 13);
    assert_int_equal(r->length, -1);
    peer_says(&p, "0\r\nX-Trailer: dropped\r\n\r\n");
    WAIT(w, r->whole == 2);
    assert_int_equal(
        net_http_answer(w->net, r->front, &(struct http_answer){.http_status = 201, .length = 4}),
        ST_OK);
    assert_int_equal(net_http_write(w->net, r->front, SPAN("12345")), ST_LIMIT);
    assert_int_equal(net_http_write(w->net, r->front, SPAN("1234")), ST_OK);
    assert_int_equal(net_http_finish(w->net, r->front), ST_OK);
    WAIT(w, peer_has(&p, "Content-Length: 4\r\nConnection: keep-alive\r\n\r\n1234"));
    assert_int_equal(r->gone, 0);
    peer_hang_up(&p);
    relay_free(r);
}

/* A client outside of the loop, with a small window, that has asked. */
static int slow_client(struct relay *r)
{
    static const char ASK[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    static char text[SLOW_BYTES];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)r->w.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int small = 4096;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int whole_before = r->whole;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(send(fd, ASK, sizeof(ASK) - 1, 0), sizeof(ASK) - 1);
    WAIT(&r->w, r->whole == whole_before + 1);
    struct http_answer a = {.http_status = 200, .length = SLOW_BYTES};
    assert_int_equal(net_http_answer(r->w.net, r->front, &a), ST_OK);
    assert_int_equal(net_http_write(r->w.net, r->front, (struct span){text, SLOW_BYTES}), ST_OK);
    assert_int_equal(net_http_finish(r->w.net, r->front), ST_AGAIN);
    return fd;
}

/* It has the clock's time for each piece, not for all of them; and what it has not read can be
 * taken back. */
static void a_whole_answer_waits_for_who_reads_it(void **state)
{
    (void)state;
    struct relay *r = relay_new(false, 200);
    char room[16384];
    int fd = slow_client(r);
    size_t got = 0;
    int64_t began = clock_mono_us();
    while (got < SLOW_BYTES) {
        ssize_t n = recv(fd, room, sizeof(room), MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
        int64_t until = clock_mono_us() + 30000;
        while (clock_mono_us() < until) {
            assert_int_equal(loop_turn(r->w.loop, 10), ST_OK);
        }
        assert_int_equal(r->gone, 0);
    }
    assert_true(clock_mono_us() - began > 600000); /* several strikes of the clock */
    WAIT(&r->w, r->left == 1);
    close(fd);
    fd = slow_client(r);
    WAIT(&r->w, r->gone == 1); /* it reads nothing */
    close(fd);
    fd = slow_client(r);
    net_http_reset(r->w.net, r->front);
    ssize_t n = 0;
    for (got = 0; (n = recv(fd, room, sizeof(room), 0)) > 0;) {
        got += (size_t)n;
    }
    assert_true(n < 0 && errno == ECONNRESET && got < 65536);
    assert_int_equal(r->left + r->gone, 2);
    close(fd);
    relay_free(r);
}

/* HTTP/1.0 knows no chunks: what has no length goes up to the end. HEAD and 204 have no body. */
static void answers_are_framed_as_their_client_can_read(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *has, *has_not;
    } cases[] = {
        {"GET /a HTTP/1.0\r\n\r\n",             200, "Connection: close\r\n\r\nwords", "chunked"},
        {"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", 200, "\r\n\r\n",                       "words"  },
        {"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",  204, "\r\n\r\n",                       "words"  },
        {"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",  304, "\r\n\r\n",                       "chunked"},
    };
    struct relay *r = relay_new(false, 0);
    struct world *w = &r->w;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct peer p;
        struct http_answer a = {.http_status = cases[i].status, .length = -1};
        int whole_before = r->whole;
        peer_tcp(&p, w);
        peer_says(&p, cases[i].request);
        WAIT(w, r->whole == whole_before + 1);
        assert_int_equal(net_http_answer(w->net, r->front, &a), ST_OK);
        assert_int_equal(net_http_write(w->net, r->front, SPAN("words")), ST_OK);
        assert_int_equal(net_http_finish(w->net, r->front), ST_OK);
        WAIT(w, peer_has(&p, cases[i].has));
        if (i == 0) {
            WAIT(w, p.closed);
            assert_false(p.reset);
        }
        assert_false(peer_has(&p, cases[i].has_not));
        peer_hang_up(&p);
    }
    assert_int_equal(r->gone, 0);
    relay_free(r);
}

static void heads_that_would_break_the_message_are_not_written(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"X",                 "a\r\nSet-Cookie: b"},
        {"X Y",               "a"                 },
        {"",                  "a"                 },
        {"X:",                "a"                 },
        {"Content-Length",    "5"                 },
        {"transfer-encoding", "chunked"           },
        {"Connection",        "upgrade"           },
        {"X",                 "a\nb"              },
    };
    struct relay *r = relay_new(false, 0);
    struct world *w = &r->w;
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    WAIT(w, r->whole == 1);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct http_field f = {span_str(bad[i].name), span_str(bad[i].value)};
        struct http_answer a = {.http_status = 200, .fields = &f, .field_count = 1, .length = 0};
        assert_int_equal(net_http_answer(w->net, r->front, &a), ST_INVALID);
    }
    assert_int_equal(net_http_reply(w->net, r->front, 502, NULL, SPAN("no")), ST_OK);
    WAIT(w, peer_has(&p, "\r\n\r\nno"));
    assert_true(span_starts(buf_span(&p.got), "HTTP/1.1 502 "));
    assert_false(peer_has(&p, "Cookie"));
    peer_hang_up(&p);
    relay_free(r);
}

static void a_held_body_is_not_read_and_goes_on(void **state)
{
    (void)state;
    struct relay *r = relay_new(false, 0);
    struct world *w = &r->w;
    struct peer p;
    r->hold_first = true;
    peer_tcp(&p, w);
    peer_says(&p, "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                  "Content-Length: 4000000\r\n\r\n");
    WAIT(w, r->begun == 1);
    size_t sent = 0;
    for (int i = 0; i < 20; i++) { /* as much as the kernel takes, and no more */
        char bytes[65536] = {0};
        ssize_t some = send(p.fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += some > 0 ? (size_t)some : 0;
        assert_int_equal(loop_turn(w->loop, 0), ST_OK);
    }
    assert_int_equal(r->pieces, 0);
    assert_int_equal(p.got.len, 0);
    net_http_more(w->net, r->front);
    WAIT(w, r->body_bytes == sent && peer_has(&p, "HTTP/1.1 100 Continue\r\n\r\n"));
    net_http_hold(w->net, r->front);
    peer_hang_up(&p); /* while nothing is read, that is seen too */
    WAIT(w, r->gone == 1);
    relay_free(r);
}

static void what_does_not_move_ends(void **state)
{
    (void)state;
    struct relay *r = relay_new(false, 200);
    struct world *w = &r->w;
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\nslow");
    WAIT(w, p.closed);
    assert_true(peer_has(&p, "HTTP/1.1 408 "));
    assert_int_equal(r->gone, 1);
    peer_hang_up(&p);

    r->hold_first = true; /* held, it may take for ever */
    peer_tcp(&p, w);
    peer_says(&p, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n");
    int64_t end = clock_mono_us() + 700 * 1000;
    while (clock_mono_us() < end) {
        assert_int_equal(loop_turn(w->loop, 20), ST_OK);
    }
    assert_int_equal(r->gone, 1);
    net_http_more(w->net, r->front);
    peer_says(&p, "body");
    WAIT(w, r->whole == 1);
    peer_deaf(&p); /* a reader that reads nothing */
    char *much = xcalloc(1, 16 * 1024 * 1024);
    assert_int_equal(
        net_http_answer(w->net, r->front, &(struct http_answer){.http_status = 200, .length = -1}),
        ST_OK);
    assert_int_equal(net_http_write(w->net, r->front, (struct span){much, 16 * 1024 * 1024}),
                     ST_OK);
    assert_true(net_http_queued(w->net, r->front) > 0);
    WAIT(w, r->gone == 2);
    assert_int_equal(r->rooms, 0);
    free(much);
    peer_hang_up(&p);
    relay_free(r);
}

static void faults_of_a_body_are_answered_or_cut(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *bytes;
    } bad[] = {
        {400, "Transfer-Encoding: chunked\r\n\r\n2\r\nabX"             },
        {400, "Transfer-Encoding: chunked\r\n\r\n2\nab"                },
        {413, "Transfer-Encoding: chunked\r\n\r\n500000\r\n"           },
        {413, "Content-Length: 5000000\r\n\r\n"                        },
        {400, "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"},
        {400, "Transfer-Encoding: chunked\r\n\r\n-2\r\nab"             },
        {400, "Transfer-Encoding: chunked\r\n\r\n0x2\r\nab"            },
    };
    struct relay *r = relay_new(false, 0);
    struct world *w = &r->w;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct peer p;
        char want[32];
        peer_tcp(&p, w);
        (void)snprintf(want, sizeof(want), "HTTP/1.1 %d ", bad[i].status);
        int begun_before = r->begun;
        int gone_before = r->gone;
        peer_says(&p, "POST /a HTTP/1.1\r\nHost: h\r\n");
        (void)peer_send(&p, span_str(bad[i].bytes));
        (void)peer_send(&p, SPAN("x"));
        WAIT(w, p.closed);
        assert_true(peer_has(&p, want));
        assert_int_equal(r->begun - begun_before, r->gone - gone_before);
        peer_hang_up(&p);
    }
    assert_int_equal(r->whole, 0);
    struct peer p; /* an answer has begun: it is cut, and nothing is put into it */
    peer_tcp(&p, w);
    peer_says(&p, "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab");
    WAIT(w, r->body_bytes > 0 && r->begun > 5);
    assert_int_equal(
        net_http_answer(w->net, r->front, &(struct http_answer){.http_status = 200, .length = -1}),
        ST_OK);
    assert_int_equal(net_http_write(w->net, r->front, SPAN("early")), ST_OK);
    WAIT(w, peer_has(&p, "early"));
    assert_true(peer_has(&p, "Connection: close\r\n")); /* the body had not come */
    int gone_before = r->gone;
    (void)peer_send(&p, SPAN("XX"));
    WAIT(w, p.closed && r->gone == gone_before + 1);
    assert_false(peer_has(&p, "400"));
    assert_false(peer_has(&p, "0\r\n\r\n"));
    peer_hang_up(&p);
    relay_free(r);
}

/* ---- both sides */

static void pieces_pass_in_both_directions_as_they_come(void **state)
{
    (void)state;
    struct relay *r = relay_new(true, 0);
    struct world *w = &r->w;
    struct peer p;
    struct fake f;
    relay_to(r, &f, "/base/a?b=c");
    peer_tcp(&p, w);
    peer_says(&p, "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    WAIT(w, f.taken == 1 && peer_has(&f.peer, "3\r\none\r\n")); /* before there is a second */
    assert_true(peer_has(&f.peer, "POST /base/a?b=c HTTP/1.1\r\n"));
    assert_true(peer_has(&f.peer, "x-secret: real\r\n"));
    assert_true(peer_has(&f.peer, "x-empty:\r\n"));
    assert_true(peer_has(&f.peer, "Transfer-Encoding: chunked\r\n"));
    assert_false(peer_has(&f.peer, "Expect"));
    assert_false(peer_has(&f.peer, "Accept"));
    assert_false(peer_has(&f.peer, "Content-Type"));
    assert_int_equal(r->whole, 0);
    peer_says(&p, "3\r\ntwo\r\n0\r\n\r\n");
    WAIT(w, peer_has(&f.peer, "two\r\n0\r\n\r\n"));
    peer_says(&f.peer, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n6\r\nevent1\r\n");
    WAIT(w, peer_has(&p, "6\r\nevent1\r\n"));
    assert_true(peer_has(&p, "content-type: text/event-stream\r\n"));
    assert_false(peer_has(&p, "Early"));
    assert_int_equal(r->ended, 0);
    peer_says(&f.peer, "6\r\nevent2\r\n0\r\nX-Trailer: lost\r\n\r\n");
    WAIT(w, peer_has(&p, "event2\r\n0\r\n\r\n"));
    WAIT(w, r->finished);
    assert_false(peer_has(&p, "lost"));
    assert_int_equal(r->answer_bytes, 12);
    peer_says(&p, "GET /again HTTP/1.1\r\nHost: h\r\n\r\n"); /* both connections are kept */
    buf_clear(&f.peer.got);
    WAIT(w, peer_has(&f.peer, "GET /base/a?b=c HTTP/1.1\r\n"));
    assert_int_equal(f.taken, 1);
    buf_clear(&p.got);
    peer_says(&f.peer, "HTTP/1.1 204 No Content\r\n\r\n");
    WAIT(w, peer_has(&p, "HTTP/1.1 204 No Content\r\n"));
    assert_false(peer_has(&p, "chunked"));
    peer_hang_up(&p);
    fake_stop(&f);
    relay_free(r);
}

static void a_side_that_goes_away_takes_the_other_with_it(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n";
    struct relay *r = relay_new(true, 0);
    struct world *w = &r->w;
    for (int who = 0; who < 2; who++) {
        struct peer p;
        struct fake f;
        relay_to(r, &f, "/");
        r->gone = r->ended = 0;
        peer_tcp(&p, w);
        peer_says(&p, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
        WAIT(w, f.taken == 1 && peer_has(&f.peer, "\r\n\r\n"));
        peer_says(&f.peer, head);
        WAIT(w, peer_has(&p, "2\r\nab\r\n"));
        if (who == 0) {
            peer_hang_up(&p);
            WAIT(w, r->gone == 1 && f.peer.closed);
            assert_int_equal(r->ended, 0); /* it was cancelled */
        } else {
            peer_hang_up(&f.peer);
            WAIT(w, p.closed && r->ended == 1);
            assert_true(r->why[0] != '\0');
            assert_false(peer_has(&p, "0\r\n\r\n")); /* nobody takes it for whole */
            peer_hang_up(&p);
            f.taken = 0;
        }
        fake_stop(&f);
    }
    relay_free(r);
}

/* Neither side runs ahead of one that does not read: what is kept between them is bounded. */
static void who_does_not_read_holds_the_other_back(void **state)
{
    (void)state;
    enum { MUCH = 24 * 1024 * 1024 };
    struct relay *r = relay_new(true, 0);
    struct world *w = &r->w;
    struct peer p;
    struct fake f;
    char head[128];
    char bytes[65536];
    size_t sent = 0;
    memset(bytes, 'z', sizeof(bytes));
    relay_to(r, &f, "/");
    peer_tcp(&p, w);
    peer_says(&p, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    WAIT(w, f.taken == 1 && peer_has(&f.peer, "\r\n\r\n"));
    peer_deaf(&p);
    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", MUCH);
    peer_says(&f.peer, head);
    int idle = 0;
    while (idle < 20) {
        ssize_t n = send(f.peer.fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        assert_int_equal(loop_turn(w->loop, 5), ST_OK);
    }
    assert_true(sent < MUCH);
    assert_true(net_http_queued(w->net, r->front) < 2 * MARK + 65536);
    loop_fd_want(w->loop, p.watch, LOOP_READ);
    while (sent < MUCH) {
        size_t most = MUCH - sent < sizeof(bytes) ? MUCH - sent : sizeof(bytes);
        ssize_t n = send(f.peer.fd, bytes, most, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        assert_int_equal(loop_turn(w->loop, n > 0 ? 0 : 10), ST_OK);
    }
    WAIT(w, r->finished);
    WAIT(w, p.got.len > MUCH);
    assert_true(r->rooms > 0);
    assert_int_equal(r->answer_bytes, MUCH);
    peer_hang_up(&p);

    /* and upwards: the other side reads nothing of a body */
    peer_deaf(&f.peer);
    peer_tcp(&p, w);
    r->body_bytes = 0;
    peer_says(&p, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4194304\r\n\r\n");
    sent = 0;
    idle = 0;
    while (idle < 20 && sent < 4194304) {
        ssize_t n = send(p.fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        assert_int_equal(loop_turn(w->loop, 5), ST_OK);
    }
    assert_true(net_http_stream_queued(w->net, r->back) < 2 * MARK);
    loop_fd_want(w->loop, f.peer.watch, LOOP_READ);
    while (sent < 4194304) {
        ssize_t n = send(p.fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        assert_int_equal(loop_turn(w->loop, n > 0 ? 0 : 10), ST_OK);
    }
    WAIT(w, r->body_bytes == 4194304 && r->told_whole);
    peer_hang_up(&p);
    fake_stop(&f);
    relay_free(r);
}

static void heads_of_answers_that_lie_end_the_request(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX y: a\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
    };
    struct relay *r = relay_new(true, 0);
    struct world *w = &r->w;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct peer p;
        struct fake f;
        relay_to(r, &f, "/");
        r->ended = 0;
        r->finished = false;
        peer_tcp(&p, w);
        peer_says(&p, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
        WAIT(w, f.taken == 1 && peer_has(&f.peer, "\r\n\r\n"));
        peer_says(&f.peer, bad[i]);
        peer_hang_up(&f.peer);
        f.taken = 0;
        WAIT(w, r->ended == 1 && p.closed);
        assert_false(r->finished);
        peer_hang_up(&p);
        fake_stop(&f);
    }
    relay_free(r);
}

static void requests_that_lead_elsewhere_are_not_made(void **state)
{
    (void)state;
    static const struct {
        const char *origin, *target, *method, *value;
    } bad[] = {
        {"http://127.0.0.1:1/path", "/",               "GET",   "v"     },
        {"http://example.com",      "/",               "GET",   "v"     },
        {"ws://127.0.0.1:1",        "/",               "GET",   "v"     },
        {"http://127.0.0.1:1",      "http://evil/",    "GET",   "v"     },
        {"http://127.0.0.1:1",      "/a HTTP/1.1\r\n", "GET",   "v"     },
        {"http://127.0.0.1:1",      "/a b",            "GET",   "v"     },
        {"http://127.0.0.1:1",      "",                "GET",   "v"     },
        {"http://127.0.0.1:1",      "/",               "G\r\n", "v"     },
        {"http://127.0.0.1:1",      "/",               "GET",   "a\r\nb"},
    };
    struct relay *r = relay_new(true, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct http_field f = {SPAN("x"), span_str(bad[i].value)};
        struct http_stream_request q = {.origin = bad[i].origin,
                                        .target = bad[i].target,
                                        .method = bad[i].method,
                                        .fields = &f,
                                        .field_count = 1};
        net_id id = 0;
        struct why why = {0};
        assert_int_not_equal(net_http_open(r->w.net, &q, &back_events, r, &id, &why), ST_OK);
        assert_true(id == 0);
    }
    relay_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_comes_in_pieces_and_the_answer_goes_in_pieces),
        cmocka_unit_test(a_whole_answer_waits_for_who_reads_it),
        cmocka_unit_test(answers_are_framed_as_their_client_can_read),
        cmocka_unit_test(heads_that_would_break_the_message_are_not_written),
        cmocka_unit_test(a_held_body_is_not_read_and_goes_on),
        cmocka_unit_test(what_does_not_move_ends),
        cmocka_unit_test(faults_of_a_body_are_answered_or_cut),
        cmocka_unit_test(pieces_pass_in_both_directions_as_they_come),
        cmocka_unit_test(a_side_that_goes_away_takes_the_other_with_it),
        cmocka_unit_test(who_does_not_read_holds_the_other_back),
        cmocka_unit_test(heads_of_answers_that_lie_end_the_request),
        cmocka_unit_test(requests_that_lead_elsewhere_are_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
