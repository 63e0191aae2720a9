/* The picture that a console had live is the one that its record makes again. */
#include "fake_backend.h"

#include "checkrein/crypto.h"
#include "checkrein/file.h"
#include "hub.h"
#include "replay/refold.h"
#include "tmpdir.h"

#define INSTANCE "01K00000000000000000000001"

struct console {
    char *dir, *record;
    struct hub hub;
    struct fake_backend fake[2];
    struct conf_backend conf[2];
    unsigned lives, results, changes;
};

static void on_came_back(void *ctx)
{
    (void)ctx;
}

static void on_changed(void *ctx)
{
    ((struct console *)ctx)->changes++;
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    (void)command;
    (void)st;
    (void)reason;
    (void)by;
    ((struct console *)ctx)->results++;
}

static void on_seen(void *ctx, const struct event *ev)
{
    struct console *c = ctx;
    c->lives += ev->type == EVENT_BACKEND_LINK && event_number(ev, F_LINK) == LINK_LIVE;
}

static const struct hub_events EVENTS = {
    .changed = on_changed, .came_back = on_came_back, .result = on_result, .seen = on_seen};

static void open_console(struct console *c)
{
    struct why why = {0};
    static char names[2][8] = {"one", "two"};
    static char kind[] = "checkrein";
    for (int i = 0; i < 2; i++) {
        c->conf[i] = (struct conf_backend){.name = names[i], .kind = kind, .url = c->fake[i].url};
    }
    const struct hub_record record = {.dir = c->record};
    assert_status(hub_open(&c->hub, c->conf, 2, &record, &EVENTS, c, &why), ST_OK);
    hub_take_up_stops(&c->hub, c->record);
    for (int i = 0; i < 2; i++) {
        char *path = tmpdir_join(c->dir, i ? "two.sock" : "one.sock");
        fake_start(&c->fake[i], c->hub.loop, c->hub.net, path);
        free(path);
    }
    c->lives = 0;
    assert_status(hub_connect(&c->hub, &why), ST_OK);
}

static void close_console(struct console *c)
{
    for (int i = 0; i < 2; i++) {
        fake_stop(&c->fake[i]);
    }
    hub_close(&c->hub);
}

static int up(void **state)
{
    struct console *c = calloc(1, sizeof(*c));
    c->dir = tmpdir_new();
    c->record = tmpdir_join(c->dir, "record");
    open_console(c);
    *state = c;
    return 0;
}

static int down(void **state)
{
    struct console *c = *state;
    if (c->hub.loop) {
        close_console(c);
    }
    free(c->record);
    tmpdir_free(c->dir);
    free(c);
    return 0;
}

/* Any record can be gone on from: here that is done after each of them. */
static uint64_t digest_in_pieces(const char *record)
{
    struct journal_cursor *cursor;
    struct journal_record rec;
    struct why why = {0};
    struct refold *r = refold_new();
    assert_status(journal_cursor_open(&cursor, record, &why), ST_OK);
    while (journal_cursor_next(cursor, &rec, &why) == ST_OK) {
        assert_status(refold_take(r, &rec, &why), ST_OK);
        struct picture *kept = refold_picture(r);
        refold_return(r, kept);
        picture_free(kept);
    }
    uint64_t digest = fleet_digest(refold_fleet(r));
    journal_cursor_close(cursor);
    refold_free(r);
    return digest;
}

/* Both ways of looking at it must agree: the digest is what a view can see, the dump says where
 * they differ. */
static void replay_is_live(struct console *c)
{
    struct why why = {0};
    assert_status(journal_commit(c->hub.journal, &why), ST_OK);
    struct fleet *again = NULL;
    assert_status(hub_replay(&again, c->record, &why), ST_OK);
    struct buf live;
    struct buf replayed;
    buf_init(&live, 1u << 22);
    buf_init(&replayed, 1u << 22);
    assert_status(fleet_dump(c->hub.fleet, &live), ST_OK);
    assert_status(fleet_dump(again, &replayed), ST_OK);
    assert_string_equal(replayed.data, live.data);
    assert_true(fleet_digest(again) == fleet_digest(c->hub.fleet));
    assert_true(digest_in_pieces(c->record) == fleet_digest(c->hub.fleet));
    buf_release(&live);
    buf_release(&replayed);
    fleet_free(again);
}

