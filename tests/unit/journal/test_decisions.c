/* Every way in which a call could run undecided is a fault, and no way in which it runs decided is
 * one. */
#include "journal_kit.h"

#include "decisions_priv.h"

#define AGENT  "claude:s1"
#define CHILD  "claude:s1/helper"
#define ACTION "{\"tool\":\"Bash\",\"input\":{\"command\":\"ls\"}}"
#define OTHER  "{\"tool\":\"Bash\",\"input\":{\"command\":\"rm\"}}"

struct step {
    const char *agent, *call, *approval, *by, *gate, *parent;
    const char *action; /* digest of it */
    const char *shown;  /* action text of a request; NULL: the same */
    enum event_type type;
    int64_t number; /* verdict, decision, outcome, latch */
    bool restart;
};

/* The steps of stories, each a word. */
#define RULE(a, v)                                                                                 \
    {                                                                                              \
        .type = EVENT_POLICY_DECIDED, .agent = AGENT, .call = "t1", .action = (a), .number = (v)   \
    }
#define ASK(id, c, a)                                                                              \
    {                                                                                              \
        .type = EVENT_APPROVAL_REQUESTED, .agent = AGENT, .call = (c), .approval = (id),           \
        .action = (a)                                                                              \
    }
#define FORGED(id, a, s)                                                                           \
    {                                                                                              \
        .type = EVENT_APPROVAL_REQUESTED, .agent = AGENT, .call = "t1", .approval = (id),          \
        .action = (a), .shown = (s)                                                                \
    }
#define ANSWER(id, a, d, w)                                                                        \
    {                                                                                              \
        .type = EVENT_APPROVAL_RESOLVED, .agent = AGENT, .call = "t1", .approval = (id),           \
        .action = (a), .number = (d), .by = (w)                                                    \
    }
#define APPROVE(id, a) ANSWER(id, a, DECISION_APPROVED, "ops")
#define DENY(id, a)    ANSWER(id, a, DECISION_DENIED, "ops")
#define START(a)                                                                                   \
    {                                                                                              \
        .type = EVENT_ACTION_STARTED, .agent = AGENT, .call = "t1", .action = (a)                  \
    }
#define START_OF(who, c)                                                                           \
    {                                                                                              \
        .type = EVENT_ACTION_STARTED, .agent = (who), .call = (c), .action = ACTION                \
    }
#define RULE_OF(who, c)                                                                            \
    {                                                                                              \
        .type = EVENT_POLICY_DECIDED, .agent = (who), .call = (c), .action = ACTION,               \
        .number = VERDICT_ALLOW                                                                    \
    }
#define END(o)                                                                                     \
    {                                                                                              \
        .type = EVENT_ACTION_FINISHED, .agent = AGENT, .call = "t1", .number = (o)                 \
    }
#define LATCH(on)                                                                                  \
    {                                                                                              \
        .type = EVENT_FLEET_STOP, .number = (on)                                                   \
    }
#define GATE(who, g, up)                                                                           \
    {                                                                                              \
        .type = EVENT_AGENT_UPDATED, .agent = (who), .gate = (g), .parent = (up)                   \
    }
#define RESTART                                                                                    \
    {                                                                                              \
        .restart = true                                                                            \
    }
#define STEPS_MAX 12

struct story {
    const char *name;
    const char *fault; /* NULL: none */
    struct step steps[STEPS_MAX];
};

