#include "hub.h"

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/crypto.h"
#include "checkrein/file.h"
#include "checkrein/form.h"
#include "checkrein/govd.h"
#include "checkrein/log.h"
#include "hub_fold.h"
#include "hub_heads.h"
#include "hub_prices.h"
#include "hub_record.h"
#include "hub_stops.h"

#define TOKEN_BYTES 512
#define FRAME_BYTES ((size_t)256 << 20) /* of the longest message, with its marks */

static void changed(struct hub *h)
{
    if (h->events.changed) {
        h->events.changed(h->ctx);
    }
}

/* Records tell milliseconds; what is folded live is told the same. */
static int64_t now_us(void)
{
    return clock_wall_us() / 1000 * 1000;
}

enum status hub_record_own(struct hub *h, const struct own_event *o, const struct event **told)
{
    *told = &o->ev;
    return h->journal ? journal_event_told(h->journal, o->ev.time_us, &o->ev, told) : ST_OK;
}

/* ---- what drivers say */

static struct driver_frame on_shown(void *ctx, struct span bytes)
{
    struct hub *h = ctx;
    struct veiled v = veil(h->veil, bytes);
    h->hidden = v.count;
    if (v.count == 0) {
        return (struct driver_frame){.text = bytes};
    }
    buf_clear(&h->frame);
    (void)buf_add(&h->frame, v.text);
    return (struct driver_frame){
        .text = buf_span(&h->frame), .secrets = v.count, .hidden_here = true};
}

static int64_t on_raw(void *ctx, struct span bytes)
{
    struct hub_backend *b = ctx;
    struct veiled told = {.text = bytes, .count = b->hub->hidden};
    b->frame_us = now_us();
    if (b->hub->journal &&
        journal_raw_veiled(b->hub->journal, b->frame_us, span_str(b->conf.name), told) != ST_OK) {
        record_trouble(b->hub);
    }
    return b->frame_us;
}

/* Of a back-end whose frames are no events of ours, what its driver makes of them is recorded too:
 * a later version may make something else of them. */
static struct journal *told_journal(const struct hub_backend *b)
{
    const struct driver_ops *ops = driver_kind(b->conf.kind);
    return ops && !ops->memory_bytes ? b->hub->journal : NULL;
}

static void tell(void *ctx, const struct event *ev)
{
    struct hub_backend *b = ctx;
    struct journal *j = told_journal(b);
    if (j && journal_event_from(j, b->frame_us, span_str(b->conf.name), ev, &ev) != ST_OK) {
        log_write(LOG_WARN, "an event of %s is not in the record", b->conf.name);
        record_trouble(b->hub);
    }
    fleet_apply(b->hub->fleet, ev);
    if (b->hub->events.seen) {
        b->hub->events.seen(b->hub->ctx, ev);
    }
    changed(b->hub);
}

static struct teller teller_of(struct hub_backend *b)
{
    return (struct teller){b, tell};
}

static void on_event(void *ctx, const struct event *told)
{
    struct hub_backend *b = ctx;
    struct event room;
    tell(b, event_priced(b->hub->prices, driver_kind(b->conf.kind), told, &room));
}

static void on_snapshot(void *ctx, uint64_t seq, bool complete)
{
    struct hub_backend *b = ctx;
    struct journal *j = told_journal(b);
    struct journal_transfer t = {seq, complete};
    if (j && journal_snapshot(j, b->frame_us, span_str(b->conf.name), &t) != ST_OK) {
        record_trouble(b->hub);
    }
    if (!complete) {
        b->picture_n = b->link_n;
    }
    fold_snapshot(b->hub->fleet, b->conf.name, seq, complete);
    changed(b->hub);
}

static void on_offers(void *ctx, const struct driver_offer *o)
{
    struct hub_backend *b = ctx;
    (void)span_copy(o->instance, b->instance, sizeof(b->instance));
    b->oldest = o->oldest;
    struct teller t = teller_of(b);
    tell_offers(&t, b->conf.name, o, b->frame_us);
    if (b->hub->events.operator_id) {
        b->hub->events.operator_id(b->hub->ctx, o->operator_id);
    }
}

static void on_result(void *ctx, struct span command, enum command_state st, struct span reason,
                      struct span by)
{
    struct hub_backend *b = ctx;
    struct teller t = teller_of(b);
    tell_result(&t, b->conf.name, &(struct command_news){command, st, reason, by}, b->frame_us);
    if (span_is(command, b->stop_due) && !driver_kind(b->conf.kind)->keeps_no_stop) {
        b->stop_due[0] = '\0';
        stops_keep(b->hub);
    }
    if (b->hub->events.result) {
        b->hub->events.result(b->hub->ctx, command, st, reason, by);
    }
    changed(b->hub);
}

