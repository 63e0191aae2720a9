#include "framer_priv.h"

typedef enum status next_fn(struct framer *f, struct span *message);

static next_fn *const nexts[] = {
    [FRAME_NDJSON] = ndjson_next,
    [FRAME_CONTENT_LENGTH] = length_next,
    [FRAME_SSE] = sse_next,
};

/* What may be pending is one unfinished message and what was fed after it. */
static size_t pending_limit(size_t message_limit)
{
    size_t extra = FRAMER_FEED_MAX + FRAMER_HEAD_MAX;
    return message_limit < SIZE_MAX - extra ? message_limit + extra : SIZE_MAX;
}

void framer_init(struct framer *f, enum frame_kind kind, size_t message_limit)
{
    *f = (struct framer){.kind = kind, .message_limit = message_limit, .retry_ms = -1};
    buf_init(&f->pending, pending_limit(message_limit));
    buf_init(&f->text, message_limit);
    buf_init(&f->event, FRAMER_NAME_MAX);
    buf_init(&f->id, FRAMER_NAME_MAX);
    buf_init(&f->next_id, FRAMER_NAME_MAX);
}

void framer_release(struct framer *f)
{
    buf_release(&f->pending);
    buf_release(&f->text);
    buf_release(&f->event);
    buf_release(&f->id);
    buf_release(&f->next_id);
}

static void drop_used(struct framer *f)
{
    if (f->used > 0) {
        buf_consume(&f->pending, f->used);
        f->scanned -= f->used;
        f->used = 0;
    }
}

enum status framer_feed(struct framer *f, struct span bytes)
{
    if (f->dead == ST_OK) {
        drop_used(f);
        f->dead = buf_add(&f->pending, bytes);
    }
    return f->dead;
}

enum status framer_next(struct framer *f, struct span *message)
{
    *message = SPAN_NONE;
    if (f->dead != ST_OK) {
        return f->dead;
    }
    enum status st = nexts[f->kind](f, message);
    if (st != ST_OK && st != ST_AGAIN) {
        f->dead = st;
    }
    return st;
}
