/* snapshots.c - the state, told to a console that cannot resume.
 *
 * It is the state of one moment, the number in `synced`: what happened since waits in the ring, and
 * follows. It is told in pieces, some of it a turn and only as far as the console reads, because a
 * hook waits meanwhile. What an event is about to change is told before that event is folded. A
 * snapshot begins when all that it rests on is durable.
 */
#include "govd_priv.h"

#define TURN_BYTES    ((size_t)1 << 20)   /* of all snapshots in one turn: some milliseconds */
#define CONSOLE_BYTES ((size_t)256 << 10) /* of these for one console */
#define AHEAD_BYTES   ((size_t)1 << 20)   /* that wait for a console before it is told more */
#define STOPPED_TOLD_US                                                                            \
    (INT64_C(24) * 3600 * 1000000) /* an agent that ended before is not in a snapshot */

struct telling {
    struct console *to;
    size_t bytes; /* so far */
};

/* That it ended so long ago is all that there is to say of such an agent. */
bool snapshot_leaves_out(const struct govd *g, const struct event *ev)
{
    const struct agent *a = fleet_agent_by_id(g->fleet, BACKEND_SELF, event_text(ev, F_AGENT_ID));
    return a && a->state == AGENT_STOPPED && a->state_since_us < govd_wall_us() - STOPPED_TOLD_US;
}

static void tell(void *ctx, const struct event *ev)
{
    struct telling *t = ctx;
    struct govd *g = t->to->govd;
    struct event copy = *ev;
    char id[ULID_BYTES];
    if (snapshot_leaves_out(g, ev)) {
        return;
    }
    ulid_make(id);
    copy.id = span_str(id);
    copy.source = span_str(g->source);
    copy.seq = t->to->sync_seq;
    copy.snapshot = true;
    buf_clear(&g->scratch);
    if (codec_write_msg_event(&g->scratch, &copy) == ST_OK) {
        t->bytes += g->scratch.len;
        console_send(t->to, buf_span(&g->scratch));
    }
}

void snapshot_drop(struct console *c)
{
    if (c->cut) {
        fleet_cut_free(c->cut);
        c->cut = NULL;
        c->govd->snapshots--;
    }
}

static void begin(struct govd *g, struct console *c)
{
    if (c->resumes) {
        c->sync = SYNC_MISSED;
        consoles_catch_up(g, c->id, g->ring->end);
        return;
    }
    c->sync = SYNC_SNAPSHOT;
    c->sync_at = c->cursor = g->ring->end;
    c->sync_seq = g->seq;
    c->cut = fleet_cut_new(g->fleet, BACKEND_SELF);
    g->snapshots++;
}

static bool takes_more(const struct govd *g, const struct console *c)
{
    return c->cut && !c->leaving && net_ws_queued(g->net, c->id) < AHEAD_BYTES;
}

static size_t tell_some(struct govd *g, struct console *c)
{
    struct telling t = {.to = c};
    while (takes_more(g, c) && t.bytes < CONSOLE_BYTES) {
        if (!fleet_cut_next(c->cut, tell, &t)) {
            snapshot_drop(c);
            c->sync = SYNC_MISSED;
            consoles_catch_up(g, c->id, g->ring->end);
        }
    }
    return t.bytes;
}

static void begin_what_is_due(struct govd *g)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        struct console *c = &g->consoles[i];
        if (c->sync == SYNC_DUE && !c->leaving) {
            begin(g, c);
        }
    }
}

void snapshots_tell(struct govd *g)
{
    size_t told = 0;
    bool more = false;
    begin_what_is_due(g);
    for (size_t n = 0; g->snapshots && n < CONSOLES_MAX && told < TURN_BYTES; n++) {
        told += tell_some(g, &g->consoles[g->snapshot_next]);
        g->snapshot_next = (g->snapshot_next + 1) % CONSOLES_MAX;
    }
    for (size_t i = 0; g->snapshots && i < CONSOLES_MAX; i++) {
        more = more || takes_more(g, &g->consoles[i]);
    }
    if (more) {
        loop_wake(g->loop); /* a console whose queue is full wakes us by reading */
    }
}

void snapshots_before(struct govd *g, const struct event *ev)
{
    for (size_t i = 0; g->snapshots && i < CONSOLES_MAX; i++) {
        struct console *c = &g->consoles[i];
        struct telling t = {.to = c};
        if (c->cut && !c->leaving) {
            fleet_cut_before(c->cut, ev, tell, &t);
        }
    }
}

void snapshots_release(struct govd *g)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        snapshot_drop(&g->consoles[i]);
    }
}
