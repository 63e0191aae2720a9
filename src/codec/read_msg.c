/* Frames to struct msg: the kind chooses the table. */
#include "codec_priv.h"

#define HELLO(field) offsetof(struct msg_hello, field)
#define MSG(field)   offsetof(struct msg, field)

static const struct member range_members[] = {
    {"min", take_count, HELLO(min), MEMBER_REQUIRED, NULL, NULL},
    {"max", take_count, HELLO(max), MEMBER_REQUIRED, NULL, NULL},
};
static const struct shape range_shape = SHAPE("protocol", range_members);

static const struct member client_members[] = {
    {"name",    take_text, HELLO(name),    MEMBER_OPTIONAL, NULL, NULL},
    {"version", take_text, HELLO(version), MEMBER_OPTIONAL, NULL, NULL},
};
static const struct shape client_shape = SHAPE("client", client_members);

static const struct member server_members[] = {
    {"name",     take_text, HELLO(name),     MEMBER_OPTIONAL, NULL, NULL},
    {"version",  take_text, HELLO(version),  MEMBER_OPTIONAL, NULL, NULL},
    {"instance", take_text, HELLO(instance), MEMBER_OPTIONAL, NULL, NULL},
};
static const struct shape server_shape = SHAPE("server", server_members);

/* Names of a list as a set of bits; those that `bit_of` does not know are counted. */
static enum status read_bits(struct reading *r, const struct member *m, uint32_t list,
                             uint32_t (*bit_of)(struct span name), uint32_t *bits)
{
    const struct tape *j = &r->codec->tape;
    if (tape_type(j, list) != TAPE_ARRAY) {
        return bad_value(r, m->name, "a list");
    }
    for (uint32_t at = tape_first(j, list); at != TAPE_ABSENT; at = tape_next(j, list, at)) {
        struct span name;
        enum status st = read_text(r, m->name, at, &name);
        if (st != ST_OK) {
            return st;
        }
        uint32_t bit = bit_of(name);
        r->unknown += bit == 0;
        *bits |= bit;
    }
    return ST_OK;
}

static uint32_t verb_bit(struct span name)
{
    enum verb verb = verb_find(name);
    return verb == VERB_UNKNOWN ? 0 : 1u << verb;
}

enum status take_scopes(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    return read_bits(r, m, at, scope_find, field);
}

enum status take_verbs(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    return read_bits(r, m, at, verb_bit, field);
}

static const struct member operator_members[] = {
    {"id",         take_text,   HELLO(operator_id), MEMBER_OPTIONAL, NULL, NULL},
    {"connection", take_text,   HELLO(connection),  MEMBER_OPTIONAL, NULL, NULL},
    {"scopes",     take_scopes, HELLO(scopes),      MEMBER_OPTIONAL, NULL, NULL},
};
static const struct shape operator_shape = SHAPE("operator", operator_members);

static const struct member limits_members[] = {
    {"frame_bytes", take_count, HELLO(frame_bytes), MEMBER_OPTIONAL, NULL, NULL},
    {"depth",       take_known, 0,                  MEMBER_OPTIONAL, NULL, NULL},
};
static const struct shape limits_shape = SHAPE("limits", limits_members);

enum status take_protocol(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    struct msg_hello *h = field;
    if (tape_type(&r->codec->tape, at) == TAPE_OBJECT) {
        return read_shape(r, m->shape, at, h);
    }
    return take_count(r, m, at, &h->protocol);
}

#define KIND_ROW                                                                                   \
    {                                                                                              \
        "kind", take_known, 0, MEMBER_REQUIRED, NULL, NULL                                         \
    }

static const struct member hello_members[] = {
    KIND_ROW,
    {"protocol",        take_protocol, MSG(hello),                 MEMBER_REQUIRED, NULL, &range_shape   },
    {"role",            take_text,     MSG(hello.role),            MEMBER_OPTIONAL, NULL, NULL           },
    {"client",          take_object,   MSG(hello),                 MEMBER_OPTIONAL, NULL, &client_shape  },
    {"server",          take_object,   MSG(hello),                 MEMBER_OPTIONAL, NULL, &server_shape  },
    {"operator",        take_object,   MSG(hello),                 MEMBER_OPTIONAL, NULL, &operator_shape},
    {"capabilities",    take_verbs,    MSG(hello.verbs),           MEMBER_OPTIONAL, NULL, NULL           },
    {"heartbeat_ms",    take_count,    MSG(hello.heartbeat_ms),    MEMBER_OPTIONAL, NULL, NULL           },
    {"seq",             take_count,    MSG(hello.seq),             MEMBER_OPTIONAL, NULL, NULL           },
    {"oldest",          take_count,    MSG(hello.oldest),          MEMBER_OPTIONAL, NULL, NULL           },
    {"resumed",         take_bool,     MSG(hello.resumed),         MEMBER_OPTIONAL, NULL, NULL           },
    {"resume_after",    take_count,    MSG(hello.resume_after),    MEMBER_OPTIONAL, NULL, NULL           },
    {"resume_instance", take_text,     MSG(hello.resume_instance), MEMBER_OPTIONAL, NULL, NULL           },
    {"limits",          take_object,   MSG(hello),                 MEMBER_OPTIONAL, NULL, &limits_shape  },
};

