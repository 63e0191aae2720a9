/* The client of checkrein.v1: what it passes on, what it refuses, and how it comes back. */
#include "fake_backend.h"

#include "checkrein/driver.h"
#include "prng.h"
#include "tmpdir.h"

#define INSTANCE "01K00000000000000000000001"
#define OTHER    "01K00000000000000000000002"

/* What the driver says, as one line each: "link live", "event 5", "state 5", "snapshot begin", ...
 */
struct heard {
    struct buf lines;
    unsigned links, lives, events, raws, results;
    int64_t retry_ms[16];
    uint64_t newest;
};

static int64_t on_raw(void *ctx, struct span bytes)
{
    (void)bytes;
    ((struct heard *)ctx)->raws++;
    return 0;
}

static void on_event(void *ctx, const struct event *ev)
{
    struct heard *h = ctx;
    assert_span_is(ev->backend, "fake");
    if (!ev->snapshot) {
        assert_true(ev->seq > h->newest);
        h->newest = ev->seq;
    }
    buf_printf(&h->lines, "%s %llu\n", ev->snapshot ? "state" : "event",
               (unsigned long long)ev->seq);
    h->events++;
}

static void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    struct heard *h = ctx;
    buf_printf(&h->lines, "link %s%s%s\n", link_name(st), why ? ": " : "", why ? why : "");
    if (retry_ms > 0 && h->links < ARRAY_LEN(h->retry_ms)) {
        h->retry_ms[h->links++] = retry_ms;
    }
    h->lives += st == LINK_LIVE;
}

static void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    struct heard *h = ctx;
    if (complete) {
        h->newest = seq;
    }
    buf_printf(&h->lines, "snapshot %s %llu\n", complete ? "end" : "begin",
               (unsigned long long)seq);
}

static void on_offers(void *ctx, const struct driver_offer *o)
{
    struct heard *h = ctx;
    buf_printf(&h->lines, "offers %x %x %.*s\n", o->verbs, o->scopes, SPAN_ARG(o->operator_id));
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    (void)reason;
    (void)by;
    struct heard *h = ctx;
    buf_printf(&h->lines, "result %.*s %s\n", SPAN_ARG(command), command_state_name(st));
    h->results++;
}

static void on_head(void *ctx, struct span seal)
{
    struct heard *h = ctx;
    buf_printf(&h->lines, "head %.*s\n", SPAN_ARG(seal));
}

static struct driver_sink sink_of(struct heard *h)
{
    buf_init(&h->lines, 1u << 20);
    return (struct driver_sink){.ctx = h,
                                .raw = on_raw,
                                .event = on_event,
                                .link = on_link,
                                .snapshot = on_snapshot,
                                .offers = on_offers,
                                .result = on_result,
                                .head = on_head};
}

static struct driver *attach(struct heard *h, const struct driver_conf *conf, struct net *n,
                             struct loop *l)
{
    struct driver *d = NULL;
    struct why why = {0};
    *h = (struct heard){0};
    struct driver_sink sink = sink_of(h);
    assert_status(driver_open(&d, driver_kind("checkrein"), conf, n, l, sink, &why), ST_OK);
    return d;
}

static void heard_is(struct heard *h, const char *want)
{
    assert_string_equal(h->lines.data, want);
    buf_clear(&h->lines);
}

/* ---- fed by hand: no connection */

struct fed {
    struct fake_backend fake; /* only makes frames */
    struct heard heard;
    struct driver *driver;
};

static int fed_up(void **state)
{
    struct fed *t = calloc(1, sizeof(*t));
    t->fake.codec = codec_new();
    buf_init(&t->fake.out, 16u << 20);
    t->driver = attach(&t->heard, &(struct driver_conf){.name = "fake"}, NULL, NULL);
    *state = t;
    return 0;
}

static int fed_down(void **state)
{
    struct fed *t = *state;
    driver_close(t->driver);
    buf_release(&t->heard.lines);
    codec_free(t->fake.codec);
    buf_release(&t->fake.out);
    free(t);
    return 0;
}

