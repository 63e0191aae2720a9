/* What answers say: each dialect, streamed or not, in any pieces. The transcripts are the seeds of
 * fuzz.usage; their first line is the dialect and the content type. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/file.h"
#include "checkrein/usage.h"
#include "expect.h"

#define FILE_BYTES ((size_t)1 << 20)
#define MARK(mark) (1u << (mark))

struct expected {
    const char *file;
    bool told;
    enum usage_ending ending;
    int64_t input, output, cache_read, cache_write, reasoning;
    const char *model, *error;
    uint32_t marks;
    int64_t for_an_hour;
};

#define SONNET "claude-sonnet-4-5-20250929"
#define CODEX  "gpt-5.1-codex-2025-11-13"
#define GPT4O  "gpt-4o-2024-08-06"
#define PRO    "gemini-2.5-pro"

/* clang-format off */
static const struct expected table[] = {
    {"anthropic-stream",            true,  USAGE_COMPLETE, 1000,  50, 3000, 150,   0, SONNET, "", 0, 50},
    {"anthropic-stream-tools",      true,  USAGE_COMPLETE, 1200,  89, 3500, 150,   0, SONNET, "", 0, 50},
    {"anthropic-stream-thinking",   true,  USAGE_COMPLETE, 1000,  50, 3000, 150, 200, SONNET, "", 0, 50},
    {"anthropic-stream-cut",        true,  USAGE_CUT,      1000,   1, 3000, 150,   0, SONNET, "", 0, 50},
    {"anthropic-stream-error",      true,  USAGE_FAILED,   1000,   1, 3000, 150,   0, SONNET, "overloaded_error", 0, 50},
    {"anthropic-stream-steps",      true,  USAGE_COMPLETE, 1000,  50, 3000, 150,   0, SONNET, "", MARK(USAGE_BESIDE), 50},
    {"anthropic-plain",             true,  USAGE_COMPLETE, 1000,  50, 3000, 150,   0, SONNET, "", 0, 50},
    {"anthropic-plain-tools",       true,  USAGE_COMPLETE, 2095, 403,    0,   0, 100, SONNET, "", 0, 0},
    {"anthropic-plain-error",       false, USAGE_FAILED,      0,   0,    0,   0,   0, "", "rate_limit_error", 0, 0},
    {"anthropic-count",             false, USAGE_CUT,         0,   0,    0,   0,   0, "", "", 0, 0},
    {"responses-stream",            true,  USAGE_COMPLETE,  700,  43,  300,   0,   7, CODEX, "", 0, 0},
    {"responses-stream-tools",      true,  USAGE_COMPLETE,  360,  50,    0, 640,   0, CODEX, "", 0, 0},
    {"responses-stream-incomplete", true,  USAGE_COMPLETE,  700,  43,  300,   0,   7, CODEX, "", 0, 0},
    {"responses-stream-failed",     false, USAGE_FAILED,      0,   0,    0,   0,   0, CODEX, "server_error", 0, 0},
    {"responses-stream-error",      false, USAGE_FAILED,      0,   0,    0,   0,   0, CODEX, "rate_limit_exceeded", 0, 0},
    {"responses-stream-cut",        false, USAGE_CUT,         0,   0,    0,   0,   0, CODEX, "", 0, 0},
    {"responses-plain",             true,  USAGE_COMPLETE,  700,  43,  300,   0,   7, CODEX, "", 0, 0},
    {"responses-plain-queued",      false, USAGE_CUT,         0,   0,    0,   0,   0, CODEX, "", 0, 0},
    {"responses-plain-error",       false, USAGE_FAILED,      0,   0,    0,   0,   0, "", "insufficient_quota", 0, 0},
    {"responses-compact",           true,  USAGE_COMPLETE,  700,  43,  300,   0,   7, "", "", 0, 0},
    {"chat-stream",                 true,  USAGE_COMPLETE,  700,  43,  300,   0,   7, GPT4O, "", 0, 0},
    {"chat-stream-untold",          false, USAGE_COMPLETE,    0,   0,    0,   0,   0, GPT4O, "", 0, 0},
    {"chat-stream-tools",           true,  USAGE_COMPLETE,   82,  17,    0,   0,   0, GPT4O, "", 0, 0},
    {"chat-stream-cut",             false, USAGE_CUT,         0,   0,    0,   0,   0, GPT4O, "", 0, 0},
    {"chat-plain",                  true,  USAGE_COMPLETE,  700,  43,  300,   0,   7, GPT4O, "", 0, 0},
    {"chat-plain-error",            false, USAGE_FAILED,      0,   0,    0,   0,   0, "", "rate_limit_exceeded", 0, 0},
    {"gemini-stream",               true,  USAGE_COMPLETE,  700,  50,  300,   0,   7, PRO, "", 0, 0},
    {"gemini-list",                 true,  USAGE_COMPLETE,  700,  50,  300,   0,   7, PRO, "", 0, 0},
    {"gemini-list-cut",             true,  USAGE_CUT,      1000,  20,    0,   0,   7, PRO, "", 0, 0},
    {"gemini-stream-tools",         true,  USAGE_COMPLETE,  160,   9,    0,   0,   0, PRO, "", 0, 0},
    {"gemini-plain",                true,  USAGE_COMPLETE,  700,  50,  300,   0,   7, PRO, "", 0, 0},
    {"gemini-plain-blocked",        true,  USAGE_COMPLETE,    8,   0,    0,   0,   0, PRO, "", 0, 0},
    {"gemini-plain-error",          false, USAGE_FAILED,      0,   0,    0,   0,   0, "", "RESOURCE_EXHAUSTED", 0, 0},
    {"odd-figures",                 true,  USAGE_CUT,         0,   0,    0, USAGE_TOKENS_MAX, 0, "m", "",
     MARK(USAGE_NO_COUNT) | MARK(USAGE_TOO_MANY), 0},
    {"odd-twice",                   true,  USAGE_CUT,         7, 100,    0,   0,   0, "", "", MARK(USAGE_TWICE), 0},
    {"odd-lines",                   true,  USAGE_COMPLETE,    0,   3,    0,   0,   0, "", "", MARK(USAGE_UNREADABLE), 0},
    {"odd-gzip",                    false, USAGE_CUT,         0,   0,    0,   0,   0, "", "", MARK(USAGE_UNREADABLE), 0},
    {"odd-deep",                    false, USAGE_CUT,         0,   0,    0,   0,   0, "", "", MARK(USAGE_UNREADABLE), 0},
};
/* clang-format on */

