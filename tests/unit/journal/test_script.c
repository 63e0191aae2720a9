/* The program in docs/JOURNAL.md, taken out of it as it stands there, verifies what we write. */
#include "journal_kit.h"

#include <spawn.h>
#include <sys/wait.h>

#include "checkrein/num.h"

#define OUTPUT_BYTES 16384

extern char **environ;

struct fixture {
    char *dir;  /* the record */
    char *work; /* the program and its output */
    char *script;
};

/* Between the fences that mark it as Python. */
static struct span find_program(struct span document)
{
    const char *start = memmem(document.p, document.n, "\n```python\n", 11);
    assert_non_null(start);
    start += 11;
    size_t left = document.n - (size_t)(start - document.p);
    const char *end = memmem(start, left, "\n```\n", 5);
    assert_non_null(end);
    return (struct span){start, (size_t)(end - start) + 1};
}

static void make_record(const char *dir)
{
    struct journal *j;
    struct journal_options o = kit_options(dir);
    struct event ev;
    o.segment_bytes = 2500;
    assert_status(journal_open(&j, &o, NULL, NULL), ST_OK);
    for (int i = 0; i < 10; i++) {
        kit_event(&ev, "01K0000000000000000000000A");
        assert_status(journal_event(j, KIT_START_US, &ev, NULL), ST_OK);
        assert_status(
            journal_raw(j, KIT_START_US, SPAN("hook/claude"), SPAN("\xff\x00\n \"raw\""), NULL),
            ST_OK);
        assert_status(journal_note(j, KIT_START_US,
                                   SPAN("Gr\xc3\xbc\xc3\x9f"
                                        "e \"quoted\"\r\n\x1b[0m"),
                                   NULL),
                      ST_OK);
        kit_commit(j);
    }
    journal_close(j, KIT_START_US);
}

static int set_up(void **state)
{
    static struct fixture f;
    f.dir = tmpdir_new();
    f.work = tmpdir_new();
    make_record(f.dir);
    struct buf doc = kit_slurp(TESTS_DIR "/../docs", "JOURNAL.md");
    struct span program = find_program(buf_span(&doc));
    assert_in_range(kit_lines(program), 10, 35);
    kit_spit(f.work, "verify.py", program);
    f.script = tmpdir_join(f.work, "verify.py");
    buf_release(&doc);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    free(f->script);
    tmpdir_free(f->dir);
    tmpdir_free(f->work);
    return 0;
}

/* Exit code of the command; all that it wrote is in the file "output". */
static int run(const struct fixture *f, char *const argv[])
{
    pid_t child;
    int wait_status = 0;
    posix_spawn_file_actions_t actions;
    char *output = tmpdir_join(f->work, "output");
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output,
                                                      O_WRONLY | O_CREAT | O_TRUNC, 0600),
                     0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO), 0);
    int failed = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    free(output);
    if (failed != 0) {
        return 127;
    }
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 126;
}

static void need_tools(const struct fixture *f)
{
    char *const python[] = {"python3", "-c", "import hashlib", NULL};
    char *const openssl[] = {"openssl", "version", NULL};
    if (run(f, python) != 0 || run(f, openssl) != 0) {
        print_message("python3 or openssl is missing\n");
        skip();
    }
}

static void assert_says(const struct fixture *f, char *key, int code, const char *words)
{
    char *const argv[] = {"python3", f->script, f->dir, key, NULL};
    int got = run(f, argv);
    struct buf output = kit_slurp(f->work, "output");
    assert_contains(output.data, words);
    assert_int_equal(got, code);
    buf_release(&output);
}

static void it_agrees_that_the_record_is_intact(void **state)
{
    struct fixture *f = *state;
    need_tools(f);
    struct journal_report report = kit_intact(f->dir);
    assert_true(kit_exists(f->dir, "000003.jsonl"));
    char words[256];
    (void)snprintf(words, sizeof(words), "intact: %llu records, sealed up to %llu, head %s",
                   (unsigned long long)report.records, (unsigned long long)report.last_seal_n,
                   report.head);
    assert_says(f, NULL, 0, words);
    char key[HEX_BYTES(32)];
    hex_encode(report.key, 32, key);
    assert_says(f, key, 0, words);
    memset(key, '0', 64);
    assert_says(f, key, 1, "000001.jsonl:2: seal does not hold");
}