#define FEED(t, frame)    assert_status(driver_feed((t)->driver, (frame)), ST_OK)
#define REFUSED(t, frame) assert_status(driver_feed((t)->driver, (frame)), ST_INVALID)
#define OFFERS            "offers 82 3 uid:7\n"

static void go_live(struct fed *t, uint64_t seq)
{
    FEED(t, fake_hello(&t->fake, INSTANCE, (int64_t)seq, false));
    FEED(t, fake_agent(&t->fake, "a", seq, FAKE_STATE));
    FEED(t, fake_synced(&t->fake, (int64_t)seq));
}

static void passes_on(void **state)
{
    struct fed *t = *state;
    go_live(t, 5);
    heard_is(&t->heard,
             OFFERS "link syncing\nsnapshot begin 0\nstate 5\nsnapshot end 5\nlink live\n");
    FEED(t, fake_state(&t->fake, "a", AGENT_RUNNING, 6, FAKE_NEWS));
    FEED(t, fake_request_for(&t->fake, "a", "ask", NULL, 7, FAKE_NEWS));
    FEED(t, fake_result(&t->fake, "cmd", COMMAND_ACCEPTED));
    heard_is(&t->heard, "event 6\nevent 7\nresult cmd accepted\n");
    assert_int_equal(t->heard.raws, 6);
}

static void duplicates_are_dropped(void **state)
{
    struct fed *t = *state;
    go_live(t, 5);
    buf_clear(&t->heard.lines);
    for (uint64_t seq = 1; seq <= 7; seq++) {
        FEED(t, fake_state(&t->fake, "a", AGENT_RUNNING, seq, FAKE_NEWS));
        FEED(t, fake_state(&t->fake, "a", AGENT_RUNNING, seq, FAKE_NEWS));
    }
    heard_is(&t->heard, "event 6\nevent 7\n");
}

/* After a fault nothing is looked at any more, and nothing is recorded, until there is a new
 * connection. */
static void is_deaf(struct fed *t)
{
    unsigned raws = t->heard.raws;
    buf_clear(&t->heard.lines);
    assert_status(driver_feed(t->driver, fake_hello(&t->fake, INSTANCE, 9, false)), ST_CLOSED);
    assert_status(driver_feed(t->driver, fake_agent(&t->fake, "b", 6, FAKE_NEWS)), ST_CLOSED);
    heard_is(&t->heard, "");
    assert_int_equal(t->heard.raws, raws);
    driver_reconnect(t->driver);
    FEED(t, fake_hello(&t->fake, INSTANCE, 9, false));
}

static void a_hole_ends_it(void **state)
{
    struct fed *t = *state;
    go_live(t, 5);
    assert_status(driver_feed(t->driver, fake_agent(&t->fake, "b", 7, FAKE_NEWS)), ST_CONFLICT);
    is_deaf(t);
}

static void hello_comes_first(void **state)
{
    struct fed *t = *state;
    for (int i = 0; i < 3; i++) {
        struct span frame = i == 0   ? fake_agent(&t->fake, "a", 1, FAKE_STATE)
                            : i == 1 ? fake_synced(&t->fake, 1)
                                     : fake_result(&t->fake, "x", COMMAND_CONFIRMED);
        REFUSED(t, frame);
        is_deaf(t);
        driver_reconnect(t->driver);
    }
}

static void hello_comes_once(void **state)
{
    struct fed *t = *state;
    FEED(t, fake_hello(&t->fake, INSTANCE, 5, false));
    REFUSED(t, fake_hello(&t->fake, INSTANCE, 5, false));
    is_deaf(t);
    FEED(t, fake_synced(&t->fake, 9));
    REFUSED(t, fake_hello(&t->fake, OTHER, 9, false));
}

