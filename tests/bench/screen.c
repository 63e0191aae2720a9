/* bench_screen THEME PERCENT FRAMES MODE: draws the fleet on the terminal that is its standard
 * output, frame after frame, with the console's own view and term. Each frame, PERCENT of the rows
 * have started another call. MODE "changes": as the console paints; "everything": each frame is
 * sent anew, as curses does it after a clear.
 *
 * Descriptor 3 gets a line when the first frames are out (and then waits for a byte from 4), and a
 * JSON object at the end; after that nothing more is written on the terminal. Who holds the
 * terminal counts the bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "checkrein/alloc.h"
#include "checkrein/model.h"
#include "checkrein/term.h"
#include "checkrein/theme.h"
#include "checkrein/view.h"
#include "events.h"

#define AROUND_ROWS                                                                                \
    22 /* lines of the screen that are not rows of the fleet: all agents are to be seen */
#define FRAME_US 100000
#define OUT_FD   3
#define GO_FD    4

struct stage {
    struct fleet *fleet;
    struct ui *ui;
    struct term *term;
    struct canvas canvas;
    struct moment now;
    struct events events;
    struct buf before, after; /* dumps of frames: which lines differ */
    uint64_t lines_changed;
    uint32_t next_agent; /* they change in turn */
};

static void apply(struct stage *s, struct event *ev)
{
    ev->backend = SPAN("bench");
    fleet_apply(s->fleet, ev);
}

static void introduce(struct stage *s)
{
    struct event ev;
    event_init(&ev, EVENT_BACKEND_LINK, 1);
    event_set_number(&ev, F_LINK, LINK_LIVE);
    apply(s, &ev);
    for (uint32_t i = 0; i < s->events.agents; i++) {
        events_introduce(&s->events, i, &ev);
        ev.snapshot = false;
        apply(s, &ev);
        events_call_of(&s->events, i, &ev);
        apply(s, &ev);
        s->now.wall_us = ev.time_us;
    }
}

static void count_lines(struct stage *s)
{
    struct span before = buf_span(&s->before);
    struct span after;
    struct span line;
    struct span old;
    buf_clear(&s->after);
    bench_must(canvas_dump_text(&s->canvas, &s->after) == ST_OK, "dump the frame");
    after = buf_span(&s->after);
    while (span_next(&after, '\n', &line)) {
        if (span_next(&before, '\n', &old) && !span_eq(line, old)) {
            s->lines_changed++;
        }
    }
    struct buf swap = s->before;
    s->before = s->after;
    s->after = swap;
}

static void draw(struct stage *s)
{
    struct scene scene = {.fleet = s->fleet, .ui = s->ui, .now = s->now};
    enum status st;
    ui_sync(s->ui, s->fleet, s->now);
    canvas_clear(&s->canvas);
    view_render(&s->canvas, &scene);
    while ((st = term_paint(s->term, &s->canvas)) == ST_AGAIN) {
    }
    bench_must(st == ST_OK, "paint");
}

static void change(struct stage *s, uint32_t rows)
{
    struct event ev;
    for (uint32_t i = 0; i < rows; i++) {
        events_call_of(&s->events, s->next_agent++ % s->events.agents, &ev);
        apply(s, &ev);
    }
    s->now.wall_us += FRAME_US;
    s->now.mono_us += FRAME_US;
}

static void open_stage(struct stage *s, const char *theme_path)
{
    struct why why = {0};
    struct theme theme;
    int cols = 0;
    int rows = 0;
    bench_must(theme_load(&theme, theme_path, &why) == ST_OK, why.text);
    struct term_options o = {.theme = &theme, .type = getenv("TERM")};
    bench_must(term_open(&s->term, &o, &why) == ST_OK, why.text);
    term_size(s->term, &cols, &rows);
    canvas_init(&s->canvas);
    canvas_resize(&s->canvas, cols, rows);
    s->ui = ui_new(&(struct ui_options){.version = "bench", .operator_label = "ops"});
    ui_resized(s->ui, cols, rows, s->now);
    s->fleet = fleet_new();
    events_init(&s->events, 1, (uint32_t)rows - AROUND_ROWS);
    buf_init(&s->before, 1u << 20);
    buf_init(&s->after, 1u << 20);
    introduce(s);
}

static void wait_for_go(void)
{
    char byte;
    bench_must(write(OUT_FD, "ready\n", 6) == 6 && read(GO_FD, &byte, 1) == 1,
               "hear that it goes on");
}

int main(int argc, char **argv)
{
    struct stage *s = xcalloc(1, sizeof(*s));
    int64_t percent = bench_number(argc, argv, 2, 0, 100);
    int64_t frames = bench_number(argc, argv, 3, 1, 1000000);
    bool everything = strcmp(bench_word(argc, argv, 4), "everything") == 0;
    s->now = (struct moment){.mono_us = 1000000000};
    open_stage(s, bench_word(argc, argv, 1));
    uint32_t rows = (uint32_t)(((int64_t)s->events.agents * percent + 99) / 100);
    draw(s);
    draw(s);
    count_lines(s);
    s->lines_changed = 0;
    wait_for_go();
    double cpu = 0;
    for (int64_t i = 0; i < frames; i++) {
        change(s, rows);
        if (everything) {
            term_redraw(s->term);
        }
        double began = bench_cpu_s();
        draw(s);
        cpu += bench_cpu_s() - began;
        count_lines(s);
    }
    (void)dprintf(OUT_FD,
                  "{\"frames\":%" PRId64 ",\"rows\":%u,\"lines_changed\":%.2f,\"cpu_us\":%.1f}\n",
                  frames, (unsigned)s->events.agents, (double)s->lines_changed / (double)frames,
                  cpu * 1e6 / (double)frames);
    _exit(0);
}
