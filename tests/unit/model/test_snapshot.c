#include <stdio.h>

#include "fixture.h"
#include "random_events.h"

static void pass_on(void *ctx, const struct event *ev)
{
    fleet_apply(ctx, ev);
}

/* ---- what a snapshot brings across */
static void shift_left(char *line, size_t by)
{
    memmove(line, line + by, strlen(line + by) + 1);
}

/* Takes " name=value" out of a line of the dump. */
static void forget(char *line, const char *name)
{
    char key[40];
    (void)snprintf(key, sizeof(key), " %s=", name);
    char *at = strstr(line, key);
    if (at == NULL) {
        return;
    }
    char *end = at + strlen(key);
    if (*end == '"') {
        for (end++; *end != '"'; end += *end == '\\' ? 2 : 1) {
        }
        end++;
    }
    end += strcspn(end, " ");
    shift_left(at, (size_t)(end - at));
}

/* Numbers that a console counts for itself, and references into a log that it does not have. */
static void forget_local(char *line)
{
    static const char *const local[] = {"failures",  "retries",  "actions", "last_failure",
                                        "revision",  "refusals", "kind",    "until",
                                        "revocable", "order"};
    for (size_t i = 0; i < ARRAY_LEN(local); i++) {
        forget(line, local[i]);
    }
}

