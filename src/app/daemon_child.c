#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/file.h"
#include "checkrein/num.h"

#define READY_MS      15000
#define JOIN_MS       3000
#define ARGUMENTS_MAX 32
#define READY_FD      3
#define OWNER_FD      4

extern char **environ;

/* The child's descriptors: 3 is where it says that it is ready, 4 what keeps it alive, 2 goes to a
 * file. */
static enum status spawn_daemon(const char *self, const char *const *arguments,
                                const char *log_path, int ready, int owner, pid_t *pid,
                                struct why *why)
{
    char *argv[ARGUMENTS_MAX] = {(char *)self, (char *)"serve"};
    size_t n = 2;
    for (size_t i = 0; arguments[i] && n < ARGUMENTS_MAX - 5; i++) {
        argv[n++] = (char *)arguments[i];
    }
    argv[n++] = (char *)"--ready-fd=3";
    if (owner >= 0) {
        argv[n] = (char *)"--while-open=4";
    }
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t none;
    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawnattr_init(&attr);
    (void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&fa, 2, log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)posix_spawn_file_actions_adddup2(&fa, ready, READY_FD);
    if (owner >= 0) {
        (void)posix_spawn_file_actions_adddup2(&fa, owner, OWNER_FD);
    }
    (void)posix_spawnattr_setsigmask(&attr, &none);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    int err = posix_spawn(pid, self, &fa, &attr, argv, environ);
    (void)posix_spawn_file_actions_destroy(&fa);
    (void)posix_spawnattr_destroy(&attr);
    return err ? why_fail(why, ST_IO, "the daemon could not be started: %s", err_text(err)) : ST_OK;
}

/* The port line, or the end of the pipe: then it has died, and its log says why. */
static enum status await_ready(int fd, int *port, const char *log_path, struct why *why)
{
    char line[16] = "";
    size_t have = 0;
    int64_t until = clock_mono_us() + READY_MS * 1000LL;
    while (!memchr(line, '\n', have)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = (until - clock_mono_us()) / 1000;
        if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
            return why_fail(why, ST_TIMEOUT, "the daemon did not come up: see %s", log_path);
        }
        ssize_t n = read(fd, line + have, sizeof(line) - 1 - have);
        if (n <= 0) {
            return why_fail(why, ST_CLOSED, "the daemon ended at once: see %s", log_path);
        }
        have += (size_t)n;
    }
    int64_t value = 0;
    if (num_parse(span_sub(span_str(line), 0, span_find(span_str(line), '\n')), 0, 65535, &value) !=
        ST_OK) {
        return why_fail(why, ST_INVALID, "the daemon said something else than its port");
    }
    *port = (int)value;
    return ST_OK;
}

/* Low numbers would be overwritten by the child's own table of descriptors. */
static int above_the_table(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, OWNER_FD + 1);
    (void)close(fd);
    return high;
}

static enum status pipe_above(int fds[2], struct why *why)
{
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return why_fail(why, ST_IO, "no pipe: %s", err_text(errno));
    }
    fds[0] = above_the_table(fds[0]);
    fds[1] = above_the_table(fds[1]);
    return ST_OK;
}

enum status daemon_start(const char *self, const char *const *arguments, int *pid, int *hook_port,
                         struct why *why)
{
    int ready[2];
    int owner[2] = {-1, -1};
    enum status st = pipe_above(ready, why);
    if (st == ST_OK && pid) {
        st = pipe_above(owner, why);
    }
    if (st != ST_OK) {
        return st;
    }
    char *log_path = path_state("daemon.log");
    pid_t child = 0;
    st = spawn_daemon(self, arguments, log_path, ready[1], owner[0], &child, why);
    (void)close(ready[1]);
    if (st == ST_OK) {
        st = await_ready(ready[0], hook_port, log_path, why);
    }
    (void)close(ready[0]);
    if (pid) {
        (void)close(owner[0]); /* owner[1] stays open as long as this process lives */
        *pid = child;
    } else if (st == ST_CLOSED) {
        (void)waitpid(child, NULL, 0);
    }
    free(log_path);
    return st;
}

bool daemon_answers(const char *socket_path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (!span_copy(span_str(socket_path), sa.sun_path, sizeof(sa.sun_path))) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = fd >= 0 && (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 || errno == EAGAIN);
    if (fd >= 0) {
        (void)close(fd);
    }
    return ok;
}

static void name_config(const char *arguments[3], const struct conf *conf)
{
    arguments[0] = conf->path ? "--config" : NULL;
    arguments[1] = conf->path;
    arguments[2] = NULL;
}

enum status daemon_begin(const char *self, const struct conf *conf, pid_t *pid, int *ready_fd,
                         struct why *why)
{
    const char *arguments[3];
    int ready[2];
    name_config(arguments, conf);
    enum status st = pipe_above(ready, why);
    if (st != ST_OK) {
        return st;
    }
    char *log_path = path_state("daemon.log");
    st = spawn_daemon(self, arguments, log_path, ready[1], -1, pid, why);
    free(log_path);
    (void)close(ready[1]);
    if (st != ST_OK) {
        (void)close(ready[0]);
        return st;
    }
    *ready_fd = ready[0];
    return ST_OK;
}

/* Two consoles that begin at once both start one: the later one loses, and joins the first. */
static enum status start_or_join(const char *self, const struct conf *conf, const char *socket_path,
                                 struct why *why)
{
    const char *arguments[3];
    int port = 0;
    name_config(arguments, conf);
    enum status st = daemon_start(self, arguments, NULL, &port, why);
    int64_t until = clock_mono_us() + JOIN_MS * 1000LL;
    while (st != ST_OK && clock_mono_us() < until) {
        if (daemon_answers(socket_path)) {
            return ST_OK;
        }
        (void)poll(NULL, 0, 20);
    }
    return st;
}

enum status embedded_daemon(const char *self, const struct conf *conf, char **url, struct why *why)
{
    char *socket_path =
        conf->serve.socket[0] ? xstrdup(conf->serve.socket) : path_runtime("checkrein.sock");
    char *state = path_state("");
    enum status st = socket_is_ours(socket_path, why);
    if (st == ST_OK) {
        st = file_make_dirs(state, 0700, why);
    }
    if (st == ST_OK && !daemon_answers(socket_path)) {
        st = start_or_join(self, conf, socket_path, why);
    }
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b, "unix:%s", socket_path);
    *url = buf_detach(&b, NULL);
    buf_release(&b);
    free(state);
    free(socket_path);
    return st;
}