static const struct story stories[] = {
    {"a rule lets it run",
     NULL,                                                                     {RULE(ACTION, VERDICT_ALLOW), START(ACTION), END(OUTCOME_SUCCEEDED)}                      },
    {"an operator lets it run",
     NULL,                                                                     {RULE(ACTION, VERDICT_ASK), ASK("A", "t1", ACTION), APPROVE("A", ACTION), START(ACTION)}  },
    {"the same call is asked again after its end",
     NULL,                                                                     {RULE(ACTION, VERDICT_ALLOW), START(ACTION), END(OUTCOME_FAILED), RULE(ACTION, VERDICT_ALLOW),
      START(ACTION)}                                                                                                                                           },
    {"denied, and then asked again after its end",
     NULL,                                                                     {ASK("A", "t1", ACTION), DENY("A", ACTION), END(OUTCOME_DENIED), ASK("B", "t1", ACTION),
      APPROVE("B", ACTION), START(ACTION)}                                                                                                                     },
    {"new rules allow what waits",
     NULL,                                                                     {ASK("A", "t1", ACTION), RULE(ACTION, VERDICT_ALLOW),
      ANSWER("A", ACTION, DECISION_APPROVED, "policy"), START(ACTION)}                                                                                         },
    {"new rules ask again",
     NULL,                                                                     {ASK("A", "t1", ACTION), ASK("A", "t1", ACTION), APPROVE("A", ACTION), START(ACTION)}     },
    {"a rule denies what waits",
     NULL,                                                                     {ASK("A", "t1", ACTION), RULE(ACTION, VERDICT_DENY),
      ANSWER("A", ACTION, DECISION_DENIED, "policy"), END(OUTCOME_DENIED)}                                                                                     },
    {"a restart withdraws, and it comes again",
     NULL,                                                                     {ASK("A", "t1", ACTION), RESTART, ANSWER("A", ACTION, DECISION_WITHDRAWN, "checkrein"),
      ASK("B", "t1", ACTION), APPROVE("B", ACTION), START(ACTION)}                                                                                             },
    {"it runs over a restart",
     NULL,                                                                     {RULE(ACTION, VERDICT_ALLOW), START(ACTION), RESTART, END(OUTCOME_SUCCEEDED)}             },
    {"after the stop was taken back",
     NULL,                                                                     {LATCH(1), LATCH(0), RULE(ACTION, VERDICT_ALLOW), START(ACTION)}                          },
    {"after it was resumed",
     NULL,                                                                     {GATE(AGENT, "hold", NULL), GATE(AGENT, "open", NULL), RULE(ACTION, VERDICT_ALLOW),
      START(ACTION)}                                                                                                                                           },
    {"another agent is paused",
     NULL,                                                                     {GATE("claude:s2", "hold", NULL), RULE(ACTION, VERDICT_ALLOW), START(ACTION)}             },

    {"nobody decided",                             "ran without a decision",   {START(ACTION)}                                                                           },
    {"a rule asked, and nobody answered",
     "ran without a decision",                                                 {RULE(ACTION, VERDICT_ASK), ASK("A", "t1", ACTION), START(ACTION)}                        },
    {"decided afterwards",                         "ran without a decision",   {START(ACTION), RULE(ACTION, VERDICT_ALLOW)}                                              },
    {"decided for another call",                   "ran without a decision",   {RULE_OF(AGENT, "t2"), START(ACTION)}                                                     },
    {"decided for another agent",                  "ran without a decision",   {RULE_OF(CHILD, "t1"), START(ACTION)}                                                     },
    {"another digest ran",
     "ran with another digest than was decided",                               {RULE(ACTION, VERDICT_ALLOW), START(OTHER)}                                               },
    {"another digest was approved",
     "decided with another digest than was asked for",                         {ASK("A", "t1", ACTION), APPROVE("A", OTHER), START(OTHER)}                               },
    {"a decision is used twice",
     "ran a second time",                                                      {RULE(ACTION, VERDICT_ALLOW), START(ACTION), START(ACTION)}                               },
    {"a decision is used again after the end",
     "ran without a decision",                                                 {RULE(ACTION, VERDICT_ALLOW), START(ACTION), END(OUTCOME_SUCCEEDED), START(ACTION)}       },
    {"an old process decided",
     "ran without a decision",                                                 {RULE(ACTION, VERDICT_ALLOW), RESTART, START(ACTION)}                                     },
    {"an old process was asked",
     "approved, and the process that held the call has ended",                 {ASK("A", "t1", ACTION), RESTART, APPROVE("A", ACTION), START(ACTION)}                    },
    {"an operator denied",
     "ran after it was refused",                                               {ASK("A", "t1", ACTION), DENY("A", ACTION), START(ACTION)}                                },
    {"it was withdrawn",
     "ran after it was refused",                                               {ASK("A", "t1", ACTION), ANSWER("A", ACTION, DECISION_WITHDRAWN, "agent"), START(ACTION)} },
    {"a rule denied",                              "ran after it was refused", {RULE(ACTION, VERDICT_DENY), START(ACTION)}                                               },
    {"a rule denied and then allowed",
     "allowed after it was refused",                                           {RULE(ACTION, VERDICT_DENY), RULE(ACTION, VERDICT_ALLOW), START(ACTION)}                  },
    {"approved and then denied",
     "a decision of a request that is not open",                               {ASK("A", "t1", ACTION), APPROVE("A", ACTION), DENY("A", ACTION), START(ACTION)}          },
    {"a rule allowed and an operator approved",
     "decided twice before it ran",                                            {ASK("A", "t1", ACTION), RULE(ACTION, VERDICT_ALLOW), APPROVE("A", ACTION), START(ACTION)}},
    {"a rule allowed and an operator denied",
     "refused after it was allowed",                                           {ASK("A", "t1", ACTION), RULE(ACTION, VERDICT_ALLOW), DENY("A", ACTION), START(ACTION)}   },
    {"no rule allowed",
     "approved by a rule, and no rule allowed it",                             {ASK("A", "t1", ACTION), ANSWER("A", ACTION, DECISION_APPROVED, "policy"), START(ACTION)} },
    {"nobody asked",
     "a decision of a request that is not open",                               {APPROVE("A", ACTION), START(ACTION)}                                                     },
    {"something else was shown",
     "the digest is not that of the action that was shown",                    {FORGED("A", ACTION, OTHER), APPROVE("A", ACTION), START(ACTION)}                         },
    {"one id for two requests",
     "a request of an id that is open, for another call",                      {ASK("A", "t1", ACTION), ASK("A", "t2", ACTION)}                                          },
    {"an answer for another call",
     "decided for another call than was asked for",                            {ASK("A", "t2", ACTION), APPROVE("A", ACTION)}                                            },
    {"under a fleet stop",
     "ran under a fleet stop",                                                 {RULE(ACTION, VERDICT_ALLOW), LATCH(1), START(ACTION)}                                    },
    {"the latch outlives the process",
     "ran under a fleet stop",                                                 {LATCH(1), RESTART, RULE(ACTION, VERDICT_ALLOW), START(ACTION)}                           },
    {"its agent was paused",
     "ran while its agent, or that one's parent, was paused or stopped",       {GATE(AGENT, "hold", NULL), RULE(ACTION, VERDICT_ALLOW), START(ACTION)}                   },
    {"its agent was stopped",
     "ran while its agent, or that one's parent, was paused or stopped",       {GATE(AGENT, "refuse", NULL), RULE(ACTION, VERDICT_ALLOW), START(ACTION)}                 },
    {"its parent was paused",
     "ran while its agent, or that one's parent, was paused or stopped",       {GATE(CHILD, "open", AGENT), GATE(AGENT, "hold", NULL), RULE_OF(CHILD, "t1"),
      START_OF(CHILD, "t1")}                                                                     },
};

