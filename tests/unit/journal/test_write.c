/* What the writer puts on the disk: every kind of record, numbers, the chain, segments, limits. */
#include "journal_kit.h"

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"

#define MIB         1048576
#define OWN_RECORDS 2 /* of a new record: open, seal */

struct fixture {
    char *root;
    char *dir;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->root = tmpdir_new();
    f->dir = tmpdir_join(f->root, "record");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    free(f->dir);
    tmpdir_free(f->root);
    free(f);
    return 0;
}

/* What a driver told stands in the record with its back-end, and is no word of the writer's own. */
static void what_a_driver_told_is_read_again(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    struct event ev;
    event_init(&ev, EVENT_AGENT_STARTED, KIT_START_US);
    ev.id = SPAN("e1");
    ev.source = SPAN("checkrein://test");
    event_set_text(&ev, F_AGENT_ID, SPAN("a"));
    struct journal_transfer begins = {0};
    struct journal_transfer ends = {.seq = 77, .complete = true};
    struct span from = SPAN("prod \"one\"");
    assert_status(journal_snapshot(j, KIT_START_US, from, &begins), ST_OK);
    const struct event *told;
    assert_status(journal_event_from(j, KIT_START_US, from, &ev, &told), ST_OK);
    assert_ptr_equal(told, &ev);
    assert_status(journal_snapshot(j, KIT_START_US, from, &ends), ST_OK);
    kit_commit(j);
    struct journal_cursor *c;
    struct journal_record r;
    struct journal_transfer t;
    char name[32];
    assert_status(journal_cursor_open(&c, f->dir, NULL), ST_OK);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_true(journal_record_is_start(&r));
    assert_span_is(journal_record_writer(&r), "daemon");
    assert_false(journal_record_from(&r, name, sizeof(name)));
    assert_status(journal_cursor_seek(c, OWN_RECORDS + 1), ST_OK);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_true(journal_record_from(&r, name, sizeof(name)));
    assert_string_equal(name, "prod \"one\"");
    assert_status(journal_record_transfer(&r, &t), ST_OK);
    assert_false(t.complete);
    assert_false(journal_record_is_start(&r));
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.kind, JOURNAL_EVENT);
    assert_true(journal_record_from(&r, name, sizeof(name)));
    assert_status(journal_record_transfer(&r, &t), ST_INVALID);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_status(journal_record_transfer(&r, &t), ST_OK);
    assert_true(t.complete);
    assert_int_equal(t.seq, 77);
    journal_cursor_close(c);
    journal_close(j, KIT_START_US);
    assert_int_equal(kit_intact(f->dir).records, OWN_RECORDS + 5);
}

static void a_new_folder_has_its_files(void **state)
{
    struct fixture *f = *state;
    struct journal_opened found;
    struct journal *j = kit_open(f->dir, &found);
    assert_int_equal(found.next_n, OWN_RECORDS + 1);
    assert_int_equal(found.torn_bytes, 0);
    assert_string_equal(found.instance, journal_instance(j));
    assert_int_equal(strlen(found.instance), 26);
    assert_false(journal_dirty(j));
    assert_false(journal_failed(j));
    assert_string_equal(journal_failure(j), "");
    assert_int_equal(journal_last_seal_us(j), KIT_START_US);
    assert_int_equal(kit_mode(f->root, "record"), 0700);
    assert_int_equal(kit_mode(f->dir, KIT_SEGMENT), 0600);
    assert_int_equal(kit_mode(f->dir, "key"), 0600);
    assert_int_equal(kit_mode(f->dir, "key.pub"), 0644);
    assert_int_equal(kit_mode(f->dir, "key.marks"), 0600);
    assert_int_equal(kit_mode(f->dir, "lock"), 0600);
    assert_int_equal(tmpdir_count(f->dir), 5);
    journal_close(j, KIT_START_US);
    struct journal_report report = kit_intact(f->dir);
    assert_int_equal(report.records, OWN_RECORDS + 2); /* close, seal */
    assert_int_equal(report.seals, 2);
    assert_true(report.sealed_to_end);
    assert_false(report.key_given);
    assert_string_equal(report.instance, found.instance);
}

