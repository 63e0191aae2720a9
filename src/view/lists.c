/* Rows of a view: made anew when the fleet changed; the selection is an id and stays where the eye
 * has it. */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "frame_priv.h"

void list_release(struct list *l)
{
    free(l->rows);
    free(l->scratch);
    free(l->links);
    l->rows = l->scratch = NULL;
    l->links = NULL;
    l->cap = l->scratch_cap = l->link_cap = 0;
    l->count = 0;
}

void list_push(struct list *l, uint32_t id, int64_t key)
{
    GROW(l->rows, l->cap, (size_t)l->count + 1);
    l->rows[l->count++] = (struct row){.id = id, .key = key};
}

static bool is_sorted(const struct list *l)
{
    for (uint32_t i = 1; i < l->count; i++) {
        if (l->rows[i - 1].key > l->rows[i].key) {
            return false;
        }
    }
    return true;
}

static void merge(struct row *out, const struct row *in, uint32_t from, uint32_t middle,
                  uint32_t end)
{
    uint32_t left = from;
    uint32_t right = middle;
    for (uint32_t i = from; i < end; i++) {
        bool take_left = left < middle && (right >= end || in[left].key <= in[right].key);
        out[i] = take_left ? in[left++] : in[right++];
    }
}

static uint32_t at_most(uint64_t n, uint32_t limit)
{
    return n < limit ? (uint32_t)n : limit;
}

/* Stable, and without the allocation that qsort() makes. */
void list_sort(struct list *l)
{
    if (is_sorted(l)) {
        return;
    }
    GROW(l->scratch, l->scratch_cap, l->cap);
    struct row *from = l->rows;
    struct row *to = l->scratch;
    for (uint64_t width = 1; width < l->count; width *= 2) {
        for (uint64_t i = 0; i < l->count; i += 2 * width) {
            merge(to, from, (uint32_t)i, at_most(i + width, l->count),
                  at_most(i + 2 * width, l->count));
        }
        struct row *other = from;
        from = to;
        to = other;
    }
    if (from != l->rows) {
        memcpy(l->rows, from, l->count * sizeof(*from));
    }
}

static bool find(const struct list *l, uint32_t id, uint32_t *at)
{
    if (l->at < l->count && l->rows[l->at].id == id) {
        *at = l->at;
        return true;
    }
    for (*at = 0; *at < l->count; (*at)++) {
        if (l->rows[*at].id == id) {
            return true;
        }
    }
    return false;
}

/* The row of the selected keeps its place on the screen; a selection that went away leaves none. */
static void keep_selection(struct list *l)
{
    uint32_t at;
    if (l->selected == 0) {
        return;
    }
    if (find(l, l->selected, &at)) {
        l->top += (int)at - (int)l->at;
        l->at = at;
    } else {
        l->selected = 0;
    }
}

void list_rebuild(struct ui *ui, const struct fleet *f, enum pane_id id, struct moment now)
{
    const struct pane *p = pane_table[id];
    struct list *l = &ui->list[id];
    l->count = l->hidden = 0;
    if (p->build == NULL) {
        return;
    }
    p->build(ui, f, l);
    keep_selection(l);
    if (l->count > 0 && !l->chosen_once && !p->follows) {
        list_select(l, l->rows[0].id);
        l->by_itself = true;
        l->by_itself_us = now.mono_us;
    }
}

uint32_t list_selected(const struct list *l)
{
    return l->at < l->count && l->rows[l->at].id == l->selected ? l->selected : 0;
}

void list_move_to(struct list *l, uint32_t row)
{
    if (l->count == 0) {
        return;
    }
    l->at = row < l->count ? row : l->count - 1;
    l->selected = l->rows[l->at].id;
    l->chosen_once = true;
    l->by_itself = false;
}

void list_select(struct list *l, uint32_t id)
{
    uint32_t at;
    if (id != 0 && find(l, id, &at)) {
        list_move_to(l, at);
    }
}

void list_move(struct list *l, int64_t by)
{
    int64_t to = l->at;
    if (list_selected(l) != 0) {
        to += by;
    } else if (!l->chosen_once) {
        to = l->top;
    }
    list_move_to(l, to < 0 ? 0 : at_most((uint64_t)to, UINT32_MAX));
}

void list_fit(struct list *l, int height)
{
    l->height = height;
    if (list_selected(l) != 0) {
        int at = (int)l->at;
        if (l->top > at) {
            l->top = at;
        } else if (l->top <= at - height) {
            l->top = at - height + 1;
        }
    }
    int most = (int)l->count - height;
    l->top = l->top > most ? most : l->top;
    l->top = l->top < 0 ? 0 : l->top;
}

static unsigned lower(char c)
{
    unsigned byte = (unsigned char)c;
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20u : byte;
}

bool filter_finds(struct span text, struct span part)
{
    for (size_t at = 0; at + part.n <= text.n; at++) {
        size_t same = 0;
        while (same < part.n && lower(text.p[at + same]) == lower(part.p[same])) {
            same++;
        }
        if (same == part.n) {
            return true;
        }
    }
    return false;
}

bool filter_passes(const char *filter, const struct span *texts, size_t count)
{
    bool inverse = filter[0] == '!';
    struct span part = span_str(filter + inverse);
    if (part.n == 0) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (filter_finds(texts[i], part)) {
            return !inverse;
        }
    }
    return inverse;
}

void list_offer(struct list *l, const struct ui *ui, const struct fleet *f, texts_fn *texts,
                struct row row)
{
    struct span text[SEARCH_TEXTS];
    if (l->filter[0] != '\0' && !filter_passes(l->filter, text, texts(ui, f, row.id, text))) {
        l->hidden++;
        return;
    }
    list_push(l, row.id, row.key);
}
