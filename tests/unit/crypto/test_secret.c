/* Random bytes, comparison of secrets, wiping. */
#include "expect.h"

#include <string.h>

#include "checkrein/crypto.h"

#define DRAWS 64

static void draws_differ(void **state)
{
    (void)state;
    uint8_t draw[DRAWS][16];
    for (size_t i = 0; i < DRAWS; i++) {
        random_bytes(draw[i], sizeof(draw[i]));
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(draw[i], draw[k], sizeof(draw[i]));
        }
    }
}

/* With 4096 draws a byte that never takes a value has a chance of 1e-7. */
static void every_byte_is_filled(void **state)
{
    (void)state;
    uint8_t seen[37] = {0};
    for (size_t i = 0; i < 4096; i++) {
        uint8_t draw[sizeof(seen)] = {0};
        random_bytes(draw, sizeof(draw));
        for (size_t k = 0; k < sizeof(draw); k++) {
            seen[k] |= draw[k];
        }
    }
    for (size_t k = 0; k < sizeof(seen); k++) {
        assert_int_equal(seen[k], 0xff);
    }
}

static void no_bytes_touch_nothing(void **state)
{
    (void)state;
    uint8_t one = 42;
    random_bytes(&one, 0);
    wipe(&one, 0);
    random_bytes(NULL, 0);
    wipe(NULL, 0);
    assert_int_equal(one, 42);
}

static void secrets_compare(void **state)
{
    (void)state;
    char a[33];
    char b[33];
    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));
    struct span x = {a, 32};
    struct span y = {b, 32};
    assert_true(equal_secret(x, y));
    for (size_t i = 0; i < y.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            b[i] = (char)((unsigned char)b[i] ^ (1u << bit));
            assert_false(equal_secret(x, y));
            b[i] = a[i];
        }
    }
    assert_false(equal_secret(x, (struct span){b, 31}));
    assert_false(equal_secret(x, (struct span){b, 33}));
    assert_false(equal_secret(x, SPAN_NONE));
    assert_true(equal_secret(SPAN_NONE, SPAN_NONE));
    assert_true(equal_secret(SPAN_NONE, SPAN("")));
}

static void wiped_is_zero(void **state)
{
    (void)state;
    uint8_t secret[48];
    static const uint8_t zero[48];
    memset(secret, 0xaa, sizeof(secret));
    wipe(secret, sizeof(secret));
    assert_memory_equal(secret, zero, sizeof(secret));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_differ),           cmocka_unit_test(every_byte_is_filled),
        cmocka_unit_test(no_bytes_touch_nothing), cmocka_unit_test(secrets_compare),
        cmocka_unit_test(wiped_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
