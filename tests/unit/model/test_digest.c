/* Whatever a query shows is in the digest: two fleets that differ in one attribute differ there. */
#include <stdio.h>

#include "fixture.h"

struct shown {
    enum event_type type;
    enum event_field fields[32];
};

static const struct shown shown[] = {
    {EVENT_AGENT_UPDATED,
     {F_AGENT_INSTANCE,
      F_AGENT_NAME,
      F_AGENT_RUNTIME,
      F_AGENT_RUNTIME_VERSION,
      F_MODEL,
      F_PROVIDER,
      F_HOST,
      F_CWD,
      F_AGENT_OWNER,
      F_AGENT_ON_BEHALF_OF,
      F_AGENT_BUILDER,
      F_AGENT_REGION,
      F_AGENT_BOUNDARY,
      F_SESSION,
      F_TASK_ID,
      F_TASK_TITLE,
      F_AGENT_PARENT,
      F_GATE,
      F_PERMISSION_MODE,
      F_PERMISSION_SANDBOX,
      F_PERMISSION_NETWORK,
      F_GRANTS,
      F_CREDENTIALS,
      F_REINS,
      F_DELEGATION,
      F_PID,
      F_HEARTBEAT_MS,
      F_AGENT_DEMO,
      F_STATE}                                                                                         },
    {EVENT_AGENT_STATE,        {F_STATE, F_REASON}                                                     },
    {EVENT_ACTION_STARTED,     {F_TOOL, F_SUMMARY}                                                     },
    {EVENT_APPROVAL_REQUESTED,
     {F_APPROVAL_ID, F_ACTION_ID, F_TOOL, F_ACTION, F_SUMMARY, F_RISK, F_DIGEST, F_RULE, F_REASON,
      F_POLICY_VERSION, F_AGENT_WORDS, F_REVERSIBLE, F_SCOPES, F_EXPIRES_AT, F_ON_SILENCE,
      F_QUORUM}                                                                                        },
    {EVENT_APPROVAL_RESOLVED,  {F_DECISION, F_SCOPE, F_DECIDED_BY, F_REASON}                           },
    {EVENT_SPEND_RECORDED,
     {F_TOKENS_IN, F_TOKENS_OUT, F_TOKENS_CACHED, F_TOKENS_REASONING, F_COST_MICROUSD,
      F_COST_ESTIMATED, F_BUDGET_LIMIT, F_BUDGET_USED, F_BUDGET_TOKENS, F_BUDGET_TOKENS_USED,
      F_SPEND_UNTOLD, F_SPEND_BOUND, F_SPEND_BOUND_TOKENS}                                             },
    {EVENT_SPEND_DAY,
     {F_COST_MICROUSD, F_BUDGET_LIMIT, F_SPEND_TOTAL, F_SPEND_TOTAL_LIMIT, F_SPEND_BOUND,
      F_BUDGET_USED}                                                                                   },
    {EVENT_BUDGET_CHANGED,     {F_BUDGET_LIMIT, F_BUDGET_TOKENS, F_BUDGET_USED, F_BUDGET_TOKENS_USED}  },
    {EVENT_FAILURE_REPORTED,   {F_RETRYING}                                                            },
    {EVENT_FLEET_STOP,         {F_STOP_LATCHED, F_STOP_REQUESTED, F_STOP_CONFIRMED, F_STOP_UNREACHABLE}},
    {EVENT_OPERATOR_COMMAND,
     {F_COMMAND_ID, F_VERB, F_COMMAND_STATE, F_OPERATOR, F_REASON, F_DISPLAY_DIGEST, F_DISPLAY_COLS,
      F_DISPLAY_ROWS, F_DISPLAY_MS, F_DISPLAY_TO_END, F_DISPLAY_RISK, F_CREDENTIAL_ID}                 },
    {EVENT_OPERATOR_RESULT,    {F_COMMAND_STATE, F_REASON, F_BY}                                       },
    {EVENT_CREDENTIAL_ISSUED,
     {F_CREDENTIAL_ID, F_CREDENTIAL_DIGEST, F_CREDENTIAL_PARENT, F_CREDENTIAL_ISSUER,
      F_CREDENTIAL_SCOPES, F_CREDENTIAL_STATE, F_CREDENTIAL_EXPIRES, F_CREDENTIAL_USES, F_REASON,
      F_OPERATOR, F_AGENT_ID, F_CREDENTIAL_KIND, F_CREDENTIAL_HOLDER}                                  },
    {EVENT_CREDENTIAL_CHANGED,
     {F_CREDENTIAL_ID, F_CREDENTIAL_STATE, F_REASON, F_OPERATOR, F_CREDENTIAL_USES}                    },
    {EVENT_CREDENTIAL_REVOKED, {F_CREDENTIAL_ID, F_PROBE, F_REASON, F_OPERATOR}                        },
    {EVENT_CREDENTIAL_USED,    {F_CREDENTIAL_ID, F_SUMMARY, F_CREDENTIAL_USES, F_AGENT_ID}             },
    {EVENT_BACKEND_LINK,       {F_LINK, F_REASON, F_RETRY_MS, F_BACKEND_KIND, F_CAPABILITIES}          },
};

