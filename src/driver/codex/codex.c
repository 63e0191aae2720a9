/* codex.c - the connection to one `codex app-server`.
 *
 *   away -> greeting -> syncing -> live            from each: broken -> away -> back-off ->
 * greeting
 *
 * The server keeps no record to resume from: each connection begins with the state of all loaded
 * threads. They are listed, read, and attached to; once everything that was asked for has been
 * answered, a last question makes sure that what came with the answers is here too, and from then
 * on there is news. */
#include "asks_priv.h"

#include <string.h>

#include "checkrein/alloc.h"

#define OUR_NAME    "checkrein"
#define QUEUE_BYTES ((size_t)1 << 20)
#define MESSAGE_BYTES                                                                              \
    ((size_t)32 << 20) /* a thread's last turn with all that its commands printed */
#define ACTION_LIMIT  (ACTION_BYTES_MAX + 4096)
#define GREETING_MS   10000
#define SYNC_MS       30000 /* without a frame, before it is live */
#define UPKEEP_MS     1000
#define BARRIERS_MOST 3 /* at upkeep: then it is live without a request that does not come */

/* ---- events */

void codex_begin(const struct codex *c, struct event *ev, enum event_type type,
                 const struct codex_thread *t)
{
    event_init(ev, type, c->now_us);
    ev->source = SPAN("codex");
    ev->backend = span_str(c->link.name);
    if (t) {
        ev->subject = span_str(t->id);
        event_set_text(ev, F_AGENT_ID, span_str(t->id));
    }
}

void codex_emit(struct codex *c, struct event *ev)
{
    (void)snprintf(c->event_id, sizeof(c->event_id), "%llx.%llx", (unsigned long long)c->now_us,
                   (unsigned long long)++c->told);
    ev->id = span_str(c->event_id);
    ev->snapshot = ev->snapshot || c->phase == CODEX_SYNCING;
    c->link.sink.event(c->link.sink.ctx, ev);
}

void codex_signal(struct codex *c, const struct codex_thread *t, enum severity sev,
                  struct span title)
{
    struct event ev;
    if (!title.n) {
        return; /* a warning without words */
    }
    codex_begin(c, &ev, EVENT_SIGNAL_RAISED, t);
    event_set_text(&ev, F_SIGNAL_SOURCE, SPAN("codex"));
    event_set_number(&ev, F_SEVERITY, sev);
    event_put_text(&ev, F_TITLE, codex_cut(title, CODEX_TEXT_BYTES));
    codex_emit(c, &ev);
}

bool codex_is_up(const struct codex *c)
{
    return c->phase == CODEX_SYNCING || c->phase == CODEX_LIVE;
}

/* ---- the back-end's own line */

static bool speaks_as_us(const struct codex *c)
{
    return span_is(span_str(c->speaks_as), OUR_NAME);
}

/* Once: it stays so until the server is started anew. */
static void warn_of_name(struct codex *c)
{
    if (speaks_as_us(c) && !c->told_speaks_as) {
        codex_signal(c, NULL, SEVERITY_HIGH,
                     SPAN("this server speaks to the model's service as " OUR_NAME
                          ", because that was its first client: start codex first, or the server "
                          "with CODEX_INTERNAL_ORIGINATOR_OVERRIDE"));
    }
    c->told_speaks_as = speaks_as_us(c);
}

/* Not each time: when there are twice as many. */
static void tell_unknown(struct codex *c)
{
    if (c->phase == CODEX_LIVE && c->unknown >= 2 * c->told_unknown + 1) {
        codex_say_link(c);
    }
}

