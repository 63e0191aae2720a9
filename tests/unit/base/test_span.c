#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "prng.h"

static void the_empty_span_works_everywhere(void **state)
{
    (void)state;
    struct span none = SPAN_NONE;
    char out[4] = "xyz";
    assert_int_equal(span_str(NULL).n, 0);
    assert_true(span_eq(none, span_str(NULL)));
    assert_true(span_eq(none, SPAN("")));
    assert_true(span_is(none, ""));
    assert_true(span_is(none, NULL));
    assert_true(span_starts(none, ""));
    assert_true(span_ends(none, ""));
    assert_false(span_starts(none, "a"));
    assert_int_equal(span_cmp(none, SPAN("")), 0);
    assert_int_equal(span_find(none, 'a'), 0);
    assert_int_equal(span_trim(none).n, 0);
    assert_null(span_sub(none, 5, SIZE_MAX).p);
    assert_true(span_copy(none, out, sizeof(out)));
    assert_string_equal(out, "");
    assert_true(span_hash(none, 7) == span_hash(SPAN(""), 7));
}

static void sub_is_clamped(void **state)
{
    (void)state;
    struct span s = SPAN("bridle");
    assert_span_is(span_sub(s, 0, 6), "bridle");
    assert_span_is(span_sub(s, 2, 2), "id");
    assert_span_is(span_sub(s, 2, SIZE_MAX), "idle");
    assert_span_is(span_sub(s, 6, 1), "");
    assert_span_is(span_sub(s, SIZE_MAX, SIZE_MAX), "");
    assert_ptr_equal(span_sub(s, 99, 1).p, s.p + 6);
}

static void trims_ascii_blanks_only(void **state)
{
    (void)state;
    assert_span_is(span_trim(SPAN(" \t\r\n\v\f a b \n")), "a b");
    assert_span_is(span_trim(SPAN("   ")), "");
    assert_span_is(span_trim(SPAN("\xC2\xA0x\x01")), "\xC2\xA0x\x01");
    assert_int_equal(span_trim(SPAN("\0 ")).n, 1);
}

static void compares_all_bytes(void **state)
{
    (void)state;
    assert_false(span_eq(SPAN("a\0b"), SPAN("a\0c")));
    assert_false(span_is(SPAN("a\0"), "a"));
    assert_true(span_eq(SPAN("a\0b"), SPAN("a\0b")));
    assert_true(span_cmp(SPAN("a"), SPAN("b")) < 0);
    assert_true(span_cmp(SPAN("\x7f"), SPAN("\x80")) < 0);
    assert_true(span_cmp(SPAN("a"), SPAN("a\0")) < 0);
    assert_true(span_cmp(SPAN("ab"), SPAN("a")) > 0);
    assert_true(span_cmp(SPAN("b"), SPAN("aa")) > 0);
    assert_int_equal(span_cmp(SPAN("same"), SPAN("same")), 0);
}

static void knows_beginnings_and_ends(void **state)
{
    (void)state;
    struct span s = SPAN("ws://host");
    assert_true(span_starts(s, "ws://"));
    assert_false(span_starts(s, "wss://"));
    assert_false(span_starts(s, "ws://host/"));
    assert_true(span_ends(s, "host"));
    assert_true(span_ends(s, "ws://host"));
    assert_false(span_ends(s, "hos"));
    assert_false(span_ends(s, "xws://host"));
}

static void finds_the_first(void **state)
{
    (void)state;
    assert_int_equal(span_find(SPAN("a=b=c"), '='), 1);
    assert_int_equal(span_find(SPAN("abc"), '='), 3);
    assert_int_equal(span_find(SPAN("ab\0c"), '\0'), 2);
    assert_int_equal(span_find(SPAN("\xff"), '\xff'), 0);
}

/* Every piece of `text`, each followed by '|'. */
static void pieces(struct span text, char *out, size_t out_bytes)
{
    struct span piece;
    size_t at = 0;
    while (span_next(&text, ',', &piece)) {
        assert_true(at + piece.n + 2 < out_bytes);
        memcpy(out + at, piece.p, piece.n);
        at += piece.n;
        out[at++] = '|';
    }
    out[at] = '\0';
}

static void splits_with_empty_pieces(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a,bc,d", "a|bc|d|"},
        {"a",      "a|"     },
        {"",       "|"      },
        {",",      "||"     },
        {"a,",     "a||"    },
        {",a",     "|a|"    },
    };
    char out[64];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        pieces(span_str(cases[i][0]), out, sizeof(out));
        assert_string_equal(out, cases[i][1]);
    }
    pieces(SPAN_NONE, out, sizeof(out));
    assert_string_equal(out, "");
}

static void copies_and_tells_a_cut(void **state)
{
    (void)state;
    char out[5] = "####";
    assert_true(span_copy(SPAN("abcd"), out, sizeof(out)));
    assert_string_equal(out, "abcd");
    assert_false(span_copy(SPAN("abcde"), out, sizeof(out)));
    assert_string_equal(out, "abcd");
    assert_false(span_copy(SPAN("a"), out, 1));
    assert_string_equal(out, "");
    out[0] = '#';
    assert_false(span_copy(SPAN(""), out, 0));
    assert_int_equal(out[0], '#');
}

