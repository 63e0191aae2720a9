#undef _FORTIFY_SOURCE /* or the header defines explicit_bzero() itself */

#include "expect.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "prng.h"

/* Bytes overwritten so far: this program's own explicit_bzero(), by both names that it is called
 * by. */
static size_t overwritten;

void explicit_bzero(void *s, size_t n)
{
    overwritten += n;
    memset(s, 0, n);
}

/* NOLINTBEGIN: the C library chose the name */
void __explicit_bzero_chk(void *s, size_t n, size_t room);
void __explicit_bzero_chk(void *s, size_t n, size_t room)
{
    (void)room;
    explicit_bzero(s, n);
}
/* NOLINTEND */

static void assert_holds(const struct buf *b)
{
    assert_non_null(b->data);
    assert_true(b->len <= b->limit);
    assert_true(b->len < b->cap);
    assert_true(b->cap <= b->limit + 1);
    assert_int_equal(b->data[b->len], '\0');
}

static void zeroed_memory_is_a_full_buffer(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_clear(&b);
    buf_truncate(&b, 0);
    buf_consume(&b, 3);
    assert_status(buf_append(&b, "", 0), ST_OK);
    assert_status(buf_status(&b), ST_OK);
    assert_status(buf_addch(&b, 'a'), ST_LIMIT);
    assert_status(buf_printf(&b, "%d", 1), ST_LIMIT);
    assert_null(buf_reserve(&b, 0));
    assert_int_equal(buf_span(&b).n, 0);
    buf_wipe(&b);
    buf_release(&b);
    buf_release(&b);
}

static void a_limit_of_nothing_holds_nothing(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    assert_holds(&b);
    assert_status(buf_addstr(&b, ""), ST_OK);
    assert_status(buf_printf(&b, "%s", ""), ST_OK);
    assert_status(buf_status(&b), ST_OK);
    assert_status(buf_addch(&b, 'a'), ST_LIMIT);
    assert_holds(&b);
    buf_release(&b);
}

static void an_append_over_the_limit_adds_nothing(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    assert_status(buf_addstr(&b, "abc"), ST_OK);
    assert_status(buf_addstr(&b, "def"), ST_LIMIT);
    assert_span_is(buf_span(&b), "abc");
    assert_status(buf_status(&b), ST_LIMIT);
    assert_status(buf_addstr(&b, "de"), ST_OK);
    assert_span_is(buf_span(&b), "abcde");
    assert_status(buf_status(&b), ST_LIMIT); /* sticks until cleared */
    assert_status(buf_addch(&b, 'f'), ST_LIMIT);
    assert_holds(&b);
    buf_clear(&b);
    assert_status(buf_status(&b), ST_OK);
    assert_int_equal(b.len, 0);
    assert_holds(&b);
    buf_release(&b);
}

static void print_stops_exactly_at_the_limit(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 200; limit++) {
        struct buf b;
        buf_init(&b, limit);
        for (size_t width = 0; width <= limit + 1; width++) {
            enum status want = width <= limit ? ST_OK : ST_LIMIT;
            buf_clear(&b);
            assert_status(buf_printf(&b, "%*s", (int)width, ""), want);
            assert_int_equal(b.len, want == ST_OK ? width : 0);
            assert_holds(&b);
        }
        buf_release(&b);
    }
}

static void lengths_that_would_wrap_are_over(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    assert_status(buf_addstr(&b, "abc"), ST_OK);
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_null(buf_reserve(&b, SIZE_MAX - 3));
    assert_status(buf_append(&b, "x", SIZE_MAX - 1), ST_LIMIT);
    assert_span_is(buf_span(&b), "abc");
    buf_release(&b);
}

static void keeps_all_bytes(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_status(buf_append(&b, "a\0b", 3), ST_OK);
    assert_status(buf_add(&b, SPAN("\xff\0")), ST_OK);
    assert_status(buf_addch(&b, '\0'), ST_OK);
    assert_status(buf_add(&b, SPAN_NONE), ST_OK);
    assert_span_eq(buf_span(&b), SPAN("a\0b\xff\0\0"));
    assert_holds(&b);
    buf_release(&b);
}

static void prints_more_than_there_is_room(void **state)
{
    (void)state;
    struct buf b;
    char *flood = xmalloc(10001);
    memset(flood, 'z', 10000);
    flood[10000] = '\0';
    buf_init(&b, 10010);
    assert_status(buf_printf(&b, "%d:", 7), ST_OK);
    assert_status(buf_printf(&b, "%s!%d", flood, 42), ST_OK);
    assert_int_equal(b.len, 10005);
    assert_span_is(span_sub(buf_span(&b), 0, 4), "7:zz");
    assert_span_is(span_sub(buf_span(&b), 10001, 9), "z!42");
    assert_status(buf_printf(&b, "%s", flood), ST_LIMIT);
    assert_int_equal(b.len, 10005);
    assert_holds(&b);
    buf_release(&b);
    free(flood);
}

static void a_print_that_cannot_be_written_is_invalid(void **state)
{
    (void)state;
    static const wchar_t beyond_the_c_locale[] = {0x20AC, 0};
    struct buf b;
    buf_init(&b, 100);
    (void)buf_addstr(&b, "a");
    assert_status(buf_printf(&b, "xy%ls", beyond_the_c_locale), ST_INVALID);
    assert_span_is(buf_span(&b), "a");
    assert_status(buf_status(&b), ST_LIMIT);
    assert_holds(&b);
    buf_release(&b);
}

