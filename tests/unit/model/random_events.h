/* random_events.h - streams of events that a fleet may be told: mostly sensible, some of them
 * nonsense. */
#ifndef MODEL_RANDOM_EVENTS_H
#define MODEL_RANDOM_EVENTS_H

#include <stdio.h>

#include "checkrein/event.h"
#include "prng.h"

#define RANDOM_TEXTS 128

struct random_events {
    struct prng r;
    uint64_t seq[3]; /* of each back-end */
    uint64_t agents, approvals;
    bool lineage; /* parents are older agents: which link of a circle is missing hangs on its
                     history */
    struct event ev;
    char text[RANDOM_TEXTS][80];
    uint32_t texts;
    struct event_row rows[6];
};

static inline struct random_events random_events_new(uint64_t seed)
{
    return (struct random_events){.r = {seed}, .agents = 40, .approvals = 60};
}

static inline struct span numbered_text(struct random_events *g, const char *kind, uint64_t number)
{
    char *text = g->text[g->texts++ % RANDOM_TEXTS];
    int n = snprintf(text, sizeof(g->text[0]), "%s-%u", kind, (unsigned)number);
    return (struct span){text, (size_t)n};
}

static inline struct span random_text(struct random_events *g, const char *kind, uint64_t choices)
{
    return numbered_text(g, kind, prng_below(&g->r, choices));
}

static inline void random_rows(struct random_events *g, enum event_field field)
{
    static const char *const words[] = {"hold", "freeze", "stop", "interrupt", "revoke", "pause"};
    uint32_t count = (uint32_t)prng_below(&g->r, 6);
    for (uint32_t i = 0; i < count; i++) {
        g->rows[i] = (struct event_row){0};
        g->rows[i].cell[0] = span_str(words[prng_below(&g->r, 6)]);
        g->rows[i].cell[1] = random_text(g, "cell", 3);
    }
    event_set_list(&g->ev, field, g->rows, count);
}

static inline void random_attribute(struct random_events *g, enum event_field field)
{
    const struct event_field_info *info = event_field_info(field);
    switch (info->kind) {
    case EVENT_STR:
        event_set_text(&g->ev, field, random_text(g, "text", 8));
        break;
    case EVENT_ENUM:
        event_set_number(&g->ev, field,
                         (int64_t)prng_below(&g->r, (uint64_t)event_enum_count(info->set) + 1));
        break;
    case EVENT_LIST:
        random_rows(g, field);
        break;
    case EVENT_INT:
    case EVENT_BOOL:
    case EVENT_TIME:
        event_set_number(&g->ev, field, (int64_t)prng_below(&g->r, 1000) - 10);
        break;
    }
}

/* Some are named by lists too: their first words are such ids. */
static inline void random_credential(struct random_events *g)
{
    static const char *const states[] = {"active", "held", "choked", "revoked", "lent"};
    static const char *const listed[] = {"hold", "freeze", "stop"};
    uint64_t which = prng_below(&g->r, 23);
    event_set_text(&g->ev, F_CREDENTIAL_ID,
                   which < 3 ? span_str(listed[which]) : numbered_text(g, "credential", which));
    event_set_text(&g->ev, F_CREDENTIAL_STATE, span_str(states[prng_below(&g->r, 5)]));
    if (event_has(&g->ev, F_CREDENTIAL_PARENT)) {
        event_set_text(&g->ev, F_CREDENTIAL_PARENT, random_text(g, "credential", 23));
    }
}

/* Ids last, so that they are of the few that the stream is about. */
static inline void random_ids(struct random_events *g)
{
    uint64_t agent = prng_below(&g->r, g->agents);
    event_set_text(&g->ev, F_AGENT_ID, numbered_text(g, "agent", agent));
    event_set_text(&g->ev, F_APPROVAL_ID, random_text(g, "approval", g->approvals));
    event_set_text(&g->ev, F_COMMAND_ID, random_text(g, "command", 30));
    event_set_text(&g->ev, F_ACTION_ID, random_text(g, "action", 30));
    random_credential(g);
    if (event_has(&g->ev, F_AGENT_PARENT)) {
        event_set_text(&g->ev, F_AGENT_PARENT,
                       random_text(g, "agent", g->lineage ? agent + 1 : g->agents));
    }
}

/* Valid until the next call. */
static inline const struct event *random_event(struct random_events *g)
{
    static const char *const backends[] = {"alpha", "beta", "gamma"};
    size_t backend = (size_t)prng_below(&g->r, 3);
    uint64_t type = prng_below(&g->r, EVENT_TYPE_COUNT);
    uint64_t after_us = prng_below(&g->r, 1000000000);
    event_init(&g->ev, (enum event_type)type, INT64_C(1700000000000000) + (int64_t)after_us);
    g->ev.backend = span_str(backends[backend]);
    g->ev.seq = ++g->seq[backend];
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        if (prng_below(&g->r, 2) == 0) {
            random_attribute(g, (enum event_field)f);
        }
    }
    random_ids(g);
    return &g->ev;
}

#endif
