#include "expect.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec_kit.h"

#define OUT_BYTES ((size_t)1 << 20)

struct fixture {
    struct codec *codec;
    struct buf out;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->codec = codec_new();
    buf_init(&f->out, OUT_BYTES);
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

static json_t *independent(const struct buf *out)
{
    json_error_t error;
    json_t *root = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (root == NULL) {
        fail_msg("%s: %s", error.text, out->data);
    }
    return root;
}

static struct span value_of(const json_t *string)
{
    assert_true(json_is_string(string));
    return (struct span){json_string_value(string), json_string_length(string)};
}

static void expect_rows(const json_t *list, const struct event *ev, enum event_field f)
{
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t width = event_list_columns(f, columns);
    uint32_t count;
    const struct event_row *rows = event_list(ev, f, &count);
    assert_int_equal(json_array_size(list), count);
    for (uint32_t r = 0; r < count; r++) {
        const json_t *row = json_array_get(list, r);
        size_t filled = 0;
        for (uint32_t c = 0; c < width; c++) {
            char name[64];
            assert_true(span_copy(columns[c], name, sizeof(name)));
            const json_t *cell = json_object_get(row, name);
            assert_int_equal(cell != NULL, rows[r].cell[c].n > 0);
            if (cell != NULL) {
                assert_span_eq(value_of(cell), rows[r].cell[c]);
                filled++;
            }
        }
        assert_int_equal(json_object_size(row), filled);
    }
}

static void expect_attribute(const json_t *value, const struct event *ev, enum event_field f)
{
    const struct event_field_info *info = event_field_info(f);
    switch (info->kind) {
    case EVENT_STR:
        assert_span_eq(value_of(value), event_text(ev, f));
        break;
    case EVENT_INT:
        assert_true(json_is_integer(value));
        assert_true(json_integer_value(value) == event_number(ev, f));
        break;
    case EVENT_BOOL:
        assert_true(json_is_boolean(value));
        assert_int_equal(json_is_true(value), event_number(ev, f));
        break;
    case EVENT_TIME:
        assert_int_equal(json_string_length(value), strlen(KIT_TIME));
        break;
    case EVENT_ENUM:
        assert_span_is(value_of(value), event_enum_name(info->set, event_number(ev, f)));
        break;
    case EVENT_LIST:
        expect_rows(value, ev, f);
        break;
    }
}

/* A reader that shares nothing with ours sees the same values. */
static void expect_independent(const struct buf *out, const struct event *ev)
{
    json_t *root = independent(out);
    const json_t *data = json_object_get(root, "data");
    char type[128];
    (void)snprintf(type, sizeof(type), "%s%s", EVENT_TYPE_PREFIX, event_type_name(ev->type));
    struct span want = ev->type == EVENT_UNKNOWN ? ev->raw_type : span_str(type);
    assert_span_is(value_of(json_object_get(root, "specversion")), "1.0");
    assert_span_eq(value_of(json_object_get(root, "id")), ev->id);
    assert_span_eq(value_of(json_object_get(root, "source")), ev->source);
    assert_span_eq(value_of(json_object_get(root, "type")), want);
    assert_span_eq(value_of(json_object_get(root, "subject")), ev->subject);
    assert_span_is(value_of(json_object_get(root, "time")), KIT_TIME);
    assert_true(json_integer_value(json_object_get(root, "seq")) == (json_int_t)ev->seq);
    assert_true(json_is_true(json_object_get(root, "snapshot")));
    assert_int_equal(json_object_size(root), 9);
    assert_int_equal(json_object_size(data), EVENT_FIELD_COUNT);
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        const char *name = event_field_info((enum event_field)f)->name;
        expect_attribute(json_object_get(data, name), ev, (enum event_field)f);
    }
    json_decref(root);
}

