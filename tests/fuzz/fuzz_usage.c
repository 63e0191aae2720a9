/* What a service says is the same in any pieces, and of one JSON text it is what wire's reader,
 * which shares nothing with the scan, finds there.
 *
 * The first line is the dialect and the content type, or "ask", the dialect and a path.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/num.h"
#include "checkrein/usage.h"
#include "checkrein/utf8.h"
#include "checkrein/wire.h"

#define TOKENS 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tape_token tokens[TOKENS];

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_usage: %s\n", what);
        abort();
    }
}

static void demand_text(const char *text, size_t bytes)
{
    demand(memchr(text, '\0', bytes) != NULL, "a text without an end");
    demand(utf8_valid(span_str(text)), "a text that is not UTF-8");
}

static void check_said(const struct usage_said *said)
{
    for (unsigned i = 0; i < PRICE_KIND_COUNT; i++) {
        int64_t n = said->tokens.tokens[i];
        demand(n >= 0 && n <= USAGE_TOKENS_MAX, "tokens out of bounds");
        demand(said->told || n == 0, "tokens that nobody told");
    }
    demand(said->marks < 1u << USAGE_MARK_COUNT, "a mark that is none");
    demand_text(said->model, sizeof(said->model));
    demand_text(said->error, sizeof(said->error));
}

/* In pieces of `piece` bytes, or of sizes made from `seed` when that is zero. Each is in memory of
 * its own. */
static struct usage_said run(enum usage_dialect dialect, struct span type, struct span bytes,
                             size_t piece, uint32_t seed)
{
    struct usage_reader r;
    struct usage_said said;
    usage_reader_init(&r, dialect, type);
    while (bytes.n > 0) {
        seed = seed * 1103515245u + 12345u;
        struct span part = span_sub(bytes, 0, piece > 0 ? piece : 1 + (seed >> 16) % 9);
        bytes = span_sub(bytes, part.n, SIZE_MAX);
        char *copy = malloc(part.n);
        demand(copy != NULL, "no memory");
        memcpy(copy, part.p, part.n);
        usage_feed(&r, (struct span){copy, part.n});
        free(copy);
    }
    usage_end(&r, &said);
    check_said(&said);
    return said;
}

static void demand_same(const struct usage_said *a, const struct usage_said *b)
{
    demand(a->told == b->told && a->ending == b->ending && a->marks == b->marks,
           "a split says something else");
    demand(memcmp(&a->tokens, &b->tokens, sizeof(a->tokens)) == 0, "a split counts otherwise");
    demand(strcmp(a->model, b->model) == 0 && strcmp(a->error, b->error) == 0,
           "a split has other texts");
}

/* ---- against wire's reader */

static const struct {
    enum usage_dialect dialect;
    const char *path;
    enum price_kind kind, whole_of; /* part of that one's whole, or itself */
} figures[] = {
    {USAGE_GEMINI,      "usageMetadata/promptTokenCount",                   PRICE_INPUT,       PRICE_INPUT    },
    {USAGE_GEMINI,      "usageMetadata/cachedContentTokenCount",            PRICE_CACHE_READ,  PRICE_INPUT    },
    {USAGE_GEMINI,      "usageMetadata/candidatesTokenCount",               PRICE_OUTPUT,      PRICE_OUTPUT   },
    {USAGE_GEMINI,      "usageMetadata/thoughtsTokenCount",                 PRICE_REASONING,   PRICE_REASONING},
    {USAGE_OPENAI_CHAT, "usage/prompt_tokens",                              PRICE_INPUT,       PRICE_INPUT    },
    {USAGE_OPENAI_CHAT, "usage/prompt_tokens_details/cached_tokens",        PRICE_CACHE_READ,  PRICE_INPUT    },
    {USAGE_OPENAI_CHAT, "usage/prompt_tokens_details/cache_write_tokens",   PRICE_CACHE_WRITE,
     PRICE_INPUT                                                                                              },
    {USAGE_OPENAI_CHAT, "usage/completion_tokens",                          PRICE_OUTPUT,      PRICE_OUTPUT   },
    {USAGE_OPENAI_CHAT, "usage/completion_tokens_details/reasoning_tokens", PRICE_REASONING,
     PRICE_OUTPUT                                                                                             },
};

/* A count, or -1. */
static int64_t count_at(const struct tape *j, const char *path)
{
    uint32_t at = tape_path(j, TAPE_ROOT, path);
    int64_t n = -1;
    if (tape_type(j, at) == TAPE_NUMBER && num_parse_json_int(tape_raw(j, at), &n) == ST_OK) {
        return n >= 0 && n <= USAGE_TOKENS_MAX ? n : -1;
    }
    return -1;
}

