/* tree.c - every process at one moment: who is below whom. */
#include "checkrein/procs.h"

#include <dirent.h>
#include <stdlib.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

static int by_pid(const void *a, const void *b)
{
    int32_t left = ((const struct proc_stat *)a)->pid;
    int32_t right = ((const struct proc_stat *)b)->pid;
    return (left > right) - (left < right);
}

void proc_tree_read(struct proc_tree *t)
{
    t->count = 0;
    DIR *dir = opendir("/proc");
    if (!dir) {
        return;
    }
    const struct dirent *e;
    while ((e = readdir(dir))) {
        int64_t pid = 0;
        if (num_parse(span_str(e->d_name), 1, INT32_MAX, &pid) != ST_OK) {
            continue;
        }
        GROW(t->proc, t->cap, t->count + 1);
        t->count += proc_read((int32_t)pid, &t->proc[t->count]);
    }
    (void)closedir(dir);
    if (t->count) {
        qsort(t->proc, t->count, sizeof(*t->proc), by_pid);
    }
}

void proc_tree_release(struct proc_tree *t)
{
    free(t->proc);
    free(t->below);
    *t = (struct proc_tree){0};
}

const struct proc_stat *proc_tree_find(const struct proc_tree *t, int32_t pid)
{
    const struct proc_stat key = {.pid = pid};
    return t->count ? bsearch(&key, t->proc, t->count, sizeof(*t->proc), by_pid) : NULL;
}

static bool is_below(const struct proc_tree *t, int32_t pid)
{
    const struct proc_stat *p = proc_tree_find(t, pid);
    return p && t->below[p - t->proc];
}

static bool is_root(int32_t pid, const int32_t *roots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (roots[i] == pid) {
            return true;
        }
    }
    return false;
}

void proc_tree_mark(struct proc_tree *t, const int32_t *roots, size_t count)
{
    GROW(t->below, t->below_cap, t->count + 1);
    for (size_t i = 0; i < t->count; i++) {
        t->below[i] = is_root(t->proc[i].pid, roots, count);
    }
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < t->count; i++) {
            const struct proc_stat *p = &t->proc[i];
            if (!t->below[i] &&
                (is_below(t, p->ppid) || is_below(t, p->group) || is_below(t, p->session))) {
                t->below[i] = changed = true;
            }
        }
    }
}
