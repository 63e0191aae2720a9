#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "style_priv.h"

#define NONE COLOR_DEFAULT

static void reads_styles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct style style;
    } rows[] = {
        {"default",                      {NONE, NONE, 0}                           },
        {"black",                        {0, NONE, 0}                              },
        {"white",                        {7, NONE, 0}                              },
        {"grey",                         {8, NONE, 0}                              },
        {"gray",                         {8, NONE, 0}                              },
        {"bright-black",                 {8, NONE, 0}                              },
        {"bright-white",                 {15, NONE, 0}                             },
        {"0",                            {0, NONE, 0}                              },
        {"255",                          {255, NONE, 0}                            },
        {"0x000000",                     {COLOR_RGB(0), NONE, 0}                   },
        {"0x000001",                     {COLOR_RGB(1), NONE, 0}                   },
        {"0xFFaf5f",                     {COLOR_RGB(0xffaf5f), NONE, 0}            },
        {"red on blue",                  {1, 4, 0}                                 },
        {"bright-red on default",        {9, NONE, 0}                              },
        {"default on 0x123456 bold",     {NONE, COLOR_RGB(0x123456), STYLE_BOLD}   },
        {"  \tred\ton  16 \t bold dim ", {1, 16, STYLE_BOLD | STYLE_DIM}           },
        {"cyan reverse underline",       {6, NONE, STYLE_REVERSE | STYLE_UNDERLINE}},
        {"default italic",               {NONE, NONE, STYLE_ITALIC}                },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct why why = {0};
        struct style s = {77, 77, 77};
        enum status st = style_parse(span_str(rows[i].text), &s, &why);
        assert_string_equal(why.text, "");
        assert_int_equal(st, ST_OK);
        assert_int_equal(s.fg, rows[i].style.fg);
        assert_int_equal(s.bg, rows[i].style.bg);
        assert_int_equal(s.attr, rows[i].style.attr);
    }
}

#define NO_COLOR(word)                                                                             \
    "\"" word "\" is no colour: default, a name as red or bright-red, 0-255, 0xRRGGBB"
#define NO_ATTR(word)                                                                              \
    "\"" word "\" is none of bold, dim, reverse, underline, italic; \"on\" follows the first "     \
    "colour"

static void refuses_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"",                   "a colour is missing"     },
        {" \t ",               "a colour is missing"     },
        {"red on",             "a colour is missing"     },
        {"red on ",            "a colour is missing"     },
        {"bold",               NO_COLOR("bold")          },
        {"on red",             NO_COLOR("on")            },
        {"Red",                NO_COLOR("Red")           },
        {"crimson",            NO_COLOR("crimson")       },
        {"bright-grey",        NO_COLOR("bright-grey")   },
        {"#ff8800",            NO_COLOR("#ff8800")       },
        {"0xff880",            NO_COLOR("0xff880")       },
        {"0xff88000",          NO_COLOR("0xff88000")     },
        {"0x",                 NO_COLOR("0x")            },
        {"0Xff8800",           NO_COLOR("0Xff8800")      },
        {"0xff88zz",           NO_COLOR("0xff88zz")      },
        {"0x-f8800",           NO_COLOR("0x-f8800")      },
        {"256",                NO_COLOR("256")           },
        {"-1",                 NO_COLOR("-1")            },
        {"007",                NO_COLOR("007")           },
        {"99999999999999",     NO_COLOR("99999999999999")},
        {"red on bold",        NO_COLOR("bold")          },
        {"red on on",          NO_COLOR("on")            },
        {"red blue",           NO_ATTR("blue")           },
        {"red bold on blue",   NO_ATTR("on")             },
        {"red on blue on red", NO_ATTR("on")             },
        {"red Bold",           NO_ATTR("Bold")           },
        {"red blink",          NO_ATTR("blink")          },
        {"red bold,dim",       NO_ATTR("bold,dim")       },
        {"red bold bold",      "\"bold\" stands twice"   },
        {"red dim bold dim",   "\"dim\" stands twice"    },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct why why = {0};
        struct style s = {77, 78, 79};
        enum status st = style_parse(span_str(rows[i].text), &s, &why);
        assert_string_equal(why.text, rows[i].reason);
        assert_int_equal(st, ST_INVALID);
        assert_int_equal(s.fg, 77);
        assert_int_equal(s.bg, 78);
        assert_int_equal(s.attr, 79);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_styles),
        cmocka_unit_test(refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
