/* The approval on the screen. Its frame and its reserved lines hold our own words and checked
 * digits only; foreign text stays inside, in clipped fields, and cannot look like the frame. */
#include <string.h>

#include "agent_columns_priv.h"

#define LABEL_COLS  8
#define SAY_COLS    400
#define SCOPE_COLS  24 /* of the name of a scope */
#define ROOMY_ROWS  14 /* from this height on: a line of its own for the other keys */
#define SAYS_ROWS   13
#define ROOMY_COLS  78 /* from this width on: every step of a command with its time */
#define DIGEST_AT   7  /* behind "sha256:" */
#define DIGEST_LAST 63
#define MS_US       1000

struct box {
    struct frame *fr;
    const struct approval *a;
    const struct agent *agent;
    struct rect r, inner;
    int y;
};

static void field(struct box *b, const char *label, enum role role, struct safe text)
{
    canvas_put(b->fr->c, b->inner.x, b->y, ROLE_LABEL, text_own(label));
    canvas_field(b->fr->c, b->inner.x + LABEL_COLS, b->y, b->inner.w - LABEL_COLS, role, text);
    b->y++;
}

static void say_sid_after(struct words *w, const char *before, sid id)
{
    if (id != 0) {
        words_own(w, before);
        words_sid(w, id, SAY_COLS);
    }
}

static void draw_who(struct box *b)
{
    struct words w = words_of(b->fr);
    const struct agent *a = b->agent;
    words_safe(&w, agent_title(b->fr, a, SAY_COLS));
    if (a != NULL) {
        say_sid_after(&w, " (", a->traits->runtime);
        say_sid_after(&w, " ", a->traits->runtime_version);
        say_sid_after(&w, ", ", a->traits->model);
        words_own(&w, a->traits->runtime != 0 ? ")" : "");
        say_sid_after(&w, " for ",
                      a->traits->on_behalf_of != 0 ? a->traits->on_behalf_of : a->traits->owner);
        say_sid_after(&w, ", started by ", a->parent_id);
        say_sid_after(&w, ", on ", a->traits->host);
        say_sid_after(&w, a->traits->host != 0 ? ":" : ", in ", a->cwd);
    }
    field(b, "who", ROLE_STRONG, words_end(&w));
}

static void draw_why(struct box *b)
{
    struct words w = words_of(b->fr);
    if (b->a->rule != 0) {
        words_own(&w, "rule \"");
        words_sid(&w, b->a->rule, SAY_COLS);
        words_own(&w, "\"");
    }
    say_sid_after(&w, b->a->rule != 0 ? ": " : "", b->a->reason);
    if (w.count == 0) {
        words_own(&w, "no rule or reason was given");
    }
    field(b, "why", ROLE_TEXT, words_end(&w));
}

static void draw_says(struct box *b)
{
    struct words w = words_of(b->fr);
    words_own(&w, "the agent: \"");
    words_sid(&w, b->a->agent_words, SAY_COLS);
    words_own(&w, "\"");
    field(b, "says", ROLE_TEXT, words_end(&w));
}

static void say_silence(struct words *w, const struct approval *a)
{
    static const char *const means[ON_SILENCE_COUNT] = {
        [SILENCE_UNKNOWN] = " ends it",
        [SILENCE_WAIT] = " leaves it waiting",
        [SILENCE_DENY] = " means deny",
        [SILENCE_ALLOW] = " LETS IT RUN",
    };
    if (!a->pending) {
        words_own(w, " · it waited ");
        words_safe(w, frame_took(w->fr, (a->resolved_us - a->requested_us) / MS_US));
        return;
    }
    if (a->expires_us == 0) {
        words_own(w, " · waits until it is answered");
        return;
    }
    if (a->expires_us <= w->fr->now.wall_us) {
        words_own(w, " · the deadline has passed");
        return;
    }
    words_own(w, " · no answer in ");
    words_safe(w, frame_left_long(w->fr, a->expires_us));
    words_own(w,
              means[(unsigned)a->on_silence < ON_SILENCE_COUNT ? a->on_silence : SILENCE_UNKNOWN]);
}

