/* The agent view's first tab: who it is, what holds it, what it does, what it asks, and its latest.
 */
#include "agent_columns_priv.h"
#include "entry_columns_priv.h"
#include "task_words_priv.h"

#define LABEL_COLS 9
#define SAY_COLS   400

static void say_part(struct words *w, const char *before, sid id, const char *behind)
{
    if (id != 0) {
        words_own(w, before);
        words_sid(w, id, SAY_COLS);
        words_own(w, behind);
    }
}

static void identity(struct frame *fr, struct sheet *s, const struct agent *a)
{
    struct words w = words_of(fr);
    words_sid(&w, a->id, SAY_COLS);
    say_part(&w, " · instance ", a->instance, "");
    say_part(&w, " · session ", a->session, "");
    words_own(&w, a->demo ? " · demo agent" : "");
    words_own(&w, a->registered ? "" : " · never introduced itself");
    sheet_line(s, "identity", ROLE_TEXT, words_end(&w));
}

/* Seen twice, it is one: what one of the two can do, the other may not. */
static void also(struct frame *fr, struct sheet *s, const struct agent *a)
{
    const struct agent *other = fleet_agent_twin(fr->f, a);
    const struct backend *b = other == NULL ? NULL : fleet_backend(fr->f, other->backend);
    struct words w = words_of(fr);
    if (b != NULL) {
        words_own(&w, "the same thread is also ");
        words_sid(&w, other->id, SAY_COLS);
        words_own(&w, " on back-end ");
        words_sid(&w, b->name, SAY_COLS);
        sheet_line(s, "twice", ROLE_STRONG, words_end(&w));
    }
}

static void lineage(struct frame *fr, struct sheet *s, const struct agent *a)
{
    struct words w = words_of(fr);
    uint32_t count = 0;
    const struct event_row *rows = fleet_agent_list(fr->f, a->ref, F_DELEGATION, &count);
    say_part(&w, "", a->traits->on_behalf_of, "");
    say_part(&w, w.count > 0 ? ", owner " : "owner ", a->traits->owner, "");
    say_part(&w, w.count > 0 ? ", built by " : "built by ", a->traits->builder, "");
    say_part(&w, w.count > 0 ? ", started by " : "started by ", a->parent_id, "");
    for (uint32_t i = 0; i < count && i < 3; i++) {
        words_own(&w, w.count == 0 ? "" : i == 0 ? "; " : ", ");
        words_foreign(&w, rows[i].cell[0], SAY_COLS);
        words_own(&w, " → ");
        words_foreign(&w, rows[i].cell[1], SAY_COLS);
    }
    if (w.count == 0) {
        words_own(&w, "nobody is named");
    }
    sheet_line(s, "for", ROLE_TEXT, words_end(&w));
}

static void runs(struct frame *fr, struct sheet *s, const struct agent *a)
{
    struct words w = words_of(fr);
    say_part(&w, "", a->traits->runtime, "");
    say_part(&w, " ", a->traits->runtime_version, "");
    say_part(&w, ", ", a->traits->model, "");
    say_part(&w, " of ", a->traits->provider, "");
    say_part(&w, " · on ", a->traits->host, "");
    say_part(&w, a->traits->host != 0 ? ":" : " · in ", a->cwd, "");
    say_part(&w, " · branch ", a->traits->vcs_branch, "");
    say_part(&w, " at ", a->traits->vcs_revision, "");
    if (a->pid > 0) {
        words_fmt(&w, " pid %d", a->pid);
    }
    say_part(&w, " · region ", a->traits->region, "");
    say_part(&w, " · data stays in ", a->traits->boundary, "");
    sheet_line(s, "runs", ROLE_TEXT, words_end(&w));
}

