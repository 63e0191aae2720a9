#include <stdlib.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

static const char not_in_snapshot[] = "not in the back-end's snapshot";
static const char not_reported[] = "not reported any more";

void fleet_snapshot_begin(struct fleet *f, struct span backend)
{
    struct backend_item *b = backend_of(f, backend);
    b->epoch++;
    f->generation++;
}

static bool is_lost(const struct backend_item *b, const struct agent_item *it)
{
    return it->a.backend == b->b.ref && it->epoch != b->epoch && it->a.state != AGENT_STOPPED &&
           !it->lost;
}

/* That it ended is what nobody has seen. */
static void say_lost(struct fold *x, struct agent_item *it)
{
    agent_set_lost(x->f, it, x->ev->time_us);
    string_set(x->f, &it->a.state_reason, span_str(not_reported));
    struct note n = note_of(EVENT_AGENT_STATE);
    n.detail = AGENT_UNKNOWN;
    n.text = span_str(not_reported);
    log_always(x, it, &n);
}

/* Closed at the time of the newest event: the fold has no clock. */
void fleet_snapshot_end(struct fleet *f, struct span backend, uint64_t seq)
{
    struct backend_item *b = backend_of(f, backend);
    struct event ev;
    event_init(&ev, EVENT_AGENT_STATE, b->b.last_event_us);
    struct fold x = {.f = f, .b = b, .ev = &ev};
    approvals_withdraw_lost(&x, not_in_snapshot);
    for (uint32_t i = 0; i < f->agents.count; i++) {
        if (is_lost(b, f->agents.items[i])) {
            say_lost(&x, f->agents.items[i]);
        }
    }
    tasks_lost(&x);
    credentials_lost(&x, not_reported);
    watchers_drop_lost(f, b);
    b->b.stop_asked_agents = 0; /* who is there is known now */
    b->b.seq = seq;
    f->generation++;
}
