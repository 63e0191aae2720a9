/* The form of a line: what is written reads back, and nothing else has the form. */
#include "journal_kit.h"

#include "record_priv.h"
#include "scan_priv.h"

#define PREV  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FRONT "{\"prev\":\"" PREV "\",\"n\":"
#define TIME  ",\"t\":\"2026-11-20T14:22:07.123Z\""
#define GOOD  FRONT "7" TIME ",\"k\":\"note\",\"text\":\"x\"}"

static void a_good_line_is_taken_apart(void **state)
{
    (void)state;
    struct record r;
    struct span from;
    struct span key;
    struct span body;
    assert_true(record_parse(SPAN(GOOD), &r));
    assert_int_equal(r.n, 7);
    assert_int_equal(r.time_us, KIT_START_US);
    assert_int_equal(r.kind, JOURNAL_NOTE);
    assert_span_is(r.prev, PREV);
    assert_span_is(r.kind_name, "note");
    assert_true(record_split(&r, &from, &key, &body));
    assert_span_is(key, "text");
    assert_span_is(body, "\"x\"");
    assert_int_equal(from.n, 0);
    assert_true(record_has_body(&r));
}

static void what_is_begun_is_parsed(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {1, 9, 10, 12345678901234567, INT64_MAX};
    struct buf line;
    buf_init(&line, 1024);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        for (int kind = 0; kind < JOURNAL_KIND_COUNT; kind++) {
            struct record r;
            buf_clear(&line);
            assert_status(
                record_begin(&line, PREV, numbers[i], KIT_START_US, (enum journal_kind)kind),
                ST_OK);
            assert_status(buf_addstr(&line, "\"b\":1}"), ST_OK);
            assert_true(record_parse(buf_span(&line), &r));
            assert_int_equal(r.n, numbers[i]);
            assert_int_equal(r.kind, kind);
            assert_int_equal(r.time_us, KIT_START_US);
            assert_span_is(r.kind_name, record_kind_name((enum journal_kind)kind));
        }
    }
    buf_release(&line);
    assert_string_equal(record_kind_name(JOURNAL_KIND_COUNT), "unknown");
}

static const char *const bad_lines[] = {
    "",
    "{}",
    "{\"prev\":\"" PREV "\"}",
    " " GOOD,
    GOOD " ",
    FRONT "0" TIME ",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "-1" TIME ",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "07" TIME ",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7.0" TIME ",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "" TIME ",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "9223372036854775808" TIME ",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "99999999999999999999999999" TIME ",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7 " TIME ",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7,\"t\":\"2026-11-20T14:22:07.1234Z\",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7,\"t\":\"2026-11-20T14:22:07Z\",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7,\"t\":\"2026-11-20t14:22:07.123Z\",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7,\"t\":\"2026-11-20T14:22:07.123z\",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7,\"t\":\"2026-11-20T14:22:07+00:00\",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7,\"t\":\"2026-02-30T14:22:07.123Z\",\"k\":\"note\",\"text\":\"x\"}",
    FRONT "7" TIME ",\"k\":\"Note\",\"text\":\"x\"}",
    FRONT "7" TIME ",\"k\":\"\",\"text\":\"x\"}",
    FRONT "7" TIME ",\"k\":\"no\\te\",\"text\":\"x\"}",
    FRONT "7" TIME ",\"k\":\"a-kind-with-a-dash\",\"text\":\"x\"}",
    FRONT "7" TIME ",\"k\":\"a_name_of_more_than_32_characters\",\"text\":\"x\"}",
    FRONT "7" TIME ",\"k\":\"note\"}",
    FRONT "7" TIME ",\"k\":\"note\",\"text\":\"x\"",
    "{\"n\":7,\"prev\":\"" PREV "\"" TIME ",\"k\":\"note\",\"text\":\"x\"}",
    "{\"prev\":\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\",\"n\":7" TIME
    ",\"k\":\"note\",\"text\":\"x\"}",
    "{\"prev\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeef\",\"n\":7" TIME
    ",\"k\":\"note\",\"text\":\"x\"}",
};

