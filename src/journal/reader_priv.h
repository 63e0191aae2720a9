/* reader_priv.h - the lines of one file that may still be growing.
 *
 * A line without its newline is not given out: it is read again from its start at the next call, so
 * a tail that is cut and rewritten between two calls is never mixed up with what stood there
 * before.
 */
#ifndef CHECKREIN_JOURNAL_READER_PRIV_H
#define CHECKREIN_JOURNAL_READER_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"

struct reader {
    int fd; /* owned; -1 when there is none */
    char *data;
    size_t cap;
    size_t at;      /* first byte not given out */
    size_t scanned; /* bytes after `at` that hold no newline */
    size_t len;
    uint64_t base;  /* offset in the file of data[0] */
    uint64_t start; /* offset of the line that was given out or passed over last */
    uint64_t line;  /* how many there were */
    uint64_t rest;  /* after ST_END: bytes behind the last newline */
};

/* Takes the descriptor. */
void reader_init(struct reader *r, int fd);
void reader_release(struct reader *r); /* zeroed memory must have fd = -1 */
/* ST_OK and a line without its newline, valid until the next call; ST_END, when there is no whole
 * line now; ST_LIMIT for a line over JOURNAL_LINE_BYTES, which is passed over; ST_IO with errno. */
enum status reader_next(struct reader *r, struct span *line) MUST_USE;
void reader_rewind(struct reader *r); /* to the first line */
void reader_to(struct reader *r, uint64_t offset,
               uint64_t line); /* this line, which begins there */
/* Offset of the first byte that was not given out: where the next line begins. */
uint64_t reader_offset(const struct reader *r);

/* True when what follows `from` is what a crash leaves and not a line: no newline to the end of the
 * file, or a sector of zeros, or the zero rest of the sector that `from` is in, before the first
 * one. */
bool reader_is_torn(int fd, uint64_t from);

#endif
