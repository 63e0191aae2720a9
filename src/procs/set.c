/* set.c - sets of processes, and signals that hit no other. */
#include "checkrein/procs.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checkrein/alloc.h"

bool proc_signal(const struct proc_member *m, int signo)
{
    int fd = (int)syscall(SYS_pidfd_open, m->pid, 0);
    if (fd < 0) {
        return false;
    }
    /* The pidfd pins the process: compare the start time now, and no reused number is hit. */
    bool sent = proc_start_time(m->pid) == m->start &&
                syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0) == 0;
    int err = errno;
    (void)close(fd);
    errno = err;
    return sent;
}

/* ---- sets */

bool proc_set_has(const struct proc_set *set, int32_t pid, uint64_t start)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i].pid == pid && set->item[i].start == start) {
            return true;
        }
    }
    return false;
}

void proc_set_add(struct proc_set *set, int32_t pid, uint64_t start)
{
    if (!proc_set_has(set, pid, start)) {
        GROW(set->item, set->cap, set->count + 1);
        set->item[set->count++] = (struct proc_member){pid, start};
    }
}

void proc_set_drop_dead(struct proc_set *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (proc_alive(set->item[i].pid, set->item[i].start)) {
            set->item[kept++] = set->item[i];
        }
    }
    set->count = kept;
}

void proc_set_release(struct proc_set *set)
{
    free(set->item);
    *set = (struct proc_set){0};
}