struct transcript {
    struct buf all;
    enum usage_dialect dialect;
    struct span type, bytes;
};

static void load(struct transcript *t, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/fuzz/seeds/usage/%s", TESTS_DIR, name);
    buf_init(&t->all, FILE_BYTES);
    assert_status(file_read(path, &t->all, NULL), ST_OK);
    struct span rest = buf_span(&t->all);
    struct span line = SPAN_NONE;
    struct span word = SPAN_NONE;
    assert_true(span_next(&rest, '\n', &line));
    assert_true(span_next(&line, ' ', &word));
    assert_status(usage_dialect_named(word, &t->dialect), ST_OK);
    t->type = line;
    t->bytes = rest;
}

static void read_pieces(const struct transcript *t, size_t piece, struct usage_said *out)
{
    struct usage_reader r;
    usage_reader_init(&r, t->dialect, t->type);
    for (size_t at = 0; at < t->bytes.n; at += piece) {
        usage_feed(&r, span_sub(t->bytes, at, piece));
    }
    usage_end(&r, out);
}

#define SAME(what, got, want)                                                                      \
    do {                                                                                           \
        if ((long long)(got) != (long long)(want)) {                                               \
            fail_msg("%s, pieces of %zu: %s is %lld, not %lld", e->file, piece, what,              \
                     (long long)(got), (long long)(want));                                         \
        }                                                                                          \
    } while (0)

