/* Fleet stop: from everywhere, over everything, and shown until every agent is accounted for. */
#include "fleet_scene.h"

static void start(struct kit *k)
{
    kit_init(k, 100, 30);
    scene_build(k);
}

static void assert_stops(struct kit *k)
{
    press(k, '!');
    assert_shows(k, "fleet stop: S stops every agent");
    assert_int_equal(press(k, 'S'), INTENT_COMMAND);
    assert_int_equal(k->out.command.verb, VERB_STOP_ALL);
    assert_int_equal(k->out.command.backend.n, 0);
    assert_int_equal(k->out.command.agent.n, 0);
    assert_shows(k, "FLEET STOP"); /* at once, before anyone answered */
    assert_shows(k, "no back-end has answered yet");
    assert_hides(k, "approval ─"); /* what was open is closed */
    assert_null(strstr(row_text(k, k->c.h - 1), "Esc"));
}

static void open_nothing(struct kit *k)
{
    (void)k;
}

static void open_approval(struct kit *k)
{
    press(k, 'a');
}

static void open_word(struct kit *k)
{
    press(k, 'a');
    draw(k);
    pass_ms(k, 2000);
    press(k, 'a');
    assert_shows(k, "approve once, type");
}

static void open_help(struct kit *k)
{
    press(k, '?');
}

static void open_filter(struct kit *k)
{
    type(k, "/abc");
}

static void open_command(struct kit *k)
{
    type(k, ":resu");
}

static void open_deny(struct kit *k)
{
    type(k, "dno");
}

static void open_confirm(struct kit *k)
{
    ui_command_line(k->ui, k->f, SPAN("select mailer"), k->now, &k->out);
    press(k, 'r');
}

static void open_stop_agent(struct kit *k)
{
    press(k, 'X');
}

static void open_frozen(struct kit *k)
{
    press(k, 'F');
}

static void open_agent(struct kit *k)
{
    press(k, KEY(ENTER));
}

static void open_log(struct kit *k)
{
    press(k, '3');
}

static void works_from_everywhere(void **state)
{
    (void)state;
    static void (*const places[])(struct kit *) = {
        open_nothing, open_approval, open_word,   open_help,       open_filter, open_command,
        open_deny,    open_confirm,  open_frozen, open_stop_agent, open_agent,  open_log,
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct kit k;
        start(&k);
        places[i](&k);
        draw(&k);
        assert_stops(&k);
        kit_release(&k);
    }
}

static void another_key_cancels_and_does_nothing(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    press(&k, '!');
    assert_int_equal(press(&k, 'p'), INTENT_NONE); /* not a pause either */
    assert_shows(&k, "fleet stop was not given");
    assert_int_equal(press(&k, 'S'), INTENT_NONE);
    press(&k, '!');
    press(&k, KEY(ESC));
    assert_int_equal(press(&k, 'S'), INTENT_NONE);
    press(&k, '!');
    press(&k, 's');
    assert_int_equal(press(&k, 'S'), INTENT_NONE);
    press(&k, '!');
    press(&k, '!'); /* twice is meant */
    assert_int_equal(press(&k, 'S'), INTENT_COMMAND);
    kit_release(&k);
}

static void comes_too_late_after_three_seconds(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    press(&k, '!');
    draw(&k);
    assert_true(next_change(&k) <= k.now.mono_us + 3 * S_US + 1);
    pass_ms(&k, 3001);
    assert_hides(&k, "S stops every agent");
    assert_int_equal(press(&k, 'S'), INTENT_NONE);
    press(&k, '!');
    pass_ms(&k, 2999);
    assert_int_equal(press(&k, 'S'), INTENT_COMMAND);
    kit_release(&k);
}

static void typing_is_not_disturbed(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    type(&k, "/!codex");
    assert_shows(&k, "/!codex");
    assert_hides(&k, "search-index");
    kit_release(&k);
}

static void report(struct kit *k, const char *backend, bool latched, int64_t asked, int64_t done,
                   int64_t lost)
{
    begin(k, backend, EVENT_FLEET_STOP, 0);
    number(k, F_STOP_LATCHED, latched);
    number(k, F_STOP_REQUESTED, asked);
    number(k, F_STOP_CONFIRMED, done);
    number(k, F_STOP_UNREACHABLE, lost);
    fold(k);
}

