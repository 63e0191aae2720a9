/* asciicast.c - asciicast v2: the screen of a replay, as it would have looked, over time. Where
 * nothing happened for long, it is passed over. */
#include "export_priv.h"

#include <stdlib.h>

#include "../replay/stage.h"
#include "checkrein/num.h"
#include "checkrein/view.h"
#include "checkrein/wire.h"
#include "sgr.h"

#define FRAME_US      INT64_C(100000) /* no two pictures are nearer */
#define END_US        INT64_C(2000000)
#define SECOND_US     INT64_C(1000000)
#define IDLE_US       STAGE_GAP_US
#define IDLE_MAX      3600
#define SIZE_MAX_CELL 1000

struct cast {
    struct export_job *job;
    int cols, rows;
    int64_t idle_us;
    struct stage stage;
    struct ui *ui;
    struct canvas canvas;
    struct sgr sgr;
    struct buf frame, line, ascii;
    int64_t cast_us; /* of the frame that is written next */
};

/* ---- what was chosen */

static enum status parse_size(struct cast *c, const char *text, struct why *why)
{
    struct span rest = span_str(text ? text : "120x40");
    struct span cols;
    int64_t w = 0;
    int64_t h = 0;
    if (!span_next(&rest, 'x', &cols) || num_parse(cols, 1, SIZE_MAX_CELL, &w) != ST_OK ||
        num_parse(rest, 1, SIZE_MAX_CELL, &h) != ST_OK) {
        return why_fail(why, ST_INVALID, "--size: \"%s\" is no size such as 120x40", text);
    }
    c->cols = (int)w;
    c->rows = (int)h;
    return ST_OK;
}

static enum status parse_idle(struct cast *c, const char *text, struct why *why)
{
    int64_t seconds = 0;
    c->idle_us = IDLE_US;
    if (!text) {
        return ST_OK;
    }
    if (num_parse(span_str(text), 1, IDLE_MAX, &seconds) != ST_OK) {
        return why_fail(why, ST_INVALID, "--idle: 1 to %d seconds", IDLE_MAX);
    }
    c->idle_us = seconds * SECOND_US;
    return ST_OK;
}

static enum status choose_theme(struct cast *c, struct why *why)
{
    const char *given = c->job->given->theme;
    const char *name = given ? given : c->job->conf->console.theme;
    enum status st = theme_find(&c->sgr.theme, name, theme_dirs(), why);
    c->sgr.depth = COLOR_TRUE;
    if (st == ST_NOTFOUND && !given) {
        theme_default(&c->sgr.theme);
        st = ST_OK;
    }
    return st;
}

/* ---- what is written */

static enum status write_line(struct cast *c, struct why *why)
{
    buf_clear(&c->ascii);
    enum status st = ascii_json(&c->ascii, buf_span(&c->line));
    return st == ST_OK ? export_write(c->job->out, buf_span(&c->ascii), why)
                       : why_fail(why, st, "a picture is too large");
}

static enum status write_header(struct cast *c, int64_t at_us, struct why *why)
{
    json_t *o = json_pack("{sisisisIsss{ss}}", "version", 2, "width", c->cols, "height", c->rows,
                          "timestamp", (json_int_t)(at_us / SECOND_US), "title", "checkrein replay",
                          "env", "TERM", "xterm-256color");
    buf_clear(&c->line);
    enum status st = put_json_line(&c->line, o);
    return st == ST_OK ? write_line(c, why) : why_fail(why, st, "the header cannot be written");
}

static enum status write_frame(struct cast *c, struct why *why)
{
    buf_clear(&c->line);
    buf_printf(&c->line, "[%lld.%06lld,\"o\",", (long long)(c->cast_us / SECOND_US),
               (long long)(c->cast_us % SECOND_US));
    tape_quote(&c->line, buf_span(&c->frame));
    buf_addstr(&c->line, "]\n");
    c->job->items++;
    return write_line(c, why);
}

/* The picture where the stage stands, when it is another. */
static enum status draw(struct cast *c, struct why *why)
{
    struct playback *shown = stage_playback(&c->stage, c->cols);
    shown->name = c->job->record;
    ui_set_playback(c->ui, shown);
    struct scene scene = {
        .fleet = player_fleet(c->stage.player), .ui = c->ui, .now = {c->stage.at_us, 0}
    };
    canvas_clear(&c->canvas);
    ui_sync(scene.ui, scene.fleet, scene.now);
    view_render(&c->canvas, &scene);
    buf_clear(&c->frame);
    if (sgr_frame(&c->sgr, &c->canvas, &c->frame) != ST_OK) {
        return why_fail(why, ST_LIMIT, "a picture is too large");
    }
    return c->frame.len ? write_frame(c, why) : ST_OK;
}

