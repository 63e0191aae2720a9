/* What agents hold: all credentials that are known, those first that somebody should look at. */
#include "frame_priv.h"

#define SOON_US     (INT64_C(3600) * SECOND_US)
#define CLASS_SHIFT 58 /* above any time in microseconds */
#define LABEL_COLS  7
#define DETAIL_ROWS 8
#define TABLE_ROWS  6 /* of the table at least */
#define SAY_COLS    400

enum order { ORDER_ATTENTION, ORDER_USED, ORDER_ENDS, ORDER_USES };
static const char *const orders[] = {"attention", "last used", "end", "uses"};

/* ---- rows */
enum rank { /* in this order */
            ATTENTION_UNPROVED,
            ATTENTION_ASKED,
            ATTENTION_SOON,
            ATTENTION_BOUND,
            ATTENTION_IRREVOCABLE,
            ATTENTION_IN_FORCE,
            ATTENTION_LOST,
            ATTENTION_OVER
};

static bool is_open(enum command_state s)
{
    return s == COMMAND_UNKNOWN || s == COMMAND_SENT || s == COMMAND_ACCEPTED;
}

static enum rank attention_of(const struct fleet *f, const struct credential *c, int64_t wall_us)
{
    const struct command_track *t = credential_order(f, c);
    if (t != NULL && t->state != COMMAND_CONFIRMED) {
        return is_open(t->state) ? ATTENTION_ASKED : ATTENTION_UNPROVED;
    }
    if (credential_is_over(f, c, wall_us)) {
        return ATTENTION_OVER;
    }
    if (c->expires_us > 0 && c->expires_us - wall_us < SOON_US) {
        return ATTENTION_SOON;
    }
    enum credential_state s = fleet_credential_in_force(f, c);
    if (s == CREDENTIAL_HELD || s == CREDENTIAL_CHOKED) {
        return ATTENTION_BOUND;
    }
    if (c->lost) {
        return ATTENTION_LOST;
    }
    return fleet_credential_revocable(f, c, NULL) ? ATTENTION_IN_FORCE : ATTENTION_IRREVOCABLE;
}

static int64_t key_of(const struct ui *ui, const struct fleet *f, const struct credential *c,
                      uint32_t order)
{
    switch ((enum order)order) {
    case ORDER_USED:
        return -c->used_us;
    case ORDER_ENDS:
        return c->expires_us > 0 ? c->expires_us : INT64_MAX;
    case ORDER_USES:
        return -c->uses;
    case ORDER_ATTENTION:
    default:
        return ((int64_t)attention_of(f, c, ui->wall_us) << CLASS_SHIFT) - c->used_us;
    }
}

static size_t texts(const struct ui *ui, const struct fleet *f, uint32_t id,
                    struct span out[SEARCH_TEXTS])
{
    const struct credential *c = fleet_credential(f, id);
    size_t count = 0;
    if (c != NULL) {
        bool expired = c->expires_us > 0 && c->expires_us <= ui->wall_us;
        out[count++] = fleet_span(f, c->id);
        out[count++] = fleet_span(f, c->kind);
        out[count++] = fleet_span(f, c->issuer);
        out[count++] = fleet_span(f, c->scopes);
        out[count++] =
            fleet_agent(f, c->agent) != NULL ? agent_name(f, c->agent) : fleet_span(f, c->holder);
        out[count++] = fleet_span(f, c->reason);
        out[count++] = span_str(credential_state_name(fleet_credential_in_force(f, c)));
        out[count++] = expired ? SPAN("expired") : fleet_span(f, c->revocable);
    }
    return count;
}

static void build(struct ui *ui, const struct fleet *f, struct list *l)
{
    for (uint32_t i = 0; i < fleet_credential_count(f); i++) {
        const struct credential *c = fleet_credential_at(f, i);
        list_offer(l, ui, f, texts, (struct row){.id = c->ref, .key = key_of(ui, f, c, l->sort)});
    }
    list_sort(l);
}

static struct target target(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    const struct credential *c = fleet_credential(f, id);
    (void)ui;
    return (struct target){.agent = c != NULL && fleet_agent(f, c->agent) ? c->agent : 0};
}

static struct span copy(const struct ui *ui, const struct fleet *f, uint32_t id)
{
    const struct credential *c = fleet_credential(f, id);
    (void)ui;
    return c == NULL ? SPAN_NONE : fleet_span(f, c->id);
}

/* Its holder, at what that one may. */
static void open_holder(struct press *k, uint32_t id)
{
    uint32_t agent = target(k->ui, k->f, id).agent;
    if (agent == 0) {
        notice_put(k->ui, k->now, ROLE_HINT, "its holder is not known, or gone");
        return;
    }
    ui_open_agent(k, agent);
    k->ui->tab = PANE_MAY - PANE_TAB_FIRST;
    k->ui->stale_rows = true;
}

