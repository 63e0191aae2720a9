#include <stdlib.h>

#include "checkrein/alloc.h"
#include "model_priv.h"

static const size_t command_texts[] = {
    offsetof(struct command_track, id),         offsetof(struct command_track, reason),
    offsetof(struct command_track, by),         offsetof(struct command_track, operator_id),
    offsetof(struct command_track, backend),    offsetof(struct command_track, display_digest),
    offsetof(struct command_track, credential),
};

/* A command only moves on; two ends at once: the first one stays. */
static int progress(enum command_state s)
{
    static const int rank[COMMAND_STATE_COUNT] = {
        [COMMAND_UNKNOWN] = 0,      [COMMAND_SENT] = 1,       [COMMAND_ACCEPTED] = 2,
        [COMMAND_UNVERIFIABLE] = 3, [COMMAND_CONFIRMED] = 4,  [COMMAND_REFUSED] = 4,
        [COMMAND_EXPIRED] = 4,      [COMMAND_SUPERSEDED] = 4, [COMMAND_FAILED] = 4,
    };
    return rank[s];
}

static struct command_track *newest(const struct fleet *f, uint32_t index)
{
    return index < f->commands.count ? f->commands.items[f->commands.count - 1 - index] : NULL;
}

/* A back-end speaks only of commands that were sent to it. */
static struct command_track *command_of(const struct fold *x)
{
    sid id = id_find(x->f, event_text(x->ev, F_COMMAND_ID));
    for (uint32_t i = 0; id != 0 && i < x->f->commands.count; i++) {
        struct command_track *c = newest(x->f, i);
        if (c->id == id && c->backend == x->b->b.name) {
            return c;
        }
    }
    return NULL;
}

static void command_remove(struct fleet *f, struct command_track *c)
{
    roster_remove(&f->commands, c->ref);
    string_drop_all(f, c, command_texts, ARRAY_LEN(command_texts));
    free(c);
}

/* The oldest that has come to its end; the oldest of all when none has. */
static struct command_track *most_dispensable(const struct fleet *f)
{
    for (uint32_t i = 0; i < f->commands.count; i++) {
        struct command_track *c = f->commands.items[i];
        if (progress(c->state) > progress(COMMAND_ACCEPTED)) {
            return c;
        }
    }
    return f->commands.items[0];
}

static struct command_track *command_new(struct fold *x)
{
    struct fleet *f = x->f;
    if (f->commands.count == FLEET_COMMANDS_KEPT) {
        command_remove(f, most_dispensable(f));
    }
    struct command_track *c = xcalloc(1, sizeof(*c));
    c->ref = roster_add(&f->commands, c);
    id_set(f, &c->id, event_text(x->ev, F_COMMAND_ID));
    string_set(f, &c->backend, fleet_span(f, x->b->b.name));
    c->sent_us = x->ev->time_us;
    return c;
}

static void advance(struct fold *x, struct command_track *c, enum command_state state)
{
    if (progress(state) <= progress(c->state)) {
        return;
    }
    c->state = state;
    c->changed_us = x->ev->time_us;
    if (state == COMMAND_ACCEPTED) {
        c->accepted_us = x->ev->time_us;
    }
}

static struct span operator_of(const struct event *ev)
{
    struct span id = event_text(ev, F_OPERATOR);
    return id.n > 0 ? id : event_text(ev, F_OPERATOR_LABEL);
}

static void set_target(struct fold *x, struct command_track *c)
{
    const struct approval_item *approval =
        approval_find(x->f, x->b->b.ref, event_text(x->ev, F_APPROVAL_ID));
    const struct agent_item *agent = agent_find(x->f, x->b->b.ref, event_text(x->ev, F_AGENT_ID));
    c->approval = approval == NULL ? 0 : approval->a.ref;
    c->agent = agent != NULL ? agent->a.ref : approval != NULL ? approval->a.agent : 0;
    id_set(x->f, &c->credential, event_text(x->ev, F_CREDENTIAL_ID));
}

static void set_display(struct fold *x, struct command_track *c)
{
    const struct event *ev = x->ev;
    c->displayed = event_has(ev, F_DISPLAY_MS);
    c->display_to_end = event_number(ev, F_DISPLAY_TO_END) != 0;
    c->display_risk = (enum risk)event_choice(ev, F_DISPLAY_RISK, RISK_COUNT);
    c->display_cols = event_number(ev, F_DISPLAY_COLS);
    c->display_rows = event_number(ev, F_DISPLAY_ROWS);
    c->display_ms = event_number(ev, F_DISPLAY_MS);
    string_set(x->f, &c->display_digest, event_text(ev, F_DISPLAY_DIGEST));
}

static void note_command(struct fold *x, const struct command_track *c, struct span subject,
                         struct span text)
{
    struct note n = note_of(x->ev->type);
    n.detail = (uint8_t)event_choice(x->ev, F_COMMAND_STATE, COMMAND_STATE_COUNT);
    n.verb = c->verb;
    n.approval = c->approval;
    n.subject = subject;
    n.text = text;
    n.who = fleet_span(x->f, c->operator_id);
    log_note(x, roster_find(&x->f->agents, c->agent), &n);
}

