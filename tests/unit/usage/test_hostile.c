/* A service, or who speaks through it, that would have figures read which are none, or none read.
 */
#include <stdio.h>
#include <string.h>

#include "checkrein/usage.h"
#include "checkrein/utf8.h"
#include "expect.h"

#define MARK(mark) (1u << (mark))
#define EVENTS     "text/event-stream"
#define JSON       "application/json"
#define TEXT_BYTES 100

static struct usage_said answer(enum usage_dialect dialect, const char *type, struct span bytes)
{
    struct usage_reader r;
    struct usage_said said;
    usage_reader_init(&r, dialect, span_str(type));
    usage_feed(&r, bytes);
    usage_end(&r, &said);
    return said;
}

static struct usage_said chat(const char *json)
{
    return answer(USAGE_OPENAI_CHAT, JSON, span_str(json));
}

static int64_t input_of(const char *json)
{
    return chat(json).tokens.tokens[PRICE_INPUT];
}

/* ---- figures */

static void figures_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"-1",   "1.5",  "\"12\"", "true",   "[1]",  "{\"n\":1}",
                                      "-1e9", "1e-3", "\"\"",   "-1e999", "0x10", "1e"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char json[128];
        (void)snprintf(json, sizeof(json), "{\"usage\":{\"prompt_tokens\":%s}}", bad[i]);
        struct usage_said said = chat(json);
        if (said.told || said.marks != MARK(USAGE_NO_COUNT) || !usage_lied(&said)) {
            fail_msg("%s: told %d, marks %x", bad[i], said.told, said.marks);
        }
    }
}

static void figures_that_are_too_large(void **state)
{
    (void)state;
    static const char *const large[] = {"9007199254740992", "9223372036854775807",
                                        "9223372036854775808", "1e999", "123456789012345678901234"};
    for (size_t i = 0; i < ARRAY_LEN(large); i++) {
        char json[128];
        (void)snprintf(json, sizeof(json), "{\"usage\":{\"prompt_tokens\":%s}}", large[i]);
        struct usage_said said = chat(json);
        assert_int_equal(said.marks, MARK(USAGE_TOO_MANY));
        assert_int_equal(said.tokens.tokens[PRICE_INPUT], USAGE_TOKENS_MAX);
    }
}

static void whole_numbers_in_any_spelling(void **state)
{
    (void)state;
    assert_int_equal(input_of("{\"usage\":{\"prompt_tokens\":5.0}}"), 5);
    assert_int_equal(input_of("{\"usage\":{\"prompt_tokens\":5e2}}"), 500);
    assert_int_equal(input_of("{\"usage\":{\"prompt_tokens\":9007199254740991}}"),
                     USAGE_TOKENS_MAX);
    assert_false(chat("{\"usage\":{\"prompt_tokens\":null}}").told);
    assert_false(chat("{\"usage\":{}}").told);
    assert_true(chat("{\"usage\":{\"prompt_tokens\":0}}").told);
}

static void the_sum_does_not_wrap(void **state)
{
    (void)state;
    struct usage_said said =
        answer(USAGE_GEMINI, JSON,
               SPAN("{\"usageMetadata\":{\"promptTokenCount\":9007199254740991,"
                    "\"toolUsePromptTokenCount\":9007199254740991}}"));
    assert_int_equal(said.tokens.tokens[PRICE_INPUT], USAGE_TOKENS_MAX);
    assert_int_equal(said.marks, MARK(USAGE_TOO_MANY));
}

static void a_part_over_its_whole(void **state)
{
    (void)state;
    struct usage_said said =
        chat("{\"usage\":{\"prompt_tokens\":10,\"prompt_tokens_details\":{\"cached_tokens\":30},"
             "\"completion_tokens\":5}}");
    assert_int_equal(said.tokens.tokens[PRICE_INPUT], 0);
    assert_int_equal(said.tokens.tokens[PRICE_CACHE_READ], 30);
    assert_int_equal(said.marks, MARK(USAGE_PART_OVER_WHOLE));
}

static void a_total_that_shrinks(void **state)
{
    (void)state;
    struct usage_said said =
        answer(USAGE_ANTHROPIC, EVENTS,
               SPAN("data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":900}}\n\n"
                    "data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":1}}\n\n"));
    assert_int_equal(said.tokens.tokens[PRICE_OUTPUT], 1);
    assert_int_equal(said.marks, MARK(USAGE_SHRANK));
    assert_true(usage_lied(&said));
}

