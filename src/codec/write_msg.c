#include "checkrein/codec.h"
#include "writer_priv.h"

static struct writer begin(struct buf *out, enum msg_kind kind)
{
    struct writer w = writer_begin(out);
    write_plain(&w, "kind", msg_kind_name(kind));
    return w;
}

static void write_object(struct writer *w, const char *name)
{
    write_name(w, name);
    write_open(w, '{');
}

/* The names of the bits that are set, lowest first. */
static void write_bits(struct writer *w, const char *name, uint32_t bits,
                       const char *(*name_of)(uint32_t bit), uint32_t count)
{
    write_name(w, name);
    write_open(w, '[');
    for (uint32_t i = 0; i < count; i++) {
        if ((bits >> i & 1u) != 0) {
            write_comma(w);
            write_plain_value(w, name_of(i));
        }
    }
    write_close(w, ']');
}

static const char *scope_at(uint32_t bit)
{
    return scope_name((enum scope)bit);
}

static const char *verb_at(uint32_t bit)
{
    return verb_name((enum verb)bit);
}

enum status codec_write_command(struct buf *out, const struct command *c)
{
    if (c->id.n == 0 || c->id.n > CODEC_NAME_BYTES) {
        return ST_INVALID;
    }
    struct writer w = begin(out, KIND_COMMAND);
    write_text(&w, "id", c->id);
    write_text(&w, "verb", c->raw_verb.n > 0 ? c->raw_verb : span_str(verb_name(c->verb)));
    write_text_if(&w, "agent", c->agent);
    write_text_if(&w, "approval", c->approval);
    write_text_if(&w, "digest", c->digest);
    write_text_if(&w, "shown_digest", c->shown_digest);
    write_text_if(&w, "policy_version", c->policy_version);
    write_text_if(&w, "scope", c->scope);
    write_text_if(&w, "answers", c->answers);
    write_text_if(&w, "credential", c->credential);
    if (c->limit_microusd > 0) {
        write_int(&w, "limit_microusd", c->limit_microusd);
    }
    if (c->limit_tokens > 0) {
        write_int(&w, "limit_tokens", c->limit_tokens);
    }
    write_text_if(&w, "operator", c->operator_label);
    write_text_if(&w, "reason", c->reason);
    if (c->time_us != 0) {
        write_time(&w, "time", c->time_us);
    }
    return writer_end(&w);
}

enum status codec_write_client_hello(struct buf *out, const struct msg_hello *h)
{
    struct writer w = begin(out, KIND_HELLO);
    write_object(&w, "protocol");
    write_int(&w, "min", h->min);
    write_int(&w, "max", h->max);
    write_close(&w, '}');
    write_text_if(&w, "role", h->role);
    write_object(&w, "client");
    write_text(&w, "name", h->name);
    write_text(&w, "version", h->version);
    write_close(&w, '}');
    if (h->resume_after >= 0) {
        write_int(&w, "resume_after", h->resume_after);
        write_text_if(&w, "resume_instance", h->resume_instance);
    }
    return writer_end(&w);
}

enum status codec_write_server_hello(struct buf *out, const struct msg_hello *h)
{
    struct writer w = begin(out, KIND_HELLO);
    write_int(&w, "protocol", h->protocol);
    write_object(&w, "server");
    write_text(&w, "name", h->name);
    write_text(&w, "version", h->version);
    write_text_if(&w, "instance", h->instance);
    write_close(&w, '}');
    write_object(&w, "operator");
    write_text_if(&w, "id", h->operator_id);
    write_text_if(&w, "connection", h->connection);
    write_bits(&w, "scopes", h->scopes, scope_at, SCOPE_COUNT);
    write_close(&w, '}');
    write_bits(&w, "capabilities", h->verbs & ~(1u << VERB_UNKNOWN), verb_at, VERB_COUNT);
    write_int(&w, "heartbeat_ms", h->heartbeat_ms);
    write_int(&w, "seq", h->seq);
    if (h->oldest > 0) {
        write_int(&w, "oldest", h->oldest);
    }
    write_bool(&w, "resumed", h->resumed);
    if (h->frame_bytes > 0) {
        write_object(&w, "limits");
        write_int(&w, "frame_bytes", h->frame_bytes);
        write_int(&w, "depth", TAPE_DEPTH_MAX);
        write_close(&w, '}');
    }
    return writer_end(&w);
}

enum status codec_write_subscribe(struct buf *out)
{
    struct writer w = begin(out, KIND_SUBSCRIBE);
    return writer_end(&w);
}

enum status codec_write_synced(struct buf *out, int64_t seq)
{
    struct writer w = begin(out, KIND_SYNCED);
    write_int(&w, "seq", seq);
    return writer_end(&w);
}

enum status codec_write_result(struct buf *out, const struct msg_result *r)
{
    struct writer w = begin(out, KIND_RESULT);
    write_text(&w, "command", r->command);
    write_plain(&w, "state", command_state_name(r->state));
    write_text_if(&w, "reason", r->reason);
    write_text_if(&w, "by", r->by);
    return writer_end(&w);
}

enum status codec_write_head(struct buf *out, struct span seal)
{
    struct writer w = begin(out, KIND_HEAD);
    write_text(&w, "seal", seal);
    return writer_end(&w);
}

enum status codec_write_countersign(struct buf *out, const struct msg_countersign *c)
{
    struct writer w = begin(out, KIND_COUNTERSIGN);
    write_int(&w, "n", c->n);
    write_text(&w, "head", c->head);
    write_time(&w, "time", c->time_us);
    write_text(&w, "key", c->key);
    write_text(&w, "sig", c->sig);
    return writer_end(&w);
}

enum status codec_write_error(struct buf *out, struct span code, struct span text)
{
    struct writer w = begin(out, KIND_ERROR);
    write_text(&w, "code", code);
    write_text_if(&w, "text", text);
    return writer_end(&w);
}

enum status codec_write_bye(struct buf *out)
{
    struct writer w = begin(out, KIND_BYE);
    return writer_end(&w);
}
