/* io_priv.h - every call that changes something on the disk for the record goes through here, so
 * that a test can let the n-th one fail. Each is the system call of its name: -1 and errno when it
 * fails.
 */
#ifndef CHECKREIN_JOURNAL_IO_PRIV_H
#define CHECKREIN_JOURNAL_IO_PRIV_H

#include <sys/types.h>

#include "checkrein/journal.h"
#include "checkrein/status.h"

struct journal_io {
    void *ctx;
    int (*open)(void *ctx, int dir, const char *name, int flags, mode_t mode);
    ssize_t (*write)(void *ctx, int fd, const void *p, size_t n);
    int (*fdatasync)(void *ctx, int fd);
    int (*fsync)(void *ctx, int fd); /* of a folder, after a name was made or removed */
    int (*ftruncate)(void *ctx, int fd, off_t bytes);
    int (*unlink)(void *ctx, int dir, const char *name);
};

extern const struct journal_io journal_io_system;

/* Writes all of it. A short write is continued, so that its reason shows at the next one; ST_IO
 * with errno. */
enum status io_write_all(const struct journal_io *io, int fd, struct span bytes);

/* journal_open() over another set of calls, which must outlive the journal. */
enum status journal_open_io(struct journal **out, const struct journal_options *o,
                            struct journal_opened *found, const struct journal_io *io,
                            struct why *why) MUST_USE;

#endif
