#include <stdio.h>

#include "fixture.h"

/* ---- who is there */
static void an_agent_that_was_never_introduced_is_seen(void **state)
{
    (void)state;
    struct teller t = teller_new();
    event_set_text(say(&t, EVENT_ACTION_STARTED, "a1"), F_TOOL, SPAN("Bash"));
    fold(&t);
    const struct agent *a = agent_named(&t, "a1");
    assert_non_null(a);
    assert_false(a->registered);
    assert_int_equal(a->state, AGENT_UNKNOWN);
    assert_int_equal(a->started_us, 0);
    tell_started(&t, "a1");
    assert_true(agent_named(&t, "a1")->registered);
    assert_int_equal(agent_named(&t, "a1")->state, AGENT_STARTING);
    assert_int_equal(fleet_agent_count(t.fleet), 1);
    fleet_free(t.fleet);
}

static void an_event_without_an_agent_makes_none(void **state)
{
    (void)state;
    struct teller t = teller_new();
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        say(&t, (enum event_type)type, NULL);
        fold(&t);
        say(&t, (enum event_type)type, "");
        fold(&t);
    }
    assert_int_equal(fleet_agent_count(t.fleet), 0);
    assert_int_equal(fleet_pending_count(t.fleet), 0);
    assert_int_equal(fleet_command_count(t.fleet), 0);
    fleet_free(t.fleet);
}

static void what_an_operator_does_is_no_sign_of_life(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    int64_t seen = agent_named(&t, "a1")->last_event_us;
    event_set_text(say(&t, EVENT_OPERATOR_COMMAND, "a1"), F_COMMAND_ID, SPAN("c1"));
    fold(&t);
    say(&t, EVENT_SIGNAL_RAISED, "a1");
    fold(&t);
    assert_int_equal(agent_named(&t, "a1")->last_event_us, seen);
    say(&t, EVENT_ACTION_OUTPUT, "a1");
    fold(&t);
    assert_true(agent_named(&t, "a1")->last_event_us > seen);
    fleet_free(t.fleet);
}

static void ids_of_two_backends_are_two_agents(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    t.backend = "b2";
    tell_started(&t, "a1");
    assert_int_equal(fleet_agent_count(t.fleet), 2);
    assert_int_not_equal(fleet_agent_at(t.fleet, 0)->ref, fleet_agent_at(t.fleet, 1)->ref);
    assert_int_equal(fleet_backend_count(t.fleet), 2);
    assert_int_equal(fleet_backend_named(t.fleet, SPAN("b2"))->agents, 1);
    fleet_free(t.fleet);
}

/* ---- attributes */
static void an_update_changes_only_what_it_names(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct event *ev = say(&t, EVENT_AGENT_STARTED, "a1");
    event_set_text(ev, F_MODEL, SPAN("m1"));
    event_set_text(ev, F_PERMISSION_MODE, SPAN("default"));
    event_set_number(ev, F_PID, 42);
    fold(&t);
    uint32_t newest = fleet_log_newest(t.fleet);
    event_set_text(say(&t, EVENT_AGENT_UPDATED, "a1"), F_PERMISSION_MODE, SPAN("bypass"));
    fold(&t);
    const struct agent *a = agent_named(&t, "a1");
    assert_sid(&t, a->traits->model, "m1");
    assert_sid(&t, a->traits->permission_mode, "bypass");
    assert_int_equal(a->pid, 42);
    assert_int_equal(fleet_log_newest(t.fleet), newest + 1);
    const struct log_entry *e = fleet_log_entry(t.fleet, newest + 1);
    assert_sid(&t, e->subject, "permissions.mode");
    assert_sid(&t, e->text, "bypass");
    fleet_free(t.fleet);
}

