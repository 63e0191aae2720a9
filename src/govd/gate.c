/* gate.c - calls at the gate, from the hook to the report of their end.
 *
 *   hook -> CALL_HELD ---- rules ----> refused                    (answered)
 *              |  ^                 -> CALL_RUNNING --- report --> finished
 *       paused |  | resumed         -> CALL_ASKED --- operator --> CALL_RUNNING or refused
 *              +--+                        |--------- client gone -> withdrawn
 *
 * The action text is made once, hashed, shown and recorded; an answer that lets the call run
 * carries exactly the input inside that text back to the runtime. A call is never timed out here.
 */
#include "calls_priv.h"

#include "checkrein/log.h"

#define ANOTHER_INPUT "a call ran with another input than the one that was let through"
#define TOLD_BYTES    2048 /* of what a call printed, or failed with */
#define UNRECORDED    "checkrein: the record of this machine failed: nothing is let through"
#define UNRECORDABLE  "checkrein: this cannot be recorded as it is, so it is not let through"

static void answer_allow(struct govd *g, struct call *c, struct span reason)
{
    struct buf yes;
    struct buf no;
    buf_init(&yes, HOOK_BODY_BYTES * 2);
    buf_init(&no, 4096);
    const struct runtime *kind = session_at(g, c->session)->kind;
    kind->allow(&yes, c->input, reason);
    kind->deny(&no, SPAN(UNRECORDED), REPLY_GO_ON);
    outbox_allowance(g, c->http, buf_span(&yes), buf_span(&no), c->id);
    buf_release(&yes);
    buf_release(&no);
}

static void answer_deny(const struct session *s, net_id http, struct span reason,
                        enum reply_then then, struct span command)
{
    struct buf b;
    buf_init(&b, (size_t)64 << 10);
    s->kind->deny(&b, span_sub(reason, 0, 4096), then);
    outbox_refusal(s->govd, http, buf_span(&b), command);
    buf_release(&b);
}

static bool publish_action(struct govd *g, const struct call *c, struct event *ev)
{
    event_set_text(ev, F_ACTION_ID, span_str(c->native_id));
    event_put_text(ev, F_TOOL, span_str(c->tool));
    event_put_text(ev, F_SUMMARY, span_str(c->summary));
    return publish(g, ev);
}

static void finish_denied(struct govd *g, struct call *c, struct span reason, enum reply_then then)
{
    struct session *s = session_at(g, c->session);
    struct event ev;
    publish_about(g, &ev, EVENT_ACTION_FINISHED, s);
    event_set_number(&ev, F_OUTCOME, OUTCOME_DENIED);
    event_put_text(&ev, F_ERROR, span_sub(reason, 0, 4096));
    (void)publish_action(g, c, &ev);
    answer_deny(s, c->http, reason, then, span_str(c->deciding));
    call_set_state(g, c, CALL_FREE);
    session_settle(g, s, NULL);
}

/* Tells what became of the command that let it run, once. */
static void confirm(struct govd *g, struct call *c, enum command_state st, const char *reason,
                    const char *by)
{
    if (c->deciding[0]) {
        char id[COMMAND_ID_BYTES];
        memcpy(id, c->deciding, sizeof(id));
        c->deciding[0] = '\0';
        command_result(g, span_str(id), st, reason, by);
    }
}

/* `recorded`: the decision that this rests on is. */
static void let_run(struct govd *g, struct call *c, const char *reason, bool recorded)
{
    struct session *s = session_at(g, c->session);
    struct event ev;
    publish_about(g, &ev, EVENT_ACTION_STARTED, s);
    event_set_text(&ev, F_DIGEST, span_str(c->digest));
    if (!recorded || !publish_action(g, c, &ev)) {
        confirm(g, c, COMMAND_FAILED, UNRECORDABLE, NULL);
        finish_denied(g, c, SPAN(UNRECORDABLE), REPLY_GO_ON);
        return;
    }
    answer_allow(g, c, span_str(reason));
    s->let_through++;
    gate_remember(g, span_str(s->id), span_str(c->native_id));
    input_remember(g, c);
    call_set_state(g, c, CALL_RUNNING);
    session_settle(g, s, NULL);
}

