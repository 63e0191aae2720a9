/* One frame: how the screen is divided, and who draws what. */
#include "frame_priv.h"

#include "checkrein/alloc.h"

#define NAME_COLS       24 /* of an agent in the title line */
#define STOP_ROWS       5
#define STOP_ROWS_SMALL 4
#define SMALL_ROWS      20 /* below: a smaller stop panel, and no line for the back-ends in a dialog */

const struct pane *const pane_table[PANE_COUNT] = {
    [PANE_FLEET] = &pane_fleet,
    [PANE_QUEUE] = &pane_queue,
    [PANE_LOG] = &pane_log,
    [PANE_TIMELINE] = &pane_timeline,
    [PANE_SPEND] = &pane_spend,
    [PANE_ALARMS] = &pane_alarms,
    [PANE_CREDENTIALS] = &pane_credentials,
    [PANE_NOW] = &pane_now,
    [PANE_HISTORY] = &pane_history,
    [PANE_MAY] = &pane_may,
    [PANE_COST] = &pane_cost,
    [PANE_CHILDREN] = &pane_children,
    [PANE_RAW] = &pane_raw,
};

static struct frame frame_begin(struct canvas *c, const struct scene *s)
{
    struct frame fr = {.c = c, .f = s->fleet, .ui = s->ui, .now = s->now, .arena = &s->ui->arena};
    fr.change_wall_us = fr.change_mono_us = INT64_MAX;
    text_arena_reset(fr.arena);
    fleet_totals(fr.f, &fr.totals);
    return fr;
}

static void frame_end(struct frame *fr)
{
    struct ui *ui = fr->ui;
    int64_t change = fr->change_mono_us;
    frame_change_wall(fr, ui->rebuild_us);
    if (fr->change_wall_us != INT64_MAX &&
        !ui->options.replay) { /* a replay says how time goes on */
        int64_t at = fr->now.mono_us + (fr->change_wall_us - fr->now.wall_us);
        change = at < change ? at : change;
    }
    ui->change_us = change;
    ui->drawn = true;
}

int64_t view_next_change_us(const struct scene *s)
{
    return s->ui->drawn ? s->ui->change_us : s->now.mono_us;
}

/* ---- the title line of a view */
static void tab_title(struct frame *fr, struct words *w)
{
    const struct agent *a = fleet_agent(fr->f, fr->ui->subject);
    words_safe(w, text_ellipsis(fr->arena, agent_title(fr, a, NAME_COLS), NAME_COLS, "…"));
    words_own(w, " ─");
    for (uint32_t tab = 0; tab < PANE_TAB_COUNT; tab++) {
        words_own(w, tab == fr->ui->tab ? " [" : "  ");
        words_own(w, pane_table[PANE_TAB_FIRST + tab]->title);
        words_own(w, tab == fr->ui->tab ? "]" : " ");
    }
}

static void title_draw(struct frame *fr, struct rect r)
{
    const struct ui *ui = fr->ui;
    const struct pane *p = pane_table[ui_pane(ui)];
    const char *filter = ui->list[ui_pane(ui)].filter;
    struct words title = words_of(fr);
    struct words right = words_of(fr);
    if (ui->view == VIEW_AGENT) {
        tab_title(fr, &title);
    } else {
        words_own(&title, p->title);
    }
    if (filter[0] != '\0') {
        words_own(&title, " ─ /");
        words_foreign(&title, span_str(filter), 24);
    }
    if (p->headline != NULL) {
        p->headline(fr, &right);
    } else if (ui->view == VIEW_AGENT && fleet_agent(fr->f, ui->subject) != NULL) {
        const struct agent *a = fleet_agent(fr->f, ui->subject);
        words_own(&right, symbol_of_agent(fr, a).word);
        words_own(&right, " ");
        words_safe(&right, frame_age_short(fr, agent_since(fr->f, a)));
    }
    rule_draw(fr, r, ROLE_TITLE, words_end(&title), words_end(&right));
}

static void body_draw(struct frame *fr, struct rect r)
{
    const struct pane *p = pane_table[ui_pane(fr->ui)];
    if (p->draw != NULL) {
        p->draw(fr, r);
    } else {
        table_draw(fr, r, ui_list(fr->ui), p);
    }
}

/* Takes rows off the top of what is left. */
static struct rect take_rows(struct rect *left, int rows)
{
    struct rect taken = {left->x, left->y, left->w, rows < left->h ? rows : left->h};
    left->y += taken.h;
    left->h -= taken.h;
    return taken;
}

static struct rect take_last(struct rect *left)
{
    left->h--;
    return (struct rect){left->x, left->y + left->h, left->w, 1};
}

static void over_draw(struct frame *fr, struct rect *left)
{
    enum stop_panel panel = stop_panel(fr->ui, &fr->totals);
    if (panel == STOP_PANEL) {
        stop_panel_draw(fr, take_rows(left, fr->c->h < SMALL_ROWS ? STOP_ROWS_SMALL : STOP_ROWS));
    } else if (panel == STOP_LINE) {
        stop_line_draw(fr, take_rows(left, 1));
    }
    int band = band_height(fr, (fr->c->h - 12) / 3 < 1 ? 1 : (fr->c->h - 12) / 3);
    if (band > 0) {
        band_draw(fr, take_rows(left, band));
    }
}

