/* Lines with words in them, and sheets of labelled lines. */
#include "frame_priv.h"

void rule_draw(struct frame *fr, struct rect r, enum role title_role, struct safe title,
               struct safe right)
{
    int x = r.x + 1;
    int end = r.x + r.w - 1;
    canvas_hline(fr->c, r.x, r.y, r.w, ROLE_FRAME);
    int room = end - x - 2;
    struct safe head = text_clip(title, room > 0 ? (uint32_t)room : 0);
    canvas_put(fr->c, x, r.y, ROLE_FRAME, text_own(" "));
    x = canvas_put(fr->c, x + 1, r.y, title_role, head);
    x = canvas_put(fr->c, x, r.y, ROLE_FRAME, text_own(" "));
    if (right.cols > 0 && (int64_t)right.cols + 3 <= end - x) {
        int at = end - (int)right.cols - 1;
        canvas_put(fr->c, at - 1, r.y, ROLE_FRAME, text_own(" "));
        at = canvas_put(fr->c, at, r.y, ROLE_LABEL, right);
        canvas_put(fr->c, at, r.y, ROLE_FRAME, text_own(" "));
    }
}

void sheet_gap(struct sheet *s)
{
    s->y++;
}

/* The blank at which a line was broken stands in neither. */
static struct safe past_blanks(struct safe rest, struct safe row)
{
    bool broken = rest.p == row.p + row.n; /* not by a line feed of its own */
    while (broken && rest.n > 0 && rest.p[0] == ' ') {
        rest = text_skip(rest, 1);
    }
    return rest;
}

/* A text that is longer than the line goes on below, under itself. */
void sheet_line(struct sheet *s, const char *label, enum role role, struct safe text)
{
    struct canvas *c = s->fr->c;
    struct rect saved = canvas_clip(c, s->area);
    int x = s->area.x + s->label_cols + SHEET_GAP;
    int cols = s->area.x + s->area.w - x;
    struct safe row = text;
    canvas_put(c, s->area.x, s->y, ROLE_LABEL, text_own(label));
    while (text_row(&text, cols > 1 ? (uint32_t)cols : 1, &row)) {
        canvas_put(c, x, s->y++, role, row);
        text = past_blanks(text, row);
    }
    s->y += row.n == 0 && row.cols == 0;
    canvas_unclip(c, saved);
}

static int fill_from(struct frame *fr, struct rect area, int label_cols, int top, sheet_fn *fill)
{
    struct sheet s = {.fr = fr, .area = area, .y = area.y - top, .label_cols = label_cols};
    size_t mark = frame_mark(fr);
    fill(&s, fleet_agent(fr->f, fr->ui->subject));
    frame_back(fr, mark);
    return s.y + top - area.y;
}

/* Twice: how long it is, and so how far it can be scrolled, is known only when it was written once.
 */
void sheet_draw(struct frame *fr, struct rect area, int label_cols, struct list *l, sheet_fn *fill)
{
    struct rect inner = {area.x + 1, area.y, area.w - 2, area.h};
    struct rect nothing = {inner.x, inner.y, inner.w, 0};
    if (fleet_agent(fr->f, fr->ui->subject) == NULL) {
        canvas_put(fr->c, inner.x, inner.y, ROLE_GONE,
                   text_own("the agent is gone from the picture"));
        return;
    }
    int lines = fill_from(fr, nothing, label_cols, 0, fill);
    int most = lines > area.h ? lines - area.h : 0;
    l->height = area.h;
    l->top = l->top > most ? most : l->top;
    (void)fill_from(fr, inner, label_cols, l->top, fill);
}
