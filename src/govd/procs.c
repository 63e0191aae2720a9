/* procs.c - processes of agents: which are ours, which are gone.
 *
 * A process is its pid and its start time together. It is watched through a pidfd, so its end is
 * seen, not polled for.
 */
#include "procs_priv.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "checkrein/log.h"

/* An agent may name any process that it descends from, but not one that the daemon or an operator's
 * console runs under as well, such as the terminal multiplexer that holds them all. */
bool proc_is_ours(const struct govd *g, int32_t pid)
{
    if (proc_is_ancestor(pid, (int32_t)getpid())) {
        return true;
    }
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        if (g->consoles[i].id && proc_is_ancestor(pid, g->consoles[i].peer_pid)) {
            return true;
        }
    }
    return false;
}

/* ---- watching */

void proc_unwatch(struct govd *g, struct session *s)
{
    if (s->watch) {
        loop_remove(g->loop, s->watch);
        s->watch = 0;
    }
    if (s->pidfd >= 0) {
        (void)close(s->pidfd);
        s->pidfd = -1;
    }
}

static void over(struct govd *g, struct session *s, const char *reason)
{
    gate_forget(g, s, "the process ended before it reported this call");
    gate_withdraw_all(g, s->ref);
    publish_state(g, s, AGENT_STOPPED, reason);
    session_seen(g, s, VERB_STOP, reason);
    session_seen(g, s, VERB_KILL, reason);
}

void proc_gone(struct govd *g, struct session *s, const char *reason)
{
    proc_unwatch(g, s);
    s->pid = 0;
    s->ending = false;
    (void)freeze_drop(g, s);
    over(g, s, reason);
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *child = g->sessions[i];
        if (child->parent == s->ref && child->state != AGENT_STOPPED) {
            over(g, child, "the process of its parent ended");
        }
    }
    if (s->guarded) {
        leases_end(g, span_str(s->id), "its run is over");
    }
    guarded_drop(g, s); /* `reason` may be of it */
    stop_count(g);
}

static void on_exit_seen(void *ctx, int fd, unsigned ready)
{
    (void)fd;
    (void)ready;
    struct session *s = ctx;
    struct govd *g = s->govd;
    proc_unwatch(g, s);
    if (s->ending) {
        ending_look(g, s); /* those below it may live on */
    } else if (!guardian_gone(g, s)) {
        const char *told = guarded_end(s);
        proc_gone(g, s, told ? told : "its process ended");
    }
}

void proc_watch(struct govd *g, struct session *s)
{
    s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
    if (s->pidfd < 0 || !s->pid_start || proc_start_time(s->pid) != s->pid_start) {
        proc_unwatch(g, s);
        s->pid = 0;
        return;
    }
    if (loop_fd_add(g->loop, s->pidfd, LOOP_READ, on_exit_seen, s, &s->watch) != ST_OK) {
        log_write(LOG_WARN, "a process cannot be watched");
        proc_unwatch(g, s);
        s->pid = 0;
    }
}
