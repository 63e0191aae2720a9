#include "checkrein/event.h"

#include "slot_tables_priv.h"

#define REQUIRED_MAX 4
#define END          EVENT_FIELD_COUNT

_Static_assert((int)EVENT_TYPE_COUNT < SLOT_NONE, "a slot is one byte");

#define X(constant, name) [constant] = (name),
static const char *const names[EVENT_TYPE_COUNT] = {EVENT_TYPES(X)};
#undef X

/* Only what an event says nothing without: who, which, and what became of it. */
static const enum event_field required[EVENT_TYPE_COUNT][REQUIRED_MAX + 1] = {
    [EVENT_AGENT_STARTED] = {F_AGENT_ID,      END},
    [EVENT_AGENT_UPDATED] = {F_AGENT_ID,               END},
    [EVENT_AGENT_STATE] = {F_AGENT_ID,F_STATE, END},
    [EVENT_ACTION_STARTED] = {F_AGENT_ID,      F_ACTION_ID, END},
    [EVENT_ACTION_OUTPUT] = {F_AGENT_ID,            F_ACTION_ID, END},
    [EVENT_ACTION_FINISHED] = {F_AGENT_ID,      F_ACTION_ID, F_OUTCOME, END},
    [EVENT_APPROVAL_REQUESTED] = {F_AGENT_ID,            F_APPROVAL_ID, F_ACTION, F_DIGEST, END},
    [EVENT_APPROVAL_RESOLVED] = {F_APPROVAL_ID,      F_DECISION, END},
    [EVENT_TASK_STARTED] = {F_AGENT_ID,            END},
    [EVENT_TASK_FINISHED] = {F_AGENT_ID,      F_TASK_OUTCOME, END},
    [EVENT_SPEND_RECORDED] = {F_AGENT_ID,      END},
    [EVENT_SPEND_DAY] = {F_COST_MICROUSD,               END},
    [EVENT_BUDGET_CHANGED] = {F_AGENT_ID,END},
    [EVENT_FAILURE_REPORTED] = {F_FAILURE_CLASS,       END},
    [EVENT_CREDENTIAL_ISSUED] = {F_CREDENTIAL_ID,               END},
    [EVENT_CREDENTIAL_USED] = {F_CREDENTIAL_ID,END},
    [EVENT_CREDENTIAL_REVOKED] = {F_CREDENTIAL_ID,               END},
    [EVENT_CREDENTIAL_CHANGED] = {F_CREDENTIAL_ID, F_CREDENTIAL_STATE, END},
    [EVENT_SIGNAL_RAISED] = {F_SIGNAL_SOURCE,      F_SEVERITY, F_TITLE, END},
    [EVENT_POLICY_DECIDED] = {F_VERDICT,            END},
    [EVENT_POLICY_LOADED] = {F_POLICY_VERSION,      END},
    [EVENT_FLEET_STOP] = {F_STOP_LATCHED,               END},
    [EVENT_OPERATOR_COMMAND] = {F_COMMAND_ID,F_VERB, END},
    [EVENT_OPERATOR_RESULT] = {F_COMMAND_ID,      F_COMMAND_STATE, END},
    [EVENT_OPERATOR_PRESENCE] = {F_OPERATOR,               F_PRESENT, END},
    [EVENT_BACKEND_LINK] = {F_LINK,      END},
    [EVENT_UNKNOWN] = {END},
};

const char *event_type_name(enum event_type type)
{
    return names[(unsigned)type < EVENT_TYPE_COUNT ? type : EVENT_UNKNOWN];
}

enum event_type event_type_find(struct span name)
{
    if (span_starts(name, EVENT_TYPE_PREFIX)) {
        name = span_sub(name, sizeof(EVENT_TYPE_PREFIX) - 1, SIZE_MAX);
    }
    if (name.n < SLOT_NAME_MIN || name.n > SLOT_NAME_MAX) {
        return EVENT_UNKNOWN;
    }
    uint8_t at = type_slots[slot_of(name, TYPE_SLOT_MULTIPLIER, TYPE_SLOT_LOG)];
    return at != SLOT_NONE && span_is(name, names[at]) ? (enum event_type)at : EVENT_UNKNOWN;
}

const enum event_field *event_required(enum event_type type)
{
    return required[(unsigned)type < EVENT_TYPE_COUNT ? type : EVENT_UNKNOWN];
}
