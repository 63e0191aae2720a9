/* net.h - moves bytes: WebSocket client, HTTP + WebSocket server, HTTP client. It never looks
 * inside them.
 *
 * No extensions are ever offered or accepted (libwebsockets 4.1.6 hangs on them). Messages are
 * reassembled into a capped buffer; over the cap, too many fragments, or too slow: close 1009 or
 * 1008, and `closed` says why. A client waits for a long message as long as it comes on. Every
 * outgoing queue has a cap; a peer that does not read is closed with 1013. ws:// and http:// go to
 * loopback addresses only. TLS certificates are always checked and there is no way to switch that
 * off. No redirect is followed, and no proxy of the environment is used.
 *
 * The WebSocket client is libwebsockets, the HTTP client libcurl. The server is our own: in 4.1.6
 * that of libwebsockets reads freed memory when a kept connection asks for an unknown upgrade,
 * which no callback can prevent, takes frames without a mask, and tells nothing of pings.
 *
 * Connections and requests are named by ids (never pointers) that are not used again; a call with a
 * dead id does nothing and says ST_CLOSED. Callbacks come on the loop's thread and borrow their
 * spans for the call. No callback is made from inside a call of ours; any call but net_free() may
 * be made from inside a callback. Free net before its loop; nobody is called any more from
 * net_free() on.
 */
#ifndef CHECKREIN_NET_H
#define CHECKREIN_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "checkrein/loop.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

struct net;

typedef uint64_t net_id; /* 0 is never given out */

enum status net_new(struct net **out, struct loop *l, struct why *why) MUST_USE;
void net_free(struct net *n);

/* ---- WebSocket client */
struct ws_client_options {
    /* unix:/path/to.sock (asks for "/", Host localhost), ws://127.0.0.1:PORT/path,
     * wss://host[:port]/path */
    const char *url;
    const char *protocol; /* subprotocol that must be agreed; NULL: none is asked for, and none may
                             be chosen */
    /* Authorization: Bearer …; copied, wiped after the handshake; may be empty */
    struct span bearer;
    size_t message_bytes; /* cap of one incoming message */
    size_t queue_bytes;   /* cap of what waits to go out */
    int64_t connect_ms;   /* TCP + TLS + upgrade; 0: 10 s */
    int64_t ping_ms; /* silence after which a ping is sent; the same again without any answer: dead;
                        0: 20 s */
};
struct ws_events {
    void (*opened)(void *ctx, net_id id);
    /* One whole text message, valid UTF-8. None comes after net_ws_close(). */
    void (*message)(void *ctx, net_id id, struct span text);
    /* Always the last: also when it never opened. `code` is the close code or 0; `why` one line.
     * `http_status` is the answer to the upgrade when that was not 101, else 0. A server's 1012,
     * 1013 or 1014 comes as 1002 (libwebsockets does that), with the server's reason in `why`. */
    void (*closed)(void *ctx, net_id id, int code, int http_status, const char *why);
};
/* Starts to connect; name resolution runs in the resolver thread. The URL is checked now. */
enum status net_ws_connect(struct net *n, const struct ws_client_options *o,
                           const struct ws_events *ev, void *ctx, net_id *id,
                           struct why *why) MUST_USE;

/* Both sides: queues one text message; the caller answers for its UTF-8. What is sent in one turn
 * goes out at its end. ST_CLOSED before `opened` and after the end. ST_LIMIT when the queue is full
 * (the connection is then closed 1013). */
enum status net_ws_send(struct net *n, net_id id, struct span text) MUST_USE;
/* Sends what is queued, then the close frame; `closed` comes when the peer answers it, or after 5
 * (server) or 10 seconds (client), or at once when it was not open yet. */
void net_ws_close(struct net *n, net_id id, int code, const char *why);
/* A client's end only. As net_ws_close(), but no callback comes any more: the owner is going away.
 */