enum variant { VARIANT_ONE, VARIANT_TWO };

static const struct event_row rows[] = {{{{"stop", 4}, {"1", 1}}}, {{{"pause", 5}, {"2", 1}}}};

static void set_field(struct event *ev, enum event_field field, enum variant v)
{
    switch (event_field_info(field)->kind) {
    case EVENT_STR:
        event_set_text(ev, field, v == VARIANT_ONE ? SPAN("one") : SPAN("two"));
        break;
    case EVENT_LIST:
        event_set_list(ev, field, &rows[v], 1);
        break;
    case EVENT_INT:
    case EVENT_BOOL:
    case EVENT_TIME:
    case EVENT_ENUM:
        event_set_number(ev, field, v == VARIANT_ONE ? 1 : 0);
        break;
    }
}

/* What the event under test is about is there before it; as a snapshot it leaves no trace in the
 * log. */
static uint64_t digest_with(enum event_type type, enum event_field field, enum variant v)
{
    struct teller t = teller_new();
    tell_request(&t, "a1", "r1");
    event_set_text(say(&t, EVENT_OPERATOR_COMMAND, "a1"), F_COMMAND_ID, SPAN("c1"));
    fold(&t);
    say(&t, type, "a1");
    event_set_text(&t.ev, F_APPROVAL_ID,
                   type == EVENT_APPROVAL_REQUESTED ? SPAN("r2") : SPAN("r1"));
    event_set_text(&t.ev, F_COMMAND_ID, type == EVENT_OPERATOR_RESULT ? SPAN("c1") : SPAN("c2"));
    event_set_number(&t.ev, F_COMMAND_STATE, COMMAND_ACCEPTED);
    event_set_text(&t.ev, F_CREDENTIAL_ID, SPAN("k1"));
    event_set_text(&t.ev, F_CREDENTIAL_STATE, SPAN("active"));
    t.ev.snapshot = true;
    set_field(&t.ev, field, v);
    if (field == F_CREDENTIAL_STATE) {
        event_set_text(&t.ev, field, v == VARIANT_ONE ? SPAN("held") : SPAN("choked"));
    }
    if (field == F_COMMAND_STATE) {
        event_set_number(&t.ev, field, v == VARIANT_ONE ? COMMAND_FAILED : COMMAND_ACCEPTED);
    }
    fold(&t);
    uint64_t digest = fleet_digest(t.fleet);
    fleet_free(t.fleet);
    return digest;
}

static void every_attribute_that_is_shown_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        for (size_t n = 0; n < 32 && (n == 0 || shown[i].fields[n] != 0); n++) {
            enum event_field field = shown[i].fields[n];
            if (digest_with(shown[i].type, field, VARIANT_ONE) ==
                digest_with(shown[i].type, field, VARIANT_TWO)) {
                fail_msg("%s of %s does not count", event_field_info(field)->name,
                         event_type_name(shown[i].type));
            }
        }
    }
}

/* The same in every release and on every machine: digests stand in records. */
static void the_digest_of_a_story_is_known(void **state)
{
    (void)state;
    struct teller t = teller_new();
    tell_started(&t, "a1");
    tell_request(&t, "a1", "r1");
    tell_resolved(&t, "r1", DECISION_APPROVED);
    char text[32];
    (void)snprintf(text, sizeof(text), "%016llx", (unsigned long long)fleet_digest(t.fleet));
    assert_string_equal(text, "fd729d140f930ac6");
    fleet_free(t.fleet);
}

static void a_dump_over_the_limit_says_so(void **state)
{
    (void)state;
    struct teller t = teller_new();
    struct buf out;
    tell_started(&t, "a1");
    buf_init(&out, 100);
    assert_status(fleet_dump(t.fleet, &out), ST_LIMIT);
    buf_release(&out);
    fleet_free(t.fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attribute_that_is_shown_counts),
        cmocka_unit_test(the_digest_of_a_story_is_known),
        cmocka_unit_test(a_dump_over_the_limit_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
