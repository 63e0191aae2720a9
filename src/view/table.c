/* One table for all lists: columns as data, the least important ones go when there is no room. */
#include "frame_priv.h"

#define COLUMNS_MAX 16
#define GAP         1
#define GAP_ROOMY   2
#define ROOMY_COLS  110
#define WIDE_COLS   170 /* room for the columns of `w` too */
#define ELASTIC_MIN 8
#define GUTTER      1 /* before the first column: where the selection is marked */

struct fitted {
    int width[COLUMNS_MAX]; /* 0: left out */
    int gap;
};

struct field field_none(struct frame *fr)
{
    (void)fr;
    return (struct field){text_own(""), ROLE_TEXT};
}

static int total(const struct fitted *t, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += t->width[i] > 0 ? t->width[i] + t->gap : 0;
    }
    return sum - t->gap;
}

static size_t least_kept(const struct pane *p, const struct fitted *t)
{
    size_t least = p->column_count;
    for (size_t i = 0; i < p->column_count; i++) {
        bool may_go = t->width[i] > 0 && p->columns[i].keep < KEEP_ALWAYS;
        if (may_go && (least == p->column_count || p->columns[i].keep < p->columns[least].keep)) {
            least = i;
        }
    }
    return least;
}

static bool is_elastic(const struct column *c)
{
    return c->max == 0;
}

/* A third of what is left over (half on a wide screen) goes to columns of a fixed kind, up to their
 * widest; the rest to the elastic one. */
static void spread(const struct pane *p, struct fitted *t, int spare, bool roomy)
{
    int for_fixed = roomy ? spare / 2 : spare / 3;
    size_t elastic = p->column_count;
    for (size_t i = 0; i < p->column_count; i++) {
        const struct column *c = &p->columns[i];
        if (t->width[i] == 0) {
            continue;
        }
        if (is_elastic(c)) {
            elastic = i;
            continue;
        }
        int more = c->max - c->min < for_fixed ? c->max - c->min : for_fixed;
        t->width[i] += more;
        for_fixed -= more;
        spare -= more;
    }
    if (elastic < p->column_count) {
        t->width[elastic] += spare;
    }
}

/* The last resort, when nothing more may go. */
static void squeeze(const struct pane *p, struct fitted *t, int cols)
{
    for (size_t i = 0; i < p->column_count; i++) {
        int over = total(t, p->column_count) - cols;
        if (is_elastic(&p->columns[i]) && t->width[i] > 0 && over > 0) {
            t->width[i] -= over < t->width[i] - ELASTIC_MIN ? over : t->width[i] - ELASTIC_MIN;
        }
    }
}

static struct fitted fit(const struct frame *fr, const struct pane *p, int cols)
{
    struct fitted t = {.gap = cols >= ROOMY_COLS ? GAP_ROOMY : GAP};
    bool wide = fr->ui->wide || cols >= WIDE_COLS;
    for (size_t i = 0; i < p->column_count; i++) {
        const struct column *c = &p->columns[i];
        t.width[i] = c->wide && !wide ? 0 : c->min;
    }
    while (total(&t, p->column_count) > cols) {
        size_t least = least_kept(p, &t);
        if (least == p->column_count) {
            break;
        }
        t.width[least] = 0;
    }
    squeeze(p, &t, cols);
    int spare = cols - total(&t, p->column_count);
    spread(p, &t, spare > 0 ? spare : 0, cols >= WIDE_COLS);
    return t;
}

static void put(struct frame *fr, int x, int y, int cols, enum align align, struct field f)
{
    if (align == ALIGN_RIGHT) {
        canvas_field_right(fr->c, x, y, cols, f.role, f.text);
    } else {
        canvas_field(fr->c, x, y, cols, f.role, f.text);
    }
}

static void draw_header(struct frame *fr, struct rect r, const struct pane *p,
                        const struct fitted *t)
{
    int x = r.x;
    for (size_t i = 0; i < p->column_count; i++) {
        if (t->width[i] == 0) {
            continue;
        }
        struct field title = {text_own(p->columns[i].title), ROLE_HEADER};
        put(fr, x, r.y, t->width[i], p->columns[i].align, title);
        x += t->width[i] + t->gap;
    }
}

static void draw_row(struct frame *fr, struct rect r, const struct pane *p, const struct fitted *t,
                     const struct row *row)
{
    uint8_t before = fr->c->attr;
    size_t mark = frame_mark(fr);
    int x = r.x;
    fr->c->attr |= p->look != NULL ? p->look(fr, row) : 0;
    for (size_t i = 0; i < p->column_count; i++) {
        if (t->width[i] == 0) {
            continue;
        }
        struct field f = p->columns[i].cell(fr, row, t->width[i]);
        put(fr, x, r.y, t->width[i], p->columns[i].align, f);
        x += t->width[i] + t->gap;
    }
    fr->c->attr = before;
    frame_back(fr, mark);
}

void table_row(struct frame *fr, struct rect line, const struct pane *p, const struct row *row)
{
    struct rect inner = {line.x + GUTTER, line.y, line.w - GUTTER, 1};
    struct fitted t = fit(fr, p, inner.w);
    draw_row(fr, inner, p, &t, row);
}

static void draw_empty(struct frame *fr, struct rect area, const struct list *l,
                       const struct pane *p)
{
    struct safe text = text_own(p->empty);
    if (l->hidden > 0) {
        text = text_fmt(fr->arena, "the filter hides all %u rows; Esc takes it away", l->hidden);
    }
    canvas_field(fr->c, area.x + GUTTER, area.y, area.w - GUTTER, ROLE_DIM, text);
}

static void mark_selected(struct frame *fr, struct rect line)
{
    canvas_put(fr->c, line.x, line.y, ROLE_SELECTED, text_own("▸"));
    canvas_mark(fr->c, line, ROLE_SELECTED, 0);
}

void table_draw(struct frame *fr, struct rect area, struct list *l, const struct pane *p)
{
    struct rect saved = canvas_clip(fr->c, area);
    struct rect inner = {area.x + GUTTER, area.y, area.w - GUTTER, 1};
    struct fitted t = fit(fr, p, inner.w);
    draw_header(fr, inner, p, &t);
    list_fit(l, area.h - 1);
    if (l->count == 0) {
        draw_empty(fr, (struct rect){area.x, area.y + 1, area.w, 1}, l, p);
    }
    for (int i = 0; i < area.h - 1 && (uint32_t)(l->top + i) < l->count; i++) {
        const struct row *row = &l->rows[l->top + i];
        inner.y = area.y + 1 + i;
        draw_row(fr, inner, p, &t, row);
        if (row->id == l->selected) {
            mark_selected(fr, (struct rect){area.x, inner.y, area.w, 1});
        }
    }
    canvas_unclip(fr->c, saved);
}
