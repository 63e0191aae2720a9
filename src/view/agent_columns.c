/* Columns that show agents: shared by the fleet, the children of one, and spending. */
#include "agent_columns_priv.h"

static const struct agent *agent_of(struct frame *fr, const struct row *row)
{
    return fleet_agent(fr->f, row->id);
}

uint8_t agent_look(struct frame *fr, const struct row *row)
{
    const struct agent *a = agent_of(fr, row);
    if (a == NULL || agent_is_stale(fr, a)) {
        return CELL_DIM;
    }
    return 0;
}

struct field cell_state(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    (void)cols;
    if (a == NULL) {
        return field_none(fr);
    }
    struct symbol s = symbol_of_agent(fr, a);
    return (struct field){text_fmt(fr->arena, "%s %s", s.mark, s.word), s.role};
}

/* The lines of the tree stand before the name. */
static void say_branch(struct words *w, const struct row *row)
{
    for (uint32_t depth = 1; depth < row->depth; depth++) {
        words_own(w, (row->open >> depth & 1u) != 0 ? "│ " : "  ");
    }
    if (row->depth > 0) {
        words_own(w, row->last ? "└ " : "├ ");
    }
}

struct field cell_agent(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    struct words w = words_of(fr);
    say_branch(&w, row);
    words_safe(&w, agent_title(fr, a, cols));
    bool calls = a != NULL && (a->pending > 0 || agent_in_trouble(a));
    return (struct field){words_end(&w), calls ? ROLE_STRONG : ROLE_TEXT};
}

struct field cell_for(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    return a == NULL ? field_none(fr) : (struct field){agent_for(fr, a, cols), ROLE_TEXT};
}

struct field cell_runtime(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    return a == NULL ? field_none(fr)
                     : (struct field){frame_say_sid(fr, a->traits->runtime, cols), ROLE_TEXT};
}

struct field cell_backend(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    const struct backend *b = a == NULL ? NULL : fleet_backend(fr->f, a->backend);
    if (b == NULL) {
        return field_none(fr);
    }
    return (struct field){frame_say_sid(fr, b->name, cols),
                          b->link == LINK_LIVE ? ROLE_TEXT : ROLE_LINK_DOWN};
}

struct field cell_model(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    return a == NULL ? field_none(fr)
                     : (struct field){frame_say_sid(fr, a->traits->model, cols), ROLE_TEXT};
}

struct field cell_task(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    return a == NULL ? field_none(fr)
                     : (struct field){frame_say_sid(fr, a->task_title, cols), ROLE_TEXT};
}

struct field cell_may(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    return a == NULL ? field_none(fr) : (struct field){agent_may(fr, a, cols), ROLE_TEXT};
}

struct field cell_now(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    return a == NULL ? field_none(fr) : (struct field){agent_now(fr, a, cols), ROLE_TEXT};
}

struct field cell_age(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    (void)cols;
    if (a == NULL) {
        return field_none(fr);
    }
    int64_t since = agent_is_stale(fr, a) ? a->last_event_us : agent_since(fr->f, a);
    return (struct field){frame_age_short(fr, since), ROLE_TEXT};
}

struct field cell_tokens(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    (void)cols;
    if (a == NULL || !agent_told_tokens(a)) {
        return field_none(fr);
    }
    return (struct field){frame_quantity(fr, agent_tokens(a)), ROLE_TEXT};
}

bool agent_over_budget(const struct agent *a)
{
    const struct agent_traits *t = a->traits;
    return (t->budget_limit > 0 && a->budget_used >= t->budget_limit) ||
           (t->budget_tokens > 0 && t->budget_tokens_used >= t->budget_tokens);
}

struct field cell_cost(struct frame *fr, const struct row *row, int cols)
{
    const struct agent *a = agent_of(fr, row);
    (void)cols;
    if (a == NULL) {
        return field_none(fr);
    }
    return (struct field){agent_cost(fr, a), agent_over_budget(a) ? ROLE_SPEND_OVER : ROLE_SPEND};
}

size_t agent_search(const struct ui *ui, const struct fleet *f, uint32_t id,
                    struct span out[SEARCH_TEXTS])
{
    (void)ui;
    const struct agent *a = fleet_agent(f, id);
    if (a == NULL) {
        return 0;
    }
    const struct backend *b = fleet_backend(f, a->backend);
    const struct span texts[] = {
        agent_name(f, id),
        fleet_span(f, a->traits->on_behalf_of != 0 ? a->traits->on_behalf_of : a->traits->owner),
        fleet_span(f, a->traits->runtime),
        fleet_span(f, a->traits->model),
        fleet_span(f, a->now),
        span_str(a->pending > 0     ? "waiting"
                 : agent_retries(a) ? "retrying"
                                    : symbol_of_state(a->state).word),
        b == NULL ? SPAN_NONE : fleet_span(f, b->name),
        fleet_span(f, a->id),
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        out[i] = texts[i];
    }
    return ARRAY_LEN(texts);
}

struct target agent_target(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    (void)ui;
    (void)f;
    return (struct target){.agent = id};
}

void agent_open(struct press *k, uint32_t id)
{
    ui_open_agent(k, id);
}