/* ---- figures where they do not stand */

static void none_in_what_the_model_writes(void **state)
{
    (void)state;
    static const char *const places[] = {
        "{\"content\":[{\"usage\":{\"input_tokens\":9}}],\"type\":\"message\"}",
        "{\"type\":\"message\",\"message\":{\"usage\":{\"input_tokens\":9}}}",
        "{\"type\":\"message_start\",\"usage\":{\"input_tokens\":9}}",
        "{\"type\":\"content_block_delta\",\"usage\":{\"input_tokens\":9}}",
        "{\"usage\":{\"input_tokens\":9}}",
        "{\"usage\":{\"input_tokens\":9},\"type\":\"future_event\"}",
        "{\"type\":\"message\",\"usage\":[{\"input_tokens\":9}]}",
        "{\"type\":\"message\",\"usage\":{\"x\":{\"input_tokens\":9}}}",
        "{\"type\":\"message\",\"usage\":\"{\\\"input_tokens\\\":9}\"}",
        "{\"type\":\"message\",\"usage/input_tokens\":9,\"Usage\":{\"input_tokens\":9}}",
        "{\"type\":\"message\",\"x\":{\"input_tokens\":9},\"usage\":null}",
        "{\"type\":\"message\",\"usage\\u0000\":{\"input_tokens\":9}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct usage_said said = answer(USAGE_ANTHROPIC, JSON, span_str(places[i]));
        if (said.told || said.marks != 0) {
            fail_msg("%s: told %d, marks %x", places[i], said.told, said.marks);
        }
    }
}

/* Keys may stand in any order, and be written with escapes. */
static void wherever_the_name_stands(void **state)
{
    (void)state;
    struct usage_said said =
        answer(USAGE_ANTHROPIC, JSON,
               SPAN(" {\"us\\u0061ge\": {\"\\u0069nput_tokens\" : 9 } , \"stop_reason\":\"x\","
                    "\"t\\u0079pe\":\"mess\\u0061ge\"}\n"));
    assert_true(said.told && said.ending == USAGE_COMPLETE);
    assert_int_equal(said.tokens.tokens[PRICE_INPUT], 9);
}

/* A star is a key like others. */
static void a_star_is_no_element(void **state)
{
    (void)state;
    assert_int_equal(chat("{\"choices\":{\"*\":{\"finish_reason\":\"stop\"}}}").ending, USAGE_CUT);
    assert_int_equal(chat("{\"choices\":[{\"finish_reason\":\"stop\"}]}").ending, USAGE_COMPLETE);
}

/* ---- bytes */

static void what_is_no_json(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "{\"usage\":{\"prompt_tokens\":9]}",
        "{\"usage\":{\"prompt_tokens\" 9}}",
        "{\"usage\":{\"prompt_tokens\":9,}}",
        "{\"a\":\"\n\",\"usage\":{\"prompt_tokens\":9}}",
        "{,\"usage\":{\"prompt_tokens\":9}}",
        "[[{\"usage\":{\"prompt_tokens\":9}}]]",
        "\"usage\"",
        "9",
    };
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct usage_said said = chat(broken[i]);
        if (said.told || said.marks != MARK(USAGE_UNREADABLE)) {
            fail_msg("%s: told %d, marks %x", broken[i], said.told, said.marks);
        }
    }
    assert_false(chat("{\"usage\":{\"prompt_tokens\":9}").told);
    assert_int_equal(chat("{\"usage\":{\"prompt_tokens\":9}").marks, 0); /* cut, not broken */
}

/* One event that cannot be read does not hide the next. */
static void a_broken_event_is_skipped(void **state)
{
    (void)state;
    struct usage_said said = answer(USAGE_OPENAI_CHAT, EVENTS,
                                    SPAN("data: {\"usage\":{\"prompt_tokens\":1}\n\n"
                                         "data: {\"usage\":{\"prompt_tokens\":2}}\n\n"));
    assert_int_equal(said.tokens.tokens[PRICE_INPUT], 2);
    assert_int_equal(said.marks, MARK(USAGE_UNREADABLE));
}

