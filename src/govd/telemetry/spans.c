/* spans.c - model calls as OpenTelemetry's GenAI conventions tell them, for agents whose runtime
 * has no words of its own here. An agent's span (invoke_agent) tells the sums of the calls below it
 * again and is left out.
 */
#include "telemetry_priv.h"

#define STATUS_ERROR 2

static const char *const CALLS[] = {"chat", "generate_content", "text_completion", "embeddings"};

static const struct usage_row USAGE[] = {
    {"gen_ai.usage.input_tokens",                "gen_ai.usage.prompt_tokens",     USAGE_IN,          USAGE_NOWHERE},
    {"gen_ai.usage.output_tokens",               "gen_ai.usage.completion_tokens", USAGE_OUT,         USAGE_NOWHERE},
    {"gen_ai.usage.cache_read.input_tokens",     NULL,                             USAGE_CACHE_READ,  USAGE_NOWHERE},
    {"gen_ai.usage.cache_creation.input_tokens", NULL,                             USAGE_CACHE_WRITE, USAGE_NOWHERE},
    {"gen_ai.usage.reasoning.output_tokens",     "gen_ai.usage.reasoning_tokens",  USAGE_REASONING,
     USAGE_NOWHERE                                                                                                 },
    {NULL,                                       NULL,                             USAGE_NOWHERE,     USAGE_NOWHERE},
};

static bool is_model_call(const struct record *r)
{
    struct span operation = record_text(r, "gen_ai.operation.name");
    for (size_t i = 0; i < ARRAY_LEN(CALLS); i++) {
        if (span_is(operation, CALLS[i])) {
            return true;
        }
    }
    return false;
}

static bool has_failed(const struct record *r)
{
    int64_t code = 0;
    const struct tape *j = &r->o->json;
    return tape_int(j, tape_path(j, r->at, "status/code"), &code) == ST_OK && code == STATUS_ERROR;
}

/* Whether it is tried again is not told: the next answer ends it. */
static void tell_attempt(struct govd *g, const struct session *s, const struct record *r)
{
    char room[ERROR_BYTES];
    struct event ev;
    const struct tape *j = &r->o->json;
    struct span words = tape_string(j, tape_path(j, r->at, "status/message"), &g->text);
    publish_about(g, &ev, EVENT_FAILURE_REPORTED, s);
    event_set_number(&ev, F_FAILURE_CLASS, FAILURE_MODEL);
    event_set_number(&ev, F_RETRYING, true);
    event_put_text(
        &ev, F_ERROR,
        told_text(g, words.n ? words : record_text(r, "error.type"), room, sizeof(room)));
    (void)publish(g, &ev);
}

static struct span model_of(const struct record *r)
{
    struct span model = record_text(r, "gen_ai.response.model");
    return model.n ? model : record_text(r, "gen_ai.request.model");
}

void spans_take(struct otlp *o, uint32_t resource, uint32_t at)
{
    struct record r = {
        .o = o, .at = at, .attributes = tape_get(&o->json, at, "attributes"), .resource = resource};
    if (source_of_service(attribute_text(o, resource, "service.name")) || !is_model_call(&r)) {
        return;
    }
    struct session *s = owner_find(&r);
    if (!s || !owner_counts(s, SPEND_FROM_SPANS) || !owner_takes(s, &r)) {
        return;
    }
    if (has_failed(&r)) {
        tell_attempt(o->g, s, &r);
    }
    struct spend sp = {.model = model_of(&r), .wall_us = record_ns(&r, "endTimeUnixNano") / 1000};
    sp.began_us = record_ns(&r, "startTimeUnixNano") / 1000;
    usage_read(&r, USAGE, &sp.usage);
    spend_record(o->g, s, &sp);
}
