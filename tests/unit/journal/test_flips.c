/* A record of every kind, over segments, with a beginning that was dropped: no byte of it can be
 * another one, nor one of its keys. */
#include "journal_kit.h"

#include "checkrein/alloc.h"

#define DAY_US (INT64_C(86400) * 1000000)

static void add_raw(struct journal *j, int64_t now_us)
{
    assert_status(journal_raw(j, now_us, SPAN("hook"), SPAN("as \"received\"\n"), NULL), ST_OK);
    assert_status(journal_raw(j, now_us, SPAN("hook"), SPAN("\xff\xfe"), NULL), ST_OK);
}

static void add_events(struct journal *j, int64_t now_us)
{
    struct event ev;
    const struct event *told;
    struct journal_transfer t = {.seq = 7};
    kit_event(&ev, "01K00000000000000000000001");
    assert_status(journal_event(j, now_us, &ev, NULL), ST_OK);
    assert_status(journal_event_from(j, now_us, SPAN("local"), &ev, &told), ST_OK);
    assert_status(journal_snapshot(j, now_us, SPAN("local"), &t), ST_OK);
}

static void add_command(struct journal *j, int64_t now_us)
{
    struct command c = {.id = SPAN("01K00000000000000000000002"),
                        .verb = VERB_DENY,
                        .approval = SPAN("01K00000000000000000000003"),
                        .reason = SPAN("--password=hunter2hunter2")};
    assert_status(journal_command(j, now_us, &c, NULL), ST_OK);
}

static struct journal *open_at(const char *dir, int64_t now_us)
{
    struct journal *j;
    struct journal_options o = kit_options(dir);
    struct journal_io io = kit_quick_io();
    o.now_us = now_us;
    o.segment_us = DAY_US;
    assert_status(journal_open_io(&j, &o, NULL, &io, NULL), ST_OK);
    return j;
}

/* Segments 2 and 3 are left of it; the first has a torn record, the last a tombstone. */
static void write_all(const char *dir)
{
    static const struct journal_keep keep = {.days = 1};
    struct journal_drop drop;
    struct journal *j = open_at(dir, KIT_START_US);
    kit_note(j, "the first day");
    kit_commit(j);
    assert_status(journal_note(j, KIT_START_US + DAY_US, SPAN("over"), NULL), ST_OK);
    kit_commit(j);
    add_raw(j, KIT_START_US + DAY_US);
    kit_commit(j);
    journal_close(j, KIT_START_US + DAY_US);
    struct buf b = kit_slurp(dir, "000002.jsonl");
    (void)buf_addstr(&b, "{\"prev\":\"torn");
    kit_spit(dir, "000002.jsonl", buf_span(&b));
    buf_release(&b);
    j = open_at(dir, KIT_START_US + DAY_US + 1000);
    add_events(j, KIT_START_US + DAY_US + 1000);
    kit_commit(j);
    assert_status(journal_note(j, KIT_START_US + 2 * DAY_US, SPAN("over"), NULL), ST_OK);
    kit_commit(j);
    add_command(j, KIT_START_US + 2 * DAY_US);
    assert_status(journal_droppable(j, KIT_START_US + 2 * DAY_US + 2000, &keep, &drop, NULL),
                  ST_OK);
    assert_int_equal(drop.last_segment, 1);
    assert_status(journal_drop(j, KIT_START_US + 2 * DAY_US, &drop, NULL), ST_OK);
    journal_close(j, KIT_START_US + 2 * DAY_US);
}

static int set_up(void **state)
{
    char *dir = tmpdir_new();
    *state = dir;
    write_all(dir);
    return 0;
}

static int tear_down(void **state)
{
    tmpdir_free(*state);
    return 0;
}

