#include "model_priv.h"

#define TEXT(field, member, watched)                                                               \
    {                                                                                              \
        field, offsetof(struct agent, member), watched                                             \
    }

const struct agent_text agent_texts[] = {
    TEXT(F_AGENT_INSTANCE, instance, true),
    TEXT(F_AGENT_NAME, name, true),
    TEXT(F_AGENT_RUNTIME, runtime, true),
    TEXT(F_AGENT_RUNTIME_VERSION, runtime_version, true),
    TEXT(F_MODEL, model, true),
    TEXT(F_PROVIDER, provider, true),
    TEXT(F_HOST, host, true),
    TEXT(F_CWD, cwd, false),
    TEXT(F_AGENT_OWNER, owner, true),
    TEXT(F_AGENT_ON_BEHALF_OF, on_behalf_of, true),
    TEXT(F_AGENT_BUILDER, builder, true),
    TEXT(F_AGENT_REGION, region, true),
    TEXT(F_AGENT_BOUNDARY, boundary, true),
    TEXT(F_SESSION, session, false),
    TEXT(F_TASK_ID, task_id, false),
    TEXT(F_TASK_TITLE, task_title, true),
    TEXT(F_AGENT_PARENT, parent_id, true),
    TEXT(F_GATE, gate, true),
    TEXT(F_PERMISSION_MODE, permission_mode, true),
    TEXT(F_PERMISSION_SANDBOX, permission_sandbox, true),
    TEXT(F_PERMISSION_NETWORK, permission_network, true),
};
const uint32_t agent_text_count = ARRAY_LEN(agent_texts);

/* In the order of struct agent's `lists`. */
const enum event_field agent_lists[AGENT_LISTS] = {F_GRANTS, F_CREDENTIALS, F_REINS, F_DELEGATION,
                                                    F_GATE_LIMITS};

sid *agent_text_slot(struct agent *a, const struct agent_text *t)
{
    return (sid *)(void *)((char *)a + t->offset);
}

sid agent_text_sid(const struct agent *a, const struct agent_text *t)
{
    return *(const sid *)(const void *)((const char *)a + t->offset);
}

void agent_drop_texts(struct fleet *f, struct agent_item *it)
{
    for (uint32_t i = 0; i < agent_text_count; i++) {
        string_drop(f, agent_text_slot(&it->a, &agent_texts[i]));
    }
    for (uint32_t i = 0; i < AGENT_LISTS; i++) {
        list_drop(f, &it->a.lists[i]);
    }
    string_drop(f, &it->a.id);
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
            return list_rows(f, a->lists[i], count);
        }
    }
    return NULL;
}
