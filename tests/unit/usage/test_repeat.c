/* The same call again and again. */
#include "checkrein/usage.h"
#include "expect.h"

#define MINUTE INT64_C(60000000)

static bool again(struct usage_repeat *r, uint64_t same, int64_t at)
{
    return usage_repeats(r, same, at, 4, 5 * MINUTE);
}

static void four_in_a_row_once(void **state)
{
    (void)state;
    struct usage_repeat r = {0};
    for (int i = 1; i <= 20; i++) {
        assert_int_equal(again(&r, 7, i), i == 4);
        assert_int_equal(usage_run(&r), i);
    }
    assert_false(again(&r, 8, 21));
    assert_int_equal(usage_run(&r), 1);
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(again(&r, 7, 21 + i), i == 4);
    }
}

static void another_in_between_begins_anew(void **state)
{
    (void)state;
    struct usage_repeat r = {0};
    for (int i = 0; i < 100; i++) {
        assert_false(again(&r, i % 4 == 3 ? 1 : 0, i));
    }
}

static void only_within_the_time(void **state)
{
    (void)state;
    struct usage_repeat r = {0};
    for (int i = 0; i < 200; i++) {
        assert_false(again(&r, 0, i * 2 * MINUTE));
    }
    int64_t late = 1000 * MINUTE; /* of a long run, the newest four */
    assert_false(again(&r, 0, late));
    assert_false(again(&r, 0, late + 1));
    assert_false(again(&r, 0, late + 2));
    assert_true(again(&r, 0, late + 5 * MINUTE));
}

static void no_and_too_many_calls(void **state)
{
    (void)state;
    struct usage_repeat r = {0};
    for (int i = 0; i < 200; i++) {
        assert_false(usage_repeats(&r, 1, i, 0, MINUTE));
        assert_false(usage_repeats(&r, 1, i, USAGE_REPEATS_MAX + 1, MINUTE));
    }
    struct usage_repeat most = {0};
    for (int i = 1; i <= 200; i++) {
        assert_int_equal(usage_repeats(&most, 1, i, USAGE_REPEATS_MAX, MINUTE),
                         i == USAGE_REPEATS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_in_a_row_once),
        cmocka_unit_test(another_in_between_begins_anew),
        cmocka_unit_test(only_within_the_time),
        cmocka_unit_test(no_and_too_many_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