static void every_attribute_of_every_type_comes_back(void **state)
{
    struct fixture *x = *state;
    for (uint32_t t = 0; t < EVENT_TYPE_COUNT; t++) {
        struct event ev;
        struct event back;
        struct why why;
        uint32_t unknown = 99;
        kit_whole(&ev, (enum event_type)t);
        buf_clear(&x->out);
        assert_status(codec_write_event(&x->out, &ev), ST_OK);
        expect_independent(&x->out, &ev);
        assert_status(codec_read_event(x->codec, buf_span(&x->out), &back, &unknown, &why), ST_OK);
        kit_same(&ev, &back);
        assert_int_equal(unknown, 0);
        assert_false(back.repaired);
        assert_int_equal(back.backend.n, 0);
    }
}

static void each_attribute_comes_back_alone(void **state)
{
    struct fixture *x = *state;
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        struct event ev;
        struct event back;
        kit_least(&ev, EVENT_UNKNOWN);
        ev.raw_type = SPAN("x");
        kit_set(&ev, (enum event_field)f);
        buf_clear(&x->out);
        assert_status(codec_write_event(&x->out, &ev), ST_OK);
        assert_status(codec_read_event(x->codec, buf_span(&x->out), &back, NULL, NULL), ST_OK);
        kit_same(&ev, &back);
    }
}

static void every_enumeration_value_comes_back(void **state)
{
    struct fixture *x = *state;
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        const struct event_field_info *info = event_field_info((enum event_field)f);
        for (int64_t v = 0; info->kind == EVENT_ENUM && v < event_enum_count(info->set); v++) {
            struct event ev;
            struct event back;
            uint32_t unknown;
            kit_least(&ev, EVENT_UNKNOWN);
            ev.raw_type = SPAN("x");
            event_set_number(&ev, (enum event_field)f, v);
            buf_clear(&x->out);
            assert_status(codec_write_event(&x->out, &ev), ST_OK);
            assert_status(codec_read_event(x->codec, buf_span(&x->out), &back, &unknown, NULL),
                          ST_OK);
            kit_same(&ev, &back);
            assert_int_equal(unknown, 0);
        }
    }
}

static void the_bytes_are_these(void **state)
{
    struct fixture *x = *state;
    static const struct event_row rows[] = {{{SPAN_INIT("once")}},
                                            {{SPAN_INIT("session"), SPAN_INIT("bash *")}}};
    struct event ev;
    kit_envelope(&ev, EVENT_APPROVAL_REQUESTED);
    ev.seq = 7;
    ev.subject = SPAN("agent/7f3c");
    event_set_text(&ev, F_AGENT_ID, SPAN("7f3c"));
    event_set_text(&ev, F_APPROVAL_ID, SPAN("a1"));
    event_set_text(&ev, F_ACTION, SPAN("{\"argv\":[\"rm\",\"-rf\",\"/srv\"]}"));
    event_set_text(&ev, F_DIGEST, SPAN("sha256:0"));
    event_set_number(&ev, F_RISK, RISK_HIGH);
    event_set_number(&ev, F_REVERSIBLE, false);
    event_set_list(&ev, F_SCOPES, rows, 2);
    event_set_number(&ev, F_EXPIRES_AT, KIT_TIME_US + 999);
    event_set_number(&ev, F_QUORUM, 2);
    assert_status(codec_write_event(&x->out, &ev), ST_OK);
    assert_span_is(
        buf_span(&x->out),
        "{\"specversion\":\"1.0\",\"id\":\"01K0000000000000000000EVENT\","
        "\"source\":\"checkrein://host/instance\",\"type\":\"dev.checkrein.approval.requested\","
        "\"subject\":\"agent/7f3c\",\"time\":\"" KIT_TIME "\",\"seq\":7,\"data\":{"
        "\"gen_ai.agent.id\":\"7f3c\",\"action\":\"{\\\"argv\\\":[\\\"rm\\\",\\\"-rf\\\",\\\"/"
        "srv\\\"]}\","
        "\"action.risk\":\"high\",\"approval.id\":\"a1\",\"action.digest\":\"sha256:0\","
        "\"approval.reversible\":false,\"approval.scopes\":[{\"scope\":\"once\"},"
        "{\"scope\":\"session\",\"grants\":\"bash *\"}],\"approval.expires_at\":\"" KIT_TIME "\","
        "\"approval.quorum\":2}}");
}

