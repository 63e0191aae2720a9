#include "fixture.h"

#include "checkrein/utf8.h"
#include "ws_frame_priv.h"

/* Feeds everything in pieces of `step` bytes; gives the last item that is not NONE, its text in
 * `text`. */
static struct ws_item feed_text(struct ws_reader *r, struct span in, size_t step, struct buf *text)
{
    struct ws_item last = {.kind = WS_ITEM_NONE};
    size_t at = 0;
    while (at < in.n) {
        struct span piece = span_sub(in, at, step);
        size_t used = 0;
        struct ws_item item = {.kind = WS_ITEM_PONG};
        while (item.kind != WS_ITEM_NONE) {
            used += ws_reader_feed(r, span_sub(piece, used, piece.n), &item);
            if (item.kind != WS_ITEM_NONE) {
                last = item;
            }
            if (item.kind == WS_ITEM_FAULT) {
                return last;
            }
            if (item.kind == WS_ITEM_TEXT && text != NULL) {
                buf_clear(text);
                assert_int_equal(buf_add(text, item.bytes), ST_OK);
            }
        }
        assert_int_equal(used, piece.n);
        at += piece.n;
    }
    return last;
}

static struct ws_item feed(struct ws_reader *r, struct span in, size_t step)
{
    return feed_text(r, in, step, NULL);
}

