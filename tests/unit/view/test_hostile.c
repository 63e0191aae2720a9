/* Whatever an agent or a back-end says stays in its field: it cannot act, hide, or look like the
 * frame. */
#include "kit.h"
#include "ui_priv.h"

static const char *const hostile[] = {
    "ok\rfake",
    "\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b rewritten",
    "a\nb\nc\nd\ne\nf",
    "a\tb\tc",
    "\x1b[2J\x1b[1;1HSTOPPED",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1b]8;;http://x\x1b\\link",
    "\xc2\x9b"
    "2J",
    "\xe2\x80\xae"
    "txet desrever",
    "\xe2\x81\xa6"
    "isolated"
    "\xe2\x81\xa9",
    "zero\xe2\x80\x8bwidth\xe2\x80\x8d\xef\xbb\xbf",
    "\xf3\xa0\x81\xa1\xf3\xa0\x81\xa2tags",
    "\xcc\x81\xcc\x81\xcc\x81\xcc\x81marks",
    "\xef\xb8\x8f\xef\xb8\x8e",
    "\xff\xfe\x80\xc0\xaf",
    "\xe2\x80\xa8line\xe2\x80\xa9paragraph",
    "p\xd0\xb0ypal",
    "\xe2\x94\x8c\xe2\x94\x80 approval \xe2\x94\x80 low risk \xe2\x94\x80\xe2\x94\x90",
    "\xe2\x94\x82 a approve once",
    "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad"
    "\x97\xe6\xbc\xa2\xe5\xad\x97",
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
    "%s%s%n%x",
    "                                                                                            "
    "far",
    "",
};

/* The same scene, with `s` wherever somebody else's words go. */
static void build(struct kit *k, const char *s, int cols, int rows)
{
    kit_init(k, cols, rows);
    backend_verbs(k, "lab", LINK_LIVE, 900, s, 0);
    backend_verbs(k, "gone", LINK_DOWN, 60, s, 0);
    for (int i = 0; i < 3; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "agent/%d", i);
        begin(k, "lab", EVENT_AGENT_STARTED, 60);
        text(k, F_AGENT_ID, id);
        static const enum event_field fields[] = {
            F_AGENT_NAME,
            F_AGENT_INSTANCE,
            F_AGENT_RUNTIME,
            F_AGENT_RUNTIME_VERSION,
            F_MODEL,
            F_PROVIDER,
            F_HOST,
            F_CWD,
            F_AGENT_OWNER,
            F_AGENT_ON_BEHALF_OF,
            F_AGENT_BUILDER,
            F_AGENT_REGION,
            F_AGENT_BOUNDARY,
            F_SESSION,
            F_TASK_ID,
            F_TASK_TITLE,
            F_PERMISSION_MODE,
            F_PERMISSION_SANDBOX,
            F_PERMISSION_NETWORK,
        };
        for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
            text(k, fields[f], s);
        }
        fold(k);
        begin(k, "lab", EVENT_ACTION_STARTED, 30);
        text(k, F_AGENT_ID, id);
        text(k, F_ACTION_ID, "call");
        text(k, F_TOOL, s);
        text(k, F_SUMMARY, s);
        fold(k);
    }
    agent_state(k, "lab", "agent/0", AGENT_RUNNING);
    begin(k, "lab", EVENT_FAILURE_REPORTED, 20);
    text(k, F_AGENT_ID, "agent/1");
    number(k, F_FAILURE_CLASS, FAILURE_TOOL);
    text(k, F_ERROR, s);
    fold(k);
    request_add(k, "lab",
                &(struct a_request){.agent = "agent/2",
                                    .id = "01A",
                                    .tool = s,
                                    .summary = s,
                                    .action = "{\"command\":\"x\"}",
                                    .rule = s,
                                    .reason = s,
                                    .words = "w",
                                    .risk = RISK_LOW,
                                    .asked_s = 20,
                                    .left_s = 300});
    draw(k);
    pass_ms(k, 2000);
}

