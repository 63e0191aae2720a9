/* retain.c - the oldest segments of the record go, when the configuration says so.
 *
 * A start makes the state again of what is left. So what is in force now (gates, the fleet stop,
 * requests, agents, spend) is told again in the record before anything goes: as a snapshot, some of
 * it a turn, like a console's. Then the journal writes its tombstone.
 */
#include "govd_priv.h"

#include "checkrein/log.h"

#define TURN_BYTES ((size_t)256 << 10)
#define TOLD_BY    SPAN("daemon") /* how a picture of this record names us */

struct telling {
    struct govd *g;
    size_t bytes; /* so far */
    bool failed;
};

static void tell(void *ctx, const struct event *ev)
{
    struct telling *t = ctx;
    struct govd *g = t->g;
    struct event copy = *ev;
    char id[ULID_BYTES];
    if (snapshot_leaves_out(g, ev)) {
        return;
    }
    ulid_make(id);
    copy.id = span_str(id);
    copy.source = span_str(g->source);
    copy.seq = g->retain_seq;
    copy.snapshot = true;
    const struct event *told;
    enum status st = journal_event_from(g->journal, govd_wall_us(), TOLD_BY, &copy, &told);
    t->failed = st != ST_OK || t->failed;
    t->bytes += sizeof(copy); /* about as much as its text */
}

static void end_telling(struct govd *g)
{
    fleet_cut_free(g->retain_cut);
    g->retain_cut = NULL;
    g->retain_from = 0;
}

void retain_before(struct govd *g, const struct event *ev)
{
    struct telling t = {.g = g};
    if (g->retain_cut) {
        fleet_cut_before(g->retain_cut, ev, tell, &t);
        if (t.failed) {
            end_telling(g);
        }
    }
}

/* What was just told again stays: a segment may have ended meanwhile. */
static struct forward_retention *retention(struct govd *g)
{
    g->retention.keep = &g->conf->serve.keep;
    g->retention.journal = g->journal;
    g->retention.forward = g->forward;
    g->retention.needed = g->retain_from;
    return &g->retention;
}

void retain_look(struct govd *g)
{
    struct journal_drop due;
    struct why why = {0};
    if (g->retain_cut || g->closing ||
        !forward_droppable(retention(g), govd_wall_us(), &due, &why)) {
        if (why.text[0]) {
            log_write(LOG_ERROR, "%s", why.text);
        }
        return;
    }
    g->retain_seq = g->seq;
    g->retain_from = journal_next(g->journal);
    g->retain_cut = fleet_cut_new(g->fleet, BACKEND_SELF);
    loop_wake(g->loop);
}

static void drop(struct govd *g)
{
    struct why why = {0};
    enum status st = forward_drop(retention(g), govd_wall_us(), &why);
    if (st == ST_OK) {
        publish_signal(g, NULL, SEVERITY_LOW, why.text);
    } else if (why.text[0]) {
        log_write(LOG_ERROR, "%s", why.text);
        if (!journal_failed(g->journal)) {
            publish_signal(g, NULL, SEVERITY_HIGH, why.text);
        }
    }
}

void retain_turn(struct govd *g)
{
    struct telling t = {.g = g};
    bool more = true;
    while (g->retain_cut && more && !t.failed && t.bytes < TURN_BYTES) {
        more = fleet_cut_next(g->retain_cut, tell, &t);
    }
    if (!g->retain_cut) {
        return;
    }
    if (!more && !t.failed) {
        leases_tell_again(g);
        budgets_tell_again(g);
        drop(g);
    }
    if (!more || t.failed) {
        end_telling(g);
    } else {
        loop_wake(g->loop);
    }
}

void retain_again(struct govd *g)
{
    g->retention.is_off = false;
    retain_look(g);
}

void retain_release(struct govd *g)
{
    end_telling(g);
}
