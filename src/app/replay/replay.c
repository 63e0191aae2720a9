/* replay.c - `checkrein replay`: a record on the screen, or one picture of it as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../console.h"
#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "past.h"

#define PICTURE_BYTES ((size_t)8 << 20)
#define COLS_MAX      1000

struct choices {
    const char *config, *at, *event, *speed, *print, *theme, *color, *ascii;
};

const struct option_row OPTIONS_REPLAY[] = {
    {"config",                                                   "FILE", "read this file", offsetof(struct choices, config)},
    {"at",                                          "TIME", "begin there: 14:03:20 or 2026-11-17 14:03, UTC", offsetof(struct choices, at)},
    {"event",                                                   "TEXT", "begin at the first record with this text, such as an id",
     offsetof(struct choices, event)},
    {"speed",                                                       "N", "play at once: 1/4 to 256 times as fast as it was",
     offsetof(struct choices, speed)},
    {"print",          "COLSxROWS", "no screen: print the picture as text, and end",
     offsetof(struct choices, print)},
    {"theme",                                                       "NAME", "dark, light, mono, deuteranopia, or a path",
     offsetof(struct choices, theme)},
    {"color",                                                    "auto|always|never|16|256|truecolor", "how many colours",
     offsetof(struct choices, color)},
    {"ascii", NULL, "draw with ASCII only", offsetof(struct choices, ascii)},
    {0                                                   },
};

/* ---- one picture */

static enum status parse_size(const char *text, int *cols, int *rows, struct why *why)
{
    char *end = NULL;
    long w = strtol(text, &end, 10);
    long h = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (*end != '\0' || w < 1 || h < 1 || w > COLS_MAX || h > COLS_MAX) {
        return why_fail(why, ST_INVALID, "--print: \"%s\" is no size such as 120x40", text);
    }
    *cols = (int)w;
    *rows = (int)h;
    return ST_OK;
}

static enum status print_scene(struct past *p, int cols, int rows, bool ascii)
{
    struct canvas canvas;
    struct buf text;
    struct scene scene = past_scene(p, cols, 0, 0);
    canvas_init(&canvas);
    canvas.ascii = ascii;
    canvas_resize(&canvas, cols, rows);
    ui_sync(scene.ui, scene.fleet, scene.now);
    view_render(&canvas, &scene);
    buf_init(&text, PICTURE_BYTES);
    enum status st = canvas_dump_text(&canvas, &text);
    if (st == ST_OK && fwrite(text.data, 1, text.len, stdout) != text.len) {
        st = ST_IO;
    }
    buf_release(&text);
    canvas_release(&canvas);
    return st;
}

static int print_picture(const struct conf *conf, const struct past_view *v, const char *size)
{
    struct past p;
    struct loop *loop = NULL;
    struct why why = {0};
    int cols = 0;
    int rows = 0;
    enum status st = parse_size(size, &cols, &rows, &why);
    if (st != ST_OK) {
        return app_trouble(&why, EXIT_USAGE);
    }
    st = loop_new(&loop, &why);
    struct ui *ui = ui_new(&(struct ui_options){.replay = true,
                                                .ascii = conf->console.ascii,
                                                .operator_label = conf->console.operator_label,
                                                .version = CHECKREIN_VERSION});
    if (st == ST_OK) {
        st = past_open(&p, loop, ui, v, &why);
    }
    if (st == ST_OK) {
        p.stage.playing = false;
        while (p.stage.reading || p.stage.hunting || p.goal.set || p.verifier) {
            (void)past_turn(&p, 0, &why);
            st = loop_turn(loop, p.stage.reading || p.stage.hunting || !p.verifier ? 0 : -1);
        }
        if (st == ST_OK && v->event && v->event[0] && player_position(p.stage.player) == 0) {
            st = why_fail(&why, ST_NOTFOUND, "no record has \"%s\"", v->event);
        }
        st = st == ST_OK ? print_scene(&p, cols, rows, conf->console.ascii) : st;
        past_close(&p);
    }
    loop_free(loop);
    return st == ST_OK ? EXIT_DONE : app_trouble(&why, EXIT_TROUBLE);
}

/* ---- the subcommand */

/* What is wrong with the file is told before anything is said of the terminal. */
static enum status look_at(const char *path, struct why *why)
{
    struct player *p = NULL;
    enum status st = player_open(&p, path, why);
    player_close(p);
    return st;
}

static void replace(char **slot, const char *value)
{
    if (value) {
        free(*slot);
        *slot = xstrdup(value);
    }
}

static int replay(struct conf *conf, const struct choices *ch, const char *file)
{
    char *standard =
        conf->console.journal[0] ? xstrdup(conf->console.journal) : path_state("console");
    struct past_view v = {.path = file ? file : standard,
                          .at = ch->at,
                          .event = ch->event,
                          .speed = ch->speed,
                          .from_us = clock_wall_us()};
    replace(&conf->console.theme, ch->theme);
    replace(&conf->console.color, ch->color);
    conf->console.ascii |= ch->ascii != NULL;
    struct why why = {0};
    int code;
    if (look_at(v.path, &why) != ST_OK) {
        code = app_trouble(&why, EXIT_TROUBLE);
    } else if (ch->print) {
        code = print_picture(conf, &v, ch->print);
    } else {
        code = console_run(&(struct console_options){.conf = conf, .past = &v});
    }
    free(standard);
    return code;
}

int cmd_replay(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK || a->argc > 1) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    struct conf conf;
    struct why why = {0};
    int code = config_load(&conf, ch.config, &why) == ST_OK
                   ? replay(&conf, &ch, a->argc ? a->argv[0] : NULL)
                   : app_trouble(&why, EXIT_TROUBLE);
    conf_release(&conf);
    return code;
}
