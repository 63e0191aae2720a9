/* Safe text as plain bytes, for what is not a canvas. */
#include <string.h>

#include "text_priv.h"

static void put_cell(struct text_sink *out, const char *p, uint32_t n)
{
    if (*p == '\n') {
        text_sink_put(out, "\\n", 2, 2);
    } else if ((unsigned char)*p == TEXT_MARK_ESC) {
        text_sink_put(out, p + 1, n - 1, 1);
    } else {
        text_sink_put(out, p, n, 1);
    }
}

size_t text_plain(struct safe s, char *out, size_t out_bytes)
{
    if (out_bytes == 0) {
        return 0;
    }
    struct text_sink sink = {.p = out, .cap = out_bytes - 1};
    struct text_cell cell;
    uint32_t at = 0;
    for (uint32_t from = 0; !sink.full && text_next(s, &at, &cell); from = at) {
        put_cell(&sink, s.p + from, at - from);
    }
    out[sink.n] = '\0';
    return sink.n;
}

size_t text_plain_of(struct span hostile, char *out, size_t out_bytes)
{
    if (out_bytes == 0) {
        return 0;
    }
    struct text_sink sink = {.p = out, .cap = out_bytes - 1, .plain = true};
    struct safe unused;
    text_scan(hostile, (struct text_scan_options){.lines = TEXT_ONE_LINE}, &sink, &unused);
    out[sink.n] = '\0';
    return sink.n;
}