void net_ws_forget(struct net *n, net_id id, int code, const char *why);
size_t net_ws_queued(const struct net *n, net_id id);
/* A client's end only: parts of a message have come, and not yet the last. */
bool net_ws_receiving(const struct net *n, net_id id);
/* A client's end only: its socket, also before it is open; -1: there is none. It stays ours. */
int net_ws_fd(const struct net *n, net_id id);
/* A client's end only: the peer is known to stand still. Until the opposite is said its silence
 * ends nothing, neither while it is to answer the upgrade nor later. */
void net_ws_patient(struct net *n, net_id id, bool patient);

/* ---- server: HTTP requests and WebSocket connections on one listener
 *
 * HTTP/1.1 and 1.0, connections kept, pipelined requests served one after the other, bodies with a
 * length or in chunks, `Expect: 100-continue`. What two readers could take in two ways is answered
 * 400 and never shown: bare LF, folded lines, a second Host, length, Origin or Authorization, a
 * length with chunks. A head has at most 8 KiB and 64 fields (431). An Upgrade to anything but a
 * WebSocket is a plain request. Refusals carry a body {"error":"…"}. */
struct http_field {
    struct span name, value;
};
/* Of the connection, or of how a message is framed: never passed on, never given from outside. */
bool http_field_is_framing(struct span name);
struct http_head { /* of a request or an upgrade, borrowed */
    /* As received: begins with '/', visible ASCII, not decoded, dots not resolved; the query
     * without its '?'. */
    struct span method, path, query;
    struct span host, origin, authorization; /* as received; empty when absent */
    struct span content_type, accept;
    bool has_origin;
    bool is_unix;
    pid_t peer_pid; /* of a Unix socket peer (SO_PEERCRED), else 0 */
    uid_t peer_uid; /* (uid_t)-1 when not a Unix socket */
    /* Any other header by lower-case name with its colon cut off; empty when absent. Valid in the
     * callback. */
    struct span (*header)(const struct http_head *head, const char *name);
    /* All of them as they came, names in lower case; valid in the callback. */
    const struct http_field *fields;
    size_t field_count;
    int64_t length; /* of the body; -1: it comes in chunks */
    void *priv;
};
struct server_options {
    const char *unix_path; /* or NULL: bound 0600 in a 0700 folder; a live other server there is
                              ST_EXISTS */
    int port;              /* loopback TCP when >= 0 and unix_path is NULL; 0: the system chooses */
    const char *protocol;  /* WebSocket subprotocol, or NULL for HTTP only */
    size_t body_bytes;     /* cap of a request body: 413 */
    size_t message_bytes;  /* cap of a WebSocket message: 1009 */
    size_t queue_bytes;    /* cap of what waits for one WebSocket peer: 1013 */
    uint32_t max_connections; /* HTTP and WebSocket together; over it new ones are closed at once */
    uint32_t message_fragments; /* most fragments of one message: 1009; 0: 1024 */
    /* Of one WebSocket peer, pings and pongs included; a second's worth may come at once: 1008. 0:
     * 1000. */
    uint32_t messages_per_second;
    /* To send the whole head and body of a request (408), from its first byte, and one message of a
     * WebSocket (1008); a new connection has as long for its first byte. 0: 10 s. */
    int64_t header_ms;
    /* Of requests in pieces: in so long a body that is read, and an answer that waits to go out,
     * move by 1 KiB at least, or the connection ends (408). 0: 30 s. */
    int64_t stall_ms;
    size_t send_bytes; /* what the kernel may keep of what we send, about; 0: as it likes */
};
struct server_events {
    /* Head complete, before the body is read and before an upgrade: 0 lets it in, else this HTTP
     * status is the answer (401, 403, 404, 405, 421, 503). */
    int (*admit)(void *ctx, const struct http_head *head, bool upgrade);
    /* A whole request. It is held until net_http_reply(id), however long; never timed out by the
     * server. The answer may be given inside the call. */
    void (*request)(void *ctx, net_id id, const struct http_head *head, struct span body);
    /* The client of a held request went away before the answer: the id is dead. One that shuts
     * down its sending side counts as gone. Not called for a request whose answer said ST_CLOSED.
     */
    void (*request_gone)(void *ctx, net_id id);
    /* Requests in pieces: when `begun` is there, `request` is not used, and both sides of a request
     * are streams. `begun` comes with the head, `piece` with each part of the body in the turn that
     * it came in, `whole` at its end; after `request_gone`, or an answer that was finished, nothing
     * more comes. The body is not kept here: while it is held (net_http_hold) nothing is read of
     * it. A body that is at fault is answered here, or the answer that has begun is cut off, and
     * `request_gone` says so. */
    void (*begun)(void *ctx, net_id id, const struct http_head *head);
    void (*piece)(void *ctx, net_id id, struct span bytes);
    void (*whole)(void *ctx, net_id id);
    /* Some of the answer had to wait, and none does any more. */
    void (*room)(void *ctx, net_id id);
    /* An answer for which net_http_finish() said ST_AGAIN has gone: the id is dead. */
    void (*gone_out)(void *ctx, net_id id);
    void (*ws_opened)(void *ctx, net_id id, const struct http_head *head);
    void (*ws_message)(void *ctx, net_id id, struct span text);
    /* Always the last of an opened one. `code`: the peer's or ours; 1005: a close without one; 0:
     * the connection broke. */
    void (*ws_closed)(void *ctx, net_id id, int code, const char *why);
};
enum status net_listen(struct net *n, const struct server_options *o,
                       const struct server_events *ev, void *ctx, net_id *listener, int *port,
                       struct why *why) MUST_USE;
