/* Questions of a request: nothing is chosen by itself, nothing leaves that was not shown once more,
 * and a secret stays hidden. */
#include "asking.h"

#define LOW_MS  500
#define HIGH_MS 1000

static void start(struct kit *k, const struct an_asking *a)
{
    kit_init(k, 100, 30);
    backend_live(k, "lab");
    agent_add(k, "lab",
              &(struct an_agent){.id = "agent/1",
                                 .name = "docs-bot",
                                 .runtime = "codex",
                                 .state = AGENT_WAITING_INPUT,
                                 .since_s = 30});
    asking_add(k, "lab", "agent/1", a);
    draw(k);
    pass_ms(k, 2000);
    assert_int_equal(press(k, 'a'), INTENT_FLUSH_KEYS);
    draw(k);
}

static void keys(struct kit *k, const char *typed)
{
    for (; *typed != '\0'; typed++) {
        assert_int_not_equal(press(k, (uint32_t)(unsigned char)*typed), INTENT_COMMAND);
        draw(k);
    }
}

static void key(struct kit *k, uint32_t code)
{
    assert_int_not_equal(press(k, code), INTENT_COMMAND);
    draw(k);
}

/* Through all pages of the form, to what would be sent. */
static void fill(struct kit *k)
{
    keys(k, "2");
    key(k, KEY(ENTER));
    keys(k, "3");
    key(k, KEY(ENTER));
    keys(k, "12");
    key(k, KEY(ENTER));
    keys(k, "hunter2");
    key(k, KEY(ENTER));
}

static void each_question_is_answered_and_shown_once_more(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_LOW);
    start(&k, &a);
    assert_shows(&k, "question 1 of 4");
    assert_shows(&k, "deploys (MCP)");
    assert_shows(&k, "Where should it run?");
    assert_shows(&k, "Ohio: far");
    assert_shows(&k, "nothing is chosen");
    key(&k, 'a'); /* no approval on a page with a question */
    assert_shows(&k, "answer its questions first");
    fill(&k);
    assert_shows(&k, " answers ");
    assert_shows(&k, "region");
    assert_shows(&k, "us");
    assert_shows(&k, "(hidden) 7 characters");
    assert_hides(&k, "hunter2");
    assert_shows(&k, "send these answers: armed in 1 s");
    key(&k, 'a');
    pass_ms(&k, LOW_MS);
    assert_shows(&k, "a send these answers");
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_command(&k, VERB_APPROVE, "agent/1", "01ASK");
    assert_span_is(k.out.command.digest, A_DIGEST);
    assert_span_is(k.out.command.scope, "once");
    assert_span_is(k.out.command.answers,
                   "[{\"id\":\"region\",\"value\":\"us\"},{\"id\":\"count\",\"value\":\"3\"},"
                   "{\"id\":\"parts\",\"value\":\"web\"},{\"id\":\"parts\",\"value\":\"db\"},"
                   "{\"id\":\"token\",\"value\":\"hunter2\",\"secret\":true}]");
    key(&k, 'j'); /* the answer was given: the same key does nothing twice */
    assert_int_not_equal(press(&k, 'a'), INTENT_COMMAND);
    kit_release(&k);
}

static void what_is_no_answer_is_named_and_goes_nowhere(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_LOW);
    start(&k, &a);
    key(&k, KEY(ENTER));
    assert_shows(&k, "Region: an answer is needed");
    key(&k, KEY(DOWN));
    key(&k, KEY(ENTER));
    assert_shows(&k, "question 2 of 4");
    keys(&k, "9");
    key(&k, KEY(ENTER));
    assert_shows(&k, "How many: not above 5");
    key(&k, KEY(BACKSPACE));
    keys(&k, "2.5");
    key(&k, KEY(ENTER));
    assert_shows(&k, "How many: a whole number is needed");
    for (int i = 0; i < 3; i++) {
        key(&k, KEY(BACKSPACE));
    }
    keys(&k, "5");
    key(&k, KEY(ENTER));
    keys(&k, "123");
    key(&k, KEY(ENTER));
    assert_shows(&k, "Parts: at most 2 of them");
    keys(&k, "3");
    key(&k, KEY(ENTER));
    keys(&k, "abc");
    key(&k, KEY(ENTER));
    assert_shows(&k, "Token: fewer characters than 4");
    for (int i = 0; i < 3; i++) {
        key(&k, KEY(BACKSPACE));
    }
    key(&k, KEY(ENTER));
    assert_shows(&k, "unanswered");
    key(&k, KEY(BACKTAB));
    assert_shows(&k, "question 4 of 4");
    kit_release(&k);
}

