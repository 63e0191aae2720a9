/* What each action does, from wherever it comes: a key or the command line. */
#include "frame_priv.h"

uint32_t agent_first_request(const struct fleet *f, uint32_t agent)
{
    const struct agent *a = fleet_agent(f, agent);
    uint32_t count = a != NULL && a->pending > 0 ? fleet_pending_count(f) : 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct approval *request = fleet_pending_at(f, i);
        if (request->agent == agent) {
            return request->ref;
        }
    }
    return 0;
}

static struct target target_of_view(const struct ui *ui, const struct fleet *f)
{
    enum pane_id id = ui_pane(ui);
    const struct pane *p = pane_table[id];
    struct target t = {0, 0};
    uint32_t selected = list_selected(&ui->list[id]);
    if (p->target != NULL && selected != 0) {
        t = p->target(ui, f, selected);
    }
    if (ui->view == VIEW_AGENT && t.agent == 0) {
        t.agent = ui->subject;
    }
    return t;
}

struct target ui_target(const struct ui *ui, const struct fleet *f)
{
    struct target t = {0, 0};
    if (ui->approve.open) {
        const struct approval *request = fleet_approval(f, ui->approve.approval);
        t.approval = request == NULL ? 0 : request->ref;
        t.agent = request == NULL ? 0 : request->agent;
    } else {
        t = target_of_view(ui, f);
    }
    if (t.approval == 0 && t.agent != 0) {
        t.approval = agent_first_request(f, t.agent);
    }
    return t;
}

/* ---- moving */
static void scroll(struct press *k, int64_t by)
{
    struct list *l = ui_list(k->ui);
    if (pane_table[ui_pane(k->ui)]->columns != NULL) {
        list_move(l, by);
        return;
    }
    int64_t top = l->top + by;
    l->top = top < 0 ? 0 : top > INT32_MAX ? INT32_MAX : (int)top; /* drawing knows the end */
}

static void act_move(struct press *k, enum action a)
{
    struct list *l = ui_list(k->ui);
    int64_t page = l->height > 1 ? l->height - 1 : 1;
    int64_t by = 0;
    if (a == ACT_DOWN || a == ACT_UP) {
        by = a == ACT_DOWN ? 1 : -1;
    } else if (a == ACT_PAGE_DOWN || a == ACT_PAGE_UP) {
        by = a == ACT_PAGE_DOWN ? page : -page;
    } else {
        by = a == ACT_LAST ? INT32_MAX : -INT32_MAX;
    }
    if (list_selected(l) == 0 && l->count > 0 && (a == ACT_FIRST || a == ACT_LAST)) {
        list_move_to(l, a == ACT_LAST ? l->count - 1 : 0);
        return;
    }
    scroll(k, by);
}

static void act_open(struct press *k, enum action a)
{
    (void)a;
    const struct pane *p = pane_table[ui_pane(k->ui)];
    uint32_t selected = list_selected(ui_list(k->ui));
    if (p->open != NULL && (selected != 0 || p->columns == NULL)) {
        p->open(k, selected);
    }
}

static void clear_filter(struct press *k)
{
    ui_list(k->ui)->filter[0] = '\0';
    k->ui->stale_rows = true;
}

static void act_back(struct press *k, enum action a)
{
    (void)a;
    struct ui *ui = k->ui;
    struct list *l = ui_list(ui);
    if (stop_dismiss(ui, k->f)) {
        return;
    }
    if (l->filter[0] != '\0') {
        clear_filter(k);
    } else if (ui->view == VIEW_AGENT) {
        ui_show(k, ui->back_view);
    } else if (pane_table[ui_pane(ui)]->follows && l->selected != 0) {
        l->selected = 0;
        l->top = 0;
        l->chosen_once = false;
    } else if (ui->playback.over_live && ui->view == VIEW_FLEET) {
        k->out->kind = INTENT_QUIT;
    } else {
        ui_show(k, VIEW_FLEET);
    }
}