static const struct {
    const char *name;
    const char *bytes;
    size_t n;
    enum ws_item_kind kind;
    int code;
} cases[] = {
#define CASE(name, bytes, kind, code)                                                              \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, kind, code                                                 \
    }
    CASE("text", "\x81\x82\x01\x02\x03\x04ij", WS_ITEM_TEXT, 0),
    CASE("empty text", "\x81\x80\x01\x02\x03\x04", WS_ITEM_TEXT, 0),
    CASE("half a head", "\x81", WS_ITEM_NONE, 0),
    CASE("half a payload", "\x81\x82\x01\x02\x03\x04i", WS_ITEM_NONE, 0),
    CASE("no mask", "\x81\x02hi", WS_ITEM_FAULT, 1002),
    CASE("rsv1", "\xc1\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1002),
    CASE("rsv2", "\xa1\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1002),
    CASE("rsv3", "\x91\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1002),
    CASE("opcode 3", "\x83\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1002),
    CASE("opcode 11", "\x8b\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1002),
    CASE("binary", "\x82\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1003),
    CASE("ping in pieces", "\x09\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1002),
    CASE("long ping", "\x89\xfe\x00\x7e", WS_ITEM_FAULT, 1002),
    CASE("continuation of nothing", "\x80\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1002),
    CASE("text in text", "\x01\x80\x01\x02\x03\x04\x81\x80\x01\x02\x03\x04", WS_ITEM_FAULT, 1002),
    CASE("two fragments", "\x01\x81\0\0\0\0a\x80\x81\0\0\0\0b", WS_ITEM_TEXT, 0),
    CASE("ping between", "\x01\x81\0\0\0\0a\x89\x81\0\0\0\0p\x80\x81\0\0\0\0b", WS_ITEM_TEXT, 0),
    CASE("length in a longer form", "\x81\xfe\x00\x7d\0\0\0\0", WS_ITEM_FAULT, 1002),
    CASE("length in the longest form", "\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", WS_ITEM_FAULT, 1002),
    CASE("top bit of the length", "\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", WS_ITEM_FAULT, 1002),
    CASE("2^62 bytes", "\x81\xff\x40\0\0\0\0\0\0\0\0\0\0\0", WS_ITEM_FAULT, 1009),
    CASE("one over the cap", "\x81\xfe\x04\x01\0\0\0\0", WS_ITEM_FAULT, 1009),
    CASE("at the cap, not here yet", "\x81\xfe\x04\x00\0\0\0\0", WS_ITEM_NONE, 0),
    CASE("over long", "\x81\x82\0\0\0\0\xc0\xaf", WS_ITEM_FAULT, 1007),
    CASE("surrogate", "\x81\x83\0\0\0\0\xed\xa0\x80", WS_ITEM_FAULT, 1007),
    CASE("above the last", "\x81\x84\0\0\0\0\xf4\x90\x80\x80", WS_ITEM_FAULT, 1007),
    CASE("cut character", "\x81\x82\0\0\0\0\xe2\x82", WS_ITEM_FAULT, 1007),
    CASE("character over two fragments", "\x01\x82\0\0\0\0\xe2\x82\x80\x81\0\0\0\0\xac",
         WS_ITEM_TEXT, 0),
    CASE("close", "\x88\x82\0\0\0\0\x03\xe8", WS_ITEM_CLOSE, 1000),
    CASE("close without a code", "\x88\x80\0\0\0\0", WS_ITEM_CLOSE, 1005),
    CASE("close of one byte", "\x88\x81\0\0\0\0\x03", WS_ITEM_FAULT, 1002),
    CASE("close 1005", "\x88\x82\0\0\0\0\x03\xed", WS_ITEM_FAULT, 1002),
    CASE("close 999", "\x88\x82\0\0\0\0\x03\xe7", WS_ITEM_FAULT, 1002),
    CASE("close 4999", "\x88\x82\0\0\0\0\x13\x87", WS_ITEM_CLOSE, 4999),
    CASE("close 5000", "\x88\x82\0\0\0\0\x13\x88", WS_ITEM_FAULT, 1002),
    CASE("close with a broken reason", "\x88\x83\0\0\0\0\x03\xe8\xff", WS_ITEM_FAULT, 1007),
    CASE("pong", "\x8a\x81\0\0\0\0p", WS_ITEM_PONG, 0),
#undef CASE
};

static void frames_are_read_as_the_standard_says_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t step = 1; step <= cases[i].n; step++) {
            struct ws_reader r;
            ws_reader_init(&r, 1024, 8);
            struct ws_item item = feed(&r, (struct span){cases[i].bytes, cases[i].n}, step);
            if (item.kind != cases[i].kind || item.code != cases[i].code) {
                fail_msg("%s in pieces of %zu: kind %d code %d", cases[i].name, step, item.kind,
                         item.code);
            }
            ws_reader_release(&r);
        }
    }
}

static void texts_come_out_unmasked(void **state)
{
    (void)state;
    struct buf b;
    struct buf text;
    struct buf got;
    buf_init(&b, 1024 * 1024);
    buf_init(&text, 1024 * 1024);
    buf_init(&got, 1024 * 1024);
    for (size_t n = 0; n < 70000; n = n * 2 + 1) {
        buf_clear(&b);
        while (text.len < n) {
            (void)buf_addch(&text, (char)('a' + text.len % 26));
        }
        size_t half = n / 3;
        put_frame(&b, 0x01, span_sub(buf_span(&text), 0, half), true, half);
        put_frame(&b, 0x80, span_sub(buf_span(&text), half, n), true, n - half);
        for (size_t step = 1; step <= 65537; step = step * 4 + 3) {
            struct ws_reader r;
            ws_reader_init(&r, 1024 * 1024, 8);
            struct ws_item item = feed_text(&r, buf_span(&b), step, &got);
            assert_int_equal(item.kind, WS_ITEM_TEXT);
            assert_true(span_eq(buf_span(&got), buf_span(&text)));
            assert_false(ws_reader_busy(&r));
            ws_reader_release(&r);
        }
    }
    buf_release(&b);
    buf_release(&text);
    buf_release(&got);
}

static void fragments_have_a_limit_also_empty_ones(void **state)
{
    (void)state;
    struct ws_reader r;
    struct buf b;
    buf_init(&b, 4096);
    ws_reader_init(&r, 1024, 4);
    put_frame(&b, 0x01, SPAN_NONE, true, 0);
    for (int i = 0; i < 2; i++) {
        put_frame(&b, 0x00, SPAN_NONE, true, 0);
    }
    put_frame(&b, 0x80, SPAN("x"), true, 1);
    assert_int_equal(feed(&r, buf_span(&b), 4096).kind, WS_ITEM_TEXT);
    buf_clear(&b);
    put_frame(&b, 0x01, SPAN_NONE, true, 0);
    for (int i = 0; i < 4; i++) {
        put_frame(&b, 0x00, SPAN_NONE, true, 0);
    }
    struct ws_item item = feed(&r, buf_span(&b), 4096);
    assert_int_equal(item.kind, WS_ITEM_FAULT);
    assert_int_equal(item.code, WS_TOO_BIG);
    ws_reader_release(&r);
    buf_release(&b);
}

static void a_message_over_the_cap_in_fragments_is_refused(void **state)
{
    (void)state;
    struct ws_reader r;
    struct buf b;
    char part[600] = {0};
    memset(part, 'x', sizeof(part));
    buf_init(&b, 8192);
    ws_reader_init(&r, 1024, 100);
    put_frame(&b, 0x01, (struct span){part, 600}, true, 600);
    put_frame(&b, 0x80, (struct span){part, 425}, true, 425);
    struct ws_item item = feed(&r, buf_span(&b), 8192);
    assert_int_equal(item.kind, WS_ITEM_FAULT);
    assert_int_equal(item.code, WS_TOO_BIG);
    ws_reader_release(&r);
    buf_release(&b);
}

static void frames_are_written_in_the_shortest_form(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 125, 126, 65535, 65536};
    static const size_t heads[] = {2, 2, 4, 4, 10};
    char *text = xcalloc(1, 65536);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct buf b;
        buf_init(&b, 70000);
        assert_int_equal(ws_write_frame(&b, WS_TEXT, (struct span){text, sizes[i]}), ST_OK);
        assert_int_equal(b.len, sizes[i] + heads[i]);
        assert_int_equal((uint8_t)b.data[0], 0x81);
        assert_int_equal(b.data[1] & 0x80, 0);
        buf_release(&b);
        buf_init(&b, sizes[i] + heads[i] - 1); /* one byte short: nothing at all */
        assert_int_equal(ws_write_frame(&b, WS_TEXT, (struct span){text, sizes[i]}), ST_LIMIT);
        assert_int_equal(b.len, 0);
        buf_release(&b);
    }
    free(text);
}

static void close_reasons_are_cut_between_characters(void **state)
{
    (void)state;
    struct buf b;
    char why[200] = {0};
    for (size_t i = 0; i + 3 < sizeof(why); i += 3) {
        memcpy(why + i, "\xe2\x82\xac", 3);
    }
    buf_init(&b, 256);
    assert_int_equal(ws_write_close(&b, 1008, why), ST_OK);
    assert_int_equal(b.len, 2 + 2 + 123);
    assert_true(utf8_valid(span_sub(buf_span(&b), 4, b.len)));
    buf_clear(&b);
    why[122] = 'x'; /* now the limit falls inside one */
    memcpy(why, "xy", 2);
    for (size_t i = 2; i + 3 < sizeof(why); i += 3) {
        memcpy(why + i, "\xe2\x82\xac", 3);
    }
    assert_int_equal(ws_write_close(&b, 1008, why), ST_OK);
    assert_true(b.len < 2 + 2 + 123);
    assert_true(utf8_valid(span_sub(buf_span(&b), 4, b.len)));
    buf_clear(&b);
    assert_int_equal(ws_write_close(&b, 1000, NULL), ST_OK);
    assert_int_equal(b.len, 4);
    buf_release(&b);
}

static void utf8_is_checked_at_every_edge(void **state)
{
    (void)state;
    static const struct span good[] = {
        BYTES_OF(""),
        BYTES_OF("plain"),
        BYTES_OF("\xc2\x80"),
        BYTES_OF("\xdf\xbf"),
        BYTES_OF("\xe0\xa0\x80"),
        BYTES_OF("\xed\x9f\xbf"),
        BYTES_OF("\xee\x80\x80"),
        BYTES_OF("\xef\xbf\xbf"),
        BYTES_OF("\xf0\x90\x80\x80"),
        BYTES_OF("\xf4\x8f\xbf\xbf"),
        BYTES_OF("12345678\xc3\xa9"),
        BYTES_OF("1234567\xc3\xa9xxxxxxxx"),
        BYTES_OF("a\0b"),
    };
    static const struct span bad[] = {
        BYTES_OF("\x80"),
        BYTES_OF("\xbf"),
        BYTES_OF("\xc0\x80"),
        BYTES_OF("\xc1\xbf"),
        BYTES_OF("\xc2"),
        BYTES_OF("\xc2\x41"),
        BYTES_OF("\xe0\x9f\xbf"),
        BYTES_OF("\xe0\xa0"),
        BYTES_OF("\xed\xa0\x80"),
        BYTES_OF("\xed\xbf\xbf"),
        BYTES_OF("\xf0\x8f\xbf\xbf"),
        BYTES_OF("\xf0\x90\x80"),
        BYTES_OF("\xf4\x90\x80\x80"),
        BYTES_OF("\xf5\x80\x80\x80"),
        BYTES_OF("\xff"),
        BYTES_OF("\xfe"),
        BYTES_OF("12345678\xff"),
        BYTES_OF("1234567\xe2\x82"),
        BYTES_OF("\xe2\x82\xe2\x82\xac"),
        BYTES_OF("\xf1\x80\x80\x41"),
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (!utf8_valid(good[i])) {
            fail_msg("good %zu", i);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (utf8_valid(bad[i])) {
            fail_msg("bad %zu", i);
        }
    }
}

static void keys_and_their_answers(void **state)
{
    (void)state;
    char accept[WS_ACCEPT_BYTES];
    assert_true(ws_key_valid(SPAN("dGhlIHNhbXBsZSBub25jZQ==")));
    ws_accept(SPAN("dGhlIHNhbXBsZSBub25jZQ=="), accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* the standard's own example */
    assert_false(ws_key_valid(SPAN_NONE));
    assert_false(ws_key_valid(SPAN("dGhlIHNhbXBsZSBub25jZQ=")));
    assert_false(ws_key_valid(SPAN("dGhlIHNhbXBsZSBub25j\r\n==")));
    assert_false(ws_key_valid(SPAN("dGhlIHNhbXBsZSBub25jZQaa")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read_as_the_standard_says_in_any_pieces),
        cmocka_unit_test(texts_come_out_unmasked),
        cmocka_unit_test(fragments_have_a_limit_also_empty_ones),
        cmocka_unit_test(a_message_over_the_cap_in_fragments_is_refused),
        cmocka_unit_test(frames_are_written_in_the_shortest_form),
        cmocka_unit_test(close_reasons_are_cut_between_characters),
        cmocka_unit_test(utf8_is_checked_at_every_edge),
        cmocka_unit_test(keys_and_their_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
