/* The approval's state and keys: nothing leaves here that was not read, armed and, at high risk,
 * typed. */
#include <string.h>

#include "checkrein/wire.h"
#include "ui_priv.h"

#define DIGEST_PREFIX "sha256:"
#define DIGEST_HEX    64
#define WORD_HEX      8
#define MS_US         1000
#define PAGE_BYTES    ((size_t)1 << 20) /* of what stands before the text of a call */

/* What nobody has judged is treated as the worst. */
bool approve_is_high(const struct approval *a)
{
    return a->risk != RISK_LOW;
}

bool approve_digest_valid(struct span s)
{
    if (!span_starts(s, DIGEST_PREFIX) || s.n != strlen(DIGEST_PREFIX) + DIGEST_HEX) {
        return false;
    }
    for (size_t i = strlen(DIGEST_PREFIX); i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

static bool is_stopped(const struct fleet *f, const struct approval *a)
{
    const struct agent *agent = fleet_agent(f, a->agent);
    const struct backend *b = agent == NULL ? NULL : fleet_backend(f, agent->backend);
    return b != NULL && b->stop_latched;
}

static const char *blocked_why(const struct ui *ui, const struct fleet *f, const struct approval *a)
{
    const char *why = NULL;
    struct target t = {a->agent, a->ref};
    if (!action_offered(ui, f, ACT_APPROVE, t, &why) ||
        !fleet_answer_offered(f, a->ref, VERB_APPROVE, &why)) {
        return why;
    }
    if (is_stopped(f, a)) {
        return "a fleet stop is in force";
    }
    if (a->action.n == 0) {
        return "the text of the call is not there";
    }
    if (ui->approve.asking == NULL && ask_form(f, a->ref).question_count > 0) {
        return "its questions cannot be answered from here";
    }
    if (!ui->approve.payload.whole) {
        return "it is too large to be shown whole";
    }
    return approve_digest_valid(fleet_span(f, a->digest)) ? NULL : "it has no valid digest";
}

struct event_row approve_scope(const struct ui *ui, const struct fleet *f)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_approval_list(f, ui->approve.approval, F_SCOPES, &count);
    return ui->approve.scope < count ? rows[ui->approve.scope]
                                     : (struct event_row){
                                           {SPAN("once"), SPAN_NONE}
    };
}

/* What a scope writes down holds for good. */
static bool is_lasting(struct event_row scope)
{
    return scope.cell[2].n > 0;
}

bool approve_is_lasting(const struct ui *ui, const struct fleet *f)
{
    return is_lasting(approve_scope(ui, f));
}

bool approve_is_strict(const struct ui *ui, const struct fleet *f)
{
    const struct approval *a = fleet_approval(f, ui->approve.approval);
    return a == NULL || approve_is_high(a) || approve_is_lasting(ui, f);
}

bool approve_can_end_turn(const struct fleet *f, uint32_t approval)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_approval_list(f, approval, F_DENIALS, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (span_is(rows[i].cell[0], "turn")) {
            return true;
        }
    }
    return false;
}

/* The next one behind the chosen one that holds for good, or that does not; the chosen one itself
 * when there is no other. */
static uint32_t scope_behind(const struct press *k, bool lasting)
{
    const struct approve *d = &k->ui->approve;
    uint32_t count = 0;
    const struct event_row *rows = fleet_approval_list(k->f, d->approval, F_SCOPES, &count);
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t at = (d->scope + i) % count;
        if (is_lasting(rows[at]) == lasting) {
            return at;
        }
    }
    return d->scope;
}

/* What it writes, and what that grants. */
static bool is_cut(const struct event_row *scope)
{
    return scope->cell[1].n + 4 > EVENT_CELL_BYTES || scope->cell[2].n + 4 > EVENT_CELL_BYTES;
}

/* Another thing is granted than was read: it is read and armed anew. */
static void next_scope(struct press *k, enum action a)
{
    struct approve *d = &k->ui->approve;
    bool lasting = a == ACT_LASTING && !approve_is_lasting(k->ui, k->f);
    uint32_t next = scope_behind(k, lasting);
    const char *why = NULL;
    if (d->answer != VERB_UNKNOWN) {
        return;
    }
    if (approve_gate(k->ui, k->f, k->now, &why) == GATE_BLOCKED) {
        notice_put(k->ui, k->now, ROLE_ERROR, "approve: %s", why);
        return;
    }
    if (next == d->scope) {
        notice_put(k->ui, k->now, ROLE_HINT, "%s",
                   a == ACT_LASTING ? "nothing is offered that holds for good"
                                    : "only this once is offered");
        return;
    }
    uint32_t count = 0;
    const struct event_row *rows = fleet_approval_list(k->f, d->approval, F_SCOPES, &count);
    if (lasting && is_cut(&rows[next])) {
        notice_put(k->ui, k->now, ROLE_ERROR, "the rule is too long to be shown whole");
        return;
    }
    bool other_text = lasting || approve_is_lasting(k->ui, k->f);
    d->scope = next;
    if (other_text) {
        approve_reload(k->ui, k->f, k->now);
    } else {
        approve_rearm(k->ui, k->now);
    }
}

