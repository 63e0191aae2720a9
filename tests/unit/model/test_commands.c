#include <stdio.h>

#include "fixture.h"

static void tell_command(struct teller *t, const char *id, enum verb verb, const char *agent)
{
    struct event *ev = say(t, EVENT_OPERATOR_COMMAND, agent);
    event_set_text(ev, F_COMMAND_ID, span_str(id));
    event_set_number(ev, F_VERB, verb);
    event_set_text(ev, F_OPERATOR, SPAN("uid:1000"));
    event_set_text(ev, F_REASON, SPAN("because"));
    fold(t);
}

static void tell_result(struct teller *t, const char *id, enum command_state s, const char *reason)
{
    struct event *ev = say(t, EVENT_OPERATOR_RESULT, NULL);
    event_set_text(ev, F_COMMAND_ID, span_str(id));
    event_set_number(ev, F_COMMAND_STATE, s);
    event_put_text(ev, F_REASON, span_str(reason));
    event_set_text(ev, F_BY, SPAN("event 01K"));
    fold(t);
}

static const struct command_track *command_named(const struct teller *t, const char *id)
{
    return fleet_command_by_id(t->fleet, span_str(id));
}

static void a_command_goes_from_sent_to_confirmed(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_command(&t, "c1", VERB_STOP, "a1");
    const struct command_track *c = command_named(&t, "c1");
    assert_int_equal(c->state, COMMAND_SENT);
    assert_int_equal(c->verb, VERB_STOP);
    assert_int_equal(c->sent_us, t.now_us);
    assert_int_equal(c->agent, agent_named(&t, "a1")->ref);
    assert_sid(&t, c->operator_id, "uid:1000");
    assert_sid(&t, c->backend, "b1");
    tell_result(&t, "c1", COMMAND_ACCEPTED, NULL);
    c = command_named(&t, "c1");
    assert_int_equal(c->state, COMMAND_ACCEPTED);
    assert_int_equal(c->accepted_us, t.now_us);
    assert_sid(&t, c->reason, "because");
    int64_t accepted = t.now_us;
    tell_result(&t, "c1", COMMAND_CONFIRMED, "gone");
    c = command_named(&t, "c1");
    assert_int_equal(c->state, COMMAND_CONFIRMED);
    assert_int_equal(c->accepted_us, accepted);
    assert_int_equal(c->changed_us, t.now_us);
    assert_sid(&t, c->by, "event 01K");
    assert_sid(&t, c->reason, "gone");
    fleet_free(t.fleet);
}

static void assert_unreachable(const struct teller *t, int64_t requested, int64_t unreachable)
{
    struct fleet_totals totals;
    fleet_totals(t->fleet, &totals);
    assert_int_equal(totals.stop_requested, requested);
    assert_int_equal(totals.stop_unreachable, unreachable);
}

static void agents_of_who_does_not_answer_a_stop_are_unreachable(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_started(&t, "a2");
    tell_started(&t, "over");
    tell_state(&t, "over", AGENT_STOPPED);
    assert_unreachable(&t, 0, 0);
    tell_command(&t, "c1", VERB_STOP_ALL, NULL);
    assert_unreachable(&t, 2, 2);
    tell_result(&t, "c1", COMMAND_REFUSED, "no right");
    assert_unreachable(&t, 0, 0);
    tell_command(&t, "c2", VERB_STOP_ALL, NULL);
    tell_command(&t, "c3", VERB_RESET_STOP, NULL);
    assert_unreachable(&t, 0, 0);
    tell_command(&t, "c4", VERB_STOP_ALL, NULL);
    tell_result(&t, "c4", COMMAND_ACCEPTED, NULL);
    assert_unreachable(&t, 2, 2);
    struct event *ev = say(&t, EVENT_FLEET_STOP, NULL);
    event_set_number(ev, F_STOP_LATCHED, true);
    event_set_number(ev, F_STOP_REQUESTED, 2);
    event_set_number(ev, F_STOP_CONFIRMED, 1);
    fold(&t);
    assert_unreachable(&t, 2, 0);
    fleet_free(t.fleet);
}

