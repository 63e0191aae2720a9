#include "scan_priv.h"

#include <string.h>

#include "checkrein/num.h"

void scan_literal(struct scan *s, const char *text)
{
    if (!scan_has(s, text)) {
        s->bad = true;
        return;
    }
    s->rest = span_sub(s->rest, strlen(text), SIZE_MAX);
}

bool scan_has(const struct scan *s, const char *text)
{
    return !s->bad && span_starts(s->rest, text);
}

struct span scan_bytes(struct scan *s, size_t n)
{
    if (s->bad || s->rest.n < n) {
        s->bad = true;
        return SPAN_NONE;
    }
    struct span taken = span_sub(s->rest, 0, n);
    s->rest = span_sub(s->rest, n, SIZE_MAX);
    return taken;
}

uint64_t scan_number(struct scan *s)
{
    size_t n = 0;
    int64_t value = 0;
    while (n < s->rest.n && s->rest.p[n] >= '0' && s->rest.p[n] <= '9') {
        n++;
    }
    if (num_parse(scan_bytes(s, n), 0, INT64_MAX, &value) != ST_OK) {
        s->bad = true;
    }
    return (uint64_t)value;
}

struct span scan_hex_text(struct scan *s, size_t digits)
{
    struct span hex = scan_bytes(s, digits);
    for (size_t i = 0; i < hex.n; i++) {
        char c = hex.p[i];
        s->bad = s->bad || ((c < '0' || c > '9') && (c < 'a' || c > 'f'));
    }
    return hex;
}

void scan_hex(struct scan *s, uint8_t *out, size_t n)
{
    struct span hex = scan_hex_text(s, n * 2);
    if (s->bad || hex_decode(hex, out, n) != ST_OK) {
        s->bad = true;
        memset(out, 0, n);
    }
}

struct span scan_word(struct scan *s, size_t max)
{
    size_t n = 0;
    while (n < s->rest.n && s->rest.p[n] != '"') {
        s->bad = s->bad || s->rest.p[n] == '\\' || (unsigned char)s->rest.p[n] < 0x20;
        n++;
    }
    s->bad = s->bad || n == 0 || n > max;
    return scan_bytes(s, n);
}

struct span scan_string(struct scan *s)
{
    size_t n = 1;
    while (n < s->rest.n && s->rest.p[n] != '"') {
        n += s->rest.p[n] == '\\' ? 2 : 1;
    }
    s->bad = s->bad || !span_starts(s->rest, "\"");
    return scan_bytes(s, n + 1);
}

bool scan_done(const struct scan *s)
{
    return !s->bad && s->rest.n == 0;
}
