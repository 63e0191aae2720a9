#include "wslink_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/crypto.h"

#define STEADY_US          10000000 /* as long live, and the back-off begins anew */
#define AT_ONCE_MOST       32
#define REFUSED_HTTP(code) ((code) == 401 || (code) == 403 || (code) == 421)

static void connect_now(void *ctx);

static void retry_later(struct wslink *w, enum link_state st, const char *why)
{
    int64_t ms = backoff_next_ms(&w->backoff);
    w->sink.link(w->sink.ctx, st, why, ms);
    w->retry = loop_timer(w->loop, ms, connect_now, w);
}

/* ---- what net says */

static void on_opened(void *ctx, net_id id)
{
    struct wslink *w = ctx;
    (void)id;
    w->fault.text[0] = '\0';
    w->events->opened(w->ctx);
}

static void on_message(void *ctx, net_id id, struct span text)
{
    struct wslink *w = ctx;
    (void)id;
    enum status st = w->events->message(w->ctx, text);
    if (st != ST_OK && st != ST_CLOSED) {
        wslink_break(w, 1002);
    }
}

static void on_closed(void *ctx, net_id id, int code, int http_status, const char *why)
{
    struct wslink *w = ctx;
    (void)id;
    w->ws = 0;
    wslink_expect(w, 0, NULL);
    if (w->steady_from_us && clock_mono_us() - w->steady_from_us >= STEADY_US) {
        backoff_reset(&w->backoff);
        w->at_once = 0;
    }
    w->steady_from_us = 0;
    if (w->events->closed(w->ctx, code) && w->at_once++ < AT_ONCE_MOST) {
        w->retry = loop_timer(w->loop, 0, connect_now, w);
    } else {
        retry_later(w, REFUSED_HTTP(http_status) ? LINK_REFUSED : LINK_DOWN,
                    w->fault.text[0] ? w->fault.text : why);
    }
    w->fault.text[0] = '\0';
}

static const struct ws_events EVENTS = {
    .opened = on_opened, .message = on_message, .closed = on_closed};

/* ---- keeping it up */

static enum status try_connect(struct wslink *w, struct why *why)
{
    return net_ws_connect(w->net, &w->options, &EVENTS, w, &w->ws, why);
}

static void connect_now(void *ctx)
{
    struct wslink *w = ctx;
    struct why why = {0};
    w->retry = 0;
    w->sink.link(w->sink.ctx, LINK_CONNECTING, NULL, 0);
    if (try_connect(w, &why) != ST_OK) {
        retry_later(w, LINK_DOWN, why.text);
    }
}

enum status wslink_open(struct wslink *w, const struct driver_conf *conf, struct net *n,
                        struct loop *l, struct driver_sink sink, const struct ws_client_options *o,
                        const struct wslink_events *events, void *ctx, struct why *why)
{
    w->net = n;
    w->sink = sink;
    w->events = events;
    w->ctx = ctx;
    w->options = *o;
    w->name = xstrdup(conf->name);
    w->url = conf->url ? xstrdup(conf->url) : NULL;
    w->bearer = conf->bearer.n ? xstrndup(conf->bearer.p, conf->bearer.n) : NULL;
    w->options.url = w->url;
    w->options.bearer = span_str(w->bearer);
    if (!w->url) {
        return ST_OK;
    }
    w->loop = l;
    w->sink.link(w->sink.ctx, LINK_CONNECTING, NULL, 0);
    return try_connect(w, why);
}

enum status wslink_send(struct wslink *w, struct span text)
{
    return w->ws ? net_ws_send(w->net, w->ws, text) : ST_CLOSED;
}

void wslink_reconnect(struct wslink *w)
{
    if (w->retry) {
        loop_remove(w->loop, w->retry);
        backoff_reset(&w->backoff);
        connect_now(w);
    }
}

void wslink_break(struct wslink *w, int code)
{
    wslink_expect(w, 0, NULL);
    if (w->ws) {
        net_ws_close(w->net, w->ws, code, "frame refused");
    }
}

static void on_deadline(void *ctx)
{
    struct wslink *w = ctx;
    w->deadline = 0;
    if (net_ws_receiving(w->net, w->ws)) {
        w->deadline = loop_timer(w->loop, w->patience_ms, on_deadline, w);
        return;
    }
    (void)why_fail(&w->fault, ST_TIMEOUT, "%s", w->silence);
    wslink_break(w, 1008);
}

void wslink_expect(struct wslink *w, int64_t ms, const char *silence)
{
    if (!w->loop) {
        return;
    }
    loop_remove(w->loop, w->deadline);
    w->silence = silence;
    w->patience_ms = ms;
    w->deadline = ms > 0 ? loop_timer(w->loop, ms, on_deadline, w) : 0;
}

void wslink_steady(struct wslink *w)
{
    if (w->loop && !w->steady_from_us) {
        w->steady_from_us = clock_mono_us();
    }
}

void wslink_close(struct wslink *w)
{
    if (w->loop) {
        loop_remove(w->loop, w->retry);
        loop_remove(w->loop, w->deadline);
    }
    if (w->ws) {
        net_ws_forget(w->net, w->ws, 1000, "bye");
        w->ws = 0;
    }
    free(w->name);
    free(w->url);
    if (w->bearer) {
        wipe(w->bearer, span_str(w->bearer).n);
        free(w->bearer);
    }
}
