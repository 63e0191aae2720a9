/* consoles.c - checkrein.v1: hello, events from where the console left off or a snapshot, commands
 * in, results out. Rights come from the kernel's word about the peer, or from its token; never from
 * what it says.
 */
#include "govd_priv.h"

#define HEARTBEAT_MS 20000
#define CONSOLE_AHEAD                                                                              \
    ((size_t)8 << 20) /* bytes that wait for a console: more events stay in the ring */

static struct console *console_of(struct govd *g, net_id id)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        if (g->consoles[i].id == id) {
            return &g->consoles[i];
        }
    }
    return NULL;
}

static void identify(struct console *c, const struct http_head *head,
                     const struct console_token *token)
{
    c->scopes = head->is_unix ? CONSOLE_SCOPES : 0;
    (void)snprintf(c->operator_id, sizeof(c->operator_id), "uid:%u", (unsigned)head->peer_uid);
    if (head->is_unix) {
        identity_of_unix((int32_t)head->peer_pid, c->path);
    } else {
        (void)snprintf(c->path, sizeof(c->path), "loopback port");
    }
    if (token) {
        c->by_token = true;
        c->scopes = token->scopes;
        c->expires_us = token->expires_us;
        memcpy(c->digest, token->digest, sizeof(c->digest));
        (void)snprintf(c->operator_id, sizeof(c->operator_id), "token:%s", token->name);
    }
    if (head->is_unix && guarded_descent(c->govd, (int32_t)head->peer_pid) != DESCENT_OTHER) {
        c->scopes &= SCOPE_BIT(SCOPE_READ); /* an agent is not its own operator */
    }
}

static size_t consoles_by_port(const struct govd *g)
{
    size_t count = 0;
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        count += g->consoles[i].by_port;
    }
    return count;
}

/* Its seat is free at once: how long it takes to close is up to the peer. */
static void on_silent(void *ctx)
{
    struct console *c = ctx;
    c->hello_timer = 0;
    net_ws_close(c->govd->net, c->id, 1008, "no hello came");
    consoles_closed(c->govd, c->id, "no hello came");
}

void consoles_opened(struct govd *g, net_id id, const struct http_head *head)
{
    struct console *c = console_of(g, 0);
    const struct console_token *token = console_token_in(g, head->authorization);
    if (!token && (head->authorization.n || !head->is_unix)) {
        net_ws_close(g->net, id, 1008,
                     "its token was revoked or has expired"); /* since it was let in */
        return;
    }
    if (!c || (!head->is_unix && consoles_by_port(g) >= CONSOLES_BY_PORT_MAX)) {
        net_ws_close(g->net, id, 1013, "too many consoles");
        return;
    }
    *c = (struct console){.govd = g, .id = id, .peer_pid = (int32_t)head->peer_pid};
    c->hello_timer = loop_timer(g->loop, HELLO_MS, on_silent, c);
    c->by_port = !head->is_unix;
    ulid_make(c->connection);
    identify(c, head, token);
}

void consoles_closed(struct govd *g, net_id id, const char *why)
{
    struct console *c = console_of(g, id);
    if (!c) {
        return;
    }
    loop_remove(g->loop, c->hello_timer);
    presence_end(c, why);
    snapshot_drop(c);
    *c = (struct console){0};
}

bool console_expired(const struct console *c)
{
    return c->expires_us && govd_wall_us() >= c->expires_us;
}

/* ---- frames */

static void send_scratch(struct govd *g, const struct console *c)
{
    if (buf_status(&g->scratch) == ST_OK) {
        outbox_frame(g, c->id, buf_span(&g->scratch));
    }
}

void console_error(struct govd *g, const struct console *c, const char *code, const char *text)
{
    buf_clear(&g->scratch);
    if (codec_write_error(&g->scratch, span_str(code), span_str(text)) == ST_OK) {
        send_scratch(g, c);
    }
}

/* Numbers that are not in the record come again after a start, for other events: while the record
 * has failed, what a console knows belongs to a history of its own. */
static struct span instance_told(const struct govd *g)
{
    return span_str(g->unrecorded_instance[0] ? g->unrecorded_instance
                                              : journal_instance(g->journal));
}

