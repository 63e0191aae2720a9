/* checkrein.c - the client of checkrein.v1 (docs/protocol.md), one connection a back-end.
 *
 *   connecting -> greeting -> snapshot or resuming -> live        from each: broken -> closed ->
 * back-off -> connecting
 *
 * After a break it asks to resume after the newest event that it passed on; a server that cannot
 * (another instance, too long ago) sends a snapshot, and the fold closes what the snapshot does not
 * bring back. An event whose number leaves a hole ends the connection: what was missed is asked for
 * again. So does all that a server may not say in the phase that it is in; nothing that follows it
 * is looked at.
 */
#include "checkrein/codec.h"
#include "checkrein/crypto.h"
#include "checkrein/secret.h"

#include "../kinds_priv.h"
#include "../wslink_priv.h"

#define QUEUE_BYTES     ((size_t)256 << 10)
#define GREETING_MS     10000
#define SYNC_SILENCE_MS 30000 /* without a frame, before it is live */

enum phase {
    PHASE_AWAY,     /* no connection, or not yet open */
    PHASE_GREETING, /* its hello is awaited */
    PHASE_SNAPSHOT,
    PHASE_RESUMING,
    PHASE_LIVE,
    PHASE_BROKEN, /* it is being closed */
};

struct known { /* of the conversation so far */
    enum phase phase;
    char instance[40]; /* of the server's record that `seq` belongs to */
    uint64_t seq;      /* newest passed on */
    bool resumable;
};

struct client {
    struct wslink link;
    struct codec *codec;
    struct buf out;
    struct known known;
    struct buf vouched; /* a frame with more hidden in it than its server has hidden */
    int64_t silence_ms; /* 0: the standard ones */
};

static void expect_within(struct client *c, int64_t ms)
{
    wslink_expect(&c->link, ms > 0 && c->silence_ms > 0 ? c->silence_ms : ms,
                  c->known.phase == PHASE_GREETING ? "it does not say hello"
                                                   : "it does not send its state");
}

/* ---- frames in */

static enum status not_now(struct client *c, const char *what)
{
    return why_fail(&c->link.fault, ST_INVALID, "%s", what);
}

static enum status on_hello(struct client *c, const struct msg_hello *h)
{
    bool same = c->known.instance[0] && span_is(h->instance, c->known.instance);
    bool back = same && (uint64_t)h->seq < c->known.seq;
    struct why note = {0};
    if (c->known.phase != PHASE_GREETING) {
        return not_now(c, "it said hello twice");
    }
    if (h->protocol != PROTOCOL_VERSION) {
        return not_now(c, "it speaks another version of the protocol");
    }
    if (h->resumed && !(same && c->known.resumable)) {
        return not_now(c, "it resumes what it was not asked to");
    }
    if (back) {
        (void)why_fail(&note, ST_OK, "its record went back from event %llu to %lld",
                       (unsigned long long)c->known.seq, (long long)h->seq);
    }
    if (!span_copy(h->instance, c->known.instance, sizeof(c->known.instance))) {
        c->known.instance[0] = '\0';
    }
    c->known.phase = h->resumed ? PHASE_RESUMING : PHASE_SNAPSHOT;
    c->known.resumable = h->resumed;
    c->link.sink.offers(c->link.sink.ctx, &(struct driver_offer){.verbs = h->verbs,
                                                                 .scopes = h->scopes,
                                                                 .operator_id = h->operator_id,
                                                                 .connection = h->connection,
                                                                 .instance = h->instance,
                                                                 .seq = h->seq,
                                                                 .oldest = h->oldest});
    c->link.sink.link(c->link.sink.ctx, LINK_SYNCING, note.text[0] ? note.text : NULL, 0);
    if (c->known.phase == PHASE_SNAPSHOT) {
        c->link.sink.snapshot(c->link.sink.ctx, 0, false);
    }
    return ST_OK;
}

