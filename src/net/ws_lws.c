#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/utf8.h"
#include "ws_client_priv.h"

#define VHOST    "checkrein-net"
#define PROTOCOL "checkrein-ws"

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len);

static const struct lws_protocols protocols[] = {
    {.name = PROTOCOL,                      .callback = on_lws, .rx_buffer_size = CLIENT_PIECE_BYTES},
    {.name = NULL},
};

/* Nothing of ours is told about this connection any more. */
static int let_go(struct ws_client *c)
{
    lws_set_wsi_user(c->lws, NULL);
    c->lws = NULL;
    return -1;
}

static int add_bearer(struct ws_client *c, unsigned char **at, size_t room)
{
    static const char name[] = "Authorization: Bearer ";
    size_t n = sizeof(name) - 1 + c->bearer.len + 2;
    c->handshake_sent = true;
    if (c->bearer.len == 0) {
        return 0;
    }
    if (n > room) {
        client_ended(c, 0, "the credential is too long");
        return -1;
    }
    c->secret_at = *at;
    c->secret_bytes = n;
    memcpy(*at, name, sizeof(name) - 1);
    memcpy(*at + sizeof(name) - 1, c->bearer.data, c->bearer.len);
    memcpy(*at + n - 2, "\r\n", 2);
    *at += n;
    buf_wipe(&c->bearer);
    net_kick(c->net);
    return 0;
}

static int refuse(struct ws_client *c, const char *why)
{
    client_ended(c, 0, why);
    return -1;
}

/* The library would go on without a subprotocol, or with one that it did not ask for in full. */
static bool is_agreed(const struct ws_client *c)
{
    char agreed[CLIENT_PROTOCOL_BYTES];
    int n = lws_hdr_total_length(c->lws, WSI_TOKEN_PROTOCOL);
    if (c->protocol[0] == '\0' || n == 0) {
        return c->protocol[0] == '\0' && n == 0;
    }
    return lws_hdr_copy(c->lws, agreed, (int)sizeof(agreed), WSI_TOKEN_PROTOCOL) > 0 &&
           strcmp(agreed, c->protocol) == 0;
}

static int check_answer(struct ws_client *c)
{
    unsigned status = lws_http_client_http_response(c->lws);
    if (status != 101) {
        char why[64];
        c->http_status = (int)status;
        (void)snprintf(why, sizeof(why), "the server answered HTTP %u", status);
        return refuse(c, why);
    }
    if (!is_agreed(c)) {
        return refuse(c, "the server did not agree to the subprotocol");
    }
    if (lws_hdr_total_length(c->lws, WSI_TOKEN_EXTENSIONS) > 0) {
        return refuse(c, "the server chose an extension that was not offered");
    }
    return 0;
}

/* Told to end from inside a RECEIVE, the library forgets to empty its buffer and writes what comes
 * after that behind its end (4.1.6, client-parser-ws.c). So it is told when it asks what to write;
 * until then the connection belongs to one of these, and what comes is dropped. */
static const struct ending {
    int code;
} ENDINGS[] = {{WS_UNSUPPORTED}, {WS_BAD_TEXT}, {WS_TOO_BIG}};

static const struct ending *ending_of(const void *user)
{
    for (size_t i = 0; i < ARRAY_LEN(ENDINGS); i++) {
        if (user == &ENDINGS[i]) {
            return &ENDINGS[i];
        }
    }
    return NULL;
}

static int end(struct lws *wsi, const struct ending *e, enum lws_callback_reasons reason)
{
    if (reason != LWS_CALLBACK_CLIENT_WRITEABLE) {
        return 0;
    }
    lws_close_reason(wsi, (enum lws_close_status)e->code, NULL, 0);
    lws_set_wsi_user(wsi, NULL);
    return -1;
}

