#include <stdio.h>

#include "fixture.h"

static struct fleet_totals totals_of(const struct teller *t)
{
    struct fleet_totals totals;
    fleet_totals(t->fleet, &totals);
    return totals;
}

/* ---- spend */
static void say_spend(struct teller *t, const char *agent, int64_t in, int64_t out)
{
    struct event *ev = say(t, EVENT_SPEND_RECORDED, agent);
    event_set_number(ev, F_TOKENS_IN, in);
    event_set_number(ev, F_TOKENS_OUT, out);
}

static void spend_adds_up(void **state)
{
    (void)state;
    struct teller t = teller_new();
    say_spend(&t, "a1", 100, 20);
    event_set_number(&t.ev, F_COST_MICROUSD, 6600);
    fold(&t);
    say_spend(&t, "a1", 50, 5);
    event_set_number(&t.ev, F_COST_MICROUSD, -600);
    event_set_number(&t.ev, F_COST_ESTIMATED, 1);
    event_set_number(&t.ev, F_TOKENS_CACHED, 7);
    event_set_number(&t.ev, F_TOKENS_REASONING, 3);
    event_set_number(&t.ev, F_BUDGET_LIMIT, 1000000);
    event_set_number(&t.ev, F_BUDGET_USED, 6000);
    fold(&t);
    const struct agent *a = agent_named(&t, "a1");
    assert_int_equal(a->tokens_in, 150);
    assert_int_equal(a->tokens_out, 25);
    assert_int_equal(a->tokens_cached, 7);
    assert_int_equal(a->tokens_reasoning, 3);
    assert_int_equal(a->cost_microusd, 6000);
    assert_true(a->cost_estimated);
    assert_false(a->unpriced);
    assert_int_equal(a->traits->budget_limit, 1000000);
    assert_int_equal(a->budget_used, 6000);
    assert_int_equal(totals_of(&t).cost_microusd, 6000);
    fleet_free(t.fleet);
}

/* What an agent's telemetry tells of calls that a gateway has counted is in no sum. */
static void what_stands_beside_is_not_added(void **state)
{
    (void)state;
    struct teller t = teller_new();
    say_spend(&t, "a1", 100, 20);
    event_set_number(&t.ev, F_COST_MICROUSD, 500);
    event_set_number(&t.ev, F_SPEND_SOURCE, SPEND_SOURCE_GATEWAY);
    event_set_number(&t.ev, F_SPEND_UNTOLD, 1);
    fold(&t);
    for (int i = 0; i < 2; i++) {
        say_spend(&t, "a1", 90, 10);
        event_set_number(&t.ev, F_COST_MICROUSD, 400);
        event_set_number(&t.ev, F_SPEND_SOURCE, SPEND_SOURCE_BESIDE);
        fold(&t);
    }
    const struct agent *a = agent_named(&t, "a1");
    assert_true(a->tokens_in == 100 && a->tokens_out == 20 && a->cost_microusd == 500);
    assert_true(a->traits->beside_in == 180 && a->traits->beside_out == 20);
    assert_true(a->traits->beside_microusd == 800);
    assert_true(a->traits->metered == 1 && a->traits->untold == 1);
    assert_int_equal(totals_of(&t).cost_microusd, 500);
    assert_int_equal(fleet_backend_at(t.fleet, 0)->total_microusd, 500);
    fleet_free(t.fleet);
}

static void limits_are_told_again_and_kept(void **state)
{
    (void)state;
    struct teller t = teller_new();
    event_set_number(say(&t, EVENT_BUDGET_CHANGED, "a1"), F_BUDGET_LIMIT, 70);
    fold(&t);
    event_set_number(say(&t, EVENT_BUDGET_CHANGED, "a1"), F_BUDGET_TOKENS, 900);
    event_set_number(&t.ev, F_BUDGET_TOKENS_USED, 5);
    fold(&t);
    const struct agent *a = agent_named(&t, "a1");
    assert_true(a->traits->budget_limit == 70 && a->traits->budget_tokens == 900);
    assert_int_equal(a->traits->budget_tokens_used, 5);
    assert_int_equal(a->cost_microusd, 0);
    fleet_free(t.fleet);
}

