#include "client_fixture.h"

static void it_talks_to_our_own_server(struct world *w, const char *url)
{
    struct link l;
    struct ws_client_options o = link_options(url);
    o.bearer = SPAN("s3cret");
    w->check_token = w->echo = true;
    link_start(&l, w, &o);
    assert_int_equal(net_ws_send(w->net, l.id, SPAN("too early")), ST_CLOSED);
    WAIT(w, l.opened == 1 && w->ws_opened == 1);
    assert_int_equal(net_ws_send(w->net, l.id, SPAN("{\"hello\":\"\xc3\xa9\"}")), ST_OK);
    WAIT(w, l.messages == 1);
    assert_string_equal(l.last.data, "{\"hello\":\"\xc3\xa9\"}");

    enum { BYTES = 300 * 1000 };
    char *text = xcalloc(1, BYTES);
    for (int i = 0; i < BYTES; i++) {
        text[i] = (char)('a' + i % 25);
    }
    for (int i = 2; i < 5; i++) { /* three at once, both ways */
        assert_int_equal(net_ws_send(w->net, l.id, (struct span){text, BYTES}), ST_OK);
    }
    assert_true(net_ws_queued(w->net, l.id) > 0);
    WAIT(w, l.messages == 4);
    assert_int_equal(l.last.len, BYTES);
    assert_memory_equal(l.last.data, text, BYTES);
    assert_int_equal(net_ws_queued(w->net, l.id), 0);
    assert_true(net_idle(w->net));
    free(text);

    net_ws_close(w->net, l.id, 1000, "done here");
    WAIT(w, l.closed == 1 && w->ws_closed == 1);
    assert_int_equal(l.code, 1000);
    assert_int_equal(l.http_status, 0);
    assert_int_equal(w->ws_code, 1000);
    assert_string_equal(w->ws_why, "done here");
    link_end(&l);
}

static void over_tcp(void **state)
{
    (void)state;
    struct world *w = world_new();
    char url[64];
    (void)snprintf(url, sizeof(url), "ws://localhost:%d/ws?x=1", w->port);
    it_talks_to_our_own_server(w, url);
    world_free(w);
}

static void over_a_unix_socket(void **state)
{
    (void)state;
    struct world *w = world_new_unix();
    char url[128];
    (void)snprintf(url, sizeof(url), "unix:%s", w->path);
    it_talks_to_our_own_server(w, url);
    assert_true(w->ws_uid == geteuid());
    world_free(w);
}

static void a_refused_upgrade_tells_its_status(void **state)
{
    (void)state;
    static const int statuses[] = {401, 403, 404, 421, 503};
    struct world *w = world_new();
    char url[64];
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/ws", w->port);
    struct ws_client_options o = link_options(url);
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct link l;
        w->admit_status = statuses[i];
        link_start(&l, w, &o);
        WAIT(w, l.closed == 1);
        assert_int_equal(l.opened, 0);
        assert_int_equal(l.http_status, statuses[i]);
        assert_int_equal(l.code, 0);
        link_end(&l);
    }
    w->admit_status = 0;
    o.protocol = "something.else";
    struct link l;
    link_start(&l, w, &o);
    WAIT(w, l.closed == 1);
    assert_int_equal(l.http_status, 400);
    link_end(&l);
    world_free(w);
}

static void where_nobody_listens_it_ends_soon(void **state)
{
    (void)state;
    struct world *w = world_new_unix();
    struct link l;
    struct fake f;
    char url[128];
    struct ws_client_options o = link_options(url);

    fake_start(&f, w); /* a port that was free just now */
    fake_stop(&f);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", f.port);
    link_start(&l, w, &o);
    WAIT(w, l.closed == 1);
    assert_int_equal(l.opened + l.http_status + l.code, 0);
    assert_true(l.why[0] != '\0');
    link_end(&l);

    (void)snprintf(url, sizeof(url), "unix:%s/nothing.sock", w->folder);
    link_start(&l, w, &o);
    WAIT(w, l.closed == 1);
    assert_non_null(strstr(l.why, "no such socket"));
    link_end(&l);
    world_free(w);
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    struct fake f;
    char url[64];
    struct ws_client_options o = link_options(url);
    o.connect_ms = 300;
    fake_start(&f, w);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", f.port);
    int64_t start = clock_mono_us();
    link_start(&l, w, &o);
    WAIT(w, l.closed == 1);
    int64_t took = clock_mono_us() - start;
    assert_true(took > 250 * 1000);
    WAIT(w, f.peer.closed);
    assert_int_equal(f.taken, 1);
    link_end(&l);
    fake_stop(&f);
    world_free(w);
}