static void send_stop_again(void *ctx);

static void on_link(void *ctx, enum link_state st, const char *why, int64_t retry_ms)
{
    struct hub_backend *b = ctx;
    struct hub *h = b->hub;
    struct own_event o;
    bool of_a_frame = link_is_of_a_frame(st);
    bool came_live = st == LINK_LIVE && b->link != LINK_LIVE;
    b->link = st;
    own_link(&o, b->conf.name, b->conf.kind, st, why, retry_ms,
             of_a_frame ? b->frame_us : now_us());
    const struct event *told = &o.ev;
    if (h->journal && st == LINK_CONNECTING) {
        b->link_n = journal_next(h->journal);
    }
    if ((!of_a_frame || told_journal(b)) && hub_record_own(h, &o, &told) != ST_OK) {
        record_trouble(h);
    }
    fleet_apply(h->fleet, told);
    if (h->events.seen) {
        h->events.seen(h->ctx, told);
    }
    if (came_live && b->was_live && h->events.came_back) {
        h->events.came_back(h->ctx);
    }
    if (came_live && b->stop_due[0]) {
        loop_post(h->loop, send_stop_again, b);
    }
    b->was_live = b->was_live || st == LINK_LIVE;
    changed(h);
}

static const struct driver_sink SINK = {
    .raw = on_raw,
    .event = on_event,
    .link = on_link,
    .snapshot = on_snapshot,
    .offers = on_offers,
    .result = on_result,
    .head = heads_told,
};

/* ---- opening */

static enum status open_loop(struct hub *h, struct why *why)
{
    enum status st = loop_new(&h->loop, why);
    return st == ST_OK ? net_new(&h->net, h->loop, why) : st;
}

enum status hub_open(struct hub *h, const struct conf_backend *backends, uint32_t count,
                     const struct hub_record *record, const struct hub_events *ev, void *ctx,
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
    uint8_t key[VEIL_KEY_BYTES];
    random_bytes(key, sizeof(key));
    h->veil = h->own_veil = veil_new(key);
    buf_init(&h->frame, FRAME_BYTES);
    enum status st = open_loop(h, why);
    st = st == ST_OK ? record_open(h, record, why) : st;
    log_set_veil(veil_line, h->veil);
    return st;
}

enum status hub_load_prices(struct hub *h, const char *path, struct why *why)
{
    for (uint32_t i = 0; i < h->count && !h->prices; i++) {
        const struct driver_ops *ops = driver_kind(h->backends[i].conf.kind);
        if (ops && ops->tells_tokens_only) {
            h->prices = price_table_new();
        }
    }
    return h->prices ? govd_read_prices(h->prices, path, why) : ST_OK;
}

enum status hub_open_driver(const struct hub_backend *b, const struct driver_resume *from,
                            struct driver_sink sink, struct driver **out, struct why *why)
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
    veil_know(b->hub->veil, "backend-token", span_trim(buf_span(&token)));
    sink.shown = on_shown;
    sink.shown_ctx = b->hub;
    if (st == ST_OK) {
        struct driver_conf dc = {.name = b->conf.name,
                                 .url = b->conf.url,
                                 .bearer = span_trim(buf_span(&token)),
                                 .resume_after = from->after,
                                 .resume_instance = from->instance};
        st = driver_open(out, ops, &dc, b->hub->net, b->hub->loop, sink, why);
    }
    buf_wipe(&token);
    return st;
}

static enum status open_backend(struct hub_backend *b, struct why *why)
{
    struct driver_sink sink = SINK;
    sink.ctx = b;
    return hub_open_driver(b, &(struct driver_resume){0, NULL}, sink, &b->driver, why);
}

enum status hub_connect(struct hub *h, struct why *why)
{
    for (uint32_t i = 0; i < h->count; i++) {
        enum status st = open_backend(&h->backends[i], why);
        if (st != ST_OK) {
            return st;
        }
        stops_tell(&h->backends[i]);
    }
    return ST_OK;
}

/* ---- commands */

struct marking {
    const struct journal *journal;
    struct span command;
};

static void mark(void *ctx, struct span id, struct span value, char out[80])
{
    const struct marking *m = ctx;
    char about[COMMAND_ID_MAX * 2];
    (void)snprintf(about, sizeof(about), "%.*s %.*s", SPAN_ARG(m->command),
                   SPAN_ARG(span_sub(id, 0, COMMAND_ID_MAX - 2)));
    journal_mark(m->journal, span_str(about), value, out);
}

