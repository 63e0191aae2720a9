/* gateway_priv.h - the lease gateway of the daemon. One idea a file:
 *
 *   doors.c      its port and its socket: who may knock
 *   request.c    what a request says: its lease, its upstream, where it is to go, what goes along
 *   passages.c   a request's life: judged, held, passed on in pieces, cut
 *   bodies.c     memory for what is kept of requests
 *   refusals.c   answers of our own, in the shape that the client's dialect has for errors
 *   upstreams.c  the services, and their real keys
 *   keyfiles.c   a key that has changed in its file
 *   leases.c     issued, changed, used: each an event, from which a start takes them up again
 *   meter*.c     what an answer says that it used, while it goes by (meter_priv.h)
 *   coded.c      the same of answers that come zipped
 *   echo.c       the real key is kept out of answers
 *   telling.c    what became of many, told and recorded over turns
 *   revoke.c     the operator's verbs on them, and the test call that proves a revocation
 *   rooms.c      POST /lease/...: issuing and listing, over the daemon's own socket
 */
#ifndef GOVD_GATEWAY_PRIV_H
#define GOVD_GATEWAY_PRIV_H

#include "../govd_priv.h"

#include "checkrein/lease.h"
#include "checkrein/secret.h"
#include "checkrein/source.h"
#include "checkrein/usage.h"

#define GATEWAY_PREFIX     "/u/"
#define GATEWAY_SECRET_MAX 4096
#define GATEWAY_MARK       ((size_t)256 << 10) /* that waits for one side before the other is held */
#define GATEWAY_BODY_BYTES ((size_t)64 << 20)
#define GATEWAY_READ_BYTES ((size_t)16 << 20) /* of a body that is read for its model first */
#define GATEWAY_PROBE      "x-checkrein-probe"
#define GATEWAY_FIELDS_MAX 80
#define PROBE_BYTES        33

/* ---- upstreams.c */
struct key_stamp { /* how a file stood; zeroed: not there */
    bool there;
    uint32_t mode;
    uint64_t device, inode;
    int64_t bytes, written[2], changed[2]; /* seconds and nanoseconds */
};
struct upstream {
    struct govd *govd;
    const struct conf_upstream *conf;
    const struct dialect *dialect;
    char *origin, *base;      /* "https://host", and "" or "/base" */
    char *field;              /* the name of the field that has the key */
    char *before, *behind;    /* what stands around it in that field */
    struct secret_guard *key; /* NULL: there is none yet; wiped when it goes */
    char why_not[160];        /* then: why */
    int64_t echoed_us;        /* as may_tell(): that it told its key back */
    bool coded_told;          /* that it answers in a coding that cannot be read */
    struct source source;     /* of the secret; its text is the configuration's */
    struct source_read *reading;
    bool failed;                  /* it could not be read when that was tried last */
    struct key_stamp seen, taken; /* of its file: at the last look; when it was read */
};
void upstreams_open(struct govd *g);
struct upstream *upstream_named(const struct govd *g, struct span name); /* NULL: none */
struct upstream *upstream_of_dialect(const struct govd *g, struct span dialect);
/* What comes of it is told; a command that still runs is not asked again. */
void upstream_read_key(struct upstream *up);

/* ---- keyfiles.c */
void key_files_open(struct govd *g);
void key_file_taken(struct upstream *up); /* it is about to be read */

/* ---- refusals.c */
struct dialect {
    const char *name;
    const char *header; /* as [upstream] header */
    void (*error)(struct buf *out, int status, struct span why);
};
const struct dialect *dialect_named(const char *name); /* never NULL */
/* Answers and ends the request. `d`: NULL when it is not known. */
void refuse_request(struct govd *g, net_id front, const struct dialect *d,
                    const struct lease_verdict *v);

/* ---- request.c */
struct request_read {           /* of a head; spans borrowed from it */
    struct span upstream, path; /* path: behind the upstream's name, "/" at least */
    struct span token, probe;
    int fault; /* status to answer; 0: sound */
    const char *why;
};
void request_read(const struct http_head *head, struct request_read *r);
/* base + path + query without any key. */
enum status request_target(const struct http_head *head, const struct upstream *up,
                           struct span path, struct buf *out) MUST_USE;
/* What may go along, as lines "name: value\n". */
void request_fields(const struct http_head *head, const struct upstream *up, struct buf *out);
/* Those of an answer that go back: not the connection's, nor what leads elsewhere. */
size_t answer_fields(const struct http_field *in, size_t count, struct http_field *out, size_t most,
                     int64_t *length);

/* ---- passages.c */
struct passage;
struct gateway {
    struct upstream *upstreams;
    size_t count;
    net_id door, socket_door;
    int port;
    char *socket_path;
    struct passage *passages, *newest; /* the oldest first: so they go on */
    size_t passing;                    /* how many */
    size_t body_bytes;                 /* of requests that are kept: bodies.c */
    size_t unread_bytes;               /* of answers that wait for their clients */
    size_t metered_bytes;              /* of requests that are read while they go by */
    struct map by_front;
    int64_t told_us, stranger_us, fault_us; /* as may_tell() */
    uint64_t strangers;
    struct telling *telling;
    struct proof *proofs;
    struct order *orders;
    loop_id key_timer;
    struct late *late; /* answers that may be fetched; NULL: none */
    size_t late_at;
    bool due; /* something changed that may hold, let or cut */
};
extern const struct server_events GATEWAY_EVENTS; /* but for `admit` */
/* Judges again what waits; cuts what must not go on. Gives how many running answers were cut. */
size_t passages_judge(struct govd *g);
/* Into `waiting` of each lease: how many wait under it, or what comes of it. */
void passages_count_held(struct govd *g);
void passages_release(struct govd *g);

