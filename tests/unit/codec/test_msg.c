#include "expect.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec_kit.h"

#define FRAME_BYTES ((size_t)64 << 10)
#define DIGEST      "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct fixture {
    struct codec *codec;
    struct buf out;
    struct msg msg;
    struct why why;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->codec = codec_new();
    buf_init(&f->out, FRAME_BYTES);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    codec_free(f->codec);
    buf_release(&f->out);
    free(f);
    return 0;
}

static enum status read_msg(struct fixture *x, struct span text)
{
    memset(&x->msg, 0xA5, sizeof(x->msg));
    x->why.text[0] = '\0';
    return codec_read_msg(x->codec, text, &x->msg, &x->why);
}

/* What was written is this, an independent reader takes it, and so does ours, all of it. */
static const struct msg *expect_text(struct fixture *x, const char *want)
{
    assert_span_is(buf_span(&x->out), want);
    json_t *root = json_loadb(x->out.data, x->out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    json_decref(root);
    assert_status(read_msg(x, buf_span(&x->out)), ST_OK);
    assert_int_equal(x->msg.unknown_keys, 0);
    assert_span_eq(x->msg.raw, buf_span(&x->out));
    return &x->msg;
}

static void client_hello(void **state)
{
    struct fixture *x = *state;
    struct msg_hello h = {.min = 1,
                          .max = 1,
                          .role = SPAN("operator"),
                          .name = SPAN("checkrein"),
                          .version = SPAN("0.1.0"),
                          .resume_after = 81233,
                          .resume_instance = SPAN("01K")};
    assert_status(codec_write_client_hello(&x->out, &h), ST_OK);
    const struct msg *m = expect_text(
        x, "{\"kind\":\"hello\",\"protocol\":{\"min\":1,\"max\":1},\"role\":\"operator\","
           "\"client\":{\"name\":\"checkrein\",\"version\":\"0.1.0\"},\"resume_after\":81233,"
           "\"resume_instance\":\"01K\"}");
    assert_int_equal(m->kind, KIND_HELLO);
    assert_true(m->hello.min == 1 && m->hello.max == 1 && m->hello.protocol == 0);
    assert_span_is(m->hello.role, "operator");
    assert_span_is(m->hello.name, "checkrein");
    assert_span_is(m->hello.version, "0.1.0");
    assert_true(m->hello.resume_after == 81233);
    assert_span_is(m->hello.resume_instance, "01K");
    buf_clear(&x->out);
    h.resume_after = -1;
    assert_status(codec_write_client_hello(&x->out, &h), ST_OK);
    m = expect_text(x,
                    "{\"kind\":\"hello\",\"protocol\":{\"min\":1,\"max\":1},\"role\":\"operator\","
                    "\"client\":{\"name\":\"checkrein\",\"version\":\"0.1.0\"}}");
    assert_true(m->hello.resume_after == -1);
    assert_int_equal(m->hello.resume_instance.n, 0);
}

static void server_hello(void **state)
{
    struct fixture *x = *state;
    struct msg_hello h = {.protocol = 1,
                          .name = SPAN("checkrein"),
                          .version = SPAN("0.1.0"),
                          .instance = SPAN("01K"),
                          .operator_id = SPAN("uid:1000"),
                          .connection = SPAN("01C"),
                          .scopes = SCOPE_BIT(SCOPE_READ) | SCOPE_BIT(SCOPE_DECIDE),
                          .verbs = 1u << VERB_APPROVE | 1u << VERB_BUDGET | 1u << VERB_UNKNOWN,
                          .heartbeat_ms = 10000,
                          .seq = 81310,
                          .oldest = 73118,
                          .resumed = true};
    assert_status(codec_write_server_hello(&x->out, &h), ST_OK);
    const struct msg *m = expect_text(
        x,
        "{\"kind\":\"hello\",\"protocol\":1,\"server\":{\"name\":\"checkrein\","
        "\"version\":\"0.1.0\",\"instance\":\"01K\"},\"operator\":{\"id\":\"uid:1000\","
        "\"connection\":\"01C\",\"scopes\":[\"read\",\"decide\"]},\"capabilities\":[\"approve\",\"budget\"],"
        "\"heartbeat_ms\":10000,\"seq\":81310,\"oldest\":73118,\"resumed\":true}");
    assert_int_equal(m->kind, KIND_HELLO);
    assert_true(m->hello.protocol == 1 && m->hello.min == 0 && m->hello.max == 0);
    assert_span_is(m->hello.instance, "01K");
    assert_span_is(m->hello.operator_id, "uid:1000");
    assert_span_is(m->hello.connection, "01C");
    assert_int_equal(m->hello.oldest, 73118);
    assert_int_equal(m->hello.scopes, h.scopes);
    assert_int_equal(m->hello.verbs, 1u << VERB_APPROVE | 1u << VERB_BUDGET);
    assert_true(m->hello.heartbeat_ms == 10000 && m->hello.seq == 81310 && m->hello.resumed);
    assert_true(m->hello.resume_after == -1 && m->hello.frame_bytes == 0);
    buf_clear(&x->out);
    h = (struct msg_hello){.protocol = 1, .frame_bytes = 1048576};
    assert_status(codec_write_server_hello(&x->out, &h), ST_OK);
    m = expect_text(
        x, "{\"kind\":\"hello\",\"protocol\":1,\"server\":{\"name\":\"\",\"version\":\"\"},"
           "\"operator\":{\"scopes\":[]},\"capabilities\":[],\"heartbeat_ms\":0,\"seq\":0,"
           "\"resumed\":false,\"limits\":{\"frame_bytes\":1048576,\"depth\":64}}");
    assert_true(m->hello.frame_bytes == 1048576);
    assert_int_equal(m->hello.scopes, 0);
}

static void every_scope_and_verb_has_its_bit(void **state)
{
    struct fixture *x = *state;
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        assert_int_equal(scope_find(span_str(scope_name((enum scope)s))), SCOPE_BIT(s));
    }
    assert_int_equal(scope_find(SPAN("admin")), 0);
    assert_int_equal(scope_find(SPAN("unknown")), 0);
    assert_string_equal(scope_name(SCOPE_COUNT), "unknown");
    struct msg_hello h = {.protocol = 1, .scopes = UINT32_MAX, .verbs = UINT32_MAX};
    assert_status(codec_write_server_hello(&x->out, &h), ST_OK);
    assert_status(read_msg(x, buf_span(&x->out)), ST_OK);
    assert_int_equal(x->msg.hello.scopes, (1u << SCOPE_COUNT) - 1);
    assert_int_equal(x->msg.hello.verbs, (1u << VERB_COUNT) - 2);
}