static void check_figures(enum usage_dialect dialect, const struct tape *j,
                          const struct usage_said *said)
{
    int64_t want[PRICE_KIND_COUNT] = {0};
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        int64_t n = figures[i].dialect == dialect ? count_at(j, figures[i].path) : -1;
        want[figures[i].kind] += n > 0 ? n : 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        if (figures[i].dialect == dialect && figures[i].kind != figures[i].whole_of) {
            want[figures[i].whole_of] -= want[figures[i].kind];
        }
    }
    bool has_tool = tape_path(j, TAPE_ROOT, "usageMetadata/toolUsePromptTokenCount") != TAPE_ABSENT;
    for (unsigned kind = 0; kind < PRICE_KIND_COUNT && !has_tool; kind++) {
        int64_t n = want[kind] > 0 ? want[kind] : 0;
        demand(said->tokens.tokens[kind] == n, "wire finds another figure");
    }
}

static void check_json(enum usage_dialect dialect, struct span bytes)
{
    struct tape j;
    if ((dialect != USAGE_GEMINI && dialect != USAGE_OPENAI_CHAT) ||
        tape_parse(&j, bytes, TAPE_REPAIR, tokens, TOKENS) != ST_OK ||
        tape_type(&j, TAPE_ROOT) != TAPE_OBJECT) {
        return;
    }
    struct usage_said said = run(dialect, SPAN("application/json"), bytes, bytes.n, 0);
    uint32_t bad = 1u << USAGE_UNREADABLE | 1u << USAGE_TWICE;
    demand((said.marks & bad) == 0, "what wire reads is not read");
    if ((said.marks & 1u << USAGE_TOO_MANY) == 0) {
        check_figures(dialect, &j, &said);
    }
}

static void check_ask(enum usage_dialect dialect, struct span path, struct span body)
{
    struct usage_ask one;
    struct usage_ask two;
    enum status st = usage_ask_read(dialect, path, body, &one);
    demand(usage_ask_read(dialect, path, body, &two) == st && one.same == two.same,
           "another one of the same");
    demand(memchr(one.model, '\0', sizeof(one.model)) != NULL, "a model without an end");
    struct tape j;
    struct buf scratch;
    buf_init(&scratch, 4096);
    if (st == ST_OK && one.dialect != USAGE_GEMINI &&
        tape_parse(&j, body, TAPE_REPAIR, tokens, TOKENS) == ST_OK) {
        struct span model = tape_string(&j, tape_get(&j, TAPE_ROOT, "model"), &scratch);
        demand(span_is(model, one.model), "wire finds another model");
    }
    buf_release(&scratch);
}

/* The model that a lease is held to is the one that a strict reader of JSON takes, or none: what
 * that reader refuses is at worst taken where it has one plain "model" at its top. */
static void read_model(struct span text)
{
    struct tape j;
    char model[USAGE_MODEL_BYTES];
    struct buf scratch;
    enum status st = usage_body_model(text, model);
    if (tape_parse(&j, text, TAPE_STRICT, tokens, TOKENS) != ST_OK ||
        tape_type(&j, TAPE_ROOT) != TAPE_OBJECT) {
        return;
    }
    uint32_t at = tape_get(&j, TAPE_ROOT, "model");
    buf_init(&scratch, 4096);
    if (st == ST_OK) {
        demand(tape_type(&j, at) == TAPE_STRING, "a model that the strict reader does not have");
        demand(span_is(tape_string(&j, at, &scratch), model), "another model than it has");
    }
    demand(st != ST_NOTFOUND || at == TAPE_ABSENT, "a model that was overlooked");
    buf_release(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data, size};
    struct span line;
    struct span word;
    enum usage_dialect dialect;
    if (!span_next(&rest, '\n', &line) || !span_next(&line, ' ', &word)) {
        return 0;
    }
    bool asks = span_is(word, "ask") && span_next(&line, ' ', &word);
    if (usage_dialect_named(word, &dialect) != ST_OK) {
        return 0;
    }
    if (asks) {
        check_ask(dialect, line, rest);
        read_model(rest);
        return 0;
    }
    struct usage_said whole = run(dialect, line, rest, rest.n, 0);
    struct usage_said bytes = run(dialect, line, rest, 1, 0);
    struct usage_said pieces = run(dialect, line, rest, 0, (uint32_t)size);
    demand_same(&whole, &bytes);
    demand_same(&whole, &pieces);
    check_json(dialect, rest);
    return 0;
}