static void tokens_without_a_price_are_marked(void **state)
{
    (void)state;
    struct teller t = teller_new();
    say_spend(&t, "a1", 0, 0);
    fold(&t);
    assert_false(agent_named(&t, "a1")->unpriced);
    say_spend(&t, "a1", 1, 0);
    fold(&t);
    assert_true(agent_named(&t, "a1")->unpriced);
    assert_int_equal(totals_of(&t).unpriced, 1);
    say_spend(&t, "a1", 1, 0);
    fold(&t);
    assert_int_equal(totals_of(&t).unpriced, 1); /* agents, not requests */
    say_spend(&t, "a2", 1, 0);
    fold(&t);
    assert_int_equal(totals_of(&t).unpriced, 2);
    assert_int_equal(fleet_log_entry(t.fleet, fleet_log_newest(t.fleet))->microusd, -1);
    assert_int_equal(fleet_log_entry(t.fleet, fleet_log_newest(t.fleet))->tokens, 1);
    fleet_free(t.fleet);
}

#define DAY_US (INT64_C(86400) * SECOND_US)

static void tell_cost_at(struct teller *t, int64_t minute, int64_t microusd)
{
    say_spend(t, "a1", 10, 1);
    t->ev.time_us = START_US + minute * 60 * SECOND_US;
    if (microusd >= 0) {
        event_set_number(&t->ev, F_COST_MICROUSD, microusd);
    }
    fold(t);
}

static void the_last_hour_is_known_by_the_minute(void **state)
{
    (void)state;
    int64_t burn[FLEET_BURN_MINUTES];
    const int64_t minute_us = 60 * SECOND_US;
    struct teller t = teller_new();
    assert_true(fleet_burn(t.fleet, START_US, burn) == 0);
    tell_cost_at(&t, 0, 100);
    tell_cost_at(&t, 0, 11);
    tell_cost_at(&t, 2, 1000);
    tell_cost_at(&t, 1, 7);   /* late */
    tell_cost_at(&t, 2, -1);  /* without a price: not nothing, and not in it */
    tell_cost_at(&t, -60, 5); /* of no minute that is shown */
    assert_true(fleet_burn(t.fleet, START_US + 2 * minute_us, burn) == 1118);
    assert_true(burn[59] == 1000 && burn[58] == 7 && burn[57] == 111 && burn[0] == 0);
    assert_true(fleet_burn(t.fleet, START_US + 61 * minute_us, burn) == 1000);
    assert_true(burn[0] == 1000);
    assert_true(fleet_burn(t.fleet, START_US + 62 * minute_us, burn) == 0);
    assert_true(fleet_burn(t.fleet, START_US + minute_us, burn) == 118); /* a look back */
    tell_cost_at(&t, 1000, 3);
    assert_true(fleet_burn(t.fleet, START_US + 1000 * minute_us, burn) == 3);
    say_spend(&t, "a2", 10, 1);
    event_set_number(&t.ev, F_COST_MICROUSD, 999);
    t.ev.time_us = START_US + 1000 * minute_us;
    t.ev.snapshot = true; /* a sum, of no time */
    fold(&t);
    assert_true(fleet_burn(t.fleet, START_US + 1000 * minute_us, burn) == 3);
    struct fleet *copy = fleet_copy(t.fleet);
    assert_true(fleet_digest(copy) == fleet_digest(t.fleet));
    fleet_free(copy);
    fleet_free(t.fleet);
}

static void spend_of_a_day_is_told_apart(void **state)
{
    (void)state;
    struct teller t = teller_new();
    int64_t limit = 0;
    say_spend(&t, "a1", 1, 1);
    event_set_number(&t.ev, F_COST_MICROUSD, 500);
    fold(&t);
    say_spend(&t, "a2", 1, 1);
    event_set_number(&t.ev, F_COST_MICROUSD, 70);
    fold(&t);
    assert_int_equal(fleet_spent_today_all(t.fleet, t.now_us, &limit), 570);
    assert_int_equal(limit, 0);
    assert_int_equal(fleet_spent_today_all(t.fleet, t.now_us + DAY_US, &limit), 0);
    event_set_number(say(&t, EVENT_SPEND_DAY, NULL), F_COST_MICROUSD, 570);
    event_set_number(&t.ev, F_BUDGET_LIMIT, 9000);
    fold(&t);
    assert_int_equal(fleet_spent_today_all(t.fleet, t.now_us, &limit), 570);
    assert_int_equal(limit, 9000);
    t.now_us += DAY_US;
    say_spend(&t, "a1", 1, 1);
    event_set_number(&t.ev, F_COST_MICROUSD, 3);
    fold(&t);
    assert_int_equal(fleet_spent_today_all(t.fleet, t.now_us, &limit), 3);
    assert_int_equal(limit, 9000);
    assert_int_equal(totals_of(&t).cost_microusd, 573);
    fleet_free(t.fleet);
}