static void event_frame(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    struct buf alone;
    buf_init(&alone, FRAME_BYTES);
    kit_whole(&ev, EVENT_SPEND_RECORDED);
    assert_status(codec_write_event(&alone, &ev), ST_OK);
    assert_status(codec_write_msg_event(&x->out, &ev), ST_OK);
    struct buf want;
    buf_init(&want, FRAME_BYTES);
    buf_printf(&want, "{\"kind\":\"event\",\"event\":%s}", alone.data);
    assert_span_eq(buf_span(&x->out), buf_span(&want));
    assert_status(read_msg(x, buf_span(&x->out)), ST_OK);
    assert_int_equal(x->msg.kind, KIND_EVENT);
    kit_same(&ev, &x->msg.event);
    buf_release(&alone);
    buf_release(&want);
}

static void small_frames(void **state)
{
    struct fixture *x = *state;
    assert_status(codec_write_synced(&x->out, 81310), ST_OK);
    assert_true(expect_text(x, "{\"kind\":\"synced\",\"seq\":81310}")->seq == 81310);
    assert_int_equal(x->msg.kind, KIND_SYNCED);
    buf_clear(&x->out);
    assert_status(codec_write_head(&x->out, SPAN("{\"n\":1}")), ST_OK);
    assert_span_is(expect_text(x, "{\"kind\":\"head\",\"seal\":\"{\\\"n\\\":1}\"}")->seal,
                   "{\"n\":1}");
    buf_clear(&x->out);
    const struct msg_countersign s = {.n = 7,
                                      .time_us = INT64_C(1795184527123000),
                                      .head = SPAN("aa"),
                                      .key = SPAN("bb"),
                                      .sig = SPAN("cc")};
    assert_status(codec_write_countersign(&x->out, &s), ST_OK);
    const struct msg *signed_for = expect_text(
        x, "{\"kind\":\"countersign\",\"n\":7,\"head\":\"aa\",\"time\":\"2026-11-20T14:22:"
           "07.123Z\",\"key\":\"bb\",\"sig\":\"cc\"}");
    assert_int_equal(signed_for->countersign.n, 7);
    assert_int_equal(signed_for->countersign.time_us, s.time_us);
    assert_span_is(signed_for->countersign.sig, "cc");
    buf_clear(&x->out);
    assert_status(codec_write_bye(&x->out), ST_OK);
    assert_int_equal(expect_text(x, "{\"kind\":\"bye\"}")->kind, KIND_BYE);
    buf_clear(&x->out);
    assert_status(codec_write_subscribe(&x->out), ST_OK);
    assert_int_equal(expect_text(x, "{\"kind\":\"subscribe\"}")->kind, KIND_SUBSCRIBE);
    buf_clear(&x->out);
    assert_status(codec_write_error(&x->out, SPAN("rate"), SPAN("too \"fast\"\n")), ST_OK);
    const struct msg *m =
        expect_text(x, "{\"kind\":\"error\",\"code\":\"rate\",\"text\":\"too \\\"fast\\\"\\n\"}");
    assert_span_is(m->error.code, "rate");
    assert_span_is(m->error.text, "too \"fast\"\n");
}

