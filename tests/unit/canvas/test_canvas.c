/* Drawing, clipping at every edge, and what is left of halves. */
#include "expect.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/canvas.h"
#include "prng.h"

#define LRO  "\u202e"
#define WIDE "\u8a2d"

static char block[8192];

static struct safe safe_of(const char *hostile)
{
    static struct text_arena a;
    text_arena_init(&a, block, sizeof(block));
    return text_sanitise(&a, span_str(hostile), TEXT_ONE_LINE);
}

struct stage {
    struct canvas c;
    struct buf out;
};

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return -1;
    }
    canvas_init(&s->c);
    buf_init(&s->out, 1 << 20);
    canvas_resize(&s->c, 10, 4);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    canvas_release(&s->c);
    buf_release(&s->out);
    free(s);
    return 0;
}

static const char *text_of(struct stage *s)
{
    buf_clear(&s->out);
    assert_status(canvas_dump_text(&s->c, &s->out), ST_OK);
    return s->out.data;
}

static const char *roles_of(struct stage *s)
{
    buf_clear(&s->out);
    assert_status(canvas_dump_roles(&s->c, &s->out), ST_OK);
    return s->out.data;
}

/* No half of a wide character stands alone, whatever was drawn over it. */
static void check_halves(const struct canvas *c)
{
    for (int y = 0; y < c->h; y++) {
        for (int x = 0; x < c->w; x++) {
            const struct cell *cell = &c->cells[y * c->w + x];
            bool second = (cell->flags & CELL_CONT) != 0;
            assert_int_equal(cell->width == 0, second);
            assert_true(!second || (x > 0 && cell[-1].width == 2));
            assert_true(cell->width != 2 || (x + 1 < c->w && (cell[1].flags & CELL_CONT) != 0));
        }
    }
}

static void a_canvas_without_size_takes_everything(void **state)
{
    (void)state;
    struct canvas c;
    struct buf out;
    canvas_init(&c);
    buf_init(&out, 100);
    assert_int_equal(canvas_put(&c, 0, 0, ROLE_TEXT, text_own("abc")), 3);
    assert_int_equal(canvas_field(&c, 1, 0, 5, ROLE_TEXT, text_own("abc")), 6);
    canvas_fill(&c, (struct rect){-5, -5, 20, 20}, ROLE_TEXT, 'x');
    canvas_box(&c, (struct rect){0, 0, 5, 5}, ROLE_FRAME, BOX_SINGLE);
    canvas_mark(&c, (struct rect){0, 0, 5, 5}, ROLE_DIM, CELL_DIM);
    canvas_clear(&c);
    assert_status(canvas_dump_text(&c, &out), ST_OK);
    assert_status(canvas_dump_roles(&c, &out), ST_OK);
    assert_int_equal(out.len, 0);
    (void)canvas_digest(&c);
    canvas_release(&c);
    canvas_release(&c);
    canvas_release(NULL);
    buf_release(&out);
}

static void sizes_are_clamped(void **state)
{
    struct stage *s = *state;
    static const int sizes[][2] = {
        {0,       1   },
        {-5,      1   },
        {INT_MIN, 1   },
        {1,       1   },
        {1000,    1000},
        {1001,    1000},
        {INT_MAX, 1000}
    };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        canvas_resize(&s->c, sizes[i][0], 3);
        assert_int_equal(s->c.w, sizes[i][1]);
        canvas_resize(&s->c, 3, sizes[i][0]);
        assert_int_equal(s->c.h, sizes[i][1]);
        assert_int_equal(s->c.clip.h, sizes[i][1]);
        assert_int_equal(s->c.cells[s->c.w * s->c.h - 1].cp[0], ' ');
    }
}

static void clear_forgets_all(void **state)
{
    struct stage *s = *state;
    uint64_t empty = canvas_digest(&s->c);
    s->c.attr = CELL_STRIKE;
    s->c.cursor_x = s->c.cursor_y = 1;
    canvas_put(&s->c, 0, 0, ROLE_ALARM, text_own("x"));
    (void)canvas_clip(&s->c, (struct rect){1, 1, 1, 1});
    canvas_clear(&s->c);
    assert_true(canvas_digest(&s->c) == empty);
    assert_int_equal(s->c.attr, 0);
    assert_int_equal(s->c.cursor_x, -1);
    assert_int_equal(s->c.clip.w, 10);
    assert_string_equal(text_of(s), "\n\n\n\n");
    assert_string_equal(roles_of(s), "");
}

