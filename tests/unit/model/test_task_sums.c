/* Whatever is told in whatever order, the sums of tasks, agents, back-ends and days are of one
 * whole, and who comes late has the same. */
#include <stdio.h>

#include "fixture.h"
#include "prng.h"

#define AGENTS    5
#define TASKS     60
#define STEPS     3000
#define SEEDS     40
#define OWN_TASKS 3 /* agents that may have tasks of their own; the others help them */

struct world {
    struct teller t;
    struct prng r;
    int64_t cost, bound; /* told of all */
};

static const char *agent_id(uint64_t n)
{
    static const char *const ids[AGENTS] = {"a0", "a1", "a2", "a0/h", "a0/h/h"};
    return ids[n % AGENTS];
}

static struct event *say_of(struct world *w, enum event_type type, bool with_task)
{
    static char id[16];
    struct event *ev = say(&w->t, type, agent_id(prng_below(&w->r, AGENTS)));
    (void)snprintf(id, sizeof(id), "t%u", (unsigned)prng_below(&w->r, TASKS));
    if (with_task) {
        event_set_text(ev, F_TASK_ID, prng_below(&w->r, 8) == 0 ? SPAN("") : span_str(id));
    }
    return ev;
}

static void spend(struct world *w)
{
    struct event *ev = say_of(w, EVENT_SPEND_RECORDED, prng_below(&w->r, 2) == 0);
    bool beside = prng_below(&w->r, 9) == 0;
    if (prng_below(&w->r, 4) != 0) {
        event_set_number(ev, F_TOKENS_IN, (int64_t)prng_below(&w->r, 1000));
        event_set_number(ev, F_TOKENS_OUT, (int64_t)prng_below(&w->r, 1000));
    }
    if (prng_below(&w->r, 4) != 0) {
        int64_t cost = (int64_t)prng_below(&w->r, 100000);
        event_set_number(ev, F_COST_MICROUSD, cost);
        w->cost += beside ? 0 : cost;
    }
    if (prng_below(&w->r, 4) == 0) {
        event_set_number(ev, F_SPEND_UNTOLD, 1);
        event_set_number(ev, F_SPEND_BOUND, (int64_t)prng_below(&w->r, 500));
    }
    event_set_number(ev, F_SPEND_SOURCE, beside ? SPEND_SOURCE_BESIDE : SPEND_SOURCE_GATEWAY);
    fold(&w->t);
}

static void one_event(struct world *w)
{
    switch (prng_below(&w->r, 6)) {
    case 0:
        event_set_text(say_of(w, EVENT_TASK_STARTED, true), F_TASK_TITLE, SPAN("a title"));
        fold(&w->t);
        break;
    case 1:
        event_set_number(say_of(w, EVENT_TASK_FINISHED, true), F_TASK_OUTCOME,
                         (int64_t)prng_below(&w->r, OUTCOME_COUNT));
        fold(&w->t);
        break;
    default:
        spend(w);
    }
}

static void add_all(struct task_sums sum[OUTCOME_COUNT], const struct task_sums *more)
{
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        task_sums_add(&sum[o], &more[o]);
    }
}

static void assert_same_sums(const struct task_sums *a, const struct task_sums *b)
{
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        assert_int_equal(a[o].count, b[o].count);
        assert_int_equal(a[o].silent, b[o].silent);
        assert_int_equal(a[o].tokens_in, b[o].tokens_in);
        assert_int_equal(a[o].tokens_out, b[o].tokens_out);
        assert_int_equal(a[o].cost_microusd, b[o].cost_microusd);
        assert_int_equal(a[o].untold, b[o].untold);
        assert_int_equal(a[o].unpriced, b[o].unpriced);
    }
}

