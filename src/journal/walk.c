#include "walk_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record_priv.h"

/* A segment may be dropped between the look and the opening. */
static enum status open_first(struct walk *w, struct folder *f)
{
    enum status st;
    do {
        w->first = f->first;
        st = walk_to(w, f->first);
    } while (st != ST_OK && errno == ENOENT && walk_was_overtaken(w) &&
             folder_scan(w->dir, 0, f) == ST_OK && f->count > 0);
    return st;
}

static enum status start_folder(struct walk *w, const char *path, struct why *why)
{
    struct folder f;
    if (folder_scan(w->dir, 0, &f) != ST_OK) {
        return why_fail(why, ST_IO, "cannot list %s: %s", path, err_text(errno));
    }
    if (f.count == 0) {
        return why_fail(why, ST_NOTFOUND, "%s holds no record (no 000001.jsonl)", path);
    }
    if (open_first(w, &f) != ST_OK) {
        return why_fail(why, errno == EACCES ? ST_DENIED : ST_IO,
                        "cannot open segment %" PRIu32 " in %s: %s", f.first, path,
                        err_text(errno));
    }
    return ST_OK;
}

static enum status status_of(int err)
{
    return err == ENOENT || err == ENOTDIR ? ST_NOTFOUND : err == EACCES ? ST_DENIED : ST_IO;
}

/* Gives the descriptor to the walk or closes it. */
static enum status take_path(struct walk *w, int fd, const char *path, struct why *why)
{
    struct stat st = {0};
    const char *slash = strrchr(path, '/');
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        w->dir = fd;
        return start_folder(w, path, why);
    }
    reader_init(&w->reader, fd);
    (void)span_copy(span_str(slash != NULL ? slash + 1 : path), w->file, sizeof(w->file));
    return S_ISREG(st.st_mode)
               ? ST_OK
               : why_fail(why, ST_INVALID, "%s is neither a folder nor a file", path);
}

enum status walk_open(struct walk *w, const char *path, struct why *why)
{
    *w = (struct walk){.dir = -1, .reader = {.fd = -1}};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return why_fail(why, status_of(errno), "cannot open %s: %s", path, err_text(errno));
    }
    enum status st = take_path(w, fd, path, why);
    if (st != ST_OK) {
        walk_release(w);
    }
    return st;
}

void walk_release(struct walk *w)
{
    reader_release(&w->reader);
    if (w->dir >= 0) {
        (void)close(w->dir);
    }
    w->dir = -1;
}

bool walk_was_overtaken(const struct walk *w)
{
    struct folder f;
    return w->dir >= 0 && folder_scan(w->dir, 0, &f) == ST_OK && f.count > 0 && f.first > w->first;
}

enum status walk_to(struct walk *w, uint32_t segment)
{
    if (w->dir < 0) {
        reader_rewind(&w->reader);
        return ST_OK;
    }
    int fd = folder_open_segment(w->dir, segment);
    if (fd < 0) {
        return ST_IO;
    }
    reader_release(&w->reader);
    reader_init(&w->reader, fd);
    w->segment = segment;
    return ST_OK;
}

static bool is_empty(int dir, uint32_t segment)
{
    struct stat st;
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0;
}

static bool exists(int dir, uint32_t segment)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment, name);
    return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The segment to go on with; 0: stay. A listing may miss a file that is made while it runs, and the
 * newest segment counts from its first byte on, since only then is the one before it finished. */
static enum status find_following(const struct walk *w, uint32_t *following)
{
    struct folder f;
    *following = 0;
    if (folder_scan(w->dir, w->segment, &f) != ST_OK) {
        return ST_IO;
    }
    if (f.first > w->segment + 1 && exists(w->dir, w->segment + 1)) {
        f.first = w->segment + 1;
    }
    if (f.count > 0 && (f.first < f.last || !is_empty(w->dir, f.first))) {
        *following = f.first;
    }
    return ST_OK;
}

bool walk_is_last(const struct walk *w)
{
    uint32_t following = 0;
    return w->dir < 0 || (find_following(w, &following) == ST_OK && following == 0);
}

static enum status tell(struct walk *w, enum status st, uint64_t line)
{
    w->place = (struct place){w->segment, line};
    return st;
}

/* Only called when this segment is finished and read to its end. */
static enum status step_to(struct walk *w, uint32_t following)
{
    bool is_cut = w->reader.rest > 0 || w->reader.line == 0;
    bool is_gap = following != w->segment + 1;
    (void)tell(w, ST_OK, w->reader.line + 1);
    if (walk_to(w, following) != ST_OK) {
        return ST_IO;
    }
    return is_gap ? ST_NOTFOUND : is_cut ? ST_INVALID : ST_OK;
}

enum status walk_next(struct walk *w, struct span *line)
{
    for (;;) {
        uint32_t following = 0;
        enum status st = reader_next(&w->reader, line);
        if (st != ST_END || w->dir < 0) {
            return tell(w, st, w->reader.line + (st == ST_END));
        }
        st = find_following(w, &following);
        if (st != ST_OK || following == 0) {
            return tell(w, st == ST_OK ? ST_END : st, w->reader.line + 1);
        }
        st = reader_next(&w->reader,
                         line); /* what came between the end and the look at the folder */
        if (st != ST_END) {
            return tell(w, st, w->reader.line);
        }
        st = step_to(w, following);
        if (st != ST_OK) {
            return st;
        }
    }
}

void walk_place_text(const struct walk *w, struct place at, char out[PLACE_BYTES])
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(at.segment, name);
    (void)snprintf(out, PLACE_BYTES, "%s:%" PRIu64, at.segment > 0 ? name : w->file, at.line);
}
