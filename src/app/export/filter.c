#include "export_priv.h"

#include <stdlib.h>

#include "checkrein/alloc.h"

/* What an event or a command names. */
struct named {
    struct span agent, approval, command;
};

static struct named named_in(const struct export_item *it)
{
    if (it->command) {
        return (struct named){it->command->agent, it->command->approval, it->command->id};
    }
    return it->ev
               ? (struct named){event_text(it->ev, F_AGENT_ID), event_text(it->ev, F_APPROVAL_ID),
                                event_text(it->ev, F_COMMAND_ID)}
               : (struct named){0};
}

typedef const struct agent *agent_finder(const struct fleet *f, struct span backend,
                                         struct span id);

static const struct agent *agent_of_approval(const struct fleet *f, struct span backend,
                                             struct span id)
{
    const struct approval *a = fleet_approval_by_id(f, backend, id);
    return a ? fleet_agent(f, a->agent) : NULL;
}

/* A command in a record does not say which back-end it was for. */
static const struct agent *find_agent(const struct export_item *it, agent_finder *find,
                                      struct span id)
{
    const struct agent *a = it->ev ? find(it->fleet, it->backend, id) : NULL;
    for (uint32_t i = 0; !it->ev && !a && i < fleet_backend_count(it->fleet); i++) {
        const struct backend *b = fleet_backend_at(it->fleet, i);
        a = find(it->fleet, fleet_span(it->fleet, b->name), id);
    }
    return a;
}

static const struct agent *agent_of_command(const struct fleet *f, struct span id)
{
    const struct command_track *c = fleet_command_by_id(f, id);
    const struct approval *a = c && !c->agent ? fleet_approval(f, c->approval) : NULL;
    return c ? fleet_agent(f, a ? a->agent : c->agent) : NULL;
}

const struct agent *item_agent(const struct export_item *it)
{
    struct named n = named_in(it);
    if (n.agent.n) {
        return find_agent(it, fleet_agent_by_id, n.agent);
    }
    const struct agent *a = n.approval.n ? find_agent(it, agent_of_approval, n.approval) : NULL;
    return a || !n.command.n ? a : agent_of_command(it->fleet, n.command);
}

static bool is_known(const struct agent_choice *c, struct span id)
{
    for (size_t i = 0; i < c->count; i++) {
        if (span_is(id, c->ids[i])) {
            return true;
        }
    }
    return false;
}

/* A name is told once, and not again by a daemon that starts anew. */
static void remember(struct agent_choice *c, struct span id)
{
    if (!is_known(c, id)) {
        GROW(c->ids, c->cap, c->count + 1);
        c->ids[c->count++] = xstrndup(id.p, id.n);
    }
}

bool agent_choice_takes(struct agent_choice *c, const struct export_item *it)
{
    const struct agent *a = item_agent(it);
    struct span told = named_in(it).agent;
    struct span id = told.n || !a ? told : fleet_span(it->fleet, a->id);
    if (a && span_eq(fleet_span(it->fleet, a->name), c->wanted)) {
        remember(c, id);
    }
    return id.n && (span_eq(id, c->wanted) || is_known(c, id));
}

void agent_choice_release(struct agent_choice *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->ids[i]);
    }
    free(c->ids);
    *c = (struct agent_choice){0};
}
