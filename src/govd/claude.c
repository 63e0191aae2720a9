/* claude.c - hooks of Claude Code (facts and versions: docs/drivers/claude.md): one POST, one JSON object.
 *
 * PreToolUse goes to the gate and is answered when its call is decided. Every other event is a report: it is
 * recorded, folded, and answered at once with {}. What cannot be understood at the gate is refused.
 *
 * What a hook says of itself is the agent's word: who has the token can speak for any session. It can only take
 * rights away from that session, or show something untrue of it; a decision is bound to the call that asked.
 */
#include "govd_priv.h"

#include "checkrein/log.h"

#define ID_BYTES_MAX   200 /* of a session, a subagent, a call */
#define TOOL_BYTES_MAX 256
#define MODE_BYTES_MAX 64

struct hook {
    struct govd *g;
    net_id http;
    const struct http_head *head;
    struct tape json;
    struct session *session;
    struct span event;
    bool gated; /* its answer lets something run, or not */
};

static struct span text_of(struct hook *h, const char *path)
{
    return tape_string(&h->json, tape_path(&h->json, TAPE_ROOT, path), &h->g->text);
}

static void answer_nothing(const struct hook *h)
{
    outbox_answer(h->g, h->http, SPAN("{}"));
}

static void answer_deny(struct govd *g, net_id http, const char *reason)
{
    struct buf b;
    buf_init(&b, 4096);
    claude_reply_deny(&b, span_str(reason), REPLY_GO_ON);
    outbox_answer(g, http, buf_span(&b));
    buf_release(&b);
}

/* Refused as if it were a call: who cannot be understood may be at the gate. */
static void refuse_unreadable(struct govd *g, net_id http, const char *what)
{
    g->unreadable++;
    if (may_tell(&g->unreadable_us)) {
        char text[REASON_BYTES];
        (void)snprintf(text, sizeof(text), "hook calls could not be read and were refused: %llu, the last: %s",
                       (unsigned long long)g->unreadable, what);
        g->unreadable = 0;
        publish_signal(g, NULL, SEVERITY_HIGH, text);
    }
    answer_deny(g, http, "checkrein: this call cannot be read");
}

/* ---- who it is */

static bool id_is_sane(struct span id)
{
    for (size_t i = 0; i < id.n; i++) {
        unsigned char c = (unsigned char)id.p[i];
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '/') {
            return false;
        }
    }
    return id.n > 0 && id.n <= ID_BYTES_MAX;
}

static struct span last_part(struct span path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/') {
        path.n--;
    }
    for (size_t i = path.n; i > 0; i--) {
        if (path.p[i - 1] == '/') {
            return span_sub(path, i, path.n - i);
        }
    }
    return path;
}

/* A name that the person who started the agent gave it, else the folder it works in. */
static void name_session(struct hook *h, struct session *s, struct span cwd, struct span subagent)
{
    struct span given = h->head->header(h->head, "x-checkrein-agent");
    if (subagent.n) {
        session_set(&s->name, span_sub(subagent, 0, NAME_BYTES));
    } else if (given.n) {
        session_set(&s->name, span_sub(given, 0, NAME_BYTES));
    } else if (cwd.n) {
        session_set(&s->name, span_sub(last_part(cwd), 0, NAME_BYTES));
    }
    if (!s->name) {
        session_set(&s->name, SPAN("claude"));
    }
}

/* The pid comes from a hook command's header and is believed only when the kernel says that the process on
 * the other end of the Unix socket descends from it: no agent can have another's process ended. The first that is
 * alive stays, so that no process is put in front of the real one later. */
static void learn_pid(struct hook *h, struct session *s)
{
    int64_t pid = 0;
    struct span said = h->head->header(h->head, "x-checkrein-pid");
    if (!h->head->is_unix || s->ending || num_parse(said, 2, INT32_MAX, &pid) != ST_OK ||
        s->pid == pid || (s->pid && proc_alive(s->pid, s->pid_start))) {
        return;
    }
    if (!proc_is_ancestor((int32_t)pid, h->head->peer_pid) || proc_is_ours(h->g, (int32_t)pid)) {
        log_write(LOG_WARN, "a hook claimed a process that is not its own");
        return;
    }
    proc_unwatch(h->g, s);
    s->pid = (int32_t)pid;
    s->pid_start = proc_start_time(s->pid);
    proc_watch(h->g, s);
}