/* Takes no more; unlinks a Unix socket (its .lock file stays); what is open stays open, and its
 * events still come. */
void net_unlisten(struct net *n, net_id listener);
/* ST_CLOSED when the client is gone: the answer was not given. ST_OK: the kernel has it or it is
 * queued, which is not yet that the client has read it. */
enum status net_http_reply(struct net *n, net_id id, int http_status, const char *content_type,
                           struct span body) MUST_USE;

/* ---- the answer to a request in pieces. net_http_reply() is still the whole of one, as long as
 * none has begun. ST_CLOSED: the client is gone. */
struct http_answer {
    int http_status; /* 200 to 599 */
    /* Checked: a name that is none, or a value with a control byte, is ST_INVALID. Fields that
     * frame the message or speak of the connection are net's own and are ST_INVALID too. */
    const struct http_field *fields;
    size_t field_count;
    int64_t length; /* of the body; -1: not known, it goes in chunks or up to the end */
};
enum status net_http_answer(struct net *n, net_id id, const struct http_answer *a) MUST_USE;
/* Goes out at once as far as the kernel takes it; the rest waits, as net_http_queued() says, and
 * `room` tells when it has gone. ST_LIMIT: more than was said, or more than may wait. */
enum status net_http_write(struct net *n, net_id id, struct span piece) MUST_USE;
/* The answer is complete; one that is shorter than was said is cut off instead. ST_OK: all of it is
 * with the client's kernel, and the id is dead. ST_AGAIN: some of it waits, here or in our kernel,
 * and can still be taken back with net_http_reset(); `gone_out` or `request_gone` follows. */
enum status net_http_finish(struct net *n, net_id id) MUST_USE;
/* Cuts the connection, so that the client sees that the answer is not whole: by a reset, when the
 * answer would have ended with the connection. No callback. */
void net_http_abort(struct net *n, net_id id);
/* The same, and what the kernel has not handed over yet goes nowhere either: by a reset. Over a
 * Unix socket what the kernel has is the client's already; `send_bytes` keeps that small. */
void net_http_reset(struct net *n, net_id id);
size_t net_http_queued(const struct net *n, net_id id);
/* Nothing more of the body is read, and its clock stands still, until net_http_more(). That the
 * client went away is seen meanwhile: at once, or over TCP, when more of its body is under way than
 * the kernel keeps, within seconds.
 */
void net_http_hold(struct net *n, net_id id);
void net_http_more(struct net *n, net_id id);