/* By the letter of the specification, not by our own reader. */
static void a_line_has_the_specified_bytes(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    uint64_t n = 0;
    char want[256];
    char hex[SHA256_HEX_BYTES];
    uint8_t hash[SHA256_BYTES];
    assert_status(journal_note(j, KIT_START_US + 1000, SPAN("a \"b\"\n\x7f"), &n), ST_OK);
    assert_int_equal(n, 3);
    kit_commit(j);
    journal_close(j, KIT_START_US);
    struct buf b = kit_slurp(f->dir, KIT_SEGMENT);
    struct span second = kit_line(buf_span(&b), 1);
    sha256(span_sub(second, 0, second.n - 1), hash);
    hex_encode(hash, sizeof(hash), hex);
    struct buf quoted;
    buf_init(&quoted, sizeof(want));
    assert_status(tape_quote(&quoted, SPAN("a \"b\"\n\x7f")), ST_OK);
    (void)snprintf(
        want, sizeof(want),
        "{\"prev\":\"%s\",\"n\":3,\"t\":\"2026-11-20T14:22:07.124Z\",\"k\":\"note\",\"text\":%s}\n",
        hex, quoted.data);
    assert_span_is(kit_line(buf_span(&b), 2), want);
    assert_true(span_starts(buf_span(&b),
                            "{\"prev\":\"0000000000000000000000000000000000000000000000000000"
                            "000000000000\",\"n\":1,\"t\":\"2026-11-20T14:22:07.123Z\",\"k\":"
                            "\"open\",\"open\":{\"format\":1,\"instance\":\""));
    buf_release(&quoted);
    buf_release(&b);
}

static enum journal_kind write_kind(struct journal *j, enum journal_kind kind, uint64_t *n)
{
    struct event ev;
    kit_event(&ev, "01K0000000000000000000000A");
    struct command c = {
        .id = SPAN("01K0000000000000000000000B"),
        .verb = VERB_APPROVE,
        .approval = SPAN("01K0000000000000000000000C"),
        .digest = SPAN("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        .scope = SPAN("once"),
        .time_us = KIT_START_US};
    enum status st = ST_OK;
    switch (kind) {
    case JOURNAL_EVENT:
        st = journal_event(j, KIT_START_US, &ev, n);
        break;
    case JOURNAL_COMMAND:
        st = journal_command(j, KIT_START_US, &c, n);
        break;
    case JOURNAL_RAW:
        st = journal_raw(j, KIT_START_US, SPAN("hook/claude"), SPAN("{\"a\":1}\n"), n);
        break;
    case JOURNAL_NOTE:
        st = journal_note(j, KIT_START_US, SPAN("words"), n);
        break;
    case JOURNAL_SEAL:
        *n = journal_next(j);
        st = journal_seal(j, KIT_START_US);
        break;
    case JOURNAL_SNAPSHOT:
    case JOURNAL_OPEN:
    case JOURNAL_TORN:
    case JOURNAL_TOMBSTONE:
    case JOURNAL_HEAD:
    case JOURNAL_COUNTERSIGN:
    case JOURNAL_CLOSE:
    case JOURNAL_KIND_COUNT:
        break;
    }
    assert_status(st, ST_OK);
    return kind;
}

static void every_kind_is_written_and_read_back(void **state)
{
    struct fixture *f = *state;
    static const enum journal_kind kinds[] = {JOURNAL_EVENT, JOURNAL_COMMAND, JOURNAL_RAW,
                                              JOURNAL_NOTE, JOURNAL_SEAL};
    static const char *const keys[] = {"event", "command", "raw", "text", "seal"};
    struct journal *j = kit_open(f->dir, NULL);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        uint64_t n = 0;
        (void)write_kind(j, kinds[i], &n);
        assert_int_equal(n, OWN_RECORDS + 1 + i);
    }
    assert_true(journal_dirty(j));
    kit_commit(j);
    assert_false(journal_dirty(j));
    struct journal_cursor *c;
    struct journal_record r;
    assert_status(journal_cursor_open(&c, f->dir, NULL), ST_OK);
    assert_status(journal_cursor_seek(c, OWN_RECORDS + 1), ST_OK);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
        assert_int_equal(r.kind, kinds[i]);
        assert_int_equal(r.n, OWN_RECORDS + 1 + i);
        assert_int_equal(r.time_us, KIT_START_US);
        assert_span_is(r.key, keys[i]);
        assert_int_equal(r.from.n > 0, kinds[i] == JOURNAL_RAW);
    }
    assert_status(journal_cursor_next(c, &r, NULL), ST_END);
    journal_cursor_close(c);
    journal_close(j, KIT_START_US);
    assert_int_equal(kit_intact(f->dir).records, OWN_RECORDS + ARRAY_LEN(kinds) + 2);
}