int64_t approve_armed_at(const struct ui *ui, const struct fleet *f)
{
    bool high = approve_is_strict(ui, f);
    return ui->approve.quiet_us + (high ? ui->options.arm_high_us : ui->options.arm_low_us);
}

static enum gate reading_gate(const struct ui *ui, const struct fleet *f, const struct approval *a,
                              struct moment now)
{
    const struct approve *d = &ui->approve;
    bool current = d->shown && d->revision == a->revision;
    if (current && approve_is_strict(ui, f) && !payload_end_seen(&d->payload)) {
        return GATE_UNREAD;
    }
    if (!current || now.mono_us < approve_armed_at(ui, f)) {
        return GATE_ARMING;
    }
    bool unseen = d->payload.seen_count < d->payload.row_count;
    return unseen && !d->unseen_asked ? GATE_UNSEEN : GATE_READY;
}

enum gate approve_gate(const struct ui *ui, const struct fleet *f, struct moment now,
                       const char **why)
{
    const struct approve *d = &ui->approve;
    const struct approval *a = fleet_approval(f, d->approval);
    *why = NULL;
    if (d->answer != VERB_UNKNOWN) {
        return GATE_ANSWERED;
    }
    if (a == NULL) {
        return GATE_GONE;
    }
    if (!a->pending) {
        return GATE_RESOLVED;
    }
    *why = blocked_why(ui, f, a);
    if (*why != NULL) {
        return GATE_BLOCKED;
    }
    return ask_is_open(ui) ? GATE_ASKING : reading_gate(ui, f, a, now);
}

/* A call without a single plain word is known by its digest, which is on the screen too. */
static void choose_word(struct payload *p, struct span digest)
{
    if (p->word[0] == '\0' && approve_digest_valid(digest)) {
        (void)span_copy(span_sub(digest, strlen(DIGEST_PREFIX), WORD_HEX), p->word,
                        sizeof(p->word));
    }
}

static void add_rule(const struct ui *ui, const struct fleet *f, struct buf *out)
{
    struct event_row scope = approve_scope(ui, f);
    if (is_lasting(scope)) {
        buf_addstr(out, "\"WRITES\":");
        (void)tape_quote(out, scope.cell[2]);
        buf_addstr(out, ",\"GRANTS\":");
        (void)tape_quote(out, scope.cell[1]);
    }
}

/* The text of the call, behind what it comes to and what would be written for good. */
static void write_call(const struct ui *ui, const struct fleet *f, const struct approval *a,
                       struct buf *out)
{
    struct span rest = span_trim(a->action);
    buf_addch(out, '{');
    add_rule(ui, f, out);
    ask_add_terms(f, a->ref, out);
    if (out->len == 1) {
        buf_clear(out);
        buf_add(out, a->action);
        return;
    }
    if (rest.n < 2 || rest.p[0] != '{') { /* of any back-end: no object, and shown as one text */
        buf_addstr(out, ",\"call\":");
        (void)tape_quote(out, a->action);
        buf_addch(out, '}');
        return;
    }
    rest = span_trim(span_sub(rest, 1, rest.n));
    buf_addstr(out, rest.n > 0 && rest.p[0] == '}' ? "" : ",");
    buf_add(out, rest);
}

static void load_payload(struct ui *ui, const struct fleet *f, const struct approval *a)
{
    struct approve *d = &ui->approve;
    struct buf text;
    buf_init(&text, ACTION_BYTES_MAX + PAGE_BYTES);
    if (d->asking != NULL) {
        ask_write_page(ui, f, &text);
    } else {
        write_call(ui, f, a, &text);
    }
    payload_load(&d->payload, buf_span(&text), ui->options.ascii);
    d->payload.bytes = a->action.n;
    d->payload.whole = d->payload.whole && buf_status(&text) == ST_OK;
    buf_wipe(&text);
}

