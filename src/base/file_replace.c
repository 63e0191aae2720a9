/* file_replace.c - a file is either the old one or the new one, whatever happens on the way. */
#include "checkrein/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "entropy_priv.h"
#include "file_priv.h"

#define SUFFIX_BYTES 8

/* The job: two names in an open folder, which stays the same when somebody renames it meanwhile. */
struct replacement {
    int dir_fd;
    const char *path; /* for the words, as the caller wrote it */
    char *target;     /* heap: links followed; cut at the last '/' once `name` is known */
    const char *name; /* points into target */
    char temp[NAME_MAX + 1];
};

/* The path with all links followed; the file may be missing, a link to nowhere may not. */
static char *resolve(const char *path)
{
    struct stat st;
    char *real = realpath(path, NULL);
    if (real != NULL || errno != ENOENT || lstat(path, &st) == 0) {
        return real;
    }
    return xstrdup(path);
}

static const char *split_folder(struct replacement *r)
{
    char *slash = strrchr(r->target, '/');
    if (slash == NULL) {
        r->name = r->target;
        return ".";
    }
    *slash = '\0';
    r->name = slash + 1;
    return slash == r->target ? "/" : r->target;
}

static enum status check_target(const struct replacement *r, struct why *why)
{
    struct stat st;
    if (fstatat(r->dir_fd, r->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? ST_OK : file_failed(why, "examine", r->path);
    }
    if (!S_ISREG(st.st_mode)) {
        return why_fail(why, ST_INVALID, "%s is not a regular file", r->path);
    }
    return ST_OK;
}

static enum status name_temp(struct replacement *r, struct why *why)
{
    unsigned char random[SUFFIX_BYTES];
    char hex[HEX_BYTES(SUFFIX_BYTES)];
    entropy_fill(random, sizeof(random));
    hex_encode(random, sizeof(random), hex);
    int n = snprintf(r->temp, sizeof(r->temp), "%s.%s", r->name, hex);
    if (n < 0 || (size_t)n >= sizeof(r->temp)) {
        return why_fail(why, ST_LIMIT, "the name of %s is too long", r->path);
    }
    return ST_OK;
}

static enum status open_folder(struct replacement *r, struct why *why)
{
    r->target = resolve(r->path);
    if (r->target == NULL) {
        return file_failed(why, "follow", r->path);
    }
    const char *folder = split_folder(r);
    if (*r->name == '\0') {
        return why_fail(why, ST_INVALID, "\"%s\" does not name a file", r->path);
    }
    r->dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return r->dir_fd >= 0 ? ST_OK : file_failed(why, "open the folder of", r->path);
}

/* The mode last: until all is written, and whatever the umask is, the file is ours alone. */
static bool fill_temp(int fd, struct span bytes, mode_t mode)
{
    return file_write_all(fd, bytes.p, bytes.n) == ST_OK && fchmod(fd, mode) == 0 && fsync(fd) == 0;
}

static enum status write_temp(const struct replacement *r, struct span bytes, mode_t mode,
                              struct why *why)
{
    int fd = openat(r->dir_fd, r->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return file_failed(why, "write beside", r->path);
    }
    enum status st = ST_OK;
    if (!fill_temp(fd, bytes, mode)) {
        st = file_failed(why, "write", r->path);
    }
    if (close(fd) != 0 && st == ST_OK) {
        st = file_failed(why, "write", r->path);
    }
    return st;
}

/* After the rename the new file stands; a failing fsync of the folder says only that it may not
 * last. */
static enum status swap_in(const struct replacement *r, struct why *why)
{
    if (renameat(r->dir_fd, r->temp, r->dir_fd, r->name) != 0) {
        return file_failed(why, "replace", r->path);
    }
    return fsync(r->dir_fd) == 0 ? ST_OK : file_failed(why, "make durable", r->path);
}

enum status file_replace(const char *path, struct span bytes, mode_t mode, struct why *why)
{
    struct replacement r = {.dir_fd = -1, .path = path, .name = ""};
    enum status st = open_folder(&r, why);
    if (st == ST_OK) {
        st = check_target(&r, why);
    }
    if (st == ST_OK) {
        st = name_temp(&r, why);
    }
    if (st == ST_OK) {
        st = write_temp(&r, bytes, mode, why);
        if (st == ST_OK) {
            st = swap_in(&r, why);
        }
        if (st != ST_OK) {
            (void)unlinkat(r.dir_fd, r.temp, 0);
        }
    }
    if (r.dir_fd >= 0) {
        (void)close(r.dir_fd);
    }
    free(r.target);
    return st;
}