static void broken_text_is_written_as_replacements(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    struct event back;
    kit_least(&ev, EVENT_AGENT_STARTED);
    event_set_text(&ev, F_AGENT_NAME, SPAN("a\xff\xed\xa0\x80z"));
    assert_status(codec_write_event(&x->out, &ev), ST_OK);
    json_decref(independent(&x->out));
    assert_status(codec_read_event(x->codec, buf_span(&x->out), &back, NULL, NULL), ST_OK);
    assert_span_is(event_text(&back, F_AGENT_NAME),
                   "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
}

static void what_could_not_be_read_back_is_not_written(void **state)
{
    struct fixture *x = *state;
    static char name[CODEC_NAME_BYTES + 1];
    memset(name, 'n', sizeof(name));
    struct span too_long = {name, sizeof(name)};
    struct event whole;
    kit_whole(&whole, EVENT_UNKNOWN);
    struct event bad[8];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        bad[i] = whole;
    }
    bad[0].id = SPAN_NONE;
    bad[1].source = SPAN("");
    bad[2].id = too_long;
    bad[3].source = too_long;
    bad[4].subject = too_long;
    bad[5].raw_type = too_long;
    bad[6].seq = (uint64_t)EVENT_INT_MAX + 1;
    kit_envelope(&bad[7], EVENT_AGENT_STATE);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_status(codec_write_event(&x->out, &bad[i]), ST_INVALID);
        assert_status(codec_write_msg_event(&x->out, &bad[i]), ST_INVALID);
        assert_int_equal(x->out.len, 0);
    }
    whole.id = whole.source = whole.subject = whole.raw_type = span_sub(too_long, 1, SIZE_MAX);
    assert_status(codec_write_event(&x->out, &whole), ST_OK);
    struct event back;
    assert_status(codec_read_event(x->codec, buf_span(&x->out), &back, NULL, NULL), ST_OK);
}

static void a_full_buffer_gets_nothing(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    kit_whole(&ev, EVENT_AGENT_STARTED);
    assert_status(codec_write_event(&x->out, &ev), ST_OK);
    for (size_t limit = 4; limit <= x->out.len; limit += limit < 600 ? 1 : 37) {
        struct buf small;
        buf_init(&small, limit);
        assert_status(buf_addstr(&small, "old"), ST_OK);
        enum status st = codec_write_event(&small, &ev);
        assert_status(st, limit < x->out.len + 3 ? ST_LIMIT : ST_OK);
        assert_span_is(buf_span(&small), "old");
        buf_release(&small);
    }
}

/* ---- reading what others write */

static enum status read_data(struct fixture *x, const char *type, const char *data,
                             struct event *ev, uint32_t *unknown, struct why *why)
{
    buf_clear(&x->out);
    buf_printf(&x->out, "{" KIT_ENVELOPE "\"time\":\"" KIT_TIME "\",\"type\":\"%s\",\"data\":%s}",
               type, data);
    return codec_read_event(x->codec, buf_span(&x->out), ev, unknown, why);
}

#define STATE "dev.checkrein.agent.state"

