/* ws_client_priv.h - one outgoing WebSocket over libwebsockets.
 *
 * ws_lws.c is what the library calls: it only notes and enqueues. ws_client.c is what the user
 * calls and what calls the user, from the kick, never from inside lws_service(). A library
 * connection that we are done with is let go with its user pointer cleared, since it may live on
 * for seconds while it closes.
 */
#ifndef CHECKREIN_NET_WS_CLIENT_PRIV_H
#define CHECKREIN_NET_WS_CLIENT_PRIV_H

#include "checkrein/buf.h"
#include "checkrein/resolver.h"
#include "net_priv.h"
#include "url_priv.h"
#include "ws_frame_priv.h"

struct lws;

enum {
    CLIENT_MESSAGE_MS = 60 * 1000,   /* for one message, first byte to last */
    CLIENT_SLOWEST_BYTES = 4 * 1024, /* a second: what came by then gives it so much more time */
    CLIENT_CLOSE_MS = 10 * 1000,     /* to send the queue and close */
    CLIENT_PIECES = 1024,
    CLIENT_PIECE_BYTES = 64 * 1024,
    CLIENT_PROTOCOL_BYTES = 64,
};

enum client_state {
    CLIENT_RESOLVING,
    CLIENT_CONNECTING,
    CLIENT_OPEN,
    CLIENT_CLOSING, /* the user asked; what is queued goes out first */
    CLIENT_CLOSED,  /* `closed` is due */
};

struct out_message {
    struct out_message *next;
    size_t bytes;
    unsigned char data[]; /* LWS_PRE bytes of room, then the text */
};

struct in_message {
    struct in_message *next;
    size_t bytes;
    char *text; /* ours */
};

struct ws_client {
    struct net *net;
    struct ws_client *next, **link;
    net_id id;
    enum client_state state;
    struct ws_events events;
    void *ctx;

    struct url url;
    char protocol[CLIENT_PROTOCOL_BYTES];
    struct buf bearer;
    size_t message_bytes, queue_bytes;
    int64_t connect_ms, ping_ms;
    struct addresses addresses;
    size_t next_address;
    bool handshake_sent;
    void *secret_at; /* where in the library's buffer the bearer was written */
    size_t secret_bytes;

    struct lws *lws;
    bool in_connect;       /* inside the library's connect call */
    loop_id timer;         /* to connect, later for pings */
    int64_t connect_by_us; /* for all addresses together */
    int64_t heard_us;      /* when the peer last sent anything we can see */
    bool ping_due, pinged;
    bool patient; /* silence ends nothing */

    struct out_message *out_first, **out_end;
    size_t queued_bytes;
    struct buf message;
    uint32_t pieces;
    int64_t message_since_us;
    struct in_message *in_first, **in_end;

    bool due, opened_due;
    bool user_closed; /* no more messages */
    int close_code, http_status;
    char close_why[NET_WHY_BYTES];
};

/* ws_connect.c */
void client_connect_next(struct ws_client *c);

/* ws_open.c: notes of what the library reported; the first reason for the end counts */
void client_note(struct ws_client *c); /* the next kick has something to tell the user */
void client_stop_timer(struct ws_client *c);
void client_opened(struct ws_client *c);
void client_heard(struct ws_client *c);
/* False: the connection is at fault and noted as closed; `code` is what the peer is told. */
bool client_piece(struct ws_client *c, struct span piece, bool last, int *code);
void client_ended(struct ws_client *c, int code, const char *why);
void client_connect_failed(struct ws_client *c, const char *why);

/* ws_lws.c */
bool link_connect(struct ws_client *c, const char *address); /* false: failed at once */
void link_want_write(struct ws_client *c);
void link_no_deadline(struct ws_client *c);
void link_drop(struct ws_client *c);
struct out_message *link_message(struct span text);

void link_wipe_secret(struct ws_client *c);

#endif
