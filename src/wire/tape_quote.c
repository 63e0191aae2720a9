#include "checkrein/wire.h"

#include <string.h>

#include "scan_priv.h"
#include "utf8_priv.h"

#define ESCAPE_BYTES  8
#define ESCAPE_GROWTH 6 /* a byte becomes so many at most: \\u001F */
#define PIECE_BYTES   512
#define UTF8_TAIL_MAX 3

/* The escape of an ASCII character that needs one. */
static struct span escaped(uint8_t c, char out[ESCAPE_BYTES])
{
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    static const char digits[] = "0123456789ABCDEF";
    out[0] = '\\';
    out[1] = (char)(c >= 0x20 ? c : letters[c]);
    if (out[1] != '\0') {
        return (struct span){out, 2};
    }
    memcpy(out + 1, "u00", 3);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 15];
    return (struct span){out, 6};
}

/* Past everything that may stand in a JSON string as it is. */
static const uint8_t *run_end(const uint8_t *p, const uint8_t *end)
{
    while ((p = scan_plain(p, end)) < end && *p >= 0x80) {
        struct utf8_step step = utf8_step(p, end);
        if (!step.good) {
            break;
        }
        p += step.bytes;
    }
    return p;
}

/* Most texts need nothing: one copy. */
static enum status add_plain(struct buf *out, const uint8_t *p, size_t n)
{
    char *room = buf_reserve(out, n + 2);
    if (room == NULL) {
        return ST_LIMIT;
    }
    room[0] = '"';
    memcpy(room + 1, p, n);
    room[n + 1] = '"';
    buf_commit(out, n + 2);
    return ST_OK;
}

static bool is_tail(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

/* The end of a piece of at most PIECE_BYTES that cuts no character in two. */
static const uint8_t *piece_end(const uint8_t *p, const uint8_t *end)
{
    if (end - p <= PIECE_BYTES) {
        return end;
    }
    const uint8_t *cut = p + PIECE_BYTES;
    for (int back = 0; back < UTF8_TAIL_MAX && is_tail(*cut); back++) {
        cut--;
    }
    return is_tail(*cut) ? p + PIECE_BYTES : cut;
}

static char *put(char *to, struct span s)
{
    memcpy(to, s.p, s.n);
    return to + s.n;
}

/* Writes p..end with its escapes to `to`; the end of what was written. */
static char *escape_piece(char *to, const uint8_t *p, const uint8_t *end)
{
    for (;;) {
        const uint8_t *run = p;
        p = run_end(p, end);
        to = put(to, (struct span){(const char *)run, (size_t)(p - run)});
        if (p == end) {
            return to;
        }
        char made[ESCAPE_BYTES];
        if (*p < 0x80) {
            to = put(to, escaped(*p++, made));
        } else {
            to = put(to, SPAN(UTF8_REPLACEMENT));
            p += utf8_step(p, end).bytes;
        }
    }
}

/* A frame that is kept as text has an escape every few bytes: each piece is made whole before it is
 * appended. */
static enum status add_quoted(struct buf *out, const uint8_t *p, const uint8_t *end)
{
    char made[PIECE_BYTES * ESCAPE_GROWTH];
    enum status st = buf_addch(out, '"');
    while (st == ST_OK && p < end) {
        const uint8_t *next = piece_end(p, end);
        st = buf_append(out, made, (size_t)(escape_piece(made, p, next) - made));
        p = next;
    }
    return st == ST_OK ? buf_addch(out, '"') : st;
}

enum status tape_quote(struct buf *out, struct span s)
{
    size_t before = out->len;
    const uint8_t *p = (const uint8_t *)(s.p != NULL ? s.p : "");
    bool plain = scan_plain(p, p + s.n) == p + s.n;
    enum status st = plain ? add_plain(out, p, s.n) : add_quoted(out, p, p + s.n);
    if (st != ST_OK) {
        buf_truncate(out, before);
    }
    return st;
}
