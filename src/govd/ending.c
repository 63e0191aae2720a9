/* ending.c - ends the processes of an agent: SIGTERM to all of them, SIGKILL after the grace, and
 * it is over when none is left.
 *
 * The tree is read before the first signal, so that children which outlive their parent are still
 * known, and again at every look, so that what they start meanwhile is ended too. Not found is a
 * child that had left its parent, its process group and its session before all this (a daemon of
 * its own); below a guardian there is none, because that inherits them. The guardian itself is let
 * be: it ends when nothing is left below it, and gives the terminal back.
 *
 * What is frozen is not let run again in order to end: it is killed. What its user has suspended is
 * woken up to end.
 */
#include "procs_priv.h"

#include <signal.h>

#include "checkrein/clock.h"
#include "checkrein/log.h"

#define LOOK_MS        50
#define LOOK_SELDOM_MS 1000
#define PATIENCE_US    5000000 /* after SIGKILL; from then on it is looked at seldom, and said */
#define GUARDIAN_US    5000000 /* for a guardian to end when nothing is left below it */

struct ending {
    struct govd *govd;
    session_ref session;
    struct proc_set set;
    int64_t kill_us;  /* monotonic */
    int64_t empty_us; /* since when only the guardian is left; 0: not yet */
    bool said;
    loop_id timer;
    struct ending *next;
};

static bool is_suspended(const struct proc_member *m)
{
    struct proc_stat st;
    return proc_read(m->pid, &st) && proc_is_still(&st);
}

static void ask_to_end(const struct proc_member *m)
{
    (void)proc_signal(m, SIGTERM);
    if (is_suspended(m)) {
        (void)proc_signal(m, SIGCONT);
    }
}

/* Takes in, and asks to end, what is not known yet. When it is time to kill nothing is asked any
 * more. */
static void take_in(struct ending *e)
{
    size_t known = e->set.count;
    members_find(e->govd, session_at(e->govd, e->session), &e->set);
    for (size_t i = known; i < e->set.count && clock_mono_us() < e->kill_us; i++) {
        ask_to_end(&e->set.item[i]);
    }
}

static void ending_free(struct ending *e)
{
    loop_remove(e->govd->loop, e->timer);
    proc_set_release(&e->set);
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
    const struct guarded *u = session_at(e->govd, e->session)->guarded;
    if (u && u->cgroup) {
        (void)cgroup_kill(u->cgroup);
    }
    for (size_t i = 0; i < e->set.count; i++) {
        (void)proc_signal(&e->set.item[i], SIGKILL);
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

static bool has_guardian(const struct session *s)
{
    return s->guarded && !s->guarded->orphaned && proc_alive(s->pid, s->pid_start);
}

/* Nothing is left below the guardian. It is woken up if its user has suspended it, and ended when
 * it does not end. */
static void await_guardian(struct ending *e, const struct session *s, int64_t now)
{
    struct proc_member guardian = {s->pid, s->pid_start};
    e->empty_us = e->empty_us ? e->empty_us : now;
    if (is_suspended(&guardian)) {
        (void)proc_signal(&guardian, SIGCONT);
    }
    if (now >= e->empty_us + GUARDIAN_US) {
        (void)proc_signal(&guardian, SIGKILL);
    }
}

static void look(void *ctx);

static void look_again(struct ending *e, int64_t delay_ms)
{
    loop_remove(e->govd->loop, e->timer);
    e->timer = loop_timer(e->govd->loop, delay_ms, look, e);
}

static void look(void *ctx)
{
    struct ending *e = ctx;
    struct govd *g = e->govd;
    struct session *s = session_at(g, e->session);
    int64_t now = clock_mono_us();
    e->timer = 0;
    proc_set_drop_dead(&e->set);
    take_in(e);
    if (e->set.count == 0 && !has_guardian(s)) {
        ending_over(e);
        proc_gone(g, s, "its processes are gone");
        return;
    }
    if (e->set.count == 0) {
        await_guardian(e, s, now);
    } else if (now >= e->kill_us) {
        kill_all(e);
    }
    bool stubborn = now >= e->kill_us + PATIENCE_US;
    if (stubborn) {
        say_stubborn(e);
    }
    look_again(e, stubborn ? LOOK_SELDOM_MS : LOOK_MS);
}

static struct ending *ending_of(const struct govd *g, const struct session *s)
{
    struct ending *e = g->endings;
    while (e && e->session != s->ref) {
        e = e->next;
    }
    return e;
}

void ending_look(struct govd *g, struct session *s)
{
    struct ending *e = ending_of(g, s);
    if (e) {
        look_again(e, 0);
    }
}

static bool is_not_to_be_ended(struct govd *g, struct session *s)
{
    if (s->guarded ? !guarded_is_ours(s) : !proc_is_ours(g, s->pid)) {
        return false;
    }
    publish_signal(
        g, s, SEVERITY_EMERGENCY,
        "it named a process that this daemon or a console runs under: that is not ended");
    proc_unwatch(g, s);
    s->pid = 0;
    return true;
}

static bool begin(struct govd *g, struct session *s, int64_t grace_ms)
{
    int64_t kill_us = clock_mono_us() + (freeze_drop(g, s) ? 0 : grace_ms * 1000);
    struct ending *e = ending_of(g, s);
    if (e) {
        e->kill_us = kill_us < e->kill_us ? kill_us : e->kill_us;
        look_again(e, 0);
        return true;
    }
    if (is_not_to_be_ended(g, s)) {
        return false;
    }
    e = xcalloc(1, sizeof(*e));
    e->govd = g;
    e->session = s->ref;
    e->kill_us = kill_us;
    e->next = g->endings;
    g->endings = e;
    s->ending = true;
    take_in(e); /* before the first one ends, and its children are nobody's */
    if (clock_mono_us() >= kill_us) {
        kill_all(e);
    }
    look_again(e, LOOK_MS);
    return true;
}

bool proc_end(struct govd *g, struct session *s)
{
    return begin(g, s, g->conf->serve.stop_grace_ms);
}

bool proc_kill(struct govd *g, struct session *s)
{
    return begin(g, s, 0);
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