void codex_say_link(struct codex *c)
{
    static const enum link_state STATES[] = {
        [CODEX_AWAY] = LINK_CONNECTING,   [CODEX_GREETING] = LINK_CONNECTING,
        [CODEX_SYNCING] = LINK_SYNCING,   [CODEX_LIVE] = LINK_LIVE,
        [CODEX_BROKEN] = LINK_CONNECTING,
    };
    char text[240];
    char limits[96];
    if (process_is_frozen(c)) {
        c->link.sink.link(c->link.sink.ctx, LINK_FROZEN, c->process.words, 0);
        return;
    }
    c->told_unknown = c->unknown;
    limits_say(c, limits, sizeof(limits));
    (void)snprintf(text, sizeof(text), "codex %s%s%s", c->version,
                   speaks_as_us(c) ? ", speaks as " OUR_NAME : "", limits);
    if (c->unknown) {
        size_t n = strlen(text);
        (void)snprintf(text + n, sizeof(text) - n, ", %llu messages not understood",
                       (unsigned long long)c->unknown);
    }
    c->link.sink.link(c->link.sink.ctx, STATES[c->phase], codex_is_up(c) ? text : NULL, 0);
}

/* ---- greeting */

static void call_or_break(struct codex *c, enum codex_method m, struct span about,
                          struct span params)
{
    if (codex_call(c, m, about, params) != ST_OK) {
        wslink_break(&c->link, 1013);
    }
}

/* "name/0.169.0 (Debian …": the version stands after the slash. The name is that of the server's
 * first client, unless it was started with another: what it calls itself to the model's service. */
static void take_version(struct codex *c, struct span agent)
{
    size_t slash = span_find(agent, '/');
    if (!span_copy(codex_cut(span_sub(agent, 0, slash), sizeof(c->speaks_as) - 1), c->speaks_as,
                   sizeof(c->speaks_as))) {
        c->speaks_as[0] = '\0';
    }
    struct span rest = span_sub(agent, slash + 1, agent.n);
    if (slash >= agent.n ||
        !span_copy(span_sub(rest, 0, span_find(rest, ' ')), c->version, sizeof(c->version))) {
        c->version[0] = '\0';
    }
}

static enum status on_greeted(struct codex *c, bool failed)
{
    if (failed || c->phase != CODEX_GREETING) {
        return why_fail(&c->link.fault, ST_INVALID, "it does not let us in: %.*s",
                        SPAN_ARG(codex_cut(codex_text(c, TAPE_ROOT, "error/message"), 120)));
    }
    take_version(c, codex_text(c, TAPE_ROOT, "result/userAgent"));
    if (!span_copy(codex_text(c, TAPE_ROOT, "result/codexHome"), c->home, sizeof(c->home))) {
        c->home[0] = '\0';
    }
    orders_reconnected(c);
    c->phase = CODEX_SYNCING;
    c->sync_open = 0;
    c->listed = c->barrier = false;
    c->barriers = 0;
    c->link.sink.offers(c->link.sink.ctx, &(struct driver_offer){.verbs = orders_verbs()});
    codex_say_link(c);
    c->link.sink.snapshot(c->link.sink.ctx, 0, false);
    if (codex_notify_initialized(c) != ST_OK) {
        wslink_break(&c->link, 1013);
    }
    call_or_break(c, CALL_DIAGNOSTICS, SPAN("-"), SPAN_NONE);
    call_or_break(c, CALL_ACCOUNT, SPAN("-"), SPAN_NONE);
    call_or_break(c, CALL_LOADED_LIST, SPAN("-"), SPAN_NONE);
    return ST_OK;
}

/* ---- the state of all threads */

static void on_listed(struct codex *c, bool failed)
{
    uint32_t data = codex_at(c, TAPE_ROOT, "result/data");
    struct span cursor = codex_text(c, TAPE_ROOT, "result/nextCursor");
    for (uint32_t at = tape_first(&c->j, data); at != TAPE_ABSENT;
         at = tape_next(&c->j, data, at)) {
        (void)thread_meet(c, codex_string(c, at));
    }
    if (c->phase != CODEX_SYNCING) {
        return;
    }
    c->barriers += c->barrier;
    if (cursor.n && !failed) {
        struct buf params;
        buf_init(&params, cursor.n * 6 + 64);
        buf_addstr(&params, "\"cursor\":");
        (void)tape_quote(&params, cursor);
        call_or_break(c, CALL_LOADED_LIST, SPAN("-"), buf_span(&params));
        buf_release(&params);
        return;
    }
    c->listed = true;
}

