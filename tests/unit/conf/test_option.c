/* One option's text to its value, kind by kind. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "option_priv.h"

static const struct option_info any_int = {"s", "n", "0", "help", OPTION_INT, 0, 0};
static const struct option_info port = {"s", "n", "0", "help", OPTION_INT, 10, 65535};
static const struct option_info signed_int = {"s", "n", "0", "help", OPTION_INT, -5, 5};
static const struct option_info span_ms = {"s", "n", "1s", "help", OPTION_DURATION, 100, 60000};
static const struct option_info any_ms = {"s", "n", "1s", "help", OPTION_DURATION, 0, 0};
static const struct option_info flag = {"s", "n", "no", "help", OPTION_BOOL, 0, 0};
static const struct option_info money = {"s", "n", "0", "help", OPTION_MONEY, 0, 0};
static const struct option_info purse = {"s", "n", "1", "help", OPTION_MONEY, 1, 5000000};
static const struct option_info choice = {"s", "n", "a", "a|bc|16", OPTION_CHOICE, 0, 0};

struct row {
    const struct option_info *option;
    const char *text;
    int64_t value;
    const char *again; /* as option_write() has it */
};

static void reads_and_writes_numbers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&any_int,    "0",                    0,         "0"                   },
        {&any_int,    "9223372036854775807",  INT64_MAX, "9223372036854775807" },
        {&port,       "10",                   10,        "10"                  },
        {&port,       "65535",                65535,     "65535"               },
        {&signed_int, "-5",                   -5,        "-5"                  },
        {&span_ms,    "100ms",                100,       "100ms"               },
        {&span_ms,    "60s",                  60000,     "1m"                  },
        {&any_ms,     "0s",                   0,         "0ms"                 },
        {&any_ms,     "90s",                  90000,     "90s"                 },
        {&any_ms,     "48h",                  172800000, "2d"                  },
        {&any_ms,     "60001ms",              60001,     "60001ms"             },
        {&flag,       "yes",                  1,         "yes"                 },
        {&flag,       "true",                 1,         "yes"                 },
        {&flag,       "on",                   1,         "yes"                 },
        {&flag,       "no",                   0,         "no"                  },
        {&flag,       "false",                0,         "no"                  },
        {&flag,       "off",                  0,         "no"                  },
        {&money,      "5.00",                 5000000,   "5"                   },
        {&money,      "0",                    0,         "0"                   },
        {&money,      "0.000001",             1,         "0.000001"            },
        {&money,      "100.50",               100500000, "100.5"               },
        {&money,      "9223372036854.775807", INT64_MAX, "9223372036854.775807"},
        {&purse,      "5",                    5000000,   "5"                   },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = -99;
        struct why why = {0};
        enum status st = option_read(rows[i].option, span_str(rows[i].text), &value, &why);
        assert_string_equal(why.text, "");
        assert_int_equal(st, ST_OK);
        assert_int_equal(value, rows[i].value);
        struct buf out;
        buf_init(&out, 100);
        option_write(rows[i].option, &value, &out);
        assert_string_equal(out.data, rows[i].again);
        assert_int_equal(option_read(rows[i].option, buf_span(&out), &value, NULL), ST_OK);
        assert_int_equal(value, rows[i].value);
        buf_release(&out);
    }
}

#define INT_WORDS   "must be a whole number"
#define MS_WORDS    "must be a time with its unit, as in 250ms 30s 5m 8h 7d"
#define BOOL_WORDS  "must be yes or no"
#define MONEY_WORDS "must be USD with at most six decimals, as in 5.00"

