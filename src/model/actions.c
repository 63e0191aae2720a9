#include "model_priv.h"

static struct span summary_of(const struct event *ev)
{
    struct span summary = event_text(ev, F_SUMMARY);
    return summary.n > 0 ? summary : event_text(ev, F_TOOL);
}

/* ---- what came of an approved action */
typedef void outcome_fn(struct fold *x, struct agent_item *agent, struct approval_item *it);

static void outcome_started(struct fold *x, struct agent_item *agent, struct approval_item *it)
{
    (void)agent;
    string_set(x->f, &it->a.outcome_text, SPAN("started"));
}

static void outcome_finished(struct fold *x, struct agent_item *agent, struct approval_item *it)
{
    struct span error = event_text(x->ev, F_ERROR);
    it->a.outcome = (enum outcome)event_choice(x->ev, F_OUTCOME, OUTCOME_COUNT);
    string_set(x->f, &it->a.outcome_text,
               error.n > 0 ? error : span_str(outcome_name(it->a.outcome)));
    it->open_decision = false;
    agent->open_decisions--;
}

/* The agent's approved requests for this action that have not seen it finish. */
static void tell_decisions(struct fold *x, struct agent_item *agent, outcome_fn *tell)
{
    struct fleet *f = x->f;
    sid action = id_find(f, event_text(x->ev, F_ACTION_ID));
    uint32_t open = agent->open_decisions;
    for (uint32_t i = f->resolved_count; action != 0 && open > 0 && i > 0; i--) {
        struct approval_item *it =
            f->resolved[(f->resolved_first + i - 1) % FLEET_RESOLVED_KEPT].it;
        if (it->a.agent == agent->a.ref && it->open_decision) {
            open--;
            if (it->a.action_id == action) {
                tell(x, agent, it);
            }
        }
    }
}

void fold_action_started(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it == NULL) {
        return;
    }
    string_set(x->f, &it->a.now, summary_of(x->ev));
    string_set(x->f, &it->a.now_tool, event_text(x->ev, F_TOOL));
    id_set(x->f, &it->now_action, event_text(x->ev, F_ACTION_ID));
    it->a.now_since_us = x->ev->time_us;
    it->a.now_running = true;
    it->a.retrying = 0; /* a call comes from a model that answered */
    if (!x->ev->snapshot && it->a.actions < UINT32_MAX) {
        it->a.actions++;
    }
    tell_decisions(x, it, outcome_started);
    struct note n = note_of(EVENT_ACTION_STARTED);
    n.action = event_text(x->ev, F_ACTION_ID);
    n.digest = event_text(x->ev, F_DIGEST);
    n.subject = event_text(x->ev, F_TOOL);
    n.text = summary_of(x->ev);
    log_note(x, it, &n);
}

/* Output shows that the agent lives; its bytes are in the journal. */
void fold_action_output(struct fold *x)
{
    (void)agent_alive(x);
}

/* Of several actions at once the one that began last is shown; another one's end does not end it.
 */
static bool ends_current(const struct fleet *f, const struct agent_item *it, const struct event *ev)
{
    struct span id = event_text(ev, F_ACTION_ID);
    return id.n == 0 || it->now_action == 0 || id_find(f, id) == it->now_action;
}

static void count_outcome(struct fold *x, struct agent_item *it, enum outcome outcome,
                          uint32_t entry)
{
    if (outcome == OUTCOME_SUCCEEDED) {
        agent_set_failing(x->f, it, false);
    }
    if (outcome == OUTCOME_FAILED && !x->ev->snapshot) {
        it->a.failures += it->a.failures < UINT32_MAX;
        it->a.last_failure = entry;
    }
}

static int64_t given_or_minus(const struct event *ev, enum event_field field)
{
    return event_has(ev, field) ? event_number(ev, field) : -1;
}

void fold_action_finished(struct fold *x)
{
    struct agent_item *it = agent_alive(x);
    if (it == NULL) {
        return;
    }
    bool current = ends_current(x->f, it, x->ev);
    enum outcome outcome = (enum outcome)event_choice(x->ev, F_OUTCOME, OUTCOME_COUNT);
    struct span tool = event_text(x->ev, F_TOOL);
    struct span error = event_text(x->ev, F_ERROR);
    struct note n = note_of(EVENT_ACTION_FINISHED);
    n.action = event_text(x->ev, F_ACTION_ID);
    n.detail = (uint8_t)outcome;
    n.subject = tool.n == 0 && current ? fleet_span(x->f, it->a.now_tool) : tool;
    n.text = error.n > 0 ? error : event_text(x->ev, F_SUMMARY);
    n.duration_ms = given_or_minus(x->ev, F_DURATION_MS);
    count_outcome(x, it, outcome, log_note(x, it, &n));
    if (current) {
        it->a.now_running = false;
    }
    tell_decisions(x, it, outcome_finished);
}
