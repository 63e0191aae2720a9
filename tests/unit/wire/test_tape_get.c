#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "checkrein/wire.h"

static struct tape_token tokens[256];

static struct tape read_tape(struct span text)
{
    struct tape j;
    assert_int_equal(tape_parse(&j, text, TAPE_REPAIR, tokens, ARRAY_LEN(tokens)), ST_OK);
    return j;
}

static void expect_text(const struct tape *j, uint32_t at, struct span want)
{
    struct buf scratch;
    buf_init(&scratch, 4096);
    struct span got = tape_string(j, at, &scratch);
    assert_int_equal(got.n, want.n);
    if (want.n > 0) {
        assert_memory_equal(got.p, want.p, want.n);
    }
    buf_release(&scratch);
}

static void values_are_found_by_key_and_path(void **state)
{
    (void)state;
    struct tape j = read_tape(SPAN("{\"a\":{\"b\":{\"c\":\"deep\"}},\"d\":[1,{\"e\":2}],"
                                   "\"\\u0066\\/g\":\"escaped\",\"\":\"empty\",\"z\":null}"));
    expect_text(&j, tape_path(&j, TAPE_ROOT, "a/b/c"), SPAN("deep"));
    expect_text(&j, tape_get(&j, TAPE_ROOT, "f/g"), SPAN("escaped"));
    expect_text(&j, tape_get(&j, TAPE_ROOT, ""), SPAN("empty"));
    assert_int_equal(tape_type(&j, tape_get(&j, TAPE_ROOT, "d")), TAPE_ARRAY);
    assert_int_equal(tape_type(&j, tape_get(&j, TAPE_ROOT, "z")), TAPE_NULL);
    assert_true(tape_get(&j, TAPE_ROOT, "z") != TAPE_ABSENT);
}

static void what_is_not_there_is_absent(void **state)
{
    (void)state;
    struct tape j = read_tape(SPAN("{\"a\":{\"b\":1},\"l\":[{\"x\":1}],\"s\":\"a\"}"));
    const char *paths[] = {"b", "a/c", "a/b/c", "a/", "/a", "s/a", "l/x", "l/0", "A"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_int_equal(tape_path(&j, TAPE_ROOT, paths[i]), TAPE_ABSENT);
    }
    j = read_tape(SPAN("{\"\\u0061bc\":1}"));
    assert_int_equal(tape_get(&j, TAPE_ROOT, "abc"), 2);
    assert_int_equal(tape_get(&j, TAPE_ROOT, "ab"), TAPE_ABSENT);
    assert_int_equal(tape_get(&j, TAPE_ROOT, "abcd"), TAPE_ABSENT);
    assert_int_equal(tape_get(&j, TAPE_ROOT, "abd"), TAPE_ABSENT);
    assert_int_equal(tape_get(&j, TAPE_ABSENT, "a"), TAPE_ABSENT);
    assert_int_equal(tape_get(&j, 9999, "a"), TAPE_ABSENT);
}

static void accessors_take_absent(void **state)
{
    (void)state;
    struct tape j = read_tape(SPAN("[1]"));
    const uint32_t nowhere[] = {TAPE_ABSENT, TAPE_ABSENT - 1, 2, 1000};
    for (size_t i = 0; i < ARRAY_LEN(nowhere); i++) {
        int64_t n = 7;
        assert_int_equal(tape_type(&j, nowhere[i]), TAPE_NULL);
        assert_int_equal(tape_first(&j, nowhere[i]), TAPE_ABSENT);
        assert_int_equal(tape_next(&j, nowhere[i], 0), TAPE_ABSENT);
        assert_int_equal(tape_next(&j, TAPE_ROOT, nowhere[i]), TAPE_ABSENT);
        assert_int_equal(tape_count(&j, nowhere[i]), 0);
        assert_false(tape_key_is(&j, nowhere[i], ""));
        assert_int_equal(tape_string(&j, nowhere[i], NULL).n, 0);
        assert_null(tape_raw(&j, nowhere[i]).p);
        assert_int_equal(tape_int(&j, nowhere[i], &n), ST_INVALID);
        assert_true(n == 7);
        assert_true(tape_bool(&j, nowhere[i], true));
        assert_false(tape_bool(&j, nowhere[i], false));
    }
}

static void arrays_and_objects_are_walked(void **state)
{
    (void)state;
    struct tape j = read_tape(SPAN("[10,{\"a\":1,\"b\":[2,3],\"c\":{}},[],\"x\"]"));
    const enum tape_type want[] = {TAPE_NUMBER, TAPE_OBJECT, TAPE_ARRAY, TAPE_STRING};
    uint32_t i = 0;
    for (uint32_t at = tape_first(&j, TAPE_ROOT); at != TAPE_ABSENT;
         at = tape_next(&j, TAPE_ROOT, at)) {
        assert_true(i < ARRAY_LEN(want));
        assert_int_equal(tape_type(&j, at), want[i++]);
    }
    assert_int_equal(i, ARRAY_LEN(want));
    uint32_t object = tape_next(&j, TAPE_ROOT, tape_first(&j, TAPE_ROOT));
    const char *keys[] = {"a", "b", "c"};
    i = 0;
    for (uint32_t key = tape_first(&j, object); key != TAPE_ABSENT;
         key = tape_next(&j, object, key)) {
        const char *name = keys[i++ % ARRAY_LEN(keys)];
        assert_true(tape_key_is(&j, key, name));
        assert_false(tape_key_is(&j, key, "d"));
        assert_int_equal(tape_get(&j, object, name), key + 1);
    }
    assert_int_equal(i, 3);
    assert_int_equal(tape_count(&j, TAPE_ROOT), 4);
    assert_int_equal(tape_count(&j, object), 3);
    assert_int_equal(tape_count(&j, tape_get(&j, object, "c")), 0);
    assert_int_equal(tape_first(&j, tape_get(&j, object, "c")), TAPE_ABSENT);
    assert_int_equal(tape_first(&j, tape_first(&j, TAPE_ROOT)), TAPE_ABSENT);
}

