#include "http1_priv.h"

void http1_body_init(struct http1_body *b, const struct http1 *h)
{
    *b = (struct http1_body){.state = BODY_DONE};
    if (h->chunked) {
        b->state = BODY_SIZE;
    } else if (h->length > 0) {
        b->state = BODY_LENGTH;
        b->left = (uint64_t)h->length;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t feed_data(struct http1_body *b, struct span in, struct buf *out, int *fault,
                        enum http1_body_state next)
{
    size_t n = in.n < b->left ? in.n : (size_t)b->left;
    if (buf_append(out, in.p, n) != ST_OK) {
        *fault = 413;
        return 0;
    }
    b->left -= n;
    if (b->left == 0) {
        b->state = next;
    }
    return n;
}

static int end_of_size(struct http1_body *b)
{
    if (b->digits == 0) {
        return 400;
    }
    b->state = b->left == 0 ? BODY_TRAILER : BODY_DATA;
    b->line_bytes = 0;
    b->digits = 0;
    b->saw_cr = false;
    b->line_empty = true;
    return 0;
}

/* At most eight digits of size, then perhaps an extension, which is not looked at. */
static int feed_size(struct http1_body *b, char c)
{
    if (++b->line_bytes > HTTP1_CHUNK_LINE_BYTES) {
        return 400;
    }
    if (b->saw_cr || c == '\n') {
        return b->saw_cr && c == '\n' ? end_of_size(b) : 400;
    }
    if (c == '\r') {
        b->saw_cr = true;
        return b->digits == 0 ? 400 : 0;
    }
    int value = b->digits >= 0 ? hex_value(c) : -1;
    if (value >= 0) {
        b->left = b->left * 16 + (uint64_t)value;
        return ++b->digits > 8 ? 400 : 0;
    }
    if (b->digits >= 0 && (b->digits == 0 || c != ';')) {
        return 400;
    }
    b->digits = -1;
    return (unsigned char)c < ' ' && c != '\t' ? 400 : 0;
}

/* Trailers are read past and forgotten: nothing may be decided by what comes after the body. */
static int feed_trailer(struct http1_body *b, char c)
{
    if (++b->line_bytes > HTTP1_TRAILER_BYTES) {
        return 431;
    }
    if (b->saw_cr || c == '\n') {
        if (!b->saw_cr || c != '\n') {
            return 400;
        }
        if (b->line_empty) {
            b->state = BODY_DONE;
        }
        b->saw_cr = false;
        b->line_empty = true;
        return 0;
    }
    if (c == '\r') {
        b->saw_cr = true;
        return 0;
    }
    b->line_empty = false;
    return 0;
}

static int feed_one(struct http1_body *b, char c)
{
    switch (b->state) {
    case BODY_SIZE:
        return feed_size(b, c);
    case BODY_DATA_CR:
        b->state = BODY_DATA_LF;
        return c == '\r' ? 0 : 400;
    case BODY_DATA_LF:
        b->state = BODY_SIZE;
        return c == '\n' ? 0 : 400;
    case BODY_TRAILER:
        return feed_trailer(b, c);
    case BODY_NONE:
    case BODY_LENGTH:
    case BODY_DATA:
    case BODY_DONE:
    default:
        return 400;
    }
}

size_t http1_body_feed(struct http1_body *b, struct span in, struct buf *out, int *fault)
{
    size_t used = 0;
    *fault = 0;
    while (used < in.n && b->state != BODY_DONE && *fault == 0) {
        struct span rest = span_sub(in, used, in.n);
        if (b->state == BODY_LENGTH) {
            used += feed_data(b, rest, out, fault, BODY_DONE);
        } else if (b->state == BODY_DATA) {
            used += feed_data(b, rest, out, fault, BODY_DATA_CR);
        } else {
            *fault = feed_one(b, in.p[used]);
            used++;
            if (*fault == 0 && b->state == BODY_DATA && b->left > out->limit - out->len) {
                *fault = 413; /* known before the first byte of the chunk */
            }
        }
    }
    return used;
}