/* Secret answers stay out of the record. */
static enum status record_without_secrets(struct hub *h, const struct command *c, struct why *why)
{
    struct command kept = *c;
    struct marking m = {h->journal, c->id};
    struct buf answers;
    enum status st = ST_OK;
    buf_init(&answers, FORM_ANSWERS_BYTES * 2);
    if (c->answers.n) {
        st = form_answers_redact(c->answers, mark, &m, &answers, why);
        kept.answers = buf_span(&answers);
    }
    if (st == ST_OK) {
        st = journal_command(h->journal, c->time_us, &kept, NULL);
    }
    buf_release(&answers);
    return st;
}

static enum status record_command(struct hub *h, const struct command *c, const struct own_event *o,
                                  const struct event **told, struct why *why)
{
    *told = &o->ev;
    if (!h->journal) {
        return ST_OK;
    }
    enum status st = record_without_secrets(h, c, why);
    if (st == ST_OK) {
        st = hub_record_own(h, o, told);
    }
    if (st == ST_OK) {
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
    b->frame_us = c->time_us; /* what the driver says of it at once is of this time */
    return driver_send(b->driver, c, why);
}

static void note_due(struct hub_backend *b, enum verb verb, const char id[ULID_BYTES])
{
    if (verb == VERB_STOP_ALL) {
        int64_t agents = stops_agents_of(b);
        bool known_before = b->stop_due[0] && b->stop_agents > agents;
        b->stop_agents = known_before ? b->stop_agents : agents;
        memcpy(b->stop_due, id, sizeof(b->stop_due));
        stops_keep(b->hub);
    } else if (verb == VERB_RESET_STOP && b->stop_due[0]) {
        b->stop_due[0] = '\0';
        stops_keep(b->hub);
    }
}

static enum status send_one(struct hub_backend *b, struct command *c, const char id[ULID_BYTES],
                            struct why *why)
{
    struct hub *h = b->hub;
    c->id = span_str(id);
    c->backend = span_str(b->conf.name);
    c->time_us = now_us();
    struct own_event o;
    own_command(&o, c);
    const struct approval *request = fleet_approval_by_id(h->fleet, c->backend, c->approval);
    if (request) {
        own_display(&o, &c->display, request->action);
    }
    const struct event *told;
    enum status st = record_command(h, c, &o, &told, why);
    bool lets_run = c->verb == VERB_APPROVE || c->verb == VERB_RESUME || c->verb == VERB_RESET_STOP;
    if (st != ST_OK && lets_run) {
        return why_fail(why, st, "not sent: this console's record failed");
    }
    fleet_apply(h->fleet, told);
    changed(h);
    note_due(b, c->verb, id);
    st = send_to(b, c, why);
    if (st != ST_OK && b->stop_due[0]) {
        why_prefix(why, "the stop will be sent when it is back");
    }
    return st;
}

static void send_stop_again(void *ctx)
{
    struct hub_backend *b = ctx;
    struct command c = {.verb = VERB_STOP_ALL,
                        .reason = SPAN("sent again: it was not answered before")};
    char id[ULID_BYTES];
    struct why why = {0};
    ulid_make(id);
    if (b->stop_due[0] && send_one(b, &c, id, &why) != ST_OK) {
        log_write(LOG_ERROR, "the fleet stop could not be sent again: %s", why.text);
    }
}

/* A command to all is one command to each, with an id of its own. It failed when one of them did
 * not take it. */
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
        ulid_make(each);
        if (!id[0]) { /* before it is sent: a driver may answer at once */
            memcpy(id, each, sizeof(each));
        }
        enum status st = send_one(b, &copy, each, &one);
        if (st != ST_OK) {
            result = why_fail(why, st, "%s", one.text);
        } else if (result == ST_NOTFOUND) {
            result = ST_OK;
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

bool hub_all_settled(const struct hub *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        enum link_state st = h->backends[i].link;
        if (st != LINK_LIVE && st != LINK_FROZEN && st != LINK_DOWN && st != LINK_REFUSED) {
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
    log_set_veil(NULL, NULL);
    record_close(h);
    net_free(h->net);
    loop_free(h->loop);
    veil_free(h->own_veil);
    buf_release(&h->frame);
    fleet_free(h->fleet);
    price_table_free(h->prices);
    free(h->stops_path);
    free(h->backends);
    *h = (struct hub){0};
}
