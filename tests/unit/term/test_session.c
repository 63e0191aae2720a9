/* Opening, what is switched on, and that everything is put back, whatever the way out. */
#include "stage.h"

#include <sys/resource.h>

#define QUICK_MS INT64_C(5000) /* for what must not wait for a stuck terminal */

static void expect_same_modes(const struct termios *a, const struct termios *b)
{
    assert_int_equal(a->c_iflag, b->c_iflag);
    assert_int_equal(a->c_oflag, b->c_oflag);
    assert_int_equal(a->c_cflag, b->c_cflag);
    assert_int_equal(a->c_lflag, b->c_lflag);
    assert_memory_equal(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

static void expect_put_back(struct stage *s, const struct termios *before)
{
    struct termios after = stage_modes(s);
    expect_same_modes(before, &after);
    assert_false(s->vt.alternate);
    assert_false(s->vt.bracketed);
    assert_false(s->vt.focus);
    assert_false(s->vt.explicit_bidi);
    assert_false(s->vt.in_frame);
    assert_true(s->vt.cursor);
    assert_int_equal(s->vt.pen.attr, 0);
    assert_int_equal(s->vt.pen.fg, COLOR_DEFAULT);
}

/* ---- the ordinary way */

static void opens_paints_closes(struct actor *a)
{
    ACTOR_CHECK(actor_wait(a) > 0); /* the parent has looked at the modes */
    actor_open(a);
    actor_mark(a);
    actor_put(a, 0, 0, ROLE_ALARM, "hello");
    actor_paint(a);
    actor_mark(a);
    ACTOR_CHECK(actor_wait(a) > 0);
    actor_close(a);
    actor_mark(a);
    ACTOR_CHECK(actor_wait(a) > 0);
}

static void all_is_switched_on_and_put_back(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, opens_paints_closes, &(struct stage_options){0});
    struct termios before = s.initial;
    stage_go(&s, 'o');
    stage_wait_mark(&s);
    assert_int_equal(s.vt.bytes, sizeof(MARK) - 1); /* nothing is written before the first paint */
    stage_wait_mark(&s);
    assert_string_equal(vt_row(&s.vt, 0), "hello");
    assert_true(s.vt.alternate && s.vt.bracketed && s.vt.focus && s.vt.explicit_bidi &&
                s.vt.sync_asked);
    assert_false(s.vt.cursor);
    struct termios during = stage_modes(&s);
    assert_int_equal(during.c_lflag & (unsigned)(ICANON | ECHO | ISIG | IEXTEN), 0);
    assert_int_equal(during.c_iflag & (unsigned)(ICRNL | IXON | ISTRIP), 0);
    stage_go(&s, 'c');
    stage_wait_mark(&s);
    expect_put_back(&s, &before);
    stage_go(&s, 'e');
    stage_end(&s, 0);
}

static void opens_often(struct actor *a)
{
    for (int i = 0; i < 20; i++) {
        actor_open(a);
        actor_put(a, 0, 0, ROLE_ALARM, "again");
        actor_paint(a);
        actor_close(a);
    }
    actor_mark(a);
    ACTOR_CHECK(actor_wait(a) > 0);
}

static void it_can_be_opened_again(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, opens_often, &(struct stage_options){0});
    struct termios before = s.initial;
    stage_wait_mark(&s);
    expect_put_back(&s, &before);
    assert_int_equal(vt_count(&s.vt, "\033[?1049h"), 20);
    assert_int_equal(vt_count(&s.vt, "\033[?1049l"), 20);
    stage_go(&s, 'e');
    stage_end(&s, 0);
}

/* ---- no terminal for us */

static void is_refused(struct actor *a)
{
    static const char *const types[] = {"", "dumb", "unknown", "no-such-terminal",
                                        "../../etc/passwd"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        a->o.type = types[i];
        a->t = NULL;
        ACTOR_CHECK(actor_try_open(a) == ST_UNSUPPORTED);
        ACTOR_CHECK(a->t == NULL);
        ACTOR_CHECK(strstr(a->why.text, "checkrein status") != NULL);
        ACTOR_CHECK(strstr(a->why.text, types[i]) != NULL);
    }
    a->o.type = "xterm-256color";
    int kept = dup(STDIN_FILENO);
    int other = open("/dev/null", O_RDWR);
    (void)dup2(other, STDIN_FILENO);
    ACTOR_CHECK(actor_try_open(a) == ST_UNSUPPORTED);
    (void)dup2(kept, STDIN_FILENO);
    kept = dup(STDOUT_FILENO);
    (void)dup2(other, STDOUT_FILENO);
    ACTOR_CHECK(actor_try_open(a) == ST_UNSUPPORTED);
    (void)dup2(kept, STDOUT_FILENO);
    term_close(NULL);
    term_restore_now();
    actor_mark(a);
    ACTOR_CHECK(actor_wait(a) > 0);
}

