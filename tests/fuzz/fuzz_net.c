/* What a stranger sends to a server is read the same however it is cut.
 *
 * The first byte chooses: frames of a WebSocket, or an HTTP request with its body. The rest is the
 * stream; it is read in one piece, byte by byte, and in pieces of seven.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../src/net/http1_priv.h"
#include "../../src/net/ws_frame_priv.h"
#include "checkrein/utf8.h"

enum { MESSAGE_BYTES = 4096, FRAGMENTS = 8, BODY_BYTES = 1024, LOG_BYTES = 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_net: %s\n", what);
        abort();
    }
}

static bool log_item(struct buf *log, const struct ws_item *item)
{
    buf_printf(log, "%d %d %zu ", (int)item->kind, item->code, item->bytes.n);
    buf_add(log, item->bytes);
    if (item->kind == WS_ITEM_TEXT) {
        demand(item->bytes.n <= MESSAGE_BYTES, "a message over its cap");
        demand(utf8_valid(item->bytes), "a message that is not UTF-8");
    }
    return item->kind != WS_ITEM_FAULT;
}

/* False once the stream is at fault. */
static bool read_piece(struct ws_reader *r, struct span piece, struct buf *log)
{
    struct ws_item item = {.kind = WS_ITEM_PONG};
    size_t used = 0;
    while (item.kind != WS_ITEM_NONE) {
        used += ws_reader_feed(r, span_sub(piece, used, piece.n), &item);
        demand(used <= piece.n, "more used than given");
        if (item.kind != WS_ITEM_NONE && !log_item(log, &item)) {
            return false;
        }
    }
    demand(used == piece.n, "bytes left over");
    return true;
}

static void read_frames(struct span stream, size_t step, struct buf *log)
{
    struct ws_reader r;
    ws_reader_init(&r, MESSAGE_BYTES, FRAGMENTS);
    bool sound = true;
    for (size_t at = 0; sound && at < stream.n; at += step) {
        sound = read_piece(&r, span_sub(stream, at, step), log);
    }
    ws_reader_release(&r);
}

static void read_body(const struct http1 *h, struct span rest, size_t step, struct buf *log)
{
    struct http1_body body;
    struct buf out;
    size_t at = 0;
    int fault = 0;
    buf_init(&out, BODY_BYTES);
    http1_body_init(&body, h);
    while (fault == 0 && body.state != BODY_DONE && at < rest.n) {
        at += http1_body_feed(&body, span_sub(rest, at, step), &out, &fault);
        demand(at <= rest.n, "more used than given");
    }
    buf_printf(log, "body %d %d ", fault, (int)body.state);
    if (fault == 0) {
        buf_printf(log, "%zu ", at);
        buf_add(log, buf_span(&out));
    }
    buf_release(&out);
}

/* Fields of a request that are passed on come out as so many lines, and end the head once. */
static void write_again(const struct http1 *h)
{
    struct http_field pass[HTTP1_FIELDS];
    struct http_answer a = {.http_status = 200, .fields = pass, .length = -1};
    struct buf out;
    size_t lines = 0;
    for (size_t i = 0; i < h->count; i++) {
        if (!http_field_is_framing(h->fields[i].name)) {
            pass[a.field_count++] = h->fields[i];
        }
    }
    buf_init(&out, 2 * HTTP1_HEAD_BYTES);
    struct http1_stream s = {.answer = &a, .chunked = true, .keep_alive = true};
    demand(http1_write_head(&out, &s) == ST_OK, "a field that came cannot go");
    for (size_t i = 0; i < out.len; i++) {
        lines += out.data[i] == '\n' ? 1 : 0;
    }
    demand(lines == a.field_count + 4, "a field that is more than a line");
    demand(http1_head_end(buf_span(&out), 0) == out.len, "a head that ends before its end");
    buf_release(&out);
}

static void read_request(struct span stream, size_t step, struct buf *log)
{
    static struct http1 h;
    size_t n = http1_head_end(stream, 0);
    if (n == 0) {
        return;
    }
    int fault = http1_parse(&h, span_sub(stream, 0, n));
    buf_printf(log, "head %d ", fault);
    if (fault != 0) {
        return;
    }
    demand(h.path.n > 0 && h.path.p[0] == '/', "a path that does not begin at the root");
    demand(!(h.chunked && h.length >= 0), "a length together with chunks");
    demand(h.count <= HTTP1_FIELDS, "too many fields");
    write_again(&h);
    read_body(&h, span_sub(stream, n, stream.n), step, log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const size_t steps[] = {size, 1, 7};
    struct span stream = {(const char *)data + 1, size - 1};
    struct buf logs[3];
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        buf_init(&logs[i], LOG_BYTES);
        if ((data[0] & 1) != 0) {
            read_frames(stream, steps[i], &logs[i]);
        } else {
            read_request(stream, steps[i], &logs[i]);
        }
        demand(span_eq(buf_span(&logs[0]), buf_span(&logs[i])), "the cut of the stream shows");
    }
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        buf_release(&logs[i]);
    }
    return 0;
}
