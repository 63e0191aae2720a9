/* Clip, skip, rows, join, ellipsis and plain: nothing lost, nothing halved, nothing beyond its
 * block. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/text.h"
#include "safe_check.h"

#define BLOCK_BYTES 4096

static char block[BLOCK_BYTES];

static struct text_arena fresh(void)
{
    struct text_arena a;
    text_arena_init(&a, block, sizeof(block));
    return a;
}

static void assert_plain(struct safe s, const char *want)
{
    char plain[512];
    text_plain(s, plain, sizeof(plain));
    assert_string_equal(plain, want);
}

static void nothing_is_valid_everywhere(void **state)
{
    (void)state;
    struct text_arena a = fresh();
    struct safe nothing = {0};
    struct safe row;
    struct text_cell cell;
    uint32_t at = 0;
    char out[4] = "xyz";
    assert_int_equal(text_clip(nothing, 5).n, 0);
    assert_int_equal(text_skip(nothing, 5).n, 0);
    assert_int_equal(text_ellipsis(&a, nothing, 0, ">").n, 0);
    assert_int_equal(text_join(&a, &nothing, 1).n, 0);
    assert_int_equal(text_join(&a, NULL, 0).cols, 0);
    assert_int_equal(text_rows(nothing, 80), 0);
    assert_false(text_row(&nothing, 80, &row));
    assert_false(text_next(nothing, &at, &cell));
    assert_int_equal(text_plain(nothing, out, sizeof(out)), 0);
    assert_string_equal(out, "");
    assert_int_equal(text_sanitise(&a, SPAN_NONE, TEXT_MANY).cols, 0);
    assert_int_equal(text_plain_of(SPAN_NONE, out, sizeof(out)), 0);
    assert_int_equal(text_plain_of(SPAN("abc"), NULL, 0), 0);
    assert_int_equal(text_plain(text_own("abc"), NULL, 0), 0);
}

static void clip_never_halves(void **state)
{
    (void)state;
    struct text_arena a = fresh();
    struct safe s = text_sanitise(&a, SPAN("a\u8a2db\u0301c"), TEXT_ONE_LINE);
    static const char *const heads[] = {
        "", "a", "a", "a\u8a2d", "a\u8a2db\u0301", "a\u8a2db\u0301c"};
    static const char *const tails[] = {
        "a\u8a2db\u0301c", "\u8a2db\u0301c", "b\u0301c", "b\u0301c", "c", ""};
    for (uint32_t cols = 0; cols < ARRAY_LEN(heads); cols++) {
        assert_plain(text_clip(s, cols), heads[cols]);
        assert_plain(text_skip(s, cols), tails[cols]);
        assert_null(safe_check_cut(s, cols));
    }
    assert_plain(text_clip(s, UINT32_MAX), heads[5]);
    assert_plain(text_skip(s, UINT32_MAX), "");
}

/* A replacement that is cut in two is one in both halves. */
static void slices_of_a_replacement_stay_one(void **state)
{
    (void)state;
    struct text_arena a = fresh();
    struct safe s = text_sanitise(&a, SPAN("x\u202ey"), TEXT_ONE_LINE);
    for (uint32_t cols = 1; cols < s.cols - 1; cols++) {
        struct safe tail = text_skip(s, cols);
        struct text_cell cell;
        uint32_t at = 0;
        assert_true(text_next(tail, &at, &cell));
        assert_true(cell.replacement);
        const struct safe parts[] = {text_clip(s, cols), text_own("|"), tail};
        struct safe joined = text_join(&a, parts, 3);
        assert_null(safe_check(joined, TEXT_ONE_LINE));
        assert_int_equal(joined.cols, s.cols + 1);
        assert_int_equal(joined.replaced, 2);
    }
}

static void ellipsis_marks_every_cut(void **state)
{
    (void)state;
    struct text_arena a = fresh();
    struct safe s = text_sanitise(&a, SPAN("ab\u8a2dd"), TEXT_ONE_LINE);
    assert_plain(text_ellipsis(&a, s, 5, "\u2026"), "ab\u8a2dd");
    assert_plain(text_ellipsis(&a, s, 4, "\u2026"), "ab\u2026");
    assert_plain(text_ellipsis(&a, s, 3, ">"), "ab>");
    assert_plain(text_ellipsis(&a, s, 1, ">"), ">");
    assert_plain(text_ellipsis(&a, s, 0, ">"), "");
    assert_plain(text_ellipsis(&a, s, 2, "..."), "..");
}

static const char *rows_of(struct safe s, uint32_t cols)
{
    static char all[512];
    struct safe row;
    size_t n = 0;
    while (text_row(&s, cols, &row)) {
        n += text_plain(row, all + n, sizeof(all) - n - 1);
        all[n++] = '|';
    }
    all[n] = '\0';
    return all;
}

