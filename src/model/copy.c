/* copy.c - a fleet beside the fleet. The pool's ids are the same in both, so most things are copied
 * as they lie; what points at an item points at the one of the same ref.
 */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

static void *copy_of(const void *p, size_t bytes)
{
    void *copy = xmalloc(bytes);
    memcpy(copy, p, bytes);
    return copy;
}

static void copy_backends(struct fleet *to, const struct fleet *from)
{
    size_t at = 0;
    struct span name;
    uint32_t ref;
    map_init(&to->backend_by_name);
    while (map_next(&from->backend_by_name, &at, &name, &ref)) {
        (void)map_put(&to->backend_by_name, name, ref);
    }
    roster_copy(&to->backends, &from->backends);
    for (uint32_t i = 0; i < to->backends.count; i++) {
        to->backends.items[i] = copy_of(from->backends.items[i], sizeof(struct backend_item));
    }
}

static void copy_agents(struct fleet *to, const struct fleet *from)
{
    agent_store_copy(&to->agent_store, &from->agent_store);
    traits_copy(to, from);
    roster_copy(&to->agents, &from->agents);
    for (uint32_t i = 0; i < to->agents.count; i++) {
        const struct agent_item *old = from->agents.items[i];
        struct agent_item *it = agent_store_find(&to->agent_store, old->a.backend, old->a.id);
        it->a.traits = traits_same(to, old->a.traits);
        to->agents.items[i] = it;
    }
    index_copy(&to->waiting_children, &from->waiting_children);
    for (size_t i = 0; i < to->waiting_children.cap; i++) {
        const struct agent_item *first = from->waiting_children.slots[i].item;
        if (first != NULL) {
            to->waiting_children.slots[i].item = roster_find(&to->agents, first->a.ref);
        }
    }
}

static struct approval_item *approval_copy(const struct approval_item *old)
{
    struct approval_item *it = copy_of(old, sizeof(*old));
    if (old->text != NULL) {
        it->text = copy_of(old->text, old->a.action.n + 1);
        it->a.action.p = it->text;
    }
    return it;
}

static struct approval_item *same_approval(const struct fleet *to, const struct approval_item *old)
{
    return roster_find(&to->approvals, old->a.ref);
}

static void copy_queue(struct fleet *to, const struct fleet *from)
{
    for (int b = 0; b < BAY_COUNT; b++) {
        const struct bay *bay = &from->bays[b];
        to->bays[b] = (struct bay){.count = bay->count};
        if (bay->count > 0) {
            GROW(to->bays[b].slots, to->bays[b].cap, bay->count);
        }
        for (uint32_t i = 0; i < bay->count; i++) {
            to->bays[b].slots[i].it = same_approval(to, bay->slots[i].it);
        }
    }
    for (uint32_t i = 0; i < from->resolved_count; i++) {
        uint32_t at = (from->resolved_first + i) % FLEET_RESOLVED_KEPT;
        to->resolved[at].it = same_approval(to, from->resolved[at].it);
    }
}

static void copy_approvals(struct fleet *to, const struct fleet *from)
{
    roster_copy(&to->approvals, &from->approvals);
    for (uint32_t i = 0; i < to->approvals.count; i++) {
        to->approvals.items[i] = approval_copy(from->approvals.items[i]);
    }
    index_copy(&to->approval_by_id, &from->approval_by_id);
    for (size_t i = 0; i < to->approval_by_id.cap; i++) {
        const struct approval_item *old = from->approval_by_id.slots[i].item;
        if (old != NULL) {
            to->approval_by_id.slots[i].item = same_approval(to, old);
        }
    }
    copy_queue(to, from);
}

static void copy_commands(struct fleet *to, const struct fleet *from)
{
    roster_copy(&to->commands, &from->commands);
    for (uint32_t i = 0; i < to->commands.count; i++) {
        to->commands.items[i] = copy_of(from->commands.items[i], sizeof(struct command_track));
    }
}

static void copy_credentials(struct fleet *to, const struct fleet *from)
{
    roster_copy(&to->credentials, &from->credentials);
    to->credential_by_id = (struct index){0};
    for (uint32_t i = 0; i < to->credentials.count; i++) {
        struct credential_item *it =
            copy_of(from->credentials.items[i], sizeof(struct credential_item));
        to->credentials.items[i] = it;
        index_put(&to->credential_by_id, index_key(it->c.backend, it->c.id), it);
    }
}

size_t fleet_bytes(const struct fleet *f)
{
    return sizeof(*f) + pool_bytes(f->pool) + f->agents.count * sizeof(struct agent_item) +
           f->approvals.count * sizeof(struct approval_item) + f->action_bytes +
           f->commands.count * sizeof(struct command_track) +
           f->credentials.count * sizeof(struct credential_item) +
           f->tasks_of.used * sizeof(struct agent_tasks) +
           f->task_by_ref.used * sizeof(struct task_item) +
           (f->log == NULL ? 0 : FLEET_LOG_ENTRIES * sizeof(*f->log));
}

struct fleet *fleet_copy(const struct fleet *f)
{
    struct fleet *copy = copy_of(f, sizeof(*f));
    copy->pool = pool_copy(f->pool);
    lists_copy(copy, f);
    copy_backends(copy, f);
    copy_agents(copy, f);
    copy_approvals(copy, f);
    copy_commands(copy, f);
    copy_credentials(copy, f);
    tasks_copy(copy, f);
    copy->log = f->log == NULL ? NULL : copy_of(f->log, FLEET_LOG_ENTRIES * sizeof(*f->log));
    return copy;
}