static void wrong_kinds_are_refused_by_name(void **state)
{
    struct fixture *x = *state;
    const struct {
        const char *data;
        const char *name;
    } rows[] = {
        {"{\"gen_ai.agent.id\":7}",                              "gen_ai.agent.id"    },
        {"{\"gen_ai.agent.id\":[]}",                             "gen_ai.agent.id"    },
        {"{\"process.pid\":\"7\"}",                              "process.pid"        },
        {"{\"process.pid\":-1}",                                 "process.pid"        },
        {"{\"process.pid\":1.5}",                                "process.pid"        },
        {"{\"process.pid\":9007199254740992}",                   "process.pid"        },
        {"{\"process.pid\":1e300}",                              "process.pid"        },
        {"{\"cost.microusd\":-5}",                               "cost.microusd"      },
        {"{\"gen_ai.usage.input_tokens\":9223372036854775807}",  "input_tokens"       },
        {"{\"process.exit.code\":-9007199254740992}",            "process.exit.code"  },
        {"{\"agent.demo\":1}",                                   "agent.demo"         },
        {"{\"agent.demo\":\"true\"}",                            "agent.demo"         },
        {"{\"agent.state\":3}",                                  "agent.state"        },
        {"{\"approval.expires_at\":1795184527}",                 "approval.expires_at"},
        {"{\"approval.expires_at\":\"tomorrow\"}",               "approval.expires_at"},
        {"{\"approval.expires_at\":\"2026-13-01T00:00:00Z\"}",   "approval.expires_at"},
        {"{\"reins\":{}}",                                       "reins"              },
        {"{\"reins\":[7]}",                                      "reins"              },
        {"{\"reins\":[[]]}",                                     "reins"              },
        {"{\"reins\":[{\"rein\":1}]}",                           "reins"              },
        {"{\"reins\":[{\"rein\":\"a\"},{\"reversible\":true}]}", "reins"              },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct event ev;
        struct why why = {{0}};
        assert_status(read_data(x, "x", rows[i].data, &ev, NULL, &why), ST_INVALID);
        assert_contains(why.text, rows[i].name);
    }
    static const char *const datas[] = {"[]", "7", "\"x\"", "true"};
    for (size_t i = 0; i < ARRAY_LEN(datas); i++) {
        struct event ev;
        struct why why = {{0}};
        assert_status(read_data(x, STATE, datas[i], &ev, NULL, &why), ST_INVALID);
        assert_contains(why.text, "data");
    }
}

static void an_envelope_must_be_whole(void **state)
{
    struct fixture *x = *state;
#define TYPE "\"type\":\"x\","
#define TIME "\"time\":\"" KIT_TIME "\""
    const struct {
        const char *text;
        const char *name;
    } rows[] = {
        {"[]",                                                                    "event"      },
        {"{}",                                                                    "specversion"},
        {"{" KIT_ENVELOPE TIME "}",                                               "type"       },
        {"{" KIT_ENVELOPE "\"type\":\"x\"}",                                      "time"       },
        {"{" KIT_ENVELOPE TYPE "\"time\":null}",                                  "time"       },
        {"{" KIT_ENVELOPE TYPE "\"time\":\"yesterday\"}",                         "time"       },
        {"{\"specversion\":\"1.0\",\"source\":\"s\"," TYPE TIME "}",              "id"         },
        {"{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"s\"," TYPE TIME "}",  "id"         },
        {"{\"specversion\":\"1.0\",\"id\":7,\"source\":\"s\"," TYPE TIME "}",     "id"         },
        {"{\"specversion\":\"1.0\",\"id\":\"i\"," TYPE TIME "}",                  "source"     },
        {"{\"specversion\":\"0.3\",\"id\":\"i\",\"source\":\"s\"," TYPE TIME "}", "specversion"},
        {"{" KIT_ENVELOPE TYPE TIME ",\"seq\":-1}",                               "seq"        },
        {"{" KIT_ENVELOPE TYPE TIME ",\"seq\":\"5\"}",                            "seq"        },
        {"{" KIT_ENVELOPE TYPE TIME ",\"seq\":9007199254740992}",                 "seq"        },
        {"{" KIT_ENVELOPE TYPE TIME ",\"snapshot\":1}",                           "snapshot"   },
        {"{" KIT_ENVELOPE TYPE TIME ",\"subject\":[]}",                           "subject"    },
        {"{" KIT_ENVELOPE TYPE TIME ",\"id\":\"again\"}",                         "twice"      },
        {"{" KIT_ENVELOPE TYPE TIME "} x",                                        "bytes after"},
        {"",                                                                      "JSON"       },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct event ev;
        struct why why = {{0}};
        assert_status(codec_read_event(x->codec, span_str(rows[i].text), &ev, NULL, &why),
                      ST_INVALID);
        assert_contains(why.text, rows[i].name);
    }
    struct event ev;
    assert_status(codec_read_event(x->codec, SPAN("{" KIT_ENVELOPE TYPE TIME "}"), &ev, NULL, NULL),
                  ST_OK);
}

