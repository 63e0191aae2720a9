/* decisions_priv.h - the fold behind journal_decisions(): events of a daemon's record in, faults
 * out.
 *
 * The rule (docs/JOURNAL.md, section 8): every action.started has exactly one decision before it,
 * policy.decided `allow` or approval.resolved `approved`, of the same agent, call and digest, taken
 * since the process that wrote it started. It is used once. Nothing starts after a refusal of it,
 * under a fleet stop, or past a gate that is closed for its agent or its parent. The digest of a
 * request is that of the action text beside it; where secrets are hidden in it, its shown digest
 * is.
 *
 * Memory grows with the calls that are open at one time and with the agents, not with the record.
 */
#ifndef CHECKREIN_JOURNAL_DECISIONS_PRIV_H
#define CHECKREIN_JOURNAL_DECISIONS_PRIV_H

#include "checkrein/journal.h"

struct decisions;

struct decisions *decisions_new(void);
void decisions_free(struct decisions *d); /* NULL is fine */
/* It begins late: what was asked before is not seen. */
void decisions_begin_late(struct decisions *d);
/* Another process writes from here on: what was decided and not used is void. */
void decisions_restart(struct decisions *d);
void decisions_apply(struct decisions *d, uint64_t n, int64_t time_us, const struct event *ev);
const struct journal_decisions *decisions_told(const struct decisions *d);

#endif
