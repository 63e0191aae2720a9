#include "expect.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/utf8.h"

/* The encoding by its definition, for any value up to 21 bits and in any of the four lengths. */
static void encode(uint32_t code, size_t length, char *out)
{
    static const unsigned char leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = length; i-- > 1; code >>= 6) {
        out[i] = (char)(0x80 | (code & 0x3F));
    }
    out[0] = (char)(leads[length] | code);
}

static size_t shortest(uint32_t code)
{
    return 1 + (size_t)(code > 0x7F) + (size_t)(code > 0x7FF) + (size_t)(code > 0xFFFF);
}

static void accepts_every_scalar_value_in_its_shortest_form_only(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x1FFFFF; code++) {
        bool is_scalar = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
        for (size_t length = shortest(code); length <= 4; length++) {
            char text[4];
            encode(code, length, text);
            size_t want = is_scalar && length == shortest(code) ? length : 0;
            assert_int_equal(utf8_length(text, length), want);
        }
    }
}

static void accepts_no_other_pair_of_bytes(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            const char text[2] = {(char)first, (char)second};
            bool two = first >= 0xC2 && first <= 0xDF && second >= 0x80 && second <= 0xBF;
            size_t want = first < 0x80 ? 1 : two ? 2 : 0;
            assert_int_equal(utf8_length(text, 2), want);
        }
    }
}

static void a_cut_character_is_none(void **state)
{
    (void)state;
    static const char *const whole[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x90\x8E"};
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        size_t length = strlen(whole[i]);
        for (size_t n = 0; n <= length; n++) {
            char *exact = xmalloc(n); /* a sanitizer sees a read past the end */
            memcpy(exact, whole[i], n);
            assert_int_equal(utf8_length(exact, n), n == length ? length : 0);
            free(exact);
        }
    }
    assert_int_equal(utf8_length(NULL, 0), 0);
}

static void each_byte_of_a_character_counts(void **state)
{
    (void)state;
    static const char *const whole[] = {"\xE2\x82\xAC", "\xF0\x9F\x90\x8E"};
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        for (size_t at = 1; whole[i][at] != '\0'; at++) {
            char text[8];
            assert_true(span_copy(span_str(whole[i]), text, sizeof(text)));
            text[at] = 'a';
            assert_false(utf8_valid(span_str(text)));
            text[at] = (char)0xC0;
            assert_false(utf8_valid(span_str(text)));
        }
    }
}

static void checks_whole_texts(void **state)
{
    (void)state;
    assert_true(utf8_valid(SPAN_NONE));
    assert_true(utf8_valid(SPAN("a\0b")));
    assert_true(utf8_valid(SPAN("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x8E")));
    assert_false(utf8_valid(SPAN("caf\xE9")));
    assert_false(utf8_valid(SPAN("\xEF\xBB\xBFok\x80")));
    assert_false(utf8_valid(SPAN("ok\xF0\x9F\x90")));
}

/* The text is read in blocks: what is no ASCII is found wherever it stands. */
static void finds_a_fault_at_any_place(void **state)
{
    (void)state;
    static const struct span pieces[] = {SPAN_INIT("\xC3\xA9"), SPAN_INIT("\xF0\x9F\x90\x8E"),
                                         SPAN_INIT("\x80"), SPAN_INIT("\xE2\x82")};
    for (size_t at = 0; at < 40; at++) {
        for (size_t tail = 0; tail < 20; tail++) {
            for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
                size_t n = at + pieces[i].n + tail;
                char *exact = xmalloc(n);
                memset(exact, 'a', n);
                memcpy(exact + at, pieces[i].p, pieces[i].n);
                assert_int_equal(utf8_valid((struct span){exact, n}), i < 2);
                free(exact);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_every_scalar_value_in_its_shortest_form_only),
        cmocka_unit_test(accepts_no_other_pair_of_bytes),
        cmocka_unit_test(a_cut_character_is_none),
        cmocka_unit_test(each_byte_of_a_character_counts),
        cmocka_unit_test(checks_whole_texts),
        cmocka_unit_test(finds_a_fault_at_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
