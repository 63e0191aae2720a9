/* peer.c - which process serves a socket, by the kernel's own tables and descriptors.
 *
 * A peer's word on its process id is only compared with them: a server that lies gets nothing
 * stopped. What listens and merely passes bytes on to another place is held off by the same
 * comparison, as the server behind it is another process.
 */
#include "checkrein/procs.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "checkrein/buf.h"
#include "checkrein/file.h"
#include "checkrein/num.h"

#define TABLE_BYTES ((size_t)16 << 20)
#define FIELDS      10
#define PLACE_BYTES 48 /* "ADDRESS:PORT" as /proc/net/tcp writes it */
#define INODES_MOST 8

struct inodes {
    uint64_t of[INODES_MOST];
    size_t count;
};

static void inode_add(struct inodes *all, struct span text)
{
    int64_t n = 0;
    if (all->count < INODES_MOST && num_parse(text, 1, INT64_MAX, &n) == ST_OK) {
        all->of[all->count++] = (uint64_t)n;
    }
}

/* ---- the kernel's tables of sockets */

typedef void row_fn(void *ctx, const struct span *field, size_t count);

static void each_row(const char *path, row_fn *fn, void *ctx)
{
    struct buf b;
    struct span line;
    buf_init(&b, TABLE_BYTES);
    struct span rest = file_read(path, &b, NULL) == ST_OK ? buf_span(&b) : SPAN_NONE;
    while (span_next(&rest, '\n', &line)) {
        struct span field[FIELDS] = {0};
        struct span word;
        size_t n = 0;
        while (n < FIELDS && span_next(&line, ' ', &word)) {
            if (word.n) {
                field[n++] = word;
            }
        }
        fn(ctx, field, n);
    }
    buf_release(&b);
}

struct tcp_search {
    char near[PLACE_BYTES], far[PLACE_BYTES]; /* the server's end of this connection */
    char all[PLACE_BYTES];                    /* the same port of every address */
    struct inodes ends, listeners;
};

/* "sl local rem st tx:rx tr:when retrnsmt uid timeout inode" */
static void take_tcp(void *ctx, const struct span *field, size_t count)
{
    struct tcp_search *s = ctx;
    if (count < FIELDS) {
        return;
    }
    bool near = span_is(field[1], s->near);
    if (near && span_is(field[2], s->far)) {
        inode_add(&s->ends, field[9]);
    } else if ((near || span_is(field[1], s->all)) && span_is(field[3], "0A")) {
        inode_add(&s->listeners, field[9]);
    }
}

/* Addresses are written word by word, as the machine holds them. */
static void tcp_place(const struct sockaddr_storage *at, bool any, char out[PLACE_BYTES])
{
    uint32_t word[4] = {0};
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    memcpy(&in, at, sizeof(in));
    memcpy(&in6, at, sizeof(in6));
    if (at->ss_family == AF_INET) {
        (void)snprintf(out, PLACE_BYTES, "%08X:%04X", any ? 0 : in.sin_addr.s_addr,
                       ntohs(in.sin_port));
        return;
    }
    if (!any) {
        memcpy(word, &in6.sin6_addr, sizeof(word));
    }
    (void)snprintf(out, PLACE_BYTES, "%08X%08X%08X%08X:%04X", word[0], word[1], word[2], word[3],
                   ntohs(in6.sin6_port));
}

static bool is_loopback(const struct sockaddr_storage *at)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    memcpy(&in, at, sizeof(in));
    memcpy(&in6, at, sizeof(in6));
    return at->ss_family == AF_INET
               ? ntohl(in.sin_addr.s_addr) >> 24 == 127
               : at->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

struct unix_search {
    const char *path;
    struct inodes listeners;
};

/* "Num RefCount Protocol Flags Type St Inode Path" */
static void take_unix(void *ctx, const struct span *field, size_t count)
{
    struct unix_search *s = ctx;
    if (count >= 8 && span_is(field[3], "00010000") && span_is(field[7], s->path)) {
        inode_add(&s->listeners, field[6]);
    }
}

/* ---- which process holds a socket */

