/* scan_priv.h - finds where plain text ends in a JSON string, sixteen or eight bytes at a time.
 */
#ifndef CHECKREIN_WIRE_SCAN_PRIV_H
#define CHECKREIN_WIRE_SCAN_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A quote, a backslash, a control character, or a byte of a character beyond ASCII. */
static inline bool scan_is_special(uint8_t c)
{
    return c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
}

#ifdef __SSE2__
/* Advances over whole blocks without a special byte; true when *p stands on one. */
static inline bool scan_blocks(const uint8_t **p, const uint8_t *end)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i blank = _mm_set1_epi8(' ');
    for (; end - *p >= 16; *p += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)*p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
        hit = _mm_or_si128(hit, _mm_cmplt_epi8(block, blank)); /* signed: 80..FF are below too */
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask != 0) {
            *p += __builtin_ctz(mask);
            return true;
        }
    }
    return false;
}
#else
#define SCAN_ONES UINT64_C(0x0101010101010101)
#define SCAN_HIGH UINT64_C(0x8080808080808080)

/* Non-zero when a byte of x is zero. */
static inline uint64_t scan_zero(uint64_t x)
{
    return (x - SCAN_ONES) & ~x & SCAN_HIGH;
}

/* Advances over whole blocks without a special byte; never stands on one for sure. */
static inline bool scan_blocks(const uint8_t **p, const uint8_t *end)
{
    for (; end - *p >= 8; *p += 8) {
        uint64_t x;
        memcpy(&x, *p, sizeof(x));
        uint64_t below_blank = (x - SCAN_ONES * ' ') & ~x & SCAN_HIGH;
        uint64_t hit = scan_zero(x ^ (SCAN_ONES * '"')) | scan_zero(x ^ (SCAN_ONES * '\\'));
        if ((hit | below_blank | (x & SCAN_HIGH)) != 0) {
            break;
        }
    }
    return false;
}
#endif

/* The first special byte, or end. */
static inline const uint8_t *scan_plain(const uint8_t *p, const uint8_t *end)
{
    if (scan_blocks(&p, end)) {
        return p;
    }
    while (p < end && !scan_is_special(*p)) {
        p++;
    }
    return p;
}

#endif
