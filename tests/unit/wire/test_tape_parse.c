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

#define TOKENS 4096

static struct tape_token tokens[TOKENS];

/* Parses a copy that ends where the memory ends, so that a read beyond it is seen. */
static enum status parse(struct tape *j, struct span text, enum tape_mode mode)
{
    static char *copy;
    free(copy);
    copy = malloc(text.n > 0 ? text.n : 1);
    assert_non_null(copy);
    memcpy(copy, text.p, text.n);
    return tape_parse(j, (struct span){copy, text.n}, mode, tokens, TOKENS);
}

static void expect(struct span text, enum tape_mode mode, enum status want)
{
    struct tape j;
    enum status st = parse(&j, text, mode);
    if (st != want) {
        fail_msg("%s instead of %s: %.*s (%s)", status_name(st), status_name(want),
                 (int)(text.n < 80 ? text.n : 80), text.p, j.error != NULL ? j.error : "-");
    }
    assert_int_equal(j.error == NULL, want == ST_OK);
    assert_true(j.error_at <= text.n);
    assert_int_equal(j.count == 0, want != ST_OK);
}

static void expect_both(struct span text, enum status want)
{
    expect(text, TAPE_STRICT, want);
    expect(text, TAPE_REPAIR, want);
}

static const struct span valid[] = {
    SPAN_INIT("{}"),
    SPAN_INIT("[]"),
    SPAN_INIT("\"\""),
    SPAN_INIT("0"),
    SPAN_INIT("-0"),
    SPAN_INIT("-0.0e-0"),
    SPAN_INIT("1E+9"),
    SPAN_INIT("123456789012345678901234567890"),
    SPAN_INIT("true"),
    SPAN_INIT("false"),
    SPAN_INIT("null"),
    SPAN_INIT(" \t\r\n[ 1 , 2 ]\n"),
    SPAN_INIT("{\"a\":1,\"b\":{\"a\":2},\"c\":[{\"a\":3},{\"a\":4}]}"),
    SPAN_INIT("{\"\":1,\"a\":2}"),
    SPAN_INIT("[[[[]]],{},\"\",0]"),
    SPAN_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uFFFF\\u00e9\""),
    SPAN_INIT("\"\\ud83d\\ude00\""),
    SPAN_INIT("\"\x7f\""),
    SPAN_INIT("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""),
    SPAN_INIT("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
    SPAN_INIT("\"0123456789abcde\""),
    SPAN_INIT("\"0123456789abcdef\""),
    SPAN_INIT("\"0123456789abcdef\\u0041\xc3\xa9\xc3\xa9 0123456789abcdef\""),
};

static const struct span invalid[] = {
    SPAN_INIT(""),
    SPAN_INIT(" "),
    SPAN_INIT("\n\n"),
    SPAN_INIT("{"),
    SPAN_INIT("["),
    SPAN_INIT("}"),
    SPAN_INIT("]"),
    SPAN_INIT("\""),
    SPAN_INIT("\"\\"),
    SPAN_INIT("\"\\\""),
    SPAN_INIT("[1,]"),
    SPAN_INIT("[,1]"),
    SPAN_INIT("[1 2]"),
    SPAN_INIT("[1}"),
    SPAN_INIT("{1:2}"),
    SPAN_INIT("{\"a\"}"),
    SPAN_INIT("{\"a\":}"),
    SPAN_INIT("{\"a\":1,}"),
    SPAN_INIT("{,\"a\":1}"),
    SPAN_INIT("{\"a\":1]"),
    SPAN_INIT("{\"a\" 1}"),
    SPAN_INIT("{\"a\"::1}"),
    SPAN_INIT("{a:1}"),
    SPAN_INIT("{'a':1}"),
    SPAN_INIT("{null:1}"),
    SPAN_INIT("01"),
    SPAN_INIT("-"),
    SPAN_INIT("-01"),
    SPAN_INIT("+1"),
    SPAN_INIT(".5"),
    SPAN_INIT("1."),
    SPAN_INIT("1.e1"),
    SPAN_INIT("1e"),
    SPAN_INIT("1e+"),
    SPAN_INIT("0x10"),
    SPAN_INIT("1_000"),
    SPAN_INIT("NaN"),
    SPAN_INIT("-Infinity"),
    SPAN_INIT("tru"),
    SPAN_INIT("truth"),
    SPAN_INIT("True"),
    SPAN_INIT("nul"),
    SPAN_INIT("falsee"),
    SPAN_INIT("{} x"),
    SPAN_INIT("{}{}"),
    SPAN_INIT("1 2"),
    SPAN_INIT("[]\0"),
    SPAN_INIT("\0"),
    SPAN_INIT("\xEF\xBB\xBF{}"),
    SPAN_INIT("\xFE\xFF\0{\0}"),
    SPAN_INIT("{}\x0b"),
    SPAN_INIT("\xc2\xa0{}"),
    SPAN_INIT("/* c */ 1"),
    SPAN_INIT("1 // c"),
    SPAN_INIT("\"a\nb\""),
    SPAN_INIT("\"a\tb\""),
    SPAN_INIT("\"a\0b\""),
    SPAN_INIT("\"\x1f\""),
    SPAN_INIT("\"0123456789abcdef\x01\""),
    SPAN_INIT("\"\\x41\""),
    SPAN_INIT("\"\\a\""),
    SPAN_INIT("\"\\0\""),
    SPAN_INIT("\"\\U0041\""),
    SPAN_INIT("\"\\u\""),
    SPAN_INIT("\"\\u004\""),
    SPAN_INIT("\"\\u00g0\""),
    SPAN_INIT("\"\\u 041\""),
    SPAN_INIT("\"\\ud83d\\u12\""),
    SPAN_INIT("\"\\\xc3\xa9\""),
    SPAN_INIT("\"\\\0\""),
};

/* What real agents write when they cut a text in half: refused or repaired. */
static const struct {
    struct span text;
    struct span value;
} broken[] = {
    {SPAN_INIT("\"\\ud83d\""),               SPAN_INIT("\xEF\xBF\xBD")                        },
    {SPAN_INIT("\"\\ude00\""),               SPAN_INIT("\xEF\xBF\xBD")                        },
    {SPAN_INIT("\"\\ude00\\ude00\""),        SPAN_INIT("\xEF\xBF\xBD\xEF\xBF\xBD")            },
    {SPAN_INIT("\"\\ude00\\ud83d\""),        SPAN_INIT("\xEF\xBF\xBD\xEF\xBF\xBD")            },
    {SPAN_INIT("\"\\ud83d\\ud83d\\ude00\""), SPAN_INIT("\xEF\xBF\xBD\xF0\x9F\x98\x80")        },
    {SPAN_INIT("\"\\ud83dx\""),              SPAN_INIT("\xEF\xBF\xBDx")                       },
    {SPAN_INIT("\"\\ud83d\\n\""),            SPAN_INIT("\xEF\xBF\xBD\n")                      },
    {SPAN_INIT("\"\\ud83d\\u0041\""),        SPAN_INIT("\xEF\xBF\xBD"
                                                "A")     },
    {SPAN_INIT("\"a\x80z\""),                SPAN_INIT("a\xEF\xBF\xBDz")                      },
    {SPAN_INIT("\"\xff\xfe\""),              SPAN_INIT("\xEF\xBF\xBD\xEF\xBF\xBD")            },
    {SPAN_INIT("\"\xc0\xaf\""),              SPAN_INIT("\xEF\xBF\xBD\xEF\xBF\xBD")            },
    {SPAN_INIT("\"\xc3\""),                  SPAN_INIT("\xEF\xBF\xBD")                        },
    {SPAN_INIT("\"\xc3(\""),                 SPAN_INIT("\xEF\xBF\xBD(")                       },
    {SPAN_INIT("\"\xe2\x82\""),              SPAN_INIT("\xEF\xBF\xBD")                        },
    {SPAN_INIT("\"\xe2\x82z\""),             SPAN_INIT("\xEF\xBF\xBDz")                       },
    {SPAN_INIT("\"\xe0\x80\x80\""),          SPAN_INIT("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")},
    {SPAN_INIT("\"\xed\xa0\x80\""),          SPAN_INIT("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")},
    {SPAN_INIT("\"\xf0\x9f\x98\""),          SPAN_INIT("\xEF\xBF\xBD")                        },
    {SPAN_INIT("\"\xf0\x80\x80\x80\""),
     SPAN_INIT("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")                            },
    {SPAN_INIT("\"\xf4\x90\x80\x80\""),
     SPAN_INIT("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")                            },
    {SPAN_INIT("\"\xf5\xc3\xa9\""),          SPAN_INIT("\xEF\xBF\xBD\xc3\xa9")                },
};

static void valid_texts_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
        struct tape j;
        expect_both(valid[i], ST_OK);
        assert_int_equal(parse(&j, valid[i], TAPE_REPAIR), ST_OK);
        assert_false(j.repaired);
    }
}