static void hash_depends_on_every_length(void **state)
{
    (void)state;
    static const char zeroes[65];
    uint64_t seen[65];
    for (size_t n = 0; n <= 64; n++) {
        seen[n] = span_hash((struct span){zeroes, n}, 0);
        for (size_t k = 0; k < n; k++) {
            assert_true(seen[n] != seen[k]);
        }
    }
}

static void hash_reads_the_span_and_nothing_else(void **state)
{
    (void)state;
    char around[64];
    for (size_t n = 0; n < 40; n++) {
        memset(around, 'x', sizeof(around));
        memset(around + 8, 'k', n);
        uint64_t want = span_hash((struct span){around + 8, n}, 3);
        char *exact = xmalloc(n); /* a sanitizer sees a read past either end */
        memset(exact, 'k', n);
        assert_true(span_hash((struct span){exact, n}, 3) == want);
        free(exact);
        memset(around, 'y', 8);
        memset(around + 8 + n, 'z', sizeof(around) - 8 - n);
        assert_true(span_hash((struct span){around + 8, n}, 3) == want);
        memmove(around + 9, around + 8, n);
        assert_true(span_hash((struct span){around + 9, n}, 3) == want);
    }
}

#define ROUNDS 2000

/* Counts, per output bit, how often one flipped input bit flips it. */
static void flip_one_bit(struct prng *r, size_t n, unsigned flips[64])
{
    char key[40];
    for (size_t i = 0; i < n; i++) {
        key[i] = (char)prng_next(r);
    }
    uint64_t seed = prng_next(r);
    uint64_t before = span_hash((struct span){key, n}, seed);
    size_t bit = (size_t)prng_below(r, n * 8);
    key[bit / 8] = (char)(key[bit / 8] ^ (1 << bit % 8));
    uint64_t changed = before ^ span_hash((struct span){key, n}, seed);
    for (size_t i = 0; i < 64; i++) {
        flips[i] += (unsigned)(changed >> i & 1);
    }
}

static void hash_spreads_every_bit(void **state)
{
    (void)state;
    struct prng r = {1};
    for (size_t n = 1; n <= 40; n++) {
        unsigned flips[64] = {0};
        for (int round = 0; round < ROUNDS; round++) {
            flip_one_bit(&r, n, flips);
        }
        for (size_t i = 0; i < 64; i++) { /* 8 standard deviations around one half */
            assert_in_range(flips[i], ROUNDS / 2 - 180, ROUNDS / 2 + 180);
        }
    }
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

#define KEYS 200000

static void hash_keeps_like_keys_apart(void **state)
{
    (void)state;
    uint64_t *seen = xcalloc(KEYS, sizeof(*seen));
    unsigned *buckets = xcalloc(1024, sizeof(*buckets));
    for (unsigned i = 0; i < KEYS; i++) {
        char key[32];
        int n = snprintf(key, sizeof(key), "toolu_01-%u", i);
        seen[i] = span_hash((struct span){key, (size_t)n}, 0);
        buckets[seen[i] & 1023]++;
    }
    qsort(seen, KEYS, sizeof(*seen), by_value);
    for (size_t i = 1; i < KEYS; i++) {
        assert_true(seen[i] != seen[i - 1]);
    }
    for (size_t i = 0; i < 1024; i++) { /* 195 expected, standard deviation 14 */
        assert_in_range(buckets[i], 100, 300);
    }
    free(seen);
    free(buckets);
}

static void hash_depends_on_the_seed(void **state)
{
    (void)state;
    struct prng r = {2};
    uint64_t *seen = xcalloc(KEYS, sizeof(*seen));
    for (size_t i = 0; i < KEYS; i++) {
        seen[i] = span_hash(SPAN("session"), i % 2 == 0 ? i : prng_next(&r));
    }
    qsort(seen, KEYS, sizeof(*seen), by_value);
    for (size_t i = 1; i < KEYS; i++) {
        assert_true(seen[i] != seen[i - 1]);
    }
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_empty_span_works_everywhere),
        cmocka_unit_test(sub_is_clamped),
        cmocka_unit_test(trims_ascii_blanks_only),
        cmocka_unit_test(compares_all_bytes),
        cmocka_unit_test(knows_beginnings_and_ends),
        cmocka_unit_test(finds_the_first),
        cmocka_unit_test(splits_with_empty_pieces),
        cmocka_unit_test(copies_and_tells_a_cut),
        cmocka_unit_test(hash_depends_on_every_length),
        cmocka_unit_test(hash_reads_the_span_and_nothing_else),
        cmocka_unit_test(hash_spreads_every_bit),
        cmocka_unit_test(hash_keeps_like_keys_apart),
        cmocka_unit_test(hash_depends_on_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