static void strings_without_escapes_are_not_copied(void **state)
{
    (void)state;
    struct span text = SPAN("\"plain \xc3\xa9\"");
    struct tape j = read_tape(text);
    assert_ptr_equal(tape_string(&j, TAPE_ROOT, NULL).p, text.p + 1);
    expect_text(&j, TAPE_ROOT, SPAN("plain \xc3\xa9"));
}

static void escapes_are_undone(void **state)
{
    (void)state;
    struct tape j = read_tape(
        SPAN("\"\\\"\\\\\\/\\b\\f\\n\\r\\t|\\u0000|\\u0041\\u00e9\\u20AC\\ud83d\\ude00\""));
    expect_text(&j, TAPE_ROOT, SPAN("\"\\/\b\f\n\r\t|\0|A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
}

static void full_scratch_gives_the_empty_span_and_keeps_what_was_there(void **state)
{
    (void)state;
    struct tape j = read_tape(SPAN("[\"\\u0041BCDEFGH\",\"\\u0041B\"]"));
    struct buf scratch;
    buf_init(&scratch, 6);
    assert_int_equal(buf_addstr(&scratch, "old"), ST_OK);
    assert_int_equal(tape_string(&j, 1, &scratch).n, 0);
    assert_true(scratch.over);
    assert_true(span_is(buf_span(&scratch), "old"));
    assert_true(span_is(tape_string(&j, 2, &scratch), "AB"));
    assert_true(span_is(buf_span(&scratch), "oldAB"));
    buf_release(&scratch);
}

static void raw_is_as_received(void **state)
{
    (void)state;
    struct tape j =
        read_tape(SPAN(" { \"a\" : [ 1 , 2 ] , \"b\" : \"\\u0041\" , \"c\" : -1.50 } "));
    assert_true(span_is(tape_raw(&j, TAPE_ROOT),
                        "{ \"a\" : [ 1 , 2 ] , \"b\" : \"\\u0041\" , \"c\" : -1.50 }"));
    assert_true(span_is(tape_raw(&j, tape_get(&j, TAPE_ROOT, "a")), "[ 1 , 2 ]"));
    assert_true(span_is(tape_raw(&j, tape_get(&j, TAPE_ROOT, "b")), "\"\\u0041\""));
    assert_true(span_is(tape_raw(&j, tape_get(&j, TAPE_ROOT, "c")), "-1.50"));
}

static void integers_are_exact_or_refused(void **state)
{
    (void)state;
    const struct {
        const char *text;
        enum status status;
        int64_t value;
    } rows[] = {
        {"0",                        ST_OK,      0               },
        {"-0",                       ST_OK,      0               },
        {"9223372036854775807",      ST_OK,      INT64_MAX       },
        {"-9223372036854775808",     ST_OK,      INT64_MIN       },
        {"9007199254740993",         ST_OK,      9007199254740993},
        {"5.0",                      ST_OK,      5               },
        {"5e2",                      ST_OK,      500             },
        {"\"12\"",                   ST_OK,      12              },
        {"\"-9223372036854775808\"", ST_OK,      INT64_MIN       },
        {"9223372036854775808",      ST_LIMIT,   0               },
        {"-9223372036854775809",     ST_LIMIT,   0               },
        {"\"9223372036854775808\"",  ST_LIMIT,   0               },
        {"1e30",                     ST_LIMIT,   0               },
        {"5.5",                      ST_INVALID, 0               },
        {"\"\"",                     ST_INVALID, 0               },
        {"\" 5\"",                   ST_INVALID, 0               },
        {"\"5.0\"",                  ST_INVALID, 0               },
        {"\"0x10\"",                 ST_INVALID, 0               },
        {"\"\\u0035\"",              ST_INVALID, 0               },
        {"true",                     ST_INVALID, 0               },
        {"null",                     ST_INVALID, 0               },
        {"[5]",                      ST_INVALID, 0               },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tape j = read_tape(span_str(rows[i].text));
        int64_t n = 42;
        assert_int_equal(tape_int(&j, TAPE_ROOT, &n), rows[i].status);
        assert_true(n == (rows[i].status == ST_OK ? rows[i].value : 42));
    }
}

static void only_true_and_false_are_bool(void **state)
{
    (void)state;
    struct tape j = read_tape(SPAN("[true,false,1,\"true\",null]"));
    assert_true(tape_bool(&j, 1, false));
    assert_false(tape_bool(&j, 2, true));
    for (uint32_t at = 3; at <= 5; at++) {
        assert_true(tape_bool(&j, at, true));
        assert_false(tape_bool(&j, at, false));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_key_and_path),
        cmocka_unit_test(what_is_not_there_is_absent),
        cmocka_unit_test(accessors_take_absent),
        cmocka_unit_test(arrays_and_objects_are_walked),
        cmocka_unit_test(strings_without_escapes_are_not_copied),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(full_scratch_gives_the_empty_span_and_keeps_what_was_there),
        cmocka_unit_test(raw_is_as_received),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(only_true_and_false_are_bool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