static bool is_once(struct event_row scope)
{
    return span_is(scope.cell[0], "once");
}

static void draw_grants(struct box *b)
{
    struct words w = words_of(b->fr);
    struct event_row scope = approve_scope(b->fr->ui, b->fr->f);
    if (b->a->only_in != 0) {
        words_own(&w, "nothing, only in ");
        words_sid(&w, b->a->only_in, SAY_COLS);
    } else if (b->fr->ui->approve.asking != NULL) {
        words_own(&w, "answers, this once");
    } else if (is_once(scope)) {
        words_own(&w, "this once");
    } else {
        words_foreign(&w, scope.cell[0], SCOPE_COLS);
        words_own(&w, ": ");
        words_foreign(&w, scope.cell[1], SAY_COLS);
    }
    if (b->a->only_in == 0) {
        words_own(&w, b->a->reversible ? " · undo not known" : " · NOT reversible");
    }
    say_silence(&w, b->a);
    if (b->a->quorum > 1) {
        words_fmt(&w, " · needs %lld people", (long long)b->a->quorum);
    }
    if (b->agent != NULL && (b->agent->cost_microusd != 0 || b->agent->traits->budget_limit > 0)) {
        words_own(&w, " · spent ");
        words_safe(&w, agent_cost(b->fr, b->agent));
        if (b->agent->traits->budget_limit > 0) {
            words_own(&w, " of ");
            words_safe(&w, frame_money(b->fr, b->agent->traits->budget_limit));
        }
    }
    field(b, "grants", approval_deadline_role(b->fr, b->a), words_end(&w));
}

static void divider(struct box *b, enum role role, struct safe left, struct safe right)
{
    struct rect line = {b->r.x, b->y, b->r.w, 1};
    if (left.cols > 0) {
        rule_draw(b->fr, line, role, left, right);
    } else {
        canvas_hline(b->fr->c, line.x, line.y, line.w, ROLE_FRAME);
        if (right.cols > 0 && (int)right.cols + 4 < line.w) {
            canvas_put(b->fr->c, line.x + line.w - (int)right.cols - 2, line.y, ROLE_LABEL, right);
        }
    }
    canvas_put(b->fr->c, b->r.x, b->y, ROLE_FRAME, text_own("├"));
    canvas_put(b->fr->c, b->r.x + b->r.w - 1, b->y, ROLE_FRAME, text_own("┤"));
    b->y++;
}

static struct safe hidden_words(struct frame *fr, const struct payload *p, uint32_t secrets)
{
    struct words w = words_of(fr);
    if (secrets > 0) {
        words_fmt(&w, "%u secret%s hidden", secrets, secrets == 1 ? "" : "s");
    }
    if (p->replaced > 0) {
        words_own(&w, w.count > 0 ? " · " : "");
        words_fmt(&w, "%u character%s replaced", p->replaced, p->replaced == 1 ? "" : "s");
    }
    if (p->foreign) {
        words_own(&w, w.count > 0 ? " · letters that look like others"
                                  : "letters that look like others");
    }
    if (p->raw) {
        words_own(&w, w.count > 0 ? " · shown as it came" : "shown as it came");
    }
    return words_end(&w);
}

static struct safe lines_words(struct frame *fr, const struct approve *d, int rows)
{
    uint32_t last = (uint32_t)(d->top + rows);
    struct words w = words_of(fr);
    words_fmt(&w, " lines %d-%u of %u", d->top + 1, last, d->payload.row_count);
    if (last < d->payload.row_count) {
        words_fmt(&w, " ▼ %u more", d->payload.row_count - last);
    }
    words_own(&w, " ");
    return words_end(&w);
}

static int clamp_top(const struct approve *d, int height)
{
    int most = (int)d->payload.row_count - height;
    int top = d->top > most ? most : d->top;
    return top < 0 ? 0 : top;
}