/* ---- bodies.c: what is kept of one request */
struct body_share {
    size_t bytes;
    char root[ULID_BYTES]; /* the lease that it counts for */
};
/* It is so long now. False: there is no room for it, and why. */
bool body_take(struct govd *g, struct body_share *share, struct lease *l, size_t bytes,
               struct lease_verdict *v) MUST_USE;
void body_give_back(struct govd *g, struct body_share *share);

/* ---- meter.c: one request of a models' service. NULL is one of any other, and does nothing. */
struct meter;
struct meter *meter_new(struct govd *g, struct upstream *up, const struct lease *l,
                        struct span method, const char *target);
void meter_asked(struct meter *m, struct span bytes); /* of its body */
void meter_whole(struct meter *m);                    /* all of that has come */
void meter_passed(struct meter *m);                   /* it is let go on */
void meter_unanswered(struct meter *m);               /* its upstream was not reached */
void meter_answered(struct meter *m, int http_status, const struct http_field *fields,
                    size_t count);
void meter_read(struct meter *m, struct span bytes); /* of the answer */
void meter_end(struct meter *m);                     /* counts, tells, and frees */
enum usage_dialect meter_speaks(const struct upstream *up);
/* A budget of its agent, of one whose lease it comes of, or of all, is used up, or does not hold
 * what it asks for. */
bool meter_holds(const struct meter *m, const struct govd *g, const struct lease *l, char why[256]);
/* A budget is set: what it asks for is to be known before it is judged, unless there is more than
 * METER_READ_BYTES of it. */
#define METER_READ_BYTES ((size_t)4 << 20)
bool meter_reads_first(const struct meter *m, const struct govd *g, const struct lease *l);
void late_release(struct gateway *w);

/* ---- coded.c */
struct usage_unzip *coded_new(const struct http_field *fields, size_t count); /* NULL: plain */
void coded_tell(struct upstream *up, struct span agent); /* that it cannot be read */
void coded_read(struct upstream *up, struct span agent, struct usage_unzip *u,
                struct usage_reader *r, struct span bytes);

/* ---- echo.c: an upstream may tell back what it was sent; the real key goes no further. */
struct echo {
    struct upstream *up;
    const char *lease; /* who would have had it */
    struct secret_flow flow;
    struct buf fields;         /* those that the key stood in, without it */
    struct usage_unzip *unzip; /* of an answer that comes zipped; else NULL */
    struct buf zipped;         /* that waits, since what it says may go on with the key */
    bool zipped_gone;          /* it went on in the last piece */
};
void echo_begin(struct echo *e, struct upstream *up, const char *lease); /* the key is being sent */
void echo_release(struct echo *e);                                       /* zeroed is fine */
/* Of the head. NULL: done; else why the answer cannot go on. */
const char *echo_head(struct echo *e, struct http_field *fields, size_t count, bool has_body);
/* Of the body: what may go on now; until the next call. False: it is to be cut. */
bool echo_pass(struct echo *e, struct span bytes, struct span *on) MUST_USE;
struct span echo_end(struct echo *e);

/* ---- leases.c */
struct lease *lease_issue(struct govd *g, const struct lease_terms *t, struct span by,
                          char token[LEASE_TOKEN_BYTES], struct why *why);
/* False: it is revoked already. */
bool lease_change(struct govd *g, struct lease *l, enum lease_state state, struct span reason,
                  struct span by);
/* A request under it was let (why NULL) or refused. */
void lease_told(struct govd *g, struct lease *l, struct span method, struct span path,
                const char *why);
/* A request under it has to wait. */
void lease_told_wait(struct govd *g, struct lease *l, struct span method, struct span path,
                     const char *why);
/* Its agent's own gate and the fleet stop, over what the lease itself says. */
struct lease_verdict lease_ruling_now(struct govd *g, struct lease *l,
                                      const struct lease_request *r, const struct meter *m);
/* The first of those that it comes of: itself, when it comes of none. */
struct lease *lease_root(const struct govd *g, struct lease *l);
/* Adds those that this session holds. */
void lease_rows_add(const struct govd *g, const struct session *s, struct credential_rows *out);
/* Its state is told. */
void lease_publish_state(struct govd *g, struct lease *l);
/* What would cut a running answer. NULL: nothing. */
const char *lease_is_dead(const struct govd *g, const struct lease *l);

/* ---- telling.c: in force at once, told and recorded as fast as a turn may last. */
void telling_init(struct govd *g);
void telling_release(struct govd *g);
void telling_add(struct govd *g, struct lease *l); /* its state is news */
/* Up to here there is something to be told; whether all of it is told, and its agents' permissions
 * with it. */
uint64_t telling_mark(const struct govd *g);
bool telling_is_past(const struct govd *g, uint64_t mark);
void telling_turn(struct govd *g); /* some of it; then what waits for it goes on */
void telling_all(struct govd *g);

/* ---- revoke.c */
/* Those whose last words wait for the telling. */
void orders_turn(struct govd *g);
/* The lease of a test call; NULL: it is none of ours. */
struct lease *probe_lease(const struct govd *g, struct span word);
void proofs_release(struct govd *g);

#endif
