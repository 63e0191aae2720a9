/* The themes that come with the program: readable, calm, and telling apart what must not be mixed
 * up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "checkrein/theme.h"
#include "color_priv.h"

#define READABLE_X100 450 /* WCAG AA for text */
#define VISIBLE_X100  300 /* WCAG for lines and large signs; for text where there are 16 colours */
#define BAR_X100      150 /* a bar against what is around it */
#define APART         60  /* of 441: the distance of two colours in sRGB that nobody mixes up */

static const char *const dirs[] = {TESTS_DIR "/../themes", NULL};
static const char *const names[] = {"dark", "light", "mono", "deuteranopia"};

/* What terminals of a kind have behind the text. */
static const uint32_t dark_backdrops[] = {0x000000, 0x1e1e1e};
static const uint32_t light_backdrops[] = {0xffffff, 0xfafafa};

static struct theme load(const char *name)
{
    struct theme t;
    struct why why = {0};
    enum status st = theme_find(&t, name, dirs, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(st, ST_OK);
    return t;
}

static uint32_t rgb(int32_t color)
{
    return COLOR_IS_RGB(color) ? (uint32_t)color & 0xffffff : theme_rgb_of_256(color);
}

/* xterm's 16 colours on the two extremes only: which grey a terminal has there is its own affair.
 */
static bool is_judged(uint32_t backdrop, enum color_depth depth)
{
    return depth != COLOR_16 || backdrop == 0x000000 || backdrop == 0xffffff;
}

static int least_contrast(enum role role, enum color_depth depth)
{
    return depth == COLOR_16 || role == ROLE_FRAME ? VISIBLE_X100 : READABLE_X100;
}

static void assert_readable(const struct theme *t, enum role role, enum color_depth depth,
                            uint32_t backdrop)
{
    struct style s = theme_style(t, role, depth);
    if (s.fg == COLOR_DEFAULT && s.bg == COLOR_DEFAULT) {
        return; /* the user's own pair */
    }
    if (s.fg == COLOR_DEFAULT) {
        fail_msg("%s: %s at %d: a background needs a text colour", t->name, role_name(role), depth);
    }
    uint32_t behind = s.bg == COLOR_DEFAULT ? backdrop : rgb(s.bg);
    int contrast = theme_contrast_x100(rgb(s.fg), behind);
    if (is_judged(backdrop, depth) && contrast < least_contrast(role, depth)) {
        fail_msg("%s: %s at %d on %06x: %d", t->name, role_name(role), depth, behind, contrast);
    }
}

static void every_role_is_readable(void **state)
{
    (void)state;
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        struct theme t = load(names[n]);
        assert_string_equal(t.name, names[n]);
        const uint32_t *backdrops = t.base == THEME_BASE_LIGHT ? light_backdrops : dark_backdrops;
        for (int r = 0; r < ROLE_COUNT; r++) {
            for (enum color_depth depth = COLOR_16; depth <= COLOR_TRUE; depth++) {
                assert_readable(&t, (enum role)r, depth, backdrops[0]);
                assert_readable(&t, (enum role)r, depth, backdrops[1]);
            }
            assert_int_equal(t.style[r].attr & STYLE_DIM, 0); /* would undo the contrast */
        }
    }
}

static bool is_same(struct style a, struct style b)
{
    return a.fg == b.fg && a.bg == b.bg && a.attr == b.attr;
}

static void selection_and_emergency_stand_out(void **state)
{
    (void)state;
    static const enum role bars[] = {ROLE_SELECTED, ROLE_MODE_FROZEN, ROLE_MODE_STALE,
                                     ROLE_MODE_STOPPED, ROLE_EMERGENCY};
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        struct theme t = load(names[n]);
        const uint32_t *backdrops = t.base == THEME_BASE_LIGHT ? light_backdrops : dark_backdrops;
        for (enum color_depth depth = COLOR_MONO; depth <= COLOR_TRUE; depth++) {
            for (size_t i = 0; i < ARRAY_LEN(bars); i++) {
                struct style s = theme_style(&t, bars[i], depth);
                bool is_bar = s.bg != COLOR_DEFAULT &&
                              theme_contrast_x100(rgb(s.bg), backdrops[0]) >= BAR_X100 &&
                              theme_contrast_x100(rgb(s.bg), backdrops[1]) >= BAR_X100;
                if (!is_bar && (s.attr & STYLE_REVERSE) == 0) {
                    fail_msg("%s: %s at %d", t.name, role_name(bars[i]), depth);
                }
            }
        }
    }
}

static void modes_cannot_be_mixed_up(void **state)
{
    (void)state;
    static const enum role modes[] = {ROLE_MODE_LIVE,     ROLE_MODE_FROZEN, ROLE_MODE_REPLAY,
                                      ROLE_MODE_READONLY, ROLE_MODE_STALE,  ROLE_MODE_STOPPED};
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        struct theme t = load(names[n]);
        for (enum color_depth depth = COLOR_16; depth <= COLOR_TRUE && t.base != THEME_BASE_ANY;
             depth++) {
            for (size_t i = 0; i < ARRAY_LEN(modes) * ARRAY_LEN(modes); i++) {
                enum role a = modes[i % ARRAY_LEN(modes)];
                enum role b = modes[i / ARRAY_LEN(modes)];
                if (a != b && is_same(theme_style(&t, a, depth), theme_style(&t, b, depth))) {
                    fail_msg("%s: %s is %s at %d", t.name, role_name(a), role_name(b), depth);
                }
            }
        }
    }
}