static void turn(struct press *k, int by)
{
    struct ui *ui = k->ui;
    if (ui->view == VIEW_AGENT) {
        ui->tab = (uint32_t)((int)ui->tab + PANE_TAB_COUNT + by) % PANE_TAB_COUNT;
        ui->stale_rows = true;
        return;
    }
    ui_show(k, (enum view)(((int)ui->view + VIEW_AGENT + by) % VIEW_AGENT));
}

static void act_pane(struct press *k, enum action a)
{
    turn(k, a == ACT_NEXT_PANE ? 1 : -1);
}

static void act_view(struct press *k, enum action a)
{
    enum view v = (enum view)((int)VIEW_FLEET + (int)a - (int)ACT_FLEET);
    if (v == VIEW_TIMELINE) {
        uint32_t agent = ui_target(k->ui, k->f).agent;
        k->ui->subject = agent != 0 ? agent : k->ui->subject;
    }
    ui_show(k, v);
}

/* The longest waiting; pressed again, the next one. */
static void act_attention(struct press *k, enum action a)
{
    (void)a;
    struct ui *ui = k->ui;
    uint32_t count = fleet_pending_count(k->f);
    uint32_t next = 0;
    bool in_queue = ui->view == VIEW_QUEUE;
    if (count == 0) {
        notice_put(ui, k->now, ROLE_HINT, "nothing waits for you");
        return;
    }
    if (!in_queue && ui->view != VIEW_FLEET) {
        ui_show(k, VIEW_FLEET);
    }
    uint32_t selected = list_selected(ui_list(ui));
    for (uint32_t i = 0; i < count; i++) {
        const struct approval *request = fleet_pending_at(k->f, i);
        if (selected != 0 && selected == (in_queue ? request->ref : request->agent)) {
            next = (i + 1) % count;
        }
    }
    const struct approval *request = fleet_pending_at(k->f, next);
    if (ui_list(ui)->filter[0] != '\0') {
        clear_filter(k);
        ui_sync(ui, k->f, k->now);
    }
    list_select(ui_list(ui), in_queue ? request->ref : request->agent);
}

/* ---- orders */
static void act_approve(struct press *k, enum action a)
{
    (void)a;
    approve_open(k, ui_target(k->ui, k->f).approval);
}

static void act_deny(struct press *k, enum action a)
{
    struct target t = ui_target(k->ui, k->f);
    prompt_open(k, a == ACT_DENY ? PROMPT_DENY : PROMPT_DENY_REASON, t);
}

/* On the safe side: at once, without a question. */
static void act_deny_stop(struct press *k, enum action a)
{
    (void)a;
    uint32_t approval = ui_target(k->ui, k->f).approval;
    if (!approve_can_end_turn(k->f, approval)) {
        notice_put(k->ui, k->now, ROLE_HINT,
                   "here a denial does not end the turn: deny, then interrupt");
        return;
    }
    intent_approval(k, VERB_DENY, approval);
    if (k->out->kind == INTENT_COMMAND) {
        k->out->command.scope = SPAN("turn");
        k->out->command.digest = SPAN_NONE; /* it holds for whatever the request has become */
        k->out->command.reason = SPAN("denied by the operator, who ends the turn");
    }
}

static void act_order(struct press *k, enum action a)
{
    intent_agent(k, action_verb(a), ui_target(k->ui, k->f).agent);
}

static void act_resume(struct press *k, enum action a)
{
    (void)a;
    confirm_open(k, ui_target(k->ui, k->f).agent);
}

static void act_stop(struct press *k, enum action a)
{
    prompt_open(k, a == ACT_STOP ? PROMPT_STOP : PROMPT_KILL, ui_target(k->ui, k->f));
}

static void act_message(struct press *k, enum action a)
{
    prompt_open(k, a == ACT_MESSAGE ? PROMPT_MESSAGE : PROMPT_BUDGET, ui_target(k->ui, k->f));
}