/* What every hook tells; its texts are checked. */
struct identity {
    struct span native, subagent, type, cwd, mode;
    char root[ID_BYTES_MAX + 16];   /* "claude:<session>" */
    char id[2 * ID_BYTES_MAX + 17]; /* the same, or "claude:<session>/<subagent>" */
};

static const char *read_identity(struct hook *h, struct identity *w)
{
    w->native = text_of(h, "session_id");
    w->subagent = text_of(h, "agent_id");
    w->type = text_of(h, "agent_type");
    w->cwd = text_of(h, "cwd");
    w->mode = text_of(h, "permission_mode");
    if (!id_is_sane(w->native) || (w->subagent.n && !id_is_sane(w->subagent))) {
        return "no session id that can be used";
    }
    if (w->cwd.n > CWD_BYTES || w->mode.n > MODE_BYTES_MAX) {
        return "a working directory or mode that is too long";
    }
    (void)snprintf(w->root, sizeof(w->root), "claude:%.*s", SPAN_ARG(w->native));
    (void)snprintf(w->id, sizeof(w->id), "%s%s%.*s", w->root, w->subagent.n ? "/" : "",
                   SPAN_ARG(w->subagent));
    return NULL;
}

/* Makes or updates one session, and says what is new of it. */
static struct session *session_named(struct hook *h, const char *id, const struct identity *w,
                                     const struct session *parent)
{
    bool made = false;
    struct session *s = session_open(h->g, span_str(id), &made);
    if (!s) {
        return NULL;
    }
    bool news = made || (w->mode.n && !span_is(w->mode, s->mode ? s->mode : "")) ||
                (w->cwd.n && !span_is(w->cwd, s->cwd ? s->cwd : ""));
    int32_t pid = s->pid;
    session_set(&s->native, w->native);
    session_set(&s->runtime, h->g->demo ? SPAN("demo") : SPAN("claude"));
    session_set(&s->cwd, w->cwd);
    session_set(&s->mode, w->mode);
    if (made) {
        session_set_parent(h->g, s, parent ? parent->ref : 0);
        name_session(h, s, w->cwd, !parent ? SPAN_NONE : w->type.n ? w->type : w->subagent);
    }
    if (!parent) {
        learn_pid(h, s);
    }
    if (news || pid != s->pid) {
        session_announce(h->g, s, made ? EVENT_AGENT_STARTED : EVENT_AGENT_UPDATED);
    }
    return s;
}

static struct session *identify(struct hook *h, const struct identity *w)
{
    struct session *root = session_named(h, w->root, w, NULL);
    return root && w->subagent.n ? session_named(h, w->id, w, root) : root;
}

/* ---- what happened: one function an event */

/* A path below the agent's folder is told without it: what differs is what the eye needs. */
static struct span below(struct span path, struct span cwd)
{
    bool inside = cwd.n > 1 && path.n > cwd.n + 1 && memcmp(path.p, cwd.p, cwd.n) == 0 &&
                  path.p[cwd.n] == '/';
    return inside ? span_sub(path, cwd.n + 1, path.n) : path;
}

/* Why a call cannot be shown as it would run; NULL when it can. A runtime writes half a surrogate pair into its
 * JSON, but runs another character in its place. */
static const char *unfit(const struct hook *h, uint32_t input, struct span tool, struct span native_id)
{
    if (tape_type(&h->json, input) != TAPE_OBJECT || !tool.n || tool.n > TOOL_BYTES_MAX) {
        return "checkrein: this call cannot be read";
    }
    if (!id_is_sane(native_id)) {
        return "checkrein: this call has no id that it could be told by";
    }
    return h->json.repaired ? "checkrein: half a character is in this call: write it again without it" : NULL;
}

static void on_pre_tool_use(struct hook *h)
{
    uint32_t input = tape_get(&h->json, TAPE_ROOT, "tool_input");
    struct span tool = text_of(h, "tool_name");
    struct span native_id = text_of(h, "tool_use_id");
    const char *why = unfit(h, input, tool, native_id);
    if (why) {
        answer_deny(h->g, h->http, why);
        return;
    }
    const struct claude_tool *t = claude_tool(tool);
    struct tape *j = &h->json;
    struct buf *text = &h->g->text;
    struct call_request r = {
        .native_id = native_id,
        .tool = tool,
        .input = tape_raw(j, input),
        .reads_only = t->reads_only,
        .words = tape_string(j, tape_get(j, input, "description"), text),
    };
#define MEMBER(key) ((key) ? tape_string(j, tape_get(j, input, (key)), text) : SPAN_NONE)
    r.command = MEMBER(t->command_key);
    r.path = MEMBER(t->path_key);
    r.url = MEMBER(t->url_key);
    r.summary = below(MEMBER(t->summary_key), span_str(h->session->cwd));
#undef MEMBER
    if (!r.summary.n) {
        r.summary = r.words.n ? r.words : span_sub(r.input, 0, 200);
    }
    if (buf_status(text) != ST_OK) { /* what the rules look at would be missing */
        answer_deny(h->g, h->http, "checkrein: the texts of this call are too long");
        return;
    }
    gate_request(h->g, h->session, h->http, &r);
}

