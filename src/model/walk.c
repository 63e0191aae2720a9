#include <stdio.h>
#include <string.h>

#include "model_priv.h"

/* How a member of a public struct is shown. */
enum shape {
    SHAPE_TEXT,
    SHAPE_NUMBER,
    SHAPE_INT64,
    SHAPE_UINT64,
    SHAPE_BYTE,
    SHAPE_BOOL,
    SHAPE_SPAN
};

struct member {
    const char *name;
    const char *set; /* enum table of a number */
    uint16_t offset;
    uint8_t shape;
    bool shared; /* it lies in the traits of the agent */
};

#define TEXT(s, m)                                                                                 \
    {                                                                                              \
#m, NULL, offsetof(struct s, m), SHAPE_TEXT, false                                         \
    }
#define NUMBER(s, m)                                                                               \
    {                                                                                              \
#m, NULL, offsetof(struct s, m), SHAPE_NUMBER, false                                       \
    }
/* An enum is a byte or 32 bits. */
#define CHOICE_SHAPE(s, m) (sizeof(((struct s *)NULL)->m) == 1 ? SHAPE_BYTE : SHAPE_NUMBER)
#define CHOICE(s, m, e)                                                                            \
    {                                                                                              \
#m, e, offsetof(struct s, m), CHOICE_SHAPE(s, m), false                                    \
    }
#define INT64(s, m)                                                                                \
    {                                                                                              \
#m, NULL, offsetof(struct s, m), SHAPE_INT64, false                                        \
    }
#define UINT64(s, m)                                                                               \
    {                                                                                              \
#m, NULL, offsetof(struct s, m), SHAPE_UINT64, false                                       \
    }
#define BOOL(s, m)                                                                                 \
    {                                                                                              \
#m, NULL, offsetof(struct s, m), SHAPE_BOOL, false                                         \
    }
#define BYTES(s, m)                                                                                \
    {                                                                                              \
#m, NULL, offsetof(struct s, m), SHAPE_SPAN, false                                         \
    }

#define TRAIT(m, shape)                                                                            \
    {                                                                                              \
#m, NULL, offsetof(struct agent_traits, m), shape, true                                    \
    }

#define DAY(n)                                                                                     \
    INT64(backend, days[n].day), INT64(backend, days[n].microusd),                                 \
        INT64(backend, days[n].bound_microusd)

static const struct member backend_members[] = {
    TEXT(backend, name),
    TEXT(backend, kind),
    CHOICE(backend, link, "link"),
    TEXT(backend, why),
    INT64(backend, link_since_us),
    INT64(backend, last_event_us),
    INT64(backend, retry_at_us),
    UINT64(backend, seq),
    NUMBER(backend, verbs),
    BOOL(backend, stop_latched),
    BOOL(backend, stop_asked),
    INT64(backend, stop_requested),
    INT64(backend, stop_confirmed),
    INT64(backend, stop_unreachable),
    INT64(backend, stop_since_us),
    NUMBER(backend, agents),
    DAY(0),
    DAY(1),
    DAY(2),
    DAY(3),
    DAY(4),
    DAY(5),
    DAY(6),
    DAY(7),
    INT64(backend, day_limit_microusd),
    INT64(backend, total_microusd),
    INT64(backend, total_limit_microusd),
    INT64(backend, total_bound_microusd),
    UINT64(backend, unknown),
};

static const struct member asked_members[] = {
    INT64(backend, stop_asked_us),
    INT64(backend, stop_asked_agents),
};

