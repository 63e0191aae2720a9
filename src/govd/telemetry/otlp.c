/* otlp.c - OTLP/HTTP with JSON (OTLP 1.3, section 2.2): one body, its answer, and the way down to
 * its records. What is a fault of the whole body is answered with a status; records that were not
 * taken, with partialSuccess.
 */
#include "telemetry_priv.h"

#include "checkrein/log.h"

/* resourceX[].scopeX[].x[] */
static const struct signal_shape {
    const char *path;
    const char *resources, *scopes, *records;
    const char *rejected; /* as its partialSuccess calls them */
    void (*take)(struct otlp *o, uint32_t resource, uint32_t at);
} SHAPES[] = {
    {"/v1/logs",    "resourceLogs",    "scopeLogs",    "logRecords", "rejectedLogRecords", logs_take },
    {"/v1/metrics", "resourceMetrics", "scopeMetrics", "metrics",    "rejectedDataPoints",
     metrics_take                                                                                    },
    {"/v1/traces",  "resourceSpans",   "scopeSpans",   "spans",      "rejectedSpans",      spans_take},
};

void otlp_reject(struct otlp *o, const char *why)
{
    o->rejected++;
    o->why = why;
}

static void walk(struct otlp *o, const struct signal_shape *shape)
{
    const struct tape *j = &o->json;
    uint32_t resources = tape_get(j, TAPE_ROOT, shape->resources);
    for (uint32_t a = tape_first(j, resources); a != TAPE_ABSENT; a = tape_next(j, resources, a)) {
        uint32_t resource = tape_path(j, a, "resource/attributes");
        uint32_t scopes = tape_get(j, a, shape->scopes);
        for (uint32_t b = tape_first(j, scopes); b != TAPE_ABSENT; b = tape_next(j, scopes, b)) {
            uint32_t records = tape_get(j, b, shape->records);
            for (uint32_t c = tape_first(j, records); c != TAPE_ABSENT;
                 c = tape_next(j, records, c)) {
                buf_clear(&o->g->text);
                shape->take(o, resource, c);
            }
        }
    }
}

/* An error that the exporter must not try again with: the same bytes would fail again. */
static void refuse(struct govd *g, net_id http, int status, const char *words)
{
    char text[256];
    int n = snprintf(text, sizeof(text), "{\"code\":3,\"message\":\"%s\"}", words);
    if (net_http_reply(g->net, http, status, "application/json", (struct span){text, (size_t)n}) !=
        ST_OK) {
        log_write(LOG_DEBUG, "an exporter did not wait for its answer");
    }
}

static bool type_is_json(struct span type)
{
    return span_is(span_trim(span_sub(type, 0, span_find(type, ';'))), "application/json");
}

static void tell_once(struct govd *g, bool *told, const char *words)
{
    if (!*told) {
        *told = true;
        publish_signal(g, NULL, SEVERITY_LOW, words);
    }
}

static bool can_be_read(struct govd *g, net_id http, const struct http_head *head)
{
    struct span encoding = head->header(head, "content-encoding");
    if (!type_is_json(head->content_type)) {
        refuse(g, http, 415,
               "only application/json is taken: OTEL_EXPORTER_OTLP_PROTOCOL=http/json");
        tell_once(g, &g->telemetry->told_type,
                  "an exporter sends telemetry that is not JSON, which is not taken: set its "
                  "protocol to http/json");
        return false;
    }
    if (encoding.n && !span_is(encoding, "identity")) {
        refuse(g, http, 415, "no compression is taken: OTEL_EXPORTER_OTLP_COMPRESSION=none");
        tell_once(g, &g->telemetry->told_encoding,
                  "an exporter sends compressed telemetry, which is not taken: set its compression "
                  "to none");
        return false;
    }
    return true;
}

static void answer(const struct otlp *o, net_id http, const struct signal_shape *shape)
{
    struct buf b;
    buf_init(&b, 1024);
    if (o->rejected > 0) {
        buf_printf(&b, "{\"partialSuccess\":{\"%s\":\"%lld\",\"errorMessage\":\"%s\"}}",
                   shape->rejected, (long long)o->rejected, o->why);
    } else {
        buf_addstr(&b, "{}");
    }
    outbox_answer(o->g, http, buf_span(&b));
    buf_release(&b);
}

void otlp_receive(struct govd *g, net_id http, const struct http_head *head, struct span body)
{
    const struct signal_shape *shape = SHAPES;
    struct telemetry *t = g->telemetry;
    struct otlp o = {.g = g};
    while (!span_is(head->path, shape->path)) {
        shape++;
    }
    if (!can_be_read(g, http, head)) {
        return;
    }
    if (!t->tokens) {
        t->tokens = xcalloc(OTLP_TOKENS_MAX, sizeof(*t->tokens));
    }
    buf_clear(&g->text);
    if (tape_parse(&o.json, body, TAPE_REPAIR, t->tokens, OTLP_TOKENS_MAX) != ST_OK ||
        tape_type(&o.json, TAPE_ROOT) != TAPE_OBJECT) {
        if (may_tell(&t->unreadable_us)) {
            publish_signal(g, NULL, SEVERITY_LOW,
                           "telemetry that is not JSON, or too deep, was dropped");
        }
        refuse(g, http, 400, "not a JSON object that can be read");
        return;
    }
    walk(&o, shape);
    answer(&o, http, shape);
}

/* ---- what is kept between bodies */

enum status telemetry_start(struct govd *g, struct why *why)
{
    g->telemetry = xcalloc(1, sizeof(*g->telemetry));
    g->telemetry->series = series_new(govd_wall_us() * 1000);
    g->telemetry->prices = price_table_new();
    random_bytes(g->telemetry->seed, sizeof(g->telemetry->seed));
    return prices_load(g, why);
}

void telemetry_free(struct telemetry *t)
{
    if (t) {
        recent_release(&t->taken);
        series_free(t->series);
        price_table_free(t->prices);
        free(t->tokens);
        free(t);
    }
}