static void other_versions_are_refused(void **state)
{
    struct fed *t = *state;
    REFUSED(
        t,
        SPAN(
            "{\"kind\":\"hello\",\"protocol\":2,\"server\":{\"name\":\"x\",\"version\":\"1\",\"instance\":\"i\"},"
            "\"operator\":{\"id\":\"u\",\"scopes\":[]},\"capabilities\":[],\"heartbeat_ms\":1,\"seq\":1,\"resumed\":false}"));
    is_deaf(t);
}

/* A server that resumes for somebody who knows nothing would never tell the state. */
static void resuming_is_asked_for(void **state)
{
    struct fed *t = *state;
    REFUSED(t, fake_hello(&t->fake, INSTANCE, 5, true));
    driver_reconnect(t->driver);
    go_live(t, 5);
    driver_reconnect(t->driver);
    REFUSED(t, fake_hello(&t->fake, OTHER, 5, true));
}

static void state_and_news_do_not_mix(void **state)
{
    struct fed *t = *state;
    FEED(t, fake_hello(&t->fake, INSTANCE, 5, false));
    REFUSED(t, fake_agent(&t->fake, "a", 5, FAKE_NEWS));
    driver_reconnect(t->driver);
    go_live(t, 5);
    buf_clear(&t->heard.lines);
    REFUSED(t, fake_agent(&t->fake, "a", 5, FAKE_STATE)); /* would pass every check of numbers */
    heard_is(&t->heard, "");
    driver_reconnect(t->driver);
    go_live(t, 5);
    REFUSED(t, fake_synced(&t->fake, 5));
}

static void resumes_without_a_hole(void **state)
{
    struct fed *t = *state;
    go_live(t, 5);
    FEED(t, fake_agent(&t->fake, "b", 6, FAKE_NEWS));
    driver_reconnect(t->driver);
    buf_clear(&t->heard.lines);
    FEED(t, fake_hello(&t->fake, INSTANCE, 8, true));
    FEED(t, fake_agent(&t->fake, "c", 7, FAKE_NEWS));
    FEED(t, fake_agent(&t->fake, "d", 8, FAKE_NEWS));
    FEED(t, fake_synced(&t->fake, 8));
    heard_is(&t->heard, OFFERS "link syncing\nevent 7\nevent 8\nlink live\n");
    driver_reconnect(t->driver);
    FEED(t, fake_hello(&t->fake, INSTANCE, 12, true));
    FEED(t, fake_agent(&t->fake, "e", 9, FAKE_NEWS));
    assert_status(driver_feed(t->driver, fake_synced(&t->fake, 12)),
                  ST_CONFLICT); /* 10 to 12 were never sent */
}

/* What was cut in the middle of a state is no ground to resume on. */
static void half_a_state_is_none(void **state)
{
    struct fed *t = *state;
    go_live(t, 5);
    driver_reconnect(t->driver);
    FEED(t, fake_hello(&t->fake, INSTANCE, 9, false));
    FEED(t, fake_agent(&t->fake, "a", 9, FAKE_STATE));
    driver_reconnect(t->driver);
    REFUSED(t, fake_hello(&t->fake, INSTANCE, 9, true));
}

static void a_record_that_went_back_is_told(void **state)
{
    struct fed *t = *state;
    go_live(t, 50);
    driver_reconnect(t->driver);
    buf_clear(&t->heard.lines);
    go_live(t, 40);
    assert_contains(t->heard.lines.data, "went back from event 50 to 40");
    buf_clear(&t->heard.lines);
    t->heard.newest = 40;
    FEED(t, fake_agent(&t->fake, "b", 41, FAKE_NEWS));
    heard_is(&t->heard, "event 41\n");
}

static void an_instance_without_a_name_is_not_resumed(void **state)
{
    struct fed *t = *state;
    char longer[80];
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    for (int i = 0; i < 2; i++) {
        const char *name = i ? longer : "";
        FEED(t, fake_hello(&t->fake, name, 3, false));
        FEED(t, fake_synced(&t->fake, 3));
        driver_reconnect(t->driver);
        REFUSED(t, fake_hello(&t->fake, name, 3, true));
        driver_reconnect(t->driver);
    }
}

