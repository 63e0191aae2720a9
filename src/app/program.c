#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/clock.h"
#include "checkrein/file.h"

#define KEPT_BYTES 32768

extern char **environ;

struct running {
    int in, in_kept;    /* its end, ours while it must not see the end of it */
    int out[2], err[2]; /* ours, theirs */
    pid_t pid;
    int64_t until_us;
};

static void close_at(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* What fits into a pipe needs nobody who writes it meanwhile. */
static bool open_kept(struct running *r, struct span input)
{
    int pipe_of[2];
    if (input.n > KEPT_BYTES || pipe2(pipe_of, O_CLOEXEC) != 0) {
        return false;
    }
    r->in = pipe_of[0];
    r->in_kept = pipe_of[1];
    return file_write_all(r->in_kept, input.p, input.n) == ST_OK;
}

static bool open_input(struct running *r, struct span input)
{
    r->in = memfd_create("input", MFD_CLOEXEC);
    return r->in >= 0 && file_write_all(r->in, input.p, input.n) == ST_OK &&
           lseek(r->in, 0, SEEK_SET) == 0;
}

static enum status open_pipes(struct running *r, const struct program *p, struct why *why)
{
    *r = (struct running){
        .in = -1, .in_kept = -1, .out = {-1, -1},
                .err = {-1, -1}
    };
    if (!(p->input_until ? open_kept(r, p->input) : open_input(r, p->input)) ||
        pipe2(r->out, O_CLOEXEC) != 0 || pipe2(r->err, O_CLOEXEC) != 0) {
        return why_fail(why, ST_IO, "cannot start a program: %s", err_text(errno));
    }
    return ST_OK;
}

static enum status spawn(struct running *r, const struct program *p, struct why *why)
{
    posix_spawn_file_actions_t fa;
    (void)posix_spawn_file_actions_init(&fa);
    (void)posix_spawn_file_actions_adddup2(&fa, r->in, 0);
    (void)posix_spawn_file_actions_adddup2(&fa, r->out[1], 1);
    (void)posix_spawn_file_actions_adddup2(&fa, r->err[1], 2);
    if (p->folder) {
        (void)posix_spawn_file_actions_addchdir_np(&fa, p->folder);
    }
    posix_spawnattr_t attr; /* a group of its own, so that what it starts is killed with it */
    (void)posix_spawnattr_init(&attr);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    int err = posix_spawnp(&r->pid, p->argv[0], &fa, &attr, (char *const *)p->argv, environ);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&fa);
    close_at(&r->out[1]);
    close_at(&r->err[1]);
    return err == 0 ? ST_OK
                    : why_fail(why, err == ENOENT ? ST_NOTFOUND : ST_IO, "%s: %s", p->argv[0],
                               err_text(err));
}

/* What does not fit is read all the same, so that the program is not stopped by it. */
static void take(int *fd, struct buf *into)
{
    char bytes[4096];
    ssize_t n = read(*fd, bytes, sizeof(bytes));
    if (n > 0 && into) {
        size_t room = into->limit - into->len;
        (void)buf_append(into, bytes, (size_t)n < room ? (size_t)n : room);
    } else if (n == 0 || (n < 0 && errno != EINTR)) {
        close_at(fd);
    }
}

static bool listen_to_end(struct running *r, const struct program *p)
{
    while (r->out[0] >= 0 || r->err[0] >= 0) {
        struct pollfd pf[2] = {
            {.fd = r->out[0], .events = POLLIN},
            {.fd = r->err[0], .events = POLLIN}
        };
        int64_t left_ms = (r->until_us - clock_mono_us()) / 1000;
        if (left_ms <= 0 || (poll(pf, 2, (int)left_ms) < 0 && errno != EINTR)) {
            return false;
        }
        if (pf[0].revents) {
            take(&r->out[0], p->out);
        }
        if (r->in_kept >= 0 && p->out &&
            memmem(p->out->data, p->out->len, p->input_until, strlen(p->input_until))) {
            close_at(&r->in_kept);
        }
        if (pf[1].revents) {
            take(&r->err[0], p->err);
        }
    }
    return true;
}

static int reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

enum status program_run(struct program *p, struct why *why)
{
    struct running r;
    enum status st = open_pipes(&r, p, why);
    if (st == ST_OK) {
        r.until_us = clock_mono_us() + p->deadline_ms * 1000;
        st = spawn(&r, p, why);
    }
    if (st == ST_OK) {
        bool ended = listen_to_end(&r, p);
        if (!ended) {
            (void)kill(-r.pid, SIGKILL);
            st = why_fail(why, ST_TIMEOUT, "%s: no end within %lld ms", p->argv[0],
                          (long long)p->deadline_ms);
        }
        p->code = reap(r.pid);
    }
    close_at(&r.in);
    close_at(&r.in_kept);
    for (int i = 0; i < 2; i++) {
        close_at(&r.out[i]);
        close_at(&r.err[i]);
    }
    return st;
}
