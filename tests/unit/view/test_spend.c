/* Budgets on the screen: how much of each is used, which is the tighter one, who waits and why. */
#include "fleet_scene.h"

static void start(struct kit *k, int cols, int rows)
{
    kit_init(k, cols, rows);
    backend_live(k, "ci");
    begin(k, "ci", EVENT_AGENT_STARTED, 30);
    text(k, F_AGENT_ID, "helper");
    text(k, F_AGENT_NAME, "helper");
    fold(k);
}

static void spends(struct kit *k, int64_t microusd, int64_t seconds_ago)
{
    begin(k, "ci", EVENT_SPEND_RECORDED, seconds_ago);
    text(k, F_AGENT_ID, "helper");
    number(k, F_COST_MICROUSD, microusd);
    fold(k);
}

static void limit_all(struct kit *k, int64_t spent, int64_t day, int64_t total)
{
    begin(k, "ci", EVENT_SPEND_DAY, 1);
    number(k, F_COST_MICROUSD, spent);
    number(k, F_BUDGET_LIMIT, day);
    number(k, F_SPEND_TOTAL, spent);
    number(k, F_SPEND_TOTAL_LIMIT, total);
    fold(k);
}

static void limit_agent(struct kit *k, int64_t microusd, int64_t used, int64_t tokens,
                        int64_t used_tokens)
{
    begin(k, "ci", EVENT_BUDGET_CHANGED, 1);
    text(k, F_AGENT_ID, "helper");
    number(k, F_BUDGET_LIMIT, microusd);
    number(k, F_BUDGET_USED, used);
    number(k, F_BUDGET_TOKENS, tokens);
    number(k, F_BUDGET_TOKENS_USED, used_tokens);
    fold(k);
}

static void says_state(struct kit *k, enum agent_state state, const char *reason)
{
    begin(k, "ci", EVENT_AGENT_STATE, 1);
    text(k, F_AGENT_ID, "helper");
    number(k, F_STATE, state);
    text(k, F_REASON, reason);
    fold(k);
}

static void budgets_of_all_are_bars_with_their_rate(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 100, 30);
    press(&k, '5');
    assert_hides(&k, "budgets of all agents");
    spends(&k, 4000000, 90);
    limit_all(&k, 4000000, 8000000, 100000000);
    assert_shows(&k, "budgets of all agents");
    assert_shows(&k, "day      █████░░░│░░ 50%  $4.00 of $8.00  at $0.40/min full in ~10 min");
    assert_shows(&k, "fleet    ░░░░░░░░│░░ 4%  $4.00 of $100.00  at $0.40/min full in ~4 h");
    pass_ms(&k, 11 * 60000); /* nothing was spent for ten minutes */
    assert_hides(&k, "/min full");
    limit_all(&k, 8000000, 8000000, 100000000);
    assert_shows(&k, "████████│██ 100%  $8.00 of $8.00  used up: calls to models wait");
    limit_all(&k, 8000000, 0, 0);
    assert_hides(&k, "budgets of all agents");
    kit_release(&k);
}

static void the_tighter_budget_of_an_agent_is_its_bar(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 30);
    press(&k, '5');
    limit_agent(&k, 10000000, 2000000, 0, 0);
    assert_shows(&k, "$10.00  ██░░░░░░│░░ 20%");
    limit_agent(&k, 10000000, 2000000, 400000, 380000);
    assert_shows(&k, "400k tok  ████████│█░ 95%");
    limit_agent(&k, 0, 0, 400000, 400000);
    assert_shows(&k, "400k tok  ████████│██ 100%");
    kit_release(&k);
}

/* What calls may have used that did not tell is held against a budget, and said to be that. */
static void what_was_not_told_is_said_of_a_budget(void **state)
{
    (void)state;
    struct kit k;
    start(&k, 120, 30);
    press(&k, '5');
    begin(&k, "ci", EVENT_SPEND_RECORDED, 1);
    text(&k, F_AGENT_ID, "helper");
    number(&k, F_COST_MICROUSD, 1000000);
    number(&k, F_SPEND_BOUND, 3000000);
    number(&k, F_SPEND_BOUND_TOKENS, 300000);
    number(&k, F_BUDGET_LIMIT, 8000000);
    number(&k, F_BUDGET_USED, 4000000);
    number(&k, F_SPEND_SOURCE, SPEND_SOURCE_GATEWAY);
    fold(&k);
    begin(&k, "ci", EVENT_SPEND_DAY, 1);
    number(&k, F_COST_MICROUSD, 1000000);
    number(&k, F_SPEND_BOUND, 3000000);
    number(&k, F_BUDGET_LIMIT, 8000000);
    fold(&k);
    assert_shows(&k, "day      █████░░░│░░ 50%  $4.00 of $8.00, $3.00 of it not told");
    says_state(&k, AGENT_PAUSED, "held: the day's budget of all agents, $8.00, is used up");
    assert_shows(&k, "waits    1: helper");
    kit_release(&k);
}

