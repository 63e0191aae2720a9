/* tasks.c - what agents were asked to do: from a prompt to the end of its turn. Helpers work for
 * the task of who started them. What is known of them lies in the fold, so that a start has it from
 * the record.
 *
 * That a task is completed says that its runtime ended the turn by itself, not that the work is
 * done well.
 */
#include "tasks_priv.h"

#include "checkrein/utf8.h"

#define TITLE_BYTES 200  /* of a prompt */
#define LOOK_BYTES  4096 /* of it, for secrets: one that the title cuts is hidden too */

static const struct session *root_of(const struct session *s)
{
    return s->parent ? session_at(s->govd, s->parent) : s;
}

static const struct agent *known(const struct govd *g, struct span agent)
{
    return fleet_agent_by_id(g->fleet, BACKEND_SELF, agent);
}

static const struct task *open_task(const struct govd *g, const struct session *s)
{
    const struct agent *a = known(g, span_str(s->id));
    return a ? fleet_task_of(g->fleet, a->ref) : NULL;
}

struct span task_title(const struct govd *g, struct span prompt, char room[TASK_TITLE_ROOM])
{
    struct span look = utf8_cut(span_trim(prompt), LOOK_BYTES);
    return utf8_cut(told_text(g, look, room, TASK_TITLE_ROOM), TITLE_BYTES);
}

void task_begin(struct govd *g, struct session *s, struct span title)
{
    char id[ULID_BYTES];
    struct event ev;
    if (s->parent) {
        return;
    }
    task_end(g, s, OUTCOME_UNKNOWN, "another prompt came before its end was told");
    s->task_cut = false;
    ulid_make(id);
    publish_about(g, &ev, EVENT_TASK_STARTED, s);
    event_set_text(&ev, F_TASK_ID, span_str(id));
    event_put_text(&ev, F_TASK_TITLE, title);
    if (g->conf->serve.task_budget > 0) {
        event_set_number(&ev, F_BUDGET_LIMIT, g->conf->serve.task_budget);
    }
    if (g->conf->serve.task_tokens > 0) {
        event_set_number(&ev, F_BUDGET_TOKENS, g->conf->serve.task_tokens);
    }
    (void)publish(g, &ev);
}

/* What an operator ended, and what a failure did, is not what its runtime says last. */
static enum outcome outcome_of(const struct govd *g, const struct session *s, enum outcome told)
{
    const struct agent *a = known(g, span_str(s->id));
    if (s->task_cut || s->ending || session_gate_in_force(s) == GATE_REFUSE) {
        return OUTCOME_CANCELLED;
    }
    return a && a->failing && told != OUTCOME_SUCCEEDED ? OUTCOME_FAILED : told;
}

void task_end(struct govd *g, struct session *s, enum outcome told, const char *reason)
{
    char id[FLEET_ID_BYTES + 1];
    struct event ev;
    const struct task *t = s->parent ? NULL : open_task(g, s);
    if (!t) {
        return;
    }
    (void)span_copy(fleet_span(g->fleet, t->id), id, sizeof(id));
    publish_about(g, &ev, EVENT_TASK_FINISHED, s);
    event_put_text(&ev, F_TASK_ID, span_str(id));
    event_set_number(&ev, F_TASK_OUTCOME, outcome_of(g, s, told));
    event_put_text(&ev, F_REASON, span_str(reason));
    if (ev.time_us >= t->began_us) {
        event_set_number(&ev, F_DURATION_MS, ev.time_us / 1000 - t->began_us / 1000);
    }
    (void)publish(g, &ev);
    gateway_changed(g); /* what waits for its budget waits no more */
}

const struct task *task_of(const struct govd *g, struct span agent)
{
    const struct agent *a = known(g, agent);
    const struct task *t = NULL;
    for (; a && !t; a = fleet_agent(g->fleet, a->parent)) {
        t = fleet_task_of(g->fleet, a->ref);
    }
    return t;
}

void task_now(const struct govd *g, struct span agent, char id[ULID_BYTES])
{
    const struct task *t = task_of(g, agent);
    if (!t || !span_copy(fleet_span(g->fleet, t->id), id, ULID_BYTES)) {
        id[0] = '\0';
    }
}

void task_put(const struct govd *g, struct event *ev, struct span agent, const char *id)
{
    char now[ULID_BYTES];
    task_now(g, agent, now);
    if (id[0] || now[0]) {
        event_set_text(ev, F_TASK_ID, span_str(id));
    }
}

void task_put_at(const struct govd *g, struct event *ev, const struct session *s, int64_t wall_us)
{
    const struct agent *a = known(g, span_str(root_of(s)->id));
    const struct task *t = a ? fleet_task_at(g->fleet, a->ref, wall_us) : NULL;
    if (a && (t || fleet_task_of(g->fleet, a->ref))) {
        event_set_text(ev, F_TASK_ID, t ? fleet_span(g->fleet, t->id) : SPAN_NONE);
    }
}
