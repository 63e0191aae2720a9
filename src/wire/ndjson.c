#include "framer_priv.h"

static struct span without_cr(struct span line)
{
    return span_ends(line, "\r") ? span_sub(line, 0, line.n - 1) : line;
}

enum status ndjson_next(struct framer *f, struct span *message)
{
    for (;;) {
        struct span all = buf_span(&f->pending);
        size_t end = f->scanned + span_find(span_sub(all, f->scanned, SIZE_MAX), '\n');
        struct span line = without_cr(span_sub(all, f->used, end - f->used));
        if (line.n > f->message_limit) {
            return ST_LIMIT;
        }
        if (end == all.n) {
            f->scanned = end;
            return ST_AGAIN;
        }
        f->used = f->scanned = end + 1;
        if (line.n > 0) {
            *message = line;
            return ST_OK;
        }
    }
}
