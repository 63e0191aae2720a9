/* Prices: which one counts, and that money is exact. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/num.h"
#include "checkrein/price.h"
#include "expect.h"

#define PAIRS_MAX 8

/* "model=m from=2026-01-01 source=s input=0.30": blanks part the pairs. */
static enum status try_add(struct price_table *t, const char *text, uint32_t *bad, struct why *why)
{
    struct price_pair pairs[PAIRS_MAX];
    uint32_t count = 0;
    struct span rest = span_str(text);
    struct span piece;
    while (span_next(&rest, ' ', &piece)) {
        size_t at = span_find(piece, '=');
        pairs[count++] =
            (struct price_pair){span_sub(piece, 0, at), span_sub(piece, at + 1, piece.n)};
    }
    return price_add(t, pairs, count, bad, why);
}

static void add(struct price_table *t, const char *text)
{
    struct why why = {{0}};
    if (try_add(t, text, NULL, &why) != ST_OK) {
        fail_msg("%s: %s", text, why.text);
    }
}

static int64_t at(const char *day)
{
    int64_t us = 0;
    assert_status(time_parse(span_str(day), &us), ST_OK);
    return us;
}

#define NOW "2026-06-01T12:00:00Z"

static enum status cost(const struct price_table *t, const char *model, const char *when,
                        const struct price_usage *u, int64_t *microusd)
{
    struct price_quote q = {0};
    enum status st = price_cost(t, span_str(model), at(when), u, &q);
    *microusd = q.microusd;
    return st;
}

/* Of one million input tokens: its price. */
static int64_t input_price(const struct price_table *t, const char *model, const char *when)
{
    struct price_usage u = {.tokens = {[PRICE_INPUT] = 1000000}};
    int64_t microusd = 0;
    enum status st = cost(t, model, when, &u, &microusd);
    if (st == ST_NOTFOUND) {
        return -1;
    }
    assert_status(st, ST_OK);
    return microusd;
}

static void the_newest_that_has_begun_counts(void **state)
{
    (void)state;
    struct price_table *t = price_table_new();
    add(t, "model=m from=2026-03-01 source=s input=2");
    add(t, "model=m from=2026-01-01 source=s input=1");
    add(t, "model=m from=2026-09-01 source=s input=3");
    assert_int_equal(input_price(t, "m", "2025-12-31T23:59:59Z"), -1);
    assert_int_equal(input_price(t, "m", "2026-01-01T00:00:00Z"), 1000000);
    assert_int_equal(input_price(t, "m", "2026-02-28T23:59:59Z"), 1000000);
    assert_int_equal(input_price(t, "m", "2026-03-01T00:00:00Z"), 2000000);
    assert_int_equal(input_price(t, "m", "2027-01-01T00:00:00Z"), 3000000);
    price_table_free(t);
}

static void the_most_exact_pattern_counts(void **state)
{
    (void)state;
    struct price_table *t = price_table_new();
    add(t, "model=* from=2026-05-01 source=s input=9");
    add(t, "model=gemini-* from=2026-01-01 source=s input=1");
    add(t, "model=gemini-2.5-flash* from=2026-01-01 source=s input=2");
    add(t, "model=gemini-2.5-flash from=2026-01-01 source=s input=3");
    add(t, "model=gemini-2.5-flash-lite from=2026-12-01 source=s input=4");
    assert_int_equal(input_price(t, "gemini-2.5-flash", NOW), 3000000);
    assert_int_equal(input_price(t, "gemini-2.5-flash-001", NOW), 2000000);
    assert_int_equal(input_price(t, "gemini-2.5-flash-lite", NOW),
                     2000000); /* its own has not begun */
    assert_int_equal(input_price(t, "gemini-2.5-pro", NOW), 1000000);
    assert_int_equal(input_price(t, "other", NOW), 9000000);
    assert_int_equal(input_price(t, "other", "2026-04-01T00:00:00Z"), -1);
    assert_int_equal(input_price(t, "", NOW), -1);
    price_table_free(t);
}

static void stars_match_any_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *model;
        bool match;
    } cases[] = {
        {"*",          "x",             true },
        {"a*b*c",      "abc",           true },
        {"a*b*c",      "a--b--b--c",    true },
        {"a*b*c",      "a--b--c--d",    false},
        {"*flash",     "gemini-flash",  true },
        {"*flash",     "gemini-flashy", false},
        {"models/*",   "models/a:b@c",  true },
        {"m",          "mm",            false},
        {"m**",        "m",             true },
        {"Claude*",    "claude-x",      false},
        {"*a*a*a*a*b", "aaaaaaaaaaaaa", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct price_table *t = price_table_new();
        char text[128];
        (void)snprintf(text, sizeof(text), "model=%s from=2026-01-01 source=s input=1",
                       cases[i].pattern);
        add(t, text);
        if ((input_price(t, cases[i].model, NOW) == 1000000) != cases[i].match) {
            fail_msg("%s and %s", cases[i].pattern, cases[i].model);
        }
        price_table_free(t);
    }
}

static void money_is_exact(void **state)
{
    (void)state;
    struct price_table *t = price_table_new();
    add(t, "model=m from=2026-01-01 source=s input=0.3 output=2.5 cache_read=0.03");
    int64_t microusd = 0;
    struct price_usage u = {
        .tokens = {[PRICE_INPUT] = 700,
                   [PRICE_OUTPUT] = 50,
                   [PRICE_CACHE_READ] = 300,
                   [PRICE_REASONING] = 7}
    };
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_OK);
    assert_int_equal(microusd, 362); /* 210 + 125 + 9 + 17.5 = 361.5: once, half up */
    u = (struct price_usage){.tokens = {[PRICE_INPUT] = 1}};
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_OK);
    assert_int_equal(microusd, 0); /* 0.3 */
    u.tokens[PRICE_INPUT] = 2;
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_OK);
    assert_int_equal(microusd, 1); /* 0.6 */
    u = (struct price_usage){.tokens = {[PRICE_INPUT] = 9007199254740991}};
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_OK);
    assert_int_equal(microusd, INT64_C(2702159776422297)); /* 2702159776422297.3 */
    price_table_free(t);
}

