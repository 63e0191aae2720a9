/* Why it happened: from any line of a call to its decision, its request, rights, and task. */
#include "kit.h"

static void story(struct kit *k, int cols, int rows)
{
    struct event_row grants[] = {ROW(SPAN("/srv/docs"), SPAN("read write"), SPAN("settings"))};
    struct event_row delegation[] = {ROW(SPAN("m.ito"), SPAN("planner"), SPAN("docs"))};
    kit_init(k, cols, rows);
    backend_live(k, "lab");
    agent_add(k, "lab",
              &(struct an_agent){
                  .id = "agent/0", .name = "planner", .state = AGENT_RUNNING, .since_s = 60});
    agent_add(k, "lab",
              &(struct an_agent){.id = "agent/1",
                                 .name = "docs-bot",
                                 .runtime = "claude",
                                 .owner = "m.ito",
                                 .mode = "acceptEdits",
                                 .parent = "agent/0",
                                 .state = AGENT_WAITING_APPROVAL,
                                 .since_s = 30});
    begin(k, "lab", EVENT_AGENT_UPDATED, 30);
    text(k, F_AGENT_ID, "agent/1");
    text(k, F_TASK_TITLE, "write the docs");
    text(k, F_TASK_ID, "T-17");
    event_set_list(&k->ev, F_GRANTS, grants, 1);
    event_set_list(&k->ev, F_DELEGATION, delegation, 1);
    fold(k);
    request_add(k, "lab",
                &(struct a_request){.agent = "agent/1",
                                    .id = "01A",
                                    .tool = "Bash",
                                    .summary = "make clean",
                                    .action = "{\"command\":\"make clean\"}",
                                    .rule = "builds ask",
                                    .reason = "it builds",
                                    .words = "I need a fresh tree\x1b[31m",
                                    .risk = RISK_HIGH,
                                    .asked_s = 20});
}

static void decided(struct kit *k)
{
    request_resolve(k, "lab", "01A", DECISION_APPROVED, "uid:0", "looks right");
    begin(k, "lab", EVENT_ACTION_STARTED, 0);
    text(k, F_AGENT_ID, "agent/1");
    text(k, F_ACTION_ID, "agent/1"); /* as the request of the kit names it */
    text(k, F_TOOL, "Bash");
    text(k, F_SUMMARY, "make clean");
    text(k, F_DIGEST, A_DIGEST);
    fold(k);
    begin(k, "lab", EVENT_ACTION_FINISHED, 0);
    text(k, F_AGENT_ID, "agent/1");
    text(k, F_ACTION_ID, "agent/1");
    number(k, F_OUTCOME, OUTCOME_SUCCEEDED);
    number(k, F_DURATION_MS, 3200);
    fold(k);
}

static void shows_all_of_it(struct kit *k)
{
    static const char *const parts[] = {
        "Bash: make clean",
        "succeeded",
        "took 3.2 s",
        "approved by uid:0",
        "20.0 s after it was asked: looks right",
        A_DIGEST,
        "rule \"builds ask\": it builds",
        "high risk, NOT reversible",
        "the agent: \"I need a fresh tree",
        "mode acceptEdits",
        "/srv/docs: read write",
        "docs-bot for m.ito, started by planner",
        "m.ito → planner · docs",
        "write the docs · T-17",
    };
    draw(k);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        assert_shows(k, parts[i]);
    }
}

static void from_each_view(void **state)
{
    static const char *const ways[] = {"3h", "3jh", "2h"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct kit k;
        story(&k, 120, 40);
        decided(&k);
        draw(&k);
        type(&k, ways[i]);
        shows_all_of_it(&k);
        press(&k, KEY(ESC));
        assert_hides(&k, "looks right · ");
        assert_hides(&k, "asked by");
        kit_release(&k);
    }
    struct kit k; /* of the agent: its newest call */
    story(&k, 120, 40);
    decided(&k);
    draw(&k);
    type(&k, "gh");
    shows_all_of_it(&k);
    type(&k, "h");
    assert_hides(&k, "asked by");
    kit_release(&k);
}

static void what_waits_was_decided_by_nobody(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 120, 40);
    draw(&k);
    type(&k, "2h");
    assert_shows(&k, "nobody yet: it waits");
    assert_shows(&k, "no start of it is known here");
    kit_release(&k);
}

static void what_ran_undecided_is_said(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 120, 40);
    begin(&k, "lab", EVENT_ACTION_STARTED, 0);
    text(&k, F_AGENT_ID, "agent/1");
    text(&k, F_ACTION_ID, "c9");
    text(&k, F_TOOL, "Bash");
    text(&k, F_SUMMARY, "rm x");
    fold(&k);
    draw(&k);
    type(&k, "3h");
    assert_shows(&k, "it ran without a decision");
    assert_hides(&k, "asked by");
    kit_release(&k);
}

