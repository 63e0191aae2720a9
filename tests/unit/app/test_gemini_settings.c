/* Gemini CLI's settings with and without our hooks: others' stay, ours come once, and go again. */
#include "connected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct claude_gate GATE = {.self = "/opt/it's here/checkrein",
                                        .socket_path = "/run/c.sock",
                                        .port = 7717,
                                        .token = SPAN_INIT(TOKEN),
                                        .version = SPAN_INIT("0.61.0")};

/* The client's time-out lets the call run, and one above 2^31 ms does so at once. */
static void gate_fails_closed(void **state)
{
    (void)state;
    char text[4096];
    struct buf out = connected("gemini", SPAN("{}"), &GATE);
    at_path(buf_span(&out), "hooks/BeforeTool", text, sizeof(text));
    assert_contains(
        text,
        "\"trap '' HUP INT TERM; '/opt/it'\\\\''s here/checkrein' hook gemini --deadline 23h --pid $((PPID)) --socket '/run/c.sock'");
    assert_contains(text, "the call is blocked' >&2; exit 2; }\"");
    const char *timeout = strstr(text, "\"timeout\": ");
    assert_non_null(timeout);
    long long ms = strtoll(timeout + strlen("\"timeout\": "), NULL, 10);
    assert_true(ms > 23LL * 3600 * 1000 && ms < INT32_MAX);
    at_path(buf_span(&out), "hooks/AfterTool", text, sizeof(text));
    assert_contains(text, "|| exit 0\"");
    buf_release(&out);
}

/* One process a model call is too much: these are not needed. */
static void only_what_is_needed(void **state)
{
    (void)state;
    static const char *const NOT[] = {"BeforeModel", "AfterModel", "BeforeToolSelection",
                                      "PreCompress"};
    struct buf out = connected("gemini", SPAN(""), &GATE);
    for (size_t i = 0; i < ARRAY_LEN(NOT); i++) {
        assert_null(strstr(out.data, NOT[i]));
    }
    buf_release(&out);
}

#define FOREIGN                                                                                    \
    "{ \"matcher\" : \"glob\", \"hooks\": [ {\"type\":\"command\",\"name\":\"lint\",\"command\":\"x # \\u00e9\"} ] }"

static void others_stay(void **state)
{
    (void)state;
    static const char OLD[] =
        "{\"ui\": {\"theme\":  \"x\"},\n \"hooks\": {\"BeforeTool\": [" FOREIGN
        "], \"Mine\": [" FOREIGN "]}}";
    struct buf out = connected("gemini", span_str(OLD), &GATE);
    assert_contains(out.data, FOREIGN);
    assert_contains(out.data, "\"Mine\": [" FOREIGN "]");
    assert_contains(out.data, "{\"theme\":  \"x\"}");
    struct claude_gate moved = GATE;
    moved.port = 7718;
    struct buf again = connected("gemini", buf_span(&out), &moved);
    assert_null(strstr(again.data, ":7717"));
    struct buf back = disconnected("gemini", buf_span(&again));
    assert_true(json_same(buf_span(&back), span_str(OLD)));
    assert_contains(back.data, FOREIGN);
    buf_release(&out);
    buf_release(&again);
    buf_release(&back);
}

static void telemetry_of_others(void **state)
{
    (void)state;
    static const char *const OLD[] = {
        "{\"telemetry\":{\"enabled\":false}}",
        "{\"telemetry\":{\"enabled\":true,\"target\":\"gcp\"}}",
        "{\"telemetry\":{\"otlpEndpoint\":\"http://127.0.0.1:4318\"}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(OLD); i++) {
        assert_true(gemini_telemetry_is_anothers(span_str(OLD[i])));
        struct buf out = connected("gemini", span_str(OLD[i]), &GATE);
        assert_null(strstr(out.data, TOKEN));
        struct buf back = disconnected("gemini", buf_span(&out));
        assert_true(json_same(buf_span(&back), span_str(OLD[i])));
        buf_release(&out);
        buf_release(&back);
    }
}

/* The token is a password in an address. */
static void odd_token(void **state)
{
    (void)state;
    char text[4096];
    struct claude_gate odd = GATE;
    odd.token = SPAN("a+b/c=d-._~");
    struct buf out = connected("gemini", SPAN("{}"), &odd);
    assert_false(gemini_telemetry_is_anothers(buf_span(&out)));
    at_path(buf_span(&out), "telemetry/otlpEndpoint", text, sizeof(text));
    assert_string_equal(text, "\"http://checkrein:a%2Bb%2Fc%3Dd-._~@127.0.0.1:7717\"");
    buf_release(&out);
}

static void refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "{",
        "[]",
        "// why\n{}",
        "{\"a\":1,\"a\":2}",
        "{\"hooks\":[]}",
        "{\"hooks\":{\"BeforeTool\":{}}}",
        "{\"hooksConfig\":{\"enabled\":false}}",
        "{\"hooksConfig\":{\"disabled\":[\"a\",\"checkrein gate\"]}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        assert_left_alone("gemini", BAD[i], &GATE);
    }
    struct buf others = connected("gemini", SPAN("{\"telemetry\":1}"), &GATE);
    buf_release(&others);
    struct buf out = connected(
        "gemini", SPAN("{\"hooksConfig\":{\"enabled\":true,\"disabled\":[\"mine\"]}}"), &GATE);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gate_fails_closed), cmocka_unit_test(only_what_is_needed),
        cmocka_unit_test(others_stay),       cmocka_unit_test(telemetry_of_others),
        cmocka_unit_test(odd_token),         cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
