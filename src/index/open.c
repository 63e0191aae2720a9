/* open.c - which file is of which record. */
#include "store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/num.h"

#define NAME_CHARS   40 /* of the record's own name in that of its index */
#define NUMBER_BYTES 8  /* of the hash of its path */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

/* "console-7cf9b2b3c3116197.sqlite": for people, and for each path another. */
static void make_name(const char *real, char *out, size_t cap)
{
    uint8_t hash[SHA256_BYTES];
    char hex[2 * NUMBER_BYTES + 1];
    char name[NAME_CHARS + 1];
    const char *slash = strrchr(real, '/');
    (void)span_copy(span_str(slash ? slash + 1 : real), name, sizeof(name));
    for (char *c = name; *c; c++) {
        if (!is_plain(*c)) {
            *c = '_';
        }
    }
    sha256(span_str(real), hash);
    hex_encode(hash, NUMBER_BYTES, hex);
    (void)snprintf(out, cap, "%s-%s.sqlite", name, hex);
}

enum status index_file_of(const char *folder, const char *path, char **file, struct why *why)
{
    char real[PATH_MAX];
    char name[NAME_CHARS + 2 * NUMBER_BYTES + 16];
    *file = NULL;
    if (!realpath(path, real)) {
        return why_fail(why, errno == ENOENT || errno == ENOTDIR ? ST_NOTFOUND : ST_IO, "%s: %s",
                        path, err_text(errno));
    }
    make_name(real, name, sizeof(name));
    if (asprintf(file, "%s/%s", folder, name) < 0) {
        abort();
    }
    return ST_OK;
}

/* SQLite is to follow no link in a file's place; the folder itself may be behind one. */
static enum status take_folder(struct index *ix, const char *folder, struct why *why)
{
    char real[PATH_MAX];
    enum status st = ix->made_only ? ST_OK : file_make_dirs(folder, 0700, why);
    if (st != ST_OK) {
        return st;
    }
    ix->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ix->folder < 0 || !realpath(folder, real)) {
        return why_fail(why, errno == ENOENT ? ST_NOTFOUND : ST_IO, "%s: %s", folder,
                        err_text(errno));
    }
    return index_file_of(real, ix->path, &ix->file, why);
}

static enum status open_file(struct index *ix, struct why *why)
{
    enum status st = store_lock(ix, why);
    if (st != ST_OK) {
        return st;
    }
    st = store_open(ix, why);
    st = st == ST_CONFLICT && !ix->made_only ? store_renew(ix, why) : st;
    store_unlock(ix);
    return st;
}

static enum status open_index(struct index **out, struct index *ix, const char *folder,
                              const char *path, struct why *why)
{
    ix->path = xstrdup(path);
    ix->folder = -1;
    enum status st = take_folder(ix, folder, why);
    st = st == ST_OK ? open_file(ix, why) : st;
    if (st != ST_OK) {
        index_close(ix);
        ix = NULL;
    }
    *out = ix;
    return st;
}

enum status index_open(struct index **out, const char *folder, const char *path, struct why *why)
{
    return open_index(out, xcalloc(1, sizeof(struct index)), folder, path, why);
}

enum status index_open_made(struct index **out, const char *folder, const char *path,
                            struct why *why)
{
    struct index *ix = xcalloc(1, sizeof(*ix));
    ix->made_only = true;
    return open_index(out, ix, folder, path, why);
}

enum status index_drop(const char *folder, const char *path, struct why *why)
{
    struct index *ix = xcalloc(1, sizeof(*ix));
    ix->made_only = true;
    ix->path = xstrdup(path);
    ix->folder = -1;
    enum status st = take_folder(ix, folder, why);
    st = st == ST_OK ? store_lock(ix, why) : st;
    if (st == ST_OK) {
        st = store_remove(ix->file, why);
        store_unlock(ix);
    }
    index_close(ix);
    return st;
}

void index_close(struct index *ix)
{
    if (!ix) {
        return;
    }
    store_close(ix);
    if (ix->folder >= 0) {
        (void)close(ix->folder);
    }
    free(ix->path);
    free(ix->file);
    free(ix);
}
