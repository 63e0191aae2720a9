/* Keys through a real pty: what arrives when, and what a flush may not lose. */
#include "stage.h"

#define NAMED(k)   KEY_NAMED(KEYN_##k)
#define SETTLED_MS 150 /* more than DECODE_SETTLE_MS */

/* Tells every key, until the terminal is gone. */
static void tells_keys(struct actor *a)
{
    uint32_t key = 0;
    (void)signal(SIGHUP, SIG_IGN);
    actor_open(a);
    actor_paint(a);
    actor_mark(a);
    while (actor_key(a, &key) == ST_OK) {
        actor_tell(a, &key, sizeof(key));
    }
    actor_close(a);
}

static void expect_key(struct stage *s, uint32_t want)
{
    uint32_t key = 0;
    stage_hear(s, &key, sizeof(key));
    if (key != want) {
        char got[KEY_NAME_BYTES];
        char wanted[KEY_NAME_BYTES];
        key_text(key, got);
        key_text(want, wanted);
        fail_msg("the key is %s, not %s", got, wanted);
    }
}

static void wait_ms(int ms)
{
    struct pollfd none = {.fd = -1};
    (void)poll(&none, 1, ms);
}

static void begin(struct stage *s)
{
    stage_start(s, tells_keys, &(struct stage_options){0});
    stage_wait_mark(s);
}

static void end(struct stage *s)
{
    (void)close(s->master);
    s->master = -1;
    stage_end(s, 0);
}

static void keys_come_in_order(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    stage_type(&s, SPAN("ab\033[A\033OB\033x\003\r\177\u00e9\033[I\033[O"));
    const uint32_t want[] = {'a',
                             'b',
                             NAMED(UP),
                             NAMED(DOWN),
                             KEY_ALT | 'x',
                             KEY_CTRL | 'c',
                             NAMED(ENTER),
                             NAMED(BACKSPACE),
                             0xE9,
                             NAMED(FOCUS_IN),
                             NAMED(FOCUS_OUT)};
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        expect_key(&s, want[i]);
    }
    end(&s);
}

static void a_lone_escape_comes_soon(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    for (int i = 0; i < 10; i++) {
        int64_t before = stage_now_ms();
        stage_type(&s, SPAN("\033"));
        expect_key(&s, NAMED(ESC));
        int64_t took = stage_now_ms() - before;
        assert_in_range(took, 20, 400); /* curses would take 1001 */
        stage_type(&s, SPAN("x"));
        expect_key(&s, 'x');
    }
    end(&s);
}

static void a_sequence_in_pieces_is_one_key(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    static const char up[] = "\033[1;5A";
    for (size_t cut = 2; cut < sizeof(up) - 1; cut++) {
        stage_type(&s, (struct span){up, cut});
        wait_ms(60); /* a key would be out long since */
        stage_type(&s, span_str(up + cut));
        expect_key(&s, KEY_CTRL | NAMED(UP));
    }
    end(&s);
}

static void a_paste_is_no_key_in_any_pieces(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    stage_type(&s, SPAN("a\033[200~!S\rQ\033"));
    wait_ms(60);
    stage_type(&s, SPAN("[20"));
    wait_ms(60);
    stage_type(&s, SPAN("\033[201~p"));
    wait_ms(SETTLED_MS);
    stage_type(&s, SPAN("b"));
    expect_key(&s, 'a');
    expect_key(&s, 'b');
    end(&s);
}

/* More than a pty holds: the child must go on reading, and the program behind it must get its turn.
 */
static void takes_a_flood(struct actor *a)
{
    uint32_t key = 0;
    unsigned turns = 0;
    enum status st = ST_AGAIN;
    actor_open(a);
    actor_paint(a);
    actor_mark(a);
    while ((st = term_key(a->t, &key)) == ST_AGAIN) {
        struct pollfd pf = {.fd = term_fd(a->t), .events = POLLIN};
        turns++;
        ACTOR_CHECK(poll(&pf, 1, STAGE_MS) == 1);
    }
    ACTOR_CHECK(st == ST_OK && key == 'k');
    ACTOR_CHECK(turns > 4);
    uint64_t bytes = term_paste_bytes(a->t);
    actor_tell(a, &bytes, sizeof(bytes));
    actor_close(a);
}