static void assert_one_whole(const struct world *w)
{
    const struct fleet *f = w->t.fleet;
    const struct backend *b = fleet_backend_at(f, 0);
    struct task_sums sum[OUTCOME_COUNT] = {0};
    int64_t cost = 0;
    int64_t days = 0;
    for (uint32_t i = 0; i < fleet_agent_count(f); i++) {
        const struct agent *a = fleet_agent_at(f, i);
        cost += a->cost_microusd;
        add_all(sum, fleet_task_sums(f, a->ref));
    }
    for (size_t i = 0; i < SPEND_DAYS; i++) {
        days += b->days[i].microusd;
    }
    assert_int_equal(cost, w->cost);
    assert_int_equal(b->total_microusd, w->cost);
    assert_int_equal(days, w->cost);
    assert_same_sums(sum, fleet_task_sums_all(f));
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        assert_true(sum[o].silent >= 0 && sum[o].silent <= sum[o].count);
    }
}

/* While none fell off. Of no task that is known may be more, of which nobody knows how it ended. */
static void assert_sums_of_tasks(const struct fleet *f)
{
    struct task_sums kept[OUTCOME_COUNT] = {0};
    const struct task_sums *told = fleet_task_sums_all(f);
    for (const struct task *t = fleet_task_newest(f); t != NULL; t = fleet_task_older(f, t)) {
        kept[t->outcome].count++;
        kept[t->outcome].silent += !task_told(t);
        kept[t->outcome].cost_microusd += t->cost_microusd;
    }
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        assert_int_equal(kept[o].count, told[o].count);
        assert_int_equal(kept[o].silent, told[o].silent);
        assert_true(kept[o].cost_microusd == told[o].cost_microusd || o == OUTCOME_UNKNOWN);
    }
}

static void pass_on(void *ctx, const struct event *ev)
{
    fleet_apply(ctx, ev);
}

static void assert_late_has_it(const struct world *w)
{
    struct fleet *late = fleet_new();
    struct span name = span_str(w->t.backend);
    fleet_snapshot_begin(late, name);
    fleet_snapshot(w->t.fleet, name, pass_on, late);
    fleet_snapshot_end(late, name, w->t.seq);
    for (uint32_t i = 0; i < fleet_agent_count(w->t.fleet); i++) {
        const struct agent *a = fleet_agent_at(w->t.fleet, i);
        const struct agent *b = fleet_agent_by_id(late, name, fleet_span(w->t.fleet, a->id));
        assert_non_null(b);
        const struct task *x = fleet_task_of(w->t.fleet, a->ref);
        const struct task *y = fleet_task_of(late, b->ref);
        assert_true((x == NULL) == (y == NULL));
        assert_true(x == NULL || (x->cost_microusd == y->cost_microusd && x->untold == y->untold &&
                                  x->bound_microusd == y->bound_microusd &&
                                  x->tokens_in == y->tokens_in && x->unpriced == y->unpriced));
        assert_same_sums(fleet_task_sums(w->t.fleet, a->ref), fleet_task_sums(late, b->ref));
        assert_int_equal(a->cost_microusd, b->cost_microusd);
        assert_int_equal(a->traits->bound_microusd, b->traits->bound_microusd);
    }
    fleet_free(late);
}

static void the_sums_are_of_one_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world w = {.t = teller_new(), .r = {seed}};
        for (uint64_t i = 0; i < AGENTS; i++) {
            struct event *ev = say(&w.t, EVENT_AGENT_STARTED, agent_id(i));
            if (i >= OWN_TASKS) {
                event_set_text(ev, F_AGENT_PARENT, i == OWN_TASKS ? SPAN("a0") : SPAN("a0/h"));
            }
            fold(&w.t);
        }
        for (int i = 0; i < STEPS; i++) {
            one_event(&w);
            if (task_sums_total(fleet_task_sums_all(w.t.fleet)).count <= FLEET_TASKS_OF_AGENT) {
                assert_sums_of_tasks(w.t.fleet);
            }
            if (i % 300 == 299) {
                assert_one_whole(&w);
                assert_late_has_it(&w);
            }
        }
        struct fleet *copy = fleet_copy(w.t.fleet);
        assert_true(fleet_digest(copy) == fleet_digest(w.t.fleet));
        fleet_free(copy);
        fleet_free(w.t.fleet);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sums_are_of_one_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
