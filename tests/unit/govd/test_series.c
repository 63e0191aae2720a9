/* What a point of a metric adds: delta, cumulative, resets, retries, and what began before anybody
 * looked. */
#include <stdlib.h>

#include "expect.h"
#include "telemetry/telemetry_priv.h"

#define T0     INT64_C(1000000000000) /* when the table was made */
#define HOUR   (INT64_C(3600) * 1000000000)
#define NEVER  (-1)
#define BEFORE (T0 - 1)
#define AFTER  (T0 + 1)

static int64_t add(struct series_table *t, uint64_t key, bool cumulative, int64_t start,
                   int64_t time, int64_t value)
{
    struct series_point p = {{{key, 0}}, cumulative, start, time, value};
    int64_t added = 0;
    return series_add(t, &p, time, &added) ? added : NEVER;
}

static void a_delta_is_what_it_says(void **state)
{
    (void)state;
    struct series_table *t = series_new(T0);
    assert_int_equal(add(t, 1, false, BEFORE, T0 + 10, 5), 5);
    assert_int_equal(add(t, 1, false, T0 + 10, T0 + 20, 5), 5);
    assert_int_equal(add(t, 1, false, T0 + 10, T0 + 20, 5), 0); /* sent again */
    assert_int_equal(add(t, 1, false, BEFORE, T0 + 10, 5), 0);  /* and overtaken */
    assert_int_equal(add(t, 2, false, T0 + 10, T0 + 20, 7), 7);
    series_free(t);
}

static void a_sum_adds_its_difference(void **state)
{
    (void)state;
    struct series_table *t = series_new(T0);
    assert_int_equal(add(t, 1, true, AFTER, T0 + 10, 100), 100);
    assert_int_equal(add(t, 1, true, AFTER, T0 + 20, 130), 30);
    assert_int_equal(add(t, 1, true, AFTER, T0 + 20, 130), 0);
    assert_int_equal(add(t, 1, true, AFTER, T0 + 30, 130), 0);
    assert_int_equal(add(t, 1, true, AFTER, T0 + 40, 131), 1);
    series_free(t);
}

static void a_sum_that_begins_anew_counts_whole(void **state)
{
    (void)state;
    struct series_table *t = series_new(T0);
    assert_int_equal(add(t, 1, true, AFTER, T0 + 10, 100), 100);
    assert_int_equal(add(t, 1, true, T0 + 15, T0 + 20, 150),
                     150); /* a new start, although it is larger */
    assert_int_equal(add(t, 1, true, T0 + 15, T0 + 30, 40),
                     40); /* a smaller value, although it says the same start */
    series_free(t);
}

static void what_was_before_is_not_counted(void **state)
{
    (void)state;
    struct series_table *t = series_new(T0);
    assert_int_equal(add(t, 1, true, BEFORE, T0 + 10, 100), 0);
    assert_int_equal(add(t, 1, true, BEFORE, T0 + 20, 104), 4);
    assert_int_equal(add(t, 2, true, 0, T0 + 20, 104), 0); /* no start at all */
    series_free(t);
}

static void room_is_bounded(void **state)
{
    (void)state;
    struct series_table *t = series_new(T0);
    for (uint64_t i = 0; i < SERIES_MAX; i++) {
        assert_int_equal(add(t, i, true, AFTER, T0 + 10, 1), 1);
    }
    assert_int_equal(add(t, SERIES_MAX, true, AFTER, T0 + 20, 1), NEVER);
    assert_int_equal(add(t, 5, true, AFTER, T0 + 30, 2), 1); /* those that are followed go on */
    int64_t later = T0 + HOUR + 20;
    assert_int_equal(add(t, SERIES_MAX, true, later - 5, later, 1),
                     0); /* who was followed before is not known any more */
    assert_int_equal(add(t, SERIES_MAX, true, later - 5, later + 5, 4), 3);
    assert_int_equal(add(t, 6, false, AFTER, later, 9),
                     9); /* a delta counts, whoever was followed */
    series_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delta_is_what_it_says),
        cmocka_unit_test(a_sum_adds_its_difference),
        cmocka_unit_test(a_sum_that_begins_anew_counts_whole),
        cmocka_unit_test(what_was_before_is_not_counted),
        cmocka_unit_test(room_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
