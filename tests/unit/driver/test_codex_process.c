/* What is seen of the server's process is a frame of our own: it brings about the same live and
 * from the record, and none that a server sends is taken for one.
 *
 * Frames are written with ' for ". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/buf.h"
#include "checkrein/driver.h"
#include "expect.h"

#define LINES_BYTES ((size_t)1 << 20)
#define T           "01a2-thread"
#define SAW(what)   "{'checkrein.saw':'" what "','pid':4711,'words':'w-" what "'}"
#define NO_PID      "{'checkrein.saw':'server','pid':0,'words':'it listens elsewhere'}"
#define ACTIVE      "{'type':'active','activeFlags':[]}"

struct fed {
    struct driver *driver;
    struct buf lines;
    int64_t now_us;
};

static int64_t on_raw(void *ctx, struct span bytes)
{
    (void)bytes;
    return ((struct fed *)ctx)->now_us += 1000;
}

static bool has_row(const struct event *ev, enum event_field f, const char *first)
{
    uint32_t count = 0;
    const struct event_row *rows = event_list(ev, f, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (span_is(rows[i].cell[0], first)) {
            return true;
        }
    }
    return false;
}

static void on_event(void *ctx, const struct event *ev)
{
    struct fed *t = ctx;
    struct why why = {0};
    assert_status(event_check(ev, &why), ST_OK);
    struct span id = event_text(ev, F_AGENT_ID);
    if (ev->type == EVENT_AGENT_STATE || ev->type == EVENT_AGENT_STARTED) {
        buf_printf(&t->lines, "%.*s is %s: %.*s\n", SPAN_ARG(id),
                   agent_state_name((enum agent_state)event_number(ev, F_STATE)),
                   SPAN_ARG(event_text(ev, F_REASON)));
    } else if (ev->type == EVENT_SIGNAL_RAISED) {
        buf_printf(&t->lines, "signal %s: %.*s\n",
                   severity_name((enum severity)event_number(ev, F_SEVERITY)),
                   SPAN_ARG(event_text(ev, F_TITLE)));
    }
    if (ev->type == EVENT_AGENT_UPDATED || ev->type == EVENT_AGENT_STARTED) {
        buf_printf(&t->lines, "%.*s%s%s\n", SPAN_ARG(id),
                   has_row(ev, F_REINS, "freeze") ? " can be frozen" : "",
                   has_row(ev, F_GATE_LIMITS, "no freeze") ? " cannot be frozen" : "");
    }
}

static void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    (void)retry_ms;
    buf_printf(&((struct fed *)ctx)->lines, "link %s: %s\n", link_name(st), why ? why : "");
}

static void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    (void)ctx;
    (void)seq;
    (void)complete;
}

static void on_offers(void *ctx, const struct driver_offer *o)
{
    (void)ctx;
    assert_true(o->verbs & 1u << VERB_FREEZE && o->verbs & 1u << VERB_RESUME);
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    (void)by;
    buf_printf(&((struct fed *)ctx)->lines, "result %.*s %s: %.*s\n", SPAN_ARG(command),
               command_state_name(st), SPAN_ARG(reason));
}

static int up(void **state)
{
    struct fed *t = calloc(1, sizeof(*t));
    struct driver_sink sink = {.ctx = t,
                               .raw = on_raw,
                               .event = on_event,
                               .link = on_link,
                               .snapshot = on_snapshot,
                               .offers = on_offers,
                               .result = on_result};
    struct why why = {0};
    buf_init(&t->lines, LINES_BYTES);
    t->now_us = INT64_C(1793000000000000);
    assert_status(driver_open(&t->driver, driver_kind("codex"),
                              &(struct driver_conf){.name = "codex"}, NULL, NULL, sink, &why),
                  ST_OK);
    *state = t;
    return 0;
}

static int down(void **state)
{
    struct fed *t = *state;
    driver_close(t->driver);
    buf_release(&t->lines);
    free(t);
    return 0;
}

static void feed(struct fed *t, const char *frame)
{
    char *text = strdup(frame);
    for (char *p = text; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    assert_status(driver_feed(t->driver, span_str(text)), ST_OK);
    free(text);
}

/* Frames, in order, and what they brought about. */
static const char *after(struct fed *t, const char *const *frames)
{
    buf_clear(&t->lines);
    for (; *frames; frames++) {
        feed(t, *frames);
    }
    return t->lines.len ? t->lines.data : "";
}
#define AFTER(t, ...) after((t), (const char *const[]){__VA_ARGS__, NULL})

static void go_live(struct fed *t)
{
    (void)AFTER(t, "{'id':'hello:-','result':{'userAgent':'u/0.169.0 (x)'}}",
                "{'id':'account:-','result':{'account':null}}",
                "{'id':'list:-','result':{'data':['" T "'],'nextCursor':null}}",
                "{'id':'read:" T "','result':{'thread':{'id':'" T
                "','cwd':'/home/u','status':" ACTIVE "}}}",
                "{'id':'attach:" T "','result':{'thread':{'id':'" T "','status':" ACTIVE
                "},'initialTurnsPage':{'data':[{'id':'u','status':'inProgress','items':[]}]}}}",
                "{'id':'list:-','result':{'data':['" T "'],'nextCursor':null}}");
    assert_contains(t->lines.data, "link live");
}

static enum status give(struct fed *t, enum verb verb, const char *id, const char *agent)
{
    struct why why = {0};
    struct command c = {
        .id = span_str(id), .verb = verb, .agent = span_str(agent), .time_us = t->now_us};
    return driver_send(t->driver, &c, &why);
}

#define GIVE(t, verb, id) assert_status(give((t), (verb), (id), T), ST_OK)