static void nothing_else_has_the_form(void **state)
{
    (void)state;
    struct record r;
    for (size_t i = 0; i < ARRAY_LEN(bad_lines); i++) {
        if (record_parse(span_str(bad_lines[i]), &r)) {
            print_error("taken for a record: %s\n", bad_lines[i]);
            fail();
        }
    }
    for (size_t n = 0; n + 1 < sizeof(GOOD); n++) {
        assert_false(record_parse(span_sub(SPAN(GOOD), 0, n), &r));
    }
    char zero[] = GOOD;
    zero[sizeof(GOOD) - 4] = '\0';
    assert_false(record_parse((struct span){zero, sizeof(GOOD) - 1}, &r));
    assert_false(record_parse(SPAN_NONE, &r));
}

static void a_body_has_the_name_of_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        bool fits;
    } rows[] = {
        {"\"note\",\"text\":\"\"}",                       true },
        {"\"note\",\"note\":\"\"}",                       false},
        {"\"note\",\"text\":}",                           false},
        {"\"event\",\"event\":{}}",                       true },
        {"\"event\",\"text\":{}}",                        false},
        {"\"raw\",\"from\":\"a\",\"raw\":\"b\"}",         true },
        {"\"raw\",\"from\":\"a\\\"\",\"raw_b64\":\"b\"}", true },
        {"\"raw\",\"from\":\"a\",\"text\":\"b\"}",        false},
        {"\"raw\",\"from\":\"a\"}",                       false},
        {"\"raw\",\"from\":1,\"raw\":\"b\"}",             false},
        {"\"raw\",\"from\":\"a\\\",\"raw\":\"b\"}",       false},
        {"\"raw\",\"raw\":\"b\"}",                        false},
        {"\"hologram\",\"hologram\":1}",                  true },
        {"\"hologram\",\"picture\":1}",                   false},
        {"\"hologram\",1}",                               false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct record r;
        char line[256];
        (void)snprintf(line, sizeof(line), FRONT "7" TIME ",\"k\":%s", rows[i].rest);
        assert_true(record_parse(span_str(line), &r));
        if (record_has_body(&r) != rows[i].fits) {
            print_error("%s\n", rows[i].rest);
        }
        assert_int_equal(record_has_body(&r), rows[i].fits);
    }
}

static void segments_have_one_name_each(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         "0.jsonl",
                                         "00001.jsonl",
                                         "0000001.jsonl",
                                         "00000a.jsonl",
                                         "-00001.jsonl",
                                         "000001.jsonl~",
                                         "000001.json",
                                         "000001.JSONL",
                                         "x000001.jsonl",
                                         "000001.torn-1",
                                         " 00001.jsonl",
                                         "000000.jsonl"};
    char name[SEGMENT_NAME_BYTES];
    segment_name(1, name);
    assert_string_equal(name, "000001.jsonl");
    for (uint32_t n = 1; n <= SEGMENT_LAST; n = n * 3 + 1) {
        segment_name(n, name);
        assert_int_equal(segment_number(span_str(name)), n);
    }
    segment_name(SEGMENT_LAST, name);
    assert_string_equal(name, "999999.jsonl");
    assert_int_equal(segment_number(span_str(name)), SEGMENT_LAST);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_int_equal(segment_number(span_str(others[i])), 0);
    }
}

/* ---- bodies that the journal writes itself: each byte counts */

static void begin_line(struct buf *line, enum journal_kind kind)
{
    buf_init(line, 4096);
    assert_status(record_begin(line, PREV, 1, KIT_START_US, kind), ST_OK);
}

static struct open_body an_open_body(void)
{
    struct open_body b = {.segment = 42,
                          .cause = OPEN_ROTATE,
                          .writer = SPAN("daemon"),
                          .version = SPAN("0.1.0"),
                          .pid = 4711};
    memset(b.key, 0xab, sizeof(b.key));
    ulid_make(b.instance);
    return b;
}

static void an_open_record_reads_back(void **state)
{
    (void)state;
    struct buf line;
    struct record r;
    struct open_body got;
    struct open_body b = an_open_body();
    begin_line(&line, JOURNAL_OPEN);
    assert_status(record_open_body(&line, &b), ST_OK);
    assert_status(buf_addch(&line, '}'), ST_OK);
    assert_true(record_parse(buf_span(&line), &r));
    assert_true(record_read_open(&r, &got));
    assert_string_equal(got.instance, b.instance);
    assert_int_equal(got.segment, 42);
    assert_int_equal(got.cause, OPEN_ROTATE);
    assert_span_is(got.writer, "daemon");
    assert_span_is(got.version, "0.1.0");
    assert_int_equal(got.pid, 4711);
    assert_memory_equal(got.key, b.key, sizeof(b.key));
    assert_false(record_is_later_format(&r));
    char *format = memmem(line.data, line.len, "\"format\":1", 10);
    format[9] = '2';
    assert_true(record_parse(buf_span(&line), &r));
    assert_false(record_read_open(&r, &got));
    assert_true(record_is_later_format(&r));
    buf_release(&line);
}