static uint8_t look(struct frame *fr, const struct row *row)
{
    const struct credential *c = fleet_credential(fr->f, row->id);
    return c == NULL || credential_is_over(fr->f, c, fr->now.wall_us) ? CELL_DIM : 0;
}

/* ---- cells; rows are of this fleet, so that there is always such a credential */
static struct field cell_state(struct frame *fr, const struct row *row, int cols)
{
    const struct credential *c = fleet_credential(fr->f, row->id);
    struct symbol s = credential_symbol(fr, c);
    bool own = fleet_credential_in_force(fr->f, c) == c->state;
    (void)cols;
    return (struct field){text_fmt(fr->arena, "%s %s%s", s.mark, s.word, own ? "" : " above"),
                          s.role};
}

static struct field cell_kind(struct frame *fr, const struct row *row, int cols)
{
    const struct credential *c = fleet_credential(fr->f, row->id);
    return (struct field){frame_say_sid(fr, c->kind, cols), ROLE_TEXT};
}

static struct field cell_id(struct frame *fr, const struct row *row, int cols)
{
    return (struct field){credential_short(fr, fleet_credential(fr->f, row->id), cols),
                          ROLE_STRONG};
}

static struct field cell_issuer(struct frame *fr, const struct row *row, int cols)
{
    const struct credential *c = fleet_credential(fr->f, row->id);
    return (struct field){frame_say_sid(fr, c->issuer, cols), ROLE_TEXT};
}

static struct field cell_scopes(struct frame *fr, const struct row *row, int cols)
{
    return (struct field){credential_scopes(fr, fleet_credential(fr->f, row->id), cols), ROLE_TEXT};
}

static struct field cell_holder(struct frame *fr, const struct row *row, int cols)
{
    return (struct field){credential_holder(fr, fleet_credential(fr->f, row->id), cols), ROLE_TEXT};
}

static struct field cell_used(struct frame *fr, const struct row *row, int cols)
{
    const struct credential *c = fleet_credential(fr->f, row->id);
    (void)cols;
    return (struct field){c->used_us > 0 ? frame_age_short(fr, c->used_us) : text_own("-"),
                          ROLE_TEXT};
}

static struct field cell_uses(struct frame *fr, const struct row *row, int cols)
{
    const struct credential *c = fleet_credential(fr->f, row->id);
    (void)cols;
    return (struct field){c->told ? frame_quantity(fr, c->uses) : text_own("-"), ROLE_TEXT};
}

static struct field cell_ends(struct frame *fr, const struct row *row, int cols)
{
    const struct credential *c = fleet_credential(fr->f, row->id);
    int64_t left_us = c->expires_us - fr->now.wall_us;
    bool soon = c->expires_us > 0 && left_us > 0 && left_us < SOON_US;
    return (struct field){credential_ends(fr, c, cols), soon ? ROLE_STRONG : ROLE_TEXT};
}

static struct field cell_proof(struct frame *fr, const struct row *row, int cols)
{
    (void)cols;
    return credential_proof(fr, fleet_credential(fr->f, row->id));
}

static const struct column columns[] = {
    {"state",  12, 15, KEEP_ALWAYS, ALIGN_LEFT,  false, cell_state },
    {"kind",   6,  10, 60,          ALIGN_LEFT,  false, cell_kind  },
    {"id",     8,  26, KEEP_ALWAYS, ALIGN_LEFT,  false, cell_id    },
    {"issuer", 9,  16, 90,          ALIGN_LEFT,  false, cell_issuer},
    {"scopes", 20, 40, 50,          ALIGN_LEFT,  false, cell_scopes},
    {"holder", 14, 22, KEEP_ALWAYS, ALIGN_LEFT,  false, cell_holder},
    {"used",   4,  4,  KEEP_ALWAYS, ALIGN_RIGHT, false, cell_used  },
    {"uses",   4,  5,  40,          ALIGN_RIGHT, false, cell_uses  },
    {"ends",   6,  8,  70,          ALIGN_LEFT,  false, cell_ends  },
    {"revoke", 12, 0,  KEEP_ALWAYS, ALIGN_LEFT,  false, cell_proof },
};

/* ---- all that is known of the selected one, below the table */
static void say_sid(struct words *w, const char *before, sid id)
{
    if (id != 0) {
        words_own(w, before);
        words_sid(w, id, SAY_COLS);
    }
}

static void detail_state(struct frame *fr, struct sheet *s, const struct credential *c)
{
    struct words w = words_of(fr);
    words_own(&w, credential_symbol(fr, c).word);
    if (c->changed_us > 0 || c->issued_us > 0) {
        words_own(&w, " since ");
        words_safe(&w, frame_clock(fr, c->changed_us > 0 ? c->changed_us : c->issued_us));
    }
    say_sid(&w, " by ", c->by);
    say_sid(&w, ": ", c->reason);
    say_sid(&w, " · comes of ", c->parent);
    words_own(&w, c->told ? "" : " · an agent names it; its back-end tells no state of it");
    sheet_line(s, "state", ROLE_TEXT, words_end(&w));
}

