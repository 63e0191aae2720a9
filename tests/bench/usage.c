/* bench_usage MEBIBYTES ROUNDS: an answer of Anthropic's, streamed, in pieces of 16 KiB as a socket
 * gives them: read for what it used; looked through by memchr() for a byte that is not there; and
 * taken apart by wire's framer and reader, which keep each event. Of the middle round of each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "checkrein/usage.h"
#include "checkrein/wire.h"

#define PIECE      ((size_t)16 << 10)
#define MEBIBYTE   ((int64_t)1 << 20)
#define TOKENS     64
#define ROUNDS_MAX 100

/* Pieces of text as a model gives them: a few words, now and then with something to escape. */
static const char *const words[] = {"The figures ",
                                    "are in \\\"usage\\\", ",
                                    "which stands ",
                                    "beside the text;\\n",
                                    "not in it. ",
                                    "const n = ",
                                    "\\u00fcber ",
                                    "{\\\"a\\\":1}",
                                    "and so on and so forth, "};

static void add_event(struct buf *b, const char *type, const char *rest)
{
    buf_printf(b, "event: %s\ndata: {\"type\":\"%s\"%s}\n\n", type, type, rest);
}

static void make_answer(struct buf *b, size_t bytes)
{
    char rest[256];
    add_event(
        b, "message_start",
        ",\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":1000,\"output_tokens\":1}}");
    for (size_t i = 0; b->len < bytes; i++) {
        (void)snprintf(rest, sizeof(rest),
                       ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s%s\"}",
                       words[i % ARRAY_LEN(words)], words[i * 7 % ARRAY_LEN(words)]);
        add_event(b, "content_block_delta", rest);
    }
    add_event(b, "message_delta",
              ",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":50}");
    add_event(b, "message_stop", "");
    bench_must(buf_status(b) == ST_OK, "make the answer");
}

static int64_t read_usage(struct span all)
{
    struct usage_reader r;
    struct usage_said said;
    usage_reader_init(&r, USAGE_ANTHROPIC, SPAN("text/event-stream"));
    for (size_t at = 0; at < all.n; at += PIECE) {
        usage_feed(&r, span_sub(all, at, PIECE));
    }
    usage_end(&r, &said);
    return said.tokens.tokens[PRICE_INPUT] + said.tokens.tokens[PRICE_OUTPUT];
}

static int64_t read_memchr(struct span all)
{
    int64_t found = 0;
    for (size_t at = 0; at < all.n; at += PIECE) {
        struct span piece = span_sub(all, at, PIECE);
        found += memchr(piece.p, '\0', piece.n) != NULL;
    }
    return found;
}

static int64_t figure_at(const struct tape *j, const char *path, int64_t old)
{
    int64_t n = old;
    return tape_int(j, tape_path(j, TAPE_ROOT, path), &n) == ST_OK ? n : old;
}

static int64_t read_wire(struct span all)
{
    static struct tape_token tokens[TOKENS];
    struct framer f;
    struct span message;
    struct tape j;
    int64_t input = 0;
    int64_t output = 0;
    framer_init(&f, FRAME_SSE, (size_t)MEBIBYTE);
    for (size_t at = 0; at < all.n; at += PIECE) {
        bench_must(framer_feed(&f, span_sub(all, at, PIECE)) == ST_OK, "frame the answer");
        while (framer_next(&f, &message) == ST_OK) {
            bench_must(tape_parse(&j, message, TAPE_REPAIR, tokens, TOKENS) == ST_OK, "read it");
            input = figure_at(&j, "message/usage/input_tokens", input);
            output = figure_at(&j, "usage/output_tokens", output);
        }
    }
    framer_release(&f);
    return input + output;
}

static void measure(const char *name, int64_t (*read_all)(struct span all), struct span all,
                    size_t rounds)
{
    double seconds[ROUNDS_MAX];
    int64_t sum = 0;
    for (size_t i = 0; i < rounds; i++) {
        double began = bench_wall_s();
        sum = read_all(all);
        seconds[i] = bench_wall_s() - began;
    }
    (void)printf(",\"%s\":{\"bytes_per_second\":%.0f,\"sum\":%lld}", name,
                 (double)all.n / bench_percentile(seconds, rounds, 0.5), (long long)sum);
}

int main(int argc, char **argv)
{
    int64_t mebibytes = bench_number(argc, argv, 1, 1, 1024);
    size_t rounds = (size_t)bench_number(argc, argv, 2, 1, ROUNDS_MAX);
    struct buf answer;
    buf_init(&answer, (size_t)(2 * mebibytes * MEBIBYTE));
    make_answer(&answer, (size_t)(mebibytes * MEBIBYTE));
    struct span all = buf_span(&answer);
    (void)printf("{\"bytes\":%zu", all.n);
    measure("usage", read_usage, all, rounds);
    measure("memchr", read_memchr, all, rounds);
    measure("wire", read_wire, all, rounds);
    (void)printf("}\n");
    buf_release(&answer);
    return 0;
}
