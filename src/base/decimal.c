#include "decimal_priv.h"

#define WHOLE_DIGITS 19 /* always fit in 64 bits */
#define EXPONENT_CAP                                                                               \
    1000000000000000 /* far above any text's length; what is over it stays over it */

/* The text's parts: [-] integer [. fraction] [e exponent]. */
struct parts {
    bool negative;
    struct span integer;
    struct span fraction;
    int64_t exponent;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct span take_digits(struct span *rest)
{
    size_t n = 0;
    while (n < rest->n && is_digit(rest->p[n])) {
        n++;
    }
    struct span digits = span_sub(*rest, 0, n);
    *rest = span_sub(*rest, n, SIZE_MAX);
    return digits;
}

static bool take(struct span *rest, char c)
{
    if (rest->n == 0 || rest->p[0] != c) {
        return false;
    }
    *rest = span_sub(*rest, 1, SIZE_MAX);
    return true;
}

static bool take_exponent(struct span *rest, int64_t *exponent)
{
    *exponent = 0;
    if (!take(rest, 'e') && !take(rest, 'E')) {
        return true;
    }
    bool negative = take(rest, '-');
    if (!negative) {
        (void)take(rest, '+');
    }
    struct span digits = take_digits(rest);
    for (size_t i = 0; i < digits.n && *exponent < EXPONENT_CAP; i++) {
        *exponent = *exponent * 10 + (digits.p[i] - '0');
    }
    *exponent = negative ? -*exponent : *exponent;
    return digits.n > 0;
}

static bool take_parts(struct span s, struct parts *out)
{
    *out = (struct parts){.negative = take(&s, '-')};
    out->integer = take_digits(&s);
    if (out->integer.n == 0 || (out->integer.n > 1 && out->integer.p[0] == '0')) {
        return false;
    }
    if (take(&s, '.')) {
        out->fraction = take_digits(&s);
        if (out->fraction.n == 0) {
            return false;
        }
    }
    return take_exponent(&s, &out->exponent) && s.n == 0;
}

/* Digit i of integer and fraction written in a row. */
static unsigned digit_at(const struct parts *parts, size_t i)
{
    bool before_point = i < parts->integer.n;
    const char *digits = before_point ? parts->integer.p : parts->fraction.p;
    return (unsigned)(digits[before_point ? i : i - parts->integer.n] - '0');
}

/* Reads the digits [from, to), of which `whole` stand before the point; `whole` may lie outside. */
static void read_digits(const struct parts *parts, size_t from, size_t to, int64_t whole,
                        struct decimal *out)
{
    for (int64_t i = 0; i < whole; i++) {
        size_t at = from + (size_t)i;
        out->whole = out->whole * 10 + (at < to ? digit_at(parts, at) : 0);
    }
    out->rest_is_zero = whole >= (int64_t)(to - from);
    if (!out->rest_is_zero && whole >= 0) {
        out->rest_is_half_or_more = digit_at(parts, from + (size_t)whole) >= 5;
    }
}

enum status decimal_read(struct span s, int64_t shift, struct decimal *out)
{
    struct parts parts;
    if (!take_parts(s, &parts)) {
        return ST_INVALID;
    }
    *out = (struct decimal){.negative = parts.negative, .rest_is_zero = true};
    size_t from = 0;
    size_t to = parts.integer.n + parts.fraction.n;
    while (from < to && digit_at(&parts, from) == 0) {
        from++;
    }
    while (to > from && digit_at(&parts, to - 1) == 0) {
        to--;
    }
    if (from == to) {
        return ST_OK;
    }
    int64_t whole = (int64_t)parts.integer.n - (int64_t)from + parts.exponent + shift;
    if (whole > WHOLE_DIGITS) {
        return ST_LIMIT;
    }
    read_digits(&parts, from, to, whole, out);
    return ST_OK;
}

enum status decimal_sign(uint64_t magnitude, bool negative, int64_t *out)
{
    if (magnitude > (uint64_t)INT64_MAX + negative) {
        return ST_LIMIT;
    }
    /* Two's complement by way of the unsigned type: -INT64_MIN has no signed value. */
    *out = (int64_t)(negative ? 0 - magnitude : magnitude);
    return ST_OK;
}
