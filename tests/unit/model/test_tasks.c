#include <stdio.h>

#include "fixture.h"

static struct event *say_task(struct teller *t, enum event_type type, const char *agent,
                              const char *id)
{
    struct event *ev = say(t, type, agent);
    event_put_text(ev, F_TASK_ID, span_str(id));
    return ev;
}

static void tell_begun(struct teller *t, const char *agent, const char *id)
{
    event_set_text(say_task(t, EVENT_TASK_STARTED, agent, id), F_TASK_TITLE, SPAN("a title"));
    fold(t);
}

static void tell_ended(struct teller *t, const char *agent, const char *id, enum outcome outcome)
{
    event_set_number(say_task(t, EVENT_TASK_FINISHED, agent, id), F_TASK_OUTCOME, outcome);
    fold(t);
}

static struct event *say_spent(struct teller *t, const char *agent, int64_t in, int64_t microusd)
{
    struct event *ev = say(t, EVENT_SPEND_RECORDED, agent);
    event_set_number(ev, F_TOKENS_IN, in);
    event_set_number(ev, F_TOKENS_OUT, 1);
    if (microusd >= 0) {
        event_set_number(ev, F_COST_MICROUSD, microusd);
        event_set_number(ev, F_COST_ESTIMATED, true);
    }
    return ev;
}

static void tell_spent(struct teller *t, const char *agent, int64_t in, int64_t microusd)
{
    say_spent(t, agent, in, microusd);
    fold(t);
}

static void tell_spent_of(struct teller *t, const char *agent, const char *id, int64_t microusd)
{
    event_set_text(say_spent(t, agent, 10, microusd), F_TASK_ID, span_str(id));
    fold(t);
}

static const struct task *open_of(const struct teller *t, const char *agent)
{
    return fleet_task_of(t->fleet, agent_named(t, agent)->ref);
}

static const struct task *task_named(const struct teller *t, const char *agent, const char *id)
{
    return fleet_task_by_id(t->fleet, agent_named(t, agent)->ref, span_str(id));
}

static const struct task_sums *sums_of(const struct teller *t, const char *agent)
{
    return fleet_task_sums(t->fleet, agent_named(t, agent)->ref);
}

static struct teller with_agent(void)
{
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_state(&t, "a1", AGENT_RUNNING);
    return t;
}

/* ---- from the beginning to the end */
static void test_a_task_has_what_was_spent_in_its_time(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_spent(&t, "a1", 5, 50); /* before: of no task */
    tell_begun(&t, "a1", "t1");
    tell_spent(&t, "a1", 100, 7);
    tell_spent(&t, "a1", 200, 8);
    const struct task *open = open_of(&t, "a1");
    assert_sid(&t, open->title, "a title");
    assert_true(open->open && open->cost_estimated && !open->unpriced);
    assert_int_equal(open->tokens_in, 300);
    assert_int_equal(open->tokens_out, 2);
    assert_int_equal(open->cost_microusd, 15);
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_SUCCEEDED].count, 0);

    tell_ended(&t, "a1", "t1", OUTCOME_SUCCEEDED);
    tell_spent(&t, "a1", 1000, 1000); /* after: of no task */
    assert_null(open_of(&t, "a1"));
    const struct task *ended = task_named(&t, "a1", "t1");
    assert_int_equal(ended->outcome, OUTCOME_SUCCEEDED);
    assert_int_equal(ended->cost_microusd, 15);
    assert_int_equal(ended->ended_us - ended->began_us, 3 * SECOND_US);
    assert_ptr_equal(fleet_task_newest(t.fleet), ended);
    assert_null(fleet_task_older(t.fleet, ended));
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_SUCCEEDED].count, 1);
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_SUCCEEDED].cost_microusd, 15);
    fleet_free(t.fleet);
}