static const struct member agent_members[] = {
    NUMBER(agent, backend),
    NUMBER(agent, parent),
    TEXT(agent, id),
    TEXT(agent, instance),
    TEXT(agent, name),
    TRAIT(runtime, SHAPE_TEXT),
    TRAIT(runtime_version, SHAPE_TEXT),
    TRAIT(model, SHAPE_TEXT),
    TRAIT(provider, SHAPE_TEXT),
    TRAIT(host, SHAPE_TEXT),
    TEXT(agent, cwd),
    TRAIT(vcs_branch, SHAPE_TEXT),
    TRAIT(vcs_revision, SHAPE_TEXT),
    TRAIT(owner, SHAPE_TEXT),
    TRAIT(on_behalf_of, SHAPE_TEXT),
    TRAIT(builder, SHAPE_TEXT),
    TRAIT(region, SHAPE_TEXT),
    TRAIT(boundary, SHAPE_TEXT),
    TEXT(agent, session),
    TEXT(agent, task_id),
    TEXT(agent, task_title),
    TEXT(agent, parent_id),
    TRAIT(gate, SHAPE_TEXT),
    TRAIT(permission_mode, SHAPE_TEXT),
    TRAIT(permission_sandbox, SHAPE_TEXT),
    TRAIT(permission_network, SHAPE_TEXT),
    CHOICE(agent, state, "agent_state"),
    TEXT(agent, state_reason),
    BOOL(agent, registered),
    BOOL(agent, demo),
    TEXT(agent, now_tool),
    TEXT(agent, now),
    BOOL(agent, now_running),
    NUMBER(agent, pid),
    INT64(agent, started_us),
    INT64(agent, state_since_us),
    INT64(agent, last_event_us),
    INT64(agent, now_since_us),
    TRAIT(heartbeat_ms, SHAPE_INT64),
    INT64(agent, tokens_in),
    INT64(agent, tokens_out),
    INT64(agent, tokens_cached),
    INT64(agent, tokens_reasoning),
    INT64(agent, cost_microusd),
    BOOL(agent, cost_estimated),
    BOOL(agent, unpriced),
    TRAIT(budget_limit, SHAPE_INT64),
    INT64(agent, budget_used),
    TRAIT(metered, SHAPE_INT64),
    TRAIT(untold, SHAPE_INT64),
    TRAIT(bound_microusd, SHAPE_INT64),
    TRAIT(bound_tokens, SHAPE_INT64),
    TRAIT(budget_tokens, SHAPE_INT64),
    TRAIT(budget_tokens_used, SHAPE_INT64),
    TRAIT(beside_in, SHAPE_INT64),
    TRAIT(beside_out, SHAPE_INT64),
    TRAIT(beside_microusd, SHAPE_INT64),
    NUMBER(agent, pending),
    CHOICE(agent, risk, "risk"),
    BOOL(agent, failing),
    NUMBER(agent, failures),
    NUMBER(agent, retries),
    NUMBER(agent, retrying),
    NUMBER(agent, actions),
    NUMBER(agent, last_failure),
};

static const struct member approval_members[] = {
    NUMBER(approval, agent),
    TEXT(approval, id),
    BOOL(approval, pending),
    NUMBER(approval, revision),
    TEXT(approval, action_id),
    TEXT(approval, tool),
    TEXT(approval, summary),
    BYTES(approval, action),
    TEXT(approval, digest),
    TEXT(approval, shown_digest),
    NUMBER(approval, secrets),
    TEXT(approval, rule),
    TEXT(approval, reason),
    TEXT(approval, agent_words),
    TEXT(approval, only_in),
    TEXT(approval, policy_version),
    CHOICE(approval, risk, "risk"),
    BOOL(approval, reversible),
    CHOICE(approval, on_silence, "on_silence"),
    INT64(approval, quorum),
    INT64(approval, requested_us),
    INT64(approval, expires_us),
    CHOICE(approval, decision, "decision"),
    TEXT(approval, decided_by),
    TEXT(approval, decision_reason),
    TEXT(approval, scope),
    INT64(approval, resolved_us),
    CHOICE(approval, outcome, "outcome"),
    TEXT(approval, outcome_text),
};

static const struct member command_members[] = {
    NUMBER(command_track, agent),
    NUMBER(command_track, approval),
    TEXT(command_track, id),
    CHOICE(command_track, verb, "verb"),
    CHOICE(command_track, state, "command_state"),
    TEXT(command_track, reason),
    TEXT(command_track, by),
    TEXT(command_track, operator_id),
    TEXT(command_track, backend),
    TEXT(command_track, credential),
    INT64(command_track, sent_us),
    INT64(command_track, accepted_us),
    INT64(command_track, changed_us),
    BOOL(command_track, displayed),
    BOOL(command_track, display_to_end),
    CHOICE(command_track, display_risk, "risk"),
    TEXT(command_track, display_digest),
    INT64(command_track, display_cols),
    INT64(command_track, display_rows),
    INT64(command_track, display_ms),
};

