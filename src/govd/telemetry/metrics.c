/* metrics.c - tokens from metrics, where nothing else tells them: counters and histograms, delta
 * and cumulative. */
#include "telemetry_priv.h"

#define CUMULATIVE 2 /* AGGREGATION_TEMPORALITY_CUMULATIVE; 1 is delta */
#define DELTA      1

/* Which metrics count tokens, and the attribute that says which tokens. */
static const struct counter {
    const char *name; /* whole, or its end when it begins with a point */
    const char *type;
} COUNTERS[] = {
    {"gen_ai.client.token.usage", "gen_ai.token.type"},
    {".token.usage",              "type"             },
};

/* The values of that attribute; others are parts of these. */
static const struct usage_row TYPES[] = {
    {"input",         NULL, USAGE_IN,          USAGE_NOWHERE},
    {"output",        NULL, USAGE_OUT,         USAGE_NOWHERE},
    {"cacheRead",     NULL, USAGE_CACHE_READ,  USAGE_IN     },
    {"cacheCreation", NULL, USAGE_CACHE_WRITE, USAGE_IN     },
};

/* Where the points of a metric are, and which member of a point is its value. */
static const struct shape {
    const char *data;
    const char *value[2];
} SHAPES[] = {
    {"sum",       {"asInt", "asDouble"}},
    {"histogram", {"sum", NULL}        },
};

static const struct counter *counter_of(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(COUNTERS); i++) {
        const char *want = COUNTERS[i].name;
        if (want[0] == '.' ? span_ends(name, want) : span_is(name, want)) {
            return &COUNTERS[i];
        }
    }
    return NULL;
}

static const struct usage_row *type_of(struct span type)
{
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        if (span_is(type, TYPES[i].name)) {
            return &TYPES[i];
        }
    }
    return NULL;
}

static bool value_of(const struct record *r, const struct shape *shape, int64_t *out)
{
    const struct tape *j = &r->o->json;
    for (size_t i = 0; i < ARRAY_LEN(shape->value) && shape->value[i]; i++) {
        if (tape_int(j, tape_get(j, r->at, shape->value[i]), out) == ST_OK) {
            return *out >= 0 && *out <= EVENT_INT_MAX;
        }
    }
    return false;
}

/* The same whatever the order in which an exporter writes attributes. */
static void mix_attributes(const struct otlp *o, uint32_t attributes, struct series_key *key)
{
    const struct tape *j = &o->json;
    for (uint32_t at = tape_first(j, attributes); at != TAPE_ABSENT;
         at = tape_next(j, attributes, at)) {
        for (size_t i = 0; i < ARRAY_LEN(key->half); i++) {
            key->half[i] += span_hash(tape_raw(j, at), o->g->telemetry->seed[i]);
        }
    }
}

static struct series_key key_of(const struct record *r, const struct session *s, struct span name)
{
    struct series_key key = {{0}};
    mix_attributes(r->o, r->attributes, &key);
    mix_attributes(r->o, r->resource, &key);
    for (size_t i = 0; i < ARRAY_LEN(key.half); i++) {
        uint64_t seed = r->o->g->telemetry->seed[i];
        key.half[i] =
            (key.half[i] * 31 + span_hash(name, seed)) * 31 + span_hash(span_str(s->id), seed);
    }
    return key;
}

static void count(const struct record *r, struct session *s, const struct usage_row *type,
                  int64_t added)
{
    static const char *const MODELS[] = {"gen_ai.response.model", "gen_ai.request.model", "model"};
    struct spend sp = {.wall_us = r->wall_us};
    for (size_t i = 0; !sp.model.n && i < ARRAY_LEN(MODELS); i++) {
        sp.model = record_text(r, MODELS[i]);
    }
    usage_add(&sp.usage, type, added);
    spend_record(r->o->g, s, &sp);
}

static void take_point(struct record *r, struct span name, const struct shape *shape,
                       bool cumulative, const struct usage_row *type)
{
    struct session *s = owner_find(r);
    if (!s || !owner_counts(s, SPEND_FROM_METRICS)) {
        return;
    }
    struct series_point p = {
        .key = key_of(r, s, name),
        .cumulative = cumulative,
        .start_ns = record_ns(r, "startTimeUnixNano"),
        .time_ns = record_ns(r, "timeUnixNano"),
    };
    int64_t added = 0;
    if (!value_of(r, shape, &p.value) || p.time_ns == 0) {
        otlp_reject(r->o, "a point without a count of tokens or without a time");
    } else if (!session_pay_telemetry(s)) {
        otlp_reject(r->o, "over the rate limit");
    } else if (!series_add(r->o->g->telemetry->series, &p, govd_wall_us() * 1000, &added)) {
        otlp_reject(r->o, "more series than are followed here");
    } else if (added > 0) {
        r->wall_us = p.time_ns / 1000;
        count(r, s, type, added);
    }
}

static void take_points(struct otlp *o, uint32_t resource, uint32_t metric,
                        const struct counter *counter, const struct shape *shape)
{
    const struct tape *j = &o->json;
    uint32_t data = tape_get(j, metric, shape->data);
    uint32_t points = tape_get(j, data, "dataPoints");
    int64_t temporality = 0;
    bool told = tape_int(j, tape_get(j, data, "aggregationTemporality"), &temporality) == ST_OK;
    for (uint32_t at = tape_first(j, points); at != TAPE_ABSENT; at = tape_next(j, points, at)) {
        buf_clear(&o->g->text);
        struct span name = tape_string(j, tape_get(j, metric, "name"), &o->g->text);
        struct record r = {
            .o = o, .at = at, .attributes = tape_get(j, at, "attributes"), .resource = resource};
        const struct usage_row *type = type_of(record_text(&r, counter->type));
        if (type && (!told || (temporality != DELTA && temporality != CUMULATIVE))) {
            otlp_reject(o, "a counter that does not say whether it is delta or cumulative");
        } else if (type) {
            take_point(&r, name, shape, temporality == CUMULATIVE, type);
        }
    }
}

void metrics_take(struct otlp *o, uint32_t resource, uint32_t at)
{
    struct span name = tape_string(&o->json, tape_get(&o->json, at, "name"), &o->g->text);
    const struct counter *counter = counter_of(name);
    bool repeats = source_of_service(attribute_text(o, resource, "service.name")) != NULL;
    for (size_t i = 0; source_at(i); i++) {
        repeats |= span_starts(name, source_at(i)->prefix);
    }
    for (size_t i = 0; counter && !repeats && i < ARRAY_LEN(SHAPES); i++) {
        take_points(o, resource, at, counter, &SHAPES[i]);
    }
}