static bool starts(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static bool is_transferred(const char *line)
{
    bool pending = starts(line, "approval ") && strstr(line, " pending=1 ") != NULL;
    bool told = starts(line, "credential ") && strstr(line, " told=1 ") != NULL;
    return pending || told || starts(line, "agent ") || starts(line, "permissions.") ||
           starts(line, "reins ") || starts(line, "delegation ");
}

struct lines {
    char *text;
    char *line[4000];
    size_t count, credentials;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of the dump that a snapshot must carry; approvals and credentials by themselves: refs
 * are a fleet's own. Credentials, which come last, have no order: agents' lists bring some. */
static struct lines transferred(const struct fleet *f)
{
    struct lines l = {0};
    struct buf dump;
    buf_init(&dump, 8 << 20);
    assert_status(fleet_dump(f, &dump), ST_OK);
    l.text = buf_detach(&dump, NULL);
    buf_release(&dump);
    char *rest = NULL;
    for (char *line = strtok_r(l.text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (is_transferred(line)) {
            forget_local(line);
            l.credentials += starts(line, "credential ");
            if (starts(line, "approval ") || starts(line, "credential ")) {
                size_t word = strcspn(line, " ") + 1;
                shift_left(line, word + strcspn(line + word, " "));
            }
            l.line[l.count++] = line;
        }
    }
    qsort(l.line + (l.count - l.credentials), l.credentials, sizeof(l.line[0]), by_text);
    return l;
}

static void assert_same_lines(const struct fleet *got, const struct fleet *want)
{
    struct lines a = transferred(got);
    struct lines b = transferred(want);
    assert_true(a.count > 0);
    for (size_t i = 0; i < a.count && i < b.count; i++) {
        assert_string_equal(a.line[i], b.line[i]);
    }
    assert_int_equal(a.count, b.count);
    free(a.text);
    free(b.text);
}

/* One back-end only: refs of agents are then the same on both sides. */
static struct fleet *told_one_backend(uint64_t seed, int events)
{
    struct fleet *f = fleet_new();
    struct random_events g = random_events_new(seed);
    g.lineage = true;
    for (int i = 0; i < events; i++) {
        struct event ev = *random_event(&g);
        ev.backend = SPAN("b");
        ev.seq = (uint64_t)i + 1;
        fleet_apply(f, &ev);
    }
    return f;
}

static struct fleet *copied_of(const struct fleet *f, const char *name)
{
    struct fleet *copy = fleet_new();
    struct span backend = span_str(name);
    fleet_snapshot_begin(copy, backend);
    fleet_snapshot(f, backend, pass_on, copy);
    fleet_snapshot_end(copy, backend, fleet_backend_named(f, backend)->seq);
    return copy;
}

static struct fleet *copied(const struct fleet *f)
{
    return copied_of(f, "b");
}

static void a_snapshot_brings_agents_requests_and_spend(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct fleet *f = told_one_backend(seed, 1500);
        struct fleet *copy = copied(f);
        struct fleet_totals a;
        struct fleet_totals b;
        assert_same_lines(copy, f);
        fleet_totals(f, &a);
        fleet_totals(copy, &b);
        assert_memory_equal(a.by_state, b.by_state, sizeof(a.by_state));
        assert_int_equal(a.pending, b.pending);
        assert_int_equal(a.failed, b.failed);
        assert_int_equal(a.stop_latched, b.stop_latched);
        /* what is asked for and not answered is its console's own, and in the totals there */
        assert_int_equal(fleet_backend_named(f, SPAN("b"))->stop_requested,
                         fleet_backend_named(copy, SPAN("b"))->stop_requested);
        assert_int_equal(fleet_log_newest(copy), 0);
        fleet_free(copy);
        fleet_free(f);
    }
}

/* Most agents have been heard of little by then. */
static void a_snapshot_after_a_few_events_brings_them_too(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct fleet *f = told_one_backend(seed, 20 + (int)seed);
        struct fleet *copy = copied(f);
        assert_same_lines(copy, f);
        fleet_free(copy);
        fleet_free(f);
    }
}

/* What was said of an agent, and not by it, is no sign of its life; a snapshot makes none of it. */
static void an_agent_that_was_only_named_is_not_heard_of_by_a_snapshot(void **state)
{
    (void)state;
    struct teller t = teller_new();
    event_set_text(say(&t, EVENT_SIGNAL_RAISED, "a1"), F_TITLE, SPAN("seen on a host"));
    fold(&t);
    struct fleet *copy = copied_of(t.fleet, "b1");
    const struct agent *a = fleet_agent_by_id(copy, SPAN("b1"), SPAN("a1"));
    assert_non_null(a);
    assert_int_equal(a->last_event_us, 0);
    assert_int_equal(a->state_since_us, agent_named(&t, "a1")->state_since_us);
    fleet_snapshot_begin(copy, SPAN("b1"));
    fleet_snapshot(t.fleet, SPAN("b1"), pass_on, copy);
    fleet_snapshot_end(copy, SPAN("b1"), 1);
    a = fleet_agent_by_id(copy, SPAN("b1"), SPAN("a1"));
    assert_int_equal(a->state, AGENT_UNKNOWN);
    assert_int_equal(a->last_event_us, 0);
    fleet_free(copy);
    fleet_free(t.fleet);
}

/* A console that has it all already sees nothing new. */
static void the_same_snapshot_again_changes_nothing(void **state)
{
    (void)state;
    struct fleet *f = told_one_backend(77, 1500);
    struct fleet *copy = copied(f);
    struct buf before;
    struct buf after;
    buf_init(&before, 8 << 20);
    buf_init(&after, 8 << 20);
    assert_status(fleet_dump(copy, &before), ST_OK);
    fleet_snapshot_begin(copy, SPAN("b"));
    fleet_snapshot(f, SPAN("b"), pass_on, copy);
    fleet_snapshot_end(copy, SPAN("b"), fleet_backend_named(f, SPAN("b"))->seq);
    assert_status(fleet_dump(copy, &after), ST_OK);
    assert_string_equal(strchr(before.data, '\n'), strchr(after.data, '\n'));
    buf_release(&before);
    buf_release(&after);
    fleet_free(copy);
    fleet_free(f);
}

static void a_snapshot_is_of_one_backend(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    t.backend = "b2";
    tell_started(&t, "a2");
    tell_request(&t, "a2", "r2");
    struct fleet *copy = fleet_new();
    fleet_snapshot(t.fleet, SPAN("b1"), pass_on, copy);
    assert_int_equal(fleet_agent_count(copy), 1);
    assert_int_equal(fleet_pending_count(copy), 0);
    fleet_snapshot(t.fleet, SPAN("not there"), pass_on, copy);
    assert_int_equal(fleet_agent_count(copy), 1);
    fleet_free(copy);
    fleet_free(t.fleet);
}

/* ---- what a snapshot does not bring back */
static void say_again(struct teller *t, enum event_type type, const char *agent)
{
    say(t, type, agent);
    t->ev.snapshot = true;
    t->ev.seq = 1;
}

static void what_does_not_come_back_is_closed(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    tell_request(&t, "a2", "r2");
    tell_request(&t, "a2", "r3");
    tell_started(&t, "a3");
    tell_state(&t, "a3", AGENT_STOPPED);
    t.backend = "b2";
    tell_request(&t, "other", "r9");
    t.backend = "b1";
    uint32_t newest = fleet_log_newest(t.fleet);
    fleet_snapshot_begin(t.fleet, SPAN("b1"));
    say_again(&t, EVENT_AGENT_STARTED, "a2");
    fold(&t);
    say_request(&t, "a2", "r2", "{\"command\":\"ls\"}");
    t.ev.snapshot = true;
    fold(&t);
    fleet_snapshot_end(t.fleet, SPAN("b1"), 900);
    assert_int_equal(agent_named(&t, "a1")->state, AGENT_UNKNOWN);
    assert_contains(fleet_str(t.fleet, agent_named(&t, "a1")->state_reason),
                    "not reported any more");
    assert_int_equal(agent_named(&t, "a3")->state, AGENT_STOPPED);
    assert_int_not_equal(agent_named(&t, "a2")->state, AGENT_STOPPED);
    assert_int_equal(approval_named(&t, "r1")->decision, DECISION_WITHDRAWN);
    assert_int_equal(approval_named(&t, "r3")->decision, DECISION_WITHDRAWN);
    assert_true(approval_named(&t, "r2")->pending);
    assert_int_equal(fleet_pending_count(t.fleet), 2);
    assert_int_equal(fleet_log_newest(t.fleet), newest + 3);
    for (uint32_t n = newest + 1; n <= newest + 3; n++) {
        const char *text = fleet_str(t.fleet, fleet_log_entry(t.fleet, n)->text);
        assert_true(strstr(text, "not reported any more") ||
                    strstr(text, "not in the back-end's snapshot"));
    }
    assert_int_equal(fleet_backend_named(t.fleet, SPAN("b1"))->seq, 900);
    t.backend = "b2";
    assert_true(approval_named(&t, "r9")->pending);
    fleet_free(t.fleet);
}

/* An event between the snapshot's says too that its agent is there. */
static void news_during_a_snapshot_counts(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    fleet_snapshot_begin(t.fleet, SPAN("b1"));
    tell_state(&t, "a1", AGENT_RUNNING);
    fleet_snapshot_end(t.fleet, SPAN("b1"), t.seq);
    assert_int_equal(agent_named(&t, "a1")->state, AGENT_RUNNING);
    fleet_free(t.fleet);
}

static void many_lost_requests_are_all_closed(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct fleet_totals totals;
    char agent[16];
    char id[16];
    for (int i = 0; i < 3 * FLEET_RESOLVED_KEPT; i++) {
        (void)snprintf(agent, sizeof(agent), "a%d", i % 20);
        (void)snprintf(id, sizeof(id), "r%d", i);
        tell_request(&t, agent, id);
    }
    fleet_snapshot_begin(t.fleet, SPAN("b1"));
    fleet_snapshot_end(t.fleet, SPAN("b1"), 1);
    assert_int_equal(fleet_pending_count(t.fleet), 0);
    assert_int_equal(fleet_resolved_count(t.fleet), FLEET_RESOLVED_KEPT);
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.by_state[AGENT_UNKNOWN], 20);
    fleet_free(t.fleet);
}

