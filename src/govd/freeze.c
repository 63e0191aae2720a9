/* freeze.c - suspends the processes of an agent where they are, and lets them go on.
 *
 *   STOPPING  SIGSTOP to whatever moves, look again, until two looks in a row find all of them
 * stopped: one look reads /proc entry by entry, and a process not read yet may have made one behind
 * it KEEPING   looks now and then: what somebody has continued is stopped again, and said THAWING
 * SIGCONT to what was stopped from here, until it is seen running
 *
 * Where the run has a cgroup of its own the kernel freezes that as a whole; SIGSTOP is for what is
 * not in it. What cannot be stopped (another user's, or waiting in the kernel) is counted and
 * named: "frozen 5 of 6".
 */
#include "procs_priv.h"

#include <errno.h>
#include <signal.h>

#include "checkrein/clock.h"

#define LOOK_MS     20
#define KEEP_MS     1000
#define PATIENCE_US 3000000 /* then what could not be done is said */
#define CLEAN_LOOKS 2

enum phase { STOPPING, KEEPING, THAWING };

struct freezer {
    struct govd *govd;
    session_ref session;
    struct proc_set all;     /* that belong to it */
    struct proc_set stopped; /* of these, by us: what its user has suspended stays so */
    enum phase phase;
    unsigned clean; /* looks in a row that found nothing moving */
    int64_t until_us;
    int64_t told_us;
    char fault[96]; /* why the last one that moves cannot be stopped */
    loop_id timer;
    struct freezer *next;
};

static struct freezer *freezer_of(const struct govd *g, const struct session *s)
{
    struct freezer *f = g->freezers;
    while (f && f->session != s->ref) {
        f = f->next;
    }
    return f;
}

static void freezer_free(struct freezer *f)
{
    loop_remove(f->govd->loop, f->timer);
    proc_set_release(&f->all);
    proc_set_release(&f->stopped);
    free(f);
}

static void freezer_over(struct freezer *f)
{
    struct freezer **link = &f->govd->freezers;
    while (*link != f) {
        link = &(*link)->next;
    }
    *link = f->next;
    freezer_free(f);
}

static const char *cgroup_of_session(const struct session *s)
{
    return s->guarded ? s->guarded->cgroup : NULL;
}

/* A process in a frozen cgroup is shown as sleeping. */
static bool is_still(const struct session *s, const struct proc_stat *p)
{
    const char *folder = cgroup_of_session(s);
    return proc_is_still(p) || (folder && cgroup_holds(folder, p->pid) && cgroup_is_frozen(folder));
}

static bool is_in_cgroup(const struct session *s, int32_t pid)
{
    const char *folder = cgroup_of_session(s);
    return folder && cgroup_holds(folder, pid);
}

static void stop_one(struct freezer *f, const struct session *s, const struct proc_member *m,
                     char state)
{
    if (is_in_cgroup(s, m->pid)) {
        (void)cgroup_freeze(cgroup_of_session(s), true);
        return;
    }
    if (!member_signal(m, SIGSTOP)) {
        (void)snprintf(f->fault, sizeof(f->fault), "process %d %s", m->pid,
                       errno == EPERM ? "is another user's" : "cannot be signalled");
        return;
    }
    proc_set_add(&f->stopped, m->pid, m->start);
    if (state == 'D') {
        (void)snprintf(f->fault, sizeof(f->fault), "process %d waits in the kernel", m->pid);
    }
}

static void say_continued(struct freezer *f, struct session *s)
{
    if (may_tell(&f->told_us)) {
        publish_signal(f->govd, s, SEVERITY_HIGH,
                       "a frozen process was continued by somebody else: it is stopped again");
    }
}

/* How many of them move; each of these is told to stop. */
static size_t stop_what_moves(struct freezer *f, struct session *s)
{
    size_t moving = 0;
    proc_set_drop_dead(&f->all);
    members_find(f->govd, s, &f->all);
    for (size_t i = 0; i < f->all.count; i++) {
        const struct proc_member *m = &f->all.item[i];
        struct proc_stat p;
        if (!proc_read(m->pid, &p) || p.start != m->start || proc_has_ended(&p) ||
            is_still(s, &p)) {
            continue;
        }
        if (f->phase == KEEPING &&
            (proc_set_has(&f->stopped, m->pid, m->start) || is_in_cgroup(s, m->pid))) {
            say_continued(f, s);
        }
        moving++;
        stop_one(f, s, m, p.state);
    }
    return moving;
}

static void all_are_still(struct freezer *f, struct session *s)
{
    char text[128];
    f->phase = KEEPING;
    s->frozen = true;
    (void)snprintf(text, sizeof(text), "frozen: %zu of %zu processes are seen stopped%s",
                   f->all.count, f->all.count, cgroup_of_session(s) ? ", by their cgroup" : "");
    session_seen(f->govd, s, VERB_FREEZE, text + strlen("frozen: "));
    session_seen(f->govd, s, VERB_PAUSE, text + strlen("frozen: "));
    session_settle(f->govd, s, text);
    session_settle_helpers(f->govd, s, "frozen with its parent");
}

