/* guardians.c - agents that `checkrein run` started: everything below one guardian process.
 *
 * The guardian is a subreaper: what its descendants leave behind becomes its child, so descent from
 * it is the whole truth as long as it lives, and the kernel tells it. Now and then the tree is
 * written down. When the guardian dies first, what was written down is followed, with all that
 * keeps its process groups, sessions or cgroup; what leaves those later has escaped, and that is
 * said.
 */
#include "procs_priv.h"

#include <unistd.h>

#include "checkrein/log.h"

#define LOOK_MS       1000
#define ANCESTORS_MAX 64
#define DESCENT_TRIES 3 /* an ancestor may end while they are read */

/* ---- the list of them */

static bool has_guardian(const struct session *s)
{
    return s->guarded && !s->guarded->orphaned && s->pid > 0;
}

static struct session *of_guardian(const struct govd *g, int32_t pid)
{
    for (size_t i = 0; i < g->guarded_count; i++) {
        struct session *s = session_at(g, g->guarded[i]);
        if (has_guardian(s) && s->pid == pid && proc_start_time(pid) == s->pid_start) {
            return s;
        }
    }
    return NULL;
}

struct session *guarded_of(const struct govd *g, int32_t pid)
{
    struct proc_stat st;
    for (int i = 0; g->guarded_count && i < ANCESTORS_MAX && pid > 1; i++) {
        struct session *s = of_guardian(g, pid);
        if (s) {
            return s;
        }
        if (!proc_read(pid, &st)) {
            return NULL;
        }
        pid = st.ppid;
    }
    return NULL;
}

/* ---- who may be one of them */

/* What the runs whose guardian died are now. */
static struct proc_set orphans_now(struct govd *g)
{
    struct proc_set all = {0};
    for (size_t i = 0; i < g->guarded_count; i++) {
        const struct session *s = session_at(g, g->guarded[i]);
        if (s->guarded->orphaned) {
            members_find(g, s, &all);
        }
    }
    return all;
}

/* Its ancestors, one after the other. A reading that breaks off, because one of them has just
 * ended, or that does not come to an end, tells nothing. */
static enum descent descent_once(const struct govd *g, const struct proc_set *orphans, int32_t pid)
{
    struct proc_stat st;
    for (int i = 0; i < ANCESTORS_MAX && proc_read(pid, &st); i++) {
        if (of_guardian(g, pid) || proc_set_has(orphans, pid, st.start)) {
            return DESCENT_AGENT;
        }
        if (st.ppid <= 1) {
            return DESCENT_OTHER;
        }
        pid = st.ppid;
    }
    return DESCENT_UNKNOWN;
}

enum descent guarded_descent(struct govd *g, int32_t pid)
{
    enum descent d = g->guarded_count && pid > 1 ? DESCENT_UNKNOWN : DESCENT_OTHER;
    struct proc_set orphans = orphans_now(g);
    for (int tries = 0; d == DESCENT_UNKNOWN && tries < DESCENT_TRIES; tries++) {
        d = descent_once(g, &orphans, pid);
    }
    proc_set_release(&orphans);
    return d;
}

/* ---- looking */

static void find_cgroup(struct guarded *u)
{
    if (!u->cgroup && u->unit[0] && proc_alive(u->program.pid, u->program.start)) {
        u->cgroup = cgroup_of(u->program.pid, u->unit);
    }
}

void guarded_restore(struct govd *g, struct session *s, bool orphaned)
{
    struct proc_set all = {0};
    guarded_make(g, s);
    s->guarded->orphaned = orphaned;
    run_unit(s->id, s->guarded->unit, sizeof(s->guarded->unit));
    members_find(g, s, &all);
    for (size_t i = 0; i < all.count && !s->guarded->cgroup; i++) {
        s->guarded->cgroup = cgroup_of(all.item[i].pid, s->guarded->unit);
    }
    proc_set_release(&all);
}

static int by_guardian(const void *a, const void *b)
{
    int32_t left = (*(struct session *const *)a)->pid;
    int32_t right = (*(struct session *const *)b)->pid;
    return (left > right) - (left < right);
}

