#include "checkrein/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

#define FIRST_BYTES   64
#define LIMIT_CEILING ((size_t)PTRDIFF_MAX - 1) /* so that len + 1 and a doubling cannot wrap */

void buf_init(struct buf *b, size_t limit_bytes)
{
    size_t limit = limit_bytes < LIMIT_CEILING ? limit_bytes : LIMIT_CEILING;
    size_t cap = limit < FIRST_BYTES ? limit + 1 : FIRST_BYTES;
    *b = (struct buf){.data = xmalloc(cap), .cap = cap, .limit = limit};
    b->data[0] = '\0';
}

void buf_release(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

void buf_wipe(struct buf *b)
{
    if (b->data != NULL) {
        explicit_bzero(b->data, b->cap);
    }
    buf_release(b);
}

void buf_clear(struct buf *b)
{
    buf_truncate(b, 0);
    b->over = false;
}

/* True when n more bytes and the NUL fit, growing towards the limit if needed. */
static bool make_room(struct buf *b, size_t n)
{
    if (b->data == NULL || n > b->limit - b->len) {
        b->over = true;
        return false;
    }
    size_t need = b->len + n + 1;
    if (need <= b->cap) {
        return true;
    }
    size_t cap = b->cap * 2 > need ? b->cap * 2 : need;
    if (cap > b->limit + 1) {
        cap = b->limit + 1;
    }
    b->data = xrealloc(b->data, cap);
    b->cap = cap;
    return true;
}

char *buf_reserve(struct buf *b, size_t n)
{
    return make_room(b, n) ? b->data + b->len : NULL;
}

void buf_commit(struct buf *b, size_t n)
{
    assert(n < b->cap - b->len);
    b->len += n;
    b->data[b->len] = '\0';
}

enum status buf_append(struct buf *b, const void *p, size_t n)
{
    if (n == 0) {
        return ST_OK;
    }
    char *room = buf_reserve(b, n);
    if (room == NULL) {
        return ST_LIMIT;
    }
    memcpy(room, p, n);
    buf_commit(b, n);
    return ST_OK;
}

enum status buf_add(struct buf *b, struct span s)
{
    return buf_append(b, s.p, s.n);
}

enum status buf_addstr(struct buf *b, const char *s)
{
    return buf_add(b, span_str(s));
}

enum status buf_addch(struct buf *b, char c)
{
    return buf_append(b, &c, 1);
}

enum status buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    enum status st = buf_vprintf(b, fmt, ap);
    va_end(ap);
    return st;
}

/* The first try goes into the room that is there; when that was too small, it told the length. */
enum status buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    char *room = buf_reserve(b, 0);
    if (room == NULL) {
        return ST_LIMIT;
    }
    va_list again;
    va_copy(again, ap);
    size_t space = b->cap - b->len;
    int wanted = vsnprintf(room, space, fmt, ap);
    if (wanted >= 0 && (size_t)wanted >= space) {
        *room = '\0';
        room = buf_reserve(b, (size_t)wanted);
        if (room != NULL) {
            wanted = vsnprintf(room, (size_t)wanted + 1, fmt, again);
        }
    }
    va_end(again);
    if (room == NULL) {
        return ST_LIMIT;
    }
    if (wanted < 0) { /* only a %ls that the locale cannot write */
        *room = '\0';
        b->over = true;
        return ST_INVALID;
    }
    buf_commit(b, (size_t)wanted);
    return ST_OK;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        buf_truncate(b, 0);
        return;
    }
    b->len -= n;
    memmove(b->data, b->data + n, b->len + 1);
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len < b->len) {
        b->len = len;
        b->data[len] = '\0';
    }
}

struct span buf_span(const struct buf *b)
{
    return (struct span){b->data, b->len};
}

enum status buf_status(const struct buf *b)
{
    return b->over ? ST_LIMIT : ST_OK;
}

char *buf_detach(struct buf *b, size_t *len)
{
    char *data = b->data;
    if (len != NULL) {
        *len = b->len;
    }
    buf_init(b, b->limit);
    return data;
}
