#include "asks_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/policy.h"

/* ---- the table */

static struct codex_ask *find_by_id(const struct codex *c, const char *id)
{
    for (size_t i = 0; i < c->ask_count; i++) {
        if (span_is(span_str(id), c->asks[i]->id)) {
            return c->asks[i];
        }
    }
    return NULL;
}

struct codex_ask *ask_find(const struct codex *c, struct span approval)
{
    for (size_t i = 0; i < c->ask_count; i++) {
        if (span_is(approval, c->asks[i]->approval)) {
            return c->asks[i];
        }
    }
    return NULL;
}

static void ask_free(struct codex_ask *a)
{
    free(a->wanted);
    free(a);
}

static void ask_drop(struct codex *c, struct codex_ask *a)
{
    struct codex_thread *t = thread_find(c, span_str(a->thread));
    size_t at = 0;
    while (c->asks[at] != a) {
        at++;
    }
    c->asks[at] = c->asks[--c->ask_count];
    if (t && t->asks) {
        t->asks--;
    }
    ask_free(a);
}

void asks_release(struct codex *c)
{
    while (c->ask_count) {
        ask_free(c->asks[--c->ask_count]);
    }
    free(c->asks);
    c->asks = NULL;
    c->ask_cap = 0;
}

/* ---- what it shows */

static struct span cwd_of(struct codex *c, const struct codex_thread *t, uint32_t params)
{
    struct span cwd = codex_text(c, params, "cwd");
    return cwd.n ? cwd : span_str(t->cwd);
}

static bool write_action(struct codex *c, const struct codex_thread *t, uint32_t params,
                         const struct ask_kind *kind)
{
    buf_clear(&c->action);
    buf_printf(&c->action, "{\"tool\":\"%s\",\"input\":{", kind->tool);
    bool whole = kind->describe(c, t, params, &c->action);
    buf_addstr(&c->action, "},\"cwd\":");
    (void)tape_quote(&c->action, cwd_of(c, t, params));
    buf_addch(&c->action, '}');
    if (buf_status(&c->action) == ST_OK && c->action.len <= ACTION_BYTES_MAX) {
        return whole && !c->cut;
    }
    buf_clear(&c->action);
    buf_printf(&c->action, "{\"tool\":\"%s\",\"input\":{}}", kind->tool);
    return false;
}

/* The words within a shell call: {"/bin/bash","-c","…"} is judged by what the shell is told. */
static struct span command_of(struct codex *c, uint32_t params)
{
    struct span s =
        codex_text(c, tape_first(&c->j, codex_at(c, params, "commandActions")), "command");
    return s.n ? s : codex_text(c, params, "command");
}

static enum risk risk_of(struct codex *c, const struct codex_thread *t, uint32_t params,
                         const struct ask_kind *kind, bool *reversible)
{
    *reversible = true;
    if (!codex_text(c, params, "command").n) {
        *reversible = false;
        return span_is(span_str(kind->tool), "patch") ? RISK_LOW : RISK_HIGH;
    }
    struct policy_request whole = {
        .runtime = SPAN("codex"), .tool = SPAN("shell"), .cwd = cwd_of(c, t, params)};
    struct policy_request inside = whole;
    bool back = true;
    whole.command = codex_text(c, params, "command");
    inside.command = command_of(c, params);
    enum risk risk = policy_risk(&whole, reversible);
    enum risk of_words = policy_risk(&inside, &back);
    *reversible = *reversible && back;
    return risk == RISK_HIGH || of_words == RISK_HIGH ? RISK_HIGH : RISK_LOW;
}

static struct span summary_of(struct codex *c, const struct codex_thread *t, uint32_t params)
{
    const struct codex_item *it = item_find(t, codex_text(c, params, "itemId"));
    struct span s = command_of(c, params);
    s = s.n ? s : it ? span_str(it->summary) : SPAN_NONE;
    s = s.n ? s : codex_text(c, params, "_meta/tool_name");
    return codex_cut(s.n ? s : codex_text(c, params, "message"), CODEX_TEXT_BYTES);
}

static struct span words_of(struct codex *c, uint32_t params)
{
    struct span reason = codex_text(c, params, "reason");
    return codex_cut(reason.n ? reason : codex_text(c, params, "message"), CODEX_TEXT_BYTES);
}