static void send_hello(struct govd *g, const struct console *c, bool resumed)
{
    struct msg_hello h = {
        .protocol = PROTOCOL_VERSION,
        .name = SPAN("checkrein"),
        .version = SPAN(CHECKREIN_VERSION),
        .instance = instance_told(g),
        .operator_id = span_str(c->operator_id),
        .connection = span_str(c->connection),
        .scopes = c->scopes,
        .verbs = commands_offered(),
        .heartbeat_ms = HEARTBEAT_MS,
        .seq = (int64_t)g->seq,
        .oldest = (int64_t)(g->seq - (g->ring->end - g->ring->first)),
        .resumed = resumed,
        .frame_bytes = PROTOCOL_FRAME_BYTES,
    };
    buf_clear(&g->scratch);
    if (codec_write_server_hello(&g->scratch, &h) == ST_OK) {
        send_scratch(g, c);
    }
}

/* The ring counter of the first event after `seq`; false when the ring does not reach back that
 * far. Numbers follow each other in the ring, which is looked at and not trusted: a hole would come
 * back at every resume. */
static bool ring_after(const struct govd *g, uint64_t seq, uint64_t *counter)
{
    const struct ring *r = g->ring;
    if (seq > g->seq || g->seq - seq > r->end - r->first) {
        return false;
    }
    *counter = r->end - (g->seq - seq);
    return *counter == r->end || r->event[*counter % RING_EVENTS].seq == seq + 1;
}

/* After what is queued for it; it is not heard any more. */
static void leave(struct govd *g, struct console *c, int code, const char *why)
{
    outbox_close(g, c->id, code, why);
    c->leaving = true;
}

static void on_hello(struct govd *g, struct console *c, const struct msg_hello *h)
{
    if (h->min > PROTOCOL_VERSION || h->max < PROTOCOL_VERSION) {
        console_error(g, c, "protocol", "this server speaks version 1 only");
        leave(g, c, 1002, "no common protocol version");
        return;
    }
    if (!span_is(h->role, "operator")) {
        console_error(g, c, "scope", "only the role `operator` is offered here");
        leave(g, c, 1008, "role not offered");
        return;
    }
    if (c->greeted) {
        console_error(g, c, "protocol", "hello was said before");
        return;
    }
    c->resumes = h->resume_after >= 0 && span_eq(h->resume_instance, instance_told(g)) &&
                 ring_after(g, (uint64_t)h->resume_after, &c->cursor);
    loop_remove(g->loop, c->hello_timer);
    c->hello_timer = 0;
    c->greeted = true;
    c->sync = SYNC_DUE;
    c->sync_at = g->ring->end;
    c->sync_seq = g->seq;
    send_hello(g, c, c->resumes);
    presence_begin(c);
}

void consoles_check_tokens(struct govd *g)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        struct console *c = &g->consoles[i];
        if (!c->id || !c->by_token || c->leaving) {
            continue;
        }
        const struct console_token *t =
            console_token_of(&g->console_tokens, c->digest, govd_wall_us());
        if (!t) {
            leave(g, c, 1008, "its token was revoked or has expired");
        } else if (t->scopes != c->scopes) {
            leave(g, c, 1008, "its token has other rights now: connect again");
        }
    }
}

void consoles_message(struct govd *g, net_id id, struct span text)
{
    struct console *c = console_of(g, id);
    if (!c || c->leaving) {
        return;
    }
    struct msg m;
    struct why why = {0};
    if (codec_read_msg(g->codec, text, &m, &why) != ST_OK) {
        console_error(g, c, "frame", why.text);
        return;
    }
    if (m.kind == KIND_HELLO) {
        on_hello(g, c, &m.hello);
    } else if (!c->greeted) {
        console_error(g, c, "protocol", "hello comes first");
        leave(g, c, 1008, "hello comes first");
    } else if (m.kind == KIND_COMMAND) {
        commands_run(g, c, &m.command);
    } else if (m.kind == KIND_COUNTERSIGN) {
        witness_answer(g, c, &m.countersign);
    } else if (m.kind == KIND_BYE) {
        leave(g, c, 1000, "bye");
    } else if (m.kind != KIND_SUBSCRIBE) {
        console_error(g, c, "frame", "this kind of frame is not taken here");
    }
}

