#include "hub.h"

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/file.h"
#include "checkrein/log.h"
#include "hub_fold.h"

#define TOKEN_BYTES 512

static void changed(struct hub *h)
{
    if (h->events.changed) {
        h->events.changed(h->ctx);
    }
}

static void record_trouble(struct hub *h)
{
    if (h->journal && journal_failed(h->journal) && !h->record_failed) {
        h->record_failed = true;
        log_write(LOG_ERROR, "the console's own record failed: approvals are not sent any more");
    }
}

static void record_local(struct hub *h, const struct event *ev)
{
    if (h->journal && journal_event(h->journal, ev->time_us, ev, NULL) != ST_OK) {
        record_trouble(h);
    }
}

/* ---- what drivers say */

static void on_raw(void *ctx, struct span bytes)
{
    struct hub_backend *b = ctx;
    if (b->hub->journal &&
        journal_raw(b->hub->journal, clock_wall_us(), span_str(b->conf.name), bytes, NULL) != ST_OK) {
        record_trouble(b->hub);
    }
}

static void on_event(void *ctx, const struct event *ev)
{
    struct hub_backend *b = ctx;
    fleet_apply(b->hub->fleet, ev);
    if (b->hub->events.seen) {
        b->hub->events.seen(b->hub->ctx, ev);
    }
    changed(b->hub);
}

static void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    struct hub_backend *b = ctx;
    fold_snapshot(b->hub->fleet, b->conf.name, seq, complete);
    changed(b->hub);
}

static void on_offers(void *ctx, uint32_t verbs, uint32_t scopes, struct span operator_id)
{
    struct hub_backend *b = ctx;
    b->verbs = verbs;
    b->scopes = scopes;
    fold_offers(b->hub->fleet, b->conf.name, verbs, clock_wall_us());
    if (b->hub->events.operator_id) {
        b->hub->events.operator_id(b->hub->ctx, operator_id);
    }
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    struct hub_backend *b = ctx;
    fold_result(b->hub->fleet, b->conf.name, command, st, reason, by, clock_wall_us());
    if (b->hub->events.result) {
        b->hub->events.result(b->hub->ctx, command, st, reason, by);
    }
    changed(b->hub);
}

/* Connection states that a frame brings about are folded again from the frame; those of the connection itself
 * are in the record as events. */
static void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    struct hub_backend *b = ctx;
    struct event ev;
    char subject[64];
    b->link = st;
    fold_link_event(&ev, subject, b->conf.name, b->conf.kind, st, why, retry_ms, clock_wall_us());
    if (st != LINK_SYNCING && st != LINK_LIVE) {
        record_local(b->hub, &ev);
    }
    fleet_apply(b->hub->fleet, &ev);
    if (b->hub->events.seen) {
        b->hub->events.seen(b->hub->ctx, &ev);
    }
    if (st == LINK_LIVE && b->was_live && b->hub->events.came_back) {
        b->hub->events.came_back(b->hub->ctx);
    }
    b->was_live = b->was_live || st == LINK_LIVE;
    changed(b->hub);
}

static const struct driver_sink SINK = {
    .raw = on_raw,
    .event = on_event,
    .link = on_link,
    .snapshot = on_snapshot,
    .offers = on_offers,
    .result = on_result,
};

/* ---- opening */

static enum status open_loop(struct hub *h, struct why *why)
{
    enum status st = loop_new(&h->loop, why);
    return st == ST_OK ? net_new(&h->net, h->loop, why) : st;
}

static enum status open_journal(struct hub *h, const char *dir, struct why *why)
{
    if (!dir) {
        return ST_OK;
    }
    struct journal_options o = {.dir = dir, .writer = "console", .now_us = clock_wall_us()};
    struct journal_opened found;
    return journal_open(&h->journal, &o, &found, why);
}

enum status hub_open(struct hub *h, const struct conf_backend *backends, uint32_t count,
                     const char *journal_dir, const struct hub_events *ev, void *ctx,
                     struct why *why)
{
    *h = (struct hub){.ctx = ctx, .count = count};
    if (ev) {
        h->events = *ev;
    }
    h->fleet = fleet_new();
    h->backends = xcalloc(count, sizeof(*h->backends));
    for (uint32_t i = 0; i < count; i++) {
        h->backends[i] = (struct hub_backend){.hub = h, .conf = backends[i]};
    }
    enum status st = open_loop(h, why);
    return st == ST_OK ? open_journal(h, journal_dir, why) : st;
}

