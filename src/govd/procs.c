/* procs.c - processes of agents, as the kernel tells them: who descends from whom, who is gone.
 *
 * A process is its pid and its start time together. It is watched through a pidfd, so its end is
 * seen, not polled for.
 */
#include "procs_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checkrein/log.h"

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

/* An agent may name any process that it descends from, but not one that the daemon or an operator's
 * console runs under as well, such as the terminal multiplexer that holds them all. */
bool proc_is_ours(const struct govd *g, int32_t pid)
{
    if (proc_is_ancestor(pid, (int32_t)getpid())) {
        return true;
    }
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        if (g->consoles[i].id && proc_is_ancestor(pid, g->consoles[i].peer_pid)) {
            return true;
        }
    }
    return false;
}

/* ---- watching */

void proc_unwatch(struct govd *g, struct session *s)
{
    if (s->watch) {
        loop_remove(g->loop, s->watch);
        s->watch = 0;
    }
    if (s->pidfd >= 0) {
        (void)close(s->pidfd);
        s->pidfd = -1;
    }
}

static void over(struct govd *g, struct session *s, const char *reason)
{
    gate_forget(g, s, "the process ended before it reported this call");
    gate_withdraw_all(g, s->ref);
    publish_state(g, s, AGENT_STOPPED, reason);
    session_seen(g, s, VERB_STOP, reason);
    session_seen(g, s, VERB_KILL, reason);
}

void proc_gone(struct govd *g, struct session *s, const char *reason)
{
    proc_unwatch(g, s);
    s->pid = 0;
    s->ending = false;
    (void)freeze_drop(g, s);
    over(g, s, reason);
    for (size_t i = 0; i < g->session_count; i++) {
        struct session *child = g->sessions[i];
        if (child->parent == s->ref && child->state != AGENT_STOPPED) {
            over(g, child, "the process of its parent ended");
        }
    }
    guarded_drop(g, s); /* `reason` may be of it */
    stop_count(g);
}

static void on_exit_seen(void *ctx, int fd, unsigned ready)
{
    (void)fd;
    (void)ready;
    struct session *s = ctx;
    struct govd *g = s->govd;
    proc_unwatch(g, s);
    if (s->ending) {
        ending_look(g, s); /* those below it may live on */
    } else if (!guardian_gone(g, s)) {
        const char *told = guarded_end(s);
        proc_gone(g, s, told ? told : "its process ended");
    }
}

void proc_watch(struct govd *g, struct session *s)
{
    s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
    if (s->pidfd < 0 || !s->pid_start || proc_start_time(s->pid) != s->pid_start) {
        proc_unwatch(g, s);
        s->pid = 0;
        return;
    }
    if (loop_fd_add(g->loop, s->pidfd, LOOP_READ, on_exit_seen, s, &s->watch) != ST_OK) {
        log_write(LOG_WARN, "a process cannot be watched");
        proc_unwatch(g, s);
        s->pid = 0;
    }
}