static void an_introduction_replaces_everything(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct event_row row = {{SPAN("stop")}};
    struct event *ev = say(&t, EVENT_AGENT_STARTED, "a1");
    event_set_text(ev, F_MODEL, SPAN("m1"));
    event_set_list(ev, F_REINS, &row, 1);
    fold(&t);
    tell_started(&t, "a1");
    const struct agent *a = agent_named(&t, "a1");
    uint32_t count = 1;
    assert_int_equal(a->traits->model, 0);
    assert_null(fleet_agent_list(t.fleet, a->ref, F_REINS, &count));
    assert_int_equal(count, 0);
    fleet_free(t.fleet);
}

static void numbers_out_of_range_are_not_believed(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct event *ev = say(&t, EVENT_AGENT_STARTED, "a1");
    event_set_number(ev, F_PID, INT64_C(1) << 40);
    event_set_number(ev, F_HEARTBEAT_MS, -5);
    event_set_number(ev, F_STATE, 999);
    fold(&t);
    const struct agent *a = agent_named(&t, "a1");
    assert_int_equal(a->pid, 0);
    assert_int_equal(a->traits->heartbeat_ms, 0);
    assert_int_equal(a->state, AGENT_UNKNOWN);
    fleet_free(t.fleet);
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct teller t = teller_new();
    char text[FLEET_TEXT_BYTES + 10];
    memset(text, 'a', sizeof(text));
    memcpy(text + FLEET_TEXT_BYTES - 2, "\xe2\x82\xac", 3);
    event_set_text(say(&t, EVENT_AGENT_STARTED, "a1"), F_TASK_TITLE,
                   (struct span){text, sizeof(text)});
    fold(&t);
    assert_int_equal(fleet_span(t.fleet, agent_named(&t, "a1")->task_title).n,
                     FLEET_TEXT_BYTES - 2);
    memset(text, '\x80', sizeof(text));
    event_set_text(say(&t, EVENT_AGENT_STARTED, "a1"), F_TASK_TITLE,
                   (struct span){text, sizeof(text)});
    fold(&t);
    assert_int_equal(fleet_span(t.fleet, agent_named(&t, "a1")->task_title).n, FLEET_TEXT_BYTES);
    fleet_free(t.fleet);
}

static void a_long_id_is_found_again(void **state)
{
    (void)state;
    struct teller t = teller_new();
    char id[2000];
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    tell_started(&t, id);
    tell_state(&t, id, AGENT_RUNNING);
    assert_int_equal(fleet_agent_count(t.fleet), 1);
    assert_int_equal(agent_named(&t, id)->state, AGENT_RUNNING);
    assert_int_equal(fleet_span(t.fleet, agent_named(&t, id)->id).n, FLEET_ID_BYTES);
    fleet_free(t.fleet);
}

/* ---- lists */
static void a_list_comes_back_as_it_was_given(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct event_row rows[2] = {
        {{SPAN("disk:/w"), SPAN("read"), SPAN_NONE, SPAN("low"), SPAN("x"), SPAN("sixth")}},
        {{SPAN(""), SPAN("w\0x"), SPAN("who")}},
    };
    event_set_list(say(&t, EVENT_AGENT_STARTED, "a1"), F_GRANTS, rows, 2);
    fold(&t);
    event_set_list(say(&t, EVENT_AGENT_STARTED, "a2"), F_CREDENTIALS, rows, 2);
    fold(&t);
    uint32_t count = 0;
    const struct event_row *got =
        fleet_agent_list(t.fleet, agent_named(&t, "a1")->ref, F_GRANTS, &count);
    assert_int_equal(count, 2);
    for (int r = 0; r < 2; r++) {
        for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
            assert_span_eq(got[r].cell[c], rows[r].cell[c]);
        }
    }
    uint32_t other = 0;
    assert_ptr_equal(fleet_agent_list(t.fleet, agent_named(&t, "a2")->ref, F_CREDENTIALS, &other),
                     got);
    assert_null(fleet_agent_list(t.fleet, agent_named(&t, "a2")->ref, F_GRANTS, &other));
    assert_null(fleet_agent_list(t.fleet, agent_named(&t, "a2")->ref, F_MODEL, &other));
    assert_null(fleet_agent_list(t.fleet, 99, F_GRANTS, &other));
    fleet_free(t.fleet);
}