void approve_reload(struct ui *ui, const struct fleet *f, struct moment now)
{
    struct approve *d = &ui->approve;
    const struct approval *a = fleet_approval(f, d->approval);
    if (a == NULL) {
        return;
    }
    load_payload(ui, f, a);
    choose_word(&d->payload, fleet_span(f, a->digest));
    d->top = 0;
    d->shown = d->unseen_asked = false;
    d->quiet_us = now.mono_us;
}

static void load(struct ui *ui, const struct fleet *f, const struct approval *a, struct moment now)
{
    ui->approve.revision = a->revision;
    ui->approve.on_screen = false;
    ui->approve.scope = 0;
    if (a->pending) {
        ask_open(ui, f, a->ref);
    }
    approve_reload(ui, f, now);
    ui->approve.blocked = a->pending && blocked_why(ui, f, a) != NULL;
}

/* An answer that is still on its way, also one of an earlier look, is followed and not given again.
 */
static void follow_answer(struct ui *ui, const struct fleet *f)
{
    struct approve *d = &ui->approve;
    const struct command_track *t = fleet_command_on(f, 0, d->approval);
    if (t != NULL && (t->state == COMMAND_SENT || t->state == COMMAND_ACCEPTED)) {
        d->answer = t->verb;
        (void)span_copy(fleet_span(f, t->id), d->command, sizeof(d->command));
    }
}

void approve_look(struct press *k, uint32_t approval)
{
    struct ui *ui = k->ui;
    const struct approval *a = fleet_approval(k->f, approval);
    if (a == NULL) {
        notice_put(ui, k->now, ROLE_GONE, "the request is not known any more");
        return;
    }
    approve_close(ui);
    ui->approve = (struct approve){.open = true, .approval = approval, .decided = !a->pending};
    load(ui, k->f, a, k->now);
    if (a->pending) {
        follow_answer(ui, k->f);
    }
    k->out->kind = INTENT_FLUSH_KEYS;
}

void approve_open(struct press *k, uint32_t approval)
{
    const struct approval *a = fleet_approval(k->f, approval);
    if (a == NULL || !a->pending) {
        notice_put(k->ui, k->now, ROLE_GONE, "no request is waiting here");
        return;
    }
    approve_look(k, approval);
}

void approve_close(struct ui *ui)
{
    payload_release(&ui->approve.payload);
    ask_close(ui);
    ui->approve = (struct approve){0};
    if (ui->prompt.kind != NULL && ui->prompt.kind->in_dialog) {
        prompt_close(ui);
    }
}

void approve_rearm(struct ui *ui, struct moment now)
{
    ui->approve.quiet_us = now.mono_us;
}

void approve_hidden(struct ui *ui)
{
    struct approve *d = &ui->approve;
    d->shown = d->unseen_asked = d->on_screen = false;
    payload_forget(&d->payload);
}

struct display approve_display(const struct ui *ui, const struct fleet *f, uint32_t approval,
                               struct moment now)
{
    const struct approve *d = &ui->approve;
    const struct approval *a = fleet_approval(f, approval);
    if (!d->open || d->approval != approval || !d->on_screen || a == NULL ||
        a->revision != d->revision) {
        return (struct display){.shown = false};
    }
    return (struct display){.shown = true,
                            .to_end = d->shown && payload_end_seen(&d->payload),
                            .cols = d->cols,
                            .rows = d->rows,
                            .ms = (now.mono_us - d->on_screen_us) / MS_US,
                            .risk = a->risk};
}

static void send(struct press *k)
{
    const struct approve *d = &k->ui->approve;
    struct buf answers;
    buf_init(&answers, FORM_ANSWERS_BYTES);
    if (d->asking != NULL && !ask_write_answers(k->ui, k->f, &answers)) {
        notice_put(k->ui, k->now, ROLE_ERROR, "the answers are too long: nothing was sent");
    } else {
        intent_approval(k, VERB_APPROVE, d->approval);
    }
    if (k->out->kind == INTENT_COMMAND && d->asking != NULL) {
        k->out->command.answers = intent_keep(k->ui, buf_span(&answers));
        ask_close(k->ui);
    }
    buf_wipe(&answers);
}

/* The last look before it leaves: also after the word was typed. */
void approve_send(struct press *k)
{
    struct approve *d = &k->ui->approve;
    const char *why;
    const struct approval *a = fleet_approval(k->f, d->approval);
    enum gate gate = approve_gate(k->ui, k->f, k->now, &why);
    bool word_typed =
        a != NULL && approve_is_strict(k->ui, k->f) && d->shown && d->revision == a->revision;
    if (gate == GATE_READY || (gate == GATE_ARMING && word_typed)) {
        send(k);
    }
}