static void test_what_all_cost_for_each_that_was_completed(void **state)
{
    (void)state;
    struct teller t = with_agent();
    const struct {
        enum outcome outcome;
        int64_t microusd;
    } TASKS[] = {
        {OUTCOME_SUCCEEDED, 100},
        {OUTCOME_FAILED,    40 },
        {OUTCOME_CANCELLED, 30 },
        {OUTCOME_SUCCEEDED, 200},
        {OUTCOME_UNKNOWN,   30 },
    };
    for (size_t i = 0; i < ARRAY_LEN(TASKS); i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "t%zu", i);
        assert_true(i > 0 || task_sums_each(sums_of(&t, "a1")) == -1);
        tell_begun(&t, "a1", id);
        tell_spent(&t, "a1", 10, TASKS[i].microusd);
        tell_ended(&t, "a1", id, TASKS[i].outcome);
    }
    const struct task_sums total = task_sums_total(sums_of(&t, "a1"));
    assert_int_equal(total.count, 5);
    assert_int_equal(total.cost_microusd, 400);
    assert_int_equal(task_sums_each(sums_of(&t, "a1")), 200);
    assert_int_equal(task_sums_each(fleet_task_sums_all(t.fleet)), 200);
    fleet_free(t.fleet);
}

/* None completed, and nothing told, are no figures. */
static void test_what_is_not_known_is_no_number(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    tell_spent(&t, "a1", 10, 5);
    tell_ended(&t, "a1", "t1", OUTCOME_FAILED);
    assert_int_equal(task_sums_each(sums_of(&t, "a1")), -1);
    tell_started(&t, "a2");
    tell_begun(&t, "a2", "t2");
    tell_ended(&t, "a2", "t2", OUTCOME_SUCCEEDED);
    assert_int_equal(sums_of(&t, "a2")[OUTCOME_SUCCEEDED].silent, 1);
    assert_int_equal(task_sums_each(sums_of(&t, "a2")), -1);
    fleet_free(t.fleet);
}

static void test_what_has_no_price_is_said(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    event_set_number(say_spent(&t, "a1", 10, -1), F_SPEND_UNTOLD, 1);
    fold(&t);
    assert_true(open_of(&t, "a1")->unpriced);
    assert_int_equal(open_of(&t, "a1")->untold, 1);
    tell_ended(&t, "a1", "t1", OUTCOME_SUCCEEDED);
    assert_true(task_sums_total(sums_of(&t, "a1")).unpriced);
    assert_int_equal(task_sums_total(sums_of(&t, "a1")).untold, 1);
    fleet_free(t.fleet);
}

static void test_what_is_told_beside_is_in_no_task(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    event_set_number(say_spent(&t, "a1", 10, 5), F_SPEND_SOURCE, SPEND_SOURCE_BESIDE);
    fold(&t);
    assert_false(task_told(open_of(&t, "a1")));
    fleet_free(t.fleet);
}

static void test_a_limit_of_a_task_is_not_its_agents(void **state)
{
    (void)state;
    struct teller t = with_agent();
    event_set_number(say_task(&t, EVENT_TASK_STARTED, "a1", "t1"), F_BUDGET_LIMIT, 500);
    fold(&t);
    assert_int_equal(open_of(&t, "a1")->limit_microusd, 500);
    struct event *ev = say_task(&t, EVENT_BUDGET_CHANGED, "a1", "t1");
    event_set_number(ev, F_BUDGET_LIMIT, 900);
    event_set_number(ev, F_BUDGET_USED, 100);
    fold(&t);
    event_set_number(say_task(&t, EVENT_BUDGET_CHANGED, "a1", "another"), F_BUDGET_LIMIT, 1);
    fold(&t);
    assert_int_equal(open_of(&t, "a1")->limit_microusd, 900);
    assert_int_equal(agent_named(&t, "a1")->traits->budget_limit, 0);
    assert_int_equal(agent_named(&t, "a1")->budget_used, 0);
    tell_begun(&t, "a1", "t2");
    assert_int_equal(open_of(&t, "a1")->limit_microusd, 0);
    fleet_free(t.fleet);
}