static enum status open_backend(struct hub_backend *b, struct why *why)
{
    const struct driver_ops *ops = driver_kind(b->conf.kind);
    if (!ops) {
        return why_fail(why, ST_INVALID, "back-end %s: there is no kind \"%s\"", b->conf.name,
                        b->conf.kind);
    }
    struct buf token;
    buf_init(&token, TOKEN_BYTES);
    enum status st = ST_OK;
    if (b->conf.token_file) {
        st = file_read_secret(b->conf.token_file, &token, why);
    }
    if (st == ST_OK) {
        struct driver_conf dc = {
            .name = b->conf.name, .url = b->conf.url, .bearer = span_trim(buf_span(&token))};
        struct driver_sink sink = SINK;
        sink.ctx = b;
        st = driver_open(&b->driver, ops, &dc, b->hub->net, b->hub->loop, sink, why);
    }
    memset(token.data, 0, token.len);
    buf_release(&token);
    return st;
}

enum status hub_connect(struct hub *h, struct why *why)
{
    for (uint32_t i = 0; i < h->count; i++) {
        enum status st = open_backend(&h->backends[i], why);
        if (st != ST_OK) {
            return st;
        }
    }
    return ST_OK;
}

/* ---- commands */

static enum status record_command(struct hub *h, const struct command *c, struct why *why)
{
    if (!h->journal) {
        return ST_OK;
    }
    enum status st = journal_command(h->journal, c->time_us, c, NULL);
    if (st == ST_OK && c->verb == VERB_APPROVE) {
        st = journal_seal(h->journal, c->time_us);
    }
    if (st == ST_OK) {
        st = journal_commit(h->journal, why);
    }
    record_trouble(h);
    return st;
}

static enum status send_to(struct hub_backend *b, const struct command *c, struct why *why)
{
    if (!b->driver) {
        return why_fail(why, ST_CLOSED, "back-end %s is not open", b->conf.name);
    }
    return driver_send(b->driver, c, why);
}

static enum status send_one(struct hub_backend *b, struct command *c, char id[ULID_BYTES],
                            struct why *why)
{
    struct hub *h = b->hub;
    ulid_make(id);
    c->id = span_str(id);
    c->backend = span_str(b->conf.name);
    c->time_us = clock_wall_us();
    enum status st = record_command(h, c, why);
    bool lets_run = c->verb == VERB_APPROVE || c->verb == VERB_RESUME || c->verb == VERB_RESET_STOP;
    if (st != ST_OK && lets_run) {
        return why_fail(why, st, "not sent: this console's record failed");
    }
    fold_command(h->fleet, c);
    changed(h);
    return send_to(b, c, why);
}

/* A command to all is one command to each, with an id of its own. It failed when one of them did not take it. */
enum status hub_send(struct hub *h, struct command *c, char id[ULID_BYTES], struct why *why)
{
    char each[ULID_BYTES];
    struct command copy = *c;
    enum status result = ST_NOTFOUND;
    id[0] = '\0';
    for (uint32_t i = 0; i < h->count; i++) {
        struct hub_backend *b = &h->backends[i];
        if (c->backend.n && !span_is(c->backend, b->conf.name)) {
            continue;
        }
        struct why one = {0};
        enum status st = send_one(b, &copy, each, &one);
        if (st != ST_OK) {
            result = why_fail(why, st, "%s", one.text);
        } else if (result == ST_NOTFOUND) {
            result = ST_OK;
        }
        if (!id[0]) {
            memcpy(id, each, sizeof(each));
        }
    }
    return result == ST_NOTFOUND ? why_fail(why, result, "no such back-end") : result;
}

void hub_reconnect(struct hub *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        if (h->backends[i].driver) {
            driver_reconnect(h->backends[i].driver);
        }
    }
}

void hub_commit(struct hub *h)
{
    struct why why = {0};
    if (h->journal && journal_dirty(h->journal) && journal_commit(h->journal, &why) != ST_OK) {
        record_trouble(h);
    }
}

bool hub_all_settled(const struct hub *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        enum link_state st = h->backends[i].link;
        if (st != LINK_LIVE && st != LINK_DOWN && st != LINK_REFUSED) {
            return false;
        }
    }
    return true;
}

void hub_close(struct hub *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        driver_close(h->backends[i].driver);
    }
    net_free(h->net);
    loop_free(h->loop);
    journal_close(h->journal, clock_wall_us());
    fleet_free(h->fleet);
    free(h->backends);
    *h = (struct hub){0};
}
