/* hooks.c - one hook call: one POST, one JSON object.
 *
 * The event that a runtime calls its gate goes to the gate and is answered when its call is
 * decided. Every other event is a report: it is recorded, folded, and answered at once with {}.
 * What cannot be understood at the gate is refused.
 *
 * What a hook says of itself is the agent's word: who has the token can speak for any session. It
 * can only take rights away from that session, or show something untrue of it; a decision is bound
 * to the call that asked.
 */
#include "hooks_priv.h"

#include "checkrein/log.h"

struct span hook_text(struct hook *h, const char *path)
{
    return tape_string(&h->json, tape_path(&h->json, TAPE_ROOT, path), &h->g->text);
}

static void answer_nothing(struct hook *h)
{
    outbox_answer(h->g, h->http, SPAN("{}"));
    h->http = 0;
}

void hook_deny(struct hook *h, const char *reason)
{
    struct buf b;
    buf_init(&b, 4096);
    h->runtime->deny(&b, span_str(reason), REPLY_GO_ON);
    outbox_answer(h->g, h->http, buf_span(&b));
    h->http = 0;
    buf_release(&b);
}

void hook_block(struct hook *h, struct span reason)
{
    struct buf b;
    buf_init(&b, 4096);
    h->runtime->block(&b, reason);
    outbox_answer(h->g, h->http, buf_span(&b));
    h->http = 0;
    buf_release(&b);
}

/* Refused as if it were a call: who cannot be understood may be at the gate. */
static void refuse_unreadable(struct hook *h, const char *what)
{
    struct govd *g = h->g;
    g->unreadable++;
    if (may_tell(&g->unreadable_us)) {
        char text[REASON_BYTES];
        (void)snprintf(text, sizeof(text),
                       "hook calls could not be read and were refused: %llu, the last: %s",
                       (unsigned long long)g->unreadable, what);
        g->unreadable = 0;
        publish_signal(g, NULL, SEVERITY_HIGH, text);
    }
    hook_deny(h, "checkrein: this call cannot be read");
}

/* ---- who it is */

bool hook_id_is_sane(struct span id)
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
    char room[NAME_BYTES];
    struct span given = h->head->header(h->head, "x-checkrein-agent");
    if (subagent.n) {
        session_set(&s->name, told_text(h->g, subagent, room, sizeof(room)));
    } else if (given.n) {
        session_set(&s->name, told_text(h->g, given, room, sizeof(room)));
    } else if (cwd.n) {
        session_set(&s->name, told_text(h->g, last_part(cwd), room, sizeof(room)));
    }
    if (!s->name) {
        session_set(&s->name, span_str(h->runtime->called));
    }
}

/* The pid comes from a hook command's header and is believed only when the kernel says that the
 * process on the other end of the Unix socket descends from it: no agent can have another's process
 * ended. The first that is alive stays, so that no process is put in front of the real one later.
 */
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
    w->native = hook_text(h, "session_id");
    w->subagent = hook_text(h, "agent_id");
    w->type = hook_text(h, "agent_type");
    w->cwd = hook_text(h, "cwd");
    w->mode = hook_text(h, "permission_mode");
    if (!hook_id_is_sane(w->native) || (w->subagent.n && !hook_id_is_sane(w->subagent))) {
        return "no session id that can be used";
    }
    if (w->cwd.n > CWD_BYTES || w->mode.n > MODE_BYTES_MAX) {
        return "a working directory or mode that is too long";
    }
    (void)snprintf(w->root, sizeof(w->root), "%s%.*s", h->runtime->id_prefix, SPAN_ARG(w->native));
    (void)snprintf(w->id, sizeof(w->id), "%s%s%.*s", w->root, w->subagent.n ? "/" : "",
                   SPAN_ARG(w->subagent));
    /* It would be hidden, and nobody could name the agent any more. */
    return veil(journal_veil(h->g->journal), span_str(w->id)).count > 0
               ? "a session id that looks like a secret"
               : NULL;
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
                (w->cwd.n && !span_is(w->cwd, s->cwd ? s->cwd : "")) ||
                !span_is(w->native, s->native ? s->native : "");
    int32_t pid = s->pid;
    session_set(&s->native, w->native);
    session_set(&s->runtime, h->g->demo ? SPAN("demo") : span_str(h->runtime->name));
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
    guarded_adopt(h->g, h->head, span_str(w->root));
    struct session *root = session_named(h, w->root, w, NULL);
    return root && w->subagent.n ? session_named(h, w->id, w, root) : root;
}

/* ---- what is done with it */

/* Over the rate: a call is refused, a report is lost, and neither fills the record. */
static void turn_away(struct hook *h, struct session *s, const char *reason)
{
    if (s && may_tell(&s->told_us)) {
        publish_failure(h->g, s, FAILURE_POLICY, span_str(reason));
    }
    if (h->gated) {
        hook_deny(h, reason);
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

/* Every agent that is known is at work, waits, or is held by an operator. */
static void turn_newcomer_away(struct hook *h)
{
    if (may_tell(&h->g->full_us)) {
        publish_signal(
            h->g, NULL, SEVERITY_HIGH,
            "no room for another agent: all that are known are at work or held, new ones are refused");
    }
    turn_away(h, NULL, "checkrein: no room for another agent, too many are at work or held");
}

static void handle(struct hook *h)
{
    for (const struct hook_event *e = h->runtime->events; e->name; e++) {
        if (span_is(h->event, e->name)) {
            e->handle(h);
            break;
        }
    }
    if (!h->gated && h->http) {
        answer_nothing(h);
    }
}

void hook_receive(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    struct hook h = {.g = g, .runtime = runtime_by_path(head->path), .http = http, .head = head};
    struct identity who;
    buf_clear(&g->text);
    if (tape_parse(&h.json, body, TAPE_REPAIR, g->tokens, HOOK_TOKENS_MAX) != ST_OK) {
        refuse_unreadable(&h, h.json.error ? h.json.error : "not JSON");
        return;
    }
    h.event = hook_text(&h, "hook_event_name");
    h.gated = span_is(h.event, h.runtime->gate_event);
    const char *fault = read_identity(&h, &who);
    if (fault) {
        refuse_unreadable(&h, fault);
        return;
    }
    if (doctor_call(&h, who.native, body)) {
        return;
    }
    if (!within_rate(&h, &who)) {
        return;
    }
    if (!journal_failed(g->journal) &&
        journal_raw(g->journal, govd_wall_us(), span_sub(head->path, 1, head->path.n), body,
                    NULL) != ST_OK &&
        !journal_failed(g->journal)) {
        refuse_unreadable(&h, "too large for the record");
        return;
    }
    h.session = identify(&h, &who);
    if (!h.session) {
        turn_newcomer_away(&h);
        return;
    }
    handle(&h);
}
