#include "num_cases.h"

#include <stdio.h>
#include <time.h>

#include "checkrein/num.h"
#include "prng.h"

static void refuses_bad_times(void **state)
{
    (void)state;
    static const struct num_case cases[] = {
        {"",                                 ST_INVALID, 0},
        {"2026",                             ST_INVALID, 0},
        {"2026-11-20",                       ST_INVALID, 0},
        {"2026-11-20T14:22:07",              ST_INVALID, 0},
        {"2026-11-20T14:22Z",                ST_INVALID, 0},
        {"2026-11-20 14:22:07Z",             ST_INVALID, 0},
        {"2026-11-20T14:22:07Z ",            ST_INVALID, 0},
        {" 2026-11-20T14:22:07Z",            ST_INVALID, 0},
        {"2026-11-20T14:22:07.Z",            ST_INVALID, 0},
        {"2026-11-20T14:22:07,5Z",           ST_INVALID, 0},
        {"2026-11-20T14:22:07.5",            ST_INVALID, 0},
        {"2026-11-20T14:22:07+0100",         ST_INVALID, 0},
        {"2026-11-20T14:22:07+01",           ST_INVALID, 0},
        {"2026-11-20T14:22:07+24:00",        ST_INVALID, 0},
        {"2026-11-20T14:22:07+01:60",        ST_INVALID, 0},
        {"2026-11-20T14:22:07ZZ",            ST_INVALID, 0},
        {"2026-1-20T14:22:07Z",              ST_INVALID, 0},
        {"02026-11-20T14:22:07Z",            ST_INVALID, 0},
        {"-026-11-20T14:22:07Z",             ST_INVALID, 0},
        {"0000-01-01T00:00:00Z",             ST_INVALID, 0},
        {"2026-00-20T14:22:07Z",             ST_INVALID, 0},
        {"2026-13-20T14:22:07Z",             ST_INVALID, 0},
        {"2026-11-00T14:22:07Z",             ST_INVALID, 0},
        {"2026-11-31T14:22:07Z",             ST_INVALID, 0},
        {"2026-02-29T14:22:07Z",             ST_INVALID, 0},
        {"2100-02-29T14:22:07Z",             ST_INVALID, 0},
        {"2026-11-20T24:00:00Z",             ST_INVALID, 0},
        {"2026-11-20T14:60:00Z",             ST_INVALID, 0},
        {"2026-11-20T14:22:61Z",             ST_INVALID, 0},
        {"2026-11-20T14:22:60Z",             ST_INVALID, 0},
        {"2016-12-31T23:59:60+01:00",        ST_INVALID, 0},
        {"1969-12-31T23:59:59Z",             ST_LIMIT,   0},
        {"1970-01-01T00:00:00+00:01",        ST_LIMIT,   0},
        {"1970-01-01T00:59:59.999999+01:00", ST_LIMIT,   0},
        {"9999-12-31T23:59:59-00:01",        ST_LIMIT,   0},
        {"0001-01-01T00:00:00Z",             ST_LIMIT,   0},
    };
    CHECK(time_parse, cases);
    int64_t value = UNTOUCHED;
    assert_status(time_parse(SPAN_NONE, &value), ST_INVALID);
    assert_status(time_parse(SPAN("2026-11-20T14:22:07\0"), &value), ST_INVALID);
    assert_status(time_parse(SPAN("2026-11-20T14:22:07.5\0"), &value), ST_INVALID);
    assert_status(time_parse(SPAN("2026\0"
                                  "11-20T14:22:07Z"),
                             &value),
                  ST_INVALID);
}