/* No byte of a seal can be another one and leave it a seal with the same words. */
static void a_seal_has_one_form(void **state)
{
    (void)state;
    for (uint32_t next = 0; next <= 43; next += 43) {
        struct buf line;
        struct record r;
        struct seal_body got;
        struct seal_body b = {.next = next};
        uint8_t sig[ED25519_SIG_BYTES];
        memset(sig, 0x5a, sizeof(sig));
        memset(b.key, 0xcd, sizeof(b.key));
        ulid_make(b.instance);
        begin_line(&line, JOURNAL_SEAL);
        assert_status(record_seal_body(&line, &b), ST_OK);
        size_t signed_bytes = line.len;
        assert_status(record_seal_sig(&line, sig), ST_OK);
        assert_status(buf_addch(&line, '}'), ST_OK);
        assert_true(record_parse(buf_span(&line), &r));
        assert_true(record_read_seal(&r, &got));
        assert_string_equal(got.instance, b.instance);
        assert_memory_equal(got.key, b.key, sizeof(b.key));
        assert_memory_equal(got.sig, sig, sizeof(sig));
        assert_int_equal(got.next, next);
        assert_span_eq(got.signed_text, span_sub(buf_span(&line), 0, signed_bytes));
        for (size_t i = signed_bytes; i < line.len; i++) {
            char kept = line.data[i];
            line.data[i] =
                (char)((unsigned char)kept ^ 0x20u); /* the other case of a letter, among others */
            if (record_parse(buf_span(&line), &r)) {
                assert_false(record_read_seal(&r, &got));
            }
            line.data[i] = kept;
        }
        buf_release(&line);
    }
}

static void a_seal_names_a_segment_that_can_be(void **state)
{
    (void)state;
    struct buf line;
    struct record r;
    struct seal_body got;
    struct seal_body b = {.next = 7};
    uint8_t sig[ED25519_SIG_BYTES] = {0};
    ulid_make(b.instance);
    begin_line(&line, JOURNAL_SEAL);
    assert_status(record_seal_body(&line, &b), ST_OK);
    assert_status(record_seal_sig(&line, sig), ST_OK);
    assert_status(buf_addch(&line, '}'), ST_OK);
    assert_true(record_parse(buf_span(&line), &r) && record_read_seal(&r, &got));
    char *digit = memmem(line.data, line.len, "000007", 6);
    assert_non_null(digit);
    digit[5] = '0';
    assert_true(record_parse(buf_span(&line), &r));
    assert_false(record_read_seal(&r, &got));
    buf_release(&line);
}

static void a_scan_that_failed_stays_failed(void **state)
{
    (void)state;
    struct scan s = {.rest = SPAN("abc")};
    scan_literal(&s, "x");
    assert_true(s.bad);
    scan_literal(&s, "abc");
    assert_false(scan_has(&s, "abc"));
    assert_int_equal(scan_bytes(&s, 1).n, 0);
    assert_false(scan_done(&s));
    struct scan quote = {.rest = SPAN("\"abc")};
    (void)scan_string(&quote);
    assert_true(quote.bad);
    struct scan escape = {.rest = SPAN("\"abc\\\"")};
    (void)scan_string(&escape);
    assert_true(escape.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_line_is_taken_apart),
        cmocka_unit_test(what_is_begun_is_parsed),
        cmocka_unit_test(nothing_else_has_the_form),
        cmocka_unit_test(a_body_has_the_name_of_its_kind),
        cmocka_unit_test(segments_have_one_name_each),
        cmocka_unit_test(an_open_record_reads_back),
        cmocka_unit_test(a_seal_has_one_form),
        cmocka_unit_test(a_seal_names_a_segment_that_can_be),
        cmocka_unit_test(a_scan_that_failed_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
