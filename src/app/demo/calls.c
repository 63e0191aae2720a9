#include "demo_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/file.h"

static void failed(struct outcome_of_call *out, const char *what)
{
    out->succeeded = false;
    buf_addstr(&out->output, what);
}

static void read_all(int fd, struct buf *b)
{
    for (;;) {
        char piece[4096];
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return;
        }
        if (n > 0) {
            (void)buf_append(b, piece, (size_t)n);
        }
    }
}

static int spawn_shell(const char *dir, const char *command, int out_fd, pid_t *pid)
{
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    char home[4128];
    (void)snprintf(home, sizeof(home), "HOME=%s", dir);
    char *env[] = {(char *)"PATH=/usr/bin:/bin", home, (char *)"LC_ALL=C", NULL};
    posix_spawn_file_actions_t fa;
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawn_file_actions_addchdir_np(&fa, dir);
    (void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&fa, out_fd, 1);
    (void)posix_spawn_file_actions_adddup2(&fa, out_fd, 2);
    int err = posix_spawn(pid, "/bin/sh", &fa, NULL, argv, env);
    (void)posix_spawn_file_actions_destroy(&fa);
    return err;
}

void call_shell(const char *dir, const char *command, struct outcome_of_call *out)
{
    int fds[2];
    pid_t pid = 0;
    if (pipe2(fds, O_CLOEXEC) != 0) {
        failed(out, "no pipe");
        return;
    }
    int err = spawn_shell(dir, command, fds[1], &pid);
    (void)close(fds[1]);
    int state = 0;
    if (err == 0) {
        read_all(fds[0], &out->output);
        while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
        }
    }
    (void)close(fds[0]);
    out->succeeded = err == 0 && WIFEXITED(state) && WEXITSTATUS(state) == 0;
    if (!out->succeeded && WIFEXITED(state)) {
        (void)buf_printf(&out->output, "\nExit code %d", WEXITSTATUS(state));
    }
}

static bool is_plain_name(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/');
}

/* The folder is opened first and the file below it without following links. */
static int open_inside(const char *dir, const char *name, int flags)
{
    if (!is_plain_name(name)) {
        errno = EPERM;
        return -1;
    }
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (at < 0) {
        return -1;
    }
    int fd = openat(at, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    (void)close(at);
    return fd;
}

void call_write(const char *dir, const char *name, struct span content, struct outcome_of_call *out)
{
    int fd = open_inside(dir, name, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0) {
        failed(out, "the file cannot be written");
        return;
    }
    out->succeeded = file_write_all(fd, content.p, content.n) == ST_OK;
    (void)close(fd);
    (void)buf_printf(&out->output, "wrote %zu bytes", content.n);
}

void call_read(const char *dir, const char *name, struct outcome_of_call *out)
{
    int fd = open_inside(dir, name, O_RDONLY);
    if (fd < 0) {
        failed(out, "no such file");
        return;
    }
    out->succeeded = true;
    read_all(fd, &out->output);
    (void)close(fd);
}