static void test_what_was_not_told_is_bounded(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    event_set_number(say_spent(&t, "a1", 10, 5), F_SPEND_BOUND, 40);
    fold(&t);
    assert_int_equal(open_of(&t, "a1")->bound_microusd, 40);
    assert_int_equal(open_of(&t, "a1")->cost_microusd, 5);
    event_set_number(say_spent(&t, "a1", 10, 20), F_SPEND_BOUND, -40);
    fold(&t);
    assert_int_equal(open_of(&t, "a1")->bound_microusd, 0);
    assert_int_equal(open_of(&t, "a1")->cost_microusd, 25);
    fleet_free(t.fleet);
}

/* ---- whose it is */
static void test_helpers_work_for_the_task_of_their_parent(void **state)
{
    (void)state;
    struct teller t = with_agent();
    event_set_text(say(&t, EVENT_AGENT_STARTED, "a1/h"), F_AGENT_PARENT, SPAN("a1"));
    fold(&t);
    event_set_text(say(&t, EVENT_AGENT_STARTED, "a1/h/h"), F_AGENT_PARENT, SPAN("a1/h"));
    fold(&t);
    tell_begun(&t, "a1", "t1");
    tell_spent(&t, "a1/h", 10, 5);
    tell_spent(&t, "a1/h/h", 20, 6);
    tell_spent_of(&t, "a1/h", "t1", 7);
    assert_int_equal(open_of(&t, "a1")->cost_microusd, 18);
    assert_null(fleet_task_of(t.fleet, agent_named(&t, "a1/h")->ref));
    tell_ended(&t, "a1", "t1", OUTCOME_SUCCEEDED);
    tell_spent_of(&t, "a1/h/h", "t1", 2);
    assert_int_equal(task_named(&t, "a1", "t1")->cost_microusd, 20);
    fleet_free(t.fleet);
}

static void test_what_is_told_late_goes_where_it_belongs(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    tell_ended(&t, "a1", "t1", OUTCOME_FAILED);
    tell_begun(&t, "a1", "t2");
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_FAILED].silent, 1);
    tell_spent_of(&t, "a1", "t1", 9);
    assert_false(task_told(open_of(&t, "a1")));
    assert_int_equal(task_named(&t, "a1", "t1")->cost_microusd, 9);
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_FAILED].cost_microusd, 9);
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_FAILED].silent, 0);
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_FAILED].count, 1);
    tell_spent_of(&t, "a1", "", 100); /* of none, says its source */
    assert_false(task_told(open_of(&t, "a1")));
    tell_spent_of(&t, "a1", "forgotten", 3);
    assert_false(task_told(open_of(&t, "a1")));
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_UNKNOWN].cost_microusd, 3);
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_UNKNOWN].count, 0);
    fleet_free(t.fleet);
}

/* ---- ends that nobody told */
static void test_another_beginning_ends_the_one_before(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    tell_begun(&t, "a1", "t1"); /* the same: told again */
    assert_int_equal(task_sums_total(sums_of(&t, "a1")).count, 0);
    tell_begun(&t, "a1", "t2");
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_UNKNOWN].count, 1);
    assert_sid(&t, open_of(&t, "a1")->id, "t2");
    tell_begun(&t, "a1", "t1"); /* it is over */
    assert_sid(&t, open_of(&t, "a1")->id, "t2");
    tell_begun(&t, "a1", NULL);
    tell_begun(&t, "a1", NULL); /* without ids each is another one */
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_UNKNOWN].count, 3);
    fleet_free(t.fleet);
}

static void test_an_agent_that_is_over_works_on_nothing(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    tell_state(&t, "a1", AGENT_STOPPED);
    assert_null(open_of(&t, "a1"));
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_UNKNOWN].count, 1);
    fleet_free(t.fleet);
}

