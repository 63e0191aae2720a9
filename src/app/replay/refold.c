#include "refold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../hub_fold.h"
#include "checkrein/alloc.h"
#include "checkrein/codec.h"
#include "checkrein/log.h"

#define NAME_BYTES   128
#define SOURCES_MOST 256 /* of one session: no console is told to watch as many */
#define ORIGIN       "checkrein://record/"
#define DAEMON       "daemon" /* writer of a daemon's record, and the back-end that it is shown as */

/* A back-end, as the record names it. */
struct source {
    struct picture *picture;
    char *name, *kind;
    struct driver *driver; /* NULL: what it told is in the record, or nothing is fed to it here */
    void *memory;          /* of the driver, in a picture that is only kept */
};

struct picture {
    struct fleet *fleet;
    const struct refold_observer *observer; /* NULL: nobody is told */
    struct source **sources;                /* each stays where it is */
    size_t count, cap;
    bool of_daemon;
    bool begun;       /* a record was taken */
    char origin[64];  /* source of what is made here: a URI with the record's instance */
    int64_t now_us;   /* of the record that is being folded, */
    uint64_t n;       /* its number, */
    uint32_t secrets; /* and how many were hidden in it */
    uint32_t made;    /* events that were made of it */
};

struct refold {
    struct picture *picture;
    struct refold_observer observer;
    struct codec *codec;
    struct buf frame;
};

/* ---- every change of the picture goes through these two */

static void fold_event(const struct picture *p, const struct event *ev)
{
    const struct refold_observer *o = p->observer;
    uint64_t generation = fleet_generation(p->fleet);
    fleet_apply(p->fleet, ev);
    if (o && o->event) {
        o->event(o->ctx, ev);
    }
    if (o && o->changed && fleet_generation(p->fleet) != generation) {
        o->changed(o->ctx, p->fleet, ev);
    }
}

static void fold_transfer(struct picture *p, const char *backend, const struct journal_transfer *t)
{
    fold_snapshot(p->fleet, backend, t->seq, t->complete);
    if (p->observer && p->observer->transfer) {
        p->observer->transfer(p->observer->ctx, span_str(backend), t);
    }
}

/* What no record has as it stands. Its name is made of the record, so that it is the same each time
 * that this is folded. */
static void fold_made(struct picture *p, const struct event *ev)
{
    struct event made = *ev;
    char id[48];
    (void)snprintf(id, sizeof(id), "%llu.%u", (unsigned long long)p->n, ++p->made);
    made.id = span_str(id);
    made.source = span_str(p->origin);
    fold_event(p, &made);
}

static void apply_made(void *ctx, const struct event *ev)
{
    const struct source *s = ctx;
    fold_made(s->picture, ev);
}

/* ---- what drivers say */

static void apply(void *ctx, const struct event *ev)
{
    const struct source *s = ctx;
    fold_event(s->picture, ev);
}

/* What is recorded has none, and says how many it had. */
static struct driver_frame on_shown(void *ctx, struct span bytes)
{
    const struct source *s = ctx;
    return (struct driver_frame){.text = bytes, .secrets = s->picture->secrets};
}

static int64_t on_raw(void *ctx, struct span bytes)
{
    const struct source *s = ctx;
    (void)bytes;
    return s->picture->now_us;
}

static void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    struct source *s = ctx;
    struct own_event o;
    own_link(&o, s->name, s->kind, st, why, retry_ms, s->picture->now_us);
    fold_made(s->picture, &o.ev);
}

static void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    const struct source *s = ctx;
    fold_transfer(s->picture, s->name, &(struct journal_transfer){seq, complete});
}

static void on_offers(void *ctx, const struct driver_offer *o)
{
    struct source *s = ctx;
    tell_offers(&(struct teller){s, apply_made}, s->name, o, s->picture->now_us);
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    struct source *s = ctx;
    tell_result(&(struct teller){s, apply_made}, s->name,
                &(struct command_news){command, st, reason, by}, s->picture->now_us);
}

static const struct driver_sink SINK = {
    .raw = on_raw,
    .event = apply,
    .link = on_link,
    .snapshot = on_snapshot,
    .offers = on_offers,
    .result = on_result,
};

/* ---- sources */

static struct source *source_find(const struct picture *p, struct span name)
{
    for (size_t i = 0; i < p->count; i++) {
        if (span_is(name, p->sources[i]->name)) {
            return p->sources[i];
        }
    }
    return NULL;
}