static void another_digest_is_never_shown(void **state)
{
    struct fed *t = *state;
    static const char WRONG[] =
        "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    for (int i = 0; i < 2; i++) {
        enum fake_flag flag = i ? FAKE_STATE : FAKE_NEWS;
        driver_reconnect(t->driver);
        if (flag == FAKE_STATE) {
            FEED(t, fake_hello(&t->fake, INSTANCE, 5, false));
        } else {
            go_live(t, 5);
        }
        buf_clear(&t->heard.lines);
        REFUSED(t, fake_request_for(&t->fake, "a", "ask", WRONG, 6, flag));
        heard_is(&t->heard, "link stale: it sent a request whose digest is not that of its text\n");
        assert_status(driver_feed(t->driver, fake_synced(&t->fake, 6)), ST_CLOSED);
    }
}

static void garbage_ends_it(void **state)
{
    struct fed *t = *state;
    static const char *const BAD[] = {"",
                                      "{",
                                      "null",
                                      "[]",
                                      "7",
                                      "{\"kind\":7}",
                                      "{\"kind\":\"event\"}",
                                      "{\"kind\":\"event\",\"kind\":\"event\"}",
                                      "\xff\xfe",
                                      "{\"kind\":\"synced\",\"seq\":-1}"};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        driver_reconnect(t->driver);
        go_live(t, 5);
        assert_true(driver_feed(t->driver, span_str(BAD[i])) != ST_OK);
        is_deaf(t);
    }
    struct buf huge;
    buf_init(&huge, PROTOCOL_FRAME_BYTES + 100);
    buf_addstr(&huge, "{\"kind\":\"bye\",\"x\":\"");
    while (huge.len < PROTOCOL_FRAME_BYTES) {
        buf_addstr(&huge, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    }
    buf_addstr(&huge, "\"}");
    driver_reconnect(t->driver);
    go_live(t, 5);
    assert_status(driver_feed(t->driver, buf_span(&huge)), ST_LIMIT);
    buf_release(&huge);
}

static void unknown_is_no_error(void **state)
{
    struct fed *t = *state;
    go_live(t, 5);
    buf_clear(&t->heard.lines);
    FEED(t, SPAN("{\"kind\":\"weather\",\"seq\":6}"));
    FEED(t, SPAN("{\"kind\":\"error\",\"code\":\"rate\",\"text\":\"slow down\"}"));
    FEED(t, SPAN("{\"kind\":\"bye\"}"));
    FEED(
        t,
        SPAN(
            "{\"kind\":\"event\",\"event\":{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"s\",\"type\":\"dev.checkrein.new.thing\","
            "\"time\":\"2026-11-20T14:22:07.123Z\",\"seq\":6,\"data\":{\"a\":[1,2,{\"b\":null}]}}}"));
    heard_is(&t->heard, "event 6\n");
}

/* Frames of a good conversation, changed: whatever comes, numbers never go back and nothing is
 * passed on after a fault. */
static void changed_frames(void **state)
{
    struct fed *t = *state;
    struct prng random = {42};
    for (int round = 0; round < 3000; round++) {
        driver_reconnect(t->driver);
        t->heard.newest = 0;
        bool ended = false;
        for (uint64_t step = 0; step < 8 && !ended; step++) {
            struct span frame =
                step == 0   ? fake_hello(&t->fake, INSTANCE, 5, false)
                : step == 1 ? fake_agent(&t->fake, "a", 5, FAKE_STATE)
                : step == 2 ? fake_synced(&t->fake, 5)
                : step == 5 ? fake_result(&t->fake, "c", COMMAND_CONFIRMED)
                            : fake_request_for(&t->fake, "a", "q", NULL, step + 3, FAKE_NEWS);
            struct buf copy;
            buf_init(&copy, frame.n);
            buf_add(&copy, frame);
            if (prng_below(&random, 4) == 0) {
                copy.data[prng_below(&random, copy.len)] = (char)prng_next(&random);
            }
            if (prng_below(&random, 16) == 0) {
                buf_truncate(&copy, prng_below(&random, copy.len));
            }
            buf_clear(&t->heard.lines);
            ended = driver_feed(t->driver, buf_span(&copy)) != ST_OK;
            if (ended) {
                assert_null(strstr(t->heard.lines.data, "event"));
            }
            buf_release(&copy);
        }
    }
}

