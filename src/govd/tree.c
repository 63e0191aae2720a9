#include "procs_priv.h"

#include <dirent.h>

static int by_pid(const void *a, const void *b)
{
    int32_t left = ((const struct proc_stat *)a)->pid;
    int32_t right = ((const struct proc_stat *)b)->pid;
    return (left > right) - (left < right);
}

static void tree_read(struct tree *t)
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

/* A fleet stop ends many agents in one turn: they share one reading. */
struct tree *tree_now(struct govd *g)
{
    if (!g->tree) {
        g->tree = xcalloc(1, sizeof(*g->tree));
    }
    if (g->tree->read_us != loop_now_us(g->loop)) {
        tree_read(g->tree);
        g->tree->read_us = loop_now_us(g->loop);
    }
    return g->tree;
}

void tree_free(struct tree *t)
{
    if (t) {
        free(t->proc);
        free(t->below);
        free(t);
    }
}

const struct proc_stat *tree_find(const struct tree *t, int32_t pid)
{
    const struct proc_stat key = {.pid = pid};
    return t->count ? bsearch(&key, t->proc, t->count, sizeof(*t->proc), by_pid) : NULL;
}

static bool is_below(const struct tree *t, int32_t pid)
{
    const struct proc_stat *p = tree_find(t, pid);
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

void tree_mark(struct tree *t, const int32_t *roots, size_t count)
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
