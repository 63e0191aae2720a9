#include "gateway_priv.h"

#include "checkrein/log.h"

#define BODY_BYTES 2048

static const struct {
    int status;
    const char *anthropic, *gemini;
} KINDS[] = {
    {400, "invalid_request_error", "INVALID_ARGUMENT"  },
    {401, "authentication_error",  "UNAUTHENTICATED"   },
    {403, "permission_error",      "PERMISSION_DENIED" },
    {404, "not_found_error",       "NOT_FOUND"         },
    {413, "request_too_large",     "INVALID_ARGUMENT"  },
    {429, "rate_limit_error",      "RESOURCE_EXHAUSTED"},
    {502, "api_error",             "UNAVAILABLE"       },
    {503, "api_error",             "UNAVAILABLE"       },
};

static size_t kind_of(int status)
{
    size_t i = 0;
    while (i < ARRAY_LEN(KINDS) - 1 && KINDS[i].status != status) {
        i++;
    }
    return i;
}

static void error_anthropic(struct buf *out, int status, struct span why)
{
    buf_printf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":",
               KINDS[kind_of(status)].anthropic);
    (void)tape_quote(out, why);
    buf_addstr(out, "}}");
}

static void error_openai(struct buf *out, int status, struct span why)
{
    buf_addstr(out, "{\"error\":{\"message\":");
    (void)tape_quote(out, why);
    buf_printf(out, ",\"type\":\"%s\",\"param\":null,\"code\":\"checkrein_%d\"}}",
               KINDS[kind_of(status)].anthropic, status);
}

static void error_gemini(struct buf *out, int status, struct span why)
{
    buf_printf(out, "{\"error\":{\"code\":%d,\"message\":", status);
    (void)tape_quote(out, why);
    buf_printf(out, ",\"status\":\"%s\"}}", KINDS[kind_of(status)].gemini);
}

static void error_http(struct buf *out, int status, struct span why)
{
    (void)status;
    buf_addstr(out, "{\"error\":");
    (void)tape_quote(out, why);
    buf_addch(out, '}');
}

static const struct dialect DIALECTS[] = {
    {"anthropic", "x-api-key",               error_anthropic},
    {"openai",    "Authorization: Bearer %", error_openai   },
    {"gemini",    "x-goog-api-key",          error_gemini   },
    {"http",      "Authorization: Bearer %", error_http     },
};

const struct dialect *dialect_named(const char *name)
{
    const struct dialect *d = DIALECTS;
    while (d < &DIALECTS[ARRAY_LEN(DIALECTS) - 1] && strcmp(d->name, name) != 0) {
        d++;
    }
    return d;
}

/* An answer in pieces, of one piece: it alone may have fields of ours. */
void refuse_request(struct govd *g, net_id front, const struct dialect *d,
                    const struct lease_verdict *v)
{
    char retry[24];
    char words[320];
    struct buf body;
    (void)snprintf(retry, sizeof(retry), "%lld", (long long)v->retry_s);
    (void)snprintf(words, sizeof(words), "checkrein: %s", v->why);
    struct http_field fields[] = {
        {SPAN("content-type"),  SPAN("application/json")},
        {SPAN("cache-control"), SPAN("no-store")        },
        {SPAN("retry-after"),   span_str(retry)         },
    };
    buf_init(&body, BODY_BYTES);
    (d ? d : dialect_named("http"))->error(&body, v->http_status, span_str(words));
    struct http_answer a = {.http_status = v->http_status,
                            .fields = fields,
                            .field_count = ARRAY_LEN(fields) - (v->retry_s > 0 ? 0 : 1),
                            .length = (int64_t)body.len};
    enum status st = net_http_answer(g->net, front, &a);
    if (st == ST_OK) {
        st = net_http_write(g->net, front, buf_span(&body));
    }
    if (st == ST_OK) {
        st = net_http_finish(g->net, front);
    }
    if (st != ST_OK && st != ST_AGAIN && st != ST_CLOSED) {
        net_http_abort(g->net, front);
    }
    buf_release(&body);
}
