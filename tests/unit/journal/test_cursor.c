/* Reading forward and from a number on, over segments, while somebody writes, and over what is no
 * record. */
#include "journal_kit.h"

#include "checkrein/alloc.h"
#include "prng.h"

#define NOTES 60

static int set_up(void **state)
{
    char *dir = tmpdir_new();
    struct journal *j;
    struct journal_io io = kit_quick_io();
    struct journal_options o = kit_options(dir);
    o.segment_bytes = 1800;
    assert_status(journal_open_io(&j, &o, NULL, &io, NULL), ST_OK);
    for (int i = 0; i < NOTES; i++) {
        kit_note(j, "a note");
        kit_commit(j);
    }
    journal_close(j, KIT_START_US);
    *state = dir;
    return 0;
}

static int tear_down(void **state)
{
    tmpdir_free(*state);
    return 0;
}

static struct journal_cursor *open_cursor(const char *path)
{
    struct journal_cursor *c;
    struct why why = {0};
    assert_status(journal_cursor_open(&c, path, &why), ST_OK);
    return c;
}

static void all_records_come_in_order(void **state)
{
    struct journal_cursor *c = open_cursor(*state);
    struct journal_record r;
    uint64_t last = 0;
    while (journal_cursor_next(c, &r, NULL) == ST_OK) {
        assert_int_equal(r.n, last + 1);
        assert_true(span_starts(r.line, "{\"prev\":\""));
        assert_true(span_ends(r.line, "}"));
        last = r.n;
    }
    assert_int_equal(last, kit_intact(*state).records);
    assert_status(journal_cursor_next(c, &r, NULL), ST_END);
    journal_cursor_close(c);
    journal_cursor_close(NULL);
}

/* Each file that has lines, and a change of its bytes shows. */
static void segments_are_listed_as_they_are(void **state)
{
    const char *dir = *state;
    struct journal_segment *was = NULL;
    struct journal_segment *is = NULL;
    size_t count = 0;
    struct why why = {0};
    kit_spit(dir, "000000.jsonl", SPAN("no segment"));
    assert_status(journal_segments(dir, &was, &count, &why), ST_OK);
    assert_true(count > 3);
    for (size_t i = 0; i < count; i++) {
        char name[SEGMENT_NAME_BYTES];
        assert_int_equal(was[i].number, i + 1);
        segment_name(was[i].number, name);
        struct buf b = kit_slurp(dir, name);
        assert_int_equal(was[i].bytes, b.len);
        if (i == 1) { /* the same bytes, written again */
            char *path = tmpdir_join(dir, name);
            assert_int_equal(chmod(path, 0600), 0);
            free(path);
            kit_spit(dir, name, buf_span(&b));
        }
        buf_release(&b);
    }
    assert_status(journal_segments(dir, &is, &count, &why), ST_OK);
    assert_true(is[0].changed_ns == was[0].changed_ns && is[0].inode == was[0].inode);
    assert_true(is[1].changed_ns != was[1].changed_ns || is[1].inode != was[1].inode);
    free(is);
    char *path = tmpdir_join(dir, KIT_SEGMENT);
    assert_status(journal_segments(path, &is, &count, &why), ST_OK);
    assert_true(count == 1 && is[0].number == 0 && is[0].bytes == was[0].bytes);
    free(is);
    free(was);
    free(path);
    assert_status(journal_segments("/nowhere", &is, &count, &why), ST_NOTFOUND);
    assert_true(!is && count == 0);
    assert_status(journal_segments("/dev/null", &is, &count, &why), ST_NOTFOUND);
    assert_status(journal_segments("/usr", &is, &count, &why), ST_NOTFOUND);
    assert_contains(why.text, "holds no record");
}

static void every_number_can_be_sought(void **state)
{
    struct journal_cursor *c = open_cursor(*state);
    struct journal_record r;
    struct prng rng = {.state = 7};
    uint64_t records = kit_intact(*state).records;
    for (uint64_t n = 1; n <= records; n++) {
        assert_status(journal_cursor_seek(c, n), ST_OK);
        assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
        assert_int_equal(r.n, n);
    }
    for (int i = 0; i < 300; i++) { /* back and forth, and on from there */
        uint64_t n = 1 + prng_below(&rng, records > 2 ? records - 1 : 1);
        assert_status(journal_cursor_seek(c, n), ST_OK);
        assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
        assert_int_equal(r.n, n);
        assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
        assert_int_equal(r.n, n + 1);
    }
    assert_status(journal_cursor_seek(c, 0), ST_OK);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, 1);
    journal_cursor_close(c);
}

