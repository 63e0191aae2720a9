/* framer_priv.h - the parts of a framer: one `next` per kind of framing.
 */
#ifndef CHECKREIN_WIRE_FRAMER_PRIV_H
#define CHECKREIN_WIRE_FRAMER_PRIV_H

#include "checkrein/wire.h"

/* Bytes of pending from `used` on. */
static inline struct span framer_rest(const struct framer *f)
{
    return span_sub(buf_span(&f->pending), f->used, SIZE_MAX);
}

enum status ndjson_next(struct framer *f, struct span *message) MUST_USE;
enum status length_next(struct framer *f, struct span *message) MUST_USE;
enum status sse_next(struct framer *f, struct span *message) MUST_USE;

#endif
