/* plain.c - text in which a slash or a letter is escaped for no need reads as any other. */
#include "secret_priv.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits at p, or -1. */
static int hex_unit(const char *p, const char *end)
{
    int unit = 0;
    if (end - p < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

bool has_escapes(struct span text)
{
    const char *end = text.p + text.n;
    for (const char *p = text.p; p && (p = memchr(p, '\\', (size_t)(end - p))) != NULL; p++) {
        if (end - p > 1 && (p[1] == '/' || (p[1] == 'u' && hex_unit(p + 2, end) >= 0))) {
            return true;
        }
    }
    return false;
}

/* "\\\\u0041" at p, of any number of backslashes: how long it is, and the unit; 0: it is none. */
static size_t unit_at(const char *p, const char *end, uint32_t *unit)
{
    const char *q = p;
    while (q < end && *q == '\\') {
        q++;
    }
    int told = q > p && q < end && *q == 'u' ? hex_unit(q + 1, end) : -1;
    *unit = (uint32_t)told;
    return told < 0 ? 0 : (size_t)(q + 5 - p);
}

/* The two halves of a pair are one character, as in text that is not escaped. */
static size_t character_at(const char *p, const char *end, uint32_t *code)
{
    uint32_t low = 0;
    size_t n = unit_at(p, end, code);
    size_t more = n > 0 && *code >> 10 == 0x36 ? unit_at(p + n, end, &low) : 0;
    if (more > 0 && low >> 10 == 0x37) {
        *code = 0x10000 + ((*code & 0x3ff) << 10 | (low & 0x3ff));
        n += more;
    }
    return n;
}

static char byte_of(uint32_t bits)
{
    return (char)(uint8_t)bits;
}

/* Its UTF-8: the first byte is given, the others wait. */
static char spell(struct plain_walk *w, uint32_t code)
{
    uint8_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t LEAD[] = {0, 0xc0, 0xe0, 0xf0};
    for (uint8_t i = 0; i < more; i++) {
        w->waiting[i] = byte_of(0x80 | (code >> 6 * i & 0x3f)); /* the last one first */
    }
    w->count = more;
    return byte_of(LEAD[more] | code >> 6 * more);
}

/* Of a whole run of backslashes; 0: it escapes nothing that is undone. */
static size_t escape_at(struct plain_walk *w, char *c)
{
    const char *q = w->p;
    uint32_t code = 0;
    while (q < w->end && *q == '\\') {
        q++;
    }
    if (q < w->end && *q == '/') {
        *c = '/';
        return (size_t)(q + 1 - w->p);
    }
    size_t n = character_at(w->p, w->end, &code);
    if (n > 0) {
        *c = spell(w, code);
    }
    return n;
}

bool plain_next(struct plain_walk *w, char *c)
{
    if (w->count > 0) {
        *c = w->waiting[--w->count];
        return true;
    }
    if (w->p == w->end) {
        return false;
    }
    bool run = *w->p == '\\' && (w->p == w->start || w->p[-1] != '\\');
    size_t n = run ? escape_at(w, c) : 0;
    if (n == 0) {
        *c = *w->p;
        n = 1;
    }
    w->p += n;
    return true;
}

size_t plain_copy(struct plain_walk *w, char *out)
{
    size_t n = 0;
    while (w->p < w->end) {
        const char *slash = memchr(w->p, '\\', (size_t)(w->end - w->p));
        size_t run = (size_t)((slash ? slash : w->end) - w->p);
        memcpy(out + n, w->p, run);
        n += run;
        w->p += run;
        n += slash && plain_next(w, out + n);
        while (w->count > 0) {
            n += plain_next(w, out + n);
        }
    }
    return n;
}