/* A clock that is set back, or forth and back again, finds each day as it left it. */
static void each_day_keeps_its_sum_however_the_clock_jumps(void **state)
{
    (void)state;
    static const int days[] = {0, 1, 0, 400, 0, -1, 1};
    static const int64_t sums[] = {10, 10, 20, 10, 30, 10, 20};
    struct teller t = teller_new();
    int64_t start_us = t.now_us;
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        t.now_us = start_us + days[i] * DAY_US;
        say_spend(&t, "a1", 1, 1);
        event_set_number(&t.ev, F_COST_MICROUSD, 10);
        fold(&t);
        assert_int_equal(fleet_spent_today(fleet_backend_at(t.fleet, 0), t.now_us), sums[i]);
    }
    for (int i = 0; i < SPEND_DAYS; i++) { /* so many are kept, and no more */
        t.now_us = start_us + (500 + i) * DAY_US;
        say_spend(&t, "a1", 1, 1);
        fold(&t);
    }
    assert_int_equal(fleet_spent_today(fleet_backend_at(t.fleet, 0), start_us), 0);
    assert_int_equal(fleet_backend_at(t.fleet, 0)->total_microusd, 70);
    fleet_free(t.fleet);
}

/* What may have been used stands beside what was told, and goes when that is told after all. */
static void a_bound_is_in_no_sum_that_was_told(void **state)
{
    (void)state;
    struct teller t = teller_new();
    for (int i = 0; i < 2; i++) {
        say_spend(&t, "a1", 5, 1);
        event_set_number(&t.ev, F_COST_MICROUSD, 10);
        event_set_number(&t.ev, F_SPEND_BOUND, 300);
        event_set_number(&t.ev, F_SPEND_BOUND_TOKENS, 7);
        fold(&t);
    }
    const struct agent *a = agent_named(&t, "a1");
    const struct backend *b = fleet_backend_at(t.fleet, 0);
    assert_true(a->traits->bound_microusd == 600 && a->traits->bound_tokens == 14);
    assert_true(a->cost_microusd == 20 && a->tokens_in == 10);
    assert_true(b->total_microusd == 20 && b->total_bound_microusd == 600);
    assert_int_equal(fleet_day(b, t.now_us).bound_microusd, 600);
    assert_int_equal(fleet_spent_today(b, t.now_us), 20);
    say_spend(&t, "a1", 50, 10);
    event_set_number(&t.ev, F_COST_MICROUSD, 100);
    event_set_number(&t.ev, F_SPEND_BOUND, -900);
    event_set_number(&t.ev, F_SPEND_BOUND_TOKENS, -7);
    fold(&t);
    assert_true(a->traits->bound_microusd == 0 && a->traits->bound_tokens == 7);
    assert_true(b->total_bound_microusd == 0 && b->total_microusd == 120);
    event_set_number(say(&t, EVENT_SPEND_DAY, NULL), F_COST_MICROUSD, 120);
    event_set_number(&t.ev, F_SPEND_TOTAL, 120);
    event_set_number(&t.ev, F_BUDGET_USED, 150);
    event_set_number(&t.ev, F_SPEND_BOUND, 20);
    fold(&t);
    assert_true(b->total_bound_microusd == 30 && fleet_day(b, t.now_us).bound_microusd == 20);
    fleet_free(t.fleet);
}

static void sums_do_not_wrap(void **state)
{
    (void)state;
    struct teller t = teller_new();
    for (int i = 0; i < 3; i++) {
        say_spend(&t, "a1", INT64_MAX, -5);
        event_set_number(&t.ev, F_COST_MICROUSD, INT64_MAX);
        fold(&t);
    }
    const struct agent *a = agent_named(&t, "a1");
    assert_true(a->tokens_in == INT64_MAX);
    assert_int_equal(a->tokens_out, 0);
    assert_true(a->cost_microusd == INT64_MAX);
    assert_true(totals_of(&t).cost_microusd == INT64_MAX);
    for (int i = 0; i < 4; i++) {
        say_spend(&t, "a2", 0, 0);
        event_set_number(&t.ev, F_COST_MICROUSD, INT64_MIN);
        fold(&t);
    }
    assert_true(agent_named(&t, "a2")->cost_microusd == INT64_MIN);
    fleet_free(t.fleet);
}

