/* Approvals: the list, and what the selected one wants in full beside or below it. */
#include "frame_priv.h"

#define BESIDE_COLS 100 /* from this width on the request stands beside the list */

static const struct approval *request_of(struct frame *fr, const struct row *row)
{
    return fleet_approval(fr->f, row->id);
}

static size_t texts(const struct ui *ui, const struct fleet *f, uint32_t id,
                    struct span out[SEARCH_TEXTS])
{
    (void)ui;
    const struct approval *a = fleet_approval(f, id);
    if (a == NULL) {
        return 0;
    }
    out[0] = agent_name(f, a->agent);
    out[1] = fleet_span(f, a->tool);
    out[2] = fleet_span(f, a->summary);
    out[3] = fleet_span(f, a->rule);
    out[4] = span_str(risk_name(a->risk));
    return 5;
}

static bool is_high(const struct approval *a)
{
    return a->risk == RISK_HIGH;
}

/* Where a request that was answered just now stood among those that still wait. */
static uint32_t former_place(const struct fleet *f, const struct approval *a)
{
    uint32_t count = fleet_pending_count(f);
    uint32_t at = 0;
    for (; at < count; at++) {
        const struct approval *other = fleet_pending_at(f, at);
        bool same_bay = is_high(other) == is_high(a);
        if ((same_bay && other->requested_us > a->requested_us) ||
            (is_high(a) && !is_high(other))) {
            break;
        }
    }
    return at;
}

static void build(struct ui *ui, const struct fleet *f, struct list *l)
{
    uint32_t count = fleet_pending_count(f);
    for (uint32_t i = 0; i < count; i++) {
        const struct approval *a = fleet_pending_at(f, i);
        list_offer(l, ui, f, texts, (struct row){.id = a->ref, .key = 2 * (int64_t)i + 1});
    }
    count = fleet_resolved_count(f);
    for (uint32_t i = 0; i < count; i++) {
        const struct approval *a = fleet_resolved_at(f, i);
        if (ui->wall_us - a->resolved_us < RESOLVED_SHOWN_US) {
            int64_t key = 2 * (int64_t)former_place(f, a);
            list_offer(l, ui, f, texts, (struct row){.id = a->ref, .key = key});
        }
    }
    list_sort(l);
}

static struct target target(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    (void)ui;
    const struct approval *a = fleet_approval(f, id);
    return a == NULL ? (struct target){0, 0} : (struct target){.agent = a->agent, .approval = id};
}

static void open_request(struct press *k, uint32_t id)
{
    approve_look(k, id);
}

static uint8_t look(struct frame *fr, const struct row *row)
{
    const struct approval *a = request_of(fr, row);
    return a != NULL && !a->pending ? CELL_STRIKE | CELL_DIM : 0;
}

static struct field cell_risk(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *a = request_of(fr, row);
    (void)cols;
    if (a == NULL) {
        return field_none(fr);
    }
    struct symbol s = symbol_of_risk(a->risk);
    return (struct field){text_fmt(fr->arena, "%s %s", a->pending ? "?" : " ", s.word), s.role};
}

static struct field cell_age(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *a = request_of(fr, row);
    (void)cols;
    return a == NULL ? field_none(fr)
                     : (struct field){frame_age_short(fr, a->requested_us), ROLE_TEXT};
}

static struct field cell_agent(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *a = request_of(fr, row);
    if (a == NULL) {
        return field_none(fr);
    }
    return (struct field){agent_title(fr, fleet_agent(fr->f, a->agent), cols), ROLE_STRONG};
}

static struct field cell_tool(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *a = request_of(fr, row);
    return a == NULL ? field_none(fr) : (struct field){frame_say_sid(fr, a->tool, cols), ROLE_TEXT};
}

static struct field cell_what(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *a = request_of(fr, row);
    return a == NULL ? field_none(fr) : (struct field){approval_what(fr, a, cols), ROLE_TEXT};
}

