#include "fixture.h"

static void messages_go_both_ways(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    peer_upgrade(&p);
    assert_int_equal(w->ws_opened, 1);
    assert_true(peer_frame(&p, 0x81, SPAN("{\"a\":1}")));
    WAIT(w, w->ws_messages == 1);
    assert_string_equal(w->ws_last.data, "{\"a\":1}");
    assert_int_equal(net_ws_send(w->net, w->ws, SPAN("{\"b\":2}")), ST_OK);
    WAIT(w, p.got.len == 9);
    assert_memory_equal(p.got.data, "\x81\x07{\"b\":2}", 9);
    buf_clear(&p.got);
    assert_true(peer_frame(&p, 0x89, SPAN("are you there")));
    WAIT(w, p.got.len == 15);
    assert_memory_equal(p.got.data,
                        "\x8a\x0d"
                        "are you there",
                        15);
    assert_int_equal(w->ws_closed, 0);
    peer_hang_up(&p);
    WAIT(w, w->ws_closed == 1);
    assert_int_equal(w->ws_code, 0);
    world_free(w);
}

static void ten_pings_get_ten_pongs(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    struct buf b;
    buf_init(&b, 4096);
    peer_tcp(&p, w);
    peer_upgrade(&p);
    for (int i = 0; i < 10; i++) {
        put_frame(&b, 0x89, SPAN("0123456789"), true, 10);
    }
    assert_true(peer_send(&p, buf_span(&b)));
    WAIT(w, p.got.len == 120);
    buf_release(&b);
    peer_hang_up(&p);
    world_free(w);
}

static void big_messages_go_both_ways_over_both_kinds_of_socket(void **state)
{
    (void)state;
    enum { BYTES = 300 * 1000 };
    char *text = xcalloc(1, BYTES);
    for (int i = 0; i < BYTES; i++) {
        text[i] = (char)('a' + i % 25);
    }
    for (int unix_socket = 0; unix_socket < 2; unix_socket++) {
        struct world *w = unix_socket != 0 ? world_new_unix() : world_new();
        struct peer p;
        w->echo = true;
        if (unix_socket != 0) {
            peer_unix(&p, w);
        } else {
            peer_tcp(&p, w);
        }
        peer_upgrade(&p);
        for (int round = 1; round <= 3; round++) {
            assert_true(peer_frame(&p, 0x81, (struct span){text, BYTES}));
            WAIT(w, w->ws_messages == round);
            assert_int_equal(w->ws_last.len, BYTES);
            assert_memory_equal(w->ws_last.data, text, BYTES);
            WAIT(w, p.got.len == BYTES + 10);
            assert_memory_equal(p.got.data + 10, text, BYTES);
            buf_clear(&p.got);
        }
        assert_true(w->ws_uid == (unix_socket != 0 ? geteuid() : (uid_t)-1));
        peer_hang_up(&p);
        world_free(w);
    }
    free(text);
}

/* Sends these bytes after the upgrade and wants this close code at both ends. */
static void ends_with(struct world *w, struct span bytes, int code)
{
    struct peer p;
    int closed = w->ws_closed;
    peer_tcp(&p, w);
    peer_upgrade(&p);
    (void)peer_send(&p, bytes);
    WAIT(w, p.closed);
    assert_int_equal(peer_close_code(&p), code);
    assert_false(p.reset);
    WAIT(w, w->ws_closed == closed + 1);
    assert_int_equal(w->ws_code, code);
    peer_hang_up(&p);
}

static void broken_frames_end_the_connection_with_the_right_code(void **state)
{
    (void)state;
    struct world *w = world_new();
    static const uint8_t huge[] = {0x81, 0xff, 0, 0, 0, 0, 0, 8, 0, 1, 1, 2, 3, 4};
    ends_with(w,
              SPAN("\x81\x03"
                   "abc"),
              1002);
    assert_string_equal(w->ws_why, "frame without a mask");
    ends_with(w, SPAN("\x81\x82\0\0\0\0\xc0\xaf"), 1007);
    ends_with(w, SPAN("\x82\x81\0\0\0\0x"), 1003);
    ends_with(w, SPAN("\xf1\x83\0\0\0\0abc"), 1002);
    ends_with(w, (struct span){(const char *)huge, sizeof(huge)}, 1009);
    ends_with(w, SPAN("\x80\x81\0\0\0\0x"), 1002);
    assert_int_equal(w->ws_messages, 0);
    world_free(w);
}