static enum prompt_name prompt_of(const struct press *k)
{
    const struct approve *d = &k->ui->approve;
    return d->asking != NULL                 ? PROMPT_SEND
           : approve_is_lasting(k->ui, k->f) ? PROMPT_APPROVE_LASTING
           : d->scope > 0                    ? PROMPT_APPROVE_MORE
                                             : PROMPT_APPROVE;
}

static void press_approve(struct press *k)
{
    struct ui *ui = k->ui;
    struct approve *d = &ui->approve;
    const char *why;
    enum gate gate = approve_gate(ui, k->f, k->now, &why);
    uint32_t unseen = d->payload.row_count - d->payload.seen_count;
    if (gate == GATE_ASKING) {
        notice_put(ui, k->now, ROLE_HINT, "answer its questions first: Enter goes on");
    } else if (gate == GATE_UNREAD) {
        notice_put(ui, k->now, ROLE_HINT, "read to the end first: %u more lines", unseen);
    } else if (gate == GATE_UNSEEN) {
        char key[KEY_NAME_BYTES];
        action_key(ui, ACT_APPROVE, key);
        d->unseen_asked = true;
        notice_put(ui, k->now, ROLE_STRONG, "+%u lines unseen: %s again accepts", unseen, key);
    } else if (gate == GATE_BLOCKED) {
        notice_put(ui, k->now, ROLE_ERROR, "approve: %s", why);
    } else if (gate == GATE_READY && approve_is_strict(ui, k->f)) {
        prompt_open(k, prompt_of(k), ui_target(ui, k->f));
    } else if (gate == GATE_READY) {
        approve_send(k);
    }
}

static void press_deny(struct press *k, enum action a)
{
    const char *why;
    enum gate gate = approve_gate(k->ui, k->f, k->now, &why);
    if (gate != GATE_GONE && gate != GATE_ANSWERED && gate != GATE_RESOLVED) {
        action_do(k, a);
    }
}

static void scroll(struct approve *d, enum action a)
{
    int page = d->height > 1 ? d->height - 1 : 1;
    int64_t top = d->top;
    if (a == ACT_DOWN || a == ACT_UP) {
        top += a == ACT_DOWN ? 1 : -1;
    } else if (a == ACT_PAGE_DOWN || a == ACT_PAGE_UP) {
        top += a == ACT_PAGE_DOWN ? page : -page;
    } else {
        top = a == ACT_LAST ? INT32_MAX : 0;
    }
    int64_t most = (int64_t)d->payload.row_count - d->height;
    top = top > most ? most : top;
    d->top = top < 0 ? 0 : (int)top;
}

void approve_key(struct press *k, enum action a)
{
    switch ((int)a) {
    case ACT_APPROVE:
        press_approve(k);
        break;
    case ACT_DENY:
    case ACT_DENY_REASON:
    case ACT_DENY_STOP:
        press_deny(k, a);
        break;
    case ACT_SCOPE:
    case ACT_LASTING:
        next_scope(k, a);
        break;
    case ACT_BACK:
        approve_close(k->ui);
        break;
    case ACT_PAUSE:
    case ACT_COPY:
    case ACT_REDRAW:
        action_do(k, a);
        break;
    case ACT_DOWN:
    case ACT_UP:
    case ACT_FIRST:
    case ACT_LAST:
    case ACT_PAGE_DOWN:
    case ACT_PAGE_UP:
        scroll(&k->ui->approve, a);
        break;
    default:
        break;
    }
}

static void drop_word(struct ui *ui)
{
    if (ui->prompt.kind != NULL && ui->prompt.kind->in_dialog) {
        prompt_close(ui);
    }
}

/* What was pressed while it could not be approved was not pressed at what can be. */
static void look_for_block(struct ui *ui, const struct fleet *f, const struct approval *a,
                           struct moment now)
{
    bool blocked = blocked_why(ui, f, a) != NULL;
    if (ui->approve.blocked && !blocked) {
        approve_rearm(ui, now);
    }
    ui->approve.blocked = blocked;
}

void approve_sync(struct ui *ui, const struct fleet *f, struct moment now)
{
    struct approve *d = &ui->approve;
    const struct approval *a = d->open ? fleet_approval(f, d->approval) : NULL;
    if (!d->open) {
        return;
    }
    if (a == NULL || !a->pending) {
        drop_word(ui);
        return;
    }
    if (a->revision != d->revision && d->answer == VERB_UNKNOWN) {
        load(ui, f, a, now);
        d->changed = true;
        drop_word(ui);
        notice_put(ui, now, ROLE_ALARM, "the request has changed: read it again");
    }
    look_for_block(ui, f, a, now);
}