static void confirm(struct kit *k)
{
    assert_int_equal(k->out.kind, INTENT_FLUSH_KEYS);
    draw(k);
    pass_ms(k, 1000);
    assert_shows(k, "b again sets it");
    press(k, 'b');
    assert_int_equal(k->out.kind, INTENT_COMMAND);
}

/* A limit that is typed lets calls go: it is shown beside the one that it replaces, and armed. */
static void a_budget_is_armed_and_bound_to_the_one_that_was_shown(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 80, 24);
    limit_agent(&k, 5000000, 5100000, 400000, 0);
    press(&k, '5');
    assert_shows(&k, "helper");
    pass_ms(&k, 1000);
    press(&k, 'b');
    type(&k, "7.50");
    press(&k, KEY(ENTER));
    assert_int_equal(k.out.kind, INTENT_FLUSH_KEYS);
    assert_shows(&k, "helper: $7.50 (now $5.00 and 400000 tokens)");
    assert_shows(&k, "armed in 1 s");
    press(&k, 'b'); /* too early, and a key besides */
    assert_int_equal(k.out.kind, INTENT_NONE);
    press(&k, KEY(ENTER));
    assert_int_equal(k.out.kind, INTENT_NONE);
    press(&k, KEY(ESC));
    assert_hides(&k, "armed in 1 s");
    press(&k, 'b');
    type(&k, "7.50");
    press(&k, KEY(ENTER));
    pass_ms(&k, 1000);
    limit_agent(&k, 1000000, 5100000, 400000, 0);
    assert_shows(&k, "nothing was sent: its limit is another one now");
    press(&k, 'b');
    assert_int_not_equal(k.out.kind, INTENT_COMMAND);
    press(&k, KEY(ESC));
    press(&k, 'b');
    type(&k, "7.50");
    press(&k, KEY(ENTER));
    spends(&k, 1000, 1); /* what is used changes all the time, and is not what was asked */
    confirm(&k);
    assert_int_equal(k.out.command.verb, VERB_BUDGET);
    assert_int_equal(k.out.command.limit_microusd, 7500000);
    kit_release(&k);
}

/* Where one reads that it waits, one can raise the budget. */
static void who_waits_for_a_budget_is_named_and_can_be_helped(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 80, 24);
    limit_agent(&k, 5000000, 5100000, 0, 0);
    assert_shows(&k, "b budget");
    says_state(&k, AGENT_PAUSED, "held: over its budget of $5.00");
    assert_shows(&k, "held: over its budget");
    press(&k, '5');
    assert_shows(&k, "waits    1: helper  b raises a budget");
    assert_hides(&k, "r resume");
    says_state(&k, AGENT_PAUSED, "paused by the operator");
    assert_hides(&k, "waits    1");
    says_state(&k, AGENT_PAUSED, "held: over its budget of $5.00");
    draw(&k);
    pass_ms(&k, 1000);
    press(&k, 'b');
    type(&k, "@day 50");
    press(&k, KEY(ENTER));
    assert_shows(&k, "all agents, of a day: $50.00 (now none)");
    confirm(&k);
    assert_int_equal(k.out.command.verb, VERB_BUDGET);
    ui_sent(k.ui, SPAN("01KDAY"), k.now);
    assert_shows(&k, "budget of all agents: ");
    press(&k, 'b');
    type(&k, "7.50");
    press(&k, KEY(ENTER));
    confirm(&k);
    assert_int_equal(k.out.command.limit_microusd, 7500000);
    begin(&k, "ci", EVENT_OPERATOR_COMMAND, 0);
    text(&k, F_COMMAND_ID, "01KRAISE");
    number(&k, F_VERB, VERB_BUDGET);
    number(&k, F_COMMAND_STATE, COMMAND_SENT);
    fold(&k);
    ui_sent(k.ui, SPAN("01KRAISE"), k.now);
    assert_shows(&k, "budget helper: sent");
    begin(&k, "ci", EVENT_OPERATOR_RESULT, 0);
    text(&k, F_COMMAND_ID, "01KRAISE");
    number(&k, F_COMMAND_STATE, COMMAND_CONFIRMED);
    text(&k, F_BY, "$5.10 of $7.50 used; 1 waited and went on");
    fold(&k);
    assert_shows(&k, "budget helper: confirmed: $5.10 of $7.50 used; 1 waited and went on");
    kit_release(&k);
}

