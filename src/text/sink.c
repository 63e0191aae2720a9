#include <string.h>

#include "text_priv.h"

void text_sink_put(struct text_sink *out, const char *p, size_t n, uint32_t cols)
{
    if (out->full || n > out->cap - out->n) {
        out->full = true;
        return;
    }
    if (n == 0) {
        return;
    }
    memcpy(out->p + out->n, p, n);
    out->n += n;
    out->cols += cols;
}

void text_sink_ascii(struct text_sink *out, const char *p, size_t n)
{
    size_t room = out->full ? 0 : out->cap - out->n;
    size_t fits = n < room ? n : room;
    text_sink_put(out, p, fits, (uint32_t)fits);
    if (fits < n) {
        out->full = true;
    }
}

void text_sink_mark(struct text_sink *out, const char *p, size_t n)
{
    char piece[128];
    size_t length = 0;
    uint32_t cols = 0;
    for (size_t at = 0; at < n; cols++) {
        uint32_t cp;
        size_t size = text_utf8(p + at, n - at, &cp);
        if (!out->plain) {
            piece[length++] = (char)TEXT_MARK_ESC;
        }
        memcpy(piece + length, p + at, size);
        length += size;
        at += size;
    }
    text_sink_put(out, piece, length, cols);
}
