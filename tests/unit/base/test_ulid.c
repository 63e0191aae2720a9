#include "expect.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/ulid.h"
#include "entropy_priv.h"

/* This program brings a clock and a source of entropy of its own; the linker takes them before the
 * library's, so that a clock which goes back and random bits that run over can be had at will. */
static int64_t wall_us;
static unsigned char entropy_byte;
static unsigned entropy_calls;

int64_t clock_wall_us(void)
{
    return wall_us;
}

void entropy_fill(void *out, size_t n)
{
    memset(out, entropy_byte, n);
    entropy_calls++;
}

/* A time later than all before, so that tests do not depend on each other. */
static int set_clock(void **state)
{
    static int64_t day;
    (void)state;
    wall_us = INT64_C(1795184527123456) + day++ * INT64_C(86400000000);
    entropy_byte = 0x5A;
    entropy_calls = 0;
    return 0;
}

static void assert_increases(const char *before, const char *after)
{
    if (strcmp(before, after) >= 0) {
        print_error("%s does not come before %s\n", before, after);
        fail();
    }
}

static void shows_the_milliseconds_first(void **state)
{
    (void)state;
    char id[ULID_BYTES];
    wall_us = INT64_C(8888888888888000) + 999;
    ulid_make(id);
    /* 8888888888888 ms in base 32; 0x5A in every byte of the rest */
    char want[11] = {0};
    int64_t ms = INT64_C(8888888888888);
    for (size_t i = 10; i-- > 0; ms /= 32) {
        want[i] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[ms % 32];
    }
    assert_span_eq(span_sub(span_str(id), 0, 10), span_str(want));
    assert_span_is(span_sub(span_str(id), 10, 16), "B9D5MPJTB9D5MPJT");
    assert_true(ulid_valid(span_str(id)));
}

static void counts_on_within_a_millisecond(void **state)
{
    (void)state;
    char before[ULID_BYTES];
    char after[ULID_BYTES];
    ulid_make(before);
    for (int i = 0; i < 100000; i++) {
        ulid_make(after);
        assert_increases(before, after);
        memcpy(before, after, sizeof(before));
    }
    assert_int_equal(entropy_calls, 1);
}

static void draws_again_in_the_next_millisecond(void **state)
{
    (void)state;
    char id[ULID_BYTES];
    ulid_make(id);
    ulid_make(id);
    wall_us += 1000;
    ulid_make(id);
    assert_int_equal(entropy_calls, 2);
    assert_span_is(span_sub(span_str(id), 10, 16), "B9D5MPJTB9D5MPJT");
}

static void increases_when_the_clock_goes_back(void **state)
{
    (void)state;
    char before[ULID_BYTES];
    char after[ULID_BYTES];
    int64_t start = wall_us;
    ulid_make(before);
    const int64_t times[] = {start - 1000, start - INT64_C(86400000000), 0, -5, INT64_MIN, start};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        wall_us = times[i];
        ulid_make(after);
        assert_increases(before, after);
        assert_true(ulid_valid(span_str(after)));
        memcpy(before, after, sizeof(before));
    }
}

static void increases_when_the_random_bits_run_over(void **state)
{
    (void)state;
    char before[ULID_BYTES];
    char after[ULID_BYTES];
    entropy_byte = 0xFF;
    ulid_make(before);
    assert_span_is(span_sub(span_str(before), 10, 16), "ZZZZZZZZZZZZZZZZ");
    entropy_byte = 0x00;
    ulid_make(after);
    assert_increases(before, after);
    assert_span_is(span_sub(span_str(after), 10, 16), "0000000000000000");
    ulid_make(before);
    assert_increases(after, before);
    assert_span_is(span_sub(span_str(before), 10, 16), "0000000000000001");
}

#define THREADS    4
#define PER_THREAD 20000

static void *make_many(void *arg)
{
    char(*ids)[ULID_BYTES] = arg;
    for (size_t i = 0; i < PER_THREAD; i++) {
        ulid_make(ids[i]);
    }
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void threads_never_share_one(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    char(*ids)[ULID_BYTES] = xcalloc((size_t)THREADS * PER_THREAD, sizeof(*ids));
    for (size_t t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_create(&threads[t], NULL, make_many, ids + t * PER_THREAD), 0);
    }
    for (size_t t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
        for (size_t i = 1; i < PER_THREAD; i++) {
            assert_increases(ids[t * PER_THREAD + i - 1], ids[t * PER_THREAD + i]);
        }
    }
    qsort(ids, (size_t)THREADS * PER_THREAD, sizeof(*ids), by_text);
    for (size_t i = 1; i < (size_t)THREADS * PER_THREAD; i++) {
        assert_increases(ids[i - 1], ids[i]);
    }
    free(ids);
}

static void refuses_what_is_no_ulid(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "01ARZ3NDEKTSV4RRFFQ69G5FA",
        "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
        "81ARZ3NDEKTSV4RRFFQ69G5FAV", /* over 128 bits */
        "Z1ARZ3NDEKTSV4RRFFQ69G5FAV",
        "01arz3ndektsv4rrffq69g5fav",
        "01ARZ3NDEKTSV4RRFFQ69G5FAI",
        "01ARZ3NDEKTSV4RRFFQ69G5FAL",
        "01ARZ3NDEKTSV4RRFFQ69G5FAO",
        "01ARZ3NDEKTSV4RRFFQ69G5FAU",
        "01ARZ3NDEKTSV4RRFFQ69G5FA ",
        " 1ARZ3NDEKTSV4RRFFQ69G5FAV",
        "01ARZ3NDEKTSV4RRFFQ69G5FA\xC1",
        "\3771ARZ3NDEKTSV4RRFFQ69G5FAV",
        "-1ARZ3NDEKTSV4RRFFQ69G5FAV",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(ulid_valid(span_str(bad[i])));
    }
    assert_false(ulid_valid(SPAN_NONE));
    assert_false(ulid_valid(SPAN("01ARZ3NDEKTSV4RRFFQ69G5FA\0")));
    assert_true(ulid_valid(SPAN("01ARZ3NDEKTSV4RRFFQ69G5FAV")));
    assert_true(ulid_valid(SPAN("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")));
    assert_true(ulid_valid(SPAN("00000000000000000000000000")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(counts_on_within_a_millisecond, set_clock),
        cmocka_unit_test_setup(draws_again_in_the_next_millisecond, set_clock),
        cmocka_unit_test_setup(increases_when_the_clock_goes_back, set_clock),
        cmocka_unit_test_setup(increases_when_the_random_bits_run_over, set_clock),
        cmocka_unit_test_setup(threads_never_share_one, set_clock),
        cmocka_unit_test_setup(shows_the_milliseconds_first, set_clock), /* the latest time: last */
        cmocka_unit_test(refuses_what_is_no_ulid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
