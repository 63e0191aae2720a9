/* The ladder truecolor -> 256 -> 16 -> mono, and contrast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkrein/theme.h"

static void knows_the_palette(void **state)
{
    (void)state;
    static const struct {
        int index;
        uint32_t rgb;
    } rows[] = {
        {0,   0x000000},
        {1,   0xcd0000},
        {9,   0xff0000},
        {15,  0xffffff},
        {16,  0x000000},
        {17,  0x00005f},
        {21,  0x0000ff},
        {22,  0x005f00},
        {46,  0x00ff00},
        {52,  0x5f0000},
        {110, 0x87afd7},
        {196, 0xff0000},
        {214, 0xffaf00},
        {231, 0xffffff},
        {232, 0x080808},
        {244, 0x808080},
        {255, 0xeeeeee},
        {-1,  0x000000},
        {256, 0xeeeeee},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(theme_rgb_of_256(rows[i].index), rows[i].rgb);
    }
}

static void goes_down_the_ladder(void **state)
{
    (void)state;
    static const struct {
        int32_t color;
        enum color_depth depth;
        int32_t nearest;
    } rows[] = {
        {COLOR_DEFAULT,       COLOR_TRUE, COLOR_DEFAULT      },
        {COLOR_DEFAULT,       COLOR_256,  COLOR_DEFAULT      },
        {COLOR_DEFAULT,       COLOR_16,   COLOR_DEFAULT      },
        {COLOR_DEFAULT,       COLOR_MONO, COLOR_DEFAULT      },
        {COLOR_RGB(0xffaf00), COLOR_TRUE, COLOR_RGB(0xffaf00)},
        {COLOR_RGB(0x000001), COLOR_TRUE, COLOR_RGB(0x000001)},
        {COLOR_RGB(0xffaf00), COLOR_256,  214                },
        {COLOR_RGB(0xfdb002), COLOR_256,  214                },
        {COLOR_RGB(0x000000), COLOR_256,  16                 },
        {COLOR_RGB(0xffffff), COLOR_256,  231                },
        {COLOR_RGB(0x818181), COLOR_256,  244                },
        {COLOR_RGB(0xcd0000), COLOR_256,  160                },
        {COLOR_RGB(0xf00808), COLOR_16,   9                  },
        {COLOR_RGB(0xc00000), COLOR_16,   1                  },
        {COLOR_RGB(0x707070), COLOR_16,   8                  },
        {COLOR_RGB(0x010101), COLOR_16,   0                  },
        {COLOR_RGB(0xffaf00), COLOR_MONO, COLOR_DEFAULT      },
        {214,                 COLOR_TRUE, 214                },
        {214,                 COLOR_256,  214                },
        {214,                 COLOR_16,   3                  },
        {16,                  COLOR_16,   0                  },
        {255,                 COLOR_16,   7                  },
        {15,                  COLOR_16,   15                 },
        {0,                   COLOR_16,   0                  },
        {0,                   COLOR_MONO, COLOR_DEFAULT      },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(theme_color(rows[i].color, rows[i].depth), rows[i].nearest);
    }
}

/* Every palette colour is its own nearest, save where two entries are alike. */
static void a_palette_colour_stays_itself(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        uint32_t rgb = theme_rgb_of_256(i);
        int32_t at_256 = theme_color(COLOR_RGB(rgb), COLOR_256);
        int32_t at_16 = theme_color(COLOR_RGB(rgb), COLOR_16);
        assert_in_range(at_256, 16, 255);
        assert_in_range(at_16, 0, 15);
        if (i >= 16) {
            assert_int_equal(theme_rgb_of_256(at_256), rgb);
        } else {
            assert_int_equal(at_16, i);
        }
    }
}

static void measures_contrast(void **state)
{
    (void)state;
    static const struct {
        uint32_t a, b;
        int x100;
    } rows[] = {
        {0x000000, 0xffffff, 2100},
        {0xffffff, 0xffffff, 100 },
        {0x777777, 0xffffff, 447 },
        {0x767676, 0xffffff, 454 },
        {0xff0000, 0xffffff, 399 },
        {0x0000ff, 0xffffff, 859 },
        {0x00ff00, 0x000000, 1530},
        {0xffff00, 0x0000ff, 800 },
        {0x0a0a0a, 0x000000, 106 },
        {0x0b0b0b, 0x000000, 106 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(theme_contrast_x100(rows[i].a, rows[i].b), rows[i].x100);
        assert_int_equal(theme_contrast_x100(rows[i].b, rows[i].a), rows[i].x100);
    }
    for (uint32_t grey = 1; grey < 256; grey++) {
        int above = theme_contrast_x100(grey * 0x010101, 0);
        assert_true(above >= theme_contrast_x100((grey - 1) * 0x010101, 0));
    }
}

/* What the eye finds by its background is still found where there are no colours. */
static void a_lost_background_becomes_reverse(void **state)
{
    (void)state;
    static const struct {
        struct style written;
        enum color_depth depth;
        struct style shown;
    } rows[] = {
        {{15, COLOR_RGB(0xd70000), STYLE_BOLD}, COLOR_16,   {15, 1, STYLE_BOLD}                 },
        {{15, COLOR_RGB(0xd70000), STYLE_BOLD}, COLOR_MONO, {-1, -1, STYLE_BOLD | STYLE_REVERSE}},
        {{15, -1, STYLE_BOLD},                  COLOR_MONO, {-1, -1, STYLE_BOLD}                },
        {{-1, 4, 0},                            COLOR_MONO, {-1, -1, STYLE_REVERSE}             },
        {{-1, 4, 0},                            COLOR_256,  {-1, 4, 0}                          },
        {{1, 1, 0},                             COLOR_256,  {-1, -1, STYLE_REVERSE}             },
        {{COLOR_RGB(0x808080), 8, 0},           COLOR_256,  {244, 8, 0}                         },
        {{COLOR_RGB(0x808080), 8, 0},           COLOR_16,   {-1, -1, STYLE_REVERSE}             },
        {{-1, -1, STYLE_REVERSE},               COLOR_TRUE, {-1, -1, STYLE_REVERSE}             },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct theme t;
        theme_default(&t);
        t.style[ROLE_ALARM] = rows[i].written;
        struct style s = theme_style(&t, ROLE_ALARM, rows[i].depth);
        assert_int_equal(s.fg, rows[i].shown.fg);
        assert_int_equal(s.bg, rows[i].shown.bg);
        assert_int_equal(s.attr, rows[i].shown.attr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_palette),
        cmocka_unit_test(goes_down_the_ladder),
        cmocka_unit_test(a_palette_colour_stays_itself),
        cmocka_unit_test(measures_contrast),
        cmocka_unit_test(a_lost_background_becomes_reverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
