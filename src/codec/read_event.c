/* CloudEvents to struct event. */
#include "codec_priv.h"

/* What is set while an envelope is read. */
struct envelope {
    struct event *event;
    struct span id, source, subject, type;
    int64_t time_us;
    int64_t seq;
    bool snapshot;
    uint32_t data; /* token, or TAPE_ABSENT */
};

static enum status take_cell(struct reading *r, const char *list, uint32_t at, struct span *cell)
{
    if (tape_type(&r->codec->tape, at) == TAPE_NULL) {
        *cell = SPAN_NONE;
        return ST_OK;
    }
    return read_text(r, list, at, cell);
}

static uint32_t find_column(struct span name, const struct span *columns, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && !span_eq(name, columns[i])) {
        i++;
    }
    return i;
}

static enum status read_row(struct reading *r, enum event_field f, uint32_t object,
                            struct event_row *row)
{
    const struct tape *j = &r->codec->tape;
    const char *name = event_field_info(f)->name;
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t count = event_list_columns(f, columns);
    if (tape_type(j, object) != TAPE_OBJECT) {
        return bad_value(r, name, "a list of objects");
    }
    *row = (struct event_row){0};
    for (uint32_t key = tape_first(j, object); key != TAPE_ABSENT;
         key = tape_next(j, object, key)) {
        struct span column_name;
        enum status st = read_text(r, name, key, &column_name);
        uint32_t column = st == ST_OK ? find_column(column_name, columns, count) : count;
        if (column < count) {
            st = take_cell(r, name, key + 1, &row->cell[column]);
        } else {
            r->unknown++;
        }
        if (st != ST_OK) {
            return st;
        }
    }
    return ST_OK;
}

static enum status take_list(struct reading *r, enum event_field f, uint32_t at, struct event *ev)
{
    struct codec *c = r->codec;
    if (tape_type(&c->tape, at) != TAPE_ARRAY) {
        return bad_value(r, event_field_info(f)->name, "a list");
    }
    struct event_row *rows = &c->rows[c->rows_used];
    uint32_t count = 0;
    for (uint32_t row = tape_first(&c->tape, at); row != TAPE_ABSENT;
         row = tape_next(&c->tape, at, row)) {
        if (count == EVENT_LIST_ROWS) {
            r->unknown++;
            continue;
        }
        enum status st = read_row(r, f, row, &rows[count]);
        if (st != ST_OK) {
            return st;
        }
        count++;
    }
    c->rows_used += count;
    event_set_list(ev, f, rows, count);
    return ST_OK;
}

static enum status take_string(struct reading *r, enum event_field f, uint32_t at, struct event *ev)
{
    struct span text;
    enum status st = read_text(r, event_field_info(f)->name, at, &text);
    if (st == ST_OK) {
        event_set_text(ev, f, text);
    }
    return st;
}

/* INT, BOOL, TIME and ENUM. */
static enum status take_value(struct reading *r, enum event_field f, uint32_t at, struct event *ev)
{
    const struct event_field_info *info = event_field_info(f);
    const struct member m = {.name = info->name, .set = info->set};
    int64_t value = 0;
    bool flag = false;
    unsigned name = 0;
    enum status st = ST_OK;
    switch (info->kind) {
    case EVENT_BOOL:
        st = take_bool(r, &m, at, &flag);
        value = flag;
        break;
    case EVENT_TIME:
        st = read_time(r, info->name, at, &value);
        break;
    case EVENT_ENUM:
        st = take_enum(r, &m, at, &name);
        value = name;
        break;
    case EVENT_INT:
    case EVENT_STR:
    case EVENT_LIST:
        st = read_number(r, info->name, at, &value);
        break;
    }
    if (st == ST_OK) {
        event_set_number(ev, f, value);
    }
    return st;
}

static enum status take_attribute(struct reading *r, enum event_field f, uint32_t at,
                                  struct event *ev)
{
    if (tape_type(&r->codec->tape, at) == TAPE_NULL) {
        return ST_OK;
    }
    switch (event_field_info(f)->kind) {
    case EVENT_STR:
        return take_string(r, f, at, ev);
    case EVENT_LIST:
        return take_list(r, f, at, ev);
    case EVENT_INT:
    case EVENT_BOOL:
    case EVENT_TIME:
    case EVENT_ENUM:
        break;
    }
    return take_value(r, f, at, ev);
}

