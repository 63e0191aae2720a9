#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "ws_client_priv.h"

static void connect_next(struct ws_client *c);

static void note(struct ws_client *c)
{
    c->due = true;
    net_kick(c->net);
}

static void stop_timer(struct ws_client *c)
{
    loop_remove(c->net->loop, c->timer);
    c->timer = 0;
}

void client_ended(struct ws_client *c, int code, const char *why)
{
    if (c->state == CLIENT_CLOSED) {
        return;
    }
    if (c->state != CLIENT_CLOSING || c->close_why[0] == '\0') {
        (void)span_copy(span_str(why), c->close_why, sizeof(c->close_why));
    }
    c->state = CLIENT_CLOSED;
    c->close_code = code;
    stop_timer(c);
    note(c);
}

/* ---- while it is open */

static void on_quiet(void *ctx);

static void arm_ping(struct ws_client *c, int64_t ms)
{
    stop_timer(c);
    c->timer = loop_timer(c->net->loop, ms, on_quiet, c);
}

static bool message_overdue(const struct ws_client *c, int64_t now)
{
    return c->pieces > 0 && now - c->message_since_us > (int64_t)CLIENT_MESSAGE_MS * 1000;
}

/* Time that passed while this process slept is no silence of the peer's: only an unanswered ping
 * ends it. */
static void on_quiet(void *ctx)
{
    struct ws_client *c = ctx;
    c->timer = 0;
    int64_t now = clock_mono_us();
    int64_t quiet_ms = (now - c->heard_us) / 1000;
    if (message_overdue(c, now)) {
        client_ended(c, WS_POLICY, "message took too long");
    } else if (quiet_ms < c->ping_ms) {
        arm_ping(c, c->ping_ms - quiet_ms);
    } else if (c->pinged) {
        client_ended(c, 0, "the server does not answer");
    } else {
        c->pinged = c->ping_due = true;
        link_want_write(c);
        arm_ping(c, c->ping_ms);
    }
}

void client_heard(struct ws_client *c)
{
    c->heard_us = clock_mono_us();
    c->pinged = false;
}

void client_opened(struct ws_client *c)
{
    c->state = CLIENT_OPEN;
    c->opened_due = true;
    client_heard(c);
    arm_ping(c, c->ping_ms);
    note(c);
}

static void take_message(struct ws_client *c)
{
    struct in_message *m = xcalloc(1, sizeof(*m));
    m->text = buf_detach(&c->message, &m->bytes);
    c->pieces = 0;
    *c->in_end = m;
    c->in_end = &m->next;
    note(c);
}

bool client_piece(struct ws_client *c, struct span piece, bool last, int *code)
{
    client_heard(c);
    if (c->state != CLIENT_OPEN) {
        return true;
    }
    if (c->pieces == 0) {
        c->message_since_us = c->heard_us;
    }
    c->pieces++;
    if (buf_add(&c->message, piece) != ST_OK ||
        c->pieces > CLIENT_PIECES + c->message_bytes / CLIENT_PIECE_BYTES) {
        *code = WS_TOO_BIG;
        client_ended(c, WS_TOO_BIG, "message too long or in too many pieces");
        return false;
    }
    if (last && !ws_text_valid(buf_span(&c->message))) {
        *code = WS_BAD_TEXT;
        client_ended(c, WS_BAD_TEXT, "text is not UTF-8");
        return false;
    }
    if (last) {
        take_message(c);
    }
    return true;
}

/* ---- until it is open */

static void on_connect_late(void *ctx)
{
    struct ws_client *c = ctx;
    c->timer = 0;
    link_drop(c);
    client_connect_failed(c, "no connection in time");
}

/* Each address left gets an equal share of the time left. */
static void arm_connect(struct ws_client *c)
{
    size_t left = c->addresses.count > c->next_address ? c->addresses.count - c->next_address : 0;
    int64_t ms = (c->connect_by_us - clock_mono_us()) / 1000 / (int64_t)(left + 1);
    stop_timer(c);
    c->timer = loop_timer(c->net->loop, ms, on_connect_late, c);
}

static const char *why_not_at_once(const struct ws_client *c)
{
    struct stat st;
    if (c->url.scheme != URL_UNIX) {
        return "connection refused";
    }
    if (stat(c->url.host, &st) != 0) {
        return "there is no such socket";
    }
    return "nobody listens on the socket";
}

static void connect_next(struct ws_client *c)
{
    char address[URL_HOST_BYTES + 1];
    struct span text = span_str(c->addresses.text[c->next_address]);
    if (c->url.scheme == URL_UNIX) {
        address[0] = '+';
        (void)span_copy(span_str(c->url.host), address + 1, sizeof(address) - 1);
    } else {
        (void)span_copy(text, address, sizeof(address));
    }
    c->next_address++;
    c->state = CLIENT_CONNECTING;
    arm_connect(c);
    if (!link_connect(c, address)) {
        client_connect_failed(c, why_not_at_once(c));
    }
}

/* The library is still at work on the failed one when it says so: the next address waits for the
 * kick. */