/* ---- failures */
static void tell_failure(struct teller *t, const char *agent, bool retrying)
{
    struct event *ev = say(t, EVENT_FAILURE_REPORTED, agent);
    event_set_number(ev, F_FAILURE_CLASS, FAILURE_MODEL);
    event_set_number(ev, F_RETRYING, retrying);
    event_set_text(ev, F_ERROR, SPAN("overloaded"));
    fold(t);
}

static void tell_finished(struct teller *t, const char *agent, enum outcome outcome)
{
    event_set_number(say(t, EVENT_ACTION_FINISHED, agent), F_OUTCOME, outcome);
    fold(t);
}

static void a_retry_is_not_a_failure_yet(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_failure(&t, "a1", true);
    assert_int_equal(agent_named(&t, "a1")->failures, 0);
    assert_false(agent_named(&t, "a1")->failing);
    assert_true(fleet_log_entry(t.fleet, fleet_log_newest(t.fleet))->retrying);
    tell_failure(&t, "a1", false);
    const struct agent *a = agent_named(&t, "a1");
    assert_int_equal(a->failures, 1);
    assert_true(a->failing);
    assert_int_equal(a->last_failure, fleet_log_newest(t.fleet));
    assert_int_equal(totals_of(&t).failed, 1);
    tell_failure(&t, "a1", false);
    assert_int_equal(totals_of(&t).failed, 1);
    fleet_free(t.fleet);
}

static void attempts_are_counted_until_the_model_answers(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_failure(&t, "a1", true);
    tell_failure(&t, "a1", true);
    assert_int_equal(agent_named(&t, "a1")->retrying, 2);
    event_set_number(say(&t, EVENT_FAILURE_REPORTED, "a1"), F_RETRYING, true);
    event_set_number(&t.ev, F_FAILURE_CLASS, FAILURE_MODEL);
    event_set_number(&t.ev, F_ATTEMPT, 7);
    fold(&t);
    const struct agent *a = agent_named(&t, "a1");
    assert_int_equal(a->retrying, 7);
    assert_int_equal(a->retries, 3);
    assert_int_equal(a->failures, 0);
    assert_int_equal(totals_of(&t).failed, 0);
    say_spend(&t, "a1", 10, 1);
    fold(&t);
    assert_int_equal(agent_named(&t, "a1")->retrying, 0);
    assert_int_equal(agent_named(&t, "a1")->retries, 3);
    fleet_free(t.fleet);
}

static void giving_up_ends_the_attempts(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_failure(&t, "a1", true);
    tell_failure(&t, "a1", false);
    assert_int_equal(agent_named(&t, "a1")->retrying, 0);
    assert_int_equal(agent_named(&t, "a1")->retries, 1);
    assert_int_equal(agent_named(&t, "a1")->failures, 1);
    tell_failure(&t, "a1", true);
    tell_state(&t, "a1", AGENT_FAILED);
    assert_int_equal(agent_named(&t, "a1")->retrying, 0);
    tell_failure(&t, "a1", true); /* telemetry comes after the hook that told of the end */
    assert_int_equal(agent_named(&t, "a1")->retrying, 0);
    tell_state(&t, "a1", AGENT_RUNNING);
    assert_int_equal(agent_named(&t, "a1")->retrying, 0);
    assert_int_equal(agent_named(&t, "a1")->retries, 3);
    fleet_free(t.fleet);
}

static void success_or_a_new_state_ends_a_failure(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_failure(&t, "a1", false);
    tell_finished(&t, "a1", OUTCOME_FAILED);
    assert_true(agent_named(&t, "a1")->failing);
    assert_int_equal(agent_named(&t, "a1")->failures, 2);
    tell_finished(&t, "a1", OUTCOME_SUCCEEDED);
    assert_false(agent_named(&t, "a1")->failing);
    tell_failure(&t, "a1", false);
    tell_state(&t, "a1", AGENT_FAILED);
    assert_true(agent_named(&t, "a1")->failing);
    assert_int_equal(totals_of(&t).failed, 1);
    tell_state(&t, "a1", AGENT_RUNNING);
    assert_false(agent_named(&t, "a1")->failing);
    assert_int_equal(totals_of(&t).failed, 0);
    fleet_free(t.fleet);
}