static void serve(struct console *c, int which, unsigned hellos, int64_t seq)
{
    struct fake_backend *f = &c->fake[which];
    unsigned lives = c->lives;
    fake_until(f, &f->hellos, hellos);
    (void)fake_hello(f, INSTANCE, seq, false);
    (void)fake_agent(f, "a", (uint64_t)seq, FAKE_STATE);
    (void)fake_state(f, "a", AGENT_RUNNING, (uint64_t)seq, FAKE_STATE);
    (void)fake_request_for(f, "a", "waits", NULL, (uint64_t)seq, FAKE_STATE);
    (void)fake_synced(f, seq);
    fake_until(f, &c->lives, lives + 1);
}

static void until_seq(struct console *c, int which, uint64_t seq)
{
    int64_t until = clock_mono_us() + FAKE_DEADLINE_US;
    const struct backend *b = NULL;
    while (!(b = fleet_backend_named(c->hub.fleet, span_str(c->conf[which].name))) ||
           b->seq < seq) {
        assert_true(clock_mono_us() < until);
        assert_status(loop_turn(c->hub.loop, 50), ST_OK);
    }
}

static void what_comes_in(void **state)
{
    struct console *c = *state;
    serve(c, 0, 1, 5);
    serve(c, 1, 1, 500);
    replay_is_live(c);
    (void)fake_agent(&c->fake[0], "b", 6, FAKE_NEWS);
    (void)fake_request_for(&c->fake[0], "b", "second", NULL, 7, FAKE_NEWS);
    (void)fake_state(&c->fake[1], "a", AGENT_STOPPED, 501, FAKE_NEWS);
    until_seq(c, 0, 7);
    until_seq(c, 1, 501);
    replay_is_live(c);
}

/* Nobody waits for the commit, and it comes all the same. */
static void what_comes_in_is_soon_durable(void **state)
{
    struct console *c = *state;
    serve(c, 0, 1, 5);
    hub_commit(&c->hub);
    assert_true(journal_dirty(c->hub.journal));
    int64_t until = clock_mono_us() + FAKE_DEADLINE_US;
    while (journal_dirty(c->hub.journal)) {
        assert_true(clock_mono_us() < until);
        assert_status(loop_turn(c->hub.loop, 1000), ST_OK);
        hub_commit(&c->hub);
    }
}

static void what_goes_out(void **state)
{
    struct console *c = *state;
    char id[ULID_BYTES];
    struct why why = {0};
    serve(c, 0, 1, 5);
    serve(c, 1, 1, 5);
    struct command stop = {
        .verb = VERB_STOP_ALL, .reason = SPAN("both"), .operator_label = SPAN("night shift")};
    assert_status(hub_send(&c->hub, &stop, id, &why), ST_OK);
    struct command deny = {
        .verb = VERB_DENY, .approval = SPAN("waits"), .backend = SPAN("two"), .reason = SPAN("no")};
    assert_status(hub_send(&c->hub, &deny, id, &why), ST_OK);
    fake_until(&c->fake[1], &c->fake[1].commands, 2);
    (void)fake_result(&c->fake[1], c->fake[1].command, COMMAND_ACCEPTED);
    (void)fake_result(&c->fake[1], c->fake[1].command, COMMAND_CONFIRMED);
    fake_until(&c->fake[1], &c->results, 2);
    const struct command_track *t = fleet_command_by_id(c->hub.fleet, span_str(id));
    assert_int_equal(t->state, COMMAND_CONFIRMED);
    assert_int_equal(fleet_command_count(c->hub.fleet), 3);
    replay_is_live(c);
}

/* In the record of this console, with a digest of its own making; of a back-end it is not believed.
 */
