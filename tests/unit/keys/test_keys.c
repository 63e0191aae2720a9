/* Names of keys, there and back, and tables from key to action. */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/keys.h"
#include "prng.h"

static uint32_t parsed(struct span name)
{
    uint32_t key = 0;
    assert_status(key_parse(name, &key), ST_OK);
    return key;
}

static void names_are_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t key;
        const char *name; /* NULL: the text */
    } cases[] = {
        {"a",                  'a',                                            NULL        },
        {"A",                  'A',                                            NULL        },
        {"!",                  '!',                                            NULL        },
        {"-",                  '-',                                            NULL        },
        {"space",              ' ',                                            NULL        },
        {"SPACE",              ' ',                                            "space"     },
        {"enter",              KEY_NAMED(KEYN_ENTER),                          NULL        },
        {"Enter",              KEY_NAMED(KEYN_ENTER),                          "enter"     },
        {"pgdn",               KEY_NAMED(KEYN_PGDN),                           NULL        },
        {"f12",                KEY_NAMED(KEYN_F12),                            NULL        },
        {"f1",                 KEY_NAMED(KEYN_F1),                             NULL        },
        {"f",                  'f',                                            NULL        },
        {"none",               KEY_NAMED(KEYN_NONE),                           NULL        },
        {"ctrl-f",             KEY_CTRL | 'f',                                 NULL        },
        {"ctrl-F",             KEY_CTRL | 'f',                                 "ctrl-f"    },
        {"Ctrl-f",             KEY_CTRL | 'f',                                 "ctrl-f"    },
        {"ctrl-space",         KEY_CTRL | ' ',                                 NULL        },
        {"ctrl-@",             KEY_CTRL | ' ',                                 "ctrl-space"},
        {"ctrl-\\",            KEY_CTRL | '\\',                                NULL        },
        {"ctrl-]",             KEY_CTRL | ']',                                 NULL        },
        {"ctrl-_",             KEY_CTRL | '_',                                 NULL        },
        {"ctrl-up",            KEY_CTRL | KEY_NAMED(KEYN_UP),                  NULL        },
        {"ctrl-m",             KEY_NAMED(KEYN_ENTER),                          "enter"     },
        {"ctrl-j",             KEY_NAMED(KEYN_ENTER),                          "enter"     },
        {"ctrl-i",             KEY_NAMED(KEYN_TAB),                            "tab"       },
        {"ctrl-[",             KEY_NAMED(KEYN_ESC),                            "esc"       },
        {"ctrl-h",             KEY_CTRL | 'h',                                 NULL        },
        {"alt-x",              KEY_ALT | 'x',                                  NULL        },
        {"alt-X",              KEY_ALT | 'X',                                  NULL        },
        {"alt--",              KEY_ALT | '-',                                  NULL        },
        {"alt-space",          KEY_ALT | ' ',                                  NULL        },
        {"alt-enter",          KEY_ALT | KEY_NAMED(KEYN_ENTER),                NULL        },
        {"alt-ctrl-x",         KEY_ALT | KEY_CTRL | 'x',                       "ctrl-alt-x"},
        {"ctrl-alt-backspace", KEY_ALT | KEY_CTRL | KEY_NAMED(KEYN_BACKSPACE), NULL        },
        {"\u00e9",             0xE9,                                           NULL        },
        {"\u0444",             0x444,                                          NULL        },
        {"\u8a2d",             0x8A2D,                                         NULL        },
        {"\U0001f600",         0x1F600,                                        NULL        },
        {"alt-\u00e9",         KEY_ALT | 0xE9,                                 NULL        },
        {"focus-in",           KEY_NAMED(KEYN_FOCUS_IN),                       NULL        },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char name[KEY_NAME_BYTES];
        assert_int_equal(parsed(span_str(cases[i].text)), cases[i].key);
        key_text(cases[i].key, name);
        assert_string_equal(name, cases[i].name != NULL ? cases[i].name : cases[i].text);
    }
}

static void what_is_no_key(void **state)
{
    (void)state;
    static const struct span bad[] = {
        {NULL,               0 },
        {"",                 0 },
        {" ",                1 },
        {"ab",               2 },
        {"enter ",           6 },
        {" a",               2 },
        {"f13",              3 },
        {"f0",               2 },
        {"ctrl-",            5 },
        {"alt-",             4 },
        {"ctrl-1",           6 },
        {"ctrl--",           6 },
        {"ctrl-\xc3\xa9",    7 },
        {"ctrl-ctrl-a",      11},
        {"alt-alt-a",        9 },
        {"ctrl-none",        9 },
        {"alt-none",         8 },
        {"\n",               1 },
        {"\x1b",             1 },
        {"\x7f",             1 },
        {"\xff",             1 },
        {"\xc3",             1 },
        {"\xc2\x9b",         2 },
        {"\xc0\xaf",         2 },
        {"\xed\xa0\x80",     3 },
        {"\xf4\x90\x80\x80", 4 },
        {"\xe2\x82\xac\xac", 4 },
        {"a\0",              2 },
        {"ente",             4 },
        {"enterr",           6 },
        {"resize\0",         7 },
        {"shift-a",          7 },
        {"\xc3\xa9\xc3\xa9", 4 },
        {"\0",               1 },
        {"alt-\x01",         5 },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint32_t key = 12345;
        if (key_parse(bad[i], &key) != ST_INVALID || key != 12345) {
            fail_msg("case %u is a key", (unsigned)i);
        }
    }
}

