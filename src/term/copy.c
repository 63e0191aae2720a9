#include "term_priv.h"

#include "checkrein/text.h"

#define COPY_BYTES 4096

static void add_base64(struct buf *b, struct span s)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        unsigned char in[3] = {0};
        size_t n = s.n - i < 3 ? s.n - i : 3;
        memcpy(in, s.p + i, n);
        unsigned bits = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
        char out[] = "====";
        for (size_t k = 0; k <= n; k++) {
            out[k] = DIGITS[bits >> (18 - 6 * k) & 63];
        }
        (void)buf_addstr(b, out);
    }
}

/* What is copied is pasted somewhere: control characters, line ends included, go as visible marks.
 */
enum status term_copy(struct term *t, struct span text)
{
    char plain[COPY_BYTES + 1];
    if (!t->modern) {
        return ST_UNSUPPORTED;
    }
    if (text.n > COPY_BYTES) {
        return ST_LIMIT;
    }
    size_t n = text_plain_of(text, plain, sizeof(plain));
    struct buf b;
    buf_init(&b, (size_t)2 * COPY_BYTES);
    (void)buf_addstr(&b, "\033]52;c;");
    add_base64(&b, (struct span){plain, n});
    (void)buf_addstr(&b, "\a");
    enum status st = buf_status(&b);
    if (st == ST_OK) {
        st = output_add(&t->out, buf_span(&b));
    }
    buf_release(&b);
    return st == ST_OK ? output_send(&t->out) : st;
}

void term_bell(struct term *t)
{
    if (output_add(&t->out, SPAN("\a")) == ST_OK) {
        (void)!output_send(&t->out);
    }
}