/* A key with escapes in it is decoded like any other text. */
static enum status read_attributes(struct reading *r, uint32_t object, struct event *ev)
{
    struct codec *c = r->codec;
    for (uint32_t key = tape_first(&c->tape, object); key != TAPE_ABSENT;
         key = tape_next(&c->tape, object, key)) {
        struct span name;
        enum status st = read_text(r, "data", key, &name);
        enum event_field f = st == ST_OK ? event_field_find(name) : EVENT_FIELD_COUNT;
        if (f != EVENT_FIELD_COUNT) {
            st = take_attribute(r, f, key + 1, ev);
        } else {
            r->unknown++;
        }
        if (st != ST_OK) {
            return st;
        }
    }
    return ST_OK;
}

enum status take_version(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    (void)field;
    struct span version;
    enum status st = read_text(r, m->name, at, &version);
    if (st == ST_OK && !span_is(version, "1.0")) {
        return bad_value(r, m->name, "1.0");
    }
    return st;
}

#define AT(field) offsetof(struct envelope, field)

static const struct member envelope_members[] = {
    {"specversion",     take_version, 0,            MEMBER_REQUIRED, NULL, NULL},
    {"id",              take_name,    AT(id),       MEMBER_REQUIRED, NULL, NULL},
    {"source",          take_name,    AT(source),   MEMBER_REQUIRED, NULL, NULL},
    {"type",            take_name,    AT(type),     MEMBER_REQUIRED, NULL, NULL},
    {"subject",         take_name,    AT(subject),  MEMBER_OPTIONAL, NULL, NULL},
    {"time",            take_time,    AT(time_us),  MEMBER_REQUIRED, NULL, NULL},
    {"seq",             take_count,   AT(seq),      MEMBER_OPTIONAL, NULL, NULL},
    {"snapshot",        take_bool,    AT(snapshot), MEMBER_OPTIONAL, NULL, NULL},
    {"data",            take_token,   AT(data),     MEMBER_OPTIONAL, NULL, NULL},
    {"datacontenttype", take_known,   0,            MEMBER_OPTIONAL, NULL, NULL},
    {"dataschema",      take_known,   0,            MEMBER_OPTIONAL, NULL, NULL},
};
const struct shape envelope_shape = SHAPE("event", envelope_members);

/* Only what carries our prefix is ours. */
static enum event_type known_type(struct span type)
{
    return span_starts(type, EVENT_TYPE_PREFIX) ? event_type_find(type) : EVENT_UNKNOWN;
}

static void fill_event(const struct envelope *e, const struct reading *r, struct event *ev)
{
    event_init(ev, known_type(e->type), e->time_us);
    ev->seq = (uint64_t)e->seq;
    ev->id = e->id;
    ev->source = e->source;
    ev->subject = e->subject;
    ev->raw_type = ev->type == EVENT_UNKNOWN ? e->type : SPAN_NONE;
    ev->snapshot = e->snapshot;
    ev->repaired = r->codec->tape.repaired;
}

static enum status read_event(struct reading *r, uint32_t object, struct event *ev)
{
    struct envelope e = {.data = TAPE_ABSENT};
    enum status st = read_shape(r, &envelope_shape, object, &e);
    if (st != ST_OK) {
        return st;
    }
    fill_event(&e, r, ev);
    bool is_object = tape_type(&r->codec->tape, e.data) == TAPE_OBJECT;
    if (is_object) {
        st = read_attributes(r, e.data, ev);
    } else if (e.data != TAPE_ABSENT && ev->type != EVENT_UNKNOWN) {
        st = bad_value(r, "data", "an object");
    }
    return st == ST_OK ? event_check(ev, r->why) : st;
}

enum status take_event(struct reading *r, const struct member *m, uint32_t at, void *field)
{
    (void)m;
    return read_event(r, at, field);
}

enum status codec_read_event(struct codec *c, struct span text, struct event *out,
                             uint32_t *unknown, struct why *why)
{
    struct reading r;
    enum status st = reading_begin(&r, c, text, CODEC_RECORD_BYTES, why);
    if (st == ST_OK) {
        st = read_event(&r, TAPE_ROOT, out);
    }
    if (unknown != NULL) {
        *unknown = r.unknown;
    }
    return st;
}