static void results(void **state)
{
    struct fixture *x = *state;
    for (uint32_t s = COMMAND_UNKNOWN; s < COMMAND_STATE_COUNT; s++) {
        struct msg_result r = {.command = SPAN("c1"), .state = (enum command_state)s};
        char want[128];
        (void)snprintf(want, sizeof(want),
                       "{\"kind\":\"result\",\"command\":\"c1\",\"state\":\"%s\"}",
                       command_state_name(r.state));
        buf_clear(&x->out);
        assert_status(codec_write_result(&x->out, &r), ST_OK);
        assert_int_equal(expect_text(x, want)->result.state, s);
    }
    struct msg_result r = {SPAN("c1"), COMMAND_CONFIRMED, SPAN("done"), SPAN("event 01K")};
    buf_clear(&x->out);
    assert_status(codec_write_result(&x->out, &r), ST_OK);
    const struct msg *m =
        expect_text(x, "{\"kind\":\"result\",\"command\":\"c1\",\"state\":\"confirmed\","
                       "\"reason\":\"done\",\"by\":\"event 01K\"}");
    assert_span_is(m->result.command, "c1");
    assert_span_is(m->result.reason, "done");
    assert_span_is(m->result.by, "event 01K");
}

static struct command whole_command(enum verb verb)
{
    return (struct command){
        .id = SPAN("c1"),
        .verb = verb,
        .agent = SPAN("a1"),
        .approval = SPAN("p1"),
        .digest = SPAN(DIGEST),
        .policy_version = SPAN("v1"),
        .scope = SPAN("once"),
        .answers = SPAN("[{\"id\":\"q\",\"value\":\"v\"}]"),
        .credential = SPAN("k1"),
        .limit_microusd = 5000000,
        .operator_label = SPAN("ops"),
        .reason = SPAN("ticket \"4711\"\x1b"),
        .time_us = KIT_TIME_US,
    };
}

static void expect_same_command(const struct command *a, const struct command *b)
{
    assert_span_eq(a->id, b->id);
    assert_int_equal(a->verb, b->verb);
    assert_span_eq(a->raw_verb, b->raw_verb);
    assert_span_eq(a->agent, b->agent);
    assert_span_eq(a->approval, b->approval);
    assert_span_eq(a->digest, b->digest);
    assert_span_eq(a->policy_version, b->policy_version);
    assert_span_eq(a->scope, b->scope);
    assert_span_eq(a->answers, b->answers);
    assert_span_eq(a->credential, b->credential);
    assert_true(a->limit_microusd == b->limit_microusd);
    assert_span_eq(a->operator_label, b->operator_label);
    assert_span_eq(a->reason, b->reason);
    assert_true(a->time_us == b->time_us);
    assert_int_equal(b->backend.n, 0);
}