static const enum event_field NUMBER_OF[EVENT_TYPE_COUNT] = {
    [EVENT_POLICY_DECIDED] = F_VERDICT,
    [EVENT_APPROVAL_RESOLVED] = F_DECISION,
    [EVENT_ACTION_FINISHED] = F_OUTCOME,
    [EVENT_FLEET_STOP] = F_STOP_LATCHED,
};

static void put(struct event *ev, enum event_field f, const char *text)
{
    event_put_text(ev, f, span_str(text));
}

static void make_event(const struct step *s, char digest[DIGEST_TEXT_BYTES], struct event *ev)
{
    event_init(ev, s->type, KIT_START_US);
    put(ev, F_AGENT_ID, s->agent);
    put(ev, F_ACTION_ID, s->call);
    put(ev, F_APPROVAL_ID, s->approval);
    put(ev, F_DECIDED_BY, s->by);
    put(ev, F_GATE, s->gate);
    put(ev, F_AGENT_PARENT, s->parent);
    if (s->action != NULL) {
        digest_text(span_str(s->action), digest);
        put(ev, F_DIGEST, digest);
    }
    if (s->type == EVENT_APPROVAL_REQUESTED) {
        put(ev, F_ACTION, s->shown != NULL ? s->shown : s->action);
    } else if (NUMBER_OF[s->type] != 0) {
        event_set_number(ev, NUMBER_OF[s->type], s->number);
    }
}

static bool is_step(const struct step *s)
{
    return s->restart || s->agent != NULL || s->type == EVENT_FLEET_STOP;
}

static void tell(struct decisions *d, const struct story *story)
{
    for (uint64_t i = 0; i < STEPS_MAX && is_step(&story->steps[i]); i++) {
        struct event ev;
        char digest[DIGEST_TEXT_BYTES];
        if (story->steps[i].restart) {
            decisions_restart(d);
        } else {
            make_event(&story->steps[i], digest, &ev);
            decisions_apply(d, i + 1, KIT_START_US, &ev);
        }
    }
}