static void refuses_other_numbers(void **state)
{
    (void)state;
    static const struct {
        const struct option_info *option;
        const char *text, *reason;
    } rows[] = {
        {&port,       "",                     INT_WORDS                            },
        {&port,       "010",                  INT_WORDS                            },
        {&port,       "0x10",                 INT_WORDS                            },
        {&port,       "+10",                  INT_WORDS                            },
        {&port,       "10.0",                 INT_WORDS                            },
        {&port,       "1e3",                  INT_WORDS                            },
        {&port,       " 10",                  INT_WORDS                            },
        {&port,       "10 ",                  INT_WORDS                            },
        {&port,       "many",                 INT_WORDS                            },
        {&port,       "9",                    "must be from 10 to 65535"           },
        {&port,       "65536",                "must be from 10 to 65535"           },
        {&port,       "-10",                  "must be from 10 to 65535"           },
        {&port,       "99999999999999999999", "must be from 10 to 65535"           },
        {&signed_int, "-6",                   "must be from -5 to 5"               },
        {&any_int,    "9223372036854775808",  "is too big"                         },
        {&span_ms,    "30",                   MS_WORDS                             },
        {&span_ms,    "s",                    MS_WORDS                             },
        {&span_ms,    "1.5s",                 MS_WORDS                             },
        {&span_ms,    "-1s",                  MS_WORDS                             },
        {&span_ms,    "1 s",                  MS_WORDS                             },
        {&span_ms,    "1w",                   MS_WORDS                             },
        {&span_ms,    "99ms",                 "must be from 100 to 60000 ms"       },
        {&span_ms,    "61s",                  "must be from 100 to 60000 ms"       },
        {&any_ms,     "9223372036854775807d", "is too big"                         },
        {&flag,       "yikes",                BOOL_WORDS                           },
        {&flag,       "Yes",                  BOOL_WORDS                           },
        {&flag,       "y",                    BOOL_WORDS                           },
        {&flag,       "1",                    BOOL_WORDS                           },
        {&flag,       "0",                    BOOL_WORDS                           },
        {&money,      "-5",                   MONEY_WORDS                          },
        {&money,      "$5",                   MONEY_WORDS                          },
        {&money,      "5,00",                 MONEY_WORDS                          },
        {&money,      "5.",                   MONEY_WORDS                          },
        {&money,      ".5",                   MONEY_WORDS                          },
        {&money,      "1.2.3",                MONEY_WORDS                          },
        {&money,      "5e2",                  MONEY_WORDS                          },
        {&money,      "05",                   MONEY_WORDS                          },
        {&money,      "0.0000001",            MONEY_WORDS                          },
        {&money,      "9223372036854.775808", "is too big"                         },
        {&purse,      "0",                    "must be from 1 to 5000000 micro-USD"},
        {&purse,      "5.000001",             "must be from 1 to 5000000 micro-USD"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = -99;
        struct why why = {0};
        enum status st = option_read(rows[i].option, span_str(rows[i].text), &value, &why);
        assert_string_equal(why.text, rows[i].reason);
        assert_int_equal(st, ST_INVALID);
        assert_int_equal(value, -99);
    }
}

static void a_choice_is_one_of_the_words(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "b", "a|bc", "|", "A", "bcd", " a"};
    char *text = NULL;
    assert_int_equal(option_read(&choice, SPAN("bc"), &text, NULL), ST_OK);
    assert_string_equal(text, "bc");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct why why = {0};
        assert_int_equal(option_read(&choice, span_str(bad[i]), &text, &why), ST_INVALID);
        assert_string_equal(why.text, "must be one of a|bc|16");
        assert_string_equal(text, "bc");
    }
    free(text);
}

static void every_row_takes_its_own_default(void **state)
{
    (void)state;
    struct conf c;
    conf_defaults(&c);
    const struct option_info *options = conf_options();
    size_t count = 0;
    for (; options[count].name != NULL; count++) {
        struct buf out;
        buf_init(&out, 1000);
        option_write(&options[count], option_value(&c, count), &out);
        assert_string_equal(out.data, options[count].fallback);
        assert_true(options[count].min <= options[count].max);
        assert_true(strlen(options[count].help) > 0);
        buf_release(&out);
    }
    assert_in_range(count, 19, 1000);
    conf_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_numbers),
        cmocka_unit_test(refuses_other_numbers),
        cmocka_unit_test(a_choice_is_one_of_the_words),
        cmocka_unit_test(every_row_takes_its_own_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