static void commands(void **state)
{
    struct fixture *x = *state;
    for (int v = VERB_UNKNOWN + 1; v < VERB_COUNT; v++) {
        struct command c = whole_command((enum verb)v);
        struct command alone;
        c.backend = SPAN("never on the wire");
        buf_clear(&x->out);
        assert_status(codec_write_command(&x->out, &c), ST_OK);
        char want[1024];
        (void)snprintf(
            want, sizeof(want),
            "{\"kind\":\"command\",\"id\":\"c1\",\"verb\":\"%s\",\"agent\":\"a1\","
            "\"approval\":\"p1\",\"digest\":\"" DIGEST "\",\"policy_version\":\"v1\","
            "\"scope\":\"once\",\"answers\":\"[{\\\"id\\\":\\\"q\\\","
            "\\\"value\\\":\\\"v\\\"}]\",\"credential\":\"k1\",\"limit_microusd\":5000000,"
            "\"operator\":\"ops\",\"reason\":\"ticket \\\"4711\\\"\\u001B\","
            "\"time\":\"" KIT_TIME "\"}",
            verb_name((enum verb)v));
        expect_same_command(&c, &expect_text(x, want)->command);
        assert_int_equal(x->msg.kind, KIND_COMMAND);
        assert_status(codec_read_command(x->codec, buf_span(&x->out), &alone, &x->why), ST_OK);
        expect_same_command(&c, &alone);
        assert_status(command_check(&alone, NULL), v == VERB_APPROVE ? ST_OK : ST_INVALID);
    }
    struct command least = {.id = SPAN("c"), .verb = VERB_STOP_ALL};
    buf_clear(&x->out);
    assert_status(codec_write_command(&x->out, &least), ST_OK);
    expect_same_command(
        &least,
        &expect_text(x, "{\"kind\":\"command\",\"id\":\"c\",\"verb\":\"stop_all\"}")->command);
    least.id = SPAN_NONE;
    assert_status(codec_write_command(&x->out, &least), ST_INVALID);
}

static void an_unknown_verb_keeps_its_name(void **state)
{
    struct fixture *x = *state;
    assert_status(read_msg(x, SPAN("{\"kind\":\"command\",\"id\":\"c\",\"verb\":\"explode\"}")),
                  ST_OK);
    assert_int_equal(x->msg.command.verb, VERB_UNKNOWN);
    assert_span_is(x->msg.command.raw_verb, "explode");
    assert_int_equal(x->msg.unknown_keys, 1);
    assert_status(command_check(&x->msg.command, &x->why), ST_INVALID);
    assert_contains(x->why.text, "explode");
    assert_status(codec_write_command(&x->out, &x->msg.command), ST_OK);
    assert_span_is(buf_span(&x->out), "{\"kind\":\"command\",\"id\":\"c\",\"verb\":\"explode\"}");
}

static void a_command_alone_is_a_command(void **state)
{
    struct fixture *x = *state;
    static const char *const texts[] = {
        "{\"kind\":\"result\",\"id\":\"c\",\"verb\":\"stop\"}",
        "{\"id\":\"c\",\"verb\":\"stop\"}",
        "{\"kind\":7,\"id\":\"c\",\"verb\":\"stop\"}",
        "[\"command\"]",
        "{",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct command c;
        assert_status(codec_read_command(x->codec, span_str(texts[i]), &c, &x->why), ST_INVALID);
    }
}