/* Cells that differ only in where one ends and the next begins are other lists. */
static void lists_that_only_look_alike_are_told_apart(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct event_row one = {
        {SPAN("ab"), SPAN("c")}
    };
    struct event_row two = {
        {SPAN("a"), SPAN("bc")}
    };
    event_set_list(say(&t, EVENT_AGENT_STARTED, "a1"), F_GRANTS, &one, 1);
    fold(&t);
    event_set_list(say(&t, EVENT_AGENT_STARTED, "a2"), F_GRANTS, &two, 1);
    fold(&t);
    uint32_t count = 0;
    assert_span_is(fleet_agent_list(t.fleet, 2, F_GRANTS, &count)->cell[0], "a");
    assert_span_is(fleet_agent_list(t.fleet, 1, F_GRANTS, &count)->cell[0], "ab");
    fleet_free(t.fleet);
}

static void a_list_is_capped(void **state)
{
    (void)state;
    struct teller t = teller_new();
    static struct event_row rows[400];
    static char cell[9000];
    memset(cell, 'x', sizeof(cell));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
            rows[i].cell[c] = (struct span){cell, sizeof(cell)};
        }
    }
    event_set_list(say(&t, EVENT_AGENT_STARTED, "a1"), F_GRANTS, rows, ARRAY_LEN(rows));
    fold(&t);
    uint32_t count = 0;
    const struct event_row *got = fleet_agent_list(t.fleet, 1, F_GRANTS, &count);
    assert_int_equal(count, EVENT_LIST_ROWS);
    assert_true(got[EVENT_LIST_ROWS - 1].cell[EVENT_LIST_COLUMNS - 1].n <= EVENT_CELL_BYTES);
    fleet_free(t.fleet);
}

static void lists_that_nobody_has_are_gone(void **state)
{
    (void)state;
    struct teller t = teller_new();
    for (int i = 0; i < 3000; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "g%d", i);
        struct event_row row = {{span_str(text)}};
        event_set_list(say(&t, EVENT_AGENT_UPDATED, "a1"), F_GRANTS, &row, 1);
        fold(&t);
        uint32_t count = 0;
        assert_span_is(fleet_agent_list(t.fleet, 1, F_GRANTS, &count)->cell[0], text);
    }
    fleet_free(t.fleet);
}

/* ---- state */
static void a_state_counts_from_when_it_changed(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_state(&t, "a1", AGENT_RUNNING);
    int64_t since = t.now_us;
    uint32_t newest = fleet_log_newest(t.fleet);
    tell_state(&t, "a1", AGENT_RUNNING);
    assert_int_equal(agent_named(&t, "a1")->state_since_us, since);
    assert_int_equal(fleet_log_newest(t.fleet), newest);
    event_set_number(say(&t, EVENT_AGENT_STATE, "a1"), F_STATE, AGENT_RUNNING);
    event_set_text(&t.ev, F_REASON, SPAN("retrying"));
    fold(&t);
    assert_int_equal(fleet_log_newest(t.fleet), newest + 1);
    assert_sid(&t, agent_named(&t, "a1")->state_reason, "retrying");
    fleet_free(t.fleet);
}

static void an_agent_that_starts_again_begins_anew(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    event_set_number(say(&t, EVENT_SPEND_RECORDED, "a1"), F_COST_MICROUSD, 500);
    fold(&t);
    event_set_text(say(&t, EVENT_ACTION_STARTED, "a1"), F_SUMMARY, SPAN("make"));
    fold(&t);
    tell_state(&t, "a1", AGENT_STOPPED);
    assert_false(agent_named(&t, "a1")->now_running);
    uint32_t ref = agent_named(&t, "a1")->ref;
    tell_started(&t, "a1");
    const struct agent *a = agent_named(&t, "a1");
    assert_int_equal(a->ref, ref);
    assert_int_equal(a->state, AGENT_STARTING);
    assert_int_equal(a->started_us, t.now_us);
    assert_int_equal(a->cost_microusd, 500);
    fleet_free(t.fleet);
}

