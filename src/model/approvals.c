#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

static const size_t texts[] = {
    offsetof(struct approval, id),         offsetof(struct approval, action_id),
    offsetof(struct approval, decided_by), offsetof(struct approval, decision_reason),
    offsetof(struct approval, scope),      offsetof(struct approval, outcome_text),
};

/* ---- finding and freeing */
struct approval_item *approval_find(const struct fleet *f, uint32_t backend, struct span id)
{
    sid text = id_find(f, id);
    return text == 0 ? NULL : index_get(&f->approval_by_id, index_key(backend, text));
}

void approval_drop_action(struct fleet *f, struct approval_item *it)
{
    f->action_bytes -= it->a.action.n;
    free(it->text);
    it->text = NULL;
    it->a.action = SPAN_NONE;
}

static void index_forget(struct fleet *f, const struct approval_item *it)
{
    uint64_t key = index_key(it->backend, it->a.id);
    if (index_get(&f->approval_by_id, key) == it) {
        index_del(&f->approval_by_id, key);
    }
}

static void settle_decision(struct fleet *f, struct approval_item *it)
{
    struct agent_item *agent = roster_find(&f->agents, it->a.agent);
    if (it->open_decision && agent != NULL) {
        agent->open_decisions--;
    }
    it->open_decision = false;
}

void approval_free(struct fleet *f, struct approval_item *it)
{
    settle_decision(f, it);
    index_forget(f, it);
    roster_remove(&f->approvals, it->a.ref);
    approval_drop_action(f, it);
    string_drop_all(f, &it->a, texts, ARRAY_LEN(texts));
    for (size_t i = 0; i < APPROVAL_LISTS; i++) {
        list_drop(f, &it->lists[i]);
    }
    free(it);
}

void approvals_release(struct fleet *f)
{
    for (uint32_t i = 0; i < f->approvals.count; i++) {
        struct approval_item *it = f->approvals.items[i];
        free(it->text);
        free(it);
    }
    roster_release(&f->approvals);
    index_release(&f->approval_by_id);
    for (int i = 0; i < BAY_COUNT; i++) {
        free(f->bays[i].slots);
    }
}

/* ---- resolved */
void approval_close(struct fold *x, struct approval_item *it, const struct closing *c)
{
    struct fleet *f = x->f;
    struct agent_item *agent = roster_find(&f->agents, it->a.agent);
    queue_resolve(f, it);
    it->a.pending = false;
    it->a.decision = c->decision;
    it->a.resolved_us = c->time_us;
    string_set(f, &it->a.decided_by, c->by);
    string_set(f, &it->a.decision_reason, c->reason);
    string_set(f, &it->a.scope, c->scope);
    if (c->decision == DECISION_APPROVED && agent != NULL && it->a.action_id != 0) {
        it->open_decision = true;
        agent->open_decisions++;
    }
    struct note n = note_of(EVENT_APPROVAL_RESOLVED);
    n.approval = it->a.ref;
    n.detail = (uint8_t)c->decision;
    n.subject = fleet_span(f, it->a.tool);
    n.text = c->reason.n > 0 ? c->reason : fleet_span(f, it->a.summary);
    n.who = c->by;
    n.action = fleet_span(f, it->a.action_id);
    n.reason = c->reason;
    n.digest = c->digest.n > 0 ? c->digest : fleet_span(f, it->a.digest);
    log_always(x, agent, &n);
}

/* A decision on something that is not pending here: late, repeated, or of a request never seen. */
static void note_stray(struct fold *x, const struct approval_item *it)
{
    struct agent_item *agent = it != NULL
                                   ? roster_find(&x->f->agents, it->a.agent)
                                   : agent_find(x->f, x->b->b.ref, event_text(x->ev, F_AGENT_ID));
    struct note n = note_of(EVENT_APPROVAL_RESOLVED);
    n.approval = it != NULL ? it->a.ref : 0;
    n.detail = (uint8_t)event_choice(x->ev, F_DECISION, DECISION_COUNT);
    n.subject = event_text(x->ev, F_APPROVAL_ID);
    n.text = it != NULL ? SPAN("no effect: it was decided before") : SPAN("not pending here");
    n.who = event_text(x->ev, F_DECIDED_BY);
    log_note(x, agent, &n);
}