static void a_refusal_leaves_no_trace(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, is_refused, &(struct stage_options){0});
    struct termios before = s.initial;
    stage_wait_mark(&s);
    assert_int_equal(s.vt.bytes, sizeof(MARK) - 1);
    expect_put_back(&s, &before);
    stage_go(&s, 'e');
    stage_end(&s, 0);
}

/* ---- other kinds of terminals */

static void shows_a_box(struct actor *a)
{
    actor_open(a);
    a->c.ascii = term_ascii(a->t);
    canvas_box(&a->c, (struct rect){0, 0, 4, 3}, ROLE_FRAME, BOX_SINGLE);
    actor_paint(a);
    bool ascii = term_ascii(a->t);
    actor_tell(a, &ascii, sizeof(ascii));
    bool copies = term_copy(a->t, SPAN("x")) == ST_OK;
    actor_tell(a, &copies, sizeof(copies));
    actor_close(a);
}

static void each_kind_gets_what_it_knows(void **state)
{
    (void)state;
    static const struct {
        struct stage_options o;
        bool ascii, modern;
    } kinds[] = {
        {{.type = "xterm-256color"},        false, true },
        {{.type = "xterm"},                 false, true },
        {{.type = "tmux-256color"},         false, true },
        {{.type = "screen"},                false, true },
        {{.type = "rxvt-unicode-256color"}, false, true },
        {{.type = "linux"},                 false, false},
        {{.type = "vt100"},                 true,  false},
        {{.type = "vt220"},                 true,  false},
        {{.type = "ansi"},                  true,  false},
        {{.type = "xterm", .ascii = true},  true,  true },
        {{.type = "xterm", .locale = "C"},  true,  true },
        {{.type = "linux", .locale = "C"},  true,  false},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct stage s;
        bool ascii = false;
        bool copies = false;
        stage_start(&s, shows_a_box, &kinds[i].o);
        stage_hear(&s, &ascii, sizeof(ascii));
        stage_hear(&s, &copies, sizeof(copies));
        (void)stage_reap(&s);
        assert_int_equal(ascii, kinds[i].ascii);
        assert_int_equal(copies, kinds[i].modern);
        assert_int_equal(vt_count(&s.vt, "\u250c\u2500\u2500\u2510"), !kinds[i].ascii);
        assert_int_equal(vt_count(&s.vt, "+--+") > 0, kinds[i].ascii);
        static const char *const modes[] = {"\033[?2004h", "\033[?2004l", "\033[?1004h",
                                            "\033[?1004l", "\033[8l",     "\033[8h",
                                            "\033[?2026$p"};
        for (size_t m = 0; m < ARRAY_LEN(modes); m++) {
            assert_int_equal(vt_count(&s.vt, modes[m]), kinds[i].modern);
        }
        assert_int_equal(vt_count(&s.vt, "$<"), 0); /* a vt100's padding */
        for (size_t b = 0; kinds[i].ascii && b < s.vt.log.len; b++) {
            assert_true((unsigned char)s.vt.log.data[b] < 0x80);
        }
        stage_close(&s);
    }
}

/* ---- other ways out */

static void is_restored_twice(struct actor *a)
{
    actor_open(a);
    actor_paint(a);
    term_restore_now();
    term_restore_now();
    actor_close(a);
    term_restore_now();
    actor_mark(a);
    ACTOR_CHECK(actor_wait(a) > 0);
}

static void only_the_first_restoring_does_anything(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, is_restored_twice, &(struct stage_options){0});
    struct termios before = s.initial;
    stage_wait_mark(&s);
    expect_put_back(&s, &before);
    assert_int_equal(vt_count(&s.vt, "\033[?1049l"), 1);
    assert_int_equal(vt_count(&s.vt, "\033[?2004l"), 1);
    stage_go(&s, 'e');
    stage_end(&s, 0);
}

