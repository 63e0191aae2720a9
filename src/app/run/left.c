#include "run_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/num.h"

#define ANCESTORS_MAX 64

/* Parent and state of a process, from /proc/PID/stat; the name in front may hold anything but ends
 * with the last ')'. */
static bool read_parent(int32_t pid, int32_t *parent, char *state)
{
    char path[40];
    char text[1024];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    while (n > 0 && text[n - 1] != ')') {
        n--;
    }
    struct span rest = span_sub((struct span){text, sizeof(text)}, (size_t)(n > 0 ? n + 1 : 0), 32);
    struct span field;
    int64_t value = 0;
    if (n <= 0 || !span_next(&rest, ' ', &field) || field.n != 1) {
        return false;
    }
    *state = field.p[0];
    if (!span_next(&rest, ' ', &field) || num_parse(field, 0, INT32_MAX, &value) != ST_OK) {
        return false;
    }
    *parent = (int32_t)value;
    return true;
}

static bool is_below(int32_t pid)
{
    char state = '?';
    int32_t parent = 0;
    if (!read_parent(pid, &parent, &state) || state == 'Z') {
        return false;
    }
    for (int i = 0; i < ANCESTORS_MAX && parent > 1; i++) {
        if (parent == (int32_t)getpid()) {
            return true;
        }
        if (!read_parent(parent, &parent, &state)) {
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