/* What cannot be shown whole has no digest: nobody can approve it then. */
static void say_asked(struct codex *c, const struct codex_thread *t, const struct codex_ask *a,
                      uint32_t params)
{
    struct event ev;
    bool reversible = false;
    struct event_row scopes[] = {{{SPAN("once"), SPAN("this call")}},
                                 {{SPAN("session"), span_str(a->kind->session)}}};
    codex_begin(c, &ev, EVENT_APPROVAL_REQUESTED, t);
    event_set_text(&ev, F_APPROVAL_ID, span_str(a->approval));
    event_put_text(&ev, F_ACTION_ID, span_str(a->item));
    event_set_text(&ev, F_TOOL, span_str(a->kind->tool));
    event_put_text(&ev, F_SUMMARY, summary_of(c, t, params));
    event_set_text(&ev, F_ACTION, buf_span(&c->action));
    event_set_text(&ev, F_DIGEST, span_str(a->digest));
    event_set_number(&ev, F_RISK, risk_of(c, t, params, a->kind, &reversible));
    event_set_number(&ev, F_REVERSIBLE, reversible);
    event_set_text(&ev, F_RULE, SPAN("its own policy"));
    event_put_text(&ev, F_AGENT_WORDS, words_of(c, params));
    event_set_number(&ev, F_ON_SILENCE, SILENCE_WAIT);
    event_set_list(&ev, F_SCOPES, scopes, a->kind->session ? 2 : 1);
    codex_emit(c, &ev);
}

/* ---- taking one */

static void only_in_its_client(struct codex *c, struct codex_thread *t, struct span what)
{
    char text[CODEX_TEXT_BYTES];
    (void)snprintf(text, sizeof(text), "asks for what only its own client can answer: %.*s",
                   SPAN_ARG(codex_cut(what, 128)));
    codex_signal(c, t, SEVERITY_HIGH, span_str(text));
}

static struct codex_ask *ask_new(struct codex *c, struct codex_thread *t, uint32_t params,
                                 const struct ask_kind *kind, const char *id)
{
    struct codex_ask *a = xcalloc(1, sizeof(*a));
    struct span turn = codex_text(c, params, "turnId");
    a->kind = kind;
    (void)span_copy(span_str(id), a->id, sizeof(a->id));
    (void)span_copy(span_str(t->id), a->thread, sizeof(a->thread));
    (void)snprintf(a->approval, sizeof(a->approval), "%s@%.*s", id,
                   SPAN_ARG(codex_cut(turn.n ? turn : span_str(t->id), CODEX_ID_BYTES)));
    if (!span_copy(codex_text(c, params, "itemId"), a->item, sizeof(a->item))) {
        a->item[0] = '\0';
    }
    if (kind->wanted) {
        struct span wanted = tape_raw(&c->j, codex_at(c, params, kind->wanted));
        a->wanted = wanted.n ? xstrndup(wanted.p, wanted.n) : NULL;
    }
    GROW(c->asks, c->ask_cap, c->ask_count + 1);
    c->asks[c->ask_count++] = a;
    t->asks++;
    return a;
}

/* Once attached a request that is already known comes again. */
void ask_take(struct codex *c, struct span method, uint32_t params)
{
    char id[CODEX_ID_BYTES];
    struct codex_thread *t = thread_meet(c, codex_text(c, params, "threadId"));
    const struct ask_kind *kind = ask_kind_of(c, method, params);
    if (rpc_id_copy(&c->j, TAPE_ROOT, id, sizeof(id)) != ST_OK || !t || find_by_id(c, id)) {
        return;
    }
    t->asked = true;
    thread_show(c, t);
    if (!kind || c->ask_count >= CODEX_ASKS_MAX) {
        c->unknown++;
        only_in_its_client(c, t, kind ? SPAN("too many requests are open") : method);
        return;
    }
    bool whole = write_action(c, t, params, kind);
    if (!whole) {
        only_in_its_client(c, t,
                           kind->answers[CHOICE_ONCE] ? SPAN("a change that it does not show")
                                                      : words_of(c, params));
    }
    struct codex_ask *a = ask_new(c, t, params, kind, id);
    a->whole = whole;
    if (whole) {
        digest_text(buf_span(&c->action), a->digest);
    } else {
        (void)span_copy(SPAN("none"), a->digest, sizeof(a->digest));
    }
    say_asked(c, t, a, params);
}

/* ---- its end */