static void text_is_cut_at_every_edge(void **state)
{
    struct stage *s = *state;
    struct safe t = text_own("abcdef");
    assert_int_equal(canvas_put(&s->c, -3, 0, ROLE_TEXT, t), 3);
    assert_int_equal(canvas_put(&s->c, 7, 1, ROLE_TEXT, t), 13);
    assert_int_equal(canvas_put(&s->c, 0, -1, ROLE_TEXT, t), 6);
    assert_int_equal(canvas_put(&s->c, 0, 4, ROLE_TEXT, t), 6);
    assert_int_equal(canvas_put(&s->c, 10, 2, ROLE_TEXT, t), 16);
    assert_int_equal(canvas_put(&s->c, -6, 2, ROLE_TEXT, t), 0);
    assert_int_equal(canvas_put(&s->c, 4, 3, ROLE_TEXT, t), 10);
    assert_string_equal(text_of(s), "def\n       abc\n\n    abcdef\n");
}

static void far_coordinates_do_no_harm(void **state)
{
    struct stage *s = *state;
    static const int far[] = {INT_MIN, INT_MIN + 1, INT_MAX - 1, INT_MAX};
    struct safe t = text_own("abcdef");
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 4; k++) {
            struct rect r = {far[i], far[k], far[3 - i], far[3 - k]};
            canvas_put(&s->c, far[i], far[k], ROLE_TEXT, t);
            canvas_field(&s->c, far[i], 1, far[k], ROLE_TEXT, t);
            canvas_field_right(&s->c, far[i], 1, 3, ROLE_TEXT, t);
            canvas_hline(&s->c, far[i], far[k], 5, ROLE_TEXT);
            canvas_box(&s->c, r, ROLE_TEXT, BOX_DOUBLE);
            canvas_mark(&s->c, r, ROLE_TEXT, 0);
            canvas_unclip(&s->c, canvas_clip(&s->c, r));
        }
    }
    assert_int_equal(canvas_put(&s->c, INT_MAX, 0, ROLE_TEXT, t), INT_MAX);
    assert_int_equal(canvas_put(&s->c, INT_MIN, 0, ROLE_TEXT, t), INT_MIN + 6);
    check_halves(&s->c);
}

static void a_wide_character_is_never_halved(void **state)
{
    struct stage *s = *state;
    canvas_put(&s->c, 9, 0, ROLE_TEXT, safe_of(WIDE));
    canvas_put(&s->c, -1, 1, ROLE_TEXT, safe_of(WIDE "x"));
    canvas_put(&s->c, 8, 2, ROLE_TEXT, safe_of(WIDE));
    struct rect saved = canvas_clip(&s->c, (struct rect){2, 3, 3, 1});
    canvas_put(&s->c, 1, 3, ROLE_ALARM, safe_of(WIDE WIDE WIDE));
    canvas_unclip(&s->c, saved);
    assert_string_equal(text_of(s), "\n x\n        " WIDE "\n   " WIDE "\n");
    assert_string_equal(roles_of(s), "3:2-4 alarm\n");
    check_halves(&s->c);
}

static void half_overwritten_leaves_a_blank(void **state)
{
    struct stage *s = *state;
    for (int y = 0; y < 4; y++) {
        canvas_put(&s->c, 2, y, ROLE_TEXT, safe_of(WIDE WIDE WIDE));
    }
    canvas_put(&s->c, 2, 0, ROLE_TEXT, text_own("x"));
    canvas_put(&s->c, 3, 1, ROLE_TEXT, text_own("x"));
    canvas_put(&s->c, 3, 2, ROLE_TEXT, safe_of(WIDE));
    struct rect saved = canvas_clip(&s->c, (struct rect){5, 3, 1, 1});
    canvas_put(&s->c, 4, 3, ROLE_TEXT, safe_of(WIDE));
    canvas_unclip(&s->c, saved);
    assert_string_equal(text_of(s), "  x " WIDE WIDE "\n   x" WIDE WIDE "\n   " WIDE " " WIDE
                                    "\n  " WIDE "  " WIDE "\n");
    check_halves(&s->c);
}

static void marks_stay_on_their_base(void **state)
{
    struct stage *s = *state;
    canvas_put(&s->c, 8, 0, ROLE_TEXT, safe_of("xe\u0301\u0302z"));
    assert_string_equal(text_of(s), "        xe\u0301\u0302\n\n\n\n");
    assert_int_equal(s->c.cells[9].cp[2], 0x302);
}