static void parts_are_summed_before_they_are_rounded(void **state)
{
    (void)state;
    struct price_table *t = price_table_new();
    add(t, "model=m from=2026-01-01 source=s input=0.3 output=0.3");
    int64_t microusd = 0;
    struct price_usage u = {
        .tokens = {[PRICE_INPUT] = 1, [PRICE_OUTPUT] = 1}
    };
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_OK);
    assert_int_equal(microusd, 1); /* 0.3 + 0.3; each alone would be 0 */
    price_table_free(t);
}

static void too_much_money_is_said(void **state)
{
    (void)state;
    struct price_table *t = price_table_new();
    add(t, "model=m from=2026-01-01 source=s input=1000000 output=1000000");
    int64_t microusd = 0;
    struct price_usage u = {.tokens = {[PRICE_INPUT] = INT64_MAX}};
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_LIMIT);
    u = (struct price_usage){
        .tokens = {[PRICE_INPUT] = 9000000000000, [PRICE_OUTPUT] = 9000000000000}
    };
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_LIMIT);
    price_table_free(t);
}

static void unknown_is_not_zero(void **state)
{
    (void)state;
    struct price_table *t = price_table_new();
    add(t, "model=m from=2026-01-01 source=s input=1 output=0");
    int64_t microusd = 7;
    struct price_usage u = {.tokens = {[PRICE_CACHE_READ] = 1}};
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_NOTFOUND);
    u = (struct price_usage){
        .tokens = {[PRICE_CACHE_WRITE] = 1, [PRICE_INPUT] = 5}
    };
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_NOTFOUND);
    u = (struct price_usage){
        .tokens = {[PRICE_OUTPUT] = 100, [PRICE_REASONING] = 100}
    };
    assert_status(cost(t, "m", NOW, &u, &microusd), ST_OK); /* free is a price */
    assert_int_equal(microusd, 0);
    assert_status(cost(t, "n", NOW, &u, &microusd), ST_NOTFOUND);
    price_table_free(t);
}

static void a_bad_price_is_refused_by_its_key(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t bad;
        const char *says;
    } cases[] = {
        {"from=2026-01-01 source=s input=1",                        3, "model"   },
        {"model=m source=s input=1",                                3, "from"    },
        {"model=m from=2026-01-01 input=1",                         3, "source"  },
        {"model=m from=2026-01-01 source=s",                        3, "price"   },
        {"model=m from=2026-13-01 source=s input=1",                1, "YYYY"    },
        {"model=m from=2026-1-1 source=s input=1",                  1, "YYYY"    },
        {"model=m from=20260101xx source=s input=1",                1, "YYYY"    },
        {"model=m from=2026-01-01 source=s input=-1",               3, "decimals"},
        {"model=m from=2026-01-01 source=s input=1e3",              3, "decimals"},
        {"model=m from=2026-01-01 source=s input=0.0000001",        3, "decimals"},
        {"model=m from=2026-01-01 source=s input=1.",               3, "decimals"},
        {"model=m from=2026-01-01 source=s input=1000000.000001",   3, "decimals"},
        {"model=m from=2026-01-01 source=s input=1 cached_input=1", 4, "keys are"},
        {"model=old from=2026-01-01 source=s input=1",              4, "above"   },
    };
    struct price_table *t = price_table_new();
    add(t, "model=old from=2026-01-01 source=s input=1");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct why why = {{0}};
        uint32_t bad = 99;
        if (try_add(t, cases[i].text, &bad, &why) == ST_OK || bad != cases[i].bad ||
            strstr(why.text, cases[i].says) == NULL) {
            fail_msg("%s: key %u: %s", cases[i].text, bad, why.text);
        }
    }
    assert_int_equal(price_count(t), 1);
    price_table_free(t);
}

/* A cache for an hour has a price of its own, or none. */
static void an_hours_cache_costs_what_it_costs(void **state)
{
    (void)state;
    struct price_table *t = price_table_new();
    struct price_usage u = {
        .tokens = {[PRICE_CACHE_WRITE] = 1000000, [PRICE_CACHE_WRITE_1H] = 1000000}
    };
    int64_t microusd = 0;
    add(t, "model=a from=2026-01-01 source=s input=3 cache_write=3.75");
    add(t, "model=b from=2026-01-01 source=s input=3 cache_write=3.75 cache_write_1h=6");
    assert_status(cost(t, "a", NOW, &u, &microusd), ST_NOTFOUND);
    assert_status(cost(t, "b", NOW, &u, &microusd), ST_OK);
    assert_int_equal(microusd, 9750000);
    price_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_that_has_begun_counts),
        cmocka_unit_test(the_most_exact_pattern_counts),
        cmocka_unit_test(stars_match_any_bytes),
        cmocka_unit_test(money_is_exact),
        cmocka_unit_test(parts_are_summed_before_they_are_rounded),
        cmocka_unit_test(too_much_money_is_said),
        cmocka_unit_test(unknown_is_not_zero),
        cmocka_unit_test(a_bad_price_is_refused_by_its_key),
        cmocka_unit_test(an_hours_cache_costs_what_it_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