/* What terminals send as one byte is one key. */
static void control_bytes_have_names(void **state)
{
    (void)state;
    static const struct {
        uint32_t byte;
        const char *name;
    } bytes[] = {
        {0x00, "ctrl-space"},
        {0x01, "ctrl-a"    },
        {0x06, "ctrl-f"    },
        {0x08, "ctrl-h"    },
        {0x09, "tab"       },
        {0x0A, "enter"     },
        {0x0D, "enter"     },
        {0x1A, "ctrl-z"    },
        {0x1B, "esc"       },
        {0x1C, "ctrl-\\"   },
        {0x1D, "ctrl-]"    },
        {0x1E, "ctrl-^"    },
        {0x1F, "ctrl-_"    },
        {0x20, "space"     },
        {0x7F, "backspace" }
    };
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        char name[KEY_NAME_BYTES];
        key_text(bytes[i].byte, name);
        assert_string_equal(name, bytes[i].name);
    }
}

static void check_round_trip(uint32_t number)
{
    char name[KEY_NAME_BYTES];
    uint32_t normal = key_normal(number);
    key_text(number, name);
    assert_true(strlen(name) < KEY_NAME_BYTES);
    if (parsed(span_str(name)) != normal || key_normal(normal) != normal) {
        fail_msg("%08x: %s does not come back", (unsigned)number, name);
    }
}

static void every_key_comes_back_by_name(void **state)
{
    (void)state;
    static const uint32_t modifiers[] = {0, KEY_CTRL, KEY_ALT, KEY_CTRL | KEY_ALT};
    struct prng r = {.state = 3};
    for (size_t m = 0; m < ARRAY_LEN(modifiers); m++) {
        for (uint32_t k = 0; k < 0x3000; k++) {
            check_round_trip(k | modifiers[m]);
            check_round_trip((KEY_BASE + k) | modifiers[m]);
        }
    }
    for (int i = 0; i < 100000; i++) {
        check_round_trip((uint32_t)prng_next(&r));
        check_round_trip((uint32_t)prng_below(&r, 0x110000));
    }
    assert_int_equal(key_normal(UINT32_MAX), KEY_NAMED(KEYN_NONE));
    assert_int_equal(key_normal(0xD800), KEY_NAMED(KEYN_NONE));
    assert_int_equal(key_normal(0x9B), KEY_NAMED(KEYN_NONE));
    assert_int_equal(key_normal(KEY_CTRL | 0xE9), KEY_NAMED(KEYN_NONE));
}

static const char *keys_of(const struct keymap *m, uint16_t context, uint16_t action)
{
    static char out[256];
    size_t n = keymap_keys(m, context, action, out, sizeof(out));
    assert_int_equal(n, strlen(out));
    return out;
}

static struct keymap map; /* too big for a stack frame to be taken lightly */

static int empty_map(void **state)
{
    (void)state;
    map = (struct keymap){.count = 0};
    return 0;
}

static void keys_mean_actions(void **state)
{
    (void)state;
    struct why why = {""};
    assert_status(keymap_bind(&map, 0, SPAN("q ctrl-c"), 1, &why), ST_OK);
    assert_status(keymap_bind(&map, 2, SPAN("  j   down  "), 2, &why), ST_OK);
    assert_status(keymap_bind(&map, 2, SPAN("q"), 3, &why), ST_OK);
    assert_int_equal(keymap_find(&map, 2, 'j'), 2);
    assert_int_equal(keymap_find(&map, 2, KEY_NAMED(KEYN_DOWN)), 2);
    assert_int_equal(keymap_find(&map, 2, 0x03), 1); /* a raw byte, found in context 0 */
    assert_int_equal(keymap_find(&map, 2, 'q'), 3);  /* the context goes first */
    assert_int_equal(keymap_find(&map, 1, 'q'), 1);
    assert_int_equal(keymap_find(&map, 0, 'j'), -1);
    assert_int_equal(keymap_find(&map, 2, 'J'), -1);
    assert_int_equal(keymap_find(&map, 2, KEY_NAMED(KEYN_NONE)), -1);
    assert_int_equal(keymap_find(&map, 2, UINT32_MAX), -1);
    assert_string_equal(keys_of(&map, 2, 2), "j down");
    assert_string_equal(keys_of(&map, 0, 1), "q ctrl-c");
    assert_string_equal(keys_of(&map, 0, 2), "");
}

