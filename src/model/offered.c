#include "model_priv.h"

/* What an agent must be held by for a verb to work on it; verbs that are not here need no rein. */
static const struct {
    enum verb verb;
    const char *reins[2];
    const char *why_not;
} needs[] = {
    {VERB_PAUSE,     {"hold", "freeze"},  "this agent cannot be held or frozen"                  },
    {VERB_RESUME,    {"hold", "freeze"},  "this agent cannot be held or frozen"                  },
    {VERB_INTERRUPT, {"interrupt", NULL}, "this agent cannot be interrupted"                     },
    {VERB_STOP,      {"stop", NULL},      "this agent cannot be stopped from here"               },
    {VERB_FREEZE,    {"freeze", NULL},    "this agent's processes cannot be frozen from here"    },
    {VERB_KILL,      {"kill", NULL},      "this agent's processes cannot be killed from here"    },
    {VERB_TIGHTEN,   {"tighten", NULL},   "this agent's permissions cannot be narrowed from here"},
    {VERB_REVOKE,    {"revoke", NULL},    "this agent's credentials cannot be revoked from here" },
};

static bool has_rein(const struct fleet *f, const struct agent *a, const char *rein)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_agent_list(f, a->ref, F_REINS, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (span_is(rows[i].cell[0], rein)) {
            return true;
        }
    }
    return false;
}

static const char *why_no_rein(const struct fleet *f, const struct agent *a, enum verb v)
{
    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        if (needs[i].verb != v) {
            continue;
        }
        for (size_t r = 0; r < ARRAY_LEN(needs[i].reins); r++) {
            if (needs[i].reins[r] != NULL && has_rein(f, a, needs[i].reins[r])) {
                return NULL;
            }
        }
        return needs[i].why_not;
    }
    return NULL;
}

/* A request can be answered, credentials can be revoked and a budget can be set after the agent's
 * end too. */
static bool needs_a_running_agent(enum verb v)
{
    return v == VERB_PAUSE || v == VERB_RESUME || v == VERB_INTERRUPT || v == VERB_STOP ||
           v == VERB_FREEZE || v == VERB_KILL || v == VERB_MESSAGE || v == VERB_TIGHTEN;
}

static const char *why_not_now(const struct agent *a, enum verb v)
{
    bool held = a->state == AGENT_PAUSED || a->state == AGENT_PAUSING;
    if (a->state == AGENT_STOPPED && needs_a_running_agent(v)) {
        return "the agent has stopped";
    }
    if (v == VERB_PAUSE && held) {
        return "it is paused already";
    }
    return v == VERB_RESUME && !held ? "it is not paused" : NULL;
}

/* It would be refused there: said before it is asked. */
static const char *why_no_right(const struct backend *b, enum verb v)
{
    static const char *const lacking[SCOPE_COUNT] = {
        [SCOPE_READ] = "this connection may not read",
        [SCOPE_DECIDE] = "this connection has no right to decide",
        [SCOPE_CONTROL] = "this connection has no right to control agents",
        [SCOPE_REVOKE] = "this connection has no right to revoke",
        [SCOPE_STOP] = "this connection has no right to stop agents",
        [SCOPE_PUBLISH] = "this connection has no right to publish",
    };
    enum scope need = verb_scope(v);
    if (need >= SCOPE_COUNT) {
        return "nobody has the right to do this";
    }
    return (b->scopes & SCOPE_BIT(need)) == 0 ? lacking[need] : NULL;
}

const char *backend_why_not(const struct backend *b, enum verb v)
{
    if (b->link == LINK_FROZEN && v != VERB_RESUME) {
        return "its back-end is frozen: resume it first";
    }
    if (b->link != LINK_LIVE && b->link != LINK_FROZEN) {
        return "its back-end is not connected";
    }
    if ((b->verbs >> v & 1u) == 0) {
        return "its back-end does not offer this";
    }
    return b->scopes_told ? why_no_right(b, v) : NULL;
}

static const char *why_agent_cannot(const struct fleet *f, const struct agent *a, enum verb v)
{
    if (a == NULL) {
        return "there is no such agent";
    }
    const char *why = backend_why_not(fleet_backend(f, a->backend), v);
    if (why == NULL) {
        why = why_not_now(a, v);
    }
    return why != NULL ? why : why_no_rein(f, a, v);
}

/* Without an agent: whether any back-end would take it. */
static const char *why_fleet_cannot(const struct fleet *f, enum verb v)
{
    const char *why = "there is no back-end";
    for (uint32_t i = 0; i < fleet_backend_count(f) && why != NULL; i++) {
        why = backend_why_not(fleet_backend_at(f, i), v);
    }
    return why;
}

bool fleet_verb_offered(const struct fleet *f, uint32_t agent, enum verb v, const char **why_not)
{
    const char *why = "unknown command";
    if (v > VERB_UNKNOWN && v < VERB_COUNT) {
        why = agent == 0 ? why_fleet_cannot(f, v) : why_agent_cannot(f, fleet_agent(f, agent), v);
    }
    if (why_not != NULL) {
        *why_not = why;
    }
    return why == NULL;
}

static bool names_a_denial(const struct fleet *f, uint32_t approval)
{
    uint32_t count = 0;
    (void)fleet_approval_list(f, approval, F_DENIALS, &count);
    return count > 0;
}

/* What is held is not let go on by an approval: it would be refused there. */
static const char *why_held(const struct agent *agent)
{
    if (agent == NULL) {
        return NULL;
    }
    return agent->state == AGENT_PAUSED    ? "the agent is paused: resume it first"
           : agent->state == AGENT_PAUSING ? "the agent is being paused: resume it first"
                                           : NULL;
}

static const char *why_not_answered(const struct fleet *f, const struct approval *a, enum verb v)
{
    if (a->only_in != 0 && (v == VERB_APPROVE || !names_a_denial(f, a->ref))) {
        return "only in its own client";
    }
    return v == VERB_APPROVE ? why_held(fleet_agent(f, a->agent)) : NULL;
}

bool fleet_answer_offered(const struct fleet *f, uint32_t approval, enum verb v,
                          const char **why_not)
{
    const struct approval *a = fleet_approval(f, approval);
    const char *why = a != NULL ? why_not_answered(f, a, v) : NULL;
    if (why != NULL && why_not != NULL) {
        *why_not = why;
    }
    return why == NULL && fleet_verb_offered(f, a != NULL ? a->agent : 0, v, why_not);
}

/* A clock that lies ahead proves as little as one that is behind. */
static bool is_older_than_two_beats(const struct agent *a, int64_t now_us)
{
    int64_t age_us = 0;
    int64_t limit_us = 0;
    if (a->traits->heartbeat_ms == 0 ||
        __builtin_mul_overflow(a->traits->heartbeat_ms, 2000, &limit_us)) {
        return false;
    }
    if (__builtin_sub_overflow(now_us, a->last_event_us, &age_us)) {
        return true;
    }
    return age_us > limit_us || age_us < -limit_us;
}

bool fleet_agent_stale(const struct fleet *f, const struct agent *a, int64_t now_us)
{
    const struct backend *b = fleet_backend(f, a->backend);
    return b == NULL || !(b->link == LINK_LIVE || b->link == LINK_FROZEN) ||
           is_older_than_two_beats(a, now_us);
}