static const struct member task_members[] = {
    TEXT(task, id),
    TEXT(task, title),
    BOOL(task, open),
    CHOICE(task, outcome, "outcome"),
    INT64(task, began_us),
    INT64(task, ended_us),
    INT64(task, tokens_in),
    INT64(task, tokens_out),
    INT64(task, cost_microusd),
    INT64(task, untold),
    INT64(task, bound_microusd),
    INT64(task, bound_tokens),
    INT64(task, limit_microusd),
    INT64(task, limit_tokens),
    BOOL(task, cost_estimated),
    BOOL(task, unpriced),
};

static const struct member ended_members[] = {
    INT64(task_sums, count),         INT64(task_sums, silent),        INT64(task_sums, tokens_in),
    INT64(task_sums, tokens_out),    INT64(task_sums, cost_microusd), INT64(task_sums, untold),
    BOOL(task_sums, cost_estimated), BOOL(task_sums, unpriced),
};

static const struct member credential_members[] = {
    NUMBER(credential, backend),   NUMBER(credential, agent),
    TEXT(credential, id),          BOOL(credential, told),
    BOOL(credential, lost),        CHOICE(credential, state, "credential_state"),
    TEXT(credential, issuer),      TEXT(credential, scopes),
    TEXT(credential, parent),      TEXT(credential, digest),
    TEXT(credential, reason),      TEXT(credential, by),
    TEXT(credential, probe),       TEXT(credential, last_use),
    TEXT(credential, refusal),     NUMBER(credential, used_by),
    TEXT(credential, wait),        INT64(credential, wait_us),
    TEXT(credential, holder),      INT64(credential, issued_us),
    INT64(credential, expires_us), INT64(credential, changed_us),
    INT64(credential, used_us),    INT64(credential, refused_us),
    INT64(credential, uses),       NUMBER(credential, holders),
    TEXT(credential, kind),        TEXT(credential, until),
    TEXT(credential, revocable),   NUMBER(credential, refusals),
    NUMBER(credential, order),
};

static const struct member log_members[] = {
    INT64(log_entry, time_us),  NUMBER(log_entry, agent),        NUMBER(log_entry, approval),
    NUMBER(log_entry, backend), CHOICE(log_entry, verb, "verb"), BOOL(log_entry, retrying),
    TEXT(log_entry, subject),   TEXT(log_entry, text),           TEXT(log_entry, who),
    TEXT(log_entry, action),    TEXT(log_entry, reason),         TEXT(log_entry, digest),
};

/* What a log entry's `detail` is, by its type. */
static const char *const detail_sets[EVENT_TYPE_COUNT] = {
    [EVENT_AGENT_STATE] = "agent_state",
    [EVENT_ACTION_FINISHED] = "outcome",
    [EVENT_TASK_FINISHED] = "outcome",
    [EVENT_APPROVAL_REQUESTED] = "risk",
    [EVENT_APPROVAL_RESOLVED] = "decision",
    [EVENT_FAILURE_REPORTED] = "failure",
    [EVENT_SIGNAL_RAISED] = "severity",
    [EVENT_POLICY_DECIDED] = "verdict",
    [EVENT_OPERATOR_COMMAND] = "command_state",
    [EVENT_OPERATOR_RESULT] = "command_state",
    [EVENT_BACKEND_LINK] = "link",
};

static const struct member rights_members[] = {
    NUMBER(backend, scopes),
    TEXT(backend, operator_id),
    TEXT(backend, connection),
};

static const struct member watcher_members[] = {
    NUMBER(watcher, backend), TEXT(watcher, id),       TEXT(watcher, connection),
    TEXT(watcher, path),      NUMBER(watcher, scopes), INT64(watcher, since_us),
};

static const struct member totals_members[] = {
    NUMBER(fleet_totals, agents),
    NUMBER(fleet_totals, pending),
    INT64(fleet_totals, oldest_pending_us),
    INT64(fleet_totals, cost_microusd),
    NUMBER(fleet_totals, unpriced),
    BOOL(fleet_totals, cost_estimated),
    INT64(fleet_totals, newest_event_us),
    NUMBER(fleet_totals, failed),
    UINT64(fleet_totals, events),
    UINT64(fleet_totals, unknown),
    UINT64(fleet_totals, evicted),
    UINT64(fleet_totals, refused),
    BOOL(fleet_totals, demo),
};

