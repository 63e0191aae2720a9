#include "codex_priv.h"

/* The answers that codex-cli 0.169 was seen to honour (docs/drivers/codex.md). An answer with
 * `continue: false` beside the refusal lets the call run: it is never sent, and a turn is not ended
 * from here. No input is sent back: what another hook made of the call is seen when it reports. */

void codex_reply_allow(struct buf *out, struct span input, struct span reason)
{
    (void)input;
    buf_addstr(out, "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\","
                    "\"permissionDecision\":\"allow\",\"permissionDecisionReason\":");
    tape_quote(out, reason);
    buf_addstr(out, "}}");
}

void codex_reply_deny(struct buf *out, struct span reason, enum reply_then then)
{
    (void)then;
    buf_addstr(out, "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\","
                    "\"permissionDecision\":\"deny\",\"permissionDecisionReason\":");
    tape_quote(out, reason);
    buf_addstr(out, "}}");
}

void codex_reply_block(struct buf *out, struct span reason)
{
    buf_addstr(out, "{\"decision\":\"block\",\"reason\":");
    tape_quote(out, reason);
    buf_addstr(out, "}");
}
