#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

static struct bay *bay_of(struct fleet *f, enum risk risk)
{
    return &f->bays[risk == RISK_HIGH ? BAY_HIGH : BAY_REST];
}

static void bay_remove(struct bay *bay, const struct approval_item *it)
{
    uint32_t at = 0;
    while (at < bay->count && bay->slots[at].it != it) {
        at++;
    }
    if (at < bay->count) {
        memmove(bay->slots + at, bay->slots + at + 1, (bay->count - at - 1u) * sizeof(*bay->slots));
        bay->count--;
    }
}

static uint16_t moved(uint16_t count, int by)
{
    return (uint16_t)(count + by);
}

/* The agent's counts follow its queue. */
static void agent_recount(struct agent_item *agent, const struct approval_item *it, int by)
{
    agent->a.pending += (uint32_t)by;
    if (it->a.risk == RISK_HIGH) {
        agent->pending_high = moved(agent->pending_high, by);
    } else if (it->a.risk == RISK_LOW) {
        agent->pending_low = moved(agent->pending_low, by);
    }
    agent->a.risk = agent->pending_high > 0  ? RISK_HIGH
                    : agent->pending_low > 0 ? RISK_LOW
                                             : RISK_UNKNOWN;
}

static void recount(struct fleet *f, const struct approval_item *it, int by)
{
    struct agent_item *agent = roster_find(&f->agents, it->a.agent);
    if (agent != NULL) {
        agent_recount(agent, it, by);
    }
}

static void bay_append(struct bay *bay, struct approval_item *it)
{
    GROW(bay->slots, bay->cap, (size_t)bay->count + 1);
    bay->slots[bay->count++].it = it;
}

void queue_join(struct fleet *f, struct approval_item *it)
{
    bay_append(bay_of(f, it->a.risk), it);
    recount(f, it, 1);
}

void queue_set_risk(struct fleet *f, struct approval_item *it, enum risk risk)
{
    struct bay *from = bay_of(f, it->a.risk);
    struct bay *to = bay_of(f, risk);
    recount(f, it, -1);
    it->a.risk = risk;
    recount(f, it, 1);
    if (from != to) {
        bay_remove(from, it);
        bay_append(to, it);
    }
}

/* ---- the resolved */
static struct approval_item *resolved_at(const struct fleet *f, uint32_t from_oldest)
{
    return f->resolved[(f->resolved_first + from_oldest) % FLEET_RESOLVED_KEPT].it;
}

static void push_out_oldest(struct fleet *f)
{
    struct approval_item *it = resolved_at(f, 0);
    f->resolved_first = (f->resolved_first + 1) % FLEET_RESOLVED_KEPT;
    f->resolved_count--;
    approval_free(f, it);
}

void queue_resolve(struct fleet *f, struct approval_item *it)
{
    bay_remove(bay_of(f, it->a.risk), it);
    recount(f, it, -1);
    if (f->resolved_count == FLEET_RESOLVED_KEPT) {
        push_out_oldest(f);
    }
    f->resolved[(f->resolved_first + f->resolved_count) % FLEET_RESOLVED_KEPT].it = it;
    f->resolved_count++;
}

bool queue_make_room(struct fleet *f, size_t bytes)
{
    for (uint32_t i = 0; i < f->resolved_count && f->action_bytes + bytes > FLEET_ACTION_BYTES;
         i++) {
        approval_drop_action(f, resolved_at(f, i));
    }
    return f->action_bytes + bytes <= FLEET_ACTION_BYTES;
}

/* ---- queries */
uint32_t fleet_pending_count(const struct fleet *f)
{
    return f->bays[BAY_HIGH].count + f->bays[BAY_REST].count;
}

const struct approval *fleet_pending_at(const struct fleet *f, uint32_t index)
{
    for (int i = 0; i < BAY_COUNT; i++) {
        if (index < f->bays[i].count) {
            return &f->bays[i].slots[index].it->a;
        }
        index -= f->bays[i].count;
    }
    return NULL;
}

uint32_t fleet_resolved_count(const struct fleet *f)
{
    return f->resolved_count;
}

const struct approval *fleet_resolved_at(const struct fleet *f, uint32_t index)
{
    return index < f->resolved_count ? &resolved_at(f, f->resolved_count - 1 - index)->a : NULL;
}
