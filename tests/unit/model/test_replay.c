#include "fixture.h"
#include "random_events.h"

#define EVENTS 4000
#define SEEDS  12

static struct fleet *told(uint64_t seed, int events)
{
    struct fleet *f = fleet_new();
    struct random_events g = random_events_new(seed);
    for (int i = 0; i < events; i++) {
        fleet_apply(f, random_event(&g));
    }
    return f;
}

static void the_same_events_give_the_same_digest(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct fleet *live = told(seed, EVENTS);
        struct fleet *replay = told(seed, EVENTS);
        assert_true(fleet_digest(live) == fleet_digest(replay));
        fleet_free(live);
        fleet_free(replay);
    }
}

static void one_event_more_gives_another_digest(void **state)
{
    (void)state;
    struct fleet *f = fleet_new();
    struct random_events g = random_events_new(7);
    uint64_t before = fleet_digest(f);
    for (int i = 0; i < 500; i++) {
        fleet_apply(f, random_event(&g));
        uint64_t after = fleet_digest(f);
        assert_true(after != before);
        before = after;
    }
    fleet_free(f);
}

static void events_that_come_again_change_nothing(void **state)
{
    (void)state;
    struct fleet *f = told(3, EVENTS);
    uint64_t digest = fleet_digest(f);
    uint64_t generation = fleet_generation(f);
    struct random_events g = random_events_new(3);
    for (int i = 0; i < EVENTS; i++) {
        fleet_apply(f, random_event(&g));
    }
    assert_true(fleet_digest(f) == digest);
    assert_true(fleet_generation(f) == generation);
    fleet_free(f);
}

/* Queries between the events, as a screen makes them, leave no trace. */
static void looking_changes_nothing(void **state)
{
    (void)state;
    struct fleet *f = fleet_new();
    struct random_events g = random_events_new(5);
    for (int i = 0; i < EVENTS; i++) {
        struct fleet_totals totals;
        uint32_t count = 0;
        fleet_apply(f, random_event(&g));
        fleet_totals(f, &totals);
        uint32_t agents = fleet_agent_count(f);
        if (agents == 0) {
            continue;
        }
        const struct agent *a = fleet_agent_at(f, (uint32_t)i % agents);
        (void)fleet_agent_list(f, a->ref, F_REINS, &count);
        (void)fleet_verb_offered(f, a->ref, VERB_PAUSE, NULL);
        (void)fleet_agent_stale(f, a, START_US);
    }
    struct fleet *unseen = told(5, EVENTS);
    assert_true(fleet_digest(f) == fleet_digest(unseen));
    fleet_free(unseen);
    fleet_free(f);
}

/* Counts that are kept up to date, against counting anew. */
static void assert_totals_hold(const struct fleet *f)
{
    struct fleet_totals t;
    uint32_t by_state[AGENT_STATE_COUNT] = {0};
    uint32_t failed = 0;
    uint32_t pending = 0;
    fleet_totals(f, &t);
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        by_state[a->state]++;
        failed += a->failing || a->state == AGENT_FAILED;
        pending += a->pending;
    }
    assert_memory_equal(t.by_state, by_state, sizeof(by_state));
    assert_int_equal(t.failed, failed);
    assert_int_equal(t.pending, pending);
    assert_int_equal(t.agents, fleet_agent_count(f));
}

static void assert_no_circle(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        for (uint32_t steps = 0; a != NULL; steps++) {
            assert_true(steps <= fleet_agent_count(f));
            a = fleet_agent(f, a->parent);
        }
    }
}

static void assert_logs_end(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        uint32_t before = UINT32_MAX;
        uint32_t n = fleet_log_of_agent(f, a->ref);
        for (; n != 0; n = fleet_log_older(f, n)) {
            assert_true(n < before);
            assert_int_equal(fleet_log_entry(f, n)->agent, a->ref);
            before = n;
        }
    }
}

static void what_must_hold_holds_after_any_stream(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 20 + SEEDS; seed++) {
        struct fleet *f = told(seed, EVENTS);
        assert_totals_hold(f);
        assert_no_circle(f);
        assert_logs_end(f);
        fleet_free(f);
    }
}

/* It may outlive what it is a copy of, and neither sees what the other is told. */
static void a_copy_goes_on_by_itself(void **state)
{
    (void)state;
    for (uint64_t seed = 40; seed < 40 + SEEDS; seed++) {
        struct fleet *f = fleet_new();
        struct random_events g = random_events_new(seed);
        for (int i = 0; i < EVENTS; i++) {
            fleet_apply(f, random_event(&g));
        }
        uint64_t digest = fleet_digest(f);
        struct random_events again = g;
        struct fleet *copy = fleet_copy(f);
        assert_true(fleet_digest(copy) == digest);
        for (int i = 0; i < EVENTS; i++) {
            fleet_apply(copy, random_event(&g));
        }
        assert_true(fleet_digest(f) == digest);
        for (int i = 0; i < EVENTS; i++) {
            fleet_apply(f, random_event(&again));
        }
        digest = fleet_digest(f);
        fleet_free(f);
        assert_true(fleet_digest(copy) == digest);
        assert_totals_hold(copy);
        assert_logs_end(copy);
        fleet_free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_events_give_the_same_digest),
        cmocka_unit_test(one_event_more_gives_another_digest),
        cmocka_unit_test(events_that_come_again_change_nothing),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(what_must_hold_holds_after_any_stream),
        cmocka_unit_test(a_copy_goes_on_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
