/* A console signs for the heads that a back-end tells, and never for two that contradict each
 * other. */
#include "fake_backend.h"

#include <unistd.h>

#include "checkrein/file.h"
#include "checkrein/num.h"
#include "hub.h"
#include "tmpdir.h"
#include "witness.h"

#define START_US INT64_C(1795184527123000)

struct world {
    char *dir, *record, *socket, *theirs;
    struct hub hub;
    struct fake_backend fake;
    struct conf_backend conf;
    struct journal *daemon; /* the record whose heads are told */
    unsigned lives, alarms, emergencies;
    char alarm[400];
};

static void on_seen(void *ctx, const struct event *ev)
{
    struct world *w = ctx;
    w->lives += ev->type == EVENT_BACKEND_LINK && event_number(ev, F_LINK) == LINK_LIVE;
    if (ev->type == EVENT_SIGNAL_RAISED) {
        w->alarms++;
        w->emergencies += event_number(ev, F_SEVERITY) == SEVERITY_EMERGENCY;
        (void)span_copy(event_text(ev, F_TITLE), w->alarm, sizeof(w->alarm));
    }
}

static void on_turn(void *ctx)
{
    hub_commit(&((struct world *)ctx)->hub);
}

static void tell(struct world *w, struct span seal)
{
    (void)fake_head(&w->fake, seal);
}

static void open_console(struct world *w)
{
    static char name[] = "one";
    static char kind[] = "checkrein";
    static const struct hub_events EVENTS = {.seen = on_seen};
    struct why why = {0};
    w->conf = (struct conf_backend){.name = name, .kind = kind, .url = w->fake.url};
    const struct hub_record record = {.dir = w->record};
    assert_status(hub_open(&w->hub, &w->conf, 1, &record, &EVENTS, w, &why), ST_OK);
    loop_on_turn(w->hub.loop, on_turn, w);
    fake_start(&w->fake, w->hub.loop, w->hub.net, w->socket);
    w->hub.backends[0].conf.url = w->fake.url;
    w->lives = 0;
    assert_status(hub_connect(&w->hub, &why), ST_OK);
    fake_until(&w->fake, &w->fake.hellos, 1);
    (void)fake_hello(&w->fake, journal_instance(w->daemon), 0, false);
    (void)fake_synced(&w->fake, 0);
    fake_until(&w->fake, &w->lives, 1);
}

static void close_console(struct world *w)
{
    fake_stop(&w->fake);
    hub_close(&w->hub);
}

static struct journal *open_daemon(const char *dir)
{
    struct journal *j = NULL;
    struct why why = {0};
    struct journal_options o = {.dir = dir, .writer = "daemon", .now_us = START_US};
    assert_status(journal_open(&j, &o, NULL, &why), ST_OK);
    return j;
}

static int up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->dir = tmpdir_new();
    w->record = tmpdir_join(w->dir, "console");
    w->socket = tmpdir_join(w->dir, "one.sock");
    w->theirs = tmpdir_join(w->dir, "daemon");
    w->daemon = open_daemon(w->theirs);
    (void)snprintf(w->fake.url, sizeof(w->fake.url), "unix:%s", w->socket);
    open_console(w);
    *state = w;
    return 0;
}

static int down(void **state)
{
    struct world *w = *state;
    close_console(w);
    journal_close(w->daemon, START_US);
    free(w->record);
    free(w->socket);
    free(w->theirs);
    tmpdir_free(w->dir);
    free(w);
    return 0;
}

/* The next head of this record. */
static struct journal_last seal(struct journal *j, const char *text)
{
    struct why why = {0};
    assert_status(journal_note(j, START_US, span_str(text), NULL), ST_OK);
    assert_status(journal_seal(j, START_US), ST_OK);
    assert_status(journal_commit(j, &why), ST_OK);
    return journal_last_seal(j);
}

