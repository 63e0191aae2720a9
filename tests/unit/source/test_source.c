/* Secrets from where they are kept: given out once, and every way in which there is none says why.
 */
#include "expect.h"
#include "tmpdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/clock.h"
#include "checkrein/source.h"

#define DEADLINE_US 20000000

struct answer {
    int count;
    char secret[256], why[WHY_TEXT_BYTES];
};

static void on_secret(void *ctx, struct span secret, const char *why)
{
    struct answer *a = ctx;
    a->count++;
    (void)span_copy(secret, a->secret, sizeof(a->secret));
    (void)snprintf(a->why, sizeof(a->why), "%s", why);
}

static struct answer asked(enum source_kind kind, const char *text)
{
    struct loop *l = NULL;
    struct answer a = {0};
    struct source s = {kind, (char *)text};
    int64_t until = clock_mono_us() + DEADLINE_US;
    assert_int_equal(loop_new(&l, NULL), ST_OK);
    (void)source_begin(l, &s, on_secret, &a);
    assert_int_equal(a.count, 0);
    while (a.count == 0 && clock_mono_us() < until) {
        assert_int_equal(loop_turn(l, 100), ST_OK);
    }
    assert_int_equal(a.count, 1);
    loop_free(l);
    return a;
}

static void a_file_is_ours_alone(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    char *path = tmpdir_put(dir, "token", "  a-secret-of-the-file\r\n", 0600);
    assert_string_equal(asked(SOURCE_FILE, path).secret, "a-secret-of-the-file");
    assert_int_equal(chmod(path, 0644), 0);
    struct answer open_to_all = asked(SOURCE_FILE, path);
    assert_string_equal(open_to_all.secret, "");
    assert_non_null(strstr(open_to_all.why, path));
    assert_int_equal(unlink(path), 0);
    assert_true(asked(SOURCE_FILE, path).why[0] != '\0');
    free(path);
    tmpdir_free(dir);
}

static void what_cannot_be_a_secret_is_none(void **state)
{
    static const char *const commands[] = {
        "printf 'two-lines\\nof-it-here'", "printf 'short'", "printf 'a blank inside'",
        "printf 'a-\\033-control'",        "printf ''",      "printf 'gr\\303\\274n-and-more'",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct answer a = asked(SOURCE_COMMAND, commands[i]);
        assert_string_equal(a.secret, "");
        assert_true(a.why[0] != '\0');
    }
}

static void a_command_gives_what_it_writes(void **state)
{
    (void)state;
    assert_string_equal(asked(SOURCE_COMMAND, "echo a-secret-of-a-command").secret,
                        "a-secret-of-a-command");
    /* What it leaves behind does not keep it open. */
    assert_string_equal(asked(SOURCE_COMMAND, "sleep 60 & echo a-secret-of-a-command").secret,
                        "a-secret-of-a-command");
    struct answer failed = asked(SOURCE_COMMAND, "echo a-secret-of-a-command; exit 3");
    assert_string_equal(failed.secret, "");
    assert_string_equal(failed.why, "the command failed (exit code 3)");
    struct answer much = asked(SOURCE_COMMAND, "yes");
    assert_string_equal(much.secret, "");
    assert_string_equal(much.why, "the command wrote too much and was killed");
    /* Its output is closed and it goes on: it is killed all the same. */
    struct answer late = asked(SOURCE_COMMAND, "echo a-secret-of-a-command; exec >&-; sleep 600");
    assert_string_equal(late.secret, "");
    assert_string_equal(late.why, "the command took too long and was killed");
}

static void a_credential_is_in_its_folder(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    free(tmpdir_put(dir, "client", "a-secret-of-systemd", 0440));
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_non_null(strstr(asked(SOURCE_CREDENTIAL, "client").why, "CREDENTIALS_DIRECTORY"));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
    assert_string_equal(asked(SOURCE_CREDENTIAL, "client").secret, "a-secret-of-systemd");
    assert_string_equal(asked(SOURCE_CREDENTIAL, "other").secret, "");
    tmpdir_free(dir);
}

static void who_cancels_hears_nothing(void **state)
{
    (void)state;
    struct loop *l = NULL;
    struct answer a = {0};
    struct source s = {SOURCE_COMMAND, (char *)"sleep 600"};
    assert_int_equal(loop_new(&l, NULL), ST_OK);
    struct source_read *r = source_begin(l, &s, on_secret, &a);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(loop_turn(l, 10), ST_OK);
    }
    source_cancel(r);
    assert_int_equal(loop_turn(l, 10), ST_OK);
    assert_int_equal(a.count, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and leaves no zombie */
    loop_free(l);
}

/* Each is told at once, and none is waited for. */
static void what_is_no_file_of_ours_is_not_read(void **state)
{
    (void)state;
    char *dir = tmpdir_new();
    char *real = tmpdir_put(dir, "token", "a-secret-of-the-file", 0600);
    char link[512];
    char fifo[512];
    char huge[512];
    (void)snprintf(link, sizeof(link), "%s/link", dir);
    (void)snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
    (void)snprintf(huge, sizeof(huge), "%s/huge", dir);
    assert_int_equal(symlink(real, link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int fd = open(huge, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
    assert_int_equal(close(fd), 0);
    const char *const paths[] = {link, fifo, huge, dir, "/dev/zero"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct answer a = asked(SOURCE_FILE, paths[i]);
        assert_string_equal(a.secret, "");
        assert_true(a.why[0] != '\0');
    }
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
    assert_string_equal(asked(SOURCE_CREDENTIAL, "fifo").secret, "");
    free(real);
    tmpdir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_ours_alone),
        cmocka_unit_test(what_cannot_be_a_secret_is_none),
        cmocka_unit_test(a_command_gives_what_it_writes),
        cmocka_unit_test(a_credential_is_in_its_folder),
        cmocka_unit_test(who_cancels_hears_nothing),
        cmocka_unit_test(what_is_no_file_of_ours_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
