/* Every call to the disk fails once, and from then on: what was committed stays, what was not is
 * never claimed. */
#include "journal_kit.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "checkrein/alloc.h"

#define NOTES         10
#define SEGMENT_BYTES 2500 /* some changes of segment on the way */
#define RUNS_MAX      2000
#define CUT_CALL                                                                                   \
    6 /* of a start that recovers: open, open, write, fdatasync, fsync, and then the cut */

enum mode { FAIL_ONCE, FAIL_ON, CUT_SHORT };

struct faulty {
    int calls;
    int fail_at; /* from 1; 0: never */
    int err;
    enum mode mode;
};

static bool fails(struct faulty *f)
{
    f->calls++;
    bool now = f->fail_at > 0 &&
               (f->calls == f->fail_at || (f->mode != FAIL_ONCE && f->calls > f->fail_at));
    if (now) {
        errno = f->err;
    }
    return now;
}

static int faulty_open(void *ctx, int dir, const char *name, int flags, mode_t mode)
{
    return fails(ctx) ? -1 : journal_io_system.open(NULL, dir, name, flags, mode);
}

/* A disk that is filling up takes a part of it first, and says why at the next call. */
static ssize_t faulty_write(void *ctx, int fd, const void *p, size_t n)
{
    struct faulty *f = ctx;
    if (!fails(f)) {
        return journal_io_system.write(NULL, fd, p, n);
    }
    if (f->mode == CUT_SHORT && f->calls == f->fail_at && n > 1) {
        return journal_io_system.write(NULL, fd, p, n / 2);
    }
    return -1;
}

static int faulty_sync(void *ctx, int fd)
{
    (void)fd;
    return fails(ctx) ? -1 : 0;
}

static int faulty_ftruncate(void *ctx, int fd, off_t bytes)
{
    return fails(ctx) ? -1 : journal_io_system.ftruncate(NULL, fd, bytes);
}

static int faulty_unlink(void *ctx, int dir, const char *name)
{
    return fails(ctx) ? -1 : journal_io_system.unlink(NULL, dir, name);
}

static struct journal_io faulty_io(struct faulty *f)
{
    return (struct journal_io){.ctx = f,
                               .open = faulty_open,
                               .write = faulty_write,
                               .fdatasync = faulty_sync,
                               .fsync = faulty_sync,
                               .ftruncate = faulty_ftruncate,
                               .unlink = faulty_unlink};
}

/* A failed journal does nothing more, says so at every call, and why. */
static void assert_failed_for_good(struct journal *j, struct faulty *f)
{
    struct why why = {0};
    uint64_t n = journal_next(j);
    char words[WHY_TEXT_BYTES];
    int calls = f->calls;
    assert_true(journal_failed(j));
    assert_true(journal_dirty(j));
    assert_string_not_equal(journal_failure(j), "");
    (void)span_copy(span_str(journal_failure(j)), words, sizeof(words));
    for (int i = 0; i < 3; i++) {
        assert_status(journal_note(j, KIT_START_US, SPAN("too late"), NULL), ST_IO);
        assert_status(journal_raw(j, KIT_START_US, SPAN("x"), SPAN("y"), NULL), ST_IO);
        assert_status(journal_seal(j, KIT_START_US), ST_IO);
        assert_status(journal_commit(j, &why), ST_IO);
        assert_string_equal(why.text, words);
    }
    assert_int_equal(journal_next(j), n);
    assert_int_equal(f->calls, calls); /* nothing is tried again */
}

/* How many notes were committed for certain. */
static int write_notes(const char *dir, struct faulty *f, bool *is_open)
{
    struct journal *j;
    struct why why = {0};
    struct journal_io io = faulty_io(f);
    struct journal_options o = kit_options(dir);
    o.segment_bytes = SEGMENT_BYTES;
    enum status st = journal_open_io(&j, &o, NULL, &io, &why);
    *is_open = st == ST_OK;
    if (st != ST_OK) {
        assert_null(j);
        assert_status(st, ST_IO);
        assert_string_not_equal(why.text, "");
        return 0;
    }
    int committed = 0;
    for (int i = 0; i < NOTES && st == ST_OK && !journal_failed(j); i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "note %d", i);
        kit_note(j, text);
        assert_status(
            journal_note(j, KIT_START_US, SPAN("to make it longer, in two records"), NULL), ST_OK);
        st = journal_commit(j, &why);
        committed += st == ST_OK;
    }
    if (journal_failed(j)) {
        assert_true(st == ST_OK || st == ST_IO);
        assert_failed_for_good(j, f);
    }
    journal_close(j, KIT_START_US);
    return committed;
}