static void test_an_end_without_a_beginning_is_no_task(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_ended(&t, "a1", "t1", OUTCOME_SUCCEEDED);
    tell_ended(&t, "a1", NULL, OUTCOME_SUCCEEDED);
    tell_begun(&t, "a1", "t2");
    tell_ended(&t, "a1", "t1", OUTCOME_SUCCEEDED); /* of another one */
    assert_non_null(open_of(&t, "a1"));
    tell_ended(&t, "a1", "t2", OUTCOME_SUCCEEDED);
    tell_ended(&t, "a1", "t2", OUTCOME_FAILED);
    assert_int_equal(task_sums_total(sums_of(&t, "a1")).count, 1);
    assert_int_equal(task_named(&t, "a1", "t2")->outcome, OUTCOME_SUCCEEDED);
    tell_begun(&t, "a1", "t3");
    tell_ended(&t, "a1", NULL, 99); /* what it is working on; an outcome that nobody knows */
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_UNKNOWN].count, 1);
    fleet_free(t.fleet);
}

/* ---- by time */
static void test_a_moment_lies_in_one_task(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    int64_t first = t.now_us;
    tell_ended(&t, "a1", "t1", OUTCOME_SUCCEEDED);
    int64_t between = t.now_us + 1;
    tell_begun(&t, "a1", "t2");
    uint32_t a = agent_named(&t, "a1")->ref;
    assert_null(fleet_task_at(t.fleet, a, first - 1));
    assert_sid(&t, fleet_task_at(t.fleet, a, first)->id, "t1");
    assert_null(fleet_task_at(t.fleet, a, between));
    assert_sid(&t, fleet_task_at(t.fleet, a, t.now_us + SECOND_US)->id, "t2");
    fleet_free(t.fleet);
}

/* ---- bounds */
static void test_the_oldest_fall_off_and_stay_in_the_sums(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_started(&t, "a2");
    tell_begun(&t, "a2", "x");
    tell_ended(&t, "a2", "x", OUTCOME_SUCCEEDED);
    for (int i = 0; i < FLEET_TASKS_OF_AGENT + 3; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "t%d", i);
        tell_begun(&t, "a1", id);
        tell_spent(&t, "a1", 10, 1);
        tell_ended(&t, "a1", id, OUTCOME_SUCCEEDED);
    }
    assert_null(task_named(&t, "a1", "t2"));
    assert_non_null(task_named(&t, "a1", "t3"));
    assert_non_null(task_named(&t, "a2", "x"));
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_SUCCEEDED].count, FLEET_TASKS_OF_AGENT + 3);
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_SUCCEEDED].cost_microusd, FLEET_TASKS_OF_AGENT + 3);
    fleet_free(t.fleet);
}

static void test_of_many_agents_the_oldest_fall_off(void **state)
{
    (void)state;
    struct teller t = teller_new();
    char agent[16];
    uint32_t kept = 0;
    for (int i = 0; i < FLEET_TASKS_KEPT + 5; i++) {
        (void)snprintf(agent, sizeof(agent), "a%d", i);
        tell_begun(&t, agent, "t");
        tell_ended(&t, agent, "t", OUTCOME_SUCCEEDED);
    }
    for (const struct task *at = fleet_task_newest(t.fleet); at;
         at = fleet_task_older(t.fleet, at)) {
        kept++;
    }
    assert_int_equal(kept, FLEET_TASKS_KEPT);
    assert_null(task_named(&t, "a4", "t"));
    assert_non_null(task_named(&t, "a5", "t"));
    assert_int_equal(fleet_task_sums_all(t.fleet)[OUTCOME_SUCCEEDED].count, FLEET_TASKS_KEPT + 5);
    fleet_free(t.fleet);
}

static void test_an_agent_that_is_forgotten_takes_its_tasks_along(void **state)
{
    (void)state;
    char agent[16];
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    tell_spent(&t, "a1", 10, 5);
    tell_ended(&t, "a1", "t1", OUTCOME_SUCCEEDED);
    tell_begun(&t, "a1", "t2");
    tell_state(&t, "a1", AGENT_STOPPED);
    assert_non_null(fleet_task_newest(t.fleet));
    for (int i = 0; i < FLEET_AGENTS_MAX; i++) {
        (void)snprintf(agent, sizeof(agent), "b%d", i);
        tell_started(&t, agent);
    }
    assert_null(fleet_task_newest(t.fleet));
    assert_int_equal(fleet_task_sums_all(t.fleet)[OUTCOME_SUCCEEDED].cost_microusd, 5);
    fleet_free(t.fleet);
}