/* ---- parents */
static void tell_child(struct teller *t, const char *agent, const char *parent)
{
    event_set_text(say(t, EVENT_AGENT_STARTED, agent), F_AGENT_PARENT, span_str(parent));
    fold(t);
}

static void a_parent_may_come_later(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_child(&t, "c1", "p");
    tell_child(&t, "c2", "p");
    tell_child(&t, "c3", "q");
    tell_child(&t, "c2", "q");
    assert_int_equal(agent_named(&t, "c1")->parent, 0);
    t.backend = "b2";
    tell_started(&t, "p");
    t.backend = "b1";
    assert_int_equal(agent_named(&t, "c1")->parent, 0);
    tell_started(&t, "p");
    assert_int_equal(agent_named(&t, "c1")->parent, agent_named(&t, "p")->ref);
    assert_int_equal(agent_named(&t, "c2")->parent, 0);
    tell_started(&t, "q");
    assert_int_equal(agent_named(&t, "c2")->parent, agent_named(&t, "q")->ref);
    assert_int_equal(agent_named(&t, "c3")->parent, agent_named(&t, "q")->ref);
    tell_started(&t, "c3");
    assert_int_equal(agent_named(&t, "c3")->parent, 0);
    fleet_free(t.fleet);
}

static void assert_lines_end(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        for (uint32_t steps = 0; a != NULL; steps++) {
            assert_true(steps <= fleet_agent_count(f));
            a = fleet_agent(f, a->parent);
        }
    }
}

static void parents_never_make_a_circle(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_child(&t, "a", "a");
    assert_int_equal(agent_named(&t, "a")->parent, 0);
    tell_child(&t, "x", "y");
    tell_child(&t, "y", "x");
    assert_lines_end(t.fleet);
    for (int i = 0; i < 200; i++) {
        char child[8];
        char parent[8];
        (void)snprintf(child, sizeof(child), "n%d", i);
        (void)snprintf(parent, sizeof(parent), "n%d", i + 1);
        tell_child(&t, child, parent);
    }
    tell_child(&t, "n200", "n0");
    assert_lines_end(t.fleet);
    fleet_free(t.fleet);
}

/* ---- stale */
static bool stale_after(const struct teller *t, int64_t us)
{
    const struct agent *a = agent_named(t, "a1");
    return fleet_agent_stale(t->fleet, a, a->last_event_us + us);
}

static void an_agent_is_stale_after_two_heartbeats_or_without_a_link(void **state)
{
    (void)state;
    struct teller t = teller_new();
    event_set_number(say(&t, EVENT_AGENT_STARTED, "a1"), F_HEARTBEAT_MS, 1000);
    fold(&t);
    assert_true(stale_after(&t, 0));
    tell_link(&t, LINK_LIVE);
    assert_false(stale_after(&t, 0));
    assert_false(stale_after(&t, 2 * SECOND_US));
    assert_true(stale_after(&t, 2 * SECOND_US + 1));
    assert_true(stale_after(&t, -3 * SECOND_US));
    assert_true(fleet_agent_stale(t.fleet, agent_named(&t, "a1"), INT64_MIN));
    tell_link(&t, LINK_STALE);
    assert_true(stale_after(&t, 0));
    tell_link(&t, LINK_LIVE);
    event_set_number(say(&t, EVENT_AGENT_UPDATED, "a1"), F_HEARTBEAT_MS, INT64_MAX);
    fold(&t);
    assert_false(stale_after(&t, SECOND_US));
    event_set_number(say(&t, EVENT_AGENT_UPDATED, "a1"), F_HEARTBEAT_MS, 0);
    fold(&t);
    assert_false(stale_after(&t, 900 * SECOND_US));
    fleet_free(t.fleet);
}

/* ---- room */
static void tell_numbered(struct teller *t, unsigned n)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "n%u", n);
    tell_started(t, id);
}