static bool resolve(struct govd *g, const struct call *c, enum decision d, struct span by,
                    struct span reason)
{
    struct event ev;
    publish_about(g, &ev, EVENT_APPROVAL_RESOLVED, session_at(g, c->session));
    event_set_text(&ev, F_APPROVAL_ID, span_str(c->id));
    event_set_text(&ev, F_DIGEST, span_str(c->digest));
    event_put_text(&ev, F_SHOWN_DIGEST, span_str(c->shown_digest));
    event_set_number(&ev, F_DECISION, d);
    event_set_text(&ev, F_DECIDED_BY, by);
    if (g->acting &&
        span_is(by,
                g->acting->operator_id)) { /* not what the rules decide because of what he did */
        event_set_text(&ev, F_OPERATOR, span_str(g->acting->operator_id));
        event_set_text(&ev, F_OPERATOR_PATH, span_str(g->acting->path));
        event_set_text(&ev, F_CONNECTION, span_str(g->acting->connection));
    }
    event_set_text(&ev, F_SCOPE, SPAN("once"));
    event_put_text(&ev, F_REASON, reason);
    event_put_text(&ev, F_ACTION_ID, span_str(c->native_id));
    bool recorded = publish(g, &ev);
    if (!journal_failed(g->journal) && journal_seal(g->journal, govd_wall_us()) != ST_OK) {
        log_write(LOG_ERROR, "the decision was not sealed");
    }
    return recorded;
}

/* ---- judging */

/* A request that operators see is closed before its call is answered by the rules. */
static bool close_request(struct govd *g, const struct call *c, enum decision d, const char *reason)
{
    return c->state != CALL_ASKED || resolve(g, c, d, SPAN("policy"), span_str(reason));
}

static void ask(struct govd *g, struct call *c, const struct policy_verdict *v)
{
    struct session *s = session_at(g, c->session);
    (void)span_copy(span_str(policy_version(g->policy)), c->policy_version,
                    sizeof(c->policy_version));
    static const struct event_row ONCE[] = {{{SPAN_INIT("once"), SPAN_INIT("this call, once")}}};
    static const struct event_row DENIALS[] = {
        {{SPAN_INIT("once"), SPAN_INIT("this call")}},
        {{SPAN_INIT("turn"), SPAN_INIT("its turn ends too")}}};
    struct event ev;
    publish_about(g, &ev, EVENT_APPROVAL_REQUESTED, s);
    event_set_text(&ev, F_APPROVAL_ID, span_str(c->id));
    event_set_text(&ev, F_ACTION,
                   c->shown ? (struct span){c->shown, c->shown_bytes}
                            : (struct span){c->action, c->action_bytes});
    event_set_text(&ev, F_DIGEST, span_str(c->digest));
    if (c->secrets) {
        event_set_text(&ev, F_SHOWN_DIGEST, span_str(c->shown_digest));
        event_set_number(&ev, F_ACTION_SECRETS, c->secrets);
    }
    event_set_text(&ev, F_RULE, span_str(v->rule));
    event_put_text(&ev, F_REASON, span_str(v->reason));
    event_set_text(&ev, F_POLICY_VERSION, span_str(c->policy_version));
    event_put_text(&ev, F_AGENT_WORDS, span_str(c->words));
    event_set_number(&ev, F_RISK, v->risk);
    event_set_number(&ev, F_REVERSIBLE, v->reversible);
    event_set_number(&ev, F_ON_SILENCE, SILENCE_WAIT);
    event_set_list(&ev, F_SCOPES, ONCE, ARRAY_LEN(ONCE));
    event_set_list(&ev, F_DENIALS, DENIALS, ARRAY_LEN(DENIALS));
    if (!publish_action(g, c, &ev)) {
        (void)close_request(g, c, DECISION_DENIED, UNRECORDABLE);
        finish_denied(g, c, SPAN(UNRECORDABLE), REPLY_GO_ON);
        return;
    }
    call_set_state(g, c, CALL_ASKED);
    session_settle(g, s, v->reason);
}

