#include "num_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/num.h"
#include "prng.h"

static enum status parse_any(struct span s, int64_t *out)
{
    return num_parse(s, INT64_MIN, INT64_MAX, out);
}

static void refuses_what_is_no_plain_number(void **state)
{
    (void)state;
    static const struct num_case cases[] = {
        {"",                         ST_INVALID, 0},
        {"-",                        ST_INVALID, 0},
        {"+1",                       ST_INVALID, 0},
        {" 1",                       ST_INVALID, 0},
        {"1 ",                       ST_INVALID, 0},
        {"01",                       ST_INVALID, 0},
        {"-0",                       ST_INVALID, 0},
        {"-01",                      ST_INVALID, 0},
        {"00",                       ST_INVALID, 0},
        {"1.0",                      ST_INVALID, 0},
        {"0x10",                     ST_INVALID, 0},
        {"1e3",                      ST_INVALID, 0},
        {"1_0",                      ST_INVALID, 0},
        {"--1",                      ST_INVALID, 0},
        {"1-",                       ST_INVALID, 0},
        {"\n1",                      ST_INVALID, 0},
        {"\xD9\xA1",                 ST_INVALID, 0},
        {"99999999999999999999999x", ST_INVALID, 0},
    };
    CHECK(parse_any, cases);
    int64_t value = UNTOUCHED;
    assert_status(parse_any(SPAN_NONE, &value), ST_INVALID);
    assert_status(parse_any(SPAN("1\0"), &value), ST_INVALID);
    assert_int_equal(value, UNTOUCHED);
}

static void reads_plain_numbers(void **state)
{
    (void)state;
    static const struct num_case cases[] = {
        {"0",                                                   ST_OK,    0         },
        {"7",                                                   ST_OK,    7         },
        {"-1",                                                  ST_OK,    -1        },
        {"1234567890",                                          ST_OK,    1234567890},
        {"9223372036854775807",                                 ST_OK,    INT64_MAX },
        {"-9223372036854775808",                                ST_OK,    INT64_MIN },
        {"9223372036854775808",                                 ST_LIMIT, 0         },
        {"-9223372036854775809",                                ST_LIMIT, 0         },
        {"18446744073709551615",                                ST_LIMIT, 0         },
        {"18446744073709551616",                                ST_LIMIT, 0         },
        {"18446744073709551617",                                ST_LIMIT, 0         },
        {"18446744073709551620",                                ST_LIMIT, 0         },
        {"-18446744073709551617",                               ST_LIMIT, 0         },
        {"100000000000000000000000000000000000000000000000000", ST_LIMIT, 0         },
    };
    CHECK(parse_any, cases);
}

static void bounds_are_inside(void **state)
{
    (void)state;
    int64_t value = UNTOUCHED;
    assert_status(num_parse(SPAN("9"), 10, 20, &value), ST_LIMIT);
    assert_status(num_parse(SPAN("21"), 10, 20, &value), ST_LIMIT);
    assert_int_equal(value, UNTOUCHED);
    assert_status(num_parse(SPAN("10"), 10, 20, &value), ST_OK);
    assert_int_equal(value, 10);
    assert_status(num_parse(SPAN("20"), 10, 20, &value), ST_OK);
    assert_int_equal(value, 20);
    assert_status(num_parse(SPAN("-20"), -20, -20, &value), ST_OK);
    assert_int_equal(value, -20);
}

static void reads_json_integers(void **state)
{
    (void)state;
    static const struct num_case cases[] = {
        {"",                                         ST_INVALID, 0        },
        {"-",                                        ST_INVALID, 0        },
        {"+5",                                       ST_INVALID, 0        },
        {"05",                                       ST_INVALID, 0        },
        {"-05",                                      ST_INVALID, 0        },
        {".5",                                       ST_INVALID, 0        },
        {"5.",                                       ST_INVALID, 0        },
        {"5.e1",                                     ST_INVALID, 0        },
        {"5e",                                       ST_INVALID, 0        },
        {"5e+",                                      ST_INVALID, 0        },
        {"5e1.0",                                    ST_INVALID, 0        },
        {"5 ",                                       ST_INVALID, 0        },
        {"NaN",                                      ST_INVALID, 0        },
        {"Infinity",                                 ST_INVALID, 0        },
        {"0x5",                                      ST_INVALID, 0        },
        {"5.5",                                      ST_INVALID, 0        },
        {"5e-1",                                     ST_INVALID, 0        },
        {"0.1",                                      ST_INVALID, 0        },
        {"1e-1000000000000000000000000",             ST_INVALID, 0        },
        {"0",                                        ST_OK,      0        },
        {"-0",                                       ST_OK,      0        },
        {"0.000",                                    ST_OK,      0        },
        {"0e999999999999999999999999",               ST_OK,      0        },
        {"5",                                        ST_OK,      5        },
        {"-5",                                       ST_OK,      -5       },
        {"5.0",                                      ST_OK,      5        },
        {"5.00000000000000000000000000000000000000", ST_OK,      5        },
        {"5e2",                                      ST_OK,      500      },
        {"5E+2",                                     ST_OK,      500      },
        {"500e-2",                                   ST_OK,      5        },
        {"1.25e2",                                   ST_OK,      125      },
        {"0.0000000000000000000000000000005e31",     ST_OK,      5        },
        {"50000000000000000000000000000000e-31",     ST_OK,      5        },
        {"9223372036854775807",                      ST_OK,      INT64_MAX},
        {"9223372036854775.807e3",                   ST_OK,      INT64_MAX},
        {"-9223372036854775808",                     ST_OK,      INT64_MIN},
        {"-922337203685477580800e-2",                ST_OK,      INT64_MIN},
        {"9223372036854775808",                      ST_LIMIT,   0        },
        {"-9223372036854775809",                     ST_LIMIT,   0        },
        {"9999999999999999999",                      ST_LIMIT,   0        },
        {"10000000000000000000",                     ST_LIMIT,   0        },
        {"1e19",                                     ST_LIMIT,   0        },
        {"18446744073709551617",                     ST_LIMIT,   0        },
        {"1e400",                                    ST_LIMIT,   0        },
        {"1e1000000000000000000000000",              ST_LIMIT,   0        },
    };
    CHECK(num_parse_json_int, cases);
}

