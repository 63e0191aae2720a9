#include "file_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static void missing_files_are_not_found(void **state)
{
    (void)state;
    char *file = tmpdir_put(dir, "file", "x", 0600);
    char *missing = tmpdir_join(dir, "none");
    char *below_file = tmpdir_join(file, "none");
    assert_status(file_read(missing, &buf, &why), ST_NOTFOUND);
    assert_contains(why.text, "none: no such file");
    assert_status(file_read(below_file, &buf, &why), ST_NOTFOUND);
    assert_status(file_read("", &buf, NULL), ST_NOTFOUND);
    assert_status(file_read_secret(missing, &buf, &why), ST_NOTFOUND);
    free(file);
    free(missing);
    free(below_file);
}

static void assert_not_regular(const char *path)
{
    assert_status(file_read(path, &buf, &why), ST_INVALID);
    assert_status(file_read_secret(path, &buf, &why), ST_INVALID);
    assert_int_equal(buf.len, 0);
}

static void only_regular_files_are_read(void **state)
{
    (void)state;
    char *fifo = tmpdir_join(dir, "fifo");
    char *sock = tmpdir_join(dir, "sock");
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(span_copy(span_str(sock), addr.sun_path, sizeof(addr.sun_path)));
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_not_regular(fifo); /* nobody writes: a plain open would wait for ever */
    assert_not_regular(sock);
    assert_not_regular(dir);
    assert_not_regular("/dev/null");
    assert_not_regular("/dev/zero");
    assert_int_equal(close(fd), 0);
    free(fifo);
    free(sock);
}

static void the_limit_of_the_buffer_holds(void **state)
{
    (void)state;
    char text[1002];
    fill(text, 1000);
    char *fits = tmpdir_put(dir, "fits", text, 0600);
    fill(text, 1001);
    char *over = tmpdir_put(dir, "over", text, 0600);
    assert_status(file_read(fits, &buf, &why), ST_OK);
    assert_int_equal(buf.len, 1000);
    assert_status(file_read(over, &buf, &why), ST_LIMIT);
    assert_contains(why.text, "longer than 1000 bytes");
    assert_int_equal(buf.len, 0);
    assert_status(file_read_secret(over, &buf, &why), ST_LIMIT);
    free(fits);
    free(over);
}

static void the_limit_holds_for_files_that_hide_their_size(void **state)
{
    (void)state;
    assert_status(file_read("/proc/self/comm", &buf, &why), ST_OK); /* fstat says 0 bytes */
    assert_true(buf.len > 1);
    buf_release(&buf);
    buf_init(&buf, 10);
    assert_status(file_read("/proc/self/status", &buf, &why), ST_LIMIT);
    assert_int_equal(buf.len, 0);
    buf_release(&buf);
    buf_init(&buf, 1 << 20);
    assert_status(file_read("/proc/self/status", &buf, &why), ST_OK);
    assert_true(buf.len > 200);
}

static void a_read_replaces_what_was_there(void **state)
{
    (void)state;
    char *path = tmpdir_put(dir, "f", "new", 0600);
    char *empty = tmpdir_put(dir, "e", "", 0600);
    (void)buf_addstr(&buf, "old and longer");
    assert_status(file_read(path, &buf, &why), ST_OK);
    assert_span_is(buf_span(&buf), "new");
    assert_status(file_read(path, &buf, NULL), ST_OK);
    assert_span_is(buf_span(&buf), "new");
    assert_status(file_read(empty, &buf, &why), ST_OK);
    assert_int_equal(buf.len, 0);
    assert_status(file_read("/nonexistent", &buf, &why), ST_NOTFOUND);
    assert_span_is(buf_span(&buf), "");
    free(path);
    free(empty);
}

static void a_plain_read_follows_links(void **state)
{
    (void)state;
    char *path = tmpdir_put(dir, "f", "text", 0600);
    char *link = tmpdir_join(dir, "link");
    assert_int_equal(symlink("f", link), 0);
    assert_status(file_read(link, &buf, &why), ST_OK);
    assert_span_is(buf_span(&buf), "text");
    assert_status(file_read_secret(link, &buf, &why), ST_DENIED);
    free(path);
    free(link);
}

