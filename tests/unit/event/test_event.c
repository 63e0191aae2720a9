#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "checkrein/event.h"

static void event_is_empty_after_init(void **state)
{
    (void)state;
    struct event ev;
    memset(&ev, 0xA5, sizeof(ev));
    event_init(&ev, EVENT_AGENT_STATE, 77);
    assert_int_equal(ev.type, EVENT_AGENT_STATE);
    assert_true(ev.time_us == 77);
    assert_true(ev.seq == 0);
    assert_true(ev.id.n + ev.source.n + ev.subject.n + ev.backend.n + ev.raw_type.n == 0);
    assert_false(ev.snapshot || ev.repaired);
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        assert_false(event_has(&ev, (enum event_field)f));
    }
    uint32_t count = 9;
    assert_null(event_list(&ev, F_GRANTS, &count));
    assert_int_equal(count, 0);
    assert_int_equal(event_text(&ev, F_TOOL).n, 0);
    assert_true(event_number(&ev, F_PID) == 0);
}

static void fields_out_of_range_are_absent(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_UNKNOWN, 0);
    memset(ev.present, UINT8_MAX, sizeof(ev.present));
    assert_false(event_has(&ev, EVENT_FIELD_COUNT));
    assert_false(event_has(&ev, (enum event_field) - 1));
    assert_null(event_field_info(EVENT_FIELD_COUNT));
    assert_null(event_field_info((enum event_field) - 1));
}

static void set_one(struct event *ev, enum event_field f)
{
    static const struct event_row row = {{SPAN_INIT("x")}};
    switch (event_field_info(f)->kind) {
    case EVENT_STR:
        event_set_text(ev, f, SPAN("text"));
        break;
    case EVENT_LIST:
        event_set_list(ev, f, &row, 1);
        break;
    case EVENT_INT:
    case EVENT_BOOL:
    case EVENT_TIME:
    case EVENT_ENUM:
        event_set_number(ev, f, 1);
        break;
    }
}

static void each_field_has_a_bit_of_its_own(void **state)
{
    (void)state;
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        struct event ev;
        event_init(&ev, EVENT_UNKNOWN, 0);
        set_one(&ev, (enum event_field)f);
        for (int other = 0; other < EVENT_FIELD_COUNT; other++) {
            assert_int_equal(event_has(&ev, (enum event_field)other), other == f);
        }
    }
}

static void put_text_leaves_empty_absent_and_set_text_does_not(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_UNKNOWN, 0);
    event_put_text(&ev, F_TOOL, SPAN(""));
    event_put_text(&ev, F_CWD, SPAN_NONE);
    event_set_text(&ev, F_REASON, SPAN(""));
    assert_false(event_has(&ev, F_TOOL));
    assert_false(event_has(&ev, F_CWD));
    assert_true(event_has(&ev, F_REASON));
    event_put_text(&ev, F_TOOL, SPAN("bash"));
    assert_true(span_is(event_text(&ev, F_TOOL), "bash"));
}

static void a_bool_is_zero_or_one(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_UNKNOWN, 0);
    event_set_number(&ev, F_RETRYING, -7);
    assert_true(event_number(&ev, F_RETRYING) == 1);
}

static void field_names_are_found_and_strangers_are_not(void **state)
{
    (void)state;
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        const char *name = event_field_info((enum event_field)f)->name;
        assert_int_equal(event_field_find(span_str(name)), f);
        char longer[80];
        size_t n = strlen(name);
        assert_int_equal(snprintf(longer, sizeof(longer), "%sx", name), n + 1);
        assert_int_equal(event_field_find((struct span){longer, n + 1}), EVENT_FIELD_COUNT);
        assert_true(event_field_find((struct span){name, n - 1}) != (enum event_field)f);
        longer[n / 2] ^= 0x20;
        assert_true(event_field_find((struct span){longer, n}) != (enum event_field)f);
    }
    assert_int_equal(event_field_find(SPAN_NONE), EVENT_FIELD_COUNT);
    assert_int_equal(event_field_find(SPAN("a")), EVENT_FIELD_COUNT);
    assert_int_equal(event_field_find(SPAN("abcd")), EVENT_FIELD_COUNT);
    static char huge[100000];
    assert_int_equal(event_field_find((struct span){huge, sizeof(huge)}), EVENT_FIELD_COUNT);
}

static bool is_plain(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._") == strlen(name);
}

