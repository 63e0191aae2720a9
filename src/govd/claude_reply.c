#include "claude_priv.h"

/* The answers that Claude Code 2.1.328 was seen to honour (docs/drivers/claude.md). An empty 200
 * means "no opinion", so every verdict is written out with its hookEventName. */

void claude_reply_allow(struct buf *out, struct span input, struct span reason)
{
    buf_addstr(out, "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\","
                    "\"permissionDecision\":\"allow\",\"permissionDecisionReason\":");
    tape_quote(out, reason);
    buf_addstr(out, ",\"updatedInput\":");
    buf_add(out, input);
    buf_addstr(out, "}}");
}

/* `continue:false` alone lets the call run first: it always comes with the refusal. */
void claude_reply_deny(struct buf *out, struct span reason, enum reply_then then)
{
    buf_addstr(out, "{");
    if (then == REPLY_END_TURN) {
        buf_addstr(out, "\"continue\":false,\"stopReason\":");
        tape_quote(out, reason);
        buf_addstr(out, ",");
    }
    buf_addstr(out, "\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\","
                    "\"permissionDecision\":\"deny\",\"permissionDecisionReason\":");
    tape_quote(out, reason);
    buf_addstr(out, "}}");
}

void claude_reply_block(struct buf *out, struct span reason)
{
    buf_addstr(out, "{\"decision\":\"block\",\"reason\":");
    tape_quote(out, reason);
    buf_addstr(out, "}");
}
