/* The oldest segments go, and a signed tombstone stands for them: nothing else may be missing. */
#include "journal_kit.h"

#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>

#include "checkrein/alloc.h"

#define DAY_US     (INT64_C(86400) * 1000000)
#define SEGMENTS   5 /* finished ones; one a day */
#define NOTE_BYTES 600
#define MANY_NOTES 40000

struct fixture {
    char *dir;
    struct journal *j; /* writes into segment 6 */
};

static struct journal *open_small(const char *dir, int64_t now_us, const struct journal_io *io)
{
    struct journal *j = NULL;
    struct why why = {0};
    struct journal_options o = kit_options(dir);
    o.now_us = now_us;
    o.segment_us = DAY_US;
    enum status st = journal_open_io(&j, &o, NULL, io, &why);
    if (st != ST_OK) {
        print_error("%s\n", why.text);
    }
    assert_status(st, ST_OK);
    return j;
}

static void note_at(struct journal *j, int64_t now_us)
{
    char text[NOTE_BYTES];
    memset(text, 'x', sizeof(text));
    assert_status(journal_note(j, now_us, (struct span){text, sizeof(text)}, NULL), ST_OK);
    kit_commit(j);
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    static struct journal_io io;
    io = kit_quick_io();
    f->dir = tmpdir_new();
    f->j = open_small(f->dir, KIT_START_US, &io);
    for (int day = 1; day <= SEGMENTS; day++) {
        note_at(f->j, KIT_START_US + day * DAY_US - 1);
        note_at(f->j, KIT_START_US + day * DAY_US);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    journal_close(f->j, KIT_START_US);
    tmpdir_free(f->dir);
    free(f);
    return 0;
}

static int64_t now(void)
{
    return KIT_START_US + SEGMENTS * DAY_US + 1000;
}

static struct journal_drop droppable(const struct fixture *f, const struct journal_keep *keep)
{
    struct journal_drop d;
    struct why why = {0};
    assert_status(journal_droppable(f->j, now(), keep, &d, &why), ST_OK);
    return d;
}

static void drop(const struct fixture *f, const struct journal_keep *keep)
{
    struct why why = {0};
    struct journal_drop d = droppable(f, keep);
    assert_true(d.first_segment > 0);
    enum status st = journal_drop(f->j, now(), &d, &why);
    if (st != ST_OK) {
        print_error("%s\n", why.text);
    }
    assert_status(st, ST_OK);
}

static const struct journal_keep TWO_DAYS = {.days = 2};

static void a_segment_ends_with_its_day(void **state)
{
    struct fixture *f = *state;
    assert_true(kit_exists(f->dir, "000006.jsonl"));
    assert_false(kit_exists(f->dir, "000007.jsonl"));
    (void)kit_intact(f->dir);
}

static void what_is_to_go_follows_the_limits(void **state)
{
    struct fixture *f = *state;
    struct journal_drop d = droppable(f, &TWO_DAYS);
    assert_int_equal(d.first_segment, 1);
    assert_int_equal(d.last_segment, 3);
    assert_int_equal(d.first, 1);
    assert_int_equal(d.reason, DROP_AGE);
    assert_int_equal(droppable(f, &(struct journal_keep){.days = 30}).first_segment, 0);
    struct journal_keep needed = {.days = 2, .needed = d.last};
    assert_int_equal(droppable(f, &needed).last_segment, 2);
    needed.needed = 1;
    assert_int_equal(droppable(f, &needed).first_segment, 0);
    d = droppable(f, &(struct journal_keep){.bytes = 1}); /* never the one that is written */
    assert_int_equal(d.last_segment, SEGMENTS);
    assert_int_equal(d.reason, DROP_SIZE);
    d = droppable(f, &(struct journal_keep){.bytes = 1000000});
    assert_int_equal(d.first_segment, 0);
}

static void a_tombstone_stands_for_what_is_gone(void **state)
{
    struct fixture *f = *state;
    struct journal_drop d = droppable(f, &TWO_DAYS);
    drop(f, &TWO_DAYS);
    for (int i = 1; i <= 3; i++) {
        char name[SEGMENT_NAME_BYTES];
        segment_name((uint32_t)i, name);
        assert_false(kit_exists(f->dir, name));
    }
    struct journal_report r = kit_intact(f->dir);
    assert_int_equal(r.first_n, d.last + 1);
    assert_true(r.dropped_n > r.first_n);
    assert_int_equal(r.dropped_us, now() / 1000 * 1000);
    assert_string_equal(r.dropped_by, "daemon");
    assert_int_equal(r.dropped_why, DROP_AGE);
    assert_int_equal(r.dropped_limit, 2);
}

static void a_second_drop_and_a_start_go_on(void **state)
{
    struct fixture *f = *state;
    struct journal_io io = kit_quick_io();
    drop(f, &TWO_DAYS);
    journal_close(f->j, now());
    f->j = open_small(f->dir, now(), &io);
    note_at(f->j, now());
    drop(f, &(struct journal_keep){.bytes = 1});
    assert_false(kit_exists(f->dir, "000005.jsonl"));
    journal_close(f->j, now());
    (void)kit_intact(f->dir);
    f->j = open_small(f->dir, now(), &io);
    note_at(f->j, now() + 3 * DAY_US); /* the tombstones stand in a segment before now */
    (void)kit_intact(f->dir);
    journal_close(f->j, now());
    f->j = open_small(f->dir, now(), &io);
    (void)kit_intact(f->dir);
}

static void assert_removed(const char *dir)
{
    struct journal_report r = kit_verify(dir);
    assert_int_equal(r.verdict, VERIFY_BROKEN);
    assert_int_equal(r.first_bad_n, 1);
    assert_memory_equal(r.what, "removed: the record begins with", 31);
}

static void assert_refused(const char *dir)
{
    struct journal *j = NULL;
    struct why why = {0};
    struct journal_options o = kit_options(dir);
    assert_status(journal_open(&j, &o, NULL, &why), ST_CONFLICT);
    assert_non_null(strstr(why.text, "missing"));
}

/* Without a tombstone, with one for less, and with one that says another hash. */
static void anything_else_that_is_missing_is_told(void **state)
{
    struct fixture *f = *state;
    struct journal_io io = kit_quick_io();
    struct buf first = kit_slurp(f->dir, "000001.jsonl");
    kit_remove(f->dir, "000001.jsonl");
    assert_removed(f->dir);
    journal_close(f->j, now());
    f->j = NULL;
    assert_refused(f->dir);
    kit_spit(f->dir, "000001.jsonl", buf_span(&first));
    buf_release(&first);
    f->j = open_small(f->dir, now(), &io);
    drop(f, &TWO_DAYS);
    (void)kit_intact(f->dir);
    journal_close(f->j, now());
    f->j = NULL;
    kit_remove(f->dir, "000004.jsonl");
    assert_removed(f->dir);
    assert_refused(f->dir);
}

/* A tombstone that nothing seals may be anybody's. */
static void a_tombstone_needs_its_seal(void **state)
{
    struct fixture *f = *state;
    drop(f, &TWO_DAYS);
    struct buf last = kit_slurp(f->dir, "000006.jsonl");
    size_t lines = kit_lines(buf_span(&last));
    assert_true(kit_has(kit_line(buf_span(&last), lines - 2), "\"k\":\"tombstone\""));
    size_t cut = last.len - kit_line(buf_span(&last), lines - 1).n;
    kit_spit(f->dir, "000006.jsonl", span_sub(buf_span(&last), 0, cut));
    assert_removed(f->dir);
    kit_spit(f->dir, "000006.jsonl", buf_span(&last));
    buf_release(&last);
}

/* Unlinking fails from the n-th file on, as if the process had ended there. */
static int unlinks_left;

static int unlink_some(void *ctx, int dir, const char *name)
{
    if (unlinks_left == 0) {
        errno = EIO;
        return -1;
    }
    unlinks_left--;
    return journal_io_system.unlink(ctx, dir, name);
}

static void a_drop_that_was_cut_short_is_finished(void **state)
{
    struct fixture *f = *state;
    for (int done = 0; done < 3; done++) {
        struct why why = {0};
        struct journal_io io = kit_quick_io();
        struct journal_io failing = io;
        failing.unlink = unlink_some;
        unlinks_left = -1;
        (void)tear_down(state);
        (void)set_up(state);
        f = *state;
        journal_close(f->j, now());
        f->j = open_small(f->dir, now(), &failing);
        unlinks_left = done;
        struct journal_drop d = droppable(f, &TWO_DAYS);
        assert_status(journal_drop(f->j, now(), &d, &why), ST_IO);
        assert_false(journal_failed(f->j));
        (void)kit_intact(f->dir);
        journal_close(f->j, now());
        f->j = open_small(f->dir, now(), &io);
        assert_false(kit_exists(f->dir, "000001.jsonl"));
        assert_false(kit_exists(f->dir, "000003.jsonl"));
        assert_true(kit_exists(f->dir, "000004.jsonl"));
        (void)kit_intact(f->dir);
    }
}

/* A power cut in the commit of a tombstone can leave its line, and a hole before it: the tombstone
 * goes with the torn end, and so nothing may be dropped for it. */
static void a_tombstone_behind_a_hole_drops_nothing(void **state)
{
    static const char hole[600];
    static const char *const segment = "000006.jsonl";
    struct fixture *f = *state;
    struct journal_io io = kit_quick_io();
    struct buf first = kit_slurp(f->dir, KIT_SEGMENT);
    struct buf b = kit_slurp(f->dir, segment);
    io.unlink = unlink_some;
    unlinks_left = 0;
    journal_close(f->j, now());
    f->j = open_small(f->dir, now(), &io);
    struct journal_drop d = droppable(f, &TWO_DAYS);
    assert_status(journal_drop(f->j, now(), &d, NULL), ST_IO); /* nothing is unlinked yet */
    struct buf after = kit_slurp(f->dir, segment);
    size_t lines = kit_lines(buf_span(&after));
    assert_true(kit_has(kit_line(buf_span(&after), lines - 2), "\"k\":\"tombstone\""));
    journal_close(f->j, now());
    (void)buf_append(&b, hole, sizeof(hole));
    (void)buf_addch(&b, '\n');
    (void)buf_add(&b, kit_line(buf_span(&after), lines - 2));
    (void)buf_add(&b, kit_line(buf_span(&after), lines - 1));
    kit_spit(f->dir, segment, buf_span(&b));
    io = kit_quick_io();
    f->j = open_small(f->dir, now(), &io);
    (void)kit_intact(f->dir);
    struct buf kept = kit_slurp(f->dir, KIT_SEGMENT);
    assert_span_eq(buf_span(&kept), buf_span(&first));
    buf_release(&kept);
    buf_release(&after);
    buf_release(&b);
    buf_release(&first);
}

static bool syncs_fail;

static int sync_maybe(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    errno = EIO;
    return syncs_fail ? -1 : 0;
}

/* The tombstone itself cannot be made durable. */
static void a_record_that_fails_drops_nothing(void **state)
{
    struct fixture *f = *state;
    struct why why = {0};
    struct journal_io io = kit_quick_io();
    io.fdatasync = sync_maybe;
    syncs_fail = false;
    journal_close(f->j, now());
    f->j = open_small(f->dir, now(), &io);
    struct journal_drop d = droppable(f, &TWO_DAYS);
    syncs_fail = true;
    assert_status(journal_drop(f->j, now(), &d, &why), ST_IO);
    assert_true(journal_failed(f->j));
    assert_status(journal_drop(f->j, now(), &d, &why), ST_IO);
    assert_true(kit_exists(f->dir, "000001.jsonl"));
    assert_int_equal(kit_intact(f->dir).first_n, 1);
}

static void a_cursor_reads_what_is_left(void **state)
{
    struct fixture *f = *state;
    struct journal_cursor *c = NULL;
    struct journal_record r;
    struct journal_drop d = droppable(f, &TWO_DAYS);
    drop(f, &TWO_DAYS);
    assert_status(journal_cursor_open(&c, f->dir, NULL), ST_OK);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, d.last + 1);
    assert_status(journal_cursor_seek(c, 1), ST_OK);
    assert_status(journal_cursor_next(c, &r, NULL), ST_OK);
    assert_int_equal(r.n, d.last + 1);
    journal_cursor_close(c);
}

