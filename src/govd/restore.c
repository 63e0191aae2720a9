/* restore.c - the state that the record tells of, taken up again at start.
 *
 * The same fold that consoles use is run over the record. Then what cannot be true any more is
 * said: calls that waited are withdrawn (their connections are gone, and a runtime that fails
 * closed did not run them), and processes that have ended meanwhile are marked. Gates and the fleet
 * stop stay as they were.
 */
#include "calls_priv.h"

#include "checkrein/log.h"

/* Sessions are not known yet: "claude:<session>/<subagent>" is of the first part. */
static struct span root_of(struct span agent)
{
    return span_sub(agent, 0, span_find(agent, '/'));
}

/* What this daemon must know of the past, beside the fold. */
static void remember(struct govd *g, const struct event *ev)
{
    if (ev->type == EVENT_OPERATOR_COMMAND) {
        (void)seen_take(g, event_text(ev, F_COMMAND_ID));
    } else if (ev->type == EVENT_ACTION_STARTED) {
        ran_before_put(g, event_text(ev, F_AGENT_ID), event_text(ev, F_ACTION_ID));
        gate_remember(g, root_of(event_text(ev, F_AGENT_ID)), event_text(ev, F_ACTION_ID));
    } else if (ev->type == EVENT_ACTION_FINISHED) {
        (void)ran_before_take(g, event_text(ev, F_AGENT_ID), event_text(ev, F_ACTION_ID));
    }
    leases_restore(g, ev);
    budgets_restore(g, ev);
    late_restore(g, ev);
}

static void take(struct govd *g, const struct journal_record *r)
{
    struct event ev;
    struct why why = {0};
    if (r->kind != JOURNAL_EVENT || codec_read_event(g->codec, r->body, &ev, NULL, &why) != ST_OK) {
        return;
    }
    ev.backend = BACKEND_SELF;
    fleet_apply(g->fleet, &ev);
    remember(g, &ev);
    if (ev.snapshot) { /* what was in force when older records were dropped: no news */
        g->seq = ev.seq > g->seq ? ev.seq : g->seq;
    } else if (ev.seq > g->seq) {
        g->seq = ev.seq;
        buf_clear(&g->scratch);
        if (codec_write_msg_event(&g->scratch, &ev) == ST_OK) {
            ring_push(g, ev.seq, buf_span(&g->scratch));
        }
    }
}

static enum status read_record(struct govd *g, const char *dir, struct why *why)
{
    struct journal_cursor *c = NULL;
    enum status st = journal_cursor_open(&c, dir, why);
    while (st == ST_OK) {
        struct journal_record r;
        st = journal_cursor_next(c, &r, why);
        if (st == ST_OK) {
            take(g, &r);
        }
    }
    journal_cursor_close(c);
    return st == ST_END ? ST_OK : st;
}

/* "<pid>@<start time>", as session_announce() wrote it. */
static void restore_process(struct govd *g, struct session *s, struct span instance)
{
    if (span_ends(instance, ORPHAN_MARK)) {
        instance.n -= sizeof(ORPHAN_MARK) - 1;
    }
    size_t at = span_find(instance, '@');
    int64_t pid = 0;
    int64_t start = 0;
    if (num_parse(span_sub(instance, 0, at), 2, INT32_MAX, &pid) == ST_OK &&
        num_parse(span_sub(instance, at + 1, instance.n), 1, INT64_MAX, &start) == ST_OK &&
        proc_alive((int32_t)pid, (uint64_t)start)) {
        s->pid = (int32_t)pid;
        s->pid_start = (uint64_t)start;
        proc_watch(g, s);
    }
}

/* An agent that is over comes back when something of it does: see session_open(). */
static void restore_session(struct govd *g, const struct agent *a)
{
    bool made = false;
    bool over =
        a->state == AGENT_STOPPED && gate_find(fleet_span(g->fleet, a->traits->gate)) == GATE_OPEN;
    struct session *s = over ? NULL : session_open(g, fleet_span(g->fleet, a->id), &made);
    if (!s || !made) {
        return;
    }
    session_set(&s->native, fleet_span(g->fleet, a->session));
    session_set(&s->name, fleet_span(g->fleet, a->name));
    session_set(&s->cwd, fleet_span(g->fleet, a->cwd));
    session_set(&s->mode, fleet_span(g->fleet, a->traits->permission_mode));
    session_set(&s->runtime, fleet_span(g->fleet, a->traits->runtime));
    session_set(&s->model, fleet_span(g->fleet, a->traits->model));
    restore_process(g, s, fleet_span(g->fleet, a->instance));
    if (!run_is_id(span_str(s->id))) {
        return;
    }
    guarded_take_name(g, s);
    if (s->pid) {
        guarded_restore(g, s, span_ends(fleet_span(g->fleet, a->instance), ORPHAN_MARK));
    }
}

static void restore_sessions(struct govd *g)
{
    for (uint32_t i = 0; i < fleet_agent_count(g->fleet); i++) {
        restore_session(g, fleet_agent_at(g->fleet, i));
    }
    for (uint32_t i = 0; i < fleet_agent_count(g->fleet); i++) {
        const struct agent *a = fleet_agent_at(g->fleet, i);
        struct session *s = session_find(g, fleet_span(g->fleet, a->id));
        const struct session *parent = session_find(g, fleet_span(g->fleet, a->parent_id));
        if (s && parent && parent != s && !parent->parent) {
            session_set_parent(g, s, parent->ref);
        }
    }
}