/* Names go into JSON and documents as they are. */
static void names_need_no_quoting(void **state)
{
    (void)state;
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        assert_true(is_plain(event_field_info((enum event_field)f)->name));
    }
    for (int t = 0; t < EVENT_TYPE_COUNT; t++) {
        assert_true(is_plain(event_type_name((enum event_type)t)));
    }
}

static void lists_have_columns_and_nothing_else_has(void **state)
{
    (void)state;
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        struct span column[EVENT_LIST_COLUMNS] = {{0}};
        const struct event_field_info *info = event_field_info((enum event_field)f);
        uint32_t count = event_list_columns((enum event_field)f, column);
        assert_int_equal(count > 0, info->kind == EVENT_LIST);
        size_t bytes = 0;
        for (uint32_t i = 0; i < count; i++) {
            assert_true(column[i].n > 0);
            bytes += column[i].n + (i > 0);
        }
        assert_true(info->kind != EVENT_LIST || bytes == strlen(info->set)); /* none left over */
    }
    struct span column[EVENT_LIST_COLUMNS];
    assert_int_equal(event_list_columns(F_CREDENTIALS, column), 6);
    assert_true(span_is(column[0], "id"));
    assert_true(span_is(column[5], "revocable"));
    assert_int_equal(event_list_columns(EVENT_FIELD_COUNT, column), 0);
}

static void types_are_found_with_and_without_prefix(void **state)
{
    (void)state;
    for (int t = 0; t < EVENT_TYPE_COUNT; t++) {
        const char *name = event_type_name((enum event_type)t);
        char full[80] = EVENT_TYPE_PREFIX;
        memcpy(full + strlen(EVENT_TYPE_PREFIX), name, strlen(name) + 1);
        assert_int_equal(event_type_find(span_str(name)), t);
        assert_int_equal(event_type_find(span_str(full)), t);
    }
    assert_int_equal(event_type_find(SPAN_NONE), EVENT_UNKNOWN);
    assert_int_equal(event_type_find(SPAN(EVENT_TYPE_PREFIX)), EVENT_UNKNOWN);
    assert_int_equal(event_type_find(SPAN("dev.checkrein.dev.checkrein.agent.state")),
                     EVENT_UNKNOWN);
    assert_int_equal(event_type_find(SPAN("agent.statE")), EVENT_UNKNOWN);
    assert_int_equal(event_type_find(SPAN("com.example.thing")), EVENT_UNKNOWN);
    assert_string_equal(event_type_name(EVENT_TYPE_COUNT), "unknown");
    assert_string_equal(event_type_name((enum event_type) - 1), "unknown");
}

static void required_lists_end_and_name_each_field_once(void **state)
{
    (void)state;
    for (int t = 0; t < EVENT_TYPE_COUNT; t++) {
        uint64_t seen[2] = {0};
        int count = 0;
        for (const enum event_field *f = event_required((enum event_type)t);
             *f != EVENT_FIELD_COUNT; f++) {
            assert_in_range(*f, 0, EVENT_FIELD_COUNT - 1);
            assert_true((seen[*f / 64] >> *f % 64 & 1) == 0);
            seen[*f / 64] |= UINT64_C(1) << *f % 64;
            assert_true(++count <= 8);
        }
        assert_int_equal(count == 0, t == EVENT_UNKNOWN);
    }
    assert_int_equal(*event_required(EVENT_TYPE_COUNT), EVENT_FIELD_COUNT);
}

static void check_names_what_is_missing(void **state)
{
    (void)state;
    for (int t = 0; t < EVENT_TYPE_COUNT; t++) {
        struct event ev;
        struct why why;
        event_init(&ev, (enum event_type)t, 0);
        for (const enum event_field *f = event_required((enum event_type)t);
             *f != EVENT_FIELD_COUNT; f++) {
            assert_int_equal(event_check(&ev, &why), ST_INVALID);
            assert_non_null(strstr(why.text, event_field_info(*f)->name));
            assert_non_null(strstr(why.text, event_type_name((enum event_type)t)));
            set_one(&ev, *f);
        }
        assert_int_equal(event_check(&ev, &why), ST_OK);
    }
}

static void check_takes_an_empty_id_as_missing(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_AGENT_STARTED, 0);
    event_set_text(&ev, F_AGENT_ID, SPAN(""));
    assert_int_equal(event_check(&ev, NULL), ST_INVALID);
    event_set_text(&ev, F_AGENT_ID, SPAN("a"));
    assert_int_equal(event_check(&ev, NULL), ST_OK);
}

