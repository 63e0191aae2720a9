/* One writer a folder, and a key that nobody else may read. */
#include "journal_kit.h"

#include <signal.h>
#include <sys/wait.h>

#include "checkrein/alloc.h"

static int set_up(void **state)
{
    *state = tmpdir_new();
    return 0;
}

static int tear_down(void **state)
{
    tmpdir_free(*state);
    return 0;
}

static enum status try_open(const char *dir, const char *writer, struct why *why)
{
    struct journal *j;
    struct journal_options o = {.dir = dir, .writer = writer, .now_us = KIT_START_US};
    enum status st = journal_open(&j, &o, NULL, why);
    journal_close(j, KIT_START_US);
    return st;
}

static void a_second_writer_is_told_who_holds_it(void **state)
{
    const char *dir = *state;
    struct why why = {0};
    char holder[64];
    struct journal *j = kit_open(dir, NULL);
    struct buf before = kit_slurp(dir, KIT_SEGMENT);
    assert_status(try_open(dir, "console", &why), ST_EXISTS);
    (void)snprintf(holder, sizeof(holder), "the daemon with process id %ld", (long)getpid());
    assert_contains(why.text, holder);
    assert_contains(why.text, dir);
    struct buf after = kit_slurp(dir, KIT_SEGMENT);
    assert_span_eq(buf_span(&after), buf_span(&before));
    buf_release(&before);
    buf_release(&after);
    kit_note(j, "the first one is not disturbed");
    kit_commit(j);
    journal_close(j, KIT_START_US);
    struct buf lock = kit_slurp(dir, "lock");
    assert_int_equal(lock.len, 0);
    buf_release(&lock);
    assert_status(try_open(dir, "console", NULL), ST_OK);
    (void)kit_intact(dir);
}

/* The words come from a file that anybody with our rights may write. */
static void a_lock_file_with_rubbish_is_not_repeated(void **state)
{
    const char *dir = *state;
    static const char *const texts[] = {
        "",   "x",     "\x1b[2J",         "0 daemon\n",  "-5 daemon\n",
        "12", "12 \n", "99999999999 x\n", "12x daemon\n"};
    struct journal *j = kit_open(dir, NULL);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct why why = {0};
        kit_spit(dir, "lock", span_str(texts[i]));
        assert_status(try_open(dir, "console", &why), ST_EXISTS);
        assert_contains(why.text, "another process");
        assert_null(strchr(why.text, '\x1b'));
    }
    journal_close(j, KIT_START_US);
}

static void a_killed_writer_holds_nothing(void **state)
{
    const char *dir = *state;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct journal *j;
        struct journal_options o = kit_options(dir);
        if (journal_open(&j, &o, NULL, NULL) == ST_OK && write(ready[1], "r", 1) == 1) {
            for (;;) {
                (void)pause();
            }
        }
        _exit(1);
    }
    char c;
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_status(try_open(dir, "console", NULL), ST_EXISTS);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_status(try_open(dir, "console", NULL), ST_OK);
    (void)close(ready[0]);
}

static void a_lock_that_is_no_file_is_refused(void **state)
{
    const char *dir = *state;
    struct why why = {0};
    char *path = tmpdir_join(dir, "lock");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_status(try_open(dir, "daemon", &why), ST_INVALID);
    kit_remove(dir, "lock");
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_status(try_open(dir, "daemon", &why), ST_IO);
    assert_contains(why.text, "lock");
    free(path);
}

static void an_open_folder_is_refused(void **state)
{
    const char *dir = *state;
    struct why why = {0};
    assert_int_equal(chmod(dir, 0770), 0);
    assert_status(try_open(dir, "daemon", &why), ST_DENIED);
    assert_contains(why.text, "can be written by others");
    assert_int_equal(tmpdir_count(dir), 0);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    const char *dir = *state;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0644, 0666};
    char *path = tmpdir_join(dir, "key");
    assert_status(try_open(dir, "daemon", NULL), ST_OK);
    struct buf before = kit_slurp(dir, KIT_SEGMENT);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct why why = {0};
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_status(try_open(dir, "daemon", &why), ST_DENIED);
        assert_contains(why.text, "chmod 600");
    }
    assert_int_equal(chmod(path, 0600), 0);
    struct buf after = kit_slurp(dir, KIT_SEGMENT);
    assert_span_eq(buf_span(&after), buf_span(&before));
    buf_release(&before);
    buf_release(&after);
    assert_status(try_open(dir, "daemon", NULL), ST_OK);
    free(path);
}

static void a_key_that_is_none_is_refused(void **state)
{
    const char *dir = *state;
    static const char *const keys[] = {
        "",
        "\n",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "000000000000000000000000000000000000000000000000000000000000001\n\n",
        "000000000000000000000000000000000000000000000000000000000000000g\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct why why = {0};
        kit_spit(dir, "key", span_str(keys[i]));
        assert_status(try_open(dir, "daemon", &why), ST_INVALID);
        assert_contains(why.text, "64 hex digits");
        assert_null(strstr(why.text, "00000"));
    }
    struct why why = {0};
    kit_spit(dir, "key",
             SPAN("0000000000000000000000000000000000000000000000000000000000000001\n and more"));
    assert_status(try_open(dir, "daemon", &why), ST_LIMIT);
    assert_false(kit_exists(dir, KIT_SEGMENT));
}

/* A key that the operator brings along is used. */
static void a_given_key_is_kept(void **state)
{
    const char *dir = *state;
    kit_spit(dir, "key",
             SPAN("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n"));
    assert_status(try_open(dir, "daemon", NULL), ST_OK);
    struct buf b = kit_slurp(dir, "key.pub");
    assert_span_is(buf_span(&b),
                   "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n");
    buf_release(&b);
    struct buf segment = kit_slurp(dir, KIT_SEGMENT);
    assert_false(kit_has(buf_span(&segment), "9d61b19deffd5a60")); /* the seed is nowhere else */
    buf_release(&segment);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_second_writer_is_told_who_holds_it),
        IN_FOLDER(a_lock_file_with_rubbish_is_not_repeated),
        IN_FOLDER(a_killed_writer_holds_nothing),
        IN_FOLDER(a_lock_that_is_no_file_is_refused),
        IN_FOLDER(an_open_folder_is_refused),
        IN_FOLDER(a_key_that_others_can_read_is_refused),
        IN_FOLDER(a_key_that_is_none_is_refused),
        IN_FOLDER(a_given_key_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
