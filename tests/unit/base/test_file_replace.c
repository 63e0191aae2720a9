#include "file_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* The system calls whose order and failure matter are this program's own: the linker takes them
 * before libc's. */

/* m: mode, f: fsync of a file, d: fsync of a folder, c: close, r: rename */
static char calls[64];
static char failing_call; /* the letter of the call that fails, or 0 */

static int note_call(char letter)
{
    size_t n = strlen(calls);
    if (n + 1 < sizeof(calls)) {
        calls[n] = letter;
    }
    errno = EIO;
    return letter == failing_call ? -1 : 0;
}

int fsync(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return note_call(S_ISDIR(st.st_mode) ? 'd' : 'f') != 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

int fchmod(int fd, mode_t mode)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 077, 0); /* until all is written, it is open to nobody */
    return note_call('m') != 0 ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

/* Really closes, as the system does also when it reports an error; only a failing one is noted. */
int close(int fd)
{
    struct stat st;
    bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    int result = (int)syscall(SYS_close, fd);
    return failing_call == 'c' && is_file ? note_call('c') : result;
}

int renameat(int oldfd, const char *old, int newfd, const char *new)
{
    return note_call('r') != 0 ? -1 : (int)syscall(SYS_renameat2, oldfd, old, newfd, new, 0);
}

static void forget_calls(void)
{
    memset(calls, 0, sizeof(calls));
}

static int set_up_calls(void **state)
{
    int result = set_up(state);
    forget_calls();
    failing_call = 0;
    return result;
}

static void makes_a_file_with_exactly_this_mode(void **state)
{
    (void)state;
    static const mode_t modes[] = {0600, 0644, 0400, 0666, 0755};
    static const mode_t masks[] = {0, 022, 077};
    char *path = tmpdir_join(dir, "f");
    for (size_t i = 0; i < ARRAY_LEN(modes) * ARRAY_LEN(masks); i++) {
        (void)umask(masks[i % ARRAY_LEN(masks)]);
        mode_t mode = modes[i / ARRAY_LEN(masks)];
        assert_status(file_replace(path, SPAN("text"), mode, &why), ST_OK);
        assert_int_equal(mode_of(path), mode);
        assert_content(path, "text");
    }
    assert_int_equal(tmpdir_count(dir), 1);
    free(path);
}

static void the_file_is_durable_before_it_takes_the_name(void **state)
{
    (void)state;
    char *path = tmpdir_put(dir, "f", "old", 0600);
    forget_calls();
    assert_status(file_replace(path, SPAN("new"), 0600, &why), ST_OK);
    assert_string_equal(calls, "mfrd");
    assert_content(path, "new");
    free(path);
}

static void a_failure_leaves_the_old_file_and_no_other(void **state)
{
    (void)state;
    static const char steps[] = {'m', 'f', 'c', 'r'};
    char *path = tmpdir_put(dir, "f", "old", 0640);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        failing_call = steps[i];
        assert_status(file_replace(path, SPAN("new"), 0600, &why), ST_IO);
        assert_contains(why.text, "input/output error");
        assert_content(path, "old");
        assert_int_equal(mode_of(path), 0640);
        assert_int_equal(tmpdir_count(dir), 1);
    }
    free(path);
}

static void a_folder_that_cannot_be_synced_is_reported(void **state)
{
    (void)state;
    char *path = tmpdir_put(dir, "f", "old", 0600);
    failing_call = 'd';
    assert_status(file_replace(path, SPAN("new"), 0600, &why), ST_IO);
    assert_contains(why.text, "cannot make durable");
    assert_content(path, "new");
    assert_int_equal(tmpdir_count(dir), 1);
    free(path);
}

/* Files end after this many bytes, as they do on a full disk: with a short write, then an error. */
static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_short_write_leaves_the_old_file(void **state)
{
    (void)state;
    char *path = tmpdir_put(dir, "f", "old", 0600);
    char *flood = xmalloc(100001);
    fill(flood, 100000);
    limit_file_size(4096);
    enum status st = file_replace(path, span_str(flood), 0600, &why);
    limit_file_size(RLIM_INFINITY);
    assert_status(st, ST_IO);
    assert_contains(why.text, "file too large");
    assert_content(path, "old");
    assert_int_equal(tmpdir_count(dir), 1);
    free(flood);
    free(path);
}