/* Of those that have a living guardian, by its pid. */
static size_t guardians_now(const struct govd *g, struct session **out)
{
    size_t count = 0;
    for (size_t i = 0; i < g->guarded_count; i++) {
        struct session *s = session_at(g, g->guarded[i]);
        if (has_guardian(s)) {
            out[count++] = s;
        }
    }
    qsort(out, count, sizeof(struct session *), by_guardian);
    return count;
}

static struct session *owner_of(const struct proc_tree *t, const struct proc_stat *p,
                                struct session *const *by_pid, size_t count)
{
    for (int i = 0; p && i < ANCESTORS_MAX && p->ppid > 1; i++) {
        struct session key = {.pid = p->ppid};
        struct session *want = &key;
        struct session *const *found =
            bsearch(&want, by_pid, count, sizeof(struct session *), by_guardian);
        if (found) {
            return *found;
        }
        p = proc_tree_find(t, p->ppid);
    }
    return NULL;
}

/* All guardians in one walk: each process is written down with whom it descends from. */
static void write_down(struct govd *g)
{
    struct session **guardians = xcalloc(g->guarded_count + 1, sizeof(struct session *));
    size_t count = guardians_now(g, guardians);
    struct proc_tree *t = tree_now(g);
    for (size_t i = 0; i < count; i++) {
        guardians[i]->guarded->known.count = 0;
    }
    for (size_t i = 0; count && i < t->count; i++) {
        struct session *s = owner_of(t, &t->proc[i], guardians, count);
        if (s && !proc_has_ended(&t->proc[i])) {
            struct proc_set *known = &s->guarded->known;
            GROW(known->item, known->cap, known->count + 1); /* each is met once */
            known->item[known->count++] = (struct proc_member){t->proc[i].pid, t->proc[i].start};
        }
    }
    free(guardians);
}

static void look(void *ctx)
{
    struct govd *g = ctx;
    write_down(g);
    for (size_t i = 0; i < g->guarded_count; i++) {
        struct session *s = session_at(g, g->guarded[i]);
        find_cgroup(s->guarded);
        if (s->guarded->orphaned) {
            members_find(g, s, &s->guarded->known);
        }
    }
    g->guarded_timer = g->guarded_count ? loop_timer(g->loop, LOOK_MS, look, g) : 0;
}

void guarded_make(struct govd *g, struct session *s)
{
    s->guarded = xcalloc(1, sizeof(*s->guarded));
    GROW(g->guarded, g->guarded_cap, g->guarded_count + 1);
    g->guarded[g->guarded_count++] = s->ref;
    if (!g->guarded_timer) {
        g->guarded_timer = loop_timer(g->loop, LOOK_MS, look, g);
    }
}

static void unlist(struct govd *g, session_ref ref)
{
    for (size_t i = 0; i < g->guarded_count; i++) {
        if (g->guarded[i] == ref) {
            g->guarded[i] = g->guarded[--g->guarded_count];
            return;
        }
    }
}

void guarded_drop(struct govd *g, struct session *s)
{
    struct guarded *u = s->guarded;
    s->guarded = NULL;
    if (u) {
        unlist(g, s->ref);
        proc_set_release(&u->known);
        free(u->cgroup);
        free(u->owner);
        free(u->on_behalf_of);
        free(u->task);
        free(u);
    }
}

const char *guarded_end(const struct session *s)
{
    return s->guarded && s->guarded->end[0] ? s->guarded->end : NULL;
}

bool guarded_is_ours(const struct session *s)
{
    return proc_is_ancestor(s->pid, (int32_t)getpid());
}

/* ---- hooks of what runs below it */

static void take_alias(struct govd *g, struct session *s, struct span id)
{
    if (s->alias && session_find(g, span_str(s->alias)) == s) {
        map_del(&g->session_by_id, span_str(s->alias));
    }
    session_set(&s->alias, id);
    s->kind = runtime_of_agent(id);
    map_put(&g->session_by_id, id, s->ref);
}

void guarded_take_name(struct govd *g, struct session *s)
{
    char id[512];
    const struct runtime *r = runtime_named(span_str(s->runtime));
    if (r && s->native &&
        snprintf(id, sizeof(id), "%s%s", r->id_prefix, s->native) < (int)sizeof(id) &&
        !session_find(g, span_str(id))) {
        take_alias(g, s, span_str(id));
    }
}

