#include "model_priv.h"

#define OWN(field, member, watched)                                                                \
    {                                                                                              \
        field, offsetof(struct agent, member), false, watched                                      \
    }
#define SHARED(field, member)                                                                      \
    {                                                                                              \
        field, offsetof(struct agent_traits, member), true, true                                   \
    }

const struct agent_text agent_texts[] = {
    OWN(F_AGENT_INSTANCE, instance, true),
    OWN(F_AGENT_NAME, name, true),
    SHARED(F_AGENT_RUNTIME, runtime),
    SHARED(F_AGENT_RUNTIME_VERSION, runtime_version),
    SHARED(F_MODEL, model),
    SHARED(F_PROVIDER, provider),
    SHARED(F_HOST, host),
    OWN(F_CWD, cwd, false),
    SHARED(F_VCS_BRANCH, vcs_branch),
    SHARED(F_VCS_REVISION, vcs_revision),
    SHARED(F_AGENT_OWNER, owner),
    SHARED(F_AGENT_ON_BEHALF_OF, on_behalf_of),
    SHARED(F_AGENT_BUILDER, builder),
    SHARED(F_AGENT_REGION, region),
    SHARED(F_AGENT_BOUNDARY, boundary),
    OWN(F_SESSION, session, false),
    OWN(F_TASK_ID, task_id, false),
    OWN(F_TASK_TITLE, task_title, true),
    OWN(F_AGENT_PARENT, parent_id, true),
    SHARED(F_GATE, gate),
    SHARED(F_PERMISSION_MODE, permission_mode),
    SHARED(F_PERMISSION_SANDBOX, permission_sandbox),
    SHARED(F_PERMISSION_NETWORK, permission_network),
};
const uint32_t agent_text_count = ARRAY_LEN(agent_texts);

/* In the order of struct agent_traits' `lists`. */
const enum event_field agent_lists[AGENT_LISTS] = {
    F_GRANTS, [AGENT_LIST_CREDENTIALS] = F_CREDENTIALS, F_REINS, F_DELEGATION, F_GATE_LIMITS};

sid *own_slot(struct agent *a, const struct agent_text *t)
{
    return (sid *)(void *)((char *)a + t->offset);
}

sid *trait_slot(struct agent_traits *traits, const struct agent_text *t)
{
    return (sid *)(void *)((char *)traits + t->offset);
}

sid agent_text_sid(const struct agent *a, const struct agent_text *t)
{
    const char *from = t->shared ? (const char *)a->traits : (const char *)a;
    return *(const sid *)(const void *)(from + t->offset);
}

void agent_drop_texts(struct fleet *f, struct agent_item *it)
{
    for (uint32_t i = 0; i < agent_text_count; i++) {
        if (!agent_texts[i].shared) {
            string_drop(f, own_slot(&it->a, &agent_texts[i]));
        }
    }
    traits_drop(f, it->a.traits);
    string_drop(f, &it->a.state_reason);
    string_drop(f, &it->a.now);
    string_drop(f, &it->a.now_tool);
    string_drop(f, &it->now_action);
}

const struct event_row *fleet_agent_list(const struct fleet *f, uint32_t agent,
                                         enum event_field list, uint32_t *count)
{
    const struct agent *a = fleet_agent(f, agent);
    *count = 0;
    for (uint32_t i = 0; a != NULL && i < AGENT_LISTS; i++) {
        if (agent_lists[i] == list) {
            return list_rows(f, a->traits->lists[i], count);
        }
    }
    return NULL;
}
