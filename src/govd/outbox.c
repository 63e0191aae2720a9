/* outbox.c - nothing leaves the daemon before the record that it rests on is durable.
 *
 * Answers to hooks and frames to consoles are parcels; events wait in the ring, and go out before
 * the frames that were made after them; who is told a snapshot gets them when that is over.
 * outbox_flush() commits the record once (group commit) and then sends. When the record has failed,
 * an answer that would let a call run is replaced by its refusal, and what was done says that it is
 * not recorded.
 */
#include "govd_priv.h"

#include "checkrein/log.h"

static const char FAILED[] =
    "the daemon's record failed: nothing is allowed any more; deny, pause and "
    "stop work but are unrecorded";

static void ring_drop_first(struct ring *r)
{
    struct ring_event *e = &r->event[r->first % RING_EVENTS];
    r->bytes -= e->bytes;
    free(e->frame);
    *e = (struct ring_event){0};
    r->first++;
}

void ring_push(struct govd *g, uint64_t seq, struct span frame)
{
    struct ring *r = g->ring;
    while (r->first < r->end &&
           (r->end - r->first == RING_EVENTS || r->bytes + frame.n > RING_BYTES)) {
        ring_drop_first(r);
    }
    r->event[r->end % RING_EVENTS] =
        (struct ring_event){.seq = seq, .frame = xstrndup(frame.p, frame.n), .bytes = frame.n};
    r->bytes += frame.n;
    r->end++;
}

static struct parcel *parcel_add(struct govd *g, struct parcel p)
{
    GROW(g->parcels, g->parcel_cap, g->parcel_count + 1);
    p.ring_at = g->ring->end;
    g->parcels[g->parcel_count] = p;
    return &g->parcels[g->parcel_count++];
}

static struct parcel *answer(struct govd *g, net_id http, struct span body)
{
    return parcel_add(g, (struct parcel){.kind = PARCEL_ANSWER,
                                         .to = http,
                                         .body = xstrndup(body.p, body.n),
                                         .bytes = body.n});
}

void outbox_answer(struct govd *g, net_id http, struct span body)
{
    (void)answer(g, http, body);
}

void outbox_refusal(struct govd *g, net_id http, struct span body, struct span confirms)
{
    (void)span_copy(confirms, answer(g, http, body)->confirms, COMMAND_ID_MAX + 1);
}

static void set_if_unrecorded(struct parcel *p, struct span bytes)
{
    p->if_unrecorded = xstrndup(bytes.p, bytes.n);
    p->if_unrecorded_bytes = bytes.n;
}

void outbox_allowance(struct govd *g, net_id http, struct span body, struct span if_unrecorded,
                      const char *call)
{
    struct parcel *p = answer(g, http, body);
    set_if_unrecorded(p, if_unrecorded);
    (void)span_copy(span_str(call), p->call, sizeof(p->call));
}

static struct parcel *add_frame(struct govd *g, net_id ws, struct span frame)
{
    return parcel_add(g, (struct parcel){.kind = PARCEL_FRAME,
                                         .to = ws,
                                         .body = xstrndup(frame.p, frame.n),
                                         .bytes = frame.n});
}

void outbox_frame(struct govd *g, net_id ws, struct span frame)
{
    (void)add_frame(g, ws, frame);
}

void outbox_result(struct govd *g, net_id ws, struct span frame, struct span if_unrecorded)
{
    set_if_unrecorded(add_frame(g, ws, frame), if_unrecorded);
}

void outbox_close(struct govd *g, net_id ws, int code, const char *why)
{
    (void)parcel_add(
        g,
        (struct parcel){.kind = PARCEL_CLOSE, .to = ws, .body = xstrdup(why), .close_code = code});
}

static struct span body_of(const struct parcel *p, bool failed)
{
    return failed && p->if_unrecorded ? (struct span){p->if_unrecorded, p->if_unrecorded_bytes}
                                      : (struct span){p->body, p->bytes};
}

static void send_answer(struct govd *g, const struct parcel *p, bool failed)
{
    bool refuse = failed && p->if_unrecorded;
    enum status st = net_http_reply(g->net, p->to, 200, "application/json", body_of(p, failed));
    if (p->call[0] && (refuse || st != ST_OK)) {
        gate_not_started(g, span_str(p->call),
                         refuse ? "refused: the record failed"
                                : "the call was gone before it could be told: it did not run");
    }
    if (p->confirms[0]) {
        command_result(g, span_str(p->confirms), COMMAND_CONFIRMED, NULL,
                       st == ST_OK ? "the refusal was handed to the waiting call"
                                   : "the waiting call was gone: it cannot run");
    }
}

static void parcel_send(struct govd *g, const struct parcel *p, bool failed)
{
    switch (p->kind) {
    case PARCEL_ANSWER:
        send_answer(g, p, failed);
        break;
    case PARCEL_FRAME:
        consoles_catch_up(g, p->to, p->ring_at);
        if (net_ws_send(g->net, p->to, body_of(p, failed)) != ST_OK) {
            log_write(LOG_DEBUG, "a console went away before a frame");
        }
        break;
    case PARCEL_CLOSE:
        consoles_catch_up(g, p->to, p->ring_at);
        net_ws_close(g->net, p->to, p->close_code, p->body);
        break;
    }
}

static void parcel_release(struct parcel *p)
{
    wipe(p->body, p->bytes); /* it may have a lease's token */
    free(p->body);
    free(p->if_unrecorded);
    *p = (struct parcel){0};
}

/* True when all that waits is durable: also when that was the last of which it is so. */
static bool commit(struct govd *g)
{
    if (journal_dirty(g->journal)) {
        witness_record(g);
    }
    bool durable = !journal_dirty(g->journal) || journal_commit(g->journal, NULL) == ST_OK;
    if (journal_failed(g->journal) && !g->record_told) {
        log_write(LOG_ERROR, "the record failed: %s", journal_failure(g->journal));
        g->record_told = true;
        publish_signal(g, NULL, SEVERITY_EMERGENCY, FAILED);
        if (g->forward) {
            forward_alarm(g->forward, FAILED);
        }
    }
    return durable;
}

static void send_all(struct govd *g, bool failed)
{
    struct parcel *parcels = g->parcels;
    size_t count = g->parcel_count;
    g->parcels = NULL;
    g->parcel_count = g->parcel_cap = 0;
    uint64_t durable = g->ring->end;
    for (size_t i = 0; i < count; i++) {
        parcel_send(g, &parcels[i], failed);
        parcel_release(&parcels[i]);
    }
    free(parcels);
    consoles_flush(g, durable);
}

/* What is sent may itself be news (a command confirmed), which waits for its own commit. */
void outbox_flush(struct govd *g)
{
    uint64_t end;
    do {
        end = g->ring->end;
        bool durable = commit(g);
        send_all(g, !durable);
    } while (g->parcel_count || g->ring->end != end);
    if (g->record_told && !g->unrecorded_instance[0]) {
        consoles_start_over(g);
    }
    snapshots_tell(g);
}

void outbox_release(struct govd *g)
{
    for (size_t i = 0; i < g->parcel_count; i++) {
        parcel_release(&g->parcels[i]);
    }
    free(g->parcels);
    while (g->ring && g->ring->first < g->ring->end) {
        ring_drop_first(g->ring);
    }
    free(g->ring);
}
