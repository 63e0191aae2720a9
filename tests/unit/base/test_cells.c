#include "expect.h"

#include <string.h>

#include "cells_priv.h"
#include "prng.h"

static void a_thing_stays_where_it_is(void **state)
{
    (void)state;
    struct cells c;
    cells_init(&c);
    uint32_t first = cells_take(&c, 20);
    assert_true(first != 0);
    char *where = cells_at(&c, first);
    (void)memset(where, 'x', 20);
    for (int i = 0; i < 10000; i++) {
        assert_true(cells_take(&c, 20) != first);
    }
    assert_ptr_equal(cells_at(&c, first), where);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(where[i], 'x');
    }
    cells_release(&c);
}

static void what_was_given_back_is_used_again(void **state)
{
    (void)state;
    struct cells c;
    cells_init(&c);
    uint32_t kept = cells_take(&c, 24);
    uint32_t number = cells_take(&c, 24);
    cells_give(&c, number);
    assert_int_equal(*(uint32_t *)cells_at(&c, number),
                     0);                          /* that is how it is told from one in use */
    assert_int_equal(cells_take(&c, 21), number); /* 21 bytes are 24 as well */
    assert_true(cells_take(&c, 25) != kept);
    cells_release(&c);
}

static void a_number_that_names_no_cell_has_no_memory(void **state)
{
    (void)state;
    struct cells c;
    cells_init(&c);
    assert_null(cells_at(&c, 0));
    uint32_t number = cells_take(&c, 24);
    uint32_t large = cells_take(&c, CELL_BYTES_MAX + 1);
    assert_null(cells_at(&c, number + 1)); /* inside the cell */
    assert_null(cells_at(&c, number + 3)); /* one that was never given out */
    assert_null(cells_at(&c, large + 1));
    assert_null(cells_at(&c, UINT32_MAX));
    cells_give(&c, large);
    assert_null(cells_at(&c, large));
    cells_release(&c);
}

static void pages_without_cells_are_freed_but_for_one(void **state)
{
    (void)state;
    enum { THINGS = 5000 };
    static uint32_t numbers[THINGS];
    struct cells c;
    cells_init(&c);
    uint32_t one = cells_take(&c, 40);
    size_t least = cells_bytes(&c);
    for (int i = 0; i < THINGS; i++) {
        numbers[i] = cells_take(&c, 40);
    }
    assert_true(cells_bytes(&c) >= THINGS * (size_t)40);
    assert_true(cells_bytes(&c) <= THINGS * (size_t)44);
    for (int i = 0; i < THINGS; i++) {
        cells_give(&c, numbers[i]);
    }
    cells_give(&c, one);
    assert_true(cells_bytes(&c) <= least + 4096 + 8192); /* the table of pages stays as it was */
    cells_release(&c);
}

/* Things of all sizes come and go at random, and keep what was written into them. */
static void nothing_lies_upon_anything_else(void **state)
{
    (void)state;
    enum { THINGS = 300, ROUNDS = 60000 };
    static struct {
        uint32_t number;
        size_t bytes;
    } all[THINGS];
    struct prng r = {11};
    struct cells c;
    cells_init(&c);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t i = prng_below(&r, THINGS);
        char mark = (char)(i % 251 + 1);
        const char *was = all[i].number != 0 ? cells_at(&c, all[i].number) : NULL;
        for (size_t at = 0; was != NULL && at < all[i].bytes; at++) {
            assert_int_equal(was[at], mark);
        }
        if (was != NULL) {
            cells_give(&c, all[i].number);
        }
        all[i].bytes = 8 + prng_below(&r, prng_below(&r, 8) == 0 ? 2000 : 100);
        all[i].number = cells_take(&c, all[i].bytes);
        assert_int_equal((uintptr_t)cells_at(&c, all[i].number) % CELL_UNIT, 0);
        memset(cells_at(&c, all[i].number), mark, all[i].bytes);
    }
    cells_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thing_stays_where_it_is),
        cmocka_unit_test(what_was_given_back_is_used_again),
        cmocka_unit_test(a_number_that_names_no_cell_has_no_memory),
        cmocka_unit_test(pages_without_cells_are_freed_but_for_one),
        cmocka_unit_test(nothing_lies_upon_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
