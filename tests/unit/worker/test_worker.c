/* Jobs on the thread beside the loop: in order, back on the loop, and none of them lost or freed
 * twice. */
#include "expect.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/worker.h"

#define DEADLINE_US 10000000

struct job {
    struct worker_job job;
    int number;
    int gate; /* a descriptor that it reads a byte of first; 0: none */
    bool elsewhere;
};

static pthread_t loop_thread;
static atomic_int dropped;

struct world {
    struct loop *loop;
    struct worker *worker;
    int done, last;
    bool in_order, frees;
};

static void run(struct worker_job *j)
{
    struct job *job = (struct job *)j;
    char byte;
    if (job->gate > 0) {
        (void)!read(job->gate, &byte, 1);
    }
    job->elsewhere = pthread_equal(pthread_self(), loop_thread) == 0;
}

static void drop(struct worker_job *j)
{
    free(j);
    dropped++;
}

static void on_done(void *ctx, struct worker_job *j)
{
    struct world *w = ctx;
    struct job *job = (struct job *)j;
    assert_true(pthread_equal(pthread_self(), loop_thread) != 0);
    assert_true(job->elsewhere);
    w->in_order = w->in_order && job->number == w->last + 1;
    w->last = job->number;
    w->done++;
    free(job);
    if (w->frees) {
        worker_free(w->worker);
        w->worker = NULL;
    }
}

static const struct worker_kind KIND = {.run = run, .drop = drop, .done = on_done};

static void begin(struct world *w)
{
    struct why why = {0};
    *w = (struct world){.in_order = true};
    loop_thread = pthread_self();
    dropped = 0;
    assert_status(loop_new(&w->loop, &why), ST_OK);
    assert_status(worker_new(&w->worker, w->loop, &KIND, w), ST_OK);
}

static void end(struct world *w)
{
    worker_free(w->worker);
    loop_free(w->loop);
}

static void put(struct world *w, int number, int gate)
{
    struct job *job = xcalloc(1, sizeof(*job));
    job->number = number;
    job->gate = gate;
    worker_put(w->worker, &job->job);
}

static void turn_until_done(struct world *w, int count)
{
    int64_t until = clock_mono_us() + DEADLINE_US;
    while (w->done < count) {
        assert_true(clock_mono_us() < until);
        assert_status(loop_turn(w->loop, 20), ST_OK);
    }
}

static void jobs_come_back_in_order(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    for (int i = 1; i <= 1000; i++) {
        put(&w, i, 0);
    }
    turn_until_done(&w, 1000);
    assert_true(w.in_order);
    assert_int_equal(dropped, 0);
    end(&w);
}

static void one_that_hangs_holds_up_nobody(void **state)
{
    struct world w;
    int gate[2];
    (void)state;
    begin(&w);
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    put(&w, 1, gate[0]);
    put(&w, 2, 0);
    assert_status(loop_turn(w.loop, 50), ST_OK);
    assert_int_equal(w.done, 0);
    assert_true(worker_waiting(w.worker) >= 1);
    worker_finish(w.worker, 0); /* waits no longer than it is told */
    assert_int_equal(w.done, 0);
    end(&w);
    assert_int_equal(write(gate[1], "xx", 2), 2);
    int64_t until = clock_mono_us() + DEADLINE_US;
    while (dropped < 2) { /* the one it was at and the one that waited */
        assert_true(clock_mono_us() < until);
        (void)sched_yield();
    }
    assert_int_equal(w.done, 0);
    (void)close(gate[0]);
    (void)close(gate[1]);
}

static void finish_takes_all_back_without_a_loop(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    for (int i = 1; i <= 100; i++) {
        put(&w, i, 0);
    }
    worker_finish(w.worker, 10000);
    assert_int_equal(w.done, 100);
    assert_true(w.in_order);
    end(&w);
}

static void it_may_be_freed_by_who_takes_back(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    w.frees = true;
    for (int i = 1; i <= 10; i++) {
        put(&w, i, 0);
    }
    turn_until_done(&w, 1);
    int64_t until = clock_mono_us() + DEADLINE_US;
    while (dropped < 9) {
        assert_true(clock_mono_us() < until);
        assert_status(loop_turn(w.loop, 5), ST_OK);
    }
    assert_int_equal(w.done, 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_come_back_in_order),
        cmocka_unit_test(one_that_hangs_holds_up_nobody),
        cmocka_unit_test(finish_takes_all_back_without_a_loop),
        cmocka_unit_test(it_may_be_freed_by_who_takes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
