/* The JSON Schema of the protocol, from the tables that drive the reader and from event.h. */
#include <assert.h>
#include <jansson.h>

#include "codec_priv.h"

#define DIALECT  "https://json-schema.org/draft/2020-12/schema"
#define IDENTITY "urn:checkrein:protocol:v1"
#define INDENT   2

/* Out of memory ends the program here as in alloc.h. */
static json_t *must(json_t *value)
{
    assert(value != NULL);
    return value;
}

static void put(json_t *object, const char *key, json_t *value)
{
    int failed = json_object_set_new(object, key, must(value));
    assert(failed == 0);
    (void)failed;
}

static void add(json_t *array, json_t *value)
{
    int failed = json_array_append_new(array, must(value));
    assert(failed == 0);
    (void)failed;
}

static json_t *text(const char *s)
{
    return must(json_string(s));
}

static json_t *of_type(const char *type)
{
    return must(json_pack("{s:s}", "type", type));
}

static json_t *constant(const char *value)
{
    return must(json_pack("{s:s}", "const", value));
}

static json_t *ref(const char *prefix, const char *name)
{
    return must(json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s%s", prefix, name)));
}

/* Names that this version knows; others are let through and counted. */
static json_t *open_names(json_t *names)
{
    return must(json_pack("{s:[{s:o},{s:s}]}", "anyOf", "enum", must(names), "type", "string"));
}

static json_t *list_of(json_t *item)
{
    return must(json_pack("{s:s,s:o}", "type", "array", "items", must(item)));
}

static json_t *enum_names(const char *set)
{
    json_t *names = must(json_array());
    for (int64_t v = 0; v < event_enum_count(set); v++) {
        add(names, text(event_enum_name(set, v)));
    }
    return names;
}

static json_t *scope_names(void)
{
    json_t *names = must(json_array());
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        add(names, text(scope_name((enum scope)s)));
    }
    return names;
}

/* ---- members of frames and envelopes */

static json_t *text_schema(const struct member *m)
{
    (void)m;
    return of_type("string");
}

static json_t *name_schema(const struct member *m)
{
    (void)m;
    return ref("", "name");
}

static json_t *time_schema(const struct member *m)
{
    (void)m;
    return ref("", "time");
}

static json_t *count_schema(const struct member *m)
{
    (void)m;
    return ref("", "count");
}

static json_t *bool_schema(const struct member *m)
{
    (void)m;
    return of_type("boolean");
}

static json_t *enum_schema(const struct member *m)
{
    return open_names(enum_names(m->set));
}

static json_t *object_schema(const struct member *m)
{
    return ref("part.", m->shape->what);
}

static json_t *version_schema(const struct member *m)
{
    (void)m;
    return constant("1.0");
}

static json_t *event_schema(const struct member *m)
{
    (void)m;
    return ref("", "event");
}

static json_t *verb_schema(const struct member *m)
{
    (void)m;
    return open_names(enum_names("verb"));
}

static json_t *scopes_schema(const struct member *m)
{
    (void)m;
    return list_of(open_names(scope_names()));
}

static json_t *verbs_schema(const struct member *m)
{
    return list_of(verb_schema(m));
}

static json_t *protocol_schema(const struct member *m)
{
    return must(json_pack("{s:[o,o]}", "anyOf", object_schema(m), count_schema(m)));
}

/* What is not here takes any value. */
static const struct {
    take_fn *take;
    json_t *(*schema)(const struct member *m);
} member_schemas[] = {
    {take_text,     text_schema    },
    {take_name,     name_schema    },
    {take_time,     time_schema    },
    {take_count,    count_schema   },
    {take_bool,     bool_schema    },
    {take_enum,     enum_schema    },
    {take_object,   object_schema  },
    {take_version,  version_schema },
    {take_event,    event_schema   },
    {take_verb,     verb_schema    },
    {take_scopes,   scopes_schema  },
    {take_verbs,    verbs_schema   },
    {take_protocol, protocol_schema},
};

static json_t *member_schema(const struct member *m)
{
    for (size_t i = 0; i < ARRAY_LEN(member_schemas); i++) {
        if (member_schemas[i].take == m->take) {
            return member_schemas[i].schema(m);
        }
    }
    return must(json_true());
}

static json_t *shape_schema(const struct shape *shape)
{
    json_t *properties = must(json_object());
    json_t *required = must(json_array());
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct member *m = &shape->members[i];
        put(properties, m->name, member_schema(m));
        if (m->need == MEMBER_REQUIRED) {
            add(required, text(m->name));
        }
    }
    return must(json_pack("{s:s,s:o,s:o}", "type", "object", "required", required, "properties",
                          properties));
}

/* ---- attributes of events */

static json_t *row_schema(enum event_field f)
{
    struct span columns[EVENT_LIST_COLUMNS];
    uint32_t count = event_list_columns(f, columns);
    json_t *properties = must(json_object());
    for (uint32_t i = 0; i < count; i++) {
        char name[64];
        (void)span_copy(columns[i], name, sizeof(name));
        put(properties, name, of_type("string"));
    }
    json_t *row = must(json_pack("{s:s,s:o}", "type", "object", "properties", properties));
    json_t *list = list_of(row);
    put(list, "maxItems", json_integer(EVENT_LIST_ROWS));
    return list;
}

