#include "gemini_priv.h"

/* The answers that Gemini CLI 0.61.0 was seen to honour (docs/drivers/gemini.md).
 *
 * No input is sent back with an allowance: the runtime would tell its model that a hook modified
 * the call, with every call. That it ran another one all the same, because some other hook changed
 * it, is seen when it reports. */

void gemini_reply_allow(struct buf *out, struct span input, struct span reason)
{
    (void)input;
    buf_addstr(out, "{\"decision\":\"allow\",\"reason\":");
    tape_quote(out, reason);
    buf_addstr(out, "}");
}

void gemini_reply_deny(struct buf *out, struct span reason, enum reply_then then)
{
    buf_addstr(out, "{");
    if (then == REPLY_END_TURN) {
        buf_addstr(out, "\"continue\":false,\"stopReason\":");
        tape_quote(out, reason);
        buf_addstr(out, ",");
    }
    buf_addstr(out, "\"decision\":\"deny\",\"reason\":");
    tape_quote(out, reason);
    buf_addstr(out, "}");
}

void gemini_reply_block(struct buf *out, struct span reason)
{
    gemini_reply_deny(out, reason, REPLY_GO_ON);
}
