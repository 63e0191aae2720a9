#include "hub_fold.h"

#include <stdio.h>

void fold_snapshot(struct fleet *f, const char *backend, uint64_t seq, bool complete)
{
    if (complete) {
        fleet_snapshot_end(f, span_str(backend), seq);
    } else {
        fleet_snapshot_begin(f, span_str(backend));
    }
}

#define SUBJECT "backend/"

static void own_begin(struct own_event *o, enum event_type type, struct span backend,
                      int64_t now_us)
{
    event_init(&o->ev, type, now_us);
    ulid_make(o->id);
    (void)snprintf(o->subject, sizeof(o->subject), SUBJECT "%.*s", SPAN_ARG(backend));
    o->ev.id = span_str(o->id);
    o->ev.source = SPAN("checkrein://console");
    o->ev.subject = span_str(o->subject);
    o->ev.backend = backend;
}

struct span own_backend(const struct event *ev)
{
    return span_starts(ev->subject, SUBJECT)
               ? span_sub(ev->subject, sizeof(SUBJECT) - 1, ev->subject.n)
               : SPAN_NONE;
}

bool link_is_of_a_frame(enum link_state st)
{
    return st == LINK_SYNCING || st == LINK_LIVE || st == LINK_STALE || st == LINK_FROZEN;
}

void own_link(struct own_event *o, const char *backend, const char *kind, enum link_state st,
              const char *why, int64_t retry_ms, int64_t now_us)
{
    own_begin(o, EVENT_BACKEND_LINK, span_str(backend), now_us);
    event_set_number(&o->ev, F_LINK, st);
    event_put_text(&o->ev, F_BACKEND_KIND, span_str(kind));
    event_put_text(&o->ev, F_REASON, span_str(why));
    if (retry_ms > 0) {
        event_set_number(&o->ev, F_RETRY_MS, retry_ms);
    }
}

void own_signal(struct own_event *o, const char *backend, enum severity severity, const char *title,
                int64_t now_us)
{
    own_begin(o, EVENT_SIGNAL_RAISED, span_str(backend), now_us);
    event_set_text(&o->ev, F_SIGNAL_SOURCE, SPAN("console"));
    event_set_number(&o->ev, F_SEVERITY, severity);
    event_set_text(&o->ev, F_TITLE, span_str(title));
}

void own_command(struct own_event *o, const struct command *c)
{
    own_begin(o, EVENT_OPERATOR_COMMAND, c->backend, c->time_us);
    event_set_text(&o->ev, F_COMMAND_ID, c->id);
    event_set_number(&o->ev, F_VERB, c->verb);
    event_put_text(&o->ev, F_AGENT_ID, c->agent);
    event_put_text(&o->ev, F_APPROVAL_ID, c->approval);
    event_put_text(&o->ev, F_CREDENTIAL_ID, c->credential);
    event_put_text(&o->ev, F_DIGEST, c->digest);
    event_put_text(&o->ev, F_SHOWN_DIGEST, c->shown_digest);
    event_put_text(&o->ev, F_REASON, c->reason);
    event_put_text(&o->ev, F_OPERATOR_LABEL, c->operator_label);
    event_put_text(&o->ev, F_SCOPE, c->approval.n ? c->scope : SPAN_NONE);
}

/* The digest is made here, of the bytes, and not what the back-end said it is. */
void own_display(struct own_event *o, const struct display *d, struct span text)
{
    if (!d->shown) {
        return;
    }
    digest_text(text, o->digest);
    event_set_text(&o->ev, F_DISPLAY_DIGEST, span_str(o->digest));
    event_set_number(&o->ev, F_DISPLAY_COLS, d->cols);
    event_set_number(&o->ev, F_DISPLAY_ROWS, d->rows);
    event_set_number(&o->ev, F_DISPLAY_MS, d->ms);
    event_set_number(&o->ev, F_DISPLAY_TO_END, d->to_end);
    event_set_number(&o->ev, F_DISPLAY_RISK, d->risk);
}

void tell_offers(const struct teller *t, const char *backend, const struct driver_offer *offer,
                 int64_t now_us)
{
    struct event_row verbs[VERB_COUNT];
    struct event_row scopes[SCOPE_COUNT];
    uint32_t verb_count = 0;
    uint32_t scope_count = 0;
    for (uint32_t v = 1; v < VERB_COUNT; v++) {
        if (offer->verbs & (1u << v)) {
            verbs[verb_count++] = (struct event_row){{span_str(verb_name((enum verb)v))}};
        }
    }
    for (uint32_t s = 0; s < SCOPE_COUNT; s++) {
        if (offer->scopes & SCOPE_BIT(s)) {
            scopes[scope_count++] = (struct event_row){{span_str(scope_name((enum scope)s))}};
        }
    }
    struct own_event o;
    own_link(&o, backend, NULL, LINK_SYNCING, NULL, 0, now_us);
    event_set_list(&o.ev, F_CAPABILITIES, verbs, verb_count);
    if (scope_count) { /* a platform that tells none refuses by itself what it does not like */
        event_set_list(&o.ev, F_OPERATOR_SCOPES, scopes, scope_count);
    }
    event_put_text(&o.ev, F_OPERATOR, offer->operator_id);
    event_put_text(&o.ev, F_CONNECTION, offer->connection);
    t->tell(t->ctx, &o.ev);
}

void tell_result(const struct teller *t, const char *backend, const struct command_news *news,
                 int64_t now_us)
{
    struct own_event o;
    own_begin(&o, EVENT_OPERATOR_RESULT, span_str(backend), now_us);
    event_set_text(&o.ev, F_COMMAND_ID, news->command);
    event_set_number(&o.ev, F_COMMAND_STATE, news->state);
    event_put_text(&o.ev, F_REASON, news->reason);
    event_put_text(&o.ev, F_BY, news->by);
    t->tell(t->ctx, &o.ev);
}
