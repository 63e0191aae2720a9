/* orders.c - commands of the operator: what is sent for each, and what the server must say before
 * it is confirmed.
 *
 * An order on a thread is kept until what it is for is seen. What is asked for and not yet seen is
 * asked again at each upkeep, so that a confirmation that was missed is found. What is not seen in
 * time is unverifiable. */
#include <string.h>

#include "asks_priv.h"

#include "checkrein/alloc.h"

#define PATIENCE_US 20000000 /* for a thing to be seen that the server has taken */
#define TREE_PARAMS (CODEX_ID_BYTES * 8)

enum order_end { GOES_ON, SEEN, NOT_SO };

struct order_kind {
    enum verb verb;
    /* Asks the server for it. Not ST_OK: refused, and the reason. */
    enum status (*begin)(struct codex *c, struct codex_order *o, const struct command *cmd,
                         struct why *why);
    enum order_end (*look)(struct codex *c, struct codex_order *o,
                           struct why *why);               /* NULL: ended by a room's own word */
    const char *seen;                                      /* what confirmed it */
    void (*again)(struct codex *c, struct codex_order *o); /* upkeep; NULL: nothing to ask */
    enum codex_method
        taken;    /* whose answer says that the server took it; CODEX_METHODS: none does */
    bool of_tree; /* and that about any thread of its tree */
};

struct codex_order {
    const struct order_kind *kind;
    char id[COMMAND_ID_MAX + 1];
    char thread[CODEX_ID_BYTES];
    char turn[CODEX_ID_BYTES]; /* that is to end by it; empty: none is */
    bool closed;               /* the request that it answered */
    bool taken;                /* by the server */
    bool passed; /* the model had the result of what was asked about, and its commands were asked
                    for */
    int64_t since_us;
};

static void say(struct codex *c, const char *id, enum command_state st, struct span reason,
                const char *by)
{
    c->link.sink.result(c->link.sink.ctx, span_str(id), st, reason, span_str(by));
}

static struct codex_thread *thread_of(const struct codex *c, const struct codex_order *o)
{
    return thread_find(c, span_str(o->thread));
}

/* ---- over all threads of a tree, or all there are */

typedef void thread_fn(struct codex *c, struct codex_thread *t);

/* What a connection before this one knew, and this server has not named, is not here. */
static bool in_tree(const struct codex_thread *t, const struct codex_thread *root)
{
    bool here = t->known || t->awaits_read || t->shown || t == root;
    return here && !t->hidden && (!root || span_eq(span_str(t->session), span_str(root->session)));
}

static void each_of(struct codex *c, const struct codex_thread *root, thread_fn *fn)
{
    for (size_t i = 0; i < c->thread_count; i++) {
        if (in_tree(c->threads[i], root)) {
            fn(c, c->threads[i]);
        }
    }
}

static bool all_of(const struct codex *c, const struct codex_thread *root,
                   bool (*is)(const struct codex_thread *t))
{
    for (size_t i = 0; i < c->thread_count; i++) {
        if (in_tree(c->threads[i], root) && !is(c->threads[i])) {
            return false;
        }
    }
    return true;
}

static bool is_ended(const struct codex_thread *t)
{
    return thread_is_over(t) || thread_is_quiet(t);
}

/* ---- interrupt, stop, kill */

static void interrupt_turn(struct codex *c, struct codex_thread *t)
{
    struct buf more;
    buf_init(&more, CODEX_ID_BYTES * 2);
    buf_printf(&more, "\"turnId\":\"%s\"", t->turn);
    codex_ask_with(c, CALL_INTERRUPT, t, buf_span(&more));
    buf_release(&more);
}

static void ask_terminals(struct codex *c, struct codex_thread *t)
{
    if (!t->turn[0] && !thread_is_over(t)) {
        codex_ask_about(c, CALL_TERMINALS, t);
    }
}

