#include "expect.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static void names_every_status_differently(void **state)
{
    (void)state;
    for (int a = ST_OK; a <= ST_UNSUPPORTED; a++) {
        assert_true(strlen(status_name((enum status)a)) > 0);
        for (int b = ST_OK; b < a; b++) {
            assert_string_not_equal(status_name((enum status)a), status_name((enum status)b));
        }
    }
    assert_string_equal(status_name(ST_LIMIT), "over a limit");
}

static void names_a_value_that_is_no_status(void **state)
{
    (void)state;
    assert_string_equal(status_name((enum status)(ST_UNSUPPORTED + 1)), "unknown");
    assert_string_equal(status_name((enum status) - 1), "unknown");
}

static void fails_without_a_place_for_the_reason(void **state)
{
    (void)state;
    assert_status(why_fail(NULL, ST_DENIED, "%s", "unread"), ST_DENIED);
    why_prefix(NULL, "%s", "unread");
}

static void keeps_the_reason_and_the_status(void **state)
{
    (void)state;
    struct why why = {0};
    assert_status(why_fail(&why, ST_IO, "port %d of %s", 80, "h"), ST_IO);
    assert_string_equal(why.text, "port 80 of h");
    assert_status(why_fail(&why, ST_IO, "x"), ST_IO);
    assert_string_equal(why.text, "x");
}

static void cuts_a_long_reason(void **state)
{
    (void)state;
    struct why why;
    char flood[4 * WHY_TEXT_BYTES];
    memset(flood, 'a', sizeof(flood) - 1);
    flood[sizeof(flood) - 1] = '\0';
    assert_status(why_fail(&why, ST_LIMIT, "%s", flood), ST_LIMIT);
    assert_int_equal(strlen(why.text), WHY_TEXT_BYTES - 1);
    why_prefix(&why, "%s", "front");
    assert_int_equal(strlen(why.text), WHY_TEXT_BYTES - 1);
    assert_memory_equal(why.text, "front: aaa", 10);
    why_prefix(&why, "%s", flood);
    assert_int_equal(strlen(why.text), WHY_TEXT_BYTES - 1);
    assert_null(strchr(why.text, ':'));
}

static void a_cut_leaves_no_half_character(void **state)
{
    (void)state;
    struct why why;
    char flood[2 * WHY_TEXT_BYTES];
    for (size_t i = 0; i + 2 < sizeof(flood); i += 2) {
        memcpy(flood + i, "\xC3\xA9", 3);
    }
    (void)why_fail(&why, ST_LIMIT, "%s", flood); /* 511 bytes: the 256th character is halved */
    assert_int_equal(why.text[WHY_TEXT_BYTES - 2], '?');
    assert_memory_equal(why.text + WHY_TEXT_BYTES - 4, "\xC3\xA9", 2);
}

static void prefixes_stack_outwards(void **state)
{
    (void)state;
    struct why why;
    (void)why_fail(&why, ST_INVALID, "not a number");
    why_prefix(&why, "key '%s'", "rows");
    why_prefix(&why, "%s:%d", "a.ini", 3);
    assert_string_equal(why.text, "a.ini:3: key 'rows': not a number");
}

static void a_reason_is_one_line(void **state)
{
    (void)state;
    struct why why;
    (void)why_fail(&why, ST_NOTFOUND, "no %s", "a\nb\r\t\x1b[2J\x7f");
    assert_string_equal(why.text, "no a?b???[2J?");
    why_prefix(&why, "%s", "p\n\x9b");
    assert_string_equal(why.text, "p??: no a?b???[2J?");
}

static void reasons_keep_text_that_is_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"\xC2\xA0",        "\xDF\xBF",     "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",    "\xEE\x80\x80", "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
    struct why why;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        (void)why_fail(&why, ST_IO, "%s", good[i]);
        assert_string_equal(why.text, good[i]);
    }
}

static void reasons_lose_bytes_that_are_not(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"\xC2\x9Bm",        "??m" }, /* C1: CSI */
        {"\xC2\x80",         "??"  }, /* the first C1 */
        {"\xC2\x9F",         "??"  }, /* the last C1 */
        {"\x80",             "?"   }, /* continuation alone */
        {"\xC0\xAF",         "??"  }, /* over-long '/' */
        {"\xC1\xBF",         "??"  }, /* over-long */
        {"\xE0\x9F\xBF",     "???" }, /* over-long */
        {"\xED\xA0\x80",     "???" }, /* surrogate */
        {"\xF0\x8F\xBF\xBF", "????"}, /* over-long */
        {"\xF4\x90\x80\x80", "????"}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", "????"}, /* no such lead */
        {"\xE2\x82",         "??"  }, /* cut */
        {"\xE2\x82z",        "??z" }, /* cut in the middle */
        {"\xFF\xFE",         "??"  },
    };
    struct why why;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        (void)why_fail(&why, ST_IO, "%s", bad[i][0]);
        assert_string_equal(why.text, bad[i][1]);
    }
}

static void knows_the_common_errors(void **state)
{
    (void)state;
    assert_string_equal(err_text(ENOENT), "no such file or folder");
    assert_string_equal(err_text(ECONNREFUSED), "connection refused");
    assert_string_equal(err_text(0), "no error");
    static const int must_have[] = {EPERM,  EACCES,     ENOSPC,      EIO,          EDQUOT,
                                    EROFS,  EMFILE,     ETIMEDOUT,   ECONNRESET,   EPIPE,
                                    ENOMEM, EADDRINUSE, ENETUNREACH, EHOSTUNREACH, EFBIG};
    for (size_t i = 0; i < ARRAY_LEN(must_have); i++) {
        assert_null(strstr(err_text(must_have[i]), "errno"));
    }
}

static void every_error_has_some_text_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < 140; a++) {
        char text[64];
        assert_true(span_copy(span_str(err_text(a)), text, sizeof(text)));
        assert_true(strlen(text) > 0);
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(text, err_text(b));
        }
    }
}

static void numbers_the_unknown_errors(void **state)
{
    (void)state;
    assert_string_equal(err_text(4711), "errno 4711");
    assert_string_equal(err_text(-1), "errno -1");
    assert_string_equal(err_text(INT32_MIN), "errno -2147483648");
}

static void *ask_elsewhere(void *arg)
{
    (void)arg;
    return (void *)(err_text(1234) != NULL ? "asked" : NULL);
}

static void threads_do_not_share_unknown_errors(void **state)
{
    (void)state;
    pthread_t thread;
    void *asked = NULL;
    const char *mine = err_text(999);
    assert_int_equal(pthread_create(&thread, NULL, ask_elsewhere, NULL), 0);
    assert_int_equal(pthread_join(thread, &asked), 0);
    assert_non_null(asked);
    assert_string_equal(mine, "errno 999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_status_differently),
        cmocka_unit_test(names_a_value_that_is_no_status),
        cmocka_unit_test(fails_without_a_place_for_the_reason),
        cmocka_unit_test(keeps_the_reason_and_the_status),
        cmocka_unit_test(cuts_a_long_reason),
        cmocka_unit_test(a_cut_leaves_no_half_character),
        cmocka_unit_test(prefixes_stack_outwards),
        cmocka_unit_test(a_reason_is_one_line),
        cmocka_unit_test(reasons_keep_text_that_is_utf8),
        cmocka_unit_test(reasons_lose_bytes_that_are_not),
        cmocka_unit_test(knows_the_common_errors),
        cmocka_unit_test(every_error_has_some_text_of_its_own),
        cmocka_unit_test(numbers_the_unknown_errors),
        cmocka_unit_test(threads_do_not_share_unknown_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
