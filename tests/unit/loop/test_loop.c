#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkrein/clock.h"
#include "checkrein/loop.h"

static struct loop *make_loop(void)
{
    struct loop *l = NULL;
    struct why why = {0};
    assert_int_equal(loop_new(&l, &why), ST_OK);
    return l;
}

static void turn(struct loop *l, int64_t ms)
{
    assert_int_equal(loop_turn(l, ms), ST_OK);
}

/* Turns until *flag is set, or until the deadline: then the test fails. */
static void turn_until(struct loop *l, const int *flag, int64_t deadline_ms)
{
    int64_t end = clock_mono_us() + deadline_ms * 1000;
    while (*flag == 0) {
        assert_true(clock_mono_us() < end);
        turn(l, 20);
    }
}

struct trace {
    struct loop *loop;
    char text[64];
    int count;
    loop_id other;
    int done;
};

struct note {
    struct trace *trace;
    char letter;
};

static void add_letter(void *ctx)
{
    struct note *n = ctx;
    size_t len = strlen(n->trace->text);
    assert_true(len + 1 < sizeof(n->trace->text));
    n->trace->text[len] = n->letter;
}

static void count_timer(void *ctx)
{
    struct trace *t = ctx;
    t->count++;
}

static void turn_returns_in_time_when_nothing_happens(void **state)
{
    (void)state;
    struct loop *l = make_loop();
    int64_t start = clock_mono_us();
    turn(l, 0);
    assert_true(clock_mono_us() - start < 2000 * 1000);
    start = clock_mono_us();
    int turns = 0;
    while (clock_mono_us() - start < 50 * 1000) {
        turn(l, 50);
        turns++;
    }
    assert_true(clock_mono_us() - start < 5000 * 1000);
    assert_true(turns < 20); /* it waited, it did not spin */
    loop_free(l);
}

static void timers_fire_in_order_and_never_early(void **state)
{
    (void)state;
    struct trace t = {.loop = make_loop()};
    struct note notes[] = {
        {&t, 'c'},
        {&t, 'a'},
        {&t, 'b'},
        {&t, 'd'}
    };
    int64_t start = clock_mono_us();
    (void)loop_timer(t.loop, 30, add_letter, &notes[0]);
    (void)loop_timer(t.loop, 0, add_letter, &notes[1]);
    (void)loop_timer(t.loop, 10, add_letter, &notes[2]);
    (void)loop_timer(t.loop, 30, add_letter, &notes[3]);
    int64_t end = start + 5000000;
    while (strlen(t.text) < 4 && clock_mono_us() < end) {
        turn(t.loop, -1);
        if (strlen(t.text) < 3) {
            assert_true(strchr(t.text, 'c') == NULL);
        }
    }
    assert_string_equal(t.text, "abcd");
    assert_true(clock_mono_us() - start >= 30 * 1000);
    loop_free(t.loop);
}

static void thousands_of_timers_keep_order(void **state)
{
    (void)state;
    enum { N = 3000 };
    struct trace t = {.loop = make_loop()};
    loop_id *ids = calloc(N, sizeof(*ids));
    for (int i = 0; i < N; i++) {
        ids[i] = loop_timer(t.loop, (i * 7919) % 40, count_timer, &t);
        assert_true(ids[i] != 0);
    }
    for (int i = 0; i < N; i += 3) {
        loop_remove(t.loop, ids[i]);
        loop_remove(t.loop, ids[i]); /* twice is harmless */
    }
    int64_t end = clock_mono_us() + 5000000;
    while (t.count < N - N / 3 && clock_mono_us() < end) {
        turn(t.loop, 50);
    }
    turn(t.loop, 50);
    assert_int_equal(t.count, N - N / 3);
    free(ids);
    loop_free(t.loop);
}

static void rearm_at_once(void *ctx)
{
    struct trace *t = ctx;
    t->count++;
    t->other = loop_timer(t->loop, 0, rearm_at_once, t);
}

static void a_timer_that_rearms_itself_does_not_starve_the_turn(void **state)
{
    (void)state;
    struct trace t = {.loop = make_loop()};
    (void)loop_timer(t.loop, 0, rearm_at_once, &t);
    turn(t.loop, -1);
    assert_int_equal(t.count, 1);
    turn(t.loop, -1);
    assert_int_equal(t.count, 2);
    loop_free(t.loop);
}