static void check(const struct expected *e, const struct usage_said *said, size_t piece)
{
    SAME("told", said->told, e->told);
    SAME("ending", said->ending, e->ending);
    SAME("marks", said->marks, e->marks);
    SAME("input", said->tokens.tokens[PRICE_INPUT], e->input);
    SAME("output", said->tokens.tokens[PRICE_OUTPUT], e->output);
    SAME("cache_read", said->tokens.tokens[PRICE_CACHE_READ], e->cache_read);
    SAME("cache_write", said->tokens.tokens[PRICE_CACHE_WRITE], e->cache_write);
    SAME("cache_write_1h", said->tokens.tokens[PRICE_CACHE_WRITE_1H], e->for_an_hour);
    SAME("reasoning", said->tokens.tokens[PRICE_REASONING], e->reasoning);
    assert_string_equal(said->model, e->model);
    assert_string_equal(said->error, e->error);
}

static void each_transcript_in_any_pieces(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 7, 64, 1000, SIZE_MAX / 2};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct transcript t;
        load(&t, table[i].file);
        for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
            struct usage_said said;
            read_pieces(&t, pieces[k], &said);
            check(&table[i], &said, pieces[k]);
        }
        buf_release(&t.all);
    }
}

/* Without its content type, each is read as what it looks like. */
static void the_shape_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct transcript t;
        struct usage_said said;
        load(&t, table[i].file);
        t.type = SPAN_NONE;
        read_pieces(&t, 5, &said);
        struct expected e = table[i];
        e.marks &= strcmp(e.file, "odd-gzip") == 0 ? 0 : UINT32_MAX;
        check(&e, &said, 5);
        buf_release(&t.all);
    }
}

/* Wherever it is cut, no figure is made up: each is one that was told, and none is final. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct transcript t;
    load(&t, "anthropic-stream");
    size_t all = t.bytes.n;
    for (size_t n = 0; n < all; n++) {
        struct usage_said said;
        t.bytes.n = n;
        read_pieces(&t, 11, &said);
        int64_t output = said.tokens.tokens[PRICE_OUTPUT];
        assert_true(said.told ? said.tokens.tokens[PRICE_INPUT] == 1000 : output == 0);
        assert_true(!said.told || output == 1 || output == 50);
        assert_true(said.ending == USAGE_CUT || output == 50);
        assert_int_equal(said.marks, 0);
    }
    buf_release(&t.all);
}

static void what_is_known_by_now(void **state)
{
    (void)state;
    struct usage_reader r;
    struct usage_said said;
    usage_reader_init(&r, USAGE_ANTHROPIC, SPAN("text/event-stream"));
    usage_peek(&r, &said);
    assert_false(said.told);
    usage_feed(&r, SPAN("data: {\"type\":\"message_start\",\"message\":{\"model\":\"m\","
                        "\"usage\":{\"input_tokens\":9,\"output_tokens\":2}}}\n"));
    usage_peek(&r, &said);
    assert_true(said.told && said.ending == USAGE_CUT);
    assert_int_equal(said.tokens.tokens[PRICE_INPUT], 9);
    usage_feed(&r,
               SPAN("\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":1}}\n\n"));
    usage_end(&r, &said);
    assert_int_equal(said.tokens.tokens[PRICE_OUTPUT], 1); /* the start's was no total */
    assert_int_equal(said.marks, 0);
}

static void http_says_nothing(void **state)
{
    (void)state;
    struct usage_reader r;
    struct usage_said said;
    usage_reader_init(&r, USAGE_HTTP, SPAN("application/json"));
    usage_feed(&r, SPAN("{\"usage\":{\"input_tokens\":9}}"));
    usage_end(&r, &said);
    assert_false(said.told);
    assert_int_equal(said.marks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_transcript_in_any_pieces),
        cmocka_unit_test(the_shape_is_seen),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(what_is_known_by_now),
        cmocka_unit_test(http_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