static void a_secret_is_open_to_nobody_else(void **state)
{
    (void)state;
    char *path = tmpdir_put(dir, "token", "s3cret", 0600);
    for (mode_t others = 1; others < 0100; others++) {
        assert_int_equal(chmod(path, 0600 | others), 0);
        assert_status(file_read_secret(path, &buf, &why), ST_DENIED);
        assert_int_equal(buf.len, 0);
    }
    assert_contains(why.text, "mode 0677");
    assert_null(strstr(why.text, "s3cret"));
    static const mode_t good[] = {0600, 0400, 0700};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(chmod(path, good[i]), 0);
        assert_status(file_read_secret(path, &buf, &why), ST_OK);
        assert_span_is(buf_span(&buf), "s3cret");
    }
    free(path);
}

static void a_secret_is_ours(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    char *path = tmpdir_put(dir, "token", "s3cret", 0600);
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_status(file_read_secret(path, &buf, &why), ST_DENIED);
    assert_contains(why.text, "another user");
    assert_status(file_read(path, &buf, &why), ST_OK);
    free(path);
}

static void a_secret_is_read_into_one_piece_of_memory(void **state)
{
    (void)state;
    char text[901];
    fill(text, 900);
    char *path = tmpdir_put(dir, "token", text, 0600);
    assert_status(file_read_secret(path, &buf, &why), ST_OK);
    assert_int_equal(buf.cap,
                     902); /* the bytes, the one that shows the end, the NUL: never grown */
    free(path);
}

static void a_failing_write_keeps_errno(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_status(file_write_all(full, "x", 1), ST_IO);
    assert_int_equal(errno, ENOSPC);
    assert_status(file_write_all(full, NULL, 0), ST_OK);
    assert_int_equal(close(full), 0);
    assert_status(file_write_all(-1, "x", 1), ST_IO);
    assert_int_equal(errno, EBADF);
}

static volatile sig_atomic_t ticks;

static void count_tick(int signal_number)
{
    (void)signal_number;
    ticks++;
}

#define FLOOD_BYTES ((size_t)4 << 20)

struct drain {
    int fd;
    size_t bytes;
    bool in_order;
};

/* Does not begin before the writer, stuck in a full pipe, was interrupted several times. */
static void *drain_later(void *arg)
{
    struct drain *d = arg;
    char piece[1000];
    while (ticks < 5) {
        (void)sched_yield();
    }
    ssize_t n;
    while ((n = read(d->fd, piece, sizeof(piece))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            d->in_order &= piece[i] == (char)(d->bytes++ % 251);
        }
    }
    return NULL;
}

static void tick_every_ms(suseconds_t ms)
{
    const struct itimerval every = {.it_interval = {.tv_usec = ms * 1000},
                                    .it_value = {.tv_usec = ms * 1000}};
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static void signals_and_short_writes_lose_nothing(void **state)
{
    (void)state;
    const struct sigaction no_restart = {.sa_handler = count_tick};
    int ends[2];
    pthread_t reader;
    sigset_t alarm_only;
    char *flood = xmalloc(FLOOD_BYTES);
    for (size_t i = 0; i < FLOOD_BYTES; i++) {
        flood[i] = (char)(i % 251);
    }
    assert_int_equal(pipe(ends), 0);
    struct drain d = {.fd = ends[0], .in_order = true};
    assert_int_equal(sigaction(SIGALRM, &no_restart, NULL), 0);
    (void)sigemptyset(&alarm_only);
    (void)sigaddset(&alarm_only, SIGALRM);
    (void)pthread_sigmask(SIG_BLOCK, &alarm_only, NULL); /* in the reader: inherited */
    assert_int_equal(pthread_create(&reader, NULL, drain_later, &d), 0);
    (void)pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    tick_every_ms(1);
    enum status st = file_write_all(ends[1], flood, FLOOD_BYTES);
    tick_every_ms(0);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_status(st, ST_OK);
    assert_true(ticks >= 5);
    assert_int_equal(d.bytes, FLOOD_BYTES);
    assert_true(d.in_order);
    assert_int_equal(close(ends[0]), 0);
    free(flood);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(missing_files_are_not_found),
        TEST(only_regular_files_are_read),
        TEST(the_limit_of_the_buffer_holds),
        TEST(the_limit_holds_for_files_that_hide_their_size),
        TEST(a_read_replaces_what_was_there),
        TEST(a_plain_read_follows_links),
        TEST(a_secret_is_open_to_nobody_else),
        TEST(a_secret_is_ours),
        TEST(a_secret_is_read_into_one_piece_of_memory),
        TEST(a_failing_write_keeps_errno),
        TEST(signals_and_short_writes_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