/* A copy of a record as it stands now, with its key: what whoever has it goes on from. */
static struct journal *fork_of(struct world *w, const char *name)
{
    static const char *const FILES[] = {"000001.jsonl", "key", "key.pub", "key.marks"};
    struct why why = {0};
    char *to = tmpdir_join(w->dir, name);
    assert_status(file_make_dirs(to, 0700, &why), ST_OK);
    for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
        struct buf b;
        char *source = tmpdir_join(w->theirs, FILES[i]);
        char *target = tmpdir_join(to, FILES[i]);
        buf_init(&b, 1u << 20);
        assert_status(file_read(source, &b, &why), ST_OK);
        assert_status(file_replace(target, buf_span(&b), 0600, &why), ST_OK);
        buf_release(&b);
        free(source);
        free(target);
    }
    struct journal *j = open_daemon(to);
    free(to);
    return j;
}

static bool answer_holds(const struct world *w, const struct journal_last *of)
{
    struct journal_countersign c = {.n = (uint64_t)w->fake.countersign.n,
                                    .time_us = w->fake.countersign.time_us};
    (void)span_copy(span_str(w->fake.countersign.head), c.head, sizeof(c.head));
    return c.n == of->n && strcmp(c.head, of->head) == 0 &&
           hex_decode(span_str(w->fake.countersign.key), c.key, sizeof(c.key)) == ST_OK &&
           hex_decode(span_str(w->fake.countersign.sig), c.sig, sizeof(c.sig)) == ST_OK &&
           journal_countersign_holds(&c, journal_instance(w->daemon)) &&
           !journal_countersign_holds(&c, journal_instance(w->hub.journal));
}

/* What comes of a head is there when what was sent behind it is. */
static void settle(struct world *w)
{
    unsigned before = w->fake.countersigns;
    int64_t until = clock_mono_us() + 300000;
    while (clock_mono_us() < until && w->fake.countersigns == before) {
        assert_status(loop_turn(w->hub.loop, 20), ST_OK);
    }
}

static void heads_are_kept_and_signed_for(void **state)
{
    struct world *w = *state;
    struct why why = {0};
    struct journal_heads_report report;
    for (unsigned i = 1; i <= 3; i++) {
        struct journal_last last = seal(w->daemon, "news");
        tell(w, last.line);
        fake_until(&w->fake, &w->fake.countersigns, i);
        assert_true(answer_holds(w, &last));
    }
    assert_int_equal(w->alarms, 0);
    struct journal_heads *heads = journal_heads_new();
    assert_status(journal_heads_read_record(heads, w->record, &why), ST_OK);
    assert_status(journal_heads_compare(heads, w->theirs, &report, &why), ST_OK);
    assert_int_equal(report.verdict, HEADS_AGREE);
    assert_int_equal(report.agree, 3);
    assert_int_equal(report.bad, 0);
    journal_heads_free(heads);
}

static void another_head_of_the_same_number(void **state)
{
    struct world *w = *state;
    struct journal *other = fork_of(w, "other");
    struct journal_last first = seal(w->daemon, "what happened");
    (void)seal(other, "what did not"); /* one more record: the numbers are to be the same */
    struct journal_last last = first;
    while (last.n < journal_last_seal(other).n) {
        last = seal(w->daemon, "more");
    }
    struct journal_last lie = journal_last_seal(other);
    while (lie.n < last.n) {
        lie = seal(other, "more");
    }
    assert_int_equal(lie.n, last.n);
    tell(w, last.line);
    fake_until(&w->fake, &w->fake.countersigns, 1);
    tell(w, lie.line);
    fake_until(&w->fake, &w->emergencies, 1);
    assert_non_null(strstr(w->alarm, "rewritten"));
    for (int i = 0; i < 5; i++) { /* nothing of that record is signed any more, nor said again */
        tell(w, seal(other, "more").line);
        tell(w, seal(w->daemon, "more").line);
    }
    settle(w);
    assert_int_equal(w->fake.countersigns, 1);
    assert_int_equal(w->alarms, 1);
    journal_close(other, START_US);
}

