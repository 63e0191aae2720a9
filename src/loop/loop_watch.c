/* loop_watch.c - the watchdog: a turn that neither ends nor waits.
 *
 * Two timers of the kernel send SIGALRM. One runs on this thread's processor time and is never set
 * again: it moves only while the thread works, so it costs an idle program nothing, and it sees who
 * spins, inside libwebsockets too. The other is monotonic; it is armed when a wait ends and
 * disarmed when one begins, and sees who is blocked.
 *
 * Neither counts time: each counts ticks that came in, and a stopped process gets one for all that
 * it missed. So a debugger, SIGSTOP or a laptop's sleep are no stuck turn.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "loop_priv.h"

#define TICKS 5 /* in a limit */

static struct {
    atomic_bool on;
    loop_stuck_fn *fn;
    timer_t timers[2];
    int64_t tick_us;
    atomic_uint turn; /* moves with each turn */
    bool armed;       /* the monotonic one */
    atomic_uint ticks[2];
    unsigned seen;     /* the handler's: turn of the last tick of processor time */
    int64_t worked_us; /* the handler's: processor time at the first monotonic tick */
} watch;

static int64_t processor_us(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void on_work_tick(void)
{
    unsigned turn = atomic_load(&watch.turn);
    if (turn != watch.seen) {
        watch.seen = turn;
        atomic_store(&watch.ticks[LOOP_SPINS], 0);
    } else if (atomic_fetch_add(&watch.ticks[LOOP_SPINS], 1) + 1 == TICKS) {
        watch.fn(LOOP_SPINS);
    }
}

/* Who is blocked uses next to no processor time; who spins may have to share the processor. */
static void on_time_tick(void)
{
    unsigned ticks = atomic_fetch_add(&watch.ticks[LOOP_BLOCKED], 1) + 1;
    if (ticks == 1) {
        watch.worked_us = processor_us();
    } else if (ticks == TICKS) {
        int64_t worked_us = processor_us() - watch.worked_us;
        watch.fn(worked_us > watch.tick_us / TICKS ? LOOP_SPINS : LOOP_BLOCKED);
    }
}

static void on_tick(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)context;
    int before = errno;
    if (info->si_code == SI_TIMER && atomic_load(&watch.on)) {
        if (info->si_value.sival_int == LOOP_SPINS) {
            on_work_tick();
        } else {
            on_time_tick();
        }
    }
    errno = before;
}

static struct timespec of_us(int64_t us)
{
    return (struct timespec){.tv_sec = us / 1000000, .tv_nsec = (us % 1000000) * 1000};
}

static bool set(enum loop_stuck how, int64_t us)
{
    struct itimerspec at = {.it_interval = of_us(us), .it_value = of_us(us)};
    return timer_settime(watch.timers[how], 0, &at, NULL) == 0;
}

static bool make(enum loop_stuck how, clockid_t clock)
{
    struct sigevent ev = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM, .sigev_value.sival_int = (int)how};
    return timer_create(clock, &ev, &watch.timers[how]) == 0;
}

enum status loop_watch(struct loop *l, int64_t limit_ms, loop_stuck_fn *fn, struct why *why)
{
    struct sigaction sa = {.sa_sigaction = on_tick,
                           .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    (void)sigemptyset(&sa.sa_mask);
    if (atomic_load(&watch.on)) {
        return why_fail(why, ST_EXISTS, "another loop is watched");
    }
    watch.fn = fn;
    watch.tick_us = limit_ms * 1000 / TICKS;
    if (sigaction(SIGALRM, &sa, NULL) != 0 || !make(LOOP_SPINS, CLOCK_THREAD_CPUTIME_ID)) {
        return why_fail(why, ST_IO, "no timer for the watchdog: %s", err_text(errno));
    }
    if (!make(LOOP_BLOCKED, CLOCK_MONOTONIC)) {
        (void)timer_delete(watch.timers[LOOP_SPINS]);
        return why_fail(why, ST_IO, "no timer for the watchdog: %s", err_text(errno));
    }
    l->watched = true;
    atomic_store(&watch.on, true);
    (void)set(LOOP_SPINS, watch.tick_us);
    watch_runs(l);
    return ST_OK;
}

void watch_release(struct loop *l)
{
    if (!l->watched) {
        return;
    }
    atomic_store(&watch.on, false);
    (void)timer_delete(watch.timers[LOOP_SPINS]);
    (void)timer_delete(watch.timers[LOOP_BLOCKED]);
    watch.armed = false;
}

void watch_turn(struct loop *l)
{
    if (l->watched) {
        atomic_fetch_add(&watch.turn, 1);
        atomic_store(&watch.ticks[LOOP_BLOCKED], 0);
    }
}

void watch_waits(struct loop *l)
{
    if (l->watched && watch.armed) {
        watch.armed = !set(LOOP_BLOCKED, 0);
    }
}

void watch_runs(struct loop *l)
{
    if (l->watched && !watch.armed) {
        atomic_store(&watch.ticks[LOOP_BLOCKED], 0);
        watch.armed = set(LOOP_BLOCKED, watch.tick_us);
    }
}