static void judge_by_rules(struct govd *g, struct call *c, struct policy_verdict *v)
{
    const struct session *s = session_at(g, c->session);
    struct policy_request r = {
        .runtime = span_str(s->runtime),
        .agent = span_str(s->name),
        .tool = span_str(c->tool),
        .command = span_str(c->command),
        .path = span_str(c->path),
        .url = span_str(c->url),
        .cwd = span_str(c->cwd),
        .mode = span_str(c->mode),
        .reads_only = c->reads_only,
        .over_budget = spend_over_limit(g, s),
    };
    policy_eval(g->policy, &r, v);
}

static bool publish_verdict(struct govd *g, const struct call *c, const struct policy_verdict *v)
{
    struct event ev;
    publish_about(g, &ev, EVENT_POLICY_DECIDED, session_at(g, c->session));
    event_set_number(&ev, F_VERDICT, v->verdict);
    event_set_text(&ev, F_RULE, span_str(v->rule));
    event_put_text(&ev, F_REASON, span_str(v->reason));
    event_set_text(&ev, F_POLICY_VERSION, span_str(policy_version(g->policy)));
    event_set_text(&ev, F_DIGEST, span_str(c->digest));
    event_set_number(&ev, F_RISK, v->risk);
    return publish_action(g, c, &ev);
}

const char *gate_barred(const struct govd *g, const struct session *s)
{
    if (g->closing) {
        return "checkrein is shutting down: asked again, this may be allowed later";
    }
    if (g->stop_latched) {
        return "checkrein: the operator has stopped all agents";
    }
    if (session_gate_in_force(s) == GATE_REFUSE) {
        return "checkrein: the operator has stopped this agent";
    }
    if (s->interrupt_next) {
        return "checkrein: the operator has interrupted this turn";
    }
    return NULL;
}

static void hold(struct govd *g, struct call *c)
{
    struct session *s = session_at(g, c->session);
    struct session *parent = session_at(g, s->parent);
    call_set_state(g, c, CALL_HELD);
    session_settle(g, s, c->summary);
    if (parent) {
        session_seen(g, parent, VERB_PAUSE, "a call of its helper is seen waiting");
    }
}

static void judge(struct govd *g, struct call *c)
{
    struct session *s = session_at(g, c->session);
    const char *bar = gate_barred(g, s);
    if (bar) {
        s->task_cut = s->task_cut || !g->closing;
        s->interrupt_next = false;
        (void)close_request(g, c, DECISION_DENIED, bar);
        finish_denied(g, c, span_str(bar), REPLY_END_TURN);
        session_refused(g, s, "its call was refused");
        return;
    }
    if (session_holds(s)) {
        if (c->state != CALL_ASKED) {
            hold(g, c);
        }
        return;
    }
    struct policy_verdict v;
    judge_by_rules(g, c, &v);
    bool recorded = publish_verdict(g, c, &v);
    if (v.verdict == VERDICT_ALLOW) {
        recorded = recorded && close_request(g, c, DECISION_APPROVED, v.rule);
        let_run(g, c, v.rule, recorded);
    } else if (v.verdict == VERDICT_DENY) {
        char reason[REASON_BYTES];
        (void)snprintf(reason, sizeof(reason), "checkrein policy, rule %s: %s", v.rule,
                       v.reason ? v.reason : "denied");
        (void)close_request(g, c, DECISION_DENIED, reason);
        finish_denied(g, c, span_str(reason), REPLY_GO_ON);
    } else {
        ask(g, c, &v);
    }
}

/* ---- what comes in */

static const char *too_many(const struct govd *g, const struct session *s)
{
    size_t open = g->call_count - g->call_free_count;
    if (g->held >= (uint32_t)g->conf->serve.max_held || open >= CALLS_MAX) {
        return "checkrein: too many calls are waiting on this machine";
    }
    if (s->held >= (uint32_t)g->conf->serve.max_agent_held) {
        return "checkrein: too many calls of this agent are waiting";
    }
    if (s->running >= RUNNING_MAX) {
        return "checkrein: too many calls of this agent run, and their ends were not reported";
    }
    return NULL;
}

