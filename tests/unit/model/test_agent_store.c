#include "expect.h"

#include <string.h>

#include "model_priv.h"
#include "prng.h"

enum { BACKENDS = 3, IDS = 400, ROUNDS = 40000 };

/* Agents come and go at random; each is found by its back-end and id as long as it is there, lies
 * where it lay, and nobody else is found. */
static void an_agent_is_found_while_it_is_there(void **state)
{
    (void)state;
    static struct agent_item *there[BACKENDS + 1][IDS + 1];
    struct prng r = {5};
    struct agent_store s = {0};
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t backend = 1 + (uint32_t)prng_below(&r, BACKENDS);
        sid id = 1 + (sid)prng_below(&r, IDS);
        struct agent_item **it = &there[backend][id];
        assert_ptr_equal(agent_store_find(&s, backend, id), *it);
        if (*it == NULL) {
            *it = agent_store_add(&s, backend, id);
            assert_int_equal((*it)->a.actions, 0);
            (*it)->a.actions = backend * 1000 + id;
        } else if (prng_below(&r, 3) != 0) {
            assert_int_equal((*it)->a.actions, backend * 1000 + id);
            agent_store_remove(&s, *it);
            *it = NULL;
        }
    }
    for (uint32_t backend = 1; backend <= BACKENDS; backend++) {
        for (sid id = 1; id <= IDS; id++) {
            assert_ptr_equal(agent_store_find(&s, backend, id), there[backend][id]);
        }
    }
    agent_store_release(&s);
}

static void the_room_of_who_went_is_used_again(void **state)
{
    (void)state;
    struct agent_store s = {0};
    for (sid id = 1; id <= 100; id++) {
        (void)agent_store_add(&s, 1, id);
    }
    for (sid id = 101; id <= 5000; id++) {
        agent_store_remove(&s, agent_store_find(&s, 1, id - 100));
        agent_store_remove(&s, agent_store_find(&s, 1, id - 50));
        (void)agent_store_add(&s, 1, id - 50);
        (void)agent_store_add(&s, 1, id);
    }
    assert_int_equal(s.count, 100);
    assert_int_equal(s.used, 100);
    agent_store_release(&s);
}

static void all_that_a_fleet_may_have_are_told_apart(void **state)
{
    (void)state;
    struct agent_store s = {0};
    for (sid id = 1; id <= FLEET_AGENTS_MAX; id++) {
        agent_store_add(&s, 7, id)->a.ref = id;
    }
    for (sid id = 1; id <= FLEET_AGENTS_MAX; id++) {
        assert_int_equal(agent_store_find(&s, 7, id)->a.ref, id);
    }
    assert_null(agent_store_find(&s, 7, FLEET_AGENTS_MAX + 1));
    assert_null(agent_store_find(&s, 6, 1));
    agent_store_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_is_found_while_it_is_there),
        cmocka_unit_test(the_room_of_who_went_is_used_again),
        cmocka_unit_test(all_that_a_fleet_may_have_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