static void links_are_followed_first(void **state)
{
    (void)state;
    char *target = tmpdir_put(dir, "target", "old", 0600);
    char *link = tmpdir_join(dir, "link");
    char *link2 = tmpdir_join(dir, "link2");
    assert_int_equal(symlink("target", link), 0);
    assert_int_equal(symlink(link, link2), 0);
    assert_status(file_replace(link2, SPAN("new"), 0600, &why), ST_OK);
    struct stat st;
    assert_int_equal(lstat(link2, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_content(target, "new");
    assert_int_equal(tmpdir_count(dir), 3);
    free(target);
    free(link);
    free(link2);
}

static void a_link_to_nowhere_is_not_replaced(void **state)
{
    (void)state;
    char *link = tmpdir_join(dir, "link");
    char *loop = tmpdir_join(dir, "loop");
    assert_int_equal(symlink("nowhere", link), 0);
    assert_int_equal(symlink("loop", loop), 0);
    assert_status(file_replace(link, SPAN("new"), 0600, &why), ST_NOTFOUND);
    assert_status(file_replace(loop, SPAN("new"), 0600, &why), ST_DENIED);
    assert_int_equal(tmpdir_count(dir), 2);
    free(link);
    free(loop);
}

static void only_regular_files_are_replaced(void **state)
{
    (void)state;
    char *fifo = tmpdir_join(dir, "fifo");
    char *folder = tmpdir_join(dir, "folder");
    char *with_slash = tmpdir_join(folder, "");
    char *new_with_slash = tmpdir_join(folder, "new/");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    const char *bad[] = {fifo, folder, with_slash, new_with_slash, "/", ".", "/dev/null"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_true(file_replace(bad[i], SPAN("new"), 0600, &why) != ST_OK);
    }
    assert_status(file_replace(fifo, SPAN("new"), 0600, &why), ST_INVALID);
    assert_status(file_replace(folder, SPAN("new"), 0600, &why), ST_INVALID);
    assert_status(file_replace("/tmp", SPAN("new"), 0600, &why), ST_INVALID);
    assert_status(file_replace("", SPAN("new"), 0600, &why), ST_INVALID);
    assert_int_equal(tmpdir_count(dir), 2);
    assert_int_equal(tmpdir_count(folder), 0);
    free(fifo);
    free(folder);
    free(with_slash);
    free(new_with_slash);
}

static void the_folder_must_be_there(void **state)
{
    (void)state;
    char *path = tmpdir_join(dir, "none/f");
    assert_status(file_replace(path, SPAN("new"), 0600, &why), ST_NOTFOUND);
    assert_contains(why.text, "folder of");
    free(path);
}

static void a_name_that_leaves_no_room_for_the_suffix_is_refused(void **state)
{
    (void)state;
    char name[256];
    fill(name, 255 - 17);
    char *fits = tmpdir_join(dir, name);
    fill(name, 255 - 16);
    char *over = tmpdir_join(dir, name);
    assert_status(file_replace(fits, SPAN("x"), 0600, &why), ST_OK);
    assert_status(file_replace(over, SPAN("x"), 0600, &why), ST_LIMIT);
    assert_int_equal(tmpdir_count(dir), 1);
    free(fits);
    free(over);
}

static void names_may_be_relative(void **state)
{
    (void)state;
    int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(home >= 0);
    assert_int_equal(chdir(dir), 0);
    enum status st = file_replace("plain", SPAN("here"), 0600, &why);
    assert_int_equal(fchdir(home), 0);
    assert_int_equal(close(home), 0);
    assert_status(st, ST_OK);
    char *path = tmpdir_join(dir, "plain");
    assert_content(path, "here");
    free(path);
}

static void all_bytes_and_none(void **state)
{
    (void)state;
    char *path = tmpdir_join(dir, "f");
    assert_status(file_replace(path, SPAN("a\0b\n\xff"), 0600, &why), ST_OK);
    assert_status(file_read(path, &buf, &why), ST_OK);
    assert_span_eq(buf_span(&buf), SPAN("a\0b\n\xff"));
    assert_status(file_replace(path, SPAN_NONE, 0600, &why), ST_OK);
    assert_content(path, "");
    free(path);
}

#define BIG_BYTES 200000

struct race {
    const char *path;
    atomic_bool done;
    unsigned reads;
    unsigned torn;
};

/* Everything that it reads is all 'a' or all 'b'. */
static void *read_all_the_time(void *arg)
{
    struct race *race = arg;
    struct buf got;
    buf_init(&got, BIG_BYTES);
    while (!atomic_load(&race->done) || race->reads == 0) {
        bool whole = file_read(race->path, &got, NULL) == ST_OK && got.len == BIG_BYTES &&
                     memchr(got.data, got.data[0] == 'a' ? 'b' : 'a', got.len) == NULL;
        race->torn += !whole;
        race->reads++;
    }
    buf_release(&got);
    return NULL;
}

static void a_reader_sees_the_old_or_the_new_file(void **state)
{
    (void)state;
    char *text = xmalloc(BIG_BYTES);
    char *path = tmpdir_join(dir, "f");
    struct race race = {.path = path};
    pthread_t reader;
    memset(text, 'a', BIG_BYTES);
    assert_status(file_replace(path, (struct span){text, BIG_BYTES}, 0600, &why), ST_OK);
    assert_int_equal(pthread_create(&reader, NULL, read_all_the_time, &race), 0);
    for (int i = 0; i < 200; i++) {
        memset(text, i % 2 == 0 ? 'b' : 'a', BIG_BYTES);
        assert_status(file_replace(path, (struct span){text, BIG_BYTES}, 0600, &why), ST_OK);
    }
    atomic_store(&race.done, true);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_true(race.reads > 0);
    assert_int_equal(race.torn, 0);
    free(text);
    free(path);
}

#define CALLS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_calls, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALLS_TEST(makes_a_file_with_exactly_this_mode),
        CALLS_TEST(the_file_is_durable_before_it_takes_the_name),
        CALLS_TEST(a_failure_leaves_the_old_file_and_no_other),
        CALLS_TEST(a_folder_that_cannot_be_synced_is_reported),
        CALLS_TEST(a_short_write_leaves_the_old_file),
        CALLS_TEST(links_are_followed_first),
        CALLS_TEST(a_link_to_nowhere_is_not_replaced),
        CALLS_TEST(only_regular_files_are_replaced),
        CALLS_TEST(the_folder_must_be_there),
        CALLS_TEST(a_name_that_leaves_no_room_for_the_suffix_is_refused),
        CALLS_TEST(names_may_be_relative),
        CALLS_TEST(all_bytes_and_none),
        CALLS_TEST(a_reader_sees_the_old_or_the_new_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
