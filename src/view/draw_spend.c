/* The sums below the table of spending: by model on the left, by runtime and back-end on the right.
 */
#include <string.h>

#include "task_words_priv.h"

#define ROWS_MAX  8
#define DAY_US    (86400 * SECOND_US)
#define SIDES_GAP 2

struct side {
    const char *title, *nameless;
    const struct spend_groups *groups;
};

/* From the right: what stands in a column, and how wide a side must be to have it. */
enum what { WHAT_UNPRICED, WHAT_SPEND, WHAT_CACHED, WHAT_OUT, WHAT_IN };
static const struct sum_column {
    const char *title;
    enum what what;
    int cols, from_cols;
    enum role role;
} columns[] = {
    {"unpriced", WHAT_UNPRICED, 8, 36, ROLE_TEXT },
    {"spend",    WHAT_SPEND,    9, 0,  ROLE_SPEND},
    {"cached",   WHAT_CACHED,   6, 56, ROLE_DIM  },
    {"out",      WHAT_OUT,      6, 50, ROLE_TEXT },
    {"in",       WHAT_IN,       6, 36, ROLE_TEXT },
};

int64_t spend_today(struct frame *fr, int64_t *limit_microusd)
{
    frame_change_wall(fr, (fr->now.wall_us / DAY_US + 1) * DAY_US);
    return fleet_spent_today_all(fr->f, fr->now.wall_us, limit_microusd);
}

struct safe spend_total(struct frame *fr)
{
    const struct fleet_totals *t = &fr->totals;
    struct words w = words_of(fr);
    words_own(&w, t->cost_estimated ? "~" : "");
    words_safe(&w, frame_money(fr, t->cost_microusd));
    if (t->unpriced > 0) {
        words_fmt(&w, " +%u unpriced", t->unpriced);
    }
    return words_end(&w);
}

static struct safe money(struct frame *fr, const struct spend_group *g)
{
    struct words w = words_of(fr);
    if (g->microusd == 0 && g->unpriced > 0) {
        return text_own("unpriced");
    }
    words_own(&w, g->estimated ? "~" : "");
    words_safe(&w, frame_money(fr, g->microusd));
    words_own(&w, g->unpriced > 0 ? "+" : "");
    return words_end(&w);
}

static struct safe cell(struct frame *fr, const struct spend_group *g, enum what what)
{
    switch (what) {
    case WHAT_UNPRICED:
        return g->unpriced > 0 ? text_fmt(fr->arena, "%u", g->unpriced) : text_own("");
    case WHAT_SPEND:
        return money(fr, g);
    case WHAT_CACHED:
        return frame_quantity(fr, g->tokens_cached);
    case WHAT_OUT:
        return frame_quantity(fr, g->tokens_out);
    case WHAT_IN:
    default:
        return frame_quantity(fr, g->tokens_in);
    }
}

static struct safe name_of(struct frame *fr, const struct side *side, const struct spend_group *g,
                           int cols)
{
    struct words w = words_of(fr);
    const struct backend *b = fleet_backend(fr->f, g->backend);
    if (g->others) {
        return text_own("all others");
    }
    if (g->name == 0) {
        words_own(&w, side->nameless);
    } else {
        words_sid(&w, g->name, cols);
    }
    if (b != NULL) {
        words_own(&w, " on ");
        words_sid(&w, b->name, cols);
    }
    return words_end(&w);
}

/* `g` NULL: the titles. */
static void draw_line(struct frame *fr, struct rect r, const struct side *side,
                      const struct spend_group *g)
{
    size_t mark = frame_mark(fr);
    int end = r.x + r.w;
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        const struct sum_column *c = &columns[i];
        if (r.w >= c->from_cols) {
            struct safe text = g == NULL ? text_own(c->title) : cell(fr, g, c->what);
            canvas_field_right(fr->c, end - c->cols, r.y, c->cols,
                               g == NULL ? ROLE_HEADER : c->role, text);
            end -= c->cols + 1;
        }
    }
    int cols = end - r.x;
    struct safe name = g == NULL ? text_own(side->title) : name_of(fr, side, g, cols);
    canvas_field(fr->c, r.x, r.y, cols, g == NULL ? ROLE_HEADER : ROLE_TEXT, name);
    frame_back(fr, mark);
}

