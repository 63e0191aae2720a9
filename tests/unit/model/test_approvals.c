#include <stdio.h>

#include "fixture.h"

static void assert_queue(const struct teller *t, const char *ids)
{
    char got[200] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < fleet_pending_count(t->fleet); i++) {
        const struct approval *a = fleet_pending_at(t->fleet, i);
        n += (size_t)snprintf(got + n, sizeof(got) - n, "%s ", fleet_str(t->fleet, a->id));
    }
    assert_string_equal(got, ids);
    assert_null(fleet_pending_at(t->fleet, fleet_pending_count(t->fleet)));
}

static void tell_risky(struct teller *t, const char *agent, const char *id, enum risk risk)
{
    event_set_number(say_request(t, agent, id, "{}"), F_RISK, risk);
    fold(t);
}

/* ---- order */
static void high_risk_stands_first_and_each_bay_keeps_its_order(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_risky(&t, "a1", "low1", RISK_LOW);
    tell_risky(&t, "a1", "high1", RISK_HIGH);
    tell_risky(&t, "a2", "any1", RISK_UNKNOWN);
    tell_risky(&t, "a2", "high2", RISK_HIGH);
    tell_risky(&t, "a2", "low2", RISK_LOW);
    assert_queue(&t, "high1 high2 low1 any1 low2 ");
    tell_resolved(&t, "high1", DECISION_DENIED);
    tell_resolved(&t, "any1", DECISION_APPROVED);
    assert_queue(&t, "high2 low1 low2 ");
    tell_risky(&t, "a1", "high3", RISK_HIGH);
    assert_queue(&t, "high2 high3 low1 low2 ");
    fleet_free(t.fleet);
}

/* Told again, even with an older time, a request stays where it is. */
static void a_request_that_comes_again_keeps_its_place(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_risky(&t, "a1", "r1", RISK_LOW);
    tell_risky(&t, "a1", "r2", RISK_LOW);
    uint32_t ref = approval_named(&t, "r1")->ref;
    t.now_us = START_US - 50 * SECOND_US;
    tell_risky(&t, "a1", "r1", RISK_LOW);
    assert_queue(&t, "r1 r2 ");
    assert_int_equal(approval_named(&t, "r1")->ref, ref);
    assert_int_equal(approval_named(&t, "r1")->revision, 0);
    assert_int_equal(agent_named(&t, "a1")->pending, 2);
    fleet_free(t.fleet);
}

static void another_risk_moves_to_the_end_of_the_other_bay(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_risky(&t, "a1", "r1", RISK_LOW);
    tell_risky(&t, "a1", "h1", RISK_HIGH);
    tell_risky(&t, "a1", "r2", RISK_LOW);
    tell_risky(&t, "a1", "r1", RISK_HIGH);
    assert_queue(&t, "h1 r1 r2 ");
    tell_risky(&t, "a1", "h1", RISK_UNKNOWN);
    assert_queue(&t, "r1 r2 h1 ");
    assert_int_equal(approval_named(&t, "h1")->revision, 1);
    fleet_free(t.fleet);
}

static void an_agent_has_the_risk_of_its_worst_request(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_risky(&t, "a1", "l", RISK_LOW);
    assert_int_equal(agent_named(&t, "a1")->risk, RISK_LOW);
    tell_risky(&t, "a1", "h", RISK_HIGH);
    assert_int_equal(agent_named(&t, "a1")->risk, RISK_HIGH);
    tell_risky(&t, "a1", "h", RISK_LOW);
    assert_int_equal(agent_named(&t, "a1")->risk, RISK_LOW);
    tell_resolved(&t, "l", DECISION_DENIED);
    tell_resolved(&t, "h", DECISION_DENIED);
    assert_int_equal(agent_named(&t, "a1")->risk, RISK_UNKNOWN);
    assert_int_equal(agent_named(&t, "a1")->pending, 0);
    fleet_free(t.fleet);
}

/* ---- what changes under the operator's finger */
typedef void change_fn(struct event *ev);

