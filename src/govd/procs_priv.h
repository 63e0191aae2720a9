/* procs_priv.h - what the files about an agent's processes share. */
#ifndef PROCS_PRIV_H
#define PROCS_PRIV_H

#include "govd_priv.h"

#include "checkrein/procs.h"

/* Every process at this turn of the loop: agents that are ended together share one reading. */
struct proc_tree *tree_now(struct govd *g);

/* ---- members.c: which processes an agent is */
/* Adds what the session is now and `set` does not have: all below its process, or below its
 * guardian (which is none of them), all that descends from `set`, and what its cgroup holds. New
 * ones come at the end. */
void members_find(struct govd *g, const struct session *s, struct proc_set *set);

/* ---- ending.c */
/* The watched process of a session that is being ended has ended: looks at once what is left. */
void ending_look(struct govd *g, struct session *s);

/* ---- guardians.c */
/* The process of a session from `checkrein run` ended. True: others of it live on and are followed.
 */
bool guardian_gone(struct govd *g, struct session *s);
const char *guarded_end(
    const struct session *s); /* in words; NULL: it is no such session, or nothing was told */
/* Who may not be ended with it: this daemon runs under it. */
bool guarded_is_ours(const struct session *s);

#endif
