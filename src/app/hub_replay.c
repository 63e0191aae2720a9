/* hub_replay.c - the picture that a console had, made again of its record.
 *
 * Frames go through a driver that is attached to nothing, whose sink folds as the live one did.
 * Where a connection began or ended, the record has an event of the console's own. A record holds
 * one console after another; the last one began with an empty picture, so what is before its start
 * is passed over.
 */
#include "hub.h"

#include "checkrein/alloc.h"
#include "checkrein/codec.h"
#include "checkrein/log.h"
#include "checkrein/wire.h"
#include "hub_fold.h"
#include "hub_prices.h"

#define OPEN_TOKENS 64

struct replay;

struct replay_backend {
    struct replay *replay;
    char *name, *kind;
    struct driver *driver;
};

struct replay {
    struct fleet *fleet;
    const struct price_table *prices;
    struct codec *codec;
    struct buf frame;
    struct buf
        command;    /* the last one recorded; the event after it says which back-end it was for */
    int64_t now_us; /* of the record that is being folded */
    struct replay_backend **backends; /* each stays where it is */
    size_t count, cap;
};

/* ---- what drivers say */

static int64_t on_raw(void *ctx, struct span bytes)
{
    const struct replay_backend *b = ctx;
    (void)bytes;
    return b->replay->now_us;
}

static void on_event(void *ctx, const struct event *ev)
{
    const struct replay_backend *b = ctx;
    struct event room;
    fleet_apply(b->replay->fleet, event_priced(b->replay->prices, driver_kind(b->kind), ev, &room));
}

static void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    const struct replay_backend *b = ctx;
    struct own_event o;
    own_link(&o, b->name, b->kind, st, why, retry_ms, b->replay->now_us);
    fleet_apply(b->replay->fleet, &o.ev);
}

static void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    const struct replay_backend *b = ctx;
    fold_snapshot(b->replay->fleet, b->name, seq, complete);
}

static void on_offers(void *ctx, const struct driver_offer *o)
{
    const struct replay_backend *b = ctx;
    fold_offers(b->replay->fleet, b->name, o, b->replay->now_us);
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    const struct replay_backend *b = ctx;
    fold_result(b->replay->fleet, b->name, command, st, reason, by, b->replay->now_us);
}

static const struct driver_sink SINK = {
    .raw = on_raw,
    .event = on_event,
    .link = on_link,
    .snapshot = on_snapshot,
    .offers = on_offers,
    .result = on_result,
};

/* ---- back-ends, as the record names them */

static struct replay_backend *find(const struct replay *r, struct span name)
{
    for (size_t i = 0; i < r->count; i++) {
        if (span_is(name, r->backends[i]->name)) {
            return r->backends[i];
        }
    }
    return NULL;
}

static struct replay_backend *add(struct replay *r, struct span name, struct span kind)
{
    struct replay_backend *b = xcalloc(1, sizeof(*b));
    b->replay = r;
    b->name = xstrndup(name.p, name.n);
    b->kind = xstrndup(kind.p, kind.n);
    GROW(r->backends, r->cap, r->count + 1);
    r->backends[r->count++] = b;
    return b;
}

/* A kind that this version does not know leaves its frames out. */
static enum status attach(struct replay_backend *b, struct why *why)
{
    const struct driver_ops *ops = driver_kind(b->kind);
    struct driver_conf c = {.name = b->name};
    struct driver_sink sink = SINK;
    sink.ctx = b;
    return ops ? driver_open(&b->driver, ops, &c, NULL, NULL, sink, why) : ST_OK;
}

static enum status backend_of(struct replay *r, const struct event *ev, struct replay_backend **out,
                              struct why *why)
{
    struct span name = own_backend(ev);
    *out = find(r, name);
    if (*out || !name.n || ev->type != EVENT_BACKEND_LINK) {
        return ST_OK;
    }
    *out = add(r, name, event_text(ev, F_BACKEND_KIND));
    return attach(*out, why);
}

/* ---- records */

static bool begins_or_ends(const struct event *ev)
{
    int64_t link = event_number(ev, F_LINK);
    return ev->type == EVENT_BACKEND_LINK &&
           (link == LINK_CONNECTING || link == LINK_DOWN || link == LINK_REFUSED);
}

/* What a driver that keeps state of its own was told, it is told again; where nothing listens it is
 * lost, as then. */
static void give_command(struct replay *r, const struct replay_backend *b, const struct event *ev)
{
    struct command c;
    struct why why = {0};
    char id[COMMAND_ID_MAX + 1]; /* the event's texts end with the next decode */
    if (!span_copy(event_text(ev, F_COMMAND_ID), id, sizeof(id)) ||
        codec_read_command(r->codec, buf_span(&r->command), &c, &why) != ST_OK ||
        !span_is(c.id, id)) {
        return;
    }
    c.backend = span_str(b->name);
    c.time_us = r->now_us;
    if (driver_send(b->driver, &c, &why) != ST_OK) {
        log_write(LOG_DEBUG, "a command is not taken: %s", why.text);
    }
}