static void each_story_is_told_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(stories); i++) {
        const struct story *story = &stories[i];
        struct decisions *d = decisions_new();
        tell(d, story);
        const struct journal_decisions *told = decisions_told(d);
        const char *want = story->fault != NULL ? story->fault : "";
        if (strcmp(told->first, want) != 0 || (told->faults > 0) != (story->fault != NULL)) {
            print_error("%s: \"%s\" at %u, not \"%s\"\n", story->name, told->first,
                        (unsigned)told->first_n, want);
        }
        assert_string_equal(told->first, want);
        decisions_free(d);
    }
}

static void what_was_not_gated_is_counted(void **state)
{
    (void)state;
    static const struct story story = {
        "", NULL, {END(OUTCOME_SUCCEEDED), END(OUTCOME_DENIED), END(OUTCOME_CANCELLED)}
    };
    struct decisions *d = decisions_new();
    tell(d, &story);
    assert_int_equal(decisions_told(d)->ungated, 1);
    assert_int_equal(decisions_told(d)->faults, 0);
    decisions_free(d);
}

/* Room is used again: a long record needs no more of it than a short one. */
static void many_calls_one_after_another(void **state)
{
    (void)state;
    struct decisions *d = decisions_new();
    for (int i = 0; i < 20000; i++) {
        tell(d, &stories[1]);
        tell(d, &(struct story){"", NULL, {END(OUTCOME_SUCCEEDED)}});
    }
    assert_int_equal(decisions_told(d)->faults, 0);
    assert_int_equal(decisions_told(d)->by_operator, 20000);
    decisions_free(d);
}

/* ---- from a folder */

static void write_story(struct journal *j, const struct story *story)
{
    for (size_t i = 0; i < STEPS_MAX && is_step(&story->steps[i]); i++) {
        struct event ev;
        char digest[DIGEST_TEXT_BYTES];
        char id[ULID_BYTES];
        ulid_make(id);
        make_event(&story->steps[i], digest, &ev);
        ev.id = span_str(id);
        ev.source = SPAN("checkrein://test");
        assert_status(journal_event(j, KIT_START_US, &ev, NULL), ST_OK);
    }
    kit_commit(j);
}

static struct journal_decisions read_folder(const char *dir)
{
    struct journal_decisions d;
    struct why why = {0};
    assert_status(journal_decisions(dir, &d, &why), ST_OK);
    assert_string_equal(why.text, "");
    return d;
}

static void a_restart_is_read_from_the_record(void **state)
{
    (void)state;
    static const struct story decided = {"", NULL, {RULE(ACTION, VERDICT_ALLOW)}};
    static const struct story runs = {
        "", NULL, {START(ACTION), END(OUTCOME_SUCCEEDED)}
    };
    char *dir = tmpdir_new();
    struct journal *j = kit_open(dir, NULL);
    write_story(j, &decided);
    write_story(j, &runs);
    write_story(j, &decided);
    journal_close(j, KIT_START_US);
    assert_int_equal(read_folder(dir).faults, 0);
    j = kit_open(dir, NULL);
    write_story(j, &runs);
    journal_close(j, KIT_START_US);
    struct journal_decisions d = read_folder(dir);
    assert_int_equal(d.started, 2);
    assert_int_equal(d.faults, 1);
    assert_string_equal(d.first, "ran without a decision");
    assert_string_equal(d.agent, AGENT);
    assert_string_equal(d.call, "t1");
    assert_int_equal(d.first_us, KIT_START_US);
    tmpdir_free(dir);
}

static void a_part_of_a_record_is_not_judged(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    struct journal *j;
    struct journal_options o = kit_options(dir);
    o.segment_bytes = 2000;
    assert_status(journal_open(&j, &o, NULL, NULL), ST_OK);
    for (int i = 0; i < 10; i++) {
        write_story(j, &stories[0]);
    }
    journal_close(j, KIT_START_US);
    assert_int_equal(read_folder(dir).started, 10);
    assert_false(read_folder(dir).partial);
    char *second = tmpdir_join(dir, "000002.jsonl");
    assert_true(read_folder(second).partial);
    free(second);
    tmpdir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_story_is_told_right),
        cmocka_unit_test(what_was_not_gated_is_counted),
        cmocka_unit_test(many_calls_one_after_another),
        cmocka_unit_test(a_restart_is_read_from_the_record),
        cmocka_unit_test(a_part_of_a_record_is_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