static int64_t seq_of(struct journal_cursor *c)
{
    struct journal_record r;
    struct tape_token tokens[512];
    struct tape json;
    int64_t seq = -1;
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.kind, JOURNAL_EVENT);
    assert_status(tape_parse(&json, r.body, TAPE_STRICT, tokens, ARRAY_LEN(tokens)), ST_OK);
    assert_status(tape_int(&json, tape_get(&json, TAPE_ROOT, "seq"), &seq), ST_OK);
    return seq;
}

static void an_event_without_seq_gets_its_number(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    struct event ev;
    uint64_t n = 0;
    kit_event(&ev, "01K0000000000000000000000A");
    assert_status(journal_event(j, KIT_START_US, &ev, &n), ST_OK);
    assert_int_equal(ev.seq, 0); /* the caller's event is left alone */
    ev.seq = 81234;
    assert_status(journal_event(j, KIT_START_US, &ev, NULL), ST_OK);
    kit_commit(j);
    struct journal_cursor *c;
    assert_status(journal_cursor_open(&c, f->dir, NULL), ST_OK);
    assert_status(journal_cursor_seek(c, n), ST_OK);
    assert_int_equal(seq_of(c), n);
    assert_int_equal(seq_of(c), 81234);
    journal_cursor_close(c);
    journal_close(j, KIT_START_US);
}

static void nothing_is_on_disk_before_the_commit(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    struct buf before = kit_slurp(f->dir, KIT_SEGMENT);
    kit_note(j, "waiting");
    struct buf waiting = kit_slurp(f->dir, KIT_SEGMENT);
    assert_span_eq(buf_span(&waiting), buf_span(&before));
    kit_commit(j);
    struct buf after = kit_slurp(f->dir, KIT_SEGMENT);
    assert_int_equal(kit_lines(buf_span(&after)), kit_lines(buf_span(&before)) + 1);
    kit_commit(j);
    buf_release(&before);
    buf_release(&waiting);
    buf_release(&after);
    journal_close(j, KIT_START_US);
}

static void a_reopened_record_goes_on(void **state)
{
    struct fixture *f = *state;
    char instance[32] = "";
    uint64_t next = 1;
    for (int round = 0; round < 5; round++) {
        struct journal_opened found;
        struct journal *j = kit_open(f->dir, &found);
        if (round > 0) {
            assert_string_equal(found.instance, instance);
        }
        (void)span_copy(span_str(found.instance), instance, sizeof(instance));
        assert_int_equal(found.next_n, next + OWN_RECORDS);
        kit_note(j, "again");
        next = found.next_n + 3; /* note, close, seal */
        char head[SHA256_HEX_BYTES];
        journal_close(j, KIT_START_US);
        struct journal_report report = kit_intact(f->dir);
        (void)span_copy(span_str(report.head), head, sizeof(head));
        assert_int_equal(report.records, next - 1);
        assert_int_equal(strlen(head), 64);
    }
}