static void stop_thread(struct codex *c, struct codex_thread *t)
{
    if (thread_is_over(t) || (t->terminals == 0 && !t->turn[0])) {
        return;
    }
    if (t->turn[0] || t->state == AGENT_RUNNING || t->state == AGENT_WAITING_APPROVAL ||
        t->state == AGENT_WAITING_INPUT) {
        interrupt_turn(c, t);
    }
    codex_ask_about(c, CALL_CLEAN, t);
    codex_ask_about(c, CALL_TERMINALS, t);
}

static enum status begin_interrupt(struct codex *c, struct codex_order *o,
                                   const struct command *cmd, struct why *why)
{
    struct codex_thread *t = thread_of(c, o);
    (void)cmd;
    if (!t->turn[0] && t->state != AGENT_RUNNING && t->state != AGENT_WAITING_APPROVAL &&
        t->state != AGENT_WAITING_INPUT) {
        return why_fail(why, ST_CONFLICT, "no turn of it runs");
    }
    interrupt_turn(c, t);
    return ST_OK;
}

static enum order_end look_interrupt(struct codex *c, struct codex_order *o, struct why *why)
{
    const struct codex_thread *t = thread_of(c, o);
    if (thread_is_over(t) || thread_is_quiet(t)) {
        return SEEN;
    }
    if (!t->turn[0] && t->terminals > 0) {
        (void)why_fail(
            why, ST_CONFLICT, "its turn ended, but %d of its commands still run%s: stop ends %s",
            (int)t->terminals, t->terminals == 1 ? "s" : "", t->terminals == 1 ? "it" : "them");
        return NOT_SO;
    }
    return GOES_ON;
}

static void again_interrupt(struct codex *c, struct codex_order *o)
{
    ask_terminals(c, thread_of(c, o));
}

static enum status begin_stop(struct codex *c, struct codex_order *o, const struct command *cmd,
                              struct why *why)
{
    (void)cmd;
    (void)why;
    each_of(c, thread_of(c, o), stop_thread);
    return ST_OK;
}

static enum order_end look_stop(struct codex *c, struct codex_order *o, struct why *why)
{
    (void)why;
    return all_of(c, thread_of(c, o), is_ended) ? SEEN : GOES_ON;
}

static void again_stop(struct codex *c, struct codex_order *o)
{
    each_of(c, thread_of(c, o), stop_thread);
}

static void clean_thread(struct codex *c, struct codex_thread *t)
{
    if (!thread_is_over(t)) {
        codex_ask_about(c, CALL_CLEAN, t);
    }
}

static enum status begin_kill(struct codex *c, struct codex_order *o, const struct command *cmd,
                              struct why *why)
{
    const struct codex_thread *t = thread_of(c, o);
    const struct codex_thread *root = thread_find(c, span_str(t->session));
    (void)cmd;
    if (thread_is_over(t)) {
        return why_fail(why, ST_CONFLICT, "it is over already");
    }
    each_of(c, t, clean_thread); /* what an earlier turn left behind outlives the archive */
    codex_ask_about(c, CALL_ARCHIVE, root ? root : t);
    return ST_OK;
}

static enum order_end look_kill(struct codex *c, struct codex_order *o, struct why *why)
{
    (void)why;
    return all_of(c, thread_of(c, o), thread_is_over) ? SEEN : GOES_ON;
}

static void read_again(struct codex *c, struct codex_thread *t)
{
    if (!thread_is_over(t)) {
        codex_ask_about(c, CALL_READ, t);
    }
}

static void again_kill(struct codex *c, struct codex_order *o)
{
    each_of(c, thread_of(c, o), read_again);
}

/* ---- fleet stop: latched here, as the server knows no such thing */

static bool counts(const struct codex_thread *t)
{
    return !t->hidden && t->shown;
}