/* What was drawn here counts as displayed. */
static void draw_payload(struct box *b, int height)
{
    struct approve *d = &b->fr->ui->approve;
    if (d->payload.cols != b->inner.w) {
        payload_wrap(&d->payload, b->inner.w);
    }
    d->height = height;
    d->top = clamp_top(d, height);
    int shown =
        (int)d->payload.row_count - d->top < height ? (int)d->payload.row_count - d->top : height;
    divider(b, ROLE_REPLACED, hidden_words(b->fr, &d->payload, b->a->secrets),
            lines_words(b->fr, d, shown));
    int drawn = payload_draw(&d->payload, b->fr->c,
                             (struct rect){b->inner.x, b->y, b->inner.w, height}, (uint32_t)d->top);
    payload_saw(&d->payload, (uint32_t)d->top, drawn);
    if (b->a->action.n == 0) {
        canvas_put(b->fr->c, b->inner.x, b->y, ROLE_GONE,
                   text_own("the text of the call is not kept here any more"));
    }
    if (ask_is_open(b->fr->ui)) {
        ask_draw_marks(b->fr, (struct rect){b->inner.x, b->y, b->inner.w, height});
    }
    d->shown = true;
    d->on_screen_us = d->on_screen ? d->on_screen_us : b->fr->now.mono_us;
    d->on_screen = true;
    d->cols = b->fr->c->w;
    d->rows = b->fr->c->h;
    b->y += height;
}

/* ---- the line that says what `a` would do */
struct said {
    struct words w;
    enum role role;
};

static void say_scope(struct words *w)
{
    struct event_row scope = approve_scope(w->fr->ui, w->fr->f);
    if (w->fr->ui->approve.asking != NULL) {
        words_own(w, "these answers");
    } else if (approve_is_lasting(w->fr->ui, w->fr->f)) {
        words_own(w, "FOR GOOD");
    } else if (is_once(scope)) {
        words_own(w, "once");
    } else {
        words_own(w, "for the ");
        words_foreign(w, scope.cell[0], SCOPE_COLS);
    }
}

static void say_verb(struct words *w)
{
    words_own(w, w->fr->ui->approve.asking != NULL ? "send " : "approve ");
    say_scope(w);
}

static void say_armed_in(struct said *s)
{
    struct frame *fr = s->w.fr;
    int64_t left_us = approve_armed_at(fr->ui, fr->f) - fr->now.mono_us;
    int64_t left_s = (left_us + SECOND_US - 1) / SECOND_US;
    say_verb(&s->w);
    words_fmt(&s->w, ": armed in %lld s", (long long)(left_s > 0 ? left_s : 1));
    frame_change_mono(fr, approve_armed_at(fr->ui, fr->f) -
                              (left_s > 1 ? (left_s - 1) * SECOND_US : 0));
    s->role = ROLE_DIM;
}

static void say_ready(struct said *s)
{
    struct frame *fr = s->w.fr;
    const struct payload *p = &fr->ui->approve.payload;
    char key[KEY_NAME_BYTES];
    action_key(fr->ui, ACT_APPROVE, key);
    words_fmt(&s->w, "%s ", key);
    say_verb(&s->w);
    if (p->seen_count < p->row_count) {
        words_fmt(&s->w, " with %u lines unseen", p->row_count - p->seen_count);
    }
    if (approve_is_strict(fr->ui, fr->f)) {
        words_fmt(&s->w, ": then type \"%s\"",
                  approve_is_lasting(fr->ui, fr->f) ? LASTING_WORD : p->word);
    }
    s->role = ROLE_KEY;
}

