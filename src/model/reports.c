#include "model_priv.h"

/* ---- failures */
/* An attempt that will be made again is no failure. A source that numbers its attempts is believed
 * when that is more than was seen here. */
static void count_attempt(const struct event *ev, struct agent *a)
{
    int64_t attempt = event_number(ev, F_ATTEMPT);
    bool over = a->state == AGENT_FAILED || a->state == AGENT_STOPPED || a->state == AGENT_IDLE;
    a->retries += !ev->snapshot && a->retries < UINT32_MAX;
    if (over) {
        return; /* told late: its turn has ended since */
    }
    a->retrying += a->retrying < UINT32_MAX;
    if (attempt > a->retrying) {
        a->retrying = attempt < UINT32_MAX ? (uint32_t)attempt : UINT32_MAX;
    }
}

void fold_failure_reported(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    struct span message = event_text(x->ev, F_ERROR);
    struct note n = note_of(EVENT_FAILURE_REPORTED);
    n.detail = (uint8_t)event_choice(x->ev, F_FAILURE_CLASS, FAILURE_COUNT);
    n.retrying = event_number(x->ev, F_RETRYING) != 0;
    n.subject = event_text(x->ev, F_ERROR_TYPE);
    n.text = message.n > 0 ? message : event_text(x->ev, F_REASON);
    n.action = event_text(x->ev, F_ACTION_ID);
    uint32_t entry = log_note(x, it, &n);
    if (it == NULL) {
        return;
    }
    if (n.retrying) {
        count_attempt(x->ev, &it->a);
    } else {
        it->a.retrying = 0;
        agent_set_failing(x->f, it, true);
        it->a.failures += !x->ev->snapshot && it->a.failures < UINT32_MAX;
    }
    it->a.last_failure = entry != 0 ? entry : it->a.last_failure;
}

/* ---- what is only logged */
/* From outside of the agent: no sign that it lives. */
static void note_about(struct fold *x, const struct note *n)
{
    log_note(x, agent_of(x), n);
}

void fold_signal_raised(struct fold *x)
{
    struct note n = note_of(EVENT_SIGNAL_RAISED);
    n.detail = (uint8_t)event_choice(x->ev, F_SEVERITY, SEVERITY_COUNT);
    n.subject = event_text(x->ev, F_SIGNAL_SOURCE);
    n.text = event_text(x->ev, F_TITLE);
    note_about(x, &n);
}

void fold_policy_decided(struct fold *x)
{
    struct span summary = event_text(x->ev, F_SUMMARY);
    struct note n = note_of(EVENT_POLICY_DECIDED);
    n.detail = (uint8_t)event_choice(x->ev, F_VERDICT, VERDICT_COUNT);
    n.subject = event_text(x->ev, F_TOOL);
    n.text = summary.n > 0 ? summary : event_text(x->ev, F_REASON);
    n.who = event_text(x->ev, F_RULE);
    n.action = event_text(x->ev, F_ACTION_ID);
    n.reason = event_text(x->ev, F_REASON);
    n.digest = event_text(x->ev, F_DIGEST);
    log_note(x, agent_alive(x), &n);
}

void fold_policy_loaded(struct fold *x)
{
    struct note n = note_of(EVENT_POLICY_LOADED);
    n.subject = event_text(x->ev, F_POLICY_VERSION);
    n.text = event_text(x->ev, F_REASON);
    n.who = event_text(x->ev, F_OPERATOR);
    log_note(x, NULL, &n);
}

void fold_unknown(struct fold *x)
{
    x->f->unknown++;
    x->b->b.unknown++;
    struct note n = note_of(EVENT_UNKNOWN);
    n.subject = x->ev->raw_type;
    log_note(x, NULL, &n);
}