/* Ref of the credential of the selected row, 0: it is of another thing. */
static uint32_t selected_credential(const struct ui *ui, const struct fleet *f)
{
    enum pane_id id = ui_pane(ui);
    return id == PANE_CREDENTIALS ? list_selected(&ui->list[id])
           : id == PANE_MAY       ? may_credential(ui, f)
                                  : 0;
}

/* The one that is selected, or those of the agent that is. */
static void act_revoke(struct press *k, enum action a)
{
    (void)a;
    uint32_t agent = ui_target(k->ui, k->f).agent;
    uint32_t credential = selected_credential(k->ui, k->f);
    if (credential != 0) {
        revoke_open_one(k, credential);
    } else if (agent != 0 && ui_pane(k->ui) != PANE_CREDENTIALS) {
        revoke_open_agent(k, agent);
    } else {
        notice_put(k->ui, k->now, ROLE_HINT, "revoke: select an agent or a credential first");
    }
}

/* As the rows stand, which the filter narrows: of one upstream, of one holder, or all. */
static void act_revoke_listed(struct press *k, enum action a)
{
    (void)a;
    if (ui_pane(k->ui) == PANE_CREDENTIALS) {
        revoke_open_listed(k, ui_list(k->ui));
    } else {
        notice_put(k->ui, k->now, ROLE_HINT, "revoke-listed: 7 lists the credentials");
    }
}

/* Holding and choking are immediate, letting go is asked. */
static void act_hold(struct press *k, enum action a)
{
    enum credential_state wanted = a == ACT_HOLD    ? CREDENTIAL_HELD
                                   : a == ACT_CHOKE ? CREDENTIAL_CHOKED
                                                    : CREDENTIAL_ACTIVE;
    const struct credential *c = fleet_credential(k->f, selected_credential(k->ui, k->f));
    const char *why = "select a credential first: 7 lists them";
    if (c == NULL || !fleet_credential_offered(k->f, c, wanted, &why)) {
        notice_put(k->ui, k->now, ROLE_HINT, "%s: %s", action_info(a)->name, why);
    } else if (wanted == CREDENTIAL_ACTIVE) {
        confirm_release(k, c->ref);
    } else {
        intent_credential(k, VERB_PAUSE, c);
        k->out->command.scope = wanted == CREDENTIAL_CHOKED ? SPAN("choke") : SPAN_NONE;
        k->ui->sent_word = action_info(a)->name;
    }
}

static void act_fleet_stop(struct press *k, enum action a)
{
    (void)a;
    struct ui *ui = k->ui;
    ui->stop.chord = true;
    ui->stop.chord_us = k->now.mono_us;
}

static void act_reset_stop(struct press *k, enum action a)
{
    (void)a;
    struct fleet_totals t;
    fleet_totals(k->f, &t);
    if (!t.stop_latched && !t.stop_unanswered) {
        notice_put(k->ui, k->now, ROLE_HINT, "no fleet stop is in force");
        return;
    }
    prompt_open(k, PROMPT_RESET, (struct target){0, 0});
}

/* ---- the list */
static void act_filter(struct press *k, enum action a)
{
    (void)a;
    prompt_open(k, PROMPT_FILTER, (struct target){0, 0});
}

/* The rows are searched as the filter would: through the pane's own building, with the filter put
 * in. */
static void act_match(struct press *k, enum action a)
{
    struct ui *ui = k->ui;
    struct list *l = ui_list(ui);
    if (ui->search[0] == '\0' || l->count == 0) {
        notice_put(ui, k->now, ROLE_HINT, "search with / first");
        return;
    }
    if (l->filter[0] != '\0') {
        list_move(l, a == ACT_NEXT_MATCH ? 1 : -1);
        return;
    }
    const struct pane *p = pane_table[ui_pane(ui)];
    for (uint32_t step = 1; step <= l->count; step++) {
        uint32_t row = (l->at + (a == ACT_NEXT_MATCH ? step : l->count - step)) % l->count;
        struct span text[SEARCH_TEXTS];
        size_t count = p->texts(ui, k->f, l->rows[row].id, text);
        if (filter_passes(ui->search, text, count)) {
            list_move_to(l, row);
            return;
        }
    }
    notice_put(ui, k->now, ROLE_HINT, "no row has it");
}