static void the_head_is_the_hash_of_the_last_line(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    char head[SHA256_HEX_BYTES];
    kit_note(j, "last words");
    kit_commit(j);
    (void)span_copy(span_str(journal_head(j)), head, sizeof(head));
    assert_string_equal(kit_intact(f->dir).head, head);
    journal_close(j, KIT_START_US);
    assert_string_not_equal(kit_intact(f->dir).head, head);
}

static void a_seal_follows_something(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    uint64_t n = journal_next(j);
    assert_status(journal_seal(j, KIT_START_US + 5), ST_OK);
    assert_int_equal(journal_next(j), n);
    assert_int_equal(journal_last_seal_us(j), KIT_START_US + 5);
    kit_note(j, "something");
    assert_status(journal_seal(j, KIT_START_US + 6), ST_OK);
    assert_int_equal(journal_next(j), n + 2);
    assert_int_equal(journal_last_seal_us(j), KIT_START_US + 6);
    journal_close(j, KIT_START_US);
}

static void a_clock_set_back_is_told(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    assert_status(journal_note(j, KIT_START_US - 3600000000, SPAN("an hour earlier"), NULL), ST_OK);
    journal_close(j, KIT_START_US);
    assert_int_equal(kit_intact(f->dir).clock_steps, 1);
}

static void a_record_over_the_limit_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    char *big = xmalloc(JOURNAL_LINE_BYTES);
    memset(big, 'x', JOURNAL_LINE_BYTES);
    uint64_t n = journal_next(j);
    char head[SHA256_HEX_BYTES];
    (void)span_copy(span_str(journal_head(j)), head, sizeof(head));
    assert_status(journal_note(j, KIT_START_US, (struct span){big, JOURNAL_LINE_BYTES}, NULL),
                  ST_LIMIT);
    assert_int_equal(journal_next(j), n);
    assert_string_equal(journal_head(j), head);
    assert_false(journal_dirty(j));

    /* The longest note that fits, and one byte more. */
    size_t frame =
        strlen("{\"prev\":\"\",\"n\":3,\"t\":\"\",\"k\":\"note\",\"text\":\"\"}\n") + 64 + 24;
    size_t most = JOURNAL_LINE_BYTES - frame;
    assert_status(journal_note(j, KIT_START_US, (struct span){big, most + 1}, NULL), ST_LIMIT);
    assert_status(journal_note(j, KIT_START_US, (struct span){big, most}, NULL), ST_OK);
    kit_commit(j);
    struct buf b = kit_slurp(f->dir, KIT_SEGMENT);
    assert_int_equal(kit_line(buf_span(&b), 2).n, JOURNAL_LINE_BYTES);
    buf_release(&b);
    journal_close(j, KIT_START_US);
    free(big);
    assert_int_equal(kit_intact(f->dir).records, 5);
}

static void a_flood_without_commits_is_committed_in_between(void **state)
{
    struct fixture *f = *state;
    struct journal *j = kit_open(f->dir, NULL);
    char *big = xmalloc(MIB);
    memset(big, 'x', MIB);
    for (int i = 0; i < 40; i++) {
        assert_status(journal_note(j, KIT_START_US, (struct span){big, MIB}, NULL), ST_OK);
    }
    free(big);
    struct stat st;
    char *path = tmpdir_join(f->dir, KIT_SEGMENT);
    assert_int_equal(stat(path, &st), 0);
    free(path);
    assert_true(st.st_size > (off_t)30 * MIB);
    journal_close(j, KIT_START_US);
    assert_int_equal(kit_intact(f->dir).records, OWN_RECORDS + 40 + 2);
}

