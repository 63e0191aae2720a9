/* How many colours are used, and that nothing becomes invisible with fewer. */
#include "stage.h"

static void shows_all_roles(struct actor *a)
{
    actor_open(a);
    for (int r = 0; r < ROLE_COUNT; r++) {
        actor_put(a, (r % 3) * 26, r / 3, (enum role)r, role_name((enum role)r));
    }
    actor_paint(a);
    actor_mark(a);
    enum color_depth depth = term_depth(a->t);
    actor_tell(a, &depth, sizeof(depth));
    ACTOR_CHECK(actor_wait(a) > 0);
    actor_close(a);
}

static struct theme theme_of_colors(void)
{
    struct theme t;
    theme_default(&t);
    t.style[ROLE_ALARM] = (struct style){COLOR_RGB(0xff5f5f), COLOR_DEFAULT, STYLE_BOLD};
    t.style[ROLE_DIM] = (struct style){8, COLOR_DEFAULT, 0};
    t.style[ROLE_SELECTED] = (struct style){15, 8, 0};
    t.style[ROLE_STALE] = (struct style){0, 8, 0};
    t.style[ROLE_FAILED] = (struct style){9, COLOR_DEFAULT, 0};
    t.style[ROLE_EMERGENCY] = (struct style){COLOR_RGB(0xffffff), COLOR_RGB(0xd70000), STYLE_BOLD};
    return t;
}

static const struct vt_pen *pen_of(struct stage *s, enum role r)
{
    return &vt_at(&s->vt, ((int)r % 3) * 26, (int)r / 3)->pen;
}

static void expect_pen(struct stage *s, enum role r, int32_t fg, int32_t bg, uint32_t attr)
{
    const struct vt_pen *pen = pen_of(s, r);
    if (pen->fg != fg || pen->bg != bg || pen->attr != attr) {
        fail_msg("%s is %d on %d, %x; not %d on %d, %x", role_name(r), (int)pen->fg, (int)pen->bg,
                 (unsigned)pen->attr, (int)fg, (int)bg, (unsigned)attr);
    }
}

static void show(struct stage *s, const struct stage_options *o, enum color_depth *depth)
{
    stage_start(s, shows_all_roles, o);
    stage_wait_mark(s);
    stage_hear(s, depth, sizeof(*depth));
    stage_well(s);
}

static void finish(struct stage *s)
{
    stage_go(s, 'e');
    stage_end(s, 0);
}

static void the_depth_is_what_is_wanted_and_there(void **state)
{
    (void)state;
    static const struct {
        struct stage_options o;
        enum color_depth want;
    } ways[] = {
        {{.type = "xterm-256color"},                                            COLOR_256 },
        {{.type = "xterm"},                                                     COLOR_16  },
        {{.type = "vt100"},                                                     COLOR_MONO},
        {{.type = "vt100", .color = COLOR_ALWAYS},                              COLOR_MONO},
        {{.type = "xterm", .colorterm = "truecolor"},                           COLOR_256 },
        {{.type = "xterm", .colorterm = "24bit"},                               COLOR_256 },
        {{.type = "xterm", .colorterm = "yes"},                                 COLOR_16  },
        {{.type = "xterm", .color = COLOR_FORCE_256},                           COLOR_256 },
        {{.type = "xterm", .color = COLOR_FORCE_TRUE},                          COLOR_256 },
        {{.type = "xterm-256color", .color = COLOR_FORCE_TRUE},                 COLOR_256 },
        {{.type = "xterm-256color", .color = COLOR_FORCE_16},                   COLOR_16  },
        {{.type = "xterm-256color", .color = COLOR_NEVER},                      COLOR_MONO},
        {{.type = "xterm-256color", .no_color = true},                          COLOR_MONO},
        {{.type = "xterm-256color", .no_color = true, .color = COLOR_ALWAYS},   COLOR_256 },
        {{.type = "xterm-256color", .no_color = true, .color = COLOR_FORCE_16}, COLOR_16  },
        {{.type = "vt100", .color = COLOR_FORCE_256},                           COLOR_MONO},
    };
    struct theme theme = theme_of_colors();
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct stage s;
        struct stage_options o = ways[i].o;
        enum color_depth depth = COLOR_TRUE;
        o.theme = &theme;
        show(&s, &o, &depth);
        if (depth != ways[i].want) {
            fail_msg("%s (way %zu): depth %d, not %d", o.type, i, (int)depth, (int)ways[i].want);
        }
        assert_int_equal(s.vt.colored, depth != COLOR_MONO);
        if (depth == COLOR_MONO) {
            assert_int_equal(vt_count(&s.vt, "\033[39;49m"), 0); /* not even to take colours away */
        }
        stage_go(&s, 'e');
        stage_end_elsewhere(&s, 0); /* a vt100 is left by scrolling */
    }
}

