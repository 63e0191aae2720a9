#include "stuck.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app_priv.h"
#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/num.h"

#define VARIABLE  "CHECKREIN_STUCK"
#define WINDOW_US 60000000
#define THIS_FILE "/proc/self/exe" /* also when it was replaced on the disk meanwhile */

extern char **environ;

static const char *const SAID[] = {
    [LOOP_SPINS] = "worked without an end",
    [LOOP_BLOCKED] = "waited where it should not",
};

/* "N SINCE": restarts since a monotonic time, as one process tells the next. Everything that the
 * handler needs is made ready beforehand. */
static struct {
    char **argv;
    char **env;
    void (*restore)(void);
    char told[64]; /* the variable: the last of `env` */
    int64_t restarts, since_us;
} next;

/* ---- in the handler: only what a signal handler may call */

static void say(const char *words)
{
    ssize_t n = write(STDERR_FILENO, words, strlen(words));
    (void)n;
}

static void say_what(const char *who, enum loop_stuck how, const char *then)
{
    const char *const parts[] = {"checkrein: the ", who, " ", SAID[how], then, "\n"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        say(parts[i]);
    }
}

static _Noreturn void end_without_a_core(void)
{
    const struct rlimit none = {0, 0};
    sigset_t open;
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)signal(SIGABRT, SIG_DFL);
    (void)sigemptyset(&open);
    (void)pthread_sigmask(SIG_SETMASK, &open, NULL);
    (void)raise(SIGABRT);
    _exit(128 + SIGABRT);
}

static char *add_number(char *at, int64_t n)
{
    char digits[24];
    size_t i = sizeof(digits);
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    memcpy(at, digits + i, sizeof(digits) - i);
    return at + sizeof(digits) - i;
}

/* How often it was so lately goes with the next one. False: too often. */
static bool count_restart(void)
{
    int64_t now_us = clock_mono_us();
    if (now_us - next.since_us > WINDOW_US || next.restarts == 0) {
        next.restarts = 0;
        next.since_us = now_us;
    }
    if (next.restarts >= STUCK_RESTARTS) {
        return false;
    }
    char *at = next.told + strlen(VARIABLE "=");
    at = add_number(at, next.restarts + 1);
    *at++ = ' ';
    at = add_number(at, next.since_us);
    *at = '\0';
    return true;
}

/* The record's lock, sockets and all else belong to the one that was stuck. */
static void become_another(void)
{
    sigset_t none;
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
    (void)sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    (void)execve(THIS_FILE, next.argv, next.env);
}

static void on_stuck_daemon(enum loop_stuck how)
{
    say_what("daemon", how, ": it ends, and what waits at its gate is blocked");
    end_without_a_core();
}

static void on_stuck_console(enum loop_stuck how)
{
    next.restore();
    if (next.argv && count_restart()) {
        say_what("console", how, ": it is started again");
        become_another();
    }
    say_what("console", how, next.argv ? ", again and again: it ends" : ": it ends");
    end_without_a_core();
}

/* ---- beforehand */

static void take_over(void)
{
    struct span said = span_str(getenv(VARIABLE));
    struct span count;
    if (!said.n || !span_next(&said, ' ', &count) ||
        num_parse(count, 1, STUCK_RESTARTS, &next.restarts) != ST_OK ||
        num_parse(said, 0, INT64_MAX, &next.since_us) != ST_OK) {
        next.restarts = 0;
    }
    (void)unsetenv(VARIABLE);
}

const char *stuck_before(void)
{
    take_over();
    return next.restarts
               ? "the console was stuck, and has been started again: nothing was sent meanwhile"
               : NULL;
}

static void prepare_env(void)
{
    size_t n = 0;
    while (environ[n]) {
        n++;
    }
    (void)span_copy(SPAN(VARIABLE "="), next.told, sizeof(next.told));
    next.env = xcalloc(n + 2, sizeof(*next.env));
    memcpy(next.env, environ, n * sizeof(*environ));
    next.env[n] = next.told;
}

enum status stuck_watch_daemon(struct loop *l, int64_t limit_ms, struct why *why)
{
    return limit_ms ? loop_watch(l, limit_ms, on_stuck_daemon, why) : ST_OK;
}

enum status stuck_watch_console(struct loop *l, int64_t limit_ms, char **argv,
                                void (*restore)(void), struct why *why)
{
    if (!limit_ms) {
        return ST_OK;
    }
    next.argv = argv;
    next.restore = restore;
    if (argv && !next.env) {
        prepare_env();
    }
    return loop_watch(l, limit_ms, on_stuck_console, why);
}
