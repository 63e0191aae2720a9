/* A screen on which nothing happens stays as it is, costs no memory, and says when it will change.
 */
#include <errno.h>

#include "fleet_scene.h"

/* ---- every allocation is counted, by the sanitizer's hook or by standing in for malloc */
static volatile size_t allocations; /* malloc is known to the compiler: it would not look again */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif

#ifdef WITH_ASAN
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                              void (*free_hook)(const volatile void *));

static void on_malloc(const volatile void *p, size_t n)
{
    (void)p;
    (void)n;
    allocations++;
}

static void on_free(const volatile void *p)
{
    (void)p;
}

static void count_allocations(void)
{
    (void)__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
#else
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t count, size_t n)
{
    allocations++;
    return __libc_calloc(count, n);
}

void *realloc(void *p, size_t n)
{
    allocations++;
    return __libc_realloc(p, n);
}

static void count_allocations(void)
{
}
#endif

static void start(struct kit *k, int cols, int rows)
{
    kit_init(k, cols, rows);
    scene_build(k);
}

static void the_counter_counts(void **state)
{
    (void)state;
    size_t before = allocations;
    void *volatile p = malloc(10);
    free(p);
    assert_true(allocations > before);
}

static void drawing_allocates_nothing(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    static const char *const keys[] = {"",   "2", "3", "4", "5",    "6",
                                       "1t", "o", "w", "?", "/abc", ":x"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        type(&k, keys[i]);
        draw(&k); /* the first one may make room */
        size_t before = allocations;
        draw(&k);
        pass_ms(&k, 60000);
        draw(&k);
        assert_int_equal(allocations, before);
        if (keys[i][0] == '?' || keys[i][0] == '/' || keys[i][0] == ':') {
            press(&k, KEY(ESC));
        }
    }
    press(&k, '1');
    draw(&k);
    press(&k, 'a');
    draw(&k);
    size_t before = allocations;
    for (int i = 0; i < 5; i++) {
        press(&k, 'j');
        draw(&k);
    }
    assert_int_equal(allocations, before);
    kit_release(&k);
}

static void news_allocate_nothing_either_when_there_is_room(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    press(&k, 'o'); /* by name: sorted, with its scratch memory */
    press(&k, 't');
    agent_state(&k, "ci", "agent/lint", AGENT_IDLE);
    draw(&k);
    agent_state(&k, "ci", "agent/lint", AGENT_RUNNING);
    size_t before = allocations;
    draw(&k);
    assert_int_equal(allocations, before);
    kit_release(&k);
}

static uint64_t digest(struct kit *k)
{
    draw(k);
    return canvas_digest(&k->c);
}

/* It changes when it said it would, and not before. */
static void changes_when_it_said(void **state)
{
    (void)state;
    static const char *const keys[] = {"", "2", "3", "4", "5", "6", "a", "!", "p", "?"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct kit k;
        start(&k, 120, 40);
        begin(&k, "ci", EVENT_AGENT_UPDATED, 0); /* will be silent for too long */
        text(&k, F_AGENT_ID, "agent/lint");
        number(&k, F_HEARTBEAT_MS, 7100);
        fold(&k);
        request_add(&k, "ci", /* its deadline will stand out */
                    &(struct a_request){.agent = "agent/lint",
                                        .id = "01L",
                                        .tool = "x",
                                        .summary = "y",
                                        .action = "{\"a\":1}",
                                        .risk = RISK_LOW,
                                        .asked_s = 36,
                                        .left_s = 21});
        type(&k, keys[i]);
        if (keys[i][0] == '2') { /* its struck-through row will go */
            request_resolve(&k, "laptop", "01KDOCS", DECISION_DENIED, "m.ito", "");
            pass_ms(&k, 3300);
            agent_state(&k, "ci", "agent/lint", AGENT_IDLE);
        }
        if (keys[i][0] == 'p') {
            ui_sent(k.ui, SPAN("01P"), k.now);
            press(&k, 'j');
        }
        for (int step = 0; step < 40; step++) {
            uint64_t now = digest(&k);
            int64_t at = next_change(&k);
            if (at == INT64_MAX) {
                break;
            }
            assert_true(at > k.now.mono_us);
            int64_t wait = at - k.now.mono_us;
            k.now.mono_us += wait / 2;
            k.now.wall_us += wait / 2;
            assert_true(digest(&k) == now);
            k.now.mono_us += wait - wait / 2 - 1;
            k.now.wall_us += wait - wait / 2 - 1;
            assert_true(digest(&k) == now);
            k.now.mono_us += 1;
            k.now.wall_us += 1;
            (void)digest(&k);
        }
        kit_release(&k);
    }
}

/* Of the many steps that a minute has, few are seen: nothing ticks by the second. */
static void does_not_tick(void **state)
{
    struct kit k;
    (void)state;
    start(&k, 120, 40);
    pass_ms(&k, 3600 * 1000); /* all ages are in minutes now */
    int changes = 0;
    uint64_t last = digest(&k);
    for (int s = 0; s < 600; s++) {
        pass_ms(&k, 1000);
        uint64_t now = digest(&k);
        changes += now != last;
        last = now;
    }
    assert_true(changes <= 10 * 12); /* at most a change a minute and row */
    assert_true(changes > 0);
    kit_release(&k);
}

static void an_idle_screen_never_changes(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 80, 24);
    uint64_t first = digest(&k);
    assert_true(next_change(&k) == INT64_MAX);
    pass_ms(&k, 86400 * 1000);
    assert_true(digest(&k) == first);
    kit_release(&k);
}

/* A frame depends on the fleet, the ui, the moment and the size: on nothing else. */
static void the_same_makes_the_same(void **state)
{
    struct kit a;
    struct kit b;
    (void)state;
    start(&a, 132, 43);
    start(&b, 132, 43);
    assert_true(digest(&a) == digest(&b));
    type(&a, "jj2j1t");
    type(&b, "jj2j1t");
    assert_true(digest(&a) == digest(&b));
    kit_release(&a);
    kit_release(&b);
}

static void before_the_first_frame_it_is_due_now(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 80, 24);
    assert_true(next_change(&k) == k.now.mono_us);
    kit_release(&k);
}

static void thousands_of_agents_are_drawn_in_time(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k, 200, 60);
    backend_live(&k, "lab");
    for (int i = 0; i < 4000; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "agent/%05d", i * 7919 % 4000);
        agent_add(&k, "lab",
                  &(struct an_agent){.id = id,
                                     .name = id,
                                     .runtime = "codex",
                                     .state = (enum agent_state)(i % AGENT_STATE_COUNT),
                                     .since_s = i});
    }
    for (int i = 0; i < 200; i++) { /* the suite's timeout is the limit */
        char id[32];
        (void)snprintf(id, sizeof(id), "agent/%05d", i);
        agent_state(&k, "lab", id, AGENT_PAUSED);
        if (i % 50 == 0) {
            press(&k, 'o');
            press(&k, 't');
        }
        draw(&k);
    }
    assert_shows(&k, "4000 agents");
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        cmocka_unit_test(drawing_allocates_nothing),
        cmocka_unit_test(news_allocate_nothing_either_when_there_is_room),
        cmocka_unit_test(changes_when_it_said),
        cmocka_unit_test(does_not_tick),
        cmocka_unit_test(an_idle_screen_never_changes),
        cmocka_unit_test(the_same_makes_the_same),
        cmocka_unit_test(before_the_first_frame_it_is_due_now),
        cmocka_unit_test(thousands_of_agents_are_drawn_in_time),
    };
    count_allocations();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