static const char *too_large(const struct govd *g, const struct session *s, const struct call *c)
{
    if (g->held_bytes + call_bytes(c) > HELD_BYTES) {
        return "checkrein: the calls that wait on this machine are too large";
    }
    if (s->held_bytes + call_bytes(c) > HELD_AGENT_BYTES) {
        return "checkrein: the calls of this agent that wait are too large";
    }
    return NULL;
}

static void turn_away(struct govd *g, struct session *s, net_id http, const char *reason)
{
    if (may_tell(&s->told_us)) {
        publish_failure(g, s, FAILURE_POLICY, span_str(reason));
    }
    answer_deny(s, http, span_str(reason), REPLY_GO_ON, SPAN_NONE);
}

void gate_request(struct govd *g, struct session *s, net_id http, const struct call_request *r)
{
    const char *bar = too_many(g, s);
    if (!bar && r->native_id.n && call_by_native(g, s, r->native_id)) {
        bar = "checkrein: a call of this id is open already";
    }
    struct call *c = bar ? NULL : call_new(g, s, http, r);
    if (!bar && !c) {
        bar =
            "checkrein: the call is too large, or not valid UTF-8, to be shown exactly as it would run";
    }
    if (!bar) {
        bar = too_large(g, s, c);
    }
    if (bar) {
        call_drop(g, c);
        turn_away(g, s, http, bar);
        return;
    }
    call_enter(g, c);
    judge(g, c);
}

static void withdraw(struct govd *g, struct call *c)
{
    struct session *s = session_at(g, c->session);
    if (c->state == CALL_ASKED) {
        (void)resolve(g, c, DECISION_WITHDRAWN, SPAN("agent"),
                      SPAN("the agent went away, or gave up the call"));
    }
    struct event ev;
    publish_about(g, &ev, EVENT_ACTION_FINISHED, s);
    event_set_number(&ev, F_OUTCOME, OUTCOME_CANCELLED);
    (void)publish_action(g, c, &ev);
    call_set_state(g, c, CALL_FREE);
    session_settle(g, s, NULL);
}

void gate_gone(struct govd *g, net_id http)
{
    struct call *c = call_by_http(g, http);
    if (c) {
        withdraw(g, c);
    }
}

/* It was said to be started, and is not: what was said is corrected. */
void gate_not_started(struct govd *g, struct span call, const char *why)
{
    struct call *c = call_by_approval(g, call);
    if (!c || c->state != CALL_RUNNING) {
        return;
    }
    struct session *s = session_at(g, c->session);
    struct event ev;
    publish_about(g, &ev, EVENT_ACTION_FINISHED, s);
    event_set_number(&ev, F_OUTCOME, OUTCOME_CANCELLED);
    event_set_text(&ev, F_ERROR, span_str(why));
    (void)publish_action(g, c, &ev);
    confirm(g, c, COMMAND_FAILED, why, NULL);
    call_set_state(g, c, CALL_FREE);
    session_settle(g, s, NULL);
    session_calls_ended(g, s);
}

static bool waits_in(const struct govd *g, const struct call *c, session_ref only)
{
    bool waits = c->state == CALL_HELD || c->state == CALL_ASKED;
    return waits && (!only || c->session == only || session_at(g, c->session)->parent == only);
}

void gate_withdraw_all(struct govd *g, session_ref only)
{
    for (size_t i = 0; i < g->call_count; i++) {
        struct call *c = g->calls[i];
        if (waits_in(g, c, only)) { /* a hook may outlive its agent: it is not left waiting */
            answer_deny(session_at(g, c->session), c->http,
                        SPAN("checkrein: the agent's process has ended"), REPLY_END_TURN,
                        SPAN_NONE);
            withdraw(g, c);
        }
    }
}

/* ---- what operators decide */

void gate_approve(struct govd *g, struct call *c, struct span by, const struct command *cmd)
{
    (void)span_copy(cmd->id, c->deciding, sizeof(c->deciding));
    let_run(g, c, "approved by the operator", resolve(g, c, DECISION_APPROVED, by, cmd->reason));
}

void gate_deny(struct govd *g, struct call *c, struct span by, struct span reason,
               enum reply_then then, struct span command)
{
    (void)span_copy(command, c->deciding, sizeof(c->deciding));
    struct span said = reason.n ? reason : SPAN("denied by the operator");
    if (c->state == CALL_ASKED) {
        (void)resolve(g, c, DECISION_DENIED, by, said);
    }
    finish_denied(g, c, said, then);
}

