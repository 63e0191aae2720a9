#include "utf8_priv.h"

struct lead {
    uint8_t first, last; /* lead bytes */
    uint8_t more;        /* continuation bytes */
    uint8_t low, high;   /* of the first continuation; the others are 80..BF */
};

static const struct lead leads[] = {
    {0xC2, 0xDF, 1, 0x80, 0xBF},
    {0xE0, 0xE0, 2, 0xA0, 0xBF},
    {0xE1, 0xEC, 2, 0x80, 0xBF},
    {0xED, 0xED, 2, 0x80, 0x9F},
    {0xEE, 0xEF, 2, 0x80, 0xBF},
    {0xF0, 0xF0, 3, 0x90, 0xBF},
    {0xF1, 0xF3, 3, 0x80, 0xBF},
    {0xF4, 0xF4, 3, 0x80, 0x8F},
};

static const struct lead *find_lead(uint8_t byte)
{
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (byte <= leads[i].last) {
            return byte >= leads[i].first ? &leads[i] : NULL;
        }
    }
    return NULL;
}

struct utf8_step utf8_step(const uint8_t *p, const uint8_t *end)
{
    if (*p < 0x80) {
        return (struct utf8_step){1, true};
    }
    const struct lead *lead = find_lead(*p);
    if (lead == NULL) {
        return (struct utf8_step){1, false};
    }
    uint8_t low = lead->low;
    uint8_t high = lead->high;
    uint32_t n = 1;
    for (; n <= lead->more; n++) {
        if (p + n == end || p[n] < low || p[n] > high) {
            return (struct utf8_step){n, false};
        }
        low = 0x80;
        high = 0xBF;
    }
    return (struct utf8_step){n, true};
}

size_t utf8_write(uint32_t cp, char out[4])
{
    static const uint8_t marks[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (cp & 0x3F));
        cp >>= 6;
    }
    out[0] = (char)(marks[n] | cp);
    return n;
}