static void (*restore)(void) = term_restore_now;

static void on_crash(int signo)
{
    restore();
    (void)signal(signo, SIG_DFL);
    (void)raise(signo);
}

static void crashes(struct actor *a)
{
    struct rlimit none = {0};
    ACTOR_CHECK(actor_wait(a) > 0);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGSEGV, on_crash);
    actor_open(a);
    actor_put(a, 0, 0, ROLE_ALARM, "soon dead");
    actor_paint(a);
    ACTOR_CHECK(write(STDOUT_FILENO, "\033]52;c;QUFB", 11) == 11); /* in the middle of something */
    (void)raise(SIGSEGV);
}

static void a_crash_puts_all_back(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, crashes, &(struct stage_options){0});
    struct termios before = s.initial;
    stage_go(&s, 'o');
    int result = stage_reap(&s);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGSEGV);
    assert_int_equal(vt_count(&s.vt, "soon dead"), 1);
    expect_put_back(&s, &before);
    stage_well(&s);
    stage_close(&s);
}

static void closes_with_keys_unread(struct actor *a)
{
    actor_open(a);
    actor_paint(a);
    actor_mark(a);
    ACTOR_CHECK(actor_wait(a) > 0);
    struct pollfd pf = {.fd = STDIN_FILENO, .events = POLLIN};
    ACTOR_CHECK(poll(&pf, 1, STAGE_MS) == 1);
    actor_close(a);
    int left = -1;
    ACTOR_CHECK(ioctl(STDIN_FILENO, FIONREAD, &left) == 0);
    ACTOR_CHECK(left == 0);
}

static void what_was_not_read_is_not_the_shells(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, closes_with_keys_unread, &(struct stage_options){0});
    stage_wait_mark(&s);
    stage_type(&s, SPAN("rm -rf build\n"));
    stage_go(&s, 'c');
    stage_end(&s, 0);
}

static void asks_for_signals(struct actor *a)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH, SIGTTOU, SIGHUP};
    actor_open(a);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction sa;
        ACTOR_CHECK(sigaction(signals[i], NULL, &sa) == 0);
        ACTOR_CHECK(sa.sa_handler == SIG_DFL);
    }
    ACTOR_CHECK((fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK) == 0);
    actor_paint(a);
    ACTOR_CHECK((fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK) == 0);
    actor_close(a);
    ACTOR_CHECK((fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK) == 0);
}

static void signals_and_flags_stay_the_applications(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, asks_for_signals, &(struct stage_options){0});
    stage_end(&s, 0);
}

/* ---- sizes */

static void tells_its_size(struct actor *a)
{
    actor_open(a);
    for (;;) {
        int size[2];
        term_size(a->t, &size[0], &size[1]);
        actor_tell(a, size, sizeof(size));
        actor_fit_canvas(a);
        actor_put(a, 0, 0, ROLE_TEXT, "x");
        actor_paint(a);
        actor_mark(a);
        if (actor_wait(a) < 0) {
            break;
        }
        bool changed = term_resize(a->t);
        actor_tell(a, &changed, sizeof(changed));
    }
    actor_close(a);
}

static void any_size_is_survived(void **state)
{
    (void)state;
    static const struct {
        unsigned short cols, rows;
        bool changed;
        int want_cols, want_rows;
    } sizes[] = {
        {100,   30,    true,  100,  30  },
        {100,   30,    false, 100,  30  },
        {0,     0,     false, 100,  30  },
        {0,     30,    false, 100,  30  },
        {1,     1,     true,  1,    1   },
        {65535, 65535, true,  1000, 1000},
        {1000,  1000,  false, 1000, 1000},
        {65535, 1,     true,  1000, 1   },
        {2,     500,   true,  2,    500 },
        {80,    24,    true,  80,   24  },
    };
    struct stage s;
    int size[2];
    stage_start(&s, tells_its_size, &(struct stage_options){0});
    stage_hear(&s, size, sizeof(size));
    stage_wait_mark(&s);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct winsize ws = {.ws_col = sizes[i].cols, .ws_row = sizes[i].rows};
        bool changed = false;
        assert_int_equal(ioctl(s.master, TIOCSWINSZ, &ws), 0);
        vt_resize(&s.vt, sizes[i].want_cols, sizes[i].want_rows);
        stage_go(&s, 'r');
        stage_hear(&s, &changed, sizeof(changed));
        stage_hear(&s, size, sizeof(size));
        stage_wait_mark(&s);
        assert_int_equal(changed, sizes[i].changed);
        assert_int_equal(size[0], sizes[i].want_cols);
        assert_int_equal(size[1], sizes[i].want_rows);
        stage_well(&s);
    }
    (void)shutdown(s.control, SHUT_RDWR);
    stage_end(&s, 0);
}

