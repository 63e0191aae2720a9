#include "expect.h"

#include <time.h>

#include "checkrein/clock.h"

static int64_t system_us(clockid_t id)
{
    struct timespec ts;
    assert_int_equal(clock_gettime(id, &ts), 0);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t last = clock_mono_us();
    for (int i = 0; i < 100000; i++) {
        int64_t now = clock_mono_us();
        assert_true(now >= last);
        last = now;
    }
}

static void the_monotonic_clock_is_in_microseconds(void **state)
{
    (void)state;
    int64_t before = system_us(CLOCK_MONOTONIC);
    int64_t ours = clock_mono_us();
    int64_t after = system_us(CLOCK_MONOTONIC);
    assert_true(before <= ours && ours <= after);
}

static void the_wall_clock_counts_from_1970(void **state)
{
    (void)state;
    int64_t before = system_us(CLOCK_REALTIME);
    int64_t ours = clock_wall_us();
    int64_t after = system_us(CLOCK_REALTIME);
    assert_true(before <= ours && ours <= after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_monotonic_clock_is_in_microseconds),
        cmocka_unit_test(the_wall_clock_counts_from_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
