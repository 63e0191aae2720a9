#include "export_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 8192

static enum status file_fault(const struct export_output *o, struct why *why)
{
    return errno == EEXIST ? why_fail(why, ST_EXISTS, "%s is there; --force replaces it", o->path)
                           : why_fail(why, ST_IO, "%s: %s", o->path, err_text(errno));
}

/* It gets its name when it is whole. */
static enum status open_beside(struct export_output *o, struct why *why)
{
    struct buf name;
    buf_init(&name, NAME_BYTES);
    buf_printf(&name, "%s.XXXXXX", o->path);
    o->work = buf_detach(&name, NULL);
    buf_release(&name);
    int fd = mkostemp(o->work, O_CLOEXEC); /* mode 0600 */
    o->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    return o->file ? ST_OK : file_fault(o, why);
}

enum status export_open(struct export_output *o, const char *path, const char *force,
                        struct why *why)
{
    struct stat there;
    *o = (struct export_output){.path = path, .replaces = force != NULL};
    if (!path) {
        o->file = stdout;
        return ST_OK;
    }
    if (lstat(path, &there) != 0) {
        return open_beside(o, why);
    }
    if (!force) {
        errno = EEXIST;
        return file_fault(o, why);
    }
    return S_ISREG(there.st_mode) || S_ISLNK(there.st_mode) /* never /dev/null, as root */
               ? open_beside(o, why)
               : why_fail(why, ST_INVALID, "%s is no file that can be replaced", path);
}

enum status export_write(struct export_output *o, struct span text, struct why *why)
{
    return fwrite(text.p, 1, text.n, o->file) == text.n
               ? ST_OK
               : why_fail(why, ST_IO, "cannot write: %s", err_text(errno));
}

/* Some file systems cannot rename without replacing; those can link. */
static int name_new(const struct export_output *o)
{
    if (renameat2(AT_FDCWD, o->work, AT_FDCWD, o->path, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    return errno == EINVAL && link(o->work, o->path) == 0 ? unlink(o->work) : -1;
}

static enum status finish(struct export_output *o, enum status st, struct why *why)
{
    if (st == ST_OK && (fflush(o->file) != 0 || (o->path && fsync(fileno(o->file)) != 0))) {
        st = why_fail(why, ST_IO, "cannot write: %s", err_text(errno));
    }
    if (o->path && fclose(o->file) != 0 && st == ST_OK) {
        st = file_fault(o, why);
    }
    if (st == ST_OK && o->path && (o->replaces ? rename(o->work, o->path) : name_new(o)) != 0) {
        st = file_fault(o, why);
    }
    return st;
}

enum status export_close(struct export_output *o, enum status st, struct why *why)
{
    if (o->file) {
        st = finish(o, st, why);
        if (st != ST_OK && o->work) {
            (void)unlink(o->work);
        }
    }
    free(o->work);
    *o = (struct export_output){0};
    return st;
}
