/* A turn that is stuck is seen, whether it works or sleeps; what only looks like one is not. */
#include "expect.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checkrein/clock.h"
#include "checkrein/loop.h"

#define LIMIT_MS   200
#define DEADLINE_S 20 /* SIGALRM is the watchdog's: a child that hangs is killed by its parent */

enum { SPUN = 10, WAS_BLOCKED, NOT_SEEN, BROKEN };

static void leave(enum loop_stuck how)
{
    _exit(how == LOOP_SPINS ? SPUN : WAS_BLOCKED);
}

static void spin(void *ctx)
{
    (void)ctx;
    for (volatile unsigned i = 0;; i++) {
    }
}

static void sleep_for_ever(void *ctx)
{
    (void)ctx;
    for (;;) {
        (void)pause();
    }
}

static void spin_for_a_while(void *ctx)
{
    int64_t until = clock_mono_us() + *(const int64_t *)ctx * 1000;
    while (clock_mono_us() < until) {
    }
}

static void stop_itself(void *ctx)
{
    (void)ctx;
    (void)raise(SIGSTOP);
}

struct act {
    loop_post_fn *fn;
    int64_t ms; /* of spin_for_a_while() */
    int turns;  /* how often */
    int64_t wait_ms;
};

static int run_watched(const struct act *a)
{
    struct loop *l;
    if (loop_new(&l, NULL) != ST_OK || loop_watch(l, LIMIT_MS, leave, NULL) != ST_OK) {
        return BROKEN;
    }
    for (int i = 0; i < a->turns; i++) {
        if (a->fn != NULL) {
            loop_post(l, a->fn, (void *)&a->ms);
        }
        if (loop_turn(l, 0) != ST_OK || loop_turn(l, a->wait_ms) != ST_OK) {
            return BROKEN;
        }
    }
    loop_free(l);
    return NOT_SEEN;
}

static void sleep_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0) {
    }
}

/* Waits for the end, and lets a child that stops itself go on after three limits. */
static int end_of(pid_t child)
{
    int64_t until = clock_mono_us() + DEADLINE_S * 1000000LL;
    int status = 0;
    while (clock_mono_us() < until) {
        pid_t got = waitpid(child, &status, WNOHANG | WUNTRACED);
        if (got == child && WIFSTOPPED(status)) {
            sleep_ms(3L * LIMIT_MS);
            (void)kill(child, SIGCONT);
        } else if (got == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
        }
        sleep_ms(2);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    return BROKEN;
}

static int outcome(struct act a)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(run_watched(&a));
    }
    return end_of(child);
}

static void who_spins_is_seen(void **state)
{
    (void)state;
    assert_int_equal(outcome((struct act){.fn = spin, .turns = 1}), SPUN);
}

static void who_sleeps_outside_of_the_wait_is_seen(void **state)
{
    (void)state;
    assert_int_equal(outcome((struct act){.fn = sleep_for_ever, .turns = 1}), WAS_BLOCKED);
}

static void waiting_is_not_being_stuck(void **state)
{
    (void)state;
    assert_int_equal(outcome((struct act){.turns = 2, .wait_ms = 3 * LIMIT_MS}), NOT_SEEN);
}

/* Much work, but each turn ends. */
static void work_in_turns_is_not_being_stuck(void **state)
{
    (void)state;
    assert_int_equal(outcome((struct act){
                         .fn = spin_for_a_while, .ms = LIMIT_MS / 5, .turns = 15, .wait_ms = 1}),
                     NOT_SEEN);
}

static void a_stopped_process_is_not_stuck(void **state)
{
    (void)state;
    assert_int_equal(outcome((struct act){.fn = stop_itself, .turns = 3, .wait_ms = 1}), NOT_SEEN);
}

/* Between two turns the program works too. */
static void between_turns_is_watched(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct loop *l;
        if (loop_new(&l, NULL) != ST_OK || loop_watch(l, LIMIT_MS, leave, NULL) != ST_OK ||
            loop_turn(l, 1) != ST_OK) {
            _exit(BROKEN);
        }
        sleep_for_ever(NULL);
    }
    assert_int_equal(end_of(child), WAS_BLOCKED);
}

static unsigned calls;

static void count(enum loop_stuck how)
{
    (void)how;
    calls++;
}

static void it_tells_once_and_ends_with_its_loop(void **state)
{
    (void)state;
    struct loop *l;
    struct loop *other;
    int64_t ms = 3L * LIMIT_MS;
    assert_status(loop_new(&l, NULL), ST_OK);
    assert_status(loop_new(&other, NULL), ST_OK);
    assert_status(loop_watch(l, LIMIT_MS, count, NULL), ST_OK);
    assert_status(loop_watch(other, LIMIT_MS, count, NULL), ST_EXISTS);
    loop_post(l, spin_for_a_while, &ms);
    calls = 0;
    assert_status(loop_turn(l, 0), ST_OK);
    assert_in_range(calls, 1, 2); /* it worked, and it did not wait: both may be told */
    loop_free(l);
    calls = 0;
    spin_for_a_while(&ms);
    assert_int_equal(calls, 0);
    assert_status(loop_watch(other, LIMIT_MS, count, NULL), ST_OK);
    loop_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_spins_is_seen),
        cmocka_unit_test(who_sleeps_outside_of_the_wait_is_seen),
        cmocka_unit_test(waiting_is_not_being_stuck),
        cmocka_unit_test(work_in_turns_is_not_being_stuck),
        cmocka_unit_test(a_stopped_process_is_not_stuck),
        cmocka_unit_test(between_turns_is_watched),
        cmocka_unit_test(it_tells_once_and_ends_with_its_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