static void tell_stop(struct codex *c)
{
    struct event ev;
    uint32_t asked = 0;
    uint32_t ended = 0;
    for (size_t i = 0; i < c->thread_count; i++) {
        asked += counts(c->threads[i]);
        ended += counts(c->threads[i]) && is_ended(c->threads[i]);
    }
    if (c->latched && asked == c->stop_requested && ended == c->stop_confirmed) {
        return;
    }
    c->stop_requested = asked;
    c->stop_confirmed = ended;
    codex_begin(c, &ev, EVENT_FLEET_STOP, NULL);
    event_set_number(&ev, F_STOP_LATCHED, c->latched);
    event_set_number(&ev, F_STOP_REQUESTED, asked);
    event_set_number(&ev, F_STOP_CONFIRMED, ended);
    event_set_number(&ev, F_STOP_UNREACHABLE, 0);
    codex_emit(c, &ev);
}

static enum status begin_stop_all(struct codex *c, struct codex_order *o, const struct command *cmd,
                                  struct why *why)
{
    (void)o;
    (void)cmd;
    (void)why;
    c->latched = true;
    c->stop_requested = UINT32_MAX; /* told in any case */
    tell_stop(c);
    each_of(c, NULL, stop_thread);
    return ST_OK;
}

static enum order_end look_stop_all(struct codex *c, struct codex_order *o, struct why *why)
{
    (void)o;
    (void)why;
    return all_of(c, NULL, is_ended) ? SEEN : GOES_ON;
}

static void again_stop_all(struct codex *c, struct codex_order *o)
{
    (void)o;
    each_of(c, NULL, stop_thread);
}

static enum status begin_reset(struct codex *c, struct codex_order *o, const struct command *cmd,
                               struct why *why)
{
    (void)o;
    (void)cmd;
    if (!c->latched) {
        return why_fail(why, ST_CONFLICT, "no fleet stop is latched");
    }
    c->latched = false;
    tell_stop(c);
    return ST_OK;
}

static enum order_end look_reset(struct codex *c, struct codex_order *o, struct why *why)
{
    (void)c;
    (void)o;
    (void)why;
    return SEEN;
}

void orders_turn_began(struct codex *c, struct codex_thread *t)
{
    if (c->latched) {
        stop_thread(c, t);
    }
}

/* ---- freeze and resume: of the server as a whole */

static enum status begin_freeze(struct codex *c, struct codex_order *o, const struct command *cmd,
                                struct why *why)
{
    (void)o;
    (void)cmd;
    return process_freeze(c, why);
}

static enum order_end look_freeze(struct codex *c, struct codex_order *o, struct why *why)
{
    (void)o;
    if (process_is_frozen(c)) {
        return SEEN;
    }
    if (c->process.state == SERVER_FREEZING) {
        return GOES_ON;
    }
    (void)why_fail(why, ST_CONFLICT, "%s", c->process.words);
    return NOT_SO;
}

static enum status begin_resume(struct codex *c, struct codex_order *o, const struct command *cmd,
                                struct why *why)
{
    (void)o;
    (void)cmd;
    return process_go_on(c, why);
}

static enum order_end look_resume(struct codex *c, struct codex_order *o, struct why *why)
{
    (void)o;
    if (c->process.state == SERVER_FREE) {
        return SEEN;
    }
    if (c->process.state == SERVER_THAWING) {
        return GOES_ON;
    }
    (void)why_fail(why, ST_CONFLICT, "%s", c->process.words);
    return NOT_SO;
}

/* ---- tighten: the policy from the next turn on, the reviewer also of the turn that runs */

static enum status begin_tighten(struct codex *c, struct codex_order *o, const struct command *cmd,
                                 struct why *why)
{
    struct codex_thread *t = thread_of(c, o);
    struct buf more;
    (void)cmd;
    (void)why;
    codex_ask_with(c, CALL_SETTINGS, t,
                   SPAN("\"approvalPolicy\":\"untrusted\",\"approvalsReviewer\":\"user\""));
    if (t->turn[0]) {
        buf_init(&more, CODEX_ID_BYTES * 2);
        buf_printf(&more, "\"turnId\":\"%s\",\"approvalsReviewer\":\"user\"", t->turn);
        codex_ask_with(c, CALL_TURN_SETTINGS, t, buf_span(&more));
        buf_release(&more);
    }
    return ST_OK;
}

