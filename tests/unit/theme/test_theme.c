/* Theme files: what is refused, what falls back, and where a theme is looked for. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkrein/file.h"
#include "checkrein/theme.h"

/* A folder of its own for each test. */
struct folder {
    char path[40];
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    (void)snprintf(f->path, sizeof(f->path), "/tmp/checkrein-theme-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    *state = f;
    return 0;
}

static void path_in(const struct folder *f, const char *name, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/%s", f->path, name);
}

static int remove_folder(void **state)
{
    struct folder *f = *state;
    static const char *const names[] = {"t.ini", "own.ini", "sub/t.ini"};
    char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        path_in(f, names[i], path);
        (void)unlink(path);
    }
    path_in(f, "sub", path);
    (void)rmdir(path);
    assert_int_equal(rmdir(f->path), 0);
    free(f);
    return 0;
}

static void write_file(const struct folder *f, const char *name, const char *text)
{
    char path[PATH_MAX];
    path_in(f, name, path);
    assert_int_equal(file_replace(path, span_str(text), 0600, NULL), ST_OK);
}

static enum status load_text(const struct folder *f, const char *text, struct theme *t,
                             char reason[WHY_TEXT_BYTES])
{
    char path[PATH_MAX];
    struct why why = {0};
    write_file(f, "t.ini", text);
    path_in(f, "t.ini", path);
    enum status st = theme_load(t, path, &why);
    size_t skip = why.text[0] != '\0' ? strlen(path) : 0;
    (void)snprintf(reason, WHY_TEXT_BYTES, "%s", why.text + skip);
    return st;
}

static void assert_style(const struct theme *t, enum role role, struct style want)
{
    assert_int_equal(t->style[role].fg, want.fg);
    assert_int_equal(t->style[role].bg, want.bg);
    assert_int_equal(t->style[role].attr, want.attr);
}

#define HEAD "[theme]\nname = t\nbase = dark\n"

static void roles_fall_back(void **state)
{
    struct theme t;
    char reason[WHY_TEXT_BYTES];
    enum status st = load_text(*state,
                               HEAD "[roles]\n"
                                    "dim = grey\n"
                                    "strong = white bold\n"
                                    "alarm = red on 0x00ff00\n"
                                    "title = 200\n",
                               &t, reason);
    assert_string_equal(reason, "");
    assert_int_equal(st, ST_OK);
    assert_string_equal(t.name, "t");
    assert_int_equal(t.base, THEME_BASE_DARK);
    assert_style(&t, ROLE_TEXT, (struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0});
    assert_style(&t, ROLE_PAYLOAD, (struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0});
    assert_style(&t, ROLE_HEADER, (struct style){8, COLOR_DEFAULT, 0});
    assert_style(&t, ROLE_ERROR, (struct style){7, COLOR_DEFAULT, STYLE_BOLD});
    assert_style(&t, ROLE_TITLE, (struct style){200, COLOR_DEFAULT, 0});
    assert_style(&t, ROLE_EMERGENCY, (struct style){1, COLOR_RGB(0x00ff00), 0});
    assert_style(&t, ROLE_MODE_LIVE, (struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0});
}

static void every_role_falls_back_to_text(void **state)
{
    (void)state;
    for (int r = 0; r < ROLE_COUNT; r++) {
        enum role at = (enum role)r;
        for (int steps = 0; at != ROLE_TEXT; steps++) {
            assert_in_range(steps, 0, ROLE_COUNT);
            at = role_fallback(at);
        }
    }
}

static void every_role_can_be_set(void **state)
{
    for (int r = 0; r < ROLE_COUNT; r++) {
        char text[200];
        char reason[WHY_TEXT_BYTES];
        struct theme t;
        (void)snprintf(text, sizeof(text), HEAD "[roles]\n%s = 5 on 6 italic\n",
                       role_name((enum role)r));
        assert_int_equal(load_text(*state, text, &t, reason), ST_OK);
        assert_style(&t, (enum role)r, (struct style){5, 6, STYLE_ITALIC});
    }
}

