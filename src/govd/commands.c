/* commands.c - operators' verbs: one row, one function. A command takes effect at most once: its id
 * is in the record before it does, and a repeat is answered with what became of the first.
 */
#include "calls_priv.h"

#include "checkrein/log.h"

const char *command_reason_unrecorded(enum command_state st, const char *reason)
{
    bool is_done = st == COMMAND_ACCEPTED || st == COMMAND_CONFIRMED;
    return is_done && !reason ? "NOT RECORDED: the daemon's record has failed" : reason;
}

void command_result(struct govd *g, struct span id, enum command_state st, const char *reason,
                    const char *by)
{
    struct event ev;
    reason = journal_failed(g->journal) ? command_reason_unrecorded(st, reason) : reason;
    publish_begin(g, &ev, EVENT_OPERATOR_RESULT);
    event_set_text(&ev, F_COMMAND_ID, id);
    event_set_number(&ev, F_COMMAND_STATE, st);
    event_put_text(&ev, F_REASON, span_str(reason));
    event_put_text(&ev, F_BY, span_str(by));
    (void)publish(g, &ev);
    consoles_result(g, id, st, reason, by);
}

struct run {
    struct govd *g;
    const struct console *from;
    const struct command *c;
    struct session *session; /* of verbs on an agent */
    struct span by;          /* the authenticated operator */
};

static void refuse(struct run *r, const char *reason)
{
    command_result(r->g, r->c->id, COMMAND_REFUSED, reason, NULL);
}

static void accept(struct run *r)
{
    command_result(r->g, r->c->id, COMMAND_ACCEPTED, NULL, NULL);
}

static void confirm(struct run *r, const char *by)
{
    command_result(r->g, r->c->id, COMMAND_CONFIRMED, NULL, by);
}

/* ---- decisions */

/* A decision that comes too late says who won, and changes nothing. */
static void lost_race(struct run *r)
{
    const struct approval *a = fleet_approval_by_id(r->g->fleet, BACKEND_SELF, r->c->approval);
    if (!a) {
        refuse(r, "no such request");
        return;
    }
    char text[REASON_BYTES];
    (void)snprintf(text, sizeof(text), "%s before, by %.100s", decision_name(a->decision),
                   fleet_str(r->g->fleet, a->decided_by));
    command_result(r->g, r->c->id, COMMAND_SUPERSEDED, text, NULL);
}

static const char *cannot_approve(const struct run *r, const struct call *call)
{
    const struct session *s = session_at(r->g, call->session);
    const char *bar = gate_barred(r->g, s);
    if (!equal_secret(r->c->digest, span_str(call->digest))) {
        return "the digest is not that of the call that would run: read it again";
    }
    if (call->secrets && !span_is(r->c->shown_digest, call->shown_digest)) {
        return "secrets are hidden in it, and the digest of what was shown is not that of this call: "
               "read it again";
    }
    if (r->c->policy_version.n && !span_is(r->c->policy_version, call->policy_version)) {
        return "the rules have changed since it was displayed: read it again";
    }
    if (r->c->scope.n && !span_is(r->c->scope, "once")) {
        return "only `once` is offered";
    }
    if (r->c->answers.n) {
        return "it asks no question: no answers are taken";
    }
    if (session_holds(s)) {
        return s->frozen ? "the agent is frozen: resume it first"
                         : "the agent is paused: resume it first";
    }
    if (bar) {
        return bar;
    }
    if (journal_failed(r->g->journal)) {
        return "the record has failed: nothing is let through";
    }
    return NULL;
}

static void run_approve(struct run *r)
{
    struct call *call = gate_find_approval(r->g, r->c->approval);
    if (!call) {
        lost_race(r);
        return;
    }
    const char *not = cannot_approve(r, call);
    if (not ) {
        refuse(r, not );
        return;
    }
    accept(r);
    gate_approve(r->g, call, r->by, r->c);
}

static void run_deny(struct run *r)
{
    struct call *call = gate_find_approval(r->g, r->c->approval);
    if (!call) {
        lost_race(r);
        return;
    }
    bool ends_turn = span_is(r->c->scope, "turn");
    if (r->c->scope.n && !ends_turn && !span_is(r->c->scope, "once")) {
        refuse(r, "a denial is of the call, `once`, or ends its turn too, `turn`");
        return;
    }
    accept(r);
    gate_deny(r->g, call, r->by, r->c->reason, ends_turn ? REPLY_END_TURN : REPLY_GO_ON, r->c->id);
}

