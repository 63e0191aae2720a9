#include "tasks_priv.h"

#include "checkrein/clock.h"
#include "checkrein/log.h"

#define ERROR_BYTES   2048
#define TELL_EVERY_US 1000000 /* what an agent can cause without end is told once in this time */

int64_t govd_wall_us(void)
{
    return clock_wall_us();
}

void publish_begin(struct govd *g, struct event *ev, enum event_type type)
{
    event_init(ev, type, govd_wall_us());
    ev->source = span_str(g->source);
    ev->backend = BACKEND_SELF;
}

void publish_about(struct govd *g, struct event *ev, enum event_type type, const struct session *s)
{
    publish_begin(g, ev, type);
    event_set_text(ev, F_AGENT_ID, span_str(s->id));
    ev->subject = span_str(s->id);
}

struct span told_text(const struct govd *g, struct span text, char *room, size_t bytes)
{
    struct veiled v = veil(journal_veil(g->journal), text);
    struct span told = span_sub(v.text, 0, bytes);
    if (v.count == 0 || told.n == 0) {
        return told;
    }
    memcpy(room, told.p, told.n);
    return (struct span){room, told.n};
}

/* Without a record nothing is told that has a secret in it: that it is missing is told already. */
static bool has_no_secret(const struct govd *g)
{
    return veil(journal_veil(g->journal), buf_span(&g->scratch)).count == 0;
}

/* *told: the event as the record tells it. The frame for consoles is made of it. */
static bool record(struct govd *g, const struct event *ev, const struct event **told)
{
    *told = ev;
    if (journal_failed(g->journal)) {
        return has_no_secret(
            g); /* the signal that was raised says so; deny, pause and stop go on */
    }
    enum status st = journal_event_told(g->journal, ev->time_us, ev, told);
    if (st != ST_OK || *told == ev) {
        return st == ST_OK || (journal_failed(g->journal) && has_no_secret(g));
    }
    buf_clear(&g->scratch);
    return codec_write_msg_event(&g->scratch, *told) == ST_OK;
}

/* The numbers have no hole: an event takes its number only when it can be recorded and told. */
bool publish(struct govd *g, struct event *ev)
{
    char id[ULID_BYTES];
    struct why why = {0};
    snapshots_before(g, ev);
    retain_before(g, ev);
    ulid_make(id);
    ev->id = span_str(id);
    ev->seq = g->seq + 1;
    buf_clear(&g->scratch);
    const struct event *told;
    if (codec_write_msg_event(&g->scratch, ev) != ST_OK || !record(g, ev, &told)) {
        enum status st = event_check(ev, &why);
        log_write(LOG_ERROR, "event %s cannot be recorded: %s", event_type_name(ev->type),
                  st == ST_OK ? "too long" : why.text);
        return false;
    }
    g->seq++;
    fleet_apply(g->fleet, told);
    ring_push(g, ev->seq, buf_span(&g->scratch));
    return true;
}

static void tell_state(struct govd *g, struct session *s, enum agent_state state, const char *why)
{
    struct event ev;
    s->state = state;
    publish_about(g, &ev, EVENT_AGENT_STATE, s);
    event_set_number(&ev, F_STATE, state);
    event_put_text(&ev, F_REASON, span_str(why));
    (void)publish(g, &ev);
    stop_count(g);
}

/* What it waits for is told again when that is not why it is paused any more. */
void publish_state(struct govd *g, struct session *s, enum agent_state state, const char *reason)
{
    if (s->state == state && !s->says_wait) {
        return;
    }
    if (state == AGENT_STOPPED) {
        task_end(g, s, OUTCOME_UNKNOWN, reason);
    }
    s->says_wait = false;
    tell_state(g, s, state, reason);
}

void publish_waiting(struct govd *g, struct session *s)
{
    if (s->state != AGENT_PAUSED || !s->says_wait) {
        s->says_wait = true;
        tell_state(g, s, AGENT_PAUSED, s->waits_for);
    }
}

void publish_failure(struct govd *g, const struct session *s, enum failure class,
                     struct span message)
{
    char room[ERROR_BYTES];
    struct event ev;
    publish_about(g, &ev, EVENT_FAILURE_REPORTED, s);
    event_set_number(&ev, F_FAILURE_CLASS, class);
    event_set_number(&ev, F_RETRYING, false);
    event_put_text(&ev, F_ERROR, told_text(g, message, room, sizeof(room)));
    (void)publish(g, &ev);
}

void publish_signal(struct govd *g, const struct session *s, enum severity sev, const char *title)
{
    struct event ev;
    if (s) {
        publish_about(g, &ev, EVENT_SIGNAL_RAISED, s);
    } else {
        publish_begin(g, &ev, EVENT_SIGNAL_RAISED);
    }
    event_set_text(&ev, F_SIGNAL_SOURCE, SPAN("checkrein"));
    event_set_number(&ev, F_SEVERITY, sev);
    event_set_text(&ev, F_TITLE, span_str(title));
    (void)publish(g, &ev);
}

bool may_tell(int64_t *told_us)
{
    int64_t now = clock_mono_us();
    if (*told_us && now - *told_us < TELL_EVERY_US) {
        return false;
    }
    *told_us = now;
    return true;
}