static void invalid_texts_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++) {
        expect_both(invalid[i], ST_INVALID);
    }
    struct tape j;
    assert_int_equal(tape_parse(&j, SPAN_NONE, TAPE_STRICT, tokens, TOKENS), ST_INVALID);
}

/* No beginning of an object, array or string is one. */
static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
        struct span whole = span_trim(valid[i]);
        if (strchr("{[\"", whole.p[0]) == NULL) {
            continue;
        }
        for (size_t n = 0; n < whole.n; n++) {
            expect_both(span_sub(whole, 0, n), ST_INVALID);
        }
    }
}

static void broken_text_is_refused_or_repaired(void **state)
{
    (void)state;
    struct buf scratch;
    buf_init(&scratch, 1024);
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct tape j;
        expect(broken[i].text, TAPE_STRICT, ST_INVALID);
        assert_int_equal(parse(&j, broken[i].text, TAPE_REPAIR), ST_OK);
        assert_true(j.repaired);
        struct span got = tape_string(&j, TAPE_ROOT, &scratch);
        assert_int_equal(got.n, broken[i].value.n);
        assert_memory_equal(got.p, broken[i].value.p, got.n);
        assert_true(span_eq(tape_raw(&j, TAPE_ROOT), broken[i].text));
        buf_clear(&scratch);
    }
    buf_release(&scratch);
}