/* Each end of a line, also within an event, and cut between CR and LF. */
static void ends_of_lines(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r", "\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char text[256];
        const char *e = ends[i];
        int n = snprintf(text, sizeof(text),
                         ": x%sdata: {\"usage\":%sdata:{\"prompt_tokens\":%sid%sdata: 6}}%s%s", e,
                         e, e, e, e, e);
        for (int cut = 0; cut <= n; cut++) {
            struct usage_reader r;
            struct usage_said said;
            usage_reader_init(&r, USAGE_OPENAI_CHAT, SPAN(EVENTS));
            usage_feed(&r, (struct span){text, (size_t)cut});
            usage_feed(&r, span_str(text + cut));
            usage_end(&r, &said);
            assert_int_equal(said.tokens.tokens[PRICE_INPUT], 6);
            assert_int_equal(said.marks, 0);
        }
    }
}

/* Lines of one event are parted: a figure does not go on in the next. */
static void lines_are_not_joined(void **state)
{
    (void)state;
    struct usage_said said = answer(USAGE_OPENAI_CHAT, EVENTS,
                                    SPAN("data: {\"usage\":{\"prompt_tokens\":1\ndata: 2}}\n\n"));
    assert_false(said.told);
    assert_int_equal(said.marks, MARK(USAGE_UNREADABLE));
}

/* Longer than what is kept of one: not what its beginning says. */
static void figures_without_end(void **state)
{
    (void)state;
    char zeros[301] = "";
    char json[512];
    memset(zeros, '0', sizeof(zeros) - 1);
    (void)snprintf(json, sizeof(json), "{\"usage\":{\"prompt_tokens\":5.%s1}}", zeros);
    assert_int_equal(chat(json).marks, MARK(USAGE_NO_COUNT));
    assert_false(chat(json).told);
}

/* As deep as wire's reader goes, and no deeper. */
static void nesting(void **state)
{
    (void)state;
    for (int depth = 62; depth <= 64; depth++) {
        char open[TEXT_BYTES] = "";
        char close[TEXT_BYTES] = "";
        char text[4 * TEXT_BYTES];
        memset(open, '[', (size_t)depth);
        memset(close, ']', (size_t)depth);
        (void)snprintf(text, sizeof(text), "{\"x\":%s%s,\"usage\":{\"prompt_tokens\":5}}", open,
                       close);
        struct usage_said said = chat(text);
        assert_int_equal(said.told, depth < 64);
        assert_int_equal(said.marks, depth < 64 ? 0 : MARK(USAGE_UNREADABLE));
    }
}

/* What one message said is not said by the next. */
static void messages_of_a_list(void **state)
{
    (void)state;
    struct usage_said said =
        answer(USAGE_GEMINI, JSON,
               SPAN("[{\"error\":{\"status\":\"X\"},\"usageMetadata\":{\"promptTokenCount\":-1}},\n"
                    "{\"candidates\":[{\"finishReason\":\"STOP\"}]}]"));
    assert_int_equal(said.ending, USAGE_COMPLETE);
    assert_false(said.told);
    assert_int_equal(said.marks, MARK(USAGE_NO_COUNT));
}

static void texts_are_bounded_and_utf8(void **state)
{
    (void)state;
    struct usage_said said = chat("{\"model\":\"a\xff\\ud83d\xe2\x82\"}");
    assert_true(utf8_valid(span_str(said.model)));
    assert_string_equal(said.model, "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_string_equal(chat("{\"model\":\"a\\u0000b\"}").model, "");
    char json[1024] = "{\"model\":\"";
    memset(json + 10, 'x', 800);
    memcpy(json + 810, "\"}", 3);
    assert_string_equal(chat(json).model, "");
    said =
        chat("{\"error\":{\"code\":\"0123456789012345678901234567890123456789012345678901234567890"
             "\xC3\xA9\xC3\xA9\xC3\xA9\"}}");
    assert_int_equal(said.ending, USAGE_FAILED);
    assert_int_equal(strlen(said.error), 63);
    said = chat(
        "{\"error\":{\"code\":\"012345678901234567890123456789012345678901234567890123456789012"
        "\xC3\xA9\"}}");
    assert_int_equal(strlen(said.error), 63); /* no half of the last one */
    said =
        chat("{\"error\":{\"code\":\"01234567890123456789012345678901234567890123456789012345678901"
             "\xC3\xA9\"}}");
    assert_int_equal(strlen(said.error), 62);
}