static void remove_other(void *ctx)
{
    struct trace *t = ctx;
    t->count++;
    loop_remove(t->loop, t->other);
}

static void a_timer_removes_one_that_is_due_in_the_same_turn(void **state)
{
    (void)state;
    struct trace t = {.loop = make_loop()};
    struct trace victim = {.loop = t.loop};
    (void)loop_timer(t.loop, 0, remove_other, &t);
    t.other = loop_timer(t.loop, 0, count_timer, &victim);
    turn(t.loop, -1);
    turn(t.loop, 0);
    assert_int_equal(t.count, 1);
    assert_int_equal(victim.count, 0);
    loop_free(t.loop);
}

static void ids_are_not_used_again(void **state)
{
    (void)state;
    struct trace t = {.loop = make_loop()};
    loop_id first = loop_timer(t.loop, 1000, count_timer, &t);
    loop_remove(t.loop, first);
    loop_id second = loop_timer(t.loop, 1, count_timer, &t);
    assert_true(first != second);
    loop_remove(t.loop, first); /* the same slot, another timer */
    int64_t end = clock_mono_us() + 3000000;
    while (t.count == 0 && clock_mono_us() < end) {
        turn(t.loop, 10);
    }
    assert_int_equal(t.count, 1);
    loop_remove(t.loop, 0);
    loop_remove(t.loop, UINT64_MAX);
    loop_remove(t.loop, 0x80000000u);
    loop_free(t.loop);
}

struct end {
    struct loop *loop;
    loop_id id, other;
    int fd;
    unsigned ready;
    int calls;
};

static void on_ready(void *ctx, int fd, unsigned ready)
{
    struct end *e = ctx;
    e->calls++;
    e->ready = ready;
    if ((ready & LOOP_READ) != 0) {
        char bytes[64];
        ssize_t n = read(fd, bytes, sizeof(bytes));
        (void)n;
    }
}

static void remove_both(void *ctx, int fd, unsigned ready)
{
    struct end *e = ctx;
    (void)fd;
    (void)ready;
    e->calls++;
    loop_remove(e->loop, e->id);
    loop_remove(e->loop, e->other);
}

