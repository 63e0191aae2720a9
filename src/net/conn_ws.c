#include <string.h>

#include "server_priv.h"

enum { SLACK_BYTES = 4096, FLUSH_BYTES = 64 * 1024, SECOND_US = 1000000 };

static bool wants_protocol(const struct conn *c)
{
    for (size_t i = 0; i < c->head->count; i++) {
        const struct http_field *f = &c->head->fields[i];
        struct span list = f->value;
        struct span item;
        if (!span_is(f->name, "sec-websocket-protocol")) {
            continue;
        }
        while (span_next(&list, ',', &item)) {
            if (span_is(span_trim(item), c->listener->protocol)) {
                return true;
            }
        }
    }
    return false;
}

static void start_ws(struct conn *c)
{
    const struct server_options *o = &c->listener->options;
    char accept[WS_ACCEPT_BYTES];
    ws_accept(http1_get(c->head, "sec-websocket-key"), accept);
    buf_release(&c->out);
    buf_init(&c->out, o->queue_bytes + SLACK_BYTES);
    (void)buf_printf(&c->out,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                     "Sec-WebSocket-Protocol: %s\r\n\r\n",
                     accept, c->listener->protocol);
    ws_reader_init(&c->reader, o->message_bytes, o->message_fragments);
    c->bucket_us = SECOND_US;
    c->bucket_at_us = loop_now_us(c->net->loop);
}

static void begin(struct conn *c)
{
    struct listener *l = c->listener;
    struct http_head head = conn_http_head(c);
    struct http1 *kept = c->head; /* the connection may fail inside the call */
    start_ws(c);
    c->head = NULL;
    conn_state(c, CONN_WS, 0);
    c->partial = false;
    c->id = net_id_new(c->net, ID_WS_SERVER, c);
    l->events.ws_opened(l->ctx, c->id, &head);
    http1_free(kept);
}

void conn_ws_upgrade(struct conn *c)
{
    if (c->listener->protocol == NULL) {
        conn_answer_error(c, 404, NULL);
    } else if (!span_is(http1_get(c->head, "sec-websocket-version"), "13")) {
        conn_answer_error(c, 426, "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n");
    } else if (!ws_key_valid(http1_get(c->head, "sec-websocket-key")) || !wants_protocol(c)) {
        conn_answer_error(c, 400, NULL);
    } else {
        begin(c);
    }
}

static void note_closed(struct conn *c, int code, struct span why)
{
    if (!c->close_due && c->id != 0) {
        c->close_due = true;
        c->close_code = code;
        (void)span_copy(why, c->close_why, sizeof(c->close_why));
        conn_kick(c);
    }
}

void conn_ws_report(struct conn *c)
{
    net_id id = c->id;
    c->close_due = false;
    c->id = 0;
    net_id_free(c->net, id);
    if (!c->net->ending) {
        c->listener->events.ws_closed(c->listener->ctx, id, c->close_code, c->close_why);
    }
}

/* We end it: the peer is told why if its buffers still take that. */
void conn_ws_fault(struct conn *c, int code, const char *why)
{
    note_closed(c, code, span_str(why));
    (void)ws_write_close(&c->out, code, why);
    conn_linger(c);
}

void conn_ws_lost(struct conn *c, const char *why)
{
    int code = c->state == CONN_WS_CLOSING ? c->close_code : 0;
    note_closed(c, code, span_str(c->state == CONN_WS_CLOSING ? c->close_why : why));
    conn_kill(c);
}

static void on_close_frame(struct conn *c, const struct ws_item *item)
{
    if (c->state == CONN_WS_CLOSING) {
        note_closed(c, c->close_code, span_str(c->close_why));
    } else {
        note_closed(c, item->code, item->bytes);
        (void)ws_write_close(&c->out, item->code == WS_NO_CODE ? WS_NORMAL : item->code, NULL);
    }
    conn_linger(c);
}