static void the_credential_goes_only_where_it_was_meant_to(void **state)
{
    (void)state;
    static const char *const redirects[] = {"301", "302", "303", "307", "308"};
    struct world *w = world_new(); /* where it would be sent to */
    for (size_t i = 0; i < ARRAY_LEN(redirects); i++) {
        struct link l;
        struct fake f;
        char url[64];
        char text[160];
        char accept[WS_ACCEPT_BYTES];
        struct ws_client_options o = link_options(url);
        o.bearer = SPAN("canary-token");
        fake_start(&f, w);
        (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/start", f.port);
        link_start(&l, w, &o);
        fake_request(&f, accept);
        assert_true(peer_has(&f.peer, "\r\nAuthorization: Bearer canary-token\r\n"));
        assert_true(peer_has(&f.peer, "GET /start HTTP/1.1\r\n"));
        assert_false(peer_has(&f.peer, "Sec-WebSocket-Extensions"));
        assert_false(peer_has(&f.peer, "Origin:"));
        (void)snprintf(text, sizeof(text),
                       "HTTP/1.1 %s Moved\r\nLocation: ws://127.0.0.1:%d/stolen\r\n"
                       "Content-Length: 0\r\n\r\n",
                       redirects[i], w->port);
        peer_says(&f.peer, text);
        WAIT(w, l.closed == 1);
        assert_int_equal(l.http_status, atol(redirects[i]));
        assert_int_equal(w->admits, 0);
        link_end(&l);
        fake_stop(&f);
    }
    world_free(w);
}

struct bad_answer {
    const char *protocol, *extra;
};

static void answers_that_do_not_fit_the_request_are_refused(void **state)
{
    (void)state;
    static const struct bad_answer answers[] = {
        {"",                                         ""    },
        {"Sec-WebSocket-Protocol: other\r\n",        ""    },
        {"Sec-WebSocket-Protocol: checkrein\r\n",    ""    },
        {"Sec-WebSocket-Protocol: checkrein.v1\r\n",
         "Sec-WebSocket-Extensions: permessage-deflate\r\n"},
    };
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct link l;
        struct fake f;
        char url[64];
        struct ws_client_options o = link_options(url);
        fake_start(&f, w);
        (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", f.port);
        link_start(&l, w, &o);
        fake_answer(&f, answers[i].protocol, answers[i].extra);
        WAIT(w, l.closed == 1);
        assert_int_equal(l.opened, 0);
        link_end(&l);
        fake_stop(&f);
    }
    world_free(w);
}

static void without_a_subprotocol_none_is_asked_for_and_none_is_taken(void **state)
{
    (void)state;
    static const char *const chosen[] = {"", "Sec-WebSocket-Protocol: checkrein.v1\r\n"};
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(chosen); i++) {
        struct link l;
        struct fake f;
        char url[64];
        struct ws_client_options o = link_options(url);
        o.protocol = NULL;
        fake_start(&f, w);
        (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", f.port);
        link_start(&l, w, &o);
        char accept[WS_ACCEPT_BYTES];
        fake_request(&f, accept);
        assert_null(strcasestr(f.peer.got.data, "Sec-WebSocket-Protocol"));
        assert_null(strcasestr(f.peer.got.data, "\nOrigin"));
        fake_agree(&f, accept, chosen[i], "");
        WAIT(w, l.closed == 1 || l.opened == 1);
        assert_int_equal(l.opened, chosen[i][0] == '\0');
        fake_stop(&f);
        WAIT(w, l.closed == 1);
        link_end(&l);
    }
    world_free(w);
}

static void answers_that_are_no_answer_are_survived(void **state)
{
    (void)state;
    static const struct span answers[] = {
        BYTES_OF("\x16\x03\x01\x02\x00\x01"),
        BYTES_OF("HTTP/1.1 \r\n\r\n"),
        BYTES_OF("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"
                 "Sec-WebSocket-Protocol: checkrein.v1\r\n\r\n"),
        BYTES_OF("HTTP/1.1 101\r\n\r\n"),
        BYTES_OF("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"),
        BYTES_OF("HTTP/1.1 999999999999999999999 x\r\n\r\n"),
        BYTES_OF("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
        BYTES_OF("HTTP/1.1 301 x\r\n\r\n"),
        BYTES_OF("\r\n\r\n\r\n\r\n"),
        BYTES_OF("\0\0\0\0\0\0\r\n\r\n"),
        BYTES_OF("HTTP/1.0 101 x\r\nConnection: \r\nUpgrade: \r\nSec-WebSocket-Accept: \r\n\r\n"),
    };
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct link l;
        struct fake f;
        char url[64];
        char accept[WS_ACCEPT_BYTES];
        struct ws_client_options o = link_options(url);
        o.connect_ms = 1000;
        fake_start(&f, w);
        (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", f.port);
        link_start(&l, w, &o);
        fake_request(&f, accept);
        assert_true(peer_send(&f.peer, answers[i]));
        (void)shutdown(f.peer.fd, SHUT_WR);
        WAIT(w, l.closed == 1);
        assert_int_equal(l.opened, 0);
        link_end(&l);
        fake_stop(&f);
    }
    world_free(w);
}

static void fragments_and_texts_right_behind_the_handshake_come_whole(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    struct fake f;
    fake_open(&f, &l, w, link_options(NULL));
    fake_frame(&f, 0x01, SPAN("one \xe2"));
    fake_frame(&f, 0x89, SPAN("ping"));
    fake_frame(&f, 0x00, SPAN("\x82"));
    fake_frame(&f, 0x00, SPAN_NONE);
    fake_frame(&f, 0x80, SPAN("\xac"));
    fake_frame(&f, 0x81, SPAN(""));
    WAIT(w, l.messages == 2);
    assert_int_equal(l.last.len, 0);
    WAIT(w, f.peer.got.len >= 10); /* the pong, masked */
    assert_int_equal((uint8_t)f.peer.got.data[0], 0x8a);
    assert_int_equal((uint8_t)f.peer.got.data[1], 0x84);
    fake_frame(&f, 0x88, SPAN("\x03\xe9maintenance"));
    WAIT(w, l.closed == 1);
    assert_int_equal(l.code, 1001);
    assert_string_equal(l.why, "maintenance");
    WAIT(w, f.peer.closed); /* and it answered the close */
    link_end(&l);
    fake_stop(&f);
    world_free(w);
}

static void what_a_server_must_not_send_ends_it(void **state)
{
    (void)state;
    static const struct {
        struct span bytes;
        int code;
    } cases[] = {
        {BYTES_OF("\x82\x01x"),                                                1003},
        {BYTES_OF("\x81\x02\xc0\xaf"),                                         1007},
        {BYTES_OF("\x81\x02\xe2\x82"),                                         1007},
        {BYTES_OF("\xc1\x07\x2a\xc8\x49\xcc\xcc\x03\x00"),                     0   }, /* deflate that nobody agreed to */
        {BYTES_OF("\x83\x01x"),                                                0   },
        {BYTES_OF("\x80\x01x"),                                                0   },
        {BYTES_OF("\x89\x7e\x00\x80"),                                         0   },
        {BYTES_OF("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0   },
    };
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct link l;
        struct fake f;
        fake_open(&f, &l, w, link_options(NULL));
        (void)peer_send(&f.peer, cases[i].bytes);
        WAIT(w, l.closed == 1);
        assert_int_equal(l.code, cases[i].code);
        assert_int_equal(l.messages, 0);
        WAIT(w, f.peer.closed || cases[i].code != 0);
        link_end(&l);
        fake_stop(&f);
    }
    world_free(w);
}

static void a_message_over_the_cap_ends_it(void **state)
{
    (void)state;
    enum { BYTES = 100 * 1000 };
    struct world *w = world_new();
    struct link l;
    struct fake f;
    struct ws_client_options o = link_options(NULL);
    char *text = xcalloc(1, BYTES);
    memset(text, 'x', BYTES);
    o.message_bytes = BYTES - 1;
    fake_open(&f, &l, w, o);
    fake_frame(&f, 0x81, (struct span){text, BYTES - 1});
    WAIT(w, l.messages == 1);
    fake_frame(&f, 0x81, (struct span){text, BYTES});
    WAIT(w, l.closed == 1);
    assert_int_equal(l.code, 1009);
    WAIT(w, peer_close_code(&f.peer) != 0 || f.peer.closed);
    link_end(&l);
    fake_stop(&f);
    free(text);
    world_free(w);
}

/* Whoever was told that it is too much, and goes on: nothing of it is written anywhere. */
static void what_comes_behind_a_fault_is_dropped(void **state)
{
    (void)state;
    enum { BYTES = 8 << 20, TEXT = 0x81, BINARY = 0x82 };
    static const unsigned FIRST[] = {TEXT, BINARY};
    char *text = xcalloc(1, BYTES);
    memset(text, 'x', BYTES);
    for (size_t i = 0; i < ARRAY_LEN(FIRST); i++) {
        struct world *w = world_new();
        struct link l;
        struct fake f;
        struct buf b;
        fake_open(&f, &l, w, link_options(NULL));
        buf_init(&b, BYTES + 64);
        put_frame(&b, FIRST[i], (struct span){text, BYTES}, false, BYTES);
        (void)peer_send(&f.peer, buf_span(&b)); /* to its end, or as far as it is read */
        WAIT(w, l.closed == 1);
        assert_int_equal(l.code, FIRST[i] == TEXT ? 1009 : 1003);
        assert_int_equal(l.messages, 0);
        WAIT(w, peer_close_code(&f.peer) != 0 || f.peer.closed);
        buf_release(&b);
        link_end(&l);
        fake_stop(&f);
        world_free(w);
    }
    free(text);
}

static void endless_fragments_end(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    struct fake f;
    fake_open(&f, &l, w, link_options(NULL));
    struct buf b;
    buf_init(&b, 64 * 1024);
    put_frame(&b, 0x01, SPAN("a"), false, 1);
    for (int i = 0; i < 3000; i++) {
        put_frame(&b, 0x00, SPAN_NONE, false, 0);
    }
    (void)peer_send(&f.peer, buf_span(&b));
    WAIT(w, l.closed == 1);
    assert_int_equal(l.code, 1009);
    assert_int_equal(l.messages, 0);
    buf_release(&b);
    link_end(&l);
    fake_stop(&f);
    world_free(w);
}

static void silence_is_pinged_and_then_ends_it(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    struct fake f;
    struct ws_client_options o = link_options(NULL);
    o.ping_ms = 150;
    fake_open(&f, &l, w, o);
    int64_t start = clock_mono_us();
    WAIT(w, f.peer.got.len >= 6);
    assert_int_equal((uint8_t)f.peer.got.data[0], 0x89);
    assert_true(clock_mono_us() - start > 100 * 1000);
    buf_clear(&f.peer.got);
    fake_frame(&f, 0x8a, SPAN_NONE); /* a pong gives it new time */
    WAIT(w, f.peer.got.len >= 6);
    assert_int_equal(l.closed, 0);
    WAIT(w, l.closed == 1);
    int64_t took = clock_mono_us() - start;
    assert_true(took > 300 * 1000);
    assert_int_equal(l.code, 0);
    assert_non_null(strstr(l.why, "does not answer"));
    link_end(&l);
    fake_stop(&f);
    world_free(w);
}

static void turn_for(struct world *w, int64_t ms)
{
    for (int64_t end = clock_mono_us() + ms * 1000; clock_mono_us() < end;) {
        assert_int_equal(loop_turn(w->loop, 20), ST_OK);
    }
}

/* Known to stand still: it is not pinged, and not given up, before the time begins anew. */
static void silence_of_one_that_stands_still_ends_nothing(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    struct fake f;
    struct ws_client_options o = link_options(NULL);
    o.ping_ms = 100;
    fake_open(&f, &l, w, o);
    net_ws_patient(w->net, l.id, true);
    turn_for(w, 600);
    assert_int_equal(l.closed, 0);
    assert_int_equal(f.peer.got.len, 0);
    int64_t start = clock_mono_us();
    net_ws_patient(w->net, l.id, false);
    WAIT(w, f.peer.got.len >= 6);
    assert_int_equal((uint8_t)f.peer.got.data[0], 0x89);
    WAIT(w, l.closed == 1);
    assert_true(clock_mono_us() - start > 150 * 1000);
    link_end(&l);
    fake_stop(&f);
    world_free(w);
}

static void one_that_stands_still_may_let_us_in_late(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    struct fake f;
    char url[64];
    struct ws_client_options o = link_options(url);
    o.connect_ms = 200;
    fake_start(&f, w);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", f.port);
    link_start(&l, w, &o);
    WAIT(w, net_ws_fd(w->net, l.id) >= 0);
    net_ws_patient(w->net, l.id, true);
    turn_for(w, 700);
    assert_int_equal(l.closed, 0);
    net_ws_patient(w->net, l.id, false);
    WAIT(w, l.closed == 1); /* and no later than any other */
    assert_int_equal(net_ws_fd(w->net, l.id), -1);
    link_end(&l);
    fake_stop(&f);
    world_free(w);
}

static void a_server_that_does_not_read_is_let_go(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    struct fake f;
    fake_open(&f, &l, w, link_options(NULL));
    peer_deaf(&f.peer);
    char *text = xcalloc(1, 100 * 1000);
    memset(text, 's', 100 * 1000);
    enum status st = ST_OK;
    for (int i = 0; i < 500 && st == ST_OK; i++) {
        assert_int_equal(loop_turn(w->loop, 0), ST_OK);
        st = net_ws_send(w->net, l.id, (struct span){text, 100 * 1000});
    }
    assert_int_equal(st, ST_LIMIT);
    assert_int_equal(l.closed, 0); /* not from inside the call */
    WAIT(w, l.closed == 1);
    assert_int_equal(l.code, 1013);
    free(text);
    link_end(&l);
    fake_stop(&f);
    world_free(w);
}

static void a_server_that_dies_is_told_and_comes_back(void **state)
{
    (void)state;
    struct world *w = world_new_unix();
    struct link l;
    char url[128];
    struct ws_client_options o = link_options(url);
    struct server_options so = world_options();
    (void)snprintf(url, sizeof(url), "unix:%s", w->path);
    struct why why = {0};
    struct net *server = NULL;
    net_unlisten(w->net, w->listener);
    assert_int_equal(net_new(&server, w->loop, &why), ST_OK); /* a second net: dies on its own */
    so.unix_path = w->path;
    net_id id = 0;
    assert_int_equal(net_listen(server, &so, &world_events, w, &id, NULL, &why), ST_OK);
    struct net *client = w->net;
    link_start(&l, w, &o);
    WAIT(w, l.opened == 1);
    net_free(server);
    WAIT(w, l.closed == 1);
    assert_int_equal(l.code, 0);
    link_end(&l);
    assert_int_equal(net_listen(client, &so, &world_events, w, &id, NULL, &why), ST_OK);
    link_start(&l, w, &o);
    WAIT(w, l.opened == 1);
    net_ws_close(client, l.id, 1001, NULL);
    WAIT(w, l.closed == 1);
    link_end(&l);
    world_free(w);
}

static void closing_before_it_is_open_is_told_too(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    char url[64];
    struct ws_client_options o = link_options(url);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", w->port);
    link_start(&l, w, &o);
    net_ws_close(w->net, l.id, 1000, "changed my mind");
    net_ws_close(w->net, l.id, 1000, "again");
    assert_int_equal(l.closed, 0);
    WAIT(w, l.closed == 1);
    assert_string_equal(l.why, "changed my mind");
    assert_int_equal(l.opened, 0);
    link_end(&l);
    world_free(w);
}

static void who_is_forgotten_hears_nothing_more(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    char url[64];
    struct ws_client_options o = link_options(url);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", w->port);
    link_start(&l, w, &o);
    WAIT(w, l.opened == 1);
    assert_int_equal(net_ws_send(w->net, l.id, SPAN("last words")), ST_OK);
    assert_int_equal(net_ws_send(w->net, w->ws, SPAN("crossing")), ST_OK);
    net_ws_forget(w->net, l.id, 1001, "going away");
    net_id id = l.id;
    link_end(&l);
    memset(&l, 0xa5, sizeof(l)); /* its owner is gone */
    assert_int_equal(net_ws_send(w->net, id, SPAN("x")), ST_CLOSED);
    WAIT(w, w->ws_closed == 1);
    assert_string_equal(w->ws_last.data, "last words"); /* what was queued still went out */
    assert_int_equal(w->ws_code, 1001);
    link_start(&l, w, &o); /* also before it is open */
    net_ws_forget(w->net, l.id, 1000, NULL);
    link_end(&l);
    memset(&l, 0xa5, sizeof(l));
    assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    world_free(w);
}

static void what_cannot_be_meant_is_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum status st;
    } urls[] = {
        {"ws://example.org/",            ST_DENIED     },
        {"ws://10.0.0.1/",               ST_DENIED     },
        {"ws://127.0.0.1.evil.example/", ST_DENIED     },
        {"ws://localhost.evil.example/", ST_DENIED     },
        {"ws://[::2]/",                  ST_DENIED     },
        {"http://127.0.0.1/",            ST_UNSUPPORTED},
        {"https://example.org/",         ST_UNSUPPORTED},
        {"gopher://x/",                  ST_UNSUPPORTED},
        {"ws://user:pw@127.0.0.1/",      ST_INVALID    },
        {"ws://127.0.0.1:0/",            ST_INVALID    },
        {"ws://127.0.0.1:65536/",        ST_INVALID    },
        {"ws://127.0.0.1:/",             ST_INVALID    },
        {"ws://127.0.0.1/#x",            ST_INVALID    },
        {"ws://127.0.0.1?x",             ST_INVALID    },
        {"ws://127.0.0.1/a b",           ST_INVALID    },
        {"ws://127.0.0.1/a\r\nX: y",     ST_INVALID    },
        {"ws://",                        ST_INVALID    },
        {"ws://ex%41mple/",              ST_INVALID    },
        {"ws://[::1",                    ST_INVALID    },
        {"unix:relative",                ST_INVALID    },
        {"unix:",                        ST_INVALID    },
        {"",                             ST_UNSUPPORTED},
    };
    struct world *w = world_new();
    struct why why = {0};
    net_id id = 0;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct ws_client_options o = link_options(urls[i].url);
        enum status st = net_ws_connect(w->net, &o, &link_events, NULL, &id, &why);
        if (st != urls[i].st) {
            fail_msg("%s: %s", urls[i].url, status_name(st));
        }
        assert_int_equal(id, 0);
        assert_true(why.text[0] != '\0');
    }
    struct ws_client_options o = link_options("ws://127.0.0.1/");
    o.bearer = SPAN("with\r\nX-Injected: 1");
    assert_int_equal(net_ws_connect(w->net, &o, &link_events, NULL, &id, &why), ST_INVALID);
    assert_null(strstr(why.text, "Injected")); /* the credential is not repeated */
    o = link_options("ws://127.0.0.1/");
    o.protocol = "a, b";
    assert_int_equal(net_ws_connect(w->net, &o, &link_events, NULL, &id, &why), ST_INVALID);
    o = link_options("ws://127.0.0.1/");
    o.queue_bytes = 0;
    assert_int_equal(net_ws_connect(w->net, &o, &link_events, NULL, &id, &why), ST_INVALID);
    world_free(w);
}

