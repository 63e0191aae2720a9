/* Strings of the JSON reader: escapes, values, comparison. */
#include <string.h>

#include "scan_priv.h"
#include "tape_priv.h"
#include "utf8_priv.h"

#define REPLACEMENT_CP 0xFFFDu

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after \u at p, or -1. */
static int32_t hex_unit(const uint8_t *p, const uint8_t *end)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

struct escape escape_u(const uint8_t *backslash, const uint8_t *end)
{
    int32_t unit = hex_unit(backslash, end);
    if (unit < 0) {
        return (struct escape){0};
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        return (struct escape){.bytes = 6, .cp = (uint32_t)unit};
    }
    int32_t low = unit < 0xDC00 ? hex_unit(backslash + 6, end) : -1;
    if (low < 0xDC00 || low > 0xDFFF) {
        return (struct escape){.bytes = 6, .cp = REPLACEMENT_CP, .lone = true};
    }
    uint32_t cp = 0x10000u + (((uint32_t)unit & 0x3FFu) << 10 | ((uint32_t)low & 0x3FFu));
    return (struct escape){.bytes = 12, .cp = cp};
}

char escape_letter(uint8_t letter)
{
    static const char values[UINT8_MAX + 1] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    return values[letter];
}

struct pieces pieces_of(const struct tape *j, const struct tape_token *string)
{
    const uint8_t *p = (const uint8_t *)j->text.p + string->off;
    return (struct pieces){.p = p, .end = p + string->len};
}

static struct span take_escape(struct pieces *s)
{
    if (s->p[1] != 'u') {
        s->made[0] = escape_letter(s->p[1]);
        s->p += 2;
        return (struct span){s->made, 1};
    }
    struct escape e = escape_u(s->p, s->end);
    s->p += e.bytes;
    return (struct span){s->made, utf8_write(e.cp, s->made)};
}

static struct span take_broken(struct pieces *s, uint32_t bytes)
{
    memcpy(s->made, UTF8_REPLACEMENT, UTF8_REPLACEMENT_BYTES);
    s->p += bytes;
    return (struct span){s->made, UTF8_REPLACEMENT_BYTES};
}

/* Up to the next escape or broken character. */
static const uint8_t *run_end(const uint8_t *p, const uint8_t *end)
{
    while ((p = scan_plain(p, end)) < end && *p != '\\') {
        struct utf8_step step = utf8_step(p, end);
        if (!step.good) {
            break;
        }
        p += step.bytes;
    }
    return p;
}

bool pieces_next(struct pieces *s, struct span *piece)
{
    const uint8_t *start = s->p;
    s->p = run_end(start, s->end);
    if (s->p > start) {
        *piece = (struct span){(const char *)start, (size_t)(s->p - start)};
        return true;
    }
    if (s->p == s->end) {
        return false;
    }
    *piece = *s->p == '\\' ? take_escape(s) : take_broken(s, utf8_step(s->p, s->end).bytes);
    return true;
}

static struct span raw(const struct tape *j, const struct tape_token *string)
{
    return (struct span){j->text.p + string->off, string->len};
}

static bool refill(struct pieces *s, struct span *piece)
{
    return piece->n > 0 || pieces_next(s, piece);
}

static int cooked_cmp(struct pieces a, struct pieces b)
{
    struct span left = SPAN_NONE;
    struct span right = SPAN_NONE;
    for (;;) {
        bool more_left = refill(&a, &left);
        bool more_right = refill(&b, &right);
        if (!more_left || !more_right) {
            return (int)more_left - (int)more_right;
        }
        size_t n = left.n < right.n ? left.n : right.n;
        int order = memcmp(left.p, right.p, n);
        if (order != 0) {
            return order;
        }
        left = span_sub(left, n, SIZE_MAX);
        right = span_sub(right, n, SIZE_MAX);
    }
}

int string_cmp(const struct tape *j, const struct tape_token *a, const struct tape_token *b)
{
    if (((a->flags | b->flags) & STRING_COOKED) == 0) {
        return span_cmp(raw(j, a), raw(j, b));
    }
    return cooked_cmp(pieces_of(j, a), pieces_of(j, b));
}

bool string_is(const struct tape *j, const struct tape_token *string, struct span value)
{
    if ((string->flags & STRING_COOKED) == 0) {
        return span_eq(raw(j, string), value);
    }
    struct pieces pieces = pieces_of(j, string);
    struct span piece;
    while (pieces_next(&pieces, &piece)) {
        if (piece.n > value.n || memcmp(piece.p, value.p, piece.n) != 0) {
            return false;
        }
        value = span_sub(value, piece.n, SIZE_MAX);
    }
    return value.n == 0;
}

struct span tape_string(const struct tape *j, uint32_t at, struct buf *scratch)
{
    if (at >= j->count || j->tokens[at].type != TAPE_STRING) {
        return SPAN_NONE;
    }
    const struct tape_token *string = &j->tokens[at];
    if ((string->flags & STRING_COOKED) == 0) {
        return raw(j, string);
    }
    size_t start = scratch->len;
    struct pieces pieces = pieces_of(j, string);
    struct span piece;
    while (pieces_next(&pieces, &piece)) {
        if (buf_add(scratch, piece) != ST_OK) {
            buf_truncate(scratch, start);
            return SPAN_NONE;
        }
    }
    return span_sub(buf_span(scratch), start, SIZE_MAX);
}