static void say_life(struct said *s)
{
    struct frame *fr = s->w.fr;
    const struct approve *d = &fr->ui->approve;
    const struct command_track *t = fleet_command_by_id(fr->f, span_str(d->command));
    words_own(&s->w, verb_words(d->answer));
    words_own(&s->w, ": ");
    if (d->failed[0] != '\0') {
        words_own(&s->w, "NOT sent: ");
        words_foreign(&s->w, span_str(d->failed), SAY_COLS);
        s->role = ROLE_ERROR;
        return;
    }
    words_own(&s->w, "sent");
    if (t == NULL) {
        return;
    }
    words_own(&s->w, " ");
    words_safe(&s->w, frame_clock_ms(fr, t->sent_us));
    bool over = t->state != COMMAND_SENT && t->state != COMMAND_ACCEPTED;
    if (t->accepted_us != 0 && (fr->c->w >= ROOMY_COLS || !over)) {
        words_own(&s->w, " → accepted ");
        words_safe(&s->w, frame_clock_ms(fr, t->accepted_us));
    }
    if (over) {
        struct symbol symbol = symbol_of_command(t->state);
        words_own(&s->w, " → ");
        words_own(&s->w, symbol.word);
        words_own(&s->w, " ");
        words_safe(&s->w, frame_clock_ms(fr, t->changed_us));
        s->role = symbol.role;
    }
}

static void say_gate(struct said *s, enum gate gate, const char *why)
{
    const struct payload *p = &s->w.fr->ui->approve.payload;
    switch (gate) {
    case GATE_GONE:
        words_own(&s->w, "the request is gone: it was answered long ago");
        break;
    case GATE_ANSWERED:
        say_life(s);
        break;
    case GATE_RESOLVED:
        words_own(&s->w, "answered elsewhere; nothing was sent from here");
        s->role = ROLE_GONE;
        break;
    case GATE_BLOCKED:
        words_own(&s->w, "cannot be approved: ");
        words_foreign(&s->w, span_str(why), SAY_COLS);
        s->role = ROLE_ERROR;
        break;
    case GATE_ASKING:
        break;
    case GATE_UNREAD:
        say_verb(&s->w);
        words_fmt(&s->w, ": read to the end first, %u more lines", p->row_count - p->seen_count);
        s->role = ROLE_DIM;
        break;
    case GATE_ARMING:
        say_armed_in(s);
        break;
    case GATE_UNSEEN:
    case GATE_READY:
    default:
        say_ready(s);
        break;
    }
}

static bool is_answerable(enum gate gate)
{
    return gate != GATE_GONE && gate != GATE_ANSWERED && gate != GATE_RESOLVED;
}

static void say_decision(struct words *w, const struct approval *a)
{
    words_own(w, symbol_of_decision(a->decision).word);
    say_sid_after(w, " by ", a->decided_by);
    request_say_display(w, a);
}

static void say_after(struct words *w, const struct approval *a)
{
    if (a->outcome_text != 0) {
        words_own(w, w->count > 0 ? " · ran: " : "ran: ");
        words_sid(w, a->outcome_text, SAY_COLS);
    }
}

/* What the back-end said of an order that it took from here, beside the operator's own reason:
 * first of all, since the rest may have no room. */
static void say_of_order(struct words *w, struct box *b)
{
    const struct command_track *t =
        fleet_command_by_id(b->fr->f, span_str(b->fr->ui->approve.command));
    bool taken = t != NULL && (t->state == COMMAND_ACCEPTED || t->state == COMMAND_CONFIRMED);
    if (taken && t->reason != 0 && t->reason != b->a->decision_reason) {
        words_sid(w, t->reason, SAY_COLS);
        words_own(w, "; ");
    }
}

/* What came of it, or who was faster; empty when there is nothing to say yet. */
static struct safe outcome_words(struct box *b)
{
    struct words w = words_of(b->fr);
    if (b->a->pending) {
        return text_own("");
    }
    say_of_order(&w, b);
    say_decision(&w, b->a);
    say_sid_after(&w, ": ", b->a->decision_reason);
    say_after(&w, b->a);
    return words_end(&w);
}

/* It was decided when it was opened: by whom and on what, then why and what came of it. */
static void decided_lines(struct box *b, int rows)
{
    struct frame *fr = b->fr;
    struct words w = words_of(fr);
    struct words after = words_of(fr);
    say_decision(&w, b->a);
    words_sid(&after, b->a->decision_reason, SAY_COLS);
    say_after(&after, b->a);
    canvas_field(fr->c, b->inner.x, b->y, b->inner.w, symbol_of_decision(b->a->decision).role,
                 words_end(&w));
    if (rows > 1) {
        canvas_field(fr->c, b->inner.x, b->y + 1, b->inner.w, ROLE_TEXT, words_end(&after));
    }
}