static void a_lower_number(void **state)
{
    struct world *w = *state;
    char old[1024];
    struct journal_last last = seal(w->daemon, "one");
    assert_true(span_copy(last.line, old, sizeof(old)));
    tell(w, seal(w->daemon, "two").line);
    fake_until(&w->fake, &w->fake.countersigns, 1);
    tell(w, span_str(old));
    fake_until(&w->fake, &w->emergencies, 1);
    assert_non_null(strstr(w->alarm, "cut or rewritten"));
    settle(w);
    assert_int_equal(w->fake.countersigns, 1);
}

static void what_is_no_head_of_that_record(void **state)
{
    struct world *w = *state;
    char line[1024];
    char *dir = tmpdir_join(w->dir, "foreign");
    struct journal *foreign = open_daemon(dir);
    tell(w, SPAN("garbage"));
    fake_until(&w->fake, &w->alarms, 1);
    w->hub.backends[0].complained_us = 0;
    tell(w, seal(foreign, "x").line);
    fake_until(&w->fake, &w->alarms, 2);
    assert_non_null(strstr(w->alarm, "another record"));
    w->hub.backends[0].complained_us = 0;
    struct journal_last last = seal(w->daemon, "x");
    assert_true(span_copy(last.line, line, sizeof(line)));
    line[last.line.n - 10] = line[last.line.n - 10] == '0' ? '1' : '0';
    tell(w, span_str(line)); /* a signature that does not hold */
    fake_until(&w->fake, &w->alarms, 3);
    for (int i = 0; i < 100; i++) { /* not said each time */
        tell(w, SPAN("{\"prev\":\"garbage\"}"));
    }
    settle(w);
    assert_int_equal(w->alarms, 3);
    assert_int_equal(w->fake.countersigns, 0);
    assert_int_equal(w->emergencies, 0);
    tell(w, last.line); /* and it goes on with good ones */
    fake_until(&w->fake, &w->fake.countersigns, 1);
    journal_close(foreign, START_US);
    free(dir);
}

static void another_key_of_the_same_instance(void **state)
{
    struct world *w = *state;
    struct journal_seal s = {0};
    struct why why = {0};
    struct witness *memory = w->hub.witness;
    assert_status(journal_seal_read(seal(w->daemon, "x").line, &s), ST_OK);
    assert_int_equal(witness_judge(memory, "one", &s, &why), WITNESS_NEW);
    s.n++;
    s.key[0] ^= 1;
    assert_int_equal(witness_judge(memory, "two", &s, &why), WITNESS_REFUSED);
    assert_non_null(strstr(why.text, "another key"));
}

static void the_same_record_by_two_ways(void **state)
{
    struct world *w = *state;
    struct journal_seal low = {0};
    struct journal_seal high = {0};
    struct why why = {0};
    assert_status(journal_seal_read(seal(w->daemon, "x").line, &low), ST_OK);
    assert_status(journal_seal_read(seal(w->daemon, "y").line, &high), ST_OK);
    assert_int_equal(witness_judge(w->hub.witness, "one", &high, &why), WITNESS_NEW);
    assert_int_equal(witness_judge(w->hub.witness, "two", &low, &why), WITNESS_NEW);
    assert_int_equal(witness_judge(w->hub.witness, "two", &high, &why), WITNESS_NEW);
    assert_int_equal(witness_judge(w->hub.witness, "one", &high, &why), WITNESS_KNOWN);
}

