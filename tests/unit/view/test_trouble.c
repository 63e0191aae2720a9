/* What a row says of an agent in trouble: the trouble, and not what came before it. */
#include "fleet_scene.h"

static void start(struct kit *k)
{
    kit_init(k, 120, 30);
    backend_live(k, "ci");
    begin(k, "ci", EVENT_AGENT_STARTED, 30);
    text(k, F_AGENT_ID, "helper");
    text(k, F_AGENT_NAME, "helper");
    fold(k);
}

static void says_state(struct kit *k, enum agent_state state, const char *reason)
{
    begin(k, "ci", EVENT_AGENT_STATE, 20);
    text(k, F_AGENT_ID, "helper");
    number(k, F_STATE, state);
    text(k, F_REASON, reason);
    fold(k);
}

static void says_failure(struct kit *k, const char *error)
{
    begin(k, "ci", EVENT_FAILURE_REPORTED, 10);
    text(k, F_AGENT_ID, "helper");
    number(k, F_FAILURE_CLASS, FAILURE_TOOL);
    text(k, F_ERROR, error);
    fold(k);
}

static void a_failure_is_told_not_the_reason_of_the_state_before(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    says_state(&k, AGENT_RUNNING, "subagent started");
    says_failure(&k, "exit 1: no such file");
    assert_shows(&k, "exit 1: no such file");
    assert_hides(&k, "subagent started");
    kit_release(&k);
}

static void the_reason_of_having_failed_is_told(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    says_failure(&k, "exit 1: no such file");
    says_state(&k, AGENT_FAILED, "gave up after attempt 5");
    assert_shows(&k, "gave up after attempt 5");
    kit_release(&k);
}

/* A command has no subject of its own; its verb stands there. */
static void what_a_command_met_is_told_apart_from_its_verb(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    begin(&k, "ci", EVENT_OPERATOR_COMMAND, 5);
    text(&k, F_COMMAND_ID, "01CMD");
    number(&k, F_VERB, VERB_FREEZE);
    text(&k, F_AGENT_ID, "helper");
    fold(&k);
    begin(&k, "ci", EVENT_OPERATOR_RESULT, 4);
    text(&k, F_COMMAND_ID, "01CMD");
    number(&k, F_COMMAND_STATE, COMMAND_FAILED);
    text(&k, F_REASON, "frozen 5 of 6");
    fold(&k);
    press(&k, '1');
    press(&k, KEY(ENTER));
    assert_shows(&k, "freeze  frozen 5 of 6");
    kit_release(&k);
}

/* Neither running, as it was last seen, nor stopped, which nobody has seen. */
static void who_is_not_reported_any_more_is_shown_as_unknown(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    says_state(&k, AGENT_RUNNING, "subagent started");
    says_failure(&k, "exit 1: no such file");
    fleet_snapshot_begin(k.f, SPAN("ci"));
    fleet_snapshot_end(k.f, SPAN("ci"), k.seq);
    assert_shows(&k, "unknown");
    assert_shows(&k, "not reported any more");
    assert_hides(&k, "stopped");
    assert_hides(&k, "exit 1: no such file");
    kit_release(&k);
}

/* As at the beginning of every record that is replayed. */
static void a_tree_of_nobody_is_drawn(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 80, 24);
    (void)press(&k, 'g');
    (void)press(&k, 't');
    draw(&k);
    assert_shows(&k, "no agent has been seen yet");
    kit_release(&k);
}

static void a_line_of_senders_begins_with_one(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    begin(&k, "ci", EVENT_AGENT_UPDATED, 5);
    text(&k, F_AGENT_ID, "helper");
    text(&k, F_AGENT_PARENT, "planner");
    fold(&k);
    draw(&k);
    (void)press(&k, KEY(ENTER));
    assert_shows(&k, "started by planner");
    assert_hides(&k, ", started by");
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_told_not_the_reason_of_the_state_before),
        cmocka_unit_test(the_reason_of_having_failed_is_told),
        cmocka_unit_test(what_a_command_met_is_told_apart_from_its_verb),
        cmocka_unit_test(who_is_not_reported_any_more_is_shown_as_unknown),
        cmocka_unit_test(a_tree_of_nobody_is_drawn),
        cmocka_unit_test(a_line_of_senders_begins_with_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
