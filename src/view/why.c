/* Why it happened: from a call to who decided it and on what, back to what was asked, what the
 * agent may, who sent it, and for which task. Only what was told is said, and what was not is said
 * too.
 */
#include "agent_columns_priv.h"

#define LABEL_COLS 8
#define SAY_COLS   400
#define CALL_COLS  160 /* the request shows all of it */
#define MS_US      1000
#define ROWS_SHOWN 12 /* of a list of the agent's */

/* ---- what it is about */

/* The newest call of an agent that the log still has. */
static uint32_t newest_call(const struct fleet *f, uint32_t agent)
{
    uint32_t number = fleet_log_of_agent(f, agent);
    const struct log_entry *e;
    while ((e = fleet_log_entry(f, number)) != NULL && e->action == 0) {
        number = fleet_log_older(f, number);
    }
    return number;
}

static uint32_t row_or_first(const struct list *l)
{
    uint32_t selected = list_selected(l);
    return selected != 0 || l->count == 0 ? selected : l->rows[0].id;
}

void why_open(struct press *k)
{
    struct ui *ui = k->ui;
    enum pane_id id = ui_pane(ui);
    uint32_t row = row_or_first(&ui->list[id]);
    struct why_sheet w = {.open = true};
    if (id == PANE_LOG || id == PANE_TIMELINE || id == PANE_HISTORY || id == PANE_ALARMS) {
        w.entry = row;
    } else if (id == PANE_QUEUE) {
        w.approval = row;
    } else {
        w.entry = newest_call(k->f, ui_target(ui, k->f).agent);
    }
    if (w.entry == 0 && w.approval == 0) {
        notice_put(ui, k->now, ROLE_HINT, "no call is selected, or none is known of it");
        return;
    }
    ui->why = w;
}

static struct fleet_chain chain_of(const struct frame *fr)
{
    const struct why_sheet *w = &fr->ui->why;
    return w->approval != 0 ? fleet_chain_of_approval(fr->f, w->approval)
                            : fleet_chain_of_entry(fr->f, w->entry);
}

/* ---- what is said */

struct story {
    struct frame *fr;
    struct sheet *s;
    struct fleet_chain c;
    const struct log_entry *judged, *asked, *decided, *started, *finished;
    const struct approval *a;
    const struct agent *agent;
};

static struct story story_of(struct frame *fr, struct sheet *s)
{
    struct story st = {.fr = fr, .s = s, .c = chain_of(fr)};
    st.judged = fleet_log_entry(fr->f, st.c.judged);
    st.asked = fleet_log_entry(fr->f, st.c.asked);
    st.decided = fleet_log_entry(fr->f, st.c.decided);
    st.started = fleet_log_entry(fr->f, st.c.started);
    st.finished = fleet_log_entry(fr->f, st.c.finished);
    st.a = fleet_approval(fr->f, st.c.approval);
    st.agent = fleet_agent(fr->f, st.c.agent);
    return st;
}

static void say(struct words *w, const char *before, sid id, const char *behind)
{
    if (id != 0) {
        words_own(w, before);
        words_sid(w, id, SAY_COLS);
        words_own(w, behind);
    }
}

static void line(const struct story *st, const char *label, enum role role, struct words *w)
{
    sheet_line(st->s, label, role, words_end(w));
}

static void say_short(struct words *w, sid id)
{
    words_safe(w, text_ellipsis(w->fr->arena, frame_say_sid(w->fr, id, CALL_COLS), CALL_COLS, "…"));
}

/* Of the entries that there are, the one that says most of it. */
static void say_call(const struct story *st)
{
    const struct log_entry *of = st->started    ? st->started
                                 : st->asked    ? st->asked
                                 : st->decided  ? st->decided
                                 : st->finished ? st->finished
                                                : st->judged;
    struct words w = words_of(st->fr);
    if (st->a != NULL) {
        say(&w, "", st->a->tool, ": ");
        say_short(&w, st->a->summary);
    } else if (of != NULL) {
        say(&w, "", of->subject, ": ");
        say_short(&w, of->text);
    } else {
        words_own(&w, "this line of the log is about no call");
    }
    line(st, "call", ROLE_STRONG, &w);
    if (st->c.action != 0) {
        sheet_line(st->s, "", ROLE_DIM, frame_say_sid(st->fr, st->c.action, SAY_COLS));
    }
}