static void permissions(struct frame *fr, struct sheet *s, const struct agent *a)
{
    struct words w = words_of(fr);
    uint32_t grants = 0;
    uint32_t credentials = 0;
    uint32_t limits = 0;
    (void)fleet_agent_list(fr->f, a->ref, F_GRANTS, &grants);
    (void)fleet_agent_list(fr->f, a->ref, F_CREDENTIALS, &credentials);
    (void)fleet_agent_list(fr->f, a->ref, F_GATE_LIMITS, &limits);
    say_part(&w, "", a->traits->permission_mode, " · ");
    say_part(&w, "sandbox ", a->traits->permission_sandbox, " · ");
    say_part(&w, "network ", a->traits->permission_network, " · ");
    words_fmt(&w, "%u grants, %u credentials", grants, credentials);
    if (limits > 0) {
        words_fmt(&w, ", %u ways around the gate", limits);
    }
    sheet_line(s, "may", ROLE_TEXT, words_end(&w));
}

static void reins(struct frame *fr, struct sheet *s, const struct agent *a)
{
    struct words w = words_of(fr);
    uint32_t count = 0;
    const struct event_row *rows = fleet_agent_list(fr->f, a->ref, F_REINS, &count);
    for (uint32_t i = 0; i < count; i++) {
        words_own(&w, i == 0 ? "" : "   ");
        words_foreign(&w, rows[i].cell[0], SAY_COLS);
    }
    if (count == 0) {
        words_own(&w, "none: it can only be watched");
    }
    sheet_line(s, "reins", count == 0 ? ROLE_ALARM : ROLE_TEXT, words_end(&w));
}

/* With its helpers, whose spend is in no sum of its own. */
static void cost_of_tree(struct frame *fr, struct words *w, const struct agent *a)
{
    struct tree_spend t = fleet_tree_spend(fr->f, a->ref);
    int64_t tokens = 0;
    if (t.agents < 2) {
        return;
    }
    if (__builtin_add_overflow(t.tokens_in, t.tokens_out, &tokens)) {
        tokens = INT64_MAX;
    }
    words_fmt(w, " · with %u helper%s: ", t.agents - 1, t.agents == 2 ? "" : "s");
    if (t.cost_microusd == 0) {
        words_own(w, t.unpriced ? "unpriced" : "-");
    } else {
        words_own(w, t.cost_estimated ? "~" : "");
        words_safe(w, frame_money(fr, t.cost_microusd));
        words_own(w, t.unpriced ? "+" : "");
    }
    words_own(w, ", ");
    words_safe(w, frame_quantity(fr, tokens));
    words_own(w, " tokens");
    if (t.untold > 0) {
        words_fmt(w, " (of %u not known)", t.untold);
    }
}

static void cost(struct frame *fr, struct sheet *s, const struct agent *a)
{
    struct words w = words_of(fr);
    words_safe(&w, agent_cost(fr, a));
    if (a->traits->budget_limit > 0) {
        words_own(&w, " · ");
        words_safe(&w, frame_money(fr, a->budget_used));
        words_own(&w, " of ");
        words_safe(&w, frame_money(fr, a->traits->budget_limit));
        words_own(&w, a->traits->bound_microusd > 0 ? ", in part not told" : "");
    }
    words_own(&w, " · ");
    if (agent_told_tokens(a)) {
        words_safe(&w, frame_quantity(fr, agent_tokens(a)));
        words_own(&w, " tokens");
    } else {
        words_own(&w, "tokens not known");
    }
    cost_of_tree(fr, &w, a);
    sheet_line(s, "spend", agent_over_budget(a) ? ROLE_SPEND_OVER : ROLE_SPEND, words_end(&w));
}

static void doing(struct frame *fr, struct sheet *s, const struct agent *a)
{
    struct symbol symbol = symbol_of_agent(fr, a);
    struct words w = words_of(fr);
    words_own(&w, symbol.word);
    words_own(&w, " since ");
    words_safe(
        &w, frame_age_long(fr, agent_is_stale(fr, a) ? a->last_event_us : agent_since(fr->f, a)));
    say_part(&w, ": ", a->state_reason, "");
    sheet_line(s, "state", symbol.role, words_end(&w));
    tasks_lines(fr, s, a);
    if (a->now != 0) {
        struct words now = words_of(fr);
        say_part(&now, "", a->now_tool, "  ");
        words_sid(&now, a->now, SAY_COLS);
        sheet_line(s, a->now_running ? "now" : "last", ROLE_TEXT, words_end(&now));
    }
}

