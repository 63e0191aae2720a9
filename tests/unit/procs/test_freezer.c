/* Processes that are stopped where they are: all of them, seen to be; what comes anew meanwhile
 * too; and they go on, but for those that were stopped before. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/procs.h"
#include "expect.h"

#define PATIENCE_MS 5000

struct seen {
    struct loop *loop;
    struct freezer *freezer;
    pid_t root;
    struct proc_tree tree;
    size_t still, continued, over, others, moves;
    char fault[96];
};

static void on_find(void *ctx, struct proc_set *all)
{
    struct seen *s = ctx;
    int32_t root = (int32_t)s->root;
    proc_tree_read(&s->tree);
    proc_tree_mark(&s->tree, &root, 1);
    for (size_t i = 0; i < s->tree.count; i++) {
        if (s->tree.below[i] && !proc_has_ended(&s->tree.proc[i])) {
            proc_set_add(all, s->tree.proc[i].pid, s->tree.proc[i].start);
        }
    }
}

static void on_still(void *ctx, size_t count)
{
    struct seen *s = ctx;
    s->still = count;
    loop_stop(s->loop);
}

static void on_moves(void *ctx, size_t still, size_t count, const char *fault)
{
    struct seen *s = ctx;
    s->moves = count - still;
    (void)span_copy(span_str(fault), s->fault, sizeof(s->fault));
    loop_stop(s->loop);
}

static void on_continued(void *ctx)
{
    struct seen *s = ctx;
    s->continued++;
    loop_stop(s->loop);
}

static void on_over(void *ctx, size_t others, size_t count, bool stuck)
{
    struct seen *s = ctx;
    (void)count;
    assert_false(stuck);
    s->over++;
    s->others = others;
    freezer_free(s->freezer);
    s->freezer = NULL;
    loop_stop(s->loop);
}

static const struct freezer_events EVENTS = {.find = on_find,
                                             .still = on_still,
                                             .moves = on_moves,
                                             .continued = on_continued,
                                             .over = on_over};

static void too_late(void *ctx)
{
    (void)ctx;
    fail_msg("nothing was seen in time");
}

static void wait_for(struct seen *s)
{
    loop_id late = loop_timer(s->loop, PATIENCE_MS, too_late, NULL);
    assert_status(loop_run(s->loop), ST_OK);
    loop_remove(s->loop, late);
}

static void sleep_on(void)
{
    for (;;) {
        (void)pause();
    }
}

/* A child with one below it in a session of its own; gives that one. */
static pid_t family(struct seen *s)
{
    int ready[2];
    pid_t below = 0;
    assert_int_equal(pipe(ready), 0);
    s->root = fork();
    if (s->root == 0 && fork() == 0) {
        pid_t self = getpid();
        (void)setsid();
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of this test */
        if (write(ready[1], &self, sizeof(self)) != sizeof(self)) {
            _exit(1);
        }
    }
    if (s->root == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        sleep_on();
    }
    assert_int_equal(read(ready[0], &below, sizeof(below)), sizeof(below));
    (void)close(ready[0]);
    (void)close(ready[1]);
    return below;
}

static int up(void **state)
{
    struct why why = {0};
    struct seen *s = xcalloc(1, sizeof(*s));
    assert_status(loop_new(&s->loop, &why), ST_OK);
    s->freezer = freezer_new(s->loop, &EVENTS, s);
    *state = s;
    return 0;
}

static int down(void **state)
{
    struct seen *s = *state;
    freezer_free(s->freezer);
    loop_free(s->loop);
    proc_tree_release(&s->tree);
    if (s->root > 0) {
        (void)kill(s->root, SIGKILL);
        (void)waitpid(s->root, NULL, 0);
    }
    free(s);
    return 0;
}

static bool is_stopped(pid_t pid)
{
    struct proc_stat p;
    return proc_read((int32_t)pid, &p) && p.state == 'T';
}

static void test_all_stop_and_go_on(void **state)
{
    struct seen *s = *state;
    pid_t below = family(s);
    freezer_stop(s->freezer);
    wait_for(s);
    assert_int_equal(s->still, 2);
    assert_true(is_stopped(s->root) && is_stopped(below));
    freezer_go_on(s->freezer);
    wait_for(s);
    assert_int_equal(s->over, 1);
    assert_int_equal(s->others, 0);
    assert_false(is_stopped(s->root) || is_stopped(below));
}

static void test_continued_by_somebody(void **state)
{
    struct seen *s = *state;
    pid_t below = family(s);
    freezer_stop(s->freezer);
    wait_for(s);
    assert_int_equal(kill(below, SIGCONT), 0);
    wait_for(s);
    assert_int_equal(s->continued, 1);
    assert_true(is_stopped(s->root));
    for (int i = 0; i < 200 && !is_stopped(below); i++) {
        (void)usleep(10000);
    }
    assert_true(is_stopped(below));
}

static void test_what_was_stopped_before_stays(void **state)
{
    struct seen *s = *state;
    pid_t below = family(s);
    assert_int_equal(kill(below, SIGSTOP), 0);
    for (int i = 0; i < 200 && !is_stopped(below); i++) {
        (void)usleep(10000);
    }
    freezer_stop(s->freezer);
    wait_for(s);
    freezer_go_on(s->freezer);
    wait_for(s);
    assert_int_equal(s->others, 1);
    assert_false(is_stopped(s->root));
    assert_true(is_stopped(below));
}

/* Who comes after has not stopped them, and can let them go on. */
static void test_adopted(void **state)
{
    struct seen *s = *state;
    pid_t below = family(s);
    freezer_stop(s->freezer);
    wait_for(s);
    freezer_free(s->freezer);
    assert_true(is_stopped(s->root) && is_stopped(below));
    s->freezer = freezer_new(s->loop, &EVENTS, s);
    freezer_adopt(s->freezer);
    freezer_go_on(s->freezer);
    wait_for(s);
    assert_int_equal(s->others, 0);
    assert_false(is_stopped(s->root) || is_stopped(below));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_stop_and_go_on, up, down),
        cmocka_unit_test_setup_teardown(test_continued_by_somebody, up, down),
        cmocka_unit_test_setup_teardown(test_what_was_stopped_before_stays, up, down),
        cmocka_unit_test_setup_teardown(test_adopted, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
