/* attach.c - attaching to a thread: what is asked for with it, and what comes.
 *
 * Without overrides it changes nothing, and it fails before the first turn. Asked for whole, the
 * answer brings all that was ever said in the thread, of any size; but only then the server tells
 * the tokens that were used before. So only a thread whose history is known to be short is asked
 * for whole. Of any other comes the last turn, and of one whose last turn alone is too long, only
 * how that stands.
 *
 * What is asked for, and when, is no matter of the record: the same frames bring about the same. */
#include "codex_priv.h"

#include <string.h>

#include "checkrein/alloc.h"

#define CLOSED_AS_TOO_SLOW 1008
#define CLOSED_AS_TOO_LONG 1009

static const char *const FORMS[ATTACH_FORMS] = {
    [ATTACH_WHOLE] = "\"initialTurnsPage\":{\"limit\":1,\"itemsView\":\"full\"}",
    [ATTACH_LAST] =
        "\"excludeTurns\":true,\"initialTurnsPage\":{\"limit\":1,\"itemsView\":\"full\"}",
    [ATTACH_BARE] =
        "\"excludeTurns\":true,\"initialTurnsPage\":{\"limit\":1,\"itemsView\":\"notLoaded\"}",
};

/* ---- asking */

static enum attach_form form_of(const struct codex_thread *t)
{
    bool is_short = t->form == ATTACH_WHOLE && (t->began_here || history_is_short(t->history));
    return t->form != ATTACH_WHOLE ? t->form : is_short ? ATTACH_WHOLE : ATTACH_LAST;
}

static void ask(struct codex *c, struct codex_thread *t)
{
    t->attach_due = false;
    t->asked_as = form_of(t);
    c->attaching++;
    codex_ask_with(c, CALL_RESUME, t, c->plain_attach ? SPAN_NONE : span_str(FORMS[t->asked_as]));
}

/* One after the other, once an answer has ended a connection: so it is known whose it was. */
static void ask_next(struct codex *c)
{
    for (size_t i = 0; i < c->thread_count; i++) {
        if (c->threads[i]->attach_due && (!c->careful || c->attaching == 0)) {
            ask(c, c->threads[i]);
        }
    }
}

void thread_attach(struct codex *c, struct codex_thread *t)
{
    if (t->attached || t->awaits_resume || t->hidden || thread_is_over(t)) {
        return;
    }
    t->awaits_resume = true;
    c->sync_open += c->phase == CODEX_SYNCING;
    if (c->careful && c->attaching > 0) {
        t->attach_due = true;
    } else {
        ask(c, t);
    }
}

bool attach_shorter(struct codex *c, struct codex_thread *t)
{
    if (!t->awaits_resume || t->form == ATTACH_BARE) {
        return false;
    }
    t->form = t->asked_as + 1;
    c->attaching -= c->attaching > 0;
    ask(c, t);
    return true;
}

static bool may_be_to_blame(const struct codex *c, const struct codex_thread *t)
{
    return t->awaits_resume && !t->attach_due && t->asked_as < ATTACH_BARE &&
           (c->attaching == 1 || t->asked_as == ATTACH_WHOLE);
}

bool attach_ended(struct codex *c, int code)
{
    bool less = c->attaching > 0 && !c->careful && !c->plain_attach;
    if (c->attaching == 0 || (code != CLOSED_AS_TOO_LONG && code != CLOSED_AS_TOO_SLOW)) {
        return false;
    }
    for (size_t i = 0; i < c->thread_count; i++) {
        if (may_be_to_blame(c, c->threads[i])) {
            c->threads[i]->form = c->threads[i]->asked_as + 1;
            less = true;
        }
    }
    c->careful = true;
    return less;
}

/* ---- what comes */

static void take_running_turn(struct codex *c, struct codex_thread *t, uint32_t turn)
{
    uint32_t items = codex_at(c, turn, "items");
    thread_turn_began(c, t, codex_text(c, turn, "id"));
    for (uint32_t i = tape_first(&c->j, items); i != TAPE_ABSENT; i = tape_next(&c->j, items, i)) {
        turn_titled(c, t, i);
        if (span_is(codex_text(c, i, "status"), "inProgress")) {
            item_began(c, t, i);
        }
    }
}

/* The turn that runs, and what it does just now, stand only here; so does the error of one that
 * failed before this answer came, which is news when attaching was. */
static void take_turn(struct codex *c, struct codex_thread *t, uint32_t turn)
{
    struct span status = codex_text(c, turn, "status");
    if (span_is(status, "inProgress")) {
        take_running_turn(c, t, turn);
    } else if (span_is(status, "failed") && c->phase == CODEX_LIVE) {
        failure_take(c, t, turn);
    } else {
        t->awaits_usage = t->asked_as == ATTACH_WHOLE; /* told with nothing less */
    }
}

/* A server that knows no pages gives all turns, the oldest first. */
static uint32_t last_turn(const struct codex *c, uint32_t result)
{
    uint32_t page = codex_at(c, result, "initialTurnsPage/data");
    uint32_t turns = codex_at(c, result, "thread/turns");
    uint32_t last = tape_first(&c->j, page);
    for (uint32_t at = last == TAPE_ABSENT ? tape_first(&c->j, turns) : TAPE_ABSENT;
         at != TAPE_ABSENT; at = tape_next(&c->j, turns, at)) {
        last = at;
    }
    return last;
}

static bool names(struct span words, const char *name)
{
    return words.n && memmem(words.p, words.n, name, strlen(name));
}

/* An older server that minds what it does not know. */
static bool refuses_the_form(struct codex *c)
{
    struct span error = codex_text(c, TAPE_ROOT, "error/message");
    return !c->plain_attach && (names(error, "excludeTurns") || names(error, "initialTurnsPage") ||
                                names(error, "itemsView"));
}

static bool is_ending(struct codex *c)
{
    return span_is(codex_text(c, TAPE_ROOT, "error/data/reason"), "serverShuttingDown");
}

static void on_refused(struct codex *c, struct codex_thread *t)
{
    if (refuses_the_form(c)) {
        c->plain_attach = true;
        thread_attach(c, t);
    } else if (is_ending(c)) {
        thread_state(c, t, t->state,
                     "its server was told to end: what it asks only shows where it did before");
    } /* else before its first turn, or too early: tried again when it moves, and at upkeep */
}

void attach_answered(struct codex *c, struct codex_thread *t, bool failed)
{
    c->sync_open -= c->sync_open && t->awaits_resume && c->phase == CODEX_SYNCING;
    t->awaits_resume = t->attach_due = false;
    c->attaching -= c->attaching > 0;
    if (failed) {
        on_refused(c, t);
    }
    ask_next(c);
    if (failed) {
        return;
    }
    uint32_t result = codex_at(c, TAPE_ROOT, "result");
    t->attached = true;
    rights_take(c, t, result);
    take_turn(c, t, last_turn(c, result));
    thread_status(c, t, codex_at(c, result, "thread/status"));
    if (!t->turn[0]) { /* one that is over may have left some of its commands */
        t->awaits_commands = c->phase == CODEX_SYNCING;
        c->sync_open += t->awaits_commands;
        codex_ask_about(c, CALL_TERMINALS, t);
    }
}
