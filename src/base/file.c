#include "checkrein/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "file_priv.h"

#define OTHERS_ANY   (S_IRWXG | S_IRWXO)
#define OTHERS_WRITE (S_IWGRP | S_IWOTH)
/* A FIFO or a terminal must neither block the open nor become ours. */
#define READ_FLAGS  (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define CHUNK_BYTES 65536

static enum status status_of(int err)
{
    switch (err) {
    case ENOENT:
    case ENOTDIR:
        return ST_NOTFOUND;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
        return ST_DENIED;
    case EEXIST:
        return ST_EXISTS;
    case EISDIR:
    case ENXIO: /* a socket, or a FIFO that nobody reads */
        return ST_INVALID;
    case ENAMETOOLONG:
        return ST_LIMIT;
    default:
        return ST_IO;
    }
}

enum status file_failed(struct why *why, const char *what, const char *path)
{
    int err = errno;
    return why_fail(why, status_of(err), "cannot %s %s: %s", what, path, err_text(err));
}

static enum status check_secret(const struct stat *st, const char *path, struct why *why)
{
    if (st->st_uid != geteuid()) {
        return why_fail(why, ST_DENIED, "%s belongs to another user", path);
    }
    if ((st->st_mode & OTHERS_ANY) != 0) {
        return why_fail(why, ST_DENIED, "%s is open to others (mode %04o); chmod 600 it", path,
                        (unsigned)(st->st_mode & 07777));
    }
    return ST_OK;
}

/* Fills the room that the buffer has anyway; once it is full, one more byte tells the end from too
 * much. */
static enum status read_to_end(int fd, const char *path, struct buf *b, struct why *why)
{
    for (;;) {
        char probe;
        bool full = b->len == b->limit;
        char *room = full ? &probe : buf_reserve(b, 1);
        ssize_t n = read(fd, room, full ? 1 : b->cap - b->len - 1);
        if (n == 0) {
            return ST_OK;
        }
        if (n > 0 && full) {
            return why_fail(why, ST_LIMIT, "%s is longer than %zu bytes", path, b->limit);
        }
        if (n > 0) {
            buf_commit(b, (size_t)n);
        } else if (errno != EINTR) {
            return file_failed(why, "read", path);
        }
    }
}

typedef enum status check_fn(const struct stat *st, const char *path, struct why *why);

static enum status read_open(int fd, const char *path, check_fn *check, struct buf *b,
                             struct why *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return file_failed(why, "examine", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return why_fail(why, ST_INVALID, "%s is not a regular file", path);
    }
    enum status ok = check != NULL ? check(&st, path, why) : ST_OK;
    if (ok != ST_OK) {
        return ok;
    }
    if ((uintmax_t)st.st_size > b->limit) {
        return why_fail(why, ST_LIMIT, "%s is longer than %zu bytes", path, b->limit);
    }
    /* All at once, and the byte that shows the end: growing would leave copies of a secret behind.
     */
    size_t wanted = (size_t)st.st_size + 1;
    (void)buf_reserve(b, wanted < b->limit ? wanted : b->limit);
    return read_to_end(fd, path, b, why);
}

static enum status read_path(const char *path, int flags, check_fn *check, struct buf *b,
                             struct why *why)
{
    buf_clear(b);
    int fd = open(path, READ_FLAGS | flags);
    if (fd < 0) {
        return file_failed(why, "open", path);
    }
    enum status st = read_open(fd, path, check, b, why);
    (void)close(fd);
    if (st != ST_OK) {
        buf_clear(b);
    }
    return st;
}

enum status file_read(const char *path, struct buf *b, struct why *why)
{
    return read_path(path, 0, NULL, b, why);
}

enum status file_read_secret(const char *path, struct buf *b, struct why *why)
{
    return read_path(path, O_NOFOLLOW, check_secret, b, why);
}

enum status file_write_all(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n > 0) {
        ssize_t put = write(fd, at, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            errno = put == 0 ? EIO : errno;
            return ST_IO;
        }
        at += put;
        n -= (size_t)put;
    }
    return ST_OK;
}

/* Others could replace a link that is theirs, or whatever stands in a folder that they can write.
 */
static enum status check_dir(const char *path, struct why *why)
{
    struct stat link;
    struct stat dir;
    if (lstat(path, &link) != 0 || stat(path, &dir) != 0) {
        return file_failed(why, "examine", path);
    }
    if (!S_ISDIR(dir.st_mode)) {
        return why_fail(why, ST_INVALID, "%s is not a folder", path);
    }
    if (dir.st_uid != geteuid() || (link.st_uid != geteuid() && link.st_uid != 0)) {
        return why_fail(why, ST_DENIED, "%s belongs to another user", path);
    }
    if ((dir.st_mode & OTHERS_WRITE) != 0) {
        return why_fail(why, ST_DENIED, "%s can be written by others (mode %04o)", path,
                        (unsigned)(dir.st_mode & 07777));
    }
    return ST_OK;
}

/* A name is durable when the folder that it stands in was synced. One that we may not read keeps
 * its own time. */
static enum status sync_dir(const char *path, struct why *why)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == EACCES ? ST_OK : file_failed(why, "open folder", path);
    }
    enum status st = fsync(fd) == 0 ? ST_OK : file_failed(why, "make durable what is in", path);
    (void)close(fd);
    return st;
}

/* `above` holds it. */
static enum status make_dir(const char *path, const char *above, mode_t mode, struct why *why)
{
    if (mkdir(path, mode) == 0) {
        return sync_dir(above, why);
    }
    return errno == EEXIST ? ST_OK : file_failed(why, "make folder", path);
}

/* Cuts the path after each part in turn; the first byte may be the root's '/'. */
static enum status make_each_dir(char *path, mode_t mode, struct why *why)
{
    enum status st = ST_OK;
    char *above = xstrdup(path[0] == '/' ? "/" : ".");
    for (char *at = path + 1; st == ST_OK && *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            st = make_dir(path, above, mode, why);
            free(above);
            above = xstrdup(path);
            *at = '/';
        }
    }
    st = st == ST_OK ? make_dir(path, above, mode, why) : st;
    free(above);
    return st;
}

enum status file_make_dirs(const char *path, mode_t mode, struct why *why)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') { /* lstat would follow a link before a '/' */
        n--;
    }
    if (n == 0) {
        return why_fail(why, ST_INVALID, "the name of the folder is empty");
    }
    char *copy = xstrndup(path, n);
    enum status st = make_each_dir(copy, mode, why);
    if (st == ST_OK) {
        st = check_dir(copy, why);
    }
    free(copy);
    return st;
}

enum status file_make_parent_mode(const char *path, mode_t mode, struct why *why)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return ST_OK;
    }
    char *folder = xstrndup(path, (size_t)(slash - path));
    enum status st = file_make_dirs(folder, mode, why);
    free(folder);
    return st;
}

enum status file_make_parent(const char *path, struct why *why)
{
    return file_make_parent_mode(path, 0700, why);
}
