/* What a peer sent stands in the record as it was, whatever bytes it has. */
#include "journal_kit.h"

#include "checkrein/alloc.h"
#include "checkrein/base64.h"
#include "checkrein/utf8.h"
#include "prng.h"

struct utf8_row {
    const char *text;
    size_t n;
    bool valid;
};

#define ROW(text, valid)                                                                           \
    {                                                                                              \
        text, sizeof(text) - 1, valid                                                              \
    }

static const struct utf8_row utf8_rows[] = {
    ROW("", true),
    ROW("plain\0with NUL", true),
    ROW("\x7f", true),
    ROW("\xc2\x80", true),
    ROW("\xdf\xbf", true),
    ROW("\xe0\xa0\x80", true),
    ROW("\xed\x9f\xbf", true),
    ROW("\xee\x80\x80", true),
    ROW("\xef\xbf\xbf", true),
    ROW("\xf0\x90\x80\x80", true),
    ROW("\xf4\x8f\xbf\xbf", true),
    ROW("\x80", false),
    ROW("\xbf", false),
    ROW("\xc0\x80", false), /* two bytes for NUL */
    ROW("\xc1\xbf", false),
    ROW("\xe0\x9f\xbf", false), /* three bytes for what needs two */
    ROW("\xed\xa0\x80", false), /* half a surrogate pair */
    ROW("\xed\xbf\xbf", false),
    ROW("\xf0\x8f\xbf\xbf", false),
    ROW("\xf4\x90\x80\x80", false), /* above U+10FFFF */
    ROW("\xf5\x80\x80\x80", false),
    ROW("\xff", false),
    ROW("\xc2", false),
    ROW("\xe2\x82", false),
    ROW("\xf0\x9f\x98", false),
    ROW("\xc2\xc2", false),
    ROW("\xe2\x82\x20", false),
    ROW("\xf0\x9f\x98\x20", false),
    ROW("\xf0\x9f\x20\x80", false),
};

static const char *const base64_rows[][2] = {
    {"",       ""        },
    {"f",      "Zg=="    },
    {"fo",     "Zm8="    },
    {"foo",    "Zm9v"    },
    {"foob",   "Zm9vYg=="},
    {"fooba",  "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void base64_examples_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(base64_rows); i++) {
        struct buf b;
        buf_init(&b, 64);
        assert_status(base64_add(&b, span_str(base64_rows[i][0])), ST_OK);
        assert_span_is(buf_span(&b), base64_rows[i][1]);
        buf_clear(&b);
        assert_status(base64_decode(&b, span_str(base64_rows[i][1])), ST_OK);
        assert_span_is(buf_span(&b), base64_rows[i][0]);
        buf_release(&b);
    }
}

static void other_base64_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zg",     "Zg=",      "Zg===",    "=",    "====", "Z===", "Zh==",      "Zm9=",
        "Zm 9", "Zm9v\n", "Zg==Zg==", "Zm8=Zm9v", "Zm9-", "Zm9_", "Z=9v", "\xc3\xa9--"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct buf b;
        buf_init(&b, 64);
        assert_status(base64_decode(&b, span_str(bad[i])), ST_INVALID);
        buf_release(&b);
    }
    struct buf small;
    buf_init(&small, 3);
    assert_status(base64_decode(&small, SPAN("Zm9vYg==")), ST_LIMIT);
    buf_clear(&small);
    assert_status(base64_add(&small, SPAN("f")), ST_LIMIT);
    assert_int_equal(small.len, 0);
    buf_release(&small);
}

/* ---- through the record */

static int set_up(void **state)
{
    *state = tmpdir_new();
    return 0;
}

static int tear_down(void **state)
{
    tmpdir_free(*state);
    return 0;
}

/* Writes the bytes, reads them back, compares; the body's name is `key`. */
static void assert_kept(struct journal *j, struct journal_cursor *c, struct span bytes,
                        const char *key)
{
    struct journal_record r;
    struct buf got;
    uint64_t n = 0;
    buf_init(&got, KIT_FILE_BYTES);
    assert_status(journal_raw(j, KIT_START_US, SPAN("hook/\"x\""), bytes, &n), ST_OK);
    kit_commit(j);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, n);
    assert_int_equal(r.kind, JOURNAL_RAW);
    assert_span_is(r.key, key);
    assert_span_is(r.from, "\"hook/\\\"x\\\"\"");
    assert_status(journal_record_raw(&r, &got), ST_OK);
    assert_span_eq(buf_span(&got), bytes);
    buf_release(&got);
}

