#include "checkrein/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/file.h"

#define PATH_BYTES 4096
#define REAP_MS    100

extern char **environ;

struct source_read {
    struct loop *loop;
    const struct source *source;
    source_fn *fn;
    void *ctx;
    loop_id timer, pipe_watch, end_watch;
    int pipe, end; /* what it writes; its pidfd */
    pid_t pid;     /* 0: none, or reaped */
    struct buf text;
    struct why why;
};

void source_release(struct source *s)
{
    free(s->text);
    *s = (struct source){0};
}

static void close_fd(struct source_read *r, loop_id *watch, int *fd)
{
    loop_remove(r->loop, *watch);
    *watch = 0;
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

/* It has a session of its own: what it started goes with it. */
static void kill_all(struct source_read *r)
{
    if (r->pid > 0) {
        (void)kill(-r->pid, SIGKILL);
        (void)kill(r->pid, SIGKILL);
    }
}

/* It was sent a SIGKILL: its end is a matter of microseconds, unless it hangs in the kernel, which
 * nobody waits for. */
static void reap(struct source_read *r)
{
    struct pollfd end = {.fd = r->end, .events = POLLIN};
    if (r->pid > 0) {
        (void)poll(&end, 1, REAP_MS);
        (void)waitpid(r->pid, NULL, WNOHANG);
    }
}

static void release(struct source_read *r)
{
    loop_remove(r->loop, r->timer);
    close_fd(r, &r->pipe_watch, &r->pipe);
    reap(r);
    close_fd(r, &r->end_watch, &r->end);
    buf_wipe(&r->text);
    free(r);
}

void source_cancel(struct source_read *r)
{
    if (r != NULL) {
        kill_all(r);
        release(r);
    }
}

static bool is_visible(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~') {
            return false;
        }
    }
    return true;
}

/* The one line that is the secret; SPAN_NONE and r->why when it is none. */
static struct span secret_in(struct source_read *r)
{
    struct span all = span_trim(buf_span(&r->text));
    if (r->why.text[0] != '\0') {
        return SPAN_NONE;
    }
    if (span_find(all, '\n') < all.n || !is_visible(all)) {
        (void)why_fail(&r->why, ST_INVALID,
                       "what is there is not one line of visible ASCII without blanks");
        return SPAN_NONE;
    }
    if (all.n < SOURCE_BYTES_MIN) {
        (void)why_fail(
            &r->why, ST_INVALID,
            "what is there has fewer than %d bytes: it could not be hidden in the record",
            SOURCE_BYTES_MIN);
        return SPAN_NONE;
    }
    return all;
}

static void finish(struct source_read *r)
{
    struct span secret = secret_in(r);
    r->fn(r->ctx, secret, r->why.text);
    release(r);
}

/* ---- files */

static enum status read_file(struct source_read *r)
{
    return file_read_secret(r->source->text, &r->text, &r->why);
}

/* systemd sets who may read it, which need not be the owner alone. */
static enum status read_credential(struct source_read *r)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL) {
        return why_fail(&r->why, ST_NOTFOUND,
                        "CREDENTIALS_DIRECTORY is not set: this was not started by systemd with "
                        "LoadCredential=");
    }
    struct buf path;
    buf_init(&path, PATH_BYTES);
    (void)buf_printf(&path, "%s/%s", folder, r->source->text);
    enum status st = buf_status(&path) == ST_OK
                         ? file_read(path.data, &r->text, &r->why)
                         : why_fail(&r->why, ST_LIMIT, "the path of the credential is too long");
    buf_release(&path);
    return st;
}

/* ---- commands */

/* Its end, which follows, is the answer. */
static void give_up(struct source_read *r, const char *why)
{
    (void)why_fail(&r->why, ST_LIMIT, "%s", why);
    close_fd(r, &r->pipe_watch, &r->pipe);
    kill_all(r);
}

