/* retain.c - the oldest segments of the record go, when the configuration says so.
 *
 * A start makes the state again of what is left. So what is in force now (gates, the fleet stop,
 * requests, agents, spend) is told again in the record before anything goes: as a snapshot, some of
 * it a turn, like a console's. Then the journal writes its tombstone.
 */
#include "govd_priv.h"

#include "checkrein/log.h"

#define TURN_BYTES ((size_t)256 << 10)
#define MIB        ((uint64_t)1 << 20)
#define TOLD_BY    SPAN("daemon") /* how a picture of this record names us */

struct telling {
    struct govd *g;
    size_t bytes; /* so far */
    bool failed;
};

int64_t retain_segment_us(const struct conf *c)
{
    int64_t hours = c->serve.keep.journal_segment_hours;
    return (hours == 0 && c->serve.keep.journal_keep_days > 0 ? 24 : hours) * 3600 * 1000000;
}

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

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* What is to go by now, but not what was just told again: a segment may have ended meanwhile.
 * Nothing when it could not be found out, which is said. */
static struct journal_drop droppable(const struct govd *g)
{
    struct journal_drop drop;
    struct why why = {0};
    struct journal_keep keep = {.days = g->conf->serve.keep.journal_keep_days,
                                .bytes = (uint64_t)g->conf->serve.keep.journal_keep_mb * MIB,
                                .needed = lower(forward_needs(g->forward), g->retain_from)};
    if (journal_droppable(g->journal, govd_wall_us(), &keep, &drop, &why) != ST_OK) {
        log_write(LOG_ERROR, "%s", why.text);
    }
    return drop;
}

void retain_look(struct govd *g)
{
    bool wanted =
        g->conf->serve.keep.journal_keep_days > 0 || g->conf->serve.keep.journal_keep_mb > 0;
    if (!wanted || g->retain_off || g->retain_cut || g->closing || journal_failed(g->journal) ||
        droppable(g).first_segment == 0) {
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
    struct journal_drop d = droppable(g);
    if (d.first_segment == 0) {
        return;
    }
    if (journal_drop(g->journal, govd_wall_us(), &d, &why) != ST_OK) {
        log_write(LOG_ERROR, "%s", why.text);
        g->retain_off = true; /* each try would write all of it again: a person has to look */
        if (!journal_failed(g->journal)) {
            publish_signal(g, NULL, SEVERITY_HIGH, why.text);
        }
        return;
    }
    char text[REASON_BYTES];
    (void)snprintf(text, sizeof(text),
                   "records %llu to %llu were dropped, as the configuration says",
                   (unsigned long long)d.first, (unsigned long long)d.last);
    publish_signal(g, NULL, SEVERITY_LOW, text);
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
    g->retain_off = false;
    retain_look(g);
}

void retain_release(struct govd *g)
{
    end_telling(g);
}