static void rows_break_at_blanks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t cols;
        const char *rows;
    } cases[] = {
        {"hello world again",     80, "hello world again|"     },
        {"hello world again",     12, "hello world |again|"    },
        {"hello world again",     11, "hello world| again|"    }, /* fits exactly: the blank goes down */
        {"hello to again",        8,  "hello to| again|"       },
        {"hello t\u00f6 again",   8,  "hello t\u00f6| again|"  },
        {"hello world again",     8,  "hello |world |again|"   },
        {"a bcdefghijklm",        9,  "a bcdefgh|ijklm|"       }, /* the blank is too far back */
        {"abcdef",                3,  "abc|def|"               },
        {"abc\ndef",              3,  "abc|def|"               },
        {"abc\n",                 3,  "abc|"                   },
        {"\n\nx",                 3,  "||x|"                   },
        {"abcd\n\nx\n",           3,  "abc|d||x|"              },
        {"a\u8a2d\u8a2d",         2,  "a|\u8a2d|\u8a2d|"       },
        {"\u8a2dx",               0,  "\u8a2d|x|"              },
        {"xyz",                   1,  "xy|z|"                  },
        {"e\u0301e\u0301e\u0301", 2,  "e\u0301e\u0301|e\u0301|"},
        {"   ",                   2,  "  | |"                  },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct text_arena a = fresh();
        struct safe s = text_sanitise(&a, span_str(cases[i].text), TEXT_MANY);
        assert_string_equal(rows_of(s, cases[i].cols), cases[i].rows);
        assert_null(safe_check_rows(s, cases[i].cols));
    }
}

/* "ls", a screenful of blanks, and the command that matters: every row of it comes out. */
static void the_tail_behind_blanks_has_a_row(void **state)
{
    (void)state;
    char bytes[160];
    struct text_arena a = fresh();
    int n = snprintf(bytes, sizeof(bytes), "%-114s%s", "ls", "; rm -rf /srv   ");
    struct safe s = text_sanitise(&a, (struct span){bytes, (size_t)n}, TEXT_MANY);
    struct safe row;
    bool seen = false;
    assert_int_equal(text_rows(s, 40), 4);
    while (text_row(&s, 40, &row)) {
        char plain[64];
        text_plain(row, plain, sizeof(plain));
        seen = seen || strstr(plain, "-rf /srv") != NULL;
    }
    assert_true(seen);
}

static void a_full_arena_cuts_and_says_so(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 40; bytes++) {
        char *exact = malloc(bytes + 1);
        assert_non_null(exact);
        exact[bytes] = 0x5A;
        struct text_arena a;
        text_arena_init(&a, exact, bytes);
        struct safe s = text_sanitise(&a, SPAN("ab\u8a2d\u202ecdef"), TEXT_ONE_LINE);
        bool fits = bytes >= 2 + 3 + 16 + 4 + 4;
        assert_int_equal(a.full, !fits);
        assert_in_range(a.used, 0, bytes);
        assert_null(safe_check(s, TEXT_ONE_LINE));
        assert_int_equal(exact[bytes], 0x5A);
        if (!fits) {
            struct safe last = text_skip(s, s.cols - 1);
            assert_plain(last, "\u2026");
        }
        free(exact);
    }
}

static void a_full_arena_stays_usable(void **state)
{
    (void)state;
    char small[16];
    struct text_arena a;
    text_arena_init(&a, small, sizeof(small));
    struct safe one = text_sanitise(&a, SPAN("0123456789abcdef"), TEXT_ONE_LINE);
    assert_plain(one, "0123456789ab\u2026");
    struct safe two = text_sanitise(&a, SPAN("more"), TEXT_ONE_LINE);
    assert_plain(two, "\u2026");
    assert_int_equal(two.replaced, 1);
    const struct safe parts[] = {one, two};
    assert_plain(text_join(&a, parts, 2), "\u2026");
    assert_plain(text_fmt(&a, "%d", 5), "\u2026");
    text_arena_reset(&a);
    assert_false(a.full);
    assert_plain(text_sanitise(&a, SPAN("more"), TEXT_ONE_LINE), "more");
}

