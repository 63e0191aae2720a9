/* telemetry_priv.h - OTLP/HTTP JSON of agents that are known here: docs/telemetry.md.
 *
 *   otlp.c     one body: what is answered, and the way down to the records
 *   record.c   attributes of one record     owner.c   whose record it is
 *   sources.c  whose telemetry says what: tables       logs.c, metrics.c, spans.c   the three
 * shapes usage.c    tokens of one request        spend.c   tokens and money to an event series.c
 * what a point of a metric adds           prices.c  the file of prices
 *
 * What an exporter says is the agent's word, and only ever about agents that are known by their
 * hooks or were started here: it makes none. Everything that is kept between bodies is bounded.
 */
#ifndef TELEMETRY_PRIV_H
#define TELEMETRY_PRIV_H

#include "../govd_priv.h"

#include "checkrein/price.h"

#define OTLP_TOKENS_MAX (1u << 19) /* JSON tokens of one body */
#define SERIES_MAX      4096       /* metrics that are followed at once */
#define ERROR_BYTES     2048

/* ---- one body */
struct otlp {
    struct govd *g;
    struct tape json;
    int64_t rejected; /* records that should have counted and did not */
    const char *why;  /* of the last one */
};
void otlp_reject(struct otlp *o, const char *why);

/* ---- record.c: a log record, a span, or a point of a metric */
struct record {
    struct otlp *o;
    uint32_t at;                   /* itself */
    uint32_t attributes, resource; /* arrays of {key, value}; a record's own go first */
    const struct source *source;   /* whose words it uses; NULL: OpenTelemetry's own */
    int64_t wall_us;               /* when it happened; 0: not told */
};
/* Of the array `attributes`, or TAPE_ABSENT. */
uint32_t attribute_in(const struct otlp *o, uint32_t attributes, const char *name);
struct span attribute_text(const struct otlp *o, uint32_t attributes, const char *name);
struct span record_text(const struct record *r, const char *name);
/* A whole number in any of the shapes that JSON exporters give it; false also when it is negative
 * or too large. */
bool record_count(const struct record *r, const char *name, int64_t *out);
bool record_flag(const struct record *r, const char *name); /* true, or "true" */
/* USD as a number or its text, to micro-USD. */
bool record_usd(const struct record *r, const char *name, int64_t *microusd);
/* Nanoseconds since 1970 of a member of the record itself; 0: not there. */
int64_t record_ns(const struct record *r, const char *member);

/* ---- usage.c: OpenTelemetry's way of counting: input holds what caches gave and took, output the
 * reasoning */
enum usage_part {
    USAGE_IN,
    USAGE_OUT,
    USAGE_CACHE_READ,
    USAGE_CACHE_WRITE,
    USAGE_REASONING,
    USAGE_COUNT
};
#define USAGE_NOWHERE USAGE_COUNT
struct usage {
    int64_t n[USAGE_COUNT];
};
struct usage_row {
    const char *name, *also; /* attribute, and an older name of it or NULL */
    enum usage_part part,
        whole; /* where its number is added: `whole` when it is not in the whole already */
};
#define USAGE_ROWS 8
void usage_read(const struct record *r, const struct usage_row *rows, struct usage *out);
void usage_add(struct usage *u, const struct usage_row *row, int64_t n);
/* Each token under one kind only, as prices are. */
struct price_usage usage_to_price(const struct usage *u);

/* ---- spend.c */
struct spend {
    struct usage usage;
    struct span model;
    bool has_cost; /* the runtime's own estimate */
    int64_t cost_microusd;
    int64_t wall_us;  /* 0: now */
    int64_t began_us; /* of the call: what was worked on then; 0: not told */
};
void spend_record(struct govd *g, struct session *s, const struct spend *sp);

/* ---- sources.c */
typedef void record_fn(struct otlp *o, struct session *s, const struct record *r);
struct log_kind {
    const char *name; /* of the event, without the prefix */
    record_fn *take;
    bool tells_of_calls; /* of an agent that no hook told of, one that has run is an alarm */
};
struct source {
    const char *service;  /* service.name of its resource */
    const char *prefix;   /* of its event names and metrics */
    const char *agents;   /* how the ids of its agents begin */
    bool bare_names;      /* its event names come without the prefix */
    bool tells_giving_up; /* a hook says when the model is given up: an error alone is an attempt */
    struct usage_row usage[USAGE_ROWS]; /* ends with an empty row */
    const struct log_kind *logs;        /* ends with an empty row */
};
/* Its events are what counts: its metrics and spans tell the same again. NULL: a stranger's words.
 */
const struct source *source_of_service(struct span service);
const struct source *source_of_agent(const char *id);
/* The n-th one; NULL at the end. */
const struct source *source_at(size_t n);

/* ---- owner.c */
/* NULL: of no agent that is known here, which is counted and said. */
struct session *owner_find(const struct record *r);
/* A call has run in an agent that the record of this daemon does not know: its hooks are off. */
void owner_unhooked(const struct record *r);
/* May it be taken now, and for the first time? Else it is counted as rejected, or quietly left out.
 */
bool owner_takes(struct session *s, const struct record *r);
enum spend_from { SPEND_FROM_NOTHING, SPEND_FROM_LOGS, SPEND_FROM_SPANS, SPEND_FROM_METRICS };
/* Spend of one agent is taken from one shape only: the first that told of it, logs where its source
 * has them. */
bool owner_counts(struct session *s, enum spend_from from);

/* ---- logs.c, metrics.c, spans.c: one record of the body, with the resource that it is of */
record_fn log_answer, log_attempt, log_decision, log_result, log_ran;
void logs_take(struct otlp *o, uint32_t resource, uint32_t at);
void metrics_take(struct otlp *o, uint32_t resource, uint32_t at);
void spans_take(struct otlp *o, uint32_t resource, uint32_t at);

/* ---- series.c */
struct series_key {
    uint64_t half[2];
};
struct series_point {
    struct series_key key;
    bool cumulative;
    int64_t start_ns, time_ns, value;
};
struct series_table;
struct series_table *series_new(int64_t now_ns);
void series_free(struct series_table *t);
/* What the point adds to what was counted: 0 for one that was seen, or that counted before anybody
 * looked. False: no room to follow it. */
bool series_add(struct series_table *t, const struct series_point *p, int64_t now_ns,
                int64_t *added);

/* ---- what is kept between bodies */
struct telemetry {
    struct tape_token *tokens; /* OTLP_TOKENS_MAX; made at the first body */
    struct recent taken;       /* records: a retry of the exporter is not counted twice */
    struct series_table *series;
    uint64_t seed[2]; /* of series keys */
    struct price_table *prices;
    uint64_t strangers, strangers_told;
    int64_t unreadable_us, crowded_us, unhooked_us; /* monotonic: when last told */
    bool told_type, told_encoding;
};

#endif
