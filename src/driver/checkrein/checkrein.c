/* checkrein.c - the client of checkrein.v1 (docs/protocol.md), one connection a back-end.
 *
 *   connecting -> greeting -> snapshot or resuming -> live        from each: broken -> closed -> back-off -> connecting
 *
 * After a break it asks to resume after the newest event that it passed on; a server that cannot (another
 * instance, too long ago) sends a snapshot, and the fold closes what the snapshot does not bring back. An
 * event whose number leaves a hole ends the connection: what was missed is asked for again. So does all that a
 * server may not say in the phase that it is in; nothing that follows it is looked at.
 */
#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/codec.h"
#include "checkrein/crypto.h"

#include "../backoff_priv.h"
#include "../kinds_priv.h"

#define QUEUE_BYTES      ((size_t)256 << 10)
#define GREETING_MS      10000
#define SYNC_SILENCE_MS  30000    /* without a frame, before it is live */
#define STEADY_US        10000000 /* as long live, and the back-off begins anew */
#define REFUSED_HTTP(code) ((code) == 401 || (code) == 403 || (code) == 421)

enum phase {
    PHASE_AWAY,     /* no connection, or not yet open */
    PHASE_GREETING, /* its hello is awaited */
    PHASE_SNAPSHOT,
    PHASE_RESUMING,
    PHASE_LIVE,
    PHASE_BROKEN, /* it is being closed */
};

struct client {
    struct loop *loop;
    struct net *net;
    struct driver_sink sink;
    struct codec *codec;
    struct buf out;
    char *name, *url;
    char *bearer;
    net_id ws;
    loop_id retry, deadline;
    struct backoff backoff;
    enum phase phase;
    struct why fault;    /* why we, or the server, end the connection */
    int64_t live_us;     /* monotonic: since when it is live */
    int64_t silence_ms;  /* 0: the standard ones */
    char instance[40];   /* of the server's record that `seq` belongs to */
    uint64_t seq;        /* newest passed on */
    bool resumable;
};

static void connect_now(void *ctx);

static void retry_later(struct client *c, enum link_state st, const char *why)
{
    int64_t ms = backoff_next_ms(&c->backoff);
    c->sink.link(c->sink.ctx, st, why, ms);
    c->retry = loop_timer(c->loop, ms, connect_now, c);
}

/* ---- a server that says nothing */

static void break_off(struct client *c, int code);

static void on_deadline(void *ctx)
{
    struct client *c = ctx;
    c->deadline = 0;
    (void)why_fail(&c->fault, ST_TIMEOUT,
                   c->phase == PHASE_GREETING ? "it does not say hello" : "it does not send its state");
    break_off(c, 1008);
}

static void expect_within(struct client *c, int64_t ms)
{
    if (!c->loop) {
        return; /* attached to nothing */
    }
    loop_remove(c->loop, c->deadline);
    ms = ms > 0 && c->silence_ms > 0 ? c->silence_ms : ms;
    c->deadline = ms > 0 ? loop_timer(c->loop, ms, on_deadline, c) : 0;
}

/* ---- frames in */

static enum status not_now(struct client *c, const char *what)
{
    return why_fail(&c->fault, ST_INVALID, "%s", what);
}

static enum status on_hello(struct client *c, const struct msg_hello *h)
{
    bool same = c->instance[0] && span_is(h->instance, c->instance);
    bool back = same && (uint64_t)h->seq < c->seq;
    struct why note = {0};
    if (c->phase != PHASE_GREETING) {
        return not_now(c, "it said hello twice");
    }
    if (h->protocol != PROTOCOL_VERSION) {
        return not_now(c, "it speaks another version of the protocol");
    }
    if (h->resumed && !(same && c->resumable)) {
        return not_now(c, "it resumes what it was not asked to");
    }
    if (back) {
        (void)why_fail(&note, ST_OK, "its record went back from event %llu to %lld",
                       (unsigned long long)c->seq, (long long)h->seq);
    }
    if (!span_copy(h->instance, c->instance, sizeof(c->instance))) {
        c->instance[0] = '\0';
    }
    c->phase = h->resumed ? PHASE_RESUMING : PHASE_SNAPSHOT;
    c->resumable = h->resumed;
    c->sink.offers(c->sink.ctx, &(struct driver_offer){.verbs = h->verbs,
                                                       .scopes = h->scopes,
                                                       .operator_id = h->operator_id,
                                                       .connection = h->connection,
                                                       .instance = h->instance,
                                                       .seq = h->seq,
                                                       .oldest = h->oldest});
    c->sink.link(c->sink.ctx, LINK_SYNCING, note.text[0] ? note.text : NULL, 0);
    if (c->phase == PHASE_SNAPSHOT) {
        c->sink.snapshot(c->sink.ctx, 0, false);
    }
    return ST_OK;
}