static void received_bytes_come_back(void **state)
{
    struct journal *j = kit_open(*state, NULL);
    struct journal_cursor *c;
    assert_status(journal_cursor_open(&c, *state, NULL), ST_OK);
    assert_status(journal_cursor_seek(c, journal_next(j)), ST_END);
    assert_kept(j, c, SPAN_NONE, "raw");
    for (size_t i = 0; i < ARRAY_LEN(utf8_rows); i++) {
        assert_kept(j, c, (struct span){utf8_rows[i].text, utf8_rows[i].n},
                    utf8_rows[i].valid ? "raw" : "raw_b64");
    }
    struct prng rng = {.state = 5};
    for (size_t n = 0; n < 300; n++) {
        char bytes[300];
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (char)(prng_next(&rng) & (n % 2 == 0 ? 0x7F : 0xFF));
        }
        struct span s = {bytes, n};
        assert_kept(j, c, s, utf8_valid(s) ? "raw" : "raw_b64");
    }
    journal_cursor_close(c);
    journal_close(j, KIT_START_US);
    (void)kit_intact(*state);
}

/* Two megabytes of control characters are twelve as text: then it is base64, and not refused. */
static void text_that_would_be_too_long_is_base64(void **state)
{
    struct journal *j = kit_open(*state, NULL);
    struct journal_cursor *c;
    assert_status(journal_cursor_open(&c, *state, NULL), ST_OK);
    assert_status(journal_cursor_seek(c, journal_next(j)), ST_END);
    size_t n = (size_t)2 * 1024 * 1024;
    char *bytes = xmalloc(JOURNAL_LINE_BYTES);
    memset(bytes, 1, JOURNAL_LINE_BYTES);
    assert_kept(j, c, (struct span){bytes, n}, "raw_b64");
    memset(bytes, 'a', JOURNAL_LINE_BYTES);
    assert_kept(j, c, (struct span){bytes, 3 * n}, "raw");
    assert_status(
        journal_raw(j, KIT_START_US, SPAN("x"), (struct span){bytes, JOURNAL_LINE_BYTES}, NULL),
        ST_LIMIT);
    /* At the last byte that fits as text, and the first that does not fit at all. */
    size_t frame = strlen("{\"prev\":\"\",\"n\":5,\"t\":\"\",\"k\":\"raw\",\"from\":\"hook/"
                          "\\\"x\\\"\",\"raw\":\"\"}\n") +
                   64 + 24;
    assert_kept(j, c, (struct span){bytes, JOURNAL_LINE_BYTES - frame}, "raw");
    assert_status(journal_raw(j, KIT_START_US, SPAN("hook/\"x\""),
                              (struct span){bytes, JOURNAL_LINE_BYTES - frame + 1}, NULL),
                  ST_LIMIT);
    /* As text it fits but for the last byte of the line: as base64 it is far shorter. */
    size_t ones = (JOURNAL_LINE_BYTES - frame) / 6;
    size_t letters = JOURNAL_LINE_BYTES - frame - ones * 6;
    memset(bytes, 1, ones);
    assert_kept(j, c, (struct span){bytes, ones + letters}, "raw");
    assert_kept(j, c, (struct span){bytes, ones + letters + 1}, "raw_b64");
    assert_kept(j, c, (struct span){bytes, ones + letters + 2}, "raw_b64");
    free(bytes);
    journal_cursor_close(c);
    journal_close(j, KIT_START_US);
    (void)kit_intact(*state);
}

static void only_raw_records_have_raw_bytes(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4);
    struct journal_record r = {.kind = JOURNAL_NOTE, .key = SPAN("raw"), .body = SPAN("\"x\"")};
    assert_status(journal_record_raw(&r, &out), ST_INVALID);
    r = (struct journal_record){.kind = JOURNAL_RAW, .key = SPAN("raw"), .body = SPAN("[]")};
    assert_status(journal_record_raw(&r, &out), ST_INVALID);
    r.body = SPAN("\"x");
    assert_status(journal_record_raw(&r, &out), ST_INVALID);
    r.key = SPAN("raw_b64");
    assert_status(journal_record_raw(&r, &out), ST_INVALID);
    r.body = SPAN("\"");
    assert_status(journal_record_raw(&r, &out), ST_INVALID);
    r.body = SPAN("\"Zm9vYmFy\"");
    assert_status(journal_record_raw(&r, &out), ST_LIMIT);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_examples_hold),
        cmocka_unit_test(other_base64_is_refused),
        cmocka_unit_test_setup_teardown(received_bytes_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_that_would_be_too_long_is_base64, set_up, tear_down),
        cmocka_unit_test(only_raw_records_have_raw_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