/* One that has another record each time fills no room of others. */
static void records_without_end(void **state)
{
    struct world *w = *state;
    struct journal_seal s;
    struct why why = {0};
    assert_status(journal_seal_read(seal(w->daemon, "x").line, &s), ST_OK);
    const struct journal_seal honest = s;
    enum witness_verdict v = WITNESS_NEW;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(s.instance, sizeof(s.instance), "%026d", i);
        v = witness_judge(w->hub.witness, "liar", &s, &why);
        assert_true(v == (i < 64 ? WITNESS_NEW : WITNESS_TOO_MANY));
    }
    assert_int_equal(witness_judge(w->hub.witness, "one", &honest, &why), WITNESS_NEW);
    (void)snprintf(s.instance, sizeof(s.instance), "%026d", 5);
    s.n--; /* what is known of it is not forgotten */
    assert_int_equal(witness_judge(w->hub.witness, "liar", &s, &why), WITNESS_REFUSED);
}

enum memory { MEMORY_KEPT, MEMORY_LOST, MEMORY_NONSENSE };

static void start_again(struct world *w, enum memory how)
{
    char *path = tmpdir_join(w->record, "witnessed");
    struct why why = {0};
    close_console(w);
    assert_int_equal(access(path, R_OK), 0);
    if (how == MEMORY_LOST) {
        assert_int_equal(unlink(path), 0);
    } else if (how == MEMORY_NONSENSE) {
        assert_status(file_replace(path, SPAN("nonsense 12\n\n"), 0600, &why), ST_OK);
    }
    free(path);
    w->fake.countersigns = 0;
    open_console(w);
}

static void it_is_not_forgotten(void **state)
{
    struct world *w = *state;
    char old[1024];
    for (int how = MEMORY_KEPT; how <= MEMORY_NONSENSE; how++) {
        struct journal_last last = seal(w->daemon, "one");
        assert_true(span_copy(last.line, old, sizeof(old)));
        tell(w, seal(w->daemon, "two").line);
        fake_until(&w->fake, &w->fake.countersigns, 1);
        start_again(w, (enum memory)how);
        tell(w, seal(w->daemon, "three").line);
        fake_until(&w->fake, &w->fake.countersigns, 1);
        start_again(w, (enum memory)how);
    }
    tell(w, span_str(old));
    fake_until(&w->fake, &w->emergencies, 1);
    start_again(w, MEMORY_KEPT);
    tell(w, seal(w->daemon, "four").line); /* that it was rewritten is not forgotten either */
    fake_until(&w->fake, &w->emergencies, 2);
    settle(w);
    assert_int_equal(w->fake.countersigns, 0);
}

static void an_answer_that_was_lost_is_given_again(void **state)
{
    struct world *w = *state;
    char line[1024];
    struct journal_last last = seal(w->daemon, "one");
    assert_true(span_copy(last.line, line, sizeof(line)));
    uint64_t records = 0;
    for (unsigned i = 1; i <= 20; i++) {
        tell(w, span_str(line));
        fake_until(&w->fake, &w->fake.countersigns, i);
        assert_true(answer_holds(w, &last));
        records = i == 1 ? journal_next(w->hub.journal) : records;
    }
    assert_true(journal_next(w->hub.journal) <= records + 19); /* the frames, and no head more */
    assert_int_equal(w->alarms, 0);
}

/* It was signed, and the console died before it had answered. */
static void an_answer_that_died_is_given_by_the_next(void **state)
{
    struct world *w = *state;
    struct journal_last last = seal(w->daemon, "one");
    tell(w, last.line);
    fake_until(&w->fake, &w->fake.countersigns, 1);
    start_again(w, MEMORY_KEPT);
    tell(w, last.line);
    fake_until(&w->fake, &w->fake.countersigns, 1);
    assert_true(answer_holds(w, &last));
    assert_int_equal(w->alarms, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(heads_are_kept_and_signed_for),
        TEST(another_head_of_the_same_number),
        TEST(a_lower_number),
        TEST(what_is_no_head_of_that_record),
        TEST(another_key_of_the_same_instance),
        TEST(the_same_record_by_two_ways),
        TEST(it_is_not_forgotten),
        TEST(records_without_end),
        TEST(an_answer_that_was_lost_is_given_again),
        TEST(an_answer_that_died_is_given_by_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