/* Until its fleet.stop says what came of it. */
static void ask_to_stop(struct fold *x, enum verb verb)
{
    struct backend *b = &x->b->b;
    bool asks = verb == VERB_STOP_ALL;
    if (asks || verb == VERB_RESET_STOP) {
        b->stop_asked_us = !asks ? 0 : b->stop_asked ? b->stop_asked_us : x->ev->time_us;
        b->stop_asked_agents =
            asks ? later_us(event_number(x->ev, F_STOP_REQUESTED), b->stop_asked_agents) : 0;
        b->stop_asked = asks;
    }
}

/* The same command comes twice when a console records it before it is sent and the back-end tells
 * it again. */
void fold_operator_command(struct fold *x)
{
    if (event_text(x->ev, F_COMMAND_ID).n == 0) {
        return;
    }
    struct command_track *c = command_of(x);
    bool fresh = c == NULL;
    if (fresh) {
        c = command_new(x);
        c->verb = (enum verb)event_choice(x->ev, F_VERB, VERB_COUNT);
        set_target(x, c);
        string_set(x->f, &c->reason, event_text(x->ev, F_REASON));
        set_display(x, c);
        ask_to_stop(x, c->verb);
        if (c->verb == VERB_REVOKE) {
            credentials_ordered(x->f, c);
        }
    }
    if (operator_of(x->ev).n > 0) {
        string_set(x->f, &c->operator_id, operator_of(x->ev));
    }
    enum command_state state =
        (enum command_state)event_choice(x->ev, F_COMMAND_STATE, COMMAND_STATE_COUNT);
    advance(x, c, state == COMMAND_UNKNOWN ? COMMAND_SENT : state);
    if (fresh) {
        struct span approval = event_text(x->ev, F_APPROVAL_ID);
        struct span credential = event_text(x->ev, F_CREDENTIAL_ID);
        note_command(x, c,
                     approval.n > 0     ? approval
                     : credential.n > 0 ? credential
                                        : event_text(x->ev, F_AGENT_ID),
                     event_text(x->ev, F_REASON));
    }
}

void fold_operator_result(struct fold *x)
{
    struct command_track *c = command_of(x);
    if (c == NULL) {
        struct note n = note_of(EVENT_OPERATOR_RESULT);
        n.detail = (uint8_t)event_choice(x->ev, F_COMMAND_STATE, COMMAND_STATE_COUNT);
        n.subject = event_text(x->ev, F_COMMAND_ID);
        n.text = SPAN("answers no command that is known here");
        log_note(x, NULL, &n);
        return;
    }
    enum command_state before = c->state;
    enum command_state told =
        (enum command_state)event_choice(x->ev, F_COMMAND_STATE, COMMAND_STATE_COUNT);
    advance(x, c, told);
    bool is_new = c->state != before;
    /* That what was accepted is not recorded turns out later than that it was accepted. */
    if (event_has(x->ev, F_REASON) && (is_new || (told == before && told == COMMAND_ACCEPTED))) {
        string_set(x->f, &c->reason, event_text(x->ev, F_REASON));
    }
    if (!is_new) {
        return;
    }
    if (c->verb == VERB_REVOKE && c->state == COMMAND_REFUSED) {
        credentials_refused(x->f, c);
    }
    if (c->verb == VERB_STOP_ALL && (c->state == COMMAND_REFUSED || c->state == COMMAND_FAILED)) {
        backend_stop_answered(&x->b->b);
    }
    string_set(x->f, &c->by, event_text(x->ev, F_BY));
    note_command(x, c, event_text(x->ev, F_BY), event_text(x->ev, F_REASON));
}

void commands_release(struct fleet *f)
{
    for (uint32_t i = 0; i < f->commands.count; i++) {
        free(f->commands.items[i]);
    }
    roster_release(&f->commands);
}

/* ---- queries */
uint32_t fleet_command_count(const struct fleet *f)
{
    return f->commands.count;
}

const struct command_track *fleet_command_at(const struct fleet *f, uint32_t index)
{
    return newest(f, index);
}

const struct command_track *fleet_command_by_id(const struct fleet *f, struct span id)
{
    sid text = id_find(f, id);
    for (uint32_t i = 0; text != 0 && i < f->commands.count; i++) {
        if (newest(f, i)->id == text) {
            return newest(f, i);
        }
    }
    return NULL;
}

const struct command_track *fleet_command_on(const struct fleet *f, uint32_t agent,
                                             uint32_t approval)
{
    for (uint32_t i = 0; i < f->commands.count; i++) {
        const struct command_track *c = newest(f, i);
        bool on_approval = approval != 0 && c->approval == approval;
        bool on_agent = agent != 0 && c->agent == agent;
        if (on_approval || (approval == 0 && on_agent)) {
            return c;
        }
    }
    return NULL;
}
