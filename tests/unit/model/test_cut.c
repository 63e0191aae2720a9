/* A snapshot that is told thing by thing while events are folded: it is the state of the moment
 * when it began. */
#include <stdio.h>

#include "fixture.h"
#include "random_events.h"

#define LINES_MAX 4000

struct told {
    char *line[LINES_MAX];
    size_t count;
};

static void write_list(struct buf *b, const struct event *ev, enum event_field f)
{
    uint32_t count = 0;
    const struct event_row *rows = event_list(ev, f, &count);
    for (uint32_t i = 0; i < count; i++) {
        for (size_t cell = 0; cell < ARRAY_LEN(rows[i].cell); cell++) {
            buf_printf(b, " %.*s", SPAN_ARG(rows[i].cell[cell]));
        }
    }
}

static void write_field(struct buf *b, const struct event *ev, enum event_field f)
{
    buf_printf(b, " %s=", event_field_info(f)->name);
    if (event_field_info(f)->kind == EVENT_STR) {
        buf_printf(b, "%.*s", SPAN_ARG(event_text(ev, f)));
    } else if (event_field_info(f)->kind == EVENT_LIST) {
        write_list(b, ev, f);
    } else {
        buf_printf(b, "%lld", (long long)event_number(ev, f));
    }
}

/* ctx: struct told. */
static void write_down(void *ctx, const struct event *ev)
{
    struct told *t = ctx;
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_printf(&b, "%s seq=%llu time=%lld", event_type_name(ev->type), (unsigned long long)ev->seq,
               (long long)ev->time_us);
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        if (event_has(ev, (enum event_field)f)) {
            write_field(&b, ev, (enum event_field)f);
        }
    }
    assert_true(t->count < LINES_MAX);
    t->line[t->count++] = buf_detach(&b, NULL);
    buf_release(&b);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void assert_same(struct told *got, struct told *want)
{
    qsort(got->line, got->count, sizeof(got->line[0]), by_text);
    qsort(want->line, want->count, sizeof(want->line[0]), by_text);
    for (size_t i = 0; i < got->count && i < want->count; i++) {
        assert_string_equal(got->line[i], want->line[i]);
    }
    assert_int_equal(got->count, want->count);
}

static void told_clear(struct told *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->line[i]);
    }
    t->count = 0;
}

struct stream {
    struct fleet *f;
    struct random_events events;
    struct event ev;
    uint64_t seq;
};

static const struct event *next_event(struct stream *s)
{
    s->ev = *random_event(&s->events);
    s->ev.backend = SPAN("b");
    s->ev.seq = ++s->seq;
    return &s->ev;
}

static struct stream stream_of(uint64_t seed, int events)
{
    struct stream s = {.f = fleet_new(), .events = random_events_new(seed)};
    for (int i = 0; i < events; i++) {
        fleet_apply(s.f, next_event(&s));
    }
    return s;
}

static void news(struct stream *s, struct fleet_cut *c, struct told *t)
{
    const struct event *ev = next_event(s);
    fleet_cut_before(c, ev, write_down, t);
    fleet_apply(s->f, ev);
}

static void it_is_the_state_of_one_moment(void **state)
{
    (void)state;
    static struct told want;
    static struct told got;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct stream s = stream_of(seed, 1500);
        fleet_snapshot(s.f, SPAN("b"), write_down, &want);
        struct fleet_cut *c = fleet_cut_new(s.f, SPAN("b"));
        do {
            news(&s, c, &got);
        } while (fleet_cut_next(c, write_down, &got));
        assert_true(got.count > 50);
        assert_same(&got, &want);
        fleet_cut_free(c);
        fleet_free(s.f);
        told_clear(&want);
        told_clear(&got);
    }
}

/* Before the first thing was told, too. */
static void it_begins_when_it_is_made(void **state)
{
    (void)state;
    static struct told want;
    static struct told got;
    struct stream s = stream_of(99, 1500);
    fleet_snapshot(s.f, SPAN("b"), write_down, &want);
    struct fleet_cut *c = fleet_cut_new(s.f, SPAN("b"));
    for (int i = 0; i < 3000; i++) {
        news(&s, c, &got);
    }
    while (fleet_cut_next(c, write_down, &got)) {
    }
    assert_same(&got, &want);
    fleet_cut_free(c);
    fleet_free(s.f);
    told_clear(&want);
    told_clear(&got);
}

static uint32_t told_credentials(const struct fleet *f)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fleet_credential_count(f); i++) {
        count += fleet_credential_at(f, i)->told;
    }
    return count;
}

/* An agent is told with its tasks; what has no price is told twice, and so are sums. */
#define PIECE_MAX (10 + 2 * (FLEET_TASKS_OF_AGENT + 1) + 3 * OUTCOME_COUNT)

/* One thing a call: an agent, a request or a credential. */
static void it_is_told_in_pieces(void **state)
{
    (void)state;
    static struct told got;
    struct stream s = stream_of(7, 1500);
    struct fleet_cut *c = fleet_cut_new(s.f, SPAN("b"));
    size_t pieces = 0;
    size_t before = 0;
    while (fleet_cut_next(c, write_down, &got)) {
        assert_in_range(got.count - before, 1, PIECE_MAX);
        before = got.count;
        pieces++;
    }
    assert_int_equal(pieces,
                     1 + fleet_agent_count(s.f) + fleet_pending_count(s.f) + told_credentials(s.f));
    fleet_cut_free(c);
    fleet_free(s.f);
    told_clear(&got);
}

static void of_a_back_end_that_is_not_there_nothing_is_told(void **state)
{
    (void)state;
    static struct told got;
    struct stream s = stream_of(7, 10);
    struct fleet_cut *c = fleet_cut_new(s.f, SPAN("other"));
    fleet_cut_before(c, next_event(&s), write_down, &got);
    assert_false(fleet_cut_next(c, write_down, &got));
    assert_int_equal(got.count, 0);
    fleet_cut_free(c);
    fleet_free(s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_state_of_one_moment),
        cmocka_unit_test(it_begins_when_it_is_made),
        cmocka_unit_test(it_is_told_in_pieces),
        cmocka_unit_test(of_a_back_end_that_is_not_there_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