static void empty_snapshot(struct teller *t)
{
    fleet_snapshot_begin(t->fleet, SPAN("b1"));
    fleet_snapshot_end(t->fleet, SPAN("b1"), t->seq);
}

/* Said once, not at every snapshot; and again when it had come back. */
static void who_is_lost_is_said_to_be_once(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_state(&t, "a1", AGENT_RUNNING);
    empty_snapshot(&t);
    uint32_t newest = fleet_log_newest(t.fleet);
    empty_snapshot(&t);
    assert_int_equal(fleet_log_newest(t.fleet), newest);
    fleet_snapshot_begin(t.fleet, SPAN("b1"));
    say_again(&t, EVENT_AGENT_STARTED, "a1");
    fold(&t);
    assert_int_equal(agent_named(&t, "a1")->state_reason, 0);
    fleet_snapshot_end(t.fleet, SPAN("b1"), t.seq);
    assert_int_equal(fleet_log_newest(t.fleet), newest);
    empty_snapshot(&t);
    assert_int_equal(fleet_log_newest(t.fleet), newest + 1);
    fleet_free(t.fleet);
}

/* What is lost does not fill the console for ever. */
static void who_is_lost_makes_room(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct fleet_totals totals;
    char id[16];
    for (int i = 0; i < FLEET_AGENTS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "a%d", i);
        tell_started(&t, id);
    }
    fleet_snapshot_begin(t.fleet, SPAN("b1"));
    say_again(&t, EVENT_AGENT_STARTED, "a0");
    fold(&t);
    fleet_snapshot_end(t.fleet, SPAN("b1"), t.seq);
    tell_started(&t, "new");
    assert_non_null(agent_named(&t, "new"));
    assert_non_null(agent_named(&t, "a0"));
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.agents, FLEET_AGENTS_MAX);
    assert_int_equal(totals.refused, 0);
    fleet_free(t.fleet);
}