static void tells_first_size(struct actor *a)
{
    (void)setenv("LINES", "7", 1);
    (void)setenv("COLUMNS", "9", 1);
    ACTOR_CHECK(actor_wait(a) > 0);
    actor_open(a);
    int size[2];
    term_size(a->t, &size[0], &size[1]);
    actor_tell(a, size, sizeof(size));
    actor_close(a);
}

static void the_first_size_is_sane(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        unsigned short cols, rows;
        int want_cols, want_rows;
    } sizes[] = {
        {"xterm", 0,     0,     80,   24  },
        {"linux", 0,     0,     80,   24  },
        {"linux", 120,   40,    120,  40  },
        {"tmux",  100,   0,     100,  24  },
        {"xterm", 65535, 65535, 1000, 1000},
        {"xterm", 65535, 24,    1000, 24  },
    };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct winsize ws = {.ws_col = sizes[i].cols, .ws_row = sizes[i].rows};
        struct stage s;
        int size[2] = {0, 0};
        stage_start(&s, tells_first_size, &(struct stage_options){.type = sizes[i].type});
        assert_int_equal(ioctl(s.master, TIOCSWINSZ, &ws), 0);
        stage_go(&s, 'o');
        stage_hear(&s, size, sizeof(size));
        assert_int_equal(size[0], sizes[i].want_cols);
        assert_int_equal(size[1], sizes[i].want_rows);
        stage_end_elsewhere(&s, 0);
    }
}

/* ---- the clipboard and the bell */

static void copies(struct actor *a)
{
    static char long_text[5000];
    memset(long_text, 'x', sizeof(long_text));
    actor_open(a);
    actor_paint(a);
    ACTOR_CHECK(term_copy(a->t, SPAN("sha256:4f1c9a")) == ST_OK);
    actor_mark(a);
    ACTOR_CHECK(term_copy(a->t, SPAN("rm -rf /\n\033[201~")) == ST_OK);
    actor_mark(a);
    ACTOR_CHECK(term_copy(a->t, SPAN("")) == ST_OK);
    actor_mark(a);
    ACTOR_CHECK(term_copy(a->t, (struct span){long_text, sizeof(long_text)}) == ST_LIMIT);
    ACTOR_CHECK(term_copy(a->t, (struct span){long_text, 4096}) == ST_OK);
    actor_mark(a);
    term_bell(a->t);
    actor_mark(a);
    actor_close(a);
}

static void what_is_copied_is_plain(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, copies, &(struct stage_options){0});
    stage_wait_mark(&s);
    assert_string_equal(s.vt.copied, "c2hhMjU2OjRmMWM5YQ==");
    stage_wait_mark(&s);
    assert_string_equal(s.vt.copied,
                        "cm0gLXJmIC9cblxlWzIwMX4="); /* rm -rf /\n\e[201~ in plain characters */
    stage_wait_mark(&s);
    assert_string_equal(s.vt.copied, "");
    stage_wait_mark(&s);
    assert_int_equal(strlen(s.vt.copied), 5464);
    assert_int_equal(s.vt.bells, 0);
    stage_wait_mark(&s);
    assert_int_equal(s.vt.bells, 1);
    stage_end(&s, 0);
}

/* ---- a terminal that has stopped, and one that has gone */

static int64_t timed_close(struct actor *a)
{
    int64_t before = stage_now_ms();
    actor_close(a);
    return stage_now_ms() - before;
}

static void paint_until_stuck(struct actor *a, enum status want)
{
    enum status st = ST_OK;
    for (int i = 0; st == ST_OK && i < 10000; i++) {
        canvas_fill(&a->c, (struct rect){0, 0, a->c.w, a->c.h}, i % 2 == 0 ? ROLE_ALARM : ROLE_TEXT,
                    (uint32_t)('a' + i % 26));
        st = term_paint(a->t, &a->c);
    }
    ACTOR_CHECK(st == want);
}