static void a_taken_key_is_refused(void **state)
{
    (void)state;
    struct why why = {""};
    assert_status(keymap_bind(&map, 1, SPAN("j down"), 2, &why), ST_OK);
    assert_status(keymap_bind(&map, 1, SPAN("x Down y"), 3, &why), ST_EXISTS);
    assert_contains(why.text, "down");
    assert_contains(why.text, "j down");
    assert_int_equal(map.count, 2);
    assert_int_equal(keymap_find(&map, 1, 'x'), -1);
    assert_status(keymap_bind(&map, 1, SPAN("down"), 3, NULL), ST_EXISTS);
    assert_status(keymap_bind(&map, 0, SPAN("j"), 3, &why), ST_OK);
    assert_status(keymap_bind(&map, 1, SPAN("k j"), 2, &why), ST_OK);
    assert_string_equal(keys_of(&map, 1, 2), "j down k");
}

static void bad_bindings_bind_nothing(void **state)
{
    (void)state;
    static const struct {
        struct span keys;
        const char *word;
    } bad[] = {
        {{"a ctrl-1 b", 10}, "\"ctrl-1\""},
        {{"", 0},            "no key"    },
        {{NULL, 0},          "no key"    },
        {{"   ", 3},         "no key"    },
        {{"a\tb", 3},        "is no key" },
        {{"a \x1b[2J", 6},   "is no key" }
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct why why = {""};
        assert_status(keymap_bind(&map, 1, bad[i].keys, 2, &why), ST_INVALID);
        assert_contains(why.text, bad[i].word);
        assert_int_equal(map.count, 0);
    }
}

static void none_and_repeats(void **state)
{
    (void)state;
    assert_status(keymap_bind(&map, 1, SPAN("none"), 2, NULL), ST_OK);
    assert_int_equal(map.count, 0);
    assert_status(keymap_bind(&map, 1, SPAN("a a ctrl-b CTRL-B"), 2, NULL), ST_OK);
    assert_string_equal(keys_of(&map, 1, 2), "a ctrl-b");
}

static void unbinding_keeps_the_others(void **state)
{
    (void)state;
    assert_status(keymap_bind(&map, 1, SPAN("a b"), 2, NULL), ST_OK);
    assert_status(keymap_bind(&map, 1, SPAN("c"), 3, NULL), ST_OK);
    assert_status(keymap_bind(&map, 4, SPAN("a"), 2, NULL), ST_OK);
    keymap_unbind(&map, 1, 2);
    keymap_unbind(&map, 1, 99);
    assert_int_equal(keymap_find(&map, 1, 'a'), -1);
    assert_int_equal(keymap_find(&map, 1, 'c'), 3);
    assert_int_equal(keymap_find(&map, 4, 'a'), 2);
    assert_status(keymap_bind(&map, 1, SPAN("a"), 3, NULL), ST_OK);
}

static void a_full_map_says_so(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < KEYMAP_MAX; i++) {
        assert_status(keymap_bind(&map, i, SPAN("a"), i, NULL), ST_OK);
    }
    struct why why = {""};
    assert_status(keymap_bind(&map, 7, SPAN("b"), 7, &why), ST_LIMIT);
    assert_contains(why.text, "too many");
    assert_status(keymap_bind(&map, 7, SPAN("a"), 7, &why), ST_OK);
    assert_int_equal(map.count, KEYMAP_MAX);
}

static void one_binding_has_a_limit(void **state)
{
    (void)state;
    assert_status(keymap_bind(&map, 0, SPAN("a b c d e f g h i j k l m n o p q"), 1, NULL),
                  ST_LIMIT);
    assert_int_equal(map.count, 0);
    assert_status(keymap_bind(&map, 0, SPAN("a b c d e f g h i j k l m n o p"), 1, NULL), ST_OK);
    assert_int_equal(map.count, 16);
}

static void keys_are_cut_at_a_name(void **state)
{
    (void)state;
    assert_status(keymap_bind(&map, 0, SPAN("j down k"), 1, NULL), ST_OK);
    for (size_t bytes = 1; bytes < 12; bytes++) {
        const char *want = bytes < 2 ? "" : bytes < 7 ? "j" : bytes < 9 ? "j down" : "j down k";
        char out[16];
        memset(out, 0x5A, sizeof(out));
        assert_int_equal(keymap_keys(&map, 0, 1, out, bytes), strlen(want));
        assert_string_equal(out, want);
        assert_int_equal(out[bytes], 0x5A);
    }
    assert_int_equal(keymap_keys(&map, 0, 1, NULL, 0), 0);
}

#define MAPPED(test) cmocka_unit_test_setup(test, empty_map)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_keys),
        cmocka_unit_test(what_is_no_key),
        cmocka_unit_test(control_bytes_have_names),
        cmocka_unit_test(every_key_comes_back_by_name),
        MAPPED(keys_mean_actions),
        MAPPED(a_taken_key_is_refused),
        MAPPED(bad_bindings_bind_nothing),
        MAPPED(none_and_repeats),
        MAPPED(unbinding_keeps_the_others),
        MAPPED(a_full_map_says_so),
        MAPPED(one_binding_has_a_limit),
        MAPPED(keys_are_cut_at_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
