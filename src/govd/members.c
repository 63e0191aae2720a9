/* members.c - which processes an agent is. */
#include "procs_priv.h"

#include <unistd.h>

/* Also when a group or session should make it look so: this daemon and its consoles are nobody's
 * children. What runs below a guardian was started there, and a console among it shields nobody. */
static bool is_spared(const struct govd *g, const struct session *s, int32_t pid)
{
    bool spared =
        pid == (int32_t)getpid() || (s->guarded && !s->guarded->orphaned && pid == s->pid);
    for (size_t i = 0; !s->guarded && i < CONSOLES_MAX; i++) {
        spared |= g->consoles[i].id && g->consoles[i].peer_pid == pid;
    }
    return spared;
}

struct roots {
    int32_t *pid;
    size_t count, cap;
};

static void root_add(struct roots *r, int32_t pid)
{
    GROW(r->pid, r->cap, r->count + 1);
    r->pid[r->count++] = pid;
}

/* A guardian's own group and session are its shell's: only its children count. */
static void roots_find(const struct proc_tree *t, const struct session *s,
                       const struct proc_set *set, struct roots *r)
{
    for (size_t i = 0; i < set->count; i++) {
        root_add(r, set->item[i].pid);
    }
    bool orphaned = s->guarded && s->guarded->orphaned;
    for (size_t i = 0; orphaned && i < s->guarded->known.count; i++) {
        const struct proc_member *m = &s->guarded->known.item[i];
        if (proc_alive(m->pid, m->start)) {
            root_add(r, m->pid);
        }
    }
    if (!proc_alive(s->pid, s->pid_start)) {
        return;
    }
    if (!s->guarded || orphaned) {
        root_add(r, s->pid);
        return;
    }
    for (size_t i = 0; i < t->count; i++) {
        if (t->proc[i].ppid == s->pid) {
            root_add(r, t->proc[i].pid);
        }
    }
}

struct proc_tree *tree_now(struct govd *g)
{
    if (g->tree_read_us != loop_now_us(g->loop)) {
        proc_tree_read(&g->tree);
        g->tree_read_us = loop_now_us(g->loop);
    }
    return &g->tree;
}

void members_find(struct govd *g, const struct session *s, struct proc_set *set)
{
    struct proc_tree *t = tree_now(g);
    struct roots roots = {0};
    roots_find(t, s, set, &roots);
    proc_tree_mark(t, roots.pid, roots.count);
    free(roots.pid);
    for (size_t i = 0; i < t->count; i++) {
        const struct proc_stat *p = &t->proc[i];
        if (t->below[i] && !proc_has_ended(p) && !is_spared(g, s, p->pid)) {
            proc_set_add(set, p->pid, p->start);
        }
    }
    if (s->guarded && s->guarded->cgroup) {
        cgroup_members(s->guarded->cgroup, set);
    }
}
