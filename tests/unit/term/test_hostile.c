/* What an agent may send to fool the operator, all the way: sanitised, drawn, painted, and then
 * looked at in the bytes that the terminal gets. The terminal of vt.h takes nothing but what curses
 * and this module have business sending, and no character that is not fit to show.
 */
#include "stage.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

static const struct span cases[] = {
    S("A\033]52;c;ZXZpbA==\007B"),
    S("A\033]8;;http://evil\033\\txt\033]8;;\033\\B"),
    S("A\033[2JB"),
    S("A\033[21tB"),
    S("A\033P$qm\033\\B"),
    S("A\033[201~B"),
    S("A\xc2\x9b"
      "31mB"),
    S("A\xc2\x9d"
      "52;c;eA==\xc2\x9c"
      "B"),
    S("A\x9b"
      "31mB"),
    S("A\xc0\xaf"
      "B"),
    S("A\xff"
      "B"),
    S("A\007B"),
    S("AAAA\rB"),
    S("A\nB"),
    S("AB\bC"),
    S("A\tB"),
    S("A\016B"),
    S("A\x7f"
      "B"),
    S("A\u202eB"),
    S("A\u2066B"),
    S("A\u200fB"),
    S("A\u061cB"),
    S("A\u200bB"),
    S("A\u200dB"),
    S("A\ufeffB"),
    S("A\xc2\xad"
      "B"),
    S("A\u2028B"),
    S("A\U000e0041B"),
    S("A\ufe0fB"),
    S("A\u3164B"),
    S("A\u2800B"),
    S("A\u0430B"),
    S("A\xee\x80\x80"
      "B"),
    S("A\xcd\xb8"
      "B"),
    S("e\u0301B"),
    S("e\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b\u030cB"),
    S("\U0001f469\u200d\U0001f467B"),
    /* and some that repaint, hide and grow */
    S("DANGER 97% cmd: rm -rf /srv\rok       1% cmd: ls -l"),
    S("ls\b\b\b\b\b\b\b\bid"),
    S("\033[32mapproved by the operator\033[0m"),
    S("\033]0;title\a\033c\033[?1049l\033[?25h"),
    S("\xed\xa0\xbd\xed\xb8\x80"),
    S("\xf0\x9f\x98"),
    S("\u0301\u0301\u0301"),
    S("\u202a\u202b\u202c\u202d\u2067\u2068\u2069"),
};

#define ROW_BYTES 512

/* Where a case is drawn: at the left, cut by a field, right-aligned into the last column, under a
 * selection. */
static void draw_case(struct actor *a, int i, struct span hostile)
{
    struct canvas *c = &a->c;
    struct safe s = actor_safe(a, hostile);
    canvas_clear(c);
    (void)canvas_put(c, 0, 0, ROLE_PAYLOAD, s);
    (void)canvas_field(c, 5, 2, 7, ROLE_TEXT, s);
    (void)canvas_field_right(c, 60, 3, 20, ROLE_TEXT, s);
    (void)canvas_put(c, 79, 4, ROLE_TEXT, s);
    (void)canvas_put(c, -2, 5, ROLE_TEXT, s);
    (void)canvas_put(c, 10, 6, ROLE_TEXT, s);
    canvas_mark(c, (struct rect){0, 6, c->w, 1}, ROLE_SELECTED, 0);
    (void)canvas_put(c, 0, 23, ROLE_TEXT, text_fmt(&a->arena, "case %d", i));
}

static void shows_cases(struct actor *a)
{
    actor_open(a);
    for (int i = 0; i < (int)ARRAY_LEN(cases); i++) {
        draw_case(a, i, cases[i]);
        actor_paint(a);
        actor_mark(a);
    }
    actor_close(a);
}

static void each_trick_arrives_as_a_mark(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, shows_cases, &(struct stage_options){.cols = 200});
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char plain[ROW_BYTES];
        char name[32];
        stage_wait_mark(&s);
        stage_well(&s);
        (void)text_plain_of(cases[i], plain, sizeof(plain));
        assert_string_equal(vt_row(&s.vt, 0), plain);
        (void)snprintf(name, sizeof(name), "case %zu", i);
        assert_string_equal(vt_row(&s.vt, 23), name);
        assert_string_equal(vt_row(&s.vt, 1), "");
        assert_int_equal(s.vt.bells, 0);
        assert_true(s.vt.alternate);
    }
    stage_end(&s, 0);
    assert_int_equal(ARRAY_LEN(cases) >= 37, 1);
}

static void in_ascii_too(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, shows_cases, &(struct stage_options){.ascii = true, .cols = 200});
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        stage_wait_mark(&s);
        stage_well(&s);
    }
    for (size_t i = 0; i < s.vt.log.len; i++) {
        assert_true((unsigned char)s.vt.log.data[i] < 0x80);
    }
    stage_end(&s, 0);
}

/* In a terminal without colours a mark must still be told from the same characters written by the
 * agent. */
static void shows_a_forgery(struct actor *a)
{
    actor_open(a);
    (void)canvas_put(&a->c, 0, 0, ROLE_TEXT, actor_safe(a, SPAN("\\r\r")));
    actor_paint(a);
    actor_mark(a);
    actor_close(a);
}

static void a_mark_is_told_from_its_forgery(void **state)
{
    (void)state;
    static const struct stage_options ways[] = {
        {.color = COLOR_NEVER}, {.color = COLOR_ALWAYS}, {.ascii = true}, {.type = "xterm"}};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct stage s;
        stage_start(&s, shows_a_forgery, &ways[i]);
        stage_wait_mark(&s);
        assert_string_equal(vt_row(&s.vt, 0), "\\r\\r");
        for (int x = 0; x < 4; x++) {
            bool reversed = (vt_at(&s.vt, x, 0)->pen.attr & STYLE_REVERSE) != 0;
            assert_int_equal(reversed, x >= 2);
        }
        stage_end(&s, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trick_arrives_as_a_mark),
        cmocka_unit_test(in_ascii_too),
        cmocka_unit_test(a_mark_is_told_from_its_forgery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