static enum status on_synced(struct client *c, int64_t seq)
{
    if (c->phase == PHASE_SNAPSHOT) {
        c->seq = (uint64_t)seq;
        c->resumable = c->instance[0] != '\0';
        c->sink.snapshot(c->sink.ctx, c->seq, true);
    } else if (c->phase != PHASE_RESUMING) {
        return not_now(c, "it said twice that its state is complete");
    } else if ((uint64_t)seq != c->seq) {
        return why_fail(&c->fault, ST_CONFLICT, "events are missing at the end of what it resumed");
    }
    c->phase = PHASE_LIVE;
    c->live_us = clock_mono_us();
    c->sink.link(c->sink.ctx, LINK_LIVE, NULL, 0);
    return ST_OK;
}

/* What the server says of an action must be what it will run: a digest of other bytes is never shown. */
static bool digest_holds(const struct event *ev)
{
    char digest[DIGEST_TEXT_BYTES];
    digest_text(event_text(ev, F_ACTION), digest);
    return span_is(event_text(ev, F_DIGEST), digest);
}

static enum status on_event(struct client *c, struct event *ev)
{
    ev->backend = span_str(c->name);
    if (ev->snapshot != (c->phase == PHASE_SNAPSHOT)) {
        return not_now(c, ev->snapshot ? "it sent state where news are due" : "it sent news within its state");
    }
    if (ev->type == EVENT_APPROVAL_REQUESTED && !digest_holds(ev)) {
        (void)not_now(c, "it sent a request whose digest is not that of its text");
        c->sink.link(c->sink.ctx, LINK_STALE, c->fault.text, 0);
        return ST_INVALID;
    }
    if (!ev->snapshot) {
        if (ev->seq <= c->seq) {
            return ST_OK; /* a duplicate */
        }
        if (ev->seq != c->seq + 1) {
            return why_fail(&c->fault, ST_CONFLICT, "events are missing: resuming");
        }
        c->seq = ev->seq;
    }
    c->sink.event(c->sink.ctx, ev);
    return ST_OK;
}

static enum status on_result(struct client *c, const struct msg_result *r)
{
    c->sink.result(c->sink.ctx, r->command, r->state, r->reason, r->by);
    return ST_OK;
}

/* Before it closes the connection it may say why. */
static void on_error(struct client *c, const struct msg_error *e)
{
    (void)why_fail(&c->fault, ST_OK, "%.*s", SPAN_ARG(span_sub(e->text.n ? e->text : e->code, 0, 200)));
}

static enum status on_message(struct client *c, struct msg *m)
{
    if (m->kind == KIND_HELLO) {
        return on_hello(c, &m->hello);
    }
    if (m->kind == KIND_ERROR) {
        on_error(c, &m->error);
        return ST_OK;
    }
    if (m->kind == KIND_BYE) {
        return ST_OK;
    }
    if (c->phase == PHASE_GREETING) {
        return not_now(c, "it did not say hello first");
    }
    switch (m->kind) {
    case KIND_EVENT:
        return on_event(c, &m->event);
    case KIND_SYNCED:
        return on_synced(c, m->seq);
    case KIND_RESULT:
        return on_result(c, &m->result);
    case KIND_HELLO:
    case KIND_ERROR:
    case KIND_BYE:
    case KIND_UNKNOWN:
    case KIND_SUBSCRIBE:
    case KIND_COMMAND:
    case MSG_KIND_COUNT:
    default:
        return ST_OK; /* unknown is not an error, and never answered */
    }
}

static enum status feed(void *st, struct span frame)
{
    struct client *c = st;
    struct msg m;
    if (c->phase == PHASE_AWAY || c->phase == PHASE_BROKEN) {
        return ST_CLOSED;
    }
    (void)c->sink.raw(c->sink.ctx, frame);
    enum status result = codec_read_msg(c->codec, frame, &m, &c->fault);
    if (result == ST_OK && m.kind != KIND_ERROR) {
        c->fault.text[0] = '\0'; /* what it said before was not the end */
    }
    if (result == ST_OK) {
        result = on_message(c, &m);
    }
    if (result != ST_OK) {
        c->phase = PHASE_BROKEN;
    } else if (c->phase != PHASE_GREETING) {
        expect_within(c, c->phase == PHASE_LIVE ? 0 : SYNC_SILENCE_MS);
    }
    return result;
}

/* ---- the connection */

static void connection_begins(struct client *c)
{
    c->phase = PHASE_GREETING;
    c->fault.text[0] = '\0';
    expect_within(c, GREETING_MS);
}

static void connection_is_over(struct client *c)
{
    if (c->phase == PHASE_LIVE && clock_mono_us() - c->live_us >= STEADY_US) {
        backoff_reset(&c->backoff);
    }
    c->phase = PHASE_AWAY;
    expect_within(c, 0);
}

static void break_off(struct client *c, int code)
{
    c->phase = PHASE_BROKEN;
    expect_within(c, 0);
    net_ws_close(c->net, c->ws, code, "frame refused");
}