static const enum command_state ends[] = {COMMAND_CONFIRMED, COMMAND_REFUSED, COMMAND_EXPIRED,
                                          COMMAND_SUPERSEDED, COMMAND_FAILED};

/* The same answer again, with words: that it is not recorded is known when its commit has failed.
 */
static void what_was_accepted_gets_its_reason_later(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_command(&t, "c1", VERB_PAUSE, "a1");
    tell_result(&t, "c1", COMMAND_ACCEPTED, "");
    uint32_t newest = fleet_log_newest(t.fleet);
    tell_result(&t, "c1", COMMAND_ACCEPTED, "not recorded");
    assert_sid(&t, command_named(&t, "c1")->reason, "not recorded");
    assert_int_equal(fleet_log_newest(t.fleet), newest);
    fleet_free(t.fleet);
}

static void an_end_is_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct teller t = teller_new();
        tell_command(&t, "c1", VERB_PAUSE, "a1");
        tell_result(&t, "c1", ends[i], "end");
        uint32_t newest = fleet_log_newest(t.fleet);
        for (int s = 0; s < COMMAND_STATE_COUNT; s++) {
            tell_result(&t, "c1", (enum command_state)s, "later");
        }
        tell_command(&t, "c1", VERB_PAUSE, "a1");
        assert_int_equal(command_named(&t, "c1")->state, ends[i]);
        assert_sid(&t, command_named(&t, "c1")->reason, "end");
        assert_int_equal(fleet_log_newest(t.fleet), newest);
        assert_int_equal(fleet_command_count(t.fleet), 1);
        fleet_free(t.fleet);
    }
}

/* What could not be verified at first may be seen to have happened. */
static void unverifiable_may_still_be_confirmed(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_command(&t, "c1", VERB_REVOKE, "a1");
    tell_result(&t, "c1", COMMAND_UNVERIFIABLE, NULL);
    tell_result(&t, "c1", COMMAND_ACCEPTED, NULL);
    assert_int_equal(command_named(&t, "c1")->state, COMMAND_UNVERIFIABLE);
    tell_result(&t, "c1", COMMAND_CONFIRMED, NULL);
    assert_int_equal(command_named(&t, "c1")->state, COMMAND_CONFIRMED);
    fleet_free(t.fleet);
}

static void another_backend_cannot_answer(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_command(&t, "c1", VERB_STOP, "a1");
    t.backend = "evil";
    tell_result(&t, "c1", COMMAND_CONFIRMED, NULL);
    tell_command(&t, "c1", VERB_STOP, "a1");
    tell_result(&t, "c1", COMMAND_FAILED, NULL);
    assert_int_equal(fleet_command_count(t.fleet), 2);
    assert_int_equal(fleet_command_at(t.fleet, 1)->state, COMMAND_SENT);
    assert_int_equal(fleet_command_at(t.fleet, 0)->state, COMMAND_FAILED);
    fleet_free(t.fleet);
}

/* A console records its command before it is sent, and the back-end tells it again. */
static void a_command_told_twice_is_one(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_command(&t, "c1", VERB_STOP, "a1");
    int64_t sent = t.now_us;
    uint32_t newest = fleet_log_newest(t.fleet);
    tell_command(&t, "c1", VERB_PAUSE, "a2");
    const struct command_track *c = command_named(&t, "c1");
    assert_int_equal(fleet_command_count(t.fleet), 1);
    assert_int_equal(c->verb, VERB_STOP);
    assert_int_equal(c->sent_us, sent);
    assert_int_equal(fleet_log_newest(t.fleet), newest);
    fleet_free(t.fleet);
}

