/* hooks_priv.h - what the files of the runtimes share. A runtime is one row of the table in
 * runtime.c: how its hooks name what they tell, what its tools touch, and how its answers are
 * written. The life of a call, the reins and the sessions know none of them by name.
 *
 *   runtime.c   the table
 *   hooks.c     a hook call: read, identified, handed on
 *   told.c      what several runtimes tell in the same way
 *   claude.c, claude_tools.c, claude_reply.c      Claude Code
 *   gemini.c, gemini_tools.c, gemini_reply.c      Gemini CLI
 *   codex.c, codex_tools.c, codex_reply.c         Codex
 */
#ifndef HOOKS_PRIV_H
#define HOOKS_PRIV_H

#include "govd_priv.h"

#define ID_BYTES_MAX   200 /* of a session, a subagent, a call */
#define TOOL_BYTES_MAX 256
#define MODE_BYTES_MAX 64

/* One hook call, on the stack while it is handled. Spans live as long as the body. */
struct hook {
    struct govd *g;
    const struct runtime *runtime;
    net_id http; /* 0 once answered */
    const struct http_head *head;
    struct tape json;
    struct session *session;
    struct span event;
    bool gated; /* its answer lets something run, or not */
};

struct hook_event {
    const char *name;
    void (*handle)(struct hook *h);
};

/* Which of its tools only read, and which members of the input say what is touched. */
struct tool_row {
    const char *name;
    bool reads_only;
    const char *command_key, *path_key, *url_key, *summary_key;
};
/* The row of that name; a generic one when there is none: an unknown tool is never taken for a
 * harmless one. */
const struct tool_row *tool_find(const struct runtime *r, struct span name);

/* ---- hooks.c: for the functions that handle events */
struct span hook_text(struct hook *h, const char *path); /* empty when it is missing or no text */
void hook_deny(struct hook *h, const char *reason);
/* Of a prompt, or of a change of settings. */
void hook_block(struct hook *h, struct span reason);
bool hook_id_is_sane(struct span id);

/* ---- doctor.c */
/* True: it was a test call, and is answered. */
bool doctor_call(struct hook *h, struct span session, struct span body);

/* ---- told.c */
/* A call at the gate: refused when it cannot be shown as it would run. NONE: the runtime gives its
 * calls no id. */
void told_call(struct hook *h, struct span native_id);
/* A prompt begins a turn, unless the agent is stopped. */
void told_prompt(struct hook *h);
/* The version of the runtime, as our own helper was told to say it. */
/* Of an agent that is over: it stays so, and what belongs to it is over with it. */
void told_state(struct hook *h, enum agent_state state, const char *reason);
void told_version(struct hook *h);
/* What was stopped stays so: that its turn ends is only what was asked for. */
void told_turn_over(struct hook *h, enum agent_state state, const char *reason);
void told_session_end(struct hook *h);

#endif
