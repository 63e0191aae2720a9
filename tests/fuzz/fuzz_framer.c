/* Any split of a stream gives the same messages, ids and end.
 *
 * The first byte chooses the framing, the second the cap of a message, the third how the stream is
 * cut.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/wire.h"

#define HEAD_BYTES 3
#define LOG_BYTES  ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_framer: %s\n", what);
        abort();
    }
}

static void put_part(struct buf *log, struct span part)
{
    buf_printf(log, "%zu:", part.n);
    buf_add(log, part);
}

/* All messages that are there, and why there are no more. */
static enum status drain(struct framer *f, struct buf *log)
{
    struct span message;
    enum status st;
    while ((st = framer_next(f, &message)) == ST_OK) {
        demand(message.n <= f->message_limit, "a message over its cap");
        put_part(log, message);
        put_part(log, buf_span(&f->event));
        put_part(log, buf_span(&f->id));
    }
    demand(message.n == 0, "a message beside a failure");
    return st;
}

/* In pieces of `piece` bytes, or of sizes made from `seed` when that is zero. */
static void run(enum frame_kind kind, size_t limit, struct span stream, size_t piece, uint32_t seed,
                struct buf *log)
{
    struct framer f;
    framer_init(&f, kind, limit);
    buf_clear(log);
    enum status st = ST_AGAIN;
    while (st == ST_AGAIN && stream.n > 0) {
        seed = seed * 1103515245u + 12345u;
        struct span part = span_sub(stream, 0, piece > 0 ? piece : 1 + (seed >> 16) % 9);
        stream = span_sub(stream, part.n, SIZE_MAX);
        char *copy = malloc(part.n);
        demand(copy != NULL, "no memory");
        memcpy(copy, part.p, part.n);
        st = framer_feed(&f, (struct span){copy, part.n});
        free(copy);
        st = st == ST_OK ? drain(&f, log) : st;
    }
    if (st != ST_AGAIN) {
        struct span message;
        demand(framer_next(&f, &message) == st && framer_feed(&f, SPAN("x\n\n")) == st,
               "the dead rise");
    }
    buf_printf(log, "%s %lld ", status_name(st), (long long)f.retry_ms);
    put_part(log, buf_span(&f.id));
    framer_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf whole;
    static struct buf pieces;
    if (size < HEAD_BYTES) {
        return 0;
    }
    if (whole.data == NULL) {
        buf_init(&whole, LOG_BYTES);
        buf_init(&pieces, LOG_BYTES);
    }
    enum frame_kind kind = (enum frame_kind)(data[0] % 3);
    size_t limit = data[1] < 200 ? data[1] : 1 << 20;
    struct span stream = {(const char *)data + HEAD_BYTES, size - HEAD_BYTES};
    run(kind, limit, stream, stream.n, 0, &whole);
    run(kind, limit, stream, 1, 0, &pieces);
    demand(span_eq(buf_span(&whole), buf_span(&pieces)), "byte by byte differs");
    run(kind, limit, stream, 0, data[2], &pieces);
    demand(span_eq(buf_span(&whole), buf_span(&pieces)), "a split differs");
    return 0;
}
