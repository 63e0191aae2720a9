/* codec.h - events, commands and frames of the checkrein protocol (docs/protocol.md) to and from
 * JSON.
 *
 * Reads with wire, writes with tape_quote(), whose bytes are jansson's; the two agree on what is
 * valid (differential fuzzing) and jansson reads back every value that is written here (tests). The
 * schema is built with jansson. Decoded spans point into the frame's text or into the decoder's
 * scratch memory and live until the next decode.
 */
#ifndef CHECKREIN_CODEC_H
#define CHECKREIN_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/event.h"
#include "checkrein/status.h"
#include "checkrein/wire.h"

#define PROTOCOL_NAME        "checkrein.v1"
#define PROTOCOL_VERSION     1
#define PROTOCOL_FRAME_BYTES ((size_t)4 << 20)
#define CODEC_RECORD_BYTES   ((size_t)8 << 20) /* of an event or command as it stands in a record */
#define CODEC_TOKENS         65536             /* JSON values in one text */
#define CODEC_NAME_BYTES     1024              /* of an id, source or subject in an envelope */

/* X(constant, name): the `kind` of a frame */
#define FRAME_KINDS(X)                                                                             \
    X(KIND_UNKNOWN, "unknown")                                                                     \
    X(KIND_HELLO, "hello")                                                                         \
    X(KIND_SUBSCRIBE, "subscribe")                                                                 \
    X(KIND_COMMAND, "command")                                                                     \
    X(KIND_EVENT, "event")                                                                         \
    X(KIND_SYNCED, "synced")                                                                       \
    X(KIND_RESULT, "result")                                                                       \
    X(KIND_HEAD, "head")                                                                           \
    X(KIND_COUNTERSIGN, "countersign")                                                             \
    X(KIND_ERROR, "error")                                                                         \
    X(KIND_BYE, "bye")

#define X(constant, name) constant,
enum msg_kind { FRAME_KINDS(X) MSG_KIND_COUNT };
#undef X

struct msg_hello { /* both directions; a client fills role, min, max, resume_after */
    int64_t min, max, protocol;
    struct span role; /* "operator" or "agent" */
    struct span name, version;
    struct span instance;        /* server: ULID of its record; a change means a new history */
    struct span resume_instance; /* client: the instance that resume_after belongs to */
    int64_t resume_after;        /* -1: from a snapshot */
    struct span operator_id;     /* server: who it takes you for */
    struct span connection;      /* server: its name of this connection, as in operator.presence */
    uint32_t scopes;             /* server: SCOPE_BIT()s */
    uint32_t verbs;              /* server: 1u << enum verb */
    int64_t heartbeat_ms;
    int64_t seq;    /* server: its newest */
    int64_t oldest; /* server: the lowest `resume_after` that it can resume; 0: from the start, or
                       not said */
    bool resumed;
    int64_t frame_bytes; /* server: limits; 0: not said */
};

struct msg_result {
    struct span command;
    enum command_state state;
    struct span reason;
    struct span by; /* what confirmed it */
};

struct msg_error {
    struct span code; /* e.g. "rate", "scope", "protocol", "frame" */
    struct span text;
};

struct msg_countersign { /* of a head that the server told: docs/JOURNAL.md, section 13 */
    int64_t n, time_us;
    struct span head, key, sig; /* hex digits */
};

struct msg {
    enum msg_kind kind;
    struct msg_hello hello;
    struct event event;
    struct command command;
    struct msg_result result;
    struct msg_error error;
    struct span seal; /* head: a line of the server's record */
    struct msg_countersign countersign;
    int64_t seq;           /* synced, bye */
    uint32_t unknown_keys; /* attributes that this version does not know */
    struct span raw;       /* the frame as received */
};

/* Decoder with its scratch memory: token tape and unescaped strings, fixed in size when made. */
struct codec;

struct codec *codec_new(void);
void codec_free(struct codec *c);

/* ST_INVALID: `why` names the field. ST_LIMIT: too long or too many values. An unknown kind, event
 * type, attribute, enumeration name, scope or verb is not an error; all but the first are counted,
 * and so are list rows over EVENT_LIST_ROWS. A null stands for an absent attribute. An event passes
 * event_check() (an unknown type with whatever data it has); a command needs an id and a verb only:
 * who judges it answers with command_check()'s words. The text may be PROTOCOL_FRAME_BYTES long
 * here, CODEC_RECORD_BYTES below.
 * Times are cut to milliseconds, as they are when they are written. */
enum status codec_read_msg(struct codec *c, struct span text, struct msg *out,
                           struct why *why) MUST_USE;
/* A CloudEvents object alone, as it stands in the record. *unknown may be NULL. */
enum status codec_read_event(struct codec *c, struct span text, struct event *out,
                             uint32_t *unknown, struct why *why) MUST_USE;
enum status codec_read_command(struct codec *c, struct span text, struct command *out,
                               struct why *why) MUST_USE;
/* An array of JSON strings (argv, scopes...) is not decoded here: `action` stays text. */

/* Each appends one object without a newline. ST_LIMIT when `out` is full, ST_INVALID for what could
 * not be read back (an event without id or source or that fails event_check(), a command without
 * id): then nothing is added. Same input, same bytes. Times are cut to milliseconds; a list ends at
 * EVENT_LIST_ROWS rows; an empty cell, span or list of verbs is left out. */
enum status codec_write_event(struct buf *out, const struct event *ev) MUST_USE;
enum status codec_write_command(struct buf *out, const struct command *c) MUST_USE;
enum status codec_write_msg_event(struct buf *out, const struct event *ev) MUST_USE;
enum status codec_write_client_hello(struct buf *out, const struct msg_hello *h) MUST_USE;
enum status codec_write_server_hello(struct buf *out, const struct msg_hello *h) MUST_USE;
enum status codec_write_subscribe(struct buf *out) MUST_USE;
enum status codec_write_synced(struct buf *out, int64_t seq) MUST_USE;
enum status codec_write_result(struct buf *out, const struct msg_result *r) MUST_USE;
enum status codec_write_head(struct buf *out, struct span seal) MUST_USE;
enum status codec_write_countersign(struct buf *out, const struct msg_countersign *c) MUST_USE;
enum status codec_write_error(struct buf *out, struct span code, struct span text) MUST_USE;
enum status codec_write_bye(struct buf *out) MUST_USE;

const char *msg_kind_name(enum msg_kind k);

/* The JSON Schema (draft 2020-12) of every frame and event, from the tables:
 * docs/protocol.schema.json. */
enum status codec_write_schema(struct buf *out) MUST_USE;

#endif
