/* Claude Code's settings with and without our hooks: others' stay, ours come once, and go again. */
#include "connected.h"

#include <stdio.h>
#include <string.h>

#include "random_json.h"

static const struct claude_gate HTTP = {.self = "/usr/bin/checkrein",
                                        .socket_path = "/run/c.sock",
                                        .port = 7717,
                                        .token = SPAN_INIT(TOKEN),
                                        .version = SPAN_INIT("2.1.328")};
static const struct claude_gate COMMAND = {.self = "/opt/it's here/checkrein",
                                           .socket_path = "/run/c.sock",
                                           .port = 7717,
                                           .token = SPAN_INIT(TOKEN),
                                           .version = SPAN_INIT("2.1.197")};

static void gate_fails_closed(void **state)
{
    (void)state;
    static const struct {
        const struct claude_gate *gate;
        const char *gate_has, *report_has;
    } CASES[] = {
        {&HTTP,    "\"onFailure\": \"block\"",                    "\"onFailure\": \"continue\""},
        {&COMMAND, "\"command\": \"trap '' HUP INT TERM; '/opt/",
         "|| exit 0\""                                                                         }, /* exit code 2 of a Stop hook would keep the model talking */
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        char text[4096];
        struct buf out = connected("claude", SPAN("{}"), CASES[i].gate);
        at_path(buf_span(&out), "hooks/PreToolUse", text, sizeof(text));
        assert_contains(text, CASES[i].gate_has);
        assert_contains(text, "\"timeout\": 86400");
        assert_int_equal(strstr(text, "|| exit 2\"") != NULL, CASES[i].gate == &COMMAND);
        at_path(buf_span(&out), "hooks/Stop", text, sizeof(text));
        assert_contains(text, CASES[i].report_has);
        at_path(buf_span(&out), "hooks/SessionStart", text, sizeof(text));
        assert_contains(text, "\"type\": \"command\"");
        buf_release(&out);
    }
}

static void which_versions_fail_closed(void **state)
{
    (void)state;
    static const char *const YES[] = {"2.1.295", "2.1.328", "2.2.0", "3.0.0", "10.0.0"};
    static const char *const NO[] = {"",        "2",     "2.1", "2.1.294",     "2.0.999",
                                     "1.9.999", "2.1.x", "x",   "2.1.295beta", "-2.1.300"};
    for (size_t i = 0; i < ARRAY_LEN(YES); i++) {
        assert_true(claude_http_fails_closed(span_str(YES[i])));
    }
    for (size_t i = 0; i < ARRAY_LEN(NO); i++) {
        assert_false(claude_http_fails_closed(span_str(NO[i])));
    }
}

static void words_are_quoted(void **state)
{
    (void)state;
    char text[4096];
    struct claude_gate odd = HTTP;
    odd.token = SPAN("a\"b\\c");
    struct buf out = connected("claude", SPAN("{}"), &odd);
    at_path(buf_span(&out), "hooks/Stop", text, sizeof(text));
    assert_contains(text, "\"Bearer a\\\"b\\\\c\"");
    buf_release(&out);
    out = connected("claude", SPAN(""), &COMMAND);
    at_path(buf_span(&out), "hooks/PreToolUse", text, sizeof(text));
    assert_contains(text, "'/opt/it'\\\\''s here/checkrein' hook claude");
    buf_release(&out);
}

#define FOREIGN                                                                                    \
    "{ \"matcher\" : \"Bash\", \"hooks\": [ {\"type\":\"command\",\"command\":\"lint # \\u00e9\"} ] }"

static void others_stay(void **state)
{
    (void)state;
    static const char OLD[] =
        "{\"model\": \"x\",\n \"hooks\": {\"PreToolUse\": [" FOREIGN "], \"Mine\": [" FOREIGN "]},"
        " \"env\": {\"PATH\" : \"/bin\"}}";
    struct buf out = connected("claude", span_str(OLD), &HTTP);
    assert_contains(out.data, FOREIGN);
    assert_contains(out.data, "\"PATH\" : \"/bin\"");
    assert_contains(out.data, "\"Mine\": [" FOREIGN "]");
    struct buf again = connected("claude", buf_span(&out), &HTTP);
    assert_string_equal(again.data, out.data);
    struct buf back = disconnected("claude", buf_span(&out));
    assert_true(json_same(buf_span(&back), span_str(OLD)));
    assert_contains(back.data, FOREIGN);
    buf_release(&out);
    buf_release(&again);
    buf_release(&back);
}