static struct span output_of(struct hook *h)
{
    uint32_t response = tape_get(&h->json, TAPE_ROOT, "tool_response");
    struct span out = tape_string(&h->json, tape_get(&h->json, response, "stdout"), &h->g->text);
    return out.n ? out : tape_raw(&h->json, response);
}

static void finished(struct hook *h, enum outcome outcome)
{
    struct call_end end = {
        .native_id = text_of(h, "tool_use_id"),
        .tool = text_of(h, "tool_name"),
        .outcome = outcome,
        .duration_ms = -1,
        .error = text_of(h, "error"),
    };
    int64_t ms = 0;
    if (tape_int(&h->json, tape_get(&h->json, TAPE_ROOT, "duration_ms"), &ms) == ST_OK &&
        ms <= EVENT_INT_MAX) {
        end.duration_ms = ms;
    }
    if (!id_is_sane(end.native_id)) {
        end.native_id = SPAN_NONE;
    }
    if (outcome == OUTCOME_SUCCEEDED) {
        end.output = output_of(h);
    }
    gate_finished(h->g, h->session, &end);
}

static void on_post_tool_use(struct hook *h)
{
    finished(h, OUTCOME_SUCCEEDED);
}

static void on_post_tool_use_failure(struct hook *h)
{
    finished(h, OUTCOME_FAILED);
}

static void on_prompt(struct hook *h)
{
    struct session *s = h->session;
    bool refused = h->g->stop_latched || session_gate_in_force(s) == GATE_REFUSE;
    struct span prompt = text_of(h, "prompt");
    struct event ev;
    publish_about(h->g, &ev, EVENT_AGENT_UPDATED, s);
    event_put_text(&ev, F_TASK_TITLE, span_sub(prompt, 0, 400));
    (void)publish(h->g, &ev);
    if (refused) {
        struct buf b;
        buf_init(&b, 4096);
        claude_reply_block(&b, SPAN("checkrein: the operator has stopped this agent"));
        outbox_answer(h->g, h->http, buf_span(&b));
        buf_release(&b);
        h->http = 0;
        session_refused(h->g, s, "its prompt was refused");
        return;
    }
    publish_state(h->g, s, s->gate == GATE_HOLD ? AGENT_PAUSING : AGENT_RUNNING, NULL);
    session_settle(h->g, s, NULL);
}

static void on_session_start(struct hook *h)
{
    struct session *s = h->session;
    struct span model = text_of(h, "model");
    struct span version = h->head->header(h->head, "x-checkrein-runtime-version");
    if (version.n) {
        struct event ev;
        publish_about(h->g, &ev, EVENT_AGENT_UPDATED, s);
        event_set_text(&ev, F_AGENT_RUNTIME_VERSION, version);
        (void)publish(h->g, &ev);
    }
    session_model(h->g, s, model);
    if (!span_is(text_of(h, "source"), "compact")) { /* that happens in the middle of a turn */
        publish_state(h->g, s, AGENT_IDLE, "session started");
    }
}

/* What was stopped stays so: that its turn ends is only what was asked for. */
static void turn_over(struct hook *h, enum agent_state state, const char *reason)
{
    struct session *s = h->session;
    struct session *parent = session_at(h->g, s->parent);
    gate_forget(h->g, s, "the turn ended without a report of this call");
    session_seen(h->g, s, VERB_INTERRUPT, "the turn ended");
    if (parent && parent->state == AGENT_IDLE) {
        session_seen(h->g, parent, VERB_INTERRUPT, "the turn of its helper ended");
    }
    s->interrupt_next = false;
    if (!s->ending) {
        bool stopped = session_gate_in_force(s) == GATE_REFUSE;
        publish_state(h->g, s, stopped ? AGENT_STOPPED : state, reason);
    }
}

