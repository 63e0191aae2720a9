/* echo.c - some services tell back what they were sent: a debug page, an error that quotes the
 * Authorization field. The real key is taken out of heads and bodies before they go on, and who
 * would have had it is told of. No byte waits but those that the key could begin with.
 */
#include "../budget_priv.h"
#include "gateway_priv.h"

#define FIELDS_BYTES ((size_t)128 << 10)
#define ZIPPED_BYTES ((size_t)1 << 20)

void echo_begin(struct echo *e, struct upstream *up, const char *lease)
{
    e->up = up;
    e->lease = lease;
    secret_flow_begin(&e->flow, up->key);
    buf_init(&e->fields, FIELDS_BYTES);
    buf_init(&e->zipped, ZIPPED_BYTES);
}

void echo_release(struct echo *e)
{
    secret_flow_release(&e->flow);
    buf_wipe(&e->fields);
    buf_wipe(&e->zipped);
    usage_unzip_free(e->unzip);
}

/* Who would have had it. */
static struct span holder_of(const struct echo *e)
{
    const struct govd *g = e->up->govd;
    const struct lease *l = lease_by_id(g->leases, span_str(e->lease));
    return l ? lease_holder(g, l) : SPAN_NONE;
}

static void tell(const struct echo *e, const char *where)
{
    char text[256];
    if (may_tell(&e->up->echoed_us)) {
        (void)snprintf(text, sizeof(text),
                       "upstream %.40s told the real key back in %s: it went no further. Keep such "
                       "paths out with paths= of the lease",
                       e->up->conf->name, where);
        budget_signal(e->up->govd, holder_of(e), SEVERITY_HIGH, text);
    }
}

static void hide(struct echo *e, struct span *text)
{
    if (secret_guard_finds(e->flow.guard, *text)) {
        char *copy = buf_reserve(&e->fields, text->n);
        memcpy(copy, text->p, text->n);
        e->flow.found += secret_guard_hide(e->flow.guard, copy, text->n);
        buf_commit(&e->fields, text->n);
        *text = (struct span){copy, text->n};
    }
}

static bool fields_hide(struct echo *e, struct http_field *fields, size_t count)
{
    size_t all = 0;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        all += fields[i].name.n + fields[i].value.n;
        found = found || secret_guard_finds(e->flow.guard, fields[i].name) ||
                secret_guard_finds(e->flow.guard, fields[i].value);
    }
    if (!found || !buf_reserve(&e->fields, all)) {
        return !found;
    }
    for (size_t i = 0; i < count; i++) {
        hide(e, &fields[i].name); /* none moves: there is room for all */
        hide(e, &fields[i].value);
    }
    tell(e, "the head of an answer");
    return true;
}

const char *echo_head(struct echo *e, struct http_field *fields, size_t count, bool has_body)
{
    e->unzip = coded_new(fields, count);
    if (e->unzip && has_body && !usage_unzip_reads(e->unzip)) {
        coded_tell(e->up, holder_of(e));
        return "the upstream answers in a coding that was not asked for and cannot be read";
    }
    return fields_hide(e, fields, count) ? NULL
                                         : "the upstream's answer has a head that cannot go on";
}

/* ---- bodies */

static void on_plain(void *ctx, struct span plain)
{
    struct echo *e = ctx;
    (void)secret_flow_pass(&e->flow, plain);
}

/* In what is zipped nothing can be masked. It waits while the key may have begun in it. */
static bool pass_zipped(struct echo *e, struct span bytes, struct span *on)
{
    *on = SPAN_NONE;
    if (e->zipped_gone) {
        buf_clear(&e->zipped);
        e->zipped_gone = false;
    }
    if (!usage_unzip_feed(e->unzip, on_plain, e, bytes)) {
        coded_tell(e->up, holder_of(e));
        return false;
    }
    if (e->flow.found > 0) {
        tell(e, "an answer that was zipped");
        return false;
    }
    bool waits = secret_flow_waits(&e->flow);
    if (!waits && e->zipped.len == 0) {
        *on = bytes;
        return true;
    }
    if (buf_add(&e->zipped, bytes) != ST_OK) {
        return false;
    }
    *on = waits ? SPAN_NONE : buf_span(&e->zipped);
    e->zipped_gone = !waits;
    return true;
}

bool echo_pass(struct echo *e, struct span bytes, struct span *on)
{
    uint32_t had = e->flow.found;
    if (e->unzip) {
        return pass_zipped(e, bytes, on);
    }
    *on = secret_flow_pass(&e->flow, bytes);
    if (e->flow.found != had) {
        tell(e, "an answer");
    }
    return true;
}

struct span echo_end(struct echo *e)
{
    struct span zipped = e->zipped_gone ? SPAN_NONE : buf_span(&e->zipped);
    return e->unzip ? zipped : secret_flow_end(&e->flow);
}