static void on_read(struct codex *c, struct codex_thread *t, bool failed)
{
    c->sync_open -= c->sync_open && t->awaits_read && c->phase == CODEX_SYNCING;
    t->awaits_read = false;
    if (!failed && thread_take(c, codex_at(c, TAPE_ROOT, "result/thread"))) {
        thread_attach(c, t);
    }
}

static void on_commands(struct codex *c, struct codex_thread *t, bool failed)
{
    c->sync_open -= c->sync_open && t->awaits_commands && c->phase == CODEX_SYNCING;
    t->awaits_commands = false;
    if (!failed) {
        thread_took_terminals(c, t, codex_at(c, TAPE_ROOT, "result"));
    }
}

static void on_account(struct codex *c, bool failed)
{
    if (!failed) {
        account_take(c, codex_text(c, TAPE_ROOT, "result/account/type"));
    }
}

/* The requests of a thread that waits, and what one that is idle has used, come some time after the
 * answer to attaching. */
static bool something_is_due(const struct codex *c)
{
    for (size_t i = 0; i < c->thread_count; i++) {
        const struct codex_thread *t = c->threads[i];
        bool waits = t->state == AGENT_WAITING_APPROVAL || t->state == AGENT_WAITING_INPUT;
        if (t->attached && ((waits && !t->asked) || t->awaits_usage)) {
            return true;
        }
    }
    return false;
}

/* Everything asked for has been answered: one more question, and what came before its answer is
 * here. */
static void sync_look(struct codex *c)
{
    if (c->phase != CODEX_SYNCING || !c->listed || c->sync_open) {
        return;
    }
    if (!c->barrier) {
        c->barrier = true;
        call_or_break(c, CALL_LOADED_LIST, SPAN("-"), SPAN_NONE);
    } else if (c->barriers >= BARRIERS_MOST || (c->barriers && !something_is_due(c))) {
        c->phase = CODEX_LIVE;
        c->link.sink.snapshot(c->link.sink.ctx, 0, true);
        codex_say_link(c);
        warn_of_name(c);
        wslink_steady(&c->link);
    }
}

/* ---- frames in */

static enum status on_response(struct codex *c)
{
    enum codex_method m;
    struct span about;
    bool failed = codex_at(c, TAPE_ROOT, "error") != TAPE_ABSENT;
    if (!codex_response(c, &m, &about)) {
        c->unknown++;
        return ST_OK;
    }
    struct codex_thread *t = thread_find(c, about);
    if (m == CALL_INITIALIZE) {
        return on_greeted(c, failed);
    }
    if (m == CALL_LOADED_LIST) {
        on_listed(c, failed);
    } else if (m == CALL_ACCOUNT) {
        on_account(c, failed);
    } else if (m == CALL_DIAGNOSTICS) {
        process_said(c, codex_number(c, TAPE_ROOT, "result/process/id", 0));
    } else if (m == CALL_READ && t) {
        on_read(c, t, failed);
    } else if (m == CALL_RESUME && t) {
        attach_answered(c, t, failed);
    } else if (m == CALL_TERMINALS && t) {
        on_commands(c, t, failed);
    } else {
        orders_response(c, m, about, failed);
    }
    return ST_OK;
}

static enum status on_frame(struct codex *c)
{
    struct span method = codex_text(c, TAPE_ROOT, "method");
    uint32_t params = codex_at(c, TAPE_ROOT, "params");
    if (!method.n) {
        return on_response(c);
    }
    if (!codex_is_up(c)) {
        return ST_OK; /* nothing that counts is told before it has let us in */
    }
    if (codex_at(c, TAPE_ROOT, "id") != TAPE_ABSENT) {
        ask_take(c, method, params);
    } else {
        note_take(c, method, params);
    }
    return ST_OK;
}

static enum status too_long(struct codex *c)
{
    enum codex_method m;
    struct span about;
    struct codex_thread *t =
        codex_response(c, &m, &about) && m == CALL_RESUME ? thread_find(c, about) : NULL;
    return t && attach_shorter(c, t)
               ? ST_OK
               : why_fail(&c->link.fault, ST_LIMIT, "it sent a message that no record can hold");
}

