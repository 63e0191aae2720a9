/* The sheet of a revocation: what is held, what would go with it, and what has come of it. */
#include "frame_priv.h"

#define LABEL_COLS  7
#define NAME_COLS   32
#define SAY_COLS    300
#define HOLDER_COLS 16
#define SHORT_COLS  9

static void say_one(struct words *w, const struct credential *c, int cols)
{
    words_sid(w, c->kind, NAME_COLS);
    words_own(w, w->count > 0 ? " " : "");
    words_safe(w, credential_short(w->fr, c, SHORT_COLS));
    if (c->issuer != 0) {
        words_own(w, " of ");
        words_sid(w, c->issuer, NAME_COLS);
    }
    words_own(w, ": ");
    words_safe(w, credential_scopes(w->fr, c, cols));
}

/* ---- picking */
static void draw_choice(struct frame *fr, struct rect line, const struct revoke_item *item,
                        enum role role)
{
    const struct credential *c = fleet_credential(fr->f, item->ref);
    size_t mark = frame_mark(fr);
    struct words w = words_of(fr);
    struct span why = SPAN_NONE;
    if (c == NULL) {
        words_own(&w, "    it is gone from the picture");
    } else {
        bool can = fleet_credential_revocable(fr->f, c, &why);
        struct symbol s = credential_symbol(fr, c);
        words_own(&w, item->picked ? "[x] " : can ? "[ ] " : " -  ");
        words_fmt(&w, "%s %s  ", s.mark, s.word);
        say_one(&w, c, SAY_COLS);
        if (fr->ui->revoke.listed || c->agent != fr->ui->revoke.agent) {
            words_own(&w, "  held by ");
            words_safe(&w, credential_holder(fr, c, NAME_COLS));
        }
        if (c->used_us > 0) {
            words_own(&w, "  used ");
            words_safe(&w, frame_age_short(fr, c->used_us));
            words_own(&w, " ago");
        }
        words_own(&w, can ? "" : "  NOT: ");
        words_foreign(&w, why, SAY_COLS);
    }
    canvas_field(fr->c, line.x + 2, line.y, line.w - 3, role, words_end(&w));
    frame_back(fr, mark);
}

static void draw_picking(struct frame *fr, struct rect area)
{
    struct revoke *r = &fr->ui->revoke;
    int rows = area.h - (r->more > 0);
    int top = (int)r->at < rows ? 0 : (int)r->at - rows + 1;
    for (int i = 0; i < rows && (uint32_t)(top + i) < r->count; i++) {
        struct rect line = {area.x, area.y + i, area.w, 1};
        uint32_t n = (uint32_t)(top + i);
        draw_choice(fr, line, &r->item[n], n == r->at ? ROLE_STRONG : ROLE_TEXT);
        if (n == r->at) {
            canvas_put(fr->c, line.x, line.y, ROLE_SELECTED, text_own("▸"));
            canvas_mark(fr->c, line, ROLE_SELECTED, 0);
        }
    }
    if (r->more > 0) {
        canvas_put(fr->c, area.x + 2, area.y + rows, ROLE_DIM,
                   text_fmt(fr->arena, "and %u more: see the view of credentials", r->more));
    }
}

/* ---- the question */
/* Who loses what: holder in front, then the credential and what it was good for. */
static void ask_loss(struct sheet *s, const struct credential *c)
{
    struct frame *fr = s->fr;
    struct words w = words_of(fr);
    struct rect saved = canvas_clip(fr->c, s->area);
    struct safe holder = credential_holder(fr, c, HOLDER_COLS - 1);
    canvas_field(fr->c, s->area.x + LABEL_COLS + SHEET_GAP, s->y, HOLDER_COLS - 1, ROLE_STRONG,
                 holder);
    canvas_unclip(fr->c, saved);
    say_one(&w, c, SAY_COLS);
    const struct credential *parent =
        fleet_credential_by_id(fr->f, c->backend, fleet_span(fr->f, c->parent));
    if (parent != NULL) {
        words_own(&w, " · comes of ");
        words_safe(&w, credential_short(fr, parent, SHORT_COLS));
    }
    if (c->used_us > 0) {
        words_own(&w, " · used ");
        words_safe(&w, frame_age_short(fr, c->used_us));
        words_own(&w, " ago");
    }
    s->label_cols = LABEL_COLS + HOLDER_COLS;
    sheet_line(s, "", ROLE_TEXT, words_end(&w));
    s->label_cols = LABEL_COLS;
}

