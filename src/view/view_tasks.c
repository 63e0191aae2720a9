/* Tasks as rows of the view of spending: those that run, and the newest that ended; what cost most
 * is first. */
#include "agent_columns_priv.h"
#include "task_words_priv.h"

static const struct task *task_of(const struct fleet *f, uint32_t id)
{
    return (id & TASK_ROW) == 0 ? NULL : fleet_task(f, id & ~TASK_ROW);
}

uint32_t task_row_agent(const struct fleet *f, uint32_t id)
{
    const struct task *t = task_of(f, id);
    return t == NULL ? 0 : t->agent;
}

static size_t search(const struct ui *ui, const struct fleet *f, uint32_t id,
                     struct span out[SEARCH_TEXTS])
{
    const struct task *t = task_of(f, id);
    (void)ui;
    if (t == NULL) {
        return 0;
    }
    out[0] = fleet_span(f, t->title);
    out[1] = agent_name(f, t->agent);
    out[2] = span_str(t->open ? "working" : outcome_name(t->outcome));
    return 3;
}

static void offer(struct ui *ui, const struct fleet *f, struct list *l, const struct task *t)
{
    list_offer(l, ui, f, search, (struct row){.id = t->ref | TASK_ROW, .key = -t->cost_microusd});
}

void task_rows_build(struct ui *ui, const struct fleet *f, struct list *l)
{
    uint32_t count = fleet_agent_count(f);
    for (uint32_t i = 0; i < count; i++) {
        const struct task *open = fleet_task_of(f, fleet_agent_at(f, i)->ref);
        if (open != NULL) {
            offer(ui, f, l, open);
        }
    }
    for (const struct task *t = fleet_task_newest(f); t != NULL; t = fleet_task_older(f, t)) {
        offer(ui, f, l, t);
    }
}

static struct field cell_title(struct frame *fr, const struct row *row, int cols)
{
    const struct task *t = task_of(fr->f, row->id);
    if (t == NULL) {
        return field_none(fr);
    }
    return t->title == 0 ? (struct field){text_own("(no title)"), ROLE_DIM}
                         : (struct field){frame_say_sid(fr, t->title, cols), ROLE_TEXT};
}

static struct field cell_whose(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = fleet_agent(fr->f, task_row_agent(fr->f, row->id));
    return a == NULL ? field_none(fr) : (struct field){agent_title(fr, a, cols), ROLE_TEXT};
}

static struct field cell_how(struct frame *fr, const struct row *row, int cols)
{
    (void)cols;
    const struct task *t = task_of(fr->f, row->id);
    if (t == NULL) {
        return field_none(fr);
    }
    struct symbol s = symbol_of_task(t);
    return (struct field){text_own(s.word), s.role};
}

static struct field cell_ended(struct frame *fr, const struct row *row, int cols)
{
    const struct task *t = task_of(fr->f, row->id);
    (void)cols;
    return t == NULL
               ? field_none(fr)
               : (struct field){frame_age_short(fr, t->open ? t->began_us : t->ended_us), ROLE_DIM};
}

static struct field cell_took(struct frame *fr, const struct row *row, int cols)
{
    const struct task *t = task_of(fr->f, row->id);
    (void)cols;
    return t == NULL || t->open || t->ended_us < t->began_us
               ? field_none(fr)
               : (struct field){frame_took(fr, (t->ended_us - t->began_us) / 1000), ROLE_TEXT};
}

static struct field tokens(struct frame *fr, const struct task *t, int64_t n)
{
    return t == NULL || !task_told(t) ? field_none(fr)
                                      : (struct field){frame_quantity(fr, n), ROLE_TEXT};
}

static struct field cell_in(struct frame *fr, const struct row *row, int cols)
{
    const struct task *t = task_of(fr->f, row->id);
    (void)cols;
    return tokens(fr, t, t == NULL ? 0 : t->tokens_in);
}

static struct field cell_out(struct frame *fr, const struct row *row, int cols)
{
    const struct task *t = task_of(fr->f, row->id);
    (void)cols;
    return tokens(fr, t, t == NULL ? 0 : t->tokens_out);
}

static struct field cell_spend(struct frame *fr, const struct row *row, int cols)
{
    const struct task *t = task_of(fr->f, row->id);
    (void)cols;
    return t == NULL ? field_none(fr) : (struct field){task_cost(fr, t), ROLE_SPEND};
}

static uint8_t look(struct frame *fr, const struct row *row)
{
    const struct agent *a = fleet_agent(fr->f, task_row_agent(fr->f, row->id));
    return a == NULL || agent_is_stale(fr, a) ? CELL_DIM : 0;
}

static const struct column columns[] = {
    {"task",  14, 0,  KEEP_ALWAYS, ALIGN_LEFT,  false, cell_title},
    {"agent", 10, 24, 80,          ALIGN_LEFT,  false, cell_whose},
    {"",      8,  8,  KEEP_ALWAYS, ALIGN_LEFT,  false, cell_how  },
    {"since", 5,  5,  60,          ALIGN_RIGHT, false, cell_ended},
    {"took",  6,  6,  50,          ALIGN_RIGHT, false, cell_took },
    {"in",    6,  6,  70,          ALIGN_RIGHT, false, cell_in   },
    {"out",   6,  6,  70,          ALIGN_RIGHT, false, cell_out  },
    {"spend", 8,  9,  KEEP_ALWAYS, ALIGN_RIGHT, false, cell_spend},
};

const struct pane pane_tasks = {
    .title = "spend",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .empty = "no task has been told of yet",
    .texts = search,
    .look = look,
};
