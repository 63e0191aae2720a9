#include "run_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

#define ANCESTORS_MAX 64

/* Numbers of the fields of /proc/PID/stat, as proc(5) counts them. */
enum { STAT_STATE = 3, STAT_PARENT = 4, STAT_THREADS = 20 };

struct process {
    int32_t parent;
    bool ended; /* a zombie none of whose threads runs on */
};

/* The name in front may hold anything but ends with the last ')'. */
static bool read_process(int32_t pid, struct process *out)
{
    char path[40];
    char text[1024];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t have = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    ssize_t n = have;
    if (fd >= 0) {
        (void)close(fd);
    }
    while (n > 0 && text[n - 1] != ')') {
        n--;
    }
    struct span rest =
        n > 0 && have > n + 1 ? (struct span){text + n + 1, (size_t)(have - n - 1)} : SPAN_NONE;
    struct span field = SPAN_NONE;
    int64_t value = 0;
    bool zombie = false;
    int number = STAT_STATE;
    for (; number <= STAT_THREADS && span_next(&rest, ' ', &field); number++) {
        if (number == STAT_STATE) {
            zombie = span_is(field, "Z");
        } else if (num_parse(field, INT64_MIN, INT64_MAX, &value) == ST_OK &&
                   number == STAT_PARENT) {
            out->parent = (int32_t)value;
        }
    }
    out->ended = zombie && value <= 1;
    return number > STAT_THREADS;
}

static bool is_below(int32_t pid)
{
    struct process p;
    if (!read_process(pid, &p) || p.ended) {
        return false;
    }
    for (int i = 0; i < ANCESTORS_MAX && p.parent > 1; i++) {
        if (p.parent == (int32_t)getpid()) {
            return true;
        }
        if (!read_process(p.parent, &p)) {
            return false;
        }
    }
    return false;
}

size_t left_signal(int signo)
{
    size_t count = 0;
    DIR *dir = opendir("/proc");
    const struct dirent *e;
    while (dir && (e = readdir(dir))) {
        int64_t pid = 0;
        if (num_parse(span_str(e->d_name), 2, INT32_MAX, &pid) == ST_OK && is_below((int32_t)pid)) {
            count++;
            if (signo) {
                (void)kill((pid_t)pid, signo);
            }
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    return count;
}
