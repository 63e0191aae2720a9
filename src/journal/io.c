#include "io_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int system_open(void *ctx, int dir, const char *name, int flags, mode_t mode)
{
    (void)ctx;
    return openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

static ssize_t system_write(void *ctx, int fd, const void *p, size_t n)
{
    (void)ctx;
    return write(fd, p, n);
}

static int system_fdatasync(void *ctx, int fd)
{
    (void)ctx;
    return fdatasync(fd);
}

static int system_fsync(void *ctx, int fd)
{
    (void)ctx;
    return fsync(fd);
}

static int system_ftruncate(void *ctx, int fd, off_t bytes)
{
    (void)ctx;
    return ftruncate(fd, bytes);
}

static int system_unlink(void *ctx, int dir, const char *name)
{
    (void)ctx;
    return unlinkat(dir, name, 0);
}

const struct journal_io journal_io_system = {
    .open = system_open,
    .write = system_write,
    .fdatasync = system_fdatasync,
    .fsync = system_fsync,
    .ftruncate = system_ftruncate,
    .unlink = system_unlink,
};

enum status io_write_all(const struct journal_io *io, int fd, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t put = io->write(io->ctx, fd, bytes.p, bytes.n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            errno = put == 0 ? EIO : errno;
            return ST_IO;
        }
        bytes = span_sub(bytes, (size_t)put, SIZE_MAX);
    }
    return ST_OK;
}
