#include "checkrein/utf8.h"

#include <stdint.h>
#include <string.h>

/* The Unicode standard's table 3-7: lead byte range, length, and the bounds of the second byte. */
static const struct lead {
    unsigned char first, last, length, second_min, second_max;
} LEADS[] = {
    {0x00, 0x7F, 1, 0x00, 0x00},
    {0xC2, 0xDF, 2, 0x80, 0xBF},
    {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F},
    {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF},
    {0xF4, 0xF4, 4, 0x80, 0x8F},
};

static const struct lead *lead_of(unsigned char c)
{
    for (size_t i = 0; i < sizeof(LEADS) / sizeof(LEADS[0]); i++) {
        if (c >= LEADS[i].first && c <= LEADS[i].last) {
            return &LEADS[i];
        }
    }
    return NULL;
}

size_t utf8_length(const char *p, size_t n)
{
    const unsigned char *b = (const unsigned char *)p;
    const struct lead *lead = n ? lead_of(b[0]) : NULL;
    if (!lead || lead->length > n) {
        return 0;
    }
    for (size_t i = 1; i < lead->length; i++) {
        unsigned char min = i == 1 ? lead->second_min : 0x80;
        unsigned char max = i == 1 ? lead->second_max : 0xBF;
        if (b[i] < min || b[i] > max) {
            return 0;
        }
    }
    return lead->length;
}

/* How many of the first bytes are ASCII, counted in whole blocks. Most texts are nothing else. */
static size_t ascii_blocks(const char *p, size_t n)
{
    uint64_t word;
    size_t at = 0;
    for (; n - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, p + at, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    return at;
}

bool utf8_valid(struct span s)
{
    for (size_t at = 0; at < s.n;) {
        at += ascii_blocks(s.p + at, s.n - at);
        size_t length = utf8_length(s.p + at, s.n - at);
        if (length == 0 && at < s.n) {
            return false;
        }
        at += length;
    }
    return true;
}

struct span utf8_cut(struct span s, size_t bytes)
{
    size_t n = s.n < bytes ? s.n : bytes;
    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0u) == 0x80u) {
        n--;
    }
    return span_sub(s, 0, n);
}