static void uses_a_lease(struct kit *k, enum verdict verdict, const char *why)
{
    begin(k, "ci", EVENT_CREDENTIAL_USED, 1);
    text(k, F_AGENT_ID, "helper");
    text(k, F_CREDENTIAL_ID, "01KLEASE");
    number(k, F_VERDICT, verdict);
    text(k, F_REASON, why);
    fold(k);
}

static void its_page_says_what_waits_and_how_to_help(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 80, 24);
    press(&k, KEY(ENTER));
    assert_hides(&k, "b budget");
    says_state(&k, AGENT_PAUSED, "held: the day's budget of all agents, $8.00, is used up");
    assert_shows(&k, "b budget");
    assert_hides(&k, "r resume");
    uses_a_lease(&k, VERDICT_ASK, "over its budget");
    assert_shows(&k, "= waits ");
    uses_a_lease(&k, VERDICT_DENY, "there is no such lease any more");
    assert_shows(&k, "x refused ");
    assert_hides(&k, "   used   ");
    uses_a_lease(&k, VERDICT_ALLOW, "");
    assert_shows(&k, "   used   ");
    kit_release(&k);
}

static size_t first_cell(struct span row, size_t from)
{
    while (from < row.n && row.p[from] == ' ') {
        from++;
    }
    return from;
}

/* The blank at which a text is broken does not move the line below. */
static void a_long_reason_goes_on_under_itself(void **state)
{
    static const char LABEL[] = " state ";
    (void)state;
    for (int cols = 60; cols < 90; cols++) {
        struct kit k;
        struct span row = SPAN_NONE;
        start(&k, cols, 24);
        press(&k, KEY(ENTER));
        says_state(&k, AGENT_PAUSED,
                   "held: until some end, what running calls may use is more than is left of the "
                   "day's budget of all agents, $8.00, and so on and on until the end of it");
        struct span rest = span_str(screen(&k));
        while (span_next(&rest, '\n', &row) && !span_starts(row, LABEL)) {
        }
        size_t under = first_cell(row, sizeof(LABEL) - 1);
        size_t rows = 0;
        while (span_next(&rest, '\n', &row) && first_cell(row, 0) < row.n) {
            assert_int_equal(first_cell(row, 0), under);
            rows++;
        }
        assert_true(rows > 0);
        kit_release(&k);
    }
}

static void long_names_leave_room_for_what_helps(void **state)
{
    static const int cols[] = {80, 120, 200};
    (void)state;
    for (size_t c = 0; c < ARRAY_LEN(cols); c++) {
        struct kit k;
        start(&k, cols[c], 30);
        for (int i = 0; i < 3; i++) {
            char id[80];
            (void)snprintf(id, sizeof(id), "%d-agent-with-a-name-that-goes-on-and-on-and-on", i);
            begin(&k, "ci", EVENT_AGENT_STATE, 1);
            text(&k, F_AGENT_ID, id);
            number(&k, F_STATE, AGENT_PAUSED);
            text(&k, F_REASON, "held: over its budget of $5.00");
            fold(&k);
        }
        press(&k, '5');
        assert_shows(&k, "wait     3: 0-agent-with-a-na");
        assert_shows(&k, "  b raises a budget; of all: @day, @fleet");
        kit_release(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budgets_of_all_are_bars_with_their_rate),
        cmocka_unit_test(the_tighter_budget_of_an_agent_is_its_bar),
        cmocka_unit_test(what_was_not_told_is_said_of_a_budget),
        cmocka_unit_test(a_budget_is_armed_and_bound_to_the_one_that_was_shown),
        cmocka_unit_test(who_waits_for_a_budget_is_named_and_can_be_helped),
        cmocka_unit_test(its_page_says_what_waits_and_how_to_help),
        cmocka_unit_test(a_long_reason_goes_on_under_itself),
        cmocka_unit_test(long_names_leave_room_for_what_helps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