static void check_refuses_an_action_that_is_too_long(void **state)
{
    (void)state;
    struct event ev;
    struct why why;
    static char text[ACTION_BYTES_MAX + 1];
    event_init(&ev, EVENT_UNKNOWN, 0);
    event_set_text(&ev, F_ACTION, (struct span){text, ACTION_BYTES_MAX});
    assert_int_equal(event_check(&ev, &why), ST_OK);
    event_set_text(&ev, F_ACTION, (struct span){text, ACTION_BYTES_MAX + 1});
    assert_int_equal(event_check(&ev, &why), ST_LIMIT);
    assert_non_null(strstr(why.text, "action"));
}

static void every_enum_field_names_a_set(void **state)
{
    (void)state;
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        const struct event_field_info *info = event_field_info((enum event_field)f);
        if (info->kind != EVENT_ENUM) {
            continue;
        }
        int64_t count = event_enum_count(info->set);
        assert_true(count > 1);
        for (int64_t v = 0; v < count; v++) {
            const char *name = event_enum_name(info->set, v);
            assert_true(is_plain(name));
            assert_true(event_enum_find(info->set, span_str(name)) == v);
        }
        assert_string_equal(event_enum_name(info->set, 0), "unknown");
        assert_string_equal(event_enum_name(info->set, count), "unknown");
        assert_string_equal(event_enum_name(info->set, -1), "unknown");
        assert_string_equal(event_enum_name(info->set, INT64_MIN), "unknown");
        assert_true(event_enum_find(info->set, SPAN("no such name")) == 0);
        assert_true(event_enum_find(info->set, SPAN_NONE) == 0);
    }
    assert_true(event_enum_count("no such set") == 0);
    assert_string_equal(event_enum_name("no such set", 1), "unknown");
    assert_true(event_enum_find("no such set", SPAN("low")) == 0);
}

static void enumerations_have_their_own_names(void **state)
{
    (void)state;
    assert_string_equal(agent_state_name(AGENT_WAITING_APPROVAL), "waiting_approval");
    assert_string_equal(risk_name(RISK_HIGH), "high");
    assert_string_equal(outcome_name(OUTCOME_DENIED), "denied");
    assert_string_equal(verdict_name(VERDICT_ASK), "ask");
    assert_string_equal(on_silence_name(SILENCE_ALLOW), "allow");
    assert_string_equal(decision_name(DECISION_SUPERSEDED), "superseded");
    assert_string_equal(failure_name(FAILURE_BUDGET), "budget");
    assert_string_equal(severity_name(SEVERITY_EMERGENCY), "emergency");
    assert_string_equal(command_state_name(COMMAND_UNVERIFIABLE), "unverifiable");
    assert_string_equal(link_name(LINK_REFUSED), "refused");
    assert_string_equal(verb_name(VERB_STOP_ALL), "stop_all");
    assert_string_equal(verb_name((enum verb)99), "unknown");
    assert_int_equal(verb_find(SPAN("reset_stop")), VERB_RESET_STOP);
    assert_int_equal(verb_find(SPAN("Stop")), VERB_UNKNOWN);
    assert_int_equal(verb_find(SPAN("stop\0")), VERB_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_is_empty_after_init),
        cmocka_unit_test(fields_out_of_range_are_absent),
        cmocka_unit_test(each_field_has_a_bit_of_its_own),
        cmocka_unit_test(put_text_leaves_empty_absent_and_set_text_does_not),
        cmocka_unit_test(a_bool_is_zero_or_one),
        cmocka_unit_test(field_names_are_found_and_strangers_are_not),
        cmocka_unit_test(names_need_no_quoting),
        cmocka_unit_test(lists_have_columns_and_nothing_else_has),
        cmocka_unit_test(types_are_found_with_and_without_prefix),
        cmocka_unit_test(required_lists_end_and_name_each_field_once),
        cmocka_unit_test(check_names_what_is_missing),
        cmocka_unit_test(check_takes_an_empty_id_as_missing),
        cmocka_unit_test(check_refuses_an_action_that_is_too_long),
        cmocka_unit_test(every_enum_field_names_a_set),
        cmocka_unit_test(enumerations_have_their_own_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
