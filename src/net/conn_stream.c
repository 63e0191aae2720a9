/* conn_stream.c - requests whose body comes, and whose answer goes, in pieces. Nothing is kept here
 * but what the kernel did not take of an answer: a piece goes on in the turn that it came in.
 *
 * One clock for both ways: when it strikes, what should have moved since it was set must have.
 */
#include "server_priv.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static void set_clock(struct conn *c)
{
    c->stream.in = c->stream.out = 0;
    c->stream.waits = conn_pending(c);
    bool held = c->stream.held && !c->stream.waits && c->body.state != BODY_DONE;
    conn_state(c, CONN_STREAM, held ? SERVER_LOOK_MS : c->listener->options.stall_ms);
}

bool conn_stream_reads(const struct conn *c)
{
    return c->state == CONN_STREAM && !c->stream.held && c->body.state != BODY_DONE;
}

static void invite(struct conn *c)
{
    if (c->stream.owes_continue && conn_stream_reads(c) && !c->stream.answered) {
        c->stream.owes_continue = false;
        (void)buf_addstr(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
    }
}

void conn_stream_begin(struct conn *c)
{
    struct listener *l = c->listener;
    struct http_head head = conn_http_head(c);
    struct http1 *kept = c->head; /* the answer may come inside the call */
    c->stream = (struct conn_stream){.left = -1};
    c->stream.owes_continue = kept->expects_continue;
    c->partial = false;
    c->head = NULL;
    c->id = net_id_new(c->net, ID_REQUEST, c);
    net_id id = c->id;
    set_clock(c);
    l->events.begun(l->ctx, id, &head);
    http1_free(kept);
    if (c->state == CONN_STREAM && c->id == id) {
        invite(c);
        if (c->body.state == BODY_DONE) {
            l->events.whole(l->ctx, id);
        }
    }
}

/* The body is not what it should be: no answer but ours, or the one that has begun ends here. */
static void fault(struct conn *c, int status)
{
    struct listener *l = c->listener;
    net_id id = c->id;
    net_id_free(c->net, id);
    c->id = 0;
    c->keep_alive = false;
    if (c->stream.answered) {
        conn_kill(c);
    } else {
        conn_answer_error(c, status, NULL);
    }
    l->events.request_gone(l->ctx, id);
}

size_t conn_stream_read(struct conn *c, struct span in)
{
    struct listener *l = c->listener;
    struct buf *piece = &c->net->piece;
    int status = 0;
    if (!conn_stream_reads(c)) {
        return 0;
    }
    buf_clear(piece);
    piece->limit = l->options.body_bytes - c->stream.taken;
    net_id id = c->id;
    size_t n = http1_body_feed(&c->body, in, piece, &status);
    c->stream.taken += piece->len;
    c->stream.in += piece->len;
    if (piece->len > 0) {
        l->events.piece(l->ctx, id, buf_span(piece));
    }
    explicit_bzero(piece->data, piece->len);
    if (c->state != CONN_STREAM || c->id != id) {
        return n;
    }
    if (status != 0) {
        fault(c, status);
    } else if (c->body.state == BODY_DONE) {
        l->events.whole(l->ctx, id);
    }
    return n;
}

void conn_stream_sent(struct conn *c)
{
    if (c->stream.full) {
        c->stream.full = false;
        c->stream.room_due = true;
        conn_kick(c);
    }
}

void conn_stream_room(struct conn *c)
{
    struct listener *l = c->listener;
    c->stream.room_due = false;
    if (c->state == CONN_STREAM && l->events.room != NULL) {
        l->events.room(l->ctx, c->id);
    }
}

/* From when on the kernel says that there is room: at once, or when all has been sent. */
static void set_low_water(const struct conn *c, int bytes)
{
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
}

/* A Unix socket has nothing of the kind: what was sent is where the client reads. */
bool conn_stream_drains(struct conn *c)
{
    int unsent = 0;
    if (!c->stream.finishing || c->listener->unix_path != NULL || c->send_failed ||
        ioctl(c->fd, SIOCOUTQNSD, &unsent) != 0) {
        unsent = 0;
    }
    if (unsent > 0 && !c->stream.draining) {
        c->stream.draining = true;
        set_low_water(c, 1);
    }
    return unsent > 0;
}

bool conn_stream_moves(struct conn *c)
{
    int unsent = 0;
    size_t before = c->stream.unread;
    if (!c->stream.finishing) {
        return false;
    }
    if (ioctl(c->fd, SIOCOUTQNSD, &unsent) != 0) {
        unsent = 0;
    }
    c->stream.unread = c->out.len - c->out_sent + (size_t)unsent;
    return c->stream.unread < before;
}

void conn_stream_finished(struct conn *c)
{
    struct listener *l = c->listener;
    net_id id = c->id;
    if (!c->stream.finishing) {
        return;
    }
    if (c->stream.draining) {
        set_low_water(c, 0);
    }
    c->stream.finishing = c->stream.draining = false;
    net_id_free(c->net, id);
    if (!c->stream.in_finish && l->events.gone_out != NULL) {
        l->events.gone_out(l->ctx, id);
    }
}

void conn_stream_clock(struct conn *c)
{
    struct listener *l = c->listener;
    if (c->stream.held && !c->stream.waits && conn_peer_has_closed(c)) {
        conn_lost(c, "");
    } else if (conn_stream_reads(c) && c->stream.in < SERVER_STALL_BYTES) {
        fault(c, 408);
    } else if (c->stream.waits && conn_pending(c) && c->stream.out < SERVER_STALL_BYTES) {
        net_id id = c->id;
        conn_kill(c);
        l->events.request_gone(l->ctx, id);
    } else {
        set_clock(c);
    }
}

/* ---- what the user says */

static struct conn *stream_of(const struct net *n, net_id id)
{
    struct conn *c = net_id_find(n, id, ID_REQUEST);
    return c != NULL && c->state == CONN_STREAM ? c : NULL;
}

/* Whether the connection can be kept is said in the head: a body that still comes may never end. */
enum status net_http_answer(struct net *n, net_id id, const struct http_answer *a)
{
    struct conn *c = stream_of(n, id);
    if (c == NULL) {
        return ST_CLOSED;
    }
    if (c->stream.answered || a->http_status < 200 || a->http_status > 599) {
        return c->stream.answered ? ST_CONFLICT : ST_INVALID;
    }
    struct conn_stream *s = &c->stream;
    s->bodyless = c->head_only || !http1_has_body(a->http_status);
    s->chunked = !s->bodyless && a->length < 0 && c->minor == 1;
    bool to_the_end = !s->bodyless && a->length < 0 && c->minor == 0;
    bool keep = c->keep_alive && c->body.state == BODY_DONE && !to_the_end;
    enum status st = http1_write_head(
        &c->out, &(struct http1_stream){.answer = a, .chunked = s->chunked, .keep_alive = keep});
    if (st == ST_OK) {
        s->answered = true;
        s->left = s->bodyless ? 0 : a->length;
        c->keep_alive = keep;
        conn_kick(c); /* with the first piece, or by itself at the end of the turn */
    }
    return st;
}

static bool queue(struct conn *c, struct span piece)
{
    size_t before = c->out.len;
    if (c->stream.chunked) {
        (void)buf_printf(&c->out, "%zx\r\n", piece.n);
    }
    (void)buf_add(&c->out, piece);
    if (c->stream.chunked) {
        (void)buf_addstr(&c->out, "\r\n");
    }
    if (buf_status(&c->out) != ST_OK) {
        buf_truncate(&c->out, before);
        c->out.over = false;
        return false;
    }
    return true;
}

enum status net_http_write(struct net *n, net_id id, struct span piece)
{
    struct conn *c = stream_of(n, id);
    if (c == NULL || c->send_failed) {
        return ST_CLOSED;
    }
    struct conn_stream *s = &c->stream;
    if (!s->answered) {
        return ST_CONFLICT;
    }
    if (s->bodyless || piece.n == 0) {
        return ST_OK;
    }
    if ((s->left >= 0 && (uint64_t)s->left < piece.n) || !queue(c, piece)) {
        return ST_LIMIT;
    }
    s->left -= s->left >= 0 ? (int64_t)piece.n : 0;
    bool waited = conn_pending(c) && s->full;
    conn_flush(c);
    if (conn_pending(c)) {
        s->full = true;
        if (!waited) {
            set_clock(c);
        }
    }
    return ST_OK;
}

enum status net_http_finish(struct net *n, net_id id)
{
    struct conn *c = stream_of(n, id);
    if (c == NULL) {
        return ST_CLOSED;
    }
    if (!c->stream.answered || c->stream.left > 0) {
        net_http_abort(n, id);
        return ST_INVALID;
    }
    if (c->stream.chunked) {
        (void)buf_addstr(&c->out, "0\r\n\r\n");
    }
    c->keep_alive = c->keep_alive && c->body.state == BODY_DONE;
    c->stream.finishing = c->stream.in_finish = true;
    conn_state(c, CONN_ANSWER, c->listener->options.stall_ms);
    conn_end_answer(c);
    c->stream.in_finish = false;
    (void)conn_stream_moves(c);
    return c->stream.finishing ? ST_AGAIN : ST_OK;
}

static void reset(struct conn *c)
{
    struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    conn_kill(c);
}

/* Of HTTP/1.0, without a length. */
static bool ends_with_connection(const struct conn *c)
{
    const struct conn_stream *s = &c->stream;
    return s->answered && !s->bodyless && !s->chunked && s->left < 0;
}

void net_http_abort(struct net *n, net_id id)
{
    struct conn *c = net_id_find(n, id, ID_REQUEST);
    if (c != NULL && ends_with_connection(c)) {
        reset(c);
    } else if (c != NULL) {
        conn_kill(c);
    }
}

void net_http_reset(struct net *n, net_id id)
{
    struct conn *c = net_id_find(n, id, ID_REQUEST);
    if (c != NULL) {
        reset(c);
    }
}

size_t net_http_queued(const struct net *n, net_id id)
{
    const struct conn *c = stream_of(n, id);
    return c != NULL ? c->out.len - c->out_sent : 0;
}

void net_http_hold(struct net *n, net_id id)
{
    struct conn *c = stream_of(n, id);
    if (c != NULL) {
        c->stream.held = true;
        set_clock(c);
        conn_watch(c);
    }
}

void net_http_more(struct net *n, net_id id)
{
    struct conn *c = stream_of(n, id);
    if (c != NULL && c->stream.held) {
        c->stream.held = false;
        set_clock(c);
        invite(c);
        conn_kick(c);
    }
}