static void say_not_all(struct freezer *f, struct session *s, size_t moving)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "frozen %zu of %zu: %s", f->all.count - moving, f->all.count,
                   f->fault[0] ? f->fault : "the rest still moves");
    session_missed(f->govd, s, VERB_FREEZE, COMMAND_FAILED, text);
    session_missed(f->govd, s, VERB_PAUSE, COMMAND_FAILED, text);
    publish_signal(f->govd, s, SEVERITY_EMERGENCY, text);
    f->until_us = INT64_MAX;
}

static int64_t look_stopping(struct freezer *f, struct session *s)
{
    size_t moving = stop_what_moves(f, s);
    f->clean = moving || !f->all.count ? 0 : f->clean + 1;
    if (f->clean >= CLEAN_LOOKS) {
        all_are_still(f, s);
        return KEEP_MS;
    }
    if (clock_mono_us() >= f->until_us) {
        say_not_all(f, s, moving);
    }
    return f->until_us == INT64_MAX ? KEEP_MS : LOOK_MS;
}

static int64_t look_keeping(struct freezer *f, struct session *s)
{
    (void)stop_what_moves(f, s);
    return KEEP_MS;
}

/* Not by us: its user has stopped them, or a daemon that ended before it could record it. */
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

static void all_go_on(struct freezer *f, struct session *s)
{
    char text[128] = "its processes go on, and its gate is open";
    size_t others = stopped_by_others(f);
    if (others) {
        (void)snprintf(text, sizeof(text),
                       "its gate is open; %zu of %zu processes were stopped before the freeze, and "
                       "stay so",
                       others, f->all.count);
    }
    session_seen(f->govd, s, VERB_RESUME, text);
}

/* -1: done. */
static int64_t look_thawing(struct freezer *f, struct session *s)
{
    proc_set_drop_dead(&f->stopped);
    size_t still = 0;
    for (size_t i = 0; i < f->stopped.count; i++) {
        struct proc_stat p;
        still += proc_read(f->stopped.item[i].pid, &p) && proc_is_still(&p);
    }
    const char *folder = cgroup_of_session(s);
    bool cold = folder && cgroup_is_frozen(folder);
    if (!still && !cold) {
        all_go_on(f, s);
        return -1;
    }
    if (clock_mono_us() >= f->until_us) {
        session_missed(f->govd, s, VERB_RESUME, COMMAND_FAILED,
                       "some of its processes are still stopped");
        return -1;
    }
    return LOOK_MS;
}

static void look(void *ctx)
{
    static int64_t (*const LOOKS[])(struct freezer * f, struct session * s) = {
        [STOPPING] = look_stopping,
        [KEEPING] = look_keeping,
        [THAWING] = look_thawing,
    };
    struct freezer *f = ctx;
    int64_t next_ms = LOOKS[f->phase](f, session_at(f->govd, f->session));
    if (next_ms < 0) {
        f->timer = 0;
        freezer_over(f);
    } else {
        f->timer = loop_timer(f->govd->loop, next_ms, look, f);
    }
}

static struct freezer *begin(struct govd *g, struct session *s)
{
    if (!s->pid || !proc_alive(s->pid, s->pid_start) ||
        (s->guarded ? guarded_is_ours(s) : proc_is_ours(g, s->pid))) {
        return NULL;
    }
    struct freezer *f = freezer_of(g, s);
    if (!f) {
        f = xcalloc(1, sizeof(*f));
        f->govd = g;
        f->session = s->ref;
        f->next = g->freezers;
        g->freezers = f;
    }
    loop_remove(g->loop, f->timer);
    f->phase = STOPPING;
    f->clean = 0;
    f->until_us = clock_mono_us() + PATIENCE_US;
    if (cgroup_of_session(s)) {
        (void)cgroup_freeze(cgroup_of_session(s), true);
    }
    return f;
}

bool freeze_begin(struct govd *g, struct session *s)
{
    struct freezer *f = begin(g, s);
    if (f) {
        look(f);
    }
    return f != NULL;
}

void freeze_resume(struct govd *g)
{
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *s = g->sessions[i];
        struct freezer *f = s->gate == GATE_FREEZE && !s->ending ? begin(g, s) : NULL;
        if (f) {
            members_find(g, s, &f->stopped); /* by the daemon before */
            look(f);
        }
    }
}

void freeze_end(struct govd *g, struct session *s)
{
    struct freezer *f = freezer_of(g, s);
    s->frozen = false;
    if (!f) {
        session_seen(g, s, VERB_RESUME, "its gate is open");
        return;
    }
    loop_remove(g->loop, f->timer);
    if (cgroup_of_session(s)) {
        (void)cgroup_freeze(cgroup_of_session(s), false);
    }
    for (size_t i = 0; i < f->stopped.count; i++) {
        (void)member_signal(&f->stopped.item[i], SIGCONT);
    }
    f->phase = THAWING;
    f->until_us = clock_mono_us() + PATIENCE_US;
    f->timer = loop_timer(g->loop, LOOK_MS, look, f);
}

bool freeze_drop(struct govd *g, struct session *s)
{
    struct freezer *f = freezer_of(g, s);
    s->frozen = false;
    bool was = f != NULL;
    if (f) {
        freezer_over(f);
    }
    return was;
}

void freezers_release(struct govd *g)
{
    struct freezer *f = g->freezers;
    g->freezers = NULL;
    while (f) {
        struct freezer *next = f->next;
        freezer_free(f);
        f = next;
    }
}