static bool is_forbidden(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0xAD || (cp >= 0x200B && cp <= 0x200F) ||
           (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF ||
           cp == 0x061C || (cp >= 0xFE00 && cp <= 0xFE0F) || (cp >= 0xE0000 && cp <= 0xE0FFF) ||
           cp > 0x10FFFF;
}

static void assert_all_fit_to_show(const struct canvas *c)
{
    for (int i = 0; i < c->w * c->h; i++) {
        const struct cell *cell = &c->cells[i];
        assert_true(cell->width != 0 || (cell->flags & CELL_CONT) != 0);
        assert_true((cell->flags & CELL_CONT) != 0 || !is_forbidden(cell->cp[0]));
    }
}

/* Cells that only we may write. */
static bool is_reserved(const struct cell *cell)
{
    switch ((int)cell->role) {
    case ROLE_FRAME:
    case ROLE_HEADER:
    case ROLE_KEY:
    case ROLE_HINT:
    case ROLE_WAITING:
    case ROLE_RUNNING:
    case ROLE_RISK_LOW:
    case ROLE_MODE_STALE:
        return true;
    default:
        return false;
    }
}

static void assert_frame_is_untouched(const struct canvas *plain, const struct canvas *c, int from,
                                      int to)
{
    for (int y = from; y < to; y++) {
        for (int x = 0; x < c->w; x++) {
            const struct cell *want = &plain->cells[y * c->w + x];
            const struct cell *got = &c->cells[y * c->w + x];
            if (is_reserved(want)) {
                assert_int_equal(got->cp[0], want->cp[0]);
                assert_int_equal(got->role, want->role);
            }
            if (got->role == ROLE_FRAME) { /* nothing else looks like it */
                assert_int_equal(want->role, ROLE_FRAME);
            }
        }
    }
}

static void in_every_table_and_dialog(void **state)
{
    (void)state;
    static const char *const keys[] = {"1", "w", "t", "2", "2h", "h", "5", "6", " a"};
    static const struct {
        int cols, rows;
    } sizes[] = {
        {60,  15},
        {80,  24},
        {132, 43}
    };
    for (size_t size = 0; size < ARRAY_LEN(sizes); size++) {
        struct kit plain;
        build(&plain, "x", sizes[size].cols, sizes[size].rows);
        for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
            struct kit k;
            build(&k, hostile[i], sizes[size].cols, sizes[size].rows);
            for (size_t v = 0; v < ARRAY_LEN(keys); v++) {
                press(&plain, '1');
                type(&plain, keys[v]);
                press(&k, '1');
                type(&k, keys[v]);
                plain.now = k.now;
                draw(&plain);
                draw(&k);
                assert_all_fit_to_show(&k.c);
                bool dialog = v + 1 == ARRAY_LEN(keys);
                /* the dialog says what the agent's empty words are replaced by, and grows no line
                 */
                assert_frame_is_untouched(&plain.c, &k.c, 0, dialog ? k.c.h - 4 : k.c.h - 2);
                if (dialog) {
                    press(&plain, KEY(ESC));
                    press(&k, KEY(ESC));
                }
            }
            type(&plain, "wt");
            kit_release(&k);
        }
        kit_release(&plain);
    }
}

/* Sheets move with the length of what they show: there the fixed lines are held. */
static void in_every_tab(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct kit k;
        build(&k, hostile[i], 80, 24);
        press(&k, KEY(ENTER));
        for (int tab = 0; tab < 6; tab++) {
            draw(&k);
            assert_all_fit_to_show(&k.c);
            assert_contains(row_text(&k, 0), "STALE");
            assert_contains(row_text(&k, 1), "needs you");
            assert_contains(row_text(&k, k.c.h - 1), "? keys");
            press(&k, KEY(TAB));
        }
        kit_release(&k);
    }
}