void client_connect_failed(struct ws_client *c, const char *why)
{
    bool more = !c->handshake_sent && c->next_address < c->addresses.count;
    if (c->state == CLIENT_CONNECTING && more && clock_mono_us() < c->connect_by_us) {
        stop_timer(c);
        c->state = CLIENT_RESOLVING;
        note(c);
        return;
    }
    client_ended(c, 0, why);
}

static void on_resolved(void *ctx, uint64_t ticket, const struct addresses *found)
{
    struct ws_client *c = net_id_find(ctx, ticket, ID_WS_CLIENT);
    if (c == NULL || c->state != CLIENT_RESOLVING) {
        return;
    }
    if (found->count == 0) {
        client_ended(c, 0, found->why);
        return;
    }
    c->addresses = *found;
    connect_next(c);
}

static void on_resolve_late(void *ctx)
{
    struct ws_client *c = ctx;
    c->timer = 0;
    client_ended(c, 0, "the name was not resolved in time");
}

static void resolve(struct ws_client *c)
{
    struct net *n = c->net;
    if (n->resolver == NULL) {
        n->resolver = resolver_new(n->loop, on_resolved, n);
    }
    c->state = CLIENT_RESOLVING;
    c->timer = loop_timer(n->loop, c->connect_ms, on_resolve_late, c);
    if (n->resolver == NULL || resolver_ask(n->resolver, c->url.host, c->id) != ST_OK) {
        client_ended(c, 0, "names cannot be resolved now");
    }
}

static void start(struct ws_client *c)
{
    c->connect_by_us = clock_mono_us() + c->connect_ms * 1000;
    if (!c->url.numeric && !c->url.loopback) {
        resolve(c);
        return;
    }
    const char *address = c->url.numeric ? c->url.host : "127.0.0.1";
    c->addresses.count = 1;
    (void)span_copy(span_str(address), c->addresses.text[0], ADDRESS_BYTES);
    connect_next(c);
}

/* ---- what the user calls */