static void what_was_displayed(void **state)
{
    struct console *c = *state;
    char id[ULID_BYTES];
    char digest[DIGEST_TEXT_BYTES];
    struct why why = {0};
    serve(c, 0, 1, 5);
    serve(c, 1, 1, 5);
    struct command deny = {
        .verb = VERB_DENY,
        .approval = SPAN("waits"),
        .backend = SPAN("two"),
        .reason = SPAN("no"),
        .display = {true, true, 120, 40, 12400, RISK_HIGH}
    };
    const struct approval *a = fleet_approval_by_id(c->hub.fleet, SPAN("two"), SPAN("waits"));
    digest_text(a->action, digest);
    assert_status(hub_send(&c->hub, &deny, id, &why), ST_OK);
    const struct command_track *t = fleet_command_by_id(c->hub.fleet, span_str(id));
    assert_true(t->displayed && t->display_to_end);
    assert_int_equal(t->display_ms, 12400);
    assert_int_equal(t->display_cols, 120);
    assert_int_equal(t->display_rows, 40);
    assert_int_equal(t->display_risk, RISK_HIGH);
    assert_true(span_is(fleet_span(c->hub.fleet, t->display_digest), digest));

    struct event ev;
    event_init(&ev, EVENT_OPERATOR_COMMAND, FAKE_TIME_US);
    event_set_text(&ev, F_COMMAND_ID, SPAN("01LIE"));
    event_set_number(&ev, F_VERB, VERB_APPROVE);
    event_set_text(&ev, F_APPROVAL_ID, SPAN("waits"));
    event_set_number(&ev, F_DISPLAY_MS, 99000);
    event_set_number(&ev, F_DISPLAY_COLS, 300);
    (void)fake_event(&c->fake[0], &ev, 6, FAKE_NEWS);
    until_seq(c, 0, 6);
    t = fleet_command_by_id(c->hub.fleet, SPAN("01LIE"));
    assert_true(t && !t->displayed && t->display_cols == 0);
    replay_is_live(c);
}

static void cuts_and_lies(void **state)
{
    struct console *c = *state;
    struct fake_backend *f = &c->fake[0];
    serve(c, 1, 1, 5);
    serve(c, 0, 1, 5);
    (void)fake_agent(f, "b", 9, FAKE_NEWS); /* a hole */
    fake_until(f, &f->hellos, 2);
    (void)fake_hello(f, INSTANCE, 6, true);
    (void)fake_agent(f, "b", 6, FAKE_NEWS);
    (void)fake_synced(f, 6);
    fake_until(f, &c->lives, 3);
    replay_is_live(c);
    assert_status(net_ws_send(c->hub.net, f->ws, SPAN("not a frame")), ST_OK);
    fake_until(f, &f->hellos, 3);
    (void)fake_hello(f, INSTANCE, 6, false);
    (void)fake_agent(f, "c", 6, FAKE_STATE);
    net_ws_close(c->hub.net, f->ws, 1001, "in the middle of its state");
    fake_until(f, &f->hellos, 4);
    assert_int_equal(f->resume_after, -1);
    serve(c, 0, 4, 6);
    (void)fake_request_for(
        f, "a", "lie", "sha256:0000000000000000000000000000000000000000000000000000000000000000", 7,
        FAKE_NEWS);
    fake_until(f, &f->hellos, 5);
    replay_is_live(c);
}

#define SECRET                                                                                     \
    "ghp_"                                                                                         \
    "Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1"

static void the_record_has_no(const struct console *c, const char *secret)
{
    struct why why = {0};
    struct buf b;
    char *path = tmpdir_join(c->record, "000001.jsonl");
    buf_init(&b, 1u << 24);
    assert_status(file_read(path, &b, &why), ST_OK);
    assert_null(strstr(b.data, secret));
    assert_non_null(strstr(b.data, "[secret github-token 40 #"));
    buf_release(&b);
    free(path);
}

/* A back-end that hides nothing itself: this console does, before it records and folds, and the
 * digest that it is asked about stays that of what came. */
