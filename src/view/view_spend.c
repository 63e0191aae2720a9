#include "agent_columns_priv.h"
#include "task_words_priv.h"

enum order { ORDER_SPEND, ORDER_BUDGET, ORDER_TOKENS, ORDER_TASK };
static const char *const orders[] = {"spend", "budget", "tokens", "task"};

/* Of the tighter one, when both are set. */
static int64_t permille_used(const struct agent *a)
{
    const struct agent_traits *t = a->traits;
    int64_t usd = spend_permille(a->budget_used, t->budget_limit);
    int64_t tokens = spend_permille(t->budget_tokens_used, t->budget_tokens);
    return tokens > usd ? tokens : usd;
}

static bool has_limit(const struct agent *a)
{
    return a->traits->budget_limit > 0 || a->traits->budget_tokens > 0;
}

static bool is_of_tokens(const struct agent *a)
{
    const struct agent_traits *t = a->traits;
    return t->budget_tokens > 0 && spend_permille(t->budget_tokens_used, t->budget_tokens) >=
                                       spend_permille(a->budget_used, t->budget_limit);
}

static int64_t key_of(const struct agent *a, uint32_t order)
{
    switch ((enum order)order) {
    case ORDER_BUDGET:
        return -permille_used(a);
    case ORDER_TOKENS:
        return -agent_tokens(a);
    case ORDER_SPEND:
    case ORDER_TASK:
    default:
        return -a->cost_microusd;
    }
}

static void agent_rows(struct ui *ui, const struct fleet *f, struct list *l)
{
    uint32_t count = fleet_agent_count(f);
    for (uint32_t i = 0; i < count; i++) {
        const struct agent *a = fleet_agent_at(f, i);
        list_offer(l, ui, f, agent_search, (struct row){.id = a->ref, .key = key_of(a, l->sort)});
    }
}

/* A row says itself whether it is an agent or a task: the order may have changed since. */
static void build(struct ui *ui, const struct fleet *f, struct list *l)
{
    (l->sort == ORDER_TASK ? task_rows_build : agent_rows)(ui, f, l);
    list_sort(l);
    spend_sum(&ui->spend, f);
}

static struct field cell_in(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = fleet_agent(fr->f, row->id);
    (void)cols;
    return a == NULL || !agent_told_tokens(a)
               ? field_none(fr)
               : (struct field){frame_quantity(fr, a->tokens_in), ROLE_TEXT};
}

static struct field cell_out(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = fleet_agent(fr->f, row->id);
    (void)cols;
    return a == NULL || !agent_told_tokens(a)
               ? field_none(fr)
               : (struct field){frame_quantity(fr, a->tokens_out), ROLE_TEXT};
}

static struct field cell_cached(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = fleet_agent(fr->f, row->id);
    (void)cols;
    return a == NULL || !agent_told_tokens(a)
               ? field_none(fr)
               : (struct field){frame_quantity(fr, a->tokens_cached), ROLE_DIM};
}

static struct field cell_limit(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = fleet_agent(fr->f, row->id);
    (void)cols;
    if (a == NULL || !has_limit(a)) {
        return (struct field){text_own("-"), ROLE_DIM};
    }
    if (!is_of_tokens(a)) {
        return (struct field){frame_money(fr, a->traits->budget_limit), ROLE_TEXT};
    }
    struct words w = words_of(fr);
    words_safe(&w, frame_quantity(fr, a->traits->budget_tokens));
    words_own(&w, " tok");
    return (struct field){words_end(&w), ROLE_TEXT};
}

static struct field cell_used(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = fleet_agent(fr->f, row->id);
    struct words w = words_of(fr);
    (void)cols;
    if (a == NULL || !has_limit(a)) {
        return field_none(fr);
    }
    int64_t permille = permille_used(a);
    spend_bar(&w, permille);
    return (struct field){words_end(&w), spend_role(permille)};
}

static struct field cell_done(struct frame *fr, const struct row *row, int cols)
{
    (void)cols;
    return (struct field){tasks_done(fr, fleet_task_sums(fr->f, row->id)), ROLE_TEXT};
}

static struct field cell_each(struct frame *fr, const struct row *row, int cols)
{
    (void)cols;
    return (struct field){tasks_each(fr, fleet_task_sums(fr->f, row->id)), ROLE_SPEND};
}