static enum status look_around(struct codex *c)
{
    sync_look(c);
    orders_look(c);
    tell_unknown(c);
    return ST_OK;
}

/* What changes anything is recorded before it does. */
static enum status take(struct codex *c, struct span frame)
{
    c->now_us = c->link.sink.raw(c->link.sink.ctx, frame);
    c->cut = codex_at(c, TAPE_ROOT, CODEX_CUT) != TAPE_ABSENT;
    enum status st = on_frame(c);
    return st == ST_OK ? look_around(c) : st;
}

static enum status take_cut(struct codex *c)
{
    if (codex_cut_frame(&c->j, &c->shorter) != ST_OK) {
        return too_long(c);
    }
    enum status st = codex_parse(c, buf_span(&c->shorter));
    return st == ST_OK ? take(c, buf_span(&c->shorter)) : st;
}

static enum status take_garbage(struct codex *c, struct span frame, enum status st)
{
    c->now_us = c->link.sink.raw(c->link.sink.ctx, span_sub(frame, 0, CODEX_FRAME_BYTES));
    return why_fail(&c->link.fault, st, "it sent what is no message: %s",
                    c->j.error ? c->j.error : "no object");
}

static enum status take_parsed(struct codex *c, struct span frame)
{
    if (note_passes(c, codex_text(c, TAPE_ROOT, "method"), codex_at(c, TAPE_ROOT, "params"))) {
        return ST_OK;
    }
    return frame.n > CODEX_FRAME_BYTES ? take_cut(c) : take(c, frame);
}

void codex_take_own(struct codex *c, struct span frame)
{
    struct driver_frame shown = frame_shown(&c->link.sink, frame);
    c->now_us = c->link.sink.raw(c->link.sink.ctx, shown.text);
    if (codex_parse(c, shown.text) == ST_OK) {
        process_take(c);
        orders_look(c);
    }
}

static enum status feed(void *st, struct span frame)
{
    struct codex *c = st;
    if (process_is_own(frame)) {
        codex_take_own(c, frame);
        return ST_OK;
    }
    if (c->phase == CODEX_AWAY || c->phase == CODEX_BROKEN) {
        return ST_CLOSED;
    }
    struct driver_frame shown = frame_shown(&c->link.sink, frame);
    c->secrets = shown.secrets;
    enum status result = codex_parse(c, shown.text);
    result = result == ST_OK ? take_parsed(c, shown.text) : take_garbage(c, shown.text, result);
    if (result != ST_OK) {
        c->phase = CODEX_BROKEN;
        return result;
    }
    wslink_expect(&c->link, c->phase == CODEX_LIVE ? 0 : SYNC_MS, "it does not send its state");
    return ST_OK;
}

/* ---- the connection */

static void upkeep(void *ctx)
{
    struct codex *c = ctx;
    c->upkeep = loop_timer(c->link.loop, UPKEEP_MS, upkeep, c);
    process_upkeep(c);
    if (process_is_frozen(c)) {
        wslink_expect(&c->link, 0, NULL); /* its silence means nothing now */
        return;
    }
    if (c->phase == CODEX_SYNCING && c->barrier) {
        call_or_break(c, CALL_LOADED_LIST, SPAN("-"), SPAN_NONE);
    }
    if (c->phase != CODEX_LIVE) {
        return;
    }
    for (size_t i = 0; i < c->thread_count; i++) {
        struct codex_thread *t = c->threads[i];
        if (thread_is_busy(t) && t->known) {
            thread_attach(c, t);
        }
        if (!t->turn[0] && t->terminals != 0 && t->attached && !thread_is_over(t)) {
            codex_ask_about(c, CALL_TERMINALS, t);
        }
    }
    orders_upkeep(c);
}

#define CLIENT                                                                                     \
    "\"clientInfo\":{\"name\":\"" OUR_NAME "\",\"title\":\"" OUR_NAME                              \
    "\",\"version\":\"" CHECKREIN_VERSION "\"}"

