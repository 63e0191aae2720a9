#include <string.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

/* Text that a request brings: all of it is replaced when the request changes. */
static const struct {
    enum event_field field;
    size_t offset;
} request_texts[] = {
    {F_TOOL,           offsetof(struct approval, tool)          },
    {F_SUMMARY,        offsetof(struct approval, summary)       },
    {F_RULE,           offsetof(struct approval, rule)          },
    {F_REASON,         offsetof(struct approval, reason)        },
    {F_AGENT_WORDS,    offsetof(struct approval, agent_words)   },
    {F_ONLY_IN,        offsetof(struct approval, only_in)       },
    {F_POLICY_VERSION, offsetof(struct approval, policy_version)},
    {F_DIGEST,         offsetof(struct approval, digest)        },
    {F_SHOWN_DIGEST,   offsetof(struct approval, shown_digest)  },
};

static sid *text_slot(struct approval *a, size_t offset)
{
    return (sid *)(void *)((char *)a + offset);
}

/* ---- each setter says whether it changed something */
static bool set_texts(struct fold *x, struct approval *a)
{
    sid action_id = a->action_id;
    id_set(x->f, &a->action_id, event_text(x->ev, F_ACTION_ID));
    bool changed = a->action_id != action_id;
    for (size_t i = 0; i < ARRAY_LEN(request_texts); i++) {
        sid *slot = text_slot(a, request_texts[i].offset);
        sid before = *slot;
        string_set(x->f, slot, event_text(x->ev, request_texts[i].field));
        changed |= *slot != before;
    }
    return changed;
}

static bool set_action(struct fold *x, struct approval_item *it, struct span action)
{
    if (span_eq(action, it->a.action)) {
        return false;
    }
    approval_drop_action(x->f, it);
    it->text = xmalloc(action.n + 1);
    if (action.n > 0) {
        memcpy(it->text, action.p, action.n);
    }
    it->text[action.n] = '\0';
    it->a.action = (struct span){it->text, action.n};
    x->f->action_bytes += action.n;
    return true;
}

static bool set_terms(struct fold *x, struct approval_item *it)
{
    const struct event *ev = x->ev;
    struct approval before = it->a;
    struct approval *a = &it->a;
    a->on_silence = (enum on_silence)event_choice(ev, F_ON_SILENCE, ON_SILENCE_COUNT);
    a->reversible = event_number(ev, F_REVERSIBLE) != 0;
    a->quorum = event_number(ev, F_QUORUM);
    a->secrets = (uint32_t)event_number(ev, F_ACTION_SECRETS);
    a->expires_us = later_us(event_number(ev, F_EXPIRES_AT), 0);
    bool changed = false;
    for (size_t i = 0; i < APPROVAL_LISTS; i++) {
        uint32_t count = 0;
        const struct event_row *rows = event_list(ev, approval_lists[i], &count);
        changed |= list_set(x->f, &it->lists[i], rows, count);
    }
    return changed || a->on_silence != before.on_silence || a->reversible != before.reversible ||
           a->quorum != before.quorum || a->secrets != before.secrets ||
           a->expires_us != before.expires_us;
}

static enum risk risk_of(const struct event *ev)
{
    return (enum risk)event_choice(ev, F_RISK, RISK_COUNT);
}

static struct note request_note(struct fold *x, const struct approval_item *it)
{
    struct note n = note_of(EVENT_APPROVAL_REQUESTED);
    n.approval = it->a.ref;
    n.detail = (uint8_t)it->a.risk;
    n.subject = event_text(x->ev, F_TOOL);
    n.text = event_text(x->ev, F_SUMMARY);
    n.who = event_text(x->ev, F_RULE);
    n.action = event_text(x->ev, F_ACTION_ID);
    n.reason = event_text(x->ev, F_REASON);
    n.digest = event_text(x->ev, F_DIGEST);
    return n;
}