static void clips_nest_and_come_back(void **state)
{
    struct stage *s = *state;
    struct rect outer = canvas_clip(&s->c, (struct rect){2, 1, 5, 2});
    struct rect inner = canvas_clip(&s->c, (struct rect){4, 0, 50, 2});
    canvas_fill(&s->c, (struct rect){-9, -9, 99, 99}, ROLE_TEXT, 'i');
    canvas_unclip(&s->c, inner);
    canvas_put(&s->c, 0, 2, ROLE_TEXT, text_own("oooooooooo"));
    canvas_unclip(&s->c, outer);
    canvas_put(&s->c, 0, 3, ROLE_TEXT, text_own("0123456789"));
    struct rect none = canvas_clip(&s->c, (struct rect){3, 3, 0, 5});
    canvas_put(&s->c, 0, 0, ROLE_TEXT, text_own("never"));
    canvas_unclip(&s->c, none);
    assert_string_equal(text_of(s), "\n    iii\n  ooooo\n0123456789\n");
}

static void what_was_replaced_is_seen(void **state)
{
    struct stage *s = *state;
    canvas_resize(&s->c, 20, 2);
    canvas_put(&s->c, 0, 0, ROLE_PAYLOAD, safe_of("a" LRO "b\u0430"));
    assert_string_equal(text_of(s), "a\\u{202e}b\u0430\n\n");
    const char *roles = "0:0-0 payload\n0:1-8 text.replaced [reverse]\n0:9-9 payload\n"
                        "0:10-10 text.foreign\n";
    assert_string_equal(roles_of(s), roles);
    canvas_mark(&s->c, (struct rect){0, 0, 20, 1}, ROLE_SELECTED, 0);
    roles = "0:0-0 selected\n0:1-8 text.replaced [reverse]\n0:9-9 selected\n"
            "0:10-10 text.foreign\n0:11-19 selected\n";
    assert_string_equal(roles_of(s), roles);
}

static void fields_cut_and_fill(void **state)
{
    struct stage *s = *state;
    canvas_fill(&s->c, (struct rect){0, 0, 10, 4}, ROLE_TEXT, '.');
    assert_int_equal(canvas_field(&s->c, 1, 0, 4, ROLE_KEY, text_own("ab")), 5);
    assert_int_equal(canvas_field(&s->c, 1, 1, 4, ROLE_KEY, text_own("abcdef")), 5);
    assert_int_equal(canvas_field(&s->c, 1, 2, 4, ROLE_KEY, safe_of("ab" WIDE "x")), 5);
    assert_int_equal(canvas_field(&s->c, 1, 3, 1, ROLE_KEY, text_own("ab")), 2);
    assert_int_equal(canvas_field(&s->c, 4, 3, 0, ROLE_KEY, text_own("ab")), 4);
    assert_int_equal(canvas_field(&s->c, 4, 3, -3, ROLE_KEY, text_own("ab")), 4);
    assert_string_equal(text_of(s),
                        ".ab  .....\n.abc\u2026.....\n.ab\u2026 .....\n.\u2026........\n");
    assert_string_equal(roles_of(s), "0:1-4 key\n1:1-4 key\n2:1-4 key\n3:1-1 key\n");
}

static void fields_flush_right(void **state)
{
    struct stage *s = *state;
    canvas_fill(&s->c, (struct rect){0, 0, 10, 4}, ROLE_TEXT, '.');
    assert_int_equal(canvas_field_right(&s->c, 1, 0, 4, ROLE_SPEND, text_own("12")), 5);
    assert_int_equal(canvas_field_right(&s->c, 1, 1, 4, ROLE_SPEND, text_own("12345")), 5);
    assert_int_equal(canvas_field_right(&s->c, 1, 2, 4, ROLE_SPEND, safe_of("12" WIDE "x")), 5);
    assert_int_equal(canvas_field_right(&s->c, 1, 3, 4, ROLE_SPEND, text_own("1234")), 5);
    assert_string_equal(text_of(s), ".  12.....\n.123\u2026.....\n. 12\u2026.....\n.1234.....\n");
    assert_string_equal(roles_of(s), "0:1-4 spend\n1:1-4 spend\n2:1-4 spend\n3:1-4 spend\n");
}

