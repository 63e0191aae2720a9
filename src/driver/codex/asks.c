#include "asks_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/policy.h"
#include "checkrein/secret.h"

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
    free(a->form_block);
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

static enum risk risk_of_command(struct codex *c, const struct codex_thread *t, uint32_t params,
                                 bool *reversible)
{
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

static enum risk risk_of_files(struct codex *c, const struct codex_thread *t, uint32_t params)
{
    const struct codex_item *it = item_find(t, codex_text(c, params, "itemId"));
    bool more = codex_text(c, params, "grantRoot").n > 0; /* than these files, from then on */
    return it && it->changes && !more ? it->risk : RISK_HIGH;
}

/* Than what the words of the command say: its reach is another then. */
static bool asks_for_more(struct codex *c, uint32_t params)
{
    static const char *const MORE[] = {"additionalPermissions", "networkApprovalContext"};
    for (size_t i = 0; i < ARRAY_LEN(MORE); i++) {
        struct span raw = tape_raw(&c->j, codex_at(c, params, MORE[i]));
        if (raw.n && !span_is(raw, "null")) {
            return true;
        }
    }
    return false;
}

static enum risk risk_of(struct codex *c, const struct codex_thread *t, uint32_t params,
                         const struct ask_kind *kind, bool *reversible)
{
    *reversible = kind->risk == JUDGED_CALM;
    if (kind->risk == JUDGED_BY_COMMAND && codex_text(c, params, "command").n &&
        !asks_for_more(c, params)) {
        return risk_of_command(c, t, params, reversible);
    }
    if (kind->risk == JUDGED_BY_FILES) {
        return risk_of_files(c, t, params);
    }
    return kind->risk == JUDGED_CALM ? RISK_LOW : RISK_HIGH;
}

/* Of what is not known nothing is taken for a command. */
static struct span summary_of(struct codex *c, const struct codex_thread *t, uint32_t params,
                              const struct ask_kind *kind)
{
    const struct codex_item *it = item_find(t, codex_text(c, params, "itemId"));
    if (kind == &ask_unknown) {
        return codex_cut(codex_text(c, TAPE_ROOT, "method"), CODEX_TEXT_BYTES);
    }
    struct span s = command_of(c, params);
    s = s.n ? s : it ? span_str(it->summary) : SPAN_NONE;
    s = s.n || !kind->by_item ? s : codex_text(c, params, "_meta/tool_name");
    s = s.n ? s : codex_text(c, tape_first(&c->j, codex_at(c, params, "questions")), "question");
    return codex_cut(s.n ? s : codex_text(c, params, "message"), CODEX_TEXT_BYTES);
}

static struct span words_of(struct codex *c, const struct ask_kind *kind, uint32_t params)
{
    return kind->words ? codex_cut(codex_text(c, params, kind->words), CODEX_TEXT_BYTES)
                       : SPAN_NONE;
}

/* ---- what can be granted, and how it can be denied */

static void tell_scope(struct ask_telling *say, struct span scope, struct span grants,
                       struct span writes)
{
    struct event_row *row = telling_row(&say->scopes);
    if (row) {
        *row = (struct event_row){
            {scope, grants, writes}
        };
    }
}

/* Only a plain command may be granted for the session. */
static bool grants_session(struct codex *c, const struct ask_kind *kind, uint32_t params)
{
    struct span what = codex_text(c, params, "kind");
    bool plain = !what.n || span_is(what, "command");
    return kind->session && plain &&
           (codex_at(c, params, "_meta/codex_approval_kind") == TAPE_ABSENT ||
            telling_persists(c, params, "session"));
}

/* The words of the rule are the command's own, or the rule is another than it looks. */
static struct span grants_of_rule(struct codex *c, uint32_t params)
{
    uint32_t words = codex_at(c, params, "proposedExecpolicyAmendment");
    struct span command = command_of(c, params);
    struct span rest = command;
    bool same = true;
    if (!codex_text(c, params, "command").n) {
        return SPAN(
            "this tool with ANY arguments, unasked, in all threads, until the line is taken out");
    }
    for (uint32_t at = tape_first(&c->j, words); at != TAPE_ABSENT;
         at = tape_next(&c->j, words, at)) {
        struct span word;
        same = same && span_next(&rest, ' ', &word) && span_eq(word, codex_string(c, at));
    }
    return same && !rest.n
               ? SPAN("every command that begins with these words, unasked, in all threads, until "
                      "the rule is taken out")
               : SPAN("NOT word for word this command: every command that begins with the words of "
                      "the rule, unasked, in all threads, until the rule is taken out");
}

static void tell_choices(struct codex *c, struct codex_ask *a, uint32_t params)
{
    struct ask_telling *say = c->telling;
    struct span rule = a->kind->answers[CHOICE_ALWAYS] ? telling_rule(c, params, say) : SPAN_NONE;
    a->session = grants_session(c, a->kind, params);
    a->always = rule.n > 0;
    if (a->kind->answers[CHOICE_ONCE]) {
        tell_scope(say, SPAN("once"), a->kind->how ? SPAN("these answers") : SPAN("this call"),
                   SPAN_NONE);
    }
    if (a->session) {
        tell_scope(say, SPAN("session"), span_str(a->kind->session), SPAN_NONE);
    }
    if (a->always) {
        tell_scope(say, SPAN("always"), grants_of_rule(c, params), rule);
    }
    if (a->kind->answers[CHOICE_DENY]) {
        static const struct span DENIED[] = {
            [ANSWERS_NONE] = SPAN_INIT("this call"),
            [ANSWERS_INPUT] = SPAN_INIT("left unanswered"),
            [ANSWERS_FORM] = SPAN_INIT("declined"),
        };
        *telling_row(&say->denials) = (struct event_row){
            {SPAN("once"), DENIED[a->kind->how]}
        };
    }
    if (a->kind->answers[CHOICE_DENY_STOP]) {
        *telling_row(&say->denials) = (struct event_row){
            {SPAN("turn"), SPAN("its turn ends too")}
        };
    }
}

static void set_list(struct event *ev, enum event_field f, const struct ask_rows *rows)
{
    if (rows->count) {
        event_set_list(ev, f, rows->row, rows->count);
    }
}

/* An agent may have written marks itself: no more are told of than the frame has hidden. */
static uint32_t hidden_in(const struct codex *c, struct span text)
{
    uint32_t marks = c->secrets ? secret_marks(text) : 0;
    return marks < c->secrets ? marks : c->secrets;
}

/* What cannot be shown whole has no digest: nobody can approve it then. */
static void say_asked(struct codex *c, const struct codex_thread *t, const struct codex_ask *a,
                      uint32_t params, struct span only_in)
{
    struct event ev;
    bool reversible = false;
    const struct ask_telling *say = c->telling;
    uint32_t secrets = hidden_in(c, buf_span(&c->action));
    codex_begin(c, &ev, EVENT_APPROVAL_REQUESTED, t);
    event_set_text(&ev, F_APPROVAL_ID, span_str(a->approval));
    event_put_text(&ev, F_ACTION_ID, span_str(a->item));
    event_set_text(&ev, F_TOOL, span_str(a->kind->tool));
    event_put_text(&ev, F_SUMMARY, summary_of(c, t, params, a->kind));
    event_set_text(&ev, F_ACTION, buf_span(&c->action));
    event_set_text(&ev, F_DIGEST, span_str(a->digest));
    if (secrets) {
        event_set_number(&ev, F_ACTION_SECRETS, secrets);
    }
    event_set_number(&ev, F_RISK, risk_of(c, t, params, a->kind, &reversible));
    event_set_number(&ev, F_REVERSIBLE, reversible);
    event_set_text(&ev, F_RULE, SPAN("its own policy"));
    event_put_text(&ev, F_AGENT_WORDS, words_of(c, a->kind, params));
    event_put_text(&ev, F_ONLY_IN, only_in);
    event_set_number(&ev, F_ON_SILENCE, SILENCE_WAIT);
    set_list(&ev, F_SCOPES, &say->scopes);
    set_list(&ev, F_DENIALS, &say->denials);
    set_list(&ev, F_TERMS, &say->terms);
    set_list(&ev, F_QUESTIONS, &say->questions);
    set_list(&ev, F_OPTIONS, &say->options);
    codex_emit(c, &ev);
}

/* ---- taking one */

static void only_in_its_client(struct codex *c, struct codex_thread *t, struct span what)
{
    char text[CODEX_TEXT_BYTES];
    (void)snprintf(text, sizeof(text), "asks for what only its own client can answer: %.*s",
                   SPAN_ARG(codex_cut(what, 256)));
    codex_signal(c, t, SEVERITY_HIGH, span_str(text));
}

static struct span call_of(struct codex *c, uint32_t params)
{
    return item_call(c, codex_at(c, params, "serverName"), codex_at(c, params, "_meta/tool_name"),
                     codex_at(c, params, "_meta/tool_params"));
}

bool ask_call_waits(struct codex *c, uint32_t params)
{
    const struct codex_thread *t = thread_find(c, codex_text(c, params, "threadId"));
    return t && item_has_call(t, call_of(c, params));
}

/* The request to approve an MCP call does not say which item it is of. */
static struct span item_of(struct codex *c, const struct codex_thread *t, uint32_t params)
{
    if (codex_at(c, params, "_meta") == TAPE_ABSENT) {
        return codex_text(c, params, "itemId");
    }
    const struct codex_item *it = item_of_call(c, t, call_of(c, params));
    return it ? span_str(it->id) : SPAN_NONE;
}

bool ask_is_bound(const struct codex *c, const struct codex_thread *t, struct span item)
{
    for (size_t i = 0; i < c->ask_count; i++) {
        if (span_is(item, c->asks[i]->item) && span_is(span_str(t->id), c->asks[i]->thread)) {
            return true;
        }
    }
    return false;
}

static struct codex_ask *ask_new(struct codex *c, struct codex_thread *t, uint32_t params,
                                 const struct ask_kind *kind, const char *id)
{
    struct codex_ask *a = xcalloc(1, sizeof(*a));
    struct form form = telling_form(c->telling);
    struct span turn = codex_text(c, params, "turnId");
    a->kind = kind;
    a->form = form_keep(&form, &a->form_block);
    (void)span_copy(span_str(id), a->id, sizeof(a->id));
    (void)span_copy(span_str(t->id), a->thread, sizeof(a->thread));
    (void)snprintf(a->approval, sizeof(a->approval), "%s@%.*s", id,
                   SPAN_ARG(codex_cut(turn.n ? turn : span_str(t->id), CODEX_ID_BYTES)));
    if (!kind->by_item || !span_copy(item_of(c, t, params), a->item, sizeof(a->item))) {
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

static bool is_told_whole(const struct ask_telling *say)
{
    return !say->terms.over && !say->questions.over && !say->options.over &&
           buf_status(&say->text) == ST_OK;
}

/* What came before threads were called so names a conversation. */
static struct span thread_asking(struct codex *c, uint32_t params)
{
    struct span thread = codex_text(c, params, "threadId");
    return thread.n ? thread : codex_text(c, params, "conversationId");
}

/* Once attached a request that is already known comes again. */
void ask_take(struct codex *c, struct span method, uint32_t params)
{
    char id[CODEX_ID_BYTES];
    struct codex_thread *t = thread_meet(c, thread_asking(c, params));
    const struct ask_kind *kind = ask_kind_of(c, method, params);
    if (rpc_id_copy(&c->j, TAPE_ROOT, id, sizeof(id)) != ST_OK || find_by_id(c, id) ||
        ask_is_for_a_program(method)) {
        return;
    }
    if (!t) { /* of no thread, or of one too many */
        c->unknown++;
        only_in_its_client(c, NULL, method);
        return;
    }
    t->asked = true;
    thread_show(c, t);
    c->unknown += kind == &ask_unknown;
    if (c->ask_count >= CODEX_ASKS_MAX) {
        only_in_its_client(c, t, SPAN("too many requests are open"));
        return;
    }
    /* What is granted is said back as it was asked for, and answers name what was offered: that
     * cannot be done where it is hidden here. */
    bool kept = kind->how ? c->secrets == 0
                          : !kind->wanted ||
                                !hidden_in(c, tape_raw(&c->j, codex_at(c, params, kind->wanted)));
    struct why why = {0};
    struct form form;
    telling_begin(c->telling);
    if (kind->tell) {
        kind->tell(c, params, c->telling);
    }
    telling_cut(c->telling);
    struct codex_ask *a = ask_new(c, t, params, kind, id);
    form = telling_form(c->telling);
    tell_choices(c, a, params);
    bool full = write_action(c, t, params, kind) && is_told_whole(c->telling);
    a->whole = full && kept && kind->answers[CHOICE_ONCE] &&
               (!kind->how || form_check(&form, &why) == ST_OK);
    if (a->whole) {
        digest_text(buf_span(&c->action), a->digest);
        say_asked(c, t, a, params, SPAN_NONE);
        return;
    }
    char only_in[CODEX_TEXT_BYTES];
    struct span reason = !kind->answers[CHOICE_ONCE] ? span_str(kind->elsewhere)
                         : why.text[0]               ? span_str(why.text)
                                                     : SPAN("it cannot be shown here in full");
    (void)snprintf(only_in, sizeof(only_in), "its own client: %.*s%s", SPAN_ARG(reason),
                   kind->elsewhere && !full ? "; not all of it is shown here" : "");
    (void)span_copy(SPAN("none"), a->digest, sizeof(a->digest));
    only_in_its_client(c, t, kind == &ask_unknown ? method : reason);
    say_asked(c, t, a, params, span_str(only_in));
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

/* Of two answers the first counts, and whoever was second is told nothing. So what becomes of the
 * item tells whose it was: [fate of the item][what we had answered]. */
#define NOT_TOLD "the server closed it; whose answer counted is not told"
/* clang-format off */
static const struct fate_row {
    enum decision decision;
    enum command_state state;
    struct span why; /* of what is not confirmed */
} FATES[ASK_FATES][CODEX_CHOICES] = {
#define ALLOWED(decision, state, why) [CHOICE_ONCE] = {decision, state, SPAN_INIT(why)}, [CHOICE_SESSION] = {decision, state, SPAN_INIT(why)}, [CHOICE_ALWAYS] = {decision, state, SPAN_INIT(why)}
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
    [ASK_NOT_TOLD] = {ALLOWED(DECISION_UNKNOWN, COMMAND_UNVERIFIABLE, NOT_TOLD),
                      [CHOICE_DENY] = {DECISION_UNKNOWN, COMMAND_UNVERIFIABLE, SPAN_INIT(NOT_TOLD)},
                      [CHOICE_DENY_STOP] = {DECISION_UNKNOWN, COMMAND_UNVERIFIABLE, SPAN_INIT(NOT_TOLD)}},
};
/* clang-format on */

static void ask_end(struct codex *c, struct codex_ask *a, enum ask_fate fate, const char *seen)
{
    const struct fate_row *row = &FATES[fate][a->choice];
    bool waits = a->choice == CHOICE_DENY_STOP && fate != ASK_RAN && fate != ASK_UNSEEN;
    say_resolved(c, a, row->decision, row->why);
    if (!waits) { /* else what it is for is the end of the turn */
        order_end(c, span_str(a->command), row->state, row->why, row->why.n ? NULL : seen);
    }
    ask_drop(c, a);
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
        ask_end(c, a, ASK_NOT_TOLD, NULL);
        return;
    }
    say_resolved(c, a, ended ? DECISION_WITHDRAWN : DECISION_SUPERSEDED,
                 ended ? SPAN("its turn ended") : SPAN("answered elsewhere"));
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

/* Shown as it is now; which of the two an answer would be about is not known. */
static void say_outdated(struct codex *c, struct codex_thread *t, struct codex_ask *a,
                         uint32_t params)
{
    a->whole = false;
    (void)span_copy(SPAN("none"), a->digest, sizeof(a->digest));
    telling_begin(c->telling);
    tell_choices(c, a, params);
    (void)write_action(c, t, params, a->kind);
    only_in_its_client(c, t, SPAN("a change that is not the one it showed"));
    say_asked(c, t, a, params, SPAN("its own client: it changed while it was asked about"));
}

void asks_outdated(struct codex *c, struct codex_thread *t, uint32_t params)
{
    struct span item = codex_text(c, params, "itemId");
    for (size_t i = 0; i < c->ask_count; i++) {
        struct codex_ask *a = c->asks[i];
        if (a->whole && !a->answered && span_is(item, a->item) &&
            span_is(span_str(t->id), a->thread)) {
            say_outdated(c, t, a, params);
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

/* A call of an MCP tool that is refused ends at once; one that has not ended runs. */
static bool still_runs(const struct codex *c, const struct codex_ask *a)
{
    const struct codex_thread *t = thread_find(c, span_str(a->thread));
    const struct codex_item *it = t ? item_find(t, span_str(a->item)) : NULL;
    return it && it->call;
}

bool ask_give_up(struct codex *c, struct span command)
{
    struct codex_ask *a = find_by_command(c, command);
    if (a) {
        ask_end(c, a, still_runs(c, a) ? ASK_RAN : ASK_UNSEEN,
                "it was not refused, and has not ended yet");
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
        {"always",  VERB_APPROVE, CHOICE_ALWAYS   },
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

bool ask_ends_turn(const struct codex_ask *a, bool *interrupt)
{
    *interrupt = a->kind->interrupts;
    return a->answered && a->choice == CHOICE_DENY_STOP;
}

static bool is_offered(const struct codex_ask *a, enum codex_choice choice)
{
    return a->kind->answers[choice] && (choice != CHOICE_SESSION || a->session) &&
           (choice != CHOICE_ALWAYS || a->always);
}

static void fill_in(const struct codex_ask *a, struct span text, struct buf *out)
{
    size_t at = span_find(text, '%');
    buf_add(out, span_sub(text, 0, at));
    if (at < text.n) {
        buf_add(out, span_str(a->wanted));
        buf_add(out, span_sub(text, at + 2, text.n));
    }
}

/* A record keeps no secrets: what is done again from it is told to nobody. */
static bool is_from_record(const struct codex *c, struct span answers)
{
    struct form_answers *a = xcalloc(1, sizeof(*a));
    struct why why = {0};
    bool marked = false;
    if (!c->link.loop && form_answers_read(a, answers, &why) == ST_OK) {
        for (uint32_t i = 0; i < a->count; i++) {
            marked |= a->row[i].marked;
        }
    }
    form_answers_release(a);
    free(a);
    return marked;
}

/* Empty: nothing is told to the server by an answer. */
static enum status write_answer(const struct codex *c, const struct codex_ask *a,
                                enum codex_choice choice, const struct command *cmd,
                                struct buf *out, struct why *why)
{
    bool with_answers = a->kind->how != ANSWERS_NONE && choice == CHOICE_ONCE;
    if (!with_answers && cmd->answers.n) {
        return why_fail(why, ST_UNSUPPORTED, "it asks no question: no answers are taken");
    }
    if (!with_answers) {
        fill_in(a, span_str(a->kind->answers[choice]), out);
        return buf_status(out);
    }
    if (!cmd->answers.n) {
        return why_fail(why, ST_INVALID, "it asks questions: answers are needed");
    }
    return is_from_record(c, cmd->answers)
               ? ST_OK
               : form_result(&a->form, a->kind->how, cmd->answers, out, why);
}

static enum status cannot(struct codex_ask *a, enum codex_choice choice, const struct command *cmd,
                          struct why *why)
{
    if (!is_offered(a, choice)) {
        return why_fail(why, ST_UNSUPPORTED, "it cannot be answered so from here");
    }
    if (cmd->verb == VERB_APPROVE && (!a->whole || !span_is(cmd->digest, a->digest))) {
        return why_fail(why, ST_CONFLICT, "what was displayed is not what would run");
    }
    return a->answered ? why_fail(why, ST_EXISTS, "it was answered before, from here") : ST_OK;
}

static void note_answer(struct codex_ask *a, enum codex_choice choice, const struct command *cmd)
{
    a->answered = true;
    a->choice = choice;
    a->ours = cmd->verb == VERB_APPROVE ? DECISION_APPROVED : DECISION_DENIED;
    (void)span_copy(cmd->operator_label.n ? codex_cut(cmd->operator_label, sizeof(a->by) - 1)
                                          : SPAN("this console"),
                    a->by, sizeof(a->by));
    (void)span_copy(cmd->id, a->command, sizeof(a->command));
}

enum status ask_answer(struct codex *c, struct codex_ask *a, const struct command *cmd,
                       struct why *why)
{
    enum codex_choice choice;
    struct buf answer;
    if (!choose(cmd, &choice)) {
        return why_fail(why, ST_UNSUPPORTED, "it cannot be answered so from here");
    }
    enum status st = cannot(a, choice, cmd, why);
    buf_init(&answer, ACTION_BYTES_MAX + FORM_ANSWERS_BYTES * 2);
    if (st == ST_OK) {
        st = write_answer(c, a, choice, cmd, &answer, why);
    }
    if (st == ST_OK) {
        note_answer(a, choice, cmd);
        enum status sent = answer.len ? codex_answer(c, a->id, buf_span(&answer)) : ST_OK;
        if (sent != ST_OK && c->link.loop) {
            a->answered = false;
            st = why_fail(why, sent, "it could not be sent");
        }
    }
    buf_wipe(&answer);
    return st;
}
