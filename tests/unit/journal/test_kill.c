/* A writer is killed again and again; everything that it said was committed is there. */
#include "journal_kit.h"

#include <signal.h>
#include <sys/wait.h>

#include "checkrein/num.h"
#include "prng.h"

#define ROUNDS        30
#define ACKED_MAX     60
#define SEGMENT_BYTES 9000 /* so that it is killed while it changes segments, too */

/* Never comes back. After each commit the number of the note goes into the pipe. */
static void write_until_killed(const char *dir, uint32_t round, int pipe_fd)
{
    struct journal *j;
    struct journal_options o = kit_options(dir);
    o.segment_bytes = SEGMENT_BYTES;
    if (journal_open(&j, &o, NULL, NULL) != ST_OK) {
        _exit(1);
    }
    for (uint32_t i = 0;; i++) {
        char text[400];
        int n = snprintf(text, sizeof(text), "%u.%u %*s", round, i, (int)(i * 37 % 300), "");
        enum status st = journal_note(j, KIT_START_US, (struct span){text, (size_t)n}, NULL);
        if (st == ST_OK && i % 3 == 0) {
            st = journal_seal(j, KIT_START_US);
        }
        if (st != ST_OK || journal_commit(j, NULL) != ST_OK ||
            write(pipe_fd, &i, sizeof(i)) != sizeof(i)) {
            _exit(1);
        }
    }
}

/* How many notes it had acknowledged when it was dead. */
static uint32_t kill_after(const char *dir, uint32_t round, uint64_t acks)
{
    int fds[2];
    uint32_t acked = 0;
    uint32_t i;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(fds[0]);
        write_until_killed(dir, round, fds[1]);
    }
    (void)close(fds[1]);
    while (read(fds[0], &i, sizeof(i)) ==
           sizeof(i)) { /* to its end: what it said before it died counts */
        assert_int_equal(i, acked);
        acked++;
        if (acked == acks) {
            assert_int_equal(kill(child, SIGKILL), 0);
        }
    }
    int wait_status = 0;
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    assert_true(WIFSIGNALED(wait_status));
    (void)close(fds[0]);
    return acked;
}

#define SMALL_SEGMENT_BYTES 1500
#define FAST_NOTES          3000

struct seen {
    uint32_t notes[ROUNDS];
};

/* Notes of each round, which must come in order and without a gap. */
static struct seen read_back(const char *dir)
{
    struct seen seen = {0};
    struct journal_cursor *c;
    struct journal_record r;
    uint64_t last = 0;
    assert_status(journal_cursor_open(&c, dir, NULL), ST_OK);
    while (journal_cursor_next(c, &r, NULL) == ST_OK) {
        assert_int_equal(r.n, last + 1);
        last = r.n;
        if (r.kind == JOURNAL_NOTE) {
            struct span rest = span_sub(r.body, 1, r.body.n);
            struct span piece;
            int64_t round;
            int64_t i;
            assert_true(span_next(&rest, '.', &piece));
            assert_status(num_parse(piece, 0, ROUNDS - 1, &round), ST_OK);
            assert_true(span_next(&rest, ' ', &piece));
            assert_status(num_parse(piece, 0, INT32_MAX, &i), ST_OK);
            assert_int_equal(seen.notes[round], i);
            seen.notes[round]++;
        }
    }
    journal_cursor_close(c);
    return seen;
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    struct prng rng = {.state = 30};
    uint32_t acked[ROUNDS];
    for (uint32_t round = 0; round < ROUNDS; round++) {
        acked[round] = kill_after(dir, round, 1 + prng_below(&rng, ACKED_MAX));
        struct journal_report report =
            kit_verify(dir); /* as it lies there, before anybody mends it */
        assert_true(report.verdict == VERIFY_INTACT || report.verdict == VERIFY_TORN_TAIL);
        struct seen seen = read_back(dir);
        for (uint32_t k = 0; k <= round; k++) {
            assert_in_range(seen.notes[k], acked[k], acked[k] + 1); /* one was on its way */
        }
    }
    journal_close(kit_open(dir, NULL), KIT_START_US);
    (void)kit_intact(dir);
    assert_true(kit_exists(dir, "000003.jsonl"));
    tmpdir_free(dir);
}

/* ---- readers beside a writer, over many changes of segment */

/* A process that writes as fast as it can, and ends. */
static pid_t start_writer(const char *dir)
{
    int fds[2];
    char ready;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *j;
        struct journal_options o = kit_options(dir);
        struct journal_io io = kit_quick_io();
        o.segment_bytes = SMALL_SEGMENT_BYTES;
        bool good = journal_open_io(&j, &o, NULL, &io, NULL) == ST_OK && write(fds[1], "r", 1) == 1;
        for (int i = 0; i < FAST_NOTES && good; i++) {
            good = journal_note(j, KIT_START_US, SPAN("written while it is read"), NULL) == ST_OK &&
                   journal_commit(j, NULL) == ST_OK;
        }
        _exit(good ? 0 : 1);
    }
    assert_int_equal(read(fds[0], &ready, 1), 1);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return child;
}

static bool is_running(pid_t child)
{
    int wait_status = 0;
    if (waitpid(child, &wait_status, WNOHANG) == 0) {
        return true;
    }
    assert_true(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
    return false;
}

static void verification_beside_a_writer_never_sees_a_fault(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    uint64_t records = 0;
    pid_t child = start_writer(dir);
    while (is_running(child)) {
        struct journal_report report = kit_verify(dir);
        if (report.verdict != VERIFY_INTACT && report.verdict != VERIFY_TORN_TAIL) {
            print_error("%s: %s\n", report.file, report.what);
        }
        assert_true(report.verdict == VERIFY_INTACT || report.verdict == VERIFY_TORN_TAIL);
        assert_true(report.records >= records);
        records = report.records;
    }
    assert_true(kit_intact(dir).records > FAST_NOTES);
    tmpdir_free(dir);
}

/* Waiting at the very end all the time, where a segment ends under it. */
static void a_follower_misses_nothing(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    struct journal_cursor *c;
    struct journal_record r;
    struct why why = {0};
    uint64_t last = 0;
    pid_t child = start_writer(dir);
    assert_status(journal_cursor_open(&c, dir, &why), ST_OK);
    for (bool running = true; running;) {
        running = is_running(child); /* asked first: what it wrote last is still read below */
        enum status st;
        while ((st = journal_cursor_next(c, &r, &why)) == ST_OK) {
            assert_int_equal(r.n, last + 1);
            last = r.n;
        }
        assert_status(st, ST_END);
    }
    journal_cursor_close(c);
    assert_int_equal(kit_intact(dir).records, last);
    tmpdir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verification_beside_a_writer_never_sees_a_fault),
        cmocka_unit_test(a_follower_misses_nothing),
        cmocka_unit_test(nothing_acknowledged_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
