/* claude.c - hooks of Claude Code (facts and versions: docs/drivers/claude.md). PreToolUse is its
 * gate. */
#include "claude_priv.h"

static void on_pre_tool_use(struct hook *h)
{
    told_call(h, hook_text(h, "tool_use_id"));
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
        .native_id = hook_text(h, "tool_use_id"),
        .tool = hook_text(h, "tool_name"),
        .outcome = outcome,
        .duration_ms = -1,
        .error = hook_text(h, "error"),
        .input = tape_raw(&h->json, tape_get(&h->json, TAPE_ROOT, "tool_input")),
    };
    int64_t ms = 0;
    if (tape_int(&h->json, tape_get(&h->json, TAPE_ROOT, "duration_ms"), &ms) == ST_OK &&
        ms <= EVENT_INT_MAX) {
        end.duration_ms = ms;
    }
    if (!hook_id_is_sane(end.native_id)) {
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

static void on_stop_failure(struct hook *h)
{
    publish_failure(h->g, h->session, FAILURE_MODEL, hook_text(h, "last_assistant_message"));
    told_turn_over(h, AGENT_FAILED, "the turn failed");
}

static void on_notification(struct hook *h)
{
    struct span type = hook_text(h, "notification_type");
    if (span_is(type, "permission_prompt")) {
        told_state(h, AGENT_WAITING_INPUT, "asks at its own screen");
    }
}

static void on_subagent_start(struct hook *h)
{
    told_state(h, AGENT_RUNNING, "subagent started");
}

/* Without this, an agent that may write its settings takes its own hooks out in the middle of a
 * session. */
static void on_config_change(struct hook *h)
{
    struct config_change c = {.source = hook_text(h, "source"),
                              .path = hook_text(h, "file_path"),
                              .transcript = hook_text(h, "transcript_path"),
                              .cwd = hook_text(h, "cwd")};
    const char *why = span_ends(c.source, "_settings") ? config_change(h->g, h->session, &c) : NULL;
    if (why) {
        hook_block(h, span_str(why));
    }
}

static const struct hook_event EVENTS[] = {
    {"PreToolUse",         on_pre_tool_use},
    {"PostToolUse",                    on_post_tool_use},
    {"PostToolUseFailure",on_post_tool_use_failure},
    {"UserPromptSubmit", told_prompt},
    {"SessionStart",                    on_session_start},
    {"SessionEnd",         told_session_end},
    {"Stop",       on_stop},
    {"StopFailure",                    on_stop_failure},
    {"SubagentStart",on_subagent_start},
    {"SubagentStop",               told_session_end},
    {"Notification",                    on_notification},
    {"ConfigChange",on_config_change},
    {0     },
};

/* With hooks in the user's own settings; docs/drivers/claude.md says what the machine's settings
 * hold. */
static const struct event_row LIMITS[] = {
    {{SPAN_INIT("start flags"),
      SPAN_INIT(
          "--bare, --safe-mode and --setting-sources project run no hook of the user's settings")}},
    {{SPAN_INIT("disableAllHooks"), SPAN_INIT("in a project's settings, before the start")}},
    {{SPAN_INIT("settings"),
      SPAN_INIT(
          "edited before the start, by an earlier agent too; while it runs it keeps its own")}},
    {{SPAN_INIT("another client"),
      SPAN_INIT("or this one with another HOME or CLAUDE_CONFIG_DIR")}},
    {{SPAN_INIT("left behind"), SPAN_INIT("what an approved command leaves running is no call")}},
};

const struct runtime RUNTIME_CLAUDE = {
    .name = "claude",
    .id_prefix = "claude:",
    .called = "claude",
    .provider = "anthropic",
    .path = "/hook/claude",
    .gate_event = "PreToolUse",
    .events = EVENTS,
    .tools = claude_tools,
    .allow = claude_reply_allow,
    .deny = claude_reply_deny,
    .block = claude_reply_block,
    .limits = LIMITS,
    .limit_count = ARRAY_LEN(LIMITS),
};