/* True once everything queued for WebSockets and in answers has been handed to the kernel (for an
 * orderly end). Requests of the HTTP client are not counted: each has its answer. */
bool net_idle(const struct net *n);

/* Where an address is. Special: this machine is told of itself there, or a whole link is
 * (link-local, multicast, unspecified, and the metadata services of clouds, which hand out
 * credentials). */
enum net_place { PLACE_ORDINARY, PLACE_LOOPBACK, PLACE_SPECIAL };
struct sockaddr;
enum net_place net_place_of(const struct sockaddr *a);

/* Whether a request may be made to it at all, as net_http_request() would say. */
enum status net_http_check(const char *url, struct why *why) MUST_USE;

/* ---- HTTP client (libcurl multi): one request, one answer */
struct http_client_request {
    const char *url;       /* http:// to loopback only, https:// anywhere */
    const char *unix_path; /* connect there instead, or NULL */
    const char *ca_file;   /* PEM: who signs the other side's certificate; NULL: the system's */
    /* 1u << enum net_place of each that may be connected to, looked at when the name has become an
     * address; 0: all. */
    unsigned places;
    const char *method;
    struct span bearer;         /* may be empty; never in a redirect: redirects are not followed */
    const char *const *headers; /* NULL-ended "Name: value", or NULL; no Content-Type unless here */
    struct span body;
    size_t answer_bytes; /* cap of its body, which is not decompressed; over it: no answer */
    int64_t timeout_ms;  /* whole request; 0: none */
};
struct http_client_answer {
    int http_status; /* 0: no answer; `why` says */
    struct span body;
    const char *why;
    int64_t retry_after_s; /* as the answer asks; 0: it does not */
    enum net_place place;  /* that it came from; known when the request said `places` */
};
typedef void http_client_fn(void *ctx, net_id id, const struct http_client_answer *answer);
enum status net_http_request(struct net *n, const struct http_client_request *r, http_client_fn *fn,
                             void *ctx, net_id *id, struct why *why) MUST_USE;
void net_http_cancel(struct net *n, net_id id); /* no callback any more; also of a stream */

/* ---- the same in pieces, both ways. The origin is fixed and the target is sent as it is, so that
 * nothing in the target can lead elsewhere. */
struct http_stream_request {
    const char *origin; /* "https://host", "http://127.0.0.1:8080": without a path */
    const char *target; /* from '/' on, visible ASCII */
    const char *method;
    const struct http_field *fields; /* checked as those of an answer; copied, wiped at the end */
    size_t field_count;
    int64_t length;      /* of the body; 0: none, -1: not known */
    const char *ca_file; /* who signs the other side's certificate; NULL: the system's */
    int64_t silence_ms;  /* nothing comes for so long while it is waited for: the end; 0: never */
};
#define NET_ANSWER_FIELDS 128 /* more is at fault; so is a 101, and a coding but chunks */
struct http_stream_events {
    /* The final status with its fields, names in lower case. Borrowed. */
    void (*head)(void *ctx, net_id id, int http_status, const struct http_field *fields,
                 size_t count);
    void (*piece)(void *ctx, net_id id, struct span bytes); /* in the turn that it came in */
    /* What waited to be sent has gone. */
    void (*room)(void *ctx, net_id id);
    /* Always the last, but for a cancel. NULL: the answer is whole; else why it is not. */
    void (*ended)(void *ctx, net_id id, const char *why);
};
enum status net_http_open(struct net *n, const struct http_stream_request *r,
                          const struct http_stream_events *ev, void *ctx, net_id *id,
                          struct why *why) MUST_USE;
/* The next part of the body, which is kept until it can be sent: net_http_stream_queued() says how
 * much waits. */
enum status net_http_send(struct net *n, net_id id, struct span piece) MUST_USE;
void net_http_sent(struct net *n, net_id id); /* that was all */
size_t net_http_stream_queued(const struct net *n, net_id id);
/* No `piece` comes, and nothing is read, until net_http_go_on(). */
void net_http_pause(struct net *n, net_id id);
void net_http_go_on(struct net *n, net_id id);

#endif
