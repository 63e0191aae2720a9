/* hub_fold.h - what this console itself adds to the picture: connection states, its own commands, results.
 * Live and in replay the same functions are called.
 */
#ifndef APP_HUB_FOLD_H
#define APP_HUB_FOLD_H

#include "checkrein/model.h"

void fold_snapshot(struct fleet *f, const char *backend, uint64_t seq, bool complete);
void fold_offers(struct fleet *f, const char *backend, uint32_t verbs, int64_t now_us);
void fold_result(struct fleet *f, const char *backend, struct span command, enum command_state st,
                 struct span reason, struct span by, int64_t now_us);
/* Fills *ev, which borrows all of it; subject is "backend/NAME". */
void fold_link_event(struct event *ev, char subject[64], const char *backend, const char *kind,
                     enum link_state st, const char *why, int64_t retry_ms, int64_t now_us);
void fold_command(struct fleet *f, const struct command *c);

#endif