static void strict_does_not_say_repaired(void **state)
{
    (void)state;
    struct tape j;
    assert_int_equal(parse(&j, SPAN("[\"\xff\"]"), TAPE_STRICT), ST_INVALID);
    assert_false(j.repaired);
    assert_int_equal(j.error_at, 2);
}

static void the_first_fault_is_pointed_at(void **state)
{
    (void)state;
    const struct {
        struct span text;
        uint32_t at;
    } rows[] = {
        {SPAN("{\"a\":1,\"a\":2}"), 8},
        {SPAN("[1,2,x]"),           5},
        {SPAN("[1,2"),              4},
        {SPAN("{\"a\":tru}"),       5},
        {SPAN("{} {}"),             3},
        {SPAN("[\"ab\n\"]"),        4},
        {SPAN("[\"ab\\q\"]"),       4},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tape j;
        assert_int_equal(parse(&j, rows[i].text, TAPE_STRICT), ST_INVALID);
        assert_int_equal(j.error_at, rows[i].at);
    }
}

static struct span nested(char open, char close, size_t depth)
{
    static char text[4096];
    memset(text, open, depth);
    memset(text + depth, close, depth);
    return (struct span){text, depth * 2};
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    expect_both(nested('[', ']', TAPE_DEPTH_MAX), ST_OK);
    expect_both(nested('[', ']', TAPE_DEPTH_MAX + 1), ST_LIMIT);
    expect_both(span_sub(nested('[', ']', 2000), 0, 2000), ST_LIMIT);
    static char text[4096];
    size_t n = 0;
    for (int i = 0; i <= TAPE_DEPTH_MAX; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "{\"a\":");
    }
    expect_both((struct span){text, n}, ST_LIMIT);
}

static void the_tape_has_a_limit(void **state)
{
    (void)state;
    const struct span text = SPAN("{\"a\":[1,\"x\",null]}");
    const uint32_t need = 6;
    for (uint32_t cap = 0; cap <= need; cap++) {
        struct tape j;
        struct tape_token *few = calloc(cap > 0 ? cap : 1, sizeof(*few));
        assert_non_null(few);
        enum status st = tape_parse(&j, text, TAPE_STRICT, few, cap);
        assert_int_equal(st, cap < need ? ST_LIMIT : ST_OK);
        assert_int_equal(j.count, cap < need ? 0 : need);
        assert_int_equal(tape_get(&j, TAPE_ROOT, "a") == TAPE_ABSENT, cap < need);
        free(few);
    }
}

static void numbers_have_a_limit(void **state)
{
    (void)state;
    char digits[TAPE_NUMBER_MAX + 2];
    memset(digits, '7', sizeof(digits));
    expect_both((struct span){digits, TAPE_NUMBER_MAX}, ST_OK);
    expect_both((struct span){digits, TAPE_NUMBER_MAX + 1}, ST_LIMIT);
}

static void a_duplicate_key_is_refused_after_unescaping(void **state)
{
    (void)state;
    const struct span twice[] = {
        SPAN("{\"a\":1,\"a\":1}"),
        SPAN("{\"\":1,\"\":2}"),
        SPAN("{\"a\":1,\"\\u0061\":2}"),
        SPAN("{\"\\u0061\":1,\"a\":2}"),
        SPAN("{\"\\u00e9\":1,\"\xc3\xa9\":2}"),
        SPAN("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"),
        SPAN("{\"x\\/y\":1,\"x/y\":2}"),
        SPAN("{\"\\n\":1,\"\\u000a\":2}"),
        SPAN("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"b\":5}"),
        SPAN("[0,{\"q\":{\"a\":1,\"a\":1}}]"),
        SPAN("{\"a\":{\"x\":1},\"b\":{\"x\":1},\"a\":{\"x\":1}}"),
    };
    for (size_t i = 0; i < ARRAY_LEN(twice); i++) {
        expect_both(twice[i], ST_INVALID);
    }
    const struct span once[] = {
        SPAN("{\"a\":1,\"A\":2,\"aa\":3,\"\\u0000a\":4,\"a\\u0000\":5,\"\":6}"),
        SPAN("{\"a\":{\"a\":{\"a\":1}}}"),
        SPAN("[{\"a\":1},{\"a\":1}]"),
        SPAN("{\"\\u0061\":1,\"\\u0062\":2,\"ab\":3,\"ba\":4}"),
    };
    for (size_t i = 0; i < ARRAY_LEN(once); i++) {
        expect_both(once[i], ST_OK);
    }
    /* Different bytes that both read as U+FFFD are the same key. */
    expect(SPAN("{\"\xff\":1,\"\xfe\":2}"), TAPE_REPAIR, ST_INVALID);
    expect(SPAN("{\"\xff\":1,\"\xef\xbf\xbd\":2}"), TAPE_REPAIR, ST_INVALID);
    expect(SPAN("{\"\xff\":1,\"\xff\xff\":2}"), TAPE_REPAIR, ST_OK);
}

