#include "expect.h"

#include <string.h>

#include "checkrein/clock.h"

#include "checkrein/resolver.h"

#define DEADLINE_US 10000000
#define WAIT(l, condition)                                                                         \
    do {                                                                                           \
        int64_t until = clock_mono_us() + DEADLINE_US;                                             \
        while (!(condition)) {                                                                     \
            assert_true(clock_mono_us() < until);                                                  \
            assert_int_equal(loop_turn(l, 20), ST_OK);                                             \
        }                                                                                          \
    } while (0)

static struct loop *loop_begin(void)
{
    struct loop *l = NULL;
    struct why why = {0};
    assert_status(loop_new(&l, &why), ST_OK);
    return l;
}

struct asked {
    int count;
    uint64_t tickets;
    struct addresses last;
};

static void on_found(void *ctx, uint64_t ticket, const struct addresses *found)
{
    struct asked *a = ctx;
    a->count++;
    a->tickets += ticket;
    a->last = *found;
}

static void answers_come_on_the_loop_with_their_tickets(void **state)
{
    (void)state;
    struct loop *l = loop_begin();
    struct asked a = {0};
    struct resolver *r = resolver_new(l, on_found, &a);
    assert_non_null(r);
    assert_int_equal(resolver_ask(r, "127.0.0.1", 7), ST_OK);
    assert_int_equal(a.count, 0);
    WAIT(l, a.count == 1);
    assert_int_equal(a.last.count, 1);
    assert_string_equal(a.last.text[0], "127.0.0.1");
    assert_int_equal(resolver_ask(r, "localhost", 11), ST_OK);
    WAIT(l, a.count == 2);
    assert_true(a.last.count >= 1);
    assert_int_equal(resolver_ask(r, "no-such-host.invalid", 13), ST_OK);
    WAIT(l, a.count == 3);
    assert_int_equal(a.last.count, 0);
    assert_true(a.last.why[0] != '\0');
    assert_int_equal(a.tickets, 31);
    resolver_free(r);
    loop_free(l);
}

static void questions_have_a_limit_and_names_a_length(void **state)
{
    (void)state;
    struct loop *l = loop_begin();
    struct asked a = {0};
    struct resolver *r = resolver_new(l, on_found, &a);
    char name[400];
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(resolver_ask(r, name, 1), ST_INVALID);
    int taken = 0;
    enum status st = ST_OK;
    for (int i = 0; i < 10000 && st == ST_OK; i++) {
        st = resolver_ask(r, "127.0.0.1", 1);
        taken += st == ST_OK ? 1 : 0;
    }
    assert_true(st == ST_LIMIT || taken == 10000);
    WAIT(l, a.count == taken);
    resolver_free(r);
    loop_free(l);
}

static void it_may_go_while_it_looks(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct loop *l = loop_begin();
        struct asked a = {0};
        struct resolver *r = resolver_new(l, on_found, &a);
        for (int k = 0; k < i; k++) {
            assert_int_equal(resolver_ask(r, "localhost", 1), ST_OK);
        }
        resolver_free(r);
        assert_int_equal(loop_turn(l, 0), ST_OK);
        assert_int_equal(a.count, 0);
        loop_free(l);
    }
    resolver_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_on_the_loop_with_their_tickets),
        cmocka_unit_test(questions_have_a_limit_and_names_a_length),
        cmocka_unit_test(it_may_go_while_it_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