static void begins(struct codex *c)
{
    struct buf params;
    c->phase = CODEX_GREETING;
    wslink_expect(&c->link, GREETING_MS, "it does not answer the greeting");
    buf_init(&params, QUEUE_BYTES);
    buf_addstr(&params, CLIENT ",\"capabilities\":{\"experimentalApi\":true,"
                               "\"optOutNotificationMethods\":");
    notes_unwanted(&params);
    buf_addch(&params, '}');
    call_or_break(c, CALL_INITIALIZE, SPAN("-"), buf_span(&params));
    buf_release(&params);
}

static void is_over(struct codex *c)
{
    c->phase = CODEX_AWAY;
    c->attaching = 0;
    c->plain_attach = c->crowded = false;
    memset(c->limit, 0, sizeof(c->limit)); /* the next server may be another account's */
    asks_release(c);
    threads_disconnect(c);
    process_disconnect(c);
}

static void on_opened(void *ctx)
{
    begins(ctx);
}

static enum status on_message(void *ctx, struct span text)
{
    struct codex *c = ctx;
    if (process_is_own(text)) {
        c->phase = CODEX_BROKEN;
        return why_fail(&c->link.fault, ST_INVALID, "it sent what only this console can have seen");
    }
    return feed(ctx, text);
}

static bool on_closed(void *ctx, int code)
{
    bool asks_for_less = attach_ended(ctx, code);
    is_over(ctx);
    return asks_for_less;
}

static const struct wslink_events EVENTS = {
    .opened = on_opened, .message = on_message, .closed = on_closed};

static enum status codex_open(void *st, const struct driver_conf *conf, struct net *n,
                              struct loop *l, struct driver_sink sink, struct why *why)
{
    struct codex *c = st;
    struct ws_client_options o = {.message_bytes = MESSAGE_BYTES, .queue_bytes = QUEUE_BYTES};
    buf_init(&c->out, QUEUE_BYTES);
    texts_init(&c->texts, MESSAGE_BYTES);
    buf_init(&c->action, ACTION_LIMIT);
    buf_init(&c->shorter, CODEX_FRAME_BYTES);
    c->telling = xcalloc(1, sizeof(*c->telling));
    enum status result = wslink_open(&c->link, conf, n, l, sink, &o, &EVENTS, c, why);
    if (c->link.loop) {
        c->upkeep = loop_timer(c->link.loop, UPKEEP_MS, upkeep, c);
    } else {
        begins(c);
    }
    return result;
}

static enum status codex_send(void *st, const struct command *cmd, struct why *why)
{
    struct codex *c = st;
    if (!codex_is_up(c) && !(cmd->verb == VERB_RESUME && process_is_frozen(c))) {
        return why_fail(why, ST_CLOSED, "back-end %s is not connected", c->link.name);
    }
    c->now_us = cmd->time_us;
    return orders_send(c, cmd, why);
}

static void codex_reconnect(void *st)
{
    struct codex *c = st;
    if (!c->link.loop) {
        is_over(c);
        begins(c);
    }
    wslink_reconnect(&c->link);
}

static void codex_close(void *st)
{
    struct codex *c = st;
    if (c->link.loop) {
        loop_remove(c->link.loop, c->upkeep);
    }
    process_release(c);
    wslink_close(&c->link);
    asks_release(c);
    orders_release(c);
    threads_release(c);
    free(c->tokens);
    buf_release(&c->out);
    texts_release(&c->texts);
    buf_release(&c->action);
    buf_release(&c->shorter);
    buf_release(&c->telling->text);
    free(c->telling);
}

const struct driver_ops driver_codex = {
    .kind = "codex",
    .help = "a running `codex app-server`, as its second client",
    .state_bytes = sizeof(struct codex),
    .tells_tokens_only = true,
    .keeps_no_stop = true,
    .open = codex_open,
    .feed = feed,
    .send = codex_send,
    .reconnect = codex_reconnect,
    .close = codex_close,
};
