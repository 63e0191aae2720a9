/* What is painted is what a terminal shows: cell by cell, whatever was there before. */
#include "stage.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "prng.h"

#define FRAMES    150
#define CELLS_MAX ((size_t)200 * 60)

/* ---- comparing */

static bool is_plain_blank(const struct cell *c)
{
    return c->cp[0] == ' ' && c->cp[1] == 0;
}

static uint32_t expected_attr(const struct cell *c, const struct style *s)
{
    uint32_t attr = s->attr;
    attr |= (c->flags & CELL_REVERSE) != 0 ? (uint32_t)STYLE_REVERSE : 0;
    attr |= (c->flags & (CELL_DIM | CELL_STRIKE)) != 0 ? (uint32_t)STYLE_DIM : 0;
    return attr;
}

/* Of a blank only what can be seen is compared. */
static void compare_pen(const struct vt_cell *got, const struct cell *want,
                        const struct theme *theme, enum color_depth depth, int x, int y)
{
    struct style s = theme_style(theme, (enum role)want->role, depth);
    uint32_t attr = expected_attr(want, &s);
    uint32_t seen = STYLE_REVERSE | STYLE_UNDERLINE;
    bool blank = is_plain_blank(want);
    uint32_t mask = blank ? seen : UINT32_MAX;
    bool fg_counts = !blank || (attr & seen) != 0;
    if ((got->pen.attr & mask) != (attr & mask) || got->pen.bg != s.bg ||
        (fg_counts && got->pen.fg != s.fg)) {
        fail_msg("%d,%d: colours %d on %d, attributes %x; not %d on %d, %x (role %s)", x, y,
                 (int)got->pen.fg, (int)got->pen.bg, (unsigned)got->pen.attr, (int)s.fg, (int)s.bg,
                 (unsigned)attr, role_name((enum role)want->role));
    }
}

static void compare_cell(const struct vt_cell *got, const struct cell *want, int x, int y)
{
    if ((want->flags & CELL_CONT) != 0) {
        assert_int_equal(got->width, 0);
        return;
    }
    for (int i = 0; i <= TEXT_MARKS_MAX; i++) {
        if (got->cp[i] != want->cp[i]) {
            fail_msg("%d,%d: U+%04X, not U+%04X (character %d of the cell)", x, y,
                     (unsigned)got->cp[i], (unsigned)want->cp[i], i);
        }
    }
}

static void compare(struct stage *s, const struct cell *cells, const struct theme *theme,
                    enum color_depth depth)
{
    stage_well(s);
    for (int y = 0; y < s->vt.h; y++) {
        for (int x = 0; x < s->vt.w; x++) {
            const struct cell *want = &cells[y * s->vt.w + x];
            compare_cell(vt_at(&s->vt, x, y), want, x, y);
            if ((want->flags & CELL_CONT) == 0) {
                compare_pen(vt_at(&s->vt, x, y), want, theme, depth, x, y);
            }
        }
    }
}

/* ---- a child that paints anything */

static const char *const words[] = {
    "running",
    "docs-bot",
    "$4.02",
    "\u8a2d\u5b9a",
    "\uff01\uff01\uff01",
    "caf\u00e9",
    "e\u0301e\u0301\u0302",
    "\u2500\u2502\u250c",
    "\u2026",
    "\u25cf",
    "a\rb",
    "\u202egnp.exe",
    "\x9b[",
    "p\u0430y",
    "\u0e01\u0e33",
    "\u1112\u1161\u11ab",
    " ",
    "          ",
    "\u8a2d",
    "x\u8a2d",
    "\u8a2dx",
    "\U0001F600\U0001F680",
    "\u05d0\u05d1",
    "\u0915\u093f\u0902",
};