static void secrets_of_a_back_end(void **state)
{
    struct console *c = *state;
    struct fake_backend *f = &c->fake[0];
    char id[ULID_BYTES];
    struct why why = {0};
    static const char ACTION[] = "{\"input\":{\"command\":\"echo \\\"" SECRET "\\\"\"}}";
    char digest[DIGEST_TEXT_BYTES];
    char shown[DIGEST_TEXT_BYTES];
    serve(c, 0, 1, 5);
    serve(c, 1, 1, 5);
    (void)fake_agent(f, SECRET, 6, FAKE_NEWS);
    (void)fake_request_of(f, "a", "hides", ACTION, NULL, 7, FAKE_NEWS);
    until_seq(c, 0, 7);
    const struct approval *a = fleet_approval_by_id(c->hub.fleet, SPAN("one"), SPAN("hides"));
    assert_non_null(a);
    digest_text(span_str(ACTION), digest);
    digest_text(a->action, shown);
    assert_string_equal(fleet_str(c->hub.fleet, a->digest), digest);
    assert_string_equal(fleet_str(c->hub.fleet, a->shown_digest), shown);
    assert_int_equal(a->secrets, 1);
    assert_contains(a->action.p, "[secret github-token 40 #");
    struct command deny = {.verb = VERB_DENY,
                           .approval = SPAN("hides"),
                           .backend = SPAN("one"),
                           .reason = SPAN("not " SECRET)};
    assert_status(hub_send(&c->hub, &deny, id, &why), ST_OK);
    replay_is_live(c);
    the_record_has_no(c, SECRET);
    (void)fake_request_of(f, "a", "lie", ACTION,
                          "sha256:0000000000000000000000000000000000000000000000000000000000000000",
                          8, FAKE_NEWS);
    fake_until(f, &f->hellos, 2);
    assert_null(fleet_approval_by_id(c->hub.fleet, SPAN("one"), SPAN("lie")));
    replay_is_live(c);
    the_record_has_no(c, SECRET);
}

/* Each console begins with an empty picture: what one had is what its part of the record makes. */
static void the_last_console_of_the_record(void **state)
{
    struct console *c = *state;
    serve(c, 0, 1, 5);
    serve(c, 1, 1, 5);
    (void)fake_agent(&c->fake[0], "only then", 6, FAKE_NEWS);
    until_seq(c, 0, 6);
    close_console(c);
    open_console(c);
    serve(c, 0, 1, 60);
    serve(c, 1, 1, 60);
    assert_null(fleet_agent_by_id(c->hub.fleet, SPAN("one"), SPAN("only then")));
    replay_is_live(c);
}

static void a_stop_reaches_who_was_away(void **state)
{
    struct console *c = *state;
    char id[ULID_BYTES];
    struct why why = {0};
    serve(c, 0, 1, 5);
    serve(c, 1, 1, 5);
    net_ws_close(c->hub.net, c->fake[1].ws, 1001, "away");
    fake_until(&c->fake[1], &c->fake[1].closed, 1);
    while (c->hub.backends[1].link == LINK_LIVE) {
        assert_status(loop_turn(c->hub.loop, 50), ST_OK);
    }
    struct command stop = {.verb = VERB_STOP_ALL};
    assert_true(hub_send(&c->hub, &stop, id, &why) != ST_OK);
    assert_contains(why.text, "sent when it is back");
    fake_until(&c->fake[0], &c->fake[0].commands, 1);
    serve(c, 1, 2, 5);
    fake_until(&c->fake[1], &c->fake[1].commands, 1);
    assert_int_equal(c->fake[1].verb, VERB_STOP_ALL);
    replay_is_live(c);
    (void)fake_result(&c->fake[1], c->fake[1].command, COMMAND_ACCEPTED);
    fake_until(&c->fake[1], &c->results, 1);
    net_ws_close(c->hub.net, c->fake[1].ws, 1001, "away again");
    serve(c, 1, 3, 5);
    struct command resume = {.verb = VERB_RESUME, .agent = SPAN("a"), .backend = SPAN("two")};
    assert_status(hub_send(&c->hub, &resume, id, &why), ST_OK);
    fake_until(&c->fake[1], &c->fake[1].commands, 2);
    assert_int_equal(c->fake[1].verb, VERB_RESUME); /* and no third: the stop was sent once */
}

/* It may have been lost on the way: only an answer says that it was not. */
static void a_stop_is_sent_until_it_is_answered(void **state)
{
    struct console *c = *state;
    char id[ULID_BYTES];
    struct why why = {0};
    serve(c, 0, 1, 5);
    serve(c, 1, 1, 5);
    struct command stop = {.verb = VERB_STOP_ALL};
    assert_status(hub_send(&c->hub, &stop, id, &why), ST_OK);
    fake_until(&c->fake[1], &c->fake[1].commands, 1);
    net_ws_close(c->hub.net, c->fake[1].ws, 1001, "in the middle of it");
    serve(c, 1, 2, 5);
    fake_until(&c->fake[1], &c->fake[1].commands, 2);
    assert_int_equal(c->fake[1].verb, VERB_STOP_ALL);
    struct command reset = {.verb = VERB_RESET_STOP};
    assert_status(hub_send(&c->hub, &reset, id, &why), ST_OK);
    fake_until(&c->fake[1], &c->fake[1].commands, 3);
    net_ws_close(c->hub.net, c->fake[1].ws, 1001, "away again");
    serve(c, 1, 3, 5);
    struct command resume = {.verb = VERB_RESUME, .agent = SPAN("a"), .backend = SPAN("two")};
    assert_status(hub_send(&c->hub, &resume, id, &why), ST_OK);
    fake_until(&c->fake[1], &c->fake[1].commands, 4);
    assert_int_equal(c->fake[1].verb, VERB_RESUME); /* what was taken back is not sent again */
}

