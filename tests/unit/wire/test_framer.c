#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "checkrein/wire.h"

/* Everything that came out of a stream, as one text: "message|" each, for SSE "event#id:message|",
 * then the status that ended it. */
static void run(enum frame_kind kind, size_t limit, struct span stream, size_t piece,
                struct buf *log)
{
    struct framer f;
    framer_init(&f, kind, limit);
    enum status st = ST_AGAIN;
    buf_clear(log);
    for (size_t at = 0; at < stream.n && st == ST_AGAIN; at += piece) {
        struct span part = span_sub(stream, at, piece);
        char *copy = malloc(part.n);
        assert_non_null(copy);
        memcpy(copy, part.p, part.n);
        st = framer_feed(&f, (struct span){copy, part.n});
        free(copy); /* the framer keeps its own */
        struct span message = SPAN_NONE;
        while (st == ST_OK && (st = framer_next(&f, &message)) == ST_OK) {
            if (kind == FRAME_SSE) {
                buf_printf(log, "%s#%s:", f.event.data, f.id.data);
            }
            buf_add(log, message);
            buf_addch(log, '|');
        }
        if (st != ST_AGAIN) {
            assert_int_equal(framer_next(&f, &message), st);
            assert_int_equal(message.n, 0);
            assert_int_equal(framer_feed(&f, SPAN("{}\n")), st);
        }
    }
    buf_addstr(log, status_name(st));
    framer_release(&f);
}

/* In one piece, and in pieces of every size. */
static void expect(enum frame_kind kind, size_t limit, struct span stream, const char *want)
{
    struct buf log;
    buf_init(&log, 1 << 20);
    for (size_t piece = stream.n; piece > 0; piece--) {
        run(kind, limit, stream, piece, &log);
        if (strcmp(log.data, want) != 0) {
            fail_msg("in pieces of %zu: \"%s\" instead of \"%s\"", piece, log.data, want);
        }
    }
    buf_release(&log);
}

static void ndjson_gives_lines(void **state)
{
    (void)state;
    expect(FRAME_NDJSON, 100, SPAN("{\"a\":1}\n{\"b\":2}\r\n\n\r\n[3]\n{\"cut"),
           "{\"a\":1}|{\"b\":2}|[3]|not yet");
    expect(FRAME_NDJSON, 100, SPAN("\n\r\n\n"), "not yet");
    expect(FRAME_NDJSON, 100, SPAN("a\rb\nc\r\r\n"), "a\rb|c\r|not yet");
    expect(FRAME_NDJSON, 100, SPAN("a\n"), "a|not yet");
    expect(FRAME_NDJSON, 4, SPAN("abcd\nabcd\r\nab\n"), "abcd|abcd|ab|not yet");
    expect(FRAME_NDJSON, 4, SPAN("abcd\nabcde\nab\n"), "abcd|over a limit");
    expect(FRAME_NDJSON, 4, SPAN("abcd\rX"), "over a limit");
    expect(FRAME_NDJSON, 4, SPAN("abcde"), "over a limit");
    expect(FRAME_NDJSON, 4, SPAN("abcd\r"), "not yet");
}

#define LENGTH(n) "Content-Length: " #n "\r\n\r\n"

static void content_length_gives_bodies(void **state)
{
    (void)state;
    expect(FRAME_CONTENT_LENGTH, 100,
           SPAN(LENGTH(2) "{}" LENGTH(0) LENGTH(5) "a\r\n\r\n" LENGTH(9) "cut"),
           "{}||a\r\n\r\n|not yet");
    expect(FRAME_CONTENT_LENGTH, 100,
           SPAN("content-LENGTH:\t3 \r\nContent-Type: application/json; charset=utf-8\r\n\r\nabc"),
           "abc|not yet");
    expect(FRAME_CONTENT_LENGTH, 100, SPAN("X-Other: y\r\nContent-Length: 1\r\n\r\nz"),
           "z|not yet");
    expect(FRAME_CONTENT_LENGTH, 4, SPAN(LENGTH(4) "abcd" LENGTH(5)), "abcd|over a limit");
    expect(FRAME_CONTENT_LENGTH, 4, SPAN(LENGTH(99999999999999999999999)), "over a limit");
}

static void content_length_heads_that_lie_are_refused(void **state)
{
    (void)state;
    const char *heads[] = {
        "\r\n\r\n",
        "Content-Type: x\r\n\r\n",
        "Content-Length: \r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: +1\r\n\r\n",
        "Content-Length: 1x\r\n\r\n",
        "Content-Length: 0x1\r\n\r\n",
        "Content-Length: 01\r\n\r\n",
        "Content-Length: 1 1\r\n\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "Content-Length: 1\r\ncontent-length: 2\r\n\r\n",
        "Content-Length : 1\r\n\r\n",
        " Content-Length: 1\r\n\r\n",
        "Content-Length: 1\r\n folded\r\n\r\n",
        "Content-Length: 1\n\r\n\r\n",
        "Content-Length: 1\nX: y\r\n\r\n",
        "Content-Length: 1\rX: y\r\n\r\n",
        "X: y\rz\r\nContent-Length: 1\r\n\r\n",
        "Content-Length\r\n\r\n",
        ": 1\r\n\r\n",
        "{}\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        expect(FRAME_CONTENT_LENGTH, 100, span_str(heads[i]), "invalid");
    }
    expect(FRAME_CONTENT_LENGTH, 100, SPAN("Content-Length: 1\0\r\n\r\n"), "invalid");
}