/* Somebody has put a hook of his own into our group: ours goes, his stays. */
static void mixed_group(void **state)
{
    (void)state;
    static const char OLD[] =
        "{\"hooks\":{\"Stop\":[{\"note\":\"n\",\"hooks\":[{\"type\":\"command\",\"command\":\"x\",\"statusMessage\":\"checkrein gate\"},"
        "{\"type\":\"command\",\"command\":\"mine\"}],\"after\":1}]}}";
    struct buf out = disconnected("claude", span_str(OLD));
    assert_true(
        json_same(buf_span(&out),
                  SPAN("{\"hooks\":{\"Stop\":[{\"note\":\"n\",\"hooks\":[{\"type\":\"command\","
                       "\"command\":\"mine\"}],\"after\":1}]}}")));
    buf_release(&out);
}

static void nothing_of_ours_nothing_touched(void **state)
{
    (void)state;
    static const char *const OLD[] = {
        "{}",
        "{ }\n",
        "{\"hooks\" : { \"Stop\" : [ ] , \"PreToolUse\":[ " FOREIGN " ,\n" FOREIGN "]}}",
        "{\"hooks\":{}}",
        "{\"env\":{\"OTEL_EXPORTER_OTLP_ENDPOINT\":\"http://127.0.0.1:4318\",\"OTEL_EXPORTER_OTLP_HEADERS\":\"Authorization=Bearer x\"}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(OLD); i++) {
        struct buf out = disconnected("claude", span_str(OLD[i]));
        assert_string_equal(out.data, OLD[i]);
        buf_release(&out);
    }
}

static void telemetry_of_others(void **state)
{
    (void)state;
    static const char *const OLD[] = {
        "{\"env\":{\"OTEL_EXPORTER_OTLP_ENDPOINT\":\"http://127.0.0.1:4318\",\"OTEL_EXPORTER_OTLP_HEADERS\":\"Authorization=Bearer x\"}}",
        "{\"env\":{\"CLAUDE_CODE_ENABLE_TELEMETRY\":\"0\"}}",
        "{\"env\":{\"OTEL_LOGS_EXPORTER\":\"console\"}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(OLD); i++) {
        char before[512];
        char after[512];
        assert_true(claude_telemetry_is_anothers(span_str(OLD[i])));
        struct buf out = connected("claude", span_str(OLD[i]), &HTTP);
        at_path(span_str(OLD[i]), "env", before, sizeof(before));
        at_path(buf_span(&out), "env", after, sizeof(after));
        assert_string_equal(after, before);
        buf_release(&out);
    }
    struct buf ours = connected("claude", SPAN("{}"), &HTTP);
    assert_false(claude_telemetry_is_anothers(buf_span(&ours)));
    struct claude_gate moved = HTTP;
    moved.port = 7718;
    moved.token = SPAN("ffffffffffffffffffffffffffffffff");
    struct buf out = connected("claude", buf_span(&ours), &moved);
    assert_contains(out.data, "http://127.0.0.1:7718\"");
    assert_null(strstr(out.data, "7717"));
    assert_null(strstr(out.data, TOKEN));
    buf_release(&ours);
    buf_release(&out);
}

static void refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "[]",
        "{\"hooks\":[]}",
        "{\"hooks\":{\"Stop\":{\"a\":1}}}",
        "{\"hooks\":{\"PreToolUse\":\"x\"}}",
        "{\"hooks\":{\"Stop\":null}}",
        "{\"env\":[]}",
        "{\"hooks\":{\"a\":1,\"a\":2}}",
        "// mine\n{}",
        "{\"a\":1,}",
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        assert_left_alone("claude", BAD[i], &HTTP);
    }
}

/* ---- any settings: a reader sees the same beside our hooks, and the same again without them */

static void random_groups(struct prng *r, struct buf *out)
{
    static const char *const GROUPS[] = {
        FOREIGN,
        "{\"hooks\":[]}",
        "{\"hooks\":\"odd\"}",
        "7",
        "{\"hooks\":[{\"type\":\"http\",\"url\":\"http://other/\"},{\"statusMessage\":\"checkrein gates\"}]}",
    };
    buf_addch(out, '[');
    for (uint64_t n = prng_below(r, 4), i = 0; i < n; i++) {
        buf_addstr(out, i ? "," : "");
        random_blanks(r, out);
        buf_addstr(out, GROUPS[prng_below(r, ARRAY_LEN(GROUPS))]);
        random_blanks(r, out);
    }
    buf_addch(out, ']');
}

