/* buf.h - a growing byte string with a ceiling that is fixed when it is made.
 *
 * The invariants: `data` is never NULL after buf_init() and always ends in a NUL that is not
 * counted; len <= limit. An append that would pass `limit` adds nothing, sets `over` and returns
 * ST_LIMIT, so a row of appends can be checked once at the end with buf_status(). What is appended
 * must not lie in `b`.
 *
 *     struct buf b;
 *     buf_init(&b, 64 * 1024);
 *     buf_printf(&b, "%d", 42);
 *     buf_release(&b);
 */
#ifndef CHECKREIN_BUF_H
#define CHECKREIN_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t limit;
    bool over;
};

void buf_init(struct buf *b, size_t limit_bytes);
void buf_release(struct buf *b); /* takes zeroed memory too */
void buf_wipe(struct buf *b);    /* buf_release() that overwrites the bytes first: for secrets */
void buf_clear(struct buf *b);   /* empty, not over; keeps its memory */
enum status buf_append(struct buf *b, const void *p, size_t n);
enum status buf_add(struct buf *b, struct span s);
enum status buf_addstr(struct buf *b, const char *s);
enum status buf_addch(struct buf *b, char c);
enum status buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
enum status buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF(2, 0);
/* Removes the first n bytes (all when n > len). */
void buf_consume(struct buf *b, size_t n);
void buf_truncate(struct buf *b, size_t len);
/* Room for n more bytes at data + len, to be followed by buf_commit(); NULL when over the limit. */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
struct span buf_span(const struct buf *b);   /* until the next change */
enum status buf_status(const struct buf *b); /* ST_OK or ST_LIMIT */
/* The bytes, terminated, now the caller's to free(); b is empty again. */
char *buf_detach(struct buf *b, size_t *len);

#endif
