/* gemini_priv.h - the parts of Gemini CLI's row. */
#ifndef GEMINI_PRIV_H
#define GEMINI_PRIV_H

#include "hooks_priv.h"

extern const struct tool_row gemini_tools[];
void gemini_reply_allow(struct buf *out, struct span input, struct span reason);
void gemini_reply_deny(struct buf *out, struct span reason, enum reply_then then);
void gemini_reply_block(struct buf *out, struct span reason);

#endif