static void a_callback_may_remove_itself_and_others_that_are_ready(void **state)
{
    (void)state;
    struct loop *l = make_loop();
    int a[2];
    int b[2];
    assert_int_equal(pipe2(a, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(pipe2(b, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(write(a[1], "x", 1), 1);
    assert_int_equal(write(b[1], "x", 1), 1);
    struct end ea = {.loop = l};
    struct end eb = {.loop = l};
    assert_int_equal(loop_fd_add(l, a[0], LOOP_READ, remove_both, &ea, &ea.id), ST_OK);
    assert_int_equal(loop_fd_add(l, b[0], LOOP_READ, remove_both, &eb, &eb.id), ST_OK);
    ea.other = eb.id;
    eb.other = ea.id;
    turn(l, 1000);
    turn(l, 0);
    assert_int_equal(ea.calls + eb.calls, 1);
    close(a[0]);
    close(a[1]);
    close(b[0]);
    close(b[1]);
    loop_free(l);
}

static void a_descriptor_number_taken_again_gets_no_old_event(void **state)
{
    (void)state;
    struct loop *l = make_loop();
    struct end old = {.loop = l};
    struct end fresh = {.loop = l};
    int a[2];
    assert_int_equal(pipe2(a, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(loop_fd_add(l, a[0], LOOP_READ, on_ready, &old, &old.id), ST_OK);
    loop_remove(l, old.id);
    assert_int_equal(loop_fd_add(l, a[0], LOOP_READ, on_ready, &fresh, &fresh.id), ST_OK);
    assert_true(old.id != fresh.id);
    loop_fd_want(l, old.id, 0); /* a dead id: nothing */
    loop_remove(l, old.id);
    assert_int_equal(write(a[1], "x", 1), 1);
    turn(l, 1000);
    assert_int_equal(old.calls, 0);
    assert_int_equal(fresh.calls, 1);
    close(a[0]);
    close(a[1]);
    loop_free(l);
}

static void wants_and_hangups_are_told_apart(void **state)
{
    (void)state;
    struct loop *l = make_loop();
    int s[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s), 0);
    struct end e = {.loop = l};
    assert_int_equal(loop_fd_add(l, s[0], LOOP_READ, on_ready, &e, &e.id), ST_OK);
    turn(l, 0);
    assert_int_equal(e.calls, 0);
    loop_fd_want(l, e.id, LOOP_WRITE);
    turn(l, 1000);
    assert_int_equal(e.ready, LOOP_WRITE);
    loop_fd_want(l, e.id, LOOP_HANGUP);
    e.calls = 0;
    turn(l, 0);
    assert_int_equal(e.calls, 0);
    assert_int_equal(write(s[1], "x", 1), 1); /* data is not a hang-up */
    turn(l, 0);
    assert_int_equal(e.calls, 0);
    close(s[1]);
    turn(l, 1000);
    assert_int_equal(e.ready & LOOP_HANGUP, LOOP_HANGUP);
    loop_fd_want(l, e.id, 0); /* nothing wanted: a dead peer must not make it spin */
    e.calls = 0;
    int64_t start = clock_mono_us();
    int turns = 0;
    while (clock_mono_us() - start < 30 * 1000) {
        turn(l, 30);
        turns++;
    }
    assert_int_equal(e.calls, 0);
    assert_true(turns < 10);
    loop_remove(l, e.id);
    close(s[0]);
    loop_free(l);
}

static void what_cannot_be_waited_for_is_refused(void **state)
{
    (void)state;
    struct loop *l = make_loop();
    loop_id id = 7;
    assert_int_equal(loop_fd_add(l, -1, LOOP_READ, on_ready, NULL, &id), ST_INVALID);
    assert_int_equal(id, 0);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(loop_fd_add(l, file, LOOP_READ, on_ready, NULL, &id), ST_UNSUPPORTED);
    int a[2];
    assert_int_equal(pipe2(a, O_CLOEXEC), 0);
    loop_id first = 0;
    assert_int_equal(loop_fd_add(l, a[0], LOOP_READ, on_ready, NULL, &first), ST_OK);
    assert_int_equal(loop_fd_add(l, a[0], LOOP_READ, on_ready, NULL, &id), ST_EXISTS);
    close(a[0]);
    close(a[1]);
    close(file);
    loop_free(l);
}

static void post_again(void *ctx)
{
    struct trace *t = ctx;
    t->count++;
    loop_post(t->loop, post_again, t);
}

static void posts_run_in_order_and_the_tick_comes_last(void **state)
{
    (void)state;
    struct trace t = {.loop = make_loop()};
    struct note notes[] = {
        {&t, 'a'},
        {&t, 'b'},
        {&t, '|'}
    };
    loop_on_turn(t.loop, add_letter, &notes[2]);
    loop_post(t.loop, add_letter, &notes[0]);
    loop_post(t.loop, add_letter, &notes[1]);
    int64_t start = clock_mono_us();
    turn(t.loop, -1); /* what is posted outside a turn ends the wait of the next */
    assert_true(clock_mono_us() - start < 5000 * 1000);
    assert_string_equal(t.text, "ab|");
    loop_on_turn(t.loop, NULL, NULL);
    loop_post(t.loop, post_again, &t);
    turn(t.loop, -1);
    turn(t.loop, -1);
    assert_int_equal(t.count, 2);
    loop_free(t.loop);
}

static void turn_inside(void *ctx)
{
    struct trace *t = ctx;
    t->count = (int)loop_turn(t->loop, 0);
    t->done = 1;
}

static void a_turn_inside_a_turn_is_refused(void **state)
{
    (void)state;
    struct trace t = {.loop = make_loop()};
    loop_post(t.loop, turn_inside, &t);
    turn(t.loop, -1);
    assert_int_equal(t.done, 1);
    assert_int_equal(t.count, ST_CONFLICT);
    loop_free(t.loop);
}

static void stop_it(void *ctx)
{
    loop_stop(ctx);
}

static void run_ends_with_stop(void **state)
{
    (void)state;
    struct loop *l = make_loop();
    (void)loop_timer(l, 5, stop_it, l);
    assert_int_equal(loop_run(l), ST_OK);
    (void)loop_timer(l, 5, stop_it, l);
    assert_int_equal(loop_run(l), ST_OK); /* and can run again */
    loop_free(l);
}

static void *wake_it(void *ctx)
{
    loop_wake(ctx);
    return NULL;
}

static void another_thread_wakes_the_loop(void **state)
{
    (void)state;
    struct loop *l = make_loop();
    turn(l, 0);
    pthread_t thread;
    int64_t start = clock_mono_us();
    assert_int_equal(pthread_create(&thread, NULL, wake_it, l), 0);
    turn(l, 20000);
    assert_true(clock_mono_us() - start < 10000000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    start = clock_mono_us(); /* and once only */
    turn(l, 20);
    turn(l, 20);
    assert_true(clock_mono_us() - start >= 15 * 1000);
    loop_free(l);
}

static void note_signal(void *ctx, int signo)
{
    struct trace *t = ctx;
    t->count += signo == SIGUSR1 ? 1 : 100;
    t->done = 1;
}

static void signals_come_as_calls_and_the_mask_is_given_back(void **state)
{
    (void)state;
    struct trace t = {.loop = make_loop()};
    assert_int_equal(loop_signal(t.loop, SIGUSR1, note_signal, &t), ST_OK);
    assert_int_equal(loop_signal(t.loop, SIGUSR2, note_signal, &t), ST_OK);
    assert_int_equal(loop_signal(t.loop, SIGKILL, note_signal, &t), ST_INVALID);
    assert_int_equal(loop_signal(t.loop, 0, note_signal, &t), ST_INVALID);
    assert_int_equal(loop_signal(t.loop, 65, note_signal, &t), ST_INVALID);
    assert_int_equal(raise(SIGUSR1), 0);
    turn_until(t.loop, &t.done, 3000);
    assert_int_equal(t.count, 1);
    t.done = 0;
    assert_int_equal(kill(getpid(), SIGUSR2), 0);
    turn_until(t.loop, &t.done, 3000);
    assert_int_equal(t.count, 101);
    const sigset_t *before = loop_saved_sigmask(t.loop);
    assert_int_equal(sigismember(before, SIGUSR1), 0);
    assert_int_equal(raise(SIGUSR1), 0); /* pending when the loop goes: it must not kill */
    loop_free(t.loop);
    sigset_t now;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
    assert_int_equal(sigismember(&now, SIGUSR1), 0);
}

static void a_child_that_ends_is_told(void **state)
{
    (void)state;
    struct trace t = {.loop = make_loop()};
    assert_int_equal(loop_signal(t.loop, SIGCHLD, note_signal, &t), ST_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(3);
    }
    turn_until(t.loop, &t.done, 5000);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 3);
    loop_free(t.loop);
}

static void the_clock_moves_once_a_turn(void **state)
{
    (void)state;
    struct loop *l = make_loop();
    int64_t before = loop_now_us(l);
    assert_int_equal(before, loop_now_us(l));
    turn(l, 5);
    turn(l, 5);
    assert_true(loop_now_us(l) > before);
    assert_true(loop_now_us(l) <= clock_mono_us());
    assert_ptr_equal(loop_of_lws(loop_lws(l)), l);
    loop_free(l);
}

static void many_loops_one_after_another(void **state)
{
    (void)state;
    int before = dup(0);
    assert_true(before >= 0);
    close(before);
    for (int i = 0; i < 5; i++) {
        struct loop *l = make_loop();
        turn(l, 0);
        loop_free(l);
    }
    int after = dup(0);
    assert_int_equal(before, after); /* no descriptor was left open */
    close(after);
    loop_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turn_returns_in_time_when_nothing_happens),
        cmocka_unit_test(timers_fire_in_order_and_never_early),
        cmocka_unit_test(thousands_of_timers_keep_order),
        cmocka_unit_test(a_timer_that_rearms_itself_does_not_starve_the_turn),
        cmocka_unit_test(a_timer_removes_one_that_is_due_in_the_same_turn),
        cmocka_unit_test(ids_are_not_used_again),
        cmocka_unit_test(a_callback_may_remove_itself_and_others_that_are_ready),
        cmocka_unit_test(a_descriptor_number_taken_again_gets_no_old_event),
        cmocka_unit_test(wants_and_hangups_are_told_apart),
        cmocka_unit_test(what_cannot_be_waited_for_is_refused),
        cmocka_unit_test(posts_run_in_order_and_the_tick_comes_last),
        cmocka_unit_test(a_turn_inside_a_turn_is_refused),
        cmocka_unit_test(run_ends_with_stop),
        cmocka_unit_test(another_thread_wakes_the_loop),
        cmocka_unit_test(signals_come_as_calls_and_the_mask_is_given_back),
        cmocka_unit_test(a_child_that_ends_is_told),
        cmocka_unit_test(the_clock_moves_once_a_turn),
        cmocka_unit_test(many_loops_one_after_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