/* Sets one byte of the text in the segment, and takes it back when `undo` is set. */
static void change(const struct fixture *f, const char *segment, const char *text, char byte)
{
    struct buf b = kit_slurp(f->dir, segment);
    char *at = memmem(b.data, b.len, text, strlen(text));
    assert_non_null(at);
    at[strlen(text) - 1] = byte;
    kit_spit(f->dir, segment, buf_span(&b));
    buf_release(&b);
}

static void it_sees_what_was_changed(void **state)
{
    struct fixture *f = *state;
    need_tools(f);
    change(f, "000002.jsonl", "quoted", 'D');
    struct journal_report report = kit_verify(f->dir);
    assert_int_equal(report.verdict, VERIFY_BROKEN);
    assert_says(f, NULL, 1, "does not chain");
    change(f, "000002.jsonl", "quoteD", 'd');
    assert_says(f, NULL, 0, "intact");
    change(f, KIT_SEGMENT, "\"sig\":\"", 'x'); /* not even JSON any more */
    assert_says(f, NULL, 1, "");
}

static void it_misses_the_last_segment(void **state)
{
    struct fixture *f = *state;
    char last[32];
    unsigned n = 1;
    need_tools(f);
    do {
        (void)snprintf(last, sizeof(last), "%06u.jsonl", ++n);
    } while (kit_exists(f->dir, last));
    (void)snprintf(last, sizeof(last), "%06u.jsonl", n - 1);
    kit_remove(f->dir, last);
    assert_int_equal(kit_verify(f->dir).verdict, VERIFY_BROKEN);
    assert_says(f, NULL, 1, "the segment that the last seal names is missing");
}

static void it_sees_a_forged_seal_and_a_torn_end(void **state)
{
    struct fixture *f = *state;
    need_tools(f);
    char last[32];
    unsigned n = 1;
    do {
        (void)snprintf(last, sizeof(last), "%06u.jsonl", ++n);
    } while (kit_exists(f->dir, last));
    (void)snprintf(last, sizeof(last), "%06u.jsonl", n - 1);
    struct buf b = kit_slurp(f->dir, last);
    char *digit = &b.data[b.len - 20];
    char kept = *digit;
    *digit = kept == '0' ? '1' : '0';
    kit_spit(f->dir, last, buf_span(&b));
    assert_says(f, NULL, 1, "seal does not hold");
    *digit = kept;
    kit_spit(f->dir, last, span_sub(buf_span(&b), 0, b.len - 5));
    assert_says(f, NULL, 1, "unfinished line");
    buf_release(&b);
}

/* The record begins with a later segment, and a tombstone says so; then with one more. */
static void it_takes_a_tombstone_for_what_is_gone(void **state)
{
    struct fixture *f = *state;
    struct why why = {0};
    struct journal_drop drop;
    struct journal_keep keep = {.bytes = 6000};
    need_tools(f);
    struct journal *j = kit_open(f->dir, NULL);
    assert_status(journal_droppable(j, KIT_START_US, &keep, &drop, &why), ST_OK);
    assert_int_equal(drop.first_segment, 1);
    assert_status(journal_drop(j, KIT_START_US, &drop, &why), ST_OK);
    journal_close(j, KIT_START_US);
    assert_int_equal(kit_intact(f->dir).first_n, drop.last + 1);
    assert_says(f, NULL, 0, "intact");
    char name[SEGMENT_NAME_BYTES];
    segment_name(drop.last_segment + 1, name);
    kit_remove(f->dir, name);
    assert_says(f, NULL, 1, "no sealed tombstone says why");
}

#define WRITTEN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITTEN(it_agrees_that_the_record_is_intact),
        WRITTEN(it_sees_what_was_changed),
        WRITTEN(it_misses_the_last_segment),
        WRITTEN(it_sees_a_forged_seal_and_a_torn_end),
        WRITTEN(it_takes_a_tombstone_for_what_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
