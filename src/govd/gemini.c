/* gemini.c - hooks of Gemini CLI (facts and version: docs/drivers/gemini.md). BeforeTool is its
 * gate.
 *
 * It gives its calls no id, and a subagent's calls come under the session of who started it: a
 * report is joined to its call by tool and input (calls.c).
 */
#include "gemini_priv.h"

static void on_before_tool(struct hook *h)
{
    told_call(h, SPAN_NONE);
}

/* A command that fails is a success to the runtime. It says so in the text for the model, after the
 * output: what looks like it inside the output can only make the command look failed. 0: it does
 * not say so. */
static int64_t exit_code_in(struct span text)
{
    static const char MARK[] = "\nExit Code: ";
    size_t n = sizeof(MARK) - 1;
    for (size_t at = text.n; at >= n; at--) {
        if (memcmp(text.p + at - n, MARK, n) == 0) {
            struct span rest = span_sub(text, at, text.n - at);
            struct span line;
            int64_t code = 0;
            bool said = span_next(&rest, '\n', &line) && num_parse(line, 1, 255, &code) == ST_OK;
            return said ? code : 0;
        }
    }
    return 0;
}

static void on_after_tool(struct hook *h)
{
    char exit_words[32];
    struct tape *j = &h->json;
    struct buf *text = &h->g->text;
    uint32_t response = tape_get(j, TAPE_ROOT, "tool_response");
    uint32_t error = tape_get(j, response, "error");
    struct call_end end = {
        .tool = hook_text(h, "tool_name"),
        .input = tape_raw(j, tape_get(j, TAPE_ROOT, "tool_input")),
        .outcome = OUTCOME_SUCCEEDED,
        .duration_ms = -1,
        .output = tape_string(j, tape_get(j, response, "llmContent"), text),
    };
    if (!end.output.n) {
        end.output = tape_raw(j, tape_get(j, response, "llmContent"));
    }
    bool is_command = tool_find(h->runtime, end.tool)->command_key != NULL;
    int64_t code = is_command ? exit_code_in(end.output) : 0;
    if (tape_type(j, error) == TAPE_OBJECT) {
        end.outcome = OUTCOME_FAILED;
        end.error = tape_string(j, tape_get(j, error, "message"), text);
    } else if (code) {
        (void)snprintf(exit_words, sizeof(exit_words), "exit code %lld", (long long)code);
        end.outcome = OUTCOME_FAILED;
        end.error = span_str(exit_words);
    }
    gate_finished(h->g, h->session, &end);
}

/* The operator of its own screen may have given up a call: the runtime leaves the hook waiting and
 * goes on. */
static void on_before_agent(struct hook *h)
{
    gate_give_up(h->g, h->session, "the agent went on without waiting for this call");
    told_prompt(h);
}

static void on_after_agent(struct hook *h)
{
    gate_give_up(h->g, h->session, "the turn ended without waiting for this call");
    told_turn_over(h, AGENT_IDLE, "the turn ended");
}

static void on_session_start(struct hook *h)
{
    told_version(h);
    publish_state(h->g, h->session, AGENT_IDLE, "session started");
}

static void on_session_end(struct hook *h)
{
    gate_give_up(h->g, h->session, "the session ended without waiting for this call");
    told_session_end(h);
}

static void on_notification(struct hook *h)
{
    if (span_is(hook_text(h, "notification_type"), "ToolPermission")) {
        told_state(h, AGENT_WAITING_INPUT, "asks at its own screen");
    }
}

static const struct hook_event EVENTS[] = {
    {"BeforeTool",    on_before_tool},
    {"AfterTool",               on_after_tool},
    {"BeforeAgent",on_before_agent},
    {"AfterAgent",   on_after_agent},
    {"SessionStart",               on_session_start},
    {"SessionEnd",on_session_end},
    {"Notification",  on_notification},
    {0              },
};

static const struct event_row LIMITS[] = {
    {{SPAN_INIT("hooksConfig"),
      SPAN_INIT(
          "in a project's settings, before the start: hooks are off, and only telemetry tells")}},
    {{SPAN_INIT("--acp"),
      SPAN_INIT("under an editor no call passes here: the editor alone is asked")}},
    {{SPAN_INIT("untrusted folder"),
      SPAN_INIT("no hook runs there; the client asks at its own screen")}},
    {{SPAN_INIT("its folder"),
      SPAN_INIT(
          "taken away by an approved command: no hook can be started there, and only telemetry tells")}},
    {{SPAN_INIT("hook killed"),
      SPAN_INIT("shell first, then helper, while a call waits: it runs, and an alarm says so")}},
    {{SPAN_INIT("other hooks"),
      SPAN_INIT("may change a call after it was let run; an alarm says so")}},
    {{SPAN_INIT("settings"),
      SPAN_INIT(
          "edited before the start, by an earlier agent too; while it runs it keeps its own")}},
    {{SPAN_INIT("another client"), SPAN_INIT("or this one with another HOME or GEMINI_CLI_HOME")}},
    {{SPAN_INIT("left behind"), SPAN_INIT("what an approved command leaves running is no call")}},
};

const struct runtime RUNTIME_GEMINI = {
    .name = "gemini-cli",
    .id_prefix = "gemini:",
    .called = "gemini",
    .provider = "gcp.gemini",
    .path = "/hook/gemini",
    .gate_event = "BeforeTool",
    .calls_have_no_id = true,
    .events = EVENTS,
    .tools = gemini_tools,
    .folder_key = "dir_path",
    .allow = gemini_reply_allow,
    .deny = gemini_reply_deny,
    .block = gemini_reply_block,
    .limits = LIMITS,
    .limit_count = ARRAY_LEN(LIMITS),
};