void gate_give_up(struct govd *g, struct session *s, const char *why)
{
    for (size_t i = 0; s->held && i < g->call_count; i++) {
        struct call *c = g->calls[i];
        if ((c->state == CALL_HELD || c->state == CALL_ASKED) && c->session == s->ref) {
            answer_deny(s, c->http, span_str(why), REPLY_GO_ON, SPAN_NONE);
            withdraw(g, c);
        }
    }
}

void gate_rejudge(struct govd *g, session_ref only)
{
    for (size_t i = 0; i < g->call_count; i++) {
        if (waits_in(g, g->calls[i], only)) {
            judge(g, g->calls[i]);
        }
    }
}

uint32_t gate_refuse_all(struct govd *g, session_ref only, struct span by, const char *reason)
{
    uint32_t refused = 0;
    for (size_t i = 0; i < g->call_count; i++) {
        if (waits_in(g, g->calls[i], only)) {
            gate_deny(g, g->calls[i], by, span_str(reason), REPLY_END_TURN, SPAN_NONE);
            refused++;
        }
    }
    return refused;
}

/* ---- what came of it */

void call_key(const struct govd *g, struct buf *key, struct span agent, struct span native_id)
{
    const struct session *s = session_find(g, agent);
    const struct session *root = s && s->parent ? session_at(g, s->parent) : s;
    buf_init(key, 4096);
    buf_add(key, root ? span_str(root->id) : agent);
    buf_addch(key, '\n');
    buf_add(key, native_id);
}

/* Once for each call: a decision, a result and a hook may all tell of the same one. */
static void alarm(struct govd *g, struct session *s, struct span native_id, enum severity sev,
                  const char *what)
{
    struct buf key;
    call_key(g, &key, span_str(s->id), native_id);
    if (!native_id.n || recent_put(&g->alarmed, buf_span(&key), 0)) {
        publish_signal(g, s, sev, what);
    }
    buf_release(&key);
}

static bool told_early(struct govd *g, const struct session *s, struct span native_id)
{
    struct buf key;
    call_key(g, &key, span_str(s->id), native_id);
    bool early = recent_take(&g->ended_early, buf_span(&key));
    buf_release(&key);
    return early;
}

/* The call that a report is of. */
struct match {
    struct call *call;           /* NULL: none that runs */
    struct span id;              /* what the record may know it by */
    char ran[DIGEST_TEXT_BYTES]; /* digest of what has run, where the report tells tool and input
                                    and no id */
};

/* Not known here: it ran before this daemon was started, or without a decision of this gate,
 * because the runtime has hooks that are not ours, or none. */
static void finished_unknown(struct govd *g, struct session *s, const struct match *m,
                             const struct call_end *end, struct event *ev)
{
    event_set_text(ev, F_ACTION_ID, m->id.n ? m->id : SPAN("unknown"));
    event_put_text(ev, F_TOOL, end->tool);
    (void)publish(g, ev);
    if (!ran_before_take(g, span_str(s->id), m->id)) {
        alarm(g, s, end->native_id, SEVERITY_EMERGENCY,
              "a call ended that this gate never let through");
    }
    session_calls_ended(g, s);
}

static void finish(struct govd *g, struct session *s, const struct match *m,
                   const struct call_end *end)
{
    char output[TOLD_BYTES];
    char error[TOLD_BYTES];
    struct event ev;
    struct call *c = m->call;
    publish_about(g, &ev, EVENT_ACTION_FINISHED, s);
    event_set_number(&ev, F_OUTCOME, end->outcome);
    event_put_text(&ev, F_DIGEST, span_str(m->ran));
    event_put_text(&ev, F_OUTPUT, told_text(g, end->output, output, sizeof(output)));
    event_set_number(&ev, F_OUTPUT_BYTES, (int64_t)end->output.n);
    event_put_text(&ev, F_ERROR, told_text(g, end->error, error, sizeof(error)));
    if (end->duration_ms >= 0) {
        event_set_number(&ev, F_DURATION_MS, end->duration_ms);
    }
    if (!c || c->state != CALL_RUNNING) {
        finished_unknown(g, s, m, end, &ev);
        return;
    }
    (void)publish_action(g, c, &ev);
    if (end->outcome == OUTCOME_FAILED) {
        publish_failure(g, s, FAILURE_TOOL, end->error);
    }
    confirm(g, c, COMMAND_CONFIRMED, NULL,
            end->outcome == OUTCOME_SUCCEEDED ? "it ran: succeeded" : "it ran: failed");
    call_set_state(g, c, CALL_FREE);
    session_settle(g, s, NULL);
    session_calls_ended(g, s);
}