/* Numbers of the notes that are there, without a gap; how many. */
static int count_notes(const char *dir)
{
    struct journal_cursor *c;
    struct journal_record r;
    int notes = 0;
    assert_status(journal_cursor_open(&c, dir, NULL), ST_OK);
    while (journal_cursor_next(c, &r, NULL) == ST_OK) {
        char want[32];
        (void)snprintf(want, sizeof(want), "\"note %d\"", notes);
        notes += r.kind == JOURNAL_NOTE && span_is(r.body, want);
    }
    journal_cursor_close(c);
    return notes;
}

static void torture(enum mode mode, int err)
{
    struct faulty f = {0};
    int runs = 0;
    do {
        char *dir = tmpdir_new();
        bool is_open;
        f = (struct faulty){.fail_at = ++runs, .err = err, .mode = mode};
        int committed = write_notes(dir, &f, &is_open);
        journal_close(kit_open(dir, NULL), KIT_START_US);
        (void)kit_intact(dir);
        int there = count_notes(dir);
        /* More by one when what was written could not be cut back. */
        assert_in_range(there, committed, committed + (is_open ? 1 : 0));
        tmpdir_free(dir);
        assert_true(runs < RUNS_MAX);
    } while (f.calls >= f.fail_at);
    assert_true(runs > 30);
}

static void a_call_that_fails_once(void **state)
{
    (void)state;
    torture(FAIL_ONCE, EIO);
}

static void a_disk_that_fails_from_a_moment_on(void **state)
{
    (void)state;
    torture(FAIL_ON, EIO);
}

static void a_disk_that_fills_up_in_the_middle_of_a_write(void **state)
{
    (void)state;
    torture(CUT_SHORT, ENOSPC);
}

/* All that is in the folder's segments and torn files. */
static bool folder_has(const char *dir, const char *text)
{
    static const char *const names[] = {KIT_SEGMENT, "000001.torn-1", "000001.torn-2"};
    bool has = false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (kit_exists(dir, names[i])) {
            struct buf b = kit_slurp(dir, names[i]);
            has = has || kit_has(buf_span(&b), text);
            buf_release(&b);
        }
    }
    return has;
}

static bool segment_has(const char *dir, const char *text)
{
    struct buf b = kit_slurp(dir, KIT_SEGMENT);
    bool has = kit_has(buf_span(&b), text);
    buf_release(&b);
    return has;
}

static void make_torn_record(const char *dir)
{
    struct journal *j = kit_open(dir, NULL);
    kit_note(j, "note 0");
    journal_close(j, KIT_START_US);
    struct buf b = kit_slurp(dir, KIT_SEGMENT);
    (void)buf_addstr(&b, "{\"prev\":\"a torn piece");
    kit_spit(dir, KIT_SEGMENT, buf_span(&b));
    buf_release(&b);
}

/* No good record and no torn byte is lost, no half copy is left, and the next start mends it. */
static void recover_with(struct faulty *f)
{
    char *dir = tmpdir_new();
    struct journal *j;
    struct why why = {0};
    struct journal_options o = kit_options(dir);
    struct journal_io io = faulty_io(f);
    make_torn_record(dir);
    enum status st = journal_open_io(&j, &o, NULL, &io, &why);
    assert_int_equal(st, f->calls >= f->fail_at ? ST_IO : ST_OK);
    assert_true(folder_has(dir, "a torn piece"));
    if (f->mode == FAIL_ONCE && segment_has(dir, "a torn piece") && f->fail_at < CUT_CALL) {
        assert_false(kit_exists(dir, "000001.torn-1"));
    }
    journal_close(j, KIT_START_US);
    journal_close(kit_open(dir, NULL), KIT_START_US);
    (void)kit_intact(dir);
    assert_int_equal(count_notes(dir), 1);
    assert_true(folder_has(dir, "a torn piece"));
    tmpdir_free(dir);
}

static void recovery_can_fail_at_every_call(void **state)
{
    (void)state;
    static const enum mode modes[] = {FAIL_ONCE, FAIL_ON, CUT_SHORT};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct faulty f = {0};
        int runs = 0;
        do {
            f = (struct faulty){.fail_at = ++runs, .err = ENOSPC, .mode = modes[i]};
            recover_with(&f);
            assert_true(runs < RUNS_MAX);
        } while (f.calls >= f.fail_at);
        assert_true(runs > 8);
    }
}