/* A history that begins anew has low numbers again. */
static void the_end_of_a_snapshot_sets_where_to_resume(void **state)
{
    (void)state;
    struct teller t = teller_new();
    t.seq = 5000;
    tell_started(&t, "a1");
    fleet_snapshot_begin(t.fleet, SPAN("b1"));
    say_again(&t, EVENT_AGENT_STARTED, "a1");
    fold(&t);
    assert_int_equal(fleet_backend_at(t.fleet, 0)->seq, 5001);
    fleet_snapshot_end(t.fleet, SPAN("b1"), 7);
    t.seq = 7;
    tell_state(&t, "a1", AGENT_RUNNING);
    assert_int_equal(agent_named(&t, "a1")->state, AGENT_RUNNING);
    fleet_free(t.fleet);
}

static void spend_in_a_snapshot_is_a_sum(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct fleet_totals totals;
    event_set_number(say(&t, EVENT_SPEND_RECORDED, "a1"), F_COST_MICROUSD, 500);
    fold(&t);
    say_again(&t, EVENT_SPEND_RECORDED, "a1");
    event_set_number(&t.ev, F_COST_MICROUSD, 800);
    fold(&t);
    fold(&t);
    assert_int_equal(agent_named(&t, "a1")->cost_microusd, 800);
    fleet_totals(t.fleet, &totals);
    assert_int_equal(totals.cost_microusd, 800);
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_brings_agents_requests_and_spend),
        cmocka_unit_test(a_snapshot_after_a_few_events_brings_them_too),
        cmocka_unit_test(an_agent_that_was_only_named_is_not_heard_of_by_a_snapshot),
        cmocka_unit_test(the_same_snapshot_again_changes_nothing),
        cmocka_unit_test(a_snapshot_is_of_one_backend),
        cmocka_unit_test(what_does_not_come_back_is_closed),
        cmocka_unit_test(news_during_a_snapshot_counts),
        cmocka_unit_test(many_lost_requests_are_all_closed),
        cmocka_unit_test(who_is_lost_is_said_to_be_once),
        cmocka_unit_test(who_is_lost_makes_room),
        cmocka_unit_test(the_end_of_a_snapshot_sets_where_to_resume),
        cmocka_unit_test(spend_in_a_snapshot_is_a_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