static void say_hello(struct client *c)
{
    struct msg_hello h = {
        .role = SPAN("operator"),
        .min = PROTOCOL_VERSION,
        .max = PROTOCOL_VERSION,
        .name = SPAN("checkrein"),
        .version = SPAN(CHECKREIN_VERSION),
        .resume_after = c->resumable ? (int64_t)c->seq : -1,
        .resume_instance = span_str(c->resumable ? c->instance : NULL),
    };
    buf_clear(&c->out);
    if (codec_write_client_hello(&c->out, &h) != ST_OK ||
        net_ws_send(c->net, c->ws, buf_span(&c->out)) != ST_OK) {
        net_ws_close(c->net, c->ws, 1011, "hello could not be sent");
    }
}

static void on_opened(void *ctx, net_id id)
{
    (void)id;
    connection_begins(ctx);
    say_hello(ctx);
}

static void on_text(void *ctx, net_id id, struct span text)
{
    (void)id;
    struct client *c = ctx;
    enum status st = feed(c, text);
    if (st != ST_OK && st != ST_CLOSED) {
        break_off(c, 1002);
    }
}

static void on_closed(void *ctx, net_id id, int code, int http_status, const char *why)
{
    (void)id;
    (void)code;
    struct client *c = ctx;
    c->ws = 0;
    connection_is_over(c);
    retry_later(c, REFUSED_HTTP(http_status) ? LINK_REFUSED : LINK_DOWN,
                c->fault.text[0] ? c->fault.text : why);
    c->fault.text[0] = '\0';
}

static const struct ws_events EVENTS = {
    .opened = on_opened, .message = on_text, .closed = on_closed};

static enum status try_connect(struct client *c, struct why *why)
{
    struct ws_client_options o = {
        .url = c->url,
        .protocol = PROTOCOL_NAME,
        .bearer = span_str(c->bearer),
        .message_bytes = PROTOCOL_FRAME_BYTES,
        .queue_bytes = QUEUE_BYTES,
    };
    return net_ws_connect(c->net, &o, &EVENTS, c, &c->ws, why);
}

static void connect_now(void *ctx)
{
    struct client *c = ctx;
    struct why why = {0};
    c->retry = 0;
    c->sink.link(c->sink.ctx, LINK_CONNECTING, NULL, 0);
    if (try_connect(c, &why) != ST_OK) {
        retry_later(c, LINK_DOWN, why.text);
    }
}

static enum status client_open(void *st, const struct driver_conf *conf, struct net *n,
                               struct loop *l, struct driver_sink sink, struct why *why)
{
    struct client *c = st;
    c->loop = l;
    c->net = n;
    c->sink = sink;
    c->silence_ms = conf->silence_ms;
    c->name = xstrdup(conf->name);
    c->url = conf->url ? xstrdup(conf->url) : NULL;
    c->bearer = conf->bearer.n ? xstrndup(conf->bearer.p, conf->bearer.n) : NULL;
    c->codec = codec_new();
    buf_init(&c->out, (size_t)64 << 10);
    if (conf->resume_instance && conf->resume_instance[0]) {
        c->resumable = span_copy(span_str(conf->resume_instance), c->instance, sizeof(c->instance));
        c->seq = conf->resume_after;
    }
    if (!c->url) {
        c->loop = NULL;
        connection_begins(c);
        return ST_OK;
    }
    c->sink.link(c->sink.ctx, LINK_CONNECTING, NULL, 0);
    return try_connect(c, why);
}

static enum status client_send(void *st, const struct command *cmd, struct why *why)
{
    struct client *c = st;
    bool greeted = c->phase == PHASE_SNAPSHOT || c->phase == PHASE_RESUMING || c->phase == PHASE_LIVE;
    if (!c->ws || !greeted) {
        return why_fail(why, ST_CLOSED, "back-end %s is not connected", c->name);
    }
    buf_clear(&c->out);
    if (codec_write_command(&c->out, cmd) != ST_OK) {
        return why_fail(why, ST_LIMIT, "the command is too long");
    }
    enum status sent = net_ws_send(c->net, c->ws, buf_span(&c->out));
    return sent == ST_OK ? ST_OK : why_fail(why, sent, "back-end %s takes no more", c->name);
}

static void client_reconnect(void *st)
{
    struct client *c = st;
    if (!c->url) {
        connection_is_over(c);
        connection_begins(c);
    } else if (c->retry) {
        loop_remove(c->loop, c->retry);
        backoff_reset(&c->backoff);
        connect_now(c);
    }
}

static void client_close(void *st)
{
    struct client *c = st;
    if (c->loop) {
        loop_remove(c->loop, c->retry);
        loop_remove(c->loop, c->deadline);
    }
    if (c->ws) {
        net_ws_forget(c->net, c->ws, 1000, "bye");
    }
    codec_free(c->codec);
    buf_release(&c->out);
    free(c->name);
    free(c->url);
    if (c->bearer) {
        wipe(c->bearer, span_str(c->bearer).n);
        free(c->bearer);
    }
}

const struct driver_ops driver_checkrein = {
    .kind = "checkrein",
    .help = "a governance daemon that speaks checkrein.v1: `checkrein serve`, or any platform's own",
    .state_bytes = sizeof(struct client),
    .open = client_open,
    .feed = feed,
    .send = client_send,
    .reconnect = client_reconnect,
    .close = client_close,
};
