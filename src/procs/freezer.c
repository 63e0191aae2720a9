/* freezer.c - suspends processes where they are, and lets them go on.
 *
 *   STOPPING  SIGSTOP to whatever moves, look again, until two looks in a row find all of them
 *             stopped: one look reads /proc entry by entry, and a process not read yet may have
 *             made one behind it
 *   KEEPING   looks now and then: what somebody has continued is stopped again, and said
 *   THAWING   SIGCONT to what was stopped from here, until it is seen running
 */
#include "checkrein/procs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"

#define LOOK_MS     20
#define KEEP_MS     1000
#define PATIENCE_US 3000000 /* then what could not be done is said */
#define TELL_US     10000000
#define CLEAN_LOOKS 2

enum phase { STOPPING, KEEPING, THAWING };

struct freezer {
    struct loop *loop;
    const struct freezer_events *events;
    void *ctx;
    struct proc_set all;     /* that belong to it */
    struct proc_set stopped; /* of these, by us: what its user has suspended stays so */
    enum phase phase;
    unsigned clean; /* looks in a row that found nothing moving */
    int64_t until_us;
    int64_t tell_from_us; /* that somebody continues them is not told before */
    char fault[96];       /* why the last one that moves cannot be stopped */
    loop_id timer;
};

static const char *cgroup(const struct freezer *f)
{
    return f->events->cgroup ? f->events->cgroup(f->ctx) : NULL;
}

static bool is_in_cgroup(const struct freezer *f, int32_t pid)
{
    const char *folder = cgroup(f);
    return folder && cgroup_holds(folder, pid);
}

/* A process in a frozen cgroup is shown as sleeping. */
static bool is_still(const struct freezer *f, const struct proc_stat *p)
{
    return proc_is_still(p) || (is_in_cgroup(f, p->pid) && cgroup_is_frozen(cgroup(f)));
}

static void stop_one(struct freezer *f, const struct proc_member *m, char state)
{
    if (is_in_cgroup(f, m->pid)) {
        (void)cgroup_freeze(cgroup(f), true);
        return;
    }
    if (!proc_signal(m, SIGSTOP)) {
        (void)snprintf(f->fault, sizeof(f->fault), "process %d %s", m->pid,
                       errno == EPERM ? "is another user's" : "cannot be signalled");
        return;
    }
    proc_set_add(&f->stopped, m->pid, m->start);
    if (state == 'D') {
        (void)snprintf(f->fault, sizeof(f->fault), "process %d waits in the kernel", m->pid);
    }
}

static void say_continued(struct freezer *f)
{
    int64_t now_us = clock_mono_us();
    if (now_us >= f->tell_from_us) {
        f->tell_from_us = now_us + TELL_US;
        f->events->continued(f->ctx);
    }
}

/* How many of them move; each of these is told to stop. */
static size_t stop_what_moves(struct freezer *f)
{
    size_t moving = 0;
    proc_set_drop_dead(&f->all);
    f->events->find(f->ctx, &f->all);
    for (size_t i = 0; i < f->all.count; i++) {
        const struct proc_member *m = &f->all.item[i];
        struct proc_stat p;
        if (!proc_read(m->pid, &p) || p.start != m->start || proc_has_ended(&p) ||
            is_still(f, &p)) {
            continue;
        }
        if (f->phase == KEEPING &&
            (proc_set_has(&f->stopped, m->pid, m->start) || is_in_cgroup(f, m->pid))) {
            say_continued(f);
        }
        moving++;
        stop_one(f, m, p.state);
    }
    return moving;
}

/* ---- looks: when to look again; -1: never */

static int64_t look_stopping(struct freezer *f)
{
    size_t moving = stop_what_moves(f);
    f->clean = moving || !f->all.count ? 0 : f->clean + 1;
    if (f->clean >= CLEAN_LOOKS) {
        f->phase = KEEPING;
        f->events->still(f->ctx, f->all.count);
        return KEEP_MS;
    }
    if (clock_mono_us() >= f->until_us) {
        f->until_us = INT64_MAX;
        f->events->moves(f->ctx, f->all.count - moving, f->all.count,
                         f->fault[0] ? f->fault : "the rest still moves");
    }
    return f->until_us == INT64_MAX ? KEEP_MS : LOOK_MS;
}

static int64_t look_keeping(struct freezer *f)
{
    (void)stop_what_moves(f);
    return KEEP_MS;
}

/* Not by us: its user has stopped them, or a program of ours that ended before it could record it.
 */
static size_t stopped_by_others(const struct freezer *f)
{
    size_t count = 0;
    for (size_t i = 0; i < f->all.count; i++) {
        const struct proc_member *m = &f->all.item[i];
        struct proc_stat p;
        count += proc_read(m->pid, &p) && p.start == m->start && !proc_has_ended(&p) &&
                 proc_is_still(&p);
    }
    return count;
}

static int64_t look_thawing(struct freezer *f)
{
    size_t still = 0;
    proc_set_drop_dead(&f->stopped);
    for (size_t i = 0; i < f->stopped.count; i++) {
        struct proc_stat p;
        still += proc_read(f->stopped.item[i].pid, &p) && proc_is_still(&p);
    }
    bool stuck = still || (cgroup(f) && cgroup_is_frozen(cgroup(f)));
    if (stuck && clock_mono_us() < f->until_us) {
        return LOOK_MS;
    }
    f->events->over(f->ctx, stopped_by_others(f), f->all.count, stuck);
    return -1;
}

static void look(void *ctx)
{
    static int64_t (*const LOOKS[])(struct freezer * f) = {
        [STOPPING] = look_stopping,
        [KEEPING] = look_keeping,
        [THAWING] = look_thawing,
    };
    struct freezer *f = ctx;
    f->timer = 0;
    int64_t next_ms = LOOKS[f->phase](f);
    if (next_ms >= 0) {
        f->timer = loop_timer(f->loop, next_ms, look, f);
    }
}

/* ---- what is asked of it */

struct freezer *freezer_new(struct loop *l, const struct freezer_events *ev, void *ctx)
{
    struct freezer *f = xcalloc(1, sizeof(*f));
    f->loop = l;
    f->events = ev;
    f->ctx = ctx;
    return f;
}

void freezer_free(struct freezer *f)
{
    if (f) {
        loop_remove(f->loop, f->timer);
        proc_set_release(&f->all);
        proc_set_release(&f->stopped);
        free(f);
    }
}

void freezer_stop(struct freezer *f)
{
    loop_remove(f->loop, f->timer);
    f->phase = STOPPING;
    f->clean = 0;
    f->until_us = clock_mono_us() + PATIENCE_US;
    if (cgroup(f)) {
        (void)cgroup_freeze(cgroup(f), true);
    }
    look(f);
}

void freezer_adopt(struct freezer *f)
{
    f->events->find(f->ctx, &f->stopped);
}

void freezer_go_on(struct freezer *f)
{
    loop_remove(f->loop, f->timer);
    if (cgroup(f)) {
        (void)cgroup_freeze(cgroup(f), false);
    }
    for (size_t i = 0; i < f->stopped.count; i++) {
        (void)proc_signal(&f->stopped.item[i], SIGCONT);
    }
    f->phase = THAWING;
    f->until_us = clock_mono_us() + PATIENCE_US;
    f->timer = loop_timer(f->loop, LOOK_MS, look, f);
}