static void a_head_has_a_limit(void **state)
{
    (void)state;
    static char stream[FRAMER_HEAD_MAX + 64];
    memset(stream, 'x', sizeof(stream));
    const char start[] = "X: ";
    const char end[] = "\r\n" LENGTH(1); /* of the longest head that is allowed */
    size_t head = FRAMER_HEAD_MAX - (sizeof(LENGTH(1)) - 1);
    memcpy(stream, start, sizeof(start) - 1);
    memcpy(stream + head - 2, end, sizeof(end) - 1);
    struct buf log;
    buf_init(&log, 1024);
    run(FRAME_CONTENT_LENGTH, 100, (struct span){stream, FRAMER_HEAD_MAX + 1}, 512, &log);
    assert_string_equal(log.data, "x|not yet");
    run(FRAME_CONTENT_LENGTH, 100, (struct span){stream + 3, head - 5}, 1, &log);
    assert_string_equal(log.data, "not yet");
    memset(stream, 'x', sizeof(stream));
    run(FRAME_CONTENT_LENGTH, 100, (struct span){stream, sizeof(stream)}, sizeof(stream), &log);
    assert_string_equal(log.data, "over a limit");
    run(FRAME_CONTENT_LENGTH, 100, (struct span){stream, sizeof(stream)}, 7, &log);
    assert_string_equal(log.data, "over a limit");
    buf_release(&log);
}

static void sse_follows_the_standard(void **state)
{
    (void)state;
    expect(FRAME_SSE, 100, SPAN("data: one\n\ndata: two\r\n\r\ndata: three\r\rdata:four\n\r\n"),
           "#:one|#:two|#:three|#:four|not yet");
    expect(FRAME_SSE, 100, SPAN("data: YHOO\ndata: +2\ndata: 10\n\n"), "#:YHOO\n+2\n10|not yet");
    expect(FRAME_SSE, 100,
           SPAN(": comment\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n"),
           "#1:first|#:second|#: third|not yet");
    expect(FRAME_SSE, 100, SPAN("data\n\ndata\ndata\n\ndata:"), "#:|#:\n|not yet");
    expect(FRAME_SSE, 100, SPAN("event: add\ndata: 1\n\ndata: 2\n\n"), "add#:1|#:2|not yet");
    expect(FRAME_SSE, 100, SPAN("event: lost\n\ndata: 2\n\n"), "#:2|not yet");
    expect(FRAME_SSE, 100, SPAN("event: a\nevent: b\ndata: x\n\n"), "b#:x|not yet");
    expect(FRAME_SSE, 100,
           SPAN("\xEF\xBB\xBF"
                "data: bom\n\n\xEF\xBB\xBF"
                "data: not\n\n"),
           "#:bom|not yet");
    expect(FRAME_SSE, 100, SPAN("\xEF\xBBzdata: a\n\ndata: b\n\n"), "#:b|not yet");
    expect(FRAME_SSE, 100, SPAN("data: a:b: c\nDATA: x\ndata2: y\n data: z\n\n"),
           "#:a:b: c|not yet");
    expect(FRAME_SSE, 100, SPAN("\n\n\r\r\n\n:\n\n"), "not yet");
    expect(FRAME_SSE, 100, SPAN("data: cut\n"), "not yet");
    expect(FRAME_SSE, 100, SPAN("data: a\r\ndata: b\r\n\r\ndata: c\r\r"), "#:a\nb|#:c|not yet");
}

static void sse_ids_count_when_the_event_is_complete(void **state)
{
    (void)state;
    expect(FRAME_SSE, 100, SPAN("id: 7\n\nid: 8\ndata: x\n\nid: 9\n"), "#8:x|not yet");
    expect(FRAME_SSE, 100, SPAN("id: 1\ndata: a\n\nid: b\0d\ndata: b\n\n"), "#1:a|#1:b|not yet");
    struct framer f;
    struct span message;
    framer_init(&f, FRAME_SSE, 100);
    assert_int_equal(framer_feed(&f, SPAN("id: 7\n\nid: 8\ndata: half")), ST_OK);
    assert_int_equal(framer_next(&f, &message), ST_AGAIN);
    assert_string_equal(f.id.data, "7");
    framer_release(&f);
}