static void change_action(struct event *ev)
{
    event_set_text(ev, F_ACTION, SPAN("{\"command\":\"rm -rf /\"}"));
}
static void change_digest(struct event *ev)
{
    event_set_text(ev, F_DIGEST, SPAN("sha256:ff"));
}
static void change_deadline(struct event *ev)
{
    event_set_number(ev, F_EXPIRES_AT, START_US + 900 * SECOND_US);
}
static void change_policy(struct event *ev)
{
    event_set_text(ev, F_POLICY_VERSION, SPAN("2"));
}
static void change_silence(struct event *ev)
{
    event_set_number(ev, F_ON_SILENCE, SILENCE_ALLOW);
}
static void change_scopes(struct event *ev)
{
    static const struct event_row row = {{SPAN_INIT("always")}};
    event_set_list(ev, F_SCOPES, &row, 1);
}
static void change_words(struct event *ev)
{
    event_set_text(ev, F_AGENT_WORDS, SPAN("trust me"));
}
static void change_quorum(struct event *ev)
{
    event_set_number(ev, F_QUORUM, 2);
}
static void change_undo(struct event *ev)
{
    event_set_number(ev, F_REVERSIBLE, 1);
}

static change_fn *const changes[] = {change_action, change_digest,  change_deadline,
                                     change_policy, change_silence, change_scopes,
                                     change_words,  change_quorum,  change_undo};

static void any_change_of_a_request_is_a_revision(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct teller t = teller_new();
        tell_request(&t, "a1", "r1");
        uint32_t newest = fleet_log_newest(t.fleet);
        say_request(&t, "a1", "r1", "{\"command\":\"ls\"}");
        changes[i](&t.ev);
        fold(&t);
        const struct approval *a = approval_named(&t, "r1");
        assert_int_equal(a->revision, 1);
        assert_int_equal(fleet_log_newest(t.fleet), newest + 1);
        assert_int_equal(fleet_log_entry(t.fleet, newest + 1)->approval, a->ref);
        assert_int_equal(fleet_pending_count(t.fleet), 1);
        fold(&t);
        say_request(&t, "a1", "r1", "{\"command\":\"ls\"}");
        changes[i](&t.ev);
        fold(&t);
        assert_int_equal(approval_named(&t, "r1")->revision, 1);
        fleet_free(t.fleet);
    }
}

static void an_action_is_kept_to_the_byte(void **state)
{
    (void)state;
    struct teller t = teller_new();
    say_request(&t, "a1", "r1", "");
    event_set_text(&t.ev, F_ACTION, SPAN("{\"a\":\"\\u0000\"}\0\xff"));
    fold(&t);
    assert_span_eq(approval_named(&t, "r1")->action, SPAN("{\"a\":\"\\u0000\"}\0\xff"));
    tell_resolved(&t, "r1", DECISION_DENIED);
    assert_span_eq(approval_named(&t, "r1")->action, SPAN("{\"a\":\"\\u0000\"}\0\xff"));
    fleet_free(t.fleet);
}

static void scopes_are_kept(void **state)
{
    (void)state;
    struct teller t = teller_new();
    say_request(&t, "a1", "r1", "{}");
    change_scopes(&t.ev);
    fold(&t);
    uint32_t count = 0;
    assert_span_is(
        fleet_approval_list(t.fleet, approval_named(&t, "r1")->ref, F_SCOPES, &count)->cell[0],
        "always");
    assert_int_equal(count, 1);
    assert_null(fleet_approval_list(t.fleet, 77, F_SCOPES, &count));
    fleet_free(t.fleet);
}

/* ---- decided */
static void a_decision_is_kept_with_who_and_why(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    struct event *ev = say(&t, EVENT_APPROVAL_RESOLVED, NULL);
    event_set_text(ev, F_APPROVAL_ID, SPAN("r1"));
    event_set_number(ev, F_DECISION, DECISION_APPROVED);
    event_set_text(ev, F_DECIDED_BY, SPAN("uid:1000"));
    event_set_text(ev, F_REASON, SPAN("ticket 4711"));
    event_set_text(ev, F_SCOPE, SPAN("once"));
    fold(&t);
    const struct approval *a = approval_named(&t, "r1");
    assert_false(a->pending);
    assert_int_equal(a->decision, DECISION_APPROVED);
    assert_sid(&t, a->decided_by, "uid:1000");
    assert_sid(&t, a->decision_reason, "ticket 4711");
    assert_sid(&t, a->scope, "once");
    assert_int_equal(a->resolved_us, t.now_us);
    assert_ptr_equal(fleet_resolved_at(t.fleet, 0), a);
    const struct log_entry *e = fleet_log_entry(t.fleet, fleet_log_newest(t.fleet));
    assert_int_equal(e->approval, a->ref);
    assert_int_equal(e->agent, agent_named(&t, "a1")->ref);
    assert_sid(&t, e->who, "uid:1000");
    fleet_free(t.fleet);
}

