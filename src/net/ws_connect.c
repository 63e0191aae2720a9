/* ws_connect.c - from a URL to a connection: checks, names, one address after the other. */
#include <stdlib.h>
#include <sys/stat.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "ws_client_priv.h"

static void on_connect_late(void *ctx)
{
    struct ws_client *c = ctx;
    c->timer = 0;
    if (c->patient) {
        c->timer = loop_timer(c->net->loop, c->connect_ms, on_connect_late, c);
        return;
    }
    link_drop(c);
    client_connect_failed(c, "no connection in time");
}

/* Each address left gets an equal share of the time left. */
static void arm_connect(struct ws_client *c)
{
    size_t left = c->addresses.count > c->next_address ? c->addresses.count - c->next_address : 0;
    int64_t ms = (c->connect_by_us - clock_mono_us()) / 1000 / (int64_t)(left + 1);
    client_stop_timer(c);
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

void client_connect_next(struct ws_client *c)
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
        client_stop_timer(c);
        c->state = CLIENT_RESOLVING;
        client_note(c);
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
    client_connect_next(c);
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
    client_connect_next(c);
}

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
    if (o->protocol != NULL && (protocol.n == 0 || protocol.n >= CLIENT_PROTOCOL_BYTES ||
                                !header_safe(protocol) || span_find(protocol, ',') < protocol.n)) {
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