/* ---- what goes out by itself */

void console_send(struct console *c, struct span frame)
{
    if (!c->leaving && net_ws_send(c->govd->net, c->id, frame) != ST_OK) {
        c->leaving = true; /* closed by net; `closed` follows */
    }
}

/* It has its state, or what it missed, as of `sync_seq`. */
static void tell_synced(struct govd *g, struct console *c)
{
    c->sync = SYNC_LIVE;
    buf_clear(&g->scratch);
    if (codec_write_synced(&g->scratch, (int64_t)c->sync_seq) == ST_OK) {
        console_send(c, buf_span(&g->scratch));
    }
}

static void send_next(struct govd *g, struct console *c)
{
    const struct ring_event *e = &g->ring->event[c->cursor % RING_EVENTS];
    console_send(c, (struct span){e->frame, e->bytes});
    c->cursor++;
}

static void flush_one(struct govd *g, struct console *c, uint64_t end)
{
    bool hears = c->sync == SYNC_MISSED || c->sync == SYNC_LIVE;
    if (!hears || c->leaving) {
        return;
    }
    if (c->cursor < g->ring->first) {
        net_ws_close(g->net, c->id, 1013, "too slow: connect again for a snapshot");
        c->leaving = true;
        return;
    }
    while (!c->leaving && net_ws_queued(g->net, c->id) < CONSOLE_AHEAD) {
        if (c->sync == SYNC_MISSED && c->cursor == c->sync_at) {
            tell_synced(g, c);
        } else if (c->cursor < end) {
            send_next(g, c);
        } else {
            break;
        }
    }
}

void consoles_flush(struct govd *g, uint64_t end)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        flush_one(g, &g->consoles[i], end);
    }
}

void consoles_catch_up(struct govd *g, net_id id, uint64_t end)
{
    struct console *c = console_of(g, id);
    if (c) {
        flush_one(g, c, end);
    }
}

void consoles_start_over(struct govd *g)
{
    ulid_make(g->unrecorded_instance);
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        struct console *c = &g->consoles[i];
        if (c->id) {
            net_ws_close(g->net, c->id, 1012, "the record failed: connect again for a snapshot");
            c->leaving = true;
        }
    }
}

/* Two results, one behind the other; gives where the second begins, 0 when they have no room. */
static size_t write_both(struct govd *g, const struct msg_result *r,
                         const struct msg_result *if_unrecorded)
{
    buf_clear(&g->scratch);
    if (codec_write_result(&g->scratch, r) != ST_OK) {
        return 0;
    }
    size_t first = g->scratch.len;
    return codec_write_result(&g->scratch, if_unrecorded) == ST_OK ? first : 0;
}

void consoles_result(struct govd *g, struct span id, enum command_state st, const char *reason,
                     const char *by)
{
    struct msg_result r = {
        .command = id, .state = st, .reason = span_str(reason), .by = span_str(by)};
    struct msg_result if_unrecorded = r;
    if_unrecorded.reason = span_str(command_reason_unrecorded(st, reason));
    size_t first = write_both(g, &r, &if_unrecorded);
    struct span both = buf_span(&g->scratch);
    for (size_t i = 0; first > 0 && i < CONSOLES_MAX; i++) {
        if (g->consoles[i].greeted) {
            outbox_result(g, g->consoles[i].id, span_sub(both, 0, first),
                          span_sub(both, first, SIZE_MAX));
        }
    }
}

void consoles_bye(struct govd *g)
{
    buf_clear(&g->scratch);
    if (codec_write_bye(&g->scratch) != ST_OK) {
        return;
    }
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        struct console *c = &g->consoles[i];
        if (c->id && net_ws_send(g->net, c->id, buf_span(&g->scratch)) == ST_OK) {
            net_ws_close(g->net, c->id, 1001, "the daemon is shutting down");
        }
    }
}
