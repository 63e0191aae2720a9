/* What a back-end that tells tokens only has cost: by the list, or not at all. */
#include "expect.h"

#include "hub_prices.h"

static struct price_table *list(void)
{
    static const struct price_pair PAIRS[] = {
        {SPAN_INIT("model"),       SPAN_INIT("gpt-*")     },
        {SPAN_INIT("from"),        SPAN_INIT("2026-01-01")},
        {SPAN_INIT("source"),      SPAN_INIT("a test")    },
        {SPAN_INIT("input"),       SPAN_INIT("1.00")      },
        {SPAN_INIT("output"),      SPAN_INIT("10.00")     },
        {SPAN_INIT("cache_read"),  SPAN_INIT("0.10")      },
        {SPAN_INIT("cache_write"), SPAN_INIT("1.25")      },
    };
    struct price_table *t = price_table_new();
    struct why why = {0};
    assert_status(price_add(t, PAIRS, ARRAY_LEN(PAIRS), NULL, &why), ST_OK);
    return t;
}

static void spent(struct event *ev, const char *model)
{
    event_init(ev, EVENT_SPEND_RECORDED, INT64_C(1795170939000000));
    event_set_text(ev, F_AGENT_ID, SPAN("a"));
    event_put_text(ev, F_MODEL, span_str(model));
    event_set_number(ev, F_TOKENS_IN, 1200);
    event_set_number(ev, F_TOKENS_CACHED, 800);
    event_set_number(ev, F_TOKENS_CACHE_WRITE, 100);
    event_set_number(ev, F_TOKENS_OUT, 60);
    event_set_number(ev, F_TOKENS_REASONING, 20);
}

static const struct driver_ops TOKENS_ONLY = {.tells_tokens_only = true};
static const struct driver_ops TELLS_COST = {.tells_tokens_only = false};

static void tokens_of_each_kind_cost_what_the_list_says(void **state)
{
    struct price_table *t = list();
    struct event ev, room;
    (void)state;
    spent(&ev, "gpt-5.5");
    const struct event *priced = event_priced(t, &TOKENS_ONLY, &ev, &room);
    /* 300 at 1.00, 800 at 0.10, 100 at 1.25, 60 at 10.00, each for a million */
    assert_int_equal(event_number(priced, F_COST_MICROUSD), 300 + 80 + 125 + 600);
    assert_int_equal(event_number(priced, F_COST_ESTIMATED), 1);
    assert_span_is(event_text(priced, F_REASON), "a test");
    assert_int_equal(event_number(priced, F_TOKENS_IN), 1200);
    price_table_free(t);
}

static void what_is_not_in_the_list_has_no_cost(void **state)
{
    struct price_table *t = list();
    struct event ev, room;
    (void)state;
    spent(&ev, "another");
    assert_ptr_equal(event_priced(t, &TOKENS_ONLY, &ev, &room), &ev);
    spent(&ev, NULL);
    assert_ptr_equal(event_priced(t, &TOKENS_ONLY, &ev, &room), &ev);
    spent(&ev, "gpt-5.5");
    assert_ptr_equal(event_priced(NULL, &TOKENS_ONLY, &ev, &room), &ev);
    price_table_free(t);
}

static void a_cost_that_was_told_stands(void **state)
{
    struct price_table *t = list();
    struct event ev, room;
    (void)state;
    spent(&ev, "gpt-5.5");
    event_set_number(&ev, F_COST_MICROUSD, 7);
    assert_ptr_equal(event_priced(t, &TOKENS_ONLY, &ev, &room), &ev);
    spent(&ev, "gpt-5.5");
    assert_ptr_equal(event_priced(t, &TELLS_COST, &ev, &room), &ev);
    ev.type = EVENT_AGENT_UPDATED;
    assert_ptr_equal(event_priced(t, &TOKENS_ONLY, &ev, &room), &ev);
    price_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_each_kind_cost_what_the_list_says),
        cmocka_unit_test(what_is_not_in_the_list_has_no_cost),
        cmocka_unit_test(a_cost_that_was_told_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