static int fault(struct ws_client *c, int code)
{
    struct lws *wsi = c->lws;
    (void)let_go(c);
    for (size_t i = 0; i < ARRAY_LEN(ENDINGS); i++) {
        if (ENDINGS[i].code == code) {
            lws_set_wsi_user(wsi, (void *)(uintptr_t)&ENDINGS[i]);
            (void)lws_callback_on_writable(wsi);
        }
    }
    return 0;
}

static int on_receive(struct ws_client *c, const char *in, size_t len)
{
    int code = 0;
    bool last = lws_is_final_fragment(c->lws) && lws_remaining_packet_payload(c->lws) == 0;
    if (lws_frame_is_binary(c->lws)) {
        client_ended(c, WS_UNSUPPORTED, "binary message");
        return fault(c, WS_UNSUPPORTED);
    }
    return client_piece(c, (struct span){in, len}, last, &code) ? 0 : fault(c, code);
}

/* The library turns 1012, 1013 and 1014 into 1002 before it tells; the reason comes through. */
static void on_peer_close(struct ws_client *c, const unsigned char *in, size_t len)
{
    char why[NET_WHY_BYTES];
    int code = len >= 2 ? in[0] << 8 | in[1] : WS_NO_CODE;
    struct span reason = {(const char *)in + 2, len > 2 ? len - 2 : 0};
    (void)span_copy(reason.n > 0 && utf8_valid(reason) ? reason : SPAN("closed by the server"), why,
                    sizeof(why));
    client_ended(c, code, why);
}

static int send_ping(struct ws_client *c)
{
    unsigned char frame[LWS_PRE + 1] = {0};
    c->ping_due = false;
    return lws_write(c->lws, frame + LWS_PRE, 0, LWS_WRITE_PING) < 0 ? -1 : 0;
}

/* One write a call, as the library wants it. It copies what the socket does not take at once. */
static int on_writable(struct ws_client *c)
{
    struct out_message *m = c->out_first;
    if (c->ping_due) {
        link_want_write(c);
        return send_ping(c);
    }
    if (m == NULL) {
        if (c->state != CLIENT_CLOSING) {
            return 0;
        }
        lws_close_reason(c->lws, (enum lws_close_status)c->close_code,
                         (unsigned char *)c->close_why, strnlen(c->close_why, WS_REASON_BYTES));
        return -1;
    }
    c->out_first = m->next;
    if (c->out_first == NULL) {
        c->out_end = &c->out_first;
    }
    int sent = lws_write(c->lws, m->data + LWS_PRE, m->bytes, LWS_WRITE_TEXT);
    c->queued_bytes -= m->bytes;
    free(m);
    link_want_write(c);
    return sent < 0 ? -1 : 0;
}

/* While link_connect() is still inside the library its return value says the same. */
static void on_error(struct ws_client *c, const char *in, size_t len)
{
    char why[NET_WHY_BYTES];
    size_t n = in != NULL ? strnlen(in, len) : 0;
    (void)span_copy(n > 0 ? (struct span){in, n} : SPAN("could not connect"), why, sizeof(why));
    (void)let_go(c);
    if (!c->in_connect) {
        client_connect_failed(c, why);
    }
}

static void on_gone(struct ws_client *c)
{
    (void)let_go(c);
    if (c->in_connect) {
        return;
    }
    if (c->state == CLIENT_CONNECTING) {
        client_connect_failed(c, "connection lost before it was open");
    } else {
        client_ended(c, c->state == CLIENT_CLOSING ? c->close_code : 0, "connection lost");
    }
}

/* Called with our ws_client only; the library uses this function for much else too. */
static int on_ours(struct ws_client *c, enum lws_callback_reasons reason, void *in, size_t len)
{
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_bearer(c, in, len);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        return check_answer(c);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        client_opened(c);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_receive(c, in, len);
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        client_heard(c);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writable(c);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(c, in, len);
        (void)let_go(c); /* it answers the close by itself */
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_error(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        on_gone(c);
        return 0;
    default:
        return 0;
    }
}