/* ---- reins */

static void run_freeze(struct run *r)
{
    struct session *s = r->session;
    const char *not = s->gate == GATE_REFUSE   ? "it is stopped already"
                      : s->parent              ? "it runs in its parent's process: freeze that"
                      : s->gate == GATE_FREEZE ? "it is frozen already"
                      : !proc_alive(s->pid, s->pid_start) ? "its process is not known: pause it"
                                                          : NULL;
    if (not ) {
        refuse(r, not );
        return;
    }
    accept(r);
    session_watch(r->g, s, r->c->id, r->c->verb);
    if (!freeze_begin(r->g, s)) {
        session_missed(r->g, s, r->c->verb, COMMAND_REFUSED,
                       "this daemon or a console runs under it");
        return;
    }
    session_gate(r->g, s, GATE_FREEZE);
    session_settle(r->g, s, "frozen by the operator");
    session_settle_helpers(r->g, s, "frozen with its parent");
}

/* Where no gate holds its calls, its processes are what can be held. */
static void run_pause(struct run *r)
{
    struct session *s = r->session;
    if (s->gate == GATE_REFUSE) {
        refuse(r, "it is stopped already");
        return;
    }
    if (s->gate == GATE_FREEZE) {
        refuse(r, "it is frozen already");
        return;
    }
    if (!session_is_gated(s)) {
        run_freeze(r);
        return;
    }
    accept(r);
    session_watch(r->g, s, r->c->id, VERB_PAUSE);
    session_gate(r->g, s, GATE_HOLD);
    session_settle(r->g, s, "paused by the operator");
    session_settle_helpers(r->g, s, "paused with its parent");
}

static void run_resume(struct run *r)
{
    struct session *s = r->session;
    if (r->g->stop_latched) {
        refuse(r, "the fleet stop is latched: reset it first");
        return;
    }
    if (s->gate == GATE_OPEN) {
        refuse(r, session_gate_in_force(s) == GATE_OPEN ? "it is not paused"
                                                        : "its parent is: resume that");
        return;
    }
    if (s->ending) {
        refuse(r, "its processes are being ended");
        return;
    }
    accept(r);
    session_watch(r->g, s, r->c->id, VERB_RESUME);
    freeze_end(r->g, s);
    session_gate(r->g, s, GATE_OPEN);
    gate_rejudge(r->g, s->ref);
    session_settle(r->g, s, "resumed by the operator");
    session_settle_helpers(r->g, s, "resumed with its parent");
}

static bool in_a_turn(const struct session *s)
{
    return s->held || s->running ||
           (s->state != AGENT_IDLE && s->state != AGENT_STOPPED && s->state != AGENT_FAILED);
}

/* What has nothing waiting is refused its next call. */
static bool interrupt(struct session *s)
{
    bool busy = in_a_turn(s);
    s->task_cut = s->task_cut || busy;
    s->interrupt_next = busy && !s->held;
    return busy;
}

/* It is told as Ctrl-C would: there is no call to refuse. */
static void interrupt_processes(struct run *r)
{
    struct session *s = r->session;
    if (s->gate == GATE_FREEZE) {
        refuse(r, "it is frozen: resume it first");
        return;
    }
    accept(r);
    session_watch(r->g, s, r->c->id, VERB_INTERRUPT);
    if (!proc_interrupt(r->g, s)) {
        session_missed(r->g, s, VERB_INTERRUPT, COMMAND_REFUSED,
                       "no process of it is in the foreground");
    }
}

static void run_interrupt(struct run *r)
{
    struct session *s = r->session;
    if (s->gate == GATE_REFUSE) {
        refuse(r, "it is stopped already");
        return;
    }
    if (!session_is_gated(s)) {
        interrupt_processes(r);
        return;
    }
    bool busy = interrupt(s);
    for (size_t i = 0; s->children && i < r->g->session_count; i++) {
        struct session *child = r->g->sessions[i];
        if (child->parent == s->ref) {
            busy = interrupt(child) || busy;
        }
    }
    if (!busy) {
        refuse(r, "it is in no turn that could be interrupted");
        return;
    }
    accept(r);
    session_watch(r->g, s, r->c->id, VERB_INTERRUPT);
    (void)gate_refuse_all(r->g, s->ref, r->by, "interrupted by the operator");
}

static void run_stop(struct run *r)
{
    struct session *s = r->session;
    accept(r);
    session_watch(r->g, s, r->c->id, VERB_STOP);
    session_stop(r->g, s, r->by, "stopped by the operator");
}