static void what_is_not_known_is_let_through_and_counted(void **state)
{
    struct fixture *x = *state;
    const struct {
        const char *text;
        enum msg_kind kind;
        uint32_t unknown;
    } rows[] = {
        {"{\"kind\":\"telepathy\",\"x\":[1]}",                                    KIND_UNKNOWN,   0},
        {"{\"kind\":\"unknown\"}",                                                KIND_UNKNOWN,   0},
        {"{\"kind\":\"HELLO\"}",                                                  KIND_UNKNOWN,   0},
        {"{\"kind\":\"\"}",                                                       KIND_UNKNOWN,   0},
        {"{\"kind\":\"synced\",\"seq\":1,\"new\":{\"a\":[]}}",                    KIND_SYNCED,    1},
        {"{\"kind\":\"bye\",\"seq\":4,\"why\":\"x\"}",                            KIND_BYE,       1},
        {"{\"kind\":\"subscribe\",\"agents\":[\"a\"]}",                           KIND_SUBSCRIBE, 1},
        {"{\"kind\":\"hello\",\"protocol\":1,\"operator\":{\"scopes\":[\"read\",\"admin\"],\"x\":1}"
         ","
         "\"capabilities\":[\"fly\",\"stop\"],\"server\":{\"load\":3}}", KIND_HELLO,     4},
        {"{\"kind\":\"result\",\"command\":\"c\",\"state\":\"pondering\"}",       KIND_RESULT,    1},
        {"{\"kind\":\"error\",\"code\":\"x\",\"text\":null}",                     KIND_ERROR,     0},
        {"{\"seq\":1,\"kind\":\"synced\"}",                                       KIND_SYNCED,    0},
        {"{\"k\\u0069nd\":\"s\\u0079nced\",\"s\\u0065q\":1}",                     KIND_SYNCED,    0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_status(read_msg(x, span_str(rows[i].text)), ST_OK);
        assert_int_equal(x->msg.kind, rows[i].kind);
        assert_int_equal(x->msg.unknown_keys, rows[i].unknown);
        assert_int_equal(x->msg.event.type, EVENT_UNKNOWN);
        for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
            assert_false(event_has(&x->msg.event, (enum event_field)f));
        }
    }
}

/* What a peer says of its own rights is read as what it is: words of a peer. */
static void strangers_get_no_bits(void **state)
{
    struct fixture *x = *state;
    assert_status(
        read_msg(
            x, SPAN("{\"kind\":\"hello\",\"protocol\":{\"min\":1,\"max\":2},\"operator\":"
                    "{\"scopes\":[\"root\",\"*\",\"\",\"READ\"]},\"capabilities\":[\"unknown\"]}")),
        ST_OK);
    assert_int_equal(x->msg.hello.scopes, 0);
    assert_int_equal(x->msg.hello.verbs, 0);
    assert_int_equal(x->msg.unknown_keys, 5);
}