static bool on_other_content(const struct fold *x, const struct approval_item *it)
{
    struct span digest = event_text(x->ev, F_DIGEST);
    return digest.n > 0 && !span_eq(digest, fleet_span(x->f, it->a.digest));
}

void fold_approval_resolved(struct fold *x)
{
    struct approval_item *it = approval_find(x->f, x->b->b.ref, event_text(x->ev, F_APPROVAL_ID));
    if (it == NULL || !it->a.pending) {
        note_stray(x, it);
        return;
    }
    bool other = on_other_content(x, it);
    approval_close(x, it,
                   &(struct closing){
                       .decision = (enum decision)event_choice(x->ev, F_DECISION, DECISION_COUNT),
                       .by = event_text(x->ev, F_DECIDED_BY),
                       .reason = other ? SPAN("decided on other content than was shown here")
                                       : event_text(x->ev, F_REASON),
                       .scope = event_text(x->ev, F_SCOPE),
                       .digest = event_text(x->ev, F_DIGEST),
                       .time_us = x->ev->time_us,
                   });
}

/* ---- withdrawn by the fold itself */
static void withdraw(struct fold *x, struct approval_item *it, const char *reason)
{
    approval_close(x, it,
                   &(struct closing){.decision = DECISION_WITHDRAWN,
                                     .reason = span_str(reason),
                                     .time_us = x->ev->time_us});
}

typedef bool match_fn(const struct approval_item *it, const void *ctx);

/* Closing one may push out another: so first the refs, then each that is still there. */
static void withdraw_where(struct fold *x, match_fn *match, const void *ctx, const char *reason)
{
    const struct roster *all = &x->f->approvals;
    uint32_t count = 0;
    uint32_t *refs = xreallocarray(NULL, all->count + 1u, sizeof(*refs));
    for (uint32_t i = 0; i < all->count; i++) {
        const struct approval_item *it = all->items[i];
        if (it->a.pending && match(it, ctx)) {
            refs[count++] = it->a.ref;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        withdraw(x, roster_find(all, refs[i]), reason);
    }
    free(refs);
}

static bool is_of_agent(const struct approval_item *it, const void *ctx)
{
    const struct agent_item *agent = ctx;
    return it->a.agent == agent->a.ref;
}

void approvals_withdraw_of(struct fold *x, const struct agent_item *agent, const char *reason)
{
    withdraw_where(x, is_of_agent, agent, reason);
}

static bool is_lost(const struct approval_item *it, const void *ctx)
{
    const struct backend_item *b = ctx;
    return it->backend == b->b.ref && it->epoch != b->epoch;
}

void approvals_withdraw_lost(struct fold *x, const char *reason)
{
    withdraw_where(x, is_lost, x->b, reason);
}

/* ---- queries */
const struct approval *fleet_approval(const struct fleet *f, uint32_t ref)
{
    const struct approval_item *it = roster_find(&f->approvals, ref);
    return it == NULL ? NULL : &it->a;
}

const struct approval *fleet_approval_by_id(const struct fleet *f, struct span backend,
                                            struct span id)
{
    const struct backend *b = fleet_backend_named(f, backend);
    const struct approval_item *it = b == NULL ? NULL : approval_find(f, b->ref, id);
    return it == NULL ? NULL : &it->a;
}

const enum event_field approval_lists[APPROVAL_LISTS] = {F_SCOPES, F_DENIALS, F_TERMS, F_QUESTIONS,
                                                         F_OPTIONS};

const struct event_row *fleet_approval_list(const struct fleet *f, uint32_t approval,
                                            enum event_field list, uint32_t *count)
{
    const struct approval_item *it = roster_find(&f->approvals, approval);
    uint32_t id = 0;
    for (size_t i = 0; it != NULL && i < APPROVAL_LISTS; i++) {
        id = approval_lists[i] == list ? it->lists[i] : id;
    }
    return list_rows(f, id, count);
}
