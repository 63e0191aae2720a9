/* What one agent did, newest first, with a strip above: when it was busy, asked and failed. */
#include <string.h>

#include "entry_columns_priv.h"

#define STRIP_COLS_MAX 512

static void build(struct ui *ui, const struct fleet *f, struct list *l)
{
    entries_of_agent(ui, f, l, ui->subject);
}

static const struct column columns[] = {
    {"time",  8,  8,  KEEP_ALWAYS, ALIGN_LEFT,  false, entry_time   },
    {"what",  11, 12, KEEP_ALWAYS, ALIGN_LEFT,  false, entry_what   },
    {"of",    8,  18, 70,          ALIGN_LEFT,  false, entry_subject},
    {"text",  28, 0,  KEEP_ALWAYS, ALIGN_LEFT,  false, entry_words  },
    {"by",    8,  16, 50,          ALIGN_LEFT,  false, entry_who    },
    {"took",  7,  8,  60,          ALIGN_RIGHT, false, entry_took   },
    {"spend", 7,  8,  40,          ALIGN_RIGHT, false, entry_cost   },
};

/* ---- the strip: one cell a slice of time; slices begin at whole multiples, so that it does not
 * creep */
struct strip {
    int64_t slice_us, first; /* first: number of the leftmost slice since the epoch */
    int cols;
    uint16_t busy[STRIP_COLS_MAX];
    enum role mark[STRIP_COLS_MAX]; /* ROLE_TEXT: none */
    uint16_t most;
};

static const int64_t slices_s[] = {10, 60, 300, 900, 3600, INT64_C(21600), 86400};

static int64_t oldest_of(const struct frame *fr, const struct list *l)
{
    const struct log_entry *e =
        l->count == 0 ? NULL : fleet_log_entry(fr->f, l->rows[l->count - 1].id);
    return e == NULL ? fr->now.wall_us : e->time_us;
}

static void choose_slice(struct frame *fr, struct strip *s, int64_t oldest_us)
{
    for (size_t i = 0; i < ARRAY_LEN(slices_s); i++) {
        s->slice_us = slices_s[i] * SECOND_US;
        if (fr->now.wall_us / s->slice_us - oldest_us / s->slice_us < s->cols) {
            break;
        }
    }
    int64_t now = fr->now.wall_us / s->slice_us;
    s->first = now - s->cols + 1;
    frame_change_wall(fr, (now + 1) * s->slice_us);
}

static void count_entry(struct strip *s, const struct log_entry *e)
{
    int64_t at = e->time_us / s->slice_us - s->first;
    if (at < 0 || at >= s->cols) {
        return;
    }
    uint16_t *busy = &s->busy[at];
    *busy = (uint16_t)(*busy + (*busy < UINT16_MAX));
    s->most = *busy > s->most ? *busy : s->most;
    if (entry_is_alarm(e) || (e->type == EVENT_ACTION_FINISHED && e->detail == OUTCOME_FAILED)) {
        s->mark[at] = ROLE_FAILED;
    } else if (e->type == EVENT_APPROVAL_REQUESTED && s->mark[at] == ROLE_TEXT) {
        s->mark[at] = ROLE_APPROVAL;
    }
}

static const char *bar_of(const struct strip *s, int at)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (s->mark[at] == ROLE_FAILED) {
        return "!";
    }
    if (s->mark[at] == ROLE_APPROVAL) {
        return "?";
    }
    if (s->busy[at] == 0) {
        return "─";
    }
    return bars[(size_t)(s->busy[at] * (ARRAY_LEN(bars) - 1) / s->most)];
}

static struct safe slice_words(struct frame *fr, int64_t slice_us)
{
    int64_t s = slice_us / SECOND_US;
    if (s < 60) {
        return text_fmt(fr->arena, "%lld s a cell", (long long)s);
    }
    return s < 3600 ? text_fmt(fr->arena, "%lld min a cell", (long long)(s / 60))
                    : text_fmt(fr->arena, "%lld h a cell", (long long)(s / 3600));
}

static void draw_strip(struct frame *fr, struct rect r, const struct list *l)
{
    struct strip s = {.cols = r.w - 2 < STRIP_COLS_MAX ? r.w - 2 : STRIP_COLS_MAX};
    for (int i = 0; i < s.cols; i++) {
        s.mark[i] = ROLE_TEXT;
    }
    choose_slice(fr, &s, oldest_of(fr, l));
    for (uint32_t i = 0; i < l->count; i++) {
        const struct log_entry *e = fleet_log_entry(fr->f, l->rows[i].id);
        if (e != NULL) {
            count_entry(&s, e);
        }
    }
    for (int i = 0; i < s.cols; i++) {
        enum role role = s.mark[i] != ROLE_TEXT ? s.mark[i]
                         : s.busy[i] > 0        ? ROLE_TEXT
                                                : ROLE_FRAME;
        canvas_put(fr->c, r.x + 1 + i, r.y, role, text_own(bar_of(&s, i)));
    }
    struct words w = words_of(fr);
    words_own(&w, " until now, ");
    words_safe(&w, slice_words(fr, s.slice_us));
    words_own(&w, "   ? asked   ! failed ");
    struct safe legend = words_end(&w);
    canvas_put(fr->c, r.x + r.w - 1 - (int)legend.cols, r.y + 1, ROLE_HINT, legend);
}

static void draw(struct frame *fr, struct rect area)
{
    struct list *l = &fr->ui->list[ui_pane(fr->ui)];
    if (l->count > 0 && area.h > 8) {
        draw_strip(fr, area, l);
        area.y += 2;
        area.h -= 2;
    }
    table_draw(fr, area, l, pane_table[ui_pane(fr->ui)]);
}

static struct target target(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    (void)f;
    (void)id;
    return (struct target){.agent = ui->subject};
}

static void open_agent(struct press *k, uint32_t id)
{
    (void)id;
    if (fleet_agent(k->f, k->ui->subject) != NULL) {
        ui_open_agent(k, k->ui->subject);
    }
}

static void headline(struct frame *fr, struct words *w)
{
    const struct agent *a = fleet_agent(fr->f, fr->ui->subject);
    if (a != NULL) {
        words_own(w, "of ");
        words_safe(w, agent_title(fr, a, 40));
    }
}

static const enum action keys[] = {
    ACT_OPEN, ACT_WHY, ACT_BACK, ACT_FILTER, ACT_NEXT_MATCH, ACT_PAUSE, ACT_FREEZE, ACTION_COUNT,
};

const struct pane pane_timeline = {
    .title = "timeline",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .keys = keys,
    .empty = "select an agent first; the timeline is of one agent",
    .follows = true,
    .texts = entry_search,
    .build = build,
    .target = target,
    .open = open_agent,
    .headline = headline,
    .draw = draw,
};

/* ---- as a tab of the agent view */
static const enum action tab_keys[] = {
    ACT_NEXT_PANE, ACT_APPROVE, ACT_DENY, ACT_PAUSE,  ACT_RESUME,
    ACT_INTERRUPT, ACT_STOP,    ACT_BACK, ACT_FILTER, ACTION_COUNT,
};

const struct pane pane_history = {
    .title = "timeline",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .keys = tab_keys,
    .empty = "nothing is known of it yet",
    .follows = true,
    .texts = entry_search,
    .build = build,
    .target = target,
    .draw = draw,
};