static void takes_bytes_off_both_ends(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    (void)buf_addstr(&b, "0123456789");
    buf_consume(&b, 0);
    buf_consume(&b, 3);
    assert_span_is(buf_span(&b), "3456789");
    buf_truncate(&b, 99);
    buf_truncate(&b, 4);
    assert_span_is(buf_span(&b), "3456");
    assert_string_equal(b.data, "3456");
    buf_consume(&b, SIZE_MAX);
    assert_span_is(buf_span(&b), "");
    assert_holds(&b);
    buf_release(&b);
}

static void reserve_and_commit_write_in_place(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 500);
    (void)buf_addstr(&b, "a");
    char *room = buf_reserve(&b, 400);
    assert_non_null(room);
    memset(room, 'r', 400);
    buf_commit(&b, 2);
    assert_span_is(buf_span(&b), "arr");
    assert_null(buf_reserve(&b, 498));
    assert_status(buf_status(&b), ST_LIMIT);
    room = buf_reserve(&b, 497);
    assert_non_null(room);
    memset(room, 's', 497);
    buf_commit(&b, 497);
    assert_int_equal(b.len, 500);
    assert_holds(&b);
    buf_release(&b);
}

static void commit_too_much(void *ctx)
{
    struct buf *b = ctx;
    buf_commit(b, b->cap - b->len);
}

static void wipe_overwrites_all_that_was_ever_written(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    (void)buf_printf(&b, "%500s", "secret");
    buf_truncate(&b, 0);
    size_t cap = b.cap;
    overwritten = 0;
    buf_wipe(&b);
    assert_int_equal(overwritten, cap);
    assert_null(b.data);
    buf_wipe(&b);
    assert_int_equal(overwritten, cap);
}

static void grows_by_doubling(void **state)
{
    (void)state;
    struct buf b;
    size_t moves = 0;
    buf_init(&b, 100000);
    for (size_t i = 0; i < 100000; i++) {
        size_t before = b.cap;
        assert_status(buf_addch(&b, 'g'), ST_OK);
        moves += b.cap != before;
    }
    assert_true(moves < 16);
    assert_holds(&b);
    buf_release(&b);
}

static void committing_more_than_the_room_aborts(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_aborts(commit_too_much, &b);
    buf_release(&b);
}

static void detach_hands_the_bytes_over(void **state)
{
    (void)state;
    struct buf b;
    size_t len = 99;
    buf_init(&b, 10);
    (void)buf_addstr(&b, "mine");
    (void)buf_addstr(&b, "too much");
    char *mine = buf_detach(&b, &len);
    assert_string_equal(mine, "mine");
    assert_int_equal(len, 4);
    assert_int_equal(b.len, 0);
    assert_int_equal(b.limit, 10);
    assert_status(buf_status(&b), ST_OK);
    assert_holds(&b);
    char *empty = buf_detach(&b, NULL);
    assert_string_equal(empty, "");
    free(mine);
    free(empty);
    buf_release(&b);
}

/* A second, plain copy of what the buffer should hold. */
struct model {
    char bytes[300];
    size_t len;
};

static void random_step(struct prng *r, struct buf *b, struct model *m)
{
    char piece[40];
    size_t n = (size_t)prng_below(r, sizeof(piece));
    memset(piece, (int)('a' + prng_below(r, 26)), sizeof(piece));
    if (prng_below(r, 3) == 0) {
        size_t gone = n < m->len ? n : m->len;
        buf_consume(b, n);
        memmove(m->bytes, m->bytes + gone, m->len - gone);
        m->len -= gone;
        return;
    }
    bool fits = m->len + n <= b->limit;
    enum status st =
        prng_below(r, 2) == 0 ? buf_append(b, piece, n) : buf_printf(b, "%.*s", (int)n, piece);
    assert_status(st, fits ? ST_OK : ST_LIMIT);
    if (fits) {
        memcpy(m->bytes + m->len, piece, n);
        m->len += n;
    }
}

static void agrees_with_a_plain_array(void **state)
{
    (void)state;
    struct prng r = {3};
    for (size_t limit = 1; limit < 300; limit += 23) {
        struct buf b;
        struct model m = {.len = 0};
        buf_init(&b, limit);
        for (int step = 0; step < 2000; step++) {
            random_step(&r, &b, &m);
            assert_span_eq(buf_span(&b), ((struct span){m.bytes, m.len}));
            assert_holds(&b);
        }
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_a_full_buffer),
        cmocka_unit_test(a_limit_of_nothing_holds_nothing),
        cmocka_unit_test(an_append_over_the_limit_adds_nothing),
        cmocka_unit_test(print_stops_exactly_at_the_limit),
        cmocka_unit_test(lengths_that_would_wrap_are_over),
        cmocka_unit_test(keeps_all_bytes),
        cmocka_unit_test(prints_more_than_there_is_room),
        cmocka_unit_test(a_print_that_cannot_be_written_is_invalid),
        cmocka_unit_test(takes_bytes_off_both_ends),
        cmocka_unit_test(reserve_and_commit_write_in_place),
        cmocka_unit_test(wipe_overwrites_all_that_was_ever_written),
        cmocka_unit_test(grows_by_doubling),
        cmocka_unit_test(committing_more_than_the_room_aborts),
        cmocka_unit_test(detach_hands_the_bytes_over),
        cmocka_unit_test(agrees_with_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
