/* plain.c - text in which a slash or a letter is escaped for no need reads as any other. */
#include "secret_priv.h"

#include <string.h>

#define FOREIGN '\x80' /* stands for a character that is not ASCII */

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

/* Of a whole run of backslashes; 0: it escapes nothing that is undone. */
static size_t escape_at(const char *p, const char *end, char *c)
{
    const char *q = p;
    while (q < end && *q == '\\') {
        q++;
    }
    if (q < end && *q == '/') {
        *c = '/';
        return (size_t)(q + 1 - p);
    }
    int unit = q < end && *q == 'u' ? hex_unit(q + 1, end) : -1;
    if (unit < 0) {
        return 0;
    }
    *c = FOREIGN;
    if (unit < 0x80) {
        *c = (char)unit;
    }
    return (size_t)(q + 5 - p);
}

bool plain_next(struct plain_walk *w, char *c)
{
    if (w->p == w->end) {
        return false;
    }
    bool run = *w->p == '\\' && (w->p == w->start || w->p[-1] != '\\');
    size_t n = run ? escape_at(w->p, w->end, c) : 0;
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
        if (slash) {
            n += plain_next(w, out + n);
        }
    }
    return n;
}