static void act_sort(struct press *k, enum action a)
{
    (void)a;
    const struct pane *p = pane_table[ui_pane(k->ui)];
    struct list *l = ui_list(k->ui);
    if (p->sort_count > 1) {
        l->sort = (l->sort + 1) % p->sort_count;
        k->ui->stale_rows = true;
    }
}

static void act_wide(struct press *k, enum action a)
{
    if (a == ACT_WIDE) {
        k->ui->wide = !k->ui->wide;
    } else {
        k->ui->tree = !k->ui->tree;
    }
    k->ui->stale_rows = true;
}

/* ---- the rest */
static void act_freeze(struct press *k, enum action a)
{
    (void)a;
    k->ui->frozen = true;
    k->ui->picture.w = 0;
}

static void act_command(struct press *k, enum action a)
{
    (void)a;
    prompt_open(k, PROMPT_COMMAND, ui_target(k->ui, k->f));
}

static void act_help(struct press *k, enum action a)
{
    (void)a;
    k->ui->help = (struct help){.open = true};
}

static void act_copy(struct press *k, enum action a)
{
    (void)a;
    enum pane_id id = ui_pane(k->ui);
    struct target t = ui_target(k->ui, k->f);
    const struct approval *request = fleet_approval(k->f, t.approval);
    const struct agent *agent = fleet_agent(k->f, t.agent);
    struct span text = SPAN_NONE;
    if (pane_table[id]->copy != NULL && !k->ui->approve.open) {
        text = pane_table[id]->copy(k->ui, k->f, list_selected(&k->ui->list[id]));
    } else if (request != NULL && (k->ui->approve.open || k->ui->view == VIEW_QUEUE)) {
        text = fleet_span(k->f, request->id);
    } else if (agent != NULL) {
        text = fleet_span(k->f, agent->id);
    }
    if (text.n > 0) {
        k->out->kind = INTENT_COPY;
        k->out->text = intent_keep(k->ui, text);
        notice_put(k->ui, k->now, ROLE_HINT, "copied: %.*s", SPAN_ARG(k->out->text));
    }
}

static void act_application(struct press *k, enum action a)
{
    k->out->kind = a == ACT_QUIT ? INTENT_QUIT : a == ACT_REDRAW ? INTENT_REDRAW : INTENT_RECONNECT;
}

static void act_why(struct press *k, enum action a)
{
    (void)a;
    why_open(k);
}

static void act_who(struct press *k, enum action a)
{
    (void)a;
    char text[NOTICE_BYTES];
    view_others(k->f, text, sizeof(text));
    ui_notice(k->ui, text[0] != '\0' ? span_str(text) : SPAN("nobody else is watching"), ROLE_HINT,
              k->now);
}

/* ---- replay */
static void act_at(struct press *k, enum action a)
{
    prompt_open(k, a == ACT_AT ? PROMPT_AT : PROMPT_FIND, (struct target){0, 0});
}

static void act_replay(struct press *k, enum action a)
{
    k->out->kind = INTENT_REPLAY;
    k->out->action = a;
    k->out->tenths = k->key >= '0' && k->key <= '9' ? (int)(k->key - '0') : 0;
}

