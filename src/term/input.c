/* input.c - gets the bytes that decode.c makes keys of. Standard input is never made non-blocking:
 * the shell shares it.
 */
#include "term_priv.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "checkrein/clock.h"

/* So much that is no key is swallowed in one call: a flood must not keep the console from its work.
 */
#define SWALLOW_BYTES ((size_t)16 * INPUT_BYTES)

/* ST_AGAIN when nothing came in time, ST_CLOSED when nothing ever will. */
static enum status fill(struct input *in, int wait_ms)
{
    struct pollfd pf = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = poll(&pf, 1, wait_ms);
    if (ready <= 0) {
        return ready < 0 && errno != EINTR ? ST_CLOSED : ST_AGAIN;
    }
    ssize_t n = read(STDIN_FILENO, in->bytes, sizeof(in->bytes));
    if (n <= 0) {
        return n < 0 && (errno == EINTR || errno == EAGAIN) ? ST_AGAIN : ST_CLOSED;
    }
    in->at = 0;
    in->n = (size_t)n;
    in->read_us = clock_mono_us();
    return ST_OK;
}

static uint32_t next_key(struct input *in)
{
    uint32_t key = DECODE_NOTHING;
    while (key == DECODE_NOTHING && in->at < in->n) {
        key = decode_byte(&in->decoder, in->bytes[in->at++], in->read_us);
    }
    return key;
}

enum status term_key(struct term *t, uint32_t *key)
{
    struct input *in = &t->in;
    size_t swallowed = 0;
    *key = next_key(in);
    while (*key == DECODE_NOTHING && swallowed < SWALLOW_BYTES) {
        bool torn = decode_is_torn(&in->decoder);
        enum status st = fill(in, torn ? DECODE_ESC_MS : 0);
        if (st == ST_AGAIN && torn) {
            *key = decode_silence(&in->decoder);
            continue;
        }
        if (st != ST_OK) {
            return st;
        }
        swallowed += in->n;
        *key = next_key(in);
    }
    return *key == DECODE_NOTHING ? ST_AGAIN : ST_OK;
}

/* Read and forgotten rather than flushed by the kernel: the end of a paste may be among it. */
void term_flush_keys(struct term *t)
{
    struct input *in = &t->in;
    size_t swallowed = 0;
    do {
        while (in->at < in->n) {
            (void)next_key(in);
        }
        swallowed += in->n;
    } while (swallowed < SWALLOW_BYTES && fill(in, 0) == ST_OK);
}

uint64_t term_paste_bytes(const struct term *t)
{
    return t->in.decoder.paste_bytes;
}
