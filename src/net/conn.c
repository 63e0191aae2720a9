#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "server_priv.h"

static void read_peer(struct conn *c)
{
    struct ucred peer;
    socklen_t n = sizeof(peer);
    c->peer_uid = (uid_t)-1;
    if (c->listener->unix_path == NULL) {
        int one = 1;
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    } else if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0) {
        c->peer_pid = peer.pid;
        c->peer_uid = peer.uid;
    }
}

static void join(struct conn *c)
{
    struct net *n = c->net;
    c->next = n->conns;
    c->link = &n->conns;
    if (c->next != NULL) {
        c->next->link = &c->next;
    }
    n->conns = c;
}

static void leave(struct conn *c)
{
    *c->link = c->next;
    if (c->next != NULL) {
        c->next->link = c->link;
    }
    c->next = c->net->dead;
    c->net->dead = c;
}

void conn_accept(struct listener *l, int fd)
{
    struct net *n = l->net;
    struct conn *c = xcalloc(1, sizeof(*c));
    c->net = n;
    c->listener = l;
    c->fd = fd;
    int most = (int)l->options.send_bytes;
    if (most > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
    }
    if (l->open >= l->options.max_connections ||
        loop_fd_add(n->loop, fd, LOOP_READ, conn_on_io, c, &c->watch) != ST_OK) {
        close(fd);
        free(c);
        return;
    }
    c->want = LOOP_READ;
    l->open++;
    buf_init(&c->in, CONN_IN_BYTES);
    buf_init(&c->out, SERVER_REPLY_BYTES + HTTP1_HEAD_BYTES);
    read_peer(c);
    join(c);
    conn_state(c, CONN_HEAD, l->options.header_ms);
}

void conn_kill(struct conn *c)
{
    if (c->state == CONN_DEAD) {
        return;
    }
    c->state = CONN_DEAD;
    loop_remove(c->net->loop, c->watch);
    loop_remove(c->net->loop, c->deadline);
    close(c->fd);
    if (!c->close_due) {
        net_id_free(c->net, c->id);
    }
    leave(c);
    net_kick(c->net);
}

static void conn_free(struct conn *c)
{
    conn_forget_request(c);
    ws_reader_release(&c->reader);
    buf_wipe(&c->in);
    buf_wipe(&c->out);
    listener_drop(c->listener);
    free(c);
}

static void on_deadline(void *ctx)
{
    struct conn *c = ctx;
    c->deadline = 0;
    switch (c->state) {
    case CONN_HEAD:
    case CONN_BODY:
        if (c->partial) {
            conn_answer_error(c, 408, NULL);
        } else {
            conn_kill(c);
        }
        break;
    case CONN_WS:
        conn_ws_fault(c, WS_POLICY, "message took too long");
        break;
    case CONN_WS_CLOSING:
        conn_ws_lost(c, c->close_why);
        break;
    case CONN_STREAM:
        conn_stream_clock(c);
        break;
    case CONN_ANSWER:
        if (conn_stream_moves(c)) {
            conn_state(c, CONN_ANSWER, c->listener->options.stall_ms);
        } else {
            conn_lost(c, "");
        }
        break;
    case CONN_HELD:
    case CONN_LINGER:
    case CONN_DEAD:
    default:
        conn_lost(c, "");
        break;
    }
}

void conn_state(struct conn *c, enum conn_state state, int64_t deadline_ms)
{
    c->state = state;
    loop_remove(c->net->loop, c->deadline);
    c->deadline = deadline_ms > 0 ? loop_timer(c->net->loop, deadline_ms, on_deadline, c) : 0;
}

void conn_kick(struct conn *c)
{
    struct net *n = c->net;
    if (!c->kicked) {
        c->kicked = true;
        c->next_kicked = NULL;
        *n->kicked_end = c;
        n->kicked_end = &c->next_kicked;
    }
    net_kick(n);
}

static void run_kicked(struct conn *c)
{
    c->kicked = false;
    if (c->close_due) {
        conn_ws_report(c);
    }
    if (c->stream.room_due) {
        conn_stream_room(c);
    }
    bool reads = c->state == CONN_HEAD || conn_stream_reads(c);
    if (reads && c->in.len > 0) {
        conn_input(c, SPAN_NONE);
    } else if (c->state != CONN_DEAD && conn_pending(c) && (c->want & LOOP_WRITE) == 0) {
        conn_flush(c);
    } else {
        conn_watch(c);
    }
}

void server_kicked(struct net *n)
{
    struct conn *c = NULL;
    while ((c = n->kicked) != NULL) {
        n->kicked = c->next_kicked;
        if (n->kicked == NULL) {
            n->kicked_end = &n->kicked;
        }
        run_kicked(c);
    }
    while ((c = n->dead) != NULL) {
        n->dead = c->next;
        conn_free(c);
    }
}

bool server_idle(const struct net *n)
{
    for (const struct conn *c = n->conns; c != NULL; c = c->next) {
        if (conn_pending(c)) {
            return false;
        }
    }
    return true;
}
