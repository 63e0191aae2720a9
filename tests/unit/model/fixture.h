/* fixture.h - a fleet that is told events one by one.
 *
 *     struct teller t = teller_new();
 *     event_set_text(say(&t, EVENT_AGENT_STARTED, "a1"), F_MODEL, SPAN("m"));
 *     fold(&t);
 */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "checkrein/model.h"
#include "expect.h"

#define SECOND_US INT64_C(1000000)
#define START_US  (INT64_C(1700000000) * SECOND_US)

struct teller {
    struct fleet *fleet;
    const char *backend;
    int64_t now_us;
    uint64_t seq;
    struct event ev;
};

static inline struct teller teller_new(void)
{
    return (struct teller){.fleet = fleet_new(), .backend = "b1", .now_us = START_US};
}

/* The next event, one second later; `agent` NULL: about none. */
static inline struct event *say(struct teller *t, enum event_type type, const char *agent)
{
    t->now_us += SECOND_US;
    event_init(&t->ev, type, t->now_us);
    t->ev.backend = span_str(t->backend);
    t->ev.seq = ++t->seq;
    event_put_text(&t->ev, F_AGENT_ID, span_str(agent));
    return &t->ev;
}

static inline void fold(struct teller *t)
{
    fleet_apply(t->fleet, &t->ev);
}

static inline void tell_started(struct teller *t, const char *agent)
{
    say(t, EVENT_AGENT_STARTED, agent);
    fold(t);
}

static inline void tell_state(struct teller *t, const char *agent, enum agent_state state)
{
    event_set_number(say(t, EVENT_AGENT_STATE, agent), F_STATE, state);
    fold(t);
}

static inline void tell_link(struct teller *t, enum link_state link)
{
    event_set_number(say(t, EVENT_BACKEND_LINK, NULL), F_LINK, link);
    fold(t);
}

/* A pending approval of this id; the caller may add to t->ev before it folds. */
static inline struct event *say_request(struct teller *t, const char *agent, const char *id,
                                        const char *action)
{
    struct event *ev = say(t, EVENT_APPROVAL_REQUESTED, agent);
    event_set_text(ev, F_APPROVAL_ID, span_str(id));
    event_set_text(ev, F_ACTION, span_str(action));
    event_set_text(ev, F_DIGEST, SPAN("sha256:00"));
    event_set_text(ev, F_TOOL, SPAN("Bash"));
    return ev;
}

static inline void tell_request(struct teller *t, const char *agent, const char *id)
{
    say_request(t, agent, id, "{\"command\":\"ls\"}");
    fold(t);
}

static inline void tell_resolved(struct teller *t, const char *id, enum decision decision)
{
    struct event *ev = say(t, EVENT_APPROVAL_RESOLVED, NULL);
    event_set_text(ev, F_APPROVAL_ID, span_str(id));
    event_set_number(ev, F_DECISION, decision);
    event_set_text(ev, F_DECIDED_BY, SPAN("uid:1000"));
    fold(t);
}

static inline const struct agent *agent_named(const struct teller *t, const char *id)
{
    return fleet_agent_by_id(t->fleet, span_str(t->backend), span_str(id));
}

static inline const struct approval *approval_named(const struct teller *t, const char *id)
{
    return fleet_approval_by_id(t->fleet, span_str(t->backend), span_str(id));
}

#define assert_sid(t, id, text) assert_span_is(fleet_span((t)->fleet, (id)), text)

#endif