static void frames_that_lie_are_refused_by_name(void **state)
{
    struct fixture *x = *state;
    const struct {
        const char *text;
        const char *name;
    } rows[] = {
        {"",                                                                              "JSON"        },
        {"[]",                                                                            "frame"       },
        {"\"hello\"",                                                                     "frame"       },
        {"{}",                                                                            "kind"        },
        {"{\"kind\":null}",                                                               "kind"        },
        {"{\"kind\":7}",                                                                  "kind"        },
        {"{\"kind\":[\"hello\"]}",                                                        "kind"        },
        {"{\"kind\":\"hello\",\"kind\":\"bye\"}",                                         "twice"       },
        {"{\"kind\":\"hello\"}",                                                          "protocol"    },
        {"{\"kind\":\"hello\",\"protocol\":\"1\"}",                                       "protocol"    },
        {"{\"kind\":\"hello\",\"protocol\":-1}",                                          "protocol"    },
        {"{\"kind\":\"hello\",\"protocol\":{\"min\":1}}",                                 "max"         },
        {"{\"kind\":\"hello\",\"protocol\":{\"min\":1,\"max\":1e99}}",                    "max"         },
        {"{\"kind\":\"hello\",\"protocol\":1,\"role\":[]}",                               "role"        },
        {"{\"kind\":\"hello\",\"protocol\":1,\"client\":\"x\"}",                          "client"      },
        {"{\"kind\":\"hello\",\"protocol\":1,\"server\":{\"instance\":1}}",               "instance"    },
        {"{\"kind\":\"hello\",\"protocol\":1,\"operator\":[]}",                           "operator"    },
        {"{\"kind\":\"hello\",\"protocol\":1,\"operator\":{\"scopes\":\"read\"}}",        "scopes"      },
        {"{\"kind\":\"hello\",\"protocol\":1,\"operator\":{\"scopes\":[1]}}",             "scopes"      },
        {"{\"kind\":\"hello\",\"protocol\":1,\"capabilities\":{}}",                       "capabilities"},
        {"{\"kind\":\"hello\",\"protocol\":1,\"heartbeat_ms\":-1}",                       "heartbeat_ms"},
        {"{\"kind\":\"hello\",\"protocol\":1,\"resume_after\":-1}",                       "resume_after"},
        {"{\"kind\":\"hello\",\"protocol\":1,\"resume_after\":\"5\"}",                    "resume_after"},
        {"{\"kind\":\"hello\",\"protocol\":1,\"resumed\":\"true\"}",                      "resumed"     },
        {"{\"kind\":\"hello\",\"protocol\":1,\"limits\":{\"frame_bytes\":1.5}}",          "frame_bytes" },
        {"{\"kind\":\"synced\"}",                                                         "seq"         },
        {"{\"kind\":\"synced\",\"seq\":null}",                                            "seq"         },
        {"{\"kind\":\"synced\",\"seq\":9007199254740992}",                                "seq"         },
        {"{\"kind\":\"synced\",\"seq\":-1}",                                              "seq"         },
        {"{\"kind\":\"event\"}",                                                          "event"       },
        {"{\"kind\":\"event\",\"event\":[]}",                                             "event"       },
        {"{\"kind\":\"event\",\"event\":{}}",                                             "specversion" },
        {"{\"kind\":\"command\",\"verb\":\"stop\"}",                                      "id"          },
        {"{\"kind\":\"command\",\"id\":\"c\"}",                                           "verb"        },
        {"{\"kind\":\"command\",\"id\":\"\",\"verb\":\"stop\"}",                          "id"          },
        {"{\"kind\":\"command\",\"id\":\"c\",\"verb\":7}",                                "verb"        },
        {"{\"kind\":\"command\",\"id\":\"c\",\"verb\":\"stop\",\"agent\":{}}",            "agent"       },
        {"{\"kind\":\"command\",\"id\":\"c\",\"verb\":\"budget\",\"limit_microusd\":-1}",
         "limit_microusd"                                                                               },
        {"{\"kind\":\"command\",\"id\":\"c\",\"verb\":\"stop\",\"time\":\"now\"}",        "time"        },
        {"{\"kind\":\"result\",\"state\":\"sent\"}",                                      "command"     },
        {"{\"kind\":\"result\",\"command\":\"c\"}",                                       "state"       },
        {"{\"kind\":\"result\",\"command\":\"c\",\"state\":1}",                           "state"       },
        {"{\"kind\":\"error\"}",                                                          "code"        },
        {"{\"kind\":\"error\",\"code\":5}",                                               "code"        },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_status(read_msg(x, span_str(rows[i].text)), ST_INVALID);
        assert_contains(x->why.text, rows[i].name);
        assert_status(codec_read_msg(x->codec, span_str(rows[i].text), &x->msg, NULL), ST_INVALID);
    }
}

static void every_cut_of_a_frame_is_refused(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    kit_whole(&ev, EVENT_APPROVAL_REQUESTED);
    assert_status(codec_write_msg_event(&x->out, &ev), ST_OK);
    for (size_t n = 0; n < x->out.len; n++) {
        assert_status(read_msg(x, span_sub(buf_span(&x->out), 0, n)), ST_INVALID);
    }
}

static void a_frame_has_limits(void **state)
{
    struct fixture *x = *state;
    char *text = malloc(PROTOCOL_FRAME_BYTES + 1);
    memset(text, ' ', PROTOCOL_FRAME_BYTES + 1);
    static const char bye[] = "{\"kind\":\"bye\"}";
    memcpy(text, bye, sizeof(bye) - 1);
    assert_status(read_msg(x, (struct span){text, PROTOCOL_FRAME_BYTES}), ST_OK);
    assert_status(read_msg(x, (struct span){text, PROTOCOL_FRAME_BYTES + 1}), ST_LIMIT);
    memset(text, '[', PROTOCOL_FRAME_BYTES);
    assert_status(read_msg(x, (struct span){text, PROTOCOL_FRAME_BYTES}), ST_LIMIT);
    free(text);
    assert_status(read_msg(x, SPAN("{\"kind\":\"bye\"}")), ST_OK);
}

