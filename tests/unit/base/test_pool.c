#include "expect.h"

#include <stdio.h>
#include <string.h>

#include "checkrein/pool.h"
#include "prng.h"

static void zero_is_the_empty_string(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    assert_int_equal(pool_hold(p, SPAN("")), 0);
    assert_int_equal(pool_hold(p, SPAN_NONE), 0);
    assert_int_equal(pool_find(p, SPAN("")), 0);
    assert_string_equal(pool_str(p, 0), "");
    assert_span_is(pool_span(p, 0), "");
    for (int i = 0; i < 10; i++) {
        pool_drop(p, 0);
    }
    assert_string_equal(pool_str(p, 0), "");
    pool_free(p);
    pool_free(NULL);
}

static void equal_strings_share_an_id(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    char other_memory[] = "/srv/app";
    uint32_t a = pool_hold(p, SPAN("/srv/app"));
    uint32_t b = pool_hold(p, span_str(other_memory));
    uint32_t c = pool_hold(p, SPAN("/srv/ap"));
    assert_true(a != 0);
    assert_int_equal(a, b);
    assert_true(c != 0);
    assert_true(a != c);
    other_memory[0] = 'x';
    assert_string_equal(pool_str(p, a), "/srv/app");
    assert_span_is(pool_span(p, c), "/srv/ap");
    pool_free(p);
}

static void strings_are_bytes(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    uint32_t a = pool_hold(p, SPAN("a\0b"));
    uint32_t b = pool_hold(p, SPAN("a\0c"));
    uint32_t c = pool_hold(p, SPAN("\0"));
    assert_true(a != b);
    assert_true(c != 0);
    assert_span_eq(pool_span(p, a), SPAN("a\0b"));
    assert_span_eq(pool_span(p, b), SPAN("a\0c"));
    assert_int_equal(pool_str(p, a)[3], '\0');
    pool_free(p);
}

static void lives_until_the_last_drop(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    uint32_t id = pool_hold(p, SPAN("held"));
    assert_int_equal(pool_hold(p, SPAN("held")), id);
    pool_drop(p, id);
    assert_string_equal(pool_str(p, id), "held");
    assert_int_equal(pool_find(p, SPAN("held")), id);
    pool_drop(p, id);
    assert_int_equal(pool_find(p, SPAN("held")), 0);
    pool_free(p);
}

static void find_holds_nothing(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    assert_int_equal(pool_find(p, SPAN("seen")), 0);
    uint32_t id = pool_hold(p, SPAN("seen"));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pool_find(p, SPAN("seen")), id);
    }
    pool_drop(p, id);
    assert_int_equal(pool_find(p, SPAN("seen")), 0);
    pool_free(p);
}

static bool is_one_of(const uint32_t *ids, uint32_t id)
{
    for (unsigned i = 0; i < 50; i += 2) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

static void free_ids_are_given_out_again(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    char text[32];
    uint32_t ids[50];
    for (unsigned i = 0; i < 50; i++) {
        (void)snprintf(text, sizeof(text), "first %02u", i);
        ids[i] = pool_hold(p, span_str(text));
    }
    for (unsigned i = 0; i < 50; i += 2) {
        pool_drop(p, ids[i]);
    }
    for (unsigned i = 0; i < 25; i++) {
        (void)snprintf(text, sizeof(text), "other %02u", i);
        assert_true(is_one_of(ids, pool_hold(p, span_str(text))));
    }
    for (unsigned i = 1; i < 50; i += 2) {
        (void)snprintf(text, sizeof(text), "first %02u", i);
        assert_string_equal(pool_str(p, ids[i]), text);
    }
    pool_free(p);
}

static void the_text_stays_where_it_is(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    char text[32];
    uint32_t id = pool_hold(p, SPAN("anchor"));
    const char *where = pool_str(p, id);
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(text, sizeof(text), "%u", i);
        (void)pool_hold(p, span_str(text));
    }
    assert_ptr_equal(pool_str(p, id), where);
    assert_string_equal(where, "anchor");
    pool_free(p);
}

static void set_replaces(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    uint32_t slot = 0;
    pool_set(p, &slot, SPAN("one"));
    assert_string_equal(pool_str(p, slot), "one");
    pool_set(p, &slot, SPAN("two"));
    assert_string_equal(pool_str(p, slot), "two");
    assert_int_equal(pool_find(p, SPAN("one")), 0);
    pool_set(p, &slot, SPAN(""));
    assert_int_equal(slot, 0);
    assert_int_equal(pool_find(p, SPAN("two")), 0);
    pool_free(p);
}