static void boxes_and_lines(void **state)
{
    struct stage *s = *state;
    canvas_box(&s->c, (struct rect){0, 0, 4, 3}, ROLE_FRAME, BOX_SINGLE);
    canvas_box(&s->c, (struct rect){5, 0, 3, 3}, ROLE_FRAME, BOX_DOUBLE);
    canvas_box(&s->c, (struct rect){8, 0, 1, 3}, ROLE_FRAME, BOX_DOUBLE);
    canvas_box(&s->c, (struct rect){8, -1, 5, 3}, ROLE_FRAME, BOX_SINGLE);
    canvas_hline(&s->c, 7, 3, 99, ROLE_FRAME);
    assert_string_equal(text_of(s), "\u250c\u2500\u2500\u2510 \u2554\u2550\u2557\u2502\n"
                                    "\u2502  \u2502 \u2551 \u2551\u2514\u2500\n"
                                    "\u2514\u2500\u2500\u2518 \u255a\u2550\u255d\n"
                                    "       \u2500\u2500\u2500\n");
}

static void ascii_terminals_see_the_same_frame(void **state)
{
    struct stage *s = *state;
    s->c.ascii = true;
    canvas_box(&s->c, (struct rect){0, 0, 4, 3}, ROLE_FRAME, BOX_SINGLE);
    canvas_box(&s->c, (struct rect){4, 0, 4, 3}, ROLE_FRAME, BOX_DOUBLE);
    canvas_field(&s->c, 0, 3, 10, ROLE_TEXT,
                 safe_of("\u2713\u2717\u2192 \u2588\u2591 \u25cf more"));
    assert_string_equal(text_of(s), "+--++==+\n|  ||  |\n+--++==+\nvx> #. * >\n");
}

/* What has no stand-in is seen as such; a plain question mark is not taken for it. */
static void ascii_terminals_see_what_they_cannot_show(void **state)
{
    struct stage *s = *state;
    s->c.ascii = true;
    canvas_put(&s->c, 0, 0, ROLE_TEXT, safe_of("?\u0436" WIDE "e\u0301o"));
    canvas_put(&s->c, 9, 1, ROLE_TEXT, safe_of(WIDE));
    assert_string_equal(text_of(s), "?\?\?\?\?o\n         ?\n\n\n");
    assert_string_equal(roles_of(s),
                        "0:1-4 text.replaced [reverse]\n1:9-9 text.replaced [reverse]\n");
    canvas_put(&s->c, 0, 2, ROLE_TEXT, safe_of("a" LRO));
    assert_contains(text_of(s), "a\\u{202e}");
}

static void every_stand_in_is_printable(void **state)
{
    struct stage *s = *state;
    s->c.ascii = true;
    for (uint32_t cp = 0x80; cp < 0x3000; cp++) {
        canvas_fill(&s->c, (struct rect){0, 0, 1, 1}, ROLE_TEXT, cp);
        uint32_t shown = s->c.cells[0].cp[0];
        if (shown < 0x20 || shown > 0x7E) {
            fail_msg("U+%04X comes out as U+%04X", (unsigned)cp, (unsigned)shown);
        }
    }
}

static void fill_takes_width_one_only(void **state)
{
    struct stage *s = *state;
    static const uint32_t bad[] = {0, '\n', 0x1B, 0x202E, 0x301, 0x8A2D, 0x10FFFF, 0xFFFFFFFF};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        canvas_fill(&s->c, (struct rect){0, 0, 10, 4}, ROLE_TEXT, bad[i]);
        assert_string_equal(text_of(s), "\n\n\n\n");
    }
}

static void flags_are_added(void **state)
{
    struct stage *s = *state;
    s->c.attr = CELL_STRIKE | CELL_CONT;
    canvas_put(&s->c, 0, 0, ROLE_GONE, safe_of("a" WIDE "b"));
    s->c.attr = 0;
    canvas_dim(&s->c, (struct rect){2, 0, 2, 1});
    canvas_mark(&s->c, (struct rect){0, 1, 2, 1}, ROLE_TEXT, CELL_REVERSE | CELL_CONT);
    assert_string_equal(roles_of(s),
                        "0:0-1 approval.gone [strike]\n0:2-3 approval.gone [strike dim]\n"
                        "1:0-1 text [reverse]\n");
    check_halves(&s->c);
}

/* Whatever order, whatever place: never a half, never outside the clip but for the half's other
 * half. */