/* A kind that this version does not know leaves its frames out. */
static void attach(struct source *s)
{
    const struct driver_ops *ops = driver_kind(s->kind);
    struct driver_conf c = {.name = s->name};
    struct driver_sink sink = SINK;
    struct why why = {0};
    sink.ctx = s;
    sink.shown = on_shown;
    sink.shown_ctx = s;
    if (ops && ops->memory_bytes &&
        driver_open(&s->driver, ops, &c, NULL, NULL, sink, &why) != ST_OK) {
        log_write(LOG_DEBUG, "%s is not attached: %s", s->name, why.text);
    }
}

static struct source *source_add(struct picture *p, struct span name, struct span kind)
{
    struct source *s = xcalloc(1, sizeof(*s));
    s->picture = p;
    s->name = xstrndup(name.n ? name.p : "", name.n);
    s->kind = xstrndup(kind.n ? kind.p : "", kind.n);
    GROW(p->sources, p->cap, p->count + 1);
    p->sources[p->count++] = s;
    return s;
}

/* ---- pictures */

static struct picture *picture_new(const struct refold_observer *observer)
{
    struct picture *p = xcalloc(1, sizeof(*p));
    p->fleet = fleet_new();
    p->observer = observer;
    return p;
}

void picture_free(struct picture *p)
{
    if (!p) {
        return;
    }
    for (size_t i = 0; i < p->count; i++) {
        driver_close(p->sources[i]->driver);
        free(p->sources[i]->name);
        free(p->sources[i]->kind);
        free(p->sources[i]->memory);
        free(p->sources[i]);
    }
    free(p->sources);
    fleet_free(p->fleet);
    free(p);
}

/* Without what its drivers know. */
static struct picture *picture_copy(const struct picture *p)
{
    struct picture *copy = xcalloc(1, sizeof(*copy));
    copy->fleet = fleet_copy(p->fleet);
    copy->of_daemon = p->of_daemon;
    copy->begun = p->begun;
    memcpy(copy->origin, p->origin, sizeof(copy->origin));
    copy->now_us = p->now_us;
    for (size_t i = 0; i < p->count; i++) {
        (void)source_add(copy, span_str(p->sources[i]->name), span_str(p->sources[i]->kind));
    }
    return copy;
}

size_t picture_bytes(const struct picture *p)
{
    return sizeof(*p) + fleet_bytes(p->fleet);
}

struct picture *refold_picture(const struct refold *r)
{
    struct picture *kept = picture_copy(r->picture);
    for (size_t i = 0; i < kept->count; i++) {
        struct source *s = kept->sources[i];
        const struct driver *driver = r->picture->sources[i]->driver;
        if (driver) {
            s->memory = xcalloc(1, driver_kind(s->kind)->memory_bytes);
            driver_remember(driver, s->memory);
        }
    }
    return kept;
}

static void show(struct refold *r, struct picture *p)
{
    const struct refold_observer *observer = r->picture->observer;
    picture_free(r->picture);
    r->picture = p;
    p->observer = observer;
}

void refold_return(struct refold *r, const struct picture *kept)
{
    show(r, picture_copy(kept));
    for (size_t i = 0; i < kept->count; i++) {
        struct source *s = r->picture->sources[i];
        attach(s);
        if (s->driver && kept->sources[i]->memory) {
            driver_go_on_from(s->driver, kept->sources[i]->memory);
        }
    }
}

/* ---- records */

static bool begins_or_ends(const struct event *ev)
{
    int64_t link = event_number(ev, F_LINK);
    return ev->type == EVENT_BACKEND_LINK &&
           (link == LINK_CONNECTING || link == LINK_DOWN || link == LINK_REFUSED);
}

/* Of the console: its connections and its commands. */
static enum status take_own(struct picture *p, struct event *ev, struct why *why)
{
    struct span name = own_backend(ev);
    struct source *s = source_find(p, name);
    if (!s && name.n && ev->type == EVENT_BACKEND_LINK) {
        if (p->count == SOURCES_MOST) {
            return why_fail(why, ST_LIMIT, "more than %d back-ends", SOURCES_MOST);
        }
        s = source_add(p, name, event_text(ev, F_BACKEND_KIND));
        attach(s);
    }
    if (!s) {
        return ST_OK;
    }
    ev->backend = span_str(s->name);
    ev->seq = 0; /* its number in this record says nothing of the back-end's */
    if (s->driver && begins_or_ends(ev)) {
        driver_reconnect(s->driver);
    }
    fold_event(p, ev);
    return ST_OK;
}

static enum status take_event(struct refold *r, const struct journal_record *rec, struct why *why)
{
    struct event ev;
    char from[NAME_BYTES];
    enum status st = codec_read_event(r->codec, rec->body, &ev, NULL, why);
    if (st != ST_OK) {
        return st;
    }
    if (journal_record_from(rec, from, sizeof(from))) {
        ev.backend = span_str(from);
        fold_event(r->picture, &ev);
    } else if (r->picture->of_daemon) {
        ev.backend = SPAN(DAEMON);
        fold_event(r->picture, &ev);
    } else {
        st = take_own(r->picture, &ev, why);
    }
    return st;
}