static void another_digest_is_said(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 120, 40);
    request_resolve(&k, "lab", "01A", DECISION_APPROVED, "uid:0", "");
    begin(&k, "lab", EVENT_ACTION_STARTED, 0);
    text(&k, F_AGENT_ID, "agent/1");
    text(&k, F_ACTION_ID, "agent/1");
    text(&k, F_TOOL, "Bash");
    text(&k, F_DIGEST, "sha256:other");
    fold(&k);
    draw(&k);
    type(&k, "3h");
    assert_shows(&k, "what started is ANOTHER:");
    assert_shows(&k, "sha256:other");
    kit_release(&k);
}

static void a_decision_of_another_text_is_said(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 120, 40);
    begin(&k, "lab", EVENT_APPROVAL_RESOLVED, 0);
    text(&k, F_APPROVAL_ID, "01A");
    number(&k, F_DECISION, DECISION_APPROVED);
    text(&k, F_DIGEST, "sha256:other");
    fold(&k);
    draw(&k);
    type(&k, "3h");
    assert_shows(&k, "sha256:other · what was asked is ANOTHER:");
    assert_shows(&k, "decided on other content than was shown here");
    kit_release(&k);
}

static void a_rule_is_named(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 120, 40);
    begin(&k, "lab", EVENT_POLICY_DECIDED, 0);
    text(&k, F_AGENT_ID, "agent/1");
    text(&k, F_ACTION_ID, "c2");
    text(&k, F_TOOL, "Read");
    text(&k, F_SUMMARY, "/x");
    text(&k, F_RULE, "reads");
    text(&k, F_REASON, "only reads");
    text(&k, F_DIGEST, A_DIGEST);
    number(&k, F_VERDICT, VERDICT_ALLOW);
    fold(&k);
    draw(&k);
    type(&k, "3h");
    assert_shows(&k, "allowed by rule \"reads\"");
    assert_shows(&k, "only reads");
    kit_release(&k);
}

/* What is ordered here would be of the row behind it. */
static void nothing_acts_from_it(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 120, 40);
    draw(&k);
    type(&k, "2h");
    for (const char *key = "adDEpriXxvmbZT"; *key != '\0'; key++) {
        assert_int_not_equal(press(&k, (uint32_t)*key), INTENT_COMMAND);
        draw(&k);
        assert_shows(&k, "asked by");
    }
    press(&k, '!'); /* but the fleet stop, as everywhere */
    assert_int_equal(press(&k, 'S'), INTENT_COMMAND);
    assert_int_equal(k.out.command.verb, VERB_STOP_ALL);
    kit_release(&k);
}

static void enter_opens_the_request(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 120, 40);
    decided(&k);
    draw(&k);
    type(&k, "3h");
    press(&k, KEY(ENTER));
    assert_shows(&k, "decided ─ high risk");
    press(&k, KEY(ESC));
    assert_hides(&k, "asked by");
    kit_release(&k);
}

static void another_view_takes_it_away(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 80, 24);
    draw(&k);
    type(&k, "3h");
    assert_shows(&k, "asked by");
    type(&k, "1");
    assert_hides(&k, "asked by");
    kit_release(&k);
}

static void it_scrolls_on_the_smallest_screen(void **state)
{
    struct kit k;
    (void)state;
    story(&k, 60, 15);
    decided(&k);
    draw(&k);
    type(&k, "3h");
    assert_hides(&k, "write the docs");
    draw(&k);
    type(&k, "G");
    assert_shows(&k, "write the docs");
    type(&k, "g");
    assert_shows(&k, "Bash: make clean");
    kit_release(&k);
}

static void nothing_to_say_is_said(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 80, 24);
    backend_live(&k, "lab");
    draw(&k);
    type(&k, "h");
    assert_shows(&k, "no call is selected");
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_each_view),
        cmocka_unit_test(what_waits_was_decided_by_nobody),
        cmocka_unit_test(what_ran_undecided_is_said),
        cmocka_unit_test(another_digest_is_said),
        cmocka_unit_test(a_decision_of_another_text_is_said),
        cmocka_unit_test(a_rule_is_named),
        cmocka_unit_test(nothing_acts_from_it),
        cmocka_unit_test(enter_opens_the_request),
        cmocka_unit_test(another_view_takes_it_away),
        cmocka_unit_test(it_scrolls_on_the_smallest_screen),
        cmocka_unit_test(nothing_to_say_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