static enum order_end look_tighten(struct codex *c, struct codex_order *o, struct why *why)
{
    (void)why;
    return thread_of(c, o)->asks_all ? SEEN : GOES_ON;
}

/* ---- revoke, message */

static enum status begin_revoke(struct codex *c, struct codex_order *o, const struct command *cmd,
                                struct why *why)
{
    (void)cmd;
    if (!c->account[0]) {
        return why_fail(
            why, ST_CONFLICT,
            "no login is stored in this server: a key of its environment is not reached from here");
    }
    return codex_call(c, CALL_LOGOUT, span_str(o->id), SPAN_NONE) == ST_CLOSED && c->link.loop
               ? why_fail(why, ST_CLOSED, "it could not be sent")
               : ST_OK;
}

static enum order_end look_revoke(struct codex *c, struct codex_order *o, struct why *why)
{
    (void)o;
    (void)why;
    return c->account[0] ? GOES_ON : SEEN;
}

static enum status begin_message(struct codex *c, struct codex_order *o, const struct command *cmd,
                                 struct why *why)
{
    struct codex_thread *t = thread_of(c, o);
    struct buf params;
    if (c->latched) {
        return why_fail(why, ST_CONFLICT, "a fleet stop is latched");
    }
    buf_init(&params, TREE_PARAMS + cmd->reason.n * 6);
    buf_printf(&params, "\"threadId\":\"%s\",%s%s%s\"input\":[{\"type\":\"text\",\"text\":", t->id,
               t->turn[0] ? "\"expectedTurnId\":\"" : "", t->turn, t->turn[0] ? "\"," : "");
    (void)tape_quote(&params, cmd->reason);
    buf_addstr(&params, "}]");
    enum status st =
        codex_call(c, t->turn[0] ? CALL_STEER : CALL_TURN, span_str(o->id), buf_span(&params));
    buf_release(&params);
    return st == ST_OK || !c->link.loop ? ST_OK : why_fail(why, st, "it could not be sent");
}

/* ---- approve, deny */

static void begin_end_of_turn(struct codex *c, struct codex_order *o, const struct codex_ask *a)
{
    bool interrupt = false;
    struct codex_thread *t = thread_of(c, o);
    if (!ask_ends_turn(a, &interrupt) || !t) {
        return;
    }
    (void)span_copy(span_str(t->turn), o->turn, sizeof(o->turn));
    if (interrupt) {
        interrupt_turn(c, t);
    }
}

static enum status begin_answer(struct codex *c, struct codex_order *o, const struct command *cmd,
                                struct why *why)
{
    struct codex_ask *a = ask_find(c, cmd->approval);
    if (!a) {
        return why_fail(why, ST_NOTFOUND, "no such request is pending");
    }
    if (cmd->verb == VERB_APPROVE && c->latched) {
        return why_fail(why, ST_CONFLICT, "a fleet stop is latched");
    }
    (void)span_copy(span_str(a->thread), o->thread, sizeof(o->thread));
    enum status st = ask_answer(c, a, cmd, why);
    if (st == ST_OK) {
        begin_end_of_turn(c, o, a);
    }
    return st;
}

/* Whoever declined first: what a denial that ends the turn is for is that end. */
static enum order_end look_answer(struct codex *c, struct codex_order *o, struct why *why)
{
    const struct codex_thread *t = thread_of(c, o);
    if (!o->turn[0] || !t || span_is(span_str(t->turn), o->turn)) {
        return GOES_ON;
    }
    if (t->interrupted || thread_is_over(t)) {
        return SEEN;
    }
    (void)why_fail(why, ST_CONFLICT, "its turn ended by itself");
    return NOT_SO;
}