static enum status take_frame(struct refold *r, const struct journal_record *rec)
{
    char from[NAME_BYTES];
    const struct source *s = journal_record_from(rec, from, sizeof(from))
                                 ? source_find(r->picture, span_str(from))
                                 : NULL;
    if (!s || !s->driver) {
        return ST_OK;
    }
    buf_clear(&r->frame);
    enum status st = journal_record_raw(rec, &r->frame);
    if (st == ST_OK && driver_feed(s->driver, buf_span(&r->frame)) != ST_OK) {
        log_write(LOG_DEBUG, "a frame is refused, as it was live");
    }
    return st;
}

static enum status take_snapshot(struct refold *r, const struct journal_record *rec)
{
    char from[NAME_BYTES];
    struct journal_transfer t;
    if (!journal_record_from(rec, from, sizeof(from)) ||
        journal_record_transfer(rec, &t) != ST_OK) {
        return ST_INVALID;
    }
    fold_transfer(r->picture, from, &t);
    return ST_OK;
}

/* A daemon is there from its start to its end. */
static void daemon_link(struct picture *p, enum link_state st, const char *why)
{
    struct own_event o;
    own_link(&o, DAEMON, "checkrein", st, why, 0, p->now_us);
    fold_made(p, &o.ev);
}

/* A segment that is looked at by itself begins in the middle: with the writer that it names. */
static void take_open(struct refold *r, const struct journal_record *rec)
{
    if (r->picture->begun && !journal_record_is_start(rec)) { /* what was before may be gone */
        return;
    }
    show(r, picture_new(r->picture->observer));
    r->picture->now_us = rec->time_us;
    r->picture->n = rec->n;
    r->picture->begun = true;
    memcpy(r->picture->origin, ORIGIN, sizeof(ORIGIN));
    (void)journal_record_instance(rec, r->picture->origin + sizeof(ORIGIN) - 1,
                                  sizeof(r->picture->origin) - sizeof(ORIGIN));
    r->picture->of_daemon = span_is(journal_record_writer(rec), DAEMON);
    if (r->picture->of_daemon) {
        daemon_link(r->picture, LINK_LIVE, NULL);
    }
}

static void take_close(struct refold *r)
{
    if (r->picture->of_daemon) {
        daemon_link(r->picture, LINK_DOWN, "it ended");
    }
}

enum status refold_take(struct refold *r, const struct journal_record *rec, struct why *why)
{
    enum status st = ST_OK;
    r->picture->now_us = rec->time_us;
    r->picture->secrets = rec->secrets;
    r->picture->n = rec->n;
    r->picture->made = 0;
    switch (rec->kind) {
    case JOURNAL_OPEN:
        take_open(r, rec);
        break;
    case JOURNAL_EVENT:
        st = take_event(r, rec, why);
        break;
    case JOURNAL_RAW:
        st = take_frame(r, rec);
        break;
    case JOURNAL_SNAPSHOT:
        st = take_snapshot(r, rec);
        break;
    case JOURNAL_CLOSE:
        take_close(r);
        break;
    case JOURNAL_COMMAND: /* an event of it follows */
    case JOURNAL_NOTE:
    case JOURNAL_TORN:
    case JOURNAL_TOMBSTONE:
    case JOURNAL_HEAD:
    case JOURNAL_COUNTERSIGN:
    case JOURNAL_SEAL:
    case JOURNAL_KIND_COUNT:
    default:
        break;
    }
    r->picture->begun = true;
    if (st != ST_OK) {
        why_prefix(why, "record %llu", (unsigned long long)rec->n);
    }
    return st;
}

/* ---- the whole */

struct refold *refold_new(void)
{
    struct refold *r = xcalloc(1, sizeof(*r));
    r->picture = picture_new(NULL);
    r->codec = codec_new();
    buf_init(&r->frame, JOURNAL_LINE_BYTES);
    return r;
}

void refold_free(struct refold *r)
{
    if (r) {
        picture_free(r->picture);
        codec_free(r->codec);
        buf_release(&r->frame);
        free(r);
    }
}

void refold_observe(struct refold *r, const struct refold_observer *o)
{
    r->observer = *o;
    r->picture->observer = &r->observer;
}

const struct fleet *refold_fleet(const struct refold *r)
{
    return r->picture->fleet;
}

struct fleet *refold_give(struct refold *r)
{
    struct fleet *f = r->picture->fleet;
    r->picture->fleet = fleet_new();
    return f;
}