static const struct member subscribe_members[] = {
    KIND_ROW,
};

static const struct member event_members[] = {
    KIND_ROW,
    {"event", take_event, MSG(event), MEMBER_REQUIRED, NULL, NULL},
};

static const struct member synced_members[] = {
    KIND_ROW,
    {"seq", take_count, MSG(seq), MEMBER_REQUIRED, NULL, NULL},
};

static const struct member bye_members[] = {
    KIND_ROW,
    {"seq", take_count, MSG(seq), MEMBER_OPTIONAL, NULL, NULL},
};

static const struct member result_members[] = {
    KIND_ROW,
    {"command", take_name, MSG(result.command), MEMBER_REQUIRED, NULL,            NULL},
    {"state",   take_enum, MSG(result.state),   MEMBER_REQUIRED, "command_state", NULL},
    {"reason",  take_text, MSG(result.reason),  MEMBER_OPTIONAL, NULL,            NULL},
    {"by",      take_text, MSG(result.by),      MEMBER_OPTIONAL, NULL,            NULL},
};

static const struct member head_members[] = {
    KIND_ROW,
    {"seal", take_text, MSG(seal), MEMBER_REQUIRED, NULL, NULL},
};

static const struct member countersign_members[] = {
    KIND_ROW,
    {"n",    take_count, MSG(countersign.n),       MEMBER_REQUIRED, NULL, NULL},
    {"head", take_text,  MSG(countersign.head),    MEMBER_REQUIRED, NULL, NULL},
    {"time", take_time,  MSG(countersign.time_us), MEMBER_REQUIRED, NULL, NULL},
    {"key",  take_text,  MSG(countersign.key),     MEMBER_REQUIRED, NULL, NULL},
    {"sig",  take_text,  MSG(countersign.sig),     MEMBER_REQUIRED, NULL, NULL},
};

static const struct member error_members[] = {
    KIND_ROW,
    {"code", take_text, MSG(error.code), MEMBER_REQUIRED, NULL, NULL},
    {"text", take_text, MSG(error.text), MEMBER_OPTIONAL, NULL, NULL},
};

/* KIND_COMMAND has a shape of its own. */
static const struct shape shapes[MSG_KIND_COUNT] = {
    [KIND_HELLO] = SHAPE("hello", hello_members),
    [KIND_SUBSCRIBE] = SHAPE("subscribe", subscribe_members),
    [KIND_EVENT] = SHAPE("event", event_members),
    [KIND_SYNCED] = SHAPE("synced", synced_members),
    [KIND_RESULT] = SHAPE("result", result_members),
    [KIND_HEAD] = SHAPE("head", head_members),
    [KIND_COUNTERSIGN] = SHAPE("countersign", countersign_members),
    [KIND_ERROR] = SHAPE("error", error_members),
    [KIND_BYE] = SHAPE("bye", bye_members),
};

const struct shape *msg_shape(enum msg_kind kind)
{
    if (kind == KIND_COMMAND) {
        return &command_shape;
    }
    return kind > KIND_UNKNOWN && kind < MSG_KIND_COUNT ? &shapes[kind] : NULL;
}

static void clear(struct msg *m, struct span raw)
{
    m->kind = KIND_UNKNOWN;
    m->hello = (struct msg_hello){.resume_after = -1};
    event_init(&m->event, EVENT_UNKNOWN, 0);
    m->command = (struct command){0};
    m->result = (struct msg_result){0};
    m->error = (struct msg_error){0};
    m->seal = SPAN_NONE;
    m->countersign = (struct msg_countersign){0};
    m->seq = 0;
    m->unknown_keys = 0;
    m->raw = raw;
}

static enum msg_kind kind_find(struct span name)
{
    for (uint32_t k = KIND_UNKNOWN + 1; k < MSG_KIND_COUNT; k++) {
        if (span_is(name, msg_kind_name((enum msg_kind)k))) {
            return (enum msg_kind)k;
        }
    }
    return KIND_UNKNOWN;
}

static enum status read_kind(struct reading *r, enum msg_kind *kind)
{
    const struct tape *j = &r->codec->tape;
    if (tape_type(j, TAPE_ROOT) != TAPE_OBJECT) {
        return bad_value(r, "the frame", "an object");
    }
    struct span name;
    enum status st = read_text(r, "kind", tape_get(j, TAPE_ROOT, "kind"), &name);
    if (st == ST_OK) {
        *kind = kind_find(name);
    }
    return st;
}

enum status codec_read_msg(struct codec *c, struct span text, struct msg *out, struct why *why)
{
    struct reading r;
    clear(out, text);
    enum status st = reading_begin(&r, c, text, PROTOCOL_FRAME_BYTES, why);
    if (st == ST_OK) {
        st = read_kind(&r, &out->kind);
    }
    if (st != ST_OK || out->kind == KIND_UNKNOWN) {
        return st;
    }
    st = out->kind == KIND_COMMAND ? read_command(&r, TAPE_ROOT, &out->command)
                                   : read_shape(&r, msg_shape(out->kind), TAPE_ROOT, out);
    out->unknown_keys = r.unknown;
    return st;
}
