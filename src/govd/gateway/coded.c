/* coded.c - answers that come zipped although plain bytes were asked for. They go by as they are;
 * of a copy is read what they use. What cannot be read counts as told by nobody, never as nothing,
 * is an alarm once for an upstream, and goes no further (echo.c).
 */
#include "../budget_priv.h"
#include "gateway_priv.h"

struct usage_unzip *coded_new(const struct http_field *fields, size_t count)
{
    struct span coding = SPAN_NONE;
    size_t codings = 0;
    for (size_t i = 0; i < count; i++) {
        if (span_is(fields[i].name, "content-encoding") && fields[i].value.n > 0 &&
            !span_is(fields[i].value, "identity")) {
            coding = fields[i].value;
            codings++;
        }
    }
    return codings == 0 ? NULL : usage_unzip_new(codings == 1 ? coding : SPAN("several"));
}

void coded_tell(struct upstream *up, struct span agent)
{
    char text[256];
    if (!up->coded_told) {
        up->coded_told = true;
        (void)snprintf(text, sizeof(text),
                       "upstream %.40s answers in a coding that was not asked for and cannot be "
                       "read: what such calls use is not known, and they go no further",
                       up->conf->name);
        budget_signal(up->govd, agent, SEVERITY_HIGH, text);
    }
}

static void on_plain(void *ctx, struct span plain)
{
    usage_feed(ctx, plain);
}

void coded_read(struct upstream *up, struct span agent, struct usage_unzip *u,
                struct usage_reader *r, struct span bytes)
{
    if (bytes.n > 0 && !usage_unzip_feed(u, on_plain, r, bytes)) {
        coded_tell(up, agent);
    }
}