static enum status on_synced(struct client *c, int64_t seq)
{
    if (c->known.phase == PHASE_SNAPSHOT) {
        c->known.seq = (uint64_t)seq;
        c->known.resumable = c->known.instance[0] != '\0';
        c->link.sink.snapshot(c->link.sink.ctx, c->known.seq, true);
    } else if (c->known.phase != PHASE_RESUMING) {
        return not_now(c, "it said twice that its state is complete");
    } else if ((uint64_t)seq != c->known.seq) {
        return why_fail(&c->link.fault, ST_CONFLICT,
                        "events are missing at the end of what it resumed");
    }
    c->known.phase = PHASE_LIVE;
    wslink_steady(&c->link);
    c->link.sink.link(c->link.sink.ctx, LINK_LIVE, NULL, 0);
    return ST_OK;
}

/* What the server says of an action must be what it will run: a digest of other bytes is never
 * shown. Where it hides secrets, the text has a digest of its own, and a mark for each at least. */
static bool digest_holds(const struct event *ev)
{
    char digest[DIGEST_TEXT_BYTES];
    struct span text = event_text(ev, F_ACTION);
    struct span shown = event_text(ev, F_SHOWN_DIGEST);
    int64_t secrets = event_number(ev, F_ACTION_SECRETS);
    digest_text(text, digest);
    if (!shown.n) {
        return !secrets && span_is(event_text(ev, F_DIGEST), digest);
    }
    return span_is(shown, digest) && digest_valid(event_text(ev, F_DIGEST)) &&
           !span_eq(shown, event_text(ev, F_DIGEST)) && secrets > 0 &&
           (int64_t)secret_marks(text) >= secrets;
}

/* Of a request whose digest holds as it came: what it is shown as, after this side has hidden more
 * in it. False: its action is as it was, or its digest did not hold. */
static bool hides_more(struct client *c, struct span frame, struct msg *shown, char *digest,
                       int64_t *secrets)
{
    struct msg came;
    struct why why = {0};
    struct span text = event_text(&shown->event, F_ACTION);
    digest_text(text, digest);
    int64_t marks = secret_marks(text);
    if (codec_read_msg(c->codec, frame, &came, &why) != ST_OK || !digest_holds(&came.event)) {
        return false;
    }
    marks -= secret_marks(event_text(&came.event, F_ACTION));
    *secrets = event_number(&came.event, F_ACTION_SECRETS) + (marks > 0 ? marks : 0);
    return marks > 0;
}

/* The frame that stands for one in which this side has hidden secrets: whoever reads it again can
 * hold it to its digests. */
static struct span vouch(struct client *c, struct span frame, struct span text)
{
    struct msg m;
    struct why why = {0};
    char digest[DIGEST_TEXT_BYTES];
    int64_t secrets = 0;
    if (codec_read_msg(c->codec, text, &m, &why) != ST_OK || m.kind != KIND_EVENT ||
        m.event.type != EVENT_APPROVAL_REQUESTED || !hides_more(c, frame, &m, digest, &secrets) ||
        codec_read_msg(c->codec, text, &m, &why) != ST_OK) {
        return text;
    }
    event_set_text(&m.event, F_SHOWN_DIGEST, span_str(digest));
    event_set_number(&m.event, F_ACTION_SECRETS, secrets);
    buf_clear(&c->vouched);
    return codec_write_msg_event(&c->vouched, &m.event) == ST_OK ? buf_span(&c->vouched) : text;
}

/* What stood on a screen is told by the console whose screen it was, in its own record. */
static void drop_display(struct event *ev)
{
    static const enum event_field FIELDS[] = {F_DISPLAY_DIGEST, F_DISPLAY_COLS,   F_DISPLAY_ROWS,
                                              F_DISPLAY_MS,     F_DISPLAY_TO_END, F_DISPLAY_RISK};
    for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
        event_unset(ev, FIELDS[i]);
    }
}

