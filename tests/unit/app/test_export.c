/* What is exported whole and imported is the same picture, whatever a record holds: events that are
 * nonsense, two writers, more than one segment. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../model/random_events.h"
#include "app_priv.h"
#include "checkrein/codec.h"
#include "checkrein/journal.h"
#include "checkrein/model.h"
#include "hub.h"
#include "hub_fold.h"
#include "tmpdir.h"

#define START_US INT64_C(1795184527123000)
#define EVENTS   3000

struct fixture {
    char *root, *record, *told, *again;
};

static int up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->root = tmpdir_new();
    f->record = tmpdir_join(f->root, "record");
    f->told = tmpdir_join(f->root, "told.jsonl");
    f->again = tmpdir_join(f->root, "again");
    *state = f;
    return 0;
}

static int down(void **state)
{
    struct fixture *f = *state;
    free(f->record);
    free(f->told);
    free(f->again);
    tmpdir_free(f->root);
    free(f);
    return 0;
}

static struct journal *open_journal(const struct fixture *f, const char *writer)
{
    struct journal *j;
    struct why why = {0};
    struct journal_options o = {
        .dir = f->record, .writer = writer, .now_us = START_US, .segment_bytes = 1u << 18};
    assert_status(journal_open(&j, &o, NULL, &why), ST_OK);
    return j;
}

/* ---- as from a shell */

static int call(const char *name, char **argv)
{
    int argc = 0;
    while (argv[argc]) {
        argc++;
    }
    struct args a = {.argc = argc, .argv = argv, .self = "checkrein", .sub = subcommand_find(name)};
    return a.sub->run(&a);
}

static void export_and_import(const struct fixture *f)
{
    char *out[] = {"--format", "jsonl", "--output", f->told, "--force", f->record, NULL};
    char *in[] = {f->told, "--record", f->again, NULL};
    assert_int_equal(call("export", out), EXIT_DONE);
    assert_int_equal(call("import", in), EXIT_DONE);
}

static struct fleet *fold(const char *record)
{
    struct fleet *fleet = NULL;
    struct why why = {0};
    assert_status(hub_replay(&fleet, record, &why), ST_OK);
    return fleet;
}

static void same_picture(const struct fixture *f)
{
    struct fleet *one = fold(f->record);
    struct fleet *two = fold(f->again);
    struct buf first;
    struct buf second;
    buf_init(&first, 1u << 24);
    buf_init(&second, 1u << 24);
    assert_status(fleet_dump(one, &first), ST_OK);
    assert_status(fleet_dump(two, &second), ST_OK);
    assert_string_equal(first.data, second.data);
    assert_true(fleet_digest(one) == fleet_digest(two));
    assert_true(fleet_agent_count(one) > 0);
    buf_release(&first);
    buf_release(&second);
    fleet_free(one);
    fleet_free(two);
}

/* ---- a daemon's */

static void write_events(struct journal *j, uint64_t seed)
{
    struct random_events g = random_events_new(seed);
    struct why why = {0};
    for (int i = 0; i < EVENTS;) {
        char id[32];
        struct event ev = *random_event(&g);
        (void)snprintf(id, sizeof(id), "e%d", i);
        ev.id = span_str(id);
        ev.source = SPAN("checkrein://test");
        ev.seq = 0;
        i += journal_event(j, START_US + (int64_t)i * 1000, &ev, NULL) == ST_OK;
        if (i % 100 == 0) {
            assert_status(journal_commit(j, &why), ST_OK); /* a segment ends with a commit */
        }
    }
    assert_status(journal_commit(j, &why), ST_OK);
}

static void a_daemons_record(void **state)
{
    const struct fixture *f = *state;
    for (uint64_t run = 0; run < 2; run++) {
        struct journal *j = open_journal(f, "daemon");
        write_events(j, 11 + run);
        journal_close(j, START_US + EVENTS * 1000);
    }
    export_and_import(f);
    same_picture(f);
}

/* ---- a console's: of a platform that tells more of time than we keep */

static void frame(struct journal *j, const char *text)
{
    assert_status(journal_raw(j, START_US, SPAN("far"), span_str(text), NULL), ST_OK);
}