static void reads_times(void **state)
{
    (void)state;
    static const struct num_case cases[] = {
        {"1970-01-01T00:00:00Z",                     ST_OK, 0                          },
        {"1970-01-01T00:00:00.000001Z",              ST_OK, 1                          },
        {"1970-01-01T01:00:00+01:00",                ST_OK, 0                          },
        {"1969-12-31T23:00:00-01:00",                ST_OK, 0                          },
        {"2000-02-29T00:00:00Z",                     ST_OK, INT64_C(951782400000000)   },
        {"2026-11-20T14:22:07.123Z",                 ST_OK, INT64_C(1795184527123000)  },
        {"2026-11-20t14:22:07.123z",                 ST_OK, INT64_C(1795184527123000)  },
        {"2026-11-20T14:22:07.1234567899999999999Z", ST_OK, INT64_C(1795184527123456)  },
        {"2026-11-20T14:22:07.1Z",                   ST_OK, INT64_C(1795184527100000)  },
        {"2026-11-20T19:52:07+05:30",                ST_OK, INT64_C(1795184527000000)  },
        {"2026-11-20T14:22:07-00:00",                ST_OK, INT64_C(1795184527000000)  },
        {"2016-12-31T23:59:60Z",                     ST_OK, INT64_C(1483228800000000)  },
        {"2017-01-01T05:29:60.5+05:30",              ST_OK, INT64_C(1483228800500000)  },
        {"9999-12-31T23:59:59.999999Z",              ST_OK, INT64_C(253402300799999999)},
    };
    CHECK(time_parse, cases);
}

static void every_shorter_time_is_refused(void **state)
{
    (void)state;
    struct span whole = SPAN("2026-11-20T14:22:07.123+01:00");
    int64_t value;
    for (size_t n = 0; n < whole.n; n++) {
        assert_status(time_parse(span_sub(whole, 0, n), &value), ST_INVALID);
    }
    assert_status(time_parse(whole, &value), ST_OK);
}

static void assert_formats(int64_t wall_us, const char *want)
{
    char text[TIME_TEXT_BYTES];
    time_format(wall_us, text);
    assert_string_equal(text, want);
}

static void times_outside_show_as_the_nearest_inside(void **state)
{
    (void)state;
    assert_formats(-1, "1970-01-01T00:00:00.000Z");
    assert_formats(INT64_MIN, "1970-01-01T00:00:00.000Z");
    assert_formats(INT64_C(253402300800000000), "9999-12-31T23:59:59.999Z");
    assert_formats(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

static void formats_cut_to_milliseconds(void **state)
{
    (void)state;
    assert_formats(0, "1970-01-01T00:00:00.000Z");
    assert_formats(999, "1970-01-01T00:00:00.000Z");
    assert_formats(INT64_C(1795184527123999), "2026-11-20T14:22:07.123Z");
}

/* libc, which the program itself does not ask, is the other opinion here. */
static void assert_agrees_with_libc(int64_t wall_us)
{
    char ours[TIME_TEXT_BYTES];
    char theirs[64];
    struct tm tm;
    int64_t back;
    time_t seconds = (time_t)(wall_us / 1000000);
    assert_non_null(gmtime_r(&seconds, &tm));
    assert_true(strftime(theirs, 21, "%Y-%m-%dT%H:%M:%S", &tm) > 0);
    (void)snprintf(theirs + 19, 8, ".%03dZ", (int)(wall_us / 1000 % 1000));
    time_format(wall_us, ours);
    assert_string_equal(ours, theirs);
    assert_status(time_parse(span_str(ours), &back), ST_OK);
    assert_true(back == wall_us / 1000 * 1000);
}

static void agrees_with_libc_on_every_day(void **state)
{
    (void)state;
    const int64_t day_us = INT64_C(86400000000);
    for (int64_t day = 0; day <= 2932896; day++) { /* to the end of the year 9999 */
        assert_agrees_with_libc(day * day_us + (day % 2 == 0 ? 0 : day_us - 1));
    }
}

static void agrees_with_libc_at_random(void **state)
{
    (void)state;
    struct prng r = {7};
    for (int round = 0; round < 100000; round++) {
        assert_agrees_with_libc((int64_t)prng_below(&r, UINT64_C(253402300800000000)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_times),
        cmocka_unit_test(reads_times),
        cmocka_unit_test(every_shorter_time_is_refused),
        cmocka_unit_test(times_outside_show_as_the_nearest_inside),
        cmocka_unit_test(formats_cut_to_milliseconds),
        cmocka_unit_test(agrees_with_libc_on_every_day),
        cmocka_unit_test(agrees_with_libc_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