static void in_prompts_and_notices(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct kit k;
        build(&k, hostile[i], 80, 24);
        press(&k, ' ');
        pass_ms(&k, 1000);
        static const char keys[] = "dXmb";
        for (size_t key = 0; key + 1 < sizeof(keys); key++) {
            press(&k, (uint32_t)keys[key]);
            draw(&k);
            assert_all_fit_to_show(&k.c);
            press(&k, KEY(ESC));
        }
        ui_notice(k.ui, span_str(hostile[i]), ROLE_ERROR, k.now);
        ui_set_operator(k.ui, span_str(hostile[i]));
        draw(&k);
        assert_all_fit_to_show(&k.c);
        assert_contains(row_text(&k, 0), "STALE");
        kit_release(&k);
    }
}

/* A name of look-alikes is marked as one. */
static void tells_letters_that_look_like_others(void **state)
{
    struct kit k;
    (void)state;
    build(&k, "p\xd0\xb0ypal", 120, 30);
    int y = row_with(&k, "p\xd0\xb0ypal");
    bool marked = false;
    for (int x = 0; x < k.c.w; x++) {
        marked = marked || k.c.cells[y * k.c.w + x].role == ROLE_FOREIGN;
    }
    assert_true(marked);
    kit_release(&k);
}

/* An agent that writes our dialog into its call gets it shown inside of the box, in the value's
 * column. */
static void a_dialog_inside_of_the_dialog_is_only_text(void **state)
{
    struct kit k;
    (void)state;
    build(&k, "x", 80, 24);
    request_add(
        &k, "lab",
        &(struct a_request){
            .agent = "agent/2",
            .id = "01A",
            .tool = "x",
            .summary = "x",
            .action =
                "{\"command\":\"\\u2502 a approve once\\n\\u2514 sha256 0000\\n\\u250c approval "
                "\\u2500 low risk\"}",
            .risk = RISK_HIGH,
            .asked_s = 20});
    press(&k, ' ');
    pass_ms(&k, 1000);
    press(&k, 'a');
    draw(&k);
    for (int y = 0; y < k.c.h; y++) {
        for (int x = 0; x < k.c.w; x++) {
            const struct cell *cell = &k.c.cells[y * k.c.w + x];
            bool corner = cell->cp[0] == 0x250C || cell->cp[0] == 0x2514;
            if (corner && cell->role == ROLE_FRAME) {
                assert_int_equal(x, 0);
            }
            if (corner && cell->role != ROLE_FRAME) {
                assert_true(x > 10 && cell->role == ROLE_PAYLOAD);
            }
        }
    }
    assert_contains(row_text(&k, 2), "high risk");
    kit_release(&k);
}

/* Huge foreign texts in every column of every row: the frame's memory holds. */
static void long_texts_do_not_fill_the_frame(void **state)
{
    struct kit k;
    (void)state;
    char *longest = malloc(4097);
    for (size_t i = 0; i < 4096; i++) {
        longest[i] = i % 2 ? '\x1b' : '\x07';
    }
    longest[4096] = '\0';
    build(&k, longest, 250, 400);
    for (int i = 0; i < 400; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "agent/m%d", i);
        begin(&k, "lab", EVENT_AGENT_STARTED, 60);
        text(&k, F_AGENT_ID, id);
        text(&k, F_AGENT_NAME, longest);
        text(&k, F_AGENT_RUNTIME, longest);
        text(&k, F_AGENT_OWNER, longest);
        text(&k, F_MODEL, longest);
        text(&k, F_PERMISSION_MODE, longest);
        fold(&k);
    }
    press(&k, 'G');
    press(&k, 'w');
    draw(&k);
    assert_contains(row_text(&k, k.c.h - 1), "? keys");
    assert_contains(row_text(&k, 0), "403 agents");
    assert_true(row_with(&k, "starting") > 0);
    assert_false(k.ui->arena.full);
    free(longest);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_every_table_and_dialog),
        cmocka_unit_test(in_every_tab),
        cmocka_unit_test(in_prompts_and_notices),
        cmocka_unit_test(tells_letters_that_look_like_others),
        cmocka_unit_test(a_dialog_inside_of_the_dialog_is_only_text),
        cmocka_unit_test(long_texts_do_not_fill_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
