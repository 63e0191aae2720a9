#include "expect.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "codec_priv.h"

#define SCHEMA_BYTES ((size_t)1 << 20)

static json_t *root;
static json_t *defs;

static int load(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SCHEMA_BYTES);
    assert_status(codec_write_schema(&out), ST_OK);
    root = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    defs = json_object_get(root, "$defs");
    buf_release(&out);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    json_decref(root);
    return 0;
}

static const json_t *definition(const char *prefix, const char *name)
{
    char key[128];
    (void)snprintf(key, sizeof(key), "%s%s", prefix, name);
    const json_t *found = json_object_get(defs, key);
    if (found == NULL) {
        fail_msg("no definition of %s", key);
    }
    return found;
}

static bool lists(const json_t *array, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), name) == 0) {
            return true;
        }
    }
    return false;
}

static bool refers(const json_t *alternatives, const char *prefix, const char *name)
{
    char want[128];
    (void)snprintf(want, sizeof(want), "#/$defs/%s%s", prefix, name);
    size_t i;
    json_t *item;
    json_array_foreach(alternatives, i, item)
    {
        const char *ref = json_string_value(json_object_get(item, "$ref"));
        if (ref != NULL && strcmp(ref, want) == 0) {
            return true;
        }
    }
    return false;
}

static void it_is_of_the_dialect_it_says(void **state)
{
    (void)state;
    assert_string_equal(json_string_value(json_object_get(root, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    assert_non_null(json_object_get(root, "$id"));
}

static void every_frame_is_described(void **state)
{
    (void)state;
    for (int k = KIND_UNKNOWN + 1; k < MSG_KIND_COUNT; k++) {
        const char *name = msg_kind_name((enum msg_kind)k);
        const json_t *frame = definition("frame.", name);
        const json_t *properties = json_object_get(frame, "properties");
        const struct shape *shape = msg_shape((enum msg_kind)k);
        assert_true(refers(json_object_get(root, "oneOf"), "frame.", name));
        const json_t *kind = json_object_get(properties, "kind");
        assert_string_equal(json_string_value(json_object_get(kind, "const")), name);
        assert_int_equal(json_object_size(properties), shape->count);
        for (uint32_t i = 0; i < shape->count; i++) {
            const struct member *m = &shape->members[i];
            assert_non_null(json_object_get(properties, m->name));
            assert_int_equal(lists(json_object_get(frame, "required"), m->name),
                             m->need == MEMBER_REQUIRED);
        }
    }
    assert_int_equal(json_array_size(json_object_get(root, "oneOf")), MSG_KIND_COUNT - 1);
    assert_null(msg_shape(KIND_UNKNOWN));
    assert_null(msg_shape(MSG_KIND_COUNT));
}

static void every_event_is_described(void **state)
{
    (void)state;
    const json_t *any = json_object_get(definition("", "event"), "oneOf");
    for (int t = 0; t < EVENT_UNKNOWN; t++) {
        const char *name = event_type_name((enum event_type)t);
        const json_t *event = definition("event.", name);
        const json_t *properties = json_object_get(event, "properties");
        const json_t *data = json_object_get(properties, "data");
        const json_t *required = json_object_get(data, "required");
        char type[128];
        (void)snprintf(type, sizeof(type), "%s%s", EVENT_TYPE_PREFIX, name);
        const json_t *constant = json_object_get(json_object_get(properties, "type"), "const");
        assert_string_equal(json_string_value(constant), type);
        assert_true(refers(any, "event.", name));
        assert_true(lists(json_object_get(event, "required"), "data"));
        size_t count = 0;
        for (const enum event_field *f = event_required((enum event_type)t);
             *f != EVENT_FIELD_COUNT; f++) {
            assert_true(lists(required, event_field_info(*f)->name));
            count++;
        }
        assert_int_equal(json_array_size(required), count);
    }
    assert_int_equal(json_array_size(any), EVENT_TYPE_COUNT);
}

static void every_attribute_is_described(void **state)
{
    (void)state;
    const json_t *properties = json_object_get(definition("", "attributes"), "properties");
    assert_int_equal(json_object_size(properties), EVENT_FIELD_COUNT);
    for (int f = 0; f < EVENT_FIELD_COUNT; f++) {
        const struct event_field_info *info = event_field_info((enum event_field)f);
        const json_t *schema = json_object_get(properties, info->name);
        assert_non_null(schema);
        if (info->kind == EVENT_ENUM) {
            const json_t *names =
                json_object_get(json_array_get(json_object_get(schema, "anyOf"), 0), "enum");
            assert_int_equal(json_array_size(names), event_enum_count(info->set));
        }
        if (info->kind == EVENT_LIST) {
            struct span columns[EVENT_LIST_COLUMNS];
            const json_t *row = json_object_get(schema, "items");
            assert_int_equal(json_object_size(json_object_get(row, "properties")),
                             event_list_columns((enum event_field)f, columns));
        }
    }
}

/* Walks without recursion: each round takes the children of the round before. */
static void every_reference_leads_somewhere(void **state)
{
    (void)state;
    json_t *open = json_pack("[O]", root);
    size_t refs = 0;
    for (int depth = 0; json_array_size(open) > 0; depth++) {
        assert_true(depth < 32);
        json_t *next = json_array();
        for (size_t i = 0; i < json_array_size(open); i++) {
            json_t *node = json_array_get(open, i);
            const char *key;
            json_t *child;
            const char *ref = json_string_value(json_object_get(node, "$ref"));
            if (ref != NULL) {
                assert_int_equal(strncmp(ref, "#/$defs/", 8), 0);
                (void)definition("", ref + 8);
                refs++;
            }
            json_object_foreach(node, key, child)
            {
                json_array_append(next, child);
            }
            for (size_t k = 0; json_is_array(node) && k < json_array_size(node); k++) {
                json_array_append(next, json_array_get(node, k));
            }
        }
        json_decref(open);
        open = next;
    }
    json_decref(open);
    assert_true(refs > 50);
}

static void it_is_the_same_each_time_and_fits_or_is_not_written(void **state)
{
    (void)state;
    struct buf a;
    struct buf b;
    buf_init(&a, SCHEMA_BYTES);
    assert_status(codec_write_schema(&a), ST_OK);
    buf_init(&b, a.len);
    assert_status(codec_write_schema(&b), ST_OK);
    assert_span_eq(buf_span(&a), buf_span(&b));
    buf_release(&b);
    buf_init(&b, a.len - 1);
    assert_status(codec_write_schema(&b), ST_LIMIT);
    assert_int_equal(b.len, 0);
    buf_release(&a);
    buf_release(&b);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        struct buf out;
        buf_init(&out, SCHEMA_BYTES);
        bool done = codec_write_schema(&out) == ST_OK && puts(out.data) >= 0;
        buf_release(&out);
        return done ? 0 : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_of_the_dialect_it_says),
        cmocka_unit_test(every_frame_is_described),
        cmocka_unit_test(every_event_is_described),
        cmocka_unit_test(every_attribute_is_described),
        cmocka_unit_test(every_reference_leads_somewhere),
        cmocka_unit_test(it_is_the_same_each_time_and_fits_or_is_not_written),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
