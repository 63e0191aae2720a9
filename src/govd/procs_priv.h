/* procs_priv.h - what the files about processes share: one process as /proc tells of it, sets of
 * them, the tree.
 */
#ifndef PROCS_PRIV_H
#define PROCS_PRIV_H

#include "govd_priv.h"

struct proc_stat {
    int32_t pid, ppid;
    int32_t group, session; /* pids of their leaders */
    int32_t foreground;     /* group of its terminal that gets the keys; -1: no terminal */
    int32_t threads;        /* that have not ended; of a zombie: 1, itself */
    uint64_t start;
    char state;
};

bool proc_read(int32_t pid, struct proc_stat *out);
/* The first thread may have ended, or be stopped alone, while others run on. */
bool proc_has_ended(const struct proc_stat *p);
bool proc_is_still(const struct proc_stat *p); /* by a signal, or by who traces it */

/* ---- tree.c: every process at one moment; read at most once a turn of the loop */
struct tree {
    struct proc_stat *proc; /* by pid */
    bool *below;            /* of each, after tree_mark() */
    size_t count, cap, below_cap;
    int64_t read_us; /* the turn that it was read in; 0: never */
};

struct tree *tree_now(struct govd *g);
const struct proc_stat *tree_find(const struct tree *t, int32_t pid); /* NULL: it was not there */
/* Marks these processes, all below them, and those whose group or session one of them leads: a
 * child that was left behind by its parent keeps them. */
void tree_mark(struct tree *t, const int32_t *roots, size_t count);

/* ---- members.c: which processes an agent is */
bool proc_set_has(const struct proc_set *set, int32_t pid, uint64_t start);
void proc_set_add(struct proc_set *set, int32_t pid, uint64_t start); /* not one that it has */
void proc_set_drop_dead(struct proc_set *set);
void proc_set_release(struct proc_set *set);
/* Adds what the session is now and `set` does not have: all below its process, or below its
 * guardian (which is none of them), all that descends from `set`, and what its cgroup holds. New
 * ones come at the end. */
void members_find(struct govd *g, const struct session *s, struct proc_set *set);
/* False: it is gone, or may not be signalled (errno tells). No reused number is ever hit. */
bool member_signal(const struct proc_member *m, int signo);

/* ---- ending.c */
/* The watched process of a session that is being ended has ended: looks at once what is left. */
void ending_look(struct govd *g, struct session *s);

/* ---- cgroup.c: a cgroup v2 folder that one run has for itself */
/* Of the process, when its last part is `unit`; absolute, caller frees; NULL: none, or not ours to
 * write. */
char *cgroup_of(int32_t pid, const char *unit);
bool cgroup_freeze(const char *folder, bool frozen);
bool cgroup_is_frozen(const char *folder); /* the kernel says that every process in it is */
bool cgroup_kill(const char *folder);
bool cgroup_holds(const char *folder, int32_t pid);
void cgroup_members(const char *folder, struct proc_set *set);

/* ---- guardians.c */
/* The process of a session from `checkrein run` ended. True: others of it live on and are followed.
 */
bool guardian_gone(struct govd *g, struct session *s);
const char *guarded_end(
    const struct session *s); /* in words; NULL: it is no such session, or nothing was told */
/* Who may not be ended with it: this daemon runs under it. */
bool guarded_is_ours(const struct session *s);

#endif
