#include "telemetry_priv.h"

uint32_t attribute_in(const struct otlp *o, uint32_t attributes, const char *name)
{
    const struct tape *j = &o->json;
    for (uint32_t at = tape_first(j, attributes); at != TAPE_ABSENT;
         at = tape_next(j, attributes, at)) {
        if (span_is(tape_string(j, tape_get(j, at, "key"), &o->g->text), name)) {
            return tape_get(j, at, "value");
        }
    }
    return TAPE_ABSENT;
}

struct span attribute_text(const struct otlp *o, uint32_t attributes, const char *name)
{
    uint32_t value = attribute_in(o, attributes, name);
    return tape_string(&o->json, tape_get(&o->json, value, "stringValue"), &o->g->text);
}

static uint32_t value_of(const struct record *r, const char *name)
{
    uint32_t own = attribute_in(r->o, r->attributes, name);
    return own != TAPE_ABSENT ? own : attribute_in(r->o, r->resource, name);
}

struct span record_text(const struct record *r, const char *name)
{
    const struct tape *j = &r->o->json;
    return tape_string(j, tape_get(j, value_of(r, name), "stringValue"), &r->o->g->text);
}

static const char *const NUMBERS[] = {"intValue", "stringValue", "doubleValue"};

bool record_count(const struct record *r, const char *name, int64_t *out)
{
    const struct tape *j = &r->o->json;
    uint32_t value = value_of(r, name);
    for (size_t i = 0; i < ARRAY_LEN(NUMBERS); i++) {
        int64_t n = 0;
        if (tape_int(j, tape_get(j, value, NUMBERS[i]), &n) == ST_OK) {
            *out = n;
            return n >= 0 && n <= EVENT_INT_MAX;
        }
    }
    return false;
}

bool record_flag(const struct record *r, const char *name)
{
    const struct tape *j = &r->o->json;
    uint32_t value = value_of(r, name);
    return tape_bool(j, tape_get(j, value, "boolValue"), false) ||
           span_is(record_text(r, name), "true");
}

bool record_usd(const struct record *r, const char *name, int64_t *microusd)
{
    const struct tape *j = &r->o->json;
    uint32_t value = value_of(r, name);
    for (size_t i = 0; i < ARRAY_LEN(NUMBERS); i++) {
        uint32_t at = tape_get(j, value, NUMBERS[i]);
        struct span s =
            tape_type(j, at) == TAPE_NUMBER ? tape_raw(j, at) : tape_string(j, at, &r->o->g->text);
        if (at != TAPE_ABSENT && num_parse_micro(s, microusd) == ST_OK) {
            return true;
        }
    }
    return false;
}

int64_t record_ns(const struct record *r, const char *member)
{
    int64_t ns = 0;
    bool told = tape_int(&r->o->json, tape_get(&r->o->json, r->at, member), &ns) == ST_OK;
    return told && ns > 0 ? ns : 0;
}
