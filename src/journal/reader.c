#include "reader_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/journal.h"

#define FIRST_BYTES 262144 /* 256 KiB */
#define HOLE_BYTES  512    /* a sector: the smallest piece that a disk leaves unwritten */

void reader_init(struct reader *r, int fd)
{
    *r = (struct reader){.fd = fd, .cap = FIRST_BYTES};
    r->data = xmalloc(r->cap);
}

void reader_release(struct reader *r)
{
    if (r->fd >= 0) {
        (void)close(r->fd);
    }
    free(r->data);
    *r = (struct reader){.fd = -1};
}

uint64_t reader_offset(const struct reader *r)
{
    return r->base + r->at;
}

/* Forgets what was read from `at` on. */
static void rewind_to_at(struct reader *r)
{
    r->base += r->at;
    r->at = 0;
    r->len = 0;
    r->scanned = 0;
}

void reader_rewind(struct reader *r)
{
    rewind_to_at(r);
    r->base = 0;
    r->line = 0;
}

void reader_to(struct reader *r, uint64_t offset, uint64_t line)
{
    rewind_to_at(r);
    r->base = offset;
    r->line = line - 1;
}

static ssize_t read_at(int fd, char *out, size_t n, uint64_t offset)
{
    ssize_t got;
    do {
        got = pread(fd, out, n, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Moves what is left to the front, and makes the memory larger when that is not enough. */
static void make_room(struct reader *r)
{
    if (r->at > 0) {
        memmove(r->data, r->data + r->at, r->len - r->at);
        r->base += r->at;
        r->len -= r->at;
        r->at = 0;
    }
    if (r->len == r->cap) {
        r->cap *= 2; /* ends above JOURNAL_LINE_BYTES: longer lines are passed over */
        r->data = xrealloc(r->data, r->cap);
    }
}

static ssize_t fill(struct reader *r)
{
    if (r->len == r->cap) {
        make_room(r);
    }
    ssize_t got = read_at(r->fd, r->data + r->len, r->cap - r->len, r->base + r->len);
    if (got > 0) {
        r->len += (size_t)got;
    }
    return got;
}

/* Goes on behind the newline of a line that is too long to be held. */
static enum status pass_over(struct reader *r)
{
    uint64_t start = reader_offset(r);
    uint64_t offset = start;
    rewind_to_at(r);
    for (;;) {
        ssize_t got = read_at(r->fd, r->data, r->cap, offset);
        if (got < 0) {
            return ST_IO;
        }
        if (got == 0) {
            r->rest = offset - start;
            return ST_END;
        }
        const char *newline = memchr(r->data, '\n', (size_t)got);
        if (newline != NULL) {
            r->base = offset + (uint64_t)(newline - r->data) + 1;
            r->start = start;
            r->line++;
            return ST_LIMIT;
        }
        offset += (uint64_t)got;
    }
}

static struct span take_line(struct reader *r, const char *newline)
{
    struct span line = {r->data + r->at, (size_t)(newline - r->data) - r->at};
    r->start = reader_offset(r);
    r->at += line.n + 1;
    r->scanned = 0;
    r->line++;
    return line;
}

enum status reader_next(struct reader *r, struct span *line)
{
    for (;;) {
        const char *from = r->data + r->at + r->scanned;
        const char *newline = memchr(from, '\n', r->len - r->at - r->scanned);
        r->scanned = r->len - r->at;
        size_t held = newline != NULL ? (size_t)(newline - r->data) - r->at : r->scanned;
        if (held >= JOURNAL_LINE_BYTES) {
            return pass_over(r);
        }
        if (newline != NULL) {
            *line = take_line(r, newline);
            return ST_OK;
        }
        ssize_t got = fill(r);
        if (got <= 0) {
            r->rest = r->scanned;
            rewind_to_at(r);
            return got < 0 ? ST_IO : ST_END;
        }
    }
}

enum hole { HOLE_NONE, HOLE_FOUND, HOLE_UNDECIDED };

/* What is known of the bytes from `from` on, up to `at`. */
struct hole_scan {
    uint64_t from;
    uint64_t at;
    size_t zeros; /* in a row, right before `at` */
};

/* A whole sector, or what is left of the one in which the last record ends: that one was written
 * before, so only its rest can be missing. */
static bool is_hole(const struct hole_scan *s)
{
    bool rest = s->zeros > 0 && s->at - s->from == s->zeros && s->at % HOLE_BYTES == 0;
    return rest || s->zeros == HOLE_BYTES;
}

static enum hole look_for_hole(struct hole_scan *s, struct span bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (bytes.p[i] == '\n') {
            return HOLE_NONE;
        }
        s->zeros = bytes.p[i] == '\0' ? s->zeros + 1 : 0;
        s->at++;
        if (is_hole(s)) {
            return HOLE_FOUND;
        }
    }
    return HOLE_UNDECIDED;
}

bool reader_is_torn(int fd, uint64_t from)
{
    char chunk[16 * 1024];
    struct hole_scan s = {.from = from, .at = from};
    enum hole hole = HOLE_UNDECIDED;
    while (hole == HOLE_UNDECIDED) {
        ssize_t got = read_at(fd, chunk, sizeof(chunk), s.at);
        if (got <= 0) {
            return got == 0;
        }
        hole = look_for_hole(&s, (struct span){chunk, (size_t)got});
    }
    return hole == HOLE_FOUND;
}
