/* decode_priv.h - bytes from the terminal to keys: a state machine without a descriptor or a clock.
 *
 * Whatever is not known to be a key is swallowed whole: the end of an unknown sequence, of a late
 * answer to somebody else's question, of a mouse report or of a paste must never act as a key. What
 * was begun and never ended is given up after a silence.
 */
#ifndef DECODE_PRIV_H
#define DECODE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/keys.h"

#define DECODE_NOTHING KEY_NAMED(KEYN_NONE)

#define DECODE_ESC_MS      25   /* an Escape that nothing has followed for so long is the key */
#define DECODE_SEQUENCE_MS 500  /* a sequence in which nothing came for so long is over */
#define DECODE_PASTE_MS    2000 /* the same for a paste: slow links send it in pieces */
#define DECODE_SETTLE_MS                                                                           \
    100 /* keys this close behind a paste belong to it: its end mark can be forged */

enum decode_state {
    DECODE_GROUND,
    DECODE_ESC,
    DECODE_CSI,
    DECODE_LINUX, /* ESC [ [, one more byte */
    DECODE_MOUSE, /* ESC [ M, three more bytes */
    DECODE_SS3,
    DECODE_STRING, /* OSC, DCS or APC, until BEL or ST */
    DECODE_STRING_ESC,
    DECODE_UTF8,
    DECODE_PASTE
};

#define DECODE_PARAMS 3
struct decoder {
    enum decode_state state;
    int64_t last_us; /* when the last byte came */
    uint32_t param[DECODE_PARAMS];
    uint8_t params;      /* which is being read */
    char prefix, middle; /* what makes the sequence no key of ours; 0 when there is none */
    uint8_t left;        /* bytes still to come of a mouse report */
    uint8_t matched;     /* bytes of the paste's end mark */
    char utf8[4];
    uint8_t utf8_n;
    bool settling;     /* a paste has ended just now */
    bool sync_offered; /* the terminal said that it knows mode 2026 */
    uint64_t paste_bytes;
};

/* The key that this byte completes, or DECODE_NOTHING. */
uint32_t decode_byte(struct decoder *d, unsigned char byte, int64_t now_us);
/* True when the last byte was an Escape: only the next one, or silence, tells what it is. */
bool decode_is_torn(const struct decoder *d);
/* Nothing came for DECODE_ESC_MS: the key that the torn Escape is. */
uint32_t decode_silence(struct decoder *d);

#endif
