#include "tmpdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkrein/buf.h"
#include "checkrein/file.h"

#define PATH_LIMIT 4096
#define OPEN_DIRS  16

static void must(bool good, const char *what, const char *path)
{
    if (!good) {
        (void)fprintf(stderr, "tmpdir: cannot %s %s: %s\n", what, path, err_text(errno));
        exit(99);
    }
}

char *tmpdir_join(const char *dir, const char *name)
{
    struct buf b;
    buf_init(&b, PATH_LIMIT);
    must(buf_printf(&b, "%s/%s", dir, name) == ST_OK, "join", dir);
    char *path = buf_detach(&b, NULL);
    buf_release(&b);
    return path;
}

char *tmpdir_new(void)
{
    const char *base = getenv("TMPDIR");
    char *pattern = tmpdir_join(base != NULL && *base != '\0' ? base : "/tmp", "checkrein-XXXXXX");
    must(mkdtemp(pattern) != NULL, "make", pattern);
    char *real = realpath(pattern, NULL);
    must(real != NULL, "resolve", pattern);
    free(pattern);
    return real;
}

char *tmpdir_put(const char *dir, const char *name, const char *text, mode_t mode)
{
    char *path = tmpdir_join(dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, "open", path);
    must(file_write_all(fd, text, strlen(text)) == ST_OK && fchmod(fd, mode) == 0, "write", path);
    must(close(fd) == 0, "close", path);
    return path;
}

size_t tmpdir_count(const char *dir)
{
    DIR *d = opendir(dir);
    must(d != NULL, "list", dir);
    size_t n = 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    (void)closedir(d);
    return n;
}

/* Children come first, but a folder must be readable before they can come. */
static int unlock_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)at;
    return type == FTW_DNR || type == FTW_D ? chmod(path, 0700) : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void tmpdir_free(char *dir)
{
    if (dir == NULL) {
        return;
    }
    (void)nftw(dir, unlock_one, OPEN_DIRS, FTW_PHYS);
    must(nftw(dir, remove_one, OPEN_DIRS, FTW_DEPTH | FTW_PHYS) == 0, "remove", dir);
    free(dir);
}
