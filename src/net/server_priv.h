/* server_priv.h - a listener and its connections.
 *
 * A connection goes HEAD → BODY → HELD → (answer) → HEAD …, or HEAD → STREAM → (answer) → HEAD …,
 * or HEAD → WS → WS_CLOSING, and ends over LINGER (our last bytes are out, the peer's are read away
 * so that no reset destroys them) or at once. conn.c keeps time, conn_io.c moves bytes, conn_http.c
 * and conn_ws.c decide. One timer a connection.
 */
#ifndef CHECKREIN_NET_SERVER_PRIV_H
#define CHECKREIN_NET_SERVER_PRIV_H

#include "http1_priv.h"
#include "net_priv.h"
#include "ws_frame_priv.h"

enum {
    SERVER_IDLE_MS = 75 * 1000,  /* a kept connection without a request */
    SERVER_LINGER_MS = 2 * 1000, /* for a peer to read our last words */
    SERVER_CLOSE_MS = 5 * 1000,  /* for a peer to answer our close frame */
    SERVER_WRITE_MS = 30 * 1000, /* an HTTP answer that does not move */
    SERVER_HEADER_MS = 10 * 1000,
    SERVER_FRAGMENTS = 1024,
    SERVER_RATE = 1000,
    SERVER_STALL_MS = 30 * 1000,
    SERVER_LOOK_MS = 3 * 1000, /* of a request that is held: whether its client is there */
    SERVER_STALL_BYTES = 1024, /* in so long */
    SERVER_RETRY_MS = 100,     /* out of descriptors: when to accept again */
    SERVER_LINGER_BYTES = 1024 * 1024,
    SERVER_REPLY_BYTES = 64 * 1024 * 1024,
    SERVER_BODIES_BYTES = 128 * 1024 * 1024, /* of all bodies that are still being read */
    SERVER_SMALL_BYTES = 64 * 1024, /* a body up to this is taken also when those are many */
    CONN_IN_BYTES = 2 * NET_READ_BYTES + HTTP1_HEAD_BYTES,
};

struct listener {
    struct net *net;
    struct listener *next;
    net_id id;
    struct server_options
        options; /* strings below are ours; limits have their defaults filled in */
    char *unix_path, *protocol;
    struct server_events events;
    void *ctx;
    int fd, lock_fd;
    dev_t device; /* of the socket file that we bound: only that one is unlinked */
    ino_t inode;
    loop_id watch, retry;
    uint32_t open; /* connections; the last one frees a listener that is shut */
    size_t bodies; /* bytes of bodies that are being read */
    bool shut;
};

enum conn_state {
    CONN_HEAD,
    CONN_BODY,
    CONN_HELD,
    CONN_STREAM, /* a request in pieces, until its answer is finished: conn_stream.c */
    CONN_ANSWER, /* writing; reads nothing */
    CONN_WS,
    CONN_WS_CLOSING, /* our close frame is queued or sent, the peer's is awaited */
    CONN_LINGER,
    CONN_DEAD,
};

struct conn {
    struct net *net;
    struct listener *listener;
    struct conn *next, **link; /* in net->conns, or net->dead by `next` */
    enum conn_state state;
    int fd;
    loop_id watch, deadline;
    unsigned want;
    pid_t peer_pid;
    uid_t peer_uid;
    net_id id; /* of the request or the WebSocket; 0: none */
    bool busy; /* inside input(): an answer given now does not read on by itself */
    bool kicked;
    struct conn *next_kicked;
    bool send_failed;
    bool saw_end; /* the peer sends no more */

    struct buf in;  /* received and not used */
    struct buf out; /* to be sent, from out_sent on */
    size_t out_sent;
    size_t lingered_bytes;

    struct http1 *head; /* of the request that is being read */
    struct http1_body body;
    struct buf body_bytes;
    bool keep_alive, head_only;
    int minor; /* HTTP/1.minor */
    struct conn_stream {
        bool held;          /* nothing is read of the body */
        bool owes_continue; /* before the body is read the first time */
        bool answered;      /* the head of the answer was written */
        bool chunked;
        bool full;     /* some of the answer had to wait */
        bool room_due; /* by the next kick */
        bool bodyless;
        bool finishing; /* the answer is complete, and not all of it has gone */
        bool draining;  /* some of it is with our kernel only */
        size_t unread;  /* of it, when its clock was set */
        bool in_finish; /* that is told by what net_http_finish() gives */
        int64_t left;   /* of an answer with a length; -1: it has none */
        size_t taken;   /* of the body, ever */
        size_t in, out; /* bytes moved since the clock was set */
        bool waits;     /* some of the answer waited then */
    } stream;

    struct ws_reader reader;
    int64_t bucket_us; /* rate: time credit, and when it was counted */
    int64_t bucket_at_us;
    bool partial;   /* a message is under way and the deadline is its */
    bool close_due; /* ws_closed is to be called by the next kick */
    int close_code;
    char close_why[NET_WHY_BYTES];
};

/* listener.c */
void listener_drop(struct listener *l); /* one connection less */

/* conn.c */
void conn_accept(struct listener *l, int fd);
void conn_kill(struct conn *c);
void conn_kick(struct conn *c); /* close_due, bytes in `in` to read on, or in `out` to send: by the
                                   next kick */
void conn_state(struct conn *c, enum conn_state state, int64_t deadline_ms); /* 0: no deadline */

/* conn_io.c */
void conn_on_io(void *ctx, int fd, unsigned ready);
/* `fresh` bytes follow those that wait in `in`; what is not used waits there. */
void conn_input(struct conn *c, struct span fresh);
bool conn_pending(const struct conn *c); /* bytes to send */
void conn_watch(struct conn *c);
/* Sends what it can; the connection may be dead afterwards. */
void conn_flush(struct conn *c);
void conn_lost(struct conn *c, const char *why); /* ends, and tells of it */
void conn_end_answer(struct conn *c);            /* all of it is queued */
void conn_linger(struct conn *c);
void conn_reclaim(struct conn *c); /* gives back buffers that hold nothing */
bool conn_hung_up(const struct conn *c);

/* conn_http.c: how many bytes were used; 0 when more are needed or nothing may be read now */
size_t conn_read_head(struct conn *c, struct span in);
size_t conn_read_body(struct conn *c, struct span in);
void conn_answer_error(struct conn *c, int status, const char *extra);
void conn_answer_sent(struct conn *c);
void conn_forget_request(struct conn *c);
struct http_head conn_http_head(const struct conn *c);

/* peer.c */
bool conn_peer_has_closed(const struct conn *c); /* false: not, or it cannot be told */

/* conn_stream.c */
void conn_stream_begin(struct conn *c);
size_t conn_stream_read(struct conn *c, struct span in);
bool conn_stream_reads(const struct conn *c); /* more of the body is wanted */
void conn_stream_sent(struct conn *c);        /* nothing waits any more */
void conn_stream_room(struct conn *c);
/* True: the end of the answer is not with the client's kernel yet. */
bool conn_stream_drains(struct conn *c);
void conn_stream_finished(struct conn *c); /* now it is */
/* Its client is slow, but reads: it has longer. */
bool conn_stream_moves(struct conn *c);
void conn_stream_clock(struct conn *c); /* its deadline has come */

/* conn_ws.c */
void conn_ws_upgrade(struct conn *c);
size_t conn_ws_read(struct conn *c, struct span in);
void conn_ws_fault(struct conn *c, int code, const char *why);
void conn_ws_lost(struct conn *c, const char *why);
void conn_ws_flushed(struct conn *c);
void conn_ws_report(struct conn *c);

#endif
