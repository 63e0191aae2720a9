#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "loop_priv.h"

void signals_init(struct loop *l)
{
    sigemptyset(&l->our_signals);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &l->saved_mask);
}

static enum status watch(struct loop *l)
{
    int fd = signalfd(l->signal_fd, &l->our_signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        return ST_IO;
    }
    if (l->signal_fd >= 0) {
        return ST_OK; /* the same descriptor with a new set */
    }
    l->signal_fd = fd;
    return fds_watch_own(l, fd, OWN_SIGNAL);
}

enum status loop_signal(struct loop *l, int signo, loop_signal_fn *fn, void *ctx)
{
    if (signo <= 0 || signo >= LOOP_SIGNALS || signo == SIGKILL || signo == SIGSTOP) {
        return ST_INVALID;
    }
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signo);
    if (pthread_sigmask(SIG_BLOCK, &one, NULL) != 0) {
        return ST_IO;
    }
    sigaddset(&l->our_signals, signo);
    l->signals[signo] = (struct signal_handler){fn, ctx};
    return watch(l);
}

void signals_dispatch(struct loop *l)
{
    struct signalfd_siginfo info;
    while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo < LOOP_SIGNALS && l->signals[info.ssi_signo].fn != NULL) {
            l->signals[info.ssi_signo].fn(l->signals[info.ssi_signo].ctx, (int)info.ssi_signo);
        }
    }
}

/* What is still pending is taken away first: unblocking it would act on a program that already
 * ends. */
void signals_release(struct loop *l)
{
    if (l->signal_fd < 0) {
        return;
    }
    struct signalfd_siginfo info;
    while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
    }
    close(l->signal_fd);
    (void)pthread_sigmask(SIG_SETMASK, &l->saved_mask, NULL);
}

const void *loop_saved_sigmask(const struct loop *l)
{
    return &l->saved_mask;
}