static void run_kill(struct run *r)
{
    struct session *s = r->session;
    if (!proc_alive(s->pid, s->pid_start)) {
        refuse(r, s->parent ? "it runs in its parent's process: kill that"
                            : "its process is not known: stop it");
        return;
    }
    accept(r);
    session_watch(r->g, s, r->c->id, VERB_KILL);
    session_gate(r->g, s, GATE_REFUSE);
    (void)gate_refuse_all(r->g, s->ref, r->by, "killed by the operator");
    if (proc_kill(r->g, s)) {
        session_settle(r->g, s, "killed by the operator");
    } else {
        session_missed(r->g, s, VERB_KILL, COMMAND_REFUSED,
                       "this daemon or a console runs under it");
    }
}

static void run_stop_all(struct run *r)
{
    accept(r);
    stop_all(r->g, r->c->id, r->by);
}

static void run_reset_stop(struct run *r)
{
    if (!r->g->stop_latched) {
        refuse(r, "no fleet stop is latched");
        return;
    }
    accept(r);
    stop_reset(r->g);
    confirm(r, "new calls are judged by the rules again; stopped agents stay stopped");
}

/* ---- credentials */

/* Each tells what became of its own; the command is over when the last has. */
static void run_revoke(struct run *r)
{
    uint32_t count = 0;
    for (size_t i = 0; i < OWNERS_COUNT; i++) {
        count += OWNERS[i]->count(r->g, r->c);
    }
    if (count == 0) {
        refuse(r, r->c->credential.n ? "no such credential, or none that the agent holds"
                                     : "it holds no credential that can be revoked from here");
        return;
    }
    accept(r);
    revocation_begin(r->g, r->c->id, count);
    for (size_t i = 0; i < OWNERS_COUNT; i++) {
        if (OWNERS[i]->count(r->g, r->c) > 0) {
            OWNERS[i]->revoke(r->g, r->c, r->by);
        }
    }
}

static const struct credential_owner *owner_of(const struct run *r)
{
    for (size_t i = 0; i < OWNERS_COUNT; i++) {
        if (OWNERS[i]->count(r->g, r->c) > 0) {
            return OWNERS[i];
        }
    }
    return NULL;
}

static void pause_credential(struct run *r)
{
    const struct credential_owner *o = owner_of(r);
    if (!o || !o->pause) {
        refuse(r, o ? "this kind of credential cannot be held: revoke it" : "no such credential");
        return;
    }
    accept(r);
    o->pause(r->g, r->c, r->by);
}

static void resume_credential(struct run *r)
{
    const struct credential_owner *o = owner_of(r);
    if (!o || !o->resume) {
        refuse(r, "no such credential, or none that could be held");
        return;
    }
    accept(r);
    o->resume(r->g, r->c, r->by);
}

/* ---- budgets */

static void run_budget(struct run *r)
{
    char done[REASON_BYTES];
    const char *not = budget_cannot(r->g, r->c);
    if (not ) {
        refuse(r, not );
        return;
    }
    accept(r);
    budget_command(r->g, r->c, r->by, done);
    confirm(r, done);
}

enum target { TARGET_NONE, TARGET_AGENT };
static const struct verb_row {
    enum verb verb; /* what right it needs: verb_scope() */
    enum target target;
    void (*run)(struct run *r);
    void (*run_credential)(struct run *r); /* instead, when the command names one */
} VERB_ROWS[] = {
    {VERB_APPROVE,    TARGET_NONE,  run_approve,    NULL             },
    {VERB_DENY,       TARGET_NONE,  run_deny,       NULL             },
    {VERB_PAUSE,      TARGET_AGENT, run_pause,      pause_credential },
    {VERB_RESUME,     TARGET_AGENT, run_resume,     resume_credential},
    {VERB_INTERRUPT,  TARGET_AGENT, run_interrupt,  NULL             },
    {VERB_STOP,       TARGET_AGENT, run_stop,       NULL             },
    {VERB_FREEZE,     TARGET_AGENT, run_freeze,     NULL             },
    {VERB_KILL,       TARGET_AGENT, run_kill,       NULL             },
    {VERB_STOP_ALL,   TARGET_NONE,  run_stop_all,   NULL             },
    {VERB_RESET_STOP, TARGET_NONE,  run_reset_stop, NULL             },
    {VERB_REVOKE,     TARGET_NONE,  run_revoke,     run_revoke       },
    {VERB_BUDGET,     TARGET_NONE,  run_budget,     NULL             },
};

