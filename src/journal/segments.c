/* segments.c - which files a record has, and how each can be told from what it was before. */
#include "checkrein/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "record_priv.h"

#define NS_PER_S INT64_C(1000000000)

struct listing {
    struct journal_segment *segment;
    size_t count, cap;
};

static void add(struct listing *l, uint32_t number, const struct stat *st)
{
    GROW(l->segment, l->cap, l->count + 1);
    l->segment[l->count++] = (struct journal_segment){
        .number = number,
        .bytes = (uint64_t)st->st_size,
        .inode = (uint64_t)st->st_ino,
        .changed_ns = (int64_t)st->st_ctim.tv_sec * NS_PER_S + st->st_ctim.tv_nsec,
    };
}

/* As the walk does: nothing but files, and no links. */
static void add_name(struct listing *l, int dir, const char *name)
{
    struct stat st;
    uint32_t number = segment_number(span_str(name));
    if (number > 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
        add(l, number, &st);
    }
}

static int by_number(const void *a, const void *b)
{
    const struct journal_segment *x = a;
    const struct journal_segment *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* Takes the descriptor. */
static enum status list(struct listing *l, int fd)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        (void)close(fd);
        return ST_IO;
    }
    errno = 0;
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        add_name(l, fd, e->d_name);
        errno = 0;
    }
    int err = errno;
    (void)closedir(dir);
    errno = err;
    if (l->count > 0) {
        qsort(l->segment, l->count, sizeof(*l->segment), by_number);
    }
    return err == 0 ? ST_OK : ST_IO;
}

static enum status look(struct listing *l, int fd)
{
    struct stat st = {0};
    bool known = fstat(fd, &st) == 0;
    if (known && S_ISDIR(st.st_mode)) {
        return list(l, fd);
    }
    bool is_file = known && S_ISREG(st.st_mode);
    (void)close(fd);
    if (is_file) {
        add(l, 0, &st);
    }
    return ST_OK;
}

enum status journal_segments(const char *path, struct journal_segment **out, size_t *count,
                             struct why *why)
{
    struct listing l = {0};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    enum status st = fd >= 0 ? look(&l, fd) : ST_IO;
    *out = l.segment;
    *count = l.count;
    if (st == ST_OK && l.count > 0) {
        return ST_OK;
    }
    int err = errno;
    free(l.segment);
    *out = NULL;
    *count = 0;
    return st == ST_OK || err == ENOENT || err == ENOTDIR
               ? why_fail(why, ST_NOTFOUND, "%s holds no record", path)
               : why_fail(why, ST_IO, "cannot list %s: %s", path, err_text(err));
}