static void reads_amounts(void **state)
{
    (void)state;
    static const struct num_case cases[] = {
        {"",                                ST_INVALID, 0        },
        {"$1",                              ST_INVALID, 0        },
        {"1,5",                             ST_INVALID, 0        },
        {".5",                              ST_INVALID, 0        },
        {"1.5 ",                            ST_INVALID, 0        },
        {"1e",                              ST_INVALID, 0        },
        {"0",                               ST_OK,      0        },
        {"0.0066",                          ST_OK,      6600     },
        {"0.1",                             ST_OK,      100000   },
        {"0.10000000000000001",             ST_OK,      100000   },
        {"0.30000000000000004",             ST_OK,      300000   },
        {"12",                              ST_OK,      12000000 },
        {"-3.25",                           ST_OK,      -3250000 },
        {"6.6e-05",                         ST_OK,      66       },
        {"1.2E+1",                          ST_OK,      12000000 },
        {"0.000001",                        ST_OK,      1        },
        {"0.0000005",                       ST_OK,      1        },
        {"0.00000049999999999999999999999", ST_OK,      0        },
        {"0.0000014999999",                 ST_OK,      1        },
        {"0.0000015",                       ST_OK,      2        },
        {"-0.0000005",                      ST_OK,      -1       },
        {"-0.0000004",                      ST_OK,      0        },
        {"0.9999995",                       ST_OK,      1000000  },
        {"0.00000005",                      ST_OK,      0        },
        {"0.00000009",                      ST_OK,      0        },
        {"9e-7",                            ST_OK,      1        },
        {"9e-8",                            ST_OK,      0        },
        {"9e-99999999999999999999",         ST_OK,      0        },
        {"9223372036854.775807",            ST_OK,      INT64_MAX},
        {"9223372036854.7758074",           ST_OK,      INT64_MAX},
        {"9223372036854.7758075",           ST_LIMIT,   0        },
        {"-9223372036854.7758075",          ST_OK,      INT64_MIN},
        {"-9223372036854.7758085",          ST_LIMIT,   0        },
        {"9999999999999.9999995",           ST_LIMIT,   0        },
        {"10000000000000",                  ST_LIMIT,   0        },
        {"1e300",                           ST_LIMIT,   0        },
        {"18446744073709.551617",           ST_LIMIT,   0        },
    };
    CHECK(num_parse_micro, cases);
}

/* The same amount as digits with the point at any place and the exponent that makes up for it. */
static void print_shifted(char *out, size_t out_bytes, int64_t micro, int point)
{
    char digits[64];
    uint64_t magnitude = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    (void)snprintf(digits, sizeof(digits), "%030" PRIu64, magnitude);
    struct span all = span_str(digits);
    struct span front = span_sub(all, 0, (size_t)point);
    while (front.n > 1 && front.p[0] == '0') {
        front = span_sub(front, 1, SIZE_MAX);
    }
    struct span back = span_sub(all, (size_t)point, SIZE_MAX);
    (void)snprintf(out, out_bytes, "%s%.*s.%.*se%d", micro < 0 ? "-" : "", SPAN_ARG(front),
                   SPAN_ARG(back), 24 - point);
}