static bool is_alive(const struct proc_member *m)
{
    return m->pid > 0 && proc_alive(m->pid, m->start);
}

/* The runtime's own process as the hook names it; its ancestry is checked, so it is one of the
 * run's. */
static struct proc_member client_of(const struct http_head *head)
{
    int64_t pid = 0;
    struct proc_member m = {0, 0};
    if (num_parse(head->header(head, "x-checkrein-pid"), 2, INT32_MAX, &pid) == ST_OK &&
        proc_is_ancestor((int32_t)pid, head->peer_pid)) {
        m = (struct proc_member){(int32_t)pid, proc_start_time((int32_t)pid)};
    }
    return m;
}

/* Two clients below one guardian are two agents: the first is the run's own, the others have rows
 * of theirs. */
static bool is_anothers(const struct guarded *u, const struct proc_member *client)
{
    return is_alive(&u->client) && client->pid != u->client.pid;
}

/* A session that was stopped stays stopped when it is taken up again in a run. */
static void inherit_gate(struct govd *g, struct session *s, const struct session *before)
{
    const struct agent *told =
        before ? fleet_agent_by_id(g->fleet, BACKEND_SELF, span_str(before->id)) : NULL;
    enum gate_mode mode = told ? gate_find(fleet_span(g->fleet, told->traits->gate)) : GATE_OPEN;
    if (mode == GATE_REFUSE && s->gate != GATE_REFUSE) {
        session_gate(g, s, GATE_REFUSE);
    }
}

void guarded_adopt(struct govd *g, const struct http_head *head, struct span id)
{
    struct session *run = head->is_unix ? guarded_of(g, head->peer_pid) : NULL;
    struct session *known = session_find(g, id);
    if (!run || run == known) {
        return;
    }
    struct proc_member client = client_of(head);
    bool runs = known && known->state != AGENT_STOPPED && known->pid > 0 &&
                proc_alive(known->pid, known->pid_start);
    if (runs || is_anothers(run->guarded, &client)) {
        return;
    }
    run->guarded->client = client;
    inherit_gate(g, run, known);
    take_alias(g, run, id);
}

/* ---- the end of a guardian */

static const struct proc_member *heir_of(const struct guarded *u)
{
    for (size_t i = 0; i < u->known.count; i++) {
        if (u->known.item[i].pid == u->program.pid && u->known.item[i].start == u->program.start) {
            return &u->known.item[i];
        }
    }
    return u->known.count ? &u->known.item[0] : NULL;
}

static void say_orphaned(struct govd *g, struct session *s)
{
    char text[160];
    (void)snprintf(text, sizeof(text),
                   "its guardian died: %zu processes of it are followed; what leaves their "
                   "process groups from now on escapes",
                   s->guarded->known.count);
    publish_signal(g, s, SEVERITY_EMERGENCY, text);
}

/* Who is chosen may end before it is watched: a terminal that closes ends many at once. */
static bool follow_heir(struct govd *g, struct session *s)
{
    for (size_t tries = s->guarded->known.count; tries > 0; tries--) {
        const struct proc_member *heir = heir_of(s->guarded);
        if (!heir) {
            return false;
        }
        s->pid = heir->pid;
        s->pid_start = heir->start;
        proc_watch(g, s);
        if (s->pid) {
            return true;
        }
        proc_set_drop_dead(&s->guarded->known);
    }
    return false;
}

bool guardian_gone(struct govd *g, struct session *s)
{
    struct guarded *u = s->guarded;
    if (!u) {
        return false;
    }
    bool first = !u->orphaned;
    proc_set_drop_dead(&u->known);
    members_find(g, s, &u->known);
    u->orphaned = true;
    if (!follow_heir(g, s)) {
        if (first && !u->end[0]) {
            (void)span_copy(SPAN("its guardian died, and nothing that was seen below it is left"),
                            u->end, sizeof(u->end));
        }
        return false;
    }
    if (first) {
        say_orphaned(g, s);
    }
    session_announce(g, s, EVENT_AGENT_UPDATED);
    return true;
}