static struct safe reason_words(struct box *b)
{
    const struct approve *d = &b->fr->ui->approve;
    const struct command_track *t = fleet_command_by_id(b->fr->f, span_str(d->command));
    struct words w = words_of(b->fr);
    if (t != NULL && t->reason != 0 && t->state != COMMAND_CONFIRMED) {
        words_sid(&w, t->reason, SAY_COLS);
    }
    return words_end(&w);
}

/* Scopes of this kind beside the first, and a denial that ends the turn, are not always offered. */
static bool is_of_use(struct frame *fr, uint32_t approval, enum action a)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_approval_list(fr->f, approval, F_SCOPES, &count);
    if (a == ACT_DENY_STOP) {
        return approve_can_end_turn(fr->f, approval);
    }
    for (uint32_t i = 1; (a == ACT_SCOPE || a == ACT_LASTING) && i < count; i++) {
        if ((rows[i].cell[2].n > 0) == (a == ACT_LASTING)) {
            return true;
        }
    }
    return a != ACT_SCOPE && a != ACT_LASTING;
}

static void draw_other_keys(struct box *b, int x, int y)
{
    struct frame *fr = b->fr;
    static const struct {
        enum action action;
        const char *word;
    } keys[] = {
        {ACT_DENY,        "deny"            },
        {ACT_DENY_REASON, "deny with reason"},
        {ACT_DENY_STOP,   "deny, end turn"  },
        {ACT_SCOPE,       "grant more"      },
        {ACT_LASTING,     "for good"        },
        {ACT_PAUSE,       "pause agent"     }
    };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char key[KEY_NAME_BYTES];
        const char *why = NULL;
        if (!is_of_use(fr, b->a->ref, keys[i].action)) {
            continue;
        }
        if (!action_offered(fr->ui, fr->f, keys[i].action, ui_target(fr->ui, fr->f), &why)) {
            continue;
        }
        action_key(fr->ui, keys[i].action, key);
        if (x + (int)(strlen(key) + 1 + strlen(keys[i].word)) > b->inner.x + b->inner.w) {
            break;
        }
        x = canvas_put(fr->c, x, y, ROLE_KEY, text_fmt(fr->arena, "%s", key)) + 1;
        x = canvas_put(fr->c, x, y, ROLE_HINT, text_own(keys[i].word)) + 3;
    }
}

static void answer_lines(struct box *b, int rows)
{
    struct frame *fr = b->fr;
    const char *why = NULL;
    enum gate gate = approve_gate(fr->ui, fr->f, fr->now, &why);
    if (fr->ui->prompt.kind != NULL) {
        prompt_draw(fr, (struct rect){b->inner.x - 1, b->y, b->inner.w + 2, 1});
        return;
    }
    if (gate == GATE_ASKING) {
        ask_draw_answer(fr, (struct rect){b->inner.x, b->y, b->inner.w, rows});
        return;
    }
    if (gate == GATE_RESOLVED && fr->ui->approve.decided) {
        decided_lines(b, rows);
        return;
    }
    struct said s = {.w = words_of(fr), .role = ROLE_STRONG};
    say_gate(&s, gate, why);
    struct safe line = words_end(&s.w);
    if (is_answerable(gate)) {
        int x = canvas_put(fr->c, b->inner.x, b->y, s.role, line) + 3;
        draw_other_keys(b, rows > 1 ? b->inner.x : x, b->y + rows - 1);
        return;
    }
    struct safe more = outcome_words(b);
    more = more.cols > 0 ? more : reason_words(b);
    if (rows > 1 || more.cols == 0) {
        canvas_field(fr->c, b->inner.x, b->y, b->inner.w, s.role, line);
    }
    canvas_field(fr->c, b->inner.x, b->y + rows - 1, b->inner.w, more.cols > 0 ? ROLE_TEXT : s.role,
                 more.cols > 0 || rows > 1 ? more : line);
}

