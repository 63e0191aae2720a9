#include "folder_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record_priv.h"

static void add_name(struct folder *f, uint32_t above, const char *name)
{
    uint32_t number = segment_number(span_str(name));
    if (number <= above) {
        return;
    }
    f->count++;
    f->last = number > f->last ? number : f->last;
    f->first = f->first == 0 || number < f->first ? number : f->first;
}

enum status folder_scan(int dir, uint32_t above, struct folder *f)
{
    *f = (struct folder){0};
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (list == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return ST_IO;
    }
    errno = 0;
    for (const struct dirent *e = readdir(list); e != NULL; e = readdir(list)) {
        add_name(f, above, e->d_name);
    }
    int err = errno;
    (void)closedir(list);
    errno = err;
    return err == 0 ? ST_OK : ST_IO;
}

int folder_open_file(int dir, const char *name)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        (void)close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

int folder_open_segment(int dir, uint32_t segment)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    return folder_open_file(dir, name);
}

static enum status keep_last_line(struct span end, struct buf *line)
{
    if (!span_ends(end, "\n")) {
        return ST_INVALID;
    }
    end.n--;
    const char *before = end.n > 0 ? memrchr(end.p, '\n', end.n) : NULL;
    if (before == NULL) {
        return ST_INVALID;
    }
    size_t from = (size_t)(before - end.p) + 1;
    buf_clear(line);
    return buf_add(line, span_sub(end, from, SIZE_MAX));
}

enum status folder_last_line(int dir, uint32_t segment, struct buf *line)
{
    char end[SEAL_LINE_BYTES];
    struct stat st;
    int fd = folder_open_segment(dir, segment);
    if (fd < 0) {
        return ST_IO;
    }
    ssize_t got = -1;
    if (fstat(fd, &st) == 0) {
        off_t from = st.st_size > SEAL_LINE_BYTES ? st.st_size - SEAL_LINE_BYTES : 0;
        got = pread(fd, end, sizeof(end), from);
    }
    int err = errno;
    (void)close(fd);
    errno = err;
    return got < 0 ? ST_IO : keep_last_line((struct span){end, (size_t)got}, line);
}