static void again_answer(struct codex *c, struct codex_order *o)
{
    struct codex_thread *t = thread_of(c, o);
    if (o->closed && t) {
        codex_ask_about(c, CALL_TERMINALS, t);
    }
}

static const struct order_kind KINDS[] = {
    {VERB_APPROVE,    begin_answer,    NULL,           NULL,                                                   again_answer,    CODEX_METHODS,  false},
    {VERB_DENY,       begin_answer,    look_answer,    "its turn ended, interrupted",                          again_answer,
     CODEX_METHODS,                                                                                                                             false},
    {VERB_INTERRUPT,  begin_interrupt, look_interrupt,
     "its turn ended and the server lists no command of it",                                                   again_interrupt, CALL_INTERRUPT,
     false                                                                                                                                           },
    {VERB_STOP,       begin_stop,      look_stop,
     "every turn of its tree ended and the server lists no command",                                           again_stop,      CALL_CLEAN,     true },
    {VERB_KILL,       begin_kill,      look_kill,      "the server says that it and its helpers are unloaded",
     again_kill,                                                                                                                CALL_ARCHIVE,   true },
    {VERB_STOP_ALL,   begin_stop_all,  look_stop_all,
     "every turn ended and the server lists no command",                                                       again_stop_all,  CALL_CLEAN,     true },
    {VERB_RESET_STOP, begin_reset,     look_reset,     "this console",                                         NULL,            CODEX_METHODS,  false},
    {VERB_FREEZE,     begin_freeze,    look_freeze,
     "every process of its server is seen stopped: all its threads stand still",                               NULL,
     CODEX_METHODS,                                                                                                                             false},
    {VERB_RESUME,     begin_resume,    look_resume,    "the processes of its server go on, all its threads",
     NULL,                                                                                                                      CODEX_METHODS,  false},
    {VERB_TIGHTEN,    begin_tighten,   look_tighten,
     "the server says that it asks about everything, and a person",                                            NULL,            CALL_SETTINGS,  false},
    {VERB_REVOKE,     begin_revoke,    look_revoke,    "the server says that nobody is logged in",             NULL,
     CALL_LOGOUT,                                                                                                                               false},
    {VERB_MESSAGE,    begin_message,   NULL,           NULL,                                                   NULL,            CODEX_METHODS,  false},
};

static const struct order_kind *kind_of(enum verb verb)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (KINDS[i].verb == verb) {
            return &KINDS[i];
        }
    }
    return NULL;
}

uint32_t orders_verbs(void)
{
    uint32_t verbs = 0;
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        verbs |= 1u << KINDS[i].verb;
    }
    return verbs;
}

/* ---- the table */

static void drop(struct codex *c, size_t at)
{
    free(c->orders[at]);
    c->orders[at] = c->orders[--c->order_count];
}

static size_t order_at(const struct codex *c, struct span id)
{
    size_t at = 0;
    while (at < c->order_count && !span_is(id, c->orders[at]->id)) {
        at++;
    }
    return at;
}

void orders_release(struct codex *c)
{
    while (c->order_count) {
        drop(c, 0);
    }
    free(c->orders);
    c->orders = NULL;
    c->order_cap = 0;
}

static bool is_of_agent(enum verb verb)
{
    return verb != VERB_APPROVE && verb != VERB_DENY && verb != VERB_STOP_ALL &&
           verb != VERB_RESET_STOP;
}