static void endless_fragments_end(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct buf b;
    buf_init(&b, 64 * 1024);
    put_frame(&b, 0x01, SPAN("a"), true, 1);
    for (int i = 0; i < 1024; i++) {
        put_frame(&b, 0x00, SPAN("b"), true, 1);
    }
    ends_with(w, buf_span(&b), 1009);
    buf_release(&b);
    world_free(w);
}

static void too_many_messages_a_second_end_it(void **state)
{
    (void)state;
    struct world *w = world_bare();
    struct server_options o = world_options();
    o.messages_per_second = 50;
    world_listen(w, &o);
    struct buf b;
    buf_init(&b, 64 * 1024);
    for (int i = 0; i < 120; i++) {
        put_frame(&b, 0x81, SPAN("x"), true, 1);
    }
    ends_with(w, buf_span(&b), 1008);
    assert_in_range(w->ws_messages, 50, 60);

    buf_clear(&b); /* pings cost the same */
    for (int i = 0; i < 120; i++) {
        put_frame(&b, 0x89, SPAN("x"), true, 1);
    }
    ends_with(w, buf_span(&b), 1008);

    buf_clear(&b); /* what keeps to the rate goes on */
    for (int i = 0; i < 40; i++) {
        put_frame(&b, 0x81, SPAN("x"), true, 1);
    }
    struct peer p;
    int before = w->ws_messages;
    peer_tcp(&p, w);
    peer_upgrade(&p);
    assert_true(peer_send(&p, buf_span(&b)));
    WAIT(w, w->ws_messages == before + 40);
    int64_t later = clock_mono_us() + 700 * 1000;
    WAIT(w, clock_mono_us() > later);
    assert_true(peer_send(&p, buf_span(&b)));
    WAIT(w, w->ws_messages == before + 80);
    assert_false(p.closed);
    peer_hang_up(&p);
    buf_release(&b);
    world_free(w);
}

static void a_message_that_never_ends_is_given_up(void **state)
{
    (void)state;
    struct world *w = world_new();
    ends_with(w, SPAN("\x01\x81\0\0\0\0a"), 1008);
    ends_with(w, SPAN("\x81"), 1008);
    ends_with(w, SPAN("\x81\x81\0\0\0\0a\x81\x85\0\0\0\0a"), 1008); /* a whole one before */
    assert_int_equal(w->ws_messages, 1);
    struct peer p; /* silence is no message: it may last */
    peer_tcp(&p, w);
    peer_upgrade(&p);
    int64_t later = clock_mono_us() + 1000 * 1000;
    WAIT(w, clock_mono_us() > later);
    assert_false(p.closed);
    assert_true(peer_frame(&p, 0x81, SPAN("still here")));
    WAIT(w, w->ws_messages == 2);
    peer_hang_up(&p);
    world_free(w);
}

static void a_slow_reader_is_let_go_and_the_rest_is_not_held_up(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer slow;
    struct peer other;
    char *text = xcalloc(1, 100 * 1000);
    memset(text, 's', 100 * 1000);
    peer_tcp(&other, w);
    peer_upgrade(&other);
    net_id other_id = w->ws;
    peer_tcp(&slow, w);
    peer_upgrade(&slow);
    net_id slow_id = w->ws;
    peer_deaf(&slow);
    enum status st = ST_OK;
    for (int i = 0; i < 500 && st == ST_OK; i++) {
        st = net_ws_send(w->net, slow_id, (struct span){text, 100 * 1000});
        assert_true(net_ws_queued(w->net, slow_id) <= 1024 * 1024 + 1024);
        assert_int_equal(loop_turn(w->loop, 0), ST_OK);
    }
    assert_int_equal(st, ST_LIMIT);
    assert_int_equal(net_ws_send(w->net, slow_id, SPAN("x")), ST_CLOSED);
    WAIT(w, w->ws_closed == 1);
    assert_int_equal(w->ws_code, 1013);
    assert_int_equal(net_ws_send(w->net, other_id, SPAN("for you")), ST_OK);
    WAIT(w, peer_has(&other, "for you"));
    loop_fd_want(w->loop, slow.watch,
                 LOOP_READ); /* it wakes up within the grace: whole frames, 1013 */
    WAIT(w, slow.closed);
    assert_int_equal(peer_close_code(&slow), 1013);
    peer_hang_up(&slow);
    peer_hang_up(&other);
    free(text);
    world_free(w);
}