static struct field cell_deadline(struct frame *fr, const struct row *row, int cols)
{
    const struct approval *a = request_of(fr, row);
    (void)cols;
    if (a == NULL) {
        return field_none(fr);
    }
    return (struct field){approval_deadline(fr, a), approval_deadline_role(fr, a)};
}

static const struct column columns[] = {
    {"risk",   7,  7,  KEEP_ALWAYS, ALIGN_LEFT,  false, cell_risk    },
    {"age",    4,  4,  KEEP_ALWAYS, ALIGN_RIGHT, false, cell_age     },
    {"agent",  12, 24, KEEP_ALWAYS, ALIGN_LEFT,  false, cell_agent   },
    {"tool",   6,  14, 50,          ALIGN_LEFT,  false, cell_tool    },
    {"wants",  20, 0,  KEEP_ALWAYS, ALIGN_LEFT,  false, cell_what    },
    {"if not", 14, 14, 90,          ALIGN_LEFT,  false, cell_deadline},
};

static void draw_preview(struct frame *fr, struct rect area)
{
    struct ui *ui = fr->ui;
    const struct approval *a = fleet_approval(fr->f, ui->preview_of);
    struct words title = words_of(fr);
    struct words right = words_of(fr);
    if (a == NULL || area.h < 2) {
        return;
    }
    if (ui->preview.cols != area.w) {
        payload_wrap(&ui->preview, area.w);
    }
    words_own(&title, "the request, not yet opened");
    words_fmt(&right, "%u lines", ui->preview.row_count);
    rule_draw(fr, (struct rect){area.x, area.y, area.w, 1}, ROLE_LABEL, words_end(&title),
              words_end(&right));
    area.y++;
    area.h--;
    int rows = payload_draw(&ui->preview, fr->c, area, 0);
    if ((uint32_t)rows < ui->preview.row_count) {
        struct safe more =
            text_fmt(fr->arena, " ▼ %u more lines ", ui->preview.row_count - (uint32_t)rows);
        canvas_put(fr->c, area.x + area.w - (int)more.cols, area.y + area.h - 1, ROLE_HINT, more);
    }
}

static void draw(struct frame *fr, struct rect area)
{
    struct list *l = &fr->ui->list[PANE_QUEUE];
    bool beside = area.w >= BESIDE_COLS;
    struct rect list = area;
    struct rect preview = area;
    if (l->count == 0) {
        table_draw(fr, area, l, &pane_queue);
        return;
    }
    if (beside) {
        list.w = area.w * 11 / 20;
        preview.x = area.x + list.w + 2;
        preview.w = area.w - list.w - 3;
    } else {
        int rows = (int)(l->count < INT16_MAX ? l->count : INT16_MAX) + 1;
        list.h = rows < area.h / 2 ? rows : area.h / 2;
        preview = (struct rect){area.x + 1, area.y + list.h, area.w - 2, area.h - list.h};
    }
    table_draw(fr, list, l, &pane_queue);
    draw_preview(fr, preview);
}

static void headline(struct frame *fr, struct words *w)
{
    words_fmt(w, "by risk, then age  %u", fr->totals.pending);
    if (fr->ui->list[PANE_QUEUE].hidden > 0) {
        words_fmt(w, ", %u hidden by the filter", fr->ui->list[PANE_QUEUE].hidden);
    }
}

static const enum action keys[] = {
    ACT_OPEN,      ACT_APPROVE, ACT_DENY,   ACT_PAUSE,    ACT_STOP,
    ACT_ATTENTION, ACT_FILTER,  ACT_FREEZE, ACTION_COUNT,
};

const struct pane pane_queue = {
    .title = "approvals",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .keys = keys,
    .empty = "nothing waits for you",
    .texts = texts,
    .build = build,
    .target = target,
    .open = open_request,
    .look = look,
    .headline = headline,
    .draw = draw,
};