static void names_in_an_envelope_have_a_limit(void **state)
{
    struct fixture *x = *state;
    static const char *const names[] = {"id", "source", "type", "subject"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (int extra = 0; extra <= 1; extra++) {
            struct event ev;
            struct why why;
            buf_clear(&x->out);
            buf_addstr(&x->out, "{\"specversion\":\"1.0\"," TIME);
            for (size_t k = 0; k < ARRAY_LEN(names); k++) {
                buf_printf(&x->out, ",\"%s\":\"%0*d\"", names[k],
                           k == i ? CODEC_NAME_BYTES + extra : 1, 0);
            }
            buf_addstr(&x->out, "}");
            assert_status(codec_read_event(x->codec, buf_span(&x->out), &ev, NULL, &why),
                          extra ? ST_INVALID : ST_OK);
        }
    }
}

static void only_our_prefix_makes_a_type_ours(void **state)
{
    struct fixture *x = *state;
    static const char *const types[] = {
        "com.example.thing",
        "agent.state",
        "dev.checkrein.",
        "dev.checkrein.unknown",
        "dev.checkrein.nope",
        "dev.checkrein.dev.checkrein.agent.state",
        "dev.checkrein.agent.state ",
    };
    static const char *const datas[] = {
        "{}",       "null",
        "7",        "[1,{\"a\":2}]",
        "\"text\"", "{\"gen_ai.agent.id\":\"a\",\"x.y\":{\"z\":[]}}"};
    for (size_t i = 0; i < ARRAY_LEN(types) * ARRAY_LEN(datas); i++) {
        struct event ev;
        const char *data = datas[i / ARRAY_LEN(types)];
        assert_status(read_data(x, types[i % ARRAY_LEN(types)], data, &ev, NULL, NULL), ST_OK);
        assert_int_equal(ev.type, EVENT_UNKNOWN);
        assert_span_is(ev.raw_type, types[i % ARRAY_LEN(types)]);
    }
}

static void what_is_not_known_is_counted(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    uint32_t unknown;
    const char *data = "{\"gen_ai.agent.id\":\"a\",\"agent.state\":\"levitating\",\"new\":1,"
                       "\"x.list\":[1,2,3],\"reins\":[{\"rein\":\"stop\",\"extra\":{}},{}],"
                       "\"action.risk\":\"unknown\",\"reason\":null}";
    assert_status(read_data(x, STATE, data, &ev, &unknown, NULL), ST_OK);
    assert_int_equal(unknown, 4); /* the state's name, two attributes, a column */
    assert_int_equal(event_number(&ev, F_STATE), AGENT_UNKNOWN);
    assert_true(event_has(&ev, F_STATE));
    assert_false(event_has(&ev, F_REASON));
    uint32_t count;
    const struct event_row *rows = event_list(&ev, F_REINS, &count);
    assert_int_equal(count, 2);
    assert_span_is(rows[0].cell[0], "stop");
    assert_int_equal(rows[1].cell[0].n, 0);
}

static void a_missing_attribute_is_named(void **state)
{
    struct fixture *x = *state;
    for (uint32_t t = 0; t < EVENT_UNKNOWN; t++) {
        struct event ev;
        struct why why = {{0}};
        char type[128];
        (void)snprintf(type, sizeof(type), "%s%s", EVENT_TYPE_PREFIX,
                       event_type_name((enum event_type)t));
        assert_status(read_data(x, type, "{}", &ev, NULL, &why), ST_INVALID);
        assert_contains(why.text, event_field_info(*event_required((enum event_type)t))->name);
    }
}