static bool did_not_run(const struct log_entry *end)
{
    return end != NULL && (end->detail == OUTCOME_DENIED || end->detail == OUTCOME_CANCELLED);
}

static void say_run(const struct story *st)
{
    struct words w = words_of(st->fr);
    const struct log_entry *end = st->finished;
    enum role role = ROLE_TEXT;
    if (st->started != NULL) {
        words_own(&w, "started ");
        words_safe(&w, frame_clock_ms(st->fr, st->started->time_us));
    } else {
        words_own(&w, did_not_run(end) ? "it did not run" : "no start of it is known here");
    }
    if (end != NULL) {
        struct symbol symbol = symbol_of_entry(end);
        words_own(&w, ", ");
        words_own(&w, outcome_name((enum outcome)end->detail));
        words_own(&w, " ");
        words_safe(&w, frame_clock_ms(st->fr, end->time_us));
        if (end->duration_ms >= 0) {
            words_own(&w, ", took ");
            words_safe(&w, frame_took(st->fr, end->duration_ms));
        }
        say(&w, ": ", end->text, "");
        role = symbol.role;
    }
    line(st, "ran", role, &w);
}

static void say_who(const struct story *st, struct words *w)
{
    const struct log_entry *d = st->decided;
    if (d->type == EVENT_POLICY_DECIDED) {
        words_own(w, d->detail == VERDICT_ALLOW ? "allowed by rule \"" : "denied by rule \"");
        words_sid(w, d->who, SAY_COLS);
        words_own(w, "\"");
        return;
    }
    words_own(w, symbol_of_decision((enum decision)d->detail).word);
    if (d->who != 0) {
        say(w, " by ", d->who, "");
    } else {
        words_own(w, ", by whom is not told");
    }
    if (st->a != NULL) {
        request_say_display(w, st->a);
    }
}

static void say_decision(const struct story *st)
{
    const struct log_entry *d = st->decided;
    struct words w = words_of(st->fr);
    if (d == NULL) {
        bool waits = st->a != NULL && st->a->pending;
        words_own(&w, waits         ? "nobody yet: it waits"
                      : st->started ? "nobody, as far as is known here: it ran without a decision"
                                    : "nobody, as far as is known here");
        line(st, "decided", st->started && !waits ? ROLE_ALARM : ROLE_TEXT, &w);
        return;
    }
    say_who(st, &w);
    line(st, "decided", symbol_of_entry(d).role, &w);
    struct words when = words_of(st->fr);
    words_safe(&when, frame_clock_ms(st->fr, d->time_us));
    int64_t asked_us = st->a != NULL       ? st->a->requested_us
                       : st->asked != NULL ? st->asked->time_us
                                           : 0;
    if (asked_us != 0) {
        words_own(&when, ", ");
        words_safe(&when, frame_took(st->fr, (d->time_us - asked_us) / MS_US));
        words_own(&when, " after it was asked");
    }
    say(&when, ": ", d->reason, "");
    line(st, "", ROLE_TEXT, &when);
}

static bool say_other(struct words *w, const char *what, sid other, sid decided)
{
    if (other == 0 || other == decided) {
        return false;
    }
    words_own(w, what);
    words_sid(w, other, SAY_COLS);
    return true;
}

/* What was asked, what was decided and what started must be one. */
static void say_digest(const struct story *st)
{
    sid asked = st->a != NULL ? st->a->digest : 0;
    sid decided = st->decided != NULL ? st->decided->digest : asked;
    sid started = st->started != NULL ? st->started->digest : 0;
    struct words w = words_of(st->fr);
    if (decided == 0) {
        return;
    }
    words_sid(&w, decided, SAY_COLS);
    bool other = say_other(&w, " · what was asked is ANOTHER: ", asked, decided);
    other |= say_other(&w, " · what started is ANOTHER: ", started, decided);
    line(st, "digest", other ? ROLE_ALARM : ROLE_DIM, &w);
}

