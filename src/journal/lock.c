#include "lock_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/file.h"
#include "checkrein/num.h"
#include "checkrein/span.h"

#define HOLDER_BYTES 64

/* The file is text that anybody with our rights may have written: only what has the right form is
 * repeated. */
static enum status name_holder(int fd, const char *dir_path, struct why *why)
{
    char text[HOLDER_BYTES];
    int64_t pid = 0;
    struct span writer = SPAN_NONE;
    ssize_t got = pread(fd, text, sizeof(text), 0);
    struct span rest = {text, got > 0 ? (size_t)got : 0};
    if (!span_next(&rest, ' ', &writer) || num_parse(writer, 1, INT32_MAX, &pid) != ST_OK ||
        !span_next(&rest, '\n', &writer) || writer.n == 0) {
        return why_fail(why, ST_EXISTS, "%s is written by another process", dir_path);
    }
    return why_fail(why, ST_EXISTS, "%s is written by the %.*s with process id %" PRId64, dir_path,
                    SPAN_ARG(writer), pid);
}

static enum status write_holder(int fd, const char *dir_path, const char *writer, struct why *why)
{
    char text[HOLDER_BYTES];
    int n = snprintf(text, sizeof(text), "%ld %s\n", (long)getpid(), writer);
    if (n < 0 || (size_t)n >= sizeof(text) || ftruncate(fd, 0) != 0 ||
        file_write_all(fd, text, (size_t)n) != ST_OK) {
        return why_fail(why, ST_IO, "cannot write %s/lock: %s", dir_path, err_text(errno));
    }
    return ST_OK;
}

static enum status hold(int fd, const char *dir_path, const char *writer, struct why *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return why_fail(why, ST_INVALID, "%s/lock is not a regular file", dir_path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return write_holder(fd, dir_path, writer, why);
    }
    return errno == EWOULDBLOCK
               ? name_holder(fd, dir_path, why)
               : why_fail(why, ST_IO, "cannot lock %s/lock: %s", dir_path, err_text(errno));
}

enum status lock_take(int dir, const char *dir_path, const char *writer, int *fd, struct why *why)
{
    *fd = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                 S_IRUSR | S_IWUSR);
    if (*fd < 0) {
        return why_fail(why, errno == EACCES ? ST_DENIED : ST_IO, "cannot open %s/lock: %s",
                        dir_path, err_text(errno));
    }
    enum status st = hold(*fd, dir_path, writer, why);
    if (st != ST_OK) {
        (void)close(*fd);
        *fd = -1;
    }
    return st;
}

void lock_release(int fd)
{
    if (fd >= 0) {
        (void)!ftruncate(fd, 0); /* the name is a courtesy, the lock is what counts */
        (void)close(fd);
    }
}
