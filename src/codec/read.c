#include <string.h>

#include "checkrein/num.h"
#include "codec_priv.h"

enum status reading_begin(struct reading *r, struct codec *c, struct span text, size_t limit,
                          struct why *why)
{
    *r = (struct reading){.codec = c, .why = why};
    buf_clear(&c->scratch);
    c->rows_used = 0;
    if (text.n > limit) {
        c->tape = (struct tape){0};
        return why_fail(why, ST_LIMIT, "longer than %zu bytes", limit);
    }
    enum status st = tape_parse(&c->tape, text, TAPE_REPAIR, c->tokens, CODEC_TOKENS);
    if (st != ST_OK) {
        return why_fail(why, st, "not usable JSON: %s at byte %u", c->tape.error,
                        (unsigned)c->tape.error_at);
    }
    return ST_OK;
}

enum status bad_value(struct reading *r, const char *name, const char *what)
{
    return why_fail(r->why, ST_INVALID, "%s is not %s", name, what);
}

enum status read_text(struct reading *r, const char *name, uint32_t at, struct span *out)
{
    struct codec *c = r->codec;
    if (tape_type(&c->tape, at) != TAPE_STRING) {
        return bad_value(r, name, "text");
    }
    *out = tape_string(&c->tape, at, &c->scratch);
    if (c->scratch.over) {
        return why_fail(r->why, ST_LIMIT, "%s: too much text", name);
    }
    return ST_OK;
}

enum status read_time(struct reading *r, const char *name, uint32_t at, int64_t *out)
{
    struct span text = SPAN_NONE;
    enum status st = read_text(r, name, at, &text);
    if (st != ST_OK) {
        return st;
    }
    if (time_parse(text, out) != ST_OK) {
        return bad_value(r, name, "an RFC 3339 time");
    }
    *out -= *out % 1000; /* as it is written: what a record brings back is what was live */
    return ST_OK;
}

enum status read_number(struct reading *r, const char *name, uint32_t at, int64_t *out)
{
    const struct tape *j = &r->codec->tape;
    if (tape_type(j, at) != TAPE_NUMBER || tape_int(j, at, out) != ST_OK) {
        return bad_value(r, name, "a whole number in bounds");
    }
    return ST_OK;
}

enum status take_text(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    return read_text(r, m->name, at, field);
}

enum status take_name(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    struct span *name = field;
    enum status st = read_text(r, m->name, at, name);
    if (st == ST_OK && (name->n == 0 || name->n > CODEC_NAME_BYTES)) {
        return bad_value(r, m->name, "a name of usable length");
    }
    return st;
}

enum status take_time(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    return read_time(r, m->name, at, field);
}

enum status take_count(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    int64_t *count = field;
    enum status st = read_number(r, m->name, at, count);
    if (st == ST_OK && (*count < 0 || *count > EVENT_INT_MAX)) {
        return bad_value(r, m->name, "a whole number in bounds");
    }
    return st;
}

enum status take_bool(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    enum tape_type type = tape_type(&r->codec->tape, at);
    if (type != TAPE_TRUE && type != TAPE_FALSE) {
        return bad_value(r, m->name, "true or false");
    }
    *(bool *)field = type == TAPE_TRUE;
    return ST_OK;
}

enum status take_enum(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    struct span name = SPAN_NONE;
    enum status st = read_text(r, m->name, at, &name);
    if (st == ST_OK) {
        int64_t value = event_enum_find(m->set, name);
        r->unknown += !span_is(name, event_enum_name(m->set, value));
        *(unsigned *)field = (unsigned)value;
    }
    return st;
}

enum status take_object(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    return read_shape(r, m->shape, at, field);
}

enum status take_token(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    (void)r;
    (void)m;
    *(uint32_t *)field = at;
    return ST_OK;
}

enum status take_known(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    (void)r;
    (void)m;
    (void)at;
    (void)field;
    return ST_OK;
}

static const struct member *find_member(const struct shape *shape, const struct tape *j,
                                        uint32_t key)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        if (tape_key_is(j, key, shape->members[i].name)) {
            return &shape->members[i];
        }
    }
    return NULL;
}

static enum status check_required(struct reading *r, const struct shape *shape, uint32_t given)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        if (shape->members[i].need == MEMBER_REQUIRED && (given >> i & 1u) == 0) {
            return why_fail(r->why, ST_INVALID, "%s without %s", shape->what,
                            shape->members[i].name);
        }
    }
    return ST_OK;
}

enum status read_shape(struct reading *r, const struct shape *shape, uint32_t object, void *target)
{
    const struct tape *j = &r->codec->tape;
    if (tape_type(j, object) != TAPE_OBJECT) {
        return bad_value(r, shape->what, "an object");
    }
    uint32_t given = 0;
    for (uint32_t key = tape_first(j, object); key != TAPE_ABSENT;
         key = tape_next(j, object, key)) {
        const struct member *m = find_member(shape, j, key);
        if (m == NULL) {
            r->unknown++;
            continue;
        }
        if (tape_type(j, key + 1) == TAPE_NULL) {
            continue;
        }
        enum status st = m->take(r, m, key + 1, (char *)target + m->offset);
        if (st != ST_OK) {
            return st;
        }
        given |= 1u << (m - shape->members);
    }
    return check_required(r, shape, given);
}
