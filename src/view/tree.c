/* Children under their parents; brothers and sisters keep the order that the rows had. */
#include <string.h>

#include "checkrein/alloc.h"
#include "ui_priv.h"

#define DEPTH_MAX 24 /* what is deeper stands at this depth */

/* All by row; an index is kept plus one, 0 is none. */
struct tree {
    const struct fleet *f;
    struct list *l;
    uint32_t *row_of; /* by agent index */
    uint32_t *child, *next, *parent;
};

/* Agents stand in the order of their refs. */
static uint32_t agent_index(const struct fleet *f, uint32_t ref)
{
    uint32_t from = 0;
    uint32_t to = fleet_agent_count(f);
    while (from + 1 < to) {
        uint32_t middle = from + (to - from) / 2;
        if (fleet_agent_at(f, middle)->ref <= ref) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return from;
}

static uint32_t parent_row(const struct tree *t, uint32_t row)
{
    const struct agent *a = fleet_agent(t->f, t->l->rows[row].id);
    if (a == NULL || a->parent == 0) {
        return 0;
    }
    uint32_t at = agent_index(t->f, a->parent);
    return fleet_agent_at(t->f, at)->ref == a->parent ? t->row_of[at] : 0;
}

static void link_rows(struct tree *t)
{
    uint32_t count = t->l->count;
    for (uint32_t i = 0; i < count; i++) {
        t->row_of[agent_index(t->f, t->l->rows[i].id)] = i + 1;
    }
    for (uint32_t i = count; i-- > 0;) {
        t->parent[i] = parent_row(t, i);
        if (t->parent[i] != 0) {
            uint32_t *first = &t->child[t->parent[i] - 1];
            t->next[i] = *first;
            *first = i + 1;
        }
    }
}

static uint32_t bit(uint32_t depth)
{
    return 1u << (depth < DEPTH_MAX ? depth : DEPTH_MAX);
}

/* Writes the row at `root` and all below it; returns how many. */
static uint32_t write_family(const struct tree *t, uint32_t root, struct row *out)
{
    uint32_t depth = 0;
    uint32_t open = 0;
    uint32_t count = 0;
    for (uint32_t at = root;;) {
        struct row row = t->l->rows[at];
        row.depth = (uint8_t)(depth < DEPTH_MAX ? depth : DEPTH_MAX);
        row.open = open;
        row.last = t->next[at] == 0;
        out[count++] = row;
        if (t->child[at] != 0) {
            open = t->next[at] != 0 ? open | bit(depth) : open & ~bit(depth);
            depth++;
            at = t->child[at] - 1;
            continue;
        }
        while (depth > 0 && t->next[at] == 0) {
            at = t->parent[at] - 1;
            depth--;
        }
        if (depth == 0) {
            return count;
        }
        at = t->next[at] - 1;
    }
}

void list_tree(struct list *l, const struct fleet *f)
{
    size_t agents = fleet_agent_count(f);
    size_t words = agents + 3 * (size_t)l->count;
    GROW(l->scratch, l->scratch_cap, l->cap);
    GROW(l->links, l->link_cap, words);
    memset(l->links, 0, words * sizeof(*l->links));
    struct tree t = {.f = f, .l = l, .row_of = l->links};
    t.child = t.row_of + agents;
    t.next = t.child + l->count;
    t.parent = t.next + l->count;
    link_rows(&t);
    uint32_t written = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        if (t.parent[i] == 0) {
            written += write_family(&t, i, l->scratch + written);
        }
    }
    if (written > 0 && written == l->count) { /* else they are in a circle, and stay as they are */
        memcpy(l->rows, l->scratch, written * sizeof(*l->rows));
    }
}
