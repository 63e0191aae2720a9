#include "ws_frame_priv.h"

#include <string.h>

#include "checkrein/utf8.h"

enum { KEPT_BYTES = 64 * 1024 };

void ws_reader_init(struct ws_reader *r, size_t message_bytes, uint32_t fragments)
{
    *r = (struct ws_reader){.max_fragments = fragments};
    buf_init(&r->message, message_bytes);
}

void ws_reader_release(struct ws_reader *r)
{
    buf_release(&r->message);
}

bool ws_reader_busy(const struct ws_reader *r)
{
    return r->in_message || r->in_payload || r->head_have > 0;
}

static void fault(struct ws_item *item, int code, const char *why)
{
    *item = (struct ws_item){.kind = WS_ITEM_FAULT, .code = code, .why = why};
}

static bool is_control(const struct ws_reader *r)
{
    return r->opcode >= WS_CLOSE;
}

static size_t head_need(const struct ws_reader *r)
{
    if (r->head_have < 2) {
        return 2;
    }
    size_t length = r->head[1] & 0x7f;
    size_t extra = length == 126 ? 2 : 0;
    extra = length == 127 ? 8 : extra;
    return 2 + extra + 4;
}

/* What the first two bytes tell already; the rest of a frame that breaks a rule is not waited for.
 */