static void a_failure_of_no_agent_is_logged(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_failure(&t, NULL, false);
    assert_int_equal(fleet_log_newest(t.fleet), 1);
    assert_int_equal(totals_of(&t).failed, 0);
    fleet_free(t.fleet);
}

/* ---- actions */
static void tell_action(struct teller *t, const char *id, const char *summary)
{
    struct event *ev = say(t, EVENT_ACTION_STARTED, "a1");
    event_set_text(ev, F_ACTION_ID, span_str(id));
    event_set_text(ev, F_TOOL, SPAN("Bash"));
    event_put_text(ev, F_SUMMARY, span_str(summary));
    fold(t);
}

static void tell_action_end(struct teller *t, const char *id)
{
    struct event *ev = say(t, EVENT_ACTION_FINISHED, "a1");
    event_set_text(ev, F_ACTION_ID, span_str(id));
    event_set_number(ev, F_OUTCOME, OUTCOME_SUCCEEDED);
    event_set_number(ev, F_DURATION_MS, 120);
    fold(t);
}

static void the_action_that_began_last_is_shown(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_action(&t, "x", "make");
    tell_action(&t, "y", "");
    const struct agent *a = agent_named(&t, "a1");
    assert_sid(&t, a->now, "Bash");
    assert_int_equal(a->now_since_us, t.now_us);
    tell_action_end(&t, "x");
    assert_true(agent_named(&t, "a1")->now_running);
    tell_action_end(&t, "y");
    a = agent_named(&t, "a1");
    assert_false(a->now_running);
    assert_sid(&t, a->now, "Bash");
    assert_int_equal(a->actions, 2);
    const struct log_entry *e = fleet_log_entry(t.fleet, fleet_log_newest(t.fleet));
    assert_int_equal(e->duration_ms, 120);
    assert_sid(&t, e->subject, "Bash");
    fleet_free(t.fleet);
}

/* ---- the log */
static void a_timeline_ends_where_its_entries_fell_off(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "quiet");
    tell_started(&t, "a1");
    tell_state(&t, "quiet", AGENT_RUNNING);
    uint32_t quiet = agent_named(&t, "quiet")->ref;
    assert_int_equal(fleet_log_of_agent(t.fleet, quiet), 3);
    assert_int_equal(fleet_log_older(t.fleet, 3), 1);
    assert_int_equal(fleet_log_older(t.fleet, 1), 0);
    while (fleet_log_newest(t.fleet) < FLEET_LOG_ENTRIES + 2) {
        tell_action(&t, "x", "work");
    }
    assert_int_equal(fleet_log_oldest(t.fleet), 3);
    assert_int_equal(fleet_log_of_agent(t.fleet, quiet), 3);
    assert_int_equal(fleet_log_older(t.fleet, 3), 0);
    tell_action(&t, "x", "work");
    assert_int_equal(fleet_log_of_agent(t.fleet, quiet), 0);
    assert_null(fleet_log_entry(t.fleet, 3));
    assert_null(fleet_log_entry(t.fleet, 0));
    assert_null(fleet_log_entry(t.fleet, fleet_log_newest(t.fleet) + 1));
    assert_int_equal(fleet_log_older(t.fleet, 3), 0);
    uint32_t count = 0;
    uint32_t n = fleet_log_of_agent(t.fleet, agent_named(&t, "a1")->ref);
    for (; n != 0; n = fleet_log_older(t.fleet, n)) {
        count++;
    }
    assert_int_equal(count, FLEET_LOG_ENTRIES);
    fleet_free(t.fleet);
}

static void an_empty_log_has_no_ends(void **state)
{
    (void)state;
    struct teller t = teller_new();
    assert_int_equal(fleet_log_newest(t.fleet), 0);
    assert_int_equal(fleet_log_oldest(t.fleet), 0);
    assert_null(fleet_log_entry(t.fleet, 0));
    assert_int_equal(fleet_log_of_agent(t.fleet, 1), 0);
    fleet_free(t.fleet);
}