static void ask_losses(struct frame *fr, struct sheet *s)
{
    const struct credential_reach *r = &fr->ui->revoke.reach;
    struct words w = words_of(fr);
    words_fmt(&w, "%u that %s picked", r->credentials, r->credentials == 1 ? "is" : "are");
    if (r->derived > 0) {
        words_fmt(&w, ", and %u other%s that come%s of %s", r->derived, r->derived == 1 ? "" : "s",
                  r->derived == 1 ? "s" : "", r->credentials == 1 ? "it" : "these");
    }
    sheet_line(s, "ends", ROLE_STRONG, words_end(&w));
    for (uint32_t i = 0; i < r->losses && i < CREDENTIAL_REACH_LOSSES; i++) {
        const struct credential *c = fleet_credential(fr->f, r->loss[i]);
        if (c != NULL) {
            ask_loss(s, c);
        }
    }
    if (r->losses > CREDENTIAL_REACH_LOSSES) {
        sheet_line(s, "", ROLE_STRONG,
                   text_fmt(fr->arena, "and %u more", r->losses - CREDENTIAL_REACH_LOSSES));
    }
}

static void ask_agents(struct frame *fr, struct sheet *s)
{
    const struct credential_reach *r = &fr->ui->revoke.reach;
    struct words w = words_of(fr);
    words_fmt(&w, "%u agent%s", r->agents, r->agents == 1 ? "" : "s");
    if (r->agents > r->holders) {
        words_fmt(&w, " (%u hold%s one, %u started by these)", r->holders,
                  r->holders == 1 ? "s" : "", r->agents - r->holders);
    }
    for (uint32_t i = 0; i < r->agents && i < CREDENTIAL_REACH_AGENTS; i++) {
        words_own(&w, i == 0 ? ": " : ", ");
        words_safe(&w, agent_title(fr, fleet_agent(fr->f, r->agent[i]), NAME_COLS));
    }
    words_own(&w, r->agents > CREDENTIAL_REACH_AGENTS ? ", ..." : "");
    sheet_line(s, "agents", ROLE_STRONG, words_end(&w));
}

struct kinds { /* of those picked */
    uint32_t leases, others;
};

static struct kinds kinds_of(const struct frame *fr)
{
    const struct revoke *r = &fr->ui->revoke;
    struct kinds k = {0, 0};
    for (uint32_t i = 0; i < r->count; i++) {
        const struct credential *c = fleet_credential(fr->f, r->item[i].ref);
        bool lease = c != NULL && span_is(fleet_span(fr->f, c->kind), "lease");
        k.leases += r->item[i].picked && lease;
        k.others += r->item[i].picked && !lease;
    }
    return k;
}

static void ask_effects(struct frame *fr, struct sheet *s)
{
    const struct credential_reach *r = &fr->ui->revoke.reach;
    struct kinds k = kinds_of(fr);
    if (k.leases > 0) {
        sheet_line(s, "then", ROLE_TEXT,
                   text_own("running streams are cut; what waits, and every later call under a "
                            "lease, is refused"));
    }
    if (k.others > 0) {
        sheet_line(
            s, k.leases > 0 ? "" : "then", ROLE_TEXT,
            text_own("what is no lease ends at its issuer: what runs under it already may go "
                     "on there"));
    }
    if (r->siblings > 0) {
        sheet_line(s, "stays", ROLE_TEXT,
                   text_fmt(fr->arena, "%u other%s of the same parent: in force as before",
                            r->siblings, r->siblings == 1 ? "" : "s"));
    }
    if (r->kept > 0) {
        sheet_line(s, r->siblings > 0 ? "" : "stays", ROLE_TEXT,
                   text_fmt(fr->arena, "%u other%s that these agents hold: in force as before",
                            r->kept, r->kept == 1 ? "" : "s"));
    }
    sheet_line(s, "undo", ROLE_STRONG,
               text_own("none: what is revoked stays so, another must be issued"));
    sheet_line(s, "proof", ROLE_TEXT,
               text_own("it is not called revoked before the back-end has confirmed it"));
}

static void ask_left_out(struct frame *fr, struct sheet *s)
{
    const struct revoke *r = &fr->ui->revoke;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct credential *c = fleet_credential(fr->f, r->item[i].ref);
        struct span why = SPAN_NONE;
        if (c != NULL && !r->item[i].picked && !fleet_credential_revocable(fr->f, c, &why)) {
            struct words w = words_of(fr);
            words_safe(&w, credential_short(fr, c, SHORT_COLS));
            words_own(&w, ": ");
            words_foreign(&w, why, SAY_COLS);
            sheet_line(s, "not", ROLE_DIM, words_end(&w));
        }
    }
}

static void fill_question(struct frame *fr, struct sheet *s)
{
    ask_losses(fr, s);
    ask_agents(fr, s);
    ask_effects(fr, s);
    ask_left_out(fr, s);
}

/* ---- sheets: twice, because only then it is known how far they can be scrolled */
typedef void fill_fn(struct frame *fr, struct sheet *s);

static int fill_from(struct frame *fr, struct rect area, int top, fill_fn *fill)
{
    struct sheet s = {.fr = fr, .area = area, .y = area.y - top, .label_cols = LABEL_COLS};
    size_t mark = frame_mark(fr);
    fill(fr, &s);
    frame_back(fr, mark);
    return s.y + top - area.y;
}