static void a_megabyte_is_swallowed_in_turns(void **state)
{
    (void)state;
    enum { PIECES = 256, PIECE = 4096 };
    static char piece[PIECE];
    struct stage s;
    uint64_t bytes = 0;
    memset(piece, 'a', sizeof(piece));
    stage_start(&s, takes_a_flood, &(struct stage_options){0});
    stage_wait_mark(&s);
    stage_type(&s, SPAN("\033[200~"));
    for (int i = 0; i < PIECES; i++) {
        stage_type(&s, (struct span){piece, sizeof(piece)});
    }
    stage_type(&s, SPAN("\033[201~"));
    wait_ms(SETTLED_MS * 4);
    stage_type(&s, SPAN("k"));
    stage_hear(&s, &bytes, sizeof(bytes));
    assert_int_equal(bytes, PIECES * PIECE);
    stage_end(&s, 0);
}

static void wait_for_typing(struct actor *a)
{
    struct pollfd pf = {.fd = term_fd(a->t), .events = POLLIN};
    ACTOR_CHECK(poll(&pf, 1, STAGE_MS) == 1);
}

static void flushes(struct actor *a)
{
    uint32_t key = 0;
    actor_open(a);
    actor_paint(a);
    actor_mark(a);
    wait_for_typing(a);
    ACTOR_CHECK(term_key(a->t, &key) == ST_OK && key == '1');
    term_flush_keys(a->t); /* what is read already, and what is not */
    ACTOR_CHECK(term_key(a->t, &key) == ST_AGAIN);
    actor_tell(a, "f", 1);
    wait_for_typing(a);
    term_flush_keys(a->t); /* a paste has begun */
    actor_tell(a, "p", 1);
    ACTOR_CHECK(actor_wait(a) > 0);
    ACTOR_CHECK(term_key(a->t, &key) == ST_AGAIN); /* and goes on */
    actor_tell(a, "g", 1);
    ACTOR_CHECK(actor_key(a, &key) == ST_OK && key == 'j');
    actor_close(a);
}

static void a_flush_forgets_keys_but_not_a_paste(void **state)
{
    (void)state;
    struct stage s;
    char word = 0;
    stage_start(&s, flushes, &(struct stage_options){0});
    stage_wait_mark(&s);
    stage_type(&s, SPAN("1aaa"));
    stage_hear(&s, &word, 1);
    stage_type(&s, SPAN("aa\033[200~!"));
    stage_hear(&s, &word, 1);
    stage_type(&s, SPAN("Sa\033[201~"));
    wait_ms(10);
    stage_go(&s, 'n');
    stage_hear(&s, &word, 1);
    wait_ms(SETTLED_MS);
    stage_type(&s, SPAN("j"));
    stage_end(&s, 0);
}

/* The terminal says that it can show a frame at once: from then on each is framed. */
static void paints_in_frames(struct actor *a)
{
    uint32_t key = 0;
    actor_open(a);
    actor_put(a, 0, 0, ROLE_TEXT, "one");
    actor_paint(a);
    actor_mark(a);
    ACTOR_CHECK(actor_key(a, &key) == ST_OK && key == 'k');
    actor_put(a, 0, 1, ROLE_TEXT, "two");
    actor_paint(a);
    actor_paint(a);
    actor_mark(a);
    actor_close(a);
}

static void frames_are_shown_at_once_when_offered(void **state)
{
    (void)state;
    static const struct {
        struct span answer;
        unsigned frames;
    } answers[] = {
        {{"\033[?2026;2$yk", 12}, 1},
        {{"\033[?2026;0$yk", 12}, 0},
        {{"k", 1},                0},
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct stage s;
        stage_start(&s, paints_in_frames, &(struct stage_options){0});
        stage_wait_mark(&s);
        assert_true(s.vt.sync_asked);
        assert_int_equal(s.vt.frames, 0);
        stage_type(&s, answers[i].answer);
        stage_wait_mark(&s);
        assert_int_equal(s.vt.frames, answers[i].frames);
        assert_false(s.vt.in_frame);
        assert_string_equal(vt_row(&s.vt, 1), "two");
        stage_end(&s, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_in_order),
        cmocka_unit_test(a_lone_escape_comes_soon),
        cmocka_unit_test(a_sequence_in_pieces_is_one_key),
        cmocka_unit_test(a_paste_is_no_key_in_any_pieces),
        cmocka_unit_test(a_megabyte_is_swallowed_in_turns),
        cmocka_unit_test(a_flush_forgets_keys_but_not_a_paste),
        cmocka_unit_test(frames_are_shown_at_once_when_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
