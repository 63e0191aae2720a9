/* A record as one syslog message: which are told, and that no text of an agent leaves its place. */
#include "expect.h"

#include <stdio.h>
#include <string.h>

#include "checkrein/wire.h"
#include "message_priv.h"
#include "tmpdir.h"

#define START_US INT64_C(1795184527123000)
#define TOKENS   256

struct fixture {
    char *dir;
    struct journal *j;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct why why = {0};
    f.dir = tmpdir_new();
    struct journal_options o = {.dir = f.dir, .writer = "daemon", .now_us = START_US};
    assert_status(journal_open(&f.j, &o, NULL, &why), ST_OK);
    buf_init(&f.out, MESSAGE_BYTES);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    journal_close(f->j, START_US);
    buf_release(&f->out);
    tmpdir_free(f->dir);
    return 0;
}

static void begin(struct event *ev, enum event_type type)
{
    event_init(ev, type, START_US);
    ev->id = SPAN("e");
    ev->source = SPAN("checkrein://host/instance");
}

/* The message of this event's record. */
static struct span message_of(struct fixture *f, const struct event *ev, enum message_body body)
{
    struct why why = {0};
    uint64_t n = 0;
    struct journal_cursor *c = NULL;
    struct journal_record r;
    struct message_kit k;
    assert_status(journal_event(f->j, START_US, ev, &n), ST_OK);
    assert_status(journal_commit(f->j, &why), ST_OK);
    assert_status(journal_cursor_open(&c, f->dir, &why), ST_OK);
    assert_status(journal_cursor_seek(c, n), ST_OK);
    assert_status(journal_cursor_next(c, &r, &why), ST_OK);
    message_kit_init(&k, journal_instance(f->j), body);
    buf_clear(&f->out);
    message_make(&k, &r, &f->out);
    message_kit_release(&k);
    journal_cursor_close(c);
    return buf_span(&f->out);
}

/* Behind the sixth blank and the "-". */
static struct span body_of(struct span message)
{
    const char *at = memmem(message.p, message.n, " - ", 3);
    assert_non_null(at);
    return span_sub(message, (size_t)(at - message.p) + 3, SIZE_MAX);
}

static void hostile_text_stays_in_its_message(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "\"}\n<0>1 - - - - - - forged\r\n\\\x1b[2J\xe2\x80\xae|=";
    struct tape_token tokens[TOKENS];
    struct tape j;
    struct event ev;
    begin(&ev, EVENT_OPERATOR_COMMAND);
    event_set_text(&ev, F_COMMAND_ID, SPAN("c"));
    event_set_number(&ev, F_VERB, VERB_DENY);
    event_set_text(&ev, F_OPERATOR, SPAN("uid:0"));
    event_set_text(&ev, F_REASON, span_str(text));
    struct span m = message_of(f, &ev, MESSAGE_JSON);
    assert_null(memchr(m.p, '\n', m.n));
    assert_null(memchr(m.p, '\x1b', m.n));
    assert_status(tape_parse(&j, body_of(m), TAPE_STRICT, tokens, TOKENS), ST_OK);
    m = message_of(f, &ev, MESSAGE_CEF);
    assert_null(memchr(m.p, '\n', m.n));
    assert_null(memchr(m.p, '\r', m.n));
    assert_null(memchr(m.p, '\x1b', m.n));
    assert_non_null(memmem(m.p, m.n, "|\\=", 3));
}