static bool header_safe(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

static enum status check_options(const struct ws_client_options *o, struct url *url,
                                 struct why *why)
{
    enum status st = url_parse(o->url, url, why);
    if (st != ST_OK) {
        return st;
    }
    if (url->scheme == URL_HTTP || url->scheme == URL_HTTPS) {
        return why_fail(why, ST_UNSUPPORTED, "a WebSocket URL begins with unix:, ws:// or wss://");
    }
    struct span protocol = span_str(o->protocol);
    if (protocol.n == 0 || protocol.n >= CLIENT_PROTOCOL_BYTES || !header_safe(protocol) ||
        span_find(protocol, ',') < protocol.n) {
        return why_fail(why, ST_INVALID, "the subprotocol is not one word");
    }
    if (o->bearer.n > HTTP_BEARER_BYTES || !header_safe(o->bearer)) {
        return why_fail(why, ST_INVALID,
                        "the credential has a blank or control byte or is too long");
    }
    if (o->message_bytes == 0 || o->queue_bytes == 0) {
        return why_fail(why, ST_INVALID, "a limit of the connection is missing");
    }
    return ST_OK;
}

static void join(struct ws_client *c)
{
    struct net *n = c->net;
    c->next = n->clients;
    c->link = &n->clients;
    if (c->next != NULL) {
        c->next->link = &c->next;
    }
    n->clients = c;
}

static struct ws_client *client_new(struct net *n, const struct ws_client_options *o,
                                    const struct ws_events *ev, void *ctx)
{
    struct ws_client *c = xcalloc(1, sizeof(*c));
    c->net = n;
    c->events = *ev;
    c->ctx = ctx;
    c->message_bytes = o->message_bytes;
    c->queue_bytes = o->queue_bytes;
    c->connect_ms = o->connect_ms > 0 ? o->connect_ms : NET_CONNECT_MS;
    c->ping_ms = o->ping_ms > 0 ? o->ping_ms : NET_PING_MS;
    (void)span_copy(span_str(o->protocol), c->protocol, sizeof(c->protocol));
    buf_init(&c->bearer, o->bearer.n);
    (void)buf_add(&c->bearer, o->bearer);
    buf_init(&c->message, o->message_bytes);
    c->out_end = &c->out_first;
    c->in_end = &c->in_first;
    c->id = net_id_new(n, ID_WS_CLIENT, c);
    join(c);
    return c;
}

enum status net_ws_connect(struct net *n, const struct ws_client_options *o,
                           const struct ws_events *ev, void *ctx, net_id *id, struct why *why)
{
    struct url url;
    *id = 0;
    enum status st = check_options(o, &url, why);
    if (st != ST_OK) {
        return st;
    }
    struct ws_client *c = client_new(n, o, ev, ctx);
    c->url = url;
    *id = c->id;
    start(c);
    return ST_OK;
}

size_t client_queued(const struct ws_client *c)
{
    return c->queued_bytes;
}

enum status client_send(struct ws_client *c, struct span text)
{
    if (c->state != CLIENT_OPEN) {
        return ST_CLOSED;
    }
    if (text.n > c->queue_bytes || c->queued_bytes > c->queue_bytes - text.n) {
        client_ended(c, WS_TRY_LATER, "the server is too slow to read");
        return ST_LIMIT;
    }
    struct out_message *m = link_message(text);
    *c->out_end = m;
    c->out_end = &m->next;
    c->queued_bytes += m->bytes;
    link_want_write(c);
    return ST_OK;
}

static void on_close_late(void *ctx)
{
    struct ws_client *c = ctx;
    c->timer = 0;
    client_ended(c, c->close_code, "the server did not answer the close");
}

void client_close(struct ws_client *c, int code, const char *why)
{
    if (c->state == CLIENT_CLOSED || c->state == CLIENT_CLOSING) {
        return;
    }
    c->user_closed = true;
    if (c->state != CLIENT_OPEN) {
        client_ended(c, 0, why != NULL ? why : "");
        return;
    }
    c->state = CLIENT_CLOSING;
    c->close_code = ws_close_code_valid(code) ? code : WS_NORMAL;
    (void)span_copy(span_str(why), c->close_why, sizeof(c->close_why));
    stop_timer(c);
    c->timer = loop_timer(c->net->loop, CLIENT_CLOSE_MS, on_close_late, c);
    link_want_write(c);
}

/* ---- an owner that is going away hears nothing any more */

static void hear_nothing(void *ctx, net_id id)
{
    (void)ctx;
    (void)id;
}

static void hear_no_text(void *ctx, net_id id, struct span text)
{
    (void)ctx;
    (void)id;
    (void)text;
}

static void hear_no_end(void *ctx, net_id id, int code, int http_status, const char *why)
{
    (void)ctx;
    (void)id;
    (void)code;
    (void)http_status;
    (void)why;
}

void client_forget(struct ws_client *c, int code, const char *why)
{
    c->events = (struct ws_events){hear_nothing, hear_no_text, hear_no_end};
    c->ctx = NULL;
    client_close(c, code, why);
}

bool clients_idle(const struct net *n)
{
    for (const struct ws_client *c = n->clients; c != NULL; c = c->next) {
        if (c->queued_bytes > 0) {
            return false;
        }
    }
    return true;
}

/* ---- what calls the user */

static void drop_queues(struct ws_client *c)
{
    while (c->out_first != NULL) {
        struct out_message *m = c->out_first;
        c->out_first = m->next;
        free(m);
    }
    while (c->in_first != NULL) {
        struct in_message *m = c->in_first;
        c->in_first = m->next;
        free(m->text);
        free(m);
    }
}

static void leave(struct ws_client *c)
{
    *c->link = c->next;
    if (c->next != NULL) {
        c->next->link = c->link;
    }
}

static void client_free(struct ws_client *c)
{
    stop_timer(c);
    link_drop(c);
    link_wipe_secret(c);
    net_id_free(c->net, c->id);
    drop_queues(c);
    buf_wipe(&c->bearer);
    buf_release(&c->message);
    free(c);
}

static void give_messages(struct ws_client *c)
{
    while (c->in_first != NULL) {
        struct in_message *m = c->in_first;
        c->in_first = m->next;
        if (c->in_first == NULL) {
            c->in_end = &c->in_first;
        }
        if (!c->user_closed) {
            c->events.message(c->ctx, c->id, (struct span){m->text, m->bytes});
        }
        free(m->text);
        free(m);
    }
}

static void tell_closed(struct ws_client *c)
{
    net_id id = c->id;
    net_id_free(c->net, id);
    link_drop(c);
    c->events.closed(c->ctx, id, c->close_code, c->http_status, c->close_why);
}

/* True when that was the last that it had to say. */
static bool deliver(struct ws_client *c)
{
    c->due = false;
    if (c->opened_due) {
        c->opened_due = false;
        c->events.opened(c->ctx, c->id);
    }
    give_messages(c);
    if (c->state == CLIENT_RESOLVING && c->addresses.count > 0) {
        connect_next(c);
    }
    if (c->state != CLIENT_CLOSED || c->due) {
        return false;
    }
    tell_closed(c);
    return true;
}

static struct ws_client *first_due(const struct net *n)
{
    struct ws_client *c = n->clients;
    while (c != NULL && !c->due) {
        c = c->next;
    }
    return c;
}

static void free_all(struct ws_client *c)
{
    while (c != NULL) {
        struct ws_client *next = c->next;
        client_free(c);
        c = next;
    }
}

void clients_kicked(struct net *n)
{
    struct ws_client *ended = NULL;
    struct ws_client *c = NULL;
    for (c = n->clients; c != NULL; c = c->next) {
        link_wipe_secret(c);
    }
    while ((c = first_due(n)) != NULL) {
        if (deliver(c)) {
            leave(c);
            c->next = ended;
            ended = c;
        }
    }
    free_all(ended);
}

void clients_release(struct net *n)
{
    struct ws_client *all = n->clients;
    n->clients = NULL;
    free_all(all);
}
