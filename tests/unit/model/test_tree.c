/* An agent seen in two ways is told to be one; what a tree has used is the sum of its agents. */
#include "checkrein/model.h"
#include "expect.h"

static void tell(struct fleet *f, const char *backend, const char *id, const char *parent,
                 const char *session, const char *runtime)
{
    struct event ev;
    event_init(&ev, EVENT_AGENT_STARTED, 1000);
    ev.backend = span_str(backend);
    ev.subject = span_str(id);
    event_set_text(&ev, F_AGENT_ID, span_str(id));
    event_set_text(&ev, F_AGENT_RUNTIME, span_str(runtime));
    event_put_text(&ev, F_AGENT_PARENT, span_str(parent));
    event_put_text(&ev, F_SESSION, span_str(session));
    fleet_apply(f, &ev);
}

static void spend(struct fleet *f, const char *id, int64_t in, int64_t out, int64_t microusd)
{
    struct event ev;
    event_init(&ev, EVENT_SPEND_RECORDED, 2000);
    ev.backend = SPAN("a");
    ev.subject = span_str(id);
    event_set_text(&ev, F_AGENT_ID, span_str(id));
    event_set_number(&ev, F_TOKENS_IN, in);
    event_set_number(&ev, F_TOKENS_OUT, out);
    if (microusd) {
        event_set_number(&ev, F_COST_MICROUSD, microusd);
        event_set_number(&ev, F_COST_ESTIMATED, 1);
    }
    fleet_apply(f, &ev);
}

static const struct agent *named(const struct fleet *f, const char *backend, const char *id)
{
    const struct agent *a = fleet_agent_by_id(f, span_str(backend), span_str(id));
    assert_non_null(a);
    return a;
}

static void expect_twins(const struct fleet *f, const char *of_server, const char *of_hooks)
{
    const struct agent *a = named(f, "a", of_server);
    const struct agent *b = named(f, "b", of_hooks);
    assert_ptr_equal(fleet_agent_twin(f, a), b);
    assert_ptr_equal(fleet_agent_twin(f, b), a);
}

static void twins(void **state)
{
    (void)state;
    struct fleet *f = fleet_new();
    tell(f, "a", "t1", NULL, "t1", "codex");
    tell(f, "a", "t2", "t1", "t1", "codex");
    tell(f, "a", "t3", NULL, "t3", "codex");
    tell(f, "a", "t4", NULL, "t4", "codex");
    tell(f, "b", "codex:t1", NULL, "t1", "codex");
    tell(f, "b", "codex:t1/t2", "codex:t1", "t1", "codex");
    tell(f, "b", "run:01X", NULL, "t3", "codex");
    tell(f, "b", "claude:t4", NULL, "t4", "claude");
    tell(f, "a", "t5", NULL, "t5", "codex");
    tell(f, "a", "codex:t5", NULL, "t5", "codex"); /* its own back-end says it of itself */
    expect_twins(f, "t1", "codex:t1");
    expect_twins(f, "t2", "codex:t1/t2");
    expect_twins(f, "t3", "run:01X");
    assert_null(fleet_agent_twin(f, named(f, "a", "t4")));
    assert_null(fleet_agent_twin(f, named(f, "b", "claude:t4")));
    assert_null(fleet_agent_twin(f, named(f, "a", "t5")));
    fleet_free(f);
}

static void sums(void **state)
{
    (void)state;
    struct fleet *f = fleet_new();
    tell(f, "a", "root", NULL, NULL, "codex");
    tell(f, "a", "child", "root", NULL, "codex");
    tell(f, "a", "grandchild", "child", NULL, "codex");
    tell(f, "a", "other", NULL, NULL, "codex");
    spend(f, "root", 10, 1, 5);
    spend(f, "grandchild", 200, 20, 0);
    spend(f, "other", 4000, 400, 7);
    struct tree_spend t = fleet_tree_spend(f, named(f, "a", "root")->ref);
    assert_int_equal(t.agents, 3);
    assert_int_equal(t.untold, 1);
    assert_int_equal(t.tokens_in, 210);
    assert_int_equal(t.tokens_out, 21);
    assert_int_equal(t.cost_microusd, 5);
    assert_true(t.cost_estimated && t.unpriced);
    t = fleet_tree_spend(f, named(f, "a", "child")->ref);
    assert_int_equal(t.agents, 2);
    assert_int_equal(t.tokens_in, 200);
    assert_false(agent_told_tokens(named(f, "a", "child")));
    assert_true(agent_told_tokens(named(f, "a", "root")));
    fleet_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(twins), cmocka_unit_test(sums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