static void sse_keeps_a_bounded_retry(void **state)
{
    (void)state;
    const struct {
        const char *stream;
        int64_t want;
    } rows[] = {
        {"data: x\n\n",                         -1      },
        {"retry: 2500\n",                       2500    },
        {"retry: 007\n",                        7       },
        {"retry: 1\nretry: x2\n",               1       },
        {"retry: -1\n",                         -1      },
        {"retry:\n",                            -1      },
        {"retry: 99999999999999999999999999\n", 86400000},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct framer f;
        struct span message;
        framer_init(&f, FRAME_SSE, 100);
        assert_int_equal(framer_feed(&f, span_str(rows[i].stream)), ST_OK);
        while (framer_next(&f, &message) == ST_OK) {
        }
        assert_true(f.retry_ms == rows[i].want);
        framer_release(&f);
    }
}

static void sse_has_limits(void **state)
{
    (void)state;
    expect(FRAME_SSE, 4, SPAN("data: abcd\n\ndata:abcde\n\n"), "#:abcd|over a limit");
    expect(FRAME_SSE, 4, SPAN("data: ab\ndata: c\n\ndata: ab\ndata: cd\n\n"),
           "#:ab\nc|over a limit");
    expect(FRAME_SSE, 4, SPAN(": a comment without end that no one reads"), "over a limit");
    static char stream[FRAMER_NAME_MAX + 16];
    const char *names[] = {"id: ", "event: "};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct buf log;
        buf_init(&log, 4096);
        memset(stream, 'n', sizeof(stream));
        memcpy(stream, names[i], strlen(names[i]));
        stream[strlen(names[i]) + FRAMER_NAME_MAX] = '\n';
        run(FRAME_SSE, 4096, (struct span){stream, strlen(names[i]) + FRAMER_NAME_MAX + 1}, 64,
            &log);
        assert_string_equal(log.data, "not yet");
        stream[strlen(names[i]) + FRAMER_NAME_MAX] = 'n';
        stream[strlen(names[i]) + FRAMER_NAME_MAX + 1] = '\n';
        run(FRAME_SSE, 4096, (struct span){stream, strlen(names[i]) + FRAMER_NAME_MAX + 2}, 64,
            &log);
        assert_string_equal(log.data, "over a limit");
        buf_release(&log);
    }
}

static void what_is_pending_has_a_limit(void **state)
{
    (void)state;
    static char chunk[FRAMER_FEED_MAX];
    memset(chunk, 'x', sizeof(chunk));
    for (size_t i = 99; i < sizeof(chunk); i += 100) {
        chunk[i] = '\n';
    }
    struct framer f;
    struct span message;
    framer_init(&f, FRAME_NDJSON, 99);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(framer_feed(&f, (struct span){chunk, sizeof(chunk) / 100 * 100}), ST_OK);
        size_t count = 0;
        while (framer_next(&f, &message) == ST_OK) {
            count++;
        }
        assert_int_equal(count, sizeof(chunk) / 100);
    }
    enum status st = ST_OK;
    int fed = 0;
    while (st == ST_OK && fed++ < 10) {
        st = framer_feed(&f, (struct span){chunk, sizeof(chunk)});
    }
    assert_int_equal(st, ST_LIMIT);
    assert_int_equal(fed, 2);
    assert_int_equal(framer_next(&f, &message), ST_LIMIT);
    framer_release(&f);
}

/* A megabyte of the shortest lines, and one long line byte by byte: quadratic work would take
 * minutes. */
static void floods_cost_linear_time(void **state)
{
    (void)state;
    static char flood[1000000];
    const struct {
        enum frame_kind kind;
        char fill;
        size_t piece;
    } rows[] = {
        {FRAME_NDJSON, '\n', sizeof(flood)},
        {FRAME_NDJSON, 'x',  1            },
        {FRAME_SSE,    '\r', sizeof(flood)},
        {FRAME_SSE,    '\n', sizeof(flood)},
        {FRAME_SSE,    ':',  1            },
    };
    struct buf log;
    buf_init(&log, 1024);
    clock_t begin = clock();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memset(flood, rows[i].fill, sizeof(flood));
        run(rows[i].kind, sizeof(flood), (struct span){flood, sizeof(flood)}, rows[i].piece, &log);
        assert_string_equal(log.data, "not yet");
    }
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 20.0);
    buf_release(&log);
}

static void a_zeroed_framer_can_be_released(void **state)
{
    (void)state;
    struct framer f = {0};
    framer_release(&f);
    framer_init(&f, FRAME_SSE, 10);
    framer_release(&f);
    framer_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ndjson_gives_lines),
        cmocka_unit_test(content_length_gives_bodies),
        cmocka_unit_test(content_length_heads_that_lie_are_refused),
        cmocka_unit_test(a_head_has_a_limit),
        cmocka_unit_test(sse_follows_the_standard),
        cmocka_unit_test(sse_ids_count_when_the_event_is_complete),
        cmocka_unit_test(sse_keeps_a_bounded_retry),
        cmocka_unit_test(sse_has_limits),
        cmocka_unit_test(what_is_pending_has_a_limit),
        cmocka_unit_test(floods_cost_linear_time),
        cmocka_unit_test(a_zeroed_framer_can_be_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