static enum status on_event(struct client *c, struct event *ev)
{
    ev->backend = span_str(c->link.name);
    drop_display(ev);
    if (ev->snapshot != (c->known.phase == PHASE_SNAPSHOT)) {
        return not_now(c, ev->snapshot ? "it sent state where news are due"
                                       : "it sent news within its state");
    }
    if (ev->type == EVENT_APPROVAL_REQUESTED && !digest_holds(ev)) {
        (void)not_now(c, "it sent a request whose digest is not that of its text");
        c->link.sink.link(c->link.sink.ctx, LINK_STALE, c->link.fault.text, 0);
        return ST_INVALID;
    }
    if (!ev->snapshot) {
        if (ev->seq <= c->known.seq) {
            return ST_OK; /* a duplicate */
        }
        if (ev->seq != c->known.seq + 1) {
            return why_fail(&c->link.fault, ST_CONFLICT, "events are missing: resuming");
        }
        c->known.seq = ev->seq;
    }
    c->link.sink.event(c->link.sink.ctx, ev);
    return ST_OK;
}

static enum status on_result(struct client *c, const struct msg_result *r)
{
    c->link.sink.result(c->link.sink.ctx, r->command, r->state, r->reason, r->by);
    return ST_OK;
}

static enum status on_head(const struct client *c, struct span seal)
{
    if (c->link.sink.head) {
        c->link.sink.head(c->link.sink.ctx, seal);
    }
    return ST_OK;
}

