/* codec_priv.h - reading objects by tables: one row a member, one function a shape.
 */
#ifndef CHECKREIN_CODEC_PRIV_H
#define CHECKREIN_CODEC_PRIV_H

#include <stddef.h>

#include "checkrein/codec.h"

struct codec {
    struct tape tape;
    struct buf scratch; /* reserved in full when made: spans into it stay good */
    struct event_row *rows;
    uint32_t rows_used;
    uint32_t rows_cap; /* EVENT_LIST_ROWS for every list attribute there is */
    struct tape_token tokens[CODEC_TOKENS];
};

/* One decode. */
struct reading {
    struct codec *codec;
    struct why *why;
    uint32_t unknown;
};

struct member;
/* Reads the value at `at`, which is not null, into `field`. */
typedef enum status take_fn(struct reading *r, const struct member *m, uint32_t at, void *field);

/* The rows drive the reader and the schema. */
struct member {
    const char *name;
    take_fn *take;
    size_t offset; /* of the field in the target */
    enum { MEMBER_OPTIONAL, MEMBER_REQUIRED } need;
    const char *set;           /* take_enum: which */
    const struct shape *shape; /* take_object: of the part; its target is the same as this one's */
};

struct shape {
    const char *what; /* for messages: "hello", "event" */
    const struct member *members;
    uint32_t count; /* at most 32 */
};
#define SHAPE(what, members)                                                                       \
    {                                                                                              \
        what, members, ARRAY_LEN(members)                                                          \
    }

extern const struct shape envelope_shape; /* of an event */
extern const struct shape command_shape;
/* What a frame of this kind holds; NULL for KIND_UNKNOWN. */
const struct shape *msg_shape(enum msg_kind kind);

/* Starts a decode: parses text to the tape. */
enum status reading_begin(struct reading *r, struct codec *c, struct span text, size_t limit,
                          struct why *why) MUST_USE;
/* Members that stand in no row are counted as unknown. */
enum status read_shape(struct reading *r, const struct shape *shape, uint32_t object,
                       void *target) MUST_USE;
/* ST_INVALID: "<name> is not <what>". */
enum status bad_value(struct reading *r, const char *name, const char *what);

enum status read_text(struct reading *r, const char *name, uint32_t at, struct span *out) MUST_USE;
enum status read_time(struct reading *r, const char *name, uint32_t at, int64_t *out) MUST_USE;
enum status read_number(struct reading *r, const char *name, uint32_t at, int64_t *out) MUST_USE;

take_fn take_text;     /* struct span */
take_fn take_name;     /* struct span, not empty, at most CODEC_NAME_BYTES */
take_fn take_time;     /* int64_t, microseconds */
take_fn take_count;    /* int64_t, 0 to EVENT_INT_MAX */
take_fn take_bool;     /* bool */
take_fn take_enum;     /* unsigned, of the set */
take_fn take_object;   /* whatever its shape says */
take_fn take_known;    /* nothing: a member that was read before, or is not needed */
take_fn take_token;    /* uint32_t: where the value stands */
take_fn take_version;  /* nothing: CloudEvents' specversion, "1.0" */
take_fn take_event;    /* struct event */
take_fn take_verb;     /* struct command */
take_fn take_scopes;   /* uint32_t of SCOPE_BIT()s */
take_fn take_verbs;    /* uint32_t of 1u << enum verb */
take_fn take_protocol; /* struct msg_hello: a client says a range, a server the version it chose */

enum status read_command(struct reading *r, uint32_t object, struct command *out) MUST_USE;

#endif