static void colours_come_out_as_the_theme_has_them(void **state)
{
    (void)state;
    struct theme theme = theme_of_colors();
    struct stage s;
    enum color_depth depth = COLOR_TRUE;
    show(&s, &(struct stage_options){.theme = &theme}, &depth);
    expect_pen(&s, ROLE_ALARM, 203, COLOR_DEFAULT, STYLE_BOLD);
    expect_pen(&s, ROLE_DIM, 8, COLOR_DEFAULT, 0);
    expect_pen(&s, ROLE_SELECTED, 15, 8, 0);
    expect_pen(&s, ROLE_EMERGENCY, 231, 160, STYLE_BOLD);
    expect_pen(&s, ROLE_TEXT, COLOR_DEFAULT, COLOR_DEFAULT, 0);
    finish(&s);
}

/* Eight colours: what is bright there is bold, grey is dim, and no text has the colour of its
 * background. */
static void nothing_is_invisible_in_eight_colours(void **state)
{
    (void)state;
    struct theme theme = theme_of_colors();
    struct stage s;
    enum color_depth depth = COLOR_TRUE;
    show(&s, &(struct stage_options){.theme = &theme, .type = "xterm"}, &depth);
    expect_pen(&s, ROLE_FAILED, 1, COLOR_DEFAULT, STYLE_BOLD);
    expect_pen(&s, ROLE_DIM, COLOR_DEFAULT, COLOR_DEFAULT, STYLE_DIM);
    expect_pen(&s, ROLE_SELECTED, 7, 0, STYLE_BOLD);
    expect_pen(&s, ROLE_STALE, COLOR_DEFAULT, COLOR_DEFAULT, STYLE_REVERSE);
    for (int r = 0; r < ROLE_COUNT; r++) {
        const struct vt_pen *pen = pen_of(&s, (enum role)r);
        assert_true(pen->fg == COLOR_DEFAULT || pen->fg != pen->bg);
    }
    finish(&s);
}

/* Every theme that is shipped keeps what stands out apart, at every depth. */
static void shipped_themes_stand_out(void **state)
{
    (void)state;
    static const char *const names[] = {"dark", "light", "mono", "deuteranopia"};
    static const struct stage_options ways[] = {
        {.type = "xterm-256color"}, {.type = "xterm"}, {.color = COLOR_NEVER}};
    static const char *const dirs[] = {TESTS_DIR "/../themes", NULL};
    for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(ways); i++) {
        struct theme theme;
        struct why why = {0};
        struct stage s;
        struct stage_options o = ways[i % ARRAY_LEN(ways)];
        enum color_depth depth = COLOR_TRUE;
        assert_status(theme_find(&theme, names[i / ARRAY_LEN(ways)], dirs, &why), ST_OK);
        o.theme = &theme;
        show(&s, &o, &depth);
        for (int r = 0; r < ROLE_COUNT; r++) {
            const struct vt_pen *pen = pen_of(&s, (enum role)r);
            assert_true(pen->fg == COLOR_DEFAULT || pen->fg != pen->bg);
        }
        assert_true((pen_of(&s, ROLE_EMERGENCY)->attr & STYLE_REVERSE) != 0 ||
                    pen_of(&s, ROLE_EMERGENCY)->bg != COLOR_DEFAULT);
        finish(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_depth_is_what_is_wanted_and_there),
        cmocka_unit_test(colours_come_out_as_the_theme_has_them),
        cmocka_unit_test(nothing_is_invisible_in_eight_colours),
        cmocka_unit_test(shipped_themes_stand_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