static void match_report(struct govd *g, struct session *s, const struct call_end *end,
                         struct match *m)
{
    if (!call_by_report(g, s, end, m->ran, &m->call) && m->call) {
        publish_signal(g, s, SEVERITY_EMERGENCY, ANOTHER_INPUT);
    } else if (!m->call) {
        m->id = call_reported_by(m->ran);
    }
}

void gate_finished(struct govd *g, struct session *s, const struct call_end *end)
{
    struct match m = {.id = end->native_id};
    if (input_is_another(g, s, end->native_id, end->input)) {
        alarm(g, s, end->native_id, SEVERITY_EMERGENCY, ANOTHER_INPUT);
    }
    if (s->kind->calls_have_no_id) {
        match_report(g, s, end, &m);
    } else if (told_early(g, s, end->native_id)) {
        return;
    } else {
        m.call = call_by_native(g, s, end->native_id);
    }
    finish(g, s, &m, end);
}

void gate_told_end(struct govd *g, struct session *s, const struct call_end *end)
{
    struct buf key;
    uint32_t holder = 0;
    call_key(g, &key, span_str(s->id), end->native_id);
    bool ours = recent_get(&g->let_through, buf_span(&key), &holder);
    struct session *of = ours ? session_at(g, holder) : NULL;
    struct call *c = of ? call_by_native(g, of, end->native_id) : NULL;
    if (c && c->state == CALL_RUNNING) {
        struct match m = {.call = c, .id = end->native_id};
        (void)recent_put(&g->ended_early, buf_span(&key), holder);
        finish(g, of, &m, end);
    } else if (!ours && end->outcome == OUTCOME_SUCCEEDED) {
        alarm(g, s, end->native_id, SEVERITY_EMERGENCY,
              "a call ended that this gate never let through");
    }
    buf_release(&key);
}

void gate_told_accepted(struct govd *g, struct session *s, struct span native_id, enum severity sev)
{
    struct buf key;
    call_key(g, &key, span_str(s->id), native_id);
    if (!recent_get(&g->let_through, buf_span(&key), NULL)) {
        alarm(g, s, native_id, sev, "the runtime accepted a call that this gate never let through");
    }
    buf_release(&key);
}

void gate_told_ran(struct govd *g, struct session *s)
{
    if (s->told_ran < s->let_through) {
        s->told_ran++;
    } else if (may_tell(&s->told_ran_us)) {
        publish_signal(g, s, SEVERITY_EMERGENCY,
                       "the runtime tells of a call that this gate never let through");
    }
}

void gate_remember(struct govd *g, struct span agent, struct span native_id)
{
    struct buf key;
    const struct session *s = session_find(g, agent);
    call_key(g, &key, agent, native_id);
    (void)recent_put(&g->let_through, buf_span(&key), s ? s->ref : 0);
    buf_release(&key);
}

void gate_forget(struct govd *g, struct session *s, const char *why)
{
    for (size_t i = 0; i < g->call_count; i++) {
        struct call *c = g->calls[i];
        if (c->state != CALL_RUNNING || c->session != s->ref) {
            continue;
        }
        struct event ev;
        publish_about(g, &ev, EVENT_ACTION_FINISHED, s);
        event_set_number(&ev, F_OUTCOME, OUTCOME_UNKNOWN);
        event_set_text(&ev, F_ERROR, span_str(why));
        (void)publish_action(g, c, &ev);
        confirm(g, c, COMMAND_UNVERIFIABLE, why, NULL);
        call_set_state(g, c, CALL_FREE);
    }
    session_calls_ended(g, s);
}