static json_t *attribute_schema(enum event_field f)
{
    const struct event_field_info *info = event_field_info(f);
    switch (info->kind) {
    case EVENT_STR:
        return of_type("string");
    case EVENT_INT:
        return ref("", info->set[0] != '\0' ? info->set : "count");
    case EVENT_BOOL:
        return of_type("boolean");
    case EVENT_TIME:
        return ref("", "time");
    case EVENT_ENUM:
        return open_names(enum_names(info->set));
    case EVENT_LIST:
        return row_schema(f);
    }
    return must(json_true());
}

static json_t *attributes_schema(void)
{
    json_t *properties = must(json_object());
    for (uint32_t f = 0; f < EVENT_FIELD_COUNT; f++) {
        put(properties, event_field_info((enum event_field)f)->name,
            attribute_schema((enum event_field)f));
    }
    return must(json_pack("{s:s,s:o}", "type", "object", "properties", properties));
}

/* ---- events: one definition a type */

static json_t *full_type(enum event_type type)
{
    return must(json_sprintf("%s%s", EVENT_TYPE_PREFIX, event_type_name(type)));
}

static json_t *typed_event(enum event_type type)
{
    json_t *required = must(json_array());
    for (const enum event_field *f = event_required(type); *f != EVENT_FIELD_COUNT; f++) {
        add(required, text(event_field_info(*f)->name));
    }
    json_t *data = ref("", "attributes");
    put(data, "required", required);
    json_t *event = shape_schema(&envelope_shape);
    json_t *properties = json_object_get(event, "properties");
    put(properties, "type", json_pack("{s:o}", "const", full_type(type)));
    put(properties, "data", data);
    add(json_object_get(event, "required"), text("data"));
    return event;
}

static json_t *other_event(void)
{
    json_t *known = must(json_array());
    for (uint32_t t = 0; t < EVENT_UNKNOWN; t++) {
        add(known, full_type((enum event_type)t));
    }
    json_t *event = shape_schema(&envelope_shape);
    json_t *type = ref("", "name");
    put(type, "not", json_pack("{s:o}", "enum", known));
    put(json_object_get(event, "properties"), "type", type);
    return event;
}

static void put_named(json_t *defs, const char *prefix, const char *name, json_t *schema)
{
    json_t *key = must(json_sprintf("%s%s", prefix, name));
    put(defs, json_string_value(key), schema);
    json_decref(key);
}

static void put_events(json_t *defs)
{
    json_t *any = must(json_array());
    for (uint32_t t = 0; t <= EVENT_UNKNOWN; t++) {
        const char *name = event_type_name((enum event_type)t);
        add(any, ref("event.", name));
        put_named(defs, "event.", name,
                  t == EVENT_UNKNOWN ? other_event() : typed_event((enum event_type)t));
    }
    put(defs, "event", json_pack("{s:o}", "oneOf", any));
}

/* ---- frames, and the parts that they are made of */

static void put_parts(json_t *defs, const struct shape *shape)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct shape *part = shape->members[i].shape;
        if (part != NULL) {
            put_named(defs, "part.", part->what, shape_schema(part));
        }
    }
}

static json_t *put_frames(json_t *defs)
{
    json_t *any = must(json_array());
    for (uint32_t k = KIND_UNKNOWN + 1; k < MSG_KIND_COUNT; k++) {
        const char *name = msg_kind_name((enum msg_kind)k);
        const struct shape *shape = msg_shape((enum msg_kind)k);
        json_t *frame = shape_schema(shape);
        put(json_object_get(frame, "properties"), "kind", constant(name));
        put_named(defs, "frame.", name, frame);
        put_parts(defs, shape);
        add(any, ref("frame.", name));
    }
    return any;
}

static json_t *integer(int64_t least)
{
    return must(json_pack("{s:s,s:I,s:I}", "type", "integer", "minimum", (json_int_t)least,
                          "maximum", (json_int_t)EVENT_INT_MAX));
}

static json_t *schema(void)
{
    json_t *defs = must(json_object());
    put(defs, "name",
        json_pack("{s:s,s:i,s:i}", "type", "string", "minLength", 1, "maxLength",
                  CODEC_NAME_BYTES));
    put(defs, "time", json_pack("{s:s,s:s}", "type", "string", "format", "date-time"));
    put(defs, "count", integer(0));
    put(defs, "signed", integer(-EVENT_INT_MAX));
    json_t *frames = put_frames(defs);
    put(defs, "attributes", attributes_schema());
    put_events(defs);
    return must(json_pack("{s:s,s:s,s:s,s:o,s:o}", "$schema", DIALECT, "$id", IDENTITY, "title",
                          PROTOCOL_NAME, "oneOf", frames, "$defs", defs));
}

static int add_piece(const char *p, size_t n, void *out)
{
    return buf_append(out, p, n) == ST_OK ? 0 : -1;
}

enum status codec_write_schema(struct buf *out)
{
    size_t before = out->len;
    json_t *root = schema();
    int failed = json_dump_callback(root, add_piece, out, JSON_INDENT(INDENT));
    json_decref(root);
    if (failed != 0) {
        buf_truncate(out, before);
        return ST_LIMIT;
    }
    return ST_OK;
}