static void frozen_and_resumed(void **state)
{
    struct fed *t = *state;
    go_live(t);
    assert_contains(AFTER(t, SAW("server")), T " can be frozen");
    buf_clear(&t->lines);
    GIVE(t, VERB_FREEZE, "c1");
    assert_null(strstr(t->lines.len ? t->lines.data : "", "confirmed"));
    const char *said = AFTER(t, SAW("frozen"));
    assert_contains(said, "link frozen: w-frozen");
    assert_contains(said, T " is paused: w-frozen");
    assert_contains(said, "result c1 confirmed");
    /* what was on its way says nothing of now */
    assert_null(
        strstr(AFTER(t, "{'method':'thread/status/changed','params':{'threadId':'" T
                        "','status':{'type':'active','activeFlags':['waitingOnApproval']}}}"),
               "waiting"));
    buf_clear(&t->lines);
    GIVE(t, VERB_RESUME, "c2");
    assert_null(strstr(t->lines.len ? t->lines.data : "", "confirmed"));
    said = AFTER(t, SAW("thawed"));
    assert_contains(said, "link live");
    assert_contains(said, T " is waiting");
    assert_contains(said, "result c2 confirmed");
}

static void not_all_of_it(void **state)
{
    struct fed *t = *state;
    go_live(t);
    feed(t, SAW("server"));
    GIVE(t, VERB_FREEZE, "c1");
    const char *said = AFTER(t, SAW("partly"));
    assert_contains(said, "signal emergency: w-partly");
    assert_contains(said, "result c1 failed: w-partly");
    assert_null(strstr(said, "paused"));
    GIVE(t, VERB_RESUME, "c2");
    assert_contains(AFTER(t, SAW("stuck")), "result c2 failed: w-stuck");
    GIVE(t, VERB_RESUME, "c3");
    assert_contains(AFTER(t, SAW("thawed")), "result c3 confirmed");
}

static void not_from_here(void **state)
{
    struct fed *t = *state;
    go_live(t);
    buf_clear(&t->lines);
    GIVE(t, VERB_FREEZE, "c1");
    assert_contains(t->lines.data, "result c1 refused: its server cannot be frozen from here: its "
                                   "process is not known yet");
    assert_contains(AFTER(t, NO_PID), T " cannot be frozen");
    GIVE(t, VERB_FREEZE, "c2");
    assert_contains(t->lines.data, "result c2 refused: its server cannot be frozen from here: it "
                                   "listens elsewhere");
    GIVE(t, VERB_RESUME, "c3");
    assert_contains(t->lines.data, "result c3 refused: it is not frozen");
}

/* A console that comes anew: the server answers nothing, and can be let go on. */
static void asleep_before_it_says_anything(void **state)
{
    struct fed *t = *state;
    const char *said = AFTER(t, SAW("asleep"));
    assert_contains(said, "link frozen: w-asleep");
    assert_contains(said, "server is paused: w-asleep");
    assert_status(give(t, VERB_STOP, "c0", "server"), ST_CLOSED);
    assert_status(give(t, VERB_RESUME, "c1", "server"), ST_OK);
    said = AFTER(t, SAW("thawed"));
    assert_contains(said, "server is stopped");
    assert_contains(said, "result c1 confirmed");
    assert_status(give(t, VERB_RESUME, "c2", "server"), ST_CLOSED);
    go_live(t);
}

static void let_go_on_from_elsewhere(void **state)
{
    struct fed *t = *state;
    go_live(t);
    assert_contains(AFTER(t, SAW("asleep")), T " is paused: w-asleep");
    assert_contains(AFTER(t, SAW("awake")), T " is running");
}

/* A stop waits as long as it is frozen, and 20 seconds after. */
static void orders_do_not_age_meanwhile(void **state)
{
    struct fed *t = *state;
    go_live(t);
    feed(t, SAW("server"));
    feed(t, SAW("frozen"));
    GIVE(t, VERB_STOP, "c1");
    t->now_us += INT64_C(3600000000);
    assert_null(strstr(AFTER(t, SAW("thawed")), "c1"));
    t->now_us += INT64_C(19000000);
    assert_null(strstr(AFTER(t, "{'method':'warning','params':{}}"), "c1"));
    t->now_us += INT64_C(2000000);
    assert_contains(AFTER(t, "{'method':'warning','params':{}}"), "result c1 unverifiable");
}

static void it_ended_while_frozen(void **state)
{
    struct fed *t = *state;
    go_live(t);
    feed(t, SAW("server"));
    feed(t, SAW("frozen"));
    GIVE(t, VERB_RESUME, "c1");
    (void)AFTER(t, "{'checkrein.saw':'gone','pid':0,'words':'its process has ended'}");
    driver_reconnect(t->driver);
    go_live(t);
    buf_clear(&t->lines);
    GIVE(t, VERB_FREEZE, "c2");
    assert_contains(t->lines.data, "result c2 refused");
}

static void garbage_of_ours(void **state)
{
    struct fed *t = *state;
    go_live(t);
    assert_string_equal(
        AFTER(t, "{'checkrein.saw':'nothing that is known'}", "{'checkrein.saw':'frozen"), "");
    feed(t, "{'checkrein.saw':'server','pid':99999999999,'words':7}");
    GIVE(t, VERB_FREEZE, "c1");
    assert_contains(t->lines.data, "result c1 refused");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frozen_and_resumed),
        TEST(not_all_of_it),
        TEST(not_from_here),
        TEST(asleep_before_it_says_anything),
        TEST(let_go_on_from_elsewhere),
        TEST(orders_do_not_age_meanwhile),
        TEST(it_ended_while_frozen),
        TEST(garbage_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