static void withdraw_all(struct govd *g)
{
    while (fleet_pending_count(g->fleet) > 0) {
        const struct approval *a = fleet_pending_at(g->fleet, 0);
        char id[ULID_BYTES];
        char digest[DIGEST_TEXT_BYTES];
        (void)span_copy(fleet_span(g->fleet, a->id), id, sizeof(id));
        (void)span_copy(fleet_span(g->fleet, a->digest), digest, sizeof(digest));
        const struct agent *agent = fleet_agent(g->fleet, a->agent);
        bool made = false;
        const struct session *s = session_open(g, fleet_span(g->fleet, agent->id), &made);
        if (!s) {
            log_write(LOG_ERROR, "a request of the old record is of an agent too many");
            return;
        }
        struct event ev;
        publish_about(g, &ev, EVENT_APPROVAL_RESOLVED, s);
        event_set_text(&ev, F_APPROVAL_ID, span_str(id));
        event_put_text(&ev, F_DIGEST, span_str(digest));
        event_set_number(&ev, F_DECISION, DECISION_WITHDRAWN);
        event_set_text(&ev, F_DECIDED_BY, SPAN("checkrein"));
        event_set_text(&ev, F_REASON,
                       SPAN("the daemon was started again: the call was not let through"));
        uint32_t before = fleet_pending_count(g->fleet);
        (void)publish(g, &ev);
        if (fleet_pending_count(g->fleet) >= before) {
            log_write(LOG_ERROR, "a request of the old record could not be withdrawn");
            return;
        }
    }
}

/* An order on credentials is in force before all of it is recorded. How strict a hold was to be is
 * not known any more: it waits, at least. */
static void finish(struct govd *g, const struct command_track *t)
{
    const struct agent *a = t->agent ? fleet_agent(g->fleet, t->agent) : NULL;
    struct command c = {.verb = t->verb,
                        .id = fleet_span(g->fleet, t->id),
                        .agent = a ? fleet_span(g->fleet, a->id) : SPAN_NONE,
                        .credential = fleet_span(g->fleet, t->credential),
                        .reason = SPAN("as ordered before the daemon was started again")};
    if (t->verb == VERB_REVOKE || (t->verb == VERB_PAUSE && c.credential.n > 0)) {
        leases_finish(g, &c, fleet_span(g->fleet, t->operator_id));
    }
}

/* Whoever waits for one of these learns that nobody watches for its effect any more. */
static void close_commands(struct govd *g)
{
    for (uint32_t i = 0; i < fleet_command_count(g->fleet); i++) {
        const struct command_track *t = fleet_command_at(g->fleet, i);
        if (t->state == COMMAND_SENT || t->state == COMMAND_ACCEPTED) {
            char id[COMMAND_ID_BYTES];
            (void)span_copy(fleet_span(g->fleet, t->id), id, sizeof(id));
            finish(g, t);
            command_result(g, span_str(id), COMMAND_UNVERIFIABLE,
                           "the daemon was started again before it was confirmed", NULL);
        }
    }
}

/* Their connections ended with the daemon that had them. */
static void say_who_left(struct govd *g)
{
    uint32_t count = 0;
    while ((count = fleet_watcher_count(g->fleet)) > 0) {
        const struct watcher *w = fleet_watcher_at(g->fleet, 0);
        char connection[64];
        char id[64];
        struct event ev;
        (void)span_copy(fleet_span(g->fleet, w->connection), connection, sizeof(connection));
        (void)span_copy(fleet_span(g->fleet, w->id), id, sizeof(id));
        publish_begin(g, &ev, EVENT_OPERATOR_PRESENCE);
        event_set_text(&ev, F_OPERATOR, span_str(id));
        event_put_text(&ev, F_CONNECTION, span_str(connection));
        event_set_number(&ev, F_PRESENT, false);
        event_set_text(&ev, F_REASON, SPAN("the daemon was started again"));
        (void)publish(g, &ev);
        if (fleet_watcher_count(g->fleet) >= count) {
            return;
        }
    }
}

static void say_what_ended(struct govd *g)
{
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *s = g->sessions[i];
        const struct session *root = s->parent ? session_at(g, s->parent) : s;
        const struct agent *a = fleet_agent_by_id(g->fleet, BACKEND_SELF, span_str(root->id));
        if (root->pid) {
            session_settle(g, s, "the daemon was started again");
        } else if (s->state != AGENT_STOPPED && a && a->pid > 0) {
            publish_state(g, s, AGENT_STOPPED, "its process ended while the daemon was away");
        } else if (s->state != AGENT_STOPPED) {
            publish_state(g, s, AGENT_UNKNOWN, "not heard of since the daemon was started again");
        }
    }
}

enum status restore(struct govd *g, const char *journal_dir, struct why *why)
{
    enum status st = read_record(g, journal_dir, why);
    if (st != ST_OK) {
        return st;
    }
    const struct backend *self = fleet_backend_named(g->fleet, BACKEND_SELF);
    g->stop_latched = self && self->stop_latched;
    budgets_restored(g);
    restore_sessions(g);
    withdraw_all(g);
    close_commands(g);
    say_who_left(g);
    say_what_ended(g);
    stop_resume(g);
    freeze_resume(g);
    return ST_OK;
}