static void an_amount_is_the_same_in_every_spelling(void **state)
{
    (void)state;
    struct prng r = {6};
    for (int round = 0; round < 20000; round++) {
        char text[128];
        int64_t value;
        int64_t micro = (int64_t)(prng_next(&r) >> prng_below(&r, 60) >> 1);
        micro = prng_below(&r, 2) == 0 ? micro : -micro;
        int point = 1 + (int)prng_below(&r, 29);
        print_shifted(text, sizeof(text), micro, point);
        assert_status(num_parse_micro(span_str(text), &value), ST_OK);
        assert_true(value == micro);
    }
}

static void a_flood_of_digits_is_read_in_one_pass(void **state)
{
    (void)state;
    size_t n = 1000000;
    int64_t value = UNTOUCHED;
    char *flood = xmalloc(n + 16);
    memset(flood, '0', n);
    memcpy(flood, "0.", 2);
    (void)snprintf(flood + n, 16, "7e%zu", n - 1);
    assert_status(num_parse_json_int(span_str(flood), &value), ST_OK);
    assert_int_equal(value, 7);
    memset(flood, '9', n);
    flood[n] = '\0';
    assert_status(num_parse_json_int(span_str(flood), &value), ST_LIMIT);
    assert_status(num_parse_micro(span_str(flood), &value), ST_LIMIT);
    assert_status(parse_any(span_str(flood), &value), ST_LIMIT);
    free(flood);
}

static void reads_durations(void **state)
{
    (void)state;
    static const struct num_case cases[] = {
        {"",                            ST_INVALID, 0                           },
        {"5",                           ST_INVALID, 0                           },
        {"s",                           ST_INVALID, 0                           },
        {"ms",                          ST_INVALID, 0                           },
        {"5 s",                         ST_INVALID, 0                           },
        {"5S",                          ST_INVALID, 0                           },
        {"5min",                        ST_INVALID, 0                           },
        {"1h30m",                       ST_INVALID, 0                           },
        {"1.5h",                        ST_INVALID, 0                           },
        {"05s",                         ST_INVALID, 0                           },
        {"+5s",                         ST_INVALID, 0                           },
        {"5us",                         ST_INVALID, 0                           },
        {"5s ",                         ST_INVALID, 0                           },
        {"-5s",                         ST_LIMIT,   0                           },
        {"0s",                          ST_OK,      0                           },
        {"250ms",                       ST_OK,      250                         },
        {"30s",                         ST_OK,      30000                       },
        {"5m",                          ST_OK,      300000                      },
        {"8h",                          ST_OK,      28800000                    },
        {"7d",                          ST_OK,      604800000                   },
        {"106751991167d",               ST_OK,      INT64_C(9223372036828800000)},
        {"106751991168d",               ST_LIMIT,   0                           },
        {"9223372036854775807ms",       ST_OK,      INT64_MAX                   },
        {"9223372036854775808ms",       ST_LIMIT,   0                           },
        {"99999999999999999999999999h", ST_LIMIT,   0                           },
    };
    CHECK(num_parse_duration_ms, cases);
}

static void hex_there_and_back(void **state)
{
    (void)state;
    unsigned char all[256];
    unsigned char back[256];
    char text[HEX_BYTES(256)];
    for (size_t i = 0; i < sizeof(all); i++) {
        all[i] = (unsigned char)i;
    }
    hex_encode(all, sizeof(all), text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102", 6);
    assert_string_equal(text + 506, "fdfeff");
    assert_status(hex_decode(span_str(text), back, sizeof(back)), ST_OK);
    assert_memory_equal(all, back, sizeof(all));
    hex_encode(NULL, 0, text);
    assert_string_equal(text, "");
    assert_status(hex_decode(SPAN_NONE, NULL, 0), ST_OK);
}

static void hex_refuses_what_does_not_fit(void **state)
{
    (void)state;
    unsigned char out[3] = {1, 2, 3};
    static const char *const bad[] = {"",        "a",        "aabb",   "aabbc",
                                      "aabbccd", "aabbccdd", "aabbcg", " abbcc",
                                      "aabbc ",  "0xabbc",   "aabb:c", "aab\377cc"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_status(hex_decode(span_str(bad[i]), out, sizeof(out)), ST_INVALID);
    }
    for (int c = 0; c < 256; c++) {
        char text[2] = {'0', (char)c};
        enum status want = c != 0 && strchr("0123456789abcdefABCDEF", c) ? ST_OK : ST_INVALID;
        assert_status(hex_decode((struct span){text, 2}, out, 1), want);
    }
    assert_status(hex_decode(SPAN("aAbBcC"), out, sizeof(out)), ST_OK);
    assert_memory_equal(out, "\xaa\xbb\xcc", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_plain_number),
        cmocka_unit_test(reads_plain_numbers),
        cmocka_unit_test(bounds_are_inside),
        cmocka_unit_test(reads_json_integers),
        cmocka_unit_test(reads_amounts),
        cmocka_unit_test(an_amount_is_the_same_in_every_spelling),
        cmocka_unit_test(a_flood_of_digits_is_read_in_one_pass),
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(hex_there_and_back),
        cmocka_unit_test(hex_refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