static void a_dead_reader_goes_after_the_grace(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer slow;
    char *text = xcalloc(1, 1000 * 1000);
    memset(text, 's', 1000 * 1000);
    peer_tcp(&slow, w);
    peer_upgrade(&slow);
    peer_deaf(&slow);
    enum status st = ST_OK;
    while (st == ST_OK) {
        st = net_ws_send(w->net, w->ws, (struct span){text, 1000 * 1000});
    }
    WAIT(w, w->ws_closed == 1);
    assert_false(net_idle(w->net));
    WAIT(w, net_idle(w->net)); /* killed: nothing is queued any more */
    peer_hang_up(&slow);
    free(text);
    world_free(w);
}

static void both_sides_can_close_in_good_order(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    peer_upgrade(&p);
    assert_true(peer_frame(&p, 0x88, SPAN("\x03\xe9going home")));
    WAIT(w, w->ws_closed == 1 && p.closed);
    assert_int_equal(w->ws_code, 1001);
    assert_string_equal(w->ws_why, "going home");
    assert_int_equal(peer_close_code(&p), 1001);
    peer_hang_up(&p);

    peer_tcp(&p, w);
    peer_upgrade(&p);
    assert_int_equal(net_ws_send(w->net, w->ws, SPAN("last words")), ST_OK);
    net_ws_close(w->net, w->ws, 1001, "the daemon ends");
    net_ws_close(w->net, w->ws, 1000, "twice");
    assert_int_equal(net_ws_send(w->net, w->ws, SPAN("no more")), ST_CLOSED);
    WAIT(w, peer_close_code(&p) == 1001);
    assert_true(peer_has(&p, "last words"));
    assert_int_equal(w->ws_closed, 1); /* it waits for the other's close frame */
    assert_true(peer_frame(&p, 0x81, SPAN("crossing")));
    assert_true(peer_frame(&p, 0x88, SPAN("\x03\xe9")));
    WAIT(w, w->ws_closed == 2 && p.closed);
    assert_int_equal(w->ws_code, 1001);
    assert_string_equal(w->ws_why, "the daemon ends");
    assert_int_equal(w->ws_messages, 0);
    peer_hang_up(&p);
    world_free(w);
}

