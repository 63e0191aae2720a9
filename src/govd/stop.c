/* stop.c - ending agents: one, or all of them at once and latched.
 *
 * A stopped session's calls are refused from then on, and its processes are ended where they are
 * known. It is confirmed by the process table, or, where no process is known, by a call or prompt
 * that was refused while nothing that was let run before goes on; until then it counts as
 * unreachable. The latch is in the record: it outlives the daemon, and only a reset takes it back.
 * A reset lets no stopped agent go on.
 */
#include "calls_priv.h"

/* A session that says it has ended is over only when its process is gone too. */
bool session_is_over(struct govd *g, const struct session *s)
{
    const struct session *root = s->parent ? session_at(g, s->parent) : s;
    return s->state == AGENT_STOPPED && root->pid == 0;
}

static void stop_one(struct govd *g, struct session *s, struct span by, const char *reason,
                     bool (*end)(struct govd *, struct session *))
{
    bool known = s->pid > 0 && proc_alive(s->pid, s->pid_start);
    session_gate(g, s, GATE_REFUSE);
    uint32_t refused = gate_refuse_all(g, s->ref, by, reason);
    if (known && end(g, s)) {
        session_settle(g, s, reason);
    } else if (refused || session_is_over(g, s)) {
        session_refused(g, s, "its waiting call was refused");
    }
}

void session_stop(struct govd *g, struct session *s, struct span by, const char *reason)
{
    stop_one(g, s, by, reason, proc_end);
}

/* Of it or of a helper of it. */
static bool is_running(const struct govd *g, const struct session *s)
{
    const struct agent *known = fleet_agent_by_id(g->fleet, BACKEND_SELF, span_str(s->id));
    bool running =
        s->running > 0 || (known && known->now_running); /* the latter also from before a restart */
    for (size_t i = 0; s->children && !running && i < g->session_count; i++) {
        running = g->sessions[i]->parent == s->ref && g->sessions[i]->running > 0;
    }
    return running;
}

static void over_when_idle(struct govd *g, struct session *s, const char *what)
{
    bool stopped = session_gate_in_force(s) == GATE_REFUSE && !s->ending;
    s->refused = stopped && is_running(g, s);
    if (s->refused) {
        session_settle(g, s, "stopped, but a call that was let run goes on");
    } else if (stopped) {
        publish_state(g, s, AGENT_STOPPED, what);
        session_seen(g, s, VERB_STOP, what);
    }
}

static void take_in(struct govd *g, struct session *s)
{
    g->stop_requested += !s->in_stop;
    s->in_stop = true;
}

/* A session without a known process is over once something of it, or of a helper of it, was
 * refused. */
void session_refused(struct govd *g, struct session *s, const char *what)
{
    struct session *parent = session_at(g, s->parent);
    if (g->stop_latched && !s->in_stop) { /* by the latch, before anyone stopped it */
        take_in(g, s);
        session_gate(g, s, GATE_REFUSE);
    }
    over_when_idle(g, s, what);
    if (parent) {
        over_when_idle(g, parent, what);
    }
}

void session_calls_ended(struct govd *g, struct session *s)
{
    struct session *family[] = {s, session_at(g, s->parent)};
    for (size_t i = 0; i < ARRAY_LEN(family); i++) {
        if (family[i] && family[i]->refused) {
            over_when_idle(g, family[i], "its last call ended");
        }
    }
}

static void publish_count(struct govd *g)
{
    struct event ev;
    publish_begin(g, &ev, EVENT_FLEET_STOP);
    event_set_number(&ev, F_STOP_LATCHED, g->stop_latched);
    event_set_number(&ev, F_STOP_REQUESTED, g->stop_requested);
    event_set_number(&ev, F_STOP_CONFIRMED, g->stop_confirmed);
    event_set_number(&ev, F_STOP_UNREACHABLE, g->stop_unreachable);
    event_put_text(&ev, F_COMMAND_ID, span_str(g->stop_command));
    (void)publish(g, &ev);
}

static void end_command(struct govd *g, enum command_state st, const char *reason, const char *by)
{
    char command[COMMAND_ID_BYTES];
    memcpy(command, g->stop_command, sizeof(command));
    g->stop_command[0] = '\0';
    if (command[0]) {
        command_result(g, span_str(command), st, reason, by);
    }
}

void stop_count(struct govd *g)
{
    g->stop_changed = true;
}

/* The latch is for whoever comes later, too: it is refused, and ended as soon as its process is
 * known. It has nothing to put in order and gets no grace: a runtime that ends on SIGTERM may give
 * up its hooks first, and say its prompt to the model. */
static void take_newcomers(struct govd *g)
{
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *s = g->sessions[i];
        if (session_is_over(g, s) || s->ending || (s->in_stop && s->pid == 0)) {
            continue;
        }
        take_in(g, s);
        stop_one(g, s, SPAN("checkrein"), "started while the fleet stop holds", proc_kill);
    }
}

void stop_settle(struct govd *g)
{
    bool changed = g->stop_changed;
    g->stop_changed = false;
    if (!changed || !g->stop_latched || !g->stop_counting) {
        return;
    }
    take_newcomers(g);
    int64_t confirmed = 0;
    int64_t unreachable = 0;
    for (size_t i = 0; i < g->session_count; i++) {
        const struct session *s = g->sessions[i];
        confirmed += s->in_stop && session_is_over(g, s);
        unreachable += s->in_stop && !session_is_over(g, s) && !s->ending;
    }
    if (!g->stop_untold && confirmed == g->stop_confirmed && unreachable == g->stop_unreachable) {
        return;
    }
    g->stop_untold = false;
    g->stop_confirmed = confirmed;
    g->stop_unreachable = unreachable;
    publish_count(g);
    if (confirmed == g->stop_requested) {
        end_command(g, COMMAND_CONFIRMED, NULL, "every agent is confirmed stopped");
    }
}

void stop_all(struct govd *g, struct span command, struct span by)
{
    end_command(g, COMMAND_SUPERSEDED, "a later fleet stop took its place", NULL);
    (void)span_copy(command, g->stop_command, sizeof(g->stop_command));
    g->stop_latched = true;
    gateway_changed(g);
    g->stop_counting = false;
    g->stop_requested = 0;
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *s = g->sessions[i];
        s->in_stop = !session_is_over(g, s);
        g->stop_requested += s->in_stop;
    }
    g->stop_confirmed = 0;
    g->stop_unreachable = 0;
    publish_count(g);
    for (size_t i = 0; i < g->session_count; i++) {
        if (g->sessions[i]->in_stop) {
            session_stop(g, g->sessions[i], by, "fleet stop by the operator");
        }
    }
    g->stop_counting = true;
    g->stop_untold = true;
    stop_count(g);
}

/* After a start: what was under way goes on. */
void stop_resume(struct govd *g)
{
    g->stop_requested = 0;
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *s = g->sessions[i];
        s->in_stop = g->stop_latched && s->gate == GATE_REFUSE;
        g->stop_requested += s->in_stop;
        if (s->gate == GATE_REFUSE && s->pid > 0 && proc_end(g, s)) {
            session_settle(g, s, "stopped by the operator before the daemon was started again");
        }
    }
    g->stop_counting = g->stop_latched;
    g->stop_untold = true;
    stop_count(g);
}

void stop_reset(struct govd *g)
{
    end_command(g, COMMAND_SUPERSEDED, "the stop was taken back before every agent was confirmed",
                NULL);
    g->stop_latched = false;
    g->stop_counting = false;
    publish_count(g);
}