#define TASK_COLUMNS 2 /* the last ones: only where tasks are told of */
static const struct column columns[] = {
    {"agent",  14, 26, KEEP_ALWAYS, ALIGN_LEFT,  false, cell_agent },
    {"for",    7,  14, 50,          ALIGN_LEFT,  false, cell_for   },
    {"model",  12, 18, 60,          ALIGN_LEFT,  false, cell_model },
    {"task",   10, 0,  40,          ALIGN_LEFT,  false, cell_task  },
    {"in",     6,  6,  70,          ALIGN_RIGHT, false, cell_in    },
    {"out",    6,  6,  70,          ALIGN_RIGHT, false, cell_out   },
    {"cached", 6,  6,  30,          ALIGN_RIGHT, false, cell_cached},
    {"spend",  8,  9,  KEEP_ALWAYS, ALIGN_RIGHT, false, cell_cost  },
    {"limit",  8,  8,  80,          ALIGN_RIGHT, false, cell_limit },
    {"used",   16, 16, 90,          ALIGN_LEFT,  false, cell_used  },
    {"done",   5,  7,  65,          ALIGN_RIGHT, false, cell_done  },
    {"each",   8,  9,  75,          ALIGN_RIGHT, false, cell_each  },
};

static void headline(struct frame *fr, struct words *w)
{
    int64_t limit = 0;
    int64_t today = spend_today(fr, &limit);
    words_fmt(w, "by %s  today %s", orders[fr->ui->list[PANE_SPEND].sort],
              fr->totals.cost_estimated ? "~" : "");
    words_safe(w, frame_money(fr, today));
    if (limit > 0) {
        words_own(w, " of ");
        words_safe(w, frame_money(fr, limit));
    }
    words_own(w, "  in all ");
    words_safe(w, spend_total(fr));
}

static const struct pane with_tasks = {
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .empty = "no agent has been seen yet",
    .look = agent_look,
};

static void draw(struct frame *fr, struct rect area)
{
    int budgets = spend_budgets_height(fr, area.h);
    int sums = spend_sums_height(fr, area.h - budgets);
    struct rect table = {area.x, area.y, area.w, area.h - sums - budgets};
    struct list *l = &fr->ui->list[PANE_SPEND];
    bool tasks = l->count > 0 ? (l->rows[0].id & TASK_ROW) != 0 : l->sort == ORDER_TASK;
    bool ended = task_sums_total(fleet_task_sums_all(fr->f)).count > 0;
    table_draw(fr, table, l, tasks ? &pane_tasks : ended ? &with_tasks : &pane_spend);
    if (budgets > 0) {
        spend_budgets_draw(fr, (struct rect){area.x, area.y + table.h, area.w, budgets},
                           sums > 0 ? text_own("") : spend_last_hour(fr, area.w));
    }
    if (sums > 0) {
        spend_sums_draw(fr, (struct rect){area.x, area.y + table.h + budgets, area.w, sums});
    }
}

static uint32_t agent_of_row(const struct fleet *f, uint32_t id)
{
    return (id & TASK_ROW) != 0 ? task_row_agent(f, id) : id;
}

static size_t row_search(const struct ui *ui, const struct fleet *f, uint32_t id,
                         struct span out[SEARCH_TEXTS])
{
    return ((id & TASK_ROW) != 0 ? pane_tasks.texts : agent_search)(ui, f, id, out);
}

static struct target target(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    (void)ui;
    return (struct target){.agent = agent_of_row(f, id)};
}

static void open_row(struct press *k, uint32_t id)
{
    uint32_t agent = agent_of_row(k->f, id);
    if (agent != 0) {
        agent_open(k, agent);
    }
}

static const enum action keys[] = {
    ACT_OPEN, ACT_BUDGET, ACT_PAUSE, ACT_RESUME, ACT_SORT, ACT_FILTER, ACT_BACK, ACTION_COUNT,
};

const struct pane pane_spend = {
    .title = "spend",
    .columns = columns,
    .column_count = ARRAY_LEN(columns) - TASK_COLUMNS,
    .sorts = orders,
    .sort_count = ARRAY_LEN(orders),
    .keys = keys,
    .empty = "no agent has been seen yet",
    .texts = row_search,
    .build = build,
    .target = target,
    .open = open_row,
    .look = agent_look,
    .headline = headline,
    .draw = draw,
};