static void a_command_is_found_by_its_target(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    uint32_t agent = agent_named(&t, "a1")->ref;
    uint32_t approval = approval_named(&t, "r1")->ref;
    assert_null(fleet_command_on(t.fleet, agent, 0));
    assert_null(fleet_command_on(t.fleet, 0, 0));
    say(&t, EVENT_OPERATOR_COMMAND, NULL);
    event_set_text(&t.ev, F_COMMAND_ID, SPAN("c1"));
    event_set_number(&t.ev, F_VERB, VERB_APPROVE);
    event_set_text(&t.ev, F_APPROVAL_ID, SPAN("r1"));
    fold(&t);
    tell_command(&t, "c2", VERB_PAUSE, "a1");
    tell_command(&t, "c3", VERB_PAUSE, "not there");
    assert_sid(&t, fleet_command_on(t.fleet, 0, approval)->id, "c1");
    assert_int_equal(fleet_command_on(t.fleet, 0, approval)->agent, agent);
    assert_sid(&t, fleet_command_on(t.fleet, agent, 0)->id, "c2");
    assert_null(fleet_command_on(t.fleet, 99, 0));
    assert_null(agent_named(&t, "not there"));
    assert_int_equal(command_named(&t, "c3")->agent, 0);
    fleet_free(t.fleet);
}

static void answers_to_nothing_are_logged(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_result(&t, "never", COMMAND_CONFIRMED, NULL);
    assert_int_equal(fleet_command_count(t.fleet), 0);
    assert_sid(&t, fleet_log_entry(t.fleet, 1)->subject, "never");
    fleet_free(t.fleet);
}

/* One that still waits for its answer is kept longer than those that have one. */
static void the_oldest_answered_commands_fall_off(void **state)
{
    (void)state;
    struct teller t = teller_new();
    char id[16];
    tell_command(&t, "waits", VERB_STOP, "a1");
    tell_command(&t, "done", VERB_STOP, "a1");
    tell_result(&t, "done", COMMAND_CONFIRMED, NULL);
    for (int i = 0; i < FLEET_COMMANDS_KEPT - 1; i++) {
        (void)snprintf(id, sizeof(id), "c%d", i);
        tell_command(&t, id, VERB_STOP, "a1");
    }
    assert_int_equal(fleet_command_count(t.fleet), FLEET_COMMANDS_KEPT);
    assert_null(command_named(&t, "done"));
    assert_non_null(command_named(&t, "waits"));
    tell_command(&t, "one more", VERB_STOP, "a1");
    assert_null(command_named(&t, "waits"));
    assert_sid(&t, fleet_command_at(t.fleet, 0)->id, "one more");
    assert_null(fleet_command_at(t.fleet, FLEET_COMMANDS_KEPT));
    fleet_free(t.fleet);
}

/* ---- what is offered */
static const char *why_not(const struct teller *t, const char *agent, enum verb v)
{
    const char *why = "never set";
    const struct agent *a = agent_named(t, agent);
    bool offered = fleet_verb_offered(t->fleet, a == NULL ? 99 : a->ref, v, &why);
    assert_true(offered == (why == NULL));
    assert_true(offered == fleet_verb_offered(t->fleet, a == NULL ? 99 : a->ref, v, NULL));
    return why;
}

static void tell_verbs(struct teller *t, const char *verbs)
{
    struct event_row rows[VERB_COUNT];
    uint32_t count = 0;
    struct span rest = span_str(verbs);
    struct span verb;
    while (span_next(&rest, ' ', &verb)) {
        rows[count++] = (struct event_row){{verb}};
    }
    struct event *ev = say(t, EVENT_BACKEND_LINK, NULL);
    event_set_number(ev, F_LINK, LINK_LIVE);
    event_set_list(ev, F_CAPABILITIES, rows, count);
    fold(t);
}

static void tell_reins(struct teller *t, const char *agent, const char *reins)
{
    struct event_row rows[8];
    uint32_t count = 0;
    struct span rest = span_str(reins);
    struct span rein;
    while (span_next(&rest, ' ', &rein)) {
        rows[count++] = (struct event_row){{rein}};
    }
    event_set_list(say(t, EVENT_AGENT_UPDATED, agent), F_REINS, rows, count);
    fold(t);
}

