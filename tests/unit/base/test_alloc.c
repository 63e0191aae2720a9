#include "expect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkrein/alloc.h"

/* Under AddressSanitizer a size that cannot be had must come back as NULL, as it does without. */
const char *__asan_default_options(void); /* NOLINT: the sanitizer chose the name */
const char *__asan_default_options(void)  /* NOLINT */
{
    return "allocator_may_return_null=1";
}

/* Volatile: the compilers refuse such sizes when they can see them. */
static volatile size_t too_much = SIZE_MAX / 4;
static volatile size_t half = SIZE_MAX / 2 + 1;

/* In memory that a child shares: how often the handler ran there. */
static int *handler_runs;

static void count_run(void)
{
    (*handler_runs)++;
}

static void count_run_and_fail_again(void)
{
    (*handler_runs)++;
    free(xmalloc(too_much));
}

static void malloc_too_much(void *ctx)
{
    (void)ctx;
    alloc_on_failure(count_run);
    free(xmalloc(too_much));
}

static void calloc_too_much(void *ctx)
{
    (void)ctx;
    alloc_on_failure(count_run);
    free(xcalloc(half, 2));
}

static void realloc_too_much(void *ctx)
{
    (void)ctx;
    alloc_on_failure(count_run);
    free(xrealloc(xmalloc(1), too_much));
}

static void array_that_wraps(void *ctx)
{
    (void)ctx;
    alloc_on_failure(count_run);
    free(xreallocarray(NULL, half, 2));
}

static void grow_that_wraps(void *ctx)
{
    (void)ctx;
    alloc_on_failure(count_run);
    uint64_t *array = NULL;
    size_t cap = 0;
    GROW(array, cap, half);
    free(array);
}

static void grow_past_the_largest(void *ctx)
{
    (void)ctx;
    alloc_on_failure(count_run);
    char *array = NULL;
    size_t cap = half;
    GROW(array, cap, half + 1);
    free(array);
}

static void fail_inside_the_handler(void *ctx)
{
    (void)ctx;
    alloc_on_failure(count_run_and_fail_again);
    free(xmalloc(too_much));
}

static void handler_taken_away(void *ctx)
{
    (void)ctx;
    alloc_on_failure(count_run);
    alloc_on_failure(NULL);
    free(xmalloc(too_much));
}

static void no_memory_runs_the_handler_once_and_aborts(void **state)
{
    (void)state;
    void (*const cases[])(void *) = {malloc_too_much,        calloc_too_much, realloc_too_much,
                                     array_that_wraps,       grow_that_wraps, grow_past_the_largest,
                                     fail_inside_the_handler};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        *handler_runs = 0;
        assert_aborts(cases[i], NULL);
        assert_int_equal(*handler_runs, 1);
    }
}

static void no_memory_without_a_handler_aborts(void **state)
{
    (void)state;
    *handler_runs = 0;
    assert_aborts(handler_taken_away, NULL);
    assert_int_equal(*handler_runs, 0);
}

static void nothing_is_something(void **state)
{
    (void)state;
    void *p = xmalloc(0);
    assert_non_null(p);
    p = xrealloc(p, 0);
    assert_non_null(p);
    p = xreallocarray(p, 0, 8);
    assert_non_null(p);
    free(p);
    free(xcalloc(0, 0));
    free(xcalloc(8, 0));
}

static void calloc_gives_zeroes(void **state)
{
    (void)state;
    unsigned char *p = xcalloc(100, 3);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(p[i], 0);
    }
    free(p);
}

static void copies_strings(void **state)
{
    (void)state;
    static const char open_ended[3] = {'a', 'b', 'c'};
    char *all = xstrdup("rein");
    char *cut = xstrndup("rein", 2);
    char *longer = xstrndup("rein", 100);
    char *bare = xstrndup(open_ended, sizeof(open_ended));
    char *empty = xstrndup("rein", 0);
    assert_string_equal(all, "rein");
    assert_string_equal(cut, "re");
    assert_string_equal(longer, "rein");
    assert_string_equal(bare, "abc");
    assert_string_equal(empty, "");
    free(all);
    free(cut);
    free(longer);
    free(bare);
    free(empty);
}

static void grows_by_doubling_and_keeps_what_was_there(void **state)
{
    (void)state;
    uint32_t *items = NULL;
    size_t cap = 0;
    size_t moves = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        size_t before = cap;
        GROW(items, cap, (size_t)i + 1);
        assert_true(cap > i);
        moves += cap != before;
        items[i] = i;
    }
    assert_true(moves < 16);
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(items[i], i);
    }
    free(items);
}

static void grows_to_what_is_needed_at_once(void **state)
{
    (void)state;
    char *items = NULL;
    size_t cap = 0;
    GROW(items, cap, 1000);
    assert_int_equal(cap, 1000);
    const char *before = items;
    GROW(items, cap, 3);
    assert_ptr_equal(items, before);
    assert_int_equal(cap, 1000);
    free(items);
    items = NULL;
    cap = 0;
    GROW(items, cap, 0);
    assert_non_null(items);
    free(items);
}

static int share_counter(void **state)
{
    (void)state;
    handler_runs = mmap(NULL, sizeof(*handler_runs), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return handler_runs == MAP_FAILED ? -1 : 0;
}

static int unshare_counter(void **state)
{
    (void)state;
    return munmap(handler_runs, sizeof(*handler_runs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_runs_the_handler_once_and_aborts),
        cmocka_unit_test(no_memory_without_a_handler_aborts),
        cmocka_unit_test(nothing_is_something),
        cmocka_unit_test(calloc_gives_zeroes),
        cmocka_unit_test(copies_strings),
        cmocka_unit_test(grows_by_doubling_and_keeps_what_was_there),
        cmocka_unit_test(grows_to_what_is_needed_at_once),
    };
    return cmocka_run_group_tests(tests, share_counter, unshare_counter);
}
