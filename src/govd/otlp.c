/* otlp.c - OTLP/HTTP JSON at /v1/logs: what a runtime says of its model calls. Claude Code's `api_request`
 * events carry tokens and the list-price cost; they are counted once, from the events and never from the
 * metrics, which tell the same sums again.
 */
#include "govd_priv.h"

struct record { /* attributes of one log record, by name */
    const struct tape *j;
    uint32_t attributes;
    struct buf *text;
};

static uint32_t attribute(const struct record *r, const char *name)
{
    for (uint32_t at = tape_first(r->j, r->attributes); at != TAPE_ABSENT;
         at = tape_next(r->j, r->attributes, at)) {
        if (span_is(tape_string(r->j, tape_get(r->j, at, "key"), r->text), name)) {
            return tape_get(r->j, at, "value");
        }
    }
    return TAPE_ABSENT;
}

static struct span text(const struct record *r, const char *name)
{
    return tape_string(r->j, tape_get(r->j, attribute(r, name), "stringValue"), r->text);
}

/* Integers come as numbers, as strings, or as text attributes. */
static bool number(const struct record *r, const char *name, int64_t *out)
{
    static const char *const SHAPES[] = {"intValue", "stringValue", "doubleValue"};
    uint32_t value = attribute(r, name);
    for (size_t i = 0; i < ARRAY_LEN(SHAPES); i++) {
        if (tape_int(r->j, tape_get(r->j, value, SHAPES[i]), out) == ST_OK) {
            return true;
        }
    }
    return false;
}

static bool cost_microusd(const struct record *r, int64_t *out)
{
    if (number(r, "cost_usd_micros", out)) {
        return true;
    }
    uint32_t value = attribute(r, "cost_usd");
    uint32_t plain = tape_get(r->j, value, "doubleValue");
    struct span s = plain != TAPE_ABSENT
                        ? tape_raw(r->j, plain)
                        : tape_string(r->j, tape_get(r->j, value, "stringValue"), r->text);
    return num_parse_micro(s, out) == ST_OK;
}

static const struct {
    const char *attribute;
    enum event_field field;
} TOKENS[] = {
    {"input_tokens",      F_TOKENS_IN    },
    {"output_tokens",     F_TOKENS_OUT   },
    {"cache_read_tokens", F_TOKENS_CACHED},
};

static void on_api_request(struct govd *g, struct session *s, const struct record *r)
{
    struct event ev;
    publish_about(g, &ev, EVENT_SPEND_RECORDED, s);
    for (size_t i = 0; i < ARRAY_LEN(TOKENS); i++) {
        int64_t n = 0;
        if (number(r, TOKENS[i].attribute, &n) && n >= 0 && n <= EVENT_INT_MAX) {
            event_set_number(&ev, TOKENS[i].field, n);
        }
    }
    int64_t cost = 0;
    if (cost_microusd(r, &cost) && cost >= 0 && cost <= EVENT_INT_MAX - s->cost_microusd) {
        event_set_number(&ev, F_COST_MICROUSD, cost);
        event_set_text(&ev, F_COST_CURRENCY, SPAN("USD"));
        event_set_number(&ev, F_COST_ESTIMATED, true);
        s->cost_microusd += cost;
    }
    struct span model = text(r, "model");
    event_put_text(&ev, F_MODEL, model);
    if (g->conf->serve.agent_budget > 0) {
        event_set_number(&ev, F_BUDGET_LIMIT, g->conf->serve.agent_budget);
        event_set_number(&ev, F_BUDGET_USED, s->cost_microusd);
    }
    publish(g, &ev);
    session_model(g, s, model);
}

/* One attempt: when the runtime gives up, its StopFailure hook says so. */
static void on_api_error(struct govd *g, struct session *s, const struct record *r)
{
    struct event ev;
    int64_t attempt = 0;
    publish_about(g, &ev, EVENT_FAILURE_REPORTED, s);
    event_set_number(&ev, F_FAILURE_CLASS, FAILURE_MODEL);
    event_set_number(&ev, F_RETRYING, true);
    event_put_text(&ev, F_ERROR, span_sub(text(r, "error"), 0, 2048));
    if (number(r, "attempt", &attempt)) {
        event_set_number(&ev, F_ATTEMPT, attempt);
    }
    (void)publish(g, &ev);
}

static const struct {
    const char *name;
    void (*handle)(struct govd *g, struct session *s, const struct record *r);
} EVENTS[] = {
    {"api_request", on_api_request},
    {"api_error",   on_api_error  },
};

static struct session *session_of(struct govd *g, const struct record *r)
{
    struct span native = text(r, "session.id");
    struct span subagent = text(r, "agent_id");
    char id[512];
    (void)snprintf(id, sizeof(id), "claude:%.*s%s%.*s", SPAN_ARG(native), subagent.n ? "/" : "",
                   SPAN_ARG(subagent));
    struct session *s = session_find(g, span_str(id));
    if (!s && subagent.n) {
        (void)snprintf(id, sizeof(id), "claude:%.*s", SPAN_ARG(native));
        s = session_find(g, span_str(id));
    }
    return s;
}

static void take_record(struct govd *g, const struct tape *j, uint32_t at)
{
    struct record r = {j, tape_get(j, at, "attributes"), &g->text};
    struct session *s = session_of(g, &r);
    struct span name = text(&r, "event.name");
    for (size_t i = 0; s && i < ARRAY_LEN(EVENTS); i++) {
        if (span_is(name, EVENTS[i].name) && session_pay(s)) {
            EVENTS[i].handle(g, s, &r);
        }
    }
}

/* resourceLogs[].scopeLogs[].logRecords[] */
static void walk(struct govd *g, const struct tape *j)
{
    uint32_t resources = tape_get(j, TAPE_ROOT, "resourceLogs");
    for (uint32_t a = tape_first(j, resources); a != TAPE_ABSENT; a = tape_next(j, resources, a)) {
        uint32_t scopes = tape_get(j, a, "scopeLogs");
        for (uint32_t b = tape_first(j, scopes); b != TAPE_ABSENT; b = tape_next(j, scopes, b)) {
            uint32_t records = tape_get(j, b, "logRecords");
            for (uint32_t c = tape_first(j, records); c != TAPE_ABSENT;
                 c = tape_next(j, records, c)) {
                buf_clear(&g->text);
                take_record(g, j, c);
            }
        }
    }
}

void otlp_receive(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    struct tape j;
    if (span_is(head->path, "/v1/logs")) {
        if (tape_parse(&j, body, TAPE_REPAIR, g->tokens, HOOK_TOKENS_MAX) != ST_OK) {
            if (may_tell(&g->unreadable_us)) {
                publish_signal(g, NULL, SEVERITY_LOW, "telemetry that is not JSON was dropped");
            }
        } else {
            walk(g, &j);
        }
    }
    outbox_answer(g, http, SPAN("{}"));
}
