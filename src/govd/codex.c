/* codex.c - hooks of Codex (facts and version: docs/drivers/codex.md). PreToolUse is its gate.
 *
 * Its session is the thread that an app-server knows by the same id; a helper's calls come with the
 * helper's own thread id. So an agent that a console sees in both ways can be told to be one.
 */
#include "codex_priv.h"

static void on_pre_tool_use(struct hook *h)
{
    told_call(h, hook_text(h, "tool_use_id"));
}

/* A patch says in its answer how it ended. Of a command the answer is what it printed, and how it
 * ended is not told. */
static enum outcome outcome_of(struct span tool, struct span response)
{
    static const char CODE[] = "Exit code: ";
    if (!span_is(tool, "apply_patch") || !span_starts(response, CODE)) {
        return OUTCOME_UNKNOWN;
    }
    bool zero = span_starts(span_sub(response, sizeof(CODE) - 1, response.n), "0\n");
    return zero ? OUTCOME_SUCCEEDED : OUTCOME_FAILED;
}

static void on_post_tool_use(struct hook *h)
{
    struct tape *j = &h->json;
    uint32_t response = tape_get(j, TAPE_ROOT, "tool_response");
    struct call_end end = {
        .native_id = hook_text(h, "tool_use_id"),
        .tool = hook_text(h, "tool_name"),
        .duration_ms = -1,
        .input = tape_raw(j, tape_get(j, TAPE_ROOT, "tool_input")),
        .output = tape_string(j, response, &h->g->text),
    };
    if (!hook_id_is_sane(end.native_id)) {
        end.native_id = SPAN_NONE;
    }
    if (!end.output.n) {
        end.output = tape_raw(j, response);
    }
    end.outcome = outcome_of(end.tool, end.output);
    gate_finished(h->g, h->session, &end);
}

/* It asks its own clients: an app-server's connections, or the screen. */
static void on_permission_request(struct hook *h)
{
    told_state(h, AGENT_WAITING_INPUT, "Codex itself asks for this call, in its own clients");
}

static void on_session_start(struct hook *h)
{
    told_version(h);
    session_model(h->g, h->session, hook_text(h, "model"), SPAN_NONE);
    if (!span_is(hook_text(h, "source"), "compact")) { /* that happens in the middle of a turn */
        publish_state(h->g, h->session, AGENT_IDLE, "session started");
    }
}

static void on_stop(struct hook *h)
{
    told_turn_over(h, AGENT_IDLE, "the turn ended");
}

/* Whoever interrupted it: a hook that waits is left waiting, and the turn is over. */
static void on_interrupt(struct hook *h)
{
    gate_give_up(h->g, h->session, "the turn was interrupted while this call waited");
    h->session->task_cut = true;
    told_turn_over(h, AGENT_IDLE, "interrupted");
}

static void on_session_end(struct hook *h)
{
    gate_give_up(h->g, h->session, "the session ended without waiting for this call");
    told_session_end(h);
}

static void on_subagent_start(struct hook *h)
{
    told_state(h, AGENT_RUNNING, "helper started");
}

static const struct hook_event EVENTS[] = {
    {"PreToolUse",           on_pre_tool_use},
    {"PermissionRequest",                      on_permission_request},
    {"PostToolUse",on_post_tool_use},
    {"UserPromptSubmit",          told_prompt},
    {"SessionStart",                      on_session_start},
    {"SessionEnd",  on_session_end},
    {"Stop",         on_stop},
    {"Interrupt",                      on_interrupt},
    {"SubagentStart",       on_subagent_start},
    {"SubagentStop",                 told_session_end},
    {0                     },
};

static const struct event_row LIMITS[] = {
    {{SPAN_INIT("trust"),
      SPAN_INIT("hooks that are not trusted are skipped without a word: checkrein doctor codex")}},
    {{SPAN_INIT("features.hooks"),
      SPAN_INIT("false in a trusted project's or the user's config.toml, or by -c: no hook runs")}},
    {{SPAN_INIT("typed input"),
      SPAN_INIT("what is typed into a command that runs already (write_stdin) is no call")}},
    {{SPAN_INIT("hook killed"),
      SPAN_INIT("shell first, then helper, while a call waits: it runs, and an alarm says so")}},
    {{SPAN_INIT("other hooks"),
      SPAN_INIT("may change a call after it was let run; an alarm says so")}},
    {{SPAN_INIT("other clients"),
      SPAN_INIT("of an app-server run commands by its own methods: no hook is asked")}},
    {{SPAN_INIT("another client"), SPAN_INIT("or this one with another HOME or CODEX_HOME")}},
    {{SPAN_INIT("left behind"), SPAN_INIT("what an approved command leaves running is no call")}},
};

const struct runtime RUNTIME_CODEX = {
    .name = "codex",
    .id_prefix = "codex:",
    .called = "codex",
    .path = "/hook/codex",
    .gate_event = "PreToolUse",
    .events = EVENTS,
    .tools = codex_tools,
    .allow = codex_reply_allow,
    .deny = codex_reply_deny,
    .block = codex_reply_block,
    .limits = LIMITS,
    .limit_count = ARRAY_LEN(LIMITS),
};