static void draw_side(struct frame *fr, struct rect r, const struct side *side)
{
    draw_line(fr, r, side, NULL);
    int rows = r.h - 1;
    for (int i = 0; i < rows && (uint32_t)i < side->groups->count; i++) {
        r.y++;
        uint32_t left = side->groups->count - (uint32_t)i;
        if (i == rows - 1 && left > 1) {
            canvas_field(fr->c, r.x, r.y, r.w, ROLE_DIM, text_fmt(fr->arena, "and %u more", left));
        } else {
            draw_line(fr, r, side, &side->groups->group[i]);
        }
    }
}

/* ---- the last hour, so many minutes a cell; the newest is on the right */
#define MINUTE_US (60 * SECOND_US)

static void say_spark(struct words *w, const int64_t microusd[FLEET_BURN_MINUTES], int per_cell)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    int64_t cell[FLEET_BURN_MINUTES] = {0};
    int64_t most = 1;
    int cells = FLEET_BURN_MINUTES / per_cell;
    for (int i = 0; i < FLEET_BURN_MINUTES; i++) {
        int64_t *sum = &cell[i / per_cell];
        *sum = __builtin_add_overflow(*sum, microusd[i], sum) ? INT64_MAX : *sum;
        most = *sum > most ? *sum : most;
    }
    char text[FLEET_BURN_MINUTES * 4] = "";
    size_t at = 0;
    for (int i = 0; i < cells; i++) { /* anything that was spent is more than nothing */
        int64_t step = most / 7 > 0 ? most / 7 : 1;
        int64_t level = cell[i] == 0 ? 0 : cell[i] / step > 1 ? cell[i] / step : 1;
        const char *bar = bars[level > 7 ? 7 : level];
        memcpy(text + at, bar, strlen(bar) + 1);
        at += strlen(bar);
    }
    words_foreign(w, span_str(text), cells);
}

struct safe spend_last_hour(struct frame *fr, int cols)
{
    int64_t microusd[FLEET_BURN_MINUTES];
    int64_t spent = fleet_burn(fr->f, fr->now.wall_us, microusd);
    struct words w = words_of(fr);
    if (spent > 0) { /* it moves on by the minute */
        frame_change_wall(fr, (fr->now.wall_us / MINUTE_US + 1) * MINUTE_US);
    }
    words_own(&w, "last hour ");
    say_spark(&w, microusd, cols >= 150 ? 1 : cols >= 110 ? 2 : 3);
    words_own(&w, fr->totals.cost_estimated ? " ~" : " ");
    words_safe(&w, frame_money(fr, spent));
    words_own(&w, fr->totals.unpriced > 0 ? "+" : "");
    return words_end(&w);
}

/* A third of the view at most: the agents are what it is about. One line of several would only say
 * that there are more.
 */
int spend_sums_height(const struct frame *fr, int height)
{
    const struct spend_sums *s = &fr->ui->spend;
    uint32_t count =
        s->by_model.count > s->by_runtime.count ? s->by_model.count : s->by_runtime.count;
    int most = height / 3 - 2 < ROWS_MAX ? height / 3 - 2 : ROWS_MAX;
    int rows = count < (uint32_t)(most > 0 ? most : 0) ? (int)count : most;
    bool says_something = rows > 1 || (rows == 1 && count == 1);
    return says_something ? rows + 2 : 0;
}

void spend_sums_draw(struct frame *fr, struct rect area)
{
    const struct side sides[] = {
        {"by model",   "not told", &fr->ui->spend.by_model  },
        {"by runtime", "unknown",  &fr->ui->spend.by_runtime},
    };
    struct rect saved = canvas_clip(fr->c, area);
    int half = (area.w - 2 - SIDES_GAP) / 2;
    struct rect side = {area.x + 1, area.y + 1, half, area.h - 1};
    struct safe tasks = tasks_in_short(fr, fleet_task_sums_all(fr->f));
    rule_draw(fr, area, ROLE_LABEL, tasks.cols > 0 ? tasks : text_own("sums of all agents"),
              spend_last_hour(fr, area.w));
    draw_side(fr, side, &sides[0]);
    side.x = area.x + area.w - 1 - half;
    draw_side(fr, side, &sides[1]);
    canvas_unclip(fr->c, saved);
}