static void the_first_decision_stays(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    tell_resolved(&t, "r1", DECISION_DENIED);
    tell_resolved(&t, "r1", DECISION_APPROVED);
    assert_int_equal(approval_named(&t, "r1")->decision, DECISION_DENIED);
    assert_int_equal(fleet_resolved_count(t.fleet), 1);
    const struct log_entry *e = fleet_log_entry(t.fleet, fleet_log_newest(t.fleet));
    assert_contains(fleet_str(t.fleet, e->text), "no effect");
    tell_resolved(&t, "never seen", DECISION_APPROVED);
    e = fleet_log_entry(t.fleet, fleet_log_newest(t.fleet));
    assert_contains(fleet_str(t.fleet, e->text), "not pending");
    fleet_free(t.fleet);
}

static void another_backend_cannot_decide(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    t.backend = "evil";
    tell_resolved(&t, "r1", DECISION_APPROVED);
    t.backend = "b1";
    assert_true(approval_named(&t, "r1")->pending);
    fleet_free(t.fleet);
}

static void a_decision_on_other_content_says_so(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    struct event *ev = say(&t, EVENT_APPROVAL_RESOLVED, NULL);
    event_set_text(ev, F_APPROVAL_ID, SPAN("r1"));
    event_set_number(ev, F_DECISION, DECISION_APPROVED);
    event_set_text(ev, F_DIGEST, SPAN("sha256:ee"));
    fold(&t);
    assert_contains(fleet_str(t.fleet, approval_named(&t, "r1")->decision_reason), "other content");
    fleet_free(t.fleet);
}

static void an_id_that_comes_back_is_another_request(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    uint32_t first = approval_named(&t, "r1")->ref;
    tell_resolved(&t, "r1", DECISION_APPROVED);
    tell_request(&t, "a1", "r1");
    assert_int_not_equal(approval_named(&t, "r1")->ref, first);
    assert_true(approval_named(&t, "r1")->pending);
    assert_int_equal(fleet_approval(t.fleet, first)->decision, DECISION_APPROVED);
    tell_resolved(&t, "r1", DECISION_DENIED);
    assert_int_equal(fleet_approval(t.fleet, first)->decision, DECISION_APPROVED);
    assert_int_equal(approval_named(&t, "r1")->decision, DECISION_DENIED);
    fleet_free(t.fleet);
}

/* The older one of the same id falls off without taking the newer one's name with it. */
static void an_old_request_leaves_the_new_one_its_id(void **state)
{
    (void)state;
    struct teller t = teller_new();
    char id[16];
    tell_request(&t, "a1", "r1");
    tell_resolved(&t, "r1", DECISION_APPROVED);
    tell_request(&t, "a1", "r1");
    for (int i = 0; i < FLEET_RESOLVED_KEPT; i++) {
        (void)snprintf(id, sizeof(id), "other%d", i);
        tell_request(&t, "a2", id);
        tell_resolved(&t, id, DECISION_DENIED);
    }
    assert_null(fleet_approval(t.fleet, 1));
    assert_true(approval_named(&t, "r1")->pending);
    fleet_free(t.fleet);
}

/* A request that another agent says is its own is not shown under the first one's name. */
static void an_id_that_another_agent_uses_supersedes(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    uint32_t first = approval_named(&t, "r1")->ref;
    tell_request(&t, "a2", "r1");
    assert_int_equal(fleet_approval(t.fleet, first)->decision, DECISION_SUPERSEDED);
    assert_int_equal(approval_named(&t, "r1")->agent, agent_named(&t, "a2")->ref);
    assert_int_equal(agent_named(&t, "a1")->pending, 0);
    assert_int_equal(agent_named(&t, "a2")->pending, 1);
    assert_queue(&t, "r1 ");
    fleet_free(t.fleet);
}