enum status orders_send(struct codex *c, const struct command *cmd, struct why *why)
{
    const struct order_kind *kind = kind_of(cmd->verb);
    struct why refused = {0};
    if (order_at(c, cmd->id) < c->order_count || cmd->id.n > COMMAND_ID_MAX) {
        return ST_OK; /* it takes effect once */
    }
    if (c->order_count >= CODEX_ORDERS_MAX) {
        return why_fail(why, ST_LIMIT, "too many commands wait for their answer");
    }
    struct codex_order *o = xcalloc(1, sizeof(*o));
    o->kind = kind;
    o->since_us = c->now_us;
    (void)span_copy(cmd->id, o->id, sizeof(o->id));
    bool there = kind && (!is_of_agent(cmd->verb) ||
                          (cmd->verb == VERB_RESUME && process_is_server(cmd->agent)) ||
                          (span_copy(cmd->agent, o->thread, sizeof(o->thread)) && thread_of(c, o)));
    enum status st = !kind    ? why_fail(&refused, ST_UNSUPPORTED, "this server has no such rein")
                     : !there ? why_fail(&refused, ST_NOTFOUND, "there is no such agent")
                              : kind->begin(c, o, cmd, &refused);
    if (st != ST_OK) {
        say(c, o->id, st == ST_EXISTS ? COMMAND_SUPERSEDED : COMMAND_REFUSED,
            span_str(refused.text), NULL);
        free(o);
        return ST_OK;
    }
    GROW(c->orders, c->order_cap, c->order_count + 1);
    c->orders[c->order_count++] = o;
    orders_look(c);
    return ST_OK;
}

static void end(struct codex *c, size_t at, enum command_state st, struct span reason,
                const char *by)
{
    say(c, c->orders[at]->id, st, reason, by);
    drop(c, at);
}

static bool is_answer(const struct codex_order *o)
{
    return o->kind->verb == VERB_APPROVE || o->kind->verb == VERB_DENY;
}

static void give_up(struct codex *c, size_t at)
{
    const struct codex_order *o = c->orders[at];
    if (!(is_answer(o) && o->closed && ask_give_up(c, span_str(o->id)))) {
        end(c, at, COMMAND_UNVERIFIABLE, SPAN("its effect is not seen"), NULL);
    }
}

static bool look_at(struct codex *c, size_t at)
{
    struct codex_order *o = c->orders[at];
    struct why why = {0};
    enum order_end seen = o->kind->look ? o->kind->look(c, o, &why) : GOES_ON;
    if (seen == SEEN) {
        end(c, at, COMMAND_CONFIRMED, SPAN_NONE, o->kind->seen);
    } else if (seen == NOT_SO) {
        end(c, at, COMMAND_FAILED, span_str(why.text), NULL);
    } else if (c->now_us - o->since_us > PATIENCE_US) {
        give_up(c, at);
    } else {
        return false;
    }
    return true;
}

void orders_look(struct codex *c)
{
    for (size_t i = 0; i < c->order_count;) {
        i += !look_at(c, i);
    }
    if (c->latched) {
        tell_stop(c);
    }
}

/* ---- what other rooms see */

void order_closed(struct codex *c, struct span id)
{
    size_t at = order_at(c, id);
    if (at < c->order_count) {
        c->orders[at]->closed = true;
        c->orders[at]->since_us = c->now_us;
        again_answer(c, c->orders[at]);
    }
}

/* A connection that attached while a request was pending is told nothing of an item that was
 * declined. But once the model has gone on, it has had the result: then what was not seen to run,
 * and is not listed as running, did not. */
void orders_model_went_on(struct codex *c, const struct codex_thread *t)
{
    struct buf params;
    buf_init(&params, CODEX_ID_BYTES * 2);
    buf_printf(&params, "\"threadId\":\"%s\"", t->id);
    for (size_t i = 0; i < c->order_count; i++) {
        struct codex_order *o = c->orders[i];
        if (o->closed && !o->passed && span_is(span_str(t->id), o->thread)) {
            o->passed =
                codex_call(c, CALL_TERMINALS, span_str(o->id), buf_span(&params)) == ST_OK ||
                !c->link.loop;
        }
    }
    buf_release(&params);
}