static void a_long_text_is_cut_between_characters(void **state)
{
    struct fixture *f = *state;
    char text[3000];
    struct tape_token tokens[TOKENS];
    struct tape j;
    struct event ev;
    for (size_t i = 0; i < sizeof(text); i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    begin(&ev, EVENT_SIGNAL_RAISED);
    event_set_text(&ev, F_SIGNAL_SOURCE, SPAN("checkrein"));
    event_set_number(&ev, F_SEVERITY, SEVERITY_EMERGENCY);
    event_set_text(&ev, F_TITLE, (struct span){text, 900});
    event_set_text(&ev, F_REASON, (struct span){text, sizeof(text)});
    struct span m = message_of(f, &ev, MESSAGE_JSON);
    assert_true(span_starts(m, "<105>1 2026-11-20T14:22:07.123Z "));
    assert_true(m.n < 4096);
    assert_status(tape_parse(&j, body_of(m), TAPE_STRICT, tokens, TOKENS), ST_OK);
}

/* Each byte of such a text is six in JSON. */
static void texts_of_controls_are_a_whole_message(void **state)
{
    struct fixture *f = *state;
    static const enum event_field TEXTS[] = {F_OPERATOR,    F_OPERATOR_LABEL, F_OPERATOR_PATH,
                                             F_APPROVAL_ID, F_AGENT_ID,       F_ACTION_ID,
                                             F_REASON,      F_DECIDED_BY};
    char text[3000];
    struct tape_token tokens[TOKENS];
    struct tape j;
    struct event ev;
    memset(text, 1, sizeof(text));
    begin(&ev, EVENT_OPERATOR_COMMAND);
    event_set_text(&ev, F_COMMAND_ID, SPAN("c"));
    event_set_number(&ev, F_VERB, VERB_DENY);
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        event_set_text(&ev, TEXTS[i], (struct span){text, sizeof(text)});
    }
    struct span m = message_of(f, &ev, MESSAGE_JSON);
    assert_status(tape_parse(&j, body_of(m), TAPE_STRICT, tokens, TOKENS), ST_OK);
    uint32_t unmapped = tape_get(&j, TAPE_ROOT, "unmapped");
    assert_int_equal(tape_type(&j, tape_get(&j, unmapped, "record.hash")), TAPE_STRING);
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        const char *name = event_field_info(TEXTS[i])->name;
        assert_int_equal(tape_type(&j, tape_get(&j, unmapped, name)), TAPE_STRING);
    }
}

static void only_acts_and_alarms_are_told(void **state)
{
    struct fixture *f = *state;
    struct event ev;
    begin(&ev, EVENT_SIGNAL_RAISED);
    event_set_text(&ev, F_SIGNAL_SOURCE, SPAN("checkrein"));
    event_set_number(&ev, F_SEVERITY, SEVERITY_LOW);
    event_set_text(&ev, F_TITLE, SPAN("operator.command"));
    assert_int_equal(message_of(f, &ev, MESSAGE_JSON).n, 0);
    begin(&ev, EVENT_AGENT_STARTED);
    event_set_text(&ev, F_AGENT_ID, SPAN("operator.command"));
    assert_int_equal(message_of(f, &ev, MESSAGE_JSON).n, 0);
}

static void a_consoles_command_names_its_back_end(void **state)
{
    struct fixture *f = *state;
    static const char json[] = ",\"backend\":\"a \\\"b\\\"=c\"";
    static const char cef[] = " backend=a \"b\"\\=c";
    struct event ev;
    begin(&ev, EVENT_OPERATOR_COMMAND);
    ev.subject = SPAN("backend/a \"b\"=c");
    event_set_text(&ev, F_COMMAND_ID, SPAN("c"));
    event_set_number(&ev, F_VERB, VERB_DENY);
    struct span m = message_of(f, &ev, MESSAGE_JSON);
    assert_non_null(memmem(m.p, m.n, json, strlen(json)));
    m = message_of(f, &ev, MESSAGE_CEF);
    assert_non_null(memmem(m.p, m.n, cef, strlen(cef)));
    ev.subject = SPAN("claude:backend/x");
    m = message_of(f, &ev, MESSAGE_JSON);
    assert_null(memmem(m.p, m.n, "\"backend\"", 9));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hostile_text_stays_in_its_message),     TEST(a_long_text_is_cut_between_characters),
        TEST(texts_of_controls_are_a_whole_message), TEST(only_acts_and_alarms_are_told),
        TEST(a_consoles_command_names_its_back_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