static void words_of_ones_own(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_LOW);
    a.question_count = 1;
    start(&k, &a);
    for (int i = 0; i < 3; i++) {
        key(&k, KEY(DOWN));
    }
    keys(&k, "d1 asia"); /* no key of the dialog's: they are typed */
    assert_shows(&k, "answer: d1 asia");
    key(&k, KEY(ENTER));
    pass_ms(&k, LOW_MS);
    draw(&k);
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_span_is(k.out.command.answers, "[{\"id\":\"region\",\"value\":\"d1 asia\"}]");
    kit_release(&k);
}

static void at_high_risk_a_word_is_typed_too(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_HIGH);
    start(&k, &a);
    fill(&k);
    pass_ms(&k, HIGH_MS);
    key(&k, 'a');
    assert_shows(&k, "send these answers, type \"deploys\"");
    keys(&k, "nothing");
    key(&k, KEY(ENTER));
    assert_shows(&k, "that is not the word");
    kit_release(&k);
}

static void esc_leaves_it_unanswered(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_LOW);
    start(&k, &a);
    fill(&k);
    key(&k, KEY(ESC));
    assert_hides(&k, "send these answers");
    pass_ms(&k, 2000);
    assert_int_equal(press(&k, 'a'), INTENT_FLUSH_KEYS);
    draw(&k);
    assert_shows(&k, "question 1 of 4");
    assert_shows(&k, "nothing is chosen"); /* and nothing of it is kept */
    kit_release(&k);
}

static void another_question_under_the_same_name_begins_anew(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_LOW);
    start(&k, &a);
    fill(&k);
    pass_ms(&k, LOW_MS);
    a.question_count = 2;
    asking_add(&k, "lab", "agent/1", &a);
    draw(&k);
    assert_shows(&k, "the request has changed");
    assert_shows(&k, "question 1 of 2");
    assert_int_not_equal(press(&k, 'a'), INTENT_COMMAND);
    kit_release(&k);
}

static void fleet_stop_is_reached_from_a_line_too(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_LOW);
    start(&k, &a);
    keys(&k, "2");
    key(&k, KEY(ENTER));
    keys(&k, "!");
    assert_shows(&k, "answer: !");
    assert_int_equal(press(&k, 'S'), INTENT_COMMAND);
    assert_int_equal(k.out.command.verb, VERB_STOP_ALL);
    kit_release(&k);
}

/* What cannot be told whole here is not answered, and can be denied. */
static void a_form_that_is_not_known_is_not_answered(void **state)
{
    static const struct event_row ODD[] = {
        {{SPAN_INIT("x"), SPAN_INIT("colour"), SPAN_INIT("X"), SPAN_INIT("?"), SPAN_INIT("")}}};
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_LOW);
    a.questions = ODD;
    a.question_count = 1;
    start(&k, &a);
    pass_ms(&k, HIGH_MS);
    assert_shows(&k, "its questions cannot be answered from here");
    assert_int_not_equal(press(&k, 'a'), INTENT_COMMAND);
    press(&k, 'd');
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_command(&k, VERB_DENY, "agent/1", "01ASK");
    kit_release(&k);
}

static void deny_and_end_the_turn_is_one_key(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_form(RISK_HIGH);
    start(&k, &a);
    assert_int_equal(press(&k, 'E'), INTENT_COMMAND);
    assert_command(&k, VERB_DENY, "agent/1", "01ASK");
    assert_span_is(k.out.command.scope, "turn");
    assert_int_equal(k.out.command.answers.n, 0);
    kit_release(&k);

    a.denial_count = 1;
    start(&k, &a);
    assert_int_not_equal(press(&k, 'E'), INTENT_COMMAND);
    assert_shows(&k, "does not end the turn");
    kit_release(&k);
}

/* Never one key: chosen by a key of its own, shown, read to its end, armed, typed. */
static void a_lasting_rule_is_shown_and_typed(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_rule();
    start(&k, &a);
    pass_ms(&k, HIGH_MS);
    assert_shows(&k, "L for good");
    key(&k, 's');
    assert_shows(&k, "for the session");
    key(&k, 's'); /* what holds for good is not among these */
    assert_shows(&k, "approve once");
    key(&k, 'L');
    assert_shows(&k, "prefix_rule(pattern=[\"make\"], decision=\"allow\")");
    assert_shows(&k, "/home/ng/.codex/rules/default.rules");
    assert_shows(&k, "GRANTS");
    assert_shows(&k, "approve FOR GOOD: armed in 1 s");
    key(&k, 'a');
    pass_ms(&k, HIGH_MS);
    assert_shows(&k, "a approve FOR GOOD: then type \"always\"");
    key(&k, 'a');
    keys(&k, "alway");
    key(&k, KEY(ENTER));
    assert_shows(&k, "that is not the word");
    pass_ms(&k, HIGH_MS);
    draw(&k);
    keys(&k, "always");
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_command(&k, VERB_APPROVE, "agent/1", "01ASK");
    assert_span_is(k.out.command.scope, "always");
    kit_release(&k);
}

