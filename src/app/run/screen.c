/* screen.c - a terminal agent keeps its own screen: it has a pty of its own, and every byte is
 * passed through, both ways, as it is. The terminal is raw meanwhile, and put back at the end, also
 * after a crash.
 *
 * Ctrl-Z: the program's group has no parent in its session, so the kernel ignores a stop from its
 * terminal. A program that suspends itself is seen stopped; for one that leaves it to the terminal
 * it is done from here. Either way whoever started us gets the terminal until we are continued. A
 * stop that no Ctrl-Z came before is the operator's, and nothing is done about it.
 */
#include "run_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/num.h"

#define FLOW_BYTES       65536
#define SUSPEND_US       2000000 /* a stop within this after Ctrl-Z is its effect */
#define SUSPEND_MS       150     /* for the program to suspend itself */
#define DRAIN_MS         1000
#define FOREGROUND_TRIES 100 /* `bg` lets it go on in the background */
#define KEY_SUSPEND      0x1A
#define KITTY_SUSPEND    "\033[122;5u"

struct flow { /* bytes on their way from one side to the other */
    char bytes[FLOW_BYTES];
    size_t start, end;
};

struct screen {
    struct loop *loop;
    int master, slave;
    int keys, picture; /* the terminal, by descriptions of our own: not blocking is nobody else's
                          matter */
    loop_id master_id, keys_id, picture_id, suspend_timer;
    struct flow in, out;
    pid_t program;
    int64_t suspend_us; /* when Ctrl-Z was last typed */
    bool raw;
};

/* ---- the terminal's modes: one set for the whole process, so that a crash can put them back */

static struct termios before;
static volatile sig_atomic_t is_raw;

static void put_back(void)
{
    if (is_raw) {
        is_raw = 0;
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    }
}

static void on_crash(int signo)
{
    if (is_raw) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    }
    (void)signal(signo, SIG_DFL);
    (void)raise(signo);
}

static void guard_against_crashes(void)
{
    static const int CRASHES[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < ARRAY_LEN(CRASHES); i++) {
        (void)signal(CRASHES[i], on_crash);
    }
    (void)signal(SIGTTOU, SIG_IGN); /* the modes are put back also from the background */
    (void)atexit(put_back);
}

/* In the background the terminal is somebody else's: we are stopped there, as who reads from it. */
static enum status await_foreground(struct why *why)
{
    for (int i = 0; i < FOREGROUND_TRIES; i++) {
        pid_t owner = tcgetpgrp(STDIN_FILENO);
        if (owner < 0 || owner == getpgrp()) {
            return ST_OK;
        }
        (void)kill(0, SIGTTIN);
    }
    return why_fail(why, ST_IO, "the terminal is in the foreground of somebody else");
}

static enum status go_raw(struct why *why)
{
    struct termios raw = before;
    enum status st = await_foreground(why);
    cfmakeraw(&raw);
    if (st == ST_OK && tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) {
        return why_fail(why, ST_IO, "the terminal cannot be made raw: %s", err_text(errno));
    }
    is_raw = is_raw || st == ST_OK;
    return st;
}

/* ---- opening */

static int reopen(int fd, int how)
{
    char path[32];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, how | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

enum status screen_open(struct screen **out, struct why *why)
{
    struct winsize size = {0};
    *out = NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return ST_OK;
    }
    enum status st = await_foreground(why);
    if (st != ST_OK || tcgetattr(STDIN_FILENO, &before) != 0) {
        return st;
    }
    struct screen *s = xcalloc(1, sizeof(*s));
    s->keys = s->picture = s->slave = -1;
    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    if (openpty(&s->master, &s->slave, NULL, &before, &size) != 0) {
        free(s);
        return why_fail(why, ST_IO, "no pty: %s", err_text(errno));
    }
    (void)fcntl(s->master, F_SETFD, FD_CLOEXEC);
    (void)fcntl(s->slave, F_SETFD, FD_CLOEXEC);
    (void)fcntl(s->master, F_SETFL, O_NONBLOCK);
    s->keys = reopen(STDIN_FILENO, O_RDONLY);
    s->picture = reopen(STDOUT_FILENO, O_WRONLY);
    *out = s;
    return s->keys >= 0 && s->picture >= 0
               ? ST_OK
               : why_fail(why, ST_IO, "the terminal cannot be opened: %s", err_text(errno));
}