static void refuses_bad_files(void **state)
{
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"",                                                   ": [theme] needs a name and a base"                             },
        {"[theme]\nname = t\n",                                ":1: [theme]: [theme] needs a name and a base"                  },
        {"[theme]\nbase = dark\n",                             ":1: [theme]: [theme] needs a name and a base"                  },
        {"name = t\n",                                         ":1: name: a theme has the sections [theme] and [roles]"        },
        {HEAD "[colors]\n",                                    ":4: [colors]: a theme has the sections [theme] and [roles]"    },
        {HEAD "author = me\n",                                 ":4: [theme] author: there is no such key; there are name, base"},
        {"[theme]\nname = ../x\n",                             ":2: [theme] name: must be a word of a-z 0-9 _ - up to 31"      },
        {"[theme]\nname = Dark\n",                             ":2: [theme] name: must be a word of a-z 0-9 _ - up to 31"      },
        {"[theme]\nname = abcdefghijklmnopqrstuvwxyz012345\n",
         ":2: [theme] name: must be a word of a-z 0-9 _ - up to 31"                                                            },
        {"[theme]\nbase = grey\n",                             ":2: [theme] base: must be dark, light or any"                  },
        {HEAD "[roles]\nalarms = red\n",                       ":5: [roles] alarms: there is no such role"                     },
        {HEAD "[roles]\nalarm = crimson\n",                    ":5: [roles] alarm: \"crimson\" is no colour: default, "
                                            "a name as red or bright-red, 0-255, "
                                            "0xRRGGBB"                              },
        {HEAD "[roles]\nalarm = \"#ff0000\"\n",                ":5: [roles] alarm: \"#ff0000\" is no colour: "
                                                "default, a name as red or bright-red, 0-255, "
                                                "0xRRGGBB"                      },
        {HEAD "[roles]\nalarm = #ff0000\n",
         ":5: [roles] alarm: a value with ';' or '#' needs quotes; comments have own lines"                                    },
        {HEAD "[roles]\nalarm = red\nalarm = blue\n",          ":6: key \"alarm\" stands already in line 5"                    },
    };
    struct theme t = {.name = "before"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char reason[WHY_TEXT_BYTES];
        enum status st = load_text(*state, rows[i].text, &t, reason);
        assert_string_equal(reason, rows[i].reason);
        assert_int_equal(st, ST_INVALID);
        assert_string_equal(t.name, "before");
    }
}

static void looks_in_folders_in_order(void **state)
{
    const struct folder *f = *state;
    char sub[PATH_MAX];
    path_in(f, "sub", sub);
    assert_int_equal(mkdir(sub, 0700), 0);
    write_file(f, "sub/t.ini", "[theme]\nname = second\nbase = any\n");
    const char *const dirs[] = {"/nonexistent", f->path, sub, NULL};
    struct theme t;
    assert_int_equal(theme_find(&t, "t", dirs, NULL), ST_OK);
    assert_string_equal(t.name, "second");
    write_file(f, "t.ini", "[theme]\nname = first\nbase = light\n");
    assert_int_equal(theme_find(&t, "t", dirs, NULL), ST_OK);
    assert_string_equal(t.name, "first");
    assert_int_equal(t.base, THEME_BASE_LIGHT);
    /* one's own theme with a fault is not passed over for another of that name */
    write_file(f, "t.ini", "[theme]\nname = first\n");
    struct why why = {0};
    assert_int_equal(theme_find(&t, "t", dirs, &why), ST_INVALID);
    assert_true(span_starts(span_str(why.text), f->path));
    char path[PATH_MAX];
    path_in(f, "sub/t.ini", path);
    assert_int_equal(theme_find(&t, path, dirs + 3, NULL), ST_OK);
    assert_string_equal(t.name, "second");
}

static void says_what_it_cannot_find(void **state)
{
    (void)state;
    static const char *const bad_names[] = {
        "", "..", "dark.ini", "Dark", "a b", "\033[2J", "abcdefghijklmnopqrstuvwxyz012345"};
    static char long_dir[PATH_MAX];
    memset(long_dir, 'x', sizeof(long_dir) - 1);
    const char *const dirs[] = {"/nonexistent", NULL};
    const char *const long_dirs[] = {long_dir, NULL};
    struct theme t = {.name = "before"};
    struct why why = {0};
    for (size_t i = 0; i < ARRAY_LEN(bad_names); i++) {
        assert_int_equal(theme_find(&t, bad_names[i], dirs, &why), ST_INVALID);
    }
    assert_int_equal(theme_find(&t, "dark", dirs, &why), ST_NOTFOUND);
    assert_string_equal(why.text, "there is no theme \"dark\"");
    assert_int_equal(theme_find(&t, "dark", dirs + 1, NULL), ST_NOTFOUND);
    assert_int_equal(theme_find(&t, "/nonexistent/dark.ini", dirs, NULL), ST_NOTFOUND);
    assert_int_equal(theme_find(&t, "/tmp", dirs, NULL), ST_INVALID);
    assert_int_equal(theme_find(&t, "dark", long_dirs, NULL), ST_LIMIT);
    assert_string_equal(t.name, "before");
}

static void the_manual_lists_every_role(void **state)
{
    (void)state;
    struct buf manual;
    buf_init(&manual, 1024 * 1024);
    assert_int_equal(file_read(TESTS_DIR "/../docs/configuration.md", &manual, NULL), ST_OK);
    for (int r = ROLE_TEXT + 1; r < ROLE_COUNT; r++) {
        char cell[100];
        (void)snprintf(cell, sizeof(cell), "| `%s` | `%s` |", role_name((enum role)r),
                       role_name(role_fallback((enum role)r)));
        if (strstr(manual.data, cell) == NULL) {
            fail_msg("docs/configuration.md lacks %s", cell);
        }
    }
    buf_release(&manual);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(roles_fall_back),
        cmocka_unit_test(every_role_falls_back_to_text),
        IN_FOLDER(every_role_can_be_set),
        IN_FOLDER(refuses_bad_files),
        IN_FOLDER(looks_in_folders_in_order),
        cmocka_unit_test(says_what_it_cannot_find),
        cmocka_unit_test(the_manual_lists_every_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