/* From any record that was seen, in any order, over segments. */
static void a_place_can_be_returned_to(void **state)
{
    struct journal_cursor *c = open_cursor(*state);
    struct journal_place places[400];
    struct journal_record r;
    struct prng rng = {.state = 11};
    uint64_t count = 0;
    do {
        places[count] = journal_cursor_place(c);
    } while (journal_cursor_next(c, &r, NULL) == ST_OK && ++count < ARRAY_LEN(places));
    assert_int_equal(count, kit_intact(*state).records);
    for (int i = 0; i < 300; i++) {
        uint64_t at = prng_below(&rng, count);
        assert_status(journal_cursor_return(c, &places[at]), ST_OK);
        assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
        assert_int_equal(r.n, at + 1);
        if (at + 1 < count) {
            assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
            assert_int_equal(r.n, at + 2);
        }
    }
    journal_cursor_close(c);
}

static void one_segment_can_be_read_alone(void **state)
{
    char *path = tmpdir_join(*state, "000003.jsonl");
    struct journal_cursor *c = open_cursor(path);
    struct journal_record r;
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.kind, JOURNAL_OPEN);
    uint64_t first = r.n;
    assert_status(journal_cursor_seek(c, first + 2), ST_OK);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, first + 2);
    assert_status(journal_cursor_seek(c, 1), ST_OK); /* what there is from 1 on */
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, first);
    assert_status(journal_cursor_seek(c, UINT64_MAX), ST_END);
    journal_cursor_close(c);
    free(path);
}

/* A reader at the end sees each record once, right after its commit, over changes of segment too.
 */
static void a_reader_follows_the_writer(void **state)
{
    const char *dir = *state;
    struct journal *j;
    struct journal_io io = kit_quick_io();
    struct journal_options o = kit_options(dir);
    o.segment_bytes = 1500;
    assert_status(journal_open_io(&j, &o, NULL, &io, NULL), ST_OK);
    struct journal_cursor *c = open_cursor(dir);
    struct journal_record r;
    uint64_t n = journal_next(j);
    assert_status(journal_cursor_seek(c, n), ST_END); /* waits for it */
    assert_status(journal_cursor_next(c, &r, NULL), ST_END);
    for (int i = 0; i < 40; i++) {
        kit_note(j, "followed");
        assert_status(journal_cursor_next(c, &r, NULL), ST_END);
        kit_commit(j);
        while (n < journal_next(j)) {
            assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
            assert_int_equal(r.n, n);
            n++;
        }
        assert_status(journal_cursor_next(c, &r, NULL), ST_END);
    }
    journal_cursor_close(c);
    journal_close(j, KIT_START_US);
}

/* Half a line is not given out, and not mixed with what stands there after recovery. */
static void half_a_line_is_waited_for(void **state)
{
    const char *dir = *state;
    char *name = NULL;
    for (uint32_t i = 1; i < 100; i++) {
        char try[32];
        (void)snprintf(try, sizeof(try), "%06u.jsonl", i);
        if (kit_exists(dir, try)) {
            free(name);
            name = xstrdup(try);
        }
    }
    struct buf b = kit_slurp(dir, name);
    size_t last = kit_line(buf_span(&b), kit_lines(buf_span(&b)) - 1).n;
    struct journal_cursor *c = open_cursor(dir);
    struct journal_record r;
    uint64_t records = kit_intact(dir).records;
    struct buf half;
    buf_init(&half, KIT_FILE_BYTES);
    (void)buf_add(&half, span_sub(buf_span(&b), 0, b.len - last));
    (void)buf_addstr(&half, "{\"prev\":\"what recovery will cut off");
    kit_spit(dir, name, buf_span(&half));
    buf_release(&half);
    assert_status(journal_cursor_seek(c, records), ST_END);
    assert_status(journal_cursor_next(c, &r, NULL), ST_END);
    kit_spit(dir, name, buf_span(&b));
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, records);
    buf_release(&b);
    free(name);
    journal_cursor_close(c);
}

/* Each is told once, with its place, and the records behind it still come. */
static void bad_lines_are_told_and_passed(void **state)
{
    const char *dir = *state;
    static const char bad[] =
        "\n"
        "rubbish\n"
        "{\"prev\":\"\",\"n\":1}\n"
        "{\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"n\":01,"
        "\"t\":"
        "\"2026-11-20T14:22:07.123Z\",\"k\":\"note\",\"text\":\"\"}\n"
        "{\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"n\":1,"
        "\"t\":"
        "\"2026-11-20T14:22:07.123Z\",\"k\":\"note\",\"event\":\"\"}\n";
    struct buf b = kit_slurp(dir, KIT_SEGMENT);
    struct buf mixed;
    buf_init(&mixed, KIT_FILE_BYTES);
    (void)buf_add(&mixed, kit_line(buf_span(&b), 0));
    (void)buf_add(&mixed, span_str(bad));
    (void)buf_add(&mixed, span_sub(buf_span(&b), kit_line(buf_span(&b), 0).n, SIZE_MAX));
    kit_spit(dir, KIT_SEGMENT, buf_span(&mixed));
    struct journal_cursor *c = open_cursor(dir);
    struct journal_record r;
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    for (size_t i = 0; i < kit_lines(span_str(bad)); i++) {
        struct why why = {0};
        char place[32];
        (void)snprintf(place, sizeof(place), "000001.jsonl:%zu is ", i + 2);
        assert_status(journal_cursor_next(c, &r, &why), ST_INVALID);
        assert_contains(why.text, place);
    }
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, 2);
    assert_status(journal_cursor_seek(c, 3), ST_OK);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, 3);
    journal_cursor_close(c);
    buf_release(&b);
    buf_release(&mixed);
}

