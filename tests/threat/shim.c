/* shim.c - preloaded under the program by tests: a disk, a clock and a loop that fail on command.
 *
 * The file $CR_SHIM holds lines of a word and a number, and is read at every call: "sync-error 0",
 * "disk-full 0", "short-writes 0", "image 0" (each file, once it is synced, is copied beside
 * $CR_SHIM: what a power cut would leave), "read-only 0" (as a file system that was remounted after
 * an error), "no-names 0" (nothing new can be made in its folder), "names-error 0" (syncs of its
 * folder fail), "sync-slow MS" (each takes so long), "clock SECONDS", "spin N" and "block N" (the
 * next N waits that begin are stuck). Only the record's files fail. Without the file everything is
 * as it is.
 *
 * With $CR_DIE = N the program is killed at its N-th point. Points are before, in the middle of and
 * after each write to the record, and before and after each sync of it and each send.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static bool asked(const char *word, long *number)
{
    char text[128] = "";
    const char *path = getenv("CR_SHIM");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    size_t length = strlen(word);
    const char *at = text;
    while (strncmp(at, word, length) != 0 || at[length] != ' ') {
        at = strchr(at, '\n');
        if (!at++) {
            return false;
        }
    }
    *number = strtol(at + length, NULL, 10);
    return true;
}

static bool is_record(int fd)
{
    char link[64];
    char path[512];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    path[n > 0 ? n : 0] = '\0';
    return n > 6 && strcmp(path + n - 6, ".jsonl") == 0;
}

static long *points_left(void)
{
    static long left = -1;
    if (left < 0) {
        const char *text = getenv("CR_DIE");
        left = text ? strtol(text, NULL, 10) : 0;
    }
    return &left;
}

static void point(void)
{
    long *left = points_left();
    if (*left > 0 && --*left == 0) {
        (void)raise(SIGKILL);
    }
}

/* Whole or not at all: whoever looks sees the disk as it was at the end of some sync. */
static void copy_to_image(int fd)
{
    char link[64];
    char from[512];
    char part[600];
    char to[600];
    char bytes[65536];
    off_t at = 0;
    ssize_t n;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, from, sizeof(from) - 1);
    from[n > 0 ? n : 0] = '\0';
    const char *name = strrchr(from, '/');
    (void)snprintf(to, sizeof(to), "%s.image/%s", getenv("CR_SHIM"), name ? name + 1 : "");
    (void)snprintf(part, sizeof(part), "%s.part", to);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (in >= 0 && out >= 0 && (n = pread(in, bytes, sizeof(bytes), at)) > 0) {
        (void)!((ssize_t(*)(int, const void *, size_t))real("write"))(out, bytes, (size_t)n);
        at += n;
    }
    (void)close(in);
    (void)close(out);
    (void)rename(part, to);
}

static int sync_record(int fd)
{
    long unused;
    if (asked("sync-error", &unused)) {
        errno = EIO;
        return -1;
    }
    long ms = 0;
    if (asked("sync-slow", &ms)) {
        (void)poll(NULL, 0, (int)ms);
    }
    point();
    int result = ((int (*)(int))real("fdatasync"))(fd);
    point();
    if (asked("image", &unused)) {
        copy_to_image(fd);
    }
    return result;
}

int fsync(int fd)
{
    struct stat st;
    long unused;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && asked("names-error", &unused)) {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int))real("fsync"))(fd);
}

int openat(int dir, const char *name, int flags, ...)
{
    va_list ap;
    long unused;
    va_start(ap, flags);
    mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    bool is_segment = strstr(name, ".jsonl") != NULL;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (is_segment && ((writes && asked("read-only", &unused)) ||
                       ((flags & O_CREAT) && asked("no-names", &unused)))) {
        errno = EROFS;
        return -1;
    }
    return ((int (*)(int, const char *, int, ...))real("openat"))(dir, name, flags, mode);
}

int fdatasync(int fd)
{
    return is_record(fd) ? sync_record(fd) : ((int (*)(int))real("fdatasync"))(fd);
}

static ssize_t system_write(int fd, const void *p, size_t n)
{
    return ((ssize_t(*)(int, const void *, size_t))real("write"))(fd, p, n);
}

static ssize_t write_to_death(int fd, const void *p, size_t n)
{
    point();
    if (*points_left() == 1) {
        (void)!system_write(fd, p, n / 2);
    }
    point();
    ssize_t result = system_write(fd, p, n);
    point();
    return result;
}

/* A disk that fills up takes a part, and says why at the next call. */
static ssize_t write_record(int fd, const void *p, size_t n)
{
    static bool filled;
    long unused;
    if (asked("disk-full", &unused)) {
        filled = !filled;
        errno = ENOSPC;
        return filled ? system_write(fd, p, n / 2) : -1;
    }
    if (asked("read-only", &unused)) {
        errno = EROFS;
        return -1;
    }
    if (asked("short-writes", &unused)) {
        return system_write(fd, p, n < 100 ? n : 100);
    }
    return write_to_death(fd, p, n);
}

ssize_t write(int fd, const void *p, size_t n)
{
    return n > 1 && is_record(fd) ? write_record(fd, p, n) : system_write(fd, p, n);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
    point();
    ssize_t result = ((ssize_t(*)(int, const void *, size_t, int))real("send"))(fd, p, n, flags);
    point();
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    long seconds;
    int result = ((int (*)(clockid_t, struct timespec *))real("clock_gettime"))(clock, t);
    if (result == 0 && clock == CLOCK_REALTIME && asked("clock", &seconds)) {
        t->tv_sec += seconds;
    }
    return result;
}

static void take_one(const char *word, long number)
{
    char text[64];
    int fd = open(getenv("CR_SHIM"), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd >= 0) {
        int n = snprintf(text, sizeof(text), "%s %ld", word, number - 1);
        (void)!((ssize_t(*)(int, const void *, size_t))real("write"))(fd, text, (size_t)n);
        (void)close(fd);
    }
}

int epoll_wait(int fd, struct epoll_event *events, int room, int timeout)
{
    long number;
    if (asked("spin", &number) && number > 0) {
        take_one("spin", number);
        for (volatile unsigned i = 0;; i++) {
        }
    }
    if (asked("block", &number) && number > 0) {
        take_one("block", number);
        for (;;) {
            (void)pause();
        }
    }
    return ((int (*)(int, struct epoll_event *, int, int))real("epoll_wait"))(fd, events, room,
                                                                              timeout);
}
