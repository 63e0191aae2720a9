#include "checkrein/span.h"

#include <string.h>

struct span span_str(const char *s)
{
    return (struct span){s, s != NULL ? strlen(s) : 0};
}

struct span span_sub(struct span s, size_t from, size_t n)
{
    if (s.p == NULL) {
        return SPAN_NONE;
    }
    if (from > s.n) {
        from = s.n;
    }
    if (n > s.n - from) {
        n = s.n - from;
    }
    return (struct span){s.p + from, n};
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span span_trim(struct span s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

bool span_eq(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool span_is(struct span a, const char *s)
{
    return span_eq(a, span_str(s));
}

bool span_starts(struct span a, const char *prefix)
{
    struct span want = span_str(prefix);
    return span_eq(span_sub(a, 0, want.n), want);
}

bool span_ends(struct span a, const char *suffix)
{
    struct span want = span_str(suffix);
    return want.n <= a.n && span_eq(span_sub(a, a.n - want.n, want.n), want);
}

int span_cmp(struct span a, struct span b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common > 0 ? memcmp(a.p, b.p, common) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

size_t span_find(struct span s, char c)
{
    const char *hit = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
    return hit != NULL ? (size_t)(hit - s.p) : s.n;
}

bool span_next(struct span *rest, char sep, struct span *piece)
{
    if (rest->p == NULL) {
        *piece = SPAN_NONE;
        return false;
    }
    size_t at = span_find(*rest, sep);
    *piece = span_sub(*rest, 0, at);
    *rest = at < rest->n ? span_sub(*rest, at + 1, SIZE_MAX) : SPAN_NONE;
    return true;
}

__extension__ typedef unsigned __int128 wide;

/* Both halves of the 128-bit product, so that every input bit reaches the low bits, which pick
 * slots. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t span_hash(struct span s, uint64_t seed)
{
    static const uint64_t spread = 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio, odd */
    static const uint64_t finish = 0xD6E8FEB86659FD93u;
    uint64_t h = fold(seed ^ finish, spread ^ (uint64_t)s.n) ^ seed;
    uint64_t word;
    size_t at = 0;
    for (; s.n - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, s.p + at, sizeof(word));
        h = fold(h ^ word, spread);
    }
    if (at < s.n) {
        word = 0;
        memcpy(&word, s.p + at, s.n - at);
        h = fold(h ^ word, spread);
    }
    return fold(h ^ seed, finish);
}

bool span_copy(struct span s, char *out, size_t out_bytes)
{
    if (out_bytes == 0) {
        return false;
    }
    size_t n = s.n < out_bytes - 1 ? s.n : out_bytes - 1;
    if (n > 0) {
        memcpy(out, s.p, n);
    }
    out[n] = '\0';
    return n == s.n;
}
