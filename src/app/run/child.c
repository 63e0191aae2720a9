/* child.c - the program, forked before anything else of ours is open, and held until the daemon
 * knows of it: no moment of it is unsupervised.
 */
#include "run_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/file.h"

static void set_signals_back(void)
{
    sigset_t none;
    (void)sigemptyset(&none);
    for (int signo = 1; signo < NSIG; signo++) {
        (void)signal(signo, SIG_DFL);
    }
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void take_terminal(int slave)
{
    if (slave < 0) {
        return;
    }
    (void)ioctl(slave, TIOCSCTTY, 0);
    (void)dup2(slave, STDIN_FILENO);
    (void)dup2(slave, STDOUT_FILENO);
    if (isatty(STDERR_FILENO)) {
        (void)dup2(slave, STDERR_FILENO);
    }
    if (slave > STDERR_FILENO) {
        (void)close(slave);
    }
}

/* Only what is safe after a fork; gives nothing back. */
static void become(int go, int fault, const struct run_plan *p, int slave)
{
    char byte = 0;
    (void)setsid();
    take_terminal(slave);
    set_signals_back();
    while (read(go, &byte, 1) < 0 && errno == EINTR) {
    }
    if (byte != 'g') {
        _exit(EXIT_TROUBLE);
    }
    (void)execvpe(p->argv[0], (char *const *)p->argv, p->env);
    int err = errno;
    (void)!write(fault, &err, sizeof(err));
    _exit(err == ENOENT ? 127 : 126);
}

enum status child_fork(struct child *c, const struct run_plan *p, const struct screen *s,
                       struct why *why)
{
    int go[2];
    int fault[2];
    *c = (struct child){.go = -1, .fault = -1};
    if (pipe2(go, O_CLOEXEC) != 0 || pipe2(fault, O_CLOEXEC) != 0) {
        return why_fail(why, ST_IO, "no pipe: %s", err_text(errno));
    }
    c->pid = fork();
    if (c->pid == 0) {
        (void)close(go[1]); /* else it would keep its own start alive */
        become(go[0], fault[1], p, screen_slave(s));
    }
    (void)close(go[0]);
    (void)close(fault[1]);
    c->go = go[1];
    c->fault = fault[0];
    return c->pid > 0 ? ST_OK : why_fail(why, ST_IO, "no process: %s", err_text(errno));
}

enum status child_go(struct child *c, const struct run_plan *p, struct why *why)
{
    int err = 0;
    bool gone = file_write_all(c->go, "g", 1) != ST_OK;
    ssize_t n = gone ? 0 : read(c->fault, &err, sizeof(err));
    (void)close(c->go);
    (void)close(c->fault);
    c->go = c->fault = -1;
    if (gone || n == (ssize_t)sizeof(err)) {
        return why_fail(why, err == ENOENT ? ST_NOTFOUND : ST_DENIED, "%s: %s", p->argv[0],
                        gone ? "it was ended before it started" : err_text(err));
    }
    return ST_OK;
}

void child_give_up(struct child *c)
{
    if (c->go >= 0) {
        (void)close(c->go);
        (void)close(c->fault);
        c->go = c->fault = -1;
    }
    if (c->pid > 0) {
        (void)waitpid(c->pid, NULL, 0);
        c->pid = 0;
    }
}
