/* cgroup.c - a cgroup v2 folder of one run: frozen and killed by the kernel as a whole, with no
 * race against fork().
 *
 * The folder is taken from the kernel's word on the program's own process, and only when it carries
 * the name that this run alone asked for. Where the hierarchy is mounted is read from
 * /proc/self/mounts.
 */
#include "checkrein/procs.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/file.h"
#include "checkrein/num.h"

#define SMALL_BYTES 65536 /* what a file of /proc or of a cgroup holds at most, for us */

static bool read_small(const char *path, struct buf *b)
{
    buf_init(b, SMALL_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t n = 0;
    do {
        char *room = buf_reserve(b, 4096);
        n = room ? read(fd, room, 4096) : 0;
        buf_commit(b, n > 0 ? (size_t)n : 0);
    } while (n > 0);
    (void)close(fd);
    return n == 0;
}

static bool write_small(const char *folder, const char *file, const char *text)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", folder, file);
    int fd = n > 0 && (size_t)n < sizeof(path) ? open(path, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return false;
    }
    bool written = file_write_all(fd, text, strlen(text)) == ST_OK;
    (void)close(fd);
    return written;
}

/* "cgroup2 /sys/fs/cgroup cgroup2 rw,..." */
static bool find_mount(char *out, size_t bytes)
{
    struct buf b;
    bool found = false;
    if (read_small("/proc/self/mounts", &b)) {
        struct span rest = buf_span(&b);
        struct span line;
        while (!found && span_next(&rest, '\n', &line)) {
            struct span device, place, kind;
            found = span_next(&line, ' ', &device) && span_next(&line, ' ', &place) &&
                    span_next(&line, ' ', &kind) && span_is(kind, "cgroup2") &&
                    span_copy(place, out, bytes);
        }
    }
    buf_release(&b);
    return found;
}

/* The line of version 2: "0::/user.slice/…". */
static bool find_place(int32_t pid, char *out, size_t bytes)
{
    char path[40];
    struct buf b;
    bool found = false;
    (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
    if (read_small(path, &b)) {
        struct span rest = buf_span(&b);
        struct span line;
        while (!found && span_next(&rest, '\n', &line)) {
            found = span_starts(line, "0::/") && span_copy(span_sub(line, 3, line.n), out, bytes);
        }
    }
    buf_release(&b);
    return found;
}

static struct span last_part(struct span path)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '/') {
        at--;
    }
    return span_sub(path, at, path.n);
}

char *cgroup_of(int32_t pid, const char *unit)
{
    char mount[PATH_MAX];
    char place[PATH_MAX];
    char freezer[2 * PATH_MAX + 16];
    if (!find_place(pid, place, sizeof(place)) || !span_is(last_part(span_str(place)), unit) ||
        !find_mount(mount, sizeof(mount))) {
        return NULL;
    }
    (void)snprintf(freezer, sizeof(freezer), "%s%s/cgroup.freeze", mount, place);
    if (access(freezer, W_OK) != 0) {
        return NULL;
    }
    freezer[strlen(freezer) - strlen("/cgroup.freeze")] = '\0';
    return xstrdup(freezer);
}

bool cgroup_freeze(const char *folder, bool frozen)
{
    return write_small(folder, "cgroup.freeze", frozen ? "1" : "0");
}

bool cgroup_kill(const char *folder)
{
    return write_small(folder, "cgroup.kill", "1");
}

bool cgroup_is_frozen(const char *folder)
{
    char path[PATH_MAX];
    struct buf b;
    bool frozen = false;
    (void)snprintf(path, sizeof(path), "%s/cgroup.events", folder);
    if (read_small(path, &b)) {
        struct span rest = buf_span(&b);
        struct span line;
        while (!frozen && span_next(&rest, '\n', &line)) {
            frozen = span_is(line, "frozen 1");
        }
    }
    buf_release(&b);
    return frozen;
}

/* Anybody can make a folder of the same name elsewhere: all that leads to it must be the same. */
bool cgroup_holds(const char *folder, int32_t pid)
{
    char place[PATH_MAX];
    const char *unit = strrchr(folder, '/');
    char *at = unit && find_place(pid, place, sizeof(place)) ? strstr(place, unit) : NULL;
    if (!at || (at[strlen(unit)] != '/' && at[strlen(unit)])) {
        return false;
    }
    at[strlen(unit)] = '\0'; /* what is in it may have folders below */
    return span_ends(span_str(folder), place);
}

void cgroup_members(const char *folder, struct proc_set *set)
{
    char path[PATH_MAX];
    struct buf b;
    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
    if (read_small(path, &b)) {
        struct span rest = buf_span(&b);
        struct span line;
        while (span_next(&rest, '\n', &line)) {
            int64_t pid = 0;
            struct proc_stat st;
            if (num_parse(line, 2, INT32_MAX, &pid) == ST_OK && pid != (int64_t)getpid() &&
                proc_read((int32_t)pid, &st) && !proc_has_ended(&st)) {
                proc_set_add(set, st.pid, st.start);
            }
        }
    }
    buf_release(&b);
}