/* ---- across */
static void pass_on(void *ctx, const struct event *ev)
{
    fleet_apply(ctx, ev);
}

static struct fleet *across(const struct teller *t, struct fleet *to)
{
    fleet_snapshot_begin(to, span_str(t->backend));
    fleet_snapshot(t->fleet, span_str(t->backend), pass_on, to);
    fleet_snapshot_end(to, span_str(t->backend), t->seq);
    return to;
}

static void tell_a_life(struct teller *t)
{
    tell_begun(t, "a1", "t1");
    tell_spent(t, "a1", 10, 5);
    tell_spent(t, "a1", 10, -1);
    tell_ended(t, "a1", "t1", OUTCOME_SUCCEEDED);
    tell_begun(t, "a1", "t2");
    tell_ended(t, "a1", "t2", OUTCOME_CANCELLED);
    tell_begun(t, "a1", "t3");
    tell_ended(t, "a1", "t3", OUTCOME_SUCCEEDED);
    tell_begun(t, "a1", "t4");
    event_set_number(say_task(t, EVENT_BUDGET_CHANGED, "a1", "t4"), F_BUDGET_LIMIT, 77);
    fold(t);
    tell_spent(t, "a1", 30, 4);
}

static void assert_same_tasks(const struct teller *a, const struct teller *b)
{
    assert_memory_equal(sums_of(a, "a1"), sums_of(b, "a1"),
                        OUTCOME_COUNT * sizeof(struct task_sums));
    for (int i = 1; i <= 5; i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "t%d", i);
        const struct task *x = task_named(a, "a1", id);
        const struct task *y = task_named(b, "a1", id);
        assert_true((x == NULL) == (y == NULL));
        if (x != NULL) {
            assert_span_is(fleet_span(b->fleet, y->title), fleet_str(a->fleet, x->title));
            assert_true(x->open == y->open && x->outcome == y->outcome &&
                        x->began_us == y->began_us && x->ended_us == y->ended_us &&
                        x->tokens_in == y->tokens_in && x->tokens_out == y->tokens_out &&
                        x->cost_microusd == y->cost_microusd && x->unpriced == y->unpriced &&
                        x->cost_estimated == y->cost_estimated && x->untold == y->untold &&
                        x->limit_microusd == y->limit_microusd);
        }
    }
}

static void test_who_comes_late_has_all_of_it(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_a_life(&t);
    struct teller late = t;
    late.fleet = across(&t, fleet_new());
    assert_same_tasks(&t, &late);
    /* again, after more of it was missed */
    tell_ended(&t, "a1", "t4", OUTCOME_FAILED);
    tell_begun(&t, "a1", "t5");
    tell_spent(&t, "a1", 10, 1);
    across(&t, late.fleet);
    assert_same_tasks(&t, &late);
    assert_int_equal(fleet_task_sums_all(late.fleet)[OUTCOME_SUCCEEDED].count, 2);
    assert_int_equal(fleet_task_sums_all(late.fleet)[OUTCOME_SUCCEEDED].cost_microusd, 5);
    fleet_free(late.fleet);
    fleet_free(t.fleet);
}

/* Nobody tells how it ended; sums that are told have its end in them. */
static void test_what_a_snapshot_does_not_bring_is_over(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_begun(&t, "a1", "t1");
    struct teller other = with_agent();
    across(&other, t.fleet);
    assert_null(open_of(&t, "a1"));
    assert_int_equal(sums_of(&t, "a1")[OUTCOME_UNKNOWN].count, 1);
    fleet_free(other.fleet);
    fleet_free(t.fleet);
}