static void what_came_of_it_is_told(void **state)
{
    (void)state;
    struct teller t = teller_new();
    event_set_text(say_request(&t, "a1", "r1", "{}"), F_ACTION_ID, SPAN("call1"));
    fold(&t);
    tell_resolved(&t, "r1", DECISION_APPROVED);
    event_set_text(say_request(&t, "a2", "r2", "{}"), F_ACTION_ID, SPAN("call1"));
    fold(&t);
    tell_resolved(&t, "r2", DECISION_APPROVED);
    event_set_text(say(&t, EVENT_ACTION_STARTED, "a2"), F_ACTION_ID, SPAN("call1"));
    fold(&t);
    assert_int_equal(approval_named(&t, "r1")->outcome_text, 0);
    assert_sid(&t, approval_named(&t, "r2")->outcome_text, "started");
    event_set_text(say(&t, EVENT_ACTION_STARTED, "a1"), F_ACTION_ID, SPAN("call1"));
    fold(&t);
    assert_sid(&t, approval_named(&t, "r1")->outcome_text, "started");
    struct event *ev = say(&t, EVENT_ACTION_FINISHED, "a1");
    event_set_text(ev, F_ACTION_ID, SPAN("call1"));
    event_set_number(ev, F_OUTCOME, OUTCOME_FAILED);
    event_set_text(ev, F_ERROR, SPAN("exit 1"));
    fold(&t);
    assert_int_equal(approval_named(&t, "r1")->outcome, OUTCOME_FAILED);
    assert_sid(&t, approval_named(&t, "r1")->outcome_text, "exit 1");
    event_set_text(say(&t, EVENT_ACTION_STARTED, "a1"), F_ACTION_ID, SPAN("call1"));
    fold(&t);
    assert_sid(&t, approval_named(&t, "r1")->outcome_text, "exit 1");
    fleet_free(t.fleet);
}

/* ---- caps */
static void the_oldest_decisions_fall_off(void **state)
{
    (void)state;
    struct teller t = teller_new();
    char id[16];
    for (int i = 0; i < FLEET_RESOLVED_KEPT + 10; i++) {
        (void)snprintf(id, sizeof(id), "r%d", i);
        event_set_text(say_request(&t, "a1", id, "{}"), F_ACTION_ID, span_str(id));
        fold(&t);
        tell_resolved(&t, id, DECISION_APPROVED);
    }
    assert_int_equal(fleet_resolved_count(t.fleet), FLEET_RESOLVED_KEPT);
    assert_sid(&t, fleet_resolved_at(t.fleet, 0)->id, id);
    assert_sid(&t, fleet_resolved_at(t.fleet, FLEET_RESOLVED_KEPT - 1)->id, "r10");
    assert_null(fleet_resolved_at(t.fleet, FLEET_RESOLVED_KEPT));
    assert_null(approval_named(&t, "r9"));
    assert_null(fleet_approval(t.fleet, 1));
    fleet_free(t.fleet);
}

static void an_agent_has_so_many_pending_and_no_more(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct fleet_totals totals;
    char id[16];
    for (int i = 0; i < FLEET_PENDING_MAX; i++) {
        (void)snprintf(id, sizeof(id), "r%d", i);
        tell_request(&t, "a1", id);
    }
    tell_request(&t, "a1", "one more");
    assert_null(approval_named(&t, "one more"));
    const struct log_entry *e = fleet_log_entry(t.fleet, fleet_log_newest(t.fleet));
    assert_int_equal(e->type, EVENT_APPROVAL_REQUESTED);
    assert_contains(fleet_str(t.fleet, e->text), "not shown");
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.refused, 1);
    tell_request(&t, "a2", "of another");
    assert_non_null(approval_named(&t, "of another"));
    tell_resolved(&t, "r0", DECISION_DENIED);
    tell_request(&t, "a1", "one more");
    assert_non_null(approval_named(&t, "one more"));
    fleet_free(t.fleet);
}

static void the_fleet_has_so_many_pending_and_no_more(void **state)
{
    (void)state;
    struct teller t = teller_new();
    char id[32];
    char agent[16];
    for (int i = 0; i < FLEET_PENDING_TOTAL; i++) {
        (void)snprintf(id, sizeof(id), "r%d", i);
        (void)snprintf(agent, sizeof(agent), "a%d", i % 100);
        tell_request(&t, agent, id);
    }
    assert_int_equal(fleet_pending_count(t.fleet), FLEET_PENDING_TOTAL);
    tell_request(&t, "b", "one more");
    assert_null(approval_named(&t, "one more"));
    fleet_free(t.fleet);
}