static void one_request(struct frame *fr, struct sheet *s, const struct approval *a)
{
    struct words w = words_of(fr);
    words_own(&w, "? ");
    words_own(&w, symbol_of_risk(a->risk).word);
    words_own(&w, "  ");
    words_safe(&w, approval_deadline(fr, a));
    words_own(&w, "  ");
    say_part(&w, "", a->tool, "  ");
    words_safe(&w, approval_what(fr, a, SAY_COLS));
    sheet_line(s, "asks", ROLE_APPROVAL, words_end(&w));
    if (a->agent_words != 0) {
        struct words said = words_of(fr);
        words_own(&said, "it says: ");
        words_sid(&said, a->agent_words, 2 * SAY_COLS);
        sheet_line(s, "", ROLE_TEXT, words_end(&said));
    }
}

static void requests(struct frame *fr, struct sheet *s, const struct agent *a)
{
    uint32_t count = a->pending > 0 ? fleet_pending_count(fr->f) : 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct approval *request = fleet_pending_at(fr->f, i);
        if (request->agent == a->ref) {
            one_request(fr, s, request);
        }
    }
}

static void one_entry(struct frame *fr, struct sheet *s, const struct log_entry *e,
                      const char *label)
{
    struct symbol symbol = symbol_of_entry(e);
    struct words w = words_of(fr);
    struct row row = {.id = e->number};
    words_safe(&w, frame_clock(fr, e->time_us));
    words_fmt(&w, "  %s %-10s ", symbol.mark, symbol.word);
    struct safe subject = entry_subject(fr, &row, SAY_COLS).text;
    words_safe(&w, subject);
    words_own(&w, subject.cols != 0 ? "  " : "");
    words_safe(&w, entry_text(fr, e, SAY_COLS));
    struct safe line = words_end(&w);
    int cols = s->area.w - s->label_cols - 2;
    sheet_line(s, label, symbol.role,
               text_ellipsis(fr->arena, line, cols > 1 ? (uint32_t)cols : 1, "…"));
}

#define LATEST 64

static void latest(struct frame *fr, struct sheet *s, const struct agent *a)
{
    uint32_t number = fleet_log_of_agent(fr->f, a->ref);
    const char *label = "latest";
    sheet_gap(s);
    for (int i = 0; i < LATEST && number != 0; i++) {
        const struct log_entry *e = fleet_log_entry(fr->f, number);
        if (e != NULL) {
            size_t mark = frame_mark(fr);
            one_entry(fr, s, e, label);
            frame_back(fr, mark);
        }
        label = "";
        number = fleet_log_older(fr->f, number);
    }
}

static void fill(struct sheet *s, const struct agent *a)
{
    struct frame *fr = s->fr;
    doing(fr, s, a);
    requests(fr, s, a);
    sheet_gap(s);
    identity(fr, s, a);
    also(fr, s, a);
    lineage(fr, s, a);
    runs(fr, s, a);
    permissions(fr, s, a);
    reins(fr, s, a);
    cost(fr, s, a);
    latest(fr, s, a);
}

static void draw(struct frame *fr, struct rect area)
{
    sheet_draw(fr, area, LABEL_COLS, &fr->ui->list[PANE_NOW], fill);
}

static void open_request(struct press *k, uint32_t id)
{
    (void)id;
    uint32_t request = agent_first_request(k->f, k->ui->subject);
    if (request != 0) {
        approve_open(k, request);
    }
}

static const enum action keys[] = {
    ACT_APPROVE,   ACT_DENY, ACT_PAUSE,   ACT_BUDGET,       ACT_RESUME, ACT_INTERRUPT, ACT_STOP,
    ACT_NEXT_PANE, ACT_BACK, ACT_MESSAGE, ACT_FREEZE_AGENT, ACT_KILL,   ACTION_COUNT,
};

const struct pane pane_now = {
    .title = "now",
    .keys = keys,
    .empty = "",
    .open = open_request,
    .draw = draw,
};
