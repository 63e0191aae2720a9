/* Of a call the log tells what led to it, and nothing of another call under the same id. */
#include "fixture.h"

static uint32_t call(struct teller *t, enum event_type type, const char *id)
{
    event_set_text(say(t, type, "a1"), F_ACTION_ID, span_str(id));
    event_set_text(&t->ev, F_TOOL, SPAN("Bash"));
    fold(t);
    return fleet_log_newest(t->fleet);
}

static uint32_t rule(struct teller *t, const char *id, enum verdict v, const char *name)
{
    event_set_text(say(t, EVENT_POLICY_DECIDED, "a1"), F_ACTION_ID, span_str(id));
    event_set_number(&t->ev, F_VERDICT, v);
    event_set_text(&t->ev, F_RULE, span_str(name));
    event_set_text(&t->ev, F_REASON, SPAN("because"));
    event_set_text(&t->ev, F_DIGEST, SPAN("sha256:11"));
    fold(t);
    return fleet_log_newest(t->fleet);
}

static uint32_t ask(struct teller *t, const char *id, const char *approval)
{
    event_set_text(say_request(t, "a1", approval, "{}"), F_ACTION_ID, span_str(id));
    fold(t);
    return fleet_log_newest(t->fleet);
}

static uint32_t resolve(struct teller *t, const char *approval, enum decision d, const char *by)
{
    event_set_text(say(t, EVENT_APPROVAL_RESOLVED, "a1"), F_APPROVAL_ID, span_str(approval));
    event_set_number(&t->ev, F_DECISION, d);
    event_set_text(&t->ev, F_DECIDED_BY, span_str(by));
    fold(t);
    return fleet_log_newest(t->fleet);
}

static void from_its_end_to_its_request(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    uint32_t judged = rule(&t, "c1", VERDICT_ASK, "builds ask");
    uint32_t asked = ask(&t, "c1", "r1");
    uint32_t other = rule(&t, "c2", VERDICT_ALLOW, "reads");
    uint32_t decided = resolve(&t, "r1", DECISION_APPROVED, "uid:0");
    uint32_t started = call(&t, EVENT_ACTION_STARTED, "c1");
    uint32_t finished = call(&t, EVENT_ACTION_FINISHED, "c1");
    const uint32_t all[] = {judged, asked, decided, started, finished};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct fleet_chain c = fleet_chain_of_entry(t.fleet, all[i]);
        assert_int_equal(c.agent, agent_named(&t, "a1")->ref);
        assert_int_equal(c.approval, approval_named(&t, "r1")->ref);
        assert_int_equal(c.judged, judged);
        assert_int_equal(c.asked, asked);
        assert_int_equal(c.decided, decided);
        assert_int_equal(c.started, started);
        assert_int_equal(c.finished, finished);
        assert_sid(&t, c.action, "c1");
    }
    struct fleet_chain by_request = fleet_chain_of_approval(t.fleet, approval_named(&t, "r1")->ref);
    assert_int_equal(by_request.started, started);
    struct fleet_chain c = fleet_chain_of_entry(t.fleet, other);
    assert_int_equal(c.decided, other);
    assert_int_equal(c.started + c.asked + c.approval, 0);
    const struct log_entry *e = fleet_log_entry(t.fleet, other);
    assert_sid(&t, e->reason, "because");
    assert_sid(&t, e->digest, "sha256:11");
    fleet_free(t.fleet);
}

static void an_id_that_is_used_again_is_another_call(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    uint32_t first = rule(&t, "c1", VERDICT_ALLOW, "one");
    uint32_t first_start = call(&t, EVENT_ACTION_STARTED, "c1");
    (void)call(&t, EVENT_ACTION_FINISHED, "c1");
    uint32_t second = rule(&t, "c1", VERDICT_DENY, "two");
    struct fleet_chain c = fleet_chain_of_entry(t.fleet, second);
    assert_int_equal(c.decided, second);
    assert_int_equal(c.started, 0);
    c = fleet_chain_of_entry(t.fleet, first_start);
    assert_int_equal(c.decided, first);
    c = fleet_chain_of_entry(t.fleet, first);
    assert_int_equal(c.started, first_start);
    fleet_free(t.fleet);
}

static void what_a_rule_closed_was_that_rules(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    (void)ask(&t, "c1", "r1");
    uint32_t allowed = rule(&t, "c1", VERDICT_ALLOW, "new");
    uint32_t closed = resolve(&t, "r1", DECISION_APPROVED, "policy");
    assert_int_equal(fleet_chain_of_entry(t.fleet, closed).decided, allowed);
    fleet_free(t.fleet);
}

static void what_is_about_no_call(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    struct fleet_chain c = fleet_chain_of_entry(t.fleet, fleet_log_newest(t.fleet));
    assert_int_equal(c.agent, agent_named(&t, "a1")->ref);
    assert_int_equal(c.action + c.approval + c.started + c.decided, 0);
    c = fleet_chain_of_entry(t.fleet, 99);
    assert_int_equal(c.agent + c.action, 0);
    c = fleet_chain_of_approval(t.fleet, 99);
    assert_int_equal(c.agent + c.action, 0);
    tell_request(&t, "a1", "r1"); /* a request that names no call */
    c = fleet_chain_of_approval(t.fleet, approval_named(&t, "r1")->ref);
    assert_int_equal(c.approval, approval_named(&t, "r1")->ref);
    assert_int_equal(c.started, 0);
    fleet_free(t.fleet);
}

/* What fell off the log is not there, and nothing else stands in its place. */
static void what_fell_off_is_not_there(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    (void)rule(&t, "c1", VERDICT_ALLOW, "one");
    for (uint32_t i = 0; i < FLEET_LOG_ENTRIES; i++) {
        (void)call(&t, EVENT_ACTION_STARTED, "other");
    }
    uint32_t end = call(&t, EVENT_ACTION_FINISHED, "c1");
    struct fleet_chain c = fleet_chain_of_entry(t.fleet, end);
    assert_int_equal(c.finished, end);
    assert_int_equal(c.decided + c.started, 0);
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_its_end_to_its_request),
        cmocka_unit_test(an_id_that_is_used_again_is_another_call),
        cmocka_unit_test(what_a_rule_closed_was_that_rules),
        cmocka_unit_test(what_is_about_no_call),
        cmocka_unit_test(what_fell_off_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
