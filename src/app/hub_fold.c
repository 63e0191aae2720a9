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

void fold_link_event(struct event *ev, char subject[64], const char *backend, const char *kind,
                     enum link_state st, const char *why, int64_t retry_ms, int64_t now_us)
{
    event_init(ev, EVENT_BACKEND_LINK, now_us);
    (void)snprintf(subject, 64, "backend/%s", backend);
    ev->subject = span_str(subject);
    ev->backend = span_str(backend);
    event_set_number(ev, F_LINK, st);
    event_put_text(ev, F_BACKEND_KIND, span_str(kind));
    event_put_text(ev, F_REASON, span_str(why));
    if (retry_ms > 0) {
        event_set_number(ev, F_RETRY_MS, retry_ms);
    }
}

void fold_offers(struct fleet *f, const char *backend, uint32_t verbs, int64_t now_us)
{
    struct event_row rows[VERB_COUNT];
    uint32_t count = 0;
    for (uint32_t v = 1; v < VERB_COUNT; v++) {
        if (verbs & (1u << v)) {
            rows[count++] = (struct event_row){{span_str(verb_name((enum verb)v))}};
        }
    }
    struct event ev;
    char subject[64];
    fold_link_event(&ev, subject, backend, NULL, LINK_SYNCING, NULL, 0, now_us);
    event_set_list(&ev, F_CAPABILITIES, rows, count);
    fleet_apply(f, &ev);
}

void fold_result(struct fleet *f, const char *backend, struct span command, enum command_state st,
                 struct span reason, struct span by, int64_t now_us)
{
    struct event ev;
    event_init(&ev, EVENT_OPERATOR_RESULT, now_us);
    ev.backend = span_str(backend);
    event_set_text(&ev, F_COMMAND_ID, command);
    event_set_number(&ev, F_COMMAND_STATE, st);
    event_put_text(&ev, F_REASON, reason);
    event_put_text(&ev, F_BY, by);
    fleet_apply(f, &ev);
}

void fold_command(struct fleet *f, const struct command *c)
{
    struct event ev;
    event_init(&ev, EVENT_OPERATOR_COMMAND, c->time_us);
    ev.backend = c->backend;
    event_set_text(&ev, F_COMMAND_ID, c->id);
    event_set_number(&ev, F_VERB, c->verb);
    event_put_text(&ev, F_AGENT_ID, c->agent);
    event_put_text(&ev, F_APPROVAL_ID, c->approval);
    event_put_text(&ev, F_DIGEST, c->digest);
    event_put_text(&ev, F_REASON, c->reason);
    event_put_text(&ev, F_OPERATOR_LABEL, c->operator_label);
    fleet_apply(f, &ev);
}