static void the_environment_cannot_put_a_proxy_between(void **state)
{
    (void)state;
    struct world *proxy = world_new();
    char text[64];
    (void)snprintf(text, sizeof(text), "http://127.0.0.1:%d", proxy->port);
    assert_int_equal(setenv("http_proxy", text, 1), 0);
    struct world *w = world_new();
    struct link l;
    char url[64];
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", w->port);
    struct ws_client_options o = link_options(url);
    link_start(&l, w, &o);
    WAIT(w, l.opened == 1);
    assert_int_equal(unsetenv("http_proxy"), 0);
    link_end(&l);
    world_free(w);
    assert_int_equal(loop_turn(proxy->loop, 0), ST_OK);
    assert_int_equal(proxy->admits, 0);
    world_free(proxy);
}

static void names_are_resolved_and_what_is_no_name_ends_it(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct link l;
    struct ws_client_options o = link_options("wss://no-such-host.invalid/");
    link_start(&l, w, &o);
    WAIT(w, l.closed == 1);
    assert_int_equal(l.opened, 0);
    assert_true(l.why[0] != '\0');
    link_end(&l);
    link_start(&l, w, &o); /* freed while it may still look */
    link_end(&l);
    world_free(w);
}

static void it_can_be_freed_at_every_stage(void **state)
{
    (void)state;
    for (int turns = 0; turns < 12; turns++) {
        int sent = 0;
        struct world *w = world_new();
        struct link l;
        char url[64];
        struct ws_client_options o = link_options(url);
        (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/", w->port);
        w->echo = true;
        link_start(&l, w, &o);
        for (int i = 0; i < turns; i++) {
            assert_int_equal(loop_turn(w->loop, 2), ST_OK);
            sent += net_ws_send(w->net, l.id, SPAN("text")) == ST_OK ? 1 : 0;
            if (i == 8) {
                net_ws_close(w->net, l.id, 1000, "bye");
            }
        }
        assert_true(turns < 6 || sent > 0);
        int closed = l.closed;
        net_free(w->net);
        w->net = NULL;
        assert_int_equal(loop_turn(w->loop, 2), ST_OK);
        assert_int_equal(l.closed, closed);
        link_end(&l);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_tcp),
        cmocka_unit_test(over_a_unix_socket),
        cmocka_unit_test(a_refused_upgrade_tells_its_status),
        cmocka_unit_test(where_nobody_listens_it_ends_soon),
        cmocka_unit_test(a_server_that_says_nothing_is_given_up),
        cmocka_unit_test(the_credential_goes_only_where_it_was_meant_to),
        cmocka_unit_test(answers_that_do_not_fit_the_request_are_refused),
        cmocka_unit_test(without_a_subprotocol_none_is_asked_for_and_none_is_taken),
        cmocka_unit_test(answers_that_are_no_answer_are_survived),
        cmocka_unit_test(fragments_and_texts_right_behind_the_handshake_come_whole),
        cmocka_unit_test(what_a_server_must_not_send_ends_it),
        cmocka_unit_test(a_message_over_the_cap_ends_it),
        cmocka_unit_test(what_comes_behind_a_fault_is_dropped),
        cmocka_unit_test(endless_fragments_end),
        cmocka_unit_test(silence_is_pinged_and_then_ends_it),
        cmocka_unit_test(silence_of_one_that_stands_still_ends_nothing),
        cmocka_unit_test(one_that_stands_still_may_let_us_in_late),
        cmocka_unit_test(a_server_that_does_not_read_is_let_go),
        cmocka_unit_test(a_server_that_dies_is_told_and_comes_back),
        cmocka_unit_test(closing_before_it_is_open_is_told_too),
        cmocka_unit_test(who_is_forgotten_hears_nothing_more),
        cmocka_unit_test(what_cannot_be_meant_is_refused_at_once),
        cmocka_unit_test(the_environment_cannot_put_a_proxy_between),
        cmocka_unit_test(names_are_resolved_and_what_is_no_name_ends_it),
        cmocka_unit_test(it_can_be_freed_at_every_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