static void on_stop(struct hook *h)
{
    turn_over(h, AGENT_IDLE, "the turn ended");
}

static void on_stop_failure(struct hook *h)
{
    publish_failure(h->g, h->session, FAILURE_MODEL, text_of(h, "last_assistant_message"));
    turn_over(h, AGENT_FAILED, "the turn failed");
}

static void on_session_end(struct hook *h)
{
    turn_over(h, AGENT_STOPPED, "the session ended");
}

static void on_notification(struct hook *h)
{
    struct span type = text_of(h, "notification_type");
    if (span_is(type, "permission_prompt")) {
        publish_state(h->g, h->session, AGENT_WAITING_INPUT, "asks at its own screen");
    }
}

static void on_subagent_start(struct hook *h)
{
    publish_state(h->g, h->session, AGENT_RUNNING, "subagent started");
}

/* Without this, an agent that may write its settings takes its own hooks out in the middle of a session. */
static void on_config_change(struct hook *h)
{
    if (!span_ends(text_of(h, "source"), "_settings")) {
        return;
    }
    publish_signal(h->g, h->session, SEVERITY_HIGH,
                   "the runtime's settings were changed while it runs: this session keeps its own, hooks included");
    struct buf b;
    buf_init(&b, 4096);
    claude_reply_block(&b, SPAN("checkrein: settings are taken up at the next start"));
    outbox_answer(h->g, h->http, buf_span(&b));
    buf_release(&b);
    h->http = 0;
}

static const struct hook_event {
    const char *name;
    void (*handle)(struct hook *h);
} EVENTS[] = {
    {"PreToolUse",         on_pre_tool_use         },
    {"PostToolUse",        on_post_tool_use        },
    {"PostToolUseFailure", on_post_tool_use_failure},
    {"UserPromptSubmit",   on_prompt               },
    {"SessionStart",       on_session_start        },
    {"SessionEnd",         on_session_end          },
    {"Stop",               on_stop                 },
    {"StopFailure",        on_stop_failure         },
    {"SubagentStart",      on_subagent_start       },
    {"SubagentStop",       on_session_end          },
    {"Notification",       on_notification         },
    {"ConfigChange",       on_config_change        },
};

/* Over the rate: a call is refused, a report is lost, and neither fills the record. */
static void turn_away(struct hook *h, struct session *s, const char *reason)
{
    if (s && may_tell(&s->told_us)) {
        publish_failure(h->g, s, FAILURE_POLICY, span_str(reason));
    }
    if (h->gated) {
        answer_deny(h->g, h->http, reason);
    } else {
        answer_nothing(h);
    }
}

static bool within_rate(struct hook *h, const struct identity *w)
{
    struct session *s = session_find(h->g, span_str(w->id));
    if (s ? session_pay(s) : newcomer_pay(h->g)) {
        return true;
    }
    turn_away(h, s,
              s ? "checkrein: this agent calls faster than its rate limit"
                : "checkrein: too many new agents at once");
    return false;
}

static void handle(struct hook *h)
{
    for (size_t i = 0; i < ARRAY_LEN(EVENTS); i++) {
        if (span_is(h->event, EVENTS[i].name)) {
            EVENTS[i].handle(h);
            break;
        }
    }
    if (!h->gated && h->http) {
        answer_nothing(h);
    }
}

void claude_hook(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    struct hook h = {.g = g, .http = http, .head = head};
    struct identity who;
    buf_clear(&g->text);
    if (tape_parse(&h.json, body, TAPE_REPAIR, g->tokens, HOOK_TOKENS_MAX) != ST_OK) {
        refuse_unreadable(g, http, h.json.error ? h.json.error : "not JSON");
        return;
    }
    h.event = text_of(&h, "hook_event_name");
    h.gated = span_is(h.event, "PreToolUse");
    const char *fault = read_identity(&h, &who);
    if (fault) {
        refuse_unreadable(g, http, fault);
        return;
    }
    if (!within_rate(&h, &who)) {
        return;
    }
    if (!journal_failed(g->journal) &&
        journal_raw(g->journal, govd_wall_us(), SPAN("hook/claude"), body, NULL) != ST_OK &&
        !journal_failed(g->journal)) {
        refuse_unreadable(g, http, "too large for the record");
        return;
    }
    h.session = identify(&h, &who);
    if (!h.session) {
        refuse_unreadable(g, http, "too many agents");
        return;
    }
    handle(&h);
}