static void draw_answer(struct box *b, int rows)
{
    struct rect lines = {b->inner.x - 1, b->y, b->inner.w + 2, rows};
    struct rect saved = canvas_clip(b->fr->c, lines);
    answer_lines(b, rows);
    canvas_unclip(b->fr->c, saved);
}

/* ---- the frame */
static void draw_top(struct box *b)
{
    struct frame *fr = b->fr;
    struct symbol risk = symbol_of_risk(b->a->risk);
    struct words title = words_of(fr);
    struct words right = words_of(fr);
    if (fr->ui->approve.asking != NULL) {
        ask_title(fr, &title);
    } else {
        words_own(&title, b->a->pending ? " approval ─ " : " decided ─ ");
    }
    words_own(&title, b->a->risk == RISK_UNKNOWN ? "risk not known"
                      : b->a->risk == RISK_HIGH  ? "high risk"
                                                 : "low risk");
    words_own(&title, fr->ui->approve.changed ? " ─ CHANGED: read it again " : " ");
    words_own(&right, " asked ");
    words_safe(&right, frame_age_long(fr, b->a->requested_us));
    words_own(&right, " ago ");
    struct safe when = words_end(&right);
    canvas_put(fr->c, b->r.x + 1, b->r.y, fr->ui->approve.changed ? ROLE_ALARM : risk.role,
               words_end(&title));
    canvas_put(fr->c, b->r.x + b->r.w - 1 - (int)when.cols, b->r.y, ROLE_LABEL, when);
}

static void draw_bottom(struct box *b)
{
    struct frame *fr = b->fr;
    const struct payload *p = &fr->ui->approve.payload;
    struct span digest = fleet_span(fr->f, b->a->digest);
    struct words w = words_of(fr);
    bool valid = approve_digest_valid(digest);
    if (valid) {
        words_fmt(&w, " sha256 %.12s…%.8s", digest.p + DIGEST_AT, digest.p + DIGEST_LAST);
    } else {
        words_own(&w, " no valid digest");
    }
    words_fmt(&w, " · %zu bytes · %u lines ", p->bytes, p->row_count);
    canvas_put(fr->c, b->r.x + 1, b->r.y + b->r.h - 1, valid ? ROLE_LABEL : ROLE_ERROR,
               words_end(&w));
    struct safe back = text_own(" Esc back ");
    if (b->r.w > 70) {
        canvas_put(fr->c, b->r.x + b->r.w - 1 - (int)back.cols, b->r.y + b->r.h - 1, ROLE_HINT,
                   back);
    }
}

static void draw_gone(struct frame *fr, struct rect r)
{
    canvas_put(fr->c, r.x + 2, r.y + 1, ROLE_GONE,
               text_own("the request is gone: it was answered long ago"));
}

void approve_draw(struct frame *fr, struct rect r)
{
    const struct approval *a = fleet_approval(fr->f, fr->ui->approve.approval);
    struct rect saved = canvas_clip(fr->c, r);
    canvas_fill(fr->c, r, ROLE_TEXT, ' ');
    canvas_box(fr->c, r, ROLE_FRAME, BOX_SINGLE);
    if (a == NULL) {
        draw_gone(fr, r);
        canvas_unclip(fr->c, saved);
        return;
    }
    struct box b = {.fr = fr, .a = a, .agent = fleet_agent(fr->f, a->agent), .r = r, .y = r.y + 1};
    b.inner = (struct rect){r.x + 2, r.y + 1, r.w - 4, r.h - 2};
    int rows = r.h >= ROOMY_ROWS ? 2 : 1;
    draw_top(&b);
    draw_who(&b);
    draw_why(&b);
    if (a->agent_words != 0 && r.h >= SAYS_ROWS) {
        draw_says(&b);
    }
    draw_grants(&b);
    draw_payload(&b, r.y + r.h - 1 - rows - 1 - (b.y + 1));
    divider(&b, ROLE_LABEL, text_own(""), text_own(""));
    draw_answer(&b, rows);
    draw_bottom(&b);
    canvas_unclip(fr->c, saved);
}
