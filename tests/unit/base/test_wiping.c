#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "checkrein/wiping.h"

/* That it wipes is held by unit.net.test_secrets, over the memory of a whole process. */
static void blocks_are_as_those_of_malloc(void **state)
{
    (void)state;
    char *p = NULL;
    for (size_t n = 1; n < 100000; n = n * 3 + 1) {
        size_t before = n / 3;
        p = wiping_realloc(p, n);
        assert_non_null(p);
        for (size_t i = 1; i < before; i++) {
            assert_int_equal(p[i], (char)i);
        }
        for (size_t i = 0; i < n; i++) {
            p[i] = (char)i;
        }
    }
    for (size_t n = 100000; n > 1; n /= 3) {
        p = wiping_realloc(p, n);
        for (size_t i = 1; i < n && i < 80000; i++) {
            assert_int_equal(p[i], (char)i);
        }
    }
    assert_null(wiping_realloc(p, 0));
    wiping_free(NULL);
}

static void texts_and_zeros(void **state)
{
    (void)state;
    char *p = wiping_strdup("kept");
    assert_string_equal(p, "kept");
    wiping_free(p);
    unsigned char *zero = wiping_calloc(10, 10);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(zero[i], 0);
    }
    wiping_free(zero);
    void *none = wiping_malloc(0);
    assert_non_null(none);
    wiping_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_as_those_of_malloc),
        cmocka_unit_test(texts_and_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