static void a_missing_segment_is_told(void **state)
{
    const char *dir = *state;
    struct journal_record r;
    struct why why = {0};
    uint64_t n = 0;
    kit_remove(dir, "000002.jsonl");
    struct journal_cursor *c = open_cursor(dir);
    enum status st;
    while ((st = journal_cursor_next(c, &r, &why)) == ST_OK) {
        n = r.n;
    }
    assert_status(st, ST_INVALID);
    assert_contains(why.text, "gap");
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_true(r.n > n + 1);
    assert_status(journal_cursor_seek(c, n + 1), ST_OK); /* the first one after it */
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_true(r.n > n + 1);
    journal_cursor_close(c);
}

static void a_cut_segment_is_told(void **state)
{
    const char *dir = *state;
    struct buf b = kit_slurp(dir, "000002.jsonl");
    size_t first = kit_line(buf_span(&b), 0).n;
    for (size_t keep = 0; keep < first;
         keep += first / 3) { /* emptied, and in the middle of a line */
        struct journal_cursor *c = NULL;
        struct journal_record r;
        struct why why = {0};
        enum status st;
        kit_spit(dir, "000002.jsonl", span_sub(buf_span(&b), 0, keep));
        c = open_cursor(dir);
        while ((st = journal_cursor_next(c, &r, &why)) == ST_OK) {
        }
        assert_status(st, ST_INVALID);
        assert_contains(why.text, "000002.jsonl:1 is where the segment is cut off");
        assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
        assert_int_equal(r.kind, JOURNAL_OPEN);
        journal_cursor_close(c);
    }
    buf_release(&b);
}

static void a_line_over_the_limit_is_told_and_passed(void **state)
{
    const char *dir = *state;
    struct buf b = kit_slurp(dir, KIT_SEGMENT);
    struct buf mixed;
    buf_init(&mixed, KIT_FILE_BYTES);
    char *big = xmalloc(JOURNAL_LINE_BYTES);
    memset(big, 'x', JOURNAL_LINE_BYTES);
    (void)buf_append(&mixed, big, JOURNAL_LINE_BYTES);
    (void)buf_addch(&mixed, '\n');
    (void)buf_append(&mixed, big, JOURNAL_LINE_BYTES - 1);
    (void)buf_addch(&mixed, '\n');
    (void)buf_add(&mixed, buf_span(&b));
    free(big);
    kit_spit(dir, KIT_SEGMENT, buf_span(&mixed));
    struct journal_cursor *c = open_cursor(dir);
    struct journal_record r;
    struct why why = {0};
    assert_status(journal_cursor_next(c, &r, &why), ST_INVALID);
    assert_contains(why.text, "000001.jsonl:1 is too long");
    assert_status(journal_cursor_next(c, &r, &why), ST_INVALID);
    assert_contains(why.text, "000001.jsonl:2 is not a record");
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, 1);
    journal_cursor_close(c);
    buf_release(&b);
    buf_release(&mixed);
}

static void nothing_to_open_is_told(void **state)
{
    struct journal_cursor *c;
    struct why why = {0};
    char *empty = tmpdir_join(*state, "empty");
    assert_int_equal(mkdir(empty, 0700), 0);
    assert_status(journal_cursor_open(&c, empty, &why), ST_NOTFOUND);
    assert_null(c);
    assert_contains(why.text, "holds no record");
    assert_status(journal_cursor_open(&c, "/dev/null", &why), ST_INVALID);
    assert_null(c);
    assert_status(journal_cursor_open(&c, "/nowhere/at/all", &why), ST_NOTFOUND);
    assert_null(c);
    free(empty);
}

#define WRITTEN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITTEN(all_records_come_in_order),
        WRITTEN(every_number_can_be_sought),
        WRITTEN(segments_are_listed_as_they_are),
        WRITTEN(a_place_can_be_returned_to),
        WRITTEN(one_segment_can_be_read_alone),
        WRITTEN(a_reader_follows_the_writer),
        WRITTEN(half_a_line_is_waited_for),
        WRITTEN(bad_lines_are_told_and_passed),
        WRITTEN(a_missing_segment_is_told),
        WRITTEN(a_cut_segment_is_told),
        WRITTEN(a_line_over_the_limit_is_told_and_passed),
        WRITTEN(nothing_to_open_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