typedef void act_fn(struct press *k, enum action a);
static act_fn *const acts[ACTION_COUNT] = {
    [ACT_DOWN] = act_move,
    [ACT_UP] = act_move,
    [ACT_FIRST] = act_move,
    [ACT_LAST] = act_move,
    [ACT_PAGE_DOWN] = act_move,
    [ACT_PAGE_UP] = act_move,
    [ACT_OPEN] = act_open,
    [ACT_BACK] = act_back,
    [ACT_NEXT_PANE] = act_pane,
    [ACT_PREV_PANE] = act_pane,
    [ACT_FLEET] = act_view,
    [ACT_QUEUE] = act_view,
    [ACT_LOG] = act_view,
    [ACT_TIMELINE] = act_view,
    [ACT_SPEND] = act_view,
    [ACT_ALARMS] = act_view,
    [ACT_CREDENTIALS] = act_view,
    [ACT_ATTENTION] = act_attention,
    [ACT_APPROVE] = act_approve,
    [ACT_DENY] = act_deny,
    [ACT_DENY_REASON] = act_deny,
    [ACT_DENY_STOP] = act_deny_stop,
    [ACT_PAUSE] = act_order,
    [ACT_RESUME] = act_resume,
    [ACT_INTERRUPT] = act_order,
    [ACT_STOP] = act_stop,
    [ACT_FREEZE_AGENT] = act_order,
    [ACT_TIGHTEN] = act_order,
    [ACT_KILL] = act_stop,
    [ACT_REVOKE] = act_revoke,
    [ACT_REVOKE_LISTED] = act_revoke_listed,
    [ACT_HOLD] = act_hold,
    [ACT_CHOKE] = act_hold,
    [ACT_RELEASE] = act_hold,
    [ACT_MESSAGE] = act_message,
    [ACT_BUDGET] = act_message,
    [ACT_FLEET_STOP] = act_fleet_stop,
    [ACT_RESET_STOP] = act_reset_stop,
    [ACT_FILTER] = act_filter,
    [ACT_NEXT_MATCH] = act_match,
    [ACT_PREV_MATCH] = act_match,
    [ACT_SORT] = act_sort,
    [ACT_WIDE] = act_wide,
    [ACT_TREE] = act_wide,
    [ACT_FREEZE] = act_freeze,
    [ACT_COMMAND] = act_command,
    [ACT_HELP] = act_help,
    [ACT_COPY] = act_copy,
    [ACT_RECONNECT] = act_application,
    [ACT_REDRAW] = act_application,
    [ACT_WHO] = act_who,
    [ACT_WHY] = act_why,
    [ACT_AT] = act_at,
    [ACT_PLAY] = act_replay,
    [ACT_STEP] = act_replay,
    [ACT_STEP_BACK] = act_replay,
    [ACT_NEXT_DECISION] = act_replay,
    [ACT_PREV_DECISION] = act_replay,
    [ACT_NEXT_FAULT] = act_replay,
    [ACT_PREV_FAULT] = act_replay,
    [ACT_FASTER] = act_replay,
    [ACT_SLOWER] = act_replay,
    [ACT_JUMP] = act_replay,
    [ACT_NEXT_SESSION] = act_replay,
    [ACT_PREV_SESSION] = act_replay,
    [ACT_FIND] = act_at,
    [ACT_FIND_NEXT] = act_replay,
    [ACT_FIND_PREV] = act_replay,
    [ACT_QUIT] = act_application,
};

/* A selection that the console made by itself may be another than the one that the finger was meant
 * for. */
static bool is_settled(const struct press *k, enum action a)
{
    const struct list *l = ui_list(k->ui);
    bool on_row = (action_info(a)->flags & (ACTION_NEEDS_AGENT | ACTION_NEEDS_APPROVAL)) != 0 ||
                  a == ACT_REVOKE || a == ACT_HOLD || a == ACT_CHOKE || a == ACT_RELEASE;
    return !on_row || k->ui->approve.open || !l->by_itself ||
           k->now.mono_us - l->by_itself_us >= SETTLE_US;
}

void action_do(struct press *k, enum action a)
{
    const char *why = NULL;
    if (!action_offered(k->ui, k->f, a, ui_target(k->ui, k->f), &why)) {
        notice_put(k->ui, k->now, ROLE_HINT, "%s: %s", action_info(a)->name, why);
    } else if (!is_settled(k, a)) {
        notice_put(k->ui, k->now, ROLE_HINT, "%s: this row has just appeared; look again",
                   action_info(a)->name);
    } else {
        acts[a](k, a);
    }
}