/* A hundred megabytes of one text, and of nothing but brackets: no memory, no squares. */
static void endless_lines(void **state)
{
    (void)state;
    static char block[1 << 16];
    struct usage_reader r;
    struct usage_said said;
    usage_reader_init(&r, USAGE_OPENAI_CHAT, SPAN(EVENTS));
    usage_feed(&r, SPAN("data: {\"x\":\""));
    memset(block, 'a', sizeof(block));
    for (int i = 0; i < 1600; i++) {
        usage_feed(&r, (struct span){block, sizeof(block)});
    }
    usage_feed(&r, SPAN("\",\"usage\":{\"prompt_tokens\":4}}\n\ndata: "));
    memset(block, '[', sizeof(block));
    for (int i = 0; i < 1600; i++) {
        usage_feed(&r, (struct span){block, sizeof(block)});
    }
    memset(block, '\r', sizeof(block));
    usage_feed(&r, (struct span){block, sizeof(block)});
    usage_end(&r, &said);
    assert_int_equal(said.tokens.tokens[PRICE_INPUT], 4);
    assert_int_equal(said.marks, MARK(USAGE_UNREADABLE));
    assert_true(sizeof(r) < 4096);
}

static void a_mark_before_the_text(void **state)
{
    (void)state;
    struct usage_reader r;
    struct usage_said said;
    usage_reader_init(&r, USAGE_OPENAI_CHAT, SPAN_NONE);
    usage_feed(&r, SPAN("\xEF"));
    usage_feed(&r, SPAN("\xBB\xBF"));
    usage_feed(&r, SPAN("data: {\"usage\":{\"prompt_tokens\":3}}\n\n"));
    usage_end(&r, &said);
    assert_int_equal(said.tokens.tokens[PRICE_INPUT], 3);
}

/* Without a content type, too, a line that begins with a blank is no data. */
static void blanks_before_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t input;
    } texts[] = {
        {" \r\n\t {\"usage\":{\"prompt_tokens\":3}}",      3},
        {"\n\ndata:{\"usage\":{\"prompt_tokens\":3}}\n\n", 3},
        {"  data:{\"usage\":{\"prompt_tokens\":3}}\n\n",   0},
        {"\n data:{\"usage\":{\"prompt_tokens\":3}}\n\n",  0},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        for (size_t cut = 0; cut < 6; cut++) {
            struct usage_reader r;
            struct usage_said said;
            usage_reader_init(&r, USAGE_OPENAI_CHAT, SPAN_NONE);
            usage_feed(&r, span_sub(span_str(texts[i].text), 0, cut));
            usage_feed(&r, span_sub(span_str(texts[i].text), cut, SIZE_MAX));
            usage_end(&r, &said);
            assert_int_equal(said.tokens.tokens[PRICE_INPUT], texts[i].input);
        }
    }
}

/* ---- how much of it there was */

static struct usage_said in_events(enum usage_dialect dialect, const char *text)
{
    return answer(dialect, EVENTS, span_str(text));
}

static void what_the_model_made_is_measured(void **state)
{
    (void)state;
    struct usage_said said =
        in_events(USAGE_ANTHROPIC,
                  "data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"four\"}}\n\n"
                  "data: {\"type\":\"content_block_delta\",\"delta\":{\"partial_json\":\"{}\"}}\n\n"
                  "data: {\"type\":\"ping\",\"text\":\"not the model's\"}\n\n");
    assert_int_equal(said.text_bytes, strlen("\"four\"\"{}\""));
    said = in_events(
        USAGE_OPENAI_RESPONSES,
        "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\n"
        "data: {\"type\":\"response.output_text.delta\",\"id\":\"no\",\"delta\":\"ab\"}\n\n");
    assert_int_equal(said.text_bytes, 4);
    assert_string_equal(said.id, "resp_1");
    said = chat("{\"choices\":[{\"message\":{\"content\":\"abc\",\"tool_calls\":[{\"function\":"
                "{\"arguments\":\"{}\"}}]}}]}");
    assert_int_equal(said.text_bytes, 9);
}

