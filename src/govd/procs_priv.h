/* procs_priv.h - what procs.c, tree.c and ending.c share: one process as /proc tells of it.
 */
#ifndef PROCS_PRIV_H
#define PROCS_PRIV_H

#include "govd_priv.h"

struct proc_stat {
    int32_t pid, ppid;
    int32_t group, session; /* pids of their leaders */
    uint64_t start;
    char state;
};

bool proc_read(int32_t pid, struct proc_stat *out);

/* ---- tree.c: every process at one moment; read at most once a turn of the loop */
struct tree {
    struct proc_stat *proc; /* by pid */
    bool *below;            /* of each, after tree_mark() */
    size_t count, cap, below_cap;
    int64_t read_us; /* the turn that it was read in; 0: never */
};

struct tree *tree_now(struct govd *g);
/* Marks these processes, all below them, and those whose group or session one of them leads: a child that
 * was left behind by its parent keeps them. */
void tree_mark(struct tree *t, const int32_t *roots, size_t count);

/* ---- ending.c */
/* The watched process of a session that is being ended has ended: looks at once what is left. */
void ending_look(struct govd *g, struct session *s);

#endif
