/* checkrein.c - the client of checkrein.v1 (docs/protocol.md), one connection a back-end.
 *
 *   open -> CONNECTING -> hello -> SYNCING -> synced -> LIVE -> closed -> DOWN -> back-off -> CONNECTING
 *
 * After a break it asks to resume after the newest event that it passed on; a server that cannot (another
 * instance, too long ago) sends a snapshot, and the fold closes what the snapshot does not bring back. An
 * event whose number leaves a hole ends the connection: what was missed is asked for again.
 */
#include "checkrein/alloc.h"
#include "checkrein/codec.h"
#include "checkrein/crypto.h"
#include "checkrein/log.h"

#include "../backoff_priv.h"
#include "../kinds_priv.h"

#define QUEUE_BYTES (256 * 1024)
#define REFUSED_HTTP(code) ((code) == 401 || (code) == 403 || (code) == 421)

struct client {
    struct loop *loop;
    struct net *net;
    struct driver_sink sink;
    struct codec *codec;
    struct buf out;
    char *name, *url;
    char *bearer;
    net_id ws;
    loop_id retry;
    struct backoff backoff;
    char instance[40]; /* of the server's record that `seq` belongs to */
    uint64_t seq;      /* newest passed on */
    bool resumable, greeted, in_snapshot;
};

static void connect_now(void *ctx);

static void retry_later(struct client *c, enum link_state st, const char *why)
{
    int64_t ms = backoff_next_ms(&c->backoff);
    c->sink.link(c->sink.ctx, st, why, ms);
    c->retry = loop_timer(c->loop, ms, connect_now, c);
}

/* ---- frames in */

static void on_hello(struct client *c, const struct msg_hello *h)
{
    bool same = span_is(h->instance, c->instance);
    (void)span_copy(h->instance, c->instance, sizeof(c->instance));
    c->greeted = true;
    c->in_snapshot = !(h->resumed && same && c->resumable);
    c->sink.offers(c->sink.ctx, h->verbs, h->scopes, h->operator_id);
    c->sink.link(c->sink.ctx, LINK_SYNCING, NULL, 0);
    if (c->in_snapshot) {
        c->sink.snapshot(c->sink.ctx, 0, false);
    }
}

static void on_synced(struct client *c, int64_t seq)
{
    if (c->in_snapshot) {
        c->in_snapshot = false;
        c->seq = (uint64_t)seq;
        c->sink.snapshot(c->sink.ctx, c->seq, true);
    }
    c->resumable = true;
    backoff_reset(&c->backoff);
    c->sink.link(c->sink.ctx, LINK_LIVE, NULL, 0);
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
    if (ev->type == EVENT_APPROVAL_REQUESTED && !digest_holds(ev)) {
        c->sink.link(c->sink.ctx, LINK_STALE, "it sent a request whose digest is not that of its text", 0);
        return ST_INVALID;
    }
    if (!ev->snapshot) {
        if (c->resumable && ev->seq <= c->seq) {
            return ST_OK; /* a duplicate */
        }
        if (c->resumable && ev->seq != c->seq + 1) {
            return ST_CONFLICT;
        }
        c->seq = ev->seq;
    }
    c->sink.event(c->sink.ctx, ev);
    return ST_OK;
}

static enum status on_message(struct client *c, struct msg *m)
{
    if (m->kind != KIND_HELLO && m->kind != KIND_ERROR && !c->greeted) {
        return ST_INVALID;
    }
    if (m->kind == KIND_HELLO) {
        on_hello(c, &m->hello);
    } else if (m->kind == KIND_EVENT) {
        return on_event(c, &m->event);
    } else if (m->kind == KIND_SYNCED) {
        on_synced(c, m->seq);
    } else if (m->kind == KIND_RESULT) {
        c->sink.result(c->sink.ctx, m->result.command, m->result.state, m->result.reason,
                       m->result.by);
    }
    return ST_OK;
}

static enum status feed(void *st, struct span frame)
{
    struct client *c = st;
    struct msg m;
    struct why why = {0};
    c->sink.raw(c->sink.ctx, frame);
    enum status result = codec_read_msg(c->codec, frame, &m, &why);
    return result == ST_OK ? on_message(c, &m) : result;
}

/* ---- the connection */

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
    say_hello(ctx);
}

static void on_text(void *ctx, net_id id, struct span text)
{
    struct client *c = ctx;
    enum status st = feed(c, text);
    if (st == ST_CONFLICT) {
        net_ws_close(c->net, id, 1002, "events are missing: resuming");
    } else if (st != ST_OK) {
        log_write(LOG_WARN, "back-end %s: a frame was refused (%s)", c->name, status_name(st));
        net_ws_close(c->net, id, 1002, "frame refused");
    }
}

static void on_closed(void *ctx, net_id id, int code, int http_status, const char *why)
{
    (void)id;
    (void)code;
    struct client *c = ctx;
    c->ws = 0;
    c->greeted = false;
    if (c->in_snapshot) {
        c->in_snapshot = false;
        c->resumable = false;
    }
    retry_later(c, REFUSED_HTTP(http_status) ? LINK_REFUSED : LINK_DOWN, why);
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
    c->name = xstrdup(conf->name);
    c->url = conf->url ? xstrdup(conf->url) : NULL;
    c->bearer = conf->bearer.n ? xstrndup(conf->bearer.p, conf->bearer.n) : NULL;
    c->codec = codec_new();
    buf_init(&c->out, 64 * 1024);
    if (conf->resume_instance) {
        c->resumable = span_copy(span_str(conf->resume_instance), c->instance, sizeof(c->instance));
        c->seq = conf->resume_after;
    }
    if (!c->url) {
        return ST_OK;
    }
    c->sink.link(c->sink.ctx, LINK_CONNECTING, NULL, 0);
    return try_connect(c, why);
}

static enum status client_send(void *st, const struct command *cmd, struct why *why)
{
    struct client *c = st;
    if (!c->ws || !c->greeted) {
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
    if (c->retry) {
        loop_remove(c->loop, c->retry);
        backoff_reset(&c->backoff);
        connect_now(c);
    }
}

static void client_close(void *st)
{
    struct client *c = st;
    if (c->retry) {
        loop_remove(c->loop, c->retry);
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
