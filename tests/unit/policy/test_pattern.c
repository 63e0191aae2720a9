#include <locale.h>

#include "rules.h"

struct match {
    const char *pattern, *text;
    bool hit;
};

static const struct match globs[] = {
    {"",                    "",                 false}, /* an empty pattern is none */
    {"*",                   "",                 true },
    {"*",                   "a/b\nc",           true },
    {"**",                  "x",                true },
    {"a*c",                 "abc",              true },
    {"a*c",                 "ac",               true },
    {"a*c",                 "acb",              false},
    {"a*b*c",               "aXbYbZc",          true },
    {"a*b*c",               "aXcYb",            false},
    {"*ab",                 "aab",              true },
    {"*aab*",               "aaab",             true },
    {"?",                   "",                 false},
    {"?",                   "a",                true },
    {"?",                   "\xc3\xa9",         true },
    {"?",                   "\xf0\x9f\x98\x80", true },
    {"?",                   "\xff",             true },
    {"??",                  "\xc3(",            true },
    {"??",                  "\xe2\x82",         true },
    {"[abc]",               "b",                true },
    {"[abc]",               "d",                false},
    {"[!abc]",              "d",                true },
    {"[^abc]",              "a",                false},
    {"[a-c]x",              "bx",               true },
    {"[a-c]x",              "dx",               false},
    {"[]]",                 "]",                true },
    {"[!]]",                "]",                false},
    {"[]a]",                "a",                true },
    {"[a-]",                "-",                true },
    {"[-a]",                "-",                true },
    {"[\\]]",               "]",                true },
    {"[\\--a]",             "-",                true },
    {"[a\\-c]",             "b",                false},
    {"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9",         true },
    {"[\xc3\xa0-\xc3\xbf]", "e",                false},
    {"\\*",                 "*",                true },
    {"\\*",                 "a",                false},
    {"\\a",                 "a",                true },
    {"\\\\",                "\\",               true },
    {"a\\[b",               "a[b",              true },
    {"a | b",               "b",                true },
    {"a | b",               "a",                true },
    {"a | b",               "a | b",            false},
    {"a|b",                 "a|b",              true },
    {" a ",                 "a",                true },
    {"re:^x | y*",          "yes",              true },
    {"re:^x | y*",          "xes",              true },
    {"re:a{2,3}$",          "baa",              true },
    {"re:a{2,3}$",          "ba",               false},
    {"re:[[:digit:]]+",     "a1",               true },
    {"re:^$",               "",                 true },
    {"re:a.c",              "a\nc",             true },
    {"re:a.c",
     "a\xff"
     "c",                                       true },
};

static void globs_and_expressions_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(globs); i++) {
        const struct match *m = &globs[i];
        if (pattern_match(span_str(m->pattern), span_str(m->text)) != m->hit) {
            fail_msg("[%s] on [%s] is not %d", m->pattern, m->text, m->hit);
        }
    }
}

static void a_zero_byte_is_a_byte(void **state)
{
    (void)state;
    assert_true(pattern_match(SPAN("a*c"), SPAN("a\0c")));
    assert_true(pattern_match(SPAN("a?c"), SPAN("a\0c")));
    assert_false(pattern_match(SPAN("a"), SPAN("a\0")));
    assert_true(pattern_match(SPAN("re:c$"), SPAN("a\0c")));
    assert_false(pattern_match(SPAN("re:^a$"), SPAN("a\0c")));
}

struct bad {
    const char *pattern, *words;
};

static const struct bad bad[] = {
    {"",                           "1 to 512 bytes" },
    {"a\nb",                       "control"        },
    {"a\tb",                       "control"        },
    {"[a",                         "']'"            },
    {"[]",                         "']'"            },
    {"[!]",                        "']'"            },
    {"[a\\",                       "']'"            },
    {"a\\",                        "backslash"      },
    {"a | ",                       "empty"          },
    {" | a",                       "empty"          },
    {"a |  | b",                   "empty"          },
    {"re:(",                       "expression"     },
    {"re:a**b{",                   "expression"     },
    {"re:[z-a]",                   "expression"     },
    {"re:(a)\\1",                  "back references"},
    {"re:a{5000}",                 "repetitions"    },
    {"re:(a{100}){100}",           "repetitions"    },
    {"re:a{99999999999999999999}", "repetitions"    },
};

static void bad_patterns_are_refused_with_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct why why = {{0}};
        if (pattern_check(span_str(bad[i].pattern), &why) == ST_OK) {
            fail_msg("[%s] is taken", bad[i].pattern);
        }
        assert_contains(why.text, bad[i].words);
        assert_false(pattern_match(span_str(bad[i].pattern), SPAN("a")));
    }
}

static void a_long_pattern_is_refused(void **state)
{
    (void)state;
    char text[514];
    memset(text, 'a', sizeof(text));
    assert_status(pattern_check((struct span){text, 512}, NULL), ST_OK);
    assert_status(pattern_check((struct span){text, 513}, NULL), ST_INVALID);
}

/* Quadratic at worst; a matcher that goes back over every star would not come back from this. */
static void many_stars_do_not_explode(void **state)
{
    (void)state;
    static char text[60000];
    char pattern[201];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i + 1 < sizeof(pattern); i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    pattern[200] = 'b';
    assert_false(pattern_match((struct span){pattern, 201}, (struct span){text, sizeof(text)}));
    assert_true(pattern_match((struct span){pattern, 200}, (struct span){text, sizeof(text)}));
}

/* In a UTF-8 locale '.' would not match a broken byte, and a rule could be passed by one. */
static void the_locale_does_not_matter(void **state)
{
    (void)state;
    char before[64];
    assert_true(span_copy(span_str(setlocale(LC_ALL, NULL)), before, sizeof(before)));
    assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
    assert_true(pattern_match(SPAN("re:^rm.*-rf$"), SPAN("rm \xff\xc3 -rf")));
    assert_true(pattern_match(SPAN("re:^..$"), SPAN("\xc3\xa9")));
    assert_string_equal(setlocale(LC_ALL, NULL), "C.UTF-8");
    (void)setlocale(LC_ALL, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_and_expressions_match),
        cmocka_unit_test(a_zero_byte_is_a_byte),
        cmocka_unit_test(bad_patterns_are_refused_with_words),
        cmocka_unit_test(a_long_pattern_is_refused),
        cmocka_unit_test(many_stars_do_not_explode),
        cmocka_unit_test(the_locale_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