/* Before it closes the connection it may say why. */
static void on_error(struct client *c, const struct msg_error *e)
{
    (void)why_fail(&c->link.fault, ST_OK, "%.*s",
                   SPAN_ARG(span_sub(e->text.n ? e->text : e->code, 0, 200)));
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
    if (c->known.phase == PHASE_GREETING) {
        return not_now(c, "it did not say hello first");
    }
    switch (m->kind) {
    case KIND_EVENT:
        return on_event(c, &m->event);
    case KIND_SYNCED:
        return on_synced(c, m->seq);
    case KIND_RESULT:
        return on_result(c, &m->result);
    case KIND_HEAD:
        return on_head(c, m->seal);
    case KIND_HELLO:
    case KIND_ERROR:
    case KIND_BYE:
    case KIND_UNKNOWN:
    case KIND_COUNTERSIGN:
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
    if (c->known.phase == PHASE_AWAY || c->known.phase == PHASE_BROKEN) {
        return ST_CLOSED;
    }
    struct driver_frame shown = frame_shown(&c->link.sink, frame);
    if (shown.hidden_here) {
        shown.text = vouch(c, frame, shown.text);
    }
    (void)c->link.sink.raw(c->link.sink.ctx, shown.text);
    enum status result = codec_read_msg(c->codec, shown.text, &m, &c->link.fault);
    if (result == ST_OK && m.kind != KIND_ERROR) {
        c->link.fault.text[0] = '\0'; /* what it said before was not the end */
    }
    if (result == ST_OK) {
        result = on_message(c, &m);
    }
    if (result != ST_OK) {
        c->known.phase = PHASE_BROKEN;
    } else if (c->known.phase != PHASE_GREETING) {
        expect_within(c, c->known.phase == PHASE_LIVE ? 0 : SYNC_SILENCE_MS);
    }
    return result;
}

/* ---- the connection */

static void connection_begins(struct client *c)
{
    c->known.phase = PHASE_GREETING;
    c->link.fault.text[0] = '\0';
    expect_within(c, GREETING_MS);
}

static void say_hello(struct client *c)
{
    struct msg_hello h = {
        .role = SPAN("operator"),
        .min = PROTOCOL_VERSION,
        .max = PROTOCOL_VERSION,
        .name = SPAN("checkrein"),
        .version = SPAN(CHECKREIN_VERSION),
        .resume_after = c->known.resumable ? (int64_t)c->known.seq : -1,
        .resume_instance = span_str(c->known.resumable ? c->known.instance : NULL),
    };
    buf_clear(&c->out);
    if (codec_write_client_hello(&c->out, &h) != ST_OK ||
        wslink_send(&c->link, buf_span(&c->out)) != ST_OK) {
        wslink_break(&c->link, 1011);
    }
}

static void on_opened(void *ctx)
{
    connection_begins(ctx);
    say_hello(ctx);
}

static enum status on_text(void *ctx, struct span text)
{
    return feed(ctx, text);
}

static bool on_closed(void *ctx, int code)
{
    struct client *c = ctx;
    (void)code;
    c->known.phase = PHASE_AWAY;
    return false;
}

static const struct wslink_events EVENTS = {
    .opened = on_opened, .message = on_text, .closed = on_closed};

static enum status client_open(void *st, const struct driver_conf *conf, struct net *n,
                               struct loop *l, struct driver_sink sink, struct why *why)
{
    struct client *c = st;
    struct ws_client_options o = {.protocol = PROTOCOL_NAME,
                                  .message_bytes = PROTOCOL_FRAME_BYTES,
                                  .queue_bytes = QUEUE_BYTES};
    c->silence_ms = conf->silence_ms;
    c->codec = codec_new();
    buf_init(&c->out, (size_t)64 << 10);
    buf_init(&c->vouched, PROTOCOL_FRAME_BYTES);
    if (conf->resume_instance && conf->resume_instance[0]) {
        c->known.resumable = span_copy(span_str(conf->resume_instance), c->known.instance,
                                       sizeof(c->known.instance));
        c->known.seq = conf->resume_after;
    }
    enum status result = wslink_open(&c->link, conf, n, l, sink, &o, &EVENTS, c, why);
    if (!c->link.loop) {
        connection_begins(c);
    }
    return result;
}

static enum status client_send(void *st, const struct command *cmd, struct why *why)
{
    struct client *c = st;
    bool greeted = c->known.phase == PHASE_SNAPSHOT || c->known.phase == PHASE_RESUMING ||
                   c->known.phase == PHASE_LIVE;
    if (!c->link.ws || !greeted) {
        return why_fail(why, ST_CLOSED, "back-end %s is not connected", c->link.name);
    }
    buf_clear(&c->out);
    if (codec_write_command(&c->out, cmd) != ST_OK) {
        return why_fail(why, ST_LIMIT, "the command is too long");
    }
    enum status sent = wslink_send(&c->link, buf_span(&c->out));
    return sent == ST_OK ? ST_OK : why_fail(why, sent, "back-end %s takes no more", c->link.name);
}

static enum status client_countersign(void *st, const struct msg_countersign *s)
{
    struct client *c = st;
    if (!c->link.ws) {
        return ST_CLOSED;
    }
    buf_clear(&c->out);
    enum status result = codec_write_countersign(&c->out, s);
    return result == ST_OK ? wslink_send(&c->link, buf_span(&c->out)) : result;
}

static void client_reconnect(void *st)
{
    struct client *c = st;
    if (!c->link.loop) {
        connection_begins(c);
    }
    wslink_reconnect(&c->link);
}

static void client_close(void *st)
{
    struct client *c = st;
    wslink_close(&c->link);
    codec_free(c->codec);
    buf_release(&c->out);
    buf_release(&c->vouched);
}

static void remember(const void *st, void *memory)
{
    const struct client *c = st;
    *(struct known *)memory = c->known;
}

static void go_on_from(void *st, const void *memory)
{
    struct client *c = st;
    c->known = *(const struct known *)memory;
}

const struct driver_ops driver_checkrein = {
    .kind = "checkrein",
    .help =
        "a governance daemon that speaks checkrein.v1: `checkrein serve`, or any platform's own",
    .state_bytes = sizeof(struct client),
    .open = client_open,
    .feed = feed,
    .send = client_send,
    .countersign = client_countersign,
    .reconnect = client_reconnect,
    .close = client_close,
    .memory_bytes = sizeof(struct known),
    .remember = remember,
    .go_on_from = go_on_from,
};