static void the_record_has_all_kinds(void **state)
{
    static const char *const kinds[] = {"open", "event", "snapshot",  "raw",  "command",
                                        "note", "torn",  "tombstone", "seal", "close"};
    assert_false(kit_exists(*state, KIT_SEGMENT));
    assert_false(kit_exists(*state, "000004.jsonl"));
    struct buf b = kit_slurp(*state, "000002.jsonl");
    struct buf last = kit_slurp(*state, "000003.jsonl");
    (void)buf_add(&b, buf_span(&last));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        char mark[32];
        (void)snprintf(mark, sizeof(mark), "\"k\":\"%s\"", kinds[i]);
        assert_true(kit_has(buf_span(&b), mark));
    }
    assert_true(kit_has(buf_span(&b), "\"secrets\":1,"));
    assert_true(kit_has(buf_span(&b), "\"raw_b64\""));
    assert_true(kit_has(buf_span(&b), "\"next\":\"000003.jsonl\""));
    buf_release(&last);
    buf_release(&b);
    (void)kit_intact(*state);
}

/* Each byte, one bit of it; the newline that ends the last segment aside: without it its last line
 * is torn. */
static void no_byte_of_a_segment_can_change(void **state)
{
    static const char *const names[] = {"000002.jsonl", "000003.jsonl"};
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        struct buf b = kit_slurp(*state, names[k]);
        for (size_t i = 0; i + (k == 1) < b.len; i++) {
            b.data[i] = (char)((unsigned char)b.data[i] ^ 1u);
            kit_spit(*state, names[k], buf_span(&b));
            struct journal_report report = kit_verify(*state);
            if (report.verdict != VERIFY_BROKEN) {
                print_error("%s: byte %zu\n", names[k], i);
            }
            assert_int_equal(report.verdict, VERIFY_BROKEN);
            b.data[i] = (char)((unsigned char)b.data[i] ^ 1u);
        }
        kit_spit(*state, names[k], buf_span(&b));
        buf_release(&b);
    }
    (void)kit_intact(*state);
}

/* The public key that came with it: another one, or none at all. */
static void no_byte_of_the_key_can_change(void **state)
{
    struct buf b = kit_slurp(*state, "key.pub");
    for (size_t i = 0; i < b.len; i++) {
        struct journal_report report;
        struct why why = {0};
        b.data[i] = (char)((unsigned char)b.data[i] ^ 1u);
        kit_spit(*state, "key.pub", buf_span(&b));
        bool is_told = journal_verify(*state, NULL, &report, &why) == ST_OK;
        assert_true(is_told ? report.verdict == VERIFY_BROKEN
                            : report.verdict == VERIFY_UNREADABLE && why.text[0] != '\0');
        b.data[i] = (char)((unsigned char)b.data[i] ^ 1u);
    }
    kit_spit(*state, "key.pub", buf_span(&b));
    buf_release(&b);
    (void)kit_intact(*state);
}

/* The seed or the public key in another form: a start says so and changes
 * nothing. */
static void no_start_over_another_key(void **state)
{
    static const char *const names[] = {"key", "key.pub"};
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        struct buf b = kit_slurp(*state, names[k]);
        for (size_t i = 0; i < b.len; i++) {
            struct journal *j;
            struct why why = {0};
            struct journal_options o = kit_options(*state);
            struct journal_io io = kit_quick_io();
            b.data[i] = (char)((unsigned char)b.data[i] ^ 1u);
            kit_spit(*state, names[k], buf_span(&b));
            assert_true(journal_open_io(&j, &o, NULL, &io, &why) != ST_OK);
            assert_string_not_equal(why.text, "");
            b.data[i] = (char)((unsigned char)b.data[i] ^ 1u);
        }
        kit_spit(*state, names[k], buf_span(&b));
        buf_release(&b);
    }
    (void)kit_intact(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_has_all_kinds),
        cmocka_unit_test(no_byte_of_a_segment_can_change),
        cmocka_unit_test(no_byte_of_the_key_can_change),
        cmocka_unit_test(no_start_over_another_key),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
