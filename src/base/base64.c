#include "checkrein/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 1 to 3 bytes to 4 characters. */
static void encode_group(const unsigned char *p, size_t n, char out[4])
{
    uint32_t bits = (uint32_t)p[0] << 16;
    bits |= n > 1 ? (uint32_t)p[1] << 8 : 0;
    bits |= n > 2 ? (uint32_t)p[2] : 0;
    memset(out, '=', 4);
    for (size_t i = 0; i <= n; i++) {
        out[i] = digits[bits >> (18 - 6 * i) & 63];
    }
}

enum status base64_add(struct buf *out, struct span bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    size_t groups = bytes.n / 3 + (bytes.n % 3 > 0);
    char *to = bytes.n <= SIZE_MAX / 2 ? buf_reserve(out, groups * 4) : NULL;
    if (to == NULL) {
        return ST_LIMIT;
    }
    for (size_t i = 0; i < groups; i++) {
        size_t left = bytes.n - i * 3;
        encode_group(p + i * 3, left < 3 ? left : 3, to + i * 4);
    }
    buf_commit(out, groups * 4);
    return ST_OK;
}

/* How many bytes the group stands for; 0 when it is none that encode_group() writes. */
static size_t decode_group(const char *p, unsigned char out[3])
{
    uint32_t bits = 0;
    size_t n = p[3] != '=' ? 3 : p[2] != '=' ? 2 : 1;
    for (size_t i = 0; i <= n; i++) {
        const char *digit = memchr(digits, p[i], sizeof(digits) - 1);
        if (digit == NULL) {
            return 0;
        }
        bits |= (uint32_t)(digit - digits) << (18 - 6 * i);
    }
    if ((bits & (0xFFFFFFu >> (8 * n))) != 0) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (unsigned char)(bits >> (16 - 8 * i) & 0xFF);
    }
    return n;
}

enum status base64_decode(struct buf *out, struct span text)
{
    if (text.n % 4 != 0) {
        return ST_INVALID;
    }
    for (size_t at = 0; at < text.n; at += 4) {
        unsigned char bytes[3];
        size_t n = decode_group(text.p + at, bytes);
        if (n == 0 || (n < 3 && at + 4 < text.n)) {
            return ST_INVALID;
        }
        if (buf_append(out, bytes, n) != ST_OK) {
            return ST_LIMIT;
        }
    }
    return ST_OK;
}