static void say_resolved(struct codex *c, const struct codex_ask *a, enum decision decision,
                         struct span reason)
{
    struct event ev;
    codex_begin(c, &ev, EVENT_APPROVAL_RESOLVED, thread_find(c, span_str(a->thread)));
    event_set_text(&ev, F_APPROVAL_ID, span_str(a->approval));
    event_set_number(&ev, F_DECISION, decision);
    event_put_text(&ev, F_REASON, reason);
    event_put_text(&ev, F_DECIDED_BY, decision == a->ours ? span_str(a->by) : SPAN_NONE);
    codex_emit(c, &ev);
}

void ask_resolved(struct codex *c, uint32_t params)
{
    char id[CODEX_ID_BYTES];
    struct span raw = tape_raw(&c->j, codex_at(c, params, "requestId"));
    struct codex_ask *a = span_copy(raw, id, sizeof(id)) ? find_by_id(c, id) : NULL;
    if (!a) {
        return;
    }
    const struct codex_thread *t = thread_find(c, span_str(a->thread));
    bool ended = t && !t->turn[0];
    if (a->answered && a->item[0]) {
        order_closed(c, span_str(a->command)); /* whose answer it was shows by its item */
        return;
    }
    if (a->answered) {
        say_resolved(c, a, a->ours, SPAN_NONE);
        order_end(c, span_str(a->command), COMMAND_CONFIRMED, SPAN_NONE,
                  "the server closed the request");
    } else {
        say_resolved(c, a, ended ? DECISION_WITHDRAWN : DECISION_SUPERSEDED,
                     ended ? SPAN("its turn ended") : SPAN("answered elsewhere"));
    }
    ask_drop(c, a);
}

/* Of two answers the first counts, and whoever was second is told nothing. So what becomes of the
 * item tells whose it was: [fate of the item][what we had answered]. */
/* clang-format off */
static const struct fate_row {
    enum decision decision;
    enum command_state state;
    struct span why; /* of what is not confirmed */
} FATES[ASK_FATES][CODEX_CHOICES] = {
#define ALLOWED(decision, state, why) [CHOICE_ONCE] = {decision, state, SPAN_INIT(why)}, [CHOICE_SESSION] = {decision, state, SPAN_INIT(why)}
    [ASK_RAN] = {ALLOWED(DECISION_APPROVED, COMMAND_CONFIRMED, ""),
                 [CHOICE_DENY] = {DECISION_SUPERSEDED, COMMAND_SUPERSEDED, SPAN_INIT("it was approved elsewhere, before")},
                 [CHOICE_DENY_STOP] = {DECISION_SUPERSEDED, COMMAND_SUPERSEDED, SPAN_INIT("it was approved elsewhere, before")}},
    [ASK_DECLINED] = {ALLOWED(DECISION_SUPERSEDED, COMMAND_SUPERSEDED, "it was declined elsewhere, before"),
                      [CHOICE_DENY] = {DECISION_DENIED, COMMAND_CONFIRMED, SPAN_INIT("")},
                      [CHOICE_DENY_STOP] = {DECISION_DENIED, COMMAND_CONFIRMED, SPAN_INIT("")}},
    [ASK_INTERRUPTED] = {ALLOWED(DECISION_WITHDRAWN, COMMAND_FAILED, "its turn was interrupted"),
                         [CHOICE_DENY] = {DECISION_WITHDRAWN, COMMAND_FAILED, SPAN_INIT("its turn was interrupted")},
                         [CHOICE_DENY_STOP] = {DECISION_DENIED, COMMAND_CONFIRMED, SPAN_INIT("")}},
    [ASK_UNSEEN] = {ALLOWED(DECISION_SUPERSEDED, COMMAND_UNVERIFIABLE, "the server closed it; whose answer counted is not seen"),
                    [CHOICE_DENY] = {DECISION_SUPERSEDED, COMMAND_UNVERIFIABLE, SPAN_INIT("the server closed it; whose answer counted is not seen")},
                    [CHOICE_DENY_STOP] = {DECISION_SUPERSEDED, COMMAND_UNVERIFIABLE, SPAN_INIT("the server closed it; whose answer counted is not seen")}},
};
/* clang-format on */

static void ask_end(struct codex *c, struct codex_ask *a, enum ask_fate fate, const char *seen)
{
    const struct fate_row *row = &FATES[fate][a->choice];
    say_resolved(c, a, row->decision, row->why);
    order_end(c, span_str(a->command), row->state, row->why, row->why.n ? NULL : seen);
    ask_drop(c, a);
}