/* The first segment takes a while to be read. */
static struct journal *make_long(const char *dir, const struct journal_io *io)
{
    struct journal *j = open_small(dir, KIT_START_US, io);
    for (int i = 0; i < MANY_NOTES; i++) {
        char text[NOTE_BYTES];
        memset(text, 'y', sizeof(text));
        assert_status(journal_note(j, KIT_START_US, (struct span){text, sizeof(text)}, NULL),
                      ST_OK);
    }
    for (int day = 1; day <= SEGMENTS; day++) {
        note_at(j, KIT_START_US + day * DAY_US - 1);
        note_at(j, KIT_START_US + day * DAY_US);
    }
    return j;
}

static bool has_open(pid_t process, const char *name)
{
    char folder[64];
    char target[512];
    bool found = false;
    (void)snprintf(folder, sizeof(folder), "/proc/%d/fd", (int)process);
    DIR *d = opendir(folder);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target));
        found = found || (n > 0 && span_ends((struct span){target, (size_t)n}, name));
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return found;
}

static void what_is_dropped_while_it_is_read_is_not_missing(void **state)
{
    (void)state;
    struct journal_io io = kit_quick_io();
    struct fixture f = {.dir = tmpdir_new()};
    int code = 0;
    f.j = make_long(f.dir, &io);
    pid_t reader = fork();
    if (reader == 0) {
        struct journal_report report;
        struct journal_decisions told;
        bool good = true;
        do {
            good = journal_verify(f.dir, NULL, &report, NULL) == ST_OK &&
                   report.verdict == VERIFY_INTACT &&
                   journal_decisions(f.dir, &told, NULL) == ST_OK;
        } while (good && report.first_n == 1);
        _exit(good ? 0 : 1);
    }
    while (!has_open(reader, "/000001.jsonl") && waitpid(reader, &code, WNOHANG) == 0) {
    }
    drop(&f, &TWO_DAYS);
    assert_int_equal(waitpid(reader, &code, 0), reader);
    assert_int_equal(code, 0);
    journal_close(f.j, KIT_START_US);
    tmpdir_free(f.dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_segment_ends_with_its_day),
        TEST(what_is_to_go_follows_the_limits),
        TEST(a_tombstone_stands_for_what_is_gone),
        TEST(a_second_drop_and_a_start_go_on),
        TEST(anything_else_that_is_missing_is_told),
        TEST(a_tombstone_needs_its_seal),
        TEST(a_drop_that_was_cut_short_is_finished),
        TEST(a_tombstone_behind_a_hole_drops_nothing),
        TEST(a_record_that_fails_drops_nothing),
        TEST(a_cursor_reads_what_is_left),
        cmocka_unit_test(what_is_dropped_while_it_is_read_is_not_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
