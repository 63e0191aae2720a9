#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/log.h"
#include "server_priv.h"

enum { BACKLOG = 512 };

static enum status failed(struct why *why, const char *what, const char *where)
{
    return why_fail(why, ST_IO, "%s %s: %s", what, where, err_text(errno));
}

static enum status unix_address(const char *path, struct sockaddr_un *at, struct why *why)
{
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] != '/' || !span_copy(span_str(path), at->sun_path, sizeof(at->sun_path))) {
        return why_fail(why, ST_INVALID, "socket path must start with / and have at most %zu bytes",
                        sizeof(at->sun_path) - 1);
    }
    return ST_OK;
}

static enum status make_folder(const char *path, struct why *why)
{
    char *folder = xstrdup(path);
    char *slash = strrchr(folder, '/');
    enum status st = ST_OK;
    if (slash != folder) {
        *slash = '\0';
        st = file_make_dirs(folder, 0700, why);
    }
    free(folder);
    return st;
}

/* The lock says who serves, also between our looking and our binding. Its file stays: unlinking it
 * would let two hold two. */
static enum status take_lock(struct listener *l, struct why *why)
{
    struct buf path;
    buf_init(&path, PATH_MAX);
    (void)buf_printf(&path, "%s.lock", l->unix_path);
    l->lock_fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    buf_release(&path);
    if (l->lock_fd < 0) {
        return failed(why, "cannot open the lock of", l->unix_path);
    }
    if (flock(l->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return why_fail(why, ST_EXISTS, "another server holds %s", l->unix_path);
    }
    return ST_OK;
}

static enum status somebody_answers(const struct sockaddr_un *at, struct why *why)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return failed(why, "cannot probe", at->sun_path);
    }
    int err = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ? 0 : errno;
    close(fd);
    if (err == ECONNREFUSED || err == ENOENT) {
        return ST_OK;
    }
    return why_fail(why, ST_EXISTS, "another server answers on %s", at->sun_path);
}

/* Only a socket, only ours, and only when nobody listens on it any more. */
static enum status clear_stale(const struct sockaddr_un *at, struct why *why)
{
    struct stat st;
    if (lstat(at->sun_path, &st) != 0) {
        return errno == ENOENT ? ST_OK : failed(why, "cannot look at", at->sun_path);
    }
    if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
        return why_fail(why, ST_EXISTS, "%s is there and is not a socket of ours", at->sun_path);
    }
    enum status answer = somebody_answers(at, why);
    if (answer != ST_OK) {
        return answer;
    }
    return unlink(at->sun_path) == 0 ? ST_OK : failed(why, "cannot replace", at->sun_path);
}

static enum status bind_private(struct listener *l, const struct sockaddr_un *at, struct why *why)
{
    mode_t before = umask(0177);
    int bound = bind(l->fd, (const struct sockaddr *)at, sizeof(*at));
    int err = errno;
    (void)umask(before);
    if (bound != 0) {
        errno = err;
        return failed(why, "cannot bind", at->sun_path);
    }
    struct stat st;
    if (lstat(at->sun_path, &st) != 0) {
        return failed(why, "cannot look at", at->sun_path);
    }
    l->device = st.st_dev;
    l->inode = st.st_ino;
    return ST_OK;
}

static enum status open_unix(struct listener *l, struct why *why)
{
    struct sockaddr_un at;
    enum status st = unix_address(l->unix_path, &at, why);
    if (st == ST_OK) {
        st = make_folder(l->unix_path, why);
    }
    if (st == ST_OK) {
        st = take_lock(l, why);
    }
    if (st == ST_OK) {
        st = clear_stale(&at, why);
    }
    if (st != ST_OK) {
        return st;
    }
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0) {
        return failed(why, "cannot open a socket for", at.sun_path);
    }
    return bind_private(l, &at, why);
}

static enum status open_tcp(struct listener *l, int *port, struct why *why)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)l->options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0 || setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0) {
        return failed(why, "cannot open a socket", "");
    }
    if (bind(l->fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        enum status st = errno == EADDRINUSE ? ST_EXISTS : ST_IO;
        return why_fail(why, st, "cannot bind port %d: %s", l->options.port, err_text(errno));
    }
    socklen_t n = sizeof(at);
    if (getsockname(l->fd, (struct sockaddr *)&at, &n) != 0) {
        return failed(why, "cannot read the port", "");
    }
    *port = ntohs(at.sin_port);
    return ST_OK;
}

static void on_retry(void *ctx)
{
    struct listener *l = ctx;
    l->retry = 0;
    loop_fd_want(l->net->loop, l->watch, LOOP_READ);
}

/* Out of descriptors: the waiting client would wake us for ever. */
static void pause_accepting(struct listener *l)
{
    log_write(LOG_WARN, "cannot take connections: %s", err_text(errno));
    loop_fd_want(l->net->loop, l->watch, 0);
    l->retry = loop_timer(l->net->loop, SERVER_RETRY_MS, on_retry, l);
}