/* After "GET /ws HTTP/1.1" and a Host. */
static const struct {
    int status;
    const char *fields;
} handshakes[] = {
#define REFUSE(status, fields)                                                                     \
    {                                                                                              \
        status, fields                                                                             \
    }
    REFUSE(400, "Upgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Protocol: checkrein.v1\r\n"),
    REFUSE(400, "Upgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: short==\r\n"
                "Sec-WebSocket-Protocol: checkrein.v1\r\n"),
    REFUSE(426, "Upgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                "Sec-WebSocket-Version: 8\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Protocol: checkrein.v1\r\n"),
    REFUSE(400, "Upgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
    REFUSE(400, "Upgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Protocol: checkrein.v2, Checkrein.v1\r\n"),
    REFUSE(400, "Upgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                "Content-Length: 3\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Protocol: checkrein.v1\r\n"),
#undef REFUSE
};

static void handshakes_that_are_not_ours_are_refused(void **state)
{
    (void)state;
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(handshakes); i++) {
        struct peer p;
        char want[32];
        peer_tcp(&p, w);
        peer_says(&p, "GET /ws HTTP/1.1\r\nHost: a\r\n");
        peer_says(&p, handshakes[i].fields);
        peer_says(&p, "\r\n");
        (void)snprintf(want, sizeof(want), "HTTP/1.1 %d ", handshakes[i].status);
        WAIT(w, peer_has(&p, "\r\n\r\n"));
        if (!peer_has(&p, want)) {
            fail_msg("handshake %zu: %.40s", i, p.got.data);
        }
        peer_hang_up(&p);
    }
    assert_int_equal(w->ws_opened, 0);
    world_free(w);
}

static void no_extension_is_ever_agreed_to(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p, upgrade_request);
    peer_says(&p, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n");
    WAIT(w, peer_has(&p, "\r\n\r\n"));
    assert_true(peer_has(&p, " 101 "));
    assert_false(peer_has(&p, "xtensions"));
    assert_false(peer_has(&p, "deflate"));
    buf_clear(&p.got);
    assert_true(peer_frame(&p, 0x81, SPAN("plain")));
    WAIT(w, w->ws_messages == 1);
    assert_true(peer_frame(&p, 0xc1, SPAN("\x2a\xc8\x49\xcc\xcc\x03\x00")));
    WAIT(w, w->ws_closed == 1);
    assert_int_equal(w->ws_code, 1002);
    peer_hang_up(&p);
    world_free(w);
}

static void frames_right_behind_the_handshake_are_read(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p;
    struct buf b;
    buf_init(&b, 4096);
    (void)buf_printf(&b, "%s\r\n", upgrade_request);
    put_frame(&b, 0x81, SPAN("early"), true, 5);
    peer_tcp(&p, w);
    assert_true(peer_send(&p, buf_span(&b)));
    WAIT(w, w->ws_messages == 1);
    assert_int_equal(w->ws_opened, 1);
    buf_release(&b);
    peer_hang_up(&p);
    world_free(w);
}

static void message_closes(void *ctx, net_id id, struct span text)
{
    struct world *w = ctx;
    (void)text;
    w->ws_messages++;
    net_ws_close(w->net, id, 1000, "enough");
}

static void closing_inside_a_message_stops_the_rest(void **state)
{
    (void)state;
    struct world *w = world_bare();
    struct server_options o = world_options();
    struct server_events ev = world_events;
    ev.ws_message = message_closes;
    assert_int_equal(net_listen(w->net, &o, &ev, w, &w->listener, &w->port, NULL), ST_OK);
    struct peer p;
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i < 5; i++) {
        put_frame(&b, 0x81, SPAN("more"), true, 4);
    }
    peer_tcp(&p, w);
    peer_upgrade(&p);
    assert_true(peer_send(&p, buf_span(&b)));
    WAIT(w, peer_close_code(&p) == 1000);
    assert_int_equal(w->ws_messages, 1);
    peer_hang_up(&p);
    WAIT(w, w->ws_closed == 1);
    buf_release(&b);
    world_free(w);
}

static void a_plain_http_server_has_no_websocket(void **state)
{
    (void)state;
    struct world *w = world_bare();
    struct server_options o = world_options();
    o.protocol = NULL;
    world_listen(w, &o);
    struct peer p;
    peer_tcp(&p, w);
    peer_says(&p, upgrade_request);
    peer_says(&p, "\r\n");
    WAIT(w, peer_has(&p, " 404 "));
    peer_hang_up(&p);
    world_free(w);
}

static void it_can_be_freed_with_websockets_open(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer p[3];
    for (int i = 0; i < 3; i++) {
        peer_tcp(&p[i], w);
        peer_upgrade(&p[i]);
    }
    (void)peer_frame(&p[0], 0x01, SPAN("half"));
    net_ws_close(w->net, w->ws, 1000, "bye");
    assert_int_equal(loop_turn(w->loop, 10), ST_OK);
    for (int i = 0; i < 3; i++) {
        peer_hang_up(&p[i]);
    }
    int closed = w->ws_closed;
    net_free(w->net);
    w->net = NULL;
    assert_int_equal(w->ws_closed, closed); /* nobody is called any more */
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_both_ways),
        cmocka_unit_test(ten_pings_get_ten_pongs),
        cmocka_unit_test(big_messages_go_both_ways_over_both_kinds_of_socket),
        cmocka_unit_test(broken_frames_end_the_connection_with_the_right_code),
        cmocka_unit_test(endless_fragments_end),
        cmocka_unit_test(too_many_messages_a_second_end_it),
        cmocka_unit_test(a_message_that_never_ends_is_given_up),
        cmocka_unit_test(a_slow_reader_is_let_go_and_the_rest_is_not_held_up),
        cmocka_unit_test(a_dead_reader_goes_after_the_grace),
        cmocka_unit_test(both_sides_can_close_in_good_order),
        cmocka_unit_test(handshakes_that_are_not_ours_are_refused),
        cmocka_unit_test(no_extension_is_ever_agreed_to),
        cmocka_unit_test(frames_right_behind_the_handshake_are_read),
        cmocka_unit_test(closing_inside_a_message_stops_the_rest),
        cmocka_unit_test(a_plain_http_server_has_no_websocket),
        cmocka_unit_test(it_can_be_freed_with_websockets_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
