#include "codec_priv.h"

/* An unknown verb keeps its name: it is refused by it. */
enum status take_verb(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    struct command *c = field;
    struct span name;
    enum status st = read_text(r, m->name, at, &name);
    if (st == ST_OK) {
        c->verb = verb_find(name);
        c->raw_verb = c->verb == VERB_UNKNOWN ? name : SPAN_NONE;
        r->unknown += c->verb == VERB_UNKNOWN;
    }
    return st;
}

#define AT(field) offsetof(struct command, field)

static const struct member command_members[] = {
    {"kind",           take_known, 0,                  MEMBER_REQUIRED, NULL, NULL},
    {"id",             take_name,  AT(id),             MEMBER_REQUIRED, NULL, NULL},
    {"verb",           take_verb,  0,                  MEMBER_REQUIRED, NULL, NULL},
    {"agent",          take_text,  AT(agent),          MEMBER_OPTIONAL, NULL, NULL},
    {"approval",       take_text,  AT(approval),       MEMBER_OPTIONAL, NULL, NULL},
    {"digest",         take_text,  AT(digest),         MEMBER_OPTIONAL, NULL, NULL},
    {"shown_digest",   take_text,  AT(shown_digest),   MEMBER_OPTIONAL, NULL, NULL},
    {"policy_version", take_text,  AT(policy_version), MEMBER_OPTIONAL, NULL, NULL},
    {"scope",          take_text,  AT(scope),          MEMBER_OPTIONAL, NULL, NULL},
    {"answers",        take_text,  AT(answers),        MEMBER_OPTIONAL, NULL, NULL},
    {"credential",     take_text,  AT(credential),     MEMBER_OPTIONAL, NULL, NULL},
    {"limit_microusd", take_count, AT(limit_microusd), MEMBER_OPTIONAL, NULL, NULL},
    {"limit_tokens",   take_count, AT(limit_tokens),   MEMBER_OPTIONAL, NULL, NULL},
    {"operator",       take_text,  AT(operator_label), MEMBER_OPTIONAL, NULL, NULL},
    {"reason",         take_text,  AT(reason),         MEMBER_OPTIONAL, NULL, NULL},
    {"time",           take_time,  AT(time_us),        MEMBER_OPTIONAL, NULL, NULL},
};
const struct shape command_shape = SHAPE("command", command_members);

enum status read_command(struct reading *r, uint32_t object, struct command *out)
{
    *out = (struct command){0};
    return read_shape(r, &command_shape, object, out);
}

enum status codec_read_command(struct codec *c, struct span text, struct command *out,
                               struct why *why)
{
    struct reading r;
    enum status st = reading_begin(&r, c, text, CODEC_RECORD_BYTES, why);
    if (st == ST_OK && !tape_key_is(&c->tape, tape_get(&c->tape, TAPE_ROOT, "kind"), "command")) {
        st = bad_value(&r, "kind", "command");
    }
    return st == ST_OK ? read_command(&r, TAPE_ROOT, out) : st;
}