struct walk {
    const struct fleet *f;
    const struct visitor *v;
};

static int64_t number_at(const struct member *m, const char *at)
{
    switch ((enum shape)m->shape) {
    case SHAPE_NUMBER:
        return *(const uint32_t *)(const void *)at;
    case SHAPE_INT64:
        return *(const int64_t *)(const void *)at;
    case SHAPE_UINT64:
        return (int64_t) * (const uint64_t *)(const void *)at;
    case SHAPE_BYTE:
        return *(const uint8_t *)(const void *)at;
    case SHAPE_BOOL:
        return *(const bool *)(const void *)at;
    case SHAPE_TEXT:
    case SHAPE_SPAN:
        break;
    }
    return 0;
}

static void show_member(const struct walk *w, const struct member *m, const char *at)
{
    const struct visitor *v = w->v;
    if (m->shape == SHAPE_TEXT) {
        v->text(v->ctx, m->name, fleet_span(w->f, *(const sid *)(const void *)at));
    } else if (m->shape == SHAPE_SPAN) {
        v->text(v->ctx, m->name, *(const struct span *)(const void *)at);
    } else {
        v->number(v->ctx, m->name, number_at(m, at), m->set);
    }
}

static void show_members(const struct walk *w, const struct member *members, size_t count,
                         const void *thing)
{
    for (size_t i = 0; i < count; i++) {
        show_member(w, &members[i], (const char *)thing + members[i].offset);
    }
}

static void show_agent(const struct walk *w, const struct agent *a)
{
    w->v->begin(w->v->ctx, "agent", a->ref);
    for (size_t i = 0; i < ARRAY_LEN(agent_members); i++) {
        const struct member *m = &agent_members[i];
        const char *thing = m->shared ? (const char *)a->traits : (const char *)a;
        show_member(w, m, thing + m->offset);
    }
    w->v->end(w->v->ctx);
}

#define SHOW(w, what, n, table, thing)                                                             \
    do {                                                                                           \
        (w)->v->begin((w)->v->ctx, what, n);                                                       \
        show_members(w, table, ARRAY_LEN(table), thing);                                           \
        (w)->v->end((w)->v->ctx);                                                                  \
    } while (0)

static void show_row(const struct walk *w, enum event_field field, const struct event_row *row)
{
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t count = event_list_columns(field, columns);
    w->v->begin(w->v->ctx, event_field_info(field)->name, 0);
    for (uint32_t c = 0; c < count; c++) {
        char name[32];
        (void)span_copy(columns[c], name, sizeof(name));
        w->v->text(w->v->ctx, name, row->cell[c]);
    }
    w->v->end(w->v->ctx);
}

static void show_list(const struct walk *w, enum event_field field, const struct event_row *rows,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        show_row(w, field, &rows[i]);
    }
}

static void show_backends(const struct walk *w)
{
    for (uint32_t i = 0; i < fleet_backend_count(w->f); i++) {
        const struct backend *b = fleet_backend_at(w->f, i);
        SHOW(w, "backend", b->ref, backend_members, b);
        if (b->stop_asked) {
            SHOW(w, "asked", b->ref, asked_members, b);
        }
        if (b->scopes_told) {
            SHOW(w, "rights", b->ref, rights_members, b);
        }
    }
}

static bool has_sums(const struct task_sums *s)
{
    return s->count != 0 || s->silent != 0 || s->tokens_in != 0 || s->tokens_out != 0 ||
           s->cost_microusd != 0 || s->untold != 0 || s->cost_estimated || s->unpriced;
}

static void show_sums(const struct walk *w, const struct task_sums by_outcome[OUTCOME_COUNT])
{
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        if (has_sums(&by_outcome[o])) {
            SHOW(w, "ended", o, ended_members, &by_outcome[o]);
        }
    }
}

static void show_tasks(const struct walk *w, uint32_t agent)
{
    const struct agent_tasks *at = tasks_find(w->f, agent);
    if (at == NULL) {
        return;
    }
    if (at->open != NULL) {
        SHOW(w, "task", 0, task_members, &at->open->t);
    }
    for (const struct task_item *it = at->newest; it != NULL; it = it->own_older) {
        SHOW(w, "task", 0, task_members, &it->t);
    }
    show_sums(w, at->ended);
}