/* A dialog's place does not depend on what happens meanwhile: one line above it, always. */
static void dialog_draw(struct frame *fr, struct rect left)
{
    struct rect line = take_rows(&left, 1);
    if (stop_panel(fr->ui, &fr->totals) != STOP_HIDDEN) {
        stop_line_draw(fr, line);
    } else {
        band_line_draw(fr, line);
    }
    approve_draw(fr, left);
}

static void view_draw(struct frame *fr, struct rect left)
{
    over_draw(fr, &left);
    if (fr->ui->help.open) {
        help_draw(fr, left);
        return;
    }
    if (fr->ui->why.open) {
        why_draw(fr, left);
        return;
    }
    if (fr->ui->revoke.stage != REVOKE_CLOSED) {
        revoke_draw(fr, left);
        return;
    }
    title_draw(fr, take_rows(&left, 1));
    body_draw(fr, left);
    if (confirm_is_open(fr->ui)) {
        confirm_draw(fr, left);
    }
}

static void foot_draw(struct frame *fr, struct rect *left)
{
    const struct ui *ui = fr->ui;
    struct rect keys = take_last(left);
    bool typing_below = ui->prompt.kind != NULL && !ui->approve.open;
    if (typing_below) {
        prompt_draw(fr, keys);
    }
    if (ui->approve.open && fr->c->h < SMALL_ROWS) {
        if (typing_below || !notice_draw(fr, keys)) {
            keys_draw(fr, keys);
        }
        return;
    }
    struct rect said = take_last(left);
    if (!notice_draw(fr, said)) {
        backends_draw(fr, said);
    }
    if (!typing_below) {
        keys_draw(fr, keys);
    }
}

static void live_draw(struct frame *fr)
{
    struct rect left = {0, 0, fr->c->w, fr->c->h};
    status_draw(fr, take_rows(&left, 1));
    if (fr->ui->options.replay) {
        playback_draw(fr, take_rows(&left, PLAYBACK_ROWS));
    }
    foot_draw(fr, &left);
    if (fr->ui->approve.open) {
        dialog_draw(fr, left);
    } else {
        view_draw(fr, left);
    }
}

/* ---- the frozen picture */
static void picture_take(struct ui *ui, const struct canvas *c)
{
    canvas_resize(&ui->picture, c->w, c->h);
    for (int i = 0; i < c->w * c->h; i++) {
        ui->picture.cells[i] = c->cells[i];
    }
}

static void picture_show(const struct ui *ui, struct canvas *c)
{
    const struct canvas *from = &ui->picture;
    for (int y = 0; y < from->h && y < c->h; y++) {
        for (int x = 0; x < from->w && x < c->w; x++) {
            c->cells[y * c->w + x] = from->cells[y * from->w + x];
        }
    }
}

/* Status and the last two lines go on; the rest stands still. */
static void frozen_draw(struct frame *fr)
{
    struct canvas *c = fr->c;
    struct rect left = {0, 0, c->w, c->h};
    if (fr->ui->picture.w == 0) {
        live_draw(fr);
        picture_take(fr->ui, c);
    } else {
        canvas_clear(c);
        picture_show(fr->ui, c);
    }
    fr->change_wall_us = fr->change_mono_us = INT64_MAX; /* what is frozen does not age */
    c->cursor_x = c->cursor_y = -1;
    canvas_fill(c, (struct rect){0, c->h - 2, c->w, 2}, ROLE_TEXT, ' ');
    status_draw(fr, take_rows(&left, 1));
    keys_draw(fr, take_last(&left));
    struct rect said = take_last(&left);
    if (!notice_draw(fr, said)) {
        backends_draw(fr, said);
    }
}

static void too_small_draw(struct frame *fr)
{
    struct words w = words_of(fr);
    words_fmt(&w, "too small: %dx%d, needs %dx%d", fr->c->w, fr->c->h, UI_MIN_COLS, UI_MIN_ROWS);
    if (fr->totals.pending > 0) {
        words_fmt(&w, "; %u waiting", fr->totals.pending);
    }
    canvas_put(fr->c, 0, 0, ROLE_ALARM, words_end(&w));
}

void view_render(struct canvas *c, const struct scene *s)
{
    ui_sync(s->ui, s->fleet, s->now);
    struct frame fr = frame_begin(c, s);
    c->ascii = s->ui->options.ascii;
    canvas_clear(c);
    s->ui->too_small = c->w < UI_MIN_COLS || c->h < UI_MIN_ROWS;
    if (s->ui->too_small) {
        approve_hidden(s->ui);
        s->ui->revoke.read = false;
        too_small_draw(&fr);
    } else if (s->ui->frozen) {
        frozen_draw(&fr);
    } else {
        live_draw(&fr);
    }
    frame_end(&fr);
}
