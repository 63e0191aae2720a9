/* conn_io.c - the bytes of a connection: what is read goes to its state, what is queued goes out.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "server_priv.h"

enum { COMPACT_BYTES = 64 * 1024 };

bool conn_pending(const struct conn *c)
{
    return c->out.len > c->out_sent;
}

void conn_watch(struct conn *c)
{
    unsigned want = conn_pending(c) || c->stream.draining ? LOOP_WRITE : 0;
    if (c->state == CONN_DEAD) {
        return;
    }
    bool has_more = (c->state == CONN_HEAD || c->state == CONN_STREAM) &&
                    c->kicked; /* read already, and to be looked at first */
    if (c->state == CONN_HELD || (c->state == CONN_STREAM && !conn_stream_reads(c))) {
        want |= LOOP_HANGUP;
    } else if (c->state != CONN_ANSWER && !has_more) {
        want |= LOOP_READ;
    }
    if (want != c->want) {
        loop_fd_want(c->net->loop, c->watch, want);
        c->want = want;
    }
}

bool conn_hung_up(const struct conn *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void all_sent(struct conn *c)
{
    buf_clear(&c->out);
    c->out_sent = 0;
    switch (c->state) {
    case CONN_ANSWER:
        if (!conn_stream_drains(c)) {
            conn_stream_finished(c);
            conn_answer_sent(c);
        }
        break;
    case CONN_LINGER:
        (void)shutdown(c->fd, SHUT_WR);
        break;
    case CONN_STREAM:
        conn_stream_sent(c);
        break;
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_HELD:
    case CONN_WS:
    case CONN_WS_CLOSING:
    case CONN_DEAD:
    default:
        break;
    }
}

void conn_lost(struct conn *c, const char *why)
{
    if (c->state == CONN_HELD || c->state == CONN_STREAM || c->stream.finishing) {
        net_id id = c->id;
        struct listener *l = c->listener;
        conn_kill(c);
        l->events.request_gone(l->ctx, id);
    } else if (c->state == CONN_WS || c->state == CONN_WS_CLOSING) {
        conn_ws_lost(c, why);
    } else {
        conn_kill(c);
    }
}

/* An error while sending is not told from here: who called may be the user. The reading side sees
 * it. */
static bool send_some(struct conn *c)
{
    ssize_t n = send(c->fd, c->out.data + c->out_sent, c->out.len - c->out_sent, MSG_NOSIGNAL);
    if (n > 0) {
        c->out_sent += (size_t)n;
        c->stream.out += (size_t)n;
    } else if (errno == EAGAIN || errno == EINTR) {
        return false;
    } else {
        c->out_sent = c->out.len;
        c->keep_alive = false;
        c->send_failed = true;
        return true;
    }
    if (c->out_sent >= COMPACT_BYTES && c->out_sent < c->out.len) {
        buf_consume(&c->out, c->out_sent);
        c->out_sent = 0;
    }
    return true;
}

void conn_flush(struct conn *c)
{
    if (c->stream.draining) {
        all_sent(c);
    }
    while (c->state != CONN_DEAD && conn_pending(c) && send_some(c)) {
        if (!conn_pending(c)) {
            all_sent(c);
        }
    }
    conn_watch(c);
}

void conn_end_answer(struct conn *c)
{
    if (!conn_pending(c)) {
        all_sent(c);
    }
    conn_flush(c);
}

void conn_linger(struct conn *c)
{
    conn_forget_request(c);
    buf_clear(&c->in);
    conn_state(c, CONN_LINGER, SERVER_LINGER_MS);
    if (!conn_pending(c)) {
        (void)shutdown(c->fd, SHUT_WR);
    }
    if (c->saw_end && !conn_pending(c)) {
        conn_kill(c);
    }
    conn_watch(c);
}

static size_t read_away(struct conn *c, struct span in)
{
    c->lingered_bytes += in.n;
    if (c->lingered_bytes > SERVER_LINGER_BYTES) {
        conn_kill(c);
    }
    return in.n;
}

static size_t read_one(struct conn *c, struct span in)
{
    switch (c->state) {
    case CONN_HEAD:
        return conn_read_head(c, in);
    case CONN_BODY:
        return conn_read_body(c, in);
    case CONN_STREAM:
        return conn_stream_read(c, in);
    case CONN_WS:
    case CONN_WS_CLOSING:
        return conn_ws_read(c, in);
    case CONN_LINGER:
        return read_away(c, in);
    case CONN_HELD:
    case CONN_ANSWER:
    case CONN_DEAD:
    default:
        return 0;
    }
}

void conn_reclaim(struct conn *c)
{
    if (c->in.len == 0 && c->in.cap > NET_READ_BYTES / 16) {
        buf_release(&c->in);
        buf_init(&c->in, CONN_IN_BYTES);
    }
    if (c->out.len == 0 && c->out.cap > NET_READ_BYTES) {
        size_t limit = c->out.limit;
        buf_release(&c->out);
        buf_init(&c->out, limit);
    }
}

void conn_input(struct conn *c, struct span fresh)
{
    bool waiting = c->in.len > 0;
    if (waiting) {
        (void)buf_add(&c->in, fresh);
    }
    struct span s = waiting ? buf_span(&c->in) : fresh;
    size_t used = 0;
    c->busy = true;
    while (used < s.n) {
        size_t n = read_one(c, span_sub(s, used, s.n));
        if (n == 0) {
            break;
        }
        used += n;
    }
    c->busy = false;
    if (c->state == CONN_DEAD) {
        return;
    }
    if (!waiting) {
        (void)buf_add(&c->in, span_sub(s, used, s.n));
    } else {
        buf_consume(&c->in, used);
        explicit_bzero(c->in.data + c->in.len, s.n - c->in.len); /* it may have been a head */
    }
    conn_flush(c);
    conn_reclaim(c);
}

static void end_of_input(struct conn *c)
{
    c->saw_end = true;
    if (c->state == CONN_LINGER && conn_pending(c)) {
        conn_kill(c);
        return;
    }
    conn_lost(c, "connection lost");
}

static void receive(struct conn *c)
{
    ssize_t n = recv(c->fd, c->net->read_buffer, NET_READ_BYTES, 0);
    if (n > 0) {
        bool may_hold_secret = c->state == CONN_HEAD;
        conn_input(c, (struct span){c->net->read_buffer, (size_t)n});
        if (may_hold_secret) {
            explicit_bzero(c->net->read_buffer, (size_t)n);
        }
    } else if (n == 0) {
        end_of_input(c);
    } else if (errno != EAGAIN && errno != EINTR) {
        conn_lost(c, err_text(errno));
    }
}

void conn_on_io(void *ctx, int fd, unsigned ready)
{
    struct conn *c = ctx;
    (void)fd;
    if ((ready & LOOP_WRITE) != 0) {
        conn_flush(c);
    }
    if (c->state == CONN_DEAD || (ready & (LOOP_READ | LOOP_HANGUP)) == 0) {
        return;
    }
    bool reads = c->state != CONN_STREAM || conn_stream_reads(c);
    if (c->state == CONN_HELD || c->state == CONN_ANSWER || !reads) {
        if ((ready & LOOP_HANGUP) != 0) {
            conn_lost(c, "connection lost");
        }
        return;
    }
    receive(c);
}