/* ---- over a socket */

struct joined {
    struct loop *loop;
    struct net *net;
    char *dir;
    struct fake_backend fake;
    struct heard heard;
    struct driver *driver;
};

static int joined_up(void **state)
{
    struct joined *t = calloc(1, sizeof(*t));
    struct why why = {0};
    assert_status(loop_new(&t->loop, &why), ST_OK);
    assert_status(net_new(&t->net, t->loop, &why), ST_OK);
    t->dir = tmpdir_new();
    char *path = tmpdir_join(t->dir, "s");
    fake_start(&t->fake, t->loop, t->net, path);
    free(path);
    struct driver_conf conf = {.name = "fake", .url = t->fake.url, .silence_ms = 300};
    t->driver = attach(&t->heard, &conf, t->net, t->loop);
    *state = t;
    return 0;
}

static int joined_down(void **state)
{
    struct joined *t = *state;
    driver_close(t->driver);
    fake_stop(&t->fake);
    net_free(t->net);
    loop_free(t->loop);
    buf_release(&t->heard.lines);
    tmpdir_free(t->dir);
    free(t);
    return 0;
}

static void serve_state(struct joined *t, unsigned hellos, int64_t seq)
{
    fake_until(&t->fake, &t->fake.hellos, hellos);
    (void)fake_hello(&t->fake, INSTANCE, seq, false);
    (void)fake_agent(&t->fake, "a", (uint64_t)seq, FAKE_STATE);
    (void)fake_synced(&t->fake, seq);
}

static void comes_back_where_it_was(void **state)
{
    struct joined *t = *state;
    serve_state(t, 1, 5);
    assert_int_equal(t->fake.resume_after, -1);
    (void)fake_agent(&t->fake, "b", 6, FAKE_NEWS);
    fake_until(&t->fake, &t->heard.events, 2);
    net_ws_close(t->net, t->fake.ws, 1001, "away");
    fake_until(&t->fake, &t->fake.hellos, 2);
    assert_int_equal(t->fake.resume_after, 6);
    assert_string_equal(t->fake.resume_instance, INSTANCE);
    (void)fake_hello(&t->fake, INSTANCE, 7, true);
    (void)fake_agent(&t->fake, "c", 7, FAKE_NEWS);
    (void)fake_synced(&t->fake, 7);
    fake_until(&t->fake, &t->heard.lives, 2);
    assert_int_equal(t->heard.newest, 7);
    assert_contains(t->heard.lines.data, "link down: away");
}

static void a_hole_is_asked_for_again(void **state)
{
    struct joined *t = *state;
    serve_state(t, 1, 5);
    (void)fake_agent(&t->fake, "b", 7, FAKE_NEWS);
    (void)fake_agent(&t->fake, "c", 8, FAKE_NEWS);
    fake_until(&t->fake, &t->fake.hellos, 2);
    assert_int_equal(t->fake.resume_after, 5);
    assert_int_equal(t->heard.events, 1);
    assert_contains(t->heard.lines.data, "link down: events are missing");
}

static void cut_in_the_state(void **state)
{
    struct joined *t = *state;
    fake_until(&t->fake, &t->fake.hellos, 1);
    (void)fake_hello(&t->fake, INSTANCE, 5, false);
    (void)fake_agent(&t->fake, "a", 5, FAKE_STATE);
    fake_until(&t->fake, &t->heard.events, 1);
    net_ws_close(t->net, t->fake.ws, 1001, "away");
    fake_until(&t->fake, &t->fake.hellos, 2);
    assert_int_equal(t->fake.resume_after, -1);
}