static ssize_t write_nothing(void *ctx, int fd, const void *p, size_t n)
{
    (void)ctx;
    (void)fd;
    (void)p;
    (void)n;
    return 0;
}

static ssize_t write_interrupted(void *ctx, int fd, const void *p, size_t n)
{
    struct faulty *f = ctx;
    if (++f->calls % 2 == 1) {
        errno = EINTR;
        return -1;
    }
    return journal_io_system.write(NULL, fd, p, n > 7 ? 7 : n);
}

/* Seven bytes at a time, and a signal before each; but a write that takes nothing is a failure. */
static void short_and_interrupted_writes_go_on(void **state)
{
    (void)state;
    struct faulty f = {0};
    struct journal *j;
    char *dir = tmpdir_new();
    struct journal_options o = kit_options(dir);
    struct journal_io io = faulty_io(&f);
    io.write = write_interrupted;
    assert_status(journal_open_io(&j, &o, NULL, &io, NULL), ST_OK);
    kit_note(j, "note 0");
    kit_commit(j);
    journal_close(j, KIT_START_US);
    (void)kit_intact(dir);
    assert_int_equal(count_notes(dir), 1);
    io.write = write_nothing;
    assert_status(journal_open_io(&j, &o, NULL, &io, NULL), ST_IO);
    (void)kit_intact(dir);
    tmpdir_free(dir);
}

/* ---- the order of the calls is what makes a record durable before it is acted on */

struct order {
    char calls[64]; /* o open, w write, d fdatasync, f fsync of the folder, t ftruncate, u unlink */
    size_t n;
};

static void note_call(struct order *o, char call)
{
    assert_true(o->n + 1 < sizeof(o->calls));
    o->calls[o->n++] = call;
    o->calls[o->n] = '\0';
}

static int ordered_open(void *ctx, int dir, const char *name, int flags, mode_t mode)
{
    note_call(ctx, 'o');
    return journal_io_system.open(NULL, dir, name, flags, mode);
}

static ssize_t ordered_write(void *ctx, int fd, const void *p, size_t n)
{
    note_call(ctx, 'w');
    return journal_io_system.write(NULL, fd, p, n);
}

static int ordered_fdatasync(void *ctx, int fd)
{
    note_call(ctx, 'd');
    return journal_io_system.fdatasync(NULL, fd);
}

static int ordered_fsync(void *ctx, int fd)
{
    note_call(ctx, 'f');
    return journal_io_system.fsync(NULL, fd);
}

static int ordered_ftruncate(void *ctx, int fd, off_t bytes)
{
    note_call(ctx, 't');
    return journal_io_system.ftruncate(NULL, fd, bytes);
}

static int ordered_unlink(void *ctx, int dir, const char *name)
{
    note_call(ctx, 'u');
    return journal_io_system.unlink(NULL, dir, name);
}

static void assert_order(struct order *o, const char *want)
{
    assert_string_equal(o->calls, want);
    *o = (struct order){0};
}

static void the_calls_come_in_the_specified_order(void **state)
{
    (void)state;
    struct order calls = {0};
    struct journal *j;
    char *dir = tmpdir_new();
    struct journal_options o = kit_options(dir);
    const struct journal_io io = {.ctx = &calls,
                                  .open = ordered_open,
                                  .write = ordered_write,
                                  .fdatasync = ordered_fdatasync,
                                  .fsync = ordered_fsync,
                                  .ftruncate = ordered_ftruncate,
                                  .unlink = ordered_unlink};
    o.segment_bytes = 1200;
    assert_status(journal_open_io(&j, &o, NULL, &io, NULL), ST_OK);
    assert_order(&calls, "f"
                         "ofwd"); /* the folder's name, the segment's, then the first records */
    kit_note(j, "one");
    kit_note(j, "two");
    assert_order(&calls, "");
    kit_commit(j);
    assert_order(&calls, "wd"); /* one of each for all that waited */
    kit_commit(j);
    assert_order(&calls, "");
    kit_note(
        j,
        "this one fills the segment, which holds no more than twelve hundred bytes in this test");
    kit_commit(j);
    assert_order(&calls, "wd"
                         "of"
                         "wd"
                         "wd"); /* it, the next file, the seal that names it, the open record */
    journal_close(j, KIT_START_US);
    assert_order(&calls, "wd");

    struct buf b = kit_slurp(dir, "000002.jsonl");
    (void)buf_addstr(&b, "torn");
    kit_spit(dir, "000002.jsonl", buf_span(&b));
    buf_release(&b);
    o.segment_bytes = 0;
    assert_status(journal_open_io(&j, &o, NULL, &io, NULL), ST_OK);
    assert_order(&calls, "o"
                         "owdf"
                         "td"
                         "wd"); /* the torn bytes are safe before they are cut off */
    journal_close(j, KIT_START_US);
    tmpdir_free(dir);
}