/* True when its end is on the screen. */
static bool draw_sheet(struct frame *fr, struct rect area, fill_fn *fill)
{
    struct revoke *r = &fr->ui->revoke;
    struct rect inner = {area.x + 1, area.y, area.w - 2, area.h};
    int lines = fill_from(fr, (struct rect){inner.x, inner.y, inner.w, 0}, 0, fill);
    int most = lines > area.h ? lines - area.h : 0;
    r->height = area.h;
    r->top = r->top > most ? most : r->top;
    (void)fill_from(fr, inner, r->top, fill);
    return r->top == most;
}

static void draw_question(struct frame *fr, struct rect area)
{
    struct revoke *r = &fr->ui->revoke;
    char key[KEY_NAME_BYTES];
    struct rect last = {area.x + 1, area.y + area.h - 1, area.w - 2, 1};
    r->read |= draw_sheet(fr, (struct rect){area.x, area.y, area.w, area.h - 1}, fill_question);
    action_key(fr->ui, ACT_REVOKE, key);
    if (!r->read) {
        canvas_field(fr->c, last.x, last.y, last.w, ROLE_DIM,
                     text_own("read to the end first: there is more below"));
    } else if (revoke_armed(fr->ui, fr->now)) {
        canvas_field(fr->c, last.x, last.y, last.w, ROLE_KEY,
                     text_fmt(fr->arena, "%s again revokes %s", key,
                              r->reach.credentials == 1 ? "it" : "them"));
    } else {
        canvas_field(fr->c, last.x, last.y, last.w, ROLE_DIM, text_own("armed in a moment"));
        frame_change_mono(fr, r->quiet_us + fr->ui->options.arm_high_us);
    }
}

/* ---- what has come of it */
static struct field outcome_of(struct frame *fr, const struct revoke_item *item)
{
    const struct command_track *t = fleet_command_by_id(fr->f, span_str(item->command));
    struct words w = words_of(fr);
    if (item->failed[0] != '\0') {
        words_own(&w, "not sent: ");
        words_foreign(&w, span_str(item->failed), SAY_COLS);
        return (struct field){words_end(&w), ROLE_ERROR};
    }
    if (item->command[0] == '\0' || t == NULL) {
        return (struct field){text_own(item->command[0] == '\0' ? "to be sent" : "requested"),
                              ROLE_TEXT};
    }
    say_revocation(&w, t, SAY_COLS);
    return (struct field){words_end(&w), symbol_of_command(t->state).role};
}

static void fill_outcomes(struct frame *fr, struct sheet *s)
{
    const struct revoke *r = &fr->ui->revoke;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct credential *c = fleet_credential(fr->f, r->item[i].ref);
        if (!r->item[i].picked) {
            continue;
        }
        struct words w = words_of(fr);
        words_own(&w, c == NULL ? "gone from the picture" : credential_symbol(fr, c).word);
        words_own(&w, "  ");
        if (c != NULL) {
            say_one(&w, c, SAY_COLS);
        }
        struct field outcome = outcome_of(fr, &r->item[i]);
        sheet_line(s, "now", ROLE_STRONG, words_end(&w));
        sheet_line(s, "revoke", outcome.role, outcome.text);
    }
}

/* ---- the sheet */
static struct safe title_of(struct frame *fr)
{
    const struct revoke *r = &fr->ui->revoke;
    struct words w = words_of(fr);
    if (r->stage == REVOKE_PICK && r->listed) {
        words_fmt(&w, "revoke: %u that are listed", r->count);
    } else if (r->stage == REVOKE_PICK) {
        words_own(&w, "revoke: what ");
        words_foreign(&w, agent_name(fr->f, r->agent), NAME_COLS);
        words_own(&w, " holds");
    } else if (r->stage == REVOKE_ASK) {
        words_fmt(&w, "revoke %u credential%s?", r->reach.credentials,
                  r->reach.credentials == 1 ? "" : "s");
    } else {
        words_own(&w, "revoke");
    }
    return words_end(&w);
}

void revoke_draw(struct frame *fr, struct rect area)
{
    static const char *const hints[] = {
        [REVOKE_PICK] = "space picks, a all, Enter goes on",
        [REVOKE_ASK] = "Esc leaves it",
        [REVOKE_SENT] = "Esc back; the orders go on",
    };
    enum revoke_stage stage = fr->ui->revoke.stage;
    struct rect rest = {area.x, area.y + 1, area.w, area.h - 1};
    struct rect saved = canvas_clip(fr->c, area);
    canvas_fill(fr->c, area, ROLE_TEXT, ' ');
    rule_draw(fr, (struct rect){area.x, area.y, area.w, 1}, ROLE_TITLE, title_of(fr),
              text_own(hints[stage]));
    if (stage == REVOKE_PICK) {
        draw_picking(fr, rest);
    } else if (stage == REVOKE_ASK) {
        draw_question(fr, rest);
    } else {
        (void)draw_sheet(fr, rest, fill_outcomes);
    }
    canvas_unclip(fr->c, saved);
}