static void draw_something(struct actor *a, struct prng *r)
{
    struct canvas *c = &a->c;
    int x = (int)prng_below(r, (uint64_t)c->w + 8) - 4;
    int y = (int)prng_below(r, (uint64_t)c->h);
    enum role role = (enum role)prng_below(r, ROLE_COUNT);
    struct safe s = actor_safe(a, span_str(words[prng_below(r, ARRAY_LEN(words))]));
    struct rect area = {x, y, (int)prng_below(r, 20), (int)prng_below(r, 5)};
    c->attr = prng_below(r, 4) == 0 ? (uint8_t)prng_below(r, CELL_CONT) : 0;
    switch (prng_below(r, 6)) {
    case 0:
        (void)canvas_field(c, x, y, (int)prng_below(r, 12), role, s);
        break;
    case 1:
        canvas_fill(c, area, role, ' ');
        break;
    case 2:
        canvas_box(c, area, role, BOX_SINGLE);
        break;
    case 3:
        canvas_mark(c, (struct rect){0, y, c->w, 1}, role, 0);
        break;
    case 4: /* to the last column */
        (void)canvas_put(c, c->w - (int)s.cols, y, role, s);
        break;
    default:
        (void)canvas_put(c, x, y, role, s);
        break;
    }
}

static void tell_canvas(struct actor *a)
{
    const struct canvas *c = &a->c;
    actor_tell(a, c->cells, (size_t)c->w * (size_t)c->h * sizeof(*c->cells));
}

static void paints_anything(struct actor *a)
{
    struct prng r = {a->o.seed};
    actor_open(a);
    enum color_depth depth = term_depth(a->t);
    actor_tell(a, &depth, sizeof(depth));
    for (int word; (word = actor_wait(a)) > 0;) {
        if (word == 'r') {
            ACTOR_CHECK(term_resize(a->t));
            actor_fit_canvas(a);
        } else if (word == 'l') {
            term_redraw(a->t);
        }
        for (uint64_t i = 0, n = 1 + prng_below(&r, 12); i < n; i++) {
            draw_something(a, &r);
        }
        actor_paint(a);
        actor_mark(a);
        tell_canvas(a);
    }
    actor_close(a);
}

static void resize(struct stage *s, int cols, int rows)
{
    struct winsize ws = {.ws_col = (unsigned short)cols, .ws_row = (unsigned short)rows};
    assert_int_equal(ioctl(s->master, TIOCSWINSZ, &ws), 0);
    vt_resize(&s->vt, cols, rows);
}

static void theme_of_many_colors(struct theme *t, uint32_t attributes)
{
    theme_default(t);
    for (int r = 0; r < ROLE_COUNT; r++) {
        t->style[r].fg = r % 3 == 0 ? COLOR_DEFAULT : r * 5 % 256;
        t->style[r].bg = r % 4 == 0 ? 17 + r : COLOR_DEFAULT;
        t->style[r].attr = r % 5 == 0 ? (uint32_t)r & attributes : 0;
    }
}

static void next_frame(struct stage *s, char word, struct cell *cells, const struct theme *theme,
                       enum color_depth depth)
{
    stage_go(s, word);
    stage_wait_mark(s);
    stage_hear(s, cells, (size_t)s->vt.w * (size_t)s->vt.h * sizeof(*cells));
    compare(s, cells, theme, depth);
}

/* What terminals differ in. */
struct limits {
    int least_cols;
    uint32_t attributes;
};
static const struct limits XTERM = {1, STYLE_BOLD | STYLE_DIM | STYLE_REVERSE | STYLE_UNDERLINE |
                                           STYLE_ITALIC};
/* Their terminfo has no way into the last corner but by inserting before it; screen knows no
 * italics. */
static const struct limits TMUX = {2, STYLE_BOLD | STYLE_DIM | STYLE_REVERSE | STYLE_UNDERLINE |
                                          STYLE_ITALIC};
static const struct limits SCREEN_OF_GNU = {2, STYLE_BOLD | STYLE_DIM | STYLE_REVERSE |
                                                   STYLE_UNDERLINE};