static void names_may_be_escaped(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    assert_status(read_data(x, "dev.checkrein.agent.st\\u0061te",
                            "{\"gen_ai\\u002eagent.id\":\"\\u0061\",\"agent.state\":\"\\u0069dle\","
                            "\"r\\u0065ins\":[{\"r\\u0065in\":\"hold\"}]}",
                            &ev, NULL, NULL),
                  ST_OK);
    assert_int_equal(ev.type, EVENT_AGENT_STATE);
    assert_span_is(event_text(&ev, F_AGENT_ID), "a");
    assert_int_equal(event_number(&ev, F_STATE), AGENT_IDLE);
    uint32_t count;
    assert_span_is(event_list(&ev, F_REINS, &count)[0].cell[0], "hold");
    assert_status(read_data(x, STATE, "{\"gen_ai.agent.id\":\"a\",\"gen_ai\\u002eagent.id\":\"b\"}",
                            &ev, NULL, NULL),
                  ST_INVALID);
}

/* Else a record would bring back another picture than the frames that it was made of. */
static void times_are_read_as_they_are_written(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    static const char text[] = "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":"
                               "\"dev.checkrein.approval.resolved\",\"time\":"
                               "\"2026-11-20T14:22:07.123999Z\",\"data\":{\"approval.id\":\"a\","
                               "\"approval.decision\":\"denied\",\"approval.expires_at\":"
                               "\"2026-11-20T16:22:08.000001+02:00\"}}";
    assert_status(codec_read_event(x->codec, span_str(text), &ev, NULL, NULL), ST_OK);
    assert_int_equal(ev.time_us, INT64_C(1795184527123000));
    assert_int_equal(event_number(&ev, F_EXPIRES_AT), INT64_C(1795184528000000));
}

static void a_repaired_text_is_marked(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    assert_status(read_data(x, "x", "{\"reason\":\"cut \\ud83d\"}", &ev, NULL, NULL), ST_OK);
    assert_true(ev.repaired);
    assert_span_is(event_text(&ev, F_REASON), "cut \xef\xbf\xbd");
    assert_status(read_data(x, "x", "{\"reason\":\"\xff\"}", &ev, NULL, NULL), ST_OK);
    assert_true(ev.repaired);
    assert_status(read_data(x, "x", "{\"reason\":\"whole\"}", &ev, NULL, NULL), ST_OK);
    assert_false(ev.repaired);
}

static void rows_over_the_limit_are_dropped_and_counted(void **state)
{
    struct fixture *x = *state;
    struct buf data;
    buf_init(&data, OUT_BYTES);
    const uint32_t extra = 44;
    buf_addstr(&data, "{");
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        struct span columns[EVENT_LIST_COLUMNS];
        if (event_list_columns((enum event_field)f, columns) == 0) {
            continue;
        }
        buf_printf(&data, "%s\"%s\":[", data.len > 1 ? "," : "",
                   event_field_info((enum event_field)f)->name);
        for (uint32_t i = 0; i < EVENT_LIST_ROWS + extra; i++) {
            buf_printf(&data, "%s{\"%.*s\":\"%u\"}", i > 0 ? "," : "", SPAN_ARG(columns[0]), i);
        }
        buf_addstr(&data, "]");
    }
    buf_addstr(&data, "}");
    struct event ev;
    uint32_t unknown;
    assert_status(read_data(x, "x", data.data, &ev, &unknown, NULL), ST_OK);
    uint32_t lists = 0;
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        uint32_t count;
        if (event_field_info((enum event_field)f)->kind == EVENT_LIST) {
            const struct event_row *rows = event_list(&ev, (enum event_field)f, &count);
            assert_int_equal(count, EVENT_LIST_ROWS);
            assert_span_is(rows[0].cell[0], "0");
            assert_span_is(rows[255].cell[0], "255");
            lists++;
        }
    }
    assert_int_equal(unknown, lists * extra);
    buf_release(&data);
}