uint32_t commands_offered(void)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < ARRAY_LEN(VERB_ROWS); i++) {
        bits |= 1u << VERB_ROWS[i].verb;
    }
    return bits;
}

static const struct verb_row *row_of(enum verb v)
{
    for (size_t i = 0; i < ARRAY_LEN(VERB_ROWS); i++) {
        if (VERB_ROWS[i].verb == v) {
            return &VERB_ROWS[i];
        }
    }
    return NULL;
}

static bool record_command(struct govd *g, const struct console *from, const struct command *c)
{
    if (!journal_failed(g->journal) &&
        journal_command(g->journal, govd_wall_us(), c, NULL) != ST_OK &&
        !journal_failed(g->journal)) {
        return false;
    }
    struct event ev;
    publish_begin(g, &ev, EVENT_OPERATOR_COMMAND);
    event_set_text(&ev, F_COMMAND_ID, c->id);
    event_set_number(&ev, F_VERB, c->verb);
    event_put_text(&ev, F_AGENT_ID, c->agent);
    event_put_text(&ev, F_APPROVAL_ID, c->approval);
    event_put_text(&ev, F_CREDENTIAL_ID, c->credential);
    if (c->limit_microusd > 0) {
        event_set_number(&ev, F_BUDGET_LIMIT, c->limit_microusd);
    }
    if (c->limit_tokens > 0) {
        event_set_number(&ev, F_BUDGET_TOKENS, c->limit_tokens);
    }
    event_put_text(&ev, F_DIGEST, c->digest);
    event_put_text(&ev, F_SHOWN_DIGEST, c->shown_digest);
    event_put_text(&ev, F_REASON, c->reason);
    event_set_text(&ev, F_OPERATOR, span_str(from->operator_id));
    event_put_text(&ev, F_OPERATOR_LABEL, c->operator_label);
    event_set_text(&ev, F_OPERATOR_PATH, span_str(from->path));
    event_set_text(&ev, F_CONNECTION, span_str(from->connection));
    return publish(g, &ev);
}

/* What became of the first, for a command whose id is known; it is never carried out again, also
 * when that is forgotten. */
static bool repeated(struct govd *g, const struct command *c)
{
    const struct command_track *t = fleet_command_by_id(g->fleet, c->id);
    bool fresh = seen_take(g, c->id);
    if (t) {
        consoles_result(g, c->id, t->state, fleet_str(g->fleet, t->reason),
                        fleet_str(g->fleet, t->by));
    } else if (!fresh) {
        consoles_result(
            g, c->id, COMMAND_REFUSED,
            "a command of this id was taken before; what became of it is not kept any more", NULL);
    }
    return t || !fresh;
}

static bool may(const struct console *from, enum verb v)
{
    enum scope need = verb_scope(v);
    return need < SCOPE_COUNT && (from->scopes & SCOPE_BIT(need)) && !console_expired(from);
}

void commands_run(struct govd *g, const struct console *from, const struct command *c)
{
    struct why why = {0};
    struct run r = {.g = g, .from = from, .c = c, .by = span_str(from->operator_id)};
    if (c->id.n > COMMAND_ID_MAX) {
        consoles_result(g, c->id, COMMAND_REFUSED, "a command without a usable id", NULL);
        return;
    }
    if (repeated(g, c)) {
        return;
    }
    const struct verb_row *row = row_of(c->verb);
    bool recorded = record_command(g, from, c);
    if (!row) {
        refuse(&r, "this back-end does not offer the verb");
        return;
    }
    if (command_check(c, &why) != ST_OK) {
        refuse(&r, why.text);
        return;
    }
    if (!recorded) {
        refuse(&r, "it cannot be recorded as it is");
        return;
    }
    if (!may(from, c->verb)) {
        char text[REASON_BYTES];
        (void)snprintf(text, sizeof(text), "%s needs the right `%s`, which %s does not have",
                       verb_name(c->verb), scope_name(verb_scope(c->verb)), from->operator_id);
        refuse(&r, text);
        return;
    }
    r.session = session_find(g, c->agent);
    bool on_credential = c->credential.n && row->run_credential;
    if (row->target == TARGET_AGENT && !on_credential && !r.session) {
        refuse(&r, "no such agent");
        return;
    }
    g->acting = from;
    (on_credential ? row->run_credential : row->run)(&r);
    g->acting = NULL;
}
