/* disklog.c - preloaded under the daemon by a test: what it did to its record's folder, and what it
 * sent, in one order.
 *
 * Each call is a line in $CR_DISKLOG: the call, the inode, the path, a number (offset or size), the
 * bytes in hex; "-" where there is none. Only what is under $CR_DISKLOG_UNDER, and the folder that
 * holds it. tests/threat/powercut.py makes of it what a power cut could leave.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_BYTES 1024

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static void put(const char *bytes, size_t n)
{
    static int fd = -1;
    if (fd < 0) {
        fd = open(getenv("CR_DISKLOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }
    if (syscall(SYS_write, fd, bytes, n) != (long)n) {
        abort();
    }
}

static void note(const char *call, long inode, const char *path, long number, const void *bytes,
                 size_t n)
{
    int kept = errno;
    char *line = malloc(PATH_BYTES + 128 + 2 * n);
    int at = sprintf(line, "%s\t%ld\t%s\t%ld\t", call, inode, path, number);
    for (size_t i = 0; i < n; i++) {
        at += sprintf(line + at, "%02x", ((const unsigned char *)bytes)[i]);
    }
    line[at++] = n ? '\n' : '-';
    if (!n) {
        line[at++] = '\n';
    }
    put(line, (size_t)at);
    free(line);
    errno = kept;
}

static bool path_of(int fd, char path[PATH_BYTES])
{
    char link[64];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_BYTES - 1);
    path[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* "DIR/NAME" as the file system has it, when it is ours to tell. */
static bool is_ours(int dir, const char *name, char path[PATH_BYTES])
{
    char base[PATH_BYTES] = "";
    const char *under = getenv("CR_DISKLOG_UNDER");
    if (name[0] != '/' && !path_of(dir, base)) {
        return false;
    }
    (void)snprintf(path, PATH_BYTES, "%.500s%s%.500s", base, name[0] == '/' ? "" : "/", name);
    return strncmp(path, under, strlen(under)) == 0;
}

/* Its inode; 0 when it is none of ours. */
static long ours(int fd, char path[PATH_BYTES])
{
    struct stat st;
    const char *under = getenv("CR_DISKLOG_UNDER");
    if (!path_of(fd, path) || fstat(fd, &st) != 0) {
        return 0;
    }
    bool holds = strncmp(path, under, strlen(path)) == 0 && under[strlen(path)] == '/';
    return holds || strncmp(path, under, strlen(under)) == 0 ? (long)st.st_ino : 0;
}

static int opened(int dir, const char *name, int flags, mode_t mode)
{
    char path[PATH_BYTES];
    struct stat st;
    bool known = faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    int fd = ((int (*)(int, const char *, int, ...))real("openat"))(dir, name, flags, mode);
    if (fd >= 0 && (flags & O_CREAT) && !known && is_ours(dir, name, path) && fstat(fd, &st) == 0) {
        note("create", (long)st.st_ino, path, 0, NULL, 0);
    }
    return fd;
}

static mode_t mode_in(int flags, va_list ap)
{
    return flags & O_CREAT ? va_arg(ap, mode_t) : 0;
}

int openat(int dir, const char *name, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_in(flags, ap);
    va_end(ap);
    return opened(dir, name, flags, mode);
}

int open(const char *name, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_in(flags, ap);
    va_end(ap);
    return opened(AT_FDCWD, name, flags, mode);
}

ssize_t write(int fd, const void *p, size_t n)
{
    char path[PATH_BYTES];
    ssize_t put_bytes = syscall(SYS_write, fd, p, n);
    long inode = put_bytes > 0 ? ours(fd, path) : 0;
    if (inode) {
        note("write", inode, path, lseek(fd, 0, SEEK_CUR) - put_bytes, p, (size_t)put_bytes);
    }
    return put_bytes;
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
    ssize_t sent = ((ssize_t(*)(int, const void *, size_t, int))real("send"))(fd, p, n, flags);
    if (sent > 0) {
        note("send", 0, "-", fd, p, (size_t)sent);
    }
    return sent;
}

static int synced(const char *call, int fd)
{
    char path[PATH_BYTES];
    int result = ((int (*)(int))real(call))(fd);
    long inode = result == 0 ? ours(fd, path) : 0;
    if (inode) {
        note("sync", inode, path, 0, NULL, 0);
    }
    return result;
}

int fdatasync(int fd)
{
    return synced("fdatasync", fd);
}

int fsync(int fd)
{
    return synced("fsync", fd);
}

int ftruncate(int fd, off_t bytes)
{
    char path[PATH_BYTES];
    int result = ((int (*)(int, off_t))real("ftruncate"))(fd, bytes);
    long inode = result == 0 ? ours(fd, path) : 0;
    if (inode) {
        note("cut", inode, path, bytes, NULL, 0);
    }
    return result;
}

int mkdir(const char *name, mode_t mode)
{
    char path[PATH_BYTES];
    int result = ((int (*)(const char *, mode_t))real("mkdir"))(name, mode);
    if (result == 0 && is_ours(AT_FDCWD, name, path)) {
        note("mkdir", 0, path, 0, NULL, 0);
    }
    return result;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    char before[PATH_BYTES];
    char after[PATH_BYTES];
    int result = ((int (*)(int, const char *, int, const char *))real("renameat"))(from_dir, from,
                                                                                   to_dir, to);
    if (result == 0 && is_ours(from_dir, from, before) && is_ours(to_dir, to, after)) {
        note("rename", 0, before, 0, after, strlen(after));
    }
    return result;
}

int unlinkat(int dir, const char *name, int flags)
{
    char path[PATH_BYTES];
    int result = ((int (*)(int, const char *, int))real("unlinkat"))(dir, name, flags);
    if (result == 0 && is_ours(dir, name, path)) {
        note("unlink", 0, path, 0, NULL, 0);
    }
    return result;
}