/* Not a simulation: the kernel takes a part of the write and refuses the rest. */
static void a_real_limit_leaves_no_torn_end(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    struct rlimit old;
    struct why why = {0};
    struct journal *j = kit_open(dir, NULL);
    kit_note(j, "note 0");
    kit_commit(j);
    struct buf before = kit_slurp(dir, KIT_SEGMENT);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit tight = {.rlim_cur = before.len + 100, .rlim_max = old.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    kit_note(j, "a record that does not fit into the hundred bytes that are left for the file");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum status st = journal_commit(j, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    assert_status(st, ST_IO);
    assert_contains(why.text, "file too large");
    struct buf after = kit_slurp(dir, KIT_SEGMENT);
    assert_span_eq(buf_span(&after), buf_span(&before));
    buf_release(&before);
    buf_release(&after);
    journal_close(j, KIT_START_US);
    assert_int_equal(kit_intact(dir).verdict, VERIFY_INTACT);
    tmpdir_free(dir);
}

static void somebody_elses_bytes_are_seen_at_the_next_commit(void **state)
{
    (void)state;
    for (int shorter = 0; shorter < 2; shorter++) {
        char *dir = tmpdir_new();
        struct why why = {0};
        struct journal *j = kit_open(dir, NULL);
        struct buf b = kit_slurp(dir, KIT_SEGMENT);
        (void)buf_addstr(&b, "x\n");
        kit_spit(dir, KIT_SEGMENT, span_sub(buf_span(&b), 0, shorter ? b.len / 2 : b.len));
        struct buf touched = kit_slurp(dir, KIT_SEGMENT);
        kit_note(j, "goes nowhere");
        assert_status(journal_commit(j, &why), ST_IO);
        assert_contains(why.text, "somebody else changed it");
        assert_true(journal_failed(j));
        journal_close(j, KIT_START_US);
        struct buf after = kit_slurp(dir, KIT_SEGMENT); /* evidence: not ours to cut */
        assert_span_eq(buf_span(&after), buf_span(&touched));
        buf_release(&b);
        buf_release(&touched);
        buf_release(&after);
        tmpdir_free(dir);
    }
}

static void a_next_segment_that_is_there_already_is_not_overwritten(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    struct journal *j;
    struct why why = {0};
    struct journal_options o = kit_options(dir);
    o.segment_bytes = 3000;
    assert_status(journal_open(&j, &o, NULL, NULL), ST_OK);
    kit_spit(dir, "000002.jsonl", SPAN("somebody's"));
    uint64_t committed = 0;
    while (!journal_failed(j)) {
        committed = journal_next(j);
        kit_note(j, "on the way to the next segment");
        kit_commit(j); /* also the last of them: it is durable, and only the next segment is not */
    }
    assert_status(journal_commit(j, &why), ST_IO);
    assert_contains(why.text, "cannot begin segment 2");
    journal_close(j, KIT_START_US);
    struct buf b = kit_slurp(dir, "000002.jsonl");
    assert_span_is(buf_span(&b), "somebody's");
    buf_release(&b);
    kit_remove(dir, "000002.jsonl");
    assert_true(kit_intact(dir).records >= committed);
    tmpdir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_fails_once),
        cmocka_unit_test(a_disk_that_fails_from_a_moment_on),
        cmocka_unit_test(a_disk_that_fills_up_in_the_middle_of_a_write),
        cmocka_unit_test(short_and_interrupted_writes_go_on),
        cmocka_unit_test(recovery_can_fail_at_every_call),
        cmocka_unit_test(the_calls_come_in_the_specified_order),
        cmocka_unit_test(a_real_limit_leaves_no_torn_end),
        cmocka_unit_test(somebody_elses_bytes_are_seen_at_the_next_commit),
        cmocka_unit_test(a_next_segment_that_is_there_already_is_not_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