/* False: there is nothing more for now, or for good. */
static bool read_piece(struct source_read *r)
{
    char piece[4096];
    ssize_t n = r->pipe >= 0 ? read(r->pipe, piece, sizeof(piece)) : 0;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close_fd(r, &r->pipe_watch, &r->pipe);
    }
    if (n > 0 && buf_append(&r->text, piece, (size_t)n) != ST_OK) {
        give_up(r, "the command wrote too much and was killed");
    }
    explicit_bzero(piece, sizeof(piece));
    return n > 0;
}

static void on_output(void *ctx, int fd, unsigned ready)
{
    (void)fd;
    (void)ready;
    (void)read_piece(ctx);
}

static void on_ended(void *ctx, int fd, unsigned ready)
{
    struct source_read *r = ctx;
    int status = 0;
    (void)fd;
    (void)ready;
    pid_t got = waitpid(r->pid, &status, WNOHANG);
    if (got == 0) {
        return;
    }
    r->pid = 0;
    while (read_piece(r)) {
    }
    bool well = got > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!well && r->why.text[0] == '\0') {
        (void)why_fail(&r->why, ST_IO, "the command failed (%s %d)",
                       WIFSIGNALED(status) ? "signal" : "exit code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    finish(r);
}

static void on_late(void *ctx)
{
    struct source_read *r = ctx;
    r->timer = 0;
    give_up(r, "the command took too long and was killed");
}

static int spawn(struct source_read *r, int output)
{
    const char *argv[] = {"sh", "-c", r->source->text, NULL};
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t usual;
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawnattr_init(&attr);
    (void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&fa, output, 1);
    (void)posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    (void)posix_spawnattr_setsigmask(&attr, loop_saved_sigmask(r->loop));
    (void)posix_spawnattr_setsigdefault(&attr, &usual);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSID);
    int err = posix_spawn(&r->pid, "/bin/sh", &fa, &attr, (char *const *)argv, environ);
    (void)posix_spawn_file_actions_destroy(&fa);
    (void)posix_spawnattr_destroy(&attr);
    return err;
}

/* ST_AGAIN: the answer comes by the loop. */
static enum status run_command(struct source_read *r)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return why_fail(&r->why, ST_IO, "no pipe for the command: %s", err_text(errno));
    }
    r->pipe = fds[0];
    int err = fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0 ? spawn(r, fds[1]) : errno;
    (void)close(fds[1]);
    if (err != 0) {
        r->pid = 0;
        return why_fail(&r->why, ST_IO, "the command could not be started: %s", err_text(err));
    }
    r->end = (int)syscall(SYS_pidfd_open, r->pid, 0);
    if (r->end < 0 ||
        loop_fd_add(r->loop, r->end, LOOP_READ, on_ended, r, &r->end_watch) != ST_OK ||
        loop_fd_add(r->loop, r->pipe, LOOP_READ, on_output, r, &r->pipe_watch) != ST_OK) {
        kill_all(r);
        return why_fail(&r->why, ST_IO, "the command cannot be waited for");
    }
    r->timer = loop_timer(r->loop, SOURCE_COMMAND_MS, on_late, r);
    return ST_AGAIN;
}

static enum status not_said(struct source_read *r)
{
    return why_fail(&r->why, ST_NOTFOUND, "it is not said where it is");
}

static void on_begin(void *ctx)
{
    static enum status (*const ways[])(struct source_read * r) = {
        [SOURCE_NONE] = not_said,
        [SOURCE_FILE] = read_file,
        [SOURCE_COMMAND] = run_command,
        [SOURCE_CREDENTIAL] = read_credential,
    };
    struct source_read *r = ctx;
    r->timer = 0;
    if (ways[r->source->kind](r) != ST_AGAIN) {
        finish(r);
    }
}

struct source_read *source_begin(struct loop *l, const struct source *s, source_fn *fn, void *ctx)
{
    struct source_read *r = xcalloc(1, sizeof(*r));
    *r = (struct source_read){.loop = l, .source = s, .fn = fn, .ctx = ctx, .pipe = -1, .end = -1};
    buf_init(&r->text, SOURCE_BYTES_MAX);
    r->timer = loop_timer(l, 0, on_begin, r);
    return r;
}