static void test_a_copy_goes_on_by_itself(void **state)
{
    (void)state;
    struct teller t = with_agent();
    tell_a_life(&t);
    struct teller copy = t;
    copy.fleet = fleet_copy(t.fleet);
    assert_true(fleet_digest(copy.fleet) == fleet_digest(t.fleet));
    tell_ended(&copy, "a1", "t4", OUTCOME_SUCCEEDED);
    assert_true(fleet_digest(copy.fleet) != fleet_digest(t.fleet));
    assert_non_null(open_of(&t, "a1"));
    tell_ended(&t, "a1", "t4", OUTCOME_SUCCEEDED);
    assert_true(fleet_digest(copy.fleet) == fleet_digest(t.fleet));
    fleet_free(t.fleet);
    tell_begun(&copy, "a1", "t9");
    fleet_free(copy.fleet);
}

/* The same was spent, once in a task that is long gone and once in none. */
static void test_sums_are_in_the_digest(void **state)
{
    (void)state;
    struct teller in_one = with_agent();
    struct teller in_none = with_agent();
    tell_a_life(&in_one);
    tell_a_life(&in_none);
    tell_spent_of(&in_one, "a1", "gone", 3);
    tell_spent_of(&in_none, "a1", "", 3);
    assert_int_equal(sums_of(&in_one, "a1")[OUTCOME_UNKNOWN].cost_microusd, 3);
    assert_true(fleet_digest(in_one.fleet) != fleet_digest(in_none.fleet));
    fleet_free(in_one.fleet);
    fleet_free(in_none.fleet);
}

/* A cut tells the parent as it was before its helper spent. */
static void test_a_cut_tells_it_as_it_was(void **state)
{
    (void)state;
    struct teller t = with_agent();
    event_set_text(say(&t, EVENT_AGENT_STARTED, "a1/h"), F_AGENT_PARENT, SPAN("a1"));
    fold(&t);
    tell_a_life(&t);
    struct fleet_cut *cut = fleet_cut_new(t.fleet, span_str(t.backend));
    struct teller late = t;
    late.fleet = fleet_new();
    uint64_t seq = t.seq;
    fleet_snapshot_begin(late.fleet, span_str(t.backend));
    say_spent(&t, "a1/h", 500, 500);
    fleet_cut_before(cut, &t.ev, pass_on, late.fleet);
    fold(&t);
    while (fleet_cut_next(cut, pass_on, late.fleet)) {
    }
    fleet_cut_free(cut);
    fleet_snapshot_end(late.fleet, span_str(t.backend), seq);
    assert_int_equal(open_of(&late, "a1")->cost_microusd, 4);
    fleet_apply(late.fleet, &t.ev);
    assert_int_equal(open_of(&late, "a1")->cost_microusd, 504);
    assert_same_tasks(&t, &late);
    fleet_free(late.fleet);
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_task_has_what_was_spent_in_its_time),
        cmocka_unit_test(test_what_all_cost_for_each_that_was_completed),
        cmocka_unit_test(test_what_is_not_known_is_no_number),
        cmocka_unit_test(test_what_has_no_price_is_said),
        cmocka_unit_test(test_what_is_told_beside_is_in_no_task),
        cmocka_unit_test(test_a_limit_of_a_task_is_not_its_agents),
        cmocka_unit_test(test_what_was_not_told_is_bounded),
        cmocka_unit_test(test_helpers_work_for_the_task_of_their_parent),
        cmocka_unit_test(test_what_is_told_late_goes_where_it_belongs),
        cmocka_unit_test(test_another_beginning_ends_the_one_before),
        cmocka_unit_test(test_an_agent_that_is_over_works_on_nothing),
        cmocka_unit_test(test_an_end_without_a_beginning_is_no_task),
        cmocka_unit_test(test_a_moment_lies_in_one_task),
        cmocka_unit_test(test_the_oldest_fall_off_and_stay_in_the_sums),
        cmocka_unit_test(test_of_many_agents_the_oldest_fall_off),
        cmocka_unit_test(test_an_agent_that_is_forgotten_takes_its_tasks_along),
        cmocka_unit_test(test_who_comes_late_has_all_of_it),
        cmocka_unit_test(test_what_a_snapshot_does_not_bring_is_over),
        cmocka_unit_test(test_a_copy_goes_on_by_itself),
        cmocka_unit_test(test_sums_are_in_the_digest),
        cmocka_unit_test(test_a_cut_tells_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
