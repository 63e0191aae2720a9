/* run_priv.h - `checkrein run`: the guardian of one agent. One idea a file:
 *
 *   run.c       the subcommand: what is to be run, under which daemon
 *   runtimes.c  a row for each runtime that can be put behind the gate for one run
 *   claude.c, gemini.c, codex.c  how
 *   child.c     the program: forked, held until the daemon knows of it, then let go
 *   guard.c     the daemon's side: registers, notices that the daemon went away, tells the end
 *   screen.c    the terminal's side: a pty of the agent's own, passed through
 *   left.c      what the program leaves behind
 *   scope.c     a cgroup of its own where systemd gives one
 *   lease.c     a lease in place of the real key, where the daemon has an upstream for it
 *   lease_clients.c  how each client is told of it
 *   lease_settle.c   settings of its own that go before its environment
 *   lease_past.c     what would lead a client past it
 */
#ifndef RUN_PRIV_H
#define RUN_PRIV_H

#include "../app_priv.h"

#include <sys/types.h>

#include "checkrein/ulid.h"

#define RUN_WORDS_MAX 4096 /* of a command line, ours included */
#define RUN_ROOM      16   /* words that may still come in front of it */

struct run_plan {
    struct conf conf;
    const char *self;
    char id[ULID_BYTES];
    char *name, *on_behalf_of, *task, *cwd;
    const struct run_runtime *runtime;
    char version[32]; /* of the client; empty: not known */
    char *socket_path, *token_path;
    char *folder;        /* private to this run; goes away with it */
    char *settings_path; /* in it; NULL: this runtime gets none */
    char *settings;      /* that the person had given by hand; NULL: none */
    char **own;          /* words of ours in argv */
    size_t own_count, own_cap;
    char *unit;          /* of systemd; NULL: no cgroup of its own */
    const char *program; /* its basename */
    const char **argv;   /* NULL-ended, not owned words */
    int argc;
    char **env;                       /* NULL-ended, owned */
    bool keep;                        /* what it leaves behind is waited for, not ended */
    const struct lease_client *lease; /* NULL: it has its own key */
    const char *upstream, *scopes; /* of its lease, as given; NULL: by its dialect, and all of it */
};

/* ---- runtimes.c: a row for each runtime that can be put behind the gate for one run */
struct run_runtime {
    const char *name; /* basename of its command */
    bool hooks;       /* its calls are held; else only its processes are */
    /* Before anything is started: completes argv and env, and says why its calls would not be held.
     */
    enum status (*prepare)(struct run_plan *p, struct why *why);
    /* The daemon has said its port: writes what the program reads at its start. NULL: nothing. */
    enum status (*write)(const struct run_plan *p, int hook_port, struct why *why);
};
/* NULL name: by the program's basename. Never NULL: the last row is for any program. */
const struct run_runtime *run_runtime_find(const char *name);
const char *plan_env_get(const struct run_plan *p, const char *name); /* "" when it is not set */
void plan_env(struct run_plan *p, const char *name, const char *value);
void plan_env_append(struct run_plan *p, const char *name, const char *value); /* comma between */

/* ---- claude.c */
enum status claude_prepare(struct run_plan *p, struct why *why) MUST_USE;
enum status claude_write(const struct run_plan *p, int hook_port, struct why *why) MUST_USE;

/* ---- gemini.c */
enum status gemini_prepare(struct run_plan *p, struct why *why) MUST_USE;
enum status gemini_write(const struct run_plan *p, int hook_port, struct why *why) MUST_USE;

/* ---- codex.c */
enum status codex_prepare(struct run_plan *p, struct why *why) MUST_USE;

/* It is in no environment of this run any more, this process's own included. */
void plan_env_remove(struct run_plan *p, const char *name);
/* Words in front of the program's own, behind its name. */
void plan_insert(struct run_plan *p, const char *const *words, size_t count);

/* ---- lease.c: before the cgroup's words stand in front. ST_DENIED: an upstream was named and
 * there is none, or the daemon gives it no lease. */
enum status run_lease(struct run_plan *p, struct why *why) MUST_USE;

/* Settings of the client, JSON: `out` is `settings` with what it was given in place of what they
 * say, so that the environment stands. Without a lease, or for a client whose settings do not
 * count, they stay as they are. */
enum status run_lease_settle(const struct run_plan *p, struct buf *settings,
                             struct why *why) MUST_USE;

/* ---- scope.c */
/* True when systemd gives a scope here and now. */
bool scope_is_offered(void);

/* ---- screen.c: at most one; the terminal is put back by screen_close(), and by a crash */
struct screen;
/* NULL in *out: standard input and output are no terminal, and the program inherits them as they
 * are. */
enum status screen_open(struct screen **out, struct why *why) MUST_USE;
int screen_slave(const struct screen *s);   /* for the program's descriptors; -1: s is NULL */
void screen_forget_slave(struct screen *s); /* the program has it */
/* The terminal goes raw and everything is passed through, both ways. `program`: its process and
 * group. */
enum status screen_start(struct screen *s, struct loop *l, pid_t program, struct why *why) MUST_USE;
void screen_resized(struct screen *s);
/* The program was stopped: true when its user did that here; then the terminal is given back to who
 * started us until we are continued, and so is the program. */
bool screen_suspended(struct screen *s);
/* As Ctrl-Z: the program is told to stop. One that is stopped already is the operator's. */
void screen_suspend(struct screen *s);
/* We were stopped, and somebody else had the terminal meanwhile. */
void screen_continued(struct screen *s); /* NULL is fine */
void screen_drain(struct screen *s);     /* what the program wrote last */
void screen_close(struct screen *s);     /* NULL is fine */

/* ---- child.c */
struct child {
    pid_t pid;
    int go;    /* a byte lets it start, the end of it ends it */
    int fault; /* its errno when it could not be started */
};
/* A session of its own, on the slave when there is one. It waits. */
enum status child_fork(struct child *c, const struct run_plan *p, const struct screen *s,
                       struct why *why) MUST_USE;
/* ST_NOTFOUND, ST_DENIED or ST_IO: the program is not there, or cannot be run. */
enum status child_go(struct child *c, const struct run_plan *p, struct why *why) MUST_USE;
void child_give_up(struct child *c);

/* ---- left.c: processes that descend from this one */
/* Signals each (0: none); gives how many there are. */
size_t left_signal(int signo);

/* ---- guard.c: gives the exit code */
int guard_run(struct run_plan *p);

#endif
