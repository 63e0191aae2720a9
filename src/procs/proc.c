/* proc.c - one process, as /proc tells of it. */
#include "checkrein/procs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "checkrein/num.h"

#define ANCESTORS_MAX 64

/* Numbers of the fields of /proc/PID/stat, as proc(5) counts them. */
enum {
    STAT_STATE = 3,
    STAT_PARENT = 4,
    STAT_GROUP = 5,
    STAT_SESSION = 6,
    STAT_FOREGROUND = 8,
    STAT_THREADS = 20,
    STAT_START = 22
};

static void take_field(struct proc_stat *out, int number, struct span field)
{
    int64_t value = 0;
    if (number == STAT_STATE) {
        out->state = (char)(field.n ? field.p[0] : '?');
        return;
    }
    if (num_parse(field, INT64_MIN, INT64_MAX, &value) != ST_OK) {
        return;
    }
    if (number == STAT_PARENT) {
        out->ppid = (int32_t)value;
    } else if (number == STAT_GROUP) {
        out->group = (int32_t)value;
    } else if (number == STAT_SESSION) {
        out->session = (int32_t)value;
    } else if (number == STAT_FOREGROUND) {
        out->foreground = (int32_t)value;
    } else if (number == STAT_THREADS) {
        out->threads = (int32_t)value;
    } else if (number == STAT_START) {
        out->start = (uint64_t)value;
    }
}

/* The name in field 2 may hold anything, so count from its ')'. */
static bool parse_stat(struct span text, struct proc_stat *out)
{
    size_t close = text.n;
    while (close > 0 && text.p[close - 1] != ')') {
        close--;
    }
    struct span rest = span_trim(span_sub(text, close, text.n));
    struct span field;
    int number = STAT_STATE;
    for (; number <= STAT_START && span_next(&rest, ' ', &field); number++) {
        take_field(out, number, field);
    }
    return number > STAT_START;
}

static bool read_stat(const char *path, struct proc_stat *out)
{
    char text[1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, text, sizeof(text));
    (void)close(fd);
    return n > 0 && parse_stat((struct span){text, (size_t)n}, out);
}

bool proc_read(int32_t pid, struct proc_stat *out)
{
    char path[40];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    *out = (struct proc_stat){.pid = pid};
    return read_stat(path, out);
}

uint64_t proc_start_time(int32_t pid)
{
    struct proc_stat st;
    return proc_read(pid, &st) ? st.start : 0;
}

bool proc_alive(int32_t pid, uint64_t start)
{
    struct proc_stat st;
    return proc_read(pid, &st) && st.start == start && !proc_has_ended(&st);
}

static bool is_dead(const struct proc_stat *p)
{
    return p->state == 'Z' || p->state == 'X';
}

bool proc_has_ended(const struct proc_stat *p)
{
    return is_dead(p) && p->threads <= 1;
}

static bool is_stopped(const struct proc_stat *p)
{
    return p->state == 'T' || p->state == 't';
}

static bool threads_are_still(int32_t pid)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    const struct dirent *e;
    bool still = dir != NULL;
    while (still && (e = readdir(dir))) {
        struct proc_stat thread = {0};
        (void)snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", pid, e->d_name);
        still = e->d_name[0] == '.' || !read_stat(path, &thread) || is_stopped(&thread) ||
                is_dead(&thread);
    }
    if (dir) {
        (void)closedir(dir);
    }
    return still;
}

bool proc_is_still(const struct proc_stat *p)
{
    return (is_stopped(p) || is_dead(p)) && (p->threads <= 1 || threads_are_still(p->pid));
}

bool proc_is_ancestor(int32_t ancestor, int32_t of)
{
    struct proc_stat st;
    for (int i = 0; i < ANCESTORS_MAX && of > 1; i++) {
        if (of == ancestor) {
            return true;
        }
        if (!proc_read(of, &st)) {
            return false;
        }
        of = st.ppid;
    }
    return false;
}