static void the_agent_that_stopped_first_makes_room(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct fleet_totals totals;
    for (unsigned i = 0; i < FLEET_AGENTS_MAX; i++) {
        tell_numbered(&t, i);
    }
    uint32_t newest = fleet_log_newest(t.fleet);
    tell_started(&t, "too many");
    tell_started(&t, "too many again");
    assert_null(agent_named(&t, "too many"));
    assert_int_equal(fleet_log_newest(t.fleet), newest + 1);
    uint32_t gone = agent_named(&t, "n70")->ref;
    tell_request(&t, "n70", "open");
    tell_state(&t, "n70", AGENT_STOPPED);
    tell_state(&t, "n5", AGENT_STOPPED);
    tell_state(&t, "n9", AGENT_STOPPED);
    tell_state(&t, "n5", AGENT_RUNNING);
    tell_started(&t, "new");
    assert_non_null(agent_named(&t, "new"));
    assert_null(agent_named(&t, "n70"));
    assert_null(fleet_agent(t.fleet, gone));
    assert_int_equal(approval_named(&t, "open")->decision, DECISION_WITHDRAWN);
    assert_int_equal(fleet_pending_count(t.fleet), 0);
    tell_started(&t, "new2");
    assert_null(agent_named(&t, "n9"));
    assert_non_null(agent_named(&t, "n5"));
    tell_started(&t, "new3");
    assert_null(agent_named(&t, "new3"));
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.agents, FLEET_AGENTS_MAX);
    assert_int_equal(totals.evicted, 2);
    assert_int_equal(totals.refused, 3);
    for (uint32_t i = 1; i < fleet_agent_count(t.fleet); i++) {
        assert_true(fleet_agent_at(t.fleet, i)->ref > fleet_agent_at(t.fleet, i - 1)->ref);
    }
    fleet_free(t.fleet);
}

/* What its back-end does not know any more makes room for what it does; not when something is held
 * by it. */
static void the_unknown_make_room_but_for_the_held(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct fleet_totals totals;
    char id[16];
    for (int i = 0; i < FLEET_AGENTS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "a%d", i);
        tell_started(&t, id);
        if (i < 3) {
            tell_state(&t, id, AGENT_UNKNOWN);
        }
    }
    event_set_text(say(&t, EVENT_AGENT_UPDATED, "a0"), F_GATE, SPAN("hold"));
    fold(&t);
    tell_request(&t, "a1", "r1");
    tell_started(&t, "new");
    tell_started(&t, "too many");
    assert_non_null(agent_named(&t, "a0"));
    assert_non_null(agent_named(&t, "a1"));
    assert_null(agent_named(&t, "a2"));
    assert_non_null(agent_named(&t, "new"));
    assert_null(agent_named(&t, "too many"));
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.refused, 1);
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_that_was_never_introduced_is_seen),
        cmocka_unit_test(an_event_without_an_agent_makes_none),
        cmocka_unit_test(what_an_operator_does_is_no_sign_of_life),
        cmocka_unit_test(ids_of_two_backends_are_two_agents),
        cmocka_unit_test(an_update_changes_only_what_it_names),
        cmocka_unit_test(an_introduction_replaces_everything),
        cmocka_unit_test(numbers_out_of_range_are_not_believed),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(a_long_id_is_found_again),
        cmocka_unit_test(a_list_comes_back_as_it_was_given),
        cmocka_unit_test(lists_that_only_look_alike_are_told_apart),
        cmocka_unit_test(a_list_is_capped),
        cmocka_unit_test(lists_that_nobody_has_are_gone),
        cmocka_unit_test(a_state_counts_from_when_it_changed),
        cmocka_unit_test(an_agent_that_starts_again_begins_anew),
        cmocka_unit_test(a_parent_may_come_later),
        cmocka_unit_test(parents_never_make_a_circle),
        cmocka_unit_test(an_agent_is_stale_after_two_heartbeats_or_without_a_link),
        cmocka_unit_test(the_agent_that_stopped_first_makes_room),
        cmocka_unit_test(the_unknown_make_room_but_for_the_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