static void a_verb_needs_a_rein(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_verbs(&t, "pause resume interrupt stop revoke approve message");
    tell_started(&t, "a1");
    tell_state(&t, "a1", AGENT_RUNNING);
    assert_contains(why_not(&t, "a1", VERB_PAUSE), "held");
    tell_reins(&t, "a1", "hold");
    assert_null(why_not(&t, "a1", VERB_PAUSE));
    assert_contains(why_not(&t, "a1", VERB_STOP), "stopped");
    tell_reins(&t, "a1", "withhold freeze");
    assert_null(why_not(&t, "a1", VERB_PAUSE));
    assert_contains(why_not(&t, "a1", VERB_INTERRUPT), "interrupted");
    tell_reins(&t, "a1", "interrupt stop revoke");
    assert_null(why_not(&t, "a1", VERB_INTERRUPT));
    assert_null(why_not(&t, "a1", VERB_STOP));
    assert_null(why_not(&t, "a1", VERB_REVOKE));
    assert_non_null(why_not(&t, "a1", VERB_PAUSE));
    assert_null(why_not(&t, "a1", VERB_APPROVE));
    assert_null(why_not(&t, "a1", VERB_MESSAGE));
    fleet_free(t.fleet);
}

static void a_verb_needs_a_live_backend_that_has_it(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_reins(&t, "a1", "stop");
    assert_contains(why_not(&t, "a1", VERB_STOP), "not connected");
    tell_verbs(&t, "pause nonsense");
    assert_contains(why_not(&t, "a1", VERB_STOP), "does not offer");
    tell_verbs(&t, "stop");
    assert_null(why_not(&t, "a1", VERB_STOP));
    tell_link(&t, LINK_DOWN);
    assert_contains(why_not(&t, "a1", VERB_STOP), "not connected");
    fleet_free(t.fleet);
}

static void a_verb_must_make_sense_now(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_verbs(&t, "pause resume stop revoke deny budget message");
    tell_started(&t, "a1");
    tell_reins(&t, "a1", "hold stop revoke");
    assert_contains(why_not(&t, "a1", VERB_RESUME), "not paused");
    tell_state(&t, "a1", AGENT_PAUSED);
    assert_null(why_not(&t, "a1", VERB_RESUME));
    assert_contains(why_not(&t, "a1", VERB_PAUSE), "already");
    tell_state(&t, "a1", AGENT_STOPPED);
    assert_contains(why_not(&t, "a1", VERB_STOP), "has stopped");
    assert_contains(why_not(&t, "a1", VERB_MESSAGE), "has stopped");
    assert_null(why_not(&t, "a1", VERB_REVOKE));
    assert_null(why_not(&t, "a1", VERB_DENY));
    assert_contains(why_not(&t, "nobody", VERB_STOP), "no such agent");
    assert_contains(why_not(&t, "a1", VERB_UNKNOWN), "unknown");
    assert_contains(why_not(&t, "a1", VERB_COUNT), "unknown");
    fleet_free(t.fleet);
}

static void a_fleet_verb_needs_one_backend_that_has_it(void **state)
{
    (void)state;
    struct teller t = teller_new();
    const char *why = NULL;
    assert_false(fleet_verb_offered(t.fleet, 0, VERB_STOP_ALL, &why));
    assert_contains(why, "no back-end");
    tell_link(&t, LINK_DOWN);
    assert_false(fleet_verb_offered(t.fleet, 0, VERB_STOP_ALL, &why));
    t.backend = "b2";
    tell_verbs(&t, "stop_all");
    assert_true(fleet_verb_offered(t.fleet, 0, VERB_STOP_ALL, &why));
    assert_false(fleet_verb_offered(t.fleet, 0, VERB_RESET_STOP, &why));
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_goes_from_sent_to_confirmed),
        cmocka_unit_test(agents_of_who_does_not_answer_a_stop_are_unreachable),
        cmocka_unit_test(what_was_accepted_gets_its_reason_later),
        cmocka_unit_test(an_end_is_the_end),
        cmocka_unit_test(unverifiable_may_still_be_confirmed),
        cmocka_unit_test(another_backend_cannot_answer),
        cmocka_unit_test(a_command_told_twice_is_one),
        cmocka_unit_test(a_command_is_found_by_its_target),
        cmocka_unit_test(answers_to_nothing_are_logged),
        cmocka_unit_test(the_oldest_answered_commands_fall_off),
        cmocka_unit_test(a_verb_needs_a_rein),
        cmocka_unit_test(a_verb_needs_a_live_backend_that_has_it),
        cmocka_unit_test(a_verb_must_make_sense_now),
        cmocka_unit_test(a_fleet_verb_needs_one_backend_that_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