static void show_agents(const struct walk *w)
{
    for (uint32_t i = 0; i < fleet_agent_count(w->f); i++) {
        const struct agent *a = fleet_agent_at(w->f, i);
        show_agent(w, a);
        for (uint32_t l = 0; l < AGENT_LISTS; l++) {
            uint32_t count = 0;
            const struct event_row *rows = list_rows(w->f, a->traits->lists[l], &count);
            show_list(w, agent_lists[l], rows, count);
        }
        show_tasks(w, a->ref);
    }
}

static void show_approval(const struct walk *w, const struct approval *a)
{
    SHOW(w, "approval", a->ref, approval_members, a);
    for (size_t i = 0; i < APPROVAL_LISTS; i++) {
        uint32_t count = 0;
        const struct event_row *rows = fleet_approval_list(w->f, a->ref, approval_lists[i], &count);
        show_list(w, approval_lists[i], rows, count);
    }
}

static void show_approvals(const struct walk *w)
{
    for (uint32_t i = 0; i < fleet_pending_count(w->f); i++) {
        show_approval(w, fleet_pending_at(w->f, i));
    }
    for (uint32_t i = 0; i < fleet_resolved_count(w->f); i++) {
        show_approval(w, fleet_resolved_at(w->f, i));
    }
}

static void show_commands(const struct walk *w)
{
    for (uint32_t i = 0; i < fleet_command_count(w->f); i++) {
        const struct command_track *c = fleet_command_at(w->f, i);
        SHOW(w, "command", c->ref, command_members, c);
    }
}

static void show_burn(const struct walk *w)
{
    const struct visitor *v = w->v;
    int64_t minute = w->f->burn_minute;
    if (minute == 0) {
        return;
    }
    v->begin(v->ctx, "burn", (uint64_t)minute);
    for (int64_t i = FLEET_BURN_MINUTES - 1; i >= 0; i--) {
        char name[32];
        int64_t spent = minute < i ? 0 : w->f->burn[(minute - i) % FLEET_BURN_MINUTES];
        (void)snprintf(name, sizeof(name), "%d", (int)i);
        if (spent != 0) {
            v->number(v->ctx, name, spent, NULL);
        }
    }
    v->end(v->ctx);
}

static void show_credentials(const struct walk *w)
{
    for (uint32_t i = 0; i < fleet_credential_count(w->f); i++) {
        const struct credential *c = fleet_credential_at(w->f, i);
        SHOW(w, "credential", c->ref, credential_members, c);
    }
}

static void show_watchers(const struct walk *w)
{
    for (uint32_t i = 0; i < fleet_watcher_count(w->f); i++) {
        SHOW(w, "watcher", i + 1, watcher_members, fleet_watcher_at(w->f, i));
    }
}

static void show_given(const struct walk *w, const char *name, int64_t n)
{
    if (n != -1) {
        w->v->number(w->v->ctx, name, n, NULL);
    }
}

static void show_log_entry(const struct walk *w, const struct log_entry *e)
{
    const struct visitor *v = w->v;
    v->begin(v->ctx, "log", e->number);
    v->text(v->ctx, "type", span_str(event_type_name(e->type)));
    v->number(v->ctx, "detail", e->detail, detail_sets[e->type]);
    show_members(w, log_members, ARRAY_LEN(log_members), e);
    show_given(w, "duration_ms", e->duration_ms);
    show_given(w, "microusd", e->microusd);
    show_given(w, "tokens", e->tokens);
    v->number(v->ctx, "older", fleet_log_older(w->f, e->number), NULL);
    v->end(v->ctx);
}

static void show_log(const struct walk *w)
{
    uint32_t oldest = fleet_log_oldest(w->f);
    for (uint32_t n = fleet_log_newest(w->f); n != 0 && n >= oldest; n--) {
        show_log_entry(w, fleet_log_entry(w->f, n));
    }
}

void fleet_walk(const struct fleet *f, const struct visitor *v)
{
    const struct walk w = {f, v};
    struct fleet_totals totals;
    fleet_totals(f, &totals);
    SHOW(&w, "totals", 0, totals_members, &totals);
    show_sums(&w, f->ended);
    show_backends(&w);
    show_agents(&w);
    show_approvals(&w);
    show_commands(&w);
    show_burn(&w);
    show_credentials(&w);
    show_watchers(&w);
    show_log(&w);
}