static void counts_until_all_are_accounted_for(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    assert_stops(&k);
    report(&k, "ci", true, 3, 1, 0);
    assert_shows(&k, "requested 3   confirmed 1   unreachable 0");
    assert_shows(&k, "STOPPED");
    report(&k, "codex-prod", true, 5, 5, 0);
    report(&k, "edge-eu", true, 1, 0, 1);
    assert_shows(&k, "requested 9   confirmed 6   unreachable 1");
    assert_shows(&k, "edge-eu (1 agent, sent when it returns)");
    press(&k, KEY(ESC)); /* small, not gone, while agents are missing */
    assert_shows(&k, "─ FLEET STOP ─");
    assert_shows(&k, "confirmed 6");
    report(&k, "ci", true, 3, 3, 0);
    report(&k, "edge-eu", true, 1, 1, 0);
    assert_hides(&k, "FLEET STOP");
    assert_shows(&k, "STOPPED"); /* latched */
    kit_release(&k);
}

static void who_is_away_is_counted_as_unreachable(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    assert_stops(&k);
    begin(&k, "edge-eu", EVENT_OPERATOR_COMMAND,
          0); /* as the console records what it sent to each */
    text(&k, F_COMMAND_ID, "c1");
    number(&k, F_VERB, VERB_STOP_ALL);
    fold(&k);
    report(&k, "ci", true, 3, 3, 0);
    report(&k, "codex-prod", true, 5, 5, 0);
    report(&k, "laptop", true, 2, 2, 0);
    assert_shows(&k, "requested 11   confirmed 10   unreachable 1");
    assert_shows(&k, "edge-eu (1 agent, sent when it returns)");
    press(&k, KEY(ESC));
    assert_shows(&k, "─ FLEET STOP ─"); /* not put away while one is missing */
    kit_release(&k);
}

static void the_panel_stays_until_it_was_read(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    report(&k, "ci", true, 3, 3, 0); /* given by someone else */
    assert_shows(&k, "FLEET STOP");
    press(&k, 'j');
    assert_shows(&k, "FLEET STOP");
    press(&k, KEY(ESC));
    assert_hides(&k, "FLEET STOP");
    assert_shows(&k, "STOPPED");
    kit_release(&k);
}

static void reset_is_typed(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    ui_command_line(k.ui, k.f, SPAN("reset-stop"), k.now, &k.out);
    assert_shows(&k, "no fleet stop is in force");
    report(&k, "ci", true, 3, 3, 0);
    type(&k, ":reset-stop");
    press(&k, KEY(ENTER));
    assert_shows(&k, "type \"reset\"");
    type(&k, "yes");
    assert_int_not_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    type(&k, "reset");
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_int_equal(k.out.command.verb, VERB_RESET_STOP);
    assert_shows(&k, "STOPPED"); /* until a back-end says otherwise */
    report(&k, "ci", false, 0, 0, 0);
    assert_hides(&k, "STOPPED");
    assert_hides(&k, "FLEET STOP");
    kit_release(&k);
}

/* Given by a console before this one, to a back-end that is away: what the hub tells of it at the
 * start. */
static void one_of_the_console_before_is_shown_and_taken_back(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 100, 30);
    backend_verbs(&k, "far", LINK_DOWN, 60, "nobody answers", 5);
    begin(&k, "far", EVENT_OPERATOR_COMMAND, 60);
    text(&k, F_COMMAND_ID, "01BEFORE");
    number(&k, F_VERB, VERB_STOP_ALL);
    number(&k, F_STOP_REQUESTED, 7);
    k.ev.seq = 0;
    fold(&k);
    assert_shows(&k, "FLEET STOP");
    assert_shows(&k, "requested 7   confirmed 0   unreachable 7");
    assert_shows(&k, "far (7 agents, sent when it returns)");
    type(&k, ":reset-stop");
    press(&k, KEY(ENTER));
    assert_shows(&k, "type \"reset\"");
    type(&k, "reset");
    assert_int_equal(press(&k, KEY(ENTER)), INTENT_COMMAND);
    assert_int_equal(k.out.command.verb, VERB_RESET_STOP);
    kit_release(&k);
}

static void a_rebound_key_works_too(void **state)
{
    struct kit k;
    (void)state;
    start(&k);
    assert_status(ui_bind(k.ui, SPAN("stop-all"), SPAN("f12"), NULL), ST_OK);
    press(&k, '!');
    assert_int_equal(press(&k, 'S'), INTENT_NONE);
    press(&k, KEY(F12));
    assert_int_equal(press(&k, 'S'), INTENT_COMMAND);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_from_everywhere),
        cmocka_unit_test(another_key_cancels_and_does_nothing),
        cmocka_unit_test(comes_too_late_after_three_seconds),
        cmocka_unit_test(typing_is_not_disturbed),
        cmocka_unit_test(counts_until_all_are_accounted_for),
        cmocka_unit_test(who_is_away_is_counted_as_unreachable),
        cmocka_unit_test(the_panel_stays_until_it_was_read),
        cmocka_unit_test(reset_is_typed),
        cmocka_unit_test(one_of_the_console_before_is_shown_and_taken_back),
        cmocka_unit_test(a_rebound_key_works_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