void asks_item(struct codex *c, const struct codex_thread *t, struct span item, enum ask_fate fate,
               const char *seen)
{
    for (size_t i = 0; i < c->ask_count;) {
        struct codex_ask *a = c->asks[i];
        if (a->answered && span_is(item, a->item) && span_is(span_str(t->id), a->thread)) {
            ask_end(c, a, fate, seen);
        } else {
            i++;
        }
    }
}

void asks_outdated(struct codex *c, const struct codex_thread *t, struct span item)
{
    for (size_t i = 0; i < c->ask_count; i++) {
        struct codex_ask *a = c->asks[i];
        if (a->whole && span_is(item, a->item) && span_is(span_str(t->id), a->thread)) {
            a->whole = false;
            only_in_its_client(c, thread_find(c, span_str(a->thread)),
                               SPAN("a change that is not the one it showed"));
        }
    }
}

static struct codex_ask *find_by_command(const struct codex *c, struct span command)
{
    for (size_t i = 0; i < c->ask_count; i++) {
        if (c->asks[i]->answered && span_is(command, c->asks[i]->command)) {
            return c->asks[i];
        }
    }
    return NULL;
}

bool ask_give_up(struct codex *c, struct span command)
{
    struct codex_ask *a = find_by_command(c, command);
    if (a) {
        ask_end(c, a, ASK_UNSEEN, NULL);
    }
    return a;
}

void ask_passed(struct codex *c, struct span command)
{
    struct codex_ask *a = find_by_command(c, command);
    if (a) {
        ask_end(c, a, a->ours == DECISION_DENIED ? ASK_DECLINED : ASK_UNSEEN,
                "its turn went on, and nothing of it ran");
    }
}

/* ---- the answer */

static bool choose(const struct command *cmd, enum codex_choice *choice)
{
    static const struct {
        const char *scope;
        enum verb verb;
        enum codex_choice choice;
    } CHOICES[] = {
        {"once",    VERB_APPROVE, CHOICE_ONCE     },
        {"session", VERB_APPROVE, CHOICE_SESSION  },
        {"once",    VERB_DENY,    CHOICE_DENY     },
        {"turn",    VERB_DENY,    CHOICE_DENY_STOP},
    };
    struct span scope = cmd->scope.n ? cmd->scope : SPAN("once");
    for (size_t i = 0; i < ARRAY_LEN(CHOICES); i++) {
        if (CHOICES[i].verb == cmd->verb && span_is(scope, CHOICES[i].scope)) {
            *choice = CHOICES[i].choice;
            return true;
        }
    }
    return false;
}

static enum status send_answer(struct codex *c, const struct codex_ask *a, const char *answer)
{
    struct buf b;
    struct span text = span_str(answer);
    size_t at = span_find(text, '%');
    buf_init(&b, 64 + text.n + span_str(a->wanted).n);
    buf_add(&b, span_sub(text, 0, at));
    if (at < text.n) {
        buf_add(&b, span_str(a->wanted));
        buf_add(&b, span_sub(text, at + 2, text.n));
    }
    enum status st = codex_answer(c, a->id, buf_span(&b));
    buf_release(&b);
    return st;
}

enum status ask_answer(struct codex *c, struct codex_ask *a, const struct command *cmd,
                       struct why *why)
{
    enum codex_choice choice;
    if (!choose(cmd, &choice) || !a->kind->answers[choice]) {
        return why_fail(why, ST_UNSUPPORTED, "it cannot be answered so from here");
    }
    if (cmd->verb == VERB_APPROVE && (!a->whole || !span_is(cmd->digest, a->digest))) {
        return why_fail(why, ST_CONFLICT, "what was displayed is not what would run");
    }
    if (a->answered) {
        return why_fail(why, ST_EXISTS, "it was answered before, from here");
    }
    a->answered = true;
    a->choice = choice;
    a->ours = cmd->verb == VERB_APPROVE ? DECISION_APPROVED : DECISION_DENIED;
    (void)span_copy(cmd->operator_label.n ? codex_cut(cmd->operator_label, sizeof(a->by) - 1)
                                          : SPAN("this console"),
                    a->by, sizeof(a->by));
    (void)span_copy(cmd->id, a->command, sizeof(a->command));
    enum status st = send_answer(c, a, a->kind->answers[choice]);
    if (st == ST_OK || !c->link.loop) {
        return ST_OK;
    }
    a->answered = false;
    return why_fail(why, st, "it could not be sent");
}
