#include "checkrein/num.h"

#include "decimal_priv.h"

enum status num_parse(struct span s, int64_t min, int64_t max, int64_t *out)
{
    size_t sign = s.n > 0 && s.p[0] == '-';
    struct span digits = span_sub(s, sign, SIZE_MAX);
    if (digits.n == 0 || (digits.p[0] == '0' && s.n > 1)) {
        return ST_INVALID;
    }
    uint64_t magnitude = 0;
    bool wrapped = false;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9') {
            return ST_INVALID;
        }
        wrapped |= __builtin_mul_overflow(magnitude, 10u, &magnitude);
        wrapped |= __builtin_add_overflow(magnitude, (uint64_t)(digits.p[i] - '0'), &magnitude);
    }
    int64_t value;
    if (wrapped || decimal_sign(magnitude, sign > 0, &value) != ST_OK || value < min ||
        value > max) {
        return ST_LIMIT;
    }
    *out = value;
    return ST_OK;
}

enum status num_parse_json_int(struct span s, int64_t *out)
{
    struct decimal number;
    enum status st = decimal_read(s, 0, &number);
    if (st != ST_OK) {
        return st;
    }
    return number.rest_is_zero ? decimal_sign(number.whole, number.negative, out) : ST_INVALID;
}

enum status num_parse_micro(struct span s, int64_t *micro)
{
    struct decimal number;
    enum status st = decimal_read(s, 6, &number);
    if (st != ST_OK) {
        return st;
    }
    return decimal_sign(number.whole + number.rest_is_half_or_more, number.negative, micro);
}

struct duration_unit {
    const char *name;
    int64_t ms;
};

/* "ms" before the others: it ends in "s", as seconds do. */
static const struct duration_unit duration_units[] = {
    {"ms", 1       },
    {"s",  1000    },
    {"m",  60000   },
    {"h",  3600000 },
    {"d",  86400000},
};

enum status num_parse_duration_ms(struct span s, int64_t *ms)
{
    for (size_t i = 0; i < ARRAY_LEN(duration_units); i++) {
        const struct duration_unit *unit = &duration_units[i];
        if (!span_ends(s, unit->name)) {
            continue;
        }
        int64_t count;
        struct span digits = span_sub(s, 0, s.n - span_str(unit->name).n);
        enum status st = num_parse(digits, 0, INT64_MAX / unit->ms, &count);
        if (st == ST_OK) {
            *ms = count * unit->ms;
        }
        return st;
    }
    return ST_INVALID;
}

void hex_encode(const void *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        out[i * 2] = digits[p[i] >> 4];
        out[i * 2 + 1] = digits[p[i] & 15];
    }
    out[n * 2] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum status hex_decode(struct span hex, void *bytes, size_t n)
{
    unsigned char *out = bytes;
    if (hex.n % 2 != 0 || hex.n / 2 != n) {
        return ST_INVALID;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(hex.p[i * 2]);
        int low = hex_value(hex.p[i * 2 + 1]);
        if (high < 0 || low < 0) {
            return ST_INVALID;
        }
        out[i] = (unsigned char)(high * 16 + low);
    }
    return ST_OK;
}
