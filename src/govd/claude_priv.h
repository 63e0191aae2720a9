/* claude_priv.h - the parts of Claude Code's row. */
#ifndef CLAUDE_PRIV_H
#define CLAUDE_PRIV_H

#include "hooks_priv.h"

extern const struct tool_row claude_tools[];
void claude_reply_allow(struct buf *out, struct span input, struct span reason);
void claude_reply_deny(struct buf *out, struct span reason, enum reply_then then);
void claude_reply_block(struct buf *out, struct span reason);

#endif