static bool check_start(struct ws_reader *r, struct ws_item *item)
{
    unsigned opcode = r->head[0] & 0x0f;
    unsigned length = r->head[1] & 0x7f;
    bool known = opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
    r->fin = (r->head[0] & 0x80) != 0;
    r->opcode = (enum ws_opcode)opcode;
    if ((r->head[0] & 0x70) != 0 || !known) {
        fault(item, WS_PROTOCOL, "unknown frame or extension bit");
    } else if ((r->head[1] & 0x80) == 0) {
        fault(item, WS_PROTOCOL, "frame without a mask");
    } else if (is_control(r) && (!r->fin || length > WS_CONTROL_BYTES)) {
        fault(item, WS_PROTOCOL, "control frame in pieces or too long");
    } else if (opcode == WS_BINARY) {
        fault(item, WS_UNSUPPORTED, "binary message");
    } else if (opcode == WS_CONTINUATION && !r->in_message) {
        fault(item, WS_PROTOCOL, "continuation of nothing");
    } else if (opcode == WS_TEXT && r->in_message) {
        fault(item, WS_PROTOCOL, "new message inside another");
    } else {
        return true;
    }
    return false;
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static void count_fragment(struct ws_reader *r)
{
    if (r->opcode == WS_TEXT) {
        buf_clear(&r->message);
        r->message_done = false;
        r->fragments = 0;
        r->in_message = true;
    }
    r->fragments++;
}

static bool check_length(struct ws_reader *r, struct ws_item *item)
{
    size_t form = r->head[1] & 0x7f;
    uint64_t least = 0;
    r->left = form;
    if (form == 126) {
        r->left = big_endian(r->head + 2, 2);
        least = 126;
    } else if (form == 127) {
        r->left = big_endian(r->head + 2, 8);
        least = 65536;
    }
    if (r->left < least || r->left > INT64_MAX) {
        fault(item, WS_PROTOCOL, "length in a wrong form");
        return false;
    }
    if (is_control(r)) {
        return true;
    }
    count_fragment(r);
    if (r->fragments > r->max_fragments) {
        fault(item, WS_TOO_BIG, "message in too many pieces");
        return false;
    }
    if (r->left > r->message.limit - r->message.len) {
        fault(item, WS_TOO_BIG, "message too long");
        return false;
    }
    return true;
}

static bool end_head(struct ws_reader *r, struct ws_item *item)
{
    if (!check_length(r, item)) {
        return false;
    }
    memcpy(r->mask, r->head + r->head_have - 4, 4);
    r->taken = 0;
    r->control_len = 0;
    r->head_have = 0;
    r->in_payload = true;
    return true;
}

static void unmask(struct ws_reader *r, char *to, const char *from, size_t n)
{
    uint8_t mask[8]; /* turned so that it begins with this piece's first byte */
    uint64_t wide;
    size_t i = 0;
    for (size_t k = 0; k < sizeof(mask); k++) {
        mask[k] = r->mask[(r->taken + k) & 3];
    }
    memcpy(&wide, mask, sizeof(wide));
    for (; n - i >= sizeof(wide); i += sizeof(wide)) {
        uint64_t word;
        memcpy(&word, from + i, sizeof(word));
        word ^= wide;
        memcpy(to + i, &word, sizeof(word));
    }
    for (; i < n; i++) {
        to[i] = (char)((uint8_t)from[i] ^ mask[i & 7]);
    }
    r->taken += n;
    r->left -= n;
}

/* The length was held against the cap when the head was read, so there is room. */
static size_t take_payload(struct ws_reader *r, struct span in)
{
    size_t n = in.n < r->left ? in.n : (size_t)r->left;
    if (is_control(r)) {
        unmask(r, r->control + r->control_len, in.p, n);
        r->control_len += n;
        return n;
    }
    char *to = buf_reserve(&r->message, n);
    if (to != NULL) {
        unmask(r, to, in.p, n);
        buf_commit(&r->message, n);
    }
    return n;
}

static void end_close(struct ws_reader *r, struct ws_item *item)
{
    struct span reason = {r->control + 2, r->control_len < 2 ? 0 : r->control_len - 2};
    int code = WS_NO_CODE;
    if (r->control_len >= 2) {
        code = (int)big_endian((const uint8_t *)r->control, 2);
    }
    if (r->control_len == 1 || (r->control_len >= 2 && !ws_close_code_valid(code))) {
        fault(item, WS_PROTOCOL, "close frame with a wrong code");
    } else if (!utf8_valid(reason)) {
        fault(item, WS_BAD_TEXT, "close reason is not UTF-8");
    } else {
        *item = (struct ws_item){.kind = WS_ITEM_CLOSE, .bytes = reason, .code = code};
    }
}

static void end_message(struct ws_reader *r, struct ws_item *item)
{
    r->in_message = false;
    r->message_done = true;
    if (!utf8_valid(buf_span(&r->message))) {
        fault(item, WS_BAD_TEXT, "text is not UTF-8");
        return;
    }
    *item = (struct ws_item){.kind = WS_ITEM_TEXT, .bytes = buf_span(&r->message)};
}

static void end_frame(struct ws_reader *r, struct ws_item *item)
{
    struct span control = {r->control, r->control_len};
    r->in_payload = false;
    if (r->opcode == WS_CLOSE) {
        end_close(r, item);
    } else if (r->opcode == WS_PING) {
        *item = (struct ws_item){.kind = WS_ITEM_PING, .bytes = control};
    } else if (r->opcode == WS_PONG) {
        *item = (struct ws_item){.kind = WS_ITEM_PONG, .bytes = control};
    } else if (r->fin) {
        end_message(r, item);
    }
}

/* A large one gives its memory back: many peers may each have sent one. */
static void forget_message(struct ws_reader *r)
{
    size_t limit = r->message.limit;
    r->message_done = false;
    if (r->message.cap <= KEPT_BYTES) {
        buf_clear(&r->message);
        return;
    }
    buf_release(&r->message);
    buf_init(&r->message, limit);
}

/* One step: a byte of the head, or a piece of the payload. */
static size_t step(struct ws_reader *r, struct span in, struct ws_item *item)
{
    if (r->in_payload) {
        size_t n = take_payload(r, in);
        if (r->left == 0) {
            end_frame(r, item);
        }
        return n;
    }
    r->head[r->head_have++] = (uint8_t)in.p[0];
    if (r->head_have == 2 && !check_start(r, item)) {
        return 1;
    }
    if (r->head_have >= 2 && r->head_have == head_need(r) && end_head(r, item) && r->left == 0) {
        end_frame(r, item);
    }
    return 1;
}

size_t ws_reader_feed(struct ws_reader *r, struct span in, struct ws_item *item)
{
    *item = (struct ws_item){.kind = WS_ITEM_NONE};
    if (r->message_done) {
        forget_message(r);
    }
    size_t used = 0;
    while (used < in.n && item->kind == WS_ITEM_NONE) {
        used += step(r, span_sub(in, used, in.n), item);
    }
    return used;
}

enum status ws_write_frame(struct buf *out, enum ws_opcode opcode, struct span payload)
{
    uint8_t head[10] = {(uint8_t)(0x80u | (unsigned)opcode)};
    size_t n = 2;
    if (payload.n < 126) {
        head[1] = (uint8_t)payload.n;
    } else if (payload.n < 65536) {
        head[1] = 126;
        n = 4;
    } else {
        head[1] = 127;
        n = 10;
    }
    for (size_t i = 2; i < n; i++) {
        head[i] = (uint8_t)(payload.n >> (8 * (n - 1 - i)));
    }
    if (payload.n > out->limit || out->len > out->limit - payload.n ||
        n > out->limit - payload.n - out->len) {
        return ST_LIMIT;
    }
    (void)buf_append(out, head, n);
    return buf_add(out, payload);
}

enum status ws_write_close(struct buf *out, int code, const char *why)
{
    char payload[WS_CONTROL_BYTES];
    struct span reason = span_sub(span_str(why), 0, WS_REASON_BYTES);
    while (reason.n > 0 && !utf8_valid(reason)) {
        reason.n--; /* cut inside a character */
    }
    payload[0] = (char)(code >> 8);
    payload[1] = (char)(code & 0xff);
    if (reason.n > 0) {
        memcpy(payload + 2, reason.p, reason.n);
    }
    return ws_write_frame(out, WS_CLOSE, (struct span){payload, reason.n + 2});
}