static void say_request(const struct story *st)
{
    struct words w = words_of(st->fr);
    sid rule = st->a != NULL ? st->a->rule : st->asked != NULL ? st->asked->who : 0;
    sid reason = st->a != NULL ? st->a->reason : st->asked != NULL ? st->asked->reason : 0;
    if (st->a == NULL && st->asked == NULL) {
        return;
    }
    words_own(&w, rule != 0 ? "rule \"" : "no rule is named");
    say(&w, "", rule, "\"");
    say(&w, ": ", reason, "");
    say(&w, " · rules ", st->a != NULL ? st->a->policy_version : 0, "");
    line(st, "asked by", ROLE_TEXT, &w);
    struct words more = words_of(st->fr);
    words_safe(&more,
               frame_clock_ms(st->fr, st->a != NULL ? st->a->requested_us : st->asked->time_us));
    if (st->a != NULL) {
        words_own(&more, ", ");
        words_own(&more, symbol_of_risk(st->a->risk).word);
        words_own(&more, st->a->reversible ? " risk" : " risk, NOT reversible");
    }
    line(st, "", ROLE_TEXT, &more);
    if (st->a != NULL && st->a->agent_words != 0) {
        struct words says = words_of(st->fr);
        words_own(&says, "the agent: \"");
        words_sid(&says, st->a->agent_words, SAY_COLS);
        words_own(&says, "\"");
        line(st, "says", ROLE_TEXT, &says);
    }
}

static void say_rows(const struct story *st, const char *label, enum event_field field,
                     const char *between)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_agent_list(st->fr->f, st->agent->ref, field, &count);
    for (uint32_t i = 0; i < count && i < ROWS_SHOWN; i++) {
        struct words w = words_of(st->fr);
        for (int c = 0; c < 3; c++) {
            if (rows[i].cell[c].n > 0) {
                words_own(&w, w.count == 0 ? "" : c == 1 ? between : " · ");
                words_foreign(&w, rows[i].cell[c], SAY_COLS);
            }
        }
        line(st, i == 0 ? label : "", ROLE_TEXT, &w);
    }
    if (count > ROWS_SHOWN) {
        struct words w = words_of(st->fr);
        words_fmt(&w, "and %u more", count - ROWS_SHOWN);
        line(st, "", ROLE_HINT, &w);
    }
}

static void say_rights(const struct story *st)
{
    const struct agent_traits *t = st->agent->traits;
    struct words w = words_of(st->fr);
    say(&w, "mode ", t->permission_mode, "");
    say(&w, w.count > 0 ? " · sandbox " : "sandbox ", t->permission_sandbox, "");
    say(&w, w.count > 0 ? " · network " : "network ", t->permission_network, "");
    if (w.count == 0) {
        words_own(&w, "it has named no mode");
    }
    line(st, "may", ROLE_TEXT, &w);
    say_rows(st, "grant", F_GRANTS, ": ");
}

static void say_lineage(const struct story *st)
{
    const struct agent *a = st->agent;
    const struct agent *parent = fleet_agent(st->fr->f, a->parent);
    struct words w = words_of(st->fr);
    words_safe(&w, agent_title(st->fr, a, SAY_COLS));
    say(&w, " for ", a->traits->on_behalf_of, "");
    say(&w, ", owner ", a->traits->owner, "");
    if (parent != NULL) {
        words_own(&w, ", started by ");
        words_safe(&w, agent_title(st->fr, parent, SAY_COLS));
    } else {
        say(&w, ", started by ", a->parent_id, "");
    }
    line(st, "agent", ROLE_TEXT, &w);
    say_rows(st, "sent by", F_DELEGATION, " → ");
    struct words task = words_of(st->fr);
    say(&task, "", a->task_title, "");
    say(&task, task.count > 0 ? " · " : "", a->task_id, "");
    say(&task, task.count > 0 ? " · session " : "session ", a->session, "");
    if (task.count == 0) {
        words_own(&task, "none is named");
    }
    line(st, "task", ROLE_TEXT, &task);
}