static struct span big_action(size_t n)
{
    char *text = malloc(n);
    memset(text, 'x', n);
    return (struct span){text, n};
}

static void tell_big(struct teller *t, const char *agent, const char *id, struct span action)
{
    event_set_text(say_request(t, agent, id, ""), F_ACTION, action);
    fold(t);
}

/* An action that is too long is not cut: the request is refused, or left without one when it grew.
 */
static void an_action_that_is_too_long_cannot_be_approved(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct span action = big_action(ACTION_BYTES_MAX + 1);
    tell_big(&t, "a1", "r1", action);
    assert_null(approval_named(&t, "r1"));
    tell_big(&t, "a1", "r1", span_sub(action, 0, ACTION_BYTES_MAX));
    assert_int_equal(approval_named(&t, "r1")->action.n, ACTION_BYTES_MAX);
    tell_big(&t, "a1", "r1", action);
    assert_int_equal(approval_named(&t, "r1")->action.n, 0);
    assert_int_equal(approval_named(&t, "r1")->revision, 1);
    assert_true(approval_named(&t, "r1")->pending);
    fleet_free(t.fleet);
    free((void *)(uintptr_t)action.p);
}

/* The texts of decided ones go first, the oldest first; then there is no room. */
static void all_action_texts_together_are_capped(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct span action = big_action(ACTION_BYTES_MAX);
    size_t fit = FLEET_ACTION_BYTES / ACTION_BYTES_MAX;
    char id[16];
    for (size_t i = 0; i < fit; i++) {
        (void)snprintf(id, sizeof(id), "r%zu", i);
        tell_big(&t, "a1", id, action);
    }
    tell_big(&t, "a2", "late", action);
    assert_null(approval_named(&t, "late"));
    tell_resolved(&t, "r0", DECISION_DENIED);
    tell_resolved(&t, "r1", DECISION_DENIED);
    tell_big(&t, "a2", "late", action);
    assert_non_null(approval_named(&t, "late"));
    assert_int_equal(approval_named(&t, "r0")->action.n, 0);
    assert_int_equal(approval_named(&t, "r1")->action.n, ACTION_BYTES_MAX);
    fleet_free(t.fleet);
    free((void *)(uintptr_t)action.p);
}

static void the_oldest_pending_one_is_known(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct fleet_totals totals;
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.oldest_pending_us, 0);
    tell_request(&t, "a1", "r1");
    int64_t first = t.now_us;
    tell_risky(&t, "a1", "r2", RISK_HIGH);
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.oldest_pending_us, first);
    assert_int_equal(totals.pending, 2);
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(high_risk_stands_first_and_each_bay_keeps_its_order),
        cmocka_unit_test(a_request_that_comes_again_keeps_its_place),
        cmocka_unit_test(another_risk_moves_to_the_end_of_the_other_bay),
        cmocka_unit_test(an_agent_has_the_risk_of_its_worst_request),
        cmocka_unit_test(any_change_of_a_request_is_a_revision),
        cmocka_unit_test(an_action_is_kept_to_the_byte),
        cmocka_unit_test(scopes_are_kept),
        cmocka_unit_test(a_decision_is_kept_with_who_and_why),
        cmocka_unit_test(the_first_decision_stays),
        cmocka_unit_test(another_backend_cannot_decide),
        cmocka_unit_test(a_decision_on_other_content_says_so),
        cmocka_unit_test(an_id_that_comes_back_is_another_request),
        cmocka_unit_test(an_old_request_leaves_the_new_one_its_id),
        cmocka_unit_test(an_id_that_another_agent_uses_supersedes),
        cmocka_unit_test(what_came_of_it_is_told),
        cmocka_unit_test(the_oldest_decisions_fall_off),
        cmocka_unit_test(an_agent_has_so_many_pending_and_no_more),
        cmocka_unit_test(the_fleet_has_so_many_pending_and_no_more),
        cmocka_unit_test(an_action_that_is_too_long_cannot_be_approved),
        cmocka_unit_test(all_action_texts_together_are_capped),
        cmocka_unit_test(the_oldest_pending_one_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