static void meets_a_stuck_terminal(struct actor *a)
{
    actor_open(a);
    int64_t before = stage_now_ms();
    paint_until_stuck(a, ST_AGAIN);
    ACTOR_CHECK(stage_now_ms() - before < 5 * QUICK_MS);
    before = stage_now_ms();
    for (int i = 0; i < 100; i++) { /* from now on nobody waits */
        ACTOR_CHECK(term_paint(a->t, &a->c) == ST_AGAIN);
    }
    ACTOR_CHECK(stage_now_ms() - before < QUICK_MS);
    canvas_clear(&a->c);
    actor_put(a, 3, 3, ROLE_TEXT, "it goes on");
    actor_tell(a, "s", 1);
    int64_t until = stage_now_ms() + STAGE_MS;
    while (term_paint(a->t, &a->c) == ST_AGAIN) {
        struct pollfd pf = {.fd = STDOUT_FILENO, .events = POLLOUT};
        ACTOR_CHECK(stage_now_ms() < until);
        (void)poll(&pf, 1, 10);
    }
    actor_mark(a);
    actor_close(a);
}

static void a_stuck_terminal_is_waited_for_without_waiting(void **state)
{
    (void)state;
    struct stage s;
    char word = 0;
    stage_start(&s, meets_a_stuck_terminal, &(struct stage_options){0});
    stage_hear(&s, &word, 1);
    stage_wait_mark(&s);
    assert_string_equal(vt_row(&s.vt, 3), "   it goes on");
    assert_string_equal(vt_row(&s.vt, 4), "");
    stage_end(&s, 0);
}

static void leaves_a_stuck_terminal(struct actor *a)
{
    actor_open(a);
    paint_until_stuck(a, ST_AGAIN);
    ACTOR_CHECK(timed_close(a) < QUICK_MS);
    actor_tell(a, "c", 1);
    ACTOR_CHECK(actor_wait(a) > 0);
}

static void a_stuck_terminal_can_be_left(void **state)
{
    (void)state;
    struct stage s;
    char word = 0;
    stage_start(&s, leaves_a_stuck_terminal, &(struct stage_options){0});
    struct termios before = s.initial;
    stage_hear(&s, &word, 1);
    struct termios after = stage_modes(&s);
    expect_same_modes(&before, &after);
    stage_go(&s, 'e');
    stage_end_elsewhere(&s, 0);
}

static void loses_its_terminal(struct actor *a)
{
    uint32_t key = 0;
    (void)signal(SIGHUP, SIG_IGN);
    actor_open(a);
    actor_paint(a);
    actor_mark(a);
    ACTOR_CHECK(actor_key(a, &key) == ST_CLOSED);
    ACTOR_CHECK(term_key(a->t, &key) == ST_CLOSED);
    actor_put(a, 0, 0, ROLE_TEXT, "into the void");
    ACTOR_CHECK(term_paint(a->t, &a->c) == ST_IO);
    ACTOR_CHECK(!term_resize(a->t));
    term_flush_keys(a->t);
    term_bell(a->t);
    ACTOR_CHECK(timed_close(a) < QUICK_MS);
}

static void a_lost_terminal_is_told(void **state)
{
    (void)state;
    struct stage s;
    stage_start(&s, loses_its_terminal, &(struct stage_options){0});
    stage_wait_mark(&s);
    (void)close(s.master);
    s.master = -1;
    stage_end(&s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_switched_on_and_put_back),
        cmocka_unit_test(it_can_be_opened_again),
        cmocka_unit_test(a_refusal_leaves_no_trace),
        cmocka_unit_test(each_kind_gets_what_it_knows),
        cmocka_unit_test(only_the_first_restoring_does_anything),
        cmocka_unit_test(a_crash_puts_all_back),
        cmocka_unit_test(what_was_not_read_is_not_the_shells),
        cmocka_unit_test(signals_and_flags_stay_the_applications),
        cmocka_unit_test(any_size_is_survived),
        cmocka_unit_test(the_first_size_is_sane),
        cmocka_unit_test(what_is_copied_is_plain),
        cmocka_unit_test(a_stuck_terminal_is_waited_for_without_waiting),
        cmocka_unit_test(a_stuck_terminal_can_be_left),
        cmocka_unit_test(a_lost_terminal_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