/* Whatever a back-end gives as the text of the call. */
static void a_lasting_rule_is_shown_before_any_text(void **state)
{
    static const char *const ACTIONS[] = {"make clean", "[\"make\",\"clean\"]", "\"make clean\"",
                                          "{\"broken\": make clean"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ACTIONS); i++) {
        struct kit k;
        struct an_asking a = asking_rule();
        a.action = ACTIONS[i];
        start(&k, &a);
        assert_hides(&k, "prefix_rule");
        key(&k, 'L');
        assert_shows(&k, "prefix_rule");
        assert_shows(&k, "every command that begins with these words");
        assert_shows(&k, "clean");
        kit_release(&k);
    }
}

static void a_lasting_rule_that_is_cut_is_not_offered(void **state)
{
    char words[EVENT_CELL_BYTES + 100];
    memset(words, 'w', sizeof(words));
    (void)state;
    for (int cell = 1; cell <= 2; cell++) {
        struct kit k;
        struct event_row scopes[ARRAY_LEN(ASKING_SCOPES)];
        memcpy(scopes, ASKING_SCOPES, sizeof(scopes));
        scopes[2].cell[cell] = (struct span){words, sizeof(words)};
        struct an_asking a = asking_rule();
        a.scopes = scopes;
        start(&k, &a);
        key(&k, 'L');
        assert_shows(&k, "the rule is too long to be shown whole");
        kit_release(&k);
    }
}

static void a_lasting_choice_is_taken_back(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_rule();
    start(&k, &a);
    key(&k, 'L');
    key(&k, 'L');
    assert_hides(&k, "prefix_rule");
    pass_ms(&k, HIGH_MS);
    assert_shows(&k, "a approve once");
    assert_int_equal(press(&k, 'a'), INTENT_COMMAND);
    assert_span_is(k.out.command.scope, "once");
    kit_release(&k);
}

static void what_it_comes_to_stands_before_the_text(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_permissions();
    start(&k, &a);
    int network = row_with(&k, "any address");
    int path = row_with(&k, "/srv/data");
    assert_true(network > 0 && path > network && row_with(&k, "enabled") > path);
    key(&k, 'L');
    assert_shows(&k, "nothing is offered that holds for good");
    kit_release(&k);
}

/* It is listed, and shown as it came; no key of ours answers it. */
static void what_only_its_own_client_can_answer_is_shown_and_left_alone(void **state)
{
    struct kit k;
    (void)state;
    struct an_asking a = asking_elsewhere();
    start(&k, &a);
    assert_shows(&k, "nothing, only in its own client: this version cannot answer it");
    assert_shows(&k, "cannot be approved: only in its own client");
    assert_shows(&k, "lookup");
    assert_int_equal(row_with(&k, "deny"), -1);
    pass_ms(&k, HIGH_MS);
    keys(&k, "adDEsL");
    assert_shows(&k, "approve: only in its own client");
    key(&k, KEY(ESC));
    keys(&k, "dE2");
    assert_shows(&k, "its own client");
    a.denials = ASKING_DENIALS;
    a.denial_count = ARRAY_LEN(ASKING_DENIALS);
    asking_add(&k, "lab", "agent/1", &a);
    draw(&k);
    pass_ms(&k, 2 * HIGH_MS);
    assert_int_equal(press(&k, 'E'), INTENT_COMMAND);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_question_is_answered_and_shown_once_more),
        cmocka_unit_test(what_is_no_answer_is_named_and_goes_nowhere),
        cmocka_unit_test(words_of_ones_own),
        cmocka_unit_test(at_high_risk_a_word_is_typed_too),
        cmocka_unit_test(esc_leaves_it_unanswered),
        cmocka_unit_test(another_question_under_the_same_name_begins_anew),
        cmocka_unit_test(fleet_stop_is_reached_from_a_line_too),
        cmocka_unit_test(a_form_that_is_not_known_is_not_answered),
        cmocka_unit_test(deny_and_end_the_turn_is_one_key),
        cmocka_unit_test(a_lasting_rule_is_shown_and_typed),
        cmocka_unit_test(a_lasting_rule_is_shown_before_any_text),
        cmocka_unit_test(a_lasting_rule_that_is_cut_is_not_offered),
        cmocka_unit_test(a_lasting_choice_is_taken_back),
        cmocka_unit_test(what_it_comes_to_stands_before_the_text),
        cmocka_unit_test(what_only_its_own_client_can_answer_is_shown_and_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