static void note_refusal(struct fold *x, struct agent_item *agent, const char *why)
{
    x->f->refused++;
    struct note n = note_of(EVENT_APPROVAL_REQUESTED);
    n.detail = (uint8_t)risk_of(x->ev);
    n.subject = event_text(x->ev, F_TOOL);
    n.text = span_str(why);
    log_always(x, agent, &n);
}

static const char *why_unfit(struct fleet *f, struct span action)
{
    if (action.n > ACTION_BYTES_MAX) {
        return "its action is too long to be shown";
    }
    return queue_make_room(f, action.n) ? NULL : "no room for its action";
}

/* An action that does not fit leaves the request without one: nobody can approve what nobody can
 * see. */
static void revise(struct fold *x, struct agent_item *agent, struct approval_item *it)
{
    struct span action = event_text(x->ev, F_ACTION);
    const char *unfit = span_eq(action, it->a.action) ? NULL : why_unfit(x->f, action);
    if (unfit != NULL) {
        note_refusal(x, agent, unfit);
        action = SPAN_NONE;
    }
    bool changed = risk_of(x->ev) != it->a.risk;
    queue_set_risk(x->f, it, risk_of(x->ev));
    changed |= set_texts(x, &it->a);
    changed |= set_action(x, it, action);
    changed |= set_terms(x, it);
    it->epoch = x->b->epoch;
    if (changed) {
        it->a.revision++;
        struct note n = request_note(x, it);
        log_always(x, agent, &n);
    }
}

static const char *why_refused(struct fleet *f, const struct agent_item *agent, struct span action)
{
    if (agent->a.pending >= FLEET_PENDING_MAX) {
        return "not shown: too many requests of this agent are pending";
    }
    if (fleet_pending_count(f) >= FLEET_PENDING_TOTAL) {
        return "not shown: too many requests are pending";
    }
    return why_unfit(f, action);
}

static void approval_new(struct fold *x, struct agent_item *agent, struct span id)
{
    struct fleet *f = x->f;
    struct approval_item *it = xcalloc(1, sizeof(*it));
    it->a.ref = roster_add(&f->approvals, it);
    it->a.agent = agent->a.ref;
    it->a.pending = true;
    it->a.requested_us = x->ev->time_us;
    id_set(f, &it->a.id, id);
    it->backend = x->b->b.ref;
    index_put(&f->approval_by_id, index_key(it->backend, it->a.id), it);
    it->epoch = x->b->epoch;
    it->a.risk = risk_of(x->ev);
    (void)set_texts(x, &it->a);
    (void)set_action(x, it, event_text(x->ev, F_ACTION));
    (void)set_terms(x, it);
    queue_join(f, it);
    struct note n = request_note(x, it);
    log_note(x, agent, &n);
}

/* An id that comes back after it was resolved, or from another agent, is another request. */
static void replace_foreign(struct fold *x, struct approval_item *it)
{
    if (it->a.pending) {
        approval_close(x, it,
                       &(struct closing){.decision = DECISION_SUPERSEDED,
                                         .reason = SPAN("another agent used its id"),
                                         .time_us = x->ev->time_us});
    }
}

void fold_approval_requested(struct fold *x)
{
    struct agent_item *agent = agent_alive(x);
    struct span id = event_text(x->ev, F_APPROVAL_ID);
    if (agent == NULL || id.n == 0) {
        return;
    }
    struct approval_item *it = approval_find(x->f, x->b->b.ref, id);
    bool same = it != NULL && it->a.pending && it->a.agent == agent->a.ref;
    if (it != NULL && !same) {
        replace_foreign(x, it);
    }
    if (same) {
        revise(x, agent, it);
        return;
    }
    const char *why = why_refused(x->f, agent, event_text(x->ev, F_ACTION));
    if (why != NULL) {
        note_refusal(x, agent, why);
        return;
    }
    approval_new(x, agent, id);
}