/* More text than so few tokens can stand for: then the figure is none. */
static void figures_that_are_too_few_for_the_text(void **state)
{
    (void)state;
    static char json[300000];
    static const struct {
        int bytes, tokens;
        bool lied;
    } cases[] = {
        {100,    0,     false},
        {4000,   0,     false},
        {200000, 0,     true },
        {200000, 10,    true },
        {200000, 300,   false},
        {200000, 50000, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        (void)snprintf(
            json, sizeof(json),
            "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"%0*d\"}}],"
            "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%d}}",
            cases[i].bytes, 1, cases[i].tokens);
        struct usage_said said = chat(json);
        if (usage_lied(&said) != cases[i].lied) {
            fail_msg("%d bytes, %d tokens: marks %x", cases[i].bytes, cases[i].tokens, said.marks);
        }
    }
}

static void an_hour_is_part_of_what_was_written(void **state)
{
    (void)state;
    struct usage_said said = answer(
        USAGE_ANTHROPIC, JSON,
        SPAN(
            "{\"type\":\"message\",\"usage\":{\"input_tokens\":1,\"cache_creation_input_tokens\":10,"
            "\"cache_creation\":{\"ephemeral_5m_input_tokens\":5,\"ephemeral_1h_input_tokens\":50}}}"));
    assert_int_equal(said.marks, MARK(USAGE_PART_OVER_WHOLE));
    assert_true(usage_lied(&said));
}

/* After the end of an answer: what becomes smaller is a lie, what becomes larger counts. */
static void figures_after_the_end(void **state)
{
    (void)state;
#define END(out)                                                                                   \
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{"       \
    "\"input_tokens\":9,\"output_tokens\":" out "}}\n\n"                                           \
    "data: {\"type\":\"message_stop\"}\n\n"
    struct usage_said said = in_events(USAGE_ANTHROPIC, END("500") END("1"));
    assert_true(usage_lied(&said) && said.ending == USAGE_COMPLETE);
    said = in_events(USAGE_ANTHROPIC, END("5") END("700"));
    assert_false(usage_lied(&said));
    assert_int_equal(said.tokens.tokens[PRICE_OUTPUT], 700);
    said = in_events(USAGE_ANTHROPIC, END("1000000000000000000"));
    assert_true(usage_lied(&said));
}

/* Two messages in each other's events: a model that changes is the last one that was told. */
static void messages_that_are_mixed(void **state)
{
    (void)state;
    struct usage_said said = in_events(
        USAGE_ANTHROPIC,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"a\",\"usage\":{"
        "\"input_tokens\":9000,\"output_tokens\":1}}}\n\n"
        "data: {\"type\":\"message_start\",\"message\":{\"model\":\"b\",\"usage\":{\"input_tokens\":1,"
        "\"output_tokens\":1}}}\n\n");
    assert_true(usage_lied(&said)); /* the input shrank */
    assert_string_equal(said.model, "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_that_are_none),
        cmocka_unit_test(figures_that_are_too_large),
        cmocka_unit_test(whole_numbers_in_any_spelling),
        cmocka_unit_test(the_sum_does_not_wrap),
        cmocka_unit_test(a_part_over_its_whole),
        cmocka_unit_test(a_total_that_shrinks),
        cmocka_unit_test(none_in_what_the_model_writes),
        cmocka_unit_test(wherever_the_name_stands),
        cmocka_unit_test(a_star_is_no_element),
        cmocka_unit_test(what_is_no_json),
        cmocka_unit_test(a_broken_event_is_skipped),
        cmocka_unit_test(ends_of_lines),
        cmocka_unit_test(lines_are_not_joined),
        cmocka_unit_test(figures_without_end),
        cmocka_unit_test(nesting),
        cmocka_unit_test(messages_of_a_list),
        cmocka_unit_test(texts_are_bounded_and_utf8),
        cmocka_unit_test(endless_lines),
        cmocka_unit_test(a_mark_before_the_text),
        cmocka_unit_test(blanks_before_the_text),
        cmocka_unit_test(what_the_model_made_is_measured),
        cmocka_unit_test(figures_that_are_too_few_for_the_text),
        cmocka_unit_test(an_hour_is_part_of_what_was_written),
        cmocka_unit_test(figures_after_the_end),
        cmocka_unit_test(messages_that_are_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