static void play_random(const struct stage_options *o, uint64_t seed, const struct limits *l)
{
    static const int sizes[][2] = {
        {80,  24},
        {1,   1 },
        {2,   2 },
        {120, 40},
        {61,  15},
        {3,   60},
        {200, 60},
        {80,  24}
    };
    struct theme theme;
    struct stage s;
    struct stage_options with = *o;
    enum color_depth depth = COLOR_MONO;
    struct cell *cells = calloc(CELLS_MAX, sizeof(*cells));
    theme_of_many_colors(&theme, l->attributes);
    with.theme = &theme;
    with.seed = seed;
    stage_start(&s, paints_anything, &with);
    stage_hear(&s, &depth, sizeof(depth));
    for (int i = 0; i < FRAMES; i++) {
        char word = i % 37 == 36 ? 'l' : 'n';
        if (i % 20 == 19) {
            const int *size = sizes[(size_t)(i / 20) % ARRAY_LEN(sizes)];
            int cols = size[0] < l->least_cols ? l->least_cols : size[0];
            word = cols == s.vt.w && size[1] == s.vt.h ? 'l' : 'r';
            resize(&s, cols, size[1]);
        }
        next_frame(&s, word, cells, &theme, depth);
    }
    (void)close(s.control);
    s.control = dup(STDERR_FILENO);
    stage_end(&s, 0);
    free(cells);
}

static void any_frame_comes_out_as_painted(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        play_random(&(struct stage_options){0}, seed, &XTERM);
    }
}

static void in_a_multiplexer_too(void **state)
{
    (void)state;
    play_random(&(struct stage_options){.type = "tmux-256color"}, 7, &TMUX);
    play_random(&(struct stage_options){.type = "screen-256color"}, 8, &SCREEN_OF_GNU);
}

static void without_colours_too(void **state)
{
    (void)state;
    play_random(&(struct stage_options){.color = COLOR_NEVER}, 9, &XTERM);
}

/* ---- every character that our table knows, once, each followed by a bar */

#define PER_ROW 26

static uint32_t next_shown(uint32_t cp)
{
    do {
        cp++;
    } while (cp < 0x110000 && text_width(cp) == 0);
    return cp;
}

static void put_character(struct actor *a, int i, uint32_t cp)
{
    char utf8[TEXT_UTF8_BYTES];
    size_t n = text_utf8_put(cp, utf8);
    int x = i % PER_ROW * 3;
    int y = i / PER_ROW;
    (void)canvas_put(&a->c, x, y, ROLE_TEXT, actor_safe(a, (struct span){utf8, n}));
    actor_put(a, x + 2, y, ROLE_TEXT, "|");
}

static void paints_every_character(struct actor *a)
{
    actor_open(a);
    int i = 0;
    for (uint32_t cp = next_shown(' '); cp < 0x110000; cp = next_shown(cp)) {
        put_character(a, i++, cp);
        if (i == PER_ROW * a->c.h || next_shown(cp) >= 0x110000) {
            actor_paint(a);
            actor_mark(a);
            tell_canvas(a);
            ACTOR_CHECK(actor_wait(a) > 0);
            canvas_clear(&a->c);
            i = 0;
        }
    }
    actor_close(a);
}

/* How many of a frame came out as a question mark; all else must be as painted, and no bar may have
 * moved. */
static unsigned count_replaced(struct stage *s, const struct cell *cells)
{
    unsigned replaced = 0;
    stage_well(s);
    for (int i = 0; i < s->vt.w * s->vt.h; i++) {
        const struct vt_cell *got = &s->vt.cells[i];
        const struct cell *want = &cells[i];
        if (got->cp[0] == want->cp[0]) {
            continue;
        }
        assert_int_equal(got->cp[0], '?');
        assert_true((got->pen.attr & STYLE_REVERSE) != 0);
        assert_true(want->cp[0] == 0 || want->cp[0] > 0x2FF);
        replaced += want->width > 0;
    }
    return replaced;
}