static void a_text_has_limits(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    struct why why;
    static char text[CODEC_RECORD_BYTES + 2];
    memset(text, ' ', sizeof(text));
    const char event[] = "{" KIT_ENVELOPE TYPE TIME "}";
    memcpy(text, event, sizeof(event) - 1);
    struct span s = {text, CODEC_RECORD_BYTES};
    assert_status(codec_read_event(x->codec, s, &ev, NULL, &why), ST_OK);
    s.n++;
    assert_status(codec_read_event(x->codec, s, &ev, NULL, &why), ST_LIMIT);
    buf_clear(&x->out);
    buf_addstr(&x->out, "{" KIT_ENVELOPE TYPE TIME ",\"data\":[0");
    for (int i = 0; i < CODEC_TOKENS; i++) {
        buf_addstr(&x->out, ",0");
    }
    buf_addstr(&x->out, "]}");
    assert_status(codec_read_event(x->codec, buf_span(&x->out), &ev, NULL, &why), ST_LIMIT);
}

/* Replacements are longer than what they replace: the decoder's memory is fixed all the same. */
static void more_decoded_text_than_memory_is_refused(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    struct why why;
    static char bad[CODEC_RECORD_BYTES / 2];
    memset(bad, '\xff', sizeof(bad));
    struct buf text;
    buf_init(&text, CODEC_RECORD_BYTES);
    buf_addstr(&text, "{" KIT_ENVELOPE TYPE TIME ",\"data\":{\"reason\":\"");
    buf_append(&text, bad, sizeof(bad));
    buf_addstr(&text, "\",\"agent.gate\":\"x\"}}");
    assert_status(codec_read_event(x->codec, buf_span(&text), &ev, NULL, &why), ST_LIMIT);
    assert_contains(why.text, "reason");
    buf_release(&text);
    assert_status(read_data(x, "x", "{\"reason\":\"\\u0041\"}", &ev, NULL, NULL), ST_OK);
    assert_span_is(event_text(&ev, F_REASON), "A");
}

static void an_action_has_a_limit(void **state)
{
    struct fixture *x = *state;
    struct event ev;
    struct event back;
    struct why why;
    char *action = malloc(ACTION_BYTES_MAX + 1);
    memset(action, '"', ACTION_BYTES_MAX + 1);
    struct buf out;
    buf_init(&out, CODEC_RECORD_BYTES);
    kit_least(&ev, EVENT_APPROVAL_REQUESTED);
    event_set_text(&ev, F_ACTION, (struct span){action, ACTION_BYTES_MAX});
    assert_status(codec_write_event(&out, &ev), ST_OK);
    assert_status(codec_read_event(x->codec, buf_span(&out), &back, NULL, &why), ST_OK);
    kit_same(&ev, &back);
    event_set_text(&ev, F_ACTION, (struct span){action, ACTION_BYTES_MAX + 1});
    assert_status(codec_write_event(&out, &ev), ST_LIMIT);
    buf_release(&out);
    free(action);
}

static void a_decoder_can_be_freed_when_there_is_none(void **state)
{
    (void)state;
    codec_free(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_attribute_of_every_type_comes_back),
        T(each_attribute_comes_back_alone),
        T(every_enumeration_value_comes_back),
        T(the_bytes_are_these),
        T(broken_text_is_written_as_replacements),
        T(what_could_not_be_read_back_is_not_written),
        T(a_full_buffer_gets_nothing),
        T(wrong_kinds_are_refused_by_name),
        T(an_envelope_must_be_whole),
        T(names_in_an_envelope_have_a_limit),
        T(only_our_prefix_makes_a_type_ours),
        T(what_is_not_known_is_counted),
        T(a_missing_attribute_is_named),
        T(names_may_be_escaped),
        T(times_are_read_as_they_are_written),
        T(a_repaired_text_is_marked),
        T(rows_over_the_limit_are_dropped_and_counted),
        T(a_text_has_limits),
        T(more_decoded_text_than_memory_is_refused),
        T(an_action_has_a_limit),
        T(a_decoder_can_be_freed_when_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
