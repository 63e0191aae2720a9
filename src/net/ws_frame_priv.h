/* ws_frame_priv.h - RFC 6455 frames as a server reads and writes them, pure.
 *
 * The library's own server role is not used: 4.1.6 reads freed memory on an Upgrade it does not
 * know (any client on a kept connection can make it), takes frames without a mask, and tells
 * nothing of pings and empty fragments, so that a flood of them cannot be counted.
 */
#ifndef CHECKREIN_NET_WS_FRAME_PRIV_H
#define CHECKREIN_NET_WS_FRAME_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/span.h"

enum {
    WS_HEAD_BYTES = 14,
    WS_CONTROL_BYTES = 125,
    WS_REASON_BYTES = WS_CONTROL_BYTES - 2,
    WS_CLOSE_FRAME_BYTES = 2 + WS_CONTROL_BYTES, /* as a server sends it */
    WS_ACCEPT_BYTES = 32,                        /* base64 of 20 bytes and the NUL */
};

enum ws_close {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,
    WS_PROTOCOL = 1002,
    WS_UNSUPPORTED = 1003,
    WS_NO_CODE = 1005, /* never sent: a close frame without a code came */
    WS_BAD_TEXT = 1007,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_TRY_LATER = 1013,
};

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};

enum ws_item_kind {
    WS_ITEM_NONE, /* all bytes are used, more are needed */
    WS_ITEM_TEXT, /* one whole message, valid UTF-8 */
    WS_ITEM_PING,
    WS_ITEM_PONG,
    WS_ITEM_CLOSE,
    WS_ITEM_FAULT, /* the peer broke a rule or a limit: close with `code`; nothing more can be read
                    */
};

struct ws_item {
    enum ws_item_kind kind;
    struct span bytes; /* text, payload of a ping or pong, reason of a close; until the next call */
    int code;          /* CLOSE, FAULT */
    const char *why;   /* FAULT */
};

struct ws_reader {
    uint8_t head[WS_HEAD_BYTES];
    size_t head_have;
    bool in_payload;
    bool fin;
    enum ws_opcode opcode;
    uint8_t mask[4];
    uint64_t left, taken; /* of this frame's payload */
    bool in_message;      /* a first fragment came, the last has not */
    bool message_done;    /* what `message` holds was given out */
    uint32_t fragments, max_fragments;
    struct buf message;
    char control[WS_CONTROL_BYTES];
    size_t control_len;
};

void ws_reader_init(struct ws_reader *r, size_t message_bytes, uint32_t fragments);
void ws_reader_release(struct ws_reader *r);
/* Uses bytes from the front of `in`, at most up to the end of one item; says how many. Call again
 * with the rest until the item is NONE. */
size_t ws_reader_feed(struct ws_reader *r, struct span in, struct ws_item *item);
/* Bytes of a message or frame are here and its end is not. */
bool ws_reader_busy(const struct ws_reader *r);

/* Unmasked, unfragmented. ST_LIMIT leaves `out` as it was. */
enum status ws_write_frame(struct buf *out, enum ws_opcode opcode, struct span payload);
enum status ws_write_close(struct buf *out, int code, const char *why);

bool ws_close_code_valid(int code); /* may be sent in a frame */
bool ws_key_valid(struct span key); /* base64 of 16 bytes */
void ws_accept(struct span key, char out[WS_ACCEPT_BYTES]);

#endif