static void look_at_commands(struct codex *c, size_t at)
{
    char id[COMMAND_ID_MAX + 1]; /* the order may end by what is listed */
    struct codex_thread *t = thread_of(c, c->orders[at]);
    memcpy(id, c->orders[at]->id, sizeof(id));
    if (t) {
        thread_took_terminals(c, t, codex_at(c, TAPE_ROOT, "result"));
        ask_passed(c, span_str(id));
    }
}

void order_end(struct codex *c, struct span id, enum command_state st, struct span reason,
               const char *by)
{
    size_t at = order_at(c, id);
    if (at < c->order_count) {
        end(c, at, st, reason, by);
    }
}

static void took_message(struct codex *c, size_t at, bool failed)
{
    struct span error = codex_cut(codex_text(c, TAPE_ROOT, "error/message"), CODEX_TEXT_BYTES);
    if (failed) {
        end(c, at, COMMAND_REFUSED, error, NULL);
    } else {
        end(c, at, COMMAND_CONFIRMED, SPAN_NONE, "the server took it");
    }
}

/* ---- what the server says to what was sent for an order */

static bool is_for(const struct codex *c, const struct codex_order *o, enum codex_method m,
                   struct span about)
{
    const struct codex_thread *t = thread_find(c, about);
    const struct codex_thread *its = thread_of(c, o);
    bool of_tree = o->kind->of_tree && t && in_tree(t, its);
    return o->kind->taken == m && (of_tree || span_is(about, o->thread) || span_is(about, o->id));
}

static void was_taken(struct codex *c, enum codex_method m, struct span about)
{
    for (size_t i = 0; i < c->order_count; i++) {
        struct codex_order *o = c->orders[i];
        if (!o->taken && is_for(c, o, m, about)) {
            o->taken = true;
            say(c, o->id, COMMAND_ACCEPTED, SPAN_NONE, NULL);
        }
    }
}

/* A stop asks several threads, again and again: what one of them says is not its end. */
static void was_refused(struct codex *c, enum codex_method m, struct span about)
{
    struct span error = codex_cut(codex_text(c, TAPE_ROOT, "error/message"), CODEX_TEXT_BYTES);
    for (size_t i = 0; i < c->order_count;) {
        if (m != CALL_CLEAN && is_for(c, c->orders[i], m, about)) {
            end(c, i, COMMAND_REFUSED, error, NULL);
        } else {
            i++;
        }
    }
}

void orders_response(struct codex *c, enum codex_method m, struct span about, bool failed)
{
    size_t at = order_at(c, about);
    if ((m == CALL_STEER || m == CALL_TURN) && at < c->order_count) {
        took_message(c, at, failed);
    } else if (m == CALL_TERMINALS && !failed && at < c->order_count) {
        look_at_commands(c, at);
    } else if (failed) {
        was_refused(c, m, about);
    } else {
        was_taken(c, m, about);
    }
}

/* Answers of a connection that ended: what they came to is told to nobody any more. */
void orders_reconnected(struct codex *c)
{
    for (size_t i = 0; i < c->order_count;) {
        if (c->orders[i]->kind->look && !is_answer(c->orders[i])) {
            i++;
        } else {
            end(c, i, COMMAND_UNVERIFIABLE,
                SPAN("the connection ended before the server said what came of it"), NULL);
        }
    }
}

bool orders_name(const struct codex *c, const struct codex_thread *t)
{
    for (size_t i = 0; i < c->order_count; i++) {
        if (thread_of(c, c->orders[i]) == t) {
            return true;
        }
    }
    return false;
}

void orders_goes_on(struct codex *c)
{
    for (size_t i = 0; i < c->order_count; i++) {
        c->orders[i]->since_us = c->now_us;
    }
}

void orders_upkeep(struct codex *c)
{
    for (size_t i = 0; i < c->order_count; i++) {
        if (c->orders[i]->kind->again) {
            c->orders[i]->kind->again(c, c->orders[i]);
        }
    }
}