/* ---- from the first picture to the last */

static enum status read_all(struct cast *c, struct why *why)
{
    struct why bad = {0};
    while (stage_read(&c->stage, &bad)) {
    }
    uint64_t bad_lines = player_bad(c->stage.player);
    if (bad_lines) {
        (void)why_fail(&bad, ST_INVALID, "%s", player_first_bad(c->stage.player));
        export_leave_out(c->job, &bad);
        c->job->left_out = bad_lines;
    }
    return player_marks(c->stage.player)->count
               ? ST_OK
               : why_fail(why, ST_NOTFOUND, "%s: there is no record in it", c->job->record);
}

/* Positions of the times that were asked for. */
static struct marks_span part_of(const struct cast *c)
{
    const struct marks *m = player_marks(c->stage.player);
    const struct export_job *job = c->job;
    struct marks_span s = {.first = 1, .last = m->count};
    if (job->from_us != INT64_MIN) {
        s.first = marks_at_time(m, job->from_us - 1) + 1;
    }
    if (job->to_us != INT64_MAX) {
        s.last = marks_at_time(m, job->to_us);
    }
    return s;
}

/* The last position of what comes next, within the time of one frame. */
static uint64_t next_of(const struct marks *m, uint64_t at, uint64_t last)
{
    uint64_t next = marks_next(m, at, MARK_CHANGE);
    if (next == at || next > last) {
        return last;
    }
    uint64_t together = marks_at_time(m, marks_time_us(m, next) + FRAME_US - 1);
    return together < last ? together : last;
}

static int64_t cast_gap(const struct cast *c, int64_t gap_us)
{
    return gap_us > c->idle_us ? c->idle_us : gap_us > FRAME_US ? gap_us : FRAME_US;
}

static enum status play(struct cast *c, struct why *why)
{
    const struct marks *m = player_marks(c->stage.player);
    struct marks_span s = part_of(c);
    if (s.first > s.last) {
        return why_fail(why, ST_NOTFOUND, "nothing was recorded then");
    }
    enum status st = write_header(c, marks_time_us(m, s.first), why);
    for (uint64_t at = s.first; st == ST_OK; at = next_of(m, at, s.last)) {
        int64_t before_us = c->stage.at_us;
        st = stage_go(&c->stage, at, why);
        c->cast_us += at == s.first ? 0 : cast_gap(c, c->stage.at_us - before_us);
        if (st == ST_OK) {
            st = draw(c, why);
        }
        if (at == s.last) {
            break;
        }
    }
    return st;
}

/* The last picture stays for a while: a player ends with the last line. */
static enum status write_end(struct cast *c, struct why *why)
{
    c->cast_us += END_US;
    buf_clear(&c->frame);
    buf_addstr(&c->frame, "\033[0m");
    return write_frame(c, why);
}

static enum status prepare(struct cast *c, struct why *why)
{
    struct player *player = NULL;
    enum status st = parse_size(c, c->job->given->size, why);
    if (st == ST_OK) {
        st = parse_idle(c, c->job->given->idle, why);
    }
    if (st == ST_OK) {
        st = choose_theme(c, why);
    }
    if (st == ST_OK) {
        st = player_open(&player, c->job->record, why);
    }
    stage_init(&c->stage, player, c->job->record);
    c->ui = ui_new(&(struct ui_options){.replay = true, .version = CHECKREIN_VERSION});
    canvas_init(&c->canvas);
    canvas_resize(&c->canvas, c->cols, c->rows);
    buf_init(&c->frame, EXPORT_TEXT_BYTES);
    buf_init(&c->line, EXPORT_TEXT_BYTES);
    buf_init(&c->ascii, EXPORT_TEXT_BYTES);
    return st;
}

static void release(struct cast *c)
{
    sgr_release(&c->sgr);
    canvas_release(&c->canvas);
    ui_free(c->ui);
    stage_release(&c->stage);
    buf_release(&c->frame);
    buf_release(&c->line);
    buf_release(&c->ascii);
}

enum status asciicast_run(struct export_job *job, const struct export_format *f, struct why *why)
{
    struct cast c = {.job = job};
    (void)f;
    enum status st = prepare(&c, why);
    if (st == ST_OK) {
        st = read_all(&c, why);
    }
    if (st == ST_OK) {
        st = play(&c, why);
    }
    if (st == ST_OK) {
        st = write_end(&c, why);
    }
    release(&c);
    return st;
}
