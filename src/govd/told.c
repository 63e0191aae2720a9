#include "hooks_priv.h"
#include "tasks_priv.h"

/* A path below the agent's folder is told without it: what differs is what the eye needs. */
static struct span below(struct span path, struct span cwd)
{
    bool inside = cwd.n > 1 && path.n > cwd.n + 1 && memcmp(path.p, cwd.p, cwd.n) == 0 &&
                  path.p[cwd.n] == '/';
    return inside ? span_sub(path, cwd.n + 1, path.n) : path;
}

/* Why a call cannot be shown as it would run; NULL when it can. A runtime writes half a surrogate
 * pair into its JSON, but runs another character in its place. */
static const char *unfit(const struct hook *h, uint32_t input, struct span tool,
                         struct span native_id)
{
    if (tape_type(&h->json, input) != TAPE_OBJECT || !tool.n || tool.n > TOOL_BYTES_MAX) {
        return "checkrein: this call cannot be read";
    }
    if (!h->runtime->calls_have_no_id && !hook_id_is_sane(native_id)) {
        return "checkrein: this call has no id that it could be told by";
    }
    if (veil(journal_veil(h->g->journal), native_id).count > 0) {
        return "checkrein: the id of this call looks like a secret";
    }
    return h->json.repaired
               ? "checkrein: half a character is in this call: write it again without it"
               : NULL;
}

void told_call(struct hook *h, struct span native_id)
{
    uint32_t input = tape_get(&h->json, TAPE_ROOT, "tool_input");
    struct span tool = hook_text(h, "tool_name");
    const char *why = unfit(h, input, tool, native_id);
    if (why) {
        hook_deny(h, why);
        return;
    }
    const struct tool_row *t = tool_find(h->runtime, tool);
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
    r.folder = MEMBER(t->command_key ? h->runtime->folder_key : NULL);
    r.summary = below(MEMBER(t->summary_key), span_str(h->session->cwd));
#undef MEMBER
    if (buf_status(text) != ST_OK) { /* what the rules look at would be missing */
        hook_deny(h, "checkrein: the texts of this call are too long");
        return;
    }
    gate_request(h->g, h->session, h->http, &r);
}

void told_prompt(struct hook *h)
{
    struct session *s = h->session;
    bool refused = h->g->stop_latched || session_gate_in_force(s) == GATE_REFUSE;
    struct span prompt = hook_text(h, "prompt");
    char room[TASK_TITLE_ROOM];
    struct span title = task_title(h->g, prompt, room);
    struct event ev;
    publish_about(h->g, &ev, EVENT_AGENT_UPDATED, s);
    if (!s->guarded || !s->guarded->task) { /* else whoever started it has said what it is for */
        event_put_text(&ev, F_TASK_TITLE, title);
    }
    (void)publish(h->g, &ev);
    if (refused) {
        hook_block(h, SPAN("checkrein: the operator has stopped this agent"));
        session_refused(h->g, s, "its prompt was refused");
        return;
    }
    task_begin(h->g, s, title);
    publish_state(h->g, s, session_holds(s) ? AGENT_PAUSING : AGENT_RUNNING, NULL);
    session_settle(h->g, s, NULL);
}

/* What a client told just before its end may be read after it. */
void told_state(struct hook *h, enum agent_state state, const char *reason)
{
    struct session *s = h->session;
    const struct session *root = s->parent ? session_at(h->g, s->parent) : s;
    if (session_is_over(h->g, root)) {
        publish_state(h->g, s, AGENT_STOPPED, "told after the end of its agent");
    } else {
        publish_state(h->g, s, state, reason);
    }
}

void told_version(struct hook *h)
{
    struct span version = h->head->header(h->head, "x-checkrein-runtime-version");
    if (version.n) {
        struct event ev;
        publish_about(h->g, &ev, EVENT_AGENT_UPDATED, h->session);
        event_set_text(&ev, F_AGENT_RUNTIME_VERSION, version);
        (void)publish(h->g, &ev);
    }
}

static enum outcome outcome_of(enum agent_state state)
{
    return state == AGENT_IDLE     ? OUTCOME_SUCCEEDED
           : state == AGENT_FAILED ? OUTCOME_FAILED
                                   : OUTCOME_CANCELLED;
}

void told_turn_over(struct hook *h, enum agent_state state, const char *reason)
{
    struct session *s = h->session;
    struct session *parent = session_at(h->g, s->parent);
    gate_forget(h->g, s, "the turn ended without a report of this call");
    session_seen(h->g, s, VERB_INTERRUPT, "the turn ended");
    if (parent && parent->state == AGENT_IDLE) {
        session_seen(h->g, parent, VERB_INTERRUPT, "the turn of its helper ended");
    }
    s->interrupt_next = false;
    task_end(h->g, s, outcome_of(state), reason);
    if (!s->ending) {
        bool stopped = session_gate_in_force(s) == GATE_REFUSE;
        publish_state(h->g, s, stopped ? AGENT_STOPPED : state, reason);
    }
}

void told_session_end(struct hook *h)
{
    told_turn_over(h, AGENT_STOPPED, "the session ended");
}
