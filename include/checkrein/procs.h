/* procs.h - processes of this machine, as the kernel tells of them: who descends from whom, who is
 * at the other end of a socket, and stopping them where they are.
 *
 * A process is its pid and its start time together: a number that is used again is another one.
 * Nothing here believes what a process says of itself.
 *
 * Thread: any; a freezer is its loop's.
 */
#ifndef CHECKREIN_PROCS_H
#define CHECKREIN_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/loop.h"
#include "checkrein/status.h"

/* ---- proc.c: one process */
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
bool proc_alive(int32_t pid, uint64_t start);
uint64_t proc_start_time(int32_t pid); /* 0: no such process */
bool proc_is_ancestor(int32_t ancestor, int32_t of);

/* ---- set.c */
struct proc_member {
    int32_t pid;
    uint64_t start;
};
struct proc_set { /* zeroed memory is empty */
    struct proc_member *item;
    size_t count, cap;
};
bool proc_set_has(const struct proc_set *set, int32_t pid, uint64_t start);
void proc_set_add(struct proc_set *set, int32_t pid, uint64_t start); /* not one that it has */
void proc_set_drop_dead(struct proc_set *set);
void proc_set_release(struct proc_set *set);
/* False: it is gone, or may not be signalled (errno tells). No reused number is ever hit. */
bool proc_signal(const struct proc_member *m, int signo);

/* ---- tree.c: every process at one moment */
struct proc_tree {          /* zeroed memory is empty */
    struct proc_stat *proc; /* by pid */
    bool *below;            /* of each, after proc_tree_mark() */
    size_t count, cap, below_cap;
};
void proc_tree_read(struct proc_tree *t);
void proc_tree_release(struct proc_tree *t);
/* NULL: it was not there. */
const struct proc_stat *proc_tree_find(const struct proc_tree *t, int32_t pid);
/* Marks these processes, all below them, and those whose group or session one of them leads: a
 * child that was left behind by its parent keeps them. */
void proc_tree_mark(struct proc_tree *t, const int32_t *roots, size_t count);

/* ---- cgroup.c: a cgroup v2 folder that one run has for itself */
/* Of the process, when its last part is `unit`; absolute, caller frees; NULL: none, or not ours to
 * write. */
char *cgroup_of(int32_t pid, const char *unit);
bool cgroup_freeze(const char *folder, bool frozen);
bool cgroup_is_frozen(const char *folder); /* the kernel says that every process in it is */
bool cgroup_kill(const char *folder);
bool cgroup_holds(const char *folder, int32_t pid);
void cgroup_members(const char *folder, struct proc_set *set);

/* ---- peer.c: the process that serves a socket of this machine */
/* ST_OK: the one process of this user that listens where this connected socket goes to. `said` is
 * the pid that the peer claims: it must be that one, and hold the other end of this connection
 * too. 0: it has said nothing yet, as one that is stopped cannot. Else `why` says what is not so.
 */
enum status proc_of_peer(int fd, int32_t said, struct proc_member *out, struct why *why) MUST_USE;
/* Name of its program, without the folder; empty: it cannot be read. */
void proc_program(int32_t pid, char *out, size_t bytes);

/* ---- freezer.c: SIGSTOP to all that belongs to one thing, seen to be done; SIGCONT the same
 *
 * It looks again until two looks in a row find all of them stopped, and then now and then: what
 * somebody has continued is stopped again, and said. What was stopped before stays so when the rest
 * goes on. Where a cgroup holds them the kernel freezes that as a whole. What cannot be stopped
 * (another user's, or waiting in the kernel) is counted and named. Callbacks come from timers, and
 * from inside freezer_stop(). */
struct freezer;
struct freezer_events {
    /* Adds all that belongs to it now and is not in `all`. */
    void (*find)(void *ctx, struct proc_set *all);
    const char *(*cgroup)(void *ctx); /* NULL, or gives NULL: there is none */
    void (*still)(void *ctx, size_t count);
    void (*moves)(void *ctx, size_t still, size_t count, const char *fault);
    void (*continued)(void *ctx);
    /* The end: all go on, but `others` that were stopped before; or some are stuck. The freezer
     * does nothing more, and may be freed inside. */
    void (*over)(void *ctx, size_t others, size_t count, bool stuck);
};
/* NULL-safe: freezer_free(). Freeing one leaves what is frozen as it is. */
struct freezer *freezer_new(struct loop *l, const struct freezer_events *ev, void *ctx);
void freezer_free(struct freezer *f);
void freezer_stop(struct freezer *f);
/* What is stopped now was so by us, before this program began. */
void freezer_adopt(struct freezer *f);
void freezer_go_on(struct freezer *f);

#endif
