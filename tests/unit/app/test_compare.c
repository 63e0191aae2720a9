/* What stays in order is as much as can stay, by a table that looks at every pair. */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "record/compare.h"

#define MOST 40

static size_t longest(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    size_t t[MOST + 1][MOST + 1] = {0};
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < m; j++) {
            size_t best = t[i][j + 1] > t[i + 1][j] ? t[i][j + 1] : t[i + 1][j];
            t[i + 1][j + 1] = a[i] == b[j] ? t[i][j] + 1 : best;
        }
    }
    return t[n][m];
}

static void is_longest(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    size_t match[MOST + 1];
    size_t kept = 0;
    size_t last = 0;
    compare((struct row_of){a, n}, (struct row_of){b, m}, match);
    for (size_t i = 0; i < n; i++) {
        if (match[i] != SIZE_MAX) {
            assert_true(match[i] < m && a[i] == b[match[i]]);
            assert_true(kept == 0 || match[i] > last);
            last = match[i];
            kept++;
        }
    }
    assert_int_equal(kept, longest(a, n, b, m));
}

static void as_much_as_can_stays(void **state)
{
    struct prng r = {7};
    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint32_t a[MOST];
        uint32_t b[MOST];
        size_t n = prng_below(&r, MOST + 1);
        size_t m = prng_below(&r, MOST + 1);
        uint64_t letters = 1 + prng_below(&r, 6);
        for (size_t i = 0; i < MOST; i++) {
            a[i] = (uint32_t)prng_below(&r, letters);
            b[i] = (uint32_t)prng_below(&r, letters);
        }
        is_longest(a, n, b, m);
    }
}

/* Two long rows: what is alike at both ends costs nothing, and memory is of one row. */
static void long_rows_are_taken(void **state)
{
    size_t n = 20000;
    uint32_t *a = calloc(n, sizeof(*a));
    size_t *match = calloc(n, sizeof(*match));
    (void)state;
    for (size_t i = 0; i < n; i++) {
        a[i] = (uint32_t)i;
    }
    compare((struct row_of){a, n}, (struct row_of){a, n}, match);
    assert_int_equal(match[n - 1], n - 1);
    compare((struct row_of){a, n}, (struct row_of){a + 1, n - 2}, match);
    assert_true(match[0] == SIZE_MAX && match[n - 1] == SIZE_MAX);
    assert_int_equal(match[n - 2], n - 3);
    free(match);
    free(a);
}

static void what_is_of_chance_is_taken_out(void **state)
{
    static const struct {
        const char *text, *cwd, *normal;
    } CASES[] = {
        {"npm  test\t-x ",                            NULL,       "npm test -x"                         },
        {"cat /srv/one/a.c",                          "/srv/one", "cat ./a.c"                           },
        {"cat /srv/one-b/a.c /srv/one.c /xsrv/one",   "/srv/one",
         "cat /srv/one-b/a.c /srv/one.c /xsrv/one"                                                      },
        {"cd /srv/one && ls",                         "/srv/one", "cd . && ls"                          },
        {"rm /tmp/0f3a9b12c",                         NULL,       "rm /tmp/#"                           },
        {"see 550e8400-e29b-41d4-a716-446655440000!", NULL,       "see #!"                              },
        {"head -50 deadbeef abcdefab1x 1234567",      NULL,       "head -50 deadbeef abcdefab1x 1234567"},
        {"/",                                         "/",        "/"                                   },
        {"",                                          "/srv",     ""                                    },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char out[200];
        normalise(CASES[i].text, CASES[i].cwd, out, sizeof(out));
        assert_string_equal(out, CASES[i].normal);
    }
    char cut[4];
    normalise("abcdef", NULL, cut, sizeof(cut));
    assert_string_equal(cut, "abc");
    normalise(NULL, NULL, cut, sizeof(cut));
    assert_string_equal(cut, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_much_as_can_stays),
        cmocka_unit_test(long_rows_are_taken),
        cmocka_unit_test(what_is_of_chance_is_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