static bool is_of(const char *link, const struct inodes *any)
{
    char want[40];
    for (size_t i = 0; i < any->count; i++) {
        (void)snprintf(want, sizeof(want), "socket:[%llu]", (unsigned long long)any->of[i]);
        if (strcmp(link, want) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds(int32_t pid, const struct inodes *any)
{
    char path[300];
    char link[64];
    const struct dirent *e;
    bool found = false;
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    DIR *dir = any->count ? opendir(path) : NULL;
    while (dir && !found && (e = readdir(dir))) {
        (void)snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, e->d_name);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        link[n > 0 ? n : 0] = '\0';
        found = is_of(link, any);
    }
    if (dir) {
        (void)closedir(dir);
    }
    return found;
}

static bool is_this_users(int32_t pid)
{
    char path[32];
    struct stat sb;
    (void)snprintf(path, sizeof(path), "/proc/%d", pid);
    return stat(path, &sb) == 0 && sb.st_uid == geteuid();
}

/* 0: nobody of this user, or more than one. */
static int32_t only_holder(const struct inodes *any)
{
    const struct dirent *e;
    int32_t found = 0;
    DIR *dir = opendir("/proc");
    while (dir && (e = readdir(dir))) {
        int64_t pid = 0;
        if (num_parse(span_str(e->d_name), 2, INT32_MAX, &pid) == ST_OK &&
            is_this_users((int32_t)pid) && holds((int32_t)pid, any)) {
            found = found ? -1 : (int32_t)pid;
            if (found < 0) {
                break;
            }
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    return found > 0 ? found : 0;
}

/* ---- both together */

/* Its start is read first: should the number be used again meanwhile, the two differ. */
static enum status settle(int32_t pid, const struct inodes *listeners, const struct inodes *ends,
                          struct proc_member *out, struct why *why)
{
    uint64_t start = proc_start_time(pid);
    if (pid <= 1 || !start || !is_this_users(pid)) {
        return why_fail(why, ST_DENIED, "its server is no process of this user");
    }
    if (!holds(pid, listeners) || (ends && !holds(pid, ends))) {
        return why_fail(why, ST_DENIED, "process %d does not hold its socket", pid);
    }
    if (!proc_alive(pid, start)) {
        return why_fail(why, ST_NOTFOUND, "its server has ended");
    }
    *out = (struct proc_member){pid, start};
    return ST_OK;
}

static enum status of_unix(int fd, const struct sockaddr_un *at, int32_t said,
                           struct proc_member *out, struct why *why)
{
    struct unix_search s = {.path = at->sun_path};
    struct ucred peer = {0};
    socklen_t n = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0 || peer.pid <= 0) {
        return why_fail(why, ST_DENIED, "the kernel does not say whose its socket is");
    }
    if (said && said != peer.pid) {
        return why_fail(why, ST_DENIED, "it says that it is process %d, its socket is %d's", said,
                        (int)peer.pid);
    }
    each_row("/proc/net/unix", take_unix, &s);
    return settle((int32_t)peer.pid, &s.listeners, NULL, out, why);
}

static enum status of_tcp(const struct sockaddr_storage *here, const struct sockaddr_storage *there,
                          int32_t said, struct proc_member *out, struct why *why)
{
    struct tcp_search s = {0};
    tcp_place(there, false, s.near);
    tcp_place(there, true, s.all);
    tcp_place(here, false, s.far);
    if (!is_loopback(there)) {
        return why_fail(why, ST_DENIED, "its server is on another machine");
    }
    each_row(there->ss_family == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6", take_tcp, &s);
    int32_t pid = said ? said : only_holder(&s.listeners);
    if (!pid) {
        return why_fail(why, ST_DENIED, "no one process of this user listens there");
    }
    return settle(pid, &s.listeners, said ? &s.ends : NULL, out, why);
}

enum status proc_of_peer(int fd, int32_t said, struct proc_member *out, struct why *why)
{
    struct sockaddr_storage here = {0};
    struct sockaddr_storage there = {0};
    socklen_t here_n = sizeof(here);
    socklen_t there_n = sizeof(there) - 1;
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&here, &here_n) != 0 ||
        getpeername(fd, (struct sockaddr *)&there, &there_n) != 0) {
        return why_fail(why, ST_CLOSED, "it is not connected");
    }
    return there.ss_family == AF_UNIX
               ? of_unix(fd, (const struct sockaddr_un *)&there, said, out, why)
               : of_tcp(&here, &there, said, out, why);
}

void proc_program(int32_t pid, char *out, size_t bytes)
{
    char path[32];
    char link[4096];
    (void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    ssize_t n = readlink(path, link, sizeof(link) - 1);
    link[n > 0 ? n : 0] = '\0';
    const char *name = strrchr(link, '/');
    if (!span_copy(span_str(name ? name + 1 : link), out, bytes)) {
        out[0] = '\0';
    }
}