/* Time credit: each message or control frame costs 1/rate seconds, one second can be saved up. */
static bool within_rate(struct conn *c)
{
    int64_t now = loop_now_us(c->net->loop);
    int64_t cost = SECOND_US / (int64_t)c->listener->options.messages_per_second;
    c->bucket_us += now - c->bucket_at_us;
    c->bucket_at_us = now;
    c->bucket_us = c->bucket_us > SECOND_US ? SECOND_US : c->bucket_us;
    if (c->bucket_us < cost) {
        return false;
    }
    c->bucket_us -= cost;
    return true;
}

static void on_ping(struct conn *c, struct span payload)
{
    if (ws_write_frame(&c->out, WS_PONG, payload) != ST_OK) {
        conn_ws_fault(c, WS_TRY_LATER, "too slow to read");
    }
}

static void on_item(struct conn *c, const struct ws_item *item)
{
    if (item->kind == WS_ITEM_FAULT) {
        conn_ws_fault(c, item->code, item->why);
    } else if (item->kind == WS_ITEM_CLOSE) {
        on_close_frame(c, item);
    } else if (!within_rate(c)) {
        conn_ws_fault(c, WS_POLICY, "too many messages a second");
    } else if (item->kind == WS_ITEM_PING) {
        on_ping(c, item->bytes);
    } else if (item->kind == WS_ITEM_TEXT && c->state == CONN_WS) {
        c->listener->events.ws_message(c->listener->ctx, c->id, item->bytes);
    }
}

/* A message that began has header_ms to end; control frames in between do not give it more. */
static void keep_time(struct conn *c, bool got_text)
{
    if (c->state != CONN_WS) {
        return;
    }
    bool busy = ws_reader_busy(&c->reader);
    if (busy && (!c->partial || got_text)) {
        conn_state(c, CONN_WS, c->listener->options.header_ms);
    } else if (!busy && c->partial) {
        conn_state(c, CONN_WS, 0);
    }
    c->partial = busy;
}

size_t conn_ws_read(struct conn *c, struct span in)
{
    size_t used = 0;
    bool got_text = false;
    struct ws_item item = {.kind = WS_ITEM_PONG};
    while (item.kind != WS_ITEM_NONE && (c->state == CONN_WS || c->state == CONN_WS_CLOSING)) {
        used += ws_reader_feed(&c->reader, span_sub(in, used, in.n), &item);
        got_text = got_text || item.kind == WS_ITEM_TEXT;
        if (item.kind != WS_ITEM_NONE) {
            on_item(c, &item);
        }
    }
    keep_time(c, got_text);
    return used;
}

size_t conn_ws_queued(const struct conn *c)
{
    return c->out.len - c->out_sent;
}

static void make_room(struct conn *c, size_t n)
{
    if (c->out_sent > 0 && n + 16 > c->out.limit - c->out.len) {
        buf_consume(&c->out, c->out_sent);
        c->out_sent = 0;
    }
}

enum status conn_ws_send(struct conn *c, struct span text)
{
    if (c->state != CONN_WS) {
        return ST_CLOSED;
    }
    size_t queue = c->listener->options.queue_bytes;
    size_t queued = conn_ws_queued(c);
    if (text.n > queue || queued > queue - text.n) {
        conn_ws_fault(c, WS_TRY_LATER, "too slow to read");
        return ST_LIMIT;
    }
    make_room(c, text.n);
    if (ws_write_frame(&c->out, WS_TEXT, text) != ST_OK) {
        conn_ws_fault(c, WS_TRY_LATER, "too slow to read");
        return ST_LIMIT;
    }
    if (conn_ws_queued(c) < FLUSH_BYTES) {
        conn_kick(c); /* what is sent in one turn goes out together */
    } else if ((c->want & LOOP_WRITE) == 0) {
        conn_flush(c);
    }
    return ST_OK;
}

void conn_ws_close(struct conn *c, int code, const char *why)
{
    if (c->state != CONN_WS) {
        return;
    }
    if (!ws_close_code_valid(code)) {
        code = WS_NORMAL;
    }
    if (ws_write_close(&c->out, code, why) != ST_OK) {
        conn_ws_fault(c, code, why != NULL ? why : "");
        return;
    }
    c->close_code = code;
    (void)span_copy(span_str(why), c->close_why, sizeof(c->close_why));
    conn_state(c, CONN_WS_CLOSING, SERVER_CLOSE_MS);
    conn_flush(c);
}