static void what_is_normal_has_no_colour(void **state)
{
    (void)state;
    static const enum role calm[] = {
        ROLE_TEXT, ROLE_DIM,     ROLE_STRONG,   ROLE_FRAME,  ROLE_TITLE,     ROLE_LABEL,
        ROLE_KEY,  ROLE_HINT,    ROLE_HEADER,   ROLE_STATUS, ROLE_MODE_LIVE, ROLE_RUNNING,
        ROLE_IDLE, ROLE_STOPPED, ROLE_RISK_LOW, ROLE_SPEND,  ROLE_LINK_UP,   ROLE_PAYLOAD,
    };
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        struct theme t = load(names[n]);
        for (size_t i = 0; i < ARRAY_LEN(calm); i++) {
            struct style s = t.style[calm[i]];
            assert_int_equal(s.bg, COLOR_DEFAULT);
            uint32_t c = s.fg == COLOR_DEFAULT ? 0 : rgb(s.fg);
            assert_true((c >> 16) == (c >> 8 & 0xff) && (c & 0xff) == (c >> 8 & 0xff));
        }
    }
}

static void emergency_is_white_on_red(void **state)
{
    (void)state;
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        struct theme t = load(names[n]);
        if (t.base == THEME_BASE_ANY) {
            continue;
        }
        struct style s = theme_style(&t, ROLE_EMERGENCY, COLOR_16);
        assert_int_equal(s.fg, 15);
        assert_int_equal(s.bg, 1);
        assert_int_equal(s.attr, STYLE_BOLD);
    }
}

static void mono_is_what_is_compiled_in(void **state)
{
    (void)state;
    struct theme file = load("mono");
    struct theme built_in;
    theme_default(&built_in);
    assert_string_equal(file.name, built_in.name);
    assert_int_equal(file.base, built_in.base);
    for (int r = 0; r < ROLE_COUNT; r++) {
        assert_true(is_same(file.style[r], built_in.style[r]));
        assert_int_equal(file.style[r].fg, COLOR_DEFAULT);
        assert_int_equal(file.style[r].bg, COLOR_DEFAULT);
        assert_int_equal(file.style[r].attr & ~(uint32_t)(STYLE_BOLD | STYLE_REVERSE), 0);
    }
}

static uint32_t level_of(double light)
{
    int level = 0;
    while (level < 255 && color_linear(level) < light) {
        level++;
    }
    return (uint32_t)level;
}

/* sRGB as a deuteranope sees it: the projection of Viénot, Brettel and Mollon (1999) in linear
 * light. */
static uint32_t deuteranope(uint32_t color)
{
    double red = color_linear((int)(color >> 16));
    double green = color_linear((int)(color >> 8 & 0xff));
    double blue = color_linear((int)(color & 0xff));
    uint32_t yellow = level_of(0.29275 * red + 0.70725 * green);
    return yellow << 16 | yellow << 8 | level_of(-0.02233 * red + 0.02233 * green + blue);
}

static int apart_squared(uint32_t a, uint32_t b)
{
    int sum = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        int d = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);
        sum += d * d;
    }
    return sum;
}

/* What is most of a role's area: its background when it has one. */
static uint32_t face(const struct theme *t, enum role role)
{
    struct style s = t->style[role];
    assert_true(s.fg != COLOR_DEFAULT || s.bg != COLOR_DEFAULT);
    return deuteranope(rgb(s.bg != COLOR_DEFAULT ? s.bg : s.fg));
}

static void deuteranopes_can_tell_them_apart(void **state)
{
    (void)state;
    static const enum role states[] = {ROLE_WAITING, ROLE_PAUSED, ROLE_STOPPING, ROLE_FAILED};
    static const enum role answers[] = {ROLE_APPROVAL, ROLE_APPROVED, ROLE_DENIED};
    static const enum role modes[] = {ROLE_MODE_FROZEN, ROLE_MODE_REPLAY,  ROLE_MODE_READONLY,
                                      ROLE_MODE_STALE,  ROLE_MODE_STOPPED, ROLE_EMERGENCY};
    static const struct {
        const enum role *roles;
        size_t count;
    } sets[] = {
        {states,  ARRAY_LEN(states) },
        {answers, ARRAY_LEN(answers)},
        {modes,   ARRAY_LEN(modes)  },
    };
    struct theme t = load("deuteranopia");
    for (size_t n = 0; n < ARRAY_LEN(sets); n++) {
        for (size_t i = 0; i < sets[n].count * sets[n].count; i++) {
            enum role a = sets[n].roles[i % sets[n].count];
            enum role b = sets[n].roles[i / sets[n].count];
            if (a != b && apart_squared(face(&t, a), face(&t, b)) < APART * APART) {
                fail_msg("%s looks like %s", role_name(a), role_name(b));
            }
        }
    }
    for (int r = 0; r < ROLE_COUNT; r++) {
        struct style s = t.style[r];
        if (s.bg != COLOR_DEFAULT) {
            int contrast = theme_contrast_x100(deuteranope(rgb(s.fg)), deuteranope(rgb(s.bg)));
            assert_in_range(contrast, READABLE_X100, 2100);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_is_readable),
        cmocka_unit_test(selection_and_emergency_stand_out),
        cmocka_unit_test(modes_cannot_be_mixed_up),
        cmocka_unit_test(what_is_normal_has_no_colour),
        cmocka_unit_test(emergency_is_white_on_red),
        cmocka_unit_test(mono_is_what_is_compiled_in),
        cmocka_unit_test(deuteranopes_can_tell_them_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