static void long_text_is_cut_in_the_log(void **state)
{
    (void)state;
    struct teller t = teller_new();
    static char text[3000];
    memset(text, 'x', sizeof(text));
    event_set_text(say(&t, EVENT_SIGNAL_RAISED, NULL), F_TITLE, (struct span){text, sizeof(text)});
    fold(&t);
    assert_int_equal(fleet_span(t.fleet, fleet_log_entry(t.fleet, 1)->text).n, 512);
    fleet_free(t.fleet);
}

struct logged {
    enum event_type type;
    enum event_field field;
    int64_t value;
    uint8_t detail;
};

static const struct logged details[] = {
    {EVENT_SIGNAL_RAISED,     F_SEVERITY,      SEVERITY_EMERGENCY, SEVERITY_EMERGENCY},
    {EVENT_SIGNAL_RAISED,     F_SEVERITY,      77,                 0                 },
    {EVENT_SIGNAL_RAISED,     F_SEVERITY,      -1,                 0                 },
    {EVENT_POLICY_DECIDED,    F_VERDICT,       VERDICT_DENY,       VERDICT_DENY      },
    {EVENT_OPERATOR_PRESENCE, F_PRESENT,       1,                  1                 },
    {EVENT_FAILURE_REPORTED,  F_FAILURE_CLASS, FAILURE_BUDGET,     FAILURE_BUDGET    },
    {EVENT_BACKEND_LINK,      F_LINK,          LINK_REFUSED,       LINK_REFUSED      },
    {EVENT_FLEET_STOP,        F_STOP_LATCHED,  1,                  1                 },
    {EVENT_APPROVAL_RESOLVED, F_DECISION,      DECISION_EXPIRED,   DECISION_EXPIRED  },
    {EVENT_ACTION_FINISHED,   F_OUTCOME,       OUTCOME_DENIED,     OUTCOME_DENIED    },
};

static void an_entry_has_the_detail_of_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(details); i++) {
        struct teller t = teller_new();
        event_set_number(say(&t, details[i].type, "a1"), details[i].field, details[i].value);
        fold(&t);
        const struct log_entry *e = fleet_log_entry(t.fleet, fleet_log_newest(t.fleet));
        assert_int_equal(e->type, details[i].type);
        assert_int_equal(e->detail, details[i].detail);
        assert_int_equal(e->time_us, t.now_us);
        fleet_free(t.fleet);
    }
}

static void unknown_events_are_counted_and_named(void **state)
{
    (void)state;
    struct teller t = teller_new();
    say(&t, EVENT_UNKNOWN, "a1")->raw_type = SPAN("dev.checkrein.agent.danced");
    fold(&t);
    say(&t, (enum event_type)999, NULL);
    fold(&t);
    assert_int_equal(totals_of(&t).unknown, 2);
    assert_int_equal(fleet_backend_at(t.fleet, 0)->unknown, 2);
    assert_sid(&t, fleet_log_entry(t.fleet, 1)->subject, "dev.checkrein.agent.danced");
    fleet_free(t.fleet);
}

/* ---- back-ends */
static void a_link_has_a_time_and_a_reason(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_link(&t, LINK_LIVE);
    int64_t since = t.now_us;
    assert_int_equal(totals_of(&t).backends_live, 1);
    tell_link(&t, LINK_LIVE);
    assert_int_equal(fleet_backend_at(t.fleet, 0)->link_since_us, since);
    struct event *ev = say(&t, EVENT_BACKEND_LINK, NULL);
    event_set_number(ev, F_LINK, LINK_DOWN);
    event_set_text(ev, F_REASON, SPAN("refused"));
    event_set_number(ev, F_RETRY_MS, 2000);
    event_set_text(ev, F_BACKEND_KIND, SPAN("checkrein"));
    fold(&t);
    const struct backend *b = fleet_backend_named(t.fleet, SPAN("b1"));
    assert_int_equal(b->link, LINK_DOWN);
    assert_int_equal(b->link_since_us, t.now_us);
    assert_int_equal(b->retry_at_us, t.now_us + 2 * SECOND_US);
    assert_sid(&t, b->why, "refused");
    assert_sid(&t, b->kind, "checkrein");
    assert_int_equal(totals_of(&t).backends_live, 0);
    event_set_number(say(&t, EVENT_BACKEND_LINK, NULL), F_RETRY_MS, INT64_MAX);
    fold(&t);
    assert_int_equal(fleet_backend_at(t.fleet, 0)->retry_at_us, 0);
    fleet_free(t.fleet);
}

