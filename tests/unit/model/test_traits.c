#include <stdio.h>

#include "fixture.h"
#include "model_priv.h"

static void tell_model(struct teller *t, const char *agent, const char *model)
{
    event_set_text(say(t, EVENT_AGENT_UPDATED, agent), F_MODEL, span_str(model));
    fold(t);
}

static void introduce(struct teller *t, const char *agent)
{
    static const struct event_row rein = {
        {SPAN_INIT("hold"), SPAN_INIT("true")}
    };
    struct event *ev = say(t, EVENT_AGENT_STARTED, agent);
    event_set_text(ev, F_AGENT_NAME, span_str(agent));
    event_set_text(ev, F_MODEL, SPAN("m1"));
    event_set_text(ev, F_HOST, SPAN("forge"));
    event_set_number(ev, F_HEARTBEAT_MS, 5000);
    event_set_list(ev, F_REINS, &rein, 1);
    fold(t);
}

static void agents_that_are_alike_share_their_traits(void **state)
{
    (void)state;
    struct teller t = teller_new();
    introduce(&t, "a1");
    introduce(&t, "a2");
    assert_ptr_equal(agent_named(&t, "a1")->traits, agent_named(&t, "a2")->traits);
    assert_int_equal(t.fleet->traits.used, 1);
    assert_sid(&t, agent_named(&t, "a2")->name, "a2");
    fleet_free(t.fleet);
}

static void what_changes_of_one_agent_stays_with_the_others(void **state)
{
    (void)state;
    struct teller t = teller_new();
    uint32_t count = 0;
    introduce(&t, "a1");
    introduce(&t, "a2");
    tell_model(&t, "a1", "m2");
    assert_sid(&t, agent_named(&t, "a1")->traits->model, "m2");
    assert_sid(&t, agent_named(&t, "a2")->traits->model, "m1");
    event_set_list(say(&t, EVENT_AGENT_UPDATED, "a1"), F_REINS, NULL, 0);
    fold(&t);
    event_set_number(say(&t, EVENT_AGENT_UPDATED, "a1"), F_HEARTBEAT_MS, 9);
    fold(&t);
    event_set_number(say(&t, EVENT_SPEND_RECORDED, "a1"), F_BUDGET_LIMIT, 70);
    fold(&t);
    const struct agent *a1 = agent_named(&t, "a1");
    const struct agent *a2 = agent_named(&t, "a2");
    assert_int_equal(a1->traits->heartbeat_ms, 9);
    assert_int_equal(a2->traits->heartbeat_ms, 5000);
    assert_int_equal(a1->traits->budget_limit, 70);
    assert_int_equal(a2->traits->budget_limit, 0);
    assert_sid(&t, a1->traits->host, "forge");
    (void)fleet_agent_list(t.fleet, a1->ref, F_REINS, &count);
    assert_int_equal(count, 0);
    (void)fleet_agent_list(t.fleet, a2->ref, F_REINS, &count);
    assert_int_equal(count, 1);
    fleet_free(t.fleet);
}

static void agents_that_become_alike_share_again(void **state)
{
    (void)state;
    struct teller t = teller_new();
    introduce(&t, "a1");
    introduce(&t, "a2");
    tell_model(&t, "a1", "m2");
    assert_ptr_not_equal(agent_named(&t, "a1")->traits, agent_named(&t, "a2")->traits);
    tell_model(&t, "a2", "m2");
    assert_ptr_equal(agent_named(&t, "a1")->traits, agent_named(&t, "a2")->traits);
    assert_int_equal(t.fleet->traits.used, 1);
    fleet_free(t.fleet);
}

/* The log has no line of it: what the traits hold is all that holds it. */
static void a_string_goes_with_the_last_traits_that_name_it(void **state)
{
    (void)state;
    static const char *const agents[] = {"a1", "a2", "a3"};
    struct teller t = teller_new();
    for (uint64_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_LEN(agents); i++) {
            assert_true(round == 0 || id_find(t.fleet, SPAN("passing")) != 0);
            struct event *ev = say(&t, EVENT_AGENT_STARTED, agents[i]);
            ev->snapshot = true;
            event_set_text(ev, F_MODEL, round == 0 ? SPAN("passing") : SPAN("m1"));
            fold(&t);
        }
    }
    assert_int_equal(id_find(t.fleet, SPAN("passing")), 0);
    fleet_free(t.fleet);
}

/* Every agent with traits of its own, again and again: nothing is left of what was, and neither are
 * its strings. */
static void traits_that_nobody_has_are_forgotten(void **state)
{
    (void)state;
    enum { AGENTS = 300, ROUNDS = 20 };
    struct teller t = teller_new();
    char agent[16];
    char model[24];
    size_t bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AGENTS; i++) {
            (void)snprintf(agent, sizeof(agent), "a%d", i);
            (void)snprintf(model, sizeof(model), "model-%d-%d", round, i);
            struct event *ev = say(&t, EVENT_AGENT_STARTED, agent);
            ev->snapshot = true;
            event_set_text(ev, F_MODEL, span_str(model));
            fold(&t);
        }
        assert_int_equal(t.fleet->traits.used, AGENTS);
        assert_int_equal(fleet_agent_count(t.fleet), AGENTS);
        assert_sid(&t, agent_named(&t, agent)->traits->model, model);
        assert_int_equal(id_find(t.fleet, SPAN("model-0-7")) != 0, round == 0);
        bytes = round == 1 ? pool_bytes(t.fleet->pool) : bytes;
    }
    assert_true(pool_bytes(t.fleet->pool) <= bytes + bytes / 4);
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agents_that_are_alike_share_their_traits),
        cmocka_unit_test(what_changes_of_one_agent_stays_with_the_others),
        cmocka_unit_test(agents_that_become_alike_share_again),
        cmocka_unit_test(a_string_goes_with_the_last_traits_that_name_it),
        cmocka_unit_test(traits_that_nobody_has_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