int screen_slave(const struct screen *s)
{
    return s ? s->slave : -1;
}

void screen_forget_slave(struct screen *s)
{
    if (s && s->slave >= 0) {
        (void)close(s->slave);
        s->slave = -1;
    }
}

/* ---- bytes */

enum moved { MOVED, NOT_NOW, OVER };

static enum moved take(struct flow *f, int fd)
{
    if (f->start == f->end) {
        f->start = f->end = 0;
    }
    if (f->end == FLOW_BYTES) {
        return NOT_NOW;
    }
    ssize_t n = read(fd, f->bytes + f->end, FLOW_BYTES - f->end);
    if (n <= 0) {
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? NOT_NOW : OVER;
    }
    f->end += (size_t)n;
    return MOVED;
}

static enum moved give(struct flow *f, int fd)
{
    while (f->start < f->end) {
        ssize_t n = write(fd, f->bytes + f->start, f->end - f->start);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR ? NOT_NOW : OVER;
        }
        f->start += (size_t)n;
    }
    return MOVED;
}

static bool has_room(const struct flow *f)
{
    return f->end < FLOW_BYTES || f->start == f->end;
}

static bool has_bytes(const struct flow *f)
{
    return f->start < f->end;
}

static void forget(struct screen *s, loop_id *id)
{
    loop_remove(s->loop, *id);
    *id = 0;
}

static void want(struct screen *s)
{
    if (s->keys_id) {
        loop_fd_want(s->loop, s->keys_id, has_room(&s->in) ? LOOP_READ : 0);
    }
    if (s->picture_id) {
        loop_fd_want(s->loop, s->picture_id, has_bytes(&s->out) ? LOOP_WRITE : 0);
    }
    if (s->master_id) {
        loop_fd_want(s->loop, s->master_id,
                     (has_room(&s->out) ? LOOP_READ : 0u) | (has_bytes(&s->in) ? LOOP_WRITE : 0u));
    }
}

/* ---- Ctrl-Z */

static bool holds_suspend(const struct flow *f, size_t from)
{
    size_t n = sizeof(KITTY_SUSPEND) - 1;
    const char *new = f->bytes + from;
    return memchr(new, KEY_SUSPEND, f->end - from) || memmem(new, f->end - from, KITTY_SUSPEND, n);
}

/* It leaves the key to its terminal, and does not ignore what that sends. */
static bool leaves_it_to_us(const struct screen *s)
{
    struct termios modes;
    char path[40];
    char text[4096];
    if (tcgetattr(s->master, &modes) != 0 || !(modes.c_lflag & ISIG) ||
        modes.c_cc[VSUSP] != KEY_SUSPEND || tcgetpgrp(s->master) != s->program) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)s->program);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    const char *at = strstr(text, "\nSigIgn:\t");
    unsigned long long ignored = at ? strtoull(at + sizeof("\nSigIgn:\t") - 1, NULL, 16) : 0;
    return n > 0 && !(ignored >> (SIGTSTP - 1) & 1u);
}

static void on_suspend_due(void *ctx)
{
    struct screen *s = ctx;
    s->suspend_timer = 0;
    if (leaves_it_to_us(s)) {
        (void)kill(-s->program, SIGSTOP);
    }
}

static void note_suspend(struct screen *s, size_t from)
{
    if (holds_suspend(&s->in, from)) {
        s->suspend_us = clock_mono_us();
        loop_remove(s->loop, s->suspend_timer);
        s->suspend_timer = loop_timer(s->loop, SUSPEND_MS, on_suspend_due, s);
    }
}