struct big {
    char *text;
    size_t n;
    struct tape_token *tokens;
    uint32_t cap;
};

/* An object of `count` keys of `start` and a number; key `again` stands at the end once
 * more. */
static struct big big_object(const char *start, uint32_t count, int64_t again)
{
    struct big b = {.cap = count * 2 + 4};
    size_t room = ((size_t)count + 2) * 64;
    b.text = malloc(room);
    b.tokens = calloc(b.cap, sizeof(*b.tokens));
    assert_non_null(b.text);
    assert_non_null(b.tokens);
    b.text[b.n++] = '{';
    for (uint32_t i = 0; i < count + (again >= 0); i++) {
        uint32_t number =
            i < count ? (uint32_t)(i * UINT64_C(2654435761) % count) : (uint32_t)again;
        b.text[b.n++] = i > 0 ? ',' : ' ';
        b.n += (size_t)snprintf(b.text + b.n, room - b.n, "\"%s%u\":0", start, number);
    }
    b.text[b.n++] = '}';
    return b;
}

static enum status parse_big(const char *start, uint32_t count, int64_t again)
{
    struct big b = big_object(start, count, again);
    struct tape j;
    enum status st = tape_parse(&j, (struct span){b.text, b.n}, TAPE_STRICT, b.tokens, b.cap);
    if (st == ST_OK) {
        assert_int_equal(tape_count(&j, TAPE_ROOT), count);
    } else {
        assert_string_equal(j.error, "the key stands twice");
    }
    free(b.text);
    free(b.tokens);
    return st;
}

/* Around the size where the way of looking changes, and every key as the one that comes again. */
static void duplicates_are_found_in_objects_of_every_size(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 80; count += count < 28 || count > 38 ? 7 : 1) {
        assert_int_equal(parse_big("k", count, -1), ST_OK);
        assert_int_equal(parse_big("\\u006b", count, -1), ST_OK);
        for (uint32_t again = 0; again < count; again++) {
            assert_int_equal(parse_big("k", count, again), ST_INVALID);
            assert_int_equal(parse_big("\\u006b", count, again), ST_INVALID);
        }
    }
}

static void the_later_of_two_keys_is_pointed_at(void **state)
{
    (void)state;
    struct big b = big_object("k", 77, 5);
    struct tape t;
    assert_int_equal(tape_parse(&t, (struct span){b.text, b.n}, TAPE_STRICT, b.tokens, b.cap),
                     ST_INVALID);
    const char again[] = "k5\":0}";
    assert_int_equal(t.error_at, b.n - (sizeof(again) - 1));
    free(b.text);
    free(b.tokens);
}

/* Quadratic work on these would take minutes. */
static void large_objects_cost_no_more_than_sorting(void **state)
{
    (void)state;
    const uint32_t keys = 100000; /* coprime to the multiplier of big_object() */
    clock_t begin = clock();
    assert_int_equal(parse_big("k", keys, -1), ST_OK);
    assert_int_equal(parse_big("k", keys, 77777), ST_INVALID);
    assert_int_equal(parse_big("a key whose first half is always equal ", keys, -1), ST_OK);
    assert_int_equal(parse_big("\\u0061", keys, 5), ST_INVALID);
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 20.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts_are_read),
        cmocka_unit_test(invalid_texts_are_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(broken_text_is_refused_or_repaired),
        cmocka_unit_test(strict_does_not_say_repaired),
        cmocka_unit_test(the_first_fault_is_pointed_at),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(the_tape_has_a_limit),
        cmocka_unit_test(numbers_have_a_limit),
        cmocka_unit_test(a_duplicate_key_is_refused_after_unescaping),
        cmocka_unit_test(duplicates_are_found_in_objects_of_every_size),
        cmocka_unit_test(the_later_of_two_keys_is_pointed_at),
        cmocka_unit_test(large_objects_cost_no_more_than_sorting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