static void silence_is_not_waited_for(void **state)
{
    struct joined *t = *state;
    fake_until(&t->fake, &t->fake.closed, 1);
    fake_until(&t->fake, &t->fake.hellos, 2);
    assert_contains(t->heard.lines.data, "link down: it does not say hello");
    buf_clear(&t->heard.lines);
    (void)fake_hello(&t->fake, INSTANCE, 5, false);
    fake_until(&t->fake, &t->fake.hellos, 3);
    assert_contains(t->heard.lines.data, "link down: it does not send its state");
    serve_state(t, 3, 5);
    fake_until(&t->fake, &t->heard.lives, 1);
    int64_t until = clock_mono_us() + 600000;
    while (clock_mono_us() < until) { /* twice the silence: a live one may be silent */
        assert_status(loop_turn(t->loop, 50), ST_OK);
    }
    assert_int_equal(t->fake.closed, 2);
}

/* A back-end that greets and falls over is not greeted four times a second for ever. */
static void falling_over_is_backed_off_from(void **state)
{
    struct joined *t = *state;
    for (unsigned i = 1; i <= 4; i++) {
        serve_state(t, i, 5);
        fake_until(&t->fake, &t->heard.lives, i);
        net_ws_close(t->net, t->fake.ws, 1011, "crash");
        fake_until(&t->fake, &t->heard.links, i);
    }
    assert_true(t->heard.retry_ms[0] >= 187 && t->heard.retry_ms[0] <= 313);
    assert_true(t->heard.retry_ms[3] >= 1500 && t->heard.retry_ms[3] <= 2500);
}

static void refused_is_told_apart(void **state)
{
    struct joined *t = *state;
    t->fake.admit = 401;
    fake_until(&t->fake, &t->heard.links, 1);
    assert_contains(t->heard.lines.data, "link refused");
}

static void the_servers_words(void **state)
{
    struct joined *t = *state;
    fake_until(&t->fake, &t->fake.hellos, 1);
    assert_status(
        net_ws_send(
            t->net, t->fake.ws,
            SPAN("{\"kind\":\"error\",\"code\":\"scope\",\"text\":\"no \\u001b[31mrights\"}")),
        ST_OK);
    net_ws_close(t->net, t->fake.ws, 1008, "policy");
    fake_until(&t->fake, &t->heard.links, 1);
    assert_contains(t->heard.lines.data, "link down: no ?[31mrights");
}

static void too_long_a_frame(void **state)
{
    struct joined *t = *state;
    serve_state(t, 1, 5);
    fake_until(&t->fake, &t->heard.lives, 1);
    size_t n = PROTOCOL_FRAME_BYTES + 1;
    char *text = malloc(n);
    memset(text, ' ', n);
    assert_status(net_ws_send(t->net, t->fake.ws, (struct span){text, n}), ST_OK);
    free(text);
    fake_until(&t->fake, &t->heard.links, 1);
    assert_int_equal(t->heard.raws, 3);
}

static void commands_go_when_greeted(void **state)
{
    struct joined *t = *state;
    struct why why = {0};
    struct command c = {.id = SPAN("cmd-1"), .verb = VERB_STOP_ALL};
    assert_status(driver_send(t->driver, &c, &why), ST_CLOSED);
    assert_contains(why.text, "fake is not connected");
    serve_state(t, 1, 5);
    fake_until(&t->fake, &t->heard.lives, 1);
    assert_status(driver_send(t->driver, &c, &why), ST_OK);
    fake_until(&t->fake, &t->fake.commands, 1);
    assert_string_equal(t->fake.command, "cmd-1");
    assert_int_equal(t->fake.verb, VERB_STOP_ALL);
    (void)fake_result(&t->fake, "cmd-1", COMMAND_ACCEPTED);
    fake_until(&t->fake, &t->heard.results, 1);
    net_ws_close(t->net, t->fake.ws, 1001, "away");
    fake_until(&t->fake, &t->heard.links, 1);
    assert_status(driver_send(t->driver, &c, &why), ST_CLOSED);
}

