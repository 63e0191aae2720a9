/* freeze.c - suspends the processes of an agent where they are, and lets them go on: what a freezer
 * (procs.h) sees, as events and confirmations. Where the run has a cgroup of its own the kernel
 * freezes that as a whole. What cannot be stopped is counted and named: "frozen 5 of 6".
 */
#include "procs_priv.h"

struct frozen {
    struct govd *govd;
    session_ref session;
    struct freezer *freezer;
    struct frozen *next;
};

static struct frozen *frozen_of(const struct govd *g, const struct session *s)
{
    struct frozen *f = g->frozen;
    while (f && f->session != s->ref) {
        f = f->next;
    }
    return f;
}

static void frozen_free(struct frozen *f)
{
    freezer_free(f->freezer);
    free(f);
}

static void frozen_over(struct frozen *f)
{
    struct frozen **link = &f->govd->frozen;
    while (*link != f) {
        link = &(*link)->next;
    }
    *link = f->next;
    frozen_free(f);
}

static struct session *session_of(const struct frozen *f)
{
    return session_at(f->govd, f->session);
}

/* ---- what the freezer sees */

static void on_find(void *ctx, struct proc_set *all)
{
    const struct frozen *f = ctx;
    members_find(f->govd, session_of(f), all);
}

static const char *on_cgroup(void *ctx)
{
    const struct session *s = session_of(ctx);
    return s->guarded ? s->guarded->cgroup : NULL;
}

static void on_still(void *ctx, size_t count)
{
    struct frozen *f = ctx;
    struct session *s = session_of(f);
    char text[128];
    s->frozen = true;
    (void)snprintf(text, sizeof(text), "frozen: %zu of %zu processes are seen stopped%s", count,
                   count, on_cgroup(f) ? ", by their cgroup" : "");
    session_seen(f->govd, s, VERB_FREEZE, text + strlen("frozen: "));
    session_seen(f->govd, s, VERB_PAUSE, text + strlen("frozen: "));
    session_settle(f->govd, s, text);
    session_settle_helpers(f->govd, s, "frozen with its parent");
}

static void on_moves(void *ctx, size_t still, size_t count, const char *fault)
{
    struct frozen *f = ctx;
    struct session *s = session_of(f);
    char text[256];
    (void)snprintf(text, sizeof(text), "frozen %zu of %zu: %s", still, count, fault);
    session_missed(f->govd, s, VERB_FREEZE, COMMAND_FAILED, text);
    session_missed(f->govd, s, VERB_PAUSE, COMMAND_FAILED, text);
    publish_signal(f->govd, s, SEVERITY_EMERGENCY, text);
}

static void on_continued(void *ctx)
{
    struct frozen *f = ctx;
    publish_signal(f->govd, session_of(f), SEVERITY_HIGH,
                   "a frozen process was continued by somebody else: it is stopped again");
}

static void on_over(void *ctx, size_t others, size_t count, bool stuck)
{
    struct frozen *f = ctx;
    char text[160] = "its processes go on, and its gate is open";
    if (others) {
        (void)snprintf(text, sizeof(text),
                       "its gate is open; %zu of %zu processes were stopped before the freeze, and "
                       "stay so",
                       others, count);
    }
    if (stuck) {
        session_missed(f->govd, session_of(f), VERB_RESUME, COMMAND_FAILED,
                       "some of its processes are still stopped");
    } else {
        session_seen(f->govd, session_of(f), VERB_RESUME, text);
    }
    frozen_over(f);
}

static const struct freezer_events EVENTS = {.find = on_find,
                                             .cgroup = on_cgroup,
                                             .still = on_still,
                                             .moves = on_moves,
                                             .continued = on_continued,
                                             .over = on_over};

/* ---- what is asked of it */

static struct frozen *begin(struct govd *g, struct session *s)
{
    if (!s->pid || !proc_alive(s->pid, s->pid_start) ||
        (s->guarded ? guarded_is_ours(s) : proc_is_ours(g, s->pid))) {
        return NULL;
    }
    struct frozen *f = frozen_of(g, s);
    if (!f) {
        f = xcalloc(1, sizeof(*f));
        f->govd = g;
        f->session = s->ref;
        f->freezer = freezer_new(g->loop, &EVENTS, f);
        f->next = g->frozen;
        g->frozen = f;
    }
    return f;
}

bool freeze_begin(struct govd *g, struct session *s)
{
    struct frozen *f = begin(g, s);
    if (f) {
        freezer_stop(f->freezer);
    }
    return f != NULL;
}

void freeze_resume(struct govd *g)
{
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *s = g->sessions[i];
        struct frozen *f = s->gate == GATE_FREEZE && !s->ending ? begin(g, s) : NULL;
        if (f) {
            freezer_adopt(f->freezer); /* by the daemon before */
            freezer_stop(f->freezer);
        }
    }
}

void freeze_end(struct govd *g, struct session *s)
{
    struct frozen *f = frozen_of(g, s);
    s->frozen = false;
    if (f) {
        freezer_go_on(f->freezer);
    } else {
        session_seen(g, s, VERB_RESUME, "its gate is open");
    }
}

bool freeze_drop(struct govd *g, struct session *s)
{
    struct frozen *f = frozen_of(g, s);
    s->frozen = false;
    bool was = f != NULL;
    if (f) {
        frozen_over(f);
    }
    return was;
}

void freezers_release(struct govd *g)
{
    while (g->frozen) {
        struct frozen *next = g->frozen->next;
        frozen_free(g->frozen);
        g->frozen = next;
    }
}
