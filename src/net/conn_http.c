#include <stdio.h>

#include "checkrein/alloc.h"
#include "server_priv.h"

static struct span field_of(const struct http_head *head, const char *name)
{
    return http1_get(head->priv, name);
}

struct http_head conn_http_head(const struct conn *c)
{
    const struct http1 *h = c->head;
    return (struct http_head){
        .method = h->method,
        .path = h->path,
        .query = h->query,
        .host = http1_get(h, "host"),
        .origin = http1_get(h, "origin"),
        .authorization = http1_get(h, "authorization"),
        .content_type = http1_get(h, "content-type"),
        .accept = http1_get(h, "accept"),
        .has_origin = http1_has(h, "origin"),
        .is_unix = c->listener->unix_path != NULL,
        .peer_pid = c->peer_pid,
        .peer_uid = c->peer_uid,
        .header = field_of,
        .fields = h->fields,
        .field_count = h->count,
        .length = h->chunked ? -1 : (h->length < 0 ? 0 : h->length),
        .priv = c->head,
    };
}

void conn_forget_request(struct conn *c)
{
    http1_free(c->head);
    c->head = NULL;
    c->listener->bodies -= c->body_bytes.len;
    buf_release(&c->body_bytes);
}

static void write_answer(struct conn *c, const struct http1_reply *r)
{
    (void)http1_write_reply(&c->out, r);
    conn_forget_request(c);
    conn_state(c, CONN_ANSWER, SERVER_WRITE_MS);
}

/* The connection can be kept only when the body of the refused request is not still to come. */
void conn_answer_error(struct conn *c, int status, const char *extra)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "{\"error\":\"%s\"}", http1_reason(status));
    bool whole = c->head != NULL && c->state == CONN_HEAD && c->body.state == BODY_DONE;
    c->keep_alive = c->keep_alive && whole;
    write_answer(c, &(struct http1_reply){.status = status,
                                          .content_type = "application/json",
                                          .extra = extra,
                                          .body = span_str(text),
                                          .keep_alive = c->keep_alive,
                                          .head_only = c->head_only});
    if (!c->busy) {
        conn_flush(c);
    }
}

void conn_answer_sent(struct conn *c)
{
    c->id = 0;
    if (!c->keep_alive) {
        conn_linger(c);
        return;
    }
    c->partial = false;
    conn_state(c, CONN_HEAD, SERVER_IDLE_MS);
    if (!c->busy) {
        if (c->in.len > 0) {
            conn_kick(c);
        }
        conn_reclaim(c);
    }
}

/* From the first byte of a request its whole head and body have header_ms. */
static void start_clock(struct conn *c)
{
    if (!c->partial) {
        c->partial = true;
        conn_state(c, c->state, c->listener->options.header_ms);
    }
}

static void dispatch(struct conn *c)
{
    struct listener *l = c->listener;
    struct http_head head = conn_http_head(c);
    conn_state(c, CONN_HELD, 0);
    c->partial = false;
    c->id = net_id_new(c->net, ID_REQUEST, c);
    /* The answer may come inside this call and let go of the request: it keeps its own hold on
     * both. */
    struct http1 *kept = c->head;
    struct buf body = c->body_bytes;
    l->bodies -= body.len;
    c->head = NULL;
    c->body_bytes = (struct buf){0};
    l->events.request(l->ctx, c->id, &head, buf_span(&body));
    http1_free(kept);
    buf_release(&body);
}

static void begin_body(struct conn *c)
{
    buf_init(&c->body_bytes, c->listener->options.body_bytes);
    conn_state(c, CONN_BODY, c->listener->options.header_ms);
    c->partial = true;
    if (c->head->expects_continue) {
        (void)buf_addstr(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
    }
}

/* Head complete and sound: what shall become of it. */
static void decide(struct conn *c)
{
    struct listener *l = c->listener;
    struct http_head head = conn_http_head(c);
    int status = l->events.admit(l->ctx, &head, c->head->upgrade);
    if (c->state == CONN_DEAD) {
        return;
    }
    if (status != 0) {
        conn_answer_error(c, status, NULL);
    } else if (c->head->upgrade) {
        conn_ws_upgrade(c);
    } else if (c->head->length > 0 && (uint64_t)c->head->length > l->options.body_bytes) {
        conn_answer_error(c, 413, NULL);
    } else if (l->events.begun != NULL) {
        conn_stream_begin(c);
    } else if (c->body.state != BODY_DONE) {
        begin_body(c);
    } else {
        dispatch(c);
    }
}

static void bad_head(struct conn *c, int status)
{
    conn_forget_request(c);
    c->keep_alive = c->head_only = false;
    conn_answer_error(c, status, NULL);
}

size_t conn_read_head(struct conn *c, struct span in)
{
    if (in.n >= 2 && c->in.len == 0 && !c->partial && span_starts(in, "\r\n")) {
        return 2; /* an empty line before a request is let pass, as RFC 9112 asks */
    }
    size_t n = http1_head_end(in, 0);
    if (n == 0) {
        if (in.n >= HTTP1_HEAD_BYTES) {
            bad_head(c, 431);
            return in.n;
        }
        start_clock(c);
        return 0;
    }
    c->head = xmalloc(sizeof(*c->head));
    int status = http1_parse(c->head, span_sub(in, 0, n));
    if (status != 0) {
        bad_head(c, status);
        return n;
    }
    c->keep_alive = c->head->keep_alive && !c->listener->shut;
    c->head_only = span_is(c->head->method, "HEAD");
    c->minor = c->head->minor;
    http1_body_init(&c->body, c->head);
    decide(c);
    return n;
}

size_t conn_read_body(struct conn *c, struct span in)
{
    int fault = 0;
    size_t had = c->body_bytes.len;
    size_t n = http1_body_feed(&c->body, in, &c->body_bytes, &fault);
    c->listener->bodies += c->body_bytes.len - had;
    if (fault == 0 && c->listener->bodies > SERVER_BODIES_BYTES &&
        c->body_bytes.len > SERVER_SMALL_BYTES) {
        fault = 503;
    }
    if (fault != 0) {
        c->keep_alive = false;
        conn_answer_error(c, fault, NULL);
        return n;
    }
    if (c->body.state == BODY_DONE) {
        dispatch(c);
    }
    return n;
}

enum status net_http_reply(struct net *n, net_id id, int http_status, const char *content_type,
                           struct span body)
{
    struct conn *c = net_id_find(n, id, ID_REQUEST);
    if (c == NULL) {
        return ST_CLOSED;
    }
    if (body.n > SERVER_REPLY_BYTES || http_status < 200 || http_status > 599) {
        return ST_INVALID;
    }
    if (c->state == CONN_STREAM) {
        if (c->stream.answered) {
            return ST_CONFLICT;
        }
        c->keep_alive = c->keep_alive && c->body.state == BODY_DONE;
    }
    net_id_free(n, id);
    if (conn_hung_up(c)) {
        conn_kill(c);
        return ST_CLOSED;
    }
    write_answer(c, &(struct http1_reply){.status = http_status,
                                          .content_type = content_type,
                                          .body = body,
                                          .keep_alive = c->keep_alive,
                                          .head_only = c->head_only});
    conn_flush(c);
    return c->send_failed ? ST_CLOSED : ST_OK;
}