static void random_settings(struct prng *r, struct buf *out)
{
    static const char *const EVENTS[] = {"PreToolUse", "Stop", "SessionStart", "Mine",
                                         "ConfigChange"};
    buf_addstr(out, "{");
    random_blanks(r, out);
    buf_addstr(out, "\"first\":");
    random_value(r, out, 2);
    if (prng_below(r, 3)) {
        buf_addch(out, ',');
        random_blanks(r, out);
        random_key(r, out, "hooks");
        buf_addstr(out, ":{");
        bool any = false;
        for (size_t i = 0; i < ARRAY_LEN(EVENTS); i++) {
            if (prng_below(r, 2)) {
                buf_addstr(out, any ? "," : "");
                random_blanks(r, out);
                random_key(r, out, EVENTS[i]);
                buf_addch(out, ':');
                random_blanks(r, out);
                random_groups(r, out);
                any = true;
            }
        }
        random_blanks(r, out);
        buf_addch(out, '}');
    }
    if (prng_below(r, 2)) {
        buf_addstr(out, ",\"env\":{\"MINE\":\"1\"");
        buf_addstr(out, prng_below(r, 4) ? "}" : ",\"OTEL_LOGS_EXPORTER\":\"console\"}");
    }
    buf_addstr(out, ",\"last\":");
    random_value(r, out, 2);
    random_blanks(r, out);
    buf_addch(out, '}');
}

/* The same without lists and objects that are empty: those that held only ours go with it. */
static void prune(struct span text, struct buf *out)
{
    struct json j;
    json_open(&j, text);
    const struct tape *t = &j.tape;
    bool first = true;
    buf_addch(out, '{');
    for (uint32_t k = tape_first(t, TAPE_ROOT); k != TAPE_ABSENT; k = tape_next(t, TAPE_ROOT, k)) {
        bool hooks = tape_key_is(t, k, "hooks");
        struct buf inner;
        buf_init(&inner, SETTINGS_BYTES);
        if (hooks) {
            bool any = false;
            for (uint32_t e = tape_first(t, k + 1); e != TAPE_ABSENT; e = tape_next(t, k + 1, e)) {
                if (tape_count(t, e + 1) > 0) {
                    buf_printf(&inner, "%s%.*s:%.*s", any ? "," : "{", SPAN_ARG(tape_raw(t, e)),
                               SPAN_ARG(tape_raw(t, e + 1)));
                    any = true;
                }
            }
            buf_addstr(&inner, any ? "}" : "");
        } else {
            buf_add(&inner, tape_raw(t, k + 1));
        }
        if (inner.len) {
            buf_printf(out, "%s%.*s:%s", first ? "" : ",", SPAN_ARG(tape_raw(t, k)), inner.data);
            first = false;
        }
        buf_release(&inner);
    }
    buf_addch(out, '}');
    json_close(&j);
}

static void any_settings(void **state)
{
    (void)state;
    struct prng random = {11};
    for (int round = 0; round < 400; round++) {
        const struct claude_gate *gate = round % 2 ? &HTTP : &COMMAND;
        struct buf old;
        struct buf before;
        struct buf after;
        buf_init(&old, SETTINGS_BYTES);
        buf_init(&before, SETTINGS_BYTES);
        buf_init(&after, SETTINGS_BYTES);
        random_settings(&random, &old);
        struct buf with = connected("claude", buf_span(&old), gate);
        struct buf twice = connected("claude", buf_span(&with), gate);
        struct buf without = disconnected("claude", buf_span(&with));
        assert_string_equal(twice.data, with.data);
        prune(buf_span(&old), &before);
        prune(buf_span(&without), &after);
        if (!json_same(buf_span(&before), buf_span(&after))) {
            fail_msg("%s\nbecame\n%s", old.data, without.data);
        }
        assert_null(strstr(without.data, TOKEN));
        struct buf *all[] = {&old, &before, &after, &with, &twice, &without};
        for (size_t i = 0; i < ARRAY_LEN(all); i++) {
            buf_release(all[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gate_fails_closed),   cmocka_unit_test(which_versions_fail_closed),
        cmocka_unit_test(words_are_quoted),    cmocka_unit_test(others_stay),
        cmocka_unit_test(mixed_group),         cmocka_unit_test(nothing_of_ours_nothing_touched),
        cmocka_unit_test(telemetry_of_others), cmocka_unit_test(refused),
        cmocka_unit_test(any_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
