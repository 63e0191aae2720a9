#include "model_priv.h"

/* Of one call: an id may be used again after it ended, and the log is gone through newest first. */
struct hunt {
    const struct fleet *f;
    sid action;
    uint32_t entry; /* that the chain is to hold */
    bool found;
    struct fleet_chain chain;
};

static void first(uint32_t *slot, uint32_t number)
{
    *slot = *slot == 0 ? number : *slot;
}

/* A request that a rule has closed was decided by that rule, which says why. */
static void take_rule(struct fleet_chain *c, const struct log_entry *e, const struct fleet *f)
{
    const struct log_entry *decided = fleet_log_entry(f, c->decided);
    bool closes = decided != NULL && decided->type == EVENT_APPROVAL_RESOLVED &&
                  span_is(fleet_span(f, decided->who), "policy");
    if (e->detail != VERDICT_ALLOW && e->detail != VERDICT_DENY) {
        first(&c->judged, e->number);
    } else if (c->decided == 0 || closes) {
        c->decided = e->number;
    }
}

static void take(struct fleet_chain *c, const struct log_entry *e, const struct fleet *f)
{
    first(&c->approval, e->approval);
    switch ((int)e->type) {
    case EVENT_ACTION_STARTED:
        first(&c->started, e->number);
        break;
    case EVENT_ACTION_FINISHED:
        first(&c->finished, e->number);
        break;
    case EVENT_APPROVAL_REQUESTED:
        first(&c->asked, e->number);
        break;
    case EVENT_APPROVAL_RESOLVED:
        first(&c->decided, e->number);
        break;
    case EVENT_POLICY_DECIDED:
        take_rule(c, e, f);
        break;
    default:
        break;
    }
}

static bool is_empty(const struct fleet_chain *c)
{
    return c->started == 0 && c->finished == 0 && c->asked == 0 && c->decided == 0;
}

/* False: all of it is there. */
static bool go_on(struct hunt *h, const struct log_entry *e)
{
    if (e->type == EVENT_ACTION_FINISHED && !is_empty(&h->chain)) {
        if (h->found) {
            return false;
        }
        h->chain = (struct fleet_chain){.agent = h->chain.agent, .action = h->action};
    }
    h->found |= e->number == h->entry;
    take(&h->chain, e, h->f);
    return true;
}

static void hunt(struct hunt *h)
{
    uint32_t number = fleet_log_of_agent(h->f, h->chain.agent);
    const struct log_entry *e;
    while ((e = fleet_log_entry(h->f, number)) != NULL) {
        if (e->action == h->action && !go_on(h, e)) {
            return;
        }
        number = fleet_log_older(h->f, number);
    }
}

static struct fleet_chain chain_of(const struct fleet *f, uint32_t agent, sid action,
                                   uint32_t entry)
{
    struct hunt h = {
        .f = f,
        .action = action,
        .entry = entry,
        .found = entry == 0,
        .chain = {.agent = agent, .action = action}
    };
    if (action != 0) {
        hunt(&h);
    }
    return h.chain;
}

struct fleet_chain fleet_chain_of_entry(const struct fleet *f, uint32_t number)
{
    const struct log_entry *e = fleet_log_entry(f, number);
    const struct approval *a = e == NULL ? NULL : fleet_approval(f, e->approval);
    if (e == NULL) {
        return (struct fleet_chain){0};
    }
    if (e->action == 0 && a != NULL) {
        return fleet_chain_of_approval(f, a->ref);
    }
    struct fleet_chain c = chain_of(f, e->agent, e->action, number);
    first(&c.approval, e->approval);
    return c;
}

struct fleet_chain fleet_chain_of_approval(const struct fleet *f, uint32_t approval)
{
    const struct approval *a = fleet_approval(f, approval);
    uint32_t entry = 0;
    if (a == NULL) {
        return (struct fleet_chain){0};
    }
    for (uint32_t n = fleet_log_of_agent(f, a->agent); n != 0 && entry == 0;
         n = fleet_log_older(f, n)) {
        entry = fleet_log_entry(f, n)->approval == approval &&
                        fleet_log_entry(f, n)->action == a->action_id
                    ? n
                    : 0;
    }
    struct fleet_chain c = chain_of(f, a->agent, a->action_id, entry);
    c.approval = approval;
    return c;
}
