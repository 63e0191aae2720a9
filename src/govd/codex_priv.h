/* codex_priv.h - the parts of Codex's row. */
#ifndef GOVD_CODEX_PRIV_H
#define GOVD_CODEX_PRIV_H

#include "hooks_priv.h"

extern const struct tool_row codex_tools[];
void codex_reply_allow(struct buf *out, struct span input, struct span reason);
void codex_reply_deny(struct buf *out, struct span reason, enum reply_then then);
void codex_reply_block(struct buf *out, struct span reason);

#endif
