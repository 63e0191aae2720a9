#include "procs_priv.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

bool member_signal(const struct proc_member *m, int signo)
{
    int fd = (int)syscall(SYS_pidfd_open, m->pid, 0);
    if (fd < 0) {
        return false;
    }
    /* The pidfd pins the process: compare the start time now, and no reused number is hit. */
    bool sent = proc_start_time(m->pid) == m->start &&
                syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0) == 0;
    int err = errno;
    (void)close(fd);
    errno = err;
    return sent;
}

/* ---- sets */

bool proc_set_has(const struct proc_set *set, int32_t pid, uint64_t start)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i].pid == pid && set->item[i].start == start) {
            return true;
        }
    }
    return false;
}

void proc_set_add(struct proc_set *set, int32_t pid, uint64_t start)
{
    if (!proc_set_has(set, pid, start)) {
        GROW(set->item, set->cap, set->count + 1);
        set->item[set->count++] = (struct proc_member){pid, start};
    }
}

void proc_set_drop_dead(struct proc_set *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (proc_alive(set->item[i].pid, set->item[i].start)) {
            set->item[kept++] = set->item[i];
        }
    }
    set->count = kept;
}

void proc_set_release(struct proc_set *set)
{
    free(set->item);
    *set = (struct proc_set){0};
}

/* ---- who belongs to it */

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
static void roots_find(const struct tree *t, const struct session *s, const struct proc_set *set,
                       struct roots *r)
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

void members_find(struct govd *g, const struct session *s, struct proc_set *set)
{
    struct tree *t = tree_now(g);
    struct roots roots = {0};
    roots_find(t, s, set, &roots);
    tree_mark(t, roots.pid, roots.count);
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