static void fill(struct frame *fr, struct sheet *s)
{
    struct story st = story_of(fr, s);
    size_t mark = frame_mark(fr);
    if (st.agent == NULL && st.a == NULL && st.c.action == 0) {
        sheet_line(s, "", ROLE_GONE,
                   text_own("it is not in the picture: not yet, or not any more"));
        return;
    }
    say_call(&st);
    say_run(&st);
    say_decision(&st);
    say_digest(&st);
    say_request(&st);
    sheet_gap(s);
    if (st.agent != NULL) {
        say_rights(&st);
        say_lineage(&st);
    } else {
        sheet_line(s, "agent", ROLE_GONE, text_own("gone from the picture"));
    }
    frame_back(fr, mark);
}

/* ---- drawing and keys */

static int fill_from(struct frame *fr, struct rect area, int top)
{
    struct sheet s = {.fr = fr, .area = area, .y = area.y - top, .label_cols = LABEL_COLS};
    fill(fr, &s);
    return s.y + top - area.y;
}

/* Twice, as a sheet is: only then it is known how far it can be scrolled. */
void why_draw(struct frame *fr, struct rect r)
{
    struct why_sheet *w = &fr->ui->why;
    struct rect inner = {r.x + 1, r.y + 1, r.w - 2, r.h - 1};
    canvas_fill(fr->c, r, ROLE_TEXT, ' ');
    rule_draw(fr, (struct rect){r.x, r.y, r.w, 1}, ROLE_TITLE, text_own("why"),
              text_own("Enter opens the request, Esc back"));
    w->lines = fill_from(fr, (struct rect){inner.x, inner.y, inner.w, 0}, 0);
    int most = w->lines > inner.h ? w->lines - inner.h : 0;
    w->height = inner.h;
    w->top = w->top > most ? most : w->top;
    (void)fill_from(fr, inner, w->top);
}

static void open_request(struct press *k)
{
    const struct why_sheet *w = &k->ui->why;
    uint32_t approval =
        w->approval != 0 ? w->approval : fleet_chain_of_entry(k->f, w->entry).approval;
    if (approval == 0) {
        notice_put(k->ui, k->now, ROLE_HINT, "nobody was asked for it");
        return;
    }
    k->ui->why.open = false;
    approve_look(k, approval);
}

static void scroll(struct why_sheet *w, enum action a)
{
    int page = w->height > 1 ? w->height - 1 : 1;
    int64_t top = w->top;
    top += a == ACT_DOWN        ? 1
           : a == ACT_UP        ? -1
           : a == ACT_PAGE_DOWN ? page
           : a == ACT_PAGE_UP   ? -page
           : a == ACT_LAST      ? INT32_MAX
                                : -top;
    w->top = top < 0 ? 0 : top > INT32_MAX ? INT32_MAX : (int)top; /* drawing knows the end */
}

/* Nothing that is ordered here would be of the row behind it. */
void why_key(struct press *k, enum action a)
{
    switch ((int)a) {
    case ACT_DOWN:
    case ACT_UP:
    case ACT_PAGE_DOWN:
    case ACT_PAGE_UP:
    case ACT_FIRST:
    case ACT_LAST:
        scroll(&k->ui->why, a);
        return;
    case ACT_OPEN:
        open_request(k);
        return;
    case ACT_BACK:
    case ACT_WHY:
        k->ui->why.open = false;
        return;
    default:
        break;
    }
    unsigned flags = action_info(a)->flags;
    if ((flags & ACTION_LIVE_ONLY) != 0) {
        notice_put(k->ui, k->now, ROLE_HINT, "%s: not from here, Esc leads back",
                   action_info(a)->name);
        return;
    }
    bool stays = (flags & ACTION_REPLAY_ONLY) != 0 || a == ACT_HELP || a == ACT_REDRAW ||
                 a == ACT_FREEZE || a == ACT_COMMAND || a == ACT_QUIT || a == ACT_AT;
    k->ui->why.open = stays;
    action_do(k, a);
}
