#include "telemetry_priv.h"

/* ---- what a record of each kind means */

void log_answer(struct otlp *o, struct session *s, const struct record *r)
{
    struct spend sp = {.model = record_text(r, "model"), .wall_us = r->wall_us};
    if (!owner_counts(s, SPEND_FROM_LOGS)) {
        return;
    }
    int64_t ms = 0;
    if (!record_count(r, "duration_ms", &ms)) {
        ms = 0;
    }
    sp.began_us = ms <= EVENT_INT_MAX / 1000 && r->wall_us > ms * 1000 ? r->wall_us - ms * 1000 : 0;
    usage_read(r, r->source->usage, &sp.usage);
    sp.has_cost = (record_count(r, "cost_usd_micros", &sp.cost_microusd) ||
                   record_usd(r, "cost_usd", &sp.cost_microusd)) &&
                  sp.cost_microusd >= 0;
    spend_record(o->g, s, &sp);
}

/* A request that the service refused for what it is, is not made again. */
static bool is_final(const struct source *source, int64_t status)
{
    return !source->tells_giving_up && status >= 400 && status < 500 && status != 408 &&
           status != 429;
}

void log_attempt(struct otlp *o, struct session *s, const struct record *r)
{
    static const char *const WORDS[] = {"error", "error.message", "error_type"};
    char room[ERROR_BYTES];
    struct event ev;
    int64_t n = 0;
    struct span error = SPAN_NONE;
    for (size_t i = 0; !error.n && i < ARRAY_LEN(WORDS); i++) {
        error = record_text(r, WORDS[i]);
    }
    bool final = record_count(r, "status_code", &n) && is_final(r->source, n);
    publish_about(o->g, &ev, EVENT_FAILURE_REPORTED, s);
    event_set_number(&ev, F_FAILURE_CLASS, FAILURE_MODEL);
    event_set_number(&ev, F_RETRYING, !final);
    event_put_text(&ev, F_ERROR, told_text(o->g, error, room, sizeof(room)));
    if (record_count(r, "attempt", &n)) {
        event_set_number(&ev, F_ATTEMPT, n);
    }
    (void)publish(o->g, &ev);
}

/* Whether this gate should have seen what is told: its runtime asks, and this daemon knew the agent
 * then. */
static bool is_judged(const struct session *s, const struct record *r)
{
    return session_is_gated(s) && r->wall_us >= s->opened_us;
}

/* Who accepted a call, as the runtime says, and how bad it is when this gate did not let it
 * through. */
static const struct {
    const char *source;
    enum severity severity;
} ACCEPTED_BY[] = {
    {"config",         SEVERITY_EMERGENCY},
    {"user_permanent", SEVERITY_HIGH     },
    {"user_temporary", SEVERITY_HIGH     },
};

void log_decision(struct otlp *o, struct session *s, const struct record *r)
{
    struct span call = record_text(r, "tool_use_id");
    struct span by = record_text(r, "source");
    if (!call.n || !span_is(record_text(r, "decision"), "accept") || !is_judged(s, r)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(ACCEPTED_BY); i++) {
        if (span_is(by, ACCEPTED_BY[i].source)) {
            gate_told_accepted(o->g, s, call, ACCEPTED_BY[i].severity);
        }
    }
}

void log_result(struct otlp *o, struct session *s, const struct record *r)
{
    struct call_end end = {
        .native_id = record_text(r, "tool_use_id"),
        .tool = record_text(r, "tool_name"),
        .outcome = record_flag(r, "success") ? OUTCOME_SUCCEEDED : OUTCOME_FAILED,
        .error = record_text(r, "error_type"),
    };
    if (!record_count(r, "duration_ms", &end.duration_ms)) {
        end.duration_ms = -1;
    }
    if (end.native_id.n && is_judged(s, r)) {
        gate_told_end(o->g, s, &end);
    }
}

/* When the call was begun: what was let through before this session was opened here is not counted.
 */
void log_ran(struct otlp *o, struct session *s, const struct record *r)
{
    int64_t ms = 0;
    if (!record_flag(r, "success")) {
        return;
    }
    (void)record_count(r, "duration_ms", &ms);
    if (ms <= EVENT_INT_MAX / 1000 && r->wall_us - ms * 1000 >= s->opened_us) {
        gate_told_ran(o->g, s);
    }
}

/* ---- which kind it is */

static struct span name_of(const struct record *r)
{
    const struct tape *j = &r->o->json;
    struct span name = attribute_text(r->o, r->attributes, "event.name");
    if (!name.n) {
        name = tape_string(j, tape_get(j, r->at, "eventName"), &r->o->g->text);
    }
    return name.n ? name : tape_string(j, tape_path(j, r->at, "body/stringValue"), &r->o->g->text);
}

static const struct log_kind *kind_in(const struct source *source, struct span name,
                                      bool may_be_bare)
{
    if (span_starts(name, source->prefix)) {
        name = span_sub(name, strlen(source->prefix), name.n);
    } else if (!may_be_bare || !source->bare_names) {
        return NULL;
    }
    for (const struct log_kind *k = source->logs; k->name; k++) {
        if (span_is(name, k->name)) {
            return k;
        }
    }
    return NULL;
}

/* A name without a prefix is of the source that leaves it out, unless another one says that it is
 * its own. */
static const struct log_kind *kind_of(struct record *r)
{
    struct span name = name_of(r);
    struct span service = attribute_text(r->o, r->resource, "service.name");
    const struct log_kind *kind = NULL;
    for (size_t i = 0; !kind && source_at(i); i++) {
        r->source = source_at(i);
        kind = kind_in(r->source, name, !service.n || span_is(service, r->source->service));
    }
    return kind;
}

void logs_take(struct otlp *o, uint32_t resource, uint32_t at)
{
    struct record r = {
        .o = o, .at = at, .attributes = tape_get(&o->json, at, "attributes"), .resource = resource};
    const struct log_kind *kind = kind_of(&r);
    if (!kind) {
        return;
    }
    r.wall_us = record_ns(&r, "timeUnixNano") / 1000;
    struct session *s = owner_find(&r);
    if (!s && kind->tells_of_calls && record_flag(&r, "success")) {
        owner_unhooked(&r);
    }
    if (s && owner_takes(s, &r)) {
        kind->take(o, s, &r);
    }
}