static void random_drawing_keeps_halves_whole(void **state)
{
    struct stage *s = *state;
    struct prng r = {.state = 11};
    static const char *const texts[] = {WIDE, "a" WIDE "b", WIDE WIDE WIDE WIDE,
                                        "xy", LRO,          "e\u0301"};
    for (int round = 0; round < 20000; round++) {
        struct rect clip = {(int)prng_below(&r, 12) - 1, (int)prng_below(&r, 5) - 1,
                            (int)prng_below(&r, 12), (int)prng_below(&r, 5)};
        struct rect saved = canvas_clip(&s->c, clip);
        int x = (int)prng_below(&r, 16) - 4;
        int y = (int)prng_below(&r, 6) - 1;
        struct safe t = safe_of(texts[prng_below(&r, ARRAY_LEN(texts))]);
        s->c.ascii = prng_below(&r, 8) == 0;
        canvas_put(&s->c, x, y, ROLE_TEXT, t);
        canvas_field(&s->c, y, x, (int)prng_below(&r, 9), ROLE_TEXT, t);
        canvas_fill(&s->c, (struct rect){x, y, 1, 1}, ROLE_TEXT, '.');
        canvas_unclip(&s->c, saved);
        check_halves(&s->c);
    }
}

static void digests_tell_canvases_apart(void **state)
{
    struct stage *s = *state;
    uint64_t seen[8];
    seen[0] = canvas_digest(&s->c);
    canvas_put(&s->c, 0, 0, ROLE_TEXT, text_own("a"));
    seen[1] = canvas_digest(&s->c);
    canvas_mark(&s->c, (struct rect){0, 0, 1, 1}, ROLE_DIM, 0);
    seen[2] = canvas_digest(&s->c);
    canvas_dim(&s->c, (struct rect){0, 0, 1, 1});
    seen[3] = canvas_digest(&s->c);
    s->c.cursor_x = 3;
    seen[4] = canvas_digest(&s->c);
    canvas_resize(&s->c, 4, 10);
    seen[5] = canvas_digest(&s->c);
    canvas_put(&s->c, 0, 0, ROLE_TEXT, safe_of("e\u0301"));
    seen[6] = canvas_digest(&s->c);
    canvas_put(&s->c, 0, 0, ROLE_TEXT, safe_of("e\u0301\u0302"));
    seen[7] = canvas_digest(&s->c);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_true(seen[i] != seen[k]);
        }
    }
    canvas_resize(&s->c, 10, 4);
    assert_true(canvas_digest(&s->c) == seen[0]);
}

static void a_full_buffer_is_told(void **state)
{
    struct stage *s = *state;
    struct buf small;
    buf_init(&small, 3);
    assert_status(canvas_dump_text(&s->c, &small), ST_LIMIT);
    buf_clear(&small);
    canvas_put(&s->c, 0, 0, ROLE_ALARM, text_own("x"));
    assert_status(canvas_dump_roles(&s->c, &small), ST_LIMIT);
    buf_release(&small);
}

static void roles_have_names(void **state)
{
    (void)state;
    for (unsigned r = 0; r < ROLE_COUNT; r++) {
        const char *name = role_name((enum role)r);
        assert_int_equal(role_find(span_str(name)), r);
        enum role up = (enum role)r;
        for (int steps = 0; up != ROLE_TEXT; steps++) {
            assert_true(steps < 4);
            up = role_fallback(up);
        }
    }
    assert_int_equal(role_find(SPAN("no.such")), ROLE_COUNT);
    assert_int_equal(role_find(SPAN_NONE), ROLE_COUNT);
    assert_int_equal(role_find(SPAN("text\0")), ROLE_COUNT);
    assert_string_equal(role_name(ROLE_COUNT), "");
    assert_int_equal(role_fallback(ROLE_COUNT), ROLE_TEXT);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_canvas_without_size_takes_everything),
        STAGED(sizes_are_clamped),
        STAGED(clear_forgets_all),
        STAGED(text_is_cut_at_every_edge),
        STAGED(far_coordinates_do_no_harm),
        STAGED(a_wide_character_is_never_halved),
        STAGED(half_overwritten_leaves_a_blank),
        STAGED(marks_stay_on_their_base),
        STAGED(clips_nest_and_come_back),
        STAGED(what_was_replaced_is_seen),
        STAGED(fields_cut_and_fill),
        STAGED(fields_flush_right),
        STAGED(boxes_and_lines),
        STAGED(ascii_terminals_see_the_same_frame),
        STAGED(ascii_terminals_see_what_they_cannot_show),
        STAGED(every_stand_in_is_printable),
        STAGED(fill_takes_width_one_only),
        STAGED(flags_are_added),
        STAGED(random_drawing_keeps_halves_whole),
        STAGED(digests_tell_canvases_apart),
        STAGED(a_full_buffer_is_told),
        cmocka_unit_test(roles_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