static void link_is(struct journal *j, enum link_state st)
{
    struct own_event o;
    own_link(&o, "far", "checkrein", st, "why", 2000, START_US);
    assert_status(journal_event(j, START_US, &o.ev, NULL), ST_OK);
}

#define EVENT_FRAME(seq, more, type, data)                                                         \
    "{\"kind\":\"event\",\"event\":{\"specversion\":\"1.0\",\"id\":\"i" seq "\",\"source\":"       \
    "\"x://far\",\"type\":\"dev.checkrein." type "\",\"time\":\"2026-11-20T14:22:07.123456Z\","    \
    "\"seq\":" seq more ",\"data\":{" data "}}}"
#define HELLO                                                                                       \
    "{\"kind\":\"hello\",\"protocol\":1,\"server\":{\"name\":\"x\",\"version\":\"1\",\"instance\":" \
    "\"01K00000000000000000000001\"},\"operator\":{\"id\":\"uid:7\",\"scopes\":[\"read\"]},"        \
    "\"capabilities\":[\"deny\"],\"heartbeat_ms\":20000,\"seq\":2,\"resumed\":false}"
#define STATE ",\"snapshot\":true"

static void tell_state(struct journal *j)
{
    link_is(j, LINK_CONNECTING);
    frame(j, HELLO);
    frame(j, EVENT_FRAME("2", STATE, "agent.started", "\"gen_ai.agent.id\":\"a\""));
    frame(j, EVENT_FRAME("2", STATE, "agent.state",
                         "\"gen_ai.agent.id\":\"a\",\"agent.state\":\"running\""));
    frame(j, "{\"kind\":\"synced\",\"seq\":2}");
}

static void a_consoles_record(void **state)
{
    const struct fixture *f = *state;
    struct journal *j = open_journal(f, "console");
    struct command c = {.id = SPAN("01K00000000000000000000009"),
                        .verb = VERB_STOP_ALL,
                        .reason = SPAN("now"),
                        .backend = SPAN("far"),
                        .time_us = START_US};
    struct own_event o;
    tell_state(j);
    frame(j, EVENT_FRAME("3", "", "failure.reported",
                         "\"gen_ai.agent.id\":\"a\",\"failure.class\":\"tool\","
                         "\"error.message\":\"\\u0000\\ud83d cut\""));
    frame(j, EVENT_FRAME("4", "", "a.type.of.its.own", "\"what\":1"));
    frame(j, EVENT_FRAME("5", "", "agent.started", "\"gen_ai.agent.id\":\"b\""));
    own_command(&o, &c);
    assert_status(journal_command(j, START_US, &c, NULL), ST_OK);
    assert_status(journal_event(j, START_US, &o.ev, NULL), ST_OK);
    frame(j, "{\"kind\":\"result\",\"command\":\"01K00000000000000000000009\","
             "\"state\":\"refused\",\"reason\":\"no\"}");
    link_is(j, LINK_DOWN);
    tell_state(j); /* which does not bring b back */
    journal_close(j, START_US + 1000000);
    export_and_import(f);
    same_picture(f);
}

/* ---- a segment by itself begins in the middle */

static void a_segment_alone(void **state)
{
    struct fixture *f = *state;
    struct journal *j = open_journal(f, "daemon");
    write_events(j, 21);
    journal_close(j, START_US + EVENTS * 1000);
    char *segment = tmpdir_join(f->record, "000002.jsonl");
    char *out[] = {"--format", "jsonl", "--output", f->told, segment, NULL};
    char *in[] = {f->told, "--record", f->again, NULL};
    assert_int_equal(call("export", out), EXIT_DONE);
    assert_int_equal(call("import", in), EXIT_DONE);
    struct fleet *fleet = fold(f->again);
    assert_true(fleet_agent_count(fleet) > 0);
    fleet_free(fleet);
    free(segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_daemons_record, up, down),
        cmocka_unit_test_setup_teardown(a_consoles_record, up, down),
        cmocka_unit_test_setup_teardown(a_segment_alone, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