/* For some reasons `user` is not ours at all (a TLS context, a certificate store). */
static bool is_ours(enum lws_callback_reasons reason)
{
    static const enum lws_callback_reasons ours[] = {
        LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER,
        LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP,
        LWS_CALLBACK_CLIENT_ESTABLISHED,
        LWS_CALLBACK_CLIENT_RECEIVE,
        LWS_CALLBACK_CLIENT_RECEIVE_PONG,
        LWS_CALLBACK_CLIENT_WRITEABLE,
        LWS_CALLBACK_WS_PEER_INITIATED_CLOSE,
        LWS_CALLBACK_CLIENT_CONNECTION_ERROR,
        LWS_CALLBACK_CLIENT_CLOSED,
        LWS_CALLBACK_WSI_DESTROY,
    };
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        if (ours[i] == reason) {
            return true;
        }
    }
    return false;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    struct ws_client *c = user;
    const struct ending *e = ending_of(user);
    if (e != NULL) {
        return end(wsi, e, reason);
    }
    if (!is_ours(reason) || c == NULL) {
        return 0;
    }
    c->lws = wsi;
    return on_ours(c, reason, in, len);
}

static struct lws_vhost *vhost_of(struct net *n)
{
    struct lws_context *context = loop_lws(n->loop);
    struct lws_vhost *vhost = lws_get_vhost_by_name(context, VHOST);
    if (vhost != NULL) {
        return vhost;
    }
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .protocols = protocols,
        .vhost_name = VHOST,
        .connect_timeout_secs = 600,
        .http_proxy_address = "0:0", /* else the library takes one from the environment */
    };
    return lws_create_vhost(context, &info);
}

bool link_connect(struct ws_client *c, const char *address)
{
    struct lws_client_connect_info info = {
        .context = loop_lws(c->net->loop),
        .vhost = vhost_of(c->net),
        .address = address,
        .port = c->url.port,
        .path = c->url.path,
        .host = c->url.authority,
        .protocol = c->protocol[0] != '\0' ? c->protocol : NULL,
        .local_protocol_name = PROTOCOL,
        .alpn = "http/1.1",
        .ietf_version_or_minus_one = -1,
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT, /* it would send the bearer there */
        .userdata = c,
        .pwsi = &c->lws,
    };
    if (c->url.scheme == URL_WSS) {
        info.ssl_connection |= LCCSCF_USE_SSL;
    }
    if (info.vhost == NULL) {
        return false;
    }
    c->in_connect = true;
    struct lws *wsi = lws_client_connect_via_info(&info);
    c->in_connect = false;
    if (wsi == NULL || c->lws == NULL) { /* NULL here: it was reported as gone meanwhile */
        c->lws = NULL;
        return false;
    }
    return true;
}

void link_want_write(struct ws_client *c)
{
    if (c->lws != NULL) {
        (void)lws_callback_on_writable(c->lws);
    }
}

int link_fd(const struct ws_client *c)
{
    return c->lws != NULL ? (int)lws_get_socket_fd(c->lws) : -1;
}

/* The library's own, for the answer to the upgrade. */
void link_no_deadline(struct ws_client *c)
{
    if (c->lws != NULL) {
        lws_set_timeout(c->lws, NO_PENDING_TIMEOUT, 0);
    }
}

/* Only from outside lws_service(). */
void link_drop(struct ws_client *c)
{
    struct lws *wsi = c->lws;
    if (wsi != NULL) {
        (void)let_go(c);
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
    }
}

struct out_message *link_message(struct span text)
{
    struct out_message *m = xmalloc(sizeof(*m) + LWS_PRE + text.n);
    m->next = NULL;
    m->bytes = text.n;
    if (text.n > 0) {
        memcpy(m->data + LWS_PRE, text.p, text.n);
    }
    return m;
}

/* The library's buffer outlives the handshake and is not cleared by it. Outside lws_service() it is
 * idle. */
void link_wipe_secret(struct ws_client *c)
{
    if (c->secret_at != NULL) {
        explicit_bzero(c->secret_at, c->secret_bytes);
        c->secret_at = NULL;
    }
}