static void set_takes_a_piece_of_its_own_old_text(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    uint32_t slot = pool_hold(p, SPAN("/home/rider/app"));
    pool_set(p, &slot, span_sub(pool_span(p, slot), 6, 5));
    assert_string_equal(pool_str(p, slot), "rider");
    uint32_t before = slot;
    pool_set(p, &slot, pool_span(p, slot));
    assert_int_equal(slot, before);
    assert_string_equal(pool_str(p, slot), "rider");
    pool_drop(p, slot);
    assert_int_equal(pool_find(p, SPAN("rider")), 0);
    pool_free(p);
}

static void a_flood_that_went_away_costs_nothing_more(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    char text[64];
    size_t bytes_after_first = 0;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 1000; i++) {
            (void)snprintf(text, sizeof(text), "round %u item %u", round, i);
            (void)pool_hold(p, span_str(text));
        }
        assert_true(pool_bytes(p) > 1000 * sizeof("round 0 item 0"));
        for (unsigned i = 0; i < 1000; i++) {
            (void)snprintf(text, sizeof(text), "round %u item %u", round, i);
            pool_drop(p, pool_find(p, span_str(text)));
        }
        bytes_after_first = round == 0 ? pool_bytes(p) : bytes_after_first;
        assert_int_equal(pool_bytes(p), bytes_after_first);
    }
    pool_free(p);
}

struct misuse {
    struct pool *p;
    uint32_t id;
};

static void drop_it(void *ctx)
{
    const struct misuse *m = ctx;
    pool_drop(m->p, m->id);
}

static void read_it(void *ctx)
{
    const struct misuse *m = ctx;
    (void)pool_str(m->p, m->id);
}

static void span_it(void *ctx)
{
    const struct misuse *m = ctx;
    (void)pool_span(m->p, m->id);
}

static void an_id_that_nobody_holds_aborts(void **state)
{
    (void)state;
    struct pool *p = pool_new();
    uint32_t gone = pool_hold(p, SPAN("gone"));
    pool_drop(p, gone);
    struct misuse cases[] = {
        {p, gone      },
        {p, gone + 1  },
        {p, UINT32_MAX}
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_aborts(drop_it, &cases[i]);
        assert_aborts(read_it, &cases[i]);
        assert_aborts(span_it, &cases[i]);
    }
    pool_free(p);
}

#define MODEL_STRINGS 64

static void counts_agree_with_an_array(void **state)
{
    (void)state;
    struct prng r = {5};
    struct pool *p = pool_new();
    unsigned holds[MODEL_STRINGS] = {0};
    uint32_t ids[MODEL_STRINGS] = {0};
    for (int step = 0; step < 100000; step++) {
        char text[32];
        unsigned i = (unsigned)prng_below(&r, MODEL_STRINGS);
        (void)snprintf(text, sizeof(text), "string %u", i);
        assert_int_equal(pool_find(p, span_str(text)), holds[i] > 0 ? ids[i] : 0);
        if (prng_below(&r, 2) == 0) {
            uint32_t id = pool_hold(p, span_str(text));
            assert_true(holds[i] == 0 || id == ids[i]);
            ids[i] = id;
            holds[i]++;
        } else if (holds[i] > 0) {
            assert_string_equal(pool_str(p, ids[i]), text);
            pool_drop(p, ids[i]);
            holds[i]--;
        }
    }
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_is_the_empty_string),
        cmocka_unit_test(equal_strings_share_an_id),
        cmocka_unit_test(strings_are_bytes),
        cmocka_unit_test(lives_until_the_last_drop),
        cmocka_unit_test(find_holds_nothing),
        cmocka_unit_test(free_ids_are_given_out_again),
        cmocka_unit_test(the_text_stays_where_it_is),
        cmocka_unit_test(set_replaces),
        cmocka_unit_test(set_takes_a_piece_of_its_own_old_text),
        cmocka_unit_test(a_flood_that_went_away_costs_nothing_more),
        cmocka_unit_test(an_id_that_nobody_holds_aborts),
        cmocka_unit_test(counts_agree_with_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
