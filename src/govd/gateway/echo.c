/* echo.c - some services tell back what they were sent: a debug page, an error that quotes the
 * Authorization field. The real key is taken out of heads and bodies before they go on, and who
 * would have had it is told of. No byte waits but those that the key could begin with.
 */
#include "../budget_priv.h"
#include "gateway_priv.h"

#define FIELDS_BYTES ((size_t)128 << 10)

void echo_begin(struct echo *e, struct upstream *up, const char *lease)
{
    e->up = up;
    e->lease = lease;
    secret_flow_begin(&e->flow, up->key);
    buf_init(&e->fields, FIELDS_BYTES);
}

void echo_release(struct echo *e)
{
    secret_flow_release(&e->flow);
    buf_wipe(&e->fields);
}

static void tell(const struct echo *e, const char *where)
{
    struct govd *g = e->up->govd;
    const struct lease *l = lease_by_id(g->leases, span_str(e->lease));
    char text[256];
    if (may_tell(&e->up->echoed_us)) {
        (void)snprintf(text, sizeof(text),
                       "upstream %.40s told the real key back in %s: it was taken out. Keep such "
                       "paths out with paths= of the lease",
                       e->up->conf->name, where);
        budget_signal(g, l ? lease_holder(g, l) : SPAN_NONE, SEVERITY_HIGH, text);
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

bool echo_fields(struct echo *e, struct http_field *fields, size_t count)
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

struct span echo_pass(struct echo *e, struct span bytes)
{
    uint32_t had = e->flow.found;
    struct span on = secret_flow_pass(&e->flow, bytes);
    if (e->flow.found != had) {
        tell(e, "an answer");
    }
    return on;
}

struct span echo_end(struct echo *e)
{
    return secret_flow_end(&e->flow);
}
