#include "checkrein/event.h"

#include <string.h>

/* X(set name, rows, enum tag): every enumeration that an attribute can hold. */
#define SETS(X)                                                                                    \
    X(agent_state, AGENT_STATES)                                                                   \
    X(risk, RISKS)                                                                                 \
    X(outcome, OUTCOMES)                                                                           \
    X(verdict, VERDICTS)                                                                           \
    X(on_silence, ON_SILENCES)                                                                     \
    X(decision, DECISIONS)                                                                         \
    X(failure, FAILURES)                                                                           \
    X(spend_source, SPEND_SOURCES)                                                                 \
    X(severity, SEVERITIES)                                                                        \
    X(command_state, COMMAND_STATES)                                                               \
    X(link, LINKS)                                                                                 \
    X(credential_state, CREDENTIAL_STATES)                                                         \
    X(verb, VERBS)

struct set {
    const char *name;
    const char *const *values;
    uint32_t count;
};

#define VALUE(constant, name) [constant] = (name),
#define SET_VALUES(set, rows) static const char *const set##_values[] = {rows(VALUE)};
SETS(SET_VALUES)

#define SET_ID(set, rows) SET_##set,
enum set_id { SETS(SET_ID) SET_COUNT };

#define SET_ROW(set, rows) [SET_##set] = {#set, set##_values, ARRAY_LEN(set##_values)},
static const struct set sets[SET_COUNT] = {SETS(SET_ROW)};

static const char *value_name(const struct set *s, int64_t value)
{
    return s->values[value >= 0 && value < (int64_t)s->count ? value : 0];
}

static int64_t value_find(const struct set *s, struct span name)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (span_is(name, s->values[i])) {
            return i;
        }
    }
    return 0;
}

static const struct set *set_find(const char *name)
{
    for (size_t i = 0; i < SET_COUNT; i++) {
        if (strcmp(sets[i].name, name) == 0) {
            return &sets[i];
        }
    }
    return NULL;
}

const char *event_enum_name(const char *set, int64_t value)
{
    const struct set *s = set_find(set);
    return s != NULL ? value_name(s, value) : "unknown";
}

int64_t event_enum_find(const char *set, struct span name)
{
    const struct set *s = set_find(set);
    return s != NULL ? value_find(s, name) : 0;
}

int64_t event_enum_count(const char *set)
{
    const struct set *s = set_find(set);
    return s != NULL ? s->count : 0;
}

const char *agent_state_name(enum agent_state v)
{
    return value_name(&sets[SET_agent_state], v);
}

const char *risk_name(enum risk v)
{
    return value_name(&sets[SET_risk], v);
}

const char *outcome_name(enum outcome v)
{
    return value_name(&sets[SET_outcome], v);
}

const char *verdict_name(enum verdict v)
{
    return value_name(&sets[SET_verdict], v);
}

const char *on_silence_name(enum on_silence v)
{
    return value_name(&sets[SET_on_silence], v);
}

const char *decision_name(enum decision v)
{
    return value_name(&sets[SET_decision], v);
}

const char *failure_name(enum failure v)
{
    return value_name(&sets[SET_failure], v);
}

const char *severity_name(enum severity v)
{
    return value_name(&sets[SET_severity], v);
}

const char *command_state_name(enum command_state v)
{
    return value_name(&sets[SET_command_state], v);
}

const char *link_name(enum link_state v)
{
    return value_name(&sets[SET_link], v);
}

const char *credential_state_name(enum credential_state v)
{
    return value_name(&sets[SET_credential_state], v);
}

enum credential_state credential_state_find(struct span name)
{
    return (enum credential_state)value_find(&sets[SET_credential_state], name);
}

const char *verb_name(enum verb v)
{
    return value_name(&sets[SET_verb], v);
}

enum verb verb_find(struct span name)
{
    return (enum verb)value_find(&sets[SET_verb], name);
}