static void tell_stop(struct teller *t, bool latched, int64_t requested, int64_t confirmed)
{
    struct event *ev = say(t, EVENT_FLEET_STOP, NULL);
    event_set_number(ev, F_STOP_LATCHED, latched);
    event_set_number(ev, F_STOP_REQUESTED, requested);
    event_set_number(ev, F_STOP_CONFIRMED, confirmed);
    event_set_number(ev, F_STOP_UNREACHABLE, requested - confirmed);
    fold(t);
}

static void stops_of_all_backends_are_summed(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_stop(&t, true, 3, 0);
    int64_t since = t.now_us;
    t.backend = "b2";
    tell_stop(&t, true, 40, 37);
    t.backend = "b1";
    tell_stop(&t, true, 3, 3);
    struct fleet_totals totals = totals_of(&t);
    assert_true(totals.stop_latched);
    assert_int_equal(totals.stop_requested, 43);
    assert_int_equal(totals.stop_confirmed, 40);
    assert_int_equal(totals.stop_unreachable, 3);
    assert_int_equal(totals.stop_since_us, since);
    tell_stop(&t, false, 0, -4);
    totals = totals_of(&t);
    assert_true(totals.stop_latched);
    assert_int_equal(totals.stop_confirmed, 37);
    assert_true(totals.stop_since_us > since);
    fleet_free(t.fleet);
}

/* ---- sequence */
static void what_was_folded_already_changes_nothing(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_state(&t, "a1", AGENT_RUNNING);
    uint64_t digest = fleet_digest(t.fleet);
    t.seq = 1;
    tell_state(&t, "a1", AGENT_STOPPED);
    t.seq = 0;
    tell_state(&t, "a2", AGENT_STOPPED);
    assert_true(fleet_digest(t.fleet) == digest);
    assert_int_equal(fleet_backend_at(t.fleet, 0)->seq, 2);
    say(&t, EVENT_AGENT_STATE, "a1")->seq = 0;
    event_set_number(&t.ev, F_STATE, AGENT_IDLE);
    fold(&t);
    assert_int_equal(agent_named(&t, "a1")->state, AGENT_IDLE);
    assert_int_equal(fleet_backend_at(t.fleet, 0)->seq, 2);
    t.backend = "b2";
    t.seq = 0;
    tell_started(&t, "a1");
    assert_non_null(agent_named(&t, "a1"));
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spend_adds_up),
        cmocka_unit_test(what_stands_beside_is_not_added),
        cmocka_unit_test(limits_are_told_again_and_kept),
        cmocka_unit_test(tokens_without_a_price_are_marked),
        cmocka_unit_test(sums_do_not_wrap),
        cmocka_unit_test(spend_of_a_day_is_told_apart),
        cmocka_unit_test(each_day_keeps_its_sum_however_the_clock_jumps),
        cmocka_unit_test(a_bound_is_in_no_sum_that_was_told),
        cmocka_unit_test(the_last_hour_is_known_by_the_minute),
        cmocka_unit_test(a_retry_is_not_a_failure_yet),
        cmocka_unit_test(attempts_are_counted_until_the_model_answers),
        cmocka_unit_test(giving_up_ends_the_attempts),
        cmocka_unit_test(success_or_a_new_state_ends_a_failure),
        cmocka_unit_test(a_failure_of_no_agent_is_logged),
        cmocka_unit_test(the_action_that_began_last_is_shown),
        cmocka_unit_test(a_timeline_ends_where_its_entries_fell_off),
        cmocka_unit_test(an_empty_log_has_no_ends),
        cmocka_unit_test(long_text_is_cut_in_the_log),
        cmocka_unit_test(an_entry_has_the_detail_of_its_type),
        cmocka_unit_test(unknown_events_are_counted_and_named),
        cmocka_unit_test(a_link_has_a_time_and_a_reason),
        cmocka_unit_test(stops_of_all_backends_are_summed),
        cmocka_unit_test(what_was_folded_already_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