static struct fleet_totals totals_of(struct console *c)
{
    struct fleet_totals t;
    fleet_totals(c->hub.fleet, &t);
    return t;
}

/* The console that gave it is gone: the next one gives it again, and says until then who was not
 * reached. */
static void a_stop_outlives_its_console(void **state)
{
    struct console *c = *state;
    char id[ULID_BYTES];
    struct why why = {0};
    serve(c, 0, 1, 5);
    serve(c, 1, 1, 5);
    net_ws_close(c->hub.net, c->fake[1].ws, 1001, "away");
    while (c->hub.backends[1].link == LINK_LIVE) {
        assert_status(loop_turn(c->hub.loop, 50), ST_OK);
    }
    struct command stop = {.verb = VERB_STOP_ALL};
    assert_true(hub_send(&c->hub, &stop, id, &why) != ST_OK);
    fake_until(&c->fake[0], &c->fake[0].commands, 1);
    (void)fake_result(&c->fake[0], c->fake[0].command, COMMAND_ACCEPTED);
    fake_until(&c->fake[0], &c->results, 1);
    int64_t unreachable = totals_of(c).stop_unreachable;
    close_console(c);

    open_console(c);
    struct fleet_totals t = totals_of(c);
    assert_true(t.stop_unanswered);
    assert_true(t.stop_since_us > 0);
    assert_int_equal(t.stop_unreachable, 1);
    assert_true(unreachable >= 1);
    assert_string_equal(c->hub.backends[0].stop_due, "");
    replay_is_live(c);
    serve(c, 1, 1, 5);
    fake_until(&c->fake[1], &c->fake[1].commands, 1);
    assert_int_equal(c->fake[1].verb, VERB_STOP_ALL);
    assert_true(totals_of(c).stop_unanswered);
    c->results = 0;
    (void)fake_result(&c->fake[1], c->fake[1].command, COMMAND_ACCEPTED);
    fake_until(&c->fake[1], &c->results, 1);
    replay_is_live(c);
    close_console(c);

    open_console(c);
    assert_false(totals_of(c).stop_unanswered);
    assert_string_equal(c->hub.backends[1].stop_due, "");
}

/* What was taken back is not sent by the next console either. */
static void a_stop_that_was_taken_back_ends_with_its_console(void **state)
{
    struct console *c = *state;
    char id[ULID_BYTES];
    struct why why = {0};
    struct command stop = {.verb = VERB_STOP_ALL};
    struct command reset = {.verb = VERB_RESET_STOP};
    assert_true(hub_send(&c->hub, &stop, id, &why) != ST_OK);
    assert_true(hub_send(&c->hub, &reset, id, &why) != ST_OK);
    close_console(c);
    open_console(c);
    assert_false(totals_of(c).stop_unanswered);
    assert_string_equal(c->hub.backends[0].stop_due, "");
    assert_string_equal(c->hub.backends[1].stop_due, "");
}

static void not_a_record(void **state)
{
    struct console *c = *state;
    struct why why = {0};
    struct fleet *f = NULL;
    assert_true(hub_replay(&f, c->dir, &why) != ST_OK);
    assert_true(hub_replay(&f, "/nonexistent", &why) != ST_OK);
    assert_null(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_comes_in),
        TEST(what_comes_in_is_soon_durable),
        TEST(what_goes_out),
        TEST(what_was_displayed),
        TEST(cuts_and_lies),
        TEST(secrets_of_a_back_end),
        TEST(the_last_console_of_the_record),
        TEST(not_a_record),
        TEST(a_stop_reaches_who_was_away),
        TEST(a_stop_is_sent_until_it_is_answered),
        TEST(a_stop_outlives_its_console),
        TEST(a_stop_that_was_taken_back_ends_with_its_console),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