/* Spans of one frame stay good while the frame is worked on, however many of them were escaped. */
static void decoded_texts_do_not_move(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    kit_envelope(&ev, EVENT_UNKNOWN);
    ev.raw_type = SPAN("\"first\"");
    static char large[20000];
    memset(large, '\n', sizeof(large));
    event_set_text(&ev, F_AGENT_NAME, SPAN("\tsmall\t"));
    event_set_text(&ev, F_OUTPUT, (struct span){large, sizeof(large)});
    event_set_text(&ev, F_ERROR, SPAN("\"last\""));
    assert_status(codec_write_msg_event(&x->out, &ev), ST_OK);
    assert_status(read_msg(x, buf_span(&x->out)), ST_OK);
    assert_span_is(x->msg.event.raw_type, "\"first\"");
    assert_span_is(event_text(&x->msg.event, F_AGENT_NAME), "\tsmall\t");
    assert_span_eq(event_text(&x->msg.event, F_OUTPUT), event_text(&ev, F_OUTPUT));
    assert_span_is(event_text(&x->msg.event, F_ERROR), "\"last\"");
}

static enum status write_one(struct buf *out, int which)
{
    static const struct msg_hello h = {
        .min = 1, .max = 1, .protocol = 1, .role = SPAN_INIT("operator")};
    static const struct msg_result r = {.command = SPAN_INIT("c"), .state = COMMAND_SENT};
    static const struct msg_countersign s = {
        .n = 1, .head = SPAN_INIT("a"), .key = SPAN_INIT("b"), .sig = SPAN_INIT("c")};
    struct command c = whole_command(VERB_APPROVE);
    switch (which) {
    case 0:
        return codec_write_client_hello(out, &h);
    case 1:
        return codec_write_server_hello(out, &h);
    case 2:
        return codec_write_subscribe(out);
    case 3:
        return codec_write_synced(out, INT64_MAX);
    case 4:
        return codec_write_result(out, &r);
    case 5:
        return codec_write_error(out, SPAN("c"), SPAN("t"));
    case 6:
        return codec_write_bye(out);
    case 7:
        return codec_write_head(out, SPAN("{\"prev\":\"0\"}"));
    case 8:
        return codec_write_countersign(out, &s);
    default:
        return codec_write_command(out, &c);
    }
}

static void a_full_buffer_gets_nothing(void **state)
{
    struct fixture *x = *state;
    for (int which = 0; which <= 9; which++) {
        buf_clear(&x->out);
        assert_status(write_one(&x->out, which), ST_OK);
        for (size_t limit = 0; limit < x->out.len; limit++) {
            struct buf small;
            buf_init(&small, limit + 1);
            buf_addch(&small, '>');
            assert_status(write_one(&small, which), ST_LIMIT);
            assert_span_is(buf_span(&small), ">");
            buf_release(&small);
        }
    }
}

static void numbers_of_every_size_are_written_whole(void **state)
{
    struct fixture *x = *state;
    const int64_t numbers[] = {INT64_MAX, INT64_MIN, 0, -1, 10, -9007199254740991};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char want[64];
        (void)snprintf(want, sizeof(want), "{\"kind\":\"synced\",\"seq\":%lld}",
                       (long long)numbers[i]);
        buf_clear(&x->out);
        assert_status(codec_write_synced(&x->out, numbers[i]), ST_OK);
        assert_span_is(buf_span(&x->out), want);
    }
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(msg_kind_name(KIND_HELLO), "hello");
    assert_string_equal(msg_kind_name(MSG_KIND_COUNT), "unknown");
    assert_string_equal(msg_kind_name((enum msg_kind) - 1), "unknown");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(client_hello),
        T(server_hello),
        T(every_scope_and_verb_has_its_bit),
        T(event_frame),
        T(small_frames),
        T(results),
        T(commands),
        T(an_unknown_verb_keeps_its_name),
        T(a_command_alone_is_a_command),
        T(what_is_not_known_is_let_through_and_counted),
        T(strangers_get_no_bits),
        T(frames_that_lie_are_refused_by_name),
        T(every_cut_of_a_frame_is_refused),
        T(a_frame_has_limits),
        T(decoded_texts_do_not_move),
        T(a_full_buffer_gets_nothing),
        T(numbers_of_every_size_are_written_whole),
        T(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