static enum status take_event(struct replay *r, const struct journal_record *rec, struct why *why)
{
    struct event ev;
    struct replay_backend *b = NULL;
    enum status st = codec_read_event(r->codec, rec->body, &ev, NULL, why);
    if (st == ST_OK) {
        st = backend_of(r, &ev, &b, why);
    }
    if (st != ST_OK || !b) {
        return st;
    }
    ev.backend = span_str(b->name);
    ev.seq = 0; /* its number in this record says nothing of the back-end's */
    if (b->driver && begins_or_ends(&ev)) {
        driver_reconnect(b->driver);
    }
    fleet_apply(r->fleet, &ev);
    if (b->driver && ev.type == EVENT_OPERATOR_COMMAND) {
        give_command(r, b, &ev);
    }
    return ST_OK;
}

static enum status take_frame(struct replay *r, const struct journal_record *rec)
{
    struct tape_token token[1];
    struct tape j;
    struct buf text;
    if (tape_parse(&j, rec->from, TAPE_STRICT, token, ARRAY_LEN(token)) != ST_OK) {
        return ST_INVALID;
    }
    buf_init(&text, rec->from.n);
    const struct replay_backend *b = find(r, tape_string(&j, TAPE_ROOT, &text));
    buf_release(&text);
    buf_clear(&r->frame);
    enum status st = journal_record_raw(rec, &r->frame);
    if (st == ST_OK && b && b->driver && driver_feed(b->driver, buf_span(&r->frame)) != ST_OK) {
        log_write(LOG_DEBUG, "a frame is refused, as it was live");
    }
    return st;
}

static enum status take(struct replay *r, const struct journal_record *rec, struct why *why)
{
    enum status st = ST_OK;
    r->now_us = rec->time_us;
    if (rec->kind == JOURNAL_EVENT) {
        st = take_event(r, rec, why);
    } else if (rec->kind == JOURNAL_RAW) {
        st = take_frame(r, rec);
    } else if (rec->kind == JOURNAL_COMMAND) {
        buf_clear(&r->command);
        st = buf_add(&r->command, rec->body);
    }
    if (st != ST_OK) {
        why_prefix(why, "record %llu", (unsigned long long)rec->n);
    }
    return st;
}

static bool is_start(const struct journal_record *rec)
{
    struct tape_token tokens[OPEN_TOKENS];
    struct tape j;
    if (rec->kind != JOURNAL_OPEN ||
        tape_parse(&j, rec->body, TAPE_STRICT, tokens, ARRAY_LEN(tokens)) != ST_OK) {
        return false;
    }
    return !span_is(tape_raw(&j, tape_get(&j, TAPE_ROOT, "cause")), "\"rotate\"");
}

static enum status find_start(struct journal_cursor *c, uint64_t *n, struct why *why)
{
    struct journal_record rec;
    enum status st;
    while ((st = journal_cursor_next(c, &rec, why)) == ST_OK) {
        if (is_start(&rec)) {
            *n = rec.n;
        }
    }
    return st == ST_END ? ST_OK : st;
}

static enum status fold_from(struct replay *r, struct journal_cursor *c, uint64_t n,
                             struct why *why)
{
    struct journal_record rec;
    enum status st = journal_cursor_seek(c, n);
    while (st == ST_OK && (st = journal_cursor_next(c, &rec, why)) == ST_OK) {
        st = take(r, &rec, why);
    }
    return st == ST_END ? ST_OK : st;
}

static void release(struct replay *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct replay_backend *b = r->backends[i];
        driver_close(b->driver);
        free(b->name);
        free(b->kind);
        free(b);
    }
    free(r->backends);
    buf_release(&r->frame);
    buf_release(&r->command);
    codec_free(r->codec);
}

enum status hub_replay(struct fleet *f, const char *journal_dir, const struct price_table *prices,
                       struct why *why)
{
    struct journal_cursor *c = NULL;
    struct replay r = {.fleet = f, .prices = prices, .codec = codec_new()};
    uint64_t start = 1;
    buf_init(&r.frame, JOURNAL_LINE_BYTES);
    buf_init(&r.command, JOURNAL_LINE_BYTES);
    enum status st = journal_cursor_open(&c, journal_dir, why);
    if (st == ST_OK) {
        st = find_start(c, &start, why);
    }
    if (st == ST_OK) {
        st = fold_from(&r, c, start, why);
    }
    journal_cursor_close(c);
    release(&r);
    return st;
}