static void join_adds_up(void **state)
{
    (void)state;
    struct text_arena a = fresh();
    const struct safe parts[] = {
        text_own("agent "),
        text_sanitise(&a, SPAN("\u0430\u8a2d"), TEXT_ONE_LINE),
        {0},
        text_sanitise(&a, SPAN("\r\n"), TEXT_ONE_LINE),
    };
    struct safe s = text_join(&a, parts, ARRAY_LEN(parts));
    assert_plain(s, "agent \u0430\u8a2d\\r\\n");
    assert_int_equal(s.cols, 6 + 3 + 4);
    assert_int_equal(s.replaced, 2);
    assert_true(s.foreign);
    assert_null(safe_check(s, TEXT_ONE_LINE));
}

/* Cut inside a part, between cells. */
static void join_cuts_between_cells(void **state)
{
    (void)state;
    struct text_arena source = fresh();
    struct safe wide = text_sanitise(&source, SPAN("\u8a2d\u8a2de\u0301\u202e"), TEXT_ONE_LINE);
    for (size_t bytes = 4; bytes < wide.n + 8; bytes++) {
        char *exact = malloc(bytes);
        assert_non_null(exact);
        struct text_arena a;
        text_arena_init(&a, exact, bytes);
        struct safe s = text_join(&a, &wide, 1);
        assert_null(safe_check(s, TEXT_ONE_LINE));
        assert_int_equal(a.full, bytes < wide.n + 4);
        free(exact);
    }
}

static void fmt_goes_through_the_door(void **state)
{
    (void)state;
    struct text_arena a = fresh();
    assert_plain(text_fmt(&a, "%d of %s \u2502 %5.1f%%", 3, "12", 99.5), "3 of 12 \u2502  99.5%");
    assert_plain(text_fmt(&a, "%s", "a\033[2J\u202e"), "a\\e[2J\\u{202e}");
    char big[TEXT_FMT_BYTES + 100];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    struct safe s = text_fmt(&a, "%s", big);
    assert_int_equal(s.cols, TEXT_FMT_BYTES);
    assert_plain(text_skip(s, s.cols - 2), "x\u2026");
}

static void own_words_only(void *words)
{
    (void)text_own(words);
}

static void own_takes_no_hostile_words(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\033[2J", "a\u202e", "a\rb",     "\u0430",
                                      "\u8a2d",   "e\u0301", "\xff",     "\x1a",
                                      "\u00a0",   "\t",      "caf\u00e9"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char words[16];
        assert_true(span_copy(span_str(bad[i]), words, sizeof(words)));
        assert_aborts(own_words_only, words);
    }
    struct safe s = text_own("\u250c\u2500 1\u20132 \u2713 \u25cf\u203a\n\u2026");
    assert_int_equal(s.cols, 13);
    assert_null(safe_check(s, TEXT_MANY));
}

static void plain_is_cut_at_a_cell(void **state)
{
    (void)state;
    struct text_arena a = fresh();
    struct safe s = text_sanitise(&a, SPAN("a\u8a2de\u0301\r\n"), TEXT_MANY);
    static const char *const want[] = {"",
                                       "a",
                                       "a",
                                       "a",
                                       "a\u8a2d",
                                       "a\u8a2d",
                                       "a\u8a2d",
                                       "a\u8a2de\u0301",
                                       "a\u8a2de\u0301\\",
                                       "a\u8a2de\u0301\\r",
                                       "a\u8a2de\u0301\\r",
                                       "a\u8a2de\u0301\\r\\n"};
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        char out[32];
        memset(out, 0x5A, sizeof(out));
        assert_int_equal(text_plain(s, out, i + 1), strlen(want[i]));
        assert_string_equal(out, want[i]);
        assert_int_equal(out[i + 1], 0x5A);
    }
}

static void plain_of_never_passes_its_array(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < 32; bytes++) {
        char out[33];
        memset(out, 0x5A, sizeof(out));
        size_t n = text_plain_of(SPAN("a\u202eb\xff\u0301\u0301\u0301\u0301"), out, bytes);
        assert_true(n < bytes);
        assert_null(safe_check_plain(out, n));
        assert_int_equal(out[bytes], 0x5A);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_valid_everywhere),
        cmocka_unit_test(clip_never_halves),
        cmocka_unit_test(slices_of_a_replacement_stay_one),
        cmocka_unit_test(ellipsis_marks_every_cut),
        cmocka_unit_test(rows_break_at_blanks),
        cmocka_unit_test(the_tail_behind_blanks_has_a_row),
        cmocka_unit_test(a_full_arena_cuts_and_says_so),
        cmocka_unit_test(a_full_arena_stays_usable),
        cmocka_unit_test(join_adds_up),
        cmocka_unit_test(join_cuts_between_cells),
        cmocka_unit_test(fmt_goes_through_the_door),
        cmocka_unit_test(own_takes_no_hostile_words),
        cmocka_unit_test(plain_is_cut_at_a_cell),
        cmocka_unit_test(plain_of_never_passes_its_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