static void reconnects_when_told(void **state)
{
    struct joined *t = *state;
    t->fake.admit = 503;
    fake_until(&t->fake, &t->heard.links, 5);
    t->fake.admit = 0;
    int64_t began = clock_mono_us();
    driver_reconnect(t->driver);
    fake_until(&t->fake, &t->fake.hellos, 1);
    assert_true(clock_mono_us() - began < 2000000); /* the back-off stands at 3 s and more */
}

/* Closed in every phase: nothing is said afterwards, nothing is left. */
static void closed_in_every_phase(void **state)
{
    struct joined *t = *state;
    for (int phase = 0; phase < 4; phase++) {
        struct driver_conf conf = {.name = "fake", .url = t->fake.url};
        struct heard heard;
        struct driver *d = attach(&heard, &conf, t->net, t->loop);
        unsigned hellos = t->fake.hellos;
        if (phase >= 1) {
            fake_until(&t->fake, &t->fake.hellos, hellos + 1);
        }
        if (phase >= 2) {
            (void)fake_hello(&t->fake, INSTANCE, 5, false);
        }
        if (phase >= 3) {
            net_ws_close(t->net, t->fake.ws, 1001, "away");
            fake_until(&t->fake, &heard.links, 1);
        }
        size_t said = heard.lines.len;
        driver_close(d);
        for (int i = 0; i < 20; i++) {
            assert_status(loop_turn(t->loop, 5), ST_OK);
        }
        assert_int_equal(heard.lines.len, said);
        buf_release(&heard.lines);
    }
}

static void kinds(void **state)
{
    (void)state;
    assert_ptr_equal(driver_kind("checkrein"), driver_table()[0]);
    assert_null(driver_kind("nothing"));
    assert_null(driver_kind(""));
    struct driver *d = NULL;
    struct heard h = {0};
    struct why why = {0};
    struct loop *l = NULL;
    struct net *n = NULL;
    assert_status(loop_new(&l, &why), ST_OK);
    assert_status(net_new(&n, l, &why), ST_OK);
    struct driver_sink sink = sink_of(&h);
    struct driver_conf bad = {.name = "x", .url = "ws://example.org/"};
    assert_true(driver_open(&d, driver_kind("checkrein"), &bad, n, l, sink, &why) != ST_OK);
    assert_null(d);
    net_free(n);
    loop_free(l);
    buf_release(&h.lines);
}

#define FED(test)    cmocka_unit_test_setup_teardown(test, fed_up, fed_down)
#define JOINED(test) cmocka_unit_test_setup_teardown(test, joined_up, joined_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FED(passes_on),
        FED(duplicates_are_dropped),
        FED(a_hole_ends_it),
        FED(hello_comes_first),
        FED(hello_comes_once),
        FED(other_versions_are_refused),
        FED(resuming_is_asked_for),
        FED(state_and_news_do_not_mix),
        FED(resumes_without_a_hole),
        FED(half_a_state_is_none),
        FED(a_record_that_went_back_is_told),
        FED(an_instance_without_a_name_is_not_resumed),
        FED(another_digest_is_never_shown),
        FED(garbage_ends_it),
        FED(unknown_is_no_error),
        FED(changed_frames),
        JOINED(comes_back_where_it_was),
        JOINED(a_hole_is_asked_for_again),
        JOINED(cut_in_the_state),
        JOINED(silence_is_not_waited_for),
        JOINED(falling_over_is_backed_off_from),
        JOINED(refused_is_told_apart),
        JOINED(the_servers_words),
        JOINED(too_long_a_frame),
        JOINED(commands_go_when_greeted),
        JOINED(reconnects_when_told),
        JOINED(closed_in_every_phase),
        cmocka_unit_test(kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
