/* ending.c - ends the processes of an agent: SIGTERM to all of them, SIGKILL after the grace, and it is over when
 * none is left.
 *
 * The tree is read before the first signal, so that children which outlive their parent are still known, and again
 * at every look, so that what they start meanwhile is ended too. Not found is a child that had left its parent, its
 * process group and its session before all this (a daemon of its own).
 */
#include "procs_priv.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checkrein/clock.h"
#include "checkrein/log.h"

#define LOOK_MS        50
#define LOOK_SELDOM_MS 1000
#define PATIENCE_US    5000000 /* after SIGKILL; from then on it is looked at seldom, and said */

struct member {
    int32_t pid;
    uint64_t start;
};

struct ending {
    struct govd *govd;
    session_ref session;
    struct member *member;
    size_t count, cap;
    int64_t kill_us; /* monotonic */
    bool said;
    loop_id timer;
    struct ending *next;
};

static void signal_one(const struct member *m, int signo)
{
    int fd = (int)syscall(SYS_pidfd_open, m->pid, 0);
    if (fd < 0) {
        return;
    }
    /* The pidfd pins the process: compare the start time now, and no reused number is hit. */
    if (proc_start_time(m->pid) == m->start) {
        (void)syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0);
    }
    (void)close(fd);
}

static bool is_member(const struct ending *e, const struct proc_stat *p)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->member[i].pid == p->pid && e->member[i].start == p->start) {
            return true;
        }
    }
    return false;
}

static void drop_dead(struct ending *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->count; i++) {
        if (proc_alive(e->member[i].pid, e->member[i].start)) {
            e->member[kept++] = e->member[i];
        }
    }
    e->count = kept;
}

/* Also when a group or session should make it look so: this daemon and its consoles are nobody's children. */
static bool is_spared(const struct govd *g, int32_t pid)
{
    bool spared = pid == (int32_t)getpid();
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        spared |= g->consoles[i].id && g->consoles[i].peer_pid == pid;
    }
    return spared;
}

/* Takes in, and asks to end, what is below the members and not known yet. */
static void take_in(struct ending *e)
{
    struct tree *t = tree_now(e->govd);
    int32_t *roots = xcalloc(e->count + 1, sizeof(*roots));
    for (size_t i = 0; i < e->count; i++) {
        roots[i] = e->member[i].pid;
    }
    tree_mark(t, roots, e->count);
    free(roots);
    for (size_t i = 0; i < t->count; i++) {
        const struct proc_stat *p = &t->proc[i];
        if (t->below[i] && p->state != 'Z' && !is_member(e, p) && !is_spared(e->govd, p->pid)) {
            GROW(e->member, e->cap, e->count + 1);
            e->member[e->count++] = (struct member){p->pid, p->start};
            signal_one(&e->member[e->count - 1], SIGTERM);
        }
    }
}

static void ending_free(struct ending *e)
{
    loop_remove(e->govd->loop, e->timer);
    free(e->member);
    free(e);
}

static void ending_over(struct ending *e)
{
    struct ending **link = &e->govd->endings;
    while (*link != e) {
        link = &(*link)->next;
    }
    *link = e->next;
    ending_free(e);
}

static void kill_all(const struct ending *e)
{
    for (size_t i = 0; i < e->count; i++) {
        signal_one(&e->member[i], SIGKILL);
    }
}

static void say_stubborn(struct ending *e)
{
    if (!e->said) {
        e->said = true;
        publish_signal(e->govd, session_at(e->govd, e->session), SEVERITY_EMERGENCY,
                       "its processes do not end, not even by SIGKILL");
    }
}

static void look(void *ctx)
{
    struct ending *e = ctx;
    struct govd *g = e->govd;
    int64_t now = clock_mono_us();
    bool kill_now = now >= e->kill_us;
    e->timer = 0;
    drop_dead(e);
    if (e->count == 0) {
        session_ref ref = e->session;
        ending_over(e);
        proc_gone(g, session_at(g, ref), "its processes are gone");
        return;
    }
    take_in(e);
    if (kill_now) {
        kill_all(e);
    }
    bool stubborn = now >= e->kill_us + PATIENCE_US;
    if (stubborn) {
        say_stubborn(e);
    }
    e->timer = loop_timer(g->loop, stubborn ? LOOK_SELDOM_MS : LOOK_MS, look, e);
}

void ending_look(struct govd *g, struct session *s)
{
    for (struct ending *e = g->endings; e; e = e->next) {
        if (e->session == s->ref) {
            loop_remove(g->loop, e->timer);
            e->timer = loop_timer(g->loop, 0, look, e);
        }
    }
}

bool proc_end(struct govd *g, struct session *s)
{
    if (s->ending) {
        return true;
    }
    if (proc_is_ours(g, s->pid)) {
        publish_signal(g, s, SEVERITY_EMERGENCY,
                       "it named a process that this daemon or a console runs under: that is not ended");
        proc_unwatch(g, s);
        s->pid = 0;
        return false;
    }
    struct ending *e = xcalloc(1, sizeof(*e));
    e->govd = g;
    e->session = s->ref;
    e->kill_us = clock_mono_us() + g->conf->serve.stop_grace_ms * 1000;
    e->next = g->endings;
    g->endings = e;
    s->ending = true;
    GROW(e->member, e->cap, 1);
    e->member[e->count++] = (struct member){s->pid, s->pid_start};
    take_in(e); /* before the first one ends, and its children are nobody's */
    signal_one(&e->member[0], SIGTERM);
    e->timer = loop_timer(g->loop, LOOK_MS, look, e);
    return true;
}

/* Who was told to end them is going away: no grace any more. */
void endings_release(struct govd *g)
{
    struct ending *e = g->endings;
    g->endings = NULL;
    while (e) {
        struct ending *next = e->next;
        kill_all(e);
        ending_free(e);
        e = next;
    }
}