static void on_ready(void *ctx, int listen_fd, unsigned ready)
{
    struct listener *l = ctx;
    (void)ready;
    for (int i = 0; i < BACKLOG; i++) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            conn_accept(l, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(l);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

static void fill_defaults(struct server_options *o)
{
    o->message_fragments = o->message_fragments == 0 ? SERVER_FRAGMENTS : o->message_fragments;
    o->messages_per_second = o->messages_per_second == 0 ? SERVER_RATE : o->messages_per_second;
    o->header_ms = o->header_ms <= 0 ? SERVER_HEADER_MS : o->header_ms;
    o->stall_ms = o->stall_ms <= 0 ? SERVER_STALL_MS : o->stall_ms;
}

static struct listener *listener_new(struct net *n, const struct server_options *o,
                                     const struct server_events *ev, void *ctx)
{
    struct listener *l = xcalloc(1, sizeof(*l));
    l->net = n;
    l->fd = l->lock_fd = -1;
    l->options = *o;
    fill_defaults(&l->options);
    l->unix_path = o->unix_path != NULL ? xstrdup(o->unix_path) : NULL;
    l->protocol = o->protocol != NULL ? xstrdup(o->protocol) : NULL;
    l->options.unix_path = l->unix_path;
    l->options.protocol = l->protocol;
    l->events = *ev;
    l->ctx = ctx;
    return l;
}

static void close_files(struct listener *l)
{
    struct stat st;
    if (l->inode != 0 && lstat(l->unix_path, &st) == 0 && st.st_ino == l->inode &&
        st.st_dev == l->device) {
        (void)unlink(l->unix_path);
    }
    if (l->fd >= 0) {
        close(l->fd);
    }
    if (l->lock_fd >= 0) {
        close(l->lock_fd);
    }
    l->fd = l->lock_fd = -1;
    l->inode = 0;
}

static void listener_free(struct listener *l)
{
    struct listener **link = &l->net->listeners;
    while (*link != NULL && *link != l) {
        link = &(*link)->next;
    }
    if (*link == l) {
        *link = l->next;
    }
    close_files(l);
    free(l->unix_path);
    free(l->protocol);
    free(l);
}

void listener_drop(struct listener *l)
{
    l->open--;
    if (l->shut && l->open == 0) {
        listener_free(l);
    }
}

static bool limits_valid(const struct server_options *o)
{
    bool tcp = o->unix_path != NULL || (o->port >= 0 && o->port <= 65535);
    return tcp && o->max_connections > 0 && o->body_bytes <= SERVER_REPLY_BYTES &&
           (o->protocol == NULL || (o->message_bytes > 0 && o->queue_bytes > 0)) &&
           o->messages_per_second <= 1000000;
}

enum status net_listen(struct net *n, const struct server_options *o,
                       const struct server_events *ev, void *ctx, net_id *listener, int *port,
                       struct why *why)
{
    int no_port = 0;
    port = port != NULL ? port : &no_port;
    *listener = 0;
    *port = 0;
    if (!limits_valid(o)) {
        return why_fail(why, ST_INVALID, "a limit of the server is missing or out of range");
    }
    struct listener *l = listener_new(n, o, ev, ctx);
    enum status st = l->unix_path != NULL ? open_unix(l, why) : open_tcp(l, port, why);
    if (st == ST_OK && listen(l->fd, BACKLOG) != 0) {
        st = failed(why, "cannot listen", "");
    }
    if (st == ST_OK && loop_fd_add(n->loop, l->fd, LOOP_READ, on_ready, l, &l->watch) != ST_OK) {
        st = failed(why, "cannot watch the socket", "");
    }
    if (st != ST_OK) {
        listener_free(l);
        return st;
    }
    l->id = *listener = net_id_new(n, ID_LISTENER, l);
    l->next = n->listeners;
    n->listeners = l;
    return ST_OK;
}

void net_unlisten(struct net *n, net_id listener)
{
    struct listener *l = net_id_find(n, listener, ID_LISTENER);
    if (l == NULL) {
        return;
    }
    net_id_free(n, listener);
    loop_remove(n->loop, l->watch);
    loop_remove(n->loop, l->retry);
    l->shut = true;
    close_files(l);
    if (l->open == 0) {
        listener_free(l);
    }
}

/* The connections hold their listeners, so these go first and the last connection frees them. */
void server_release(struct net *n)
{
    struct listener *next = NULL;
    for (struct listener *l = n->listeners; l != NULL; l = next) {
        next = l->next;
        net_unlisten(n, l->id);
    }
    while (n->conns != NULL) {
        conn_kill(n->conns);
    }
    server_kicked(n);
}