static void every_character_keeps_its_columns(void **state)
{
    (void)state;
    struct stage s;
    struct cell cells[80 * 24];
    unsigned replaced = 0;
    unsigned frames = 0;
    uint32_t total = 0;
    for (uint32_t cp = next_shown(' '); cp < 0x110000; cp = next_shown(cp)) {
        total++;
    }
    stage_start(&s, paints_every_character, &(struct stage_options){0});
    for (uint32_t seen = 0; seen < total; seen += PER_ROW * 24, frames++) {
        stage_wait_mark(&s);
        stage_hear(&s, cells, sizeof(cells));
        replaced += count_replaced(&s, cells);
        stage_go(&s, 'n');
    }
    stage_end(&s, 0);
    print_message("%u characters, %u of another width in this C library\n", total, replaced);
    assert_true(total > 140000);
    assert_in_range(replaced, 0, 6000);
}

/* ---- nothing changed, nothing done */

static void idles_without_system_calls(struct actor *a)
{
    actor_open(a);
    actor_put(a, 3, 3, ROLE_ALARM, "\u8a2d e\u0301 waiting");
    actor_paint(a);
    actor_mark(a);
    ACTOR_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) ==
                0); /* read, write and exit, or death */
    for (int i = 0; i < 1000; i++) {
        if (term_paint(a->t, &a->c) != ST_OK) {
            (void)syscall(SYS_exit, 1);
        }
    }
    (void)!write(STDOUT_FILENO, MARK, sizeof(MARK) - 1);
    (void)syscall(SYS_exit, 0);
}

static void an_unchanged_canvas_costs_nothing(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, idles_without_system_calls, &(struct stage_options){0});
    stage_wait_mark(&s);
    unsigned bytes = s.vt.bytes;
    stage_wait_mark(&s);
    assert_int_equal(s.vt.bytes - bytes, sizeof(MARK) - 1);
    stage_end(&s, 0);
}

/* ---- little changed, little sent */

static void changes_one_number(struct actor *a)
{
    actor_open(a);
    for (int y = 0; y < 24; y++) {
        actor_put(a, 0, y, ROLE_TEXT, "docs-bot  running  read README.md  claude  $0.31");
    }
    actor_paint(a);
    actor_mark(a);
    actor_put(a, 46, 11, ROLE_TEXT, "2");
    actor_paint(a);
    actor_mark(a);
    actor_close(a);
}

static void one_changed_cell_is_a_few_bytes(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, changes_one_number, &(struct stage_options){0});
    stage_wait_mark(&s);
    unsigned bytes = s.vt.bytes;
    stage_wait_mark(&s);
    assert_in_range(s.vt.bytes - bytes - (sizeof(MARK) - 1), 1, 12);
    assert_string_equal(vt_row(&s.vt, 11), "docs-bot  running  read README.md  claude  $0.21");
    stage_end(&s, 0);
}

/* ---- the cursor */

static void moves_the_cursor(struct actor *a)
{
    static const int places[][2] = {
        {-1, -1},
        {7,  3 },
        {79, 23},
        {80, 3 },
        {7,  24},
        {0,  0 }
    };
    actor_open(a);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        a->c.cursor_x = places[i][0];
        a->c.cursor_y = places[i][1];
        actor_put(a, 0, (int)i, ROLE_TEXT, i % 2 == 0 ? "even" : "odd");
        actor_paint(a);
        actor_mark(a);
        ACTOR_CHECK(actor_wait(a) > 0);
    }
    actor_close(a);
}

static void the_cursor_is_where_the_canvas_has_it(void **state)
{
    (void)state;
    static const int places[][2] = {
        {-1, -1},
        {7,  3 },
        {79, 23},
        {-1, -1},
        {-1, -1},
        {0,  0 }
    };
    struct stage s;
    stage_start(&s, moves_the_cursor, &(struct stage_options){0});
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        stage_wait_mark(&s);
        assert_int_equal(s.vt.cursor, places[i][0] >= 0);
        if (s.vt.cursor) {
            assert_int_equal(s.vt.x, places[i][0]);
            assert_int_equal(s.vt.y, places[i][1]);
        }
        stage_go(&s, 'n');
    }
    stage_end(&s, 0);
}

