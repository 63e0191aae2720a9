/* commit.c - from memory to the disk, and what happens when that fails. */
#include "journal_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_MODE  0600
#define FINISHED_MODE 0400

/* What was not committed must not be found by the next start as if it had been: after a failed
 * fdatasync the pages may look clean in memory and be nowhere on the disk. */
static void cut_back(struct journal *j)
{
    if (j->fd >= 0 && j->io.ftruncate(j->io.ctx, j->fd, (off_t)j->committed_bytes) != 0) {
        size_t n = strnlen(j->failure.text, sizeof(j->failure.text));
        (void)snprintf(j->failure.text + n, sizeof(j->failure.text) - n,
                       "; and cutting it back failed too: %s", err_text(errno));
    }
}

enum status journal_fail(struct journal *j, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(j->failure.text, sizeof(j->failure.text), fmt, ap) < 0) {
        j->failure.text[0] = '\0';
    }
    va_end(ap);
    j->failed = true;
    cut_back(j);
    return ST_IO;
}

enum status journal_refuse(const struct journal *j, struct why *why)
{
    return why_fail(why, ST_IO, "%s", j->failure.text);
}

/* Somebody who writes into the file would break the chain for good: see it now, not at the next
 * verification. */
static enum status check_length(struct journal *j)
{
    struct stat st;
    if (fstat(j->fd, &st) != 0) {
        return journal_fail(j, "cannot examine the record: %s", err_text(errno));
    }
    if ((uint64_t)st.st_size == j->committed_bytes) {
        return ST_OK;
    }
    j->failed = true;
    return why_fail(&j->failure, ST_IO,
                    "segment %" PRIu32 " in %s has %" PRId64 " bytes and not the %" PRIu64
                    " that were written: somebody else changed it",
                    j->segment, j->path, (int64_t)st.st_size, j->committed_bytes);
}

enum status journal_flush(struct journal *j)
{
    if (j->pending.len == 0) {
        return ST_OK;
    }
    enum status st = check_length(j);
    if (st != ST_OK) {
        return st;
    }
    if (io_write_all(&j->io, j->fd, buf_span(&j->pending)) != ST_OK) {
        return journal_fail(j, "cannot write the record in %s: %s", j->path, err_text(errno));
    }
    if (j->io.fdatasync(j->io.ctx, j->fd) != 0) {
        return journal_fail(j, "cannot make the record in %s durable: %s", j->path,
                            err_text(errno));
    }
    j->committed_bytes += j->pending.len;
    buf_clear(&j->pending);
    return ST_OK;
}

/* The name is durable when this returns. */
static int make_segment(const struct journal *j, uint32_t segment)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    int fd =
        j->io.open(j->io.ctx, j->dir, name, O_RDWR | O_APPEND | O_CREAT | O_EXCL, SEGMENT_MODE);
    if (fd >= 0 && j->io.fsync(j->io.ctx, j->dir) != 0) {
        int err = errno;
        (void)close(fd);
        errno = err;
        return -1;
    }
    return fd;
}

enum status journal_rotate(struct journal *j)
{
    int finished = j->fd;
    int fresh = j->segment < SEGMENT_LAST ? make_segment(j, j->segment + 1) : (errno = EFBIG, -1);
    if (fresh < 0) {
        return journal_fail(j, "cannot begin segment %" PRIu32 " in %s: %s", j->segment + 1,
                            j->path, err_text(errno));
    }
    enum status st = append_seal(j, j->last_us, j->segment + 1);
    if (st == ST_OK) {
        st = journal_flush(j);
    }
    if (st != ST_OK) {
        (void)close(fresh);
        return j->failed ? st : journal_fail(j, "cannot seal segment %" PRIu32, j->segment);
    }
    j->fd = fresh;
    j->segment++;
    j->begun_us = j->last_us;
    j->committed_bytes = 0;
    st = append_open(j, j->last_us, OPEN_ROTATE);
    if (st == ST_OK) {
        st = journal_flush(j);
    }
    (void)!fchmod(finished, FINISHED_MODE); /* a courtesy against slips, not a protection */
    (void)close(finished);
    return st;
}

static bool is_full(const struct journal *j)
{
    return j->committed_bytes >= j->segment_bytes ||
           (j->segment_us > 0 && j->last_us - j->begun_us >= j->segment_us);
}

enum status journal_commit(struct journal *j, struct why *why)
{
    enum status st = j->failed ? ST_IO : journal_flush(j);
    if (st != ST_OK) {
        return journal_refuse(j, why);
    }
    if (is_full(j)) {
        (void)!journal_rotate(j); /* what was committed stays so: only what comes next has failed */
    }
    return ST_OK;
}