bool screen_suspended(struct screen *s)
{
    if (!s || !s->raw || !s->suspend_us || clock_mono_us() - s->suspend_us > SUSPEND_US) {
        return false;
    }
    s->suspend_us = 0;
    screen_drain(s);
    put_back();
    (void)raise(SIGSTOP); /* SIGTSTP is taken by the loop */
    screen_continued(s);
    (void)kill(-s->program, SIGCONT);
    return true;
}

void screen_suspend(struct screen *s)
{
    s->suspend_us = clock_mono_us();
    (void)kill(-s->program, SIGSTOP);
}

void screen_continued(struct screen *s)
{
    struct why why = {0};
    if (!s || !s->raw) {
        return;
    }
    if (go_raw(&why) != ST_OK) {
        app_say("%s", why.text);
    }
    screen_resized(s);
}

/* ---- passing through */

static void on_keys(void *ctx, int fd, unsigned ready)
{
    (void)ready;
    struct screen *s = ctx;
    size_t from = s->in.start == s->in.end ? 0 : s->in.end;
    enum moved m = take(&s->in, fd);
    if (m == MOVED) {
        note_suspend(s, from);
        if (give(&s->in, s->master) == OVER) {
            forget(s, &s->keys_id);
        }
    } else if (m == OVER) {
        forget(s, &s->keys_id); /* the terminal is gone: the hang-up comes as a signal */
    }
    want(s);
}

static void on_picture(void *ctx, int fd, unsigned ready)
{
    (void)ready;
    struct screen *s = ctx;
    if (give(&s->out, fd) == OVER) {
        forget(s, &s->picture_id);
        s->out.start = s->out.end = 0;
    }
    want(s);
}

static void on_master(void *ctx, int fd, unsigned ready)
{
    struct screen *s = ctx;
    enum moved m = NOT_NOW;
    if (ready & (LOOP_READ | LOOP_HANGUP)) {
        m = take(&s->out, fd);
    }
    if (m != OVER && (ready & LOOP_WRITE)) {
        m = give(&s->in, fd) == OVER ? OVER : m;
    }
    if (m == OVER) {
        forget(s, &s->master_id); /* nobody has it open any more */
    }
    if (!s->picture_id) {
        s->out.start = s->out.end = 0;
    } else if (give(&s->out, s->picture) == OVER) {
        forget(s, &s->picture_id);
    }
    want(s);
}

enum status screen_start(struct screen *s, struct loop *l, pid_t program, struct why *why)
{
    if (!s) {
        return ST_OK;
    }
    s->loop = l;
    s->program = program;
    guard_against_crashes();
    enum status st = go_raw(why);
    if (st == ST_OK) {
        s->raw = true;
        st = loop_fd_add(l, s->keys, LOOP_READ, on_keys, s, &s->keys_id);
    }
    if (st == ST_OK) {
        st = loop_fd_add(l, s->picture, 0, on_picture, s, &s->picture_id);
    }
    if (st == ST_OK) {
        st = loop_fd_add(l, s->master, LOOP_READ, on_master, s, &s->master_id);
    }
    return st;
}

void screen_resized(struct screen *s)
{
    struct winsize size;
    if (s && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        (void)ioctl(s->master, TIOCSWINSZ, &size);
    }
}

/* Blocks, for as long as the terminal takes it: the loop is over, or stands still. */
void screen_drain(struct screen *s)
{
    while (s && s->picture_id) {
        struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
        enum moved given = give(&s->out, STDOUT_FILENO);
        if (given == OVER || (given == NOT_NOW && poll(&room, 1, DRAIN_MS) <= 0)) {
            return;
        }
        if (take(&s->out, s->master) != MOVED && !has_bytes(&s->out)) {
            return;
        }
    }
}

void screen_close(struct screen *s)
{
    if (!s) {
        return;
    }
    if (s->loop) {
        forget(s, &s->keys_id);
        forget(s, &s->picture_id);
        forget(s, &s->master_id);
        forget(s, &s->suspend_timer);
    }
    put_back();
    screen_forget_slave(s);
    (void)close(s->master);
    (void)close(s->keys);
    (void)close(s->picture);
    free(s);
}