static void a_full_segment_is_sealed_and_followed(void **state)
{
    struct fixture *f = *state;
    struct journal *j;
    struct journal_options o = kit_options(f->dir);
    o.segment_bytes = 4096;
    assert_status(journal_open(&j, &o, NULL, NULL), ST_OK);
    for (int i = 0; i < 100; i++) {
        kit_note(j, "one of a hundred notes that fill segments of four thousand bytes");
        kit_commit(j);
        assert_false(journal_dirty(j));
    }
    journal_close(j, KIT_START_US);
    struct journal_report report = kit_intact(f->dir);
    assert_true(kit_exists(f->dir, "000005.jsonl"));
    assert_int_equal(kit_mode(f->dir, KIT_SEGMENT), 0400);
    assert_int_equal(kit_mode(f->dir, "000004.jsonl"), 0400);
    for (int i = 1; i <= 4; i++) {
        char name[32];
        char next[64];
        (void)snprintf(name, sizeof(name), "%06d.jsonl", i);
        (void)snprintf(next, sizeof(next), ",\"next\":\"%06d.jsonl\",\"sig\":\"", i + 1);
        struct buf b = kit_slurp(f->dir, name);
        struct span last = kit_line(buf_span(&b), kit_lines(buf_span(&b)) - 1);
        assert_true(kit_has(last, next));
        assert_true(kit_has(kit_line(buf_span(&b), 0),
                            i == 1 ? "\"cause\":\"new\"" : "\"cause\":\"rotate\""));
        assert_in_range(b.len, 4096, 4096 + 1024);
        buf_release(&b);
    }
    /* Reopening finds the way into the last segment. */
    uint64_t records = report.records;
    j = kit_open(f->dir, NULL);
    assert_int_equal(journal_next(j), records + OWN_RECORDS + 1);
    journal_close(j, KIT_START_US);
    assert_int_equal(kit_intact(f->dir).records, records + OWN_RECORDS + 2);
}

static void one_segment_can_be_verified_alone(void **state)
{
    struct fixture *f = *state;
    struct journal *j;
    struct journal_options o = kit_options(f->dir);
    o.segment_bytes = 2048;
    assert_status(journal_open(&j, &o, NULL, NULL), ST_OK);
    for (int i = 0; i < 30; i++) {
        kit_note(j, "a note");
        kit_commit(j);
    }
    journal_close(j, KIT_START_US);
    char *path = tmpdir_join(f->dir, "000002.jsonl");
    struct journal_report report = kit_intact(path);
    free(path);
    assert_true(report.first_n > 1);
    assert_true(report.records > 3);
    assert_true(report.sealed_to_end);
}

static void bad_options_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {
        NULL, "", "Daemon", "a b", "a\"b", "a\nb", "ein-sehr-langer-name-von-32-zeichen"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct journal *j = (struct journal *)f;
        struct journal_options o = {.dir = f->dir, .writer = names[i]};
        struct why why = {0};
        assert_status(journal_open(&j, &o, NULL, &why), ST_INVALID);
        assert_null(j);
        assert_contains(why.text, "name");
    }
    struct journal *j;
    struct journal_options o = {.writer = "daemon"};
    assert_status(journal_open(&j, &o, NULL, NULL), ST_INVALID);
    assert_false(kit_exists(f->root, "record"));
    journal_close(NULL, 0);
}

#define OPENED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPENED(a_new_folder_has_its_files),
        OPENED(what_a_driver_told_is_read_again),
        OPENED(a_line_has_the_specified_bytes),
        OPENED(every_kind_is_written_and_read_back),
        OPENED(an_event_without_seq_gets_its_number),
        OPENED(nothing_is_on_disk_before_the_commit),
        OPENED(a_reopened_record_goes_on),
        OPENED(the_head_is_the_hash_of_the_last_line),
        OPENED(a_seal_follows_something),
        OPENED(a_clock_set_back_is_told),
        OPENED(a_record_over_the_limit_changes_nothing),
        OPENED(a_flood_without_commits_is_committed_in_between),
        OPENED(a_full_segment_is_sealed_and_followed),
        OPENED(one_segment_can_be_verified_alone),
        OPENED(bad_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
