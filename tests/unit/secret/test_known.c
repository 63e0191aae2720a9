/* What the program itself knows is found in any of its forms; marks tell equal from other. */
#include "expect.h"

#include <string.h>

#include "checkrein/buf.h"
#include "checkrein/secret.h"

static const uint8_t KEY[VEIL_KEY_BYTES] = {3};
static const uint8_t OTHER_KEY[VEIL_KEY_BYTES] = {4};
#define TOKEN "kn0wn+to/the=program_and-nobody"

static struct veil *knowing(void)
{
    struct veil *v = veil_new(KEY);
    veil_know(v, "hook-token", SPAN(TOKEN));
    return v;
}

static void in_any_form(void **state)
{
    (void)state;
    static const char *const FORMS[] = {
        ("x" TOKEN "y"),
        ("a " TOKEN),
        "kn0wn%2Bto%2Fthe%3Dprogram_and-nobody",
        "kn0wn+to\\/the=program_and-nobody",
        "a24wd24rdG8vdGhlPXByb2dyYW1fYW5kLW5vYm9keQ==",             /* base64 of it */
        "Y2hlY2tyZWluOmtuMHduK3RvL3RoZT1wcm9ncmFtX2FuZC1ub2JvZHk=", /* of checkrein: and it */
        "eGtuMHduK3RvL3RoZT1wcm9ncmFtX2FuZC1ub2JvZHk=",             /* of x and it */
        "eHhrbjB3bit0by90aGU9cHJvZ3JhbV9hbmQtbm9ib2R5",             /* of xx and it */
    };
    struct veil *v = knowing();
    for (size_t i = 0; i < ARRAY_LEN(FORMS); i++) {
        struct veiled told = veil(v, span_str(FORMS[i]));
        if (told.count != 1 || secret_marks(told.text) != 1) {
            fail_msg("%s -> %.*s", FORMS[i], SPAN_ARG(told.text));
        }
    }
    veil_free(v);
}

static void what_is_short_is_not_known(void **state)
{
    (void)state;
    struct veil *v = veil_new(KEY);
    veil_know(v, "hook-token", SPAN("short"));
    veil_know(v, "hook-token", SPAN_NONE);
    assert_int_equal(veil(v, SPAN("a short text")).count, 0);
    veil_free(v);
}

static void mark_of(struct veil *v, const char *text, char out[SECRET_MARK_BYTES])
{
    assert_true(span_copy(veil(v, span_str(text)).text, out, SECRET_MARK_BYTES));
}

/* What is sent as ASCII is hidden as what is sent as UTF-8 is, and is the same secret. */
static void in_letters_that_are_not_ascii(void **state)
{
    (void)state;
    static const char *const PAIRS[][2] = {
        {"\"password\":\"\\u043f\\u0430\\u0440\\u043e\\u043b\\u044c\"",
         "\"password\":\"\u043f\u0430\u0440\u043e\u043b\u044c\""                                       },
        {"password: \\u00f1and\\u00fa",                                 "password: \u00f1and\u00fa"    },
        {"password=\\\\ud83d\\\\ude00\\\\ud83d\\\\ude00",               "password=\U0001f600\U0001f600"},
    };
    for (size_t i = 0; i < ARRAY_LEN(PAIRS); i++) {
        char ascii[SECRET_MARK_BYTES * 2];
        struct veil *v = knowing();
        struct veiled told = veil(v, span_str(PAIRS[i][0]));
        assert_int_equal(told.count, 1);
        assert_true(span_copy(told.text, ascii, sizeof(ascii)));
        told = veil(v, span_str(PAIRS[i][1]));
        if (!span_is(told.text, ascii)) {
            fail_msg("%s, %.*s", ascii, SPAN_ARG(told.text));
        }
        veil_free(v);
    }
}

static void marks_tell_equal_from_other(void **state)
{
    (void)state;
    char one[SECRET_MARK_BYTES];
    char same[SECRET_MARK_BYTES];
    char escaped[SECRET_MARK_BYTES];
    char other[SECRET_MARK_BYTES];
    char other_record[SECRET_MARK_BYTES];
    struct veil *v = knowing();
    struct veil *w = veil_new(OTHER_KEY);
    veil_know(w, "hook-token", SPAN(TOKEN));
    mark_of(v, TOKEN, one);
    mark_of(v, TOKEN, same);
    mark_of(v, "kn0wn+to\\/the=program_and-nobody", escaped);
    mark_of(v, "ghp_0123456789abcdefghijABCDEFGHIJ012345", other);
    mark_of(w, TOKEN, other_record);
    assert_string_equal(one, same);
    assert_string_equal(one, escaped);
    assert_string_not_equal(one, other);
    assert_string_not_equal(one, other_record);
    veil_free(v);
    veil_free(w);
}

/* HMAC-SHA256 under the key of the record, as anybody can make it again who has the secret. */
static void a_mark_has_the_specified_bytes(void **state)
{
    (void)state;
    char mark[SECRET_MARK_BYTES];
    static const uint8_t NO_KEY[VEIL_KEY_BYTES] = {0};
    struct veil *v = veil_new(NO_KEY);
    veil_know(v, "hook-token", SPAN("0123456789abcdef"));
    mark_of(v, "0123456789abcdef", mark);
    assert_string_equal(mark, "[secret hook-token 16 #b03e0291]");
    veil_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_any_form),
        cmocka_unit_test(what_is_short_is_not_known),
        cmocka_unit_test(in_letters_that_are_not_ascii),
        cmocka_unit_test(marks_tell_equal_from_other),
        cmocka_unit_test(a_mark_has_the_specified_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