/* Not told is whether it waits still: its client may have gone. What changed since has let it go
 * on, or refused it. */
static void detail_wait(struct frame *fr, struct sheet *s, const struct credential *c)
{
    if (c->wait_us == 0 || c->wait_us < c->used_us || c->wait_us < c->refused_us) {
        return;
    }
    struct words w = words_of(fr);
    words_own(&w, "a call came ");
    words_safe(&w, frame_age_long(fr, c->wait_us));
    words_own(&w, " ago and was held");
    say_sid(&w, ": ", c->wait);
    bool past = c->changed_us > c->wait_us;
    sheet_line(s, past ? "waited" : "waits", past ? ROLE_TEXT : ROLE_STRONG, words_end(&w));
}

static void detail_use(struct frame *fr, struct sheet *s, const struct credential *c)
{
    struct words w = words_of(fr);
    if (c->used_us > 0) {
        words_safe(&w, frame_age_long(fr, c->used_us));
        words_own(&w, " ago by ");
        words_safe(&w, agent_title(fr, fleet_agent(fr->f, c->used_by), SAY_COLS));
        say_sid(&w, ": ", c->last_use);
    } else {
        words_own(&w, c->told ? "never seen" : "not told");
    }
    if (c->refused_us > 0) {
        words_own(&w, " · refused ");
        words_safe(&w, frame_age_long(fr, c->refused_us));
        words_own(&w, " ago");
        say_sid(&w, ": ", c->refusal);
    }
    sheet_line(s, "used", ROLE_TEXT, words_end(&w));
}

static void detail(struct frame *fr, struct sheet *s, const struct credential *c)
{
    struct words is = words_of(fr);
    words_sid(&is, c->kind, SAY_COLS);
    say_sid(&is, is.count > 0 ? " of " : "of ", c->issuer);
    words_own(&is, ", ends ");
    words_safe(&is, credential_ends(fr, c, SAY_COLS));
    sheet_line(s, "is", ROLE_STRONG, words_end(&is));
    sheet_line(s, "scopes", ROLE_TEXT, credential_scopes(fr, c, SAY_COLS));
    detail_state(fr, s, c);
    struct field proof = credential_proof(fr, c);
    sheet_line(s, "revoke", proof.role, proof.text);
    detail_wait(fr, s, c);
    detail_use(fr, s, c);
    sheet_line(s, "holder", ROLE_TEXT, credential_holder(fr, c, SAY_COLS));
}

static void draw_detail(struct frame *fr, struct rect area, const struct credential *c)
{
    struct sheet s = {
        .fr = fr,
        .area = {area.x + 1, area.y + 1, area.w - 2, area.h - 1},
        .y = area.y + 1,
        .label_cols = LABEL_COLS
    };
    size_t mark = frame_mark(fr);
    rule_draw(fr, (struct rect){area.x, area.y, area.w, 1}, ROLE_LABEL,
              frame_say_sid(fr, c->id, area.w), text_own(""));
    detail(fr, &s, c);
    frame_back(fr, mark);
}

static void draw(struct frame *fr, struct rect area)
{
    struct list *l = &fr->ui->list[PANE_CREDENTIALS];
    const struct credential *c = fleet_credential(fr->f, list_selected(l));
    int rows =
        c != NULL && area.h >= DETAIL_ROWS + TABLE_ROWS ? DETAIL_ROWS + (area.h > 30 ? 4 : 0) : 0;
    struct rect table = {area.x, area.y, area.w, area.h - rows};
    table_draw(fr, table, l, &pane_credentials);
    if (rows > 0) {
        draw_detail(fr, (struct rect){area.x, area.y + table.h, area.w, rows}, c);
    }
}

static void headline(struct frame *fr, struct words *w)
{
    uint32_t in_force = 0;
    uint32_t count = fleet_credential_count(fr->f);
    for (uint32_t i = 0; i < count; i++) {
        in_force += !credential_is_over(fr->f, fleet_credential_at(fr->f, i), fr->now.wall_us);
    }
    words_fmt(w, "by %s  %u in force of %u", orders[fr->ui->list[PANE_CREDENTIALS].sort], in_force,
              count);
}

static const enum action keys[] = {
    ACT_REVOKE,        ACT_HOLD, ACT_CHOKE, ACT_RELEASE, ACT_OPEN,     ACT_FILTER,
    ACT_REVOKE_LISTED, ACT_SORT, ACT_COPY,  ACT_BACK,    ACTION_COUNT,
};

const struct pane pane_credentials = {
    .title = "credentials",
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
    .sorts = orders,
    .sort_count = ARRAY_LEN(orders),
    .keys = keys,
    .empty = "no agent has named a credential, and none was issued",
    .texts = texts,
    .build = build,
    .target = target,
    .open = open_holder,
    .look = look,
    .headline = headline,
    .draw = draw,
    .copy = copy,
};