/* ---- a canvas of another size than the screen, and cells that no canvas should have */

static void paints_misfits(struct actor *a)
{
    actor_open(a);
    canvas_resize(&a->c, 200, 60);
    for (int y = 0; y < 60; y++) {
        actor_put(a, 0, y, ROLE_TEXT, "0123456789");
        actor_put(a, 79, y, ROLE_TEXT, "\u8a2d");
    }
    actor_paint(a);
    actor_mark(a);
    canvas_resize(&a->c, 10, 2);
    actor_put(a, 0, 0, ROLE_TEXT, "small");
    actor_paint(a);
    actor_mark(a);
    canvas_resize(&a->c, 80, 24);
    static const uint32_t odd[] = {0,      0x1B,   '\r',   '\n',    0x7F,     0x9B,
                                   0xAD,   0x202E, 0x200B, 0x2028,  0x2800,   0x3164,
                                   0xD800, 0xE000, 0xFFFF, 0xE0041, 0x110000, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        a->c.cells[i] = (struct cell){.cp = {odd[i]}, .width = 1};
        a->c.cells[80 + i] = (struct cell){.cp = {'a'}, .width = 1, .role = 255, .flags = 255};
        a->c.cells[160 + 2 * i] = (struct cell){.cp = {0x8A2D}, .width = 2};
        a->c.cells[240 + 2 * i] = (struct cell){.width = 0, .flags = CELL_CONT};
        a->c.cells[320 + i] = (struct cell){
            .cp = {'a', 0x1B, 0x202E},
              .width = 1
        };
        a->c.cells[400 + i] = (struct cell){.cp = {'x'}, .width = 7};
    }
    actor_put(a, 70, 0, ROLE_TEXT, "end");
    actor_paint(a);
    actor_mark(a);
    actor_close(a);
}

static void misfits_do_no_harm(void **state)
{
    (void)state;
    struct theme theme;
    struct stage s;
    theme_default(&theme);
    theme.style[ROLE_REPLACED].attr = 0; /* a question mark is reversed in any theme */
    stage_start(&s, paints_misfits, &(struct stage_options){.theme = &theme});
    stage_wait_mark(&s);
    stage_well(&s);
    assert_string_equal(vt_row(&s.vt, 23), "0123456789");
    stage_wait_mark(&s);
    stage_well(&s);
    assert_string_equal(vt_row(&s.vt, 0), "small");
    assert_string_equal(vt_row(&s.vt, 1), "");
    assert_string_equal(vt_row(&s.vt, 23), "");
    stage_wait_mark(&s);
    stage_well(&s);
    for (int i = 0; i < 18; i++) {
        assert_int_equal(vt_at(&s.vt, i, 0)->cp[0], '?');
        assert_true((vt_at(&s.vt, i, 0)->pen.attr & STYLE_REVERSE) != 0);
        assert_int_equal(vt_at(&s.vt, i, 1)->cp[0], 'a');
        assert_int_equal(vt_at(&s.vt, i, 2)->cp[0], ' '); /* halves of wide characters */
        assert_int_equal(vt_at(&s.vt, i, 3)->cp[0], ' ');
        assert_int_equal(vt_at(&s.vt, i, 4)->cp[0], '?');
        assert_int_equal(vt_at(&s.vt, i, 5)->cp[0], ' ');
    }
    assert_int_equal(vt_at(&s.vt, 70, 0)->cp[0], 'e');
    stage_end(&s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_frame_comes_out_as_painted),
        cmocka_unit_test(in_a_multiplexer_too),
        cmocka_unit_test(without_colours_too),
        cmocka_unit_test(every_character_keeps_its_columns),
        cmocka_unit_test(an_unchanged_canvas_costs_nothing),
        cmocka_unit_test(one_changed_cell_is_a_few_bytes),
        cmocka_unit_test(the_cursor_is_where_the_canvas_has_it),
        cmocka_unit_test(misfits_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
